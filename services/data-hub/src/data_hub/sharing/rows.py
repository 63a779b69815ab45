"""The rows that a grant lets through: its columns and its row filter as one SELECT, for files and subscriptions.

A policy that no longer fits the data set is never read in the recipient's favour: columns that are gone are left out,
and a filter that names one of them refuses the whole delivery.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from citykit.actors import Actor
from citykit.problems import Problem
from citykit.work import Work
from data_hub import beijing
from data_hub.datasets.domain import Column, ColumnType
from data_hub.datasets.sealed import Sealed, hash_column
from data_hub.datasets.service import LOADED_AT, ROW_ID, Dataset, Datasets
from data_hub.person_reads.service import PersonReads, number_columns
from data_hub.resources.domain import ShareType
from data_hub.resources.schemas import Resource
from data_hub.resources.service import Resources
from data_hub.sharing.domain import Outcome
from data_hub.sharing.errors import BadRowFilter, NoRows, NothingToShare
from data_hub.sharing.evidence import Evidence
from data_hub.sharing.policy import Grant
from data_hub.sharing.row_filter import WrongFilter, compiled, parse

_INSTANT = sql.SQL(beijing.written("{}"))


@dataclass(frozen=True)
class Seen:
    """A data set as a grant shows it."""

    dataset: Dataset
    columns: tuple[Column, ...]
    where: sql.Composed
    values: tuple[Any, ...]
    sealed: Sealed  # opens what the statements show of sealed columns
    resource: Resource
    numbers: tuple[str, ...] = ()  # columns whose citizen numbers say whose a row is, whether they are shown or not

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that are shown."""
        return tuple(column.name for column in self.columns)

    def as_texts(self) -> tuple[sql.Composed, tuple[Any, ...]]:
        """The statement whose rows hold whose they are, then each column as text, in the order of arrival."""
        shown = sql.SQL(", ").join(sql.SQL("{}::text").format(self._shown(column)) for column in self.columns)
        text = sql.SQL("select {whose}, {shown} from {table} where {where} order by {id}").format(
            whose=self._whose, shown=shown, table=self._table, where=self.where, id=sql.Identifier(ROW_ID)
        )
        return text, self.values

    def as_documents(self) -> tuple[sql.Composed, tuple[Any, ...]]:
        """The statement whose rows are (whose the row is, JSON text), in the order of arrival."""
        text = sql.SQL("select {whose}, {document} from {table} where {where} order by {id}").format(
            whose=self._whose, document=self._document, table=self._table, where=self.where, id=sql.Identifier(ROW_ID)
        )
        return text, self.values

    def arrived(self, after: tuple[Any, int] | None, limit: int) -> tuple[sql.Composed, tuple[Any, ...]]:
        """The statement of (time of arrival, row id, JSON text, whose it is) of rows that came after a row."""
        at, row = sql.Identifier(LOADED_AT), sql.Identifier(ROW_ID)
        behind = sql.SQL("({}, {}) > (%s::timestamptz, %s::bigint)")
        beyond = sql.SQL("true") if after is None else behind.format(at, row)
        text = sql.SQL(
            "select {at}, {row}, {document}, {whose} from {table} where {where} and {beyond}"
            " order by {at}, {row} limit %s::bigint"
        ).format(
            at=at, row=row, document=self._document, whose=self._whose, table=self._table, where=self.where,
            beyond=beyond,
        )  # fmt: skip
        return text, (*self.values, *(after or ()), limit)

    @property
    def _whose(self) -> sql.Composed:
        """The citizen numbers of a row as an array, hashes of those that are sealed; null where there are none."""
        if not self.numbers:
            return sql.Composed([sql.SQL("null::text[]")])
        names = [hash_column(name) if self.sealed.column(name) else name for name in self.numbers]
        return sql.SQL("array[{}]").format(
            sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(n)) for n in names)
        )

    @property
    def _table(self) -> sql.Identifier:
        return sql.Identifier(self.dataset.table)

    @property
    def _document(self) -> sql.Composed:
        shown = [sql.SQL("{} as {}").format(self._shown(one), sql.Identifier(one.name)) for one in self.columns]
        return sql.SQL("(select row_to_json(o)::text from (select {}) as o)").format(sql.SQL(", ").join(shown))

    def _shown(self, column: Column) -> sql.Composable:
        name = sql.Identifier(column.name)
        if column.is_sealed:
            return self.sealed.shown(column.name, name)
        return _INSTANT.format(name) if column.type is ColumnType.datetime else name


async def rows_under(work: Work, grant: Grant) -> Seen:
    """The rows of the grant's resource as it shows them. Raises NoRows (404), NothingToShare, BadRowFilter (422)."""
    resource = await Resources(work).published(grant.resource)
    dataset = await Datasets(work).of(grant.resource)
    if resource is None or resource.share_type is ShareType.refused or dataset is None:
        raise NoRows
    columns = _granted(dataset.shape.columns, grant.columns)
    if not columns:
        raise NothingToShare
    types = {column.name: column.type for column in dataset.shape.columns}
    try:
        sealing = {column.name: column.sealing for column in dataset.shape.columns}
        conditions = () if grant.row_filter is None else parse(grant.row_filter, types, sealing)
    except WrongFilter as wrong:
        zh, en = f"授权的行过滤条件已不适用:{wrong}", f"The grant's row filter no longer fits: {wrong}"
        raise BadRowFilter((zh, en)) from wrong
    sealed = Datasets(work).sealed(dataset)
    where, values = compiled(conditions, types, sealed)
    return Seen(dataset, columns, where, tuple(values), sealed, resource, number_columns(resource, dataset.shape))


def persons_told(work: Work, grant: Grant, seen: Seen, *, actor: Actor, action: str) -> PersonReads:
    """Where the persons are noted whose rows leave under a grant: with its purpose, legal basis and number."""
    by, matter = grant.named(actor), grant.said
    return PersonReads(work, by, action, seen.resource, seen.names, grant.purpose, grant.legal_basis, matter)


async def rows_on_record(work: Work, grant: Grant, *, actor: Actor, action: str) -> Seen:
    """The same for a call that somebody makes: a refusal is on record before it is raised. Raises as `rows_under`."""
    try:
        return await rows_under(work, grant)
    except Problem as refused:
        await Evidence(work).record(
            resource=grant.resource, grant=grant, actor=actor, action=action, outcome=Outcome.refused,
            code=refused.slug,
        )  # fmt: skip
        raise


def _granted(columns: Sequence[Column], names: Sequence[str]) -> tuple[Column, ...]:
    granted = set(names)
    return tuple(column for column in columns if column.name in granted)
