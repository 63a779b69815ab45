"""XLSX workbooks as CSV: what stands in the cells, or a refusal where a cell would silently say something else.

That is so for cells that were merged, for formulas that failed or that nobody has calculated, and for whole numbers of
more than fifteen digits, of which a workbook keeps fifteen.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from data_hub.ingest.domain import BatchRefused
from data_hub.ingest.limits import RATIO_FROM

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_COMPOUND = b"\xd0\xcf\x11\xe0"  # the container of encrypted workbooks, and of those older than XLSX
_EXACT = 2**53  # below it a float of 64 bits tells every whole number from its neighbours
_STEP, _LONGEST_CELL = 1024 * 1024, 128 * 1024
_CLOCK_FORMATS = range(18, 23)  # the number formats of the standard's own that show a time of day
_SILENT = re.compile(r'"[^"]*"|\\.|\[[^]]*]|_.')  # what of a number format stands for itself, or for a colour
# A cell with a formula and no value; `t="str"` alone says that the value is a text of no characters.
_UNCALCULATED = re.compile(
    rb'<c\b(?![^>]*\bt="str")[^>]*>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>'
)
_FAILED = re.compile(rb'<c\b[^>]*\bt="e"[^>]*>')
_PLACE = re.compile(rb'\br="([A-Z]{1,3}[0-9]{1,7})"')


def write(source: Path, target: Path, sheet: str | None, most_bytes: int, most_rows: int, most_ratio: int) -> None:
    """Write the rows of a sheet (the first that is shown, unless one is named) as CSV. Raises BatchRefused."""
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - heavy, and the parent never needs it

    _weigh(source, most_bytes, most_ratio)
    try:
        book = CalamineWorkbook.from_path(str(source))
        name = _named(book, sheet)
        rows = book.get_sheet_by_name(name)
        _refuse_merged(rows)
        first = 0 if rows.start is None else rows.start[1]
        timed = frozenset(at - first for at in _columns_of_times(source, name))
        with target.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\r\n")  # a value with either character is quoted
            for at, row in enumerate(rows.iter_rows()):
                if at > most_rows:
                    raise BatchRefused("too-many-rows", "行数超过上限", "There are more rows than a batch may have")
                writer.writerow([_cell(value, at, timed=place in timed) for place, value in enumerate(row)])
    except (CalamineError, ElementTree.ParseError, zipfile.BadZipFile, LookupError):
        raise _none() from None


def _none() -> BatchRefused:
    return BatchRefused("not-format", "不是有效的 XLSX 工作簿", "Not an XLSX workbook")


def _weigh(source: Path, most_bytes: int, most_ratio: int) -> None:
    """Look at what the parts of a workbook say of their size, before anything is unpacked."""
    with source.open("rb") as file:
        if file.read(len(_COMPOUND)) == _COMPOUND:
            raise BatchRefused(
                "encrypted", "工作簿已加密或为旧版 XLS，请另存为不加密的 XLSX",
                "The workbook is encrypted, or older than XLSX: save it as XLSX without a password",
            )  # fmt: skip
    try:
        with zipfile.ZipFile(source) as packed:
            sizes = [(part.file_size, part.compress_size) for part in packed.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, OSError):
        raise _none() from None
    total, small = sum(size for size, _ in sizes), max(1, sum(size for _, size in sizes))
    if total > most_bytes or (total > RATIO_FROM and total > small * most_ratio):
        zh, en = "工作簿展开后过大，疑似压缩炸弹", "The workbook unpacks out of all proportion: a bomb"
        raise BatchRefused("too-large", zh, en)


def _named(book: CalamineWorkbook, sheet: str | None) -> str:
    """The sheet that is meant: a hidden one only by its name."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415 - heavy, the parent never needs it

    if sheet is not None:
        if sheet not in book.sheet_names:
            raise BatchRefused("no-sheet", f"没有工作表 {sheet}", f"There is no sheet {sheet}")
        return sheet
    for one in book.sheets_metadata:
        if one.visible == SheetVisibleEnum.Visible and one.typ == SheetTypeEnum.WorkSheet:
            return one.name
    raise BatchRefused("no-sheet", "没有可见的工作表，请指明工作表名", "No sheet is shown: name the one that is meant")


def _refuse_merged(rows: CalamineSheet) -> None:
    for (top, left), _ in rows.merged_cell_ranges or ():
        where = f"第{top + 1}行第{left + 1}列", f"row {top + 1}, column {left + 1}"
        raise BatchRefused(
            "merged", f"{where[0]}有合并单元格，请取消合并并填全每个单元格",
            f"Cells are merged at {where[1]}: split them, and fill each one",
        )  # fmt: skip


