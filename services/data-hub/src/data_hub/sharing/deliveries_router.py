"""HTTP face of deliveries: batch files, subscriptions to changes, notices. Queries are the data services' own."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.pages import Page, PageQuery
from citykit.problems import BadCursor, NotFound, problems
from citykit.work import WorkInRequest
from data_hub.sharing import errors as no
from data_hub.sharing.access import Applicant, Reader, VisibleGrant
from data_hub.sharing.delivery_access import (
    FileToFetch,
    GrantForFile,
    GrantToSubscribe,
    OwnFile,
    OwnNotice,
    SubscriptionToConfirm,
    SubscriptionToEnd,
    SubscriptionToRead,
    resource_named,
)
from data_hub.sharing.delivery_reading import (
    DeliveriesInRequest,
    changes_document,
    file_document,
    subscription_document,
)
from data_hub.sharing.delivery_schemas import (
    BatchFile,
    ChangedRows,
    ChangesQuery,
    ChangeSubscription,
    ChangeSubscriptionDraft,
    Confirmation,
    FileWish,
    NoticeAcknowledgement,
    RecipientNotice,
    RecipientNoticeFilter,
)
from data_hub.sharing.evidence import Evidence
from data_hub.sharing.files import FilesInRequest
from data_hub.sharing.notice_acts import NoticesInRequest
from data_hub.sharing.on_record import on_record_router
from data_hub.sharing.subscriptions import SubscriptionsInRequest

router = on_record_router(
    prefix="/api/data-hub/v1/sharing",
    tags=["共享交付 Deliveries"],
    named=resource_named,
    actions={
        "ask_for_file": "file.ask", "list_files": "file.list", "read_file": "file.read", "fetch_file": "file.fetch",
        "subscribe": "subscribe", "list_subscriptions": "subscription.list", "read_changes": "changes",
        "confirm_changes": "changes.confirm", "end_subscription": "subscription.end", "list_notices": "notice.list",
        "acknowledge_notice": "notice.acknowledge",
    },
)  # fmt: skip

_ONCE = (KeyUsedOtherwise, StillRunning)
_POLICY = (NotFound, no.NoDepartment, no.NotGranted, no.QuotaUsed, no.NoRows, no.NothingToShare, no.BadRowFilter)


@router.post("/grants/{grant_id}/files", status_code=201, responses=problems(*_POLICY, *_ONCE))
async def ask_for_file(
    actor: Applicant,
    held: GrantForFile,
    body: FileWish,
    files: FilesInRequest,
    once: OnceInRequest,
    work: WorkInRequest,
) -> BatchFile:
    """Ask for a batch file of all rows that the grant lets through; a job makes it 申请批量文件."""

    async def act() -> BatchFile:
        return file_document(await files.ask(held, body.format, by=actor))

    answer = await once(act, BatchFile)
    if once.is_repeated:
        await Evidence(work).repeated(resource=held.resource, grant=held.id, actor=actor, action="file.ask")
    return answer


@router.get("/grants/{grant_id}/files", responses=problems(NotFound, BadCursor))
async def list_files(
    _: Reader, grant: VisibleGrant, query: Annotated[PageQuery, Query()], deliveries: DeliveriesInRequest
) -> Page[BatchFile]:
    """List the batch files under a grant, newest first 批量文件列表."""
    return await deliveries.files(grant, query)


@router.get("/files/{file_id}", responses=problems(NotFound, no.NoDepartment))
async def read_file(_: Applicant, held: OwnFile) -> BatchFile:
    """Read where a batch file of one's department stands 查看批量文件."""
    return file_document(held.row)


@router.get(
    "/files/{file_id}/content",
    response_class=StreamingResponse,
    responses=problems(
        NotFound,
        no.NoDepartment,
        no.NotGranted,
        no.QuotaUsed,
        no.NoRows,
        no.NothingToShare,
        no.BadRowFilter,
        no.FileNotReady,
    )
    | {200: {"content": {"text/csv": {}, "application/x-ndjson": {}}, "description": "The file"}},
)
async def fetch_file(actor: Applicant, held: FileToFetch, files: FilesInRequest, request: Request) -> StreamingResponse:
    """Fetch a batch file, while its grant stands as it stood when the file was made 下载批量文件."""
    content = await files.fetch(held.row, held.grant, by=actor)
    headers = {
        "Content-Length": str(content.size), "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{content.name}"',
    }  # fmt: skip
    pieces = content.pieces(request.app.state.city.open_work)
    return StreamingResponse(pieces, media_type=content.media_type, headers=headers)


