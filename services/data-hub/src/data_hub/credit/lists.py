"""The status of reports' credentials: whoever holds one sees that a record in it ended, without asking about the firm.

A place in a Token Status List is given when a credential is first asked for, and kept: all credentials of one report
have one status. The lists are made of the records as they are, so nothing must be carried from a record to its reports.
"""

import asyncio
from typing import Annotated

from fastapi import Depends
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from citykit.problems import NotFound
from citykit.work import Work, WorkInRequest
from data_hub.credit.domain import Period, RecordState, status_of
from data_hub.credit.models import PlaceRow
from data_hub.credit.schemas import Report
from data_hub.credit.service import Credit
from data_hub.seals.service import Seals
from data_hub.seals.status_lists import entry, place_in_list

PATH = "/api/data-hub/v1/credit/status-lists"
_NEXT = text("select nextval('credit_report_place_number')")
# Records in reports of a list that may have ended; what that makes of a report is the domain's matter.
_CHANGED = text("""
select p.status_place, c.state, c.repairable_from, c.published_until, c.published, c.lifted_until
from credit_report_place p
join credit_report r on r.uscc = p.uscc and r.number = p.number
cross join lateral jsonb_array_elements(r.content -> 'records') as told
join credit_record c on c.uscc = p.uscc and c.id = (told ->> 'id')::uuid
where p.status_list = :number and p.valid_until > :day
  and (c.state in ('corrected', 'repaired', 'withdrawn') or c.published_until <= :day or c.lifted_until > :day)
""")


class StatusLists:
    """Places of reports, and the lists of them, within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def _uri(self, number: int) -> str:
        return f"{self.work.settings.public_url.rstrip('/')}{PATH}/{number}"

    async def status(self, report: Report) -> dict[str, object]:
        """The `status` of a report's credential; two who ask at once get the same."""
        mine = select(PlaceRow).where(PlaceRow.uscc == report.uscc, PlaceRow.number == report.number)
        row = (await self.work.session.scalars(mine)).first()
        if row is None:
            counter = int(await self.work.session.scalar(_NEXT) or 0)
            number, place = place_in_list(self.work.vault.index("credit-status-list", "places"), counter)
            values = {
                "uscc": report.uscc, "number": report.number, "status_list": number, "status_place": place,
                "valid_until": report.valid_until,
            }  # fmt: skip
            await self.work.session.execute(insert(PlaceRow).values(values).on_conflict_do_nothing())
            row = (await self.work.session.scalars(mine)).one()
        return entry(self._uri(row.status_list), row.status_place)

    async def token(self, number: int) -> str:
        """The signed list. Raises NotFound where no report stands in it, SealsMissing."""
        stands = select(PlaceRow.number).where(PlaceRow.status_list == number).limit(1)
        if await self.work.session.scalar(stands) is None:
            raise NotFound
        seals, uri, statuses = Seals(self.work.settings), self._uri(number), await self._statuses(number)
        return await asyncio.to_thread(seals.status_list, statuses, uri=uri, at=self.work.clock.now())

    async def _statuses(self, number: int) -> dict[int, int]:
        """The places whose reports do not hold. A report of which one record is over for good is so itself."""
        day = Credit(self.work).today
        found: dict[int, int] = {}
        for row in await self.work.session.execute(_CHANGED, {"number": number, "day": day}):
            period = None
            if row.published_until is not None:
                period = Period(row.repairable_from, row.published_until, row.published)
            status = status_of(RecordState(row.state), period, row.lifted_until, day)
            if status and found.get(row.status_place) != 1:
                found[row.status_place] = status
        return found


async def status_lists(work: WorkInRequest) -> StatusLists:
    """The lists, for a handler."""
    return StatusLists(work)


StatusListsInRequest = Annotated[StatusLists, Depends(status_lists)]
