"""The parts of a batch's file at rest: as they came, or encrypted where the resource has personal or secret items."""

import asyncio
import base64
from uuid import UUID

from citykit.vault import Vault


async def kept(vault: Vault, batch: UUID, number: int, content: bytes, *, sealed: bool) -> bytes:
    """A part as the table keeps it."""
    if not sealed:
        return content
    return await asyncio.to_thread(lambda: vault.seal(base64.b64encode(content).decode(), _place(batch, number)))


async def came(vault: Vault, batch: UUID, number: int, content: bytes, *, sealed: bool) -> bytes:
    """A part as it came."""
    if not sealed:
        return content
    return await asyncio.to_thread(lambda: base64.b64decode(vault.open(content, _place(batch, number))))


def _place(batch: UUID, number: int) -> str:
    return f"ingest/part/{batch}/{number}"
