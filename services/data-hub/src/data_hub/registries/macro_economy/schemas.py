"""What the macro-economy registry takes and says over the wire, outside SDMX."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic import StringConstraints as Text

from citykit.pages import PageQuery
from citykit.wire import Instant, LongText, Query, ShortText, Uscc, Wire, Wrong
from data_hub.registries.macro_economy.domain import AGENCY, ID, NC_NAME, VERSION, Ref, reference

MOST_OBSERVATIONS = 20_000  # observations in one release
Id = Annotated[str, Text(pattern=rf"^{ID.pattern}$")]
NcName = Annotated[str, Text(pattern=rf"^{NC_NAME.pattern}$")]
Agency = Annotated[str, Text(pattern=rf"^{AGENCY.pattern}$", max_length=200)]
Version = Annotated[str, Text(pattern=rf"^{VERSION.pattern}$")]
ReleaseId = Annotated[str, Text(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


def _reference(text: str) -> str:
    reference(text)
    return text


RefText = Annotated[str, Text(max_length=300), AfterValidator(_reference), Field(examples=["HS:CL_FREQ(1.0)"])]


class Name(Wire):
    """A name in both languages."""

    zh: ShortText
    en: ShortText


class Artefact(Wire):
    """What every structure has: its maintenance agency, id, version and name."""

    agency: Agency = "HS"
    id: Id
    version: Version = "1.0"
    name: Name
    description: LongText | None = None

    @property
    def ref(self) -> Ref:
        """The artefact's reference."""
        return Ref(self.agency, self.id, self.version)


class CodeDraft(Wire):
    """A code, and the code that it is a part of."""

    id: Id
    name: Name
    parent: Id | None = None


class Codelist(Artefact):
    """A code list 代码表."""

    codes: Annotated[list[CodeDraft], Field(max_length=20_000)]


class ConceptDraft(Wire):
    """A concept: the meaning of a dimension, attribute or measure."""

    id: NcName
    name: Name


class ConceptScheme(Artefact):
    """A concept scheme 概念体系."""

    concepts: Annotated[list[ConceptDraft], Field(min_length=1, max_length=1_000)]


class DimensionDraft(Wire):
    """A dimension, named by its concept, with its code list."""

    id: NcName
    codelist: RefText


class Level(StrEnum):
    """What an attribute is said of."""

    observation = "observation"
    series = "series"


class AttributeDraft(Wire):
    """An attribute, named by its concept; coded where it has a code list."""

    id: NcName
    level: Level = Level.observation
    required: bool = False
    codelist: RefText | None = None


class DataStructure(Artefact):
    """A data structure definition 数据结构; its time dimension is TIME_PERIOD, its measure OBS_VALUE."""

    id: NcName
    concepts: RefText
    dimensions: Annotated[list[DimensionDraft], Field(min_length=1, max_length=20)]
    attributes: Annotated[list[AttributeDraft], Field(max_length=50)] = Field(default=[])


class Dataflow(Artefact):
    """A dataflow 数据流. Along each of `additive` a parent code is the sum of its children: the rule of suppression."""

    structure: RefText
    additive: Annotated[list[NcName], Field(max_length=5)] = Field(default=[])


class NewCodes(Wire):
    """Codes that a list gains; a code that was published stays."""

    codes: Annotated[list[CodeDraft], Field(min_length=1, max_length=5_000)]


class StructureMade(Wire):
    """A structure was taken."""

    kind: str
    reference: str
    urn: str


class Flow(Wire):
    """A flow as people look for it."""

    reference: str
    name: Name
    description: str | None
    structure: str
    dimensions: list[str]
    additive: list[str]
    data_changed_at: Instant | None
    sample: bool


class IndicatorDraft(Wire):
    """An indicator to define; its code joins the flow's list of indicators."""

    code: Id
    name: Name
    description: LongText | None = None
    unit: Id = Field(description="A code of the flow's unit list where it has one", examples=["CNY"])
    unit_mult: Annotated[int, Field(ge=-9, le=15)] = Field(default=0, description="Power of ten: 8 = 亿")
    decimals: Annotated[int, Field(ge=0, le=15)] = 2
    additive: bool = Field(default=True, description="False for rates and indices: no total is the sum of its parts")
    parent: Id | None = Field(default=None, description="The indicator that this one is a part of")
    department: Uscc
    department_name: ShortText
    flow: RefText


class Indicator(Wire):
    """An indicator 指标."""

    code: str
    name: Name
    description: str | None
    unit: str
    unit_mult: int
    decimals: int
    additive: bool
    department: str
    department_name: str
    flow: str
    sample: bool
    defined_at: Instant

    @classmethod
    def of(cls, row: Any) -> Self:
        """The indicator that a row of the table holds."""
        known = {name: getattr(row, name) for name in cls.model_fields if name != "name"}
        return cls(name=Name(zh=row.name_zh, en=row.name_en), **known)


class IndicatorFilter(PageQuery):
    """Which indicators: by flow, department, or a part of the name or code."""

    flow: Annotated[str | None, Field(max_length=300)] = None
    department: Annotated[str | None, Field(max_length=18)] = None
    name: Annotated[str | None, Field(min_length=1, max_length=100)] = None


