"""Corrections of layers and those who follow one, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from citykit.access import Actor, requires
from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.pages import Page
from citykit.problems import BadCursor, Forbidden, problems
from citykit.routing import CityRouter
from data_hub.registries.geography.access import SeenInRequest
from data_hub.registries.geography.dispute_schemas import (
    Dispute,
    DisputeCase,
    DisputeDecision,
    DisputeDraft,
    DisputeQuery,
    Following,
    LayerNotice,
    LayerNoticeQuery,
)
from data_hub.registries.geography.disputes import DisputesInRequest
from data_hub.registries.geography.domain import PUBLISH, READ, SUPERVISE
from data_hub.registries.geography.errors import (
    BadFeatures,
    DisputeDecided,
    DisputeStillOpen,
    LayerOfAnother,
    NoDepartment,
    NoSuchDispute,
    NoSuchFeature,
    NoSuchLayer,
    NoSuchNotice,
    NothingClaimed,
    OwnLayer,
    UnknownColumn,
)
from data_hub.registries.geography.following import FollowersInRequest
from data_hub.registries.geography.schemas import LayerId

router = CityRouter(prefix="/api/data-hub/v1/geography", tags=["自然资源与地理空间基础库 Geography"])
Reader = Annotated[Actor, Depends(requires(READ))]
Publisher = Annotated[Actor, Depends(requires(PUBLISH))]
Party = Annotated[Actor, Depends(requires(any_of=(READ, SUPERVISE)))]
_ONCE = (KeyUsedOtherwise, StillRunning)


@router.post(
    "/layers/{layer}/disputes",
    status_code=201,
    responses=problems(
        NoSuchLayer, Forbidden, NoDepartment, OwnLayer, NoSuchFeature, UnknownColumn, BadFeatures, DisputeStillOpen,
        *_ONCE,
    ),
)  # fmt: skip
async def dispute_feature(
    body: DisputeDraft, by: Reader, seen: SeenInRequest, disputes: DisputesInRequest, once: OnceInRequest
) -> Dispute:
    """Doubt an attribute or the position of a feature that one's department uses 图层校核申请."""
    return await once(lambda: disputes.dispute(seen, body, by=by), Dispute)


@router.get("/disputes", responses=problems(BadCursor))
async def list_layer_disputes(
    by: Party, query: Annotated[DisputeQuery, Query()], disputes: DisputesInRequest
) -> Page[Dispute]:
    """List the tickets that one's department raised or decides 图层校核事项, newest first; supervision sees all."""
    return await disputes.listed(query, by=by)


@router.get("/disputes/{dispute}", responses=problems(NoSuchDispute))
async def read_layer_dispute(dispute: UUID, by: Party, disputes: DisputesInRequest) -> DisputeCase:
    """Read a ticket with its evidence 图层校核详情; the evidence is for the two departments alone."""
    return await disputes.case(dispute, by=by)


@router.post(
    "/disputes/{dispute}/decisions",
    responses=problems(
        NoSuchDispute, DisputeDecided, NothingClaimed, NoSuchLayer, LayerOfAnother, NoSuchFeature, UnknownColumn,
        BadFeatures,
    ),
)  # fmt: skip
async def decide_layer_dispute(
    dispute: UUID, body: DisputeDecision, by: Publisher, disputes: DisputesInRequest
) -> Dispute:
    """Correct the value, which is then the layer's next version, or stay with it 办理图层校核."""
    return await disputes.decide(dispute, body, by=by)


@router.post("/disputes/{dispute}/withdrawals", responses=problems(NoSuchDispute, DisputeDecided))
async def withdraw_layer_dispute(dispute: UUID, by: Reader, disputes: DisputesInRequest) -> Dispute:
    """Take a ticket of one's department back 撤回图层校核."""
    return await disputes.withdraw(dispute, by=by)


@router.put("/layers/{layer}/followers/own", responses=problems(NoSuchLayer, Forbidden, NoDepartment))
async def follow_layer(by: Reader, seen: SeenInRequest, followers: FollowersInRequest) -> Following:
    """Have one's department told of each version of a layer 订阅图层."""
    return await followers.follow(seen, by=by)


@router.delete("/layers/{layer}/followers/own", status_code=204)
async def unfollow_layer(layer: LayerId, by: Reader, followers: FollowersInRequest) -> None:
    """Follow a layer no longer 取消订阅图层."""
    await followers.unfollow(layer, by=by)


@router.get("/notices", responses=problems(BadCursor))
async def list_layer_notices(
    by: Reader, query: Annotated[LayerNoticeQuery, Query()], followers: FollowersInRequest
) -> Page[LayerNotice]:
    """List what one's department was told of layers 图层通知, newest first."""
    return await followers.notices(query, by=by)


@router.post("/notices/{notice}/acknowledgements", responses=problems(NoSuchNotice))
async def acknowledge_layer_notice(notice: UUID, by: Reader, followers: FollowersInRequest) -> LayerNotice:
    """Say that one's department mended what it keeps 确认图层通知."""
    return await followers.acknowledge(notice, by=by)
