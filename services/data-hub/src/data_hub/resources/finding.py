"""The words of a search as SQL: which resources hold them, and how well each fits.

Text with typed binds, `%(name)s` as psycopg takes them: a search of a shape is always the same text, which the database
prepares and SQLAlchemy compiles once, and nothing is built of objects for each question.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, text, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from data_hub.bigrams import bigrams
from data_hub.resources.words import spellings, ways

_BIND = re.compile(r"%\((\w+)\)s")
_NAME, _SUMMARY, _ITEMS = "resource.name_key", "resource.summary_key", "resource.items_key"
_IN_NAME, _PARTS_IN_NAME, _IN_SUMMARY, _IN_ITEMS = 4, 3, 2, 1


class Sought:
    """Searched words, each as `words_of` cuts them out.

    `conditions`: resources in whose name, summary or items every word occurs: by the index first, then for real.
    `rank`: a word in the name before one in the summary before one in the items. A word whose parts stand apart in the
    name comes after one that the name holds; parts elsewhere count nothing.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._names: dict[str | tuple[str, ...], str] = {}
        self.values: dict[str, Any] = {}
        self.conditions: list[str] = []
        ranks: list[str] = []
        for word in words:
            spelt, apart = spellings(word), ways(word, len(words))
            found = [" and ".join(self._there(*parts)) for parts in ((one,) for one in spelt)]
            found += [" and ".join(self._there(*parts)) for parts in apart]
            self.conditions.append(" or ".join(f"({one})" for one in found))
            ranks.append(self._fit(spelt, apart))
        self.rank = " + ".join(ranks) or "cast(0 as integer)"  # a bare number would name a column

    def _there(self, *parts: str) -> Iterator[str]:
        """That parts of a word occur, each in name, summary or items: the index is asked for all of them at once."""
        if max(map(len, parts)) > 1:
            yield f"resource.words @> {self._bound(tuple(bigrams(*parts)))}"
        for part in parts:
            yield f"({' or '.join(self._in(column, part) for column in (_NAME, _SUMMARY, _ITEMS))})"

    def _fit(self, spelt: Sequence[str], apart: Sequence[Sequence[str]]) -> str:
        whens = [
            (" or ".join(f"{_NAME} = {self._bound(one)}" for one in spelt), 2 * _IN_NAME),
            (self._in(_NAME, *spelt), _IN_NAME),
        ]
        if apart:
            whens.append((self._apart(apart), _PARTS_IN_NAME))
        whens.append((self._in(_SUMMARY, *spelt), _IN_SUMMARY))
        if apart:
            whens.append((f"not ({self._in(_ITEMS, *spelt)})", 0))
        told = " ".join(f"when {condition} then {worth}" for condition, worth in whens)
        return f"case {told} else {_IN_ITEMS} end"

    def _apart(self, apart: Sequence[Sequence[str]]) -> str:
        return " or ".join(f"({' and '.join(self._in(_NAME, part) for part in parts)})" for parts in apart)

    def _in(self, column: str, *words: str) -> str:
        return " or ".join(f"strpos({column}, {self._bound(one)}) > 0" for one in words)

    def _bound(self, value: str | tuple[str, ...]) -> str:
        """A value as a typed bind; the same value is bound once."""
        name = self._names.get(value)
        if name is None:
            name = self._names[value] = f"sought_{len(self._names)}"
            self.values[name] = value if isinstance(value, str) else list(value)
        return f"cast(%({name})s as {'text' if isinstance(value, str) else 'text[]'})"

    def clause(self, sql: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
        """A piece of it for a statement of SQLAlchemy."""
        names = dict.fromkeys(_BIND.findall(sql))
        binds = [bindparam(name, self.values[name], _type(self.values[name]), unique=True) for name in names]
        named = _BIND.sub(r":\1", sql)
        return type_coerce(text(f"({named})").bindparams(*binds), kind)


def _type(value: str | list[str]) -> TypeEngine[Any]:
    return Text() if isinstance(value, str) else ARRAY(Text)
