"""Files as they come: other codings, other marks, other formats; hostile ones are refused with words, nothing half."""

import gzip
import io
import json
import random
import zipfile
from contextlib import ExitStack, suppress
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook  # type: ignore[import-untyped]  # it has no types

from citykit.testing import ServiceUnderTest
from data_hub.datasets.domain import ColumnType
from data_hub.ingest import slices
from data_hub.ingest.contract import Contract, Item
from data_hub.ingest.domain import BatchRefused, Encoding
from data_hub.ingest.files import read_text, unpacked
from data_hub.ingest.limits import Limits
from data_hub.ingest.slices import CsvSlices

from .factories import AIR, BAD, GOOD, HEAD, PERMITS, brought, published, quarantined, reasons, rows_of, sent, table

TITLES = ("站点编码", "监测时间", "空气质量指数", "级别")


def workbook(rows: list[tuple[Any, ...]], head: tuple[str, ...] = HEAD, sheet: str = "数据") -> bytes:
    book = Workbook()
    page = book.active
    page.title = sheet
    page.append(head)
    for row in rows:
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(rows: list[tuple[Any, ...]], head: tuple[str, ...] = HEAD) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(rows, schema=list(head), orient="row").write_parquet(out)
    return out.getvalue()


def ndjson(*rows: Any) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


async def kept(city: ServiceUnderTest, content: bytes, **query: Any) -> list[tuple[Any, ...]]:
    """The rows that a file brought."""
    batch = await brought(city, content, **query)
    assert batch["state"] == "loaded", batch["fault"]
    return [(row["station"], row["hour"], row["aqi"], row["level"]) for row in await rows_of(city)]


async def refusal(city: ServiceUnderTest, content: bytes, **query: Any) -> str:
    """Why a file was refused; the rows are as they were."""
    before = await rows_of(city)
    batch = await brought(city, content, **query)
    assert batch["state"] == "refused", batch
    assert await rows_of(city) == before
    assert batch["fault"]["zh"]
    assert batch["fault"]["en"]
    return str(batch["fault"]["code"])


def test_gb18030_is_read_by_the_table_of_2022() -> None:
    """What the table of 2000 had as private use is a character since: rare names, and punctuation set vertically."""
    older = bytes.fromhex("fe51fe52fe53fe6cfe76fe91fe59fe61fe66fe67fe6dfe7efe90fea0a6d9a6daa6dba6f3")
    with ExitStack() as scratch:
        read = read_text(io.BytesIO("姓名\n".encode("gb18030") + older), Encoding.gb18030, Limits(), scratch)
        text = read.file.read().decode()
    assert text == "姓名\n𠂇𠂉𠃌𡗗𢦏𤇾\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb\ufe10\ufe12\ufe11\ufe19"


GOOD_ROWS = [
    ("1074A", "2026-11-01T00:00:00+00:00", 57, "良"),
    ("1075A", "2026-11-01T00:00:00+00:00", 41, "优"),
    ("1074A", "2026-11-01T01:00:00+00:00", 112, "轻度"),
]
TEXT = table(GOOD).decode()
SAME: dict[str, bytes] = {
    "UTF-8 with BOM": b"\xef\xbb\xbf" + TEXT.encode(),
    "GB18030": TEXT.encode("gb18030"),
    "titles as headings": table(GOOD, TITLES),
    "CRLF": TEXT.replace("\n", "\r\n").encode(),
    "semicolons": table(GOOD, separator=";"),
    "tabs": table(GOOD, separator="\t"),
    "full-width digits": TEXT.replace("57", "５７").encode(),
    "blank lines at the end": (TEXT + ",,,\n\n").encode(),
    "no newline at the end": TEXT.rstrip("\n").encode(),
    "all quoted": "\n".join('"' + line.replace(",", '","') + '"' for line in TEXT.splitlines()).encode(),
    "spaces around": table([[f" {field} " for field in row] for row in GOOD]),
    "gzip": gzip.compress(TEXT.encode("gb18030")),
    "gzip of two members": gzip.compress(TEXT[:40].encode()) + gzip.compress(TEXT[40:].encode()),
}


