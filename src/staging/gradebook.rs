//! Gradebook entries, what students earned for them, and grades of grading periods.
//!
//! In: gradebookEntry, studentGradebookEntry, grade. Out: [`StagedGradebook`]: entries in the order of their keys,
//! what hangs on students as rows of integers and exact decimals. Whether an entry has a section of the school
//! year is stated, not judged: what is exported is decided in `roster::gradebook`. A row whose entry, section,
//! period or student does not exist is counted here, with its cause.

use rayon::slice::ParallelSliceMut;

use crate::day::Day;
use crate::edfi::contract as c;
use crate::notice::{Authority, Code, Notices, Severity};
use crate::source::{Part, SourceError};

use super::PERSON_MISSING;
use super::decimal::Decimal;
use super::descriptors::{Descriptor, Descriptors};
use super::keys::{Found, KeyIndex, hash_key};
use super::people::People;
use super::read::{DESCRIPTOR_MISSING, KEY_SPELLING, ROW_REPEATED, Reader};
use super::sections::{SectionColumns, StagedSections};
use super::time::StagedTime;
pub use super::words::Word;
use super::words::{WordList, Words};

/// A result names a gradebook entry that does not exist.
pub static GRADEBOOK_ENTRY_MISSING: Code = Code {
    code: "gradebook-entry-missing",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "results",
    summary: "Student gradebook entries name a gradebook entry that does not exist: they are left out.",
    remedy: "Extract gradebookEntry together with studentGradebookEntry.",
};
/// A gradebook entry or a grade names a section that does not exist.
pub static GRADEBOOK_SECTION_MISSING: Code = Code {
    code: "gradebook-section-missing",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "lineItems",
    summary: "Gradebook entries or grades name a section that is not among the sections of the school year: they are left out.",
    remedy: "Extract section together with gradebookEntry and grade, or mend the rows in the ODS.",
};
/// A gradebook entry or a grade names a grading period that does not exist.
pub static GRADING_PERIOD_MISSING: Code = Code {
    code: "grading-period-missing",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "lineItems",
    summary: "Gradebook entries or grades name a grading period that their school does not have in this year: an entry is treated as if it named none, a grade is left out.",
    remedy: "Extract gradingPeriod together with gradebookEntry and grade, or mend the rows in the ODS.",
};
/// A numeric column holds something else.
pub static DECIMAL_UNREADABLE: Code = Code {
    code: "decimal-unreadable",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "results",
    summary: "A numeric column holds a text that is no plain decimal number of up to 17 digits: it is treated as absent.",
    remedy: "Extract numbers as plain decimals with a point: no exponent, no group marks, no comma.",
};

/// The section that a gradebook entry names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntrySection {
    /// A section of the school year, by row.
    Row(u32),
    /// None.
    Unnamed,
    /// One of another school year.
    OtherYear(i64),
    /// One that does not exist, by its key.
    Missing(String),
}

/// A gradebook entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GradebookEntry {
    /// namespace.
    pub namespace: String,
    /// gradebookEntryIdentifier.
    pub identifier: String,
    /// Title as stored.
    pub title: String,
    /// Description as stored, or blank.
    pub description: String,
    /// Day on which it was assigned.
    pub assigned: Option<Day>,
    /// Day on which it is due.
    pub due: Option<Day>,
    /// Gradebook entry type.
    pub kind: Descriptor,
    /// Row of its grading period.
    pub period: Option<u32>,
    /// Points that can be earned.
    pub max_points: Option<Decimal>,
    /// Its section.
    pub section: EntrySection,
}

/// What a student earned for a gradebook entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudentEntry {
    /// Row of the entry.
    pub entry: u32,
    /// Row of the student.
    pub student: u32,
    /// Points earned.
    pub points: Option<Decimal>,
    /// Numeric grade earned.
    pub numeric: Option<Decimal>,
    /// Letter grade earned.
    pub letter: Word,
    /// What the teacher says about it.
    pub statement: Word,
    /// Submission status.
    pub submission: Descriptor,
    /// Whether it was late.
    pub lateness: Descriptor,
    /// Day on which it was handed in, or (data standard 6.1) completed.
    pub fulfilled: Option<Day>,
}

