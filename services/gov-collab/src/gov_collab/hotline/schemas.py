"""What goes over the wire about tickets."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from citykit.identifiers import checked, gbt2260
from citykit.pages import PageQuery
from citykit.wire import DivisionCode, Instant, LongText, Point, Query, ShortText, Uscc, Wire
from gov_collab.hotline.domain import Channel, Nature, Satisfaction, Stage, TicketState
from gov_collab.matters.schemas import MatterCode

Phone = Annotated[str, StringConstraints(pattern=r"^[+0-9][0-9 -]{4,24}$"), Field(examples=["13900000001"])]
PersonName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


def _whole_number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("a whole number is wanted")
    return value


Rating = Annotated[Satisfaction, BeforeValidator(_whole_number)]
Division = Annotated[DivisionCode, checked(gbt2260.parse)]


class Contact(Wire):
    """Who called and how to call back; sealed at rest, masked in every list."""

    name: PersonName | None = None
    phone: Phone | None = None


class Location(Point):
    """Where it happened: degrees in EPSG:4490 (CGCS2000), and the words for it."""

    address: ShortText | None = None


class _Message(Wire):
    title: ShortText
    text: LongText
    nature: Nature | None = None
    matter: MatterCode | None = None
    division_code: Division | None = None
    location: Location | None = None
    contact: Contact | None = None


class TicketDraft(_Message):
    """A message that a citizen sends in herself 网上诉求."""

    channel: Literal[Channel.web, Channel.app] = Channel.web


class CallDraft(_Message):
    """A call that an operator writes down for the caller 来电登记; `line` is the number that was dialled."""

    line: Literal["961890", "12345"] = "961890"
    urgent: bool = False


class Classification(Wire):
    """What a ticket is about 分类; division and location stay as they are where they are left out."""

    nature: Nature
    matter: MatterCode
    urgent: bool = False
    division_code: Division | None = None
    location: Location | None = None


class AssignmentDraft(Wire):
    """To whom a ticket goes 派单: whom the responsibility list names, or a department by hand, with the reason."""

    department_code: Uscc | None = None
    reason: ShortText | None = None

    @model_validator(mode="after")
    def _by_hand_with_a_reason(self) -> Self:
        if self.department_code is not None and self.reason is None:
            raise ValueError("a department named by hand needs a reason")
        return self


class Reason(Wire):
    """Why."""

    reason: ShortText


class Arbitration(Wire):
    """What the operators decide about a ticket that was sent back 退单裁定."""

    upheld: bool = Field(description="True: it is not this department's, and is assigned anew")
    reason: ShortText


class AnswerDraft(Wire):
    """The answer to the citizen 答复."""

    text: LongText


class Note(Wire):
    """A few words for the trail."""

    text: ShortText


class CallBackDraft(Wire):
    """What a call-back brought 回访: whether the caller was reached, and how satisfied she is (1 to 5)."""

    reached: bool
    satisfaction: Rating | None = None
    note: ShortText | None = None

    @model_validator(mode="after")
    def _heard_where_reached(self) -> Self:
        if self.reached != (self.satisfaction is not None):
            raise ValueError("a satisfaction belongs to a caller who was reached, and only to her")
        return self


class RatingDraft(Wire):
    """How satisfied she is 评价: 1 非常满意, 2 满意, 3 基本满意, 4 不满意, 5 非常不满意 (GB/T 39046-2020 A.8)."""

    satisfaction: Rating
    note: ShortText | None = None


class TrailEntry(Wire):
    """A step in a ticket's life; `public` false marks what the citizen does not see, `actor` is for staff only."""

    at: Instant
    act: str
    title: str
    department_name: str | None
    note: str | None
    data: dict[str, Any]
    public: bool
    actor: str | None


class TicketBrief(Wire):
    """A ticket as lists and staff acts show it: no text, the caller masked."""

    id: UUID
    number: str
    channel: Channel
    title: str
    nature: Nature | None
    matter: str | None
    handled_as: str
    urgent: bool
    division_code: str | None
    state: TicketState
    department_code: str | None
    department_name: str | None
    taken_at: Instant
    sign_due_at: Instant | None
    due_at: Instant | None
    overdue: bool
    satisfaction: Satisfaction | None
    contact_name: str | None = Field(description="Masked")
    contact_phone: str | None = Field(description="Masked")


class Ticket(TicketBrief):
    """A ticket with its text, its answer and its trail, oldest step first."""

    line: str
    text: str
    location: Location | None
    round: int
    reopenings: int
    case_id: UUID | None
    answer: str | None
    answered_at: Instant | None
    closed_at: Instant | None
    trail: list[TrailEntry]


class TicketFilter(PageQuery):
    """Which tickets of those that the caller may see, newest first."""

    state: TicketState | None = None
    nature: Nature | None = None
    matter: MatterCode | None = None
    channel: Channel | None = None
    department: Uscc | None = None
    overdue: bool | None = None
    mine: bool = Field(default=False, description="Only what the caller has sent in herself")
    words: ShortText | None = Field(default=None, description="Every run of characters must occur 全文检索; for staff")
    taken_from: Instant | None = None
    taken_to: Instant | None = Field(default=None, description="The first instant that does not count")


class ContactQuestion(Query):
    """Why the caller's unmasked contact is wanted."""

    purpose: ShortText


class TermEntry(Wire):
    """How many working days a stage has, and who says so 办理时限."""

    stage: Stage
    nature: Nature | None
    urgent: bool
    working_days: Annotated[int, Field(ge=0, le=200, strict=True)]
    source: ShortText


class TermTable(Wire):
    """All terms of the hotline, in the place of the ones in force; tickets keep the due times they were given."""

    terms: Annotated[list[TermEntry], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _complete_and_unique(self) -> Self:
        keys = {(term.stage, term.nature, term.urgent) for term in self.terms}
        if len(keys) != len(self.terms):
            raise ValueError("a term stands twice")
        if missing := [stage.value for stage in Stage if (stage, None, False) not in keys]:
            raise ValueError(f"no general term for {', '.join(missing)}")
        return self
