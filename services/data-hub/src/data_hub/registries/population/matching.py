"""Finds persons by what somebody remembers of them, in spite of slips, and says how each candidate agrees.

Every way to a candidate is an index and a bound: however frequent a name is, a question reads a few hundred rows at
most, and the answer says when it was cut. Clues outside the purpose are refused: an agreement would tell them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from citykit.actors import Actor
from citykit.runtime import Reads
from citykit.work import Work
from data_hub.bigrams import search_key
from data_hub.divisions.domain import canonical, stem_of
from data_hub.registries.matching import scoring
from data_hub.registries.matching.edits import Slip, citizen_numbers
from data_hub.registries.matching.scoring import LEAST, Agreement, Clue
from data_hub.registries.matching.tokens import formerly, left_out, sounding, token, with_a_slip, within
from data_hub.registries.population.domain import name_form
from data_hub.registries.population.errors import NothingToSearch
from data_hub.registries.population.reading import Readings
from data_hub.registries.population.repository import id_number_index
from data_hub.registries.population.schemas import MatchedClue, PersonMatch, PersonMatches, PersonMatchQuestion
from data_hub.registries.purposes.domain import Purpose
from data_hub.registries.purposes.service import check_covered, purpose_of

BOUND = 60  # rows that one way may bring
Ways = Mapping[str, int]  # how many rows each way that is taken may bring
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
  select p.id, p.name_key, p.former_names, p.birth_date, p.sex, p.division_code, {source} {condition} limit {bound}
) found)"""


def _statement(ways: Ways) -> bytes:
    """All `ways` at once; each brings one row more than it may, so that a cut one is seen."""
    arms = [
        _ARM.format(number=n, source=_FROM.get(way, "null::bytea from person p"), condition=_WAYS[way], bound=most + 1)
        for n, (way, most) in enumerate(ways.items())
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
    def is_name_alone(self) -> bool:
        """Whether nothing but a name is known."""
        return not self.numbers and self.born is None and self.stem is None and self.sex is None

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

    ways: Ways
    most: float = 1.0


class Weighed(NamedTuple):
    """A candidate, and what she is worth."""

    score: float
    person: UUID
    clues: list[Clue]


def _steps(asked: Asked, limit: int) -> tuple[list[Step], dict[str, Any]]:
    """The ways that are worth taking, the surest first, and what they want to know.

    Where nothing but a name is known, all who carry it are worth the same: no more are looked at than are told.
    """
    first: dict[str, int] = {"numbers": BOUND} if asked.numbers else {}
    values: dict[str, Any] = {"numbers": list(asked.numbers)}
    if asked.name is None or asked.is_led_by_number:
        return [Step(first)], values
    words = with_a_slip(asked.name)
    values |= {"name": asked.name, "former": [token(formerly(asked.name))], "sound": [token(sounding(asked.name))]}
    values["slips"] = sorted(map(token, words))
    first["name"] = min(limit, BOUND) if asked.is_name_alone else BOUND
    if asked.born is not None:
        values |= {
            "born": asked.born,
            "first": asked.born.replace(month=1, day=1),
            "last": date(asked.born.year, 12, 31),
        }
        values["tokens"] = [*values["sound"], *values["slips"]]
        first |= {"name_born": BOUND, "born": BOUND}
    if asked.has_county:
        # One character is what very many names of two leave: those called by it alone sound like it.
        near = {*words, *left_out(asked.name), sounding(asked.name)} if len(asked.name) > 1 else {sounding(asked.name)}
        values["county"] = sorted(token(within(word, (asked.stem or "")[:6])) for word in near)
        first["county"] = BOUND
    steps = [Step(first), Step({"former": BOUND, "sound": BOUND}, _at_most(asked, Agreement.former))]
    if not asked.is_narrow:  # a name with a slip finds very many: where more is known, that leads to them
        steps.append(Step({"slips": BOUND}, _at_most(asked, Agreement.one_character)))
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
    """Matches persons for somebody; who is shown is read, and logged, in one statement at the end."""

    def __init__(self, work: Work, seeks: Reads, by: Actor) -> None:
        self._work = work
        self._seeks = seeks
        self._by = by

    async def match(self, question: PersonMatchQuestion) -> PersonMatches:
        """The best candidates, masked. Raises UnknownPurpose, BeyondPurpose, NothingToSearch."""
        purpose = purpose_of(question.purpose, "/body/purpose")
        told = question.model_dump(exclude={"purpose", "limit"}, exclude_none=True)
        check_covered(purpose, {clue: clue for clue in told})
        if question.name is None and question.id_number is None:
            raise NothingToSearch()
        asked = self._asked(question)
        steps, values = _steps(asked, question.limit)
        weighed: dict[UUID, Weighed] = {}
        best: list[Weighed] = []
        cut = False
        for step in steps:
            if len(best) >= question.limit and best[question.limit - 1].score >= step.most:
                cut = True  # there may be more, and none of them better
                break
            more, is_bounded = await self._candidates(step.ways, values)
            cut = cut or is_bounded
            for person, row in more.items():
                if person not in weighed:
                    clues = _clues(asked, *row)
                    weighed[person] = Weighed(scoring.score(clues), person, clues)
            best = _ranked(weighed.values())
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

    async def _candidates(self, ways: Ways, values: dict[str, Any]) -> tuple[dict[UUID, list[Any]], bool]:
        """The persons that the ways bring, with what is compared of them, and whether a way was cut."""
        if not ways:
            return {}, False
        rows: dict[UUID, list[Any]] = {}
        cut = False
        brought, most = [0] * len(ways), list(ways.values())
        for way, person, *row in await (await self._seeks.execute(_statement(ways), values)).fetchall():
            brought[way] += 1
            if brought[way] > most[way]:
                cut = True
            elif person not in rows or row[-1] is not None:
                rows[person] = row
        return rows, cut

    async def _shown(self, best: list[Weighed], purpose: Purpose) -> list[PersonMatch]:
        shown = await Readings(self._work, self._by).several(
            [one.person for one in best], purpose, "模糊比对人口库 Matched in the registry"
        )
        return [
            PersonMatch(
                score=one.score, person=shown[one.person],
                agreement=[MatchedClue(field=clue.field, how=clue.how) for clue in one.clues],
            )
            for one in best
            if one.person in shown  # who left the registry since she was found is not told of
        ]  # fmt: skip


def _ranked(weighed: Iterable[Weighed]) -> list[Weighed]:
    """The candidates that are worth telling, the best first."""
    return sorted((one for one in weighed if one.score >= LEAST), key=lambda one: (-one.score, one.person))


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
