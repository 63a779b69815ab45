"""The credit of a firm that was registered under a wrong code as well: records stay where they are and are followed."""

from citykit.testing import ServiceUnderTest

from .factories import CREDIT, FIRM, MAINTAIN, MARKET, SOURCE, Town

WRONG = "91131102MA0H000105"
MERGERS = "/api/data-hub/v1/registries/mergers"


class TestMergedFirm:
    async def test_its_records_are_those_of_both_codes(self, city: ServiceUnderTest) -> None:
        town = await Town(city).found()
        headers = city.token([MAINTAIN], department=MARKET)
        body = {
            "uscc": WRONG, "name": "衡水示例橡塑制品有限公司", "legal_form": "limited-company",
            "division_code": "131102", "established_on": "2016-03-01", "source": SOURCE,
        }  # fmt: skip
        made = await city.client.post("/api/data-hub/v1/legal-entities", json=body, headers=headers)
        assert made.status_code == 201
        old = await town.record(uscc=WRONG, document_number="衡市监罚〔2026〕2号")
        new = await town.record()
        merger = {
            "registry": "legal-entities", "subject": WRONG, "survivor": FIRM, "subject_version": 1,
            "survivor_version": 1, "legal_basis": "《市场主体登记管理条例》第二十四条", "source": SOURCE,
        }  # fmt: skip
        merged = await city.client.post(MERGERS, json=merger, headers=headers)
        assert merged.status_code == 201, merged.text
        assert set(await town.published()) == {old["id"], new["id"]}
        by_wrong = await town.get(f"/firms/{WRONG}")
        assert {one["id"] for one in by_wrong.json()["records"]} == {old["id"], new["id"]}
        report = await town.post(f"/firms/{FIRM}/reports", by=town.ecology)
        assert report.status_code == 201, report.text
        assert len(report.json()["records"]) == 2
        called_back = await town.post(f"/firms/{WRONG}/records/{old['id']}/corrections", {"reason": "误录"})
        assert called_back.status_code == 200, called_back.text
        recalls = await city.client.get(f"{CREDIT}/recalls", headers=town.ecology)
        assert [one["uscc"] for one in recalls.json()["items"]] == [WRONG]
        repaired = {"duties": "罚款已缴清，广告已撤下", "commitment": "今后依法经营"}
        applied = await town.post(f"/firms/{WRONG}/records/{old['id']}/repairs", repaired, by=town.boss)
        assert applied.json()["type"] == "/problems/not-repairable", "her right to ask is not in doubt"
