"""The bench counts right answers only, compares pair by pair, and says what bounds a row."""

import asyncio
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from launcher import foreign
from launcher.bench import command, ingest, maps, reference, report, rows, statements
from launcher.bench.effort import between
from launcher.bench.load import Answers, WrongAnswer, _unchunked, run
from launcher.bench.measure import Round, bound, summary
from launcher.bench.rows import Row
from launcher.bench.stage import _free_ports
from launcher.refusals import Refusal

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json"
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def server(*pieces: bytes) -> AsyncIterator[int]:
    """A server that answers every request with these pieces, one after the other."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        except asyncio.IncompleteReadError:
            writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


def job(port: int, **more: Any) -> dict[str, Any]:
    """A short job for the caller."""
    asked = [(b64encode(REQUEST).decode(), None)]
    return {"port": port, "connections": 2, "seconds": 0.1, "status": 200, "requests": asked} | more


@pytest.mark.enable_socket
class TestCaller:
    @pytest.mark.parametrize(
        "pieces",
        [
            (HEAD + b"\r\nContent-Length: 9\r\n\r\n" + b'{"a": 12}',),
            (HEAD[:20], HEAD[20:] + b"\r\ncontent-length: 9\r\n", b"\r\n" + b'{"a"', b": 12}"),
            (HEAD + b"\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n" + b'{"a"', b"\r\n5\r\n: 12}\r\n0\r\n\r\n"),
        ],
    )
    async def test_an_answer_is_read_whole_however_it_comes(self, pieces: tuple[bytes, ...]) -> None:
        expected = [(b64encode(REQUEST).decode(), b64encode(b'{"a": 12}').decode())]
        async with server(*pieces) as port:
            told = await run(job(port, requests=expected, members=["a"], most_per_connection=3))
        assert told["count"] == 6
        assert 0 < told["p50_ms"] <= told["p95_ms"]

    @pytest.mark.parametrize(
        ("answer", "more"),
        [
            (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}", {}),
            (HEAD + b"\r\nContent-Length: 2\r\n\r\n{}", {"members": ["a"]}),
            (HEAD + b"\r\nContent-Length: 2\r\n\r\n{}", {"requests": [(b64encode(REQUEST).decode(), "eA==")]}),
        ],
    )
    async def test_a_wrong_answer_fails_the_run(self, answer: bytes, more: dict[str, Any]) -> None:
        async with server(answer) as port:
            with pytest.raises(WrongAnswer):
                await run(job(port, **more))

    def test_half_a_chunk_is_no_answer_yet(self) -> None:
        whole = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
        assert _unchunked(bytearray(whole), 0) == b"abcde"
        for end in range(len(whole) - 4):
            assert _unchunked(bytearray(whole[:end]), 0) is None

    def test_a_status_is_compared_as_it_stands(self) -> None:
        Answers(201, None).check(b"HTTP/1.1 201 Created", b"", None)
        with pytest.raises(WrongAnswer):
            Answers(201, None).check(b"HTTP/1.1 200 OK", b"", None)


ROW = Row("point", "Read", "data-hub", 0.85, 200, None, [])


def one(rate: float, *, service: float = 0.2, idle: float = 1.0) -> Round:
    """A round of a second."""
    return Round(rate, 1.0, 2.0, 1.0, int(rate), {"service": service, "gateway": 0.1, "database": 0.05}, idle)


class TestSummary:
    def test_the_ratio_is_the_median_of_the_pairs(self) -> None:
        found = summary(ROW, [(one(90), one(100)), (one(10), one(20)), (one(300), one(300))])
        assert (found["ratio"], found["ratio_least"], found["ratio_most"], found["reached"]) == (0.9, 0.5, 1.0, True)

    def test_the_cost_compares_all_processor_time_of_a_request(self) -> None:
        found = summary(ROW, [(one(100, service=0.45), one(100, service=0.15))])
        assert (found["city"]["cpu_us"]["service"], found["cost_ratio"]) == (4500, 0.5)

    @pytest.mark.parametrize(
        ("service", "idle", "said"),
        [(0.95, 0.5, "the one core of the service"), (0.5, 0.0, "the machine's"), (0.2, 1.5, "waiting")],
    )
    def test_what_bounds_a_row_is_said(
        self, service: float, idle: float, said: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("launcher.bench.measure.cores", lambda: 2)
        assert bound([one(100, service=service, idle=idle)]).startswith(said)

    def test_a_process_that_ended_took_nothing_back(self) -> None:
        assert between({"a": 2.0, "b": 1.0}, {"a": 0.0, "b": 1.5}) == {"a": 0.0, "b": 0.5}

    def test_the_table_has_a_line_for_each_row_in_both_parts(self) -> None:
        measured = summary(ROW, [(one(90), one(100))]) | {"database_alone_per_second": None}
        plan = {"rounds": 1, "seconds": 1.0, "connections": 16}
        shown = report.table({"machine": "2 cores", "plan": plan, "at": "now", "rows": [measured]})
        assert shown.count("| Read |") == 2
        assert "**0.90** (0.90 … 0.90)" in shown

    def test_gathering_counts_rows_in_a_table_of_its_own(self) -> None:
        plan = {"rounds": 1, "seconds": 1.0, "connections": 16}
        gathered = {
            "rows": 200_000, "rounds": 3, "city_rows_per_second": 90_000, "copy_rows_per_second": 150_000,
            "ratio": 0.6, "ratio_least": 0.58, "ratio_most": 0.61, "aim": 0.4, "floor": 50_000, "reached": True,
        }  # fmt: skip
        result = {"machine": "2 cores", "plan": plan, "at": "now", "rows": []}
        assert "| 归集 Gathering | 90,000 | 150,000 | **0.60** (0.58 … 0.61) | 0.4, 50,000 rows/s ✔ |" in report.table(
            result | {"gathering": gathered}
        )
        assert "归集" not in report.table(result | {"gathering": None})


class TestGathering:
    @pytest.mark.parametrize(
        ("gathered", "copied", "on", "reached"),
        [(10, 4, 2, True), (10, 3.9, 2, False), (20, 20, 2, True), (21, 21, 2, False), (21, 21, 1, True)],
    )
    def test_is_too_slow_below_its_share_of_copy_and_below_so_many_rows_a_second(
        self, gathered: float, copied: float, on: int, reached: bool
    ) -> None:
        row = ingest.judged(1_000_000, [(gathered, copied)], on)
        assert (row["reached"], row["city_rows_per_second"]) == (reached, round(1_000_000 / gathered))
        assert command.reached({"rows": [], "gathering": row}) is reached
        assert command.reached({"rows": [], "gathering": None})


def test_a_small_file_is_gathered_and_copied_to_the_last_row() -> None:
    command = [sys.executable, "-m", "launcher.bench.ingest", "--rows", "500", "--rounds", "1"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["reached"] else 1)
    assert (told["rows"], told["rounds"]) == (500, 1)
    assert min(told["city_rows_per_second"], told["copy_rows_per_second"], told["ratio"]) > 0


def test_a_small_file_is_gathered_sealed_and_open() -> None:
    command = [sys.executable, "-m", "launcher.bench.ingest", "--sealed", "--rows", "500", "--rounds", "1"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert (told["row"], told["rows"], told["rounds"]) == ("ingest-sealed", 500, 1)
    assert min(told["sealed_rows_per_second"], told["open_rows_per_second"], told["ratio"]) > 0


SQUARE = {
    "id": "131102", "type": "Feature", "properties": {},
    "geometry": {"type": "MultiPolygon", "coordinates": [[[[115, 37], [116, 37], [116, 38], [115, 38], [115, 37]]]]},
}  # fmt: skip


class TestMaps:
    def test_a_box_lies_in_the_middle_of_each_boundary(self) -> None:
        *whole, box = maps._paths([SQUARE])
        assert [one.partition("?")[2] for one in whole] == [f"f=json&limit={limit}" for limit in (1, 5, 10, 100)]
        assert box.endswith("bbox=115.25,37.25,115.75,37.75")

    def test_the_row_wants_an_environment_that_stands_or_to_be_asked_for(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert [maps.wanted(asked) for asked in (None, ["point"], ["features"])] == [False, False, True]
        place = foreign.place_of(maps.LOCK)
        place.mkdir(parents=True)
        (place / "complete").touch()
        assert maps.wanted(None)
        assert foreign.environment_of(maps.LOCK) == place / "bin" / "python"

    def test_an_environment_that_cannot_be_made_leaves_the_row_out(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def refuse(*_: Any) -> Any:
            raise Refusal("没有", "no index can be reached")

        monkeypatch.setattr(maps, "row", refuse)
        assert command._maps(object(), object(), ["features"]) == []  # type: ignore[arg-type]  # neither is looked at
        assert "no index can be reached" in capsys.readouterr().out

    def test_the_lock_names_no_address_and_holds_hashes(self) -> None:
        text = maps.LOCK.read_text()
        assert "://" not in text
        assert text.count("==") <= text.count("--hash=sha256:")


class TestReference:
    def test_the_statements_are_the_services_own(self) -> None:
        assert "from legal_entity where uscc = %s" in statements.POINT
        assert "{where}" in statements.LIST
        assert all(f"match_keys && %({way})s::int[]" in statements.MATCH for way in ("very", "core", "near", "sound"))
        assert "resource.words @>" in statements.SEARCH
        assert "insert into cases" in statements.REPORT
        assert "signing_key" in statements.CLIENT_AND_KEY

    def test_a_bare_report_has_every_value_that_the_statement_wants(self) -> None:
        given = reference.report_values({"title": "x"})
        assert given["title"] == "x"
        assert given["source_number"] is None
        assert len({reference.report_values({})["number"] for _ in range(3)}) == 3

    def test_a_bare_match_looks_for_the_services_tokens(self) -> None:
        given = statements.match_values("衡水桃城思远橡塑制品有限公司")
        assert set(given) == {"very", "core", "near", "sound", "alike"}
        assert given["core"] == statements.match_values("思远橡塑制品")["core"]

    def test_a_bare_question_for_a_person_takes_the_services_ways(self) -> None:
        name, born = statements.invented_persons(1)[0]
        given = statements.person_values(name, born)
        assert statements.PERSON.count("union all") == 4  # name, name and year, day of birth, former name, sound
        assert (given["born"], name[-1]) == (born.isoformat(), "鑫")
        assert json.loads(json.dumps(given))["slips"]

    def test_resources_are_invented_as_the_directory_finds_them(self) -> None:
        found = statements.invented_resources()
        assert len({one["code"] for one in found}) == statements.RESOURCES
        about_air = [one for one in found if "空气" in one["words"]]
        assert 0 < len(about_air) < statements.RESOURCES / 10
        assert all("空气" in one["name_key"] for one in about_air)

    def test_a_bare_search_asks_for_the_services_pairs(self) -> None:
        asked = [one for one in statements.search_values("空气质").values() if isinstance(one, list)]
        assert [set(one) for one in asked] == [{"空气", "气质"}]

    def test_the_words_of_a_bare_search_are_bound_by_one_statement(self) -> None:
        wanted = statements.search_values("空气").keys()
        assert all(statements.search_values(word).keys() == wanted for word in rows.WORDS)

    async def test_the_gateway_finds_it_alive(self) -> None:
        transport = httpx.ASGITransport(app=reference.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            assert (await client.get("/readyz")).json() == {"status": "ok"}

    def test_free_ports_are_four_different_ones(self) -> None:
        ports = _free_ports()
        assert len({ports.web, ports.mesh, ports.ops, *ports.services.values()}) == 4
        assert json.dumps(ports.services).count(str(ports.services["data-hub"])) == 5