/// A student's grade in a section for a grading period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StagedGrade {
    /// Row of the section.
    pub section: u32,
    /// Row of the grading period.
    pub period: u32,
    /// Grade type.
    pub kind: Descriptor,
    /// Row of the student.
    pub student: u32,
    /// First day of the section association that it is for.
    pub begin: Option<Day>,
    /// Numeric grade earned.
    pub numeric: Option<Decimal>,
    /// Letter grade earned.
    pub letter: Word,
    /// What the teacher says about it.
    pub statement: Word,
    /// Day of which a grade in progress speaks.
    pub as_of: Option<Day>,
    /// Whether it is a grade in progress and not the final one.
    pub interim: Option<bool>,
}

/// Everything about grading; empty unless asked for.
#[derive(Debug, Default)]
pub struct StagedGradebook {
    /// Sorted by (namespace, identifier).
    pub entries: Vec<GradebookEntry>,
    /// Sorted by (entry, student), each pair once.
    pub results: Vec<StudentEntry>,
    /// Sorted by (section, period, code value of the type, student), the latest begin first.
    pub grades: Vec<StagedGrade>,
    words: WordList,
    index: KeyIndex,
}

impl StagedGradebook {
    /// The text behind a word, as stored.
    pub fn word(&self, word: Word) -> &str {
        self.words.get(word)
    }

    /// Puts results and grades in order beside the entries, which were read before them.
    pub(super) fn complete(
        mut self,
        reader: &Reader<'_>,
        descriptors: &Descriptors,
        students: &People,
        results: Vec<Rows<StudentEntry>>,
        grades: Vec<Rows<StagedGrade>>,
    ) -> StagedGradebook {
        // Words are numbered by text, so that neither parts nor threads show in what is sorted by them.
        let parts = results.iter().map(|part| &part.words).chain(grades.iter().map(|part| &part.words));
        self.words = WordList::of(parts);
        let words = &self.words;
        for part in results {
            let ranks = part.words.ranks(words);
            self.results.extend(part.rows.into_iter().map(|row| StudentEntry {
                letter: ranks.of(row.letter),
                statement: ranks.of(row.statement),
                ..row
            }));
        }
        for part in grades {
            let ranks = part.words.ranks(words);
            self.grades.extend(part.rows.into_iter().map(|row| StagedGrade {
                letter: ranks.of(row.letter),
                statement: ranks.of(row.statement),
                ..row
            }));
        }
        self.sort(reader, descriptors, students);
        self
    }

