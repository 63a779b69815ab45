"""A file over HTTP: one GET, no redirect, no proxy, within bounds of size and time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO
from urllib.parse import urlsplit

import httpx

from data_hub.adapters.feeds.addresses import allowed_address
from data_hub.adapters.feeds.port import FeedBroken, Wanted, too_much

_PATIENCE = httpx.Timeout(20.0, connect=5.0)
_AGENT = "data-hub/1"


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
        """Write the answer to a GET of `path` below the source's address, as its bytes come. Raises FeedBroken."""
        named = httpx.URL(self._wanted.address.rstrip("/") + path if path else self._wanted.address)
        if query:
            named = named.copy_merge_params(query)
        request = self._client.build_request("GET", named.copy_with(host=self._address), headers=self._headers(named))
        request.extensions["sni_hostname"] = named.host
        try:
            response = await self._client.send(request, stream=True)
            try:
                await _take(response, into, most)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            said = type(error).__name__
            raise FeedBroken("no-answer", f"数据源没有应答（{said}）", f"The source does not answer ({said})") from None

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
