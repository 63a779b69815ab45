"""What the message centre takes and gives."""

from typing import Any, Self
from uuid import UUID

from citykit.pages import PageQuery
from citykit.wire import Instant, Wire


class Delivery(Wire):
    """How far a message got on a channel: created < queued < sent < delivered < read, or failed."""

    channel: str
    state: str
    updated_at: Instant


class Message(Wire):
    """An inbox entry in the reader's language. `link` is the address of what it is about."""

    id: UUID
    kind: str
    title: str
    body: str
    link: str | None
    created_at: Instant
    read_at: Instant | None

    @classmethod
    def of(cls, row: Any, *, english: bool) -> Self:
        """The message of a row."""
        return cls(
            id=row.id,
            kind=row.kind,
            title=row.title_en if english else row.title_zh,
            body=row.body_en if english else row.body_zh,
            link=row.link,
            created_at=row.created_at,
            read_at=row.read_at,
        )


class MessageDetail(Message):
    """An inbox entry and how far it got on each channel."""

    deliveries: list[Delivery]


class MessageFilter(PageQuery):
    """All messages, or those not read yet."""

    unread: bool = False


class UnreadCount(Wire):
    """How many messages wait to be read."""

    unread: int


class Preferences(Wire):
    """What a person wants outside the inbox. Legal notices may reach her all the same."""

    email: bool
    sms: bool
