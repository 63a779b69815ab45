"""Observations, stations and neighbours for the tests of the air."""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from citykit.clock import CHINA
from citykit.testing import ServiceUnderTest

ROOT = Path(__file__).resolve().parents[4]
HENGSHUI = ROOT / "ops" / "sample" / "air_hengshui.csv"
SHARED_AIR = ROOT.parent / "shared" / "data" / "air"

POLLUTANT_NAMES = {"颗粒物(PM10)": "pm10", "细颗粒物(PM2.5)": "pm2_5"}
# The published headings of ozone are shifted: the hourly value stands under `o3_24h`.
COLUMNS = {"pm2_5": "pm2_5", "pm10": "pm10", "so2": "so2", "no2": "no2", "co": "co", "o3": "o3_24h"}
ECOLOGY = "11131100MB0H00030L"
URBAN = "11131100MB0H00022R"

GATEWAY_SCOPE = ("city-ops.environment.report",)
OBSERVATIONS = "/api/city-ops/v1/environment/air/observations"
AIR = "/api/city-ops/v1/environment/air"
ORDERS = "/api/city-ops/v1/environment/orders"
HANDLE = ["city-ops.environment.handle"]
READ = ["city-ops.environment.read"]


def published(path: Path) -> list[dict[str, str]]:
    """The rows of a published file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def observation(row: dict[str, str]) -> dict[str, Any]:
    """A published row as a gateway reports it."""
    values = {name: float(row[column]) if row[column] else None for name, column in COLUMNS.items()}
    return {"station_code": row["stationcode"], "observed_at": f"{row['timepoint']}+08:00", **values}


def hour(at: datetime | str, *, station: str = "1074A", **values: float | None) -> dict[str, Any]:
    """An hour of clean air, but for `values`."""
    clean = {"pm2_5": 20, "pm10": 40, "so2": 5, "no2": 20, "co": 0.5, "o3": 60}
    end = at if isinstance(at, str) else at.astimezone(CHINA).isoformat()
    return {"station_code": station, "observed_at": end, **(clean | values)}


def hours(first: str, count: int, **values: float | None) -> list[dict[str, Any]]:
    """`count` hours of clean air, the first ending at `first`."""
    start = datetime.fromisoformat(first)
    return [hour(start + timedelta(hours=n), **values) for n in range(count)]


async def with_stations(city: ServiceUnderTest) -> None:
    """Register the sample's stations."""
    async with city.work() as work:
        await city.service.sample(work, 0.0)  # type: ignore[misc]


async def report(city: ServiceUnderTest, observations: list[dict[str, Any]], **claims: Any) -> httpx.Response:
    """Report as the station gateway."""
    headers = city.token(GATEWAY_SCOPE, subject="air-station-gateway", kind="client", **claims)
    return await city.client.post(OBSERVATIONS, json={"observations": observations}, headers=headers)


def gov_collab_answers(city: ServiceUnderTest, department: str = ECOLOGY) -> None:
    """The neighbour that knows who answers for what is up."""
    city.neighbours.get(path__regex=r"/internal/gov-collab/v1/organisations/responsibilities/resolution.*").respond(
        json={"department_code": department, "department_name": "衡水市生态环境局", "legal_basis": "示例", "new": 1}
    )


async def count(city: ServiceUnderTest, table: str) -> int:
    """How many rows a table has."""
    async with city.work() as work:
        return await work.session.scalar(text(f"select count(*) from {table}")) or 0


async def orders(city: ServiceUnderTest) -> list[dict[str, Any]]:
    """The orders that a reader of all sees."""
    answer = await city.client.get(ORDERS, headers=city.token(READ))
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def raised(city: ServiceUnderTest, *, drain: bool = True) -> dict[str, Any]:
    """An order that stands in the database, assigned where gov-collab answers."""
    await with_stations(city)
    answer = await report(city, [hour("2026-03-02T10:00:00+08:00", pm2_5=140)])
    assert answer.json()["orders"]
    if drain:
        gov_collab_answers(city)
        await city.drain()
    return (await orders(city))[0]
