"""Rows on question: what each caller sees of a resource, how it is asked for, and what is refused."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citykit.testing import ServiceUnderTest
from data_hub.resources.domain import READ_AT
from data_hub.services import service

from .factories import AIR, HUB, ROWS, Office

EVERYBODY: dict[str, str] = {}


@pytest.fixture
async def office(city: ServiceUnderTest) -> Office:
    return Office(city)


@pytest.fixture
async def opened(office: Office) -> Office:
    await office.publish(opening="opened", share_type="unconditional", share_condition=None)
    return office


@pytest.fixture
async def closed(office: Office) -> Office:
    await office.publish()
    return office


class TestOpened:
    async def test_is_read_by_everybody(self, opened: Office) -> None:
        answer = await opened.ask(EVERYBODY)
        assert answer.status_code == 200, answer.text
        assert answer.json()["items"][0] == {
            "station": "1074A", "district": "131102", "aqi": 57, "pm25": 35.5,
            "hour": "2026-11-01T08:00:00.000000+08:00", "contact": "张三",
        }  # fmt: skip

    async def test_is_metered(self, opened: Office) -> None:
        await asyncio.gather(*(opened.ask(EVERYBODY, limit="2") for _ in range(3)))
        meters = await opened.city.client.get(f"{HUB}/services/meters", headers=opened.ecology)
        assert [(one["caller"], one["calls"], one["rows"]) for one in meters.json()["items"]] == [("public", 3, 6)]

    async def test_a_token_without_the_scope_reads_as_everybody(self, opened: Office) -> None:
        assert (await opened.ask(opened.city.token([]))).status_code == 200
        assert (await opened.ask({"Authorization": "Bearer nonsense"})).status_code == 401


class TestClosed:
    async def test_is_not_for_everybody(self, closed: Office) -> None:
        answer = await closed.ask(EVERYBODY)
        assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (401, "key-wanted")

    async def test_that_the_public_may_not_know_of_is_not_there(self, office: Office) -> None:
        await office.publish(public_metadata=False)
        assert (await office.ask(EVERYBODY)).status_code == 404

    async def test_is_read_by_its_own_department(self, closed: Office) -> None:
        assert await closed.stations(closed.ecology) == ["1074A", "1075A", "=1+1", "1076A"]

    async def test_is_not_read_by_another_without_a_grant(self, closed: Office) -> None:
        answer = await closed.ask()
        assert (answer.status_code, answer.json()["code"]) == (403, "none")

    async def test_is_seen_through_the_grant(self, closed: Office) -> None:
        await closed.grant(columns=["station", "aqi"], row_filter="district=eq.131102")
        answer = await closed.ask(order="station.asc")
        assert sorted((row["station"], row["aqi"]) for row in answer.json()["items"]) == [
            ("1074A", 57), ("1076A", 57), ("=1+1", -3),
        ]  # fmt: skip
        for hidden in ({"district": "eq.131103"}, {"select": "district"}, {"order": "district"}):
            refused = await closed.ask(**hidden)
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown-column")

    async def test_cannot_be_widened_by_a_question(self, closed: Office) -> None:
        await closed.grant(columns=["station", "aqi"], row_filter="district=eq.131102")
        for wide in ({"or": "(aqi.gt.0,aqi.lte.0,aqi.is.null)"}, {"not.and": "(aqi.gt.1000,aqi.lt.-1000)"}):
            assert "1075A" not in await closed.stations(**wide)
        answer = await closed.ask(select="count()", count="exact")
        assert answer.status_code == 200, answer.text
        counted = answer.json()
        assert counted["items"] == [{"count": 3}]

    async def test_a_changed_grant_tells_on_the_next_call(self, closed: Office) -> None:
        grant = await closed.grant(columns=["station", "aqi"])
        assert len(await closed.stations()) == 4
        change = {"columns": ["station"], "row_filter": "aqi=gt.100", "reason": "仅超标"}
        path = f"{HUB}/sharing/grants/{grant}"
        await closed.city.client.post(f"{path}/changes", json=change, headers=closed.ecology)
        assert (await closed.ask()).json()["items"] == [{"station": "1075A"}]
        await closed.city.client.post(f"{path}/revocations", json={"reason": "已终结"}, headers=closed.ecology)
        assert (await closed.ask()).json()["code"] == "revoked"

    async def test_rows_beyond_the_quota_are_refused_even_to_many_at_once(self, closed: Office) -> None:
        await closed.grant(columns=["station"], daily_quota_rows=5)
        answers = await asyncio.gather(*(closed.ask(limit="2") for _ in range(5)))
        assert sorted(one.status_code for one in answers) == [200, 200, 429, 429, 429]
        assert all("retry-after" in one.headers for one in answers if one.status_code == 429)

    async def test_a_refused_page_says_how_many_rows_are_left(self, closed: Office) -> None:
        await closed.grant(columns=["station"], daily_quota_rows=3)
        assert (await closed.ask(limit="2")).status_code == 200
        refused = (await closed.ask(limit="2")).json()
        assert (refused["code"], refused["rows_left"], refused["rows_wanted"]) == ("quota", 1, 2)
        assert "1行" in refused["detail"]
        assert (await closed.ask(limit="1")).status_code == 200
        spent = (await closed.ask(limit="1")).json()
        assert (spent["rows_left"], spent["detail"]) == (0, "已达到授权的每日数据量")

    async def test_every_call_leaves_evidence_refusals_included(self, closed: Office) -> None:
        grant = await closed.grant(columns=["station"])
        await closed.ask(limit="2")
        await closed.ask(contact="eq.张三")
        auditor = closed.city.token(["data-hub.sharing.audit"])
        path = f"{HUB}/sharing/evidence/records"
        answer = await closed.city.client.get(path, params={"stream": f"grant/{grant}"}, headers=auditor)
        told = [(one["action"], one["outcome"], one["rows"]) for one in records(answer.json())]
        assert [one for one in told if one[0] == "query"] == [("query", "served", 2), ("query", "refused", 0)]


def records(page: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of a page of evidence."""
    return [json.loads(one["entry"]) for one in page["items"]]


