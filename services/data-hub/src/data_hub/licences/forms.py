"""The forms of a licence: signed PDF, OFD page, SD-JWT VC, and a QR code that verifies offline. All of one content."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from citykit.work import Work
from data_hub.licences import ofd, repository
from data_hub.licences.domain import Standing, end_of, filled
from data_hub.licences.errors import HolderKey, NotInForce
from data_hub.licences.models import LicenceRow, TypeRow
from data_hub.licences.schemas import FieldDraft, Template, TypeMetadata
from data_hub.licences.service import stands
from data_hub.licences.writing import opened, today_of
from data_hub.seals.service import Seals, gap, heading, paragraph, picture, table
from data_hub.seals.status_lists import entry

CODE_TYPE = "licence-qr+jwt"
MARK = "cn.hengshui.licence.v1"  # the keywords of a PDF that is a licence, and nothing else that the seal signs
TYPES_PATH = "/api/data-hub/v1/licences/types"
LISTS_PATH = "/api/data-hub/v1/licences/status-lists"
VERIFICATION_PATH = "/api/data-hub/verification"  # where people check a form without an account
SHOWN_FOR = timedelta(hours=24)
_FOOT = "扫描二维码即可核验；签名也可离线核验。核验本文件请提交到："


@dataclass(frozen=True)
class Content:
    """A licence as its forms show it. `standing_at` is the moment whose status is certified.

    `paper_number` is the number on the paper that it was entered from.
    """

    identifier: str
    type_code: str
    type_name: str
    type_name_en: str
    issuer: str
    fields: list[FieldDraft]
    template: Template
    holder_name: str
    holder_number: str
    holder_shown: str
    claims: Mapping[str, str | int]
    valid_from: date
    valid_to: date | None
    status_list: int
    status_place: int
    standing_at: datetime
    paper_number: str | None = None

    @property
    def term(self) -> str:
        """The days of validity in words."""
        return f"{self.valid_from:%Y年%m月%d日}至" + (f"{self.valid_to:%Y年%m月%d日}" if self.valid_to else "长期")

    def values(self) -> dict[str, str]:
        """What the names in a template stand for."""
        return {name: str(value) for name, value in self.claims.items()} | {
            "holder_name": self.holder_name, "holder_number": self.holder_number, "identifier": self.identifier,
            "issuer": self.issuer, "type_name": self.type_name, "valid_from": f"{self.valid_from:%Y年%m月%d日}",
            "valid_to": f"{self.valid_to:%Y年%m月%d日}" if self.valid_to else "长期",
            "paper_number": self.paper_number or "",
        }  # fmt: skip

    def lines(self) -> list[str]:
        """The template's lines, filled in."""
        return [filled(line, self.values()) for line in self.template.lines]

    def rows(self) -> list[list[str]]:
        """The table of a licence: who, what, until when, by whom."""
        said = [[f.title, str(self.claims[f.name])] for f in self.fields if self.claims.get(f.name) not in {None, ""}]
        said += [["纸质证照编号", self.paper_number]] if self.paper_number else []
        return [
            ["持证主体", self.holder_name], ["证件号码", self.holder_number], *said, ["有效期", self.term],
            ["发证机关", self.issuer], ["证照标识", self.identifier],
        ]  # fmt: skip


