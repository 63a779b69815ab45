"""Subscriptions to changes over HTTP, for departments that keep in step with a registry."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.pages import Page, PageQuery
from citykit.problems import BadCursor, problems
from citykit.routing import CityRouter
from data_hub.registries.access import Follower
from data_hub.registries.changes.errors import NoDepartment, NoSuchSubscription, SubscriptionEnded
from data_hub.registries.changes.schemas import ChangePage, ChangeQuery, Subscription, SubscriptionDraft
from data_hub.registries.changes.service import ChangesInRequest
from data_hub.registries.errors import BeyondPurpose, UnknownPurpose

router = CityRouter(prefix="/api/data-hub/v1/registries/subscriptions", tags=["变更订阅 Subscriptions"])


@router.post(
    "",
    status_code=201,
    responses=problems(NoDepartment, UnknownPurpose, BeyondPurpose, KeyUsedOtherwise, StillRunning),
)
async def subscribe_to_changes(
    actor: Follower, body: SubscriptionDraft, changes: ChangesInRequest, once: OnceInRequest
) -> Subscription:
    """Follow the changes of a registry for one's department 订阅变更; persons want a purpose."""
    return await once(lambda: changes.subscribe(body, by=actor), Subscription)


@router.get("", responses=problems(BadCursor))
async def list_subscriptions(
    actor: Follower, query: Annotated[PageQuery, Query()], changes: ChangesInRequest
) -> Page[Subscription]:
    """List the subscriptions of one's department 本部门的订阅."""
    return await changes.listed(query, by=actor)


@router.get("/{subscription}/changes", responses=problems(NoSuchSubscription, SubscriptionEnded))
async def read_changes(
    actor: Follower, subscription: UUID, query: Annotated[ChangeQuery, Query()], changes: ChangesInRequest
) -> ChangePage:
    """Read what changed after the number that one read last 读取变更; whose record and which fields, never a value."""
    return await changes.read(subscription, query, by=actor)


@router.post("/{subscription}/ends", responses=problems(NoSuchSubscription, SubscriptionEnded))
async def end_subscription(actor: Follower, subscription: UUID, changes: ChangesInRequest) -> Subscription:
    """Follow no longer 终止订阅."""
    return await changes.end(subscription, by=actor)
