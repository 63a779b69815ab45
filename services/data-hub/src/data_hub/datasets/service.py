"""The acts on data sets: settle the shape of a resource's rows, and find where they lie."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql
from sqlalchemy import select, update

from citykit.ids import new_id
from citykit.work import Work
from data_hub import beijing
from data_hub.datasets.domain import SQL_TYPES, Column, ColumnType, Sealing, Shape, faults, growth
from data_hub.datasets.errors import BadShape, NoDataset, ShapeInUse
from data_hub.datasets.models import DatasetRow
from data_hub.datasets.sealed import KEY, Sealed, hash_column, text_of

# Columns of every table of rows that no shape can name: a shape's names begin with a letter.
ROW_ID = "_id"  # bigint, rising: the order of arrival and the key of pages
BATCH = "_batch"  # uuid of the batch that last stated the row
LOADED_AT = "_loaded_at"  # timestamptz


@dataclass(frozen=True)
class Replaced:
    """The last load that put itself in the place of all rows that there were.

    `at` and `place` stand in the order of arrival (LOADED_AT, ROW_ID): behind all rows that went, before all that came.
    """

    at: datetime
    place: int
    batch: UUID


@dataclass(frozen=True)
class Dataset:
    """Where the rows of a resource lie and what they look like."""

    id: UUID
    resource: str
    table: str
    shape: Shape
    replaced: Replaced | None = None


@dataclass(frozen=True)
class RowQuery:
    """Which rows of a data set: some of their columns, those that fit every condition, in an order, from a place on.

    `equals` names the values of which a column has one; each of `words` stands in the text of one of some columns.
    Columns are names of the shape that lie as they are, or the row's own number; values have their columns' types.
    """

    columns: tuple[str, ...]
    equals: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    words: Sequence[tuple[Sequence[str], str]] = ()
    order: Sequence[tuple[str, bool]] = ()  # a column, and whether it falls
    limit: int = 100
    offset: int = 0
    distinct: bool = False  # then the order is by columns that are shown
    as_lists: bool = False


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
        no longer shown. A changed type or key needs an empty data set. Columns that are to be sealed otherwise stay as
        they lie until `Resealing` is done with the rows. Raises BadShape, ShapeInUse.
        """
        if wrong := faults(shape):
            raise BadShape(detail=("数据项结构不合规:" + "; ".join(wrong), "The shape is wrong: " + "; ".join(wrong)))
        row = await self.work.session.scalar(
            select(DatasetRow).where(DatasetRow.resource == resource).with_for_update()
        )
        if row is None:
            return await self._make(resource, shape)
        before = _shape(row.shape)
        added = growth(before, shape)
        lies_so = added is not None and shape == shape.sealed_as(before)
        if not lies_so and not await self._holds_rows(row.table_name):
            await self._execute(sql.SQL("drop table {}").format(sql.Identifier(row.table_name)))
            await self._create_table(row.table_name, shape)
        elif added is None:
            raise ShapeInUse
        else:
            shape = shape.sealed_as(before)
            await self._add(row.table_name, added)
        row.shape = kept_shape(shape)
        await self.work.session.flush()
        return _dataset(row)

    async def append(self, dataset: Dataset, rows: Sequence[Sequence[Any]], *, batch: UUID) -> None:
        """Add rows whose values stand in the order of the shape's columns, unchecked: for data of the hub's own making.

        What departments bring comes through gathering, which checks it.
        """
        sealed, shape = self.sealed(dataset), dataset.shape
        plain = [column.name for column in shape.columns if not column.is_sealed]
        texts = {
            column.name: [None if row[at] is None else text_of(row[at]) for row in rows]
            for at, column in enumerate(shape.columns)
        }
        made = sealed.write(texts, [column.name for column in shape.sealed])
        cells = [[row[at] for row in rows] for at, column in enumerate(shape.columns) if not column.is_sealed]
        names = _commas(sql.Identifier(name) for name in (BATCH, *plain, *made))
        into = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(dataset.table), names)
        async with (await self.work.driver()).cursor() as cursor, cursor.copy(into) as copy:
            for row in zip(*cells, *made.values(), strict=True):
                await copy.write_row((batch, *row))
        now = self.work.clock.now()
        counted = {"row_count": DatasetRow.row_count + len(rows), "refreshed_at": now}
        await self.work.session.execute(update(DatasetRow).where(DatasetRow.id == dataset.id).values(counted))

    def sealed(self, dataset: Dataset) -> Sealed:
        """What seals and opens the columns of a data set, for one statement."""
        return Sealed(self.work.vault, dataset.id, dataset.resource, dataset.shape)

    async def holds_rows(self, dataset: Dataset) -> bool:
        """Whether there is any row."""
        return await self._holds_rows(dataset.table)

    async def page(self, dataset: Dataset, query: RowQuery) -> tuple[str, int]:
        """Rows as one JSON array, of objects or of lists, and how many; exact numbers, times of Beijing with offset."""
        where, values = _where(query)
        keys: list[sql.Composable] = [
            sql.SQL("{} {}").format(sql.Identifier(name), _FALLING[falls]) for name, falls in query.order
        ]
        keys += [] if query.distinct else [sql.Identifier(ROW_ID)]
        inner = sql.SQL("select {distinct} {picked} from {table} where {where} {order} limit %s offset %s").format(
            distinct=sql.SQL("distinct" if query.distinct else ""),
            picked=_commas(sql.Identifier(name) for name in query.columns),
            table=sql.Identifier(dataset.table), where=where,
            order=sql.SQL("order by {}").format(_commas(keys)) if keys else sql.SQL(""),
        )  # fmt: skip
        text = sql.SQL("select coalesce(json_agg({})::text, '[]'), count(*) from ({}) as r").format(
            _document(dataset.shape, query), inner
        )
        row = await self._one(text, (*values, query.limit, query.offset))
        return str(row[0]), int(row[1])

    async def count(self, dataset: Dataset, query: RowQuery, *, exact_up_to: int = 100_000) -> tuple[int, bool]:
        """How many rows fit, and whether that is the planner's estimate: nobody waits for millions to be counted."""
        where, values = _where(query)
        table = sql.Identifier(dataset.table)
        if query.distinct:
            named = _commas(sql.Identifier(name) for name in query.columns)
            some = sql.SQL("select distinct {} from {} where {} limit %s").format(named, table, where)
        else:
            some = sql.SQL("select from {} where {} limit %s").format(table, where)
        counted = await self._one(sql.SQL("select count(*) from ({}) as s").format(some), (*values, exact_up_to + 1))
        if counted[0] <= exact_up_to:
            return int(counted[0]), False
        plan = await self._one(sql.SQL("explain (format json) select from {} where {}").format(table, where), values)
        return max(int(counted[0]), int(plan[0][0]["Plan"]["Plan Rows"])), True

    async def lines(
        self, dataset: Dataset, columns: Sequence[str], *, after: int, most: int
    ) -> tuple[bytes, int, int] | None:
        """Rows after a row's number as CSV that no spreadsheet runs, the last number, how many; None at the end."""
        table, row_id = sql.Identifier(dataset.table), sql.Identifier(ROW_ID)
        ids = sql.SQL("select {0} from {1} where {0} > %s order by {0} limit %s").format(row_id, table)
        last = await self._one(sql.SQL("select max({}) from ({}) as s").format(row_id, ids), (after, most))
        if last[0] is None:
            return None
        picked = _commas(_harmless(dataset.shape, name) for name in columns)
        copied = sql.SQL(
            "copy (select {0} from {1} where {2} > {3} and {2} <= {4} order by {2}) to stdout (format csv)"
        ).format(picked, table, row_id, sql.Literal(after), sql.Literal(last[0]))
        async with (await self.work.driver()).cursor() as cursor:
            async with cursor.copy(copied) as copy:
                text = b"".join([bytes(piece) async for piece in copy])
            return text, int(last[0]), cursor.rowcount

    async def _one(self, text: sql.Composed, values: Sequence[Any]) -> tuple[Any, ...]:
        row = await (await (await self.work.driver()).execute(text, values)).fetchone()
        assert row is not None  # an aggregate, or a plan, always has a row
        return tuple(row)

    async def _make(self, resource: str, shape: Shape) -> Dataset:
        made = new_id()
        row = DatasetRow(
            id=made, resource=resource, shape=kept_shape(shape), table_name=f"data_{made.hex}", row_count=0,
            made_at=self.work.clock.now(), refreshed_at=None,
        )  # fmt: skip
        self.work.session.add(row)
        await self.work.session.flush()
        await self._create_table(row.table_name, shape)
        return _dataset(row)

    async def _create_table(self, table: str, shape: Shape) -> None:
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(t)) for c in shape.columns for n, t in cells_of(c)
        ]
        own = [
            sql.SQL(f"{ROW_ID} bigint generated always as identity primary key"),
            sql.SQL(f"{BATCH} uuid not null"),
            sql.SQL(f"{LOADED_AT} timestamptz not null default now()"),
        ]
        own += [sql.SQL(f"{KEY} bytea not null")] if shape.has_sealed_key else []
        name = sql.Identifier(table)
        await self._execute(sql.SQL("create table {} ({})").format(name, sql.SQL(", ").join([*own, *columns])))
        if shape.key:
            key = _commas(sql.Identifier(column) for column in key_of(shape))
            await self._execute(sql.SQL("create unique index on {} ({})").format(name, key))

    async def _add(self, table: str, columns: tuple[Column, ...]) -> None:
        for name, kind in (cell for column in columns for cell in cells_of(column)):
            named = {"table": sql.Identifier(table), "name": sql.Identifier(name), "kind": sql.SQL(kind)}
            if await self._kind(table, name) not in (None, kind):  # it left the shape, and comes back as another one
                await self._execute(sql.SQL("alter table {table} drop column {name}").format(**named))
            await self._execute(sql.SQL("alter table {table} add column if not exists {name} {kind}").format(**named))

    async def _kind(self, table: str, column: str) -> str | None:
        text = "select format_type(atttypid, null) from pg_attribute where attrelid = %s::regclass and attname = %s"
        row = await (await (await self.work.driver()).execute(text, (table, column))).fetchone()
        return None if row is None else _LONG_TYPES.get(row[0], row[0])

    async def _holds_rows(self, table: str) -> bool:
        connection = await self.work.driver()
        found = await connection.execute(sql.SQL("select exists (select from {})").format(sql.Identifier(table)))
        row = await found.fetchone()
        return bool(row and row[0])

    async def _execute(self, statement: sql.Composed) -> None:
        await (await self.work.driver()).execute(statement)


