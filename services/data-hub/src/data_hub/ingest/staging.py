"""Between file and data set: a temporary table, the rules that look at many rows, and the merge. One transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg import AsyncConnection, sql

from data_hub.datasets.sealed import hash_column
from data_hub.datasets.service import BATCH, LOADED_AT, ROW_ID, Dataset, key_of
from data_hub.ingest.checks import LINE, copied
from data_hub.ingest.contract import Item
from data_hub.ingest.domain import BadRow, Merge, RowFault
from data_hub.ingest.packing import HEAD, packed
from data_hub.ingest.precedence import Precedence
from data_hub.ingest.sealing import Sealer, target_column

if TYPE_CHECKING:
    import polars as pl

_STAGE = sql.Identifier("ingest_stage")
_LINE = sql.Identifier(LINE)
# Whether a batch that was brought after a moment has stated the row `t` of a data set.
_LATER = sql.SQL("exists (select from ingest_batch b where b.id = t.{} and b.completed_at > %s)").format(
    sql.Identifier(BATCH)
)


def _listed(names: Sequence[str], prefix: str = "") -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(prefix) + sql.Identifier(name) for name in names)


def copy_into(table: str, names: Sequence[str], *, is_binary: bool) -> sql.Composed:
    """The COPY that takes rows with these columns into a table."""
    form = sql.SQL("binary" if is_binary else "csv")
    return sql.SQL("copy {} ({}) from stdin (format {})").format(sql.Identifier(table), _listed(names), form)


class Staging:
    """The rows of one batch on their way into a data set."""

    def __init__(
        self, connection: AsyncConnection[Any], dataset: Dataset, items: Sequence[Item], sealer: Sealer
    ) -> None:
        self._connection = connection
        self._name = dataset.table
        self._table = sql.Identifier(dataset.table)
        self._shape = dataset.shape
        self._key = key_of(dataset.shape)
        self._names = [item.name for item in items]
        self._sealed = [column.name for column in dataset.shape.sealed if column.name in self._names]
        self._sealer = sealer

    async def begin(self) -> None:
        """Make the table; it is gone with the transaction."""
        await self._connection.execute("drop table if exists pg_temp.ingest_stage")
        kinds = self._sealer.kinds.items()
        columns = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in kinds]
        statement = sql.SQL("create temp table {} ({} bigint, {}) on commit drop")
        await self._connection.execute(statement.format(_STAGE, _LINE, sql.SQL(", ").join(columns)))

    @property
    def copy(self) -> sql.Composed:
        """The COPY that fills it."""
        return copy_into("ingest_stage", [LINE, *self._sealer.kinds], is_binary=bool(self._sealer.columns))

    @property
    def head(self) -> bytes:
        """What that COPY reads before the first row."""
        return HEAD if self._sealer.columns else b""

    def block(self, good: pl.DataFrame) -> bytes:
        """A slice of typed rows as that COPY reads it."""
        if not self._sealer.columns:
            return copied(good, [LINE, *self._names])
        return packed(good, self._sealer.made(good), {LINE: "bigint"} | self._sealer.kinds)

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
        names = self._key if tuple(columns) == self._shape.key else [self._compared(name) for name in columns]
        same = sql.SQL(" and ").join(sql.SQL("t.{0} = s.{0}").format(sql.Identifier(name)) for name in names)
        if own_key and self._key:
            other = sql.SQL(" and row({}) is distinct from row({})")
            same += other.format(_listed(self._key, "t."), _listed(self._key, "s."))
        statement = sql.SQL("select {line} from {stage} s where exists (select from {table} t where {same})")
        return await self._lines(statement.format(line=_LINE, stage=_STAGE, table=self._table, same=same))

    async def outdated(self, standing: Precedence) -> list[int]:
        """The lines whose key a later batch stated."""
        if not self._key or not standing.has_later:
            return []
        statement = sql.SQL(
            "select {line} from {stage} s where exists (select from {table} t where {same} and {later})"
        )
        return await self._lines(
            statement.format(line=_LINE, stage=_STAGE, table=self._table, same=self._same_key, later=_LATER),
            (standing.moment,),
        )

    async def confirm(self, standing: Precedence, batch: UUID) -> None:
        """Note at the rows that say what the batch says that it said so, where an older one could still change them.

        `_loaded_at` stays: for those who receive the data nothing changed.
        """
        if not self._key or standing.held is None:
            return
        told = [self._compared(name) for name in self._names if name not in self._shape.key]
        same = sql.SQL("row({}) is not distinct from row({})").format(_listed(told, "t."), _listed(told, "s."))
        statement = sql.SQL(
            "update {table} t set {batch} = %s from {stage} s where {key} and {same} and not {later}"
        ).format(
            table=self._table, batch=sql.Identifier(BATCH), stage=_STAGE, key=self._same_key,
            same=same if told else sql.SQL("true"), later=_LATER,
        )  # fmt: skip
        await self._connection.execute(statement, (batch, standing.held))

    @property
    def _same_key(self) -> sql.Composed:
        return sql.SQL(" and ").join(sql.SQL("t.{0} = s.{0}").format(sql.Identifier(name)) for name in self._key)

    def _compared(self, name: str) -> str:
        """The column of the table whose values are equal where those of a column are."""
        return hash_column(name) if name in self._sealed else name

    async def strangers(self, column: str, other: Dataset, item: str) -> list[int]:
        """The lines whose value stands in no row of another data set (nor of this batch, where it is the same)."""
        same = sql.SQL("o.{}::text = s.{}::text").format(sql.Identifier(item), sql.Identifier(column))
        if column in self._sealer.targets:
            same = sql.SQL("o.{} = s.{}").format(
                sql.Identifier(hash_column(item)), sql.Identifier(target_column(column))
            )
        found = sql.SQL("exists (select from {} o where {})").format(sql.Identifier(other.table), same)
        if sql.Identifier(other.table) == self._table and item in self._names:
            found += sql.SQL(" or exists (select from {} o where o.{}::text = s.{}::text)").format(
                _STAGE, sql.Identifier(item), sql.Identifier(column)
            )
        statement = sql.SQL("select {} from {} s where s.{} is not null and not ({})")
        return await self._lines(statement.format(_LINE, _STAGE, sql.Identifier(column), found))

    async def _lines(self, statement: sql.Composed, values: Sequence[Any] = ()) -> list[int]:
        return [line for (line,) in await (await self._connection.execute(statement, values)).fetchall()]

    async def size_of(self, lines: Sequence[int]) -> int:
        """Characters of the values of some lines."""
        lengths = (sql.SQL("coalesce(length({}::text), 0)").format(sql.Identifier(name)) for name in self._names)
        statement = sql.SQL("select coalesce(sum({}), 0)::bigint from {} where {} = any(%s)").format(
            sql.SQL(" + ").join(lengths), _STAGE, _LINE
        )
        return sum(await self._lines(statement, (list(lines),)))

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

    async def clear(self, standing: Precedence, batch: UUID, at: datetime) -> int:
        """Remove the rows of the data set but those of later batches; how many these are.

        That all before is gone is noted at the data set, with a place of its own in the order of arrival. What stays is
        put behind that place: who follows the data set, and lets go of all that came before, is told of it again.
        """
        marked = sql.SQL(
            "update dataset set replaced_at = %s, replaced_by = %s,"
            " replaced_id = nextval(pg_get_serial_sequence({0}, {1})) where table_name = {0}"
        ).format(sql.Literal(self._name), sql.Literal(ROW_ID))
        await self._connection.execute(marked, (at, batch))
        if not standing.has_later:
            await self._connection.execute(sql.SQL("delete from {}").format(self._table))
            return 0
        older = sql.SQL("delete from {} t where not {}").format(self._table, _LATER)
        await self._connection.execute(older, (standing.moment,))
        again = sql.SQL("update {} set {} = default, {} = %s").format(
            self._table, sql.Identifier(ROW_ID), sql.Identifier(LOADED_AT)
        )
        return (await self._connection.execute(again, (at,))).rowcount

    async def merge(self, how: Merge, batch: UUID, at: datetime) -> tuple[int, int]:
        """Bring the rows into the data set; how many are new, and how many were changed."""
        insert = sql.SQL("insert into {table} ({batch}, {at}, {columns}) select %s, %s, {cells} from {stage}").format(
            table=self._table, batch=sql.Identifier(BATCH), at=sql.Identifier(LOADED_AT),
            columns=_listed(list(self._sealer.cells)), cells=_listed(list(self._sealer.cells.values())), stage=_STAGE,
        )  # fmt: skip
        if how is Merge.merge and self._key and await self.holds_rows():
            statement = sql.SQL("with done as ({} {} returning xmax = 0 as fresh) select {} from done").format(
                insert, self._on_conflict(), sql.SQL("count(*) filter (where fresh), count(*) filter (where not fresh)")
            )
            row = await (await self._connection.execute(statement, (batch, at))).fetchone()
            return (0, 0) if row is None else (row[0], row[1])
        return (await self._connection.execute(insert, (batch, at))).rowcount, 0

    def _on_conflict(self) -> sql.Composed:
        """A known key takes the values of the batch; a row that says the same stays as it is, with its provenance."""
        told = [name for name in self._names if name not in self._shape.key]
        key = _listed(self._key)
        if not told:
            return sql.SQL("on conflict ({}) do nothing").format(key)
        others = [*told, *(hash_column(name) for name in told if name in self._sealed)]
        sets = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(n)) for n in (*others, BATCH, LOADED_AT)]
        compared = [self._compared(name) for name in told]  # what is sealed twice differs, and its hash does not
        old = sql.SQL(", ").join(sql.SQL("{}.{}").format(self._table, sql.Identifier(name)) for name in compared)
        return sql.SQL("on conflict ({}) do update set {} where row({}) is distinct from row({})").format(
            key, sql.SQL(", ").join(sets), old, _listed(compared, "excluded.")
        )

    async def holds_rows(self) -> bool:
        """Whether the data set has any row."""
        found = await self._connection.execute(sql.SQL("select exists (select from {})").format(self._table))
        row = await found.fetchone()
        return bool(row and row[0])
