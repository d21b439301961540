//! School associations and demographic facts of students.
//!
//! In: studentSchoolAssociation, the demographic tables of any data standard. Out: rows by student, sorted.
//! A student has several organization associations (mapping.md 0.10): all are kept here, the roster reduces.

use rayon::slice::ParallelSliceMut;

use crate::day::Day;
use crate::edfi::Table;
use crate::edfi::contract as c;
use crate::source::SourceError;

use super::descriptors::{Descriptor, Descriptors};
use super::people::{People, read_rows};
use super::read::Reader;

/// A student at a school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudentSchool {
    /// Row of the student.
    pub student: u32,
    /// schoolId.
    pub school: i64,
    /// First day.
    pub entry: Option<Day>,
    /// Last day.
    pub exit: Option<Day>,
    /// Why the student left.
    pub exit_type: Descriptor,
    /// Whether this is the primary school, if anybody said so.
    pub primary: Option<bool>,
    /// School year, usually absent.
    pub year: Option<i16>,
    /// Grade level at entry.
    pub grade: Descriptor,
}

pub(super) fn read_schools(
    reader: &Reader<'_>,
    people: &People,
    d: &Descriptors,
) -> Result<Vec<StudentSchool>, SourceError> {
    use c::student_schools as t;
    let mut rows = read_rows(reader, &t::TABLE, t::USI, people, |student, b, r| {
        Some(StudentSchool {
            student,
            school: b.int(t::SCHOOL, r)?,
            entry: b.date(t::ENTRY, r),
            exit: b.date(t::EXIT, r),
            exit_type: reader.descriptor(
                d,
                b.int(t::EXIT_TYPE, r),
                "studentSchoolAssociation.exitWithdrawTypeDescriptorId",
            ),
            primary: b.flag(t::PRIMARY, r),
            year: b.int(t::YEAR, r).and_then(|y| i16::try_from(y).ok()),
            grade: reader.descriptor(
                d,
                b.int(t::GRADE, r),
                "studentSchoolAssociation.entryGradeLevelDescriptorId",
            ),
        })
    })?;
    rows.par_sort_by(|x, y| {
        (x.student, x.school, x.entry, x.exit, d.code_value(x.grade), x.primary, x.year).cmp(&(
            y.student,
            y.school,
            y.entry,
            y.exit,
            d.code_value(y.grade),
            y.primary,
            y.year,
        ))
    });
    Ok(rows)
}

/// Birth facts of a student.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Birth {
    /// Row of the student.
    pub student: u32,
    /// Birth date.
    pub date: Option<Day>,
    /// City.
    pub city: String,
    /// State abbreviation code value.
    pub state: String,
    /// Country code value.
    pub country: String,
    /// Sex at birth.
    pub sex: Option<Descriptor>,
}

/// What one organization says of a student.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgDemographics {
    /// Row of the student.
    pub student: u32,
    /// educationOrganizationId.
    pub organization: i64,
    /// Sex.
    pub sex: Descriptor,
    /// Hispanic or Latino.
    pub hispanic: Option<bool>,
    /// Gender identity as stored.
    pub gender_identity: String,
    /// Limited English proficiency.
    pub limited_english: Descriptor,
}

/// A program a student takes part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudentProgram {
    /// Row of the student.
    pub student: u32,
    /// Program type.
    pub kind: Descriptor,
    /// First day.
    pub begin: Option<Day>,
    /// Last day.
    pub end: Option<Day>,
}

/// Demographic facts of all students; each list is sorted by student.
#[derive(Debug, Default)]
pub struct StudentDemographics {
    /// Birth facts.
    pub births: Vec<Birth>,
    /// Facts by organization.
    pub organizations: Vec<OrgDemographics>,
    /// Races, the union over organizations.
    pub races: Vec<(u32, Descriptor)>,
    /// Characteristics.
    pub characteristics: Vec<(u32, Descriptor)>,
    /// Indicators: student, name, value.
    pub indicators: Vec<(u32, String, String)>,
    /// Programs.
    pub programs: Vec<StudentProgram>,
}

