"""What the gateway promises (gateway/README.md), asked of the real binary."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from citykit.refusal_pages import STYLE_SOURCE

SERVICES = ("data-hub", "gov-collab", "city-ops", "enterprise", "citizen-pass")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert said["status"] == status
    return said


class TestBoot:
    def test_every_router_is_enabled(self, gateway: Any) -> None:
        routers = {router["name"]: router for router in gateway.state("routers")}
        assert {name: router["status"] for name, router in routers.items() if router["status"] != "enabled"} == {}
        for service in SERVICES:
            assert {f"{service}-{kind}@file" for kind in ("public", "public-write", "docs", "mesh")} <= routers.keys()

    def test_every_service_names_its_servers(self, gateway: Any, echoes: dict[str, list[Any]]) -> None:
        for service in SERVICES:
            states = gateway.server_states(service)
            assert sorted(states) == sorted(replica.url for replica in echoes[service])
            assert set(states.values()) <= {"UP", "DOWN"}

    def test_every_middleware_works(self, gateway: Any) -> None:
        assert {made["status"] for made in gateway.state("middlewares")} == {"enabled"}

    def test_nothing_went_wrong(self, gateway: Any) -> None:
        lines = [json.loads(line) for line in gateway.boot_log.splitlines()]
        assert [line for line in lines if line["level"] in {"error", "fatal", "panic"}] == []

    def test_own_state_is_not_on_the_other_doors(self, web: httpx.Client, mesh: httpx.Client) -> None:
        for path in ("/ping", "/metrics", "/healthz", "/readyz", "/api/http/routers", "/api/rawdata", "/dashboard/"):
            problem(web.get(path), 404)
            problem(mesh.get(path), 404)


class TestRoutes:
    @pytest.mark.parametrize("service", SERVICES)
    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
    def test_public_path_reaches_its_service(self, web: httpx.Client, service: str, method: str) -> None:
        if service == "enterprise" and method in {"POST", "PATCH"}:
            pytest.skip("its second replica breaks off what may not be repeated")
        answer = web.request(method, f"/api/{service}/v1/things")
        assert answer.json()["service"] == service
        assert answer.json()["path"] == f"/api/{service}/v1/things"

    @pytest.mark.parametrize("path", ["oidc/token", "docs", "openapi.json"])
    def test_public_path_is_more_than_v1(self, web: httpx.Client, path: str) -> None:
        assert web.get(f"/api/citizen-pass/{path}").json()["path"] == f"/api/citizen-pass/{path}"

    @pytest.mark.parametrize("path", ["/", "/home/home.css"])
    def test_home_comes_from_any_service(self, web: httpx.Client, path: str) -> None:
        seen: set[str] = set()
        for _ in range(300):  # a busy machine may miss a health check now and then
            seen.add(web.get(path).json().get("service", ""))
            if seen >= set(SERVICES):
                break
        assert seen >= set(SERVICES)

    @pytest.mark.parametrize("service", SERVICES)
    def test_mesh_reaches_internal_paths(self, mesh: httpx.Client, service: str) -> None:
        assert mesh.get(f"/internal/{service}/v1/usage").json()["service"] == service
        assert mesh.get(f"/api/{service}/v1/things").json()["service"] == service

    @pytest.mark.parametrize("path", ["/nowhere", "/api/", "/api/unknown/v1/x", "/api/data-hub", "/api/data-hubs/v1/x"])
    def test_no_such_path(self, web: httpx.Client, path: str) -> None:
        assert problem(web.get(path), 404) == {
            "type": "/problems/not-found", "title": "未找到", "status": 404, "instance": path,
        }  # fmt: skip

    def test_refusal_in_the_readers_language(self, web: httpx.Client) -> None:
        answer = web.get("/nowhere", headers={"Accept-Language": "zh;q=0.5, en-GB;q=0.9"})
        assert problem(answer, 404)["title"] == "Not found"
        assert answer.headers["content-language"] == "en"


class TestHeaders:
    @pytest.mark.parametrize("door", ["web", "mesh"])
    def test_claims_of_identity_are_removed(self, gateway: Any, door: str) -> None:
        claims = dict.fromkeys(("X-Auth-Subject", "X-Auth-Scope", "X-Remote-User", "X-User-Id", "Forwarded"), "mayor")
        headers = httpx.get(f"{getattr(gateway, door)}/api/data-hub/v1/x", headers=claims).json()["headers"]
        assert not headers.keys() & {name.lower() for name in claims}

    def test_address_of_the_client_cannot_be_claimed(self, web: httpx.Client) -> None:
        claims = {"X-Forwarded-For": "10.9.8.7", "X-Real-Ip": "10.9.8.7"}
        assert "10.9.8.7" not in web.get("/api/data-hub/v1/x", headers=claims).text

    @pytest.mark.parametrize("name", ["X_Auth_Subject", "X.Auth.Subject", "Author_ization"])
    def test_alias_of_a_header_is_refused(self, web: httpx.Client, name: str) -> None:
        assert web.get("/api/data-hub/v1/x", headers={name: "mayor"}).status_code == 400

    def test_token_trace_and_idempotency_key_pass(self, web: httpx.Client) -> None:
        sent = {"Authorization": "Bearer a.b.c", "traceparent": TRACE, "tracestate": "city=1", "Idempotency-Key": "k"}
        headers = web.get("/api/data-hub/v1/x", headers=sent).json()["headers"]
        assert {name.lower(): value for name, value in sent.items()}.items() <= headers.items()

    @pytest.mark.parametrize("path", ["/", "/api/data-hub/v1/x", "/api/citizen-pass/oidc/x", "/nowhere"])
    def test_security_headers(self, web: httpx.Client, path: str) -> None:
        headers = web.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert "server" not in headers
        assert "strict-transport-security" not in headers

    def test_content_policies(self, web: httpx.Client) -> None:
        policies = {
            path: web.get(path).headers.get("content-security-policy", "")
            for path in ("/", "/api/data-hub/docs", "/api/data-hub/v1/x", "/api/citizen-pass/oidc/authorize")
        }
        for path in ("/", "/api/data-hub/docs"):
            assert "default-src 'none'" in policies[path]
            assert "script-src 'self';" in policies[path]
        assert "script-src" not in policies["/api/data-hub/v1/x"]
        assert f"style-src {STYLE_SOURCE};" in policies["/api/data-hub/v1/x"], "a refusal that a person reads"
        assert policies["/api/citizen-pass/oidc/authorize"] == ""

    def test_pages_of_apps_and_of_opened_data_bring_their_own_policy(self, web: httpx.Client) -> None:
        pages = ("apps/", "catalogue/", "catalogue/203001-000001", "verification", "verification/-/verification.css")
        for path in pages:
            assert "content-security-policy" not in web.get(f"/api/data-hub/{path}").headers

    def test_form_of_the_check_of_licences_is_answered_by_a_page(self, web: httpx.Client) -> None:
        answer = web.post("/api/data-hub/verification", data={"text": "x"})
        assert answer.json()["path"] == "/api/data-hub/verification"
        assert "content-security-policy" not in answer.headers
        assert "default-src 'none'" in web.post("/api/data-hub/verifications").headers["content-security-policy"]

    def test_pages_of_maps_bring_their_own_policy(self, web: httpx.Client) -> None:
        for path in ("/api/data-hub/ogc", "/api/data-hub/ogc/collections/divisions/items"):
            answer = web.get(path, headers={"Origin": "null"})
            assert "content-security-policy" not in answer.headers
            assert answer.headers["access-control-allow-origin"] == "*"

    @pytest.mark.parametrize(
        "path",
        [
            "ogc/collections/divisions/items", "ckan/api/3/action/package_search", "sdmx/2.1/data/GDP",
            "v1/catalogue.jsonld", "v1/catalogue/resources", "v1/divisions", "v1/geography/geocodings",
        ],
    )  # fmt: skip
    def test_opened_data_is_read_from_pages_of_any_site(self, web: httpx.Client, path: str) -> None:
        there = {"Origin": "https://anybody.example"}
        assert web.get(f"/api/data-hub/{path}", headers=there).headers["access-control-allow-origin"] == "*"
        asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
        answer = web.options(f"/api/data-hub/{path}", headers=there | asked)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
        assert "access-control-allow-credentials" not in answer.headers
        assert "POST" not in answer.headers["access-control-allow-methods"]

    @pytest.mark.parametrize("path", ["v1/resources", "v1/population/persons", "v1/geography/layers", "v1/ckan/"])
    def test_what_is_not_opened_is_not(self, web: httpx.Client, path: str) -> None:
        answer = web.get(f"/api/data-hub/{path}", headers={"Origin": "https://anybody.example"})
        assert "access-control-allow-origin" not in answer.headers

    def test_other_site_that_may_call(self, web: httpx.Client) -> None:
        asked = {"Origin": "https://portal.example", "Access-Control-Request-Method": "POST"}
        answer = web.options("/api/data-hub/v1/x", headers=asked | {"Access-Control-Request-Headers": "authorization"})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://portal.example"
        assert "Authorization" in answer.headers["access-control-allow-headers"]

    def test_other_site_that_may_not(self, web: httpx.Client) -> None:
        answer = web.get("/api/data-hub/v1/x", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers

    @pytest.mark.parametrize("path", ["oidc/token", "oidc/userinfo", "oidc/revoke", "pages/account", "v1/accounts/me"])
    def test_page_without_an_origin_reads_nothing_of_citizen_pass(self, web: httpx.Client, path: str) -> None:
        """Micro-apps get their tokens from the frame of the city's own, which has an origin."""
        for method in ("GET", "POST", "OPTIONS"):
            asked = {"Origin": "null", "Access-Control-Request-Method": "POST"}
            answer = web.request(method, f"/api/citizen-pass/{path}", headers=asked)
            assert answer.headers.get("access-control-allow-origin") != "null"

    def test_answers_are_compressed(self, web: httpx.Client) -> None:
        asked = {"Accept-Encoding": "gzip"}
        assert web.get("/api/data-hub/v1/big", headers=asked).headers.get("content-encoding") == "gzip"
        assert "content-encoding" not in web.get("/api/citizen-pass/v1/big", headers=asked).headers


