"""What docker-compose.yml and the Dockerfiles say, read without an engine."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from launcher.provision import SERVICES, role_of

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


class TestCompose:
    def test_services_workers_and_migrations(self) -> None:
        expected = {"postgres", "roles", "gateway"}
        expected |= {f"{service}{part}" for service in SERVICES for part in ("", "-worker", "-migration")}
        assert COMPOSE["services"].keys() == expected

    @pytest.mark.parametrize("name", COMPOSE["services"])
    def test_every_container_is_closed(self, name: str) -> None:
        service = COMPOSE["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert {"cpus", "memory", "pids"} <= service["deploy"]["resources"]["limits"].keys()
        assert ("ports" in service) == (name == "gateway")
        assert "privileged" not in service
        assert "container_name" not in service
        job = name == "roles" or name.endswith("-migration")
        assert service["restart"] == ("no" if job else "unless-stopped")
        assert ("healthcheck" in service) is not job

    def test_no_secret_is_a_variable(self) -> None:
        for name, service in COMPOSE["services"].items():
            for variable, value in service.get("environment", {}).items():
                assert "://" not in str(value) or "@" not in str(value), (name, variable)
                assert not re.search("PASSWORD$|SECRET$|_KEY$", variable), (name, variable)

    def test_a_service_sees_its_own_secrets_only(self) -> None:
        for service in SERVICES:
            for part in ("", "-worker", "-migration"):
                assert COMPOSE["services"][f"{service}{part}"]["secrets"] == [service]


class TestDockerfiles:
    def test_five_files_differ_in_their_names_only(self) -> None:
        told = set()
        for service in SERVICES:
            text = (ROOT / "services" / service / "Dockerfile").read_text().partition("\n")[2]
            told.add(text.replace(service, "NAME").replace(role_of(service), "NAME"))
        assert len(told) == 1

    def test_no_image_runs_as_root(self) -> None:
        for service in SERVICES:
            text = (ROOT / "services" / service / "Dockerfile").read_text()
            assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001:10001"]

    def test_where_packages_come_from_is_not_written_down(self) -> None:
        for file in [*ROOT.glob("services/*/Dockerfile"), ROOT / "docker-compose.yml", ROOT / ".dockerignore"]:
            addresses = re.findall(r"https?://(.*?)[:/\s]", file.read_text())
            assert set(addresses) <= {"127.0.0.1", "gateway"} | {
                f"${{COMPOSE_PROJECT_NAME}}-{service}-#" for service in SERVICES
            }


class TestSecrets:
    def test_made_once_readable_inside_and_closed_outside(self, tmp_path: Path) -> None:
        command = [sys.executable, str(ROOT / "ops" / "containers" / "make_secrets.py"), str(tmp_path)]
        subprocess.run(command, check=True, capture_output=True)
        first = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
        subprocess.run(command, check=True, capture_output=True)
        assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == first
        secrets = tmp_path / "secrets"
        assert secrets.stat().st_mode & 0o777 == 0o700
        for service in SERVICES:
            password = (secrets / service / "database_password").read_text().strip()
            assert f"password={password}\n" in (secrets / service / "pg_service.conf").read_text()
            assert (secrets / "postgres" / f"{role_of(service)}_password").read_text().strip() == password
            assert {path.stat().st_mode & 0o777 for path in (secrets / service).iterdir()} == {0o644}
        assert not (secrets / "citizen-pass" / "sample_password").exists()
