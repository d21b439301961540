//! An invented family of districts, written as the table extracts of an Ed-Fi ODS.
//!
//! In: a [`SynthPlan`]. Out: one CSV a table, in the form of `COPY edfi.<table> TO ... CSV HEADER`; the same rows in
//! a database ([`database`]) or as a source ([`source`]). The bytes depend on the plan alone: every school has its
//! own stream of chances, is generated on its own, and is written in a fixed order, so that memory holds a few schools
//! at a time whatever the number of students. The same people, schools and facts come out for every data standard.
//! Nothing here reads an ODS or knows OneRoster.
//!
//! Person and descriptor ids come from ranges that nothing else uses ([`FIRST_STUDENT`] and its kin), and social
//! security numbers from the area `000`, which is never assigned: if one of them shows up in a package, it leaked.

mod catalog;
mod chance;
mod class_records;
mod classes;
pub mod database;
mod descriptor_values;
mod descriptors;
mod family;
mod names;
mod org_records;
mod organizations;
mod person_records;
mod picked;
mod rows;
mod schema;
mod schools;
pub mod source;
mod staff;
mod students;
mod tables;
pub mod traps;

pub use descriptors::{DISTRICT_VALUES, FIRST_DESCRIPTOR};
pub use family::{
    DEPARTMENT, FIRST_AGENCY, FIRST_CONTACT, FIRST_STAFF, FIRST_STUDENT, MOST_STUDENTS, SERVICE_CENTER,
    STATE_AGENCY, UNIVERSITY,
};
pub use schema::{ColumnDef, Shape, TableDef, tables};

use family::Family;
use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;
use rows::{Layout, Rows};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// How every planted social security number begins; four digits follow.
pub const SSN_PREFIX: &str = "000-00-";

/// Which of the deliberate oddities are planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Traps {
    /// A district family without oddities.
    #[default]
    None,
    /// All but those that make two ids collide, which a package refuses.
    Safe,
    /// All of them.
    All,
}

/// What to invent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthPlan {
    /// How many students, those of the traps not counted.
    pub students: u64,
    /// What the chances start from.
    pub seed: u64,
    /// The data standard to write.
    pub standard: Shape,
    /// The school year, named by the year in which it ends.
    pub school_year: i16,
    /// Which oddities to plant.
    pub traps: Traps,
    /// The most section associations that a student has: about 12 where there is no limit, 6 or 7 where classes last
    /// all year.
    pub associations: Option<u8>,
    /// Whether to write `<table>.csv.gz` instead of `<table>.csv`.
    pub gzip: bool,
}

