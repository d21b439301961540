//! Text as it is written: mapping.md 0.5.
//!
//! In: text as stored. Out: the same text without control characters and without spaces at its ends; list
//! items without commas; e-mail addresses in lower case. Accents, apostrophes and case are left alone.

use std::borrow::Cow;

/// Control characters become one space, ends are trimmed.
pub fn clean(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    // Every control character is below 0x20, is 0x7F, or begins with 0xC2 in UTF-8 (U+0080 to U+009F).
    let suspicious = |b: u8| b < 0x20 || b == 0x7F || b == 0xC2;
    if !trimmed.bytes().any(suspicious) || !trimmed.chars().any(char::is_control) {
        return Cow::Borrowed(trimmed);
    }
    let mut cleaned = String::with_capacity(trimmed.len());
    let mut in_run = false;
    for c in trimmed.chars() {
        if !c.is_control() {
            cleaned.push(c);
        } else if !in_run {
            cleaned.push(' ');
        }
        in_run = c.is_control();
    }
    // A control character at an end has become a space there.
    Cow::Owned(cleaned.trim().to_owned())
}

/// The same for a text that may be owned: what is borrowed stays so.
pub fn cleaned(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => clean(text),
        Cow::Owned(text) => Cow::Owned(clean(&text).into_owned()),
    }
}

/// Cleaned text in which each of `reserved` has become a space.
pub fn without<'t>(text: &'t str, reserved: &[char]) -> Cow<'t, str> {
    let cleaned = clean(text);
    if cleaned.contains(reserved) {
        Cow::Owned(cleaned.replace(reserved, " ").trim().to_owned())
    } else {
        cleaned
    }
}

/// An item of a list cell: cleaned, commas become spaces.
pub fn item(text: &str) -> Cow<'_, str> {
    without(text, &[','])
}

/// An e-mail address or username: cleaned, in lower case.
pub fn address(text: &str) -> String {
    clean(text).to_lowercase()
}

/// Whether two descriptor code values are the same (mapping.md 0.7): case and surrounding space do not count.
pub fn same_value(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim(), b.trim());
    a.eq_ignore_ascii_case(b) || !(a.is_ascii() && b.is_ascii()) && a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_controls_and_ends_change() {
        assert_eq!(clean("O'Brien-Núñez"), "O'Brien-Núñez");
        assert!(matches!(clean(" Mary Ann "), Cow::Borrowed("Mary Ann")));
        assert_eq!(clean("a\r\nb\tc"), "a b c");
        assert_eq!(clean("\ta\u{85}b\u{7f}"), "a b");
        assert_eq!(clean("©ª"), "©ª");
        assert_eq!(clean(" \r\n "), "");
        assert_eq!(item("P1, P2"), "P1  P2");
        assert_eq!(without("{a:b}", &['{', ':', '}']), "a b");
        assert_eq!(address(" Ann@X.ORG"), "ann@x.org");
    }

    #[test]
    fn values_compare_without_case() {
        assert!(same_value("Work", " work "));
        assert!(same_value("ÉCOLE", "école"));
        assert!(!same_value("Work", "Works"));
    }
}
