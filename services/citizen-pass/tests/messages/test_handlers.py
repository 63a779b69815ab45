"""What each event says to whom, and that it says it once."""

from uuid import UUID, uuid4

import pytest

from .factories import AT, MESSAGES, events_about, headers_of, person, tell

REGISTERED = UUID("01890000-0000-7000-8000-00000000abce")
LICENCE = {
    "licence_id": "01890000-0000-7000-8000-00000000aaaa", "identifier": "1.2.156.3005.2.X.Y.2026000000001.001.A",
    "type_code": "11100000MB0143028R001",
}  # fmt: skip
HELD = {
    "licence_id": LICENCE["licence_id"], "identifier": LICENCE["identifier"], "person": str(REGISTERED),
    "valid_from": "2026-11-24", "valid_to": None,
}  # fmt: skip
RECORDED = {
    "uscc": "91131102MA07XY3K94", "record_id": "01890000-0000-7000-8000-00000000aaac", "kind": "penalty",
    "severity": "general", "published_until": "2027-01-31", "recorded_at": AT, "representative": str(REGISTERED),
}  # fmt: skip
DECIDED = {
    "ticket_id": "01890000-0000-7000-8000-00000000aaab", "field": "address", "verdict": "corrected", "decided_at": AT,
}  # fmt: skip


async def verified(city):
    """A person whose registry number is REGISTERED; her account id."""
    from citizen_pass.identity.repository import open_account

    subject = await person(city)
    async with city.work() as work:
        account = await open_account(work.session, subject)
        account.person = REGISTERED
    return subject


async def tell_of(city, name, data):
    return await city.deliver(f"cn.hengshui.data-hub.{name}.v1", data, source="data-hub")


async def inbox(city, subject, language="zh"):
    headers = headers_of(city, subject) | {"Accept-Language": language}
    return (await city.client.get(MESSAGES, headers=headers)).json()["items"]


class TestEvents:
    @pytest.mark.parametrize("kind", sorted(events_about(None)))
    async def test_each_becomes_a_message_in_both_languages(self, city, kind):
        subject = await person(city)
        assert (await tell(city, kind, subject)).status_code == 204
        chinese, english = await inbox(city, subject), await inbox(city, subject, "en")
        assert [message["kind"] for message in chinese] == [kind]
        assert chinese[0]["title"] != english[0]["title"]
        assert "{" not in chinese[0]["title"] + chinese[0]["body"] + english[0]["title"] + english[0]["body"]
        assert chinese[0]["link"].startswith("/api/")

    async def test_a_second_delivery_changes_nothing(self, city):
        from uuid import uuid4

        subject, key = await person(city), uuid4()
        for _ in range(2):
            assert (await tell(city, "ticket-taken", subject, event_id=key)).status_code == 204
        assert len(await inbox(city, subject)) == 1

    async def test_the_same_news_under_another_event_id_is_told_once(self, city):
        subject = await person(city)
        name, data = events_about(subject)["case-progressed"]
        for _ in range(2):
            await city.deliver(f"cn.hengshui.{name}.v1", data, source="city-ops")
        assert len(await inbox(city, subject)) == 1

    async def test_nobody_is_told_where_nobody_is_named(self, city):
        subject = await person(city)
        for kind in ("ticket-taken", "case-progressed"):
            assert (await tell(city, kind, None)).status_code == 204
        assert await inbox(city, subject) == []

    async def test_a_stranger_without_an_account_is_no_error(self, city):
        from uuid import uuid4

        assert (await tell(city, "ticket-taken", uuid4())).status_code == 204

    async def test_a_changed_registry_record_is_told_to_its_person_without_values(self, city):
        from uuid import UUID

        from citizen_pass.identity.repository import open_account

        subject, registered = await person(city), UUID("01890000-0000-7000-8000-00000000abcd")
        async with city.work() as work:
            account = await open_account(work.session, subject)
            account.person = registered
        data = {
            "person": str(registered),
            "fields": ["address", "new_field"],
            "changed_at": "2026-11-24T10:00:00+08:00",
        }
        response = await city.deliver("cn.hengshui.data-hub.person.changed.v1", data, source="data-hub")
        assert response.status_code == 204
        message = (await inbox(city, subject))[0]
        assert "住址" in message["body"]
        assert "new_field" in message["body"]

    @pytest.mark.parametrize(
        ("kind", "name", "data", "said"),
        [
            ("licence-issued", "licence.handed-out", {"licences": [HELD], "handed_out_at": AT}, "长期"),
            ("licence-changed", "licence.status-changed", LICENCE | {"status": "revoked", "changed_at": AT}, "已注销"),
            ("licence-changed", "licence.status-changed", LICENCE | {"status": "odd", "changed_at": AT}, "odd"),
            ("correction-decided", "correction.decided", DECIDED, "住址"),
            ("credit-recorded", "credit.recorded", RECORDED, "失信信息（一般）"),
            ("credit-recorded", "credit.recorded", RECORDED | {"kind": "honour", "severity": None}, "守信信息"),
            ("credit-recorded", "credit.recorded", RECORDED | {"kind": "odd"}, "odd"),
        ],
    )
    async def test_what_the_data_hub_decides_about_a_person_is_told_to_her(self, city, kind, name, data, said):
        subject, registered = await verified(city), str(REGISTERED)
        assert (await tell_of(city, name, data | {"person": registered})).status_code == 204
        (message,) = await inbox(city, subject)
        assert (message["kind"], said in message["body"]) == (kind, True)
        assert message["link"].startswith("/api/data-hub/v1/")
        (english,) = await inbox(city, subject, "en")
        assert "{" not in english["title"] + english["body"] + message["body"]

    async def test_of_a_firm_that_nobody_represents_here_nobody_is_told(self, city):
        subject = await verified(city)
        for nobody in (None, str(uuid4())):
            assert (await tell_of(city, "credit.recorded", RECORDED | {"representative": nobody})).status_code == 204
        assert await inbox(city, subject) == []

    async def test_a_firm_hears_of_its_licence_through_who_represents_it(self, city):
        subject = await verified(city)
        of_firm = {"person": None, "representative": str(REGISTERED), "status": "suspended", "changed_at": AT}
        assert (await tell_of(city, "licence.status-changed", LICENCE | of_firm)).status_code == 204
        (message,) = await inbox(city, subject)
        assert (message["kind"], "已暂停" in message["body"]) == ("licence-changed", True)

    async def test_of_a_renewed_licence_the_new_one_tells(self, city):
        subject = await verified(city)
        superseded = LICENCE | {"status": "superseded", "changed_at": AT, "person": str(REGISTERED)}
        assert (await tell_of(city, "licence.status-changed", superseded)).status_code == 204
        assert await inbox(city, subject) == []

    async def test_of_many_who_are_handed_licences_those_with_an_account_are_told(self, city):
        subject = await verified(city)
        strangers = [HELD | {"licence_id": str(uuid4()), "person": str(uuid4())} for _ in range(3)]
        event = {"licences": [*strangers, HELD, HELD | {"licence_id": str(uuid4())}], "handed_out_at": AT}
        for _ in range(2):
            assert (await tell_of(city, "licence.handed-out", event)).status_code == 204
        assert [message["kind"] for message in await inbox(city, subject)] == ["licence-issued"] * 2

    async def test_an_event_that_does_not_fit_is_refused(self, city):
        name, data = events_about(await person(city))["case-closed"]
        response = await city.deliver(f"cn.hengshui.{name}.v1", data | {"outcome": "odd"}, source="city-ops")
        assert response.status_code == 422


