"""The acts of operators and departments on a ticket, from classification to the answer."""

from typing import Annotated

from fastapi import Depends

from citykit.actors import Actor
from citykit.identifiers.gbt2260 import HENGSHUI
from citykit.ids import new_id
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from gov_collab import bigrams
from gov_collab.hotline import repository
from gov_collab.hotline.domain import Nature, Stage
from gov_collab.hotline.errors import (
    AnsweredByCase,
    LocationMissing,
    NobodyNamed,
    NotClassified,
    ReturnDecided,
    ReturnTooLate,
    TicketStateProblem,
)
from gov_collab.hotline.events import TicketAnswered, TicketAssigned
from gov_collab.hotline.intake import locate
from gov_collab.hotline.models import AssignmentRow, TicketRow
from gov_collab.hotline.schemas import Arbitration, AssignmentDraft, Classification, TicketBrief
from gov_collab.hotline.steps import HOTLINE, Steps
from gov_collab.matters.domain import HandledAs
from gov_collab.matters.service import Matters
from gov_collab.organisations.errors import NobodyAnswers
from gov_collab.organisations.responsibilities import Responsibilities
from gov_collab.organisations.service import Organisations


class Hotline:
    """The hotline within one transaction; every ticket handed in is locked for it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._steps = Steps(work)

    async def classify(self, ticket: TicketRow, draft: Classification, *, by: Actor) -> TicketBrief:
        """Say what a ticket is about. Raises TicketStateProblem (409), UnknownMatter (422)."""
        self._steps.check(ticket, "classify")
        matter = await Matters(self._work).matter(draft.matter)
        ticket.nature, ticket.urgent = draft.nature.value, draft.urgent
        ticket.matter_code, ticket.handled_as = matter.code, matter.handled_as
        await locate(self._work, ticket, draft.division_code, draft.location)
        ticket.search = bigrams.vector(ticket.title, ticket.text, ticket.address or "", ticket.number)
        data = {"nature": ticket.nature, "matter": matter.code, "urgent": ticket.urgent}
        self._steps.take(ticket, "classify", by=by, department=HOTLINE, data=data)
        return self._brief(ticket)

    async def refuse(self, ticket: TicketRow, reason: str, *, by: Actor) -> TicketBrief:
        """Refuse what is not for the hotline; the reason names the channel that is right. Raises TicketStateProblem."""
        self._steps.take(ticket, "refuse", by=by, department=HOTLINE, note=reason)
        return self._brief(ticket)

    async def assign(self, ticket: TicketRow, draft: AssignmentDraft, *, by: Actor) -> TicketBrief:
        """Hand a ticket to the department that must answer it.

        Raises TicketStateProblem (409); NotClassified, LocationMissing, NobodyNamed, UnknownDepartment (422).
        """
        self._steps.check(ticket, "assign")
        if ticket.matter_code is None or ticket.nature is None:
            raise NotClassified()
        matter = await Matters(self._work).matter(ticket.matter_code)
        ticket.handled_as = matter.handled_as
        if ticket.handled_as == HandledAs.city_case and (ticket.longitude is None or ticket.latitude is None):
            error = FieldError(pointer="/body", code="location-missing", message="classify it with a location first")
            raise LocationMissing(errors=[error])
        assignment = await self._assignment(ticket, draft, by=by)
        await self._hand_over(ticket, assignment)
        self._work.session.add(assignment)
        data = {"department": assignment.department_code, "by_rule": assignment.responsibility_id is not None}
        data |= {"legal_basis": assignment.legal_basis}
        self._steps.take(
            ticket, "assign", by=by, department=assignment.department_name, note=assignment.reason, data=data
        )
        self._work.events.record(TicketAssigned.of(ticket), subject=str(ticket.id))
        return self._brief(ticket)

    async def recall(self, ticket: TicketRow, reason: str, *, by: Actor) -> TicketBrief:
        """Take a ticket back that nobody has signed for. Raises TicketStateProblem, AnsweredByCase (409)."""
        self._steps.check(ticket, "recall")
        if ticket.case_id is not None:
            raise AnsweredByCase()
        self._steps.take(ticket, "recall", by=by, department=HOTLINE, note=reason)
        release(ticket)
        return self._brief(ticket)

    async def accept(self, ticket: TicketRow, *, by: Actor) -> TicketBrief:
        """Sign for a ticket. Raises TicketStateProblem, AnsweredByCase (409)."""
        self._not_a_case(ticket, "accept")
        self._steps.take(ticket, "accept", by=by, department=ticket.department_name)
        return self._brief(ticket)

    async def send_back(self, ticket: TicketRow, reason: str, *, by: Actor) -> TicketBrief:
        """Say that a ticket is not this department's; the operators decide.

        Raises TicketStateProblem, AnsweredByCase, ReturnDecided, ReturnTooLate (409).
        """
        self._not_a_case(ticket, "send-back")
        if ticket.returns:
            raise ReturnDecided()
        now = self._work.clock.now()
        start = ticket.assigned_at or now
        if now > await self._steps.due(Stage.send_back, nature=ticket.nature, urgent=ticket.urgent, start=start):
            raise ReturnTooLate()
        self._steps.take(ticket, "send-back", by=by, department=ticket.department_name, note=reason)
        return self._brief(ticket)

    async def arbitrate(self, ticket: TicketRow, decision: Arbitration, *, by: Actor) -> TicketBrief:
        """Decide about a ticket that was sent back; its clock goes on meanwhile. Raises TicketStateProblem (409)."""
        act = "uphold-return" if decision.upheld else "dismiss-return"
        self._steps.take(ticket, act, by=by, department=HOTLINE, note=decision.reason)
        if decision.upheld:
            release(ticket)
        else:
            ticket.returns += 1
        return self._brief(ticket)

    async def answer(self, ticket: TicketRow, text: str, *, by: Actor) -> TicketBrief:
        """Answer as the department in charge. Raises TicketStateProblem, AnsweredByCase (409)."""
        self._not_a_case(ticket, "answer")
        department = ticket.department_name or HOTLINE
        give_answer(self._work, self._steps, ticket, "answer", text, by=by, department=department)
        return self._brief(ticket)

    async def answer_at_once(self, ticket: TicketRow, text: str, *, by: Actor) -> TicketBrief:
        """Answer an enquiry without handing it to anybody. Raises TicketStateProblem (409) for any other nature."""
        self._steps.check(ticket, "answer-at-once")
        if ticket.nature != Nature.consultation:
            zh, en = "只有咨询类工单可以当场答复", "Only an enquiry can be answered at once"
            raise TicketStateProblem((zh, en))
        give_answer(self._work, self._steps, ticket, "answer-at-once", text, by=by, department=HOTLINE)
        return self._brief(ticket)

    async def note(self, ticket: TicketRow, text: str, *, by: Actor) -> TicketBrief:
        """Keep an internal note; the citizen never sees it."""
        department = None
        if by.department is not None:
            department = HOTLINE if by.department != ticket.department_code else ticket.department_name
        self._steps.take(ticket, "note", by=by, department=department, note=text)
        return self._brief(ticket)

    def _brief(self, ticket: TicketRow) -> TicketBrief:
        return repository.brief(ticket, self._work.clock.now())

    def _not_a_case(self, ticket: TicketRow, act: str) -> None:
        self._steps.check(ticket, act)
        if ticket.handled_as == HandledAs.city_case:
            raise AnsweredByCase()

    async def _assignment(self, ticket: TicketRow, draft: AssignmentDraft, *, by: Actor) -> AssignmentRow:
        row = AssignmentRow(
            id=new_id(), ticket_id=ticket.id, round=ticket.round + 1, reason=draft.reason, assigned_by=by.reference,
            assigned_at=self._work.clock.now(),
        )  # fmt: skip
        if draft.department_code is not None:
            department = await Organisations(self._work).department(draft.department_code)
            row.department_code, row.department_name = department.code, department.name
            return row
        area = ticket.division_code or HENGSHUI.code
        try:
            lead = (await Responsibilities(self._work).answering(str(ticket.matter_code), area)).lead
        except NobodyAnswers as nobody:
            error = FieldError(pointer="/body/department_code", code="needed", message="the list names nobody")
            raise NobodyNamed(nobody.detail, errors=[error]) from nobody
        row.department_code, row.department_name = lead.department_code, lead.department_name
        row.responsibility_id, row.legal_basis = lead.responsibility_id, lead.legal_basis
        return row

    async def _hand_over(self, ticket: TicketRow, assignment: AssignmentRow) -> None:
        now, nature, urgent = assignment.assigned_at, ticket.nature, ticket.urgent
        ticket.round, ticket.returns, ticket.calls_missed = assignment.round, 0, 0
        ticket.department_code, ticket.department_name = assignment.department_code, assignment.department_name
        ticket.assigned_at = now
        ticket.sign_due_at = await self._steps.due(Stage.sign, nature=nature, urgent=urgent, start=now)
        ticket.due_at = await self._steps.due(Stage.answer, nature=nature, urgent=urgent, start=now)


def release(ticket: TicketRow) -> None:
    """Take a ticket out of every hand: it waits for the operators again, without a clock."""
    ticket.department_code = ticket.department_name = ticket.case_id = None
    ticket.assigned_at = ticket.sign_due_at = ticket.due_at = None


def give_answer(
    work: Work, steps: Steps, ticket: TicketRow, act: str, text: str, *, by: Actor | str, department: str
) -> None:
    """Write the answer down and tell the citizen. Raises TicketStateProblem (409)."""
    steps.take(ticket, act, by=by, department=department, note=text)
    ticket.answer, ticket.answered_at, ticket.calls_missed = text, work.clock.now(), 0
    event = TicketAnswered(
        ticket_id=ticket.id, number=ticket.number, citizen=ticket.citizen, title=ticket.title, answer=text,
        department_name=department, answered_at=ticket.answered_at,
    )  # fmt: skip
    work.events.record(event, subject=str(ticket.id))


async def hotline(work: WorkInRequest) -> Hotline:
    """The hotline of this request's transaction."""
    return Hotline(work)


HotlineInRequest = Annotated[Hotline, Depends(hotline)]
