from typing import Any

import pytest

from citykit.ids import new_id

NEW = "11131100MB0H00049H"
DRAFT = {
    "code": NEW,
    "name": "衡水市公安局",
    "short_name": "公安局",
    "division_code": "131100",
    "phone": "0318-5550009",
    "valid_from": "2020-01-01",
}
OPERATOR_POST = {
    "code": "hotline-operator",
    "name": "话务员",
    "scopes": ["gov-collab.hotline.operate", "gov-collab.organisations.read"],
}


async def appointed(town: Any, **more: Any) -> dict[str, Any]:
    await town.post(f"/organisations/departments/{town.ecology}/posts", OPERATOR_POST, town.maintainer)
    draft = {
        "subject": str(new_id()),
        "department_code": town.ecology,
        "post_code": "hotline-operator",
        "valid_from": "2026-01-01",
    }
    response = await town.post("/organisations/appointments", draft | more, town.maintainer)
    assert response.status_code == 201, response.text
    return dict(response.json())


class TestListDepartments:
    async def test_is_open_to_anyone_and_shows_the_phone(self, town: Any) -> None:
        items = (await town.get("/organisations/departments")).json()["items"]
        assert [item["code"] for item in items] == [town.urban, town.ecology, town.housing]
        assert items[0]["phone"] == "0318-5550001"

    @pytest.mark.parametrize(
        ("query", "number"),
        [({"words": "生态"}, 1), ({"words": "100%"}, 0), ({"division": "13"}, 3), ({"division": "131102"}, 0)],
    )
    async def test_filters(self, town: Any, query: dict[str, str], number: int) -> None:
        assert len((await town.get("/organisations/departments", **query)).json()["items"]) == number

    async def test_a_department_stands_on_the_days_of_its_validity(self, town: Any) -> None:
        response = await town.get("/organisations/departments", on="2018-12-31")
        assert response.json()["items"] == []

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ({"x": "1"}, 400),
            ({"on": "2026-02-30"}, 422),
            ({"on": "1767225600"}, 422),
            ({"division": "9"}, 422),
            ({"after": "e30"}, 400),
        ],
    )
    async def test_bad_queries_are_told(self, town: Any, query: dict[str, str], status: int) -> None:
        assert (await town.get("/organisations/departments", **query)).status_code == status


class TestReadDepartment:
    async def test_one(self, town: Any) -> None:
        assert (await town.get(f"/organisations/departments/{town.urban}")).json()["name"].endswith("执法局")

    @pytest.mark.parametrize(("code", "status"), [(NEW, 404), ("11131100MB0H00049X", 422), ("x", 422)])
    async def test_none(self, town: Any, code: str, status: int) -> None:
        assert (await town.get(f"/organisations/departments/{code}")).status_code == status


class TestEnterDepartment:
    async def test_enters(self, town: Any) -> None:
        response = await town.post("/organisations/departments", DRAFT, town.maintainer)
        assert response.status_code == 201
        assert response.json()["division_code"] == "1311"

    async def test_once_for_one_key(self, town: Any) -> None:
        answers = [await town.post("/organisations/departments", DRAFT, town.maintainer, key="k" * 12) for _ in "12"]
        assert [answer.status_code for answer in answers] == [201, 201]

    async def test_twice_is_a_conflict(self, town: Any) -> None:
        await town.post("/organisations/departments", DRAFT, town.maintainer)
        response = await town.post("/organisations/departments", DRAFT, town.maintainer)
        assert (response.status_code, response.json()["type"]) == (409, "/problems/department-exists")

    @pytest.mark.parametrize(
        "change",
        [
            {"code": "11131100MB0H00049X"},
            {"name": ""},
            {"valid_from": 20000},
            {"valid_from": "2026-13-01"},
            {"valid_to": "2019-01-01"},
            {"phone": "call me"},
            {"division_code": "131"},
            {"extra": 1},
            {"sort_order": "1"},
        ],
    )
    async def test_bad_input_is_told(self, town: Any, change: dict[str, Any]) -> None:
        response = await town.post("/organisations/departments", DRAFT | change, town.maintainer)
        assert response.status_code == 422

    async def test_an_unknown_parent(self, town: Any) -> None:
        draft = DRAFT | {"parent_code": "11131100MB0H0009XL"}
        response = await town.post("/organisations/departments", draft, town.maintainer)
        assert response.json()["errors"][0]["pointer"] == "/body/parent_code"

    async def test_readers_may_not(self, town: Any) -> None:
        assert (await town.post("/organisations/departments", DRAFT, town.reader)).status_code == 403
        assert (await town.post("/organisations/departments", DRAFT)).status_code == 401


class TestChangeDepartment:
    async def test_changes_what_is_named(self, town: Any) -> None:
        path = f"/api/gov-collab/v1/organisations/departments/{town.urban}"
        response = await town.city.client.patch(path, json={"phone": "0318-5550077"}, headers=town.maintainer)
        assert response.status_code == 200
        assert (response.json()["phone"], response.json()["short_name"]) == ("0318-5550077", "城市管理综合行政执法局")


class TestCloseDepartment:
    async def test_in_use_it_stays(self, town: Any) -> None:
        body = {"on": "2026-12-01", "reason": "机构改革"}
        response = await town.post(f"/organisations/departments/{town.urban}/closings", body, town.maintainer)
        assert (response.status_code, response.json()["type"]) == (409, "/problems/department-in-use")

    async def test_unused_it_closes(self, town: Any) -> None:
        await town.post("/organisations/departments", DRAFT, town.maintainer)
        body = {"on": "2026-12-01", "reason": "机构改革"}
        response = await town.post(f"/organisations/departments/{NEW}/closings", body, town.maintainer)
        assert response.json()["valid_to"] == "2026-12-01"
        later = await town.get("/organisations/departments", on="2026-12-01")
        assert NEW not in {item["code"] for item in later.json()["items"]}


