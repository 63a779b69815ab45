"""The values of a CQL2 filter as SQL: properties and literals with their types, arithmetic, points and spans in time.

Everything that a caller wrote becomes a bound parameter; what stands in the SQL is written here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Literal

from data_hub import beijing
from data_hub.datasets.domain import ColumnType
from data_hub.registries.geography import times
from data_hub.registries.geography.errors import BadFilter

Kind = Literal["string", "number", "boolean", "time"]
_CASTS = {
    ColumnType.string: ("string", ""),
    ColumnType.integer: ("number", "::float8"),
    ColumnType.number: ("number", "::float8"),
    ColumnType.boolean: ("boolean", "::boolean"),
}
ARITHMETIC = {"+": "+", "-": "-", "*": "*", "/": "/", "^": "^", "%": "%", "div": "div"}


@dataclass(frozen=True)
class Scalar:
    """A value as SQL. A time is a span: its first instant, and its last one."""

    sql: str
    kind: Kind
    last: str = ""


@dataclass
class Binding:
    """What a filter may name, and the parameters that its literals became."""

    fields: Mapping[str, ColumnType]
    values: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any, cast: str) -> str:
        """A placeholder for a value, with its SQL type."""
        name = f"q{len(self.values)}"
        self.values[name] = value
        return f"%({name})s::{cast}"

    def column(self, name: str) -> Scalar:
        """A property of the feature. Raises BadFilter where the caller sees none of that name."""
        kind = self.fields.get(name)
        if kind is None:
            raise BadFilter((f"没有可查询的属性: {name[:80]}", f"No such queryable: {name[:80]}"))
        value = f"(properties ->> {self.bind(name, 'text')})"
        if kind is ColumnType.datetime:
            return Scalar(f"{value}::timestamptz", "time", f"{value}::timestamptz")
        if kind is ColumnType.date:
            day = f"({value}::date)::timestamp"
            end = f"({day} + interval '1 day') {beijing.AT}"
            return Scalar(f"({day} {beijing.AT})", "time", f"({end} - interval '1 microsecond')")
        known, cast = _CASTS[kind]
        return Scalar(f"{value}{cast}", known)  # type: ignore[arg-type]  # the table above holds the four kinds


def scalar(node: Any, binding: Binding) -> Scalar:
    """A value of a filter. Raises BadFilter."""
    if isinstance(node, bool):
        return Scalar(binding.bind(node, "boolean"), "boolean")
    if isinstance(node, int | float):
        return Scalar(binding.bind(_finite(node), "float8"), "number")
    if isinstance(node, str):
        return Scalar(binding.bind(_stored(node), "text"), "string")
    if not isinstance(node, dict):
        raise unknown(node)
    if isinstance(node.get("property"), str):
        return binding.column(node["property"])
    if {"date", "timestamp", "interval"} & node.keys():
        return temporal(node, binding)
    return _operation(node, binding)


def _operation(node: dict[str, Any], binding: Binding) -> Scalar:
    operation, given = node.get("op"), node.get("args")
    if not isinstance(operation, str) or not isinstance(given, list):
        raise unknown(node)
    values = [scalar(one, binding) for one in given]
    if operation == "casei" and len(values) == 1 and values[0].kind == "string":
        return Scalar(f"lower({values[0].sql})", "string")
    if operation == "-" and len(values) == 1 and values[0].kind == "number":
        return Scalar(f"(- {values[0].sql})", "number")
    if operation in ARITHMETIC and len(values) == 2 and {one.kind for one in values} == {"number"}:
        return Scalar(_arithmetic(operation, values[0].sql, values[1].sql), "number")
    raise unknown(node)


def _arithmetic(operation: str, left: str, right: str) -> str:
    """Arithmetic in binary floating point; a division by zero is null and so neither true nor false."""
    if operation == "/":
        return f"({left} / nullif({right}, 0))"
    if operation in {"%", "div"}:
        whole = f"trunc({left} / nullif({right}, 0))"
        return f"({left} - {right} * {whole})" if operation == "%" else whole
    return f"({left} {operation} {right})"


def temporal(node: Any, binding: Binding) -> Scalar:
    """A time of a filter: a property, a date, a timestamp or an interval. Raises BadFilter."""
    if isinstance(node, dict) and isinstance(node.get("interval"), list) and len(node["interval"]) == 2:
        first, last = (_end(one, binding) for one in node["interval"])
        return Scalar(
            binding.bind(times.LEAST, "timestamptz") if first is None else first.sql,
            "time",
            binding.bind(times.MOST, "timestamptz") if last is None else last.last,
        )
    if isinstance(node, dict) and (told := node.get("date") or node.get("timestamp")):
        return _instant(told, binding)
    if isinstance(node, dict) and isinstance(node.get("property"), str):
        found = binding.column(node["property"])
        if found.kind == "time":
            return found
    raise unknown(node)


def _end(node: Any, binding: Binding) -> Scalar | None:
    if isinstance(node, str):
        return None if node in times.OPEN else _instant(node, binding)
    return temporal(node, binding)


def _instant(text: Any, binding: Binding) -> Scalar:
    try:
        told = times.one(text)
    except (ValueError, TypeError):
        raise BadFilter((f"不是时间: {str(text)[:40]}", f"No time: {str(text)[:40]}")) from None
    first, last = told.first.astimezone(UTC), told.last.astimezone(UTC)
    return Scalar(binding.bind(first, "timestamptz"), "time", binding.bind(last, "timestamptz"))


def _finite(number: float) -> float:
    if not abs(number) < 1e300:
        raise BadFilter(("数字过大", "A number is too large"))
    return float(number)


def _stored(text: str) -> str:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadFilter(("文本中含有无法保存的字符", "The text holds a character that cannot be kept"))
    return text


def unknown(node: Any) -> BadFilter:
    """The refusal of a part that this server does not understand or that has the wrong type."""
    if isinstance(node, dict) and isinstance(node.get("op"), str):
        said = node["op"][:40]
        return BadFilter((f"不支持的运算或参数类型不符: {said}", f"Not supported, or of the wrong types: {said}"))
    return BadFilter(("过滤条件中有无法理解的部分", "A part of the filter cannot be understood"))
