"""Finds legal entities by a name or a code with a slip in it, and says how each candidate agrees."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from citykit.problems import FieldError
from citykit.runtime import Reads
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
from data_hub.registries.matching.entities import alike_words, core_words, near_words, sound_words, very_words
from data_hub.registries.matching.scoring import LEAST, Clue
from data_hub.registries.matching.tokens import token

BOUND = 60  # rows that one way may bring
Ways = Mapping[str, int]  # how many rows each way that is taken may bring
_FEW = 20  # rows of a way that finds very many and tells little
# A county is compared by an expression on purpose: its index would lead through all firms of the county.
_WAYS = {
    "codes": "uscc = any(%(codes)s)",
    "very": "match_keys && %(very)s::int[]",
    "core": "match_keys && %(core)s::int[]",
    "near": "match_keys && %(near)s::int[]",
    "sound": "match_keys && %(sound)s::int[]",
    "alike_there": "match_keys && %(alike)s::int[] and left(division_code, 6) = %(county)s",
    "alike_then": "match_keys && %(alike)s::int[] and established_on = %(day)s",
    "alike": "match_keys && %(alike)s::int[]",
}
_ARM = """(select {number} as way, found.* from (
  select uscc, name, state, legal_form, division_code, established_on, name_keys from legal_entity
  where {condition} limit {bound}
) found)"""


def _statement(ways: Ways) -> str:
    """All `ways` at once; each brings one row more than it may, so that a cut one is seen."""
    arms = (_ARM.format(number=n, condition=_WAYS[way], bound=most + 1) for n, (way, most) in enumerate(ways.items()))
    return " union all ".join(arms)


_LAST = {"alike": _FEW}  # taken where nothing else brought anybody
# The ways of a name that is nearly right at once, for measurements.
BY_NAME = _statement({"very": BOUND, "core": BOUND, "near": BOUND, "sound": BOUND})


def name_values(key: str) -> dict[str, list[int]]:
    """What the ways of a name want to know: the tokens of each."""
    words = {"very": very_words, "core": core_words, "near": near_words, "sound": sound_words, "alike": alike_words}
    return {way: sorted(map(token, of(key))) for way, of in words.items()}


class Weighed(NamedTuple):
    """A candidate, and what it is worth."""

    score: float
    row: tuple[Any, ...]
    clues: list[Clue]


class Matching:
    """Matches legal entities."""

    def __init__(self, seeks: Reads) -> None:
        self._seeks = seeks

    async def match(self, question: EntityMatchQuestion) -> EntityMatches:
        """The best candidates. Raises NothingToMatch."""
        if question.uscc is None and question.name is None:
            raise NothingToMatch(errors=[FieldError(pointer="/body", code="required", message="uscc or name")])
        codes = credit_codes(question.uscc) if question.uscc is not None else {}
        key = search_key(question.name) if question.name is not None else None
        asked = _Asked(question, codes, key)
        steps, values = _steps(asked)
        weighed: dict[str, Weighed] = {}
        best: list[Weighed] = []
        cut = False
        for step in steps:
            if len(best) >= (1 if step == _LAST else question.limit):
                break
            more, is_bounded = await self._candidates(step, values)
            cut = cut or is_bounded
            for uscc, row in more.items():
                if uscc not in weighed:
                    clues = _clues(asked, row)
                    weighed[uscc] = Weighed(scoring.score(clues), row, clues)
            best = _ranked(weighed.values())
        items = [
            EntityMatch(
                score=one.score, agreement=[EntityClue(field=clue.field, how=clue.how) for clue in one.clues],
                entity=LegalEntityBrief(**dict(zip(LegalEntityBrief.model_fields, one.row, strict=False))),
            )
            for one in best[: question.limit]
        ]  # fmt: skip
        return EntityMatches(items=items, cut=cut or len(best) > question.limit)

    async def _candidates(self, ways: Ways, values: dict[str, Any]) -> tuple[dict[str, tuple[Any, ...]], bool]:
        if not ways:
            return {}, False
        statement = _statement(ways)
        rows: dict[str, tuple[Any, ...]] = {}
        brought = [0] * len(ways)
        for way, *row in await (await self._seeks.execute(statement.encode(), values)).fetchall():
            brought[way] += 1
            rows.setdefault(row[0], tuple(row))
        return rows, any(count > most for most, count in zip(ways.values(), brought, strict=True))


@dataclass(frozen=True, slots=True)
class _Asked:
    question: EntityMatchQuestion
    codes: dict[str, Slip]
    key: str | None

    @property
    def is_name_alone(self) -> bool:
        """Whether nothing but a name is known."""
        question = self.question
        return question.uscc is None and question.division_code is None and question.established_on is None

    @property
    def is_led_by_code(self) -> bool:
        """Whether who does not carry the code cannot be worth telling, even where all else agrees."""
        if not self.codes or self.key is None:
            return bool(self.codes)
        division = self.question.division_code
        stem = None if division is None else stem_of(canonical(division))
        ideal = ("", "", "", "", stem, self.question.established_on, [self.key])
        return scoring.score(_clues(self, ideal)) < LEAST


def _steps(asked: _Asked) -> tuple[list[Ways], dict[str, Any]]:
    """The ways that are worth taking together, the surest first, and what they want to know.

    Whoever carries the very name or its distinctive part agrees better than any name with a slip in it, and of a
    distinctive part with a slip any few of very many are told where nothing else is known that leads to them. Where
    nothing but a name is known, all who share its distinctive part are worth the same: no more are looked at than told.
    """
    question = asked.question
    first: dict[str, int] = {"codes": BOUND} if asked.codes else {}
    values: dict[str, Any] = {"codes": list(asked.codes)}
    if asked.key is None or asked.is_led_by_code:
        return [first], values
    first |= {"very": BOUND, "core": min(question.limit, BOUND) if asked.is_name_alone else BOUND}
    if asked.is_name_alone:
        # A whole name one slip away agrees better than a part that sounds alike. Some share a word of it by chance.
        near, sound = (min(most, BOUND) for most in (2 * question.limit, question.limit))
        return [first, {"near": near}, {"sound": sound}, _LAST], values | name_values(asked.key)
    second = {"near": BOUND, "sound": BOUND}
    if question.division_code is not None and len(stem := stem_of(canonical(question.division_code))) >= 6:
        second["alike_there"] = _FEW
        values["county"] = stem[:6]
    if question.established_on is not None:
        second["alike_then"] = _FEW
        values["day"] = question.established_on
    return [first, second, _LAST], values | name_values(asked.key)


def _ranked(weighed: Iterable[Weighed]) -> list[Weighed]:
    """The candidates that are worth telling, the best first."""
    return sorted((one for one in weighed if one.score >= LEAST), key=lambda one: (-one.score, one.row[0]))


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
