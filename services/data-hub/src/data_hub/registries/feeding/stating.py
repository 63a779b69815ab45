"""States what rows of a register say, through the registry's own acts, a thousand at once; each value once.

A department's register is loaded again and again, and most of it is what it was. What a feed said of a record last is
kept as keyed hashes, so that a row which says the same costs one look, and a value that was corrected meanwhile, or a
conflict that was decided, is not brought up again by a register that nobody has mended yet.

Rows are stated together: what their acts read is taken at once, what they write is written at once, in one savepoint.
Where the registry or the database refuses something of that, the rows are stated by halves, down to the one that it is.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import structlog
from pydantic import ValidationError
from sqlalchemy.exc import DataError, IntegrityError

from citykit.actors import Actor, ActorKind
from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.problems import Problem
from citykit.work import Work
from data_hub.registries.feeding import repository
from data_hub.registries.feeding.domain import KEY, Assignment, Fault, Told, read, shown
from data_hub.registries.feeding.models import FaultRow, FeedRow, RunRow
from data_hub.registries.feeding.records import Entry, Firms, People, Records, Refused
from data_hub.registries.feeding.repository import LastSaid, Row
from data_hub.registries.schemas import SourceDraft
from data_hub.registries.sources.domain import Registry

log = structlog.get_logger("data_hub.registries")
SELF = Actor("data-hub", ActorKind.service)
_UNEXPECTED = ("unexpected", "系统无法登记该行 The registry cannot keep this row")
_BROKEN = (ValidationError, DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError)
_REFUSALS = (Refused, Problem, *_BROKEN)
_BREATH = 20  # rows after which whatever else this process does may go on


@dataclass(frozen=True)
class _Line:
    """A row that says something of a record, or tries to."""

    row: int
    told: Told
    shown: str
    faults: list[Fault]


@dataclass
class _Tally:
    """What became of rows: counts, faults, the records that their numbers name, what was said of these."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[FaultRow] = field(default_factory=list)
    subjects: dict[str, str] = field(default_factory=dict)
    fresh: dict[str, dict[str, str]] = field(default_factory=dict)

    def copy(self) -> "_Tally":
        return _Tally(Counter(self.counts), list(self.faults), dict(self.subjects), dict(self.fresh))


class _Overtaken(Exception):
    """Somebody else entered one of the records this moment: it is known by now."""


