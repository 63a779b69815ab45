"""What the city asks of a short-message provider. A text never holds personal data."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Sms:
    """A short message with the city's signature 【…】; `reference` is the same for every try."""

    to: str
    text: str
    reference: str


class SmsSender(Protocol):
    """Hands short messages to a provider. Any exception means: try again later."""

    name: str

    async def send(self, sms: Sms) -> None:
        """Hand `sms` over."""
        ...
