"""Credit over HTTP: what is recorded, what everybody sees, and how a record ends everywhere at once."""

import asyncio
from datetime import datetime

import pytest

from citykit.clock import CHINA
from citykit.testing import ServiceUnderTest

from .factories import CREDIT, FIRM, OF_FIRM, Town, honour, penalty

ENDED = "cn.hengshui.data-hub.credit.ended.v1"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.fixture
async def town(city: ServiceUnderTest) -> Town:
    city.clock.set(at("2026-02-02 09:00"))
    return await Town(city).found()


class TestRecords:
    async def test_get_the_days_of_their_severity(self, town: Town) -> None:
        record = await town.record()
        assert (record["repairable_from"], record["published_until"]) == ("2026-04-30", "2027-01-31")
        assert record["public"] is True
        (event,) = await town.city.events("cn.hengshui.data-hub.credit.recorded.v1")
        assert (event.data["uscc"], event.data["severity"]) == (FIRM, "general")
        assert event.data["representative"] == town.person, "for whoever tells the firm"

    async def test_minor_ones_are_not_published(self, town: Town) -> None:
        record = await town.record(severity="minor")
        assert record["public"] is False
        assert await town.published() == []
        own = await town.get(f"/firms/{FIRM}/own", by=town.boss)
        assert [one["id"] for one in own.json()["records"]] == [record["id"]]

    async def test_end_by_themselves(self, town: Town) -> None:
        record = await town.record()
        town.city.clock.set(at("2027-01-30 23:59"))
        assert await town.published() == [record["id"]]
        town.city.clock.set(at("2027-01-31 00:00"))
        assert await town.published() == []

    async def test_of_one_document_are_taken_once_even_by_two_at_a_time(self, town: Town) -> None:
        answers = await asyncio.gather(*(town.post("/records", penalty()) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]

    async def test_are_about_legal_entities_alone(self, town: Town) -> None:
        answer = await town.post("/records", penalty(uscc="131102198503150049"))
        assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (422, "no-personal-scores")
        answer = await town.post("/records", penalty(uscc="91131100MA00000007"))
        assert answer.status_code == 404

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"severity": None}, "/body/severity"),
            ({"kind": "honour"}, "/body/severity"),
            ({"document_date": "2026-02-03"}, "/body/document_date"),
            ({"document_date": "1949-09-30"}, "/body/document_date"),
            ({"valid_until": "2027-01-31"}, "/body/valid_until"),
            ({"kind": "honour", "severity": None, "valid_until": "2026-01-30"}, "/body/valid_until"),
            ({"kind": "basic", "severity": None, "valid_until": "9999-12-31"}, "/body/valid_until"),
        ],
    )
    async def test_that_contradict_themselves_are_refused(
        self, town: Town, changes: dict[str, str], field: str
    ) -> None:
        answer = await town.post("/records", penalty(**changes))
        assert answer.status_code == 422
        assert [one["pointer"] for one in answer.json()["errors"]] == [field]
        assert await town.published() == []

    async def test_are_listed_for_the_department_that_took_them(self, town: Town) -> None:
        record = await town.record()
        assert [one["id"] for one in (await town.get("/records", kind="penalty")).json()["items"]] == [record["id"]]
        assert (await town.get("/records", by=town.urban)).json()["items"] == []
        other = await town.post(f"/firms/{FIRM}/records/{record['id']}/corrections", {"reason": "错"}, by=town.urban)
        assert other.status_code == 404

    async def test_can_be_lifted_for_a_time(self, town: Town) -> None:
        record = await town.record()
        path = f"/firms/{FIRM}/records/{record['id']}/lifts"
        assert (await town.post(path, {"until": "2026-02-02", "reason": "重整"})).status_code == 422
        assert (await town.post(path, {"until": "2026-06-01", "reason": "重整计划已批准"})).status_code == 200
        assert await town.published() == []
        town.city.clock.set(at("2026-06-01 08:00"))
        assert await town.published() == [record["id"]]

    async def test_the_table_of_days_names_its_sources(self, town: Town) -> None:
        table = (await town.city.client.get(f"{CREDIT}/terms")).json()
        assert {one["severity"]: (one["minimum_months"], one["maximum_months"]) for one in table["terms"]} == {
            "minor": (0, 3), "general": (3, 12), "serious": (12, 36),
        }  # fmt: skip
        assert all(one["source"] for part in ("terms", "limits", "methods") for one in table[part])


