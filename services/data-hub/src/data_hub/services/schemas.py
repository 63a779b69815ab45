"""What goes over the wire about data services. The rows themselves are JSON objects of the resource's items."""

from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from citykit.pages import PageQuery
from citykit.wire import Instant, ShortText, Wire
from data_hub.services.domain import MOST_QUERY, MOST_ROWS, USUAL_ROWS
from data_hub.services.file_kinds import ExportFormat, ExportState
from data_hub.services.models import ExportRow, KeyRow, MeterRow

Code = Annotated[str, Field(pattern=r"^[1-3][0-9]{5,10}-[0-9]{6}$", examples=["203001-000001"])]


class RowsQuery(Wire):
    """A question to rows. Every further parameter is a condition, `item=operator.value`, in PostgREST's grammar.

    An item that is named as one of these parameters is asked for with `where.` before it: `where.limit=gt.1`.
    """

    model_config = ConfigDict(extra="allow")

    select: str | None = Field(
        default=None, description="Items, or aggregates of them: `station,avg(aqi)`", examples=["station,max(aqi)"]
    )
    order: str | None = Field(default=None, examples=["hour.desc"])
    limit: str | None = Field(default=None, description=f"1 to {MOST_ROWS}; {USUAL_ROWS} unless told otherwise")
    after: str | None = Field(default=None, description="`next` of the page before")
    count: str | None = Field(default=None, description="`exact`: count all that is found")
    grant: UUID | None = Field(
        default=None, description="The grant to read under, where one's department holds several"
    )


class RowsPage(Wire):
    """A page of rows."""

    items: list[dict[str, Any]]
    next: str | None = Field(description="Where the next page begins; null on the last one")
    count: int | None = Field(default=None, description="How many rows, or groups, there are in all, where asked")


class ServiceItem(Wire):
    """An item of a service's rows, as the caller sees it."""

    name: str
    title: str
    type: str
    operators: tuple[str, ...]  # what it may be compared by: an encrypted item by equality at most


class DataService(Wire):
    """A data service, as the caller sees it."""

    code: str
    name: str
    summary: str
    provider_name: str
    opened: bool
    items: list[ServiceItem]
    rows: str = Field(description="Where the rows are")
    openapi: str = Field(description="The service's own OpenAPI document")


class KeyDraft(Wire):
    """A key to make for a partner's program, under a grant of one's department."""

    name: ShortText = Field(description="Whose program it is for")
    resource: Code
    grant_id: UUID | None = Field(default=None, description="Which grant, where there are several")
    daily_quota_rows: Annotated[int, Field(ge=1, le=10**9)] | None = None
    valid_until: Instant | None = Field(default=None, description="The grant's own end unless told otherwise")


class RotationDraft(Wire):
    """How much longer the old secret is good."""

    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24


class Reason(Wire):
    """Why."""

    reason: ShortText


class Key(Wire):
    """A key, without its secret."""

    id: UUID
    name: str
    resource: str
    grant_id: UUID
    daily_quota_rows: int | None
    valid_until: Instant
    made_at: Instant
    rotated_at: Instant | None
    former_until: Instant | None = Field(description="Until when the secret before the last rotation is good")
    revoked_at: Instant | None

    @classmethod
    def of(cls, row: KeyRow, now: Instant) -> Self:
        """The key of a row."""
        told = {name: getattr(row, name) for name in cls.model_fields}
        over = row.former_until is not None and row.former_until <= now
        return cls.model_validate(told | ({"former_until": None} if over else {}))


class KeyMade(Key):
    """A key with its secret, which is shown this once."""

    key: str | None = Field(description="What to send in `X-Api-Key`; null where a request is repeated: rotate then")


class Meter(Wire):
    """How much a caller read of a resource on a day."""

    resource: str
    day: date
    caller: str
    department: str | None
    calls: int
    rows: int

    @classmethod
    def of(cls, row: MeterRow) -> Self:
        """The meter of a row."""
        return cls(
            resource=row.resource, day=row.day, caller=row.caller, department=row.department, calls=row.calls,
            rows=row.row_count,
        )  # fmt: skip


class MeterFilter(PageQuery):
    """Which meters."""

    resource: Code | None = None
    day: date | None = None


class ExportDraft(Wire):
    """A file of rows to make. `question` is a query string in the grammar of rows: `select`, `order` and conditions."""

    question: Annotated[str, Field(max_length=MOST_QUERY)] = ""
    format: ExportFormat = ExportFormat.csv
    grant_id: UUID | None = None


class Export(Wire):
    """A file of rows."""

    id: UUID
    resource: str
    question: str
    format: ExportFormat
    state: ExportState
    refusal: str | None = Field(description="Why it was not made: `export-too-big`, or the slug of another problem")
    asked_at: Instant
    made_at: Instant | None
    kept_until: Instant | None
    rows: int | None
    size: int | None
    sha256: str | None

    @classmethod
    def of(cls, row: ExportRow) -> Self:
        """The file of a row."""
        return cls(
            id=row.id, resource=row.resource, question=row.question, format=ExportFormat(row.format),
            state=ExportState(row.state), refusal=row.refusal, asked_at=row.asked_at, made_at=row.made_at,
            kept_until=row.kept_until, rows=row.row_count, size=row.size,
            sha256=None if row.sha256 is None else row.sha256.hex(),
        )  # fmt: skip
