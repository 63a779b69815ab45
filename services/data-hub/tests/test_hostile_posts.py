"""What stands in a body at any place, however hostile: a problem in both languages or an answer, never a fault."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from citykit.clock import CHINA
from citykit.testing import ServiceUnderTest

from .credit.factories import MARKET, OF_FIRM, Town, penalty
from .licences.factories import LI, LICENCES, POLICE, TYPE, type_draft
from .licences.factories import Desk as LicenceDesk
from .micro_apps.test_router import APP, APPS, manifest
from .micro_apps.test_router import Desk as AppDesk
from .services.factories import AIR, HUB, Office
from .sharing.factories import BASE as SHARING
from .sharing.factories import applicant, wish

# As JSON, so that what Python would not write is sent as well.
HOSTILE = (
    '"a\\u0000b"', '"\\ud800"', '""', '"' + "x" * 5000 + '"', "null", "true", "NaN", "1e400", "9" * 400, "-1", "0.5",
    "[]", "{}", "[" * 3000 + "]" * 3000, '{"\\u0000":"x"}', '{"\\ud800":1}', '["\\u0000"]', '["\\ud800"]',
    '"9999-12-31"', '"9999-12-31T23:59:59Z"', '"\\u202e\\ufeff"',
)  # fmt: skip
HERE = "@here@"


def wounded(body: Any) -> Iterator[str]:
    """The body with each of its values, and then the whole of it, replaced by what is hostile."""
    for path in _places(body):
        text = json.dumps(_with(body, path), ensure_ascii=True)
        for hostile in HOSTILE:
            yield text.replace(json.dumps(HERE), hostile)
    yield from HOSTILE


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*at, key)
        yield from _places(one, (*at, key))


def _with(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return HERE
    made = dict(value) if isinstance(value, dict) else list(value)
    made[path[0]] = _with(value[path[0]], path[1:])
    return made


async def check(city: ServiceUnderTest, path: str, body: Any, headers: dict[str, str] | None) -> None:
    """Post each of them."""
    for text in wounded(body):
        answer = await city.client.post(
            path, content=text.encode(), headers={"Content-Type": "application/json"} | (headers or {})
        )
        _is_told(answer, path, text)


def _is_told(answer: httpx.Response, path: str, text: str) -> None:
    assert answer.status_code < 500, (path, text[:300], answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"].startswith("application/problem+json"), (path, text[:300])
        assert {"title", "type", "status"} <= answer.json().keys(), (path, text[:300])


@pytest.fixture
async def town(city: ServiceUnderTest) -> Town:
    city.clock.set(datetime(2026, 5, 6, 9, tzinfo=CHINA))
    return await Town(city).found()


async def test_credit_takes_no_harm(town: Town) -> None:
    city, record = town.city, (await town.record())["id"]
    maintainer = city.token(["data-hub.credit.maintain"], department=MARKET)
    await check(city, "/api/data-hub/v1/credit/records", penalty(), town.market)
    await check(city, f"{OF_FIRM}/ratings", {"method": "sample-1"}, town.market)
    of = f"{OF_FIRM}/records/{record}"
    await check(city, f"{of}/disputes", {"reason": "不符"}, town.boss)
    await check(city, f"{of}/repairs", {"duties": "已缴清", "commitment": "守法"}, town.boss)
    await check(city, f"{of}/lifts", {"until": "2026-09-01", "reason": "重整"}, town.market)
    for repair in (await town.get("/repairs")).json()["items"]:
        base = "/api/data-hub/v1/credit/repairs"
        await check(city, f"{base}/{repair['id']}/questions", {"text": "请补正"}, town.market)
        await check(city, f"{OF_FIRM}/repairs/{repair['id']}/supplements", {"text": "已补正"}, town.boss)
        await check(city, f"{base}/{repair['id']}/decisions", {"granted": False, "reason": "未缴"}, town.market)
    await check(city, f"{of}/corrections", {"reason": "有误"}, town.market)
    rules = {"effective_from": "2027-01-01", "source": "某文件"}
    term = rules | {"severity": "general", "minimum_months": 3, "maximum_months": 12, "published": True}
    await check(city, "/api/data-hub/v1/credit/terms", term, maintainer)
    await check(city, "/api/data-hub/v1/credit/limits", rules | {"act": "repair", "working_days": 7}, maintainer)
    method = rules | {
        "version": "v9", "title": "评价办法", "beginning": 80, "points": {"honour": 5}, "most": {"honour": 10},
        "grades": [["A", 90], ["B", 0]],
    }  # fmt: skip
    await check(city, "/api/data-hub/v1/credit/methods", method, maintainer)


async def test_licences_take_no_harm(city: ServiceUnderTest) -> None:
    desk = LicenceDesk(city)
    await check(city, f"{LICENCES}/types", type_draft(code="11100000MB0143028R009"), desk.steward)
    licence = await desk.issued()
    await desk.departments()
    draft = {
        "type_code": TYPE, "person": {"name": LI[0], "id_number": LI[1]}, "valid_from": "2026-11-20",
        "claims": {"trade": "餐饮", "examined_on": "2026-11-01", "clinic": "某医院"},
    }  # fmt: skip
    await check(city, LICENCES, draft, desk.issuer)
    issuer = {"department": POLICE, "department_name": "衡水市公安局"}
    await check(city, f"{LICENCES}/types/{TYPE}/issuers", issuer, desk.steward)
    stock = "11100000MB0143028R008"
    await desk.type(code=stock, validity="until", stock=True)
    paper = draft | {"type_code": stock, "valid_to": "2026-12-31", "paper_number": "冀衡卫证字〔2026〕1号"}
    await check(city, LICENCES, paper, desk.issuer)
    for one in (await desk.get("", limit=50)).json()["items"]:
        read = await desk.get(f"/{one['id']}")
        assert read.status_code == 200, read.text
        for form in ("document.pdf", "document.ofd", "code.svg"):
            _is_told(await desk.form(one, form), form, "")
    await check(city, f"{LICENCES}/verifications", {"text": "e30.e30.e30"}, None)
    await check(city, f"{LICENCES}/verifications", {"document": "UEsDBA=="}, None)
    own = f"{LICENCES}/own/{licence['id']}"
    leave = {
        "department": MARKET, "department_name": "衡水市市场监督管理局", "matter": "经营许可",
        "fields": ["trade"], "uses": 2, "until": (city.clock.now() + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    await check(city, f"{own}/authorisations", leave, desk.holder)
    key = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}
    await check(city, f"{own}/credentials", {"holder_key": key}, desk.holder)
    given = (await desk.leave(licence, uses=None)).json()
    await check(city, f"{LICENCES}/authorisations/{given['id']}/uses", {"case_number": "B-1"}, desk.clerk)
    changed: dict[str, Any] = {"claims": draft["claims"], "valid_to": "2026-12-31"}
    bodies = {"renewals": changed, "amendments": {"claims": draft["claims"], "holder_name": LI[0], "reason": "换岗"}}
    for act in ("suspensions", "resumptions", "renewals", "amendments", "revocations"):
        body = bodies.get(act, {"reason": "复查"})
        await check(city, f"{LICENCES}/{licence['id']}/{act}", body, desk.issuer)


async def test_micro_apps_take_no_harm(city: ServiceUnderTest) -> None:
    desk = AppDesk(city)
    draft = {
        "app_id": "cn.hengshui.other", "name_zh": "甲", "name_en": "A", "summary": "说明", "department_name": "城管局",
        "contact": "0318",
    }  # fmt: skip
    await check(city, APPS, draft, desk.developer)
    await desk.register()
    told = manifest(1, resources=["203001-000001"], platform_version=1)
    await check(city, f"{APPS}/{APP}/versions", told, desk.developer)
    await desk.sent_in(2**31 - 1)
    base = f"{APPS}/{APP}/versions/{2**31 - 1}"
    await check(city, f"{base}/returns", {"reason": "重做"}, desk.reviewer)
    await check(city, f"{base}/approvals", {"scopes": ["city-ops.cases.report"], "note": "同意"}, desk.reviewer)
    for act in ("publications", "suspensions", "reinstatements", "retirements"):
        body: dict[str, Any] = {"version_code": 1} if act == "publications" else {"reason": "检查"}
        await check(city, f"{APPS}/{APP}/{act}", body, desk.reviewer)
    assert (await city.client.get("/api/data-hub/apps/")).status_code == 200


async def test_data_services_and_sharing_take_no_harm(city: ServiceUnderTest) -> None:
    office = Office(city)
    await office.publish()
    grant = await office.grant(deliveries=("query", "file", "subscription"))
    until = (city.clock.now() + timedelta(days=9)).isoformat()
    key = {"name": "伙伴", "resource": AIR, "grant_id": grant, "valid_until": until, "daily_quota_rows": 5}
    await check(city, f"{HUB}/services/keys", key, office.housing)
    made = (await office.post("/keys", key)).json()
    await check(city, f"{HUB}/services/keys/{made['id']}/rotations", {"overlap_hours": 1}, office.housing)
    await check(city, f"{HUB}/services/keys/{made['id']}/revocations", {"reason": "停用"}, office.housing)
    export = {"question": "select=station&aqi=gte.1", "format": "csv", "grant_id": grant}
    await check(city, f"{HUB}/services/{AIR}/exports", export, office.housing)
    asked = wish(city, columns=["station"], row_filter="district=eq.131102", daily_quota_rows=5, purpose="别的用途")
    await check(city, f"{SHARING}/applications", asked, applicant(city))
    change = {"columns": ["station"], "row_filter": "aqi=gte.1", "valid_until": until, "reason": "收窄", "onward": True}
    await check(city, f"{SHARING}/grants/{grant}/changes", change, office.ecology)
    for act in ("suspensions", "resumptions", "revocations"):
        await check(city, f"{SHARING}/grants/{grant}/{act}", {"reason": "检查"}, office.ecology)
