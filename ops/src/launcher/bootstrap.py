"""The first step of `./city`, run by any Python 3.11 with nothing installed: makes `.venv`, then hands over to it.

The environment is made from `requirements.lock` alone, every file checked against its hash, and our own packages are
put in as they lie in the work tree. A mark in the environment tells from which lock and which packages it was made.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = ROOT / ".venv"
MARK, UNFINISHED = "city-made-from", "city-unfinished"
MEMBERS = ("libs/citykit", "ops", "services/*")

DISK_FULL = ("磁盘已满,无法安装软件包", "The disk is full: the packages could not be installed")
FAILURES = (
    (r"No space left on device|Disk quota exceeded", *DISK_FULL),
    (
        r"DO NOT MATCH THE HASHES",
        "软件包与 requirements.lock 的校验值不符,已拒绝安装",
        "A package is not the one in requirements.lock: it was refused",
    ),
    (
        r"Could not find a version|No matching distribution|NewConnectionError|ConnectionError|Max retries exceeded"
        r"|ProxyError|SSLError|Read timed out|Temporary failure in name resolution|HTTP error|ReadTimeoutError",
        "无法从 Python 软件包索引取得所需软件包,请检查网络或 pip 的设置",
        "The Python package index does not give what is needed: check the network, or pip's settings",
    ),
)


_held: list[int] = []


class CannotSetUpError(Exception):
    """The set-up is not possible; the message is for the person at the terminal."""


def members() -> list[Path]:
    """The folders of our own packages."""
    found = [path for pattern in MEMBERS for path in sorted(ROOT.glob(pattern))]
    return [path for path in found if (path / "pyproject.toml").exists()]


def wanted_mark() -> str:
    """A hash of all that the environment depends on."""
    found = hashlib.sha256(f"{ROOT} {sys.version_info[:2]}".encode())
    for path in (ROOT / "requirements.lock", *(member / "pyproject.toml" for member in members())):
        found.update(path.read_bytes())
    return found.hexdigest()


def python_of(environment: Path) -> Path:
    """The interpreter of an environment."""
    return environment / "bin" / "python"


def is_made(environment: Path, mark: str) -> bool:
    """Whether the environment is whole and was made from what lies here now."""
    try:
        return (environment / MARK).read_text() == mark and python_of(environment).exists()
    except OSError:
        return False


def set_up(environment: Path, mark: str) -> None:
    """Make or refresh the environment. Raises CannotSetUpError, with nothing half-done left behind."""
    if shutil.disk_usage(environment.parent).free < 100 * 1024 * 1024:
        raise CannotSetUpError(_both(*DISK_FULL))
    unfinished = environment / UNFINISHED
    if unfinished.exists() or not python_of(environment).exists():
        _remove(environment)
    fresh = not environment.exists()
    print("首次设置 Setting up" if fresh else "更新环境 Refreshing the environment", flush=True)
    try:
        environment.mkdir(exist_ok=True)
        unfinished.touch()
        if fresh:
            _make(environment)
        _install(environment)
        (environment / MARK).write_text(mark)
        unfinished.unlink()
    except BaseException:
        if fresh:
            _remove(environment)
        raise


def _remove(environment: Path) -> None:
    if environment.exists():
        shutil.rmtree(environment)


def _make(environment: Path) -> None:
    try:
        venv.create(environment, with_pip=False, symlinks=True)
        _run([str(python_of(environment)), "-m", "ensurepip", "--upgrade", "--default-pip"], lambda _: None)
    except (subprocess.CalledProcessError, CannotSetUpError) as error:
        raise CannotSetUpError(
            _both(
                "此 Python 缺少 venv 与 ensurepip(Debian/Ubuntu:安装 python3-venv)",
                "This Python lacks venv and ensurepip (on Debian or Ubuntu: install python3-venv)",
            )
        ) from error


def _install(environment: Path) -> None:
    lock = ROOT / "requirements.lock"
    names = set(re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text(), re.MULTILINE))
    progress = Progress(len(names))
    pip = [str(python_of(environment)), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    pip += ["--progress-bar", "off", "--retries", "2", "--timeout", "20"]
    _run([*pip, "--require-hashes", "-r", str(lock)], progress.see)
    progress.end()
    ours = [word for member in members() for word in ("-e", str(member))]
    progress = Progress(len(members()), "本仓库的包 Our packages")
    _run([*pip, "--no-deps", "--no-build-isolation", *ours], progress.see)
    progress.end()


class Progress:
    """Counts the packages that pip speaks of, on one line."""

    def __init__(self, total: int, title: str = "软件包 Packages") -> None:
        self.total, self.title, self.seen = total, title, 0
        self.began = time.monotonic()
        self.lively = sys.stdout.isatty()
        self.show("")

    def see(self, line: str) -> None:
        """Take a line of pip's output."""
        if found := re.match(r"(?:Collecting|Requirement already satisfied:|Obtaining) (\S+)", line):
            self.seen = min(self.seen + 1, self.total)
            self.show(Path(found[1]).name.split("==")[0])
        elif line.startswith("Installing collected packages"):
            self.show("安装 installing")

    def show(self, note: str) -> None:
        """Draw the line."""
        if self.lively:
            width = 24 * self.seen // max(self.total, 1)
            bar = "█" * width + "░" * (24 - width)
            sys.stdout.write(f"\r\033[2K  {bar} {self.seen}/{self.total} {self.title}  \033[2m{note[:30]}\033[0m")
            sys.stdout.flush()

    def end(self) -> None:
        """Say that it is done."""
        start, mark, end = ("\r\033[2K", "\033[32m", "\033[0m") if self.lively else ("", "", "")
        print(f"{start}  {mark}✔{end} {self.title}: {self.total}  {time.monotonic() - self.began:.0f} s", flush=True)


def _run(command: list[str], see: Callable[[str], None]) -> None:
    told: list[str] = []
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VIRTUAL_ENV")}
    # pip holds the lock too: should this process be killed, the next one waits until pip has ended.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env=environment,
        pass_fds=_held,
        start_new_session=True,
    ) as pip:
        assert pip.stdout
        try:
            for line in pip.stdout:
                told.append(line.rstrip())
                see(line)
        except BaseException:
            os.killpg(pip.pid, signal.SIGKILL)
            raise
    if pip.returncode != 0:
        output = "\n".join(told)
        for pattern, chinese, english in FAILURES:
            if re.search(pattern, output):
                raise CannotSetUpError(_both(chinese, english))
        errors = [line for line in told if line.startswith("ERROR")] or told[-1:]
        raise CannotSetUpError(_both("软件包安装失败", f"The packages could not be installed: {' '.join(errors[:1])}"))


def _both(chinese: str, english: str) -> str:
    return f"{chinese}\n{english}"


def ready_environment() -> Path:
    """The environment, made where it is not; two launchers at once make it once."""
    mark = wanted_mark()
    if is_made(ENVIRONMENT, mark):
        return ENVIRONMENT
    with (ROOT / "requirements.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _held.append(lock.fileno())
        if not is_made(ENVIRONMENT, mark):
            set_up(ENVIRONMENT, mark)
    return ENVIRONMENT


def main() -> int:
    """Hand over to `python -m launcher` in the environment; the exit code where that is not possible."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        python = str(python_of(ready_environment()))
        os.execv(python, [python, "-X", "utf8", "-m", "launcher", *sys.argv[1:]])  # noqa: S606 - it takes our place
    except CannotSetUpError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except OSError as error:
        full = error.errno in {28, 122}
        print(f"\n{_both(*DISK_FULL) if full else error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已中断,下次启动会重新设置 Interrupted: the next start sets up anew", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
