"""Keeps the values of records with both their times: reads what is known, writes what is learnt.

Acts on many records read what is known of all of them at once (`take`), and what they learn waits until it is written
at once (`bulk.at_once`): the rules are the same ones, only the round trips are fewer.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import sql
from sqlalchemy import ColumnElement, Select, Table, func, insert, literal, null, or_, select, update
from sqlalchemy.types import Uuid

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.work import Work
from data_hub.registries import bulk
from data_hub.registries.models import StatementRow
from data_hub.registries.provenance import EVER, Period, Value, revise
from data_hub.registries.schemas import Source, SourceDraft, ValueRecord

_MOMENT = timedelta(microseconds=1)


_STATEMENT = (
    "id", "registry_name", "act", "department", "batch", "stated_at", "reason", "recorded_by", "recorded_at",
)  # fmt: skip
_VALUE = ("field", "known_from", "true_from", "true_to", "known_to", "value", "sealed", "statement")
_KNOWN = sql.SQL("""
select v.{subject}, v.field, v.value, v.sealed, v.true_from, v.true_to, v.known_from, v.statement, s.department,
  s.stated_at
from {table} v left join registry_statement s on s.id = v.statement
where v.{subject} = any(%(subjects)s) and v.field = any(%(fields)s) and v.known_to is null order by v.true_from
""")
_END = sql.SQL("""
update {table} v set known_to = e.known_to
from unnest(%s::{kind}[], %s::text[], %s::timestamptz[], %s::date[], %s::timestamptz[])
  as e (subject, field, known_from, true_from, known_to)
where v.{subject} = e.subject and v.field = e.field and v.known_from = e.known_from and v.true_from = e.true_from
  and v.known_to is null
