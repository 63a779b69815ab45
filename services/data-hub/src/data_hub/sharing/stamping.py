"""Stamps 时间戳 (RFC 3161) over the roots of seals. No call waits for them: an authority that is down makes them late.

What an authority answers is verified before it is kept: imprint, nonce, the chain up to a root in `tsa_roots.pem`, and
that its certificate is for time stamps and nothing else.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from sqlalchemy import select

from citykit.settings import ServiceSettings
from citykit.work import Work
from data_hub.adapters.timestamps.http import HttpAuthority
from data_hub.adapters.timestamps.openssl import OpensslAuthority
from data_hub.adapters.timestamps.port import AuthorityDown, TimeAuthority
from data_hub.sharing.evidence_models import StampRow

ROOTS = "tsa_roots.pem"
MOST_A_ROUND = 200
LATE_AFTER = timedelta(minutes=5)


def authority_of(settings: Any) -> TimeAuthority:
    """The authority that the deployment names, or the city's own."""
    return HttpAuthority(settings.tsa_url) if settings.tsa_url else OpensslAuthority(settings.secrets_dir)


class Stamping:
    """Has roots stamped, oldest first, within one transaction."""

    def __init__(self, work: Work, authority: TimeAuthority | None = None) -> None:
        self._work = work
        self._authority = authority or authority_of(work.settings)

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
        certificates = await asyncio.to_thread(_certificates, self._work.settings)
        try:
            response = tsp.decode_timestamp_response(answer)
            verifier = tsp.VerifierBuilder.from_request(request)
            for certificate in certificates:
                is_root = certificate.issuer == certificate.subject
                add = verifier.add_root_certificate if is_root else verifier.add_intermediate_certificate
                verifier = add(certificate)
            verifier.build().verify_message(response, root)
            return response.time_stamp_token(), response.tst_info.gen_time
        except (tsp.VerificationError, ValueError) as wrong:
            raise AuthorityDown(f"an answer that does not verify: {wrong}") from wrong


def roots_of(settings: ServiceSettings) -> str:
    """The certificates that stamps are verified with, in PEM; empty where there are none."""
    path: Path = settings.secrets_dir / ROOTS
    return path.read_text(encoding="ascii") if path.exists() else ""


def _certificates(settings: ServiceSettings) -> list[x509.Certificate]:
    text = roots_of(settings)
    return x509.load_pem_x509_certificates(text.encode()) if text else []
