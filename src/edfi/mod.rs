//! What the Ed-Fi ODS looks like: the staging contract, and how data standards differ from it.
//!
//! In: a source's [`Catalog`] and, if the user insists, a data standard's label. Out: [`Resolved`], which
//! says for every contract table which physical table and columns to read. A fact of a data standard stands
//! here once; the rest of the program branches on what was found, never on a label.

pub mod catalog;
pub mod contract;
mod ds4_0;
mod ds5_2;
mod ds6_1;
pub mod scripts;

use catalog::{Catalog, ColumnRequest, Kind, Request};

/// Whether a run can do without a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without it the package would be wrong: an error.
    Required,
    /// Without it something optional is missing: a notice.
    Optional,
}

/// Which runs read a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Every run.
    Core,
    /// Runs that write organization metadata or identifiers of a system.
    OrgDetail,
    /// Runs that write grading periods.
    GradingPeriods,
    /// Runs with demographics.
    Demographics,
    /// Runs with `demographic_extensions`.
    Extensions,
    /// Runs with `include_parents`.
    Parents,
    /// Runs with `gradebook`.
    Gradebook,
    /// Runs with `final_grades`.
    FinalGrades,
}

impl Part {
    /// Every part.
    pub const ALL: [Part; 8] = [
        Part::Core,
        Part::OrgDetail,
        Part::GradingPeriods,
        Part::Demographics,
        Part::Extensions,
        Part::Parents,
        Part::Gradebook,
        Part::FinalGrades,
    ];
}

/// A column of the contract.
#[derive(Debug)]
pub struct Column {
    /// Lower-case name in data standard 5.2.
    pub name: &'static str,
    /// Type it is read as.
    pub kind: Kind,
    /// Whether it must exist wherever its table does.
    pub required: bool,
}

/// A table of the contract: a use of a physical table. Two contract tables may read one physical table.
#[derive(Debug)]
pub struct Table {
    /// Contract name.
    pub name: &'static str,
    /// Lower-case physical name in data standard 5.2, as PostgreSQL truncates it.
    pub physical: &'static str,
    /// What it is, one sentence.
    pub doc: &'static str,
    /// Whether a run can do without it.
    pub need: Need,
    /// Which runs read it.
    pub part: Part,
    /// The never-null column that carries the school year, if there is one (mapping.md 0.2).
    pub year: Option<&'static str>,
    /// Columns in batch order.
    pub columns: &'static [Column],
}

/// Another physical name for a contract table.
#[derive(Debug)]
pub struct TableName {
    /// Contract name.
    pub table: &'static str,
    /// Physical name in this standard.
    pub physical: &'static str,
}

/// Another physical name for a contract column.
#[derive(Debug)]
pub struct ColumnName {
    /// Contract table.
    pub table: &'static str,
    /// Contract column.
    pub column: &'static str,
    /// Physical name in this standard.
    pub physical: &'static str,
}

/// A data standard, as differences from the contract.
#[derive(Debug)]
pub struct Standard {
    /// How messages and reports call it.
    pub label: &'static str,
    /// What `--data-standard` accepts for it.
    pub labels: &'static [&'static str],
    /// Signs of it, each (table, column): blank column for the table itself, `-column` for its absence.
    pub marks: &'static [(&'static str, &'static str)],
    /// Whether the begin date is outside the key of staff section associations. No catalog shows keys.
    pub staff_begin_outside_key: bool,
    /// Tables with another name.
    pub tables: &'static [TableName],
    /// Columns with another name.
    pub columns: &'static [ColumnName],
    /// Optional parts of the contract that this standard never has, by contract table and column; a blank column
    /// is the whole table. Their absence is no defect of an ODS.
    pub lacks: &'static [(&'static str, &'static str)],
}

/// All data standards. Detection takes the first whose marks are seen, so that the most telling come first.
pub const STANDARDS: [&Standard; 3] = [&ds6_1::STANDARD, &ds4_0::STANDARD, &ds5_2::STANDARD];

/// Physical names that PostgreSQL truncates, with the full form that SQL Server keeps.
pub const FULL_NAMES: &[(&str, &str)] = &[(
    "studenteducationorganizationassociationstudentidentifica_c15030",
    "studenteducationorganizationassociationstudentidentificationcode",
)];

