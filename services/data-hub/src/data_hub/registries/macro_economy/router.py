"""The macro-economy registry over HTTP for people and programs that do not speak SDMX; and the acts of its keepers."""

import csv
import io
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response
from sqlalchemy import or_, select
from starlette.concurrency import run_in_threadpool

from citykit.access import anyone
from citykit.clock import CHINA
from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.pages import Page, PageQuery, keyset_page
from citykit.problems import BadCursor, Forbidden, Invalid, TooLarge, Unauthenticated, UnsupportedMedia, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.registries.macro_economy.csv_upload import read as read_csv
from data_hub.registries.macro_economy.data_csv import safe
from data_hub.registries.macro_economy.dataset import number
from data_hub.registries.macro_economy.domain import BadPeriod, Ref, Span, period
from data_hub.registries.macro_economy.errors import (
    BadObservations,
    BadStructure,
    IndicatorExists,
    NoIndicator,
    NoStructure,
    NotTheSource,
    ReleaseUsedOtherwise,
    RevisionNeedsReason,
    StructureExists,
    wrong,
)
from data_hub.registries.macro_economy.models import ArtefactRow, IndicatorRow, ObservationRow, ReleaseRow, SeriesRow
from data_hub.registries.macro_economy.readers import Insider, Maintainer, MaySee
from data_hub.registries.macro_economy.releases import ReleasesInRequest
from data_hub.registries.macro_economy.repository import FLOW, Seen
from data_hub.registries.macro_economy.schemas import (
    Agency,
    AreaQuery,
    AreaValue,
    AreaValues,
    Codelist,
    ConceptScheme,
    ConfidentialityCorrection,
    CsvUpload,
    Dataflow,
    DataStructure,
    Flow,
    HiddenCell,
    Id,
    Indicator,
    IndicatorDraft,
    IndicatorFilter,
    Name,
    NewCodes,
    Observation,
    ObservationQuery,
    Observations,
    Release,
    ReleaseDraft,
    StructureMade,
    Version,
)
from data_hub.registries.macro_economy.service import AREA, FREQ, MacroEconomy, MacroEconomyInRequest, Wanted

router = CityRouter(prefix="/api/data-hub/v1/indicators", tags=["宏观经济库 Macro-economy"])
flows = CityRouter(prefix="/api/data-hub/v1/statistics", tags=["宏观经济库 Macro-economy"])
Code = Annotated[Id, Path(description="指标代码 Code of the indicator", examples=["GDP"])]
_TABLES = ("text/csv", "application/vnd.sdmx.data+csv", "application/csv")
_ONCE = (KeyUsedOtherwise, StillRunning)
_READING = problems(NoIndicator, Invalid, Unauthenticated, Forbidden, TooLarge)
_HEADS = (
    "键 key", "地区 area", "频率 frequency", "时期 period", "值 value", "状态 status", "保密 confidentiality",
    "发布 release", "数源部门 source", "已知自 known from", "修订原因 revision reason",
)  # fmt: skip


async def flow_in_path(agency: Agency, flow: Id, version: Version) -> Ref:
    """The flow that a path names."""
    return Ref(agency, flow, version)


FlowInPath = Annotated[Ref, Depends(flow_in_path)]


@router.get("", dependencies=[Depends(anyone)], responses=problems(BadCursor))
async def list_indicators(query: Annotated[IndicatorFilter, Query()], work: WorkInRequest) -> Page[Indicator]:
    """List the indicators 指标目录."""
    found = select(IndicatorRow)
    if query.flow is not None:
        found = found.where(IndicatorRow.flow == query.flow)
    if query.department is not None:
        found = found.where(IndicatorRow.department == query.department)
    if query.name is not None:
        columns = (IndicatorRow.name_zh, IndicatorRow.name_en, IndicatorRow.code)
        found = found.where(or_(*(column.icontains(query.name, autoescape=True) for column in columns)))
    return await keyset_page(work.session, found, keys=(IndicatorRow.code,), query=query, make=Indicator.of)


