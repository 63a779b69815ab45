"""What each event of the city says to the person whom it concerns."""

from uuid import UUID

from citizen_pass.identity.service import Accounts
from citizen_pass.messages import events
from citizen_pass.messages.service import Messages
from citykit.clock import CHINA
from citykit.service import Subscription
from citykit.wire import Instant
from citykit.work import Work

CASE_STATES: dict[str, tuple[str, str]] = {
    "reported": ("已上报", "reported"),
    "accepted": ("已受理", "accepted"),
    "filed": ("已立案", "filed"),
    "dispatched": ("已派遣", "dispatched"),
    "handling": ("处置中", "being handled"),
    "handled": ("已处置，等待核查", "handled, waiting for verification"),
    "verified": ("核查通过", "verified"),
    "sent-back": ("已退回重新处置", "sent back"),
    "closed": ("已结案", "closed"),
    "rejected": ("不予受理", "not accepted"),
}
OUTCOMES: dict[str, tuple[str, str]] = {
    "resolved": ("已解决", "resolved"),
    "rejected": ("不予受理", "not accepted"),
    "void": ("已作废", "void"),
}
VERDICTS: dict[str, tuple[str, str]] = {
    "corrected": ("已更正", "corrected"),
    "dismissed": ("维持原值", "the value stands"),
}
CREDIT_MATTERS: dict[str, tuple[str, str]] = {
    "repair": ("信用修复申请", "application for credit repair"),
    "dispute": ("信用信息异议", "dispute of a credit record"),
}
CREDIT_OUTCOMES: dict[str, tuple[str, str]] = {
    "supplement": ("需要补正材料", "something is missing"),
    "granted": ("准予修复", "granted"),
    "refused": ("不予修复", "refused"),
    "corrected": ("已更正", "corrected"),
    "upheld": ("维持原记录", "the record stands"),
    "closed": ("该信用信息已终止，不再办理", "closed, as the record has ended"),
}
CREDIT_RECORDS: dict[tuple[str, str | None], tuple[str, str]] = {
    ("basic", None): ("基础信息", "basic information"),
    ("honour", None): ("守信信息", "an honour"),
    ("penalty", "minor"): ("失信信息（轻微）", "a minor penalty"),
    ("penalty", "general"): ("失信信息（一般）", "a general penalty"),
    ("penalty", "serious"): ("失信信息（严重）", "a serious penalty"),
}
LICENCE_STATUSES: dict[str, tuple[str, str]] = {
    "valid": ("已恢复有效", "valid again"),
    "suspended": ("已暂停", "suspended"),
    "revoked": ("已注销", "revoked"),
}
REGISTRY_FIELDS: dict[str, str] = {
    "name": "姓名 name",
    "id_number": "公民身份号码 identity number",
    "birth_date": "出生日期 birth date",
    "sex": "性别 sex",
    "address": "住址 address",
    "division_code": "户籍地区划 division",
    "state": "登记状态 state",
}


def _when(at: Instant) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


async def _tell(work: Work, subject: UUID | None, kind: str, about: str, at: object, link: str, **places: str) -> None:
    """One message about `about`; nobody is told where the event names no person."""
    if subject is not None:
        reference = f"{kind}/{about}/{at}" if at is not None else f"{kind}/{about}"
        await Messages(work).notify(subject, kind, reference=reference, places=places, link=link)


def _ticket(ticket_id: UUID) -> str:
    return f"/api/gov-collab/v1/hotline/tickets/{ticket_id}"


def _case(case_id: UUID) -> str:
    return f"/api/city-ops/v1/cases/{case_id}"


def _request(request_id: UUID) -> str:
    return f"/api/enterprise/v1/requests/{request_id}"


async def ticket_taken(event: events.TicketTaken, work: Work) -> None:
    """Tell that a ticket was taken."""
    link = _ticket(event.ticket_id)
    await _tell(
        work, event.citizen, "ticket-taken", str(event.ticket_id), None, link, number=event.number, title=event.title
    )


