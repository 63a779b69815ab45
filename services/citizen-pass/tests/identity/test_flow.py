"""The authorization endpoint: who is asked, who is refused, and where a browser is never sent."""

import json

import pytest

from .factories import (
    CALLBACK,
    FOREIGN_CALLBACK,
    ISSUER,
    OIDC,
    PAGES,
    Login,
    Web,
    hidden,
    query_of,
    register_client,
    sample,
)


@pytest.fixture
async def web(city):
    await sample(city)
    return Web(city)


class TestDiscovery:
    async def test_metadata_fulfils_rfc_8414_and_discovery(self, city):
        found = (await city.client.get(f"{OIDC}/.well-known/openid-configuration")).json()
        assert found["issuer"] == ISSUER
        needed = {
            "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported",
            "subject_types_supported",
            "id_token_signing_alg_values_supported", "scopes_supported", "claims_supported", "grant_types_supported",
        }  # fmt: skip
        assert needed <= set(found)
        endpoints = [value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))]
        assert all(value.startswith(f"{ISSUER}/") for value in endpoints)
        assert found["code_challenge_methods_supported"] == ["S256"]
        assert found["response_types_supported"] == ["code"]
        assert found["authorization_response_iss_parameter_supported"] is True
        assert found["id_token_signing_alg_values_supported"] == ["Ed25519"]

    async def test_keys_are_public_and_named(self, city):
        keys = (await city.client.get(f"{OIDC}/jwks")).json()["keys"]
        assert len(keys) == 2
        assert all({"kty", "crv", "x", "kid", "use", "alg"} <= set(key) and "d" not in key for key in keys)


