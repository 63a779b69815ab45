"""What goes over the wire about sources that are pulled."""

from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field, model_validator
from pydantic import StringConstraints as Text

from citykit.pages import PageQuery
from citykit.wire import Instant, ShortText, Wire
from data_hub.ingest.domain import SCHEMES, Encoding, FileFormat, Merge, Mode, SourceKind, SourceState
from data_hub.ingest.models import SourceRow
from data_hub.ingest.schemas import ResourceCode

Minutes = Annotated[int, Field(ge=5, le=44_640, description="Pull every so many minutes; null: only when asked")]
Address = Annotated[str, Text(min_length=8, max_length=2000, pattern=r"^[!-~]+$")]
TimeOfDay = Annotated[
    str, Text(pattern=r"^([01]\d|2[0-3]):[0-5]\d$"), Field(description="Pull once a day at this time, Beijing time")
]
ColumnName = Annotated[str, Text(pattern=r"^[A-Za-z_][A-Za-z0-9_$]{0,62}$")]
TableName = Annotated[str, Text(pattern=r"^[A-Za-z_][A-Za-z0-9_$]{0,62}(\.[A-Za-z_][A-Za-z0-9_$]{0,62})?$")]


class SourceDraft(Wire):
    """Where rows of a resource are pulled from, and what is to become of them."""

    kind: SourceKind
    name: ShortText
    address: Address = Field(description="URL of the file, of the other data hub, or postgresql://host:port/database")
    every_minutes: Minutes | None = None
    daily_at: TimeOfDay | None = None
    mode: Mode = Mode.all_or_nothing
    merge: Merge = Merge.merge
    format: FileFormat = Field(default=FileFormat.csv, description="How the file is written (kind http)")
    encoding: Encoding = Encoding.auto
    ignore_unknown: bool = False
    sheet: Annotated[str | None, Field(max_length=100)] = None
    table: TableName | None = Field(default=None, description="Table or view (kind postgresql)")
    since_column: ColumnName | None = Field(
        default=None,
        description="Column that grows with each change, such as its time: only rows from the last one on are read "
        "(kind postgresql, merged by key). Rows where it is null never come, and what is deleted there stays here",
    )
    username: Annotated[str | None, Text(pattern=r"^[!-~]{1,63}$")] = None
    resource: ResourceCode | None = Field(default=None, description="Code in the other data hub (kind data-hub)")
    key_header: Annotated[str, Text(pattern=r"^(Authorization|X-API-Key)$")] = "Authorization"
    secret: Annotated[str | None, Text(pattern=r"^[!-~]{1,4000}$")] = Field(
        default=None, description="Key or password; it is kept encrypted and never shown"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        parts = urlsplit(self.address)
        _ = parts.port  # raises ValueError where it is none
        if parts.scheme not in SCHEMES[self.kind] or not parts.hostname:
            raise ValueError("the address does not fit the kind of source")
        if parts.username is not None or parts.password is not None:
            raise ValueError("keys and passwords do not stand in the address")
        if self.kind is SourceKind.postgresql and (self.table is None or parts.path in ("", "/") or parts.query):
            raise ValueError("a database has a name, and a table that is read")
        if self.since_column and (self.kind is not SourceKind.postgresql or self.merge is not Merge.merge):
            raise ValueError("only what is read from a database and merged by key can be read on from a column")
        _one_plan(self.every_minutes, self.daily_at)
        if self.kind is SourceKind.data_hub and (self.resource is None or parts.query):
            raise ValueError("another data hub is asked for a resource")
        return self


def _one_plan(every_minutes: int | None, daily_at: str | None) -> None:
    if every_minutes is not None and daily_at is not None:
        raise ValueError("either every so many minutes or once a day")


class SourceChange(Wire):
    """Pull at other times, pause, go on, bring a new secret, or read all rows once more."""

    every_minutes: Minutes | None = None
    daily_at: TimeOfDay | None = None
    anew: bool = Field(default=False, description="Read from the first row on again, where a column says what is new")
    state: SourceState = SourceState.active
    secret: Annotated[str | None, Text(pattern=r"^[!-~]{1,4000}$")] = Field(
        default=None, description="Null: the secret stays"
    )

    @model_validator(mode="after")
    def _plan(self) -> Self:
        _one_plan(self.every_minutes, self.daily_at)
        return self


class Source(Wire):
    """A source, and how its last pull ended. Its secret is never shown."""

    id: UUID
    resource: str
    kind: SourceKind
    name: str
    address: str
    has_secret: bool
    options: dict[str, Any]
    every_minutes: int | None
    daily_at: str | None
    since: str | None = Field(description="Up to which value of `since_column` its rows are here")
    state: SourceState
    next_at: Instant | None
    last_at: Instant | None
    last_batch: UUID | None
    last_fault: dict[str, Any] | None = Field(description="Why the last pull brought nothing: code, zh, en")
    failures: int = Field(description="Pulls in a row that brought nothing")

    @classmethod
    def of(cls, row: SourceRow) -> Self:
        """The source of a row."""
        return cls(
            id=row.id, resource=row.resource, kind=SourceKind(row.kind), name=row.name, address=row.address,
            has_secret=row.sealed is not None, options=row.options, every_minutes=row.every_minutes,
            daily_at=row.daily_at, since=row.since, state=SourceState(row.state), next_at=row.next_at,
            last_at=row.last_at, last_batch=row.last_batch, last_fault=row.last_fault, failures=row.failures,
        )  # fmt: skip


class SourceFilter(PageQuery):
    """Which sources of a resource, newest first."""
