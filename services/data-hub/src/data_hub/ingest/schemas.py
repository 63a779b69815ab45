"""What goes over the wire about batches, quarantine and tickets."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field
from pydantic import StringConstraints as Text

from citykit.pages import PageQuery
from citykit.wire import Instant, LongText, Query, ShortText, Wire
from data_hub.ingest.domain import (
    BatchState,
    Encoding,
    FileFormat,
    Merge,
    Mode,
    Origin,
    RowState,
    Stage,
    TicketState,
)
from data_hub.ingest.models import BatchRow, OutcomeRow, ProgressRow, QuarantineRow, TicketRow

Sha256 = Annotated[str, Text(pattern=r"^[0-9a-f]{64}$")]
ResourceCode = Annotated[str, Text(pattern=r"^[1-3][0-9]{5,10}-[0-9]{6}$")]
Value = Annotated[str, Field(max_length=100_000)]


class Declaration(Wire):
    """How a batch is written and what is to become of it."""

    mode: Mode = Field(default=Mode.all_or_nothing, description="整批 or 逐行: what one bad row means for the others")
    merge: Merge = Field(default=Merge.merge, description="How rows meet the rows that are there")
    format: FileFormat = FileFormat.csv
    encoding: Encoding = Encoding.auto
    sha256: Sha256 | None = Field(default=None, description="Of the whole file, where the sender knows it")
    ignore_unknown: bool = Field(default=False, description="Leave out columns that the resource does not have")
    sheet: Annotated[str | None, Field(max_length=100)] = Field(default=None, description="Which sheet of a workbook")
    corrects: UUID | None = Field(default=None, description="The batch whose quarantined rows this one brings again")


class BatchDraft(Declaration):
    """A batch to open. The same `id` with the same declaration is the same batch."""

    id: UUID | None = None


class FileQuery(Query):
    """A batch in one request: its declaration beside the file."""

    id: UUID | None = None
    mode: Mode = Mode.all_or_nothing
    merge: Merge = Merge.merge
    format: FileFormat = FileFormat.csv
    encoding: Encoding = Encoding.auto
    sha256: Sha256 | None = None
    ignore_unknown: bool = False
    sheet: Annotated[str | None, Field(max_length=100)] = None
    corrects: UUID | None = None

    def draft(self) -> BatchDraft:
        """The same as a body."""
        return BatchDraft.model_validate(self.model_dump())


class Outcome(Wire):
    """How a rule fared in a batch."""

    column: str
    rule: str
    checked: int
    failed: int
    rate: float = Field(description="Part of the rows that kept the rule")

    @classmethod
    def of(cls, row: OutcomeRow) -> Self:
        """The outcome of a row."""
        rate = 1.0 if row.checked == 0 else round(1 - row.failed / row.checked, 6)
        return cls(column=row.column_name, rule=row.rule, checked=row.checked, failed=row.failed, rate=rate)


class BatchBrief(Wire):
    """A batch: what it is, how far it is, how it ended."""

    id: UUID
    resource: str
    origin: Origin
    mode: Mode
    merge: Merge
    format: FileFormat
    state: BatchState
    stage: Stage
    received: int = Field(description="Bytes")
    parsed: int
    accepted: int
    quarantined: int = Field(description="Rows that are still out")
    inserted: int
    changed: int
    fault: dict[str, Any] | None = Field(description="Why the batch was refused: code, zh, en")
    corrects: UUID | None
    repeats: UUID | None = Field(description="The batch that brought the very same file before")
    opened_at: Instant
    completed_at: Instant | None
    finished_at: Instant | None

    @classmethod
    def of(cls, row: BatchRow, progress: ProgressRow | None = None) -> Self:
        """The batch of a row, with the progress that is being made."""
        return cls(**told(row, progress))


def told(row: BatchRow, progress: ProgressRow | None) -> dict[str, Any]:
    """The members of a batch."""
    state, stage = BatchState(row.state), Stage.done
    parsed, accepted, quarantined = row.parsed, row.accepted, row.quarantined
    if state is BatchState.open:
        stage = Stage.receiving
    elif state is BatchState.queued:
        stage = Stage.assembling
        if progress is not None:
            state, stage = BatchState.running, Stage(progress.stage)
            parsed, accepted, quarantined = progress.parsed, progress.accepted, progress.quarantined
    return {
        "id": row.id, "resource": row.resource, "origin": Origin(row.origin), "mode": Mode(row.mode),
        "merge": Merge(row.merge), "format": FileFormat(row.format), "state": state, "stage": stage,
        "received": row.size, "parsed": parsed, "accepted": accepted, "quarantined": quarantined,
        "inserted": row.inserted, "changed": row.changed, "fault": row.fault, "corrects": row.corrects,
        "repeats": row.repeats, "opened_at": row.opened_at, "completed_at": row.completed_at,
        "finished_at": row.finished_at,
    }  # fmt: skip


class Batch(BatchBrief):
    """A batch with all that is known of its file and how each rule fared."""

    sha256: str | None
    encoding: str | None
    dialect: dict[str, Any] | None
    converted: dict[str, int] = Field(description="Values whose full-width characters were converted, by column")
    outcomes: list[Outcome]

    @classmethod
    def whole(cls, row: BatchRow, progress: ProgressRow | None, outcomes: list[OutcomeRow]) -> Self:
        """The batch of a row with its outcomes."""
        return cls(
            **told(row, progress), sha256=row.sha256, encoding=row.encoding, dialect=row.dialect,
            converted=row.converted, outcomes=[Outcome.of(outcome) for outcome in outcomes],
        )  # fmt: skip


class BatchFilter(PageQuery):
    """Which batches of a resource, newest first."""

    state: BatchState | None = None


class Part(Wire):
    """A part that is here."""

    number: int
    sha256: str
    size: int


class Parts(Wire):
    """The parts of a batch that are here, in order."""

    items: list[Part]
    received: int


class QuarantinedRow(Wire):
    """A row in quarantine. Values of personal and secret items are masked."""

    id: UUID
    batch: UUID
    resource: str
    line: int = Field(description="Which row of the file, counted from 1 without the heading")
    state: RowState
    values: dict[str, str | None]
    fields: list[str] | None = Field(description="The fields as they stood, where they fit no columns")
    faults: list[dict[str, Any]] = Field(description="column, rule and value of each fault")
    note: str | None
    at: Instant
    settled_at: Instant | None

    @classmethod
    def of(cls, row: QuarantineRow) -> Self:
        """The row as it may be shown."""
        return cls(
            id=row.id, batch=row.batch, resource=row.resource, line=row.line, state=RowState(row.state),
            values=row.shown.get("values", {}), fields=row.shown.get("fields"), faults=row.faults, note=row.note,
            at=row.at, settled_at=row.settled_at,
        )  # fmt: skip


class RowFilter(PageQuery):
    """Which rows of quarantine."""

    state: RowState | None = None


class Mending(Wire):
    """The right values of a row; columns that are not named stay as they came."""

    values: Annotated[dict[Annotated[str, Field(max_length=59)], Value | None], Field(min_length=1, max_length=500)]


class Reason(Wire):
    """Why."""

    reason: ShortText


class Ticket(Wire):
    """A quality ticket: a rule of a column that rows of the source department broke."""

    id: UUID
    resource: str
    department: str
    column: str
    rule: str
    first_batch: UUID
    last_batch: UUID
    failed: int
    state: TicketState
    answer: str | None
    opened_at: Instant
    answered_at: Instant | None
    closed_at: Instant | None

    @classmethod
    def of(cls, row: TicketRow) -> Self:
        """The ticket of a row."""
        return cls(
            id=row.id, resource=row.resource, department=row.department, column=row.column_name, rule=row.rule,
            first_batch=row.first_batch, last_batch=row.last_batch, failed=row.failed, state=TicketState(row.state),
            answer=row.answer, opened_at=row.opened_at, answered_at=row.answered_at, closed_at=row.closed_at,
        )  # fmt: skip


class TicketFilter(PageQuery):
    """Which tickets of one's department, newest first."""

    state: TicketState | None = None
    resource: ResourceCode | None = None


class Answer(Wire):
    """What the source department says to a ticket."""

    answer: LongText
