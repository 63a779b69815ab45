"""Who read my data, as the kernel keeps and tells it: in words of the day, one line a reader, one entry a reader."""

from typing import Any

import pytest
from sqlalchemy import text

from citykit.actors import Actor, ActorKind
from citykit.ids import new_id
from citykit.testing import ServiceUnderTest, at

PERSON = f"person:{new_id()}"
CIVIL = Actor(
    subject=str(new_id()), kind=ActorKind.person, name="韩*", department="11131100MB0H00030L", post="clerk",
    department_name="衡水市民政局", post_name="救助科科员",
)  # fmt: skip
POLICE = Actor(subject=str(new_id()), kind=ActorKind.person, name="何*", department="11131100MB0H00049H")
PROGRAM = Actor(subject="bench", kind=ActorKind.client, name="性能测试 Benchmark", department_name="衡水市数据局")
SAID = {"income": "家庭月收入 Household income", "members": "家庭人口 Members", "secret": "未读的字段 Not read"}


async def read(city: ServiceUnderTest, by: Actor, *fields: str, **more: Any) -> None:
    async with city.work() as work:
        work.access.read(person=PERSON, by=by, action="查看 Read", fields=fields, purpose="低保审核 Relief", **more)


async def asked(city: ServiceUnderTest, path: str = "", **query: Any) -> dict[str, Any]:
    answer = await city.client.get(
        f"/internal/example/v1/usage{path}", params={"person": PERSON} | query, headers=city.mesh_token("citizen-pass")
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


class TestWords:
    async def test_of_the_day_stand_with_the_line_beside_the_codes(self, city: ServiceUnderTest) -> None:
        await read(
            city, CIVIL, "income", "members", said=SAID, record="低保家庭 Families on relief", matter="DB-2026-7"
        )
        (usage,) = (await asked(city))["usages"]
        assert usage["fields"] == ["income", "members"]
        assert usage["field_words"] == {name: SAID[name] for name in ("income", "members")}
        assert (usage["receiver_organisation"], usage["receiver_organisation_name"]) == (
            CIVIL.department,
            "衡水市民政局",
        )
        assert (usage["receiver_post"], usage["record"], usage["matter"]) == (
            "救助科科员",
            "低保家庭 Families on relief",
            "DB-2026-7",
        )

    async def test_come_from_the_token_of_an_official(self, city: ServiceUnderTest) -> None:
        owner = str(new_id())
        note = (
            await city.client.post("/api/example/v1/notes", json={"text": "m"}, headers=city.token(subject=owner))
        ).json()
        clerk = city.token(
            ["example.notes.read"], name="赵*", department="11131100MB0H00014Y", department_name="衡水市数据局",
            post="operator", post_name="话务员",
        )  # fmt: skip
        await city.client.get(f"/api/example/v1/notes/{note['id']}", headers=clerk)
        (usage,) = (await asked(city, person=f"sub:{owner}"))["usages"]
        assert (usage["receiver_organisation_name"], usage["receiver_post"]) == ("衡水市数据局", "话务员")

    async def test_are_absent_from_lines_of_former_days(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            await work.session.execute(
                text(
                    "insert into personal_access (id, person, at, actor, action, fields, purpose)"
                    " values (:id, :person, now(), 'sub:1', '查看', '{income}', '低保')"
                ),
                {"id": new_id(), "person": PERSON},
            )
        (usage,) = (await asked(city))["usages"]
        assert (usage["fields"], usage["field_words"]) == (["income"], {})
        assert [usage[name] for name in ("receiver_organisation_name", "receiver_post", "record", "matter")] == [
            None
        ] * 4


class TestOneLine:
    async def test_stands_for_a_thousand_rows_of_hers_in_one_call(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            for number in range(1000):
                work.access.read(
                    person=PERSON, by=CIVIL, action="查看 Read", fields=["income", "members"][number % 2 :], said=SAID,
                    purpose="低保审核 Relief",
                )  # fmt: skip
        page = await asked(city)
        assert page["total_usages"] == 1
        assert page["usages"][0]["fields"] == ["income", "members"]
        assert set(page["usages"][0]["field_words"]) == {"income", "members"}

    async def test_is_not_shared_by_two_readers_purposes_matters_or_persons(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            for by, purpose, matter in ((CIVIL, "a", None), (POLICE, "a", None), (CIVIL, "b", None), (CIVIL, "a", "7")):
                work.access.read(person=PERSON, by=by, action="x", fields=["f"], purpose=purpose, matter=matter)
            work.access.read(person=f"sub:{new_id()}", by=CIVIL, action="x", fields=["f"], purpose="a")
        assert (await asked(city))["total_usages"] == 4


class TestReaders:
    @pytest.fixture(autouse=True)
    async def year(self, city: ServiceUnderTest) -> None:
        """The police read once; a department read every day since; a program without a department read last."""
        city.clock.set(at("2026-03-01 09:00"))
        await read(city, POLICE, "income")
        for _ in range(30):
            city.clock.advance(days=1)
            await read(city, CIVIL, "income")
        city.clock.advance(days=1)
        await read(city, PROGRAM, "members")

    async def test_are_one_entry_each_however_often_they_read(self, city: ServiceUnderTest) -> None:
        found = (await asked(city, "/readers"))["readers"]
        assert [(one["receiver_organisation"], one["receiver_code"], one["usages"]) for one in found] == [
            (None, "client:bench", 1),
            (CIVIL.department, None, 30),
            (POLICE.department, None, 1),
        ]
        assert (found[0]["receiver_name"], found[0]["receiver_organisation_name"]) == (
            "性能测试 Benchmark",
            "衡水市数据局",
        )
        assert (found[1]["first"][:10], found[1]["last"][:10]) == ("2026-03-02", "2026-03-31")

    async def test_of_a_period_alone(self, city: ServiceUnderTest) -> None:
        query = {"period_start": "2026-03-01T00:00:00+08:00", "period_end": "2026-03-02T00:00:00+08:00"}
        (one,) = (await asked(city, "/readers", **query))["readers"]
        assert (one["receiver_organisation"], one["usages"]) == (POLICE.department, 1)

    async def test_may_be_asked_for_one_by_one(self, city: ServiceUnderTest) -> None:
        seldom = await asked(city, organisation=POLICE.department)
        assert (seldom["total_usages"], seldom["usages"][0]["receiver_name"]) == (1, "何*")
        assert (await asked(city, receiver="client:bench"))["total_usages"] == 1
        one = seldom["usages"][0]["id"]
        assert [usage["id"] for usage in (await asked(city, usage=one))["usages"]] == [one]
        assert (await asked(city, usage=one, person=f"sub:{new_id()}"))["total_usages"] == 0

    async def test_are_told_to_the_reader_of_usage_alone(self, city: ServiceUnderTest) -> None:
        path, query = "/internal/example/v1/usage/readers", {"person": PERSON}
        for headers, status in ((city.mesh_token("city-ops"), 403), (city.token(), 403), ({}, 401)):
            assert (await city.client.get(path, params=query, headers=headers)).status_code == status
        for wrong in ({"receiver": "a\x00"}, {"organisation": ""}, {"usage": "x"}):
            answer = await city.client.get(
                "/internal/example/v1/usage", params=query | wrong, headers=city.mesh_token("citizen-pass")
            )
            assert answer.status_code == 422
