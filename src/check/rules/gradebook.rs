//! Line items, results, scales and learning objectives.
//!
//! In: their rows. Out: notices.

use super::roles::have_role;
use crate::check::facts::Facts;
use crate::check::findings::Findings;
use crate::check::rule::{Hook, RowTest, Rule};
use crate::check::scan::{Layout, Row};
use crate::notice::{Authority, Code, Severity};
use crate::spec::File;

/// A score lies outside of the bounds of its line item.
pub static SCORE_OUT_OF_BOUNDS: Rule = Rule {
    code: Code {
        code: "score-out-of-bounds",
        severity: Severity::Warning,
        authority: Authority::Specification,
        file: "results",
        summary: "A score lies outside of the bounds of its line item.",
        remedy: "Record the highest score of the line item, or correct the score.",
    },
    section: "OneRoster CSV 1.1 and 1.2, results.csv and lineItems.csv",
    why: "Readers refuse the score or show more than all points.",
    hook: Hook::Row(score),
};

/// The lowest score of a line item is above its highest.
pub static SCORE_BOUNDS_REVERSED: Rule = Rule {
    code: Code {
        code: "score-bounds-reversed",
        severity: Severity::Warning,
        authority: Authority::Policy,
        file: "lineItems",
        summary: "The lowest score of a line item is above its highest.",
        remedy: "Correct the bounds.",
    },
    section: "OneRoster CSV 1.1 and 1.2, lineItems.csv: resultValueMin and resultValueMax",
    why: "No score fits: readers refuse all of them.",
    hook: Hook::Row(bounds),
};

/// A result belongs to a user who is no student.
pub static RESULT_OF_NO_STUDENT: Rule = Rule {
    code: Code {
        code: "result-of-no-student",
        severity: Severity::Warning,
        authority: Authority::Specification,
        file: "results",
        summary: "A result belongs to a user who is no student.",
        remedy: "Check the role of the person.",
    },
    section: "OneRoster CSV 1.1 and 1.2, results.csv: studentSourcedId is a student",
    why: "Readers do not show results of other users.",
    hook: Hook::Whole {
        files: &[File::Results, File::Users, File::Roles],
        truth: &[File::Roles],
        run: student,
    },
};

/// A learning objective of source case has no identifier of the form urn:uuid:.
pub static CASE_ID_FORM: Rule = Rule {
    code: Code {
        code: "case-id-form",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A learning objective of source case has no identifier of the form urn:uuid:.",
        remedy: "Write the UUID of the objective as urn:uuid:01234567-89ab-cdef-0123-456789abcdef.",
    },
    section: "OneRoster CSV 1.2, learningObjectiveId",
    why: "Readers cannot find the objective.",
    hook: Hook::Row(case_id),
};

struct Score {
    score: usize,
    item: usize,
}

fn score(layout: &Layout) -> Option<Box<dyn RowTest>> {
    let (score, item) = (layout.column("score")?, layout.column("lineItemSourcedId")?);
    (layout.file() == File::Results).then_some(())?;
    Some(Box::new(Score { score, item }))
}

impl RowTest for Score {
    fn row(&mut self, row: &Row<'_, '_>, facts: &Facts, findings: &mut Findings<'_>) {
        let (Some(item), Ok(score)) = (row.target(self.item), row.cell(self.score).parse::<f64>()) else {
            return;
        };
        let Some(items) = facts.file(File::LineItems) else { return };
        let bound =
            |column| items.numbers(column).get(item as usize).copied().filter(|bound| !bound.is_nan());
        let below = bound("resultValueMin").is_some_and(|min| score < min);
        if below || bound("resultValueMax").is_some_and(|max| score > max) {
            let cause = if below { "below the lowest" } else { "above the highest" };
            findings.raise(&SCORE_OUT_OF_BOUNDS, row.file, "score", row.spot, cause);
        }
    }
}

struct Bounds(usize, usize);

fn bounds(layout: &Layout) -> Option<Box<dyn RowTest>> {
    Some(Box::new(Bounds(layout.column("resultValueMin")?, layout.column("resultValueMax")?)))
}

impl RowTest for Bounds {
    fn row(&mut self, row: &Row<'_, '_>, _: &Facts, findings: &mut Findings<'_>) {
        let bounds = (row.cell(self.0).parse::<f64>(), row.cell(self.1).parse::<f64>());
        if let (Ok(min), Ok(max)) = bounds
            && min > max
        {
            findings.raise(&SCORE_BOUNDS_REVERSED, row.file, "resultValueMin", row.spot, "");
        }
    }
}

fn student(facts: &Facts, findings: &mut Findings<'_>) {
    let (Some(results), Some(students)) = (facts.file(File::Results), have_role(facts, &["student"])) else {
        return;
    };
    for (row, user) in results.rows("studentSourcedId").iter().enumerate() {
        if students.get(*user as usize) == Some(&false) {
            let at = (File::Results, results.line(row as u32));
            findings.raise_row(&RESULT_OF_NO_STUDENT, at, "studentSourcedId", "");
        }
    }
}

struct CaseId(usize, usize);

fn case_id(layout: &Layout) -> Option<Box<dyn RowTest>> {
    Some(Box::new(CaseId(layout.column("source")?, layout.column("learningObjectiveId")?)))
}

impl RowTest for CaseId {
    fn row(&mut self, row: &Row<'_, '_>, _: &Facts, findings: &mut Findings<'_>) {
        let id = row.cell(self.1);
        if row.cell(self.0) != "case" || id.is_empty() {
            return;
        }
        let uuid = id.strip_prefix("urn:uuid:").unwrap_or_default();
        let fits = |(n, b): (usize, u8)| match n {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        };
        if uuid.len() != 36 || !uuid.bytes().enumerate().all(fits) {
            findings.raise(&CASE_ID_FORM, row.file, "learningObjectiveId", row.spot, "");
        }
    }
}
