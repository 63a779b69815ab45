"""Keeps the values of records with both their times: reads what is known, writes what is learnt."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, bindparam, insert, or_, select, update

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.work import Work
from data_hub.registries.models import StatementRow
from data_hub.registries.provenance import EVER, Period, Value, revise
from data_hub.registries.schemas import Source, SourceDraft, ValueRecord

_MOMENT = timedelta(microseconds=1)


class History:
    """The values of one registry: its table of values, and the name of the column that says whose they are."""

    def __init__(self, work: Work, table: Table, subject: str, registry: str) -> None:
        self._work = work
        self._table = table
        self._subject: ColumnElement[Any] = table.c[subject]
        self._registry = registry

    async def open_statement(self, act: str, source: SourceDraft, by: Actor) -> UUID:
        """Keep what a source said; the values of the act point to it."""
        now = self._work.clock.now()
        row = StatementRow(
            id=new_id(), registry_name=self._registry, act=act, department=source.department, batch=source.batch,
            stated_at=source.stated_at or now, reason=source.reason, recorded_by=by.reference, recorded_at=now,
        )  # fmt: skip
        self._work.session.add(row)
        await self._work.session.flush()
        return row.id

    async def known(self, subject: Any, field: str) -> list[Value]:
        """The values of a field known at present, by the day they begin. The caller holds the record's lock."""
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
        found = await self._work.session.scalars(select(StatementRow.department).where(StatementRow.id == statement))
        return found.one_or_none()

    async def learn(
        self, subject: Any, field: str, text: str | None, sealed: bytes | None, true: Period, statement: UUID
    ) -> list[Value]:
        """Learn a value of a field; what was known about the same days ends. Answers what is known from now on."""
        known = await self.known(subject, field)
        now = max([self._work.clock.now(), *(value.known_from + _MOMENT for value in known)])
        revision = revise(known, Value(text, sealed, true, now, statement))
        if revision.ended:
            await self._end(subject, field, [value.true.start for value in revision.ended], now)
        await self._work.session.execute(
            insert(self._table), [self._columns(subject, field, v) for v in revision.begun]
        )
        untouched = [value for value in known if value not in revision.ended]
        return sorted([*untouched, *revision.begun], key=lambda value: value.true.start)

    async def begin(
        self, subject: Any, values: Mapping[str, tuple[str | None, bytes | None, date]], statement: UUID
    ) -> None:
        """Learn the first values of a new record: field to text, sealed text and the day since when it is true."""
        now = self._work.clock.now()
        rows = [
            self._columns(subject, field, Value(text, sealed, Period(start), now, statement))
            for field, (text, sealed, start) in values.items()
        ]
        await self._work.session.execute(insert(self._table), rows)

    async def _end(self, subject: Any, field: str, starts: Sequence[date], now: datetime) -> None:
        table = self._table.c
        await self._work.session.execute(
            update(self._table)
            .where(
                self._subject == bindparam("whose"), table.field == bindparam("which"), table.known_to.is_(None),
                table.true_from.in_(bindparam("starts", expanding=True)),
            )
            .values(known_to=bindparam("now")),
            {"whose": subject, "which": field, "starts": list(starts), "now": now},
        )  # fmt: skip

    def _columns(self, subject: Any, field: str, value: Value) -> dict[str, Any]:
        return {
            str(self._subject.key): subject, "field": field, "known_from": value.known_from,
            "true_from": value.true.start, "true_to": value.true.end, "known_to": None, "value": value.text,
            "sealed": value.sealed, "statement": value.statement,
        }  # fmt: skip

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
