"""The sample city's indicators: invented figures in two vintages, one confidential; all marked as sample.

Beside them stand published figures that may be carried: the gross domestic product of China 1960 to 2023 in current US
dollars, World Bank, public domain (PDDL 1.0).
"""

import csv
from decimal import Decimal
from importlib.resources import files

from citykit.work import Work
from data_hub.registries.macro_economy.domain import Ref
from data_hub.registries.macro_economy.errors import NoIndicator
from data_hub.registries.macro_economy.foundation import CITY, COUNTIES, GDP, REGIONAL, lay
from data_hub.registries.macro_economy.releases import Releases
from data_hub.registries.macro_economy.repository import FLOW
from data_hub.registries.macro_economy.schemas import (
    Dataflow,
    IndicatorDraft,
    Name,
    ObservationDraft,
    ReleaseDraft,
    Revision,
    RevisionKind,
    Source,
)
from data_hub.registries.macro_economy.service import MacroEconomy
from data_hub.sample.personas import LOADER

STATISTICS = "11131100MB0H00014Y"
SOURCE = Source(department=STATISTICS, department_name="衡水市数据和政务服务局（示例）", batch="sample")
NATIONAL = Ref("HS", "NATIONAL", "1.0")
_WORLD_BANK = Source(department=STATISTICS, department_name="世界银行 World Bank (PDDL 1.0)", batch="datasets/gdp")
_INDICATORS = (
    ("VALUE_ADDED", "地区生产总值（示例）", "Gross regional product (sample)", "CNY", 8, True, None, REGIONAL),
    ("VALUE_ADDED_1", "第一产业增加值（示例）", "Primary industry (sample)", "CNY", 8, True, "VALUE_ADDED", REGIONAL),
    ("VALUE_ADDED_2", "第二产业增加值（示例）", "Secondary industry (sample)", "CNY", 8, True, "VALUE_ADDED", REGIONAL),
    ("VALUE_ADDED_3", "第三产业增加值（示例）", "Tertiary industry (sample)", "CNY", 8, True, "VALUE_ADDED", REGIONAL),
    ("GROWTH", "地区生产总值增速（示例）", "Growth (sample)", "PERCENT", 0, False, None, REGIONAL),
    ("GDP", "全市生产总值（示例）", "Gross domestic product (sample)", "CNY", 8, True, None, GDP),
    (
        "GDP_CHN_USD", "中国国内生产总值（现价美元，世界银行）", "Gross domestic product of China (World Bank)", "USD",
        0, True, None, NATIONAL,
    ),
)  # fmt: skip
_PARTS = {"VALUE_ADDED_1": Decimal("0.15"), "VALUE_ADDED_2": Decimal("0.33"), "VALUE_ADDED_3": Decimal("0.52")}
_SIZES = (520, 165, 150, 110, 105, 120, 215, 130, 170, 95, 190)  # invented, 亿元
_SECRET = ("A.VALUE_ADDED_2.131123", "2023")


async def load_indicators(work: Work) -> None:
    """Lay the structures and release the figures; what is there stays."""
    await lay(work, by=LOADER, sample=True)
    registry = MacroEconomy(work)
    if await registry.structures.one(FLOW, NATIONAL) is None:
        name = Name(zh="全国对照指标", en="National figures to compare with")
        national = Dataflow(id=NATIONAL.id, name=name, structure="HS:DSD_GDP(1.0)")
        await registry.make(national, by=LOADER, sample=True)
    for code, zh, en, unit, power, additive, parent, flow in _INDICATORS:
        try:
            await registry.indicator(code)
        except NoIndicator:
            indicator = IndicatorDraft(
                code=code, name=Name(zh=zh, en=en), unit=unit, unit_mult=power, decimals=1, additive=additive,
                parent=parent, department=STATISTICS, department_name="衡水市数据和政务服务局（示例）", flow=str(flow),
            )  # fmt: skip
            await registry.define(indicator, by=LOADER, sample=True)
    await _release(work)


async def _release(work: Work) -> None:
    releases = Releases(work)
    why = Revision(kind=RevisionKind.routine, reason="年度核算最终核实（示例） Final annual accounts (sample)")
    for flow, source, name, observations, revision in (
        (REGIONAL, SOURCE, "sample-2022-2023-first", _regional("2022") + _regional("2023", "P"), None),
        (REGIONAL, SOURCE, "sample-2023-final", _regional("2023", more=Decimal("1.02")), why),
        (GDP, SOURCE, "sample-annual", _annual(), None),
        (GDP, SOURCE, "sample-quarterly", _quarterly(), None),
        (NATIONAL, _WORLD_BANK, "world-bank-2023", _national(), None),
    ):
        draft = ReleaseDraft(release=name, source=source, revision=revision, observations=observations)
        await releases.release(flow, draft, by=LOADER, sample=True)


def _national() -> list[ObservationDraft]:
    text = (files("data_hub.sample") / "data" / "gdp_china.csv").read_text(encoding="utf-8")
    return [
        ObservationDraft(key="A.GDP_CHN_USD", period=row["Year"], value=Decimal(row["Value"]))
        for row in csv.DictReader(text.splitlines())
    ]


def _observation(key: str, period: str, value: Decimal, status: str = "A") -> ObservationDraft:
    conf = "C" if (key, period) == _SECRET else "F"
    return ObservationDraft(key=key, period=period, value=value, obs_status=status, conf_status=conf)


def _regional(year: str, status: str = "A", more: Decimal = Decimal(1)) -> list[ObservationDraft]:
    growth = (Decimal("1.052") if year == "2023" else Decimal(1)) * more
    found, city = [], dict.fromkeys(_PARTS, Decimal(0))
    for county, size in zip(COUNTIES, _SIZES, strict=True):
        parts = {code: round(size * share * growth, 1) for code, share in _PARTS.items()}
        found += [_observation(f"A.{code}.{county}", year, value, status) for code, value in parts.items()]
        found.append(_observation(f"A.VALUE_ADDED.{county}", year, sum(parts.values(), Decimal(0)), status))
        city = {code: city[code] + value for code, value in parts.items()}
    found += [_observation(f"A.{code}.{CITY}", year, value, status) for code, value in city.items()]
    found.append(_observation(f"A.VALUE_ADDED.{CITY}", year, sum(city.values(), Decimal(0)), status))
    found.append(_observation(f"A.GROWTH.{CITY}", year, Decimal("5.2") if year == "2023" else Decimal("4.9"), status))
    return found


def _annual() -> list[ObservationDraft]:
    return [_observation("A.GDP", "2022", Decimal("1800.5")), _observation("A.GDP", "2023", Decimal("1856.1"))]


def _quarterly() -> list[ObservationDraft]:
    values = ("431.2", "462.8", "470.4", "491.7")
    return [_observation("Q.GDP", f"2023-Q{n}", Decimal(value)) for n, value in enumerate(values, 1)]
