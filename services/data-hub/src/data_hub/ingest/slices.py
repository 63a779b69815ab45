"""A file of text in slices: some tens of thousands of rows at a time, each a frame of texts. Blocks; use a thread."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from data_hub.ingest.checks import LINE
from data_hub.ingest.contract import Contract, Item
from data_hub.ingest.domain import LONGEST_KEPT_VALUE, LONGEST_RECORD, BadRow, BatchRefused, RowFault

if TYPE_CHECKING:
    import polars as pl

BLOCK = 1024 * 1024  # small, so that the first rows are soon on their way, and few are left when the file is read
ROWS = 50_000
ROW = "_row"  # the "column" of faults that concern a row as a whole
_SEPARATORS = (",", "\t", ";", "|")
_TRIES = 40
_KEPT_BESIDES = 100  # fields beyond the columns that a misfit of a row is kept with
csv.field_size_limit(LONGEST_RECORD)


@dataclass(frozen=True)
class Slice:
    """Some rows: texts by column with their line, and the rows that are none. `size` is how many records it took."""

    frame: pl.DataFrame
    bad: list[BadRow]
    size: int
    full_width: bool


def too_long(line: int) -> BatchRefused:
    """The refusal of a row without end."""
    return BatchRefused(
        "too-long", f"第{line}行过长（超过1 MB），可能有引号未闭合",
        f"Row {line} is longer than 1 MB; perhaps a quote was never closed",
    )  # fmt: skip


class CsvSlices:
    """The rows of a CSV file. Most slices are read at once; one that is written oddly, record by record."""

    def __init__(self, file: IO[bytes], contract: Contract, *, ignore_unknown: bool) -> None:
        self._file = file
        self._position = 0
        self._began = 0  # where the record that is being read begins
        self._line = 0
        self._raw: list[str] = []  # the lines of that record
        first = self._first_line()
        self.separator = max(_SEPARATORS, key=first.count)
        mark = re.escape(self.separator.encode())
        # A quoted field with something behind its closing quote. What it finds is looked at record by record.
        self._misquoted = re.compile(rb"(?:\A|(?<=[\n" + mark + rb']))"(?:[^"]++|"")*+"(?![\r\n' + mark + rb"]|\Z)")
        self.newline = "\r\n" if first.endswith("\r\n") else "\n"
        self.header = next(self._records(), [])
        self.names = contract.columns(self.header, ignore_unknown=ignore_unknown)
        self.items: list[Item] = contract.present(self.names)

    @property
    def dialect(self) -> dict[str, Any]:
        """How the file is written, as it is kept with the batch."""
        return {"separator": self.separator, "quote": '"', "newline": self.newline, "header": self.header}

    def _first_line(self) -> str:
        self._file.seek(0)
        line = self._file.readline(LONGEST_RECORD + 1)
        if len(line) > LONGEST_RECORD:
            raise too_long(0)
        if b"\r" in line.rstrip(b"\r\n"):
            zh, en = "换行符为单独的回车(CR)，请改用 LF 或 CRLF", "Lines end with CR alone: use LF or CRLF"
            raise BatchRefused("newline", zh, en)
        if not line.strip():
            raise BatchRefused("empty", "文件为空或首行为空", "The file is empty, or its first line is")
        return line.decode("utf-8")

    def read(self) -> Slice | None:
        """The next rows; None at the end. Raises BatchRefused for a row without end."""
        block = self._block()
        if block == b"":
            return None
        found = None if block is None else self._at_once(block)
        return found or self._one_by_one()

    def _block(self) -> bytes | None:
        """The bytes up to the last end of a record within reach; None where quotes leave no such end."""
        self._file.seek(self._position)
        block = self._file.read(BLOCK)
        if len(block) < BLOCK:
            return block
        end = len(block)
        for _ in range(_TRIES):
            end = block.rfind(b"\n", 0, end)
            if end < 0:
                return None
            if block.count(b'"', 0, end) % 2 == 0:
                return block[: end + 1]
        return None

    def _at_once(self, block: bytes) -> Slice | None:
        """The rows of a block where all have the right number of fields; None where one has not, or is misquoted."""
        import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

        width = len(self.header)
        places = [f"c{place}" for place in range(width)]
        if b'"' in block and self._misquoted.search(block):
            return None
        try:
            read = pl.read_csv(
                block, has_header=False, separator=self.separator, schema=dict.fromkeys(places, pl.String),
                infer_schema=False, empty_string_is_null=False,
            )  # fmt: skip
        except pl.exceptions.PolarsError:
            return None
        separators = block.count(self.separator.encode())
        if b'"' in block:
            inner = read.select(
                pl.sum_horizontal(pl.all().str.count_matches(self.separator, literal=True)).sum()
            ).item()
            separators -= inner or 0
        if separators != read.height * (width - 1):
            return None
        chosen = {place: name for place, name in zip(places, self.names, strict=True) if name is not None}
        lines = pl.int_range(self._line + 1, self._line + 1 + read.height, eager=True).alias(LINE)
        frame = read.select(list(chosen)).rename(chosen).with_columns(lines)
        self._position += len(block)
        self._line += read.height
        return Slice(_without_blanks(frame), [], read.height, b"\xef\xbc" in block or b"\xe3\x80\x80" in block)

    def _one_by_one(self) -> Slice:
        width = len(self.header)
        kept: list[list[str]] = []
        lines: list[int] = []
        bad: list[BadRow] = []
        began, start = self._line, self._position
        for record in self._records():
            self._line += 1
            rule = "fields" if len(record) != width else None if self._is_written_so(record) else "quotes"
            if rule is None:
                kept.append(record)
                lines.append(self._line)
            elif any(field.strip() for field in record):
                seen = tuple(field[: LONGEST_KEPT_VALUE + 1] for field in record[: width + _KEPT_BESIDES])
                bad.append(BadRow(self._line, {}, (RowFault(ROW, rule),), seen))
            if self._line - began >= ROWS or self._position - start >= BLOCK:
                break
        columns = list(zip(*kept, strict=True)) if kept else [()] * width
        texts = {name: columns[at] for at, name in enumerate(self.names) if name is not None}
        return Slice(_without_blanks(_frame(texts, lines)), bad, self._line - began, full_width=True)

    def _is_written_so(self, record: list[str]) -> bool:
        """Whether the record's text says these fields: what follows a closing quote would be lost or changed."""
        raw = "".join(self._raw)
        if '"' not in raw:
            return True
        text, at = raw.rstrip("\r\n"), 0
        for number, field in enumerate(record):
            at += number > 0  # the separator
            quoted = '"' + field.replace('"', '""') + '"'
            written = quoted if text.startswith(quoted, at) else field
            if not text.startswith(written, at):
                return False
            at += len(written)
        return at == len(text)

    def _records(self) -> Iterator[list[str]]:
        """The records from the present position on; the position follows them."""
        self._file.seek(self._position)
        self._began = self._position
        try:
            self._raw.clear()
            for record in csv.reader(self._lines(), delimiter=self.separator):
                yield record
                self._began = self._position
                self._raw.clear()
        except csv.Error as error:
            if "field larger" in str(error):
                raise too_long(self._line + 1) from None
            zh, en = f"第{self._line + 1}行不是有效的 CSV", f"Row {self._line + 1} is not CSV"
            raise BatchRefused("not-format", zh, en) from None

    def _lines(self) -> Iterator[str]:
        while line := self._file.readline(LONGEST_RECORD + 1):
            self._position += len(line)
            if self._position - self._began > LONGEST_RECORD:
                raise too_long(self._line + 1)
            text = line.decode("utf-8")
            self._raw.append(text)
            yield text


def _frame(texts: dict[str, Any], lines: list[int]) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    schema = dict.fromkeys(texts, pl.String) | {LINE: pl.Int64}
    return pl.DataFrame({name: list(values) for name, values in texts.items()} | {LINE: lines}, schema=schema)


def _without_blanks(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame without rows in which nothing stands: spreadsheets leave them at the end."""
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    names = [name for name in frame.columns if name != LINE]
    if not (frame.get_column(names[0]) == "").any():
        return frame
    return frame.filter(~pl.all_horizontal(pl.col(names) == ""))


def kept_rows(rows: list[tuple[int, dict[str, str | None]]], items: list[Item]) -> pl.DataFrame:
    """Rows of quarantine as a frame of texts."""
    return _frame({item.name: [row.get(item.name) for _, row in rows] for item in items}, [line for line, _ in rows])
