"""The air-quality app: sent in, reviewed by somebody else, opened in a browser, suspended, let in again."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from launcher.city import City
from launcher.day import Day, air, apps
from launcher.day.people import wait_for

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]
CHROMIUM = shutil.which("chromium")
REASON = {"reason": "例行检查"}


@pytest.fixture(scope="module")
def app(city_at_work: City) -> dict[str, Any]:
    day = Day(city_at_work, quiet=True)
    published = apps.publish(day)
    day.close()
    return published


@pytest.fixture
def day(city_at_work: City) -> Any:
    day = Day(city_at_work, quiet=True)
    yield day
    day.close()


def acted(day: Day, app: dict[str, Any], act: str) -> dict[str, Any]:
    return dict(day.persona("data-steward").post(f"{apps.APPS}/{app['app_id']}/{act}", REASON))


def client(day: Day, app: dict[str, Any]) -> dict[str, Any]:
    return dict(day.persona("administrator").get(f"/api/citizen-pass/v1/clients/{app['client_id']}"))


def test_it_stands_in_the_store(day: Day, app: dict[str, Any]) -> None:
    shown = day.anyone().get(f"{apps.APPS}/store", limit=100)["items"]
    assert app["app_id"] in {item["app_id"] for item in shown}
    assert app["address"] in day.anyone().send("GET", "/api/data-hub/apps/").text


def test_its_client_can_ask_for_nothing(day: Day, app: dict[str, Any]) -> None:
    made = client(day, app)
    assert (made["kind"], made["scopes"], made["grant_types"]) == ("public", [], [])


def test_its_developer_does_not_review_it(day: Day, app: dict[str, Any]) -> None:
    answer = day.persona("ecology-steward").send(
        "POST", f"{apps.APPS}/{app['app_id']}/versions/1/approvals", json={"scopes": [], "note": "自己批准"}
    )
    assert answer.status_code == 403


def test_a_suspension_acts_at_once_on_page_and_client(day: Day, app: dict[str, Any]) -> None:
    acted(day, app, "suspensions")
    assert day.anyone().send("GET", app["address"]).status_code == 410
    wait_for("its client to be stopped", lambda: client(day, app)["suspended_at"])
    acted(day, app, "reinstatements")
    assert day.anyone().send("GET", app["address"]).status_code == 200
    wait_for("its client to be let in", lambda: client(day, app)["suspended_at"] is None)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_browser_reads_the_citys_air_in_its_sandbox(day: Day, app: dict[str, Any], tmp_path: Path) -> None:
    station = day.program("air-station-gateway", "city-ops.environment.report")
    hour = next(air.hours())
    station.post(f"{air.AIR}/air/observations", {"observations": [air.observation(row) for row in hour]})
    now = day.anyone().get(f"{air.AIR}/air/city")["now"]
    page = browsed(day.url(app["address"]), tmp_path)
    assert f'<span id="aqi">{now["index"]["aqi"]}</span>' in page
    assert "桃城区" in page


def browsed(address: str, profile: Path) -> str:
    """The page as a browser shows it, once its scripts have come to rest."""
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={profile}", "--virtual-time-budget=15000", "--dump-dom", address,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout
