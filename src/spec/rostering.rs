//! The rostering files, as far as 1.1 and 1.2 share them.
//!
//! In: nothing. Out: whole files that are the same in both versions, and the parts that the users and demographics
//! files of the two versions are built of.

use super::column::{CHANGE, KEY, join};
use super::vocabulary as words;
use super::{Column, File, FileSpec, Group, Kind, Personal, Rule, Vocabulary};

pub(super) const SCHOOL: &[Rule] = &[Rule::Target { column: "type", word: "school" }];
const GRADE_CODES: &[Rule] = &[Rule::Advised(&words::GRADES)];
const RESIDENCE_CODES: &[Rule] = &[Rule::Advised(&words::RESIDENCE_STATUS)];
const SCHOOL_YEAR: &[Rule] = &[Rule::Target { column: "type", word: "schoolYear" }];

/// Grade levels; the same column in courses, classes and users.
const GRADES: Column = Column::optional(
    "grades",
    Kind::TextList,
    "Grade levels; write one code, since some readers expect no list.",
)
.bound(GRADE_CODES);

/// The parallel lists of subjects and their codes; the same in courses and classes.
const SUBJECTS: [Column; 2] = [
    Column::optional("subjects", Kind::TextList, "Names of the subjects, none of which holds a comma.")
        .bound(&[Rule::Parallel("subjectCodes")]),
    Column::optional("subjectCodes", Kind::TextList, "Codes of the subjects; in the USA those of SCED.")
        .bound(&[Rule::Parallel("subjects")]),
];

/// A true/false cell that may be blank.
pub(super) const fn flag(name: &'static str, doc: &'static str) -> Column {
    Column::optional(name, Kind::Enum(&words::BOOLEAN), doc)
}

/// `academicSessions.csv`.
pub(super) const ACADEMIC_SESSIONS: FileSpec = FileSpec {
    file: File::AcademicSessions,
    group: Group::Rostering,
    doc: "A span of time in which teaching happens: a school year, a term or a grading period.",
    columns: &join::<9>(&[
        &KEY,
        &[
            Column::required("title", Kind::Text, "Name of the session."),
            Column::required("type", Kind::Enum(&words::SESSION_TYPE), "Kind of session."),
            Column::required("startDate", Kind::Date, "First day."),
            Column::required("endDate", Kind::Date, "The day after the last day."),
            Column::optional(
                "parentSourcedId",
                Kind::Ref(File::AcademicSessions),
                "The session that contains this one.",
            ),
            Column::required("schoolYear", Kind::Year, "The calendar year in which the school year ends."),
        ],
    ]),
};

/// `classes.csv`.
pub(super) const CLASSES: FileSpec = FileSpec {
    file: File::Classes,
    group: Group::Rostering,
    doc: "A group of people who are taught together: one section of a course at a school.",
    columns: &join::<14>(&[
        &KEY,
        &[
            Column::required("title", Kind::Text, "Name of the class."),
            GRADES,
            Column::required("courseSourcedId", Kind::Ref(File::Courses), "The course that is taught."),
            Column::optional("classCode", Kind::Text, "Code of the class that people use."),
            Column::required("classType", Kind::Enum(&words::CLASS_TYPE), "Homeroom or scheduled class."),
            Column::optional("location", Kind::Text, "Where the class meets, such as a room."),
            Column::required("schoolSourcedId", Kind::Ref(File::Orgs), "The school that holds the class.")
                .bound(SCHOOL),
            Column::required(
                "termSourcedIds",
                Kind::RefList(File::AcademicSessions),
                "The sessions in which the class meets; any type is accepted.",
            ),
        ],
        &SUBJECTS,
        &[Column::optional("periods", Kind::TextList, "The periods of the day in which the class meets.")],
    ]),
};

/// `courses.csv`.
pub(super) const COURSES: FileSpec = FileSpec {
    file: File::Courses,
    group: Group::Rostering,
    doc: "What is taught: the entry of a course catalog that classes are sections of.",
    columns: &join::<10>(&[
        &KEY,
        &[
            Column::optional(
                "schoolYearSourcedId",
                Kind::Ref(File::AcademicSessions),
                "The school year in which the course is offered.",
            )
            .bound(SCHOOL_YEAR),
            Column::required("title", Kind::Text, "Name of the course."),
            Column::optional("courseCode", Kind::Text, "Code of the course that people use."),
            GRADES,
            Column::required("orgSourcedId", Kind::Ref(File::Orgs), "The org that owns the course."),
        ],
        &SUBJECTS,
    ]),
};

