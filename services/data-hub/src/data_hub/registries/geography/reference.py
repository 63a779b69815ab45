"""The divisions as a layer, and all their names for the geocoder. Loading the same edition again changes nothing."""

from citykit.work import Work
from data_hub.datasets.domain import ColumnType
from data_hub.divisions.domain import Level
from data_hub.divisions.schemas import Division
from data_hub.divisions.service import DivisionDesk
from data_hub.registries.geography.domain import DIVISIONS, Access, NameKind, digest_of
from data_hub.registries.geography.preparing import Name, Prepared, prepared
from data_hub.registries.geography.repository import LayerTable
from data_hub.registries.geography.schemas import FieldDraft, LayerDraft
from data_hub.registries.geography.service import Layers
from data_hub.registries.geography.spellings import spellings

LOADER = "service:data-hub"
DEPARTMENT = "data-hub"  # no department's code: nobody signs in for it
_FIELDS = tuple(
    FieldDraft(name=name, title=title, type=ColumnType.string)
    for name, title in (("code", "区划代码"), ("name", "名称"), ("level", "级别"), ("parent_code", "上级代码"))
)


def _draft(source: str) -> LayerDraft:
    return LayerDraft(
        id=DIVISIONS, title="行政区划", title_en="Administrative divisions",
        description="衡水市及 11 个县(市、区)的边界 Boundaries of the city and its 11 counties",
        department_name="衡水市大数据中心", source=source,
        caution="简化边界,不作法定依据 Simplified; not for legal borders",
        access=Access.public, crs="EPSG:4490", fields=_FIELDS, features={"type": "FeatureCollection", "features": []},
    )  # fmt: skip


async def load_geography(work: Work) -> None:
    """Publish the divisions that have a boundary, where they changed."""
    desk, table = DivisionDesk(work), LayerTable(work)
    bounded = await desk.bounded()
    if not bounded:
        return
    raw = [
        {
            "type": "Feature", "id": division.code, "geometry": geometry,
            "properties": {one.name: getattr(division, one.name) for one in _FIELDS},
        }
        for division, geometry, _ in bounded
    ]  # fmt: skip
    draft = _draft(bounded[0][2])
    made = prepared(draft, raw)
    names = _names(await desk.everything(), made)
    row = await table.one(DIVISIONS, lock=True)
    if row is not None and row.digest == digest_of(made.marks) and row.source == draft.source:
        if await table.names(DIVISIONS) != {(one.fid, one.kind, *one.keys) for one in names}:
            await table.drop_names(DIVISIONS)
            await table.add_names(DIVISIONS, names)
        return
    await Layers(work).replace(draft, made, department=DEPARTMENT, by=LOADER, row=row, names=names)


def _names(divisions: list[Division], made: Prepared) -> list[Name]:
    """Every division by its full and its short name, villages as such; a former one leads to its successor."""
    by_code = {one.code: one for one in divisions}
    points = {one.fid: one.geometry.representative_point() for one in made.features}
    names = []
    for one in divisions:
        living = by_code.get(one.successor_code or "", one)
        others = spellings(one.name, one.level)
        kind = NameKind.village if one.level is Level.village else NameKind.division
        point = points.get(living.code) if one.level in {Level.city, Level.county} else None
        names.append(
            Name(
                fid=one.code, kind=kind.value, name=one.name, others=others, address=None,
                division_code=living.code, place=None if point is None else (point.x, point.y),
            )
        )  # fmt: skip
    return names
