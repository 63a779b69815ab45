import json
from typing import Any

from citykit.testing import ServiceUnderTest
from gov_collab.sample import load_sample

MADE = "cn.hengshui.gov-collab.appointment.made.v1"


async def load(city: ServiceUnderTest) -> None:
    async with city.work() as work:
        await load_sample(work, 0)


def personas(city: ServiceUnderTest) -> list[dict[str, Any]]:
    document = json.loads((city.settings.sample_dir / "personas.json").read_text(encoding="utf-8"))
    return [persona for persona in document["personas"] if persona["department_code"] is not None]


class TestSample:
    async def test_appoints_the_staff_with_their_scopes(self, city: ServiceUnderTest) -> None:
        await load(city)
        told = {event.data["subject"]: event.data for event in await city.events(MADE)}
        for persona in personas(city):
            assert told[persona["subject"]]["scopes"] == sorted(persona["scopes"])
            assert told[persona["subject"]]["department_code"] == persona["department_code"]

    async def test_loads_once_however_often(self, city: ServiceUnderTest) -> None:
        await load(city)
        await load(city)
        assert len(await city.events(MADE)) == len(personas(city))

    async def test_somebody_answers_for_what_the_demo_needs(self, city: ServiceUnderTest) -> None:
        await load(city)
        path = "/internal/gov-collab/v1/organisations/responsibilities/resolution"
        answers = {}
        for matter in ("air-pollution", "enterprise-request", "street-lighting"):
            query = {"matter": matter, "division": "131102", "on": "2023-01-08"}
            response = await city.client.get(path, params=query, headers=city.mesh_token("city-ops"))
            answers[matter] = response.json()["department_name"]
        assert answers == {
            "air-pollution": "衡水市生态环境局",
            "enterprise-request": "衡水市工业和信息化局",
            "street-lighting": "衡水市城市管理综合行政执法局",
        }
