//! The table itself: every setting with what it accepts, its default, and how it is put into a draft.
//!
//! In: nothing. Out: [`SETTINGS`]. What a row means is said by [`Setting`]; this file is data.

use super::{Setting, Standing, TablesFormat, Year};
use crate::config::connection;
use crate::config::plan::{
    ClassGrades, Deny, DepartmentColumn, EndDates, EnrollmentDates, IdScheme, Include, OnIdCollision,
    WithoutEnrollments,
};
use crate::config::publish::{self, BucketIn, Renaming};
use crate::config::values::{self, Parsed};
use crate::consumer::LineEnd;
use crate::edfi;

/// Placeholders of class titles.
const CLASS_TITLE: &[&str] = &["title", "section", "period", "teacher", "code"];
/// Placeholders of session titles.
const SESSION_TITLE: &[&str] = &["term", "session", "year", "school"];
/// Roles that a staff member can have in OneRoster 1.1, in default order of precedence.
const STAFF_ROLES: &[&str] = &["administrator", "teacher", "aide", "proctor"];

/// Roles of staff in OneRoster 1.2, in default order of precedence.
const STAFF_ROLES_V1P2: &[&str] =
    &["districtAdministrator", "principal", "siteAdministrator", "counselor", "teacher", "aide", "proctor"];

/// Roles of users in OneRoster 1.1 that Ed-Fi can give.
const ROLES: &[&str] =
    &["student", "teacher", "administrator", "aide", "proctor", "parent", "guardian", "relative"];

/// A row of the table; shorter than a literal of [`Setting`] and checked just the same.
macro_rules! settings {
    ($($section:literal { $($name:literal $([$flag:literal])?: $accepts:literal, $default:ident $(($value:literal))?,
        $example:literal, $doc:literal, $put:expr;)* })*) => {
        &[$($(Setting {
            section: $section,
            name: $name,
            flag: settings!(@flag $($flag)?),
            accepts: $accepts,
            default: Standing::$default $(($value))?,
            example: $example,
            doc: $doc,
            put: $put,
        },)*)*]
    };
    (@flag) => { None };
    (@flag $flag:literal) => { Some($flag) };
}

