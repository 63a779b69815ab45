"""The indicators as clients written by others read them: sdmx1 over a real connection, pysdmx there and back."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn

from citykit.testing import ServiceUnderTest, service_fixture
from data_hub.sample.macro_economy import load_indicators

EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "data" / "sdmx"
SDMX = "/api/data-hub/sdmx/2.1"
STATISTICS = "/api/data-hub/v1/statistics"
DEPARTMENT = "11131100MB0H00014Y"
ACCEPT = {
    "generic": "application/vnd.sdmx.genericdata+xml;version=2.1",
    "specific": "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
    "csv-1": "application/vnd.sdmx.data+csv;version=1.0.0",
    "csv-2": "application/vnd.sdmx.data+csv;version=2.0.0",
}
QUARTERS = {"2023-Q1": 431.2, "2023-Q2": 462.8, "2023-Q3": 470.4, "2023-Q4": 491.7}

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
city = service_fixture("data_hub.main:service")


def example(name: str) -> Path:
    """A file of the shared examples; the test is skipped where it is not there."""
    path = EXAMPLES / name
    if not path.is_file():
        pytest.skip(f"the example is not here: shared/data/sdmx/{name}")
    return path


def keeper(city: ServiceUnderTest) -> dict[str, str]:
    return city.token(["data-hub.indicators.maintain"], department=DEPARTMENT)


@pytest.fixture
async def address(city: ServiceUnderTest) -> AsyncIterator[str]:
    """Where the sample's indicators are served over a real connection."""
    async with city.work() as work:
        await load_indicators(work)
    server = uvicorn.Server(uvicorn.Config(city.app, port=0, lifespan="off", log_level="error", ws="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells of its start in no other way
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{SDMX}"
    server.should_exit = True
    await serving


@pytest.fixture
def ask(address: str) -> Callable[..., Any]:
    """Let sdmx1 ask, in a thread: it knows no event loop."""
    sdmx = pytest.importorskip("sdmx")
    sdmx.add_source({"id": "HS", "url": address, "name": "Hengshui"}, override=True)
    sdmx.source.sources["HS"].supports[sdmx.Resource.availableconstraint] = True
    client = sdmx.Client("HS")

    async def asked(method: str, *positional: Any, **named: Any) -> Any:
        return await asyncio.to_thread(getattr(client, method), *positional, **named)

    return asked


def values(message: Any) -> dict[tuple[str, ...], float]:
    """The values of a data message by their keys, the time last; without those that are missing."""
    told = {}
    for part in message.data:
        for one in part.obs:
            key = {name: str(code.value) for name, code in one.key.values.items()}
            period = key.pop("TIME_PERIOD")
            if one.value not in (None, ""):
                told[(*key.values(), period)] = float(one.value)
    return told


class TestSdmx1:
    async def test_reads_the_structure_of_a_flow(self, ask: Callable[..., Any]) -> None:
        message = await ask("dataflow", "REGIONAL", params={"references": "all"})
        flow = message.dataflow["REGIONAL"]
        assert flow.name.localizations == {"zh": "分地区主要指标", "en": "Main indicators by area"}
        assert [one.id for one in flow.structure.dimensions] == ["FREQ", "INDICATOR", "REF_AREA", "TIME_PERIOD"]
        areas = message.codelist["CL_REF_AREA"]
        assert len(areas) == 12
        assert areas["131102"].parent is areas["131100"]
        assert {one.id for one in flow.structure.attributes} >= {"OBS_STATUS", "CONF_STATUS", "REVISION_REASON"}

    @pytest.mark.parametrize("form", ["generic", "specific"])
    async def test_reads_the_same_data_in_every_form(self, ask: Callable[..., Any], form: str) -> None:
        dsd = (await ask("dataflow", "GDP", params={"references": "all"})).structure["DSD_GDP"]
        message = await ask("data", "GDP", key="Q.GDP", headers={"Accept": ACCEPT[form]}, dsd=dsd)
        found = values(message)
        assert {key[-1]: value for key, value in found.items()} == QUARTERS

    async def test_asks_by_a_key_of_names_that_it_checks_against_the_structure(self, ask: Callable[..., Any]) -> None:
        message = await ask(
            "data", "REGIONAL", key={"FREQ": "A", "INDICATOR": "GROWTH"}, params={"startPeriod": "2023"}
        )
        assert list(values(message).values()) == [5.2]
        with pytest.raises(ValueError, match="NOPE"):
            await ask("data", "REGIONAL", key={"NOPE": "A"})

    async def test_previews_the_series(self, ask: Callable[..., Any]) -> None:
        keys = await ask("series_keys", "GDP")
        assert sorted(str(key.values["FREQ"].value) for key in keys) == ["A", "Q"]

    async def test_reads_what_is_available(self, ask: Callable[..., Any]) -> None:
        message = await ask("get", resource_type="availableconstraint", resource_id="GDP")
        (found,) = message.constraint.values()
        (region,) = found.data_content_region
        listed = {dimension.id: selection for dimension, selection in region.member.items()}
        assert {one.value for one in listed["FREQ"].values} == {"A", "Q"}

    async def test_sees_no_confidential_value(self, ask: Callable[..., Any]) -> None:
        message = await ask("data", "REGIONAL", key="A.VALUE_ADDED_2.131123", params={"includeHistory": True})
        shown = [obs for part in message.data for obs in part.obs]
        secret = [obs for obs in shown if str(obs.key["TIME_PERIOD"].value) == "2023"]
        assert len(secret) == 2
        assert {obs.value for obs in secret} == {None}
        assert {str(obs.attached_attribute["CONF_STATUS"].value) for obs in secret} == {"C"}

    async def test_is_told_what_is_not_there(self, ask: Callable[..., Any]) -> None:
        for headers in ({}, {"Accept": ACCEPT["generic"]}):
            with pytest.raises(requests.HTTPError) as refused:
                await ask("data", "NOTHING", key="A", headers=headers)
            assert refused.value.response.status_code == 404
            assert 'code="100"' in refused.value.response.text


class TestPysdmx:
    @pytest.mark.parametrize("accept", ["structure+xml;version=2.1", "structure+json;version=2.0.0"])
    async def test_reads_and_validates_structures(self, city: ServiceUnderTest, address: str, accept: str) -> None:
        read_sdmx = pytest.importorskip("pysdmx.io").read_sdmx
        headers = {"Accept": f"application/vnd.sdmx.{accept}"}
        answer = await city.client.get(f"{SDMX}/dataflow/HS/GDP/1.0?references=all", headers=headers)
        message = read_sdmx(io.BytesIO(answer.content), validate="xml" in accept)  # its JSON check wants more packages
        assert {one.id for one in message.get_dataflows()} == {"GDP"}
        assert [one.id for one in message.get_data_structure_definitions()[0].components.dimensions] == [
            "FREQ", "INDICATOR", "TIME_PERIOD",
        ]  # fmt: skip

    @pytest.mark.parametrize("form", ["generic", "specific", "csv-1", "csv-2"])
    async def test_what_it_reads_comes_back_unchanged(self, city: ServiceUnderTest, address: str, form: str) -> None:
        pytest.importorskip("pyarrow", reason="pysdmx reads data with pyarrow, which is not installed")
        pysdmx = pytest.importorskip("pysdmx.io")
        answer = await city.client.get(f"{SDMX}/data/GDP", headers={"Accept": ACCEPT[form]})
        (data,) = pysdmx.read_sdmx(io.BytesIO(answer.content), validate=True).data
        assert len(data.data) == 6
        text = data.data.to_csv(index=False)
        query = {"release": f"again-{form}", "department": DEPARTMENT}
        headers = keeper(city) | {"Content-Type": ACCEPT["csv-2"].partition(";")[0]}
        path = f"{STATISTICS}/flows/HS/GDP/1.0/releases/csv"
        taken = await city.client.post(path, params=query, content=text.encode(), headers=headers)
        assert taken.status_code == 201, taken.text
        assert (taken.json()["created"], taken.json()["revised"], taken.json()["unchanged"]) == (0, 0, 6)


async def make(city: ServiceUnderTest, agency: str, flow: str, lists: dict[str, set[str]], more: dict[str, str]) -> str:
    """A flow with these dimensions and attributes, made by acts alone; the path of its releases."""
    name = {"zh": "示例", "en": "Example"}
    ids = [*lists, *more, "TIME_PERIOD", "OBS_VALUE"]
    dimensions = [{"id": one, "codelist": f"{agency}:CL_{one}(1.0)"} for one in lists]
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("codelists", {"id": f"CL_{one}", "codes": [{"id": code, "name": name} for code in sorted(codes)]})
        for one, codes in lists.items()
    ]
    attributes = [{"id": one, "level": level} for one, level in more.items()]
    bodies += [
        ("concept-schemes", {"id": "CS", "concepts": [{"id": one, "name": name} for one in ids]}),
        ("data-structures", {
            "id": "DSD", "concepts": f"{agency}:CS(1.0)", "dimensions": dimensions, "attributes": attributes,
        }),
        ("flows", {"id": flow, "version": "1.6.0", "structure": f"{agency}:DSD(1.0)"}),
    ]  # fmt: skip
    for path, body in bodies:
        said = {"agency": agency, "name": name} | body
        answer = await city.client.post(f"{STATISTICS}/{path}", json=said, headers=keeper(city))
        assert answer.status_code == 201, answer.text
    return f"{STATISTICS}/flows/{agency}/{flow}/1.6.0/releases"


class TestExamples:
    async def test_rates_of_the_european_central_bank_go_in_and_come_out_the_same(
        self, city: ServiceUnderTest, ask: Callable[..., Any]
    ) -> None:
        sdmx = pytest.importorskip("sdmx")
        theirs = values(sdmx.read_sdmx(io.BytesIO(example("ecb_exr_generic_timeseries.xml").read_bytes())))
        names = ["FREQ", "CURRENCY", "CURRENCY_DENOM", "EXR_TYPE", "EXR_VAR"]
        lists = {one: {key[place] for key in theirs} for place, one in enumerate(names)}
        path = await make(city, "ECB", "EXR", lists, {})
        observations = [
            {"key": ".".join(key[:-1]), "period": key[-1], "value": str(value)} for key, value in theirs.items()
        ]
        body = {"release": "ecb", "source": {"department": DEPARTMENT}, "observations": observations}
        answer = await city.client.post(path, json=body, headers=keeper(city))
        assert answer.status_code == 201, answer.text
        assert values(await ask("data", "EXR", headers={"Accept": ACCEPT["generic"]})) == theirs

    async def test_the_example_of_sdmx_csv_with_semicolons_labels_and_decimal_commas(
        self, city: ServiceUnderTest, address: str
    ) -> None:
        # Its third dimension is the time, which every structure of the city calls TIME_PERIOD.
        text = example("sdmx_csv_2_example_04.csv").read_text(encoding="utf-8").replace("DIM_3", "TIME_PERIOD")
        levels = {"ATTR_1": "observation", "ATTR_2": "observation", "ATTR_3": "observation"}
        path = await make(city, "ESTAT", "NA_MAIN", {"DIM_1": {"A"}, "DIM_2": {"B"}}, levels)
        query = {"release": "example", "department": DEPARTMENT}
        headers = keeper(city) | {"Content-Type": "text/csv"}
        answer = await city.client.post(f"{path}/csv", params=query, content=text.encode(), headers=headers)
        assert answer.status_code == 201, answer.text
        shown = await city.client.get(f"{SDMX}/data/ESTAT,NA_MAIN", headers={"Accept": ACCEPT["csv-2"]})
        assert "dataflow,ESTAT:NA_MAIN(1.6.0),I,A,B,2014-01,12.4" in shown.text
        assert "dataflow,ESTAT:NA_MAIN(1.6.0),I,A,B,2014-02,10.8" in shown.text
