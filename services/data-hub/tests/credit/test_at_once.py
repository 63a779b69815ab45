"""Two acts on one credit record at the same moment: nobody keeps what ended, nobody waits in a ring."""

import asyncio
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import true

from citykit.actors import Actor, ActorKind
from citykit.clock import CHINA
from citykit.testing import ServiceUnderTest
from data_hub.credit.errors import UnderWay
from data_hub.credit.repair import Repairs
from data_hub.credit.repository import record_row
from data_hub.credit.schemas import RepairDraft
from data_hub.credit.service import Credit

from .factories import ECOLOGY, FIRM, Town

ANSWERED = "cn.hengshui.data-hub.credit.answered.v1"
ENDED = "cn.hengshui.data-hub.credit.ended.v1"


@pytest.fixture
async def town(city: ServiceUnderTest) -> Town:
    city.clock.set(datetime(2026, 5, 6, 9, tzinfo=CHINA))
    return await Town(city).found()


async def test_who_receives_a_record_while_it_ends_is_told_to_delete_it(town: Town) -> None:
    record = await town.record()
    repair = (await town.apply(record["id"])).json()
    async with town.city.work() as reading:
        (row,) = await Credit(reading).delivered(FIRM, to=ECOLOGY)
        assert str(row.id) == record["id"]
        deciding = asyncio.create_task(
            town.post(f"/repairs/{repair['id']}/decisions", {"granted": True, "reason": "义务已履行"})
        )
        done, _ = await asyncio.wait({deciding}, timeout=1)
        assert not done, "the record is being handed out: its end waits"
    assert (await deciding).status_code == 200
    recalls = (await town.get("/recalls", by=town.ecology)).json()["items"]
    assert [one["record_id"] for one in recalls] == [record["id"]]


async def test_a_new_application_and_the_answer_to_the_last_one_do_not_wait_for_each_other(town: Town) -> None:
    record = await town.record()
    repair = (await town.apply(record["id"])).json()
    boss = Actor(town.person, ActorKind.person, person=town.person)
    async with town.city.work() as applying:
        row = await record_row(applying, FIRM, UUID(record["id"]), true())
        assert row is not None
        deciding = asyncio.create_task(
            town.post(f"/repairs/{repair['id']}/decisions", {"granted": True, "reason": "义务已履行"})
        )
        await asyncio.sleep(0.5)
        with pytest.raises(UnderWay):
            await Repairs(applying).apply(row, RepairDraft(duties="已缴清", commitment="守法"), by=boss)
        await applying.session.rollback()
    assert (await deciding).status_code == 200


async def test_a_record_that_its_department_corrects_answers_the_dispute_about_it(town: Town) -> None:
    record = await town.record()
    path = f"/firms/{FIRM}/records/{record['id']}"
    dispute = (await town.post(f"{path}/disputes", {"reason": "不是本公司"}, by=town.boss)).json()
    assert (await town.post(f"{path}/corrections", {"reason": "主体有误"})).status_code == 200
    listed = (await town.get("/disputes")).json()["items"]
    assert [(one["id"], one["state"], one["decision"]) for one in listed] == [(dispute["id"], "corrected", "主体有误")]
    (answer,) = await town.city.events(ANSWERED)
    assert (answer.data["matter_id"], answer.data["outcome"]) == (dispute["id"], "corrected")
    body = {"corrected": True, "reason": "确有错误"}
    assert (await town.post(f"/disputes/{dispute['id']}/decisions", body)).status_code == 409
    assert len(await town.city.events(ENDED)) == 1
