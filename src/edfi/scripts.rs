//! SQL that is generated from the staging contract.
//!
//! In: [`TABLES`](super::contract::TABLES) and the differences of the [`STANDARDS`]. Out: the text of
//! `templates/postgres/reader.sql` and `templates/sqlserver/extract.sql`. A test compares the shipped files
//! with what is generated here (`BLESS=1` rewrites them), so that neither can drift from what is read.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::Kind;
use super::{FULL_NAMES, STANDARDS, contract};

/// Lower-case physical names of all tables that are read from an ODS of any data standard, as PostgreSQL
/// truncates them.
pub fn physical_tables() -> BTreeSet<&'static str> {
    columns_by_table().into_keys().collect()
}

/// Columns that are read, by physical table, over all data standards; each in contract order.
fn columns_by_table() -> BTreeMap<&'static str, Vec<(&'static str, Kind)>> {
    let mut tables: BTreeMap<&'static str, Vec<(&'static str, Kind)>> = BTreeMap::new();
    for standard in STANDARDS {
        for table in contract::TABLES {
            let (physical, names) = standard.spelling(table);
            let columns = tables.entry(physical).or_default();
            for (name, column) in names.into_iter().zip(table.columns) {
                if !columns.iter().any(|(known, _)| *known == name) {
                    columns.push((name, column.kind));
                }
            }
        }
    }
    tables
}

/// `templates/postgres/reader.sql`: a role that can read exactly the tables of the contract.
pub fn reader_sql() -> String {
    let names: Vec<String> = physical_tables().into_iter().map(|name| format!("    '{name}'")).collect();
    READER.replace("{tables}", &names.join(",\n"))
}

/// `templates/sqlserver/extract.sql`: the same tables of a SQL Server ODS as CSV extracts.
pub fn extract_sql() -> String {
    let mut rows = Vec::new();
    for (table, columns) in columns_by_table() {
        let full = FULL_NAMES.iter().find(|(short, _)| *short == table).map_or(table, |(_, full)| full);
        for (index, (column, kind)) in columns.into_iter().enumerate() {
            let kind = match kind {
                Kind::Int => 'I',
                Kind::Text => 'T',
                Kind::Date => 'D',
                Kind::Bool => 'B',
            };
            rows.push(format!("    (N'{full}', {index}, N'{column}', '{kind}')"));
        }
    }
    // SQL Server takes at most 1000 rows in one VALUES list.
    let inserts: Vec<String> =
        rows.chunks(500).map(|rows| format!("INSERT INTO #wanted VALUES\n{};\n", rows.join(",\n"))).collect();
    EXTRACT.replace("{wanted}", inserts.concat().trim_end())
}

const READER: &str = r#"-- A role that can read exactly what rosterpack reads from an Ed-Fi ODS on PostgreSQL, and change nothing.
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
{tables}
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
"#;

const EXTRACT: &str = r#"-- Writes the tables that rosterpack reads from an Ed-Fi ODS on SQL Server (2016 or later) as CSV extracts.
-- Generated from the staging contract; it covers data standards 4.0 to 6.1. Run it with sqlcmd:
--
--     sqlcmd -S server -d EdFi_Ods_2025 -E -b -I -r 1 -h -1 -W -w 65535 -f 65001 -v OUT="C:\extracts" -i extract.sql
--
--   -v OUT    an existing, empty folder without blanks in its name and without a separator at its end
--   -b        ends at the first error; when the exit code is not 0, discard the whole folder
--   -r 1      keeps messages out of the files          -h -1      no column headings: the lines below have their own
--   -W -w     no padding, and no line breaks            -f 65001   files in UTF-8
--   -I        quoted identifiers                        -E         or -U user, with the password in SQLCMDPASSWORD
--
-- All files show one moment by snapshot isolation. The database must allow it, once:
--     ALTER DATABASE [EdFi_Ods_2025] SET ALLOW_SNAPSHOT_ISOLATION ON;
--
-- Each file is named after its table and holds a header line and one line per row: text in double quotes,
-- doubled inside; dates as 2025-08-20; booleans 1 and 0; null as nothing.
-- Then: rosterpack export --source C:\extracts ...
--
-- How it works: the first step looks up which of the wanted tables and columns this ODS has, and writes a
-- script for them into the folder; the second step runs it.

:on error exit
SET NOCOUNT ON;
SET ANSI_WARNINGS ON;
GO
-- Wanted columns: table, position, column, and how to write it (Integer, Text, Date, Boolean).
CREATE TABLE #wanted (table_name sysname COLLATE Latin1_General_100_BIN2, position int,
                      column_name sysname COLLATE Latin1_General_100_BIN2, kind char(1));
{wanted}
GO
-- The wanted columns that are there, in the spelling of this database.
SELECT o.object_id, o.name AS table_name, c.name AS column_name, w.kind, c.max_length,
       ROW_NUMBER() OVER (PARTITION BY o.object_id ORDER BY w.position) AS position,
       DENSE_RANK() OVER (ORDER BY o.name, o.object_id) AS file_number
INTO #found
FROM #wanted w
JOIN sys.objects o ON LOWER(o.name) COLLATE Latin1_General_100_BIN2 = w.table_name AND o.type IN ('U', 'V')
JOIN sys.schemas s ON s.schema_id = o.schema_id AND s.name = N'edfi'
JOIN sys.columns c ON c.object_id = o.object_id AND LOWER(c.name) COLLATE Latin1_General_100_BIN2 = w.column_name;

