-- The database and the four roles of Elinkages. Run as a superuser with psql, as often as you like:
--   psql -v ON_ERROR_STOP=1 -v database=elinkages -v owner_password=… -v app_password=… -v backup_password=… -f roles.sql
-- The owner migrates, the app serves and owns nothing, the portal role reads one partner's rows and
-- is only ever entered with SET ROLE. The backup role reads everything, writes nothing, and no server logs in as it.

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['elinkages_owner', 'elinkages_app', 'elinkages_portal', 'elinkages_backup']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE elinkages_owner WITH LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE PASSWORD :'owner_password';
ALTER ROLE elinkages_app WITH LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'app_password';
ALTER ROLE elinkages_portal WITH NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
ALTER ROLE elinkages_backup WITH LOGIN NOSUPERUSER BYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'backup_password';
GRANT pg_read_all_data TO elinkages_backup;
GRANT elinkages_portal TO elinkages_app WITH INHERIT FALSE, SET TRUE;

ALTER ROLE elinkages_app SET lock_timeout = '10s';
ALTER ROLE elinkages_app SET statement_timeout = '60s';
ALTER ROLE elinkages_app SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE elinkages_owner SET lock_timeout = '10s';
ALTER ROLE elinkages_backup SET default_transaction_read_only = on;
ALTER ROLE elinkages_backup SET lock_timeout = '60s';

SELECT format('CREATE DATABASE %I OWNER elinkages_owner', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec

REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO elinkages_owner, elinkages_app;
GRANT CONNECT ON DATABASE :"database" TO elinkages_backup;

\connect :"database"

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO elinkages_owner;
GRANT USAGE ON SCHEMA public TO elinkages_app, elinkages_portal;
ALTER DEFAULT PRIVILEGES FOR ROLE elinkages_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO elinkages_app;
ALTER DEFAULT PRIVILEGES FOR ROLE elinkages_owner IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO elinkages_app;

SELECT 'CREATE EXTENSION IF NOT EXISTS btree_gist'
WHERE EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gist') \gexec