class Stating:
    """The rows of one batch, some at a time, within one transaction that holds the run."""

    def __init__(self, work: Work, feed: FeedRow, run: RunRow) -> None:
        self.work, self.feed, self.run = work, feed, run
        self.registry = Registry(feed.registry_name)
        self.assignments = [Assignment(one["item"], one["field"], one["values"]) for one in feed.fields]
        day = run.brought_at.astimezone(CHINA).date()
        source = SourceDraft(
            department=feed.department, batch=str(run.batch), stated_at=run.brought_at,
            reason=f"归集供数 Fed by {feed.resource}",
        )  # fmt: skip
        kind = People if self.registry is Registry.population else Firms
        self.records: Records = kind(work, source, day, SELF)
        self._tally = _Tally()
        self._said: dict[str, LastSaid] = {}
        self._marked: dict[tuple[int, str], dict[str, str]] = {}

    async def state(self, rows: Sequence[Row]) -> None:
        """State the rows; the run counts them and goes on behind the last."""
        lines = await self._lines(rows)
        while not await self._went_through(lines):
            pass
        for fault in sorted(self._tally.faults, key=lambda one: one.row):
            fault.id = new_id()  # they are told in the order of the rows
            self.work.session.add(fault)
        await self.work.session.flush()
        await repository.say(self.work, self.run, self._tally.fresh)
        self.run.place = rows[-1][0]
        for name in ("registered", "changed", "unchanged", "conflicts", "refused"):
            setattr(self.run, name, getattr(self.run, name) + self._tally.counts[name])
        await self.work.session.flush()

    async def _went_through(self, lines: Sequence[_Line]) -> bool:
        """State the lines. False where another feed entered one of their records this moment: it is known next time.

        All feeds enter their new records first, in one order, and hold those that they know after that, in another: two
        that speak of the same ones never block each other crosswise.
        """
        before, session = self._tally.copy(), self.work.session
        try:
            async with session.begin_nested():
                numbers = {line.told.number for line in lines}
                self._tally.subjects = subjects = await self.records.find(numbers)
                self._said = await repository.said_of(self.work, self.feed.id, list(subjects.values()))
                await self._by_halves(sorted((line for line in lines if not line.faults), key=self._place))
                for line in (line for line in lines if line.faults):
                    subject = self._tally.subjects.get(line.told.number)
                    self._refuse(line.row, line.shown, line.faults, subject)
        except _Overtaken:
            self._tally = before
            self._forget_collected()
            return False
        return True

    def _place(self, line: _Line) -> tuple[bool, Any, int]:
        """The place of a line: those of unknown records first, by their numbers' order, then those of known ones."""
        subject = self._tally.subjects.get(line.told.number)
        order = self.records.order(line.told.number) if subject is None else subject
        return subject is not None, order, line.row

    async def _by_halves(self, lines: Sequence[_Line]) -> None:
        """State lines in one savepoint; where something of that is refused, half of them, and the other half."""
        if not lines:
            return
        before = self._tally.copy()
        try:
            async with self.work.session.begin_nested():
                await self._together(lines)
                await self.work.flush()
        except _REFUSALS as refused:
            self._tally = before
            self._forget_collected()
            if len(lines) == 1:
                self._refused(lines[0], refused)
                return
            middle = len(lines) // 2
            await self._by_halves(lines[:middle])
            await self._by_halves(lines[middle:])

    async def _together(self, lines: Sequence[_Line]) -> None:
        """State lines as if one came after the other: unknown records are entered, then each line is stated."""
        async with self.records.at_once():
            entries, refused = await self._entries(lines)
            await self._enter(entries)
            taken = {line.row: entry.taken for line, entry in entries.values()}
            stated = [line for line in lines if line.row not in refused]
            await self._hold(stated, taken)
            for place, line in enumerate(stated):
                await self._breathe(place)
                await self._one(line, taken.get(line.row))

    async def _entries(self, lines: Sequence[_Line]) -> tuple[dict[str, tuple[_Line, Entry]], set[int]]:
        """Of each unknown record the first line that it can be entered from; and the rows that say too little."""
        found: dict[str, tuple[_Line, Entry]] = {}
        refused: set[int] = set()
        for place, line in enumerate(lines):
            await self._breathe(place)
            number = line.told.number
            if number in found or number in self._tally.subjects:
                continue
            try:
                found[number] = line, await self.records.entry(line.told)
            except _REFUSALS as error:
                self._refused(line, error)
                refused.add(line.row)
        return found, refused

    async def _enter(self, entries: dict[str, tuple[_Line, Entry]]) -> None:
        """Enter the unknown records. Raises _Overtaken."""
        if entries:
            entered = await self.records.enter({number: entry for number, (_, entry) in entries.items()})
            if len(entered) < len(entries):
                raise _Overtaken
            self._tally.subjects |= entered

    async def _hold(self, lines: Sequence[_Line], taken: dict[int, frozenset[str]]) -> None:
        """Hold the records of which something is said that was not said before."""
        subjects: set[str] = set()
        names: set[str] = set()
        for line in lines:
            subject = self._tally.subjects[line.told.number]
            if fresh := self._fresh(line, subject, taken.get(line.row)):
                subjects.add(subject)
                names.update(fresh)
        if subjects:
            await self.records.hold(subjects, names)

    async def _one(self, line: _Line, taken: frozenset[str] | None) -> None:
        """State a line, whose record was entered with its values `taken` where they are given.

        A line that is refused before anything of it was done is refused alone; else the savepoint must go. Raises so.
        """
        subject, acts = self._tally.subjects[line.told.number], self.records.acts
        fresh = self._fresh(line, subject, taken)
        if taken is None and not fresh:
            self._done(subject, "unchanged", {})
            return
        try:
            outcome = await self.records.state(subject, replace(line.told, values=fresh))
        except _REFUSALS as refused:
            if taken is not None or self.records.acts != acts:
                raise
            self._refused(line, refused)
            return
        name = "registered" if taken is not None else "changed" if outcome.changed else "unchanged"
        self._done(subject, name, self._marks(subject, line.told))
        self._tally.counts["conflicts"] += outcome.conflicts > 0

    def _fresh(self, line: _Line, subject: str, taken: Collection[str] | None) -> dict[str, str]:
        """What a line says that was not said before, and that its record was not entered with."""
        before, marks = self._known(subject), self._marks(subject, line.told)
        told = {name for name in marks if before.get(name) == marks[name]} | set(taken or ())
        return {name: value for name, value in line.told.values.items() if name not in told}

    @staticmethod
    async def _breathe(place: int) -> None:
        if place % _BREATH == _BREATH - 1:
            await asyncio.sleep(0)

    async def _lines(self, rows: Sequence[Row]) -> list[_Line]:
        found = []
        for place, (number, values) in enumerate(rows):
            await self._breathe(place)
            if (line := self._line(number, values)) is not None:
                found.append(line)
        return found

    def _line(self, row: int, values: dict[str, str | None]) -> _Line | None:
        told, faults = read(self.registry, self.assignments, values, self.records.today)
        key = KEY[self.registry]
        number = shown(self.registry, next((values[one.item] for one in self.assignments if one.field == key), None))
        if told is not None:
            return _Line(row, told, number, faults)
        self._refuse(row, number, faults, None)
        return None

    def _done(self, subject: str, name: str, marks: dict[str, str]) -> None:
        """Count a row and keep what it said; one that says what it said in this batch already is counted once."""
        said = self._said.get(subject)
        again = subject in self._tally.fresh or (said is not None and said.batch == self.run.batch)
        if name != "unchanged" or not again:
            self._tally.counts[name] += 1
        self._tally.fresh[subject] = self._known(subject) | marks

    def _forget_collected(self) -> None:
        """Nothing is done of what was undone: let go of what was collected for the commit of it."""
        for collected in (self.work.events, self.work.access, self.work.audit, self.work.jobs):
            collected.take()
        self.work.staged.clear()

    def _refused(self, line: _Line, refused: Exception) -> None:
        if isinstance(refused, Refused):
            fault = refused.fault
        elif isinstance(refused, Problem):
            fault = self._fault(line.told, refused)
        else:
            log.warning("feed_row_refused", batch=str(self.run.batch), row=line.row, error=type(refused).__name__)
            fault = Fault(KEY[self.registry], None, *_UNEXPECTED)
        self._refuse(line.row, line.shown, [fault], self._tally.subjects.get(line.told.number))

    def _refuse(self, row: int, number: str, faults: Iterable[Fault], subject: str | None) -> None:
        self._tally.counts["refused"] += 1
        for one in faults:
            made = FaultRow(
                feed=self.feed.id, batch=self.run.batch, row=row, subject=subject, shown=number, field=one.field,
                item=one.item or self._item(one.field), code=one.code, reason=one.said, at=self.work.clock.now(),
            )  # fmt: skip
            self._tally.faults.append(made)

    def _fault(self, told: Told, refused: Problem) -> Fault:
        named = refused.errors[0].pointer.rpartition("/")[2] if refused.errors else ""
        name = named if named in told.values else KEY[self.registry]
        code = refused.errors[0].code if refused.errors else refused.slug
        return Fault(name, None, code, " ".join(refused.title))

    def _item(self, name: str) -> str | None:
        return next((one.item for one in self.assignments if one.field == name), None)

    def _known(self, subject: str) -> dict[str, str]:
        """What was said of a record before, by field."""
        if (fresh := self._tally.fresh.get(subject)) is not None:
            return fresh
        said = self._said.get(subject)
        return {} if said is None else said.said

    def _marks(self, subject: str, told: Told) -> dict[str, str]:
        """Keyed hashes of what a row says; alike for no two records."""
        key = (id(told), subject)
        if key not in self._marked:
            index = self.work.vault.index
            self._marked[key] = {
                n: index("registry-feed", f"{subject}/{n}/{v}")[:16].hex() for n, v in told.values.items()
            }
        return self._marked[key]
