"""Finds legal entities by a name or a code with a slip in it, and says how each candidate agrees."""

from typing import Any

from citykit.problems import FieldError
from citykit.work import Work
from data_hub.bigrams import search_key
from data_hub.divisions.domain import canonical, stem_of
from data_hub.registries.legal_entities.errors import NothingToMatch
from data_hub.registries.legal_entities.schemas import (
    EntityClue,
    EntityMatch,
    EntityMatches,
    EntityMatchQuestion,
    LegalEntityBrief,
)
from data_hub.registries.matching import scoring
from data_hub.registries.matching.edits import Slip, credit_codes
from data_hub.registries.matching.entities import exact_words, fuzzy_words
from data_hub.registries.matching.scoring import LEAST, Clue
from data_hub.registries.matching.tokens import token

BOUND = 60  # rows that one way may bring
_WAYS = {
    "codes": "uscc = any(%(codes)s)",
    "exact": "match_keys && %(exact)s::int[]",
    "fuzzy": "match_keys && %(fuzzy)s::int[]",
}
_ARM = """(select {number} as way, found.* from (
  select uscc, name, state, legal_form, division_code, established_on, name_keys from legal_entity
  where {condition} limit %(bound)s
) found)"""


def _statement(ways: list[str]) -> str:
    return " union all ".join(_ARM.format(number=n, condition=_WAYS[way]) for n, way in enumerate(ways))


BY_NAME = _statement(["exact", "fuzzy"])


class Matching:
    """Matches legal entities within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def match(self, question: EntityMatchQuestion) -> EntityMatches:
        """The best candidates. Raises NothingToMatch."""
        if question.uscc is None and question.name is None:
            raise NothingToMatch(errors=[FieldError(pointer="/body", code="required", message="uscc or name")])
        codes = credit_codes(question.uscc) if question.uscc is not None else {}
        key = search_key(question.name) if question.name is not None else None
        rows, cut = await self._candidates(list(codes), key)
        ranked = sorted(
            ((-scoring.score(clues := _clues(question, codes, key, row)), row[0], row, clues) for row in rows),
            key=lambda one: one[:2],
        )
        best = [one for one in ranked if -one[0] >= LEAST]
        items = [
            EntityMatch(
                score=-worth, agreement=[EntityClue(field=clue.field, how=clue.how) for clue in clues],
                entity=LegalEntityBrief(**dict(zip(LegalEntityBrief.model_fields, row, strict=False))),
            )
            for worth, _, row, clues in best[: question.limit]
        ]  # fmt: skip
        return EntityMatches(items=items, cut=cut or len(best) > question.limit)

    async def _candidates(self, codes: list[str], key: str | None) -> tuple[list[tuple[Any, ...]], bool]:
        ways = (["codes"] if codes else []) + (["exact", "fuzzy"] if key is not None else [])
        if not ways:
            return [], False
        values: dict[str, Any] = {"codes": codes, "bound": BOUND + 1}
        if key is not None:
            values |= {"exact": sorted(map(token, exact_words(key))), "fuzzy": sorted(map(token, fuzzy_words(key)))}
        connection = await self._work.driver()
        # A bounded way must never become a walk through the table, whatever the planner guesses of its yield.
        await connection.execute("set local enable_seqscan = off")
        statement = _statement(ways)
        rows: dict[str, tuple[Any, ...]] = {}
        brought = [0] * len(ways)
        for way, *row in await (await connection.execute(statement.encode(), values)).fetchall():
            brought[way] += 1
            rows.setdefault(row[0], tuple(row))
        return list(rows.values()), any(count > BOUND for count in brought)


def _clues(question: EntityMatchQuestion, codes: dict[str, Slip], key: str | None, row: tuple[Any, ...]) -> list[Clue]:
    clues: list[Clue] = []
    if question.uscc is not None:
        clues.append(scoring.number("uscc", codes.get(row[0])))
    if key is not None:
        clues.append(scoring.firm_name(key, row[6]))
    if question.division_code is not None:
        clues.append(scoring.place(stem_of(canonical(question.division_code)), row[4]))
    if question.established_on is not None:
        clues.append(scoring.day("established_on", question.established_on, row[5]))
    return clues
