"""Migrations of a service's schema: the environment that alembic runs in, and the kernel's own tables.

A service's `migrations/env.py` is two lines: `from citykit.migrations import run` and `run()`.
"""

from typing import Any

from alembic import context, op
from procrastinate.schema import SchemaManager
from sqlalchemy import create_engine, text

KERNEL_TABLES = frozenset(
    {"event_log", "inbox", "idempotency_key", "personal_access", "audit_entry", "audit_head", "kept_document"}
)
# Alembic's own column holds 32 characters; a dated name that says something is longer.
_VERSIONS = (
    "create table if not exists alembic_version"
    " (version_num varchar(128) not null constraint alembic_version_pkc primary key)"
)
_KERNEL_0001 = """
create table event_log (
  id uuid primary key, type text not null, subject text not null, at timestamptz not null, data jsonb not null,
  traceparent text
);
create index ix_event_log_subject on event_log (subject, id);

create table inbox (
  source text not null, event_id uuid not null, type text not null, subject text, received_at timestamptz not null,
  primary key (source, event_id)
);

create table idempotency_key (
  owner text not null, key text not null, fingerprint bytea not null, answer jsonb, at timestamptz not null,
  primary key (owner, key)
);
create index ix_idempotency_key_at on idempotency_key (at);

create table personal_access (
  id uuid primary key, person text not null, at timestamptz not null, actor text not null, actor_name text,
  organisation text, on_behalf_of text, action text not null, fields text[] not null, purpose text not null,
  legal_basis text
);
create index ix_personal_access_person on personal_access (person, at desc, id desc);

-- Public documents of neighbours (the issuer's keys), for the time when they are down and this process is new.
create table kept_document (name text primary key, document jsonb not null, at timestamptz not null);

create table audit_head (stream text primary key, seq bigint not null, hash bytea not null);
create table audit_entry (
  id uuid primary key, stream text not null, seq bigint not null, at timestamptz not null, actor text not null,
  act text not null, entry text not null, hash bytea not null, unique (stream, seq)
);
create function refuse_change() returns trigger language plpgsql as $$
begin raise exception '% is append-only', tg_table_name using errcode = '42501'; end $$;
create trigger audit_entry_stays before update or delete on audit_entry
  for each row execute function refuse_change();
create trigger audit_entry_is_not_emptied before truncate on audit_entry execute function refuse_change();
create trigger personal_access_stays before update or delete on personal_access
  for each row execute function refuse_change();
create trigger personal_access_is_not_emptied before truncate on personal_access execute function refuse_change();
"""


def kernel_0001() -> None:
    """Create the kernel's tables and the job queue's: the first lines of every service's first migration."""
    op.execute(_KERNEL_0001)
    op.execute(text(SchemaManager.get_schema().replace(":", "\\:")))


def kernel_0002() -> None:
    """Let a line of the access log keep the words by which a person reads it, beside its codes; old lines have none."""
    op.execute("alter table personal_access add column words jsonb")


def _ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether a reflected thing belongs to the service's own models."""
    return not (kind == "table" and name is not None and (name in KERNEL_TABLES or name.startswith("procrastinate_")))


def run() -> None:
    """Run the migrations, one transaction each, one process at a time, never waiting long for a lock."""
    config = context.config
    url = config.attributes.get("database_url")
    if context.is_offline_mode():
        context.configure(
            dialect_name="postgresql", target_metadata=config.attributes["metadata"], transaction_per_migration=True,
            literal_binds=True,
        )  # fmt: skip
        with context.begin_transaction():
            context.run_migrations()
        return
    assert url is not None
    engine = create_engine(url, connect_args={"options": "-c lock_timeout=4000 -c timezone=UTC"})
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(hashtext(current_schema() || '/migrations'))"))
        connection.execute(text(_VERSIONS))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=config.attributes["metadata"],
            transaction_per_migration=True,
            include_name=_ours,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("select pg_advisory_unlock(hashtext(current_schema() || '/migrations'))"))
        connection.commit()
    engine.dispose()