async def ticket_assigned(event: events.TicketAssigned, work: Work) -> None:
    """Tell who handles a ticket, and until when. A new assignment is a new message."""
    await _tell(
        work, event.citizen, "ticket-assigned", str(event.ticket_id),
        f"{event.department_code}/{event.due_at.isoformat()}",
        _ticket(event.ticket_id), number=event.number, title=event.title, department=event.department_name,
        due=_when(event.due_at),
    )  # fmt: skip


async def ticket_answered(event: events.TicketAnswered, work: Work) -> None:
    """Tell the answer."""
    await _tell(
        work, event.citizen, "ticket-answered", str(event.ticket_id), event.answered_at.isoformat(),
        _ticket(event.ticket_id), number=event.number, title=event.title, department=event.department_name,
        answer=event.answer,
    )  # fmt: skip


async def ticket_closed(event: events.TicketClosed, work: Work) -> None:
    """Tell that a ticket is closed."""
    await _tell(
        work, event.citizen, "ticket-closed", str(event.ticket_id), event.closed_at.isoformat(),
        _ticket(event.ticket_id), number=event.number, title=event.title,
    )  # fmt: skip


async def case_reported(event: events.CaseReported, work: Work) -> None:
    """Tell that a report was registered."""
    link = _case(event.case_id)
    await _tell(
        work, event.reporter, "case-reported", str(event.case_id), None, link, number=event.number, title=event.title
    )


async def case_progressed(event: events.CaseProgressed, work: Work) -> None:
    """Tell how a case moves on."""
    state = CASE_STATES.get(event.state, (event.state, event.state))
    await _tell(
        work, event.reporter, "case-progressed", str(event.case_id), f"{event.state}/{event.at.isoformat()}",
        _case(event.case_id), number=event.number, state=state[0], state_en=state[1], note=event.note or "",
    )  # fmt: skip


async def case_closed(event: events.CaseClosed, work: Work) -> None:
    """Tell how a case ended."""
    outcome = OUTCOMES[event.outcome]
    await _tell(
        work, event.reporter, "case-closed", str(event.case_id), event.closed_at.isoformat(), _case(event.case_id),
        number=event.number, outcome=outcome[0], outcome_en=outcome[1], text=event.outcome_text or "",
    )  # fmt: skip


async def request_submitted(event: events.RequestSubmitted, work: Work) -> None:
    """Tell that a firm's request was submitted."""
    await _tell(
        work, event.submitter, "request-submitted", str(event.request_id), None, _request(event.request_id),
        number=event.number, firm=event.firm_name, title=event.title,
    )  # fmt: skip


async def request_answered(event: events.RequestAnswered, work: Work) -> None:
    """Tell the answer to a firm's request."""
    await _tell(
        work, event.submitter, "request-answered", str(event.request_id), event.at.isoformat(),
        _request(event.request_id), number=event.number, title=event.title, answer=event.answer,
    )  # fmt: skip


async def request_escalated(event: events.RequestEscalated, work: Work) -> None:
    """Tell that an overdue request was escalated."""
    await _tell(
        work, event.submitter, "request-escalated", str(event.request_id), f"{event.level}/{event.at.isoformat()}",
        _request(event.request_id), number=event.number, title=event.title, level=str(event.level),
    )  # fmt: skip


async def person_changed(event: events.PersonChanged, work: Work) -> None:
    """Tell a person that her registry record changed; fields by name, never their values."""
    subject = await Accounts(work).subject_of(event.person)
    fields = "、".join(REGISTRY_FIELDS.get(field, field) for field in event.fields)
    at = event.changed_at.isoformat()
    await _tell(
        work, subject, "person-changed", str(event.person), at, "/api/citizen-pass/pages/privacy", fields=fields
    )


async def person_merged(event: events.PersonMerged, work: Work) -> None:
    """Let an account follow its person's record into the one that stands, and tell her that there were two."""
    subject = await Accounts(work).follow_merger(event.person, event.survivor)
    at = event.merged_at.isoformat()
    await _tell(work, subject, "person-merged", str(event.person), at, "/api/citizen-pass/pages/privacy")


async def person_parted(event: events.PersonParted, work: Work) -> None:
    """Let an account have its person's own record back, and tell her that the merger was wrong."""
    subject = await Accounts(work).follow_parting(event.person, event.survivor)
    at = event.parted_at.isoformat()
    await _tell(work, subject, "person-parted", str(event.person), at, "/api/citizen-pass/pages/privacy")