    /// Reads the entries.
    pub(super) fn read_entries(
        reader: &Reader<'_>,
        descriptors: &Descriptors,
        sections: &StagedSections,
        time: &StagedTime,
    ) -> Result<StagedGradebook, SourceError> {
        use c::gradebook_entries as t;
        let at = SectionColumns {
            school: t::SCHOOL,
            local_code: t::LOCAL_CODE,
            session: t::SESSION,
            section: t::SECTION,
        };
        let mut notices = Notices::new();
        let mut entries = Vec::new();
        reader.each_in_section(&t::TABLE, Part::WHOLE, sections.lookup(at), |b, r, section| {
            let section = match b.int(t::YEAR, r) {
                _ if b.int(t::SCHOOL, r).is_none() || b.text(t::SECTION, r).is_empty() => {
                    EntrySection::Unnamed
                }
                None => EntrySection::Unnamed,
                Some(year) if year != i64::from(reader.year) => EntrySection::OtherYear(year),
                Some(_) => match reader.found(section, "gradebookEntry.sectionIdentifier") {
                    Some(row) => EntrySection::Row(row),
                    None => EntrySection::Missing(at.label(b, r)),
                },
            };
            let kind = descriptor(
                descriptors,
                b.int(t::TYPE, r),
                "gradebookEntry.gradebookEntryTypeDescriptorId",
                &mut notices,
            );
            let period = descriptor(
                descriptors,
                b.int(t::PERIOD, r),
                "gradebookEntry.gradingPeriodDescriptorId",
                &mut notices,
            );
            let period = match (&section, b.int(t::SCHOOL, r)) {
                (EntrySection::Row(_), Some(school)) if period.is_some() => {
                    let name = b.text(t::PERIOD_NAME, r);
                    let found = reader
                        .found(time.grading_period(school, period, name), "gradebookEntry.gradingPeriodName");
                    if found.is_none() {
                        let cause =
                            format!("grading period {school} {} {name}", descriptors.code_value(period));
                        notices.add(&GRADING_PERIOD_MISSING, &cause, b.text(t::IDENTIFIER, r));
                    }
                    found
                }
                _ => None,
            };
            entries.push(GradebookEntry {
                namespace: b.text(t::NAMESPACE, r).to_owned(),
                identifier: b.text(t::IDENTIFIER, r).to_owned(),
                title: b.text(t::TITLE, r).to_owned(),
                description: b.text(t::DESCRIPTION, r).to_owned(),
                assigned: b.date(t::ASSIGNED, r),
                due: b.date(t::DUE, r),
                kind,
                period,
                max_points: decimal(b.text(t::MAX_POINTS, r), "gradebookEntry.maxPoints", &mut notices),
                section,
            });
            Ok(())
        })?;
        reader.merge(notices);
        entries.sort_by(|x, y| {
            let key = |e: &GradebookEntry| (e.assigned, e.due, e.max_points, e.period);
            (&x.namespace, &x.identifier, &x.title, &x.description)
                .cmp(&(&y.namespace, &y.identifier, &y.title, &y.description))
                .then_with(|| key(x).cmp(&key(y)))
        });
        let mut gradebook =
            StagedGradebook { index: KeyIndex::with_capacity(entries.len()), ..StagedGradebook::default() };
        for entry in entries {
            let there = gradebook.entries.last().is_some_and(|last: &GradebookEntry| {
                (&last.namespace, &last.identifier) == (&entry.namespace, &entry.identifier)
            });
            if there {
                let key = format!("{} {}", entry.namespace, entry.identifier);
                reader.repeated("gradebookEntry", &key);
                continue;
            }
            let row = gradebook.entries.len() as u32;
            gradebook.index.insert(hash_key(0, &[&entry.namespace, &entry.identifier]), row, |_| false);
            gradebook.entries.push(entry);
        }
        Ok(gradebook)
    }

    fn entry(&self, namespace: &str, identifier: &str) -> Found {
        let of = |n: u32| &self.entries[n as usize];
        self.index.find(
            0,
            &[namespace, identifier],
            |n| of(n).namespace == namespace && of(n).identifier == identifier,
            |n| (0, vec![of(n).namespace.as_str(), of(n).identifier.as_str()]),
        )
    }

