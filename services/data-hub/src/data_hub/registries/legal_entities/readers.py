"""查阅部门 which departments read which legal entities: one row each, so that a correction finds whoever has the value.

Who reads for the first time of a day holds the entities until her row is committed: a correction waits for her, and
tells her, or she waits for it and reads what is right. Whoever reads again that day writes nothing.
"""

import json
from collections.abc import Sequence

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.runtime import Reads
from citykit.work import Work

_NOTED = """
select count(*) from legal_entity_reader
where uscc = any(%s) and department = %s and read_on = %s and (whole or not %s)
"""
_NOTE = """
with held as (select uscc from legal_entity where uscc = any(%(codes)s) order by uscc for share)
insert into legal_entity_reader as known (uscc, department, whole, read_on)
select uscc, %(department)s, %(whole)s, %(today)s from held
on conflict (uscc, department) do update set whole = known.whole or excluded.whole, read_on = excluded.read_on
"""
# Lists and matches show these; a point read and a history show all.
BRIEF = frozenset({"name", "state", "legal_form", "division_code", "established_on"})
READERS = """
select department from legal_entity_reader where uscc = %s and (whole or %s) order by department
"""


class Readers:
    """Notes what `by` reads within one transaction; only departments are noted."""

    def __init__(self, work: Work, reads: Reads, by: Actor) -> None:
        self._work = work
        self._reads = reads
        self._by = by
        self._held: set[str] = set()

    async def note(self, codes: Sequence[str], *, whole: bool) -> bool:
        """Note that these entities are read; whether any of them was not noted yet today.

        Where it was not, it is held from here on: what was read of it before is to be read again.
        """
        asked = sorted(set(codes) - self._held)
        if self._by.department is None or not asked:
            return False
        today = self._work.clock.now().astimezone(CHINA).date()
        (noted,) = await (await self._reads.execute(_NOTED, (asked, self._by.department, today, whole))).fetchone() or (
            0,
        )
        if noted == len(asked):
            return False
        values = {"codes": asked, "department": self._by.department, "whole": whole, "today": today}
        await (await self._work.driver()).execute(_NOTE, values)
        self._held |= set(asked)
        return True

    async def note_page(self, document: str) -> bool:
        """The same of the entities of a page, given as its JSON document."""
        if self._by.department is None:
            return False
        return await self.note([one["uscc"] for one in json.loads(document)["items"]], whole=False)


async def readers_of(work: Work, uscc: str, field: str) -> list[str]:
    """The departments that ever read a field of an entity. The caller holds the entity."""
    found = await (await work.driver()).execute(READERS, (uscc, field in BRIEF))
    return [department for (department,) in await found.fetchall()]
