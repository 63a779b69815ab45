"""What a transaction tells of itself is written with it, in one statement, in order."""

from contextlib import suppress
from datetime import timedelta

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
