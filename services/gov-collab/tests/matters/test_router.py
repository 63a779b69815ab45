from typing import Any

import pytest

from gov_collab.matters.service import shipped_catalogue


def catalogue(**changes: Any) -> dict[str, Any]:
    return shipped_catalogue().model_dump(mode="json") | changes


class TestList:
    async def test_is_open_to_anyone(self, town: Any) -> None:
        response = await town.get("/matters", limit=200)
        assert response.status_code == 200
        assert {"code", "parent_code", "name", "name_en", "handled_as", "active"} == set(response.json()["items"][0])

    async def test_comes_in_pages(self, town: Any) -> None:
        seen, after = [], None
        while True:
            page = (await town.get("/matters", limit=30, **({"after": after} if after else {}))).json()
            seen += [item["code"] for item in page["items"]]
            if (after := page["next"]) is None:
                break
        assert seen == [entry.code for entry in shipped_catalogue().matters]

    async def test_children_of_one_class(self, town: Any) -> None:
        items = (await town.get("/matters", parent="environment")).json()["items"]
        assert {item["parent_code"] for item in items} == {"environment"}

    async def test_city_management_is_handled_as_a_case(self, town: Any) -> None:
        items = (await town.get("/matters", parent="city-management")).json()["items"]
        assert {item["handled_as"] for item in items} == {"city-case"}


class TestAdopt:
    async def test_what_a_list_leaves_out_is_retired(self, town: Any) -> None:
        shorter = [entry for entry in catalogue()["matters"] if entry["code"] != "telecom"]
        try:
            response = await town.post("/matters/catalogues", catalogue(matters=shorter), town.maintainer)
            assert response.status_code == 201
            assert response.json()["retired"] == 1
            left = (await town.get("/matters", parent="utilities")).json()["items"]
            assert "telecom" not in {item["code"] for item in left}
        finally:
            await town.post("/matters/catalogues", catalogue(), town.maintainer)
        left = (await town.get("/matters", parent="utilities")).json()["items"]
        assert "telecom" in {item["code"] for item in left}

    async def test_a_list_that_is_no_tree_is_refused(self, town: Any) -> None:
        torn = [entry | {"parent_code": "nowhere"} for entry in catalogue()["matters"][:1]]
        response = await town.post("/matters/catalogues", catalogue(matters=torn), town.maintainer)
        assert response.status_code == 422

    async def test_operators_may_not(self, town: Any) -> None:
        assert (await town.post("/matters/catalogues", catalogue(), town.operator)).status_code == 403


class TestSuggest:
    async def test_names_the_class_and_the_words(self, town: Any) -> None:
        message = {"title": "路灯不亮", "text": "晚上看不见路"}
        response = await town.post("/matters/suggestions", message, town.operator)
        assert response.status_code == 200
        best = response.json()["items"][0]
        assert best["matter"]["code"] == "street-lighting"
        assert "路灯不亮" in best["because"]

    @pytest.mark.parametrize("body", [{}, {"title": ""}, {"title": "a", "x": 1}, {"title": 5}, {"title": "a\x00"}])
    async def test_bad_input_is_told(self, town: Any, body: dict[str, Any]) -> None:
        assert (await town.post("/matters/suggestions", body, town.operator)).status_code == 422

    async def test_citizens_may_not(self, town: Any) -> None:
        assert (await town.post("/matters/suggestions", {"title": "路灯"}, town.citizen)).status_code == 403
