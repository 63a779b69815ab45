"""Finds persons by what somebody remembers of them, in spite of slips, and says how each candidate agrees.

Every way to a candidate is an index and a bound: however frequent a name is, a question reads a few hundred rows at
most, and the answer says when it was cut. Clues outside the purpose are refused: an agreement would tell them.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from citykit.actors import Actor
from citykit.work import Work
from data_hub.bigrams import search_key
from data_hub.divisions.domain import canonical, stem_of
from data_hub.registries.matching import scoring
from data_hub.registries.matching.edits import Slip, citizen_numbers
from data_hub.registries.matching.scoring import LEAST, Agreement, Clue
from data_hub.registries.matching.tokens import formerly, left_out, sounding, token, with_a_slip, within
from data_hub.registries.population.domain import name_form
from data_hub.registries.population.errors import NothingToSearch
from data_hub.registries.population.models import PersonRow
from data_hub.registries.population.reading import Readings
from data_hub.registries.population.repository import id_number_index
from data_hub.registries.population.schemas import MatchedClue, PersonMatch, PersonMatches, PersonMatchQuestion
from data_hub.registries.purposes.domain import Purpose
from data_hub.registries.purposes.service import check_covered, purpose_of

BOUND = 60  # rows that one way may bring
# Each way to candidates, by name: what it wants to know is bound by name too.
_WAYS = {
    "numbers": "where n.id_number_index = any(%(numbers)s)",
    "name": "where p.name_key = %(name)s",
    "name_born": "where p.name_key = %(name)s and p.birth_date between %(first)s and %(last)s",
    "born": """where p.birth_date = %(born)s
      and (p.match_keys && %(tokens)s::int[] or (length(p.name_key) = length(%(name)s) and length(%(name)s) = 2
        and (left(p.name_key, 1) = left(%(name)s, 1) or right(p.name_key, 1) = right(%(name)s, 1))))""",
    "county": "where p.match_keys && %(county)s::int[]",
    "former": "where p.match_keys && %(former)s::int[]",
    "sound": "where p.match_keys && %(sound)s::int[]",
    "slips": "where p.match_keys && %(slips)s::int[]",
}
_FROM = {"numbers": "n.id_number_index from person_number n join person p on p.id = n.person"}
_ARM = """(select {number} as way, found.* from (
  select p.id, p.name_key, p.former_names, p.birth_date, p.sex, p.division_code, {source} {condition} limit %(bound)s
) found)"""


def _statement(ways: list[str]) -> bytes:
    arms = [
        _ARM.format(number=n, source=_FROM.get(way, "null::bytea from person p"), condition=_WAYS[way])
        for n, way in enumerate(ways)
    ]
    return " union all ".join(arms).encode()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in the forms that records are compared in."""

    name: str | None
    numbers: dict[bytes, Slip]
    born: date | None
    stem: str | None
    sex: str | None

    @property
    def is_narrow(self) -> bool:
        """Whether more is known than a name."""
        return self.born is not None or self.has_county

    @property
    def has_county(self) -> bool:
        """Whether a county is known, or a part of one."""
        return self.stem is not None and len(self.stem) >= 6

    @property
    def is_led_by_number(self) -> bool:
        """Whether who does not carry the number cannot be worth telling, even where all else agrees."""
        if not self.numbers or self.name is None:
            return bool(self.numbers)
        ideal = _clues(self, self.name, [], self.born or date.min, self.sex or "", self.stem, None)
        return scoring.score(ideal) < LEAST


@dataclass(frozen=True, slots=True)
class Step:
    """Ways that are taken together, and what the best candidate that they alone can bring would be worth."""

    ways: list[str]
    most: float = 1.0


def _steps(asked: Asked) -> tuple[list[Step], dict[str, Any]]:
    """The ways that are worth taking, the surest first, and what they want to know."""
    first: list[str] = ["numbers"] if asked.numbers else []
    values: dict[str, Any] = {"numbers": list(asked.numbers), "bound": BOUND + 1}
    if asked.name is None or asked.is_led_by_number:
        return [Step(first)], values
    words = with_a_slip(asked.name)
    values |= {"name": asked.name, "former": [token(formerly(asked.name))], "sound": [token(sounding(asked.name))]}
    values["slips"] = sorted(map(token, words))
    first.append("name")
    if asked.born is not None:
        values |= {
            "born": asked.born,
            "first": asked.born.replace(month=1, day=1),
            "last": date(asked.born.year, 12, 31),
        }
        values["tokens"] = [*values["sound"], *values["slips"]]
        first += ["name_born", "born"]
    if asked.has_county:
        near = {*words, *left_out(asked.name), sounding(asked.name)}
        values["county"] = sorted(token(within(word, (asked.stem or "")[:6])) for word in near)
        first.append("county")
    steps = [Step(first), Step(["former", "sound"], _at_most(asked, Agreement.former))]
    if not asked.is_narrow:  # a name with a slip finds very many: where more is known, that leads to them
        steps.append(Step(["slips"], _at_most(asked, Agreement.one_character)))
    return steps, values


