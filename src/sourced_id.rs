//! Identifiers: the only place where a sourcedId is computed (mapping.md section 1).
//!
//! In: the prefix and the components of a natural key. Out: a natural key's text, and a [`SourcedId`], its
//! MD5. What an object's components are is stated here per kind; nobody else joins or hashes.

use md5::{Digest, Md5};

use crate::day::Day;

/// A sourcedId: the 16 bytes of an MD5, written as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SourcedId(pub [u8; 16]);

impl SourcedId {
    /// MD5 of a natural key's UTF-8 text.
    pub fn of(natural_key: &str) -> SourcedId {
        SourcedId(Md5::digest(natural_key.as_bytes()).into())
    }

    /// The 32 hex digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

/// Which persons a user id is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Person {
    /// A student.
    Student,
    /// A staff member.
    Staff,
    /// A parent or contact.
    Parent,
}

impl Person {
    const fn mark(self) -> &'static str {
        match self {
            Person::Student => "STU",
            Person::Staff => "STA",
            Person::Parent => "PAR",
        }
    }
}

/// Stands for the absent begin date of a staff association on data standard 4.0, and for nothing else.
const NO_BEGIN: &str = "_dbt_utils_surrogate_key_null_";

/// Natural keys of scheme `edu`: components joined by `-` behind the prefix.
///
/// Every method writes the key into `key`, which it clears first, so that a loop needs one buffer.
#[derive(Debug, Clone)]
pub struct NaturalKeys {
    prefix: String,
}

impl NaturalKeys {
    /// Keys with this prefix (tenant code or `id_prefix`).
    pub fn new(prefix: &str) -> NaturalKeys {
        NaturalKeys { prefix: prefix.to_owned() }
    }

    fn begin(&self, key: &mut String) {
        key.clear();
        key.push_str(&self.prefix);
    }

    /// An organization of any kind.
    pub fn org(&self, key: &mut String, id: i64) {
        self.begin(key);
        push_number(key, id);
    }

    /// A department of an organization; edu deletes commas from its name.
    pub fn department(&self, key: &mut String, owner: i64, name: &str) {
        self.org(key, owner);
        push(key, name);
    }

    /// A user.
    pub fn person(&self, key: &mut String, person: Person, unique_id: &str) {
        self.begin(key);
        push(key, person.mark());
        push(key, unique_id);
    }

    /// A session of a school; the name is not folded.
    pub fn session(&self, key: &mut String, school: i64, name: &str) {
        self.org(key, school);
        push(key, name);
    }

    /// The school year of an LEA, or of a school that stands in for one.
    pub fn school_year(&self, key: &mut String, lea: i64, year: i16) {
        self.org(key, lea);
        push_number(key, i64::from(year));
    }

    /// A grading period of a school (docs/adr/0004): edu has none.
    pub fn grading_period(&self, key: &mut String, school: i64, year: i16, period: &str, name: &str) {
        self.school_year(key, school, year);
        push(key, period);
        push(key, name);
    }

    /// A course in the LEA of the schools that offer it; the code is not folded.
    pub fn course(&self, key: &mut String, lea: i64, code: &str) {
        self.org(key, lea);
        push(key, code);
    }

    /// A class: course code, section and session in lower case.
    pub fn class(&self, key: &mut String, class: ClassKey<'_>) {
        self.begin(key);
        class.push(key);
    }

    /// An enrollment of a student or staff member: the unique id comes without its mark.
    pub fn enrollment(&self, key: &mut String, unique_id: &str, class: ClassKey<'_>, begin: Option<Day>) {
        self.enrollment_in(key, unique_id, &class.part(), begin);
    }

    /// The same with the class's part of the key, which a class with many enrollments makes once.
    pub fn enrollment_in(&self, key: &mut String, unique_id: &str, class: &ClassPart, begin: Option<Day>) {
        self.begin(key);
        push(key, unique_id);
        key.push_str(&class.0);
        match begin {
            Some(day) => {
                key.push('-');
                // Digits and hyphens are UTF-8.
                key.push_str(std::str::from_utf8(&day.iso()).unwrap_or_default());
            }
            None => push(key, NO_BEGIN),
        }
    }
}

/// The components of a class within a tenant, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassKey<'a> {
    /// localCourseCode.
    pub local_code: &'a str,
    /// schoolId.
    pub school: i64,
    /// sectionIdentifier.
    pub section: &'a str,
    /// sessionName as written on the section.
    pub session: &'a str,
}

