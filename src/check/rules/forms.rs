//! How dates, times, years and numbers are written.
//!
//! In: filled cells. Out: notices whose cause is the shape of what stood there, never the value.

use crate::check::findings::shape;
use crate::check::rule::{CellTest, ColumnView, Hook, Rule, Verdict};
use crate::day::Day;
use crate::notice::{Authority, Code, Severity};
use crate::spec::Kind;

/// A date is not written YYYY-MM-DD, or the calendar has no such day.
pub static DATE_FORM: Rule = Rule {
    code: Code {
        code: "date-form",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A date is not written YYYY-MM-DD, or the calendar has no such day.",
        remedy: "Write dates as 2025-08-18.",
    },
    section: "OneRoster CSV 1.1 and 1.2, datatypes",
    why: "Readers refuse the row or take month for day.",
    hook: Hook::Cell(date),
};

/// A time is not written YYYY-MM-DDTHH:MM:SS.sssZ.
pub static DATETIME_FORM: Rule = Rule {
    code: Code {
        code: "datetime-form",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A time is not written YYYY-MM-DDTHH:MM:SS.sssZ.",
        remedy: "Write times in UTC with three decimals and Z, as 2025-08-18T06:00:00.000Z.",
    },
    section: "OneRoster CSV 1.1 and 1.2, datatypes",
    why: "Strict readers accept this form only; others read the time in their own zone.",
    hook: Hook::Cell(datetime),
};

/// A year is not written as four digits.
pub static YEAR_FORM: Rule = Rule {
    code: Code {
        code: "year-form",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A year is not written as four digits.",
        remedy: "Write the year in which the school year ends, as 2026.",
    },
    section: "OneRoster CSV 1.1 and 1.2, datatypes",
    why: "Readers refuse 2025-2026 or take the wrong year.",
    hook: Hook::Cell(year),
};

/// A whole number is not written in plain digits.
pub static INTEGER_FORM: Rule = Rule {
    code: Code {
        code: "integer-form",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A whole number is not written in plain digits.",
        remedy: "Write digits alone, without a percent sign, point or group marks.",
    },
    section: "OneRoster CSV 1.1 and 1.2, datatypes",
    why: "Readers refuse the row.",
    hook: Hook::Cell(integer),
};

/// A number is not written in plain digits with a point.
pub static NUMBER_FORM: Rule = Rule {
    code: Code {
        code: "number-form",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "",
        summary: "A number is not written in plain digits with a point.",
        remedy: "Write 87.5, without exponent, comma or percent sign.",
    },
    section: "OneRoster CSV 1.1 and 1.2, datatypes",
    why: "Readers refuse the row or read another number.",
    hook: Hook::Cell(number),
};

/// The day of a date as OneRoster writes it, and of nothing else.
pub fn day(text: &str) -> Option<Day> {
    if text.len() == 10 { Day::parse(text.as_bytes()) } else { None }
}

fn verdict(good: bool, cell: &str) -> Verdict {
    if good { None } else { Some(shape(cell).into()) }
}

fn date(view: &ColumnView) -> Option<CellTest> {
    matches!(view.column.kind, Kind::Date).then_some(())?;
    CellTest::filled(|cell| verdict(day(cell).is_some(), cell))
}

/// `2025-08-18T06:00:00.000Z`: as many digits as in the sample, on a day and at a time that exist.
fn is_datetime(text: &str) -> bool {
    let (Some(date), Some(time)) = (text.get(..10), text.get(10..)) else { return false };
    let pattern = b"T99:99:99.999Z";
    let fits = |(found, wanted): (u8, &u8)| match wanted {
        b'9' => found.is_ascii_digit(),
        mark => found == *mark,
    };
    let part = |at: usize| time.get(at..at + 2).and_then(|digits| digits.parse::<u8>().ok()).unwrap_or(99);
    day(date).is_some()
        && time.len() == pattern.len()
        && time.bytes().zip(pattern).all(fits)
        && part(1) < 24
        && part(4) < 60
        && part(7) < 61
}

fn datetime(view: &ColumnView) -> Option<CellTest> {
    matches!(view.column.kind, Kind::DateTime).then_some(())?;
    CellTest::filled(|cell| verdict(is_datetime(cell), cell))
}

fn year(view: &ColumnView) -> Option<CellTest> {
    matches!(view.column.kind, Kind::Year).then_some(())?;
    CellTest::filled(|cell| verdict(cell.len() == 4 && cell.bytes().all(|b| b.is_ascii_digit()), cell))
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn integer(view: &ColumnView) -> Option<CellTest> {
    matches!(view.column.kind, Kind::Integer).then_some(())?;
    CellTest::filled(|cell| verdict(is_integer(cell), cell))
}

fn number(view: &ColumnView) -> Option<CellTest> {
    matches!(view.column.kind, Kind::Float).then_some(())?;
    CellTest::filled(|cell| {
        let (whole, rest) = cell.split_once('.').unwrap_or((cell, "0"));
        let good = is_integer(whole) && !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
        verdict(good, cell)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_of_time_is_accepted() {
        assert!(is_datetime("2025-08-18T06:00:00.000Z"));
        for bad in [
            "2025-08-18T06:00:00Z",
            "2025-08-18 06:00:00.000Z",
            "2025-08-18T06:00:00.000+00:00",
            "2025-02-30T06:00:00.000Z",
            "2025-08-18T24:00:00.000Z",
            "2025-08-18",
            "",
        ] {
            assert!(!is_datetime(bad), "{bad}");
        }
        assert!(day("2024-02-29").is_some());
        assert!(day("2025-02-29").is_none() && day("2025-02-28T00:00:00").is_none());
    }
}
