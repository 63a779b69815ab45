"""Reads and writes structures, series and vintages; what may not be shown is taken out here, before all else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from citykit.work import Work
from data_hub.registries.macro_economy.domain import Ref
from data_hub.registries.macro_economy.models import ArtefactRow, ObservationRow, SeriesRow

CODELIST, CONCEPTS, STRUCTURE, FLOW = "codelist", "conceptscheme", "datastructure", "dataflow"
# A cell that is confidential by its present or by the asked vintage is hidden in both: yesterday's value tells today's.
_HIDDEN = "(o.conf_status <> 'F' or o.secondary or p.conf_status <> 'F' or p.secondary)"
_CONFIDENTIALITY = (
    "case when o.conf_status <> 'F' then o.conf_status when o.secondary then 'D'"
    " when %(may)s then 'F' when p.conf_status <> 'F' then p.conf_status when p.secondary then 'D' else 'F' end"
)


@dataclass(frozen=True, slots=True)
class Cells:
    """Which cells are asked for: the codes of each position, bounds of time, vintages."""

    flow: str
    codes: Sequence[list[str] | None]
    start: date | None = None
    end: date | None = None
    updated_after: datetime | None = None
    as_of: datetime | None = None
    history: bool = False
    first: int | None = None
    last: int | None = None
    may_see: bool = False

    @property
    def values(self) -> dict[str, Any]:
        """The values of the statement's parameters."""
        named: dict[str, Any] = {f"c{place}": codes for place, codes in enumerate(self.codes) if codes is not None}
        return named | {
            "flow": self.flow, "start": self.start, "end": self.end, "after": self.updated_after, "as_of": self.as_of,
            "first": self.first or 0, "last": self.last or 0, "may": self.may_see,
        }  # fmt: skip

    def series_condition(self) -> str:
        """The condition on series."""
        parts = ["s.flow = %(flow)s"]
        parts += [f"s.codes[{n + 1}] = any(%(c{n})s)" for n, codes in enumerate(self.codes) if codes is not None]
        return " and ".join(parts)

    def condition(self) -> str:
        """The condition on vintages of observations."""
        parts = [self.series_condition()]
        if self.start is not None:
            parts.append("o.period_start >= %(start)s")
        if self.end is not None:
            parts.append("o.period_end <= %(end)s")
        if self.updated_after is not None:
            parts.append("o.known_from > %(after)s")
        if self.as_of is not None:
            parts.append("o.known_from <= %(as_of)s")
        if self.as_of is not None and not self.history:
            parts.append("(o.known_to is null or o.known_to > %(as_of)s)")
        if self.as_of is None and not self.history:
            parts.append("o.known_to is null")
        return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class Series:
    """A series with what holds for all of it."""

    key: str
    codes: tuple[str, ...]
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """One vintage of a value as its reader may see it."""

    key: str
    period: str
    start: date
    end: date
    value: Decimal | None
    obs_status: str
    conf_status: str
    attributes: dict[str, str]
    known_from: datetime
    known_to: datetime | None
    release: str
    department: str
    department_name: str | None
    batch: str | None
    reason: str | None


class Structures:
    """The artefacts within one transaction."""

    def __init__(self, work: Work) -> None:
        self._session = work.session

    async def one(self, kind: str, ref: Ref, *, lock: bool = False) -> ArtefactRow | None:
        """An artefact; held until the act ends where `lock` says so."""
        asked = select(ArtefactRow).where(
            ArtefactRow.kind == kind, ArtefactRow.agency == ref.agency, ArtefactRow.id == ref.id,
            ArtefactRow.version == ref.version,
        )  # fmt: skip
        if lock:
            asked = asked.with_for_update().execution_options(populate_existing=True)
        return await self._session.scalar(asked)

    async def all(self) -> list[ArtefactRow]:
        """All artefacts, in order."""
        asked = select(ArtefactRow).order_by(ArtefactRow.kind, ArtefactRow.agency, ArtefactRow.id, ArtefactRow.version)
        return list((await self._session.scalars(asked)).all())

    async def flows(self, agency: str, name: str) -> list[ArtefactRow]:
        """The versions of a flow; of any agency where it is `all`."""
        asked = select(ArtefactRow).where(ArtefactRow.kind == FLOW, ArtefactRow.id == name)
        if agency != "all":
            asked = asked.where(ArtefactRow.agency == agency)
        return list((await self._session.scalars(asked)).all())


