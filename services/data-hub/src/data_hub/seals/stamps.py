"""The time stamp in a seal's signature (PAdES B-T): asked for, never waited for long, believed once it verifies.

It proves that a document was sealed before a moment, whatever becomes of the seal's key afterwards. An authority that
is down costs a document its stamp and nothing else, and is left alone for a minute, so that it delays few of them.
"""

import asyncio
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from asn1crypto.cms import ContentInfo  # type: ignore[import-untyped]  # asn1crypto comes without types
from asn1crypto.tsp import TimeStampResp  # type: ignore[import-untyped]  # as above
from pyhanko.sign.timestamps import TimeStamper

from data_hub.adapters.timestamps.port import AuthorityDown
from data_hub.adapters.timestamps.trusted import ROOTS, authority_of, believed, roots_of

PATIENCE = 3.0  # seconds: somebody waits for the document
REST = 60.0  # seconds

log = structlog.get_logger("data_hub.seals")


class Stamper(TimeStamper):
    """Gets stamps for pyHanko from the deployment's authority. Every failure is an AuthorityDown."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko leaves it without types
        self._authority, self._folder = authority_of(url, folder, seconds=PATIENCE), folder
        self._rests_until = 0.0

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> ContentInfo:
        """The token for a digest. Raises AuthorityDown."""
        if time.monotonic() < self._rests_until:
            raise AuthorityDown("it was down a moment ago")
        nonce, request = self.request_cms(message_digest, md_algorithm)  # type: ignore[no-untyped-call]  # as above
        try:
            answer = await self._answer(request.dump())
            believed(answer, message_digest, nonce, roots_of(self._folder))
        except AuthorityDown as down:
            self._rests_until = time.monotonic() + REST
            log.warning("document-not-stamped", fault=str(down))
            raise
        return TimeStampResp.load(answer)["time_stamp_token"]

    async def _answer(self, request: bytes) -> bytes:
        try:
            # One limit over all: a connection that drips keeps each of its own limits.
            async with asyncio.timeout(PATIENCE + 0.5):
                return await self._authority.answer(request)
        except TimeoutError as error:
            raise AuthorityDown("no answer in time") from error


def stamper(settings: Any) -> Stamper | None:
    """The stamper of this deployment; None where it trusts no authority, so that no stamp could be believed."""
    roots: Path = settings.secrets_dir / ROOTS
    try:
        # It keeps what it learned from its first answer: how much room a signature needs. Other roots, another one.
        return _made(settings.tsa_url, settings.secrets_dir, roots.stat().st_mtime_ns)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=8)
def _made(url: str, folder: Path, changed: int) -> Stamper:
    return Stamper(url, folder)
