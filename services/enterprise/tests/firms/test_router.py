"""Firm files over HTTP."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest

from .factories import BIND, ENTITIES, USCC, Caller, bound, registry_knows, registry_names

FIRMS = "/api/enterprise/v1/firms"
SUPERVISE = "enterprise.requests.supervise"


def slug(response: httpx.Response) -> str:
    return str(response.json()["type"]).rpartition("/")[2]


class TestBindFirm:
    async def test_binds_the_representative_and_copies_the_facts(self, city: ServiceUnderTest) -> None:
        caller = Caller(city, BIND)
        registry_knows(city)
        registry_names(city, caller.person)
        response = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=caller.headers)
        assert response.status_code == 201
        firm = response.json()["firm"]
        assert (firm["name"], firm["state"], firm["ceased"]) == ("衡水示例橡塑制品有限公司", "active", False)
        assert firm["source"] == "data-hub/registries/legal-entities"
        assert firm["as_of"].endswith("+08:00")

    async def test_tells_the_registry_for_whom_it_asks(self, city: ServiceUnderTest) -> None:
        await bound(city)
        calls = [call.request for call in city.neighbours.calls if call.request.url.path.endswith(USCC)]
        assert calls
        assert all(call.headers["authorization"].startswith("Bearer ") for call in calls)

    async def test_refuses_an_unknown_code(self, city: ServiceUnderTest) -> None:
        caller = Caller(city, BIND)
        city.neighbours.get(f"{ENTITIES}/{USCC}").respond(404, json={"type": "/problems/not-found"})
        response = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=caller.headers)
        assert (response.status_code, slug(response)) == (404, "unknown-firm")

    async def test_refuses_a_code_that_cannot_be_one(self, city: ServiceUnderTest) -> None:
        caller = Caller(city, BIND)
        response = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC[:-1] + "5"}, headers=caller.headers)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/body/uscc"

    async def test_refuses_who_is_not_the_representative(self, city: ServiceUnderTest) -> None:
        caller = Caller(city, BIND)
        registry_knows(city)
        registry_names(city)
        response = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=caller.headers)
        assert (response.status_code, slug(response)) == (403, "not-representative")

    async def test_refuses_a_ceased_firm(self, city: ServiceUnderTest) -> None:
        caller = Caller(city, BIND)
        registry_knows(city, state="deregistered")
        registry_names(city, caller.person)
        response = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=caller.headers)
        assert (response.status_code, slug(response)) == (409, "firm-ceased")

    async def test_refuses_an_account_that_is_only_registered(self, city: ServiceUnderTest) -> None:
        caller = Caller(city, BIND, assurance=1)
        response = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=caller.headers)
        assert response.status_code == 403

    async def test_refuses_a_token_without_a_person(self, city: ServiceUnderTest) -> None:
        headers = city.token([BIND])
        response = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=headers)
        assert (response.status_code, slug(response)) == (403, "not-verified")

    async def test_refuses_a_second_living_binding(self, city: ServiceUnderTest) -> None:
        first = await bound(city)
        second = Caller(city, BIND)
        registry_names(city, first.person, second.person)
        response = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=second.headers)
        assert (response.status_code, slug(response)) == (409, "already-bound")

    async def test_ends_a_binding_whose_person_no_longer_represents(self, city: ServiceUnderTest) -> None:
        first = await bound(city)
        second = Caller(city, BIND)
        registry_names(city, second.person)
        response = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=second.headers)
        assert response.status_code == 201
        assert (await city.client.get(f"{FIRMS}/{USCC}", headers=first.headers)).status_code == 404

    async def test_two_at_once_bind_once(self, city: ServiceUnderTest) -> None:
        callers = [Caller(city, BIND) for _ in range(2)]
        registry_knows(city)
        registry_names(city, *(caller.person for caller in callers))
        answers = await asyncio.gather(
            *(city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=one.headers) for one in callers)
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_one_key_binds_once(self, city: ServiceUnderTest) -> None:
        caller = Caller(city, BIND)
        registry_knows(city)
        registry_names(city, caller.person)
        headers = caller.headers | {"Idempotency-Key": "bind-once-0001"}
        first = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=headers)
        second = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=headers)
        assert first.status_code == second.status_code == 201
        assert first.json()["id"] == second.json()["id"]

    async def test_a_registry_that_is_down_is_said_and_leaves_nothing(self, city: ServiceUnderTest) -> None:
        caller = Caller(city, BIND)
        response = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=caller.headers)
        assert (response.status_code, slug(response)) == (503, "neighbour-unavailable")
        listed = await city.client.get(FIRMS, headers=caller.headers)
        assert listed.json()["items"] == []


class TestReadFirm:
    async def test_shows_the_firm_to_its_representative(self, city: ServiceUnderTest) -> None:
        caller = await bound(city)
        response = await city.client.get(f"{FIRMS}/{USCC}", headers=caller.headers)
        assert response.json()["uscc"] == USCC

    async def test_hides_it_from_others(self, city: ServiceUnderTest) -> None:
        await bound(city)
        response = await city.client.get(f"{FIRMS}/{USCC}", headers=Caller(city, BIND).headers)
        assert response.status_code == 404

    async def test_wants_a_scope(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(f"{FIRMS}/{USCC}")).status_code == 401
        assert (await city.client.get(f"{FIRMS}/{USCC}", headers=city.token([]))).status_code == 403


class TestListFirms:
    async def test_pages_by_code_and_shows_ceased_firms(self, city: ServiceUnderTest) -> None:
        await bound(city)
        await bound(city, "91350100M000100Y43")
        changed = {"uscc": USCC, "name": "旧名", "state": "deregistered", "changed_at": "2026-11-24T08:00:00Z"}
        await city.deliver("cn.hengshui.data-hub.legal-entity.changed.v1", changed, source="data-hub")
        supervisor = city.token([SUPERVISE])
        first = (await city.client.get(FIRMS, params={"limit": 1}, headers=supervisor)).json()
        second = (await city.client.get(FIRMS, params={"limit": 1, "after": first["next"]}, headers=supervisor)).json()
        assert [first["items"][0]["uscc"], second["items"][0]["uscc"]] == [USCC, "91350100M000100Y43"]
        assert first["items"][0]["ceased"] is True
        assert second["next"] is None

    async def test_refuses_an_unknown_parameter(self, city: ServiceUnderTest) -> None:
        response = await city.client.get(FIRMS, params={"title": "x"}, headers=city.token([SUPERVISE]))
        assert response.status_code == 400


class TestUnbindFirm:
    async def test_ends_the_binding_and_its_delegations(self, city: ServiceUnderTest) -> None:
        caller, clerk = await bound(city), Caller(city, BIND)
        await city.client.post(f"{FIRMS}/{USCC}/delegates", json={"subject": clerk.subject}, headers=caller.headers)
        assert (await city.client.get(f"{FIRMS}/{USCC}", headers=clerk.headers)).status_code == 200
        response = await city.client.delete(f"{FIRMS}/{USCC}/binding", headers=caller.headers)
        assert response.status_code == 204
        for one in (caller, clerk):
            assert (await city.client.get(f"{FIRMS}/{USCC}", headers=one.headers)).status_code == 404

    async def test_frees_the_firm_for_a_new_binding(self, city: ServiceUnderTest) -> None:
        caller = await bound(city)
        await city.client.delete(f"{FIRMS}/{USCC}/binding", headers=caller.headers)
        again = await city.client.post(f"{FIRMS}/bindings", json={"uscc": USCC}, headers=caller.headers)
        assert again.status_code == 201

    async def test_is_the_representatives_alone(self, city: ServiceUnderTest) -> None:
        await bound(city)
        response = await city.client.delete(f"{FIRMS}/{USCC}/binding", headers=Caller(city, BIND).headers)
        assert response.status_code == 404


class TestDeclare:
    async def test_judges_the_size_class(self, city: ServiceUnderTest) -> None:
        caller = await bound(city)
        declared = {"industry": "industry", "staff": 350, "revenue_fen": 1_500 * 1_000_000}
        response = await city.client.put(f"{FIRMS}/{USCC}/declaration", json=declared, headers=caller.headers)
        assert response.json()["size_class"] == "small"

    async def test_names_what_is_missing(self, city: ServiceUnderTest) -> None:
        caller = await bound(city)
        response = await city.client.put(
            f"{FIRMS}/{USCC}/declaration", json={"industry": "industry"}, headers=caller.headers
        )
        assert response.json()["size_class"] is None
        assert response.json()["size_class_misses"] == ["staff", "revenue_fen"]

    @pytest.mark.parametrize("wrong", [{"staff": "350"}, {"staff": -1}, {"revenue_fen": 1.5}, {"profit": 1}])
    async def test_refuses_wrong_values(self, city: ServiceUnderTest, wrong: dict[str, object]) -> None:
        caller = await bound(city)
        response = await city.client.put(
            f"{FIRMS}/{USCC}/declaration", json={"industry": "industry"} | wrong, headers=caller.headers
        )
        assert response.status_code == 422


class TestDelegates:
    async def test_a_delegate_reads_and_is_revoked_at_once(self, city: ServiceUnderTest) -> None:
        caller, clerk = await bound(city), Caller(city, BIND)
        made = await city.client.post(
            f"{FIRMS}/{USCC}/delegates", json={"subject": clerk.subject}, headers=caller.headers
        )
        assert made.status_code == 201
        assert (await city.client.get(f"{FIRMS}/{USCC}", headers=clerk.headers)).status_code == 200
        gone = await city.client.delete(f"{FIRMS}/{USCC}/delegates/{made.json()['id']}", headers=caller.headers)
        assert gone.status_code == 204
        assert (await city.client.get(f"{FIRMS}/{USCC}", headers=clerk.headers)).status_code == 404
        listed = await city.client.get(f"{FIRMS}/{USCC}/delegates", headers=caller.headers)
        assert listed.json() == []

    async def test_a_delegation_ends_by_itself_and_can_be_given_again(self, city: ServiceUnderTest) -> None:
        caller, clerk = await bound(city), Caller(city, BIND)
        body = {"subject": clerk.subject, "valid_to": (city.clock.now() + timedelta(days=1)).isoformat()}
        await city.client.post(f"{FIRMS}/{USCC}/delegates", json=body, headers=caller.headers)
        city.clock.advance(days=2)
        assert (await city.client.get(f"{FIRMS}/{USCC}", headers=clerk.headers)).status_code == 404
        again = await city.client.post(
            f"{FIRMS}/{USCC}/delegates", json={"subject": clerk.subject}, headers=caller.headers
        )
        assert again.status_code == 201

    async def test_refuses_oneself_and_twice(self, city: ServiceUnderTest) -> None:
        caller, clerk = await bound(city), str(new_id())
        own = await city.client.post(
            f"{FIRMS}/{USCC}/delegates", json={"subject": caller.subject}, headers=caller.headers
        )
        assert (own.status_code, slug(own)) == (422, "own-delegate")
        for expected in (201, 409):
            made = await city.client.post(f"{FIRMS}/{USCC}/delegates", json={"subject": clerk}, headers=caller.headers)
            assert made.status_code == expected

    async def test_a_delegate_may_not_delegate(self, city: ServiceUnderTest) -> None:
        caller, clerk = await bound(city), Caller(city, BIND)
        await city.client.post(f"{FIRMS}/{USCC}/delegates", json={"subject": clerk.subject}, headers=caller.headers)
        response = await city.client.post(
            f"{FIRMS}/{USCC}/delegates", json={"subject": str(new_id())}, headers=clerk.headers
        )
        assert response.status_code == 404


class TestAccessLog:
    async def test_shows_who_else_read_the_file(self, city: ServiceUnderTest) -> None:
        caller = await bound(city)
        supervisor = city.token([SUPERVISE], department="11131100MB0H00014Y")
        await city.client.get(f"{FIRMS}/{USCC}", headers=caller.headers)
        await city.client.get(f"{FIRMS}/{USCC}", headers=supervisor)
        log = (await city.client.get(f"{FIRMS}/{USCC}/access-log", headers=caller.headers)).json()["items"]
        assert [line["department_code"] for line in log] == ["11131100MB0H00014Y"]

    async def test_is_the_firms_alone(self, city: ServiceUnderTest) -> None:
        await bound(city)
        for headers in (Caller(city, BIND).headers, city.token([SUPERVISE])):
            response = await city.client.get(f"{FIRMS}/{USCC}/access-log", headers=headers)
            assert response.status_code in {403, 404}


class TestLegalEntityChanged:
    TYPE = "cn.hengshui.data-hub.legal-entity.changed.v1"

    async def test_takes_name_and_state_and_asks_for_the_rest(self, city: ServiceUnderTest) -> None:
        caller = await bound(city)
        registry_knows(city, name="新名有限公司", legal_form="股份有限公司")
        changed = {"uscc": USCC, "name": "新名有限公司", "state": "active", "changed_at": "2026-11-24T08:00:00Z"}
        answer = await city.deliver(self.TYPE, changed | {"fields": ["name"]}, source="data-hub")
        assert answer.status_code == 204
        await city.drain()
        firm = (await city.client.get(f"{FIRMS}/{USCC}", headers=caller.headers)).json()
        assert (firm["name"], firm["legal_form"]) == ("新名有限公司", "股份有限公司")

    async def test_ends_the_binding_of_a_former_representative(self, city: ServiceUnderTest) -> None:
        caller = await bound(city)
        registry_names(city)
        changed = {"uscc": USCC, "name": "同名", "state": "active", "changed_at": "2026-11-24T08:00:00Z"}
        await city.deliver(self.TYPE, changed, source="data-hub")
        await city.drain()
        assert (await city.client.get(f"{FIRMS}/{USCC}", headers=caller.headers)).status_code == 404

    async def test_keeps_the_binding_while_the_registry_is_down(self, city: ServiceUnderTest) -> None:
        caller = await bound(city)
        city.neighbours.get(f"{ENTITIES}/{USCC}").mock(side_effect=httpx.ConnectError("down"))
        changed = {"uscc": USCC, "name": "同名", "state": "deregistered", "changed_at": "2026-11-24T08:00:00Z"}
        await city.deliver(self.TYPE, changed, source="data-hub")
        await city.drain()
        firm = (await city.client.get(f"{FIRMS}/{USCC}", headers=caller.headers)).json()
        assert (firm["state"], firm["ceased"]) == ("deregistered", True)

    async def test_does_not_mind_a_firm_without_a_file(self, city: ServiceUnderTest) -> None:
        changed = {"uscc": USCC, "name": "无档案", "state": "active", "changed_at": "2026-11-24T08:00:00Z"}
        assert (await city.deliver(self.TYPE, changed, source="data-hub")).status_code == 204

    async def test_refuses_another_sender_than_a_service(self, city: ServiceUnderTest) -> None:
        response = await city.client.post("/internal/enterprise/v1/events", json={}, headers=city.token([SUPERVISE]))
        assert response.status_code == 403
