"""Grants over HTTP and at the call: what is changed obeys on the next one, and the last rows go to one caller."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from citykit.testing import ServiceUnderTest
from data_hub.datasets.domain import Column, ColumnType, Sealing, value
from data_hub.services.domain import BadQuestion, Condition, conditions
from data_hub.sharing.row_filter import WrongFilter, parse
from data_hub.sharing.service import Grants, NotGranted, QuotaUsed

from .factories import (
    AIR,
    BASE,
    HOUSING,
    POLICE,
    act,
    applicant,
    auditor,
    bureau,
    decider,
    grant_to,
    granted,
    officer,
    published,
    seen,
    with_rows,
)

WHY = {"reason": "按规定办理"}
TYPES = {
    "name": ColumnType.string, "count": ColumnType.integer, "share": ColumnType.number, "open": ColumnType.boolean,
    "day": ColumnType.date, "at": ColumnType.datetime,
}  # fmt: skip


class TestChanging:
    async def test_obeys_on_the_next_call(self, city: ServiceUnderTest) -> None:
        await published(city)
        grant = await granted(city)
        change = {"columns": ["aqi"], "row_filter": "aqi=gt.100", "daily_quota_rows": 5, "reason": "缩小范围"}
        answer = await act(city, decider(city), f"grants/{grant}/changes", change)
        assert (answer.status_code, answer.json()["version"]) == (201, 2)
        async with city.work() as work:
            policy = await Grants(work).policy(AIR, actor=officer(HOUSING))
        assert (policy.columns, policy.row_filter, policy.rows_left, policy.version) == (("aqi",), "aqi=gt.100", 5, 2)
        versions = (await seen(city, applicant(city), f"grants/{grant}"))["versions"]
        assert [(one["version"], one["policy"]["columns"]) for one in versions] == [
            (1, ["station", "district", "aqi", "hour"]),
            (2, ["aqi"]),
        ]

    async def test_takes_filter_and_quota_away_when_told(self, city: ServiceUnderTest) -> None:
        await published(city)
        grant = await granted(city, asked={"row_filter": "aqi=gt.1", "daily_quota_rows": 9})
        wider = {"every_row": True, "no_quota": True, "reason": "扩大范围"}
        read = (await act(city, decider(city), f"grants/{grant}/changes", wider)).json()
        assert (read["row_filter"], read["daily_quota_rows"]) == (None, None)

    @pytest.mark.parametrize(
        "more", [{"columns": ["nothing"]}, {"row_filter": "x=eq.1"}, {"valid_until": "2001-01-01T00:00:00Z"}, {}]
    )
    async def test_refuses_what_makes_no_sense(self, city: ServiceUnderTest, more: dict[str, Any]) -> None:
        await published(city)
        grant = await granted(city)
        answer = await act(city, decider(city), f"grants/{grant}/changes", more)
        assert answer.status_code == 422

    @pytest.mark.parametrize(
        "more", [{"every_row": True, "row_filter": "aqi=gt.1"}, {"no_quota": True, "daily_quota_rows": 3}]
    )
    async def test_refuses_what_contradicts_itself(self, city: ServiceUnderTest, more: dict[str, Any]) -> None:
        await published(city)
        grant = await granted(city, asked={"row_filter": "aqi=gt.7", "daily_quota_rows": 9})
        answer = await act(city, decider(city), f"grants/{grant}/changes", more | {"reason": "变更"})
        assert answer.status_code == 422
        read = await seen(city, decider(city), f"grants/{grant}")
        assert (read["row_filter"], read["daily_quota_rows"], read["version"]) == ("aqi=gt.7", 9, 1)


class TestStopping:
    async def test_acts_on_the_next_call_and_is_final(self, city: ServiceUnderTest) -> None:
        await published(city)
        grant = await granted(city)
        for act_, code in (("suspensions", "suspended"), ("resumptions", None), ("revocations", "revoked")):
            answer = await act(city, decider(city), f"grants/{grant}/{act_}", WHY)
            assert answer.status_code == 201
            assert await refusal(city) == code
        again = await act(city, decider(city), f"grants/{grant}/resumptions", WHY)
        assert (again.status_code, again.json()["type"]) == (409, "/problems/grant-state")
        changed = await act(city, decider(city), f"grants/{grant}/changes", {"columns": ["aqi"], "reason": "x"})
        assert changed.status_code == 409

    async def test_is_for_the_source_and_the_bureau(self, city: ServiceUnderTest) -> None:
        await published(city)
        grant = await granted(city)
        assert (await act(city, decider(city, POLICE), f"grants/{grant}/revocations", WHY)).status_code == 404
        assert (await act(city, applicant(city), f"grants/{grant}/revocations", WHY)).status_code == 403
        assert (await act(city, bureau(city), f"grants/{grant}/revocations", WHY)).status_code == 201

    async def test_lets_one_apply_anew(self, city: ServiceUnderTest) -> None:
        await published(city)
        first = await granted(city)
        await act(city, decider(city), f"grants/{first}/revocations", WHY)
        assert await granted(city) != first


class TestQuota:
    @pytest.mark.parametrize("before", [0, 60])
    async def test_gives_the_last_rows_to_one_of_two(self, city: ServiceUnderTest, before: int) -> None:
        made = await grant_to(city, HOUSING, resource=AIR, daily_quota_rows=100)
        if before:
            await call(city, before)
        ends = await asyncio.gather(*(call(city, 40 if before else 60) for _ in range(2)), return_exceptions=True)
        assert sorted(type(end).__name__ for end in ends) == ["NoneType", "QuotaUsed"]
        read = await seen(city, auditor(city), f"grants/{made}")
        assert read["rows_today"] == (100 if before else 60)

    async def test_that_was_lowered_holds_at_once(self, city: ServiceUnderTest) -> None:
        await published(city)
        grant = await granted(city, asked={"daily_quota_rows": 100})
        await call(city, 50)
        await act(city, decider(city), f"grants/{grant}/changes", {"daily_quota_rows": 40, "reason": "减少"})
        with pytest.raises(QuotaUsed):
            await call(city, 1)


class TestLists:
    async def test_show_grants_to_and_of_one(self, city: ServiceUnderTest) -> None:
        await published(city)
        grant = await granted(city)
        for who, count in (
            (applicant(city), 1), (decider(city), 1), (bureau(city), 1), (auditor(city), 1),
            (applicant(city, POLICE), 0),
        ):  # fmt: skip
            assert len((await seen(city, who, "grants", resource=AIR, state="active"))["items"]) == count
        stranger = await city.client.get(f"{BASE}/grants/{grant}", headers=applicant(city, POLICE))
        assert stranger.status_code == 404


class TestRowFilter:
    async def test_tells_the_time_in_beijing(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        await granted(city, row_filter="hour=gte.2026-11-01T16:00:00+08:00", deliveries=["query"])
        rows = f"/api/data-hub/v1/services/{AIR}/rows"
        who = city.token(["data-hub.services.query"], department=HOUSING)
        assert len((await city.client.get(rows, headers=who)).json()["items"]) == 2
        told = await city.client.get(rows, params={"hour": "gt.2026-11-01T16:00:00+08:00"}, headers=who)
        assert told.json()["items"] == []

    def test_takes_a_plus_nowhere_else(self) -> None:
        with pytest.raises(WrongFilter):
            parse("name=eq.a+b", TYPES)
        assert parse("at=in.(2026-11-01T08:00:00+08:00)", TYPES)[0].values == ("2026-11-01T08:00:00+08:00",)

    @settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        some.lists(
            some.tuples(
                some.sampled_from(sorted(TYPES)),
                some.sampled_from(["", "not."]),
                some.sampled_from(["eq", "neq", "gt", "gte", "lt", "lte", "like", "in", "is"]),
                some.one_of(
                    some.sampled_from(
                        [
                            "1",
                            "-2.5",
                            "true",
                            "null",
                            "2026-11-01",
                            "2026-11-01T08:00:00Z",
                            "2026-11-01T08:00:00+08:00",
                            "(2026-11-01T08:00:00+08:00,2026-11-02T08:00:00Z)",
                            "(1,2)",
                            "(a,b)",
                            '(5"a,8"a)',
                            "2026-W45-1",
                            "20261101",
                            "*a_",
                            "1_0",
                        ]
                    ),
                    some.text(max_size=12),
                ),
            ),
            min_size=1,
            max_size=4,
        )
    )
    def test_reads_as_the_data_services_read_it(self, parts: list[tuple[str, str, str, str]]) -> None:
        sealing = {"name": Sealing.found, "at": Sealing.found, "open": Sealing.shown}
        sealed = {name: Column(name, "项", TYPES[name], sealing=how) for name, how in sealing.items()}
        text = "&".join(f"{name}={no}{operator}.{value}" for name, no, operator, value in parts)
        try:
            ours = parse(text, TYPES, sealing)
        except WrongFilter:
            return
        try:
            theirs = conditions(text, TYPES, sealed).parts
        except BadQuestion as wrong:
            raise AssertionError(f"accepted here and refused there: {text!r}") from wrong
        told = [(one.column, one.negated, one.operator) for one in theirs if isinstance(one, Condition)]
        assert [(one.column, one.negated, one.operator) for one in ours] == told
        for one, other in zip(ours, theirs, strict=True):
            assert isinstance(other, Condition)
            if one.operator not in ("is", "like"):
                assert [value(TYPES[one.column], text) for text in one.values] == list(other.values)

    @pytest.mark.parametrize(
        "text", ['name=not.in.(5"管,8"管)', 'name=in.("a",b)', "name=in.(a\\,b)", "day=eq.2026-13-01"]
    )
    def test_refuses_what_would_be_read_otherwise_elsewhere(self, text: str) -> None:
        with pytest.raises(WrongFilter):
            parse(text, TYPES)


async def call(city: ServiceUnderTest, rows: int) -> None:
    """A call as a data service makes it."""
    async with city.work() as work:
        grant = await Grants(work).policy(AIR, actor=officer(HOUSING))
        await asyncio.sleep(0.05)
        await Grants(work).charge(grant, rows, actor=officer(HOUSING))


async def refusal(city: ServiceUnderTest) -> str | None:
    """Why a call is refused now."""
    try:
        async with city.work() as work:
            await Grants(work).policy(AIR, actor=officer(HOUSING))
    except NotGranted as refused:
        return str(refused.members["code"])
    return None
