"""The responsibility list 权责清单: its clauses, and the one answer to "who answers for this"."""

from datetime import date
from typing import Annotated

from fastapi import Depends
from sqlalchemy.exc import IntegrityError

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.pages import Page, keyset_page
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from gov_collab.matters.errors import UnknownMatter
from gov_collab.matters.service import Matters
from gov_collab.organisations import repository
from gov_collab.organisations.domain import Role, area_chain, resolve
from gov_collab.organisations.errors import NobodyAnswers, ResponsibilityEnded, SecondLead
from gov_collab.organisations.models import ResponsibilityRow
from gov_collab.organisations.schemas import (
    Closing,
    Named,
    Resolution,
    Responsibility,
    ResponsibilityDraft,
    ResponsibilityFilter,
)
from gov_collab.organisations.service import Organisations


class Responsibilities:
    """The responsibility list within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._session = work.session
        self._organisations = Organisations(work)
        self._matters = Matters(work)

    async def publish(self, draft: ResponsibilityDraft, *, by: Actor | str) -> Responsibility:
        """Publish a clause. Raises SecondLead (409), UnknownDepartment and UnknownMatter (422)."""
        try:
            await self._matters.matter(draft.matter)
        except UnknownMatter as unknown:
            error = FieldError(pointer="/body/matter", code="unknown", message="unknown matter")
            raise UnknownMatter(unknown.detail, errors=[error]) from unknown
        await self._organisations.department(draft.department_code, on=max(self._organisations.today, draft.valid_from))
        row = ResponsibilityRow(
            id=new_id(), matter_code=draft.matter, area_code=draft.area, department_code=draft.department_code,
            role=draft.role.value, legal_basis=draft.legal_basis, valid_from=draft.valid_from, valid_to=draft.valid_to,
            priority=draft.priority, made_at=self._work.clock.now(),
        )  # fmt: skip
        self._session.add(row)
        await self._write(row, act="publish", by=by, data=draft.model_dump(mode="json"))
        return Responsibility.of(row)

    async def end(self, row: ResponsibilityRow, closing: Closing, *, by: Actor) -> Responsibility:
        """Let a clause end on a day. One that would end before it begins never held: it ends on its first day.

        Raises ResponsibilityEnded (409) where it ends on that day or earlier already.
        """
        last = max(closing.on, row.valid_from)
        if row.valid_to is not None and row.valid_to <= last:
            raise ResponsibilityEnded()
        row.valid_to = last
        await self._write(row, act="end", by=by, data=closing.model_dump(mode="json"))
        return Responsibility.of(row)

    async def page(self, query: ResponsibilityFilter) -> Page[Responsibility]:
        """Clauses, oldest first."""
        statement = repository.responsibilities(query)
        keys = (ResponsibilityRow.id,)
        return await keyset_page(self._session, statement, keys=keys, query=query, make=Responsibility.of)

    async def answering(self, matter: str, division: str, on: date | None = None) -> Resolution:
        """Who answers for `matter` at `division` on `on` (today), by which clause.

        Raises UnknownMatter (422) and NobodyAnswers (404).
        """
        day = on or self._organisations.today
        matters, areas = await self._matters.chain(matter), area_chain(division)
        found = await repository.clauses(self._session, matters, areas, day)
        names = {clause.id: name for clause, name in found}
        answer = resolve((clause for clause, _ in found), matters, areas, day)
        if answer is None:
            where = f"{matter} @ {division} {day.isoformat()}"
            raise NobodyAnswers((f"权责清单中没有 {where} 的主办单位", f"Nobody leads for {where}"))
        return Resolution(
            matter=matter, division=division, on=day,
            lead=Named.by(answer.lead, names[answer.lead.id]),
            co=[Named.by(clause, names[clause.id]) for clause in answer.co],
            supervise=[Named.by(clause, names[clause.id]) for clause in answer.supervise],
        )  # fmt: skip

    async def _write(self, row: ResponsibilityRow, *, act: str, by: Actor | str, data: dict[str, object]) -> None:
        try:
            await self._session.flush()
        except IntegrityError as error:
            if row.role == Role.lead.value and getattr(error.orig, "sqlstate", None) == "23P01":
                raise SecondLead() from error
            raise
        self._work.audit.note(stream=f"responsibility/{row.id}", act=act, by=by, data=data)


async def responsibilities(work: WorkInRequest) -> Responsibilities:
    """The responsibility list of this request's transaction."""
    return Responsibilities(work)


ResponsibilitiesInRequest = Annotated[Responsibilities, Depends(responsibilities)]