def _columns_of_times(source: Path, sheet: str) -> frozenset[int]:
    """The columns, counted from 0, with a cell that shows a time of day. Raises BatchRefused for worthless cells."""
    found: set[bytes] = set()
    with zipfile.ZipFile(source) as packed:
        shows_time = _styles_of_times(packed)
        tail = b""
        for block in _blocks(packed, _part_of(packed, sheet)):
            piece = tail + block
            _refuse_worthless(piece)
            if shows_time is not None:
                found.update(column or other for column, other in shows_time.findall(piece))
            tail = piece[-_LONGEST_CELL:]
    return frozenset(_number(letters) for letters in found)


def _refuse_worthless(piece: bytes) -> None:
    """Refuse formulas without a value, and those that failed: the reader takes either for an empty cell."""
    if _UNCALCULATED.search(piece):
        raise BatchRefused(
            "uncalculated", "工作表中有未计算的公式，请在表格软件中打开并保存后再上传",
            "A formula has no value: open the workbook in a spreadsheet program and save it",
        )  # fmt: skip
    if found := _FAILED.search(piece):
        place = _PLACE.search(found.group())
        where = "" if place is None else place.group(1).decode()
        raise BatchRefused(
            "cell-error", f"单元格 {where} 是错误值（如 #DIV/0!、#N/A），请改正后再上传",
            f"Cell {where} is an error (such as #DIV/0! or #N/A): correct it first",
        )  # fmt: skip


def _styles_of_times(packed: zipfile.ZipFile) -> re.Pattern[bytes] | None:
    """What finds the column of a cell that is shown as a time of day; None where no style does so."""
    if "xl/styles.xml" not in packed.namelist():
        return None
    clock = {str(number) for number in _CLOCK_FORMATS}
    for one in _elements(packed, "xl/styles.xml", "numFmt"):
        if "h" in _SILENT.sub("", one.get("formatCode", "")).lower():
            clock.add(one.get("numFmtId", ""))
    uses = next(iter(_elements(packed, "xl/styles.xml", "cellXfs")), ())
    styles = [str(at) for at, one in enumerate(uses) if one.get("numFmtId") in clock]
    if not styles:
        return None
    style = rf'\bs="(?:{"|".join(styles)})"'
    column = r'\br="([A-Z]{1,3})[0-9]+"'
    return re.compile(rf"<c\b(?:[^>]*{column}[^>]*{style}|[^>]*{style}[^>]*{column})".encode())


def _number(letters: bytes) -> int:
    """A column's place, counted from 0: A, B … Z, AA …"""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _blocks(packed: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    with packed.open(part) as file:
        while block := file.read(_STEP):
            yield block


def _part_of(packed: zipfile.ZipFile, sheet: str) -> str:
    """The part of the container that holds a sheet. Raises LookupError."""
    link = target = ""
    for one in _elements(packed, "xl/workbook.xml", "sheet"):
        if one.get("name") == sheet:
            link = next((value for name, value in one.items() if name.endswith("}id")), "")
    for one in _elements(packed, "xl/_rels/workbook.xml.rels", "Relationship"):
        if one.get("Id") == link:
            target = one.get("Target", "")
    wanted = (target.lstrip("/") if target.startswith("/") else f"xl/{target}").lower()
    parts = {name.replace("\\", "/").lower(): name for name in packed.namelist()}
    return parts[wanted]


def _elements(packed: zipfile.ZipFile, part: str, name: str) -> list[ElementTree.Element]:
    """The elements of a name, whichever edition of the standard their namespace is of."""
    root = ElementTree.fromstring(packed.read(part))  # noqa: S314 - expat bounds entities, and this process is bounded
    return [one for one in root.iter() if one.tag.rpartition("}")[2] == name]


def _cell(value: Any, row: int, *, timed: bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not value.is_integer():
            return repr(value)
        if abs(value) >= _EXACT:
            raise BatchRefused(
                "inexact", f"第{row + 1}行有超过15位的数字，工作簿只保存前15位，请将该列存为文本",
                f"Row {row + 1} has a number of more than 15 digits, of which a workbook keeps 15: make it text",
            )  # fmt: skip
        return str(int(value))
    return _moment(value, timed=timed) if isinstance(value, date | time | timedelta) else str(value)


def _moment(value: date | time | timedelta, *, timed: bool) -> str:
    """A day or a time as text; a day in a column of times is its midnight."""
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, date) and (value.year, value.month, value.day) == (1900, 2, 28):
        # Excel counts a 29 February 1900 that never was; which of the two days is meant, the reader does not tell.
        return "1900-02-28/29"
    if timed and isinstance(value, date) and not isinstance(value, datetime):
        return f"{value.isoformat()}T00:00:00"
    return value.isoformat()
