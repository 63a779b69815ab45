"""What goes over the wire about credit. Days are days in Hengshui; periods by 国办发〔2025〕22号."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import Path
from pydantic import Field

from citykit.pages import PageQuery
from citykit.wire import Instant, LongText, ShortText, Uscc, Wire
from data_hub.credit.domain import DisputeState, Kind, RecordState, RepairState, Severity
from data_hub.credit.models import DisputeRow, RecallRow, RecordRow, RepairRow
from data_hub.organisations import OwnName

ListNumber = Annotated[int, Path(ge=0, le=2**31 - 1)]


class RecordDraft(Wire):
    """A record to take. A penalty has a severity, nothing else has one."""

    uscc: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$", examples=["91131102MA07XY3K94"])] = Field(
        description="Unified social credit code 统一社会信用代码 (GB 32100) of a legal entity that the registry knows"
    )
    kind: Kind
    severity: Severity | None = None
    title: ShortText
    content: LongText
    basis: LongText = Field(description="Legal basis")
    document_number: ShortText = Field(description="Number of the judicial or administrative document 文书号")
    document_date: date = Field(description="Not before 1949-10-01")
    valid_until: date | None = Field(
        default=None,
        description="The last day 有效期 of an honour or of basic information; null: until it is withdrawn",
    )
    department_name: OwnName = None


class Record(Wire):
    """A credit record. `repairable_from` is for penalties; `published_until` (excluded) for what ends by itself.

    That is a penalty when its period is over, and anything else after the last day of its validity.
    """

    id: UUID
    uscc: str
    kind: Kind
    severity: Severity | None
    title: str
    content: str
    basis: str
    document_number: str
    document_date: date
    department: str
    department_name: str = Field(description="The recording department's name 认定单位")
    state: RecordState
    state_reason: str | None
    repairable_from: date | None
    published_until: date | None
    valid_until: date | None = Field(
        default=None, description="The last day 有效期 of an honour or of basic information, where there is one"
    )
    public: bool = Field(description="Whether everybody may see it today")
    lifted_until: date | None
    recorded_at: Instant

    @classmethod
    def of(cls, row: RecordRow, *, public: bool) -> Self:
        """The record of a row."""
        told = {name: getattr(row, name) for name in cls.model_fields if name not in {"public", "valid_until"}}
        validity = row.kind != Kind.penalty and row.published_until
        told |= {"valid_until": validity - timedelta(days=1) if validity else None}
        return cls.model_validate(told | {"public": public, "kind": Kind(row.kind), "state": RecordState(row.state),
                                          "severity": Severity(row.severity) if row.severity else None})  # fmt: skip


class RecordFilter(PageQuery):
    """Which records of one's own department."""

    uscc: Uscc | None = None
    kind: Kind | None = None
    state: RecordState | None = None


class Firm(Wire):
    """What is on record about a firm, as the caller may see it."""

    uscc: str
    name: str
    as_of: date
    records: list[Record]


class Reason(Wire):
    """Why."""

    reason: ShortText


class Lift(Wire):
    """Publication stands still until `until` (excluded), as for a firm under restructuring 重整."""

    until: date
    reason: ShortText


class RepairDraft(Wire):
    """An application for repair: what was done, and the commitment 信用承诺."""

    duties: LongText = Field(description="How the duties of the document were fulfilled")
    commitment: LongText


class SupplementDraft(Wire):
    """What is missing, or what is handed in."""

    text: LongText


class RepairDecision(Wire):
    """Whether the record is repaired, and why."""

    granted: bool
    reason: ShortText


class Repair(Wire):
    """An application for repair; the clock stands still while something is missing."""

    id: UUID
    uscc: str
    record_id: UUID
    department: str
    duties: str
    commitment: str
    supplements: list[dict[str, Any]]
    state: RepairState
    applied_at: Instant
    due_at: Instant | None
    overdue: bool
    decided_at: Instant | None
    decision: str | None

    @classmethod
    def of(cls, row: RepairRow, now: Instant) -> Self:
        """The application of a row."""
        told = {name: getattr(row, name) for name in cls.model_fields if name != "overdue"}
        late = row.state == RepairState.applied and row.due_at is not None and row.due_at < now
        return cls.model_validate(told | {"overdue": late, "state": RepairState(row.state)})


class RepairFilter(PageQuery):
    """Which applications."""

    state: RepairState | None = None


class DisputeDraft(Wire):
    """What is wrong with a record."""

    reason: LongText


