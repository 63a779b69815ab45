"""Evidence: seals and stamps, an export that verifies offline, and every kind of tampering that is found out."""

import hashlib
import json
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import rfc3161_client as tsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pymerkle import InmemoryTree, verify_inclusion
from sqlalchemy import text

from citykit.callers import Allowance
from citykit.testing import ServiceUnderTest
from data_hub.adapters.timestamps.http import HttpAuthority
from data_hub.adapters.timestamps.openssl import OpensslAuthority
from data_hub.adapters.timestamps.port import AuthorityDown
from data_hub.sharing import merkle, sealing
from data_hub.sharing.refusals import RefusalBook
from data_hub.sharing.service import Evidence, Grants, NotGranted
from data_hub.sharing.stamping import Stamping
from launcher.stamping import authority_files

from .factories import BASE, ECOLOGY, HOUSING, RESOURCE, applicant, auditor, grant_to, officer, seen

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL is not installed")
SEAL, STAMP = "data-hub.sharing.seal", "data-hub.sharing.stamp"
# RFC 6962 over the first n of these leaves (test vectors of Certificate Transparency).
LEAVES = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
LEAVES.append(bytes(range(0x60, 0x70)))


async def calls(city: ServiceUnderTest, grant: Any, count: int = 3) -> str:
    """Some served calls under a grant; its stream."""
    for number in range(count):
        async with city.work() as work:
            await Evidence(work).record(
                resource=RESOURCE, grant=grant, actor=officer(HOUSING), action="query", outcome="served", rows=number,
                columns=("station",), subject="person:x", purpose="扬尘治理",
            )  # fmt: skip
    return f"grant/{grant}"


