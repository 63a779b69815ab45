"""Statements, conflicts, correction tickets and notices over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.pages import Page
from citykit.problems import BadCursor, problems
from citykit.routing import CityRouter
from citykit.wire import Uscc
from data_hub.registries.access import (
    Decider,
    Disputer,
    Maintainer,
    Oneself,
    Party,
    PersonReader,
    Reader,
    Told,
)
from data_hub.registries.changes.errors import NoDepartment
from data_hub.registries.corrections.errors import (
    DisputeOpen,
    NoSource,
    NoSuchTicket,
    OwnTicket,
    TicketDecided,
    UnknownField,
)
from data_hub.registries.corrections.schemas import (
    Conflict,
    ConflictCase,
    ConflictDecision,
    ConflictQuery,
    Dispute,
    DisputeCase,
    DisputeDecision,
    DisputeDraft,
    DisputeQuery,
    Notice,
    NoticeQuery,
    OwnDisputeDraft,
    PersonConflictQuery,
    Statement,
    StatementDraft,
)
from data_hub.registries.corrections.service import ConflictsInRequest, DisputesInRequest, NoticesInRequest
from data_hub.registries.errors import BadPeriod, BadValue, UnknownPurpose
from data_hub.registries.legal_entities.errors import NoSuchEntity
from data_hub.registries.population.errors import NoSuchPerson, PersonExists
from data_hub.registries.sources.errors import NotTheSource, StatedForAnother

router = CityRouter(prefix="/api/data-hub/v1/registries", tags=["基础库校核 Corrections"])
about = CityRouter(prefix="/api/data-hub/v1", tags=["基础库校核 Corrections"])
_RECORD = (NoSuchPerson, NoSuchEntity, UnknownField, BadValue)
_CORRECTING = (BadValue, BadPeriod, PersonExists, NotTheSource)
_ONCE = (KeyUsedOtherwise, StillRunning)


@router.post(
    "/statements",
    status_code=201,
    responses=problems(*_RECORD, StatedForAnother, BadPeriod, PersonExists, *_ONCE),
)
async def state_value(
    actor: Maintainer, body: StatementDraft, conflicts: ConflictsInRequest, once: OnceInRequest
) -> Statement:
    """State a value for one's own department 登记部门陈述: the source's word is the value, another's a conflict."""
    return await once(lambda: conflicts.state(body, by=actor), Statement)


@router.get("/conflicts", responses=problems(BadCursor))
async def list_conflicts(
    actor: Party, query: Annotated[ConflictQuery, Query()], conflicts: ConflictsInRequest
) -> Page[Conflict]:
    """List the conflicts that one's department stated or decides 数据冲突, masked; supervision sees all."""
    return await conflicts.listed(query, by=actor)


@router.get("/conflicts/{conflict}", responses=problems(NoSuchTicket))
async def read_conflict(actor: Decider, conflict: UUID, conflicts: ConflictsInRequest) -> ConflictCase:
    """Read a conflict that one's department decides, both values in clear 查看冲突; the person finds it in her log."""
    return await conflicts.case(conflict, by=actor)


@router.post(
    "/conflicts/{conflict}/decisions",
    status_code=201,
    responses=problems(NoSuchTicket, TicketDecided, *_CORRECTING, *_ONCE),
)
async def decide_conflict(
    actor: Decider, conflict: UUID, body: ConflictDecision, conflicts: ConflictsInRequest, once: OnceInRequest
) -> Conflict:
    """Adopt what another department states, or stay with the value 处理冲突."""
    return await once(lambda: conflicts.decide(conflict, body, by=actor), Conflict)


@router.post("/disputes", status_code=201, responses=problems(*_RECORD, NoDepartment, NoSource, DisputeOpen, *_ONCE))
async def raise_dispute(
    actor: Disputer, body: DisputeDraft, disputes: DisputesInRequest, once: OnceInRequest
) -> Dispute:
    """Doubt a value in a record that one's department uses 提出校核; its source decides within a limit."""
    return await once(lambda: disputes.dispute(body, by=actor), Dispute)


