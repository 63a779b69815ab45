"""The data hub by itself, on a database of its own, asked in this process: no city that runs is touched."""

import base64
import json
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import psycopg
from joserfc import jwt
from joserfc.jwk import OKPKey

from launcher.postgres import SUPERUSER, Cluster, serving, socket_folder
from launcher.provision import give_roles, make_database, service_url

HUB = "data-hub"


def _remembered(file: Path, make: Callable[[], str]) -> str:
    """What the file says, and what `make` says first: a kept database needs its password and its key again."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(make())
    return file.read_text()


@contextmanager
def folder(kept: Path | None = None) -> Iterator[Path]:
    """The folder of a database: one that is kept for the next run, or one that goes with this run."""
    made = kept or Path(tempfile.mkdtemp(prefix="city-bench-"))
    made.mkdir(parents=True, exist_ok=True)
    made.chmod(0o711)
    (made / "secrets").mkdir(mode=0o700, exist_ok=True)
    try:
        yield made.absolute()
    finally:
        if kept is None:
            shutil.rmtree(made, ignore_errors=True)


@contextmanager
def database(place: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """A cluster with the city's settings in a folder, or with some of its own; the address of the data hub's role."""
    password = _remembered(place / "secrets" / "password", lambda: secrets.token_hex(16))
    cluster = Cluster(place / "data", socket_folder(place / "s"), dict(settings or {}))
    is_new = not (place / "data").exists()
    if is_new:
        cluster.initialise(password)
    with serving(cluster, password, place / "postgres.log"):
        if is_new:
            make_database(cluster.conninfo(SUPERUSER, password, "postgres"), "bench")
            give_roles(cluster.conninfo(SUPERUSER, password, "bench"), {HUB: password})
        with psycopg.connect(cluster.conninfo(SUPERUSER, password, "bench"), autocommit=True) as connection:
            connection.execute("create extension if not exists pg_prewarm schema public")
        yield service_url(cluster.conninfo("data_hub", password, "bench"))


class Hub:
    """The service with secrets of its own; its tokens are signed here."""

    def __init__(self, address: str, place: Path) -> None:
        self._key = OKPKey.generate_key("Ed25519", {"kid": "bench", "use": "sig"})
        self.service = import_module("data_hub.main").service
        files = place / "secrets"
        _remembered(files / "identifier_key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        own = OKPKey.generate_key("Ed25519", {"kid": HUB, "use": "sig"})
        (files / "mesh_key.json").write_text(json.dumps(own.as_dict(private=True)))
        (files / "mesh_keys.json").write_text(json.dumps({"keys": [own.as_dict(private=False)]}))
        tokens = {"token_issuer": "http://bench/issuer", "token_keys_url": "http://bench/keys"}
        self.settings = self.service.settings(
            **tokens, database_url=address, profile="demo", secrets_dir=files, log_level="ERROR"
        )

    def migrate(self) -> None:
        """Make the tables."""
        import_module("citykit.migrate").upgrade(self.service, self.settings)

    def headers(self, **claims: Any) -> dict[str, str]:
        """The headers of somebody who may what the claims say."""
        now = int(time.time())
        told = {
            "iss": self.settings.token_issuer, "sub": "bench", "aud": [HUB], "iat": now, "exp": now + 3000,
            "jti": secrets.token_hex(8), "kind": "client", "client_id": "bench", "acr": "l0",
        } | claims  # fmt: skip
        header = {"alg": "Ed25519", "typ": "at+jwt", "kid": "bench"}
        return {"Authorization": f"Bearer {jwt.encode(header, told, self._key, algorithms=['Ed25519'])}"}

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
        """A client that asks the whole application, and the application's queue of jobs, open."""
        keys = {"keys": [self._key.as_dict(private=False)]}
        neighbours = httpx.MockTransport(lambda _: httpx.Response(200, json=keys))
        app = self.service.app(self.settings, transport=neighbours)
        async with app.router.lifespan_context(app), app.state.city.queue.open_async():
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=600) as client:
                yield client, app.state.city.queue
