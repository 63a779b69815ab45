"""The tokens that find names: signed 32-bit numbers, because an array of numbers is small and quick to index.

Two names that differ by one character (wrong, missing, too many) share a token: each is kept with every form that has
one character left out. Different words may share a number by chance; whoever uses tokens compares the names again.
"""

import zlib
from collections.abc import Iterable
from functools import lru_cache

from data_hub.registries.matching.sounds import sound_of

LONGEST = 40  # characters of a name that are indexed with a slip


def token(word: str) -> int:
    """The number of a word."""
    number = zlib.crc32(word.encode("utf-8", "surrogatepass"))
    return number - 2**32 if number >= 2**31 else number


def left_out(key: str) -> set[str]:
    """The forms of `key` with one character left out."""
    bounded = key[:LONGEST]
    return {bounded[:place] + bounded[place + 1 :] for place in range(len(bounded))} - {""}


def with_a_slip(key: str) -> set[str]:
    """The forms that a name shares with every name one slip away; of two characters, one alone would find too many."""
    return {key, *(form for form in left_out(key) if len(form) > 1)}


def sounding(key: str) -> str:
    """The word that names of one sound share."""
    return f"~{sound_of(key)}"


def within(word: str, county: str) -> str:
    """The word as it is kept a second time for those of one county, so that a frequent name can be narrowed."""
    return f"{word}@{county}"


@lru_cache(maxsize=50_000)
def _words(key: str) -> frozenset[str]:
    return frozenset({*with_a_slip(key), sounding(key)})


def formerly(key: str) -> str:
    """The word that finds a person by a name that she no longer has."""
    return f"^{key}"


def person_tokens(name: str, former: Iterable[str], division: str | None) -> list[int]:
    """The tokens that find a person by her present and former names, alone or together with her county.

    Within a county a name of two characters is found by either of them.
    """
    found: set[int] = set()
    earlier = list(former)
    for key in (name, *earlier):
        words = _words(key)
        found.update(map(token, words))
        if division is not None:
            found.update(token(within(word, division[:6])) for word in {*words, *left_out(key)})
    found.update(token(formerly(key)) for key in earlier)
    return sorted(found)
