"""HTTP face of data services for departments and partners: keys, what was used, files of rows."""

from datetime import timedelta
from typing import Annotated

from fastapi import Path, Query, Request
from fastapi.responses import StreamingResponse

from citykit.idempotency import OnceInRequest
from citykit.pages import Page, PageQuery
from citykit.problems import BadCursor, NotFound, problems
from citykit.work import WorkInRequest
from data_hub.services import errors as no
from data_hub.services import metering, repository
from data_hub.services.access import (
    ExportToFetch,
    KeyReader,
    KeyToRevoke,
    KeyToRotate,
    Maintainer,
    MeterReader,
    Official,
    OwnExport,
    Querier,
    keys_of,
    resource_named,
)
from data_hub.services.exports import ExportsInRequest
from data_hub.services.files import MEDIA_TYPES
from data_hub.services.keys import KeysInRequest
from data_hub.services.schemas import (
    Export,
    ExportDraft,
    Key,
    KeyDraft,
    KeyMade,
    Meter,
    MeterFilter,
    Reason,
    RotationDraft,
)
from data_hub.sharing.errors import NotGranted, QuotaUsed
from data_hub.sharing.service import on_record_router

router = on_record_router(
    prefix="/api/data-hub/v1/services",
    tags=["services"],
    named=resource_named,
    actions={
        "make_key": "key.make", "list_keys": "key.list", "rotate_key": "key.rotate", "revoke_key": "key.revoke",
        "list_meters": "meter.list", "ask_for_export": "export.ask", "list_exports": "export.list",
        "read_export": "export.read", "fetch_export": "export.fetch",
    },
)  # fmt: skip

Code = Annotated[str, Path(pattern=r"^[1-3][0-9]{5,10}-[0-9]{6}$", examples=["203001-000001"])]
SEEN = (no.NoService, no.KeyRefused, no.KeyWanted, NotGranted, QuotaUsed)


@router.post("/keys", status_code=201, responses=problems(no.NoKeyWithoutGrant, no.BadDates))
async def make_key(actor: Maintainer, body: KeyDraft, keys: KeysInRequest, once: OnceInRequest) -> KeyMade:
    """Make a key for a partner's program, under a grant of one's department; shown this once 发放密钥."""
    made = await once(lambda: keys.make(body, by=actor), Key)
    if once.is_repeated:
        await keys.repeated(made, by=actor)
    return keys.shown(made)


@router.get("/keys", responses=problems(BadCursor))
async def list_keys(actor: KeyReader, query: Annotated[PageQuery, Query()], work: WorkInRequest) -> Page[Key]:
    """List the keys of one's department, and those under grants of its own data, newest first 密钥列表."""
    return await repository.keys(work, query, keys_of(actor))


@router.post("/keys/{key_id}/rotations", responses=problems(NotFound, no.KeyState))
async def rotate_key(actor: Maintainer, key: KeyToRotate, body: RotationDraft, keys: KeysInRequest) -> KeyMade:
    """Give a key a new secret; the old one is good a while longer 轮换密钥."""
    return await keys.rotate(key, timedelta(hours=body.overlap_hours), by=actor)


@router.post("/keys/{key_id}/revocations", responses=problems(NotFound, no.KeyState))
async def revoke_key(actor: KeyReader, key: KeyToRevoke, body: Reason, keys: KeysInRequest) -> Key:
    """Revoke a key of one's department, or one under a grant of its own data; the next call is refused 吊销密钥."""
    return await keys.revoke(key, body.reason, by=actor)


@router.get("/meters", responses=problems(BadCursor))
async def list_meters(actor: MeterReader, query: Annotated[MeterFilter, Query()], work: WorkInRequest) -> Page[Meter]:
    """List what one's department used, and what others used of its own; with a key, what it used 用量统计.

    Newest day first.
    """
    return await metering.meters(work, query, by=actor)


@router.post("/{code}/exports", status_code=202, responses=problems(*SEEN, no.QuestionRefused))
async def ask_for_export(
    actor: Official, code: Code, body: ExportDraft, exports: ExportsInRequest, once: OnceInRequest
) -> Export:
    """Ask for a file of rows, with a token or a partner's key in `X-Api-Key`; a job makes it 申请导出."""
    answer = await once(lambda: exports.ask(code, body, by=actor), Export)
    if once.is_repeated:
        await exports.repeated(answer, by=actor)
    return answer


@router.get("/exports", responses=problems(BadCursor))
async def list_exports(actor: Querier, query: Annotated[PageQuery, Query()], work: WorkInRequest) -> Page[Export]:
    """List the files of one's department, or those of one's key, newest first 导出列表."""
    return await repository.exports(work, query, by=actor)


@router.get("/exports/{export_id}", responses=problems(NotFound))
async def read_export(_: Querier, export: OwnExport) -> Export:
    """Read where a file stands 查看导出."""
    return Export.of(export)


@router.get(
    "/exports/{export_id}/content",
    response_class=StreamingResponse,
    responses=problems(NotFound, *SEEN, no.ExportNotReady)
    | {200: {"content": {kind.partition(";")[0]: {} for kind in MEDIA_TYPES.values()}, "description": "The file"}},
)
async def fetch_export(
    actor: Querier, export: ExportToFetch, exports: ExportsInRequest, request: Request
) -> StreamingResponse:
    """Fetch a file, while the grant stands as it stood when the file was made 下载导出."""
    content = await exports.fetch(export, by=actor)
    headers = {
        "Content-Length": str(content.size), "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{content.name}"',
    }  # fmt: skip
    pieces = content.pieces(request.app.state.city.open_work)
    return StreamingResponse(pieces, media_type=content.media_type, headers=headers)
