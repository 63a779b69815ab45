"""Client authentication by private_key_jwt (RFC 7523): one use, the right audience, a short life, a real signature."""

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey

from .factories import ISSUER, OIDC, Web, register_client, sample


@pytest.fixture
async def web(city):
    await sample(city)
    return Web(city)


class TestPrivateKeyJwt:
    key = ECKey.generate_key("P-256", {"kid": "k1"})

    @pytest.fixture
    async def client_id(self, city, web):
        return await register_client(
            city, client_id="key-client", kind="confidential", auth="private_key_jwt", redirect_uris=(),
            jwks={"keys": [self.key.as_dict(private=False)]}, grant_types=["client_credentials"],
            scopes=["city-ops.cases.report"], post_logout_redirect_uris=(),
        )  # fmt: skip

    def assertion(self, *, alg="ES256", key=None, **changed):
        now = int(time.time())
        claims = {
            "iss": "key-client",
            "sub": "key-client",
            "aud": ISSUER,
            "exp": now + 60,
            "iat": now,
            "jti": uuid4().hex,
        }
        claims |= changed
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": alg, "kid": "k1"}, claims, key or self.key, algorithms=[alg])

    async def send(self, web, assertion, **more):
        form = {
            "grant_type": "client_credentials", "client_assertion": assertion,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        } | more  # fmt: skip
        return await web.http.post(f"{OIDC}/token", data=form)

    async def test_a_signed_assertion_is_enough(self, web, client_id):
        response = await self.send(web, self.assertion())
        assert response.status_code == 200, response.text

    async def test_the_token_endpoint_is_an_audience_too(self, web, client_id):
        assert (await self.send(web, self.assertion(aud=[f"{ISSUER}/token"]))).status_code == 200

    async def test_ed25519_keys_work(self, city, web):
        key = OKPKey.generate_key("Ed25519", {"kid": "k1"})
        await register_client(
            city, client_id="key-client", kind="confidential", auth="private_key_jwt", redirect_uris=(),
            jwks={"keys": [key.as_dict(private=False)]}, grant_types=["client_credentials"],
            scopes=["city-ops.cases.report"], post_logout_redirect_uris=(),
        )  # fmt: skip
        assert (await self.send(web, self.assertion(alg="Ed25519", key=key))).status_code == 200

    async def test_a_replay_is_refused(self, web, client_id):
        assertion = self.assertion()
        assert (await self.send(web, assertion)).status_code == 200
        again = await self.send(web, assertion)
        assert (again.status_code, again.json()["error"]) == (401, "invalid_client")

    async def test_of_parallel_replays_one_wins(self, web, client_id):
        assertion = self.assertion()
        answers = await asyncio.gather(*(self.send(web, assertion) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401]

    @pytest.mark.parametrize(
        "changed",
        [
            {"aud": "https://evil.example/"}, {"aud": None}, {"iss": "bench"}, {"sub": "bench"}, {"jti": None},
            {"jti": "short"}, {"exp": None}, {"exp": 1}, {"exp": 2**50}, {"exp": int(time.time()) + 10**6},
            {"exp": True},
            {"iat": int(time.time()) + 10**6}, {"aud": [1]},
        ],
    )  # fmt: skip
    async def test_wrong_claims_are_refused(self, web, client_id, changed):
        response = await self.send(web, self.assertion(**changed))
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")

    async def test_another_key_is_refused(self, web, client_id):
        stranger = ECKey.generate_key("P-256", {"kid": "k1"})
        assert (await self.send(web, self.assertion(key=stranger))).status_code == 401

    async def test_the_public_key_is_no_shared_secret(self, web, client_id):
        secret = OctKey.import_key(json.dumps(self.key.as_dict(private=False)))
        assert (await self.send(web, self.assertion(alg="HS256", key=secret))).status_code == 401

    async def test_no_signature_is_no_proof(self, web, client_id):
        head = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
        body = self.assertion().split(".")[1]
        assert (await self.send(web, f"{head}.{body}.")).status_code == 401

    @pytest.mark.parametrize("assertion", ["x", "a.b.c", "..", "中.文.字", "a" * 8000])
    async def test_garbage_is_refused(self, web, client_id, assertion):
        assert (await self.send(web, assertion)).status_code == 401

    async def test_another_type_is_refused(self, web, client_id):
        response = await self.send(web, self.assertion(), client_assertion_type="urn:x")
        assert response.status_code == 401

    async def test_a_client_with_a_secret_cannot_use_an_assertion(self, web, client_id):
        assertion = self.assertion(iss="bench", sub="bench")
        assert (await self.send(web, assertion)).status_code == 401
