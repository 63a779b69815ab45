"""The reads of sharing, and the wire forms of what they find."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import Select, desc, select

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.pages import Page, keyset_page
from citykit.problems import FieldError, NotFound
from citykit.work import Work, WorkInRequest
from data_hub.resources.domain import ShareType
from data_hub.sharing.access import DECIDE, applications_of, grants_of
from data_hub.sharing.domain import RUNNING_STATES, ApplicationState, Delivery, GrantState
from data_hub.sharing.errors import TermInForce, TermPeriod
from data_hub.sharing.models import (
    ApplicationRow,
    GrantRow,
    GrantUsageRow,
    GrantVersionRow,
    RuleRow,
    TermRow,
)
from data_hub.sharing.schemas import (
    Application,
    ApplicationBrief,
    ApplicationFilter,
    GrantBrief,
    GrantDocument,
    GrantFilter,
    GrantVersion,
    Rule,
    RuleDraft,
    TimeLimit,
    TimeLimitDraft,
    TimeLimits,
)
from data_hub.sharing.steps import Steps

FARTHEST_TERM = timedelta(days=5 * 366)
_RUNNING = tuple(state.value for state in RUNNING_STATES)


class Records:
    """What can be read of sharing within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def applications(self, query: ApplicationFilter, *, by: Actor) -> Page[ApplicationBrief]:
        """Applications that the actor may see, newest first."""
        statement = select(ApplicationRow).where(applications_of(by))
        if query.state is not None:
            statement = statement.where(ApplicationRow.state == query.state.value)
        if query.resource is not None:
            statement = statement.where(ApplicationRow.resource == query.resource)
        if query.to_decide:
            mine = ApplicationRow.source_department == (by.department if by.may(DECIDE) else None)
            statement = statement.where(mine, ApplicationRow.state == ApplicationState.submitted.value)
        if query.overdue is not None:
            late = ApplicationRow.state.in_(_RUNNING) & (ApplicationRow.due_at < self._work.clock.now())
            statement = statement.where(late if query.overdue else ~late)
        keys = (desc(ApplicationRow.applied_at), desc(ApplicationRow.id))
        return await self._page(statement, keys, query, self.application_brief)

    async def grants(self, query: GrantFilter, *, by: Actor) -> Page[GrantBrief]:
        """Grants that the actor may see, newest first."""
        statement = select(GrantRow).where(grants_of(by))
        for column, wanted in (
            (GrantRow.resource, query.resource),
            (GrantRow.department, query.department),
            (GrantRow.state, query.state),
        ):
            if wanted is not None:
                statement = statement.where(column == str(wanted))
        return await self._page(statement, (desc(GrantRow.granted_at), desc(GrantRow.id)), query, self.grant_brief)

    async def _page(self, statement: Select[Any], keys: Any, query: Any, make: Any) -> Page[Any]:
        return await keyset_page(self._work.session, statement, keys=keys, query=query, make=make)

    def application_brief(self, row: ApplicationRow) -> ApplicationBrief:
        """An application as lists show it."""
        return ApplicationBrief(**_application_fields(row, self._work.clock.now()))

    async def application(self, row: ApplicationRow) -> Application:
        """An application with its steps."""
        await self._work.session.flush()
        return Application(
            **_application_fields(row, self._work.clock.now()), resource_version=row.resource_version,
            columns=tuple(row.columns), row_filter=row.row_filter, legal_basis=row.legal_basis,
            valid_until=row.valid_until, daily_quota_rows=row.daily_quota_rows, onward=row.onward,
            deliveries=tuple(Delivery(one) for one in row.deliveries), extended=row.extended,
            stopped_at=row.stopped_at, steps=await Steps(self._work).of(row.id),
        )  # fmt: skip

    def grant_brief(self, row: GrantRow) -> GrantBrief:
        """A grant as lists show it."""
        return GrantBrief(**_grant_fields(row, self._work.clock.now()))

    async def grant(self, row: GrantRow) -> GrantDocument:
        """A grant with its versions and what was used of it today."""
        await self._work.session.flush()
        now = self._work.clock.now()
        versions = await self._work.session.scalars(
            select(GrantVersionRow).where(GrantVersionRow.grant_id == row.id).order_by(GrantVersionRow.version)
        )
        usage = await self._work.session.scalar(
            select(GrantUsageRow.row_count).where(
                GrantUsageRow.grant_id == row.id, GrantUsageRow.day == now.astimezone(CHINA).date()
            )
        )
        return GrantDocument(
            **_grant_fields(row, now), columns=tuple(row.columns), row_filter=row.row_filter,
            legal_basis=row.legal_basis, deliveries=tuple(Delivery(one) for one in row.deliveries),
            daily_quota_rows=row.daily_quota_rows, rows_today=usage or 0, onward=row.onward, deliver_by=row.deliver_by,
            versions=[GrantVersion(**{n: getattr(v, n) for n in GrantVersion.model_fields}) for v in versions],
        )  # fmt: skip

    async def terms(self) -> TimeLimits:
        """All time limits, by step and day."""
        rows = await self._work.session.scalars(select(TermRow).order_by(TermRow.step, TermRow.valid_from))
        return TimeLimits(items=[TimeLimit(**{n: getattr(row, n) for n in TimeLimit.model_fields}) for row in rows])

    async def set_term(self, term: TimeLimitDraft, *, by: Actor) -> TimeLimits:
        """Set a time limit from a day to come; applications keep the due times that they were given.

        Raises TermPeriod (422).
        """
        if not self._today() < term.valid_from <= self._today() + FARTHEST_TERM:
            raise TermPeriod(
                errors=[
                    FieldError(
                        pointer="/body/valid_from",
                        code="period",
                        message="应为今后五年内的某日 a day within the next five years",
                    )
                ]
            )
        await self._work.session.merge(TermRow(**term.model_dump()))
        await self._work.session.flush()
        data = {"step": term.step, "valid_from": term.valid_from.isoformat(), "working_days": term.working_days}
        self._work.audit.note(stream="sharing-terms", act="set", by=by, data=data)
        return await self.terms()

    async def withdraw_term(self, step: str, valid_from: date, *, by: Actor) -> TimeLimits:
        """Take a time limit back that is not in force yet. Raises NotFound, TermInForce (409)."""
        row = await self._work.session.get(TermRow, (step, valid_from), with_for_update=True)
        if row is None:
            raise NotFound
        if valid_from <= self._today():
            raise TermInForce
        await self._work.session.delete(row)
        await self._work.session.flush()
        data = {"step": step, "valid_from": valid_from.isoformat(), "working_days": row.working_days}
        self._work.audit.note(stream="sharing-terms", act="withdraw", by=by, data=data)
        return await self.terms()

    def _today(self) -> date:
        return self._work.clock.now().astimezone(CHINA).date()

    async def rule(self, resource: str) -> Rule:
        """How applications for a resource are handled."""
        return Rule.of(resource, await self._work.session.get(RuleRow, resource))

    async def set_rule(self, resource: str, draft: RuleDraft, *, by: Actor) -> Rule:
        """Say how applications for a resource are handled."""
        row = RuleRow(
            resource=resource, automatic=draft.automatic, daily_quota_rows=draft.daily_quota_rows,
            set_by=by.reference, set_at=self._work.clock.now(),
        )  # fmt: skip
        kept = await self._work.session.merge(row)
        data = {"automatic": draft.automatic, "daily_quota_rows": draft.daily_quota_rows}
        self._work.audit.note(stream=f"sharing-rule/{resource}", act="set", by=by, data=data)
        return Rule.of(resource, kept)


def _application_fields(row: ApplicationRow, now: datetime) -> dict[str, Any]:
    same = (
        "id", "resource", "resource_name", "source_department", "department", "department_name", "purpose",
        "applied_at", "due_at", "escalated_at", "decided_at", "grant_id",
    )  # fmt: skip
    return {name: getattr(row, name) for name in same} | {
        "share_type": ShareType(row.share_type), "state": ApplicationState(row.state),
        "overdue": row.state in _RUNNING and row.due_at < now,
    }  # fmt: skip


def _grant_fields(row: GrantRow, now: datetime) -> dict[str, Any]:
    same = (
        "id", "application_id", "resource", "resource_name", "source_department", "department", "department_name",
        "purpose", "version", "valid_from", "valid_until", "granted_at",
    )  # fmt: skip
    state = GrantState(row.state)
    live = state is GrantState.active and row.valid_from <= now < row.valid_until
    return {name: getattr(row, name) for name in same} | {"state": state, "live": live}


async def records(work: WorkInRequest) -> Records:
    """The reads of this request's transaction."""
    return Records(work)


RecordsInRequest = Annotated[Records, Depends(records)]
