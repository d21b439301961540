//! The gradebook files' parts that 1.1 and 1.2 share. No gradebook file is the same in both versions.
//!
//! In: nothing. Out: the columns from which the files of each version are built.

use super::vocabulary as words;
use super::{Column, File, Kind, Personal, Rule};

/// `categories.csv`: the only own column of 1.1, the first of 1.2.
pub(super) const CATEGORY_TITLE: Column = Column::required("title", Kind::Text, "Name of the category.");

/// What a row of `categories.csv` is.
pub(super) const CATEGORIES_DOC: &str = "A kind of line item, such as homework or exam.";

/// `lineItems.csv`: the columns before the session.
pub(super) const LINE_ITEM: [Column; 6] = [
    Column::required("title", Kind::Text, "Name of the line item."),
    Column::optional("description", Kind::Text, "What is to be done."),
    Column::required("assignDate", Kind::Date, "When it was assigned."),
    Column::required("dueDate", Kind::Date, "When it is due."),
    Column::required("classSourcedId", Kind::Ref(File::Classes), "The class it is for."),
    Column::required("categorySourcedId", Kind::Ref(File::Categories), "Its category."),
];

/// What a row of `lineItems.csv` is.
pub(super) const LINE_ITEMS_DOC: &str = "Something that is graded in a class: an assignment, a test.";

const RESULT_MIN_DOC: &str = "The lowest score that can be given.";
const RESULT_MAX_DOC: &str = "The highest score that can be given.";

/// `lineItems.csv`: the bounds of a score, required in 1.1.
pub(super) const REQUIRED_BOUNDS: [Column; 2] = [
    Column::required("resultValueMin", Kind::Float, RESULT_MIN_DOC),
    Column::required("resultValueMax", Kind::Float, RESULT_MAX_DOC),
];

/// `lineItems.csv`: the bounds of a score, optional since 1.2.
pub(super) const OPTIONAL_BOUNDS: [Column; 2] = [
    Column::optional("resultValueMin", Kind::Float, RESULT_MIN_DOC),
    Column::optional("resultValueMax", Kind::Float, RESULT_MAX_DOC),
];

/// `results.csv`: the columns before the score.
pub(super) const RESULT: [Column; 3] = [
    Column::required("lineItemSourcedId", Kind::Ref(File::LineItems), "What was graded."),
    Column::required("studentSourcedId", Kind::Ref(File::Users), "Who was graded.").bound(&[Rule::Student]),
    Column::required("scoreStatus", Kind::Enum(&words::SCORE_STATUS), "How far the grading has come.")
        .telling(Personal::Performance),
];

/// `results.csv`: what the score says.
pub(super) const SCORE_DOC: &str = "The score, within the bounds of the line item.";

/// `results.csv`: the columns right after the score.
pub(super) const RESULT_REMARKS: [Column; 2] = [
    Column::required("scoreDate", Kind::Date, "When the score was given.").telling(Personal::Performance),
    Column::optional("comment", Kind::Text, "A remark for the student.").telling(Personal::Performance),
];

/// What a row of `results.csv` is.
pub(super) const RESULTS_DOC: &str = "What one student scored in one line item.";
