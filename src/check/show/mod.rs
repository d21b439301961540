//! A judgement for people and programs.
//!
//! In: the judgements of one run. Out: text for a terminal, JSON, HTML, SARIF. All show the same facts in the same
//! order; none shows more of a row than its line and its sourcedId.

pub mod html;
pub mod json;
pub mod sarif;
pub mod terminal;

use serde::Serialize;

use super::Judgement;

/// A package and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Where it was read from, as it was named.
    pub package: String,
    /// What came of it.
    #[serde(flatten)]
    pub judgement: Judgement,
}

/// A number with its noun.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(count)) }
}

/// A number with a comma between each three digits.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
