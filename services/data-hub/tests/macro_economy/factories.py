"""What the tests of the macro-economy need: the sample city's structures, and short ways to release."""

from typing import Any

import httpx

from citykit.testing import ServiceUnderTest
from data_hub.registries.macro_economy.foundation import lay
from data_hub.registries.macro_economy.schemas import IndicatorDraft, Name
from data_hub.registries.macro_economy.service import MacroEconomy
from data_hub.sample.macro_economy import load_indicators
from data_hub.sample.personas import LOADER

SDMX = "/api/data-hub/sdmx/2.1"
API = "/api/data-hub/v1"
REGIONAL = f"{API}/statistics/flows/HS/REGIONAL/1.0"
GDP = f"{API}/statistics/flows/HS/GDP/1.0"
DEPARTMENT = "11131100MB0H00014Y"
SOURCE = {"department": DEPARTMENT, "department_name": "统计", "batch": "b-1"}
CONFIDENTIAL = "A.VALUE_ADDED_2.131123"


def keeper(city: ServiceUnderTest) -> dict[str, str]:
    return city.token(["data-hub.indicators.maintain"], department=DEPARTMENT)


def insider(city: ServiceUnderTest) -> dict[str, str]:
    return city.token(["data-hub.indicators.read"], department=DEPARTMENT)


async def with_sample(city: ServiceUnderTest) -> None:
    async with city.work() as work:
        await load_indicators(work)


async def with_indicators(city: ServiceUnderTest) -> None:
    """Structures and the indicator OUTPUT of the flow by area, no data."""
    async with city.work() as work:
        await lay(work, by=LOADER)
        for code, flow in (("OUTPUT", "HS:REGIONAL(1.0)"), ("GDP", "HS:GDP(1.0)")):
            draft = IndicatorDraft(
                code=code, name=Name(zh="产值", en="Output"), unit="CNY", unit_mult=8, department=DEPARTMENT,
                department_name="统计", flow=flow,
            )  # fmt: skip
            await MacroEconomy(work).define(draft, by=LOADER)


def release(name: str, *cells: tuple[Any, ...], reason: str | None = None, key: str = "A.OUTPUT.") -> dict[str, Any]:
    """The body of a release: cells are area, period, value, and the confidentiality where it is not free."""
    observations = [
        {"key": f"{key}{area}", "period": text, "value": value, "conf_status": (more or ("F",))[0]}
        for area, text, value, *more in cells
    ]
    revision = None if reason is None else {"kind": "error", "reason": reason}
    return {"release": name, "source": SOURCE, "revision": revision, "observations": observations}


async def released(city: ServiceUnderTest, body: dict[str, Any], flow: str = REGIONAL) -> httpx.Response:
    return await city.client.post(f"{flow}/releases", json=body, headers=keeper(city))


async def shown(city: ServiceUnderTest, **query: Any) -> list[dict[str, Any]]:
    """The observations of OUTPUT as anybody sees them."""
    answer = await city.client.get(f"{API}/indicators/OUTPUT/observations", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["observations"]
    return found
