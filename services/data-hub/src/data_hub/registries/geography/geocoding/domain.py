"""How a written address is read and how candidates are ranked: plain rules, each with its cost, without I/O.

A text is read from the left: divisions from the province down to the town, then a finer name, then a house number.
Every reading that divisions allow is a `Way`; a candidate is judged by the way that suits it best.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from data_hub.bigrams import search_key
from data_hub.divisions.domain import Level, level_of, stem_of

MOST_WAYS = 24
LONGEST_NAME = 16
LONGEST_TEXT = 150  # of a tidied text: one letter may become eighteen when it is made narrow
_LEVELS = list(Level)
_FIGURES = ("〇零", "一壹", "二两贰貳", "三叁參", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
_DIGITS = {one: value for value, each in enumerate(_FIGURES) for one in each}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100}
_NUMERAL = re.compile(f"[{''.join(_DIGITS)}{''.join(_TENS)}]{{1,9}}(?=号|號|栋|单元|室)")
_HOUSE = re.compile(r"[0-9a-z]+(?:-[0-9a-z]+)*(?:号院?|號|栋|单元|室)(?:[0-9a-z-]+(?:号楼?|栋|单元|室))*[0-9a-z-]*$")
_USUAL = (
    (re.compile(r"[^\w-]|_"), ""), (re.compile(r"^(?:中国|中华人民共和国)"), ""),
    (re.compile(r"街道办(?:事处)?"), "街道"), (re.compile(r"村?(?:村民委员会|村委会)"), "村"),
    (re.compile(r"(?:社区)?(?:居民委员会|居委会)"), "社区"),
)  # fmt: skip


class How(StrEnum):
    """How a part of a text names what it stands for, and why a candidate loses; the value is told to callers."""

    full = "full"  # 全称
    short = "short"  # 简称或别名
    former = "former"  # 曾用名
    slip = "slip"  # 一字之差
    partial = "partial"  # 只写了一部分
    elsewhere = "elsewhere"  # 所写的上级与登记的上级不同
    unexplained = "unexplained"  # 有未能识别的文字
    homonym = "homonym"  # 同名,上下文不足以区分


COSTS = {
    How.full: 0.0, How.short: 0.02, How.former: 0.04, How.slip: 0.2, How.partial: 0.25, How.elsewhere: 0.3,
    How.unexplained: 0.6, How.homonym: 0.2,
}  # fmt: skip
LEAST_SCORE = 0.3


@dataclass(frozen=True)
class Upper:
    """A division above the villages: its own code, the code of what it is now, and its spellings, full one first."""

    code: str
    living: str
    name: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Finer:
    """A village, a place or an address: its spellings as texts are read, `code` of the division where it is known."""

    id: tuple[str, str]
    kind: str
    name: str
    keys: tuple[str, ...]
    code: str | None

    @cached_property
    def names(self) -> set[str]:
        """The spellings that are no short ones."""
        return {arabic(search_key(self.name)), tidied(self.name)}


@dataclass(frozen=True)
class Part:
    """A piece of the text and what it stands for."""

    text: str
    name: str
    code: str | None
    how: How


@dataclass(frozen=True)
class Way:
    """A reading of the beginning of a text as divisions, each within the one before unless marked `elsewhere`."""

    end: int = 0
    parts: tuple[Part, ...] = ()
    elsewhere: bool = False

    @property
    def code(self) -> str | None:
        """The deepest division that is said."""
        return self.parts[-1].code if self.parts else None


@dataclass(frozen=True)
class Judged:
    """A candidate with what it lost and why; `finer` is None where the divisions alone are the answer."""

    finer: Finer | None
    parts: tuple[Part, ...]
    costs: tuple[tuple[How, float], ...]
    code: str | None
    house: str | None = None

    @property
    def score(self) -> float:
        """From 0 to 1: 1 less every cost."""
        return round(max(0.0, 1.0 - sum(cost for _, cost in self.costs)), 4)


def _number(found: re.Match[str]) -> str:
    told = found.group()
    if not any(one in _TENS for one in told):
        return "".join(str(_DIGITS[one]) for one in told)
    total, digit = 0, 0
    for one in told:
        if one in _TENS:
            total += (digit or 1) * _TENS[one]
            digit = 0
        else:
            digit = _DIGITS[one]
    return str(total + digit)


def arabic(key: str) -> str:
    """A key whose house numbers are written in figures: 十二号 is 12号."""
    return _NUMERAL.sub(_number, key)


def tidied(text: str) -> str:
    """A text as it is read: narrow, without spaces and marks, committees and offices called as what they stand for."""
    key = search_key(text)
    for pattern, usual in _USUAL:
        key = pattern.sub(usual, key)
    return arabic(key[:LONGEST_TEXT])


def house_of(text: str) -> str | None:
    """The house number at the end of a tidied text."""
    found = _HOUSE.search(text)
    return found.group() if found else None


def slips(one: str, other: str) -> bool:
    """Whether two texts differ by one character: another one, one too many, or one missing."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1 or one == other:
        return False
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    return one[same + (len(one) == len(other)) :] == other[same + 1 :]


