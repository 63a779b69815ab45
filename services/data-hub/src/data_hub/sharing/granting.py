"""The acts on grants: issue, change, suspend, resume, revoke. Each writes a version; none is ever taken away."""

from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import select

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.work import Work, WorkInRequest
from data_hub.resources.domain import ShareType
from data_hub.resources.service import Resources
from data_hub.sharing.domain import GrantState
from data_hub.sharing.errors import GrantStateProblem
from data_hub.sharing.models import ApplicationRow, GrantRow, GrantVersionRow
from data_hub.sharing.offers import check_period, offer_of
from data_hub.sharing.schemas import GrantChange
from data_hub.sharing.steps import HUB, Steps

_FROM_APPLICATION = (
    "resource", "resource_name", "source_department", "department", "department_name", "purpose", "legal_basis",
)  # fmt: skip
_MOVES = {
    "suspend": (GrantState.active, GrantState.suspended),
    "resume": (GrantState.suspended, GrantState.active),
}


class Granting:
    """Acts on grants within one transaction; every grant handed in is locked for it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._steps = Steps(work)

    async def issue(self, application: ApplicationRow, *, by: Actor | str, **policy: Any) -> GrantRow:
        """Make the grant that a decision gives; `policy` is what it allows."""
        now = self._work.clock.now()
        row = GrantRow(
            id=new_id(), application_id=application.id, version=1, state=GrantState.active.value, valid_from=now,
            granted_at=now, deliver_by=await self._steps.due("delivery", now),
            **{name: getattr(application, name) for name in _FROM_APPLICATION}, **policy,
        )  # fmt: skip
        self._work.session.add(row)
        await self._work.session.flush()
        self._keep(row, by=by, reason=None)
        self._steps.write(row.id, "grant", "grant", by=by, data={"application": str(application.id)})
        return row

    async def change(self, row: GrantRow, change: GrantChange, *, by: Actor) -> GrantRow:
        """Make a grant narrower or wider.

        Raises GrantStateProblem (409), NoPublishedResource (404); UnknownColumn, BadRowFilter, BadPeriod (422).
        """
        self._not_revoked(row)
        offer = await offer_of(self._work, row.resource)
        if change.columns is not None:
            row.columns = list(offer.columns(change.columns))
        if change.row_filter is not None or change.every_row:
            offer.check_filter(change.row_filter)
            row.row_filter = change.row_filter
        if change.valid_until is not None:
            check_period(change.valid_until, self._work.clock.now())
            row.valid_until = change.valid_until
        if change.daily_quota_rows is not None or change.no_quota:
            row.daily_quota_rows = change.daily_quota_rows
        if change.deliveries is not None:
            row.deliveries = [one.value for one in dict.fromkeys(change.deliveries)]
        if change.onward is not None:
            row.onward = change.onward
        return self._next(row, "change", change.reason, by=by)

    async def move(self, row: GrantRow, act: str, reason: str, *, by: Actor | str) -> GrantRow:
        """Suspend a grant, or let it work again. Raises GrantStateProblem (409)."""
        begins, reached = _MOVES[act]
        if row.state != begins.value:
            raise GrantStateProblem
        row.state = reached.value
        return self._next(row, act, reason, by=by)

    async def revoke(self, row: GrantRow, reason: str, *, by: Actor) -> GrantRow:
        """Take a grant back for good. Raises GrantStateProblem (409)."""
        self._not_revoked(row)
        row.state = GrantState.revoked.value
        return self._next(row, "revoke", reason, by=by)

    async def suspend_unshared(self) -> int:
        """Suspend what was granted of resources that are published no more, or shared no more; how many grants.

        When a resource comes back, its source department says of each grant whether it works again.
        """
        active = GrantRow.state == GrantState.active.value, GrantRow.valid_until > self._work.clock.now()
        codes = await self._work.session.scalars(select(GrantRow.resource).distinct().where(*active))
        suspended = 0
        for code in list(codes):
            resource = await Resources(self._work).published(code)
            if resource is not None and resource.share_type is not ShareType.refused:
                continue
            rows = await self._work.session.scalars(
                select(GrantRow).where(GrantRow.resource == code, *active).with_for_update(skip_locked=True)
            )
            for row in list(rows):
                await self.move(row, "suspend", "数据资源已撤销或不再共享 No longer published or shared", by=HUB)
                suspended += 1
        return suspended

    def _not_revoked(self, row: GrantRow) -> None:
        if row.state == GrantState.revoked.value:
            raise GrantStateProblem

    def _next(self, row: GrantRow, act: str, reason: str, *, by: Actor | str) -> GrantRow:
        row.version += 1
        self._keep(row, by=by, reason=reason)
        self._steps.write(row.id, "grant", act, by=by, note=reason, data={"version": row.version, "state": row.state})
        return row

    def _keep(self, row: GrantRow, *, by: Actor | str, reason: str | None) -> None:
        policy = {
            "columns": list(row.columns), "row_filter": row.row_filter, "deliveries": list(row.deliveries),
            "daily_quota_rows": row.daily_quota_rows, "onward": row.onward, "state": row.state,
            "valid_until": row.valid_until.isoformat(),
        }  # fmt: skip
        self._work.session.add(
            GrantVersionRow(
                grant_id=row.id,
                version=row.version,
                at=self._work.clock.now(),
                reason=reason,
                policy=policy,
                actor=by if isinstance(by, str) else by.reference,
            )
        )


async def granting(work: WorkInRequest) -> Granting:
    """The grants of this request's transaction."""
    return Granting(work)


GrantingInRequest = Annotated[Granting, Depends(granting)]
