"""A caller in a process of its own: keep-alive connections that each ask, check the answer and ask again.

`python -m launcher.bench.load` reads jobs as lines of JSON and answers each with a line of JSON. It speaks just enough
HTTP/1.1 for the gateway; a general client would cost as much as what it measures.
"""

import asyncio
import json
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from itertools import cycle
from typing import Any, cast

import uvloop

END_OF_HEAD = b"\r\n\r\n"


class WrongAnswer(Exception):
    """An answer that the bench cannot count."""


class Answers:
    """What a right answer looks like: its status, and its very bytes or the members of its JSON object."""

    def __init__(self, status: int, members: list[str] | None) -> None:
        self._status = str(status).encode()
        self._members = None if members is None else set(members)

    def check(self, head: bytes, body: bytes, expected: bytes | None) -> None:
        """Raise WrongAnswer where the answer is not right."""
        if head[9:12] != self._status:
            raise WrongAnswer(f"{head[9:12].decode()} instead of {self._status.decode()}: {body[:300].decode()}")
        if expected is not None and body != expected:
            raise WrongAnswer(f"not the answer that was given before: {body[:300].decode()}")
        if self._members is not None and not self._members <= json.loads(body).keys():
            raise WrongAnswer(f"members are missing: {body[:300].decode()}")


class Connection(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self) -> None:
        self._got = bytearray()
        self._waiting: asyncio.Future[tuple[bytes, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the request under way."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or WrongAnswer("the connection was closed"))

    def data_received(self, data: bytes) -> None:
        """Take a piece of an answer; hand it on when it is whole."""
        self._got += data
        end = self._got.find(END_OF_HEAD)
        if end < 0:
            return
        head = bytes(self._got[:end])
        start = end + len(END_OF_HEAD)
        body = self._body(head, start)
        if body is not None and self._waiting is not None and not self._waiting.done():
            self._got.clear()
            self._waiting.set_result((head, body))

    def _body(self, head: bytes, start: int) -> bytes | None:
        lower = head.lower()
        at = lower.find(b"\r\ncontent-length:")
        if at >= 0:
            size = int(lower[at + 17 :].split(b"\r\n", 1)[0])
            return bytes(self._got[start : start + size]) if len(self._got) >= start + size else None
        if b"\r\ntransfer-encoding: chunked" in lower:
            return _unchunked(self._got, start)
        return b""

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Send a request; its answer's head and body."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.close()


def _unchunked(got: bytearray, start: int) -> bytes | None:
    body = b""
    while True:
        line = got.find(b"\r\n", start)
        if line < 0:
            return None
        size = int(got[start:line].split(b";")[0], 16)
        if len(got) < line + 2 + size + 2:
            return None
        if size == 0:
            return body
        body += got[line + 2 : line + 2 + size]
        start = line + 2 + size + 2


async def open_connection(port: int, number: int) -> Connection:
    """A connection from an address of its own, so that the gateway's limits see many callers, as in life."""
    loop = asyncio.get_running_loop()
    own = (f"127.0.0.{2 + number % 250}", 0) if sys.platform == "linux" else None
    _, protocol = await loop.create_connection(Connection, "127.0.0.1", port, local_addr=own)
    return protocol


async def _one(
    connection: Connection, requests: Iterator[tuple[bytes, bytes | None]], answers: Answers, until: float, most: int
) -> list[float]:
    taken: list[float] = []
    for request, expected in requests:
        began = time.perf_counter()
        if began >= until or len(taken) >= most:
            break
        head, body = await connection.ask(request)
        taken.append(time.perf_counter() - began)
        answers.check(head, body, expected)
    return taken


async def run(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job, its requests in turn until its time is over; how many answers came, and how long they took."""
    pairs = [(b64decode(sent), None if got is None else b64decode(got)) for sent, got in job["requests"]]
    answers = Answers(job["status"], job.get("members"))
    requests = cycle(pairs)
    connections = [await open_connection(job["port"], number) for number in range(job["connections"])]
    try:
        began = time.perf_counter()
        until, most = began + job["seconds"], job.get("most_per_connection", sys.maxsize)
        takers = [_one(connection, requests, answers, until, most) for connection in connections]
        taken = sorted(second for part in await asyncio.gather(*takers) for second in part)
        lasted = time.perf_counter() - began
    finally:
        for connection in connections:
            connection.close()
    if not taken:
        raise WrongAnswer("no answer came in time")
    middle, late = taken[len(taken) // 2], taken[int(len(taken) * 0.95)]
    return {"count": len(taken), "seconds": lasted, "p50_ms": middle * 1e3, "p95_ms": late * 1e3}


def main() -> int:
    """Do the jobs that standard input brings, until it closes."""
    for line in sys.stdin:
        try:
            told = uvloop.run(run(json.loads(line)))
        except (WrongAnswer, OSError) as error:
            told = {"error": str(error) or type(error).__name__}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
