"""The shape of a data set: its columns, their types, and what a value of each type may look like."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from citykit.clock import CHINA

NAME = re.compile(r"[a-z][a-z0-9_]{0,58}")
MOST_COLUMNS = 500


class ColumnType(StrEnum):
    """The type of a column, named as in Table Schema (Frictionless Data) and mapped to PostgreSQL."""

    string = "string"
    integer = "integer"
    number = "number"  # exact decimal, never binary floating point
    boolean = "boolean"
    date = "date"
    datetime = "datetime"  # with a zone


SQL_TYPES = {
    ColumnType.string: "text",
    ColumnType.integer: "bigint",
    ColumnType.number: "numeric",
    ColumnType.boolean: "boolean",
    ColumnType.date: "date",
    ColumnType.datetime: "timestamptz",
}


class Sealing(StrEnum):
    """How the values of a column lie in the table."""

    none = "none"  # as they are
    shown = "shown"  # encrypted: can be read and counted, and nothing else
    found = "found"  # encrypted, and found again by an equal value
    citizen_number = "citizen-number"  # the same, by the hash that the population registry finds persons by


@dataclass(frozen=True)
class Column:
    """A column. `required` is checked when rows are loaded: a shape may grow while old rows lack the new column."""

    name: str
    title: str
    type: ColumnType
    required: bool = False
    sealing: Sealing = Sealing.none

    @property
    def is_sealed(self) -> bool:
        """Whether its values lie encrypted."""
        return self.sealing is not Sealing.none

    @property
    def is_findable(self) -> bool:
        """Whether a sealed value is found again by an equal one."""
        return self.sealing in (Sealing.found, Sealing.citizen_number)


@dataclass(frozen=True)
class Shape:
    """The columns of a data set in order, and those whose values name a row (none: rows are only ever added)."""

    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def sealed(self) -> tuple[Column, ...]:
        """The columns whose values lie encrypted."""
        return tuple(column for column in self.columns if column.is_sealed)

    @property
    def has_sealed_key(self) -> bool:
        """Whether a column of the key is sealed: rows are then told apart by a hash of their key."""
        return any(column.is_sealed and column.name in self.key for column in self.columns)

    def sealed_as(self, other: Self) -> Self:
        """This shape, each column that `other` has too sealed as it is there."""
        known = {column.name: column.sealing for column in other.columns}
        columns = tuple(replace(one, sealing=known.get(one.name, one.sealing)) for one in self.columns)
        return replace(self, columns=columns)


_TRUTH = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")


def value(type_: ColumnType, given: str | float | bool) -> str | int | Decimal | bool | date | datetime:
    """What a caller gave as a value of this type; a time without a zone is Beijing's. Raises ValueError."""
    text = str(given)
    if type_ is ColumnType.string:
        return text
    if type_ is ColumnType.boolean:
        if (truth := _TRUTH.get(text.lower())) is None:
            raise ValueError("neither true nor false")
        return truth
    if type_ is ColumnType.date:
        return day(text)
    if type_ is ColumnType.datetime:
        moment = instant(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
    return _number(type_, text)


def day(text: str) -> date:
    """A day as YYYY-MM-DD, and in none of the other forms of ISO 8601. Raises ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError("not YYYY-MM-DD")
    return date.fromisoformat(text)


def instant(text: str) -> datetime:
    """A time whose day is written so, as RFC 3339 has it; its zone may be missing. Raises ValueError."""
    if not _DAY.match(text):
        raise ValueError("not YYYY-MM-DD")
    return datetime.fromisoformat(text)


def _number(type_: ColumnType, text: str) -> int | Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a number")
    number = Decimal(text)
    if type_ is ColumnType.number:
        return number
    if number != number.to_integral_value() or abs(number) >= 2**63:
        raise ValueError("not a whole number that fits")
    return int(number)


def faults(shape: Shape) -> list[str]:
    """What is wrong with a shape; empty where nothing is."""
    names = [column.name for column in shape.columns]
    found = [f"not a column name: {name}" for name in names if not NAME.fullmatch(name)]
    found += [f"twice: {name}" for name in sorted({name for name in names if names.count(name) > 1})]
    found += [f"no such column: {name}" for name in shape.key if name not in names]
    if not 1 <= len(names) <= MOST_COLUMNS:
        found.append(f"{len(names)} columns; there may be 1 to {MOST_COLUMNS}")
    return found


def growth(before: Shape, after: Shape) -> tuple[Column, ...] | None:
    """The columns that a changed shape adds, or None where it needs a new table: a type or the key changed.

    How columns are sealed may differ: that is changed in the rows that there are.
    """
    if before.key != after.key:
        return None
    for column in before.columns:
        same = after.column(column.name)
        if same is not None and same.type is not column.type:
            return None
    return tuple(column for column in after.columns if before.column(column.name) is None)
