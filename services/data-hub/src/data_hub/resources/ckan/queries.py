"""The part of Solr's query language that clients of CKAN send, read into terms; without I/O.

`words` of the text, `field:value`, `field:"a text"`, `field:(a OR b)`, `field:begin*`, `field:[from TO to]`, with `+`,
`-`, NOT, AND. What is beyond that is refused, never taken for something else: so are other wildcards, `~` and `^` where
no quotes or backslash make a character of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

MOST_TERMS = 30
LONGEST = 2000
FIELDS = frozenset({
    "id", "name", "title", "notes", "text", "organization", "owner_org", "groups", "tags", "license_id", "res_format",
    "metadata_modified", "metadata_created", "type", "dataset_type", "state", "private", "capacity", "site_id",
})  # fmt: skip
_TERM = re.compile(
    r"""\s*(?P<sign>[+-]?)(?:(?P<field>[A-Za-z_]\w*|\*):)?
    (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|\[(?P<range>[^\[\]]*)\]|\((?P<group>[^()]*)\)|(?P<bare>[^\s()"\[\]:]+))(?=\s|$)""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)")
_PART = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>\S+)')
_BARE = re.compile(r"((?:[^\\*?~^]|\\.)*)(\*?)")
_TIMES = frozenset({"metadata_modified", "metadata_created"})
_WHOLE = frozenset({"res_format", "type", "dataset_type", "state", "private", "capacity", "site_id"})


class BadQuery(ValueError):
    """A query that is not of this language."""


@dataclass(frozen=True)
class Term:
    """What is asked of one field (None: of the text): a value, a beginning of one, or a span of time; or not that."""

    field: str | None
    values: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()
    span: tuple[datetime | None, datetime | None] | None = None
    negated: bool = False


def terms(text: str) -> list[Term]:
    """The terms of a query, all of which must hold. Raises BadQuery."""
    if len(text) > LONGEST:
        raise BadQuery("查询过长 too long")
    found = list(_terms(text))
    if len(found) > MOST_TERMS:
        raise BadQuery("条件过多 too many terms")
    return found


def _terms(text: str) -> Iterator[Term]:
    at, negated = 0, False
    text = text.strip()
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise BadQuery(f"无法理解 cannot be read from here: {text[at : at + 30]}")
        at = match.end()
        bare, field = match["bare"], match["field"]
        if field is None and not match["sign"] and bare in {"AND", "NOT", "OR"}:
            if bare == "OR":
                raise BadQuery("OR 只能用于括号内 OR stands within brackets alone")
            negated = negated or bare == "NOT"
            continue
        term = _term(match, negated=negated or match["sign"] == "-")
        negated = False
        if term is not None:
            yield term


def _term(match: re.Match[str], *, negated: bool) -> Term | None:
    field, span = match["field"], match["range"]
    if field not in FIELDS | {None, "*"}:
        raise BadQuery(f"未知的字段 unknown field: {field}")
    if span is not None:
        if field not in _TIMES:
            raise BadQuery("区间只用于时间 a range is of a time")
        return Term(field, span=_span(span), negated=negated)
    parts = [(match["quoted"], match["bare"])] if match["group"] is None else _group(match["group"])
    read = [_bare(bare) if quoted is None else (_ESCAPED.sub(r"\1", quoted), False) for quoted, bare in parts]
    values, beginnings = (tuple(text for text, begins in read if begins is wanted) for wanted in (False, True))
    if "" in beginnings and not negated:
        return None  # `*:*` and `field:*`: everything
    if "" in beginnings or field == "*":
        raise BadQuery("通配的字段只用于 *:* every field stands in *:* alone, and nothing is without a value")
    if field in _TIMES:
        raise BadQuery("时间写作 [起 TO 止] a time is given as a range")
    if beginnings and field in _WHOLE:
        raise BadQuery(f"该字段不能用通配符 no wildcard is taken of: {field}")
    return Term(None if field == "text" else field, values, beginnings, negated=negated)


def _bare(text: str) -> tuple[str, bool]:
    """A value without quotes, and whether it is the beginning of what is asked for."""
    match = _BARE.fullmatch(text)
    if match is None:
        raise BadQuery(f"只能在末尾用一个 * 作通配符 only one * at the end stands for more: {text[:30]}")
    return _ESCAPED.sub(r"\1", match[1]), bool(match[2])


def _group(text: str) -> list[tuple[str | None, str]]:
    parts = [(one["quoted"], one["bare"]) for one in _PART.finditer(text)]
    joined = {bare for _, bare in parts if bare in {"AND", "OR"}}
    if len(joined) > 1 or joined == {"AND"}:
        raise BadQuery("括号内只能用 OR within brackets only OR")
    found = [(quoted, bare) for quoted, bare in parts if bare != "OR"]
    if not found or any(bare is not None and (bare == "NOT" or bare[:1] in "+-") for _, bare in found):
        raise BadQuery("括号内只能是值 within brackets only values")
    return found


def _span(text: str) -> tuple[datetime | None, datetime | None]:
    ends = text.split(" TO ")
    if len(ends) != 2:
        raise BadQuery("区间写作 [起 TO 止] a range is [from TO to]")
    first, last = (_moment(end.strip()) for end in ends)
    return first, last


def _moment(text: str) -> datetime | None:
    if text == "*":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadQuery(f"时间有误 not a time: {text[:40]}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
