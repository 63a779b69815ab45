from typing import Any

from citykit.ids import new_id

ORDER = {
    "number": "KQ-1",
    "department_code": "11131100MB0H00030L",
    "station_code": "1075A",
    "aqi": 151,
    "primary_pollutants": ["PM2.5"],
    "observed_at": "2026-11-24T21:00:00+08:00",
    "raised_at": "2026-11-24T21:05:00+08:00",
}


async def raised(town: Any) -> str:
    order_id = str(new_id())
    for _ in range(2):
        response = await town.city.deliver(
            "cn.hengshui.city-ops.order.raised.v1", ORDER | {"order_id": order_id}, source="city-ops"
        )
        assert response.status_code == 204, response.text
    return order_id


class TestNotices:
    async def test_lie_with_the_department_they_went_to(self, town: Any) -> None:
        order_id = await raised(town)
        (notice,) = (await town.get("/duties/notices", town.ecologist)).json()["items"]
        assert (notice["order_id"], notice["aqi"], notice["read_at"]) == (order_id, 151, None)
        assert (await town.get("/duties/notices", town.urbanist)).json()["items"] == []

    async def test_are_not_for_citizens(self, town: Any) -> None:
        assert (await town.get("/duties/notices", town.citizen)).status_code == 403


class TestReceipts:
    async def test_the_first_reader_counts(self, town: Any) -> None:
        path = f"/duties/notices/{await raised(town)}/receipts"
        answers = [await town.post(path, None, town.ecologist) for _ in "12"]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json()["read_at"] == answers[1].json()["read_at"]
        assert (await town.get("/duties/notices", town.ecologist, read=False)).json()["items"] == []

    async def test_not_by_another_department(self, town: Any) -> None:
        path = f"/duties/notices/{await raised(town)}/receipts"
        assert (await town.post(path, None, town.urbanist)).status_code == 404
