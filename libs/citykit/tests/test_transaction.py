"""One transaction by the driver, by a session, or by both in turn."""

import contextlib

import psycopg
import pytest
from example.main import NoteRow
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from citykit.actors import Actor, ActorKind
from citykit.ids import new_id
from citykit.problems import Unavailable
from citykit.testing import ServiceUnderTest
from citykit.work import Work

INSERT = "insert into note (id, owner, text, number, written_at) values (%s, 'x', %s, 0, now())"


async def by_driver(work: Work, said: str) -> None:
    await (await work.driver()).execute(INSERT, (new_id(), said))


async def by_session(work: Work, said: str) -> None:
    work.session.add(NoteRow(id=new_id(), owner="x", text=said, number=0, written_at=work.clock.now()))
    await work.session.flush()


async def said(city: ServiceUnderTest) -> list[str]:
    async with city.work() as work:
        return list(await work.session.scalars(text("select text from note order by text")))


WAYS = [
    (by_driver,),
    (by_session,),
    (by_driver, by_session),
    (by_session, by_driver),
    (by_driver, by_session, by_driver),
]


class TestTransaction:
    @pytest.mark.parametrize("ways", WAYS)
    async def test_all_of_it_is_committed(self, city: ServiceUnderTest, ways: tuple[object, ...]) -> None:
        async with city.work() as work:
            for place, way in enumerate(ways):
                await way(work, str(place))  # type: ignore[operator]  # one of the two above
        assert await said(city) == [str(place) for place in range(len(ways))]

    @pytest.mark.parametrize("ways", WAYS)
    async def test_none_of_it_is_kept_where_something_is_raised(
        self, city: ServiceUnderTest, ways: tuple[object, ...]
    ) -> None:
        with contextlib.suppress(ArithmeticError):
            async with city.work() as work:
                for place, way in enumerate(ways):
                    await way(work, str(place))  # type: ignore[operator]
                raise ArithmeticError
        assert await said(city) == []

    async def test_a_session_sees_what_the_driver_did(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            await by_driver(work, "first")
            assert await work.session.scalar(text("select text from note")) == "first"

    async def test_all_connections_come_back(self, city: ServiceUnderTest) -> None:
        for _ in range(40):
            async with city.work() as work:
                await by_driver(work, "a")
            with contextlib.suppress(psycopg.Error):
                async with city.work() as work:
                    await (await work.driver()).execute("select 1/0")
        assert city.runtime.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # the queue pool has it

    async def test_a_server_that_came_back_is_met_with_fresh_connections(self, city: ServiceUnderTest) -> None:
        ours = []
        async with city.work() as one, city.work() as two, city.work() as three:
            for work in (one, two, three):
                await by_driver(work, "kept")
                ours.append(await work.session.scalar(text("select pg_backend_pid()")))
        async with city.runtime.engine.connect() as other:
            # These and no others: a test beside this one may be signed in as the same role. Each is waited for.
            own = await other.scalar(text("select pg_backend_pid()"))
            for pid in set(ours) - {own}:
                await other.execute(text("select pg_terminate_backend(:pid, 10000)"), {"pid": pid})
        refused = 0
        for _ in range(4):
            try:
                async with city.work() as work:
                    await by_driver(work, "after")
            except (psycopg.Error, DBAPIError):
                refused += 1
        assert refused <= 1


OWNED = "select 'sub:' || owner as reference, text from note where owner = any(%(owners)s) order by text"
READER = Actor(subject="reader", kind=ActorKind.client, name="评测 Bench")


async def kept(city: ServiceUnderTest, *owners: str) -> None:
    async with city.work() as work:
        for owner in owners:
            work.session.add(NoteRow(id=new_id(), owner=owner, text=owner, number=0, written_at=work.clock.now()))


async def seen(work: Work, *owners: str) -> list[tuple[object, ...]]:
    for owner in owners:
        work.access.read(person=f"sub:{owner}", by=READER, action="查看 Read", fields=["text"], purpose="测试 Test")
    return await work.seen(OWNED, {"owners": list(owners)}, {f"sub:{owner}" for owner in owners})


async def logged(city: ServiceUnderTest) -> list[str]:
    async with city.work() as work:
        return list(await work.session.scalars(text("select person from personal_access order by person")))


class TestSeen:
    """Rows of persons are read in the statement that says who read them."""

    async def test_a_line_for_each_who_is_there_and_none_for_others(self, city: ServiceUnderTest) -> None:
        await kept(city, "a", "b")
        async with city.work() as work:
            rows = await seen(work, "a", "b", "nobody")
        assert rows == [("sub:a", "a"), ("sub:b", "b")]
        assert await logged(city) == ["sub:a", "sub:b"]

    async def test_what_was_shown_is_logged_whatever_comes_after(self, city: ServiceUnderTest) -> None:
        await kept(city, "a")
        with contextlib.suppress(ArithmeticError):
            async with city.work() as work:
                await seen(work, "a")
                raise ArithmeticError
        assert await logged(city) == ["sub:a"]

    async def test_it_joins_a_transaction_that_has_begun(self, city: ServiceUnderTest) -> None:
        with contextlib.suppress(ArithmeticError):
            async with city.work() as work:
                work.session.add(NoteRow(id=new_id(), owner="a", text="a", number=0, written_at=work.clock.now()))
                await work.session.flush()
                assert await seen(work, "a") == [("sub:a", "a")]
                raise ArithmeticError
        assert await logged(city) == []

    async def test_what_was_noted_of_others_waits_for_the_commit(self, city: ServiceUnderTest) -> None:
        await kept(city, "a")
        async with city.work() as work:
            work.access.read(person="sub:b", by=READER, action="查看 Read", fields=["text"], purpose="测试 Test")
            await seen(work, "a")
            assert await logged(city) == ["sub:a"]
        assert await logged(city) == ["sub:a", "sub:b"]

    async def test_a_database_that_is_gone_is_unavailable(self, city: ServiceUnderTest) -> None:
        await kept(city, "a")
        with contextlib.suppress(psycopg.Error):  # nor can the end of the work commit anything
            async with city.work() as one:
                pid = (await one.driver()).info.backend_pid
                async with city.work() as other:
                    await other.session.execute(text("select pg_terminate_backend(:pid, 10000)"), {"pid": pid})
                with pytest.raises(Unavailable):
                    await seen(one, "a")