/// Every label that `--data-standard` accepts.
pub fn labels() -> impl Iterator<Item = &'static str> {
    let mut labels: Vec<&str> = STANDARDS.iter().flat_map(|s| s.labels.iter().copied()).collect();
    labels.sort_unstable();
    labels.into_iter()
}

/// Tables or columns that are not as the run needs them.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SchemaError {
    /// Nothing here looks like an ODS.
    #[error(
        "{place} does not look like an Ed-Fi ODS: none of the tables student, parent, contact or studentdemographic is there. Point --source at the extracts (or the database) of an ODS, schema edfi"
    )]
    NotAnOds {
        /// Where was looked.
        place: String,
    },
    /// A label that no standard has.
    #[error("unknown data standard `{label}`; known are {known}")]
    UnknownStandard {
        /// What was asked for.
        label: String,
        /// What there is.
        known: String,
    },
    /// A required table is missing.
    #[error(
        "table edfi.{table} is missing in {place} (read as data standard {standard}). {doc} Add it to the extract, or name the right --data-standard"
    )]
    TableMissing {
        /// Physical name.
        table: String,
        /// Where was looked.
        place: String,
        /// Which standard was assumed.
        standard: &'static str,
        /// What the table is.
        doc: &'static str,
    },
    /// A required column is missing.
    #[error(
        "column {column} of table edfi.{table} is missing in {origin} (read as data standard {standard}). Extract the table with all its columns, or name the right --data-standard"
    )]
    ColumnMissing {
        /// Physical column.
        column: String,
        /// Physical table.
        table: String,
        /// File or schema-qualified name.
        origin: String,
        /// Which standard was assumed.
        standard: &'static str,
    },
    /// A table of another data standard stands where this one's should.
    #[error(
        "the ODS in {place} looks half-upgraded: as data standard {standard} it should have table edfi.{expected}, but it has edfi.{found} of data standard {other}. Finish the upgrade, or name the right --data-standard"
    )]
    HalfUpgraded {
        /// Where was looked.
        place: String,
        /// Detected standard.
        standard: &'static str,
        /// The table that should be there.
        expected: String,
        /// The table that is there instead.
        found: String,
        /// The standard that `found` belongs to.
        other: &'static str,
    },
}

impl Standard {
    fn physical_table(&self, table: &Table) -> &'static str {
        self.tables.iter().find(|t| t.table == table.name).map_or(table.physical, |t| t.physical)
    }

    fn physical_column(&self, table: &Table, column: &Column) -> &'static str {
        self.columns
            .iter()
            .find(|c| c.table == table.name && c.column == column.name)
            .map_or(column.name, |c| c.physical)
    }

    /// Physical names of a contract table and of its columns in this standard.
    pub fn spelling(&self, table: &Table) -> (&'static str, Vec<&'static str>) {
        (self.physical_table(table), table.columns.iter().map(|c| self.physical_column(table, c)).collect())
    }

    /// Whether this standard never has a contract table (blank column) or one of its columns.
    pub fn lacks(&self, table: &Table, column: &str) -> bool {
        self.lacks.iter().any(|(t, c)| *t == table.name && *c == column)
    }

    fn seen_in(&self, catalog: &Catalog) -> bool {
        self.marks.iter().any(|(table, column)| match (catalog.tables.get(*table), column) {
            (None, _) => false,
            (Some(_), &"") => true,
            (Some(found), column) => match column.strip_prefix('-') {
                Some(absent) => !found.columns.iter().any(|c| c == absent),
                None => found.columns.iter().any(|c| c == column),
            },
        })
    }

    fn fits(&self, table: &Table, catalog: &Catalog) -> bool {
        catalog.tables.get(self.physical_table(table)).is_some_and(|found| {
            table
                .columns
                .iter()
                .filter(|c| c.required)
                .all(|c| found.columns.iter().any(|name| name == self.physical_column(table, c)))
        })
    }
}

/// A contract table as this source has it.
#[derive(Debug)]
pub struct ResolvedTable {
    /// The contract.
    pub table: &'static Table,
    /// Physical name, a key of the catalog.
    pub physical: String,
    /// Physical column names in contract order; `None` where an optional column is absent.
    pub columns: Vec<Option<String>>,
}

