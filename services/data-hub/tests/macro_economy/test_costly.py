"""Statistical data is for everybody, and so often from one address."""

from citykit.callers import Allowance
from citykit.testing import ServiceUnderTest

from .factories import SDMX, insider, with_sample

DATA = f"{SDMX}/data/GDP"
ML = {"Accept": "application/vnd.sdmx.genericdata+xml;version=2.1"}


async def test_data_is_counted_of_those_without_a_right(city: ServiceUnderTest) -> None:
    await with_sample(city)
    city.app.state.keyless = Allowance(3, 3, now=lambda: 1000.0)
    answers = [await city.client.get(DATA, headers=ML) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert (answers[3].headers["retry-after"], answers[3].headers["content-type"]) == (
        "1", "application/vnd.sdmx.error+xml;version=2.1",
    )  # fmt: skip
    known = {"If-None-Match": answers[0].headers["etag"]}
    again = [(await city.client.get(DATA, headers=ML | known)).status_code for _ in range(9)]
    assert again == [304] * 9
    assert (await city.client.get(DATA, headers=ML | insider(city))).status_code == 200
    assert (await city.client.get(f"{SDMX}/dataflow/HS", headers=ML)).status_code != 429
    problem = await city.client.get(DATA, headers={"Accept": "application/vnd.sdmx.data+json;version=1.0.0"})
    assert (problem.status_code, problem.json()["type"]) == (429, "/problems/too-many-requests")
