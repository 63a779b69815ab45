"""A time-stamp authority reached by HTTP (RFC 3161 §3.4), as accredited ones are."""

from urllib.parse import urlsplit

import httpx

from data_hub.adapters.timestamps.port import AuthorityDown

SECONDS = 10.0
LONGEST_ANSWER = 64 * 1024
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class HttpAuthority:
    """The authority at `url`."""

    def __init__(
        self, url: str, *, transport: httpx.AsyncBaseTransport | None = None, seconds: float = SECONDS
    ) -> None:
        self.name = urlsplit(url).hostname or url
        self._url, self._seconds = url, seconds
        self._transport = transport

    async def answer(self, request: bytes) -> bytes:
        """The authority's answer. Raises AuthorityDown."""
        try:
            async with (
                httpx.AsyncClient(timeout=self._seconds, transport=self._transport, trust_env=False) as client,
                client.stream("POST", self._url, content=request, headers={"Content-Type": _QUERY}) as response,
            ):
                return await _read(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AuthorityDown(f"{type(error).__name__}: {error}"[:300]) from error


async def _read(response: httpx.Response) -> bytes:
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    if response.status_code != 200 or kind != _REPLY:
        raise AuthorityDown(f"status {response.status_code}, {kind or 'no type'}")
    found = bytearray()
    async for chunk in response.aiter_bytes():
        found += chunk
        if len(found) > LONGEST_ANSWER:
            raise AuthorityDown(f"an answer longer than {LONGEST_ANSWER} bytes")
    return bytes(found)