_LONG_TYPES = {"timestamp with time zone": "timestamptz"}
_FALLING = {True: sql.SQL("desc nulls last"), False: sql.SQL("asc nulls last")}
_INSTANT = sql.SQL(beijing.written("{}", digits=""))
# What Excel, WPS and LibreOffice take for the beginning of a formula, full-width forms of the signs among it.
_FORMULA, _AS_TEXT = "^[=+@\t\r\n＝＋－＠-]", r"'\&"


def cells_of(column: Column) -> list[tuple[str, str]]:
    """The columns of the table that a column of a shape takes, with their types."""
    if column.is_sealed:
        return [(column.name, "bytea"), (hash_column(column.name), "bytea")]
    return [(column.name, SQL_TYPES[column.type])]


def key_of(shape: Shape) -> tuple[str, ...]:
    """The columns of the table that tell its rows apart."""
    return (KEY,) if shape.has_sealed_key else shape.key


def _commas(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)


def _is(shape: Shape, name: str, type_: ColumnType) -> bool:
    column = shape.column(name)
    return column is not None and column.type is type_


def _document(shape: Shape, query: RowQuery) -> sql.Composed:
    """The row `r` as JSON: an object, or a list."""
    shown: list[sql.Composable] = []
    for name in query.columns:
        column = sql.Identifier("r", name)
        shown.append(_INSTANT.format(column) if _is(shape, name, ColumnType.datetime) else column)
    if query.as_lists:
        return sql.SQL("json_build_array({})").format(_commas(shown))
    named = (sql.SQL("{} as {}").format(one, sql.Identifier(n)) for one, n in zip(shown, query.columns, strict=True))
    return sql.SQL("(select row_to_json(o) from (select {}) as o)").format(_commas(named))


