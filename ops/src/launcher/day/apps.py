"""Step 7: a small application is sent in, reviewed and published; it uses nothing but public interfaces."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from launcher.city import ROOT
from launcher.day.account import Day
from launcher.day.people import Person, Unexpected, wait_for

APPS = "/api/data-hub/v1/micro-apps"
AIR_QUALITY = ROOT / "apps" / "air-quality"


def packed(folder: Path) -> tuple[dict[str, str], bytes]:
    """The files of an app with their SHA-256, and the ZIP that holds them."""
    target, digests = io.BytesIO(), {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                archive.writestr(name, path.read_bytes())
                digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return digests, target.getvalue()


def send_in(developer: Person, folder: Path = AIR_QUALITY) -> str:
    """Register an app, make its version, upload its files and send it in; the app's id. What is done already stays."""
    told: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    version = told.pop("version")
    digests, bundle = packed(folder / "site")
    app = f"{APPS}/{told['app_id']}"
    if developer.send("GET", app).status_code == 404:
        developer.post(APPS, told)
    code = version["version_code"]
    if code not in {known["code"] for known in developer.get(f"{app}/versions")}:
        developer.post(f"{app}/versions", version | {"files": digests})
        files = {"bundle": ("app.zip", bundle, "application/zip")}
        developer.call("POST", f"{app}/versions/{code}/bundles", files=files)
        developer.post(f"{app}/versions/{code}/submissions")
    return str(told["app_id"])


def approve(reviewer: Person, app_id: str) -> dict[str, Any]:
    """Approve the newest version of an app where it waits; the app as it is then."""
    newest = reviewer.get(f"{APPS}/{app_id}/versions")[0]
    if newest["state"] == "review":
        body = {"scopes": newest["manifest"]["scopes"], "note": "符合要求"}
        reviewer.post(f"{APPS}/{app_id}/versions/{newest['code']}/approvals", body)
    return dict(reviewer.get(f"{APPS}/{app_id}"))


def publish(day: Day) -> dict[str, Any]:
    """Send the air-quality app in as the ecology bureau, review it as the data bureau, and open its page."""
    with day.step(7, "一个微应用上架", "A small application goes live"):
        app_id = send_in(day.persona("ecology-steward"))
        app = approve(day.persona("data-steward"), app_id)
        if app["state"] != "published":
            raise Unexpected(f"the app is {app['state']}")
        page = day.anyone().send("GET", app["address"])
        if page.status_code != 200 or "sandbox" not in page.headers["content-security-policy"]:
            raise Unexpected(f"the page of the app answers {page.status_code}")
        day.tell(
            f"{app['name_zh']} {app['name_en']}:经他人审核后上架 reviewed by somebody else", day.url(app["address"])
        )
        day.tell("应用商店 The store", day.url("/api/data-hub/apps/"))
        clients = day.persona("administrator")
        wait_for("its client", lambda: _client(clients, app["client_id"]))
        return app


def _client(administrator: Person, client_id: str) -> dict[str, Any] | None:
    answer = administrator.send("GET", f"/api/citizen-pass/v1/clients/{client_id}")
    return dict(answer.json()) if answer.status_code == 200 else None
