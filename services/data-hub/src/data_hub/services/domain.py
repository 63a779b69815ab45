"""The grammar of questions to rows (PostgREST's): what may be asked, read from text and bounded, without any SQL.

Column names are resolved against the columns that the caller may see. A column that does not exist and one that is not
granted are refused alike, wherever they are named, so that no filter or order tells what a hidden column holds.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from urllib.parse import parse_qsl

from data_hub.datasets.domain import Column, ColumnType, day, instant
from data_hub.services.operators import COMPARISONS, PATTERNS, operators_of

MOST_CONDITIONS = 40
MOST_DEPTH = 5
MOST_LIST = 200
MOST_WILDCARDS = 6
MOST_TEXT = 500
MOST_QUERY = 8000
MOST_ORDER = 6
MOST_FIELDS = 500
MOST_AGGREGATES = 12
MOST_ROWS = 1000
MOST_EXPORTED = 1_000_000
USUAL_ROWS = 100

RESERVED = frozenset({"select", "order", "limit", "after", "count", "grant"})
WHERE = "where."  # before the name of a column that is named as a word of the grammar: where.limit=gt.1
AGGREGATES = frozenset({"count", "sum", "avg", "min", "max"})
_NAME = re.compile(r"[a-z][a-z0-9_]{0,58}")
_AGGREGATE = re.compile(r"(?:([a-z][a-z0-9_]{0,58}):)?(count|sum|avg|min|max)\(([a-z0-9_]*)\)")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,60}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,2})?")
_ZONE_BY_SPACE = re.compile(r" (?=\d\d:?\d\d$)")  # a plus sign that the URL turned into a space
_NUMERIC = frozenset({ColumnType.integer, ColumnType.number})


Value = str | int | Decimal | bool | date | datetime
Columns = Mapping[str, ColumnType]
SealedColumns = Mapping[str, Column]
_NONE_SEALED: SealedColumns = MappingProxyType({})


class BadQuestion(ValueError):
    """A question that cannot be asked: where it is wrong, a code, and both sentences."""

    def __init__(self, pointer: str, code: str, chinese: str, english: str) -> None:
        super().__init__(code)
        self.pointer, self.code, self.chinese, self.english = pointer, code, chinese, english


@dataclass(frozen=True)
class Condition:
    """A column, an operator and what it is compared with; `values` is empty for `is`, whose operand is `word`."""

    column: str
    operator: str
    values: tuple[Value, ...] = ()
    word: str = ""
    negated: bool = False


@dataclass(frozen=True)
class Group:
    """Conditions joined by `and` or `or`."""

    joined_by: str
    parts: "tuple[Condition | Group, ...]"
    negated: bool = False


@dataclass(frozen=True)
class Field:
    """What a row of the answer has: a column, or an aggregate of one (of no column: how many rows)."""

    name: str
    column: str | None
    type: ColumnType
    aggregate: str | None = None


@dataclass(frozen=True)
class Order:
    """One key of the order of the answer."""

    name: str
    descending: bool
    nulls_first: bool


@dataclass(frozen=True)
class Question:
    """A whole question to the rows of a resource."""

    fields: tuple[Field, ...]
    where: Group
    order: tuple[Order, ...]
    limit: int
    after: str | None
    counted: bool

    @property
    def is_aggregated(self) -> bool:
        """Whether rows are grouped."""
        return any(field.aggregate for field in self.fields)


def conditions(text: str, columns: Columns, sealed: SealedColumns = _NONE_SEALED) -> Group:
    """The row filter of a grant, `district=eq.131102&state=in.(a,b)`, as conditions. Raises BadQuestion."""
    if len(text) > MOST_QUERY:
        raise BadQuestion("", "too-long", "过滤条件过长", "The filter is too long")
    reader = _Reader(columns, sealed)
    return Group("and", tuple(reader.plain(*pair) for pair in parse_qsl(text, keep_blank_values=True)))


def question(
    pairs: Iterable[tuple[str, str]],
    columns: Columns,
    sealed: SealedColumns = _NONE_SEALED,
    numbers: Sequence[str] = (),
) -> Question:
    """The question that the parameters of a request ask, about columns the caller may see. Raises BadQuestion.

    The least and the greatest of `numbers`, which name persons, cannot be asked: nobody could say who was read. What
    is sealed is compared by equality alone, and not at all where its column is not findable.
    """
    told: dict[str, str] = {}
    reader = _Reader(columns, sealed)
    parts: list[Condition | Group] = []
    for name, value in pairs:
        if name not in RESERVED:
            parts.append(reader.pair(name, value))
        elif name in told:
            raise BadQuestion(f"?{name}", "repeated", "参数重复", "The parameter is given twice")
        else:
            told[name] = value
    fields = _fields(told.get("select"), columns)
    if any(field.aggregate in ("min", "max") and field.column in numbers for field in fields):
        raise BadQuestion(
            "?select", "type-mismatch", "公民身份号码不能这样聚合", "Citizen numbers are not aggregated so"
        )
    order = _order(told.get("order"), fields, columns)
    _check_sealed(fields, order, sealed)
    return Question(
        fields=fields, where=Group("and", tuple(parts)), order=order,
        limit=_limit(told.get("limit")), after=told.get("after"), counted=_counted(told.get("count")),
    )  # fmt: skip


def type_of(name: str, columns: Columns, pointer: str) -> ColumnType:
    """The type of a column that the caller may see. Raises BadQuestion for any other name."""
    found = columns.get(name)
    if found is None:
        raise BadQuestion(
            pointer, "unknown-column", "没有该字段或未获授权", "There is no such column, or it is not granted"
        )
    return found


class _Reader:
    """Reads conditions and counts them."""

    def __init__(self, columns: Columns, sealed: SealedColumns) -> None:
        self._columns = columns
        self._sealed = sealed
        self._count = 0

    def pair(self, name: str, value: str) -> Condition | Group:
        """The condition that a parameter states."""
        pointer = f"?{name[:80]}"
        negated = name.startswith("not.")
        if (kind := name.removeprefix("not.")) in ("and", "or"):
            return self._group(kind, value, negated, pointer, 1)
        return self.plain(name, value)

    def plain(self, name: str, value: str) -> Condition:
        """The condition that a parameter states which is no group."""
        return self._condition(name.removeprefix(WHERE), value, f"?{name[:80]}")

    def _group(self, kind: str, text: str, negated: bool, pointer: str, depth: int) -> Group:
        if depth > MOST_DEPTH:
            raise BadQuestion(pointer, "too-deep", "条件嵌套过深", f"Groups nest at most {MOST_DEPTH} deep")
        if not (text.startswith("(") and text.endswith(")")):
            raise BadQuestion(pointer, "malformed", "条件组须用括号", "A group stands in parentheses")
        parts = split(text[1:-1], pointer)
        return Group(kind, tuple(self._part(part, pointer, depth) for part in parts), negated)

    def _part(self, text: str, pointer: str, depth: int) -> Condition | Group:
        for kind in ("and", "or"):
            for start, negated in ((kind + "(", False), (f"not.{kind}(", True)):
                if text.startswith(start):
                    return self._group(kind, text[len(start) - 1 :], negated, pointer, depth + 1)
        column, dot, rest = text.partition(".")
        if not dot:
            raise BadQuestion(pointer, "malformed", "条件格式应为 列.运算符.值", "A condition is column.operator.value")
        return self._condition(column, rest, pointer, in_group=True)

    def _condition(self, column: str, text: str, pointer: str, *, in_group: bool = False) -> Condition:
        self._count += 1
        if self._count > MOST_CONDITIONS:
            raise BadQuestion(pointer, "too-many", "条件过多", f"At most {MOST_CONDITIONS} conditions")
        type_ = type_of(column, self._columns, pointer)
        negated = text.startswith("not.")
        operator, dot, operand = text.removeprefix("not.").partition(".")
        if not dot:
            raise BadQuestion(pointer, "malformed", "条件格式应为 运算符.值", "A condition is operator.value")
        if (one := self._sealed.get(column)) is not None and operator not in operators_of(one):
            raise _sealed_fault(pointer)
        if operator in COMPARISONS:
            plain = unquoted(operand) if in_group else operand
            return Condition(column, operator, (value(plain, type_, pointer),), negated=negated)
        if operator in PATTERNS:
            plain = unquoted(operand) if in_group else operand
            return Condition(column, operator, (_pattern(plain, type_, pointer),), negated=negated)
        if operator == "in":
            return Condition(column, "in", _list(operand, type_, pointer), negated=negated)
        if operator == "is":
            return Condition(column, "is", word=_word(operand, type_, pointer), negated=negated)
        raise BadQuestion(pointer, "unknown-operator", "不支持的运算符", "There is no such operator")


def _sealed_fault(pointer: str) -> BadQuestion:
    return BadQuestion(
        pointer,
        "sealed-column",
        "该字段加密保存，至多可按相等值查找",
        "The column is sealed: at most equal values are found",
    )


def _check_sealed(fields: Sequence[Field], order: Sequence[Order], sealed: SealedColumns) -> None:
    """Refuse orders, groups and aggregates that nobody can make of sealed values; counting them is none."""
    is_aggregated = any(field.aggregate for field in fields)
    if is_aggregated and any(field.column in sealed and field.aggregate != "count" for field in fields):
        raise _sealed_fault("?select")
    if any(key.name in sealed and not is_aggregated for key in order):
        raise _sealed_fault("?order")


def split(text: str, pointer: str) -> list[str]:
    """Split at commas that stand outside of parentheses and double quotes. Raises BadQuestion."""
    parts, start, depth, quoted, skip = [], 0, 0, False, False
    for at, character in enumerate(text):
        if skip:
            skip = False
        elif quoted:
            skip, quoted = character == "\\", character != '"'
        elif character == '"':
            quoted = True
        elif character == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
        else:
            depth += (character == "(") - (character == ")")
            if depth < 0:
                break
    if depth != 0 or quoted:
        raise BadQuestion(pointer, "malformed", "括号或引号不配对", "Parentheses or quotes do not match")
    return [*parts, text[start:]]


def unquoted(text: str) -> str:
    """A value without its double quotes and backslashes, as it stands in lists and groups."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text


