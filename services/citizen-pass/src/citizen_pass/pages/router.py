"""The style sheet, the icon and the one script of the pages, from our own files."""

from pathlib import Path

from fastapi import APIRouter, Depends
from starlette.responses import FileResponse

from citizen_pass.pages.rendering import BASE
from citykit.access import anyone
from citykit.problems import NotFound

_STATIC = Path(__file__).parent / "static"
_TYPES = {"style.css": "text/css", "passkey.js": "text/javascript", "icon.svg": "image/svg+xml"}

router = APIRouter(prefix=BASE, dependencies=[Depends(anyone)], include_in_schema=False, redirect_slashes=False)


@router.get("/static/{name}")
async def static(name: str) -> FileResponse:
    """One of the files that the pages load."""
    if name not in _TYPES:
        raise NotFound()
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return FileResponse(_STATIC / name, media_type=_TYPES[name], headers=headers)
