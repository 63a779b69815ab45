"""How much the agreement of each clue tells, and what a candidate is worth.

The weights are bits of evidence (Fellegi and Sunter 1969): the logarithm of how much more often two records agree when
they are of one person than by chance. A birth date agrees by chance once in some 30,000 pairs (about 14 bits), a county
once in eleven (3.5), a sex once in two (1), an identification number never. The score is the evidence found as a share
of what the question could have brought, so that 1 means: all that was said agrees.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache

from data_hub.registries.matching.edits import Slip, one_slip_apart
from data_hub.registries.matching.firms import core
from data_hub.registries.matching.sounds import sound_alike

LEAST = 0.3


class Agreement(StrEnum):
    """How a clue agrees with a record."""

    exact = "exact"
    former = "former-name"
    core = "distinctive-part"  # a firm's name without place and legal form
    homophone = "homophone"
    one_character = "one-character"
    swapped = "swapped"
    core_slip = "distinctive-part-one-character"
    missing = "missing-character"
    extra = "extra-character"
    one_digit = "one-digit"
    year = "year"
    within = "within"
    county = "same-county"
    different = "different"


@dataclass(frozen=True, slots=True)
class Clue:
    """How one field of the question agrees, in bits, and how many bits it could have brought."""

    field: str
    how: Agreement
    bits: float
    most: float


_NUMBER = {Slip.none: 30.0, Slip.one_character: 20.0, Slip.swapped: 21.0, Slip.missing: 19.0, Slip.extra: 20.0}
_BITS: dict[str, dict[Agreement, float]] = {
    "person": {
        Agreement.exact: 11.0, Agreement.former: 10.0, Agreement.homophone: 8.0, Agreement.one_character: 6.0,
        Agreement.different: -6.0,
    },
    "firm": {
        Agreement.exact: 18.0, Agreement.former: 17.0, Agreement.core: 14.0, Agreement.one_character: 13.0,
        Agreement.homophone: 12.0, Agreement.core_slip: 11.0, Agreement.different: -6.0,
    },
    "day": {
        Agreement.exact: 14.0, Agreement.swapped: 9.0, Agreement.one_digit: 9.0, Agreement.year: 5.0,
        Agreement.different: -4.0,
    },
    "place": {Agreement.within: 3.5, Agreement.county: 2.0, Agreement.different: -1.0},
    "sex": {Agreement.exact: 1.0, Agreement.different: -3.0},
}  # fmt: skip


@cache
def clue(field: str, how: Agreement, kind: str) -> Clue:
    """The clue of an agreement, as a `kind` of value tells it: person, firm, day, place or sex."""
    bits = _BITS[kind]
    return Clue(field, how, bits[how], max(bits.values()))


def number(field: str, slip: Slip | None) -> Clue:
    """The clue of an identifier; None where the record carries another one."""
    if slip is None:
        return Clue(field, Agreement.different, -10.0, 30.0)
    return Clue(field, Agreement(slip.value), _NUMBER[slip], 30.0)


def person_name(asked: str, key: str, former: list[str]) -> Clue:
    """The clue of a person's name; all names as they are compared."""
    return clue("name", _name(asked, key, tuple(former)), "person")


@lru_cache(maxsize=20_000)  # of those who are weighed, many carry one name
def _name(asked: str, key: str, former: tuple[str, ...]) -> Agreement:
    if asked == key:
        return Agreement.exact
    if asked in former:
        return Agreement.former
    if any(sound_alike(asked, known) for known in (key, *former)):
        return Agreement.homophone
    if any(one_slip_apart(asked, known) for known in (key, *former)):
        return Agreement.one_character
    return Agreement.different


def firm_name(asked: str, keys: list[str]) -> Clue:
    """The clue of a firm's name; `keys` are its present and then its former names as they are compared."""
    how = _name(asked, keys[0], tuple(keys[1:]))
    if how in {Agreement.exact, Agreement.former}:
        return clue("name", how, "firm")
    inner = core(asked)
    if any(inner in key and core(key) == inner for key in keys):  # a core is a piece of its name, which is soon told
        return clue("name", Agreement.core, "firm")
    if how is Agreement.different:
        cores = [core(key) for key in keys]
        if any(sound_alike(inner, known) for known in cores):
            how = Agreement.homophone
        elif any(one_slip_apart(inner, known) for known in cores):
            how = Agreement.core_slip
    return clue("name", how, "firm")


def day(field: str, asked: date, known: date) -> Clue:
    """The clue of a date: months and days are taken for one another, and digits slip."""
    if asked == known:
        how = Agreement.exact
    elif (asked.year, asked.month, asked.day) == (known.year, known.day, known.month):
        how = Agreement.swapped
    elif one_slip_apart(f"{asked:%Y%m%d}", f"{known:%Y%m%d}"):
        how = Agreement.one_digit
    else:
        how = Agreement.year if asked.year == known.year else Agreement.different
    return clue(field, how, "day")


def place(asked: str, known: str | None) -> Clue:
    """The clue of a division: `asked` is the beginning of all codes within it."""
    if known is not None and known.startswith(asked):
        how = Agreement.within
    else:
        how = Agreement.county if known is not None and known[:6] == asked[:6] else Agreement.different
    return clue("division_code", how, "place")


def sex(asked: str, known: str) -> Clue:
    """The clue of a sex."""
    return clue("sex", Agreement.exact if asked == known else Agreement.different, "sex")


def score(clues: list[Clue]) -> float:
    """What a candidate is worth, from 0 to 1."""
    most = bits = 0.0
    for one in clues:
        most += one.most
        bits += one.bits
    return round(max(0.0, min(1.0, bits / most)), 3) if most else 0.0
