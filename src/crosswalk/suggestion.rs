//! What an unknown value may be called in OneRoster: a hint for a person, never an answer.
//!
//! In: a seed, the value, and the shipped rows. Out: words such as `perhaps semester (like Fall Semester)`. Values are
//! compared by their words, then by their letters; a grade is also told by its number.

use super::fold;
use super::seed::{Accepts, GRADE_LEVELS, Seed};
use super::sheet::Row;

/// The least likeness that is worth a hint.
const ENOUGH: f64 = 0.85;

/// Words that say nothing.
const IDLE: [&str; 7] = ["a", "an", "and", "for", "of", "or", "the"];

/// Words beside the number of a grade.
const OF_GRADES: [&str; 8] = ["g", "gr", "grade", "level", "year", "yr", "class", "form"];

/// A hint, if anything is like the value.
pub(super) fn suggest(seed: &Seed, value: &str, shipped: &[Row]) -> Option<String> {
    let accepts = &seed.answers.first()?.accepts;
    if seed.file == GRADE_LEVELS.file
        && let Some(code) = numbered(value).filter(|code| accepts.cell(code).is_some())
    {
        return Some(format!("perhaps {code}"));
    }
    let mut best: Option<(f64, String)> = None;
    let mut consider = |likeness: f64, hint: &dyn Fn() -> String| {
        // The first of several that are as like.
        if likeness >= ENOUGH && best.as_ref().is_none_or(|(so_far, _)| likeness > *so_far) {
            best = Some((likeness, hint()));
        }
    };
    for row in shipped.iter().filter(|row| row.answers.first().is_some_and(|answer| !answer.is_empty())) {
        let answers: Vec<&str> = row.answers.iter().map(String::as_str).filter(|a| !a.is_empty()).collect();
        consider(likeness(value, &row.key), &|| {
            format!("perhaps {} (like {})", answers.join(" and "), row.key)
        });
    }
    if let Accepts::Words(lists) = accepts {
        // A number is told above, or not at all.
        let named = |word: &&&str| !word.bytes().all(|byte| byte.is_ascii_digit());
        for word in lists.iter().copied().flatten().filter(named) {
            consider(likeness(value, &parted(word)), &|| format!("perhaps {word}"));
        }
    }
    best.map(|(_, hint)| hint)
}

/// From 0 (nothing) to 1 (the same). Where all words of one are among those of the other they are alike, the more so the
/// fewer are left over.
fn likeness(a: &str, b: &str) -> f64 {
    let (a, b) = (fold(a), fold(b));
    let (of_a, of_b) = (words(&a), words(&b));
    let letters = strsim::jaro_winkler(&a, &b);
    let shared = of_a.iter().filter(|word| of_b.contains(word)).count();
    let (fewer, more) = (of_a.len().min(of_b.len()), of_a.len().max(of_b.len()));
    match shared == fewer && fewer > 0 {
        true => letters.max(0.9 + 0.1 * shared as f64 / more as f64),
        // Letters alone find misspellings, and find too much in long names that begin alike, or in numbers.
        false if digits(&a) == digits(&b) && strsim::normalized_levenshtein(&a, &b) >= 0.6 => letters,
        false => 0.0,
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The words of a text that say something, each once.
fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !IDLE.contains(&word) && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// `districtAdministrator` as `district Administrator`.
fn parted(word: &str) -> String {
    let mut text = String::new();
    for c in word.chars() {
        if c.is_uppercase() && text.ends_with(|last: char| last.is_lowercase()) {
            text.push(' ');
        }
        text.push(c);
    }
    text
}

/// The two digits of a grade that is called by its number, as in `Grade 9`, `9th`, `G9`.
fn numbered(value: &str) -> Option<String> {
    let folded = fold(value);
    let mut number = None;
    for word in words(&folded) {
        let bare = word.trim_start_matches(|c: char| c.is_alphabetic());
        let (before, digits) = word.split_at(word.len() - bare.len());
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let (digits, after) = digits.split_at(end);
        match digits.parse::<u32>() {
            Ok(found) if number.is_none() => {
                let ordinal = matches!(after, "" | "st" | "nd" | "rd" | "th");
                if !ordinal || !(before.is_empty() || OF_GRADES.contains(&before)) {
                    return None;
                }
                number = Some(found);
            }
            Err(_) if OF_GRADES.contains(&word) => {}
            _ => return None,
        }
    }
    number.filter(|n| (1..=99).contains(n)).map(|n| format!("{n:02}"))
}

#[cfg(test)]
mod tests {
    use super::super::seed::{self, SEEDS};
    use super::super::sheet;
    use super::*;

    fn hint(seed: &'static Seed, value: &str) -> Option<String> {
        let shipped =
            seed.default.map_or(Vec::new(), |text| sheet::read("f", text.as_bytes(), seed).unwrap().rows);
        suggest(seed, value, &shipped)
    }

    #[test]
    fn what_is_like_a_known_value_gets_its_answer_as_a_hint() {
        for (seed, value, expected) in [
            (&seed::TERMS, "Fall Sem", "perhaps semester (like Fall Semester)"),
            (&seed::TERMS, "Quarter 1", "perhaps term (like Quarter)"),
            (&seed::TERMS, "Grading period", "perhaps gradingPeriod"),
            (&seed::GRADE_LEVELS, "Grade 9", "perhaps 09"),
            (&seed::GRADE_LEVELS, "12th grade", "perhaps 12"),
            (&seed::GRADE_LEVELS, "gr3", "perhaps 03"),
            (&seed::RACES, "Black", "perhaps blackOrAfricanAmerican (like Black or African American)"),
            (
                &seed::CLASSIFICATIONS,
                "Vice Principal",
                "perhaps administrator and principal (like Principal)",
            ),
            (&seed::RELATIONS, "Legal Guardian", "perhaps guardian"),
            (&seed::CALENDAR_EVENTS, "Snow or weather day", "perhaps FALSE (like Weather day)"),
        ] {
            assert_eq!(hint(seed, value).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn nothing_is_guessed_where_nothing_is_alike() {
        for (seed, value) in [
            (&seed::TERMS, "Winter Intersession"),
            (&seed::GRADE_LEVELS, "Newcomer Academy"),
            (&seed::GRADE_LEVELS, "PK4"),
            (&seed::GRADE_LEVELS, "Grades 9 to 12"),
            (&seed::GRADE_LEVELS, "Grade 77"),
            (&seed::RACES, "Of Heritage Not Listed"),
            (&seed::SUBJECTS, "Mathematics"),
        ] {
            assert_eq!(hint(seed, value), None, "{value}");
        }
        for seed in SEEDS {
            for odd in ["", ",", "ß", "e\u{301}", "9999999999999999999999", "\u{1f600}"] {
                let _ = hint(seed, odd);
            }
        }
    }
}
