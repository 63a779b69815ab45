"""The policy 共享授权: asked at every call, so that what was changed, revoked or has run out tells on the next one."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.work import Work
from data_hub.sharing.domain import Delivery, GrantState, Held, Outcome, Why, nearest
from data_hub.sharing.errors import NotGranted, QuotaUsed
from data_hub.sharing.evidence import Evidence
from data_hub.sharing.models import GrantRow
from data_hub.sharing.policy import Grant

_POLICY = """
select g.id, g.resource, g.department, g.columns, g.row_filter, g.purpose, g.legal_basis, g.valid_until,
  g.daily_quota_rows, g.onward, g.version, g.source_department, g.deliveries, g.state, g.valid_from,
  coalesce((select u.row_count from sharing_grant_usage u where u.grant_id = g.id and u.day = %(day)s::date), 0),
  g.department_name
from sharing_grant g
where g.resource = %(resource)s::varchar and g.department = %(department)s::varchar
  and (%(grant)s::uuid is null or g.id = %(grant)s::uuid)
"""
_CHARGE = """
insert into sharing_grant_usage as u (grant_id, day, row_count)
select g.id, %(day)s::date, %(rows)s::bigint from sharing_grant g
where g.id = %(grant)s::uuid and (g.daily_quota_rows is null or %(rows)s::bigint <= g.daily_quota_rows)
on conflict (grant_id, day) do update set row_count = u.row_count + excluded.row_count
where (select g.daily_quota_rows is null or u.row_count + excluded.row_count <= g.daily_quota_rows
  from sharing_grant g where g.id = u.grant_id)
returning row_count
"""
_LEFT = """
select greatest(0, g.daily_quota_rows - coalesce(
  (select u.row_count from sharing_grant_usage u where u.grant_id = g.id and u.day = %(day)s::date), 0))
from sharing_grant g where g.id = %(grant)s::uuid and g.daily_quota_rows is not null
"""


class Grants:
    """Grants as those ask for them who serve data."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def policy(
        self, resource: str, *, actor: Actor, delivery: Delivery = Delivery.query, grant: UUID | None = None,
        action: str = "query", spends: bool = True,
    ) -> Grant:  # fmt: skip
        """The grant that covers this call of the actor's department; `grant` names one where there are several.

        `spends` is False for a call that serves no rows anew, which a quota that is used up does not refuse.

        Raises NotGranted (403), or QuotaUsed (429, a NotGranted too). The refusal is on record before it is raised, and
        what the transaction had done until then is undone: ask for the policy first.
        """
        held = await self._held(resource, actor.department, grant)
        now = self._work.clock.now()
        told = [(one, _why_not(one, now, delivery, spends=spends)) for one in held]
        live = [one for one, why in told if why is None]
        if len(live) == 1:
            return _grant(live[0])
        why = Why.purpose if live else nearest(reason for _, reason in told if reason is not None)
        # A refusal belongs to the chain of a grant where it is clear which one was meant.
        of = held[0][0] if len(held) == 1 else None
        await self.refuse(why, resource=resource, grant=of, actor=actor, action=action)
        raise AssertionError("a refusal raises")

    async def charge(self, grant: Grant, rows: int, *, actor: Actor, action: str = "query") -> None:
        """Count `rows` that are about to be served against the grant's quota of the day.

        Raises QuotaUsed (429) where they would go beyond it; no two calls together get past it either.
        """
        connection = await self._work.driver()
        values = {"grant": grant.id, "day": self._today(), "rows": rows}
        found = await (await connection.execute(_CHARGE, values, prepare=True)).fetchone()
        if found is None:
            found = await (await connection.execute(_LEFT, values, prepare=True)).fetchone()
            left = 0 if found is None else found[0]
            await self.refuse(
                Why.quota, resource=grant.resource, grant=grant.id, actor=actor, action=action, left=left, wanted=rows
            )

    async def refuse(
        self, why: Why, *, resource: str, grant: UUID | None, actor: Actor, action: str, left: int = 0,
        wanted: int | None = None,
    ) -> None:  # fmt: skip
        """Record the refusal of a call and raise it; `left` of the `wanted` rows its quota would still let through.

        Raises NotGranted, QuotaUsed.
        """
        await Evidence(self._work).record(
            resource=resource, grant=grant, actor=actor, action=action, outcome=Outcome.refused, code=why.value
        )
        if why is Why.quota:
            raise QuotaUsed(self._seconds_of_today_left(), left, wanted)
        raise NotGranted(why)

    async def was_granted(self, resource: str, department: str | None) -> bool:
        """Whether a department holds or held a grant of a resource."""
        return bool(await self._held(resource, department, None))

    @staticmethod
    def given_by(department: str) -> Select[UUID]:
        """The ids of the grants of a department's own data, for a condition on what hangs on a grant."""
        return select(GrantRow.id).where(GrantRow.source_department == department)

    async def _held(self, resource: str, department: str | None, grant: UUID | None) -> list[tuple[Any, ...]]:
        if department is None:
            return []
        connection = await self._work.driver()
        values = {"resource": resource, "department": department, "grant": grant, "day": self._today()}
        return list(await (await connection.execute(_POLICY, values, prepare=True)).fetchall())

    def _today(self) -> Any:
        return self._work.clock.now().astimezone(CHINA).date()

    def _seconds_of_today_left(self) -> int:
        now = self._work.clock.now().astimezone(CHINA)
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), CHINA)
        return max(1, int((midnight - now).total_seconds()))


def _why_not(row: tuple[Any, ...], now: datetime, delivery: Delivery, *, spends: bool) -> Why | None:
    why = _state(row).why_not(now, delivery)
    return None if why is Why.quota and not spends else why


def _state(row: tuple[Any, ...]) -> Held:
    return Held(
        state=GrantState(row[13]), valid_from=row[14], valid_until=row[7],
        deliveries=tuple(Delivery(one) for one in row[12]), daily_quota_rows=row[8], rows_today=row[15],
    )  # fmt: skip


def _grant(row: tuple[Any, ...]) -> Grant:
    return Grant(
        id=row[0], resource=row[1], department=row[2], columns=tuple(row[3]), row_filter=row[4], purpose=row[5],
        legal_basis=row[6], valid_until=row[7], daily_quota_rows=row[8], onward=row[9], version=row[10],
        source_department=row[11], deliveries=tuple(Delivery(one) for one in row[12]),
        rows_left=None if row[8] is None else max(0, row[8] - row[15]), department_name=row[16],
    )  # fmt: skip
