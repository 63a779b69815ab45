"""Reports 信用报告: what is in force about a firm and what follows from it, kept under a number, handed out sealed."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import Depends
from sqlalchemy import select

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.problems import NotFound
from citykit.work import Work, WorkInRequest
from data_hub.credit import paper, repository
from data_hub.credit.domain import REPORT_DAYS, rated
from data_hub.credit.errors import ReportOver
from data_hub.credit.lists import StatusLists
from data_hub.credit.models import ReportRow
from data_hub.credit.ratings import Ratings, fact_of
from data_hub.credit.schemas import Credential, Report, ReportCheck
from data_hub.credit.service import Credit
from data_hub.seals.service import Seals


class Reports:
    """Reports within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.credit = Credit(work)

    async def issue(self, uscc: str, *, by: Actor) -> Report:
        """Make a report of today for the actor's department, which hears when a record in it is called back.

        Raises UnknownFirm.
        """
        return await self._issue(uscc, to=by.department, by=by)

    async def issue_own(self, uscc: str, *, by: Actor) -> Report:
        """Make a report of today for the firm that the actor represents. Raises UnknownFirm, NotTheirs."""
        await self.credit.need_representative(uscc, by)
        return await self._issue(uscc, to=None, by=by)

    async def check(self, uscc: str, number: str) -> ReportCheck:
        """Whether a report was issued under this number and still holds. Raises NotFound."""
        row = await self._row(uscc, number)
        report = Report.model_validate(row.content)
        return ReportCheck(
            number=row.number, uscc=row.uscc, as_of=report.as_of, valid_until=row.valid_until,
            current=await self._holds(report),
        )  # fmt: skip

    async def pdf(self, report: Report) -> bytes:
        """The report as a sealed PDF (PAdES)."""
        return await asyncio.to_thread(paper.sealed_pdf, Seals(self.work.settings), report)

    async def credential(self, report: Report) -> Credential:
        """The report as a verifiable credential (SD-JWT VC)."""
        status = await StatusLists(self.work).status(report)
        return Credential(credential=paper.credential(Seals(self.work.settings), report, status))

    async def hand_out(self, uscc: str, number: str, *, by: Actor) -> Report:
        """A report that was made for the actor's department. Raises NotFound, ReportOver."""
        return await self._hand_out(await self._kept(uscc, number, for_department=by.department or ""), by)

    async def hand_out_own(self, uscc: str, number: str, *, by: Actor) -> Report:
        """A report that was made for the firm itself. Raises UnknownFirm, NotTheirs, NotFound, ReportOver."""
        await self.credit.need_representative(uscc, by)
        return await self._hand_out(await self._kept(uscc, number, for_department=None), by)

    async def _issue(self, uscc: str, *, to: str | None, by: Actor) -> Report:
        name = await self.credit.name_of(uscc)
        rows = await self.credit.delivered(uscc, to=to)
        method = await Ratings(self.work).method(None)
        rating = rated(method, [fact_of(row) for row in rows])
        today, now = self.credit.today, self.work.clock.now()
        report = Report(
            number=f"CR-{today:%Y%m%d}-{new_id().hex[-12:].upper()}", uscc=uscc, name=name, as_of=today,
            valid_until=today + timedelta(days=REPORT_DAYS), records=[repository.shown(row, today) for row in rows],
            method=method.version, grade=rating.grade, points=rating.points, fingerprint=rating.fingerprint,
            issued_at=now,
        )  # fmt: skip
        kept = ReportRow(
            uscc=uscc, number=report.number, department=to, content=report.model_dump(mode="json"),
            valid_until=report.valid_until, issued_at=now,
        )  # fmt: skip
        self.work.session.add(kept)
        self.work.audit.note(
            stream=f"credit/{uscc}", act="report", by=by, data={"number": report.number, "department": to}
        )
        return report

    async def _hand_out(self, row: ReportRow, by: Actor) -> Report:
        report = Report.model_validate(row.content)
        if not await self._holds(report):
            raise ReportOver
        self.work.audit.note(stream=f"credit/{row.uscc}", act="hand-out-report", by=by, data={"number": row.number})
        return report

    async def _holds(self, report: Report) -> bool:
        if self.credit.today >= report.valid_until:
            return False
        in_force = {row.id for row in await self.credit.delivered(report.uscc, to=None)}
        return all(record.id in in_force for record in report.records)

    async def _row(self, uscc: str, number: str) -> ReportRow:
        statement = select(ReportRow).where(ReportRow.uscc == uscc, ReportRow.number == number)
        row = (await self.work.session.scalars(statement)).first()
        if row is None:
            raise NotFound
        return row

    async def _kept(self, uscc: str, number: str, *, for_department: str | None) -> ReportRow:
        row = await self._row(uscc, number)
        if row.department != for_department:
            raise NotFound
        return row


async def reports(work: WorkInRequest) -> Reports:
    """The acts, for a handler."""
    return Reports(work)


ReportsInRequest = Annotated[Reports, Depends(reports)]
