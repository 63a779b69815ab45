"""归档: what the registries knew and no longer know, month by month as Parquet, for DuckDB, for Spark, for years.

A month that is over never changes again: a value's knowledge ends in the moment in which something else is learnt. So
each file is written once, and asking again adds the months that are new. What a long act learns becomes visible when
it ends, with the moment in which it was learnt: a month is written some days after its end, when no such act is left.
The files stand beside the database, which keeps everything; they answer "as of" questions over years without it. Values
are masked as they are on the wire, and whom the firms' representatives are by number is left out: an archive is no way
around a purpose.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection, sql

from citykit.clock import CHINA
from citykit.service import Task
from citykit.work import Work
from data_hub import beijing
from data_hub.registries.legal_entities.domain import EntityField
from data_hub.registries.population.domain import SEALED, PersonField, mask_name, masked
from data_hub.registries.provenance import EVER
from data_hub.registries.sources.domain import Registry

ROWS_PER_FILE = 500_000
SETTLED = timedelta(days=3)  # how long after its end a month is written
_TABLES = {Registry.population: ("person_value", "person"), Registry.legal_entities: ("legal_entity_value", "uscc")}
_MONTHS = sql.SQL(
    f"select distinct date_trunc('month', known_to {beijing.AT}) from {{table}}"  # noqa: S608 - no piece of it comes from outside
    " where known_to < %(before)s order by 1"
)
_ROWS = sql.SQL(
    "select v.{subject}::text, v.field, v.value, v.true_from, v.true_to, v.known_from, v.known_to, s.department,"
    " s.batch, s.stated_at from {table} v join registry_statement s on s.id = v.statement"
    " where v.known_to >= %(first)s and v.known_to < %(next)s and v.field <> 'legal_representative'"
    " order by v.{subject}, v.field, v.known_from, v.true_from"
)
COLUMNS = (
    "subject", "field", "value", "true_from", "true_to", "known_from", "known_to", "department", "batch", "stated_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the archive: where it lies below the folder, what it holds, its SHA-256."""

    file: str
    rows: int
    sha256: str


async def archive(work: Work, folder: Path) -> list[Part]:
    """Write the months that are over since days and not written yet; which files were made. The clock says which."""
    settled = work.clock.now().astimezone(CHINA) - SETTLED
    before = settled.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    connection = await work.driver()
    await connection.execute("set local statement_timeout = 0")
    made: list[Part] = []
    for registry, (table, subject) in _TABLES.items():
        named = {"table": sql.Identifier(table), "subject": sql.Identifier(subject)}
        months = await (await connection.execute(_MONTHS.format(**named), {"before": before})).fetchall()
        for (month,) in months:
            place = folder / f"registry={registry.value}" / f"month={month:%Y-%m}"
            if not (place / "manifest.json").exists():
                made += await _month(connection, registry, _ROWS.format(**named), month.replace(tzinfo=CHINA), place)
    return made


async def _month(
    connection: AsyncConnection[Any], registry: Registry, statement: sql.Composed, month: datetime, place: Path
) -> list[Part]:
    """Write one month; its manifest comes last, so that a month without one counts as not written."""
    following = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    await asyncio.to_thread(place.mkdir, parents=True, exist_ok=True)
    parts: list[Part] = []
    async with connection.cursor(name="archive") as cursor:
        await cursor.execute(statement, {"first": month, "next": following})
        while rows := await cursor.fetchmany(ROWS_PER_FILE):
            file = place / f"part-{len(parts):04d}.parquet"
            parts.append(await asyncio.to_thread(_write, registry, rows, file))
    told = json.dumps([asdict(part) for part in parts], indent=1) + "\n"
    await asyncio.to_thread(_replace, place / "manifest.json", told.encode())
    return parts


def _write(registry: Registry, rows: list[tuple[Any, ...]], file: Path) -> Part:
    import polars  # noqa: PLC0415 - heavy, and most processes never need it

    instant = polars.Datetime("us", "UTC")
    kinds = dict.fromkeys(COLUMNS, polars.String()) | {
        "true_from": polars.Date(), "true_to": polars.Date(), "known_from": instant, "known_to": instant,
        "stated_at": instant,
    }  # fmt: skip
    frame = polars.DataFrame(list(_shown(registry, rows)), schema=kinds, orient="row")
    fresh = file.with_suffix(".fresh")
    frame.write_parquet(fresh, compression="zstd", statistics=True)
    digest = hashlib.sha256(fresh.read_bytes()).hexdigest()
    fresh.replace(file)
    return Part(str(file.relative_to(file.parents[2])), len(rows), digest)


def _shown(registry: Registry, rows: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for subject, field, value, true_from, *rest in rows:
        start = None if true_from == EVER else true_from
        yield subject, field, _masked(registry, field, value), start, *rest


def _masked(registry: Registry, field: str, value: str | None) -> str | None:
    if registry is Registry.population:
        known = PersonField(field)
        return value if known in SEALED else masked(known, value)  # sealed fields stand masked in the table
    return mask_name(value) if field == EntityField.representative_name and value is not None else value


def _replace(file: Path, content: bytes) -> None:
    fresh = file.with_suffix(".fresh")
    fresh.write_bytes(content)
    os.replace(fresh, file)  # noqa: PTH105 - whole or not at all


async def archive_history(work: Work) -> None:
    """Archive what is due, where the deployment names a folder for it."""
    folder: Path | None = work.settings.archive_dir
    if folder is not None:
        await archive(work, folder)


TASKS = (Task("data-hub.registries.archive", archive_history, every="17 3 * * *"),)
