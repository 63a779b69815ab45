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


async def test_a_repair_that_is_granted_closes_the_dispute_about_the_record(town: Town) -> None:
    record = await town.record()
    await town.post(f"/firms/{FIRM}/reports", by=town.ecology)
    path = f"/firms/{FIRM}/records/{record['id']}"
    dispute = (await town.post(f"{path}/disputes", {"reason": "不是本公司"}, by=town.boss)).json()
    await town.repaired(record["id"])
    assert (await town.get("/disputes", state="raised")).json()["items"] == []
    (listed,) = (await town.get("/disputes")).json()["items"]
    assert (listed["id"], listed["state"], listed["decision"]) == (dispute["id"], "closed", "义务已履行")
    answers = [(one.data["matter"], one.data["outcome"]) for one in await town.city.events(ANSWERED)]
    assert sorted(answers) == [("dispute", "closed"), ("repair", "granted")]
    body = {"corrected": True, "reason": "确有错误"}
    assert (await town.post(f"/disputes/{dispute['id']}/decisions", body)).status_code == 409
    own = (await town.get(f"/firms/{FIRM}/own", by=town.boss)).json()["records"]
    assert [one["state"] for one in own] == ["repaired"]
    assert [one.data["why"] for one in await town.city.events(ENDED)] == ["repaired"]
    (recall,) = (await town.get("/recalls", by=town.ecology)).json()["items"]
    assert recall["why"] == "repaired"


@pytest.mark.parametrize("way", ["correction", "dispute"])
async def test_a_record_that_was_wrong_closes_the_application_for_its_repair(town: Town, way: str) -> None:
    record = await town.record()
    path = f"/firms/{FIRM}/records/{record['id']}"
    repair = (await town.apply(record["id"])).json()
    await town.post(f"/repairs/{repair['id']}/questions", {"text": "请补交缴款凭证"})
    if way == "correction":
        answer = await town.post(f"{path}/corrections", {"reason": "主体有误"})
    else:
        dispute = (await town.post(f"{path}/disputes", {"reason": "不是本公司"}, by=town.boss)).json()
        body = {"corrected": True, "reason": "主体有误"}
        answer = await town.post(f"/disputes/{dispute['id']}/decisions", body)
    assert answer.status_code == 200, answer.text
    (listed,) = (await town.get("/repairs")).json()["items"]
    assert (listed["state"], listed["decision"], listed["due_at"]) == ("closed", "主体有误", None)
    answers = [(one.data["matter"], one.data["outcome"]) for one in await town.city.events(ANSWERED)]
    assert answers.count(("repair", "closed")) == 1
    withdrawn = await town.post(f"/firms/{FIRM}/repairs/{repair['id']}/withdrawals", by=town.boss)
    assert withdrawn.status_code == 409


async def test_who_grants_a_repair_and_who_settles_the_dispute_at_once_end_the_record_once(town: Town) -> None:
    record = await town.record()
    await town.post(f"/firms/{FIRM}/reports", by=town.ecology)
    repair = (await town.apply(record["id"])).json()
    path = f"/firms/{FIRM}/records/{record['id']}/disputes"
    dispute = (await town.post(path, {"reason": "不是本公司"}, by=town.boss)).json()
    answers = await asyncio.gather(
        town.post(f"/repairs/{repair['id']}/decisions", {"granted": True, "reason": "义务已履行"}),
        town.post(f"/disputes/{dispute['id']}/decisions", {"corrected": True, "reason": "确有错误"}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (ended,) = await town.city.events(ENDED)
    (recall,) = (await town.get("/recalls", by=town.ecology)).json()["items"]
    (own,) = (await town.get(f"/firms/{FIRM}/own", by=town.boss)).json()["records"]
    assert {ended.data["why"], recall["why"], own["state"]} == {"repaired" if answers[0].is_success else "corrected"}
