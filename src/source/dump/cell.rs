//! Cells of an extract: from a field's text to a typed value.
//!
//! In: a [`Field`] and the dialect of its file. Out: one push to a batch column, or what was expected instead.
//! Strict on purpose: `255901.0`, `+1` or ` 1` in an integer column means that somebody's tool rewrote the
//! extract, and then keys may no longer match. Knows no files and no lines.

use crate::day::Day;
use crate::source::Column;

use crate::rfc4180::Field;

/// Who wrote a file; it decides what an unquoted `NULL` means and whether a last line break is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Dialect {
    /// `COPY ... CSV HEADER`: null is the empty field, so `NULL` is somebody's name.
    Postgres,
    /// SQL Server tools: an unquoted `NULL` is null.
    SqlServer,
}

impl Dialect {
    /// PostgreSQL folds the ODS's column names to lower case and SQL Server keeps `StudentUSI`: one upper-case
    /// letter in the header tells them apart.
    pub(super) fn of_header<'a>(mut names: impl Iterator<Item = &'a str>) -> Dialect {
        match names.any(|name| name.bytes().any(|b| b.is_ascii_uppercase())) {
            true => Dialect::SqlServer,
            false => Dialect::Postgres,
        }
    }
}

/// What a column of the file is read as, in words for a message.
fn expected(column: &Column) -> &'static str {
    match column {
        Column::Int(_) => "a whole number",
        Column::Date(_) => "a date like 2021-08-23 (a midnight time behind it is fine)",
        Column::Bool(_) => "t, f, true, false, 1 or 0",
        Column::Text { .. } | Column::Missing => "text",
    }
}

/// Pushes a field's value. `scratch` is reused to undo doubled quotes.
///
/// # Errors
/// What was expected, when the text is no such value.
#[inline]
pub(in crate::source) fn push(
    column: &mut Column,
    field: Field<'_>,
    dialect: Dialect,
    scratch: &mut String,
) -> Result<(), String> {
    let Field { text, quoted } = field;
    if text.is_empty() || (!quoted && dialect == Dialect::SqlServer && text == "NULL") {
        column.push_absent();
        return Ok(());
    }
    match column {
        Column::Text { .. } => {
            if quoted && memchr::memchr(b'"', text.as_bytes()).is_some() {
                scratch.clear();
                for (n, piece) in text.split("\"\"").enumerate() {
                    if n > 0 {
                        scratch.push('"');
                    }
                    scratch.push_str(piece);
                }
                column.push_text(scratch);
            } else {
                column.push_text(text);
            }
        }
        Column::Int(_) => match integer(text.as_bytes()) {
            Some(value) => column.push_int(Some(value)),
            None => return Err(unreadable(column, text)),
        },
        Column::Date(_) => match Day::parse(text.as_bytes()) {
            Some(day) => column.push_date(Some(day)),
            None => return Err(unreadable(column, text)),
        },
        Column::Bool(_) => match truth(text.as_bytes()) {
            Some(value) => column.push_bool(Some(value)),
            None => return Err(unreadable(column, text)),
        },
        Column::Missing => {}
    }
    Ok(())
}

/// A decimal integer: an optional minus and digits; `i64::MIN`, the batch's mark of absence, is none.
#[inline]
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 {
        return long_integer(text, digits);
    }
    let mut value = 0i64;
    for &digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// Integers that might overflow.
#[cold]
fn long_integer(text: &[u8], digits: &[u8]) -> Option<i64> {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let value = plain.then(|| std::str::from_utf8(text).ok()?.parse().ok())??;
    (value != i64::MIN).then_some(value)
}

fn truth(text: &[u8]) -> Option<bool> {
    let is = |word: &[u8]| text.eq_ignore_ascii_case(word);
    if is(b"t") || is(b"1") || is(b"true") {
        Some(true)
    } else if is(b"f") || is(b"0") || is(b"false") {
        Some(false)
    } else {
        None
    }
}

