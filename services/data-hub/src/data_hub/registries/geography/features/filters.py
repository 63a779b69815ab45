"""A CQL2 tree becomes a condition in SQL and, where geometries are compared, a decision in shapely.

The database narrows by boxes alone, whose comparison is coarse (a tolerance of 1e-6 degrees); shapely decides. Parts
without geometry are computed by the database in either case, as columns beside the row, so that they mean one thing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from data_hub.registries.geography.crs import Move, moved
from data_hub.registries.geography.domain import GEOMETRY
from data_hub.registries.geography.errors import BadFilter
from data_hub.registries.geography.features.scalars import Binding, Scalar, scalar, temporal, unknown
from data_hub.registries.geography.geometries import Unfit, plain_shape

Truth = bool | None  # SQL's three values
Decide = Callable[[tuple[Truth, ...], BaseGeometry], Truth]
COMPARISONS = {"=": "=", "<>": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
SPATIAL: dict[str, Callable[[BaseGeometry, BaseGeometry], bool]] = {
    "s_intersects": lambda a, b: bool(a.intersects(b)), "s_equals": lambda a, b: bool(a.equals(b)),
    "s_disjoint": lambda a, b: bool(a.disjoint(b)), "s_touches": lambda a, b: bool(a.touches(b)),
    "s_within": lambda a, b: bool(a.within(b)), "s_overlaps": lambda a, b: bool(a.overlaps(b)),
    "s_crosses": lambda a, b: bool(a.crosses(b)), "s_contains": lambda a, b: bool(a.contains(b)),
}  # fmt: skip
MOST_WILDCARDS = 8
# af, al: first and last instant of the left side; bf, bl: of the right one.
TEMPORAL = {
    "t_after": "{af} > {bl}", "t_before": "{al} < {bf}", "t_disjoint": "({al} < {bf} or {af} > {bl})",
    "t_equals": "({af} = {bf} and {al} = {bl})", "t_intersects": "({af} <= {bl} and {al} >= {bf})",
    "t_contains": "({af} < {bf} and {al} > {bl})", "t_during": "({af} > {bf} and {al} < {bl})",
    "t_finishes": "({af} > {bf} and {al} = {bl})", "t_finishedby": "({af} < {bf} and {al} = {bl})",
    "t_starts": "({af} = {bf} and {al} < {bl})", "t_startedby": "({af} = {bf} and {al} > {bl})",
    "t_meets": "{al} = {bf}", "t_metby": "{af} = {bl}",
    "t_overlaps": "({af} < {bf} and {al} > {bf} and {al} < {bl})",
    "t_overlappedby": "({af} > {bf} and {af} < {bl} and {al} > {bl})",
}  # fmt: skip


@dataclass(frozen=True)
class Filter:
    """`sql` is true of every feature that passes, and perhaps of more; `decide` settles it from `columns` and geometry.

    Without `decide` the SQL is exact.
    """

    sql: str
    columns: tuple[str, ...] = ()
    decide: Decide | None = None


class Compiler:
    """Compiles one tree. `read` moves the geometries of the filter from the system that they are written in."""

    def __init__(self, binding: Binding, read: Move) -> None:
        self.binding = binding
        self.read = read
        self.columns: list[str] = []

    def compile(self, tree: Any) -> Filter:
        """The filter that `tree` describes. Raises BadFilter."""
        if not _is_spatial(tree):
            return Filter(self.boolean(tree))
        sql, decide = self._mixed(tree, negated=False)
        return Filter(sql, tuple(self.columns), decide)

    def _mixed(self, node: Any, *, negated: bool) -> tuple[str, Decide]:
        """A condition that must hold where `node` (or its negation) does, and the decision on `node` itself."""
        if not _is_spatial(node):
            sql, place = self.boolean(node), len(self.columns)
            self.columns.append(sql)
            return (f"(not {sql})" if negated else sql), lambda columns, _: columns[place]
        operation, given = _operation(node)
        if operation == "not" and len(given) == 1:
            sql, inner = self._mixed(given[0], negated=not negated)
            return sql, lambda columns, geometry: _not(inner(columns, geometry))
        if operation in {"and", "or"} and len(given) >= 2:
            parts = [self._mixed(one, negated=negated) for one in given]
            word = " and " if (operation == "and") is not negated else " or "
            choices, combine = [decide for _, decide in parts], _and if operation == "and" else _or
            sql = "(" + word.join(condition for condition, _ in parts) + ")"
            return sql, lambda columns, geometry: combine([choose(columns, geometry) for choose in choices])
        if operation in SPATIAL and len(given) == 2:
            return self._spatial(operation, given, negated=negated)
        raise unknown(node)

    def _spatial(self, operation: str, given: list[Any], *, negated: bool) -> tuple[str, Decide]:
        left, right = (self._geometry(one) for one in given)
        test, fixed = SPATIAL[operation], left or right
        for one in (left, right):
            if one is not None:
                shapely.prepare(one)

        def decide(_: tuple[Truth, ...], geometry: BaseGeometry) -> Truth:
            return test(geometry if left is None else left, geometry if right is None else right)

        if negated or operation == "s_disjoint" or fixed is None or (left is not None and right is not None):
            return "true", decide
        west, south, east, north = fixed.bounds
        corners = [self.binding.bind(float(one), "float8") for one in (east, north, west, south)]
        return f"extent && box(point({corners[0]}, {corners[1]}), point({corners[2]}, {corners[3]}))", decide

    def _geometry(self, node: Any) -> BaseGeometry | None:
        """A geometry of the filter as it would be stored, None for the feature's own. Raises BadFilter."""
        if isinstance(node, dict) and node.get("property") == GEOMETRY:
            return None
        try:
            made = _boxed(node["bbox"]) if isinstance(node, dict) and "bbox" in node else plain_shape(node)
            made = moved(made, self.read)
            west, south, east, north = made.bounds
        except Unfit as error:
            raise BadFilter((f"几何有误: {error.zh}", f"A geometry is wrong: {error.en}")) from None
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise BadFilter(("几何超出坐标系范围", "A geometry lies outside its coordinate system"))
        return made

    def boolean(self, node: Any) -> str:
        """A part without geometry as SQL, in parentheses. Raises BadFilter."""
        if isinstance(node, bool) or (isinstance(node, dict) and isinstance(node.get("property"), str)):
            made = scalar(node, self.binding)
            if made.kind != "boolean":
                raise unknown(node)
            return f"({made.sql})"
        operation, given = _operation(node)
        if operation == "not" and len(given) == 1:
            return f"(not {self.boolean(given[0])})"
        if operation in {"and", "or"} and len(given) >= 2:
            return "(" + f" {operation} ".join(self.boolean(one) for one in given) + ")"
        if operation.lower() in TEMPORAL and len(given) == 2:
            return self._temporal(operation.lower(), given)
        return self._predicate(operation, given, node)

    def _temporal(self, operation: str, given: list[Any]) -> str:
        left, right = (temporal(one, self.binding) for one in given)
        return "(" + TEMPORAL[operation].format(af=left.sql, al=left.last, bf=right.sql, bl=right.last) + ")"

    def _predicate(self, operation: str, given: list[Any], node: Any) -> str:
        if operation in COMPARISONS and len(given) == 2:
            return _compared(operation, *(scalar(one, self.binding) for one in given))
        if operation == "isNull" and len(given) == 1:
            return f"({self._value(given[0])} is null)"
        if operation == "like" and len(given) == 2:
            value, pattern = (scalar(one, self.binding) for one in given)
            if (value.kind, pattern.kind) != ("string", "string") or not _is_pattern(given[1]):
                raise unknown(node)
            return f"({value.sql} like {pattern.sql} escape '\\')"
        if operation == "between" and len(given) == 3:
            value, least, most = (scalar(one, self.binding) for one in given)
            return f"({_compared('>=', value, least)} and {_compared('<=', value, most)})"
        if operation == "in" and len(given) == 2 and isinstance(given[1], list) and given[1]:
            value = scalar(given[0], self.binding)
            return "(" + " or ".join(_compared("=", value, scalar(one, self.binding)) for one in given[1]) + ")"
        raise unknown(node)

    def _value(self, node: Any) -> str:
        if isinstance(node, dict) and node.get("property") == GEOMETRY:
            return "geometry"
        return scalar(node, self.binding).sql


