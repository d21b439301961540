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

    /// The id with these 32 hex digits, in any case; `None` for any other text.
    pub fn from_hex(text: &str) -> Option<SourcedId> {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id).ok().map(|()| SourcedId(id))
    }

    /// The 32 hex digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The 32 hex digits as bytes.
    pub fn digits(&self) -> [u8; 32] {
        let mut digits = [0; 32];
        // 16 bytes are 32 digits: this cannot fail.
        let _ = hex::encode_to_slice(self.0, &mut digits);
        digits
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
    /// What the Ed-Fi Alliance OneRoster service 1.0.2 computes: no prefix, one user row per person and school.
    EdfiOneroster,
    /// Ours: a literal per kind, the school year wherever the Ed-Fi key has one, components with their lengths.
    Stable,
}

impl IdScheme {
    /// All schemes, with the words by which they are configured.
    pub const ALL: [(&'static str, IdScheme); 3] =
        [("edu", IdScheme::Edu), ("edfi-oneroster", IdScheme::EdfiOneroster), ("stable", IdScheme::Stable)];

    /// The word by which it is configured.
    pub fn word(self) -> &'static str {
        IdScheme::ALL.iter().find(|(_, scheme)| *scheme == self).map_or("", |(word, _)| word)
    }

    /// Whether ids of courses tell the LEAs of the offering schools apart.
    pub fn course_tells_lea(self) -> bool {
        matches!(self, IdScheme::Edu | IdScheme::Stable)
    }

    /// Whether ids of courses tell owners apart.
    pub fn course_tells_owner(self) -> bool {
        matches!(self, IdScheme::EdfiOneroster | IdScheme::Stable)
    }

    /// Whether a person is one user per school.
    pub fn user_per_school(self) -> bool {
        self == IdScheme::EdfiOneroster
    }

    /// Whether schools without an LEA have one school year together.
    pub fn shares_year_without_lea(self) -> bool {
        self == IdScheme::EdfiOneroster
    }

    /// Whether the ids of two different objects can be the same text before they are hashed.
    pub fn can_collide(self) -> bool {
        self != IdScheme::Stable
    }
}

/// Whose school year it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YearOf {
    /// An LEA's.
    Lea(i64),
    /// A school's that has no LEA and stands in for one.
    School(i64),
}

/// Stands for the absent begin date of a staff association on data standard 4.0, and for nothing else.
const NO_BEGIN: &str = "_dbt_utils_surrogate_key_null_";

/// Natural keys of one run.
///
/// Scheme `edu` joins the prefix and the components by `-`, scheme `edfi-oneroster` the components alone. Scheme `stable` writes each component as its length in
/// bytes, a colon and itself (`3:STU`), the first being the prefix and the second the kind of object: so no two
/// lists of components give the same text, and no two kinds meet.
///
/// Every method writes the key into `key`, which it clears first, so that a loop needs one buffer.
#[derive(Debug, Clone)]
pub struct NaturalKeys {
    scheme: IdScheme,
    prefix: String,
    year: i16,
    staff_begin: bool,
}

impl NaturalKeys {
    /// Keys with this prefix (tenant code or `id_prefix`) in this school year.
    pub fn new(scheme: IdScheme, prefix: &str, year: i16) -> NaturalKeys {
        NaturalKeys { scheme, prefix: prefix.to_owned(), year, staff_begin: true }
    }

    /// Says whether the begin date is outside the key of staff section associations, as on data standard 4.0: the
    /// Ed-Fi service then leaves it out of staff enrollment ids. The other schemes do not care.
    pub fn with_staff_begin_outside_key(self, outside: bool) -> NaturalKeys {
        NaturalKeys { staff_begin: !outside, ..self }
    }

    /// The scheme of these keys.
    pub fn scheme(&self) -> IdScheme {
        self.scheme
    }

    /// Whether ids of this person's enrollments have a begin date.
    pub fn enrollment_has_begin(&self, person: Person) -> bool {
        self.scheme != IdScheme::EdfiOneroster || person != Person::Staff || self.staff_begin
    }

