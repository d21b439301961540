//! The rules on single cells of the gradebook: due day, grading period, bounds, status (mapping.md section 12).
//!
//! In: what Ed-Fi says of one gradebook entry or of one student's entry. Out: what OneRoster wants to know, and
//! whether the source or a rule says it. Plain functions: nothing here counts, reports or looks anything up.

use crate::day::Day;
use crate::staging::decimal::Decimal;

use super::clean::same_value;

/// Who says what stands in a required cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The source.
    BySource,
    /// A rule, because the source does not; in words.
    ByRule(&'static str),
}

/// The due day: a missing one is the day on which it was assigned. One after 2089 means none (mapping.md 0.6).
pub fn due_day(assigned: Day, due: Option<Day>) -> (Day, Said) {
    match due.filter(|&day| day <= Day::LAST) {
        Some(due) => (due, Said::BySource),
        None => (assigned, Said::ByRule("dueDate is the assign date")),
    }
}

/// Lowest and highest score of a line item, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Lowest score.
    pub min: Decimal,
    /// Highest score.
    pub max: Decimal,
}

impl Bounds {
    /// Whether a score is within them.
    pub fn hold(&self, score: Decimal) -> bool {
        (self.min..=self.max).contains(&score)
    }
}

/// 0 and the maximum points; where 1.1 requires bounds and there are no points (or less than none), 0 and 100.
pub fn bounds(max_points: Option<Decimal>, required: bool) -> (Option<Bounds>, Said) {
    match max_points.filter(|&max| max >= Decimal::ZERO) {
        Some(max) => (Some(Bounds { min: Decimal::ZERO, max }), Said::BySource),
        None if required => (
            Some(Bounds { min: Decimal::ZERO, max: Decimal::HUNDRED }),
            Said::ByRule("resultValueMax is 100"),
        ),
        None => (None, Said::BySource),
    }
}

/// A grading period that is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Row of the academic session.
    pub row: u32,
    /// First day.
    pub begin: Day,
    /// Last day, inclusive.
    pub end: Day,
    /// Row of the session under which it hangs.
    pub parent: Option<u32>,
}

/// The grading period that contains a day. Of several: one of the class's session, then the shortest, then the
/// first in output order.
pub fn period_of_day(periods: &[Span], day: Day, session: u32) -> Option<u32> {
    periods
        .iter()
        .filter(|span| (span.begin..=span.end).contains(&day))
        .min_by_key(|span| (span.parent != Some(session), span.end.number() - span.begin.number(), span.row))
        .map(|span| span.row)
}

/// What Ed-Fi says of a submission: the default SubmissionStatus descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submission {
    /// The student need not hand it in.
    Exempt,
    /// It was graded.
    Graded,
    /// It was not handed in.
    NotSubmitted,
    /// It was given back to the student.
    Returned,
    /// It was handed in.
    Submitted,
}

impl Submission {
    /// The status of this code value, compared as all descriptors are (mapping.md 0.7).
    pub fn of(code_value: &str) -> Option<Submission> {
        [
            ("Exempt", Submission::Exempt),
            ("Graded", Submission::Graded),
            ("Not Submitted", Submission::NotSubmitted),
            ("Returned", Submission::Returned),
            ("Submitted", Submission::Submitted),
        ]
        .into_iter()
        .find(|(value, _)| same_value(value, code_value))
        .map(|(_, status)| status)
    }
}

/// The word of scoreStatus.
///
/// The source's word counts where it is clear. What was `Graded` or `Returned` is fully graded only with a score (in
/// numbers or letters) to show for it, else submitted. Without a known status a score means graded, a date of
/// handing in means submitted.
pub fn score_status(submission: Option<Submission>, scored: bool, handed_in: bool) -> &'static str {
    match submission {
        Some(Submission::Exempt) => "exempt",
        Some(Submission::NotSubmitted) => "not submitted",
        Some(Submission::Submitted) => "submitted",
        Some(Submission::Graded | Submission::Returned) if scored => "fully graded",
        Some(Submission::Graded | Submission::Returned) => "submitted",
        None if scored => "fully graded",
        None if handed_in => "submitted",
        None => "not submitted",
    }
}

/// The word of scoreStatus for the grade of a grading period: one in progress is partial.
pub fn final_status(interim: Option<bool>) -> &'static str {
    if interim == Some(true) { "partially graded" } else { "fully graded" }
}

/// Whether it was late, by the default AssignmentLateStatus descriptors.
pub fn lateness(code_value: &str) -> Option<bool> {
    [("Late", true), ("Not Late", false)]
        .into_iter()
        .find(|(value, _)| same_value(value, code_value))
        .map(|(_, late)| late)
}

