"""The population registry over HTTP: for officials with a purpose, for the person herself, and for real-name checks."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from citykit.actors import Actor
from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.pages import Page
from citykit.problems import BadCursor, problems
from citykit.routing import CityRouter
from citykit.runtime import SeekerInRequest
from citykit.work import WorkInRequest
from data_hub.registries.access import CitizenPass, Discloser, Maintainer, Oneself, PersonReader
from data_hub.registries.errors import BadPeriod, BadValue, BeyondPurpose, RecordMerged, Stale, UnknownPurpose
from data_hub.registries.population.errors import (
    NoSuchPerson,
    NoSuchRelation,
    NothingToSearch,
    PersonExists,
    PersonStateProblem,
    RelationProblem,
)
from data_hub.registries.population.matching import Matching
from data_hub.registries.population.models import PersonRow
from data_hub.registries.population.reading import Readings, seen
from data_hub.registries.population.schemas import (
    Correction,
    Death,
    Disclosure,
    DisclosureRequest,
    Person,
    PersonDraft,
    PersonHistoryQuery,
    PersonMatches,
    PersonMatchQuestion,
    PersonQuery,
    PersonSearch,
    Relation,
    RelationDraft,
    RelationEnd,
    RelationList,
    RelationQuery,
    Verdict,
    Verification,
)
from data_hub.registries.population.service import Population, PopulationInRequest
from data_hub.registries.population.verification import verify
from data_hub.registries.purposes.domain import BY_CODE, OWN_RECORD
from data_hub.registries.purposes.service import purpose_of
from data_hub.registries.schemas import HistoryQuery, ValueRecord
from data_hub.registries.sources.errors import NotTheSource, StatedForAnother

router = CityRouter(prefix="/api/data-hub/v1/population", tags=["人口库 Population"])
internal = CityRouter(prefix="/internal/data-hub/v1/registries/population", tags=["人口库 Population"])
_MAINTENANCE = BY_CODE["registry-maintenance"]


async def person_to_maintain(person: UUID, _: Maintainer, work: WorkInRequest) -> PersonRow:
    """The person of the path, held until this act ends. Raises NoSuchPerson, RecordMerged."""
    return await Population(work).locked(person)


def own_number(actor: Actor) -> UUID:
    """The caller's number in the registry. Raises NoSuchPerson where her token carries none."""
    try:
        return UUID(actor.person or "")
    except ValueError:
        raise NoSuchPerson() from None


async def as_herself(actor: Oneself, registry: PopulationInRequest) -> Actor:
    """The caller by her record that stands today, where her token's was merged. Raises NoSuchPerson without one."""
    standing, *_ = await registry.same(own_number(actor))
    return replace(actor, person=str(standing))


PersonInPath = Annotated[PersonRow, Depends(person_to_maintain)]
Herself = Annotated[Actor, Depends(as_herself)]


@router.post("/searches", responses=problems(NothingToSearch, BadValue, UnknownPurpose, BeyondPurpose, BadCursor))
async def search_persons(actor: PersonReader, body: PersonSearch, work: WorkInRequest) -> Page[Person]:
    """Search persons by number or name, masked 检索人口库, by fields that the purpose covers.

    Every person found gets a line in her access log.
    """
    return await Readings(work, actor).search(body)


@router.post("/matches", responses=problems(NothingToSearch, UnknownPurpose, BeyondPurpose))
async def match_persons(
    actor: PersonReader, body: PersonMatchQuestion, work: WorkInRequest, seeks: SeekerInRequest
) -> PersonMatches:
    """Find persons in spite of a slip in number or name, masked and ranked, with what agrees 模糊比对人口库.

    Every candidate gets a line in her access log.
    """
    return await Matching(work, seeks, actor).match(body)


@router.get("/me", responses=problems(NoSuchPerson))
async def read_own_record(actor: Herself, work: WorkInRequest) -> Person:
    """Read one's own record, masked 查看本人记录."""
    return await Readings(work, actor).person(own_number(actor), OWN_RECORD)


@router.get("/me/values", responses=problems(NoSuchPerson, BadCursor))
async def read_own_history(
    actor: Herself, query: Annotated[HistoryQuery, Query()], work: WorkInRequest
) -> Page[ValueRecord]:
    """Read where each value of one's own record comes from, and since when 查看本人记录的来源与历史."""
    whole = PersonHistoryQuery(purpose=OWN_RECORD.code, **query.model_dump())
    return await Readings(work, actor).history(own_number(actor), OWN_RECORD, whole)


@router.get("/persons/{person}", responses=problems(NoSuchPerson, RecordMerged, UnknownPurpose))
async def read_person(
    actor: PersonReader, person: UUID, query: Annotated[PersonQuery, Query()], work: WorkInRequest
) -> Person:
    """Read a person for a purpose, masked 查看人口库记录."""
    return await Readings(work, actor).person(person, purpose_of(query.purpose))


