"""The rules of layers: who sees which, which columns they have, what a value of a column looks like."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from citykit.actors import Actor
from data_hub.datasets.domain import ColumnType

READ = "data-hub.geography.read"
PUBLISH = "data-hub.geography.publish"
SUPERVISE = "data-hub.registries.supervise"
DIVISIONS = "divisions"  # the layer that comes with the service, and that no department publishes over
LAYER_ID = r"^[a-z][a-z0-9-]{1,58}[a-z0-9]$"
FIELD_NAME = re.compile(r"[^\W\d]\w{0,62}")
GEOMETRY = "geometry"  # how filters name the geometry; no column may be called so
MOST_FIELDS = 200
LONGEST_VALUE = 10_000


class Access(StrEnum):
    """Who may see a layer."""

    public = "public"  # 公开
    government = "government"  # 政务内部: anybody with the scope data-hub.geography.read
    department = "department"  # 本部门: the department that publishes it


class NameKind(StrEnum):
    """What a name of the geocoder stands for."""

    division = "division"
    village = "village"
    place = "place"
    address = "address"


class Cause(StrEnum):
    """Why a layer has a new version."""

    publication = "publication"  # 发布
    correction = "correction"  # 校核更正
    withdrawal = "withdrawal"  # 撤回


class DisputeState(StrEnum):
    """Where a correction ticket of a layer stands."""

    open = "open"  # 待校核
    corrected = "corrected"  # 已更正
    dismissed = "dismissed"  # 维持原值
    withdrawn = "withdrawn"  # 已撤回


@dataclass(frozen=True)
class LayerField:
    """A column of a layer. A hidden one is seen by the department that publishes the layer, and by nobody else."""

    name: str
    title: str
    type: ColumnType
    hidden: bool = False


@dataclass(frozen=True)
class Viewer:
    """Who looks: nobody known, or an actor."""

    actor: Actor | None = None

    def sees(self, access: Access, department: str) -> bool:
        """Whether a layer of that access, published by that department, is shown."""
        if access is Access.public:
            return True
        if self.actor is None or self.is_anybody:
            return False
        return access is Access.government or self.actor.department == department

    @property
    def is_anybody(self) -> bool:
        """Whether the viewer sees no more than everybody: nobody known, or a token without a right of the registry."""
        return self.actor is None or not (self.actor.may(READ) or self.actor.may(PUBLISH))

    def owns(self, department: str) -> bool:
        """Whether the viewer acts for the department that publishes the layer."""
        if self.actor is None or self.actor.department != department:
            return False
        return self.actor.may(READ) or self.actor.may(PUBLISH)

    def publishes(self, department: str) -> bool:
        """Whether the viewer may publish the layer anew."""
        return self.owns(department) and self.actor is not None and self.actor.may(PUBLISH)


@dataclass(frozen=True)
class Difference:
    """What one version has that the one before had not, by the ids of features."""

    added: list[str]
    changed: list[str]
    removed: list[str]

    @property
    def opened(self) -> set[str]:
        """The features that get a new state."""
        return {*self.added, *self.changed}

    @property
    def closed(self) -> list[str]:
        """The features whose living state ends."""
        return [*self.changed, *self.removed]


def difference(before: Mapping[str, bytes], now: Mapping[str, bytes]) -> Difference:
    """What became of features, told by their fingerprints."""
    return Difference(
        added=[fid for fid in now if fid not in before],
        changed=[fid for fid, mark in now.items() if fid in before and before[fid] != mark],
        removed=[fid for fid in before if fid not in now],
    )


def digest_of(marks: Mapping[str, bytes]) -> str:
    """The fingerprint of a whole version: the same features give the same one, in whatever order they came."""
    known = hashlib.sha256()
    for fid in sorted(marks):
        known.update(fid.encode() + b"\n" + marks[fid])
    return known.hexdigest()


def fields_of(kept: Iterable[Mapping[str, Any]]) -> tuple[LayerField, ...]:
    """The columns that a layer's row tells of."""
    return tuple(LayerField(f["name"], f["title"], ColumnType(f["type"]), f["hidden"]) for f in kept)


def _type_of(value: Any) -> ColumnType | None:
    if isinstance(value, bool):
        return ColumnType.boolean
    if isinstance(value, int):
        return ColumnType.integer
    if isinstance(value, float):
        return ColumnType.number
    return ColumnType.string if isinstance(value, str) else None


def guessed(features: Iterable[Mapping[str, Any]]) -> dict[str, ColumnType]:
    """The type of each property of some features, where nobody declared them: the narrowest that holds all values."""
    found: dict[str, ColumnType | None] = {}
    for properties in features:
        for name, value in properties.items():
            before = found.setdefault(name, None)
            told = None if value is None else _type_of(value) or ColumnType.string
            if told is None or before is told:
                continue
            numbers = {before, told} == {ColumnType.integer, ColumnType.number}
            found[name] = told if before is None else ColumnType.number if numbers else ColumnType.string
    return {name: kind or ColumnType.string for name, kind in found.items()}


def fits(value: Any, kind: ColumnType) -> bool:
    """Whether a JSON value is one of a column's type; null always is."""
    if value is None:
        return True
    if kind in {ColumnType.date, ColumnType.datetime}:
        return isinstance(value, str) and _is_time(value, kind)
    if kind is ColumnType.boolean:
        return isinstance(value, bool)
    if kind is ColumnType.string:
        return isinstance(value, str) and len(value) <= LONGEST_VALUE
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**63 and (kind is ColumnType.number or isinstance(value, int))


def _is_time(value: str, kind: ColumnType) -> bool:
    try:
        if kind is ColumnType.date:
            return len(value) == 10 and date.fromisoformat(value).year >= 1
        told = datetime.fromisoformat(value)
    except ValueError:
        return False
    return told.tzinfo is not None and 1000 <= told.year <= 9000


def value_versions(states: Iterable[tuple[int, int | None, Mapping[str, Any]]]) -> dict[int, dict[str, int]]:
    """The version that brought each value of each state, from states (since, until, values) with the oldest first.

    A value is brought anew where it changes, and where the feature was gone before.
    """
    found: dict[int, dict[str, int]] = {}
    ended: int | None = None
    before: Mapping[str, Any] = {}
    for since, until, values in states:
        known = found[max(found)] if ended == since and found else {}
        found[since] = {
            name: known[name] if name in known and before[name] == value else since for name, value in values.items()
        }
        ended, before = until, values
    return found
