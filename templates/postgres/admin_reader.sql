-- A role that can read from EdFi_Admin on PostgreSQL what rosterpack reads there, and nothing else: which ODS instances there
-- are, with their contexts and derivatives. The keys and secrets of API clients stay out of its reach.
--
-- Run it with psql in the admin database, as the owner of its tables (or a superuser):
--
--     psql -d EdFi_Admin -v reader=rosterpack_reader -f admin_reader.sql
--
-- Without -v the role is called rosterpack_reader. Then let it log in: \password rosterpack_reader, or a client
-- certificate in pg_hba.conf. Running the script again is harmless.

\set ON_ERROR_STOP on
\if :{?reader}
\else
    \set reader rosterpack_reader
\endif

BEGIN;

SELECT format('CREATE ROLE %I LOGIN NOINHERIT', :'reader')
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = :'reader') \gexec

ALTER ROLE :"reader" SET default_transaction_read_only = on;
GRANT CONNECT ON DATABASE :"DBNAME" TO :"reader";

-- Exactly these tables: whatever the role was granted before is taken back first.
REVOKE ALL ON ALL TABLES IN SCHEMA dbo FROM :"reader";
REVOKE ALL ON SCHEMA dbo FROM :"reader";
GRANT USAGE ON SCHEMA dbo TO :"reader";

SELECT format('GRANT SELECT ON TABLE dbo.%I TO %I', c.relname, :'reader')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'dbo' AND c.relkind IN ('r', 'p', 'v') AND c.relname IN (
    'odsinstances',
    'odsinstancecontexts',
    'odsinstancecontext',
    'odsinstancederivatives',
    'odsinstancederivative'
) \gexec

COMMIT;
