"""The acts on applications 共享申请: from the wish of a department to the decision of the source, and its disputes."""

from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import exists, select

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from data_hub.organisations import called
from data_hub.resources.domain import ShareType
from data_hub.sharing.access import department_of
from data_hub.sharing.domain import OPEN_STATES, ApplicationState, Delivery, GrantState
from data_hub.sharing.errors import (
    AlreadyExtended,
    AppliedAlready,
    BeyondApplication,
    DecisionOverdue,
    NotShared,
    OwnResource,
)
from data_hub.sharing.granting import Granting
from data_hub.sharing.models import ApplicationRow, GrantRow, RuleRow
from data_hub.sharing.offers import Offer, check_period, joined, offer_of
from data_hub.sharing.schemas import ApplicationDraft, GrantApproval, Mediation, Supplement
from data_hub.sharing.steps import HUB, Steps


class Applications:
    """Applications within one transaction; every application handed in is locked for it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._steps = Steps(work)

    async def apply(self, draft: ApplicationDraft, *, by: Actor) -> ApplicationRow:
        """Apply for a resource; where its department lets it be granted automatically, it is granted at once.

        Raises NoDepartment (403), NoPublishedResource (404); ReadByPurpose, NotShared, OwnResource, AppliedAlready
        (409); UnknownColumn, NothingToShare, BadRowFilter, BadPeriod (422).
        """
        department, now = department_of(by), self._work.clock.now()
        offer = await offer_of(self._work, draft.resource)
        await self._check(offer, draft, department)
        share_type = offer.resource.share_type
        row = ApplicationRow(
            id=new_id(), resource=offer.resource.code, resource_name=offer.resource.name,
            resource_version=offer.resource.version, share_type=share_type.value,
            source_department=offer.resource.source_department, department=department,
            department_name=called(by, draft.department_name), columns=list(offer.columns(draft.columns)),
            row_filter=draft.row_filter, purpose=draft.purpose, legal_basis=draft.legal_basis,
            valid_until=draft.valid_until, daily_quota_rows=draft.daily_quota_rows,
            deliveries=[one.value for one in dict.fromkeys(draft.deliveries)], onward=draft.onward,
            state=ApplicationState.submitted.value, applied_by=by.reference, applied_at=now,
            due_at=await self._steps.due(share_type.value, now), extended=False,
        )  # fmt: skip
        self._work.session.add(row)
        await self._work.session.flush()
        self._steps.write(row.id, "application", "apply", by=by, data={"resource": row.resource})
        await self._grant_by_rule(row, offer)
        return row

    async def _check(self, offer: Offer, draft: ApplicationDraft, department: str) -> None:
        if offer.resource.share_type is ShareType.refused:
            raise NotShared
        if offer.resource.source_department == department:
            raise OwnResource
        offer.check_filter(draft.row_filter)
        check_period(draft.valid_until, self._work.clock.now())
        same = (ApplicationRow.resource == offer.resource.code, ApplicationRow.department == department)
        open_one = exists().where(
            *same, ApplicationRow.purpose == draft.purpose, ApplicationRow.state.in_([s.value for s in OPEN_STATES])
        )
        live_one = exists().where(
            GrantRow.resource == offer.resource.code, GrantRow.department == department,
            GrantRow.purpose == draft.purpose, GrantRow.state != GrantState.revoked.value,
            GrantRow.valid_until > self._work.clock.now(),
        )  # fmt: skip
        if await self._work.session.scalar(select(open_one | live_one)):
            raise AppliedAlready

    async def _grant_by_rule(self, row: ApplicationRow, offer: Offer) -> None:
        rule = await self._work.session.get(RuleRow, row.resource)
        sensitive = offer.sensitive.intersection(row.columns)
        if rule is None or not rule.automatic or row.share_type != ShareType.unconditional.value or sensitive:
            return
        if row.onward:
            return
        quotas = [quota for quota in (row.daily_quota_rows, rule.daily_quota_rows) if quota is not None]
        self._steps.take(row, "grant", by=HUB, data={"automatic": True})
        await self._give(
            row, by=HUB, columns=list(row.columns), row_filter=row.row_filter, valid_until=row.valid_until,
            daily_quota_rows=min(quotas, default=None), deliveries=list(row.deliveries), onward=False,
        )  # fmt: skip

    async def extend(self, row: ApplicationRow, reason: str, *, by: Actor) -> ApplicationRow:
        """Take more time for a decision, once and in time, saying why.

        Raises ApplicationStateProblem, AlreadyExtended, DecisionOverdue (409).
        """
        if row.extended:
            raise AlreadyExtended
        if row.due_at < self._work.clock.now():
            raise DecisionOverdue
        term = await self._steps.term("extension", row.applied_at)
        self._steps.take(row, "extend", by=by, note=reason, data={"working_days": term.working_days})
        row.extended = True
        row.due_at = self._work.calendar.add_days(row.due_at, term.working_days)
        return row

    async def ask_supplement(self, row: ApplicationRow, reason: str, *, by: Actor) -> ApplicationRow:
        """Ask the applicant for what is missing; the clock stands still. Raises ApplicationStateProblem (409)."""
        self._steps.take(row, "ask-supplement", by=by, note=reason)
        row.stopped_at = self._work.clock.now()
        return row

    async def supplement(self, row: ApplicationRow, supplement: Supplement, *, by: Actor) -> ApplicationRow:
        """Give what was missing; the clock goes on, later by as many working days as it stood.

        Raises ApplicationStateProblem (409), NoPublishedResource (404); UnknownColumn, BadRowFilter, BadPeriod (422).
        """
        self._steps.take(row, "supplement", by=by, note=supplement.note)
        now = self._work.clock.now()
        offer = await offer_of(self._work, row.resource)
        if supplement.columns is not None:
            row.columns = list(offer.columns(supplement.columns))
        if supplement.row_filter is not None:
            offer.check_filter(supplement.row_filter)
            row.row_filter = supplement.row_filter
        if supplement.valid_until is not None:
            check_period(supplement.valid_until, now)
            row.valid_until = supplement.valid_until
        row.legal_basis = supplement.legal_basis or row.legal_basis
        stood = self._work.calendar.working_days_between(row.stopped_at or now, now)
        if stood > 0:
            row.due_at = self._work.calendar.add_days(row.due_at, stood)
        row.stopped_at = None
        if row.due_at > now:
            row.escalated_at = None
        return row

    async def withdraw(self, row: ApplicationRow, reason: str, *, by: Actor) -> ApplicationRow:
        """Take the application back. Raises ApplicationStateProblem (409)."""
        self._steps.take(row, "withdraw", by=by, note=reason)
        row.stopped_at = None
        return row

    async def refuse(self, row: ApplicationRow, reason: str, *, by: Actor) -> ApplicationRow:
        """Refuse, saying why. Raises ApplicationStateProblem (409)."""
        self._steps.take(row, "refuse", by=by, note=reason)
        row.decided_at = self._work.clock.now()
        return row

    async def dispute(self, row: ApplicationRow, reason: str, *, by: Actor) -> ApplicationRow:
        """Ask the data bureau to mediate about a refusal. Raises ApplicationStateProblem (409)."""
        self._steps.take(row, "dispute", by=by, note=reason)
        row.due_at = await self._steps.due("mediation", self._work.clock.now())
        row.escalated_at = None
        return row

    async def mediate(self, row: ApplicationRow, mediation: Mediation, *, by: Actor) -> ApplicationRow:
        """Decide a dispute. Upheld, it lies with the source department again, with a clock of its own.

        Raises ApplicationStateProblem (409).
        """
        act = "uphold-dispute" if mediation.upheld else "dismiss-dispute"
        self._steps.take(row, act, by=by, note=mediation.reason)
        if mediation.upheld:
            row.decided_at = row.escalated_at = None
            row.due_at = await self._steps.due(row.share_type, self._work.clock.now())
        return row

    async def grant(self, row: ApplicationRow, approval: GrantApproval, *, by: Actor) -> ApplicationRow:
        """Grant what was applied for, or less.

        Raises ApplicationStateProblem, ReadByPurpose, NotShared (409), NoPublishedResource (404); BeyondApplication,
        UnknownColumn, NothingToShare, BadRowFilter, BadPeriod (422).
        """
        offer = await offer_of(self._work, row.resource)
        if offer.resource.share_type is ShareType.refused:
            raise NotShared
        wanted = approval.columns
        if wanted is None:  # personal and secret items come along only where the decision names them
            wanted = tuple(name for name in row.columns if name not in offer.sensitive)
        columns = offer.columns(wanted)
        offer.check_filter(approval.row_filter)
        until = approval.valid_until or row.valid_until
        check_period(until, self._work.clock.now())
        quota = row.daily_quota_rows if approval.daily_quota_rows is None else approval.daily_quota_rows
        deliveries = approval.deliveries or tuple(Delivery(one) for one in row.deliveries)
        _check_within(row, columns, approval)
        row_filter = joined(row.row_filter, approval.row_filter)
        offer.check_filter(row_filter)
        self._steps.take(row, "grant", by=by, note=approval.note, data={"columns": list(columns)})
        await self._give(
            row, by=by, columns=list(columns), row_filter=row_filter, valid_until=until, daily_quota_rows=quota,
            deliveries=[str(one) for one in dict.fromkeys(deliveries)], onward=approval.onward,
        )  # fmt: skip
        return row

    async def _give(self, row: ApplicationRow, *, by: Actor | str, **policy: Any) -> None:
        made = await Granting(self._work).issue(row, by=by, **policy)
        row.grant_id, row.decided_at = made.id, self._work.clock.now()


def _check_within(row: ApplicationRow, columns: tuple[str, ...], approval: GrantApproval) -> None:
    beyond = {
        "columns": not set(columns) <= set(row.columns),
        "valid_until": approval.valid_until is not None and approval.valid_until > row.valid_until,
        "daily_quota_rows": None not in (approval.daily_quota_rows, row.daily_quota_rows)
        and (approval.daily_quota_rows or 0) > (row.daily_quota_rows or 0),
        "deliveries": not {str(one) for one in approval.deliveries or ()} <= set(row.deliveries),
        "onward": approval.onward and not row.onward,
    }
    if any(beyond.values()):
        message = "more than was applied for"
        raise BeyondApplication(
            errors=[
                FieldError(pointer=f"/body/{name}", code="beyond-application", message=message)
                for name, is_beyond in beyond.items()
                if is_beyond
            ]
        )


async def applications(work: WorkInRequest) -> Applications:
    """The applications of this request's transaction."""
    return Applications(work)


ApplicationsInRequest = Annotated[Applications, Depends(applications)]
