"""NDJSON in slices: one JSON object a line, numbers kept as they are written. Blocks; runs in a thread."""

from __future__ import annotations

import json
from typing import IO, Any

from data_hub.ingest.contract import Contract, Item
from data_hub.ingest.domain import LONGEST_RECORD, MOST_HEADER_COLUMNS, BadRow, BatchRefused, RowFault, matched
from data_hub.ingest.slices import ROW, ROWS, Slice, kept_rows, too_long

_KEPT = 2_000  # characters of a line that is no JSON


class _Twice(ValueError):
    """A name stands twice in an object: which of the values is meant, nobody can say (RFC 7493)."""


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        raise _Twice
    return told


class JsonSlices:
    """The rows of an NDJSON file. Its columns are the names that its first slice says."""

    def __init__(self, file: IO[bytes], contract: Contract, *, ignore_unknown: bool) -> None:
        self._file = file
        self._contract = contract
        self._ignore_unknown = ignore_unknown
        self._line = 0
        self._columns: dict[str, str | None] = {}
        self._read_json = json.JSONDecoder(
            object_pairs_hook=_once, parse_float=str, parse_int=str, parse_constant=_no_constant
        ).decode
        file.seek(0)
        self._first: Slice | None = self._take()
        self.header = list(self._columns)
        if self._first is None or self._first.frame.height == 0:
            raise BatchRefused("not-format", "文件中没有一行有效的 JSON 对象", "No line of the file is a JSON object")
        self.items: list[Item] = contract.present(contract.columns(self.header, ignore_unknown=ignore_unknown))
        self._first = Slice(
            self._first.frame.select(["_line", *(item.name for item in self.items)]), self._first.bad,
            self._first.size, self._first.full_width,
        )  # fmt: skip

    @property
    def dialect(self) -> dict[str, Any]:
        """How the file is written, as it is kept with the batch."""
        return {"names": [name for name in self.header if _storable(name)]}

    def read(self) -> Slice | None:
        """The next rows; None at the end."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return self._take()

    def _take(self) -> Slice | None:
        rows: list[tuple[int, dict[str, str | None]]] = []
        bad: list[BadRow] = []
        began, wide = self._line, False
        while self._line - began < ROWS and (line := self._file.readline(LONGEST_RECORD + 1)):
            self._line += 1
            if len(line) > LONGEST_RECORD:
                raise too_long(self._line)
            if not line.strip():
                continue
            wide = wide or b"\xef\xbc" in line or b"\xe3\x80\x80" in line or b"\\u" in line
            read = self._row(line.decode("utf-8"))
            if isinstance(read, dict):
                rows.append((self._line, read))
            else:
                bad.append(BadRow(self._line, {}, (read,), (line.decode("utf-8").strip()[:_KEPT],)))
        if self._line == began:
            return None
        items = getattr(self, "items", None) or list(self._contract.items)
        return Slice(kept_rows(rows, items), bad, self._line - began, wide)

    def _row(self, line: str) -> dict[str, str | None] | RowFault:
        try:
            value = self._read_json(line)
        except _Twice:
            return RowFault(ROW, "twice")
        except (ValueError, RecursionError):
            return RowFault(ROW, "json")
        if not isinstance(value, dict):
            return RowFault(ROW, "json")
        row: dict[str, str | None] = {}
        for key, told in value.items():
            name = self._column(key)
            if name is None:
                continue
            if rule := _unfit(told, escaped="\\u" in line):
                return RowFault(name, rule)
            row[name] = _text(told)
        return row

    def _column(self, key: str) -> str | None:
        if key in self._columns:
            return self._columns[key]
        name = self._contract_column(key)
        if hasattr(self, "items"):
            if name is not None:
                zh, en = (
                    f"列 {key[:40]} 到第{self._line}行才出现",
                    f"The name {key[:40]} comes only in row {self._line}",
                )
                raise BatchRefused("late-column", zh, en)
            return None
        self._columns[key] = name
        if len(self._columns) > MOST_HEADER_COLUMNS:
            matched(list(self._columns), (), ignore_unknown=True)  # refuses so many
        return name

    def _contract_column(self, key: str) -> str | None:
        known = [(item.name, item.title) for item in self._contract.items]
        return matched([key], known, ignore_unknown=self._ignore_unknown)[0]


def _unfit(value: Any, *, escaped: bool) -> str | None:
    """The rule that a value breaks which is no single value, or no text for all its escapes; None where it is one."""
    if isinstance(value, str):
        return "not-text" if escaped and not _storable(value) else None
    return None if value is None or isinstance(value, bool) else "nested"


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return None


def _storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
