"""`/internal/` cannot be reached from outside, however the path is written.

Raw sockets: a client library would tidy the path up before the gateway sees it.
"""

import posixpath
import socket
from typing import Any
from urllib.parse import unquote

import pytest

PATHS = [
    "/internal/data-hub/v1/usage",
    "/Internal/data-hub/v1/usage",
    "/INTERNAL/data-hub/v1/usage",
    "//internal/data-hub/v1/usage",
    "///internal///data-hub//v1/usage",
    "/./internal/data-hub/v1/usage",
    "/internal;/data-hub/v1/usage",
    "/internal;a=b/data-hub/v1/usage",
    "/;/internal/data-hub/v1/usage",
    "/internal/data-hub/v1/usage/",
    "/internal/data-hub/v1/usage/..",
    "/internal/data-hub/v1/usage?x",
    "/internal/data-hub/v1/usage#/api/data-hub/v1/x",
    "/internal%2fdata-hub/v1/usage",
    "/%2finternal/data-hub/v1/usage",
    "/%69nternal/data-hub/v1/usage",
    "/%49nternal/data-hub/v1/usage",
    "/%69%6e%74%65%72%6e%61%6c/data-hub/v1/usage",
    "/%2569nternal/data-hub/v1/usage",
    "/internal%00/data-hub/v1/usage",
    "/internal%20/data-hub/v1/usage",
    "/internal%09/data-hub/v1/usage",
    "/internal%0d%0a/data-hub/v1/usage",
    "/internal%5cdata-hub/v1/usage",
    "\\internal\\data-hub\\v1\\usage",
    "/\\internal/data-hub/v1/usage",
    "/api/../internal/data-hub/v1/usage",
    "/api/data-hub/../../internal/data-hub/v1/usage",
    "/api/data-hub/v1/../../../internal/data-hub/v1/usage",
    "/api/data-hub/v1/%2e%2e/%2e%2e/%2e%2e/internal/data-hub/v1/usage",
    "/api/data-hub/v1/.%2e/%2e./../internal/data-hub/v1/usage",
    "/api/data-hub/v1/..%2f..%2f..%2finternal/data-hub/v1/usage",
    "/api/data-hub/v1/..%252f..%252f..%252finternal/data-hub/v1/usage",
    "/api/data-hub/v1/..%5c..%5c..%5cinternal/data-hub/v1/usage",
    "/api/data-hub/v1/..\\..\\..\\internal/data-hub/v1/usage",
    "/api/data-hub/v1/..;/..;/..;/internal/data-hub/v1/usage",
    "/api/data-hub/v1/%252e%252e/%252e%252e/%252e%252e/internal/data-hub/v1/usage",
    "/api/data-hub/v1/%c0%ae%c0%ae/%c0%ae%c0%ae/%c0%ae%c0%ae/internal/data-hub/v1/usage",
    "/api/data-hub/v1/..%c0%af..%c0%af..%c0%afinternal/data-hub/v1/usage",
    "/api/data-hub/v1/..//../..//internal/data-hub/v1/usage",
    "/api/data-hub/docs/../../../internal/data-hub/v1/usage",
    "/home/../internal/data-hub/v1/usage",
    "/home/%2e%2e/internal/data-hub/v1/usage",
    "/home/..%2finternal/data-hub/v1/usage",
    "/internal/data-hub/v1/usage\t",
    "internal/data-hub/v1/usage",
    "?/internal/data-hub/v1/usage",
    "*",
    "http://127.0.0.1/internal/data-hub/v1/usage",
    "http://mesh:8081/internal/data-hub/v1/usage",
    "http://127.0.0.1/api/../internal/data-hub/v1/usage",
    "http://user@127.0.0.1/internal/data-hub/v1/usage",
    "//127.0.0.1/internal/data-hub/v1/usage",
    "/ⅰnternal/data-hub/v1/usage",
]


def ask(port: int, method: str, path: str, *, host: str = "127.0.0.1", headers: str = "") -> int:
    """The status of the answer; 0 where the gateway shut the door without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as door:
        door.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n".encode())
        answer = b""
        while chunk := door.recv(65536):
            answer += chunk
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


def strays(echoes: dict[str, list[Any]]) -> list[str]:
    """Paths that reached a service and lead out of its public part."""
    seen = [(name, path) for name, many in echoes.items() for echo in many for path in getattr(echo, "seen", [])]
    found = []
    for name, path in seen:
        # What is encoded twice stays a name for every server that decodes once, as servers do.
        once = posixpath.normpath(unquote(path, encoding="latin-1"))
        if not once.startswith((f"/api/{name}/", "/home")) and once not in {"/", f"/api/{name}"}:
            found.append(path)
    return found


@pytest.fixture(autouse=True)
def nothing_seen(echoes: dict[str, list[Any]]) -> None:
    for many in echoes.values():
        for echo in many:
            getattr(echo, "seen", []).clear()


class TestWeb:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("path", PATHS)
    def test_internal_is_out_of_reach(self, gateway: Any, echoes: dict[str, list[Any]], path: str, method: str) -> None:
        status = ask(gateway.ports["web"], method, path, headers="Content-Length: 0\r\n" if method == "POST" else "")
        assert strays(echoes) == []
        if "internal" in path.lower() and not path.startswith(("/api/", "/home/")):
            assert status in {0, 400, 404}, path

    @pytest.mark.parametrize("host", ["mesh", "gateway:8081", "127.0.0.1:8081", "data-hub", "localhost/internal"])
    def test_another_host_name_opens_nothing(self, gateway: Any, echoes: dict[str, list[Any]], host: str) -> None:
        assert ask(gateway.ports["web"], "GET", "/internal/data-hub/v1/usage", host=host) in {400, 404}
        assert strays(echoes) == []

    @pytest.mark.parametrize(
        "name", ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-Uri", "X-Replaced-Path"]
    )
    def test_no_header_changes_the_path(self, gateway: Any, echoes: dict[str, list[Any]], name: str) -> None:
        extra = f"{name}: /internal/data-hub/v1/usage\r\n"
        assert ask(gateway.ports["web"], "GET", "/api/data-hub/v1/x", headers=extra) == 200
        assert echoes["data-hub"][0].seen == ["/api/data-hub/v1/x"]

    def test_second_request_hidden_in_the_first(self, gateway: Any, echoes: dict[str, list[Any]]) -> None:
        hidden = "GET /internal/data-hub/v1/usage HTTP/1.1\r\nHost: x\r\n\r\n"
        for headers in (
            f"Content-Length: {len(hidden)}\r\nTransfer-Encoding: chunked\r\n",
            f"Content-Length: 0\r\nContent-Length: {len(hidden)}\r\n",
            f"Transfer-Encoding : chunked\r\nContent-Length: {len(hidden)}\r\n",
        ):
            ask(gateway.ports["web"], "POST", "/api/data-hub/v1/x", headers=f"{headers}\r\n0\r\n\r\n{hidden}")
        assert strays(echoes) == []


class TestMesh:
    @pytest.mark.parametrize("path", ["/internal/data-hub/v2/x", "/internal/", "/internal/unknown/v1/x", "/readyz"])
    def test_mesh_has_no_other_inner_paths(self, gateway: Any, path: str) -> None:
        assert ask(gateway.ports["mesh"], "GET", path) == 404
