//! The invented family as a source: rows are made while they are read, and stored nowhere.
//!
//! In: a [`SynthPlan`], or the words for it (`synth:students=1000000,seed=7`). Out: the [`Source`] trait over the
//! very rows that [`super::write`] puts into extracts, in the same order, so that both export to the same bytes.
//! One school at a time is in memory. It is how exports of ten million students are measured, for which few disks
//! have room; the making of the rows is then part of the reading.

use std::collections::BTreeMap;

use super::family::Family;
use super::picked::Picked;
use super::rows::{Form, Layout, Rows};
use super::{Shape, SynthError, SynthPlan, Traps};
use crate::source::batch::BATCH_ROWS;
use crate::source::{Catalog, CatalogTable, Part, ReadStats, Request, Sink, Source, SourceError};

/// How the words for an invented source begin.
const SCHEME: &str = "synth:";

/// Schools for which a table is worth being read in parts.
const SCHOOLS_PER_PART: usize = 16;

/// Section associations of a student, roughly: for the estimate of rows.
const ASSOCIATIONS: u64 = 12;
/// Rows of other large tables, by hundred students: what a family really has differs by some percent.
const BY_HUNDRED_STUDENTS: [(&str, u64); 16] = [
    ("student", 100),
    ("studentschoolassociation", 100),
    ("studenteducationorganizationassociation", 200),
    ("studenteducationorganizationassociationelectronicmail", 106),
    ("studenteducationorganizationassociationstudentidentifica_c15030", 300),
    ("studenteducationorganizationassociationrace", 98),
    ("contact", 116),
    ("contactelectronicmail", 58),
    ("contacttelephone", 133),
    ("studentcontactassociation", 145),
    ("section", 54),
    ("staffsectionassociation", 57),
    ("courseoffering", 11),
    ("calendardatecalendarevent", 37),
    ("staff", 9),
    ("staffidentificationcode", 18),
];

/// An invented ODS.
pub struct SynthSource {
    family: Family,
    layout: Layout,
    parts: Vec<super::Part>,
    catalog: Catalog,
}

/// Why the words for an invented source cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// A word is wrong.
    #[error(
        "cannot read `{spec}`: {reason}. Write {SCHEME}students=1000000,seed=1,standard=5.2,year=2025,traps=safe,associations=7; only students must be there"
    )]
    Word {
        /// What was given.
        spec: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing can be invented for this plan.
    #[error(transparent)]
    Plan(#[from] SynthError),
}

impl SynthSource {
    /// Whether a place is meant as an invented source.
    pub fn looks_like(place: &str) -> bool {
        place.starts_with(SCHEME)
    }

    /// An invented source from its words.
    ///
    /// # Errors
    /// [`SpecError`].
    pub fn from_spec(spec: &str) -> Result<SynthSource, SpecError> {
        let plan = plan(spec).map_err(|reason| SpecError::Word { spec: spec.to_owned(), reason })?;
        Ok(SynthSource::new(&plan, spec)?)
    }

    /// The source of a plan. `place` is what messages call it.
    ///
    /// # Errors
    /// A plan that cannot be carried out.
    pub fn new(plan: &SynthPlan, place: &str) -> Result<SynthSource, SynthError> {
        let family = Family::new(plan)?;
        let layout = Layout::new(plan.standard);
        let parts = super::Part::all(&family);
        let mut tables = BTreeMap::new();
        for def in layout.tables.iter().flatten() {
            let rows_estimate = match def.name {
                "studentsectionassociation" => {
                    let most = plan.associations.map_or(ASSOCIATIONS, u64::from);
                    Some(plan.students * ASSOCIATIONS.min(most))
                }
                name => {
                    let known = BY_HUNDRED_STUDENTS.iter().find(|(table, _)| *table == name);
                    known.map(|(_, rows)| plan.students * rows / 100)
                }
            };
            let columns = def.columns.iter().map(|column| column.name.to_owned()).collect();
            let origin = format!("edfi.{}", def.name);
            tables.insert(def.name.to_owned(), CatalogTable { origin, columns, rows_estimate });
        }
        let catalog = Catalog { tables, place: place.to_owned(), stated_standard: None };
        Ok(SynthSource { family, layout, parts, catalog })
    }

    fn fault(&self, table: &str, reason: String) -> SourceError {
        SourceError::Place {
            place: self.catalog.place.clone(),
            reason: format!("table {table}: {reason}"),
            remedy: "This is a fault of rosterpack, please report it".to_owned(),
        }
    }
}

fn plan(spec: &str) -> Result<SynthPlan, String> {
    let mut plan = SynthPlan { students: 0, ..SynthPlan::default() };
    let mut counted = false;
    let words = spec.strip_prefix(SCHEME).unwrap_or(spec);
    for word in words.split(',').filter(|word| !word.is_empty()) {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("`{word}` is no key=value"))?;
        let wrong = |expected: &str| format!("{key} is {expected}, not `{value}`");
        match key {
            "students" => {
                plan.students = value.parse().map_err(|_| wrong("a whole number"))?;
                counted = true;
            }
            "seed" => plan.seed = value.parse().map_err(|_| wrong("a whole number"))?,
            "standard" => {
                plan.standard = Shape::from_label(value)
                    .ok_or_else(|| wrong(&format!("one of {}", Shape::ALL.map(Shape::label).join(", "))))?;
            }
            "associations" => {
                plan.associations = Some(value.parse().map_err(|_| wrong("a number up to 255"))?);
            }
            "year" => plan.school_year = value.parse().map_err(|_| wrong("a year"))?,
            "traps" => {
                plan.traps = match value {
                    "none" => Traps::None,
                    "safe" => Traps::Safe,
                    "all" => Traps::All,
                    _ => return Err(wrong("none, safe or all")),
                };
            }
            _ => return Err(format!("`{key}` is unknown")),
        }
    }
    if counted { Ok(plan) } else { Err("it does not say how many students".to_owned()) }
}