class TestQuestions:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"aqi": "gte.57", "order": "aqi.desc"}, ["1075A", "1074A", "1076A"]),
            ({"station": "in.(1074A,1076A)", "order": "station"}, ["1074A", "1076A"]),
            ({"hour": "is.null"}, ["=1+1"]),
            ({"hour": "not.is.null", "district": "neq.131102"}, ["1075A"]),
            ({"or": "(aqi.lt.0,pm25.gt.50)", "order": "aqi"}, ["=1+1", "1075A"]),
            ({"station": "like.107*", "pm25": "eq.0.1"}, ["1076A"]),
            ({"order": "pm25.desc.nullsfirst", "limit": "2"}, ["=1+1", "1075A"]),
        ],
    )
    async def test_find_what_fits(self, opened: Office, query: dict[str, str], found: list[str]) -> None:
        assert await opened.stations(EVERYBODY, **query) == found

    async def test_aggregate(self, opened: Office) -> None:
        answer = await opened.ask(EVERYBODY, select="district,count(),top:max(aqi),avg(pm25)", order="district")
        assert answer.json()["items"] == [
            {"district": "131102", "count": 3, "top": 57, "avg_pm25": pytest.approx(17.8)},
            {"district": "131103", "count": 1, "top": 112, "avg_pm25": 80},
        ]

    async def test_pages_meet_without_gap_or_overlap(self, opened: Office) -> None:
        for order in ("aqi.desc", "pm25", "hour.desc.nullslast", "district,station.desc"):
            seen: list[str] = []
            after = None
            while True:
                more: dict[str, str] = {} if after is None else {"after": after}
                page = (await opened.ask(EVERYBODY, order=order, limit="1", **more)).json()
                seen += [row["station"] for row in page["items"]]
                after = page["next"]
                if after is None:
                    break
            assert seen == await opened.stations(EVERYBODY, order=order)

    async def test_count_what_is_found(self, opened: Office) -> None:
        assert (await opened.ask(EVERYBODY, limit="1", count="exact")).json()["count"] == 4

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"nothing": "eq.1"}, "unknown-column"), ({"aqi": "eq.much"}, "type-mismatch"),
            ({"aqi": "like.1*"}, "type-mismatch"), ({"aqi": "about.1"}, "unknown-operator"),
            ({"limit": "1001"}, "out-of-range"), ({"after": "nonsense"}, "bad-cursor"),
            ({"select": "sum(station)"}, "type-mismatch"), ({"and": "(aqi.eq.1"}, "malformed"),
            ({"aqi": "eq.99999999999999999999"}, "type-mismatch"), ({"station": "like.*a*b*c*d*e*f*"}, "too-costly"),
            ({"and": "(" + "and(" * 8 + "aqi.eq.1" + ")" * 9}, "too-deep"), ({"_id": "eq.1"}, "unknown-column"),
        ],
    )  # fmt: skip
    async def test_that_cannot_be_asked_are_named(self, opened: Office, query: dict[str, str], code: str) -> None:
        answer = await opened.ask(EVERYBODY, **query)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)

    async def test_text_of_sql_is_text(self, opened: Office) -> None:
        for text in ("'; drop table resource; --", 'x" or 1=1', "%s", "{0}", "\\", "1074A' or '1'='1"):
            for query in ({"station": f"eq.{text}"}, {"station": f"in.({text})"}, {"order": text}, {"select": text}):
                assert (await opened.ask(EVERYBODY, **query)).status_code in {200, 422}
        assert len(await opened.stations(EVERYBODY)) == 4

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.dictionaries(
            st.sampled_from(
                ["station", "aqi", "pm25", "hour", "select", "order", "limit", "after", "or", "not.and", "x"]
            ),
            st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
            | st.sampled_from(
                ["eq.1", "in.(1,2)", "is.null", "gt.1e99", "eq.2026-01-01T00:00:00Z", "(aqi.eq.1,pm25.is.null)"]
            ),
            max_size=4,
        )
    )
    async def test_of_any_kind_never_break_the_service(self, opened: Office, query: dict[str, str]) -> None:
        assert (await opened.ask(EVERYBODY, **query)).status_code in {200, 400, 422}


