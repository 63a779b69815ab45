"""Amendments: what a licence says may change while its serial and its term stay; and leaves outlive a version."""

import asyncio
import base64
from typing import Any

import pytest

from citykit.testing import ServiceUnderTest, at
from data_hub.licences.domain import Identifier

from .factories import FIRM, FIRM_TYPE, HANDED_OUT, LI_PERSON, Desk, jws_of, scanned

CHANGED = "cn.hengshui.data-hub.licence.status-changed.v1"
MOVED = {"trade": "托幼", "examined_on": "2026-11-01"}
SCOPE = [{"name": "scope", "title": "经营范围"}]


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    city.clock.set(at("2026-11-20T10:00:00+08:00"))
    return Desk(city)


async def amended(desk: Desk, licence: dict[str, Any], **more: Any) -> Any:
    return await desk.post(f"/{licence['id']}/amendments", {"claims": MOVED, "reason": "换岗"} | more)


async def uses(desk: Desk, licence: dict[str, Any]) -> list[dict[str, Any]]:
    return list((await desk.get(f"/own/{licence['id']}/uses", desk.holder)).json()["items"])


async def leaves(desk: Desk, licence: dict[str, Any]) -> list[dict[str, Any]]:
    return list((await desk.get(f"/own/{licence['id']}/authorisations", desk.holder)).json()["items"])


