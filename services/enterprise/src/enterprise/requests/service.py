"""The acts on a request: check the rule, change the row, move the clock, say what happened."""

from uuid import UUID

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.problems import FieldError, Invalid
from citykit.work import Work
from enterprise.clients import gov_collab
from enterprise.firms.domain import Standing
from enterprise.firms.errors import FirmCeased
from enterprise.firms.service import Firms
from enterprise.requests import repository
from enterprise.requests.domain import MEETS, Act, RequestState, Side, after, outcome_of
from enterprise.requests.errors import (
    NotTheFirms,
    RequestStateProblem,
    UnknownCategory,
    UnknownDepartment,
    WhereIsIt,
)
from enterprise.requests.events import RequestAnswered, RequestSubmitted
from enterprise.requests.ledger import Ledger
from enterprise.requests.models import RequestRow, TrailRow
from enterprise.requests.schemas import Confirmation, EnterpriseRequest, RequestDraft, RequestSummary

ROUTE = "enterprise.requests.route"
SYSTEM = "service:enterprise"
READ = "查看企业诉求 Read a firm's request"
PURPOSE = "办理企业诉求 Handling the request"
RECORD = "企业诉求 Request of a firm"
# What a person reads of each field in her access log; a read of a field that is not here fails.
FIELD_WORDS = {"text": "内容 Text", "phone": "联系电话 Telephone"}


