from typing import Any

from citykit.ids import new_id
from citykit.testing import at

TASK = "gov-collab.organisations.turn-appointments"
MADE = "cn.hengshui.gov-collab.appointment.made.v1"
ENDED = "cn.hengshui.gov-collab.appointment.ended.v1"


async def appoint(town: Any, **days: str) -> None:
    post = {"code": "handler", "name": "办理员", "scopes": ["gov-collab.hotline.handle"]}
    await town.post(f"/organisations/departments/{town.ecology}/posts", post, town.maintainer)
    draft = {"subject": str(new_id()), "department_code": town.ecology, "post_code": "handler"} | days
    response = await town.post("/organisations/appointments", draft, town.maintainer)
    assert response.status_code == 201, response.text


class TestTurnAppointments:
    async def test_a_first_day_is_announced_when_it_comes(self, town: Any) -> None:
        town.city.clock.set(at("2026-11-24 23:50"))
        await appoint(town, valid_from="2026-11-25")
        await town.city.run_task(TASK)
        assert await town.city.events(MADE) == []
        town.city.clock.set(at("2026-11-25 00:00"))
        for _ in range(2):
            await town.city.run_task(TASK)
        assert len(await town.city.events(MADE)) == 1

    async def test_a_term_ends_when_its_last_day_has_passed(self, town: Any) -> None:
        town.city.clock.set(at("2026-11-24 12:00"))
        await appoint(town, valid_from="2026-11-01", valid_to="2026-11-25")
        await town.city.run_task(TASK)
        assert await town.city.events(ENDED) == []
        town.city.clock.set(at("2026-11-25 00:00"))
        for _ in range(2):
            await town.city.run_task(TASK)
        assert len(await town.city.events(ENDED)) == 1

    async def test_an_appointment_that_was_never_announced_ends_in_silence(self, town: Any) -> None:
        town.city.clock.set(at("2026-11-24 12:00"))
        await appoint(town, valid_from="2026-11-25", valid_to="2026-11-26")
        town.city.clock.set(at("2026-12-01 12:00"))
        await town.city.run_task(TASK)
        assert [len(await town.city.events(kind)) for kind in (MADE, ENDED)] == [0, 0]
