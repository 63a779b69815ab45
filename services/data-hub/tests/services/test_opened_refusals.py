"""Whoever is refused what everybody may read leaves evidence too, under no text that she chose; so do SDMX readers."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from citykit.callers import Allowance
from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.opened_doors import OpenedRoute
from data_hub.registries.geography.features_router import router as features
from data_hub.registries.geography.tiles_router import router as tiles
from data_hub.registries.macro_economy.sdmx_routes import router as sdmx
from data_hub.resources.public_router import router as catalogue
from data_hub.sample.macro_economy import load_indicators

from .factories import AIR, ECOLOGY, HUB, ROWS, Office
from .opened import FILE, LAYER, ONE, OTHER, SEARCH, bounded, exported, signed, verified

LAYERS = f"{HUB}/geography/layers"
SQL = "/api/data-hub/ckan/api/action/datastore_search_sql"
DATA = "/api/data-hub/sdmx/2.1/data"
FLOW = "flow/HS:GDP(1.0)"
TILE = f"{LAYER}/tiles/WebMercatorQuad"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ML = {"Accept": "application/vnd.sdmx.genericdata+xml;version=2.1"}
CSV = {"Accept": "application/vnd.sdmx.data+csv"}
PRIVATE = "wang-xiaoming"


@pytest.fixture
async def office(city: ServiceUnderTest) -> Office:
    office = Office(city)
    await office.publish(opening="opened", share_type="unconditional", share_condition=None)
    bounded(office)
    async with city.work() as work:
        await load_indicators(work)
    return office


async def refused(office: Office, path: str, status: int, **headers: str) -> None:
    """Ask for what is refused."""
    answer = await office.city.client.get(path, headers=headers)
    assert answer.status_code == status, answer.text


async def withdraw(office: Office) -> None:
    """Withdraw the resource."""
    author = office.city.token(["data-hub.resources.catalogue"], subject=str(new_id()), department=ECOLOGY)
    path = f"{HUB}/resources/{AIR}/withdrawals"
    answer = await office.city.client.post(path, json={"reason": "合并"}, headers=author)
    assert answer.status_code < 300, answer.text


async def layer(office: Office, access: str) -> str:
    """A layer that a department published for some."""
    name = f"test-{new_id().hex[-12:]}"
    who = office.city.token(["data-hub.geography.publish"], department=ECOLOGY, subject=str(new_id()))
    point = {"type": "Feature", "id": "a", "geometry": {"type": "Point", "coordinates": [115.67, 37.74]}}
    told = {
        "id": name, "title": "公园", "title_en": "Parks", "department_name": "衡水市生态环境局", "source": "2026",
        "access": access, "crs": "EPSG:4490",
        "features": {"type": "FeatureCollection", "features": [point | {"properties": {}}]},
    }  # fmt: skip
    answer = await office.city.client.post(LAYERS, json=told, headers=who)
    assert answer.status_code == 200, answer.text
    return name


def test_every_route_to_rows_is_a_door_and_every_door_is_a_route() -> None:
    names = {
        (type(one), one.name) for router in (features, tiles, sdmx, catalogue) for one in router.routes
    }  # fmt: skip
    told = {(kind, name) for kind, _ in names if issubclass(kind, OpenedRoute) for name in kind.doors}
    assert told <= names
    assert {name for _, name in told} == {
        "download_opened", "list_features", "read_feature", "read_feature_history", "read_tile", "read_flow",
        "read_key", "read_key_of_provider", "read_flow_2", "read_key_2",
    }  # fmt: skip


class TestEveryDoor:
    @pytest.mark.parametrize(
        ("path", "status", "resource", "action", "code"),
        [
            (f"{SEARCH}?resource_id={AIR}-rows&fields=x", 409, AIR, "datastore_search", "Validation Error"),
            (f"{SEARCH}?resource_id={AIR}&filters=%7B%22aqi%22%3A%22no%22%7D", 409, AIR, "datastore_search",
             "Validation Error"),
            (f"{SEARCH}?resource_id={PRIVATE}", 404, "unknown", "datastore_search", "Not Found Error"),
            (f"{SQL}?sql=select+1", 403, "unknown", "datastore_search_sql", "Authorization Error"),
            (FILE.replace(AIR, "203001-999999"), 404, "unknown", "download", "no-resource"),
            (FILE.replace(AIR, PRIVATE), 422, "unknown", "download", "invalid"),
            (f"{LAYER}/items/{PRIVATE}", 404, "layer/divisions", "feature", "no-such-feature"),
            (f"{LAYER}/items?filter=no_such%3D1", 400, "layer/divisions", "features", "bad-filter"),
            (f"{LAYER}/items?{PRIVATE}=1", 400, "layer/divisions", "features", "unknown-parameter"),
            (f"{LAYER}/items?limit=many", 400, "layer/divisions", "features", "bad-parameter"),
            (f"/api/data-hub/ogc/collections/{PRIVATE}/items", 404, "unknown", "features", "no-such-layer"),
            (f"{TILE}/1/5/5", 404, "unknown", "tile", "no-such-tile"),
            (f"{DATA}/{PRIVATE}", 404, "unknown", "data", "sdmx-no-results"),
            (f"{DATA}/GDP/A.NO_SUCH", 404, FLOW, "data", "sdmx-no-results"),
            (f"{DATA}/GDP?detail={PRIVATE}", 400, FLOW, "data", "sdmx-syntax"),
        ],
    )  # fmt: skip
    async def test_that_refuses_leaves_a_record_that_says_why_and_never_what_was_asked(
        self, office: Office, path: str, status: int, resource: str, action: str, code: str
    ) -> None:
        await refused(office, path, status, **ONE)
        (said,) = await signed(office)
        assert (said["outcome"], said["resource"], said["action"], said["code"]) == ("refused", resource, action, code)
        assert (said["rows"], said["columns"], said["calls"], said["grant_id"]) == (0, [], 1, None)
        assert (said["actor"], len(said["address"])) == ("anyone", 64)
        assert "{" in said["route"]
        told = json.dumps(said)
        assert not {one for one in (PRIVATE, "203.0.113.7", "203001-999999", "no_such", "NO_SUCH") if one in told}

    async def test_to_a_resource_that_was_withdrawn_names_it(self, office: Office) -> None:
        await withdraw(office)
        await refused(office, FILE, 404, **ONE)
        await refused(office, f"{SEARCH}?resource_id={AIR}-rows", 404, **ONE)
        found = await signed(office)
        assert [(one["resource"], one["code"]) for one in found] == [(AIR, "no-resource"), (AIR, "Not Found Error")]

    async def test_to_a_resource_that_was_never_opened_names_it(self, city: ServiceUnderTest) -> None:
        office = Office(city)
        await office.publish()
        await refused(office, FILE, 404, **ONE)
        assert [(one["resource"], one["outcome"]) for one in await signed(office)] == [(AIR, "refused")]

    async def test_to_a_layer_that_is_not_for_everybody_names_it(self, office: Office) -> None:
        for access, status, code in (("government", 401, "unauthenticated"), ("department", 404, "no-such-layer")):
            name = await layer(office, access)
            await refused(office, f"/api/data-hub/ogc/collections/{name}/items", status, **ONE)
            said = (await signed(office))[-1]
            assert (said["resource"], said["code"], said["outcome"]) == (f"layer/{name}", code, "refused")

    async def test_tells_a_browser_by_a_page_and_the_record_the_reason(self, office: Office) -> None:
        answer = await office.city.client.get(FILE.replace(AIR, "203001-999999"), headers=ONE | BROWSER)
        assert answer.headers["content-type"].startswith("text/html")
        await refused(office, f"{DATA}/{PRIVATE}", 404, **ONE, **ML)
        assert [one["code"] for one in await signed(office)] == ["no-resource", "sdmx-no-results"]

    async def test_has_no_part_in_what_tells_only_of_data(self, office: Office) -> None:
        for path in (
            f"{HUB}/catalogue/resources/203001-999999", "/api/data-hub/ckan/api/3/action/package_show?id=x",
            "/api/data-hub/ogc/collections/nowhere", "/api/data-hub/sdmx/2.1/dataflow/HS/NOWHERE",
        ):  # fmt: skip
            await refused(office, path, 404, **ONE)
        for path in (FILE.replace(AIR, "203001-999999"), f"{LAYER}/items/nowhere"):
            assert (await office.city.client.head(path, headers=ONE)).status_code == 404
        assert (await office.city.client.delete(FILE, headers=ONE)).status_code == 405
        assert await signed(office) == []

    async def test_refuses_departments_by_their_name_and_a_bad_token_by_none(self, office: Office) -> None:
        await refused(office, f"{LAYER}/items/nowhere", 404, **ONE, **office.ecology)
        await refused(office, f"{LAYER}/items", 401, **ONE, Authorization="Bearer of.bad.news")
        named, nameless = await signed(office)
        assert (named["actor"][:4], named["actor_org"], named["address"]) == ("sub:", ECOLOGY, None)
        assert (nameless["actor"], nameless["code"], nameless["resource"]) == (
            "anyone", "unauthenticated", "layer/divisions",
        )  # fmt: skip

    async def test_that_gets_more_than_it_takes_says_so(self, office: Office) -> None:
        async def endless() -> AsyncIterator[bytes]:
            for _ in range(64):
                yield b"x" * 1_000_000

        answer = await office.city.client.post(SEARCH, content=endless(), headers=ONE)
        assert answer.status_code == 413
        assert [(one["resource"], one["code"]) for one in await signed(office)] == [("unknown", "too-large")]

    async def test_of_a_data_service_tells_its_record_the_reason_that_a_browser_reads(self, office: Office) -> None:
        await refused(office, ROWS.replace(AIR, "203001-999999"), 404, **ONE, **BROWSER)
        async with office.city.work() as work:
            found = await (await work.driver()).execute("select entry from evidence where stream like 'refusals/%'")
            assert [json.loads(entry)["code"] for (entry,) in await found.fetchall()] == ["no-service"]


class TestStatisticalData:
    async def test_that_is_read_leaves_a_record_of_flow_columns_and_number(self, office: Office) -> None:
        for path in (f"{DATA}/GDP", f"{DATA}/dataflow/HS/GDP/1.0", f"{DATA}/GDP?detail=serieskeysonly"):
            answer = await office.city.client.get(path, headers=ONE | CSV)
            assert answer.status_code == 200
        rows = len((await office.city.client.get(f"{DATA}/GDP", headers=ONE | CSV)).text.splitlines()) - 1
        one, two, keys, again = await signed(office)
        assert (one["resource"], one["action"], one["outcome"], one["code"]) == (FLOW, "data", "served", None)
        assert (one["rows"], two["rows"], keys["rows"], again["rows"]) == (rows, rows, 0, rows)
        assert {"TIME_PERIOD", "OBS_VALUE"} <= set(one["columns"])
        assert not {"TIME_PERIOD", "OBS_VALUE"} & set(keys["columns"])

    async def test_that_a_reader_has_already_leaves_none(self, office: Office) -> None:
        first = await office.city.client.get(f"{DATA}/GDP", headers=ONE)
        known = {"If-None-Match": first.headers["etag"]}
        assert (await office.city.client.get(f"{DATA}/GDP", headers=ONE | known)).status_code == 304
        assert len(await signed(office)) == 1

    async def test_is_a_read_also_where_values_are_withheld(self, office: Office) -> None:
        path = f"{DATA}/REGIONAL/A.VALUE_ADDED_2.131123"
        inside = office.city.token(["data-hub.indicators.read"], department=ECOLOGY, subject=str(new_id()))
        for who in (ONE, inside):
            answer = await office.city.client.get(path, headers=who | CSV)
            assert answer.status_code == 200
        anybody, insider = await signed(office)
        assert (anybody["outcome"], anybody["rows"]) == ("served", insider["rows"])
        assert (anybody["actor_org"], insider["actor_org"]) == (None, ECOLOGY)

    async def test_of_structures_leaves_none(self, office: Office) -> None:
        for path in ("dataflow/HS", "availableconstraint/GDP"):
            answer = await office.city.client.get(f"/api/data-hub/sdmx/2.1/{path}", headers=ONE)
            assert answer.status_code == 200
        assert await signed(office) == []


class TestFloods:
    async def test_of_made_up_names_are_one_count_for_each_reason(self, office: Office) -> None:
        bounded(office, each=1)
        for number in range(12):
            await refused(office, f"{SEARCH}?resource_id=made-up-{number}", 404, **ONE)
            await refused(office, FILE.replace(AIR, f"203001-{900000 + number}"), 404, **ONE)
        office.city.clock.advance(minutes=10)
        alone, *counted = await signed(office)
        assert (alone["code"], alone["calls"]) == ("Not Found Error", 1)
        assert [(one["resource"], one["action"], one["code"], one["codes"]) for one in counted] == [
            ("unknown", "datastore_search", "counted", {"Not Found Error": 11}),
            ("unknown", "download", "counted", {"no-resource": 12}),
        ]
        assert {(one["outcome"], one["rows"], one["address"]) for one in counted} == {("refused", 0, alone["address"])}
        assert "made-up" not in json.dumps(counted)

    async def test_are_counted_apart_from_reads(self, office: Office) -> None:
        bounded(office, each=1)
        for _ in range(3):
            assert (await office.city.client.get(f"{LAYER}/items/131102", headers=ONE)).status_code == 200
            await refused(office, f"{LAYER}/items/nowhere", 404, **ONE)
        office.city.clock.advance(minutes=10)
        _, read, none = await signed(office)
        assert (read["outcome"], read["calls"], read["rows"], "codes" in read) == ("served", 2, 2, False)
        assert (none["outcome"], none["codes"], none["resource"]) == (
            "refused",
            {"no-such-feature": 3},
            "layer/divisions",
        )

    async def test_beyond_what_one_address_may_ask_are_counted_and_write_nothing_alone(self, office: Office) -> None:
        assert (await office.city.client.get(FILE, headers=OTHER)).status_code == 200
        office.city.app.state.keyless = Allowance(1, 3600, now=lambda: 1000.0)
        await refused(office, f"{DATA}/GDP", 200, **ONE)
        for path in (FILE, f"{SEARCH}?resource_id={AIR}-rows", f"{DATA}/GDP", f"{TILE}/0/0/0"):
            await refused(office, path, 429, **ONE)
        assert [one["outcome"] for one in await signed(office)] == ["served", "served"]
        office.city.clock.advance(minutes=10)
        told = sorted((one["resource"], one["action"], *one["codes"]) for one in (await signed(office))[2:])
        assert told == [
            (AIR, "datastore_search", "Too Many Requests"), (AIR, "download", "too-many-requests"),
            (FLOW, "data", "too-many-requests"), ("layer/divisions", "tile", "too-many-requests"),
        ]  # fmt: skip


@pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL is not installed")
class TestAnAuditor:
    async def test_verifies_refusals_and_their_counts_offline_as_ever(self, office: Office, tmp_path: Path) -> None:
        bounded(office, each=2)
        assert (await office.city.client.get(f"{DATA}/GDP", headers=ONE)).status_code == 200
        for _ in range(3):
            await refused(office, FILE.replace(AIR, "203001-999999"), 404, **ONE)
        await signed(office)
        office.city.clock.advance(minutes=10)
        await signed(office)
        await exported(office, tmp_path)
        said = verified(tmp_path)
        assert (said.returncode, "records: 3" in said.stdout, "stamps that hold: 1" in said.stdout) == (0, True, True)
        records = tmp_path / "records.ndjson"
        whole = records.read_text("utf-8")
        records.write_text(whole.replace('\\"outcome\\":\\"refused\\"', '\\"outcome\\":\\"served\\"'), "utf-8")
        assert records.read_text("utf-8") != whole
        assert verified(tmp_path).returncode == 1
