//! What students, staff members and parents have in common as users (mapping.md section 6, Common).
//!
//! In: the three kinds of persons. Out: [`Users`], usernames that nobody shares, and the cells that are made on
//! demand: e-mail address, user ids, telephone. Nothing here decides who is exported.

use std::borrow::Cow;
use std::hash::Hasher;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHasher};

use crate::config::plan::{Mapping, UsernameSource};
use crate::notice::{Authority, Code, Notices, Severity};
use crate::sourced_id::{Person, SourcedId};
use crate::staging::Staged;
use crate::staging::descriptors::{Descriptor, Descriptors};
use crate::staging::people::{People, PersonTexts};

use super::choice::{Chosen, choose_email, choose_login, choose_telephone};
use super::clean::{clean, cleaned, same_value, without};
use super::context::Context;
use super::fate::Fate;
use super::orgs::Orgs;
use super::parents::Parents;
use super::staff::Staff;
use super::students::Students;
use super::user_rows::UserRows;

/// Two users would share a username.
pub static USERNAME_SHARED: Code = Code {
    code: "username-shared",
    severity: Severity::Warning,
    authority: Authority::Consumer,
    file: "users",
    summary: "Several exported users would have the same username: none of them gets it, each takes its next source.",
    remedy: "Give each person an address or log-in of their own.",
};
/// Two users share their last resort.
pub static USERNAME_NOT_UNIQUE: Code = Code {
    code: "username-not-unique",
    severity: Severity::Warning,
    authority: Authority::Consumer,
    file: "users",
    summary: "Users of different kinds have the same unique id and no other source for a username: they share it.",
    remedy: "Record an e-mail address or log-in id for one of them.",
};
/// A username is the unique id for want of anything better.
pub static USERNAME_LAST_RESORT: Code = Code {
    code: "username-is-unique-id",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "users",
    summary: "Users have none of the configured username sources to themselves: the unique id stands in.",
    remedy: "Record an e-mail address or log-in id, or change `username`.",
};
/// A user id had characters that the notation needs.
pub static USER_ID_CHANGED: Code = Code {
    code: "user-id-changed",
    severity: Severity::Info,
    authority: Authority::Specification,
    file: "users",
    summary: "An identification system or code has one of the characters , { } : which userIds needs for itself: a space stands in its place.",
    remedy: "Nothing, or mend the code in the ODS.",
};
/// Identification codes are withheld.
pub static USER_ID_WITHHELD: Code = Code {
    code: "user-id-withheld",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "users",
    summary: "Identification codes of private systems, social security numbers above all, are not exported.",
    remedy: "Nothing. A system that must be exported is named in `allowed_id_systems`.",
};

/// Identification systems that hold social security numbers and the like, whatever their namespace or case
/// (mapping.md 0.9). Compared without spaces and punctuation.
const PRIVATE_SYSTEMS: &[&str] = &[
    "ssn",
    "socialsecurity",
    "socialsecuritynumber",
    "socialsecurityno",
    "ssnumber",
    "canadiansin",
    "sin",
    "socialinsurancenumber",
    "itin",
    "tin",
    "taxid",
    "taxidentificationnumber",
    "nationalinsurancenumber",
];

/// Whether codes of this system stay private.
pub fn is_private_system(mapping: &Mapping, system: &str) -> bool {
    if mapping.allowed_id_systems.iter().any(|allowed| same_value(allowed, system)) {
        return false;
    }
    let folded: String =
        system.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    PRIVATE_SYSTEMS.contains(&folded.as_str())
        || folded.contains("socialsecurity")
        || mapping.private_id_systems.iter().any(|private| same_value(private, system))
}

/// Which username source a user ended up with: a place in `username`, or the unique id.
const LAST_RESORT: u8 = u8::MAX;

/// All users, by kind.
#[derive(Debug, Default)]
pub struct Users {
    /// Students.
    pub students: Students,
    /// Staff members.
    pub staff: Staff,
    /// Parents.
    pub parents: Parents,
    /// Rows of those who are several users.
    pub(super) rows: UserRows,
    sources: [Vec<u8>; 3],
}

/// One user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserRef {
    /// Kind of person.
    pub person: Person,
    /// Row among the persons of that kind.
    pub row: u32,
}

/// Characters of the `{system:code}` notation and of the list around it: a space stands in their place.
const RESERVED: &[char] = &[',', '{', '}', ':'];

/// An identification system: what every code of it would otherwise find out again.
#[derive(Debug)]
struct IdSystem {
    /// As it is written.
    written: String,
    /// Whether the notation's own characters had to go.
    changed: bool,
    /// Whether its codes stay private.
    private: bool,
}

