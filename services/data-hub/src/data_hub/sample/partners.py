"""The sample city's partner: a program that reads permits, which are not opened, with a key under a grant.

The key itself lies in the secret file `sample_partner_key`, which only a demo city has; the database holds its hash.
"""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select

from citykit.actors import Actor, ActorKind
from citykit.work import Work
from data_hub.datasets.service import Datasets
from data_hub.sample.catalogue import ECOLOGY, HOUSING, NAMES, PERMITS
from data_hub.sample.invention import invent_entity
from data_hub.sample.resources import gather
from data_hub.services.keys import Keys
from data_hub.services.models import KeyRow
from data_hub.services.schemas import KeyDraft
from data_hub.sharing.applications import Applications
from data_hub.sharing.domain import GrantState
from data_hub.sharing.models import GrantRow
from data_hub.sharing.schemas import ApplicationDraft, GrantApproval

KEY_FILE = "sample_partner_key"
PARTNER = "示例合作单位：工程审批平台"
PURPOSE = "工程项目审批核验排污许可"
YEAR = timedelta(days=365)
_SHOWN = ("permit", "uscc", "firm", "valid_until")


async def load_partner(work: Work) -> None:
    """Bring in invented permits, grant them to the housing bureau, and keep its partner's key; what is there stays.

    A city whose folder of secrets holds no such key has no such partner.
    """
    try:
        text = work.settings.secret(KEY_FILE)
    except FileNotFoundError:
        return
    dataset = await Datasets(work).of(PERMITS)
    if dataset is not None and not await Datasets(work).holds_rows(dataset):
        await gather(work, PERMITS, ECOLOGY, [_SHOWN, *map(_permit, range(6))])
    if await work.session.get(KeyRow, UUID(text.split("_")[1])) is None:
        await _make_key(work, text)


async def _make_key(work: Work, text: str) -> None:
    housing = _somebody(HOUSING)
    grant = await _live_grant(work) or await _new_grant(work, housing)
    draft = KeyDraft(name=PARTNER, resource=PERMITS, grant_id=grant, daily_quota_rows=10_000)
    await Keys(work).adopt(text, draft, by=housing)


async def _live_grant(work: Work) -> UUID | None:
    """The grant of another key, where that one's file was lost."""
    found = select(GrantRow.id).where(
        GrantRow.resource == PERMITS, GrantRow.department == HOUSING, GrantRow.purpose == PURPOSE,
        GrantRow.state != GrantState.revoked.value, GrantRow.valid_until > work.clock.now(),
    )  # fmt: skip
    return (await work.session.scalars(found)).first()


async def _new_grant(work: Work, housing: Actor) -> UUID | None:
    wish = ApplicationDraft(
        resource=PERMITS, department_name=NAMES[HOUSING], columns=_SHOWN, purpose=PURPOSE,
        legal_basis="《排污许可管理条例》（国务院令第736号）", valid_until=work.clock.now() + YEAR,
    )  # fmt: skip
    asked = await Applications(work).apply(wish, by=housing)
    await Applications(work).grant(asked, GrantApproval(note="同意共享"), by=_somebody(ECOLOGY))
    return asked.grant_id


def _permit(number: int) -> tuple[str, str, str, date]:
    firm = invent_entity(number)
    return f"{firm.uscc}001P", firm.uscc, firm.name, date(2028, 1 + number, 28)


def _somebody(department: str) -> Actor:
    return Actor(subject="data-hub", kind=ActorKind.service, department=department)