/// `demographics.csv`; only the words for sex differ between the versions.
pub(super) const fn demographics(sex: &'static Vocabulary) -> [Column; 16] {
    join(&[
        &[Column::required("sourcedId", Kind::Id, "The sourcedId of the person's row in users.csv.")
            .bound(&[Rule::KeyOf(File::Users)])],
        &CHANGE,
        &[
            Column::optional("birthDate", Kind::Date, "Date of birth.").telling(Personal::BirthDate),
            Column::optional("sex", Kind::Enum(sex), "Sex.").telling(Personal::Demographics),
            flag("americanIndianOrAlaskaNative", "Counts as American Indian or Alaska Native.")
                .telling(Personal::Demographics),
            flag("asian", "Counts as Asian.").telling(Personal::Demographics),
            flag("blackOrAfricanAmerican", "Counts as Black or African American.")
                .telling(Personal::Demographics),
            flag(
                "nativeHawaiianOrOtherPacificIslander",
                "Counts as Native Hawaiian or other Pacific Islander.",
            )
            .telling(Personal::Demographics),
            flag("white", "Counts as White.").telling(Personal::Demographics),
            flag("demographicRaceTwoOrMoreRaces", "Counts as being of more than one race.")
                .telling(Personal::Demographics),
            flag("hispanicOrLatinoEthnicity", "Counts as Hispanic or Latino, whatever the race.")
                .telling(Personal::Demographics),
            Column::optional(
                "countryOfBirthCode",
                Kind::Text,
                "Country of birth, in the USA by its CEDS code.",
            )
            .telling(Personal::Demographics),
            Column::optional(
                "stateOfBirthAbbreviation",
                Kind::Text,
                "State of birth, in the USA by its postal abbreviation.",
            )
            .telling(Personal::Demographics),
            Column::optional("cityOfBirth", Kind::Text, "City of birth.").telling(Personal::Demographics),
            Column::optional(
                "publicSchoolResidenceStatus",
                Kind::Text,
                "How the place of residence relates to the school's area.",
            )
            .telling(Personal::Demographics)
            .bound(RESIDENCE_CODES),
        ],
    ])
}

/// What a row of `demographics.csv` is.
pub(super) const DEMOGRAPHICS_DOC: &str = "Birth, sex, race and ethnicity of a user, one row each.";

/// `enrollments.csv`.
pub(super) const ENROLLMENTS: FileSpec = FileSpec {
    file: File::Enrollments,
    group: Group::Rostering,
    doc: "The membership of a user in a class, as student, teacher or otherwise.",
    columns: &join::<10>(&[
        &KEY,
        &[
            Column::required("classSourcedId", Kind::Ref(File::Classes), "The class."),
            Column::required("schoolSourcedId", Kind::Ref(File::Orgs), "The school that holds the class.")
                .bound(SCHOOL),
            Column::required("userSourcedId", Kind::Ref(File::Users), "The user."),
            Column::required("role", Kind::Enum(&words::ENROLLMENT_ROLE), "What the user is in the class."),
            flag("primary", "Marks the one teacher who leads the class at a time."),
            Column::optional("beginDate", Kind::Date, "First day of the membership."),
            Column::optional("endDate", Kind::Date, "The day after the last day of the membership."),
        ],
    ]),
};

/// `orgs.csv`.
pub(super) const ORGS: FileSpec = FileSpec {
    file: File::Orgs,
    group: Group::Rostering,
    doc: "A school, a district or another organization.",
    columns: &join::<7>(&[
        &KEY,
        &[
            Column::required("name", Kind::Text, "Name of the org."),
            Column::required("type", Kind::Enum(&words::ORG_TYPE), "Kind of org."),
            Column::optional(
                "identifier",
                Kind::Text,
                "A number that people know the org by, such as its NCES id.",
            ),
            Column::optional("parentSourcedId", Kind::Ref(File::Orgs), "The org right above this one."),
        ],
    ]),
};

/// `users.csv`: whether the account works.
pub(super) const ENABLED_USER: Column = Column::required(
    "enabledUser",
    Kind::Enum(&words::BOOLEAN),
    "False keeps the user on record but without access.",
);

/// `users.csv`: names, identifiers and contact, from `username` to `password`.
pub(super) const PERSON: [Column; 12] = [
    Column::required("username", Kind::Text, "The name that the user signs in with.")
        .telling(Personal::SignIn),
    Column::optional("userIds", Kind::TextList, "Identifiers in other systems, each with its system.")
        .telling(Personal::Identifier)
        .bound(&[Rule::Braced]),
    Column::required("givenName", Kind::Text, "First name.").telling(Personal::Name),
    Column::required("familyName", Kind::Text, "Last name.").telling(Personal::Name),
    Column::optional("middleName", Kind::Text, "Middle names, with blanks between them.")
        .telling(Personal::Name),
    Column::optional("identifier", Kind::Text, "A number that people know the user by; not for matching.")
        .telling(Personal::Identifier),
    Column::optional("email", Kind::Text, "E-mail address.").telling(Personal::Email),
    Column::optional("sms", Kind::Text, "Number for text messages.").telling(Personal::Phone),
    Column::optional("phone", Kind::Text, "Telephone number.").telling(Personal::Phone),
    Column::optional(
        "agentSourcedIds",
        Kind::RefList(File::Users),
        "Related users, such as a child's parents.",
    )
    .telling(Personal::Family),
    GRADES,
    Column::optional("password", Kind::Text, "A password, in a form that both systems have agreed on.")
        .telling(Personal::SignIn),
];

/// What a row of `users.csv` is.
pub(super) const USERS_DOC: &str = "A person: a student, a member of staff, a parent.";
