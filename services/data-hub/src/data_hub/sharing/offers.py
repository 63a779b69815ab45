"""What a published resource offers to those who apply: its items, their types, which are sensitive; and the checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from citykit.problems import FieldError
from citykit.work import Work
from data_hub.datasets.domain import ColumnType
from data_hub.resources.domain import READ_AT, is_private, sealing_of
from data_hub.resources.schemas import Resource
from data_hub.resources.service import Resources
from data_hub.sharing.domain import Item, chosen
from data_hub.sharing.errors import (
    BadPeriod,
    BadRowFilter,
    NoPublishedResource,
    NothingToShare,
    ReadByPurpose,
    UnknownColumn,
)
from data_hub.sharing.row_filter import WrongFilter, parse

LONGEST_PERIOD = timedelta(days=3 * 366)


@dataclass(frozen=True)
class Offer:
    """A resource as sharing looks at it."""

    resource: Resource

    @property
    def items(self) -> list[Item]:
        """Its items, and whether each is personal or secret."""
        return [Item(item.name, is_private(item)) for item in self.resource.items]

    @property
    def types(self) -> dict[str, ColumnType]:
        """The types of its columns."""
        return {item.name: item.type for item in self.resource.items}

    @property
    def sensitive(self) -> frozenset[str]:
        """The names of its personal and secret items."""
        return frozenset(item.name for item in self.items if item.sensitive)

    def columns(self, wanted: Sequence[str] | None, pointer: str = "/body/columns") -> tuple[str, ...]:
        """The columns that are meant. Raises UnknownColumn, NothingToShare."""
        try:
            found = chosen(wanted, self.items)
        except KeyError as unknown:
            error = FieldError(pointer=pointer, code="unknown-column", message=str(unknown.args[0])[:60])
            raise UnknownColumn(errors=[error]) from unknown
        if not found:
            raise NothingToShare
        return found

    def check_filter(self, text: str | None, pointer: str = "/body/row_filter") -> None:
        """Refuse a row filter that says nothing about this resource. Raises BadRowFilter."""
        if text is None:
            return
        try:
            parse(text, self.types, {item.name: sealing_of(item) for item in self.resource.items})
        except WrongFilter as wrong:
            error = FieldError(pointer=pointer, code="bad-row-filter", message=str(wrong))
            raise BadRowFilter(errors=[error]) from wrong


async def offer_of(work: Work, code: str) -> Offer:
    """What the resource offers. Raises NoPublishedResource, ReadByPurpose."""
    found = await Resources(work).published(code)
    if found is None:
        raise NoPublishedResource
    if found.code in READ_AT:
        raise ReadByPurpose(READ_AT[found.code])
    return Offer(found)


def check_period(until: datetime, now: datetime) -> None:
    """Refuse an end that is past, or farther away than anybody can judge. Raises BadPeriod."""
    if not now < until <= now + LONGEST_PERIOD:
        zh, en = "期限应在今后三年之内", "The period ends within the next three years"
        raise BadPeriod((zh, en), errors=[FieldError(pointer="/body/valid_until", code="grant-period", message=en)])


def joined(first: str | None, second: str | None) -> str | None:
    """Both filters at once."""
    parts = [part for part in (first, second) if part]
    return "&".join(parts) if parts else None
