"""What the action API asks of the directory: opened resources alone, searched, counted and grouped as CKAN does."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, and_, cast, desc, false, func, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from data_hub.bigrams import search_key
from data_hub.resources import repository
from data_hub.resources.ckan.envelope import bad_search
from data_hub.resources.ckan.queries import Term
from data_hub.resources.ckan.views import Department
from data_hub.resources.domain import HELD_IN_REGISTRIES, TABLE_SHAPED, VersionState
from data_hub.resources.models import ResourceRow, ResourceVersionRow
from data_hub.resources.reading import PUBLIC
from data_hub.resources.schemas import Resource
from data_hub.resources.words import spellings
from data_hub.resources.words import words_of as words_of_text

_DESCRIPTION = and_(
    ResourceVersionRow.code == ResourceRow.code, ResourceVersionRow.state == VersionState.published.value
)
_LICENCE = ResourceVersionRow.content["licence"].astext
_ROWS = and_(
    ResourceRow.format.in_([one.value for one in TABLE_SHAPED]), ResourceRow.code.not_in(sorted(HELD_IN_REGISTRIES))
)
_TIMES = {"metadata_modified": ResourceRow.changed_at, "metadata_created": ResourceRow.published_at}
_SORTS: dict[str, Any] = _TIMES | {
    "id": ResourceRow.code, "name": ResourceRow.code, "title": ResourceRow.name_key,
    "title_string": ResourceRow.name_key, "organization": ResourceRow.provider,
}  # fmt: skip
FACETS: dict[str, Any] = {
    "organization": func.lower(ResourceRow.provider), "groups": ResourceRow.theme,
    "tags": func.unnest(ResourceRow.tags), "license_id": _LICENCE,
}  # fmt: skip


def words_of(found: Sequence[Term]) -> list[str]:
    """The words that a text must hold."""
    sought = [term for term in found if term.field is None and not term.negated]
    return [word for term in sought for word in _keys([*term.values, *term.beginnings])]


def conditions(found: Sequence[Term]) -> list[ColumnElement[bool]]:
    """The terms of a query as conditions on opened resources."""
    return [not_(made) if term.negated else made for term in found for made in [_condition(term)]]


def _keys(values: Sequence[str]) -> list[str]:
    return [key for value in values for key in words_of_text(value)]


def _condition(term: Term) -> ColumnElement[bool]:
    if term.span is not None:
        column, (first, last) = _TIMES[str(term.field)], term.span
        bounds = [*([] if first is None else [column >= first]), *([] if last is None else [column <= last])]
        return and_(true(), *bounds)
    if term.field in {None, "title", "notes"}:
        texts = {"title": ResourceRow.name_key, "notes": ResourceRow.summary_key}
        sought = (*term.values, *term.beginnings)  # a word is found wherever it stands, so what it begins is as well
        return or_(false(), *(_holds(value, texts.get(str(term.field))) for value in sought))
    field = str(term.field)
    begun = (_begins(field, value) for value in term.beginnings)
    return or_(false(), *(_equals(field, value) for value in term.values), *begun)


def _holds(value: str, column: Any) -> ColumnElement[bool]:
    if column is None:
        return and_(true(), *repository.holds(_keys([value])))
    return or_(*(func.strpos(column, one) > 0 for one in spellings(search_key(value))))


def _equals(field: str, value: str) -> ColumnElement[bool]:
    always = {"type": "dataset", "dataset_type": "dataset", "state": "active", "private": "false", "capacity": "public"}
    if field in always:
        return true() if value.lower() == always[field] else false()
    made: dict[str, ColumnElement[bool]] = {
        "id": ResourceRow.code == value,
        "name": ResourceRow.code == value,
        "organization": ResourceRow.provider == value.upper(),
        "owner_org": ResourceRow.provider == value.upper(),
        "groups": ResourceRow.theme == value,
        "tags": ResourceRow.tags.contains(cast([value], ARRAY(Text))),
        "license_id": value == _LICENCE,
        "res_format": _ROWS if value.upper() in {"CSV", "API"} else false(),
        "site_id": true(),
    }
    return made[field]


def _begins(field: str, beginning: str) -> ColumnElement[bool]:
    if field == "tags":
        tag = func.unnest(ResourceRow.tags).column_valued("tag")
        return select(tag).where(tag.startswith(beginning, autoescape=True)).correlate(ResourceRow).exists()
    if field in {"organization", "owner_org"}:
        return ResourceRow.provider.startswith(beginning.upper(), autoescape=True)
    columns: dict[str, Any] = {"groups": ResourceRow.theme, "license_id": _LICENCE}
    begun: ColumnElement[bool] = columns.get(field, ResourceRow.code).startswith(beginning, autoescape=True)
    return begun


def order(text: str, words: Sequence[str]) -> list[Any]:
    """The order that a search asks for, `field asc, field desc`; codes make it complete."""
    keys: list[Any] = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, way = part.partition(" ")
        if way.strip().lower() not in {"", "asc", "desc"}:
            raise bad_search(f"排序有误 cannot sort by: {part[:60]}")
        if name in {"score", "relevance"}:
            keys.append(desc(repository.rank(words)))
        elif name in _SORTS:
            keys.append(desc(_SORTS[name]) if way.strip().lower() == "desc" else _SORTS[name])
        else:
            raise bad_search(f"排序有误 cannot sort by: {name[:60]}")
    return [*keys, ResourceRow.code]


async def found(
    session: AsyncSession, chosen: Sequence[ColumnElement[bool]], by: Sequence[Any], *, offset: int, limit: int
) -> list[Resource]:
    """Opened resources in an order, from a place on."""
    statement = (
        select(ResourceRow, ResourceVersionRow.content, ResourceVersionRow.number)
        .join(ResourceVersionRow, _DESCRIPTION)
        .where(*PUBLIC, *chosen)
        .order_by(*by)
        .offset(offset)
        .limit(limit)
    )
    return [Resource.of(*row) for row in (await session.execute(statement)).all()]


async def count(session: AsyncSession, chosen: Sequence[ColumnElement[bool]]) -> int:
    """How many opened resources fit."""
    statement = select(func.count()).select_from(ResourceRow).join(ResourceVersionRow, _DESCRIPTION)
    return int(await session.scalar(statement.where(*PUBLIC, *chosen)) or 0)


async def codes(session: AsyncSession, *, offset: int, limit: int) -> list[str]:
    """The codes of the opened resources."""
    statement = select(ResourceRow.code).where(*PUBLIC).order_by(ResourceRow.code).offset(offset).limit(limit)
    return list(await session.scalars(statement))


async def counted(
    session: AsyncSession, name: str, chosen: Sequence[ColumnElement[bool]] = ()
) -> list[tuple[str, int]]:
    """How many opened resources have which value of a facet, most first."""
    value = FACETS[name].label("value")
    inner = select(value).select_from(ResourceRow).join(ResourceVersionRow, _DESCRIPTION).where(*PUBLIC, *chosen)
    values = inner.subquery()
    statement = select(values.c.value, func.count()).group_by(values.c.value)
    rows = (await session.execute(statement.order_by(desc(func.count()), values.c.value))).all()
    return [(row[0], row[1]) for row in rows]


async def departments(session: AsyncSession, chosen: Sequence[ColumnElement[bool]] = ()) -> list[Department]:
    """The departments that opened something."""
    statement = (
        select(ResourceRow.provider, repository.provider_name(), func.count())
        .where(*PUBLIC, *chosen)
        .group_by(ResourceRow.provider)
        .order_by(ResourceRow.provider)
    )
    return [Department(*row) for row in (await session.execute(statement)).all()]
