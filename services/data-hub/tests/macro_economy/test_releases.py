"""Releases, revisions, confidentiality: all or nothing, once, with every vintage kept and nothing secret told."""

import asyncio
import csv
from pathlib import Path
from typing import Any, ClassVar

import pytest

from citykit.testing import ServiceUnderTest

from .factories import (
    API,
    CONFIDENTIAL,
    DEPARTMENT,
    GDP,
    REGIONAL,
    SDMX,
    SOURCE,
    insider,
    keeper,
    release,
    released,
    shown,
    with_indicators,
    with_sample,
)

DATA = Path(__file__).parents[5] / "shared" / "data" / "sdmx"
TABLE = (("131100", "2023", 60), ("131102", "2023", 10), ("131103", "2023", 20), ("131121", "2023", 30))


def values(found: list[dict[str, Any]]) -> dict[tuple[str, str], str | None]:
    return {(one["area"], one["period"]): one["value"] for one in found}


class TestStructures:
    async def test_a_new_list_structure_flow_and_indicator_by_act_alone(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        name = {"zh": "能耗", "en": "Energy"}
        for path, body in (
            ("codelists", {"id": "CL_FUEL", "name": name, "codes": [{"id": "COAL", "name": name}]}),
            (
                "concept-schemes",
                {
                    "id": "CS_ENERGY", "name": name,
                    "concepts": [{"id": one, "name": name} for one in ("FREQ", "FUEL", "TIME_PERIOD", "OBS_VALUE")],
                },
            ),
            (
                "data-structures",
                {
                    "id": "DSD_ENERGY", "name": name, "concepts": "HS:CS_ENERGY(1.0)",
                    "dimensions": [
                        {"id": "FREQ", "codelist": "HS:CL_FREQ(1.0)"}, {"id": "FUEL", "codelist": "HS:CL_FUEL(1.0)"},
                    ],
                },
            ),
            ("flows", {"id": "ENERGY", "name": name, "structure": "HS:DSD_ENERGY(1.0)"}),
        ):  # fmt: skip
            answer = await city.client.post(f"{API}/statistics/{path}", json=body, headers=keeper(city))
            assert answer.status_code == 201, answer.text
            again = await city.client.post(f"{API}/statistics/{path}", json=body, headers=keeper(city))
            assert again.status_code == 409
        answer = await city.client.post(
            f"{API}/statistics/codelists/HS/CL_FUEL/1.0/codes",
            json={"codes": [{"id": "GAS", "name": name}]}, headers=keeper(city),
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        cells = [{"key": "M.GAS", "period": "2025-09", "value": "1.50"}]
        body = {"release": "r1", "source": SOURCE, "observations": cells}
        answer = await released(city, body, f"{API}/statistics/flows/HS/ENERGY/1.0")
        assert answer.status_code == 201, answer.text
        found = await city.client.get(f"{SDMX}/data/ENERGY/M.GAS", headers={"Accept": "text/csv"})
        assert "dataflow,HS:ENERGY(1.0),I,M,GAS,2025-09,1.50" in found.text

    async def test_references_to_nothing_and_doubles(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        name = {"zh": "甲", "en": "A"}
        for path, body in (
            ("flows", {"id": "X", "name": name, "structure": "HS:NONE(1.0)"}),
            ("flows", {"id": "X", "name": name, "structure": "HS:DSD_GDP(1.0)", "additive": ["NOPE"]}),
            ("flows", {"id": "X y", "name": name, "structure": "HS:DSD_GDP(1.0)"}),
            ("flows", {"id": "X", "name": name, "structure": "nonsense"}),
            ("codelists", {"id": "X", "name": name, "codes": [{"id": "A", "name": name}, {"id": "A", "name": name}]}),
            ("codelists", {"id": "X", "name": name, "codes": [{"id": "A", "name": name, "parent": "B"}]}),
            (
                "data-structures",
                {
                    "id": "X", "name": name, "concepts": "HS:CS_HS(1.0)",
                    "dimensions": [{"id": "NOPE", "codelist": "HS:CL_NONE(1.0)"}],
                },
            ),
        ):  # fmt: skip
            answer = await city.client.post(f"{API}/statistics/{path}", json=body, headers=keeper(city))
            assert answer.status_code == 422, (path, body, answer.text)

    async def test_only_keepers_act(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        for headers, status in (({}, 401), (insider(city), 403), (city.token([]), 403)):
            answer = await city.client.post(f"{REGIONAL}/releases", json=release("r", *TABLE), headers=headers)
            assert answer.status_code == status

    async def test_indicators_are_listed_found_and_defined_once(self, city: ServiceUnderTest) -> None:
        await with_sample(city)
        answer = await city.client.get(f"{API}/indicators", params={"name": "增加值", "limit": 2})
        assert [one["code"] for one in answer.json()["items"]] == ["VALUE_ADDED_1", "VALUE_ADDED_2"]
        assert answer.json()["next"]
        one = (await city.client.get(f"{API}/indicators/GROWTH")).json()
        assert (one["unit"], one["additive"], one["sample"]) == ("PERCENT", False, True)
        assert (await city.client.get(f"{API}/indicators/NONE")).status_code == 404
        body = {
            "code": "GROWTH", "name": one["name"], "unit": "PERCENT", "department": DEPARTMENT,
            "department_name": "统计", "flow": "HS:REGIONAL(1.0)",
        }  # fmt: skip
        assert (await city.client.post(f"{API}/indicators", json=body, headers=keeper(city))).status_code == 409
        body |= {"code": "POP", "unit": "MILES"}
        assert (await city.client.post(f"{API}/indicators", json=body, headers=keeper(city))).status_code == 422
        body["unit"] = "PERSON"
        assert (await city.client.post(f"{API}/indicators", json=body, headers=keeper(city))).status_code == 201
        flows = (await city.client.get(f"{API}/statistics/flows")).json()["items"]
        assert [one["reference"] for one in flows] == ["HS:GDP(1.0)", "HS:NATIONAL(1.0)", "HS:REGIONAL(1.0)"]


class TestSample:
    async def test_published_figures_stand_beside_the_invented_ones_and_name_their_origin(
        self, city: ServiceUnderTest
    ) -> None:
        await with_sample(city)
        await with_sample(city)  # what is there stays
        found = (await city.client.get(f"{API}/indicators/GDP_CHN_USD/observations", params={"start": "2020"})).json()
        assert [one["value"] for one in found["observations"]][-1] == "17794781986104.457"
        listed = (await city.client.get(f"{API}/statistics/flows/HS/NATIONAL/1.0/releases")).json()["items"]
        assert [(one["created"], one["department_name"]) for one in listed] == [(64, "世界银行 World Bank (PDDL 1.0)")]
        invented = (await city.client.get(f"{API}/indicators/VALUE_ADDED")).json()
        assert "示例" in invented["name"]["zh"]


class TestRelease:
    async def test_once_however_often_it_is_sent(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        answers = await asyncio.gather(*(released(city, release("r1", *TABLE)) for _ in range(3)))
        assert {one.status_code for one in answers} == {201}
        assert len({one.text for one in answers}) == 1
        assert answers[0].json()["created"] == 4
        other = await released(city, release("r1", *TABLE[:2]))
        assert other.status_code == 409
        events = await city.events("cn.hengshui.data-hub.indicator.released.v1")
        assert [one.data["indicators"] for one in events] == [["OUTPUT"]]
        assert "60" not in str(events[0].data.get("values", ""))

    @pytest.mark.parametrize(
        ("cell", "code"),
        [
            ({"key": "A.OUTPUT.999999"}, "unknown-code"),
            ({"key": "A.NOTHING.131102"}, "unknown-code"),
            ({"key": "A.OUTPUT"}, "bad-key"),
            ({"key": "A+Q.OUTPUT.131102"}, "bad-key"),
            ({"key": "A..131102"}, "bad-key"),
            ({"period": "2023-Q1"}, "wrong-frequency"),
            ({"period": "2023-Q9"}, "bad-period"),
            ({"period": "last year"}, "bad-period"),
            ({"obs_status": "Z"}, "unknown-code"),
            ({"attributes": {"NOPE": "x"}}, "unknown"),
            ({"attributes": {"TITLE": "x"}}, "unknown"),
            ({"period": "2023-A1", "key": "A.OUTPUT.131103"}, "duplicate"),
        ],
    )
    async def test_nothing_is_taken_where_one_is_wrong(
        self, city: ServiceUnderTest, cell: dict[str, Any], code: str
    ) -> None:
        await with_indicators(city)
        body = release("r1", *TABLE)
        body["observations"].append({"key": "A.OUTPUT.131122", "period": "2023", "value": 1} | cell)
        answer = await released(city, body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["code"] == code
        assert answer.json()["errors"][0]["pointer"].startswith("/body/observations/4")
        assert await shown(city) == []

    @pytest.mark.parametrize("value", ["NaN", "Infinity", "1e400", True, "ten", "0x1F", [1], "1" * 40])
    async def test_what_is_no_number(self, city: ServiceUnderTest, value: Any) -> None:
        await with_indicators(city)
        answer = await released(city, release("r1", ("131100", "2023", value)))
        assert answer.status_code == 422

    async def test_a_missing_value_is_kept_as_missing(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        body = release("r1", ("131100", "2023", None))
        body["observations"][0]["obs_status"] = "M"
        assert (await released(city, body)).status_code == 201
        assert [(one["value"], one["status"]) for one in await shown(city)] == [(None, "M")]

    async def test_gdp_of_china_loads(self, city: ServiceUnderTest) -> None:
        path = DATA / "gdp_china.csv"
        if not path.is_file():
            pytest.skip("the test data are not here: shared/data/sdmx/gdp_china.csv")
        await with_indicators(city)
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        cells = [{"key": "A.GDP", "period": row["Year"], "value": row["Value"]} for row in rows]
        answer = await released(city, {"release": "wb", "source": SOURCE, "observations": cells}, GDP)
        assert (answer.status_code, answer.json()["created"]) == (201, 64)
        found = (await city.client.get(f"{API}/indicators/GDP/observations", params={"end": "1961"})).json()
        assert [one["value"] for one in found["observations"]] == ["59716249310.97416", "50056685957.35899"]


class TestRevision:
    async def test_needs_a_reason_and_keeps_what_was_known(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        await released(city, release("r1", *TABLE))
        first = city.clock.now()
        city.clock.advance(days=30)
        changed = [("131102", "2023", 12), ("131103", "2023", 20)]
        refused = await released(city, release("r2", *changed))
        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/revision-needs-reason"
        answer = await released(city, release("r2", *changed, reason="更正单位"))
        assert (answer.json()["created"], answer.json()["revised"], answer.json()["unchanged"]) == (0, 1, 1)
        assert values(await shown(city, area="131102")) == {("131102", "2023"): "12"}
        was = await shown(city, area="131102", as_of=first.isoformat())
        assert values(was) == {("131102", "2023"): "10"}
        both = await shown(city, area="131102", history=True)
        assert [(one["value"], one["release"], one["revision_reason"]) for one in both] == [
            ("10", "r1", None), ("12", "r2", "更正单位"),
        ]  # fmt: skip
        assert both[0]["known_to"] == both[1]["known_from"]
        listed = (await city.client.get(f"{REGIONAL}/releases")).json()["items"]
        assert [(one["release"], one["reason"], one["batch"]) for one in listed] == [
            ("r1", None, "b-1"), ("r2", "更正单位", "b-1"),
        ]  # fmt: skip

    async def test_two_at_once_leave_one_line_of_vintages(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        await released(city, release("r0", *TABLE))
        bodies = [release(f"r{n}", ("131102", "2023", 100 + n), reason="并发") for n in (1, 2, 3)]
        answers = await asyncio.gather(*(released(city, body) for body in bodies))
        assert [one.status_code for one in answers] == [201] * 3
        line = await shown(city, area="131102", history=True)
        assert len(line) == 4
        assert [one["known_to"] for one in line[:-1]] == [one["known_from"] for one in line[1:]]
        assert line[-1]["known_to"] is None


class TestConfidentiality:
    async def test_neither_the_cell_nor_its_complement_is_told(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        cells = [*TABLE[:3], ("131121", "2023", 30, "C")]
        answer = await released(city, release("r1", *cells))
        assert answer.json()["suppressed"] == 1
        found = {one["area"]: (one["value"], one["confidentiality"]) for one in await shown(city)}
        assert found == {
            "131100": ("60", "F"), "131102": (None, "D"), "131103": ("20", "F"), "131121": (None, "C"),
        }  # fmt: skip
        seen = await city.client.get(f"{API}/indicators/OUTPUT/observations", headers=insider(city))
        assert {one["value"] for one in seen.json()["observations"]} == {"60", "10", "20", "30"}

    async def test_a_later_total_closes_the_gap_too(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        await released(city, release("r1", *TABLE[1:3], ("131121", "2023", 30, "N")))
        assert values(await shown(city))["131102", "2023"] == "10"
        answer = await released(city, release("r2", TABLE[0]))
        assert answer.json()["suppressed"] == 1
        assert values(await shown(city)) == {
            ("131100", "2023"): "60", ("131102", "2023"): None, ("131103", "2023"): "20", ("131121", "2023"): None,
        }  # fmt: skip
        past = await shown(city, history=True)
        assert [one["value"] for one in past if one["area"] == "131102"] == [None, None]

    async def test_a_correction_hides_all_vintages_at_once_and_may_be_lifted(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        await released(city, release("r1", *TABLE))
        before = city.clock.now()
        city.clock.advance(days=1)

        async def correct(name: str, status: str) -> int:
            cell = {"key": "A.OUTPUT.131121", "period": "2023", "conf_status": status}
            body = {"release": name, "source": SOURCE, "reason": "误标", "cells": [cell]}
            path = f"{REGIONAL}/confidentiality-corrections"
            answer = await city.client.post(path, json=body, headers=keeper(city))
            assert answer.status_code in (201, 422), answer.text
            return answer.status_code

        assert await correct("c1", "C") == 201
        for query in ({}, {"as_of": before.isoformat()}, {"history": True}):
            found = await shown(city, **query)
            assert {one["value"] for one in found if one["area"] in ("131121", "131102")} == {None}, query
        assert await correct("c2", "F") == 201
        assert values(await shown(city)) == {(area, text): str(value) for area, text, value in TABLE}

    async def test_of_a_cell_that_is_not_there(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        cells = [{"key": "A.OUTPUT.131121", "period": text, "conf_status": "C"} for text in ("2023", "20x3")]
        for cell in cells:
            body = {"release": "c", "source": SOURCE, "reason": "误标", "cells": [cell]}
            answer = await city.client.post(f"{REGIONAL}/confidentiality-corrections", json=body, headers=keeper(city))
            assert answer.status_code == 422

    async def test_no_form_of_the_answer_tells(self, city: ServiceUnderTest) -> None:
        await with_sample(city)
        seen = await city.client.get(
            f"{API}/indicators/VALUE_ADDED_2/observations", params={"area": "131123", "history": True},
            headers=insider(city),
        )  # fmt: skip
        secrets = {one["value"] for one in seen.json()["observations"] if one["period"] == "2023"}
        assert len(secrets) == 2
        assert None not in secrets
        for accept in (
            "*/*", "application/vnd.sdmx.genericdata+xml;version=2.1", "application/vnd.sdmx.data+json;version=1.0.0",
            "application/vnd.sdmx.data+json;version=2.0.0", "text/csv",
            "application/vnd.sdmx.data+csv;version=1.0.0",
        ):  # fmt: skip
            for query in ("", "?includeHistory=true", "?dimensionAtObservation=AllDimensions", "?lastNObservations=1"):
                path = f"{SDMX}/data/REGIONAL/{CONFIDENTIAL}{query}"
                answer = await city.client.get(path, headers={"Accept": accept})
                assert answer.status_code == 200, answer.text
                rows = answer.text.replace("2022", "").replace('"', ",")
                assert not [text for text in secrets if f",{text}," in rows], (accept, query)
        table = await city.client.get(f"{API}/indicators/VALUE_ADDED_2/observations.csv", params={"area": "131123"})
        assert not [text for text in secrets if f",{text}," in table.text]
        areas = await city.client.get(f"{API}/indicators/VALUE_ADDED_2/areas", params={"period": "2023"})
        hidden = [one for one in areas.json()["areas"] if one["value"] is None]
        assert {"131123"} < {one["area"] for one in hidden}
        assert {one["confidentiality"] for one in hidden} == {"C", "D"}
        assert hidden[0]["name"]["zh"]

    async def test_a_token_that_does_not_hold_is_refused(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        answer = await city.client.get(
            f"{API}/indicators/OUTPUT/observations", headers={"Authorization": "Bearer nonsense"}
        )
        assert answer.status_code == 401


class TestTableUpload:
    QUERY: ClassVar = {"release": "t1", "department": DEPARTMENT, "batch": "b"}

    async def send(self, city: ServiceUnderTest, body: str | bytes, media: str = "text/csv", **query: str) -> Any:
        headers = keeper(city) | {"Content-Type": media}
        content = body if isinstance(body, bytes) else body.encode()
        return await city.client.post(
            f"{REGIONAL}/releases/csv", params=self.QUERY | query, content=content, headers=headers
        )

    async def test_what_goes_out_comes_back_unchanged(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        await released(city, release("r1", *TABLE))
        for n, accept in enumerate(("text/csv", "application/vnd.sdmx.data+csv;version=1.0.0")):
            for labels in ("id", "both"):
                out = await city.client.get(
                    f"{SDMX}/data/REGIONAL", params={"labels": labels}, headers={"Accept": accept}
                )
                answer = await self.send(city, out.content, release=f"t{n}{labels}")
                assert answer.status_code == 201, answer.text
                assert (answer.json()["created"], answer.json()["unchanged"]) == (0, 4)

    async def test_semicolons_labels_and_decimal_commas(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        text = (
            "\ufeffSTRUCTURE[|];STRUCTURE_ID;ACTION;FREQ: 频率;INDICATOR: 指标;REF_AREA: 地区;TIME_PERIOD: 时期;"
            "OBS_VALUE: 值;OBS_STATUS\r\n"
            "dataflow;HS:REGIONAL(1.0): 分地区;I;A: 年度;OUTPUT: 产值;131102: 桃城区;2023;12,4;P: 初步\r\n"
        )
        answer = await self.send(city, text)
        assert answer.status_code == 201, answer.text
        assert [(one["value"], one["status"]) for one in await shown(city)] == [("12.4", "P")]
        assert (await self.send(city, text)).json() == answer.json()

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ("", 422),
            ("FREQ,INDICATOR,REF_AREA,TIME_PERIOD,OBS_VALUE\n", 422),
            ("FREQ,INDICATOR,TIME_PERIOD,OBS_VALUE\nA,OUTPUT,2023,1\n", 422),
            ("FREQ,INDICATOR,REF_AREA,TIME_PERIOD,OBS_VALUE\nA,OUTPUT,131102,2023\n", 422),
            ("FREQ,INDICATOR,REF_AREA,TIME_PERIOD,OBS_VALUE,X\nA,OUTPUT,131102,2023,1,1\n", 422),
            ("FREQ,INDICATOR,REF_AREA,TIME_PERIOD,OBS_VALUE\nA,OUTPUT,131102,2023,=1+1\n", 422),
            ("FREQ,INDICATOR,REF_AREA,TIME_PERIOD,OBS_VALUE\nA,OUTPUT,131102,2023,1\nA,OUTPUT,131102,2023,2\n", 422),
            ("DATAFLOW,FREQ,INDICATOR,REF_AREA,TIME_PERIOD,OBS_VALUE\nHS:GDP(1.0),A,OUTPUT,131102,2023,1\n", 422),
            ("ACTION,FREQ,INDICATOR,REF_AREA,TIME_PERIOD,OBS_VALUE\nD,A,OUTPUT,131102,2023,1\n", 422),
            (",".join(f"C{n}" for n in range(10_000)), 422),
            ('FREQ,INDICATOR,REF_AREA,TIME_PERIOD,OBS_VALUE\n"A', 422),
            ("时期,值\n".encode("gb18030"), 415),
            ('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>', 415),
            ("a\x00b", 415),
        ],
    )
    async def test_bad_tables(self, city: ServiceUnderTest, body: str | bytes, status: int) -> None:
        await with_indicators(city)
        answer = await self.send(city, body)
        assert answer.status_code == status, answer.text
        assert await shown(city) == []

    async def test_xml_is_not_taken(self, city: ServiceUnderTest) -> None:
        await with_indicators(city)
        assert (await self.send(city, "<x/>", "application/xml")).status_code == 415
