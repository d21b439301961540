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
use super::words::{Word, WordList, Words};

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
    // By all that a row holds, so that equal rows are the same and a sort without a second copy will do.
    rows.par_sort_unstable_by(|x, y| {
        let key = |row: &StudentSchool| {
            let (grade, exit) = (d.place(row.grade), d.place(row.exit_type));
            (row.student, row.school, row.entry, row.exit, grade, row.primary, row.year, exit)
        };
        key(x).cmp(&key(y))
    });
    Ok(rows)
}

/// Birth facts of a student.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    /// Row of the student.
    pub student: u32,
    /// Birth date.
    pub date: Option<Day>,
    /// City, a word of [`DemographicWords::cities`].
    pub city: Word,
    /// State abbreviation.
    pub state: Descriptor,
    /// Country.
    pub country: Descriptor,
    /// Sex at birth.
    pub sex: Descriptor,
}

/// What one organization says of a student.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrgDemographics {
    /// Row of the student.
    pub student: u32,
    /// Sex.
    pub sex: Descriptor,
    /// educationOrganizationId.
    pub organization: i64,
    /// Gender identity as stored, a word of [`DemographicWords::genders`].
    pub gender_identity: Word,
    /// Limited English proficiency.
    pub limited_english: Descriptor,
    /// Hispanic or Latino.
    pub hispanic: Option<bool>,
}

/// Something that an organization tells of a student by a name and a value of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StudentIndicator {
    /// Row of the student.
    pub student: u32,
    /// Its name, a word of [`DemographicWords::indicators`].
    pub name: Word,
    /// Its value, a word of the same list.
    pub value: Word,
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

/// The texts behind the words of demographic facts, by the table in which they stand.
#[derive(Debug, Default)]
pub struct DemographicWords {
    /// Cities of birth.
    pub cities: WordList,
    /// Gender identities.
    pub genders: WordList,
    /// Names and values of indicators.
    pub indicators: WordList,
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
    /// Indicators.
    pub indicators: Vec<StudentIndicator>,
    /// Programs.
    pub programs: Vec<StudentProgram>,
    /// Texts that stand in many rows.
    pub words: DemographicWords,
}

/// Reads birth facts, one row a student, and the cities in them.
pub(super) fn read_births(
    reader: &Reader<'_>,
    people: &People,
    d: &Descriptors,
) -> Result<(Vec<Birth>, WordList), SourceError> {
    use c::student_births as t;
    // Values that nobody knows are as good as none here, and raise no notice.
    let value = |id| d.by_id(id).unwrap_or(Descriptor::NONE);
    let mut cities = Words::default();
    let mut births = read_rows(reader, &t::TABLE, t::USI, people, |student, b, r| {
        Some(Birth {
            student,
            date: b.date(t::DATE, r),
            city: cities.intern(b.text(t::CITY, r)),
            state: value(b.int(t::STATE, r)),
            country: value(b.int(t::COUNTRY, r)),
            sex: value(b.int(t::SEX, r)),
        })
    })?;
    let list = WordList::of([&cities]);
    let ranks = cities.ranks(&list);
    births.iter_mut().for_each(|birth| birth.city = ranks.of(birth.city));
    births.par_sort_unstable_by(|x, y| {
        let key = |birth: &Birth| {
            let values = [birth.state, birth.country, birth.sex].map(|value| d.place(value));
            (birth.student, birth.date, birth.city, values)
        };
        key(x).cmp(&key(y))
    });
    births.dedup_by_key(|x| x.student);
    Ok((births, list))
}

/// Reads what organizations say of students, and the gender identities in it.
pub(super) fn read_organizations(
    reader: &Reader<'_>,
    people: &People,
    d: &Descriptors,
) -> Result<(Vec<OrgDemographics>, WordList), SourceError> {
    use c::student_demographics as t;
    let mut genders = Words::default();
    let mut organizations = read_rows(reader, &t::TABLE, t::USI, people, |student, b, r| {
        Some(OrgDemographics {
            student,
            organization: b.int(t::ORGANIZATION, r)?,
            sex: reader.descriptor(d, b.int(t::SEX, r), "sexDescriptorId"),
            hispanic: b.flag(t::HISPANIC, r),
            gender_identity: genders.intern(b.text(t::GENDER_IDENTITY, r)),
            limited_english: reader.descriptor(
                d,
                b.int(t::LIMITED_ENGLISH, r),
                "limitedEnglishProficiencyDescriptorId",
            ),
        })
    })?;
    let list = WordList::of([&genders]);
    let ranks = genders.ranks(&list);
    organizations.iter_mut().for_each(|fact| fact.gender_identity = ranks.of(fact.gender_identity));
    organizations.par_sort_unstable_by(|x, y| {
        let key = |fact: &OrgDemographics| {
            let (sex, english) = (d.place(fact.sex), d.place(fact.limited_english));
            (fact.student, fact.organization, sex, fact.hispanic, fact.gender_identity, english)
        };
        key(x).cmp(&key(y))
    });
    Ok((organizations, list))
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
    rows.par_sort_unstable_by(|x: &(u32, Descriptor), y| (x.0, d.place(x.1)).cmp(&(y.0, d.place(y.1))));
    rows.dedup();
    Ok(rows)
}

/// Reads the indicators of students, and the texts in them.
pub(super) fn read_indicators(
    reader: &Reader<'_>,
    people: &People,
) -> Result<(Vec<StudentIndicator>, WordList), SourceError> {
    use c::student_indicators as t;
    let mut words = Words::default();
    let mut indicators = read_rows(reader, &t::TABLE, t::USI, people, |student, b, r| {
        let (name, value) = (words.intern(b.text(t::NAME, r)), words.intern(b.text(t::VALUE, r)));
        Some(StudentIndicator { student, name, value })
    })?;
    let list = WordList::of([&words]);
    let ranks = words.ranks(&list);
    for row in &mut indicators {
        (row.name, row.value) = (ranks.of(row.name), ranks.of(row.value));
    }
    indicators.par_sort_unstable();
    Ok((indicators, list))
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
    programs.par_sort_unstable_by(|x, y| {
        let key = |row: &StudentProgram| (row.student, d.place(row.kind), row.begin, row.end);
        key(x).cmp(&key(y))
    });
    Ok(programs)
}
