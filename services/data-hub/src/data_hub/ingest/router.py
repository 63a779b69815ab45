"""HTTP face of batches: open, send parts, complete, look."""

import base64
import binascii
from typing import Annotated

from fastapi import Header, Path, Query, Request

from citykit.idempotency import OnceInRequest
from citykit.pages import Page
from citykit.problems import problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.datasets.errors import NoDataset
from data_hub.ingest import repository
from data_hub.ingest.access import Code, Gatherer, Loader, LockedBatch, SeenBatch
from data_hub.ingest.domain import MOST_PARTS
from data_hub.ingest.errors import (
    BadDeclaration,
    BatchDiffers,
    BatchStateProblem,
    NoSuchBatch,
    NotTheSource,
    PartProblem,
)
from data_hub.ingest.schemas import Batch, BatchBrief, BatchDraft, BatchFilter, FileQuery, Part, Parts
from data_hub.ingest.service import IngestInRequest
from data_hub.resources.errors import NoResource, WithdrawnResource

router = CityRouter(prefix="/api/data-hub/v1/ingest", tags=["ingest"])
BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"format": "binary"}}}}}
Digest = Annotated[
    str, Header(description="RFC 9530: sha-256=:base64:", pattern=r"^sha-256=:[A-Za-z0-9+/]{43}=:$", max_length=60)
]
OPENING = (NoResource, WithdrawnResource, NoDataset, NotTheSource, BatchDiffers, BadDeclaration)


@router.post("/{resource}/batches", status_code=201, responses=problems(*OPENING))
async def open_batch(
    resource: Code, actor: Loader, body: BatchDraft, ingest: IngestInRequest, once: OnceInRequest
) -> BatchBrief:
    """Open a batch 建立批次. The id may be the sender's own: the same id is the same batch, whatever was sent twice."""

    async def act() -> BatchBrief:
        return BatchBrief.of(await ingest.open(resource, body, by=actor))

    return await once(act, BatchBrief)


@router.get("/{resource}/batches")
async def list_batches(
    resource: Code, actor: Gatherer, query: Annotated[BatchFilter, Query()], work: WorkInRequest
) -> Page[BatchBrief]:
    """List the batches that one's department brought of a resource, newest first."""
    return await repository.batches(work, resource, actor.department, query)


@router.get("/{resource}/batches/{batch}", responses=problems(NoSuchBatch))
async def read_batch(batch: SeenBatch, work: WorkInRequest) -> Batch:
    """Read a batch 批次进度: its stage and counts while it is worked on, its file, how each rule fared."""
    return await repository.whole(work, batch)


@router.get("/{resource}/batches/{batch}/parts", responses=problems(NoSuchBatch))
async def list_parts(batch: SeenBatch, work: WorkInRequest) -> Parts:
    """List the parts that are here 已收分片: who was cut off goes on with the missing ones."""
    return await repository.parts(work, batch.id)


@router.put(
    "/{resource}/batches/{batch}/parts/{number}",
    responses=problems(NoSuchBatch, BatchStateProblem, PartProblem), openapi_extra=BODY,
)  # fmt: skip
async def put_part(
    actor: Loader, batch: LockedBatch, number: Annotated[int, Path(ge=1, le=MOST_PARTS)], content_digest: Digest,
    request: Request, ingest: IngestInRequest,
) -> Part:  # fmt: skip
    """Send a part of the file, numbered from 1, with its SHA-256; the same part again changes nothing."""
    try:
        sha256 = base64.b64decode(content_digest[9:-1], validate=True).hex()
    except binascii.Error as error:
        raise PartProblem from error
    return await ingest.take(batch, number, await request.body(), sha256)


@router.post("/{resource}/batches/{batch}/completion", status_code=202, responses=problems(NoSuchBatch, PartProblem))
async def complete_batch(actor: Loader, batch: LockedBatch, ingest: IngestInRequest) -> BatchBrief:
    """Say that all parts are here 提交入库; the batch is checked and loaded by a job."""
    return BatchBrief.of(await ingest.complete(batch, by=actor))


@router.post("/{resource}/files", status_code=202, responses=problems(*OPENING, PartProblem), openapi_extra=BODY)
async def upload_file(
    resource: Code, actor: Loader, query: Annotated[FileQuery, Query()], request: Request, ingest: IngestInRequest
) -> BatchBrief:
    """Send a small batch in one request 一次上传. The same id with the same file changes nothing."""
    return BatchBrief.of(await ingest.upload(resource, query.draft(), await request.body(), by=actor))
