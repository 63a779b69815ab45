"""Who may call: tokens of persons and services, scopes, assurance, and the trace that a reading leaves."""

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from citykit.testing import MESH, ServiceUnderTest, issuer_key, mesh_keys, service_under_test
from citykit.usage import AccessLog

NOTES = "/api/example/v1/notes"
OWNER = "00000000-0000-7000-8000-0000000000aa"


def claims(city: ServiceUnderTest, **more: object) -> dict[str, object]:
    now = int(time.time())
    return {"iss": city.settings.token_issuer, "sub": OWNER, "aud": ["example"], "iat": now, "exp": now + 60} | more


class TestTokens:
    async def test_a_good_token_is_taken_again_and_again(self, city: ServiceUnderTest) -> None:
        headers = city.token()
        for _ in range(3):
            assert (await city.client.get(NOTES, headers=headers)).status_code == 200

    @pytest.mark.parametrize(
        "wrong",
        [
            {"iss": "http://elsewhere"},
            {"aud": ["data-hub"]},
            {"aud": []},
            {"exp": 1},
            {"iat": 9_999_999_999},
            {"exp": "soon"},
            {"sub": 7},
        ],
    )
    async def test_a_wrong_claim_is_refused(self, city: ServiceUnderTest, wrong: dict[str, object]) -> None:
        header = {"alg": "Ed25519", "typ": "at+jwt", "kid": "test-issuer"}
        token = jwt.encode(header, claims(city, **wrong), issuer_key(), algorithms=["Ed25519"])
        answer = await city.client.get(NOTES, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        assert "invalid_token" in answer.headers["www-authenticate"]

    async def test_other_algorithms_types_and_keys_are_refused(self, city: ServiceUnderTest) -> None:
        stranger = OKPKey.generate_key("Ed25519", {"kid": "test-issuer"})
        public = issuer_key().as_dict(private=False)["x"]
        shared = OctKey.import_key(str(public))
        forged = [
            jwt.encode({"alg": "Ed25519", "typ": "at+jwt", "kid": "test-issuer"}, claims(city), stranger, ["Ed25519"]),
            jwt.encode({"alg": "HS256", "typ": "at+jwt", "kid": "test-issuer"}, claims(city), shared, ["HS256"]),
            jwt.encode({"alg": "Ed25519", "typ": "JWT", "kid": "test-issuer"}, claims(city), issuer_key(), ["Ed25519"]),
            "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJ4In0.",
            "not-a-token",
            "a.b.c",
            "é",
        ]
        for token in forged:
            header = f"Bearer {token}".encode()
            answer = await city.client.get(NOTES, headers=[(b"Authorization", header)])
            assert answer.status_code == 401, token

    async def test_without_a_token_the_door_stays_shut(self, city: ServiceUnderTest) -> None:
        for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer"}):
            answer = await city.client.get(NOTES, headers=headers)
            assert answer.status_code == 401

    async def test_tokens_work_on_while_the_issuer_is_down(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(NOTES, headers=city.token())).status_code == 200
        city.neighbours.get(f"{MESH}/keys").respond(503)
        city.runtime.verifier.forget()
        assert (await city.client.get(NOTES, headers=city.token())).status_code == 200

    async def test_a_process_that_starts_while_the_issuer_is_down_knows_the_keys_of_before(
        self, city: ServiceUnderTest
    ) -> None:
        headers = city.token()
        assert (await city.client.get(NOTES, headers=headers)).status_code == 200
        async with service_under_test(city.service) as fresh:
            fresh.neighbours.get(f"{MESH}/keys").respond(503)
            assert (await fresh.client.get(NOTES, headers=headers)).status_code == 200

    async def test_without_any_key_the_answer_is_try_again(self, city: ServiceUnderTest) -> None:
        city.neighbours.get(f"{MESH}/keys").respond(503)
        answer = await city.client.get(NOTES, headers=city.token())
        assert answer.status_code == 503

    async def test_a_missing_scope_is_named(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{NOTES}/{OWNER}", headers=city.token())
        assert answer.status_code == 403
        assert 'scope="example.notes.read"' in answer.headers["www-authenticate"]

    async def test_a_client_program_is_not_a_person(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(NOTES, headers=city.token(kind="client"))).status_code == 403


class TestMesh:
    async def test_only_the_named_service_comes_in(self, city: ServiceUnderTest) -> None:
        path = f"{NOTES}/callers/services"
        assert (await city.client.get(path, headers=city.mesh_token("gov-collab"))).status_code == 200
        assert (await city.client.get(path, headers=city.mesh_token("city-ops"))).status_code == 403
        assert (await city.client.get(path, headers=city.token())).status_code == 403

    async def test_a_service_cannot_speak_for_another(self, city: ServiceUnderTest) -> None:
        now = int(time.time())
        body = {"iss": "gov-collab", "sub": "gov-collab", "aud": "example", "iat": now, "exp": now + 60}
        header = {"alg": "Ed25519", "typ": "mesh+jwt", "kid": "city-ops"}
        token = jwt.encode(header, body, mesh_keys()["city-ops"], algorithms=["Ed25519"])
        answer = await city.client.get(f"{NOTES}/callers/services", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401

    async def test_a_service_token_opens_no_person_endpoint(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(NOTES, headers=city.mesh_token("gov-collab"))).status_code == 403


class TestWhoReadMyData:
    async def test_a_reading_by_somebody_else_is_shown_to_the_reader_of_usage_alone(
        self, city: ServiceUnderTest
    ) -> None:
        owner = city.token(subject=OWNER, scopes=["example.notes.read"])
        note = (await city.client.post(NOTES, json={"text": "mine"}, headers=owner)).json()
        clerk = city.token(["example.notes.read"], name="赵*", department="11131100MB0H00014Y")
        assert (await city.client.get(f"{NOTES}/{note['id']}", headers=clerk)).status_code == 200
        assert (await city.client.get(f"{NOTES}/{note['id']}", headers=owner)).status_code == 200
        path, query = "/internal/example/v1/usage", {"person": f"sub:{OWNER}"}
        assert (await city.client.get(path, params=query, headers=city.mesh_token("city-ops"))).status_code == 403
        page = (await city.client.get(path, params=query, headers=city.mesh_token("citizen-pass"))).json()
        assert page["total_usages"] == 1, "her own reading is not listed"
        [usage] = page["usages"]
        assert usage["fields"] == ["text"]
        assert usage["receiver_organisation"] == "11131100MB0H00014Y"
        assert usage["purpose"] == "测试 test"

    async def test_a_reading_whose_line_cannot_be_written_fails(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        note = (await city.client.post(NOTES, json={"text": "mine"}, headers=city.token(subject=OWNER))).json()

        def broken(self: AccessLog) -> list[dict[str, Any]]:
            raise ConnectionError("the disk is full")

        monkeypatch.setattr(AccessLog, "take", broken)
        answer = await city.client.get(f"{NOTES}/{note['id']}", headers=city.token(["example.notes.read"]))
        assert answer.status_code == 500
        assert "mine" not in answer.text

    async def test_pages_and_periods(self, city: ServiceUnderTest) -> None:
        owner = city.token(subject=OWNER)
        note = (await city.client.post(NOTES, json={"text": "mine"}, headers=owner)).json()
        for _ in range(3):
            await city.client.get(f"{NOTES}/{note['id']}", headers=city.token(["example.notes.read"]))
        path, caller = "/internal/example/v1/usage", city.mesh_token("citizen-pass")
        query = {"person": f"sub:{OWNER}", "limit": 1, "offset": 1}
        page = (await city.client.get(path, params=query, headers=caller)).json()
        assert (page["total_usages"], len(page["usages"])) == (3, 1)
        later = {"person": f"sub:{OWNER}", "period_start": "2200-01-01T00:00:00+08:00"}
        assert (await city.client.get(path, params=later, headers=caller)).json()["total_usages"] == 0
        for wrong in ({}, {"person": "sub:x"}, {"person": f"sub:{OWNER}", "period_start": "2026-13-01"}):
            assert (await city.client.get(path, params=wrong, headers=caller)).status_code == 422
