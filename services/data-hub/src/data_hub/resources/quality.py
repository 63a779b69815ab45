"""Information items 信息项 and the quality rules 质量规则 that each of them states, without I/O."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import ClassVar, Literal, Protocol, TypeAlias

from data_hub.datasets.domain import NAME, ColumnType, Sealing

MOST_CODES = 1000
LONGEST_PATTERN = 300
MOST_HOURS = 24 * 366 * 10
_RESOURCE = re.compile(r"[1-3]\d{5,10}-\d{6}")
# What engines without backtracking cannot do: such a pattern may take longer than the age of the city on one value.
_BACKTRACKING = re.compile(r"\(\?(?:[=!>(]|<[=!]|P=)|\\[1-9]")
_NUMERIC = frozenset({ColumnType.integer, ColumnType.number})
_ORDERED = _NUMERIC | {ColumnType.date, ColumnType.datetime}
Value: TypeAlias = Decimal | date | datetime


class Sensitivity(StrEnum):
    """How carefully an item is treated."""

    public = "public"  # 公开
    internal = "internal"  # 内部
    personal = "personal"  # 个人信息
    secret = "secret"  # noqa: S105 - a class of information 涉密, not a password


class CheckDigit(StrEnum):
    """A number whose check characters prove it."""

    citizen_number = "gb11643"  # 公民身份号码
    social_credit_code = "gb32100"  # 统一社会信用代码
    division_code = "gbt2260"  # 行政区划代码


@dataclass(frozen=True)
class _Rule:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


@dataclass(frozen=True)
class Range(_Rule):
    """值域: not below `minimum`, not above `maximum`; numbers and times written as text, so that they stay exact."""

    kind: Literal["range"] = "range"
    minimum: str | None = None
    maximum: str | None = None


@dataclass(frozen=True)
class Pattern(_Rule):
    """格式: the whole value matches a regular expression (without look-around and back references)."""

    pattern: str
    kind: Literal["pattern"] = "pattern"


@dataclass(frozen=True)
class Codes(_Rule):
    """代码表: the value is one of these; `list_name` names the standard that lists them."""

    values: tuple[str, ...]
    list_name: str | None = None
    kind: Literal["codes"] = "codes"


@dataclass(frozen=True)
class Checked(_Rule):
    """校验码: the check characters of the value are right."""

    scheme: CheckDigit
    kind: Literal["check-digit"] = "check-digit"


@dataclass(frozen=True)
class Unique(_Rule):
    """唯一: no two rows have the same value."""

    kind: Literal["unique"] = "unique"


@dataclass(frozen=True)
class Reference(_Rule):
    """引用: the value stands in an item of another resource."""

    resource: str
    item: str
    kind: Literal["reference"] = "reference"


@dataclass(frozen=True)
class Freshness(_Rule):
    """时效: the newest value of a batch is at most this many hours old when it comes in."""

    hours: int
    kind: Literal["freshness"] = "freshness"


Rule: TypeAlias = Range | Pattern | Codes | Checked | Unique | Reference | Freshness


class InformationItem(Protocol):
    """信息项: one column of a resource."""

    @property
    def name(self) -> str:
        """The column's name."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def type(self) -> ColumnType:
        """Its type."""

    @property
    def sensitivity(self) -> Sensitivity:
        """How carefully it is treated."""

    @property
    def required(self) -> bool:
        """Whether every row has a value."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Its quality rules."""


@dataclass(frozen=True)
class Fault:
    """A wrong field: where it stands, a code for programs, a sentence for people."""

    pointer: str
    code: str
    said: str


def parsed(type_: ColumnType, text: str) -> Value:
    """A bound of a range as a value of the item's type. Raises ValueError."""
    if type_ is ColumnType.date:
        return date.fromisoformat(text)
    if type_ is ColumnType.datetime:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("a time has a zone")
        return moment
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not number.is_finite():
        raise ValueError("not a finite number")
    return number


