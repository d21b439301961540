//! What a strict reader knows of OneRoster 1.1 and 1.2: files, columns, vocabularies, manifests.
//!
//! In: nothing. Out: the facts of the rostering files, written once more from the specifications and not taken from
//! `spec`, so that an error there cannot hide itself. No gradebook, no resources.

/// How a column must be filled.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    Text,
    Blank,
    Date,
    Flag,
    Word(&'static [&'static str]),
    Words(&'static [&'static str]),
    Reference(&'static str),
    References(&'static str),
    Texts,
}
use Rule::{Blank, Date, Flag, Reference, References, Text, Texts, Word, Words};

const SESSION_TYPES: &[&str] = &["gradingPeriod", "semester", "schoolYear", "term"];
const ORG_TYPES: &[&str] = &["department", "school", "district", "local", "state", "national"];
const USER_ROLES: &[&str] =
    &["administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher"];
/// Roles of 1.2: `administrator` has become three.
const ROLE_WORDS: &[&str] = &[
    "aide",
    "counselor",
    "districtAdministrator",
    "guardian",
    "parent",
    "principal",
    "proctor",
    "relative",
    "siteAdministrator",
    "student",
    "systemAdministrator",
    "teacher",
];
const ENROLLMENT_ROLES: &[&str] = &["administrator", "proctor", "student", "teacher"];
const GRADES: &[&str] = &[
    "IT", "PR", "PK", "TK", "KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12",
    "13", "PS", "UG", "Other",
];

/// Columns of a file in order: name, whether it is required, rule.
pub type Columns = &'static [(&'static str, bool, Rule)];

const ID: (&str, bool, Rule) = ("sourcedId", true, Text);
const STATUS: (&str, bool, Rule) = ("status", false, Blank);
const MODIFIED: (&str, bool, Rule) = ("dateLastModified", false, Blank);

/// The rostering files that both versions share.
const SHARED: &[(&str, Columns)] = &[
    (
        "academicSessions",
        &[
            ID,
            STATUS,
            MODIFIED,
            ("title", true, Text),
            ("type", true, Word(SESSION_TYPES)),
            ("startDate", true, Date),
            ("endDate", true, Date),
            ("parentSourcedId", false, Reference("academicSessions")),
            ("schoolYear", true, Text),
        ],
    ),
    (
        "classes",
        &[
            ID,
            STATUS,
            MODIFIED,
            ("title", true, Text),
            ("grades", false, Words(GRADES)),
            ("courseSourcedId", true, Reference("courses")),
            ("classCode", false, Text),
            ("classType", true, Word(&["homeroom", "scheduled"])),
            ("location", false, Text),
            ("schoolSourcedId", true, Reference("orgs")),
            ("termSourcedIds", true, References("academicSessions")),
            ("subjects", false, Texts),
            ("subjectCodes", false, Texts),
            ("periods", false, Texts),
        ],
    ),
    (
        "courses",
        &[
            ID,
            STATUS,
            MODIFIED,
            ("schoolYearSourcedId", false, Reference("academicSessions")),
            ("title", true, Text),
            ("courseCode", false, Text),
            ("grades", false, Words(GRADES)),
            ("orgSourcedId", true, Reference("orgs")),
            ("subjects", false, Texts),
            ("subjectCodes", false, Texts),
        ],
    ),
    (
        "enrollments",
        &[
            ID,
            STATUS,
            MODIFIED,
            ("classSourcedId", true, Reference("classes")),
            ("schoolSourcedId", true, Reference("orgs")),
            ("userSourcedId", true, Reference("users")),
            ("role", true, Word(ENROLLMENT_ROLES)),
            ("primary", false, Flag),
            ("beginDate", false, Date),
            ("endDate", false, Date),
        ],
    ),
    (
        "orgs",
        &[
            ID,
            STATUS,
            MODIFIED,
            ("name", true, Text),
            ("type", true, Word(ORG_TYPES)),
            ("identifier", false, Text),
            ("parentSourcedId", false, Reference("orgs")),
        ],
    ),
];

/// `demographics.csv` of 1.1.
const DEMOGRAPHICS_1_1: Columns = &[
    ("sourcedId", true, Reference("users")),
    STATUS,
    MODIFIED,
    ("birthDate", false, Date),
    ("sex", false, Word(&["male", "female"])),
    ("americanIndianOrAlaskaNative", false, Flag),
    ("asian", false, Flag),
    ("blackOrAfricanAmerican", false, Flag),
    ("nativeHawaiianOrOtherPacificIslander", false, Flag),
    ("white", false, Flag),
    ("demographicRaceTwoOrMoreRaces", false, Flag),
    ("hispanicOrLatinoEthnicity", false, Flag),
    ("countryOfBirthCode", false, Text),
    ("stateOfBirthAbbreviation", false, Text),
    ("cityOfBirth", false, Text),
    ("publicSchoolResidenceStatus", false, Text),
];

/// The same of 1.2, which has more words for sex.
const DEMOGRAPHICS_1_2: Columns = &[
    ("sourcedId", true, Reference("users")),
    STATUS,
    MODIFIED,
    ("birthDate", false, Date),
    ("sex", false, Word(&["male", "female", "other", "unspecified"])),
    ("americanIndianOrAlaskaNative", false, Flag),
    ("asian", false, Flag),
    ("blackOrAfricanAmerican", false, Flag),
    ("nativeHawaiianOrOtherPacificIslander", false, Flag),
    ("white", false, Flag),
    ("demographicRaceTwoOrMoreRaces", false, Flag),
    ("hispanicOrLatinoEthnicity", false, Flag),
    ("countryOfBirthCode", false, Text),
    ("stateOfBirthAbbreviation", false, Text),
    ("cityOfBirth", false, Text),
    ("publicSchoolResidenceStatus", false, Text),
];

