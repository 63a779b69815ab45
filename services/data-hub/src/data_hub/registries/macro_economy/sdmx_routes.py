"""The registry in the words of SDMX: REST for SDMX 2.1, and the paths of its second edition for the same answers."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from citykit.ids import new_id
from data_hub import keyless
from data_hub.opened_reads import OpenedReads, Read
from data_hub.registries.macro_economy import data_csv, data_json, data_xml, structure_json, structure_xml
from data_hub.registries.macro_economy.availability import MODES, constraint
from data_hub.registries.macro_economy.dataset import DataMessage
from data_hub.registries.macro_economy.domain import BadKey, Ref, flow_reference
from data_hub.registries.macro_economy.errors import SdmxNoResults, SdmxRefusal, SdmxSemantic, SdmxTooLarge
from data_hub.registries.macro_economy.media import DATA, STRUCTURES, Offer
from data_hub.registries.macro_economy.readers import MaySee
from data_hub.registries.macro_economy.repository import Cells
from data_hub.registries.macro_economy.sdmx_answers import (
    SdmxRoute,
    answers,
    offer_for,
    streamed,
    unchanged,
    validators,
)
from data_hub.registries.macro_economy.sdmx_queries import (
    AvailabilityQuery,
    DataQuery,
    StructureQuery,
    bound,
    codes_of,
    moment,
    one_of,
    understood,
)
from data_hub.registries.macro_economy.service import MOST_CELLS, TIME, MacroEconomy, MacroEconomyInRequest, Shape
from data_hub.registries.macro_economy.structures import (
    DETAILS,
    KINDS,
    OTHERS,
    REFERENCES,
    Structure,
    agency_scheme,
    asked,
    version_key,
    with_references,
)

BASE = "/api/data-hub/sdmx/2.1"
router = APIRouter(prefix=BASE, tags=["宏观经济 SDMX"], route_class=SdmxRoute, redirect_slashes=False)
Parameters = Annotated[DataQuery, Query()]
StructureParameters = Annotated[StructureQuery, Query()]
AvailabilityParameters = Annotated[AvailabilityQuery, Query()]
_DATA, _STRUCTURES = answers(DATA), answers(STRUCTURES)


@router.get("/data/{flow}", response_class=Response, responses=_DATA)
async def read_flow(
    request: Request, flow: str, may_see: MaySee, query: Parameters, registry: MacroEconomyInRequest
) -> Response:
    """All data of a flow 数据流全部数据."""
    return await _data(request, registry, flow, "all", query, may_see)


@router.get("/data/{flow}/{key}", response_class=Response, responses=_DATA)
async def read_key(
    request: Request, flow: str, key: str, may_see: MaySee, query: Parameters, registry: MacroEconomyInRequest
) -> Response:
    """Data of a key 按键查询数据: `A.GDP`, an empty position means all, `+` means or."""
    return await _data(request, registry, flow, key, query, may_see)


@router.get("/data/{flow}/{key}/{provider}", response_class=Response, responses=_DATA)
async def read_key_of_provider(
    request: Request, flow: str, key: str, provider: str, may_see: MaySee, query: Parameters,
    registry: MacroEconomyInRequest,
) -> Response:  # fmt: skip
    """Data of a key and a provider; the city is the one provider, `all` and `HS` name it."""
    _check_provider(provider)
    return await _data(request, registry, flow, key, query, may_see)


@router.get("/data/dataflow/{agency}/{name}/{version}", response_class=Response, responses=_DATA)
async def read_flow_2(
    request: Request, agency: str, name: str, version: str, may_see: MaySee, query: Parameters,
    registry: MacroEconomyInRequest,
) -> Response:  # fmt: skip
    """All data of a flow, by the path of SDMX-REST 2."""
    return await _data(request, registry, f"{agency},{name},{version}", "all", query, may_see)


@router.get("/data/dataflow/{agency}/{name}/{version}/{key}", response_class=Response, responses=_DATA)
async def read_key_2(
    request: Request, agency: str, name: str, version: str, key: str, may_see: MaySee, query: Parameters,
    registry: MacroEconomyInRequest,
) -> Response:  # fmt: skip
    """Data of a key, by the path of SDMX-REST 2."""
    return await _data(request, registry, f"{agency},{name},{version}", key.replace(",", "+"), query, may_see)


def _check_provider(provider: str) -> None:
    if not {part.rpartition(",")[2] for part in provider.split("+")} & {"all", "HS", "*"}:
        raise SdmxNoResults(("没有该数据提供者", "There is no such provider"))


async def _data(
    request: Request, registry: MacroEconomy, flow: str, key: str, query: DataQuery, may_see: bool
) -> Response:
    offer = offer_for(request, DATA)
    shape, reads = await _shape(registry, flow), OpenedReads.of(request.app.state)
    reads.found(request, resource := f"flow/{shape.ref}")
    wanted = understood(shape, key, query, may_see=may_see)
    changed = max(
        shape.flow.data_changed_at or shape.flow.changed_at, shape.flow.changed_at, shape.structure.changed_at
    )
    headers = validators(request, offer, changed, f"{may_see}")
    if unchanged(request, headers):
        return Response(status_code=304, headers=headers)
    keyless.spend(request, 0 if may_see else 1)
    if await registry.vintages.count(wanted.cells, MOST_CELLS) > MOST_CELLS:
        raise SdmxTooLarge((f"超过 {MOST_CELLS} 个观测值", f"There are more than {MOST_CELLS} observations"))
    series = await registry.vintages.series(wanted.cells)
    rows = await registry.vintages.seen(wanted.cells)
    if not rows:
        raise SdmxNoResults(("没有符合条件的数据", "There are no such observations"))
    filled = {row.key for row in rows}
    message = DataMessage(
        shape, [one for one in series if one.key in filled], rows, wanted.detail, wanted.at, wanted.history,
        registry.work.clock.now(), f"HS-{new_id()}", labels=query.labels == "both",
    )  # fmt: skip
    read = Read(resource, "data", message.observations, tuple(message.columns))
    reads.note(request, getattr(request.state, "actor", None), read)
    return streamed(_written(message, offer.form), offer, headers)


def _written(message: DataMessage, form: str) -> Iterator[str]:
    if form.startswith("json"):
        return data_json.write(message, form)
    if form.startswith("csv"):
        return data_csv.write(message, form)
    return data_xml.write(message, form)


async def _shape(registry: MacroEconomy, text: str) -> Shape:
    try:
        agency, name, version = flow_reference(text)
    except BadKey:
        said = ("数据流应为 ID、机构,ID 或 机构,ID,版本", "A flow is named ID, AGENCY,ID or AGENCY,ID,VERSION")
        raise SdmxRefusal(said) from None
    rows = await registry.structures.flows("all" if agency == "*" else agency, name)
    if version not in ("latest", "all", "+", "*"):
        rows = [row for row in rows if row.version == version]
    if not rows:
        raise SdmxNoResults(("没有该数据流", "There is no such dataflow"))
    row = max(rows, key=lambda one: (version_key(one.version), one.agency == "HS"))
    return await registry.shape(Ref(row.agency, row.id, row.version))


@router.get("/structure/{kind}/{agency}/{name}/{version}", response_class=Response, responses=_STRUCTURES)
async def read_structure_2(
    request: Request, kind: str, agency: str, name: str, version: str, may_see: MaySee, query: StructureParameters,
    registry: MacroEconomyInRequest,
) -> Response:  # fmt: skip
    """Structures, by the path of SDMX-REST 2."""
    return await _structures(request, registry, kind, agency, name, version, query)


@router.get("/availableconstraint/{flow}", response_class=Response, responses=_STRUCTURES)
async def read_availability(
    request: Request, flow: str, may_see: MaySee, query: AvailabilityParameters, registry: MacroEconomyInRequest
) -> Response:
    """Which data of a flow there are 现有数据: codes that occur, the span of time, counts."""
    return await _available(request, registry, flow, "all", "all", query)


@router.get("/availableconstraint/{flow}/{key}", response_class=Response, responses=_STRUCTURES)
async def read_availability_of_key(
    request: Request, flow: str, key: str, may_see: MaySee, query: AvailabilityParameters,
    registry: MacroEconomyInRequest,
) -> Response:  # fmt: skip
    """Which data of a key there are."""
    return await _available(request, registry, flow, key, "all", query)


@router.get("/availableconstraint/{flow}/{key}/{provider}", response_class=Response, responses=_STRUCTURES)
async def read_availability_of_provider(
    request: Request, flow: str, key: str, provider: str, may_see: MaySee, query: AvailabilityParameters,
    registry: MacroEconomyInRequest,
) -> Response:  # fmt: skip
    """Which data of a key and a provider there are."""
    _check_provider(provider)
    return await _available(request, registry, flow, key, "all", query)


@router.get("/availableconstraint/{flow}/{key}/{provider}/{component}", response_class=Response, responses=_STRUCTURES)
async def read_availability_of_component(
    request: Request, flow: str, key: str, provider: str, component: str, may_see: MaySee,
    query: AvailabilityParameters, registry: MacroEconomyInRequest,
) -> Response:  # fmt: skip
    """Which codes of one dimension occur."""
    _check_provider(provider)
    return await _available(request, registry, flow, key, component, query)


async def _available(
    request: Request, registry: MacroEconomy, flow: str, key: str, component: str, query: AvailabilityQuery
) -> Response:
    offer = offer_for(request, STRUCTURES)
    mode, references = query.mode or "exact", query.references or "none"
    if mode not in MODES:
        raise SdmxRefusal(one_of("mode", MODES))
    _check_references(references)
    shape = await _shape(registry, flow)
    if component not in ("all", TIME, *shape.dimensions):
        raise SdmxSemantic(("没有该维度", "There is no such dimension"))
    codes = codes_of(shape, key)
    cells = Cells(
        shape.ref, [None] * len(codes) if mode == "available" else codes,
        start=bound(query.startPeriod, "startPeriod", last=False), end=bound(query.endPeriod, "endPeriod", last=True),
        updated_after=moment(query.updatedAfter, "updatedAfter"),
    )  # fmt: skip
    found = constraint(shape, await registry.vintages.extents(cells), codes, mode, component)
    if found is None:
        raise SdmxNoResults(("没有符合条件的数据", "There are no such observations"))
    known = [*await _known(registry), found]
    listed = with_references(known, [found], references)
    return await _structure_message(registry, listed, offer, {"Vary": "Accept, Authorization"})


@router.get("/{kind}", response_class=Response, responses=_STRUCTURES)
async def read_kind(
    request: Request, kind: str, may_see: MaySee, query: StructureParameters, registry: MacroEconomyInRequest
) -> Response:
    """All structures of a kind: dataflow, datastructure, codelist, conceptscheme, agencyscheme 统计结构."""
    return await _structures(request, registry, kind, "all", "all", "latest", query)


@router.get("/{kind}/{agency}", response_class=Response, responses=_STRUCTURES)
async def read_kind_of_agency(
    request: Request, kind: str, agency: str, may_see: MaySee, query: StructureParameters,
    registry: MacroEconomyInRequest,
) -> Response:  # fmt: skip
    """All structures of a kind and an agency."""
    return await _structures(request, registry, kind, agency, "all", "latest", query)


@router.get("/{kind}/{agency}/{name}", response_class=Response, responses=_STRUCTURES)
async def read_latest_structure(
    request: Request, kind: str, agency: str, name: str, may_see: MaySee, query: StructureParameters,
    registry: MacroEconomyInRequest,
) -> Response:  # fmt: skip
    """The latest version of a structure."""
    return await _structures(request, registry, kind, agency, name, "latest", query)


@router.get("/{kind}/{agency}/{name}/{version}", response_class=Response, responses=_STRUCTURES)
async def read_structure(
    request: Request, kind: str, agency: str, name: str, version: str, may_see: MaySee, query: StructureParameters,
    registry: MacroEconomyInRequest,
) -> Response:  # fmt: skip
    """A structure with what `references` asks for."""
    return await _structures(request, registry, kind, agency, name, version, query)


def _check_references(references: str) -> None:
    if references not in (*REFERENCES, *KINDS, *OTHERS):
        raise SdmxRefusal(one_of("references", (*REFERENCES, *KINDS)))


async def _known(registry: MacroEconomy) -> list[Structure]:
    rows = await registry.structures.all()
    known = [
        Structure(r.kind, r.agency, r.id, r.version, r.document, changed_at=r.changed_at) for r in rows
    ]  # fmt: skip
    return [*known, agency_scheme(row.agency for row in rows)]


async def _structure_message(
    registry: MacroEconomy, listed: list[Structure], offer: Offer, headers: dict[str, str]
) -> Response:
    base = f"{registry.work.settings.public_url}{BASE}"
    about = (listed, f"HS-{new_id()}", registry.work.clock.now(), base)
    if offer.form == "xml":
        return streamed(structure_xml.write(*about), offer, headers)
    text = await run_in_threadpool(structure_json.write, *about, second=offer.form == "json-2")
    return streamed([text], offer, headers)


async def _structures(
    request: Request, registry: MacroEconomy, kind: str, agency: str, name: str, version: str, query: StructureQuery
) -> Response:
    offer = offer_for(request, STRUCTURES)
    references, detail = query.references or "none", query.detail or "full"
    _check_references(references)
    if detail not in DETAILS:
        raise SdmxRefusal(one_of("detail", DETAILS))
    if kind not in (*KINDS, *OTHERS, "structure", "*"):
        raise SdmxNoResults(("没有该类结构", "There is no such kind of structure"))
    known = await _known(registry)
    found = asked(known, kind, agency, name, version)
    if not found:
        raise SdmxNoResults(("没有符合条件的结构", "There is no such structure"))
    changed = max((one.changed_at for one in known if one.changed_at), default=registry.work.clock.now())
    headers = validators(request, offer, changed, "structure")
    if unchanged(request, headers):
        return Response(status_code=304, headers=headers)
    listed = _stubs(with_references(known, found, references), found, detail)
    return await _structure_message(registry, listed, offer, headers)


def _stubs(listed: list[Structure], found: list[Structure], detail: str) -> list[Structure]:
    """The artefacts, told by their names alone where the query wants that."""
    named = {one.key for one in found}

    def stub(one: Structure) -> bool:
        if detail.startswith("all"):
            return True
        return detail in ("referencestubs", "referencecompletestubs") and one.key not in named

    return [replace(one, stub=stub(one)) for one in listed]
