"""Layers over HTTP, as departments publish them; they are read through the OGC APIs."""

from typing import Annotated

from fastapi import Depends, Path, Query

from citykit.access import Actor, requires
from citykit.idempotency import OnceInRequest
from citykit.pages import Page, PageQuery, keyset_page
from citykit.problems import problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.datasets.errors import NoDataset
from data_hub.registries.geography.access import KeptInRequest, ViewerInRequest
from data_hub.registries.geography.domain import PUBLISH, READ
from data_hub.registries.geography.errors import (
    BadFeatures,
    LayerOfAnother,
    NoDepartment,
    NoSuchFeature,
    NoSuchLayer,
    NoSuchVersion,
    NotOpened,
)
from data_hub.registries.geography.history import HistoryInRequest
from data_hub.registries.geography.models import EditionRow, LayerRow
from data_hub.registries.geography.repository import LayerTable, editions_of
from data_hub.registries.geography.schemas import (
    Edition,
    Layer,
    LayerDraft,
    LayerFilter,
    LayerId,
    Published,
    State,
    Withdrawal,
)
from data_hub.registries.geography.service import LayersInRequest
from data_hub.resources.errors import NoResource, NotTheProvider, WithdrawnResource

router = CityRouter(prefix="/api/data-hub/v1/geography/layers", tags=["自然资源与地理空间基础库 Geography"])
Fid = Annotated[str, Path(max_length=200, description="The id of a feature", examples=["park-01"])]
Version = Annotated[int, Path(ge=1, lt=2**62)]
Publisher = Annotated[Actor, Depends(requires(PUBLISH))]


@router.get("", dependencies=[Depends(requires(READ))], responses=problems())
async def list_layers(query: Annotated[LayerFilter, Query()], who: ViewerInRequest, work: WorkInRequest) -> Page[Layer]:
    """List the layers that the caller may see 图层目录."""
    found = LayerTable(work).seen_by(who, withdrawn=query.withdrawn)
    if query.department is not None:
        found = found.where(LayerRow.department == query.department)
    return await keyset_page(work.session, found, keys=(LayerRow.id,), query=query, make=Layer.of)


@router.post(
    "",
    responses=problems(
        NoDepartment, LayerOfAnother, BadFeatures, NotOpened, NoResource, WithdrawnResource, NotTheProvider, NoDataset
    ),
)
async def publish_layer(body: LayerDraft, by: Publisher, layers: LayersInRequest, once: OnceInRequest) -> Published:
    """Publish a layer of one's department, or publish it anew 发布图层; readers see the old version or the new one."""
    return await once(lambda: layers.publish(body, by=by), Published)


@router.get("/{layer}/versions", dependencies=[Depends(requires(READ))], responses=problems(NoSuchLayer))
async def list_versions(
    query: Annotated[PageQuery, Query()], seen: KeptInRequest, work: WorkInRequest
) -> Page[Edition]:
    """List the versions of a layer that were published 图层版本."""
    found = editions_of(seen.row.id)
    return await keyset_page(work.session, found, keys=(EditionRow.version,), query=query, make=Edition.of)


@router.get(
    "/{layer}/versions/{version}/features",
    dependencies=[Depends(requires(READ))],
    responses=problems(NoSuchLayer, NoSuchVersion),
)
async def list_known_features(
    version: Version, query: Annotated[PageQuery, Query()], seen: KeptInRequest, history: HistoryInRequest
) -> Page[State]:
    """List the features of a version as they were known in it 历史版本要素, and where each came from."""
    return await history.features(seen, version, query)


@router.get(
    "/{layer}/features/{fid}/history",
    dependencies=[Depends(requires(READ))],
    responses=problems(NoSuchLayer, NoSuchFeature),
)
async def read_history(fid: Fid, seen: KeptInRequest, history: HistoryInRequest) -> list[State]:
    """Read every state of a feature 要素历史: what it said, when that was known, and where it came from."""
    return await history.states(seen, fid)


@router.post("/{layer}/withdrawals", status_code=204, responses=problems(NoSuchLayer, LayerOfAnother))
async def withdraw_layer(layer: LayerId, body: Withdrawal, by: Publisher, layers: LayersInRequest) -> None:
    """Take a layer of one's department off the map 撤回图层."""
    await layers.withdraw(layer, body, by=by)
