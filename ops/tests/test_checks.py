"""How `./city test` calls pytest."""

import subprocess

import pytest

from launcher import checks


@pytest.mark.parametrize("arguments", [["-n", "0"], ["-n0"], ["--numprocesses=3", "services"]])
def test_a_chosen_number_of_processes_is_kept(arguments: list[str]) -> None:
    assert checks.command(arguments)[3:] == arguments


def test_otherwise_each_core_has_one_and_a_file_stays_together() -> None:
    words = checks.command(["ops"])
    assert words[3] == "-n"
    assert int(words[4]) >= 1
    assert words[5:] == ["--dist", "loadgroup", "ops"]


def test_the_citys_own_address_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def run(_: list[str], **told: object) -> "subprocess.CompletedProcess[str]":
        seen.update(told)
        return subprocess.CompletedProcess([], 5)

    monkeypatch.setenv("CITY_STATE", "/somewhere")
    monkeypatch.setattr(subprocess, "run", run)
    assert checks.run(["--containers"]) == 5
    environment = seen["env"]
    assert isinstance(environment, dict)
    assert environment[checks.CONTAINERS] == "1"
    assert "CITY_STATE" not in environment
