"""OFD pages (GB/T 33190-2016): a ZIP of XML that needs no reader of ours, with a signed list of its own files.

There is no writer of OFD seals (GB/T 38540) outside closed products, so the container carries, as custom data of its
description, a JWS over the SHA-256 of every other file and over what the description itself says. Change one byte, add
or drop a file, and it does not hold. Lengths on the page are millimetres.
"""

import hashlib
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape, quoteattr

from data_hub.seals.errors import SealBroken

NAMESPACE = "http://www.ofdspec.org/2016"
TYPE = "licence-ofd+jwt"
_ENTRY, _DOCUMENT, _PAGE = "OFD.xml", "Doc_0/Document.xml", "Doc_0/Pages/Page_0/Content.xml"
_FONTS, _PICTURES, _PICTURE = "Doc_0/PublicRes.xml", "Doc_0/DocumentRes.xml", "Doc_0/Res/code.png"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_EPOCH = (1980, 1, 1, 0, 0, 0)
MOST_FILES, MOST_BYTES = 32, 4_000_000
_WIDTH, _HEIGHT, _MARGIN = 210.0, 297.0, 25.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on the page: its size, its place, centred or from the left margin."""

    text: str
    size: float
    y: float
    centred: bool = False


def written(
    title: str,
    day: date,
    lines: Sequence[Line],
    picture: bytes,
    *,
    identifier: str,
    sign: Callable[[dict[str, object]], str],
) -> bytes:
    """The container: one page of `lines`, `picture` (PNG) at its foot; `sign` makes a JWS of a payload."""
    files = {
        _DOCUMENT: _document().encode(),
        _FONTS: _fonts().encode(),
        _PICTURES: _pictures().encode(),
        _PAGE: _page(lines).encode(),
        _PICTURE: picture,
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    said: dict[str, object] = {"id": identifier, "title": title, "day": day.isoformat(), "files": digests}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {_ENTRY: _entry(said, sign(said)), **files}.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return out.getvalue()


def checked(data: bytes, check: Callable[[str], dict[str, object]]) -> str:
    """The identifier of the licence that a container shows. Raises SealBroken: `not-an-ofd`, `unsigned`, `changed`."""
    files = _opened(data)
    entry = files.pop(_ENTRY, None)
    if entry is None:
        raise SealBroken("not-an-ofd")
    token = _token(entry)
    said = check(token)
    listed = said.get("files")
    if not isinstance(listed, dict) or _entry(said, token) != entry:
        raise SealBroken("changed")
    if {name: hashlib.sha256(content).hexdigest() for name, content in files.items()} != listed:
        raise SealBroken("changed")
    return str(said["id"])


def _opened(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            if len(entries) > MOST_FILES or len(names) != len(entries):
                raise SealBroken("changed")
            if sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise SealBroken("changed")
            return {entry.filename: archive.read(entry) for entry in entries}
    except SealBroken:
        raise
    except Exception as reason:  # a hostile archive may fail in any way, and each of them says the same
        raise SealBroken("not-an-ofd") from reason


def _token(entry: bytes) -> str:
    start, end = b'<ofd:CustomData Name="licence">', b"</ofd:CustomData>"
    _, found, rest = entry.partition(start)
    token, ended, _ = rest.partition(end)
    if not found or not ended:
        raise SealBroken("unsigned")
    try:
        return token.decode("ascii")
    except UnicodeDecodeError:
        raise SealBroken("changed") from None


def _entry(said: dict[str, object], token: str) -> bytes:
    identifier = str(said.get("id"))
    number = hashlib.sha256(identifier.encode()).hexdigest()[:32]
    text = (
        f'{_HEAD}<ofd:OFD xmlns:ofd="{NAMESPACE}" Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        f"<ofd:DocID>{number}</ofd:DocID><ofd:Title>{escape(str(said.get('title')))}</ofd:Title>"
        f"<ofd:Author>衡水市大数据中心</ofd:Author><ofd:Subject>{escape(identifier)}</ofd:Subject>"
        f"<ofd:CreationDate>{escape(str(said.get('day')))}</ofd:CreationDate>"
        "<ofd:Creator>Smart Hengshui data hub</ofd:Creator>"
        f'<ofd:CustomDatas><ofd:CustomData Name="licence">{escape(token)}</ofd:CustomData></ofd:CustomDatas>'
        f"</ofd:DocInfo><ofd:DocRoot>{_DOCUMENT}</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    )
    return text.encode()


def _document() -> str:
    return (
        f'{_HEAD}<ofd:Document xmlns:ofd="{NAMESPACE}"><ofd:CommonData><ofd:MaxUnitID>1000</ofd:MaxUnitID>'
        f"<ofd:PageArea><ofd:PhysicalBox>0 0 {_WIDTH:g} {_HEIGHT:g}</ofd:PhysicalBox></ofd:PageArea>"
        "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>"
        '</ofd:CommonData><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>'
    )


def _fonts() -> str:
    return (
        f'{_HEAD}<ofd:Res xmlns:ofd="{NAMESPACE}" BaseLoc="Res"><ofd:Fonts>'
        '<ofd:Font ID="2" FontName="宋体" FamilyName="SimSun"/></ofd:Fonts></ofd:Res>'
    )


def _pictures() -> str:
    return (
        f'{_HEAD}<ofd:Res xmlns:ofd="{NAMESPACE}" BaseLoc="Res"><ofd:MultiMedias>'
        '<ofd:MultiMedia ID="3" Type="Image" Format="PNG"><ofd:MediaFile>code.png</ofd:MediaFile></ofd:MultiMedia>'
        "</ofd:MultiMedias></ofd:Res>"
    )


def _page(lines: Sequence[Line]) -> str:
    objects = "".join(_text(number, line) for number, line in enumerate(lines, start=10))
    return (
        f'{_HEAD}<ofd:Page xmlns:ofd="{NAMESPACE}"><ofd:Area><ofd:PhysicalBox>0 0 {_WIDTH:g} {_HEIGHT:g}'
        '</ofd:PhysicalBox></ofd:Area><ofd:Content><ofd:Layer ID="4" Type="Body">'
        f"{objects}"
        '<ofd:ImageObject ID="5" ResourceID="3" CTM="40 0 0 40 0 0" Boundary="145 230 40 40"/>'
        "</ofd:Layer></ofd:Content></ofd:Page>"
    )


def _text(number: int, line: Line) -> str:
    steps = [line.size if ord(one) > 0x2E7F else line.size / 2 for one in line.text]
    width = sum(steps)
    x = max(_MARGIN, (_WIDTH - width) / 2) if line.centred else _MARGIN
    box = quoteattr(f"{x:g} {line.y:g} {max(width, 1):g} {line.size * 1.4:g}")
    deltas = " ".join(f"{step:g}" for step in steps[:-1])
    more = f' DeltaX="{deltas}"' if deltas else ""
    return (
        f'<ofd:TextObject ID="{number}" Boundary={box} Font="2" Size="{line.size:g}">'
        f'<ofd:TextCode X="0" Y="{line.size:g}"{more}>{escape(line.text)}</ofd:TextCode></ofd:TextObject>'
    )
