"""The pages: registration, sign-in, throttling, forged forms, headers, languages, the account page."""

import re
from uuid import UUID

import pytest
from sqlalchemy import func, select

from citizen_pass.identity import passwords
from citizen_pass.identity.models import AccountRow, FamilyRow, SessionRow, ThrottleRow

from .factories import OIDC, PAGES, PASSWORD, Login, Web, hidden, register_client, sample

VERIFY = "http://mesh.test/internal/data-hub/v1/registries/population/verifications"


@pytest.fixture
async def web(city):
    await sample(city)
    return Web(city)


class TestRegister:
    async def test_she_is_signed_in_at_once_with_a_new_cookie(self, web):
        await web.form_token()
        before = web.http.cookies["city"]
        response = await web.register(phone="13912345678", email="xiuying@mail.example")
        assert response.headers["location"] == f"{PAGES}/account"
        assert web.http.cookies["city"] != before
        assert "xiuying.li" in (await web.get(f"{PAGES}/account")).text

    async def test_contacts_are_sealed(self, city, web):
        await web.register(phone="13912345678", email="xiuying@mail.example")
        async with city.work() as work:
            row = (await work.session.scalars(select(AccountRow).where(AccountRow.username == "xiuying.li"))).one()
        assert b"13912345678" not in bytes(row.phone_sealed)
        assert row.password_hash.startswith("$argon2id$")

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"username": "13900000001"}, "begins with a letter"), ({"password": "short"}, "at least 10"),
            ({"password": "1234567890"}, "too common"), ({"phone": "12"}, "11 digits"),
            ({"email": "nonsense"}, "valid e-mail"), ({"username": "sample-citizen"}, "taken"),
        ],
    )  # fmt: skip
    async def test_faults_stand_beside_their_fields(self, web, fields, words):
        response = await web.register(**({"username": "new.person"} | fields))
        assert response.status_code in {409, 422}
        assert re.search(rf'class="error"[^>]*>[^<]*{words}', response.text), response.text
        assert 'aria-invalid="true"' in response.text

    async def test_many_from_one_address_have_to_wait(self, city, web):
        async with city.work() as work:
            from citizen_pass.identity.throttle import registrations

            throttle = registrations(work, "203.0.113.7")
            await throttle.wait()
            for _ in range(work.settings.registrations_per_hour):
                await throttle.failed()
        response = await web.register()
        assert response.status_code == 429
        assert int(response.headers["retry-after"]) > 0
        assert (await Web(city, address="203.0.113.8").register()).is_redirect


