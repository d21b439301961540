//! Data standards 5.0, 5.1 and 5.2: the contract's own spelling.
//!
//! They cannot be told apart from the tables that are read, so they are one entry here.

use super::Standard;

/// Data standards 5.0 to 5.2.
pub const STANDARD: Standard = Standard {
    label: "5.0-5.2",
    labels: &["5.0", "5.1", "5.2"],
    marks: &[
        ("contact", ""),
        ("courseacademicsubject", ""),
        ("gradingperiod", "gradingperiodname"),
        ("student", ""),
    ],
    staff_begin_outside_key: false,
    tables: &[],
    columns: &[],
    lacks: &[("student_gradebook_entries", "datecompleted")],
};
