"""The reads of organisations. Departments are public; the rest is for staff, by the router's rule."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from gov_collab.organisations.domain import Clause, Role
from gov_collab.organisations.models import AppointmentRow, DepartmentRow, PostRow, ResponsibilityRow
from gov_collab.organisations.schemas import AppointmentFilter, DepartmentFilter, ResponsibilityFilter


def in_force(
    valid_from: InstrumentedAttribute[date], valid_to: InstrumentedAttribute[date | None], on: date
) -> ColumnElement[bool]:
    """The condition that a row holds on a day; `valid_to` is the first day without."""
    return and_(valid_from <= on, or_(valid_to.is_(None), valid_to > on))


def departments(query: DepartmentFilter, today: date) -> Select[DepartmentRow]:
    """The departments that a filter asks for, as they stand on its day."""
    on = query.on or today
    statement = select(DepartmentRow).where(in_force(DepartmentRow.valid_from, DepartmentRow.valid_to, on))
    if query.division is not None:
        statement = statement.where(DepartmentRow.division_code.startswith(query.division, autoescape=True))
    if query.parent is not None:
        statement = statement.where(DepartmentRow.parent_code == query.parent)
    if query.words is not None:
        named = (DepartmentRow.name, DepartmentRow.short_name)
        statement = statement.where(or_(*(column.icontains(query.words, autoescape=True) for column in named)))
    return statement


def posts_of(department_code: str) -> Select[PostRow]:
    """The posts of a department."""
    return select(PostRow).where(PostRow.department_code == department_code)


def appointments(query: AppointmentFilter) -> Select[AppointmentRow]:
    """The appointments that a filter asks for."""
    statement = select(AppointmentRow)
    if not query.ended:
        statement = statement.where(AppointmentRow.ended_at.is_(None))
    if query.department is not None:
        statement = statement.where(AppointmentRow.department_code == query.department)
    if query.subject is not None:
        statement = statement.where(AppointmentRow.subject == query.subject)
    return statement


def responsibilities(query: ResponsibilityFilter) -> Select[ResponsibilityRow]:
    """The clauses that a filter asks for."""
    statement = select(ResponsibilityRow)
    if query.on is not None:
        statement = statement.where(in_force(ResponsibilityRow.valid_from, ResponsibilityRow.valid_to, query.on))
    if query.matter is not None:
        statement = statement.where(ResponsibilityRow.matter_code == query.matter)
    if query.area is not None:
        statement = statement.where(ResponsibilityRow.area_code == query.area)
    if query.department is not None:
        statement = statement.where(ResponsibilityRow.department_code == query.department)
    return statement


async def clauses(
    session: AsyncSession, matters: Sequence[str], areas: Sequence[str], on: date
) -> list[tuple[Clause, str]]:
    """The clauses in force on `on` at any level of the two chains, each with its department's name.

    A department that is closed on that day answers for nothing, whatever the list says.
    """
    row = ResponsibilityRow
    statement = (
        select(row, DepartmentRow.name)
        .join(DepartmentRow, DepartmentRow.code == row.department_code)
        .where(
            row.matter_code.in_(matters),
            row.area_code.in_(areas),
            in_force(row.valid_from, row.valid_to, on),
            in_force(DepartmentRow.valid_from, DepartmentRow.valid_to, on),
        )
    )
    found = (await session.execute(statement)).all()
    return [
        (
            Clause(
                r.id, r.matter_code, r.area_code, Role(r.role), r.department_code, r.legal_basis, r.valid_from,
                r.valid_to, r.priority,
            ),
            name,
        )
        for r, name in found
    ]  # fmt: skip


async def names_department_after(session: AsyncSession, code: str, on: date) -> bool:
    """Whether an appointment, a clause or a department below still counts on this department on or after `on`."""
    appointed = select(AppointmentRow.id).where(
        AppointmentRow.department_code == code,
        AppointmentRow.ended_at.is_(None),
        or_(AppointmentRow.valid_to.is_(None), AppointmentRow.valid_to > on),
    )
    answering = select(ResponsibilityRow.id).where(
        ResponsibilityRow.department_code == code,
        or_(ResponsibilityRow.valid_to.is_(None), ResponsibilityRow.valid_to > on),
    )
    below = select(DepartmentRow.code).where(
        DepartmentRow.parent_code == code, or_(DepartmentRow.valid_to.is_(None), DepartmentRow.valid_to > on)
    )
    return bool(await session.scalar(select(or_(appointed.exists(), answering.exists(), below.exists()))))