/// What the keys of a class and of its enrollments have in common, folded, with a hyphen before each component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassPart(String);

impl ClassKey<'_> {
    /// The class's part of a key.
    pub fn part(self) -> ClassPart {
        let mut part = String::new();
        self.push(&mut part);
        ClassPart(part)
    }

    fn push(self, key: &mut String) {
        push_folded(key, self.local_code);
        push_number(key, self.school);
        push_folded(key, self.section);
        push_folded(key, self.session);
    }
}

fn push(key: &mut String, component: &str) {
    key.push('-');
    key.push_str(component);
}

fn push_number(key: &mut String, component: i64) {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(key, "-{component}");
}

fn push_folded(key: &mut String, component: &str) {
    key.push('-');
    if component.is_ascii() {
        let start = key.len();
        key.push_str(component);
        key[start..].make_ascii_lowercase();
    } else {
        key.push_str(&component.to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(write: impl FnOnce(&NaturalKeys, &mut String)) -> (String, String) {
        let mut key = String::from("left over");
        write(&NaturalKeys::new("demo_isd"), &mut key);
        let id = SourcedId::of(&key).hex();
        (key, id)
    }

    /// The vectors of mapping.md section 1 and of the edu package.
    #[test]
    fn edu_vectors() {
        let class = ClassKey {
            local_code: "ALG-1",
            school: 255_901_001,
            section: "25590100102Trad220ALG112011",
            session: "2021-2022 Fall Semester",
        };
        let begin = Day::from_ymd(2021, 8, 23);
        let folded = "alg-1-255901001-25590100102trad220alg112011-2021-2022 fall semester";
        let vectors = [
            (
                id(|k, s| k.org(s, 255_901_001)),
                "demo_isd-255901001".to_owned(),
                "7151f70f9c9d58885cbca516914901cd",
            ),
            (id(|k, s| k.org(s, 255_901)), "demo_isd-255901".into(), "89a0a9d15be69d602faf839343f8e75c"),
            (
                id(|k, s| k.person(s, Person::Student, "604822")),
                "demo_isd-STU-604822".into(),
                "6114abd83a770bff43795f58aa70a8d7",
            ),
            (
                id(|k, s| k.person(s, Person::Staff, "207219")),
                "demo_isd-STA-207219".into(),
                "e3751735f6f8afd73c2705dca5f4638f",
            ),
            (
                id(|k, s| k.person(s, Person::Parent, "777777")),
                "demo_isd-PAR-777777".into(),
                "4196a167053bb929878b6994cba6d736",
            ),
            (
                id(|k, s| k.session(s, 255_901_001, "2021-2022 Fall Semester")),
                "demo_isd-255901001-2021-2022 Fall Semester".into(),
                "5b644204b0e992f37efbedef56a08607",
            ),
            (
                id(|k, s| k.school_year(s, 255_901, 2022)),
                "demo_isd-255901-2022".into(),
                "8190ba1993c6d5e1fad4abed404f5604",
            ),
            (
                id(|k, s| k.course(s, 255_901, "ALG-1")),
                "demo_isd-255901-ALG-1".into(),
                "a05e1326cc7f61bfd15bb9ab9f2010ae",
            ),
            (id(|k, s| k.class(s, class)), format!("demo_isd-{folded}"), "9594151a023f0e39c0e27dc8f246d1a9"),
            (
                id(|k, s| k.enrollment(s, "604822", class, begin)),
                format!("demo_isd-604822-{folded}-2021-08-23"),
                "3fa4d704f627aa4ed260d012705c5a75",
            ),
            (
                id(|k, s| k.enrollment(s, "207219", class, begin)),
                format!("demo_isd-207219-{folded}-2021-08-23"),
                "8c8a31115db60cae8169041e3448a660",
            ),
        ];
        for ((key, id), wanted_key, wanted_id) in vectors {
            assert_eq!(key, wanted_key);
            assert_eq!(id, wanted_id, "{wanted_key}");
        }
    }

    #[test]
    fn only_an_absent_staff_begin_is_a_placeholder() {
        let class = ClassKey { local_code: "É", school: 1, section: "S", session: "F" };
        let (key, _) = id(|k, s| k.enrollment(s, "T1", class, None));
        assert_eq!(key, "demo_isd-T1-é-1-s-f-_dbt_utils_surrogate_key_null_");
    }
}
