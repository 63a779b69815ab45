"""What a merger does to records, the same way for persons and for legal entities: one face of both registries for it.

`registries.merging` says what is taken over and who may; here is how a record gives its place up and gets it back.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from citykit.actors import Actor
from citykit.work import Work
from data_hub.registries.history import History
from data_hub.registries.models import MergerRow
from data_hub.registries.provenance import Value
from data_hub.registries.sources.domain import Registry

Moved = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Said:
    """Something that happened to a record, as it is told: the act, the fields, the statement, and by whom."""

    act: str
    fields: list[str]
    statement: UUID
    by: Actor


class Joining(ABC):
    """The records of one registry within one transaction. Rows are those that `locked` answers."""

    registry: Registry
    fields: tuple[str, ...]
    numbered_by: str  # the field whose source keeps the number: its department may merge
    told_of: str  # the field whose readers hear of a merger
    untold: frozenset[str] = frozenset()  # fields that no ticket is about

    def __init__(self, work: Work, history: History) -> None:
        self.work = work
        self.history = history

    @property
    @abstractmethod
    def today(self) -> date:
        """The day in Hengshui."""

    @abstractmethod
    def key(self, subject: str) -> Any:
        """The registry's own key of a record. Raises what it refuses where there is no such record."""

    @abstractmethod
    async def locked(self, subject: str) -> Any:
        """The present row of a record, held until the transaction ends. Raises RecordMerged where it was merged."""

    @abstractmethod
    def subject(self, row: Any) -> str:
        """The number of a record."""

    @abstractmethod
    def clear(self, row: Any, field: str, value: Value) -> str | None:
        """A value of a record in clear."""

    @abstractmethod
    def carried(self, gone: Any, kept: Any, field: str, value: Value) -> Value:
        """A value of one record as it is kept with another one."""

    @abstractmethod
    def given_up(self, gone: Any) -> dict[str, str]:
        """The values that rest on the number which a record gives up; they are no news of whom it is about."""

    @abstractmethod
    def begins(self, row: Any) -> date:
        """The first day of which anything can be true of a record."""

    @abstractmethod
    def show(self, row: Any, field: str, known: list[Value]) -> None:
        """Bring the present row to what is true of a field by now; the row counts as changed."""

    async def move(self, gone: Any, kept: Any, said: Said) -> Moved:
        """Move what ties a record to others, and tell these; how it is found again."""
        return []

    async def move_back(self, merger: MergerRow, said: Said) -> bool:
        """Give a record what ties it to others back. False where that was changed since."""
        return True

    @abstractmethod
    async def leave(self, gone: Any) -> bytes | None:
        """Take the present row away; the keyed hash of the number that nobody carries from now on."""

    @abstractmethod
    async def come_back(self, merger: MergerRow) -> Any:
        """Make the present row anew of what is known. Raises what the registry refuses where its number is taken."""

    @abstractmethod
    def tell(self, row: Any, said: Said) -> None:
        """Tell those who follow that a record changed."""

    @abstractmethod
    def tell_merged(self, gone: Any, kept: Any, said: Said) -> None:
        """Tell those who follow that a record was merged."""

    @abstractmethod
    def tell_parted(self, back: Any, kept: Any, said: Said) -> None:
        """Tell those who follow that a merged record stands by itself again."""

    async def known(self, row: Any, field: str) -> list[Value]:
        """What is known of a field at present, by the day it begins."""
        return await self.history.known(self.key(self.subject(row)), field)

    async def take_over(self, kept: Any, field: str, values: Sequence[Value]) -> list[dict[str, Any]]:
        """Let a record know values that were another's; how they are found again."""
        known, fresh = await self.history.take_over(self.key(self.subject(kept)), field, values)
        self.show(kept, field, known)
        return [
            {"field": field, "known_from": one.known_from.isoformat(), "true_from": one.true.start.isoformat()}
            for one in fresh
        ]

    async def give_back(self, kept: Any, taken: list[dict[str, Any]]) -> None:
        """Let a record know no more what it had taken over."""
        for field in dict.fromkeys(one["field"] for one in taken):
            values = [
                (datetime.fromisoformat(one["known_from"]), date.fromisoformat(one["true_from"]))
                for one in taken
                if one["field"] == field
            ]
            known = await self.history.give_back(self.key(self.subject(kept)), field, values)
            self.show(kept, field, known)
