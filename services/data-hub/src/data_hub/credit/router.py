"""HTTP face of credit for departments: records, applications, disputes, recalls, ratings, reports."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from citykit.access import anyone
from citykit.idempotency import OnceInRequest
from citykit.pages import Page
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from citykit.wire import Uscc
from citykit.work import WorkInRequest
from data_hub.credit import repository
from data_hub.credit.access import Decider, Reader, Recorder, disputes_of, recalls_of, recorded_by, repairs_of
from data_hub.credit.errors import (
    CreditStateProblem,
    NoPersonalScores,
    NotWithdrawable,
    RecordExists,
    RecordFault,
    UnknownFirm,
)
from data_hub.credit.lists import StatusListsInRequest
from data_hub.credit.loading import DecidersDispute, DecidersRepair, OwnRecall, OwnRecord
from data_hub.credit.ratings import RatingsInRequest
from data_hub.credit.repair import RepairsInRequest
from data_hub.credit.schemas import (
    Acknowledgement,
    Dispute,
    DisputeDecision,
    DisputeFilter,
    Lift,
    ListNumber,
    RatingDraft,
    RatingResult,
    Reason,
    Recall,
    RecallFilter,
    Record,
    RecordDraft,
    RecordFilter,
    Repair,
    RepairDecision,
    RepairFilter,
    Reproduction,
    SupplementDraft,
    TermTable,
)
from data_hub.credit.service import CreditInRequest
from data_hub.seals.errors import SealsMissing
from data_hub.seals.status_lists import MEDIA

router = CityRouter(prefix="/api/data-hub/v1/credit", tags=["credit"])


@router.get("/terms", dependencies=[Depends(anyone)])
async def read_terms(work: WorkInRequest) -> TermTable:
    """Read for how long penalties are published, how soon acts are due, and how ratings are computed."""
    return await repository.term_table(work)


@router.post("/records", status_code=201, responses=problems(UnknownFirm, RecordFault, RecordExists, NoPersonalScores))
async def take_record(actor: Recorder, body: RecordDraft, credit: CreditInRequest, once: OnceInRequest) -> Record:
    """Take a credit record of one's own department 归集信用信息. Legal entities only: a person has none here."""
    return await once(lambda: credit.record(body, by=actor), Record)


@router.get("/records")
async def list_records(
    actor: Recorder, query: Annotated[RecordFilter, Query()], work: WorkInRequest, credit: CreditInRequest
) -> Page[Record]:
    """List the records of one's own department, newest first, those that have ended as well."""
    return await repository.records(work, query, recorded_by(actor), credit.today)


@router.post("/firms/{uscc}/records/{record_id}/corrections", responses=problems(NotFound, CreditStateProblem))
async def correct_record(actor: Recorder, record: OwnRecord, body: Reason, credit: CreditInRequest) -> Record:
    """Declare a record of one's department wrong 更正; it is called back from everyone who received it."""
    return await credit.correct(record, body.reason, by=actor)


@router.post(
    "/firms/{uscc}/records/{record_id}/withdrawals", responses=problems(NotFound, NotWithdrawable, CreditStateProblem)
)
async def withdraw_record(actor: Recorder, record: OwnRecord, body: Reason, credit: CreditInRequest) -> Record:
    """Withdraw an honour or basic information that was right and holds no more 撤销、失效; it is called back."""
    return await credit.withdraw(record, body.reason, by=actor)


@router.post("/firms/{uscc}/records/{record_id}/lifts", responses=problems(NotFound, RecordFault, CreditStateProblem))
async def lift_record(actor: Recorder, record: OwnRecord, body: Lift, credit: CreditInRequest) -> Record:
    """Let the publication of a record stand still for a time 暂停公示, as for a firm under restructuring."""
    return await credit.lift(record, body, by=actor)


@router.get("/repairs")
async def list_repairs(actor: Decider, query: Annotated[RepairFilter, Query()], work: WorkInRequest) -> Page[Repair]:
    """List the applications for repair that one's department decides, newest first."""
    return await repository.repairs(work, query, repairs_of(actor))


