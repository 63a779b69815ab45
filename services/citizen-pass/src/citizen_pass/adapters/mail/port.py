"""What the city asks of e-mail."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Mail:
    """A mail in plain text. `reference` is the same for every try, so that a receiver can tell a repeated one."""

    to: str
    subject: str
    text: str
    reference: str


class MailRefused(Exception):
    """The mail will never be taken (a permanent refusal); trying again is of no use."""


class MailSender(Protocol):
    """Takes a mail to the outside. Any exception but MailRefused means: try again later."""

    name: str

    async def send(self, mail: Mail) -> None:
        """Hand `mail` over. Raises MailRefused."""
        ...
