"""The commands of `./city`."""

import argparse
import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from launcher import control
from launcher.city import City
from launcher.refusals import Refusal
from launcher.terminal import BOLD, DIM, GREEN, RED, coloured, say

HELP = """智慧衡水 Smart Hengshui

  ./city demo                 在衡水的一天:建城、启动、载入样例、演示 A day in Hengshui: set up, start, load, play it
  ./city test [ARGS]          全部测试(--containers 另含容器) All tests (--containers adds the container run)

  ./city up [--profile P]     启动并等到全部就绪 Start and wait until all is healthy
  ./city down                 依次停止 Stop in order
  ./city status [--json]      各服务状态 The state of the five services
  ./city logs NAME [-f]       查看日志 Show a log
  ./city stop|start NAME      停止、启动单个进程 One process, e.g. gov-collab or gov-collab-worker
  ./city seed [--scale S]     载入样例城市 Load the sample city (demo cities only)
  ./city token PERSONA        样例人物的访问令牌 An access token of a sample persona, for curl
  ./city bench [ARGS]         性能测量 Measure speed
  ./city backup FILE          备份数据库与密钥 Back up database and secrets
  ./city restore FILE         由备份恢复 Restore a backup
  ./city reset [--yes]        删除全部数据 Remove the city and all its data

  CITY_STATE 状态目录 state folder (.city) · CITY_PORT 首端口 first port (8000)
  CITY_LISTEN 监听地址 address to listen at (127.0.0.1) · CITY_PUBLIC_URL 对外网址 address that people use
"""


def up(city: City, arguments: list[str]) -> int:
    """Start the city."""
    parser = argparse.ArgumentParser(prog="./city up")
    parser.add_argument("--profile", choices=("production", "demo"))
    with city.locked():
        seconds = control.up(city, parser.parse_args(arguments).profile)
    greet(city, seconds)
    return 0


def greet(city: City, seconds: float) -> None:
    """Say where to look."""
    say()
    say(f"  {coloured('衡水已就绪 The city stands', GREEN)}  {seconds:.1f} s  {coloured(city.profile or '', DIM)}")
    say(f"  首页 Home            {coloured(city.public_url + '/', BOLD)}")
    say(f"  接口 API pages       {city.public_url}/api/<service>/docs")
    say(f"  登录 OpenID issuer   {city.issuer}")
    say(f"  日志 Logs            {city.logs}")


def down(city: City, arguments: list[str]) -> int:
    """Stop the city."""
    argparse.ArgumentParser(prog="./city down").parse_args(arguments)
    with city.locked():
        ran = control.down(city)
    say("已停止 Stopped" if ran else "未在运行 It was not running")
    return 0


