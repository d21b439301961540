//! From the ids of one scheme to those of another: the table that a vendor needs who must migrate.
//!
//! In: the same staged tables as two closed rosters, one per id scheme. Out: for every row that the old scheme
//! exports its old id, its new id and the text that the old id is the hash of, in the order of the package; or every
//! row for which there is no such table, because two old ids become one, or one becomes several, or none. A course that
//! the old scheme made out of several records goes to the record that its row showed (docs/adr/0014). Nothing is
//! held per enrollment: their ids are made while they are written, and closure has proved that none collide.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::config::plan::Plan;
use crate::roster::Roster;
use crate::roster::classes::class_key;
use crate::roster::context::natural_keys;
use crate::roster::courses::Courses;
use crate::roster::gradebook::{Gradebook, line_item_key};
use crate::roster::orgs::Org;
use crate::roster::roles::roles_of;
use crate::roster::sessions::{Session, SessionKey};
use crate::roster::user_rows::UserRow;
use crate::sourced_id::{NaturalKeys, Person, SourcedId};
use crate::spec::{File, Version};
use crate::staging::Staged;

/// Header of the table.
pub const HEADER: [&str; 4] = ["file", "oldSourcedId", "newSourcedId", "naturalKey"];

/// How many conflicts of a file are told one by one.
const TOLD: usize = 20;

/// One scheme's view of the source.
#[derive(Debug)]
pub struct Side<'a> {
    plan: &'a Plan,
    staged: &'a Staged,
    roster: &'a Roster,
    gradebook: &'a Gradebook,
    keys: NaturalKeys,
}

impl<'a> Side<'a> {
    /// The view of a closed roster with a gradebook.
    pub fn new(plan: &'a Plan, staged: &'a Staged, roster: &'a Roster, gradebook: &'a Gradebook) -> Side<'a> {
        Side { plan, staged, roster, gradebook, keys: natural_keys(plan, staged) }
    }

    fn key(&self, write: impl FnOnce(&NaturalKeys, &mut String)) -> String {
        let mut key = String::new();
        write(&self.keys, &mut key);
        key
    }

    fn org(&self, org: &Org) -> String {
        self.key(|keys, key| match &org.department {
            Some(name) => keys.department(key, org.id, name),
            None => keys.org(key, org.id),
        })
    }

    fn session(&self, session: &Session) -> String {
        let school = session.school.unwrap_or(session.lea);
        self.key(|keys, key| match &session.key {
            SessionKey::Year => keys.school_year(key, self.roster.orgs.year_of(session.lea)),
            SessionKey::Session { name } => keys.session(key, school, name),
            SessionKey::GradingPeriod { period, name } => keys.grading_period(key, school, period, name),
        })
    }

    fn course(&self, row: u32) -> String {
        let course = &self.roster.courses.rows[row as usize];
        self.key(|keys, key| keys.course(key, course.lea, course.owner, &course.code))
    }

    fn unique_id(&self, person: Person, row: u32) -> &'a str {
        let people = match person {
            Person::Student => &self.staged.students,
            Person::Staff => &self.staged.staff,
            Person::Parent => &self.staged.contacts,
        };
        people.unique_id.get(row as usize)
    }

    fn user(&self, row: UserRow) -> String {
        let school = self.roster.users.key_school(row, &self.roster.orgs);
        let (person, unique_id) = (row.user.person, self.unique_id(row.user.person, row.user.row));
        self.key(|keys, key| keys.user(key, person, unique_id, school))
    }

    /// Natural keys of the roles of a user row, each with what tells it apart among the roles of the person.
    fn roles(&self, row: UserRow) -> Vec<((u32, &'static str), String)> {
        let school = self.roster.users.key_school(row, &self.roster.orgs);
        let (person, unique_id) = (row.user.person, self.unique_id(row.user.person, row.user.row));
        roles_of(self.plan, self.staged, self.roster, row)
            .into_iter()
            .map(|role| {
                let org = self.roster.orgs.rows[role.org as usize].id;
                let key = self.key(|keys, key| keys.role(key, person, unique_id, school, org, role.role));
                ((role.org, role.role), key)
            })
            .collect()
    }

    fn kept(&self, person: Person, row: u32) -> bool {
        self.roster.users.fates(person).get(row as usize).is_some_and(|fate| fate.kept())
    }
}

/// Told of a row by its old natural key and its new one, if there is one.
type See<'s> = dyn FnMut(&str, Option<&str>) -> io::Result<()> + 's;

/// The way from one scheme to another. Both sides are of the same staged tables, in which rows have the same numbers.
#[derive(Debug)]
pub struct IdMigration<'a> {
    version: Version,
    old: Side<'a>,
    new: Side<'a>,
}