class TestHonours:
    async def test_end_after_the_last_day_of_their_validity_for_show_and_for_use(self, town: Town) -> None:
        taken = await town.record(**honour(valid_until="2026-12-31"))
        assert (taken["valid_until"], taken["published_until"]) == ("2026-12-31", "2027-01-01")
        assert (taken["repairable_from"], taken["public"]) == (None, True)
        town.city.clock.set(at("2026-12-31 23:59"))
        assert await town.published() == [taken["id"]]
        report = (await town.post(f"/firms/{FIRM}/reports")).json()
        assert (report["grade"], report["points"]) == ("A", 90)
        town.city.clock.set(at("2027-01-01 00:00"))
        assert await town.published() == []
        assert (await town.post(f"/firms/{FIRM}/reports")).json()["points"] == 85
        check = await town.city.client.get(f"{OF_FIRM}/reports/{report['number']}")
        assert check.json()["current"] is False

    async def test_without_a_last_day_hold_until_they_are_withdrawn(self, town: Town) -> None:
        taken = await town.record(**honour())
        assert (taken["valid_until"], taken["published_until"]) == (None, None)
        assert (await town.post(f"/firms/{FIRM}/reports", by=town.urban)).json()["points"] == 90
        path = f"/firms/{FIRM}/records/{taken['id']}/withdrawals"
        assert (await town.post(path, {"reason": "称号已撤销"}, by=town.urban)).status_code == 404
        withdrawn = (await town.post(path, {"reason": "2025年度称号已撤销"})).json()
        assert (withdrawn["state"], withdrawn["state_reason"]) == ("withdrawn", "2025年度称号已撤销")
        assert await town.published() == []
        assert (await town.post(f"/firms/{FIRM}/reports", by=town.ecology)).json()["points"] == 85
        (recall,) = (await town.get("/recalls", by=town.urban)).json()["items"]
        assert (recall["record_id"], recall["why"]) == (taken["id"], "withdrawn")
        (event,) = await town.city.events(ENDED)
        assert (event.data["record_id"], event.data["why"]) == (taken["id"], "withdrawn")
        for act in ("withdrawals", "corrections"):
            again = await town.post(f"/firms/{FIRM}/records/{taken['id']}/{act}", {"reason": "再次"})
            assert (again.status_code, again.json()["type"].split("/")[-1]) == (409, "credit-state")

    async def test_are_withdrawn_and_penalties_are_not(self, town: Town) -> None:
        record = await town.record()
        answer = await town.post(f"/firms/{FIRM}/records/{record['id']}/withdrawals", {"reason": "不再执行"})
        assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (409, "not-withdrawable")
        assert await town.published() == [record["id"]]

    async def test_that_are_withdrawn_close_the_dispute_about_them(self, town: Town) -> None:
        taken = await town.record(**honour())
        path = f"/firms/{FIRM}/records/{taken['id']}"
        await town.post(f"{path}/disputes", {"reason": "名称有误"}, by=town.boss)
        await town.post(f"{path}/withdrawals", {"reason": "称号已撤销"})
        listed = (await town.get("/disputes")).json()["items"]
        assert [(one["state"], one["decision"]) for one in listed] == [("closed", "称号已撤销")]


