"""All rows of an opened resource as CSV, piece by piece: no transaction stays open while a slow reader reads."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence

from citykit.work import Opener, Work
from data_hub import meters
from data_hub.datasets.safe_csv import BYTE_ORDER_MARK
from data_hub.datasets.service import Dataset, Datasets
from data_hub.opened_reads import Read
from data_hub.resources.domain import has_own_rows
from data_hub.resources.errors import NoResource
from data_hub.resources.schemas import Resource

_PIECE = 20_000  # rows


async def opened_rows(work: Work, resource: Resource) -> tuple[Dataset, tuple[str, ...]]:
    """The data set of an opened resource and the columns that everybody may read. Raises NoResource."""
    has_rows = has_own_rows(resource.code, resource.format, resource.items)
    dataset = await Datasets(work).of(resource.code) if has_rows else None
    if dataset is None:
        raise NoResource
    open_columns = {column.name for column in dataset.shape.columns if not column.is_sealed}
    return dataset, tuple(item.name for item in resource.items if item.name in open_columns)


async def as_csv(
    open_work: Opener, dataset: Dataset, columns: Sequence[str], resource: Resource, note: Callable[[Read], None]
) -> AsyncIterator[bytes]:
    """The rows in the order of their arrival, under the names of their columns.

    Each piece is counted and noted as it leaves: the first with the call, the others as more rows of it.
    """
    header = io.StringIO(BYTE_ORDER_MARK)
    header.seek(0, io.SEEK_END)
    csv.writer(header, lineterminator="\n").writerow(columns)
    yield header.getvalue().encode()
    after, calls = 0, 1
    while True:
        async with open_work() as work:
            piece = await Datasets(work).lines(dataset, columns, after=after, most=_PIECE)
            found = 0 if piece is None else piece[2]
            if found or calls:  # the first piece counts the call, also where there is nothing
                await meters.count(work, resource.code, resource.source_department, found, calls=calls)
                note(Read(resource.code, "download", found, columns, calls))
        if piece is None:
            return
        (text, after, _), calls = piece, 0
        yield text
