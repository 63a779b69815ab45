"""What a city is for is settled once: a real one never turns into a stage, nor a stage into a real one."""

from pathlib import Path

import psycopg
from psycopg import sql

from launcher.city import SERVICES, City
from launcher.postgres import serving
from launcher.provision import role_of
from launcher.refusals import Refusal


def settle_profile(city: City, wanted: str | None) -> bool:
    """Check that the city may be `wanted`; True where it has to stop first, because it changes before its first act.

    A city in which nothing has happened yet may still become a demo. Raises Refusal where it is too late.
    """
    kept = city.profile
    if not kept or not wanted or kept == wanted:
        return False
    if kept == "production" and untouched(city):
        return True
    raise Refusal(
        f"此城市以 {kept} 建立,不能改为 {wanted};请用 CITY_STATE 另建一座,或先 ./city reset",
        f"This city was founded for {kept} and never turns into {wanted}: found another one with CITY_STATE",
    )


def untouched(city: City) -> bool:
    """Whether no service has recorded an event or an act yet."""
    if not city.cluster.exists:
        return True
    log = Path(city.logs / "database.log")
    with (
        serving(city.cluster, city.secret("postgres", "superuser_password"), log),
        psycopg.connect(city.admin_conninfo("postgres")) as server,
    ):
        if not server.execute("select from pg_database where datname = 'city'").fetchone():
            return True
        with psycopg.connect(city.admin_conninfo()) as connection:
            return not any(_has_rows(connection, role_of(service)) for service in SERVICES)


def _has_rows(connection: psycopg.Connection, schema: str) -> bool:
    for table in ("event_log", "audit_entry"):
        name = sql.Identifier(schema, table)
        there = connection.execute("select to_regclass(%s)", (f"{schema}.{table}",)).fetchone()
        if there and there[0] and connection.execute(sql.SQL("select from {} limit 1").format(name)).fetchone():
            return True
    return False
