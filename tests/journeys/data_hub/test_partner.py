"""A partner's program reads what is not opened, with the key that a demo city leaves in a file, as the READMEs say."""

import json
import shutil
import subprocess

import httpx
import pytest

from launcher.city import ROOT, City

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]

ROWS = "/api/data-hub/v1/services/203003-000001/rows"


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_line_of_the_readme_reads_rows(city_at_work: City, readme: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    lines = (ROOT / readme).read_text(encoding="utf-8").splitlines()
    (line,) = [one for one in lines if one.startswith("curl ") and "sample_partner_key" in one]
    here = line.replace(" .city/", f" {city_at_work.state}/").replace("http://127.0.0.1:8000", city_at_work.public_url)
    said = subprocess.run(
        ["sh", "-c", here], capture_output=True, check=True, timeout=60, env={"PATH": "/usr/bin:/bin", "NO_PROXY": "*"}
    )
    items = json.loads(said.stdout)["items"]
    assert len(items) == 3
    assert set(items[0]) == {"permit", "uscc", "firm", "valid_until"}


def test_nobody_reads_them_without_it(city_at_work: City) -> None:
    with httpx.Client(base_url=city_at_work.public_url, trust_env=False) as everybody:
        assert everybody.get(ROWS).json()["type"] == "/problems/key-wanted"
