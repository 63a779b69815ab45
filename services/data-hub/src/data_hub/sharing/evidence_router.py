"""HTTP face of evidence: streams, records, stamps, verdicts, exports; the keys and the scripts are for everybody."""

import asyncio
from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.responses import PlainTextResponse, Response

from citykit.access import anyone
from citykit.pages import Page, PageQuery
from citykit.problems import BadCursor, NotFound, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.sharing import errors as no
from data_hub.sharing.access import Auditor, Reader, VisibleGrant
from data_hub.sharing.evidence_reading import EvidenceInRequest
from data_hub.sharing.evidence_schemas import (
    EvidenceFilter,
    EvidenceKeys,
    EvidenceRecord,
    EvidenceVerdict,
    ExportQuery,
    Stamp,
    StampFilter,
    Stream,
    VerdictQuery,
)
from data_hub.sharing.exports import Exports, script

router = CityRouter(prefix="/api/data-hub/v1/sharing", tags=["共享存证 Evidence"])
_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}, "description": "The export"}}


@router.get("/evidence/streams", responses=problems(BadCursor))
async def list_streams(_: Auditor, query: Annotated[PageQuery, Query()], evidence: EvidenceInRequest) -> Page[Stream]:
    """List the streams of records, one a grant, and how much of each is sealed 存证流列表."""
    return await evidence.streams(query)


@router.get("/evidence/records", responses=problems(BadCursor))
async def list_records(
    _: Auditor, query: Annotated[EvidenceFilter, Query()], evidence: EvidenceInRequest
) -> Page[EvidenceRecord]:
    """List the records of a stream, oldest first 存证记录."""
    return await evidence.records(query.stream, query)


@router.get("/grants/{grant_id}/records", responses=problems(NotFound, BadCursor))
async def list_records_of_grant(
    _: Reader, grant: VisibleGrant, query: Annotated[PageQuery, Query()], evidence: EvidenceInRequest
) -> Page[EvidenceRecord]:
    """List what was asked under a grant, for its two departments, the bureau and auditors 授权的调用存证."""
    return await evidence.records(f"grant/{grant.id}", query)


@router.get("/evidence/stamps", responses=problems(BadCursor))
async def list_stamps(_: Auditor, query: Annotated[StampFilter, Query()], evidence: EvidenceInRequest) -> Page[Stamp]:
    """List time stamps, newest first, and those that wait for the authority 时间戳列表."""
    return await evidence.stamps(query)


@router.get("/evidence/verdicts", responses=problems(no.NoStream))
async def read_verdict(
    _: Auditor, query: Annotated[VerdictQuery, Query()], evidence: EvidenceInRequest
) -> EvidenceVerdict:
    """Recompute a stream from its first record to its head, and its seals 复核存证流."""
    return await evidence.verdict(query.stream)


@router.get("/evidence/exports", response_class=Response, responses=problems(no.NoStream, no.ExportTooLong) | _ZIP)
async def export_evidence(_: Auditor, query: Annotated[ExportQuery, Query()], work: WorkInRequest) -> Response:
    """Export records, seals, stamps, keys and the scripts that verify them offline, as a ZIP 导出存证."""
    stretch = await Exports(work).stretch(query)
    packed = await asyncio.to_thread(stretch.packed)
    name = query.stream.replace("/", "-")
    headers = {"Content-Disposition": f'attachment; filename="evidence-{name}.zip"', "Cache-Control": "no-store"}
    return Response(packed, media_type="application/zip", headers=headers)


@router.get("/evidence/keys", dependencies=[Depends(anyone)])
async def read_keys(evidence: EvidenceInRequest) -> EvidenceKeys:
    """Read the public keys that evidence was ever signed with, as a JWKS 存证公钥."""
    return await evidence.keys()


@router.get("/evidence/verify.sh", dependencies=[Depends(anyone)], response_class=PlainTextResponse)
async def read_verify_sh() -> PlainTextResponse:
    """Read the script that verifies an export offline, with OpenSSL 离线验证脚本."""
    return PlainTextResponse(script("verify.sh"))


@router.get("/evidence/verify.py", dependencies=[Depends(anyone)], response_class=PlainTextResponse)
async def read_verify_py() -> PlainTextResponse:
    """Read its other half, in plain Python 离线验证程序."""
    return PlainTextResponse(script("verify.py"))
