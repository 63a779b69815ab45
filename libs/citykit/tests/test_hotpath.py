"""The straight way answers as the framework would, and leaves to it what does not fit."""

import time
from typing import Annotated, Any
from uuid import RFC_4122, UUID

import pytest
from fastapi import Depends, Form, Query, Response
from fastapi.routing import APIRoute
from psycopg import OperationalError

from citykit.access import anyone
from citykit.ids import new_id
from citykit.routing import CityRouter
from citykit.testing import ServiceUnderTest
from citykit.wire import Query as WireQuery
from citykit.wire import Wire

NOTES = "/api/example/v1/notes"


async def written(city: ServiceUnderTest) -> str:
    answer = await city.client.post(NOTES, json={"text": "晚风很好"}, headers=city.token())
    assert answer.status_code == 201
    return f"{NOTES}/{answer.json()['id']}/excerpts"


class TestReadExcerpt:
    async def test_path_and_query_arrive_as_their_types(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(await written(city), params={"length": "2"}, headers=city.token())
        assert (answer.status_code, answer.json()) == (200, "晚风")

    async def test_a_parameter_that_is_not_given_has_its_default(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(await written(city), headers=city.token())
        assert answer.json() == "晚风很"

    async def test_nobody_gets_in_without_a_token(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(await written(city))
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated")

    async def test_the_token_is_asked_before_the_path(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(f"{NOTES}/no-uuid/excerpts")).status_code == 401

    async def test_a_path_that_does_not_fit_is_told_as_ever(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{NOTES}/no-uuid/excerpts", headers=city.token())
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/path/note_id")

    @pytest.mark.parametrize(
        ("query", "status", "pointer"),
        [("length=0", 422, "?length"), ("length=x", 422, "?length"), ("colour=red", 400, "?colour"),
         ("length=1&length=2", 400, "?length"), ("length=%00", 422, "?length")],
    )  # fmt: skip
    async def test_a_query_that_does_not_fit_is_told_as_ever(
        self, city: ServiceUnderTest, query: str, status: int, pointer: str
    ) -> None:
        answer = await city.client.get(f"{await written(city)}?{query}", headers=city.token())
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)

    async def test_what_is_not_there_is_a_problem(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{NOTES}/{new_id()}/excerpts", headers=city.token())
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")

    async def test_another_method_is_refused(self, city: ServiceUnderTest) -> None:
        answer = await city.client.delete(await written(city), headers=city.token())
        assert (answer.status_code, answer.json()["type"]) == (405, "/problems/method-not-allowed")

    async def test_a_database_that_fails_is_unavailable(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = await written(city)

        def broken(*_: Any, **__: Any) -> Any:
            raise OperationalError("cut")

        monkeypatch.setattr(city.runtime.reads.pool, "connection", broken)
        answer = await city.client.get(path, headers=city.token())
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")


class _Filter(WireQuery):
    number: int | None = None


class _Tags(WireQuery):
    tag: Annotated[list[str], Query()]


class Thing(Wire):
    name: str


def _sync() -> int:
    return 1


async def _generator() -> Any:
    yield 1


async def _nested(value: Annotated[None, Depends(anyone)]) -> None: ...


class TestWhichRoutesGoStraight:
    @staticmethod
    def straight(endpoint: Any, **options: Any) -> bool:
        router = CityRouter(prefix="/things")
        router.post("/{thing_id}", **options)(endpoint)
        (route,) = router.routes
        assert isinstance(route, APIRoute)
        return route._straight is not None  # type: ignore[attr-defined]

    def test_one_of_dependencies_path_and_one_query(self) -> None:
        async def endpoint(
            _: Annotated[None, Depends(anyone)], thing_id: UUID, query: Annotated[_Filter, Query()]
        ) -> Response:
            raise NotImplementedError

        assert self.straight(endpoint)

    def test_none_that_leaves_its_answer_to_the_framework(self) -> None:
        async def endpoint(thing_id: UUID) -> dict[str, str]:
            raise NotImplementedError

        assert not self.straight(endpoint)

    @pytest.mark.parametrize("dependency", [_sync, _generator])
    def test_none_with_a_thread_or_with_what_outlives_the_answer(self, dependency: Any) -> None:
        async def endpoint(thing_id: UUID, value: Annotated[Any, Depends(dependency)]) -> Response:
            raise NotImplementedError

        assert not self.straight(endpoint)

    def test_one_with_dependencies_within_dependencies_and_an_answer_of_its_type(self) -> None:
        async def endpoint(thing_id: UUID, body: Thing, value: Annotated[Any, Depends(_nested)]) -> Thing:
            raise NotImplementedError

        assert self.straight(endpoint, status_code=201)

    def test_none_whose_answer_is_to_be_shaped(self) -> None:
        async def endpoint(thing_id: UUID) -> Thing:
            raise NotImplementedError

        assert not self.straight(endpoint, response_model_exclude_none=True)

    def test_none_whose_parameters_may_repeat(self) -> None:
        async def endpoint(thing_id: UUID, query: Annotated[_Tags, Query()]) -> Response:
            raise NotImplementedError

        assert not self.straight(endpoint)

    def test_none_with_a_form(self) -> None:
        async def endpoint(thing_id: UUID, name: Annotated[str, Form()]) -> Response:
            raise NotImplementedError

        assert not self.straight(endpoint)


class TestIds:
    def test_they_rise_and_are_of_version_7(self) -> None:
        made = [new_id() for _ in range(2000)]
        assert made == sorted(set(made))
        assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
        assert abs((made[0].int >> 80) / 1000 - time.time()) < 60