def value(text: str, type_: ColumnType, pointer: str) -> Value:
    """A value of a column's type. Raises BadQuestion."""
    if len(text) > MOST_TEXT or "\x00" in text or any("\ud800" <= one <= "\udfff" for one in text):
        raise BadQuestion(pointer, "not-text", "值过长或含有无法保存的字符", "The value is too long or no text")
    try:
        return _parsed(text, type_)
    except (ValueError, InvalidOperation, OverflowError):
        raise BadQuestion(
            pointer, "type-mismatch", f"值与字段类型({type_.value})不符", f"The value is no {type_.value}"
        ) from None


def _parsed(text: str, type_: ColumnType) -> Value:
    if type_ is ColumnType.string:
        return text
    if type_ is ColumnType.boolean and text in ("true", "false"):
        return text == "true"
    if type_ is ColumnType.date:
        return day(text)
    if type_ is ColumnType.datetime:
        moment = instant(_ZONE_BY_SPACE.sub("+", text))
        if moment.tzinfo is not None:
            return moment
    if type_ is ColumnType.integer and _INTEGER.fullmatch(text) and -(2**63) <= int(text) < 2**63:
        return int(text)
    if type_ is ColumnType.number and _NUMBER.fullmatch(text):
        return Decimal(text)
    raise ValueError(text)