class Forms:
    """Makes the forms of licences. PDF and OFD take 50–200 ms of processor: call them in a thread."""

    def __init__(self, seals: Seals, public_url: str) -> None:
        self._seals = seals
        self._url = public_url.rstrip("/")

    def vct(self, type_code: str) -> str:
        """The name of the credentials of a type; its metadata is to be read there."""
        return f"{self._url}{TYPES_PATH}/{type_code}/metadata"

    def status_list(self, number: int) -> str:
        """Where a status list is to be read."""
        return f"{self._url}{LISTS_PATH}/{number}"

    def pdf(self, content: Content) -> bytes:
        """The licence as PDF with a PAdES signature, verifiable with any reader."""
        code = png(self.code(content, until=_last(content)))
        story = [heading(filled(content.template.title, content.values())), gap(10)]
        story += [paragraph(line, size=12) for line in content.lines()]
        story += [gap(8), table(content.rows(), widths=(90, 390)), gap(16), picture(code, width=130, height=130)]
        story += [gap(4), paragraph(_FOOT + self._url + VERIFICATION_PATH, size=9, centred=True)]
        return self._seals.sealed_pdf(
            story, title=content.type_name, subject=content.identifier, keywords=MARK,
            reason=f"电子证照 Licence {content.identifier}",
        )  # fmt: skip

    def ofd(self, content: Content) -> bytes:
        """The licence as OFD (GB/T 33190), on as many pages as it needs."""
        lines = [ofd.Line(filled(content.template.title, content.values()), 8, after=0.9, centred=True)]
        lines += [ofd.Line(text, 4.2) for text in content.lines()]
        lines += [ofd.Line(f"{name}：{value}", 4.2) for name, value in content.rows()]
        code = png(self.code(content, until=_last(content)))
        day = content.standing_at.date()
        return ofd.written(
            content.type_name, day, lines, code, identifier=content.identifier,
            sign=lambda said: self._seals.jws(said, typ=ofd.TYPE),
        )  # fmt: skip

    def credential(self, content: Content, holder_key: Mapping[str, Any] | None) -> str:
        """The licence as SD-JWT VC: the holder's name and number, the paper's, and every field may each be left out."""
        hidden = {"holder_name": content.holder_name, "holder_number": content.holder_number, **content.claims}
        hidden |= {"paper_number": content.paper_number} if content.paper_number else {}
        shown = {
            "identifier": content.identifier, "type_code": content.type_code, "type_name": content.type_name,
            "issuing_authority": content.issuer, "issuing_country": "CN",
            "date_of_validity": content.valid_from.isoformat(),
        }  # fmt: skip
        status = entry(self.status_list(content.status_list), content.status_place)
        return self._seals.issue_sd_jwt_vc(
            hidden | shown, vct=self.vct(content.type_code), issued_at=content.standing_at, disclosable=hidden,
            expires_at=_last(content), status=status, holder_key=holder_key,
        )  # fmt: skip

    def code(self, content: Content, *, until: datetime | None) -> str:
        """The text of a QR code: the address of the page of checks, and in its fragment a JWS, below 700 characters.

        The JWS says the status at a moment, good until `until`. A browser sends no fragment anywhere, and whoever has
        the published key verifies what follows the `#` without asking the city (`domain.code_in`).
        """
        said: dict[str, Any] = {
            "id": content.identifier, "type": content.type_name[:30], "holder": content.holder_shown[:20],
            "status": "valid", "iat": int(content.standing_at.timestamp()),
        }  # fmt: skip
        if content.valid_to is not None:
            said["to"] = content.valid_to.isoformat()
        if until is not None:
            said["exp"] = int(until.timestamp())
        return f"{self._url}{VERIFICATION_PATH}#{self._seals.jws(said, typ=CODE_TYPE)}"

    def screen_code(self, content: Content) -> str:
        """The text of a QR code for a screen: good for a day, or to the end of the licence."""
        day, last = content.standing_at + SHOWN_FOR, _last(content)
        return self.code(content, until=day if last is None else min(day, last))


async def content_of(work: Work, row: LicenceRow) -> Content:
    """What a licence shows, for its forms. Raises NotInForce: a form is made of a licence that counts."""
    if stands(row, today_of(work)) is not Standing.valid:
        raise NotInForce
    kind = await work.session.get_one(TypeRow, row.type_code)
    said = opened(work, row)
    return Content(
        identifier=row.identifier, type_code=kind.code, type_name=kind.name_zh, type_name_en=kind.name_en,
        issuer=await repository.issuer_name(work, kind, row.issuer),
        fields=[FieldDraft.model_validate(one) for one in kind.fields],
        template=Template.model_validate(kind.template), holder_name=said["holder_name"],
        holder_number=said["holder_number"], holder_shown=row.holder_shown, claims=said["claims"],
        valid_from=row.valid_from, valid_to=row.valid_to, status_list=row.status_list,
        status_place=row.status_place, standing_at=work.clock.now(), paper_number=said.get("paper_number"),
    )  # fmt: skip


def metadata_of(forms: Forms, kind: TypeRow) -> TypeMetadata:
    """The type metadata of a licence type's credentials."""
    claims = [("holder_name", "持证主体"), ("holder_number", "证件号码")]
    claims += [(str(one["name"]), str(one["title"])) for one in kind.fields]
    claims += [("paper_number", "纸质证照编号")] if kind.stock else []
    return TypeMetadata(
        vct=forms.vct(kind.code), name=kind.name_en, description=f"{kind.name_zh} {kind.name_en}",
        display=[{"locale": "zh-CN", "name": kind.name_zh}, {"locale": "en", "name": kind.name_en}],
        claims=[
            {"path": [name], "display": [{"locale": "zh-CN", "label": title}], "sd": "allowed"}
            for name, title in claims
        ],
    )  # fmt: skip


def checked_key(key: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """A holder's public key whose point lies on P-256. Raises HolderKey."""
    if key is None:
        return None
    try:
        ECKey.import_key(dict(key)).get_op_key("verify")
    except (JoseError, ValueError) as reason:
        raise HolderKey from reason
    return key


def png(text: str) -> bytes:
    """A QR code (ISO/IEC 18004, level M) as PNG."""
    import segno  # noqa: PLC0415 - most processes never need it

    out = io.BytesIO()
    segno.make_qr(text, error="m", boost_error=False).save(out, kind="png", scale=4, border=4)
    return out.getvalue()


def svg(text: str) -> bytes:
    """A QR code as SVG."""
    import segno  # noqa: PLC0415 - most processes never need it

    out = io.BytesIO()
    segno.make_qr(text, error="m", boost_error=False).save(out, kind="svg", scale=4, border=4)
    return out.getvalue()


def _last(content: Content) -> datetime | None:
    return None if content.valid_to is None else end_of(content.valid_to)
