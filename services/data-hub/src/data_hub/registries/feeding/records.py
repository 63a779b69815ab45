"""The records that a feed speaks of, the same way for persons and for legal entities: found, registered, stated."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from citykit.actors import Actor
from citykit.work import Work
from data_hub.registries.corrections.domain import Said
from data_hub.registries.corrections.schemas import StatementDraft
from data_hub.registries.corrections.service import conflicts_beside
from data_hub.registries.feeding.domain import KEY, LASTING, NEEDED, Fault, Told
from data_hub.registries.legal_entities.domain import EntityField
from data_hub.registries.legal_entities.schemas import EntityDraft
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.mergers import Mergers
from data_hub.registries.population.domain import PersonField
from data_hub.registries.population.schemas import PersonDraft
from data_hub.registries.population.service import Population
from data_hub.registries.schemas import SourceDraft
from data_hub.registries.sources.domain import IMPLIED, Registry
from data_hub.registries.sources.service import Sources

_UNKNOWN = (
    "unknown-record",
    "库中没有该主体，且该行不足以登记 The registry has no such record, and the row says too little to register it",
)
_ANOTHERS = (
    "not-the-source",
    "该项由其他数源部门负责，不能据此登记 Another department is its source: no record is registered on this word",
)
_MERGED = (
    "record-merged",
    "该号码的记录已合并，请更正本部门登记的号码 The record of this number was merged: mend the number in your register",
)


class Refused(Exception):
    """A row cannot be stated; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


@dataclass(frozen=True)
class Outcome:
    """How many values of a record are what the row says since it said so, and how many contradict their source."""

    changed: int = 0
    conflicts: int = 0


@dataclass(frozen=True)
class Entry:
    """A record as it would be entered from a row, and the fields of the row that it takes with it."""

    newcomer: Any
    taken: frozenset[str]


class Records(ABC):
    """The records of one registry as one department's batch tells of them, within one transaction.

    `day` is when the batch came: what changed is true from that day on, unless the row itself says since when. Acts on
    one record and on a thousand are the same ones: within `at_once` what they read was taken at once by `hold`, and
    what they write is written at once at the end.
    """

    registry: Registry

    def __init__(self, work: Work, source: SourceDraft, day: date, by: Actor) -> None:
        self.work, self.source, self.by = work, source, by
        self._sources = Sources(work)
        self._sources.remember()
        self._registry = self._opened()
        self._conflicts = conflicts_beside(work, self._registry, self._sources)
        self.day = min(day, self.today)
        self._mergers = Mergers(work, self.registry)
        self._merged: set[str] = set()
        self.acts = 0  # values that were stated: nothing is done of a row that is refused before its first

    @abstractmethod
    def _opened(self) -> Any:
        """The registry's own acts."""

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        day: date = self._registry.today
        return day

    @abstractmethod
    def order(self, number: str) -> Any:
        """The place of a number in the order in which all feeds enter their records."""

    @abstractmethod
    async def find(self, numbers: Collection[str]) -> dict[str, str]:
        """The records that carry these numbers; who is not here is left out."""

    @abstractmethod
    def _entry(self, number: str, values: Mapping[str, str]) -> Entry:
        """A record as it would be entered with those values that a first statement takes."""

    @abstractmethod
    async def enter(self, entries: Mapping[str, Entry]) -> dict[str, str]:
        """Enter records by their numbers; those that are entered. The others came in by another hand just now."""

    @abstractmethod
    def _key(self, subject: str) -> Any:
        """The registry's own key of a record."""

    @abstractmethod
    async def _stated(self, name: str, day: date) -> tuple[str | None, str | None]:
        """The value of a field of the held record true on `day`, and the department it rests on."""

    @abstractmethod
    async def _said_at(self, name: str) -> datetime | None:
        """When the source said the value of a field of the held record that is true today."""

    def at_once(self) -> AbstractAsyncContextManager[None]:
        """Within the block acts gather what they write; it is written at its end."""
        found: AbstractAsyncContextManager[None] = self._registry.at_once()
        return found

    async def hold(self, subjects: Collection[str], fields: Collection[str]) -> None:
        """Hold records in one order, and take what is known of these fields of theirs and what is not decided yet."""
        await self._registry.hold([self._key(subject) for subject in subjects], fields)
        await self._conflicts.hold(self.registry, subjects, self.source.department)

    async def entry(self, told: Told) -> Entry:
        """Who or what is unknown as it would be entered, from the values whose source this department may be.

        Raises Refused where the row says too little, rests on what another department is the source of, or goes by a
        number that a merged record gave up, and what the registry refuses.
        """
        key, needed = KEY[self.registry], NEEDED[self.registry]
        if told.number in self._merged:
            raise Refused(Fault(key, None, *_MERGED))
        for name in sorted(needed - told.values.keys()):
            raise Refused(Fault(name, None, *_UNKNOWN))
        implied = IMPLIED[self.registry]
        others = {name for name in {key, *told.values, *implied} if await self._is_anothers(name, told.number)}
        for name in sorted(others & {key, *needed, *implied}):
            raise Refused(Fault(name, None, *_ANOTHERS))
        return self._entry(told.number, {n: v for n, v in told.values.items() if n not in others})

    async def state(self, subject: str, told: Told) -> Outcome:
        """State what differs from the record, value by value. Raises what the registry refuses.

        What the same source said after the batch came stands: a batch is as old as the moment when it was brought.
        """
        if not told.values:
            return Outcome()
        self._row = await self._registry.locked(self._key(subject))
        changed = contradicted = 0
        for name, value in sorted(told.values.items()):
            text, department = await self._stated(name, self.today)
            if text == value:
                continue
            source = await self._named(name, subject) or department
            mine = source in (None, self.source.department)
            if mine and await self._is_older(name):
                continue
            start = self._start(name, told.since) if mine else await self._contested(name, told.since)
            draft = StatementDraft(
                registry=self.registry, subject=subject, field=name, value=value, true_from=start, source=self.source
            )
            said = (await self._conflicts.state(draft, by=self.by)).said
            self.acts += 1
            changed += said is Said.adopted
            contradicted += said is Said.conflict
        return Outcome(changed, contradicted)

    async def _is_older(self, name: str) -> bool:
        said = await self._said_at(name)
        return said is not None and self.source.stated_at is not None and said > self.source.stated_at

    def _start(self, name: str, since: date | None) -> date | None:
        return None if name in LASTING else since or self.day

    async def _contested(self, name: str, since: date | None) -> date:
        """Since when a contradiction holds: as the row says, where there was something to contradict then."""
        if since is not None and (await self._stated(name, since))[1] is not None:
            return since
        return self.today

    async def _is_anothers(self, name: str, subject: str) -> bool:
        return await self._named(name, subject) not in (None, self.source.department)

    async def _named(self, name: str, subject: str) -> str | None:
        """The department named as source of a field."""
        return await self._sources.named(self.registry, name, subject, self.today)


