"""The seal at work: documents, credentials, statements.

    seals = Seals(work.settings)
    pdf = await asyncio.to_thread(seals.sealed_pdf, [heading("信用报告"), table(rows)], title="…", reason="…")
    vc = seals.issue_sd_jwt_vc(claims, vct=…, disclosable=("name",))
    qr = seals.jws({"id": …}, typ="licence+jwt")

Building and signing a document takes 50–150 ms of processor and waits for its time stamp: do it in a thread.
Nothing here touches the database.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from citykit.settings import ServiceSettings
from data_hub.seals import credentials, documents, status_lists
from data_hub.seals.documents import SignedDocument
from data_hub.seals.errors import SealBroken
from data_hub.seals.keys import ALGORITHM, SealKeys, seal_keys
from data_hub.seals.story import gap, heading, paragraph, picture, table

__all__ = ["ISSUER_PATH", "Seals", "SignedDocument", "gap", "heading", "paragraph", "picture", "table"]

ISSUER_PATH = "/api/data-hub/v1/seals"


class Seals:
    """Signs and checks with the seal of this deployment. Every method raises SealsMissing where there is none."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings

    @cached_property
    def keys(self) -> SealKeys:
        """The keys and certificates."""
        return seal_keys(self._settings)

    @property
    def issuer(self) -> str:
        """The `iss` of everything signed here; its keys are at `<iss>/jwks.json`."""
        return f"{self._settings.public_url.rstrip('/')}{ISSUER_PATH}"

    def pdf(self, story: Sequence[Any], *, title: str, subject: str = "", keywords: str = "") -> bytes:
        """A4 pages from the parts that `seals.story` makes, font embedded, unsigned.

        `subject` and `keywords` stand in the document's properties; once signed, `check_pdf` gives them back.
        """
        return documents.laid_out(story, title=title, subject=subject, keywords=keywords)

    def sign_pdf(self, pdf: bytes, *, reason: str) -> bytes:
        """The document with a PAdES signature that allows no later change (ETSI EN 319 142-1).

        B-T, with a time stamp in it, where the authority of the deployment gives one within three seconds; else B-B.
        """
        from data_hub.seals.stamps import stamper  # noqa: PLC0415 - heavy, and most processes never need it

        return documents.signed(pdf, self.keys, reason=reason, stamper=stamper(self._settings))

    def sealed_pdf(
        self, story: Sequence[Any], *, title: str, reason: str, subject: str = "", keywords: str = ""
    ) -> bytes:
        """Both in one step."""
        return self.sign_pdf(self.pdf(story, title=title, subject=subject, keywords=keywords), reason=reason)

    def check_pdf(self, pdf: bytes) -> SignedDocument:
        """What a sealed document says. Raises SealBroken: `not-a-pdf`, `unsigned`, `changed`, `foreign-seal`."""
        return documents.checked(pdf, self.keys)

    def issue_sd_jwt_vc(
        self,
        claims: Mapping[str, Any],
        *,
        vct: str,
        issued_at: datetime,
        disclosable: Iterable[str] = (),
        expires_at: datetime | None = None,
        status: Mapping[str, Any] | None = None,
        holder_key: Mapping[str, Any] | None = None,
    ) -> str:
        """A verifiable credential (SD-JWT VC, `typ: dc+sd-jwt`, ES256), ready to be presented, ending with `~`.

        `vct` names the type; `disclosable` are names in `claims` that the holder may leave out; `status` is a
        `{"status_list": {"idx": …, "uri": …}}`; `holder_key` (a public JWK) binds it to the holder (`cnf`).
        """
        body = dict(claims) | {"iss": self.issuer, "vct": vct, "iat": int(issued_at.timestamp())}
        if expires_at is not None:
            body["exp"] = int(expires_at.timestamp())
        if status is not None:
            body["status"] = dict(status)
        return credentials.issued(body, self.keys, disclosable=disclosable, holder_key=holder_key)

    def check_sd_jwt_vc(self, text: str) -> dict[str, Any]:
        """The claims that a presentation shows; times are the caller's to judge.

        Raises SealBroken: `not-an-sd-jwt`, `changed`, `foreign-seal`.
        """
        return credentials.checked(text, self.keys)

    def status_list(self, statuses: Mapping[int, int], *, uri: str, at: datetime) -> str:
        """The token of a Token Status List that is read at `uri`: `statuses` by place, 0 elsewhere. In a thread."""
        said = status_lists.payload(statuses, uri=uri, issuer=self.issuer, at=at)
        return self.jws(said, typ=status_lists.TYPE)

    def jws(self, payload: Mapping[str, Any], *, typ: str) -> str:
        """A compact JWS (RFC 7515) of `payload` with this `typ`, ES256, about 180 characters beyond the payload."""
        header = {"alg": ALGORITHM, "typ": typ, "kid": self.keys.key_id}
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        return jws.serialize_compact(header, text.encode(), self.keys.token_key, algorithms=[ALGORITHM])

    def check_jws(self, text: str, *, typ: str) -> dict[str, Any]:
        """The payload of a JWS that was signed here with this `typ`. Raises SealBroken: `not-a-jws`, `changed`."""
        try:
            found = jws.deserialize_compact(text, self.keys.public, algorithms=[ALGORITHM])
            payload = json.loads(found.payload)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as reason:
            raise SealBroken("changed" if text.count(".") == 2 else "not-a-jws") from reason
        if found.headers().get("typ") != typ or not isinstance(payload, dict):
            raise SealBroken("not-a-jws")
        return payload