impl Default for SynthPlan {
    fn default() -> SynthPlan {
        SynthPlan {
            students: 300,
            seed: 1,
            standard: Shape::default(),
            school_year: 2025,
            traps: Traps::None,
            associations: None,
            gzip: false,
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthSummary {
    /// Tables in the order of [`tables`], with their rows.
    pub tables: Vec<(String, u64)>,
}

/// Why nothing, or not everything, was written.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// The ranges of ids end somewhere.
    #[error("cannot invent {asked} students: at most {most} fit into the id ranges. Ask for fewer")]
    TooMany {
        /// How many were asked for.
        asked: u64,
        /// How many there can be.
        most: u64,
    },
    /// A year in which nobody goes to school.
    #[error("cannot invent the school year {0}: name the year in which it ends, from 1901 to 2088")]
    SchoolYear(i16),
    /// Extracts of something else would be read together with these.
    #[error(
        "cannot write an invented ODS to {}: the folder already holds {file}. Choose an empty folder, so that no table of another ODS is read together with this one",
        folder.display()
    )]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
        /// What was found in it.
        file: String,
    },
    /// The disk refused.
    #[error("cannot write {}: {source}. Check the path, its permissions and the free space", path.display())]
    Write {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Invents what the plan says and writes one file a table into `out`, which is created if need be.
///
/// `progress` is told, again and again, how many rows of a table have been written so far.
///
/// # Errors
/// A plan that cannot be carried out, a folder that holds extracts already, and whatever the disk refuses.
pub fn write(
    plan: &SynthPlan,
    out: &Path,
    progress: &(dyn Fn(&str, u64) + Sync),
) -> Result<SynthSummary, SynthError> {
    let family = Family::new(plan)?;
    let layout = Layout::new(plan.standard);
    let mut files = create(plan, &layout, out)?;
    let parts = Part::all(&family);
    // So many schools at a time are in memory; their number changes nothing in the files.
    for some in parts.chunks(rayon::current_num_threads() * 2) {
        let written: Vec<Rows<'_>> = some.par_iter().map(|part| part.extracts(&family, &layout)).collect();
        files.par_iter_mut().try_for_each(|file| file.append(&written))?;
        for file in &files {
            progress(file.name, file.rows);
        }
    }
    let tables = files.iter().map(|file| (file.name.to_owned(), file.rows)).collect();
    files.into_par_iter().try_for_each(TableFile::finish)?;
    Ok(SynthSummary { tables })
}

/// A part of the family that is generated on its own, from its own stream of chances.
#[derive(Debug, Clone, Copy)]
enum Part {
    State,
    Agency(usize),
    School(usize),
    Traps,
}

impl Part {
    /// All parts, in the order in which they are written.
    fn all(family: &Family) -> Vec<Part> {
        let agencies = (0..family.agencies.len()).map(Part::Agency);
        let schools = (0..family.schools.len()).map(Part::School);
        let traps = (family.plan.traps != Traps::None).then_some(Part::Traps);
        [Part::State].into_iter().chain(agencies).chain(schools).chain(traps).collect()
    }

    fn write(self, family: &Family, layout: &Layout, rows: &mut Rows<'_>) {
        match self {
            Part::State => organizations::write_state(family, layout, rows),
            Part::Agency(index) => organizations::write_agency(family, index, rows),
            Part::School(index) => schools::write(family, index, rows),
            Part::Traps => traps::write(family, rows),
        }
    }

    /// Its rows of all tables.
    fn extracts<'a>(self, family: &Family, layout: &'a Layout) -> Rows<'a> {
        let mut rows = Rows::new(layout);
        self.write(family, layout, &mut rows);
        rows
    }
}

/// Where the bytes of a table go.
enum Sink {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

/// The file of a table.
struct TableFile {
    id: usize,
    name: &'static str,
    path: PathBuf,
    sink: Sink,
    rows: u64,
}

impl TableFile {
    fn put(&mut self, bytes: &[u8]) -> Result<(), SynthError> {
        match &mut self.sink {
            Sink::Plain(file) => file.write_all(bytes),
            Sink::Gzip(file) => file.write_all(bytes),
        }
        .map_err(|source| SynthError::Write { path: self.path.clone(), source })
    }

    fn append(&mut self, parts: &[Rows<'_>]) -> Result<(), SynthError> {
        for part in parts {
            let (bytes, rows) = part.extract(self.id);
            self.put(bytes)?;
            self.rows += rows;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), SynthError> {
        match self.sink {
            Sink::Plain(mut file) => file.flush(),
            Sink::Gzip(file) => file.finish().and_then(|mut file| file.flush()),
        }
        .map_err(|source| SynthError::Write { path: self.path, source })
    }
}

fn create(plan: &SynthPlan, layout: &Layout, out: &Path) -> Result<Vec<TableFile>, SynthError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| SynthError::Write { path, source }
    };
    std::fs::create_dir_all(out).map_err(failed(out))?;
    for entry in std::fs::read_dir(out).map_err(failed(out))? {
        let file = entry.map_err(failed(out))?.file_name().to_string_lossy().into_owned();
        if file.ends_with(".csv") || file.ends_with(".csv.gz") {
            return Err(SynthError::NotEmpty { folder: out.to_owned(), file });
        }
    }
    let mut files = Vec::new();
    for (id, def) in layout.tables.iter().enumerate() {
        let Some(def) = def else { continue };
        let path = out.join(format!("{}.csv{}", def.name, if plan.gzip { ".gz" } else { "" }));
        let file = BufWriter::new(File::create_new(&path).map_err(failed(&path))?);
        let sink = if plan.gzip {
            Sink::Gzip(Box::new(GzEncoder::new(file, Compression::new(3))))
        } else {
            Sink::Plain(file)
        };
        let mut file = TableFile { id, name: def.name, path, sink, rows: 0 };
        file.put(rows::header(def).as_bytes())?;
        files.push(file);
    }
    Ok(files)
}
