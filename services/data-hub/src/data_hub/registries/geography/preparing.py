"""From features as a department sends them to rows as they are stored: checked, mended, moved, and named.

Nothing here waits for anything: it runs beside the event loop, and all faults are told at once.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from citykit.problems import FieldError
from data_hub.bigrams import bigrams, search_key
from data_hub.datasets.domain import ColumnType
from data_hub.registries.geography import times
from data_hub.registries.geography.crs import GCJ_02, PUBLISHED_IN, inward, unshifted
from data_hub.registries.geography.domain import (
    FIELD_NAME,
    GEOMETRY,
    MOST_FIELDS,
    LayerField,
    fits,
    guessed,
)
from data_hub.registries.geography.errors import BadFeatures
from data_hub.registries.geography.geometries import Unfit, kind_of, taken
from data_hub.registries.geography.schemas import LayerDraft, NameDraft

MOST_ERRORS = 50
LONGEST_ID = 200
LONGEST_KEY = 200  # characters; an entry of a GIN index has no more than 2,700 bytes


@dataclass(frozen=True)
class Feature:
    """A feature as it is stored."""

    fid: str
    geometry: BaseGeometry
    properties: dict[str, Any]
    batch: str | None = None

    @cached_property
    def fingerprint(self) -> bytes:
        """SHA-256 of what the feature says: place and properties."""
        told = json.dumps(self.properties, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(f"{self.geojson}\n{told}".encode()).digest()

    @cached_property
    def geojson(self) -> str:
        """The geometry as GeoJSON text."""
        return str(shapely.to_geojson(self.geometry))


@dataclass(frozen=True)
class Name:
    """A name of the geocoder, with its point where one is known."""

    fid: str
    kind: str
    name: str
    others: tuple[str, ...]
    address: str | None
    division_code: str | None
    place: tuple[float, float] | None

    @cached_property
    def keys(self) -> list[str]:
        """The spellings that are searched: names first, then the address; what an index can hold of a very long one."""
        return [
            search_key(text)[:LONGEST_KEY]
            for text in (self.name, *self.others, *((self.address,) if self.address else ()))
        ]

    @cached_property
    def pairs(self) -> list[str]:
        """The pairs of characters of all spellings."""
        return bigrams(*self.keys)


@dataclass
class Prepared:
    """Everything that a publication stores."""

    fields: tuple[LayerField, ...]
    features: list[Feature] = field(default_factory=list)
    names: list[Name] = field(default_factory=list)
    repaired: list[int] = field(default_factory=list)

    @property
    def extent(self) -> list[float]:
        """West, south, east, north of all features."""
        return [float(one) for one in shapely.total_bounds([one.geometry for one in self.features])]

    @property
    def kind(self) -> str:
        """The kind of the geometries."""
        return kind_of({one.geometry.geom_type for one in self.features})

    @property
    def marks(self) -> dict[str, bytes]:
        """The fingerprint of each feature."""
        return {one.fid: one.fingerprint for one in self.features}

    def worked_out(self) -> dict[str, bytes]:
        """The fingerprints, with all else that takes time worked out beside the event loop."""
        for one in self.names:
            one.pairs  # noqa: B018 - kept from now on
        return self.marks


def period_of(columns: Iterable[Any]) -> tuple[datetime | None, datetime | None]:
    """The first and the last instant that values of time tell of."""
    told = [times.one(one) for one in columns if one]
    return (min(t.first for t in told), max(t.last for t in told)) if told else (None, None)


def prepared(
    draft: LayerDraft, raw: Sequence[Mapping[str, Any]], batches: Sequence[str | None] | None = None
) -> Prepared:
    """The rows of a publication, each from the batch at its place, else from the draft's.

    Raises BadFeatures, which names each feature that is wrong, by number from one.
    """
    if not raw:
        raise BadFeatures(("没有要素", "There is no feature"))
    made = Prepared(_fields(draft, [one.get("properties") or {} for one in raw]))
    faults: list[FieldError] = []
    seen: set[str] = set()
    move = unshifted if draft.crs == GCJ_02 else inward(PUBLISHED_IN[draft.crs], east_first=True)
    for number, feature in enumerate(raw, start=1):
        try:
            taken_in = taken(feature.get("geometry"), move)
            properties = _properties(feature, made.fields)
            fid = _fid(feature, number, draft.id_field, seen)
        except Unfit as error:
            faults.append(_fault(number, error))
            if len(faults) >= MOST_ERRORS:
                break
            continue
        batch = draft.batch if batches is None else batches[number - 1]
        made.features.append(Feature(fid, taken_in.geometry, properties, batch))
        if taken_in.repaired:
            made.repaired.append(number)
    if faults:
        first = faults[0].message
        raise BadFeatures((f"共有要素未通过检查,例如{first}", f"For example: {first}"), errors=faults)
    if draft.names is not None:
        made.names = list(names_of(draft.names, made.features))
    return made


def _fault(number: int, error: Unfit) -> FieldError:
    message = f"第{number}个要素: {error.zh} Feature {number}: {error.en}"
    return FieldError(pointer=f"/body/features/features/{number - 1}", code="unfit", message=message)


def _fields(draft: LayerDraft, properties: list[Mapping[str, Any]]) -> tuple[LayerField, ...]:
    declared = {one.name: one for one in draft.fields}
    found = guessed(properties)
    timed = [one for one in (draft.datetime_field, draft.datetime_end_field) if one is not None]
    for one in timed:
        if one in found and one not in declared:
            found[one] = _time_type([each.get(one) for each in properties])
    types = found | {name: one.type for name, one in declared.items()}
    fields = tuple(
        LayerField(name, declared[name].title if name in declared else name, kind, hidden=name in draft.hidden)
        for name, kind in types.items()
    )
    named = draft.names.model_dump(exclude={"kind"}).values() if draft.names else ()
    wanted = {*draft.hidden, *(*timed, draft.id_field, *named)} - {None}
    for name in types:
        if not FIELD_NAME.fullmatch(name) or name == GEOMETRY:
            raise BadFeatures((f"不能作为属性名: {name[:80]}", f"No name for a column: {name[:80]}"))
    if lacking := sorted(str(one) for one in wanted - types.keys()):
        raise BadFeatures((f"没有这些属性: {lacking}", f"There are no such columns: {lacking}"))
    if told := sorted({*draft.hidden} & {*named, draft.id_field}):
        raise BadFeatures((f"隐藏属性不能用作名称或标识: {told}", f"A hidden column is no name and no id: {told}"))
    if any(types[one] not in {ColumnType.date, ColumnType.datetime} for one in timed):
        raise BadFeatures(("时间属性应为日期或时间", "The column of time must be a date or a datetime"))
    if len(fields) > MOST_FIELDS:
        raise BadFeatures((f"属性超过 {MOST_FIELDS} 个", f"More than {MOST_FIELDS} columns"))
    return fields


def _time_type(values: list[Any]) -> ColumnType:
    for kind in (ColumnType.date, ColumnType.datetime):
        if all(fits(value, kind) for value in values):
            return kind
    return ColumnType.string


def _properties(feature: Mapping[str, Any], fields: tuple[LayerField, ...]) -> dict[str, Any]:
    given = feature.get("properties")
    if feature.get("type") != "Feature" or not isinstance(given, dict | None):
        raise Unfit("不是 GeoJSON 要素", "not a GeoJSON feature")
    given = given or {}
    for one in fields:
        if not fits(given.get(one.name), one.type):
            raise Unfit(f"属性 {one.name} 不是 {one.type.value}", f"{one.name} is no {one.type.value}")
    return {one.name: given.get(one.name) for one in fields}


def _fid(feature: Mapping[str, Any], number: int, id_field: str | None, seen: set[str]) -> str:
    told = feature.get("id") if id_field is None else feature["properties"].get(id_field)
    if told is None and id_field is None:
        told = f"{number:08d}"
    if isinstance(told, bool) or not isinstance(told, str | int):
        raise Unfit("没有可用的标识", "no usable id")
    fid = str(told)
    if not 1 <= len(fid) <= LONGEST_ID or "/" in fid or not fid.isprintable() or fid != fid.strip():
        raise Unfit("标识含有不允许的字符或过长", "an id has forbidden characters or is too long")
    if fid in seen:
        raise Unfit(f"标识重复: {fid}", f"the id is there twice: {fid}")
    seen.add(fid)
    return fid


def names_of(draft: NameDraft, features: Iterable[Feature]) -> Iterable[Name]:
    """The names that a layer gives to the geocoder; a feature without one gives none."""
    for feature in features:
        told = {key: feature.properties.get(name) for key, name in draft.model_dump(exclude={"kind"}).items() if name}
        if not told.get("name"):
            continue
        point = feature.geometry.representative_point()
        yield Name(
            fid=feature.fid, kind=draft.kind, name=str(told["name"]), place=(point.x, point.y),
            others=tuple(part for part in str(told.get("aliases") or "").split("、") if part.strip()),
            address=str(told["address"]) if told.get("address") else None,
            division_code=str(told["division"]) if told.get("division") else None,
        )  # fmt: skip
