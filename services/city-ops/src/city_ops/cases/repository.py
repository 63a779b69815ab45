"""The reads of cases, each one starting from what the caller may see."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, or_, select

from city_ops.cases.models import CaseRow, ExtensionRow, PhotoRow, TrailRow
from city_ops.cases.schemas import CaseFilter
from citykit.access import Actor
from citykit.actors import ActorKind

REPORT = "city-ops.cases.report"
PATROL = "city-ops.cases.patrol"
READ = "city-ops.cases.read"
ACCEPT = "city-ops.cases.accept"
DISPATCH = "city-ops.cases.dispatch"
HANDLE = "city-ops.cases.handle"
VERIFY = "city-ops.cases.verify"
DESK = (ACCEPT, DISPATCH, VERIFY)


def account(actor: Actor) -> UUID | None:
    """The account id of a person; None for a program, which has none."""
    if actor.kind is not ActorKind.person:
        return None
    try:
        return UUID(actor.subject)
    except ValueError:
        return None


def sees_all(actor: Actor) -> bool:
    """Whether `actor` works at the desk, or is a program that was given the reading scope."""
    return any(actor.may(scope) for scope in DESK) or (actor.kind is ActorKind.client and actor.may(READ))


def is_inside(actor: Actor, case: CaseRow) -> bool:
    """Whether `actor` sees `case` as an official and not as the citizen who reported it."""
    at_work = bool(actor.department) and actor.department == case.department_code
    return sees_all(actor) or (at_work and (actor.may(HANDLE) or actor.may(READ)))


def _may_see(actor: Actor) -> ColumnElement[bool]:
    ways: list[ColumnElement[bool]] = []
    if actor.department and (actor.may(HANDLE) or actor.may(READ)):
        ways.append(CaseRow.department_code == actor.department)
    own = account(actor)
    if own is not None:
        ways.append(CaseRow.reporter == own)
    return or_(*ways) if ways else false()


def visible_to(actor: Actor) -> Select[CaseRow]:
    """The cases that `actor` may see: all at the desk, those of the own department, those that one reported."""
    cases = select(CaseRow)
    return cases if sees_all(actor) else cases.where(_may_see(actor))


def chosen(actor: Actor, query: CaseFilter, now: datetime) -> Select[CaseRow]:
    """Those of the cases that `actor` may see which `query` asks for."""
    cases = visible_to(actor)
    for name in ("state", "class_code", "division_code", "department_code", "source_kind"):
        value = getattr(query, name)
        if value is not None:
            cases = cases.where(getattr(CaseRow, name) == value)
    if query.overdue is not None:
        in_time = or_(CaseRow.due_at.is_(None), CaseRow.due_at >= now)
        cases = cases.where(CaseRow.due_at < now if query.overdue else in_time)
    return cases.where(CaseRow.reporter == account(actor)) if query.mine else cases


def case_to_act_on(case_id: UUID, actor: Actor) -> Select[CaseRow]:
    """A case that `actor` may see, locked for an act."""
    return visible_to(actor).where(CaseRow.id == case_id).with_for_update()


def trail_of(case_id: UUID) -> Select[TrailRow]:
    """The steps of a case in order."""
    return select(TrailRow).where(TrailRow.case_id == case_id).order_by(TrailRow.at, TrailRow.id)


def photos_of(case_id: UUID) -> Select[PhotoRow]:
    """The photos of a case, without their contents."""
    return select(PhotoRow).where(PhotoRow.case_id == case_id).order_by(PhotoRow.uploaded_at, PhotoRow.id)


def extensions_of(case_id: UUID) -> Select[ExtensionRow]:
    """The extensions of a case in order."""
    return select(ExtensionRow).where(ExtensionRow.case_id == case_id).order_by(ExtensionRow.asked_at)
