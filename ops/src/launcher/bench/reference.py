"""The bare handlers that the services are measured against: FastAPI, psycopg, the same SQL, and nothing else.

No token is checked, no question refused, no event told, no entry audited. They run in a process of their own with the
services' own uvicorn settings, behind a gateway with the same files: what differs is what the city adds.
"""

import base64
import hmac
import json
import os
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, HTTPException, Request, Response
from joserfc import jwt
from joserfc.jwk import OKPKey
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

from launcher.bench.statements import (
    CLIENT_AND_KEY,
    LIST,
    MATCH,
    PERSON,
    POINT,
    REPORT,
    SEARCH,
    match_values,
    person_values,
    search_values,
)

Pool = AsyncConnectionPool[AsyncConnection[Any]]
SETTINGS = "REFERENCE_SETTINGS"
JSON = "application/json"
NUMBERS = count(time.time_ns() % 10**12)
KEY = OKPKey.generate_key("Ed25519", {"kid": "reference"})


class Place(BaseModel):
    """Where."""

    longitude: float
    latitude: float


class Draft(BaseModel):
    """What a report brings."""

    title: str
    description: str
    location: Place
    address: str | None = None
    class_code: str | None = None


class Question(BaseModel):
    """Which entity somebody means."""

    name: str


class WhoQuestion(BaseModel):
    """Which person somebody means."""

    purpose: str
    name: str
    birth_date: date


class Summary(BaseModel):
    """What a report is answered with."""

    id: uuid.UUID
    number: str
    state: str
    stage: str
    outcome: str | None
    source_kind: str
    source_number: str | None
    title: str
    class_code: str | None
    standard: int | None
    division_code: str | None
    department_code: str | None
    department_name: str | None
    reported_at: datetime
    stage_started_at: datetime
    due_at: datetime | None
    closed_at: datetime | None


def _pool(conninfo: str, size: int) -> Pool:
    options = {"autocommit": True, "prepare_threshold": 1}
    return AsyncConnectionPool(conninfo, min_size=1, max_size=size, open=False, kwargs=options)


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    told = json.loads(os.environ[SETTINGS])
    app.state.told = told
    app.state.proof = hmac.digest(told["key"].encode(), told["secret"].encode(), "sha256")
    async with (
        _pool(told["registry"], told["pool_size"]) as app.state.registry,
        _pool(told["cases"], told["pool_size"]) as app.state.cases,
        _pool(told["clients"], told["pool_size"]) as app.state.clients,
    ):
        yield


app = FastAPI(lifespan=_life, openapi_url=None)


@app.get("/readyz")
async def ready() -> dict[str, str]:
    """Say that the process lives, for the gateway's health check."""
    return {"status": "ok"}


@app.get("/api/data-hub/v1/legal-entities/{uscc}")
async def read_entity(uscc: str) -> Response:
    """One entity."""
    async with app.state.registry.connection() as connection:
        row = await (await connection.execute(POINT, (uscc,))).fetchone()
    if row is None:
        raise HTTPException(404)
    return Response(row[0], media_type=JSON)


@app.get("/api/data-hub/v1/legal-entities")
async def list_entities(limit: int = 20, after: str | None = None) -> Response:
    """A page of entities."""
    where, values = "true", []
    if after is not None:
        where += " and uscc > %s"
        values = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    async with app.state.registry.connection() as connection:
        row = await (await connection.execute(LIST.format(where=where), [*values, limit])).fetchone()
    items, last = row
    following = "null"
    if last is not None:
        following = '"' + base64.urlsafe_b64encode(json.dumps([last]).encode()).decode().rstrip("=") + '"'
    return Response(f'{{"items":{items},"next":{following}}}', media_type=JSON)


@app.post("/api/data-hub/v1/legal-entities/matches")
async def match_entities(question: Question) -> dict[str, Any]:
    """The candidates as the statement finds them: not weighed, not ranked."""
    async with app.state.registry.connection() as connection:
        rows = await (await connection.execute(MATCH, match_values(question.name))).fetchall()
    return {"items": rows, "cut": False}


@app.post("/api/data-hub/v1/population/matches")
async def match_persons(question: WhoQuestion) -> dict[str, Any]:
    """The candidates as the statement finds them: not weighed, not masked, and no reading noted."""
    async with app.state.registry.connection() as connection:
        values = person_values(question.name, question.birth_date)
        rows = await (await connection.execute(PERSON.encode(), values)).fetchall()
    return {"items": [[str(value) for value in row] for row in rows], "cut": False}


@app.get("/api/data-hub/v1/catalogue/resources")
async def search_opened(q: str) -> dict[str, Any]:
    """The opened resources in which a word occurs, as the statement finds them."""
    async with app.state.registry.connection() as connection:
        rows = await (await connection.execute(SEARCH, search_values(q))).fetchall()
    return {"items": rows, "next": None}


@app.post("/api/citizen-pass/oidc/token")
async def issue_token(request: Request) -> dict[str, Any]:
    """A token for a client that shows its secret."""
    form = dict(parse_qsl((await request.body()).decode()))
    name, _, secret = base64.b64decode(request.headers["authorization"].split()[1]).decode().partition(":")
    async with app.state.clients.connection() as connection:
        row = await (await connection.execute(CLIENT_AND_KEY, (name,))).fetchone()
    proof = hmac.digest(app.state.told["key"].encode(), secret.encode(), "sha256")
    if row is None or form["grant_type"] != "client_credentials" or not hmac.compare_digest(proof, app.state.proof):
        raise HTTPException(401)
    scope, now = " ".join(row[1]), int(time.time())
    claims = {
        "iss": app.state.told["issuer"], "sub": name, "client_id": name, "kind": "client", "scope": scope,
        "aud": sorted({part.split(".")[0] for part in row[1]}), "iat": now, "exp": now + 900, "jti": str(uuid.uuid4()),
    }  # fmt: skip
    token = jwt.encode({"alg": "Ed25519", "typ": "at+jwt", "kid": row[2]}, claims, KEY, algorithms=["Ed25519"])
    return {"access_token": token, "token_type": "Bearer", "expires_in": 900, "scope": scope}


@app.post("/api/city-ops/v1/cases", status_code=201)
async def report_case(draft: Draft) -> Summary:
    """A case and its first step."""
    values = report_values(draft.model_dump() | draft.location.model_dump())
    async with app.state.cases.connection() as connection:
        row = await (await connection.execute(REPORT, values)).fetchone()
    return Summary(
        id=values["id"], number=row[0], state="reported", stage="accept", outcome=None, source_kind="patrol",
        source_number=None, title=draft.title, class_code=draft.class_code, standard=None, division_code=None,
        department_code=None, department_name=None, reported_at=values["now"], stage_started_at=values["now"],
        due_at=values["due_at"], closed_at=None,
    )  # fmt: skip


def report_values(given: dict[str, Any]) -> dict[str, Any]:
    """What the statement of a report wants; what a bare report does not have is null."""
    now = datetime.now(UTC)
    values: dict[str, Any] = defaultdict(lambda: None, given)
    values |= {
        "id": uuid.uuid4(), "step": uuid.uuid4(), "now": now, "due_at": now + timedelta(hours=2), "source_round": 1,
        "number": f"CG{now:%Y%m%d}{next(NUMBERS):07d}", "source_kind": "patrol", "reported_by": "client:bench",
    }  # fmt: skip
    return values
