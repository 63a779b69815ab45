"""The JSON interface of identity: accounts, real names, clients."""

import asyncio
import json
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from citizen_pass.identity.models import AccountRow, ClientRow, ThrottleRow

from .factories import OIDC, PASSWORD, Login, Web, appoint, register_client, sample

ACCOUNTS = "/api/citizen-pass/v1/accounts"
CLIENTS = "/api/citizen-pass/v1/clients"
VERIFY = "http://mesh.test/internal/data-hub/v1/registries/population/verifications"
PERSON = "01890000-0000-7000-8000-00000000abcd"
IDENTITY = {"name": "李秀英", "id_number": "131102198503150049"}
MATCHED = {"matched": True, "person": PERSON, "masked_name": "*秀英", "birth_date": "1985-03-15"}
UNMATCHED = {"matched": False, "person": None, "masked_name": None, "birth_date": None}
DRAFT = {
    "client_id": "new-app", "kind": "confidential", "name_zh": "新应用", "name_en": "New app", "owner": "Owner",
    "auth": "client_secret", "grant_types": ["authorization_code"], "redirect_uris": ["https://new.example/cb"],
    "scopes": ["openid"],
}  # fmt: skip


async def register(city, **fields):
    body = {"username": "xiuying.li", "password": PASSWORD} | fields
    return await city.client.post(ACCOUNTS, json=body)


@pytest.fixture
async def citizen(city):
    """A registered account and the headers of its token."""
    subject = (await register(city)).json()["subject"]
    return city.token(["citizen-pass.account.read"], subject=subject, assurance=1)


@pytest.fixture
def keeper(city):
    return city.token(["citizen-pass.clients.maintain", "citizen-pass.accounts.maintain"])


class TestRegister:
    async def test_an_account_is_made(self, city):
        response = await register(city, display_name="秀英", phone="13912345678", email="xy@mail.example")
        assert response.status_code == 201
        body = response.json()
        assert (body["username"], body["display_name"], body["assurance"]) == ("xiuying.li", "秀英", 1)
        assert not {"phone", "email", "password", "password_hash"} & set(body)

    async def test_a_taken_name_is_told_in_any_spelling(self, city):
        await register(city)
        response = await register(city, username="Xiuying.LI")
        assert (response.status_code, response.json()["type"]) == (409, "/problems/username-taken")

    async def test_asking_for_taken_names_counts_as_well(self, city):
        await register(city)
        async with city.work() as work:
            await work.session.execute(update(ThrottleRow).values(failures=work.settings.registrations_per_hour - 1))
        assert (await register(city)).status_code == 409
        assert (await register(city)).status_code == 429

    async def test_of_parallel_registrations_one_wins(self, city):
        answers = await asyncio.gather(*(register(city) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]

    async def test_a_telephone_or_mail_in_use_tells_nothing(self, city):
        await register(city, phone="13912345678", email="xy@mail.example")
        again = await register(city, username="another", phone="13912345678", email="xy@mail.example")
        assert again.status_code == 201

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"username": "13900000001"}, "/body/username"), ({"password": "short"}, "/body/password"),
            ({"password": "1234567890"}, "/body/password"), ({"username": "admin"}, "/body/username"),
            ({"phone": "123"}, "/body/phone"), ({"email": "x"}, "/body/email"), ({"language": "fr"}, "/body/language"),
            ({"display_name": "x" * 201}, "/body/display_name"), ({"unknown": 1}, "/body/unknown"),
            ({"password": None}, "/body/password"), ({"username": 7}, "/body/username"),
        ],
    )  # fmt: skip
    async def test_each_fault_is_named(self, city, fields, pointer):
        response = await register(city, **fields)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == pointer
        assert response.headers["content-type"] == "application/problem+json"
        async with city.work() as work:
            assert await work.session.scalar(select(func.count()).select_from(AccountRow)) == 0

    async def test_nul_is_refused(self, city):
        headers = {"Content-Type": "application/json"}
        content = b'{"username": "abc\\u0000d", "password": "correct horse battery"}'
        assert (await city.client.post(ACCOUNTS, content=content, headers=headers)).status_code == 422


