"""Rows of a published resource as the features of a layer: what the directory keeps inside stays inside."""

from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from citykit.work import Work
from data_hub.datasets.service import BATCH, ROW_ID, Datasets
from data_hub.registries.geography.domain import Access
from data_hub.registries.geography.errors import BadFeatures, NotOpened
from data_hub.registries.geography.schemas import MOST_FEATURES, ResourcePoints
from data_hub.resources.domain import Opening, ShareType
from data_hub.resources.errors import NotTheProvider
from data_hub.resources.schemas import Resource
from data_hub.resources.service import Resources

# What a layer of each access may show: the sensitivity of the directory's information items. Personal ones are on no
# map: whoever reads a person's data says why, and a map asks nobody.
_INSIDE = {"public", "internal"}
_SHOWN = {Access.public: {"public"}, Access.government: _INSIDE, Access.department: _INSIDE}


@dataclass(frozen=True)
class Points:
    """Rows as GeoJSON features, the batch that last stated each, and how many have no coordinates."""

    features: list[dict[str, Any]]
    batches: list[str | None]
    without_place: int


async def points_of(work: Work, asked: ResourcePoints, access: Access, department: str) -> Points:
    """The rows of a resource.

    Raises NoResource, NotTheProvider, NotOpened, NoDataset, BadFeatures.
    """
    resource = await Resources(work).need(asked.code)
    if resource.provider != department:
        raise NotTheProvider()
    allowed(resource, (asked.longitude, asked.latitude, *asked.columns), access)
    dataset = await Datasets(work).need(resource.code)
    names = [*dict.fromkeys([asked.longitude, asked.latitude, *asked.columns])]
    if lacking := [name for name in names if dataset.shape.column(name) is None]:
        raise BadFeatures((f"没有这些数据项: {lacking}", f"There are no such items: {lacking}"))
    if any(one.is_sealed for one in dataset.shape.columns if one.name in names):
        raise NotOpened()  # it was personal a moment ago, and its rows are being laid open
    listed = sql.SQL(", ").join(sql.Identifier(name) for name in [ROW_ID, BATCH, *names])
    statement = sql.SQL("select {} from {} order by {} limit {}").format(
        listed, sql.Identifier(dataset.table), sql.Identifier(ROW_ID), sql.Literal(MOST_FEATURES + 1)
    )
    async with (await work.driver()).cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(statement)).fetchall()
    if len(rows) > MOST_FEATURES:
        raise BadFeatures((f"超过 {MOST_FEATURES} 行", f"More than {MOST_FEATURES} rows"))
    placed = [row for row in rows if row[asked.longitude] is not None and row[asked.latitude] is not None]
    batches = [None if row[BATCH] is None else str(row[BATCH]) for row in placed]
    return Points([_feature(row, asked) for row in placed], batches, len(rows) - len(placed))


def allowed(resource: Resource, columns: tuple[str, ...], access: Access) -> None:
    """Refuse to show columns of a resource to more readers than its description allows. Raises NotOpened."""
    opened = resource.opening is Opening.opened if access is Access.public else True
    if not opened or (access is Access.government and resource.share_type is not ShareType.unconditional):
        raise NotOpened()
    inside = [one.name for one in resource.items if one.name in columns and one.sensitivity.value not in _SHOWN[access]]
    if inside:
        raise NotOpened((f"这些数据项不对此范围公开: {inside}", f"Items that are not for so many: {inside}"))


def _feature(row: dict[str, Any], asked: ResourcePoints) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [_told(row[asked.longitude]), _told(row[asked.latitude])]}
    properties = {name: _told(row[name]) for name in asked.columns}
    return {"type": "Feature", "id": f"{row[ROW_ID]:012d}", "geometry": point, "properties": properties}


def _told(value: Any) -> Any:
    """A value of a row as JSON has it."""
    if value is None or isinstance(value, bool | int | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else float(value)
