"""What tells and ends: introspection, revocation, userinfo, suspended clients, key rotation, logout."""

import time

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import select

from citizen_pass.identity.models import FamilyRow, SigningKeyRow

from .factories import (
    CALLBACK,
    FOREIGN_CALLBACK,
    ISSUER,
    OIDC,
    PAGES,
    Login,
    Web,
    hidden,
    part,
    query_of,
    register_client,
    sample,
)

OFFICER = "01890000-0000-7000-8000-000000000004"
BENCH = ("bench", "secret-of-bench-for-tests")


@pytest.fixture
async def web(city):
    await sample(city)
    return Web(city)


async def introspect(web, token, auth=BENCH):
    return await web.http.post(f"{OIDC}/introspect", data={"token": token}, auth=auth)


async def userinfo(web, token):
    return await web.http.get(f"{OIDC}/userinfo", headers={"Authorization": f"Bearer {token}"})


async def refresh(web, token, client_id="city-cli", **more):
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client_id} | more
    return await web.http.post(f"{OIDC}/token", data=form)


class TestIntrospection:
    async def test_a_client_sees_its_own_tokens(self, web):
        form = {"grant_type": "client_credentials"}
        own = (await web.http.post(f"{OIDC}/token", data=form, auth=BENCH)).json()["access_token"]
        body = (await introspect(web, own)).json()
        assert body["active"] is True
        assert body["sub"] == "bench"

    async def test_and_nobody_elses(self, web):
        foreign = (await Login().tokens(web))["access_token"]
        assert (await introspect(web, foreign)).json() == {"active": False}

    async def test_one_with_the_right_sees_all_and_what_was_revoked(self, city, web):
        fields = {
            "client_id": "watcher", "kind": "confidential", "auth": "client_secret", "redirect_uris": (),
            "grant_types": ["client_credentials"], "scopes": ["citizen-pass.tokens.introspect"],
        }  # fmt: skip
        auth = (await register_client(city, "watcher-secret", **fields), "watcher-secret")
        body = await Login(scope="openid offline_access").tokens(web)
        for token in (body["access_token"], body["refresh_token"]):
            assert (await introspect(web, token, auth)).json()["active"] is True
        await web.http.post(f"{OIDC}/revoke", data={"token": body["refresh_token"], "client_id": "city-cli"})
        for token in (body["access_token"], body["refresh_token"]):
            assert (await introspect(web, token, auth)).json() == {"active": False}

    @pytest.mark.parametrize("token", ["x", "a.b.c", "中文", "eyJhbGciOiJub25lIn0.e30."])
    async def test_garbage_is_inactive(self, web, token):
        assert (await introspect(web, token)).json() == {"active": False}

    async def test_a_public_client_may_not_ask(self, web):
        response = await web.http.post(f"{OIDC}/introspect", data={"token": "x", "client_id": "city-cli"})
        assert response.status_code == 401

    async def test_a_token_of_another_issuer_key_is_inactive(self, city, web):
        forged = city.token(["city-ops.cases.read"], subject="bench", kind="client")["Authorization"].split()[1]
        assert (await introspect(web, forged)).json() == {"active": False}

    async def test_algorithm_confusion_is_inactive(self, web):
        key = (await web.get(f"{OIDC}/jwks")).json()["keys"][0]
        claims = {
            "iss": ISSUER,
            "sub": "bench",
            "client_id": "bench",
            "kind": "client",
            "exp": int(time.time()) + 60,
            "jti": "x",
        }
        head = {"alg": "HS256", "typ": "at+jwt", "kid": key["kid"]}
        forged = jwt.encode(head, claims, OctKey.import_key(key["x"]), algorithms=["HS256"])
        assert (await introspect(web, forged)).json() == {"active": False}


class TestRevocation:
    async def test_an_access_token_ends_alone(self, web):
        body = await Login(scope="openid offline_access").tokens(web)
        response = await web.http.post(f"{OIDC}/revoke", data={"token": body["access_token"], "client_id": "city-cli"})
        assert response.status_code == 200
        assert (await userinfo(web, body["access_token"])).status_code == 401
        assert (await refresh(web, body["refresh_token"])).status_code == 200

    async def test_an_unknown_token_is_no_error(self, web):
        response = await web.http.post(f"{OIDC}/revoke", data={"token": "unknown", "client_id": "city-cli"})
        assert response.status_code == 200

    async def test_another_clients_token_stays(self, web):
        body = await Login(scope="openid offline_access").tokens(web)
        for token in (body["access_token"], body["refresh_token"]):
            response = await web.http.post(f"{OIDC}/revoke", data={"token": token, "client_id": "city-portal"})
            assert (response.status_code, response.json()["error"]) == (400, "unauthorized_client")
        assert (await refresh(web, body["refresh_token"])).status_code == 200

    async def test_without_a_client_nothing_happens(self, web):
        assert (await web.http.post(f"{OIDC}/revoke", data={"token": "x"})).status_code == 401


