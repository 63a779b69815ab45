"""The embedded cluster, for real: made and started below a closed folder, killed, started again, kept apart by role."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from launcher import postgres, processes
from launcher.postgres import SOCKET_NAME, SUPERUSER, THROWAWAY, Cluster, halt, socket_folder
from launcher.provision import SERVICES, give_roles, make_database, role_of, service_url


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder that only its owner may enter, with room below for a socket's address."""
    with tempfile.TemporaryDirectory(prefix="closed-") as name:
        Path(name).chmod(0o700)
        yield Path(name)


class TestTheSocketsFolder:
    def test_stays_where_it_is_wanted_while_short(self) -> None:
        assert socket_folder(Path("/state/run")) == Path("/state/run")

    def test_moves_to_a_short_one_where_the_address_would_be_too_long(self) -> None:
        wanted = Path("/") / ("深" * 40) / "run"
        found = socket_folder(wanted)
        assert len(os.fsencode(found / SOCKET_NAME)) <= 107
        assert found == socket_folder(wanted)

    def test_two_cities_get_two_folders(self) -> None:
        long = Path("/" + "a" * 120)
        assert socket_folder(long / "one") != socket_folder(long / "two")


class TestACluster:
    def start(self, cluster: Cluster, folder: Path) -> "subprocess.Popen[bytes]":
        with (folder / "log").open("ab") as log:
            server = cluster.start(log)
        cluster.wait(server, "geheim")
        return server

    def test_lives_below_a_closed_folder_and_comes_back_after_a_kill(self, closed_folder: Path) -> None:
        cluster = Cluster(closed_folder / "pg" / "data", closed_folder / "s", {"fsync": "off"})
        cluster.initialise("geheim")
        server = self.start(cluster, closed_folder)
        try:
            assert closed_folder.stat().st_mode & 0o777 == 0o700
            if os.geteuid() == 0:
                assert cluster.data.stat().st_uid == postgres.owner().uid  # type: ignore[union-attr]
            with psycopg.connect(cluster.conninfo(SUPERUSER, "geheim", "postgres")) as connection:
                connection.execute("create table kept as select 1 as one")
            os.kill(server.pid, signal.SIGKILL)
            server.wait()
            assert (cluster.data / "postmaster.pid").exists()
            server = self.start(cluster, closed_folder)
            with psycopg.connect(cluster.conninfo(SUPERUSER, "geheim", "postgres")) as connection:
                assert connection.execute("select one from kept").fetchone() == (1,)
        finally:
            assert halt(server.pid)
            server.wait()

    def test_a_recycled_process_id_does_not_stop_the_start(self, closed_folder: Path) -> None:
        cluster = Cluster(closed_folder / "data", closed_folder / "s", THROWAWAY)
        cluster.initialise("geheim")
        # This very process stands where an earlier server's id was written.
        (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n0\n5432\n{cluster.sockets}\n\n")
        server = self.start(cluster, closed_folder)
        assert processes.birth(os.getpid())
        assert halt(server.pid)
        server.wait()

    def test_half_a_cluster_is_made_anew(self, closed_folder: Path) -> None:
        (closed_folder / "data.new").mkdir()
        (closed_folder / "data.new" / "rest").write_text("of an interrupted start")
        cluster = Cluster(closed_folder / "data", closed_folder / "s", THROWAWAY)
        cluster.initialise("geheim")
        assert cluster.exists
        assert not (closed_folder / "data.new").exists()
        assert not (closed_folder / "s" / "first-password").exists()


class TestTheRoles:
    def connect(self, address: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(address.replace("postgresql+psycopg://", "postgresql://"))

    @pytest.mark.parametrize("service", SERVICES)
    def test_each_works_in_its_own_schema(self, city_postgres: dict[str, str], service: str) -> None:
        with self.connect(city_postgres[service]) as connection:
            connection.execute("create table own (id int, text text)")
            connection.execute("create index on own using gin (text gin_trgm_ops)")
            found = connection.execute("select schemaname::text from pg_tables where tablename = 'own'").fetchall()
            connection.rollback()
        assert found == [(role_of(service),)]

    @pytest.mark.parametrize("statement", ["select * from gov_collab.secret", "create table gov_collab.x (id int)"])
    def test_none_reaches_the_schema_of_another(self, city_postgres: dict[str, str], statement: str) -> None:
        with self.connect(city_postgres["gov-collab"]) as own:
            own.execute("create table if not exists secret (id int)")
        with (
            self.connect(city_postgres["city-ops"]) as other,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            other.execute(statement)
        with self.connect(city_postgres["gov-collab"]) as own:
            own.execute("drop table secret")

    def test_none_writes_into_public(self, city_postgres: dict[str, str]) -> None:
        with (
            self.connect(city_postgres["enterprise"]) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("create table public.x (id int)")

    def test_the_roles_can_be_given_twice(self, city_postgres: dict[str, str]) -> None:
        give_roles(city_postgres["admin"], {})
        assert make_database(city_postgres["admin"], "postgres") is False

    def test_the_address_is_sqlalchemys(self) -> None:
        assert service_url("postgresql://a:b@/c") == "postgresql+psycopg://a:b@/c"