class RevisionKind(StrEnum):
    """Why published values change."""

    routine = "routine"  # 常规修订: late reports came in
    benchmark = "benchmark"  # 基准修订: a census
    error = "error"  # 差错更正
    methodology = "methodology"  # 方法制度变更
    confidentiality = "confidentiality"  # 保密属性更正


class Revision(Wire):
    """The reason of a revision 修订原因."""

    kind: RevisionKind
    reason: ShortText


class Source(Wire):
    """Who states the observations, in which of its batches 数源部门与批次."""

    department: Uscc
    department_name: ShortText | None = None
    batch: Annotated[str, Text(max_length=100, min_length=1)] | None = None


Attributes = dict[NcName, Annotated[str, Text(max_length=1000)]]


class ObservationDraft(Wire):
    """An observation to release. `key` holds the codes of the dimensions in order; a missing value is null."""

    key: Annotated[str, Text(max_length=1_300)] = Field(examples=["A.GDP.131100"])
    period: Annotated[str, Text(max_length=20)] = Field(examples=["2025-Q3"])
    value: Annotated[Decimal, Field(max_digits=28, decimal_places=14, allow_inf_nan=False)] | None
    obs_status: Annotated[str, Text(pattern=r"^[A-Z_]$")] = "A"
    conf_status: Annotated[str, Text(pattern=r"^[FCNDS]$")] = "F"
    attributes: Annotated[Attributes, Field(max_length=50)] = Field(default={})

    @field_validator("value", mode="before")
    @classmethod
    def _no_truth(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise Wrong("应为数字，不是真假值", "a number is wanted, not a truth value")
        return value


class ReleaseDraft(Wire):
    """A release of observations 数据发布: all of them or none, once per release id."""

    release: ReleaseId
    source: Source
    revision: Revision | None = None
    series_attributes: Annotated[dict[str, Attributes], Field(max_length=5_000)] = Field(default={})
    observations: Annotated[list[ObservationDraft], Field(min_length=1, max_length=MOST_OBSERVATIONS)]


class Release(Wire):
    """A release as it was taken; `suppressed` counts the cells that the rule hid or showed beside those stated."""

    flow: str
    release: str
    released_at: Instant
    department: str
    department_name: str | None
    batch: str | None
    revision_kind: RevisionKind | None
    reason: str | None
    created: int
    revised: int
    unchanged: int
    suppressed: int
    sample: bool

    @classmethod
    def of(cls, row: Any) -> Self:
        """The release that a row of the table holds."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class ConfidentialCell(Wire):
    """A cell whose confidentiality was stated wrongly, and what it is from now on."""

    key: Annotated[str, Text(max_length=1_300)]
    period: Annotated[str, Text(max_length=20)]
    conf_status: Annotated[str, Text(pattern=r"^[FCNDS]$")]


class HiddenCell(Wire):
    """A cell that is not shown to everybody: confidential as stated, or hidden by the rule to protect another."""

    key: str
    period: str
    value: Decimal | None
    confidentiality: str
    by_rule: bool = Field(description="True where the rule hides it, so that no confidential cell can be computed")


class ConfidentialityCorrection(Wire):
    """A correction of confidentiality 保密属性更正: of the named cells, values untouched."""

    release: ReleaseId
    source: Source
    reason: ShortText
    cells: Annotated[list[ConfidentialCell], Field(min_length=1, max_length=5_000)]


class CsvUpload(Query):
    """What a table of observations (SDMX-CSV) does not say itself."""

    release: ReleaseId
    department: Uscc
    department_name: ShortText | None = None
    batch: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    revision_kind: RevisionKind | None = None
    reason: ShortText | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.revision_kind is None) != (self.reason is None):
            raise Wrong("revision_kind 与 reason 应同时填写", "revision_kind and reason come together")
        return self


class ObservationQuery(Query):
    """Which observations of an indicator; `as_of` reads what was known then, `history` shows every vintage."""

    area: Annotated[str | None, Field(max_length=64, description="Code of the area, 131102 or 131100")] = None
    freq: Annotated[str | None, Field(pattern=r"^[ASTQMWD]$")] = None
    start: Annotated[str | None, Field(max_length=20, description="First period, 2020 or 2020-Q1")] = None
    end: Annotated[str | None, Field(max_length=20)] = None
    as_of: Instant | None = None
    history: bool = False


class Observation(Wire):
    """A value of an indicator; null where it is missing or may not be shown, which `confidentiality` tells."""

    key: str
    area: str | None
    freq: str | None
    period: str
    start: date
    end: date
    value: Decimal | None
    status: str
    confidentiality: str
    comment: str | None
    known_from: Instant
    known_to: Instant | None
    release: str
    source: str
    batch: str | None
    revision_reason: str | None


class Observations(Wire):
    """Observations of one indicator."""

    indicator: Indicator
    observations: list[Observation]


class AreaQuery(Query):
    """The period that a map of areas shows."""

    period: Annotated[str, Field(max_length=20)]
    as_of: Instant | None = None


class AreaValue(Wire):
    """The value of an area."""

    area: str
    name: Name
    value: Decimal | None
    status: str
    confidentiality: str


class AreaValues(Wire):
    """An indicator by area in one period, for maps."""

    indicator: Indicator
    period: str
    areas: list[AreaValue]