class TestSignIn:
    async def test_an_unknown_name_and_a_wrong_password_answer_the_same_at_the_same_cost(self, city, web, monkeypatch):
        checked = []
        original = passwords.Passwords._check
        monkeypatch.setattr(passwords.Passwords, "_check", lambda self, *a: checked.append(a[0]) or original(self, *a))
        texts = []
        for name in ("sample-citizen", "nobody-at-all"):
            response = await web.sign_in(name, "a wrong password")
            assert response.status_code == 401
            texts.append(re.sub(r'value="[^"]*"', "", response.text))
        assert texts[0] == texts[1]
        assert len(checked) == 2
        assert all(stored.startswith("$argon2id$") for stored in checked)

    async def test_a_closed_account_is_an_unknown_one(self, city, web):
        from citykit.clock import WallClock

        async with city.work() as work:
            row = (await work.session.scalars(select(AccountRow).where(AccountRow.username == "sample-citizen"))).one()
            row.closed_at = WallClock().now()
        assert (await web.sign_in("sample-citizen")).status_code == 401

    async def test_guessing_one_account_has_to_wait_and_the_password_is_not_looked_at(self, city, web):
        for number in range(5):
            await Web(city, address=f"203.0.113.{number}").sign_in("sample-citizen", "wrong wrong wrong")
        response = await web.sign_in("sample-citizen")
        assert response.status_code == 429
        assert int(response.headers["retry-after"]) > 0

    async def test_an_unknown_name_is_throttled_alike(self, city, web):
        for number in range(5):
            await Web(city, address=f"203.0.113.{number}").sign_in("nobody-at-all", "wrong wrong wrong")
        assert (await web.sign_in("nobody-at-all")).status_code == 429

    async def test_a_good_login_forgets_the_accounts_failures_but_not_the_addresss(self, city, web):
        for _ in range(3):
            await web.sign_in("sample-citizen", "wrong wrong wrong")
        assert (await web.sign_in("sample-citizen")).is_redirect
        async with city.work() as work:
            failures = sorted((await work.session.scalars(select(ThrottleRow.failures))).all())
        assert failures == [0, 3]

    async def test_one_address_that_guesses_many_names_has_to_wait(self, city, web):
        from citizen_pass.identity.throttle import sign_in_tries

        async with city.work() as work:
            throttle = sign_in_tries(work, "somebody", "203.0.113.7")
            await throttle.wait()
            for _ in range(40):
                await throttle.failed()
        assert (await web.sign_in("sample-officer")).status_code == 429
        assert (await Web(city, address="203.0.113.8").sign_in("sample-officer")).is_redirect

    async def test_what_the_caller_writes_into_the_header_does_not_count(self, city, web):
        web.http.headers["X-Forwarded-For"] = "198.51.100.1, 203.0.113.7"
        await web.sign_in("sample-citizen", "wrong wrong wrong")
        web.http.headers["X-Forwarded-For"] = "198.51.100.2, 203.0.113.7"
        await web.sign_in("sample-citizen", "wrong wrong wrong")
        async with city.work() as work:
            assert await work.session.scalar(select(func.count()).select_from(ThrottleRow)) == 2

    async def test_a_planted_cookie_is_worth_nothing_after_the_sign_in(self, city, web):
        await web.form_token()
        planted = web.http.cookies["city"]
        await web.sign_in("sample-citizen")
        thief = Web(city)
        thief.http.cookies.set("city", planted, domain="city.test")
        assert (await thief.get(f"{PAGES}/account")).headers["location"] == f"{PAGES}/sign-in"

    async def test_a_form_without_its_token_signs_nobody_in(self, web):
        response = await web.post(f"{PAGES}/sign-in", username="sample-citizen", password="x", form_token="0" * 64)
        assert response.status_code == 403
        response = await Web(web_city(web)).post(f"{PAGES}/sign-in", username="sample-citizen", password="x")
        assert response.status_code == 403

    async def test_another_browsers_token_is_worth_nothing(self, city, web):
        token = await Web(city).form_token()
        await web.form_token()
        response = await web.post(f"{PAGES}/sign-in", form_token=token, username="sample-citizen", password=PASSWORD)
        assert response.status_code == 403

    async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(self, web):
        response = await web.get(f"{PAGES}/sign-in")
        cookie = response.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "secure" not in cookie

    @pytest.mark.parametrize("handle", ["../../evil", "x" * 65, "<script>", "中文"])
    async def test_a_strange_handle_is_refused(self, web, handle):
        response = await web.get(f"{PAGES}/sign-in", request=handle)
        assert response.status_code == 400
        assert "<script>" not in response.text


def web_city(web):
    """A second browser on the same application."""

    class _City:
        app = web.http._transport.app

    return _City()


class TestPages:
    @pytest.mark.parametrize("page", ["sign-in", "register", "sign-out"])
    async def test_headers_let_nothing_foreign_in(self, web, page):
        response = await web.get(f"{PAGES}/{page}")
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["cache-control"] == "no-store"
        assert "<script>" not in response.text
        assert " style=" not in response.text
        assert "http://" not in response.text.replace("http://city.test", "")

    async def test_chinese_comes_first_and_a_switch_is_kept(self, city):
        reader = Web(city, language="")
        assert 'lang="zh-CN"' in (await reader.get(f"{PAGES}/sign-in")).text
        switched = await reader.get(f"{PAGES}/sign-in", lang="en")
        assert 'lang="en"' in switched.text
        assert 'lang="en"' in (await reader.get(f"{PAGES}/register")).text

    async def test_what_a_person_typed_is_escaped(self, web):
        response = await web.sign_in('"><script>alert(1)</script>', "wrong wrong wrong")
        assert "<script>alert" not in response.text

    @pytest.mark.parametrize("name", ["style.css", "passkey.js"])
    async def test_files_are_our_own(self, web, name):
        response = await web.get(f"{PAGES}/static/{name}")
        assert response.status_code == 200
        assert "http" not in response.text

    @pytest.mark.parametrize("name", ["..%2Fsettings.py", "base.html", "nothing"])
    async def test_no_other_file_is_given(self, web, name):
        assert (await web.get(f"{PAGES}/static/{name}")).status_code == 404


