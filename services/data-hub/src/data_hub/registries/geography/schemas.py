"""What is said when layers are published and listed."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from citykit.pages import PageQuery
from citykit.wire import Instant, ShortText, Wire, Wrong
from data_hub.datasets.domain import ColumnType
from data_hub.organisations import OwnName
from data_hub.registries.geography.domain import LAYER_ID, Access, Cause
from data_hub.registries.geography.models import EditionRow, LayerRow

LayerId = Annotated[str, Field(pattern=LAYER_ID, examples=["green-spaces"])]
FieldName = Annotated[str, Field(min_length=1, max_length=63)]
CrsName = Literal["EPSG:4490", "CRS84", "EPSG:4326", "EPSG:3857", "EPSG:4527", "EPSG:4548", "GCJ-02"]
MOST_FEATURES = 100_000


class FieldDraft(Wire):
    """A column of a layer; columns that are not declared are read from the features, under their own names."""

    name: FieldName
    title: ShortText
    type: ColumnType


class NameDraft(Wire):
    """Which columns the geocoder reads: the name, other and former names (divided by 、), address and division code."""

    kind: Literal["place", "address", "village"] = Field(
        description="`village`: the features are villages and communities, and `division` is each one's own code"
    )
    name: FieldName
    aliases: FieldName | None = None
    address: FieldName | None = None
    division: FieldName | None = None


class Features(Wire):
    """A GeoJSON FeatureCollection (RFC 7946) with coordinates in the system that the draft names, east first."""

    type: Literal["FeatureCollection"]
    features: Annotated[list[dict[str, Any]], Field(max_length=MOST_FEATURES)]


class ResourcePoints(Wire):
    """A published resource of the department whose rows lie at longitude and latitude."""

    code: Annotated[str, Field(pattern=r"^[1-3]\d{5,10}-\d{6}$", examples=["201001-000001"])]
    longitude: FieldName
    latitude: FieldName
    columns: Annotated[tuple[FieldName, ...], Field(min_length=1, max_length=200)]


class LayerDraft(Wire):
    """A layer as a department publishes it, the first time or anew; the features replace those before at once.

    Exactly one of `features` and `resource` says where they come from.
    """

    id: LayerId
    title: ShortText
    title_en: ShortText
    description: Annotated[str, Field(max_length=2000)] = ""
    department_name: OwnName = None
    source: ShortText
    caution: Annotated[str | None, Field(max_length=500)] = None
    access: Access = Access.department
    crs: CrsName = Field(description="The system of the coordinates, named: nothing is guessed; always east first")
    fields: Annotated[tuple[FieldDraft, ...], Field(max_length=200)] = ()
    hidden: Annotated[tuple[FieldName, ...], Field(max_length=200)] = ()
    id_field: FieldName | None = None
    datetime_field: Annotated[FieldName | None, Field(description="The column that says when a feature is true")] = None
    datetime_end_field: Annotated[
        FieldName | None,
        Field(description="The column that says until when; with it, `datetime_field` says from when. Empty is open"),
    ] = None
    batch: Annotated[ShortText | None, Field(description="The department's own number of this delivery")] = None
    note: Annotated[ShortText | None, Field(description="Why the layer is published anew")] = None
    names: NameDraft | None = None
    sample: bool = False
    features: Features | None = None
    resource: ResourcePoints | None = None

    @model_validator(mode="after")
    def _from_one_place(self) -> Self:
        if (self.features is None) == (self.resource is None):
            raise Wrong("features 与 resource 应填其一", "exactly one of features and resource")
        if self.datetime_end_field is not None and self.datetime_field is None:
            raise Wrong("datetime_end_field 须有 datetime_field", "datetime_end_field needs a datetime_field")
        return self


class LayerField(Wire):
    """A column of a layer."""

    name: str
    title: str
    type: ColumnType
    hidden: bool = Field(description="Seen by the publishing department alone")


class Layer(Wire):
    """A layer of the city, as those inside government see it."""

    id: str
    title: str
    title_en: str
    description: str
    department: str
    department_name: str
    source: str
    caution: str | None
    access: Access
    fields: list[LayerField]
    datetime_field: str | None
    datetime_end_field: str | None
    kind: str = Field(description="Of the geometries: Point, LineString, Polygon, or Geometry where they differ")
    sample: bool
    resource: str | None
    extent: list[float] = Field(description="West, south, east, north; degrees in EPSG:4490")
    feature_count: int
    version: int
    edition: UUID
    digest: str = Field(description="SHA-256 of the features as they are stored")
    published_at: Instant
    withdrawn_at: Instant | None = None
    collection: str = Field(description="The path of the layer as an OGC API collection")

    @classmethod
    def of(cls, row: LayerRow) -> Self:
        """The layer that a row holds."""
        named = set(cls.model_fields) - {"fields", "collection", "access"}
        fields = [LayerField(**one) for one in row.fields]
        path = f"/api/data-hub/ogc/collections/{row.id}"
        rest = {name: getattr(row, name) for name in named}
        return cls(**rest, access=Access(row.access), fields=fields, collection=path)


class Published(Wire):
    """What became of a publication."""

    layer: Layer
    added: int
    changed: int
    removed: int
    repaired: list[int] = Field(description="Numbers, from one, of features whose geometry was invalid and was mended")
    without_place: int = Field(description="Rows of a resource that have no coordinates and are not on the map")


class LayerFilter(PageQuery):
    """Which layers: those on the map, or the withdrawn ones of one's own department."""

    department: Annotated[str | None, Field(max_length=18)] = None
    withdrawn: bool = False


class Edition(Wire):
    """A version of a layer: what it changed, and where it came from."""

    version: int
    cause: Cause
    feature_count: int
    added: int
    changed: int
    removed: int
    digest: str
    repaired: list[int]
    department: str
    source: str
    resource: str | None
    note: str | None
    published_at: Instant

    @classmethod
    def of(cls, row: EditionRow) -> Self:
        """The version that a row holds."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class Origin(Wire):
    """Where a state of a feature came from."""

    cause: Cause
    department: str
    source: str
    resource: str | None
    batch: str | None = Field(description="The batch of the resource, or the department's own number of the delivery")
    note: str | None


class State(Wire):
    """A state of a feature: what it said, from which version until which, and when that was known."""

    fid: str
    since: int
    until: int | None = Field(description="The version that ended it; null where it is the living one")
    known_from: Instant
    known_to: Instant | None
    geometry: dict[str, Any]
    properties: dict[str, Any]
    origin: Origin
    value_since: dict[str, int] = Field(
        default={},
        description="In a history: the version that brought each value, `geometry` too; its state says from where",
    )


class Withdrawal(Wire):
    """Why a layer is taken off the map."""

    reason: ShortText