class TestAuthorize:
    async def test_a_person_signs_in_and_the_client_gets_a_code(self, web):
        answer = await Login().answer(web)
        assert set(answer) == {"code", "state", "iss"}
        assert (answer["state"], answer["iss"]) == ("a-state", ISSUER)

    async def test_a_second_login_needs_no_password(self, web):
        await Login().answer(web)
        response = await Login().start(web)
        assert "code" in query_of(response.headers["location"])

    async def test_by_post_it_goes_on_by_get(self, web):
        response = await web.http.post(f"{OIDC}/authorize", data=Login().parameters)
        assert response.status_code == 303
        page = await web.follow(response)
        assert 'type="password"' in page.text

    async def test_an_unknown_parameter_is_ignored_as_oauth_demands(self, web):
        assert "code" in await Login(unheard_of="x").answer(web)

    @pytest.mark.parametrize(
        "changed",
        [
            {"client_id": "nobody"}, {"client_id": ""}, {"redirect_uri": ""}, {"redirect_uri": "https://evil.example/"},
            {"redirect_uri": "http://127.0.0.1:5123/callback/../../evil"}, {"redirect_uri": "http://127.0.0.1:1/x"},
            {"redirect_uri": "http://127.0.0.1:1@evil.example/callback"}, {"redirect_uri": "//evil.example"},
            {"redirect_uri": "http://localhost:5123/callback"}, {"client_id": "city-cli'--"},
        ],
    )  # fmt: skip
    async def test_nobody_is_sent_to_an_unregistered_address(self, web, changed):
        response = await web.http.get(f"{OIDC}/authorize", params=Login(**changed).parameters)
        assert response.status_code == 400
        assert "location" not in response.headers

    @pytest.mark.parametrize(
        ("changed", "error"),
        [
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"response_type": ""}, "invalid_request"),
            ({"code_challenge": ""}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge_method": ""}, "invalid_request"),
            ({"code_challenge": "short"}, "invalid_request"),
            ({"scope": ""}, "invalid_scope"),
            ({"scope": "openid no-such-scope"}, "invalid_scope"),
            ({"scope": "openid gov-collab.hotline.unheard-of"}, "invalid_scope"),
            ({"scope": "openid  profile"}, "invalid_scope"),
            ({"prompt": "none login"}, "invalid_request"),
            ({"prompt": "dance"}, "invalid_request"),
            ({"prompt": "none"}, "login_required"),
            ({"max_age": "-1"}, "invalid_request"),
            ({"max_age": "soon"}, "invalid_request"),
            ({"request": "eyJ"}, "request_not_supported"),
            ({"registration": "{}"}, "registration_not_supported"),
            ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
            ({"response_mode": "fragment"}, "invalid_request"),
            ({"claims": "{"}, "invalid_request"),
            ({"id_token_hint": "nonsense"}, "invalid_request"),
        ],
    )
    async def test_refusals_reach_the_client(self, web, changed, error):
        response = await web.http.get(f"{OIDC}/authorize", params=Login(**changed).parameters)
        assert response.status_code == 303, response.text
        location = response.headers["location"]
        assert location.startswith(f"{CALLBACK}?")
        answer = query_of(location)
        assert (answer["error"], answer["state"], answer["iss"]) == (error, "a-state", ISSUER)

    async def test_a_doubled_parameter_is_refused_at_the_client(self, web):
        query = "&".join(f"{k}={v}" for k, v in Login().parameters.items()) + "&nonce=other"
        response = await web.http.get(f"{OIDC}/authorize?{query.replace(' ', '+')}")
        assert query_of(response.headers["location"])["error"] == "invalid_request"

    async def test_a_doubled_redirect_uri_is_shown_to_the_person(self, web):
        query = "&".join(f"{k}={v}" for k, v in Login().parameters.items()) + "&redirect_uri=https://evil.example/"
        response = await web.http.get(f"{OIDC}/authorize?{query.replace(' ', '+')}")
        assert response.status_code == 400

    @pytest.mark.parametrize("query", ["client_id=%00", "client_id=%ff%fe", "%00=1", "&".join(["a=1"] * 200), "=&&&;"])
    async def test_garbage_is_a_page_and_no_fault_of_ours(self, web, query):
        assert (await web.http.get(f"{OIDC}/authorize?{query}")).status_code == 400

    async def test_login_is_asked_again_on_request(self, web):
        await Login().answer(web)
        for changed in ({"prompt": "login"}, {"max_age": "0"}, {"prompt": "select_account"}):
            response = await Login(**changed).start(web)
            assert 'type="password"' in response.text
        assert "code" in await Login(prompt="login").answer(web)

    async def test_prompt_none_with_a_session_answers_at_once(self, web):
        await Login().answer(web)
        response = await web.http.get(f"{OIDC}/authorize", params=Login(prompt="none").parameters)
        assert "code" in query_of(response.headers["location"])

    async def test_a_hint_at_another_person_asks_for_her_login(self, web):
        token = (await Login().tokens(web))["id_token"]
        await web.sign_in("sample-officer")
        response = await web.http.get(f"{OIDC}/authorize", params=Login(prompt="none", id_token_hint=token).parameters)
        assert query_of(response.headers["location"])["error"] == "login_required"

    async def test_a_citizen_asking_for_staff_scopes_alone_is_refused(self, web):
        answer = await Login(scope="city-ops.cases.handle").answer(web)
        assert answer["error"] == "access_denied"

    async def test_an_essential_level_that_is_not_reached_is_refused(self, web):
        await web.register()
        wanted = json.dumps({"id_token": {"acr": {"essential": True, "values": ["l2"]}}})
        answer = await Login(claims=wanted).answer(web)
        assert answer["error"] == "unmet_authentication_requirements"

    async def test_a_wished_level_that_is_not_reached_is_no_refusal(self, web):
        await web.register()
        assert "code" in await Login(acr_values="l2").answer(web)

    async def test_a_handle_serves_once(self, web):
        response = await web.http.get(f"{OIDC}/authorize", params=Login().parameters)
        handle = query_of(response.headers["location"])["request"]
        assert (await web.follow(await web.sign_in("sample-citizen", handle=handle))).is_redirect
        again = await web.http.get(f"{OIDC}/authorize/resumption", params={"request": handle})
        assert again.status_code == 400


