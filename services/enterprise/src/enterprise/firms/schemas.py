"""What goes over the wire about firms."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from citykit.pages import PageQuery
from citykit.wire import Fen, Instant, Int32, Uscc, Wire
from enterprise.firms.domain import Industry, SizeClass, has_ceased, missing_measures
from enterprise.firms.models import BindingRow, DelegateRow, FirmReadRow, FirmRow


class FirmFilter(PageQuery):
    """Which firms to list."""

    state: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,39}$")] | None = Field(
        default=None, description="A state of the registry, as `active` or `deregistered`"
    )


class FirmSummary(Wire):
    """A firm in a list; ceased firms stand in it with their state."""

    uscc: Uscc
    name: str
    state: str
    ceased: bool
    size_class: SizeClass | None

    @classmethod
    def of(cls, row: FirmRow) -> Self:
        """The summary of a row."""
        size = SizeClass(row.size_class) if row.size_class else None
        return cls(uscc=row.uscc, name=row.name, state=row.state, ceased=has_ceased(row.state), size_class=size)


class Declaration(Wire):
    """What a firm declares of itself: staff in persons, money in fen 分. Years are the firm's last full year."""

    industry: Industry
    staff: Annotated[Int32, Field(ge=0, le=10_000_000)] | None = None
    revenue_fen: Annotated[Fen, Field(ge=0)] | None = None
    assets_fen: Annotated[Fen, Field(ge=0)] | None = None


class Firm(Wire):
    """A firm's file 一企一档: facts with their source and as-of time, the declaration, and the size class 划型."""

    uscc: Uscc
    name: str
    state: str
    ceased: bool
    legal_form: str | None
    division_code: str | None
    established_on: date | None
    source: str
    as_of: Instant
    declaration: Declaration | None
    declared_at: Instant | None
    size_class: SizeClass | None
    size_class_misses: tuple[str, ...] = Field(
        description="Measures that the industry is judged by and that are not declared yet"
    )

    @classmethod
    def of(cls, row: FirmRow) -> Self:
        """The file of a row."""
        declaration = None
        misses: tuple[str, ...] = ()
        if row.industry is not None:
            industry = Industry(row.industry)
            measures = {"staff": row.staff, "revenue_fen": row.revenue_fen, "assets_fen": row.assets_fen}
            declaration = Declaration.model_validate({"industry": industry, **measures})
            misses = missing_measures(industry, **measures)
        return cls(
            uscc=row.uscc,
            name=row.name,
            state=row.state,
            ceased=has_ceased(row.state),
            legal_form=row.legal_form,
            division_code=row.division_code,
            established_on=row.established_on,
            source=row.source,
            as_of=row.as_of,
            declaration=declaration,
            declared_at=row.declared_at,
            size_class=SizeClass(row.size_class) if row.size_class else None,
            size_class_misses=misses,
        )


class BindingDraft(Wire):
    """Bind the signed-in person to the firm of this code."""

    uscc: Uscc


class Binding(Wire):
    """A person stands for a firm."""

    id: UUID
    role: str | None
    bound_at: Instant
    firm: Firm

    @classmethod
    def of(cls, row: BindingRow, firm: FirmRow) -> Self:
        """The binding of a row."""
        return cls(id=row.id, role=row.role, bound_at=row.bound_at, firm=Firm.of(firm))


class DelegateDraft(Wire):
    """Let the person of this account ask in the firm's name, until a time or until revoked."""

    subject: UUID = Field(description="The clerk's account id, as her own account page shows it")
    valid_to: Instant | None = None


class Delegate(Wire):
    """A clerk 经办人 who may ask in the firm's name."""

    id: UUID
    subject: str
    granted_at: Instant
    valid_to: Instant | None

    @classmethod
    def of(cls, row: DelegateRow) -> Self:
        """The delegate of a row."""
        return cls(id=row.id, subject=row.subject, granted_at=row.granted_at, valid_to=row.valid_to)


class FirmReadFilter(PageQuery):
    """Which reads to list; the newest come first."""


class FirmRead(Wire):
    """Somebody who is not the firm read its file."""

    id: UUID
    at: Instant
    department_code: str | None
    reader: str = Field(description="`sub:` and the account id of the official, or `service:` and its name")
    action: str
    purpose: str

    @classmethod
    def of(cls, row: FirmReadRow) -> Self:
        """The read of a row."""
        return cls(
            id=row.id,
            at=row.at,
            department_code=row.department_code,
            reader=row.reader,
            action=row.action,
            purpose=row.purpose,
        )
