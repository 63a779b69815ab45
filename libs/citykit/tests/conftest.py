"""The kernel's tests run a small example service of their own, with a role and schema like any other."""

import json
import os
import sys
from pathlib import Path

import psycopg
import pytest

from citykit.testing import service_fixture

sys.path.insert(0, str(Path(__file__).parent / "example" / "src"))

_ROLE = """
do $$ begin
  lock table pg_authid in share row exclusive mode;
  if not exists (select from pg_roles where rolname = 'example') then
    create role example login noinherit;
  end if;
  alter role example password 'throw-away';
  alter role example set search_path = example, public;
end $$;
create schema if not exists example authorization example;
do $$ begin execute format('grant connect, temporary on database %I to example', current_database()); end $$;
"""


@pytest.fixture(scope="session")
def example_role(city_postgres: dict[str, str]) -> None:
    """Give the example service its role and schema in this process's database."""
    addresses = json.loads(os.environ["CITY_TEST_POSTGRES"])
    with psycopg.connect(addresses["admin"]) as connection:
        connection.execute(_ROLE)
    given = addresses["data-hub"].partition("@")[2]
    addresses["example"] = f"postgresql+psycopg://example:throw-away@{given}"
    os.environ["CITY_TEST_POSTGRES"] = json.dumps(addresses)


city = service_fixture("example.main:service", after="example_role")
