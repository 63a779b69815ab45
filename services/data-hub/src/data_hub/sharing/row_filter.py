"""The rows of a grant 行过滤: a conjunction in a part of the data services' grammar, typed by the columns it names.

`district=eq.131102&aqi=gte.100&state=not.in.(a,b)`: operators eq neq gt gte lt lte like in is, each after `not.` or
bare. A filter becomes SQL with bound values only; its names are names of columns that exist, or it is refused. What is
accepted here the data services read alike: a row without a value fits neither a comparison nor its contrary.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from psycopg import sql

from data_hub.datasets.domain import SQL_TYPES, ColumnType

LONGEST = 1000
MOST_CONDITIONS = 20
MOST_VALUES = 200
MOST_WILDCARDS = 6
LONGEST_VALUE = 500
_CONDITION = re.compile(r"(?P<name>[a-z][a-z0-9_]{0,58})=(?P<no>not\.)?(?P<op>[a-z]+)\.(?P<value>.*)", re.DOTALL)
# What is written otherwise in an address would be read otherwise there, so it is no part of a value.
_NO_VALUE = re.compile(r"[%+&#\x00-\x1f\x7f]")
_NUMBER = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,60})?")
_COMPARISONS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "like"}
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


def parse(text: str, types: Mapping[str, ColumnType]) -> tuple[Condition, ...]:
    """The conditions of a filter over columns of these types. Raises WrongFilter."""
    if len(text) > LONGEST:
        raise WrongFilter(f"longer than {LONGEST} characters")
    parts = text.split("&")
    if len(parts) > MOST_CONDITIONS:
        raise WrongFilter(f"more than {MOST_CONDITIONS} conditions")
    return tuple(_condition(part, types) for part in parts)


def _condition(part: str, types: Mapping[str, ColumnType]) -> Condition:
    found = _CONDITION.fullmatch(part)
    if found is None:
        raise WrongFilter(f"not a condition: {part[:60]}")
    name, operator, value = found["name"], found["op"], found["value"]
    kind = types.get(name)
    if kind is None:
        raise WrongFilter(f"no such column: {name}")
    if _NO_VALUE.search(value):
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
    if any(not one or one[0] == '"' or "(" in one or ")" in one for one in values):
        raise WrongFilter("an empty, quoted or nested value in a list")
    return values


def _check(value: str, kind: ColumnType, name: str) -> None:
    try:
        if kind is ColumnType.integer:
            fits = re.fullmatch(r"-?\d{1,18}", value, re.ASCII) is not None
        elif kind is ColumnType.number:
            fits = _NUMBER.fullmatch(value) is not None
        elif kind is ColumnType.boolean:
            fits = value in {"true", "false"}
        elif kind is ColumnType.date:
            fits = value.isascii() and date.fromisoformat(value) is not None
        elif kind is ColumnType.datetime:
            fits = value.isascii() and datetime.fromisoformat(value).tzinfo is not None
        else:
            fits = len(value) <= LONGEST_VALUE
    except ValueError:
        fits = False
    if not fits:
        raise WrongFilter(f"not a value of type {kind.value}: {name}")


def compiled(conditions: tuple[Condition, ...], types: Mapping[str, ColumnType]) -> tuple[sql.Composed, list[str]]:
    """The filter as a condition of SQL and its bound values; `true` for no conditions."""
    parts, values = [], list[str]()
    for one in conditions:
        part, bound = _compiled(one, types[one.column])
        parts.append(sql.SQL("not {}").format(part) if one.negated else part)
        values += bound
    return sql.SQL(" and ").join(parts) if parts else sql.Composed([sql.SQL("true")]), values


def _compiled(one: Condition, kind: ColumnType) -> tuple[sql.Composed, list[str]]:
    name, cast = sql.Identifier(one.column), sql.SQL(SQL_TYPES[kind])
    if one.operator == "is":
        return sql.SQL("({} is {})").format(name, sql.SQL(_IS[one.values[0]])), []
    values = [one.values[0].replace("*", "%")] if one.operator == "like" else list(one.values)
    places = [sql.SQL("{}::{}").format(sql.Placeholder(), cast) for _ in values]
    if one.operator == "in":
        return sql.SQL("({} in ({}))").format(name, sql.SQL(", ").join(places)), values
    return sql.SQL("({} {} {})").format(name, sql.SQL(_COMPARISONS[one.operator]), places[0]), values
