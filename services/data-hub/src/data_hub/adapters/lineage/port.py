"""What the city asks of a receiver of OpenLineage events."""

from typing import Any, Protocol


class ReceiverDown(Exception):
    """The receiver did not take the event: it is sent again later."""


class LineageReceiver(Protocol):
    """Takes OpenLineage events, each by itself."""

    async def send(self, event: dict[str, Any]) -> None:
        """Send one event. Raises ReceiverDown."""
        ...
