"""A person's message centre over HTTP."""

from typing import Annotated

from fastapi import Query
from sqlalchemy import desc
from starlette.requests import Request

from citizen_pass.messages import repository
from citizen_pass.messages.access import MessageInPath, MessagesInRequest, Owner, Reader
from citizen_pass.messages.errors import NoSuchMessage
from citizen_pass.messages.models import MessageRow
from citizen_pass.messages.schemas import Message, MessageDetail, MessageFilter, Preferences, UnreadCount
from citykit.pages import Page, keyset_page
from citykit.problems import BadCursor, problems, reads_english
from citykit.routing import CityRouter
from citykit.work import WorkInRequest

router = CityRouter(prefix="/api/citizen-pass/v1/messages", tags=["messages"])


def _english(request: Request) -> bool:
    return reads_english(request.headers.get("accept-language"))


@router.get("", responses=problems(BadCursor))
async def list_messages(
    request: Request, actor: Reader, owner: Owner, query: Annotated[MessageFilter, Query()], work: WorkInRequest
) -> Page[Message]:
    """The caller's messages 消息列表, newest first, in the language of the request."""
    english = _english(request)
    return await keyset_page(
        work.session,
        repository.inbox(owner, unread=query.unread),
        keys=(desc(MessageRow.id),),
        query=query,
        make=lambda row: Message.of(row, english=english),
    )


@router.get("/unread-count")
async def count_unread(actor: Reader, owner: Owner, work: WorkInRequest) -> UnreadCount:
    """How many messages wait to be read 未读数."""
    return UnreadCount(unread=await repository.unread_count(work.session, owner))


@router.get("/preferences")
async def read_preferences(actor: Reader, owner: Owner, work: WorkInRequest) -> Preferences:
    """What the caller wants outside the inbox 通知偏好: nothing, as long as she did not say."""
    row = await repository.preferences(work.session, owner)
    return Preferences(email=row.email, sms=row.sms) if row is not None else Preferences(email=False, sms=False)


@router.put("/preferences")
async def keep_preferences(actor: Reader, owner: Owner, body: Preferences, messages: MessagesInRequest) -> Preferences:
    """Say what the caller wants outside the inbox; e-mail and telephone are those of her account."""
    return await messages.prefer(owner, body)


@router.post("/receipts", status_code=201)
async def read_all_messages(
    actor: Reader, owner: Owner, messages: MessagesInRequest, work: WorkInRequest
) -> UnreadCount:
    """Mark every message as read 全部已读."""
    await messages.read_all(owner)
    return UnreadCount(unread=0)


@router.get("/{message_id}", responses=problems(NoSuchMessage))
async def read_message(
    request: Request, actor: Reader, message: MessageInPath, messages: MessagesInRequest
) -> MessageDetail:
    """One message and how far it got on each channel. Reading it here is no receipt; `receipts` is."""
    return await messages.detail(message, english=_english(request))


@router.post("/{message_id}/receipts", status_code=201, responses=problems(NoSuchMessage))
async def mark_as_read(
    request: Request, actor: Reader, message: MessageInPath, messages: MessagesInRequest
) -> MessageDetail:
    """Mark a message as read 已读回执; the first receipt counts."""
    await messages.read(message)
    return await messages.detail(message, english=_english(request))
