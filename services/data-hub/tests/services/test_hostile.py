"""Questions that mean harm, as they come over the wire: an answer or a problem with words, and never a fault."""

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citykit.testing import ServiceUnderTest

from .factories import ROWS, Office


@pytest.fixture
async def opened(city: ServiceUnderTest) -> Office:
    office = Office(city)
    await office.publish(opening="opened", share_type="unconditional", share_condition=None)
    return office


REFUSED = [
    "station=eq.%00", "aqi=eq.1e400", "aqi=eq.NaN", "pm25=eq.Infinity", "pm25=eq.1e400", "aqi=eq.%EF%BC%91",
    "aqi=eq.9223372036854775808", "hour=eq.0000-01-01T00:00:00Z", "hour=eq.99999-01-01T00:00:00Z",
    "hour=eq.2026-02-30T00:00:00Z", "hour=is.true", "limit=0", "limit=-1", "limit=1e3", "limit=", "limit=%00",
    "limit=99999999999999999999", "after=", "after=%00", "after=bm9uc2Vuc2U", "count=exactly", "select=",
    "select=aqi,", "select=*,*", "select=count();drop", "select=max(aqi):x", "order=aqi.desc.desc", "order=,",
    "order=%00", "and=", "and=()", "and=(aqi)", "and=(aqi.eq.1", "and=(((((((aqi.eq.1)))))))", "or=(or(or(or(or(or(",
    "not.not.and=(aqi.eq.1)", "not.aqi=eq.1", "aqi=in.", "aqi=in.(1,)", 'station=in.("a',
    "station=like.%25%25%25%25%25%25%25", "aqi=eq.", "aqi=", "=eq.1", "%00=eq.1", "aqi%00=eq.1", "aqi=eq.1&aqi=eq",
    "grant=not-a-uuid", "_id=gt.0", "purpose=eq.x", "offset=10", "Limit=1",
    "limit=1&limit=2", "aqi=not.not.eq.1", "aqi=eq.1;select pg_sleep(9)", "pm25=eq." + "9" * 500,
]  # fmt: skip


class TestQuestions:
    @pytest.mark.parametrize("query", REFUSED)
    async def test_that_cannot_be_asked_are_refused_with_words(self, opened: Office, query: str) -> None:
        answer = await opened.city.client.get(f"{ROWS}?{query}")
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"]

    @pytest.mark.parametrize(
        "query",
        ["hour=gt.0001-01-01T00:00:00%2B14:00", "hour=lt.9999-12-31T23:59:59-14:00",
         "pm25=gt.1e99", "pm25=lt.-1e-99", "aqi=eq.-9223372036854775808", "station=in.(%22%22)"],
    )  # fmt: skip
    async def test_at_the_edge_of_what_can_be_said_are_answered(self, opened: Office, query: str) -> None:
        answer = await opened.city.client.get(f"{ROWS}?{query}")
        assert answer.status_code in {200, 422}, answer.text

    @pytest.mark.parametrize("told", ["%CD%F5%CE%E5", "%ED%A0%BD", "%FF%FE", "%C0%80"])  # GBK, half a pair, no text
    async def test_that_are_not_in_utf_8_are_refused_and_not_taken_for_others(self, opened: Office, told: str) -> None:
        for query in (f"station=eq.{told}", f"{told}=eq.1", f"station=eq.x&order={told}"):
            answer = await opened.city.client.get(f"{ROWS}?{query}")
            assert (answer.status_code, answer.json()["type"]) == (400, "/problems/not-utf-8"), query

    async def test_of_endless_length_are_refused(self, opened: Office) -> None:
        for query in ("station=eq." + "x" * 60_000, "&".join(["aqi=eq.1"] * 3_000), "and=" + "(" * 30_000):
            answer = await opened.city.client.get(f"{ROWS}?{query}")
            assert answer.status_code in {414, 422, 431}, answer.status_code

    @settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.binary(max_size=60))
    async def test_of_any_bytes_never_fail(self, opened: Office, content: bytes) -> None:
        told = "".join(f"%{one:02x}" for one in content)
        for query in (f"station=eq.{told}", f"{told}=eq.1", f"after={told}", f"order={told}", f"and=({told})"):
            answer = await opened.city.client.get(f"{ROWS}?{query}")
            meant = {200, 422} if is_text(content) else {400}
            assert answer.status_code in meant, (query, answer.text)


def is_text(content: bytes) -> bool:
    """Whether bytes are text in UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


class TestPages:
    async def test_of_a_cursor_that_somebody_changed_are_refused(self, opened: Office) -> None:
        answer = await opened.city.client.get(f"{ROWS}?order=aqi&limit=1")
        after = answer.json()["next"]
        for changed in (after[:-4], after + "AAAA", after[::-1], after.upper(), "e30", "W10", "bnVsbA"):
            refused = await opened.city.client.get(ROWS, params={"order": "aqi", "limit": "1", "after": changed})
            assert refused.status_code in {200, 422}, (changed, refused.text)

    async def test_of_a_cursor_of_another_order_are_refused(self, opened: Office) -> None:
        answer = await opened.city.client.get(f"{ROWS}?order=aqi&limit=1")
        after = answer.json()["next"]
        for order in ("station", "hour.desc", "aqi,station"):
            refused = await opened.city.client.get(ROWS, params={"order": order, "limit": "1", "after": after})
            assert refused.status_code == 422, (order, refused.text)

    @pytest.mark.parametrize(
        "told", [{}, [], None, 7, [None], [[1]], ["aqi", {"x": 1}, 5], ["x" * 5_000], [2**70, 1], [True, 1]]
    )  # fmt: skip
    async def test_of_a_cursor_of_ones_own_making_are_refused(self, opened: Office, told: object) -> None:
        made = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
        for order in ("aqi", "station.desc", "hour"):
            answer = await opened.city.client.get(ROWS, params={"order": order, "limit": "1", "after": made})
            assert answer.status_code == 422, (order, answer.text)
