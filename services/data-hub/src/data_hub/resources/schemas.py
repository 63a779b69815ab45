"""What the directory says over the wire. Names of fields follow the national core metadata, in English."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field
from pydantic import StringConstraints as Text

from citykit.pages import PageQuery
from citykit.wire import Instant, LongText, Query, ShortText, Uscc, Wire
from data_hub.datasets.domain import MOST_COLUMNS, ColumnType
from data_hub.resources import quality
from data_hub.resources.domain import (
    Format,
    Licence,
    Opening,
    ResourceClass,
    ShareMethod,
    ShareType,
    State,
    Terms,
    Timeliness,
    UpdateCycle,
    VersionState,
    canonical_code,
    class_of,
)
from data_hub.resources.quality import Sensitivity
from data_hub.resources.themes import Theme

Rule = Annotated[
    quality.Range
    | quality.Pattern
    | quality.Codes
    | quality.Checked
    | quality.Unique
    | quality.Reference
    | quality.Freshness,
    Field(discriminator="kind"),
]
Told = Annotated[str, Text(strip_whitespace=True, max_length=200)]  # a name that may be left out
ColumnName = Annotated[str, Text(pattern=r"^[a-z][a-z0-9_]{0,58}$")]
Tag = Annotated[str, Text(strip_whitespace=True, min_length=2, max_length=40, pattern=r"^[^,/\\\"]+$")]


def _hyphen(value: Any) -> Any:
    return canonical_code(value) if isinstance(value, str) else value


ResourceCode = Annotated[
    str, Text(pattern=r"^[1-3][0-9]{5,10}-[0-9]{6}$"), BeforeValidator(_hyphen), Field(examples=["203001-000001"])
]


class InformationItem(Wire):
    """信息项: a column of the resource, its type, how carefully it is treated, and the rules that its values keep."""

    name: ColumnName
    title: ShortText
    title_en: ShortText | None = None
    type: ColumnType
    sensitivity: Sensitivity = Sensitivity.public
    required: bool = False
    unit: Annotated[str | None, Field(max_length=40)] = None
    rules: Annotated[tuple[Rule, ...], Field(max_length=7)] = ()


class Description(Wire):
    """The description of a resource by its department 编目信息."""

    name: ShortText
    name_en: ShortText | None = None
    summary: LongText
    summary_en: LongText | None = None
    provider_name: Told = Field(
        default="",
        description="What the describing department is called, as its official's token says; of a draft not read",
    )
    source_department: Uscc = Field(description="数源部门: the one department that this data begins with")
    source_department_name: Told = Field(
        default="", description="What it is called where it describes resources itself; else as the draft says"
    )
    theme: Theme
    tags: Annotated[tuple[Tag, ...], Field(max_length=20)] = ()
    format: Format
    items: Annotated[tuple[InformationItem, ...], Field(max_length=MOST_COLUMNS)] = ()
    key: Annotated[tuple[ColumnName, ...], Field(max_length=16)] = ()
    share_type: ShareType
    share_basis: LongText | None = Field(default=None, description="共享依据: law, regulation or decision")
    share_condition: LongText | None = None
    share_methods: Annotated[tuple[ShareMethod, ...], Field(max_length=3)] = (ShareMethod.query,)
    opening: Opening
    open_condition: LongText | None = None
    licence: Licence = Licence.unstated
    public_metadata: bool = Field(default=True, description="Whether the public may know that the resource exists")
    update_cycle: UpdateCycle
    related: Annotated[tuple[ResourceCode, ...], Field(max_length=50)] = ()
    contact: Annotated[str | None, Field(max_length=200)] = Field(default=None, description="An office, not a person")

    def terms(self) -> Terms:
        """The fields that bear on one another."""
        names = ("share_type", "share_basis", "share_condition", "opening", "open_condition", "format", "items", "key")
        return Terms(**{name: getattr(self, name) for name in names})


class Resource(Description):
    """A data resource as one version describes it."""

    code: str
    resource_class: ResourceClass
    provider: str
    state: State
    version: int
    published_at: Instant | None = Field(description="When the resource was published first")
    changed_at: Instant

    @classmethod
    def of(cls, head: Any, content: dict[str, Any], number: int) -> Self:
        """The resource `head` as the version `number` with this content describes it."""
        return cls.model_validate({
            **content, "code": head.code, "resource_class": class_of(head.code), "provider": head.provider,
            "state": head.state, "version": number, "published_at": head.published_at, "changed_at": head.changed_at,
        })  # fmt: skip


class ResourceDraft(Description):
    """A description to register. A code without its sequence gets the lowest free one of its directory entry."""

    code: Annotated[
        str,
        Text(pattern=r"^[1-3][0-9]{5,10}(-[0-9]{6})?$"),
        BeforeValidator(_hyphen),
        Field(description="资源代码, or its part before the sequence", examples=["203001-000001", "203001"]),
    ]


class Rival(Wire):
    """Another published resource that claims to be the source of the same data 数源冲突."""

    code: str
    name: str
    source_department: str
    provider_name: str
    same: tuple[str, ...] = Field(description="What both have in common: name, directory")


class Registered(Wire):
    """A description that was written, and the resources that claim to be the source of the same data."""

    resource: Resource
    conflicts: tuple[Rival, ...]


class ReviewDraft(Wire):
    """The decision of a reviewer 审核意见."""

    approve: bool
    note: LongText | None = Field(default=None, description="Required where the description goes back")
    conflict_reason: LongText | None = Field(default=None, description="Why it is published beside its rivals")


class Withdrawal(Wire):
    """Why a resource is withdrawn 撤销原因."""

    reason: LongText


class ResourceBrief(Wire):
    """A resource in a list."""

    code: str
    name: str
    summary: str
    resource_class: ResourceClass
    theme: Theme
    tags: tuple[str, ...]
    provider: str
    provider_name: str
    source_department: str
    share_type: ShareType
    opening: Opening
    update_cycle: UpdateCycle
    format: Format
    state: State
    open_state: VersionState | None = Field(description="Where a draft or a change of it stands")
    version: int
    published_at: Instant | None
    changed_at: Instant

    @classmethod
    def of(cls, head: Any) -> Self:
        """The row of a list."""
        shown = {name: getattr(head, name) for name in cls.model_fields if name != "version"}
        return cls.model_validate(shown | {"version": head.shown_version})


class Version(Wire):
    """One version of a description, and how it was decided."""

    number: int
    state: VersionState
    drafted_at: Instant
    submitted_at: Instant | None
    decided_at: Instant | None
    published_at: Instant | None
    ended_at: Instant | None
    note: str | None
    conflict_reason: str | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """The version that a row holds."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class VersionContent(Version):
    """A version with the description as it was."""

    description: Description


