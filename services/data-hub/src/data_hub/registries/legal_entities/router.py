"""The legal-entity registry over HTTP: for officials and partners with the right, and for the services of the city."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.pages import Page, keyset_page
from citykit.problems import BadCursor, problems
from citykit.routing import CityRouter
from citykit.runtime import ReaderInRequest, SeekerInRequest
from citykit.wire import Uscc
from citykit.work import WorkInRequest
from data_hub.registries.access import Enterprise, FirmReader, Maintainer, Reader
from data_hub.registries.errors import BadPeriod, BadValue, RecordMerged, Stale
from data_hub.registries.history import Line
from data_hub.registries.legal_entities import repository
from data_hub.registries.legal_entities.domain import EntityField
from data_hub.registries.legal_entities.errors import (
    EntityExists,
    EntityStateProblem,
    NoSuchEntity,
    NothingToMatch,
    UnknownRepresentative,
)
from data_hub.registries.legal_entities.matching import Matching
from data_hub.registries.legal_entities.models import LegalEntityRow
from data_hub.registries.legal_entities.readers import Readers
from data_hub.registries.legal_entities.repository import VALUES, Entities
from data_hub.registries.legal_entities.schemas import (
    Cessation,
    EntityCorrection,
    EntityDraft,
    EntityMatches,
    EntityMatchQuestion,
    LegalEntity,
    LegalEntityBrief,
    LegalEntityFilter,
    Representation,
    RepresentationQuestion,
)
from data_hub.registries.legal_entities.service import EntitiesInRequest
from data_hub.registries.population.domain import mask_name
from data_hub.registries.schemas import HistoryQuery, ValueRecord
from data_hub.registries.sources.errors import NotTheSource, StatedForAnother

router = CityRouter(prefix="/api/data-hub/v1/legal-entities", tags=["法人库 Legal entities"])
internal = CityRouter(prefix="/internal/data-hub/v1/registries/legal-entities", tags=["法人库 Legal entities"])
UsccInPath = Annotated[Uscc, Path(description="统一社会信用代码, GB 32100")]


async def entity_to_read(uscc: UsccInPath, registry: EntitiesInRequest) -> LegalEntityRow:
    """The entity of the path, or the one that it was merged into. Raises NoSuchEntity."""
    row = await registry.find(uscc)
    if row is None:
        raise NoSuchEntity()
    return row


async def entity_to_maintain(uscc: UsccInPath, _: Maintainer, registry: EntitiesInRequest) -> LegalEntityRow:
    """The entity of the path, held until this act ends. Raises NoSuchEntity, RecordMerged."""
    return await registry.locked(uscc)


async def readers_noted(actor: Reader, work: WorkInRequest, reads: ReaderInRequest) -> Readers:
    """Who may read, as one whose reads are noted for her department."""
    return Readers(work, reads, actor)


ReadersInRequest = Annotated[Readers, Depends(readers_noted)]
EntityInPath = Annotated[LegalEntityRow, Depends(entity_to_read)]
EntityToMaintain = Annotated[LegalEntityRow, Depends(entity_to_maintain)]


@router.get("", response_model=Page[LegalEntityBrief], responses=problems(BadCursor))
async def list_entities(
    readers: ReadersInRequest, query: Annotated[LegalEntityFilter, Query()], reads: ReaderInRequest
) -> Response:
    """List legal entities by code, ceased ones included with their state 查询法人库; former names find them too."""
    found = await repository.page(reads, query)
    while await readers.note_page(found):
        found = await repository.page(reads, query)
    return Response(found, media_type="application/json")


@router.post("/matches", responses=problems(NothingToMatch))
async def match_entities(readers: ReadersInRequest, body: EntityMatchQuestion, seeks: SeekerInRequest) -> EntityMatches:
    """Find legal entities in spite of a slip in code or name, ranked, with what agrees 模糊比对法人库."""
    found = await Matching(seeks).match(body)
    while await readers.note([one.entity.uscc for one in found.items], whole=False):
        found = await Matching(seeks).match(body)
    return found


@router.get("/{uscc}", response_model=LegalEntity, responses=problems(NoSuchEntity, RecordMerged))
async def read_entity(
    readers: ReadersInRequest, uscc: UsccInPath, reads: ReaderInRequest, registry: EntitiesInRequest
) -> Response:
    """Read a legal entity 查看法人信息."""
    await readers.note([uscc], whole=True)
    found = await repository.document(reads, uscc)
    if found is None:
        raise await registry.absence(uscc)
    return Response(found, media_type="application/json")


@router.get("/{uscc}/values", responses=problems(NoSuchEntity, BadCursor))
async def read_entity_history(
    readers: ReadersInRequest,
    uscc: UsccInPath,
    query: Annotated[HistoryQuery, Query()],
    registry: EntitiesInRequest,
    work: WorkInRequest,
) -> Page[ValueRecord]:
    """Read an entity's values with source and both times, also as of a day or an instant 查看历史（双时态）."""
    await readers.note([uscc], whole=True)
    await entity_to_read(uscc, registry)
    found = Entities(work).values(uscc, query.true_on, query.known_at)
    found = found.where(VALUES.c.field != EntityField.legal_representative.value)
    keys = (VALUES.c.field, VALUES.c.true_from, VALUES.c.known_from)
    return await keyset_page(work.session, found, keys=keys, query=query, make=_shown)


