"""One licence of a type for a holder at a time 一人一证, where the type says so.

Which licences are in force changes with the days, so that no index can hold it: whoever issues of such a type waits
for her turn, and then looks. A suspended licence counts, for it may be resumed; of those of a merged record it knows
nothing.
"""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import Text, cast, func, select, union_all

from citykit.work import Work
from data_hub.licences.domain import HolderKind, Status
from data_hub.licences.models import AwaitingRow, LicenceRow, TypeRow
from data_hub.registries.population.service import Population

_COUNTS = (Status.valid.value, Status.suspended.value)


class Terms:
    """The terms of licences of a type, by their holders' numbers; of a type that does not say so all are free."""

    def __init__(self) -> None:
        self.kept = False
        self._terms: dict[str, list[tuple[date, date]]] = {}

    def take(self, number: str, first: date, last: date | None) -> bool:
        """Let a holder have these days, None for ever; False where a licence of hers has one of them."""
        if not self.kept:
            return True
        if any(first <= end and begin <= (last or date.max) for begin, end in self._terms.get(number, [])):
            return False
        self.hold(number, first, last)
        return True

    def hold(self, number: str, first: date, last: date | None) -> None:
        """Keep the term of a licence that a holder has."""
        self._terms.setdefault(number, []).append((first, last or date.max))


async def take_turn(work: Work, kind: TypeRow) -> None:
    """Wait until nobody else issues licences of the type, where its holders have one at a time."""
    if kind.one_per_holder:
        key = f"licence-type/{kind.code}/one-each"
        await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


async def terms_of(
    work: Work, kind: TypeRow, holders: Mapping[str, UUID | None], *, but: str | None = None
) -> Terms:  # fmt: skip
    """What these holders, by number and as the registry knows them, have of the type, but for one serial."""
    terms = Terms()
    if not kind.one_per_holder:
        return terms
    await take_turn(work, kind)
    terms.kept = True
    row = LicenceRow
    counts = [row.type_code == kind.code, row.status.in_(_COUNTS), row.serial.is_distinct_from(but)]
    if HolderKind(kind.holder_kind) is HolderKind.organisation:
        firms = select(row.holder_code, row.valid_from, row.valid_to).where(*counts, row.holder_code.in_(holders))
        for number, first, last in await work.session.execute(firms):
            terms.hold(str(number), first, last)
        return terms
    population = Population(work)
    keys = {population.number_index(number): number for number in holders}
    hers = {str(person): number for number, person in holders.items() if person is not None}
    index = func.encode(AwaitingRow.holder_index, "hex")
    waiting = select(index, row.valid_from, row.valid_to).join(AwaitingRow, AwaitingRow.licence_id == row.id)
    known = select(cast(row.holder_person, Text), row.valid_from, row.valid_to)
    # A licence that waits for its holder may become hers meanwhile: one statement finds it here or there.
    found = union_all(
        waiting.where(*counts, AwaitingRow.holder_index.in_(keys)),
        known.where(*counts, row.holder_person.in_([UUID(person) for person in hers])),
    )
    numbers = {key.hex(): number for key, number in keys.items()} | hers
    for key, first, last in await work.session.execute(found):
        terms.hold(numbers[key], first, last)
    return terms
