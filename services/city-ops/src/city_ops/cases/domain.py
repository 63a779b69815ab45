"""The rules of a case: stages, side moves, clocks, and who may not verify. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class CaseState(StrEnum):
    """Where a case stands; each state but the last is waiting for the next stage, whose clock runs."""

    reported = "reported"  # 上报, waits for acceptance
    accepted = "accepted"  # 受理, waits for filing
    filed = "filed"  # 立案, waits for dispatch
    dispatched = "dispatched"  # 派遣, the department handles
    handled = "handled"  # 处置, waits for verification
    verified = "verified"  # 核查, waits for closing
    closed = "closed"  # 结案


class Outcome(StrEnum):
    """How a case ended."""

    resolved = "resolved"  # 已解决
    rejected = "rejected"  # 不予受理 / 不予立案
    void = "void"  # 作废


class SourceKind(StrEnum):
    """Where a case came from."""

    citizen = "citizen"  # 市民上报
    hotline = "hotline"  # 热线转办
    patrol = "patrol"  # 采集员巡查


class PhotoPurpose(StrEnum):
    """What a photo shows."""

    report = "report"  # 上报
    result = "result"  # 处置结果
    verification = "verification"  # 核查


S = CaseState
_OPEN = frozenset(S) - {S.closed}

ACTS: dict[str, tuple[frozenset[CaseState], CaseState]] = {
    "accept": (frozenset({S.reported}), S.accepted),  # 受理
    "reject": (frozenset({S.reported, S.accepted}), S.closed),  # 不予受理、不予立案
    "file": (frozenset({S.accepted}), S.filed),  # 立案
    "dispatch": (frozenset({S.filed}), S.dispatched),  # 派遣
    "send_back": (frozenset({S.dispatched}), S.filed),  # 退回
    "extend": (frozenset({S.dispatched}), S.dispatched),  # 延期
    "handle": (frozenset({S.dispatched}), S.handled),  # 处置
    "verify": (frozenset({S.handled}), S.verified),  # 核查通过
    "rework": (frozenset({S.handled}), S.dispatched),  # 返工
    "close": (frozenset({S.verified}), S.closed),  # 结案
    "void": (_OPEN, S.closed),  # 作废
}

# The stage whose clock runs in each state.
STAGES: dict[CaseState, str] = {
    S.reported: "accept",
    S.accepted: "file",
    S.filed: "dispatch",
    S.dispatched: "handle",
    S.handled: "verify",
    S.verified: "close",
}

# What the reporter and the hotline are told of a step. Notes of officials stay inside.
TOLD: dict[str, str] = {
    "report": "已上报 Reported",
    "accept": "已受理 Accepted",
    "reject": "不予受理 Not accepted",
    "file": "已立案 Filed",
    "dispatch": "已派遣责任部门 Dispatched to the department in charge",
    "send_back": "责任部门退回，重新派遣 Sent back, will be dispatched anew",
    "extend": "处置时限已延长 The time limit was extended",
    "handle": "已处置，等待核查 Handled, will be verified",
    "verify": "核查通过 Verified",
    "rework": "核查未通过，返工处置 Not good enough, handled again",
    "close": "已结案 Closed",
    "void": "已作废 Void",
}


def after(act: str, state: CaseState) -> CaseState | None:
    """The state that `act` leads to from `state`, or None where it is not allowed there."""
    allowed, reached = ACTS[act]
    return reached if state in allowed else None


def is_independent(subject: str, handlers: Iterable[str]) -> bool:
    """Whether `subject` may judge the work: nobody who handled the case, in any round, may verify or close it."""
    return subject not in set(handlers)


class LimitUnit(StrEnum):
    """What a limit counts: working time stands still outside office hours, running hours never do."""

    working_hours = "working-hours"  # 工作时
    working_days = "working-days"  # 工作日
    hours = "hours"  # 小时 (紧急)


@dataclass(frozen=True)
class Limit:
    """A time limit in the unit that its rule is written in."""

    amount: int
    unit: LimitUnit


class Calendar(Protocol):
    """The part of a working calendar that limits need."""

    def add_minutes(self, start: datetime, minutes: int) -> datetime:
        """`start` plus working minutes."""

    def add_days(self, start: datetime, days: int) -> datetime:
        """`start` plus working days."""


def due(calendar: Calendar, start: datetime, limit: Limit) -> datetime:
    """When a limit that begins at `start` ends. Raises what the calendar raises past the end of its data."""
    if limit.unit is LimitUnit.hours:
        return start + timedelta(hours=limit.amount)
    if limit.unit is LimitUnit.working_hours:
        return calendar.add_minutes(start, limit.amount * 60)
    return calendar.add_days(start, limit.amount)


def in_time(at: datetime, due_at: datetime | None) -> bool | None:
    """Whether a stage ended in time; None where it had no clock."""
    return None if due_at is None else at <= due_at
