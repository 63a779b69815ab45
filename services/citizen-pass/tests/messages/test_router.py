"""The message centre over HTTP, and what goes out by mail and short message."""

import asyncio
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import text

from citizen_pass.identity.models import AccountRow
from citizen_pass.messages import jobs
from citizen_pass.settings import Settings
from citykit.testing import at

from .factories import MESSAGES, headers_of, person, tell


@pytest.fixture
async def subject(city) -> UUID:
    city.clock.set(at("2026-11-24 10:00"))
    return await person(city, phone="13912345678", email="xy@mail.example")


async def get(city, subject, path="", **params):
    return await city.client.get(f"{MESSAGES}{path}", params=params, headers=headers_of(city, subject))


async def deliveries(city, subject):
    message = (await get(city, subject)).json()["items"][0]
    detail = (await get(city, subject, f"/{message['id']}")).json()
    return {delivery["channel"]: delivery["state"] for delivery in detail["deliveries"]}


async def prefer(city, subject, **wanted):
    body = {"email": False, "sms": False} | wanted
    return await city.client.put(f"{MESSAGES}/preferences", json=body, headers=headers_of(city, subject))


class TestList:
    async def test_newest_first_page_by_page(self, city, subject):
        for kind in ("ticket-taken", "ticket-answered", "ticket-closed"):
            await tell(city, kind, subject)
        first = (await get(city, subject, limit=2)).json()
        second = (await get(city, subject, limit=2, after=first["next"])).json()
        kinds = [message["kind"] for page in (first, second) for message in page["items"]]
        assert kinds == ["ticket-closed", "ticket-answered", "ticket-taken"]
        assert second["next"] is None

    async def test_unread_ones(self, city, subject):
        await tell(city, "ticket-taken", subject)
        assert (await get(city, subject, "/unread-count")).json() == {"unread": 1}
        message = (await get(city, subject, unread="true")).json()["items"][0]
        path = f"{MESSAGES}/{message['id']}/receipts"
        first = await city.client.post(path, headers=headers_of(city, subject))
        city.clock.advance(minutes=5)
        second = await city.client.post(path, headers=headers_of(city, subject))
        assert (first.status_code, second.json()["read_at"]) == (201, first.json()["read_at"])
        assert (await get(city, subject, unread="true")).json()["items"] == []
        assert (await get(city, subject, "/unread-count")).json() == {"unread": 0}
        assert await deliveries(city, subject) == {"in-app": "read"}

    async def test_all_at_once(self, city, subject):
        await tell(city, "ticket-taken", subject)
        await tell(city, "ticket-closed", subject)
        response = await city.client.post(f"{MESSAGES}/receipts", headers=headers_of(city, subject))
        assert response.json() == {"unread": 0}
        assert await deliveries(city, subject) == {"in-app": "read"}

    async def test_nobody_reads_anothers(self, city, subject):
        await tell(city, "ticket-taken", subject)
        message = (await get(city, subject)).json()["items"][0]["id"]
        other = await person(city, "another")
        assert (await get(city, other)).json()["items"] == []
        assert (await get(city, other, f"/{message}")).status_code == 404
        path = f"{MESSAGES}/{message}/receipts"
        assert (await city.client.post(path, headers=headers_of(city, other))).status_code == 404

    @pytest.mark.parametrize("path", ["", "/unread-count", "/preferences", f"/{UUID(int=1)}"])
    async def test_who_may(self, city, path):
        assert (await city.client.get(f"{MESSAGES}{path}")).status_code == 401
        assert (await city.client.get(f"{MESSAGES}{path}", headers=city.token())).status_code == 403
        client = city.token(["citizen-pass.messages.read"], kind="client", subject="bench")
        assert (await city.client.get(f"{MESSAGES}{path}", headers=client)).status_code == 403
        odd = city.token(["citizen-pass.messages.read"], subject="no-uuid")
        assert (await city.client.get(f"{MESSAGES}{path}", headers=odd)).status_code == 404

    @pytest.mark.parametrize("params", [{"limit": "0"}, {"after": "x"}, {"unread": "perhaps"}, {"page": "2"}])
    async def test_bad_questions(self, city, subject, params):
        assert (await get(city, subject, **params)).status_code in {400, 422}


