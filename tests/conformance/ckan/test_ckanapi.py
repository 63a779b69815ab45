"""The action API as a client written by others sees it: ckanapi, as a library and as the command that dumps portals."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from citykit.testing import ServiceUnderTest, service_fixture
from data_hub.sample.catalogue import AIR, RESOURCES
from data_hub.sample.resources import load_resources

ckanapi = pytest.importorskip("ckanapi")
COMMAND = shutil.which("ckanapi", path=str(Path(sys.executable).parent))
OPENED = sorted(one.code for one in RESOURCES if one.opening == "opened" and one.code != "304002-000001")
FACETS: dict[str, Any] = {"facet.field": ["groups"]}
ECOLOGY = "11131100mb0h00030l"


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


PORT = free_port()
ADDRESS = f"http://127.0.0.1:{PORT}"  # known before the portal listens, for the addresses that it tells of itself
city = service_fixture("data_hub.main:service", public_url=ADDRESS)


@pytest_asyncio.fixture(loop_scope="session")
async def portal(city: ServiceUnderTest) -> AsyncIterator[str]:
    """The address of a portal that really listens, with the sample's directory."""
    async with city.work() as work:
        await load_resources(work)
    config = uvicorn.Config(city.app, host="127.0.0.1", port=PORT, lifespan="off", log_level="error", ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells of its start in no other way
        await asyncio.sleep(0.01)
    yield f"{ADDRESS}/api/data-hub/ckan"
    server.should_exit = True
    await serving


async def call(portal: str, action: str, /, *, get_only: bool = False, apikey: str | None = None, **given: Any) -> Any:
    """The result of an action, by the client's own hand."""

    def called() -> Any:
        with ckanapi.RemoteCKAN(portal, apikey=apikey, get_only=get_only) as site:
            return site.call_action(action, given)

    return await asyncio.to_thread(called)


async def run(*arguments: str) -> list[dict[str, Any]]:
    """What the command writes, line by line."""
    if COMMAND is None:
        pytest.skip("the command ckanapi is not installed")
    path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # it calls itself by its bare name

    def called() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(COMMAND), *arguments], capture_output=True, text=True, check=False, env=os.environ | {"PATH": path}
        )

    done = await asyncio.to_thread(called)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("get_only", [False, True])
async def test_lists_and_shows(portal: str, *, get_only: bool) -> None:
    assert await call(portal, "package_list", get_only=get_only) == OPENED
    shown = await call(portal, "package_show", get_only=get_only, id=AIR)
    assert (shown["name"], shown["organization"]["name"]) == (AIR, ECOLOGY)
    assert (await call(portal, "status_show", get_only=get_only))["extensions"] == ["datastore", "dcat"]


async def test_searches(portal: str) -> None:
    found = await call(portal, "package_search", q="空气", fq=f"organization:{ECOLOGY}", **FACETS)
    assert [one["name"] for one in found["results"]] == [AIR]
    assert found["search_facets"]["groups"]["items"][0]["name"] == "environment"


async def test_walks_organisations_groups_and_tags(portal: str) -> None:
    names = await call(portal, "organization_list")
    counts = [(await call(portal, "organization_show", id=name))["package_count"] for name in names]
    assert (ECOLOGY in names, sum(counts)) == (True, len(OPENED))
    assert "environment" in await call(portal, "group_list")
    assert (await call(portal, "group_show", id="environment", include_datasets=True))["packages"]
    assert "空气" in await call(portal, "tag_list")
    assert (await call(portal, "tag_show", id="空气", include_datasets=True))["packages"][0]["name"] == AIR


async def test_reads_rows(portal: str) -> None:
    resource = (await call(portal, "package_show", id=AIR))["resources"][1]
    assert await call(portal, "resource_show", id=resource["id"]) == resource
    found = await call(portal, "datastore_search", resource_id=resource["id"], filters={"station": "1074A"}, limit=5)
    assert (found["total"], len(found["records"])) == (48, 5)


@pytest.mark.parametrize(
    ("action", "given", "refusal"),
    [
        ("package_show", {"id": "101001-000001"}, "NotFound"),
        ("package_create", {"name": "mine"}, "NotAuthorized"),
        ("datastore_search_sql", {"sql": "select 1"}, "NotAuthorized"),
        ("datastore_search", {"resource_id": AIR, "limit": "x"}, "ValidationError"),
        ("package_search", {"q": "a OR b"}, "SearchQueryError"),
    ],
)
async def test_understands_refusals(portal: str, action: str, given: dict[str, Any], refusal: str) -> None:
    with pytest.raises(getattr(ckanapi, refusal)):
        await call(portal, action, **given)


async def test_a_key_does_no_harm(portal: str) -> None:
    assert await call(portal, "package_list", apikey="a-key-of-another-portal") == OPENED


async def test_dumps_everything(portal: str) -> None:
    packages = await run("dump", "datasets", "--all", "--quiet", "--remote", portal, "--processes", "2")
    assert [one["name"] for one in packages] == OPENED
    for thing, name in (("organizations", ECOLOGY), ("groups", "environment")):
        dumped = await run("dump", thing, "--all", "--quiet", "--remote", portal)
        assert name in {one["name"] for one in dumped}


async def test_dumps_data_packages_with_their_rows(city: ServiceUnderTest, portal: str, tmp_path: Path) -> None:
    await run("dump", "datasets", AIR, "--quiet", "--remote", portal, "--datapackages", str(tmp_path))
    rows = (tmp_path / AIR / "data").glob("*.csv")
    assert [len(file.read_text(encoding="utf-8-sig").splitlines()) for file in rows] == [97]
    package = json.loads((tmp_path / AIR / "datapackage.json").read_text(encoding="utf-8"))
    assert package["name"] == AIR
    assert {field["name"] for field in package["resources"][0]["schema"]["fields"]} >= {"station", "hour", "aqi"}
