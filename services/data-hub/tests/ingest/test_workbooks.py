"""Workbooks as people fill them: formulas, merged cells, hidden sheets, Excel's calendar; what would lie is refused."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from openpyxl import Workbook  # type: ignore[import-untyped]  # it has no types
from openpyxl.utils.datetime import CALENDAR_MAC_1904  # type: ignore[import-untyped]  # it has no types

from citykit.testing import ServiceUnderTest
from data_hub.ingest import binary
from data_hub.ingest.domain import BatchRefused, FileFormat
from data_hub.ingest.limits import Limits

from .factories import PERMITS, brought, published, quarantined, reasons, rows_of

SHEET = "xl/worksheets/sheet1.xml"


async def one_item(city: ServiceUnderTest, type_: str) -> None:
    """A resource whose rows have a number and one item."""
    items = [
        {"name": "n", "title": "编号", "type": "integer", "required": True},
        {"name": "value", "title": "取值", "type": type_},
    ]
    await published(city, PERMITS, key=["n"], items=items)


def book_of(*values: Any, shape: str | None = None, change: Callable[[Workbook], Any] | None = None) -> bytes:
    """A workbook with numbered rows of these values, in cells of this number format, changed before it is written."""
    book = Workbook()
    page = book.active
    page.append(("n", "value"))
    for at, value in enumerate(values, 1):
        page.append((at, value))
        if shape is not None:
            page.cell(at + 1, 2).number_format = shape
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rewritten(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The workbook with other words in one of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            told = before.read(name)
            if name == part:
                assert old in told, told
                told = told.replace(old, new)
            after.writestr(name, told)
    return out.getvalue()


async def kept(city: ServiceUnderTest, content: bytes, **query: Any) -> dict[int, Any]:
    """The values by number; bad rows stay out for their type."""
    batch = await brought(city, content, PERMITS, format="xlsx", mode="row-by-row", **query)
    assert batch["state"] == "loaded", batch["fault"]
    assert all(reasons(row) == {"value/type"} for row in await quarantined(city, batch["id"], PERMITS))
    return {row["n"]: row["value"] for row in await rows_of(city, PERMITS, order="n")}


async def refusal(city: ServiceUnderTest, content: bytes, **query: Any) -> str:
    """Why a workbook was refused, in both languages; nothing of it came in."""
    batch = await brought(city, content, PERMITS, format="xlsx", mode="row-by-row", **query)
    assert (batch["state"], await rows_of(city, PERMITS)) == ("refused", []), batch
    assert batch["fault"]["zh"]
    assert batch["fault"]["en"]
    return str(batch["fault"]["code"])


class TestFormulas:
    async def test_give_the_value_that_was_calculated(self, city: ServiceUnderTest) -> None:
        await one_item(city, "integer")
        content = rewritten(book_of("=40+2", "=1/0"), SHEET, b"<f>40+2</f><v></v>", b"<f>40+2</f><v>42</v>")
        content = rewritten(content, SHEET, b"<f>1/0</f><v></v>", b"<f>1/0</f><v>7</v>")
        assert await kept(city, content) == {1: 42, 2: 7}

    async def test_that_nobody_calculated_are_refused(self, city: ServiceUnderTest) -> None:
        await one_item(city, "integer")
        assert await refusal(city, book_of(1, "=40+2")) == "uncalculated"

    async def test_that_go_in_a_circle_are_refused(self, city: ServiceUnderTest) -> None:
        await one_item(city, "integer")
        assert await refusal(city, book_of("=B3", "=B2")) == "uncalculated"

    async def test_of_another_sheet_do_not_matter(self, city: ServiceUnderTest) -> None:
        await one_item(city, "integer")

        def more(book: Workbook) -> None:
            book.create_sheet("其他")["A1"] = "=1+1"

        assert await refusal(city, book_of(1, change=more), sheet="其他") == "uncalculated"
        assert await kept(city, book_of(1, change=more)) == {1: 1}

    async def test_that_give_no_characters_are_nothing(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        content = rewritten(
            book_of("=A2", "x"), SHEET, b'<c r="B2"><f>A2</f><v></v></c>', b'<c r="B2" t="str"><f>A2</f><v></v></c>'
        )
        assert await kept(city, content) == {1: None, 2: "x"}

    @pytest.mark.parametrize("cell", [b'<c r="B2" t="e">', b'<c t="e" r="B2" s="1">'])
    async def test_that_failed_are_refused(self, city: ServiceUnderTest, cell: bytes) -> None:
        await one_item(city, "string")
        content = rewritten(
            book_of("=1/0", 5), SHEET, b'<c r="B2"><f>1/0</f><v></v></c>', cell + b"<f>1/0</f><v>#DIV/0!</v></c>"
        )
        batch = await brought(city, content, PERMITS, format="xlsx", mode="row-by-row")
        assert (batch["state"], batch["fault"]["code"]) == ("refused", "cell-error")
        assert "B2" in batch["fault"]["en"]
        assert await rows_of(city, PERMITS) == []


class TestCells:
    async def test_that_are_merged_are_refused(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")

        def merged(book: Workbook) -> None:
            book.active.merge_cells("B2:B3")

        batch = await brought(city, book_of("a", "b", change=merged), PERMITS, format="xlsx")
        assert (batch["state"], batch["fault"]["code"]) == ("refused", "merged")
        assert "row 2, column 2" in batch["fault"]["en"]
        assert await rows_of(city, PERMITS) == []

    async def test_of_many_digits_are_refused_where_they_are_no_text(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        assert await refusal(city, book_of(131102200002290019)) == "inexact"
        assert await kept(city, book_of("131102200002290019", 999_999_999_999_999)) == {
            1: "131102200002290019", 2: "999999999999999",
        }  # fmt: skip

    async def test_of_text_come_in_as_they_are(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        texts = ["a,b", 'say "x"', "two\nlines", "007", "  spaces  ", "@SUM(A1)", "+1", "衡水"]
        assert list((await kept(city, book_of(*texts))).values()) == texts

    async def test_of_truth_are_that(self, city: ServiceUnderTest) -> None:
        await one_item(city, "boolean")
        assert await kept(city, book_of(True, False, "是", None)) == {1: True, 2: False, 3: True, 4: None}

    async def test_of_numbers_are_their_shortest_digits(self, city: ServiceUnderTest) -> None:
        await one_item(city, "number")
        assert await kept(city, book_of(0.1, -7, 1e-7, 57.5)) == {1: 0.1, 2: -7, 3: 1e-7, 4: 57.5}


class TestTimes:
    async def test_are_days(self, city: ServiceUnderTest) -> None:
        await one_item(city, "date")
        content = book_of(date(2026, 11, 1), date(1900, 3, 1), "2026年2月8日", date(9999, 12, 31))
        assert list((await kept(city, content)).values()) == ["2026-11-01", "1900-03-01", "2026-02-08", "9999-12-31"]

    async def test_are_days_where_the_format_shows_their_midnight(self, city: ServiceUnderTest) -> None:
        await one_item(city, "date")
        days = [datetime(2026, 11, 1), date(2026, 11, 2), datetime(2026, 11, 3, 8)]  # noqa: DTZ001 - cells know no zone
        assert await kept(city, book_of(*days)) == {1: "2026-11-01", 2: "2026-11-02"}

    async def test_count_from_1904_where_the_workbook_says_so(self, city: ServiceUnderTest) -> None:
        await one_item(city, "date")

        def mac(book: Workbook) -> None:
            book.epoch = CALENDAR_MAC_1904

        assert await kept(city, book_of(date(2026, 11, 1), change=mac)) == {1: "2026-11-01"}

    async def test_before_march_1900_are_no_days_that_the_calendar_knows(self, city: ServiceUnderTest) -> None:
        await one_item(city, "date")
        found = await kept(city, book_of(1, 59, 60, 61, shape="yyyy-mm-dd"))
        assert found == {1: "1900-01-01", 4: "1900-03-01"}  # 60 is 29 February, which never was

    async def test_of_midnight_are_times_like_others(self, city: ServiceUnderTest) -> None:
        await one_item(city, "datetime")
        hours = [datetime(2026, 11, 1, hour) for hour in (23, 0, 1)]  # noqa: DTZ001 - cells know no zone
        assert list((await kept(city, book_of(*hours))).values()) == [
            "2026-11-01T15:00:00+00:00", "2026-10-31T16:00:00+00:00", "2026-10-31T17:00:00+00:00",
        ]  # fmt: skip

    async def test_that_are_all_of_midnight_are_times_too(self, city: ServiceUnderTest) -> None:
        await one_item(city, "datetime")
        for shape in ("yyyy-mm-dd h:mm:ss", 'yyyy"年"m"月"d"日 h"h"时"', "m/d/yy h:mm"):
            content = book_of(datetime(2026, 11, 1), shape=shape)  # noqa: DTZ001 - cells know no zone
            assert await kept(city, content) == {1: "2026-10-31T16:00:00+00:00"}

    async def test_that_show_a_day_alone_are_no_times(self, city: ServiceUnderTest) -> None:
        await one_item(city, "datetime")
        assert await kept(city, book_of(date(2026, 11, 1), shape='yyyy-mm-dd "hours"')) == {}

    async def test_of_the_date_line_of_a_sheet_that_begins_further_in(self, city: ServiceUnderTest) -> None:
        await one_item(city, "datetime")

        def shifted(book: Workbook) -> None:
            page = book.create_sheet("右", 0)
            page.cell(1, 28, "n"), page.cell(1, 29, "value")
            page.cell(2, 28, 5), page.cell(2, 29, datetime(2026, 11, 1))  # noqa: DTZ001 - cells know no zone

        assert await kept(city, book_of(change=shifted)) == {5: "2026-10-31T16:00:00+00:00"}

    async def test_that_last_longer_than_a_day_are_hours(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        assert await kept(city, book_of(timedelta(hours=30, minutes=5))) == {1: "30:05:00"}

    async def test_of_day_are_text(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        assert await kept(city, book_of(time(8, 30))) == {1: "08:30:00"}


class TestSheets:
    async def test_that_are_hidden_are_read_by_name_alone(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")

        def hidden(book: Workbook) -> None:
            secret = book.create_sheet("内部", 0)
            secret.append(("n", "value"))
            secret.append((9, "hidden"))
            secret.sheet_state = "hidden"

        assert await kept(city, book_of("shown", change=hidden)) == {1: "shown"}
        assert await kept(city, book_of("shown", change=hidden), sheet="内部") == {1: "shown", 9: "hidden"}

    async def test_that_are_empty_are_refused(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        content = book_of(change=lambda book: book.create_sheet("空", 0))
        assert await refusal(city, content) == "empty"

    async def test_with_10_000_columns_are_refused(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        content = book_of(change=lambda book: book.create_sheet("宽", 0).append([f"c{at}" for at in range(10_000)]))
        assert await refusal(city, content) == "too-many-columns"


NAMES = "abcdefghij"
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]>' % b"".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">'.encode() for before, name in pairwise(NAMES)
)


class TestHostile:
    async def test_with_a_password_is_refused(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        assert await refusal(city, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)) == "encrypted"

    @pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/_rels/workbook.xml.rels"])
    async def test_with_entities_that_multiply_is_refused(self, city: ServiceUnderTest, part: str) -> None:
        await one_item(city, "string")
        content = book_of("MARK")
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            told = packed.read(part)
        start = told.index(b"?>") + 2 if told.startswith(b"<?xml") else 0
        content = rewritten(content, part, told, told[:start] + ENTITIES + told[start:].replace(b"MARK", b"&j;"))
        with_text = rewritten(content, part, ENTITIES, ENTITIES + b"<!-- &j; -->")
        for hostile in (content, with_text):
            batch = await brought(city, hostile, PERMITS, format="xlsx")
            assert batch["state"] in {"loaded", "refused"}
            assert all(len(row["value"]) < 100 for row in await rows_of(city, PERMITS))

    @pytest.mark.parametrize("cut", [0.3, 0.9])
    async def test_that_was_cut_off_is_refused(self, city: ServiceUnderTest, cut: float) -> None:
        await one_item(city, "string")
        content = book_of("a", "b")
        assert await refusal(city, content[: int(len(content) * cut)]) == "not-format"

    async def test_that_lies_of_its_size_is_stopped(self, tmp_path: Any) -> None:
        """The container says that a part is small; unpacking it would take the machine."""
        small = Limits(child_memory=600 * 1024**2, most_bytes=32 * 1024**2, child_seconds=20)
        row = b'<row r="2"><c r="A2" t="inlineStr"><is><t>' + b"x" * 60_000_000 + b"</t></is></c></row>"
        content = rewritten(book_of(), SHEET, b"</sheetData>", row + b"</sheetData>")
        source, target = tmp_path / "liar.xlsx", tmp_path / "liar.csv"
        source.write_bytes(lying(content))
        with pytest.raises(BatchRefused) as refused:
            await binary.as_csv(FileFormat.xlsx, source, target, None, small)
        assert refused.value.code in {"too-large", "not-format", "too-long"}


def lying(content: bytes) -> bytes:
    """The workbook with a directory that calls each part of more than a megabyte a thousand bytes long."""
    told = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        sizes = [part.file_size for part in packed.infolist() if part.file_size > 1024**2]
    for size in sizes:
        while (at := told.find(size.to_bytes(4, "little"))) >= 0:
            told[at : at + 4] = (1000).to_bytes(4, "little")
    return bytes(told)