def _harmless(shape: Shape, name: str) -> sql.Composable:
    column = sql.Identifier(name)
    if _is(shape, name, ColumnType.datetime):
        return _INSTANT.format(column)
    if _is(shape, name, ColumnType.string):
        return sql.SQL("regexp_replace({}, {}, {})").format(column, sql.Literal(_FORMULA), sql.Literal(_AS_TEXT))
    return column


def _where(query: RowQuery) -> tuple[sql.Composable, list[Any]]:
    parts: list[sql.Composable] = []
    values: list[Any] = []
    for name, wanted in query.equals.items():
        parts.append(sql.SQL("{} = any(%s)").format(sql.Identifier(name)))
        values.append(list(wanted))
    for among, word in query.words:
        found = [sql.SQL("strpos(lower({}::text), lower(%s)) > 0").format(sql.Identifier(one)) for one in among]
        parts.append(sql.SQL("({})").format(sql.SQL(" or ").join(found)) if found else sql.SQL("false"))
        values += [word] * len(found)
    return sql.SQL(" and ").join(parts) if parts else sql.SQL("true"), values


def kept_shape(shape: Shape) -> dict[str, Any]:
    """A shape as the register keeps it."""
    columns = [
        {"name": c.name, "title": c.title, "type": c.type.value, "required": c.required, "sealing": c.sealing.value}
        for c in shape.columns
    ]
    return {"columns": columns, "key": list(shape.key)}


def _shape(kept: dict[str, Any]) -> Shape:
    columns = tuple(
        Column(c["name"], c["title"], ColumnType(c["type"]), c["required"], Sealing(c.get("sealing", "none")))
        for c in kept["columns"]
    )
    return Shape(columns, tuple(kept["key"]))


def _dataset(row: DatasetRow) -> Dataset:
    replaced = None
    if row.replaced_at is not None and row.replaced_id is not None and row.replaced_by is not None:
        replaced = Replaced(row.replaced_at, row.replaced_id, row.replaced_by)
    return Dataset(row.id, row.resource, row.table_name, _shape(row.shape), replaced)