class TestLimits:
    def test_body_at_the_limit(self, web: httpx.Client) -> None:
        assert web.post("/api/data-hub/v1/x", content=b"x" * 100_000).json()["length"] == 100_000

    def test_body_over_the_limit(self, web: httpx.Client) -> None:
        assert problem(web.post("/api/data-hub/v1/x", content=b"x" * 100_001), 413)["title"] == "内容过大"

    def test_body_without_a_length(self, web: httpx.Client) -> None:
        problem(web.post("/api/data-hub/v1/x", content=(b"x" * 1000 for _ in range(200))), 413)

    def test_too_many_at_once(self, web: httpx.Client) -> None:
        def ask(_: int) -> httpx.Response:
            return web.get("/api/gov-collab/v1/slow?seconds=2")

        with ThreadPoolExecutor(14) as pool:
            answers = list(pool.map(ask, range(14)))
        refused = [answer for answer in answers if answer.status_code != 200]
        assert 1 <= len(refused) <= 6
        for answer in refused:
            problem(answer, 429)

    def test_service_that_takes_too_long(self, web: httpx.Client) -> None:
        assert problem(web.get("/api/data-hub/v1/slow?seconds=7"), 504)["title"] == "服务响应超时"

    def test_refusal_of_a_service_stays_as_it_is(self, web: httpx.Client) -> None:
        answer = web.get("/api/data-hub/v1/refuse")
        assert problem(answer, 429)["title"] == "from the service"
        assert answer.headers["retry-after"] == "77"

    def test_stream_is_not_held_back(self, web: httpx.Client) -> None:
        arrived = []
        with web.stream("GET", "/api/data-hub/v1/stream", headers={"Accept": "text/event-stream"}) as answer:
            for _ in answer.iter_raw():
                arrived.append(time.monotonic())
        assert len(arrived) >= 3
        assert arrived[-1] - arrived[0] > 0.4