class TestPreferences:
    async def test_nothing_unless_said_and_then_kept(self, city, subject):
        assert (await get(city, subject, "/preferences")).json() == {"email": False, "sms": False}
        await prefer(city, subject, email=True)
        await prefer(city, subject, sms=True)
        assert (await get(city, subject, "/preferences")).json() == {"email": False, "sms": True}

    async def test_bad_bodies(self, city, subject):
        for body in ({}, {"email": True}, {"email": "perhaps", "sms": True}, {"email": True, "sms": True, "x": 1}):
            response = await city.client.put(f"{MESSAGES}/preferences", json=body, headers=headers_of(city, subject))
            assert response.status_code == 422


class Inbox:
    """A mail server that keeps what it gets, or refuses with `answer`."""

    def __init__(self) -> None:
        self.mails = []
        self.answer = ""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answer:
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope.content.decode("utf-8"))
        return "250 OK"


@pytest.fixture
async def mail_server(monkeypatch):
    inbox, loop = Inbox(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox, hostname="mail.test", loop=loop), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    original = jobs.SmtpMail

    def pointed(settings: Settings):
        changed = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_start_tls": False}
        return original(settings.model_copy(update=changed))

    monkeypatch.setattr(jobs, "mail_sender", pointed)
    yield inbox
    server.close()


class TestOutside:
    async def test_mail_refers_to_the_inbox_and_tells_nothing_private(self, city, subject, mail_server):
        await prefer(city, subject, email=True)
        await tell(city, "ticket-answered", subject)
        assert await deliveries(city, subject) == {"email": "queued", "in-app": "delivered"}
        await city.drain()
        assert await deliveries(city, subject) == {"email": "sent", "in-app": "delivered"}
        assert len(mail_server.mails) == 1
        assert "Message-ID: <message-" in mail_server.mails[0]
        assert "已修复" not in mail_server.mails[0]

    async def test_a_permanent_refusal_is_final(self, city, subject, mail_server):
        mail_server.answer = "550 no such user"
        await prefer(city, subject, email=True)
        await tell(city, "ticket-answered", subject)
        await city.drain()
        assert (await deliveries(city, subject))["email"] == "failed"

    async def test_a_temporary_one_is_tried_again(self, city, subject, mail_server):
        mail_server.answer = "451 later"
        await prefer(city, subject, email=True)
        await tell(city, "ticket-answered", subject)
        await city.drain()
        assert (await deliveries(city, subject))["email"] == "queued"
        mail_server.answer = ""
        async with city.work() as work:
            await work.session.execute(text("update procrastinate_jobs set scheduled_at = null"))
        await city.drain()
        assert (await deliveries(city, subject))["email"] == "sent"

    async def test_quiet_hours_hold_it_back(self, city, subject, mail_server):
        city.clock.set(at("2026-11-24 23:00"))
        await prefer(city, subject, email=True)
        await tell(city, "ticket-answered", subject)
        await city.drain()
        assert mail_server.mails == []
        city.clock.set(at("2026-11-25 07:00"))
        await city.drain()
        assert len(mail_server.mails) == 1

    async def test_without_a_server_nothing_is_called_sent(self, city, subject):
        await prefer(city, subject, email=True, sms=True)
        await tell(city, "ticket-answered", subject)
        await city.drain()
        assert await deliveries(city, subject) == {"email": "failed", "in-app": "delivered", "sms": "failed"}

    async def test_nothing_goes_to_a_closed_account(self, city, subject, mail_server):
        await prefer(city, subject, email=True)
        await tell(city, "ticket-answered", subject)
        async with city.work() as work:
            account = await work.session.get(AccountRow, subject)
            account.closed_at = city.clock.now()
        await city.drain()
        assert mail_server.mails == []

    async def test_a_second_run_sends_nothing(self, city, subject, mail_server):
        await prefer(city, subject, email=True)
        await tell(city, "ticket-answered", subject)
        await city.drain()
        message = (await get(city, subject)).json()["items"][0]["id"]
        await city.run_task("citizen-pass.messages.send", message_id=message, channel="email")
        assert len(mail_server.mails) == 1