impl ResolvedTable {
    /// The request that reads this table, kept to one school year where the table carries one.
    pub fn request(&self, year: i16) -> Request {
        Request {
            table: self.physical.clone(),
            columns: self
                .columns
                .iter()
                .zip(self.table.columns)
                .map(|(name, column)| ColumnRequest { name: name.clone(), kind: column.kind })
                .collect(),
            year: self.table.year.map(|column| (column.to_owned(), year)),
        }
    }
}

/// Every table of the contract that this run reads, as this source has it.
#[derive(Debug)]
pub struct Resolved {
    /// The standard that was detected or named.
    pub standard: &'static Standard,
    /// Tables that are there.
    pub tables: Vec<ResolvedTable>,
    /// Optional tables that are not there, by contract table and physical name.
    pub absent: Vec<(&'static Table, &'static str)>,
}

impl Resolved {
    /// The resolved form of a contract table, if the source has it and the run reads it.
    pub fn get(&self, table: &Table) -> Option<&ResolvedTable> {
        self.tables.iter().find(|t| t.table.name == table.name)
    }
}

/// Detects the data standard of a catalog, or takes the one that was named.
///
/// # Errors
/// [`SchemaError::NotAnOds`] and [`SchemaError::UnknownStandard`].
pub fn detect(catalog: &Catalog, named: Option<&str>) -> Result<&'static Standard, SchemaError> {
    let by_label = |label: &str| STANDARDS.into_iter().find(|s| s.labels.contains(&label));
    if let Some(label) = named {
        return by_label(label).ok_or_else(|| SchemaError::UnknownStandard {
            label: label.to_owned(),
            known: labels().collect::<Vec<_>>().join(", "),
        });
    }
    // A stated standard that we know and that shows its marks is believed; otherwise the tables speak.
    if let Some(standard) = catalog.stated_standard.as_deref().and_then(by_label)
        && standard.seen_in(catalog)
    {
        return Ok(standard);
    }
    STANDARDS
        .into_iter()
        .find(|s| s.seen_in(catalog))
        .ok_or_else(|| SchemaError::NotAnOds { place: catalog.place.clone() })
}

/// Finds every contract table of the wanted parts in a catalog.
///
/// # Errors
/// A required table or column that is missing, or a half-upgraded schema, each naming what and where.
pub fn resolve(catalog: &Catalog, named: Option<&str>, wanted: &[Part]) -> Result<Resolved, SchemaError> {
    let standard = detect(catalog, named)?;
    let mut tables = Vec::new();
    let mut absent = Vec::new();
    for table in contract::TABLES.iter().copied().filter(|t| wanted.contains(&t.part)) {
        let physical = standard.physical_table(table);
        let Some(found) = catalog.tables.get(physical) else {
            if let Some(other) = STANDARDS
                .into_iter()
                .filter(|s| !std::ptr::eq(*s, standard) && s.physical_table(table) != physical)
                .find(|s| s.fits(table, catalog))
            {
                return Err(SchemaError::HalfUpgraded {
                    place: catalog.place.clone(),
                    standard: standard.label,
                    expected: physical.to_owned(),
                    found: other.physical_table(table).to_owned(),
                    other: other.label,
                });
            }
            if table.need == Need::Required {
                return Err(SchemaError::TableMissing {
                    table: physical.to_owned(),
                    place: catalog.place.clone(),
                    standard: standard.label,
                    doc: table.doc.trim(),
                });
            }
            absent.push((table, physical));
            continue;
        };
        let mut columns = Vec::with_capacity(table.columns.len());
        for column in table.columns {
            let name = standard.physical_column(table, column);
            if found.columns.iter().any(|c| c == name) {
                columns.push(Some(name.to_owned()));
            } else if column.required {
                return Err(SchemaError::ColumnMissing {
                    column: name.to_owned(),
                    table: physical.to_owned(),
                    origin: found.origin.clone(),
                    standard: standard.label,
                });
            } else {
                columns.push(None);
            }
        }
        tables.push(ResolvedTable { table, physical: physical.to_owned(), columns });
    }
    Ok(Resolved { standard, tables, absent })
}

#[cfg(test)]
mod tests {
    use super::catalog::CatalogTable;
    use super::*;