def _pattern(text: str, type_: ColumnType, pointer: str) -> str:
    if type_ is not ColumnType.string:
        raise BadQuestion(pointer, "type-mismatch", "模糊匹配仅用于文本字段", "Patterns are for text columns")
    pattern = str(value(text, type_, pointer)).replace("*", "%")
    if sum(pattern.count(one) for one in "%_") > MOST_WILDCARDS:
        raise BadQuestion(pointer, "too-costly", "通配符过多", f"At most {MOST_WILDCARDS} wildcards")
    if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        raise BadQuestion(pointer, "malformed", "模式不能以转义符结尾", "A pattern does not end with an escape")
    return pattern


def _list(text: str, type_: ColumnType, pointer: str) -> tuple[Value, ...]:
    if not (text.startswith("(") and text.endswith(")")):
        raise BadQuestion(pointer, "malformed", "in 的值须用括号", "The values of `in` stand in parentheses")
    parts = split(text[1:-1], pointer) if text != "()" else []
    if not 1 <= len(parts) <= MOST_LIST:
        raise BadQuestion(pointer, "too-many", f"in 可含 1 至 {MOST_LIST} 个值", f"`in` takes 1 to {MOST_LIST} values")
    return tuple(value(unquoted(part), type_, pointer) for part in parts)


