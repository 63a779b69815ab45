"""Tells every recipient that a value was corrected: who read it, who follows it, who asked."""

from datetime import datetime
from uuid import UUID

from citykit.ids import new_id
from citykit.work import Work
from data_hub.registries.changes.service import Changes
from data_hub.registries.corrections.domain import Reason
from data_hub.registries.corrections.keepers import Keeper
from data_hub.registries.corrections.models import NoticeRow


class Telling:
    """Tells recipients within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def corrected(self, keeper: Keeper, field: str, *, source: str, ticket: UUID, asked: str | None) -> int:
        """Tell every recipient of a field of a record; how many notices were sent. The source itself gets none."""
        reasons: dict[str, Reason] = {}
        for department in await keeper.readers(field):
            reasons[department] = Reason.read
        for department in await Changes(self._work).followers(keeper.registry, field, keeper.divisions):
            reasons[department] = Reason.follows
        if asked is not None:
            reasons[asked] = Reason.asked
        reasons.pop(source, None)
        now = self._work.clock.now()
        self._work.session.add_all(
            _notice(keeper, field, ticket, now, who, why) for who, why in sorted(reasons.items())
        )
        return len(reasons)


def _notice(keeper: Keeper, field: str, ticket: UUID, now: datetime, who: str, why: Reason) -> NoticeRow:
    return NoticeRow(
        id=new_id(), department=who, registry_name=keeper.registry.value, subject=keeper.subject, field=field,
        reason=why.value, ticket=ticket, told_at=now, acknowledged_at=None, acknowledged_by=None,
    )  # fmt: skip
