"""The rules of privacy: merging what the services answer, and the life of a question."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar


class QuestionState(StrEnum):
    """Where a question about an access stands."""

    asked = "asked"
    answered = "answered"


class _Read(Protocol):
    @property
    def logtime(self) -> datetime: ...
    @property
    def service(self) -> str: ...
    @property
    def id(self) -> object: ...


Read = TypeVar("Read", bound=_Read)


def merged(answers: Iterable[Iterable[Read]], *, offset: int, limit: int) -> list[Read]:
    """The page of all services' reads, newest first.

    Right as long as every answer holds its service's newest `offset + limit` reads. Ties are broken by service and
    id, so that pages never overlap.
    """
    everything = [read for answer in answers for read in answer]
    everything.sort(key=lambda read: (read.logtime, read.service, str(read.id)), reverse=True)
    return everything[offset : offset + limit]


def next_offset(*, offset: int, limit: int, total: int, furthest: int) -> int | None:
    """Where the next page begins; None on the last page, and where paging ends."""
    following = offset + limit
    return following if following < total and following <= furthest else None
