"""A city's folders: what it is for, its clock, its gateway's files, and the change of places of a restored one."""

import json
import os
from pathlib import Path

import pytest

from launcher import control, exchange, plan, processes
from launcher.city import ROOT, City, read_json, write_whole
from launcher.exchange import MOVING, NEW, OLD, WHOLE, finish_restore
from launcher.founding import settle_profile
from launcher.refusals import Refusal
from launcher.supervisor import TOLD


class TestWhatItIsFor:
    def test_a_real_one_where_nothing_is_said(self, unbuilt: City) -> None:
        assert unbuilt.profile is None
        assert unbuilt.found(None) == "production"
        assert unbuilt.profile == "production"

    def test_what_was_said_first_stays(self, unbuilt: City) -> None:
        unbuilt.found("demo")
        assert unbuilt.found(None) == "demo"

    def test_a_demo_never_becomes_real(self, unbuilt: City) -> None:
        unbuilt.found("demo")
        with pytest.raises(Refusal, match="founded for demo"):
            settle_profile(unbuilt, "production")

    def test_one_in_which_nothing_happened_yet_may_become_a_demo(self, unbuilt: City) -> None:
        unbuilt.found(None)
        assert settle_profile(unbuilt, "demo") is True
        assert settle_profile(unbuilt, None) is False

    def test_the_clock_of_a_real_one_stands_still(self, unbuilt: City) -> None:
        unbuilt.found(None)
        with pytest.raises(Refusal, match="Only the clock of a demo"):
            unbuilt.move_clock(60)


class TestItsAddress:
    def test_comes_from_the_environment(self, tmp_path: Path) -> None:
        city = City.here({"CITY_STATE": str(tmp_path), "CITY_PORT": "9000"})
        assert city.state == tmp_path.resolve()
        assert city.public_url == "http://127.0.0.1:9000"
        assert city.issuer == "http://127.0.0.1:9000/api/citizen-pass/oidc"

    def test_lies_in_the_work_tree_where_nothing_is_said(self) -> None:
        assert City.here({}).state == ROOT / ".city"

    def test_may_be_a_public_one(self) -> None:
        assert City.here({"CITY_PUBLIC_URL": "https://city.example/"}).issuer.startswith("https://city.example/api/")


class TestARunningCity:
    @pytest.fixture
    def running(self, unbuilt: City) -> City:
        """As if this test were the supervisor of a city at another port."""
        unbuilt.found("demo")
        told = {"pid": os.getpid(), "born": processes.birth(os.getpid()), "address": {"port": 31_000, "public_url": ""}}
        write_whole(unbuilt.state / TOLD, json.dumps(told))
        return unbuilt

    def test_is_found_where_it_runs(self, running: City) -> None:
        found = control.where_it_runs(running, port_given=False)
        assert found.public_url == "http://127.0.0.1:31000"
        assert found.state == running.state

    def test_does_not_move_while_it_runs(self, running: City) -> None:
        with pytest.raises(Refusal, match="runs at port 31000"):
            control.where_it_runs(running, port_given=True)

    def test_that_ended_is_where_it_is_told_to_be(self, running: City) -> None:
        write_whole(running.state / TOLD, json.dumps({"pid": os.getpid(), "born": "another life"}))
        assert control.where_it_runs(running, port_given=False) == running


class TestTheGatewaysFiles:
    def test_have_this_citys_addresses_and_nothing_else_changed(self, unbuilt: City) -> None:
        unbuilt.found(None)
        plan.write_gateway_files(unbuilt)
        ours = (unbuilt.state / "traefik.yml").read_text().splitlines()
        theirs = (ROOT / "gateway" / "traefik.yml").read_text().splitlines()
        changed = [line.strip() for line, other in zip(ours, theirs, strict=True) if line != other]
        assert changed == [
            'address: "127.0.0.1:30000"',
            'address: "127.0.0.1:30081"',
            'address: "127.0.0.1:30082"',
        ]
        assert (unbuilt.run / "dynamic").resolve() == ROOT / "gateway" / "dynamic"

    def test_are_written_again_without_harm(self, unbuilt: City) -> None:
        unbuilt.found(None)
        plan.write_gateway_files(unbuilt)
        plan.write_gateway_files(unbuilt)
        assert (unbuilt.run / "dynamic" / "services.yml").exists()


class TestAFile:
    def test_is_whole_or_as_before(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "told.json"
        write_whole(path, '{"n": 1}')

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_whole(path, '{"n": 2}')
        assert read_json(path) == {"n": 1}
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize("text", ["", "{", "[1]", "\x00"])
    def test_that_is_torn_reads_as_empty(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "torn").write_text(text)
        assert read_json(tmp_path / "torn") == {}


class TestARestoredCity:
    @pytest.fixture
    def waiting(self, unbuilt: City) -> City:
        unbuilt.found("demo")
        for base, word in ((unbuilt.state, "old"), (unbuilt.state / NEW, "new")):
            for part in ("postgres", "secrets"):
                (base / part).mkdir(parents=True, exist_ok=True)
                (base / part / "whose").write_text(word)
            (base / "profile").write_text("demo\n")
            (base / "clock").write_text(word)
        write_whole(unbuilt.state / NEW / WHOLE, "")
        return unbuilt

    def test_takes_the_place_of_the_present_one_which_is_kept(self, waiting: City) -> None:
        assert finish_restore(waiting)
        for part in ("postgres", "secrets"):
            assert (waiting.state / part / "whose").read_text() == "new"
            assert (waiting.state / OLD / part / "whose").read_text() == "old"
        assert waiting.clock.read_text() == "new"
        assert not (waiting.state / NEW).exists()

    def test_that_is_not_whole_is_removed(self, waiting: City) -> None:
        (waiting.state / NEW / WHOLE).unlink()
        assert not finish_restore(waiting)
        assert (waiting.state / "postgres" / "whose").read_text() == "old"
        assert not (waiting.state / NEW).exists()

    @pytest.mark.parametrize("moves", range(1, 8))
    def test_moves_in_wholly_though_the_power_fails(
        self, waiting: City, monkeypatch: pytest.MonkeyPatch, moves: int
    ) -> None:
        done = 0
        rename = Path.rename

        def failing(path: Path, target: Path) -> Path:
            nonlocal done
            done += 1
            if done > moves:
                raise OSError(5, "the power failed")
            return rename(path, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", failing)
            with pytest.raises(OSError, match="the power failed"):
                finish_restore(waiting)
        assert (waiting.state / NEW / MOVING).exists()
        assert finish_restore(waiting)
        for part in ("postgres", "secrets"):
            assert (waiting.state / part / "whose").read_text() == "new"
            assert (waiting.state / OLD / part / "whose").read_text() == "old"
        assert set(exchange.PARTS) <= {path.name for path in waiting.state.iterdir()}
