//! What every explanation looks at: the staged tables, the closed roster, and the associations before any was dropped.
//!
//! In: the results of the stages. Out: [`World`], with look-ups that several kinds of subjects need.

use super::ask::{SectionKey, Subject};
use super::model::CauseTold;
use crate::config::plan::{Edition, Plan};
use crate::crosswalk::Crosswalks;
use crate::day::Day;
use crate::roster::Roster;
use crate::roster::classes::class_key;
use crate::roster::context::natural_keys;
use crate::roster::fate::Fate;
use crate::roster::gradebook::Gradebook;
use crate::roster::sessions::SessionKey;
use crate::roster::users::{UserCells, UserRef};
use crate::sourced_id::{NaturalKeys, Person, SourcedId};
use crate::spec::File;
use crate::staging::Staged;
use crate::staging::descriptors::Descriptor;
use crate::staging::facts::{Facts, StaffFact, StudentInSection};
use crate::staging::keys::Found;
use crate::staging::people::People;

/// Section associations as they were staged, in their order: those of the subject, or all.
#[derive(Debug, Default)]
pub struct Before {
    /// Of students.
    pub students: Vec<StudentInSection>,
    /// Of staff members.
    pub staff: Vec<StaffFact>,
}

impl Before {
    /// All associations.
    pub fn all(facts: &Facts) -> Before {
        Before::filtered(facts, |_, _| true, |_, _| true)
    }

    /// Those of a person or a section; none for other subjects.
    pub fn of(staged: &Staged, subject: &Subject) -> Before {
        match subject {
            Subject::Person { person: Person::Student, unique_id } => match staged.students.find(unique_id) {
                Some(row) => Before::filtered(&staged.facts, |_, student| student == row, |_, _| false),
                None => Before::default(),
            },
            Subject::Person { person: Person::Staff, unique_id } => match staged.staff.find(unique_id) {
                Some(row) => Before::filtered(&staged.facts, |_, _| false, |_, staff| staff == row),
                None => Before::default(),
            },
            Subject::Section { key, .. } => match section_row(staged, key) {
                Some(row) => Before::filtered(&staged.facts, |s, _| s == row, |s, _| s == row),
                None => Before::default(),
            },
            _ => Before::default(),
        }
    }

    fn filtered(
        facts: &Facts,
        students: impl Fn(u32, u32) -> bool,
        staff: impl Fn(u32, u32) -> bool,
    ) -> Before {
        Before {
            students: facts.all_students().filter(|fact| students(fact.section, fact.student)).collect(),
            staff: facts.staff.iter().copied().filter(|fact| staff(fact.section, fact.staff)).collect(),
        }
    }
}

/// A section association as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivered {
    /// The section that it names.
    pub key: SectionKey,
    /// schoolYear.
    pub year: i64,
    /// First day.
    pub begin: Option<Day>,
    /// Last day.
    pub end: Option<Day>,
}

/// The row of a section by its key, exactly as stored.
pub fn section_row(staged: &Staged, key: &SectionKey) -> Option<u32> {
    match staged.sections.find(key.school, &key.local_code, &key.session, &key.section) {
        Found::Exact(row) => Some(row),
        Found::Folded(_) | Found::Nothing => None,
    }
}

/// The results of the stages.
pub struct World<'a> {
    /// The plan of the run.
    pub plan: &'a Plan,
    /// Staged tables.
    pub staged: &'a Staged,
    /// The form of the package that is explained.
    pub edition: Edition,
    /// The closed roster.
    pub roster: &'a Roster,
    /// Its gradebook.
    pub gradebook: &'a Gradebook,
    /// Crosswalks.
    pub crosswalks: &'a Crosswalks,
    /// Associations before any was dropped.
    pub before: &'a Before,
    /// Section associations of the subject as the source delivered them, of whatever year.
    pub delivered: Vec<Delivered>,
    /// What the cells of users are made from.
    pub cells: UserCells<'a>,
    /// Formulas of ids.
    pub keys: NaturalKeys,
}