/// The reason for an error. The text is repeated only when it is made of digits and their punctuation: a row
/// whose columns slipped can have a person's name where a number should be. Of dates only the form is told,
/// with 9 for each digit: a birth date is a personal value.
#[cold]
fn unreadable(column: &Column, text: &str) -> String {
    const SHOWN: usize = 40;
    let expected = expected(column);
    if text == "NULL" {
        return format!(
            "expected {expected}, found NULL, which means null only under SQL Server's column names \
             (StudentUSI). Write null as an empty field"
        );
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b" +-.,:/TZ".contains(&b)) {
        let more = if text.len() > SHOWN { "..." } else { "" };
        let shown: String = match column {
            Column::Date(_) => {
                text.chars().take(SHOWN).map(|c| if c.is_ascii_digit() { '9' } else { c }).collect()
            }
            _ => text.chars().take(SHOWN).collect(),
        };
        format!("expected {expected}, found `{shown}{more}`")
    } else {
        format!("expected {expected}, found {} characters of text", text.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Batch, Kind};

    fn push_one(kind: Kind, text: &str, quoted: bool, dialect: Dialect) -> Result<Batch, String> {
        let mut batch = Batch::new(vec![Column::new(kind)]);
        push(&mut batch.columns[0], Field { text, quoted }, dialect, &mut String::new())?;
        batch.end_row();
        Ok(batch)
    }

    fn bare(kind: Kind, text: &str) -> Result<Batch, String> {
        push_one(kind, text, false, Dialect::Postgres)
    }

    #[test]
    fn integers_are_strict() {
        for (text, value) in [
            ("0", 0),
            ("-7", -7),
            ("00255901", 255_901),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775807", -i64::MAX),
        ] {
            assert_eq!(bare(Kind::Int, text).unwrap().int(0, 0), Some(value));
        }
        assert_eq!(bare(Kind::Int, "").unwrap().int(0, 0), None);
        for text in [
            "255901.0",
            "+1",
            " 1",
            "1 ",
            "-",
            "--1",
            "1e3",
            "0x1",
            "1,000",
            "9223372036854775808",
            "-9223372036854775808",
            "+999999999999999999",
        ] {
            let reason = bare(Kind::Int, text).unwrap_err();
            assert!(reason.contains("whole number"), "{reason}");
        }
        assert!(bare(Kind::Int, "255901.0").unwrap_err().ends_with("found `255901.0`"));
    }

    #[test]
    fn truth_values_and_dates() {
        for (text, value) in
            [("t", true), ("True", true), ("1", true), ("F", false), ("FALSE", false), ("0", false)]
        {
            assert_eq!(bare(Kind::Bool, text).unwrap().flag(0, 0), Some(value));
        }
        for text in ["yes", "no", "y", "2", "-1", "tru"] {
            assert!(bare(Kind::Bool, text).is_err(), "{text}");
        }
        assert_eq!(
            bare(Kind::Date, "2021-08-23 00:00:00.0000000").unwrap().date(0, 0),
            Day::from_ymd(2021, 8, 23)
        );
        for text in ["8/23/2021", "2021-08-23 07:30:00", "infinity", "2021-02-30"] {
            assert!(bare(Kind::Date, text).is_err(), "{text}");
        }
    }

    #[test]
    fn null_is_a_person_in_postgres_extracts() {
        for (dialect, quoted, text, read) in [
            (Dialect::Postgres, false, "NULL", "NULL"),
            (Dialect::Postgres, true, "NULL", "NULL"),
            (Dialect::SqlServer, false, "NULL", ""),
            (Dialect::SqlServer, true, "NULL", "NULL"),
            (Dialect::SqlServer, false, "Null", "Null"),
        ] {
            assert_eq!(push_one(Kind::Text, text, quoted, dialect).unwrap().text(0, 0), read);
        }
        assert_eq!(push_one(Kind::Int, "NULL", false, Dialect::SqlServer).unwrap().int(0, 0), None);
        assert!(bare(Kind::Int, "NULL").is_err());
    }

    #[test]
    fn doubled_quotes_become_one() {
        let read = |text| push_one(Kind::Text, text, true, Dialect::Postgres).unwrap().text(0, 0).to_owned();
        assert_eq!(read(r#"Robert ""Bob"" O'Neil"#), r#"Robert "Bob" O'Neil"#);
        assert_eq!(read(r#""""""#), r#""""#);
        assert_eq!(read(r#""""#), r#"""#);
    }

    #[test]
    fn no_words_and_nothing_long_in_a_message() {
        let reason = bare(Kind::Date, "Müller").unwrap_err();
        assert!(reason.ends_with("found 6 characters of text"), "{reason}");
        let reason = bare(Kind::Date, "8/23/2011").unwrap_err();
        assert!(reason.ends_with("found `9/99/9999`"), "{reason}");
        let reason = bare(Kind::Int, &"9".repeat(100)).unwrap_err();
        assert!(reason.ends_with(&format!("`{}...`", "9".repeat(40))), "{reason}");
    }

    #[test]
    fn one_capital_tells_the_writer() {
        assert_eq!(Dialect::of_header(["studentusi", "id"].into_iter()), Dialect::Postgres);
        assert_eq!(Dialect::of_header(["StudentUSI", "Id"].into_iter()), Dialect::SqlServer);
    }
}
