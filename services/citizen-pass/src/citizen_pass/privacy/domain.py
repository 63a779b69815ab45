"""The rules of privacy: merging what the services answer, and the life of a question."""

from collections.abc import Iterable, Mapping
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


class _Reader(Protocol):
    @property
    def receiver_organisation(self) -> str | None: ...
    @property
    def receiver_code(self) -> str | None: ...
    @property
    def last(self) -> datetime: ...


Reader = TypeVar("Reader", bound=_Reader)


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


def together(answers: Mapping[str, Iterable[Reader]]) -> list[dict[str, Reader]]:
    """Each reader once, with what each service says of it, who read last on top.

    A department is one reader, whoever of its staff read; who has no department is told by its code.
    """
    found: dict[tuple[str | None, str | None], dict[str, Reader]] = {}
    for service, readers in answers.items():
        for one in readers:
            found.setdefault((one.receiver_organisation, one.receiver_code), {})[service] = one
    return sorted(found.values(), key=lambda told: max(one.last for one in told.values()), reverse=True)