class TestConsent:
    async def test_a_foreign_client_asks_and_says_for_what(self, city, web):
        login = Login(
            client_id=await register_client(city), redirect_uri=FOREIGN_CALLBACK, scope="openid city-ops.cases.report"
        )
        await web.sign_in("sample-citizen")
        page = await login.start(web)
        assert "Foreign app" in page.text
        assert "Report city problems for you" in page.text
        assert "form-action 'self' https://app.example" in page.headers["content-security-policy"]

    async def test_allowing_is_remembered(self, city, web):
        login = Login(client_id=await register_client(city), redirect_uri=FOREIGN_CALLBACK)
        await web.sign_in("sample-citizen")
        page = await login.start(web)
        response = await web.post(f"{PAGES}/consent", **hidden(page), decision="allow")
        assert "code" in query_of(response.headers["location"])
        assert "code" in query_of((await login.start(web)).headers["location"])

    async def test_more_scopes_ask_again(self, city, web):
        login = Login(client_id=await register_client(city), redirect_uri=FOREIGN_CALLBACK, scope="openid")
        await web.sign_in("sample-citizen")
        await web.post(f"{PAGES}/consent", **hidden(await login.start(web)), decision="allow")
        wider = Login(client_id="foreign-app", redirect_uri=FOREIGN_CALLBACK, scope="openid profile")
        assert "Foreign app" in (await wider.start(web)).text

    async def test_refusal_is_access_denied(self, city, web):
        login = Login(client_id=await register_client(city), redirect_uri=FOREIGN_CALLBACK)
        await web.sign_in("sample-citizen")
        response = await web.post(f"{PAGES}/consent", **hidden(await login.start(web)), decision="deny")
        answer = query_of(response.headers["location"])
        assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "a-state", ISSUER)

    async def test_cancelling_before_the_sign_in_is_access_denied_too(self, web):
        page = await Login().start(web)
        response = await web.post(f"{PAGES}/consent", **hidden(page), decision="deny")
        assert query_of(response.headers["location"])["error"] == "access_denied"

    async def test_prompt_none_without_consent_is_consent_required(self, city, web):
        client = await register_client(city)
        await web.sign_in("sample-citizen")
        login = Login(client_id=client, redirect_uri=FOREIGN_CALLBACK, prompt="none")
        response = await web.http.get(f"{OIDC}/authorize", params=login.parameters)
        assert query_of(response.headers["location"])["error"] == "consent_required"

    async def test_a_forged_form_consents_to_nothing(self, city, web):
        login = Login(client_id=await register_client(city), redirect_uri=FOREIGN_CALLBACK)
        await web.sign_in("sample-citizen")
        fields = hidden(await login.start(web)) | {"form_token": "0" * 64}
        response = await web.post(f"{PAGES}/consent", **fields, decision="allow")
        assert response.status_code == 403
        assert "location" not in response.headers

    async def test_a_scope_that_the_client_may_not_have_is_refused(self, city, web):
        login = Login(
            client_id=await register_client(city),
            redirect_uri=FOREIGN_CALLBACK,
            scope="openid data-hub.registries.read",
        )
        response = await web.http.get(f"{OIDC}/authorize", params=login.parameters)
        assert query_of(response.headers["location"])["error"] == "invalid_scope"


class TestPushedRequests:
    async def push(self, web, login, **more):
        return await web.http.post(f"{OIDC}/par", data=login.parameters | more)

    async def test_a_pushed_request_is_used_once(self, web):
        await web.sign_in("sample-citizen")
        response = await self.push(web, Login())
        assert response.status_code == 201
        assert response.json()["expires_in"] == 90
        asked = {"client_id": "city-cli", "request_uri": response.json()["request_uri"]}
        first = await web.http.get(f"{OIDC}/authorize", params=asked)
        assert "code" in query_of(first.headers["location"])
        second = await web.http.get(f"{OIDC}/authorize", params=asked)
        assert second.status_code == 400

    async def test_another_client_cannot_use_it(self, web):
        pushed = (await self.push(web, Login())).json()["request_uri"]
        response = await web.http.get(f"{OIDC}/authorize", params={"client_id": "city-portal", "request_uri": pushed})
        assert response.status_code == 400

    async def test_parameters_beside_it_do_not_count(self, web):
        await web.sign_in("sample-citizen")
        pushed = (await self.push(web, Login())).json()["request_uri"]
        asked = {"client_id": "city-cli", "request_uri": pushed, "redirect_uri": "https://evil.example/", "state": "x"}
        response = await web.http.get(f"{OIDC}/authorize", params=asked)
        assert response.headers["location"].startswith(CALLBACK)
        assert query_of(response.headers["location"])["state"] == "a-state"

    @pytest.mark.parametrize(
        ("changed", "error"),
        [
            ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
            ({"scope": "openid nonsense"}, "invalid_scope"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"request_uri": "urn:x"}, "invalid_request"),
        ],
    )
    async def test_refusals_are_told_to_the_client(self, web, changed, error):
        response = await self.push(web, Login(**changed))
        assert (response.status_code, response.json()["error"]) == (400, error)

    async def test_a_client_that_must_push_cannot_do_without(self, city, web):
        client = await register_client(city, require_pushed=True)
        login = Login(client_id=client, redirect_uri=FOREIGN_CALLBACK)
        response = await web.http.get(f"{OIDC}/authorize", params=login.parameters)
        assert query_of(response.headers["location"])["error"] == "invalid_request"

    async def test_an_unauthenticated_client_is_refused(self, web):
        response = await self.push(web, Login(client_id="bench"))
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
