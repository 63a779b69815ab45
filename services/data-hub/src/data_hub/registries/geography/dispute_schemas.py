"""What is said about corrections of layers, and what followers are told."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from citykit.pages import PageQuery
from citykit.wire import Instant, LongText, ShortText, Wire
from data_hub.registries.geography.domain import Cause, DisputeState
from data_hub.registries.geography.models import DisputeRow, FollowerRow, NoticeRow
from data_hub.registries.geography.schemas import FieldName

FeatureId = Annotated[str, Field(min_length=1, max_length=200, examples=["park-01"])]
Value = Annotated[
    Any, Field(description="A value of the column; for `geometry` GeoJSON in EPSG:4490 degrees, longitude first")
]


class DisputeDraft(Wire):
    """What a department doubts: a column of a feature, or its position (`geometry`)."""

    fid: FeatureId
    field: FieldName
    claimed: Value = None
    evidence: Annotated[LongText, Field(description="Why the value is wrong: a document, an observation")]


class Dispute(Wire):
    """A correction ticket."""

    dispute: UUID
    layer: str
    fid: str
    field: str
    disputed: Any = Field(description="The value in doubt")
    claimed: Any
    asked_department: str
    department: str = Field(description="The department that published the layer, and decides")
    state: DisputeState
    asked_at: Instant
    due_at: Instant = Field(description="Until when the publishing department must decide")
    legal_basis: str
    escalated_at: Instant | None = Field(description="When it was put before supervision, being past its time")
    decided_at: Instant | None
    reason: str | None
    version: int | None = Field(description="The version of the layer that holds the corrected value")
    told: int = Field(description="How many departments were told of the corrected value")

    @classmethod
    def of(cls, row: DisputeRow) -> Self:
        """The ticket of a row."""
        rest = {name: getattr(row, name) for name in cls.model_fields if name not in {"dispute", "state"}}
        return cls(dispute=row.id, state=DisputeState(row.state), **rest)


class DisputeCase(Wire):
    """A ticket as those see it who act on it."""

    dispute: Dispute
    present: Any = Field(description="The value as it stands, for the department that decides; else the disputed one")
    evidence: str


class DisputeQuery(PageQuery):
    """Which tickets: in one state, past their time, or all."""

    state: DisputeState | None = None
    escalated: bool | None = None


class DisputeDecision(Wire):
    """Whether the value is corrected, to the claimed value or to another, and why."""

    correct: bool
    value: Value = None
    reason: ShortText


class Following(Wire):
    """That a department is told of each version of a layer."""

    layer: str
    department: str
    made_at: Instant

    @classmethod
    def of(cls, row: FollowerRow) -> Self:
        """What a row holds."""
        return cls(layer=row.layer, department=row.department, made_at=row.made_at)


class LayerNotice(Wire):
    """A department is told that a layer has a new version; what a correction touched is named, never its value."""

    notice: UUID
    layer: str
    version: int
    cause: Cause
    fid: str | None
    field: str | None
    dispute: UUID | None
    told_at: Instant
    acknowledged_at: Instant | None

    @classmethod
    def of(cls, row: NoticeRow) -> Self:
        """The notice of a row."""
        rest = {name: getattr(row, name) for name in cls.model_fields if name not in {"notice", "cause"}}
        return cls(notice=row.id, cause=Cause(row.cause), **rest)


class LayerNoticeQuery(PageQuery):
    """Which notices: those not acknowledged yet, or all."""

    waiting: bool = False
