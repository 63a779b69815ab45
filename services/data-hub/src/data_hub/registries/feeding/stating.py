"""States what rows of a register say, through the registry's own acts: each row by itself, each value once.

A department's register is loaded again and again, and most of it is what it was. What a feed said of a record last is
kept as keyed hashes, so that a row which says the same costs one look, and a value that was corrected meanwhile, or a
conflict that was decided, is not brought up again by a register that nobody has mended yet.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg
import structlog
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, IntegrityError

from citykit.actors import Actor, ActorKind
from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.problems import Problem
from citykit.work import Work
from data_hub.registries.feeding.domain import KEY, Assignment, Fault, Told, read, shown
from data_hub.registries.feeding.models import FaultRow, FeedRow, RunRow, SaidRow
from data_hub.registries.feeding.records import Firms, People, Records, Refused
from data_hub.registries.feeding.repository import Row
from data_hub.registries.schemas import SourceDraft
from data_hub.registries.sources.domain import Registry

log = structlog.get_logger("data_hub.registries")
SELF = Actor("data-hub", ActorKind.service)
_UNEXPECTED = ("unexpected", "系统无法登记该行 The registry cannot keep this row")


@dataclass(frozen=True)
class _Line:
    """A row that says something of a record, or tries to."""

    row: int
    told: Told
    shown: str
    faults: list[Fault]


class Stating:
    """The rows of one batch, some at a time, within one transaction that holds the run."""

    def __init__(self, work: Work, feed: FeedRow, run: RunRow) -> None:
        self.work, self.feed, self.run = work, feed, run
        self.registry = Registry(feed.registry_name)
        self.assignments = [Assignment(one["item"], one["field"], one["values"]) for one in feed.fields]
        self.counts: Counter[str] = Counter()
        day = run.brought_at.astimezone(CHINA).date()
        source = SourceDraft(
            department=feed.department, batch=str(run.batch), stated_at=run.brought_at,
            reason=f"归集供数 Fed by {feed.resource}",
        )  # fmt: skip
        kind = People if self.registry is Registry.population else Firms
        self.records: Records = kind(work, source, day, SELF)
        self._said: dict[str, SaidRow] = {}
        self._faults: list[FaultRow] = []
        self._fresh: dict[str, dict[str, str]] = {}

    async def state(self, rows: Sequence[Row]) -> None:
        """State the rows; the run counts them and goes on behind the last.

        Records are taken in one order by all feeds: two that speak of the same ones never block each other crosswise.
        """
        lines = [line for number, values in rows if (line := self._line(number, values)) is not None]
        subjects = await self.records.find({line.told.number for line in lines})
        await self._remember(list(subjects.values()))
        for line in sorted(lines, key=lambda one: (self.records.order(one.told.number), one.row)):
            await self._one(line, subjects)
        await self._keep()
        self.run.place = rows[-1][0]
        for name in ("registered", "changed", "unchanged", "conflicts", "refused"):
            setattr(self.run, name, getattr(self.run, name) + self.counts[name])
        await self.work.session.flush()

    def _line(self, row: int, values: dict[str, str | None]) -> _Line | None:
        told, faults = read(self.registry, self.assignments, values, self.records.today)
        key = KEY[self.registry]
        number = shown(self.registry, next((values[one.item] for one in self.assignments if one.field == key), None))
        if told is not None:
            return _Line(row, told, number, faults)
        self._refuse(row, number, faults, None)
        return None

    async def _one(self, line: _Line, subjects: dict[str, str]) -> None:
        subject = subjects.get(line.told.number)
        if line.faults:
            self._refuse(line.row, line.shown, line.faults, subject)
            return
        if subject is not None and self._marks(subject, line.told).items() <= self._known(subject).items():
            self._done(subject, "unchanged", {})
            return
        try:
            async with self.work.session.begin_nested():
                subject, name, contradicted = await self._act(line, subject)
                await self.work.flush()
        except Refused as refused:
            self._undone(line, subject, refused.fault)
        except Problem as refused:
            self._undone(line, subject, self._fault(line.told, refused))
        except (ValidationError, DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError) as error:
            log.warning("feed_row_refused", batch=str(self.run.batch), row=line.row, error=type(error).__name__)
            self._undone(line, subject, Fault(KEY[self.registry], None, *_UNEXPECTED))
        else:
            subjects[line.told.number] = subject
            self._done(subject, name, self._marks(subject, line.told))
            self.counts["conflicts"] += contradicted

    async def _act(self, line: _Line, known: str | None) -> tuple[str, str, bool]:
        """State a row: the record, what became of the row, and whether it contradicts a source."""
        subject, taken = (known, None) if known is not None else await self.records.register(line.told)
        before, marks = self._known(subject), self._marks(subject, line.told)
        told = {name for name in marks if before.get(name) == marks[name]} | (taken or set())
        fresh = {name: value for name, value in line.told.values.items() if name not in told}
        outcome = await self.records.state(subject, replace(line.told, values=fresh))
        name = "registered" if taken is not None else "changed" if outcome.changed else "unchanged"
        return subject, name, outcome.conflicts > 0

    def _done(self, subject: str, name: str, marks: dict[str, str]) -> None:
        """Count a row and keep what it said; one that says what it said in this batch already is counted once."""
        said = self._said.get(subject)
        if name != "unchanged" or said is None or said.batch != self.run.batch:
            self.counts[name] += 1
        self._fresh[subject] = self._known(subject) | marks

    def _undone(self, line: _Line, subject: str | None, fault: Fault) -> None:
        """Nothing of the row is done: let go of what was collected for the commit of it."""
        for collected in (self.work.events, self.work.access, self.work.audit, self.work.jobs):
            collected.take()
        self.work.staged.clear()
        self._refuse(line.row, line.shown, [fault], subject)

    def _refuse(self, row: int, number: str, faults: Sequence[Fault], subject: str | None) -> None:
        self.counts["refused"] += 1
        for one in faults:
            made = FaultRow(
                id=new_id(), feed=self.feed.id, batch=self.run.batch, row=row, subject=subject, shown=number,
                field=one.field, item=one.item or self._item(one.field), code=one.code, reason=one.said,
                at=self.work.clock.now(),
            )  # fmt: skip
            self._faults.append(made)

    def _fault(self, told: Told, refused: Problem) -> Fault:
        named = refused.errors[0].pointer.rpartition("/")[2] if refused.errors else ""
        name = named if named in told.values else KEY[self.registry]
        code = refused.errors[0].code if refused.errors else refused.slug
        return Fault(name, None, code, " ".join(refused.title))

    def _item(self, name: str) -> str | None:
        return next((one.item for one in self.assignments if one.field == name), None)

    # What was said before

    async def _remember(self, subjects: list[str]) -> None:
        found = await self.work.session.scalars(
            select(SaidRow).where(SaidRow.feed == self.feed.id, SaidRow.subject.in_(subjects))
        )
        self._said = {row.subject: row for row in found}

    def _known(self, subject: str | None) -> dict[str, str]:
        if subject is None:
            return {}
        if (fresh := self._fresh.get(subject)) is not None:
            return fresh
        said = self._said.get(subject)
        return {} if said is None else said.said

    def _marks(self, subject: str, told: Told) -> dict[str, str]:
        """Keyed hashes of what a row says; alike for no two records."""
        index = self.work.vault.index
        return {n: index("registry-feed", f"{subject}/{n}/{v}")[:16].hex() for n, v in told.values.items()}

    async def _keep(self) -> None:
        self.work.session.add_all(self._faults)
        await self.work.session.flush()
        if not self._fresh:
            return
        rows = [
            {"feed": self.feed.id, "subject": subject, "batch": self.run.batch, "said": said}
            for subject, said in sorted(self._fresh.items())
        ]
        made = insert(SaidRow).values(rows)
        changed = {"batch": made.excluded.batch, "said": made.excluded.said}
        await self.work.session.execute(
            made.on_conflict_do_update(index_elements=["feed", "subject"], set_=changed)
        )  # fmt: skip
