"""Sealed columns: personal and secret values lie encrypted in the tables of rows, and equal ones are found by a hash.

A sealed column `x` holds what the vault made of the value's text; beside it `_i_x` holds a keyed hash, 32 bytes. Of a
column that is found by equal values this is the hash of the value, of a citizen number the very hash of the population
registry. Of any other it is the hash of the value together with the row's key: it tells whether a row changed, and is
alike in no two rows. Where a column of the key is sealed, `_key` holds the hash of the whole key, and is unique.
"""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import sql

from citykit.clock import CHINA
from citykit.vault import Vault
from data_hub.datasets.domain import Column, ColumnType, Sealing, Shape

KEY = "_key"
_INSTANT = sql.SQL("""to_char({} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""")
_quoted = json.JSONEncoder().encode  # as `json.dumps` writes it, without a new encoder for each value
_spoken = json.JSONEncoder(ensure_ascii=False).encode
Texts = Mapping[str, Sequence[str | None]]


def hash_column(name: str) -> str:
    """The column that holds the hashes of a sealed one: a shape's names begin with a letter, so none is called so."""
    return f"_i_{name}"


def text_of(value: Any) -> str:
    """A value in the form in which it is sealed and hashed: times in UTC, exact numbers without an exponent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def blind(vault: Vault, resource: str, column: Column, text: str) -> bytes:
    """The hash by which an equal value of a findable column is found."""
    if column.sealing is Sealing.citizen_number:
        return vault.index("id-number", text.strip().upper())
    return vault.index(f"item/{resource}/{column.name}", _compared(column.type, text))


def blinds(vault: Vault, resource: str, column: Column, texts: Sequence[str | None]) -> list[bytes | None]:
    """The hashes of a findable column's values, each of its distinct values hashed once."""
    distinct = list({one for one in texts if one is not None})
    if column.sealing is Sealing.citizen_number:
        hashed = vault.index_all("id-number", (one.strip().upper() for one in distinct))
    else:
        forms = (_compared(column.type, one) for one in distinct)
        hashed = vault.index_all(f"item/{resource}/{column.name}", forms)
    found: dict[str | None, bytes | None] = {None: None}
    found.update(zip(distinct, hashed, strict=True))
    return [found[one] for one in texts]


def _compared(kind: ColumnType, text: str) -> str:
    """Equal numbers in one form: 1.50 is 1.5."""
    if kind is not ColumnType.number:
        return text
    number = Decimal(text).normalize()
    return format(abs(number) if number == 0 else number, "f")