@router.post("", status_code=201, responses=problems(NoStructure, BadStructure, NotTheSource, IndicatorExists, *_ONCE))
async def define_indicator(
    actor: Maintainer, body: IndicatorDraft, registry: MacroEconomyInRequest, once: OnceInRequest
) -> Indicator:
    """Define an indicator 定义指标; its code joins the flow's code list at once."""

    async def act() -> Indicator:
        return Indicator.of(await registry.define(body, by=actor))

    return await once(act, Indicator)


@router.get("/{code}", dependencies=[Depends(anyone)], responses=problems(NoIndicator))
async def read_indicator(code: Code, registry: MacroEconomyInRequest) -> Indicator:
    """Read an indicator 查看指标."""
    return Indicator.of(await registry.indicator(code))


@router.get("/{code}/observations", responses=_READING)
async def read_observations(
    code: Code, may_see: MaySee, query: Annotated[ObservationQuery, Query()], registry: MacroEconomyInRequest
) -> Observations:
    """Read an indicator's observations 查询指标数据, also as they were known once, or with every vintage."""
    return await _observations(registry, code, query, may_see)


@router.get("/{code}/observations.csv", response_class=Response, responses=_READING)
async def download_observations(
    code: Code, may_see: MaySee, query: Annotated[ObservationQuery, Query()], registry: MacroEconomyInRequest
) -> Response:
    """Download an indicator's observations as a table 下载 CSV."""
    found = await _observations(registry, code, query, may_see)
    headers = {"Content-Disposition": f'attachment; filename="{found.indicator.code}.csv"'}
    return Response("\ufeff" + _table(found.observations), media_type="text/csv", headers=headers)


@router.get("/{code}/areas", responses=_READING)
async def read_areas(
    code: Code, may_see: MaySee, query: Annotated[AreaQuery, Query()], registry: MacroEconomyInRequest
) -> AreaValues:
    """Read an indicator by area in one period 分地区数据: what a map shows."""
    row = await registry.indicator(code)
    span = _span(query.period, "?period")
    wanted = Wanted(start=span.start, end=span.end, freq=span.freq, as_of=query.as_of)
    dimensions, seen, shape = await registry.of_indicator(row, wanted, may_see=may_see)
    names = shape.codes(AREA) or {}
    place = dimensions.index(AREA) if AREA in dimensions else None
    areas = [
        _area(one, one.key.split(".")[place], names) for one in seen if place is not None and one.period == span.text
    ]
    return AreaValues(indicator=Indicator.of(row), period=span.text, areas=areas)


@flows.get("/flows", dependencies=[Depends(anyone)], responses=problems(BadCursor))
async def list_flows(query: Annotated[PageQuery, Query()], registry: MacroEconomyInRequest) -> Page[Flow]:
    """List the dataflows 数据流."""
    found = select(ArtefactRow).where(ArtefactRow.kind == FLOW)
    keys = (ArtefactRow.agency, ArtefactRow.id, ArtefactRow.version)
    page = await keyset_page(registry.work.session, found, keys=keys, query=query, make=lambda row: row)
    shown = [await _flow(registry, row) for row in page.items]
    return Page[Flow](items=shown, next=page.next)


@flows.post("/codelists", status_code=201, responses=problems(BadStructure, StructureExists, *_ONCE))
async def make_codelist(
    actor: Maintainer, body: Codelist, registry: MacroEconomyInRequest, once: OnceInRequest
) -> StructureMade:
    """Publish a code list 发布代码表."""
    return await once(lambda: registry.make(body, by=actor), StructureMade)


@flows.post(
    "/codelists/{agency}/{flow}/{version}/codes", status_code=201, responses=problems(NoStructure, BadStructure, *_ONCE)
)
async def add_codes(
    actor: Maintainer, ref: FlowInPath, body: NewCodes, registry: MacroEconomyInRequest, once: OnceInRequest
) -> StructureMade:
    """Add codes to a list 增加代码; what was published stays."""
    return await once(lambda: registry.add_codes(ref, body.codes, by=actor), StructureMade)