impl IdSystem {
    fn new(mapping: &Mapping, name: &str) -> IdSystem {
        let written = without(name, RESERVED).into_owned();
        IdSystem { changed: written != clean(name), written, private: is_private_system(mapping, name) }
    }
}

/// What the cells of a user are made from.
#[derive(Debug)]
pub struct UserCells<'a> {
    staged: &'a Staged,
    mapping: &'a Mapping,
    orgs: &'a Orgs,
    /// By descriptor; the last one stands for codes without a system.
    systems: Vec<IdSystem>,
}

impl<'a> UserCells<'a> {
    /// Cells of the users of a run.
    pub fn new(staged: &'a Staged, mapping: &'a Mapping, orgs: &'a Orgs) -> UserCells<'a> {
        let descriptors = &staged.descriptors;
        let names = descriptors.all().map(|d| descriptors.code_value(d)).chain([""]);
        let systems = names.map(|name| IdSystem::new(mapping, name)).collect();
        UserCells { staged, mapping, orgs, systems }
    }

    fn system(&self, kind: Descriptor) -> &IdSystem {
        &self.systems[Descriptors::index(kind).min(self.systems.len() - 1)]
    }

    /// The person table of a kind.
    pub fn people(&self, person: Person) -> &'a People {
        match person {
            Person::Student => &self.staged.students,
            Person::Staff => &self.staged.staff,
            Person::Parent => &self.staged.contacts,
        }
    }

    /// All e-mail addresses of a kind of persons, and the preferred type.
    pub fn emails(&self, person: Person) -> (&'a PersonTexts, &'a str) {
        match person {
            Person::Student => (&self.staged.student_emails, &self.mapping.student_email_type),
            Person::Staff => (&self.staged.staff_emails, &self.mapping.staff_email_type),
            Person::Parent => (&self.staged.contact_emails, &self.mapping.parent_email_type),
        }
    }

    /// The chosen e-mail address.
    pub fn email(&self, user: UserRef) -> Option<Chosen> {
        let (texts, preferred) = self.emails(user.person);
        choose_email(texts.of(user.row), preferred, &self.staged.descriptors)
    }

    /// The chosen telephone: parents only.
    pub fn phone(&self, user: UserRef) -> Option<Chosen> {
        match user.person {
            Person::Parent => choose_telephone(
                self.staged.contact_telephones.of(user.row),
                &self.mapping.parent_telephone_type,
                &self.staged.descriptors,
            ),
            _ => None,
        }
    }

