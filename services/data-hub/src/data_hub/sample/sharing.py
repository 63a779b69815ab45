"""The sample city's sharing: one grant that works, and one application that waits for the housing bureau."""

from datetime import timedelta

from sqlalchemy import exists, select

from citykit.actors import Actor, ActorKind
from citykit.work import Work
from data_hub.sample.catalogue import AIR, ECOLOGY, HEALTH, NAMES, URBAN
from data_hub.sharing.applications import Applications
from data_hub.sharing.domain import Delivery
from data_hub.sharing.models import ApplicationRow
from data_hub.sharing.schemas import ApplicationDraft, GrantApproval

SITES = "303001-000001"
YEAR = timedelta(days=365)


async def load_sharing(work: Work) -> None:
    """Apply for two resources, and grant one of them; what is there stays."""
    if await work.session.scalar(select(exists().where(ApplicationRow.department == HEALTH))):
        return
    applications = Applications(work)
    until = work.clock.now() + YEAR
    air = ApplicationDraft(
        resource=AIR, department_name=NAMES[HEALTH], purpose="空气污染健康影响监测",
        legal_basis="《中华人民共和国大气污染防治法》第七十八条", valid_until=until, daily_quota_rows=10_000,
        deliveries=(Delivery.query, Delivery.file, Delivery.subscription),
    )  # fmt: skip
    row = await applications.apply(air, by=_somebody(HEALTH))
    if row.grant_id is None:
        await applications.grant(row, GrantApproval(note="同意共享"), by=_somebody(ECOLOGY))
    sites = ApplicationDraft(
        resource=SITES, department_name=NAMES[URBAN], purpose="渣土运输和工地扬尘执法",
        legal_basis="《中华人民共和国大气污染防治法》第六十九条", valid_until=until,
    )  # fmt: skip
    await applications.apply(sites, by=_somebody(URBAN))


def _somebody(department: str) -> Actor:
    return Actor(subject="data-hub", kind=ActorKind.service, department=department)