@router.get("/persons/{person}/values", responses=problems(NoSuchPerson, UnknownPurpose, BadCursor))
async def read_person_history(
    actor: PersonReader, person: UUID, query: Annotated[PersonHistoryQuery, Query()], work: WorkInRequest
) -> Page[ValueRecord]:
    """Read a person's values with source and both times, also as of a day or an instant 查看历史（双时态）."""
    return await Readings(work, actor).history(person, purpose_of(query.purpose), query)


@router.post(
    "/persons/{person}/disclosures",
    status_code=201,
    responses=problems(NoSuchPerson, RecordMerged, UnknownPurpose, BeyondPurpose),
)
async def disclose_values(actor: Discloser, person: UUID, body: DisclosureRequest, work: WorkInRequest) -> Disclosure:
    """Have values shown unmasked, for a purpose, a matter and a legal basis 披露未脱敏信息.

    The act is kept, audited and shown to the person. It takes no Idempotency-Key: an answer must not be stored.
    """
    return await Readings(work, actor).disclose(person, body)


@router.post(
    "/persons",
    status_code=201,
    responses=problems(StatedForAnother, BadValue, NotTheSource, PersonExists, KeyUsedOtherwise, StillRunning),
)
async def register_person(
    actor: Maintainer, body: PersonDraft, registry: PopulationInRequest, once: OnceInRequest
) -> Person:
    """Register a person 登记人员. Sex and birth date are read from the identification number."""

    async def act() -> Person:
        return seen(await registry.register(body, by=actor), _MAINTENANCE)

    return await once(act, Person)


@router.post(
    "/persons/{person}/corrections",
    status_code=201,
    responses=problems(
        NoSuchPerson,
        RecordMerged,
        StatedForAnother,
        BadValue,
        BadPeriod,
        Stale,
        NotTheSource,
        PersonExists,
        KeyUsedOtherwise,
        StillRunning,
    ),
)
async def correct_value(
    actor: Maintainer, row: PersonInPath, body: Correction, registry: PopulationInRequest, once: OnceInRequest
) -> Person:
    """Correct or change one value of a person 校核更正; what was known before stays in the history."""

    async def act() -> Person:
        return seen(await registry.correct(row, body, by=actor), _MAINTENANCE)

    return await once(act, Person)


@router.post(
    "/persons/{person}/deaths",
    status_code=201,
    responses=problems(
        NoSuchPerson,
        RecordMerged,
        StatedForAnother,
        BadPeriod,
        PersonStateProblem,
        NotTheSource,
        KeyUsedOtherwise,
        StillRunning,
    ),
)
async def record_death(
    actor: Maintainer, row: PersonInPath, body: Death, registry: PopulationInRequest, once: OnceInRequest
) -> Person:
    """Record a death 死亡登记."""

    async def act() -> Person:
        return seen(await registry.record_death(row, body, by=actor), _MAINTENANCE)

    return await once(act, Person)


@router.post(
    "/persons/{person}/relations",
    status_code=201,
    responses=problems(
        NoSuchPerson,
        RecordMerged,
        StatedForAnother,
        BadPeriod,
        RelationProblem,
        NotTheSource,
        KeyUsedOtherwise,
        StillRunning,
    ),
)
async def relate_persons(
    actor: Maintainer, row: PersonInPath, body: RelationDraft, registry: PopulationInRequest, once: OnceInRequest
) -> Relation:
    """Record that the person is another one's guardian 登记监护关系."""
    return await once(lambda: registry.relate(row, body, by=actor), Relation)


@router.post(
    "/persons/{person}/relations/ends",
    status_code=201,
    responses=problems(
        NoSuchPerson,
        RecordMerged,
        StatedForAnother,
        NoSuchRelation,
        BadPeriod,
        NotTheSource,
        KeyUsedOtherwise,
        StillRunning,
    ),
)
async def end_relation(
    actor: Maintainer, row: PersonInPath, body: RelationEnd, registry: PopulationInRequest, once: OnceInRequest
) -> Relation:
    """Record that the person is another one's guardian no more 终止监护关系; its days stay in the history."""
    return await once(lambda: registry.end_relation(row, body, by=actor), Relation)


@router.get(
    "/persons/{person}/relations", responses=problems(NoSuchPerson, RecordMerged, UnknownPurpose, BeyondPurpose)
)
async def list_relations(
    actor: PersonReader, person: UUID, query: Annotated[RelationQuery, Query()], work: WorkInRequest
) -> RelationList:
    """List whose guardian a person is, and who hers are 查看监护关系: today, on a day, or with all that ended."""
    return await Readings(work, actor).relations(person, purpose_of(query.purpose), query)


@internal.post("/verifications", responses=problems(UnknownPurpose, BeyondPurpose))
async def verify_real_name(actor: CitizenPass, body: Verification, work: WorkInRequest) -> Verdict:
    """Say whether a name and a number belong together 实名核验; a no never says which part was wrong."""
    return await verify(work, body, by=actor)
