"""What the hub asks of a source elsewhere: its rows in one file, all or the newer ones, or a plain word why not."""

from dataclasses import dataclass
from typing import IO, Any, Protocol


class FeedBroken(Exception):
    """The source gave nothing that can be used: `code` for programs, a sentence in Chinese and English for people.

    `again_in` are the seconds after which the source wants to be asked again, 0 where it says nothing of that.
    """

    def __init__(self, code: str, zh: str, en: str, *, again_in: int = 0) -> None:
        super().__init__(code)
        self.code, self.zh, self.en, self.again_in = code, zh, en, again_in

    def document(self) -> dict[str, str]:
        """The fault as it is kept with the source."""
        return {"code": self.code, "zh": self.zh, "en": self.en}


@dataclass(frozen=True)
class Wanted:
    """What to fetch, from where, with which proof, and within which bounds. `secret` is a password or a key."""

    address: str
    secret: str | None
    options: dict[str, Any]
    known: tuple[tuple[str, str], ...]  # name and title of each information item
    networks: str
    most_bytes: int
    seconds: float
    since: str | None = None  # the value of `options["since_column"]` from which on rows are wanted; None: all


class Feed(Protocol):
    """A kind of source."""

    async def fetch(self, wanted: Wanted, into: IO[bytes]) -> str | None:
        """Write the source's rows to a file. Raises FeedBroken; what is in the file then is for nobody.

        Returns up to which value of `options["since_column"]` was read, None where there is no such column. Where
        nothing came after `since`, that is returned and the file stays empty.
        """
        ...


def too_much(limit: int) -> FeedBroken:
    """The fault of a source that never ends."""
    megabytes = limit // 1024**2
    return FeedBroken("too-large", f"数据源返回超过{megabytes} MB", f"The source sent more than {megabytes} MB")
