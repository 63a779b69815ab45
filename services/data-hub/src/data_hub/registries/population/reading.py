"""What others may see of a person: masked by default, by purpose, and each read in the person's access log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import insert

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.pages import Page, keyset_page
from citykit.problems import FieldError
from citykit.work import Work
from data_hub.registries.errors import BadValue, BeyondPurpose
from data_hub.registries.history import Line
from data_hub.registries.mergers import Mergers
from data_hub.registries.population.domain import SEALED, PersonField, PersonState, WrongValue, checked, masked
from data_hub.registries.population.errors import NoSuchPerson, NothingToSearch
from data_hub.registries.population.models import DisclosureRow, PersonRow
from data_hub.registries.population.repository import VALUES, Persons, place
from data_hub.registries.population.schemas import (
    Disclosure,
    DisclosureRequest,
    Person,
    PersonHistoryQuery,
    PersonSearch,
    Relation,
    RelationList,
    RelationQuery,
)
from data_hub.registries.purposes.domain import FIELD_WORDS, REGISTER, RELATIONS, Purpose
from data_hub.registries.purposes.service import check_covered, purpose_of
from data_hub.registries.schemas import ValueRecord
from data_hub.registries.sources.domain import Registry

# What a search may name, and which field that tells of.
_SEARCHED = {
    "id_number": "id_number", "name": "name", "name_contains": "name", "division_code": "division_code",
    "state": "state",
}  # fmt: skip


_READ = "查看人口库记录 Read a registry record"
# Field for field what `Present` is, after the name that her access log knows her by.
_PRESENT = """
select 'person:' || id as reference, id, name, id_number_shown, sex, birth_date, ethnicity, state, division_code,
  address_shown, phone_shown, version, changed_at