@router.post(
    "/grants/{grant_id}/subscriptions",
    status_code=201,
    responses=problems(*_POLICY, no.SubscriptionExists, *_ONCE),
)
async def subscribe(
    actor: Applicant,
    held: GrantToSubscribe,
    body: ChangeSubscriptionDraft,
    acts: SubscriptionsInRequest,
    once: OnceInRequest,
    work: WorkInRequest,
) -> ChangeSubscription:
    """Subscribe to the changes of a resource under a grant; the first rows are those that are there 订阅变更."""

    async def act() -> ChangeSubscription:
        return subscription_document(await acts.subscribe(held, body.name, by=actor))

    answer = await once(act, ChangeSubscription)
    if once.is_repeated:
        await Evidence(work).repeated(resource=held.resource, grant=held.id, actor=actor, action="subscribe")
    return answer


@router.get("/grants/{grant_id}/subscriptions", responses=problems(NotFound, BadCursor))
async def list_subscriptions(
    _: Reader, grant: VisibleGrant, query: Annotated[PageQuery, Query()], deliveries: DeliveriesInRequest
) -> Page[ChangeSubscription]:
    """List the subscriptions under a grant 订阅列表."""
    return await deliveries.subscriptions(grant, query)


@router.get(
    "/subscriptions/{subscription_id}/changes",
    response_model=ChangedRows,
    responses=problems(*_POLICY, no.SubscriptionEnded),
)
async def read_changes(
    actor: Applicant, held: SubscriptionToRead, query: Annotated[ChangesQuery, Query()], acts: SubscriptionsInRequest
) -> Response:
    """Read the rows that came since the last confirmation; unconfirmed ones come again 读取变更."""
    text = changes_document(await acts.read(held.row, held.grant, query.limit, by=actor))
    return Response(text, media_type="application/json")


@router.post(
    "/subscriptions/{subscription_id}/confirmations",
    status_code=201,
    responses=problems(BadCursor, NotFound, no.NoDepartment, no.SubscriptionEnded, no.CursorNotRead),
)
async def confirm_changes(
    actor: Applicant, held: SubscriptionToConfirm, body: Confirmation, acts: SubscriptionsInRequest
) -> ChangeSubscription:
    """Confirm what was read and kept; the next reading begins behind it 确认变更."""
    return subscription_document(await acts.confirm(held.row, held.grant, body.cursor, by=actor))


@router.post(
    "/subscriptions/{subscription_id}/endings",
    status_code=201,
    responses=problems(NotFound, no.NoDepartment, no.SubscriptionEnded),
)
async def end_subscription(
    actor: Applicant, held: SubscriptionToEnd, acts: SubscriptionsInRequest
) -> ChangeSubscription:
    """End a subscription 终止订阅."""
    return subscription_document(await acts.end(held.row, held.grant, by=actor))


@router.get("/notices", responses=problems(BadCursor))
async def list_notices(
    actor: Reader, query: Annotated[RecipientNoticeFilter, Query()], notices: NoticesInRequest
) -> Page[RecipientNotice]:
    """List notices about data that was received: quality, corrections, recalls, changes 通知列表."""
    return await notices.page(query, by=actor)


@router.post(
    "/notices/{notice_id}/acknowledgements",
    status_code=201,
    responses=problems(NotFound, no.NoDepartment, no.AcknowledgedAlready),
)
async def acknowledge_notice(
    actor: Applicant, row: OwnNotice, body: NoticeAcknowledgement, notices: NoticesInRequest
) -> RecipientNotice:
    """Say what one's department did about a notice 确认通知."""
    return await notices.acknowledge(row, body.done, by=actor)
