//! Data standard 6.1: what differs from 5.2.
//!
//! Demographics, e-mail addresses and identification codes left the student's organization association for
//! tables of their own; staff e-mail addresses likewise; the staff contact association is gone. The name of
//! the characteristics table follows the standard's naming rule; no catalog with it has been seen.

use super::{Standard, TableName};

/// Data standard 6.1.
pub const STANDARD: Standard = Standard {
    label: "6.1",
    labels: &["6.0", "6.1"],
    marks: &[
        ("studentdemographic", ""),
        ("studentdirectory", ""),
        ("studentidentificationcode", ""),
        ("staffdirectory", ""),
    ],
    staff_begin_outside_key: false,
    tables: &[
        TableName { table: "student_demographics", physical: "studentdemographic" },
        TableName { table: "student_races", physical: "studentdemographicrace" },
        TableName { table: "student_characteristics", physical: "studentdemographicstudentcharacteristic" },
        TableName { table: "student_emails", physical: "studentdirectoryelectronicmail" },
        TableName { table: "student_codes", physical: "studentidentificationcode" },
        TableName { table: "staff_emails", physical: "staffdirectoryelectronicmail" },
    ],
    columns: &[],
    lacks: &[("staff_contact_emails", "")],
};
