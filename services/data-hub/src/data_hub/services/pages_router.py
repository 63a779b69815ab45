"""The page of a data service for people: what it holds and how to ask it. Chinese first, English second."""

from functools import cache
from pathlib import Path as File
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from citykit.access import anyone
from citykit.work import WorkInRequest
from data_hub.services import documents
from data_hub.services.access import resource_named
from data_hub.services.service import RowsInRequest
from data_hub.services.views import AskerInRequest
from data_hub.sharing.service import OnRecord, on_record

router = APIRouter(
    prefix="/api/data-hub/services",
    dependencies=[Depends(anyone)],
    include_in_schema=False,
    redirect_slashes=False,
    route_class=on_record(OnRecord, resource_named, {"show_service": "describe"}),
)
_HERE = File(__file__).parent
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
Code = Annotated[str, Path(pattern=r"^[1-3][0-9]{5,10}-[0-9]{6}$")]


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@router.get("/-/service.css")
async def show_style() -> FileResponse:
    """The page's style sheet."""
    file = _HERE / "static" / "service.css"
    return FileResponse(file, media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@router.get("/{code}")
async def show_service(code: Code, asker: AskerInRequest, rows: RowsInRequest, work: WorkInRequest) -> HTMLResponse:
    """The page of a service, as the caller sees it."""
    service = await rows.describe(code, asker)
    base = work.settings.public_url.rstrip("/")
    text = (
        _environment()
        .get_template("service.html")
        .render(service=service, grammar=documents.grammar(), kinds=documents.KINDS, base=base)
    )
    return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})
