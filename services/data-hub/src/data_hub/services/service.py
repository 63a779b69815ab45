"""Rows on question: one statement under the view's policy, bounded in rows and in time."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any

from fastapi import Depends
from psycopg import errors as pg
from starlette.requests import Request

from citykit.actors import Actor
from citykit.work import Work, WorkInRequest
from data_hub.opened_reads import OpenedReads, Read
from data_hub.services import metering
from data_hub.services.compiler import Compiler, Statement
from data_hub.services.domain import BadQuestion, Question, question
from data_hub.services.errors import KeyQuotaUsed, TooCostly
from data_hub.services.operators import operators_of
from data_hub.services.schemas import DataService, RowsQuery, ServiceItem
from data_hub.services.views import Asker, View, Views

PATIENCE_MS = 8000  # how long one statement for a waiting caller may run
_BOUND = "select set_config('statement_timeout', %s, true)"


class Rows:
    """Questions to rows within one transaction; `note` takes what readers of opened rows were answered."""

    def __init__(self, work: Work, note: Callable[[Actor | None, Read], None] | None = None) -> None:
        self.work = work
        self.views = Views(work, note)

    async def page(self, code: str, asker: Asker, query: RowsQuery, pairs: list[tuple[str, str]]) -> str:
        """A page of rows as a JSON text of the shape of RowsPage.

        Raises what `Views.of` raises, QuestionRefused, TooCostly, QuotaUsed, KeyQuotaUsed.
        """
        view = await self.views.of(code, asker, grant=query.grant)
        try:
            asked = question(pairs, view.types, view.sealed_columns, view.numbers)
            text, found = await self._asked(view, asked)
            await metering.count(self.work, view, found)
        except BadQuestion as fault:
            await self.views.refuse(view, fault, "query")
            raise AssertionError("a refusal raises") from fault
        except (TooCostly, KeyQuotaUsed) as refused:
            await self.views.note_refusal(view, refused.slug, "query")
            raise
        await self.views.served(view, found, columns_of(asked), "query")
        return text

    async def _asked(self, view: View, asked: Question) -> tuple[str, int]:
        compiler = Compiler(view.dataset.table, view.types, view.policy, view.sealed, view.numbers)
        items, found, last, whose = await self.one(compiler.page(asked))
        told = self.views.persons_told(view, columns_of(asked), "数据服务查询 Rows read through a data service")
        if told is not None:
            await told.note(whose or ())
        following = None if found <= asked.limit else compiler.cursor(asked, last)
        counted = f',"count":{(await self.one(compiler.count(asked)))[0]}' if asked.counted else ""
        items = view.sealed.opened(items)
        return f'{{"items":[{items}],"next":{json.dumps(following)}{counted}}}', min(found, asked.limit)

    async def one(self, statement: Statement, patience_ms: int | None = None) -> tuple[Any, ...]:
        """The one row of a statement, within `patience_ms` or PATIENCE_MS.

        Raises TooCostly, BadQuestion for what only the database finds wrong.
        """
        connection = await self.work.driver()
        with _told_as_refusals():
            await connection.execute(_BOUND, (str(patience_ms or PATIENCE_MS),), prepare=True)
            row = await (await connection.execute(statement.text, statement.values)).fetchone()
        assert row is not None  # aggregates always have a row
        return tuple(row)

    async def some(self, statement: Statement, at_once: int, patience_ms: int) -> AsyncIterator[list[tuple[Any, ...]]]:
        """The rows of one statement, some at a time, as the table stood when it began. Raises as `one`."""
        connection = await self.work.driver()
        with _told_as_refusals():
            await connection.execute(_BOUND, (str(patience_ms),), prepare=True)
            async with connection.cursor(name="service_rows") as cursor:
                await cursor.execute(statement.text, statement.values)
                while rows := await cursor.fetchmany(at_once):
                    yield rows

    async def describe(self, code: str, asker: Asker) -> DataService:
        """A service as the asker sees it. Raises what `Views.of` raises."""
        view = await self.views.of(code, asker, action="describe", spends=False)
        await self.views.served(view, 0, tuple(view.types), "describe", spends=False)
        return described(view)


@contextmanager
def _told_as_refusals() -> Iterator[None]:
    """What only the database finds wrong with a question. Raises TooCostly, BadQuestion."""
    try:
        yield
    except pg.QueryCanceled as error:
        raise TooCostly from error
    except pg.DataError as error:
        raise BadQuestion("?", "out-of-range", "数值超出范围", "A value is out of range") from error


def described(view: View) -> DataService:
    """A view as callers are told of it."""
    base = f"/api/data-hub/v1/services/{view.code}"
    titles = {item.name: item.title for item in view.resource.items}
    return DataService(
        code=view.code, name=view.resource.name, summary=view.resource.summary,
        provider_name=view.resource.provider_name, opened=view.opened, rows=f"{base}/rows",
        openapi=f"{base}/openapi.json",
        items=[
            ServiceItem(
                name=one.name, title=titles.get(one.name, one.title), type=one.type.value, operators=operators_of(one)
            )
            for one in view.columns
        ],
    )  # fmt: skip


def columns_of(asked: Question) -> tuple[str, ...]:
    """The columns that an answer shows something of."""
    return tuple(dict.fromkeys(field.column for field in asked.fields if field.column is not None))


async def rows(work: WorkInRequest, request: Request) -> Rows:
    """The acts, for a handler."""
    return Rows(work, partial(OpenedReads.of(request.app.state).note, request))


RowsInRequest = Annotated[Rows, Depends(rows)]