def item_faults(at: int, item: InformationItem) -> list[Fault]:
    """What is wrong with the item at position `at` by itself."""
    found = []
    if not NAME.fullmatch(item.name):
        said = "数据项名称以小写字母开头，由小写字母、数字和下划线组成 A name begins with a small letter"
        found.append(Fault(f"items/{at}/name", "name", said))
    kinds = [rule.kind for rule in item.rules]
    for place, rule in enumerate(item.rules):
        pointer = f"items/{at}/rules/{place}"
        if rule.kind in kinds[:place]:
            found.append(Fault(pointer, "twice", "同类规则重复 The same kind of rule stands twice"))
        wrong = _rule_fault(item, rule)
        if wrong is not None:
            found.append(Fault(pointer, "rule", wrong))
    return found


def _rule_fault(item: InformationItem, rule: Rule) -> str | None:
    check: Callable[[InformationItem, Rule], str | None] | None = _CHECKS.get(rule.kind)
    return None if check is None else check(item, rule)


def _range(item: InformationItem, rule: Rule) -> str | None:
    assert isinstance(rule, Range)  # chosen by its kind
    if item.type not in _ORDERED:
        return "只有数值和日期时间有值域 Only numbers and times have a range"
    try:
        bounds = [parsed(item.type, text) for text in (rule.minimum, rule.maximum) if text is not None]
    except ValueError:
        return "值域边界与数据类型不符 A bound is not a value of the item's type"
    if not bounds or (len(bounds) == 2 and bounds[0] > bounds[1]):  # type: ignore[operator]  # both of one type
        return "值域为空 The range is empty"
    return None


def _pattern(item: InformationItem, rule: Rule) -> str | None:
    assert isinstance(rule, Pattern)  # chosen by its kind
    if item.type is not ColumnType.string:
        return "只有文本有格式 Only text has a pattern"
    if len(rule.pattern) > LONGEST_PATTERN or _BACKTRACKING.search(rule.pattern):
        return "正则表达式过长或含环视、反向引用 Too long, or it looks around or back"
    try:
        re.compile(rule.pattern)
    except (re.error, RecursionError, OverflowError):
        return "正则表达式有误 Not a regular expression"
    return None


def _codes(_: InformationItem, rule: Rule) -> str | None:
    assert isinstance(rule, Codes)  # chosen by its kind
    if not 1 <= len(rule.values) <= MOST_CODES or len(set(rule.values)) != len(rule.values):
        return f"代码表应有1至{MOST_CODES}个不同的代码 1 to {MOST_CODES} different codes"
    return None


def _checked(item: InformationItem, _: Rule) -> str | None:
    return None if item.type is ColumnType.string else "校验码只用于文本 Only text has check characters"


def _reference(_: InformationItem, rule: Rule) -> str | None:
    assert isinstance(rule, Reference)  # chosen by its kind
    if not _RESOURCE.fullmatch(rule.resource) or not NAME.fullmatch(rule.item):
        return "引用的资源代码或数据项有误 Not the code of a resource, or not the name of an item"
    return None


def _freshness(item: InformationItem, rule: Rule) -> str | None:
    assert isinstance(rule, Freshness)  # chosen by its kind
    if item.type not in (ColumnType.date, ColumnType.datetime) or not 1 <= rule.hours <= MOST_HOURS:
        return "时效用于日期时间，至少一小时 Freshness is said of a time, from one hour on"
    return None


def is_citizen_number(item: InformationItem) -> bool:
    """Whether its values name persons."""
    checked = any(isinstance(rule, Checked) and rule.scheme is CheckDigit.citizen_number for rule in item.rules)
    return checked and item.type is ColumnType.string


def is_private(item: InformationItem) -> bool:
    """Whether it is personal or secret: said of it, or in the nature of what it holds."""
    return item.sensitivity in (Sensitivity.personal, Sensitivity.secret) or is_citizen_number(item)


def sealing_of(item: InformationItem) -> Sealing:
    """How its values lie in the table of rows.

    A truth value and one of few codes is not found by equality: how often each hash stands would tell the values.
    """
    if is_citizen_number(item):
        return Sealing.citizen_number
    if not is_private(item):
        return Sealing.none
    has_few = item.type is ColumnType.boolean or any(isinstance(rule, Codes) for rule in item.rules)
    is_unique = any(isinstance(rule, Unique) for rule in item.rules)
    return Sealing.shown if has_few and not is_unique else Sealing.found


_CHECKS: dict[str, Callable[[InformationItem, Rule], str | None]] = {
    "range": _range,
    "pattern": _pattern,
    "codes": _codes,
    "check-digit": _checked,
    "reference": _reference,
    "freshness": _freshness,
}
