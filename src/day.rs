//! Calendar days as integers.
//!
//! In: ISO text or (year, month, day). Out: a [`Day`], the number of days since 2000-01-01, and back.
//! The core knows only whole days: it never reads a clock and never meets a time zone. chrono is used at
//! the edges alone (the default of `--as-of`); the arithmetic here is the proleptic Gregorian calendar.

use std::fmt;
use std::num::NonZeroU32;

/// A day, counted from 2000-01-01 (day 0), in the proleptic Gregorian calendar. The number is kept so that it is never
/// zero: millions of rows have days that may be absent, and an absent one costs no room of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NonZeroU32);

/// Days from 0000-03-01 to 2000-01-01.
const EPOCH: i64 = 730_425;

/// Flipped, numbers below zero come before those above in the order of unsigned ones.
const SIGN: u32 = 1 << 31;

impl Day {
    /// The last day that counts as a date: later ones mean "open" (mapping.md 0.6).
    pub const LAST: Day = Day::literal(2089, 12, 31);

    /// The day that is so many days after 2000-01-01.
    pub const fn at(number: i32) -> Day {
        match NonZeroU32::new(number as u32 ^ SIGN) {
            Some(kept) => Day(kept),
            // No calendar goes back so far.
            None => Day(NonZeroU32::MIN),
        }
    }

    /// How many days it is after 2000-01-01.
    #[inline]
    pub const fn number(self) -> i32 {
        (self.0.get() ^ SIGN) as i32
    }

    const fn literal(year: i64, month: i64, day: i64) -> Day {
        // Howard Hinnant's civil calendar: the year starts in March, so that leap days come last.
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let shifted = (month + 9) % 12;
        let of_year = (153 * shifted + 2) / 5 + day - 1;
        let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        Day::at((era * 146_097 + of_era - EPOCH) as i32)
    }

    /// The day of a civil date, or `None` when the calendar has no such date or the year is not 1..=9999.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Day> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 {
            return None;
        }
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        (day <= length).then(|| Day::literal(i64::from(year), i64::from(month), i64::from(day)))
    }

    /// Parses `YYYY-MM-DD`; a midnight time behind it (`T00:00:00`, ` 00:00:00.0000000`) is accepted.
    pub fn parse(text: &[u8]) -> Option<Day> {
        let date = text.get(..10)?;
        if date[4] != b'-' || date[7] != b'-' {
            return None;
        }
        let number = |part: &[u8]| -> Option<i32> {
            part.iter().try_fold(0i32, |n, b| b.is_ascii_digit().then(|| n * 10 + i32::from(b - b'0')))
        };
        let rest = &text[10..];
        let midnight = rest.is_empty()
            || (matches!(rest[0], b'T' | b' ')
                && rest[1..].iter().all(|b| matches!(b, b'0' | b':' | b'.' | b'Z')));
        if !midnight {
            return None;
        }
        Day::from_ymd(number(&date[..4])?, number(&date[5..7])? as u32, number(&date[8..])? as u32)
    }

    /// Year, month and day.
    pub fn ymd(self) -> (i32, u32, u32) {
        let z = i64::from(self.number()) + EPOCH;
        let era = z.div_euclid(146_097);
        let of_era = z.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        (year as i32, month as u32, day as u32)
    }

    /// The day after.
    pub fn next(self) -> Day {
        Day::at(self.number().saturating_add(1))
    }

    /// The ten bytes `YYYY-MM-DD`.
    pub fn iso(self) -> [u8; 10] {
        let (year, month, day) = self.ymd();
        let year = year.clamp(0, 9999) as u32;
        let digit = |n: u32| b'0' + (n % 10) as u8;
        [
            digit(year / 1000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
            b'-',
            digit(month / 10),
            digit(month),
            b'-',
            digit(day / 10),
            digit(day),
        ]
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_round_trip_over_the_whole_range() {
        assert_eq!(Day::from_ymd(2000, 1, 1), Some(Day::at(0)));
        assert_eq!(Day::from_ymd(1970, 1, 1), Some(Day::at(-10_957)));
        let first = Day::from_ymd(1, 1, 1).unwrap().number();
        let last = Day::from_ymd(9999, 12, 31).unwrap().number();
        for n in (first..=last).step_by(13) {
            let (y, m, d) = Day::at(n).ymd();
            assert_eq!(Day::from_ymd(y, m, d), Some(Day::at(n)));
            assert_eq!(Day::parse(&Day::at(n).iso()), Some(Day::at(n)));
        }
    }

    #[test]
    fn only_dates_and_midnights_parse() {
        assert_eq!(Day::parse(b"2024-02-29"), Day::from_ymd(2024, 2, 29));
        assert_eq!(Day::parse(b"2021-08-23 00:00:00.0000000"), Day::from_ymd(2021, 8, 23));
        assert_eq!(Day::parse(b"2021-08-23T00:00:00Z"), Day::from_ymd(2021, 8, 23));
        for bad in ["2023-02-29", "2021-8-23", "08/23/2021", "2021-08-23T07:30:00", "", "2021-08-2"] {
            assert_eq!(Day::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn text_form_is_iso() {
        assert_eq!(Day::from_ymd(2021, 8, 23).unwrap().to_string(), "2021-08-23");
        assert_eq!(&Day::LAST.iso(), b"2089-12-31");
    }
}
