"""What the registries know of those whom licences are for: whether they go on, and whether they are called so.

Whoever issues learns that a name is not the registry's, and never which one is. A person whose number was tried with
another name finds it in her access log: a refusal leaves no licence that would tell her of it.
"""

import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from citykit.actors import Actor
from citykit.work import Work
from data_hub.bigrams import search_key
from data_hub.licences.domain import HolderKind
from data_hub.licences.errors import HolderCeased, OtherName
from data_hub.licences.models import TypeRow
from data_hub.licences.writing import Holder
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.population.domain import name_form
from data_hub.registries.population.service import Population

OTHER_NAME = ("holder_name", "registry")
# One name is typed in many ways: which brackets, which circle for 〇, and what is seen of a character's form alone.
_ALIKE = str.maketrans("〔〕【】[]○◯", "()()()〇〇")
_UNSEEN = re.compile("[\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")


def same_name(one: str, other: str) -> bool:
    """Whether two texts are one name, whatever its width, spaces, brackets and middle dots; other words are others."""
    return _key(one) == _key(other)


def _key(name: str) -> str:
    return search_key(name_form(_UNSEEN.sub("", name))).translate(_ALIKE)


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registry knows of holders, by number. Of whom it does not know it says nothing."""

    persons: Mapping[str, UUID]
    names: Mapping[str, str]
    ceased: Collection[str]

    def fault(self, name: str, number: str) -> tuple[str, str] | None:
        """Why nothing is certified to this holder, as (field, code); of one who is called otherwise no more is said."""
        if not same_name(name, self.names.get(number, name)):
            return OTHER_NAME
        return ("holder_number", "ceased") if number in self.ceased else None

    def as_named(self, holder: Holder) -> Holder:
        """The holder as the registry writes her name."""
        return replace(holder, name=self.names.get(holder.number, holder.name))


async def registered(
    work: Work, kind: HolderKind, numbers: Sequence[str], persons: Mapping[str, UUID] | None = None
) -> Registered:
    """What the registry knows of who carries these numbers; of `persons` it is known already who they are."""
    if kind is HolderKind.organisation:
        entities = LegalEntities(work)
        return Registered({}, await entities.names(numbers), await entities.ended(numbers))
    population = Population(work)
    known = persons or await population.numbered(numbers)
    names, died = await population.names(known.values()), await population.deceased(known.values())
    return Registered(
        known, {number: names[one] for number, one in known.items() if one in names},
        {number for number, one in known.items() if one in died},
    )  # fmt: skip


async def certifiable(work: Work, kind: TypeRow, holder: Holder) -> Holder:
    """The holder as the registry writes her name. Raises OtherName, HolderCeased."""
    persons = None if holder.person is None else {holder.number: holder.person}
    known = await registered(work, holder.kind, [holder.number], persons)
    match known.fault(holder.name, holder.number):
        case None:
            return known.as_named(holder)
        case fault if fault == OTHER_NAME:
            raise OtherName(kind.name_zh, known.persons.get(holder.number))
    raise HolderCeased


@asynccontextmanager
async def comparisons_kept(work: Work, *, by: Actor) -> AsyncIterator[None]:
    """Within the block an act that is refused for the name leaves its line in the person's log, and nothing else."""
    try:
        async with work.session.begin_nested():
            yield
    except OtherName as refused:
        note_comparison(work, refused.type_name, refused.person, by=by)
        await work.finish()
        raise


def note_comparison(work: Work, type_name: str, person: UUID | None, *, by: Actor) -> None:
    """Log for a person that another name was held against hers; of firms there is no log."""
    if person is not None:
        work.access.read(
            person=f"person:{person}", by=by, action="核对持证人姓名，不一致 Compared a holder's name: another one",
            fields=["name"], purpose=f"签发证照 Issuing a licence: {type_name}", said={"name": "姓名 Name"},
            legal_basis="《国务院关于在线政务服务的若干规定》第十条", record="人口库 Population registry",
        )  # fmt: skip
