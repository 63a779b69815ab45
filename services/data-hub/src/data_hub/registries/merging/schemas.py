"""What mergers say over the wire: numbers of records and names of fields, never a value."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from citykit.pages import PageQuery
from citykit.wire import Instant, Int32, ShortText, Wire
from data_hub.registries.corrections.schemas import Subject
from data_hub.registries.schemas import SourceDraft
from data_hub.registries.sources.domain import Registry

Basis = Annotated[str, Field(min_length=4, max_length=500, pattern=r"\S", examples=["《户口登记条例》第十七条"])]


class MergerDraft(Wire):
    """Which record shall become part of which, as both were read, and on what basis."""

    registry: Registry
    subject: Annotated[Subject, Field(description="The record that is given up")]
    survivor: Annotated[Subject, Field(description="The record that stays, with its number")]
    subject_version: Annotated[Int32, Field(description="The version of `subject` that the caller read")]
    survivor_version: Annotated[Int32, Field(description="The version of `survivor` that the caller read")]
    legal_basis: Basis
    source: SourceDraft


class PartingDraft(Wire):
    """Why a merger was wrong, and who says so."""

    reason: ShortText
    source: SourceDraft


class MergerQuery(PageQuery):
    """Which mergers: those of a registry, of a record that was given up, or of one that stayed."""

    registry: Registry | None = None
    subject: Subject | None = None
    survivor: Subject | None = None


class Merger(Wire):
    """A record that became part of another one."""

    merger: UUID
    registry: Registry
    subject: str
    survivor: str
    department: str
    legal_basis: str
    statement: UUID
    merged_at: Instant
    taken: list[str] = Field(description="Fields of which the survivor took over values of days that it had none of")
    conflicts: list[UUID] = Field(description="What differs, as conflicts that the source of each field decides")
    relations: int = Field(description="How many relations moved")
    undone_at: Instant | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """The merger of a row."""
        return cls(
            merger=row.id, registry=Registry(row.registry_name), subject=row.subject, survivor=row.survivor,
            department=row.department, legal_basis=row.legal_basis, statement=row.statement, merged_at=row.merged_at,
            taken=sorted({one["field"] for one in row.taken}), conflicts=[UUID(one) for one in row.conflicts],
            relations=sum("ended" not in one for one in row.moved), undone_at=row.undone_at,
        )  # fmt: skip