class TestVerify:
    async def verify(self, city, headers, **fields):
        return await city.client.post(f"{ACCOUNTS}/me/verifications", json=IDENTITY | fields, headers=headers)

    async def test_a_match_reaches_level_two_and_keeps_no_number(self, city, citizen):
        asked = city.neighbours.post(VERIFY).respond(json=MATCHED)
        response = await self.verify(city, citizen)
        assert response.status_code == 201
        body = response.json()
        assert (body["assurance"], body["person"], body["masked_name"]) == (2, PERSON, "*秀英")
        assert b"131102198503150049" in asked.calls[0].request.content
        events = await city.events("cn.hengshui.citizen-pass.account.verified.v1")
        assert (events[0].data["person"], events[0].data["assurance"]) == (PERSON, 2)
        async with city.work() as work:
            row = (await work.session.scalars(select(AccountRow))).one()
        assert "131102198503150049" not in str(vars(row))

    async def test_no_match_is_counted_and_changes_nothing(self, city, citizen):
        city.neighbours.post(VERIFY).respond(json=UNMATCHED)
        for _ in range(5):
            response = await self.verify(city, citizen)
            assert (response.status_code, response.json()["type"]) == (422, "/problems/identity-not-matched")
        response = await self.verify(city, citizen)
        assert response.status_code == 429
        assert int(response.headers["retry-after"]) > 3600
        assert not await city.events()

    async def test_one_number_cannot_be_tried_from_many_accounts(self, city, citizen):
        city.neighbours.post(VERIFY).respond(json=UNMATCHED)
        for number in range(5):
            subject = (await register(city, username=f"other-{number}")).json()["subject"]
            await self.verify(city, city.token(subject=subject))
        assert (await self.verify(city, citizen)).status_code == 429

    async def test_a_registry_that_is_down_is_503_and_nothing_changed(self, city, citizen):
        response = await self.verify(city, citizen)
        assert (response.status_code, response.json()["type"]) == (503, "/problems/neighbour-unavailable")
        city.neighbours.post(VERIFY).respond(json=MATCHED)
        async with city.work() as work:
            assert (await work.session.scalars(select(AccountRow))).one().person is None

    async def test_a_registry_that_refuses_the_question_is_503_too(self, city, citizen):
        city.neighbours.post(VERIFY).respond(422, json={"type": "/problems/unknown-purpose"})
        assert (await self.verify(city, citizen)).status_code == 503

    async def test_the_purpose_is_a_code_of_the_registry(self, city, citizen):
        asked = city.neighbours.post(VERIFY).respond(json=MATCHED)
        await self.verify(city, citizen)
        assert json.loads(asked.calls[0].request.content)["purpose"] == "real-name-verification"

    async def test_twice_is_a_conflict(self, city, citizen):
        city.neighbours.post(VERIFY).respond(json=MATCHED)
        await self.verify(city, citizen)
        assert (await self.verify(city, citizen)).json()["type"] == "/problems/already-verified"

    async def test_one_person_has_one_account(self, city, citizen):
        city.neighbours.post(VERIFY).respond(json=MATCHED)
        await self.verify(city, citizen)
        subject = (await register(city, username="second")).json()["subject"]
        response = await self.verify(city, city.token(subject=subject))
        assert response.json()["type"] == "/problems/person-bound"

    @pytest.mark.parametrize(
        "fields", [{"id_number": "131102198503150040"}, {"id_number": "x"}, {"name": ""}, {"name": "x" * 61}]
    )
    async def test_bad_input_never_reaches_the_registry(self, city, citizen, fields):
        asked = city.neighbours.post(VERIFY).respond(json=MATCHED)
        assert (await self.verify(city, citizen, **fields)).status_code == 422
        assert not asked.called

    async def test_the_number_is_not_echoed(self, city, citizen):
        response = await self.verify(city, citizen, id_number="131102198503150040")
        assert "131102198503150040" not in response.text

    async def test_who_may(self, city):
        assert (await self.verify(city, {})).status_code == 401
        assert (await self.verify(city, city.token(kind="client", subject="bench"))).status_code == 403
        assert (await self.verify(city, city.token(subject="no-uuid"))).status_code == 404


