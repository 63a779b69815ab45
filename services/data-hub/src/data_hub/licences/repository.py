"""The reads of licences, each one starting from what the caller may see."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, desc, func, select, text
from sqlalchemy.dialects.postgresql import insert

from citykit.pages import Page, keyset_page
from citykit.work import Work
from data_hub.licences.domain import LIST_VALUES, Identifier, Status
from data_hub.licences.models import (
    AuthorisationRow,
    BatchRow,
    CounterRow,
    FaultRow,
    LicenceRow,
    PartRow,
    TypeRow,
    UseRow,
)
from data_hub.licences.schemas import (
    Authorisation,
    AuthorisationFilter,
    Batch,
    Fault,
    FaultFilter,
    LicenceBrief,
    LicenceFilter,
    LicenceType,
    OwnFilter,
    TypeFilter,
    Use,
    UseFilter,
)


async def reserved(work: Work, counter: str, count: int) -> int:
    """The first of `count` running numbers that nobody else gets; the first ever is 0."""
    statement = (
        insert(CounterRow)
        .values(name=counter, used=count)
        .on_conflict_do_update(index_elements=[CounterRow.name], set_={"used": CounterRow.used + count})
        .returning(CounterRow.used)
    )
    return int(await work.session.scalar(statement) or count) - count


async def type_row(
    work: Work, code: str, seen: ColumnElement[bool], *, lock: bool = False, keep: bool = False
) -> TypeRow | None:
    """A type that the caller may see: locked to be changed, or kept as it is while something is made of it."""
    statement = select(TypeRow).where(TypeRow.code == code, seen)
    if lock or keep:
        statement = statement.with_for_update(read=keep)
    return (await work.session.scalars(statement)).first()


async def types(work: Work, query: TypeFilter) -> Page[LicenceType]:
    """The types, by code."""
    statement: Select[TypeRow] = select(TypeRow)
    if query.department is not None:
        statement = statement.where(TypeRow.department == query.department)
    return await keyset_page(work.session, statement, keys=(TypeRow.code,), query=query, make=LicenceType.of)


async def type_names(work: Work, codes: Sequence[str]) -> dict[str, str]:
    """The Chinese names of types."""
    rows = await work.session.execute(select(TypeRow.code, TypeRow.name_zh).where(TypeRow.code.in_(codes)))
    return {row.code: row.name_zh for row in rows}


async def field_titles(work: Work, identifier: str | None) -> dict[str, str]:
    """What the fields of a licence are called on paper, by their names in data."""
    parsed = Identifier.parse(identifier or "")
    kind = None if parsed is None else await work.session.get(TypeRow, parsed.type_code)
    return {} if kind is None else {str(one["name"]): str(one["title"]) for one in kind.fields}


async def licence_row(
    work: Work, licence_id: UUID, seen: ColumnElement[bool], *, lock: bool = False
) -> LicenceRow | None:
    """A licence that the caller may see, locked where it is to be acted on."""
    statement = select(LicenceRow).where(LicenceRow.id == licence_id, seen)
    return (await work.session.scalars(statement.with_for_update() if lock else statement)).first()


async def by_identifier(work: Work, identifier: str) -> LicenceRow | None:
    """The licence of an identifier."""
    return (await work.session.scalars(select(LicenceRow).where(LicenceRow.identifier == identifier))).first()


async def licences(work: Work, query: LicenceFilter, seen: ColumnElement[bool], today: date) -> Page[LicenceBrief]:
    """The licences that the caller may see, newest first."""
    statement: Select[LicenceRow] = select(LicenceRow).where(seen)
    if query.type_code is not None:
        statement = statement.where(LicenceRow.type_code == query.type_code)
    if query.status is not None:
        statement = statement.where(LicenceRow.status == query.status)
    return await keyset_page(
        work.session, statement, keys=(desc(LicenceRow.id),), query=query, make=lambda row: LicenceBrief.of(row, today)
    )


async def held(work: Work, query: OwnFilter, held_by: ColumnElement[bool], today: date) -> Page[LicenceBrief]:
    """The licences of a holder, newest first."""
    statement: Select[LicenceRow] = select(LicenceRow).where(held_by)
    return await keyset_page(
        work.session, statement, keys=(desc(LicenceRow.id),), query=query, make=lambda row: LicenceBrief.of(row, today)
    )


async def listed_statuses(work: Work, number: int) -> dict[int, int] | None:
    """The places of a status list that are not valid, with their values; None where there is no such list."""
    mine = LicenceRow.status_list == number
    if await work.session.scalar(select(LicenceRow.id).where(mine).limit(1)) is None:
        return None
    rows = await work.session.execute(
        select(LicenceRow.status_place, LicenceRow.status).where(mine, text("status <> 'valid'"))
    )
    return {row.status_place: LIST_VALUES[Status(row.status)] for row in rows}


async def authorisation_row(work: Work, leave: UUID, seen: ColumnElement[bool]) -> AuthorisationRow | None:
    """A leave that the caller may see, locked: two uses of the last one come one after the other."""
    statement = select(AuthorisationRow).where(AuthorisationRow.id == leave, seen).with_for_update()
    return (await work.session.scalars(statement)).first()


async def authorisations(work: Work, query: AuthorisationFilter, seen: ColumnElement[bool]) -> Page[Authorisation]:
    """Leaves, newest first."""
    statement: Select[AuthorisationRow] = select(AuthorisationRow).where(seen)
    keys = (desc(AuthorisationRow.id),)
    return await keyset_page(work.session, statement, keys=keys, query=query, make=Authorisation.of)


async def uses(work: Work, query: UseFilter, licence_id: UUID) -> Page[Use]:
    """The uses of a licence, newest first."""
    statement: Select[UseRow] = select(UseRow).where(UseRow.licence_id == licence_id)
    return await keyset_page(work.session, statement, keys=(desc(UseRow.id),), query=query, make=Use.of)


async def batch(work: Work, batch_id: UUID, seen: ColumnElement[bool]) -> Batch | None:
    """A batch that the caller may see, and how far it is."""
    statement = (
        select(
            BatchRow,
            func.sum(PartRow.issued),
            func.sum(PartRow.refused),
            func.bool_and(PartRow.done_at.is_not(None)),
            func.min(PartRow.failure),
        )
        .join(PartRow, PartRow.batch == BatchRow.id)
        .where(BatchRow.id == batch_id, seen)
        .group_by(BatchRow.id)
    )
    row = (await work.session.execute(statement)).first()
    if row is None:
        return None
    return Batch.of(row[0], int(row[1]), int(row[2]), done=bool(row[3]), failure=row[4])


async def faults(work: Work, query: FaultFilter, batch_id: UUID) -> Page[Fault]:
    """The rows of a batch that became no licence, by line."""
    statement: Select[FaultRow] = select(FaultRow).where(FaultRow.batch == batch_id)
    return await keyset_page(
        work.session, statement, keys=(FaultRow.line,), query=query,
        make=lambda row: Fault(line=row.line, faults=row.faults),
    )  # fmt: skip
