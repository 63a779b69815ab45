"""The gateway as its environment wants it: few requests a second, TLS, and a variable that is missing."""

import datetime
import ipaddress
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hengshui.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.fixture(scope="module")
def guarded(
    echoes: dict[str, list[Any]], new_gateway: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, ssl.SSLContext]]:
    """A gateway with a certificate that lets three requests through at once and one more a second."""
    cert, key = certificate(tmp_path_factory.mktemp("tls"))
    environment = {"RATE_AVERAGE": "1", "RATE_BURST": "3", "TLS_CERT_FILE": str(cert), "TLS_KEY_FILE": str(key)}
    with new_gateway(echoes, environment, scheme="https") as made:
        yield made, ssl.create_default_context(cafile=cert)


class TestRate:
    def test_refusal_is_a_problem_that_says_when(self, guarded: tuple[Any, ssl.SSLContext]) -> None:
        gateway, trust = guarded
        with httpx.Client(base_url=gateway.web, verify=trust) as client:
            answers = [client.get("/api/city-ops/v1/x") for _ in range(40)]
        assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert refused
        for answer in refused:
            assert answer.status_code == 429
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["type"] == "/problems/too-many-requests"
            assert answer.json()["title"] == "请求过于频繁"

    def test_services_are_not_asked_about_refusals(self, guarded: tuple[Any, ssl.SSLContext], echoes: Any) -> None:
        gateway, trust = guarded
        for echo in (echo for many in echoes.values() for echo in many):
            getattr(echo, "seen", []).clear()
        with httpx.Client(base_url=gateway.web, verify=trust) as client:
            passed = [client.get("/api/data-hub/v1/x").status_code for _ in range(40)].count(200)
        assert sum(len(getattr(echo, "seen", [])) for many in echoes.values() for echo in many) == passed < 40

    def test_mesh_knows_no_rate(self, guarded: tuple[Any, ssl.SSLContext]) -> None:
        gateway, _ = guarded
        with httpx.Client(base_url=gateway.mesh) as client:
            assert [client.get("/internal/city-ops/v1/x").status_code for _ in range(20)] == [200] * 20


class TestTls:
    def test_browsers_are_told_to_stay(self, guarded: tuple[Any, ssl.SSLContext]) -> None:
        gateway, trust = guarded
        answer = httpx.get(f"{gateway.web}/api/gov-collab/v1/x", verify=trust)
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.json()["headers"]["x-forwarded-proto"] == "https"

    def test_every_router_is_enabled(self, guarded: tuple[Any, ssl.SSLContext]) -> None:
        gateway, _ = guarded
        assert {router["name"] for router in gateway.state("routers") if router["status"] != "enabled"} == set()

    def test_old_versions_are_refused(self, guarded: tuple[Any, ssl.SSLContext]) -> None:
        gateway, _ = guarded
        hello = bytes.fromhex("160301002f0100002b0301" + "11" * 32 + "000004c013c0140100000000")
        with socket.create_connection(("127.0.0.1", gateway.ports["web"]), timeout=5) as door:
            door.sendall(hello)
            assert door.recv(16)[:1] in {b"\x15", b""}  # an alert, or a shut door

    def test_plain_http_gets_nothing(self, guarded: tuple[Any, ssl.SSLContext], echoes: dict[str, list[Any]]) -> None:
        gateway, _ = guarded
        assert httpx.get(gateway.web.replace("https", "http") + "/api/gov-collab/v1/x").status_code == 404


class TestMissingVariable:
    def test_no_router_and_the_reason_in_the_log(
        self, echoes: dict[str, list[Any]], new_gateway: Callable[..., Any]
    ) -> None:
        with new_gateway({name: many for name, many in echoes.items() if name != "city-ops"}, {}) as made:
            assert httpx.get(f"{made.web}/").status_code == 404
            errors = [line for line in map(json.loads, made.log.splitlines()) if line["level"] == "error"]
            assert "CITY_OPS_URLS is not set" in json.dumps(errors)