class Requests:
    """Requests within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.firms = Firms(work)
        self.ledger = Ledger(work)

    async def submit(self, draft: RequestDraft, *, by: Actor) -> EnterpriseRequest:
        """Take a request in and start its clock.

        Raises UnknownCategory, NotTheFirms, FirmCeased, WhereIsIt, Invalid.
        """
        found = await repository.category(self.work.session, draft.category)
        if found is None:
            raise UnknownCategory()
        firm_name, division = await self._asker(draft, by)
        now, key = self.work.clock.now(), new_id()
        request = RequestRow(
            id=key,
            number=await repository.next_number(self.work.session, now.astimezone(CHINA).strftime("%Y%m%d")),
            category=draft.category,
            title=draft.title,
            text=draft.text,
            uscc=draft.uscc,
            firm_name=firm_name,
            division_code=division,
            submitter=by.subject,
            phone=None if draft.phone is None else self.work.vault.seal(draft.phone, _phone_of(key)),
            state=RequestState.submitted,
            round=1,
            minimum_age_minutes=found[1].minimum_age_minutes,
            submitted_at=now,
        )
        self.work.session.add(request)
        await self.work.session.flush()
        await self.ledger.start(request)
        self.say(request, "submit", side=Side.firm, by=by)
        self.work.jobs.defer(ROUTE, lock=f"request/{request.id}", request_id=str(request.id))
        self.work.events.record(RequestSubmitted(**facts_of(request), at=now), subject=str(request.id))
        return await self._own(request)

    async def _asker(self, draft: RequestDraft, by: Actor) -> tuple[str, str]:
        """In whose name and from which division the request comes."""
        if draft.uscc is None:
            if draft.firm_name is None:
                error = FieldError(pointer="/body/firm_name", code="missing", message="wanted where there is no code")
                raise Invalid(("请填写企业（拟设）名称", "Say the firm's name"), errors=[error])
            standing = Standing("", draft.firm_name, None, False)
        else:
            known = await self.firms.standing(draft.uscc, subject=by.subject)
            if known is None:
                raise NotTheFirms()
            standing = known
        if standing.ceased:
            raise FirmCeased()
        division = draft.division_code or standing.division_code
        if division is None:
            raise WhereIsIt(errors=[FieldError(pointer="/body/division_code", code="missing", message="wanted")])
        return standing.name, division

    async def accept(self, request: RequestRow, *, by: Actor, note: str | None) -> RequestSummary:
        """Accept 受理. Where its department is known already, the request is in that department's hands at once.

        The department is found by a job, so that neither submitting nor accepting ever waits for a neighbour.
        """
        handles = by.may(repository.ANSWER) and by.department == request.department_code
        self.move(request, Act.accept, side=Side.department if handles else Side.supervisor, by=by, note=note)
        if request.department_code is not None:
            self.move(request, Act.assign, side=Side.system, by=SYSTEM, note=request.legal_basis)
        return RequestSummary.of(request)

    def route(self, request: RequestRow, found: gov_collab.Responsibility) -> None:
        """Show the request to the department that the responsibility list names; an accepted one becomes its own."""
        request.department_code, request.department_name = found.department_code, found.department_name
        request.legal_basis = found.legal_basis
        if request.state == RequestState.accepted:
            self.move(request, Act.assign, side=Side.system, by=SYSTEM, note=found.legal_basis)
        else:
            self.say(request, "route", side=Side.system, by=SYSTEM, note=found.legal_basis)

    async def assign(self, request: RequestRow, code: str, *, by: Actor, note: str | None) -> RequestSummary:
        """Give the request to a department by hand 派单 or 改派. Raises UnknownDepartment, NeighbourUnavailable."""
        department = await gov_collab.department(self.work.mesh, code, on_behalf_of=by)
        if department is None:
            raise UnknownDepartment(errors=[FieldError(pointer="/body/department_code", code="unknown", message="")])
        check(request, Act.assign)
        request.department_code, request.department_name, request.legal_basis = department.code, department.name, None
        self.move(request, Act.assign, side=Side.supervisor, by=by, note=note)
        return RequestSummary.of(request)

    async def contact(self, request: RequestRow, *, by: Actor, note: str) -> RequestSummary:
        """The department spoke to the firm 首次联系 and takes the matter up."""
        return await self._department_act(request, Act.contact, by=by, note=note)

    async def plan(self, request: RequestRow, *, by: Actor, note: str) -> RequestSummary:
        """The department says how and until when it will solve the matter 办理方案."""
        return await self._department_act(request, Act.plan, by=by, note=note)

    async def pause(self, request: RequestRow, *, by: Actor, reason: str) -> RequestSummary:
        """Stop the clock, for a reason that the firm reads."""
        answer = await self._department_act(request, Act.pause, by=by, note=reason)
        await self.ledger.pause(request, reason)
        return answer

    async def resume(self, request: RequestRow, *, by: Actor, note: str | None) -> RequestSummary:
        """Let the clock run again."""
        answer = await self._department_act(request, Act.resume, by=by, note=note)
        await self.ledger.resume(request)
        return answer

    async def answer(self, request: RequestRow, *, by: Actor, answer: str) -> RequestSummary:
        """Answer the firm 答复; the clock stops and the firm is asked whether that settles it."""
        said = await self._department_act(request, Act.answer, by=by, note=answer)
        await self.ledger.stop(request)
        request.answer, request.answered_at = answer, self.work.clock.now()
        event = RequestAnswered(**facts_of(request), at=request.answered_at, answer=answer)
        self.work.events.record(event, subject=str(request.id))
        return said

    async def _department_act(self, request: RequestRow, act: Act, *, by: Actor, note: str | None) -> RequestSummary:
        self.move(request, act, side=Side.department, by=by, note=note)
        await self.ledger.meet(request, MEETS.get(act, ()))
        return RequestSummary.of(request)

    async def confirm(self, request: RequestRow, said: Confirmation, *, by: Actor) -> RequestSummary:
        """The firm takes the answer."""
        self.move(request, Act.confirm, side=Side.firm, by=by, note=said.note)
        request.rating = said.rating
        return RequestSummary.of(request)

    async def reopen(self, request: RequestRow, *, by: Actor, reason: str) -> RequestSummary:
        """The firm does not take the answer: a new round with a clock of its own begins 不满意重办."""
        self.move(request, Act.reopen, side=Side.firm, by=by, note=reason)
        request.round += 1
        await self.ledger.start(request)
        return RequestSummary.of(request)

    async def withdraw(self, request: RequestRow, *, by: Actor, note: str | None) -> RequestSummary:
        """The firm takes its request back."""
        return await self._end(request, Act.withdraw, side=Side.firm, by=by, note=note)

    async def close(self, request: RequestRow, *, side: Side, by: Actor | str, note: str | None) -> RequestSummary:
        """Close: an unaccepted request is declined with a reason, an answered or confirmed one is done 办结."""
        return await self._end(request, Act.close, side=side, by=by, note=note)

    async def _end(
        self, request: RequestRow, act: Act, *, side: Side, by: Actor | str, note: str | None
    ) -> RequestSummary:
        check(request, act)
        left = RequestState(request.state)
        request.outcome, request.closed_at = outcome_of(act, left), self.work.clock.now()
        self.move(request, act, side=side, by=by, note=note)
        if left not in {RequestState.answered, RequestState.confirmed}:
            await self.ledger.stop(request)
        return RequestSummary.of(request)

    async def read(self, request: RequestRow, *, by: Actor) -> EnterpriseRequest:
        """The whole request; a reader from outside leaves a line for the person and one for the firm."""
        handles = by.may(repository.ANSWER) and by.department == request.department_code
        phone = request.phone if handles or by.subject == request.submitter else None
        fields = ("text", "phone") if phone is not None else ("text",)
        self.work.access.read(
            person=f"sub:{request.submitter}",
            by=by,
            action=READ,
            fields=fields,
            purpose=PURPOSE if handles else "诉求督办 Supervision of requests",
            legal_basis=request.legal_basis,
            record=RECORD,
            said={name: FIELD_WORDS[name] for name in fields},
            matter=f"诉求 Request {request.number}",
        )
        if request.uscc is not None:
            await self.firms.note_read(request.uscc, by=by, action=READ, purpose=PURPOSE)
        return await self._whole(request, phone)

    async def _own(self, request: RequestRow) -> EnterpriseRequest:
        return await self._whole(request, request.phone)

    async def _whole(self, request: RequestRow, phone: bytes | None) -> EnterpriseRequest:
        milestones = await repository.milestones_of(self.work.session, request)
        shown = None if phone is None else self.work.vault.open(phone, _phone_of(request.id))
        return EnterpriseRequest.of(request, milestones, phone=shown)

    def move(self, request: RequestRow, act: Act, *, side: Side, by: Actor | str, note: str | None) -> None:
        """Bring the request into the state that `act` leads to, and say so. Raises RequestStateProblem."""
        request.state = check(request, act)
        self.say(request, act, side=side, by=by, note=note)

    def say(self, request: RequestRow, act: str, *, side: Side, by: Actor | str, note: str | None = None) -> None:
        """Write the trail, which the parties read, and the audit, which holds no words."""
        self.work.session.add(
            TrailRow(
                request_id=request.id,
                act=act,
                state=request.state,
                side=side,
                actor=by if isinstance(by, str) else by.reference,
                department_name=request.department_name if side is Side.department else None,
                note=note,
                at=self.work.clock.now(),
            )
        )
        data = {"state": request.state, "department": request.department_code}
        self.work.audit.note(stream=f"request/{request.id}", act=act, by=by, data=data)


def check(request: RequestRow, act: Act) -> RequestState:
    """The state that `act` leads to. Raises RequestStateProblem where it is not allowed now."""
    state = RequestState(request.state)
    reached = after(act, state)
    if reached is None:
        raise RequestStateProblem.of(state, act)
    return reached


def facts_of(request: RequestRow) -> dict[str, UUID | str | None]:
    """The fields that every event of a request carries."""
    return {
        "request_id": request.id,
        "number": request.number,
        "firm_uscc": request.uscc,
        "firm_name": request.firm_name,
        "submitter": UUID(request.submitter),
        "title": request.title,
        "department_code": request.department_code,
    }


def _phone_of(request_id: UUID) -> str:
    return f"request/{request_id}/phone"
