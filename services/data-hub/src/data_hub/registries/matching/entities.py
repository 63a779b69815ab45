"""The tokens of a firm's names."""

from collections.abc import Iterable

from data_hub.registries.matching.firms import core
from data_hub.registries.matching.tokens import sounding, token, with_a_slip

_SHORTEST = 3  # characters of a core that is looked for with a slip


def very_words(key: str) -> set[str]:
    """The word that finds a firm by its very name, present or former."""
    return {key}


def core_words(key: str) -> set[str]:
    """The word that finds it by its core; in a large city dozens of firms may share one."""
    return {f"#{core(key)}"}


def near_words(key: str) -> set[str]:
    """The words that find it by a whole name one slip away; few share one."""
    return with_a_slip(key)


def sound_words(key: str) -> set[str]:
    """The word that finds it by the sound of its core."""
    return {sounding(core(key))}


def alike_words(key: str) -> set[str]:
    """The words that find it by a core one slip away; in a large city a thousand firms may share one."""
    inner = core(key)
    if len(inner) < _SHORTEST:
        return set()
    return {f"#{form}" for form in with_a_slip(inner) if len(form) >= _SHORTEST - 1}


def entity_tokens(keys: Iterable[str]) -> list[int]:
    """The tokens that find a firm by its present and its former names."""
    found: set[int] = set()
    for key in keys:
        found.update(
            map(token, very_words(key) | core_words(key) | near_words(key) | sound_words(key) | alike_words(key))
        )
    return sorted(found)
