"""OGC API Features Part 3 with CQL2: what each operator selects, in both spellings, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citykit.testing import ServiceUnderTest
from data_hub.registries.geography.errors import BadFilter
from data_hub.registries.geography.features.cql2 import DEEPEST_TEXT, LONGEST, Language, parsed
from data_hub.registries.geography.features.documents import CONFORMANCE

from .office import EAST, NORTH, OGC, Office, area, draft, layer_id, point

CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"
# Classes of the standard by the tests below that prove them; the server claims these and no other.
PROVEN = {
    "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison", "basic-spatial-functions",
    "basic-spatial-functions-plus", "spatial-functions", "temporal-functions", "property-property", "arithmetic",
    "cql2-text", "cql2-json",
}  # fmt: skip


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    return Office(city)


_made: list[str] = []


@pytest.fixture
async def layer(office: Office) -> str:
    """Three parks in a row, each 0.02 degrees wide; the second and the third touch. And a gate in the first.

    Layers are kept from one test to the next, so this one is published once.
    """
    if _made:
        return _made[0]
    made = layer_id()
    square = [(0, 0), (0.02, 0), (0.02, 0.02), (0, 0.02)]

    def park(fid: str, west: float, **properties: Any) -> dict[str, Any]:
        return area(fid, [(west + x, y) for x, y in square], **properties)

    await office.publish(draft(
        made,
        park("a", 0, name="人民公园 Park", trees=100, benches=10, free=True, opened="2001-05-01", until="2010-12-31"),
        park("b", 0.05, name="湖心园 park_2", trees=50, benches=50, free=False, opened="2015-01-01", until=None),
        park("c", 0.07, name="100% 绿", trees=7, benches=9, free=None, opened="2020-06-30", until="2030-01-01"),
        point("g", EAST + 0.01, NORTH + 0.01, name="南门", trees=0, benches=None, free=True, opened=None, until=None),
        fields=[{"name": name, "title": name, "type": "date"} for name in ("opened", "until")],
    ))  # fmt: skip
    _made.append(made)
    return made


async def selected(office: Office, layer: str, asked: Any, **more: str) -> str:
    """The ids that a filter selects, as one word."""
    language = {} if isinstance(asked, str) else {"filter-lang": "cql2-json"}
    text = asked if isinstance(asked, str) else json.dumps(asked)
    answer = await office.get(f"{OGC}/{layer}/items", **({"filter": text} | language | more))
    assert answer.status_code == 200, answer.text
    return "".join(one["id"] for one in answer.json()["features"])


def box(west: float, south: float, east: float, north: float) -> str:
    return f"BBOX({EAST + west},{NORTH + south},{EAST + east},{NORTH + north})"


def spot(x: float, y: float) -> str:
    return f"POINT({EAST + x} {NORTH + y})"


CORNERS = [(0, 0), (0.02, 0), (0.02, 0.02), (0, 0.02), (0, 0)]
SQUARE_A = f"POLYGON(({','.join(f'{EAST + x} {NORTH + y}' for x, y in CORNERS)}))"
FIRST = "INTERVAL('2018-01-01T00:00:00Z','2019-01-01T00:00:00Z')"
SECOND = "INTERVAL('2019-01-01T00:00:00Z','2020-01-01T00:00:00Z')"
ACROSS = f"LINESTRING({EAST - 0.01} {NORTH + 0.005},{EAST + 0.03} {NORTH + 0.005})"


def test_the_server_claims_what_is_proven_here() -> None:
    assert {one.removeprefix(CQL2) for one in CONFORMANCE if one.startswith(CQL2)} == PROVEN


class TestText:
    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            # basic-cql2
            ("name = '南门'", "g"), ("name <> '南门'", "abc"), ("trees > 50", "a"), ("trees >= 50", "ab"),
            ("trees < 7", "g"), ("trees <= 7", "cg"), ("free = TRUE", "ag"), ("free <> TRUE", "b"), ("free", "ag"),
            ("free IS NULL", "c"), ("free IS NOT NULL", "abg"), ("NOT (trees > 50)", "bcg"),
            ("trees > 50 AND free = TRUE", "a"), ("trees > 50 OR name = '南门'", "ag"), ("opened > DATE('2010-01-01')",
            "bc"),
            ("opened = DATE('2001-05-01')", "a"), ("opened < TIMESTAMP('2001-05-01T00:00:00Z')", ""),
            ("opened <= TIMESTAMP('2001-05-01T00:00:00Z')", "a"), ("true", "abcg"), ("name < '啊'", "acg"),
            # advanced-comparison-operators
            ("name LIKE '%园%'", "ab"), ("name LIKE '南_'", "g"), ("name LIKE '100\\%%'", "c"), ("name LIKE '%\\_2'",
            "b"),
            ("name NOT LIKE '%园%'", "cg"), ("trees BETWEEN 7 AND 50", "bc"), ("trees NOT BETWEEN 7 AND 50", "ag"),
            ("trees IN (0, 7, 8)", "cg"), ("name NOT IN ('南门', '湖心园 park_2')", "ac"),
            # case-insensitive-comparison
            ("CASEI(name) LIKE CASEI('%PARK%')", "ab"), ("CASEI(name) = CASEI('湖心园 PARK_2')", "b"),
            # property-property, arithmetic
            ("trees = benches", "b"), ("trees < benches", "c"), ("trees = benches * 10", "a"),
            ("trees - benches = -2", "c"),
            ("trees / benches = 10", "a"), ("trees % 10 = 7", "c"), ("benches ^ 2 = 81", "c"), ("trees div 30 = 3",
            "a"),
            ("(trees + benches) * 2 = 220", "a"), ("-trees = -7", "c"), ("benches / trees > 0", "abc"),
            # temporal-functions
            ("T_AFTER(opened, DATE('2015-01-01'))", "c"), ("T_BEFORE(opened, DATE('2015-01-01'))", "a"),
            ("T_EQUALS(opened, DATE('2015-01-01'))", "b"), ("T_DURING(opened, INTERVAL('2014-01-01','2016-01-01'))",
            "b"),
            ("T_INTERSECTS(opened, INTERVAL('..','2015-01-01'))", "ab"),
            ("T_DISJOINT(opened, INTERVAL('2015-01-01','..'))", "a"),
            ("T_CONTAINS(INTERVAL(opened,until), DATE('2005-01-01'))", "a"),
            ("T_OVERLAPS(INTERVAL(opened,until), INTERVAL('2005-01-01','2015-06-01'))", "a"),
            ("T_OVERLAPPEDBY(INTERVAL(opened,until), INTERVAL('2000-01-01','2005-06-01'))", "a"),
            ("T_STARTS(INTERVAL(opened,until), INTERVAL('2001-05-01','2020-01-01'))", "a"),
            ("T_STARTEDBY(INTERVAL(opened,until), INTERVAL('2001-05-01','2002-01-01'))", "a"),
            ("T_FINISHES(INTERVAL(opened,until), INTERVAL('2000-05-01','2010-12-31'))", "a"),
            ("T_FINISHEDBY(INTERVAL(opened,until), INTERVAL('2005-05-01','2010-12-31'))", "a"),
            (f"T_MEETS({FIRST}, {SECOND})", "abcg"), (f"T_MEETS({SECOND}, {FIRST})", ""),
            (f"T_METBY({SECOND}, {FIRST})", "abcg"),
            # basic-spatial-functions, basic-spatial-functions-plus, spatial-functions
            (f"S_INTERSECTS(geometry, {box(0.015, 0, 0.06, 0.01)})", "ab"),
            (f"S_INTERSECTS(geometry, {spot(0.01, 0.01)})", "ag"),
            (f"S_WITHIN(geometry, {SQUARE_A})", "ag"), (f"S_CONTAINS(geometry, {spot(0.01, 0.01)})", "ag"),
            (f"S_EQUALS(geometry, {SQUARE_A})", "a"), (f"S_DISJOINT(geometry, {SQUARE_A})", "bc"),
            (f"S_TOUCHES(geometry, {box(0.02, 0, 0.03, 0.02)})", "a"),
            (f"S_OVERLAPS(geometry, {box(0.01, 0.005, 0.03, 0.01)})", "a"),
            (f"S_CROSSES(geometry, {ACROSS})", "a"), (f"S_INTERSECTS({SQUARE_A}, geometry)", "ag"),
            (f"NOT S_INTERSECTS(geometry, {SQUARE_A})", "bc"), (f"S_WITHIN(geometry, {SQUARE_A}) AND trees > 0", "a"),
            (f"S_WITHIN(geometry, {SQUARE_A}) OR trees = 7", "acg"),
            (f"NOT (S_WITHIN(geometry, {SQUARE_A}) AND trees > 0)", "bcg"),
            (f"S_INTERSECTS(geometry, GEOMETRYCOLLECTION({spot(0.01, 0.01)},{spot(0.06, 0.01)}))", "abg"),
            (f"S_INTERSECTS(geometry, MULTIPOINT(({EAST + 0.06} {NORTH + 0.01}),({EAST + 5} {NORTH})))", "b"),
        ],
    )  # fmt: skip
    async def test_selects(self, office: Office, layer: str, asked: str, found: str) -> None:
        assert await selected(office, layer, asked) == found

    async def test_nothing_is_neither_true_nor_false(self, office: Office, layer: str) -> None:
        assert await selected(office, layer, "benches > 0") == "abc"
        assert await selected(office, layer, "NOT (benches > 0)") == ""
        assert await selected(office, layer, "trees / 0 > 1") == ""

    async def test_goes_together_with_area_time_and_parameters(self, office: Office, layer: str) -> None:
        bbox = f"{EAST},{NORTH},{EAST + 0.06},{NORTH + 0.01}"
        assert await selected(office, layer, "trees > 10", bbox=bbox, free="true") == "a"


def op(name: str, *args: Any) -> dict[str, Any]:
    return {"op": name, "args": list(args)}


def named(name: str) -> dict[str, str]:
    return {"property": name}


class TestJson:
    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            (op("=", named("name"), "南门"), "g"),
            (op("and", op(">", named("trees"), 10), op("=", named("free"), True)), "a"),
            (op("not", op("in", named("trees"), [0, 7])), "ab"),
            (op("between", named("trees"), 7, 50), "bc"),
            (op("like", op("casei", named("name")), op("casei", "%PARK%")), "ab"),
            (op("isNull", named("benches")), "g"),
            (op("=", named("trees"), op("*", named("benches"), 10)), "a"),
            (op("t_after", named("opened"), {"date": "2015-01-01"}), "c"),
            (op("t_during", named("opened"), {"interval": ["2014-01-01", ".."]}), "bc"),
            (op("s_intersects", named("geometry"), {"bbox": [EAST, NORTH, EAST + 0.01, NORTH + 0.01]}), "ag"),
            (op("s_within", named("geometry"), {"type": "Polygon", "coordinates": [[
                [EAST + 0.04, NORTH - 1], [EAST + 1, NORTH - 1], [EAST + 1, NORTH + 1], [EAST + 0.04, NORTH - 1],
            ]]}), ""),
        ],
    )  # fmt: skip
    async def test_selects_the_same(self, office: Office, layer: str, asked: dict[str, Any], found: str) -> None:
        assert await selected(office, layer, asked) == found


class TestQueryables:
    async def test_are_told_as_json_schema(self, office: Office, layer: str) -> None:
        answer = await office.get(f"{OGC}/{layer}/queryables")
        assert answer.headers["content-type"] == "application/schema+json"
        told = answer.json()
        assert told["properties"]["opened"] == {"title": "opened", "type": "string", "format": "date"}
        assert told["properties"]["geometry"]["x-ogc-role"] == "primary-geometry"
        assert told["additionalProperties"] is False

    async def test_what_is_none_is_refused(self, office: Office, layer: str) -> None:
        for asked in ("nothing = 1", "fid = 'a'", "layer = 'x'", "properties = 'x'", "extent IS NULL"):
            assert (await office.get(f"{OGC}/{layer}/items", filter=asked)).status_code == 400


REFUSED = [
    "", "name =", "name = 'x", "((name = 'x')", "name == 'x'", "name = name", "trees = 'x'", "name > 1",
    "free > TRUE",
    "DROP TABLE geo_layer", "1=1; DROP TABLE geo_layer", "name = 'x' --", "trees = 1e999", "casei(trees) = 'x'",
    "S_BUFFER(geometry, 1) = 1", "S_INTERSECTS(name, POINT(1 1))", "S_INTERSECTS(geometry, POINT(500 1))",
    "S_INTERSECTS(geometry, 'x')", "T_AFTER(name, DATE('2020-01-01'))", "T_AFTER(opened, DATE('2020-02-30'))",
    "trees IN ()", "name LIKE trees", "name LIKE 'x\\'", "name LIKE '" + "%a" * 50 + "'", "A_CONTAINS(name, ('x'))",
    "pg_sleep(10) = 1", "avg(trees) = 1", "x" * (LONGEST + 1),
]  # fmt: skip
REFUSED.remove("name = name")


class TestRefusals:
    @pytest.mark.parametrize("asked", REFUSED)
    async def test_is_refused_with_400(self, office: Office, layer: str, asked: str) -> None:
        answer = await office.get(f"{OGC}/{layer}/items", filter=asked)
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize(
        "asked",
        ["", "{", "[]", "1", '{"op": "="}', '{"op": "=", "args": 1}', '{"op": "=", "args": [1]}',
         '{"op": 1, "args": []}',
         '{"op": "and", "args": []}', '{"op": "=", "args": [NaN, 1]}', '{"op": "=", "args": [{"property": 1}, 1]}',
         '{"op": "s_within", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": "x"}]}',
         '{"op": "s_within", "args": [{"property": "geometry"}, {"bbox": [1, 2, 3]}]}', '"\\ud800"'],
    )  # fmt: skip
    async def test_json_that_is_none_is_refused(self, office: Office, layer: str, asked: str) -> None:
        answer = await office.get(f"{OGC}/{layer}/items", **{"filter": asked, "filter-lang": "cql2-json"})
        assert answer.status_code == 400, answer.text

    async def test_a_language_wants_a_filter_and_a_known_name(self, office: Office, layer: str) -> None:
        for query in ({"filter-lang": "cql2-text"}, {"filter": "true", "filter-lang": "ecql"}):
            assert (await office.get(f"{OGC}/{layer}/items", **query)).status_code == 400


class TestBombs:
    """What would cost the parser 2**n steps, or end its process, is refused before it gets there."""

    @pytest.mark.parametrize(
        "asked",
        [
            "(" * 200 + "trees = 1" + ")" * 200, "(" * (DEEPEST_TEXT + 1) + "x",
            "NOT " * 1000 + "trees = 1", "trees = " + "-" * 1000 + "1", "trees = " + "- " * 1000 + "1",
            " AND ".join(["trees = 1"] * 700), "trees IN (" + ",".join(["1"] * 3900) + ")",
            "trees = " + "+".join(["1"] * 3900), "'" * 3999, '"' * 3999,
            "S_INTERSECTS(geometry, POLYGON((" + "1 1," * 1500 + "1 1)))x",
            "trees = 1 OR " * 600 + "(", "NOT" + "(NOT" * 7 + " trees = 1" + ")" * 7,
        ],
    )  # fmt: skip
    async def test_text(self, office: Office, layer: str, asked: str) -> None:
        assert (await office.get(f"{OGC}/{layer}/items", filter=asked)).status_code in {200, 400}

    @pytest.mark.parametrize("depth", [30, 3_000])
    def test_json_nested_too_deeply(self, depth: int) -> None:
        with pytest.raises(BadFilter):
            parsed('{"op":"not","args":[' * depth + "true" + "]}" * depth, Language.json)

    def test_a_filter_of_the_allowed_depth_is_read(self) -> None:
        text = "(" * DEEPEST_TEXT + "trees = 1" + ")" * DEEPEST_TEXT
        assert parsed(text, Language.text) == {"op": "=", "args": [{"property": "trees"}, 1]}


WORDS = st.sampled_from(
    ["trees", "name", "geometry", "opened", "=", "<>", "<", "(", ")", ",", "AND", "OR", "NOT", "LIKE", "IN",
    "BETWEEN", "IS",
     "NULL", "'x'", "'%'", "1", "-1", "1e9", "DATE('2020-01-01')", "INTERVAL('..','2020-01-01')", "CASEI(name)",
     "T_AFTER(",
     "S_INTERSECTS(", "POINT(115 37)", "BBOX(1,2,3,4)", "+", "*", "/", "^", "true", ";", "--", "'", '"', "\\", "$1",
     "%(q0)s"]
)  # fmt: skip
TREES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.sampled_from(
        [{"property": "trees"}, {"property": "name"}, {"property": "geometry"}, {"property": "opened"},
        {"date": "2020-01-01"},
         {"interval": ["..", "2020-01-01"]}, {"bbox": [115, 37, 116, 38]}, {"type": "Point",
         "coordinates": [115, 37]}]
    ),
    lambda inner: st.builds(
        lambda name, args: {"op": name, "args": args},
        st.sampled_from(["and", "or", "not", "=", "<", "like", "in", "between", "isNull", "casei", "+", "/",
        "t_after", "t_during",
                         "s_intersects", "s_within", "nothing"]),
        st.lists(inner, max_size=3),
    ),
    max_leaves=12,
)  # fmt: skip
fuzz = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


class TestFuzz:
    """Any filter is answered or refused; nothing that a caller wrote is ever SQL."""

    @fuzz
    @given(words=st.lists(WORDS, min_size=1, max_size=14))
    async def test_words(self, office: Office, layer: str, words: list[str]) -> None:
        answer = await office.get(f"{OGC}/{layer}/items", filter=" ".join(words))
        assert answer.status_code in {200, 400}, (words, answer.text)

    @fuzz
    @given(text=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=60))
    async def test_any_text(self, office: Office, layer: str, text: str) -> None:
        for asked in (text, f"name = '{text}'", f"{text} = 1", f"name LIKE '{text}'"):
            answer = await office.get(f"{OGC}/{layer}/items", filter=asked)
            assert answer.status_code in {200, 400}, (asked, answer.text)

    @fuzz
    @given(tree=TREES)
    async def test_trees(self, office: Office, layer: str, tree: Any) -> None:
        asked = {"filter": json.dumps(tree), "filter-lang": "cql2-json"}
        answer = await office.get(f"{OGC}/{layer}/items", **asked)
        assert answer.status_code in {200, 400}, (tree, answer.text)
