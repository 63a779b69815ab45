"""What goes over the wire about organisations. Days of validity are half open: `valid_to` is the first day without."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from citykit.identifiers import checked, gbt2260
from citykit.pages import PageQuery
from citykit.wire import DivisionCode, Instant, Int32, Query, ShortText, Uscc, Wire
from gov_collab.days import Day
from gov_collab.organisations.domain import Clause, Role
from gov_collab.organisations.models import AppointmentRow, DepartmentRow, PostRow, ResponsibilityRow

Phone = Annotated[str, StringConstraints(pattern=r"^[+0-9][0-9 ()-]{2,30}$"), Field(examples=["0318-2690000"])]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
Scope = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*){2}$", max_length=100)]
Basis = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Area = Annotated[DivisionCode, checked(gbt2260.parse)]


class _Valid(Wire):
    """Something that holds from a day until the day before another, or without end."""

    valid_from: Day
    valid_to: Day | None = Field(default=None, description="The first day on which it no longer holds")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must lie after valid_from")
        return self


class DepartmentDraft(_Valid):
    """A department to be entered 新增单位."""

    code: Uscc
    name: ShortText
    short_name: ShortText
    parent_code: Uscc | None = None
    division_code: Area
    phone: Phone | None = None
    sort_order: Int32 = 0


class DepartmentChange(Wire):
    """What is to change of a department; what is left out stays."""

    name: ShortText | None = None
    short_name: ShortText | None = None
    phone: Phone | None = None
    sort_order: Int32 | None = None


class Closing(Wire):
    """The first day on which something no longer holds, and why."""

    on: Day
    reason: ShortText


class Department(Wire):
    """A department 部门."""

    code: str = Field(description="Unified social credit code, GB 32100")
    name: str
    short_name: str
    parent_code: str | None
    division_code: str
    phone: str | None
    sort_order: int
    valid_from: Day
    valid_to: Day | None

    @classmethod
    def of(cls, row: DepartmentRow) -> "Department":
        """The wire form of a row."""
        return cls(
            code=row.code, name=row.name, short_name=row.short_name, parent_code=row.parent_code,
            division_code=row.division_code, phone=row.phone, sort_order=row.sort_order, valid_from=row.valid_from,
            valid_to=row.valid_to,
        )  # fmt: skip


class DepartmentView(Wire):
    """A department as other services need it."""

    code: str
    name: str
    short_name: str
    division_code: str


class DepartmentFilter(PageQuery):
    """Which departments: of a division and what lies in it, below a parent, with these words in a name, on a day."""

    division: Area | None = None
    parent: Uscc | None = None
    words: ShortText | None = None
    on: Day | None = Field(default=None, description="Today where it is left out")


class PostDraft(Wire):
    """A post to be set up 新增岗位; its scopes are fixed from then on."""

    code: Code
    name: ShortText
    scopes: Annotated[list[Scope], Field(max_length=50)]


class Post(Wire):
    """A post 岗位 and the scopes that serving in it carries."""

    department_code: str
    code: str
    name: str
    scopes: list[str]

    @classmethod
    def of(cls, row: PostRow) -> "Post":
        """The wire form of a row."""
        return cls(department_code=row.department_code, code=row.code, name=row.name, scopes=list(row.scopes))


class AppointmentDraft(_Valid):
    """A person to be appointed 任职; `subject` is her account id in the city's identity provider."""

    subject: UUID
    department_code: Uscc
    post_code: Code


class Appointment(Wire):
    """A person's service in a post 任职."""

    id: UUID
    subject: UUID
    department_code: str
    post_code: str
    valid_from: Day
    valid_to: Day | None
    made_at: Instant
    ended_at: Instant | None
    end_reason: str | None

    @classmethod
    def of(cls, row: AppointmentRow) -> "Appointment":
        """The wire form of a row."""
        return cls(
            id=row.id, subject=row.subject, department_code=row.department_code, post_code=row.post_code,
            valid_from=row.valid_from, valid_to=row.valid_to, made_at=row.made_at, ended_at=row.ended_at,
            end_reason=row.end_reason,
        )  # fmt: skip


class AppointmentFilter(PageQuery):
    """Which appointments: of a department, of a person, or all; ended ones only where asked for."""

    department: Uscc | None = None
    subject: UUID | None = None
    ended: bool = False


class Ending(Wire):
    """Why an appointment ends now."""

    reason: ShortText


class ResponsibilityDraft(_Valid):
    """A clause to be published 新增权责条款."""

    matter: Code
    area: Area
    department_code: Uscc
    role: Role
    legal_basis: Basis
    priority: Annotated[Int32, Field(ge=-1000, le=1000)] = 0


class Responsibility(Wire):
    """A clause of the responsibility list 权责清单."""

    id: UUID
    matter: str
    area: str
    department_code: str
    role: Role
    legal_basis: str
    valid_from: Day
    valid_to: Day | None
    priority: int

    @classmethod
    def of(cls, row: ResponsibilityRow) -> "Responsibility":
        """The wire form of a row."""
        return cls(
            id=row.id, matter=row.matter_code, area=row.area_code, department_code=row.department_code,
            role=Role(row.role), legal_basis=row.legal_basis, valid_from=row.valid_from, valid_to=row.valid_to,
            priority=row.priority,
        )  # fmt: skip


class ResponsibilityFilter(PageQuery):
    """Which clauses: on a matter, for an area, of a department, in force on a day."""

    matter: Code | None = None
    area: Area | None = None
    department: Uscc | None = None
    on: Day | None = None


class Question(Query):
    """Who answers for `matter` at `division`, on `on` (today where it is left out)?"""

    matter: Code
    division: Area
    on: Day | None = None


class Named(Wire):
    """A department that a clause names, and the clause."""

    responsibility_id: UUID
    department_code: str
    department_name: str
    matter: str
    area: str
    legal_basis: str

    @classmethod
    def by(cls, clause: Clause, name: str) -> "Named":
        """What `clause` says, with the department's `name`."""
        return cls(
            responsibility_id=clause.id, department_code=clause.department_code, department_name=name,
            matter=clause.matter, area=clause.area, legal_basis=clause.legal_basis,
        )  # fmt: skip


class Resolution(Wire):
    """Who answers 主办, who helps 协办, who supervises 监督, each by which clause."""

    matter: str
    division: str
    on: Day
    lead: Named
    co: list[Named]
    supervise: list[Named]


class ResolutionView(Wire):
    """Who answers, as other services need it."""

    department_code: str
    department_name: str
    legal_basis: str


class Posts(Wire):
    """All posts of a department."""

    items: list[Post]
