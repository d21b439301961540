//! School associations and demographic facts of students.
//!
//! In: studentSchoolAssociation, the demographic tables of any data standard. Out: rows by student, sorted.
//! A student has several organization associations (mapping.md 0.10): all are kept here, the roster reduces.

use crate::day::Day;
use crate::edfi::Table;
use crate::edfi::contract as c;
use crate::source::SourceError;

use super::descriptors::{Descriptor, Descriptors};
use super::distinct::Distinct;
use super::order;
use super::people::{People, read_rows, rows_of};
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

/// School associations of all students, sorted by student and natural key.
#[derive(Debug, Default)]
pub struct StudentSchools {
    rows: Vec<Attendance>,
    standings: Vec<Standing>,
}

/// An association as it is kept, 16 bytes: the thousands of a school have most in common.
#[derive(Debug, Clone, Copy)]
struct Attendance {
    student: u32,
    standing: u32,
    entry: Option<Day>,
    exit: Option<Day>,
}

/// What the associations of many students have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Standing {
    school: i64,
    exit_type: Descriptor,
    primary: Option<bool>,
    year: Option<i16>,
    grade: Descriptor,
}

impl StudentSchools {
    /// All associations.
    pub fn iter(&self) -> impl Iterator<Item = StudentSchool> + '_ {
        self.rows.iter().map(|row| self.unpack(row))
    }

    /// The associations of a student, in natural order.
    pub fn of(&self, student: u32) -> impl Iterator<Item = StudentSchool> + '_ {
        self.rows[rows_of(&self.rows, student, |row| row.student)].iter().map(|row| self.unpack(row))
    }

    fn unpack(&self, row: &Attendance) -> StudentSchool {
        let Attendance { student, entry, exit, .. } = *row;
        let Standing { school, exit_type, primary, year, grade } = self.standings[row.standing as usize];
        StudentSchool { student, school, entry, exit, exit_type, primary, year, grade }
    }
}

pub(super) fn read_schools(
    reader: &Reader<'_>,
    people: &People,
    d: &Descriptors,
) -> Result<StudentSchools, SourceError> {
    use c::student_schools as t;
    let mut standings = Distinct::default();
    let mut rows = read_rows(reader, &t::TABLE, t::USI, people, |student, b, r| {
        let standing = standings.number(Standing {
            school: b.int(t::SCHOOL, r)?,
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
        });
        Some(Attendance { student, standing, entry: b.date(t::ENTRY, r), exit: b.date(t::EXIT, r) })
    })?;
    let standings: Vec<Standing> = standings.into_values();
    // By all that a row holds, so that equal rows are the same and a sort without a second copy will do.
    let key = |row: &Attendance| {
        let standing = &standings[row.standing as usize];
        let (grade, exit) = (d.place(standing.grade), d.place(standing.exit_type));
        let Standing { school, primary, year, .. } = *standing;
        (school, row.entry, row.exit, grade, primary, year, exit)
    };
    order::sort_by(&mut rows, |row| row.student, |x, y| key(x).cmp(&key(y)));
    Ok(StudentSchools { rows, standings })
}

/// Birth facts of a student.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    /// Row of the student.
    pub student: u32,
    /// Birth date.
    pub date: Option<Day>,
    /// Where, and the sex.
    pub origin: Origin,
}

/// What the births of many students have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin {
    /// City, a word of [`DemographicWords::cities`].
    pub city: Word,
    /// State abbreviation.
    pub state: Descriptor,
    /// Country.
    pub country: Descriptor,
    /// Sex at birth.
    pub sex: Descriptor,
}

/// Birth facts of all students, at most one row each.
#[derive(Debug, Default)]
pub struct Births {
    /// Student, birth date, number of the origin: 12 bytes.
    rows: Vec<(u32, Option<Day>, u32)>,
    origins: Vec<Origin>,
}

impl Births {
    /// All facts, by student.
    pub fn iter(&self) -> impl Iterator<Item = Birth> + '_ {
        self.rows.iter().map(|row| self.unpack(row))
    }

    /// The facts of a student.
    pub fn of(&self, student: u32) -> Option<Birth> {
        self.rows[rows_of(&self.rows, student, |row| row.0)].first().map(|row| self.unpack(row))
    }

    fn unpack(&self, &(student, date, origin): &(u32, Option<Day>, u32)) -> Birth {
        Birth { student, date, origin: self.origins[origin as usize] }
    }
}