class TestPosts:
    async def test_scopes_are_fixed_and_sorted(self, town: Any) -> None:
        path = f"/organisations/departments/{town.urban}/posts"
        assert (await town.post(path, OPERATOR_POST, town.maintainer)).status_code == 201
        assert (await town.get(path, town.reader)).json()["items"][0]["scopes"] == sorted(OPERATOR_POST["scopes"])

    async def test_twice_is_a_conflict(self, town: Any) -> None:
        path = f"/organisations/departments/{town.urban}/posts"
        codes = [(await town.post(path, OPERATOR_POST, town.maintainer)).status_code for _ in "12"]
        assert codes == [201, 409]

    @pytest.mark.parametrize("scope", ["everything", "gov-collab.*.read", "a.b.c.d", ""])
    async def test_a_scope_has_three_parts(self, town: Any, scope: str) -> None:
        body = OPERATOR_POST | {"scopes": [scope]}
        response = await town.post(f"/organisations/departments/{town.urban}/posts", body, town.maintainer)
        assert response.status_code == 422

    async def test_are_not_for_citizens(self, town: Any) -> None:
        path = f"/organisations/departments/{town.urban}/posts"
        assert (await town.get(path, town.citizen)).status_code == 403


class TestAppoint:
    async def test_tells_citizen_pass_the_scopes(self, town: Any) -> None:
        appointment = await appointed(town, valid_to="2027-01-01")
        (event,) = await town.city.events("cn.hengshui.gov-collab.appointment.made.v1")
        assert event.data["scopes"] == OPERATOR_POST["scopes"]
        assert event.data["subject"] == appointment["subject"] == event.subject
        assert event.data["valid_from"] == "2026-01-01T00:00:00.000+08:00"
        assert event.data["valid_to"] == "2027-01-01T00:00:00.000+08:00"

    async def test_twice_in_one_post_is_refused(self, town: Any) -> None:
        appointment = await appointed(town)
        again = {name: appointment[name] for name in ("subject", "department_code", "post_code")}
        response = await town.post("/organisations/appointments", again | {"valid_from": "2026-05-01"}, town.maintainer)
        assert (response.status_code, response.json()["type"]) == (409, "/problems/appointment-overlaps")

    async def test_nobody_appoints_herself(self, town: Any) -> None:
        draft = {"subject": town.maintainer_id, "department_code": town.ecology, "post_code": "p"}
        response = await town.post("/organisations/appointments", draft | {"valid_from": "2026-05-01"}, town.maintainer)
        assert (response.status_code, response.json()["type"]) == (403, "/problems/own-appointment")

    async def test_an_unknown_post(self, town: Any) -> None:
        draft = {"subject": str(new_id()), "department_code": town.ecology, "post_code": "nothing"}
        response = await town.post("/organisations/appointments", draft | {"valid_from": "2026-05-01"}, town.maintainer)
        assert (response.status_code, response.json()["type"]) == (422, "/problems/unknown-post")

    async def test_an_unknown_department(self, town: Any) -> None:
        draft = {"subject": str(new_id()), "department_code": NEW, "post_code": "nothing"}
        response = await town.post("/organisations/appointments", draft | {"valid_from": "2026-05-01"}, town.maintainer)
        assert (response.status_code, response.json()["type"]) == (422, "/problems/unknown-department")


class TestEndAppointment:
    async def test_tells_citizen_pass(self, town: Any) -> None:
        appointment = await appointed(town)
        path = f"/organisations/appointments/{appointment['id']}/endings"
        assert (await town.post(path, {"reason": "调离"}, town.maintainer)).status_code == 201
        (event,) = await town.city.events("cn.hengshui.gov-collab.appointment.ended.v1")
        assert event.data["appointment_id"] == appointment["id"]

    async def test_ends_once(self, town: Any) -> None:
        path = f"/organisations/appointments/{(await appointed(town))['id']}/endings"
        codes = [(await town.post(path, {"reason": "调离"}, town.maintainer)).status_code for _ in "12"]
        assert codes == [201, 409]

    async def test_unknown(self, town: Any) -> None:
        path = f"/organisations/appointments/{new_id()}/endings"
        assert (await town.post(path, {"reason": "调离"}, town.maintainer)).status_code == 404


class TestListAppointments:
    async def test_ended_ones_only_where_asked_for(self, town: Any) -> None:
        path = f"/organisations/appointments/{(await appointed(town))['id']}/endings"
        await town.post(path, {"reason": "调离"}, town.maintainer)
        lists = [(await town.get("/organisations/appointments", town.reader, ended=ended)).json() for ended in (0, 1)]
        assert [len(found["items"]) for found in lists] == [0, 1]

    async def test_of_one_person(self, town: Any) -> None:
        appointment = await appointed(town)
        await appointed(town)
        found = await town.get("/organisations/appointments", town.reader, subject=appointment["subject"])
        assert [item["id"] for item in found.json()["items"]] == [appointment["id"]]


class TestNeighbours:
    async def test_any_service_reads_a_department(self, town: Any) -> None:
        path = f"/internal/gov-collab/v1/organisations/departments/{town.urban}"
        response = await town.city.client.get(path, headers=town.city.mesh_token("enterprise"))
        assert set(response.json()) == {"code", "name", "short_name", "division_code"}

    async def test_persons_do_not(self, town: Any) -> None:
        path = f"/internal/gov-collab/v1/organisations/departments/{town.urban}"
        assert (await town.city.client.get(path, headers=town.maintainer)).status_code == 403
