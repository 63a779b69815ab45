"""A request: one transaction, strict input, clear refusals, one act for one idempotency key."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import text

from citykit.testing import ServiceUnderTest

NOTES = "/api/example/v1/notes"


async def count(city: ServiceUnderTest, table: str) -> int:
    async with city.runtime.sessions() as session:
        return int(await session.scalar(text(f"select count(*) from {table}")) or 0)


async def nothing_was_kept(city: ServiceUnderTest) -> bool:
    return not any([await count(city, name) for name in ("note", "event_log", "procrastinate_jobs", "audit_entry")])


class TestOneTransaction:
    async def test_an_act_its_event_its_deliveries_and_its_audit_line_are_kept_together(
        self, city: ServiceUnderTest
    ) -> None:
        answer = await city.client.post(NOTES, json={"text": "路灯不亮"}, headers=city.token())
        assert answer.status_code == 201
        assert answer.json()["text"] == "路灯不亮"
        assert answer.json()["written_at"].endswith("+08:00")
        [event] = await city.events()
        assert event.data == {"note_id": answer.json()["id"], "text": "路灯不亮"}
        assert await count(city, "procrastinate_jobs") == 2, "one delivery for each subscriber"
        assert await count(city, "audit_entry") == 1

    async def test_a_refusal_after_writing_keeps_nothing(self, city: ServiceUnderTest) -> None:
        path = f"{NOTES}/00000000-0000-7000-8000-000000000001/locks"
        answer = await city.client.post(path, headers=city.token())
        assert answer.status_code == 409
        assert await nothing_was_kept(city)

    async def test_a_failed_commit_is_never_answered_with_success(self, city: ServiceUnderTest) -> None:
        async with city.runtime.engine.begin() as connection:
            await connection.execute(
                text(
                    "create constraint trigger refuse after insert on note deferrable initially deferred"
                    " for each row execute function refuse_change()"
                )
            )
        try:
            answer = await city.client.post(NOTES, json={"text": "x"}, headers=city.token())
        finally:
            async with city.runtime.engine.begin() as connection:
                await connection.execute(text("drop trigger refuse on note"))
        assert answer.status_code == 500
        assert await nothing_was_kept(city)

    async def test_a_bug_says_nothing_of_its_inside(self, city: ServiceUnderTest) -> None:
        answer = await city.client.post(f"{NOTES}/breakages")
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert "secret" not in answer.text


class TestBadInput:
    @pytest.mark.parametrize(
        ("body", "where"),
        [
            ('{"text": 7}', "/body/text"),
            ('{"text": "x", "number": "1"}', "/body/number"),
            ('{"text": "x", "number": true}', "/body/number"),
            ('{"text": "x", "number": 2147483648}', "/body/number"),
            ('{"text": "x", "colour": "red"}', "/body/colour"),
            ('{"text": "  "}', "/body/text"),
            ('{"text": "' + "字" * 201 + '"}', "/body/text"),
            ("{}", "/body/text"),
            ("[]", "/body"),
            ('{"text": ', "/body/"),
        ],
    )
    async def test_a_wrong_field_is_named(self, city: ServiceUnderTest, body: str, where: str) -> None:
        answer = await city.client.post(
            NOTES, content=body, headers=city.token() | {"Content-Type": "application/json"}
        )
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].startswith(where)
        assert await nothing_was_kept(city)

    @pytest.mark.parametrize(
        ("body", "chinese", "english"),
        [
            ({"text": 7}, "应为文本", "valid string"),
            ({"text": " "}, "不能为空", "at least 1 character"),
            ({"text": "字" * 201}, "至多200个字符", "at most 200 characters"),
            ({"text": "x", "colour": "red"}, "没有该字段", "not permitted"),
            ({"text": "x", "number": 2**31}, f"不应大于{2**31 - 1}", "less than or equal"),
            ({"text": "x", "number": "1"}, "应为数字，不是文本", "a number is wanted, not text"),
        ],
    )
    async def test_what_is_wanted_is_said_in_the_readers_language_alone(
        self, city: ServiceUnderTest, body: dict[str, Any], chinese: str, english: str
    ) -> None:
        said = []
        for language in ("zh-CN", "en"):
            headers = city.token() | {"Accept-Language": language}
            (error,) = (await city.client.post(NOTES, json=body, headers=headers)).json()["errors"]
            said.append(error["message"])
        assert said[0] == chinese
        assert english in said[1]
        assert said[1].isascii()

    @pytest.mark.parametrize(
        "body",
        [
            r'{"text": "a\u0000b"}',
            r'{"text": "\ud800"}',
            r'{"text": "\udc00"}',
            '{"text": "a", "text": "b"}',
            '{"text": "a", "number": NaN}',
            '{"text": "a", "number": Infinity}',
            "[" * 100_000 + "]" * 100_000,
        ],
    )
    async def test_what_no_database_can_keep_is_refused(self, city: ServiceUnderTest, body: str) -> None:
        headers = city.token() | {"Content-Type": "application/json"}
        answer = await city.client.post(NOTES, content=body, headers=headers)
        assert answer.status_code == 422, answer.text
        assert await nothing_was_kept(city)

    @pytest.mark.parametrize("body", [b'{"text": "\xed\xa0\x80"}', b'\xef\xbb\xbf{"text": "a", "text": "b"}'])
    async def test_nor_does_another_spelling_of_it_get_in(self, city: ServiceUnderTest, body: bytes) -> None:
        headers = city.token() | {"Content-Type": "application/json"}
        answer = await city.client.post(NOTES, content=body, headers=headers)
        assert answer.status_code == 422, answer.text
        assert await nothing_was_kept(city)

    async def test_no_spelling_of_the_media_type_or_encoding_goes_round_the_checks(
        self, city: ServiceUnderTest
    ) -> None:
        for media, body in (
            ("Application/JSON", rb'{"text": "a\u0000b"}'),
            ("application/json; charset=utf-16", '{"text": "x"}'.encode("utf-16")),
        ):
            answer = await city.client.post(NOTES, content=body, headers=city.token() | {"Content-Type": media})
            assert answer.status_code == 422

    async def test_an_escaped_backslash_before_u0000_is_plain_text(self, city: ServiceUnderTest) -> None:
        headers = city.token() | {"Content-Type": "application/json"}
        answer = await city.client.post(NOTES, content=r'{"text": "\\u0000 \ud83d\ude00"}', headers=headers)
        assert answer.status_code == 201
        assert answer.json()["text"] == "\\u0000 😀"

    @pytest.mark.parametrize("query", ["number=%CD%F5%CE%E5", "number=%ED%A0%BD", "number=1&after=%FF", "%C0%80=1"])
    async def test_bytes_that_are_no_utf_8_are_refused_and_not_replaced(
        self, city: ServiceUnderTest, query: str
    ) -> None:
        answer = await city.client.get(f"{NOTES}?{query}", headers=city.token())
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/not-utf-8")

    @pytest.mark.parametrize("query", ["color=red", "limit=1&limit=2", "limit=0", "limit=x", "after=%00", "number=%00"])
    async def test_a_wrong_query_parameter_is_refused(self, city: ServiceUnderTest, query: str) -> None:
        answer = await city.client.get(f"{NOTES}?{query}", headers=city.token())
        assert answer.status_code in {400, 422}
        assert answer.json()["errors"][0]["pointer"].startswith("?")

    async def test_a_parameter_is_refused_where_none_is_known(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{NOTES}/count?x=1")
        assert answer.status_code == 400
        assert answer.json()["type"] == "/problems/unknown-parameter"

    async def test_an_integer_beyond_the_database_is_no_server_error(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{NOTES}?number={2**70}", headers=city.token())
        assert answer.status_code == 422

    async def test_an_unknown_path_and_a_wrong_method_are_problems(self, city: ServiceUnderTest) -> None:
        for answer in (await city.client.get("/nowhere"), await city.client.put(NOTES)):
            assert answer.status_code in {404, 405}
            assert answer.headers["content-type"] == "application/problem+json"

    async def test_a_body_over_the_bound_is_refused_declared_or_not(self, city: ServiceUnderTest) -> None:
        big = b"x" * (city.settings.max_body_bytes + 1)

        async def streamed() -> Any:
            yield big

        for content in (big, streamed()):
            answer = await city.client.post(NOTES, content=content, headers=city.token())
            assert answer.status_code == 413
            assert answer.json()["type"] == "/problems/too-large"


class TestProblems:
    async def test_chinese_comes_first_and_english_where_it_is_asked_for(self, city: ServiceUnderTest) -> None:
        chinese = await city.client.get(NOTES)
        english = await city.client.get(NOTES, headers={"Accept-Language": "en-GB, zh;q=0.5"})
        assert (chinese.json()["title"], english.json()["title"]) == ("请先登录", "Sign in first")
        assert english.json()["instance"] == NOTES


class TestPages:
    async def test_every_note_comes_once_however_many_are_added_meanwhile(self, city: ServiceUnderTest) -> None:
        headers = city.token()
        for number in range(7):
            await city.client.post(NOTES, json={"text": "n", "number": number}, headers=headers)
        seen, after = [], None
        while True:
            query = {"limit": 3} | ({"after": after} if after else {})
            page = (await city.client.get(NOTES, params=query, headers=headers)).json()
            seen += [note["number"] for note in page["items"]]
            await city.client.post(NOTES, json={"text": "new", "number": 99}, headers=headers)
            after = page["next"]
            if after is None:
                break
        assert seen == [6, 5, 4, 3, 2, 1, 0]

    @pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIiwgImIiXQ", "bnVsbA", "WzEsMl0", "é"])
    async def test_a_foreign_cursor_is_refused(self, city: ServiceUnderTest, cursor: str) -> None:
        answer = await city.client.get(NOTES, params={"after": cursor}, headers=city.token())
        assert answer.status_code == 400
        assert answer.json()["type"] == "/problems/bad-cursor"


class TestIdempotencyKey:
    async def test_two_parallel_requests_act_once_and_get_one_answer(self, city: ServiceUnderTest) -> None:
        headers = city.token(subject="00000000-0000-7000-8000-000000000009") | {"Idempotency-Key": "one-of-a-kind"}
        answers = await asyncio.gather(
            *[city.client.post(NOTES, json={"text": "once"}, headers=headers) for _ in range(4)]
        )
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.text for answer in answers}) == 1
        assert await count(city, "note") == 1

    async def test_the_same_key_with_another_body_is_refused(self, city: ServiceUnderTest) -> None:
        headers = city.token() | {"Idempotency-Key": "one-of-a-kind"}
        await city.client.post(NOTES, json={"text": "a"}, headers=headers)
        answer = await city.client.post(NOTES, json={"text": "b"}, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/idempotency-key-reused"

    async def test_a_key_belongs_to_its_owner(self, city: ServiceUnderTest) -> None:
        for _ in range(2):
            headers = city.token() | {"Idempotency-Key": "one-of-a-kind"}
            assert (await city.client.post(NOTES, json={"text": "a"}, headers=headers)).status_code == 201
        assert await count(city, "note") == 2

    async def test_a_refused_act_leaves_its_key_free(self, city: ServiceUnderTest) -> None:
        headers = city.token() | {"Idempotency-Key": "one-of-a-kind"}
        assert (await city.client.post(NOTES, json={"text": ""}, headers=headers)).status_code == 422
        assert (await city.client.post(NOTES, json={"text": "good"}, headers=headers)).status_code == 201


class TestKernelPages:
    async def test_the_contract_says_who_may_call_and_how_it_refuses(self, city: ServiceUnderTest) -> None:
        document = (await city.client.get("/api/example/openapi.json")).json()
        operation = document["paths"][NOTES + "/{note_id}"]["get"]
        assert operation["security"] == [{"bearer": ["example.notes.read"]}]
        assert list(operation["responses"]["404"]["content"]) == ["application/problem+json"]
        assert "HTTPValidationError" not in json.dumps(document)
        assert "/metrics" not in document["paths"]

    async def test_the_api_page_needs_no_other_host(self, city: ServiceUnderTest) -> None:
        page = await city.client.get("/api/example/docs")
        assert page.status_code == 200
        assert "http" not in page.text.replace("http-equiv", "")
        for path in ("swagger-ui-bundle.js", "swagger-ui.css"):
            assert (await city.client.get(f"/api/example/docs/static/{path}")).status_code == 200

    async def test_health_and_metrics(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get("/healthz")).status_code == 200
        assert (await city.client.get("/readyz")).status_code == 200
        assert (await city.client.get("/api/example/v1/health")).json() == {"service": "example", "state": "healthy"}
        await city.client.post(NOTES, json={"text": "x"}, headers=city.token())
        metrics = (await city.client.get("/metrics")).text
        assert 'city_jobs_waiting{task="citykit.deliver"} 2.0' in metrics
        assert 'method="POST",route="/api/example/v1/notes",status="201"' in metrics

    async def test_the_audit_page_proves_its_chain(self, city: ServiceUnderTest) -> None:
        for _ in range(2):
            await city.client.post(NOTES, json={"text": "x"}, headers=city.token())
        assert (await city.client.get("/api/example/v1/audit/entries", headers=city.token())).status_code == 403
        auditor = city.token(["example.audit.read"])
        page = (await city.client.get("/api/example/v1/audit/entries", params={"limit": 1}, headers=auditor)).json()
        assert len(page["items"]) == 1
        rest = {"limit": 1, "after": page["next"]}
        page = (await city.client.get("/api/example/v1/audit/entries", params=rest, headers=auditor)).json()
        [entry] = page["items"]
        assert page["next"] is None
        assert json.loads(entry["entry"])["act"] == "write"
