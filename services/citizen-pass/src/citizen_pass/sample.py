"""This service's part of the sample city: the personas' accounts and the sample clients. Never in production.

Loading twice changes nothing but the secrets, which follow their files.
"""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from citizen_pass.identity.domain import EVERY_SCOPE, ClientAuth, ClientKind
from citizen_pass.identity.passwords import passwords
from citizen_pass.identity.registry import Clients, client_row
from citizen_pass.identity.repository import open_account
from citizen_pass.identity.schemas import ClientDraft
from citizen_pass.identity.service import Accounts
from citykit.work import Work

LOOPBACK = ["http://127.0.0.1/callback", "http://[::1]/callback", "http://127.0.0.1/", "http://127.0.0.1"]
CODE = ["authorization_code", "refresh_token"]
OWNER = "衡水市数据和政务服务局 Hengshui Data and Government Services Bureau"
BENCH_SCOPES = [
    "data-hub.registries.read",
    "data-hub.population.read",
    "city-ops.cases.report",
    "city-ops.cases.read",
    "gov-collab.organisations.read",
]


def drafts(public_url: str) -> list[ClientDraft]:
    """The sample clients: two of the city's own for persons, two programs that act for themselves."""
    portal = public_url.rstrip("/")
    person = {"kind": ClientKind.public, "auth": ClientAuth.none, "grant_types": CODE, "scopes": [EVERY_SCOPE]}
    program = {"kind": ClientKind.confidential, "auth": ClientAuth.secret, "grant_types": ["client_credentials"]}
    listed: list[dict[str, Any]] = [
        person | {
            "client_id": "city-portal", "name_zh": "衡水市民门户", "name_en": "Hengshui portal", "first_party": True,
            "redirect_uris": [f"{portal}/callback", *LOOPBACK], "post_logout_redirect_uris": [f"{portal}/", *LOOPBACK],
        },
        person | {
            "client_id": "city-cli", "name_zh": "智慧衡水命令行", "name_en": "Smart Hengshui command line",
            "first_party": True, "redirect_uris": LOOPBACK, "post_logout_redirect_uris": LOOPBACK,
        },
        program | {
            "client_id": "air-station-gateway", "name_zh": "空气站数据网关", "name_en": "Air station gateway",
            "scopes": ["city-ops.environment.report"],
        },
        program | {"client_id": "bench", "name_zh": "性能测试", "name_en": "Benchmark", "scopes": BENCH_SCOPES},
    ]  # fmt: skip
    return [ClientDraft(**entry, owner=OWNER) for entry in listed]


async def load(work: Work, scale: float) -> None:
    """Load personas and clients. Raises PermissionError in production, FileNotFoundError where a secret is missing."""
    if work.settings.is_production:
        raise PermissionError("the sample city is refused in the production profile")
    await _clients(work)
    await _personas(work)


async def _clients(work: Work) -> None:
    clients = Clients(work)
    for draft in drafts(work.settings.public_url):
        secret = work.settings.secret(f"client_{draft.client_id}") if draft.auth == "client_secret" else None
        if await clients.insert(draft, secret) is None:
            row = await client_row(work, draft.client_id)
            assert row is not None
            row.redirect_uris = list(draft.redirect_uris)
            row.post_logout_redirect_uris = list(draft.post_logout_redirect_uris)
            row.scopes = list(draft.scopes)
            row.secret_hash = work.vault.index("client-secret", secret) if secret is not None else None


async def _personas(work: Work) -> None:
    accounts, hasher = Accounts(work), passwords(work.settings)
    folder: Path = work.settings.sample_dir
    password = work.settings.secret("sample_password")
    hashed = await hasher.hash(password)
    for persona in json.loads((folder / "personas.json").read_text(encoding="utf-8"))["personas"]:
        subject = UUID(persona["subject"])
        row = await open_account(work.session, subject, lock=True)
        if row is None:
            row = await accounts.insert(persona["username"], persona["name"], hashed, "zh", subject)
            if row is None:
                raise ValueError(f"the user name {persona['username']} is taken by another account")
            await accounts.adopt(row, persona)
        elif not await hasher.verify(row.password_hash, password):
            row.password_hash = hashed
