"""Rows that lie otherwise than their shape wants: sealed, or laid open again, in one transaction and in their place."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from psycopg import sql
from sqlalchemy import update

from citykit.ids import new_id
from citykit.work import Work
from data_hub.datasets.domain import Column, Shape
from data_hub.datasets.models import DatasetRow
from data_hub.datasets.sealed import KEY, Sealed, as_text
from data_hub.datasets.service import ROW_ID, Dataset, cells_of, kept_shape, key_of

ROWS_AT_ONCE = 5_000
_NEW = sql.Identifier("reseal_rows")


def _fresh(changed: Sequence[tuple[Column, Column]]) -> dict[str, tuple[str, str]]:
    """What each new column is called until the one in whose place it comes is gone, and its type.

    They are numbered: a name with something before it could be longer than the 63 bytes that PostgreSQL tells apart.
    """
    cells = [cell for _, new in changed for cell in cells_of(new)]
    return {name: (f"_new_{number}", kind) for number, (name, kind) in enumerate(cells)}


class Resealing:
    """Changes how columns lie; the data set's row is locked by whoever asks, so that no batch comes between."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def apply(self, dataset: Dataset, wanted: Shape) -> int:
        """Lay the rows as `wanted` says, which differs in sealing alone; how many there are.

        Rows keep their number, batch and time of arrival: nobody is told of a change. The table gets another name, so
        that who read the old shape a moment ago finds no table, and never takes cells for what they are not any more.
        """
        before = dataset.shape
        changed = [
            (old, new) for old, new in zip(before.columns, wanted.columns, strict=True) if old.sealing != new.sealing
        ]
        if not changed:
            return 0
        table = sql.Identifier(dataset.table)
        new = replace(dataset, shape=wanted)
        await self._widen(table, changed, wanted)
        done = await self._fill(dataset, new, changed)
        await self._narrow(table, changed, before, wanted)
        name = f"data_{new_id().hex}"
        await self._alter(table, "rename to {}", sql.Identifier(name))
        came = sql.SQL("alter index if exists {} rename to {}")
        await self._execute(came.format(sql.Identifier(f"{dataset.table}_came"), sql.Identifier(f"{name}_came")))
        await self.work.session.execute(
            update(DatasetRow).where(DatasetRow.id == dataset.id).values(shape=kept_shape(wanted), table_name=name)
        )
        return done

    async def _widen(self, table: sql.Identifier, changed: Sequence[tuple[Column, Column]], wanted: Shape) -> None:
        for name, kind in _fresh(changed).values():
            await self._alter(table, "add column {} {}", sql.Identifier(name), sql.SQL(kind))
        if wanted.has_sealed_key:
            await self._alter(table, "add column if not exists {} bytea", sql.Identifier(KEY))

    async def _fill(self, dataset: Dataset, new: Dataset, changed: Sequence[tuple[Column, Column]]) -> int:
        """Read every row, some thousand at a time, and write its new cells into the columns that wait."""
        old_seal = Sealed(self.work.vault, dataset.id, dataset.resource, dataset.shape)
        new_seal = Sealed(self.work.vault, new.id, new.resource, new.shape)
        read = dataset.shape.columns
        shown = [sql.Identifier(one.name) if one.is_sealed else as_text(one) for one in read]
        text = sql.SQL("select {}, {} from {}").format(
            sql.Identifier(ROW_ID), sql.SQL(", ").join(shown), sql.Identifier(dataset.table)
        )
        targets = _fresh(changed)
        targets |= {KEY: (KEY, "bytea")} if new.shape.has_sealed_key else {}
        connection = await self.work.driver()
        await self._stage(targets)
        done = 0
        async with connection.cursor(name="reseal") as cursor:
            await cursor.execute(text)
            while rows := await cursor.fetchmany(ROWS_AT_ONCE):
                texts = {one.name: old_seal.texts(one, [row[at] for row in rows]) for at, one in enumerate(read, 1)}
                made: dict[str, Sequence[Any]] = dict(new_seal.write(texts, [one.name for _, one in changed]))
                made |= {one.name: texts[one.name] for _, one in changed if not one.is_sealed}
                await self._write(dataset, targets, [row[0] for row in rows], made)
                done += len(rows)
        return done

    async def _stage(self, targets: dict[str, tuple[str, str]]) -> None:
        columns = [sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(t)) for n, (_, t) in targets.items()]
        await self._execute(sql.SQL("drop table if exists pg_temp.{}").format(_NEW))
        await self._execute(
            sql.SQL("create temp table {} (row_id bigint primary key, {}) on commit drop").format(
                _NEW, sql.SQL(", ").join(columns)
            )
        )

    async def _write(
        self, dataset: Dataset, targets: dict[str, tuple[str, str]], rows: Sequence[int], made: dict[str, Sequence[Any]]
    ) -> None:
        connection = await self.work.driver()
        names = sql.SQL(", ").join(map(sql.Identifier, targets))
        async with (
            connection.cursor() as cursor,
            cursor.copy(sql.SQL("copy {} (row_id, {}) from stdin").format(_NEW, names)) as copy,
        ):
            for cells in zip(rows, *(made[name] for name in targets), strict=True):
                await copy.write_row(cells)
        sets = [
            sql.SQL("{} = n.{}").format(sql.Identifier(target), sql.Identifier(name))
            for name, (target, _) in targets.items()
        ]
        await self._execute(
            sql.SQL("update {} t set {} from {} n where t.{} = n.row_id").format(
                sql.Identifier(dataset.table), sql.SQL(", ").join(sets), _NEW, sql.Identifier(ROW_ID)
            )
        )
        await self._execute(sql.SQL("truncate {}").format(_NEW))

    async def _narrow(
        self, table: sql.Identifier, changed: Sequence[tuple[Column, Column]], before: Shape, wanted: Shape
    ) -> None:
        """Put the new columns in the place of the old, and the key on what tells rows apart now."""
        for name in (name for old, _ in changed for name, _ in cells_of(old)):
            await self._alter(table, "drop column {}", sql.Identifier(name))
        for name, (fresh, _) in _fresh(changed).items():
            await self._alter(table, "rename column {} to {}", sql.Identifier(fresh), sql.Identifier(name))
        if key_of(before) == key_of(wanted):
            return
        if wanted.has_sealed_key:
            await self._alter(table, "alter column {} set not null", sql.Identifier(KEY))
        else:
            await self._alter(table, "drop column {}", sql.Identifier(KEY))
        key = sql.SQL(", ").join(sql.Identifier(name) for name in key_of(wanted))
        await self._execute(sql.SQL("create unique index on {} ({})").format(table, key))

    async def _alter(self, table: sql.Identifier, what: str, *names: sql.Composable) -> None:
        await self._execute(sql.SQL("alter table {} ").format(table) + sql.SQL(what).format(*names))

    async def _execute(self, statement: sql.Composed) -> None:
        await (await self.work.driver()).execute(statement)