def _shown(columns: tuple[object, ...]) -> ValueRecord:
    line = Line(*columns)  # type: ignore[arg-type]  # the columns of History.of, in that order
    if line.field == EntityField.representative_name and line.value is not None:
        return line.shown(mask_name(line.value))
    return line.shown(line.value)


@router.post(
    "",
    status_code=201,
    responses=problems(
        StatedForAnother,
        BadValue,
        NotTheSource,
        UnknownRepresentative,
        EntityExists,
        RecordMerged,
        KeyUsedOtherwise,
        StillRunning,
    ),
)
async def register_entity(
    actor: Maintainer, body: EntityDraft, registry: EntitiesInRequest, once: OnceInRequest
) -> LegalEntity:
    """Register a legal entity 登记法人."""

    async def act() -> LegalEntity:
        return LegalEntity.of(await registry.register(body, by=actor))

    return await once(act, LegalEntity)


@router.post(
    "/{uscc}/corrections",
    status_code=201,
    responses=problems(
        NoSuchEntity,
        RecordMerged,
        StatedForAnother,
        BadValue,
        BadPeriod,
        UnknownRepresentative,
        Stale,
        NotTheSource,
        KeyUsedOtherwise,
        StillRunning,
    ),
)
async def correct_entity(
    actor: Maintainer, row: EntityToMaintain, body: EntityCorrection, registry: EntitiesInRequest, once: OnceInRequest
) -> LegalEntity:
    """Correct or change one value of a legal entity 校核更正; what was known before stays in the history."""

    async def act() -> LegalEntity:
        return LegalEntity.of(await registry.correct(row, body, by=actor))

    return await once(act, LegalEntity)


@router.post(
    "/{uscc}/cessations",
    status_code=201,
    responses=problems(
        NoSuchEntity,
        RecordMerged,
        StatedForAnother,
        BadPeriod,
        EntityStateProblem,
        NotTheSource,
        KeyUsedOtherwise,
        StillRunning,
    ),
)
async def record_cessation(
    actor: Maintainer, row: EntityToMaintain, body: Cessation, registry: EntitiesInRequest, once: OnceInRequest
) -> LegalEntity:
    """Record that a legal entity was deregistered, revoked or moved out 注销、吊销、迁出."""

    async def act() -> LegalEntity:
        return LegalEntity.of(await registry.cease(row, body, by=actor))

    return await once(act, LegalEntity)


@internal.get("/{uscc}", responses=problems(NoSuchEntity))
async def read_for_service(actor: FirmReader, row: EntityInPath) -> LegalEntityBrief:
    """Read a legal entity, for the services that serve firms."""
    return LegalEntityBrief(**{name: getattr(row, name) for name in LegalEntityBrief.model_fields})


@internal.post("/{uscc}/representations", responses=problems(NoSuchEntity))
async def ask_representation(
    actor: Enterprise, row: EntityInPath, body: RepresentationQuestion, registry: EntitiesInRequest
) -> Representation:
    """Say whether a person represents a legal entity; nothing else about her."""
    return await registry.represents(row, body.person)
