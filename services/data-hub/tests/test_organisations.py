"""What a department is called wherever the hub names one: as the token of its official says, whoever typed what."""

from typing import Any

import httpx
import pytest

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.registries.legal_entities.domain import LegalForm
from data_hub.registries.legal_entities.schemas import EntityDraft
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.schemas import SourceDraft
from data_hub.sample.personas import LOADER

from .credit.factories import Town, penalty
from .geography.office import draft as layer_draft
from .geography.office import layer_id, point
from .licences.factories import FIRM, URBAN, Desk
from .resources.factories import draft as description
from .sharing.factories import HOUSING, act, decider, published, seen, wish

HUB = "/api/data-hub/v1"
NAME, FALSE = "衡水市住房和城乡建设局", "衡水市公安局"
SCOPES = [
    "data-hub.sharing.apply", "data-hub.resources.catalogue", "data-hub.credit.record", "data-hub.geography.publish",
    "data-hub.micro-apps.register",
]  # fmt: skip


def official(city: ServiceUnderTest, **claims: Any) -> dict[str, str]:
    """An official of the housing bureau, as the city's provider says who she is."""
    return city.token(SCOPES, subject=str(new_id()), **{"department": HOUSING, "department_name": NAME} | claims)


async def sent(city: ServiceUnderTest, path: str, body: dict[str, Any], **claims: Any) -> dict[str, Any]:
    """What is answered to her, who says that she is the police."""
    answer = await city.client.post(f"{HUB}{path}", json=body, headers=official(city, **claims))
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


class TestWhoActs:
    async def test_applies_and_is_granted_in_her_departments_name(self, city: ServiceUnderTest) -> None:
        await published(city)
        made = await sent(city, "/sharing/applications", wish(city, department_name=FALSE))
        assert made["department_name"] == NAME
        shown = await seen(city, decider(city), f"applications/{made['id']}")
        assert shown["department_name"] == NAME
        given = await act(city, decider(city), f"applications/{made['id']}/approvals", {})
        grant = await seen(city, decider(city), f"grants/{given.json()['grant_id']}")
        assert grant["department_name"] == NAME

    async def test_need_not_say_what_her_department_is_called(self, city: ServiceUnderTest) -> None:
        await published(city)
        asked = {name: value for name, value in wish(city).items() if name != "department_name"}
        assert (await sent(city, "/sharing/applications", asked))["department_name"] == NAME

    async def test_goes_by_her_departments_code_where_no_name_is_known(self, city: ServiceUnderTest) -> None:
        await published(city)
        made = await sent(city, "/sharing/applications", wish(city, department_name=FALSE), department_name=None)
        assert made["department_name"] == HOUSING

    async def test_records_credit_in_her_departments_name(self, city: ServiceUnderTest) -> None:
        await Town(city).found()
        record = await sent(city, "/credit/records", penalty(department_name=FALSE))
        assert record["department_name"] == NAME

    async def test_registers_an_app_in_her_departments_name(self, city: ServiceUnderTest) -> None:
        app = {
            "app_id": "cn.hengshui.names", "name_zh": "甲", "name_en": "A", "summary": "说明", "contact": "0318",
            "department_name": "国务院办公厅",
        }  # fmt: skip
        assert (await sent(city, "/micro-apps", app))["department_name"] == NAME

    async def test_publishes_a_layer_in_her_departments_name(self, city: ServiceUnderTest) -> None:
        made = await sent(city, "/geography/layers", layer_draft(layer_id(), point("1"), department_name=FALSE))
        assert made["layer"]["department_name"] == NAME


class TestCatalogue:
    async def test_calls_the_provider_what_the_token_says(self, city: ServiceUnderTest) -> None:
        told = description(provider_name=FALSE, source_department=HOUSING, source_department_name=FALSE)
        made = (await sent(city, "/resources", told))["resource"]
        assert (made["provider_name"], made["source_department_name"]) == (NAME, NAME)

    async def test_says_so_in_every_later_writing_too(self, city: ServiceUnderTest) -> None:
        housing = official(city)
        await city.client.post(f"{HUB}/resources", json=description(), headers=housing)
        body = {name: value for name, value in description(provider_name=FALSE).items() if name != "code"}
        again = await city.client.put(f"{HUB}/resources/203001-000001/draft", json=body, headers=housing)
        assert again.json()["resource"]["provider_name"] == NAME

    async def test_calls_another_source_what_it_calls_itself(self, city: ServiceUnderTest) -> None:
        ecology = {"department": "11131100MB0H00030L", "department_name": "衡水市生态环境局"}
        await sent(city, "/resources", description(), **ecology)
        told = description("203001-000002", source_department_name=FALSE)
        made = (await sent(city, "/resources", told))["resource"]
        assert made["source_department_name"] == "衡水市生态环境局"

    async def test_counts_a_department_under_the_newest_of_its_names(self, city: ServiceUnderTest) -> None:
        await sent(city, "/resources", description(), department_name="衡水市规划建设局")  # greater as text, and former
        await sent(city, "/resources", description("203001-000002"))
        read = city.token(["data-hub.resources.review"], department="11131100MB0H00014Y")
        told = (await city.client.get(f"{HUB}/resources/statistics", headers=read)).json()["departments"]
        assert [(one["provider"], one["provider_name"]) for one in told] == [(HOUSING, NAME)]


class TestWhoIsLetUseALicence:
    """A holder names a department by its code: the registry of legal entities says what that is."""

    async def desk(self, city: ServiceUnderTest) -> tuple[Desk, dict[str, Any]]:
        desk = Desk(city)
        licence = await desk.issued()
        return desk, licence

    async def refused(self, answer: httpx.Response) -> str:
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/licence-unknown-department")
        (error,) = answer.json()["errors"]
        return str(error["pointer"])

    async def test_is_called_as_in_the_registry(self, city: ServiceUnderTest) -> None:
        desk, licence = await self.desk(city)
        assert (await desk.leave(licence)).json()["department_name"] == "衡水市城市管理综合行政执法局"

    @pytest.mark.parametrize("said", ["火星市公安局", "衡水市公安局"])
    async def test_is_none_under_another_name(self, city: ServiceUnderTest, said: str) -> None:
        desk, licence = await self.desk(city)
        assert await self.refused(await desk.leave(licence, department_name=said)) == "/body/department_name"

    async def test_is_no_firm(self, city: ServiceUnderTest) -> None:
        desk, licence = await self.desk(city)
        firm = EntityDraft(
            uscc=FIRM, name="衡水示例橡塑有限公司", legal_form=LegalForm.limited_company, division_code="131102",
            established_on="2016-03-01", source=SourceDraft(department=URBAN, batch="t"),
        )  # fmt: skip
        async with city.work() as work:
            await LegalEntities(work).register(firm, by=LOADER)
        assert await self.refused(await desk.leave(licence, department=FIRM)) == "/body/department"

    async def test_is_no_code_that_nobody_knows(self, city: ServiceUnderTest) -> None:
        desk, licence = await self.desk(city)
        assert await self.refused(await desk.leave(licence, department="11131100MB0H00081W")) == "/body/department"

    async def test_is_named_in_the_log_of_uses_as_on_the_day_of_its_use(self, city: ServiceUnderTest) -> None:
        desk, licence = await self.desk(city)
        leave = (await desk.leave(licence)).json()
        clerk = city.token(["data-hub.licences.use"], department=URBAN, department_name="衡水市城市管理局")
        assert (await desk.use(leave, clerk)).status_code == 200
        (use,) = (await desk.get(f"/own/{licence['id']}/uses", desk.holder)).json()["items"]
        assert use["department_name"] == "衡水市城市管理局"
