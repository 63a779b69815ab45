"""The part of a Parquet footer that no reader of ours tells: which columns are of the old times of 96 bits.

Such a time does not say whether it is an instant or local: Spark writes UTC, others what the clock on the wall shows.
The footer is a structure of Thrift's compact protocol (parquet.thrift: FileMetaData, SchemaElement).
"""

from pathlib import Path
from typing import Any

_SCHEMA, _TYPE, _NAME, _INT96 = 2, 1, 4, 3
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12


def times_of_96_bits(source: Path) -> frozenset[str]:
    """The names of the columns; none where the footer cannot be read: the reader proper says so."""
    size = source.stat().st_size
    with source.open("rb") as file:
        file.seek(max(0, size - 8))
        length = min(int.from_bytes(file.read(4), "little"), size)
        file.seek(max(0, size - 8 - length))
        footer = file.read(length)
    try:
        schema = _Compact(footer).structure(until=_SCHEMA).get(_SCHEMA, [])
        return frozenset(one[_NAME].decode() for one in schema if one.get(_TYPE) == _INT96)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError):
        return frozenset()


class _Compact:
    """Reads values of the compact protocol one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def structure(self, until: int | None = None) -> dict[int, Any]:
        """The fields by their number; those behind `until` are not read."""
        fields: dict[int, Any] = {}
        number = 0
        while header := self._byte():
            step, kind = header >> 4, header & 0x0F
            number = number + step if step else self._signed()
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind)
            if number == until:
                break
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind == _BINARY:
            return self._bytes(self._unsigned())
        if kind == _DOUBLE:
            return self._bytes(8)
        if kind in (_LIST, _SET):
            return self._several()
        if kind == _STRUCT:
            return self.structure()
        if kind == _MAP or kind > _STRUCT:
            raise ValueError(kind)  # there is none in what is read
        return self._signed()

    def _several(self) -> list[Any]:
        header = self._byte()
        size, kind = header >> 4, header & 0x0F
        return [self._value(kind) for _ in range(self._unsigned() if size == 15 else size)]

    def _byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def _bytes(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._content):
            raise IndexError(self._at)
        return self._content[self._at - count : self._at]

    def _unsigned(self) -> int:
        number, shift = 0, 0
        while (byte := self._byte()) > 0x7F:
            number |= (byte & 0x7F) << shift
            shift += 7
        return number | byte << shift

    def _signed(self) -> int:
        number = self._unsigned()
        return number >> 1 ^ -(number & 1)
