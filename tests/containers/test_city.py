"""The city in containers: it stands, it is closed where it should be, a matter goes through it, replicas die."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from launcher.day import Day, identity, matter, privacy
from launcher.day.people import wait_for
from launcher.provision import SERVICES

pytestmark = [pytest.mark.containers, pytest.mark.timeout(2400)]


# What evidence and seals do for a time stamp, without a row or a document.
STAMP = """
import asyncio, hashlib
from pathlib import Path
import rfc3161_client as tsp
from data_hub.adapters.timestamps.trusted import authority_of, believed, roots_of
folder = Path("/run/secrets/data-hub")
request = tsp.TimestampRequestBuilder().data(b"root").nonce(nonce=True).cert_request(cert_request=True)
request = request.hash_algorithm(tsp.HashAlgorithm.SHA256).build()
answer = asyncio.run(authority_of("", folder).answer(request.as_bytes()))
believed(answer, hashlib.sha256(b"root").digest(), request.nonce, roots_of(folder))
print("stamped")
"""


def inspected(containers: Any) -> dict[str, dict[str, Any]]:
    """What the engine knows of every container, by its service."""
    ids = containers.compose("ps", "--all", "--quiet").split()
    found = json.loads(containers.docker("inspect", *ids))
    return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}


def replicas(containers: Any, service: str) -> dict[str, str]:
    """The gateway's own view of a service's replicas, asked where it tells: on its loopback."""
    ask = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:8082/api/http/services/{service}@file').read().decode())"
    gateway = f"container:{containers.project}-gateway-1"
    said = containers.docker("run", "--rm", "--network", gateway, "hengshui/data-hub:test", "python3", "-c", ask)
    return {url: state for url, state in json.loads(said)["serverStatus"].items() if state == "UP"}


def endings(day: Day) -> list[str]:
    """The titles of her messages that say how the matter ended: one from the case, one from the ticket."""
    assert day.citizen is not None
    titles = [message["title"] for message in day.citizen.get("/api/citizen-pass/v1/messages", limit=50)["items"]]
    return [title for title in titles if "已结案" in title or "已答复" in title]


def asked(client: httpx.Client) -> httpx.Response:
    """What a browser is answered: it repeats a GET whose connection ended without an answer (RFC 9110 §9.2.2).

    A replica that is killed between the head and the body of its answer leaves the gateway nothing else to do.
    """
    try:
        return client.get("/api/city-ops/v1/health")
    except httpx.RemoteProtocolError:
        return client.get("/api/city-ops/v1/health")


class TestContainers:
    def test_jobs_ended_well_and_the_rest_is_healthy(self, containers: Any) -> None:
        states = {name: one["State"] for name, one in inspected(containers).items()}
        jobs = {"roles", *(f"{service}-migration" for service in SERVICES)}
        assert {name: states[name]["ExitCode"] for name in jobs} == dict.fromkeys(jobs, 0)
        healthy = {name for name, state in states.items() if state.get("Health", {}).get("Status") == "healthy"}
        assert healthy == states.keys() - jobs
        assert healthy == {"postgres", "gateway", *SERVICES, *(f"{service}-worker" for service in SERVICES)}

    def test_every_container_is_closed(self, containers: Any) -> None:
        for name, one in inspected(containers).items():
            host = one["HostConfig"]
            assert host["ReadonlyRootfs"], name
            assert host["CapDrop"] == ["ALL"], name
            assert not host["CapAdd"], name
            assert "no-new-privileges:true" in host["SecurityOpt"], name
            assert not host["Privileged"], name
            assert host["Memory"] > 0, name
            assert host["NanoCpus"] > 0, name
            assert host["PidsLimit"] > 0, name
            assert one["Config"]["User"] not in {"", "0", "root"}, name
            assert not any("docker.sock" in mount["Source"] for mount in one["Mounts"]), name
            written = [mount["Destination"] for mount in one["Mounts"] if mount["RW"]]
            assert written == (["/var/lib/postgresql"] if name == "postgres" else []), name

    def test_only_the_gateway_has_a_port_of_this_machine(self, containers: Any) -> None:
        ports = {name: one["HostConfig"]["PortBindings"] for name, one in inspected(containers).items()}
        published = {name: bindings for name, bindings in ports.items() if bindings}
        assert published == {
            "gateway": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(containers.city.ports.web)}]}
        }

    def test_passwords_stand_in_files_only(self, containers: Any) -> None:
        password = containers.city.secret("city-ops", "database_password")
        assert password not in json.dumps(inspected(containers))
        assert containers.compose("exec", "-T", "city-ops", "ls", "/run/secrets").split() == ["city-ops"]

    def test_image_holds_what_runs_and_nothing_else(self, containers: Any) -> None:
        programs = containers.compose("exec", "-T", "city-ops", "ls", "/opt/city/bin").split()
        assert "uvicorn" in programs
        assert not {"pip", "uv", "pytest", "traefik"} & set(programs)
        modules = (
            "import importlib.util as u; print([n for n in ('gov_collab', 'launcher', 'pytest') if u.find_spec(n)])"
        )
        assert containers.python("city-ops", modules).strip() == "[]"
        assert sorted(containers.compose("exec", "-T", "city-ops", "ls", "/app").split()) == [
            "home",
            "migrations",
            "sample",
        ]

    def test_no_service_reads_anothers_tables(self, containers: Any) -> None:
        program = (
            "import psycopg\n"
            "with psycopg.connect('service=city') as c:\n"
            "    try: c.execute('select * from citizen_pass.alembic_version')\n"
            "    except psycopg.errors.InsufficientPrivilege: print('refused')\n"
        )
        assert containers.python("city-ops", program).strip() == "refused"


class TestTimeStamps:
    def test_the_data_hub_stamps_inside_its_containers(self, containers: Any) -> None:
        """OpenSSL is in the image, the authority's key among the secrets, and its answer verifies."""
        for part in ("data-hub", "data-hub-worker"):
            assert containers.python(part, STAMP).strip() == "stamped", part


