"""Persons as a merger deals with them: their numbers, their relations, their present rows."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select

from citykit.clock import CHINA
from citykit.identifiers import gb11643
from citykit.work import Work
from data_hub.registries.joining import Joining, Moved, Said
from data_hub.registries.models import MergerRow
from data_hub.registries.population.domain import PersonField
from data_hub.registries.population.errors import NoSuchPerson, PersonExists
from data_hub.registries.population.events import PersonParted
from data_hub.registries.population.models import PersonNumberRow, PersonRow, RelationRow
from data_hub.registries.population.present import columns, former_names, found_by
from data_hub.registries.population.repository import Persons, place
from data_hub.registries.provenance import Value, as_of
from data_hub.registries.sources.domain import Registry

_RELATIONS = "relations"


class PersonJoining(Joining):
    """The population registry. `locked`, `show` and `tell` are its own acts."""

    registry = Registry.population
    fields = tuple(field.value for field in PersonField)
    numbered_by = told_of = PersonField.id_number.value

    def __init__(
        self, work: Work, rows: Persons, locked: Callable[[UUID], Awaitable[PersonRow]],
        show: Callable[[PersonRow, PersonField, list[Value]], None], tell: Callable[..., None],
    ) -> None:  # fmt: skip
        super().__init__(work, rows.history)
        self._rows, self._locked, self._show, self._tell = rows, locked, show, tell

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        return self.work.clock.now().astimezone(CHINA).date()

    def key(self, subject: str) -> UUID:
        """The person's number. Raises NoSuchPerson."""
        try:
            return UUID(subject)
        except ValueError:
            raise NoSuchPerson from None

    async def locked(self, subject: str) -> PersonRow:
        """The present row, held. Raises NoSuchPerson, RecordMerged."""
        return await self._locked(self.key(subject))

    def subject(self, row: PersonRow) -> str:
        """The person's number."""
        return str(row.id)

    def clear(self, row: PersonRow, field: str, value: Value) -> str | None:
        """A value in clear."""
        return self._clear(row.id, PersonField(field), value)

    def _clear(self, person: UUID, field: PersonField, value: Value) -> str | None:
        return value.text if value.sealed is None else self.work.vault.open(value.sealed, place(person, field.value))

    def carried(self, gone: PersonRow, kept: PersonRow, field: str, value: Value) -> Value:
        """A value sealed anew: what is sealed for one record opens with no other."""
        if value.sealed is None:
            return value
        sealed = self.work.vault.seal(self.clear(gone, field, value) or "", place(kept.id, field))
        return Value(value.text, sealed, value.true, value.known_from, value.statement)

    def given_up(self, gone: PersonRow) -> dict[str, str]:
        """The number itself, and the sex and birth date that were read from it."""
        text = self.work.vault.open(gone.id_number_sealed, place(gone.id, PersonField.id_number.value))
        number = gb11643.parse(text, today=self.today)
        return {
            PersonField.id_number: text, PersonField.sex: number.sex.value,
            PersonField.birth_date: number.birth_date.isoformat(),
        }  # fmt: skip

    def begins(self, row: PersonRow) -> date:
        """Nothing is true of a person before she was born."""
        return row.birth_date

    def show(self, row: PersonRow, field: str, known: list[Value]) -> None:
        """Bring the present row to what is true now; a field of which nothing is known any more is empty."""
        self._show(row, PersonField(field), known)
        if as_of(known, self.today) is None:
            for name, content in columns(PersonField(field), None, None).items():
                setattr(row, name, content)
            row.match_keys = found_by(row.name, row.former_names, row.division_code)["match_keys"]

    async def move(self, gone: PersonRow, kept: PersonRow, said: Said) -> Moved:
        """Move the relations. One that the survivor has as well, or has with the merged record, ends where it is."""
        moved: Moved = []
        for row in await self._relations(gone.id):
            ends = {"person": row.person == gone.id, "other": row.other == gone.id}
            person, other = (kept.id if ends[name] else getattr(row, name) for name in ends)
            lasts = row.true_to is None
            if person == other or (lasts and await self._rows.relation(person, other, row.kind) is not None):
                if lasts:
                    row.true_to, row.end_statement, row.ended_at = self.today, said.statement, self.work.clock.now()
                    moved.append({"id": str(row.id), "ended": True})
                continue
            moved.append({"id": str(row.id)} | ends)
            await self._put(row, person, other)
            await self._tell_other(other if ends["person"] else person, said)
        return moved

    async def move_back(self, merger: MergerRow, said: Said) -> bool:
        """Give the relations back. False where one of the survivor's began or ended since."""
        kept, gone = UUID(merger.survivor), UUID(merger.subject)
        hers = await self._relations(kept)
        told = [row.known_from for row in hers] + [row.ended_at for row in hers if row.ended_at is not None]
        if any(at > merger.merged_at for at in told):
            return False
        rows = {str(row.id): row for row in [*hers, *await self._relations(gone)]}
        for one in merger.moved:
            row = rows[one["id"]]
            if "ended" in one:
                row.true_to = row.end_statement = row.ended_at = None
                continue
            person, other = (gone if one[name] else getattr(row, name) for name in ("person", "other"))
            await self._put(row, person, other)
            await self._tell_other(other if one["person"] else person, said)
        return True

    async def _relations(self, person: UUID) -> list[RelationRow]:
        row = RelationRow
        found = select(row).where(or_(row.person == person, row.other == person)).order_by(row.id).with_for_update()
        return list(await self.work.session.scalars(found))

    async def _put(self, row: RelationRow, person: UUID, other: UUID) -> None:
        """Relations lie with `person`, so that one that moves is written anew with all that is known of it."""
        values = {column.key: getattr(row, column.key) for column in RelationRow.__table__.columns}
        await self.work.session.delete(row)
        await self.work.session.flush()
        self.work.session.add(RelationRow(**values | {"person": person, "other": other}))
        await self.work.session.flush()

    async def _tell_other(self, person: UUID, said: Said) -> None:
        row = await self._rows.one(person)
        if row is not None:
            self._tell(row.id, row.division_code, said.act, [_RELATIONS], said.statement, said.by)

    async def leave(self, gone: PersonRow) -> bytes | None:
        """Take the present row away, and let nobody be found by its number."""
        numbers = delete(PersonNumberRow).where(PersonNumberRow.person == gone.id)
        index = await self.work.session.scalar(numbers.returning(PersonNumberRow.id_number_index))
        await self.work.session.delete(gone)
        await self.work.session.flush()
        return None if index is None else bytes(index)

    async def come_back(self, merger: MergerRow) -> PersonRow:
        """Make the present row anew. Raises PersonExists where another record carries the number by now."""
        person = UUID(merger.subject)
        await self.history.reopen(person, merger.merged_at)
        if merger.number_index is not None and not await self._rows.give_numbers({merger.number_index: person}):
            raise PersonExists
        content: dict[str, Any] = {"id": person, "sample": merger.sample, "version": merger.version + 1}
        former: list[str] = []
        for field in PersonField:
            known = await self.history.known(person, field.value)
            present = as_of(known, self.today)
            if present is None:
                content |= columns(field, None, None)
                continue
            content |= columns(field, self._clear(person, field, present), present.sealed)
            if field is PersonField.name:
                former = former_names(known, present)
            if field is PersonField.state:
                content["state_since"] = present.true.start
        content |= found_by(content["name"], former, content["division_code"])
        row = PersonRow(**content, changed_at=self.work.clock.now())
        self.work.session.add(row)
        await self.work.session.flush()
        return row

    def tell(self, row: PersonRow, said: Said) -> None:
        """Tell that a person's record changed."""
        self._tell(row.id, row.division_code, said.act, said.fields, said.statement, said.by)

    def tell_merged(self, gone: PersonRow, kept: PersonRow, said: Said) -> None:
        """Tell that a person's record is another one's part."""
        into = str(kept.id)
        self._tell(gone.id, gone.division_code, said.act, said.fields, said.statement, said.by, into=into)

    def tell_parted(self, back: PersonRow, kept: PersonRow, said: Said) -> None:
        """Tell that a person's record stands by itself again."""
        event = PersonParted(person=back.id, survivor=kept.id, parted_at=self.work.clock.now())
        self.work.events.record(event, subject=str(back.id))
        self.tell(back, said)
