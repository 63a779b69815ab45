"""The sample city's layers: parks, public toilets and the places of some villages. All of it is invented.

Only the codes and names of the villages are real; where they lie is not, and every layer says so.
"""

import math
from typing import Any

from citykit.actors import Actor, ActorKind
from citykit.work import Work
from data_hub.divisions.domain import Level
from data_hub.divisions.service import DivisionDesk
from data_hub.registries.geography.repository import LayerTable
from data_hub.registries.geography.schemas import LayerDraft
from data_hub.registries.geography.service import Layers

BUREAU, STREETS, ECOLOGY = "11131100MB0H00014Y", "11131100MB0H00022R", "11131100MB0H00030L"
EAST, NORTH = 115.67, 37.74  # degrees in EPSG:4490, in the middle of Taocheng
COUNTY, VILLAGES = "131102", 40
_SOURCE = "示例数据,均为虚构 Sample data, invented"
_CAUTION = "示例图层:位置均为虚构,不得用于实际工作 A sample layer: the places are invented"
_GOLDEN = math.pi * (3 - math.sqrt(5))
_PARKS = (
    ("park-01", "示例人民公园", -0.020, 0.010, 0.006, 12.5, "1998-05-01", None),
    ("park-02", "示例滨湖公园", 0.030, -0.015, 0.009, 38.0, "2012-10-01", None),
    ("park-03", "示例植物园", -0.035, -0.020, 0.012, 60.2, "2009-04-29", None),
    ("park-04", "示例街心花园", 0.005, 0.004, 0.002, 0.8, "2003-06-01", "2019-12-31"),
    ("park-05", "示例体育公园", 0.018, 0.022, 0.005, 9.1, "2021-08-08", None),
)
_TOILETS = 24


def _spot(number: int, step: float) -> list[float]:
    """The place of a number: on a spiral around the middle of the town, no two together."""
    far, turn = step * math.sqrt(number + 1), number * _GOLDEN
    return [round(EAST + far * math.cos(turn), 6), round(NORTH + far * math.sin(turn), 6)]


def _feature(fid: str, geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": fid, "geometry": geometry, "properties": properties}


def _park(east: float, north: float, half: float) -> dict[str, Any]:
    """An octagon in degrees."""
    x, y, cut = EAST + east, NORTH + north, half / 2
    corners = [(-cut, -half), (cut, -half), (half, -cut), (half, cut), (cut, half), (-cut, half), (-half, cut),
               (-half, -cut), (-cut, -half)]  # fmt: skip
    return {"type": "Polygon", "coordinates": [[[round(x + a, 6), round(y + b, 6)] for a, b in corners]]}


def _drafted(layer: str, title: str, english: str, features: list[dict[str, Any]], **more: Any) -> LayerDraft:
    return LayerDraft(
        id=layer, title=title, title_en=english, source=_SOURCE, caution=_CAUTION, crs="EPSG:4490", sample=True,
        access="public", batch="sample", features={"type": "FeatureCollection", "features": features}, **more,
    )  # fmt: skip


def _parks() -> LayerDraft:
    features = [
        _feature(fid, _park(x, y, half), name=name, hectares=size, opened=opened, closed=closed)
        for fid, name, x, y, half, size, opened, closed in _PARKS
    ]
    return _drafted(
        "sample-parks", "示例公园绿地", "Sample parks", features, department_name="衡水市生态环境局(示例)",
        names={"kind": "place", "name": "name"}, datetime_field="opened", datetime_end_field="closed",
        fields=[
            {"name": "name", "title": "名称", "type": "string"},
            {"name": "hectares", "title": "面积(公顷)", "type": "number"},
            {"name": "opened", "title": "开放日期", "type": "date"},
            {"name": "closed", "title": "关闭日期", "type": "date"},
        ],
    )  # fmt: skip


def _toilets() -> LayerDraft:
    features = [
        _feature(
            f"toilet-{number:03d}", {"type": "Point", "coordinates": _spot(number, 0.003)},
            name=f"示例公共厕所{number:03d}号", address=f"桃城区示例路{number * 2}号", accessible=number % 3 != 0,
        )
        for number in range(1, _TOILETS + 1)
    ]  # fmt: skip
    return _drafted(
        "sample-public-toilets", "示例公共厕所", "Sample public toilets", features,
        department_name="衡水市城市管理综合行政执法局(示例)",
        names={"kind": "address", "name": "name", "address": "address"},
        fields=[
            {"name": "name", "title": "名称", "type": "string"}, {"name": "address", "title": "地址", "type": "string"},
            {"name": "accessible", "title": "无障碍", "type": "boolean"},
        ],
    )  # fmt: skip


async def _villages(work: Work) -> LayerDraft | None:
    """Villages with their real codes at invented places; None where no divisions are loaded."""
    found = [
        one for one in await DivisionDesk(work).everything()
        if one.level is Level.village and one.code.startswith(COUNTY) and one.successor_code is None
    ][:VILLAGES]  # fmt: skip
    features = [
        _feature(one.code, {"type": "Point", "coordinates": _spot(number, 0.006)}, name=one.name, code=one.code)
        for number, one in enumerate(found)
    ]
    if not features:
        return None
    return _drafted(
        "sample-villages", "示例村和社区位置", "Sample places of villages", features,
        department_name="衡水市数据和政务服务局(示例)",
        names={"kind": "village", "name": "name", "division": "code"},
        fields=[
            {"name": "name", "title": "名称", "type": "string"},
            {"name": "code", "title": "区划代码", "type": "string"},
        ],
    )  # fmt: skip


async def load_layers(work: Work) -> None:
    """Publish the sample's layers; what is there stays."""
    table = LayerTable(work)
    for department, draft in ((ECOLOGY, _parks()), (STREETS, _toilets()), (BUREAU, await _villages(work))):
        if draft is not None and await table.one(draft.id) is None:
            by = Actor(subject="data-hub", kind=ActorKind.service, department=department)
            await Layers(work).publish(draft, by=by)