impl<'a> IdMigration<'a> {
    /// The way from `old` to `new` for the files of a version.
    pub fn new(version: Version, old: Side<'a>, new: Side<'a>) -> IdMigration<'a> {
        IdMigration { version, old, new }
    }

    /// The files of the package that have ids, in its order.
    fn files(&self) -> impl Iterator<Item = File> + '_ {
        let plan = self.old.plan;
        self.version.files().iter().map(|spec| spec.file).filter(|&file| plan.scope.writes(file))
    }

    /// Why there is no table: what becomes one, several or nothing, by natural keys; the first few of each file.
    pub fn conflicts(&self) -> Vec<String> {
        self.files().flat_map(|file| self.conflicts_of(file)).collect()
    }

    /// Two passes: the first keeps ids only, the second texts, and only those of what is in conflict.
    fn conflicts_of(&self, file: File) -> Vec<String> {
        if matches!(file, File::Enrollments | File::Results) {
            // One row, one association under every scheme; closure has looked for equal ids on both sides.
            return Vec::new();
        }
        let mut pairs: Vec<(SourcedId, Option<SourcedId>)> = Vec::new();
        // Collecting cannot fail.
        let _ = self.each(file, &mut |old, new| {
            pairs.push((SourcedId::of(old), new.map(SourcedId::of)));
            Ok(())
        });
        let repeated = |ids: &mut dyn Iterator<Item = (SourcedId, SourcedId)>| -> BTreeSet<SourcedId> {
            let mut ids: Vec<_> = ids.collect();
            ids.sort_unstable();
            ids.dedup();
            ids.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0].0).collect()
        };
        let split = repeated(&mut pairs.iter().filter_map(|&(old, new)| Some((old, new?))));
        let joined = repeated(&mut pairs.iter().filter_map(|&(old, new)| Some((new?, old))));
        let lost = pairs.iter().filter(|(_, new)| new.is_none()).count();
        drop(pairs);
        if split.is_empty() && joined.is_empty() && lost == 0 {
            return Vec::new();
        }
        let mut found: [BTreeMap<String, BTreeSet<String>>; 3] = Default::default();
        let mut add = |kind: usize, one: &str, other: &str| {
            let known = &mut found[kind];
            if known.len() < TOLD || known.contains_key(one) {
                known.entry(one.to_owned()).or_default().insert(other.to_owned());
            }
        };
        let _ = self.each(file, &mut |old, new| {
            match new {
                Some(new) if split.contains(&SourcedId::of(old)) => add(0, old, new),
                Some(new) if joined.contains(&SourcedId::of(new)) => add(1, new, old),
                Some(_) => {}
                None => add(2, old, ""),
            }
            Ok(())
        });
        let list = |keys: BTreeSet<String>| {
            keys.into_iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ")
        };
        let [splits, joins, losses] = found;
        let mut told = Vec::new();
        let more = |told: &mut Vec<String>, shown: usize, all: usize, what: &str| {
            if all > shown {
                told.push(format!("{file}: {} more {what}", all - shown));
            }
        };
        let shown = splits.len();
        told.extend(
            splits.into_iter().map(|(old, new)| {
                format!("{file}: one old id becomes several: `{old}` becomes {}", list(new))
            }),
        );
        more(&mut told, shown, split.len(), "old ids become several");
        let shown = joins.len();
        told.extend(
            joins
                .into_iter()
                .map(|(new, old)| format!("{file}: old ids fall together: {} become `{new}`", list(old))),
        );
        more(&mut told, shown, joined.len(), "new ids stand for several old ones");
        let shown = losses.len();
        told.extend(losses.into_keys().map(|old| format!("{file}: `{old}` has no row under the new scheme")));
        more(&mut told, shown, lost, "rows have none under the new scheme");
        told
    }

    /// Writes the table and counts its rows, the header not included. Call it when there are no conflicts.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<u64> {
        let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        table.write_record(HEADER)?;
        let mut rows = 0;
        for file in self.files() {
            self.each(file, &mut |old, new| {
                let new = new.ok_or_else(|| io::Error::other(format!("`{old}` has no new id")))?;
                let ids = [old, new].map(|key| SourcedId::of(key).digits());
                rows += 1;
                table.write_record([file.name().as_bytes(), &ids[0], &ids[1], old.as_bytes()])?;
                Ok(())
            })?;
        }
        table.flush()?;
        Ok(rows)
    }

    /// Every row of a file with its counterparts, each once, in the order of the file.
    fn each(&self, file: File, see: &mut See<'_>) -> io::Result<()> {
        match file {
            File::Orgs => self.each_org(see),
            File::AcademicSessions => self.each_session(see),
            File::Courses => self.each_course(see),
            File::Classes => self.each_class(see),
            File::Users => self.each_user(&[Person::Student, Person::Staff, Person::Parent], see),
            File::Demographics if self.old.roster.demographics.is_some() => {
                self.each_user(&[Person::Student], see)
            }
            File::Roles => self.each_role(see),
            File::Enrollments => self.each_enrollment(see),
            File::Categories => self.each_category(see),
            File::LineItems => self.each_line_item(see),
            File::Results => self.each_result(see),
            // No source in Ed-Fi: never written.
            File::Demographics
            | File::ClassResources
            | File::CourseResources
            | File::LineItemLearningObjectiveIds
            | File::LineItemScoreScales
            | File::Resources
            | File::ResultLearningObjectiveIds
            | File::ResultScoreScales
            | File::ScoreScales
            | File::UserProfiles
            | File::UserResources => Ok(()),
        }
    }

    fn each_org(&self, see: &mut See<'_>) -> io::Result<()> {
        let told = |org: &Org| (org.kind, org.id, org.department.clone());
        let new = self.new.roster.orgs.rows.iter().filter(|org| org.fate.kept());
        let new: BTreeMap<_, &Org> = new.map(|org| (told(org), org)).collect();
        for org in self.old.roster.orgs.rows.iter().filter(|org| org.fate.kept()) {
            let counterpart = new.get(&told(org)).map(|org| self.new.org(org));
            see(&self.old.org(org), counterpart.as_deref())?;
        }
        Ok(())
    }

    fn each_session(&self, see: &mut See<'_>) -> io::Result<()> {
        let (old, new) = (&self.old.roster.sessions, &self.new.roster.sessions);
        let told = |session: &Session| match &session.key {
            SessionKey::Year => None,
            SessionKey::Session { name } => Some((session.school, None, name.clone())),
            SessionKey::GradingPeriod { period, name } => {
                Some((session.school, Some(period.clone()), name.clone()))
            }
        };
        let kept = new.rows.iter().filter(|session| session.fate.kept());
        let counterparts: BTreeMap<_, &Session> = kept.filter_map(|s| Some((told(s)?, s))).collect();
        for (n, session) in (0u32..).zip(&old.rows).filter(|(_, session)| session.fate.kept()) {
            let key = self.old.session(session);
            let found: BTreeSet<String> = match told(session) {
                Some(told) => counterparts.get(&told).map(|s| self.new.session(s)).into_iter().collect(),
                // A year can be that of several schools without an LEA.
                None => old
                    .years()
                    .filter(|&(lea, row)| row == n && self.old.roster.orgs.exported(lea).is_some())
                    .filter_map(|(lea, _)| new.rows.get(new.year(lea)? as usize))
                    .filter(|session| session.fate.kept())
                    .map(|session| self.new.session(session))
                    .collect(),
            };
            see_all(see, &key, &found)?;
        }
        Ok(())
    }

    fn each_course(&self, see: &mut See<'_>) -> io::Result<()> {
        let (old, new) = (&self.old.roster.courses, &self.new.roster.courses);
        let mut offered: Vec<(u32, (i64, u32))> =
            old.offered().map(|(offered, row)| (row, offered)).collect();
        offered.sort_unstable();
        for group in offered.chunk_by(|a, b| a.0 == b.0) {
            let row = group[0].0;
            if !old.rows[row as usize].fate.kept() {
                continue;
            }
            let record = old.rows[row as usize].staged;
            let counterpart = |(lea, course): (i64, u32)| {
                new.find(lea, course).filter(|&row| new.rows[row as usize].fate.kept())
            };
            let found: BTreeSet<String> = group
                .iter()
                .filter(|(_, (_, course))| *course == record)
                .filter_map(|&(_, offered)| counterpart(offered))
                .map(|row| self.new.course(row))
                .collect();
            see_all(see, &self.old.course(row), &found)?;
        }
        Ok(())
    }

    /// Courses that shared a row, and its old id, with another record of the same code (mapping.md section 1) and have
    /// a row of their own under the new scheme. The old id goes to the record that the old row showed; these are new.
    pub fn parted_courses(&self) -> Vec<String> {
        let (old, new) = (&self.old.roster.courses, &self.new.roster.courses);
        if !self.files().any(|file| file == File::Courses) {
            return Vec::new();
        }
        let kept = |courses: &Courses, row: u32| courses.rows[row as usize].fate.kept();
        let mut parted: Vec<String> = Vec::new();
        for ((lea, course), row) in old.offered().filter(|&(_, row)| kept(old, row)) {
            let shown = new.find(lea, old.rows[row as usize].staged);
            let own = new.find(lea, course).filter(|&own| Some(own) != shown && kept(new, own));
            if let Some(own) = own {
                let (key, new_key) = (self.old.course(row), self.new.course(own));
                parted.push(format!("`{new_key}` shared the row of `{key}`"));
            }
        }
        parted.sort_unstable();
        parted.dedup();
        parted
    }

    fn each_class(&self, see: &mut See<'_>) -> io::Result<()> {
        let (old, new) = (&self.old.roster.classes, &self.new.roster.classes);
        let (mut old_key, mut new_key) = (String::new(), String::new());
        for class in (0..old.len()).filter(|&class| old.fate[class].kept()) {
            let key = class_key(self.old.staged, class);
            self.old.keys.class(&mut old_key, key);
            self.new.keys.class(&mut new_key, key);
            see(&old_key, new.fate[class].kept().then_some(&new_key))?;
        }
        Ok(())
    }

    fn each_user(&self, persons: &[Person], see: &mut See<'_>) -> io::Result<()> {
        let (old, new) = (&self.old.roster.users, &self.new.roster.users);
        for row in old.exported_rows().filter(|row| persons.contains(&row.user.person)) {
            let user = row.user;
            // The rows of a person: never several on both sides, since only one scheme has several.
            let found: BTreeSet<String> = new
                .rows(user)
                .filter(|_| self.new.kept(user.person, user.row))
                .map(|row| self.new.user(row))
                .collect();
            see_all(see, &self.old.user(row), &found)?;
        }
        Ok(())
    }

    fn each_role(&self, see: &mut See<'_>) -> io::Result<()> {
        let new = &self.new.roster.users;
        for row in self.old.roster.users.exported_rows() {
            let kept = self.new.kept(row.user.person, row.user.row);
            let counterparts: Vec<_> =
                new.rows(row.user).filter(|_| kept).flat_map(|row| self.new.roles(row)).collect();
            for (told, key) in self.old.roles(row) {
                let same = counterparts.iter().filter(|(other, _)| *other == told);
                see_all(see, &key, &same.map(|(_, key)| key.clone()).collect())?;
            }
        }
        Ok(())
    }

    fn each_enrollment(&self, see: &mut See<'_>) -> io::Result<()> {
        let (staged, roster) = (self.old.staged, self.old.roster);
        let sides = [&self.old.keys, &self.new.keys];
        let mut parts = [String::new(), String::new()];
        let mut keys = [String::new(), String::new()];
        for class in 0..roster.classes.len() {
            let (teachers, students) =
                (roster.enrollments.teachers(class), roster.enrollments.students(class));
            if teachers.is_empty() && students.is_empty() {
                continue;
            }
            for (side, part) in sides.iter().zip(&mut parts) {
                side.class_part(part, class_key(staged, class));
            }
            let of_teachers = teachers.iter().map(|t| (Person::Staff, t.fact.staff, t.fact.begin));
            let of_students =
                roster.facts.students_at(students).map(|fact| (Person::Student, fact.student, fact.begin));
            for (person, row, begin) in of_teachers.chain(of_students) {
                let unique_id = self.old.unique_id(person, row);
                for ((side, part), key) in sides.iter().zip(&parts).zip(&mut keys) {
                    side.enrollment(key, person, unique_id, part, begin);
                }
                see(&keys[0], Some(&keys[1]))?;
            }
        }
        Ok(())
    }
}