/// `users.csv` of 1.1.
const USERS_1_1: Columns = &[
    ID,
    STATUS,
    MODIFIED,
    ("enabledUser", true, Flag),
    ("orgSourcedIds", true, References("orgs")),
    ("role", true, Word(USER_ROLES)),
    ("username", true, Text),
    ("userIds", false, Texts),
    ("givenName", true, Text),
    ("familyName", true, Text),
    ("middleName", false, Text),
    ("identifier", false, Text),
    ("email", false, Text),
    ("sms", false, Text),
    ("phone", false, Text),
    ("agentSourcedIds", false, References("users")),
    ("grades", false, Words(GRADES)),
    ("password", false, Text),
];

/// The same of 1.2.1. The specification lets the primary org be blank; mapping.md section 6 does not.
const USERS_1_2: Columns = &[
    ID,
    STATUS,
    MODIFIED,
    ("enabledUser", true, Flag),
    ("username", true, Text),
    ("userIds", false, Texts),
    ("givenName", true, Text),
    ("familyName", true, Text),
    ("middleName", false, Text),
    ("identifier", false, Text),
    ("email", false, Text),
    ("sms", false, Text),
    ("phone", false, Text),
    ("agentSourcedIds", false, References("users")),
    ("grades", false, Words(GRADES)),
    ("password", false, Text),
    ("userMasterIdentifier", false, Text),
    ("preferredGivenName", false, Text),
    ("preferredMiddleName", false, Text),
    ("preferredFamilyName", false, Text),
    ("primaryOrgSourcedId", true, Reference("orgs")),
    ("pronouns", false, Text),
];

/// The same of 1.2.0, with a column that 1.2.1 dropped.
const USERS_1_2_0: Columns = &[
    ID,
    STATUS,
    MODIFIED,
    ("enabledUser", true, Flag),
    ("username", true, Text),
    ("userIds", false, Texts),
    ("givenName", true, Text),
    ("familyName", true, Text),
    ("middleName", false, Text),
    ("identifier", false, Text),
    ("email", false, Text),
    ("sms", false, Text),
    ("phone", false, Text),
    ("agentSourcedIds", false, References("users")),
    ("grades", false, Words(GRADES)),
    ("password", false, Text),
    ("userMasterIdentifier", false, Text),
    ("resourceSourcedIds", false, Blank),
    ("preferredGivenName", false, Text),
    ("preferredMiddleName", false, Text),
    ("preferredFamilyName", false, Text),
    ("primaryOrgSourcedId", true, Reference("orgs")),
    ("pronouns", false, Text),
];

/// `roles.csv`, which only 1.2 has.
const ROLES: Columns = &[
    ID,
    STATUS,
    MODIFIED,
    ("userSourcedId", true, Reference("users")),
    ("roleType", true, Word(&["primary", "secondary"])),
    ("role", true, Word(ROLE_WORDS)),
    ("beginDate", false, Date),
    ("endDate", false, Date),
    ("orgSourcedId", true, Reference("orgs")),
    ("userProfileSourcedId", false, Blank),
];

/// What the manifest of 1.1 lists, in published order.
const MANIFEST_1_1: [&str; 13] = [
    "academicSessions",
    "categories",
    "classes",
    "classResources",
    "courses",
    "courseResources",
    "demographics",
    "enrollments",
    "lineItems",
    "orgs",
    "resources",
    "results",
    "users",
];

/// What the manifest of 1.2 lists.
const MANIFEST_1_2: [&str; 21] = [
    "academicSessions",
    "categories",
    "classes",
    "classResources",
    "courses",
    "courseResources",
    "demographics",
    "enrollments",
    "lineItemLearningObjectiveIds",
    "lineItems",
    "lineItemScoreScales",
    "orgs",
    "resources",
    "resultLearningObjectiveIds",
    "results",
    "resultScoreScales",
    "roles",
    "scoreScales",
    "userProfiles",
    "userResources",
    "users",
];

/// A version of OneRoster as a reader of rostering packages knows it.
pub struct Facts {
    pub version: &'static str,
    pub manifest: &'static [&'static str],
    pub files: Vec<(&'static str, Columns)>,
}

/// The facts of the version that a manifest names; those of 1.1 for any other.
pub fn facts(version: &str) -> Facts {
    let mut files = SHARED.to_vec();
    match version {
        "1.2" => {
            files.extend([("demographics", DEMOGRAPHICS_1_2), ("roles", ROLES), ("users", USERS_1_2)]);
            Facts { version: "1.2", manifest: &MANIFEST_1_2, files }
        }
        _ => {
            files.extend([("demographics", DEMOGRAPHICS_1_1), ("users", USERS_1_1)]);
            Facts { version: "1.1", manifest: &MANIFEST_1_1, files }
        }
    }
}

impl Facts {
    /// The columns of a file; users.csv of 1.2 comes in two shapes, told apart by its header.
    pub fn columns(&self, name: &str, header: &[String]) -> Option<Columns> {
        let older = self.version == "1.2" && header.iter().any(|h| h == "resourceSourcedIds");
        if name == "users" && older {
            return Some(USERS_1_2_0);
        }
        self.files.iter().find(|(file, _)| *file == name).map(|(_, columns)| *columns)
    }
}