class TestMergedPersons:
    """An account follows its person's record where that was merged into another one, and back."""

    OTHER = UUID("01890000-0000-7000-8000-00000000abcf")

    async def tell(self, city, act, person, survivor):
        data = {"person": str(person), "survivor": str(survivor), f"{act}_at": AT}
        assert (await tell_of(city, f"person.{act}", data)).status_code == 204

    async def bound(self, city, subject):
        from citizen_pass.identity.service import Accounts

        async with city.work() as work:
            return await Accounts(work).person_of(subject)

    async def test_the_account_is_the_survivor_s_and_she_hears_of_it(self, city):
        subject = await verified(city)
        await self.tell(city, "merged", REGISTERED, self.OTHER)
        assert await self.bound(city, subject) == self.OTHER
        assert [message["kind"] for message in await inbox(city, subject)] == ["person-merged"]

    async def test_and_her_own_again_where_that_was_wrong(self, city):
        subject, third = await verified(city), uuid4()
        await self.tell(city, "merged", REGISTERED, self.OTHER)
        await self.tell(city, "merged", self.OTHER, third)
        await self.tell(city, "parted", self.OTHER, third)
        assert await self.bound(city, subject) == self.OTHER
        await self.tell(city, "parted", REGISTERED, self.OTHER)
        assert await self.bound(city, subject) == REGISTERED
        assert (await inbox(city, subject))[0]["kind"] == "person-parted"

    async def test_where_the_survivor_has_an_account_both_stay(self, city):
        from citizen_pass.identity.repository import open_account

        first, second = await verified(city), await person(city, "guihua.li")
        async with city.work() as work:
            (await open_account(work.session, second)).person = self.OTHER
        await self.tell(city, "merged", REGISTERED, self.OTHER)
        assert await self.bound(city, first) == REGISTERED
        assert await self.bound(city, second) == self.OTHER
        await self.tell(city, "parted", REGISTERED, self.OTHER)
        assert await self.bound(city, second) == self.OTHER

    async def test_of_whom_nobody_has_an_account_nobody_is_told(self, city):
        subject = await person(city)
        await self.tell(city, "merged", uuid4(), uuid4())
        await self.tell(city, "parted", uuid4(), uuid4())
        assert await inbox(city, subject) == []
