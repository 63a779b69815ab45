"""Text that means harm, or was made by careless hands: a clear refusal, nothing lost, nothing half-loaded."""

import gzip
import json
from typing import Any

import pytest

from citykit.testing import ServiceUnderTest
from data_hub.ingest import jobs
from data_hub.ingest.limits import Limits

from .factories import GOOD, HEAD, brought, published, quarantined, reasons, rows_of, table

TEXT = table(GOOD)
ROW = ",".join(("1076A", "2026-11-01 10:00:00", "57", "良")).encode()
OBJECT = dict(zip(HEAD, GOOD[0], strict=True))
LINE = json.dumps(OBJECT, ensure_ascii=False).encode() + b"\n"
BOTH = [("csv", TEXT), ("ndjson", LINE)]


async def refusal(city: ServiceUnderTest, content: bytes, **query: Any) -> str:
    """Why a file was refused, in both languages; the rows that were there are as they were."""
    await published(city)
    await brought(city, TEXT)
    before = await rows_of(city)
    batch = await brought(city, content, mode="row-by-row", **query)
    assert (batch["state"], await rows_of(city)) == ("refused", before), batch
    assert batch["fault"]["zh"]
    assert batch["fault"]["en"]
    return str(batch["fault"]["code"])


async def judged(city: ServiceUnderTest, content: bytes, **query: Any) -> tuple[int, list[set[str]]]:
    """How many rows came in, and why each other did not."""
    await published(city)
    batch = await brought(city, content, mode="row-by-row", **query)
    assert batch["state"] == "loaded", batch["fault"]
    return batch["accepted"], [reasons(row) for row in await quarantined(city, batch["id"])]


class TestBadRows:
    @pytest.mark.parametrize(
        "rows",
        [[("1076A", "2026-11-01 08:00:00", "9" * 900, "良")] * 3, [("1077A", "2026-11-01 08:00:00", "5", "良")] * 40],
        ids=["that break a rule by themselves", "that stand twice"],
    )
    async def test_that_are_longer_than_is_held_refuse_the_file(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, ...]]
    ) -> None:
        monkeypatch.setattr(jobs, "Limits", lambda: Limits(most_bad_characters=1_000))
        assert await refusal(city, table(rows)) == "too-large-bad-rows"


class TestCodings:
    @pytest.mark.parametrize(("format_", "content"), BOTH)
    @pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "gb18030"])
    async def test_that_are_read_give_the_same_rows(
        self, city: ServiceUnderTest, format_: str, content: bytes, coding: str
    ) -> None:
        await published(city)
        told = content.decode().replace("良", "优")
        batch = await brought(city, told.encode(coding), format=format_)
        assert batch["state"] == "loaded", batch["fault"]
        assert (await rows_of(city))[0]["level"] == "优"
        assert batch["encoding"] == ("gb18030" if coding == "gb18030" else "utf-8")

    @pytest.mark.parametrize(("format_", "content"), BOTH)
    @pytest.mark.parametrize(
        ("coding", "code"),
        [("utf-16", "encoding"), ("utf-32", "encoding"), ("utf-16-le", "nul"), ("utf-16-be", "nul")],
    )
    async def test_of_two_bytes_and_more_are_refused(
        self, city: ServiceUnderTest, format_: str, content: bytes, coding: str, code: str
    ) -> None:
        assert await refusal(city, content.decode().encode(coding), format=format_) == code

    @pytest.mark.parametrize(("format_", "content"), BOTH)
    async def test_with_nul_are_refused(self, city: ServiceUnderTest, format_: str, content: bytes) -> None:
        assert await refusal(city, content.replace(b"57", b"5\x007"), format=format_) == "nul"

    async def test_that_change_within_the_file_are_refused(self, city: ServiceUnderTest) -> None:
        """UTF-8 at first, GB18030 at the end: as GB18030 the beginning would be other characters."""
        mixed = "\ufeff".encode() + TEXT + "1079A,2026-11-01 08:00:00,5,优\n".encode("gb18030")
        assert await refusal(city, mixed) == "encoding"

    async def test_of_rare_characters_keep_them(self, city: ServiceUnderTest) -> None:
        items = [{"name": "name", "title": "姓名", "type": "string", "required": True}]
        await published(city, key=["name"], items=items)
        names = ["𠮷", "㐀", "䶮", "ｱ", "😀"]
        batch = await brought(city, table([(name,) for name in names], ("name",)).decode().encode("gb18030"))
        assert batch["state"] == "loaded", batch["fault"]
        assert sorted(row["name"] for row in await rows_of(city)) == sorted(["𠮷", "㐀", "䶮", "ｱ", "😀"])