    /// Reads one part of what students earned.
    pub(super) fn read_results(
        &self,
        reader: &Reader<'_>,
        table_part: Part,
        descriptors: &Descriptors,
        students: &People,
    ) -> Result<Rows<StudentEntry>, SourceError> {
        use c::student_gradebook_entries as t;
        let mut part = Rows::<StudentEntry>::default();
        let mut collected = Notices::new();
        let notices = &mut collected;
        reader.each_of(&t::TABLE, table_part, |b, r| {
            let (namespace, identifier) = (b.text(t::NAMESPACE, r), b.text(t::IDENTIFIER, r));
            let entry = match self.entry(namespace, identifier) {
                Found::Exact(entry) => entry,
                Found::Folded(entry) => {
                    notices.add(&KEY_SPELLING, "studentGradebookEntry.gradebookEntryIdentifier", "");
                    entry
                }
                Found::Nothing => {
                    let cause = format!("gradebook entry {namespace} {identifier}");
                    leave_out(&GRADEBOOK_ENTRY_MISSING, &cause, notices);
                    return Ok(());
                }
            };
            let Some(student) = students.index.get(b.int(t::USI, r)) else {
                missing_student("studentGradebookEntry", notices);
                return Ok(());
            };
            let row = StudentEntry {
                entry,
                student,
                points: decimal(b.text(t::POINTS, r), "studentGradebookEntry.pointsEarned", notices),
                numeric: decimal(b.text(t::NUMERIC, r), "studentGradebookEntry.numericGradeEarned", notices),
                letter: part.words.intern(b.text(t::LETTER, r)),
                statement: part.words.intern(b.text(t::STATEMENT, r)),
                submission: descriptor(
                    descriptors,
                    b.int(t::STATUS, r),
                    "studentGradebookEntry.submissionStatusDescriptorId",
                    notices,
                ),
                lateness: descriptor(
                    descriptors,
                    b.int(t::LATENESS, r),
                    "studentGradebookEntry.assignmentLateStatusDescriptorId",
                    notices,
                ),
                fulfilled: b.date(t::FULFILLED, r).or(b.date(t::COMPLETED, r)),
            };
            part.rows.push(row);
            Ok(())
        })?;
        reader.merge(collected);
        Ok(part)
    }

    /// Puts rows into natural order; of a key that stands twice the first stays.
    fn sort(&mut self, reader: &Reader<'_>, descriptors: &Descriptors, students: &People) {
        self.results.par_sort_by(|x, y| {
            let key = |e: &StudentEntry| {
                (e.entry, e.student, e.fulfilled, e.points, e.numeric, e.letter, e.statement)
            };
            key(x).cmp(&key(y)).then_with(|| {
                let values = |e: &StudentEntry| {
                    (descriptors.code_value(e.submission), descriptors.code_value(e.lateness))
                };
                values(x).cmp(&values(y))
            })
        });
        let mut notices = Notices::new();
        let entries = &self.entries;
        self.results.dedup_by(|later, first| {
            let same = (later.entry, later.student) == (first.entry, first.student);
            if same {
                let entry = &entries[later.entry as usize];
                let unique_id = students.unique_id.get(later.student as usize);
                notices.add(
                    &ROW_REPEATED,
                    "studentGradebookEntry",
                    format!("{} {} {unique_id}", entry.namespace, entry.identifier),
                );
                notices.leave_out(&ROW_REPEATED, "studentGradebookEntry", "results", 1);
            }
            same
        });
        reader.merge(notices);
        self.grades.par_sort_by(|x, y| {
            let key = |g: &StagedGrade| (g.section, g.period);
            let rest = |g: &StagedGrade| {
                (g.student, std::cmp::Reverse(g.begin), g.numeric, g.letter, g.statement, g.as_of, g.interim)
            };
            key(x)
                .cmp(&key(y))
                .then_with(|| descriptors.code_value(x.kind).cmp(descriptors.code_value(y.kind)))
                .then_with(|| rest(x).cmp(&rest(y)))
        });
    }
}

