"""Which ports a city takes, and what is said where they cannot be had."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.ports import Ports, first_port, refuse_taken
from launcher.refusals import Refusal


class TestThePlan:
    def test_the_first_city_stands_where_the_readme_says(self) -> None:
        ports = Ports.of(first_port(None))
        assert (ports.web, ports.mesh, ports.ops) == (8000, 8081, 8082)

    @given(st.integers(1, 65_440))
    def test_no_port_is_taken_twice(self, first: int) -> None:
        numbers = list(Ports.of(first).named().values())
        assert len(set(numbers)) == len(numbers) == 8
        assert all(1 <= number <= 65_535 for number in numbers)

    def test_two_cities_a_hundred_apart_share_none(self) -> None:
        assert not set(Ports.of(8000).named().values()) & set(Ports.of(8100).named().values())

    @pytest.mark.parametrize("first", [0, -1, 65_441, 99_999])
    def test_what_does_not_fit_is_refused(self, first: int) -> None:
        with pytest.raises(Refusal, match="CITY_PORT must be between 1 and 65440"):
            Ports.of(first)

    @pytest.mark.parametrize("text", ["eight", "80.5", "-1", "８０００", " 8000"])
    def test_what_is_no_number_is_refused(self, text: str) -> None:
        with pytest.raises(Refusal, match="not a port number"):
            first_port(text)


class TestATakenPort:
    def test_is_named(self) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            taken = other.getsockname()[1]
            with pytest.raises(Refusal, match=rf"Port {taken} \(web\) is taken"):
                refuse_taken(Ports(taken, 1, 1, {}))
