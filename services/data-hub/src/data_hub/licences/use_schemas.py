"""What goes over the wire about a holder's leaves and the uses that are made of them."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from citykit.pages import PageQuery
from citykit.wire import Instant, Int32, ShortText, Uscc, Wire
from data_hub.licences.domain import Standing
from data_hub.licences.models import AuthorisationRow, UseRow
from data_hub.licences.schemas import FieldName, LicenceBrief


class AuthorisationDraft(Wire):
    """A holder's leave: who may use the licence for what, which fields, how often, until when."""

    department: Uscc = Field(description="A public body 机关、事业单位、群团 that the registry of legal entities knows")
    department_name: ShortText | None = Field(
        default=None,
        description="What she takes it to be called: if given, its present or a former name in the registry",
    )
    matter: ShortText = Field(description="For what 用证事项")
    fields: Annotated[list[FieldName], Field(max_length=40)] = Field(
        default=[], description="Which fields may be seen, `holder_name` and `holder_number` among them; none: all"
    )
    until: Instant
    uses: Annotated[Int32, Field(ge=1, le=1000)] | None = Field(
        default=1, description="How often; null: as often as it takes"
    )


class Authorisation(Wire):
    """A leave, and what is left of it."""

    id: UUID
    licence_id: UUID
    department: str
    department_name: str
    matter: str
    fields: list[str]
    until: Instant
    uses_left: int | None
    withdrawn_at: Instant | None
    granted_at: Instant
    standing: Standing = Field(
        description="What the licence is worth today: of its versions the newest, for which the leave stands"
    )

    @classmethod
    def of(cls, row: AuthorisationRow, standing: Standing) -> Self:
        """The leave of a row, for a licence of that standing."""
        return cls(
            id=row.id, licence_id=row.licence_id, department=row.department, department_name=row.department_name,
            matter=row.matter, fields=row.fields, until=row.until, uses_left=row.uses_left,
            withdrawn_at=row.withdrawn_at, granted_at=row.granted_at, standing=standing,
        )  # fmt: skip


class AuthorisationFilter(PageQuery):
    """Which page of the leaves."""


class UseDraft(Wire):
    """A use: for which case."""

    case_number: ShortText | None = Field(default=None, description="办件编号, where there is one")


class UsedLicence(Wire):
    """What a department sees of a licence by its holder's leave."""

    licence: LicenceBrief
    type_name: str
    fields: dict[str, str | int]
    uses_left: int | None


class UseMade(Wire):
    """That a use was made, as it is kept for a request that is repeated: what the licence says is not kept twice."""

    uses_left: int | None


class Use(Wire):
    """A use, as the holder sees it. `outcome` is `served`, or why it was refused."""

    id: UUID
    authorisation_id: UUID
    department: str
    department_name: str
    matter: str
    case_number: str | None
    fields: list[str]
    outcome: str
    at: Instant

    @classmethod
    def of(cls, row: UseRow) -> Self:
        """The use of a row."""
        return cls(
            id=row.id, authorisation_id=row.authorisation_id, department=row.department,
            department_name=row.department_name, matter=row.matter, case_number=row.case_number, fields=row.fields,
            outcome=row.outcome, at=row.at,
        )  # fmt: skip


class UseFilter(PageQuery):
    """Which page of the uses."""
