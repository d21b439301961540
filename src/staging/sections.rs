//! Sections of the active school year: what becomes classes, and what associations point at.
//!
//! In: section, sectionClassPeriod, sectionOfferedGradeLevel. Out: [`StagedSections`], whose row number is
//! the section's code: rows stand in the order of classes.csv (school, session, local course code, section),
//! so that association rows sorted by code come out in output order.

use crate::edfi::contract as c;
use crate::source::{Batch, Part, SourceError};

use super::courses::StagedCourses;
use super::descriptors::{Descriptor, Descriptors};
use super::keys::{Found, KeyIndex, PackedKeys};
use super::order;
use super::read::Reader;
use super::text::{TextColumn, reordered};
use super::time::StagedTime;
use super::words::{Word, WordColumn, WordList, Words};

/// No row: a session or offering that does not exist.
pub const NOTHING: u32 = u32::MAX;

/// Sections in output order, as columns.
#[derive(Debug, Default)]
pub struct StagedSections {
    /// schoolId.
    pub school: Vec<i64>,
    /// Row of the session, or [`NOTHING`].
    pub session: Vec<u32>,
    /// Row of the course offering, or [`NOTHING`].
    pub offering: Vec<u32>,
    /// localCourseCode as stored.
    pub local_code: TextColumn,
    /// sectionIdentifier as stored.
    pub section: TextColumn,
    /// sessionName as stored on the section.
    pub session_name: WordColumn,
    /// Classroom identification code.
    pub room: TextColumn,
    /// (section, class period name), sorted and without duplicates.
    pub periods: Vec<(u32, Word)>,
    /// Class period names.
    pub period_names: WordList,
    /// (section, grade level), sorted by section and code value.
    pub grades: Vec<(u32, Descriptor)>,
    keys: PackedKeys,
    index: KeyIndex,
}

/// Where the section key stands in an association table's batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct SectionColumns {
    pub school: usize,
    pub local_code: usize,
    pub session: usize,
    pub section: usize,
}

impl SectionColumns {
    /// What a row calls its section, for messages.
    #[cold]
    pub(super) fn label(self, batch: &Batch, row: usize) -> String {
        let texts = [self.session, self.local_code, self.section].map(|column| batch.text(column, row));
        format!("section {}", label(batch.int(self.school, row).unwrap_or_default(), texts))
    }
}

/// What a section is called: school, session, local course code, identifier.
fn label(school: i64, [session, local_code, section]: [&str; 3]) -> String {
    format!("{school} {session} {local_code} {section}")
}

/// Finds the sections that the rows of another table name, a batch at a time: sections lie all over memory, and to
/// look each up to its end would be to wait for memory at every row.
pub(super) struct SectionLookup<'s> {
    sections: &'s StagedSections,
    columns: SectionColumns,
    keys: PackedKeys,
    hashes: Vec<u64>,
    candidates: Vec<u32>,
    found: Vec<Found>,
}

impl SectionLookup<'_> {
    /// For each row of a batch the section that it names.
    pub(super) fn of_batch(&mut self, batch: &Batch) -> &[Found] {
        let StagedSections { index, keys: known, .. } = self.sections;
        let SectionLookup { columns, keys, hashes, candidates, found, .. } = self;
        let texts = [columns.local_code, columns.session, columns.section].map(|column| batch.texts(column));
        keys.clear();
        for row in 0..batch.rows() {
            match batch.int(columns.school, row) {
                Some(school) => keys.push_streams(school, texts.map(|texts| texts.stream(row))),
                None => keys.push_none(),
            }
        }
        let rows = 0..batch.rows() as u32;
        hashes.clear();
        hashes.extend(rows.clone().map(|row| keys.hash(row)));
        candidates.clear();
        candidates.extend(hashes.iter().map(|&hash| index.candidate(hash).unwrap_or(NOTHING)));
        found.clear();
        found.extend(rows.zip(&*candidates).map(|(row, &candidate)| {
            let key = keys.get(row);
            if candidate != NOTHING && known.get(candidate) == key {
                return Found::Exact(candidate);
            }
            match index.exact(hashes[row as usize], |n| known.get(n) == key) {
                Some(section) => Found::Exact(section),
                None => self.sections.spelled_otherwise(batch, row as usize, *columns),
            }
        }));
        found
    }
}

impl StagedSections {
    /// Number of sections.
    pub fn len(&self) -> usize {
        self.school.len()
    }

    /// Whether there is no section.
    pub fn is_empty(&self) -> bool {
        self.school.is_empty()
    }

    /// The natural key of a section for messages.
    pub fn label(&self, row: usize) -> String {
        let texts = [self.session_name.get(row), self.local_code.get(row), self.section.get(row)];
        label(self.school[row], texts)
    }

