"""Credit reports: sealed pages and a credential that others can check, void as soon as a record in them ends."""

import asyncio
import base64
import json
import shutil
import subprocess
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from citykit.clock import CHINA
from citykit.testing import ServiceUnderTest
from data_hub.credit import paper
from data_hub.credit.schemas import Report
from data_hub.seals.service import Seals
from data_hub.seals.status_lists import unpacked

from .factories import CREDIT, FIRM, Town

REPORTS = f"/firms/{FIRM}/reports"
OWN = f"/firms/{FIRM}/own/reports"


@pytest.fixture
async def town(city: ServiceUnderTest) -> Town:
    city.clock.set(datetime(2026, 2, 2, 9, tzinfo=CHINA))
    return await Town(city).found()


async def made(town: Town, path: str = REPORTS, by: dict[str, str] | None = None) -> dict[str, Any]:
    answer = await town.post(path, by=by or town.ecology)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def said_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def words_of(report: Report) -> dict[str, bool]:
    """Which titles stand on the pages of a report with the mark of a dispute."""
    lines = [paper._line(record) for record in report.records]
    return {title.removesuffix(paper.DISPUTED): title.endswith(paper.DISPUTED) for _, title, _, _ in lines}


class TestReport:
    async def test_says_what_is_in_force_and_what_follows(self, town: Town) -> None:
        record = await town.record()
        report = await made(town)
        assert [one["id"] for one in report["records"]] == [record["id"]]
        assert (report["grade"], report["as_of"], report["valid_until"]) == ("C", "2026-02-02", "2026-03-04")

    async def test_of_a_day_when_records_had_no_last_day_is_handed_out_still(self, town: Town) -> None:
        await town.record()
        report = await made(town)
        older = "update credit_report set content = content #- '{records,0,valid_until}'"
        async with town.city.work() as work:
            await (await work.driver()).execute(older)
        answer = await town.get(f"{REPORTS}/{report['number']}/credential", by=town.ecology)
        assert answer.status_code == 200, answer.text

    async def test_can_be_checked_by_everybody(self, town: Town) -> None:
        await town.record()
        report = await made(town)
        path = f"{CREDIT}{REPORTS}/{report['number']}"
        answer = (await town.city.client.get(path)).json()
        assert answer["current"] is True
        assert "records" not in answer
        assert (await town.city.client.get(f"{CREDIT}{REPORTS}/CR-20260202-000000000000")).status_code == 404

    async def test_is_void_once_a_record_in_it_ends(self, town: Town) -> None:
        record = await town.record()
        report = await made(town)
        await town.post(f"/firms/{FIRM}/records/{record['id']}/corrections", {"reason": "文书已撤销"})
        path = f"{REPORTS}/{report['number']}"
        assert (await town.city.client.get(f"{CREDIT}{path}")).json()["current"] is False
        for form in ("pdf", "credential"):
            assert (await town.get(f"{path}/{form}", by=town.ecology)).status_code == 410

    async def test_is_void_after_its_days(self, town: Town) -> None:
        await town.record()
        report = await made(town)
        town.city.clock.set(datetime(2026, 3, 4, tzinfo=CHINA))
        assert (await town.get(f"{REPORTS}/{report['number']}/pdf", by=town.ecology)).status_code == 410

    async def test_is_handed_to_whom_it_was_made_for(self, town: Town) -> None:
        report = await made(town)
        own = await made(town, OWN, town.boss)
        assert (await town.get(f"{REPORTS}/{report['number']}/pdf", by=town.urban)).status_code == 404
        assert (await town.get(f"{REPORTS}/{own['number']}/pdf", by=town.ecology)).status_code == 404
        assert (await town.get(f"{OWN}/{own['number']}/pdf", by=town.stranger)).status_code == 403
        assert (await town.get(f"{OWN}/{report['number']}/pdf", by=town.boss)).status_code == 404
        assert (await town.post(OWN, by=town.stranger)).status_code == 403


class TestForms:
    async def test_the_pages_are_sealed(self, town: Town) -> None:
        await town.record()
        own = await made(town, OWN, town.boss)
        answer = await town.get(f"{OWN}/{own['number']}/pdf", by=town.boss)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        signed = await asyncio.to_thread(Seals(town.city.settings).check_pdf, answer.content)
        assert own["number"] in repr(signed)

    async def test_marks_what_the_firm_disputes(self, town: Town) -> None:
        right, wrong = await town.record(), await town.record(document_number="衡市监罚〔2026〕2号", title="无照经营")
        await town.post(f"/firms/{FIRM}/records/{wrong['id']}/disputes", {"reason": "不是本公司"}, by=town.boss)
        report = await made(town)
        credential = (await town.get(f"{REPORTS}/{report['number']}/credential", by=town.ecology)).json()["credential"]
        told = await asyncio.to_thread(Seals(town.city.settings).check_sd_jwt_vc, credential)
        marked = {one["id"]: one.get("disputed") for one in told["records"]}
        assert marked == {right["id"]: None, wrong["id"]: True}
        pages = await asyncio.to_thread(words_of, Report.model_validate(report))
        assert pages == {right["title"]: False, wrong["title"]: True}

    @pytest.mark.skipif(shutil.which("pdfsig") is None, reason="pdfsig (poppler-utils) is not installed")
    async def test_the_seal_is_valid_for_poppler(self, town: Town, tmp_path: Path) -> None:
        report = await made(town)
        path = f"{REPORTS}/{report['number']}/pdf"
        file = tmp_path / "report.pdf"
        file.write_bytes((await town.get(path, by=town.ecology)).content)
        told = await asyncio.to_thread(said_by, "pdfsig", str(file))
        assert "Signature Validation: Signature is Valid." in told
        assert "Total document signed" in told

    async def test_the_credential_names_the_firm_whatever_the_holder_leaves_out(self, town: Town) -> None:
        record = await town.record()
        report = await made(town)
        answer = (await town.get(f"{REPORTS}/{report['number']}/credential", by=town.ecology)).json()
        assert answer["format"] == "dc+sd-jwt"
        seals = Seals(town.city.settings)
        whole = seals.check_sd_jwt_vc(answer["credential"])
        assert (whole["uscc"], whole["grade"], whole["vct"]) == (FIRM, "C", "urn:cn:hengshui:credit-report:1")
        assert [one["id"] for one in whole["records"]] == [record["id"]]
        bare = seals.check_sd_jwt_vc(answer["credential"].split("~")[0] + "~")
        assert bare["uscc"] == FIRM
        assert "records" not in bare