class TestText:
    @pytest.mark.parametrize("content", SAME.values(), ids=SAME.keys())
    async def test_in_any_dress_gives_equal_rows(self, city: ServiceUnderTest, content: bytes) -> None:
        await published(city)
        assert await kept(city, content) == GOOD_ROWS

    async def test_says_how_it_was_coded(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, SAME["GB18030"])
        assert (batch["encoding"], batch["dialect"]["bom"]) == ("gb18030", False)
        batch = await brought(city, SAME["UTF-8 with BOM"])
        assert (batch["encoding"], batch["dialect"]["bom"]) == ("utf-8", True)
        assert (await brought(city, SAME["full-width digits"]))["converted"] == {"aqi": 1}

    async def test_of_formulas_is_text_and_nothing_else(self, city: ServiceUnderTest) -> None:
        items = [
            {"name": "number", "title": "编号", "type": "integer", "required": True},
            {"name": "value", "title": "说明", "type": "string"},
        ]
        await published(city, PERMITS, key=["number"], items=items)
        cells = ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", 'a "quoted"\nline', "\\.", "a\rb", "'; drop table x; --"]
        rows = [(str(at), cell) for at, cell in enumerate(cells)]
        assert (await brought(city, table(rows, ("number", "value")), PERMITS))["state"] == "loaded"
        assert [row["value"] for row in await rows_of(city, PERMITS)] == cells

    HOSTILE: dict[str, tuple[bytes, str]] = {  # noqa: RUF012 - a table of cases, never changed
        "NUL": (TEXT.encode().replace(b"57", b"5\x007"), "nul"),
        "UTF-16": (TEXT.encode("utf-16"), "encoding"),
        "no text in any coding": (b"station,hour\n\xff\xff\xff\xff", "encoding"),
        "10,000 columns": (",".join(f"c{n}" for n in range(10_000)).encode() + b"\n", "too-many-columns"),
        "an unknown column": (table([(*GOOD[0], "x")], (*HEAD, "secret")), "unknown-column"),
        "a column twice": (table([(*GOOD[0], "x")], (*HEAD, "空气质量指数")), "twice-column"),
        "a missing column": (table([GOOD[0][:1]], HEAD[:1]), "missing-column"),
        "a quote that never closes": (TEXT.encode() + b'"' + b"x" * 1_100_000, "too-long"),
        "a line without end": (b"x" * 1_100_000, "too-long"),
        "white space": (b"   \n", "empty"),
        "old Mac lines": (TEXT.replace("\n", "\r").encode(), "newline"),
        "half a gzip": (gzip.compress(random.Random(1).randbytes(9000))[:4000], "not-format"),
        "a damaged gzip": (b"\x1f\x8b\x08\x00" + b"garbage" * 10, "not-format"),
        "a gzip bomb": (gzip.compress(b"1074A,2026-11-01\n" * 6_000_000, 9), "too-large"),
    }  # fmt: skip

    @pytest.mark.parametrize(("content", "code"), HOSTILE.values(), ids=HOSTILE.keys())
    async def test_that_cannot_be_is_refused(self, city: ServiceUnderTest, content: bytes, code: str) -> None:
        await published(city)
        await brought(city, table(GOOD))
        assert await refusal(city, content) == code

    async def test_declared_as_utf8_is_that(self, city: ServiceUnderTest) -> None:
        await published(city)
        assert await refusal(city, SAME["GB18030"], encoding="utf-8") == "encoding"
        assert len(await kept(city, SAME["GB18030"], encoding="gb18030")) == 3

    async def test_with_rows_of_other_lengths_keeps_them_apart(self, city: ServiceUnderTest) -> None:
        await published(city)
        content = table(GOOD) + b"1076A,2026-11-01 08:00:00\n" + table(GOOD[:1]).split(b"\n", 1)[1]
        batch = await brought(city, content, mode="row-by-row")
        assert (batch["parsed"], batch["accepted"], batch["quarantined"]) == (5, 3, 2)
        short, twin = await quarantined(city, batch["id"])
        assert (short["line"], reasons(short), short["fields"]) == (
            4, {"_row/fields"}, ["1076A", "2026-11-01 08:00:00"],
        )  # fmt: skip
        assert (twin["line"], reasons(twin)) == (5, {"station/unique"})

    async def test_may_have_columns_to_ignore(self, city: ServiceUnderTest) -> None:
        await published(city)
        content = table([(*row, "x") for row in GOOD], (*HEAD, "remark"))
        assert await kept(city, content, ignore_unknown="true") == GOOD_ROWS


