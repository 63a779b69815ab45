"""What a transaction tells of itself is written with it, in one statement, in order."""

from contextlib import suppress
from datetime import timedelta

import psycopg
from example.main import NoteWritten
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from citykit.actors import Actor, ActorKind
from citykit.audit import verdict
from citykit.ids import new_id
from citykit.ledger import waves
from citykit.testing import ServiceUnderTest

OFFICIAL = Actor(subject=str(new_id()), kind=ActorKind.person, name='周"明\\', department="11131100MB0H00014Y")


class TestWaves:
    @given(st.lists(st.sampled_from(["a", "b", "c"])))
    def test_a_stream_stands_once_in_a_wave_and_keeps_its_order(self, streams: list[str]) -> None:
        notes = [{"stream": stream, "entry": str(place)} for place, stream in enumerate(streams)]
        made = waves(notes)
        for wave in made:
            assert len({note["stream"] for note in wave}) == len(wave)
        for stream in set(streams):
            kept = [note["entry"] for wave in made for note in wave if note["stream"] == stream]
            assert kept == [note["entry"] for note in notes if note["stream"] == stream]


class TestWrite:
    async def test_many_entries_of_several_streams_make_whole_chains(self, city: ServiceUnderTest) -> None:
        for _ in range(2):
            async with city.work() as work:
                for number in range(7):
                    work.audit.note(stream=f"s/{number % 3}", act="count", by="sub:x", data={"字": f"n°{number}\n"})
        async with city.runtime.sessions() as session:
            verdicts = [await verdict(session, f"s/{number}") for number in range(3)]
        assert [(found.entries, found.intact) for found in verdicts] == [(6, True), (4, True), (4, True)]

    async def test_an_event_keeps_its_text_to_the_letter(self, city: ServiceUnderTest) -> None:
        said = 'a "quoted" \\ back\u2028slash 😀 {1} %s'
        async with city.work() as work:
            work.events.record(NoteWritten(note_id=new_id(), text=said), subject="n/1")
        (event,) = await city.events()
        assert (event.subject, event.data["text"]) == ("n/1", said)

    async def test_a_reading_keeps_fields_and_absent_values(self, city: ServiceUnderTest) -> None:
        person = f"sub:{new_id()}"
        async with city.work() as work:
            work.access.read(
                person=person, by=OFFICIAL, action="查看", fields=("b", "a"), purpose="p", legal_basis=None
            )
        async with city.runtime.sessions() as session:
            row = (await session.execute(text("select * from personal_access where person = :p"), {"p": person})).one()
        assert (row.actor_name, row.fields, row.legal_basis, row.on_behalf_of) == (
            OFFICIAL.name,
            ["a", "b"],
            None,
            None,
        )
        assert abs(row.at - city.clock.now()) < timedelta(minutes=1)

    async def test_jobs_keep_order_lock_time_and_arguments(self, city: ServiceUnderTest) -> None:
        due = city.clock.now() + timedelta(hours=1)
        async with city.work() as work:
            work.jobs.defer("example.notes.later", text="first", lock="l")
            work.jobs.defer("example.notes.later", text="二", at=due)
        async with city.runtime.sessions() as session:
            rows = await session.execute(
                text("select lock, scheduled_at, args, queue_name from procrastinate_jobs order by id")
            )
        kept = [(row.lock, row.scheduled_at, row.args, row.queue_name) for row in rows]
        assert kept == [("l", None, {"text": "first"}, "example"), (None, due, {"text": "二"}, "example")]

    async def test_nothing_stays_of_what_is_rolled_back(self, city: ServiceUnderTest) -> None:
        with suppress(RuntimeError):
            async with city.work() as work:
                work.events.record(NoteWritten(note_id=new_id(), text="x"), subject="n")
                await work.flush()
                raise RuntimeError
        assert await city.events() == []

    async def test_a_table_that_stays_locked_is_told_as_unavailable(self, city: ServiceUnderTest) -> None:
        async with city.runtime.engine.connect() as connection:
            await connection.execute(text("lock table event_log in access exclusive mode"))
            answer = await city.client.post("/api/example/v1/notes", json={"text": "x"}, headers=city.token())
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")


NOTE = "fresh as (insert into note (id, owner, text, number, written_at) values (%(id)s, 'x', %(text)s, 0, now()))"


class TestStage:
    async def notes(self, city: ServiceUnderTest) -> list[str]:
        async with city.runtime.sessions() as session:
            return list(await session.scalars(text("select text from note order by id")))

    async def test_it_is_written_with_events_entries_and_jobs(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            work.stage(NOTE, {"id": new_id(), "text": "alone"})
            work.events.record(NoteWritten(note_id=new_id(), text="alone"), subject="n")
            work.audit.note(stream="n", act="write", by="sub:x")
        assert await self.notes(city) == ["alone"]
        assert [event.data["text"] for event in await city.events()] == ["alone"]
        async with city.runtime.sessions() as session:
            assert (await verdict(session, "n")).entries == 1
            assert await session.scalar(text("select count(*) from procrastinate_jobs")) == 2

    async def test_it_joins_a_transaction_that_has_begun(self, city: ServiceUnderTest) -> None:
        with suppress(RuntimeError):
            async with city.work() as work:
                await work.session.execute(text("select 1"))
                work.stage(NOTE, {"id": new_id(), "text": "gone"})
                await work.flush()
                assert await work.session.scalar(text("select text from note")) == "gone"
                raise RuntimeError
        assert await self.notes(city) == []

    async def test_entries_of_one_stream_follow_each_other_in_one_transaction(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            work.stage(NOTE, {"id": new_id(), "text": "two entries"})
            for act in ("first", "second"):
                work.audit.note(stream="n", act=act, by="sub:x")
        async with city.runtime.sessions() as session:
            found = await verdict(session, "n")
        assert (found.entries, found.intact, await self.notes(city)) == (2, True, ["two entries"])

    async def test_nothing_of_it_stays_where_one_part_fails(self, city: ServiceUnderTest) -> None:
        with suppress(psycopg.errors.NotNullViolation):
            async with city.work() as work:
                work.stage(NOTE, {"id": new_id(), "text": None})
                work.events.record(NoteWritten(note_id=new_id(), text="x"), subject="n")
        assert (await self.notes(city), await city.events()) == ([], [])

    async def test_the_connection_comes_back_as_it_was(self, city: ServiceUnderTest) -> None:
        for number in range(20):
            async with city.work() as work:
                work.stage(NOTE, {"id": new_id(), "text": str(number)})
            with suppress(RuntimeError):
                async with city.work() as work:
                    await (await work.driver()).execute("delete from note")
                    raise RuntimeError
        assert len(await self.notes(city)) == 20
