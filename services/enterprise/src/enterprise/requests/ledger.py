"""The clock of a request in the database: its ledger, and the milestones that follow from it."""

from collections.abc import Iterable

from citykit.calendar import CalendarEnd
from citykit.work import Work
from enterprise.requests import repository
from enterprise.requests.deadlines import ClockAct, Entry, Limit, Unit, deadline
from enterprise.requests.models import ClockRow, MilestoneRow, RequestRow


class Ledger:
    """Starts, pauses and stops clocks, and keeps the deadlines in step with what the ledger says."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def start(self, request: RequestRow) -> None:
        """Begin a round: every limit of the request's category becomes a milestone."""
        await self._enter(request, ClockAct.start)
        for limit in await repository.limits_of(self.work.session, request.category):
            self.work.session.add(
                MilestoneRow(
                    request_id=request.id,
                    round=request.round,
                    kind=limit.kind,
                    amount=limit.amount,
                    unit=limit.unit,
                    level=limit.level,
                    due_at=None,
                    calendar_version=self.work.calendar.version,
                )
            )
        await self.work.session.flush()
        await self.reckon(request)

    async def pause(self, request: RequestRow, reason: str) -> None:
        """Stop counting, for a reason."""
        await self._enter(request, ClockAct.pause, reason)

    async def resume(self, request: RequestRow) -> None:
        """Count on; what is still owed moves by the working time of the pause."""
        await self._enter(request, ClockAct.resume)
        await self.reckon(request)

    async def stop(self, request: RequestRow) -> None:
        """The round is over."""
        await self._enter(request, ClockAct.stop)

    async def meet(self, request: RequestRow, kinds: Iterable[str]) -> None:
        """Mark milestones of the current round as met now; what was met before keeps its time."""
        now, wanted = self.work.clock.now(), set(kinds)
        for milestone in await self._current(request):
            if milestone.kind in wanted and milestone.met_at is None:
                milestone.met_at = now

    async def reckon(self, request: RequestRow) -> None:
        """Reckon the deadlines that are still open anew, from the ledger and the calendar alone."""
        rows = await repository.ledger_of(self.work.session, request.id)
        entries = [Entry(ClockAct(row.act), row.at) for row in rows if row.round == request.round]
        for milestone in await self._current(request):
            if milestone.met_at is None and milestone.escalated_at is None:
                self._reckon(milestone, entries)

    async def recalculate(self, request: RequestRow) -> None:
        """Reckon by a new version of the calendar, and keep the old deadlines in the ledger."""
        before = {row.kind: row.due_at.isoformat() for row in await self._current(request) if row.due_at is not None}
        await self._enter(request, ClockAct.recalculate, before=before)
        await self.reckon(request)

    def _reckon(self, milestone: MilestoneRow, entries: list[Entry]) -> None:
        limit = Limit(milestone.amount, Unit(milestone.unit))
        milestone.calendar_version = self.work.calendar.version
        try:
            due = deadline(limit, entries, self.work.calendar)
        except CalendarEnd:
            # The State Council has not said which days of that year are worked; the job that notices a new
            # calendar version fills the gap. A guessed deadline would be a false promise.
            milestone.due_at = None
            return
        if due is not None:
            milestone.due_at = due

    async def _current(self, request: RequestRow) -> list[MilestoneRow]:
        found = await repository.milestones_of(self.work.session, request)
        return [row for row in found if row.round == request.round]

    async def _enter(
        self, request: RequestRow, act: ClockAct, reason: str | None = None, before: dict[str, str] | None = None
    ) -> None:
        self.work.session.add(
            ClockRow(
                request_id=request.id,
                round=request.round,
                act=act,
                at=self.work.clock.now(),
                reason=reason,
                calendar_version=self.work.calendar.version,
                before=before,
            )
        )
        await self.work.session.flush()
