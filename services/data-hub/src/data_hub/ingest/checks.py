"""The quality rules of rows, on slices of a file at once: what is good goes on typed, what is bad with its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from citykit.clock import CHINA
from data_hub.datasets.domain import ColumnType
from data_hub.ingest import checkdigits, typing_rules
from data_hub.ingest.contract import Contract, Item
from data_hub.ingest.domain import LONGEST_KEY, BadRow, BatchRefused, RowFault, Tally
from data_hub.resources.schemas import Rule

if TYPE_CHECKING:
    import polars as pl

LINE = "_line"


@dataclass(frozen=True)
class Checked:
    """A slice after its check. `good` holds the line and the typed values; `keys` the hashes of what must be unique."""

    good: pl.DataFrame
    bad: list[BadRow]
    keys: dict[str, pl.DataFrame]


@dataclass
class Checks:
    """The rules of one batch: the items that its file brings, and what was found so far."""

    contract: Contract
    items: Sequence[Item]
    now: datetime
    tally: Tally = field(default_factory=Tally)
    newest: dict[str, datetime] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day in China."""
        return self.now.astimezone(CHINA).date()

    @cached_property
    def unique_sets(self) -> dict[str, tuple[str, ...]]:
        """What must be unique within a batch: the key, and each item that says so of itself."""
        sets = {item.name: (item.name,) for item in self.items if item.is_unique and (item.name,) != self.contract.key}
        return ({"_key": self.contract.key} if self.contract.key else {}) | sets

    def run(self, frame: pl.DataFrame, *, full_width: bool) -> Checked:
        """Check a slice of texts: column `_line` and one column for each item of the file."""
        import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

        self.tally.parsed += frame.height
        texts = self._cleaned(frame, full_width=full_width)
        typed = texts.select(LINE, *(typing_rules.typed(texts, item) for item in self.items))
        flags = self._flags(texts, typed)
        broken = {fault: flag for fault, flag in flags.items() if flag.any()}
        self._remember_newest(typed)
        if not broken:
            return Checked(typed, [], self._keys(typed))
        for fault, flag in broken.items():
            self.tally.add(fault, int(flag.sum()))
        marks = pl.DataFrame([flag.alias(str(at)) for at, flag in enumerate(broken.values())])
        mask = marks.select(pl.any_horizontal(pl.all())).to_series()
        good = typed.filter(~mask)
        return Checked(good, self._bad(frame.filter(mask), marks.filter(mask), list(broken)), self._keys(good))

    def _cleaned(self, frame: pl.DataFrame, *, full_width: bool) -> pl.DataFrame:
        """Values as they are compared: outer spaces and full-width forms gone where they are slips, "" is nothing."""
        import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

        cleaned = []
        for item in self.items:
            text = frame.get_column(item.name)
            if item.is_bound:
                if full_width:
                    half = text.str.replace_many(typing_rules.FULL, typing_rules.HALF)
                    self.tally.convert(item.name, int((half != text).sum()))
                    text = half
                text = text.str.strip_chars()
                if any(rule.kind == "check-digit" for rule in item.rules):
                    text = text.str.to_uppercase()
            cleaned.append(text.to_frame().select(pl.when(pl.col(item.name) != "").then(pl.col(item.name))).to_series())
        return pl.DataFrame([frame.get_column(LINE), *cleaned])

    def _flags(self, texts: pl.DataFrame, typed: pl.DataFrame) -> dict[RowFault, pl.Series]:
        flags: dict[RowFault, pl.Series] = {}
        for item in self.items:
            text, value = texts.get_column(item.name), typed.get_column(item.name)
            if item.required:
                flags[RowFault(item.name, "required")] = text.is_null()
            if not item.is_text:
                flags[RowFault(item.name, "type")] = text.is_not_null() & value.is_null()
            for rule in item.rules:
                flag = self._broken(item, rule, text, value)
                if flag is not None:
                    flags[RowFault(item.name, rule.kind)] = flag.fill_null(value=False)
        if any(self.contract.by_name[name].is_text for name in self.contract.key):
            flags[RowFault(self.contract.key[0], "key-length")] = self._long_key(texts)
        return flags

    def _long_key(self, texts: pl.DataFrame) -> pl.Series:
        import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

        lengths = [pl.col(name).str.len_bytes() for name in self.contract.key if name in texts.columns]
        return texts.select((pl.sum_horizontal(lengths) > LONGEST_KEY).alias("long")).to_series()

    def _broken(self, item: Item, rule: Rule, text: pl.Series, value: pl.Series) -> pl.Series | None:
        """Which rows break a rule that looks at one value; None for the rules that look at more."""
        import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

        if rule.kind == "range":
            return typing_rules.outside(item, rule.minimum, rule.maximum, value)
        if rule.kind == "codes":
            return ~text.is_in(list(rule.values))
        if rule.kind == "check-digit":
            return checkdigits.wrong(text, rule.scheme.value, self.today)
        if rule.kind != "pattern":
            return None
        try:
            return ~text.str.contains(rf"\A(?:{rule.pattern})\z")
        except pl.exceptions.ComputeError:
            zh, en = f"数据项 {item.name} 的格式规则无法执行", f"The pattern of {item.name} cannot be run"
            raise BatchRefused("rule", zh, en) from None

    def _keys(self, good: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """Hashes of what must be unique with their lines, for the look at the whole batch."""
        import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

        found = {}
        for name, columns in self.unique_sets.items():
            hashed = pl.struct(columns).hash() if len(columns) > 1 else pl.col(columns[0]).hash()
            kept = good if len(columns) > 1 else good.filter(pl.col(columns[0]).is_not_null())
            found[name] = kept.select(LINE, hashed.alias("hash"))
        return found

    def _bad(self, rows: pl.DataFrame, marks: pl.DataFrame, faults: list[RowFault]) -> list[BadRow]:
        names = [name for name in rows.columns if name != LINE]
        bad = []
        for row, marked in zip(rows.iter_rows(named=True), marks.iter_rows(), strict=True):
            broken = tuple(fault for fault, mark in zip(faults, marked, strict=True) if mark)
            bad.append(BadRow(row[LINE], {name: row[name] for name in names}, broken))
        return bad

    def _remember_newest(self, typed: pl.DataFrame) -> None:
        for item in self.items:
            if any(rule.kind == "freshness" for rule in item.rules):
                value = typed.get_column(item.name).max()
                if value is None:
                    continue
                moment = _moment(value)
                self.newest[item.name] = max(moment, self.newest.get(item.name, moment))

    def stale(self) -> list[RowFault]:
        """The items whose newest value is older than their rule allows."""
        found = []
        for item in self.items:
            for rule in item.rules:
                if rule.kind != "freshness" or item.name not in self.newest:
                    continue
                if self.newest[item.name] < self.now - timedelta(hours=rule.hours):
                    found.append(RowFault(item.name, "freshness"))
        return found


def _moment(value: object) -> datetime:
    """A day counts until its end in China."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    assert isinstance(value, date)
    return datetime.combine(value + timedelta(days=1), datetime.min.time(), CHINA).astimezone(UTC)


def twice(keys: Sequence[pl.DataFrame]) -> list[int]:
    """The lines whose hashes stand more than once within a batch: whether they are twins, the exact values decide."""
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    if not keys:
        return []
    whole = pl.concat(keys)
    return whole.filter(pl.col("hash").is_duplicated()).get_column(LINE).to_list()


def copied(frame: pl.DataFrame, names: Sequence[str]) -> bytes:
    """Columns of a typed slice as COPY reads them (CSV); nothing stands for null."""
    import io  # noqa: PLC0415 - with its user

    out = io.BytesIO()
    frame.select(*names).write_csv(
        out, include_header=False, date_format="%Y-%m-%d", datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ"
    )  # fmt: skip
    return out.getvalue()


__all__ = ["LINE", "Checked", "Checks", "ColumnType", "copied", "twice"]
