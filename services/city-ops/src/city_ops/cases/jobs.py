"""What happens to cases without a caller: tickets that become cases, divisions looked up, loose photos discarded."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete

from city_ops.cases.events import TicketAssigned
from city_ops.cases.intake import Intake
from city_ops.cases.models import CaseRow, PhotoRow
from city_ops.clients import data_hub
from citykit.work import Work

CITY_CASE = "city-case"
# A report is written within a day of its photos or never.
LOOSE_PHOTO_LIFE = timedelta(hours=24)


async def on_ticket_assigned(event: TicketAssigned, work: Work) -> None:
    """A hotline ticket that is a matter of city management becomes a case, once, whatever is delivered how often."""
    if event.handled_as == CITY_CASE:
        await Intake(work).take_over(event, source="service:gov-collab")


async def locate(work: Work, case_id: str) -> None:
    """Look up the division of a case by its point. While data-hub is down the job fails and is tried again."""
    case = await work.session.get(CaseRow, UUID(case_id), with_for_update=True)
    if case is None or case.division_code is not None or case.longitude is None or case.latitude is None:
        return
    division = await data_hub.division_at(work.mesh, longitude=case.longitude, latitude=case.latitude)
    if division is not None:
        case.division_code, case.division_name = division.code, division.name
        work.audit.note(stream=f"case/{case.id}", act="locate", by="service:city-ops", data={"division": division.code})


async def discard_loose_photos(work: Work) -> None:
    """Delete photos that no act ever named."""
    until = work.clock.now() - LOOSE_PHOTO_LIFE
    await work.session.execute(delete(PhotoRow).where(PhotoRow.case_id.is_(None), PhotoRow.uploaded_at < until))