IF NOT EXISTS (SELECT 1 FROM #found WHERE LOWER(table_name) = N'student')
    RAISERROR(N'This database has no table edfi.Student: it is not an Ed-Fi ODS, or the login may not see it.', 16, 1);

-- A line longer than 4000 characters would be cut in silence. No Ed-Fi table comes near.
IF EXISTS (SELECT 1 FROM #found GROUP BY object_id
           HAVING MIN(CASE WHEN kind = 'T' THEN max_length ELSE 0 END) < 0
               OR SUM(CASE WHEN kind = 'T' THEN max_length + 3 ELSE 32 END) > 4000)
    RAISERROR(N'A table has text columns that are too wide for one line of an extract.', 16, 1);
GO
:OUT $(OUT)/extract-generated.sql
-- max_length counts two bytes a character of nvarchar: as many as a text takes if all of it is doubled quotes.
SELECT line
FROM (
    SELECT 0 AS file_number, 0 AS step, 0 AS position, CAST(N'SET NOCOUNT ON;' AS nvarchar(1000)) AS line
    UNION ALL SELECT 0, 0, 1, N'SET TRANSACTION ISOLATION LEVEL SNAPSHOT;'
    UNION ALL SELECT 0, 0, 2, N'BEGIN TRANSACTION;'
    UNION ALL SELECT 0, 0, 3, N'GO'
    UNION ALL SELECT DISTINCT file_number, 1, 0, N':OUT $(OUT)/' + table_name + N'.csv' FROM #found
    -- Header and rows are one result: between two, sqlcmd may write an empty line, which is no CSV.
    UNION ALL SELECT DISTINCT file_number, 1, 1, N'SELECT line FROM (SELECT 0 AS part, N''''' FROM #found
    UNION ALL SELECT file_number, 2, position,
        N' + N''' + CASE WHEN position > 1 THEN N',' ELSE N'' END + N'"' + column_name + N'"''' FROM #found
    UNION ALL SELECT DISTINCT file_number, 3, 0, N' AS line UNION ALL SELECT 1, N''''' FROM #found
    UNION ALL SELECT file_number, 4, position,
        N' + ' + CASE WHEN position > 1 THEN N'N'','' + ' ELSE N'' END + N'ISNULL('
        + CASE kind
            WHEN 'I' THEN N'CAST(' + QUOTENAME(column_name) + N' AS nvarchar(20))'
            -- Style 126 shows a time of day where there is one, so that it is noticed and not lost.
            WHEN 'D' THEN N'CONVERT(nvarchar(30), ' + QUOTENAME(column_name) + N', 126)'
            WHEN 'B' THEN N'CAST(CAST(' + QUOTENAME(column_name) + N' AS tinyint) AS nvarchar(3))'
            ELSE N'N''"'' + REPLACE(CAST(' + QUOTENAME(column_name) + N' AS nvarchar(2000)), N''"'', N''""'') + N''"'''
          END
        + N', N'''')' FROM #found
    UNION ALL SELECT DISTINCT file_number, 5, 0, N'FROM [edfi].' + QUOTENAME(table_name) + N') AS file_lines ORDER BY part;' FROM #found
    UNION ALL SELECT DISTINCT file_number, 5, 1, N'GO' FROM #found
    UNION ALL SELECT 2147483647, 0, 0, N':OUT STDOUT'
    UNION ALL SELECT 2147483647, 0, 1, N'COMMIT TRANSACTION;'
    UNION ALL SELECT 2147483647, 0, 2, N'GO'
) AS script
ORDER BY file_number, step, position;
GO
:OUT STDOUT
:r $(OUT)/extract-generated.sql
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn shipped(file: &str, generated: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(file);
        if std::env::var_os("BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, generated).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == generated,
            "templates/{file} is not what the contract gives: run the tests with BLESS=1"
        );
    }

    #[test]
    fn the_shipped_scripts_are_what_the_contract_gives() {
        shipped("postgres/reader.sql", &reader_sql());
        shipped("sqlserver/extract.sql", &extract_sql());
    }

    #[test]
    fn every_table_and_column_of_every_standard_is_in_the_scripts() {
        let (reader, extract) = (reader_sql(), extract_sql());
        for standard in STANDARDS {
            for table in contract::TABLES {
                let (physical, columns) = standard.spelling(table);
                assert!(reader.contains(&format!("'{physical}'")), "{physical}");
                let full =
                    FULL_NAMES.iter().find(|(short, _)| *short == physical).map_or(physical, |(_, f)| f);
                for column in columns {
                    let position = extract.find(&format!("(N'{full}', "));
                    assert!(position.is_some(), "{full}");
                    let named = extract.lines().any(|line| {
                        line.contains(&format!("(N'{full}', ")) && line.contains(&format!(", N'{column}', "))
                    });
                    assert!(named, "{full}.{column}");
                }
            }
        }
        assert!(!extract.contains("c15030"), "SQL Server does not truncate names");
    }

    #[test]
    fn no_table_is_read_as_two_kinds() {
        // `course` stands for two contract tables in data standard 4.0, and so do others: the kinds must agree,
        // except that a sequence is read as the text of a name.
        let tables = columns_by_table();
        for standard in STANDARDS {
            for table in contract::TABLES {
                let (physical, names) = standard.spelling(table);
                for (name, column) in names.into_iter().zip(table.columns) {
                    assert!(tables[physical].contains(&(name, column.kind)), "{physical}.{name}");
                }
            }
        }
    }
}
