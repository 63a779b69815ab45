"""History in Parquet: written once a month, masked, read by DuckDB without the database."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from citykit.testing import ServiceUnderTest, at
from data_hub.registries.archiving import archive

from .factories import (
    ENTITIES,
    FIRM,
    MARKET,
    PERSONS,
    correction,
    register,
    register_firm,
    stating,
)

duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
AS_OF = """
select value, department from read_parquet(?, hive_partitioning = true)
where subject = ? and field = 'name' and known_from <= ? and known_to > ?
"""


async def corrected(city: ServiceUnderTest, path: str, name: str, department: str | None = None) -> None:
    body = (
        correction("name", name) if department is None else correction("name", name, source={"department": department})
    )
    answer = await city.client.post(f"{path}/corrections", json=body, headers=stating(city, body))
    assert answer.status_code == 201, answer.text


async def written(city: ServiceUnderTest, folder: Path) -> list[str]:
    async with city.work() as work:
        return [part.file for part in await archive(work, folder)]


def asked(folder: Path, *values: Any) -> list[Any]:
    return list(duckdb.execute(AS_OF, [str(folder / "**" / "*.parquet"), *values]).fetchall())


class TestArchive:
    async def test_tells_what_was_known_on_a_day(self, city: ServiceUnderTest, tmp_path: Path) -> None:
        city.clock.set(at("2026-03-01 09:00"))
        await register_firm(city)
        city.clock.set(at("2026-05-10 09:00"))
        await corrected(city, f"{ENTITIES}/{FIRM}", "衡水更正有限公司", MARKET)
        city.clock.set(at("2026-07-01 09:00"))
        assert await written(city, tmp_path) == ["registry=legal-entities/month=2026-05/part-0000.parquet"]
        day = at("2026-04-01 00:00")
        assert await asyncio.to_thread(asked, tmp_path, FIRM, day, day) == [("衡水示例橡塑制品有限公司", MARKET)]

    async def test_a_month_is_written_once_and_only_when_it_is_over(
        self, city: ServiceUnderTest, tmp_path: Path
    ) -> None:
        city.clock.set(at("2026-03-01 09:00"))
        person = await register(city)
        city.clock.set(at("2026-05-10 09:00"))
        await corrected(city, f"{PERSONS}/{person}", "李秀莹")
        assert await written(city, tmp_path) == []
        city.clock.set(at("2026-06-01 00:01"))
        assert len(await written(city, tmp_path)) == 1
        assert await written(city, tmp_path) == []

    async def test_names_are_masked(self, city: ServiceUnderTest, tmp_path: Path) -> None:
        city.clock.set(at("2026-03-01 09:00"))
        person = await register(city)
        city.clock.set(at("2026-05-10 09:00"))
        await corrected(city, f"{PERSONS}/{person}", "李秀莹")
        city.clock.set(at("2026-06-02 09:00"))
        await written(city, tmp_path)
        day = at("2026-04-01 00:00")
        found = await asyncio.to_thread(asked, tmp_path, str(person), day, day)
        assert [value for value, _ in found] == ["李*英"]

    async def test_the_task_wants_a_folder(self, city: ServiceUnderTest) -> None:
        assert city.settings.archive_dir is None
        await city.run_task("data-hub.registries.archive")