    /// A unique id as it stands in the key of an enrollment.
    pub fn enrollment_unique_id<'u>(&self, unique_id: &'u str) -> std::borrow::Cow<'u, str> {
        match self.scheme {
            IdScheme::EdfiOneroster => unique_id.to_lowercase().into(),
            IdScheme::Edu | IdScheme::Stable => unique_id.into(),
        }
    }

    /// Starts a key of an object of this kind; only `stable` has kinds, and `edfi-oneroster` not even a prefix.
    fn start(&self, key: &mut String, kind: &str) {
        key.clear();
        match self.scheme {
            IdScheme::Edu => key.push_str(&self.prefix),
            IdScheme::EdfiOneroster => {}
            IdScheme::Stable => {
                self.part(key, &self.prefix);
                self.part(key, kind);
            }
        }
    }

    /// What stands before a component in the schemes that join by hyphens.
    fn join(&self, key: &mut String) {
        if self.scheme == IdScheme::Edu || !key.is_empty() {
            key.push('-');
        }
    }

    fn part(&self, key: &mut String, component: &str) {
        match self.scheme {
            IdScheme::Edu | IdScheme::EdfiOneroster => self.join(key),
            IdScheme::Stable => {
                push_number(key, component.len() as i64);
                key.push(':');
            }
        }
        key.push_str(component);
    }

    fn number(&self, key: &mut String, component: i64) {
        match self.scheme {
            IdScheme::Edu | IdScheme::EdfiOneroster => {
                self.join(key);
                push_number(key, component);
            }
            IdScheme::Stable => self.part(key, &component.to_string()),
        }
    }

    /// A component that all but `stable` fold to lower case.
    fn folded(&self, key: &mut String, component: &str) {
        match self.scheme {
            IdScheme::Edu | IdScheme::EdfiOneroster if component.is_ascii() => {
                self.join(key);
                let start = key.len();
                key.push_str(component);
                key[start..].make_ascii_lowercase();
            }
            IdScheme::Edu | IdScheme::EdfiOneroster => self.part(key, &component.to_lowercase()),
            IdScheme::Stable => self.part(key, component),
        }
    }

    /// The school year, where the Ed-Fi key has one and `edu` leaves it out.
    fn year_of_key(&self, key: &mut String) {
        if self.scheme != IdScheme::Edu {
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
            (None, IdScheme::EdfiOneroster | IdScheme::Stable) => self.part(key, ""),
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

    /// A user; under `edfi-oneroster` one at a school, if there is one.
    pub fn user(&self, key: &mut String, person: Person, unique_id: &str, school: Option<i64>) {
        self.start(key, "user");
        self.user_components(key, person, unique_id, school);
    }

    fn user_components(&self, key: &mut String, person: Person, unique_id: &str, school: Option<i64>) {
        self.part(key, person.mark());
        self.part(key, unique_id);
        if let (true, Some(school)) = (self.scheme.user_per_school(), school) {
            self.number(key, school);
        }
    }

    /// A role of a user at an organization. Neither edu nor the Ed-Fi service has one, so it is the user's
    /// components, the org and the role.
    pub fn role(
        &self,
        key: &mut String,
        person: Person,
        unique_id: &str,
        school: Option<i64>,
        org: i64,
        role: &str,
    ) {
        self.start(key, "role");
        self.user_components(key, person, unique_id, school);
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
    ///
    /// Under `edfi-oneroster` all schools without an LEA have one year together: the service hashes nothing where
    /// the LEA should be.
    pub fn school_year(&self, key: &mut String, whose: YearOf) {
        self.start(key, "schoolYear");
        match whose {
            YearOf::School(_) if self.scheme.shares_year_without_lea() => {
                key.push('-');
                push_number(key, i64::from(self.year));
            }
            YearOf::Lea(id) | YearOf::School(id) => {
                self.number(key, id);
                self.number(key, i64::from(self.year));
            }
        }
    }

    /// A grading period of a school (docs/adr/0004): neither edu nor the Ed-Fi service has one.
    pub fn grading_period(&self, key: &mut String, school: i64, period: &str, name: &str) {
        self.start(key, "gradingPeriod");
        self.number(key, school);
        self.number(key, i64::from(self.year));
        self.part(key, period);
        self.part(key, name);
    }

    /// A course in the LEA of the schools that offer it; the code is not folded. `edu` does not tell owners apart,
    /// `edfi-oneroster` does not tell LEAs apart.
    pub fn course(&self, key: &mut String, lea: i64, owner: i64, code: &str) {
        self.start(key, "course");
        if self.scheme.course_tells_lea() {
            self.number(key, lea);
        }
        if self.scheme.course_tells_owner() {
            self.number(key, owner);
        }
        self.part(key, code);
    }

    /// A class; all but `stable` fold course code, section and session.
    pub fn class(&self, key: &mut String, class: ClassKey<'_>) {
        self.start(key, "class");
        self.class_components(key, class);
    }

    fn class_components(&self, key: &mut String, class: ClassKey<'_>) {
        self.folded(key, class.local_code);
        match self.scheme {
            // A blank course code leaves its hyphen behind.
            IdScheme::EdfiOneroster if key.is_empty() => {
                key.push('-');
                push_number(key, class.school);
            }
            _ => self.number(key, class.school),
        }
        self.year_of_key(key);
        self.folded(key, class.section);
        self.folded(key, class.session);
    }

    /// What the enrollments of a class have in common: made once per class, since a state has millions of rows.
    pub fn class_part(&self, part: &mut String, class: ClassKey<'_>) {
        part.clear();
        self.class_components(part, class);
    }

    /// An enrollment of a student or staff member in a class given by its [`NaturalKeys::class_part`]. Only
    /// `stable` marks the unique id, only `edfi-oneroster` folds it.
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
        match self.scheme {
            IdScheme::Edu => self.part(key, unique_id),
            IdScheme::EdfiOneroster => {
                self.folded(key, unique_id);
                key.push('-');
            }
            IdScheme::Stable => {
                self.part(key, person.mark());
                self.part(key, unique_id);
            }
        }
        key.push_str(class_part);
        if self.enrollment_has_begin(person) {
            self.day(key, begin);
        }
    }

    /// A category of the school year (docs/adr/0010): edu has none.
    pub fn category(&self, key: &mut String, title: &str) {
        self.start(key, "category");
        self.number(key, i64::from(self.year));
        self.part(key, title);
    }

    /// A line item (docs/adr/0010): edu has none.
    pub fn line_item(&self, key: &mut String, item: LineItemKey<'_>) {
        self.start(key, "lineItem");
        self.line_item_components(key, item);
    }

    /// A student's result in a line item (docs/adr/0010): edu has none.
    pub fn result(&self, key: &mut String, item: LineItemKey<'_>, unique_id: &str) {
        self.start(key, "result");
        self.line_item_components(key, item);
        self.part(key, unique_id);
    }

    fn line_item_components(&self, key: &mut String, item: LineItemKey<'_>) {
        if self.scheme == IdScheme::Stable {
            self.part(key, item.mark());
        }
        match item {
            LineItemKey::Entry { namespace, identifier } => {
                self.part(key, namespace);
                self.part(key, identifier);
            }
            LineItemKey::FinalGrade { class, period, name, kind } => {
                self.class_components(key, class);
                self.part(key, period);
                self.part(key, name);
                self.part(key, kind);
            }
        }
    }
}

/// The components of a line item within a tenant, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineItemKey<'a> {
    /// A gradebook entry.
    Entry {
        /// namespace.
        namespace: &'a str,
        /// gradebookEntryIdentifier.
        identifier: &'a str,
    },
    /// The grades of a class for a grading period.
    FinalGrade {
        /// The class.
        class: ClassKey<'a>,
        /// Code value of the grading period descriptor.
        period: &'a str,
        /// gradingPeriodName or sequence.
        name: &'a str,
        /// Code value of the grade type descriptor.
        kind: &'a str,
    },
}

impl LineItemKey<'_> {
    const fn mark(self) -> &'static str {
        match self {
            LineItemKey::Entry { .. } => "entry",
            LineItemKey::FinalGrade { .. } => "grade",
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

fn push_number(key: &mut String, number: i64) {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(key, "{number}");
}

#[cfg(test)]
mod tests;
