"""The sample city's partner: a key that lies in a file reads what is not opened."""

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.ingest.models import BatchRow
from data_hub.sample.catalogue import PERMITS
from data_hub.sample.partners import KEY_FILE, load_partner
from data_hub.sample.resources import load_resources
from data_hub.services.models import KeyRow

HUB = "/api/data-hub/v1"
ROWS = f"{HUB}/services/{PERMITS}/rows"
PERSONAS = json.loads((Path(__file__).parents[4] / "ops/sample/personas.json").read_text(encoding="utf-8"))["personas"]


@pytest.fixture
def key(city: ServiceUnderTest) -> Iterator[str]:
    """The key of a demo city, in the file where its launcher leaves it."""
    file: Path = city.settings.secrets_dir / KEY_FILE
    text = f"hsk_{new_id().hex}_{secrets.token_urlsafe(32)}"
    file.write_text(f"{text}\n", encoding="utf-8")
    yield text
    file.unlink()


async def loaded(city: ServiceUnderTest) -> None:
    async with city.work() as work:
        await load_resources(work)
        await load_partner(work)


async def test_reads_with_the_key_what_is_not_opened(city: ServiceUnderTest, key: str) -> None:
    await loaded(city)
    answer = await city.client.get(ROWS, params={"limit": "3"}, headers={"X-Api-Key": key})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == 3
    assert set(answer.json()["items"][0]) == {"permit", "uscc", "firm", "valid_until"}
    for headers, problem in (({}, "key-wanted"), ({"X-Api-Key": key[:-1] + "_"}, "key-refused")):
        refused = await city.client.get(ROWS, headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (401, f"/problems/{problem}")


async def test_is_there_once_and_stays_revoked(city: ServiceUnderTest, key: str) -> None:
    await loaded(city)
    housing = city.token(["data-hub.services.maintain"], department="11131100MB0H000732")
    (made,) = (await city.client.get(f"{HUB}/services/keys", headers=housing)).json()["items"]
    path = f"{HUB}/services/keys/{made['id']}/revocations"
    assert (await city.client.post(path, json={"reason": "演示"}, headers=housing)).status_code == 200
    await loaded(city)
    async with city.work() as work:
        assert await work.session.scalar(select(func.count()).select_from(KeyRow)) == 1
        batches = select(func.count()).where(BatchRow.resource == PERMITS)
        assert await work.session.scalar(batches) == 1
    assert (await city.client.get(ROWS, headers={"X-Api-Key": key})).status_code == 401


@pytest.mark.parametrize("steward", ["housing-steward", "ecology-steward"])
async def test_can_be_revoked_by_whose_it_is_and_by_whose_the_data_are(
    city: ServiceUnderTest, key: str, steward: str
) -> None:
    await loaded(city)
    (persona,) = [one for one in PERSONAS if one["key"] == steward]
    hand = city.token(persona["scopes"], department=persona["department_code"])
    (made,) = (await city.client.get(f"{HUB}/services/keys", headers=hand)).json()["items"]
    path = f"{HUB}/services/keys/{made['id']}/revocations"
    assert (await city.client.post(path, json={"reason": "演示"}, headers=hand)).status_code == 200
    assert (await city.client.get(ROWS, headers={"X-Api-Key": key})).status_code == 401


async def test_a_new_file_is_a_new_key(city: ServiceUnderTest, key: str) -> None:
    await loaded(city)
    other = re.sub(r"^hsk_.{32}", f"hsk_{new_id().hex}", key)
    (city.settings.secrets_dir / KEY_FILE).write_text(other, encoding="utf-8")
    await loaded(city)
    for one in (key, other):
        assert (await city.client.get(ROWS, headers={"X-Api-Key": one})).status_code == 200


async def test_is_not_in_a_city_without_its_file(city: ServiceUnderTest) -> None:
    await loaded(city)
    async with city.work() as work:
        assert (await work.session.scalars(select(KeyRow))).first() is None