class TestAccessLog:
    def test_neither_token_nor_query_nor_address(self, gateway: Any, web: httpx.Client) -> None:
        before = len(gateway.log)
        headers = {"Authorization": "Bearer SECRET-TOKEN", "Cookie": "session=SECRET-COOKIE", "traceparent": TRACE}
        headers |= {"User-Agent": "SECRET-AGENT", "Referer": "https://x.example/?code=SECRET-CODE"}
        web.get("/api/data-hub/v1/logged?id_number=SECRET-NUMBER&access_token=SECRET", headers=headers)
        web.get("/nowhere?code=SECRET-CODE", headers=headers)
        web.get("/api/data-hub/v1/logged", auth=("SECRET-USER", "SECRET-PASSWORD"))
        assert wait(lambda: gateway.log[before:].count("\n") >= 3)
        written = gateway.log[before:]
        lines = [json.loads(line) for line in written.splitlines()]
        logged = "/api/data-hub/v1/logged"
        assert [line["RequestPath"] for line in lines] == [logged, "/nowhere", logged]
        assert [line["DownstreamStatus"] for line in lines] == [200, 404, 200]
        assert lines[0]["request_Traceparent"] == TRACE
        assert "SECRET" not in written
        assert "id_number" not in written
        assert not any(name.startswith("Client") for line in lines for name in line)


