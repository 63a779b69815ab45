"""What a data message says, whatever its form: series, their observations, which attributes go with them; pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from data_hub.registries.macro_economy.repository import Seen, Series
from data_hub.registries.macro_economy.service import TIME, VALUE, Shape

ALL_DIMENSIONS = "AllDimensions"
DETAILS = ("full", "dataonly", "serieskeysonly", "nodata")


@dataclass(frozen=True, slots=True)
class Group:
    """A series of a message: the key at its head, its attributes, and the observations below."""

    key: dict[str, str]
    attributes: dict[str, str]
    rows: list[tuple[str, Seen]]  # the code of the dimension at the observation, and the observation


@dataclass
class DataMessage:
    """The answer to a data query."""

    shape: Shape
    series: list[Series]
    rows: list[Seen]
    detail: str
    at: str  # the dimension at the observation
    history: bool
    prepared: datetime
    message_id: str
    labels: bool = False
    level: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.level = {one["id"]: one["level"] for one in self.shape.attributes}

    @property
    def with_attributes(self) -> bool:
        """Whether attributes are asked for."""
        return self.detail in ("full", "nodata")

    @property
    def with_observations(self) -> bool:
        """Whether observations are asked for."""
        return self.detail in ("full", "dataonly")

    @property
    def dimensions(self) -> list[str]:
        """All dimensions, time last."""
        return [*self.shape.dimensions, TIME]

    @property
    def columns(self) -> list[str]:
        """What is told of a series and its observations: dimensions, value, attributes."""
        value = [TIME, VALUE] if self.with_observations else []
        return [*self.shape.dimensions, *value, *(self.level if self.with_attributes else ())]

    @property
    def observations(self) -> int:
        """How many observations the answer holds."""
        return len(self.rows) if self.with_observations else 0

    def vintages(self) -> Iterator[tuple[datetime | None, list[Seen]]]:
        """The rows by the instant of their release where history is asked for, otherwise all in one."""
        if not self.history:
            yield None, self.rows
            return
        ordered = sorted(self.rows, key=lambda row: (row.known_from, row.key, row.start, row.period))
        for at, rows in groupby(ordered, key=lambda row: row.known_from):
            yield at, list(rows)

    def groups(self, rows: list[Seen]) -> Iterator[Group]:
        """The series of a message, in order."""
        by_key = {one.key: one for one in self.series}
        names = self.shape.dimensions
        if not self.with_observations:
            for one in self.series:
                yield Group(dict(zip(names, one.codes, strict=True)), self._of_series(one), [])
        elif self.at in (TIME, ALL_DIMENSIONS):
            for key, members in groupby(rows, key=lambda row: row.key):
                one = by_key[key]
                head = dict(zip(names, one.codes, strict=True))
                yield Group(head, self._of_series(one), [(row.period, row) for row in members])
        else:
            yield from self._across(rows, by_key)

    def _across(self, rows: list[Seen], by_key: dict[str, Series]) -> Iterator[Group]:
        """Sections: time stands in the head, another dimension varies below."""
        place = self.shape.dimensions.index(self.at)

        def head(row: Seen) -> tuple[tuple[str, ...], str]:
            codes = by_key[row.key].codes
            return (*codes[:place], *codes[place + 1 :]), row.period

        rest = [name for name in self.shape.dimensions if name != self.at]
        for (codes, text), members in groupby(sorted(rows, key=lambda row: (head(row), row.key)), key=head):
            listed = [(by_key[row.key].codes[place], row) for row in members]
            yield Group({**dict(zip(rest, codes, strict=True)), TIME: text}, {}, listed)

    def _of_series(self, one: Series) -> dict[str, str]:
        if not self.with_attributes:
            return {}
        return {name: text for name, text in one.attributes.items() if self.level.get(name) == "series"}

    def of_observation(self, row: Seen) -> dict[str, str]:
        """The attributes of an observation: its statuses, what was stated with it, and where it comes from."""
        if not self.with_attributes:
            return {}
        said = {
            "OBS_STATUS": row.obs_status, "CONF_STATUS": row.conf_status, "CONF_STATUS_OBS": row.conf_status,
            "RELEASE_ID": row.release, "SOURCE_DEPT": row.department, "REVISION_REASON": row.reason or "",
        } | row.attributes  # fmt: skip
        return {name: text for name, text in said.items() if text and self.level.get(name) == "observation"}

    def label(self, component: str, code: str) -> str:
        """The Chinese name of a code."""
        return self.names(component, code).get("zh", code)

    def names(self, component: str, code: str) -> dict[str, str]:
        """The names of a code in both languages; none where the component has no code list."""
        listed = self._listed(component)
        return dict(listed[code]["name"]) if listed and code in listed else {}

    def _listed(self, component: str) -> dict[str, dict[str, Any]] | None:
        cache = self.__dict__.setdefault("_cache", {})
        if component not in cache:
            cache[component] = self.shape.codes(component)
        found: dict[str, dict[str, Any]] | None = cache[component]
        return found


def number(value: Decimal) -> str:
    """A value without an exponent, as it was stated."""
    return format(value, "f")
