"""The rules of the directory, without I/O: codes, states, the national fields and how they bear on one another."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from data_hub.resources.quality import (
    CheckDigit,
    Checked,
    Codes,
    Fault,
    Freshness,
    InformationItem,
    Pattern,
    Range,
    Reference,
    Rule,
    Sensitivity,
    Unique,
    is_citizen_number,
    is_private,
    item_faults,
    parsed,
    sealing_of,
)

# The rules of items are this slice's word to others as well: they read them here.
__all__ = [
    "CheckDigit", "Checked", "Codes", "Fault", "Format", "Freshness", "InformationItem", "Licence", "Opening",
    "Pattern", "Range", "Reference", "ResourceClass", "Rule", "Sensitivity", "ShareMethod", "ShareType", "State",
    "Terms", "Timeliness", "Unique", "UpdateCycle", "VersionState", "canonical_code", "class_of", "directory_of",
    "faults", "has_own_rows", "is_citizen_number", "is_private", "overdue", "parsed", "patience", "sealing_of",
]  # fmt: skip

# Class 类 1 digit, item 项 2, directory 目 3, detail 细目 up to 5, then the sequence; "/" parts them when printed.
CODE = re.compile(r"[1-3]\d{5,10}-\d{6}")
PREFIX = re.compile(r"[1-3]\d{5,10}")
HIGHEST_SEQUENCE = 999_999
# Resources whose rows the hub's own registries keep (基础库): read there, by scope and purpose; no table of their own.
POPULATION, LEGAL_ENTITIES, DIVISIONS = "101001-000001", "102001-000001", "103001-000001"
CREDIT_RECORDS, LICENCES = "104001-000001", "105001-000001"
READ_AT = {
    POPULATION: "/api/data-hub/v1/population", LEGAL_ENTITIES: "/api/data-hub/v1/legal-entities",
    DIVISIONS: "/api/data-hub/v1/divisions", CREDIT_RECORDS: "/api/data-hub/v1/credit",
    LICENCES: "/api/data-hub/v1/licences",
}  # fmt: skip
HELD_IN_REGISTRIES = frozenset(READ_AT)
# The job by which what was made of a resource's rows obeys what its description came to say.
OBEY_TASK = "data-hub.geography.obey-directory"


class ResourceClass(StrEnum):
    """信息资源分类: the first digit of the code."""

    basic = "basic"  # 基础信息资源
    theme = "theme"  # 主题信息资源
    department = "department"  # 部门信息资源


class ShareType(StrEnum):
    """共享类型: whether other departments get the resource."""

    unconditional = "unconditional"  # 无条件共享
    conditional = "conditional"  # 有条件共享
    refused = "refused"  # 不予共享


class Opening(StrEnum):
    """开放属性: whether society gets the resource."""

    opened = "opened"  # 无条件开放
    conditional = "conditional"  # 有条件开放
    closed = "closed"  # 不予开放


class UpdateCycle(StrEnum):
    """更新周期: how often the source department brings new data."""

    realtime = "realtime"  # 实时
    hourly = "hourly"  # 每小时
    daily = "daily"  # 每日
    weekly = "weekly"  # 每周
    monthly = "monthly"  # 每月
    quarterly = "quarterly"  # 每季度
    half_yearly = "half-yearly"  # 每半年
    yearly = "yearly"  # 每年
    irregular = "irregular"  # 不定期
    never = "never"  # 不更新


class Timeliness(StrEnum):
    """更新及时性: whether new data came as the update cycle says."""

    in_time = "in-time"  # 按期
    late = "late"  # 逾期
    unknown = "unknown"  # 情况不明: nothing of it comes by here


class Format(StrEnum):
    """信息资源格式."""

    database = "database"  # 数据库
    spreadsheet = "spreadsheet"  # 电子表格
    document = "document"  # 电子文件
    graphics = "graphics"  # 图形图像
    media = "media"  # 流媒体
    self_described = "self-described"  # 自描述格式


class ShareMethod(StrEnum):
    """共享方式: how the resource reaches a recipient."""

    query = "query"  # 接口查询
    batch = "batch"  # 批量文件
    subscription = "subscription"  # 变更订阅


class Licence(StrEnum):
    """许可: on what terms society may use an opened resource."""

    unstated = "notspecified"
    attribution = "CC-BY-4.0"
    none_reserved = "CC0-1.0"
    data_attribution = "ODC-BY-1.0"


class State(StrEnum):
    """The state of a resource. A published one stays published while a change of it is drafted and reviewed."""

    draft = "draft"  # 草稿
    review = "review"  # 审核中
    published = "published"  # 已发布
    withdrawn = "withdrawn"  # 已撤销


class VersionState(StrEnum):
    """The state of one version of a resource."""

    draft = "draft"
    review = "review"
    published = "published"
    superseded = "superseded"  # a later version was published
    withdrawn = "withdrawn"
    discarded = "discarded"  # its author gave the draft up


OPEN_STATES = frozenset({VersionState.draft, VersionState.review})
TABLE_SHAPED = frozenset({Format.database, Format.spreadsheet})
_CLASS_DIGITS = {"1": ResourceClass.basic, "2": ResourceClass.theme, "3": ResourceClass.department}
# How long a resource may stay without new data before the department is shown as late: the cycle and some patience.
_PATIENCE = {
    UpdateCycle.realtime: timedelta(hours=1),
    UpdateCycle.hourly: timedelta(hours=3),
    UpdateCycle.daily: timedelta(days=2),
    UpdateCycle.weekly: timedelta(days=10),
    UpdateCycle.monthly: timedelta(days=40),
    UpdateCycle.quarterly: timedelta(days=105),
    UpdateCycle.half_yearly: timedelta(days=200),
    UpdateCycle.yearly: timedelta(days=396),
}


def canonical_code(text: str) -> str:
    """A code as it is kept: with a hyphen, whichever of the two forms it is written in."""
    return text.strip().replace("/", "-")


def class_of(code: str) -> ResourceClass:
    """The class that the first digit of a code names."""
    return _CLASS_DIGITS[code[0]]


def directory_of(code: str) -> str:
    """A code without its sequence: resources of one directory entry share it."""
    return code.partition("-")[0]


def has_own_rows(code: str, format_: Format, items: Sequence[InformationItem]) -> bool:
    """Whether the rows of a resource lie in a table that is its own."""
    return code not in HELD_IN_REGISTRIES and format_ in TABLE_SHAPED and len(items) > 0


def patience(cycle: UpdateCycle) -> timedelta | None:
    """How long a resource of this cycle may stay without new data; None where nothing is due."""
    return _PATIENCE.get(cycle)


def overdue(cycle: UpdateCycle, refreshed: datetime, now: datetime) -> bool:
    """Whether new data is late."""
    limit = patience(cycle)
    return limit is not None and now - refreshed > limit


@dataclass(frozen=True)
class Terms:
    """The fields of a resource that bear on one another."""

    share_type: ShareType
    share_basis: str | None
    share_condition: str | None
    opening: Opening
    open_condition: str | None
    format: Format
    items: tuple[InformationItem, ...]
    key: tuple[str, ...]


def faults(terms: Terms) -> list[Fault]:
    """What is wrong with the fields of a resource, together; empty where nothing is."""
    return [*_sharing_faults(terms), *_opening_faults(terms), *_sensitivity_faults(terms), *_item_faults(terms)]


def _sharing_faults(terms: Terms) -> list[Fault]:
    found = []
    if terms.share_type is not ShareType.unconditional and not terms.share_basis:
        said = "有条件共享和不予共享须写明法律依据 Name the legal basis of conditional or refused sharing"
        found.append(Fault("share_basis", "legal-basis", said))
    if terms.share_type is ShareType.conditional and not terms.share_condition:
        found.append(Fault("share_condition", "condition", "有条件共享须写明共享条件 State the condition of sharing"))
    return found


def _opening_faults(terms: Terms) -> list[Fault]:
    if terms.opening is Opening.conditional and not terms.open_condition:
        return [Fault("open_condition", "condition", "有条件开放须写明开放条件 State the condition of opening")]
    if terms.opening is not Opening.closed and terms.share_type is ShareType.refused:
        said = "不予共享的资源不能开放 What is not shared within government is not opened to society"
        return [Fault("opening", "not-shared", said)]
    return []


def _sensitivity_faults(terms: Terms) -> list[Fault]:
    found = []
    kinds = {Sensitivity.personal if is_citizen_number(item) else item.sensitivity for item in terms.items}
    kinds |= {item.sensitivity for item in terms.items}
    if terms.opening is Opening.opened and kinds - {Sensitivity.public}:
        said = "无条件开放的资源只能含公开数据项 An opened resource holds public items alone"
        found.append(Fault("opening", "sensitive-items", said))
    if terms.share_type is ShareType.unconditional and Sensitivity.personal in kinds:
        said = "含个人信息的资源不能无条件共享 Personal data is never shared without condition"
        found.append(Fault("share_type", "personal-items", said))
    if terms.share_type is not ShareType.refused and Sensitivity.secret in kinds:
        said = "含涉密数据项的资源不予共享 A resource with secret items is not shared"
        found.append(Fault("share_type", "secret-items", said))
    return found


def _item_faults(terms: Terms) -> list[Fault]:
    names = [item.name for item in terms.items]
    found = [fault for at, item in enumerate(terms.items) for fault in item_faults(at, item)]
    for at, name in enumerate(names):
        if name in names[:at]:
            found.append(Fault(f"items/{at}/name", "twice", f"数据项名称重复 The name stands twice: {name}"))
    for at, name in enumerate(terms.key):
        if name not in names or name in terms.key[:at]:
            found.append(Fault(f"key/{at}", "no-such-item", f"主键数据项不存在或重复 No such item, or twice: {name}"))
        elif not terms.items[names.index(name)].required:
            found.append(Fault(f"key/{at}", "optional", f"主键数据项须必填 A key item is required: {name}"))
    if terms.format in TABLE_SHAPED and not terms.items:
        found.append(Fault("items", "none", "结构化资源须有数据项 A table-shaped resource has items"))
    return found
