"""The rules of gathering, without I/O: states of a batch, what a refusal says, how names and values are compared."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from citykit.clock import CHINA
from citykit.identifiers import gb11643

MOST_PARTS = 10_000
MOST_HEADER_COLUMNS = 1_000
LONGEST_RECORD = 1024 * 1024  # bytes of one row; beyond it a quote was never closed
LONGEST_TYPED_VALUE = 100  # characters of a number or a time
LONGEST_KEY = 2_000  # bytes of all key values of a row together: what an index entry holds
LONGEST_KEPT_VALUE = 2_000  # characters of a wrong value that quarantine shows


class Mode(StrEnum):
    """What one bad row means for the others."""

    all_or_nothing = "all-or-nothing"  # 整批
    row_by_row = "row-by-row"  # 逐行


class Merge(StrEnum):
    """How rows of a batch meet the rows that are there."""

    merge = "merge"  # 按主键合并: a known key is changed, a new one added
    append = "append"  # 追加: a known key is a fault
    anew = "replace"  # 全量替换: what is there goes


class FileFormat(StrEnum):
    """How a batch is written."""

    csv = "csv"
    ndjson = "ndjson"
    parquet = "parquet"
    xlsx = "xlsx"


class Encoding(StrEnum):
    """How text is coded. `auto` looks at the bytes."""

    auto = "auto"
    utf8 = "utf-8"
    gb18030 = "gb18030"


class Origin(StrEnum):
    """How a batch came."""

    push = "push"  # 推送
    pull = "pull"  # 拉取


class BatchState(StrEnum):
    """The state of a batch."""

    open = "open"  # 接收中: parts come in
    queued = "queued"  # 排队中
    running = "running"  # 处理中
    loaded = "loaded"  # 已入库
    refused = "refused"  # 未入库: the data set is as it was
    repeated = "repeated"  # 与上一批相同, nothing to do
    failed = "failed"  # 系统故障: a fault of ours; complete it again


class Stage(StrEnum):
    """How far the work on a batch is."""

    receiving = "receiving"
    assembling = "assembling"
    checking = "checking"
    merging = "merging"
    done = "done"


class RowState(StrEnum):
    """The state of a row in quarantine."""

    waiting = "waiting"  # 待修正
    mended = "mended"  # 已修正待重放
    loaded = "loaded"  # 已重放入库
    discarded = "discarded"  # 已弃用
    superseded = "superseded"  # 已被更正批次取代


class TicketState(StrEnum):
    """The state of a quality ticket."""

    open = "open"  # 待处理
    answered = "answered"  # 已答复
    closed = "closed"  # 已办结


class SourceKind(StrEnum):
    """Where rows are pulled from."""

    http = "http"  # 文件地址
    postgresql = "postgresql"  # 数据库
    data_hub = "data-hub"  # 另一个大数据中心


class SourceState(StrEnum):
    """The state of a source."""

    active = "active"  # 启用
    paused = "paused"  # 停用


SCHEMES = {
    SourceKind.http: ("http", "https"),
    SourceKind.data_hub: ("http", "https"),
    SourceKind.postgresql: ("postgresql",),
}
LONGEST_PAUSE = timedelta(days=1)
FIRST_RETRY = timedelta(minutes=15)  # after a daily pull that brought nothing


@dataclass(frozen=True, slots=True)
class Plan:
    """When a source is pulled: every so many minutes, once a day at a time (`HH:MM`, Beijing time), or when asked."""

    every_minutes: int | None = None
    daily_at: str | None = None


def next_pull(now: datetime, plan: Plan, failures: int, again_in: int = 0) -> datetime | None:
    """When to pull again: after the interval; after failures in a row twice as late each time, at most a day.

    What is pulled once a day is tried again after a failure the same day, from a quarter of an hour on. Not before the
    source itself wants it, in `again_in` seconds, where that is within a day.
    """
    if plan.daily_at is not None:
        return _next_day(now, plan.daily_at, failures, again_in)
    if plan.every_minutes is None:
        return None
    pause = timedelta(minutes=plan.every_minutes)
    longer = min(pause * (1 << min(failures, 10)), LONGEST_PAUSE)
    return now + max(pause, longer, min(timedelta(seconds=again_in), LONGEST_PAUSE))


def _next_day(now: datetime, daily_at: str, failures: int, again_in: int) -> datetime:
    hour, minute = map(int, daily_at.split(":"))
    local = now.astimezone(CHINA)
    planned = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    planned += timedelta(days=planned <= local)
    if failures == 0:
        return planned
    pause = min(FIRST_RETRY * (1 << min(failures - 1, 10)), LONGEST_PAUSE)
    return min(planned, now + max(pause, min(timedelta(seconds=again_in), LONGEST_PAUSE)))


UNSETTLED = (RowState.waiting, RowState.mended)
COMPLETABLE = frozenset({BatchState.open, BatchState.failed})
# What may be played again: a row-by-row batch that left rows behind, a batch refused for its rows.
REPLAYABLE = frozenset({BatchState.loaded, BatchState.refused})


class BatchRefused(Exception):
    """A batch as a whole cannot be loaded: `code` for programs, a sentence in Chinese and English for people."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(code)
        self.code, self.zh, self.en = code, zh, en

    def document(self) -> dict[str, str]:
        """The refusal as it is kept with the batch."""
        return {"code": self.code, "zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row is bad: the rule that a column's value broke."""

    column: str
    rule: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that stays out. `values` are the texts as they came; `fields` where they fit no columns."""

    line: int
    values: dict[str, str | None]
    faults: tuple[RowFault, ...]
    fields: tuple[str, ...] | None = None

    @property
    def size(self) -> int:
        """Characters of its values."""
        return sum(len(one) for one in (*self.values.values(), *(self.fields or ())) if one is not None)


@dataclass
class Tally:
    """What was found so far, by rule and column."""

    parsed: int = 0
    failed: dict[RowFault, int] = field(default_factory=dict)
    converted: dict[str, int] = field(default_factory=dict)

    def add(self, fault: RowFault, rows: int) -> None:
        """Count rows that broke a rule."""
        self.failed[fault] = self.failed.get(fault, 0) + rows

    def unread(self, rows: "Sequence[BadRow]") -> None:
        """Count rows that could not be read as rows."""
        self.parsed += len(rows)
        for row in rows:
            for fault in row.faults:
                self.add(fault, 1)

    def convert(self, column: str, rows: int) -> None:
        """Count values whose full-width characters were converted."""
        if rows:
            self.converted[column] = self.converted.get(column, 0) + rows


def plain(name: str) -> str:
    """A heading as headings are compared: full-width forms, case and outer space do not count."""
    return unicodedata.normalize("NFKC", name).strip().strip('"').strip().casefold()


def matched(header: Sequence[str], known: Sequence[tuple[str, str]], *, ignore_unknown: bool) -> list[str | None]:
    """The column name behind each heading, which may be the name or the title of an information item.

    Raises BatchRefused for unknown headings (unless they are to be ignored), for one that stands twice, for too many.
    """
    if len(header) > MOST_HEADER_COLUMNS:
        raise BatchRefused(
            "too-many-columns", f"文件有{len(header)}列，最多{MOST_HEADER_COLUMNS}列",
            f"The file has {len(header)} columns; there may be {MOST_HEADER_COLUMNS}",
        )  # fmt: skip
    names = {plain(name): name for name, _ in known}
    titles = {plain(title): name for name, title in known}
    found = [names.get(plain(heading)) or titles.get(plain(heading)) for heading in header]
    unknown = [heading for heading, name in zip(header, found, strict=True) if name is None]
    if unknown and not ignore_unknown:
        listed = ", ".join(repr(heading[:40]) for heading in unknown[:10])
        raise BatchRefused("unknown-column", f"目录中没有这些数据项：{listed}", f"No such information items: {listed}")
    twice = _twice(name for name in found if name is not None)
    if twice:
        raise BatchRefused("twice-column", f"列重复：{twice}", f"The column stands twice: {twice}")
    return found


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def missing(found: Iterable[str | None], needed: Iterable[str]) -> None:
    """Raise BatchRefused where a column that every row needs is not in the file."""
    present = set(found)
    absent = [name for name in needed if name not in present]
    if absent:
        listed = ", ".join(absent)
        raise BatchRefused("missing-column", f"缺少必填列：{listed}", f"Required columns are missing: {listed}")


def masked(value: str | None) -> str | None:
    """A value of a personal or secret item as quarantine shows it."""
    if not value:
        return value
    if len(value) == 18 and value[:6].isdigit():
        return gb11643.mask(value)
    return value[0] + "*" * min(len(value) - 1, 10)


def shown(value: str | None) -> str | None:
    """A value of another item as quarantine shows it: cut where it is long."""
    return value if value is None or len(value) <= LONGEST_KEPT_VALUE else value[:LONGEST_KEPT_VALUE] + "…"


def whole(parts: Sequence[int]) -> bool:
    """Whether the parts are 1, 2, 3 … without a gap."""
    return bool(parts) and sorted(parts) == list(range(1, len(parts) + 1))
