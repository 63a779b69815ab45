"""Writes of very many records at once: acts that gather what they write, and loads.

`at_once` lets the acts of a registry gather what they learn and write it in sets; the rules are those of the acts.
`loading` loads more than there is: rows first, keys, exclusions and indexes afterwards.

An index that grows row by row costs many times what it costs to build of sorted rows, and the exclusion of two truths
most of all. So where a load is larger than what is there, the tables give up their indexes for its length and get
them back, each by the definition that the database itself told. All of it is one transaction in the service's own
role: who reads meanwhile waits, and a load that fails leaves the tables as they were, with all that guards them.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from psycopg import AsyncConnection, sql

from citykit.work import Work

Connection = AsyncConnection[Any]
# Constraints and indexes of tables, with the words that make them again; keys before what may lean on them.
_GUARDS = """
select 'constraint' as kind, r.relname, c.conname as name, pg_get_constraintdef(c.oid) as definition
from pg_constraint c join pg_class r on r.oid = c.conrelid
where c.contype in ('p', 'u', 'x') and r.relname = any(%(tables)s) and r.relnamespace = current_schema()::regnamespace
union all
select 'index', r.relname, x.relname, pg_get_indexdef(i.indexrelid)
from pg_index i join pg_class r on r.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
where r.relname = any(%(tables)s) and r.relnamespace = current_schema()::regnamespace
  and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
order by 1, 2, 3
"""
_MEMORY = "512MB"


class Gathers(Protocol):
    """Something that writes at once, or lets what it has to write wait."""

    @property
    def gathers(self) -> bool:
        """Whether it waits."""

    def gather(self) -> None:
        """Let it wait from now on."""

    async def write(self) -> None:
        """Write what waits."""

    def let_go(self) -> None:
        """Write each thing at once again, and forget what still waits."""


@asynccontextmanager
async def at_once(work: Work, held: dict[Any, Any], *writers: Gathers) -> AsyncIterator[None]:
    """Within the block `writers` gather what they have to write; it is written at its end, unless the block fails.

    Blocks may lie in each other: the outermost one writes. `held` keeps the records that are held within it.
    """
    if all(one.gathers for one in writers):
        yield
        return
    held.clear()
    for one in writers:
        one.gather()
    try:
        yield
        await work.session.flush()
        for one in writers:
            await one.write()
    finally:
        held.clear()
        for one in writers:
            one.let_go()


async def count(connection: Connection, table: str, *, most: int) -> int:
    """How many rows a table has, counted no further than `most`."""
    question = sql.SQL("select count(*) from (select from {} limit {}) counted").format(sql.Identifier(table), most)
    row = await (await connection.execute(question)).fetchone()
    return int(row[0]) if row else 0


@asynccontextmanager
async def loading(connection: Connection, tables: Iterable[str], rows: int) -> AsyncIterator[bool]:
    """Within the block `rows` records are loaded into `tables`, the first of which holds one row for each.

    Answers whether their indexes are gone for its length: that is worth it where more comes than is there.
    """
    listed = list(tables)
    await connection.execute("set local statement_timeout = 0")
    if rows <= await count(connection, listed[0], most=rows + 1):
        yield False
        return
    guards = await (await connection.execute(_GUARDS, {"tables": listed})).fetchall()
    for kind, table, name, _ in guards:
        await connection.execute(_without(kind, table, name))
    yield True
    await connection.execute(sql.SQL("set local maintenance_work_mem = {}").format(_MEMORY))
    for kind, table, name, definition in guards:
        await connection.execute(_with(kind, table, name, definition))
    for table in listed:
        await connection.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))


def _without(kind: str, table: str, name: str) -> sql.Composed:
    if kind == "index":
        return sql.SQL("drop index {}").format(sql.Identifier(name))
    return sql.SQL("alter table {} drop constraint {}").format(sql.Identifier(table), sql.Identifier(name))


def _with(kind: str, table: str, name: str, definition: str) -> sql.Composed:
    words = sql.SQL(definition)  # the catalogue's own words
    if kind == "index":
        return sql.Composed([words])
    return sql.SQL("alter table {} add constraint {} {}").format(sql.Identifier(table), sql.Identifier(name), words)


async def copy(connection: Connection, table: str, columns: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Copy rows into a table."""
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), listed)
    async with connection.cursor() as cursor, cursor.copy(statement) as stream:
        for row in rows:
            await stream.write_row(row)
