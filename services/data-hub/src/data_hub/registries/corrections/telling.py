"""Tells every recipient that a value was corrected: who read it, who follows it, who was granted its rows."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from citykit.ids import new_id
from citykit.work import Work
from data_hub.registries.changes.service import Changes
from data_hub.registries.corrections.domain import Reason
from data_hub.registries.corrections.keepers import Keeper
from data_hub.registries.corrections.models import NoticeRow
from data_hub.registries.sources.domain import RESOURCES
from data_hub.sharing.service import NoticeKind, Recipients

# Who looks at a ticket is no recipient of the value.
LOOKED = "查看校核事项 Read a correction ticket"
_READERS = text("""
select distinct organisation from personal_access
where person = :person and organisation is not null and :field = any(fields) and action <> :looked
""")
_NOTE = (
    "基础库一项数据经校核更正，请重新获取并更正本部门留存的数据",
    "A value of the registry was corrected: read it again and mend what you keep",
)


class Telling:
    """Tells recipients within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def corrected(self, keeper: Keeper, field: str, *, source: str, ticket: UUID, asked: str | None) -> int:
        """Tell every recipient of a field of a record; how many notices were sent. The source itself gets none."""
        reasons: dict[str, Reason] = {}
        for department in await self._readers(keeper, field):
            reasons[department] = Reason.read
        for department in await Changes(self._work).followers(keeper.registry, field, keeper.division):
            reasons[department] = Reason.follows
        if asked is not None:
            reasons[asked] = Reason.asked
        reasons.pop(source, None)
        now = self._work.clock.now()
        self._work.session.add_all(
            _notice(keeper, field, ticket, now, who, why) for who, why in sorted(reasons.items())
        )
        granted = await Recipients(self._work).tell(
            RESOURCES[keeper.registry], kind=NoticeKind.correction, subject=keeper.subject, note=_NOTE,
            data={"field": field, "ticket": str(ticket)},
        )  # fmt: skip
        return len(reasons) + granted

    async def _readers(self, keeper: Keeper, field: str) -> list[str]:
        if keeper.person is None:
            return []
        values = {"person": keeper.person, "field": field, "looked": LOOKED}
        return list((await self._work.session.execute(_READERS, values)).scalars())


def _notice(keeper: Keeper, field: str, ticket: UUID, now: datetime, who: str, why: Reason) -> NoticeRow:
    return NoticeRow(
        id=new_id(), department=who, registry_name=keeper.registry.value, subject=keeper.subject, field=field,
        reason=why.value, ticket=ticket, told_at=now, acknowledged_at=None, acknowledged_by=None,
    )  # fmt: skip