def _word(text: str, type_: ColumnType, pointer: str) -> str:
    if text == "null" or (text in ("true", "false", "unknown") and type_ is ColumnType.boolean):
        return text
    raise BadQuestion(pointer, "type-mismatch", "is 后仅可用 null 或布尔值", "`is` takes null, or a truth value")


def _fields(text: str | None, columns: Columns) -> tuple[Field, ...]:
    if text is None or text == "*":
        return tuple(Field(name, name, type_) for name, type_ in columns.items())
    parts = text.split(",")
    if len(parts) > MOST_FIELDS:
        raise BadQuestion("?select", "too-many", "字段过多", f"At most {MOST_FIELDS} fields")
    fields = tuple(_field(part, columns) for part in parts)
    if len({field.name for field in fields}) != len(fields):
        raise BadQuestion("?select", "repeated", "字段重复", "A field is named twice")
    if sum(field.aggregate is not None for field in fields) > MOST_AGGREGATES:
        raise BadQuestion("?select", "too-many", "聚合过多", f"At most {MOST_AGGREGATES} aggregates")
    return fields


def _field(text: str, columns: Columns) -> Field:
    found = _AGGREGATE.fullmatch(text)
    if found is None:
        return Field(text, text, type_of(text, columns, "?select"))
    alias, function, column = found.groups()
    name = alias or (f"{function}_{column}" if column else function)
    if not _NAME.fullmatch(name):
        raise BadQuestion("?select", "malformed", "聚合字段名过长", "The name of the aggregate is too long")
    if not column:
        if function != "count":
            raise BadQuestion("?select", "malformed", "聚合须指明字段", "The aggregate needs a column")
        return Field(name, None, ColumnType.integer, "count")
    type_ = type_of(column, columns, "?select")
    wrong = (function in ("sum", "avg") and type_ not in _NUMERIC) or (
        function in ("min", "max") and type_ is ColumnType.boolean
    )
    if wrong:
        raise BadQuestion("?select", "type-mismatch", "该字段不能这样聚合", "The column cannot be aggregated so")
    kind = {"count": ColumnType.integer, "sum": ColumnType.number, "avg": ColumnType.number}.get(function, type_)
    return Field(name, column, kind, function)


def _order(text: str | None, fields: Sequence[Field], columns: Columns) -> tuple[Order, ...]:
    if text is None:
        return ()
    grouped = any(field.aggregate for field in fields)
    known: Columns = {field.name: field.type for field in fields} if grouped else columns
    parts = text.split(",")
    if len(parts) > MOST_ORDER:
        raise BadQuestion("?order", "too-many", "排序字段过多", f"At most {MOST_ORDER} keys of order")
    order = tuple(_key(part, known) for part in parts)
    if len({key.name for key in order}) != len(order):
        raise BadQuestion("?order", "repeated", "排序字段重复", "A key of order is named twice")
    return order


def _key(text: str, columns: Columns) -> Order:
    name, *words = text.split(".")
    type_of(name, columns, "?order")
    descending = words[:1] == ["desc"]
    rest = words[1:] if words[:1] in (["asc"], ["desc"]) else words
    if rest not in ([], ["nullsfirst"], ["nullslast"]):
        raise BadQuestion("?order", "malformed", "排序格式不正确", "Order is column.asc|desc.nullsfirst|nullslast")
    return Order(name, descending, rest == ["nullsfirst"] if rest else descending)


def _limit(text: str | None) -> int:
    if text is None:
        return USUAL_ROWS
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= MOST_ROWS:
        raise BadQuestion("?limit", "out-of-range", f"limit 为 1 至 {MOST_ROWS}", f"limit is 1 to {MOST_ROWS}")
    return int(text)


def _counted(text: str | None) -> bool:
    if text not in (None, "exact"):
        raise BadQuestion("?count", "malformed", "count 仅可为 exact", "count is `exact` or left out")
    return text is not None