    const ALL: &[Part] = &Part::ALL;

    /// A catalog that has exactly what a standard calls for.
    fn catalog_of(standard: &Standard) -> Catalog {
        let mut catalog = Catalog { place: "test".into(), ..Catalog::default() };
        for table in contract::TABLES {
            let (physical, columns) = standard.spelling(table);
            let entry = catalog.tables.entry(physical.to_owned()).or_insert_with(|| CatalogTable {
                origin: format!("edfi.{physical}"),
                ..CatalogTable::default()
            });
            for column in columns {
                if !entry.columns.iter().any(|c| c == column) {
                    entry.columns.push(column.to_owned());
                }
            }
        }
        catalog
    }

    #[test]
    fn every_standard_is_detected_and_resolved_completely() {
        for standard in STANDARDS {
            let catalog = catalog_of(standard);
            let resolved = resolve(&catalog, None, ALL).unwrap();
            assert_eq!(resolved.standard.label, standard.label);
            assert_eq!(resolved.absent.len(), 0);
            assert_eq!(resolved.tables.len(), contract::TABLES.len());
        }
    }

    #[test]
    fn what_a_standard_lacks_is_what_its_shapes_lack() {
        use crate::synth::{Shape, tables};
        for shape in Shape::ALL {
            let standard = STANDARDS.into_iter().find(|s| s.labels.contains(&shape.label())).unwrap();
            let defs = tables(shape);
            for table in contract::TABLES {
                let (physical, names) = standard.spelling(table);
                let def = defs.iter().find(|def| def.name == physical);
                assert_eq!(def.is_none(), standard.lacks(table, ""), "{} {physical}", shape.label());
                for (column, name) in table.columns.iter().zip(names) {
                    let Some(def) = def else { continue };
                    let lacking = !def.columns.iter().any(|c| c.name == name);
                    assert_eq!(
                        lacking,
                        standard.lacks(table, column.name),
                        "{} {physical}.{name}",
                        shape.label()
                    );
                    assert!(!(lacking && column.required), "{physical}.{name}");
                }
            }
        }
    }

    #[test]
    fn contract_names_are_unique_and_differences_name_real_things() {
        let names: std::collections::BTreeSet<_> = contract::TABLES.iter().map(|t| t.name).collect();
        assert_eq!(names.len(), contract::TABLES.len());
        for standard in STANDARDS {
            for rename in standard.tables {
                assert!(names.contains(rename.table), "{}", rename.table);
            }
            for rename in standard.columns {
                let table = contract::TABLES.iter().find(|t| t.name == rename.table).unwrap();
                assert!(table.columns.iter().any(|c| c.name == rename.column), "{}", rename.column);
            }
        }
        for table in contract::TABLES {
            if let Some(year) = table.year {
                assert!(table.columns.iter().any(|c| c.name == year && c.required), "{}", table.name);
            }
        }
    }

    #[test]
    fn missing_and_half_upgraded_are_told_apart() {
        let mut catalog = catalog_of(&ds5_2::STANDARD);
        catalog.tables.remove("section");
        assert!(
            matches!(resolve(&catalog, None, ALL), Err(SchemaError::TableMissing { table, .. }) if table == "section")
        );

        let mut catalog = catalog_of(&ds6_1::STANDARD);
        catalog.tables.remove("studentdirectoryelectronicmail");
        let old = catalog_of(&ds5_2::STANDARD);
        let name = "studenteducationorganizationassociationelectronicmail";
        catalog.tables.insert(name.into(), old.tables[name].clone());
        assert!(
            matches!(resolve(&catalog, None, ALL), Err(SchemaError::HalfUpgraded { found, .. }) if found == name)
        );

        let mut catalog = catalog_of(&ds5_2::STANDARD);
        catalog.tables.get_mut("student").unwrap().columns.retain(|c| c != "lastsurname");
        assert!(
            matches!(resolve(&catalog, None, ALL), Err(SchemaError::ColumnMissing { column, .. }) if column == "lastsurname")
        );

        assert!(matches!(resolve(&Catalog::default(), None, ALL), Err(SchemaError::NotAnOds { .. })));
        assert!(matches!(detect(&catalog, Some("3.1")), Err(SchemaError::UnknownStandard { .. })));
    }
}
