"""What the directory says over the wire. Names of fields follow the national core metadata, in English."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field
from pydantic import StringConstraints as Text

from citykit.wire import Instant, LongText, ShortText, Uscc, Wire
from data_hub.datasets.domain import MOST_COLUMNS, ColumnType
from data_hub.resources import quality
from data_hub.resources.domain import (
    Format,
    Opening,
    ResourceClass,
    ShareMethod,
    ShareType,
    State,
    Terms,
    UpdateCycle,
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
    provider_name: ShortText
    source_department: Uscc = Field(description="数源部门: the one department that this data begins with")
    source_department_name: ShortText
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
