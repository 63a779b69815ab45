"""Personal and secret values of a batch on their way into the table: sealed beside the plain rows that rules look at.

Where rules have to look at the rows in the database, these lie plain in a temporary table, in no log and gone with the
transaction, and what is merged into the data set are the cells made here. Where none has to, only the cells go there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from citykit.vault import Vault
from data_hub.datasets.domain import SQL_TYPES, Column, ColumnType
from data_hub.datasets.sealed import KEY, Sealed, blinds, hash_column, text_of
from data_hub.datasets.service import Dataset
from data_hub.ingest.contract import Item

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Target:
    """What an item refers to where that lies sealed: values are compared by the hashes of that column."""

    resource: str
    column: Column


class Sealer:
    """Makes the cells of one batch's sealed columns."""

    def __init__(self, vault: Vault, dataset: Dataset, items: Sequence[Item]) -> None:
        self._vault = vault
        self._sealed = Sealed(vault, dataset.id, dataset.resource, dataset.shape)
        self._key = dataset.shape.key
        self._present = [item.name for item in items]
        self._own = [one.name for one in dataset.shape.sealed if one.name in self._present]
        self._kinds = {item.name: SQL_TYPES[item.type] for item in items}
        self.targets: dict[str, Target] = {}

    @property
    def columns(self) -> list[str]:
        """The columns that the cells stand in, besides those of the items: all are of bytes."""
        own = [name for one in self._own for name in (sealed_column(one), hash_column(one))]
        key = [KEY] if self._sealed.shape.has_sealed_key else []
        return [*own, *key, *map(target_column, self.targets)]

    @property
    def cells(self) -> dict[str, str]:
        """The columns of the data set's table that a batch fills, and the column of its slices that each comes from."""
        cells = {name: sealed_column(name) if name in self._own else name for name in self._present}
        hashes = [hash_column(name) for name in self._own] + ([KEY] if self._sealed.shape.has_sealed_key else [])
        return cells | {name: name for name in hashes}

    @property
    def kinds(self) -> dict[str, str]:
        """The SQL types of all columns, of the items and of the cells."""
        return self._kinds | dict.fromkeys(self.columns, "bytea")

    def made(self, frame: pl.DataFrame) -> dict[str, list[bytes | None]]:
        """The cells of a slice of typed rows, by column."""
        read = {*self._own, *self._key, *self.targets}
        texts = {name: self._texts(frame.get_column(name)) for name in self._present if name in read}
        made = self._sealed.write(texts, self._own)
        cells = {sealed_column(name) if name in self._own else name: cell for name, cell in made.items()}
        for name, target in self.targets.items():
            cells[target_column(name)] = blinds(self._vault, target.resource, target.column, texts[name])
        return cells

    def _texts(self, values: pl.Series) -> list[str | None]:
        """Values in the form in which they are sealed and hashed."""
        column = self._sealed.shape.column(values.name)
        return texts_of(ColumnType.string if column is None else column.type, values)


def texts_of(kind: ColumnType, values: pl.Series) -> list[str | None]:
    """The typed values of a slice's column as `text_of` writes each, a column at once."""
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    if kind is ColumnType.number:
        written: list[str | None] = values.to_list()
        forms = {one: None if one is None else text_of(Decimal(one)) for one in set(written)}
        return [forms[one] for one in written]
    if kind is ColumnType.datetime:
        return values.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_list()
    return values.cast(pl.String).to_list()


def sealed_column(name: str) -> str:
    """Where the sealed values of a column stand, beside the plain ones."""
    return f"_s_{name}"


def target_column(name: str) -> str:
    """Where the hashes stand by which an item is looked up elsewhere."""
    return f"_r_{name}"
