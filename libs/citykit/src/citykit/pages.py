"""Pages by key, not by number: the next page begins after the last row, however many rows were added meanwhile."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query as QueryParameter
from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, false, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.operators import desc_op

from citykit.problems import BadCursor
from citykit.wire import Query, Wire

Item = TypeVar("Item")


class PageQuery(Query):
    """Which page: at most `limit` items, beginning after the cursor that the page before gave as `next`."""

    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 20
    after: Annotated[str | None, QueryParameter(max_length=1000)] = None


class Page(Wire, Generic[Item]):
    """Items in a stable order, and the cursor of the next page (null on the last). No total: counting costs a scan."""

    items: list[Item]
    next: str | None = None


def next_cursor(values: Sequence[Any]) -> str:
    """The cursor after a row whose sort key is `values`: opaque to callers, base64url of JSON."""
    text = json.dumps([v.isoformat() if isinstance(v, datetime) else v for v in values], default=str)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def cursor_values(query: PageQuery, kinds: Sequence[type]) -> list[Any] | None:
    """The sort key in `query.after`, as values of `kinds`; None on the first page. Raises BadCursor."""
    if query.after is None:
        return None
    try:
        padded = query.after + "=" * (-len(query.after) % 4)
        values = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise BadCursor()
        return [_as(kind, value) for kind, value in zip(kinds, values, strict=True)]
    except (ValueError, TypeError, UnicodeError, binascii.Error, RecursionError, OverflowError) as error:
        raise BadCursor() from error


def _as(kind: type, value: Any) -> Any:
    if kind is UUID:
        return UUID(value)
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None or not 1800 <= moment.year <= 2300:
            raise ValueError(value)
        return moment
    if kind is int:
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
            raise ValueError(value)
        return value
    if kind is str:
        if not isinstance(value, str) or "\x00" in value:
            raise ValueError(value)
        return value
    if kind is date:
        return date.fromisoformat(value)
    return kind(value)


def _column(key: ColumnElement[Any]) -> tuple[ColumnElement[Any], bool]:
    if isinstance(key, UnaryExpression) and key.modifier is desc_op:
        return key.element, True
    return key, False


def beyond(keys: Sequence[ColumnElement[Any]], values: Sequence[Any]) -> ColumnElement[bool]:
    """The condition "after this row" in the order of `keys`: a<x or (a=x and b<y) …, each key in its own direction."""
    condition: ColumnElement[bool] = false()
    for key, value in reversed(list(zip(keys, values, strict=True))):
        column, descending = _column(key)
        further = column < value if descending else column > value
        condition = or_(further, and_(column == value, condition))
    return condition


async def keyset_page(
    session: AsyncSession,
    statement: Select[Any],
    *,
    keys: Sequence[Any],
    query: PageQuery,
    make: Callable[[Any], Item],
) -> Page[Item]:
    """The page of `statement` in the order of `keys`, the last of which must be unique.

    `make` turns a row (the entity where one is selected, the row otherwise) into the item on the wire. `keys` are
    mapped columns, `desc(column)` where the order falls, of the types UUID, datetime, int, str or date.
    """
    expressions = [key if isinstance(key, UnaryExpression) else key.expression for key in keys]
    columns = [_column(expression)[0] for expression in expressions]
    after = cursor_values(query, [column.type.python_type for column in columns])
    if after is not None:
        statement = statement.where(beyond(expressions, after))
    statement = statement.add_columns(*columns).order_by(None).order_by(*expressions).limit(query.limit + 1)
    rows = (await session.execute(statement)).all()
    width = len(columns)
    chosen = rows[: query.limit]
    heads = [tuple(row)[:-width] for row in chosen]
    items = [make(head[0] if len(head) == 1 else head) for head in heads]
    more = len(rows) > query.limit
    return Page[Any](items=items, next=next_cursor(tuple(chosen[-1])[-width:]) if more else None)
