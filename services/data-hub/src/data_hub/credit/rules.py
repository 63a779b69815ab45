"""What a city decides itself about credit: periods, limits, methods of rating. Each is added, from a day on, and stays.

What was worked out by an earlier rule keeps its days, and a rating is computed again by the method it names.
"""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy.dialects.postgresql import insert

from citykit.actors import Actor
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from data_hub.credit import repository
from data_hub.credit.domain import method_faults
from data_hub.credit.errors import RuleExists, RuleFault
from data_hub.credit.models import LimitRow, MethodRow, TermRow
from data_hub.credit.schemas import LimitDraft, MethodDraft, TermDraft, TermTable
from data_hub.credit.service import Credit


class Rules:
    """The acts on rules within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def add_term(self, draft: TermDraft, *, by: Actor) -> TermTable:
        """Set for how long penalties of a severity are published. Raises RuleFault, RuleExists."""
        wrong = [] if draft.minimum_months <= draft.maximum_months else [("maximum_months", "below-minimum")]
        return await self._add(TermRow, draft.model_dump(), draft.effective_from, wrong, by)

    async def add_limit(self, draft: LimitDraft, *, by: Actor) -> TermTable:
        """Set how soon an act is due. Raises RuleFault, RuleExists."""
        return await self._add(LimitRow, draft.model_dump(), draft.effective_from, [], by)

    async def add_method(self, draft: MethodDraft, *, by: Actor) -> TermTable:
        """Set how ratings are computed. Raises RuleFault, RuleExists."""
        method = draft.model_dump(mode="json", exclude={"version", "effective_from"})
        wrong = method_faults(draft.points, draft.most, draft.grades)
        values = {"version": draft.version, "effective_from": draft.effective_from, "method": method}
        return await self._add(MethodRow, values, draft.effective_from, wrong, by)

    async def _add(
        self, table: Any, values: dict[str, Any], begins: date, wrong: list[tuple[str, str]], by: Actor
    ) -> TermTable:
        if begins < Credit(self.work).today:
            wrong = [*wrong, ("effective_from", "past")]
        if wrong:
            raise RuleFault(errors=[FieldError(pointer=f"/body/{at}", code=code, message=code) for at, code in wrong])
        statement = insert(table).values(values).on_conflict_do_nothing().returning(table.effective_from)
        if (await self.work.session.scalar(statement)) is None:
            raise RuleExists
        told = {name: str(value) for name, value in values.items() if name != "method"}
        self.work.audit.note(stream="credit/rules", act=f"add-{table.__tablename__}", by=by, data=told)
        return await repository.term_table(self.work)


async def rules(work: WorkInRequest) -> Rules:
    """The acts, for a handler."""
    return Rules(work)


RulesInRequest = Annotated[Rules, Depends(rules)]
