"""Rows in the binary form of COPY are the rows that their text says, to the last digit."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import polars as pl

from citykit.testing import ServiceUnderTest
from data_hub.ingest.checks import copied
from data_hub.ingest.packing import HEAD, instant, packed

RANDOM = random.Random(7)
BEGAN = datetime(2, 1, 1, tzinfo=UTC)
SECONDS = int((datetime(9998, 12, 31, tzinfo=UTC) - BEGAN).total_seconds())


def written_number() -> str:
    """A number as files write them."""
    whole, rest = RANDOM.randint(0, 10 ** RANDOM.randint(0, 30)), RANDOM.randint(0, 10 ** RANDOM.randint(0, 20))
    exponent = f"e{RANDOM.randint(-40, 40)}" if RANDOM.random() < 0.2 else ""
    return f"{RANDOM.choice(['', '-', '+'])}{whole}.{rest}{exponent}"


VALUES: dict[str, tuple[Any, list[Any]]] = {
    "text": (pl.String, ["衡水", "𠮷", ' "a",\n\\N\r\\.', "NULL", "\x01", "x" * 9000, " "]),
    "bigint": (pl.Int64, [0, -1, 2**63 - 1, -(2**63), *(RANDOM.randint(-(2**63), 2**63 - 1) for _ in range(200))]),
    "numeric": (pl.String, [
        "0", "-0", "+0.00", "1.50", "007", ".5", "5.", "1e3", "1.5E-3", "-1.20e+1", "10000", "99999999.0001", "1e-999",
        "0.00001", "9" * 99, *(written_number() for _ in range(500)),
    ]),
    "boolean": (pl.Boolean, [True, False]),
    "date": (pl.Date, [date(1, 1, 1), date(1999, 12, 31), date(2000, 1, 1), date(9999, 12, 31)]),
    "timestamptz": (pl.Datetime("us", "UTC"), [
        BEGAN, datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC),
        *(BEGAN + timedelta(seconds=RANDOM.randint(0, SECONDS), microseconds=RANDOM.randint(0, 999_999))
          for _ in range(200)),
    ]),
}  # fmt: skip


def frame() -> pl.DataFrame:
    """A column of each type, with gaps."""
    height = max(len(values) for _, values in VALUES.values()) + 1
    columns = [
        pl.Series(name, [values[at] if at < len(values) else None for at in range(height)], dtype=dtype)
        for name, (dtype, values) in VALUES.items()
    ]
    return pl.DataFrame([pl.Series("_line", range(height), dtype=pl.Int64), *columns])


async def test_every_value_is_what_its_text_says(city: ServiceUnderTest) -> None:
    rows, names = frame(), ["_line", *VALUES]
    kinds = {"_line": "bigint"} | {name: name for name in VALUES}
    listed = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
    async with city.work() as work:
        connection = await work.driver()
        for table, form, content in (
            ("as_text", "csv", copied(rows, names)),
            ("as_bytes", "binary", HEAD + packed(rows, {}, kinds)),
        ):
            await connection.execute(f"create temp table {table} ({listed}) on commit drop".encode())
            async with connection.cursor() as cursor:
                async with cursor.copy(f"copy {table} from stdin (format {form})".encode()) as copy:
                    await copy.write(content)
                assert cursor.rowcount == rows.height
        differ = b"select a::text, b::text from as_text a full join as_bytes b using (_line) where a::text <> b::text"
        assert await (await connection.execute(differ + b" or a is null or b is null")).fetchall() == []


async def test_cells_stand_as_they_are_and_what_all_rows_share_before_them(city: ServiceUnderTest) -> None:
    batch, at = uuid4(), datetime(2026, 11, 28, 8, 0, 0, 5, tzinfo=UTC)
    lines = pl.DataFrame({"_line": [1, 2, 3]})
    cells = {"sealed": [b"\x00\xff", None, b""], "hash": [bytes(32), bytes(range(32)), None]}
    shared = (batch.bytes, instant((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)))
    kinds = {"sealed": "bytea", "_line": "bigint", "hash": "bytea"}
    async with city.work() as work:
        connection = await work.driver()
        listed = b"batch uuid, at timestamptz, sealed bytea, line bigint, hash bytea"
        await connection.execute(b"create temp table cells (" + listed + b") on commit drop")
        async with connection.cursor() as cursor, cursor.copy("copy cells from stdin (format binary)") as copy:
            await copy.write(HEAD)
            await copy.write(packed(lines, cells, kinds, before=shared))
        found = await (await connection.execute("select * from cells order by line")).fetchall()
    expected = zip(cells["sealed"], [1, 2, 3], cells["hash"], strict=True)
    assert found == [(batch, at, *row) for row in expected]
