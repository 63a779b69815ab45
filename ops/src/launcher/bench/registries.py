"""How long the registries take for one question, at two sizes of the same city, in a database of their own.

`python -m launcher.bench.registries [--scale 0.01 --scale 1]` makes a throw-away cluster for each size, with the city's
settings and memory for its pages (`--buffers`), loads that share of 4.2 million persons and 300,000 legal entities,
asks the service (its whole application: token, purpose, checks, access log, commit) one question after another, the
sizes by turns so that what else the machine does falls on all of them, and prints the median and the 95th percentile
of each kind, and how many times longer the largest city takes. A city that runs is not touched.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import httpx
import psycopg

from launcher.bench.hub import Hub, database, folder

PERSONS, ENTITIES = "/api/data-hub/v1/population", "/api/data-hub/v1/legal-entities"
PURPOSE = "household-registration"
ASKED = 300
_IN_MEMORY = """
select public.pg_prewarm(part.oid, 'buffer') from pg_class part left join pg_index i on i.indexrelid = part.oid
where coalesce(i.indrelid, part.oid) in (select oid from pg_class where relname = any(%(tables)s) and relkind = 'r')
"""
SCOPES = "data-hub.population.read data-hub.registries.read"
# Characters that sound alike, for a name that was heard and not read.
_ALIKE = str.maketrans("伟芳静丽明超英华玉红志文", "维方婧莉鸣朝瑛桦钰宏智雯")
Question = tuple[str, str, dict[str, Any] | None]


def _slip(number: str, draw: Random, first: int = 6, beyond: int = 17) -> str:
    place = draw.randrange(first, beyond)
    return number[:place] + str((int(number[place]) + 1 + draw.randrange(8)) % 10) + number[place + 1 :]


def _swap(number: str, draw: Random) -> str:
    places = [n for n in range(6, 16) if number[n] != number[n + 1]]
    place = draw.choice(places)
    return number[:place] + number[place + 1] + number[place] + number[place + 2 :]


def _misspelt(name: str) -> str:
    return name[:-1] + "鑫"


def _of_person(**clues: Any) -> Question:
    return "POST", f"{PERSONS}/matches", {"purpose": PURPOSE, **clues}


def _of_entity(**clues: Any) -> Question:
    return "POST", f"{ENTITIES}/matches", clues


PERSON_ROWS: dict[str, Callable[[Any, Random], Question]] = {
    "人口点查 person, point read": lambda one, _: ("GET", f"{PERSONS}/persons/{one.person}?purpose={PURPOSE}", None),
    "号码无误 number, exact": lambda one, _: _of_person(id_number=one.id_number),
    "号码错一位 number, one wrong digit": lambda one, draw: _of_person(id_number=_slip(one.id_number, draw)),
    "号码换位+姓名 number swapped, name": lambda one, draw: _of_person(
        id_number=_swap(one.id_number, draw), name=one.name
    ),
    "仅姓名 name alone": lambda one, _: _of_person(name=one.name),
    "姓名错一字 name with a slip": lambda one, _: _of_person(name=_misspelt(one.name)),
    "姓名错一字+生日 slip, birth date": lambda one, _: _of_person(
        name=_misspelt(one.name), birth_date=one.birth_date.isoformat()
    ),
    "同音+区县 homophone, county": lambda one, _: _of_person(name=one.name.translate(_ALIKE), division_code=one.county),
}
ENTITY_ROWS: dict[str, Callable[[Any, Random], Question]] = {
    "法人点查 entity, point read": lambda one, _: ("GET", f"{ENTITIES}/{one.uscc}", None),
    "代码错一位 code, one wrong digit": lambda one, draw: _of_entity(uscc=_slip(one.uscc, draw, 2, 8)),
    "名称错一字 name with a slip": lambda one, _: _of_entity(name=one.name[:5] + "鑫" + one.name[6:]),
    "仅字号 distinctive part": lambda one, _: _of_entity(name=one.name[4:10]),
    "曾用名 former name": lambda one, _: _of_entity(name=one.former_name or one.name),
}


class Bench(Hub):
    """The registries, filled and asked."""

    def load(self, scale: float) -> float:
        """Load the sample up to `scale`; how many seconds it took."""
        began = time.monotonic()
        asyncio.run(self._load(scale))
        return time.monotonic() - began

    async def _load(self, scale: float) -> None:
        runtime, crowd, sample = map(import_module, ("citykit.runtime", "data_hub.sample.crowd", "data_hub.sample"))
        async with (
            runtime.running(runtime.Runtime(self.service, self.settings)) as running,
            running.open_work() as work,
        ):
            await crowd.load_persons(work, round(sample.FULL_PERSONS * scale))
            await crowd.load_entities(work, round(sample.FULL_ENTITIES * scale))
        # What autovacuum does after such a load, done at once: until then each row is written when it is first read.
        # And what is asked for lies in memory, as in a registry that is in use.
        async with await psycopg.AsyncConnection.connect(self.settings.conninfo, autocommit=True) as connection:
            await connection.execute("vacuum analyze")
            await connection.execute(_IN_MEMORY, {"tables": ["person", "person_number", "legal_entity"]})


@dataclass(frozen=True)
class City:
    """A city of one size and who asks it."""

    scale: float
    client: httpx.AsyncClient


async def _measured(benches: dict[float, Bench], asked: int) -> dict[str, list[tuple[float, float]]]:
    """The median and the 95th percentile of each kind of question in milliseconds, for one size after the other."""
    async with AsyncExitStack() as stack:
        cities = []
        for scale, bench in benches.items():
            client, _ = await stack.enter_async_context(bench.asked())
            client.headers.update(bench.headers(scope=SCOPES))
            cities.append(City(scale, client))
        kinds = zip(*(_questions(city.scale, asked) for city in cities), strict=True)
        return {each[0][0]: await _row(cities, [questions for _, questions in each]) for each in kinds}


def _questions(scale: float, asked: int) -> Iterator[tuple[str, list[Question]]]:
    invention = import_module("data_hub.sample.invention")
    sample = import_module("data_hub.sample")
    for rows, total, invent in (
        (PERSON_ROWS, round(sample.FULL_PERSONS * scale), invention.invent_person),
        (ENTITY_ROWS, round(sample.FULL_ENTITIES * scale), invention.invent_entity),
    ):
        for title, ask in rows.items():
            draw = Random(title)  # noqa: S311 - nothing secret is drawn
            yield title, [ask(invent(draw.randrange(total)), draw) for _ in range(asked)]


async def _row(cities: list[City], questions: list[list[Question]]) -> list[tuple[float, float]]:
    times: list[list[float]] = [[] for _ in cities]
    # The first questions warm the caches that a running city has warm: plans, readings, pages of the index.
    warming = len(questions[0]) // 5
    for number in [*range(warming), *range(len(questions[0]))]:
        for city, own, taken in zip(cities, questions, times, strict=True):
            taken.append(await _lasted(city.client, *own[number]))
    found = []
    for taken in times:
        ranked = sorted(taken[warming:])
        found.append((ranked[len(ranked) // 2], ranked[int(len(ranked) * 0.95)]))
    return found


async def _lasted(client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None) -> float:
    began = time.perf_counter()
    answer = await client.request(method, path, json=body)
    lasted = time.perf_counter() - began
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code} {answer.text[:300]}")
    return lasted * 1000


def main(words: list[str]) -> int:
    """Measure at the sizes that are told, the smallest first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scale", type=float, action="append", help="share of the full city; may be repeated (0.01, 1)"
    )
    parser.add_argument("--asked", type=int, default=ASKED, help="questions of each kind")
    parser.add_argument("--keep", type=Path, help="a folder whose databases stay for the next run (14 GB at scale 1)")
    parser.add_argument("--buffers", default="4GB", help="PostgreSQL's shared_buffers; a laptop's city has 96MB")
    told = parser.parse_args(words)
    sizes = sorted(told.scale or [0.01, 1.0])
    with ExitStack() as stack:
        benches: dict[float, Bench] = {}
        for scale in sizes:
            place = stack.enter_context(folder(told.keep / f"{scale:g}" if told.keep else None))
            address = stack.enter_context(database(place, {"shared_buffers": told.buffers}))
            benches[scale] = Bench(address, place)
            benches[scale].migrate()
            sys.stdout.write(f"loaded to {scale:g} in {benches[scale].load(scale):.0f} s\n")
            sys.stdout.flush()
        _print(sizes, asyncio.run(_measured(benches, told.asked)))
    return 0


def _print(sizes: list[float], results: dict[str, list[tuple[float, float]]]) -> None:
    heads = [f"p50 / p95 ms at {size:g}" for size in sizes]
    lines = [f"| | {' | '.join(heads)} | p95 ratio |", f"|---|{'--:|' * (len(sizes) + 1)}"]
    for title, found in results.items():
        cells = [f"{middle:.1f} / {high:.1f}" for middle, high in found]
        lines.append(f"| {title} | {' | '.join(cells)} | {found[-1][1] / found[0][1]:.2f} |")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