class TestGateway:
    def test_all_services_are_there(self, containers: Any) -> None:
        for service in SERVICES:
            answer = httpx.get(f"{containers.city.public_url}/api/{service}/v1/health")
            assert answer.status_code == 200
            assert answer.json()["service"] == service

    def test_home_page(self, containers: Any) -> None:
        answer = httpx.get(f"{containers.city.public_url}/")
        assert "智慧衡水" in answer.text
        assert httpx.get(f"{containers.city.public_url}/home/home.js").status_code == 200

    @pytest.mark.parametrize("path", ["/internal/data-hub/v1/usage", "/metrics", "/readyz", "/api/http/routers"])
    def test_inner_paths_are_out_of_reach(self, containers: Any, path: str) -> None:
        answer = httpx.get(f"{containers.city.public_url}{path}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


class TestDay:
    @pytest.fixture
    def day(self, containers: Any) -> Iterator[Day]:
        day = Day(containers.city, quiet=True)
        yield day
        day.close()

    def test_matter_goes_through_while_a_service_is_away(self, containers: Any, day: Day) -> None:
        """Register, verify, sign in; a message becomes a case although city-ops was down; who read her data."""
        identity.register(day)
        matter.send(day)
        containers.compose("stop", "--timeout", "20", "city-ops", "city-ops-worker")
        operator = day.persona("operator")
        assigned = operator.post(f"{matter.HOTLINE}/{day.facts['ticket']}/assignments", {})
        assert assigned["state"] == "assigned"
        away = httpx.get(f"{containers.city.public_url}/api/city-ops/v1/health")
        assert away.status_code in {502, 503}
        assert away.headers["content-type"] == "application/problem+json"
        containers.compose("up", "--detach", "--wait", "--no-deps", "--no-recreate", "city-ops", "city-ops-worker")
        dispatcher = day.persona("dispatcher")
        case = wait_for("the case", lambda: matter._case_of(day, dispatcher))
        day.facts["case"] = case["id"]
        matter.handle(day)
        rated = matter.rate(day)
        assert rated["state"] == "closed"
        wait_for("both endings", lambda: len(endings(day)) >= 2)
        assert matter.nothing_twice(day) == 1
        assert privacy.look(day)
        written = containers.compose("logs", "--no-log-prefix", "gateway")
        assert "Bearer" not in written
        assert not [line for line in written.splitlines() if "?" in json.loads(line).get("RequestPath", "")]


class TestReplicas:
    def test_three_of_them_and_one_is_killed(self, containers: Any) -> None:
        """Every replica is found and checked; readers notice nothing when one dies."""
        containers.compose(
            "up", "--detach", "--wait", "--no-deps", "--no-recreate", "--scale", "city-ops=3", "city-ops"
        )
        wait_for("three replicas", lambda: len(replicas(containers, "city-ops")) == 3)
        answers: Counter[int] = Counter()
        over = threading.Event()

        def read() -> None:
            with httpx.Client(base_url=containers.city.public_url, timeout=60) as client:
                while not over.is_set():
                    answers[asked(client).status_code] += 1

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        time.sleep(1)
        containers.docker("kill", f"{containers.project}-city-ops-2")
        wait_for("two replicas", lambda: len(replicas(containers, "city-ops")) == 2)
        over.set()
        for reader in readers:
            reader.join()
        assert answers.keys() == {200}
        assert answers[200] > 50
        containers.compose(
            "up", "--detach", "--wait", "--no-deps", "--no-recreate", "--scale", "city-ops=1", "city-ops"
        )
        wait_for("one replica", lambda: len(replicas(containers, "city-ops")) == 1)
        assert httpx.get(f"{containers.city.public_url}/api/city-ops/v1/health").status_code == 200
