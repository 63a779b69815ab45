"""What conflicts and correction tickets say over the wire. Lists are masked; a ticket shows who may act."""

from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from citykit.pages import PageQuery
from citykit.wire import Instant, LongText, ShortText, Wire
from data_hub.registries.corrections.domain import ConflictState, DisputeState, Reason, Said, Verdict
from data_hub.registries.provenance import EVER
from data_hub.registries.schemas import PurposeCode, SourceDraft
from data_hub.registries.sources.domain import Registry
from data_hub.registries.sources.schemas import FieldName

Subject = Annotated[
    str,
    Field(
        pattern=r"^[0-9A-Za-z-]{18,36}$", description="The person's number in the registry, or the code of the entity"
    ),
]
AnyValue = Annotated[str | None, Field(max_length=4000)]


class StatementDraft(Wire):
    """What a department says about a value, whether it is the source or not."""

    registry: Registry
    subject: Subject
    field: FieldName
    value: AnyValue
    true_from: date | None = None
    true_to: date | None = None
    source: SourceDraft


class Statement(Wire):
    """What became of a statement; `conflict` is the number of the conflict that it made."""

    said: Said
    conflict: UUID | None = None


class Conflict(Wire):
    """A statement that contradicts the source, beside the value that stands until the source decides."""

    conflict: UUID
    registry: Registry
    subject: str
    field: str
    value: str | None = Field(description="What is stated, masked where the field is personal")
    true_from: date | None
    true_to: date | None
    stated_by: str
    source_department: str
    state: ConflictState
    stated_at: Instant
    decided_at: Instant | None
    reason: str | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """The conflict of a row."""
        told = {"conflict", "registry", "true_from"}
        known = {name: getattr(row, name) for name in cls.model_fields if name not in told}
        start = None if row.true_from == EVER else row.true_from
        return cls(conflict=row.id, registry=Registry(row.registry_name), true_from=start, **known)


class ConflictCase(Wire):
    """A conflict as the source department sees it: both values in clear."""

    conflict: Conflict
    present: str | None
    stated: str | None


class ConflictQuery(PageQuery):
    """Which conflicts: in one state, or all."""

    state: ConflictState | None = None


class PersonConflictQuery(ConflictQuery):
    """Which conflicts of a person, and for what purpose."""

    purpose: PurposeCode


class ConflictDecision(Wire):
    """Whether the source takes over what is stated, and why."""

    adopt: bool
    reason: ShortText


class OwnDisputeDraft(Wire):
    """What a person doubts in her own record."""

    field: FieldName
    claimed: Annotated[AnyValue, Field(description="The right value, where one knows it")] = None
    evidence: Annotated[LongText, Field(description="Why the value is wrong: a document, an observation")]


class DisputeDraft(OwnDisputeDraft):
    """What a department doubts in a record that it uses."""

    registry: Registry
    subject: Subject


class Dispute(Wire):
    """A correction ticket, masked."""

    dispute: UUID
    registry: Registry
    subject: str
    field: str
    disputed: str | None = Field(description="The value in doubt, masked; null for callers who may not read it")
    claimed: str | None
    asked_department: str | None
    asked_oneself: bool
    source_department: str
    state: DisputeState
    asked_at: Instant
    due_at: Instant = Field(description="Until when the source department must decide")
    legal_basis: str
    escalated_at: Instant | None
    decided_at: Instant | None
    reason: str | None
    told: int = Field(description="How many departments were told of the corrected value")

    @classmethod
    def of(cls, row: Any, disputed: str | None) -> Self:
        """The ticket of a row, with the value that is doubted as the caller may see it."""
        told = {"dispute", "registry", "disputed"}
        known = {name: getattr(row, name) for name in cls.model_fields if name not in told}
        return cls(dispute=row.id, registry=Registry(row.registry_name), disputed=disputed, **known)


class DisputeCase(Wire):
    """A ticket as those see it who act on it: the claim and its evidence in clear, the value for its source alone."""

    dispute: Dispute
    present: str | None = Field(description="The value as it stands: in clear for its source, else masked")
    claimed: str | None
    evidence: str


class DisputeQuery(PageQuery):
    """Which tickets: in one state, past their time, or all."""

    state: DisputeState | None = None
    escalated: bool | None = None


class CorrectedValue(Wire):
    """The right value, and the days in which it is true; without `true_from` the old one was never right."""

    value: AnyValue
    true_from: date | None = None
    true_to: date | None = None


class DisputeDecision(Wire):
    """How a ticket is decided. Without `correction` a corrected value is the one that was claimed."""

    verdict: Verdict
    correction: CorrectedValue | None = None
    reason: ShortText


class Notice(Wire):
    """A department is told that a value which it has was corrected: read it again."""

    notice: UUID
    registry: Registry
    subject: str
    field: str
    reason: Reason
    ticket: UUID
    told_at: Instant
    acknowledged_at: Instant | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """The notice of a row."""
        told = {"notice", "registry"}
        known = {name: getattr(row, name) for name in cls.model_fields if name not in told}
        return cls(notice=row.id, registry=Registry(row.registry_name), **known)


class NoticeQuery(PageQuery):
    """Which notices: those not acknowledged yet, or all."""

    waiting: bool = False
