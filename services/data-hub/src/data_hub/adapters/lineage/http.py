"""A receiver reached by HTTP, as the OpenLineage API describes it: one POST an event."""

from typing import Any

import httpx

from data_hub.adapters.lineage.port import ReceiverDown

SECONDS = 10.0


class HttpReceiver:
    """The receiver at `url`, such as `https://lineage.example/api/v1/lineage`."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def send(self, event: dict[str, Any]) -> None:
        """Send one event. Raises ReceiverDown."""
        try:
            async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
                answer = await client.post(self._url, json=event)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ReceiverDown(type(error).__name__) from error
        if not answer.is_success:
            raise ReceiverDown(f"status {answer.status_code}")
