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

/// Formula of sourcedIds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdScheme {
    /// What the edu dbt package computes: components joined by `-`.
    #[default]
    Edu,
    /// Ours: a literal per kind, the school year wherever the Ed-Fi key has one, components with their lengths.
    Stable,
}

impl IdScheme {
    /// All schemes, with the words by which they are configured.
    pub const ALL: [(&'static str, IdScheme); 2] = [("edu", IdScheme::Edu), ("stable", IdScheme::Stable)];

    /// The word by which it is configured.
    pub fn word(self) -> &'static str {
        IdScheme::ALL.iter().find(|(_, scheme)| *scheme == self).map_or("", |(word, _)| word)
    }
}

/// Stands for the absent begin date of a staff association on data standard 4.0, and for nothing else.
const NO_BEGIN: &str = "_dbt_utils_surrogate_key_null_";

/// Natural keys of one run.
///
/// Scheme `edu` joins the prefix and the components by `-`. Scheme `stable` writes each component as its length in
/// bytes, a colon and itself (`3:STU`), the first being the prefix and the second the kind of object: so no two
/// lists of components give the same text, and no two kinds meet.
///
/// Every method writes the key into `key`, which it clears first, so that a loop needs one buffer.
#[derive(Debug, Clone)]
pub struct NaturalKeys {
    scheme: IdScheme,
    prefix: String,
    year: i16,
}

impl NaturalKeys {
    /// Keys with this prefix (tenant code or `id_prefix`) in this school year.
    pub fn new(scheme: IdScheme, prefix: &str, year: i16) -> NaturalKeys {
        NaturalKeys { scheme, prefix: prefix.to_owned(), year }
    }

    /// The scheme of these keys.
    pub fn scheme(&self) -> IdScheme {
        self.scheme
    }

    /// Starts a key of an object of this kind; `edu` has no kinds.
    fn start(&self, key: &mut String, kind: &str) {
        key.clear();
        match self.scheme {
            IdScheme::Edu => key.push_str(&self.prefix),
            IdScheme::Stable => {
                self.part(key, &self.prefix);
                self.part(key, kind);
            }
        }
    }

    fn part(&self, key: &mut String, component: &str) {
        match self.scheme {
            IdScheme::Edu => key.push('-'),
            IdScheme::Stable => {
                push_number(key, component.len() as i64);
                key.push(':');
            }
        }
        key.push_str(component);
    }

    fn number(&self, key: &mut String, component: i64) {
        match self.scheme {
            IdScheme::Edu => {
                key.push('-');
                push_number(key, component);
            }
            IdScheme::Stable => self.part(key, &component.to_string()),
        }
    }

    /// A component that `edu` folds to lower case.
    fn folded(&self, key: &mut String, component: &str) {
        match self.scheme {
            IdScheme::Edu if component.is_ascii() => {
                key.push('-');
                let start = key.len();
                key.push_str(component);
                key[start..].make_ascii_lowercase();
            }
            IdScheme::Edu => self.part(key, &component.to_lowercase()),
            IdScheme::Stable => self.part(key, component),
        }
    }

    /// The school year, where the Ed-Fi key has one and `edu` leaves it out.
    fn year_of_key(&self, key: &mut String) {
        if self.scheme == IdScheme::Stable {
            self.number(key, i64::from(self.year));
        }
    }

    fn day(&self, key: &mut String, day: Option<Day>) {
        match (day, self.scheme) {
            (Some(day), _) => match std::str::from_utf8(&day.iso()) {
                Ok(iso) => self.part(key, iso),
                Err(_) => self.part(key, ""),
            },
            (None, IdScheme::Edu) => self.part(key, NO_BEGIN),
            (None, IdScheme::Stable) => self.part(key, ""),
        }
    }

    /// An organization of any kind.
    pub fn org(&self, key: &mut String, id: i64) {
        self.start(key, "org");
        self.number(key, id);
    }

    /// A department of an organization; edu deletes commas from its name.
    pub fn department(&self, key: &mut String, owner: i64, name: &str) {
        self.start(key, "department");
        self.number(key, owner);
        self.part(key, name);
    }

    /// A user.
    pub fn person(&self, key: &mut String, person: Person, unique_id: &str) {
        self.start(key, "user");
        self.part(key, person.mark());
        self.part(key, unique_id);
    }

    /// A role of a user at an organization; edu has none, so it is the user's components, the org and the role.
    pub fn role(&self, key: &mut String, person: Person, unique_id: &str, org: i64, role: &str) {
        self.start(key, "role");
        self.part(key, person.mark());
        self.part(key, unique_id);
        self.number(key, org);
        self.part(key, role);
    }

    /// A session of a school; the name is not folded.
    pub fn session(&self, key: &mut String, school: i64, name: &str) {
        self.start(key, "session");
        self.number(key, school);
        self.year_of_key(key);
        self.part(key, name);
    }

    /// The school year of an LEA, or of a school that stands in for one.
    pub fn school_year(&self, key: &mut String, lea: i64) {
        self.start(key, "schoolYear");
        self.number(key, lea);
        self.number(key, i64::from(self.year));
    }

    /// A grading period of a school (docs/adr/0004): edu has none.
    pub fn grading_period(&self, key: &mut String, school: i64, period: &str, name: &str) {
        self.start(key, "gradingPeriod");
        self.number(key, school);
        self.number(key, i64::from(self.year));
        self.part(key, period);
        self.part(key, name);
    }