""")


class Said(NamedTuple):
    """Who made a statement, and when."""

    department: str
    at: datetime


@dataclass
class _Memory:
    """What is known of records that were taken at once, and what waits to be written."""

    known: dict[tuple[Any, str], list[Value]] = field(default_factory=dict)
    fresh: set[Any] = field(default_factory=set)  # records that began here: what is not in `known` is not known
    said: dict[UUID, Said] = field(default_factory=dict)
    statements: list[tuple[Any, ...]] = field(default_factory=list)
    begun: dict[tuple[Any, str, datetime, date], Value] = field(default_factory=dict)
    ended: list[tuple[Any, str, datetime, date, datetime]] = field(default_factory=list)


class History:
    """The values of one registry: its table of values, and the name of the column that says whose they are."""

    def __init__(self, work: Work, table: Table, subject: str, registry: str) -> None:
        self._work = work
        self._table = table
        self._subject: ColumnElement[Any] = table.c[subject]
        self._registry = registry
        self._memory: _Memory | None = None

    @property
    def gathers(self) -> bool:
        """Whether what is learnt waits until it is written at once."""
        return self._memory is not None

    def gather(self) -> None:
        """Let what is learnt wait from now on."""
        self._memory = _Memory()

    def let_go(self) -> None:
        """Forget what waits."""
        self._memory = None

    async def take(self, subjects: Sequence[Any], fields: Collection[str]) -> None:
        """Read what is known of these fields of records, which the caller holds, at once."""
        memory = self._memory
        assert memory is not None  # only where what is learnt is gathered
        asked = [one for one in subjects if one not in memory.fresh]
        memory.known.update({(one, name): [] for one in asked for name in fields})
        text = _KNOWN.format(table=sql.Identifier(self._table.name), subject=sql.Identifier(str(self._subject.key)))
        found = await (await self._work.driver()).execute(text, {"subjects": asked, "fields": list(fields)})
        for subject, name, text_, sealed, start, end, since, statement, department, at in await found.fetchall():
            memory.known[subject, name].append(Value(text_, sealed, Period(start, end), since, statement))
            if department is not None:
                memory.said[statement] = Said(department, at)

    async def open_statement(self, act: str, source: SourceDraft, by: Actor) -> UUID:
        """Keep what a source said; the values of the act point to it."""
        now, made = self._work.clock.now(), new_id()
        at = source.stated_at or now
        row = (
            made, self._registry, act, source.department, source.batch, at, source.reason, by.reference, now,
        )  # fmt: skip
        if self._memory is not None:
            self._memory.statements.append(row)
            self._memory.said[made] = Said(source.department, at)
        else:
            values = dict(zip(_STATEMENT, row, strict=True))
            await self._work.session.execute(insert(StatementRow), [values])
        return made

    async def known(self, subject: Any, field: str) -> list[Value]:
        """The values of a field known at present, by the day they begin. The caller holds the record's lock."""
        if self._memory is not None:
            if (found := self._memory.known.get((subject, field))) is not None:
                return found
            if subject in self._memory.fresh:
                return []
        table = self._table.c
        rows = await self._work.session.execute(
            select(self._table)
            .where(self._subject == subject, table.field == field, table.known_to.is_(None))
            .order_by(table.true_from)
        )
        return [
            Value(row.value, row.sealed, Period(row.true_from, row.true_to), row.known_from, row.statement)
            for row in rows
        ]

    async def department(self, value: Value | None) -> str | None:
        """The department whose statement a value rests on."""
        return None if value is None else await self.department_of(value.statement)

    async def department_of(self, statement: UUID) -> str | None:
        """The department that made a statement."""
        found = await self.said(statement)
        return None if found is None else found.department

    async def said(self, statement: UUID) -> Said | None:
        """Who made a statement, and when."""
        if self._memory is not None and (held := self._memory.said.get(statement)) is not None:
            return held
        row = StatementRow
        found = await self._work.session.execute(select(row.department, row.stated_at).where(row.id == statement))
        known = found.one_or_none()
        return None if known is None else Said(*known)

    async def learn(
        self, subject: Any, field: str, text: str | None, sealed: bytes | None, true: Period, statement: UUID
    ) -> list[Value]:
        """Learn a value of a field; what was known about the same days ends. Answers what is known from now on."""
        known = await self.known(subject, field)
        now = max([self._work.clock.now(), *(value.known_from + _MOMENT for value in known)])
        revision = revise(known, Value(text, sealed, true, now, statement))
        untouched = [value for value in known if value not in revision.ended]
        present = sorted([*untouched, *revision.begun], key=lambda value: value.true.start)
        async with self._written() as memory:
            for value in revision.ended:
                self._end(memory, subject, field, value, now)
            for value in revision.begun:
                memory.begun[subject, field, value.known_from, value.true.start] = value
            memory.known[subject, field] = present
        return present

    async def begin(
        self, subject: Any, values: Mapping[str, tuple[str | None, bytes | None, date]], statement: UUID
    ) -> None:
        """Learn the first values of a new record: field to text, sealed text and the day since when it is true."""
        now = self._work.clock.now()
        async with self._written() as memory:
            memory.fresh.add(subject)
            for name, (text, sealed, start) in values.items():
                value = Value(text, sealed, Period(start), now, statement)
                memory.begun[subject, name, now, start] = value
                memory.known[subject, name] = [value]

    async def take_over(self, subject: Any, field: str, values: Sequence[Value]) -> tuple[list[Value], list[Value]]:
        """Learn values of days of which nothing is known, each under the statement it came with.

        They are known of this record from now on. Answers what is known of the field from now on, and what is new.
        """
        known = await self.known(subject, field)
        now = max([self._work.clock.now(), *(value.known_from + _MOMENT for value in known)])
        fresh = [replace(value, known_from=now) for value in values]
        present = sorted([*known, *fresh], key=lambda value: value.true.start)
        async with self._written() as memory:
            memory.begun |= {(subject, field, now, value.true.start): value for value in fresh}
            memory.known[subject, field] = present
        return present, fresh

    async def give_back(self, subject: Any, field: str, values: Sequence[tuple[datetime, date]]) -> list[Value]:
        """Know values no more that were taken over: since when they are known, and their first days.

        Answers what is known of the field from now on.
        """
        known = await self.known(subject, field)
        gone = [value for value in known if (value.known_from, value.true.start) in values]
        now = max([self._work.clock.now(), *(value.known_from + _MOMENT for value in gone)])
        present = [value for value in known if value not in gone]
        async with self._written() as memory:
            for value in gone:
                self._end(memory, subject, field, value, now)
            memory.known[subject, field] = present
        return present

    async def close(self, subject: Any) -> datetime:
        """Know nothing of a record any more from now on. Answers since when."""
        table = self._table
        newest = select(func.max(table.c.known_from)).where(self._subject == subject, table.c.known_to.is_(None))
        latest = await self._work.session.scalar(newest)
        now = self._work.clock.now()
        closed = now if latest is None else max(now, latest + _MOMENT)
        ends = update(table).where(self._subject == subject, table.c.known_to.is_(None)).values(known_to=closed)
        await self._work.session.execute(ends)
        return closed

    async def reopen(self, subject: Any, closed: datetime) -> None:
        """Know again, from now on, what was known of a record until it was closed."""
        table, now = self._table, max(self._work.clock.now(), closed)
        names = [self._subject.key, *_VALUE]
        fresh: dict[str, Any] = {"known_from": literal(now, table.c.known_from.type), "known_to": null()}
        again = [fresh[name].label(name) if name in fresh else table.c[name] for name in map(str, names)]
        rows = select(*again).where(self._subject == subject, table.c.known_to == closed)
        await self._work.session.execute(insert(table).from_select(list(map(str, names)), rows))

    @staticmethod
    def _end(memory: _Memory, subject: Any, name: str, value: Value, now: datetime) -> None:
        """A value is known no more; one that waits to be written is written so."""
        key = (subject, name, value.known_from, value.true.start)
        if key in memory.begun:
            memory.begun[key] = replace(memory.begun[key], known_to=now)
        else:
            memory.ended.append((*key, now))

    @asynccontextmanager
    async def _written(self) -> AsyncIterator[_Memory]:
        """Where what is learnt goes: it waits where it is gathered, else it is written at the end of the block."""
        if self._memory is not None:
            yield self._memory
            return
        memory = _Memory()
        yield memory
        await self._write(memory)

    async def write(self) -> None:
        """Write what waits."""
        if self._memory is not None:
            waiting, self._memory = self._memory, replace(self._memory, statements=[], begun={}, ended=[])
            await self._write(waiting)

    async def _write(self, memory: _Memory) -> None:
        connection, subject, table = await self._work.driver(), str(self._subject.key), self._table.name
        if memory.statements:
            await bulk.copy(connection, StatementRow.__tablename__, _STATEMENT, memory.statements)
        if memory.ended:
            kind = "uuid" if isinstance(self._subject.type, Uuid) else "text"
            names = {"table": sql.Identifier(table), "subject": sql.Identifier(subject), "kind": sql.SQL(kind)}
            await connection.execute(_END.format(**names), [list(column) for column in zip(*memory.ended, strict=True)])
        rows = [
            (whose, name, since, v.true.start, v.true.end, v.known_to, v.text, v.sealed, v.statement)
            for (whose, name, since, _), v in memory.begun.items()
        ]
        if rows:
            await bulk.copy(connection, table, (subject, *_VALUE), rows)

    def of(self, subject: Any, true_on: date | None, known_at: datetime | None) -> Select[Any]:
        """The values of a record with their statements, as columns of a `Line`.

        All of them; or those true on a day, as known at present; or those known at an instant; or both.
        """
        table, statement = self._table.c, StatementRow.__table__.c
        found = (
            select(
                table.field, table.value, table.true_from, table.true_to, table.known_from, table.known_to,
                statement.id, statement.department, statement.batch, statement.stated_at, statement.reason,
            )
            .join_from(self._table, StatementRow.__table__, statement.id == table.statement)
            .where(self._subject == subject)
        )  # fmt: skip
        if true_on is not None:
            found = found.where(table.true_from <= true_on, or_(table.true_to.is_(None), table.true_to > true_on))
        if known_at is not None:
            return found.where(table.known_from <= known_at, or_(table.known_to.is_(None), table.known_to > known_at))
        return found.where(table.known_to.is_(None)) if true_on is not None else found


class Line(NamedTuple):
    """A value of a record with its statement."""

    field: str
    value: str | None
    true_from: date
    true_to: date | None
    known_from: datetime
    known_to: datetime | None
    statement: UUID
    department: str
    batch: str | None
    stated_at: datetime
    reason: str | None

    def shown(self, value: str | None) -> ValueRecord:
        """The line as it goes over the wire, with its value as the caller may see it."""
        source = Source(
            statement=self.statement, department=self.department, batch=self.batch, stated_at=self.stated_at,
            reason=self.reason,
        )  # fmt: skip
        return ValueRecord(
            field=self.field, value=value, true_from=None if self.true_from == EVER else self.true_from,
            true_to=self.true_to, known_from=self.known_from, known_to=self.known_to, source=source,
        )  # fmt: skip
