"""The rules of an order 即时交办: its states, and which hour begins one. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from city_ops.environment.domain import HOUR


class OrderState(StrEnum):
    """Where an order stands."""

    raised = "raised"  # 已生成, the department is being looked up
    assigned = "assigned"  # 已交办
    acknowledged = "acknowledged"  # 已签收
    done = "done"  # 已办结, with a report


ACTS: dict[str, tuple[frozenset[OrderState], OrderState]] = {
    "assign": (frozenset({OrderState.raised}), OrderState.assigned),
    "acknowledge": (frozenset({OrderState.assigned}), OrderState.acknowledged),
    "report": (frozenset({OrderState.acknowledged}), OrderState.done),
}


def after(act: str, state: OrderState) -> OrderState | None:
    """The state that `act` leads to from `state`, or None where it is not allowed there."""
    allowed, reached = ACTS[act]
    return reached if state in allowed else None


@dataclass(frozen=True)
class StationOrders:
    """What is known of a station's orders: whether one is open, and the hour of the last one."""

    is_open: bool = False
    last_hour: datetime | None = None


def crossing(
    indices: Mapping[datetime, int | None], candidates: Iterable[datetime], above: int, orders: StationOrders
) -> datetime | None:
    """The first of the `candidates` (hours of one station) whose index crosses `above`; None where nothing is to do.

    An hour crosses where it lies above and the hour before does not (or is unknown). Nothing is raised while an
    order is open, nor for an hour that is not later than the last order's: that order answered what comes in late.
    """
    if orders.is_open:
        return None
    for hour in sorted(candidates):
        index = indices.get(hour)
        if index is None or index <= above or (orders.last_hour is not None and hour <= orders.last_hour):
            continue
        before = indices.get(hour - HOUR)
        if before is None or before <= above:
            return hour
    return None