class TestAmending:
    async def test_keeps_serial_and_term_and_changes_what_it_says(self, desk: Desk) -> None:
        licence = await desk.issued(valid_from="2026-10-01")
        answer = await amended(desk, licence)
        assert answer.status_code == 201, answer.text
        now = answer.json()
        one, other = Identifier.parse(licence["identifier"]), Identifier.parse(now["identifier"])
        assert one is not None
        assert other is not None
        assert (other.serial, other.version) == (one.serial, 2)
        assert (now["valid_from"], now["valid_to"], now["status"]) == ("2026-10-01", "2027-09-30", "valid")
        assert (await desk.get(f"/{now['id']}")).json()["claims"] == MOVED
        former = (await desk.get(f"/{licence['id']}")).json()
        assert (former["status"], former["status_reason"]) == ("superseded", "变更：换岗")
        assert former["claims"]["trade"] == "餐饮"

    async def test_of_the_former_version_every_form_verifies_as_replaced(self, desk: Desk) -> None:
        licence = await desk.issued()
        pdf = base64.b64encode((await desk.form(licence, "document.pdf")).content).decode()
        ofd = base64.b64encode((await desk.form(licence, "document.ofd")).content).decode()
        code = scanned((await desk.form(licence, "code.png")).content)
        credential = await desk.credential(licence)
        now = (await amended(desk, licence)).json()
        for presented in ({"document": pdf}, {"document": ofd}, {"text": code}, {"text": credential}):
            assert (await desk.verify(**presented))["verdict"] == "superseded"
        assert (await desk.form(licence, "document.pdf")).json()["type"] == "/problems/licence-not-in-force"
        assert (await desk.verify(text=await desk.credential(now)))["verdict"] == "valid"
        anew = scanned((await desk.form(now, "code.png")).content)
        assert jws_of(anew) != jws_of(code)
        assert (await desk.verify(text=anew))["identifier"] == now["identifier"]

    async def test_is_told_as_a_renewal_is(self, desk: Desk) -> None:
        licence = await desk.issued()
        now = (await amended(desk, licence)).json()
        (superseded,) = await desk.city.events(CHANGED)
        assert (superseded.data["licence_id"], superseded.data["status"]) == (licence["id"], "superseded")
        handed = [event.data["licences"][0] for event in await desk.city.events(HANDED_OUT)]
        assert [(one["licence_id"], one["person"]) for one in handed] == [
            (licence["id"], str(LI_PERSON)), (now["id"], str(LI_PERSON)),
        ]  # fmt: skip

    async def test_a_licence_for_ever_is_amended_too(self, desk: Desk) -> None:
        """A firm that moved, or is called otherwise, keeps its number."""
        await desk.type(
            code=FIRM_TYPE, holder_kind="organisation", valid_months=None, fields=SCOPE,
            template={"title": "{type_name}", "lines": ["{holder_name}：{scope}"]},
        )  # fmt: skip
        firm = {"name": "示例橡塑", "uscc": FIRM}
        licence = (
            await desk.draft(type_code=FIRM_TYPE, person=None, organisation=firm, claims={"scope": "橡塑"})
        ).json()
        answer = await amended(desk, licence, claims={"scope": "橡塑、食品"}, holder_name="示例新材料")
        assert answer.status_code == 201, answer.text
        now = (await desk.get(f"/{answer.json()['id']}")).json()
        assert (now["holder_name"], now["claims"], now["valid_to"]) == ("示例新材料", {"scope": "橡塑、食品"}, None)
        assert now["holder_code"] == FIRM

    async def test_what_is_wrong_with_it_is_named_and_nothing_happens(self, desk: Desk) -> None:
        licence = await desk.issued()
        bad = await amended(desk, licence, claims={"trade": "采矿", "examined_on": "2026-11-01"})
        assert [one["pointer"] for one in bad.json()["errors"]] == ["/body/claims/trade"]
        same = await amended(desk, licence, claims={"trade": "餐饮", "examined_on": "2026-11-01"})
        assert [one["code"] for one in same.json()["errors"]] == ["unchanged"]
        assert (await amended(desk, licence, claims=None)).status_code == 422
        assert (await desk.get(f"/{licence['id']}")).json()["status"] == "valid"

    async def test_is_for_a_licence_in_force_and_its_issuer(self, desk: Desk) -> None:
        licence = await desk.issued()
        body = {"claims": MOVED, "reason": "x"}
        assert (await desk.post(f"/{licence['id']}/amendments", body, desk.stranger)).status_code == 404
        await desk.act(licence, "suspensions")
        assert (await amended(desk, licence)).json()["type"] == "/problems/licence-state"
        await desk.act(licence, "resumptions")
        desk.city.clock.advance(days=366)
        assert (await amended(desk, licence)).json()["type"] == "/problems/licence-not-in-force"

    async def test_of_two_at_once_one_follows_the_present_version(self, desk: Desk) -> None:
        licence = await desk.issued()
        answers = await asyncio.gather(*(amended(desk, licence) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


class TestLeaves:
    """A holder lets a department use her licence, not the version that it is at that moment."""

    async def test_carry_to_the_next_version_with_the_uses_that_are_left(self, desk: Desk) -> None:
        licence = await desk.issued()
        leave = (await desk.leave(licence, uses=3)).json()
        assert leave["standing"] == "valid"
        await desk.use(leave)
        now = (await amended(desk, licence)).json()
        used = (await desk.use(leave)).json()
        assert (used["licence"]["identifier"], used["fields"]["trade"]) == (now["identifier"], "托幼")
        assert used["uses_left"] == 1
        for version in (licence, now):
            assert [(one["id"], one["uses_left"]) for one in await leaves(desk, version)] == [(leave["id"], 1)]
            assert [one["outcome"] for one in await uses(desk, version)] == ["served", "served"]

    async def test_carry_over_a_renewal_and_end_when_they_would_have(self, desk: Desk) -> None:
        licence = await desk.issued(valid_from="2025-12-15")
        leave = (await desk.leave(licence, uses=None)).json()
        renewed = (await desk.post(f"/{licence['id']}/renewals", {})).json()
        assert (await desk.use(leave)).json()["licence"]["id"] == renewed["id"]
        (listed,) = await leaves(desk, renewed)
        assert listed["until"] == leave["until"]
        desk.city.clock.advance(days=31)
        assert (await desk.use(leave)).json()["type"] == "/problems/authorisation-over"

    async def test_are_withdrawn_under_the_new_version(self, desk: Desk) -> None:
        licence = await desk.issued()
        leave = (await desk.leave(licence)).json()
        now = (await amended(desk, licence)).json()
        path = f"/own/{now['id']}/authorisations/{leave['id']}/withdrawals"
        assert (await desk.post(path, None, desk.holder)).json()["standing"] == "valid"
        assert (await desk.use(leave)).json()["type"] == "/problems/authorisation-over"

    async def test_tell_what_the_licence_is_worth(self, desk: Desk) -> None:
        licence = await desk.issued()
        await desk.leave(licence, uses=5)
        now = (await amended(desk, licence)).json()
        for act, standing in ((None, "valid"), ("suspensions", "suspended"), ("revocations", "revoked")):
            if act:
                await desk.act(now, act)
            (hers,) = await leaves(desk, licence)
            (theirs,) = (await desk.get("/authorisations", desk.clerk)).json()["items"]
            assert hers["standing"] == theirs["standing"] == standing

    async def test_are_used_while_the_licence_is_amended(self, desk: Desk) -> None:
        licence = await desk.issued()
        leave = (await desk.leave(licence, uses=None)).json()
        answers = await asyncio.gather(amended(desk, licence), *(desk.use(leave) for _ in range(4)))
        assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200]