class TestNdjson:
    async def test_gives_the_same_rows(self, city: ServiceUnderTest) -> None:
        await published(city)
        rows = [dict(zip(HEAD, row, strict=True)) for row in GOOD]
        rows[0]["aqi"] = 57  # as a number this time
        assert await kept(city, ndjson(*rows), format="ndjson") == GOOD_ROWS

    async def test_keeps_apart_what_is_no_object(self, city: ServiceUnderTest) -> None:
        await published(city)
        good = dict(zip(HEAD, GOOD[0], strict=True))
        content = ndjson(good) + b'{"station": \n[1]\nNaN\n' + b"[" * 5000 + b"\n" + ndjson(good | {"level": ["良"]})
        content += b'{"station": "1075A", "hour": "2026-11-01", "level": "\\u0000"}\n'
        batch = await brought(city, content, format="ndjson", mode="row-by-row")
        found = [sorted(reasons(row)) for row in await quarantined(city, batch["id"])]
        assert found == [["_row/json"]] * 4 + [["level/nested"], ["level/not-text"]]
        assert batch["accepted"] == 1

    async def test_without_any_object_is_refused(self, city: ServiceUnderTest) -> None:
        await published(city)
        assert await refusal(city, b"<html>502 Bad Gateway</html>\n", format="ndjson") == "not-format"


class TestWorkbooks:
    async def test_give_the_same_rows(self, city: ServiceUnderTest) -> None:
        await published(city)
        assert await kept(city, workbook(list(GOOD), TITLES), format="xlsx") == GOOD_ROWS

    async def test_name_their_sheet(self, city: ServiceUnderTest) -> None:
        await published(city)
        assert await refusal(city, workbook(list(GOOD)), format="xlsx", sheet="别的") == "no-sheet"

    async def test_that_are_none_are_refused(self, city: ServiceUnderTest) -> None:
        await published(city)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            packed.writestr("hello.txt", "no workbook")
        for content in (b"PK\x03\x04garbage", out.getvalue(), table(GOOD)):
            assert await refusal(city, content, format="xlsx") == "not-format"

    async def test_that_are_bombs_are_refused(self, city: ServiceUnderTest) -> None:
        await published(city)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("xl/worksheets/sheet1.xml", b"<row>" * 20_000_000)
        assert await refusal(city, out.getvalue(), format="xlsx") == "too-large"


class TestParquet:
    async def test_gives_the_same_rows(self, city: ServiceUnderTest) -> None:
        await published(city)
        assert await kept(city, parquet(list(GOOD)), format="parquet") == GOOD_ROWS

    async def test_that_is_none_is_refused(self, city: ServiceUnderTest) -> None:
        await published(city)
        for content in (b"PAR1garbagePAR1", table(GOOD)):
            assert await refusal(city, content, format="parquet") in {"not-format", "too-large"}

    async def test_with_nested_columns_is_refused(self, city: ServiceUnderTest) -> None:
        await published(city)
        out = io.BytesIO()
        pl.DataFrame({"station": [["a", "b"]]}).write_parquet(out)
        assert await refusal(city, out.getvalue(), format="parquet") == "nested"

    async def test_that_is_a_bomb_is_refused(self, city: ServiceUnderTest) -> None:
        await published(city)
        out = io.BytesIO()
        rows = pl.select(pl.repeat("1074A", 25_000_000, dtype=pl.String).alias("station"))
        rows.write_parquet(out, compression="zstd")
        assert out.tell() < 1_000_000
        assert await refusal(city, out.getvalue(), format="parquet") == "too-many-rows"


