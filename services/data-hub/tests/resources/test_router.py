"""The directory over HTTP: from a draft to what everybody finds, and out again."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from citykit.testing import ServiceUnderTest
from data_hub.datasets.models import DatasetRow
from data_hub.datasets.service import Datasets

from . import factories as f

AIR = f.AIR


async def inside(city: ServiceUnderTest, path: str = "", headers: dict[str, str] | None = None, **query: Any) -> Any:
    """What a reader inside government is answered."""
    answer = await city.client.get(f"{f.RESOURCES}{path}", params=query, headers=headers or f.reader(city))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def codes(city: ServiceUnderTest, **query: Any) -> list[str]:
    """The codes that a search inside government finds, in order."""
    return [one["code"] for one in (await inside(city, **query))["items"]]


async def refusal(
    city: ServiceUnderTest, method: str, path: str, headers: dict[str, str], body: Any = None
) -> tuple[int, str]:
    """The status and the kind of a refusal."""
    answer = await city.client.request(method, f"{f.RESOURCES}{path}", json=body, headers=headers)
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


class TestDraft:
    async def test_is_seen_by_its_department_and_reviewers_alone(self, city: ServiceUnderTest) -> None:
        made = await f.drafted(city)
        assert (made["resource"]["state"], made["resource"]["version"], made["conflicts"]) == ("draft", 1, [])
        for headers, status in ((f.steward(city), 200), (f.reviewer(city), 200), (f.reader(city), 404)):
            answer = await city.client.get(f"{f.RESOURCES}/{AIR}", headers=headers)
            assert answer.status_code == status

    async def test_gets_the_lowest_free_sequence_of_its_directory_entry(self, city: ServiceUnderTest) -> None:
        for taken in ("000001", "000002", "000004"):
            await f.drafted(city, f.draft(f"203001-{taken}", name=f"空气质量数据{taken}"))
        for free in ("000003", "000005"):
            made = await f.drafted(city, f.draft("203001", name=f"空气质量日数据{free}"))
            assert made["resource"]["code"] == f"203001-{free}"

    async def test_gets_one_whatever_another_department_took(self, city: ServiceUnderTest) -> None:
        other = f.draft("203001-999999", source_department=f.HOUSING, source_department_name="衡水市住房和城乡建设局")
        await f.drafted(city, other, f.HOUSING)
        made = await asyncio.gather(*(f.drafted(city, f.draft("203001", name=f"日数据{one}")) for one in range(3)))
        assert sorted(one["resource"]["code"][-6:] for one in made) == ["000001", "000002", "000003"]

    async def test_takes_a_free_code(self, city: ServiceUnderTest) -> None:
        await f.drafted(city)
        assert await refusal(city, "POST", "", f.steward(city), f.draft()) == (409, "resource-exists")

    async def test_names_each_field_that_breaks_a_rule(self, city: ServiceUnderTest) -> None:
        body = f.draft(share_type="conditional", key=["nothing"])
        answer = await city.client.post(f.RESOURCES, json=body, headers=f.steward(city))
        assert answer.status_code == 422
        named = {one["pointer"] for one in answer.json()["errors"]}
        assert named == {"/body/share_basis", "/body/share_condition", "/body/key/0"}

    async def test_is_of_a_department(self, city: ServiceUnderTest) -> None:
        nobody = city.token(["data-hub.resources.catalogue"])
        assert await refusal(city, "POST", "", nobody, f.draft()) == (403, "not-the-provider")

    async def test_is_made_once_for_one_key(self, city: ServiceUnderTest) -> None:
        headers = f.steward(city) | {"Idempotency-Key": "draft-203001"}
        answers = [await city.client.post(f.RESOURCES, json=f.draft(), headers=headers) for _ in range(2)]
        assert [one.status_code for one in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()

    async def test_is_rewritten_and_given_up(self, city: ServiceUnderTest) -> None:
        await f.drafted(city)
        path, headers = f"{f.RESOURCES}/{AIR}/draft", f.steward(city)
        answer = await city.client.put(path, json=f.description(name="空气质量"), headers=headers)
        assert answer.json()["resource"]["name"] == "空气质量"
        assert (await city.client.delete(path, headers=headers)).status_code == 204
        assert (await city.client.get(f"{f.RESOURCES}/{AIR}", headers=headers)).status_code == 404

    async def test_is_no_other_departments(self, city: ServiceUnderTest) -> None:
        await f.drafted(city)
        other = f.steward(city, f.HOUSING)
        assert (await refusal(city, "PUT", f"/{AIR}/draft", other, f.description()))[0] == 404
        assert (await refusal(city, "POST", f"/{AIR}/submissions", other))[0] == 404


class TestReview:
    async def test_publishes(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        shown = await inside(city, f"/{AIR}")
        assert (shown["state"], shown["version"]) == ("published", 1)
        assert [one.type.split(".")[-3:] for one in await city.events()] == [["resource", "published", "v1"]]

    async def test_makes_a_table_for_the_rows(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        async with city.work() as work:
            dataset = await Datasets(work).need(AIR)
        assert ([column.name for column in dataset.shape.columns], dataset.shape.key) == (
            ["station", "hour", "aqi"], ("station", "hour"),
        )  # fmt: skip

    async def test_is_of_anothers_work(self, city: ServiceUnderTest) -> None:
        await f.drafted(city)
        await f.submitted(city)
        herself = city.token(["data-hub.resources.review"], subject=f.AUTHOR, department=f.ECOLOGY)
        assert await refusal(city, "POST", f"/{AIR}/reviews", herself, {"approve": True}) == (403, "own-work")

    async def test_returns_with_a_reason(self, city: ServiceUnderTest) -> None:
        await f.drafted(city)
        await f.submitted(city)
        without = await refusal(city, "POST", f"/{AIR}/reviews", f.reviewer(city), {"approve": False})
        assert without == (422, "bad-description")
        returned = await f.reviewed(city, approve=False, note="补充更新周期依据")
        assert returned["state"] == "draft"
        assert (await inside(city, f"/{AIR}/versions", f.steward(city)))[0]["note"] == "补充更新周期依据"
        await f.submitted(city)
        assert (await f.reviewed(city))["state"] == "published"

    async def test_wants_what_was_sent_in(self, city: ServiceUnderTest) -> None:
        await f.drafted(city)
        assert await refusal(city, "POST", f"/{AIR}/reviews", f.reviewer(city), {"approve": True}) == (
            409,
            "resource-state",
        )
        await f.submitted(city)
        assert await refusal(city, "PUT", f"/{AIR}/draft", f.steward(city), f.description()) == (409, "resource-state")
        assert await refusal(city, "POST", f"/{AIR}/submissions", f.steward(city)) == (409, "resource-state")

    async def test_refuses_references_to_nothing(self, city: ServiceUnderTest) -> None:
        rule = {"kind": "reference", "resource": "102001-000001", "item": "uscc"}
        await f.drafted(
            city, f.draft(items=[f.item("firm", required=True, rules=[rule])], key=["firm"], related=["203009-000001"])
        )
        answer = await city.client.post(f"{f.RESOURCES}/{AIR}/submissions", headers=f.steward(city))
        assert answer.status_code == 422
        assert {one["pointer"] for one in answer.json()["errors"]} == {"/body/related/0", "/body/items/0/rules/0"}


class TestOneSource:
    async def test_a_second_source_is_told_and_wants_a_reason(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        body = f.draft("303009-000001", source_department=f.HOUSING, source_department_name="衡水市住房和城乡建设局")
        made = await f.drafted(city, body, f.HOUSING)
        assert [(one["code"], one["same"]) for one in made["conflicts"]] == [(AIR, ["name"])]
        await f.submitted(city, "303009-000001", f.HOUSING)
        path = "/303009-000001/reviews"
        assert await refusal(city, "POST", path, f.reviewer(city), {"approve": True}) == (409, "source-conflict")
        await f.reviewed(city, "303009-000001", conflict_reason="监测范围不同")
        conflicts = await inside(city, "/303009-000001/conflicts")
        assert [one["code"] for one in conflicts] == [AIR]
        assert (await inside(city, "/303009-000001/versions"))[0]["conflict_reason"] == "监测范围不同"

    async def test_who_names_the_other_as_source_is_no_rival(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        made = await f.drafted(city, f.draft("303009-000001"), f.HOUSING)
        assert made["conflicts"] == []


class TestChange:
    async def test_the_published_version_stands_until_the_new_one_is(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        body = f.description(name="空气质量监测数据")
        answer = await city.client.post(f"{f.RESOURCES}/{AIR}/changes", json=body, headers=f.steward(city))
        assert (answer.status_code, answer.json()["resource"]["version"]) == (201, 2)
        assert (await inside(city, f"/{AIR}"))["name"] == "空气质量小时数据"
        assert [one["number"] for one in await inside(city, f"/{AIR}/versions")] == [1], "readers see no draft"
        await f.submitted(city)
        await f.reviewed(city)
        shown = await inside(city, f"/{AIR}")
        assert (shown["name"], shown["version"], shown["state"]) == ("空气质量监测数据", 2, "published")
        kept = await inside(city, f"/{AIR}/versions")
        assert [(one["number"], one["state"]) for one in kept] == [(2, "published"), (1, "superseded")]
        assert (await inside(city, f"/{AIR}/versions/1"))["description"]["name"] == "空气质量小时数据"
        assert (await city.events())[-1].data["fields"] == ["name"]

    async def test_is_compared(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        more = [*f.description()["items"], f.item("pm10", "number", "可吸入颗粒物")]
        await f.changed(city, f.description(items=more, update_cycle="daily"))
        told = await inside(city, f"/{AIR}/differences")
        assert (told["before"], told["after"]) == (1, 2)
        assert {one["field"] for one in told["changes"]} == {"update_cycle", "items.pm10"}

    async def test_goes_one_at_a_time(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        path, headers = f"/{AIR}/changes", f.steward(city)
        assert (await city.client.post(f.RESOURCES + path, json=f.description(), headers=headers)).status_code == 201
        assert await refusal(city, "POST", path, headers, f.description()) == (409, "resource-state")
        assert (await city.client.delete(f"{f.RESOURCES}/{AIR}/draft", headers=headers)).status_code == 204
        assert (await city.client.post(f.RESOURCES + path, json=f.description(), headers=headers)).status_code == 201

    async def test_of_a_type_is_refused_while_there_are_rows(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        await f.with_rows(city)
        items = f.description()["items"]
        items[2] = f.item("aqi", "number", "空气质量指数")
        body = f.description(items=items)
        await city.client.post(f"{f.RESOURCES}/{AIR}/changes", json=body, headers=f.steward(city))
        await f.submitted(city)
        assert await refusal(city, "POST", f"/{AIR}/reviews", f.reviewer(city), {"approve": True}) == (
            409,
            "shape-in-use",
        )
        assert (await inside(city, f"/{AIR}"))["version"] == 1, "nothing half-changed"


class TestWithdrawal:
    async def test_takes_it_from_the_public_and_keeps_its_versions(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        path = f"{f.RESOURCES}/{AIR}/withdrawals"
        answer = await city.client.post(path, json={"reason": "合并"}, headers=f.steward(city))
        assert answer.json()["state"] == "withdrawn"
        assert (await city.client.get(f"{f.CATALOGUE}/resources/{AIR}")).status_code == 404
        assert (await inside(city, f"/{AIR}"))["state"] == "withdrawn"
        assert (await inside(city, f"/{AIR}/versions"))[0]["note"] == "合并"
        assert (await city.events())[-1].type == "cn.hengshui.data-hub.resource.withdrawn.v1"
        again = await refusal(city, "POST", f"/{AIR}/withdrawals", f.steward(city), {"reason": "合并"})
        assert again == (409, "resource-state")

    async def test_can_be_taken_back_by_a_new_version(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        await city.client.post(f"{f.RESOURCES}/{AIR}/withdrawals", json={"reason": "误撤"}, headers=f.reviewer(city))
        assert (await f.changed(city, f.description()))["state"] == "published"
        states = [(one["number"], one["state"]) for one in await inside(city, f"/{AIR}/versions")]
        assert states == [(2, "published"), (1, "withdrawn")]

    async def test_is_no_other_departments(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        assert (await refusal(city, "POST", f"/{AIR}/withdrawals", f.steward(city, f.HOUSING), {"reason": "x"}))[
            0
        ] == 404


class TestSearch:
    async def test_finds_words_of_two_characters_best_first(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.draft(name="空气质量小时数据"))
        await f.published(city, f.draft("203005-000001", name="环境监测站点", summary="空气质量站点的位置"))
        items = [f.item("station", title="空气站", required=True)]
        await f.published(
            city, f.draft("203006-000001", name="站点名录", summary="名录", items=items, key=["station"], tags=[])
        )
        await f.published(
            city,
            f.draft("203007-000001", name="水质", summary="断面", items=[f.item("a")], key=[], tags=[]),
        )
        assert await codes(city, q="空气") == [AIR, "203005-000001", "203006-000001"]
        assert await codes(city, q="空气 位置") == ["203005-000001"]
        assert await codes(city, q="气空") == []
        assert (await codes(city, q="203005"))[0] == "203005-000001"

    async def test_goes_page_by_page_without_loss(self, city: ServiceUnderTest) -> None:
        for number in range(5):
            await f.published(city, f.draft(f"203001-00000{number + 1}", name=f"空气{number}"))
        queries: tuple[dict[str, Any], ...] = ({"q": "空气", "limit": 2}, {"limit": 2})
        for query in queries:
            page = await inside(city, **query)
            found = [one["code"] for one in page["items"]]
            while page["next"] is not None:
                page = await inside(city, after=page["next"], **query)
                found += [one["code"] for one in page["items"]]
            assert len(found) == len(set(found)) == 5

    async def test_narrows_by_facets(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        await f.published(city, f.closed("203005-000001"))
        assert await codes(city, share_type="conditional") == ["203005-000001"]
        assert await codes(city, opening="opened", tag="空气", theme="environment") == [AIR]
        counted = await inside(city, "/facets", q="环保")
        assert (counted["total"], counted["facets"]["opening"]) == (1, [{"value": "closed", "count": 1}])
        everything = await inside(city, "/facets")
        assert everything["facets"]["share_type"] == [
            {"value": v, "count": 1} for v in ("conditional", "unconditional")
        ]
        assert everything["facets"]["provider"] == [{"value": f.ECOLOGY, "count": 2}]

    @pytest.mark.parametrize(
        "query", [{"q": ""}, {"q": "x" * 101}, {"theme": "?"}, {"after": "!"}, {"limit": 0}, {"who": "x"}]
    )
    async def test_refuses_what_it_does_not_know(self, city: ServiceUnderTest, query: dict[str, Any]) -> None:
        answer = await city.client.get(f.RESOURCES, params=query, headers=f.reader(city))
        assert answer.status_code in {400, 422}

    @pytest.mark.parametrize("words", ["%", "'; drop table resource", "\\", "𠀀", "a\tb", "＿"])
    async def test_takes_any_text_as_words(self, city: ServiceUnderTest, words: str) -> None:
        await f.published(city)
        assert await codes(city, q=words) == []


class TestStatistics:
    async def test_count_by_department(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        await f.published(city, f.closed("203005-000001"))
        refused = f.closed(
            "303005-000001",
            name="内部资料",
            share_type="refused",
            share_basis="《保密法》",
            source_department=f.HOUSING,
        )
        await f.published(city, refused, f.HOUSING)
        await f.drafted(city, f.draft("203006-000001", name="草稿"))
        city.clock.set(city.clock.now() + timedelta(hours=4))
        told = {one["provider"]: one for one in (await inside(city, "/statistics", f.reviewer(city)))["departments"]}
        ecology = told[f.ECOLOGY]
        assert [ecology[name] for name in ("catalogued", "in_progress", "shared", "shared_unconditionally")] == [
            2,
            1,
            2,
            1,
        ]
        assert [ecology[name] for name in ("opened", "overdue", "withdrawn")] == [1, 2, 0]
        assert [told[f.HOUSING][name] for name in ("catalogued", "shared", "opened")] == [1, 0, 0]

    async def test_new_rows_end_the_delay(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        city.clock.set(city.clock.now() + timedelta(hours=4))
        assert await codes(city, overdue=True) == [AIR]
        async with city.work() as work:
            await work.session.execute(update(DatasetRow).values(refreshed_at=work.clock.now()))
        assert await codes(city, overdue=True) == []
        assert await codes(city, overdue=False) == [AIR]


class TestPublicFace:
    async def test_shows_opened_resources_alone(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        await f.published(city, f.closed("203005-000001"))
        await f.published(city, f.draft("203006-000001", name="目录不公开", public_metadata=False))
        await f.drafted(city, f.draft("203007-000001", name="草稿"))
        listed = (await city.client.get(f"{f.CATALOGUE}/resources")).json()["items"]
        assert [one["code"] for one in listed] == [AIR]
        for code in ("203005-000001", "203006-000001", "203007-000001"):
            assert (await city.client.get(f"{f.CATALOGUE}/resources/{code}")).status_code == 404
        counted = (await city.client.get(f"{f.CATALOGUE}/facets")).json()
        assert (counted["total"], counted["facets"]["opening"]) == (1, [{"value": "opened", "count": 1}])

    async def test_names_no_resource_that_is_not_public(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.closed("203005-000001"))
        await f.published(city, f.draft(related=["203005-000001"]))
        assert (await city.client.get(f"{f.CATALOGUE}/resources/{AIR}")).json()["related"] == []
        assert (await inside(city, f"/{AIR}"))["related"] == ["203005-000001"]

    async def test_inside_wants_a_right(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(f.RESOURCES)).status_code == 401
        assert (await city.client.get(f.RESOURCES, headers=city.token([]))).status_code == 403
