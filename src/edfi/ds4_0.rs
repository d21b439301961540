//! Data standard 4.0: what differs from 5.2.
//!
//! Parents instead of contacts, grading periods keyed by sequence, one academic subject on the course row, staff
//! section associations keyed without their begin date. (Absent preferred names need no entry: the columns are
//! read where they exist.)

use super::{ColumnName, Standard, TableName};

/// Data standard 4.0.
pub const STANDARD: Standard = Standard {
    label: "4.0",
    labels: &["4.0"],
    marks: &[
        ("parent", ""),
        ("studentparentassociation", ""),
        ("course", "academicsubjectdescriptorid"),
        ("gradingperiod", "-gradingperiodname"),
    ],
    staff_begin_outside_key: true,
    tables: &[
        TableName { table: "contacts", physical: "parent" },
        TableName { table: "contact_emails", physical: "parentelectronicmail" },
        TableName { table: "contact_telephones", physical: "parenttelephone" },
        TableName { table: "student_contacts", physical: "studentparentassociation" },
        TableName { table: "course_subjects", physical: "course" },
    ],
    columns: &[
        ColumnName { table: "contacts", column: "contactusi", physical: "parentusi" },
        ColumnName { table: "contacts", column: "contactuniqueid", physical: "parentuniqueid" },
        ColumnName { table: "contact_emails", column: "contactusi", physical: "parentusi" },
        ColumnName { table: "contact_telephones", column: "contactusi", physical: "parentusi" },
        ColumnName { table: "student_contacts", column: "contactusi", physical: "parentusi" },
        ColumnName { table: "grading_periods", column: "gradingperiodname", physical: "periodsequence" },
        ColumnName {
            table: "session_grading_periods",
            column: "gradingperiodname",
            physical: "periodsequence",
        },
        ColumnName { table: "gradebook_entries", column: "gradingperiodname", physical: "periodsequence" },
        ColumnName { table: "grades", column: "gradingperiodname", physical: "gradingperiodsequence" },
    ],
    lacks: &[
        ("students", "preferredfirstname"),
        ("students", "preferredlastsurname"),
        ("staff", "preferredfirstname"),
        ("staff", "preferredlastsurname"),
        ("contacts", "preferredfirstname"),
        ("contacts", "preferredlastsurname"),
        ("student_demographics", "genderidentity"),
        ("student_gradebook_entries", "datecompleted"),
    ],
};