class TestBounds:
    def test_of_a_packed_file_hold_while_it_is_unpacked(self) -> None:
        small = Limits(most_bytes=1000)
        with ExitStack() as scratch, pytest.raises(BatchRefused, match="too-large"):
            unpacked(io.BytesIO(gzip.compress(random.Random(1).randbytes(2000))), small, scratch)

    @settings(max_examples=50)
    @given(st.binary(max_size=300))
    def test_any_bytes_are_text_or_refused(self, content: bytes) -> None:
        with ExitStack() as scratch, suppress(BatchRefused):
            read = read_text(io.BytesIO(content), Encoding.auto, Limits(), scratch)
            read.file.seek(0)
            assert "\x00" not in read.file.read().decode("utf-8")


FIELDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8)
ITEMS = tuple(Item(name, name, ColumnType.string, False, False, False, ()) for name in ("a", "b"))


class TestSlices:
    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.tuples(FIELDS, FIELDS), max_size=30), st.integers(20, 200))
    def test_of_any_size_read_the_same_rows(self, rows: list[tuple[str, str]], block: int) -> None:
        whole, slices.BLOCK = slices.BLOCK, block
        try:
            read = CsvSlices(io.BytesIO(table(rows, ("a", "b"))), Contract("x", ITEMS, ()), ignore_unknown=False)
            found: list[tuple[str, str]] = []
            while (taken := read.read()) is not None:
                assert not taken.bad
                found += [(row["a"], row["b"]) for row in taken.frame.iter_rows(named=True)]
        finally:
            slices.BLOCK = whole
        assert found == [row for row in rows if any(row)]

    @pytest.mark.parametrize("block", [30, slices.BLOCK])
    @pytest.mark.parametrize("bad", ['""b"",2', '"b"b,2', '1,"b" ', '"1""2"3,"x"', '"a" ,"b"'])
    def test_wait_where_something_follows_a_closing_quote(
        self, bad: str, block: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(slices, "BLOCK", block)
        content = f'a,b\r\n1,"x,""y"",z"\r\n{bad}\r\n5" pipe,"2\r\nlines"\r\n'.encode()
        read = CsvSlices(io.BytesIO(content), Contract("x", ITEMS, ()), ignore_unknown=False)
        found, waiting = [], []
        while (taken := read.read()) is not None:
            found += [(row["a"], row["b"]) for row in taken.frame.iter_rows(named=True)]
            waiting += [(row.line, row.faults[0].rule) for row in taken.bad]
        assert found == [("1", 'x,"y",z'), ('5" pipe', "2\r\nlines")]
        assert waiting == [(2, "quotes")]


async def test_the_bad_last_row_leaves_the_published_rows_untouched(city: ServiceUnderTest) -> None:
    await published(city)
    await brought(city, table(GOOD))
    before = await rows_of(city)
    many = [(f"{n % 9000 + 1000}A", f"2026-10-{n // 9000 + 1:02} 08:00:00", "5", "优") for n in range(60_000)]
    batch = await brought(city, table([*many, BAD]))
    assert (batch["state"], batch["parsed"], batch["quarantined"]) == ("refused", 60_001, 1)
    assert await rows_of(city) == before


async def test_a_body_beyond_the_bound_is_refused_before_it_is_read(city: ServiceUnderTest) -> None:
    await published(city)
    answer = await sent(city, b"x" * (17 * 1024 * 1024))
    assert answer.status_code == 413
    assert (await sent(city, table(GOOD), AIR, format="docx")).status_code == 422
