-- The database of the city: one role and one schema per service, and no way from one to another.
--
-- Run by the superuser inside the database itself, by the launcher and by the container image alike, as often as
-- wanted. Passwords come as session settings `city.<role>_password`, so that they stand in no file and no argument.
-- Extensions live in `public`, which every role may read and nobody but the superuser may write.

create extension if not exists btree_gist schema public;
create extension if not exists pg_trgm schema public;

revoke create on schema public from public;

do $$
declare
  service text;
  given text;
begin
  -- Two databases of one cluster may be made at once (tests do). Roles belong to the cluster, so that only the lock of
  -- a shared catalogue keeps two of these apart; advisory locks end at the database.
  lock table pg_authid in share row exclusive mode;
  execute format('revoke all on database %I from public', current_database());
  foreach service in array array['data_hub', 'gov_collab', 'city_ops', 'enterprise', 'citizen_pass']
  loop
    if not exists (select from pg_roles where rolname = service) then
      execute format('create role %I login nosuperuser nocreatedb nocreaterole noinherit noreplication', service);
    end if;
    given := current_setting('city.' || service || '_password', true);
    if given is not null and given <> '' then
      execute format('alter role %I password %L', service, given);
    end if;
    execute format('alter role %I set search_path = %I, public', service, service);
    execute format('grant connect, temporary on database %I to %I', current_database(), service);
    execute format('create schema if not exists %I authorization %I', service, service);
    execute format('revoke all on schema %I from public', service);
  end loop;
end
$$;
