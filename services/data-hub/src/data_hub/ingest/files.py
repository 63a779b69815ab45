"""The file of a batch made readable: unpacked within bounds, its coding found, turned into UTF-8 where it is another.

These functions block; they run in a thread. What they cannot read, they refuse with words that help.
"""

import codecs
import re
import tempfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

from data_hub.ingest.domain import BatchRefused, Encoding
from data_hub.ingest.limits import RATIO_FROM, Limits

_STEP = 1024 * 1024
_GZIP = b"\x1f\x8b"
# GB 18030-2022 names characters where the table of 2000, which the codec has, names places for private use: forms of
# punctuation for vertical text, and ideographs that stood in no other standard then.
_NEWER = dict(
    zip(
        (*range(0xE78D, 0xE797), 0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE832, 0xE843, 0xE854, 0xE864,
         0xE816, 0xE817, 0xE818, 0xE831, 0xE83B, 0xE855),
        (0xFE10, 0xFE12, 0xFE11, *range(0xFE13, 0xFE1A), *range(0x9FB4, 0x9FBC),
         0x20087, 0x20089, 0x200CC, 0x215D7, 0x2298F, 0x241FE),
        strict=True,
    )
)  # fmt: skip
_OLDER = re.compile(f"[{''.join(map(chr, _NEWER))}]")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


@dataclass(frozen=True)
class Text:
    """A file of UTF-8 text without a mark at its beginning, and what it was before."""

    file: IO[bytes]
    encoding: str
    byte_order_mark: bool
    packed: bool


def too_large(limit: int) -> BatchRefused:
    """The refusal of a file that unpacks to more than it may."""
    return BatchRefused(
        "too-large", f"文件展开后超过{limit // 1024**2} MB或压缩比异常，疑似压缩炸弹",
        f"The file unpacks to more than {limit // 1024**2} MB, or out of all proportion: a decompression bomb",
    )  # fmt: skip


def read_text(file: IO[bytes], declared: Encoding, limits: Limits, scratch: ExitStack) -> Text:
    """The text of a file; what it needs besides is closed with `scratch`.

    Raises BatchRefused for a bomb, NUL, bytes that are no text in any coding that we read.
    """
    packed = _head(file) == _GZIP
    if packed:
        file = unpacked(file, limits, scratch)
    mark, valid = _survey(file, strict=declared is Encoding.utf8)
    if valid and declared is not Encoding.gb18030:
        return Text(_without(file, len(codecs.BOM_UTF8) if mark else 0, scratch), "utf-8", mark, packed)
    return Text(_transcoded(file, scratch), "gb18030", byte_order_mark=False, packed=packed)


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(2)


def unpacked(file: IO[bytes], limits: Limits, scratch: ExitStack) -> IO[bytes]:
    """A gzip file unpacked, all its members, within the bounds."""
    file.seek(0)
    out = scratch.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with scratch
    reader = zlib.decompressobj(wbits=31)
    taken, made, pending, inside = 0, 0, b"", False
    try:
        while pending or (pending := file.read(_STEP)):
            taken += len(pending)
            piece = reader.decompress(pending, _STEP)
            pending, inside = reader.unconsumed_tail, True
            taken -= len(pending)
            if reader.eof:
                pending, taken = reader.unused_data, taken - len(reader.unused_data)
                reader, inside = zlib.decompressobj(wbits=31), False
            made += len(piece)
            if made > limits.most_bytes or (made > RATIO_FROM and made > taken * limits.most_ratio):
                raise too_large(limits.most_bytes)
            out.write(piece)
    except zlib.error:
        raise _damaged() from None
    if inside:
        raise _damaged()
    return out


def _damaged() -> BatchRefused:
    return BatchRefused(
        "not-format", "gzip 压缩文件已损坏或不完整", "The gzip file is damaged, or not all of it is here"
    )


def _survey(file: IO[bytes], *, strict: bool) -> tuple[bool, bool]:
    """Whether the file begins with UTF-8's mark, and whether all of it is UTF-8. Raises BatchRefused."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    mark, valid, at = False, True, 0
    while block := file.read(_STEP):
        if at == 0:
            _refuse_wide(block)
            mark = block.startswith(codecs.BOM_UTF8)
        if (nul := block.find(0)) >= 0:
            where = at + nul
            raise BatchRefused("nul", f"第{where}字节为空字符(NUL)", f"Byte {where} is NUL, which no text holds")
        if valid:
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                valid = False
                if strict or mark:
                    raise _undecodable("UTF-8", at + error.start) from None
        at += len(block)
    if valid:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            valid = False
    return mark, valid


def _refuse_wide(block: bytes) -> None:
    if block.startswith(_WIDE):
        zh, en = (
            "文件为 UTF-16 或 UTF-32 编码，请转为 UTF-8 或 GB18030",
            "The file is UTF-16 or UTF-32: use UTF-8 or GB18030",
        )
        raise BatchRefused("encoding", zh, en)


def _undecodable(name: str, at: int) -> BatchRefused:
    return BatchRefused(
        "encoding", f"第{at}字节附近不是有效的 {name} 文本，请核对文件编码",
        f"Near byte {at} the file is not {name} text: check its encoding",
    )  # fmt: skip


def _without(file: IO[bytes], skipped: int, scratch: ExitStack) -> IO[bytes]:
    if skipped == 0:
        file.seek(0)
        return file
    out = scratch.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with scratch
    file.seek(skipped)
    while block := file.read(_STEP):
        out.write(block)
    out.seek(0)
    return out


def _transcoded(file: IO[bytes], scratch: ExitStack) -> IO[bytes]:
    """GB18030 as UTF-8, by the table of GB 18030-2022."""
    out = scratch.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with scratch
    decoder = codecs.getincrementaldecoder("gb18030")()
    file.seek(0)
    at = 0
    while True:
        block = file.read(_STEP)
        try:
            text = decoder.decode(block, final=not block)
            if _OLDER.search(text):
                text = text.translate(_NEWER)
            out.write(text.encode("utf-8"))
        except UnicodeDecodeError as error:
            raise _undecodable("UTF-8 / GB18030", at + error.start) from None
        if not block:
            break
        at += len(block)
    out.seek(0)
    return out
