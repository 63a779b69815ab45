"""Stamps 时间戳 (RFC 3161) over the roots of seals. No call waits for them: an authority that is down makes them late.

What an authority answers is verified before it is kept (`adapters.timestamps.trusted`).
"""

import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from citykit.work import Work
from data_hub.adapters.timestamps.port import AuthorityDown, TimeAuthority
from data_hub.adapters.timestamps.trusted import authority_of, believed, roots_of
from data_hub.sharing.evidence_models import StampRow

MOST_A_ROUND = 200
LATE_AFTER = timedelta(minutes=5)


def _authority(work: Work) -> TimeAuthority:
    settings: Any = work.settings
    return authority_of(settings.tsa_url, settings.secrets_dir)


class Stamping:
    """Has roots stamped, oldest first, within one transaction."""

    def __init__(self, work: Work, authority: TimeAuthority | None = None) -> None:
        self._work = work
        self._authority = authority or _authority(work)

    async def round(self) -> int:
        """Stamp what waits; how many were stamped. The first failure ends the round: the next one tries again."""
        waiting = await self._work.session.scalars(
            select(StampRow)
            .where(StampRow.stamped_at.is_(None))
            .order_by(StampRow.id)
            .limit(MOST_A_ROUND)
            .with_for_update(skip_locked=True)
        )
        done = 0
        for row in list(waiting):
            row.tries += 1
            try:
                row.token, row.stamped_at = await self._stamped(row.root)
            except AuthorityDown as down:
                row.fault = str(down)[:500]
                break
            row.authority, row.fault = self._authority.name, None
            row.late = self._work.clock.now() - row.made_at > LATE_AFTER
            done += 1
        return done

    async def _stamped(self, root: bytes) -> tuple[bytes, datetime]:
        import rfc3161_client as tsp  # noqa: PLC0415 - heavy, and most processes never need it

        builder = tsp.TimestampRequestBuilder().data(root).hash_algorithm(tsp.HashAlgorithm.SHA256)
        request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
        answer = await self._authority.answer(request.as_bytes())
        roots = await asyncio.to_thread(roots_of, self._work.settings.secrets_dir)
        response = believed(answer, hashlib.sha256(root).digest(), request.nonce, roots)
        return response.time_stamp_token(), response.tst_info.gen_time
