"""The stand-in: an authority of the city's own, by `openssl ts`, with a key of its own among the secrets.

It makes the same tokens as a real authority, and proves less: whoever holds the city's secrets can make them for any
time. So a real city names an accredited authority in TSA_URL.
"""

import asyncio
import secrets
import tempfile
from pathlib import Path

from data_hub.adapters.timestamps.port import AuthorityDown

KEY, CERTIFICATE = "tsa_key.pem", "tsa_certificate.pem"
SECONDS = 10.0
# `certs` is left out: OpenSSL would emit an unsorted set, which strict readers of DER refuse.
_CONFIGURATION = """
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 2.999.3161
digests = sha256, sha384, sha512, sm3
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class OpensslAuthority:
    """The authority whose key and certificate lie in `folder`."""

    name = "openssl"

    def __init__(self, folder: Path, *, seconds: float = SECONDS) -> None:
        self._folder, self._seconds = folder, seconds

    async def answer(self, request: bytes) -> bytes:
        """The answer of `openssl ts -reply`. Raises AuthorityDown."""
        with tempfile.TemporaryDirectory(prefix="tsa-") as name:
            place = Path(name)
            await asyncio.to_thread(_lay_out, place, request)
            command = (
                "openssl", "ts", "-reply", "-config", str(place / "tsa.cnf"), "-queryfile", str(place / "request"),
                "-signer", str(self._folder / CERTIFICATE), "-inkey", str(self._folder / KEY),
                "-out", str(place / "answer"),
            )  # fmt: skip
            await _run(command, self._seconds)
            return await asyncio.to_thread((place / "answer").read_bytes)


def _lay_out(place: Path, request: bytes) -> None:
    (place / "tsa.cnf").write_text(_CONFIGURATION.format(folder=place), encoding="utf-8")
    (place / "serial").write_text(f"{secrets.randbits(62) | 1 << 62:X}\n", encoding="ascii")
    (place / "request").write_bytes(request)


async def _run(command: tuple[str, ...], seconds: float) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    except OSError as error:
        raise AuthorityDown(f"openssl: {error}") from error
    try:
        _, said = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise AuthorityDown("openssl gave no answer in time") from error
    if process.returncode != 0:
        raise AuthorityDown("openssl: " + " ".join(said.decode(errors="replace").split())[-250:])