/// Whether it is missing: not handed in although the due day is past. Unknown without a status.
pub fn is_missing(submission: Option<Submission>, due: Day, as_of: Day) -> Option<bool> {
    submission.map(|status| status == Submission::NotSubmitted && due < as_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::vocabulary::SCORE_STATUS;

    #[test]
    fn a_missing_due_day_is_the_assign_day() {
        assert_eq!(due_day(Day::at(5), Some(Day::at(9))), (Day::at(9), Said::BySource));
        let by_rule = (Day::at(5), Said::ByRule("dueDate is the assign date"));
        assert_eq!(due_day(Day::at(5), None), by_rule);
        assert_eq!(due_day(Day::at(5), Day::from_ymd(9999, 12, 31)), by_rule);
    }

    #[test]
    fn bounds_come_from_points_and_are_made_up_only_where_required() {
        let d = |text| Decimal::parse(text);
        let (found, said) = bounds(d("20.00"), true);
        assert_eq!((found.unwrap().max.to_string().as_str(), said), ("20", Said::BySource));
        assert_eq!(bounds(None, false), (None, Said::BySource));
        assert_eq!(bounds(d("-1"), false), (None, Said::BySource));
        let (found, said) = bounds(None, true);
        assert_eq!(said, Said::ByRule("resultValueMax is 100"));
        let found = found.unwrap();
        for (score, within) in [("0", true), ("100.0", true), ("100.01", false), ("-0.1", false)] {
            assert_eq!(found.hold(d(score).unwrap()), within, "{score}");
        }
    }

    #[test]
    fn the_period_of_a_day_has_a_total_order() {
        let span = |row, begin, end, parent| Span { row, begin: Day::at(begin), end: Day::at(end), parent };
        let spans = [
            span(1, 0, 99, Some(50)),
            span(2, 10, 19, Some(51)),
            span(3, 10, 29, Some(50)),
            span(4, 20, 39, Some(50)),
        ];
        assert_eq!(
            period_of_day(&spans, Day::at(15), 50),
            Some(3),
            "of the class's session, then the shortest"
        );
        assert_eq!(period_of_day(&spans, Day::at(15), 51), Some(2));
        assert_eq!(period_of_day(&spans, Day::at(25), 50), Some(3), "the first of two equally long ones");
        assert_eq!(period_of_day(&spans, Day::at(19), 51), Some(2), "the last day belongs to it");
        assert_eq!(period_of_day(&spans, Day::at(100), 50), None);
    }

    #[test]
    fn a_status_is_a_word_of_the_vocabulary() {
        use Submission::{Exempt, Graded, NotSubmitted, Returned, Submitted};
        for (submission, scored, handed_in, word) in [
            (Some(Exempt), false, false, "exempt"),
            (Some(Exempt), true, true, "exempt"),
            (Some(Graded), true, false, "fully graded"),
            (Some(Graded), false, true, "submitted"),
            (Some(NotSubmitted), true, false, "not submitted"),
            (Some(Submitted), false, true, "submitted"),
            (Some(Submitted), true, true, "submitted"),
            (Some(Returned), true, true, "fully graded"),
            (Some(Returned), false, true, "submitted"),
            (None, true, false, "fully graded"),
            (None, false, true, "submitted"),
            (None, false, false, "not submitted"),
        ] {
            assert_eq!(score_status(submission, scored, handed_in), word);
            assert!(SCORE_STATUS.word(word).is_some());
        }
        assert_eq!((final_status(None), final_status(Some(true))), ("fully graded", "partially graded"));
        assert!(SCORE_STATUS.word(final_status(Some(true))).is_some());
    }

    #[test]
    fn descriptors_compare_without_case() {
        assert_eq!(Submission::of(" not submitted"), Some(Submission::NotSubmitted));
        assert_eq!((Submission::of("Draft"), Submission::of("")), (None, None));
        assert_eq!((lateness("late"), lateness("Not Late"), lateness("")), (Some(true), Some(false), None));
    }

    #[test]
    fn missing_is_only_what_is_overdue() {
        let not = Some(Submission::NotSubmitted);
        assert_eq!(is_missing(not, Day::at(1), Day::at(2)), Some(true));
        assert_eq!(is_missing(not, Day::at(2), Day::at(2)), Some(false));
        assert_eq!(is_missing(Some(Submission::Graded), Day::at(1), Day::at(2)), Some(false));
        assert_eq!(is_missing(None, Day::at(1), Day::at(2)), None);
    }
}
