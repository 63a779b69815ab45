"""The opened directory for people: a search page and a page for each resource, without a script, Chinese first."""

import hashlib
from pathlib import Path as File
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from pydantic import model_validator
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from citykit.access import anyone
from citykit.pages import Page
from citykit.runtime import ReaderInRequest
from data_hub.heads import PublicRouter
from data_hub.resources.errors import NoResource
from data_hub.resources.history import history
from data_hub.resources.portal import views
from data_hub.resources.reading import ReadingInRequest
from data_hub.resources.repository import opened_page
from data_hub.resources.schemas import PublicFacets, PublicFilter, ResourceBrief

# A search is a form that asks this page again: to nowhere else may it lead.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "Content-Language": "zh", "Cache-Control": "no-cache",
}  # fmt: skip
Code = Annotated[str, Path(max_length=40)]


class Asked(PublicFilter):
    """What a form asks: a field that was left empty asks nothing."""

    @model_validator(mode="before")
    @classmethod
    def _without_empty_fields(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if not isinstance(value, str) or value.strip()}


router = PublicRouter(prefix=views.BASE, tags=["catalogue"], dependencies=[Depends(anyone)], include_in_schema=False)


def _page(request: Request, text: str) -> Response:
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {**_HEADERS, "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(text, headers=headers)


@router.get("")
async def to_search() -> RedirectResponse:
    """The search lies one slash further, so that its links are short."""
    return RedirectResponse(f"{views.BASE}/", status_code=308)


@router.get("/")
async def show_search(
    request: Request, query: Annotated[Asked, Query()], reading: ReadingInRequest, reads: ReaderInRequest
) -> Response:
    """Search the opened resources 开放数据检索: results by rank, facets with counts."""
    page = Page[ResourceBrief].model_validate_json(await opened_page(reads, query))
    facets = await reading.public_facets(PublicFacets(**query.model_dump(exclude={"limit", "after"})))
    return _page(request, views.results(query, page, facets, await reading.public_providers()))


@router.get("/-/catalogue.css")
async def show_style() -> FileResponse:
    """The style sheet of the pages."""
    file = File(__file__).parent / "static" / "catalogue.css"
    return FileResponse(file, media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@router.get("/{code}")
async def show_resource(request: Request, code: Code, reading: ReadingInRequest) -> Response:
    """The page of an opened resource; 404 as a page in words where there is none."""
    try:
        found = await reading.public(code)
    except NoResource:
        return HTMLResponse(views.nothing(code), status_code=404, headers=_HEADERS)
    past = await history(reading.work, found.code)
    return _page(request, views.resource(found, past, reading.work.settings.public_url))
