"""What messages hear from the other services: only what is told to a person."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from citykit.events import EventView
from citykit.wire import Instant


class TicketTaken(EventView, type="cn.hengshui.gov-collab.ticket.taken.v1"):
    """A hotline ticket was taken 受理."""

    ticket_id: UUID
    number: str
    citizen: UUID | None = None
    title: str


class TicketAssigned(EventView, type="cn.hengshui.gov-collab.ticket.assigned.v1"):
    """A hotline ticket was assigned 派单."""

    ticket_id: UUID
    number: str
    citizen: UUID | None = None
    title: str
    department_code: str
    department_name: str
    due_at: Instant


class TicketAnswered(EventView, type="cn.hengshui.gov-collab.ticket.answered.v1"):
    """A hotline ticket was answered 答复."""

    ticket_id: UUID
    number: str
    citizen: UUID | None = None
    title: str
    answer: str
    department_name: str
    answered_at: Instant


class TicketClosed(EventView, type="cn.hengshui.gov-collab.ticket.closed.v1"):
    """A hotline ticket was closed 办结."""

    ticket_id: UUID
    number: str
    citizen: UUID | None = None
    title: str
    closed_at: Instant


class CaseReported(EventView, type="cn.hengshui.city-ops.case.reported.v1"):
    """A city-management case was reported 上报."""

    case_id: UUID
    number: str
    reporter: UUID | None = None
    title: str


class CaseProgressed(EventView, type="cn.hengshui.city-ops.case.progressed.v1"):
    """A city-management case moved on."""

    case_id: UUID
    number: str
    reporter: UUID | None = None
    state: str
    note: str | None = None
    at: Instant


class CaseClosed(EventView, type="cn.hengshui.city-ops.case.closed.v1"):
    """A city-management case was closed 结案."""

    case_id: UUID
    number: str
    reporter: UUID | None = None
    outcome: Literal["resolved", "rejected", "void"]
    outcome_text: str | None = None
    closed_at: Instant


class RequestSubmitted(EventView, type="cn.hengshui.enterprise.request.submitted.v1"):
    """A firm's request was submitted 诉求提交."""

    request_id: UUID
    number: str
    firm_name: str
    submitter: UUID
    title: str


class RequestAnswered(EventView, type="cn.hengshui.enterprise.request.answered.v1"):
    """A firm's request was answered 诉求答复."""

    request_id: UUID
    number: str
    submitter: UUID
    title: str
    answer: str
    at: Instant


class RequestEscalated(EventView, type="cn.hengshui.enterprise.request.escalated.v1"):
    """A firm's request is overdue and was escalated 升级督办."""

    request_id: UUID
    number: str
    submitter: UUID
    title: str
    level: int
    at: Instant


class PersonChanged(EventView, type="cn.hengshui.data-hub.person.changed.v1"):
    """A person's record in the population registry changed."""

    person: UUID
    fields: list[str]
    changed_at: Instant


class PersonMerged(EventView, type="cn.hengshui.data-hub.person.merged.v1"):
    """A person had two records in the population registry; `person` is part of `survivor` from now on."""

    person: UUID
    survivor: UUID
    merged_at: Instant


class PersonParted(EventView, type="cn.hengshui.data-hub.person.parted.v1"):
    """Two records were not one person's: `person` stands by herself again."""

    person: UUID
    survivor: UUID
    parted_at: Instant


class CorrectionDecided(EventView, type="cn.hengshui.data-hub.correction.decided.v1"):
    """A person's ticket about her own registry record was decided 校核办结."""

    ticket_id: UUID
    person: UUID
    field: str
    verdict: str
    decided_at: Instant


class CreditAnswered(EventView, type="cn.hengshui.data-hub.credit.answered.v1"):
    """A department answered what somebody applied for in a firm's credit record 信用修复、异议."""

    matter: str
    matter_id: UUID
    uscc: str
    applicant: UUID
    outcome: str
    answered_at: Instant


class CreditRecorded(EventView, type="cn.hengshui.data-hub.credit.recorded.v1"):
    """Something was put on a firm's credit record 信用信息归集; `representative` stands for the firm."""

    uscc: str
    record_id: UUID
    kind: str
    severity: str | None = None
    representative: UUID | None = None


class HandedOut(BaseModel):
    """A licence that a person holds from now on."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    licence_id: UUID
    identifier: str
    person: UUID
    valid_from: date
    valid_to: date | None = None


class LicencesHandedOut(EventView, type="cn.hengshui.data-hub.licence.handed-out.v1"):
    """Licences were issued or renewed 签发、换发, each for its person."""

    licences: list[HandedOut]


class LicenceStatusChanged(EventView, type="cn.hengshui.data-hub.licence.status-changed.v1"):
    """The status of a licence changed 状态变更; a firm that holds it is told through who represents it."""

    licence_id: UUID
    identifier: str
    person: UUID | None = None
    representative: UUID | None = None
    status: str
    changed_at: Instant
