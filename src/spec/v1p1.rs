//! OneRoster CSV 1.1: its files in manifest order, and what only 1.1 has.
//!
//! In: the parts that both versions share. Out: [`FILES`]. All vocabularies are closed here.

use super::column::{KEY, join};
use super::vocabulary as words;
use super::{Column, File, FileSpec, Group, Kind, Personal, gradebook, resources, rostering};

/// The 13 data files in the order of the published manifest.
pub static FILES: [FileSpec; 13] = [
    rostering::ACADEMIC_SESSIONS,
    CATEGORIES,
    rostering::CLASSES,
    resources::CLASS_RESOURCES,
    rostering::COURSES,
    resources::COURSE_RESOURCES,
    DEMOGRAPHICS,
    rostering::ENROLLMENTS,
    LINE_ITEMS,
    rostering::ORGS,
    resources::RESOURCES,
    RESULTS,
    USERS,
];

const CATEGORIES: FileSpec = FileSpec {
    file: File::Categories,
    group: Group::Gradebook,
    doc: gradebook::CATEGORIES_DOC,
    columns: &join::<4>(&[&KEY, &[gradebook::CATEGORY_TITLE]]),
};

const DEMOGRAPHICS: FileSpec = FileSpec {
    file: File::Demographics,
    group: Group::Rostering,
    doc: rostering::DEMOGRAPHICS_DOC,
    columns: &rostering::demographics(&words::SEX_V1P1),
};

const LINE_ITEMS: FileSpec = FileSpec {
    file: File::LineItems,
    group: Group::Gradebook,
    doc: gradebook::LINE_ITEMS_DOC,
    columns: &join::<12>(&[
        &KEY,
        &gradebook::LINE_ITEM,
        &[Column::required(
            "gradingPeriodSourcedId",
            Kind::Ref(File::AcademicSessions),
            "The grading period it counts for.",
        )],
        &gradebook::REQUIRED_BOUNDS,
    ]),
};

const RESULTS: FileSpec = FileSpec {
    file: File::Results,
    group: Group::Gradebook,
    doc: gradebook::RESULTS_DOC,
    columns: &join::<9>(&[
        &KEY,
        &gradebook::RESULT,
        &[Column::required("score", Kind::Float, gradebook::SCORE_DOC).telling(Personal::Performance)],
        &gradebook::RESULT_REMARKS,
    ]),
};

const USERS: FileSpec = FileSpec {
    file: File::Users,
    group: Group::Rostering,
    doc: rostering::USERS_DOC,
    columns: &join::<18>(&[
        &KEY,
        &[
            rostering::ENABLED_USER,
            Column::required(
                "orgSourcedIds",
                Kind::RefList(File::Orgs),
                "The orgs that the user belongs to.",
            ),
            Column::required(
                "role",
                Kind::Enum(&words::USER_ROLE_V1P1),
                "What the user is; somebody with two roles needs two rows.",
            ),
        ],
        &rostering::PERSON,
    ]),
};
