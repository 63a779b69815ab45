"""OFD pages (GB/T 33190-2016): a ZIP of XML that needs no reader of ours, with a signed list of its own files.

There is no writer of OFD seals (GB/T 38540) outside closed products, so the container carries, as custom data of its
description, a JWS over the SHA-256 of every other file and over what the description itself says. Change one byte, add
or drop a file, and it does not hold.

Text is broken into lines by its width and flows over as many A4 pages as it needs; the picture stands at the foot of
the last one, below all text. Lengths are millimetres.
"""

import hashlib
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape, quoteattr

from data_hub.seals.errors import SealBroken

NAMESPACE = "http://www.ofdspec.org/2016"
TYPE = "licence-ofd+jwt"
_ENTRY, _DOCUMENT, _PAGE = "OFD.xml", "Doc_0/Document.xml", "Doc_0/Pages/Page_{}/Content.xml"
_FONTS, _PICTURES, _PICTURE = "Doc_0/PublicRes.xml", "Doc_0/DocumentRes.xml", "Doc_0/Res/code.png"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_EPOCH = (1980, 1, 1, 0, 0, 0)
MOST_FILES, MOST_BYTES = 1000, 16_000_000
_WIDTH, _HEIGHT, _MARGIN = 210.0, 297.0, 25.0
_TOP, _BOTTOM, _FOOT = 25.0, 272.0, 282.0
_CODE_X, _CODE_Y, _CODE = 145.0, 230.0, 40.0
_OVER_CODE = 5.0  # kept free between the text and the picture
_LEADING = 1.65  # from line to line, in sizes
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FIRST_ID = 10  # below are the font, the picture and its image object


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph: its size, the room after it in sizes, centred or from the left margin."""

    text: str
    size: float
    after: float = 0.0
    centred: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A line of a page: its place."""

    text: str
    size: float
    x: float
    y: float


def width_of(text: str, size: float) -> list[float]:
    """How wide each character is: an em, or half of one for those that the typefaces of documents set narrow."""
    return [size if unicodedata.east_asian_width(one) in "WFA" else size / 2 for one in text]


def broken(text: str, size: float, room: float) -> Iterator[str]:
    """The lines of a paragraph, none wider than `room`; a line break in the text is one on the page."""
    for paragraph in text.splitlines() or [""]:
        begin, used = 0, 0.0
        for at, wide in enumerate(width_of(paragraph, size)):
            if used + wide > room + 1e-6 and at > begin:
                yield paragraph[begin:at]
                begin, used = at, 0.0
            used += wide
        yield paragraph[begin:]


def laid_out(lines: Sequence[Line]) -> list[list[Placed]]:
    """The pages of a text. The last one has room for the picture, and may hold nothing else."""
    room = _WIDTH - 2 * _MARGIN
    pages: list[list[Placed]] = [[]]
    y = _TOP
    for line in lines:
        step = line.size * _LEADING
        for part in broken(_NOT_XML.sub("\ufffd", line.text), line.size, room):
            if y + step > _BOTTOM:
                pages.append([])
                y = _TOP
            if part:
                x = (_WIDTH - sum(width_of(part, line.size))) / 2 if line.centred else _MARGIN
                pages[-1].append(Placed(part, line.size, x, y))
            y += step
        y += line.size * line.after
    if any(one.y + one.size * _LEADING > _CODE_Y - _OVER_CODE for one in pages[-1]):
        pages.append([])
    if len(pages) > 1:
        for number, page in enumerate(pages, start=1):
            said = f"第{number}页 共{len(pages)}页"
            page.append(Placed(said, 3.5, (_WIDTH - sum(width_of(said, 3.5))) / 2, _FOOT))
    return pages


def written(
    title: str,
    day: date,
    lines: Sequence[Line],
    picture: bytes,
    *,
    identifier: str,
    sign: Callable[[dict[str, object]], str],
) -> bytes:
    """The container: pages of `lines`, `picture` (PNG) at the foot of the last; `sign` makes a JWS of a payload."""
    pages = laid_out(lines)
    contents, last = [], _FIRST_ID + len(pages)  # the pages themselves are numbered first
    for number, page in enumerate(pages, start=1):
        contents.append(_page(page, first=last, with_picture=number == len(pages)))
        last += 1 + len(page)
    files = {
        _DOCUMENT: _document(len(pages), most=last).encode(),
        _FONTS: _fonts().encode(),
        _PICTURES: _pictures().encode(),
        **{_PAGE.format(number): content.encode() for number, content in enumerate(contents)},
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


def _document(pages: int, *, most: int) -> str:
    listed = "".join(
        f'<ofd:Page ID="{_FIRST_ID + number}" BaseLoc="{_PAGE.format(number).removeprefix("Doc_0/")}"/>'
        for number in range(pages)
    )
    return (
        f'{_HEAD}<ofd:Document xmlns:ofd="{NAMESPACE}"><ofd:CommonData><ofd:MaxUnitID>{most}</ofd:MaxUnitID>'
        f"<ofd:PageArea><ofd:PhysicalBox>0 0 {_WIDTH:g} {_HEIGHT:g}</ofd:PhysicalBox></ofd:PageArea>"
        "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>"
        f"</ofd:CommonData><ofd:Pages>{listed}</ofd:Pages></ofd:Document>"
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


def _page(lines: Sequence[Placed], *, first: int, with_picture: bool) -> str:
    objects = "".join(_text(number, line) for number, line in enumerate(lines, start=first + 1))
    place = f'CTM="{_CODE:g} 0 0 {_CODE:g} 0 0" Boundary="{_CODE_X:g} {_CODE_Y:g} {_CODE:g} {_CODE:g}"'
    code = f'<ofd:ImageObject ID="5" ResourceID="3" {place}/>' if with_picture else ""
    return (
        f'{_HEAD}<ofd:Page xmlns:ofd="{NAMESPACE}"><ofd:Area><ofd:PhysicalBox>0 0 {_WIDTH:g} {_HEIGHT:g}'
        f'</ofd:PhysicalBox></ofd:Area><ofd:Content><ofd:Layer ID="{first}" Type="Body">{objects}{code}'
        "</ofd:Layer></ofd:Content></ofd:Page>"
    )


def _text(number: int, line: Placed) -> str:
    steps = width_of(line.text, line.size)
    box = quoteattr(f"{line.x:g} {line.y:g} {max(sum(steps), 1):g} {line.size * 1.4:g}")
    deltas = " ".join(f"{step:g}" for step in steps[:-1])
    more = f' DeltaX="{deltas}"' if deltas else ""
    return (
        f'<ofd:TextObject ID="{number}" Boundary={box} Font="2" Size="{line.size:g}">'
        f'<ofd:TextCode X="0" Y="{line.size:g}"{more}>{escape(line.text)}</ofd:TextCode></ofd:TextObject>'
    )
