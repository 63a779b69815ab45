"""Step 3: two real winter days of Hengshui's air, hour by hour; computed AQI against published; one order, closed."""

import csv
from collections.abc import Iterator
from typing import Any

from launcher.city import ROOT
from launcher.day.account import Day
from launcher.day.people import Unexpected, wait_for

AIR = "/api/city-ops/v1/environment"
THRESHOLD = 150


def rows() -> list[dict[str, str]]:
    """The 96 published rows of Hengshui's two stations, oldest first."""
    with (ROOT / "ops" / "sample" / "air_hengshui.csv").open(encoding="utf-8", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: (row["timepoint"], row["stationcode"]))


def observation(row: dict[str, str]) -> dict[str, Any]:
    """A published row as an observation. The headings of ozone are shifted there: `o3_24h` holds the hourly value."""
    columns = {"pm2_5": "pm2_5", "pm10": "pm10", "so2": "so2", "no2": "no2", "co": "co", "o3": "o3_24h"}
    values = {name: float(row[column]) if row[column] else None for name, column in columns.items()}
    return {"station_code": row["stationcode"], "observed_at": f"{row['timepoint']}+08:00", **values}


def hours() -> Iterator[list[dict[str, str]]]:
    """The rows of one hour after the other."""
    published = rows()
    for timepoint in sorted({row["timepoint"] for row in published}):
        yield [row for row in published if row["timepoint"] == timepoint]


def breathe(day: Day) -> dict[str, int]:
    """Report the hours, compare the computed index with the published one, and see what was ordered."""
    with day.step(3, "两日真实空气观测", "Two real winter days of air, hour by hour"):
        station = day.program("air-station-gateway", "city-ops.environment.report")
        raised: list[str] = []
        for hour in hours():
            report = station.post(f"{AIR}/air/observations", {"observations": [observation(row) for row in hour]})
            raised += report["orders"]
        compared = _compare(day)
        day.tell(
            f"{len(rows())} 条观测 observations; AQI 与公布值一致 equal to the published one:"
            f" {compared['equal']}/{compared['published']} (HJ 633-2012)",
            day.url(f"{AIR}/air/latest"),
        )
        day.facts["air"] = compared | {"orders": len(raised)}
        if compared["equal"] != compared["published"]:
            raise Unexpected("a computed AQI differs from the published one")
        _close_orders(day, raised)
        return compared


def _compare(day: Day) -> dict[str, int]:
    anyone = day.anyone()
    computed: dict[tuple[str, str], Any] = {}
    for code in sorted({row["stationcode"] for row in rows()}):
        page = anyone.get(
            f"{AIR}/air/stations/{code}/hours",
            since="2023-01-07T00:00:00+08:00", until="2023-01-10T00:00:00+08:00", limit=200,
        )  # fmt: skip
        for hour in page["items"]:
            computed[code, hour["observed_at"][:19]] = hour["index"]["aqi"]
    published = [row for row in rows() if row["aqi"]]
    equal = sum(computed.get((row["stationcode"], row["timepoint"])) == int(row["aqi"]) for row in published)
    return {"published": len(published), "equal": equal, "hours": len(computed)}


def _close_orders(day: Day, raised: list[str]) -> None:
    """The bureau acknowledges what was ordered and reports what it did."""
    officer = day.persona("environment")
    if raised:
        day.tell(f"首次超过 {THRESHOLD} 即时交办 the first crossing raised {' '.join(raised)}")

    def assigned() -> list[dict[str, Any]] | None:
        items = officer.get(f"{AIR}/orders", limit=50)["items"]
        mine = [order for order in items if order["number"] in raised]
        return mine if len(mine) == len(raised) else None

    for order in wait_for("the orders of the bureau", assigned) if raised else []:
        path = f"{AIR}/orders/{order['id']}"
        officer.post(f"{path}/acknowledgements")
        done = officer.post(f"{path}/reports", {"text": "启动错峰生产与道路湿扫，现场检查三处工地。"})
        day.tell(
            f"{done['number']} {done['station_code']} AQI {done['aqi']} · {done['department_name']} · {done['state']}",
            day.url(path),
        )
