"""Applications and decisions, over HTTP: the clock in working days, the states, who may do what."""

import asyncio
from datetime import datetime, timedelta

import pytest

from citykit.testing import ServiceUnderTest, at
from data_hub.resources.domain import POPULATION, READ_AT

from .factories import (
    AIR,
    BASE,
    ECOLOGY,
    HOUSING,
    POLICE,
    act,
    applicant,
    applied,
    auditor,
    bureau,
    decider,
    grant_to,
    granted,
    item,
    published,
    seen,
    wish,
)

WHY = {"reason": "按规定办理"}


def code_of(answer: object) -> str:
    """The name of a refusal."""
    return str(answer.json()["type"]).removeprefix("/problems/")  # type: ignore[attr-defined]  # an httpx answer


class TestApplying:
    async def test_begins_the_clock_of_a_conditional_resource(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-09-21 10:00"))
        await published(city)
        made = await applied(city)
        assert (made["state"], made["source_department"], made["department"]) == ("submitted", ECOLOGY, HOUSING)
        # Ten working days from 21 September 2026: 中秋 and 国庆 are no working days.
        due = datetime.fromisoformat(made["due_at"])
        calendar = city.runtime.calendar
        assert calendar.working_days_between(at("2026-09-21 10:00"), due) == 10
        assert [step["act"] for step in made["steps"]] == ["apply"]

    async def test_leaves_sensitive_items_out_unless_named(self, city: ServiceUnderTest) -> None:
        items = [item("station", required=True), item("phone", sensitivity="personal")]
        await published(city, items=items, key=[])
        assert (await applied(city))["columns"] == ["station"]
        named = await applied(city, columns=["phone", "station"], purpose="另一用途")
        assert named["columns"] == ["station", "phone"]

    @pytest.mark.parametrize(
        ("more", "problem"),
        [
            ({"columns": ["nothing"]}, "unknown-column"),
            ({"row_filter": "aqi=gt.high"}, "bad-row-filter"),
            ({"row_filter": "1=1 or true"}, "bad-row-filter"),
            ({"valid_until": "2020-01-01T00:00:00+08:00"}, "grant-period"),
            ({"valid_until": "2099-01-01T00:00:00+08:00"}, "grant-period"),
            ({"resource": "203001-999999"}, "no-published-resource"),
            ({"resource": "x"}, "invalid"),
            ({"deliveries": []}, "invalid"),
        ],
    )
    async def test_refuses_what_makes_no_sense(
        self, city: ServiceUnderTest, more: dict[str, object], problem: str
    ) -> None:
        await published(city)
        answer = await act(city, applicant(city), "applications", wish(city, **more))
        assert (answer.status_code // 100, code_of(answer)) == (4, problem)

    async def test_refuses_one_s_own_resource_and_what_is_not_shared(self, city: ServiceUnderTest) -> None:
        await published(city)
        own = await act(city, applicant(city, ECOLOGY), "applications", wish(city))
        assert code_of(own) == "own-resource"
        await published(city, "203001-000011", share_type="refused", share_condition=None)
        closed = await act(city, applicant(city), "applications", wish(city, "203001-000011"))
        assert code_of(closed) == "not-shared"

    @pytest.mark.parametrize(("code", "path"), sorted(READ_AT.items()))
    async def test_a_registry_is_read_by_purpose_and_not_applied_for(
        self, city: ServiceUnderTest, code: str, path: str
    ) -> None:
        await published(city, code)
        for language, said in (("zh", "使用目的"), ("en", "purpose")):
            headers = applicant(city) | {"Accept-Language": language}
            answer = await city.client.post(f"{BASE}/applications", json=wish(city, code), headers=headers)
            assert (answer.status_code, code_of(answer)) == (409, "registry-read-by-purpose")
            assert said in answer.json()["title"]
            assert path in answer.json()["detail"]
        assert (await seen(city, applicant(city), "applications"))["items"] == []
        assert code_of(await city.client.put(
            f"{BASE}/resources/{code}/rule", json={"automatic": True}, headers=decider(city)
        )) == "registry-read-by-purpose"  # fmt: skip

    async def test_a_grant_on_a_registry_of_former_days_is_not_widened_and_can_be_revoked(
        self, city: ServiceUnderTest
    ) -> None:
        await published(city, POPULATION)
        grant = await grant_to(city, HOUSING, resource=POPULATION, source_department=ECOLOGY)
        changed = await act(city, decider(city), f"grants/{grant}/changes", {"reason": "扩大", "columns": ["aqi"]})
        assert code_of(changed) == "registry-read-by-purpose"
        revoked = await act(city, decider(city), f"grants/{grant}/revocations", {"reason": "按使用目的读取"})
        assert (revoked.status_code, revoked.json()["state"]) == (201, "revoked")

    async def test_of_two_at_once_one_is_taken(self, city: ServiceUnderTest) -> None:
        await published(city)
        both = await asyncio.gather(*(act(city, applicant(city), "applications", wish(city)) for _ in range(2)))
        assert sorted(answer.status_code for answer in both) == [201, 409]

    async def test_is_granted_at_once_where_the_source_wants_it_so(self, city: ServiceUnderTest) -> None:
        await published(city, share_type="unconditional", share_basis=None, share_condition=None)
        rule = {"automatic": True, "daily_quota_rows": 500}
        answer = await city.client.put(f"{BASE}/resources/{AIR}/rule", json=rule, headers=decider(city))
        assert answer.status_code == 200, answer.text
        made = await applied(city, daily_quota_rows=9000)
        assert made["state"] == "granted"
        grant = await seen(city, applicant(city), f"grants/{made['grant_id']}")
        assert (grant["daily_quota_rows"], grant["live"]) == (500, True)

    async def test_needs_a_department_and_the_scope(self, city: ServiceUnderTest) -> None:
        await published(city)
        nobody = city.token(["data-hub.sharing.apply"])
        assert code_of(await act(city, nobody, "applications", wish(city))) == "departments-only"
        assert (await act(city, decider(city), "applications", wish(city))).status_code == 403


class TestDeciding:
    async def test_gives_what_was_asked_or_less(self, city: ServiceUnderTest) -> None:
        await published(city)
        asked = {"columns": ["station", "aqi"], "row_filter": "aqi=gte.0", "daily_quota_rows": 100}
        grant = await seen(
            city,
            applicant(city),
            f"grants/{await granted(city, asked=asked, columns=['aqi'], row_filter='district=eq.131102')}",
        )
        assert (grant["columns"], grant["row_filter"]) == (["aqi"], "aqi=gte.0&district=eq.131102")
        assert (grant["purpose"], grant["daily_quota_rows"], grant["version"]) == ("扬尘治理", 100, 1)

    @pytest.mark.parametrize(
        "more",
        [
            {"columns": ["station", "district"]},
            {"daily_quota_rows": 101},
            {"deliveries": ["query", "file"]},
            {"onward": True},
            {"valid_until": "2028-01-01T00:00:00+08:00"},
        ],
    )
    async def test_never_gives_more(self, city: ServiceUnderTest, more: dict[str, object]) -> None:
        await published(city)
        asked = {"columns": ["station"], "daily_quota_rows": 100, "deliveries": ["query"]}
        made = await applied(city, **asked)
        answer = await act(city, decider(city), f"applications/{made['id']}/approvals", more)
        assert code_of(answer) == "beyond-application"

    async def test_is_the_source_department_s_alone(self, city: ServiceUnderTest) -> None:
        await published(city)
        made = await applied(city)
        for act_ in ("approvals", "refusals", "extensions", "supplement-requests"):
            body = {} if act_ == "approvals" else WHY
            answer = await act(city, decider(city, POLICE), f"applications/{made['id']}/{act_}", body)
            assert answer.status_code == 404

    async def test_is_done_once(self, city: ServiceUnderTest) -> None:
        await published(city)
        made = await applied(city)
        path = f"applications/{made['id']}"
        assert (await act(city, decider(city), f"{path}/refusals", WHY)).json()["state"] == "refused"
        late = await act(city, decider(city), f"{path}/approvals", {})
        assert (late.status_code, code_of(late)) == (409, "application-state")
        assert "不同意" in late.json()["detail"]

    async def test_of_two_at_once_one_counts(self, city: ServiceUnderTest) -> None:
        await published(city)
        made = await applied(city)
        both = await asyncio.gather(
            act(city, decider(city), f"applications/{made['id']}/approvals", {}),
            act(city, decider(city), f"applications/{made['id']}/refusals", WHY),
        )
        assert sorted(answer.status_code for answer in both) == [201, 409]

    async def test_may_take_more_time_once_and_in_time(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-11-02 10:00"))
        await published(city)
        made = await applied(city)
        path = f"applications/{made['id']}/extensions"
        longer = (await act(city, decider(city), path, WHY)).json()
        assert longer["due_at"] > made["due_at"]
        assert code_of(await act(city, decider(city), path, WHY)) == "already-extended"
        other = await applied(city, purpose="另一用途")
        city.clock.set(at("2026-12-31 10:00"))
        answer = await act(city, decider(city), f"applications/{other['id']}/extensions", WHY)
        assert code_of(answer) == "decision-overdue"

    async def test_stands_still_while_something_is_missing(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-11-02 10:00"))
        await published(city)
        made = await applied(city)
        path = f"applications/{made['id']}"
        assert (await act(city, decider(city), f"{path}/supplement-requests", WHY)).json()["state"] == "supplement"
        city.clock.set(at("2026-11-09 10:00"))
        again = await act(city, applicant(city), f"{path}/supplements", {"note": "已补充", "columns": ["aqi"]})
        assert (again.json()["state"], again.json()["columns"]) == ("submitted", ["aqi"])
        stood = city.runtime.calendar.working_days_between(
            datetime.fromisoformat(made["due_at"]), datetime.fromisoformat(again.json()["due_at"])
        )
        assert stood == 5


class TestEscalation:
    async def test_comes_after_the_last_working_day_and_once(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-11-02 10:00"))
        await published(city)
        made = await applied(city)
        await city.run_task("data-hub.sharing.deadlines")
        assert (await seen(city, bureau(city), f"applications/{made['id']}"))["escalated_at"] is None
        city.clock.set(datetime.fromisoformat(made["due_at"]) + timedelta(minutes=1))
        for _ in range(2):
            await city.run_task("data-hub.sharing.deadlines")
        read = await seen(city, bureau(city), f"applications/{made['id']}")
        assert [step["act"] for step in read["steps"]] == ["apply", "escalate"]
        assert read["overdue"]
        (listed,) = (await seen(city, bureau(city), "applications", overdue=True))["items"]
        assert listed["id"] == made["id"]


class TestDisputes:
    async def test_go_through_the_bureau_back_to_the_source(self, city: ServiceUnderTest) -> None:
        await published(city)
        made = await applied(city)
        path = f"applications/{made['id']}"
        await act(city, decider(city), f"{path}/refusals", WHY)
        assert (await act(city, applicant(city), f"{path}/disputes", WHY)).json()["state"] == "disputed"
        told = {"upheld": True, "reason": "理由不成立"}
        assert (await act(city, decider(city), f"{path}/mediations", told)).status_code == 403
        assert (await act(city, bureau(city), f"{path}/mediations", told)).json()["state"] == "submitted"
        done = (await act(city, decider(city), f"{path}/approvals", {})).json()
        assert done["state"] == "granted"
        assert [step["act"] for step in done["steps"]] == ["apply", "refuse", "dispute", "uphold-dispute", "grant"]

    async def test_may_be_dismissed(self, city: ServiceUnderTest) -> None:
        await published(city)
        path = f"applications/{(await applied(city))['id']}"
        await act(city, decider(city), f"{path}/refusals", WHY)
        await act(city, applicant(city), f"{path}/disputes", WHY)
        answer = await act(city, bureau(city), f"{path}/mediations", {"upheld": False, "reason": "理由成立"})
        assert answer.json()["state"] == "refused"

    async def test_an_application_can_be_taken_back(self, city: ServiceUnderTest) -> None:
        await published(city)
        path = f"applications/{(await applied(city))['id']}"
        assert (await act(city, applicant(city), f"{path}/withdrawals", WHY)).json()["state"] == "withdrawn"
        assert (await applied(city))["state"] == "submitted"


class TestLists:
    async def test_show_what_concerns_one(self, city: ServiceUnderTest) -> None:
        await published(city)
        made = await applied(city)
        for who, count in (
            (applicant(city), 1), (decider(city), 1), (bureau(city), 1), (auditor(city), 1),
            (applicant(city, POLICE), 0), (decider(city, POLICE), 0),
        ):  # fmt: skip
            found = await seen(city, who, "applications")
            assert len(found["items"]) == count
        (waiting,) = (await seen(city, decider(city), "applications", to_decide=True, state="submitted"))["items"]
        assert waiting["id"] == made["id"]
        stranger = await city.client.get(f"{BASE}/applications/{made['id']}", headers=applicant(city, POLICE))
        assert stranger.status_code == 404

    async def test_page_by_key(self, city: ServiceUnderTest) -> None:
        await published(city)
        for number in range(3):
            await applied(city, purpose=f"用途{number}")
        first = await seen(city, applicant(city), "applications", limit=2)
        second = await seen(city, applicant(city), "applications", limit=2, after=first["next"])
        assert [one["purpose"] for one in first["items"] + second["items"]] == ["用途2", "用途1", "用途0"]


class TestTerms:
    async def test_name_their_source_and_change_from_a_day_on(self, city: ServiceUnderTest) -> None:
        terms = (await seen(city, applicant(city), "terms"))["items"]
        sourced = {one["step"] for one in terms if "条例" in one["source"] or "时限" in one["source"]}
        assert {"conditional", "unconditional", "extension", "delivery", "mediation"} <= sourced
        new = {"step": "conditional", "valid_from": "2030-01-01", "working_days": 7, "source": "新规定"}
        answer = await act(city, bureau(city), "terms", new)
        assert new in answer.json()["items"]
        assert (await act(city, decider(city), "terms", new)).status_code == 403
        async with city.work() as work:
            connection = await work.driver()
            await connection.execute("delete from sharing_term where valid_from = '2030-01-01'")

    @pytest.mark.parametrize(
        ("changed", "type_"),
        [
            ({"valid_from": "1800-01-01"}, "sharing-term-period"),
            ({"valid_from": "2026-01-01"}, "sharing-term-period"),
            ({"valid_from": "2099-01-01"}, "sharing-term-period"),
            ({"working_days": 300}, "invalid"),
        ],
    )
    async def test_begin_on_a_day_to_come_and_are_no_years(
        self, city: ServiceUnderTest, changed: dict[str, str | int], type_: str
    ) -> None:
        before = await seen(city, bureau(city), "terms")
        new = {"step": "conditional", "valid_from": "2030-01-01", "working_days": 7, "source": "新规定"} | changed
        answer = await act(city, bureau(city), "terms", new)
        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{type_}")
        assert await seen(city, bureau(city), "terms") == before

    async def test_are_withdrawn_before_their_day_and_not_after(self, city: ServiceUnderTest) -> None:
        before = await seen(city, bureau(city), "terms")
        new = {"step": "conditional", "valid_from": "2030-01-01", "working_days": 7, "source": "误录"}
        await act(city, bureau(city), "terms", new)
        path = f"{BASE}/terms/conditional"
        assert (await city.client.delete(f"{path}/2030-01-01", headers=decider(city))).status_code == 403
        assert (await city.client.delete(f"{path}/2030-01-01", headers=bureau(city))).json() == before
        assert (await city.client.delete(f"{path}/2030-01-01", headers=bureau(city))).status_code == 404
        first = next(one["valid_from"] for one in before["items"] if one["step"] == "conditional")
        kept = await city.client.delete(f"{path}/{first}", headers=bureau(city))
        assert (kept.status_code, kept.json()["type"]) == (409, "/problems/sharing-term-in-force")
