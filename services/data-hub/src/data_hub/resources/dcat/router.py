"""The catalogue for harvesters, in the three forms that they read."""

import hashlib
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from citykit.access import anyone
from citykit.problems import TooManyRequests, problems
from citykit.wire import Query as Parameters
from data_hub import keyless
from data_hub.heads import PublicRouter
from data_hub.resources.dcat.catalogue import catalogue
from data_hub.resources.dcat.forms import MEDIA, Form, kept
from data_hub.resources.outlets import Addresses
from data_hub.resources.reading import Reading, ReadingInRequest
from data_hub.resources.schemas import ResourceCode

USUAL, MOST = 200, 500


class PartQuery(Parameters):
    """Which part of the catalogue: at most `limit` resources in the order of their codes, after one of them."""

    after: ResourceCode | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = USUAL


router = PublicRouter(prefix="/api/data-hub/v1", tags=["catalogue"], dependencies=[Depends(anyone)])
_TOLD: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {} for media in MEDIA.values()}},
    304: {"description": "Nothing changed since"},
}
_CONTENT = _TOLD | problems(TooManyRequests)


@router.get("/catalogue.{form}", response_class=Response, responses=_CONTENT)
async def read_catalogue(
    request: Request, form: Form, query: Annotated[PartQuery, Query()], reading: ReadingInRequest
) -> Response:
    """Read the opened resources as DCAT-AP 3 开放数据目录: JSON-LD, Turtle or RDF/XML, part by part (Hydra)."""
    state = await reading.public_state()
    tag = hashlib.sha256(f"{state} {form} {query.after} {query.limit}".encode()).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
    if f'"{tag}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = await kept(tag, form, lambda: _document(request, reading, form, query))
    return Response(body, media_type=MEDIA[form], headers=headers)


async def _document(request: Request, reading: Reading, form: Form, query: PartQuery) -> dict[str, Any]:
    keyless.count(request, keyless.WHOLE_FILE)  # it is made anew: what is kept or known costs nobody anything
    part = await reading.public_part(query.after, query.limit)
    return catalogue(part, form, query.after, query.limit, Addresses.of(reading.work.settings.public_url))
