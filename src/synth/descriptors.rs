//! Descriptors of the district family, and the ids that its rows refer to.
//!
//! In: a shape. Out: every descriptor of the extract with an id from a range that nothing else uses, so that
//! a descriptor id that leaves staging is recognised at sight. Types and values are in `descriptor_values.rs`.

use super::descriptor_values::{GRADE_TYPES, RACES, RACES_OLD, VALUES};
use super::rows::Rows;
use super::schema::Shape;
use super::tables::TableId as T;
use rustc_hash::FxHashMap;

/// The first descriptor id. Person ids are in `family.rs`.
pub const FIRST_DESCRIPTOR: i64 = 1_600_000_000;

/// Values that a district added in a namespace of its own; the default crosswalks know none of them.
pub const DISTRICT_VALUES: &[(&str, &str)] = &[
    ("Term", "Winter Intersession"),
    ("GradeLevel", "Newcomer Academy"),
    ("Race", "Of Heritage Not Listed"),
    ("StaffClassification", "Bus Driver"),
    ("StudentIdentificationSystem", "Lunch PIN"),
    ("CalendarEvent", "Parent conference"),
];

/// Descriptor ids by type and code value.
pub(super) struct Codes {
    ids: FxHashMap<(&'static str, &'static str), i64>,
    all: Vec<(String, &'static str)>,
}

impl Codes {
    /// The descriptors of a shape.
    pub(super) fn new(shape: Shape) -> Codes {
        let races = if shape >= Shape::S51 { RACES } else { RACES_OLD };
        let mut codes = Codes { ids: FxHashMap::default(), all: Vec::new() };
        for (kind, values) in VALUES.iter().copied().chain([("Race", races)]) {
            for value in values {
                codes.push("ed-fi.org", kind, value);
            }
        }
        for (kind, value) in DISTRICT_VALUES {
            codes.push("brazosriver.example", kind, value);
        }
        // Last, so that the ids of all others are what they were before there were grades.
        for value in GRADE_TYPES {
            codes.push("ed-fi.org", "GradeType", value);
        }
        codes
    }

    fn push(&mut self, owner: &str, kind: &'static str, value: &'static str) {
        self.ids.insert((kind, value), FIRST_DESCRIPTOR + self.all.len() as i64);
        self.all.push((format!("uri://{owner}/{kind}Descriptor"), value));
    }

    /// The id of a value, if there is one.
    pub(super) fn id(&self, kind: &'static str, value: &'static str) -> Option<i64> {
        self.ids.get(&(kind, value)).copied()
    }

    /// Writes the descriptor table.
    pub(super) fn write(&self, rows: &mut Rows<'_>) {
        for (id, (namespace, value)) in (FIRST_DESCRIPTOR..).zip(&self.all) {
            rows.add(
                T::descriptor,
                &[
                    ("descriptorid", id.into()),
                    ("namespace", namespace.into()),
                    ("codevalue", (*value).into()),
                    ("shortdescription", (*value).into()),
                ],
            );
        }
        // Some deployments keep their crosswalk here; no roster reads it.
        rows.add(
            T::descriptormapping,
            &[
                ("mappednamespace", "uri://ed-fi.org/TermDescriptor".into()),
                ("mappedvalue", "MiniTerm".into()),
                ("namespace", "uri://brazosriver.example/TermDescriptor".into()),
                ("value", "Winter Intersession".into()),
            ],
        );
    }
}