async def correction_decided(event: events.CorrectionDecided, work: Work) -> None:
    """Tell a person what became of the ticket about her own record."""
    subject = await Accounts(work).subject_of(event.person)
    verdict = VERDICTS.get(event.verdict, (event.verdict, event.verdict))
    await _tell(
        work, subject, "correction-decided", str(event.ticket_id), None, "/api/data-hub/v1/population/me/disputes",
        field=REGISTRY_FIELDS.get(event.field, event.field), outcome=verdict[0], outcome_en=verdict[1],
    )  # fmt: skip


async def credit_answered(event: events.CreditAnswered, work: Work) -> None:
    """Tell who applied for a firm what the department answered."""
    matter = CREDIT_MATTERS.get(event.matter, (event.matter, event.matter))
    outcome = CREDIT_OUTCOMES.get(event.outcome, (event.outcome, event.outcome))
    await _tell(
        work, event.applicant, "credit-answered", str(event.matter_id), event.answered_at.isoformat(),
        f"/api/data-hub/v1/credit/firms/{event.uscc}/own", uscc=event.uscc, matter=matter[0], matter_en=matter[1],
        outcome=outcome[0], outcome_en=outcome[1],
    )  # fmt: skip


async def credit_recorded(event: events.CreditRecorded, work: Work) -> None:
    """Tell who represents a firm what was put on its record."""
    if event.representative is not None:
        subject = await Accounts(work).subject_of(event.representative)
        record = CREDIT_RECORDS.get((event.kind, event.severity), (event.kind, event.kind))
        await _tell(
            work, subject, "credit-recorded", str(event.record_id), None,
            f"/api/data-hub/v1/credit/firms/{event.uscc}/own", uscc=event.uscc, record=record[0], record_en=record[1],
        )  # fmt: skip


def _licence(licence_id: UUID) -> str:
    return f"/api/data-hub/v1/licences/own/{licence_id}"


async def licences_handed_out(event: events.LicencesHandedOut, work: Work) -> None:
    """Tell each person of the licence that is hers now."""
    for one in event.licences:
        subject = await Accounts(work).subject_of(one.person)
        await _tell(
            work, subject, "licence-issued", str(one.licence_id), None, _licence(one.licence_id),
            identifier=one.identifier, term=f"{one.valid_from}至{one.valid_to or '长期'}",
            term_en=f"from {one.valid_from} to {one.valid_to or 'no end'}",
        )  # fmt: skip


async def licence_changed(event: events.LicenceStatusChanged, work: Work) -> None:
    """Tell a person that her licence, or that of her firm, counts no more, or again; of a renewal the new one tells."""
    holder = event.person or event.representative
    if holder is not None and event.status != "superseded":
        subject = await Accounts(work).subject_of(holder)
        status = LICENCE_STATUSES.get(event.status, (event.status, event.status))
        await _tell(
            work, subject, "licence-changed", str(event.licence_id), event.changed_at.isoformat(),
            _licence(event.licence_id), identifier=event.identifier, status=status[0], status_en=status[1],
        )  # fmt: skip


SUBSCRIPTIONS = (
    Subscription(events.TicketTaken, ticket_taken),
    Subscription(events.TicketAssigned, ticket_assigned),
    Subscription(events.TicketAnswered, ticket_answered),
    Subscription(events.TicketClosed, ticket_closed),
    Subscription(events.CaseReported, case_reported),
    Subscription(events.CaseProgressed, case_progressed),
    Subscription(events.CaseClosed, case_closed),
    Subscription(events.RequestSubmitted, request_submitted),
    Subscription(events.RequestAnswered, request_answered),
    Subscription(events.RequestEscalated, request_escalated),
    Subscription(events.PersonChanged, person_changed),
    Subscription(events.PersonMerged, person_merged),
    Subscription(events.PersonParted, person_parted),
    Subscription(events.CorrectionDecided, correction_decided),
    Subscription(events.CreditAnswered, credit_answered),
    Subscription(events.CreditRecorded, credit_recorded),
    Subscription(events.LicencesHandedOut, licences_handed_out),
    Subscription(events.LicenceStatusChanged, licence_changed),
)
