"""合并指引: which record a merged one became part of, and which records are one person's or one firm's by now.

What was written of a merged record keeps its number: tickets, licences, credit records, lines of access logs. Whoever
reads them follows the pointer, so that a merger moves none of them and one that was wrong can be undone. Pointers lead
to the survivor of their own day, who may have been merged since: they are followed to the end.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from citykit.work import Work
from data_hub.registries.errors import RecordMerged
from data_hub.registries.sources.domain import Registry

_WAY = text("""
with recursive way (subject, survivor, steps) as (
  select subject, survivor, 1 from registry_merger
  where subject = any(:subjects) and registry_name = :registry and undone_at is null
  union all
  select way.subject, m.survivor, way.steps + 1 from way join registry_merger m
  on m.subject = way.survivor and m.registry_name = :registry and m.undone_at is null
)
select distinct on (subject) subject, survivor from way order by subject, steps desc
""")
_BELOW = text("""
with recursive below (subject) as (
  select cast(:subject as text)
  union all
  select m.subject from below join registry_merger m
  on m.survivor = below.subject and m.registry_name = :registry and m.undone_at is null
)
select subject from below
""")
_GAVE_UP = text("""
select number_index, subject from registry_merger
where number_index = any(:indexes) and registry_name = :registry and undone_at is null order by id
""")


class Mergers:
    """The pointers of one registry, within one transaction."""

    def __init__(self, work: Work, registry: Registry) -> None:
        self._work = work
        self._registry = registry

    async def survivors(self, subjects: Collection[str]) -> dict[str, str]:
        """The records that stand today for those of `subjects` that were merged; the others are left out."""
        asked = {"subjects": list(subjects), "registry": self._registry.value}
        return {row.subject: row.survivor for row in await self._work.session.execute(_WAY, asked)}

    async def standing(self, subject: str) -> str:
        """The record that stands today for `subject`: itself, unless it was merged."""
        return (await self.survivors([subject])).get(subject, subject)

    async def same(self, subject: str) -> list[str]:
        """All records of the person or firm that `subject` is one of: the one that stands first."""
        asked = {"subject": await self.standing(subject), "registry": self._registry.value}
        return list((await self._work.session.execute(_BELOW, asked)).scalars())

    async def gave_up(self, indexes: Collection[bytes]) -> dict[bytes, str]:
        """The records that stand today for those that gave these numbers up, by the numbers' keyed hashes."""
        asked = {"indexes": list(indexes), "registry": self._registry.value}
        found = {bytes(row.number_index): row.subject for row in await self._work.session.execute(_GAVE_UP, asked)}
        standing = await self.survivors(set(found.values())) if found else {}
        return {index: standing.get(subject, subject) for index, subject in found.items()}

    async def absence(self, subject: str, otherwise: Exception) -> Exception:
        """Why a record is not here: it was merged, or else `otherwise`."""
        standing = await self.standing(subject)
        return otherwise if standing == subject else RecordMerged(standing)


async def same_persons(work: Work, references: list[str]) -> list[str]:
    """The names of the persons in `references` in access logs (`person:<id>`), with those of their merged records."""
    found: dict[str, None] = dict.fromkeys(references)
    for reference in references:
        kind, _, number = reference.partition(":")
        if kind == "person":
            same = await Mergers(work, Registry.population).same(str(UUID(number)))
            found |= dict.fromkeys(f"person:{one}" for one in same)
    return list(found)