class TestPatience:
    async def test_ends_with_a_clear_problem_and_the_next_call_is_served(
        self, closed: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        grant = await closed.grant(columns=["station", "aqi"])
        await closed.crowd(150_000)
        heavy = {"select": "station,count(),sum(aqi)", "order": "sum_aqi.desc", "station": "like.*7*4*"}
        for who in (closed.housing, closed.ecology):
            with monkeypatch.context() as hurried:
                hurried.setattr(service, "PATIENCE_MS", 15)
                answers = await asyncio.gather(*(closed.ask(who, **heavy) for _ in range(6)))
            told = {(one.status_code, one.json()["type"]) for one in answers}
            assert told == {(422, "/problems/too-costly")}
            served = await asyncio.gather(*(closed.ask(who, limit="2") for _ in range(6)))
            assert [(one.status_code, len(one.json()["items"])) for one in served] == [(200, 2)] * 6
        auditor = closed.city.token(["data-hub.sharing.audit"])
        path = f"{HUB}/sharing/evidence/records"
        answer = await closed.city.client.get(path, params={"stream": f"grant/{grant}"}, headers=auditor)
        codes = [one["code"] for one in records(answer.json()) if one["outcome"] == "refused"]
        assert codes == ["too-costly"] * 6


class TestDocuments:
    async def test_a_service_has_its_own(self, opened: Office) -> None:
        document = (await opened.city.client.get(f"{HUB}/services/{AIR}/openapi.json")).json()
        assert set(document["components"]["schemas"]["Row"]["properties"]) == {
            "station", "district", "aqi", "pm25", "hour", "contact",
        }  # fmt: skip
        assert list(document["paths"]) == [ROWS]

    async def test_a_service_has_a_page(self, opened: Office) -> None:
        page = await opened.city.client.get(f"/api/data-hub/services/{AIR}")
        assert page.status_code == 200
        assert "空气质量小时数据" in page.text
        assert "细颗粒物" in page.text
        style = await opened.city.client.get("/api/data-hub/services/-/service.css")
        assert (style.status_code, style.headers["content-type"].partition(";")[0]) == (200, "text/css")
        assert "color-scheme" in style.text

    @pytest.mark.parametrize(("code", "path"), sorted(READ_AT.items()))
    async def test_a_registry_is_no_such_service_and_says_where_it_is_read(
        self, city: ServiceUnderTest, code: str, path: str
    ) -> None:
        for rest in ("", "/rows", "/openapi.json"):
            answer = await city.client.get(f"{HUB}/services/{code}{rest}", headers={"Accept-Language": "en"})
            assert (answer.status_code, answer.json()["type"]) == (404, "/problems/registry-read-elsewhere")
            assert path in answer.json()["detail"]
        routes = [getattr(route, "path", "") for route in city.app.routes]
        assert any(one == path or one.startswith(f"{path}/") for one in routes)

    async def test_a_code_of_nothing_is_no_such_service(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{HUB}/services/203001-000099/rows")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-service")
