"""A merger that was wrong is undone while nothing came of it; relations move with the record and back."""

from datetime import timedelta
from uuid import UUID

from citykit.testing import ServiceUnderTest

from .factories import MAINTAIN, MARKET, PEOPLE, PERSONS, POLICE, read, register, stating
from .test_merging import (
    CONFLICTS,
    DECIDE,
    HOUSEHOLD,
    MERGERS,
    MISTYPED,
    correct,
    history,
    matches,
    merged,
    of,
    part,
    twice,
)


class TestPart:
    async def test_a_wrong_merger_is_undone_and_both_are_what_they_were(self, city: ServiceUnderTest) -> None:
        wrong = await register(city, id_number=MISTYPED, address="河北省衡水市桃城区人民路2号")
        right = await register(city, phone=None)
        made = await merged(city, wrong, right)
        assert (made["taken"], len(made["conflicts"])) == (["phone"], 1)
        during = (city.clock.now() - timedelta(minutes=1)).isoformat()
        parted = await part(city, made["merger"])
        assert parted.status_code == 201, parted.text
        assert parted.json()["undone_at"] is not None
        assert (await read(city, right))["phone"] is None
        assert (await read(city, wrong))["id_number"] == "131102********0042"
        assert set(await matches(city)) == {str(wrong), str(right)}
        assert of(await history(city, right, known_at=during), "phone") == ["139****0001"]
        assert of(await history(city, wrong, known_at=during), "phone") == []
        city.clock.advance(minutes=1)
        now = city.clock.now().isoformat()
        assert of(await history(city, wrong, known_at=now), "phone") == ["139****0001"]
        headers = city.token([DECIDE], department=POLICE)
        open_ones = await city.client.get(CONFLICTS, params={"state": "open"}, headers=headers)
        assert open_ones.json()["items"] == []
        assert (await correct(city, wrong, "phone", "13900000007")).status_code == 201
        again = await part(city, made["merger"])
        assert (again.status_code, again.json()["type"]) == (409, "/problems/merger-undone")

    async def test_not_where_the_survivor_was_changed_since(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        made = await merged(city, wrong, right)
        await correct(city, right, "phone", "13900000007")
        answer = await part(city, made["merger"])
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/changed-since")
        assert "数据" in answer.json()["detail"]

    async def test_not_where_another_carries_the_number_by_now(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        made = await merged(city, wrong, right)
        await register(city, id_number=MISTYPED, name="王芳")
        answer = await part(city, made["merger"])
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/person-exists")
        gone = await city.client.get(f"{PERSONS}/{wrong}", params=HOUSEHOLD, headers=city.token([PEOPLE]))
        assert gone.status_code == 410

    async def test_is_the_department_s_that_keeps_the_number(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        made = await merged(city, wrong, right)
        assert (await part(city, made["merger"], MARKET)).status_code == 409
        assert (await part(city, str(right))).status_code == 404

    async def test_mergers_are_listed_with_what_became_of_them(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        made = await merged(city, wrong, right)
        await part(city, made["merger"])
        query = {"registry": "population", "subject": str(wrong), "survivor": str(right)}
        answer = await city.client.get(MERGERS, params=query, headers=city.token([MAINTAIN], department=POLICE))
        (one,) = answer.json()["items"]
        assert (one["merger"], one["undone_at"] is not None) == (made["merger"], True)
        none = await city.client.get(
            MERGERS, params={"survivor": str(wrong)}, headers=city.token([MAINTAIN], department=POLICE)
        )
        assert none.json()["items"] == []


class TestRelations:
    async def ward(self, city: ServiceUnderTest) -> UUID:
        """Her child."""
        return UUID(str(await register(city, id_number="131102201503110025", name="李小明")))

    async def guardian(self, city: ServiceUnderTest, person: UUID, ward: UUID) -> None:
        body = {
            "kind": "guardian", "other": str(ward), "true_from": "2020-01-01", "source": {"department": POLICE},
        }  # fmt: skip
        answer = await city.client.post(f"{PERSONS}/{person}/relations", json=body, headers=stating(city, body))
        assert answer.status_code == 201, answer.text

    async def of(self, city: ServiceUnderTest, person: UUID) -> list[tuple[str, str]]:
        answer = await city.client.get(
            f"{PERSONS}/{person}/relations", params={"purpose": "household-registration"}, headers=city.token([PEOPLE])
        )
        assert answer.status_code == 200, answer.text
        return [(one["person"], one["other"]) for one in answer.json()["items"]]

    async def test_move_to_the_survivor_and_back(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        ward = await self.ward(city)
        await self.guardian(city, wrong, ward)
        made = await merged(city, wrong, right)
        assert made["relations"] == 1
        assert await self.of(city, right) == await self.of(city, ward) == [(str(right), str(ward))]
        assert (await part(city, made["merger"])).status_code == 201
        assert await self.of(city, right) == []
        assert await self.of(city, ward) == [(str(wrong), str(ward))]

    async def test_that_both_have_stay_one(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        ward = await self.ward(city)
        for person in (wrong, right):
            await self.guardian(city, person, ward)
        made = await merged(city, wrong, right)
        assert made["relations"] == 0
        assert await self.of(city, right) == await self.of(city, ward) == [(str(right), str(ward))]
        assert (await part(city, made["merger"])).status_code == 201
        assert len(await self.of(city, ward)) == 2

    async def test_that_were_changed_since_forbid_to_part(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        made = await merged(city, wrong, right)
        await self.guardian(city, right, await self.ward(city))
        answer = await part(city, made["merger"])
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/changed-since")
