"""One face for both registries: a record that is held, its values in clear, and the act that corrects one."""

from abc import ABC, abstractmethod
from datetime import date
from uuid import UUID

from sqlalchemy import text

from citykit.actors import Actor
from citykit.work import Work
from data_hub.registries.corrections.domain import LOOKED
from data_hub.registries.corrections.errors import NoSource, UnknownField
from data_hub.registries.corrections.schemas import CorrectedValue
from data_hub.registries.errors import RecordMerged
from data_hub.registries.legal_entities.domain import EntityField
from data_hub.registries.legal_entities.schemas import EntityCorrection
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.population.domain import PersonField, mask_name, masked
from data_hub.registries.population.errors import NoSuchPerson
from data_hub.registries.population.schemas import Correction
from data_hub.registries.population.service import Population
from data_hub.registries.schemas import SourceDraft
from data_hub.registries.sources.domain import Registry
from data_hub.registries.sources.service import Sources

_READERS = text("""
select distinct organisation from personal_access
where person = any(:persons) and organisation is not null and :field = any(fields) and action <> :looked
""")


class Keeper(ABC):
    """A record that is held until the transaction ends.

    A ticket about a record that was merged is about the one that stands: there its value is read and corrected.
    """

    registry: Registry
    _came_from: str | None

    def __init__(self, work: Work, subject: str) -> None:
        self.work = work
        self.subject = subject

    @property
    @abstractmethod
    def today(self) -> date:
        """The day in Hengshui."""

    @property
    @abstractmethod
    def division(self) -> str | None:
        """Where the record belongs."""

    @property
    def divisions(self) -> set[str | None]:
        """Where the record belongs, and where it belonged when it was taken."""
        return {self.division, self._came_from}

    @abstractmethod
    async def readers(self, field: str) -> list[str]:
        """The departments that ever read a field of the record."""

    @abstractmethod
    def canonical(self, field: str, text: str | None, pointer: str) -> str | None:
        """A value in its canonical form. Raises UnknownField, BadValue."""

    @abstractmethod
    async def stated(self, field: str, day: date) -> tuple[str | None, str | None]:
        """The value of a field true on `day`, in clear, and the department it comes from. Raises UnknownField."""

    @abstractmethod
    def shown(self, field: str, text: str | None) -> str | None:
        """A value as it may be shown to anybody with a right."""

    @abstractmethod
    async def open_statement(self, act: str, source: SourceDraft, by: Actor) -> UUID:
        """Keep what a source said of the record."""

    @abstractmethod
    async def correct(self, field: str, corrected: CorrectedValue, source: SourceDraft, by: Actor) -> None:
        """Correct a value. Raises BadValue, BadPeriod, NotTheSource and what its registry refuses."""

    async def source(self, field: str) -> str:
        """The department that decides about a field. Raises NoSource."""
        _, department = await self.stated(field, self.today)
        named = await Sources(self.work).named(self.registry, field, self.subject, self.today)
        if (found := named or department) is None:
            raise NoSource
        return found


