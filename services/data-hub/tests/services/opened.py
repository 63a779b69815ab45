"""Doors to opened data, and what stands on record of who came to them."""

import json
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from citykit.callers import Allowance
from citykit.clock import CHINA
from data_hub.opened_reads import OpenedReads

from .factories import AIR, HUB, Office

SIGN = "data-hub.sharing.sign-opened"
SEARCH = "/api/data-hub/ckan/api/3/action/datastore_search"
FILE = f"{HUB}/catalogue/resources/{AIR}/rows.csv"
LAYER = "/api/data-hub/ogc/collections/divisions"
ONE, OTHER = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
Said = dict[str, Any]


def bounded(office: Office, *, each: int = 10_000, together: int = 10_000) -> OpenedReads:
    """The notes of a process with other bounds."""
    made = OpenedReads(office.city.runtime, each=Allowance(each, 3600), together=Allowance(together, 3600))
    office.city.app.state.opened_reads = made
    return made


def month(office: Office) -> str:
    """The stream of this month."""
    return f"opened/{office.city.clock.now().astimezone(CHINA):%Y-%m}"


async def kept(office: Office) -> list[Said]:
    """What stands in the streams of opened data, in order."""
    async with office.city.work() as work:
        rows = await (await work.driver()).execute(
            "select entry from evidence where stream like 'opened/%' order by stream, seq"
        )
        return [json.loads(entry) for (entry,) in await rows.fetchall()]


async def signed(office: Office) -> list[Said]:
    """The same, after the next round of signing."""
    assert await OpenedReads.of(office.city.app.state).write()
    await office.city.run_task(SIGN)
    return await kept(office)


async def exported(office: Office, folder: Path) -> None:
    """Seal and stamp this month's stream, and lay its export into a folder."""
    for task in ("seal", "stamp"):
        await office.city.run_task(f"data-hub.sharing.{task}")
    auditor = office.city.token(["data-hub.sharing.audit"])
    packed = await office.city.client.get(
        f"{HUB}/sharing/evidence/exports", params={"stream": month(office)}, headers=auditor
    )
    assert packed.status_code == 200, packed.text
    zipfile.ZipFile(BytesIO(packed.content)).extractall(folder)


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    """What the published script says, with nothing of the city around it."""
    return subprocess.run(
        ["sh", str(folder / "verify.sh"), str(folder)], capture_output=True, text=True, check=False, timeout=120,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
