"""The tokens of a firm's names."""

from collections.abc import Iterable

from data_hub.registries.matching.firms import core
from data_hub.registries.matching.tokens import sounding, token, with_a_slip

_SHORTEST = 3  # characters of a core that is looked for with a slip


def exact_words(key: str) -> set[str]:
    """The words that find a firm by its very name or by its core."""
    return {key, f"#{core(key)}"}


def fuzzy_words(key: str) -> set[str]:
    """The words that find it by a name one slip away, by its core one slip away, and by the sound of its core."""
    inner = core(key)
    slips = (
        {f"#{form}" for form in with_a_slip(inner) if len(form) >= _SHORTEST - 1} if len(inner) >= _SHORTEST else set()
    )
    return {*with_a_slip(key), *slips, sounding(inner)}


def entity_tokens(keys: Iterable[str]) -> list[int]:
    """The tokens that find a firm by its present and its former names."""
    found: set[int] = set()
    for key in keys:
        found.update(map(token, exact_words(key) | fuzzy_words(key)))
    return sorted(found)
