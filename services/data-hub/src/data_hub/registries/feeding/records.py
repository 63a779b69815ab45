"""The records that a feed speaks of, the same way for persons and for legal entities: found, registered, stated."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from citykit.actors import Actor
from citykit.work import Work
from data_hub.registries.corrections.domain import Said
from data_hub.registries.corrections.schemas import StatementDraft
from data_hub.registries.corrections.service import conflicts
from data_hub.registries.feeding.domain import KEY, LASTING, NEEDED, Fault, Told
from data_hub.registries.feeding.repository import said_at
from data_hub.registries.legal_entities.domain import EntityField
from data_hub.registries.legal_entities.errors import EntityExists
from data_hub.registries.legal_entities.schemas import EntityDraft
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.population.domain import PersonField
from data_hub.registries.population.errors import PersonExists
from data_hub.registries.population.schemas import PersonDraft
from data_hub.registries.population.service import Population
from data_hub.registries.schemas import SourceDraft
from data_hub.registries.sources.domain import Registry, registrar_of
from data_hub.registries.sources.service import Sources

_UNKNOWN = (
    "unknown-record",
    "库中没有该主体，且该行不足以登记 The registry has no such record, and the row says too little to register it",
)
_ANOTHERS = (
    "not-the-source",
    "该项由其他数源部门负责，不能据此登记 Another department is its source: no record is registered on this word",
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


class Records(ABC):
    """The records of one registry as one department's batch tells of them, within one transaction.

    `day` is when the batch came: what changed is true from that day on, unless the row itself says since when.
    """

    registry: Registry

    def __init__(self, work: Work, source: SourceDraft, day: date, by: Actor) -> None:
        self.work, self.source, self.by = work, source, by
        self.day = min(day, self.today)
        self._names: dict[tuple[str, str], str | None] = {}

    @property
    @abstractmethod
    def today(self) -> date:
        """The day in Hengshui."""

    @abstractmethod
    def order(self, number: str) -> Any:
        """The place of a number in the order in which all feeds take their records."""

    @abstractmethod
    async def find(self, numbers: Collection[str]) -> dict[str, str]:
        """The records that carry these numbers; who is not here is left out."""

    @abstractmethod
    async def _enter(self, number: str, values: Mapping[str, str]) -> tuple[str, frozenset[str] | None]:
        """Register a record with the values that a first statement takes, and say which; None where it is here by now.

        Somebody else may have registered it this moment.
        """

    @abstractmethod
    async def _hold(self, subject: str) -> None:
        """Hold a record until the transaction ends."""

    @abstractmethod
    async def _stated(self, name: str, day: date) -> tuple[str | None, str | None]:
        """The value of a field of the held record true on `day`, and the department it rests on."""

    async def register(self, told: Told) -> tuple[str, frozenset[str] | None]:
        """Register who or what is unknown, from the values whose source this department may be, and say which it took.

        The second is None where the record came into the registry this moment by another hand.
        Raises Refused where the row says too little, or rests on what another department is the source of, and what
        the registry refuses.
        """
        key, needed = KEY[self.registry], NEEDED[self.registry]
        for name in sorted(needed - told.values.keys()):
            raise Refused(Fault(name, None, *_UNKNOWN))
        others = {name for name in (key, *told.values) if await self._is_anothers(name, told.number)}
        for name in sorted(others & {key, *needed}):
            raise Refused(Fault(name, None, *_ANOTHERS))
        return await self._enter(told.number, {n: v for n, v in told.values.items() if n not in others})

    async def state(self, subject: str, told: Told) -> Outcome:
        """State what differs from the record, value by value. Raises what the registry refuses.

        What the same source said after the batch came stands: a batch is as old as the moment when it was brought.
        """
        if not told.values:
            return Outcome()
        await self._hold(subject)
        changed = contradicted = 0
        for name, value in sorted(told.values.items()):
            text, department = await self._stated(name, self.today)
            if text == value:
                continue
            source = await self._named(name, subject) or department
            mine = source in (None, self.source.department)
            if mine and await self._is_older(subject, name):
                continue
            start = self._start(name, told.since) if mine else await self._contested(name, told.since)
            draft = StatementDraft(
                registry=self.registry, subject=subject, field=name, value=value, true_from=start, source=self.source
            )
            said = (await (await conflicts(self.work)).state(draft, by=self.by)).said
            changed += said is Said.adopted
            contradicted += said is Said.conflict
        return Outcome(changed, contradicted)

    async def _is_older(self, subject: str, name: str) -> bool:
        said = await said_at(self.work, self.registry, subject, name, self.today)
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
        """The department named as source of a field; asked once for each field and registrar."""
        key = (name, registrar_of(self.registry, subject))
        if key not in self._names:
            self._names[key] = await Sources(self.work).named(self.registry, name, subject, self.today)
        return self._names[key]


class People(Records):
    """Persons, by their identification numbers."""

    registry = Registry.population
    _FIRST = ("name", "ethnicity", "division_code", "address", "phone")

    def __init__(self, work: Work, source: SourceDraft, day: date, by: Actor) -> None:
        self._population = Population(work)
        super().__init__(work, source, day, by)

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        return self._population.today

    def order(self, number: str) -> Any:
        """By the hash that a number is kept under."""
        return self._population.number_index(number)

    async def find(self, numbers: Collection[str]) -> dict[str, str]:
        """The persons who carry these numbers."""
        return {number: str(person) for number, person in (await self._population.numbered(numbers)).items()}

    async def _enter(self, number: str, values: Mapping[str, str]) -> tuple[str, frozenset[str] | None]:
        first = {name: values[name] for name in self._FIRST if name in values}
        draft = PersonDraft(id_number=number, source=self.source, **first)
        try:
            return str((await self._population.register(draft, by=self.by)).id), frozenset(first)
        except PersonExists:
            found = await self.find([number])
            if number not in found:
                raise
            return found[number], None

    async def _hold(self, subject: str) -> None:
        self._row = await self._population.locked(UUID(subject))

    async def _stated(self, name: str, day: date) -> tuple[str | None, str | None]:
        return await self._population.stated(self._row, PersonField(name), day)


class Firms(Records):
    """Legal entities, by their unified social credit codes."""

    registry = Registry.legal_entities
    _FIRST = ("name", "legal_form", "division_code", "address", "representative_name", "scope")

    def __init__(self, work: Work, source: SourceDraft, day: date, by: Actor) -> None:
        self._entities = LegalEntities(work)
        super().__init__(work, source, day, by)

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        return self._entities.today

    def order(self, number: str) -> Any:
        """By the code."""
        return number

    async def find(self, numbers: Collection[str]) -> dict[str, str]:
        """The entities of these codes."""
        return {code: code for code in await self._entities.known(numbers)}

    async def _enter(self, number: str, values: Mapping[str, str]) -> tuple[str, frozenset[str] | None]:
        first: dict[str, Any] = {name: values[name] for name in self._FIRST if name in values}
        first["established_on"] = date.fromisoformat(values[EntityField.established_on])
        if (capital := values.get(EntityField.capital_fen)) is not None:
            first["capital_fen"] = int(capital)
        try:
            await self._entities.register(EntityDraft(uscc=number, source=self.source, **first), by=self.by)
        except EntityExists:
            return number, None
        return number, frozenset(first)

    async def _hold(self, subject: str) -> None:
        self._row = await self._entities.locked(subject)

    async def _stated(self, name: str, day: date) -> tuple[str | None, str | None]:
        return await self._entities.stated(self._row, EntityField(name), day)
