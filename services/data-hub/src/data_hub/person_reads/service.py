"""Note whose rows were read: one line a person and act, however many rows of hers there are."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from citykit.actors import Actor
from citykit.ledger import Ledger
from citykit.vault import Vault
from citykit.work import Work
from data_hub.datasets.domain import ColumnType, Shape
from data_hub.resources.schemas import Resource

AT_ONCE = 2_000
_CITIZEN_NUMBER = "gb11643"
_HASH = "\\x"
# The registries tell those who share and so stand above them: the register of numbers is asked here by its table.
# A number that a merged record gave up is its survivor's; whose record that is by now, her access log knows.
_REGISTERED = """
select person from person_number where id_number_index = any(%(hashed)s)
union
select m.survivor::uuid from registry_merger m where m.number_index = any(%(hashed)s) and m.undone_at is null
  and not exists (select from person_number n where n.id_number_index = m.number_index)
order by 1
"""


def number_columns(resource: Resource, shape: Shape) -> tuple[str, ...]:
    """The columns of a data set whose values say whose a row is: those checked as citizen numbers."""
    checked = {
        item.name
        for item in resource.items
        if any(rule.kind == "check-digit" and rule.scheme.value == _CITIZEN_NUMBER for rule in item.rules)
    }
    return tuple(one.name for one in shape.columns if one.name in checked and one.type is ColumnType.string)


@dataclass
class PersonReads:
    """The reads of one act within one transaction: `by` reads columns of a resource, for a purpose on a legal basis.

    A line names a column with its resource, `203001-000019/income`: what a register of another department says is not
    the registry's field of the same name, whose readers are told of corrections. Beside the codes it keeps what the
    catalogue calls resource and columns on that day, since a resource is described anew while the line stays.
    """

    work: Work
    by: Actor
    action: str
    resource: Resource
    columns: Sequence[str]
    purpose: str
    legal_basis: str | None = None
    matter: str | None = None
    _known: set[str] = field(default_factory=set)

    async def note(self, rows: Iterable[Sequence[str | None] | None]) -> None:
        """Note the persons whose citizen numbers stand in these rows (of each: its numbers, in any form, or hashes).

        A hash is that of a sealed column, as PostgreSQL writes bytes: a backslash, an x, hexadecimal digits.

        Who is not in the population registry has no account and no line; the evidence of the call counts her row.
        The lines of a long file are written as they come, so that they need no memory, in this same transaction.
        """
        numbers = {_canonical(one) for row in rows for one in row or () if one}
        fields = [f"{self.resource.code}/{column}" for column in self.columns]
        record, said = in_both(self.resource.name, self.resource.name_en), self._said()
        fresh = iter(sorted(numbers - self._known))
        self._known |= numbers
        while some := list(itertools.islice(fresh, AT_ONCE)):
            for person in await self._registered(some):
                self.work.access.read(
                    person=f"person:{person}", by=self.by, action=self.action, fields=fields,
                    purpose=self.purpose, legal_basis=self.legal_basis, record=record, said=said, matter=self.matter,
                )  # fmt: skip
            if len(self._known) > AT_ONCE:
                await Ledger(reads=self.work.access.take()).write(await self.work.driver())

    def _said(self) -> dict[str, str]:
        """What the catalogue calls the columns that are read."""
        code = self.resource.code
        return {f"{code}/{item.name}": in_both(item.title, item.title_en) for item in self.resource.items}

    async def _registered(self, numbers: Sequence[str]) -> list[UUID]:
        """The persons of the population registry who carry these numbers."""
        hashed = [_hash(self.work.vault, number) for number in numbers]
        found = await (await self.work.driver()).execute(_REGISTERED, {"hashed": hashed})
        return [person for (person,) in await found.fetchall()]


def in_both(zh: str, en: str | None) -> str:
    """A name as a person reads it: Chinese first, English after it where there is one."""
    return zh if en is None or en == zh else f"{zh} {en}"


def _canonical(number: str) -> str:
    return number if number.startswith(_HASH) else number.strip().upper()


def _hash(vault: Vault, number: str) -> bytes:
    return bytes.fromhex(number[len(_HASH) :]) if number.startswith(_HASH) else vault.index("id-number", number)
