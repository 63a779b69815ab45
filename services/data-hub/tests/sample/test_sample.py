"""The data hub's part of the sample city."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from citykit.identifiers import gb11643, gb32100
from citykit.sample import fill
from citykit.settings import Profile
from citykit.testing import ServiceUnderTest, settings_for
from data_hub.registries.population.schemas import Verification
from data_hub.registries.population.verification import verify
from data_hub.sample import load_sample
from data_hub.sample.catalogue import NAMES
from data_hub.sample.invention import invent_entity, invent_person
from data_hub.sample.personas import LOADER

FIRM = "91131102MA07XY3K94"
SMALL = 0.00001
PERSONAS = json.loads((Path(__file__).parents[4] / "ops/sample/personas.json").read_text(encoding="utf-8"))["personas"]
KNOWN = len(PERSONAS) + sum(len(one.get("children", ())) for one in PERSONAS)


async def counts(city: ServiceUnderTest) -> dict[str, int]:
    tables = ("person", "person_number", "person_value", "person_relation", "legal_entity", "legal_entity_value")
    async with city.work() as work:
        return {t: int(await work.session.scalar(text(f"select count(*) from {t}")) or 0) for t in tables}


class TestInvention:
    def test_numbers_are_valid_and_different(self) -> None:
        persons = [invent_person(n) for n in [*range(2000), 362_999, 363_000, 4_199_999]]
        assert all(gb11643.valid(one.id_number) for one in persons)
        assert len({one.id_number for one in persons}) == len(persons)
        entities = [invent_entity(n) for n in [*range(2000), 299_999]]
        assert all(gb32100.valid(one.uscc) for one in entities)
        assert len({one.uscc for one in entities}) == len(entities)

    def test_the_same_number_invents_the_same(self) -> None:
        assert invent_person(17) == invent_person(17)
        assert invent_entity(17) == invent_entity(17)


class TestLoadSample:
    async def test_loads_the_personas_once(self, city: ServiceUnderTest) -> None:
        for _ in range(2):
            async with city.work() as work:
                await load_sample(work, 0)
        loaded = await counts(city)
        assert (loaded["person"], loaded["person_relation"], loaded["legal_entity"]) == (KNOWN, 1, 1 + len(NAMES))

    async def test_the_citizen_can_be_verified_and_the_firm_is_represented(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            await load_sample(work, 0)
        async with city.work() as work:
            question = Verification(name="李秀英", id_number="131102198503150049", purpose="real-name-verification")
            verdict = await verify(work, question, by=LOADER)
        assert str(verdict.person) == "01890000-0000-7000-8000-000000001001"
        answer = await city.client.post(
            f"/internal/data-hub/v1/registries/legal-entities/{FIRM}/representations",
            json={"person": "01890000-0000-7000-8000-000000001007"}, headers=city.mesh_token("enterprise"),
        )  # fmt: skip
        assert answer.json()["represents"] is True

    async def test_grows_to_the_scale_it_is_asked_for(self, city: ServiceUnderTest) -> None:
        for scale in (SMALL, SMALL, 2 * SMALL):
            async with city.work() as work:
                await load_sample(work, scale)
        loaded = await counts(city)
        assert (loaded["person"], loaded["legal_entity"]) == (KNOWN + 84, 1 + len(NAMES) + 6)
        assert loaded["person"] == loaded["person_number"]

    async def test_whoever_is_a_source_has_somebody_who_registers(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            await load_sample(work, 0)
            sources = set(await work.session.scalars(text("select department from registry_source")))
        able = {one["department_code"] for one in PERSONAS if "data-hub.registries.maintain" in one.get("scopes", ())}
        assert sources
        assert sources <= able

    async def test_is_marked(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            await load_sample(work, SMALL)
            real = await work.session.scalar(text("select count(*) from person where not sample"))
        assert real == 0

    async def test_is_refused_in_production(self, city: ServiceUnderTest) -> None:
        settings = settings_for(city.service, profile=Profile.production)
        with pytest.raises(PermissionError):
            await fill(city.service, settings, 0)


def test_the_personas_are_where_the_settings_say(city: ServiceUnderTest) -> None:
    assert (Path(city.settings.sample_dir) / "personas.json").is_file()