class TestMine:
    async def test_account_sessions_and_consents(self, city):
        await sample(city)
        web = Web(city)
        body = await Login(scope="openid citizen-pass.account.read").tokens(web)
        headers = {"Authorization": f"Bearer {body['access_token']}"}
        mine = (await city.client.get(f"{ACCOUNTS}/me", headers=headers)).json()
        assert (mine["username"], mine["assurance"]) == ("sample-citizen", 2)
        sessions = (await city.client.get(f"{ACCOUNTS}/me/sessions", headers=headers)).json()["items"]
        assert [s["current"] for s in sessions] == [True]
        assert (await city.client.get(f"{ACCOUNTS}/me/consents", headers=headers)).json() == {"items": []}

    async def test_an_account_that_is_gone(self, city):
        headers = city.token(["citizen-pass.account.read"])
        assert (await city.client.get(f"{ACCOUNTS}/me", headers=headers)).status_code == 404

    async def test_the_scope_is_needed(self, city):
        assert (await city.client.get(f"{ACCOUNTS}/me", headers=city.token())).status_code == 403

    async def test_the_office_shows(self, city, citizen):
        subject = (await city.client.get(f"{ACCOUNTS}/me", headers=citizen)).json()["subject"]
        await appoint(city, subject)
        assert (await city.client.get(f"{ACCOUNTS}/me", headers=citizen)).json()["post"] == "case-handler"


class TestKeeping:
    async def test_a_found_account_leaves_a_line_in_its_access_log(self, city, citizen, keeper):
        found = await city.client.get(ACCOUNTS, params={"username": "xiuying.li"}, headers=keeper)
        subject = found.json()["subject"]
        page = await city.client.get(
            "/internal/citizen-pass/v1/usage",
            params={"person": f"sub:{subject}"},
            headers=city.mesh_token("citizen-pass"),
        )
        assert page.json()["total_usages"] == 1

    async def test_an_unknown_one(self, city, keeper):
        assert (await city.client.get(ACCOUNTS, params={"username": "nobody"}, headers=keeper)).status_code == 404
        assert (await city.client.get(ACCOUNTS, params={"x": "y"}, headers=keeper)).status_code in {400, 422}

    async def test_closing_ends_everything(self, city, keeper):
        await sample(city)
        web = Web(city)
        body = await Login(scope="openid").tokens(web)
        subject = "01890000-0000-7000-8000-000000000001"
        response = await city.client.post(f"{ACCOUNTS}/{subject}/closures", headers=keeper)
        assert response.status_code == 201
        info = await web.http.get(f"{OIDC}/userinfo", headers={"Authorization": f"Bearer {body['access_token']}"})
        assert info.status_code == 401
        assert (await web.sign_in("sample-citizen")).status_code == 401
        assert (await city.client.post(f"{ACCOUNTS}/{subject}/closures", headers=keeper)).status_code == 404

    async def test_a_citizen_may_not(self, city, citizen):
        assert (await city.client.get(ACCOUNTS, params={"username": "x"}, headers=citizen)).status_code == 403
        assert (await city.client.post(f"{ACCOUNTS}/{uuid4()}/closures", headers=citizen)).status_code == 403


