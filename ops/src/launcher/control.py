"""Starting, stopping and looking at a city: what `up`, `down`, `stop`, `start` and `status` do."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

from launcher import keyring, processes
from launcher.city import SERVICES, City, read_json, write_whole
from launcher.exchange import finish_restore
from launcher.founding import settle_profile
from launcher.migrations import code_mark, last_line
from launcher.plan import DATABASE_PROCESS, GATEWAY_PROCESS, base_environment, process_names, worker_of
from launcher.ports import Ports, refuse_taken
from launcher.refusals import Refusal
from launcher.supervisor import TOLD, WANTED, clear_strays
from launcher.terminal import Step, say

NEEDED_BYTES = 300 * 1024 * 1024
UP_WITHIN_SECONDS = 120
STUCK_AFTER_RESTARTS = 4
_supervisors: list[subprocess.Popen[bytes]] = []
PHASES = {
    "starting": "准备 Preparing",
    "database": "数据库 Database",
    "roles": "角色与模式 Roles and schemas",
    "migrations": "数据结构 Migrations",
    "services": "网关、服务与后台 Gateway, services, workers",
}


def supervisor_pid(city: City) -> int | None:
    """The process id of the living supervisor."""
    for started in _supervisors:
        started.poll()  # one that ended is no longer there, and not a name without a body
    told = read_json(city.state / TOLD)
    pid, born = told.get("pid"), told.get("born")
    return int(pid) if pid and born and processes.birth(int(pid)) == born else None


def told(city: City) -> dict[str, Any]:
    """What the supervisor last said; nothing where none lives."""
    return read_json(city.state / TOLD) if supervisor_pid(city) else {}


def where_it_runs(city: City, *, port_given: bool) -> City:
    """The city at the address where it runs, where `CITY_PORT` said nothing. Raises Refusal where it said another."""
    address = told(city).get("address", {})
    port = address.get("port", city.ports.web)
    if port == city.ports.web:
        return city
    if port_given:
        raise Refusal(
            f"此城市正在端口 {port} 上运行;要换端口请先 ./city down",
            f"This city runs at port {port}: ./city down first to move it",
        )
    return replace(city, ports=Ports.of(port), given_public_url=address.get("public_url", ""))


def up(city: City, profile: str | None) -> float:
    """Bring the city up and wait until all of it is healthy; the seconds that took. Call it with the city locked.

    Raises Refusal, with everything stopped again, where that is not possible.
    """
    began = time.monotonic()
    if settle_profile(city, profile):
        down(city)
        (city.state / "profile").unlink()
    if told(city).get("code", "") not in {"", code_mark()}:
        say("  代码已更新,重新启动 The code has changed: starting again")
        down(city)
    if not supervisor_pid(city):
        _room(city)
        if city.state.exists():
            clear_strays(city)
            finish_restore(city)
        refuse_taken(city.ports)
        profile = city.found(profile)
        keyring.settle(city, profile)
        if profile == "demo" and not city.clock.exists():
            write_whole(city.clock, "0\n")
        _spawn(city)
    write_whole(city.state / WANTED, json.dumps({"stopped": []}))
    try:
        _follow(city, began + UP_WITHIN_SECONDS)
    except Refusal:
        down(city)
        raise
    return time.monotonic() - began


def _room(city: City) -> None:
    folder = city.state
    while not folder.exists():
        folder = folder.parent
    if shutil.disk_usage(folder).free < NEEDED_BYTES:
        raise Refusal(
            f"磁盘空间不足:{folder} 至少需要 {NEEDED_BYTES >> 20} MB",
            f"The disk is full: the city needs at least {NEEDED_BYTES >> 20} MB at {folder}",
        )


def _spawn(city: City) -> None:
    (city.state / TOLD).unlink(missing_ok=True)
    with (city.logs / "supervisor.log").open("ab") as log:
        # It outlives this process, as a rule; the handle is kept for the process that outlives it.
        _supervisors.append(
            subprocess.Popen(
                [sys.executable, "-m", "launcher.supervisor"],
                env=base_environment() | _address(city),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )
    limit = time.monotonic() + 20
    while not supervisor_pid(city):
        if time.monotonic() > limit:
            raise Refusal(
                "后台进程未能启动", f"The supervisor did not start: {last_line(city.logs / 'supervisor.log')}"
            )
        time.sleep(0.02)


def _address(city: City) -> dict[str, str]:
    return {
        "CITY_STATE": str(city.state),
        "CITY_PORT": str(city.ports.web),
        "CITY_LISTEN": city.listen,
        "CITY_PUBLIC_URL": city.given_public_url,
    }


def _follow(city: City, limit: float) -> None:
    """Show the phases of a start until all is healthy. Raises Refusal where it fails or lasts too long."""
    for phase, title in PHASES.items():
        seen = read_json(city.state / TOLD)
        if seen.get("phase") == "running" and phase != "services":
            continue
        with Step(title) as step:
            while not _done(city, phase, step):
                _refuse_failed(city, limit)
                time.sleep(0.1)


def _done(city: City, phase: str, step: Step) -> bool:
    seen = read_json(city.state / TOLD)
    now = seen.get("phase", "starting")
    if phase != "services":
        order = [*PHASES, "running"]
        if phase == "migrations" and now in {"services", "running"}:
            step.turn(" ".join(seen.get("migrated", [])))
        step.turn()
        return now in order and order.index(now) > order.index(phase)
    waiting = [name for name, state in states(city).items() if state != "healthy"]
    step.turn(f"{len(process_names()) - len(waiting)}/{len(process_names())} {' '.join(waiting[:3])}")
    if not waiting:
        step.note = ""
    return now == "running" and not waiting


def _refuse_failed(city: City, limit: float) -> None:
    seen = read_json(city.state / TOLD)
    if seen.get("failure"):
        raise Refusal(seen["failure"]["zh"], seen["failure"]["en"])
    if not supervisor_pid(city):
        with suppress(OSError):
            _room(city)
        last = last_line(city.logs / "supervisor.log")
        raise Refusal(f"后台进程已退出:{last}", f"The supervisor ended: {last}")
    for name, process in seen.get("processes", {}).items():
        if process["restarts"] >= STUCK_AFTER_RESTARTS:
            last = last_line(city.logs / f"{name}.log")
            raise Refusal(f"{name} 无法启动:{last}", f"{name} does not start: {last}")
    if time.monotonic() > limit:
        waiting = ", ".join(name for name, state in states(city).items() if state != "healthy")
        raise Refusal(f"启动超时,尚未就绪:{waiting}", f"Not healthy after {UP_WITHIN_SECONDS} s: {waiting}")


def down(city: City) -> bool:
    """Stop everything in order and wait for it; False where nothing ran."""
    pid = supervisor_pid(city)
    if pid is None:
        if city.state.exists():
            clear_strays(city)
        return False
    born = processes.birth(pid)
    processes.stop(pid, born, (signal.SIGTERM, 150), (signal.SIGKILL, 5))
    clear_strays(city)
    supervisor_pid(city)  # where it was a child of this process, its end is taken note of
    return True


def hold(city: City, name: str) -> None:
    """Stop one process and keep it stopped until `release` or the next `up`."""
    _want(city, name, stopped=True)
    _await(city, name, "stopped")


def release(city: City, name: str, *, within: float = 60) -> None:
    """Start one process that was held and wait until it is healthy."""
    _want(city, name, stopped=False)
    limit = time.monotonic() + within
    while states(city).get(name) != "healthy":
        if time.monotonic() > limit:
            last = last_line(city.logs / f"{name}.log")
            raise Refusal(f"{name} 未能就绪:{last}", f"{name} did not become healthy: {last}")
        time.sleep(0.1)


def _want(city: City, name: str, *, stopped: bool) -> None:
    if name not in process_names():
        raise Refusal(f"没有名为 {name} 的进程", f"There is no {name}; there are: {', '.join(process_names())}", code=2)
    if not supervisor_pid(city):
        raise Refusal("城市未在运行", "The city is not running: ./city up")
    wanted = set(read_json(city.state / WANTED).get("stopped", ()))
    wanted = wanted | {name} if stopped else wanted - {name}
    write_whole(city.state / WANTED, json.dumps({"stopped": sorted(wanted)}))


def _await(city: City, name: str, state: str, *, within: float = 60) -> None:
    limit = time.monotonic() + within
    while told(city).get("processes", {}).get(name, {}).get("state") != state:
        if time.monotonic() > limit:
            raise Refusal(f"{name} 未能停止", f"{name} did not become {state}")
        time.sleep(0.05)


def states(city: City) -> dict[str, str]:
    """Each process by name: healthy, starting, waiting (it died and comes back), stopped (by order) or down."""
    seen = told(city).get("processes", {})
    found: dict[str, str] = {}
    asked = {service: f"/api/{service}/v1/health" for service in SERVICES}
    with ThreadPoolExecutor(max_workers=len(asked) + 1) as pool:
        answers = dict(zip(asked, pool.map(lambda path: _answers(city.ports.web, path), asked.values()), strict=True))
    for name in process_names():
        state = str(seen.get(name, {}).get("state", "down"))
        if state == "running" and name in asked:
            state = "healthy" if answers[name] else "starting"
        elif state == "running" and name == GATEWAY_PROCESS:
            state = "healthy" if _answers(city.ports.ops, "/ping") else "starting"
        elif state == "running":
            # A worker has no address to ask; one that cannot work ends within its first second.
            state = "healthy" if time.time() - seen[name]["since"] > 1 else "starting"
        found[name] = state
    return found


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def status(city: City) -> dict[str, Any]:
    """The whole city: each service with its worker, the gateway, the database, memory and addresses."""
    found, seen = states(city), told(city).get("processes", {})

    def entry(name: str) -> dict[str, Any]:
        process = seen.get(name, {})
        memory = (
            sum(processes.resident_bytes(pid) or 0 for pid in processes.family(process["pid"]))
            if process.get("pid")
            else 0
        )
        return {
            "state": found[name],
            "pid": process.get("pid"),
            "restarts": process.get("restarts", 0),
            "memory_mb": round(memory / 1e6, 1),
        }

    services = {
        name: entry(name) | {"url": f"{city.public_url}/api/{name}/", "worker": entry(worker_of(name))}
        for name in SERVICES
    }
    parts = {"gateway": entry(GATEWAY_PROCESS), "database": entry(DATABASE_PROCESS)}
    pid = supervisor_pid(city)
    own = round((processes.resident_bytes(pid) or 0) / 1e6, 1) if pid else 0.0
    memory = own + sum(part["memory_mb"] for part in (*services.values(), *parts.values()))
    memory += sum(service["worker"]["memory_mb"] for service in services.values())
    return {
        "state": "healthy" if set(found.values()) == {"healthy"} else ("down" if pid is None else "degraded"),
        "profile": city.profile,
        "urls": {"web": city.public_url, "mesh": city.mesh_url, "ops": city.ops_url},
        "services": services,
        **parts,
        "supervisor": {"state": "healthy" if pid else "down", "pid": pid, "memory_mb": own},
        "memory_mb": round(memory, 1),
    }


def user_can_write(city: City) -> None:
    """Raise Refusal where the state belongs to another user."""
    if city.state.exists() and not os.access(city.state, os.W_OK | os.X_OK):
        raise Refusal(f"本用户不能写入 {city.state}", f"This user may not write to {city.state}")