class TestRepair:
    async def test_waits_for_the_minimum_period(self, town: Town) -> None:
        record = await town.record()
        answer = await town.apply(record["id"])
        assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (409, "not-repairable")
        town.city.clock.set(at("2026-04-30 00:00"))
        assert (await town.apply(record["id"])).status_code == 201

    async def test_is_for_who_represents_the_firm(self, town: Town) -> None:
        record = await town.record()
        town.city.clock.set(at("2026-05-06 09:00"))
        assert (await town.apply(record["id"], by=town.stranger)).status_code == 403
        assert (await town.get(f"/firms/{FIRM}/own", by=town.stranger)).status_code == 403

    async def test_is_applied_for_once_at_a_time(self, town: Town) -> None:
        record = await town.record()
        town.city.clock.set(at("2026-05-06 09:00"))
        answers = await asyncio.gather(*(town.apply(record["id"]) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]

    async def test_ends_publication_sharing_and_use(self, town: Town) -> None:
        record = await town.record()
        town.city.clock.set(at("2026-05-06 09:00"))
        await town.repaired(record["id"])
        assert await town.published() == []
        report = await town.post(f"/firms/{FIRM}/reports")
        assert (report.json()["records"], report.json()["grade"]) == ([], "B")
        (event,) = await town.city.events(ENDED)
        assert (event.data["record_id"], event.data["why"]) == (record["id"], "repaired")
        assert (await town.apply(record["id"])).status_code == 409

    async def test_stands_still_while_something_is_missing(self, town: Town) -> None:
        record = await town.record()
        town.city.clock.set(at("2026-05-06 09:00"))
        repair = (await town.apply(record["id"])).json()
        asked = await town.post(f"/repairs/{repair['id']}/questions", {"text": "请补交缴款凭证"})
        assert (asked.json()["state"], asked.json()["due_at"]) == ("supplement", None)
        body = {"granted": True, "reason": "义务已履行"}
        assert (await town.post(f"/repairs/{repair['id']}/decisions", body)).status_code == 409
        path = f"/firms/{FIRM}/repairs/{repair['id']}/supplements"
        handed = (await town.post(path, {"text": "凭证已上传"}, by=town.boss)).json()
        assert handed["state"] == "applied"
        assert handed["due_at"] >= repair["due_at"]

    async def test_is_answered_to_who_applied(self, town: Town) -> None:
        record = await town.record()
        town.city.clock.set(at("2026-05-06 09:00"))
        repair = (await town.apply(record["id"])).json()
        await town.post(f"/repairs/{repair['id']}/questions", {"text": "请补交缴款凭证"})
        path = f"/firms/{FIRM}/repairs/{repair['id']}/supplements"
        await town.post(path, {"text": "凭证已上传"}, by=town.boss)
        await town.post(f"/repairs/{repair['id']}/decisions", {"granted": False, "reason": "义务未履行"})
        events = await town.city.events("cn.hengshui.data-hub.credit.answered.v1")
        assert [(one.data["matter"], one.data["outcome"]) for one in events] == [
            ("repair", "supplement"), ("repair", "refused"),
        ]  # fmt: skip
        assert {one.data["matter_id"] for one in events} == {repair["id"]}
        assert "凭证" not in str([one.data for one in events])

    async def test_that_is_late_raises_one_alarm(self, town: Town) -> None:
        record = await town.record()
        town.city.clock.set(at("2026-05-06 09:00"))
        repair = (await town.apply(record["id"])).json()
        town.city.clock.set(at("2026-06-30 09:00"))
        listed = (await town.get("/repairs", state="applied")).json()["items"]
        assert [(one["id"], one["overdue"]) for one in listed] == [(repair["id"], True)]
        for _ in range(2):
            await town.city.run_task("data-hub.credit.alarms")
        assert await town.alarms("repair-overdue") == 1

    async def test_two_who_decide_decide_once(self, town: Town) -> None:
        record = await town.record()
        town.city.clock.set(at("2026-05-06 09:00"))
        repair = (await town.apply(record["id"])).json()
        path = f"/repairs/{repair['id']}/decisions"
        answers = await asyncio.gather(
            *(town.post(path, {"granted": granted, "reason": "决定"}) for granted in (True, False, True))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


class TestRecall:
    async def test_reaches_every_department_that_received_the_record(self, town: Town) -> None:
        record = await town.record()
        for reader in (town.urban, town.ecology):
            assert (await town.post(f"/firms/{FIRM}/reports", by=reader)).status_code == 201
        town.city.clock.set(at("2026-05-06 09:00"))
        await town.repaired(record["id"])
        for reader in (town.urban, town.ecology):
            (recall,) = (await town.get("/recalls", by=reader)).json()["items"]
            assert (recall["record_id"], recall["why"], recall["overdue"]) == (record["id"], "repaired", False)
        assert (await town.get("/recalls")).json()["items"] == []

    async def test_is_over_when_the_department_says_so(self, town: Town) -> None:
        record = await town.record()
        await town.post(f"/firms/{FIRM}/reports", by=town.urban)
        town.city.clock.set(at("2026-05-06 09:00"))
        await town.repaired(record["id"])
        path = f"/recalls/{FIRM}/{record['id']}/acknowledgements"
        assert (await town.post(path, {"note": "已删除"}, by=town.ecology)).status_code == 404
        assert (await town.post(path, {"note": "已删除"}, by=town.urban)).status_code == 200
        assert (await town.post(path, {"note": "已删除"}, by=town.urban)).status_code == 409
        assert (await town.get("/recalls", by=town.urban)).json()["items"] == []

    async def test_that_nobody_acknowledges_raises_an_alarm(self, town: Town) -> None:
        record = await town.record()
        await town.post(f"/firms/{FIRM}/reports", by=town.urban)
        await town.post(f"/firms/{FIRM}/records/{record['id']}/corrections", {"reason": "文书已撤销"})
        town.city.clock.set(at("2026-03-10 09:00"))
        await town.city.run_task("data-hub.credit.alarms")
        assert await town.alarms("recall-overdue") == 1
        (recall,) = (await town.get("/recalls", by=town.urban)).json()["items"]
        assert recall["overdue"] is True


class TestDisputes:
    async def test_mark_the_record_until_they_are_settled(self, town: Town) -> None:
        record = await town.record()
        path = f"/firms/{FIRM}/records/{record['id']}/disputes"
        dispute = (await town.post(path, {"reason": "文书当事人不是我公司"}, by=town.boss)).json()
        assert (await town.post(path, {"reason": "再次"}, by=town.boss)).status_code == 409
        shown = (await town.city.client.get(OF_FIRM)).json()["records"]
        assert [one["state"] for one in shown] == ["disputed"]
        body = {"corrected": False, "reason": "经核查无误"}
        settled = await town.post(f"/disputes/{dispute['id']}/decisions", body)
        assert settled.json()["state"] == "upheld"
        assert [one["state"] for one in (await town.city.client.get(OF_FIRM)).json()["records"]] == ["recorded"]

    async def test_that_are_right_end_the_record_everywhere(self, town: Town) -> None:
        record = await town.record()
        await town.post(f"/firms/{FIRM}/reports", by=town.ecology)
        path = f"/firms/{FIRM}/records/{record['id']}/disputes"
        dispute = (await town.post(path, {"reason": "文书已被法院撤销"}, by=town.boss)).json()
        assert (await town.get("/disputes", by=town.urban)).json()["items"] == []
        await town.post(f"/disputes/{dispute['id']}/decisions", {"corrected": True, "reason": "判决已生效"})
        assert await town.published() == []
        (recall,) = (await town.get("/recalls", by=town.ecology)).json()["items"]
        assert recall["why"] == "corrected"


class TestRatings:
    async def test_explain_themselves_and_can_be_computed_again(self, town: Town) -> None:
        record = await town.record()
        rating = (await town.post(f"/firms/{FIRM}/ratings", {}, by=town.ecology)).json()
        assert (rating["grade"], rating["points"]) == ("C", 70)
        assert [(one["record"], one["points"]) for one in rating["contributions"]] == [(record["id"], -15)]
        await town.post(f"/firms/{FIRM}/records/{record['id']}/corrections", {"reason": "文书已撤销"})
        again = (await town.get(f"/firms/{FIRM}/ratings/{rating['id']}/reproduction", by=town.ecology)).json()
        assert (again["same"], again["grade"], again["fingerprint"]) == (True, "C", rating["fingerprint"])

    async def test_one_request_that_is_repeated_gives_one(self, town: Town) -> None:
        await town.record()
        headers = town.ecology | {"Idempotency-Key": "rating-of-the-tender-7"}
        told = [await town.post(f"/firms/{FIRM}/ratings", {}, by=headers) for _ in range(2)]
        assert [answer.status_code for answer in told] == [201, 201]
        assert told[0].json() == told[1].json()
        other = await town.post(f"/firms/{FIRM}/ratings", {}, by=town.ecology)
        assert other.json()["id"] != told[0].json()["id"]

    async def test_need_a_method_that_exists(self, town: Town) -> None:
        assert (await town.post(f"/firms/{FIRM}/ratings", {"method": "1999-1"})).status_code == 404
