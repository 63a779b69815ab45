"""Reads of the directory: search, facets, statistics, versions, rivals for one source."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, Select, Text, and_, cast, desc, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from citykit.pages import cursor_values, next_cursor
from citykit.runtime import Reads
from data_hub import beijing
from data_hub.resources.domain import Opening, ShareType, State, Timeliness, VersionState
from data_hub.resources.finding import Sought
from data_hub.resources.models import ResourceRow, ResourceVersionRow
from data_hub.resources.schemas import Facetted, FacetValue, InsideFacets, PublicFilter, Rival
from data_hub.resources.timeliness import is_overdue, is_unknown, stands
from data_hub.resources.words import words_of

_FACETS = ("resource_class", "theme", "provider", "share_type", "opening", "update_cycle", "format")


def holds(words: Sequence[str]) -> list[ColumnElement[bool]]:
    """Resources in whose name, summary or items every word occurs."""
    sought = Sought(words)
    return [sought.clause(one, Boolean()) for one in sought.conditions]


def rank(words: Sequence[str]) -> ColumnElement[int]:
    """How well a resource fits."""
    sought = Sought(words)
    return sought.clause(sought.rank, Integer())


def chosen(query: Facetted, now: datetime) -> list[ColumnElement[bool]]:
    """The conditions of a query's facets and words."""
    conditions = [
        getattr(ResourceRow, name) == value for name in _FACETS if (value := getattr(query, name)) is not None
    ]
    if query.tag is not None:
        conditions.append(ResourceRow.tags.contains(cast([query.tag], ARRAY(Text))))
    if isinstance(query, InsideFacets):
        conditions += _inside(query, now)
    return conditions + holds(words_of(query.q or ""))


