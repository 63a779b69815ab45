"""The reads of licences, each one starting from what the caller may see."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, desc, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from citykit.pages import Page, keyset_page
from citykit.work import Work
from data_hub.licences.access import issued_of
from data_hub.licences.domain import LIST_VALUES, Identifier, Status, standing
from data_hub.licences.models import (
    AuthorisationRow,
    BatchRow,
    CounterRow,
    FaultRow,
    IssuerRow,
    LicenceRow,
    PartRow,
    TypeRow,
    UseRow,
)
from data_hub.licences.schemas import (
    Batch,
    Fault,
    FaultFilter,
    Issuer,
    IssuerFilter,
    LicenceBrief,
    LicenceFilter,
    LicenceType,
    OwnFilter,
    TypeFilter,
)
from data_hub.licences.use_schemas import Authorisation, AuthorisationFilter, Use, UseFilter


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
        statement = statement.where(issued_of(query.department))
    return await keyset_page(work.session, statement, keys=(TypeRow.code,), query=query, make=LicenceType.of)


async def issuers(work: Work, query: IssuerFilter, code: str) -> Page[Issuer]:
    """The issuers of a type beside the one that it names, former ones too."""
    statement: Select[IssuerRow] = select(IssuerRow).where(IssuerRow.type_code == code)
    return await keyset_page(work.session, statement, keys=(IssuerRow.department,), query=query, make=Issuer.of)


async def issuer_name(work: Work, kind: TypeRow, department: str) -> str:
    """What an issuer of a type is called, also one that was."""
    beside = await work.session.get(IssuerRow, (kind.code, department))
    return kind.department_name if beside is None else beside.department_name


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


async def newest_version(work: Work, row: LicenceRow) -> LicenceRow:
    """The version of a licence that counts, locked: whoever renews it at this moment is waited for."""
    seen = 0
    while True:
        statement = (
            select(LicenceRow)
            .where(versions(row))
            .order_by(desc(LicenceRow.version))
            .limit(1)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        newest = (await work.session.scalars(statement)).one()
        if newest.status != Status.superseded or newest.version == seen:
            return newest
        seen = newest.version


def versions(row: LicenceRow) -> ColumnElement[bool]:
    """The versions of a licence: they share its serial."""
    return and_(LicenceRow.type_code == row.type_code, LicenceRow.serial == row.serial)


def leaves_of(row: LicenceRow) -> ColumnElement[bool]:
    """The leaves for a licence, under whichever version they were given."""
    return AuthorisationRow.licence_id.in_(select(LicenceRow.id).where(versions(row)))


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


async def authorisations(
    work: Work, query: AuthorisationFilter, seen: ColumnElement[bool], today: date
) -> Page[Authorisation]:
    """Leaves, newest first, each with what its licence is worth today."""
    later = aliased(LicenceRow)
    newest = (
        select(later.id)
        .where(later.type_code == LicenceRow.type_code, later.serial == LicenceRow.serial)
        .order_by(desc(later.version))
        .limit(1)
        .correlate(LicenceRow)
        .scalar_subquery()
    )
    current = aliased(LicenceRow)
    statement: Select[Any] = (
        select(AuthorisationRow)
        .add_columns(current.status, current.valid_from, current.valid_to)
        .join(LicenceRow, LicenceRow.id == AuthorisationRow.licence_id)
        .join(current, current.id == newest)
        .where(seen)
    )

    def made(row: tuple[AuthorisationRow, str, date, date | None]) -> Authorisation:
        leave, status, valid_from, valid_to = row
        return Authorisation.of(leave, standing(Status(status), valid_from, valid_to, today))

    return await keyset_page(work.session, statement, keys=(desc(AuthorisationRow.id),), query=query, make=made)


async def uses(work: Work, query: UseFilter, row: LicenceRow) -> Page[Use]:
    """The uses of a licence, of all its versions, newest first."""
    mine = UseRow.licence_id.in_(select(LicenceRow.id).where(versions(row)))
    statement: Select[UseRow] = select(UseRow).where(mine)
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