impl IdMigration<'_> {
    fn each_category(&self, see: &mut See<'_>) -> io::Result<()> {
        let new = &self.new.gradebook.categories;
        for category in &self.old.gradebook.categories {
            let kept = new.iter().any(|other| other.title == category.title);
            let [old, new] =
                [&self.old, &self.new].map(|side| side.key(|keys, key| keys.category(key, &category.title)));
            see(&old, kept.then_some(&new))?;
        }
        Ok(())
    }

    /// An item has the same key under every scheme, and hangs on nothing that only one of them leaves out.
    fn each_line_item(&self, see: &mut See<'_>) -> io::Result<()> {
        for item in &self.old.gradebook.items {
            let item = line_item_key(self.old.staged, item);
            let [old, new] =
                [&self.old, &self.new].map(|side| side.key(|keys, key| keys.line_item(key, item)));
            see(&old, Some(&new))?;
        }
        Ok(())
    }

    fn each_result(&self, see: &mut See<'_>) -> io::Result<()> {
        let gradebook = self.old.gradebook;
        let (mut old, mut new) = (String::new(), String::new());
        for result in &gradebook.results {
            let item = line_item_key(self.old.staged, &gradebook.items[result.item as usize]);
            let unique_id = self.old.unique_id(Person::Student, result.student);
            self.old.keys.result(&mut old, item, unique_id);
            self.new.keys.result(&mut new, item, unique_id);
            see(&old, Some(&new))?;
        }
        Ok(())
    }
}

fn see_all(see: &mut See<'_>, old: &str, new: &BTreeSet<String>) -> io::Result<()> {
    if new.is_empty() {
        return see(old, None);
    }
    new.iter().try_for_each(|new| see(old, Some(new)))
}
