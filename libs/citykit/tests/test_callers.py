"""Where a request comes from, and how often one address may ask."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from citykit.callers import Allowance, address_bucket, client_address

ONE, OTHER = "203.0.113.7", "203.0.113.8"


def request(*forwarded: str, peer: str | None = "127.0.0.1") -> Request:
    """A request that came from `peer` with these lines of X-Forwarded-For."""
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    return Request({"type": "http", "headers": headers, "client": None if peer is None else (peer, 50_000)})


class Time:
    """A time that passes when told."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


class TestAddress:
    @pytest.mark.parametrize(
        ("forwarded", "proxies", "address"),
        [
            ((ONE,), 1, ONE), (("198.51.100.1, " + ONE,), 1, ONE), (("198.51.100.1", ONE), 1, ONE),
            (("198.51.100.1, " + ONE + ", 10.0.0.1",), 2, ONE), (("198.51.100.1",), 0, "127.0.0.1"),
            ((), 1, "127.0.0.1"), ((" , ",), 1, "127.0.0.1"), ((ONE,), 2, "127.0.0.1"),
        ],
    )  # fmt: skip
    def test_is_the_one_that_our_own_proxies_saw(self, forwarded: tuple[str, ...], proxies: int, address: str) -> None:
        assert client_address(request(*forwarded), proxies) == address

    def test_of_a_socket_without_one_is_unknown(self) -> None:
        assert client_address(request(peer=None), 1) == "unknown"

    @pytest.mark.parametrize(
        ("address", "bucket"),
        [
            (ONE, ONE), (f"::ffff:{ONE}", ONE), ("garbage", "unknown"), ("", "unknown"),
            ("2001:db8:1:2:aaaa::1", "20010db800010002::/64"), ("2001:db8:1:2:bbbb::2", "20010db800010002::/64"),
        ],
    )  # fmt: skip
    def test_of_one_household_counts_as_one(self, address: str, bucket: str) -> None:
        assert address_bucket(address) == bucket


class TestAllowance:
    def test_is_used_up_and_comes_back_evenly(self) -> None:
        now = Time()
        allowance = Allowance(5, 10, now=now)
        assert [allowance.spend(ONE) for _ in range(7)] == [0, 0, 0, 0, 0, 2, 2]
        now.at += 1.5
        assert allowance.spend(ONE) == 1
        now.at += 0.5
        assert [allowance.spend(ONE), allowance.spend(ONE)] == [0, 2]
        now.at += 10
        assert [allowance.spend(ONE) for _ in range(6)] == [0, 0, 0, 0, 0, 2]

    def test_is_not_shared_by_two_addresses(self) -> None:
        allowance = Allowance(1, 10, now=Time())
        assert [allowance.spend(one) for one in (ONE, ONE, OTHER, OTHER)] == [0, 10, 0, 10]

    def test_of_a_name_is_its_own_though_it_is_no_address(self) -> None:
        allowance = Allowance(1, 10, now=Time())
        assert [allowance.take(one) for one in ("sub:a", "sub:a", "sub:b")] == [0, 10, 0]

    def test_of_a_heavy_request_is_all_of_it_at_most(self) -> None:
        allowance = Allowance(3, 3, now=Time())
        assert [allowance.spend(ONE, 5), allowance.spend(ONE)] == [0, 1]

    def test_remembers_those_who_asked_last(self) -> None:
        allowance = Allowance(1, 10, now=Time(), remembered=2)
        asked = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.3", "10.0.0.2", "10.0.0.1")
        assert [allowance.spend(one) for one in asked] == [0, 0, 0, 10, 10, 0]

    @settings(max_examples=50)
    @given(st.integers(1, 1000), st.floats(0.01, 3600), st.lists(st.floats(0, 100), max_size=20))
    def test_gives_all_at_once_and_never_more_than_twice_that_in_a_window(
        self, most: int, seconds: float, pauses: list[float]
    ) -> None:
        now = Time()
        allowance = Allowance(most, seconds, now=now)
        assert all(allowance.spend(ONE) == 0 for _ in range(most))
        began, more = now.at, 0
        for pause in pauses:
            now.at += pause
            if now.at > began + seconds:
                break
            while allowance.spend(ONE) == 0:
                more += 1
        assert more <= most

    @settings(max_examples=50)
    @given(st.integers(1, 1000), st.floats(0.01, 3600), st.integers(1, 10))
    def test_keeps_its_word_when_one_may_ask_again(self, most: int, seconds: float, weight: int) -> None:
        now = Time()
        allowance = Allowance(most, seconds, now=now)
        while (wait := allowance.spend(ONE, weight)) == 0:
            pass
        now.at += wait
        assert allowance.spend(ONE, weight) == 0