def status(city: City, arguments: list[str]) -> int:
    """Show the city's state; the exit code is 0 where all is healthy, 3 where not."""
    parser = argparse.ArgumentParser(prog="./city status")
    parser.add_argument("--json", action="store_true")
    found = control.status(city)
    if parser.parse_args(arguments).json:
        say(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        for name, entry in found["services"].items():
            _line(name, entry)
            _line(f"{name}-worker", entry["worker"])
        _line("gateway", found["gateway"])
        _line("database", found["database"])
        say(f"  {found['state']}  {found['memory_mb']:.0f} MB  {found['profile'] or ''}  {found['urls']['web']}/")
    return 0 if found["state"] == "healthy" else 3


def _line(name: str, entry: dict[str, object]) -> None:
    good = entry["state"] == "healthy"
    mark = coloured("●", GREEN if good else RED)
    state = f"{entry['state']:9}"
    say(f"  {mark} {name:20} {state} pid {entry['pid'] or '-'!s:>8} {entry['memory_mb']:>7} MB")


def hold(city: City, arguments: list[str]) -> int:
    """Stop one process."""
    name = _one_name("stop", arguments)
    with city.locked():
        control.hold(city, name)
    say(f"{name}: stopped")
    return 0


def release(city: City, arguments: list[str]) -> int:
    """Start one process."""
    name = _one_name("start", arguments)
    with city.locked():
        control.release(city, name)
    say(f"{name}: healthy")
    return 0


def _one_name(command: str, arguments: list[str]) -> str:
    parser = argparse.ArgumentParser(prog=f"./city {command}")
    parser.add_argument("name")
    return str(parser.parse_args(arguments).name)


def logs(city: City, arguments: list[str]) -> int:
    """Show the end of a log, and follow it with -f."""
    parser = argparse.ArgumentParser(prog="./city logs")
    parser.add_argument("name")
    parser.add_argument("-f", "--follow", action="store_true")
    parser.add_argument("-n", "--lines", type=int, default=200)
    told = parser.parse_args(arguments)
    path = city.logs / f"{told.name}.log"
    if "/" in told.name or not path.exists():
        known = " ".join(sorted(found.stem for found in city.logs.glob("*.log")))
        raise Refusal(f"没有日志 {told.name};现有:{known}", f"There is no log {told.name}; there are: {known}", code=2)
    words = ["tail", "-n", str(told.lines), *(["-F"] if told.follow else []), str(path)]
    os.execvp(words[0], words)  # noqa: S606 - it takes our place


def seed(city: City, arguments: list[str]) -> int:
    """Load the sample city."""
    from launcher import sample  # noqa: PLC0415 - each command loads what it needs

    parser = argparse.ArgumentParser(prog="./city seed")
    parser.add_argument("--scale", type=_scale, default=0.001)
    scale = parser.parse_args(arguments).scale
    with city.locked():
        control.up(city, "demo")
        sample.load(city, scale)
    return 0


def _scale(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("0 … 1, where 1 is as many people as Hengshui has")
    return value


def token(city: City, arguments: list[str]) -> int:
    """Print an access token of a sample persona."""
    from launcher import signin  # noqa: PLC0415 - each word of the launcher loads what it needs, no more

    parser = argparse.ArgumentParser(prog="./city token")
    parser.add_argument("persona", choices=signin.persona_keys())
    say(signin.access_token(city, parser.parse_args(arguments).persona))
    return 0


def demo(city: City, arguments: list[str]) -> int:
    """Start a demo city, load the sample, play the day."""
    from launcher import day, sample  # noqa: PLC0415 - each command loads what it needs

    with city.locked():
        seconds = control.up(city, "demo")
        sample.load(city, 0.0)
    greet(city, seconds)
    return int(day.main(city, arguments))


def bench(city: City, arguments: list[str]) -> int:
    """Measure speed on a demo city."""
    from launcher import bench as measuring  # noqa: PLC0415 - each command loads what it needs

    return int(measuring.main(city, arguments))


def test(_: City, arguments: list[str]) -> int:
    """Run the tests."""
    from launcher import checks  # noqa: PLC0415 - each command loads what it needs

    return checks.run(arguments)


def backup(city: City, arguments: list[str]) -> int:
    """Write a backup."""
    from launcher import backups  # noqa: PLC0415 - each command loads what it needs

    return _with_file(city, "backup", arguments, backups.write)


def restore(city: City, arguments: list[str]) -> int:
    """Restore a backup."""
    from launcher import backups  # noqa: PLC0415 - each command loads what it needs

    return _with_file(city, "restore", arguments, backups.restore)


def _with_file(city: City, command: str, arguments: list[str], act: Callable[[City, Path], str]) -> int:
    parser = argparse.ArgumentParser(prog=f"./city {command}")
    parser.add_argument("file", type=Path)
    with city.locked():
        say(act(city, parser.parse_args(arguments).file.expanduser().absolute()))
    return 0


def reset(city: City, arguments: list[str]) -> int:
    """Remove the city."""
    from launcher import backups  # noqa: PLC0415 - each command loads what it needs

    parser = argparse.ArgumentParser(prog="./city reset")
    parser.add_argument("--yes", action="store_true")
    return backups.reset(city, sure=parser.parse_args(arguments).yes)


COMMANDS = {
    "up": up,
    "down": down,
    "status": status,
    "stop": hold,
    "start": release,
    "logs": logs,
    "seed": seed,
    "token": token,
    "demo": demo,
    "bench": bench,
    "test": test,
    "backup": backup,
    "restore": restore,
    "reset": reset,
}


# What these do, they do to the city wherever it runs.
ANYWHERE = frozenset({"down", "reset", "test"})


def main(words: list[str]) -> int:
    """Run a command; what cannot be done is said in one sentence."""
    command, *arguments = words or ["help"]
    if command in {"help", "-h", "--help"}:
        say(HELP)
        return 0
    act = COMMANDS.get(command)
    if act is None:
        say(f"没有命令 {command} There is no command {command}: ./city help")
        return 2
    try:
        city = City.here()
        control.user_can_write(city)
        city = control.where_it_runs(city, port_given=bool(os.environ.get("CITY_PORT")) and command not in ANYWHERE)
        return act(city, arguments)
    except Refusal as refusal:
        print(f"{coloured(refusal.chinese, RED)}\n{refusal.english}", file=sys.stderr)
        return refusal.code
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        print("磁盘已满 The disk is full" if full else f"系统拒绝 The system refused: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已中断 Interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
