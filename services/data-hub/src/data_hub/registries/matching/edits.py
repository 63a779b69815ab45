"""Slips of the hand: which identifiers a mistyped one can have been, and how far two texts are apart."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from citykit.identifiers import gb11643, gb32100

# What is written for what, by hand and by scanners; none of the letters stands in either kind of identifier.
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "S": "5", "Z": "2", "V": "U"})
_NUMBER = 18


class Slip(StrEnum):
    """How a written identifier differs from the one that was meant."""

    none = "exact"
    one_character = "one-character"
    swapped = "swapped"
    missing = "missing-character"
    extra = "extra-character"


@dataclass(frozen=True, slots=True)
class _Scheme:
    """A check over 18 weighted characters: their sum leaves `rest` when divided by `modulus`, a prime."""

    alphabet: str
    weights: tuple[int, ...]
    modulus: int
    rest: int
    valid: Callable[[str], bool]

    def completed(self, head: str, tail: str) -> str | None:
        """The text with the one character between `head` and `tail` that makes the check fit."""
        known = 0
        for place, character in enumerate(f"{head} {tail}"):
            if place != len(head):
                if (value := self.alphabet.find(character)) < 0:
                    return None
                known += value * self.weights[place]
        value = (self.rest - known) * pow(self.weights[len(head)], -1, self.modulus) % self.modulus
        return f"{head}{self.alphabet[value]}{tail}"

    def slips(self, text: str) -> Iterator[tuple[str | None, Slip]]:
        """What `text` can have been meant to be, one slip away; the check of some still fails."""
        if len(text) == _NUMBER:
            for place in range(_NUMBER - 1):
                yield text[:place] + text[place + 1] + text[place] + text[place + 2 :], Slip.swapped
            for place in range(_NUMBER):
                yield self.completed(text[:place], text[place + 1 :]), Slip.one_character
        elif len(text) == _NUMBER - 1:
            for place in range(_NUMBER):
                yield self.completed(text[:place], text[place:]), Slip.missing
        elif len(text) == _NUMBER + 1:
            for place in range(_NUMBER + 1):
                yield text[:place] + text[place + 1 :], Slip.extra

    def meant(self, text: str) -> dict[str, Slip]:
        """The identifiers that `text` can have been meant to be; itself alone where it is one."""
        if self.valid(text):
            return {text: Slip.none}
        alike = text.translate(_ALIKE)
        found: dict[str, Slip] = {alike: Slip.one_character} if alike != text and self.valid(alike) else {}
        for form in dict.fromkeys((text, alike)):
            for candidate, slip in self.slips(form):
                if candidate is not None and candidate not in found and self.valid(candidate):
                    found[candidate] = slip
        return found


_CREDIT = _Scheme(
    gb32100.ALPHABET, (*(pow(3, place, 31) for place in range(17)), 1), 31, 0,
    lambda code: gb32100.valid(code, strict=False),
)  # fmt: skip
_CITIZEN_WEIGHTS = (*(pow(2, 17 - place, 11) for place in range(17)), 1)


def citizen_numbers(text: str, today: date) -> dict[str, Slip]:
    """The citizen numbers that `text` can have been meant to be, at most about twenty, with the slip of each.

    The check character finds every single wrong digit and every swapped pair, so a number that fits was not mistyped
    so, and one that does not fit has one mending per place at most.
    """

    def valid(candidate: str) -> bool:
        if len(candidate) != _NUMBER:
            return False
        try:
            gb11643.parse(candidate, today=today)
        except gb11643.InvalidCitizenNumber:
            return False
        return True

    plain = text.strip().upper()
    if len(plain) == 15 and plain.isascii() and plain.isdigit():
        plain = gb11643.modern(plain)
    return _Scheme("0123456789X", _CITIZEN_WEIGHTS, 11, 1, valid).meant(plain)


def credit_codes(text: str) -> dict[str, Slip]:
    """The unified social credit codes that `text` can have been meant to be, with the slip of each.

    The inner check of the organisation code is not asked for: old codes live with a wrong one.
    """
    return _CREDIT.meant(text.strip().upper())


def one_slip_apart(one: str, other: str) -> bool:
    """Whether two texts differ by one character wrong, missing or too many, or by two neighbours swapped."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    for character, counterpart in zip(one, other, strict=False):  # a loop: of each question some sixty are weighed so
        if character != counterpart:
            break
        start += 1
    rest, remaining = one[start:], other[start:]
    if len(rest) == len(remaining):
        return rest[1:] == remaining[1:] or (rest[:2] == remaining[:2][::-1] and rest[2:] == remaining[2:])
    longer, shorter = (rest, remaining) if len(rest) > len(remaining) else (remaining, rest)
    return longer[1:] == shorter