def within(code: str | None, above: str) -> bool:
    """Whether a division is `above` or lies in it, by the codes."""
    return code is not None and code.startswith(stem_of(above))


def _depth(code: str) -> int:
    return _LEVELS.index(level_of(code))


def _read(text: str, at: int, upper: Upper) -> Part | None:
    """The longest spelling of a division that stands at a place of the text."""
    spelt = max((key for key in upper.keys if text.startswith(key, at)), key=len, default=None)
    if spelt is None:
        return None
    how = How.former if upper.code != upper.living else How.full if spelt == upper.keys[0] else How.short
    return Part(spelt, upper.name, upper.living, how)


def _misread(text: str, at: int, upper: Upper) -> Part | None:
    """A full name with one slip at a place of the text; its last character (区, 县, 镇…) must be right."""
    full = upper.keys[0]
    for size in (len(full), len(full) + 1, len(full) - 1):
        told = text[at : at + size]
        if size >= 3 and told.endswith(full[-1]) and slips(told, full):
            return Part(told, upper.name, upper.living, How.slip)
    return None


def _longer(text: str, way: Way, uppers: Sequence[Upper]) -> list[Way]:
    deeper = [one for one in uppers if way.code is None or _depth(one.living) > _depth(way.code)]
    found = [part for one in deeper if (part := _read(text, way.end, one))]
    found = found or [part for one in deeper if (part := _misread(text, way.end, one))]
    made = []
    for part in found:
        apart = way.code is not None and not within(part.code, way.code)
        if apart and (part.how is not How.full or way.elsewhere):
            continue
        made.append(Way(way.end + len(part.text), (*way.parts, part), way.elsewhere or apart))
    return sorted(made, key=lambda one: (one.elsewhere, -one.end, one.code or ""))[:6]


def ways(text: str, uppers: Sequence[Upper]) -> list[Way]:
    """The ways to read the beginning of a tidied text, the one that reads nothing among them."""
    found, front = [Way()], [Way()]
    while front and len(found) < MOST_WAYS:
        front = [longer for way in front for longer in _longer(text, way, uppers)]
        found += front
    unique = {(one.end, one.code, one.elsewhere): one for one in reversed(found[:MOST_WAYS])}
    return sorted(unique.values(), key=lambda one: (-one.end, one.elsewhere, one.code or ""))


def probes(text: str) -> list[str]:
    """Every piece of a text that may be a name as it stands."""
    sizes = range(2, LONGEST_NAME + 1)
    return sorted({text[i : i + n] for i in range(len(text) - 1) for n in sizes if i + n <= len(text)} | {text})