def _inside(query: InsideFacets, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.state is not None:
        conditions.append(ResourceRow.state == query.state.value)
    if query.open_state is not None:
        conditions.append(ResourceRow.open_state == query.open_state.value)
    if query.overdue is not None:
        conditions.append(stands(Timeliness.late if query.overdue else Timeliness.in_time, now))
    if query.timeliness is not None:
        conditions.append(stands(query.timeliness, now))
    return conditions


def order(query: Facetted) -> tuple[Any, ...]:
    """The order of a list: best first where words are searched, else what changed last first."""
    words = words_of(query.q or "")
    if words:
        return desc(rank(words)), ResourceRow.code
    return desc(ResourceRow.changed_at), ResourceRow.code


# Field for field what `ResourceBrief` says; a test compares both.
OPENED = f"""
select json_build_object(
  'code', code, 'name', name, 'summary', summary, 'resource_class', resource_class, 'theme', theme, 'tags', tags,
  'provider', provider, 'provider_name', provider_name, 'source_department', source_department,
  'share_type', share_type, 'opening', opening, 'update_cycle', update_cycle, 'format', format, 'state', state,
  'open_state', open_state, 'version', shown_version,
  'published_at', {beijing.written("published_at", ".MS")},
  'changed_at', {beijing.written("changed_at", ".MS")}
)::text, key, code from (
  select * from (select *, {{key}} as key from resource where resource.public is true{{conditions}}) found
  {{after}}order by key desc, code limit %(limit)s
) page order by key desc, code
"""  # noqa: S608 - no piece of it comes from outside


def opened_search(query: PublicFilter, *, limit: int) -> tuple[str, dict[str, Any]]:
    """The statement of a page of the opened resources, and its values: best first where words are searched.

    Raises BadCursor.
    """
    words = words_of(query.q or "")
    sought = Sought(words)
    values: dict[str, Any] = sought.values | {"limit": limit}
    conditions = [f" and ({one})" for one in sought.conditions]
    for name in _FACETS:
        if (value := getattr(query, name)) is not None:
            conditions.append(f" and resource.{name} = %({name})s::text")
            values[name] = str(value)
    if query.tag is not None:
        conditions.append(" and resource.tags @> %(tag)s::text[]")
        values["tag"] = [query.tag]
    last, after = cursor_values(query, [int if words else datetime, str]), ""
    if last is not None:
        after = "where (key < %(last)s or key = %(last)s and code > %(last_code)s) "
        values["last"], values["last_code"] = last
    key = sought.rank if words else "changed_at"
    return OPENED.format(key=key, conditions="".join(conditions), after=after), values


async def opened_page(reads: Reads, query: PublicFilter) -> str:
    """A page of the opened resources as JSON text of the shape of `Page[ResourceBrief]`. Raises BadCursor."""
    text, values = opened_search(query, limit=query.limit + 1)
    rows = await (await reads.execute(text.encode(), values)).fetchall()
    shown = rows[: query.limit]
    following = json.dumps(next_cursor(shown[-1][1:]) if len(rows) > len(shown) else None)
    return f'{{"items":[{",".join(row[0] for row in shown)}],"next":{following}}}'


async def facets(
    session: AsyncSession, conditions: Sequence[ColumnElement[bool]]
) -> tuple[int, dict[str, tuple[FacetValue, ...]]]:
    """How many resources there are, and how many of them have which value, most first."""
    columns = [getattr(ResourceRow, name) for name in _FACETS]
    counted = (
        select(func.grouping(*columns), func.coalesce(*columns), func.count())
        .where(*conditions)
        .group_by(func.grouping_sets(*(tuple_(one) for one in columns)))
    )
    found: dict[str, list[FacetValue]] = {name: [] for name in _FACETS}
    everything = 2 ** len(columns) - 1
    for mask, value, count in (await session.execute(counted)).all():
        place = len(columns) - (everything - mask).bit_length()
        found[_FACETS[place]].append(FacetValue(value=value, count=count))
    ordered = {name: tuple(sorted(values, key=lambda v: (-v.count, v.value))) for name, values in found.items()}
    return sum(value.count for value in ordered["provider"]), ordered


def provider_name() -> ColumnElement[str]:
    """What the department of a group of resources is called: as its newest description says."""
    newest_first = aggregate_order_by(ResourceRow.provider_name, ResourceRow.changed_at.desc(), ResourceRow.code)
    return func.array_agg(newest_first, type_=ARRAY(Text))[1]


def name_of_provider(code: str) -> Select[str]:
    """What a department is called where it describes resources itself; no row where it never did."""
    own = select(ResourceRow.provider_name).where(ResourceRow.provider == code, ResourceRow.provider_name != code)
    return own.order_by(ResourceRow.changed_at.desc()).limit(1)


def statistics(now: datetime, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Counts of the directory for each department that provides something."""
    published = ResourceRow.state == State.published.value
    free = and_(published, ResourceRow.share_type == ShareType.unconditional.value)
    counts = {
        "catalogued": published,
        "in_progress": ResourceRow.open_version.is_not(None),
        "shared": and_(published, ResourceRow.share_type != ShareType.refused.value),
        "shared_unconditionally": free,
        "opened": and_(published, ResourceRow.opening == Opening.opened.value),
        "opened_conditionally": and_(published, ResourceRow.opening == Opening.conditional.value),
        "overdue": is_overdue(now),
        "update_unknown": is_unknown(),
        "withdrawn": ResourceRow.state == State.withdrawn.value,
    }
    columns: list[Any] = [func.count().filter(condition).label(name) for name, condition in counts.items()]
    found: Select[Any] = (
        select(ResourceRow.provider, provider_name().label("provider_name"), *columns)
        .where(*conditions)
        .group_by(ResourceRow.provider)
        .order_by(ResourceRow.provider)
    )
    return found


async def told_in_public(session: AsyncSession, codes: Iterable[str]) -> set[str]:
    """Those of the resources that the public may know of."""
    wanted = list(dict.fromkeys(codes))
    if not wanted:
        return set()
    found = await session.scalars(select(ResourceRow.code).where(ResourceRow.code.in_(wanted), ResourceRow.public))
    return set(found)


async def public_state(session: AsyncSession) -> tuple[int, datetime | None]:
    """How many resources the public face shows, and when one of them changed or went last; drafts do not count."""
    went = and_(ResourceRow.state == State.withdrawn.value, ResourceRow.opening == Opening.opened.value)
    last = func.max(ResourceRow.changed_at).filter(or_(ResourceRow.public, went))
    statement = select(func.count().filter(ResourceRow.public), last)
    count, changed = (await session.execute(statement)).one()
    return count, changed


async def published(
    session: AsyncSession, conditions: Sequence[ColumnElement[bool]], *, after: str | None, limit: int
) -> list[tuple[ResourceRow, dict[str, Any], int]]:
    """Published resources in the order of their codes, each with its description and the number of its version."""
    statement = (
        select(ResourceRow, ResourceVersionRow.content, ResourceVersionRow.number)
        .join(ResourceVersionRow, ResourceVersionRow.code == ResourceRow.code)
        .where(ResourceVersionRow.state == VersionState.published.value, *conditions)
    )
    if after is not None:
        statement = statement.where(ResourceRow.code > after)
    rows = await session.execute(statement.order_by(ResourceRow.code).limit(limit))
    return [(row[0], row[1], row[2]) for row in rows]


async def code_at(session: AsyncSession, conditions: Sequence[ColumnElement[bool]], place: int) -> str | None:
    """The code at a place in the order of codes, counted from 1; None at places that are not there."""
    if place < 1:
        return None
    statement = select(ResourceRow.code).where(*conditions).order_by(ResourceRow.code).offset(place - 1).limit(1)
    found: str | None = await session.scalar(statement)
    return found


async def version(session: AsyncSession, code: str, number: int | None) -> ResourceVersionRow | None:
    """One version of a description."""
    return None if number is None else await session.get(ResourceVersionRow, (code, number))


async def published_versions(session: AsyncSession, code: str) -> list[int]:
    """The numbers of the versions that are or were published, in order."""
    states = [VersionState.published.value, VersionState.superseded.value, VersionState.withdrawn.value]
    statement = select(ResourceVersionRow.number).where(
        ResourceVersionRow.code == code, ResourceVersionRow.state.in_(states)
    )
    return list(await session.scalars(statement.order_by(ResourceVersionRow.number)))


async def rivals(session: AsyncSession, row: ResourceRow, name_key: str, source: str) -> tuple[Rival, ...]:
    """Published resources that say they are the source of the same data: the same name, or the same directory entry.

    A resource claims to be the source where its provider is its source department.
    """
    if row.provider != source:
        return ()
    same = or_(ResourceRow.name_key == name_key, ResourceRow.directory == row.directory)
    statement = select(ResourceRow).where(
        ResourceRow.code != row.code,
        ResourceRow.state == State.published.value,
        ResourceRow.provider == ResourceRow.source_department,
        ResourceRow.source_department != source,
        same,
    )
    found = await session.scalars(statement.order_by(ResourceRow.code).limit(50))
    return tuple(_rival(one, name_key, row.directory) for one in found)


def _rival(one: ResourceRow, name_key: str, directory: str) -> Rival:
    alike = {"name": one.name_key == name_key, "directory": one.directory == directory}
    return Rival(
        code=one.code, name=one.name, source_department=one.source_department, provider_name=one.provider_name,
        same=tuple(what for what, is_so in alike.items() if is_so),
    )  # fmt: skip
