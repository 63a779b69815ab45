"""The acts on persons: register, correct a value, record a death, relate two persons."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.identifiers import gb11643
from citykit.identifiers.gb11643 import CitizenNumber
from citykit.ids import new_id
from citykit.work import Work, WorkInRequest
from data_hub.registries import bulk
from data_hub.registries.changes.service import Changes
from data_hub.registries.errors import BadPeriod, BadValue, Stale
from data_hub.registries.mergers import Mergers
from data_hub.registries.periods import period_of
from data_hub.registries.population.domain import (
    SEALED,
    PersonField,
    PersonState,
    WrongValue,
    checked,
    kept,
    may_guard,
)
from data_hub.registries.population.errors import (
    SAME_PERSON,
    NoSuchPerson,
    NoSuchRelation,
    PersonExists,
    PersonStateProblem,
    RelationProblem,
)
from data_hub.registries.population.events import PersonChanged, PersonMerged
from data_hub.registries.population.joining import PersonJoining
from data_hub.registries.population.models import PersonNumberRow, PersonRow, RelationRow
from data_hub.registries.population.present import Newcomer, columns, former_names, found_by
from data_hub.registries.population.repository import Persons, id_number_index, place
from data_hub.registries.population.schemas import (
    Correction,
    Death,
    PersonDraft,
    Relation,
    RelationDraft,
    RelationEnd,
)
from data_hub.registries.provenance import Period, Value, as_of
from data_hub.registries.purposes.domain import RELATIONS
from data_hub.registries.schemas import SourceDraft
from data_hub.registries.sources.domain import Registry
from data_hub.registries.sources.service import Sources, not_anothers


class Population:
    """The population registry within one transaction."""

    def __init__(self, work: Work, sources: Sources | None = None) -> None:
        self.work = work
        self._rows = Persons(work)
        self._sources = sources or Sources(work)
        self._changes = Changes(work)
        self._mergers = Mergers(work, Registry.population)
        self._held: dict[UUID, PersonRow] = {}

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        return self.work.clock.now().astimezone(CHINA).date()

    async def same(self, person: UUID) -> list[UUID]:
        """All records of the person whose record this is; the one that stands today first."""
        return [UUID(one) for one in await self._mergers.same(str(person))]

    def joining(self) -> PersonJoining:
        """The records of this registry as a merger deals with them."""
        return PersonJoining(self.work, self._rows, self.locked, self._show, self._tell)

    async def exists(self, person: UUID) -> bool:
        """Whether the registry has this person."""
        return await self._rows.one(person) is not None

    async def numbered(self, numbers: Iterable[str]) -> dict[str, UUID]:
        """The persons who carry these identification numbers, in canonical form; who is not here is left out."""
        asked = {self.number_index(number): number for number in numbers}
        return {asked[index]: person for index, person in (await self._carry(asked)).items()}

    async def carriers(self, indexes: Collection[bytes]) -> dict[bytes, UUID]:
        """The persons whose the numbers of these keyed hashes are; a number that is nobody's is left out.

        A number that a merged record gave up is its survivor's, unless another person carries it.
        """
        gave_up = {index: UUID(person) for index, person in (await self._mergers.gave_up(indexes)).items()}
        return gave_up | await self._carry(indexes)

    async def _carry(self, indexes: Iterable[bytes]) -> dict[bytes, UUID]:
        found = await self.work.session.execute(
            select(PersonNumberRow.id_number_index, PersonNumberRow.person).where(
                PersonNumberRow.id_number_index.in_(indexes)
            )
        )
        return {bytes(row.id_number_index): row.person for row in found}

    async def deceased(self, persons: Collection[UUID]) -> set[UUID]:
        """Those of the persons who are known to have died."""
        died = select(PersonRow.id).where(PersonRow.id.in_(persons), PersonRow.state == PersonState.deceased.value)
        return set(await self.work.session.scalars(died)) if persons else set()

    async def names(self, persons: Collection[UUID]) -> dict[UUID, str]:
        """What these persons are called today, a merged one as her survivor is; who is not here is left out."""
        merged = await self._mergers.survivors([str(one) for one in persons])
        standing = {one: UUID(merged.get(str(one), str(one))) for one in persons}
        names = await self._rows.names(set(standing.values()))
        return {one: names[row] for one, row in standing.items() if row in names}

    def number_index(self, number: str) -> bytes:
        """The keyed hash that finds who carries an identification number in canonical form, today or one day."""
        return id_number_index(self.work, number)

    async def index_of(self, person: UUID) -> bytes | None:
        """The keyed hash of a person's identification number; None where she is not here."""
        row = await self._rows.one(person)
        if row is None:
            return None
        return self.number_index(self.work.vault.open(row.id_number_sealed, place(row.id, PersonField.id_number.value)))

    async def register(
        self, draft: PersonDraft, *, by: Actor, person: UUID | None = None, sample: bool = False
    ) -> PersonRow:
        """Register a person, under the number `person` where it is given.

        Raises StatedForAnother, BadValue, NotTheSource, PersonExists.
        """
        new = self.newcomer(draft, by=by, person=person, sample=sample)
        await self._sources.admit_first(Registry.population, str(new.person), new.values, draft.source, self.today)
        if not await self.enter([new], by=by):
            raise PersonExists()
        return (await self.work.session.scalars(select(PersonRow).where(PersonRow.id == new.person))).one()

    def newcomer(self, draft: PersonDraft, *, by: Actor, person: UUID | None = None, sample: bool = False) -> Newcomer:
        """A person as she would be entered; nothing is done yet. Raises StatedForAnother, BadValue."""
        not_anothers(draft.source.department, by)
        values, number = self._first_values(draft)
        made, today = person or new_id(), self.today
        sealed = {field: self._sealed(made, field, values[field]) for field in SEALED}
        row = {
            "id": made, "version": 1, "sample": sample, "changed_at": self.work.clock.now(),
            "state_since": number.birth_date,
        }  # fmt: skip
        for field, text in values.items():
            row |= columns(field, text, sealed.get(field))
        row |= found_by(values[PersonField.name] or "", [], values[PersonField.division_code])
        starts = {PersonField.division_code: today, PersonField.address: today, PersonField.phone: today}
        first = {
            field.value: (kept(field, text), sealed.get(field), starts.get(field, number.birth_date))
            for field, text in values.items()
            if text is not None
        }
        return Newcomer(made, self.number_index(number.code), row, first, draft.source)

    async def enter(self, newcomers: Sequence[Newcomer], *, by: Actor) -> set[UUID]:
        """Enter new persons into the registry, each as an act of its own.

        Who is entered; of those who are not, another carries the number already.
        """
        entered = await self._rows.give_numbers({one.index: one.person for one in newcomers})
        async with self.at_once():
            rows = [one.row for one in newcomers if one.person in entered]
            if rows:
                await bulk.copy(
                    await self.work.driver(), PersonRow.__tablename__, rows[0], (tuple(row.values()) for row in rows)
                )
            for one in newcomers:
                if one.person in entered:
                    statement = await self._rows.history.open_statement("register", one.source, by)
                    await self._rows.history.begin(one.person, one.values, statement)
                    self._tell(one.person, one.row["division_code"], "register", list(one.values), statement, by)
        return entered

    def at_once(self) -> AbstractAsyncContextManager[None]:
        """Within the block acts gather what they write, and it is written at its end; blocks may lie in each other."""
        return bulk.at_once(self.work, self._held, self._rows.history, self._changes)

    async def hold(self, persons: Collection[UUID], fields: Collection[str]) -> None:
        """Hold persons and take what is known of these fields of theirs, for acts that gather what they write."""
        rows = await self._rows.all_locked(sorted(persons))
        self._held |= {row.id: row for row in rows}
        await self._rows.history.take([row.id for row in rows], fields)

    async def locked(self, person: UUID) -> PersonRow:
        """A person's row, held until the transaction ends. Raises NoSuchPerson, RecordMerged."""
        row = self._held.get(person) or await self._rows.locked(person)
        if row is None:
            raise await self._mergers.absence(str(person), NoSuchPerson())
        return row

    async def stated(self, row: PersonRow, field: PersonField, day: date) -> tuple[str | None, str | None]:
        """The value of a field true on `day`, in clear, and the department whose statement it rests on."""
        value = as_of(await self._rows.history.known(row.id, field.value), day)
        if value is None:
            return None, None
        text = value.text
        if value.sealed is not None:
            text = self.work.vault.open(value.sealed, place(row.id, field.value))
        return text, await self._rows.history.department(value)

    async def stated_at(self, row: PersonRow, field: PersonField) -> datetime | None:
        """When the source said the value of a field that is true today; None where none is known."""
        value = as_of(await self._rows.history.known(row.id, field.value), self.today)
        said = None if value is None else await self._rows.history.said(value.statement)
        return None if said is None else said.at

    async def open_statement(self, act: str, source: SourceDraft, by: Actor) -> UUID:
        """Keep what a source said of a person, for the slices that keep what is no value of hers."""
        return await self._rows.history.open_statement(act, source, by)

    def _first_values(self, draft: PersonDraft) -> tuple[dict[PersonField, str | None], CitizenNumber]:
        given = {
            PersonField.name: draft.name, PersonField.id_number: draft.id_number,
            PersonField.ethnicity: draft.ethnicity, PersonField.division_code: draft.division_code,
            PersonField.address: draft.address, PersonField.phone: draft.phone,
        }  # fmt: skip
        values = {field: self.canonical(field, text, f"/body/{field.value}") for field, text in given.items()}
        number = gb11643.parse(values[PersonField.id_number] or "", today=self.today)
        values[PersonField.sex] = number.sex.value
        values[PersonField.birth_date] = number.birth_date.isoformat()
        values[PersonField.state] = PersonState.registered.value
        return values, number

    def canonical(self, field: PersonField, text: str | None, pointer: str) -> str | None:
        """The value in its canonical form. Raises BadValue, which names the field at `pointer`."""
        try:
            return checked(field, text, self.today)
        except WrongValue as wrong:
            raise BadValue(pointer, wrong.code, wrong.said) from wrong

    def _sealed(self, person: UUID, field: PersonField, text: str | None) -> bytes | None:
        if text is None or field not in SEALED:
            return None
        return self.work.vault.seal(text, place(person, field.value))

    async def correct(self, row: PersonRow, correction: Correction, *, by: Actor) -> PersonRow:
        """Correct or change one value, as its source says.

        Raises StatedForAnother, Stale, NotTheSource, BadValue, BadPeriod, PersonExists.
        """
        not_anothers(correction.source.department, by)
        if correction.version is not None and correction.version != row.version:
            raise Stale()
        field = correction.field
        text = self.canonical(field, correction.value, "/body/value")
        known = await self._admit(row, field, correction.source.department)
        true = period_of(known, correction.true_from, correction.true_to, self.today)
        if field is PersonField.id_number:
            await self._take_number(row, text, true)
        statement, left = await self._rows.history.open_statement("correct", correction.source, by), row.division_code
        await self._learn(row, field, text, true, statement)
        self._tell(row.id, row.division_code, "correct", [field.value], statement, by, left=left)
        return row

    async def _admit(self, row: PersonRow, field: PersonField, department: str) -> list[Value]:
        """What is known of a field, to the department that may change it. Raises NotTheSource."""
        known = await self._rows.history.known(row.id, field.value)
        await self._sources.admit(
            Registry.population, field.value, str(row.id), self.today,
            present=await self._rows.history.department(as_of(known, self.today)), stated_by=department,
        )  # fmt: skip
        return known

    async def _take_number(self, row: PersonRow, number: str | None, true: Period) -> None:
        """Let the person be found by `number` where it is hers today; a number of former days finds nobody."""
        if true.holds(self.today) and not await self._rows.take_number(row.id, number or ""):
            raise PersonExists(SAME_PERSON)

    async def record_death(self, row: PersonRow, death: Death, *, by: Actor) -> PersonRow:
        """Record that a person died.

        Raises StatedForAnother, PersonStateProblem where she is dead already, BadPeriod, NotTheSource.
        """
        not_anothers(death.source.department, by)
        if row.state == PersonState.deceased:
            raise PersonStateProblem()
        if not row.birth_date <= death.died_on <= self.today:
            raise BadPeriod(("死亡日期应在出生日期与今天之间", "The death lies between birth and today"))
        await self._admit(row, PersonField.state, death.source.department)
        statement = await self._rows.history.open_statement("death", death.source, by)
        await self._learn(row, PersonField.state, PersonState.deceased.value, Period(death.died_on), statement)
        self._tell(row.id, row.division_code, "death", [PersonField.state.value], statement, by)
        return row

    async def _learn(self, row: PersonRow, field: PersonField, text: str | None, true: Period, statement: UUID) -> None:
        """Write a value into the history and bring the present row to what is true and known now."""
        sealed = self._sealed(row.id, field, text)
        known = await self._rows.history.learn(row.id, field.value, kept(field, text), sealed, true, statement)
        self._show(row, field, known)
        if not self._rows.history.gathers:
            await self.work.session.flush()

    def _show(self, row: PersonRow, field: PersonField, known: list[Value]) -> None:
        """Bring the present row to what is true of a field by what is known; the row counts as changed."""
        present = as_of(known, self.today)
        if present is not None:
            self._project(row, field, present)
            if field in {PersonField.name, PersonField.division_code}:
                former = former_names(known, present) if field is PersonField.name else row.former_names
                row.former_names, row.match_keys = found_by(row.name, former, row.division_code).values()
        row.version += 1
        row.changed_at = self.work.clock.now()

    def _project(self, row: PersonRow, field: PersonField, value: Value) -> None:
        text = value.text
        if field in SEALED and value.sealed is not None:
            text = self.work.vault.open(value.sealed, place(row.id, field.value))
        for name, content in columns(field, text, value.sealed).items():
            setattr(row, name, content)
        if field is PersonField.state:
            row.state_since = value.true.start

    async def relate(self, row: PersonRow, draft: RelationDraft, *, by: Actor) -> Relation:
        """Record what a person is to another; asking twice answers the same.

        Raises StatedForAnother, NoSuchPerson, BadPeriod, RelationProblem, NotTheSource.
        """
        not_anothers(draft.source.department, by)
        other = await self._rows.one(draft.other)
        if other is None:
            raise NoSuchPerson()
        if draft.true_from > self.today:
            raise BadPeriod()
        if other.id == row.id or not may_guard(row.birth_date, other.birth_date, self.today):
            raise RelationProblem()
        known = await self._rows.relation(row.id, other.id, draft.kind)
        if known is not None:
            return Relation.of(known)
        earlier = await self._rows.last_end(row.id, other.id, draft.kind)
        if earlier is not None and draft.true_from < earlier:
            raise BadPeriod(("不得早于上一段关系终止之日", "It cannot begin before the earlier one ended"))
        await self._sources.admit_first(Registry.population, str(row.id), [RELATIONS], draft.source, self.today)
        statement = await self._rows.history.open_statement("relate", draft.source, by)
        made = RelationRow(
            id=new_id(), person=row.id, other=other.id, kind=draft.kind.value, true_from=draft.true_from, true_to=None,
            statement=statement, known_from=self.work.clock.now(),
        )  # fmt: skip
        self.work.session.add(made)
        await self.work.session.flush()
        for one in (row, other):
            self._tell(one.id, one.division_code, "relate", [RELATIONS], statement, by)
        return Relation.of(made)

    async def end_relation(self, row: PersonRow, end: RelationEnd, *, by: Actor) -> Relation:
        """Record that a person is this to another no more, as the department says that stated it.

        Raises StatedForAnother, NoSuchRelation, BadPeriod, NotTheSource.
        """
        not_anothers(end.source.department, by)
        known, other = await self._rows.relation(row.id, end.other, end.kind), await self._rows.one(end.other)
        if known is None or other is None:
            raise NoSuchRelation()
        if not known.true_from <= end.true_to <= self.today:
            raise BadPeriod(("终止日期应在关系开始之日与今天之间", "The end lies between its beginning and today"))
        await self._sources.admit(
            Registry.population, RELATIONS, str(row.id), self.today,
            present=await self._rows.history.department_of(known.statement), stated_by=end.source.department,
        )  # fmt: skip
        statement = await self._rows.history.open_statement("end-relation", end.source, by)
        known.true_to, known.end_statement, known.ended_at = end.true_to, statement, self.work.clock.now()
        await self.work.session.flush()
        for one in (row, other):
            self._tell(one.id, one.division_code, "end-relation", [RELATIONS], statement, by)
        return Relation.of(known)

    def _tell(
        self, whom: UUID, division: str | None, act: str, fields: list[str], statement: UUID, by: Actor,
        left: str | None = None, into: str | None = None,
    ) -> None:  # fmt: skip
        person, changed = str(whom), sorted(fields)
        now = self.work.clock.now()
        merged = None if into is None else PersonMerged(person=whom, survivor=UUID(into), merged_at=now)
        self.work.events.record(merged or PersonChanged(person=whom, fields=changed, changed_at=now), subject=person)
        self._changes.note(
            Registry.population, person, act=act, fields=changed, division=division, left=left, statement=statement,
            into=into,
        )  # fmt: skip
        self.work.audit.note(
            stream=f"person/{person}", act=act, by=by, data={"fields": changed, "statement": str(statement)}
        )


async def population(work: WorkInRequest) -> Population:
    """The registry within this request's transaction."""
    return Population(work)


PopulationInRequest = Annotated[Population, Depends(population)]
