"""What goes over the wire about requests."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from citykit.pages import PageQuery
from citykit.wire import DivisionCode, Instant, Int32, LongText, ShortText, Uscc, Wire
from enterprise.requests.deadlines import ClockAct, Unit
from enterprise.requests.domain import Outcome, RequestState
from enterprise.requests.models import ClockRow, EscalationRow, LimitRow, MilestoneRow, RequestRow, TrailRow

CategoryCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{1,39}$")]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{7,15}$")]


class RequestFilter(PageQuery):
    """Which requests to list; the newest come first."""

    state: RequestState | None = None
    category: CategoryCode | None = None
    uscc: Uscc | None = None
    overdue: Annotated[bool | None, Field(description="true: a milestone has passed unmet")] = None


class LimitOfCategory(Wire):
    """One limit: this step is owed within so many working minutes or days, or `level` hears of it."""

    milestone: str
    amount: int
    unit: Unit
    level: int

    @classmethod
    def of(cls, row: LimitRow) -> Self:
        """The limit of a row."""
        return cls(milestone=row.kind, amount=row.amount, unit=Unit(row.unit), level=row.level)


class Category(Wire):
    """A kind of request, and the limits that hold for it with the document they come from."""

    code: str
    name: str
    name_en: str
    profile: str
    source: str
    limits: list[LimitOfCategory]


class RequestDraft(Wire):
    """A request. Leave `uscc` out where the firm has no code yet; then `firm_name` and `division_code` are wanted."""

    category: CategoryCode
    title: ShortText
    text: LongText
    uscc: Uscc | None = None
    firm_name: ShortText | None = None
    division_code: DivisionCode | None = None
    phone: Phone | None = None


class Milestone(Wire):
    """A step owed by a time; `due_at` is null while the clock is paused, and while the year has no calendar yet."""

    milestone: str
    round: int
    amount: int
    unit: Unit
    level: int
    due_at: Instant | None
    calendar_version: str
    met_at: Instant | None
    escalated_at: Instant | None

    @classmethod
    def of(cls, row: MilestoneRow, *, paused: bool) -> Self:
        """The milestone of a row."""
        return cls(
            milestone=row.kind,
            round=row.round,
            amount=row.amount,
            unit=Unit(row.unit),
            level=row.level,
            due_at=None if paused and row.met_at is None and row.escalated_at is None else row.due_at,
            calendar_version=row.calendar_version,
            met_at=row.met_at,
            escalated_at=row.escalated_at,
        )


class RequestSummary(Wire):
    """A request in a list: what it is about and where it stands, nothing of the person who asked."""

    id: UUID
    number: str
    category: str
    title: str
    uscc: str | None
    firm_name: str
    state: RequestState
    department_code: str | None
    department_name: str | None
    submitted_at: Instant

    @classmethod
    def of(cls, row: RequestRow) -> Self:
        """The summary of a row."""
        return cls(
            id=row.id,
            number=row.number,
            category=row.category,
            title=row.title,
            uscc=row.uscc,
            firm_name=row.firm_name,
            state=RequestState(row.state),
            department_code=row.department_code,
            department_name=row.department_name,
            submitted_at=row.submitted_at,
        )


class EnterpriseRequest(Wire):
    """A request 企业诉求 with its milestones. `phone` is given to who asked and to the department that answers."""

    id: UUID
    number: str
    category: str
    title: str
    text: str
    uscc: str | None
    firm_name: str
    division_code: str
    phone: str | None
    state: RequestState
    round: int
    department_code: str | None
    department_name: str | None
    legal_basis: str | None
    answer: str | None
    outcome: Outcome | None
    rating: int | None
    submitted_at: Instant
    answered_at: Instant | None
    closed_at: Instant | None
    milestones: list[Milestone]

    @classmethod
    def of(cls, row: RequestRow, milestones: list[MilestoneRow], *, phone: str | None) -> Self:
        """The request of a row and its milestones, oldest round first."""
        paused = row.state == RequestState.paused
        return cls(
            id=row.id,
            number=row.number,
            category=row.category,
            title=row.title,
            text=row.text,
            uscc=row.uscc,
            firm_name=row.firm_name,
            division_code=row.division_code,
            phone=phone,
            state=RequestState(row.state),
            round=row.round,
            department_code=row.department_code,
            department_name=row.department_name,
            legal_basis=row.legal_basis,
            answer=row.answer,
            outcome=Outcome(row.outcome) if row.outcome else None,
            rating=row.rating,
            submitted_at=row.submitted_at,
            answered_at=row.answered_at,
            closed_at=row.closed_at,
            milestones=[Milestone.of(one, paused=paused) for one in milestones],
        )


class Note(Wire):
    """A note to the trail, readable by everybody who may see the request."""

    note: LongText


class OptionalNote(Wire):
    """An act with or without words."""

    note: LongText | None = None


class AssignmentDraft(Wire):
    """Give the request to this department (its GB 32100 code)."""

    department_code: Uscc
    note: LongText | None = None


class Reason(Wire):
    """Why: a clock is never paused, and a request never sent back, without words."""

    reason: LongText


class AnswerDraft(Wire):
    """The department's answer to the firm."""

    answer: LongText


class Confirmation(Wire):
    """The firm takes the answer; `rating` 1 (bad) to 5 (very good)."""

    rating: Annotated[Int32, Field(ge=1, le=5)] | None = None
    note: LongText | None = None


class TrailEntry(Wire):
    """One line of the trail: which side did what, when. Officials are named by their department."""

    at: Instant
    act: str
    state: RequestState
    side: str
    department_name: str | None
    note: str | None

    @classmethod
    def of(cls, row: TrailRow) -> Self:
        """The line of a row."""
        return cls(
            at=row.at,
            act=row.act,
            state=RequestState(row.state),
            side=row.side,
            department_name=row.department_name,
            note=row.note,
        )


class ClockEntry(Wire):
    """One entry of the clock ledger; the deadlines follow from these and the named calendar."""

    at: Instant
    round: int
    act: ClockAct
    reason: str | None
    calendar_version: str
    before: dict[str, str] | None = Field(description="Deadlines before a new calendar version moved them")

    @classmethod
    def of(cls, row: ClockRow) -> Self:
        """The entry of a row."""
        return cls(
            at=row.at,
            round=row.round,
            act=ClockAct(row.act),
            reason=row.reason,
            calendar_version=row.calendar_version,
            before=row.before,
        )


class Escalation(Wire):
    """A milestone that passed unmet 督办."""

    id: UUID
    request_id: UUID
    round: int
    milestone: str
    level: int
    department_code: str | None
    due_at: Instant
    escalated_at: Instant

    @classmethod
    def of(cls, row: EscalationRow) -> Self:
        """The escalation of a row."""
        return cls(
            id=row.id,
            request_id=row.request_id,
            round=row.round,
            milestone=row.kind,
            level=row.level,
            department_code=row.department_code,
            due_at=row.due_at,
            escalated_at=row.escalated_at,
        )
