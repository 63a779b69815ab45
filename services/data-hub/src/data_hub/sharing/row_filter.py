"""The rows of a grant 行过滤: a conjunction in a part of the data services' grammar, typed by the columns it names.

`district=eq.131102&aqi=gte.100&state=not.in.(a,b)`: operators eq neq gt gte lt lte like in is, each after `not.` or
bare. `where.` may stand before a name, as in questions it must before one that is a word of their grammar. A filter
becomes SQL with bound values only; its names are names of columns that exist, or it is refused. What is accepted here
the data services read alike: a row without a value fits neither a comparison nor its contrary. A column whose values
lie sealed is compared by equality alone (eq, neq, in, is), and only by `is` where it is not findable.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from psycopg import sql

from data_hub.datasets.domain import SQL_TYPES, ColumnType, Sealing, instant, value
from data_hub.datasets.sealed import Sealed, hash_column

LONGEST = 1000
MOST_CONDITIONS = 20
MOST_VALUES = 200
MOST_WILDCARDS = 6
LONGEST_VALUE = 500
_CONDITION = re.compile(
    r"(?:where\.)?(?P<name>[a-z][a-z0-9_]{0,58})=(?P<no>not\.)?(?P<op>[a-z]+)\.(?P<value>.*)", re.DOTALL
)
# What is written otherwise in an address would be read otherwise there, so it is no part of a value.
_NO_VALUE = re.compile(r"[%+&#\x00-\x1f\x7f]")
_NO_MOMENT = re.compile(r"[%&#\x00-\x1f\x7f]")  # the plus of a zone is read as one even where it became a space
_LISTED = frozenset('"\\()')  # what parts or quotes values there
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_COMPARISONS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "like"}
_EQUALITY = frozenset({"eq", "neq", "in"})
_IS = {"null": "null", "true": "true", "false": "false"}


class WrongFilter(ValueError):
    """The text is no filter; the message says where."""


@dataclass(frozen=True)
class Condition:
    """One column, an operator, its values as text."""

    column: str
    negated: bool
    operator: str
    values: tuple[str, ...]


def parse(
    text: str, types: Mapping[str, ColumnType], sealing: Mapping[str, Sealing] = MappingProxyType({})
) -> tuple[Condition, ...]:
    """The conditions of a filter over columns of these types, some of them sealed. Raises WrongFilter."""
    if len(text) > LONGEST:
        raise WrongFilter(f"longer than {LONGEST} characters")
    parts = text.split("&")
    if len(parts) > MOST_CONDITIONS:
        raise WrongFilter(f"more than {MOST_CONDITIONS} conditions")
    found = tuple(_condition(part, types) for part in parts)
    for one in found:
        _check_sealed(one, sealing.get(one.column, Sealing.none))
    return found


def _check_sealed(one: Condition, sealing: Sealing) -> None:
    if sealing is Sealing.none or one.operator == "is":
        return
    if sealing is Sealing.shown or one.operator not in _EQUALITY:
        raise WrongFilter(f"a sealed column, at most equal values are found: {one.column}")


def _condition(part: str, types: Mapping[str, ColumnType]) -> Condition:
    found = _CONDITION.fullmatch(part)
    if found is None:
        raise WrongFilter(f"not a condition: {part[:60]}")
    name, operator, value = found["name"], found["op"], found["value"]
    kind = types.get(name)
    if kind is None:
        raise WrongFilter(f"no such column: {name}")
    if (_NO_MOMENT if kind is ColumnType.datetime else _NO_VALUE).search(value):
        raise WrongFilter(f"a character that a value may not hold: {name}")
    if operator == "in":
        values = _listed(value)
    elif operator == "is":
        if value not in _IS or (value != "null" and kind is not ColumnType.boolean):
            raise WrongFilter(f"is.null, or is.true and is.false of a boolean: {name}")
        return Condition(name, bool(found["no"]), operator, (value,))
    elif operator in _COMPARISONS:
        values = (value,)
    else:
        raise WrongFilter(f"no such operator: {operator}")
    if operator == "like":
        _check_pattern(value, kind, name)
    for one in values:
        _check(one, kind, name)
    return Condition(name, bool(found["no"]), operator, values)


def _check_pattern(value: str, kind: ColumnType, name: str) -> None:
    if kind is not ColumnType.string:
        raise WrongFilter(f"like is for text: {name}")
    if sum(value.count(one) for one in "*_") > MOST_WILDCARDS or value.endswith("\\"):
        raise WrongFilter(f"at most {MOST_WILDCARDS} wildcards, and no backslash at the end: {name}")


def _listed(value: str) -> tuple[str, ...]:
    if not (value.startswith("(") and value.endswith(")")):
        raise WrongFilter("in wants a list in parentheses")
    values = tuple(value[1:-1].split(","))
    if len(values) > MOST_VALUES:
        raise WrongFilter(f"more than {MOST_VALUES} values")
    if any(not one or not _LISTED.isdisjoint(one) for one in values):
        raise WrongFilter("an empty, quoted or nested value in a list")
    return values


def _check(text: str, kind: ColumnType, name: str) -> None:
    try:
        fits = _fits(text, kind)
        value(kind, text)
    except (ValueError, OverflowError):
        fits = False
    if not fits:
        raise WrongFilter(f"not a value of type {kind.value}: {name}")


def _fits(text: str, kind: ColumnType) -> bool:
    """Whether the data services take a text for a value of this type too."""
    if kind is ColumnType.integer:
        return re.fullmatch(r"-?\d{1,18}", text, re.ASCII) is not None
    if kind is ColumnType.number:
        return _NUMBER.fullmatch(text) is not None
    if kind is ColumnType.boolean:
        return text in {"true", "false"}
    if kind is ColumnType.datetime:
        return instant(text).tzinfo is not None
    return kind is ColumnType.date or len(text) <= LONGEST_VALUE


def compiled(
    conditions: tuple[Condition, ...], types: Mapping[str, ColumnType], sealed: Sealed
) -> tuple[sql.Composed, list[Any]]:
    """The filter as a condition of SQL and its bound values; `true` for no conditions."""
    parts, values = [], list[Any]()
    for one in conditions:
        hides = sealed.column(one.column) is not None and one.operator != "is"
        part, bound = _by_hash(one, sealed) if hides else _compiled(one, types[one.column])
        parts.append(sql.SQL("not {}").format(part) if one.negated else part)
        values += bound
    return sql.SQL(" and ").join(parts) if parts else sql.Composed([sql.SQL("true")]), values


def _by_hash(one: Condition, sealed: Sealed) -> tuple[sql.Composed, list[Any]]:
    column = sealed.column(one.column)
    assert column is not None  # asked before
    hashes = [sealed.found_by(one.column, value(column.type, text)) for text in one.values]
    name = sql.Identifier(hash_column(one.column))
    if one.operator == "in":
        return sql.SQL("({} = any({}::bytea[]))").format(name, sql.Placeholder()), [hashes]
    return sql.SQL("({} {} {}::bytea)").format(name, sql.SQL(_COMPARISONS[one.operator]), sql.Placeholder()), hashes


def _compiled(one: Condition, kind: ColumnType) -> tuple[sql.Composed, Sequence[Any]]:
    name, cast = sql.Identifier(one.column), sql.SQL(SQL_TYPES[kind])
    if one.operator == "is":
        return sql.SQL("({} is {})").format(name, sql.SQL(_IS[one.values[0]])), []
    like = one.operator == "like"
    values = [one.values[0].replace("*", "%")] if like else [value(kind, text) for text in one.values]
    places = [sql.SQL("{}::{}").format(sql.Placeholder(), cast) for _ in values]
    if one.operator == "in":
        return sql.SQL("({} in ({}))").format(name, sql.SQL(", ").join(places)), values
    return sql.SQL("({} {} {})").format(name, sql.SQL(_COMPARISONS[one.operator]), places[0]), values
