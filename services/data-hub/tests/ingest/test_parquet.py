"""Parquet, as Polars and DuckDB write it: each value comes in exactly, or the file or the row is refused with words."""

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.testing import ServiceUnderTest
from data_hub.datasets.service import Datasets
from data_hub.ingest.parquet_footer import times_of_96_bits

from .factories import PERMITS, brought, published, quarantined, reasons

CHINA = timezone(timedelta(hours=8))
BILLION = 1_000_000_000


async def one_item(city: ServiceUnderTest, type_: str) -> None:
    """A resource whose rows have a number and one item."""
    items = [
        {"name": "n", "title": "编号", "type": "integer", "required": True},
        {"name": "value", "title": "取值", "type": type_},
    ]
    await published(city, PERMITS, key=["n"], items=items)


def file_of(values: Sequence[Any], kind: Any, **more: Any) -> bytes:
    """A file with numbered rows of these values."""
    frame = pl.DataFrame({"n": range(1, len(values) + 1), "value": pl.Series(values, dtype=kind)})
    out = io.BytesIO()
    frame.write_parquet(out, **more)
    return out.getvalue()


def by_duckdb(select: str, path: Path, *options: str) -> bytes:
    """A file that DuckDB writes."""
    file = path / "duckdb.parquet"
    with duckdb.connect() as connection:
        if options:
            connection.execute("set force_mbedtls_unsafe = 'true'")  # a secret of a test may be guessed
            connection.execute("pragma add_parquet_key('city', '0123456789112345')")
        words = ", ".join(("format parquet", *options))
        connection.execute(f"copy ({select}) to '{file}' ({words})")
    return file.read_bytes()


async def kept(city: ServiceUnderTest, content: bytes) -> dict[int, str | None]:
    """The values by number as the database writes them; bad rows stay out."""
    batch = await brought(city, content, PERMITS, format="parquet", mode="row-by-row")
    assert batch["state"] == "loaded", batch["fault"]
    bad = await quarantined(city, batch["id"], PERMITS)
    assert all(reasons(row) == {"value/type"} for row in bad)
    return await stored(city)


async def stored(city: ServiceUnderTest) -> dict[int, str | None]:
    """What lies in the data set."""
    async with city.work() as work:
        dataset = await Datasets(work).need(PERMITS)
        connection = await work.driver()
        await connection.execute("set local timezone = 'UTC'")
        found = await connection.execute(f"select n, value::text from {dataset.table} order by n")
        return dict(await found.fetchall())


async def refusal(city: ServiceUnderTest, content: bytes) -> str:
    """Why a file was refused, in both languages; nothing of it came in."""
    batch = await brought(city, content, PERMITS, format="parquet", mode="row-by-row")
    assert (batch["state"], await stored(city)) == ("refused", {}), batch
    assert batch["fault"]["zh"]
    assert batch["fault"]["en"]
    return str(batch["fault"]["code"])


def exact(values: dict[int, str | None]) -> list[Decimal | None]:
    """Numbers as the database keeps them."""
    return [None if value is None else Decimal(value) for value in values.values()]


WIDE = [
    Decimal("1234567890123456789012345678.0123456789"), Decimal("-0.0000000001"), None, Decimal("0E-10"),
    Decimal("-9999999999999999999999999999.9999999999"),
]  # fmt: skip
WHOLE = [Decimal(-(10**38) + 1), Decimal(10**38 - 1), None, Decimal(-1)]