/// Reads birth facts, one row a student.
pub(super) fn read_births(
    reader: &Reader<'_>,
    people: &People,
    d: &Descriptors,
) -> Result<Vec<Birth>, SourceError> {
    use c::student_births as t;
    let value = |id| d.by_id(id).map_or("", |x| d.code_value(x)).to_owned();
    let mut births = read_rows(reader, &t::TABLE, t::USI, people, |student, b, r| {
        Some(Birth {
            student,
            date: b.date(t::DATE, r),
            city: b.text(t::CITY, r).to_owned(),
            state: value(b.int(t::STATE, r)),
            country: value(b.int(t::COUNTRY, r)),
            sex: d.by_id(b.int(t::SEX, r)).ok().filter(|x| x.is_some()),
        })
    })?;
    births.par_sort_by(|x, y| (x.student, x.date, &x.city).cmp(&(y.student, y.date, &y.city)));
    births.dedup_by_key(|x| x.student);
    Ok(births)
}

/// Reads what organizations say of students.
pub(super) fn read_organizations(
    reader: &Reader<'_>,
    people: &People,
    d: &Descriptors,
) -> Result<Vec<OrgDemographics>, SourceError> {
    use c::student_demographics as t;
    let mut organizations = read_rows(reader, &t::TABLE, t::USI, people, |student, b, r| {
        Some(OrgDemographics {
            student,
            organization: b.int(t::ORGANIZATION, r)?,
            sex: reader.descriptor(d, b.int(t::SEX, r), "sexDescriptorId"),
            hispanic: b.flag(t::HISPANIC, r),
            gender_identity: b.text(t::GENDER_IDENTITY, r).to_owned(),
            limited_english: reader.descriptor(
                d,
                b.int(t::LIMITED_ENGLISH, r),
                "limitedEnglishProficiencyDescriptorId",
            ),
        })
    })?;
    organizations.par_sort_by(|x, y| {
        (x.student, x.organization, d.code_value(x.sex), x.hispanic).cmp(&(
            y.student,
            y.organization,
            d.code_value(y.sex),
            y.hispanic,
        ))
    });
    Ok(organizations)
}

/// Reads the races of students, the union over organizations.
pub(super) fn read_races(
    reader: &Reader<'_>,
    people: &People,
    d: &Descriptors,
) -> Result<Vec<(u32, Descriptor)>, SourceError> {
    use c::student_races as t;
    read_values(reader, &t::TABLE, (t::USI, t::RACE), people, d)
}

/// Reads the characteristics of students.
pub(super) fn read_characteristics(
    reader: &Reader<'_>,
    people: &People,
    d: &Descriptors,
) -> Result<Vec<(u32, Descriptor)>, SourceError> {
    use c::student_characteristics as t;
    read_values(reader, &t::TABLE, (t::USI, t::CHARACTERISTIC), people, d)
}

fn read_values(
    reader: &Reader<'_>,
    table: &'static Table,
    (usi, column): (usize, usize),
    people: &People,
    d: &Descriptors,
) -> Result<Vec<(u32, Descriptor)>, SourceError> {
    let mut rows = read_rows(reader, table, usi, people, |student, b, r| {
        let found = reader.descriptor(d, b.int(column, r), "studentRace or characteristic");
        found.is_some().then_some((student, found))
    })?;
    rows.par_sort_by(|x: &(u32, Descriptor), y| {
        (x.0, d.code_value(x.1), d.namespace(x.1)).cmp(&(y.0, d.code_value(y.1), d.namespace(y.1)))
    });
    rows.dedup();
    Ok(rows)
}

/// Reads the indicators of students.
pub(super) fn read_indicators(
    reader: &Reader<'_>,
    people: &People,
) -> Result<Vec<(u32, String, String)>, SourceError> {
    use c::student_indicators as t;
    let mut indicators = read_rows(reader, &t::TABLE, t::USI, people, |student, b, r| {
        Some((student, b.text(t::NAME, r).to_owned(), b.text(t::VALUE, r).to_owned()))
    })?;
    indicators.par_sort_unstable();
    Ok(indicators)
}

/// Reads the programs of students.
pub(super) fn read_programs(
    reader: &Reader<'_>,
    people: &People,
    d: &Descriptors,
) -> Result<Vec<StudentProgram>, SourceError> {
    use c::student_programs as t;
    let mut programs = read_rows(reader, &t::TABLE, t::USI, people, |student, b, r| {
        Some(StudentProgram {
            student,
            kind: reader.descriptor(d, b.int(t::PROGRAM_TYPE, r), "programTypeDescriptorId"),
            begin: b.date(t::BEGIN, r),
            end: b.date(t::END, r),
        })
    })?;
    programs.par_sort_by(|x, y| {
        (x.student, d.code_value(x.kind), x.begin, x.end).cmp(&(
            y.student,
            d.code_value(y.kind),
            y.begin,
            y.end,
        ))
    });
    Ok(programs)
}