@router.get("/disputes", responses=problems(BadCursor))
async def list_disputes(
    actor: Party, query: Annotated[DisputeQuery, Query()], disputes: DisputesInRequest
) -> Page[Dispute]:
    """List the tickets that one's department raised or decides 校核工单, masked; supervision sees all."""
    return await disputes.listed(query, by=actor)


@router.get("/disputes/{dispute}", responses=problems(NoSuchTicket))
async def read_dispute(actor: Party, dispute: UUID, disputes: DisputesInRequest) -> DisputeCase:
    """Read a ticket with claim and evidence 查看校核工单; the value in clear is for its source alone."""
    return await disputes.case(dispute, by=actor)


@router.post(
    "/disputes/{dispute}/decisions",
    status_code=201,
    responses=problems(NoSuchTicket, TicketDecided, OwnTicket, *_CORRECTING, *_ONCE),
)
async def decide_dispute(
    actor: Decider, dispute: UUID, body: DisputeDecision, disputes: DisputesInRequest, once: OnceInRequest
) -> Dispute:
    """Correct the value or stay with it 校核办结; a corrected value reaches every recipient."""
    return await once(lambda: disputes.decide(dispute, body, by=actor), Dispute)


@router.post("/disputes/{dispute}/withdrawals", status_code=201, responses=problems(NoSuchTicket, TicketDecided))
async def withdraw_dispute(actor: Disputer, dispute: UUID, disputes: DisputesInRequest) -> Dispute:
    """Take a ticket back that one's department raised 撤回校核."""
    return await disputes.withdraw(dispute, by=actor)


@router.get("/notices", responses=problems(BadCursor))
async def list_notices(actor: Told, query: Annotated[NoticeQuery, Query()], notices: NoticesInRequest) -> Page[Notice]:
    """List what one's department was told of corrected values 更正通知."""
    return await notices.listed(query, by=actor)


@router.post("/notices/{notice}/acknowledgements", status_code=201, responses=problems(NoSuchTicket))
async def acknowledge_notice(actor: Told, notice: UUID, notices: NoticesInRequest) -> Notice:
    """Say that one's department mended what it keeps 确认已更正."""
    return await notices.acknowledge(notice, by=actor)


@about.get("/population/persons/{person}/conflicts", responses=problems(UnknownPurpose, BadCursor))
async def list_person_conflicts(
    actor: PersonReader, person: UUID, query: Annotated[PersonConflictQuery, Query()], conflicts: ConflictsInRequest
) -> Page[Conflict]:
    """List what other departments say of a person's values, for a purpose, masked 查看人口数据冲突."""
    return await conflicts.of_person(person, query, by=actor)


@about.get("/legal-entities/{uscc}/conflicts", responses=problems(BadCursor))
async def list_entity_conflicts(
    actor: Reader, uscc: Uscc, query: Annotated[ConflictQuery, Query()], conflicts: ConflictsInRequest
) -> Page[Conflict]:
    """List what other departments say of a legal entity's values 查看法人数据冲突."""
    return await conflicts.of_entity(uscc, query, by=actor)


@about.post("/population/me/disputes", status_code=201, responses=problems(*_RECORD, NoSource, DisputeOpen, *_ONCE))
async def dispute_own_value(
    actor: Oneself, body: OwnDisputeDraft, disputes: DisputesInRequest, once: OnceInRequest
) -> Dispute:
    """Doubt a value in one's own record 对本人信息提出校核."""
    return await once(lambda: disputes.dispute_own(body, by=actor), Dispute)


@about.get("/population/me/disputes", responses=problems(NoSuchPerson, BadCursor))
async def list_own_disputes(
    actor: Oneself, query: Annotated[DisputeQuery, Query()], disputes: DisputesInRequest
) -> Page[Dispute]:
    """List the tickets that one raised about one's own record 本人提出的校核."""
    return await disputes.own(query, by=actor)


@about.post(
    "/population/me/disputes/{dispute}/withdrawals", status_code=201, responses=problems(NoSuchTicket, TicketDecided)
)
async def withdraw_own_dispute(actor: Oneself, dispute: UUID, disputes: DisputesInRequest) -> Dispute:
    """Take a ticket back that one raised about one's own record 撤回本人校核."""
    return await disputes.withdraw(dispute, by=actor)