class TestNumbers:
    @pytest.mark.parametrize(("values", "scale"), [(WIDE, 10), (WHOLE, 0)])
    async def test_of_38_digits_keep_each_one(
        self, city: ServiceUnderTest, values: list[Decimal | None], scale: int
    ) -> None:
        await one_item(city, "number")
        assert exact(await kept(city, file_of(values, pl.Decimal(38, scale)))) == values

    async def test_of_decimals_are_whole_numbers_where_they_have_no_places(self, city: ServiceUnderTest) -> None:
        await one_item(city, "integer")
        assert exact(await kept(city, file_of([Decimal(-7), None, Decimal(10**20)], pl.Decimal(38, 0)))) == [-7, None]

    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            (pl.Int64, [-(2**63), 2**63 - 1, None, 0]), (pl.Int32, [-(2**31), 2**31 - 1, None]),
            (pl.UInt64, [2**53 + 1, 2**63 - 1, None]), (pl.Int8, [-128, 127]),
        ],
    )  # fmt: skip
    async def test_that_are_whole_come_in_exactly(
        self, city: ServiceUnderTest, kind: Any, values: list[int | None]
    ) -> None:
        await one_item(city, "integer")
        assert exact(await kept(city, file_of(values, kind))) == values

    async def test_beyond_64_bits_with_a_sign_wait_in_quarantine(self, city: ServiceUnderTest) -> None:
        await one_item(city, "integer")
        assert await kept(city, file_of([2**63, 7, 2**64 - 1], pl.UInt64)) == {2: "7"}

    async def test_beyond_64_bits_are_numbers_without_loss(self, city: ServiceUnderTest) -> None:
        await one_item(city, "number")
        assert exact(await kept(city, file_of([2**64 - 1, 2**63], pl.UInt64))) == [2**64 - 1, 2**63]

    @pytest.mark.parametrize(
        ("kind", "values", "found"),
        [
            (pl.Float64, [0.1, -1e-7, 57.0, None, 1e22, 2.5e-300],
             ["0.1", "-0.0000001", "57", None, "1e22", "2.5e-300"]),
            (pl.Float32, [0.1, -57.0, 16777216.0], ["0.1", "-57", "16777216"]),
        ],
    )  # fmt: skip
    async def test_of_floats_are_their_shortest_digits(
        self, city: ServiceUnderTest, kind: Any, values: list[float | None], found: list[str | None]
    ) -> None:
        await one_item(city, "number")
        told = [None if text is None else Decimal(text) for text in found]
        assert exact(await kept(city, file_of(values, kind))) == told

    async def test_that_are_none_wait_in_quarantine(self, city: ServiceUnderTest) -> None:
        await one_item(city, "number")
        values = [float("nan"), float("inf"), float("-inf"), 1.5]
        assert await kept(city, file_of(values, pl.Float64)) == {4: "1.5"}

    async def test_of_floats_are_whole_numbers_where_they_are(self, city: ServiceUnderTest) -> None:
        await one_item(city, "integer")
        assert await kept(city, file_of([57.0, 57.5, None, -0.0, 1e300], pl.Float64)) == {1: "57", 3: None, 4: "0"}


