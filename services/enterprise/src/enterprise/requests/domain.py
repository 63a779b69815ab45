"""The rules of a request, without I/O: its states and acts, who gave it up to whom, and when it is overdue."""

from enum import StrEnum


class RequestState(StrEnum):
    """Where a request stands."""

    submitted = "submitted"  # 已提交
    accepted = "accepted"  # 已受理, waiting for its department
    assigned = "assigned"  # 已派单, the department has not yet spoken to the firm
    in_progress = "in_progress"  # 办理中
    paused = "paused"  # 暂停计时, with a reason
    answered = "answered"  # 已答复, waiting for the firm
    confirmed = "confirmed"  # 企业已确认
    reopened = "reopened"  # 企业不满意, back to the department
    closed = "closed"  # 已办结


class Act(StrEnum):
    """What can be done to a request."""

    accept = "accept"
    assign = "assign"
    contact = "contact"
    plan = "plan"
    pause = "pause"
    resume = "resume"
    answer = "answer"
    confirm = "confirm"
    reopen = "reopen"
    close = "close"
    withdraw = "withdraw"


class Outcome(StrEnum):
    """How a request ended."""

    resolved = "resolved"  # the firm confirmed the answer
    answered = "answered"  # answered, and the firm said nothing more
    declined = "declined"  # 不予受理, with the reason and where to turn instead
    withdrawn = "withdrawn"  # taken back by the firm


class Side(StrEnum):
    """Who speaks in the trail."""

    firm = "firm"  # 企业
    department = "department"  # 承办部门
    supervisor = "supervisor"  # 督办
    system = "system"  # 系统


_S = RequestState
_IN_HAND = frozenset({_S.assigned, _S.in_progress, _S.reopened})

ACTS: dict[Act, tuple[frozenset[RequestState], RequestState]] = {
    Act.accept: (frozenset({_S.submitted}), _S.accepted),
    Act.assign: (_IN_HAND | {_S.accepted}, _S.assigned),
    Act.contact: (frozenset({_S.assigned, _S.reopened}), _S.in_progress),
    Act.plan: (frozenset({_S.in_progress}), _S.in_progress),
    Act.pause: (frozenset({_S.in_progress}), _S.paused),
    Act.resume: (frozenset({_S.paused}), _S.in_progress),
    Act.answer: (frozenset({_S.in_progress}), _S.answered),
    Act.confirm: (frozenset({_S.answered}), _S.confirmed),
    Act.reopen: (frozenset({_S.answered}), _S.reopened),
    Act.close: (frozenset({_S.submitted, _S.answered, _S.confirmed}), _S.closed),
    Act.withdraw: (_IN_HAND | {_S.submitted, _S.accepted, _S.paused}, _S.closed),
}

# The states in which somebody in government still owes the firm a step: only these can be overdue.
OWED = _IN_HAND | {_S.submitted, _S.accepted}


def after(act: Act, state: RequestState) -> RequestState | None:
    """The state that `act` leads to from `state`, or None where it is not allowed there."""
    allowed, reached = ACTS[act]
    return reached if state in allowed else None


def outcome_of(act: Act, state: RequestState) -> Outcome:
    """How a request ends when `act` ends it out of `state`: nobody can write a better end than what happened."""
    if act is Act.withdraw:
        return Outcome.withdrawn
    ends = {_S.submitted: Outcome.declined, _S.confirmed: Outcome.resolved}
    return ends.get(state, Outcome.answered)


# Which milestones an act meets. An answer meets the earlier ones too: who is answered was also contacted.
MEETS: dict[Act, tuple[str, ...]] = {
    Act.contact: ("contact",),
    Act.plan: ("plan",),
    Act.answer: ("contact", "plan", "resolve", "extended"),
}