def _at_most(asked: Asked, how: Agreement) -> float:
    """What somebody is worth at best whose name agrees so, and whom the ways by number, day and county did not find."""
    clues = [scoring.clue("name", how, "person")]
    if asked.numbers:
        clues.append(scoring.number("id_number", None))
    if asked.born is not None:
        clues.append(scoring.clue("birth_date", Agreement.swapped, "day"))
    if asked.stem is not None:
        place = Agreement.different if asked.has_county else Agreement.within
        clues.append(scoring.clue("division_code", place, "place"))
    if asked.sex is not None:
        clues.append(scoring.clue("sex", Agreement.exact, "sex"))
    return scoring.score(clues)


class Matching:
    """Matches persons for somebody, within one transaction."""

    def __init__(self, work: Work, by: Actor) -> None:
        self._work = work
        self._by = by

    async def match(self, question: PersonMatchQuestion) -> PersonMatches:
        """The best candidates, masked. Raises UnknownPurpose, BeyondPurpose, NothingToSearch."""
        purpose = purpose_of(question.purpose, "/body/purpose")
        told = question.model_dump(exclude={"purpose", "limit"}, exclude_none=True)
        check_covered(purpose, {clue: clue for clue in told})
        if question.name is None and question.id_number is None:
            raise NothingToSearch()
        asked = self._asked(question)
        steps, values = _steps(asked)
        rows: dict[UUID, tuple[Any, ...]] = {}
        best: list[tuple[float, UUID, list[Clue]]] = []
        cut = False
        # A bounded way must never become a walk through the table, whatever the planner guesses of its yield.
        await (await self._work.driver()).execute("set local enable_seqscan = off")
        for step in steps:
            if len(best) >= question.limit and best[question.limit - 1][0] >= step.most:
                cut = True  # there may be more, and none of them better
                break
            more, is_bounded = await self._candidates(step.ways, values)
            rows, cut = more | rows, cut or is_bounded
            best = _ranked(asked, rows)
        items = await self._shown(best[: question.limit], purpose)
        return PersonMatches(items=items, cut=cut or len(best) > question.limit)

    def _asked(self, question: PersonMatchQuestion) -> Asked:
        today = self._work.clock.now().date()
        numbers = citizen_numbers(question.id_number, today) if question.id_number is not None else {}
        return Asked(
            name=search_key(name_form(question.name)) if question.name is not None else None,
            numbers={id_number_index(self._work, number): slip for number, slip in numbers.items()},
            born=question.birth_date,
            stem=stem_of(canonical(question.division_code)) if question.division_code is not None else None,
            sex=question.sex,
        )

    async def _candidates(self, ways: list[str], values: dict[str, Any]) -> tuple[dict[UUID, tuple[Any, ...]], bool]:
        """The rows that the ways bring, and whether one of them was cut."""
        if not ways:
            return {}, False
        connection = await self._work.driver()
        rows: dict[UUID, tuple[Any, ...]] = {}
        cut = False
        brought = [0] * len(ways)
        for way, *row in await (await connection.execute(_statement(ways), values)).fetchall():
            brought[way] += 1
            if brought[way] > BOUND:
                cut = True
            elif row[0] not in rows or row[6] is not None:
                rows[row[0]] = tuple(row)
        return rows, cut

    async def _shown(self, best: list[tuple[float, UUID, list[Clue]]], purpose: Purpose) -> list[PersonMatch]:
        found = await self._work.session.scalars(select(PersonRow).where(PersonRow.id.in_([one[1] for one in best])))
        rows = {row.id: row for row in found}
        readings = Readings(self._work, self._by)
        return [
            PersonMatch(
                score=score, person=readings.see(rows[person], purpose, "模糊比对人口库 Matched in the registry"),
                agreement=[MatchedClue(field=clue.field, how=clue.how) for clue in clues],
            )
            for score, person, clues in best
        ]  # fmt: skip


def _ranked(asked: Asked, rows: dict[UUID, tuple[Any, ...]]) -> list[tuple[float, UUID, list[Clue]]]:
    """The candidates that are worth telling, the best first."""
    weighed = ((_clues(asked, *row[1:]), person) for person, row in rows.items())
    scored = [(scoring.score(clues), person, clues) for clues, person in weighed]
    return sorted((one for one in scored if one[0] >= LEAST), key=lambda one: (-one[0], one[1]))


def _clues(
    asked: Asked, name: str, former: list[str], born: date, sex: str, division: str | None, number: bytes | None
) -> list[Clue]:
    clues: list[Clue] = []
    if asked.numbers:
        clues.append(scoring.number("id_number", None if number is None else asked.numbers.get(bytes(number))))
    if asked.name is not None:
        clues.append(scoring.person_name(asked.name, name, [search_key(one) for one in former]))
    if asked.born is not None:
        clues.append(scoring.day("birth_date", asked.born, born))
    if asked.stem is not None:
        clues.append(scoring.place(asked.stem, division))
    if asked.sex is not None:
        clues.append(scoring.sex(asked.sex, sex))
    return clues
