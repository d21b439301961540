//! Moments as text, handed in by whoever owns the clock.
//!
//! In: `2024-10-01T06:30:00Z`. Out: a [`Moment`] that sorts like time, names files and knows its day. No clock here.

use std::fmt;

use crate::day::Day;

/// Days from 1970-01-01 to 2000-01-01, which is day 0.
const EPOCH: i64 = 10_957;

/// A second in UTC, as `YYYY-MM-DDTHH:MM:SSZ`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(String);

impl Moment {
    /// The moment that this text says; `None` when it is no moment in that form.
    pub fn parse(text: &str) -> Option<Moment> {
        let bytes = text.as_bytes();
        let day = Day::parse(bytes.get(..10)?);
        let number = |from: usize| -> Option<u32> {
            let pair = bytes.get(from..from + 2)?;
            pair.iter()
                .all(u8::is_ascii_digit)
                .then(|| u32::from(pair[0] - b'0') * 10 + u32::from(pair[1] - b'0'))
        };
        let signs = [(10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
        let formed = bytes.len() == 20 && signs.iter().all(|(at, sign)| bytes.get(*at) == Some(sign));
        // 60: a leap second.
        let real = day.is_some() && number(11)? < 24 && number(14)? < 60 && number(17)? <= 60;
        (formed && real).then(|| Moment(text.to_owned()))
    }

    /// The moment that is so many milliseconds behind 1970-01-01 UTC.
    pub fn of_utc_milliseconds(milliseconds: i64) -> Moment {
        let (day, seconds) =
            (milliseconds.div_euclid(86_400_000), milliseconds.rem_euclid(86_400_000) / 1000);
        let day = Day::at(i32::try_from(day - EPOCH).unwrap_or_default());
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        Moment(format!("{day}T{hours:02}:{minutes:02}:{seconds:02}Z"))
    }

    /// Seconds since 1970-01-01 UTC.
    pub fn utc_seconds(&self) -> i64 {
        let pair =
            |from: usize| self.0.get(from..from + 2).and_then(|text| text.parse().ok()).unwrap_or(0_i64);
        (i64::from(self.day().number()) + EPOCH) * 86_400 + pair(11) * 3600 + pair(14) * 60 + pair(17)
    }

    /// Its day in UTC.
    pub fn day(&self) -> Day {
        Day::parse(&self.0.as_bytes()[..10]).unwrap_or(Day::at(0))
    }

    /// As a part of a file's name: `20241001T063000Z`.
    pub(super) fn compact(&self) -> String {
        self.0.chars().filter(|c| !matches!(c, '-' | ':')).collect()
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Moment, String> {
        Moment::parse(&text).ok_or_else(|| format!("`{text}` is not YYYY-MM-DDTHH:MM:SSZ"))
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> String {
        moment.0
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_moments_in_utc_are_moments() {
        let moment = Moment::parse("2024-10-01T06:30:09Z").unwrap();
        assert_eq!(moment.compact(), "20241001T063009Z");
        assert_eq!(Moment::of_utc_milliseconds(1_727_764_209_999), moment);
        assert_eq!(Moment::of_utc_milliseconds(-1).to_string(), "1969-12-31T23:59:59Z");
        assert_eq!(moment.utc_seconds(), 1_727_764_209);
        assert_eq!(Moment::of_utc_milliseconds(-1).utc_seconds(), -1);
        assert_eq!(moment.day(), Day::from_ymd(2024, 10, 1).unwrap());
        for bad in [
            "",
            "2024-10-01",
            "2024-13-01T06:30:09Z",
            "2024-10-01T24:30:09Z",
            "2024-10-01T06:30:09+02:00",
            "2024-10-01 06:30:09Z",
            "2024-10-01T06:3x:09Z",
            "2024-10-01T06:30:09ZZ",
            "2024-10-01T06:30:0éZ",
        ] {
            assert_eq!(Moment::parse(bad), None, "{bad}");
        }
    }
}
