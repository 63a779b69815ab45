"""The tree of matters and the suggestion of a class from free text; no I/O."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gov_collab.bigrams import pairs, runs

TITLE_WEIGHT = 3.0  # A title names the matter; the text tells its story.
PARTIAL_WEIGHT = 0.35  # Most of a keyword's pairs without the whole keyword: 路灯都不亮 for 路灯不亮.
PARTIAL_SHARE = 0.6


class HandledAs(StrEnum):
    """How a matter is worked on."""

    ticket = "ticket"  # by the department that answers for it, on the hotline's ticket
    city_case = "city-case"  # as a city-management case 城管案件, with its own handling and verification


@dataclass(frozen=True)
class Matter:
    """One class of matters: its code, its parent's code and the words that people use for it."""

    code: str
    parent_code: str | None
    name: str
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class Suggestion:
    """A class that fits a text, how well (no unit, larger is better) and the words that spoke for it."""

    code: str
    score: float
    because: tuple[str, ...]


def ancestry(code: str, parents: Mapping[str, str | None]) -> tuple[str, ...]:
    """`code`, its parent, and so on to the root. Raises KeyError for a code that is not in `parents`."""
    chain = [code]
    while (parent := parents[chain[-1]]) is not None and parent not in chain:
        chain.append(parent)
    return tuple(chain)


def misplaced(parents: Mapping[str, str | None]) -> tuple[str, ...]:
    """Codes whose parent is missing or that are their own ancestor, in the order given. Empty for a sound tree."""
    wrong = []
    for code in parents:
        seen, at = {code}, parents[code]
        while at is not None and at in parents and at not in seen:
            seen.add(at)
            at = parents[at]
        if at is not None:
            wrong.append(code)
    return tuple(wrong)


class Classifier:
    """Suggests classes by their keywords, matched over pairs of characters.

    A keyword counts by its length and by how few classes share it; it counts once more, but ever less, each time it
    is said again. A keyword of which only most pairs appear counts for a part. Classes whose branch collected much
    are lifted a little, so that scattered weak hits in one field outweigh one strong hit in another.
    """

    def __init__(self, matters: Iterable[Matter]) -> None:
        self._matters = tuple(matters)
        self._parents = {matter.code: matter.parent_code for matter in self._matters}
        owners = Counter(word for matter in self._matters for word in set(_words(matter)))
        self._weights = {
            word: math.log2(1 + len(word)) * (1 + math.log(len(self._matters) / count))
            for word, count in owners.items()
        }

    def suggest(self, title: str, text: str, *, limit: int = 5) -> tuple[Suggestion, ...]:
        """The best classes for a message, best first; none where no word of any class was said."""
        heard = (_Heard(title), _Heard(text))
        found = {matter.code: self._found(matter, heard) for matter in self._matters}
        branches = self._branch_totals({code: sum(words.values()) for code, words in found.items()})
        scored = [
            Suggestion(
                code,
                round(sum(words.values()) + 0.5 * branches[self.root(code)], 3),
                tuple(sorted(words, key=lambda word: (-words[word], word))[:5]),
            )
            for code, words in found.items()
            if words
        ]
        return tuple(sorted(scored, key=lambda suggestion: (-suggestion.score, suggestion.code))[:limit])

    def root(self, code: str) -> str:
        """The first-level class above `code`."""
        return ancestry(code, self._parents)[-1]

    def _found(self, matter: Matter, heard: "Sequence[_Heard]") -> dict[str, float]:
        title, text = heard
        found = {}
        for word in _words(matter):
            strength = TITLE_WEIGHT * title.strength(word) + text.strength(word)
            if strength:
                found[word] = self._weights[word] * strength
        return found

    def _branch_totals(self, totals: Mapping[str, float]) -> dict[str, float]:
        branches: dict[str, float] = {}
        for code, total in totals.items():
            root = self.root(code)
            branches[root] = branches.get(root, 0.0) + total
        return branches


class _Heard:
    """What was said: the folded runs of a text and the set of their pairs."""

    def __init__(self, text: str) -> None:
        self._runs = runs(text)
        self._pairs = {pair for run in self._runs for pair in pairs(run)}

    def strength(self, word: str) -> float:
        """How strongly `word` was said: 0 not at all, 1 once, growing with the logarithm of the repetitions."""
        wanted = set(pairs(word))
        shared = len(wanted & self._pairs)
        if not shared:
            return 0.0
        times = sum(run.count(word) for run in self._runs) if shared == len(wanted) else 0
        if times:
            return 1.0 + math.log(times)
        return PARTIAL_WEIGHT if len(wanted) >= 3 and shared / len(wanted) >= PARTIAL_SHARE else 0.0


def _words(matter: Matter) -> tuple[str, ...]:
    """The keywords and the name of a class, folded as texts are; single characters say nothing."""
    folded = ("".join(runs(word)) for word in (matter.name, *matter.keywords))
    return tuple(dict.fromkeys(word for word in folded if len(word) > 1))
