"""Reads of persons. Who may read at all is stated at the endpoint; what is seen of a row is the purpose's matter."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from citykit.work import Work
from data_hub.bigrams import bigrams, search_key
from data_hub.divisions.domain import stem_of
from data_hub.registries.history import History
from data_hub.registries.population.domain import name_form
from data_hub.registries.population.models import PersonNumberRow, PersonRow, PersonValueRow, RelationRow
from data_hub.registries.population.schemas import PersonSearch

_VALUES: Any = PersonValueRow.__table__
_GIVE = text("""
insert into person_number (id_number_index, person)
select i, p from unnest(cast(:indexes as bytea[]), cast(:persons as uuid[])) as n (i, p)
on conflict do nothing returning person
""")


def id_number_index(work: Work, number: str) -> bytes:
    """The look-up hash of an identification number in its canonical form."""
    return work.vault.index("id-number", number)


def place(person: UUID, field: str) -> str:
    """The place that a sealed value of a person belongs to; it opens nowhere else."""
    return f"person/{person}/{field}"


class Persons:
    """Persons as rows."""

    def __init__(self, work: Work) -> None:
        self._work = work
        values: Table = _VALUES
        self.history = History(work, values, "person", "population")

    async def one(self, person: UUID) -> PersonRow | None:
        """The person of this number."""
        return await self._work.session.get(PersonRow, person)

    async def names(self, persons: Collection[UUID]) -> dict[UUID, str]:
        """What they are called."""
        found = await self._work.session.execute(select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(persons)))
        return {row.id: row.name for row in found}

    async def locked(self, person: UUID) -> PersonRow | None:
        """The same, held until the transaction ends: two acts on one person come one after the other."""
        found = await self._work.session.scalars(select(PersonRow).where(PersonRow.id == person).with_for_update())
        return found.one_or_none()

    async def by_number(self, number: str) -> PersonRow | None:
        """The person who carries an identification number, given in canonical form."""
        index = id_number_index(self._work, number)
        found = await self._work.session.scalars(
            select(PersonRow)
            .join(PersonNumberRow, PersonNumberRow.person == PersonRow.id)
            .where(PersonNumberRow.id_number_index == index)
        )
        return found.one_or_none()

    async def all_locked(self, persons: Sequence[UUID]) -> list[PersonRow]:
        """Those of these persons who are here, held in the order of their numbers until the transaction ends."""
        row = PersonRow
        found = select(row).where(row.id.in_(persons)).order_by(row.id).with_for_update()
        return list(await self._work.session.scalars(found, execution_options={"populate_existing": True}))

    async def give_numbers(self, numbers: Mapping[bytes, UUID]) -> set[UUID]:
        """Give the numbers of these keyed hashes to new persons; who has got one, as another may carry it already.

        They are given in the order of the hashes, so that two acts on many persons never wait for each other crosswise.
        """
        ordered = sorted(numbers.items())
        found = await self._work.session.execute(
            _GIVE, {"indexes": [index for index, _ in ordered], "persons": [person for _, person in ordered]}
        )
        return set(found.scalars())

    async def take_number(self, person: UUID, number: str) -> bool:
        """Give an identification number to a person who gives up the one she had; False where another carries it."""
        index, row = id_number_index(self._work, number), PersonNumberRow
        await self._work.session.execute(delete(row).where(row.person == person, row.id_number_index != index))
        await self._work.session.execute(
            insert(row).values(id_number_index=index, person=person).on_conflict_do_nothing()
        )
        holder = await self._work.session.scalar(select(row.person).where(row.id_number_index == index))
        return holder == person

    async def relations(self, person: UUID, day: date | None) -> list[RelationRow]:
        """The relations of a person in either direction, oldest first: those of a day, or all that ever were."""
        row = RelationRow
        found = select(row).where(or_(row.person == person, row.other == person))
        if day is not None:
            found = found.where(row.true_from <= day, or_(row.true_to.is_(None), row.true_to > day))
        return list(await self._work.session.scalars(found.order_by(row.true_from, row.id)))

    async def relation(self, person: UUID, other: UUID, kind: str) -> RelationRow | None:
        """What `person` is to `other` at present, if anything, held until the transaction ends."""
        found = await self._work.session.scalars(
            select(RelationRow)
            .where(
                RelationRow.person == person, RelationRow.other == other, RelationRow.kind == kind,
                RelationRow.true_to.is_(None),
            )
            .with_for_update()
        )  # fmt: skip
        return found.one_or_none()

    async def last_end(self, person: UUID, other: UUID, kind: str) -> date | None:
        """The day on which `person` was `kind` to `other` no more, where she was it before."""
        row = RelationRow
        return await self._work.session.scalar(
            select(func.max(row.true_to)).where(row.person == person, row.other == other, row.kind == kind)
        )

    def values(self, person: UUID, true_on: date | None, known_at: datetime | None) -> Select[Any]:
        """The history of a person."""
        return self.history.of(person, true_on, known_at)

    def matching(self, search: PersonSearch, number: str | None) -> Select[PersonRow]:
        """The persons that a search finds; `number` is its identification number in canonical form."""
        found = select(PersonRow)
        if number is not None:
            found = found.join(PersonNumberRow, PersonNumberRow.person == PersonRow.id)
            found = found.where(PersonNumberRow.id_number_index == id_number_index(self._work, number))
        if search.name is not None:
            found = found.where(PersonRow.name_key == search_key(name_form(search.name)))
        if search.name_contains is not None:
            key = search_key(name_form(search.name_contains))
            found = found.where(PersonRow.name_bigrams.contains(bigrams(key)), func.strpos(PersonRow.name_key, key) > 0)
        if search.division_code is not None:
            found = found.where(PersonRow.division_code.startswith(stem_of(search.division_code)))
        return found if search.state is None else found.where(PersonRow.state == search.state.value)


VALUES: Table = _VALUES
