"""What sharing says over the wire: applications, decisions, grants, time limits."""

from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator
from pydantic import StringConstraints as Text

from citykit.pages import PageQuery
from citykit.wire import Instant, LongText, ShortText, Uscc, Wire, Wrong
from data_hub.organisations import OwnName
from data_hub.resources.domain import ShareType
from data_hub.sharing.domain import ApplicationState, Delivery, GrantState

ResourceCode = Annotated[
    str, Text(pattern=r"^[1-3][0-9]{5,10}-[0-9]{6}$"), BeforeValidator(lambda v: str(v).replace("/", "-")),
    Field(examples=["203001-000001"]),
]  # fmt: skip
ColumnNames = Annotated[tuple[str, ...], Field(min_length=1, max_length=500)]
RowFilter = Annotated[str, Text(min_length=1, max_length=1000), Field(examples=["district=eq.131102&aqi=gte.100"])]
Quota = Annotated[int, Field(ge=1, le=10**12)]
Deliveries = Annotated[tuple[Delivery, ...], Field(min_length=1, max_length=3)]


class StepReason(Wire):
    """Why."""

    reason: LongText


class ApplicationDraft(Wire):
    """An application for a resource 共享申请, in the name of the department whose official hands it in."""

    resource: ResourceCode
    department_name: OwnName = None
    columns: ColumnNames | None = Field(
        default=None, description="Items wanted; without it all that are neither personal nor secret"
    )
    row_filter: RowFilter | None = None
    purpose: ShortText = Field(description="What the data is for 使用用途")
    legal_basis: LongText = Field(description="The duty that needs the data 履职依据")
    valid_until: Instant
    daily_quota_rows: Quota | None = None
    deliveries: Deliveries = (Delivery.query,)
    onward: bool = Field(default=False, description="Whether the data is to be passed on (art. 25: only by consent)")


class Supplement(Wire):
    """What an applicant adds or changes when she is asked to."""

    note: LongText
    columns: ColumnNames | None = None
    row_filter: RowFilter | None = None
    legal_basis: LongText | None = None
    valid_until: Instant | None = None


class GrantApproval(Wire):
    """What the source department grants: nothing is more than was applied for, everything may be less."""

    columns: ColumnNames | None = Field(
        default=None, description="Without it, the columns applied for; personal and secret ones must be named here"
    )
    row_filter: RowFilter | None = Field(default=None, description="Conditions beyond those applied for")
    valid_until: Instant | None = None
    daily_quota_rows: Quota | None = None
    deliveries: Deliveries | None = None
    onward: bool = False
    note: LongText | None = None


class Mediation(Wire):
    """What the data bureau decides in a dispute: upheld, the source department decides anew; else the refusal stays."""

    upheld: bool
    reason: LongText


class Step(Wire):
    """A step in the life of an application or grant."""

    at: Instant
    act: str
    title: str
    actor: str
    department: str | None
    note: str | None
    data: dict[str, Any]


class ApplicationBrief(Wire):
    """An application in a list."""

    id: UUID
    resource: str
    resource_name: str
    share_type: ShareType
    source_department: str
    department: str
    department_name: str
    purpose: str
    state: ApplicationState
    applied_at: Instant
    due_at: Instant
    overdue: bool
    escalated_at: Instant | None
    decided_at: Instant | None
    grant_id: UUID | None


class Application(ApplicationBrief):
    """An application with all that was asked, and its steps."""

    resource_version: int
    columns: tuple[str, ...]
    row_filter: str | None
    legal_basis: str
    valid_until: Instant
    daily_quota_rows: int | None
    deliveries: tuple[Delivery, ...]
    onward: bool
    extended: bool
    stopped_at: Instant | None = Field(description="Since when the clock stands still for a supplement")
    steps: list[Step]


class ApplicationFilter(PageQuery):
    """Which applications; a caller sees those of her department, those for its resources, the bureau all."""

    state: ApplicationState | None = None
    resource: ResourceCode | None = None
    to_decide: bool = Field(default=False, description="Only those that wait for the caller's department")
    overdue: bool | None = None


class GrantChange(Wire):
    """A grant as it is to be from now on, narrower or wider; what is absent stays as it is."""

    columns: ColumnNames | None = None
    row_filter: RowFilter | None = None
    every_row: bool = Field(default=False, description="Take the row filter away; not together with one")
    valid_until: Instant | None = None
    daily_quota_rows: Quota | None = None
    no_quota: bool = Field(default=False, description="Take the daily quota away; not together with one")
    deliveries: Deliveries | None = None
    onward: bool | None = None
    reason: LongText

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.every_row and self.row_filter is not None:
            raise Wrong("every_row 取消行过滤，不能与 row_filter 同时填写", "every_row comes without a row_filter")
        if self.no_quota and self.daily_quota_rows is not None:
            raise Wrong(
                "no_quota 取消限额，不能与 daily_quota_rows 同时填写", "no_quota comes without daily_quota_rows"
            )
        return self


class GrantBrief(Wire):
    """A grant in a list."""

    id: UUID
    application_id: UUID
    resource: str
    resource_name: str
    source_department: str
    department: str
    department_name: str
    purpose: str
    state: GrantState
    live: bool = Field(description="Whether a call now is covered, apart from its quota")
    version: int
    valid_from: Instant
    valid_until: Instant
    granted_at: Instant


class GrantVersion(Wire):
    """What a grant said from one change on."""

    version: int
    at: Instant
    actor: str
    reason: str | None
    policy: dict[str, Any]


class GrantDocument(GrantBrief):
    """A grant as it stands: who may have what, for what, until when; and all that it said before."""

    columns: tuple[str, ...]
    row_filter: str | None
    legal_basis: str
    deliveries: tuple[Delivery, ...]
    daily_quota_rows: int | None
    rows_today: int
    onward: bool
    deliver_by: Instant = Field(description="The source department provides the data by then")
    versions: list[GrantVersion]


class GrantFilter(PageQuery):
    """Which grants: those to the caller's department and those of its resources; the bureau and auditors see all."""

    resource: ResourceCode | None = None
    department: Uscc | None = None
    state: GrantState | None = None


LimitedStep = Annotated[str, Text(pattern=r"^(unconditional|conditional|extension|delivery|mediation)$")]


class TimeLimit(Wire):
    """A legal time limit in working days, the day from which it is in force, and its source."""

    step: LimitedStep
    valid_from: date
    working_days: Annotated[int, Field(ge=1, le=365)]
    source: ShortText


class TimeLimitDraft(TimeLimit):
    """A time limit to set, from a day to come and at most five years ahead: past clocks are judged by past limits."""

    working_days: Annotated[int, Field(ge=1, le=60)] = Field(description="At most a quarter of a year's working days")


class TimeLimits(Wire):
    """All time limits, past ones included."""

    items: Annotated[list[TimeLimit], Field(max_length=200)]


class RuleDraft(Wire):
    """How applications for a resource are handled."""

    automatic: bool = Field(description="Grant applications at once: for unconditional resources only")
    daily_quota_rows: Quota | None = Field(default=None, description="Most rows a day of an automatic grant")


class Rule(RuleDraft):
    """How applications for a resource are handled, and since when."""

    resource: str
    set_at: Instant | None

    @classmethod
    def of(cls, resource: str, row: Any) -> Self:
        """The rule of a resource; without one nothing is automatic."""
        if row is None:
            return cls(resource=resource, automatic=False, daily_quota_rows=None, set_at=None)
        return cls(resource=resource, automatic=row.automatic, daily_quota_rows=row.daily_quota_rows, set_at=row.set_at)
