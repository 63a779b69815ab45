"""The rules of a ticket, without I/O: its states and acts, its clocks, its masks and its satisfaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import IntEnum, StrEnum

from citykit.clock import CHINA


class Nature(StrEnum):
    """What a message wants: the five of 国办发〔2020〕53号, and praise."""

    consultation = "consultation"  # 咨询
    help = "help"  # 求助
    complaint = "complaint"  # 投诉
    report = "report"  # 举报
    suggestion = "suggestion"  # 意见建议
    praise = "praise"  # 表扬


class Channel(StrEnum):
    """How a message came."""

    phone = "phone"
    web = "web"
    app = "app"


class TicketState(StrEnum):
    """Where a ticket stands."""

    taken = "taken"  # 受理: with the operators
    assigned = "assigned"  # 派单: handed to a department
    accepted = "accepted"  # 签收: the department works on it, or its case is open
    contested = "contested"  # 退单待裁: the department says it is not hers
    answered = "answered"  # 办结: waiting for the call-back
    closed = "closed"  # 归档: called back or rated
    refused = "refused"  # 不予受理: outside the hotline, with the channel that is right


class Satisfaction(IntEnum):
    """How the citizen found it: GB/T 39046-2020 annex A.8."""

    very_satisfied = 1  # 非常满意
    satisfied = 2  # 满意
    fairly_satisfied = 3  # 基本满意
    dissatisfied = 4  # 不满意
    very_dissatisfied = 5  # 非常不满意

    @property
    def unhappy(self) -> bool:
        """Whether this gives the right to have the ticket opened again."""
        return self >= Satisfaction.dissatisfied


_OPEN = frozenset({TicketState.taken, TicketState.assigned, TicketState.accepted, TicketState.contested})

# act: where it is allowed, where it leads (None: the state stays).
ACTS: dict[str, tuple[frozenset[TicketState], TicketState | None]] = {
    "classify": (frozenset({TicketState.taken}), None),
    "refuse": (frozenset({TicketState.taken}), TicketState.refused),
    "assign": (frozenset({TicketState.taken}), TicketState.assigned),
    "recall": (frozenset({TicketState.assigned}), TicketState.taken),
    "accept": (frozenset({TicketState.assigned}), TicketState.accepted),
    "send-back": (frozenset({TicketState.assigned, TicketState.accepted}), TicketState.contested),
    "uphold-return": (frozenset({TicketState.contested}), TicketState.taken),
    "dismiss-return": (frozenset({TicketState.contested}), TicketState.assigned),
    "answer": (frozenset({TicketState.accepted}), TicketState.answered),
    "answer-at-once": (frozenset({TicketState.taken}), TicketState.answered),
    "open-case": (frozenset({TicketState.assigned}), TicketState.accepted),
    "answer-by-case": (frozenset({TicketState.assigned, TicketState.accepted}), TicketState.answered),
    "return-by-case": (frozenset({TicketState.assigned, TicketState.accepted}), TicketState.taken),
    "miss-call": (frozenset({TicketState.answered}), None),
    "call-back": (frozenset({TicketState.answered}), TicketState.closed),
    "rate": (frozenset({TicketState.answered, TicketState.closed}), TicketState.closed),
    "close": (frozenset({TicketState.answered}), TicketState.closed),
    "reopen": (frozenset({TicketState.closed}), TicketState.taken),
    "urge": (_OPEN, None),
    "note": (frozenset(TicketState), None),
}


def after(act: str, state: TicketState) -> TicketState | None:
    """The state that `act` leads to from `state`, or None where it is not allowed there."""
    allowed, reached = ACTS[act]
    return (reached or state) if state in allowed else None


def is_open(state: TicketState) -> bool:
    """Whether somebody of the city still has to act before there is an answer."""
    return state in _OPEN


OPEN_STATES = tuple(sorted(state.value for state in _OPEN))


class Stage(StrEnum):
    """What a term is set for."""

    sign = "sign"  # 签收: from assignment
    answer = "answer"  # 办结: from assignment
    send_back = "send-back"  # 退单: from assignment
    reopen = "reopen"  # 重办: from closing


@dataclass(frozen=True)
class Term:
    """How many working days a stage has, and who says so. `nature` None means any; 0 days end the same day."""

    stage: Stage
    nature: Nature | None
    urgent: bool
    working_days: int
    source: str


def term_for(terms: Iterable[Term], stage: Stage, nature: Nature | None, *, urgent: bool) -> Term | None:
    """The term that holds: for the urgency before for the nature before the general one; None where none is set.

    An ordinary ticket never gets an urgent one's term; an urgent ticket gets an ordinary term where no urgent is set.
    """
    fitting = [
        term for term in terms if term.stage is stage and term.nature in {None, nature} and (urgent or not term.urgent)
    ]
    return max(fitting, key=lambda term: (term.urgent, term.nature is not None), default=None)


def end_of_day(day: date) -> datetime:
    """The last second of a day in Hengshui: a term of N working days runs until the N-th one is over."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=CHINA)


def is_overdue(state: TicketState, due_at: datetime | None, now: datetime) -> bool:
    """Whether an answer is owed and its time has passed."""
    return is_open(state) and due_at is not None and due_at < now


def mask_name(name: str) -> str:
    """A caller's name with all but its first character hidden: 王建国 becomes 王**."""
    return name[:1] + "*" * max(len(name) - 1, 1)


def mask_phone(phone: str) -> str:
    """A telephone number with its middle hidden: 13900000001 becomes 139****0001; a short one is hidden whole."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 10 else "*" * len(phone)


def canonical_phone(phone: str) -> str:
    """The digits of a telephone number without spaces, hyphens and country code: its look-up hash is made of them."""
    digits = "".join(character for character in phone if character.isdecimal())
    return digits.removeprefix("86") if phone.strip().startswith("+86") else digits


def readable_number(day: date, serial: int) -> str:
    """A ticket's number as people read it out: HS961890-20261124-000123. Serials rise for ever, whatever the day."""
    return f"HS961890-{day:%Y%m%d}-{serial:06d}"
