"""From a text to places: how addresses are read, what a candidate loses for, and who finds which names."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citykit.testing import ServiceUnderTest
from data_hub.divisions.domain import Place, to_gcj02
from data_hub.divisions.reference import divisions
from data_hub.registries.geography.domain import Viewer
from data_hub.registries.geography.geocoding.domain import (
    Finer,
    How,
    Upper,
    arabic,
    house_of,
    judged,
    probes,
    slips,
    tidied,
    ways,
)
from data_hub.registries.geography.geocoding.repository import NameTable

from .office import EAST, HUB, NORTH, Office, draft, layer_id, point

FIND = f"{HUB}/geography/geocodings"
UPPERS = [
    Upper("130000", "130000", "河北省", ("河北省", "河北")), Upper("131100", "131100", "衡水市", ("衡水市", "衡水")),
    Upper("131102", "131102", "桃城区", ("桃城区", "桃城")), Upper("131103", "131103", "冀州区", ("冀州区", "冀州")),
    Upper("131181", "131103", "冀州市", ("冀州市", "冀州")), Upper("131124", "131124", "饶阳县", ("饶阳县", "饶阳")),
    Upper("131126105", "131126105", "饶阳店镇", ("饶阳店镇", "饶阳店")),
    Upper("131102200", "131102200", "何家庄乡", ("何家庄乡", "何家庄")),
]  # fmt: skip


def village(code: str, name: str) -> Finer:
    """A village as the divisions name it."""
    return Finer(("divisions", code), "village", name, (name, name.replace("村民委员会", "")), code)


def best(text: str, *finers: Finer) -> Any:
    """What wins."""
    told = tidied(text)
    return judged(told, ways(told, UPPERS), finers)[0]


class TestReading:
    def test_writing_does_not_matter(self) -> None:
        assert tidied("中国 河北省，衡水市 １２号") == "河北省衡水市12号"
        assert tidied("王庄村村民委员会") == tidied("王庄村委会") == "王庄村"
        assert tidied("河西街道办事处") == tidied("河西街道办") == "河西街道"

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("十二号", "12号"),
            ("壹佰零叁号", "103号"),
            ("一〇三号", "103号"),
            ("三里庄二十号", "三里庄20号"),
            ("三里庄", "三里庄"),
        ],
    )
    def test_house_numbers_are_read_in_any_digits_and_villages_keep_theirs(self, written: str, read: str) -> None:
        assert arabic(written) == read

    def test_a_house_number_stands_at_the_end(self) -> None:
        assert house_of("前铺村12号3单元") == "12号3单元"
        assert house_of("前铺村") is None
        assert house_of("前铺村1号" + "a" * 140 + "中") is None

    def test_a_text_that_grows_when_it_is_made_narrow_is_cut(self) -> None:
        assert len(tidied("\ufdfa" * 100)) == 150

    def test_one_character_is_a_slip_and_two_are_another_name(self) -> None:
        assert slips("桃成区", "桃城区")
        assert slips("桃区", "桃城区")
        assert slips("桃城城区", "桃城区")
        assert not slips("桃城区", "桃城区")
        assert not slips("陶成区", "桃城区")

    def test_the_longest_name_is_read_first_though_all_ways_are_kept(self) -> None:
        found = ways("饶阳店镇", UPPERS)
        assert found[0].code == "131126105"
        assert {one.code for one in found} == {"131126105", "131124", None}


class TestRanking:
    def test_taocheng_is_found_in_full_short_and_with_a_slip_each_a_little_worse(self) -> None:
        full, short, slip = (best(text) for text in ("河北省衡水市桃城区", "桃城", "桃成区"))
        assert full.code == short.code == slip.code == "131102"
        assert 1 == full.score > short.score > slip.score > 0.5
        assert slip.costs[0][0] is How.slip

    def test_the_former_jizhou_city_leads_to_the_district_that_took_its_place(self) -> None:
        found = best("河北省冀州市")
        assert found.code == "131103"
        assert found.parts[-1].how is How.former

    def test_a_house_in_a_village_needs_no_town(self) -> None:
        found = best("桃城区前铺村12号", village("131102200201", "前铺村村民委员会"))
        assert found.code == "131102200201"
        assert found.house == "12号"
        assert found.score == 1

    def test_homonyms_all_lose_where_the_text_does_not_tell_them_apart(self) -> None:
        one, other = village("131102200201", "王庄村村民委员会"), village("131103100201", "王庄村村民委员会")
        alone = judged("王庄村", ways("王庄村", UPPERS), [one, other])
        assert [found.costs[-1][0] for found in alone] == [How.homonym, How.homonym]
        told = judged("桃城区王庄村", ways("桃城区王庄村", UPPERS), [other, one])
        assert told[0].code == "131102200201"
        assert told[0].score > 0.9
        assert [found.code for found in told if found.finer] == ["131102200201", "131103100201"]

    def test_a_village_that_was_put_under_another_county_is_still_found_and_the_reason_said(self) -> None:
        found = best("桃城区稀罕村", village("131103100209", "稀罕村村民委员会"))
        assert found.code == "131103100209"
        assert How.elsewhere in {how for how, _ in found.costs}

    def test_what_cannot_be_explained_costs_by_its_length(self) -> None:
        little, much = best("桃城区甲乙"), best("桃城区甲乙丙丁戊己庚辛")
        assert little.code == much.code == "131102"
        assert little.score > much.score


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    return Office(city)


async def find(office: Office, text: str, who: dict[str, str] | None = None, **more: Any) -> list[dict[str, Any]]:
    """The candidates of a text."""
    answer = await office.get(FIND, who, text=text, **more)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["candidates"])


def park(layer: str, name: str, x: float = EAST, y: float = NORTH, **more: Any) -> dict[str, Any]:
    """A layer of one named park."""
    return draft(layer, point("a", x, y, name=name), names={"kind": "place", "name": "name"}, **more)


class TestTheCity:
    async def test_every_county_is_found_by_its_full_and_by_its_short_name(self, office: Office) -> None:
        for one in (row for row in divisions() if row["level"] == "county" and row["valid_to"] is None):
            found = (await find(office, f"河北省衡水市{one['name']}"))[0]
            assert found["divisions"][-1]["code"] == one["code"]
            assert found["score"] == 1
            assert found["location"]["precision"] in {"county", "city"}

    async def test_every_fiftieth_village_is_found_by_its_whole_address(self, office: Office) -> None:
        rows = {row["code"]: row for row in divisions()}
        villages = [code for code in sorted(rows) if len(code) == 12][::50]
        texts = ["".join(rows[above]["name"] for above in (c[:6], c[:9], c)) for c in villages]
        results = []
        for start in range(0, len(texts), 100):
            answer = await office.city.client.post(FIND, json={"texts": texts[start : start + 100], "limit": 3})
            assert answer.status_code == 200, answer.text
            results += answer.json()["results"]
        lost = [
            (text, code)
            for text, code, result in zip(texts, villages, results, strict=True)
            if not result["candidates"] or result["candidates"][0]["divisions"][-1]["code"] != code
        ]
        assert lost == []

    async def test_no_county_is_taken_for_a_house(self, office: Office) -> None:
        found = (await find(office, "桃城区何家庄乡不存在之地"))[0]
        assert found["divisions"][-1]["name"] == "何家庄乡"
        assert found["location"]["precision"] == "county"
        assert found["score"] < 0.9

    async def test_what_is_nowhere_is_a_clear_none(self, office: Office) -> None:
        answer = await office.city.client.post(FIND, json={"texts": ["纽约曼哈顿", "桃城区"]})
        none, one = answer.json()["results"]
        assert none["candidates"] == []
        assert one["candidates"][0]["name"] == "桃城区"

    async def test_homonyms_come_all_and_the_area_narrows_them(self, office: Office) -> None:
        many = [one for one in await find(office, "王庄村", limit=20) if one["name"] == "王庄村村民委员会"]
        assert len(many) == 8
        assert all({"how": "homonym", "cost": 0.2} in one["reasons"] for one in many)
        county = many[0]["divisions"][2]["code"]
        inside = await find(office, "王庄村", within=county, limit=20)
        assert inside
        assert all(one["divisions"][2]["code"] == county for one in inside)
        assert (await office.get(FIND, text="王庄村", within="999999")).status_code == 404


class TestLayers:
    async def test_a_place_is_found_in_the_system_that_is_asked(self, office: Office) -> None:
        name = f"测试园{layer_id()[-9:]}"
        await office.publish(park(layer_id(), name, sample=True))
        found = (await find(office, f"衡水市桃城区{name}", crs="GCJ-02"))[0]
        shown = to_gcj02(Place(EAST, NORTH))
        assert [found["location"]["longitude"], found["location"]["latitude"]] == pytest.approx(shown, abs=1e-7)
        assert found["location"]["crs"] == "GCJ-02"
        assert found["location"]["precision"] == "place"
        assert found["source"]["sample"]
        assert found["source"]["department_name"] == "衡水市生态环境局"
        assert found["divisions"][-1]["name"] == "桃城区"

    async def test_a_village_takes_its_point_from_a_published_layer(self, office: Office) -> None:
        code = "131102001045"
        features = point("v", name="游园社区", code=code)
        names = {"kind": "village", "name": "name", "division": "code"}
        await office.publish(draft(layer_id(), features, names=names))
        found = (await find(office, "桃城区河西街道办游园社区居委会"))[0]
        assert found["divisions"][-1]["code"] == code
        assert found["location"]["precision"] == "village"

    async def test_a_town_takes_its_point_from_a_village_in_its_midst(self, office: Office) -> None:
        named = {row["code"]: row["name"] for row in divisions()}
        town = next(code for code in sorted(named) if code.startswith("131128") and len(code) == 9)
        county, text = named["131128"], f"{named['131128']}{named[town]}"
        codes = [code for code in sorted(named) if code.startswith(town) and len(code) == 12][:3]
        spots = zip(codes, (0.0, 0.02, 0.05), strict=True)
        features = [point(code, 116.2 + x, 37.9, name=f"测试{code}", code=code) for code, x in spots]
        names = {"kind": "village", "name": "name", "division": "code"}
        assert (await find(office, text))[0]["location"]["precision"] == "county"
        layer = layer_id()
        await office.publish(draft(layer, *features, names=names, access="government"))
        found = (await find(office, text, office.housing))[0]
        assert found["divisions"][-1]["code"] == town
        assert (found["location"]["precision"], found["location"]["source"]["layer"]) == ("town", layer)
        assert found["location"]["longitude"] == pytest.approx(116.22)
        assert (await find(office, county, office.housing))[0]["location"]["precision"] == "county"
        village = (await find(office, f"{text}{named[codes[0]]}", office.housing))[0]
        assert (village["divisions"][-1]["code"], village["location"]["precision"]) == (codes[0], "village")
        assert (await find(office, text))[0]["location"]["precision"] == "county"  # who does not see the villages
        await office.post(f"/layers/{layer}/withdrawals", {"reason": "测试"})
        assert (await find(office, text, office.housing))[0]["location"]["precision"] == "county"

    async def test_names_of_inner_layers_are_found_by_those_who_see_them(self, office: Office) -> None:
        for access, seen in (("government", [0, 1, 1]), ("department", [0, 0, 1])):
            name = f"内部站{layer_id()[-9:]}"
            await office.publish(park(layer_id(), name, access=access))
            told = [len(await find(office, name, who)) for who in (None, office.housing, office.parks)]
            assert told == seen, access

    async def test_a_name_longer_than_an_index_holds_is_published_all_the_same(self, office: Office) -> None:
        name = "".join(map(chr, range(0x4E00, 0x4E00 + 9000)))
        await office.publish(park(layer_id(), name))
        assert not any(one["score"] == 1 for one in await find(office, name[:60]))

    async def test_a_hidden_column_can_never_be_a_name(self, office: Office) -> None:
        for what in ("name", "aliases", "address", "division"):
            names = {"kind": "place", "name": "name"} | {what: "secret"}
            features = point("a", name="明园", secret="暗巷1号")
            answer = await office.send(draft(layer_id(), features, names=names, hidden=["secret"]))
            assert answer.status_code == 422, what


async def test_a_bad_token_is_told_so(office: Office) -> None:
    assert (await office.get(FIND, {"Authorization": "Bearer no"}, text="桃城区")).status_code == 401


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=120), st.text("河北衡水桃城区王家庄村一二十号12 -", min_size=2, max_size=100)))
async def test_any_text_is_answered_or_refused(office: Office, text: str) -> None:
    answer = await office.city.client.post(FIND, json={"texts": [text], "limit": 20})
    assert answer.status_code in {200, 400, 422}


async def test_half_a_character_is_refused(office: Office) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await office.city.client.post(FIND, content=b'{"texts": ["\\ud800\\ud800"]}', headers=headers)
    assert answer.status_code in {400, 422}


class TestTheQueries:
    async def test_no_question_reads_all_names(self, office: Office) -> None:
        async with office.city.work() as work:
            names, connection = NameTable(work, Viewer()), await work.driver()
            await connection.execute("analyze geo_name")
            before = await _scans(connection)
            await names.uppers()
            await names.spelt(probes("河北省衡水市桃城区何家庄乡前铺村12号"), "131102")
            await names.similar("前铺邨")
            await names.villages(["131102001045"])
            await names.villages_of("131102001")
            await names.around(Place(EAST, NORTH), 2000)
            assert await _scans(connection) == before


async def _scans(connection: Any) -> int:
    """How often this transaction has read the names from the first to the last."""
    told = await connection.execute("select pg_stat_get_xact_numscans('geo_name'::regclass)")
    row = await told.fetchone()
    return int(row[0])
