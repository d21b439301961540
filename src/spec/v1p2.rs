//! OneRoster CSV 1.2.1: its files in manifest order, and what only 1.2 has.
//!
//! In: the parts that both versions share. Out: [`FILES`], and [`USERS_V1P2P0`] for readers that never took up the
//! correction. Vocabularies marked open take `ext:` terms here.

use super::column::{KEY, join};
use super::rostering::{SCHOOL, flag};
use super::vocabulary as words;
use super::{Column, File, FileSpec, Group, Kind, Personal, Rule, gradebook, resources, rostering};

/// The 21 data files in the order of the published manifest.
pub static FILES: [FileSpec; 21] = [
    rostering::ACADEMIC_SESSIONS,
    CATEGORIES,
    rostering::CLASSES,
    resources::CLASS_RESOURCES,
    rostering::COURSES,
    resources::COURSE_RESOURCES,
    DEMOGRAPHICS,
    rostering::ENROLLMENTS,
    LINE_ITEM_LEARNING_OBJECTIVE_IDS,
    LINE_ITEMS,
    LINE_ITEM_SCORE_SCALES,
    rostering::ORGS,
    resources::RESOURCES,
    RESULT_LEARNING_OBJECTIVE_IDS,
    RESULTS,
    RESULT_SCORE_SCALES,
    ROLES,
    SCORE_SCALES,
    USER_PROFILES,
    USER_RESOURCES,
    USERS,
];

const CATEGORIES: FileSpec = FileSpec {
    file: File::Categories,
    group: Group::Gradebook,
    doc: gradebook::CATEGORIES_DOC,
    columns: &join::<5>(&[
        &KEY,
        &[
            gradebook::CATEGORY_TITLE,
            Column::optional("weight", Kind::Integer, "Share of the final grade in percent, without a sign."),
        ],
    ]),
};

const DEMOGRAPHICS: FileSpec = FileSpec {
    file: File::Demographics,
    group: Group::Rostering,
    doc: rostering::DEMOGRAPHICS_DOC,
    columns: &rostering::demographics(&words::SEX_V1P2),
};

/// Where a learning objective is defined, and its identifier there.
const OBJECTIVE: [Column; 2] = [
    Column::required("source", Kind::Enum(&words::OBJECTIVE_SOURCE), "Who defines the objective."),
    Column::required(
        "learningObjectiveId",
        Kind::Text,
        "Its identifier there; a UUID URN when the source is CASE.",
    ),
];

const LINE_ITEM: Column = Column::required("lineItemSourcedId", Kind::Ref(File::LineItems), "The line item.");
const RESULT: Column = Column::required("resultSourcedId", Kind::Ref(File::Results), "The result.");
const SCALE_TITLE: Column = Column::optional("title", Kind::Text, "Name of the link.");
const SCALE: Column =
    Column::required("scoreScaleSourcedId", Kind::Ref(File::ScoreScales), "The score scale.");
const TEXT_SCORE: Column = Column::optional("textScore", Kind::Text, "The score in words or letters.")
    .telling(Personal::Performance);

const LINE_ITEM_LEARNING_OBJECTIVE_IDS: FileSpec = FileSpec {
    file: File::LineItemLearningObjectiveIds,
    group: Group::Gradebook,
    doc: "A learning objective that a line item works towards.",
    columns: &join::<6>(&[&KEY, &[LINE_ITEM], &OBJECTIVE]),
};

const LINE_ITEMS: FileSpec = FileSpec {
    file: File::LineItems,
    group: Group::Gradebook,
    doc: gradebook::LINE_ITEMS_DOC,
    columns: &join::<13>(&[
        &KEY,
        &gradebook::LINE_ITEM,
        &[Column::required(
            "academicSessionSourcedId",
            Kind::Ref(File::AcademicSessions),
            "The session it counts for.",
        )],
        &gradebook::OPTIONAL_BOUNDS,
        &[Column::required("schoolSourcedId", Kind::Ref(File::Orgs), "The school that holds the class.")
            .bound(SCHOOL)],
    ]),
};

const LINE_ITEM_SCORE_SCALES: FileSpec = FileSpec {
    file: File::LineItemScoreScales,
    group: Group::Gradebook,
    doc: "The score scale that a line item is graded on.",
    columns: &join::<6>(&[&KEY, &[SCALE_TITLE, LINE_ITEM, SCALE]]),
};

const RESULT_LEARNING_OBJECTIVE_IDS: FileSpec = FileSpec {
    file: File::ResultLearningObjectiveIds,
    group: Group::Gradebook,
    doc: "How far a result shows that a learning objective was reached.",
    columns: &join::<8>(&[
        &KEY,
        &[RESULT],
        &OBJECTIVE,
        &[
            Column::optional("score", Kind::Float, "The score for this objective.")
                .telling(Personal::Performance),
            TEXT_SCORE,
        ],
    ]),
};

const RESULTS: FileSpec = FileSpec {
    file: File::Results,
    group: Group::Gradebook,
    doc: gradebook::RESULTS_DOC,
    columns: &join::<15>(&[
        &KEY,
        &gradebook::RESULT,
        &[Column::optional("score", Kind::Float, gradebook::SCORE_DOC).telling(Personal::Performance)],
        &gradebook::RESULT_REMARKS,
        &[
            TEXT_SCORE,
            Column::optional("classSourcedId", Kind::Ref(File::Classes), "The class it was scored in."),
            flag("inProgress", "The student is still working on it.").telling(Personal::Performance),
            flag("incomplete", "What was handed in is not complete.").telling(Personal::Performance),
            flag("late", "It was handed in after it was due.").telling(Personal::Performance),
            flag("missing", "It was never handed in.").telling(Personal::Performance),
        ],
    ]),
};

