"""The purposes for which personal data may be used."""

from citykit.testing import ServiceUnderTest
from data_hub.registries.population.domain import PersonField
from data_hub.registries.purposes.domain import PURPOSES, RELATIONS


class TestListPurposes:
    async def test_everybody_may_look_one_up(self, city: ServiceUnderTest) -> None:
        items = (await city.client.get("/api/data-hub/v1/purposes")).json()["items"]
        assert {item["code"] for item in items} == {purpose.code for purpose in PURPOSES}
        assert all(item["legal_basis"].startswith("《") and item["in_force"] for item in items)


class TestRules:
    def test_purposes_speak_of_fields_that_are(self) -> None:
        fields = {field.value for field in PersonField} | {RELATIONS}
        for purpose in PURPOSES:
            assert set(purpose.fields) <= fields
            assert set(purpose.disclosable) <= set(purpose.values)
