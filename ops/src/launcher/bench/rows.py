"""What is measured: the rows, each with its requests and with what a right answer looks like."""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

import httpx

from launcher.bench.statements import invented_persons, match_values, person_values, search_values
from launcher.city import City
from launcher.refusals import Refusal

PERSONS, PURPOSE = "/api/data-hub/v1/population/matches", "household-registration"
ENTITIES = "/api/data-hub/v1/legal-entities"
CATALOGUE = "/api/data-hub/v1/catalogue/resources"
WORDS = ("空气", "质量", "监测", "企业", "12345", "区划", "公园")
TOKEN = "/api/citizen-pass/oidc/token"  # noqa: S105 - a path
CASES = "/api/city-ops/v1/cases"
CLIENT = "bench"
SAMPLES = 200
Requests = list[tuple[bytes, bytes | None]]
PAGE = 20
DRAFT = {
    "title": "性能样例 Bench sample",
    "description": "性能测试的样例案件,无需处理 A sample case of the speed measurement, nothing to do",
    "location": {"longitude": 115.6702, "latitude": 37.7389},
    "address": "人民路 Renmin Road",
}


@dataclass(frozen=True)
class Row:
    """One measured thing."""

    key: str
    title: str
    service: str
    aim: float
    status: int
    members: tuple[str, ...] | None
    # Each request with the answer that it must get, byte for byte, where it is always the same.
    requests: Requests
    values: list[Any] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        """Whether it leaves rows behind."""
        return self.key == "write"


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the connection."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def token_request(city: City) -> bytes:
    """The request by which the client `bench` gets its token."""
    proof = b64encode(f"{CLIENT}:{city.secret('citizen-pass', 'client_bench')}".encode()).decode()
    headers = {"Authorization": f"Basic {proof}", "Content-Type": "application/x-www-form-urlencoded"}
    return request("POST", TOKEN, headers, b"grant_type=client_credentials")


def access_token(city: City) -> str | None:
    """An access token of the client `bench`; None where the city does not know it yet."""
    secret = city.secret("citizen-pass", "client_bench")
    form = {"grant_type": "client_credentials"}
    answer = httpx.post(f"{city.public_url}{TOKEN}", data=form, auth=(CLIENT, secret), trust_env=False, timeout=30)
    return str(answer.json()["access_token"]) if answer.is_success else None


def holds_enough(city: City, token: str) -> bool:
    """Whether the registries hold enough to read, and the client may read both."""
    bearer = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=city.public_url, headers=bearer, trust_env=False, timeout=30) as client:
        entities = json.loads(_body(client, f"{ENTITIES}?limit={SAMPLES}"))["next"] is not None
        last = client.post(PERSONS, json=_who(*invented_persons(SAMPLES)[-1]))
        return entities and last.is_success and last.json()["items"] != []


def make(city: City, token: str) -> list[Row]:
    """The rows against this city. Raises Refusal where its registry holds too little to read."""
    bearer = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=city.public_url, headers=bearer, trust_env=False, timeout=30) as client:
        codes, names, lists = _pages(client, bearer)
        paths = [f"{ENTITIES}/{code}" for code in codes]
        points: Requests = [(request("GET", path, bearer), _body(client, path)) for path in paths]
    starts = [[code, PAGE] for code in codes]
    wrong = [_misspelt(name) for name in names]
    told = bearer | {"Content-Type": "application/json"}
    asked: Requests = [
        (request("POST", f"{ENTITIES}/matches", told, json.dumps({"name": name}).encode()), None) for name in wrong
    ]
    who = invented_persons(SAMPLES)
    persons: Requests = [(request("POST", PERSONS, told, json.dumps(_who(*one)).encode()), None) for one in who]
    report = request("POST", CASES, told, json.dumps(DRAFT).encode())
    case_members = ("id", "number", "state", "stage", "title", "reported_at", "due_at")
    token_members = ("access_token", "token_type", "expires_in", "scope")
    return [
        Row("point", "法人点查 Registry point read", "data-hub", 0.85, 200, None, points, [[code] for code in codes]),
        Row("list", "法人列表 Keyset page of 20", "data-hub", 0.85, 200, None, lists, starts),
        Row(
            "match", "法人模糊比对 Fuzzy match", "data-hub", 0.4, 200, ("items", "cut"), asked,
            [match_values(name) for name in wrong],
        ),
        Row(
            "person", "人口模糊比对 Person match", "data-hub", 0.25, 200, ("items", "cut"), persons,
            [person_values(*one) for one in who],
        ),
        Row(
            "search", "目录检索 Catalogue search", "data-hub", 0.4, 200, ("items", "next"),
            [(request("GET", f"{CATALOGUE}?{urlencode({'q': word, 'limit': PAGE})}", {}), None) for word in WORDS],
            [search_values(word) for word in WORDS],
        ),
        Row("token", "发放令牌 Token issue", "citizen-pass", 0.85, 200, token_members, [(token_request(city), None)]),
        Row("write", "上报案件 Case report", "city-ops", 0.5, 201, case_members, [(report, None)]),
    ]  # fmt: skip


def _who(name: str, born: date) -> dict[str, str]:
    """The question for a person."""
    return {"purpose": PURPOSE, "name": name, "birth_date": born.isoformat()}


def _misspelt(name: str) -> str:
    """A firm's name with one wrong character in its distinctive part."""
    return name[:5] + "鑫" + name[6:]


def _pages(client: httpx.Client, bearer: dict[str, str]) -> tuple[list[str], list[str], Requests]:
    """Codes and names of entities, and requests of pages with their answers, by following the pages."""
    codes: list[str] = []
    names: list[str] = []
    lists: Requests = []
    path = f"{ENTITIES}?limit={PAGE}"
    while len(codes) < SAMPLES:
        body = _body(client, path)
        page = json.loads(body)
        codes += [entity["uscc"] for entity in page["items"]]
        names += [entity["name"] for entity in page["items"]]
        lists.append((request("GET", path, bearer), body))
        if page["next"] is None:
            break
        path = f"{ENTITIES}?limit={PAGE}&after={page['next']}"
    if len(codes) < SAMPLES:
        raise Refusal(
            "登记簿内容过少", f"The registry holds only {len(codes)} legal entities: ./city seed --scale 0.001"
        )
    return codes[:SAMPLES], names[:SAMPLES], lists


def _body(client: httpx.Client, path: str) -> bytes:
    answer = client.get(path)
    if answer.status_code != 200:
        raise Refusal("城市的应答不对", f"{path} answered {answer.status_code}: {answer.text[:200]}")
    return answer.content