/// Reads one part of the grades.
pub(super) fn read_grades(
    reader: &Reader<'_>,
    table_part: Part,
    descriptors: &Descriptors,
    time: &StagedTime,
    sections: &StagedSections,
    students: &People,
) -> Result<Rows<StagedGrade>, SourceError> {
    use c::grades as t;
    let at = SectionColumns {
        school: t::SCHOOL,
        local_code: t::LOCAL_CODE,
        session: t::SESSION,
        section: t::SECTION,
    };
    let mut part = Rows::<StagedGrade>::default();
    let mut collected = Notices::new();
    let notices = &mut collected;
    reader.each_in_section(&t::TABLE, table_part, sections.lookup(at), |b, r, section| {
        let section = match section {
            Found::Exact(section) => section,
            Found::Folded(section) => {
                notices.add(&KEY_SPELLING, "grade.sectionIdentifier", "");
                section
            }
            Found::Nothing => {
                leave_out(&GRADEBOOK_SECTION_MISSING, &at.label(b, r), notices);
                return Ok(());
            }
        };
        let Some(student) = students.index.get(b.int(t::USI, r)) else {
            missing_student("grade", notices);
            return Ok(());
        };
        let school = sections.school[section as usize];
        let period = descriptor(descriptors, b.int(t::PERIOD, r), "grade.gradingPeriodDescriptorId", notices);
        let (name, year) = (b.text(t::PERIOD_NAME, r), b.int(t::PERIOD_YEAR, r));
        let found = match year {
            Some(year) if year != i64::from(reader.year) => Found::Nothing,
            _ => time.grading_period(school, period, name),
        };
        let period = match found {
            Found::Exact(period) => period,
            Found::Folded(period) => {
                notices.add(&KEY_SPELLING, "grade.gradingPeriodName", "");
                period
            }
            Found::Nothing => {
                let value = descriptors.code_value(period);
                let year = year.unwrap_or(i64::from(reader.year));
                let cause = format!("grading period {school} {value} {name} of {year}");
                leave_out(&GRADING_PERIOD_MISSING, &cause, notices);
                return Ok(());
            }
        };
        let row = StagedGrade {
            section,
            period,
            kind: descriptor(descriptors, b.int(t::TYPE, r), "grade.gradeTypeDescriptorId", notices),
            student,
            begin: b.date(t::BEGIN, r),
            numeric: decimal(b.text(t::NUMERIC, r), "grade.numericGradeEarned", notices),
            letter: part.words.intern(b.text(t::LETTER, r)),
            statement: part.words.intern(b.text(t::STATEMENT, r)),
            as_of: b.date(t::AS_OF, r),
            interim: b.flag(t::INTERIM, r),
        };
        part.rows.push(row);
        Ok(())
    })?;
    reader.merge(collected);
    Ok(part)
}

/// The rows of one part of a table, with words of their own.
pub(super) struct Rows<T> {
    rows: Vec<T>,
    words: Words,
}

impl<T> Default for Rows<T> {
    fn default() -> Rows<T> {
        Rows { rows: Vec::new(), words: Words::default() }
    }
}

fn leave_out(code: &'static Code, cause: &str, notices: &mut Notices) {
    notices.add(code, cause, "");
    notices.leave_out(code, cause, "results", 1);
}

fn missing_student(table: &str, notices: &mut Notices) {
    leave_out(&PERSON_MISSING, &format!("{table} names a person that table student does not have"), notices);
}

fn descriptor(descriptors: &Descriptors, id: Option<i64>, column: &str, notices: &mut Notices) -> Descriptor {
    descriptors.by_id(id).unwrap_or_else(|_| {
        notices.add(&DESCRIPTOR_MISSING, column, "");
        Descriptor::NONE
    })
}

/// A number, or none; a text that is no number is a notice. Its value is not repeated.
fn decimal(text: &str, column: &str, notices: &mut Notices) -> Option<Decimal> {
    if text.trim().is_empty() {
        return None;
    }
    let number = Decimal::parse(text);
    if number.is_none() {
        notices.add(&DECIMAL_UNREADABLE, column, "");
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_none_is_told() {
        let mut notices = Notices::new();
        assert_eq!(decimal(" ", "c", &mut notices), None);
        assert_eq!(notices.total(&DECIMAL_UNREADABLE), 0);
        assert_eq!(decimal("A-", "c", &mut notices), None);
        assert_eq!(notices.total(&DECIMAL_UNREADABLE), 1);
        assert_eq!(decimal("74.00", "c", &mut notices).map(|d| d.to_string()).as_deref(), Some("74"));
    }

    #[test]
    fn a_result_is_forty_eight_bytes() {
        assert_eq!(size_of::<StudentEntry>(), 48);
    }
}
