"""A client written and certified by others signs in at the city's provider: npm openid-client, run by node."""

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from joserfc.jwk import ECKey

from citizen_pass.identity.registry import Clients
from citizen_pass.identity.schemas import ClientDraft
from citizen_pass.main import service
from citizen_pass.sample import drafts, load
from citykit.testing import _empty, migrated, secrets_for, service_under_test

HERE = Path(__file__).parent
UNREACHABLE = ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT", "ENETUNREACH")
PASSWORD = "a-sample-password-for-tests"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory):
    """A folder with the client and its locked packages. Skips where node or the package index is missing."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("openid-client")
    for name in ("package.json", "package-lock.json", ".npmrc", "client.mjs"):
        shutil.copy(HERE / name, folder / name)
    done = subprocess.run(["npm", "ci", "--silent"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode and any(word in done.stderr + done.stdout for word in UNREACHABLE):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    return folder


KEY = ECKey.generate_key("P-256", {"kid": "k1"})


@pytest_asyncio.fixture(loop_scope="session")
async def issuer(city_postgres) -> AsyncIterator[str]:
    """The issuer of a provider that really listens, with the sample city and a client that signs its assertions."""
    await asyncio.to_thread(migrated, "citizen_pass.main:service")
    folder = secrets_for("citizen-pass")
    (folder / "sample_password").write_text(PASSWORD, encoding="utf-8")
    for draft in drafts("http://127.0.0.1"):
        (folder / f"client_{draft.client_id}").write_text(f"secret-of-{draft.client_id}-for-tests", encoding="utf-8")
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    more = {"public_url": base, "token_issuer": f"{base}/api/citizen-pass/oidc", "argon2_memory_kib": 8192}
    async with service_under_test(service, **more) as running:
        async with running.work() as work:
            await load(work, 0.0)
            await Clients(work).insert(_signer(), None)
        server = uvicorn.Server(uvicorn.Config(running.app, lifespan="off", log_level="error", ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        yield more["token_issuer"]
        server.should_exit = True
        await serving
        await _forget(running)
    listening.close()


def _signer() -> ClientDraft:
    return ClientDraft(
        client_id="key-client", kind="confidential", auth="private_key_jwt", name_zh="签名客户端", name_en="Signer",
        owner="Test", grant_types=["client_credentials"], scopes=["city-ops.cases.report"],
        jwks={"keys": [KEY.as_dict(private=False)]},
    )  # fmt: skip


async def _forget(running) -> None:
    kept = await asyncio.to_thread(migrated, "citizen_pass.main:service")
    await _empty(running, kept)


class TestOpenidClient:
    async def test_every_flow_satisfies_a_certified_client(self, node_modules, issuer):
        arguments = [issuer, "sample-citizen", PASSWORD, "bench", "secret-of-bench-for-tests"]
        arguments += ["key-client", json.dumps(KEY.as_dict(private=True))]
        process = await asyncio.create_subprocess_exec(
            "node", "client.mjs", *arguments, cwd=node_modules, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = await process.communicate()
        assert process.returncode == 0, out.decode() + err.decode()
        assert out.decode().count("ok ") == 15
