"""How an opened resource came to be what it is, as far as everybody may know: its versions, and when its rows came.

A version of which the public did not know in its day is not told of afterwards: neither it, nor what it said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from citykit.work import Work
from data_hub.resources.differences import Change, differences
from data_hub.resources.domain import Opening, VersionState
from data_hub.resources.models import ResourceRow, ResourceVersionRow
from data_hub.resources.schemas import Description
from data_hub.resources.timeliness import rows_came

MOST = 10  # versions that are told
_KNOWN = (VersionState.published.value, VersionState.superseded.value, VersionState.withdrawn.value)


@dataclass(frozen=True)
class Step:
    """A version, and what it changed against the one before it that the public knew; None where there is none."""

    number: int
    published_at: datetime
    is_present: bool
    changes: tuple[Change, ...] | None


@dataclass(frozen=True)
class History:
    """The newest versions, newest first; whether there are older ones; when rows came last, None where nobody knows."""

    steps: tuple[Step, ...]
    has_older: bool
    rows_came_at: datetime | None


async def history(work: Work, code: str) -> History:
    """The history of an opened resource."""
    content = ResourceVersionRow.content
    statement = (
        select(ResourceVersionRow)
        .where(
            ResourceVersionRow.code == code,
            ResourceVersionRow.state.in_(_KNOWN),
            ResourceVersionRow.published_at.is_not(None),
            content["opening"].astext == Opening.opened.value,
            content["public_metadata"].astext.is_distinct_from("false"),
        )
        .order_by(ResourceVersionRow.number.desc())
        .limit(MOST + 1)
    )
    rows = (await work.session.scalars(statement)).all()
    came = await work.session.scalar(select(rows_came()).where(ResourceRow.code == code))
    said = [*map(_said, rows), None]
    steps = (_step(row, said[at], said[at + 1]) for at, row in enumerate(rows[:MOST]))
    return History(steps=tuple(steps), has_older=len(rows) > MOST, rows_came_at=came)


def _said(row: ResourceVersionRow) -> Mapping[str, Any]:
    """What a version says, with what it left to the rules of its day filled in."""
    return Description.model_validate(row.content).model_dump(mode="json")


def _step(row: ResourceVersionRow, said: Mapping[str, Any] | None, before: Mapping[str, Any] | None) -> Step:
    assert row.published_at is not None
    changes = None if said is None or before is None else tuple(differences(before, said))
    is_present = row.state == VersionState.published.value
    return Step(number=row.number, published_at=row.published_at, is_present=is_present, changes=changes)
