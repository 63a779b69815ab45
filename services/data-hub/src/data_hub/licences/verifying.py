"""Checks any form of a licence: is it what the seal signed, and what is the licence worth now."""

import asyncio
import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends

from citykit.work import Work, WorkInRequest
from data_hub import keyless
from data_hub.licences import ofd, repository
from data_hub.licences.domain import Identifier, Standing, Status, code_in, standing
from data_hub.licences.forms import CODE_TYPE, MARK, Forms
from data_hub.licences.models import LicenceRow
from data_hub.licences.schemas import Presented, Verification
from data_hub.licences.writing import today_of
from data_hub.seals.binding import Binding, binding_of
from data_hub.seals.errors import SealBroken
from data_hub.seals.service import Seals

SAID: dict[str, tuple[str, str]] = {
    "valid": ("证照真实有效", "Genuine, and in force"),
    "not-yet-valid": ("证照真实，尚未生效", "Genuine, not yet in force"),
    "expired": ("证照真实，已过有效期", "Genuine, past its term"),
    "suspended": ("证照真实，现已暂停", "Genuine, suspended at present"),
    "revoked": ("证照真实，现已注销", "Genuine, revoked"),
    "superseded": ("证照真实，已换发新版本", "Genuine, replaced by a newer version"),
    "stale": ("二维码已过时，请持证人重新出示", "The code is too old: ask the holder to show a new one"),
    "tampered": ("签名不成立，内容被改动或系伪造", "The signature does not hold: changed or forged"),
    "foreign": ("不是本市的电子印章", "Not a seal of this city"),
    "unknown": ("没有此证照", "There is no such licence"),
    "unreadable": ("不是可核验的证照形式", "Not a form of a licence that can be checked"),
}
_BROKEN = {
    "not-a-pdf": "unreadable", "not-an-ofd": "unreadable", "not-an-sd-jwt": "unreadable", "not-a-jws": "unreadable",
    "foreign-seal": "foreign", "unsigned": "tampered", "changed": "tampered",
}  # fmt: skip
_KEPT = frozenset(
    {"iss", "iat", "exp", "vct", "status", "cnf", "identifier", "type_code", "type_name", "issuing_country"}
)
_ALWAYS = frozenset({"identifier", "type_code", "vct", "status", "iat"})


def weight_of(presented: Presented) -> int:
    """What a check weighs of the allowance of whoever asks without a key: a document costs a process much."""
    return 1 if presented.document is None else keyless.WHOLE_FILE


@dataclass(frozen=True)
class Read:
    """What a genuine form says: which licence, which fields, whose it is or not, its end (Unix time) and its stamp."""

    identifier: str
    shown: dict[str, Any] = field(default_factory=dict)
    names_holder: bool = True
    until: float | None = None
    stamped_at: datetime | None = None
    binding: Binding | None = None


class Verifications:
    """Checks forms of licences within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._seals = Seals(work.settings)
        self._forms = Forms(self._seals, work.settings.public_url)

    async def check(self, presented: Presented) -> Verification:
        """What a form is worth now: there is always a verdict, unless the hub has no seal at all (SealsMissing)."""
        form = "none"
        try:
            form, read = await self._read(presented)
        except _Unfit as unfit:
            return self._answer(_BROKEN.get(unfit.code, "tampered"), unfit.form)
        row = await repository.by_identifier(self.work, read.identifier) if Identifier.parse(read.identifier) else None
        if row is None:
            return self._answer("unknown", form, identifier=read.identifier)
        names = await repository.type_names(self.work, [row.type_code])
        return self._answer(
            self._worth(row, read), form, identifier=row.identifier, type_name=names[row.type_code],
            holder=row.holder_shown if read.names_holder else None, valid_from=row.valid_from, valid_to=row.valid_to,
            status_at=row.status_at, shown=read.shown, stamped_at=read.stamped_at, holder_binding=read.binding,
        )  # fmt: skip

    def _worth(self, row: LicenceRow, read: Read) -> str:
        stands = standing(Status(row.status), row.valid_from, row.valid_to, today_of(self.work))
        if stands is Standing.valid and read.until is not None and self.work.clock.now().timestamp() >= read.until:
            return "stale"
        return stands.value

    def _answer(self, verdict: str, form: str, **more: Any) -> Verification:
        zh, en = SAID[verdict]
        return Verification(
            verdict=verdict, form=form, said_zh=zh, said_en=en, checked_at=self.work.clock.now(), **more
        )

    async def _read(self, presented: Presented) -> tuple[str, Read]:
        if presented.document is not None:
            data = _decoded(presented.document)
            if data.startswith(b"PK"):
                return "ofd", await asyncio.to_thread(_tried, "ofd", self._of_ofd, data)
            form = "pdf" if b"%PDF" in data[:1024] else "none"
            return form, await asyncio.to_thread(_tried, form, self._of_pdf, data)
        text = "".join((presented.text or "").split())
        if (code := code_in(text)) is not None:
            return "qr", _tried("qr", self._of_code, code)
        if "~" not in text or "#" in text:
            raise _Unfit("none", "not-a-jws")
        return "sd-jwt-vc", await asyncio.to_thread(_tried, "sd-jwt-vc", self._of_credential, (text, presented))

    def _of_pdf(self, data: bytes) -> Read:
        document = self._seals.check_pdf(data)
        if document.keywords != MARK:
            raise SealBroken("not-a-pdf")
        return Read(document.subject, stamped_at=document.stamped_at)

    def _of_ofd(self, data: bytes) -> Read:
        return Read(ofd.checked(data, lambda token: self._seals.check_jws(token, typ=ofd.TYPE)))

    def _of_credential(self, given: tuple[str, Presented]) -> Read:
        text, asked = given
        claims = self._seals.check_sd_jwt_vc(text)
        if not claims.keys() >= _ALWAYS or claims["vct"] != self._forms.vct(str(claims["type_code"])):
            raise SealBroken("not-an-sd-jwt")
        shown = {name: value for name, value in claims.items() if name not in _KEPT}
        bound = binding_of(text, claims, nonce=asked.nonce, audience=asked.audience)
        return Read(str(claims["identifier"]), shown, names_holder="holder_name" in shown, binding=bound)

    def _of_code(self, text: str) -> Read:
        said = self._seals.check_jws(text, typ=CODE_TYPE)
        until = said.get("exp")
        return Read(str(said.get("id")), until=until if isinstance(until, int) else None)


class _Unfit(Exception):
    def __init__(self, form: str, code: str) -> None:
        super().__init__(code)
        self.form, self.code = form, code


def _tried(form: str, read: Any, given: Any) -> Read:
    try:
        found: Read = read(given)
    except SealBroken as broken:
        raise _Unfit(form, broken.code) from broken
    return found


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as reason:
        raise _Unfit("none", "not-a-pdf") from reason


async def verifications(work: WorkInRequest) -> Verifications:
    """The checks, for a handler."""
    return Verifications(work)


VerificationsInRequest = Annotated[Verifications, Depends(verifications)]