class TestClients:
    async def test_a_registered_one_gets_its_secret_once(self, city, keeper):
        response = await city.client.post(CLIENTS, json=DRAFT, headers=keeper)
        assert response.status_code == 201, response.text
        assert len(response.json()["client_secret"]) >= 43
        read = (await city.client.get(f"{CLIENTS}/new-app", headers=keeper)).json()
        assert "client_secret" not in read
        async with city.work() as work:
            row = (await work.session.scalars(select(ClientRow))).one()
        assert response.json()["client_secret"].encode() != bytes(row.secret_hash)

    async def test_an_id_is_taken_once(self, city, keeper):
        await city.client.post(CLIENTS, json=DRAFT, headers=keeper)
        response = await city.client.post(CLIENTS, json=DRAFT, headers=keeper)
        assert response.json()["type"] == "/problems/client-exists"

    @pytest.mark.parametrize(
        ("changed", "pointer"),
        [
            ({"redirect_uris": ["http://evil.example/"]}, "/body/redirect_uris/0"),
            ({"redirect_uris": ["https://a.example/#x"]}, "/body/redirect_uris/0"),
            ({"redirect_uris": ["javascript:alert(1)"]}, "/body/redirect_uris/0"),
            ({"redirect_uris": []}, "/body/redirect_uris"), ({"scopes": ["*"]}, "/body/scopes"),
            ({"scopes": ["*"], "first_party": True, "grant_types": ["client_credentials"]}, "/body/scopes"),
            ({"scopes": ["openid", "gov-collab.hotline.nonsense"]}, "/body/scopes/1"), ({"auth": "none"}, "/body/auth"),
            ({"kind": "public", "auth": "none", "grant_types": ["client_credentials"]}, "/body/grant_types"),
            ({"grant_types": ["refresh_token"]}, "/body/redirect_uris"),
            ({"auth": "private_key_jwt"}, "/body/jwks"),
            ({"auth": "private_key_jwt", "jwks": {"keys": []}}, "/body/jwks"),
            ({"auth": "private_key_jwt", "jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, "/body/jwks"),
            ({"jwks": {"keys": [{"kty": "EC"}]}}, "/body/jwks"), ({"client_id": "A"}, "/body/client_id"),
            ({"post_logout_redirect_uris": ["http://evil.example/"]}, "/body/post_logout_redirect_uris/0"),
        ],
    )  # fmt: skip
    async def test_faults_are_named(self, city, keeper, changed, pointer):
        response = await city.client.post(CLIENTS, json=DRAFT | changed, headers=keeper)
        assert response.status_code == 422, response.text
        assert pointer in [error["pointer"] for error in response.json()["errors"]]

    async def test_a_new_secret_ends_the_old_one(self, city, keeper):
        await sample(city)
        response = await city.client.post(f"{CLIENTS}/bench/secrets", headers=keeper)
        form, fresh = {"grant_type": "client_credentials"}, response.json()["client_secret"]
        old = await city.client.post(f"{OIDC}/token", data=form, auth=("bench", "secret-of-bench-for-tests"))
        new = await city.client.post(f"{OIDC}/token", data=form, auth=("bench", fresh))
        assert (old.status_code, new.status_code) == (401, 200)

    async def test_a_public_one_has_no_secret(self, city, keeper):
        client = await register_client(city)
        assert (await city.client.post(f"{CLIENTS}/{client}/secrets", headers=keeper)).status_code == 422

    async def test_suspended_and_let_in_again(self, city, keeper):
        client = await register_client(city)
        for act, gone in (("suspensions", True), ("suspensions", True), ("reinstatements", False)):
            body = (await city.client.post(f"{CLIENTS}/{client}/{act}", headers=keeper)).json()
            assert (body["suspended_at"] is not None) is gone

    async def test_listed_page_by_page(self, city, keeper):
        await sample(city)
        first = (await city.client.get(CLIENTS, params={"limit": 3}, headers=keeper)).json()
        second = (await city.client.get(CLIENTS, params={"limit": 3, "after": first["next"]}, headers=keeper)).json()
        listed = [client["client_id"] for page in (first, second) for client in page["items"]]
        assert listed == ["air-station-gateway", "bench", "city-cli", "city-portal"]

    @pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", ""), ("GET", "/x-y"), ("POST", "/x-y/secrets")])
    async def test_who_may(self, city, method, path):
        response = await city.client.request(method, f"{CLIENTS}{path}", json=DRAFT)
        assert response.status_code == 401
        response = await city.client.request(method, f"{CLIENTS}{path}", json=DRAFT, headers=city.token())
        assert response.status_code == 403

    async def test_an_unknown_one(self, city, keeper):
        assert (await city.client.get(f"{CLIENTS}/nobody", headers=keeper)).json()["type"] == "/problems/no-such-client"


class TestSample:
    async def test_twice_changes_nothing(self, city):
        await sample(city)
        await sample(city)
        async with city.work() as work:
            assert await work.session.scalar(select(func.count()).select_from(AccountRow)) == 18
            assert await work.session.scalar(select(func.count()).select_from(ClientRow)) == 4
            masked = await work.session.scalars(select(AccountRow.masked_name).order_by(AccountRow.subject).limit(3))
            assert masked.all() == ["李*英", "王*国", "赵*"]
        assert len(await city.events("cn.hengshui.citizen-pass.account.verified.v1")) == 18
