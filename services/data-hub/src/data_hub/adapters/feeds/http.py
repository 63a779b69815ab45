"""A file over HTTP: a GET, no redirect, no proxy, within bounds of size and time.

A source that is asked too often, or is busy for now, says when it wants to be asked again: Retry-After (RFC 9110
§10.2.3) with 429 or 503. That is no fault of it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil
from typing import IO
from urllib.parse import urlsplit

import httpx

from data_hub.adapters.feeds.addresses import allowed_address
from data_hub.adapters.feeds.port import FeedBroken, Wanted, too_much

_PATIENCE = httpx.Timeout(20.0, connect=5.0)
_AGENT = "data-hub/1"
_LONGEST_WAIT = 60  # seconds; whoever asks for more is asked in a pull of its own
_FURTHEST = 86_400 * 366


class HttpFeed:
    """A file at an address."""

    async def fetch(self, wanted: Wanted, into: IO[bytes]) -> None:
        """Write the body of the answer. Raises FeedBroken."""
        async with caller(wanted) as call:
            await call.get("", into, wanted.most_bytes)


class Caller:
    """Asks one host, at the address that was allowed."""

    def __init__(self, client: httpx.AsyncClient, wanted: Wanted, address: str) -> None:
        self._client = client
        self._wanted = wanted
        self._address = address

    async def get(self, path: str, into: IO[bytes], most: int, **query: str) -> None:
        """Write the answer to a GET of `path` below the source's address, as its bytes come. Raises FeedBroken.

        A source that asks for a pause gets it, again and again: who calls bounds the time.
        """
        named = httpx.URL(self._wanted.address.rstrip("/") + path if path else self._wanted.address)
        if query:
            named = named.copy_merge_params(query)
        request = self._client.build_request("GET", named.copy_with(host=self._address), headers=self._headers(named))
        request.extensions["sni_hostname"] = named.host
        while pause := await self._sent(request, into, most):  # noqa: ASYNC110 - the source itself says when, no event
            await asyncio.sleep(pause)

    async def _sent(self, request: httpx.Request, into: IO[bytes], most: int) -> int:
        """Write the answer and say 0, or the seconds that the source wants before it is asked again."""
        try:
            response = await self._client.send(request, stream=True)
            try:
                if pause := _pause(response):
                    return pause
                await _take(response, into, most)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            said = type(error).__name__
            raise FeedBroken("no-answer", f"数据源没有应答（{said}）", f"The source does not answer ({said})") from None
        return 0

    def _headers(self, named: httpx.URL) -> dict[str, str]:
        headers = {"Host": named.netloc.decode(), "Accept-Encoding": "identity", "User-Agent": _AGENT}
        if self._wanted.secret is not None:
            header = str(self._wanted.options.get("key_header") or "Authorization")
            bearer = "Bearer " if header == "Authorization" else ""
            headers[header] = bearer + self._wanted.secret
        return headers


@asynccontextmanager
async def caller(wanted: Wanted) -> AsyncIterator[Caller]:
    """Who asks the source's host. Raises FeedBroken for an address that is not allowed."""
    parts = urlsplit(wanted.address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = await allowed_address(parts.hostname or "", port, wanted.networks)
    async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False, follow_redirects=False) as client:
        yield Caller(client, wanted, address)


def _pause(response: httpx.Response) -> int:
    """The seconds that a source wants before it is asked again; 0 where it does not say. Raises FeedBroken."""
    told = response.headers.get("retry-after", "").strip()
    if response.status_code not in {429, 503} or not told:
        return 0
    seconds = _seconds(told)
    if seconds > _LONGEST_WAIT:
        zh, en = f"数据源要求{seconds}秒后再取", f"The source wants to be asked again in {seconds} seconds"
        raise FeedBroken("busy", zh, en, again_in=seconds)
    return seconds


def _seconds(told: str) -> int:
    """What Retry-After says, a number of seconds or a date, as whole seconds of at least 1; 0 where it says neither."""
    if told.isascii() and told.isdigit():
        return min(max(1, int(told[:10])), _FURTHEST)
    try:
        at = parsedate_to_datetime(told)
    except (ValueError, OverflowError):
        return 0
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(1, ceil((aware - datetime.now(UTC)).total_seconds())), _FURTHEST)


async def _take(response: httpx.Response, into: IO[bytes], most: int) -> None:
    if response.status_code != 200:
        status = response.status_code
        raise FeedBroken("status", f"数据源返回状态码{status}", f"The source answered with status {status}")
    taken = 0
    async for chunk in response.aiter_raw():
        taken += len(chunk)
        if taken > most:
            raise too_much(most)
        into.write(chunk)
