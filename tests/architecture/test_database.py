"""The database keeps the house rules by itself: no service reaches another's tables, models and migrations agree."""

import json
import os
import re
from collections.abc import Iterator

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.dialects.postgresql.base import ischema_names

from citykit.database import Box
from citykit.migrate import config_for
from citykit.migrations import KERNEL_TABLES
from citykit.service import load
from citykit.testing import migrated, settings_for

from .tree import ROOT, SERVICES, package_of

ischema_names["box"] = Box  # the catalogue's name for the kernel's column type, which SQLAlchemy does not know

CROSS_SCHEMA_KEYS = """
select conname from pg_constraint c
join pg_class t on t.oid = c.conrelid join pg_class f on f.oid = c.confrelid
where c.contype = 'f' and t.relnamespace <> f.relnamespace
"""
SUB_PARTITIONS = "select relname from pg_class where relkind = 'p' and relispartition"
# PostgreSQL itself refuses a unique index of a partitioned table that lacks the partition key. A partition may have one
# of its own all the same, and that would hold for the rows of one month alone.
UNIQUE_IN_ONE_PARTITION = """
select c.relname from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class t on t.oid = i.indrelid
where (i.indisunique or i.indisexclusion) and t.relispartition and not c.relispartition
"""
# The tables that docs/scaling.md spreads over servers, each by its column; a test below compares both.
DISTRIBUTED = {
    "data_hub.person": "id",
    "data_hub.person_value": "person",
    "data_hub.person_number": "id_number_index",
    "data_hub.person_relation": "person",
    "data_hub.person_disclosure": "person",
    "data_hub.legal_entity": "uscc",
    "data_hub.legal_entity_value": "uscc",
    "data_hub.legal_entity_reader": "uscc",
    "data_hub.registry_change": "subject",
    "data_hub.registry_conflict": "subject",
    "data_hub.registry_dispute": "subject",
    "data_hub.registry_merger": "subject",
    "data_hub.indicator_observation": "series",
    "data_hub.evidence": "stream",
    "data_hub.evidence_head": "stream",
    "data_hub.evidence_seal": "stream",
    "data_hub.credit_record": "uscc",
    "data_hub.credit_repair": "uscc",
    "data_hub.credit_dispute": "uscc",
    "data_hub.credit_delivery": "uscc",
    "data_hub.credit_recall": "uscc",
    "data_hub.credit_rating": "uscc",
    "data_hub.credit_report": "uscc",
    "data_hub.credit_report_place": "uscc",
    "data_hub.geo_feature": "layer",
    "data_hub.geo_name": "layer",
    "data_hub.geo_dispute": "layer",
    "data_hub.geo_follower": "layer",
    "data_hub.geo_notice": "layer",
}
UNIQUE_WITHOUT_COLUMN = """
select i.indexrelid::regclass::text from pg_index i
where i.indrelid = %s::regclass and (i.indisunique or i.indisexclusion)
and not exists (select from pg_attribute a where a.attrelid = i.indrelid and a.attname = %s
  and a.attnum = any (i.indkey::int2[]))
"""
# Those that docs/scaling.md copies to every server: a spread table may refer to them, and nothing else to a spread one.
REFERENCE = tuple(
    f"data_hub.{name}"
    for name in (
        "registry_statement", "registry_source", "registry_deadline", "purpose", "indicator_series",
        "indicator_release", "indicator_artefact", "indicator", "credit_term", "credit_limit", "credit_method",
        "evidence_stamp", "evidence_key", "geo_layer", "geo_edition",
    )
)  # fmt: skip
# How the document names them: "`one`, `two` and `three` by `column`", "`one` and `two` are reference tables".
NAMED = r"((?:`[a-z_]+`(?:, | and )?)+)"
SPREAD_BY = re.compile(NAMED + r" by `([a-z_]+)`")
TABLE = re.compile("`([a-z_]+)`")
COPIED = re.compile(NAMED + r" are reference tables")
FOREIGN_KEYS = """
select conname from pg_constraint where contype = 'f'
and (confrelid = %(table)s::regclass or conrelid = %(table)s::regclass and confrelid <> all (%(copied)s::regclass[]))
"""
# A data set has a table of its own, made while the city works: no model knows it.
DATA_SET = re.compile("data_[0-9a-f]{32}")
SMALL_SEQUENCES = "select sequence_name from information_schema.sequences where data_type in ('integer', 'smallint')"


def path_of(name: str) -> str:
    """How a service is named to the kernel's tools."""
    return f"{package_of(name)}.main:service"


@pytest.fixture(scope="module")
def admin(city_postgres: dict[str, str]) -> Iterator[psycopg.Connection]:
    """The superuser's connection to a database that all five services have migrated."""
    for name in SERVICES:
        migrated(path_of(name))
    with psycopg.connect(json.loads(os.environ["CITY_TEST_POSTGRES"])["admin"], autocommit=True) as connection:
        yield connection


class TestSchemas:
    @pytest.mark.parametrize("reader", SERVICES)
    def test_a_service_cannot_read_anothers_tables(self, admin: psycopg.Connection, reader: str) -> None:
        address = json.loads(os.environ["CITY_TEST_POSTGRES"])[reader].replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("select count(*) from event_log")
            for other in SERVICES:
                if other != reader:
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        connection.execute(f"select count(*) from {package_of(other)}.event_log")

    @pytest.mark.parametrize("writer", SERVICES)
    def test_a_service_cannot_make_anything_elsewhere(self, admin: psycopg.Connection, writer: str) -> None:
        address = json.loads(os.environ["CITY_TEST_POSTGRES"])[writer].replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(address, autocommit=True) as connection:
            for schema in ("public", *(package_of(other) for other in SERVICES if other != writer)):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"create table {schema}.intruder (id int)")