    fn login(&self, user: UserRef) -> Cow<'a, str> {
        match user.person {
            Person::Student => choose_login(self.staged.student_logins.of(user.row), self.orgs),
            person => clean(self.people(person).login.get(user.row as usize)),
        }
    }

    /// Every source of a username in its order, the last resort included, with what it has for this user.
    pub fn username_candidates(&self, user: UserRef) -> Vec<(UsernameSource, Cow<'a, str>)> {
        let last =
            (!self.mapping.username.contains(&UsernameSource::UniqueId)).then_some(UsernameSource::UniqueId);
        let sources = self.mapping.username.iter().copied().chain(last);
        (0u8..).zip(sources).map(|(place, source)| (source, self.candidate(user, place))).collect()
    }

    fn candidate(&self, user: UserRef, source: u8) -> Cow<'a, str> {
        match self.mapping.username.get(usize::from(source)) {
            Some(UsernameSource::Email) => Cow::Owned(self.email(user).map_or_else(String::new, |c| c.value)),
            Some(UsernameSource::LoginId) => self.login(user),
            Some(UsernameSource::UniqueId) | None => {
                clean(self.people(user.person).unique_id.get(user.row as usize))
            }
        }
    }

    fn codes(&self, person: Person) -> Option<&'a PersonTexts> {
        match person {
            Person::Student => Some(&self.staged.student_codes),
            Person::Staff => Some(&self.staged.staff_codes),
            Person::Parent => None,
        }
    }

    /// The code of the configured system for `userMasterIdentifier`: the first by text; blank without one.
    pub fn master_identifier(&self, user: UserRef) -> Cow<'a, str> {
        let Some(wanted) = self.mapping.user_master_identifier_system.as_deref() else {
            return Cow::Borrowed("");
        };
        self.codes(user.person)
            .into_iter()
            .flat_map(|codes| codes.of(user.row))
            .filter(|code| {
                let system = self.staged.descriptors.code_value(code.kind);
                same_value(system, wanted) && !is_private_system(self.mapping, system)
            })
            .map(|code| cleaned(code.text))
            .min()
            .unwrap_or_default()
    }

    /// Identification codes as `{system:code}`, sorted, without private systems and duplicates. `seen` is told of
    /// every code: whether it was withheld, and whether it had to be changed.
    pub fn user_ids(&self, user: UserRef, mut seen: impl FnMut(&str, bool, bool)) -> Vec<String> {
        let Some(texts) = self.codes(user.person) else { return Vec::new() };
        let mut ids: Vec<String> = texts
            .of(user.row)
            .filter_map(|code| {
                let name = self.staged.descriptors.code_value(code.kind);
                let IdSystem { written, changed, private } = self.system(code.kind);
                if *private {
                    seen(name, true, false);
                    return None;
                }
                let text = without(&code.text, RESERVED);
                seen(name, false, *changed || text != clean(&code.text));
                (!written.is_empty() && !text.is_empty()).then(|| format!("{{{written}:{text}}}"))
            })
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

impl Users {
    pub(super) fn new(students: Students, staff: Staff, parents: Parents) -> Users {
        Users { students, staff, parents, ..Users::default() }
    }

    /// Fates of the persons of a kind.
    pub fn fates(&self, person: Person) -> &[Fate] {
        match person {
            Person::Student => &self.students.fate,
            Person::Staff => &self.staff.fate,
            Person::Parent => &self.parents.fate,
        }
    }

    /// Id of a user; of a person with several rows ([`super::user_rows`]) that of the primary one.
    pub fn sourced_id(&self, user: UserRef) -> SourcedId {
        let row = user.row as usize;
        match user.person {
            Person::Student => self.students.sourced_id[row],
            Person::Staff => self.staff.sourced_id[row],
            Person::Parent => self.parents.sourced_id[row],
        }
    }

    /// Rows of a user's organizations.
    pub fn orgs(&self, user: UserRef) -> &[u32] {
        let row = user.row as usize;
        match user.person {
            Person::Student => self.students.orgs.of(row),
            Person::Staff => self.staff.orgs.of(row),
            Person::Parent => self.parents.orgs.of(row),
        }
    }

    /// Exported users in the order of users.csv.
    pub fn exported(&self) -> impl Iterator<Item = UserRef> + '_ {
        self.exported_from(UserRef { person: Person::Student, row: 0 })
    }

    /// The same from one of them on.
    pub(super) fn exported_from(&self, start: UserRef) -> impl Iterator<Item = UserRef> + '_ {
        let kinds = [Person::Student, Person::Staff, Person::Parent].into_iter();
        kinds.skip_while(move |&person| person != start.person).flat_map(move |person| {
            let first = if person == start.person { start.row } else { 0 };
            (0u32..)
                .zip(self.fates(person))
                .skip(first as usize)
                .filter(|(_, fate)| fate.kept())
                .map(move |(row, _)| UserRef { person, row })
        })
    }

    /// The place of a user's username among [`UserCells::username_candidates`]; beyond them it is the last resort.
    pub fn username_place(&self, user: UserRef) -> usize {
        let places = &self.sources[user.person as usize];
        usize::from(places.get(user.row as usize).copied().unwrap_or(LAST_RESORT))
    }

    /// The username of a user, once `assign_usernames` has run.
    pub fn username<'a>(&self, cells: &UserCells<'a>, user: UserRef) -> Cow<'a, str> {
        let source =
            self.sources[user.person as usize].get(user.row as usize).copied().unwrap_or(LAST_RESORT);
        cells.candidate(user, source)
    }

    /// Gives every exported user the first source that is filled and that nobody else would have.
    pub(super) fn assign_usernames(&mut self, ctx: &mut Context<'_>, orgs: &Orgs) {
        let cells = UserCells::new(ctx.staged, &ctx.plan.mapping, orgs);
        let users: Vec<UserRef> = self.exported().collect();
        let last = u8::try_from(cells.mapping.username.len()).unwrap_or(LAST_RESORT);
        let mut sources: Vec<u8> = vec![0; users.len()];
        // Each round lets everybody go past blank sources, then sends on all who would share a name.
        loop {
            let mut hashes: Vec<(u64, u32)> = users
                .par_iter()
                .zip(sources.par_iter_mut())
                .enumerate()
                .map(|(n, (&user, source))| {
                    let mut text = cells.candidate(user, *source);
                    while text.is_empty() && *source < last {
                        *source += 1;
                        text = cells.candidate(user, *source);
                    }
                    let mut hasher = FxHasher::default();
                    hasher.write(text.to_lowercase().as_bytes());
                    (hasher.finish(), n as u32)
                })
                .collect();
            hashes.par_sort_unstable();
            let mut moved = false;
            for same_hash in hashes.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
                let mut by_text: FxHashMap<String, Vec<u32>> = FxHashMap::default();
                for &(_, n) in same_hash {
                    let text = cells.candidate(users[n as usize], sources[n as usize]).to_lowercase();
                    by_text.entry(text).or_default().push(n);
                }
                for sharers in by_text.into_values().filter(|sharers| sharers.len() > 1) {
                    for n in sharers {
                        let (user, source) = (users[n as usize], &mut sources[n as usize]);
                        let unique_id = cells.people(user.person).unique_id.get(user.row as usize);
                        if *source < last {
                            let cause = match cells.mapping.username.get(usize::from(*source)) {
                                Some(UsernameSource::Email) => "email",
                                Some(UsernameSource::LoginId) => "login_id",
                                _ => "unique_id",
                            };
                            ctx.notices.add(&USERNAME_SHARED, cause, unique_id);
                            *source += 1;
                            moved = true;
                        }
                    }
                }
            }
            if !moved {
                note_shared_last_resort(ctx, &cells, &users, &sources, &hashes);
                break;
            }
        }
        for (person, all) in
            [Person::Student, Person::Staff, Person::Parent].into_iter().zip(&mut self.sources)
        {
            *all = vec![
                LAST_RESORT;
                match person {
                    Person::Student => self.students.len(),
                    Person::Staff => self.staff.len(),
                    Person::Parent => self.parents.len(),
                }
            ];
        }
        for (user, source) in users.iter().zip(sources) {
            if source >= last && !cells.mapping.username.contains(&UsernameSource::UniqueId)
                || cells.mapping.username.get(usize::from(source)) == Some(&UsernameSource::UniqueId)
                    && source > 0
            {
                ctx.notices.count(&USERNAME_LAST_RESORT, person_word(user.person), 1);
            }
            self.sources[user.person as usize][user.row as usize] = source;
        }
    }

    /// Counts codes that are withheld or changed, once.
    pub(super) fn note_user_ids(&self, ctx: &mut Context<'_>, orgs: &Orgs) {
        let cells = UserCells::new(ctx.staged, &ctx.plan.mapping, orgs);
        let users: Vec<UserRef> = self.exported().collect();
        let noted = users
            .par_iter()
            .fold(Notices::new, |mut notices, &user| {
                let unique_id = cells.people(user.person).unique_id.get(user.row as usize);
                cells.user_ids(user, |system, withheld, changed| {
                    if withheld {
                        notices.count(&USER_ID_WITHHELD, system, 1);
                    } else if changed {
                        notices.add(&USER_ID_CHANGED, system, unique_id);
                    }
                });
                notices
            })
            .reduce(Notices::new, |mut all, part| {
                all.merge(part);
                all
            });
        ctx.notices.merge(noted);
    }
}

