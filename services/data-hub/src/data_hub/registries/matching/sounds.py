"""How a text sounds: Mandarin syllables without tones, by a table of the usual reading of each character."""

from functools import cache, lru_cache
from importlib.resources import files


@cache
def _readings() -> dict[str, str]:
    """Character to syllable; about 27,000 characters, read once per process that needs them."""
    text = (files("data_hub.registries.matching") / "data" / "pinyin.txt").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for line in text.splitlines():
        syllable, _, characters = line.partition(" ")
        found.update(dict.fromkeys(characters, syllable))
    return found


def sound_alike(one: str, other: str) -> bool:
    """Whether `sound_of` is the same of both, told at the first character that sounds otherwise."""
    if len(one) != len(other):
        return False
    readings = _readings()
    for a, b in zip(one, other, strict=True):  # noqa: SIM110 - a loop, as in `one_slip_apart`
        if a != b and readings.get(a, a) != readings.get(b, b):
            return False
    return True


@lru_cache(maxsize=20_000)
def sound_of(key: str) -> str:
    """The syllables of `key`; characters without a reading stand for themselves."""
    readings = _readings()
    return " ".join(readings.get(character, character) for character in key)