class PersonKeeper(Keeper):
    """A person's record."""

    registry = Registry.population

    async def hold(self, population: Population | None = None) -> "PersonKeeper":
        """Hold it, or the one that it was merged into. Raises NoSuchPerson."""
        self._population = population or Population(self.work)
        try:
            self._row = await self._population.locked(UUID(self.subject))
        except RecordMerged as merged:
            self._row = await self._population.locked(UUID(merged.survivor))
        except ValueError:
            raise NoSuchPerson from None
        self._came_from = self._row.division_code
        self.subject = str(self._row.id)
        return self

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        return self._population.today

    @property
    def division(self) -> str | None:
        """Where the person is registered."""
        return self._row.division_code

    async def readers(self, field: str) -> list[str]:
        """Those whom the person's access log names, be it by a record that was merged into this one."""
        records = [f"person:{one}" for one in await self._population.same(self._row.id)]
        values = {"persons": records, "field": field, "looked": LOOKED}
        return list((await self.work.session.execute(_READERS, values)).scalars())

    def canonical(self, field: str, text: str | None, pointer: str) -> str | None:
        """A value in its canonical form."""
        return self._population.canonical(_person_field(field), text, pointer)

    async def stated(self, field: str, day: date) -> tuple[str | None, str | None]:
        """The value true on `day` and where it comes from."""
        return await self._population.stated(self._row, _person_field(field), day)

    def shown(self, field: str, text: str | None) -> str | None:
        """A value, masked."""
        return masked(_person_field(field), text)

    async def open_statement(self, act: str, source: SourceDraft, by: Actor) -> UUID:
        """Keep what a source said of the person."""
        return await self._population.open_statement(act, source, by)

    async def correct(self, field: str, corrected: CorrectedValue, source: SourceDraft, by: Actor) -> None:
        """Correct a value."""
        value = self.canonical(field, corrected.value, "/body/correction/value")
        correction = Correction(
            field=_person_field(field), value=value, true_from=corrected.true_from, true_to=corrected.true_to,
            source=source,
        )  # fmt: skip
        await self._population.correct(self._row, correction, by=by)


class FirmKeeper(Keeper):
    """A legal entity's record."""

    registry = Registry.legal_entities

    async def hold(self, entities: LegalEntities | None = None) -> "FirmKeeper":
        """Hold it, or the one that it was merged into. Raises NoSuchEntity."""
        self._entities = entities or LegalEntities(self.work)
        try:
            self._row = await self._entities.locked(self.subject)
        except RecordMerged as merged:
            self._row = await self._entities.locked(merged.survivor)
            self.subject = self._row.uscc
        self._came_from = self._row.division_code
        return self

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        return self._entities.today

    @property
    def division(self) -> str | None:
        """Where the entity is registered."""
        return self._row.division_code

    async def readers(self, field: str) -> list[str]:
        """Those who read the entity, or what lists show of it."""
        return await self._entities.readers(self._row, field)

    def canonical(self, field: str, text: str | None, pointer: str) -> str | None:
        """A value in its canonical form."""
        return self._entities.canonical(_entity_field(field), text, pointer)

    async def stated(self, field: str, day: date) -> tuple[str | None, str | None]:
        """The value true on `day` and where it comes from."""
        return await self._entities.stated(self._row, _entity_field(field), day)

    def shown(self, field: str, text: str | None) -> str | None:
        """A value; the representative's name is masked."""
        return mask_name(text) if text is not None and field == EntityField.representative_name else text

    async def open_statement(self, act: str, source: SourceDraft, by: Actor) -> UUID:
        """Keep what a source said of the entity."""
        return await self._entities.open_statement(act, source, by)

    async def correct(self, field: str, corrected: CorrectedValue, source: SourceDraft, by: Actor) -> None:
        """Correct a value."""
        value = self.canonical(field, corrected.value, "/body/correction/value")
        correction = EntityCorrection(
            field=_entity_field(field), value=value, true_from=corrected.true_from, true_to=corrected.true_to,
            source=source,
        )  # fmt: skip
        await self._entities.correct(self._row, correction, by=by)


def _person_field(name: str) -> PersonField:
    try:
        return PersonField(name)
    except ValueError:
        raise UnknownField from None


def _entity_field(name: str) -> EntityField:
    """The field; a representative's number is the population registry's matter and told to nobody."""
    if name not in set(EntityField) or name == EntityField.legal_representative:
        raise UnknownField
    return EntityField(name)


async def hold(
    work: Work, registry: Registry, subject: str, keeping: Population | LegalEntities | None = None
) -> Keeper:
    """Hold a record, through `keeping` where it may be held there already. Raises NoSuchPerson, NoSuchEntity."""
    if registry is Registry.population:
        return await PersonKeeper(work, subject).hold(keeping if isinstance(keeping, Population) else None)
    return await FirmKeeper(work, subject).hold(keeping if isinstance(keeping, LegalEntities) else None)