const RESULT_SCORE_SCALES: FileSpec = FileSpec {
    file: File::ResultScoreScales,
    group: Group::Gradebook,
    doc: "The score scale that a result was graded on.",
    columns: &join::<6>(&[&KEY, &[SCALE_TITLE, RESULT, SCALE]]),
};

const ROLES: FileSpec = FileSpec {
    file: File::Roles,
    group: Group::Rostering,
    doc: "What a user is at an org, and from when to when.",
    columns: &join::<10>(&[
        &KEY,
        &[
            Column::required("userSourcedId", Kind::Ref(File::Users), "The user."),
            Column::required(
                "roleType",
                Kind::Enum(&words::ROLE_TYPE),
                "Primary at most once for a user at an org.",
            ),
            Column::required("role", Kind::Enum(&words::ROLE_V1P2), "What the user is there."),
            Column::optional("beginDate", Kind::Date, "First day in the role."),
            Column::optional("endDate", Kind::Date, "The day after the last day in the role."),
            Column::required("orgSourcedId", Kind::Ref(File::Orgs), "The org."),
            Column::optional(
                "userProfileSourcedId",
                Kind::Ref(File::UserProfiles),
                "The profile that the user works with in this role.",
            )
            .bound(&[Rule::SameUser]),
        ],
    ]),
};

const SCORE_SCALES: FileSpec = FileSpec {
    file: File::ScoreScales,
    group: Group::Gradebook,
    doc: "A scale that translates between scores, used in one class.",
    columns: &join::<9>(&[
        &KEY,
        &[
            Column::required("title", Kind::Text, "Name of the scale."),
            Column::required("type", Kind::Text, "Kind of scale; a word of the sender's own."),
            Column::required("orgSourcedId", Kind::Ref(File::Orgs), "The org that uses the scale."),
            Column::required("courseSourcedId", Kind::Ref(File::Courses), "The course that uses the scale."),
            Column::required("classSourcedId", Kind::Ref(File::Classes), "The class that uses the scale."),
            Column::required(
                "scoreScaleValue",
                Kind::TextList,
                "The steps of the scale and what each stands for.",
            )
            .bound(&[Rule::Braced]),
        ],
    ]),
};

const USER_PROFILES: FileSpec = FileSpec {
    file: File::UserProfiles,
    group: Group::Rostering,
    doc: "An account of a user in a vendor's system.",
    columns: &join::<11>(&[
        &KEY,
        &[
            Column::required("userSourcedId", Kind::Ref(File::Users), "The user."),
            Column::required("profileType", Kind::Text, "Kind of profile; a word of the sender's own."),
            Column::required("vendorId", Kind::Text, "The vendor of the system."),
            Column::optional("applicationId", Kind::Text, "The application of the vendor."),
            Column::optional("description", Kind::Text, "What the account is for."),
            Column::required("credentialType", Kind::Text, "Kind of credential, such as a user name."),
            Column::required("username", Kind::Text, "The name that the user signs in with there.")
                .telling(Personal::SignIn),
            Column::optional(
                "password",
                Kind::Text,
                "A password, in a form that both systems have agreed on.",
            )
            .telling(Personal::SignIn),
        ],
    ]),
};

const USER_RESOURCES: FileSpec = FileSpec {
    file: File::UserResources,
    group: Group::Resources,
    doc: "The use of a resource by a user.",
    columns: &join::<7>(&[
        &KEY,
        &[
            Column::required("userSourcedId", Kind::Ref(File::Users), "The user."),
            Column::optional("orgSourcedId", Kind::Ref(File::Orgs), "The org at which the resource is used."),
            Column::optional(
                "classSourcedId",
                Kind::Ref(File::Classes),
                "The class in which the resource is used.",
            ),
            resources::RESOURCE,
        ],
    ]),
};

const USER_MASTER_IDENTIFIER: Column =
    Column::optional("userMasterIdentifier", Kind::Text, "An identifier that several systems share.")
        .telling(Personal::Identifier);

/// `users.csv`: what 1.2 added at the end.
const PREFERENCES: [Column; 5] = [
    Column::optional("preferredGivenName", Kind::Text, "The first name that the user goes by.")
        .telling(Personal::Name),
    Column::optional("preferredMiddleName", Kind::Text, "The middle name that the user goes by.")
        .telling(Personal::Name),
    Column::optional("preferredFamilyName", Kind::Text, "The last name that the user goes by.")
        .telling(Personal::Name),
    Column::optional(
        "primaryOrgSourcedId",
        Kind::Ref(File::Orgs),
        "The org that the user belongs to first of all.",
    )
    .bound(&[Rule::RoleThere]),
    Column::optional("pronouns", Kind::Text, "The pronouns that the user goes by.")
        .telling(Personal::Demographics),
];

const USERS: FileSpec = FileSpec {
    file: File::Users,
    group: Group::Rostering,
    doc: rostering::USERS_DOC,
    columns: &join::<22>(&[
        &KEY,
        &[rostering::ENABLED_USER],
        &rostering::PERSON,
        &[USER_MASTER_IDENTIFIER],
        &PREFERENCES,
    ]),
};

/// `users.csv` as the first release of 1.2 (2022) had it, with `resourceSourcedIds`. 1.2.1 withdrew the column, and
/// strict readers of either level refuse the header of the other.
pub static USERS_V1P2P0: FileSpec = FileSpec {
    columns: &join::<23>(&[
        &KEY,
        &[rostering::ENABLED_USER],
        &rostering::PERSON,
        &[
            USER_MASTER_IDENTIFIER,
            Column::optional(
                "resourceSourcedIds",
                Kind::RefList(File::Resources),
                "The resources that the user uses.",
            ),
        ],
        &PREFERENCES,
    ]),
    ..USERS
};
