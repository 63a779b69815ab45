-- The database's first start in a container: the city's roles and schemas, with the passwords of this city.
-- Runs again without harm, to take a changed password or roles.sql over:
--   docker-compose exec postgres psql -U postgres -d city -f /docker-entrypoint-initdb.d/10-make-roles.sql
\set ON_ERROR_STOP on
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
\i /city/roles.sql