class Difference(Wire):
    """A field that differs between two versions; items are named `items.<name>`."""

    field: str
    before: Any
    after: Any


class Differences(Wire):
    """What a later version changed."""

    code: str
    before: int
    after: int
    changes: tuple[Difference, ...]


class DifferenceQuery(Query):
    """Which versions to compare; without them the latest with the one before."""

    before: Annotated[int | None, Field(ge=1, le=100_000)] = None
    after: Annotated[int | None, Field(ge=1, le=100_000)] = None


Words = Annotated[str, Field(min_length=1, max_length=100, description="Words that all occur; the name counts most")]


class Facetted(Query):
    """Which resources, by the facets of the directory."""

    q: Words | None = None
    resource_class: ResourceClass | None = None
    theme: Theme | None = None
    provider: Annotated[str | None, Text(pattern=r"^[0-9A-Z]{18}$")] = None
    share_type: ShareType | None = None
    opening: Opening | None = None
    update_cycle: UpdateCycle | None = None
    format: Format | None = None
    tag: Annotated[str | None, Field(max_length=40)] = None


class PublicFacets(Facetted):
    """Which opened resources to count."""


class PublicFilter(Facetted, PageQuery):
    """Which opened resources."""


class InsideFacets(Facetted):
    """Which resources, inside government."""

    state: State | None = None
    open_state: VersionState | None = None
    overdue: bool | None = Field(
        default=None, description="New data is late by the update cycle, or is known not to be"
    )
    timeliness: Timeliness | None = Field(default=None, description="更新及时性: in time, late, or not known here")


class InsideFilter(InsideFacets, PageQuery):
    """Which resources, inside government, page by page."""


class FacetValue(Wire):
    """A value of a facet and how many of the found resources have it."""

    value: str
    count: int


class Facets(Wire):
    """How many of the found resources have which value."""

    total: int
    facets: dict[str, tuple[FacetValue, ...]]


class DepartmentStatistics(Wire):
    """What a department catalogued, shares and opens, and where its data is late."""

    provider: str
    provider_name: str
    catalogued: int = Field(description="已编目: published resources")
    in_progress: int = Field(description="Drafts and changes that are not published yet")
    shared: int = Field(description="无条件 and 有条件共享")
    shared_unconditionally: int
    opened: int
    opened_conditionally: int
    overdue: int = Field(description="逾期未更新")
    update_unknown: int = Field(description="更新情况不明: new data is due, and none of it comes by here")
    withdrawn: int


class Statistics(Wire):
    """Statistics of the directory, department by department."""

    at: Instant
    departments: tuple[DepartmentStatistics, ...]


class PublicPart(Wire):
    """A part of the opened resources in the order of their codes, and what is known of the whole.

    `last_after` is the code after which the last part lies, None where the first part is the last.
    """

    resources: tuple[Resource, ...]
    total: int
    changed_at: Instant
    more: bool
    last_after: str | None
