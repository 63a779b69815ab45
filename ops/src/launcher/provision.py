"""A database for the city: made once, with the roles and schemas of `ops/postgres/roles.sql`."""

from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

SERVICES = ("data-hub", "gov-collab", "city-ops", "enterprise", "citizen-pass")
ROLES = Path(__file__).resolve().parents[2] / "postgres" / "roles.sql"


def role_of(service: str) -> str:
    """The name of a service's role, which is the name of its schema and of its package too."""
    return service.replace("-", "_")


def service_url(conninfo: str) -> str:
    """The address as SQLAlchemy wants it, from libpq's form."""
    return conninfo.replace("postgresql://", "postgresql+psycopg://", 1)


def make_database(server: str, name: str) -> bool:
    """Make the database `name` where there is none; `server` is the superuser's address of any other database."""
    with psycopg.connect(server, autocommit=True) as connection:
        if connection.execute("select from pg_database where datname = %s", (name,)).fetchone():
            return False
        try:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            return False
        return True


def give_roles(database: str, passwords: Mapping[str, str]) -> None:
    """Run `roles.sql` in the database at `database` (superuser); `passwords` by service."""
    with psycopg.connect(database) as connection:
        for service, password in passwords.items():
            connection.execute("select set_config(%s, %s, false)", (f"city.{role_of(service)}_password", password))
        connection.execute(ROLES.read_bytes())


def drop_database(server: str, name: str) -> None:
    """Remove the database `name`, whoever is connected to it."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