class People(Records):
    """Persons, by their identification numbers."""

    registry = Registry.population
    _registry: Population
    _FIRST = ("name", "ethnicity", "division_code", "address", "phone")

    def _opened(self) -> Population:
        return Population(self.work, self._sources)

    def order(self, number: str) -> Any:
        """By the hash that a number is kept under."""
        return self._registry.number_index(number)

    async def find(self, numbers: Collection[str]) -> dict[str, str]:
        """The persons who carry these numbers."""
        found = {number: str(person) for number, person in (await self._registry.numbered(numbers)).items()}
        unknown = {self._registry.number_index(number): number for number in set(numbers) - found.keys()}
        if unknown:
            self._merged |= {unknown[index] for index in await self._mergers.gave_up(unknown)}
        return found

    def _entry(self, number: str, values: Mapping[str, str]) -> Entry:
        first = {name: values[name] for name in self._FIRST if name in values}
        draft = PersonDraft(id_number=number, source=self.source, **first)
        return Entry(self._registry.newcomer(draft, by=self.by), frozenset(first))

    async def enter(self, entries: Mapping[str, Entry]) -> dict[str, str]:
        """Enter persons."""
        entered = await self._registry.enter([one.newcomer for one in entries.values()], by=self.by)
        return {n: str(one.newcomer.person) for n, one in entries.items() if one.newcomer.person in entered}

    def _key(self, subject: str) -> UUID:
        return UUID(subject)

    async def _stated(self, name: str, day: date) -> tuple[str | None, str | None]:
        return await self._registry.stated(self._row, PersonField(name), day)

    async def _said_at(self, name: str) -> datetime | None:
        return await self._registry.stated_at(self._row, PersonField(name))


class Firms(Records):
    """Legal entities, by their unified social credit codes."""

    registry = Registry.legal_entities
    _registry: LegalEntities
    _FIRST = ("name", "legal_form", "division_code", "address", "representative_name", "scope")

    def _opened(self) -> LegalEntities:
        return LegalEntities(self.work, self._sources)

    def order(self, number: str) -> Any:
        """By the code."""
        return number

    async def find(self, numbers: Collection[str]) -> dict[str, str]:
        """The entities of these codes."""
        known = await self._registry.known(numbers)
        if unknown := set(numbers) - known:
            self._merged |= (await self._mergers.survivors(unknown)).keys()
        return {code: code for code in known}

    def _entry(self, number: str, values: Mapping[str, str]) -> Entry:
        first: dict[str, Any] = {name: values[name] for name in self._FIRST if name in values}
        first["established_on"] = date.fromisoformat(values[EntityField.established_on])
        if (capital := values.get(EntityField.capital_fen)) is not None:
            first["capital_fen"] = int(capital)
        draft = EntityDraft(uscc=number, source=self.source, **first)
        return Entry(self._registry.newcomer(draft, by=self.by), frozenset(first))

    async def enter(self, entries: Mapping[str, Entry]) -> dict[str, str]:
        """Enter entities."""
        entered = await self._registry.enter([one.newcomer for one in entries.values()], by=self.by)
        return {code: code for code in entered}

    def _key(self, subject: str) -> str:
        return subject

    async def _stated(self, name: str, day: date) -> tuple[str | None, str | None]:
        return await self._registry.stated(self._row, EntityField(name), day)

    async def _said_at(self, name: str) -> datetime | None:
        return await self._registry.stated_at(self._row, EntityField(name))
