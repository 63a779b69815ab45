"""The standards of the air as dated data files, read once: a limit is never a number in the code.

Every derived value is stored with the name of the edition that made it, so that a later edition changes no history.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from city_ops.environment.domain import Breakpoints, IndexTable, Limits, in_force


@dataclass(frozen=True)
class Level:
    """A level of the index 空气质量级别, with its colour; `up_to` is its highest AQI, None for the last."""

    number: int
    up_to: int | None
    name_zh: str
    name_en: str
    colour: str


@dataclass(frozen=True)
class OrderRule:
    """When an hour's index raises an order, to whom (by matter), and how soon it must be taken up and reported."""

    code: str
    title: str
    effective_from: date
    effective_to: date | None
    above: int
    matter: str
    acknowledge_within: timedelta
    report_within: timedelta


def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return document


def _span(document: dict[str, Any]) -> tuple[date, date | None]:
    end = document["effective_to"]
    return date.fromisoformat(document["effective_from"]), None if end is None else date.fromisoformat(end)


def _index_table(name: str) -> IndexTable:
    document = _read(name)
    rows = {row: Breakpoints(tuple(of["breakpoints"]), of["above"]) for row, of in document["rows"].items()}
    return IndexTable(document["standard"], *_span(document), tuple(document["iaqi"]), rows)


def _limits(name: str) -> Limits:
    document = _read(name)
    validity = document["validity"]
    return Limits(
        document["standard"],
        *_span(document),
        day_hours=validity["day_hours"],
        eight_hour_hours=validity["eight_hour_hours"],
        ozone_windows=validity["ozone_windows"],
        ozone_limit=document["limits"]["o3"]["eight_hours"][1],
    )


@cache
def index_tables() -> tuple[IndexTable, ...]:
    """All editions of HJ 633 that the city knows, oldest first."""
    return tuple(_index_table(name) for name in ("hj633-2012.json", "hj633-2026.json"))


@cache
def air_limits() -> tuple[Limits, ...]:
    """All editions of GB 3095 that the city knows, oldest first."""
    return tuple(_limits(f"gb3095-{edition}.json") for edition in ("2012", "2026-first", "2026-second"))


@cache
def index_table_on(day: date) -> IndexTable:
    """The edition of HJ 633 in force on `day`. Raises NothingInForce."""
    return in_force(index_tables(), day)


@cache
def limits_on(day: date) -> Limits:
    """The edition of GB 3095 in force on `day`. Raises NothingInForce."""
    return in_force(air_limits(), day)


@cache
def levels() -> tuple[Level, ...]:
    """The six levels of the index, lowest first."""
    wanted = ("number", "up_to", "name_zh", "name_en", "colour")
    return tuple(Level(**{key: of[key] for key in wanted}) for of in _read("levels.json")["levels"])


def level_of(aqi: int) -> Level:
    """The level that an index lies in."""
    return next(level for level in levels() if level.up_to is None or aqi <= level.up_to)


@cache
def order_rules() -> tuple[OrderRule, ...]:
    """The rules by which an hour raises an order."""
    return tuple(
        OrderRule(
            of["code"],
            of["title"],
            *_span(of),
            above=of["above"],
            matter=of["matter"],
            acknowledge_within=timedelta(minutes=of["acknowledge_within_minutes"]),
            report_within=timedelta(minutes=of["report_within_minutes"]),
        )
        for of in _read("order-rules.json")["rules"]
    )


def order_rule_on(day: date) -> OrderRule:
    """The order rule in force on `day`. Raises NothingInForce."""
    return in_force(order_rules(), day)
