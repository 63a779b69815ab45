-- The city's database with its roles and schemas and the passwords of today. Run at every start by the job `roles`.
\set ON_ERROR_STOP on
select 'create database city' where not exists (select from pg_database where datname = 'city') \gexec
\connect city
\set data_hub `cat /run/secrets/postgres/data_hub_password`
\set gov_collab `cat /run/secrets/postgres/gov_collab_password`
\set city_ops `cat /run/secrets/postgres/city_ops_password`
\set enterprise `cat /run/secrets/postgres/enterprise_password`
\set citizen_pass `cat /run/secrets/postgres/citizen_pass_password`
select set_config('city.data_hub_password', :'data_hub', false),
       set_config('city.gov_collab_password', :'gov_collab', false),
       set_config('city.city_ops_password', :'city_ops', false),
       set_config('city.enterprise_password', :'enterprise', false),
       set_config('city.citizen_pass_password', :'citizen_pass', false) \g /dev/null
set client_min_messages = warning;
\i /city/roles.sql
