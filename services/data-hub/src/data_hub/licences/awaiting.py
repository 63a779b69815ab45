"""Licences that were issued before their holder stood in the population registry, and how they become hers.

With each lies the keyed hash by which the registry finds persons, and nothing else of her number. It is hers when she
reads her licences, and in any case within minutes of her registration, when she is told of it as of a new one. One that
names somebody else under her number waits on: it is for who issued it to put right.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select

from citykit.actors import Actor, ActorKind
from citykit.vault import Vault, VaultError
from citykit.work import Work
from data_hub.licences.domain import Status
from data_hub.licences.holders import same_name
from data_hub.licences.models import AwaitingRow, LicenceRow
from data_hub.licences.writing import opened, tell_holders, unsealed
from data_hub.registries.population.service import Population

AT_ONCE = 1000
OLDER_AT_ONCE = 5000
SELF = Actor("data-hub", ActorKind.service)

Waiting = tuple[UUID, str]  # a licence, and the number of its holder


async def keep(work: Work, waiting: Sequence[Waiting]) -> None:
    """Keep whose licences these are, until the registry knows her; they are written already."""
    if not waiting:
        return
    population = Population(work)
    values = [{"licence_id": one, "holder_index": population.number_index(number)} for one, number in waiting]
    await work.session.execute(insert(AwaitingRow), values)


async def claim(work: Work, person: UUID) -> None:
    """Make those licences a person's whose number she carries."""
    index = await Population(work).index_of(person)
    if index is not None:
        await _give(work, {index: person})


async def find_holders(work: Work) -> None:
    """Look whether the registry knows holders by now. It asks for each number that waits, some at a time."""
    last = b""
    while True:
        waiting = (
            select(AwaitingRow.holder_index)
            .where(AwaitingRow.holder_index > last)
            .distinct()
            .order_by(AwaitingRow.holder_index)
            .limit(AT_ONCE)
        )
        indexes = [bytes(index) for index in await work.session.scalars(waiting)]
        if not indexes:
            return
        await _give(work, await Population(work).carriers(indexes))
        last = indexes[-1]


async def keep_older(work: Work) -> None:
    """Keep whose those licences are that were issued to unknown persons before this was kept."""
    kept = select(AwaitingRow.licence_id).where(AwaitingRow.licence_id == LicenceRow.id).exists()
    older = (
        select(LicenceRow.id, LicenceRow.sealed)
        .where(LicenceRow.holder_person.is_(None), LicenceRow.holder_code.is_(None), ~kept)
        .limit(OLDER_AT_ONCE)
    )
    rows = [(row.id, bytes(row.sealed)) for row in await work.session.execute(older)]
    await keep(work, await asyncio.to_thread(_numbers, work.vault, rows))


def _numbers(vault: Vault, rows: Iterable[tuple[UUID, bytes]]) -> list[Waiting]:
    found = []
    for one, sealed in rows:
        try:
            found.append((one, str(unsealed(vault, one, sealed)["holder_number"])))
        except VaultError:  # of a key that is gone: nobody can say whose it is
            continue
    return found


def _is_for(work: Work, row: LicenceRow, name: str | None) -> bool:
    """Whether a licence is for somebody of this name."""
    try:
        return name is not None and same_name(str(opened(work, row)["holder_name"]), name)
    except VaultError:
        return False


async def _give(work: Work, holders: Mapping[bytes, UUID]) -> None:
    if not holders:
        return
    # Two who give at once take the rows in one order: the second waits, and finds nothing left to give.
    waiting = select(AwaitingRow).where(AwaitingRow.holder_index.in_(holders)).order_by(AwaitingRow.licence_id)
    taken = await work.session.scalars(waiting.with_for_update())
    persons = {row.licence_id: holders[bytes(row.holder_index)] for row in taken}
    if not persons:
        return
    called = await Population(work).names(set(persons.values()))
    rows = select(LicenceRow).where(LicenceRow.id.in_(persons)).order_by(LicenceRow.id).with_for_update()
    told: list[dict[str, Any]] = []
    hers = [row for row in await work.session.scalars(rows) if _is_for(work, row, called.get(persons[row.id]))]
    await work.session.execute(delete(AwaitingRow).where(AwaitingRow.licence_id.in_([row.id for row in hers])))
    for row in hers:
        row.holder_person = persons[row.id]
        work.audit.note(stream=f"licence/{row.id}", act="find-holder", by=SELF)
        if row.status == Status.valid:
            names = ("id", "holder_person", "identifier", "valid_from", "valid_to")
            told.append({name: getattr(row, name) for name in names})
    tell_holders(work, told, subject=str(next(iter(persons.values()))))
