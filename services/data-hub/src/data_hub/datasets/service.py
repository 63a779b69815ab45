"""The acts on data sets: settle the shape of a resource's rows, and find where they lie."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import sql
from sqlalchemy import select

from citykit.ids import new_id
from citykit.work import Work
from data_hub.datasets.domain import SQL_TYPES, Column, ColumnType, Shape, faults, growth
from data_hub.datasets.errors import BadShape, NoDataset, ShapeInUse
from data_hub.datasets.models import DatasetRow

# Columns of every table of rows that no shape can name: a shape's names begin with a letter.
ROW_ID = "_id"  # bigint, rising: the order of arrival and the key of pages
BATCH = "_batch"  # uuid of the batch that last stated the row
LOADED_AT = "_loaded_at"  # timestamptz


@dataclass(frozen=True)
class Dataset:
    """Where the rows of a resource lie and what they look like."""

    id: UUID
    resource: str
    table: str
    shape: Shape


class Datasets:
    """The register of data sets within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def of(self, resource: str) -> Dataset | None:
        """The data set of a resource, or None where it has no rows of its own."""
        row = await self.work.session.scalar(select(DatasetRow).where(DatasetRow.resource == resource))
        return None if row is None else _dataset(row)

    async def need(self, resource: str) -> Dataset:
        """The data set of a resource. Raises NoDataset."""
        found = await self.of(resource)
        if found is None:
            raise NoDataset
        return found

    async def establish(self, resource: str, shape: Shape) -> Dataset:
        """Make the data set of a resource, or let it grow into a changed shape.

        New columns are added, empty in the rows that are there; columns that left the shape keep their values and are
        no longer shown. A changed type or key needs an empty data set. Raises BadShape, ShapeInUse.
        """
        if wrong := faults(shape):
            raise BadShape(detail=("数据项结构不合规:" + "; ".join(wrong), "The shape is wrong: " + "; ".join(wrong)))
        row = await self.work.session.scalar(
            select(DatasetRow).where(DatasetRow.resource == resource).with_for_update()
        )
        if row is None:
            return await self._make(resource, shape)
        added = growth(_shape(row.shape), shape)
        if added is None and await self._holds_rows(row.table_name):
            raise ShapeInUse
        if added is None:
            await self._execute(sql.SQL("drop table {}").format(sql.Identifier(row.table_name)))
            await self._create_table(row.table_name, shape)
        else:
            await self._add(row.table_name, added)
        row.shape = _json(shape)
        await self.work.session.flush()
        return _dataset(row)

    async def _make(self, resource: str, shape: Shape) -> Dataset:
        made = new_id()
        row = DatasetRow(
            id=made, resource=resource, shape=_json(shape), table_name=f"data_{made.hex}", row_count=0,
            made_at=self.work.clock.now(), refreshed_at=None,
        )  # fmt: skip
        self.work.session.add(row)
        await self.work.session.flush()
        await self._create_table(row.table_name, shape)
        return _dataset(row)

    async def _create_table(self, table: str, shape: Shape) -> None:
        columns = [sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(SQL_TYPES[c.type])) for c in shape.columns]
        own = [
            sql.SQL(f"{ROW_ID} bigint generated always as identity primary key"),
            sql.SQL(f"{BATCH} uuid not null"),
            sql.SQL(f"{LOADED_AT} timestamptz not null default now()"),
        ]
        name = sql.Identifier(table)
        await self._execute(sql.SQL("create table {} ({})").format(name, sql.SQL(", ").join([*own, *columns])))
        if shape.key:
            key = sql.SQL(", ").join(sql.Identifier(column) for column in shape.key)
            await self._execute(sql.SQL("create unique index on {} ({})").format(name, key))

    async def _add(self, table: str, columns: tuple[Column, ...]) -> None:
        for column in columns:
            await self._execute(
                sql.SQL("alter table {} add column if not exists {} {}").format(
                    sql.Identifier(table), sql.Identifier(column.name), sql.SQL(SQL_TYPES[column.type])
                )
            )

    async def _holds_rows(self, table: str) -> bool:
        connection = await self.work.driver()
        found = await connection.execute(sql.SQL("select exists (select from {})").format(sql.Identifier(table)))
        row = await found.fetchone()
        return bool(row and row[0])

    async def _execute(self, statement: sql.Composed) -> None:
        await (await self.work.driver()).execute(statement)


def _json(shape: Shape) -> dict[str, Any]:
    columns = [{"name": c.name, "title": c.title, "type": c.type.value, "required": c.required} for c in shape.columns]
    return {"columns": columns, "key": list(shape.key)}


def _shape(kept: dict[str, Any]) -> Shape:
    columns = tuple(Column(c["name"], c["title"], ColumnType(c["type"]), c["required"]) for c in kept["columns"])
    return Shape(columns, tuple(kept["key"]))


def _dataset(row: DatasetRow) -> Dataset:
    return Dataset(row.id, row.resource, row.table_name, _shape(row.shape))
