"""Real-name verification, as citizen-pass asks for it."""

from typing import Any

import pytest
from sqlalchemy import text

from citykit.testing import ServiceUnderTest

from .factories import MAINTAIN, PERSONS, POLICE, register, stating

PATH = "/internal/data-hub/v1/registries/population/verifications"
RIGHT = {"name": "李秀英", "id_number": "131102198503150049", "purpose": "real-name-verification"}


async def ask(city: ServiceUnderTest, caller: str = "citizen-pass", **changes: Any) -> Any:
    return await city.client.post(PATH, json=RIGHT | changes, headers=city.mesh_token(caller))


class TestVerifyRealName:
    async def test_yes_says_who_it_is(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        answer = (await ask(city)).json()
        assert answer == {
            "matched": True, "person": str(person), "masked_name": "李*英", "birth_date": "1985-03-15",
        }  # fmt: skip

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "李秀莹"},
            {"name": "x"},
            {"id_number": "131102199008110028"},
            {"id_number": "131102198503150040"},
            {"id_number": "131102202502290014"},
            {"id_number": "what?"},
        ],
    )
    async def test_no_says_no_more(self, city: ServiceUnderTest, change: dict[str, str]) -> None:
        await register(city)
        answer = await ask(city, **change)
        assert answer.status_code == 200
        assert answer.json() == {"matched": False, "person": None, "masked_name": None, "birth_date": None}

    async def test_every_attempt_is_kept_without_the_number(self, city: ServiceUnderTest) -> None:
        await register(city)
        await ask(city)
        await ask(city, name="李秀莹")
        async with city.work() as work:
            rows = (await work.session.execute(text("select * from verification_attempt order by at, id"))).all()
        assert [row.matched for row in rows] == [True, False]
        assert "131102198503150049" not in str(rows)

    async def test_a_yes_leaves_a_line_in_her_access_log(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        headers = city.mesh_token("citizen-pass", on_behalf_of="sub:01890000-0000-7000-8000-000000000001")
        await city.client.post(PATH, json=RIGHT, headers=headers)
        query = {"person": f"person:{person}"}
        usage = await city.client.get(
            "/internal/data-hub/v1/usage", params=query, headers=city.mesh_token("citizen-pass")
        )
        (line,) = usage.json()["usages"]
        assert line["action"].startswith("实名核验")
        assert line["receiver_code"] == "service:citizen-pass"
        assert line["legal_basis"]

    async def test_x_may_be_small_and_the_name_in_another_form(self, city: ServiceUnderTest) -> None:
        await register(city, name="阿凡提·买买提", id_number="11010519491231002X")
        answer = await ask(city, name=" 阿凡提•买买提", id_number="11010519491231002x")
        assert answer.json()["matched"] is True

    async def test_the_dead_are_not_verified(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        body = {"died_on": "2026-01-01", "source": {"department": POLICE}}
        await city.client.post(f"{PERSONS}/{person}/deaths", json=body, headers=stating(city, body))
        assert (await ask(city)).json()["matched"] is False

    @pytest.mark.parametrize("purpose", ["curiosity", "compliance-audit"])
    async def test_wants_a_purpose_that_verifies(self, city: ServiceUnderTest, purpose: str) -> None:
        assert (await ask(city, purpose=purpose)).status_code == 422

    async def test_only_citizen_pass_may_ask(self, city: ServiceUnderTest) -> None:
        assert (await ask(city, "enterprise")).status_code == 403
        assert (await city.client.post(PATH, json=RIGHT)).status_code == 401
        assert (await city.client.post(PATH, json=RIGHT, headers=city.token([MAINTAIN]))).status_code in {401, 403}

    @pytest.mark.parametrize(
        "change", [{"name": "李\x00"}, {"name": ""}, {"id_number": "1" * 41}, {"why": "x"}, {"name": 1}]
    )
    async def test_bad_input_is_refused_and_not_kept(self, city: ServiceUnderTest, change: dict[str, Any]) -> None:
        assert (await ask(city, **change)).status_code == 422
        async with city.work() as work:
            assert await work.session.scalar(text("select count(*) from verification_attempt")) == 0