class TestUserinfo:
    async def test_profile(self, web):
        body = (await userinfo(web, (await Login().tokens(web))["access_token"])).json()
        assert body["preferred_username"] == "sample-citizen"
        assert body["sub"] == "01890000-0000-7000-8000-000000000001"

    async def test_openid_alone_tells_sub_alone(self, web):
        token = (await Login(scope="openid").tokens(web))["access_token"]
        assert set((await userinfo(web, token)).json()) == {"sub"}

    async def test_by_post_with_the_token_in_the_form(self, web):
        token = (await Login().tokens(web))["access_token"]
        assert (await web.http.post(f"{OIDC}/userinfo", data={"access_token": token})).status_code == 200

    async def test_without_a_token(self, web):
        response = await web.get(f"{OIDC}/userinfo")
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")

    async def test_a_token_for_others_is_refused(self, web):
        token = (await Login(scope="city-ops.cases.report").tokens(web))["access_token"]
        assert (await userinfo(web, token)).status_code == 401
        form = {"grant_type": "client_credentials"}
        client = (await web.http.post(f"{OIDC}/token", data=form, auth=BENCH)).json()["access_token"]
        assert (await userinfo(web, client)).status_code == 401

    async def test_an_id_token_is_no_access_token(self, web):
        assert (await userinfo(web, (await Login().tokens(web))["id_token"])).status_code == 401

    async def test_openid_is_needed(self, web):
        token = (await Login(scope="citizen-pass.account.read").tokens(web))["access_token"]
        response = await userinfo(web, token)
        assert response.status_code == 403
        assert "insufficient_scope" in response.headers["www-authenticate"]


class TestSuspendedClient:
    async def test_everything_of_it_ends(self, city, web):
        client = await register_client(city, first_party=True)
        login = Login(client_id=client, redirect_uri=FOREIGN_CALLBACK, scope="openid offline_access")
        body = await login.tokens(web)
        keeper = city.token(["citizen-pass.clients.maintain"])
        response = await city.client.post(f"/api/citizen-pass/v1/clients/{client}/suspensions", headers=keeper)
        assert response.status_code == 201
        assert (await refresh(web, body["refresh_token"], client)).json()["error"] == "invalid_client"
        assert (await userinfo(web, body["access_token"])).status_code == 401
        assert (await web.http.get(f"{OIDC}/authorize", params=login.parameters)).status_code == 400
        async with city.work() as work:
            assert (await work.session.scalars(select(FamilyRow.revoked_because))).all() == ["client suspended"]


class TestKeyRotation:
    async def test_tokens_of_the_retired_key_stay_good(self, city, web):
        before = await Login().tokens(web)
        old = (await web.get(f"{OIDC}/jwks")).json()["keys"]
        keeper = city.token(["citizen-pass.clients.maintain"])
        response = await city.client.post("/api/citizen-pass/v1/signing-keys/rotations", headers=keeper)
        assert response.status_code == 201
        keys = (await web.get(f"{OIDC}/jwks")).json()["keys"]
        assert len(keys) == 3
        assert keys[0]["kid"] == old[1]["kid"] == response.json()["kid"]
        after = await Login().tokens(web)
        assert part(after["access_token"], 0)["kid"] == old[1]["kid"]
        assert (await userinfo(web, before["access_token"])).status_code == 200
        assert (await userinfo(web, after["access_token"])).status_code == 200

    async def test_the_job_rotates_old_keys_only(self, city, web):
        await Login().tokens(web)
        await city.run_task("citizen-pass.identity.rotate-keys")
        assert len((await web.get(f"{OIDC}/jwks")).json()["keys"]) == 2

    async def test_private_keys_are_sealed(self, city, web):
        await web.get(f"{OIDC}/jwks")
        async with city.work() as work:
            rows = (await work.session.scalars(select(SigningKeyRow))).all()
        assert all(b"OKP" not in bytes(row.private_sealed) and "d" not in row.public for row in rows)


class TestLogout:
    async def test_nothing_ends_before_the_person_says_so(self, web):
        body = await Login(client_id="city-portal").tokens(web)
        asked = {"id_token_hint": body["id_token"], "post_logout_redirect_uri": "http://city.test/", "state": "s"}
        page = await web.http.get(f"{OIDC}/logout", params=asked)
        assert page.status_code == 200
        stay = await web.post(f"{PAGES}/sign-out", **hidden(page), decision="stay")
        assert stay.headers["location"] == f"{PAGES}/account"
        assert "code" in query_of((await Login().start(web)).headers["location"])
        out = await web.post(f"{PAGES}/sign-out", **hidden(page), decision="sign-out")
        assert out.headers["location"] == "http://city.test/?state=s"
        assert 'type="password"' in (await Login().start(web)).text

    @pytest.mark.parametrize(
        "asked",
        [
            {"post_logout_redirect_uri": "https://evil.example/"},
            {"post_logout_redirect_uri": "https://evil.example/", "client_id": "city-portal"},
            {"post_logout_redirect_uri": "http://city.test/", "client_id": "nobody"},
            {"id_token_hint": "nonsense"},
        ],
    )
    async def test_nobody_is_sent_elsewhere(self, web, asked):
        for response in (
            await web.http.get(f"{OIDC}/logout", params=asked), await web.http.post(f"{OIDC}/logout", data=asked)
        ):  # fmt: skip
            assert response.status_code == 400
            assert "location" not in response.headers

    async def test_without_a_session_the_client_gets_its_person_back(self, web):
        asked = {"client_id": "city-cli", "post_logout_redirect_uri": CALLBACK}
        response = await web.http.get(f"{OIDC}/logout", params=asked)
        assert response.headers["location"] == CALLBACK

    async def test_a_forged_form_signs_nobody_out(self, web):
        await Login().answer(web)
        assert (await web.post(f"{PAGES}/sign-out", decision="sign-out", form_token="0" * 64)).status_code == 403
        assert "code" in query_of((await Login().start(web)).headers["location"])
