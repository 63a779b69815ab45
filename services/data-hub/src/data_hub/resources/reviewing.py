"""The acts that decide what stands in the directory: review a description, withdraw a resource."""

from typing import Annotated, Any

from fastapi import Depends
from psycopg.errors import LockNotAvailable
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from citykit.access import Actor
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from data_hub.bigrams import search_key
from data_hub.datasets.models import DatasetRow
from data_hub.datasets.service import Datasets
from data_hub.resources.differences import differences
from data_hub.resources.domain import OBEY_TASK, State, VersionState, has_own_rows
from data_hub.resources.errors import BadDescription, OwnWork, ResourceStateProblem, RowsBusy, SourceConflict
from data_hub.resources.events import ResourceChanged, ResourcePublished, ResourceWithdrawn
from data_hub.resources.models import ResourceRow, ResourceVersionRow
from data_hub.resources.projection import project
from data_hub.resources.references import check_references
from data_hub.resources.repository import rivals, version
from data_hub.resources.schemas import Description, Resource, ReviewDraft, Withdrawal
from data_hub.resources.sealing import SEAL_TASK, shape_of

_A_MOMENT, _AS_EVER = text("set local lock_timeout = '1500ms'"), text("set local lock_timeout to default")


class Reviewing:
    """Decisions within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def decide(self, row: ResourceRow, decision: ReviewDraft, *, by: Actor) -> Resource:
        """Publish a description or give it back to its author.

        Raises ResourceStateProblem, OwnWork, BadDescription, SourceConflict, BadShape, ShapeInUse, RowsBusy.
        """
        found = await version(self.work.session, row.code, row.open_version)
        if found is None or found.state != VersionState.review.value:
            raise ResourceStateProblem
        if by.reference in found.authors:
            raise OwnWork
        found.reviewer, found.decided_at, found.note = by.reference, self.work.clock.now(), decision.note
        content = Description.model_validate(found.content)
        if decision.approve:
            await self._publish(row, found, content, decision, by)
        else:
            self._return(row, found, decision, by)
        await self.work.session.flush()
        return Resource.of(row, found.content, found.number)

    def _return(self, row: ResourceRow, found: ResourceVersionRow, decision: ReviewDraft, by: Actor) -> None:
        if decision.note is None:
            said = "退回须写明意见 Say why it goes back"
            raise BadDescription(errors=[FieldError(pointer="/body/note", code="required", message=said)])
        found.state = row.open_state = VersionState.draft.value
        if row.state == State.review.value:
            row.state = State.draft.value
        self._note(row, "return", by, version=found.number)

    async def _publish(
        self, row: ResourceRow, found: ResourceVersionRow, content: Description, decision: ReviewDraft, by: Actor
    ) -> None:
        await check_references(self.work, row, content)  # what it leans on may have gone since it was sent in
        await self._settle_rivals(row, found, content, decision)
        before = await self._supersede(row)
        now = self.work.clock.now()
        found.state, found.published_at = VersionState.published.value, now
        row.shown_version, row.open_version, row.open_state = found.number, None, None
        row.published_at = row.published_at or now
        row.changed_at = now
        project(row, State.published, content)
        await self.work.session.flush()
        if has_own_rows(row.code, content.format, content.items):
            await self._establish(row.code, content)
        event: ResourcePublished | ResourceChanged
        if before is None:
            event = ResourcePublished(**self._told(row))
        else:
            self._obey(row.code)
            changed = sorted({name for name, _, _ in differences(before.content, found.content)})
            event = ResourceChanged(**self._told(row), fields=changed)
        self.work.events.record(event, subject=row.code)
        self._note(row, "publish", by, version=found.number)

    async def _establish(self, code: str, content: Description) -> None:
        """Settle the shape of the rows; those that are there are sealed as it says after this transaction."""
        wanted = shape_of(content)
        await self._take_rows(code)
        dataset = await Datasets(self.work).establish(code, wanted)
        if dataset.shape != wanted:
            self.work.jobs.defer(SEAL_TASK, lock=f"ingest/{code}", resource=code)

    async def _take_rows(self, code: str) -> None:
        """Hold the rows against other acts; not for as long as a batch may take to come in. Raises RowsBusy."""
        rows = select(DatasetRow.id).where(DatasetRow.resource == code).with_for_update()
        try:
            async with self.work.session.begin_nested():
                await self.work.session.execute(_A_MOMENT)
                await self.work.session.execute(rows)
        except OperationalError as error:
            if isinstance(error.orig, LockNotAvailable):
                raise RowsBusy(headers={"Retry-After": "10"}) from None
            raise
        await self.work.session.execute(_AS_EVER)

    async def _settle_rivals(
        self, row: ResourceRow, found: ResourceVersionRow, content: Description, decision: ReviewDraft
    ) -> None:
        """Let rivals stand only for a reason that is kept; of rivals that are decided at once, one comes first."""
        for key in sorted((f"resource-name/{search_key(content.name)}", f"resource-entry/{row.directory}")):
            await self.work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
        others = await rivals(self.work.session, row, search_key(content.name), content.source_department)
        if others and decision.conflict_reason is None:
            raise SourceConflict(conflicts=[one.model_dump(mode="json") for one in others])
        found.conflict_reason = decision.conflict_reason if others else None

    async def _supersede(self, row: ResourceRow) -> ResourceVersionRow | None:
        if row.state != State.published.value:
            return None
        before = await version(self.work.session, row.code, row.shown_version)
        if before is not None:
            before.state, before.ended_at = VersionState.superseded.value, self.work.clock.now()
            await self.work.session.flush()  # one published version at a time: the index sees the old one go first
        return before

    async def withdraw(self, row: ResourceRow, withdrawal: Withdrawal, *, by: Actor) -> Resource:
        """Take a resource out of the directory; its rows and versions stay. Raises ResourceStateProblem."""
        found = await version(self.work.session, row.code, row.shown_version)
        if found is None or row.state != State.published.value:
            raise ResourceStateProblem
        now = self.work.clock.now()
        found.state, found.ended_at, found.note = VersionState.withdrawn.value, now, withdrawal.reason
        pending = await version(self.work.session, row.code, row.open_version)
        if pending is not None:
            pending.state, pending.ended_at = VersionState.discarded.value, now
        row.open_version = row.open_state = None
        row.changed_at = now
        project(row, State.withdrawn, Description.model_validate(found.content))
        await self.work.session.flush()
        self._obey(row.code)
        self.work.events.record(ResourceWithdrawn(**self._told(row)), subject=row.code)
        self._note(row, "withdraw", by, version=found.number)
        return Resource.of(row, found.content, found.number)

    def _obey(self, code: str) -> None:
        self.work.jobs.defer(OBEY_TASK, lock=f"obey/{code}", resource=code)

    def _told(self, row: ResourceRow) -> dict[str, Any]:
        return {
            "code": row.code, "name": row.name, "provider": row.provider, "version": row.shown_version,
            "share_type": row.share_type, "opening": row.opening, "at": self.work.clock.now(),
        }  # fmt: skip

    def _note(self, row: ResourceRow, act: str, by: Actor, **data: Any) -> None:
        self.work.audit.note(stream=f"resource/{row.code}", act=act, by=by, data=data)


async def reviewing(work: WorkInRequest) -> Reviewing:
    """The reviewers' acts within this request's transaction."""
    return Reviewing(work)


ReviewingInRequest = Annotated[Reviewing, Depends(reviewing)]
