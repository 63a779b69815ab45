"""Stamps and seals of evidence, judged by others: OpenSSL reads and verifies the stamps, pymerkle the trees."""

import base64
import json
import shutil
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from pymerkle import InclusionProof, InmemoryTree, verify_inclusion

from citykit.actors import Actor, ActorKind
from citykit.testing import service_fixture
from data_hub.sharing.service import Evidence
from launcher.keyring import new_mesh_key
from launcher.stamping import EVIDENCE_KEY, authority_files

RESOURCE, DEPARTMENT = "203001-000001", "11131100MB0H000732"
EXPORTS = "/api/data-hub/v1/sharing/evidence/exports"

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL is not installed")
city = service_fixture(
    "data_hub.main:service", files={**authority_files(), EVIDENCE_KEY: new_mesh_key("evidence-test")}
)


@pytest.fixture
async def export(city, tmp_path) -> Path:
    """An export with a seal and its stamp, and one more stream under the same stamp."""
    caller = Actor(subject="01890000-0000-7000-8000-00000000aaaa", kind=ActorKind.person, department=DEPARTMENT)
    for code in (RESOURCE, "203001-000002", RESOURCE, RESOURCE):
        async with city.work() as work:
            await Evidence(work).record(
                resource=code, grant=None, actor=caller, action="query", outcome="served", rows=1, columns=("a",)
            )
    await city.run_task("data-hub.sharing.seal")
    await city.run_task("data-hub.sharing.stamp")
    answer = await city.client.get(
        EXPORTS, params={"stream": f"resource/{RESOURCE}"}, headers=city.token(["data-hub.sharing.audit"])
    )
    assert answer.status_code == 200, answer.text
    zipfile.ZipFile(BytesIO(answer.content)).extractall(tmp_path)
    return tmp_path


def openssl(*words: str) -> subprocess.CompletedProcess[str]:
    """What OpenSSL says."""
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=False, timeout=60)


def lines(path: Path) -> list[dict]:
    """The documents of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class TestOpenssl:
    async def test_verifies_the_stamp(self, export):
        (token,) = export.glob("stamps/*.tst")
        words = ["-in", str(token), "-token_in", "-CAfile", str(export / "tsa_roots.pem")]
        assert "Verification: OK" in openssl("ts", "-verify", "-data", str(token.with_suffix(".root")), *words).stdout
        shown = openssl("ts", "-reply", "-in", str(token), "-token_in", "-text").stdout
        assert "Hash Algorithm: sha256" in shown
        assert "Nonce: 0x" in shown
        assert "Policy OID: 2.999.3161" in shown

    async def test_refuses_the_stamp_for_one_changed_byte(self, export):
        (token,) = export.glob("stamps/*.tst")
        root = token.with_suffix(".root")
        root.write_bytes(bytes([root.read_bytes()[0] ^ 1]) + root.read_bytes()[1:])
        words = ["-in", str(token), "-token_in", "-CAfile", str(export / "tsa_roots.pem")]
        said = openssl("ts", "-verify", "-data", str(root), *words)
        assert (said.returncode, "FAILED" in said.stdout + said.stderr) == (1, True)

    async def test_verifies_the_signature_of_a_seal(self, export, tmp_path):
        (seal,) = lines(export / "seals.ndjson")
        key = export / "keys" / f"{json.loads(seal['statement'])['key_id']}.pem"
        (tmp_path / "said").write_text(seal["statement"], encoding="utf-8")
        (tmp_path / "signature").write_bytes(base64.b64decode(seal["signature"]))
        words = ["-rawin", "-in", str(tmp_path / "said"), "-sigfile", str(tmp_path / "signature")]
        said = openssl("pkeyutl", "-verify", "-pubin", "-inkey", str(key), *words)
        assert "Verified Successfully" in said.stdout


class TestPymerkle:
    async def test_finds_the_same_root_over_the_records(self, export):
        tree = InmemoryTree(algorithm="sha256")
        for record in lines(export / "records.ndjson"):
            tree.append_entry(record["entry"].encode())
        (seal,) = lines(export / "seals.ndjson")
        assert tree.get_root().hex() == json.loads(seal["statement"])["root"]

    async def test_finds_the_seal_under_the_stamped_root(self, export):
        (seal,) = lines(export / "seals.ndjson")
        (stamp,) = lines(export / "stamps.ndjson")
        assert stamp["seals"] == 2
        alone = InmemoryTree(algorithm="sha256")
        alone.append_entry(seal["statement"].encode())
        leaf = alone.get_leaf(1)
        told = {
            "type": "inclusion",
            "metadata": {"algorithm": "sha256", "security": True, "size": 2, "index": seal["position"] + 1},
            "rule": [seal["position"], 0], "path": [leaf.hex(), *seal["path"]],
        }  # fmt: skip
        proof = InclusionProof.deserialize(told)
        verify_inclusion(leaf, bytes.fromhex(stamp["root"]), proof)
