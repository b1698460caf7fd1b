-- The database and the three roles of Elinkages. Run as a superuser with psql, as often as you like:
--   psql -v ON_ERROR_STOP=1 -v database=elinkages -v owner_password=… -v app_password=… -f roles.sql
-- The owner migrates, the app serves and owns nothing, the portal role reads one partner's rows and
-- is only ever entered with SET ROLE.

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['elinkages_owner', 'elinkages_app', 'elinkages_portal']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE elinkages_owner WITH LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE PASSWORD :'owner_password';
ALTER ROLE elinkages_app WITH LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'app_password';
ALTER ROLE elinkages_portal WITH NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
GRANT elinkages_portal TO elinkages_app WITH INHERIT FALSE, SET TRUE;

ALTER ROLE elinkages_app SET lock_timeout = '10s';
ALTER ROLE elinkages_app SET statement_timeout = '60s';
ALTER ROLE elinkages_app SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE elinkages_owner SET lock_timeout = '10s';

SELECT format('CREATE DATABASE %I OWNER elinkages_owner', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec

REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO elinkages_owner, elinkages_app;

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