    /// A course in the LEA of the schools that offer it; the code is not folded. `edu` does not tell owners apart.
    pub fn course(&self, key: &mut String, lea: i64, owner: i64, code: &str) {
        self.start(key, "course");
        self.number(key, lea);
        if self.scheme == IdScheme::Stable {
            self.number(key, owner);
        }
        self.part(key, code);
    }

    /// A class; `edu` folds course code, section and session.
    pub fn class(&self, key: &mut String, class: ClassKey<'_>) {
        self.start(key, "class");
        self.class_components(key, class);
    }

    fn class_components(&self, key: &mut String, class: ClassKey<'_>) {
        self.folded(key, class.local_code);
        self.number(key, class.school);
        self.year_of_key(key);
        self.folded(key, class.section);
        self.folded(key, class.session);
    }

    /// What the enrollments of a class have in common: made once per class, since a state has millions of rows.
    pub fn class_part(&self, part: &mut String, class: ClassKey<'_>) {
        part.clear();
        self.class_components(part, class);
    }

    /// An enrollment of a student or staff member in a class given by its [`NaturalKeys::class_part`]. Under `edu`
    /// the unique id comes without its mark.
    #[inline]
    pub fn enrollment(
        &self,
        key: &mut String,
        person: Person,
        unique_id: &str,
        class_part: &str,
        begin: Option<Day>,
    ) {
        self.start(key, "enrollment");
        if self.scheme == IdScheme::Stable {
            self.part(key, person.mark());
        }
        self.part(key, unique_id);
        key.push_str(class_part);
        self.day(key, begin);
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

fn push_number(key: &mut String, number: i64) {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(key, "{number}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(write: impl FnOnce(&NaturalKeys, &mut String)) -> (String, String) {
        let mut key = String::from("left over");
        write(&NaturalKeys::new(IdScheme::Edu, "demo_isd", 2022), &mut key);
        let id = SourcedId::of(&key).hex();
        (key, id)
    }

    fn enroll(
        keys: &NaturalKeys,
        key: &mut String,
        unique_id: &str,
        class: ClassKey<'_>,
        begin: Option<Day>,
    ) {
        let mut part = String::new();
        keys.class_part(&mut part, class);
        keys.enrollment(key, Person::Student, unique_id, &part, begin);
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
                id(|k, s| k.school_year(s, 255_901)),
                "demo_isd-255901-2022".into(),
                "8190ba1993c6d5e1fad4abed404f5604",
            ),
            (
                id(|k, s| k.course(s, 255_901, 255_901_001, "ALG-1")),
                "demo_isd-255901-ALG-1".into(),
                "a05e1326cc7f61bfd15bb9ab9f2010ae",
            ),
            (id(|k, s| k.class(s, class)), format!("demo_isd-{folded}"), "9594151a023f0e39c0e27dc8f246d1a9"),
            (
                id(|k, s| enroll(k, s, "604822", class, begin)),
                format!("demo_isd-604822-{folded}-2021-08-23"),
                "3fa4d704f627aa4ed260d012705c5a75",
            ),
            (
                id(|k, s| enroll(k, s, "207219", class, begin)),
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
        let (key, _) = id(|k, s| enroll(k, s, "T1", class, None));
        assert_eq!(key, "demo_isd-T1-é-1-s-f-_dbt_utils_surrogate_key_null_");
    }

    #[test]
    fn stable_keys_say_where_each_component_ends() {
        let keys = NaturalKeys::new(IdScheme::Stable, "demo", 2022);
        let key = |write: &dyn Fn(&mut String)| {
            let mut key = String::new();
            write(&mut key);
            key
        };
        assert_eq!(key(&|s| keys.person(s, Person::Staff, "7")), "4:demo4:user3:STA1:7");
        assert_eq!(key(&|s| keys.session(s, 11, "Fall")), "4:demo7:session2:114:20224:Fall");
        let class = |local_code, section| ClassKey { local_code, school: 1, section, session: "F" };
        let classes = [class("a-b", "c"), class("a", "b-c"), class("A", "b-c"), class("a", "B-c")];
        let texts: std::collections::BTreeSet<_> =
            classes.iter().map(|&c| key(&|s| keys.class(s, c))).collect();
        assert_eq!(texts.len(), classes.len());
        let next = NaturalKeys::new(IdScheme::Stable, "demo", 2023);
        assert_ne!(key(&|s| keys.class(s, classes[0])), key(&|s| next.class(s, classes[0])));
    }

    proptest::proptest! {
        /// Whatever the components, two different lists never give one text.
        #[test]
        fn stable_is_injective(
            a in proptest::collection::vec(".{0,6}", 3),
            b in proptest::collection::vec(".{0,6}", 3),
            schools in (0i64..30, 0i64..30),
        ) {
            let keys = NaturalKeys::new(IdScheme::Stable, "t", 2022);
            let class = |c: &[String], school| {
                let mut key = String::new();
                let class = ClassKey { local_code: &c[0], school, section: &c[1], session: &c[2] };
                keys.class(&mut key, class);
                key
            };
            let (x, y) = (class(&a, schools.0), class(&b, schools.1));
            proptest::prop_assert_eq!(x == y, a == b && schools.0 == schools.1);
        }
    }
}