class Vintages:
    """The series and observations within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def count(self, cells: Cells, most: int) -> int:
        """How many observations are asked for, counted to `most` + 1."""
        asked = (
            "select s.id, o.period, o.period_start from indicator_series s"  # noqa: S608 - conditions are written here, values are bound
            f" join indicator_observation o on o.series = s.id where {cells.condition()}"
        )
        if cells.first or cells.last:
            asked = (
                "select id from (select n.*,"  # noqa: S608 - as above
                " dense_rank() over (partition by id order by period_start, period) as place,"
                " dense_rank() over (partition by id order by period_start desc, period desc) as back"
                f" from ({asked}) n) m where place <= %(first)s or back <= %(last)s"
            )
        asked = f"select count(*) from ({asked} limit {most + 1}) bounded"  # noqa: S608 - as above
        row = await (await (await self.work.driver()).execute(asked, cells.values)).fetchone()
        assert row is not None
        return int(row[0])

    async def series(self, cells: Cells) -> list[Series]:
        """The series asked for, by key."""
        asked = (
            "select s.key, s.codes, s.attributes from indicator_series s"  # noqa: S608 - as above
            f" where {cells.series_condition()} order by s.key"
        )
        found = await (await self.work.driver()).execute(asked, cells.values)
        return [Series(key, tuple(codes), attributes) for key, codes, attributes in await found.fetchall()]

    async def extents(self, cells: Cells) -> list[tuple[list[str], date, date, int]]:
        """Of each series asked for: its codes, its first and last day, how many observations."""
        asked = (
            "select s.codes, min(o.period_start), max(o.period_end), count(*)"  # noqa: S608 - as above
            " from indicator_series s join indicator_observation o on o.series = s.id"
            f" where {cells.condition()} group by s.id, s.codes"
        )
        found = await (await self.work.driver()).execute(asked, cells.values)
        return list(await found.fetchall())

    async def seen(self, cells: Cells) -> list[Seen]:
        """The observations asked for, by series, period and vintage, without what the reader may not see."""
        asked = (
            "select s.key, o.period, o.period_start, o.period_end,"  # noqa: S608 - as above
            f" case when %(may)s or not {_HIDDEN} then o.value end, o.obs_status, {_CONFIDENTIALITY},"
            f" case when %(may)s or not {_HIDDEN} then o.attributes else '{{}}' end, o.known_from, o.known_to,"
            f" r.release, r.department, r.department_name, r.batch,"
            f" case when %(may)s or not {_HIDDEN} then r.reason end,"
            " dense_rank() over (partition by s.id order by o.period_start, o.period) as place,"
            " dense_rank() over (partition by s.id order by o.period_start desc, o.period desc) as back"
            " from indicator_series s join indicator_observation o on o.series = s.id"
            " join indicator_observation p on p.series = o.series and p.period = o.period and p.known_to is null"
            f" join indicator_release r on r.id = o.release where {cells.condition()}"
        )
        bounded = f"select * from ({asked}) n"  # noqa: S608 - as above
        if cells.first or cells.last:
            bounded += " where place <= %(first)s or back <= %(last)s"
        bounded += " order by key, period_start, period, known_from"
        found = await (await self.work.driver()).execute(bounded, cells.values)
        return [Seen(*row[:15]) for row in await found.fetchall()]

    def hidden(self, flow: str) -> Select[Any]:
        """The cells of a flow that are not shown to everybody, as they are now: key, period, value, why hidden."""
        cell = ObservationRow
        columns: list[Any] = [SeriesRow.key, cell.period, cell.value, cell.conf_status, cell.secondary]
        asked = select(*columns).join_from(SeriesRow, cell, cell.series == SeriesRow.id)
        return asked.where(
            SeriesRow.flow == flow, cell.known_to.is_(None), or_(cell.conf_status != "F", cell.secondary)
        )

    async def present(self, flow: str, periods: list[str]) -> list[tuple[Any, ...]]:
        """The cells of a flow in these periods as they are now: series, codes, period, value, statuses."""
        found = await (await self.work.driver()).execute(
            "select s.id, s.key, s.codes, o.period, o.value, o.obs_status, o.conf_status, o.secondary, o.attributes"
            " from indicator_series s join indicator_observation o on o.series = s.id"
            " where s.flow = %s and o.period = any(%s) and o.known_to is null",
            (flow, periods),
        )
        return await found.fetchall()

    async def series_ids(self, flow: str, keys: dict[str, tuple[UUID, list[str], str]]) -> dict[str, UUID]:
        """The ids of series; those that are new are made, stated attributes replace those of the same name."""
        driver = await self.work.driver()
        listed = [(made, flow, key, codes, attributes) for key, (made, codes, attributes) in sorted(keys.items())]
        async with driver.cursor() as cursor:
            await cursor.executemany(
                "insert into indicator_series (id, flow, key, codes, attributes) values (%s, %s, %s, %s, %s::jsonb)"
                " on conflict (flow, key) do update"
                " set attributes = indicator_series.attributes || excluded.attributes",
                listed,
            )
        found = await driver.execute(
            "select key, id from indicator_series where flow = %s and key = any(%s)", (flow, list(keys))
        )
        return dict(await found.fetchall())

    async def write(self, rows: list[tuple[Any, ...]], at: datetime) -> None:
        """End the present vintage of each cell and begin the next: series, period, start, end, value, statuses, …"""
        driver = await self.work.driver()
        await driver.execute(
            "update indicator_observation o set known_to = %s from unnest(%s::uuid[], %s::text[]) as n(series, period)"
            " where o.series = n.series and o.period = n.period and o.known_to is null",
            (at, [row[0] for row in rows], [row[1] for row in rows]),
        )
        columns = (
            "series, period, period_start, period_end, value, obs_status, conf_status, secondary, attributes, release"
        )
        async with (
            driver.cursor() as cursor,
            cursor.copy(f"copy indicator_observation ({columns}, known_from) from stdin") as copy,
        ):
            for row in rows:
                await copy.write_row((*row, at))