impl Source for SynthSource {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn parts(&self, _table: &str) -> usize {
        (self.family.schools.len() / SCHOOLS_PER_PART).clamp(1, rayon::current_num_threads())
    }

    fn read(&self, request: &Request, part: Part, sink: &mut Sink<'_>) -> Result<ReadStats, SourceError> {
        let tables = self.layout.tables.iter().enumerate();
        let mut found = tables.filter_map(|(id, def)| Some((id, def.as_ref()?)));
        let (id, def) = found
            .find(|(_, def)| def.name == request.table)
            .ok_or_else(|| self.fault(&request.table, "there is no such table".to_owned()))?;
        let picked = Picked::new(id, def, request)
            .map_err(|column| self.fault(&request.table, format!("there is no column {column}")))?;
        let mut rows = Rows::picked(&self.layout, picked);
        let mut stats = ReadStats::default();
        // Dealt out in turn, since the parts of one district are alike and those of the family are not.
        let own = self.parts.iter().enumerate().filter(|(n, _)| n % part.of.max(1) == part.index);
        for (_, family_part) in own {
            family_part.write(&self.family, &self.layout, &mut rows);
            hand_on(&mut rows, BATCH_ROWS, sink, &mut stats)
                .map_err(|halt| halt.unwrap_or_else(|reason| self.fault(&request.table, reason)))?;
        }
        hand_on(&mut rows, 1, sink, &mut stats)
            .map_err(|halt| halt.unwrap_or_else(|reason| self.fault(&request.table, reason)))?;
        Ok(stats)
    }
}

/// Hands a batch on that has so many rows. The error is the sink's, or a fault of a value.
fn hand_on(
    rows: &mut Rows<'_>,
    enough: usize,
    sink: &mut Sink<'_>,
    stats: &mut ReadStats,
) -> Result<(), Result<SourceError, String>> {
    let Form::Picked(picked) = &mut rows.form else { return Ok(()) };
    if let Some(fault) = picked.fault.take() {
        return Err(Err(fault));
    }
    if picked.batch.rows() >= enough {
        stats.rows += picked.batch.rows() as u64;
        sink(&picked.batch).map_err(Ok)?;
        picked.batch.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_source_are_a_plan() {
        let all = plan("synth:students=7,seed=3,standard=4.0,year=2022,traps=safe,associations=7").unwrap();
        let expected = SynthPlan {
            students: 7,
            seed: 3,
            standard: Shape::S40,
            school_year: 2022,
            traps: Traps::Safe,
            associations: Some(7),
            gzip: false,
        };
        assert_eq!(all, expected);
        assert_eq!(plan("synth:students=9").unwrap(), SynthPlan { students: 9, ..SynthPlan::default() });
        for (wrong, said) in [
            ("synth:", "how many students"),
            ("synth:seed=3", "how many students"),
            ("synth:students=many", "whole number"),
            ("synth:students", "no key=value"),
            ("synth:students=3,standard=9.9", "4.0, 5.0"),
            ("synth:students=3,traps=some", "none, safe or all"),
            ("synth:students=3,pupils=4", "`pupils` is unknown"),
        ] {
            let told = plan(wrong).unwrap_err();
            assert!(told.contains(said), "{wrong}: {told}");
        }
        let told = SynthSource::from_spec("synth:students=99999999").map(|_| ()).unwrap_err();
        assert!(told.to_string().contains("at most"), "{told}");
    }
}
