"""Events: what happened, kept in the change's own transaction and delivered afterwards, at least once, in order.

The wire format is CloudEvents 1.0 in JSON (structured mode). A sender lists its subscribers by name; a receiver keeps
an inbox, so that a second delivery changes nothing.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from citykit.clock import Clock
from citykit.ids import new_id
from citykit.jobs import Job, Jobs
from citykit.ledger import Row
from citykit.problems import FieldError, Invalid
from citykit.telemetry import current_traceparent
from citykit.wire import Instant

if TYPE_CHECKING:
    from citykit.work import Work

CLOUDEVENTS = "application/cloudevents+json"
DELIVER = "citykit.deliver"


class Event(BaseModel):
    """Something that happened here, as others may know it: `class Moved(Event, type="cn.hengshui.….v1")`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    event_type: ClassVar[str] = ""

    def __init_subclass__(cls, type: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.event_type = type or cls.event_type


class EventView(Event):
    """A receiver's own view of another service's event: only the fields it uses, the rest is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Envelope(BaseModel):
    """A CloudEvents 1.0 envelope; extensions that we do not know are ignored, as the standard asks."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = Field(default="1.0", pattern=r"^1\.0$")
    id: UUID
    source: str = Field(min_length=2, max_length=200)
    type: str = Field(min_length=3, max_length=200)
    subject: str | None = Field(default=None, max_length=200)
    time: Instant
    datacontenttype: str = "application/json"
    traceparent: str | None = Field(default=None, max_length=100)
    data: dict[str, Any]


AnyEvent = TypeVar("AnyEvent", bound=Event)
Handler = Callable[[Any, "Work"], Awaitable[None]]


@dataclass(frozen=True)
class Subscription:
    """An event type that this service listens to, in its own view, and what it does then."""

    view: type[EventView]
    handle: Handler

    @property
    def type(self) -> str:
        """The CloudEvents type."""
        return self.view.event_type


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event that waits for the commit."""

    id: UUID
    type: str
    subject: str
    data: str
    traceparent: str | None


class EventLog:
    """Collects a transaction's events and writes them, with one delivery job per subscriber, just before the commit."""

    def __init__(self, subscribers: Mapping[str, tuple[str, ...]], clock: Clock, jobs: Jobs) -> None:
        self._subscribers = subscribers
        self._clock = clock
        self._jobs = jobs
        self._waiting: list[Recorded] = []

    def record(self, event: Event, *, subject: str) -> UUID:
        """Keep `event` for the commit. Deliveries of one `subject` (the aggregate's id) keep their order.

        Returns the event's id. Raises KeyError where the service does not publish this type.
        """
        names = self._subscribers[event.event_type]
        recorded = Recorded(new_id(), event.event_type, subject, event.model_dump_json(), current_traceparent())
        self._waiting.append(recorded)
        for name in names:
            self._jobs.add(
                Job(DELIVER, {"event_id": str(recorded.id), "subscriber": name}, lock=f"deliver/{name}/{subject}")
            )
        return recorded.id

    def take(self) -> list[Row]:
        """Hand over what was recorded, as rows of the log."""
        waiting, self._waiting = self._waiting, []
        now = self._clock.now() if waiting else None
        return [
            {"id": e.id, "type": e.type, "subject": e.subject, "at": now, "data": e.data, "traceparent": e.traceparent}
            for e in waiting
        ]


async def envelope_of(session: AsyncSession, event_id: UUID, source: str) -> dict[str, Any] | None:
    """The CloudEvent of a logged event, ready to send; None where the log no longer holds it."""
    row = (
        await session.execute(
            text("select id, type, subject, at, data, traceparent from event_log where id = :id"), {"id": event_id}
        )
    ).one_or_none()
    if row is None:
        return None
    at: datetime = row.at
    envelope: dict[str, Any] = {
        "specversion": "1.0", "id": str(row.id), "source": source, "type": row.type, "subject": row.subject,
        "time": at.isoformat(), "datacontenttype": "application/json", "data": row.data,
    }  # fmt: skip
    if row.traceparent:
        envelope["traceparent"] = row.traceparent
    return envelope


async def first_time(session: AsyncSession, envelope: Envelope, now: datetime) -> bool:
    """Put an event into the inbox; False where it lies there already.

    A second delivery that runs at the same moment waits for the first one's commit, so both can never act.
    """
    row = await session.execute(
        text(
            "insert into inbox (source, event_id, type, subject, received_at)"
            " values (:source, :id, :type, :subject, :now) on conflict do nothing returning event_id"
        ),
        {"source": envelope.source, "id": envelope.id, "type": envelope.type, "subject": envelope.subject, "now": now},
    )
    return row.scalar_one_or_none() is not None


def parse_event(view: type[AnyEvent], data: dict[str, Any]) -> AnyEvent:
    """An event's data in a receiver's view. Raises Invalid (422) where it does not fit."""
    try:
        return view.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise Invalid(
            errors=[
                FieldError(pointer="/data/" + "/".join(map(str, e["loc"])), code=e["type"], message=e["msg"])
                for e in error.errors()
            ]
        ) from error


def encode(envelope: dict[str, Any]) -> bytes:
    """The bytes that go over the wire."""
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
