"""The store page, the apps' own files, and the frame for apps that act for people.

A page of an app runs in a sandbox without an origin: it reads what is public through the gateway and reaches neither
the cookies nor the storage of the city's own pages, nor those of another app. So it can keep no PKCE verifier while
somebody signs in: the frame, a page of the city's own, signs her in for the app and hands it an access token.
"""

from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from citykit.access import anyone
from citykit.problems import NotFound
from citykit.work import WorkInRequest
from data_hub.micro_apps import repository
from data_hub.micro_apps.domain import ENTRY, GRANTABLE, AppState, address_of, client_id_of, media_type_of, path_fault
from data_hub.micro_apps.domain import SITES as BASE
from data_hub.micro_apps.errors import AppClosed
from data_hub.micro_apps.schemas import AppId, StoreFilter
from data_hub.resources.service import Resources

_HERE = Path(__file__).parent
STORE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
APP_POLICY = (
    "sandbox allow-scripts allow-popups allow-downloads; default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)
# Beside its own files the frame shows the pages of its app and no other: another app would be handed the token too.
FRAME_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'; frame-src {page}"
)

router = APIRouter(prefix=BASE, dependencies=[Depends(anyone)], include_in_schema=False, redirect_slashes=False)


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@router.get("")
async def to_store() -> RedirectResponse:
    """The store lies one slash further, so that its links are short."""
    return RedirectResponse(f"{BASE}/", status_code=308)


@router.get("/")
async def show_store(query: Annotated[StoreFilter, Query()], work: WorkInRequest) -> HTMLResponse:
    """The store 应用商店: what runs on the city, in Chinese first."""
    page = await repository.store(work, query)
    names = await Resources(work).named_in_public(code for app in page.items for code in app.resources)
    text = (
        _environment()
        .get_template("store.html")
        .render(apps=page.items, next=page.next, base=BASE, names=names, words=GRANTABLE)
    )
    return HTMLResponse(text, headers={"Content-Security-Policy": STORE_POLICY, "Cache-Control": "no-cache"})


@router.get("/-/store.css")
async def show_style() -> FileResponse:
    """The store's style sheet."""
    return FileResponse(
        _HERE / "static" / "store.css", media_type="text/css", headers={"Cache-Control": "max-age=3600"}
    )


@router.get("/-/frame.js")
async def show_frame_script() -> FileResponse:
    """The script of the frame."""
    return FileResponse(
        _HERE / "static" / "frame.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"}
    )


@router.get("/-/run/{app_id}")
async def show_frame(app_id: AppId, work: WorkInRequest) -> HTMLResponse:
    """The frame that an app with scopes runs in; 410 `app-closed` where the app is suspended or retired."""
    app = await repository.opened(work, app_id)
    if app is None:
        raise NotFound
    if app.state != AppState.published:
        raise AppClosed
    public = work.settings.public_url.rstrip("/")
    page = f"{public}{BASE}/{app_id}/"
    told = {
        "client": client_id_of(app_id), "scopes": " ".join(("openid", *app.scopes)), "page": page,
        "back": public + address_of(app_id, app.scopes), "issuer": work.settings.token_issuer,
    }  # fmt: skip
    text = _environment().get_template("frame.html").render(app=app, told=told, base=BASE)
    return HTMLResponse(
        text, headers={"Content-Security-Policy": FRAME_POLICY.format(page=page), "Cache-Control": "no-cache"}
    )


@router.get("/{app_id}")
async def to_app(app_id: AppId) -> RedirectResponse:
    """An app lies one slash further, so that its own links are relative."""
    return RedirectResponse(f"{BASE}/{app_id}/", status_code=308)


@router.get("/{app_id}/{path:path}")
async def show_file(app_id: AppId, path: str, request: Request, work: WorkInRequest) -> Response:
    """A file of the version that is live; 410 `app-closed` where the app is suspended or retired."""
    wanted = path or ENTRY
    file = await repository.served(work, app_id, wanted) if path_fault(wanted) is None else None
    if file is not None and file.state in {AppState.suspended, AppState.retired}:
        raise AppClosed
    if file is None or file.content is None:
        raise NotFound
    # Asked for again each time, so that a suspension acts at once; an unchanged file costs no second transfer.
    headers = {
        "Content-Security-Policy": APP_POLICY, "Cache-Control": "no-cache", "ETag": f'"{file.sha256}"',
        "X-Content-Type-Options": "nosniff",
    }  # fmt: skip
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=media_type_of(wanted), headers=headers)