    pub(super) fn read(
        reader: &Reader<'_>,
        descriptors: &Descriptors,
        time: &StagedTime,
        courses: &StagedCourses,
    ) -> Result<StagedSections, SourceError> {
        let mut raw = StagedSections::default();
        let (mut sessions, mut session_words) = (Words::default(), Vec::new());
        use c::sections as s;
        reader.each(&s::TABLE, |b, r| {
            let Some(school) = b.int(s::SCHOOL, r) else { return Ok(()) };
            let (local_code, session_name) = (b.text(s::LOCAL_CODE, r), b.text(s::SESSION, r));
            raw.school.push(school);
            raw.session.push(
                reader.found(time.session(school, session_name), "section.sessionName").unwrap_or(NOTHING),
            );
            raw.offering.push(
                reader
                    .found(courses.offering(school, local_code, session_name), "section.localCourseCode")
                    .unwrap_or(NOTHING),
            );
            raw.local_code.push(local_code)?;
            raw.section.push(b.text(s::SECTION, r))?;
            session_words.push(sessions.exact(session_name));
            raw.room.push(b.text(s::ROOM, r))
        })?;
        let texts = |row: u32| {
            let n = row as usize;
            (raw.local_code.get(n), raw.section.get(n), sessions.get(session_words[n]), raw.room.get(n))
        };
        let key = |row: u32| {
            let n = row as usize;
            (raw.school[n], raw.session[n], order::prefix(raw.local_code.get(n)))
        };
        let mut order: Vec<_> = (0..raw.len() as u32).map(|row| (key(row), row)).collect();
        order::sort_by(&mut order, |&(key, _)| key, |&(_, x), &(_, y)| texts(x).cmp(&texts(y)));
        let mut index = KeyIndex::with_capacity(order.len());
        let mut keys = PackedKeys::default();
        let mut kept: Vec<u32> = Vec::with_capacity(order.len());
        for (_, row) in order {
            let n = row as usize;
            let texts = [sessions.get(session_words[n]), raw.local_code.get(n), raw.section.get(n)];
            let code = kept.len() as u32;
            let [session, local_code, section] = texts;
            keys.push(raw.school[n], [local_code, session, section].map(str::as_bytes));
            match index.insert(keys.hash(code), code, |other| keys.get(other) == keys.get(code)) {
                None => kept.push(row),
                Some(_) => {
                    keys.pop();
                    reader.repeated("section", &label(raw.school[n], texts));
                }
            }
        }
        let mut sections = StagedSections {
            school: reordered(&raw.school, &kept),
            session: reordered(&raw.session, &kept),
            offering: reordered(&raw.offering, &kept),
            local_code: raw.local_code.reordered(&kept),
            section: raw.section.reordered(&kept),
            session_name: WordColumn::new(reordered(&session_words, &kept), &sessions),
            room: raw.room.reordered(&kept),
            periods: Vec::new(),
            period_names: WordList::default(),
            grades: Vec::new(),
            keys,
            index,
        };
        drop(raw);
        sections.read_details(reader, descriptors)?;
        Ok(sections)
    }

    /// The section of the year with this key.
    pub fn find(&self, school: i64, local_code: &str, session: &str, section: &str) -> Found {
        let mut key = PackedKeys::default();
        key.push(school, [local_code, session, section].map(str::as_bytes));
        match self.index.exact(key.hash(0), |n| self.keys.get(n) == key.get(0)) {
            Some(section) => Found::Exact(section),
            None => self.folded(school, &[local_code, session, section]),
        }
    }

    /// Finds the sections that the rows of another table name.
    pub(super) fn lookup(&self, columns: SectionColumns) -> SectionLookup<'_> {
        SectionLookup {
            sections: self,
            columns,
            keys: PackedKeys::default(),
            hashes: Vec::new(),
            candidates: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Frees what [`StagedSections::lookup`] needs.
    pub(super) fn forget_keys(&mut self) {
        self.keys = PackedKeys::default();
        self.index = KeyIndex::default();
    }

    #[cold]
    fn spelled_otherwise(&self, batch: &Batch, row: usize, at: SectionColumns) -> Found {
        let Some(school) = batch.int(at.school, row) else { return Found::Nothing };
        self.folded(school, &[at.local_code, at.session, at.section].map(|column| batch.text(column, row)))
    }

    fn folded(&self, school: i64, texts: &[&str]) -> Found {
        self.index.folded(school, texts, |n| {
            let n = n as usize;
            (self.school[n], vec![self.local_code.get(n), self.session_name.get(n), self.section.get(n)])
        })
    }

    fn read_details(&mut self, reader: &Reader<'_>, descriptors: &Descriptors) -> Result<(), SourceError> {
        use c::{section_grades as g, section_periods as p};
        let (mut names, mut periods) = (Words::default(), Vec::new());
        let at = SectionColumns {
            school: p::SCHOOL,
            local_code: p::LOCAL_CODE,
            session: p::SESSION,
            section: p::SECTION,
        };
        reader.each_in_section(&p::TABLE, Part::WHOLE, self.lookup(at), |b, r, section| {
            match reader.found(section, "sectionClassPeriod.sectionIdentifier") {
                Some(n) => periods.push((n, names.exact(b.text(p::PERIOD, r)))),
                None => reader.orphan(&p::TABLE, "section"),
            }
            Ok(())
        })?;
        let list = WordList::of([&names]);
        let ranks = names.ranks(&list);
        periods.iter_mut().for_each(|(_, name)| *name = ranks.of(*name));
        periods.sort_unstable();
        periods.dedup();
        periods.shrink_to_fit();
        let mut grades = Vec::new();
        let at = SectionColumns {
            school: g::SCHOOL,
            local_code: g::LOCAL_CODE,
            session: g::SESSION,
            section: g::SECTION,
        };
        reader.each_in_section(&g::TABLE, Part::WHOLE, self.lookup(at), |b, r, section| {
            let Some(n) = reader.found(section, "sectionOfferedGradeLevel.sectionIdentifier") else {
                reader.orphan(&g::TABLE, "section");
                return Ok(());
            };
            let grade =
                reader.descriptor(descriptors, b.int(g::GRADE, r), "section.offeredGradeLevelDescriptorId");
            if grade.is_some() {
                grades.push((n, grade));
            }
            Ok(())
        })?;
        grades.sort_by(|x: &(u32, Descriptor), y| {
            (x.0, descriptors.code_value(x.1)).cmp(&(y.0, descriptors.code_value(y.1)))
        });
        grades.dedup();
        grades.shrink_to_fit();
        (self.periods, self.period_names) = (periods, list);
        self.grades = grades;
        Ok(())
    }
}
