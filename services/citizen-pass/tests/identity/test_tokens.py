"""The token endpoint and what belongs to it: single use, rotation, reuse, client authentication, revocation."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select, update

from citizen_pass.identity.domain import at_hash
from citizen_pass.identity.models import AccountRow, CodeRow, RefreshRow

from .factories import (
    ISSUER,
    OIDC,
    Login,
    Web,
    appoint,
    claims_of,
    part,
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


class TestAuthorizationCode:
    async def test_the_access_token_says_who_and_for_whom(self, web):
        body = await Login(scope="openid profile gov-collab.hotline.submit").tokens(web)
        claims, header = claims_of(body["access_token"]), part(body["access_token"], 0)
        assert (header["alg"], header["typ"]) == ("Ed25519", "at+jwt")
        assert claims["iss"] == ISSUER
        assert claims["aud"] == ["citizen-pass", "gov-collab"]
        assert (claims["kind"], claims["client_id"], claims["acr"]) == ("person", "city-cli", "l2")
        assert claims["scope"] == "openid profile gov-collab.hotline.submit"
        assert claims["exp"] - claims["iat"] == body["expires_in"] == 300
        assert claims["person"] == "01890000-0000-7000-8000-000000001001"
        assert {"jti", "sid", "name", "auth_time"} <= set(claims)
        assert "department" not in claims

    async def test_the_id_token_verifies_and_fits(self, web):
        body = await Login().tokens(web)
        keys = KeySet.import_key_set((await web.get(f"{OIDC}/jwks")).json())
        claims = jwt.decode(body["id_token"], keys, algorithms=["Ed25519"]).claims
        assert (claims["aud"], claims["nonce"], claims["iss"]) == ("city-cli", "a-nonce", ISSUER)
        assert claims["at_hash"] == at_hash(body["access_token"])
        assert claims["amr"] == ["pwd"]
        assert claims["sid"] == claims_of(body["access_token"])["sid"]

    async def test_the_kernel_takes_the_token(self, city, web):
        body = await Login(scope="openid citizen-pass.account.read").tokens(web)
        headers = {"Authorization": f"Bearer {body['access_token']}"}
        response = await city.client.get("/api/citizen-pass/v1/accounts/me", headers=headers)
        assert response.json()["username"] == "sample-citizen"

    async def test_answers_are_not_cached(self, web):
        login = Login()
        response = await login.redeem(web, (await login.answer(web))["code"])
        assert response.headers["cache-control"] == "no-store"

    async def test_without_openid_there_is_no_id_token(self, web):
        assert "id_token" not in await Login(scope="gov-collab.hotline.submit").tokens(web)

    async def test_a_second_use_is_refused_and_revokes_what_the_first_gave(self, web):
        login = Login(scope="openid offline_access")
        code = (await login.answer(web))["code"]
        given = (await login.redeem(web, code)).json()
        assert (await userinfo(web, given["access_token"])).status_code == 200
        again = await login.redeem(web, code)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        assert (await userinfo(web, given["access_token"])).status_code == 401
        assert (await refresh(web, given["refresh_token"])).json()["error"] == "invalid_grant"

    async def test_of_parallel_uses_one_wins(self, web):
        login = Login()
        code = (await login.answer(web))["code"]
        answers = await asyncio.gather(*(login.redeem(web, code) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]

    @pytest.mark.parametrize(
        "changed",
        [
            {"code_verifier": "x" * 43},
            {"code_verifier": ""},
            {"redirect_uri": "http://127.0.0.1:1/callback"},
            {"redirect_uri": ""},
        ],
    )
    async def test_a_wrong_proof_is_refused_and_spends_the_code(self, web, changed):
        login = Login()
        code = (await login.answer(web))["code"]
        assert (await login.redeem(web, code, **changed)).json()["error"] == "invalid_grant"
        assert (await login.redeem(web, code)).json()["error"] == "invalid_grant"

    async def test_another_client_cannot_use_it_nor_spend_it(self, web):
        login = Login()
        code = (await login.answer(web))["code"]
        assert (await login.redeem(web, code, client_id="city-portal")).json()["error"] == "invalid_grant"
        assert (await login.redeem(web, code)).status_code == 200

    async def test_an_old_one_is_refused(self, city, web):
        login = Login()
        code = (await login.answer(web))["code"]
        async with city.work() as work:
            await work.session.execute(update(CodeRow).values(expires_at=CodeRow.expires_at - timedelta(minutes=2)))
        assert (await login.redeem(web, code)).json()["error"] == "invalid_grant"

    async def test_codes_and_tokens_are_kept_as_hashes_only(self, city, web):
        login = Login(scope="openid offline_access")
        code = (await login.answer(web))["code"]
        token = (await login.redeem(web, code)).json()["refresh_token"]
        async with city.work() as work:
            kept = [bytes(h) for h in await work.session.scalars(select(CodeRow.code_hash))]
            kept += [bytes(h) for h in await work.session.scalars(select(RefreshRow.token_hash))]
        assert all(len(h) == 32 and h not in {code.encode(), token.encode()} for h in kept)

    @pytest.mark.parametrize(
        ("form", "error"),
        [
            ({}, "invalid_request"), ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"grant_type": "authorization_code"}, "invalid_request"),
            ({"grant_type": "authorization_code", "code": "unknown"}, "invalid_grant"),
            ({"grant_type": "refresh_token"}, "invalid_request"),
            ({"grant_type": "refresh_token", "refresh_token": "unknown"}, "invalid_grant"),
            ({"grant_type": "client_credentials"}, "unauthorized_client"),
            ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, "unsupported_grant_type"),
        ],
    )  # fmt: skip
    async def test_refusals(self, web, form, error):
        response = await web.http.post(f"{OIDC}/token", data={"client_id": "city-cli"} | form)
        assert (response.status_code, response.json()["error"]) == (400, error)

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"%ff=%fe", b"a=1&a=2", b"client_id=city-cli%00", b""])
    async def test_garbage_is_refused(self, web, content):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        response = await web.http.post(f"{OIDC}/token", content=content, headers=headers)
        assert response.status_code in {400, 401}

    async def test_json_is_no_form(self, web):
        response = await web.http.post(f"{OIDC}/token", json={"grant_type": "client_credentials"})
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


class TestRefresh:
    async def tokens(self, web, scope="openid offline_access"):
        return await Login(scope=scope).tokens(web)

    async def test_without_offline_access_there_is_none(self, web):
        assert "refresh_token" not in await self.tokens(web, "openid")

    async def test_it_rotates(self, web):
        first = await self.tokens(web)
        second = (await refresh(web, first["refresh_token"])).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert "nonce" not in claims_of(second["id_token"])
        assert (await refresh(web, second["refresh_token"])).status_code == 200

    async def test_reuse_kills_the_family(self, web):
        first = await self.tokens(web)
        second = (await refresh(web, first["refresh_token"])).json()
        assert (await refresh(web, first["refresh_token"])).json()["error"] == "invalid_grant"
        assert (await refresh(web, second["refresh_token"])).json()["error"] == "invalid_grant"
        assert (await userinfo(web, second["access_token"])).status_code == 401

    async def test_of_parallel_uses_one_wins(self, web):
        token = (await self.tokens(web))["refresh_token"]
        answers = await asyncio.gather(*(refresh(web, token) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400]

    async def test_another_client_cannot_use_it_nor_end_it(self, web):
        token = (await self.tokens(web))["refresh_token"]
        assert (await refresh(web, token, "city-portal")).json()["error"] == "invalid_grant"
        assert (await refresh(web, token)).status_code == 200

    async def test_less_may_be_asked_and_more_may_not(self, web):
        token = (await self.tokens(web, "openid profile offline_access"))["refresh_token"]
        narrow = (await refresh(web, token, scope="profile")).json()
        assert narrow["scope"] == "profile"
        assert "id_token" not in narrow
        wide = await refresh(web, narrow["refresh_token"], scope="profile city-ops.cases.report")
        assert wide.json()["error"] == "invalid_scope"
        assert (await refresh(web, narrow["refresh_token"])).json()["scope"] == "openid profile offline_access"

    async def test_an_old_one_is_refused(self, city, web):
        token = (await self.tokens(web))["refresh_token"]
        async with city.work() as work:
            await work.session.execute(update(RefreshRow).values(expires_at=RefreshRow.issued_at))
        assert (await refresh(web, token)).json()["error"] == "invalid_grant"

    async def test_a_closed_account_gets_nothing_more(self, city, web):
        body = await self.tokens(web)
        async with city.work() as work:
            await work.session.execute(update(AccountRow).values(closed_at=AccountRow.created_at))
        assert (await refresh(web, body["refresh_token"])).json()["error"] == "invalid_grant"
        assert (await userinfo(web, body["access_token"])).status_code == 401


class TestStaff:
    async def test_the_token_carries_department_post_and_scopes(self, city, web):
        assert (await appoint(city, OFFICER)).status_code == 204
        body = await Login(scope="openid city-ops.cases.handle").tokens(web, "sample-officer")
        claims = claims_of(body["access_token"])
        assert (claims["department"], claims["post"]) == ("11131100MB0H00022R", "case-handler")
        assert (claims["department_name"], claims["post_name"]) == ("城管局", "城管处置员")
        assert body["scope"] == "openid city-ops.cases.handle"

    async def test_scopes_not_held_are_left_out_and_said_so(self, city, web):
        await appoint(city, OFFICER)
        body = await Login(scope="openid city-ops.cases.handle city-ops.cases.verify").tokens(web, "sample-officer")
        assert body["scope"] == "openid city-ops.cases.handle"

    async def test_an_end_takes_them_away_from_the_next_token(self, city, web):
        await appoint(city, OFFICER)
        body = await Login(scope="openid offline_access city-ops.cases.handle").tokens(web, "sample-officer")
        ended = {
            "appointment_id": "01890000-0000-7000-8000-00000000a001",
            "subject": OFFICER,
            "ended_at": "2026-02-01T00:00:00+08:00",
        }
        response = await city.deliver("cn.hengshui.gov-collab.appointment.ended.v1", ended, source="gov-collab")
        assert response.status_code == 204
        again = (await refresh(web, body["refresh_token"])).json()
        assert again["scope"] == "openid offline_access"
        assert "department" not in claims_of(again["access_token"])

    async def test_a_repeated_event_changes_nothing(self, city, web):
        key = uuid4()
        data = {
            "appointment_id": str(uuid4()), "subject": OFFICER, "department_code": "D", "department_name": "D",
            "post_code": "p", "post_name": "p", "scopes": ["city-ops.cases.handle"],
            "valid_from": "2026-01-01T00:00:00+08:00", "valid_to": None,
        }  # fmt: skip
        kind = "cn.hengshui.gov-collab.appointment.made.v1"
        for _ in range(2):
            assert (await city.deliver(kind, data, source="gov-collab", event_id=key)).status_code == 204


class TestClientCredentials:
    async def token(self, web, auth=BENCH, **form):
        return await web.http.post(f"{OIDC}/token", data={"grant_type": "client_credentials"} | form, auth=auth)

    async def test_by_basic_and_by_form(self, web):
        by_basic = await self.token(web)
        by_form = await self.token(web, auth=None, client_id="bench", client_secret="secret-of-bench-for-tests")
        for response in (by_basic, by_form):
            claims = claims_of(response.json()["access_token"])
            assert (claims["sub"], claims["kind"]) == ("bench", "client")
            assert claims["name"].startswith("性能测试")  # what a person reads where the program read her data
            assert claims["department_name"].startswith("衡水市数据和政务服务局")
            assert claims["aud"] == ["city-ops", "data-hub", "gov-collab"]
            assert "refresh_token" not in response.json()

    async def test_less_may_be_asked(self, web):
        body = (await self.token(web, scope="city-ops.cases.read")).json()
        assert claims_of(body["access_token"])["aud"] == ["city-ops"]

    @pytest.mark.parametrize("scope", ["openid", "city-ops.cases.handle", "nonsense", "a  b"])
    async def test_more_is_refused(self, web, scope):
        response = await self.token(web, scope=scope)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_scope")

    @pytest.mark.parametrize(
        "auth", [("bench", "wrong"), ("nobody", "wrong"), ("city-cli", ""), ("bench", ""), ("bench", "x\x00")]
    )
    async def test_a_wrong_secret_is_refused(self, web, auth):
        response = await self.token(web, auth=auth)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
        assert response.headers["www-authenticate"].startswith("Basic")

    async def test_two_proofs_at_once_are_refused(self, web):
        response = await self.token(web, client_id="bench", client_secret="secret-of-bench-for-tests")
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")

    @pytest.mark.parametrize("header", ["Basic ***", "Basic Ym9i", "Basic /w==", "Basic"])
    async def test_a_broken_header_is_refused(self, web, header):
        form = {"grant_type": "client_credentials"}
        response = await web.http.post(f"{OIDC}/token", data=form, headers={"Authorization": header})
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