@flows.post("/concept-schemes", status_code=201, responses=problems(BadStructure, StructureExists, *_ONCE))
async def make_concept_scheme(
    actor: Maintainer, body: ConceptScheme, registry: MacroEconomyInRequest, once: OnceInRequest
) -> StructureMade:
    """Publish a concept scheme 发布概念体系."""
    return await once(lambda: registry.make(body, by=actor), StructureMade)


@flows.post("/data-structures", status_code=201, responses=problems(BadStructure, StructureExists, *_ONCE))
async def make_data_structure(
    actor: Maintainer, body: DataStructure, registry: MacroEconomyInRequest, once: OnceInRequest
) -> StructureMade:
    """Publish a data structure definition 发布数据结构."""
    return await once(lambda: registry.make(body, by=actor), StructureMade)


@flows.post("/flows", status_code=201, responses=problems(BadStructure, StructureExists, *_ONCE))
async def make_flow(
    actor: Maintainer, body: Dataflow, registry: MacroEconomyInRequest, once: OnceInRequest
) -> StructureMade:
    """Publish a dataflow 发布数据流."""
    return await once(lambda: registry.make(body, by=actor), StructureMade)


@flows.get(
    "/flows/{agency}/{flow}/{version}/releases",
    dependencies=[Depends(anyone)],
    responses=problems(NoStructure, BadCursor),
)
async def list_releases(
    ref: FlowInPath, query: Annotated[PageQuery, Query()], registry: MacroEconomyInRequest
) -> Page[Release]:
    """List a flow's releases 发布记录: who stated them, when, and why what was published changed."""
    await registry.shape(ref)
    found = select(ReleaseRow).where(ReleaseRow.flow == str(ref))
    keys = (ReleaseRow.released_at, ReleaseRow.id)
    return await keyset_page(registry.work.session, found, keys=keys, query=query, make=Release.of)


_RELEASING = problems(
    NoStructure, BadObservations, NotTheSource, ReleaseUsedOtherwise, RevisionNeedsReason, *_ONCE
)  # fmt: skip


@flows.post("/flows/{agency}/{flow}/{version}/releases", status_code=201, responses=_RELEASING)
async def release(
    actor: Maintainer, ref: FlowInPath, body: ReleaseDraft, releases: ReleasesInRequest, once: OnceInRequest
) -> Release:
    """Release observations 发布数据, all or nothing; a changed value needs the reason of its revision."""

    async def act() -> Release:
        return Release.of(await releases.release(ref, body, by=actor))

    return await once(act, Release)