class TestReadyForCitus:
    """What keeps a schema fit for schema-based sharding, asked of the catalogue."""

    @pytest.mark.parametrize("question", [CROSS_SCHEMA_KEYS, SUB_PARTITIONS, UNIQUE_IN_ONE_PARTITION])
    def test_the_catalogue_finds_nothing(self, admin: psycopg.Connection, question: str) -> None:
        assert admin.execute(question).fetchall() == []

    def test_the_guard_finds_a_fault_of_each_kind(self, admin: psycopg.Connection) -> None:
        with admin.transaction(force_rollback=True):
            admin.execute("create schema one; create schema two; create table one.a (id int primary key)")
            admin.execute("create table two.b (a int constraint crossing references one.a)")
            admin.execute("create table one.p (k int, d int) partition by range (k)")
            admin.execute("create table one.q partition of one.p for values from (0) to (9) partition by range (d)")
            admin.execute("create table one.r (k int, d int) partition by range (k)")
            admin.execute("create table one.s partition of one.r for values from (0) to (9)")
            admin.execute("create unique index whole on one.r (k, d); create unique index alone on one.s (d)")
            assert admin.execute(CROSS_SCHEMA_KEYS).fetchall() == [("crossing",)]
            assert admin.execute(SUB_PARTITIONS).fetchall() == [("q",)]
            assert admin.execute(UNIQUE_IN_ONE_PARTITION).fetchall() == [("alone",)]
            assert admin.execute(FOREIGN_KEYS, {"table": "two.b", "copied": []}).fetchall() == [("crossing",)]
            assert admin.execute(FOREIGN_KEYS, {"table": "one.a", "copied": []}).fetchall() == [("crossing",)]
            assert admin.execute(FOREIGN_KEYS, {"table": "two.b", "copied": ["one.a"]}).fetchall() == []

    @pytest.mark.parametrize(("table", "column"), DISTRIBUTED.items())
    def test_the_distribution_column_stands_in_every_unique_key(
        self, admin: psycopg.Connection, table: str, column: str
    ) -> None:
        assert admin.execute(UNIQUE_WITHOUT_COLUMN, (table, column)).fetchall() == []
        assert admin.execute(UNIQUE_WITHOUT_COLUMN, (table, "no-column")).fetchall() != []  # the question finds faults
        assert admin.execute(FOREIGN_KEYS, {"table": table, "copied": list(REFERENCE)}).fetchall() == []

    def test_the_document_and_this_test_know_the_same_tables(self, admin: psycopg.Connection) -> None:
        told = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
        spread = [(table, column) for names, column in SPREAD_BY.findall(told) for table in TABLE.findall(names)]
        copied = [table for names in COPIED.findall(told) for table in TABLE.findall(names)]
        assert sorted((f"data_hub.{table}", column) for table, column in spread) == sorted(DISTRIBUTED.items())
        assert sorted(f"data_hub.{table}" for table in copied) == sorted(REFERENCE)
        for table in (*DISTRIBUTED, *REFERENCE):
            assert admin.execute("select to_regclass(%s)", (table,)).fetchone() != (None,), table

    def test_no_key_comes_from_a_small_sequence(self, admin: psycopg.Connection) -> None:
        assert admin.execute(SMALL_SEQUENCES).fetchall() == []


@pytest.mark.parametrize("name", SERVICES)
class TestMigrations:
    def test_the_newest_revision_stands_in_head(self, admin: psycopg.Connection, name: str) -> None:
        service = load(path_of(name))
        script = ScriptDirectory.from_config(config_for(service, settings_for(service)))
        head = (ROOT / "services" / name / "migrations" / "HEAD").read_text(encoding="utf-8").strip()
        assert script.get_heads() == [head]
        version = admin.execute(f"select version_num from {package_of(name)}.alembic_version").fetchall()
        assert version == [(head,)]

    def test_files_are_named_by_their_revision(self, admin: psycopg.Connection, name: str) -> None:
        service = load(path_of(name))
        script = ScriptDirectory.from_config(config_for(service, settings_for(service)))
        for revision in script.walk_revisions():
            assert revision.path.endswith(f"/{revision.revision}.py")

    def test_models_equal_the_migrated_schema(self, admin: psycopg.Connection, name: str) -> None:
        service = load(path_of(name))
        engine = create_engine(settings_for(service).database_url)
        with engine.connect() as connection:
            rows = connection.execute(
                text(
                    "select relname from pg_class"
                    " where relispartition and relnamespace = current_schema()::regnamespace"
                )
            )
            foreign = KERNEL_TABLES | {row.relname for row in rows}

            def ours(entry: str | None, kind: str, _: object) -> bool:
                named = entry or ""
                made = named in foreign or named.startswith("procrastinate_") or DATA_SET.fullmatch(named)
                return kind != "table" or not made

            options = {"compare_type": True, "include_name": ours}
            difference = compare_metadata(MigrationContext.configure(connection, opts=options), service.metadata)
        engine.dispose()
        # An index that only the migration names (on an expression, say) is no difference that a model could tell.
        assert [change for change in difference if change[0] != "remove_index"] == []