def _costs_of(way: Way) -> list[tuple[How, float]]:
    costs: list[tuple[How, float]] = [(part.how, COSTS[part.how]) for part in way.parts if part.how is not How.full]
    return [*costs, (How.elsewhere, COSTS[How.elsewhere] / 2)] if way.elsewhere else costs


def _unexplained(text: str, length: int) -> list[tuple[How, float]]:
    return [(How.unexplained, COSTS[How.unexplained] * length / len(text))] if length > 0 else []


def _exactly(rest: str, finer: Finer) -> Part | None:
    """The longest spelling of a finer candidate that stands in the rest."""
    spelt = max((key for key in finer.keys if len(key) >= 2 and key in rest), key=len, default=None)
    if spelt is None:
        return None
    return Part(spelt, finer.name, finer.code, How.full if spelt in finer.names else How.short)


def _nearly(rest: str, finer: Finer) -> Part | None:
    """A piece of the rest that is a spelling but for one slip, or the rest where it is a part of a spelling."""
    there = set(rest)
    for key in (one for one in finer.keys if len(one) >= 3 and sum(each in there for each in one) >= len(one) - 1):
        for size in (len(key), len(key) + 1, max(3, len(key) - 1)):
            for at in range(len(rest) - size + 1):
                if slips(rest[at : at + size], key):
                    return Part(rest[at : at + size], finer.name, finer.code, How.slip)
    if len(rest) >= 2 and any(rest in key for key in finer.keys):
        return Part(rest, finer.name, finer.code, How.partial)
    return None


def _judged(text: str, way: Way, finer: Finer) -> Judged | None:
    rest = text[way.end :]
    part = (_exactly if any(key in text for key in finer.keys) else _nearly)(rest, finer)
    if part is None:
        return None
    costs = _costs_of(way)
    if part.how is not How.full:
        costs.append((part.how, COSTS[part.how]))
    if way.code is not None and finer.code is not None and not within(finer.code, way.code):
        costs.append((How.elsewhere, COSTS[How.elsewhere]))
    house = house_of(rest.replace(part.text, " ", 1))
    costs += _unexplained(text, len(rest) - len(part.text) - len(house or ""))
    return Judged(finer, (*way.parts, part), tuple(costs), finer.code, house)


def _divisions_alone(text: str, way: Way) -> Judged:
    rest = text[way.end :]
    return Judged(None, way.parts, (*_costs_of(way), *_unexplained(text, len(rest))), way.code, house_of(rest))


def judged(text: str, readings: Sequence[Way], finers: Iterable[Finer]) -> list[Judged]:
    """Every candidate by its best way, best first; names that the text cannot tell apart lose for it, all of them.

    `text` is tidied, `readings` are its ways. Candidates below LEAST_SCORE are none.
    """
    best: dict[object, Judged] = {}
    divisions = (_divisions_alone(text, way) for way in readings if way.parts)
    named = (one for finer in finers for way in readings if (one := _judged(text, way, finer)))
    for one in (*divisions, *named):
        key = one.code if one.finer is None or (one.finer.kind == "village" and one.code) else one.finer.id
        before = best.get(key)
        if before is None or one.score > before.score:
            best[key] = one
    ranked = _told_apart(list(best.values()))
    return sorted((one for one in ranked if one.score >= LEAST_SCORE), key=_order)


def _order(one: Judged) -> tuple[float, int, str, tuple[str, str]]:
    depth = -1 if one.finer is None else len(one.parts)
    return -one.score, -depth, one.code or "~", one.finer.id if one.finer else ("", "")


def _told_apart(found: list[Judged]) -> list[Judged]:
    named = [one for one in found if one.finer is not None]
    top = max((one.score for one in named), default=0.0)
    equal = {id(one) for one in named if one.score == top}
    if len(equal) < 2:
        return found
    cost = (How.homonym, COSTS[How.homonym])
    return [replace(one, costs=(*one.costs, cost)) if id(one) in equal else one for one in found]
