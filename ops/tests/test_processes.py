"""Whose process is meant, and how children are started, watched and ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launcher import offspring, processes
from launcher.plan import Process, base_environment
from launcher.supervisor import Child


class TestABirth:
    def test_is_the_same_for_a_whole_life(self) -> None:
        assert processes.birth(os.getpid()) == processes.birth(os.getpid())

    def test_of_nobody_is_none(self) -> None:
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        assert processes.birth(gone.pid) is None

    def test_tells_a_recycled_number(self) -> None:
        # The number lives, but not the process that was meant: nothing is sent.
        assert processes.stop(os.getpid(), "another birth", (signal.SIGKILL, 0))

    def test_of_one_that_nobody_waited_for_is_none(self) -> None:
        zombie = subprocess.Popen([sys.executable, "-c", ""])
        limit = time.monotonic() + 20
        while processes.birth(zombie.pid) and time.monotonic() < limit:
            time.sleep(0.02)
        assert processes.birth(zombie.pid) is None
        zombie.wait()


def run_apart(code: str, folder: Path) -> str:
    """Run code that forks in a process of its own: the one that tests has threads."""
    environment = base_environment() | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


FORKING = """
import os, sys, fcntl
from pathlib import Path
from launcher import offspring
from launcher.plan import Process
here = Path.cwd()
lock = os.open(here / "lock", os.O_RDWR | os.O_CREAT)
fcntl.flock(lock, fcntl.LOCK_EX)
process = Process("child-of-the-city", {"CHILD": "yes"}, module="child", arguments=("a", "b"))
assert offspring.forks()
child = offspring.start(process, folder=here, log=here / "log")
print(type(child).__name__, child.wait(timeout=30))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")
class TestAFork:
    def child(self, folder: Path, code: str) -> str:
        (folder / "child.py").write_text(code)
        return run_apart(FORKING, folder)

    def test_has_its_own_environment_arguments_session_and_log(self, tmp_path: Path) -> None:
        code = "import os, sys\nprint(sys.argv[1:], dict(os.environ), os.getsid(0) == os.getpid(), __name__)"
        assert self.child(tmp_path, code) == "Forked 0"
        assert (tmp_path / "log").read_text() == "['a', 'b'] {'CHILD': 'yes'} True __main__\n"

    def test_does_not_hold_the_files_of_its_parent(self, tmp_path: Path) -> None:
        code = "import os\nprint(sorted(os.path.basename(os.readlink(f'/proc/self/fd/{n}')) for n in (0, 1, 2)))"
        code += "\nprint(any('lock' in os.readlink(e.path) for e in os.scandir('/proc/self/fd') if os.path.lexists(e)))"
        assert self.child(tmp_path, code) == "Forked 0"
        assert (tmp_path / "log").read_text() == "['log', 'log', 'null']\nFalse\n"

    @pytest.mark.parametrize(
        ("code", "told"), [("import sys; sys.exit(3)", 3), ("1/0", 1), ("raise SystemExit", 0), ("", 0)]
    )
    def test_tells_how_it_ended(self, tmp_path: Path, code: str, told: int) -> None:
        assert self.child(tmp_path, code) == f"Forked {told}"
        assert ("ZeroDivisionError" in (tmp_path / "log").read_text()) == (code == "1/0")

    def test_ends_at_a_signal(self, tmp_path: Path) -> None:
        assert self.child(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGTERM)") == "Forked -15"

    def test_is_not_made_beside_a_thread(self, tmp_path: Path) -> None:
        code = "import threading\nfrom launcher import offspring\nend = threading.Event()\n"
        code += "threading.Thread(target=end.wait).start()\nprint(offspring.forks())\nend.set()"
        assert run_apart(code, tmp_path) == "False"


class TestAChildThatDies:
    def test_comes_back_with_a_growing_pause(self) -> None:
        child = Child(Process("x", {}))
        pauses = []
        for _ in range(9):
            child.started_at = time.time()
            child.died()
            pauses.append(child.pause)
        assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
        assert child.restarts == 9

    def test_that_had_been_steady_comes_back_at_once(self) -> None:
        child = Child(Process("x", {}))
        child.pause = 30
        child.started_at = time.time() - 3600
        child.died()
        assert child.pause == 0.5


def test_the_citys_processes_keep_their_compiled_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert "PYTHONDONTWRITEBYTECODE" not in base_environment()


def test_the_libraries_that_are_loaded_once_exist() -> None:
    code = "import importlib\nfrom launcher.offspring import LIBRARIES\n"
    code += "for name in LIBRARIES: importlib.import_module(name)"
    assert run_apart(code, Path(offspring.__file__).parent.parent) == ""
