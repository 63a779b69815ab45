"""Checking a licence for people: a form, and the verdict of the same check that programs ask for.

The form changes nothing and knows nobody: it reads no cookie and no token, so that a page of another site that sends it
gains nothing; it only spends the allowance of its visitor's address.
"""

import base64
from pathlib import Path as File

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import FileResponse, HTMLResponse

from citykit.access import anyone
from data_hub import keyless
from data_hub.heads import PublicRouter
from data_hub.licences import repository
from data_hub.licences.forms import VERIFICATION_PATH
from data_hub.licences.portal import views
from data_hub.licences.schemas import LONGEST_TEXT, MOST_DOCUMENT, Presented
from data_hub.licences.verifying import VerificationsInRequest, weight_of

MOST_BYTES = MOST_DOCUMENT + 1_000_000  # of a whole form: one document or one text, and what parts them
# The one script stands in the page and is named by its hash: 'self' would let in whatever an app of the city publishes.
_POLICY = (
    f"default-src 'none'; script-src '{views.script_hash()}'; style-src 'self'; img-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "Content-Language": "zh", "Cache-Control": "no-store",
}  # fmt: skip

router = PublicRouter(
    prefix=VERIFICATION_PATH, tags=["licences"], dependencies=[Depends(anyone)], include_in_schema=False
)


@router.get("")
async def show_form() -> HTMLResponse:
    """The page to check a licence with 证照核验."""
    return HTMLResponse(views.form(), headers=_HEADERS)


@router.get("/-/verification.css")
async def show_style() -> FileResponse:
    """The style sheet of the pages."""
    file = File(__file__).parent / "static" / "verification.css"
    return FileResponse(file, media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@router.post("")
async def show_verdict(request: Request, verifications: VerificationsInRequest) -> HTMLResponse:
    """What a form of a licence is worth now, in words; the same check as `POST …/licences/verifications`."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MOST_BYTES:
        return _again(413, views.TOO_LARGE)
    async with request.form(max_files=1, max_fields=2) as form:
        text, document = await _given(form)
    if bool(text) == bool(document):
        return _again(422, views.ONE_OF_BOTH)
    if len(text) > LONGEST_TEXT or len(document) > MOST_DOCUMENT:
        return _again(413, views.TOO_LARGE)
    presented = Presented(text=text or None, document=base64.b64encode(document).decode() or None)
    keyless.count(request, weight_of(presented))
    told = await verifications.check(presented)
    titles = await repository.field_titles(verifications.work, told.identifier) if told.shown else {}
    return HTMLResponse(views.verdict(told, titles), headers=_HEADERS)


def _again(status: int, wrong: tuple[str, str]) -> HTMLResponse:
    return HTMLResponse(views.form(wrong), status_code=status, headers=_HEADERS)


async def _given(form: FormData) -> tuple[str, bytes]:
    """The text and the document of a form; a field that was left empty gives neither."""
    text, document = form.get("text"), form.get("document")
    data = await document.read(MOST_DOCUMENT + 1) if isinstance(document, UploadFile) else b""
    return text.strip() if isinstance(text, str) else "", data
