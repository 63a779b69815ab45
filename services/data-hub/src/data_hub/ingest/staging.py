"""Between file and data set: a temporary table, the rules that look at many rows, and the merge. One transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, sql

from data_hub.datasets.domain import SQL_TYPES
from data_hub.datasets.service import BATCH, LOADED_AT, Dataset
from data_hub.ingest.checks import LINE
from data_hub.ingest.contract import Item
from data_hub.ingest.domain import BadRow, Merge, RowFault

_STAGE = sql.Identifier("ingest_stage")
_LINE = sql.Identifier(LINE)


def _listed(names: Sequence[str], prefix: str = "") -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(prefix) + sql.Identifier(name) for name in names)


class Staging:
    """The rows of one batch on their way into a data set."""

    def __init__(self, connection: AsyncConnection[Any], dataset: Dataset, items: Sequence[Item]) -> None:
        self._connection = connection
        self._table = sql.Identifier(dataset.table)
        self._key = dataset.shape.key
        self._names = [item.name for item in items]
        self._types = {item.name: SQL_TYPES[item.type] for item in items}

    async def begin(self) -> None:
        """Make the table; it is gone with the transaction."""
        await self._connection.execute("drop table if exists pg_temp.ingest_stage")
        columns = [sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(t)) for n, t in self._types.items()]
        statement = sql.SQL("create temp table {} ({} bigint, {}) on commit drop")
        await self._connection.execute(statement.format(_STAGE, _LINE, sql.SQL(", ").join(columns)))

    @property
    def copy(self) -> sql.Composed:
        """The COPY that fills it from CSV."""
        return sql.SQL("copy {} ({}, {}) from stdin (format csv)").format(_STAGE, _LINE, _listed(self._names))

    async def settle(self) -> None:
        """Let the planner know how many rows there are."""
        await self._connection.execute(sql.SQL("analyze {}").format(_STAGE))

    async def twins(self, columns: Sequence[str], among: Sequence[int]) -> list[int]:
        """The lines among those given whose values stood in an earlier line already."""
        statement = sql.SQL(
            "select {line} from (select {line}, row_number() over (partition by {columns} order by {line}) as place"
            " from {stage} where {line} = any(%s)) numbered where place > 1"
        ).format(line=_LINE, columns=_listed(columns), stage=_STAGE)
        return await self._lines(statement, (list(among),))

    async def known(self, columns: Sequence[str], *, own_key: bool) -> list[int]:
        """The lines whose values the data set holds already; under another key alone where a key may come again."""
        same = sql.SQL(" and ").join(
            sql.SQL("t.{0} = s.{0}").format(sql.Identifier(column)) for column in columns
        )  # fmt: skip
        if own_key and self._key:
            other = sql.SQL(" and row({}) is distinct from row({})")
            same += other.format(_listed(self._key, "t."), _listed(self._key, "s."))
        statement = sql.SQL("select {line} from {stage} s where exists (select from {table} t where {same})")
        return await self._lines(statement.format(line=_LINE, stage=_STAGE, table=self._table, same=same))

    async def strangers(self, column: str, other: Dataset, item: str) -> list[int]:
        """The lines whose value stands in no row of another data set (nor of this batch, where it is the same)."""
        found = sql.SQL("exists (select from {} o where o.{}::text = s.{}::text)").format(
            sql.Identifier(other.table), sql.Identifier(item), sql.Identifier(column)
        )
        if sql.Identifier(other.table) == self._table and item in self._names:
            found += sql.SQL(" or exists (select from {} o where o.{}::text = s.{}::text)").format(
                _STAGE, sql.Identifier(item), sql.Identifier(column)
            )
        statement = sql.SQL("select {} from {} s where s.{} is not null and not ({})")
        return await self._lines(statement.format(_LINE, _STAGE, sql.Identifier(column), found))

    async def _lines(self, statement: sql.Composed, values: Sequence[Any] = ()) -> list[int]:
        return [line for (line,) in await (await self._connection.execute(statement, values)).fetchall()]

    async def take_out(self, faults: dict[int, list[RowFault]]) -> list[BadRow]:
        """Remove lines; the answer is what they said."""
        texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in self._names)
        statement = sql.SQL("delete from {stage} where {line} = any(%s) returning {line}, {texts}")
        found = await self._connection.execute(
            statement.format(stage=_STAGE, line=_LINE, texts=texts), (list(faults),)
        )  # fmt: skip
        return [
            BadRow(line, dict(zip(self._names, values, strict=True)), tuple(faults[line]))
            for line, *values in await found.fetchall()
        ]

    async def merge(self, how: Merge, batch: UUID, at: datetime) -> tuple[int, int]:
        """Bring the rows into the data set; how many are new, and how many were changed."""
        if how is Merge.anew:
            await self._connection.execute(sql.SQL("delete from {}").format(self._table))
        insert = sql.SQL("insert into {table} ({batch}, {at}, {columns}) select %s, %s, {columns} from {stage}").format(
            table=self._table, batch=sql.Identifier(BATCH), at=sql.Identifier(LOADED_AT),
            columns=_listed(self._names), stage=_STAGE,
        )  # fmt: skip
        if how is Merge.merge and self._key and await self._holds_rows():
            statement = sql.SQL("with done as ({} {} returning xmax = 0 as fresh) select {} from done").format(
                insert, self._on_conflict(), sql.SQL("count(*) filter (where fresh), count(*) filter (where not fresh)")
            )
            row = await (await self._connection.execute(statement, (batch, at))).fetchone()
            return (0, 0) if row is None else (row[0], row[1])
        return (await self._connection.execute(insert, (batch, at))).rowcount, 0

    def _on_conflict(self) -> sql.Composed:
        """A known key takes the values of the batch; a row that says the same stays as it is, with its provenance."""
        others = [name for name in self._names if name not in self._key]
        key = _listed(self._key)
        if not others:
            return sql.SQL("on conflict ({}) do nothing").format(key)
        sets = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(n)) for n in (*others, BATCH, LOADED_AT)]
        old = sql.SQL(", ").join(sql.SQL("{}.{}").format(self._table, sql.Identifier(name)) for name in others)
        return sql.SQL("on conflict ({}) do update set {} where row({}) is distinct from row({})").format(
            key, sql.SQL(", ").join(sets), old, _listed(others, "excluded.")
        )

    async def _holds_rows(self) -> bool:
        found = await self._connection.execute(sql.SQL("select exists (select from {})").format(self._table))
        row = await found.fetchone()
        return bool(row and row[0])