@flows.post(
    "/flows/{agency}/{flow}/{version}/releases/csv",
    status_code=201,
    responses=_RELEASING | problems(UnsupportedMedia),
    openapi_extra={"requestBody": {"required": True, "content": {name: {} for name in _TABLES}}},
)
async def release_table(
    request: Request, actor: Maintainer, ref: FlowInPath, query: Annotated[CsvUpload, Query()],
    releases: ReleasesInRequest,
) -> Release:  # fmt: skip
    """Release a table of observations in SDMX-CSV 1.0 or 2.0 以表格发布; the same release id again changes nothing."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in _TABLES:
        raise UnsupportedMedia(("这里只接收 SDMX-CSV", "Only SDMX-CSV is taken here"))
    shape = await releases.registry.shape(ref)
    draft = await run_in_threadpool(read_csv, await request.body(), shape, query)
    return Release.of(await releases.release(ref, draft, by=actor))


@flows.post(
    "/flows/{agency}/{flow}/{version}/confidentiality-corrections",
    status_code=201,
    responses=problems(NoStructure, BadObservations, NotTheSource, ReleaseUsedOtherwise, *_ONCE),
)
async def correct_confidentiality(
    actor: Maintainer, ref: FlowInPath, body: ConfidentialityCorrection, releases: ReleasesInRequest,
    once: OnceInRequest,
) -> Release:  # fmt: skip
    """Correct the confidentiality of cells 更正保密属性; it holds for all their vintages at once."""

    async def act() -> Release:
        return Release.of(await releases.correct_confidentiality(ref, body, by=actor))

    return await once(act, Release)


@flows.get("/flows/{agency}/{flow}/{version}/confidential-cells", responses=problems(NoStructure, BadCursor))
async def list_confidential_cells(
    actor: Insider, ref: FlowInPath, query: Annotated[PageQuery, Query()], registry: MacroEconomyInRequest
) -> Page[HiddenCell]:
    """List the cells that are not shown to everybody 保密单元, with the reason: stated, or hidden by the rule."""
    await registry.shape(ref)
    found = registry.vintages.hidden(str(ref))
    keys = (SeriesRow.key, ObservationRow.period)
    return await keyset_page(registry.work.session, found, keys=keys, query=query, make=_hidden)


def _hidden(row: tuple[str, str, Decimal | None, str, bool]) -> HiddenCell:
    key, period_, value, status, by_rule = row
    shown = "D" if by_rule and status == "F" else status
    return HiddenCell(key=key, period=period_, value=value, by_rule=by_rule, confidentiality=shown)


def _span(text: str, pointer: str) -> Span:
    try:
        return period(text)
    except BadPeriod:
        said = ("时期格式不正确，如 2025-Q3", "Not a period, as 2025-Q3 is one")
        raise Invalid(errors=[wrong(pointer, "bad-period", said)]) from None


async def _observations(registry: MacroEconomy, code: str, query: ObservationQuery, may_see: bool) -> Observations:
    row = await registry.indicator(code)
    wanted = Wanted(
        area=query.area, freq=query.freq, as_of=query.as_of, history=query.history,
        start=None if query.start is None else _span(query.start, "?start").start,
        end=None if query.end is None else _span(query.end, "?end").end,
    )  # fmt: skip
    dimensions, seen, _ = await registry.of_indicator(row, wanted, may_see=may_see)
    return Observations(indicator=Indicator.of(row), observations=[_observation(one, dimensions) for one in seen])


def _observation(one: Seen, dimensions: list[str]) -> Observation:
    codes = dict(zip(dimensions, one.key.split("."), strict=True))
    return Observation(
        key=one.key, area=codes.get(AREA), freq=codes.get(FREQ), period=one.period, start=one.start, end=one.end,
        value=one.value, status=one.obs_status, confidentiality=one.conf_status,
        comment=one.attributes.get("COMMENT"), known_from=one.known_from, known_to=one.known_to, release=one.release,
        source=one.department, batch=one.batch, revision_reason=one.reason,
    )  # fmt: skip


def _area(one: Seen, area: str, names: dict[str, dict[str, object]]) -> AreaValue:
    named = names.get(area, {}).get("name", {"zh": area, "en": area})
    return AreaValue(
        area=area, name=Name.model_validate(named), value=one.value, status=one.obs_status,
        confidentiality=one.conf_status,
    )  # fmt: skip


async def _flow(registry: MacroEconomy, row: ArtefactRow) -> Flow:
    shape = await registry.shape(Ref(row.agency, row.id, row.version))
    return Flow(
        reference=row.ref, name=Name.model_validate(row.document["name"]), description=row.document["description"],
        structure=row.document["structure"], dimensions=shape.dimensions, additive=row.document["additive"],
        data_changed_at=row.data_changed_at, sample=row.sample,
    )  # fmt: skip


def _table(observations: list[Observation]) -> str:
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\r\n")
    table.writerow(_HEADS)
    for one in observations:
        table.writerow([
            one.key, one.area or "", one.freq or "", one.period, "" if one.value is None else number(one.value),
            one.status, one.confidentiality, one.release, one.source, one.known_from.astimezone(CHINA).isoformat(),
            safe(one.revision_reason or ""),
        ])  # fmt: skip
    return buffer.getvalue()
