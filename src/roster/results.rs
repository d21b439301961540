//! Results: what students earned, row by row (mapping.md section 12).
//!
//! In: a line item that is exported, and a staged row of an exported student. Out: the result, or the fate that says
//! why there is none; what rules had to give or could not tell is counted and reported once.

use std::collections::BTreeMap;

use crate::day::Day;
use crate::notice::{Authority, Code, Severity};
use crate::spec::Version;
use crate::staging::decimal::Decimal;
use crate::staging::descriptors::Descriptor;
use crate::staging::gradebook::{StagedGrade, StudentEntry, Word};

use super::context::Context;
use super::fate::Fate;
use super::gradebook::{GradeResult, LineItem};
use super::grading::{Submission, final_status, is_missing, lateness, score_status};

/// A result has no score.
pub static RESULT_WITHOUT_SCORE: Code = Code {
    code: "result-without-score",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "results",
    summary: "Students have neither points nor a numeric grade, and OneRoster 1.1 requires a score: the results are left out.",
    remedy: "Nothing, or export OneRoster 1.2, which lets a score be absent.",
};
/// A grade says nothing.
pub static GRADE_WITHOUT_VALUE: Code = Code {
    code: "grade-without-value",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "results",
    summary: "Grades have neither a numeric nor a letter grade: they are left out.",
    remedy: "Nothing, or record the grades as numbers or letters.",
};
/// A student has several grades for one section, grading period and type.
pub static GRADE_REPEATED: Code = Code {
    code: "grade-repeated",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "results",
    summary: "A student who entered a section more than once has a grade for each time: the one of the latest begin is exported.",
    remedy: "Nothing.",
};
/// A cell of a result comes from a rule and not from the source.
pub static RESULT_DEFAULTED: Code = Code {
    code: "result-defaulted",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "results",
    summary: "Results lack something that OneRoster requires: a rule gives it.",
    remedy: "Nothing, or complete the student gradebook entries.",
};
/// A submission status is not known.
pub static SUBMISSION_UNMAPPED: Code = Code {
    code: "submission-status-unmapped",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "results",
    summary: "Submission statuses are none of Exempt, Graded, Not Submitted, Returned, Submitted: scoreStatus follows from score and date alone.",
    remedy: "Map the value to a default descriptor of Ed-Fi in the system that writes it.",
};
/// A score is outside of its line item's bounds.
pub static SCORE_OUT_OF_BOUNDS: Code = Code {
    code: "score-out-of-bounds",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "results",
    summary: "Scores are outside of the bounds of their line item, as with extra credit: they are exported as they are, and strict readers may refuse them.",
    remedy: "Record the maximum points of the gradebook entry, or correct the score.",
};

/// The rules on results, with the fates and counts that they deal out, so that a row costs no look-up.
pub(super) struct ResultRule {
    score_required: bool,
    as_of: Day,
    /// What each descriptor says, by number; one more for none.
    submissions: BTreeMap<Descriptor, Option<Submission>>,
    lateness: BTreeMap<Descriptor, Option<bool>>,
    unscored: Fate,
    pub repeated: Fate,
    blank: Fate,
    undated: u64,
    unstated: u64,
    out_of_bounds: u64,
    unmapped: BTreeMap<Descriptor, u64>,
}

impl ResultRule {
    pub fn new(ctx: &mut Context<'_>, version: Version) -> ResultRule {
        ResultRule {
            score_required: version == Version::V1p1,
            as_of: ctx.plan.as_of,
            submissions: BTreeMap::new(),
            lateness: BTreeMap::new(),
            unscored: ctx.causes.fate(&RESULT_WITHOUT_SCORE, "neither points nor a numeric grade"),
            repeated: ctx.causes.fate(&GRADE_REPEATED, "same student, section, grading period and type"),
            blank: ctx.causes.fate(&GRADE_WITHOUT_VALUE, "neither a numeric nor a letter grade"),
            undated: 0,
            unstated: 0,
            out_of_bounds: 0,
            unmapped: BTreeMap::new(),
        }
    }

    /// What a student earned for a gradebook entry.
    pub fn entry(
        &mut self,
        ctx: &Context<'_>,
        item: &LineItem,
        place: u32,
        row: &StudentEntry,
    ) -> Result<GradeResult, Fate> {
        // Points belong to the entry's maximum; a numeric grade stands in.
        let score = row.points.or(row.numeric);
        if score.is_none() && self.score_required {
            return Err(self.unscored);
        }
        let submission = *self
            .submissions
            .entry(row.submission)
            .or_insert_with(|| Submission::of(ctx.value(row.submission)));
        let late = *self.lateness.entry(row.lateness).or_insert_with(|| lateness(ctx.value(row.lateness)));
        if submission.is_none() {
            match row.submission.is_some() {
                true => *self.unmapped.entry(row.submission).or_default() += 1,
                false => self.unstated += 1,
            }
        }
        let fulfilled = row.fulfilled.filter(|&day| day <= Day::LAST);
        let graded = score.is_some() || row.letter != Word::default();
        let status = score_status(submission, graded, fulfilled.is_some());
        self.note(item, score, fulfilled.is_none());
        Ok(GradeResult {
            item: place,
            student: row.student,
            status,
            score,
            letter: row.letter,
            date: fulfilled.unwrap_or(item.due),
            comment: row.statement,
            late,
            missing: is_missing(submission, item.due, self.as_of),
        })
    }

    /// A grade of a grading period.
    pub fn grade(&mut self, item: &LineItem, place: u32, row: &StagedGrade) -> Result<GradeResult, Fate> {
        if row.numeric.is_none() && row.letter == Word::default() {
            return Err(self.blank);
        }
        if row.numeric.is_none() && self.score_required {
            return Err(self.unscored);
        }
        let day = row.as_of.filter(|&day| day <= Day::LAST);
        self.note(item, row.numeric, day.is_none());
        Ok(GradeResult {
            item: place,
            student: row.student,
            status: final_status(row.interim),
            score: row.numeric,
            letter: row.letter,
            date: day.unwrap_or(item.due),
            comment: row.statement,
            late: None,
            missing: None,
        })
    }

    fn note(&mut self, item: &LineItem, score: Option<Decimal>, undated: bool) {
        self.undated += u64::from(undated);
        if let (Some(bounds), Some(score)) = (item.bounds, score) {
            self.out_of_bounds += u64::from(!bounds.hold(score));
        }
    }

    pub fn finish(self, ctx: &mut Context<'_>) {
        ctx.notices.count(&RESULT_DEFAULTED, "scoreDate is the due date of the line item", self.undated);
        ctx.notices.count(&RESULT_DEFAULTED, "scoreStatus follows from score and date", self.unstated);
        ctx.notices.count(&SCORE_OUT_OF_BOUNDS, "score", self.out_of_bounds);
        for (descriptor, rows) in self.unmapped {
            let value = ctx.value(descriptor);
            ctx.notices.count(&SUBMISSION_UNMAPPED, value, rows);
        }
    }
}
