"""Passkeys with an authenticator in software: added, used, refused when anything about them is wrong."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from citizen_pass.identity.models import ChallengeRow, PasskeyRow

from .authenticator import PRESENT, SoftAuthenticator
from .factories import PAGES, Login, Web, claims_of, hidden, query_of, sample


@pytest.fixture
async def web(city):
    await sample(city)
    web = Web(city)
    await web.sign_in("sample-citizen")
    return web


async def call(web, act, token=None, **body):
    if token is None:
        page = await web.get(f"{PAGES}/account")
        token = hidden(page if page.status_code == 200 else await web.get(f"{PAGES}/sign-in"))["form_token"]
    return await web.http.post(f"{PAGES}/passkeys/{act}", json={"form_token": token} | body)


async def add(web, device):
    options = (await call(web, "registration-options")).json()
    return await call(web, "registration", credential=device.create(options), name="我的手机")


async def use(web, device, **more):
    options = (await call(web, "sign-in-options")).json()
    return await call(web, "sign-in", credential=device.get(options), **more)


class TestRegistration:
    async def test_a_passkey_is_added_and_shown(self, web):
        response = await add(web, SoftAuthenticator())
        assert response.json()["location"].endswith("done=passkey")
        assert "我的手机" in (await web.get(f"{PAGES}/account")).text

    async def test_options_ask_for_what_we_demand(self, web):
        options = (await call(web, "registration-options")).json()
        assert options["authenticatorSelection"]["residentKey"] == "required"
        assert options["authenticatorSelection"]["userVerification"] == "required"
        assert options["rp"]["id"] == "city.test"

    async def test_a_challenge_serves_once(self, web):
        device = SoftAuthenticator()
        credential = device.create((await call(web, "registration-options")).json())
        assert (await call(web, "registration", credential=credential)).status_code == 200
        assert (await call(web, "registration", credential=credential)).status_code == 400

    async def test_an_old_challenge_is_refused(self, city, web):
        credential = SoftAuthenticator().create((await call(web, "registration-options")).json())
        async with city.work() as work:
            await work.session.execute(
                update(ChallengeRow).values(expires_at=ChallengeRow.expires_at - timedelta(hours=1))
            )
        assert (await call(web, "registration", credential=credential)).status_code == 400

    @pytest.mark.parametrize(
        "device", [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"origin": "http://city.test:81"}]
    )
    async def test_another_site_is_refused(self, web, device):
        assert (await add(web, SoftAuthenticator(**device))).status_code == 400

    async def test_without_user_verification_it_is_refused(self, web):
        device = SoftAuthenticator()
        device.flags = PRESENT
        assert (await add(web, device)).status_code == 400

    async def test_the_same_passkey_twice_is_refused(self, web):
        device = SoftAuthenticator()
        await add(web, device)
        assert (await add(web, device)).status_code == 400

    @pytest.mark.parametrize("credential", [{}, {"rawId": 1}, {"response": "x"}, {"id": "x", "response": {"a": "!"}}])
    async def test_garbage_is_refused(self, web, credential):
        await call(web, "registration-options")
        assert (await call(web, "registration", credential=credential)).status_code == 400

    async def test_without_a_session_it_is_refused(self, city, web):
        stranger = Web(city)
        token = await stranger.form_token()
        assert (await call(stranger, "registration-options", token)).status_code == 403

    async def test_without_the_form_token_it_is_refused(self, web):
        assert (await call(web, "registration-options", "0" * 64)).status_code == 403


class TestSignIn:
    async def test_a_passkey_signs_in_without_a_name_at_level_three(self, city, web):
        device = SoftAuthenticator()
        await add(web, device)
        phone = Web(city)
        assert (await use(phone, device)).json()["location"] == f"{PAGES}/account"
        body = await Login(scope="openid").tokens(phone)
        claims = claims_of(body["id_token"])
        assert (claims["acr"], claims["amr"]) == ("l3", ["pop", "user", "mfa"])

    async def test_it_goes_on_with_the_clients_request(self, city, web):
        device = SoftAuthenticator()
        await add(web, device)
        phone = Web(city)
        handle = hidden(await Login().start(phone))["request"]
        location = (await use(phone, device, request=handle)).json()["location"]
        response = await phone.follow(await phone.get(location))
        assert "code" in query_of(response.headers["location"])

    async def test_a_client_that_wishes_level_three_gets_the_passkey_asked(self, city, web):
        device = SoftAuthenticator()
        await add(web, device)
        page = await Login(acr_values="l3").start(web)
        assert "sign in with a passkey" in page.text
        location = (await use(web, device, request=hidden(page)["request"])).json()["location"]
        response = await web.follow(await web.get(location))
        assert "code" in query_of(response.headers["location"])

    async def test_a_removed_passkey_is_worth_nothing(self, city, web):
        device = SoftAuthenticator()
        await add(web, device)
        async with city.work() as work:
            key = await work.session.scalar(select(PasskeyRow.id))
        form = {"form_token": hidden(await web.get(f"{PAGES}/account"))["form_token"]}
        assert (
            (await web.post(f"{PAGES}/account/passkeys/{key}/removal", **form)).headers["location"].endswith("removed")
        )
        assert (await use(Web(city), device)).status_code == 400

    async def test_an_unknown_passkey_is_refused(self, city, web):
        device = SoftAuthenticator()
        device.user = b"nobody"
        assert (await use(Web(city), device)).status_code == 400

    async def test_a_copied_passkey_shows_by_its_counter(self, city, web):
        device = SoftAuthenticator()
        await add(web, device)
        await use(Web(city), device)
        device.count = 0
        assert (await use(Web(city), device)).status_code == 400

    @pytest.mark.parametrize("bend", ["origin", "flags", "user"])
    async def test_a_bent_answer_is_refused(self, city, web, bend):
        device = SoftAuthenticator()
        await add(web, device)
        setattr(device, bend, {"origin": "https://evil.example", "flags": PRESENT, "user": b"somebody else"}[bend])
        assert (await use(Web(city), device)).status_code == 400

    async def test_another_browsers_challenge_is_refused(self, city, web):
        device = SoftAuthenticator()
        await add(web, device)
        options = (await call(Web(city), "sign-in-options")).json()
        phone = Web(city)
        await call(phone, "sign-in-options")
        assert (await call(phone, "sign-in", credential=device.get(options))).status_code == 400
