"""CQL2 comes in as text or JSON and leaves as one tree; what could hurt is refused before the parser sees it.

The parser backtracks: an expression that is wrong within n parentheses costs 2**n, and one nested deeply enough ends
the process. So length, depth and repetition are bounded here, with a reader of characters that cannot be hurt.
"""

import json
from enum import StrEnum
from typing import Any

from data_hub.registries.geography.errors import BadFilter

LONGEST = 8_000  # characters of a filter
DEEPEST_TEXT = 8  # parentheses within parentheses; a multipolygon within a function takes four
DEEPEST_TREE = 24
MOST_NODES = 500
MOST_NEGATIONS = 20


class Language(StrEnum):
    """The two spellings of CQL2."""

    text = "cql2-text"
    json = "cql2-json"


def _refused(zh: str, en: str) -> BadFilter:
    return BadFilter((zh, en))


def parsed(text: str, language: Language) -> Any:
    """The tree of a filter, as CQL2-JSON spells it. Raises BadFilter."""
    import cql2  # noqa: PLC0415 - heavy, and most processes never need it

    if len(text) > LONGEST:
        raise _refused(f"过滤条件超过 {LONGEST} 个字符", f"A filter has at most {LONGEST} characters")
    if language is Language.json:
        measured(_json(text))
        read = cql2.parse_json
    else:
        _guard(text)
        read = cql2.parse_text
    try:
        tree = read(text).to_json()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        said = str(error).strip().splitlines()
        place = next((line for line in said if "-->" in line), "").replace("-->", "").strip()
        raise _refused(f"CQL2 语法错误 {place}".strip(), f"This is no CQL2 {place}".strip()) from None
    measured(tree)
    return tree


def _json(text: str) -> Any:
    if text.count("[") + text.count("{") > 4 * MOST_NODES:
        raise _refused("过滤条件过大", "The filter is too large")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _refused("过滤条件不是有效的 JSON", "The filter is no JSON") from None


def _no_constant(name: str) -> float:
    raise ValueError(name)


def measured(tree: Any) -> None:
    """Refuse a tree that is too deep or too large. Raises BadFilter."""
    pending, seen = [(tree, 0)], 0
    while pending:
        node, depth = pending.pop()
        seen += not isinstance(node, int | float)  # the numbers of a geometry are bounded by the length of the text
        if depth > DEEPEST_TREE or seen > 4 * MOST_NODES:
            raise _refused("过滤条件嵌套过深或过大", "The filter is nested too deeply or too large")
        inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        pending.extend((one, depth + 1) for one in inner)


def _guard(text: str) -> None:
    """Walk over the characters of CQL2 text once: depth of parentheses outside quotes, and runs of negations."""
    depth, quote = 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "(":
            depth += 1
            if depth > DEEPEST_TEXT:
                raise _refused("过滤条件嵌套过深", f"At most {DEEPEST_TEXT} parentheses within each other")
        elif character == ")":
            depth -= 1
    if depth or quote:
        raise _refused("括号或引号不成对", "Parentheses or quotes do not match")
    words = text.casefold().split()
    if words.count("not") > MOST_NEGATIONS or "-" * 4 in text.replace(" ", ""):
        raise _refused("过滤条件中的否定过多", f"At most {MOST_NEGATIONS} negations")