@dataclass
class Sealed:
    """The sealed columns of one data set and the vault that opens them.

    A statement shows a sealed value under a mark that no data can know, drawn for each act anew, so that what is sealed
    is told from what anybody wrote into another column.
    """

    vault: Vault
    dataset: UUID
    resource: str
    shape: Shape
    mark: str = field(default_factory=lambda: secrets.token_hex(16))

    def __post_init__(self) -> None:
        self._columns = {column.name: column for column in self.shape.sealed}
        self._order = list(self._columns)

    def __bool__(self) -> bool:
        return bool(self._columns)

    def column(self, name: str) -> Column | None:
        """The sealed column of that name; None where it is none, or lies as it is."""
        return self._columns.get(name)

    def found_by(self, name: str, value: Any) -> bytes:
        """The hash of a value that a findable column is compared with."""
        return blind(self.vault, self.resource, self._columns[name], text_of(value))

    # Writing

    def write(self, texts: Texts, names: Sequence[str]) -> dict[str, list[bytes | None]]:
        """The cells of the sealed columns in `names` and of the key, from the texts of all columns of rows, by column.

        The columns of the key are among the texts.
        """
        keys = self._keys(texts, names)
        made: dict[str, list[bytes | None]] = {}
        for name in names:
            column = self._columns.get(name)
            if column is not None:
                made[name] = self.vault.seal_all(texts[name], self._place(name))
                made[hash_column(name)] = self._hashes(column, texts[name], keys)
        if self.shape.has_sealed_key:
            made[KEY] = list(self.vault.index_all(f"key/{self.resource}", keys or ()))
        return made

    def _hashes(self, column: Column, texts: Sequence[str | None], keys: list[str] | None) -> list[bytes | None]:
        if column.is_findable:
            return blinds(self.vault, self.resource, column, texts)
        if keys is None:  # rows without a key are never compared with those that come
            return [None] * len(texts)
        pairs = (f"[{_quoted(key)}, {_quoted(one)}]" for key, one in zip(keys, texts, strict=True) if one is not None)
        hashes = iter(self.vault.index_all(f"row/{self.resource}/{column.name}", pairs))
        return [None if one is None else next(hashes) for one in texts]

    def _keys(self, texts: Texts, names: Sequence[str]) -> list[str] | None:
        """The keys of rows as JSON arrays, where a cell to be made wants them."""
        columns = [column for name in self.shape.key if (column := self.shape.column(name)) is not None]
        told = any(not one.is_findable for name in names if (one := self._columns.get(name)) is not None)
        if not columns or not (told or self.shape.has_sealed_key):
            return None
        parts = []
        for column in columns:
            values = texts[column.name]
            quoted = {one: "null" if one is None else _quoted(_compared(column.type, one)) for one in set(values)}
            parts.append([quoted[one] for one in values])
        return [f"[{', '.join(row)}]" for row in zip(*parts, strict=True)]

    # Reading

    def shown(self, name: str, column: sql.Composable) -> sql.Composable:
        """A sealed column as a statement shows it, for `opened` or `text`."""
        mark = sql.Literal(f"{self.mark}:{self._order.index(name)}:")
        return sql.SQL("({} || encode({}, 'hex'))").format(mark, column)

    def opened(self, document: str) -> str:
        """A JSON text with the sealed values in it opened, each of its column's type."""
        if not self._columns:
            return document
        pattern = re.compile(rf'"{self.mark}:(\d+):([0-9a-f]+)"')
        return pattern.sub(lambda found: self._json(int(found[1]), found[2]), document)

    def text(self, value: str | None) -> str | None:
        """A value that a statement showed as text, opened where it is a sealed one."""
        if value is None or not value.startswith(self.mark):
            return value
        _, place, content = value.split(":")
        name = self._order[int(place)]
        return _told(self._columns[name].type, self.open(name, bytes.fromhex(content)))

    def open(self, name: str, content: bytes) -> str:
        """The text of a sealed value."""
        return self.vault.open(content, self._place(name))

    def texts(self, column: Column, cells: Sequence[Any]) -> list[str | None]:
        """The texts of a column's cells: sealed ones opened, others as they are."""
        if not column.is_sealed:
            return list(cells)
        return [None if one is None else self.open(column.name, bytes(one)) for one in cells]

    def _json(self, place: int, content: str) -> str:
        name = self._order[place]
        kind = self._columns[name].type
        told = _told(kind, self.open(name, bytes.fromhex(content)))
        is_bare = kind in (ColumnType.integer, ColumnType.number, ColumnType.boolean)
        return told if is_bare else _spoken(told)

    def _place(self, name: str) -> str:
        return f"dataset/{self.dataset}/{name}"


def _told(kind: ColumnType, text: str) -> str:
    """A value's text as data services write it: Beijing time with its offset."""
    if kind is not ColumnType.datetime:
        return text
    return datetime.fromisoformat(text).astimezone(CHINA).isoformat(timespec="microseconds")


def as_text(column: Column) -> sql.Composable:
    """A column that lies as it is, as the text that would be sealed."""
    if column.type is ColumnType.datetime:
        return _INSTANT.format(sql.Identifier(column.name))
    return sql.SQL("{}::text").format(sql.Identifier(column.name))