impl<'a> World<'a> {
    /// The results of a run.
    pub fn new(run: &super::Run<'a>, closed: &'a super::Closed) -> World<'a> {
        let super::Run { plan, edition, crosswalks, .. } = *run;
        let super::Closed { staged, roster, gradebook, before, .. } = closed;
        let cells = UserCells::new(staged, &plan.mapping, &roster.orgs);
        let delivered = Vec::new();
        let keys = natural_keys(plan, staged);
        World { plan, edition, staged, roster, gradebook, crosswalks, before, delivered, cells, keys }
    }

    /// The person table of a kind.
    pub fn people(&self, person: Person) -> &'a People {
        self.cells.people(person)
    }

    /// A person's unique id.
    pub fn unique_id(&self, person: Person, row: u32) -> &'a str {
        self.people(person).unique_id.get(row as usize)
    }

    /// Code value of a descriptor.
    pub fn value(&self, descriptor: Descriptor) -> &'a str {
        self.staged.descriptors.code_value(descriptor)
    }

    /// The cause of a fate; none when the row is kept.
    pub fn cause(&self, fate: Fate) -> Option<CauseTold> {
        self.roster.causes.of(fate).map(|(code, cause)| CauseTold::new(code, cause))
    }

    /// The cause of a fate in words.
    pub fn because(&self, fate: Fate) -> String {
        match self.roster.causes.of(fate) {
            Some((code, cause)) => format!("{} ({cause})", code.code),
            None => "it is exported".to_owned(),
        }
    }

    /// The row of a staged course.
    pub fn course(&self, owner: i64, code: &str) -> Option<u32> {
        match self.staged.courses.course(owner, code) {
            Found::Exact(row) => Some(row),
            _ => None,
        }
    }

    /// The staged session of the active year, and its row among the academic sessions.
    pub fn session_of_year(&self, school: i64, name: &str, year: i64) -> Option<(u32, u32)> {
        if year != i64::from(self.plan.school_year) {
            return None;
        }
        match self.staged.time.session(school, name) {
            Found::Exact(row) => Some((row, self.roster.sessions.of_staged(row)?)),
            _ => None,
        }
    }

    /// The row of a grading period among the academic sessions.
    pub fn grading_period(&self, school: i64, period: &str, name: &str) -> Option<u32> {
        let wanted = SessionKey::GradingPeriod { period: period.to_owned(), name: name.to_owned() };
        let rows = &self.roster.sessions.rows;
        rows.iter().position(|s| s.school == Some(school) && s.key == wanted).map(|n| n as u32)
    }

    /// The row of a section of the active year.
    pub fn section_of_year(&self, key: &SectionKey, year: i64) -> Option<u32> {
        (year == i64::from(self.plan.school_year)).then(|| section_row(self.staged, key)).flatten()
    }

    fn kept_session(&self, row: Option<u32>) -> Vec<(File, SourcedId)> {
        let session = row.map(|n| &self.roster.sessions.rows[n as usize]).filter(|s| s.fate.kept());
        session.map(|s| (File::AcademicSessions, s.sourced_id)).into_iter().collect()
    }

    /// A section for people.
    pub fn section_label(&self, section: u32) -> String {
        SectionKey::of(class_key(self.staged, section as usize)).to_string()
    }

    /// An organization for people.
    pub fn org_label(&self, row: u32) -> String {
        let org = &self.roster.orgs.rows[row as usize];
        format!("{} {}", org.kind.word(), org.id)
    }

    /// Ids that the subject has or would have in the package, each with its file.
    pub fn own_ids(&self, subject: &Subject) -> Vec<(File, SourcedId)> {
        let roster = self.roster;
        match subject {
            Subject::Person { person, unique_id } => {
                let Some(row) = self.people(*person).find(unique_id) else { return Vec::new() };
                let user = UserRef { person: *person, row };
                if !roster.users.fates(*person)[row as usize].kept() {
                    return Vec::new();
                }
                let rows = roster.users.rows(user).map(|row| roster.users.row_id(row));
                let mut ids: Vec<SourcedId> = rows.chain([roster.users.sourced_id(user)]).collect();
                ids.sort_unstable();
                ids.dedup();
                ids.into_iter().map(|id| (File::Users, id)).collect()
            }
            Subject::Org { id } => {
                let row = roster.orgs.exported(*id).map(|n| roster.orgs.rows[n as usize].sourced_id);
                row.map(|id| (File::Orgs, id)).into_iter().collect()
            }
            Subject::Department { owner, name } => (roster.orgs.rows.iter())
                .filter(|org| org.id == *owner && org.department.as_deref() == Some(name))
                .map(|org| (File::Orgs, org.sourced_id))
                .collect(),
            Subject::Year { lea } => self.kept_session(roster.sessions.year(*lea)),
            Subject::Session { school, name, year } => {
                self.kept_session(self.session_of_year(*school, name, *year).map(|(_, row)| row))
            }
            Subject::GradingPeriod { school, period, name } => {
                self.kept_session(self.grading_period(*school, period, name))
            }
            Subject::Course { owner, code } => {
                let Some(course) = self.course(*owner, code) else { return Vec::new() };
                let rows = roster.courses.offered().filter(|((_, offered), _)| *offered == course);
                let rows = rows.map(|(_, row)| &roster.courses.rows[row as usize]);
                let mut ids: Vec<_> = rows.filter(|c| c.fate.kept()).map(|c| c.sourced_id).collect();
                ids.sort_unstable();
                ids.dedup();
                ids.into_iter().map(|id| (File::Courses, id)).collect()
            }
            Subject::Section { key, year } => (self.section_of_year(key, *year))
                .filter(|&row| roster.classes.fate[row as usize].kept())
                .map(|row| (File::Classes, roster.classes.sourced_id[row as usize]))
                .into_iter()
                .collect(),
            Subject::Nothing => Vec::new(),
        }
    }
}
