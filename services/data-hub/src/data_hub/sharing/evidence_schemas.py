"""What evidence says over the wire."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from citykit.pages import PageQuery
from citykit.wire import Instant, Query, Wire

StreamName = Annotated[
    str,
    Field(
        pattern=r"^(grant/[0-9a-f-]{36}|resource/[1-3][0-9]{5,10}-[0-9]{6}|(refusals|opened)/[0-9]{4}-(0[1-9]|1[0-2]))$"
    ),
]


class EvidenceRecord(Wire):
    """A record 存证记录: `entry` is the exact text that was hashed, `hash` the value of the chain after it (hex)."""

    stream: str
    seq: int
    entry: str
    hash: str


class EvidenceFilter(PageQuery):
    """Which stream, oldest first."""

    stream: StreamName


class Stream(Wire):
    """A stream of records: of one grant, of one resource for calls that no grant covered, of a month's refusals, of a
    month's readers of opened data.

    Refusals of a month are those of calls that named no resource, and the counts of callers who were refused too often.
    Readers of opened data, served and refused, stand one by one as far as the bounds of each and of all go, and as
    counts beyond. `unknown` is the resource of a refusal that meant nothing which the hub has.
    """

    stream: str
    records: int
    sealed: int = Field(description="How many of them are under a seal")


class Stamp(Wire):
    """A time stamp over the seals of one round, or one that waits for the authority."""

    id: UUID
    root: str = Field(description="What was stamped: the root over the seals, hex")
    seals: int
    made_at: Instant
    stamped_at: Instant | None
    late: bool
    authority: str | None
    tries: int
    fault: str | None = Field(description="Why the last try failed")


class StampFilter(PageQuery):
    """Which stamps, newest first."""

    waiting: bool | None = Field(default=None, description="Only those that wait for the authority, or only the others")


class VerdictQuery(Query):
    """Which stream to recompute."""

    stream: StreamName


class EvidenceVerdict(Wire):
    """Whether a stream holds: its chain up to its head, and its seals. The export lets anybody find out for herself."""

    stream: str
    records: int
    intact: bool
    fault: str | None = Field(description="What is wrong with the first thing that does not fit")
    at: int | None = Field(description="The record (`seq`) or the last record of the seal that does not fit")


class ExportQuery(Query):
    """Which records to hand over: a stream, or from a record of it on."""

    stream: StreamName
    first: Annotated[int, Field(ge=1)] = 1
    last: Annotated[int | None, Field(ge=1)] = None


class EvidenceKeys(Wire):
    """The public keys that records and seals were ever signed with (RFC 7517)."""

    keys: Annotated[list[dict[str, Any]], Field(max_length=1000)]