def claims_of(credential: str) -> dict[str, Any]:
    """What a credential says without its disclosures, read as anybody can."""
    body = credential.split("~")[0].split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=="))
    return said


class TestStatus:
    """A verifier who holds a credential and reads its status list."""

    async def held(self, town: Town, report: dict[str, Any]) -> dict[str, Any]:
        """The place that the report's credential names."""
        answer = await town.get(f"{REPORTS}/{report['number']}/credential", by=town.ecology)
        assert answer.status_code == 200, answer.text
        return dict(claims_of(answer.json()["credential"])["status"]["status_list"])

    async def seen(self, town: Town, entry: dict[str, Any]) -> int:
        answer = await town.city.client.get(entry["uri"].removeprefix("http://city.test"))
        assert answer.headers["content-type"] == "application/statuslist+jwt"
        said = Seals(town.city.settings).check_jws(answer.text, typ="statuslist+jwt")
        assert said["sub"] == entry["uri"]
        return unpacked(said["status_list"]["lst"], entry["idx"])

    async def test_of_a_report_whose_record_is_repaired_is_invalid(self, town: Town) -> None:
        record = await town.record(document_date="2025-10-31", document_number="衡市监罚〔2025〕9号")
        entry = await self.held(town, await made(town))
        assert await self.seen(town, entry) == 0
        town.city.clock.set(datetime(2026, 2, 3, 9, tzinfo=CHINA))
        await town.repaired(record["id"])
        assert await self.seen(town, entry) == 1

    async def test_of_a_report_whose_record_is_called_back_as_wrong_is_invalid(self, town: Town) -> None:
        first, second = await town.record(), await town.record(document_number="衡市监罚〔2026〕2号")
        both = await self.held(town, await made(town))
        await town.post(f"/firms/{FIRM}/records/{second['id']}/corrections", {"reason": "文书已撤销"})
        one = await self.held(town, await made(town))
        assert (await self.seen(town, both), await self.seen(town, one)) == (1, 0)
        await town.post(f"/firms/{FIRM}/records/{first['id']}/corrections", {"reason": "文书已撤销"})
        assert await self.seen(town, one) == 1

    async def test_of_a_report_whose_record_stands_still_is_suspended_for_that_time(self, town: Town) -> None:
        record = await town.record()
        entry = await self.held(town, await made(town))
        lift = {"until": "2026-02-10", "reason": "诉讼期间"}
        assert (await town.post(f"/firms/{FIRM}/records/{record['id']}/lifts", lift)).status_code == 200
        assert await self.seen(town, entry) == 2
        town.city.clock.set(datetime(2026, 2, 10, 9, tzinfo=CHINA))
        assert await self.seen(town, entry) == 0

    async def test_of_a_report_whose_record_is_over_by_time_is_invalid(self, town: Town) -> None:
        record = await town.record(document_date="2025-03-01")
        over = date.fromisoformat(record["published_until"])
        town.city.clock.set(datetime.combine(over - timedelta(days=1), time(9), CHINA))
        entry = await self.held(town, await made(town))
        assert await self.seen(town, entry) == 0
        town.city.clock.set(datetime.combine(over, time(9), CHINA))
        assert await self.seen(town, entry) == 1

    async def test_is_one_for_all_credentials_of_a_report_and_each_report_has_its_own(self, town: Town) -> None:
        await town.record()
        report, other = await made(town), await made(town)
        entries = await asyncio.gather(*(self.held(town, report) for _ in range(4)))
        assert len({one["idx"] for one in entries}) == 1
        assert (await self.held(town, other))["idx"] != entries[0]["idx"]
        assert (await town.get("/status-lists/77")).status_code == 404

    async def test_is_never_left_out_by_the_holder(self, town: Town) -> None:
        await town.record()
        path = f"{REPORTS}/{(await made(town))['number']}/credential"
        bare = (await town.get(path, by=town.ecology)).json()["credential"].split("~")[0] + "~"
        assert "status_list" in Seals(town.city.settings).check_sd_jwt_vc(bare)["status"]