class TestBombs:
    @pytest.mark.parametrize(("format_", "line"), [("csv", ROW + b"\n"), ("ndjson", LINE), ("ndjson", b"[" * 64)])
    async def test_of_gzip_are_refused(self, city: ServiceUnderTest, format_: str, line: bytes) -> None:
        packed = gzip.compress(line * (96 * 1024 * 1024 // len(line)), 9)
        assert len(packed) < 1_000_000
        assert await refusal(city, packed, format=format_) == "too-large"

    async def test_within_a_gzip_are_not_looked_for(self, city: ServiceUnderTest) -> None:
        assert await refusal(city, gzip.compress(gzip.compress(TEXT))) in {"encoding", "nul", "unknown-column"}


class TestLines:
    async def test_of_two_megabytes_are_refused(self, city: ServiceUnderTest) -> None:
        row = ROW.replace("良".encode(), b"x" * 2_000_000)
        assert await refusal(city, TEXT + row + b"\n" + ROW + b",too many\n") == "too-long"

    async def test_of_two_megabytes_are_refused_as_json(self, city: ServiceUnderTest) -> None:
        long = json.dumps(OBJECT | {"level": "x" * 2_000_000}).encode()
        assert await refusal(city, LINE + long + b"\n", format="ndjson") == "too-long"

    async def test_that_quotes_hold_together_are_one_row_and_no_longer(self, city: ServiceUnderTest) -> None:
        field = b'"' + b"x" * 400_000 + b"\n" + b"x" * 400_000 + b'"'
        assert await refusal(city, TEXT + b",".join([field] * 6) + b"\n") == "too-long"

    async def test_of_nothing_by_the_million_are_no_rows(self, city: ServiceUnderTest) -> None:
        blank = b"\n" * 1_000_000
        assert await judged(city, TEXT + blank + ROW + b"\n" + blank) == (4, [])

    async def test_of_nothing_by_the_million_are_no_objects(self, city: ServiceUnderTest) -> None:
        blank = b"\n" * 1_000_000
        assert await judged(city, LINE + blank + LINE.replace(b"1074A", b"1075A") + blank, format="ndjson") == (2, [])

    async def test_of_commas_alone_are_no_rows(self, city: ServiceUnderTest) -> None:
        assert await judged(city, TEXT + b",,,\n" * 100_000) == (3, [])

    async def test_of_10_000_fields_are_kept_apart_and_cut(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, TEXT + b",".join([b"5" * 30] * 10_000) + b"\n", mode="row-by-row")
        [row] = await quarantined(city, batch["id"])
        assert (batch["accepted"], reasons(row), row["line"]) == (3, {"_row/fields"}, 4)
        assert len(row["fields"]) < 200


NUMBERS = ["1e400", "-1e400", "NaN", "Infinity", "-Infinity", "1e-20000", "1e999999999", "0e-999999", "9" * 150]


class TestNumbers:
    @pytest.fixture
    async def amount(self, city: ServiceUnderTest) -> ServiceUnderTest:
        items = [
            {"name": "n", "title": "编号", "type": "integer", "required": True},
            {"name": "amount", "title": "数量", "type": "number"},
        ]
        await published(city, key=["n"], items=items)
        return city

    async def test_that_no_table_holds_are_kept_apart(self, amount: ServiceUnderTest) -> None:
        content = table([(str(at), text) for at, text in enumerate([*NUMBERS, "1e300"])], ("n", "amount"))
        batch = await brought(amount, content, mode="row-by-row")
        assert (batch["state"], batch["accepted"]) == ("loaded", 1), batch["fault"]
        found = await quarantined(amount, batch["id"])
        assert [row["values"]["amount"] for row in found] == NUMBERS
        assert all(reasons(row) == {"amount/type"} for row in found)

    async def test_that_no_table_holds_are_kept_apart_as_json(self, amount: ServiceUnderTest) -> None:
        lines = [f'{{"n": {at}, "amount": {text}}}\n'.encode() for at, text in enumerate([*NUMBERS, "1e300"])]
        batch = await brought(amount, b"".join(lines), format="ndjson", mode="row-by-row")
        assert (batch["state"], batch["accepted"]) == ("loaded", 1), batch["fault"]
        found = [reasons(row) for row in await quarantined(amount, batch["id"])]
        words = {"NaN", "Infinity", "-Infinity"}  # which JSON does not know
        assert found == [{"_row/json"} if text in words else {"amount/type"} for text in NUMBERS]


class TestObjects:
    async def test_that_say_a_name_twice_are_kept_apart(self, city: ServiceUnderTest) -> None:
        twin = LINE.replace(b"1074A", b"1075A").replace(b"}", b', "aqi": "58"}')
        assert await judged(city, LINE + twin, format="ndjson") == (1, [{"_row/twice"}])

    async def test_that_say_a_column_by_name_and_by_title_are_refused(self, city: ServiceUnderTest) -> None:
        twin = LINE.replace(b"}", ', "空气质量指数": "58"}'.encode())
        assert await refusal(city, twin, format="ndjson") == "twice-column"

    @pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
    async def test_that_nest_10_000_deep_are_kept_apart(
        self, city: ServiceUnderTest, opening: bytes, closing: bytes
    ) -> None:
        deep = opening * 10_000 + b"1" + closing * 10_000
        nested = LINE.replace(b'"57"', deep).replace(b"1074A", b"1075A")
        assert await judged(city, LINE + deep + b"\n" + nested, format="ndjson") == (1, [{"_row/json"}] * 2)

    async def test_with_names_that_no_text_holds_are_read_without_them(self, city: ServiceUnderTest) -> None:
        odd = LINE.replace(b"}", b', "a\\u0000b": 1, "\\ud800": 2, "more": {"deep": [1]}}')
        assert await judged(city, odd, format="ndjson", ignore_unknown="true") == (1, [])

    async def test_with_names_that_no_text_holds_are_refused(self, city: ServiceUnderTest) -> None:
        assert await refusal(city, LINE.replace(b"}", b', "\\u0000": 1}'), format="ndjson") == "unknown-column"

    @pytest.mark.parametrize("ignored", ["true", "false"])
    async def test_with_10_000_names_are_refused(self, city: ServiceUnderTest, ignored: str) -> None:
        wide = json.dumps(OBJECT | {f"c{at}": 1 for at in range(10_000)}).encode() + b"\n"
        code = await refusal(city, wide, format="ndjson", ignore_unknown=ignored)
        assert code == ("too-many-columns" if ignored == "true" else "unknown-column")


async def test_columns_beyond_the_bound_are_refused_even_where_they_are_ignored(city: ServiceUnderTest) -> None:
    head = [*HEAD, *(f"c{at}" for at in range(10_000))]
    wide = table([[*GOOD[0], *(["1"] * 10_000)]], head)
    assert await refusal(city, wide, ignore_unknown="true") == "too-many-columns"