/// What reports call a kind of person.
pub fn person_word(person: Person) -> &'static str {
    match person {
        Person::Student => "student",
        Person::Staff => "staff",
        Person::Parent => "parent",
    }
}

fn note_shared_last_resort(
    ctx: &mut Context<'_>,
    cells: &UserCells<'_>,
    users: &[UserRef],
    sources: &[u8],
    hashes: &[(u64, u32)],
) {
    for group in hashes.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        let mut names: Vec<(String, u32)> = group
            .iter()
            .map(|&(_, n)| (cells.candidate(users[n as usize], sources[n as usize]).to_lowercase(), n))
            .collect();
        names.sort_unstable();
        for shared in names.chunk_by(|a, b| a.0 == b.0).filter(|shared| shared.len() > 1) {
            for (_, n) in shared {
                let user = users[*n as usize];
                ctx.notices.add(
                    &USERNAME_NOT_UNIQUE,
                    person_word(user.person),
                    cells.people(user.person).unique_id.get(user.row as usize),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn social_security_systems_are_private_in_any_spelling() {
        let mut mapping = Mapping::default();
        for system in
            ["SSN", "ssn", "Social Security Number", "S.S.N.", "Canadian SIN", "State Social-Security No"]
        {
            assert!(is_private_system(&mapping, system), "{system}");
        }
        for system in ["State", "District", "Local", "Staff Number", "Session"] {
            assert!(!is_private_system(&mapping, system), "{system}");
        }
        mapping.private_id_systems.push("Family".into());
        assert!(is_private_system(&mapping, "family"));
        mapping.allowed_id_systems.push("SSN".into());
        assert!(!is_private_system(&mapping, "SSN"));
    }
}
