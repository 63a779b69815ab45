"""The catalogue for harvesters: three forms, part by part, sent anew only when something changed."""

from typing import Any

import pytest
from rdflib import DCTERMS, RDF, Graph, Namespace
from rdflib.namespace import DCAT

from citykit.testing import ServiceUnderTest

from . import factories as f

CATALOGUE = "/api/data-hub/v1/catalogue"
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # rdflib's own
FORMATS = {"jsonld": "json-ld", "ttl": "turtle", "rdf": "xml"}


class Harvest:
    """What a harvester of one form gathers: it reads triples alone and goes on where the view says."""

    def __init__(self, form: str) -> None:
        self.form = form
        self.parts: list[list[str]] = []
        self.addresses: list[str] = []
        self.said: list[dict[str, str]] = []

    async def walk(self, city: ServiceUnderTest, limit: int) -> None:
        """From the first part to the one without a next."""
        address: str | None = f"{CATALOGUE}.{self.form}?limit={limit}"
        while address is not None:
            assert len(self.addresses) < 20, "the parts never end"
            answer = await city.client.get(address)
            assert answer.status_code == 200, (address, answer.text)
            graph = Graph().parse(data=answer.content, format=FORMATS[self.form])
            (view,) = graph.subjects(RDF.type, HYDRA.PartialCollectionView)
            steps = {name: graph.value(view, HYDRA[name]) for name in ("first", "previous", "next", "last")}
            self.parts.append(
                sorted(str(graph.value(one, DCTERMS.identifier)) for one in graph.subjects(RDF.type, DCAT.Dataset))
            )
            self.addresses.append(str(view))
            self.said.append({name: str(place) for name, place in steps.items() if place is not None})
            address = self.said[-1].get("next")


async def part(city: ServiceUnderTest, **query: Any) -> tuple[list[str], dict[str, Any]]:
    """The codes in a part, and what it says of itself."""
    answer = await city.client.get(f"{CATALOGUE}.jsonld", params=query)
    assert answer.status_code == 200, answer.text
    whole, view = answer.json()["@graph"]
    return [one["dct:identifier"] for one in whole["dcat:dataset"]], view


class TestParts:
    async def test_hold_opened_resources_alone(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        await f.published(city, f.closed("203005-000001"))
        assert await part(city) == ([f.AIR], (await part(city))[1])

    async def test_follow_one_another(self, city: ServiceUnderTest) -> None:
        for number in range(1, 4):
            await f.published(city, f.draft(f"203001-00000{number}", name=f"空气{number}"))
        first, view = await part(city, limit=2)
        following = await city.client.get(view["hydra:next"]["@id"])
        whole, last = following.json()["@graph"]
        assert first + [one["dct:identifier"] for one in whole["dcat:dataset"]] == [
            f"203001-00000{n}" for n in (1, 2, 3)
        ]
        assert (view["hydra:totalItems"], "hydra:next" in last) == (3, False)

    @pytest.mark.parametrize("form", FORMATS)
    @pytest.mark.parametrize("count", [1, 4, 5])
    async def test_lead_a_harvester_of_any_form_to_every_data_set_once(
        self, city: ServiceUnderTest, form: str, count: int
    ) -> None:
        codes = [f"203001-00000{number}" for number in range(1, count + 1)]
        for code in codes:
            await f.published(city, f.draft(code, name=f"空气{code}"))
        found = Harvest(form)
        await found.walk(city, limit=2)
        assert found.parts == [codes[at : at + 2] for at in range(0, count, 2)]
        for said in found.said:
            assert (said["first"], said["last"]) == (found.addresses[0], found.addresses[-1])
        assert {f"/catalogue.{form}?" in place for said in found.said for place in said.values()} == {True}

    async def test_of_nothing_are_empty(self, city: ServiceUnderTest) -> None:
        for form in FORMATS:
            found = Harvest(form)
            await found.walk(city, limit=2)
            assert (found.parts, found.said[0]["last"]) == ([[]], found.addresses[0])

    async def test_name_no_resource_that_is_not_public(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.closed("203005-000001"))
        await f.published(city, f.draft(related=["203005-000001"]))
        assert "203005" not in (await city.client.get(f"{CATALOGUE}.ttl")).text


class TestForms:
    async def test_are_sent_anew_when_something_changed(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        sent = await city.client.get(f"{CATALOGUE}.ttl")
        assert sent.headers["content-type"].startswith("text/turtle")
        asked = {"If-None-Match": sent.headers["etag"]}
        assert (await city.client.get(f"{CATALOGUE}.ttl", headers=asked)).status_code == 304
        await f.changed(city, f.description(name="空气质量监测数据"))
        anew = await city.client.get(f"{CATALOGUE}.ttl", headers=asked)
        assert (anew.status_code, "空气质量监测数据" in anew.text) == (200, True)

    async def test_others_are_refused(self, city: ServiceUnderTest) -> None:
        for path in ("catalogue.csv", "catalogue.ttl?limit=0", "catalogue.ttl?after=x", "catalogue.ttl?page=2"):
            assert 400 <= (await city.client.get(f"/api/data-hub/v1/{path}")).status_code < 500

    async def test_hostile_text_stays_text(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.draft(name='"@prefix <a> & ]]> \\ 空气', summary="</rdf:RDF><script>"))
        for form in ("ttl", "rdf"):
            answer = await city.client.get(f"{CATALOGUE}.{form}")
            assert answer.status_code == 200
        assert "<script>" not in answer.text
