import asyncio
from typing import Any

import pytest

CLAUSE = {
    "matter": "heating",
    "area": "1311",
    "role": "lead",
    "legal_basis": "供热条例第三条",
    "valid_from": "2026-01-01",
}
PATH = "/organisations/responsibilities"
MESH = "/internal/gov-collab/v1/organisations/responsibilities/resolution"


async def publish(town: Any, department: str, **more: Any) -> Any:
    return await town.post(PATH, CLAUSE | {"department_code": department} | more, town.maintainer)


class TestPublish:
    async def test_publishes(self, town: Any) -> None:
        response = await publish(town, town.housing)
        assert response.status_code == 201
        assert response.json()["area"] == "1311"

    async def test_a_second_lead_on_one_day_is_refused(self, town: Any) -> None:
        await publish(town, town.housing, valid_to="2026-07-02")
        response = await publish(town, town.urban, valid_from="2026-07-01")
        assert (response.status_code, response.json()["type"]) == (409, "/problems/second-lead")

    async def test_padded_codes_name_the_same_area(self, town: Any) -> None:
        await publish(town, town.housing)
        assert (await publish(town, town.urban, area="131100000000")).status_code == 409

    async def test_the_next_lead_may_begin_where_the_last_one_ends(self, town: Any) -> None:
        await publish(town, town.housing, valid_to="2026-07-01")
        assert (await publish(town, town.urban, valid_from="2026-07-01")).status_code == 201

    async def test_helpers_may_be_many(self, town: Any) -> None:
        codes = [(await publish(town, d, role="co")).status_code for d in (town.housing, town.urban, town.ecology)]
        assert codes == [201, 201, 201]

    async def test_two_at_once_make_one_lead(self, town: Any) -> None:
        answers = await asyncio.gather(publish(town, town.housing), publish(town, town.urban))
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    @pytest.mark.parametrize(
        "change",
        [
            {"matter": "no-such-matter"},
            {"area": "990000"},
            {"role": "boss"},
            {"legal_basis": " "},
            {"valid_from": "2026-02-30"},
            {"priority": 5000},
            {"valid_to": "2026-01-01"},
        ],
    )
    async def test_bad_input_is_told(self, town: Any, change: dict[str, Any]) -> None:
        assert (await publish(town, town.housing, **change)).status_code == 422

    async def test_operators_may_not(self, town: Any) -> None:
        body = CLAUSE | {"department_code": town.housing}
        assert (await town.post(PATH, body, town.operator)).status_code == 403


class TestEnd:
    async def test_makes_room_for_the_next(self, town: Any) -> None:
        clause = (await publish(town, town.housing)).json()
        ending = {"on": "2026-06-01", "reason": "职能划转"}
        response = await town.post(f"{PATH}/{clause['id']}/endings", ending, town.maintainer)
        assert response.json()["valid_to"] == "2026-06-01"
        assert (await publish(town, town.urban, valid_from="2026-06-01")).status_code == 201

    async def test_a_clause_that_never_began_never_held(self, town: Any) -> None:
        clause = (await publish(town, town.housing)).json()
        ending = {"on": "2020-01-01", "reason": "录入错误"}
        await town.post(f"{PATH}/{clause['id']}/endings", ending, town.maintainer)
        assert (await publish(town, town.urban)).status_code == 201

    async def test_ends_once(self, town: Any) -> None:
        path = f"{PATH}/{(await publish(town, town.housing)).json()['id']}/endings"
        ending = {"on": "2026-06-01", "reason": "职能划转"}
        assert [(await town.post(path, ending, town.maintainer)).status_code for _ in "12"] == [201, 409]


class TestList:
    async def test_of_a_day(self, town: Any) -> None:
        await publish(town, town.housing, valid_to="2026-07-01")
        found = [
            len((await town.get(PATH, town.reader, matter="heating", on=on)).json()["items"])
            for on in ("2026-06-30", "2026-07-01")
        ]
        assert found == [1, 0]


class TestResolve:
    async def test_walks_up_divisions_and_matters(self, town: Any) -> None:
        query = {"matter": "street-lighting", "division": "131102001", "on": "2026-11-24"}
        answer = (await town.get(f"{PATH}/resolution", town.reader, **query)).json()
        assert answer["lead"]["department_code"] == town.urban
        assert (answer["lead"]["matter"], answer["lead"]["area"]) == ("city-management", "1311")

    async def test_the_county_goes_before_the_city(self, town: Any) -> None:
        await publish(town, town.housing, matter="city-management", area="131102")
        query = {"matter": "city-management", "division": "131102001"}
        answer = (await town.get(f"{PATH}/resolution", town.reader, **query)).json()
        assert answer["lead"]["department_code"] == town.housing

    async def test_the_day_decides(self, town: Any) -> None:
        query = {"matter": "street-lighting", "division": "1311", "on": "2018-01-01"}
        response = await town.get(f"{PATH}/resolution", town.reader, **query)
        assert (response.status_code, response.json()["type"]) == (404, "/problems/nobody-answers")

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ({"matter": "no-such", "division": "1311"}, 422),
            ({"matter": "heating"}, 422),
            ({"matter": "heating", "division": "13110"}, 422),
            ({"matter": "heating", "division": "1311", "on": "yesterday"}, 422),
            ({"matter": "heating", "division": "1311", "x": "1"}, 400),
        ],
    )
    async def test_bad_questions_are_told(self, town: Any, query: dict[str, str], status: int) -> None:
        assert (await town.get(f"{PATH}/resolution", town.reader, **query)).status_code == status

    async def test_is_not_for_citizens(self, town: Any) -> None:
        query = {"matter": "heating", "division": "1311"}
        assert (await town.get(f"{PATH}/resolution", town.citizen, **query)).status_code == 403


class TestNeighbours:
    async def test_hear_department_and_basis(self, town: Any) -> None:
        query = {"matter": "air-pollution", "division": "131102", "on": "2023-01-08"}
        answer = await town.city.client.get(MESH, params=query, headers=town.city.mesh_token("city-ops"))
        assert answer.json() == {
            "department_code": town.ecology,
            "department_name": "衡水市生态环境局",
            "legal_basis": "air-pollution 第一条",
        }

    async def test_hear_that_nobody_answers(self, town: Any) -> None:
        query = {"matter": "enterprise-request", "division": "131102"}
        answer = await town.city.client.get(MESH, params=query, headers=town.city.mesh_token("enterprise"))
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/nobody-answers")

    async def test_persons_are_refused(self, town: Any) -> None:
        query = {"matter": "air-pollution", "division": "131102"}
        assert (await town.city.client.get(MESH, params=query, headers=town.maintainer)).status_code == 403
