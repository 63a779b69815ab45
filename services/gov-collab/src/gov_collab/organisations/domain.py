"""Who answers for a matter at a place on a day: the rules of the responsibility list, without I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from citykit.identifiers import gbt2260


class Role(StrEnum):
    """What a department has to do with a matter."""

    lead = "lead"  # 主办: answers for it
    co = "co"  # 协办: helps
    supervise = "supervise"  # 监督: watches


@dataclass(frozen=True)
class Clause:
    """One row of the responsibility list; it holds from `valid_from` until the day before `valid_to`."""

    id: UUID
    matter: str
    area: str
    role: Role
    department_code: str
    legal_basis: str
    valid_from: date
    valid_to: date | None
    priority: int = 0

    def holds(self, on: date) -> bool:
        """Whether the clause is in force on that day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


@dataclass(frozen=True)
class Answering:
    """Who answers: the leading clause, and the clauses that name helpers and supervisors."""

    lead: Clause
    co: tuple[Clause, ...]
    supervise: tuple[Clause, ...]


def area_chain(code: str) -> tuple[str, ...]:
    """The division itself, the one above it, and so on up to the province: 131102001 → 131102001, 131102, 1311, 13.

    Raises InvalidDivisionCode where `code` is none.
    """
    division = gbt2260.parse(code)
    return (division.code, *(above.code for above in division.ancestors))


def resolve(clauses: Iterable[Clause], matters: Sequence[str], areas: Sequence[str], on: date) -> Answering | None:
    """Who answers for the matter `matters[0]` in the area `areas[0]` on `on`; None where no clause names a lead.

    Both sequences run from the thing itself up to its root. A clause on the matter itself goes before one on its class,
    whatever their areas; among those the most specific area wins, then the higher priority. Helpers and supervisors are
    taken, each for their role, from the most specific level that names any.
    """
    depth = {(m, a): (i, j) for i, m in enumerate(matters) for j, a in enumerate(areas)}
    fitting = [clause for clause in clauses if (clause.matter, clause.area) in depth and clause.holds(on)]

    def rank(clause: Clause) -> tuple[tuple[int, int], int, str]:
        return depth[clause.matter, clause.area], -clause.priority, str(clause.id)

    def named(role: Role) -> tuple[Clause, ...]:
        ranked = sorted((clause for clause in fitting if clause.role is role), key=rank)
        return tuple(clause for clause in ranked if rank(clause)[0] == rank(ranked[0])[0])

    leads = named(Role.lead)
    return Answering(leads[0], named(Role.co), named(Role.supervise)) if leads else None