class DisputeDecision(Wire):
    """Whether the record is corrected, and why."""

    corrected: bool
    reason: ShortText


class Dispute(Wire):
    """A dispute about a record."""

    id: UUID
    uscc: str
    record_id: UUID
    department: str
    reason: str
    state: DisputeState
    raised_at: Instant
    due_at: Instant
    overdue: bool
    decided_at: Instant | None
    decision: str | None

    @classmethod
    def of(cls, row: DisputeRow, now: Instant) -> Self:
        """The dispute of a row."""
        told = {name: getattr(row, name) for name in cls.model_fields if name != "overdue"}
        late = row.state == DisputeState.raised and row.due_at < now
        return cls.model_validate(told | {"overdue": late, "state": DisputeState(row.state)})


class DisputeFilter(PageQuery):
    """Which disputes."""

    state: DisputeState | None = None


class Recall(Wire):
    """The instruction to delete a record that one's department received."""

    uscc: str
    record_id: UUID
    why: str
    told_at: Instant
    acknowledge_by: Instant
    acknowledged_at: Instant | None
    overdue: bool
    note: str | None

    @classmethod
    def of(cls, row: RecallRow, now: Instant) -> Self:
        """The recall of a row."""
        told = {name: getattr(row, name) for name in cls.model_fields if name != "overdue"}
        return cls.model_validate(told | {"overdue": row.acknowledged_at is None and row.acknowledge_by < now})


class RecallFilter(PageQuery):
    """Which recalls: those that wait, unless told otherwise."""

    acknowledged: bool = False


class Acknowledgement(Wire):
    """What was done with the record."""

    note: ShortText


class TermTable(Wire):
    """For how long penalties are published, how soon acts are due, how ratings are computed; each with its source."""

    terms: list[dict[str, Any]]
    limits: list[dict[str, Any]]
    methods: list[dict[str, Any]]


class TermDraft(Wire):
    """For how long penalties of a severity are published from a day on, by which document."""

    severity: Severity
    effective_from: date
    minimum_months: Annotated[int, Field(ge=0, le=120)]
    maximum_months: Annotated[int, Field(ge=0, le=120)]
    published: bool
    source: ShortText = Field(description="The document that says so")


class LimitDraft(Wire):
    """Within how many working days an act is due from a day on, by which document."""

    act: Literal["repair", "dispute", "recall"]
    effective_from: date
    working_days: Annotated[int, Field(ge=1, le=120)]
    source: ShortText = Field(description="The document that says so")


Points = Annotated[int, Field(ge=-100, le=100)]


class MethodDraft(Wire):
    """How ratings are computed from a day on. Points are by rule, grades by the least points, the best first."""

    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z.-]{1,32}$")]
    effective_from: date
    title: ShortText
    beginning: Annotated[int, Field(ge=0, le=100)]
    points: dict[str, Points]
    most: dict[str, Annotated[int, Field(ge=0, le=100)]] = Field(default_factory=dict)
    grades: Annotated[list[tuple[ShortText, Annotated[int, Field(ge=0, le=100)]]], Field(min_length=1, max_length=10)]
    source: ShortText = Field(description="The document that says so")


class RatingDraft(Wire):
    """By which method; the one in force unless named."""

    method: Annotated[str, Field(max_length=32)] | None = None


class RatingResult(Wire):
    """A rating that explains itself; `fingerprint` is the SHA-256 of method and facts in canonical JSON (RFC 8785)."""

    id: UUID
    uscc: str
    rated_on: date
    method: str
    grade: str
    points: int
    contributions: list[dict[str, Any]]
    facts: list[dict[str, Any]]
    fingerprint: str


class Reproduction(Wire):
    """A rating computed again from the facts that were kept with it."""

    same: bool
    grade: str
    points: int
    fingerprint: str


class Report(Wire):
    """A credit report 信用报告 as on a day: what is on record and in force, and the rating that follows from it."""

    number: str
    uscc: str
    name: str
    as_of: date
    valid_until: date = Field(description="The first day on which it is not to be relied on any more")
    records: list[Record]
    method: str
    grade: str
    points: int
    fingerprint: str
    issued_at: Instant


class ReportCheck(Wire):
    """Whether a report was issued here under its number, and whether all it says still holds."""

    number: str
    uscc: str
    as_of: date
    valid_until: date
    current: bool = Field(description="False once it is too old or a record in it has ended or is lifted")


class Credential(Wire):
    """A report as a verifiable credential; its keys are at `<iss>/jwks.json`."""

    format: str = "dc+sd-jwt"
    credential: str