async def exported(city: ServiceUnderTest, folder: Path, stream: str, **query: Any) -> Path:
    """An export as the auditor unpacks it."""
    answer = await city.client.get(
        f"{BASE}/evidence/exports", params={"stream": stream} | query, headers=auditor(city)
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    zipfile.ZipFile(BytesIO(answer.content)).extractall(folder)
    return folder


def holds_private_keys(folder: Path) -> bool:
    """Whether a file of an export holds what only the city may have."""
    return any(b"PRIVATE" in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def verified(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """What the published script says, with nothing of the city around it."""
    return subprocess.run(
        ["sh", str(folder / "verify.sh"), str(folder), *more], capture_output=True, text=True, check=False, timeout=120,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


class TestMerkle:
    def test_roots_are_those_of_the_standard(self) -> None:
        roots = {1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                 8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}  # fmt: skip
        for size, expected in roots.items():
            assert merkle.root([merkle.leaf(data) for data in LEAVES[:size]]).hex() == expected

    @settings(max_examples=50, deadline=None)
    @given(some.lists(some.binary(max_size=20), min_size=1, max_size=40))
    def test_roots_and_paths_are_those_of_pymerkle(self, entries: list[bytes]) -> None:
        leaves = [merkle.leaf(data) for data in entries]
        tree = InmemoryTree(algorithm="sha256")
        for data in entries:
            tree.append_entry(data)
        root = merkle.root(leaves)
        assert root == tree.get_root()
        for position, path in enumerate(merkle.paths(leaves)):
            assert merkle.reached(leaves[position], position, len(leaves), path) == root
            proof = tree.prove_inclusion(position + 1, len(leaves))
            verify_inclusion(leaves[position], root, proof)
            assert list(proof.path[1:]) == path

    def test_a_path_of_another_place_leads_elsewhere(self) -> None:
        leaves = [merkle.leaf(data) for data in LEAVES[:5]]
        path = merkle.paths(leaves)[1]
        assert merkle.reached(leaves[1], 2, 5, path) != merkle.root(leaves)
        assert merkle.reached(leaves[1], 1, 5, path[:-1]) is None
        assert merkle.reached(leaves[1], 7, 5, path) is None


@needs_openssl
class TestSealing:
    async def test_covers_served_and_refused_calls(self, city: ServiceUnderTest) -> None:
        await calls(city, await grant_to(city, HOUSING))
        with pytest.raises(NotGranted):
            async with city.work() as work:
                await Grants(work).policy(RESOURCE, actor=officer(ECOLOGY))
        await city.run_task(SEAL)
        await city.run_task(STAMP)
        streams = (await seen(city, auditor(city), "evidence/streams"))["items"]
        assert [(one["records"], one["sealed"]) for one in streams] == [(3, 3), (1, 1)]
        (stamp,) = (await seen(city, auditor(city), "evidence/stamps"))["items"]
        assert (stamp["seals"], stamp["late"], stamp["authority"], stamp["fault"]) == (2, False, "openssl", None)

    async def test_goes_on_where_it_ended(self, city: ServiceUnderTest, tmp_path: Path) -> None:
        grant = await grant_to(city, HOUSING)
        for _ in range(3):
            stream = await calls(city, grant, 2)
            await city.run_task(SEAL)
        await city.run_task(SEAL)
        await city.run_task(STAMP)
        folder = await exported(city, tmp_path, stream)
        said = verified(folder)
        assert said.returncode == 0, said.stderr
        assert "records: 6" in said.stdout
        assert "seals: 3" in said.stdout
        assert "stamps that hold: 3" in said.stdout

    async def test_covers_calls_that_nobody_may_make(self, city: ServiceUnderTest, tmp_path: Path) -> None:
        city.app.state.refusals = book = RefusalBook(city.runtime, each=Allowance(3, 60))
        for _ in range(5):
            assert (await city.client.get(f"{BASE}/notices")).status_code == 401
        await book.end_minute()
        await city.run_task(SEAL)
        await city.run_task(STAMP)
        (one,) = (await seen(city, auditor(city), "evidence/streams"))["items"]
        assert (one["stream"][:9], one["records"], one["sealed"]) == ("refusals/", 4, 4)
        records = (await seen(city, auditor(city), "evidence/records", stream=one["stream"]))["items"]
        assert [json.loads(record["entry"])["calls"] for record in records] == [1, 1, 1, 2]
        assert (await seen(city, auditor(city), "evidence/verdicts", stream=one["stream"]))["intact"]
        said = verified(await exported(city, tmp_path, one["stream"]))
        assert said.returncode == 0, said.stderr
        assert "records: 4" in said.stdout
        assert "stamps that hold: 1" in said.stdout

    async def test_leaves_nothing_behind_when_there_is_much(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sealing, "MOST_STREAMS", 2)
        monkeypatch.setattr(sealing, "MOST_RECORDS", 2)
        for _ in range(3):
            await calls(city, await grant_to(city, HOUSING), 5)
        await city.run_task(SEAL)
        await city.drain()
        streams = (await seen(city, auditor(city), "evidence/streams"))["items"]
        assert [(one["records"], one["sealed"]) for one in streams] == [(5, 5)] * 3
        assert (await seen(city, auditor(city), "evidence/stamps", waiting=True))["items"] == []
        for one in streams:
            assert (await seen(city, auditor(city), "evidence/verdicts", stream=one["stream"]))["intact"]

    async def test_refuses_a_chain_that_does_not_hold(self, city: ServiceUnderTest) -> None:
        stream = await calls(city, await grant_to(city, HOUSING))
        await tamper(city, "evidence", "update evidence set entry = replace(entry, '\"rows\":1', '\"rows\":9')")
        for _ in range(2):
            await city.run_task(SEAL)
        async with city.work() as work:
            assert await work.session.scalar(text("select count(*) from evidence_seal")) == 0
            told = await work.session.scalar(text("select count(*) from audit_entry where act = 'broken'"))
        assert told == 1
        verdict = await seen(city, auditor(city), "evidence/verdicts", stream=stream)
        assert (verdict["intact"], verdict["fault"], verdict["at"]) == (False, "changed", 2)


@needs_openssl
class TestStamping:
    async def test_is_late_when_the_authority_was_down_and_keeps_nobody(
        self, city: ServiceUnderTest, tmp_path: Path
    ) -> None:
        stream = await calls(city, await grant_to(city, HOUSING))
        await city.run_task(SEAL)
        async with city.work() as work:
            assert await Stamping(work, Down()).round() == 0
        (waiting,) = (await seen(city, auditor(city), "evidence/stamps", waiting=True))["items"]
        assert (waiting["tries"], waiting["fault"]) == (1, "no answer")
        # Calls go on, and what waits says so in the export.
        await calls(city, stream.removeprefix("grant/"), 1)
        assert "waiting for a stamp: 1" in verified(await exported(city, tmp_path / "a", stream)).stdout
        city.clock.advance(hours=2)
        await city.run_task(STAMP)
        (stamp,) = (await seen(city, auditor(city), "evidence/stamps", waiting=False))["items"]
        assert (stamp["late"], stamp["fault"]) == (True, None)
        said = verified(await exported(city, tmp_path / "b", stream))
        assert (said.returncode, "stamped late: 1" in said.stdout) == (0, True)

    async def test_takes_no_answer_that_does_not_verify(self, city: ServiceUnderTest) -> None:
        await calls(city, await grant_to(city, HOUSING))
        await city.run_task(SEAL)
        own = OpensslAuthority(city.settings.secrets_dir)
        for answer in (Garbage(), Replay(own), Stranger()):
            async with city.work() as work:
                assert await Stamping(work, answer).round() == 0
        (waiting,) = (await seen(city, auditor(city), "evidence/stamps"))["items"]
        assert (waiting["stamped_at"], waiting["tries"]) == (None, 3)

    async def test_speaks_http_to_an_accredited_authority(self, city: ServiceUnderTest) -> None:
        own = OpensslAuthority(city.settings.secrets_dir)

        async def answer(request: httpx.Request) -> httpx.Response:
            assert request.headers["content-type"] == "application/timestamp-query"
            reply = await own.answer(request.content)
            return httpx.Response(200, content=reply, headers={"Content-Type": "application/timestamp-reply"})

        await calls(city, await grant_to(city, HOUSING))
        await city.run_task(SEAL)
        authority = HttpAuthority("https://tsa.example/stamp", transport=httpx.MockTransport(answer))
        async with city.work() as work:
            assert await Stamping(work, authority).round() == 1
        (stamp,) = (await seen(city, auditor(city), "evidence/stamps"))["items"]
        assert stamp["authority"] == "tsa.example"

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(503),
            httpx.Response(200, text="<html>"),
            httpx.Response(200, content=bytes(100_000), headers={"Content-Type": "application/timestamp-reply"}),
        ],
    )
    async def test_calls_an_odd_answer_an_authority_that_is_down(self, answer: httpx.Response) -> None:
        authority = HttpAuthority("https://tsa.example", transport=httpx.MockTransport(lambda _: answer))
        with pytest.raises(AuthorityDown):
            await authority.answer(b"x")

    async def test_calls_a_missing_key_an_authority_that_is_down(self, tmp_path: Path) -> None:
        with pytest.raises(AuthorityDown, match="openssl"):
            await OpensslAuthority(tmp_path).answer(b"x")


@needs_openssl
class TestOfflineVerification:
    @pytest.fixture
    async def export(self, city: ServiceUnderTest, tmp_path: Path) -> Path:
        grant = await grant_to(city, HOUSING)
        for _ in range(2):
            stream = await calls(city, grant)
            await city.run_task(SEAL)
        await city.run_task(STAMP)
        await calls(city, grant, 1)
        return await exported(city, tmp_path, stream)

    async def test_finds_that_all_holds(self, export: Path) -> None:
        said = verified(export)
        assert said.returncode == 0, said.stderr
        assert "records: 7" in said.stdout
        assert "records after the last seal: 1" in said.stdout
        assert "EVERYTHING HOLDS" in said.stdout
        assert not holds_private_keys(export)

    @pytest.mark.parametrize(
        ("file", "before", "after"),
        [
            ("records.ndjson", '\\"rows\\":2', '\\"rows\\":3'),
            ("records.ndjson", "served", "sErved"),
            ("records.ndjson", '\\"seq\\":2', '\\"seq\\":3'),
            ("seals.ndjson", '\\"last_seq\\":3', '\\"last_seq\\":2'),
            ("seals.ndjson", '"position": 0', '"position": 1'),
            ("stamps.ndjson", '"root": "', '"root": "00'),
            ("manifest.json", '"last": 7', '"last": 8'),
        ],
    )
    async def test_finds_a_changed_text(self, export: Path, file: str, before: str, after: str) -> None:
        path = export / file
        kept = path.read_text(encoding="utf-8")
        assert before in kept
        path.write_text(kept.replace(before, after, 1), encoding="utf-8")
        said = verified(export)
        assert (said.returncode, "SOMETHING WAS CHANGED" in said.stderr) == (1, True)

    async def test_finds_records_that_were_made_up_again(self, export: Path) -> None:
        """Whoever changes a record and computes the whole chain anew still lacks the key."""
        reached, lines = bytes(32), []
        for line in (export / "records.ndjson").read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)["entry"].replace('"rows":2', '"rows":0')
            reached = hashlib.sha256(reached + entry.encode()).digest()
            lines.append(json.dumps({"entry": entry, "hash": reached.hex()}, ensure_ascii=False))
        (export / "records.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
        manifest = json.loads((export / "manifest.json").read_text(encoding="utf-8"))
        (export / "manifest.json").write_text(json.dumps(manifest | {"hash": reached.hex()}), encoding="utf-8")
        said = verified(export)
        assert (said.returncode, "signature does not fit" in said.stderr) == (1, True)

    @pytest.mark.parametrize("file", ["records.ndjson", "seals.ndjson"])
    async def test_finds_what_was_taken_out(self, export: Path, file: str) -> None:
        path = export / file
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(lines[1:]), encoding="utf-8")
        assert verified(export).returncode == 1

    async def test_finds_another_stamp(self, export: Path) -> None:
        one, other = sorted((export / "stamps").glob("*.tst"))
        kept = one.read_bytes()
        one.write_bytes(other.read_bytes())
        assert verified(export).returncode == 1
        flipped = bytearray(kept)
        flipped[len(flipped) // 2] ^= 1
        one.write_bytes(bytes(flipped))
        assert verified(export).returncode == 1
        one.unlink()
        assert verified(export).returncode == 1
        one.write_bytes(kept)
        assert verified(export).returncode == 0

    async def test_trusts_the_roots_that_the_auditor_names(self, export: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.pem"
        other.write_text(authority_files()["tsa_roots.pem"])
        said = verified(export, str(other))
        assert (said.returncode, "THE STAMP DOES NOT HOLD" in said.stderr) == (1, True)

    async def test_trusts_the_keys_that_the_city_publishes(
        self, city: ServiceUnderTest, export: Path, tmp_path: Path
    ) -> None:
        roots, file = str(export / "tsa_roots.pem"), tmp_path / "keys.json"
        known = (await city.client.get(f"{BASE}/evidence/keys")).json()
        file.write_text(json.dumps(known))
        assert verified(export, roots, str(file)).returncode == 0
        # An export that somebody made up whole, with a key of his own under the city's name.
        for keys in ([known["keys"][0] | {"x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}], []):
            file.write_text(json.dumps({"keys": keys}))
            said = verified(export, roots, str(file))
            assert (said.returncode, "SOMETHING WAS CHANGED" in said.stderr) == (1, True)

    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(place=some.floats(0, 1, exclude_max=True), name=some.sampled_from(["records.ndjson", "seals.ndjson"]))
    async def test_finds_one_flipped_bit_wherever_it_is(self, export: Path, place: float, name: str) -> None:
        kept = (export / name).read_bytes()
        changed = bytearray(kept)
        changed[int(len(kept) * place)] ^= 1
        (export / name).write_bytes(changed)
        try:
            assert verified(export).returncode == 1
        finally:
            (export / name).write_bytes(kept)

    async def test_says_when_there_is_nothing_to_look_at(self, export: Path) -> None:
        (export / "manifest.json").unlink()
        assert verified(export).returncode == 2


class TestExports:
    async def test_come_in_stretches_from_a_seal_on(self, city: ServiceUnderTest, tmp_path: Path) -> None:
        grant = await grant_to(city, HOUSING)
        for _ in range(3):
            stream = await calls(city, grant, 4)
            await city.run_task(SEAL)
        folder = await exported(city, tmp_path, stream, first=7, last=12)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        assert (manifest["first"], manifest["last"]) == (5, 12)
        if shutil.which("openssl"):
            said = verified(folder)
            assert said.returncode == 0, said.stderr

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ({"stream": "resource/303001-000009"}, 404),
            ({"stream": "x"}, 422),
            ({"stream": "resource/303001-000001", "first": 0}, 422),
            ({"stream": "resource/303001-000001", "first": 99}, 404),
            ({}, 422),
        ],
    )
    async def test_refuse_what_is_not_there(self, city: ServiceUnderTest, query: dict[str, Any], status: int) -> None:
        with pytest.raises(NotGranted):
            async with city.work() as work:
                await Grants(work).policy(RESOURCE, actor=officer(ECOLOGY))
        answer = await city.client.get(f"{BASE}/evidence/exports", params=query, headers=auditor(city))
        assert answer.status_code == status

    async def test_are_the_auditor_s(self, city: ServiceUnderTest) -> None:
        for path in ("exports", "streams", "records", "stamps", "verdicts"):
            answer = await city.client.get(f"{BASE}/evidence/{path}", headers=applicant(city))
            assert answer.status_code == 403


class TestPublicParts:
    async def test_keys_and_scripts_are_for_everybody(self, city: ServiceUnderTest) -> None:
        keys = (await city.client.get(f"{BASE}/evidence/keys")).json()["keys"]
        assert [(key["kty"], key["kid"], "d" in key) for key in keys] == [("OKP", "evidence-test", False)]
        assert (await city.client.get(f"{BASE}/evidence/verify.sh")).text.startswith("#!/bin/sh\n")
        assert "def main" in (await city.client.get(f"{BASE}/evidence/verify.py")).text

    async def test_both_departments_read_the_records_of_their_grant(self, city: ServiceUnderTest) -> None:
        grant = await grant_to(city, HOUSING)
        await calls(city, grant, 2)
        found = (await seen(city, applicant(city), f"grants/{grant}/records"))["items"]
        assert [one["seq"] for one in found] == [1, 2]
        stranger = await city.client.get(f"{BASE}/grants/{grant}/records", headers=applicant(city, ECOLOGY))
        assert stranger.status_code == 404


class TestVerdicts:
    async def test_say_that_a_stream_holds(self, city: ServiceUnderTest) -> None:
        stream = await calls(city, await grant_to(city, HOUSING), 5)
        await city.run_task(SEAL)
        verdict = await seen(city, auditor(city), "evidence/verdicts", stream=stream)
        assert (verdict["intact"], verdict["records"]) == (True, 5)

    @pytest.mark.parametrize(
        ("statement", "fault", "at"),
        [
            ("update evidence set entry = replace(entry, 'served', 'sErved') where seq = 3", "changed", 3),
            ("delete from evidence where seq = 2", "changed", 2),
            ("delete from evidence where seq = 5", "cut-off", 5),
        ],
    )
    async def test_find_what_was_changed_in_the_database(
        self, city: ServiceUnderTest, statement: str, fault: str, at: int
    ) -> None:
        stream = await calls(city, await grant_to(city, HOUSING), 5)
        await city.run_task(SEAL)
        await tamper(city, "evidence", statement)
        verdict = await seen(city, auditor(city), "evidence/verdicts", stream=stream)
        assert (verdict["intact"], verdict["fault"], verdict["at"]) == (False, fault, at)


async def tamper(city: ServiceUnderTest, table: str, statement: str) -> None:
    """Change append-only rows as their owner can: by taking the trigger away first."""
    async with city.work() as work:
        connection = await work.driver()
        await connection.execute(f"alter table {table} disable trigger user")
        await connection.execute(statement)
        await connection.execute(f"alter table {table} enable trigger user")


class Down:
    """An authority that does not answer."""

    name = "down"

    async def answer(self, request: bytes) -> bytes:
        """Nothing."""
        raise AuthorityDown("no answer")


class Garbage:
    """An authority that answers something else."""

    name = "garbage"

    async def answer(self, request: bytes) -> bytes:
        """Not DER."""
        return b"<html>" + request


class Replay:
    """An authority whose answer is to another request: its nonce is another."""

    name = "replay"

    def __init__(self, real: OpensslAuthority) -> None:
        self._real = real

    async def answer(self, request: bytes) -> bytes:
        """A good answer to another question."""
        other = tsp.TimestampRequestBuilder().data(b"another root").build()
        return await self._real.answer(other.as_bytes())


class Stranger:
    """An authority under a root that the city does not trust."""

    name = "stranger"

    async def answer(self, request: bytes) -> bytes:
        """A good answer by an unknown authority."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in authority_files().items():
                (Path(folder) / name).write_text(content)
            return await OpensslAuthority(Path(folder)).answer(request)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The log says what the tests provoke."""
    with caplog.at_level("CRITICAL"):
        yield
