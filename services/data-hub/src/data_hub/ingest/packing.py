"""Rows with sealed cells as COPY reads them in its binary format.

Written as text, bytes stand as hexadecimal digits: twice as many of them to send, to read and to turn back. Rows
without sealed cells stay CSV, which polars writes faster than anything written here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from psycopg.adapt import PyFormat, Transformer

if TYPE_CHECKING:
    import polars as pl

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no more of a header
_NULL = b"\xff\xff\xff\xff"
_EPOCH_DAYS = 10_957  # from 1970, of which polars counts, to 2000, of which PostgreSQL does
_EPOCH_MICROSECONDS = _EPOCH_DAYS * 86_400_000_000
_LENGTH, _INT4, _INT8 = struct.Struct(">i").pack, struct.Struct(">ii").pack, struct.Struct(">iq").pack
_TRUTH = {True: b"\0\0\0\1\1", False: b"\0\0\0\1\0", None: _NULL}
Cells = Mapping[str, Sequence[bytes | None]]


def packed(frame: pl.DataFrame, cells: Cells, kinds: Mapping[str, str], *, before: Sequence[bytes] = ()) -> bytes:
    """Rows of the columns in `kinds`, each of its SQL type, from the cells or else from the typed slice.

    The fields of `before` stand first in each row.
    """
    head = struct.pack(">h", len(before) + len(kinds)) + b"".join(map(field, before))
    pieces: list[Iterable[bytes]] = [repeat(head, frame.height)]
    for name, kind in kinds.items():
        if kind == "bytea":
            pieces += _bytes(cells[name])
        else:
            pieces.append(_FIELDS[kind](frame.get_column(name)))
    return b"".join(chain.from_iterable(zip(*pieces, strict=True)))


def field(content: bytes) -> bytes:
    """A field that holds bytes: their number, and they."""
    return _LENGTH(len(content)) + content


def instant(microseconds: int) -> bytes:
    """A time with its zone, given in microseconds since 1970."""
    return struct.pack(">q", microseconds - _EPOCH_MICROSECONDS)


def _bytes(cells: Sequence[bytes | None]) -> list[Iterable[bytes]]:
    lengths = {size: _LENGTH(size) for size in {len(one) for one in cells if one is not None}}
    counted = [_NULL if one is None else lengths[len(one)] for one in cells]
    return [counted, [one or b"" for one in cells]]


def _texts(values: pl.Series) -> list[bytes]:
    return [_NULL if one is None else field(one.encode()) for one in values.to_list()]


def _integers(values: pl.Series) -> list[bytes]:
    return [_NULL if one is None else _INT8(8, one) for one in values.to_list()]


def _instants(values: pl.Series) -> list[bytes]:
    return _integers(values.to_physical() - _EPOCH_MICROSECONDS)


def _days(values: pl.Series) -> list[bytes]:
    return [_NULL if one is None else _INT4(4, one - _EPOCH_DAYS) for one in values.to_physical().to_list()]


def _truths(values: pl.Series) -> list[bytes]:
    return [_TRUTH[one] for one in values.to_list()]


def _numbers(values: pl.Series) -> list[bytes]:
    """Exact numbers from the texts they were written as, each of the distinct ones once."""
    written = values.to_list()
    dump = _decimals()
    fields = {one: _NULL if one is None else field(bytes(dump(Decimal(one)) or b"")) for one in set(written)}
    return [fields[one] for one in written]


@cache
def _decimals() -> Callable[[Decimal], Any]:
    return Transformer().get_dumper(Decimal(1), PyFormat.BINARY).dump


_FIELDS: Mapping[str, Callable[[pl.Series], list[bytes]]] = {
    "text": _texts,
    "bigint": _integers,
    "numeric": _numbers,
    "boolean": _truths,
    "date": _days,
    "timestamptz": _instants,
}