from person where id = any(%(persons)s)
"""


@dataclass(frozen=True, slots=True)
class Present:
    """What the present row of a person shows."""

    id: UUID
    name: str
    id_number_shown: str
    sex: str
    birth_date: date
    ethnicity: str | None
    state: str
    division_code: str | None
    address_shown: str | None
    phone_shown: str | None
    version: int
    changed_at: datetime


def seen(row: PersonRow | Present, purpose: Purpose) -> Person:
    """The person as `purpose` lets her be seen."""
    shown: dict[str, str | None] = {
        "name": masked(PersonField.name, row.name),
        "id_number": row.id_number_shown,
        "sex": row.sex,
        "birth_date": masked(PersonField.birth_date, row.birth_date.isoformat()),
        "ethnicity": row.ethnicity,
        "division_code": row.division_code,
        "address": row.address_shown,
        "phone": row.phone_shown,
    }
    visible = {field: text if field in purpose.fields else None for field, text in shown.items()}
    state = PersonState(row.state) if "state" in purpose.fields else None
    return Person(
        person=row.id, purpose=purpose.code, state=state, version=row.version, changed_at=row.changed_at, **visible
    )


class Readings:
    """Reads persons for somebody, within one transaction."""

    def __init__(self, work: Work, by: Actor) -> None:
        self._work = work
        self._by = by
        self._rows = Persons(work)
        self._mergers = Mergers(work, Registry.population)

    def _log(
        self, person: UUID, action: str, purpose: Purpose, fields: list[str], legal_basis: str = "",
        matter: str | None = None,
    ) -> None:  # fmt: skip
        self._work.access.read(
            person=f"person:{person}", by=self._by, action=action, fields=fields, purpose=purpose.said,
            legal_basis=legal_basis or purpose.legal_basis, record=REGISTER, said=FIELD_WORDS, matter=matter,
        )  # fmt: skip

    def see(self, row: PersonRow, purpose: Purpose, action: str = _READ) -> Person:
        """The person as `purpose` lets her be seen; the read is logged."""
        self._log(row.id, action, purpose, list(purpose.values))
        return seen(row, purpose)

    async def row(self, person: UUID) -> PersonRow:
        """The row of a person. Raises NoSuchPerson, RecordMerged."""
        row = await self._rows.one(person)
        if row is None:
            raise await self._mergers.absence(str(person), NoSuchPerson())
        return row

    async def person(self, person: UUID, purpose: Purpose) -> Person:
        """One person, masked. Raises NoSuchPerson, RecordMerged."""
        found = await self.several([person], purpose, _READ)
        if not found:
            raise await self._mergers.absence(str(person), NoSuchPerson())
        return found[person]

    async def several(self, persons: Sequence[UUID], purpose: Purpose, action: str) -> dict[UUID, Person]:
        """Those of these persons who are here, masked; each read is logged in the statement that reads."""
        for person in persons:
            self._log(person, action, purpose, list(purpose.values))
        asked = {f"person:{person}" for person in persons}
        found = await self._work.seen(_PRESENT, {"persons": list(persons)}, asked)
        rows = (Present(*columns) for _, *columns in found)
        return {row.id: seen(row, purpose) for row in rows}

    async def search(self, search: PersonSearch) -> Page[Person]:
        """The persons that a search finds, masked, by number.

        Raises UnknownPurpose, BeyondPurpose (a clue outside the purpose), NothingToSearch, BadValue.
        """
        purpose = purpose_of(search.purpose, "/body/purpose")
        asked = search.model_dump(include=set(_SEARCHED), exclude_none=True)
        check_covered(purpose, {member: _SEARCHED[member] for member in asked})
        if search.id_number is None and search.name is None and search.name_contains is None:
            raise NothingToSearch()
        number = self._number(search.id_number) if search.id_number is not None else None
        return await keyset_page(
            self._work.session,
            self._rows.matching(search, number),
            keys=(PersonRow.id,),
            query=search,
            make=lambda row: self.see(row, purpose, "检索人口库 Searched the registry"),
        )

    def _number(self, text: str) -> str:
        try:
            return checked(PersonField.id_number, text, self._work.clock.now().date()) or ""
        except WrongValue as wrong:
            raise BadValue("/body/id_number", wrong.code, wrong.said) from wrong

    async def history(self, person: UUID, purpose: Purpose, query: PersonHistoryQuery) -> Page[ValueRecord]:
        """The values of a person that `purpose` covers, masked, with their statements. Raises NoSuchPerson.

        Those of a record that was merged stay readable as they were known.
        """
        if await self._rows.one(person) is None and str(person) == await self._mergers.standing(str(person)):
            raise NoSuchPerson()
        fields = list(purpose.values)
        self._log(person, "查看人口库历史 Read a record's history", purpose, fields)
        found = self._rows.values(person, query.true_on, query.known_at).where(VALUES.c.field.in_(fields))
        keys = (VALUES.c.field, VALUES.c.true_from, VALUES.c.known_from)
        return await keyset_page(self._work.session, found, keys=keys, query=query, make=_masked_line)

    async def relations(self, person: UUID, purpose: Purpose, query: RelationQuery) -> RelationList:
        """Whose guardian a person is, and who hers are; former ones only where asked for.

        Raises BeyondPurpose, NoSuchPerson.
        """
        if RELATIONS not in purpose.fields:
            raise BeyondPurpose(errors=[FieldError(pointer="?purpose", code="beyond-purpose", message=RELATIONS)])
        await self.row(person)
        self._log(person, "查看监护关系 Read relations", purpose, [RELATIONS])
        today = self._work.clock.now().astimezone(CHINA).date()
        found = await self._rows.relations(person, None if query.ended else query.true_on or today)
        return RelationList(items=[Relation.of(row) for row in found])

    async def disclose(self, person: UUID, request: DisclosureRequest) -> Disclosure:
        """Show values unmasked, and keep who had them and why. Raises NoSuchPerson, UnknownPurpose, BeyondPurpose."""
        purpose = purpose_of(request.purpose, "/body/purpose")
        fields = sorted(set(request.fields))
        beyond = [field for field in fields if field.value not in purpose.disclosable]
        if beyond:
            raise BeyondPurpose(
                errors=[FieldError(pointer="/body/fields", code="beyond-purpose", message=field) for field in beyond]
            )
        row = await self.row(person)
        made, now, names = new_id(), self._work.clock.now(), [field.value for field in fields]
        await self._work.session.execute(
            insert(DisclosureRow).values(
                id=made, person=person, at=now, by=self._by.reference, department=self._by.department,
                purpose=purpose.code, legal_basis=request.legal_basis, matter=request.matter, fields=names,
            )
        )  # fmt: skip
        self._log(person, "查看未脱敏信息 Had values disclosed", purpose, names, request.legal_basis, request.matter)
        self._work.audit.note(
            stream=f"person/{person}", act="disclose", by=self._by,
            data={"disclosure": str(made), "purpose": purpose.code, "fields": list(names), "matter": request.matter},
        )  # fmt: skip
        values = {field.value: self._plain(row, field) for field in fields}
        return Disclosure(
            disclosure=made, person=person, purpose=purpose.code, legal_basis=request.legal_basis,
            matter=request.matter, disclosed_at=now, values=values,
        )  # fmt: skip

    def _plain(self, row: PersonRow, field: PersonField) -> str | None:
        if field in SEALED:
            sealed: bytes | None = getattr(row, f"{field.value}_sealed")
            return None if sealed is None else self._work.vault.open(sealed, place(row.id, field.value))
        value = getattr(row, field.value)
        return None if value is None else str(value)


def _masked_line(columns: tuple[object, ...]) -> ValueRecord:
    line = Line(*columns)  # type: ignore[arg-type]  # the columns of History.of, in that order
    field = PersonField(line.field)
    return line.shown(line.value if field in SEALED else masked(field, line.value))