/// All settings, by section.
#[rustfmt::skip]
pub static SETTINGS: &[Setting] = settings! {
    "run" {
        "tenant" ["--tenant"]: "a code without blanks at its ends that can name a file", Required, "gbisd",
            "Tenant code: starts every id and names the package.",
            |d, v| { d.tenant = Some(values::tenant(v)?); Ok(()) };
        "consumer" ["--consumer"]: "`amplify`, `apple-school-manager`, `canvas`, `classlink`, `clever`, `great-minds`, `hmh`, `imagine-learning`, `lab-aids`, `microsoft-sds`, `naviance`, `renaissance`, `st-math`, `strict-1.1` or `strict-1.2`", Computed("none"), "st-math",
            "Who reads the packages: the settings that follow from what is known of them hold above those of tenants and defaults, below those of profiles; with `validate` full their demands are judged too. `rosterpack profiles show NAME` shows both.",
            |d, v| { d.judging.consumer = Some(values::consumer(v)?); Ok(()) };
        "connection": "the name of a [connections.NAME] of rosterpack.toml", Computed("none"), "north",
            "The connection by which the ODS is reached. A place that is named more strongly replaces it as a whole.",
            |d, v| { d.connection_name = Some(values::text(v)?); Ok(()) };
        "active_school_year" ["--school-year"]: "a year from 1900 to 2100: the one in which the school year ends; or `auto`", Required, "2022",
            "The school year that is exported: 2022 is 2021-2022. `auto` is the latest with sections that has begun by the as-of date, or begins within `rollover_days`, at the schools that `leas`, `schools` and their exclusions leave; every run says which.",
            |d, v| { d.school_year = Some(if v == "auto" { Year::Auto } else { Year::Named(values::whole(v, 1900..=2100)?) }); Ok(()) };
        "rollover_days": "a whole number from 0 to 366", Value("0"), "21",
            "With `auto`: so many days before its first session a school year is taken already.",
            |d, v| { d.rollover_days = values::whole(v, 0..=366)?; Ok(()) };
        "as_of" ["--as-of"]: "a date YYYY-MM-DD, or `today`", Value("today"), "2021-10-01",
            "The day on which the package is true; it decides what has ended. The clock is read once, and only for `today`.",
            |d, v| { d.as_of = values::day(v)?; Ok(()) };
        "oneroster" ["--oneroster"]: "a list of `1.1` and `1.2`; instead of the latter `1.2.0` for readers of the first 1.2, whose users.csv has one column more", Value("1.1"), "1.1,1.2",
            "Versions of OneRoster that are written: one package each, all from one read of the source.",
            |d, v| { d.editions = values::editions(v)?; Ok(()) };
        "threads" ["--threads"]: "a whole number from 1 to 1024", Computed("one per core"), "2",
            "Threads that read a folder, format and compress (PostgreSQL is read by `connections`). The package is the same whatever the number.",
            |d, v| { d.threads = Some(values::whole(v, 1..=1024)?); Ok(()) };
        "parallel_tenants" ["--parallel-tenants"]: "a whole number from 1 to 64", Value("1"), "4",
            "Tenants of `--tenant all` or of a pattern that are exported at once. They share the threads; connections and memory count for each. The packages are the same whatever the number.",
            |d, v| { d.parallel_tenants = values::whole(v, 1..=64)?; Ok(()) };
        "memory_limit" ["--memory-limit"]: "a share of the machine's memory such as `75%`, or a size such as `3GiB`, `512MiB` or `4GB`", Value("75%"), "3GiB",
            "Memory that a run may take; of a control group its own counts as the machine's. When the source's estimates of rows come to more, section associations go through temporary files beside the package, range by range of schools. The package is the same whatever the limit. With `parallel_tenants` each gets its share.",
            |d, v| { d.memory_limit = values::memory_limit(v)?; Ok(()) };
    }
    "source" {
        "place" ["--source"]: "a folder of table extracts, or a PostgreSQL address (postgres://user@host/database, host=... user=..., or Host=...;Username=...)", Required, "extracts",
            "Where the ODS is read from. A password belongs in this setting's environment variable or in PGPASSWORD, never in a flag.",
            |d, v| { d.place = Some(values::text(v)?); Ok(()) };
        "data_standard" ["--data-standard"]: "a data standard such as 4.0, 5.2 or 6.1", Computed("detected from the tables"), "5.2",
            "Ed-Fi data standard of the source.",
            |d, v| { d.data_standard = Some(data_standard(v)?); Ok(()) };
        "seeds" ["--seeds"]: "a folder of crosswalk CSV files", Computed("the built-in crosswalks"), "seeds",
            "Crosswalks from Ed-Fi descriptors to OneRoster vocabularies; a file that is not there is taken from the built-in ones.",
            |d, v| { d.seeds = Some(values::text(v)?.into()); Ok(()) };
        "connections" ["--connections"]: "a whole number from 1 to 64", Value("2"), "4",
            "Connections that read a database at once; fewer are used when the server grants fewer.",
            |d, v| { d.connection.connections = values::whole(v, 1..=64)?; Ok(()) };
        "shared_snapshot" ["--snapshot"]: "`on` or `off`", Value("on"), "off",
            "Whether all connections see one moment of the database. `off` is for poolers and replicas that refuse it; the tables may then show different moments.",
            |d, v| { d.connection.shared_snapshot = values::word(v, &[("on", true), ("off", false)])?; Ok(()) };
        "ssl_mode" ["--ssl-mode"]: "`disable`, `prefer`, `require`, `verify-ca` or `verify-full`", Computed("what the address says, else prefer"), "verify-full",
            "How much TLS is demanded of a database server; only `verify-full` proves that it is the right one.",
            |d, v| { d.connection.ssl_mode = Some(connection::ssl_mode(v)?); Ok(()) };
        "ssl_root_cert" ["--ssl-root-cert"]: "a PEM file", Computed("what the address says, else the system's authorities"), "ca.pem",
            "Certificate authorities that may vouch for the server.",
            |d, v| { d.connection.ssl_root_cert = Some(values::text(v)?.into()); Ok(()) };
        "ssl_cert" ["--ssl-cert"]: "a PEM file", Computed("what the address says, else none"), "reader.pem",
            "Certificate by which this client proves who it is.",
            |d, v| { d.connection.ssl_cert = Some(values::text(v)?.into()); Ok(()) };
        "ssl_key" ["--ssl-key"]: "a PEM file, not encrypted", Computed("what the address says, else none"), "reader.key",
            "Key of that certificate.",
            |d, v| { d.connection.ssl_key = Some(values::text(v)?.into()); Ok(()) };
        "password_file": "a file", Computed("PGPASSWORD, else a pgpass file"), "/run/secrets/ods",
            "File whose first line is the password of the database role.",
            |d, v| { d.connection.password_file = Some(values::text(v)?.into()); Ok(()) };
        "password_command": "a shell command", Computed("PGPASSWORD, else a pgpass file"), "pass show ods",
            "Command whose first line of output is the password of the database role.",
            |d, v| { d.connection.password_command = Some(values::text(v)?); Ok(()) };
        "admin_connection": "a PostgreSQL address of EdFi_Admin, written as one of an ODS is", Computed("the ODS is named by place"), "postgres://reader@admin.example.org/EdFi_Admin",
            "The database in which the ODS API keeps its ODS instances: one of them is read, by the connection string that stands there. A password belongs where that of a place does.",
            |d, v| { d.admin_connection = Some(values::text(v)?); Ok(()) };
        "ods_instance": "a name, an id, or a list of contexts KEY=VALUE that all hold", Computed("the only one"), "schoolYear=2025",
            "Which ODS instance of EdFi_Admin is read. {tenant} stands for the tenant code.",
            |d, v| { d.connection.ods_instance = Some(connection::instance(v)?); Ok(()) };
        "ods_derivatives": "a list of `Snapshot` and `ReadReplica`", Value(""), "Snapshot",
            "Derivatives of the ODS instance that are read in its place, the first that it has; every run says when it has none of them.",
            |d, v| { d.connection.ods_derivatives = connection::derivatives(v)?; Ok(()) };
        "encryption_key_file": "a file", Computed("ROSTERPACK_ENCRYPTION_KEY, else ODS_CONNECTION_STRING_ENCRYPTION_KEY"), "/run/secrets/ods-key",
            "File whose first line is the key of encrypted connection strings in EdFi_Admin: ApiSettings:OdsConnectionStringEncryptionKey of the ODS API.",
            |d, v| { d.connection.encryption_key_file = Some(values::text(v)?.into()); Ok(()) };
        "encryption_key_command": "a shell command", Computed("ROSTERPACK_ENCRYPTION_KEY, else ODS_CONNECTION_STRING_ENCRYPTION_KEY"), "pass show ods-key",
            "Command whose first line of output is that key.",
            |d, v| { d.connection.encryption_key_command = Some(values::text(v)?); Ok(()) };
        "statement_timeout": "seconds from 0 (no limit) to 604800", Value("7200"), "600",
            "The longest that reading one table of a database may take.",
            |d, v| { d.connection.statement_timeout = connection::limit(v)?; Ok(()) };
        "lock_timeout": "seconds from 0 (no limit) to 604800", Value("60"), "5",
            "The longest wait for a lock of another session, such as an upgrade's.",
            |d, v| { d.connection.lock_timeout = connection::limit(v)?; Ok(()) };
        "connect_attempts": "a whole number from 1 to 100", Value("10"), "1",
            "How often connecting to a database is tried. A read is never repeated.",
            |d, v| { d.connection.attempts = values::whole(v, 1..=100)?; Ok(()) };
        "connect_wait": "milliseconds from 1 to 60000", Value("100"), "1000",
            "Wait after the first failed attempt to connect; it doubles with each further one, up to 30 s.",
            |d, v| { d.connection.first_wait = std::time::Duration::from_millis(values::whole(v, 1..=60_000)?); Ok(()) };
    }
    "scope" {
        "leas" ["--lea"]: "a list of local education agency ids", Value(""), "255901",
            "Only these local education agencies with their schools. Blank is all.",
            |d, v| { d.scope.leas = values::ids(v)?; Ok(()) };
        "schools" ["--school"]: "a list of school ids", Value(""), "255901001,255901107",
            "Only these schools. Blank is all.",
            |d, v| { d.scope.schools = values::ids(v)?; Ok(()) };
        "exclude_leas": "a list of local education agency ids", Value(""), "255902",
            "Not these local education agencies, nor their schools.",
            |d, v| { d.scope.exclude_leas = values::ids(v)?; Ok(()) };
        "exclude_schools": "a list of school ids", Value(""), "255901107",
            "Not these schools.",
            |d, v| { d.scope.exclude_schools = values::ids(v)?; Ok(()) };
        "grades": "a list of grade codes of OneRoster; * stands for any text, ? for one character, case does not count", Value(""), "KG,0*",
            "Only students of these grades, as the crosswalk calls them; a class all of whose students are of other grades goes with them. Blank is all.",
            |d, v| { d.scope.grades.include = values::list(v)?; Ok(()) };
        "exclude_grades": "a list of grade codes of OneRoster; * stands for any text, ? for one character, case does not count", Value(""), "KG,0*",
            "None of these, whatever else is chosen.",
            |d, v| { d.scope.grades.exclude = values::list(v)?; Ok(()) };
        "courses": "a list of course codes; * stands for any text, ? for one character, case does not count", Value(""), "ALG-*",
            "Only these courses, with their classes. Blank is all.",
            |d, v| { d.scope.courses.include = values::list(v)?; Ok(()) };
        "exclude_courses": "a list of course codes; * stands for any text, ? for one character, case does not count", Value(""), "ALG-*",
            "None of these, whatever else is chosen.",
            |d, v| { d.scope.courses.exclude = values::list(v)?; Ok(()) };
        "course_titles": "a list of course titles; * stands for any text, ? for one character, case does not count", Value(""), "Algebra*",
            "Only courses of these titles, with their classes. Blank is all.",
            |d, v| { d.scope.course_titles.include = values::list(v)?; Ok(()) };
        "exclude_course_titles": "a list of course titles; * stands for any text, ? for one character, case does not count", Value(""), "*lunch*,*study hall*",
            "None of these, whatever else is chosen.",
            |d, v| { d.scope.course_titles.exclude = values::list(v)?; Ok(()) };
        "subjects": "a list of academic subject code values; * stands for any text, ? for one character, case does not count", Value(""), "Mathematics",
            "Only courses of these subjects, with their classes. Blank is all.",
            |d, v| { d.scope.subjects.include = values::list(v)?; Ok(()) };
        "exclude_subjects": "a list of academic subject code values; * stands for any text, ? for one character, case does not count", Value(""), "Mathematics",
            "None of these, whatever else is chosen.",
            |d, v| { d.scope.subjects.exclude = values::list(v)?; Ok(()) };
        "terms": "a list of session names or term code values; * stands for any text, ? for one character, case does not count", Value(""), "Fall*",
            "Only these sessions, with their classes. Blank is all.",
            |d, v| { d.scope.terms.include = values::list(v)?; Ok(()) };
        "exclude_terms": "a list of session names or term code values; * stands for any text, ? for one character, case does not count", Value(""), "Fall*",
            "None of these, whatever else is chosen.",
            |d, v| { d.scope.terms.exclude = values::list(v)?; Ok(()) };
        "sections": "a list of section identifiers; * stands for any text, ? for one character, case does not count", Value(""), "*-01",
            "Only these classes. Blank is all.",
            |d, v| { d.scope.sections.include = values::list(v)?; Ok(()) };
        "exclude_sections": "a list of section identifiers; * stands for any text, ? for one character, case does not count", Value(""), "*-01",
            "None of these, whatever else is chosen.",
            |d, v| { d.scope.sections.exclude = values::list(v)?; Ok(()) };
        "roles": "a list of `student`, `teacher`, `administrator`, `aide`, `proctor`, `parent`, `guardian`, `relative`", Value(""), "student,teacher",
            "Only users with these roles of OneRoster 1.1. Blank is all.",
            |d, v| { d.scope.roles.include = values::words(v, ROLES)?; Ok(()) };
        "exclude_roles": "a list of `student`, `teacher`, `administrator`, `aide`, `proctor`, `parent`, `guardian`, `relative`", Value(""), "aide",
            "No users with these roles; a staff member who has another one is exported with that.",
            |d, v| { d.scope.roles.exclude = values::words(v, ROLES)?; Ok(()) };
        "users_without_enrollments": "`keep`, `keep-unless-filtered` or `drop`", Value("keep-unless-filtered"), "drop",
            "Users who are in no exported class: exported, exported unless a filter took all their classes (administrators stay), or left out.",
            |d, v| { d.scope.users_without_enrollments = values::word(v, &[("keep", WithoutEnrollments::Keep), ("keep-unless-filtered", WithoutEnrollments::KeepUnlessFiltered), ("drop", WithoutEnrollments::Drop)])?; Ok(()) };
        "files" ["--files"]: "a list of OneRoster files by name, such as users,orgs", Value(""), "users,orgs",
            "Only these files. Blank is every file that the version and the mapping give.",
            |d, v| { d.scope.files = values::files(v)?; Ok(()) };
        "header_only_files": "a list of OneRoster files by name", Value(""), "courses",
            "Files that are written with a header even when they have no row; otherwise such a file is declared absent.",
            |d, v| { d.scope.header_only = values::files(v)?; Ok(()) };
    }
    "mapping" {
        "include" ["--include"]: "`not-ended`, `current` or `year`", Value("not-ended"), "year",
            "Which associations count by date: not ended as of the date, also begun, or all of the school year.",
            |d, v| { d.mapping.include = values::word(v, &[("not-ended", Include::NotEnded), ("current", Include::Current), ("year", Include::Year)])?; Ok(()) };
        "end_dates" ["--end-dates"]: "`exclusive` or `inclusive`", Value("exclusive"), "inclusive",
            "End dates as OneRoster defines them (the day after the last day) or as Ed-Fi stores them.",
            |d, v| { d.mapping.end_dates = values::word(v, &[("exclusive", EndDates::Exclusive), ("inclusive", EndDates::Inclusive)])?; Ok(()) };
        "id_scheme": "`edu`, `edfi-oneroster` or `stable`", Value("edu"), "stable",
            "Formula of sourcedIds: `edu` gives the ids of the edu dbt package; `edfi-oneroster` those of the Ed-Fi Alliance service, with one user per person and school; `stable` never gives two objects one id, nor one id in two years.",
            |d, v| { d.mapping.id_scheme = values::word(v, &IdScheme::ALL)?; Ok(()) };
        "id_prefix" ["--id-prefix"]: "text without blanks at its ends", Computed("the tenant code"), "district_7",
            "What natural keys start with before they are hashed to sourcedIds.",
            |d, v| { d.id_prefix = Some(values::text(v)?); Ok(()) };
        "natural_key": "`true` or `false`", Computed("true under id scheme edu"), "false",
            "Write the metadata.edu columns: natural key, staff classification, primary school. A profile does not unless it says so.",
            |d, v| { d.mapping.natural_key = Some(values::switch(v)?); Ok(()) };
        "on_id_collision": "`refuse` or `keep-winner`", Value("refuse"), "keep-winner",
            "When two objects get one id: refuse the package, or keep the first in row order and leave the other out with everything that hangs on it.",
            |d, v| { d.mapping.on_id_collision = values::word(v, &[("refuse", OnIdCollision::Refuse), ("keep-winner", OnIdCollision::KeepWinner)])?; Ok(()) };
        "username": "a list of `email`, `login_id`, `unique_id`", Value("email,login_id,unique_id"), "login_id",
            "Sources of usernames in order; the unique id is always the last resort.",
            |d, v| { d.mapping.username = values::usernames(v)?; Ok(()) };
        "student_email_type": "an electronic mail type code value", Value("Home/Personal"), "Organization",
            "E-mail type that is preferred for students.",
            |d, v| { d.mapping.student_email_type = values::text(v)?; Ok(()) };
        "staff_email_type": "an electronic mail type code value", Value("Work"), "Organization",
            "E-mail type that is preferred for staff members.",
            |d, v| { d.mapping.staff_email_type = values::text(v)?; Ok(()) };
        "parent_email_type": "an electronic mail type code value", Value("Home/Personal"), "Work",
            "E-mail type that is preferred for parents.",
            |d, v| { d.mapping.parent_email_type = values::text(v)?; Ok(()) };
        "parent_telephone_type": "a telephone number type code value", Value("Mobile"), "Home",
            "Telephone type that is preferred for parents.",
            |d, v| { d.mapping.parent_telephone_type = values::text(v)?; Ok(()) };
        "include_parents" ["--parents"]: "`true` or `false`", Value("false"), "true",
            "Export the parents and contacts of exported students.",
            |d, v| { d.mapping.include_parents = values::switch(v)?; Ok(()) };
        "middle_names": "`true` or `false`", Value("true"), "false",
            "Write the column middleName of users.csv. A profile does not unless it says so.",
            |d, v| { d.mapping.middle_names = values::switch(v)?; Ok(()) };
        "phones": "`true` or `false`", Value("true"), "false",
            "Write telephone numbers, which only parents have. A profile does not unless it says so.",
            |d, v| { d.mapping.phones = values::switch(v)?; Ok(()) };
        "demographics" ["--demographics"]: "`true` or `false`", Value("false"), "true",
            "Write demographics.csv: birth date, sex, race.",
            |d, v| { d.mapping.demographics = values::switch(v)?; Ok(()) };
        "demographic_extensions": "a list of attribute=name; attributes are birth_city, birth_country, birth_sex, birth_state, gender_identity, limited_english_proficiency, middle_name, preferred_first_name, preferred_last_surname, is_economic_disadvantaged, is_english_learner, is_homeless, is_migrant, is_special_education_active, is_special_education_annual, characteristic:<code value>, indicator:<name>, program:<program type>", Value(""), "gender_identity=gender_identity,characteristic:Homeless=homeless",
            "Attributes of students that become columns metadata.<name> of demographics.csv.",
            |d, v| { d.mapping.demographic_extensions = values::extensions(v)?; Ok(()) };
        "exclude_exit_types": "a list of exit or withdraw type code values", Value("No show,Invalid enrollment"), "No show",
            "Exit types whose school associations do not count. Blank is none.",
            |d, v| { d.mapping.exclude_exit_types = values::list(v)?; Ok(()) };
        "exclude_exit_before_first_day": "`true` or `false`", Value("true"), "false",
            "Leave out school associations that end before the first day of the year.",
            |d, v| { d.mapping.exclude_exit_before_first_day = values::switch(v)?; Ok(()) };
        "staff_role_priority": "a list of `administrator`, `teacher`, `aide`, `proctor`", Value("administrator,teacher,aide,proctor"), "teacher,administrator",
            "Which role a staff member with several gets; roles that are not listed follow in default order.",
            |d, v| { d.mapping.staff_role_priority = values::priority(v, STAFF_ROLES)?; Ok(()) };
        "staff_role_priority_v1p2": "a list of `districtAdministrator`, `principal`, `siteAdministrator`, `counselor`, `teacher`, `aide`, `proctor`",
            Value("districtAdministrator,principal,siteAdministrator,counselor,teacher,aide,proctor"), "teacher,principal",
            "OneRoster 1.2: which of a staff member's roles at an organization is the primary one; roles that are not listed follow in default order.",
            |d, v| { d.mapping.staff_role_priority_v1p2 = values::priority(v, STAFF_ROLES_V1P2)?; Ok(()) };
        "user_master_identifier_system": "an identification system code value", Value(""), "State",
            "OneRoster 1.2: identification system of userMasterIdentifier. Blank leaves the column blank.",
            |d, v| { d.mapping.user_master_identifier_system = if v.is_empty() { None } else { Some(values::text(v)?) }; Ok(()) };
        "private_id_systems": "a list of identification system code values", Value(""), "Medicaid",
            "Identification systems that are never exported, besides the built-in list of social security numbers.",
            |d, v| { d.mapping.private_id_systems = values::list(v)?; Ok(()) };
        "allowed_id_systems": "a list of identification system code values", Value(""), "Canadian SIN",
            "Systems of the built-in list of social security numbers that are exported all the same.",
            |d, v| { d.mapping.allowed_id_systems = values::list(v)?; Ok(()) };
        "grading_periods": "`true` or `false`", Value("false"), "true",
            "Write grading periods as academic sessions.",
            |d, v| { d.mapping.grading_periods = values::switch(v)?; Ok(()) };
        "gradebook": "`true` or `false`", Value("false"), "true",
            "Write categories, line items and results from gradebook entries; grading periods come with them.",
            |d, v| { d.mapping.gradebook = values::switch(v)?; Ok(()) };
        "final_grades": "`true` or `false`", Value("false"), "true",
            "Write the grades of grading periods as categories, line items and results; grading periods come with them.",
            |d, v| { d.mapping.final_grades = values::switch(v)?; Ok(()) };
        "school_day_events": "a whole number from 1 to 99", Value("1"), "2",
            "How many instructional calendar events make a date a school day.",
            |d, v| { d.mapping.school_day_events = values::whole(v, 1..=99)?; Ok(()) };
        "class_title": "text with `{title}`, `{section}`, `{period}`, `{teacher}`, `{code}`", Value("{title}"), "{title} - {teacher}",
            "Pattern of class titles.",
            |d, v| { d.mapping.class_title = values::pattern(v, CLASS_TITLE)?; Ok(()) };
        "session_title": "text with `{term}`, `{session}`, `{year}`, `{school}`", Value("{term}"), "{session}",
            "Pattern of session titles.",
            |d, v| { d.mapping.session_title = values::pattern(v, SESSION_TITLE)?; Ok(()) };
        "class_grades_from_students": "`true` or `false`", Value("false"), "true",
            "Give a class without offered grade levels the grades of its students.",
            |d, v| { d.mapping.class_grades_from_students = values::switch(v)?; Ok(()) };
        "class_grades": "`all`, `lowest` or `highest`", Value("all"), "lowest",
            "Which grades a class of several has: all of them as a list, or one, for readers that take no list.",
            |d, v| { d.mapping.class_grades = values::word(v, &[("all", ClassGrades::All), ("lowest", ClassGrades::Lowest), ("highest", ClassGrades::Highest)])?; Ok(()) };
        "grade_codes": "a list of code=text; codes are IT, PR, PK, TK, KG, 01 to 13, PS, UG, Other", Value(""), "KG=K,01=1",
            "Grade codes that are written as something else, for readers with codes of their own. Filters go by the codes.",
            |d, v| { d.mapping.grade_codes = values::grade_codes(v)?; Ok(()) };
        "enrollment_dates": "`recorded` or `complete`", Value("recorded"), "complete",
            "Dates of enrollments: those that are recorded, or in place of missing ones the first and last day of the class's session.",
            |d, v| { d.mapping.enrollment_dates = values::word(v, &[("recorded", EnrollmentDates::Recorded), ("complete", EnrollmentDates::Complete)])?; Ok(()) };
        "state_agency": "`true` or `false`", Value("true"), "false",
            "Write the state education agency as an org, the parent of its districts. Who has no other place goes with it.",
            |d, v| { d.mapping.state_agency = values::switch(v)?; Ok(()) };
        "position_title": "a column name: letters, digits, underscores, hyphens and dots", Value(""), "positionTitle",
            "Name of a column metadata.<name> of users.csv with the classification of staff. Blank is no column. A consumer's profile may turn it on.",
            |d, v| { d.mapping.position_title = values::column_name(v)?; Ok(()) };
        "use_course_departments": "`true` or `false`", Value("false"), "true",
            "Hang courses under orgs of type department.",
            |d, v| { d.mapping.use_course_departments = values::switch(v)?; Ok(()) };
        "course_dept_column": "`academic_subject` or `career_pathway`", Value("academic_subject"), "career_pathway",
            "Which attribute of a course names its department.",
            |d, v| { d.mapping.course_dept_column = values::word(v, &[("academic_subject", DepartmentColumn::AcademicSubject), ("career_pathway", DepartmentColumn::CareerPathway)])?; Ok(()) };
        "org_identifier_system": "an education organization identification system code value; blank is the organization id", Value(""), "NCES",
            "Which identification code becomes the identifier of an org; without such a code it is the organization id.",
            |d, v| { d.mapping.org_identifier_system = if v.is_empty() { None } else { Some(values::text(v)?) }; Ok(()) };
        "org_metadata": "`true` or `false`", Value("false"), "true",
            "Write address, classification and the other metadata of the best practices guide to orgs.csv.",
            |d, v| { d.mapping.org_metadata = values::switch(v)?; Ok(()) };
        "course_duration": "`true` or `false`", Value("false"), "true",
            "Write metadata.duration to courses.csv.",
            |d, v| { d.mapping.course_duration = values::switch(v)?; Ok(()) };
    }
    "package" {
        "compression" ["--compression"]: "a whole number from 1 (fast) to 9 (small)", Value("3"), "6",
            "Deflate level of the zip. In a build with the feature `isal` 1 to 3 are one level, several times as fast as 3 and as small, with other bytes around the same CSV.",
            |d, v| { d.compression = values::whole(v, 1..=9)?; Ok(()) };
        "system_name": "text without blanks at its ends", Value("rosterpack"), "District warehouse",
            "source.systemName of the manifest.",
            |d, v| { d.system_name = values::text(v)?; Ok(()) };
        "system_code": "text without blanks at its ends", Computed("the tenant code"), "gbisd-warehouse",
            "source.systemCode of the manifest.",
            |d, v| { d.system_code = Some(values::text(v)?); Ok(()) };
        "line_end": "`crlf` or `lf`", Value("crlf"), "lf",
            "What ends a line of the files: carriage return and line feed, as RFC 4180 has it, or line feed alone.",
            |d, v| { d.form.line_end = values::word(v, &[("crlf", LineEnd::CrLf), ("lf", LineEnd::Lf)])?; Ok(()) };
        "quotes": "`needed` or `all`", Value("needed"), "all",
            "Which filled cells stand in quotes: those that need them, or all. Blank cells never do.",
            |d, v| { d.form.quote_all = values::word(v, &[("needed", false), ("all", true)])?; Ok(()) };
        "package_name": "a file name that ends with .zip; {tenant}, {year} and {version} may stand in it", Value("{tenant}-{year}-oneroster-{version}.zip"), "OneRoster.zip",
            "What the zip is called in a folder. Packages of several versions need {version} in it.",
            |d, v| { d.form.package_name = values::package_name(v)?; Ok(()) };
        "validate" ["--validate"]: "`lean` or `full`", Value("lean"), "full",
            "How a package is judged before it is published: read back (structure, sums, counts, references), or also by every rule of `rosterpack validate`.",
            |d, v| { d.judging.full = values::word(v, &[("lean", false), ("full", true)])?; Ok(()) };
        "deny" ["--deny"]: "`error`, `warning` or `none`", Value("error"), "warning",
            "From which severity on a notice of the export or of the validation refuses the packages. `none` publishes errors too, except for what no reader could load: an id that stands twice, a reference that leads nowhere, a package that does not read back.",
            |d, v| { d.judging.deny = values::word(v, &[("error", Deny::Error), ("warning", Deny::Warning), ("none", Deny::None)])?; Ok(()) };
    }
    "output" {
        "out" ["--out"]: "a zip file, or a folder (which exists, or ends with a slash)", Required, "packages/",
            "Where the package goes; in a folder it is called <tenant>-<school year>-oneroster-v1p1.zip. Packages of several versions need a folder. In the paths of this section {tenant} stands for the tenant code.",
            |d, v| { d.out = Some(values::text(v)?.into()); Ok(()) };
        "report" ["--report"]: "a folder, which is made if it is missing; or a file whose name ends with .json", Computed("no report"), "report",
            "Write report.json and report.html into this folder; or the JSON alone into this file.",
            |d, v| { d.report = Some(values::text(v)?.into()); Ok(()) };
        "report_names" ["--report-names"]: "`true` or `false`", Value("false"), "true",
            "Let the report say whom the ids of its samples belong to.",
            |d, v| { d.report_names = values::switch(v)?; Ok(()) };
        "compare_with" ["--compare-with"]: "a zip; or a folder, in which the package of the same name is looked for", Computed("nothing is compared"), "delivered",
            "The package that was delivered last: the report says what is gone and new since. It may be the one that this run replaces.",
            |d, v| { d.compare_with = Some(values::text(v)?.into()); Ok(()) };
        "tables" ["--tables"]: "an existing folder", Computed("no tables"), "warehouse",
            "Also write the tables of the package as files for a warehouse, such as or1_1__users.csv, each with a column tenant_code. The folder should serve one tenant.",
            |d, v| { d.tables = Some(values::text(v)?.into()); Ok(()) };
        "tables_format" ["--tables-format"]: "`csv` or `parquet`", Value("csv"), "parquet",
            "How the tables of --tables are written. Parquet has types, such as dates and numbers, and needs a build with the feature polars.",
            |d, v| { d.tables_format = values::word(v, &[("csv", TablesFormat::Csv), ("parquet", TablesFormat::Parquet)])?; Ok(()) };
    }
    "publish" {
        "archive": "a folder", Computed("nothing is kept, guarded or delivered"), "archive",
            "Where packages are kept before they are delivered, in a folder for each profile and tenant, with a log of every run. With it an export with --profile is a nightly run: guarded, kept, delivered.",
            |d, v| { d.publish.archive = Some(values::text(v)?.into()); Ok(()) };
        "consumer_name": "text without blanks at its ends", Computed("what the consumer calls itself, else the name of the profile"), "Reading vendor",
            "Who the packages are for, in the log.",
            |d, v| { d.publish.consumer = Some(values::text(v)?); Ok(()) };
        "keep_packages": "a whole number from 1 to 100000", Value("90"), "30",
            "So many packages are kept. What a target got last is kept whatever its age.",
            |d, v| { d.publish.keep_packages = values::whole(v, 1..=100_000)?; Ok(()) };
        "keep_days": "a whole number from 1 to 36500", Computed("however old they are"), "400",
            "So many days packages are kept.",
            |d, v| { d.publish.keep_days = Some(values::whole(v, 1..=36_500)?); Ok(()) };
        "max_removed_rows": "a whole number from 0 to 1000000000", Value("10"), "50",
            "Guard: up to so many ids may be gone since the last delivery, in a file and at a school, whatever their share.",
            |d, v| { d.publish.max_removed_rows = values::whole(v, 0..=1_000_000_000)?; Ok(()) };
        "max_removed_percent": "a whole number from 0 to 100", Value("10"), "5",
            "Guard: up to such a share of the ids may be gone, whatever their number. What exceeds both is held.",
            |d, v| { d.publish.max_removed_percent = values::whole(v, 0..=100)?; Ok(()) };
        "max_changed_percent": "a whole number from 0 to 100", Value("75"), "50",
            "Guard: more than this share of a file's ids gone holds even a file of few rows.",
            |d, v| { d.publish.max_changed_percent = values::whole(v, 0..=100)?; Ok(()) };
        "additions_only": "`true` or `false`", Value("false"), "true",
            "Guard: hold whatever removes a single row.",
            |d, v| { d.publish.additions_only = values::switch(v)?; Ok(()) };
        "blackouts": "a list of days YYYY-MM-DD and spans of days YYYY-MM-DD..YYYY-MM-DD", Value(""), "2025-07-01..2025-08-15",
            "Guard: days on which every package is held, such as the turn of the school year.",
            |d, v| { d.publish.blackouts = publish::blackouts(v)?; Ok(()) };
        "deliver_to": "a list of sftp://user@host:port/path/{name}.zip, s3://bucket/path/{name}.zip and file:///path/{name}.zip", Value(""), "sftp://north@sftp.vendor.example/in/{name}.zip",
            "Who gets the package. {name} is its own name, {tenant} and {profile} stand for themselves; an address that ends with a slash is a folder. `out` gets it too, when it is set. s3:// needs a build with the feature s3.",
            |d, v| { d.publish.deliver_to = publish::targets(v)?; Ok(()) };
        "deliver_as": "`zip` or `loose`", Value("zip"), "loose",
            "As one zip, or as loose CSV files in a folder.",
            |d, v| { d.publish.loose = values::word(v, &[("zip", false), ("loose", true)])?; Ok(()) };
        "marker": "a file name", Computed("no marker"), "done.txt",
            "An empty file that says, by its presence, that everything has arrived.",
            |d, v| { d.publish.marker = Some(values::tenant(v)?); Ok(()) };
        "keep_absent": "`true` or `false`", Value("false"), "true",
            "Leave loose OneRoster files that the package does not hold where they are.",
            |d, v| { d.publish.keep_absent = values::switch(v)?; Ok(()) };
        "file_mode": "permissions in octal between 600 and 666", Value("600"), "640",
            "Permissions of files at file:// targets.",
            |d, v| { d.publish.file_mode = publish::file_mode(v)?; Ok(()) };
        "identity": "a private key file", Computed("no key"), "id_ed25519",
            "Key to log in to SFTP targets with.",
            |d, v| { d.publish.identity = Some(values::text(v)?.into()); Ok(()) };
        "passphrase_file": "a file", Computed("ROSTERPACK_SFTP_PASSPHRASE"), "/run/secrets/key",
            "File whose first line is the passphrase of the key.",
            |d, v| { d.publish.passphrase_file = Some(values::text(v)?.into()); Ok(()) };
        "passphrase_command": "a shell command", Computed("ROSTERPACK_SFTP_PASSPHRASE"), "pass show key",
            "Command whose first line of output is the passphrase of the key.",
            |d, v| { d.publish.passphrase_command = Some(values::text(v)?); Ok(()) };
        "ssh_agent": "`true` or `false`", Value("false"), "true",
            "Also try the keys of the agent at SSH_AUTH_SOCK.",
            |d, v| { d.publish.ssh_agent = values::switch(v)?; Ok(()) };
        "sftp_password_file": "a file", Computed("ROSTERPACK_SFTP_PASSWORD"), "/run/secrets/vendor",
            "File whose first line is the password of the SFTP login.",
            |d, v| { d.publish.sftp_password_file = Some(values::text(v)?.into()); Ok(()) };
        "sftp_password_command": "a shell command", Computed("ROSTERPACK_SFTP_PASSWORD"), "pass show vendor",
            "Command whose first line of output is the password of the SFTP login.",
            |d, v| { d.publish.sftp_password_command = Some(values::text(v)?); Ok(()) };
        "known_hosts": "a file as OpenSSH writes it", Computed("~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts"), "known_hosts",
            "Pinned host keys; `rosterpack host-key HOST --store FILE` writes it.",
            |d, v| { d.publish.known_hosts = Some(values::text(v)?.into()); Ok(()) };
        "host_keys": "a list of fingerprints SHA256:...", Value(""), "SHA256:n1a9XlsGnfCSBsBIsCKKEo0jJgM5NJ6TSIEUzGmZvwY",
            "Fingerprints of host keys, instead of a file.",
            |d, v| { d.publish.host_keys = values::list(v)?; Ok(()) };
        "replace": "`rename`, `remove-first` or `direct`", Value("rename"), "remove-first",
            "How a file gets its final name at an SFTP target: renamed over the old one; the old one removed, then renamed; or written under its final name, which wants a marker.",
            |d, v| { d.publish.renaming = values::word(v, &[("rename", Renaming::Rename), ("remove-first", Renaming::RemoveFirst), ("direct", Renaming::Direct)])?; Ok(()) };
        "s3_endpoint": "https://host:port of an S3-compatible object store; http:// only of this machine", Computed("AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else Amazon's of the region"), "https://store.example",
            "Server of s3:// targets.",
            |d, v| { d.publish.s3_endpoint = Some(values::text(v)?); Ok(()) };
        "s3_region": "text without blanks at its ends", Computed("AWS_REGION, AWS_DEFAULT_REGION, else us-east-1"), "us-west-2",
            "Region of the buckets, as requests are signed for it.",
            |d, v| { d.publish.s3_region = Some(values::text(v)?); Ok(()) };
        "s3_addressing": "`path` or `virtual`", Computed("virtual at Amazon, path elsewhere"), "virtual",
            "Where the name of a bucket stands: in the path, or in the name of the server.",
            |d, v| { d.publish.s3_addressing = Some(values::word(v, &[("path", BucketIn::Path), ("virtual", BucketIn::Host)])?); Ok(()) };
        "s3_access_key": "the id of an access key", Computed("AWS_ACCESS_KEY_ID, else a role of this machine"), "AKIAIOSFODNN7EXAMPLE",
            "Who asks at s3:// targets. Without it AWS's own variables, web identities and the roles of machines and containers count.",
            |d, v| { d.publish.s3_access_key = Some(values::text(v)?); Ok(()) };
        "s3_secret_key_file": "a file", Computed("ROSTERPACK_S3_SECRET_KEY"), "/run/secrets/bucket",
            "File whose first line is the secret key that belongs to `s3_access_key`.",
            |d, v| { d.publish.s3_secret_key_file = Some(values::text(v)?.into()); Ok(()) };
        "s3_secret_key_command": "a shell command", Computed("ROSTERPACK_S3_SECRET_KEY"), "pass show bucket",
            "Command whose first line of output is that secret key.",
            |d, v| { d.publish.s3_secret_key_command = Some(values::text(v)?); Ok(()) };
        "delivery_attempts": "a whole number from 1 to 100", Value("5"), "3",
            "Attempts when the connection to a target fails, with growing waits.",
            |d, v| { d.publish.delivery_attempts = values::whole(v, 1..=100)?; Ok(()) };
        "delivery_connect_timeout": "seconds from 1 to 3600", Value("30"), "120",
            "The longest that a target may take for the connection, over SFTP with the login.",
            |d, v| { d.publish.delivery_connect_timeout = values::whole(v, 1..=3600)?; Ok(()) };
        "delivery_idle_timeout": "seconds from 1 to 3600", Value("60"), "300",
            "A target that gives no sign of life for so long is given up; that is a connection that failed.",
            |d, v| { d.publish.delivery_idle_timeout = values::whole(v, 1..=3600)?; Ok(()) };
        "on_success": "a shell command", Computed("nothing"), "mail -s roster me@north.example",
            "Runs when every target got the package. The facts come as JSON on its standard input and as ROSTERPACK_OUTCOME, ROSTERPACK_SUMMARY and others in its environment.",
            |d, v| { d.publish.on_success = Some(values::text(v)?); Ok(()) };
        "on_refused": "a shell command", Computed("nothing"), "mail -s roster me@north.example",
            "Runs when the data breaks the rules.",
            |d, v| { d.publish.on_refused = Some(values::text(v)?); Ok(()) };
        "on_held": "a shell command", Computed("nothing"), "mail -s roster me@north.example",
            "Runs when the guard holds the package.",
            |d, v| { d.publish.on_held = Some(values::text(v)?); Ok(()) };
        "on_failure": "a shell command", Computed("nothing"), "mail -s roster me@north.example",
            "Runs when the run fails in any other way, or a target did not get the package.",
            |d, v| { d.publish.on_failure = Some(values::text(v)?); Ok(()) };
        "hook_timeout": "seconds from 1 to 3600", Value("60"), "300",
            "The longest that such a command may take.",
            |d, v| { d.publish.hook_timeout = values::whole(v, 1..=3600)?; Ok(()) };
        "metrics": "a file whose name ends with .prom, in an existing folder", Computed("no metrics"), "/var/lib/prometheus/node-exporter/{profile}-{tenant}.prom",
            "File for the textfile collector of Prometheus' node_exporter, replaced after every run: last success, outcome, duration, rows and removed rows of each file, whether a package is held. {tenant} and {profile} stand for themselves.",
            |d, v| { d.publish.metrics = Some(publish::metrics(v)?); Ok(()) };
    }
};

fn data_standard(label: &str) -> Parsed<String> {
    if edfi::labels().any(|known| known == label) {
        return Ok(label.to_owned());
    }
    Err(format!("known are {}", edfi::labels().collect::<Vec<_>>().join(", ")))
}
