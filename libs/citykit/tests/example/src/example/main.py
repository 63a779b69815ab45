"""Wiring of the example service."""

import json
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Depends, Query, Response
from sqlalchemy import desc, select
from sqlalchemy.orm import DeclarativeBase, Mapped

from citykit import events
from citykit.access import Actor, anyone, from_service, requires, signed_in
from citykit.database import Instant as InstantColumn
from citykit.database import Uuid7Key, new_metadata
from citykit.idempotency import OnceInRequest
from citykit.ids import new_id
from citykit.jobs import Task
from citykit.pages import Page, PageQuery, keyset_page
from citykit.problems import Conflict, NotFound, problems
from citykit.routing import CityRouter
from citykit.runtime import ReaderInRequest
from citykit.service import Service, Subscription
from citykit.settings import ServiceSettings
from citykit.wire import Instant, Int32, ShortText, Wire
from citykit.wire import Query as WireQuery
from citykit.work import Work, WorkInRequest


class Base(DeclarativeBase):
    metadata = new_metadata()


class NoteRow(Base):
    __tablename__ = "note"
    id: Mapped[Uuid7Key]
    owner: Mapped[str]
    text: Mapped[str]
    number: Mapped[int]
    written_at: Mapped[InstantColumn]


class NoteWritten(events.Event, type="cn.hengshui.example.note.written.v1"):
    note_id: UUID
    text: str


class BellRung(events.EventView, type="cn.hengshui.gov-collab.bell.rung.v1"):
    times: int


class NoteDraft(Wire):
    text: ShortText
    number: Int32 = 0


class Note(Wire):
    id: UUID
    owner: str
    text: str
    number: int
    written_at: Instant

    @classmethod
    def of(cls, row: NoteRow) -> Self:
        return cls(id=row.id, owner=row.owner, text=row.text, number=row.number, written_at=row.written_at)


class NoteLocked(Conflict):
    slug = "note-locked"
    title = ("便签已锁定", "The note is locked")


class NoteFilter(PageQuery):
    number: int | None = None


Writer = Annotated[Actor, Depends(signed_in())]
router = CityRouter(prefix="/api/example/v1/notes", tags=["notes"])


async def write(work: Work, body: NoteDraft, owner: str) -> Note:
    row = NoteRow(id=new_id(), owner=owner, text=body.text, number=body.number, written_at=work.clock.now())
    work.session.add(row)
    work.events.record(NoteWritten(note_id=row.id, text=row.text), subject=str(row.id))
    work.audit.note(stream=f"note/{row.id}", act="write", by=f"sub:{owner}", data={"number": body.number})
    return Note.of(row)


@router.post("", status_code=201)
async def write_note(actor: Writer, body: NoteDraft, work: WorkInRequest, once: OnceInRequest) -> Note:
    """Write a note."""
    return await once(lambda: write(work, body, actor.subject), Note)


@router.get("")
async def list_notes(actor: Writer, work: WorkInRequest, query: Annotated[NoteFilter, Query()]) -> Page[Note]:
    """The notes, newest first."""
    statement = select(NoteRow)
    if query.number is not None:
        statement = statement.where(NoteRow.number == query.number)
    return await keyset_page(
        work.session, statement, keys=(desc(NoteRow.written_at), desc(NoteRow.id)), query=query, make=Note.of
    )


@router.get("/count", dependencies=[Depends(anyone)])
async def count_notes(reader: ReaderInRequest) -> dict[str, int]:
    """How many notes there are."""
    row = await (await reader.execute("select count(*) from note")).fetchone()
    assert row is not None
    return {"count": row[0]}


class ExcerptQuery(WireQuery):
    length: Annotated[int, Query(ge=1, le=10)] = 3


@router.get("/{note_id}/excerpts", response_model=str, responses=problems(NotFound))
async def read_excerpt(
    actor: Writer, note_id: UUID, query: Annotated[ExcerptQuery, Query()], reads: ReaderInRequest
) -> Response:
    """The beginning of a note, on the straight way."""
    found = await (
        await reads.execute("select left(text, %s) from note where id = %s", (query.length, note_id))
    ).fetchone()
    if found is None:
        raise NotFound()
    return Response(json.dumps(found[0]), media_type="application/json")


@router.get("/{note_id}", responses=problems(NotFound))
async def read_note(
    actor: Annotated[Actor, Depends(requires("example.notes.read"))], note_id: UUID, work: WorkInRequest
) -> Note:
    """Read somebody's note: the reading is logged."""
    row = await work.session.get(NoteRow, note_id)
    if row is None:
        raise NotFound()
    work.access.read(person=f"sub:{row.owner}", by=actor, action="查看便签 Read", fields=["text"], purpose="测试 test")
    return Note.of(row)


@router.post("/{note_id}/locks", status_code=204, responses=problems(NoteLocked))
async def lock_note(actor: Writer, note_id: UUID, work: WorkInRequest) -> None:
    """Write first and refuse afterwards: nothing may stay."""
    await write(work, NoteDraft(text="half done"), actor.subject)
    await work.session.flush()
    raise NoteLocked(("已锁", "locked"))


@router.post("/breakages", dependencies=[Depends(anyone)])
async def break_down(work: WorkInRequest) -> None:
    """A fault of ours."""
    raise RuntimeError("a secret detail")


@router.get("/callers/services", dependencies=[Depends(from_service("gov-collab"))])
async def for_a_service() -> None:
    """For one service alone."""


async def on_bell(event: BellRung, work: Work) -> None:
    if event.times > 100:
        raise NoteLocked()
    for number in range(event.times):
        await write(work, NoteDraft(text="bell", number=number), "00000000-0000-7000-8000-000000000000")


async def later(work: Work, text: str) -> None:
    await write(work, NoteDraft(text=text), "00000000-0000-7000-8000-000000000000")


async def load_sample(work: Work, scale: float) -> None:
    await write(work, NoteDraft(text="sample"), "00000000-0000-7000-8000-000000000000")


service = Service(
    name="example",
    package="example",
    title="示例 Example",
    settings=ServiceSettings,
    routers=(router,),
    metadata=Base.metadata,
    publishes={NoteWritten: ("city-ops", "gov-collab")},
    subscriptions=(Subscription(BellRung, on_bell),),
    tasks=(Task("example.notes.later", later),),
    sample=load_sample,
)


def create_app() -> Any:
    return service.app()