class TestDeadReplicas:
    def test_request_to_a_broken_replica_is_repeated(self, gateway: Any, echoes: dict[str, list[Any]]) -> None:
        slammer = echoes["enterprise"][1]
        slammer.slammed.clear()
        for door in (gateway.web, gateway.mesh):
            assert [httpx.get(f"{door}/api/enterprise/v1/x").status_code for _ in range(6)] == [200] * 6
        assert slammer.slammed

    def test_act_is_never_repeated_after_it_left(self, gateway: Any, echoes: dict[str, list[Any]]) -> None:
        whole, slammer = echoes["enterprise"]
        whole.seen.clear()
        slammer.slammed.clear()
        answers = [httpx.post(f"{gateway.web}/api/enterprise/v1/act", json={}) for _ in range(6)]
        broken = [answer for answer in answers if answer.status_code != 200]
        assert len(broken) == len(slammer.slammed) == 6 - len(whole.seen) > 0
        for answer in broken:
            problem(answer, 502)

    def test_dead_replica_is_taken_out_and_comes_back(self, gateway: Any, echoes: dict[str, list[Any]]) -> None:
        living, dying = echoes["city-ops"]
        dying.stop()
        # At once, before any probe: whoever meets the dead one is sent to the living one, acts too.
        for _ in range(6):
            assert httpx.get(f"{gateway.web}/api/city-ops/v1/x").json()["port"] == living.port
            assert httpx.post(f"{gateway.mesh}/internal/city-ops/v1/events", json={}).json()["port"] == living.port
        assert wait(lambda: gateway.server_states("city-ops")[dying.url] == "DOWN")
        dying.start()
        assert wait(lambda: gateway.server_states("city-ops")[dying.url] == "UP")
        asked = {httpx.get(f"{gateway.web}/api/city-ops/v1/x").json()["port"] for _ in range(6)}
        assert asked == {living.port, dying.port}

    def test_replica_that_is_not_ready_gets_nothing(self, gateway: Any, echoes: dict[str, list[Any]]) -> None:
        living, waiting = echoes["city-ops"]
        waiting.ready = False
        assert wait(lambda: gateway.server_states("city-ops")[waiting.url] == "DOWN")
        assert {httpx.get(f"{gateway.web}/api/city-ops/v1/x").json()["port"] for _ in range(6)} == {living.port}
        waiting.ready = True
        assert wait(lambda: gateway.server_states("city-ops")[waiting.url] == "UP")

    def test_service_without_any_replica(self, gateway: Any, echoes: dict[str, list[Any]]) -> None:
        only = echoes["gov-collab"][0]
        only.ready = False
        assert wait(lambda: set(gateway.server_states("gov-collab").values()) == {"DOWN"})
        answer = httpx.get(f"{gateway.web}/api/gov-collab/v1/x")
        assert problem(answer, 503)["title"] == "服务暂时不可用，请稍后再试"
        assert [httpx.get(f"{gateway.web}/").status_code for _ in range(6)] == [200] * 6
        only.ready = True
        assert wait(lambda: set(gateway.server_states("gov-collab").values()) == {"UP"})


def wait(wanted: Any) -> bool:
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        if wanted():
            return True
        time.sleep(0.1)
    return False
