"""Periods, keys, references and media types: by example and by property."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.registries.macro_economy.domain import (
    BadKey,
    BadPeriod,
    TooManyCodes,
    flow_reference,
    key_filter,
    key_of,
    period,
    reference,
)
from data_hub.registries.macro_economy.media import DATA, STRUCTURES, chosen


class TestPeriod:
    @pytest.mark.parametrize(
        ("text", "written", "freq", "start", "end"),
        [
            ("2025", "2025", "A", date(2025, 1, 1), date(2025, 12, 31)),
            ("2025-A1", "2025", "A", date(2025, 1, 1), date(2025, 12, 31)),
            ("2025-S1", "2025-S1", "S", date(2025, 1, 1), date(2025, 6, 30)),
            ("2025-T3", "2025-T3", "T", date(2025, 9, 1), date(2025, 12, 31)),
            ("2025-Q3", "2025-Q3", "Q", date(2025, 7, 1), date(2025, 9, 30)),
            ("2024-02", "2024-02", "M", date(2024, 2, 1), date(2024, 2, 29)),
            ("2025-M09", "2025-09", "M", date(2025, 9, 1), date(2025, 9, 30)),
            ("2025-W36", "2025-W36", "W", date(2025, 9, 1), date(2025, 9, 7)),
            ("2025-W01", "2025-W01", "W", date(2025, 1, 1), date(2025, 1, 5)),
            ("2020-W53", "2020-W53", "W", date(2020, 12, 28), date(2020, 12, 31)),
            ("2025-09-01", "2025-09-01", "D", date(2025, 9, 1), date(2025, 9, 1)),
            ("2024-D366", "2024-12-31", "D", date(2024, 12, 31), date(2024, 12, 31)),
            ("2025-09-01T00:00:00", "2025-09-01", "D", date(2025, 9, 1), date(2025, 9, 1)),
        ],
    )
    def test_forms(self, text: str, written: str, freq: str, start: date, end: date) -> None:
        span = period(text)
        assert (span.text, span.freq, span.start, span.end) == (written, freq, start, end)

    @pytest.mark.parametrize(
        "text",
        [
            "", "25", "2025-Q5", "2025-Q0", "2025-13", "2025-00", "2025-W54", "2021-W53", "2025-02-30", "2025-D366",
            "2025-S3", "2025-Q03", "2025-M9", "2025-W1", "2025T00:00:00", "0000", "９９９９", "2025-Q1 ",
            "2025\n", "2025-9",
        ],
    )  # fmt: skip
    def test_what_is_none(self, text: str) -> None:
        with pytest.raises(BadPeriod):
            period(text)

    @settings(max_examples=50)
    @given(st.text(max_size=12))
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        try:
            span = period(text)
        except BadPeriod:
            return
        assert period(span.text) == span
        assert span.start <= span.end


class TestKey:
    def test_forms(self) -> None:
        assert key_filter("A.GDP", 2) == [["A"], ["GDP"]]
        assert key_filter("A+Q..131102", 3) == [["A", "Q"], None, ["131102"]]
        assert key_filter("all", 2) == key_filter(".", 2) == key_filter("*.*", 2) == [None, None]

    @pytest.mark.parametrize("text", ["A", "A.B.C", "A'.B", "A.B;drop table", "A.B+", "+.A", "A.\u4e2d", "A.B/C"])
    def test_garbage(self, text: str) -> None:
        with pytest.raises(BadKey):
            key_filter(text, 2)

    def test_ten_thousand_codes(self) -> None:
        with pytest.raises(TooManyCodes):
            key_filter("A." + "+".join(f"C{n}" for n in range(10_000)), 2)

    def test_a_full_key_has_no_holes(self) -> None:
        assert key_of("A.GDP", 2) == ("A", "GDP")
        for text in ("A.", "A+Q.GDP", "A"):
            with pytest.raises(BadKey):
                key_of(text, 2)

    def test_references(self) -> None:
        assert flow_reference("GDP") == ("all", "GDP", "latest")
        assert flow_reference("HS,GDP") == ("HS", "GDP", "latest")
        assert flow_reference("HS,GDP,1.0") == ("HS", "GDP", "1.0")
        assert str(reference("HS.STAT:GDP(1.0)")) == "HS.STAT:GDP(1.0)"
        for text in ("", "a,b,c,d", "HS,GDP,one", "H S,GDP", "HS,G'DP"):
            with pytest.raises(BadKey):
                flow_reference(text)


class TestMedia:
    @pytest.mark.parametrize(
        ("accept", "form"),
        [
            (None, "specific"),
            ("*/*", "specific"),
            ("application/*", "specific"),
            ("application/vnd.sdmx.genericdata+xml;version=2.1", "generic"),
            ("application/vnd.sdmx.data+json", "json-2"),
            ("application/vnd.sdmx.data+json;version=1.0.0", "json-1"),
            ("application/vnd.sdmx.data+json;version=1.0.0;q=0.5, application/vnd.sdmx.data+csv;q=0.9", "csv-2"),
            ("text/csv;q=0.3, */*;q=0.1", "csv-2"),
            ("*/*, application/vnd.sdmx.structurespecificdata+xml;version=2.1;q=0", "generic"),
            ("application/vnd.sdmx.data+json;version=9, */*;q=0.1", "specific"),
            ("text/html, application/json;q=0.9", "json-2"),
        ],
    )
    def test_choice(self, accept: str | None, form: str) -> None:
        offer = chosen(accept, DATA)
        assert offer is not None
        assert offer.form == form

    @pytest.mark.parametrize("accept", ["text/html", "application/vnd.sdmx.data+json;version=9", "*/*;q=0", "image/*"])
    def test_nothing_acceptable(self, accept: str) -> None:
        assert chosen(accept, DATA) is None

    def test_structures_with_anything_are_ml(self) -> None:
        offer = chosen("*/*", STRUCTURES)
        assert offer is not None
        assert offer.content_type == "application/vnd.sdmx.structure+xml;version=2.1"
