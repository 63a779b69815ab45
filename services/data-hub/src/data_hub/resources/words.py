"""The words of a search in Chinese, as people type them: in traditional characters too, and without spaces between.

Words are parted by white space and by punctuation, full-width or not. One that is written in traditional characters is
looked for as it is and in simplified ones. One of four characters and more, such as 空气质量数据, is also found where
its parts stand apart (空气质量小时数据), after what holds it whole: no dictionary cuts it, every cut is tried.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import combinations, pairwise

from data_hub.bigrams import search_key
from data_hub.resources.domain import CODE, canonical_code

# Within a word stay: dots, hyphens, slashes and signs, as in PM2.5, 203001-000001, 24/7 and C++.
_APART = re.compile(r"[\s、。,;:!?()\[\]{}<>《》〈〉「」『』【】〔〕“”‘’\"'·…—~|]+")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_SHORTEST_PART, _LONGEST_IN_TWO, _LONGEST_IN_THREE, _MOST_WORDS = 2, 16, 9, 3


def words_of(text: str) -> list[str]:
    """The searched words, as they are compared; a text of nothing but punctuation is a word itself."""
    plain = unicodedata.normalize("NFKC", text)
    parted = [_coded(part) for part in _APART.split(plain)]
    found = dict.fromkeys(filter(None, map(search_key, parted)))
    return list(found or dict.fromkeys(filter(None, map(search_key, text.split()))))


def _coded(word: str) -> str:
    code = canonical_code(word)  # as it is printed, with a stroke
    return code if CODE.fullmatch(code) else word


@cache
def _simplified() -> dict[int, str]:
    text = (files("data_hub.resources") / "data" / "traditional.txt").read_text(encoding="utf-8")
    return {ord(one): line[0] for line in text.splitlines() for one in line[1:]}


def spellings(word: str) -> tuple[str, ...]:
    """The word as it is written, and in simplified characters where that is another."""
    return tuple(dict.fromkeys((word, word.translate(_simplified()))))


def cuts(word: str) -> Iterator[tuple[str, ...]]:
    """Every way to part a Chinese word in two or three of two characters and more; none where it is too long."""
    size = len(word)
    if not _HAN.fullmatch(word):
        return
    for parts, longest in ((2, _LONGEST_IN_TWO), (3, _LONGEST_IN_THREE)):
        if size > longest:
            continue
        for places in combinations(range(_SHORTEST_PART, size - 1), parts - 1):
            ends = (0, *places, size)
            made = tuple(word[start:end] for start, end in pairwise(ends))
            if min(map(len, made)) >= _SHORTEST_PART:
                yield made


def ways(word: str, among: int) -> list[tuple[str, ...]]:
    """How a word may be found beside standing there whole, in a search of so many words: few are taken apart."""
    return [] if among > _MOST_WORDS else list(cuts(spellings(word)[-1]))