/// What one organization says of a student, and of many others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrgDemographics {
    /// educationOrganizationId.
    pub organization: i64,
    /// Sex.
    pub sex: Descriptor,
    /// Gender identity as stored, a word of [`DemographicWords::genders`].
    pub gender_identity: Word,
    /// Limited English proficiency.
    pub limited_english: Descriptor,
    /// Hispanic or Latino.
    pub hispanic: Option<bool>,
}

/// What organizations say of all students, sorted by student and organization.
#[derive(Debug, Default)]
pub struct SaidOfStudents {
    /// Student, number of what is said: 8 bytes.
    rows: Vec<(u32, u32)>,
    said: Vec<OrgDemographics>,
}

impl SaidOfStudents {
    /// Each student, and what an organization says.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &OrgDemographics)> {
        self.rows.iter().map(|&(student, said)| (student, &self.said[said as usize]))
    }

    /// What organizations say of one student.
    pub fn of(&self, student: u32) -> impl Iterator<Item = &OrgDemographics> {
        self.rows[rows_of(&self.rows, student, |row| row.0)].iter().map(|row| &self.said[row.1 as usize])
    }
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
    pub births: Births,
    /// Facts by organization.
    pub organizations: SaidOfStudents,
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
) -> Result<(Births, WordList), SourceError> {
    use c::student_births as t;
    // Values that nobody knows are as good as none here, and raise no notice.
    let value = |id| d.by_id(id).unwrap_or(Descriptor::NONE);
    let (mut cities, mut origins) = (Words::default(), Distinct::default());
    let mut rows = read_rows(reader, &t::TABLE, t::USI, people, |student, b, r| {
        let origin = origins.number(Origin {
            city: cities.intern(b.text(t::CITY, r)),
            state: value(b.int(t::STATE, r)),
            country: value(b.int(t::COUNTRY, r)),
            sex: value(b.int(t::SEX, r)),
        });
        Some((student, b.date(t::DATE, r), origin))
    })?;
    let list = WordList::of([&cities]);
    let ranks = cities.ranks(&list);
    let mut origins: Vec<Origin> = origins.into_values();
    origins.iter_mut().for_each(|origin| origin.city = ranks.of(origin.city));
    let key = |&(_, date, origin): &(u32, Option<Day>, u32)| {
        let origin = &origins[origin as usize];
        let values = [origin.state, origin.country, origin.sex].map(|value| d.place(value));
        (date, origin.city, values)
    };
    order::sort_by(&mut rows, |row| row.0, |x, y| key(x).cmp(&key(y)));
    rows.dedup_by_key(|row| row.0);
    Ok((Births { rows, origins }, list))
}

/// Reads what organizations say of students, and the gender identities in it.
pub(super) fn read_organizations(
    reader: &Reader<'_>,
    people: &People,
    d: &Descriptors,
) -> Result<(SaidOfStudents, WordList), SourceError> {
    use c::student_demographics as t;
    let (mut genders, mut said) = (Words::default(), Distinct::default());
    let mut rows = read_rows(reader, &t::TABLE, t::USI, people, |student, b, r| {
        let said = said.number(OrgDemographics {
            organization: b.int(t::ORGANIZATION, r)?,
            sex: reader.descriptor(d, b.int(t::SEX, r), "sexDescriptorId"),
            hispanic: b.flag(t::HISPANIC, r),
            gender_identity: genders.intern(b.text(t::GENDER_IDENTITY, r)),
            limited_english: reader.descriptor(
                d,
                b.int(t::LIMITED_ENGLISH, r),
                "limitedEnglishProficiencyDescriptorId",
            ),
        });
        Some((student, said))
    })?;
    let list = WordList::of([&genders]);
    let ranks = genders.ranks(&list);
    let mut said: Vec<OrgDemographics> = said.into_values();
    said.iter_mut().for_each(|fact| fact.gender_identity = ranks.of(fact.gender_identity));
    let key = |&(_, number): &(u32, u32)| {
        let fact = &said[number as usize];
        let (sex, english) = (d.place(fact.sex), d.place(fact.limited_english));
        (fact.organization, sex, fact.hispanic, fact.gender_identity, english)
    };
    order::sort_by(&mut rows, |row| row.0, |x, y| key(x).cmp(&key(y)));
    Ok((SaidOfStudents { rows, said }, list))
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
    order::sort_by(&mut rows, |row| row.0, |x, y| d.place(x.1).cmp(&d.place(y.1)));
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
    indicators.sort_unstable();
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
    let key = |row: &StudentProgram| (d.place(row.kind), row.begin, row.end);
    order::sort_by(&mut programs, |row| row.student, |x, y| key(x).cmp(&key(y)));
    Ok(programs)
}
