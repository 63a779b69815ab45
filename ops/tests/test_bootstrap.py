"""The first step of `./city`: what it says where the environment cannot be made, and what it leaves."""

import subprocess
from pathlib import Path

import pytest

from launcher import bootstrap
from launcher.bootstrap import MARK, UNFINISHED, CannotSetUpError
from launcher.city import ROOT


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for an environment; making one is quick and brings no pip."""

    def make(folder: Path) -> None:
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").touch()

    monkeypatch.setattr(bootstrap, "_make", make)
    return tmp_path / ".venv"


class TestTheEnvironment:
    def test_is_marked_when_it_is_whole(self, environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bootstrap, "_install", lambda _: None)
        bootstrap.set_up(environment, "mark")
        assert bootstrap.is_made(environment, "mark")
        assert not bootstrap.is_made(environment, "another mark")
        assert not (environment / UNFINISHED).exists()

    def test_that_failed_leaves_nothing(self, environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_: Path) -> None:
            raise CannotSetUpError("no index")

        monkeypatch.setattr(bootstrap, "_install", fail)
        with pytest.raises(CannotSetUpError):
            bootstrap.set_up(environment, "mark")
        assert not environment.exists()

    def test_whose_making_was_killed_is_made_anew(self, environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "python").touch()
        (environment / "half a package").touch()
        (environment / UNFINISHED).touch()
        monkeypatch.setattr(bootstrap, "_install", lambda _: None)
        bootstrap.set_up(environment, "mark")
        assert not (environment / "half a package").exists()
        assert bootstrap.is_made(environment, "mark")

    def test_that_only_lacks_what_is_new_is_kept(self, environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "python").touch()
        (environment / MARK).write_text("of an older lock")
        (environment / "kept").touch()
        monkeypatch.setattr(bootstrap, "_install", lambda _: None)
        bootstrap.set_up(environment, "mark")
        assert (environment / "kept").exists()


class TestWhatPipSays:
    @pytest.mark.parametrize(
        ("output", "sentence"),
        [
            ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk is full"),
            ("ERROR: No matching distribution found for alembic==1.20.1", "package index"),
            ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "was refused"),
            ("ERROR: something else", "something else"),
        ],
    )
    def test_becomes_one_sentence(self, output: str, sentence: str) -> None:
        with pytest.raises(CannotSetUpError, match=sentence):
            bootstrap._run(["sh", "-c", f"echo '{output}'; exit 1"], lambda _: None)


class TestTheLauncher:
    def city(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(ROOT / "city"), "help"], env=environment, capture_output=True, text=True, check=False
        )

    def test_says_that_python_is_too_old(self, tmp_path: Path) -> None:
        old = tmp_path / "python3"
        old.write_text("#!/bin/sh\nexit 1\n")
        old.chmod(0o755)
        done = self.city(CITY_PYTHON=str(old), PATH="/usr/bin:/bin")
        assert done.returncode == 1
        assert "CITY_PYTHON is not Python 3.11 or newer" in done.stderr

    def test_says_that_python_is_missing(self, tmp_path: Path) -> None:
        for name in ("sh", "dirname"):
            found = next(path for path in (Path("/usr/bin") / name, Path("/bin") / name) if path.exists())
            (tmp_path / name).symlink_to(found)
        done = self.city(PATH=str(tmp_path))
        assert done.returncode == 1
        assert "Python 3.11 or newer is needed" in done.stderr
