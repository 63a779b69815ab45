"""From a question to the one SELECT that answers it: identifiers quoted by the driver, every value bound."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from psycopg import sql

from data_hub import beijing
from data_hub.datasets.domain import ColumnType
from data_hub.datasets.sealed import Sealed, hash_column
from data_hub.services.domain import (
    BadQuestion,
    Condition,
    Field,
    Group,
    Order,
    Question,
    value,
)
from data_hub.services.operators import COMPARISONS, PATTERNS

TRUE = sql.SQL("true")
# Each value is bound with its type: no statement leaves one to be guessed from what stands beside it.
_TYPES: dict[type, sql.SQL] = {
    str: sql.SQL("text"), bool: sql.SQL("boolean"), int: sql.SQL("bigint"), Decimal: sql.SQL("numeric"),
    date: sql.SQL("date"), datetime: sql.SQL("timestamptz"), bytes: sql.SQL("bytea"),
}  # fmt: skip
_ROW_ID = "_id"
_WHOSE = sql.Identifier("_whose")
FEW = 10  # a group of more persons tells of none of them
_INSTANT = sql.SQL(beijing.written("{}"))
_WORDS = {"null": "null", "true": "true", "false": "false", "unknown": "unknown"}
_FUNCTIONS = {"count": "count", "sum": "sum", "avg": "avg", "min": "min", "max": "max"}


@dataclass(frozen=True)
class Statement:
    """A statement and the values that it binds, in order."""

    text: sql.Composed
    values: tuple[Any, ...]


class Compiler:
    """Compiles questions to the rows of one table, seen through a policy's filter that the caller cannot widen.

    `numbers` are the columns whose citizen numbers say whose a row is: a page then says whose rows it shows, and which
    persons stand behind a group of a FEW. Sealed values come under the mark of `sealed`, which opens them.
    """

    def __init__(
        self, table: str, columns: Mapping[str, ColumnType], policy: Group | None, sealed: Sealed,
        numbers: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._table = sql.Identifier(table)
        self._sealed = sealed
        self._columns = columns
        self._policy = policy
        self._numbers = numbers

    def page(self, asked: Question) -> Statement:
        """One page: the rows as one JSON text, how many were found (one beyond the page), the key of the last row.

        Then whose the rows of the page are: a list of citizen numbers for each, or of their hashes where they are
        sealed; null where the table has none.
        """
        values: list[Any] = []
        keys = self._keys(asked)
        inner = self._rows(asked, values)
        seek = TRUE if asked.after is None else _beyond(keys, self._after(asked, keys), values)
        order = sql.SQL(", ").join(_ordered(key, "s") for key, _ in keys)
        again = sql.SQL(", ").join(_ordered(key, "r") for key, _ in keys)
        shown = sql.SQL(", ").join(self._shown(field) for field in asked.fields)
        last = sql.SQL(", ").join(sql.SQL("r.{}::text").format(sql.Identifier(key.name)) for key, _ in keys)
        text = sql.SQL(
            "select coalesce(string_agg(j, ',' order by n) filter (where n <= %s::bigint), ''), count(*),"
            " (array_agg(k::text) filter (where n = %s::bigint))[1], {whose} from ("
            "select row_to_json(o)::text as j, json_build_array({last}) as k, row_number() over (order by {again}) as n"
            "{carried}"
            " from (select * from ({inner}) as s where {seek} order by {order} limit %s::bigint) as r"
            " cross join lateral (select {shown}) as o) as p"
        ).format(
            last=last, again=again, inner=inner, seek=seek, order=order, shown=shown,
            whose=_GATHERED if self._numbers else sql.SQL("null"),
            carried=_CARRIED if self._numbers else sql.SQL(""),
        )  # fmt: skip
        bounds = (asked.limit,) * (3 if self._numbers else 2)
        return Statement(text, (*bounds, *values, asked.limit + 1))

    def each(self, asked: Question) -> Statement:
        """All rows up to the limit, one by one: each as JSON text, and whose it is as in `page`."""
        values: list[Any] = []
        keys, inner = self._keys(asked), self._rows(asked, values)
        text = sql.SQL(
            "select row_to_json(o)::text, {whose}"
            " from (select * from ({inner}) as s order by {order} limit %s::bigint) as r"
            " cross join lateral (select {shown}) as o order by {again}"
        ).format(
            inner=inner, order=sql.SQL(", ").join(_ordered(key, "s") for key, _ in keys),
            again=sql.SQL(", ").join(_ordered(key, "r") for key, _ in keys),
            shown=sql.SQL(", ").join(self._shown(field) for field in asked.fields),
            whose=sql.SQL("to_json(r.{})").format(_WHOSE) if self._numbers else sql.SQL("null"),
        )  # fmt: skip
        return Statement(text, (*values, asked.limit))

    def count(self, asked: Question) -> Statement:
        """How many rows, or groups, the question finds in all."""
        values: list[Any] = []
        inner = self._rows(asked, values)
        return Statement(sql.SQL("select count(*) from ({}) as s").format(inner), tuple(values))

    def cursor(self, asked: Question, last: str) -> str:
        """The cursor after the row whose key is `last`, a JSON array: good for this order alone."""
        text = json.dumps([self._mark(asked), *json.loads(last)])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def _rows(self, asked: Question, values: list[Any]) -> sql.Composable:
        where = [self._where(group, values) for group in (self._policy, asked.where) if group is not None]
        condition = sql.SQL(" and ").join(where) if where else TRUE
        if not asked.is_aggregated:
            names = {field.name for field in asked.fields} | {key.name for key in asked.order}
            picked: list[sql.Composable] = [sql.Identifier(_ROW_ID)]
            picked += [sql.Identifier(name) for name in self._columns if name in names]
            picked += [_of_row(self._whose)] if self._numbers else []
            parts = {"picked": sql.SQL(", ").join(picked), "table": self._table, "where": condition}
            return sql.SQL("select {picked} from {table} where {where}").format(**parts)
        picked = [sql.SQL("{} as {}").format(_aggregate(field), sql.Identifier(field.name)) for field in asked.fields]
        picked += [_of_group(self._whose)] if self._numbers else []
        groups = [sql.Identifier(field.name) for field in asked.fields if field.aggregate is None]
        by = sql.SQL(" group by {}").format(sql.SQL(", ").join(groups)) if groups else sql.SQL("")
        return sql.SQL("select {picked} from {table} where {where}{by}").format(
            picked=sql.SQL(", ").join(picked), table=self._table, where=condition, by=by
        )

    def _where(self, part: Condition | Group, values: list[Any]) -> sql.Composable:
        made: sql.Composable
        if isinstance(part, Condition):
            made = self._condition(part, values)
        elif not part.parts:
            made = TRUE
        else:
            joined = sql.SQL(" and " if part.joined_by == "and" else " or ")
            made = sql.SQL("({})").format(joined.join(self._where(one, values) for one in part.parts))
        return sql.SQL("not {}").format(made) if part.negated else made

    @property
    def _whose(self) -> list[str]:
        return [hash_column(name) if self._sealed.column(name) else name for name in self._numbers]

    def _condition(self, part: Condition, values: list[Any]) -> sql.Composed:
        if self._sealed.column(part.column) is None or part.operator == "is":
            return _condition(part.operator, part.column, part.values, part.word, values)
        hashes = [self._sealed.found_by(part.column, one) for one in part.values]
        return _condition(part.operator, hash_column(part.column), hashes, part.word, values)

    def _shown(self, field: Field) -> sql.Composable:
        column = sql.Identifier("r", field.name)
        if field.aggregate is None and self._sealed.column(field.name) is not None:
            made: sql.Composable = self._sealed.shown(field.name, column)
        else:
            made = _INSTANT.format(column) if field.type is ColumnType.datetime else column
        return sql.SQL("{} as {}").format(made, sql.Identifier(field.name))

    def _keys(self, asked: Question) -> list[tuple[Order, ColumnType]]:
        types = dict(self._columns) | {field.name: field.type for field in asked.fields}
        keys = [(key, types[key.name]) for key in asked.order]
        if not asked.is_aggregated:
            return [*keys, (Order(_ROW_ID, False, False), ColumnType.integer)]
        named = {key.name for key in asked.order}
        rest = [field for field in asked.fields if field.aggregate is None and field.name not in named]
        keys += [(Order(field.name, False, False), field.type) for field in rest]
        return keys or [(Order(asked.fields[0].name, False, False), asked.fields[0].type)]

    def _mark(self, asked: Question) -> str:
        told = [[key.name, key.descending, key.nulls_first] for key, _ in self._keys(asked)]
        return sha256(json.dumps(told).encode()).hexdigest()[:16]

    def _after(self, asked: Question, keys: Sequence[tuple[Order, ColumnType]]) -> list[Any]:
        wrong = BadQuestion("?after", "bad-cursor", "分页游标无效", "The cursor is not of this list")
        try:
            text = (asked.after or "").encode("ascii")
            told = json.loads(base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True))
        except (ValueError, binascii.Error, RecursionError):
            raise wrong from None
        fits = isinstance(told, list) and len(told) == len(keys) + 1 and told[0] == self._mark(asked)
        if not fits or not all(one is None or isinstance(one, str) for one in told[1:]):
            raise wrong
        return [
            None if one is None else value(one, type_, "?after") for one, (_, type_) in zip(told[1:], keys, strict=True)
        ]


_GATHERED = sql.SQL("json_agg(w) filter (where n <= %s::bigint and w is not null)")
_CARRIED = sql.SQL(", to_json(r.{}) as w").format(_WHOSE)


def _of_row(numbers: Sequence[str]) -> sql.Composed:
    return sql.SQL("array[{}]::text[] as {}").format(sql.SQL(", ").join(map(sql.Identifier, numbers)), _WHOSE)


def _of_group(numbers: Sequence[str]) -> sql.Composed:
    few = sql.SQL("case when count(distinct {0}) <= {1} then array_agg(distinct {0}::text) end")
    each = [few.format(sql.Identifier(name), sql.Literal(FEW)) for name in numbers]
    return sql.SQL("{} as {}").format(sql.SQL(" || ").join(each), _WHOSE)


def _condition(operator: str, name: str, compared: Sequence[Any], word: str, values: list[Any]) -> sql.Composed:
    column = sql.Identifier(name)
    if operator == "is":
        return sql.SQL("({} is {})").format(column, sql.SQL(_WORDS[word]))
    if operator == "in":
        values.append(list(compared))
        return sql.SQL("({} = any(%s::{}[]))").format(column, _TYPES[type(compared[0])])
    values.append(compared[0])
    sign = COMPARISONS.get(operator) or PATTERNS[operator]
    return sql.SQL("({} {} %s::{})").format(column, sql.SQL(sign), _TYPES[type(compared[0])])


def _aggregate(field: Field) -> sql.Composable:
    if field.aggregate is None:
        return sql.Identifier(field.name)
    inner: sql.Composable = sql.SQL("*") if field.column is None else sql.Identifier(field.column)
    function = sql.SQL(_FUNCTIONS[field.aggregate])
    return sql.SQL("{}({})").format(function, inner)


def _ordered(key: Order, *of: str) -> sql.Composed:
    way = sql.SQL("desc" if key.descending else "asc")
    return sql.SQL("{} {} {}").format(
        sql.Identifier(*of, key.name), way, sql.SQL("nulls first" if key.nulls_first else "nulls last")
    )


def _beyond(keys: Sequence[tuple[Order, ColumnType]], after: Sequence[Any], values: list[Any]) -> sql.Composable:
    """The condition "after this row": further by the first key, or equal there and further by the next, and so on."""
    alternatives: list[sql.Composable] = []
    for at, (key, _) in enumerate(keys):
        further = _further(key, after[at])
        if further is None:
            continue
        equal = [_equal(one, after[index], values) for index, (one, _) in enumerate(keys[:at])]
        if after[at] is not None:
            values.append(after[at])
        alternatives.append(sql.SQL("({})").format(sql.SQL(" and ").join([*equal, further])))
    return sql.SQL("({})").format(sql.SQL(" or ").join(alternatives)) if alternatives else sql.SQL("false")


def _equal(key: Order, last: Any, values: list[Any]) -> sql.Composed:
    if last is None:
        return sql.SQL("{} is null").format(sql.Identifier(key.name))
    values.append(last)
    return sql.SQL("{} = %s::{}").format(sql.Identifier(key.name), _TYPES[type(last)])


def _further(key: Order, last: Any) -> sql.Composed | None:
    column = sql.Identifier(key.name)
    if last is None:
        return sql.SQL("{} is not null").format(column) if key.nulls_first else None
    sign = sql.SQL("<" if key.descending else ">")
    nulls = sql.SQL("") if key.nulls_first else sql.SQL(" or {} is null").format(column)
    return sql.SQL("({} {} %s::{}{})").format(column, sign, _TYPES[type(last)], nulls)
