"""The client behind a micro-app follows what the data hub says of the app."""

import json
from typing import Any

from sqlalchemy import text

from citizen_pass.identity import repository
from citizen_pass.identity.registry import client_row
from citykit.testing import ServiceUnderTest

PUBLISHED = "cn.hengshui.data-hub.micro-app.published.v1"
STOPPED = "cn.hengshui.data-hub.micro-app.stopped.v1"


def published(**more: Any) -> dict[str, Any]:
    return {
        "app_id": "cn.hengshui.parks", "client_id": "app-cn-hengshui-parks", "name_zh": "公园", "name_en": "Parks",
        "owner": "衡水市城市管理综合行政执法局", "version_code": 1, "redirect_uris": ["https://parks.example/back"],
        "scopes": ["city-ops.cases.report"], "published_at": "2026-11-25T08:00:00+08:00",
    } | more  # fmt: skip


def stopped() -> dict[str, Any]:
    return {
        "app_id": "cn.hengshui.parks", "client_id": "app-cn-hengshui-parks", "final": False, "reason": "整改",
        "stopped_at": "2026-11-25T09:00:00+08:00",
    }  # fmt: skip


class TestAMicroApp:
    async def test_gets_a_public_client_with_what_was_granted(self, city: ServiceUnderTest) -> None:
        await city.deliver(PUBLISHED, published(), source="data-hub")
        async with city.work() as work:
            client = await client_row(work, "app-cn-hengshui-parks")
        assert client is not None
        assert (client.kind, client.auth, client.secret_hash) == ("public", "none", None)
        assert client.scopes == ["openid", "city-ops.cases.report"]
        assert client.redirect_uris == ["https://parks.example/back"]

    async def test_follows_the_next_version(self, city: ServiceUnderTest) -> None:
        await city.deliver(PUBLISHED, published(), source="data-hub")
        await city.deliver(PUBLISHED, published(version_code=2, scopes=[], name_zh="公园绿地"), source="data-hub")
        async with city.work() as work:
            client = await client_row(work, "app-cn-hengshui-parks")
        assert client is not None
        assert (client.name_zh, client.scopes) == ("公园绿地", ["openid"])

    async def test_cannot_be_sent_to_an_address_that_no_client_may_have(self, city: ServiceUnderTest) -> None:
        await city.deliver(
            PUBLISHED, published(redirect_uris=["http://evil.example/", "javascript:alert(1)"]), source="data-hub"
        )
        async with city.work() as work:
            client = await client_row(work, "app-cn-hengshui-parks")
            entry = await work.session.scalar(
                text("select entry from audit_entry where stream = 'client/app-cn-hengshui-parks'")
            )
        assert client is not None
        assert (client.redirect_uris, client.grant_types, client.scopes) == ([], [], [])
        assert json.loads(entry)["data"]["left_out"] == ["http://evil.example/", "javascript:alert(1)"]

    async def test_is_shut_out_while_stopped_and_let_in_again(self, city: ServiceUnderTest) -> None:
        await city.deliver(PUBLISHED, published(), source="data-hub")
        await city.deliver(STOPPED, stopped(), source="data-hub")
        async with city.work() as work:
            assert await repository.active_client(work.session, "app-cn-hengshui-parks") is None
        await city.deliver(PUBLISHED, published(), source="data-hub")
        async with city.work() as work:
            assert await repository.active_client(work.session, "app-cn-hengshui-parks") is not None

    async def test_nobody_else_registers_under_such_a_name(self, city: ServiceUnderTest) -> None:
        body = {
            "client_id": "app-cn-hengshui-parks", "kind": "public", "name_zh": "冒名", "name_en": "Not it",
            "owner": "某人", "auth": "none", "grant_types": ["authorization_code"],
            "redirect_uris": ["https://evil.example/"], "scopes": ["openid"],
        }  # fmt: skip
        headers = city.token(scopes=["citizen-pass.clients.maintain"])
        answer = await city.client.post("/api/citizen-pass/v1/clients", json=body, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/body/client_id"