class TestAccountPage:
    async def test_without_a_session_the_sign_in_comes_first(self, web):
        assert (await web.get(f"{PAGES}/account")).headers["location"] == f"{PAGES}/sign-in"

    async def verify(self, web, **fields):
        form = {"form_token": hidden(await web.get(f"{PAGES}/account"))["form_token"]} | fields
        return await web.post(f"{PAGES}/account/verification", **form)

    async def test_real_name(self, city, web):
        city.neighbours.post(VERIFY).respond(
            json={"matched": True, "person": "01890000-0000-7000-8000-00000000ffff", "masked_name": "*秀英"}
        )
        await web.register()
        response = await self.verify(web, name="李秀英", id_number="131102198503150049")
        assert response.headers["location"] == f"{PAGES}/account?done=verified"
        page = (await web.get(f"{PAGES}/account")).text
        assert "real name verified" in page
        assert "131102198503150049" not in page

    async def test_a_wrong_number_is_told_at_its_field(self, web):
        await web.register()
        response = await self.verify(web, name="李秀英", id_number="131102198503150040")
        assert response.status_code == 422
        assert "not valid" in response.text

    async def test_a_registry_that_is_down_is_told(self, web):
        await web.register()
        assert (await self.verify(web, name="李秀英", id_number="131102198503150049")).status_code == 503

    async def test_ending_a_session_ends_what_programs_got_through_it(self, city, web):
        await Login(scope="openid offline_access").tokens(web)
        other = Web(city)
        await other.sign_in("sample-citizen")
        async with city.work() as work:
            first = (await work.session.scalars(select(SessionRow.id).order_by(SessionRow.id))).first()
        form = {"form_token": hidden(await other.get(f"{PAGES}/account"))["form_token"]}
        response = await other.post(f"{PAGES}/account/sessions/{first}/revocation", **form)
        assert response.headers["location"].endswith("done=ended")
        assert (await web.get(f"{PAGES}/account")).is_redirect
        async with city.work() as work:
            assert await work.session.scalar(select(FamilyRow.revoked_because)) == "session revoked"

    async def test_nobody_ends_anothers_session(self, city, web):
        await web.sign_in("sample-citizen")
        other = Web(city)
        await other.sign_in("sample-officer")
        async with city.work() as work:
            first = (await work.session.scalars(select(SessionRow.id).order_by(SessionRow.id))).first()
        form = {"form_token": hidden(await other.get(f"{PAGES}/account"))["form_token"]}
        await other.post(f"{PAGES}/account/sessions/{first}/revocation", **form)
        assert (await web.get(f"{PAGES}/account")).status_code == 200

    async def test_a_consent_is_withdrawn_with_its_tokens(self, city, web):
        client = await register_client(city)
        login = Login(client_id=client, redirect_uri="https://app.example/callback", scope="openid offline_access")
        await web.sign_in("sample-citizen")
        answered = await web.post(f"{PAGES}/consent", **hidden(await login.start(web)), decision="allow")
        token = (await login.redeem(web, re.search("code=([^&]+)", answered.headers["location"]).group(1))).json()
        form = {"form_token": hidden(await web.get(f"{PAGES}/account"))["form_token"]}
        response = await web.post(f"{PAGES}/account/consents/{client}/withdrawal", **form)
        assert response.headers["location"].endswith("done=withdrawn")
        again = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"], "client_id": client}
        assert (await web.http.post(f"{OIDC}/token", data=again)).json()["error"] == "invalid_grant"
        assert "Foreign app" in (await login.start(web)).text

    @pytest.mark.parametrize("act", ["verification", f"sessions/{UUID(int=1)}/revocation", "consents/x/withdrawal"])
    async def test_forged_forms_change_nothing(self, web, act):
        await web.sign_in("sample-citizen")
        assert (await web.post(f"{PAGES}/account/{act}", form_token="0" * 64)).status_code == 403
