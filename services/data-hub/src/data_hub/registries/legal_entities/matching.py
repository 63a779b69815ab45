"""Finds legal entities by a name or a code with a slip in it, and says how each candidate agrees."""

from dataclasses import dataclass
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
from data_hub.registries.matching.entities import alike_words, exact_words, near_words, sound_words
from data_hub.registries.matching.scoring import LEAST, Clue
from data_hub.registries.matching.tokens import token

BOUND = 60  # rows that one way may bring
_FEW = 20  # rows of a way that finds very many and tells little
# A county is compared by an expression on purpose: its index would lead through all firms of the county.
_WAYS = {
    "codes": "uscc = any(%(codes)s)",
    "exact": "match_keys && %(exact)s::int[]",
    "near": "match_keys && %(near)s::int[]",
    "sound": "match_keys && %(sound)s::int[]",
    "alike_there": "match_keys && %(alike)s::int[] and left(division_code, 6) = %(county)s",
    "alike_then": "match_keys && %(alike)s::int[] and established_on = %(day)s",
    "alike": "match_keys && %(alike)s::int[]",
}
_BOUNDS = {way: _FEW if way.startswith("alike") else BOUND for way in _WAYS}
_ARM = """(select {number} as way, found.* from (
  select uscc, name, state, legal_form, division_code, established_on, name_keys from legal_entity
  where {condition} limit {bound}
) found)"""


def _statement(ways: list[str]) -> str:
    """All `ways` at once; each brings one row more than it may, so that a cut one is seen."""
    arms = (_ARM.format(number=n, condition=_WAYS[way], bound=_BOUNDS[way] + 1) for n, way in enumerate(ways))
    return " union all ".join(arms)


_LAST = ["alike"]  # taken where nothing else brought anybody
BY_NAME = _statement(["exact", "near", "sound"])  # the ways of a name that is nearly right at once, for measurements


def name_values(key: str) -> dict[str, list[int]]:
    """What the ways of a name want to know: the tokens of each."""
    words = {"exact": exact_words, "near": near_words, "sound": sound_words, "alike": alike_words}
    return {way: sorted(map(token, of(key))) for way, of in words.items()}


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
        asked = _Asked(question, codes, key)
        steps, values = _steps(asked)
        rows: dict[str, tuple[Any, ...]] = {}
        best: list[tuple[float, tuple[Any, ...], list[Clue]]] = []
        cut = False
        # A bounded way must never become a walk through the table, whatever the planner guesses of its yield.
        await (await self._work.driver()).execute("set local enable_seqscan = off")
        for step in steps:
            if len(best) >= (1 if step == _LAST else question.limit):
                break
            more, cut_here = await self._candidates(step, values)
            rows, cut = rows | more, cut or cut_here
            best = _ranked(asked, rows)
        items = [
            EntityMatch(
                score=worth, agreement=[EntityClue(field=clue.field, how=clue.how) for clue in clues],
                entity=LegalEntityBrief(**dict(zip(LegalEntityBrief.model_fields, row, strict=False))),
            )
            for worth, row, clues in best[: question.limit]
        ]  # fmt: skip
        return EntityMatches(items=items, cut=cut or len(best) > question.limit)

    async def _candidates(self, ways: list[str], values: dict[str, Any]) -> tuple[dict[str, tuple[Any, ...]], bool]:
        if not ways:
            return {}, False
        connection = await self._work.driver()
        statement = _statement(ways)
        rows: dict[str, tuple[Any, ...]] = {}
        brought = [0] * len(ways)
        for way, *row in await (await connection.execute(statement.encode(), values)).fetchall():
            brought[way] += 1
            rows.setdefault(row[0], tuple(row))
        return rows, any(count > _BOUNDS[way] for way, count in zip(ways, brought, strict=True))


@dataclass(frozen=True, slots=True)
class _Asked:
    question: EntityMatchQuestion
    codes: dict[str, Slip]
    key: str | None

    @property
    def is_led_by_code(self) -> bool:
        """Whether who does not carry the code cannot be worth telling, even where all else agrees."""
        if not self.codes or self.key is None:
            return bool(self.codes)
        division = self.question.division_code
        stem = None if division is None else stem_of(canonical(division))
        ideal = ("", "", "", "", stem, self.question.established_on, [self.key])
        return scoring.score(_clues(self, ideal)) < LEAST


def _steps(asked: _Asked) -> tuple[list[list[str]], dict[str, Any]]:
    """The ways that are worth taking together, the surest first, and what they want to know.

    Whoever carries the very name or its distinctive part agrees better than any name with a slip in it, and of a
    distinctive part with a slip any few of very many are told where nothing else is known that leads to them.
    """
    question, first = asked.question, ["codes"] if asked.codes else []
    values: dict[str, Any] = {"codes": list(asked.codes)}
    if asked.key is None or asked.is_led_by_code:
        return [first], values
    told, second = name_values(asked.key), ["near", "sound"]
    if question.division_code is not None and len(stem := stem_of(canonical(question.division_code))) >= 6:
        second.append("alike_there")
        values["county"] = stem[:6]
    if question.established_on is not None:
        second.append("alike_then")
        values["day"] = question.established_on
    return [[*first, "exact"], second, _LAST], values | told


def _ranked(asked: _Asked, rows: dict[str, tuple[Any, ...]]) -> list[tuple[float, tuple[Any, ...], list[Clue]]]:
    """The candidates that are worth telling, the best first."""
    weighed = ((_clues(asked, row), row) for row in rows.values())
    scored = [(scoring.score(clues), row, clues) for clues, row in weighed]
    return sorted((one for one in scored if one[0] >= LEAST), key=lambda one: (-one[0], one[1][0]))


def _clues(asked: _Asked, row: tuple[Any, ...]) -> list[Clue]:
    question, codes, key = asked.question, asked.codes, asked.key
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
