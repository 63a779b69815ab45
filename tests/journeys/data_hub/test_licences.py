"""A licence is issued, used by authorisation, verified in all its forms, revoked, and refused everywhere at once."""

import base64
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from launcher.city import City
from launcher.day import Day
from launcher.day.people import wait_for

from .browsing import CHROMIUM, browser

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]
LICENCES = "/api/data-hub/v1/licences"
HEALTH = "11100000MB0143028R901"  # a type of the sample city
CITIZEN = {"name": "李秀英", "id_number": "131102198503150049"}
DATA_BUREAU = "11131100MB0H00014Y"  # the window clerk's department


@pytest.fixture
def day(city_at_work: City) -> Any:
    day = Day(city_at_work, quiet=True)
    yield day
    day.close()


@pytest.fixture
def licence(day: Day) -> dict[str, Any]:
    """A health certificate that the market officer issues to the citizen, who has one at a time."""
    today, officer = (datetime.now(UTC) + timedelta(hours=8)).date().isoformat(), day.persona("market-officer")
    earlier = {"type_code": HEALTH, "id_number": CITIZEN["id_number"], "limit": 200}
    for one in officer.post(f"{LICENCES}/searches", earlier)["items"]:
        if one["status"] in {"valid", "suspended"}:
            officer.post(f"{LICENCES}/{one['id']}/revocations", {"reason": "重新体检"})
    return dict(officer.post(LICENCES, {
        "type_code": HEALTH, "person": CITIZEN,
        "claims": {"trade": "食品", "examined_on": today},
    }))  # fmt: skip


def forms_of(day: Day, licence: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The licence in all its forms, as its holder gets them, ready to be handed in for verification."""
    citizen, own = day.persona("citizen"), f"{LICENCES}/own/{licence['id']}"
    pdf, ofd, code = (
        citizen.send("GET", f"{own}/{name}").content for name in ("document.pdf", "document.ofd", "code.png")
    )
    return {
        "pdf": {"document": base64.b64encode(pdf).decode()},
        "ofd": {"document": base64.b64encode(ofd).decode()},
        "sd-jwt-vc": {"text": citizen.post(f"{own}/credentials", {})["credential"]},
        "qr": {"text": scanned(code)},
    }


def scanned(code: bytes) -> str:
    """What a phone's camera reads in a code."""
    (symbol,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(code)), formats=zxingcpp.BarcodeFormat.QRCode)
    return str(symbol.text)


def verdicts(day: Day, forms: dict[str, dict[str, str]]) -> dict[str, str]:
    """What anybody hears of each form."""
    answers = {name: day.anyone().post(f"{LICENCES}/verifications", body) for name, body in forms.items()}
    assert {name: answer["form"] for name, answer in answers.items()} == {name: name for name in forms}
    return {name: answer["verdict"] for name, answer in answers.items()}


def authorised(day: Day, licence: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {
        "department": DATA_BUREAU, "department_name": "衡水市数据和政务服务局", "matter": "食品摊贩备案",
        "fields": ["holder_name", "trade"], "until": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    } | more  # fmt: skip
    return dict(day.persona("citizen").post(f"{LICENCES}/own/{licence['id']}/authorisations", body))


def test_issued_used_verified_revoked_refused(day: Day, licence: dict[str, Any]) -> None:
    citizen, clerk, officer = day.persona("citizen"), day.persona("window-clerk"), day.persona("market-officer")
    assert licence["id"] in {one["id"] for one in citizen.get(f"{LICENCES}/own", limit=100)["items"]}
    forms = forms_of(day, licence)
    assert set(verdicts(day, forms).values()) == {"valid"}

    leave = authorised(day, licence)
    use = f"{LICENCES}/authorisations/{leave['id']}/uses"
    used = clerk.post(use, {"case_number": "示例-1"})
    assert used["fields"] == {"holder_name": "李秀英", "trade": "食品"}
    assert clerk.send("POST", use, json={}).status_code == 409  # it was for a single use

    unused = authorised(day, licence)
    officer.post(f"{LICENCES}/{licence['id']}/revocations", {"reason": "体检结论更正"})
    assert set(verdicts(day, forms).values()) == {"revoked"}
    refused = clerk.send("POST", f"{LICENCES}/authorisations/{unused['id']}/uses", json={})
    assert refused.json()["type"] == "/problems/licence-not-in-force"
    assert citizen.send("GET", f"{LICENCES}/own/{licence['id']}/document.pdf").status_code == 409

    log = citizen.get(f"{LICENCES}/own/{licence['id']}/uses")["items"]
    assert [line["outcome"] for line in log] == ["licence-not-in-force", "authorisation-over", "served"]
    assert {line["matter"] for line in log} == {"食品摊贩备案"}
    assert wait_for("both messages", lambda: {"licence-issued", "licence-changed"} <= told(day, licence))


def told(day: Day, licence: dict[str, Any]) -> set[str]:
    """The kinds of the messages that the holder has about a licence."""
    messages = day.persona("citizen").get("/api/citizen-pass/v1/messages", limit=50)["items"]
    return {one["kind"] for one in messages if one["link"] == f"{LICENCES}/own/{licence['id']}"}


def test_the_holder_finds_the_use_among_all_that_was_read_of_her(day: Day, licence: dict[str, Any]) -> None:
    leave = authorised(day, licence, matter="夜市摊位登记")
    day.persona("window-clerk").post(f"{LICENCES}/authorisations/{leave['id']}/uses", {})
    page = day.persona("citizen").get("/api/citizen-pass/v1/privacy/usages", limit=100)
    mine = [usage for usage in page["items"] if usage["purpose"] == "夜市摊位登记"]
    assert [(usage["service"], usage["fields"]) for usage in mine] == [("data-hub", ["holder_name", "trade"])]


def test_a_tampered_form_is_told_and_nothing_breaks(day: Day, licence: dict[str, Any]) -> None:
    forms = forms_of(day, licence)
    for name, body in forms.items():
        ((kind, text),) = body.items()
        place = len(text) // 2
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        answer = day.anyone().post(f"{LICENCES}/verifications", {kind: changed})
        assert answer["verdict"] in {"tampered", "unreadable", "foreign"}, name


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_scanned_code_opens_the_page_that_says_what_it_is_worth(
    day: Day, licence: dict[str, Any], tmp_path: Path
) -> None:
    text = scanned(day.persona("citizen").send("GET", f"{LICENCES}/own/{licence['id']}/code.png").content)
    page, _, code = text.partition("#")
    assert page == day.url("/api/data-hub/verification")
    with browser(tmp_path) as tab:
        tab.open(text)
        tab.wait_for("document.querySelector('.verdict.good') !== null")
        assert licence["identifier"] in tab.run("document.body.innerText")
        assert tab.run("location.href") == page
        assert code not in tab.run("document.documentElement.outerHTML")

        day.persona("market-officer").post(f"{LICENCES}/{licence['id']}/suspensions", {"reason": "复查"})
        tab.run(f"location.href = {json.dumps(text)}")  # the same page: no browser loads it anew of itself
        tab.wait_for("document.querySelector('.verdict.idle') !== null")
        assert tab.run("location.href") == page

        tab.open(f"{page}#{code[:200]}")
        tab.wait_for("document.querySelector('.verdict.none') !== null")
        tab.run("history.back()")
        tab.wait_for("document.querySelector('#text') !== null")
        assert tab.run("document.querySelector('#text').value + location.hash") == ""
