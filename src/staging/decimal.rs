//! Plain decimal numbers, exact: points, grades and their bounds.
//!
//! In: the text of a numeric column. Out: a [`Decimal`] of eight bytes (and no more behind an `Option`, of which a
//! gradebook has millions), which compares by value and is written without an exponent and without zeros at its
//! end. Nothing passes through a float, so that nothing is rounded; it does no arithmetic.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroI64;

/// Digits that fit: Ed-Fi's widest grade has nine.
const DIGITS: usize = 17;

/// A decimal number of up to 17 digits.
///
/// The low five bits hold the number of decimal places plus one, which is never zero; the rest is the number
/// without its point. There is one form of each number: no zeros at the end, and one zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal(NonZeroI64);

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal::whole(0);
    /// One hundred.
    pub const HUNDRED: Decimal = Decimal::whole(100);

    const fn whole(number: i32) -> Decimal {
        // The mark of no decimal places makes it non-zero.
        match NonZeroI64::new(((number as i64) << 5) | 1) {
            Some(bits) => Decimal(bits),
            None => Decimal(NonZeroI64::MIN),
        }
    }

    /// An optional sign, digits, and perhaps a point with digits behind it; blanks around it do not count. `None`
    /// for anything else: an exponent, a group mark, a decimal comma, more than 17 digits.
    pub fn parse(text: &str) -> Option<Decimal> {
        let text = text.trim_ascii();
        let (negative, number) = match text.as_bytes() {
            [b'-', ..] => (true, &text[1..]),
            [b'+', ..] => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, places) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && places.is_empty() {
            return None;
        }
        let places = places.trim_end_matches('0');
        let whole = whole.trim_start_matches('0');
        if whole.len() + places.len() > DIGITS {
            return None;
        }
        let mut mantissa = 0i64;
        for digit in whole.bytes().chain(places.bytes()) {
            if !digit.is_ascii_digit() {
                return None;
            }
            mantissa = mantissa * 10 + i64::from(digit - b'0');
        }
        let mantissa = if negative { -mantissa } else { mantissa };
        NonZeroI64::new((mantissa << 5) | (places.len() as i64 + 1)).map(Decimal)
    }

    const fn mantissa(self) -> i64 {
        self.0.get() >> 5
    }

    const fn places(self) -> u32 {
        ((self.0.get() & 31) - 1) as u32
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let places = self.places().max(other.places());
        let scaled = |d: &Decimal| i128::from(d.mantissa()) * 10i128.pow(places - d.places());
        scaled(self).cmp(&scaled(other))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mantissa, places) = (self.mantissa(), self.places());
        let unit = 10u64.pow(places);
        let (sign, size) = (if mantissa < 0 { "-" } else { "" }, mantissa.unsigned_abs());
        match places {
            0 => write!(f, "{sign}{size}"),
            _ => write!(f, "{sign}{}.{:0width$}", size / unit, size % unit, width = places as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Option<String> {
        Decimal::parse(text).map(|d| d.to_string())
    }

    #[test]
    fn numbers_are_written_plainly_and_exactly() {
        for (text, plain) in [
            ("74.00", "74"),
            ("0.10", "0.1"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-0.00", "0"),
            ("007", "7"),
            ("+3.25", "3.25"),
            ("-12.050", "-12.05"),
            ("9999999.99", "9999999.99"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("12345678901234567", "12345678901234567"),
            (" 100 ", "100"),
            ("0", "0"),
        ] {
            assert_eq!(written(text).as_deref(), Some(plain), "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_decimal_is_none() {
        for text in [
            "",
            " ",
            ".",
            "-",
            "+",
            "1e2",
            "1,5",
            "1 000",
            "A-",
            "0x1",
            "--1",
            "1.2.3",
            "123456789012345678",
            "٣",
        ] {
            assert_eq!(written(text), None, "{text}");
        }
    }

    #[test]
    fn order_and_equality_are_those_of_the_numbers() {
        let texts = ["-10", "-9.5", "0", "0.09", "0.1", "9", "10", "99.99", "100", "12345678901234567"];
        let numbers: Vec<Decimal> = texts.iter().map(|t| Decimal::parse(t).unwrap()).collect();
        assert!(numbers.is_sorted());
        assert_eq!(Decimal::parse("1.50"), Decimal::parse("01.5"));
        assert_eq!(
            (Decimal::parse("0"), Decimal::parse("100.0")),
            (Some(Decimal::ZERO), Some(Decimal::HUNDRED))
        );
        assert_eq!(size_of::<Option<Decimal>>(), 8);
    }

    proptest::proptest! {
        #[test]
        fn every_number_survives(whole in -9_999_999i64..10_000_000, cents in 0u32..100) {
            let text = format!("{whole}.{cents:02}");
            let read = Decimal::parse(&text).unwrap();
            let again = Decimal::parse(&read.to_string()).unwrap();
            proptest::prop_assert_eq!(read, again);
            let (a, b): (f64, f64) = (read.to_string().parse().unwrap(), text.parse().unwrap());
            proptest::prop_assert_eq!(a, b);
        }
    }
}