class TestTimes:
    async def test_are_days(self, city: ServiceUnderTest) -> None:
        await one_item(city, "date")
        days = [date(1, 1, 1), date(1900, 2, 28), date(2024, 2, 29), None, date(9999, 12, 31)]
        assert list((await kept(city, file_of(days, pl.Date))).values()) == [
            "0001-01-01", "1900-02-28", "2024-02-29", None, "9999-12-31",
        ]  # fmt: skip

    async def test_of_midnight_are_days_and_others_are_not(self, city: ServiceUnderTest) -> None:
        await one_item(city, "date")
        moments = [datetime(2026, 11, 1), datetime(2026, 11, 1, 8)]  # noqa: DTZ001 - naive
        assert await kept(city, file_of(moments, pl.Datetime("us"))) == {1: "2026-11-01"}

    async def test_beyond_the_calendar_wait_in_quarantine(self, city: ServiceUnderTest) -> None:
        await one_item(city, "date")
        frame = pl.DataFrame({"n": [1, 2, 3], "value": pl.Series([-800_000, 20_000, 4_000_000]).cast(pl.Date)})
        out = io.BytesIO()
        frame.write_parquet(out)
        assert await kept(city, out.getvalue()) == {2: "2024-10-04"}

    @pytest.mark.parametrize("unit", ["ms", "us", "ns"])
    async def test_without_a_zone_are_beijings(self, city: ServiceUnderTest, unit: Any) -> None:
        await one_item(city, "datetime")
        moments = [datetime(2026, 11, 1, 8, 0, 0), None, datetime(2026, 11, 1, 8, 0, 0, 250_000)]  # noqa: DTZ001 - naive
        assert list((await kept(city, file_of(moments, pl.Datetime(unit)))).values()) == [
            "2026-11-01 00:00:00+00", None, "2026-11-01 00:00:00.25+00",
        ]  # fmt: skip

    @pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
    @pytest.mark.parametrize("unit", ["us", "ns"])
    async def test_with_a_zone_are_the_same_instants(self, city: ServiceUnderTest, zone: str, unit: Any) -> None:
        await one_item(city, "datetime")
        moments = [datetime(2026, 11, 1, 8, 0, 0, 123_456, CHINA), None, datetime(1986, 7, 1, 0, 0, tzinfo=UTC)]
        assert list((await kept(city, file_of(moments, pl.Datetime(unit, zone)))).values()) == [
            "2026-11-01 00:00:00.123456+00", None, "1986-07-01 00:00:00+00",
        ]  # fmt: skip

    async def test_with_and_without_a_zone_stand_in_one_file(self, city: ServiceUnderTest) -> None:
        items = [
            {"name": name, "title": title, "type": "datetime", "required": name == "n"}
            for name, title in (("n", "甲"), ("value", "乙"))
        ]
        await published(city, PERMITS, key=["n"], items=items)
        local, instant = datetime(2026, 11, 1, 8), datetime(2026, 11, 1, 8, tzinfo=UTC)  # noqa: DTZ001 - naive
        out = io.BytesIO()
        pl.DataFrame({"n": [local], "value": [instant]}).write_parquet(out)
        batch = await brought(city, out.getvalue(), PERMITS, format="parquet")
        assert batch["state"] == "loaded", batch["fault"]
        assert await stored(city) == {instant - timedelta(hours=8): "2026-11-01 08:00:00+00"}

    async def test_between_two_microseconds_are_refused(self, city: ServiceUnderTest) -> None:
        await one_item(city, "datetime")
        moments = pl.Series([0, 1_000, 1_001]).cast(pl.Datetime("ns")).to_frame("value").with_row_index("n")
        out = io.BytesIO()
        moments.write_parquet(out)
        assert await refusal(city, out.getvalue()) == "too-fine"

    async def test_of_96_bits_are_refused_for_they_tell_no_zone(self, city: ServiceUnderTest) -> None:
        await one_item(city, "datetime")
        content = file_of([datetime(2026, 11, 1, 8)], pl.Datetime("ns"))  # noqa: DTZ001 - naive
        rest = b"\x25\x02\x18\x05value"  # repetition and name, behind the type
        old = content.replace(b"\x15\x04" + rest, b"\x15\x06" + rest)
        assert old != content
        assert await refusal(city, old) == "old-times"

    async def test_of_day_are_text(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        assert list((await kept(city, file_of([time(8, 30), None], pl.Time))).values()) == ["08:30:00", None]


TEXTS = [
    'a "quoted", value', "two\nlines", "a\rb", "ends with a return\r", "=1+1", "\\.", "  spaces  ", "１２", "衡水",
    "x" * 100_000, "a;b|c\td",
]  # fmt: skip


class TestTexts:
    @pytest.mark.parametrize("kind", [pl.String, pl.Categorical])
    async def test_come_in_as_they_are(self, city: ServiceUnderTest, kind: Any) -> None:
        await one_item(city, "string")
        assert list((await kept(city, file_of(TEXTS, kind))).values()) == TEXTS

    async def test_of_a_dictionary_are_texts(self, city: ServiceUnderTest, tmp_path: Path) -> None:
        await one_item(city, "string")
        level = "(case when n % 2 = 0 then '优' else '良' end)::enum('优', '良')"
        content = by_duckdb(f"select n, {level} as value from range(1, 9) t(n)", tmp_path)
        assert list((await kept(city, content)).values()) == ["良", "优"] * 4

    async def test_of_nothing_are_nothing(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        assert list((await kept(city, file_of(["", None, "x"], pl.String))).values()) == [None, None, "x"]

    async def test_with_nul_are_refused(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        assert await refusal(city, file_of(["fine", "a\x00b"], pl.String)) == "nul"

    async def test_longer_than_a_row_may_be_are_refused(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        assert await refusal(city, file_of(["x" * 5_000_000], pl.String)) == "too-long"


class TestHeadings:
    @pytest.mark.parametrize("name", ["*", "^.*$", "a,b", "two\nlines", "a\rb", "=1+1", '"'])
    async def test_that_are_unknown_are_refused(self, city: ServiceUnderTest, name: str) -> None:
        await one_item(city, "string")
        out = io.BytesIO()
        pl.DataFrame({"n": [1], name: ["x"]}).write_parquet(out)
        assert await refusal(city, out.getvalue()) in {"unknown-column", "newline"}

    async def test_with_nul_are_refused(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        out = io.BytesIO()
        pl.DataFrame({"n": [1], "a\x00b": ["x"]}).write_parquet(out)
        batch = await brought(city, out.getvalue(), PERMITS, format="parquet", ignore_unknown="true")
        assert (batch["state"], batch["fault"]["code"]) == ("refused", "nul")

    async def test_beyond_the_bound_are_refused(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        out = io.BytesIO()
        pl.DataFrame({f"c{at}": [1] for at in range(10_000)}).write_parquet(out)
        assert await refusal(city, out.getvalue()) == "too-many-columns"

    async def test_alone_are_a_file_of_no_rows(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        assert await kept(city, file_of([], pl.String)) == {}


UNFIT = {
    "list": "[1, 2]", "list of lists": "[[1], [2]]", "struct": "{'a': 1}", "map": "map {'a': 1}",
    "binary": "'\\xAA'::blob", "uuid": "'01890000-0000-7000-8000-000000000001'::uuid", "interval": "interval 3 days",
}  # fmt: skip


class TestRefusals:
    @pytest.mark.parametrize("value", UNFIT.values(), ids=UNFIT.keys())
    async def test_of_columns_that_are_no_single_value(
        self, city: ServiceUnderTest, tmp_path: Path, value: str
    ) -> None:
        await one_item(city, "string")
        assert await refusal(city, by_duckdb(f"select 1 as n, {value} as value", tmp_path)) in {"nested", "not-format"}

    async def test_of_an_encrypted_file(self, city: ServiceUnderTest, tmp_path: Path) -> None:
        await one_item(city, "string")
        content = by_duckdb("select 1 as n, 'x' as value", tmp_path, "encryption_config {footer_key: 'city'}")
        assert content.startswith(b"PARE")
        assert await refusal(city, content) == "encrypted"

    @pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
    async def test_of_a_file_that_was_cut_off(self, city: ServiceUnderTest, part: float) -> None:
        await one_item(city, "string")
        content = file_of([f"value {at}" for at in range(5000)], pl.String)
        assert await refusal(city, content[: int(len(content) * part)]) == "not-format"

    @pytest.mark.parametrize("part", [0.2, 0.5, 0.8])
    async def test_of_a_file_that_was_damaged_within(self, city: ServiceUnderTest, part: float) -> None:
        await one_item(city, "string")
        content = bytearray(file_of([f"value {at}" for at in range(5000)], pl.String, compression="zstd"))
        at = int(len(content) * part)
        content[at : at + 64] = bytes(64)
        assert await refusal(city, bytes(content)) in {"not-format", "too-large"}

    @pytest.mark.parametrize(("promised", "code"), [(BILLION, "too-many-rows"), (400_001, "not-format")])
    async def test_of_a_file_that_promises_more_rows_than_it_has(
        self, city: ServiceUnderTest, promised: int, code: str
    ) -> None:
        await one_item(city, "integer")
        content = file_of([None] * 300_001, pl.Int64, row_group_size=300_001)
        assert await refusal(city, promising(content, 300_001, promised)) == code

    @pytest.mark.parametrize("promised", [BILLION, 5])
    async def test_of_a_file_whose_total_is_not_that_of_its_parts(self, city: ServiceUnderTest, promised: int) -> None:
        await one_item(city, "integer")
        content = file_of([None] * 300_001, pl.Int64, row_group_size=300_001)
        batch = await brought(city, promising(content, 300_001, promised, times=1), PERMITS, format="parquet")
        rows = len(await stored(city))
        assert (batch["state"], rows) in {("refused", 0), ("loaded", 300_001)}


class TestFooter:
    @settings(max_examples=50)
    @given(body=st.binary(max_size=200), fits=st.booleans())
    def test_of_any_bytes_tells_something(
        self, tmp_path_factory: pytest.TempPathFactory, body: bytes, *, fits: bool
    ) -> None:
        file = tmp_path_factory.mktemp("footer") / "any.parquet"
        length = len(body) if fits else int.from_bytes(body[:4], "little")
        file.write_bytes(body + length.to_bytes(4, "little") + b"PAR1")
        assert isinstance(times_of_96_bits(file), frozenset)

    def test_of_nothing_tells_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "empty.parquet").touch()
        assert times_of_96_bits(tmp_path / "empty.parquet") == frozenset()


def promising(content: bytes, rows: int, promised: int, *, times: int = -1) -> bytes:
    """The file with another number of rows wherever its footer tells one: first of the file, then of its parts."""
    length = int.from_bytes(content[-8:-4], "little")
    body, footer = content[: -8 - length], content[-8 - length : -8]
    assert footer.count(varint(rows)) >= 3  # of the file, of its row group, of its columns
    footer = footer.replace(varint(rows), varint(promised), times)
    return body + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def varint(number: int) -> bytes:
    """A number as Thrift's compact protocol writes it."""
    rest, out = number << 1, bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])