def _compared(operation: str, left: Scalar, right: Scalar) -> str:
    if left.kind != right.kind or (left.kind == "boolean" and operation not in {"=", "<>"}):
        said = (f"比较的两边类型不同: {left.kind}, {right.kind}", f"Cannot compare: {left.kind}, {right.kind}")
        raise BadFilter(said)
    if left.kind != "time":
        order = ' collate "C"' if left.kind == "string" else ""
        return f"({left.sql} {operation} {right.sql}{order})"
    equal = TEMPORAL["t_equals"].format(af=left.sql, al=left.last, bf=right.sql, bl=right.last)
    before, after = f"({left.last} < {right.sql})", f"({left.sql} > {right.last})"
    return {
        "=": equal, "<>": f"(not {equal})", "<": before, ">": after,
        "<=": f"(not {after})", ">=": f"(not {before})",
    }[operation]  # fmt: skip


def _operation(node: Any) -> tuple[str, list[Any]]:
    if not isinstance(node, dict) or not isinstance(node.get("op"), str) or not isinstance(node.get("args"), list):
        raise unknown(node)
    return node["op"], node["args"]


def _is_spatial(node: Any) -> bool:
    if not isinstance(node, dict) or not isinstance(node.get("args"), list):
        return False
    return str(node.get("op")).startswith("s_") or any(_is_spatial(one) for one in node["args"])


def _boxed(numbers: Any) -> BaseGeometry:
    if not isinstance(numbers, list) or len(numbers) not in {4, 6}:
        raise Unfit("bbox 应有 4 或 6 个数", "a bbox has 4 or 6 numbers")
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < 1e9 for one in numbers):
        raise Unfit("bbox 应为数字", "a bbox has numbers")
    half = len(numbers) // 2
    west, south, east, north = numbers[0], numbers[1], numbers[half], numbers[half + 1]
    if west > east or south > north:
        raise Unfit("bbox 的顺序有误", "the corners of the bbox are in the wrong order")
    return shapely.box(west, south, east, north)


def _is_pattern(pattern: Any) -> bool:
    """Whether a LIKE pattern is one that the database takes and answers soon: few wildcards, no dangling escape."""
    if isinstance(pattern, dict) and pattern.get("op") == "casei" and isinstance(pattern.get("args"), list):
        return all(_is_pattern(one) for one in pattern["args"])
    if not isinstance(pattern, str) or pattern.count("%") > MOST_WILDCARDS:
        return False
    return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 0


def _not(value: Truth) -> Truth:
    return None if value is None else not value


def _and(values: list[Truth]) -> Truth:
    return False if False in values else None if None in values else True


def _or(values: list[Truth]) -> Truth:
    return True if True in values else None if None in values else False