@router.post("/repairs/{repair_id}/questions", responses=problems(NotFound, CreditStateProblem))
async def ask_firm(actor: Decider, repair: DecidersRepair, body: SupplementDraft, repairs: RepairsInRequest) -> Repair:
    """Ask the firm for what is missing 补正通知; the clock stands still."""
    return await repairs.ask(repair, body.text, by=actor)


@router.post("/repairs/{repair_id}/decisions", responses=problems(NotFound, CreditStateProblem))
async def decide_repair(
    actor: Decider, repair: DecidersRepair, body: RepairDecision, repairs: RepairsInRequest
) -> Repair:
    """Grant or refuse a repair 修复决定; a repaired record is called back from everyone who received it."""
    return await repairs.decide(repair, body.reason, granted=body.granted, by=actor)


@router.get("/disputes")
async def list_disputes(actor: Decider, query: Annotated[DisputeFilter, Query()], work: WorkInRequest) -> Page[Dispute]:
    """List the disputes that one's department decides, newest first."""
    return await repository.disputes(work, query, disputes_of(actor))


@router.post("/disputes/{dispute_id}/decisions", responses=problems(NotFound, CreditStateProblem))
async def decide_dispute(
    actor: Decider, dispute: DecidersDispute, body: DisputeDecision, repairs: RepairsInRequest
) -> Dispute:
    """Decide a dispute 异议处理: the record is corrected, or stands."""
    return await repairs.settle(dispute, body.reason, corrected=body.corrected, by=actor)


@router.get("/recalls")
async def list_recalls(actor: Reader, query: Annotated[RecallFilter, Query()], work: WorkInRequest) -> Page[Recall]:
    """List the records that one's department must delete, oldest first."""
    return await repository.recalls(work, query, recalls_of(actor))


@router.post("/recalls/{uscc}/{record_id}/acknowledgements", responses=problems(NotFound, CreditStateProblem))
async def acknowledge_recall(
    actor: Reader, recall: OwnRecall, body: Acknowledgement, credit: CreditInRequest, work: WorkInRequest
) -> Recall:
    """Say that a recalled record was deleted 回执."""
    return Recall.of(await credit.acknowledge(recall, body.note, by=actor), work.clock.now())


@router.post("/firms/{uscc}/ratings", status_code=201, responses=problems(UnknownFirm, NotFound))
async def rate_firm(
    actor: Reader, uscc: Uscc, body: RatingDraft, ratings: RatingsInRequest, once: OnceInRequest
) -> RatingResult:
    """Rate a firm by what is in force today 信用评价; the answer says what each record added or took away."""
    return await once(lambda: ratings.rate(uscc, body.method, by=actor), RatingResult)


@router.get("/firms/{uscc}/ratings/{rating_id}", responses=problems(NotFound))
async def read_rating(_: Reader, uscc: Uscc, rating_id: UUID, ratings: RatingsInRequest) -> RatingResult:
    """Read a rating as it was given."""
    return await ratings.read(uscc, rating_id)


@router.get("/firms/{uscc}/ratings/{rating_id}/reproduction", responses=problems(NotFound))
async def reproduce_rating(_: Reader, uscc: Uscc, rating_id: UUID, ratings: RatingsInRequest) -> Reproduction:
    """Compute a rating again from the facts that were kept with it 复算."""
    return await ratings.reproduce(uscc, rating_id)


@router.get(
    "/status-lists/{number}",
    response_class=Response,
    dependencies=[Depends(anyone)],
    responses=problems(NotFound, SealsMissing) | {200: {"content": {MEDIA: {}}, "description": "The list"}},
)
async def read_report_statuses(number: ListNumber, lists: StatusListsInRequest) -> Response:
    """Read a Token Status List of credit reports 信用报告状态列表: which of them do not hold any more."""
    return Response(await lists.token(number), media_type=MEDIA, headers={"Cache-Control": "public, max-age=60"})
