"""更新及时性: whether new data of a resource is late by its update cycle, in time, or nobody can know it here.

Of a resource with rows of its own the last delivery counts, of one whose rows a registry keeps the registry's last
change. What is only described (files, interfaces elsewhere) is not watched, and neither is what leaves no time behind.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Text,
    Uuid,
    and_,
    case,
    column,
    desc,
    func,
    literal,
    null,
    or_,
    select,
    table,
)

from data_hub.resources.domain import DIVISIONS, LEGAL_ENTITIES, LICENCES, POPULATION, State, Timeliness, UpdateCycle
from data_hub.resources.domain import patience as patience_of
from data_hub.resources.models import ResourceRow

_MOMENT = DateTime(timezone=True)
# These tables belong to the slices that fill them; what is read of them is when anything came last.
_DATASET = table(
    "dataset", column("resource", Text), column("refreshed_at", _MOMENT), column("made_at", _MOMENT)
)  # fmt: skip
_CHANGE = table(
    "registry_change", column("registry_name", Text), column("number", BigInteger), column("id", Uuid),
    column("changed_at", _MOMENT),
)  # fmt: skip
_EDITION = table("reference_edition", column("name", Text), column("loaded_at", _MOMENT))
_LICENCE = table("licence", column("id", Uuid), column("issued_at", _MOMENT))


def _last_change(registry: str) -> ColumnElement[datetime]:
    """Changes get their numbers when somebody reads them: those without one are the newest."""
    own = select(_CHANGE.c.changed_at).where(_CHANGE.c.registry_name == registry)
    fresh = own.where(_CHANGE.c.number.is_(None)).order_by(desc(_CHANGE.c.id)).limit(1)
    numbered = own.where(_CHANGE.c.number.is_not(None)).order_by(desc(_CHANGE.c.number)).limit(1)
    return func.coalesce(fresh.scalar_subquery(), numbered.scalar_subquery())


def rows_came() -> ColumnElement[Any]:
    """When rows came last; null where none did, or nobody knows."""
    return _latest(_DATASET.c.refreshed_at)


def _since() -> ColumnElement[Any]:
    """Since when there is no newer data: from when rows came last, or could; null where nobody knows."""
    return _latest(func.coalesce(_DATASET.c.refreshed_at, _DATASET.c.made_at))


def _latest(own: ColumnElement[Any]) -> ColumnElement[Any]:
    held = {
        POPULATION: _last_change("population"),
        LEGAL_ENTITIES: _last_change("legal-entities"),
        LICENCES: select(_LICENCE.c.issued_at).order_by(desc(_LICENCE.c.id)).limit(1).scalar_subquery(),
        DIVISIONS: select(func.max(_EDITION.c.loaded_at)).where(_EDITION.c.name == "divisions").scalar_subquery(),
    }
    rows = select(own).where(_DATASET.c.resource == ResourceRow.code)
    return case(
        *((ResourceRow.code == code, moment) for code, moment in held.items()),
        else_=rows.correlate(ResourceRow).scalar_subquery(),
    )


def _due() -> ColumnElement[bool]:
    cycles = [cycle.value for cycle in UpdateCycle if patience_of(cycle) is not None]
    return and_(ResourceRow.state == State.published.value, ResourceRow.update_cycle.in_(cycles))


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Resources whose newest data is older than their update cycle allows."""
    limits = [
        (ResourceRow.update_cycle == cycle.value, literal(now - patience, _MOMENT))
        for cycle in UpdateCycle
        if (patience := patience_of(cycle)) is not None
    ]
    return and_(_due(), func.coalesce(_since() < case(*limits, else_=null()), literal(value=False)))


def is_unknown() -> ColumnElement[bool]:
    """Resources of which new data is due, and nobody knows whether it came."""
    return and_(_due(), _since().is_(None))


def stands(wanted: Timeliness, now: datetime) -> ColumnElement[bool]:
    """Resources that stand so; where nothing is due, nothing is late."""
    if wanted is Timeliness.late:
        return is_overdue(now)
    if wanted is Timeliness.unknown:
        return is_unknown()
    return ~or_(is_overdue(now), is_unknown())
