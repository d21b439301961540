-- A role that can read exactly what rosterpack reads from an Ed-Fi ODS on PostgreSQL, and change nothing.
-- Generated from the staging contract; the list of tables covers data standards 4.0 to 6.1.
--
-- Run it with psql in the ODS database, as the owner of its tables (or a superuser):
--
--     psql -d EdFi_Ods_2025 -v reader=rosterpack_reader -f reader.sql
--
-- Without -v the role is called rosterpack_reader. Then let it log in: \password rosterpack_reader, or a
-- client certificate in pg_hba.conf. Running the script again is harmless, and is needed for every further
-- ODS and after an upgrade that brings new tables.
--
-- Before PostgreSQL 15 every role may create tables in schema public, until the owner runs
--     REVOKE CREATE ON SCHEMA public FROM PUBLIC;

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
REVOKE ALL ON ALL TABLES IN SCHEMA edfi FROM :"reader";
REVOKE ALL ON SCHEMA edfi FROM :"reader";
GRANT USAGE ON SCHEMA edfi TO :"reader";

SELECT format('GRANT SELECT ON TABLE edfi.%I TO %I', c.relname, :'reader')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'edfi' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname IN (
    'calendardatecalendarevent',
    'contact',
    'contactelectronicmail',
    'contacttelephone',
    'course',
    'courseacademicsubject',
    'courseofferedgradelevel',
    'courseoffering',
    'descriptor',
    'educationorganization',
    'educationorganizationaddress',
    'educationorganizationidentificationcode',
    'generalstudentprogramassociation',
    'grade',
    'gradebookentry',
    'gradingperiod',
    'localeducationagency',
    'parent',
    'parentelectronicmail',
    'parenttelephone',
    'school',
    'schoolcategory',
    'section',
    'sectionclassperiod',
    'sectionofferedgradelevel',
    'session',
    'sessiongradingperiod',
    'staff',
    'staffdirectoryelectronicmail',
    'staffeducationorganizationassignmentassociation',
    'staffeducationorganizationcontactassociation',
    'staffelectronicmail',
    'staffidentificationcode',
    'staffschoolassociation',
    'staffsectionassociation',
    'stateeducationagency',
    'student',
    'studentcontactassociation',
    'studentdemographic',
    'studentdemographicrace',
    'studentdemographicstudentcharacteristic',
    'studentdirectoryelectronicmail',
    'studenteducationorganizationassociation',
    'studenteducationorganizationassociationelectronicmail',
    'studenteducationorganizationassociationrace',
    'studenteducationorganizationassociationstudentcharacteristic',
    'studenteducationorganizationassociationstudentidentifica_c15030',
    'studenteducationorganizationassociationstudentindicator',
    'studentgradebookentry',
    'studentidentificationcode',
    'studentparentassociation',
    'studentschoolassociation',
    'studentsectionassociation'
)
ORDER BY c.relname \gexec

-- The functions by which an ODS states its data standard and suite, where it has them.
SELECT format('GRANT USAGE ON SCHEMA util TO %I', :'reader')
WHERE EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'util') \gexec

SELECT format('GRANT EXECUTE ON FUNCTION util.%I() TO %I', p.proname, :'reader')
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'util' AND p.pronargs = 0 AND p.proname IN ('getedfistandardversion', 'getedfiodsversion')
ORDER BY p.proname \gexec

COMMIT;
