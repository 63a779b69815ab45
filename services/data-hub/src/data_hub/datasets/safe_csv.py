"""CSV (RFC 4180) that a spreadsheet does not run: a text that it would take for a formula begins with an apostrophe.

Only columns of text are changed so (OWASP, CSV injection): a number or a time never is a formula, minus sign or not.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from data_hub.datasets.domain import Column, ColumnType

# What Excel, WPS and LibreOffice take for the beginning of a formula, full-width forms of the signs among them.
_BEGINS = frozenset("=+-@\t\r\n＝＋－＠")
BYTE_ORDER_MARK = "\ufeff"  # so that spreadsheets read UTF-8 as UTF-8


def harmless(text: str) -> str:
    """The text as a cell may hold it."""
    return f"'{text}" if text[:1] in _BEGINS and text else text


def header(columns: Sequence[Column]) -> str:
    """The byte order mark and the line of names."""
    return BYTE_ORDER_MARK + written([[column.name for column in columns]])


def lines(rows: Iterable[Sequence[str | None]], columns: Sequence[Column]) -> str:
    """The lines of rows whose values are texts already."""
    is_text = [column.type is ColumnType.string for column in columns]
    return written(
        [harmless(value) if kind and value else value for value, kind in zip(row, is_text, strict=True)] for row in rows
    )


def written(rows: Iterable[Sequence[str | None]]) -> str:
    """Rows as CSV with CRLF."""
    target = io.StringIO()
    csv.writer(target, lineterminator="\r\n").writerows(rows)
    return target.getvalue()
