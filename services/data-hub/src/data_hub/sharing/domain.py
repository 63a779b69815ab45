"""The rules of sharing: the life of an application, what a grant allows, and when it no longer does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Delivery(StrEnum):
    """How granted data may be delivered."""

    query = "query"  # 查询接口
    file = "file"  # 批量文件
    subscription = "subscription"  # 变更订阅


class ApplicationState(StrEnum):
    """Where an application stands."""

    submitted = "submitted"  # 待审批
    supplement = "supplement"  # 待补正: the clock stands still
    granted = "granted"  # 已同意
    refused = "refused"  # 不同意
    disputed = "disputed"  # 争议协调中
    withdrawn = "withdrawn"  # 已撤回


# act → the states it may begin in, and the state it leads to
ACTS: dict[str, tuple[frozenset[ApplicationState], ApplicationState]] = {
    "extend": (frozenset({ApplicationState.submitted}), ApplicationState.submitted),
    "ask-supplement": (frozenset({ApplicationState.submitted}), ApplicationState.supplement),
    "supplement": (frozenset({ApplicationState.supplement}), ApplicationState.submitted),
    "grant": (frozenset({ApplicationState.submitted}), ApplicationState.granted),
    "refuse": (frozenset({ApplicationState.submitted}), ApplicationState.refused),
    "withdraw": (frozenset({ApplicationState.submitted, ApplicationState.supplement}), ApplicationState.withdrawn),
    "dispute": (frozenset({ApplicationState.refused}), ApplicationState.disputed),
    "uphold-dispute": (frozenset({ApplicationState.disputed}), ApplicationState.submitted),
    "dismiss-dispute": (frozenset({ApplicationState.disputed}), ApplicationState.refused),
}
OPEN_STATES = frozenset({ApplicationState.submitted, ApplicationState.supplement, ApplicationState.disputed})
# Whose clock runs: with the source department, or with the data bureau in a dispute.
RUNNING_STATES = frozenset({ApplicationState.submitted, ApplicationState.disputed})


def after(act: str, state: ApplicationState) -> ApplicationState | None:
    """The state that `act` leads to from `state`, or None where it is not allowed."""
    begins, reached = ACTS[act]
    return reached if state in begins else None


class GrantState(StrEnum):
    """Whether a grant works. That it has run out is a matter of the clock and no state."""

    active = "active"
    suspended = "suspended"
    revoked = "revoked"


class Why(StrEnum):
    """Why a call is not covered by a grant."""

    none = "none"
    not_yet = "not-yet"
    expired = "expired"
    suspended = "suspended"
    revoked = "revoked"
    quota = "quota"
    purpose = "purpose"
    delivery = "delivery"
    unshared = "unshared"


class Outcome(StrEnum):
    """How a call ended."""

    served = "served"
    refused = "refused"


class FileState(StrEnum):
    """Where a batch file stands."""

    asked = "asked"  # 待生成
    made = "made"  # 可下载
    refused = "refused"  # 未获准
    gone = "gone"  # 已清除


class DeliveryFormat(StrEnum):
    """How a batch file is written."""

    csv = "csv"
    ndjson = "ndjson"


class NoticeKind(StrEnum):
    """What a department is told about."""

    quality = "quality"  # 质量问题
    correction = "correction"  # 校核更正
    recall = "recall"  # 撤回
    change = "change"  # 数据变更
    delivery = "delivery"  # 逾期未提供: to the source department


@dataclass(frozen=True)
class Held:
    """What decides whether a grant covers a call right now."""

    state: GrantState
    valid_from: datetime
    valid_until: datetime
    deliveries: tuple[Delivery, ...]
    daily_quota_rows: int | None
    rows_today: int

    def why_not(self, now: datetime, delivery: Delivery) -> Why | None:
        """Why a call at `now` is not covered, or None where it is."""
        quota = self.daily_quota_rows
        reasons = (
            (self.state is GrantState.revoked, Why.revoked),
            (now >= self.valid_until, Why.expired),
            (self.state is GrantState.suspended, Why.suspended),
            (now < self.valid_from, Why.not_yet),
            (delivery not in self.deliveries, Why.delivery),
            (quota is not None and self.rows_today >= quota, Why.quota),
        )
        return next((why for holds, why in reasons if holds), None)


# The nearer a reason lies to a working grant, the more it helps the caller to hear it.
_NEARNESS = (Why.quota, Why.delivery, Why.not_yet, Why.suspended, Why.revoked, Why.expired)


def nearest(reasons: Iterable[Why]) -> Why:
    """The reason to tell where a department holds several grants and none covers the call; `none` without any."""
    found = set(reasons)
    return next((why for why in _NEARNESS if why in found), Why.none)


@dataclass(frozen=True)
class Item:
    """An information item of a resource, as far as sharing looks at it."""

    name: str
    sensitive: bool


def chosen(wanted: Sequence[str] | None, items: Sequence[Item]) -> tuple[str, ...]:
    """The columns that a wish means: all that are not sensitive where none is named, else those named, in their order.

    Secret and personal items come along only where they are named. Raises KeyError for a name that is no item.
    """
    if wanted is None:
        return tuple(item.name for item in items if not item.sensitive)
    known = {item.name for item in items}
    for name in wanted:
        if name not in known:
            raise KeyError(name)
    named = set(wanted)
    return tuple(item.name for item in items if item.name in named)


@dataclass(frozen=True)
class Term:
    """A legal time limit in working days, from a day on, with its source."""

    step: str
    valid_from: date
    working_days: int
    source: str


def term_in_force(terms: Iterable[Term], step: str, day: date) -> Term | None:
    """The newest term of `step` that was in force on `day`."""
    found = [term for term in terms if term.step == step and term.valid_from <= day]
    return max(found, key=lambda term: term.valid_from, default=None)
