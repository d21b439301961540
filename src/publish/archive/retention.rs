//! Which packages of an archive have been kept long enough.
//!
//! In: ids, which begin with their day, and the limits. Out: the ids beyond them, oldest first. It removes nothing and
//! does not know what was delivered.

use std::collections::BTreeSet;

use crate::day::Day;

/// How much is kept; without limits everything is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// This many packages at most.
    pub packages: Option<usize>,
    /// Packages of this many days at most, today included.
    pub days: Option<u32>,
}

/// The day of an id, `20241001T...`; `None` for what is no id.
pub(super) fn day(id: &str) -> Option<Day> {
    let digits = id.get(..8)?;
    if id.as_bytes().get(8) != Some(&b'T') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Day::from_ymd(digits[..4].parse().ok()?, digits[4..6].parse().ok()?, digits[6..].parse().ok()?)
}

/// Ids beyond the limits, oldest first; the newest is never among them.
pub(super) fn going(ids: &BTreeSet<String>, keep: Retention, today: Day) -> Vec<String> {
    let first = keep.days.map(|days| today.number().saturating_sub(i32::try_from(days).unwrap_or(i32::MAX)));
    let count = ids.len();
    let beyond = ids.iter().enumerate().filter(|(place, id)| {
        let from_newest = count - 1 - place;
        let too_many = keep.packages.is_some_and(|packages| from_newest >= packages);
        let too_old = first.zip(day(id)).is_some_and(|(first, day)| day.number() <= first);
        from_newest > 0 && (too_many || too_old)
    });
    beyond.map(|(_, id)| id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_and_too_old_go_but_never_the_newest() {
        let ids: BTreeSet<String> = (1..=5).map(|n| format!("2024100{n}T000000Z-aa")).collect();
        let today = Day::from_ymd(2024, 10, 5).unwrap();
        let left = |keep, today| {
            let going = going(&ids, keep, today);
            ids.iter().filter(|id| !going.contains(id)).map(|id| id[7..8].to_owned()).collect::<String>()
        };
        assert_eq!(left(Retention::default(), today), "12345");
        assert_eq!(left(Retention { packages: Some(2), days: None }, today), "45");
        assert_eq!(left(Retention { packages: Some(0), days: None }, today), "5");
        assert_eq!(left(Retention { packages: None, days: Some(3) }, today), "345");
        assert_eq!(left(Retention { packages: Some(2), days: Some(4) }, today), "45");
        assert_eq!(left(Retention { packages: None, days: Some(1) }, Day::at(today.number() + 400)), "5");
        assert_eq!(left(Retention { packages: None, days: Some(u32::MAX) }, today), "12345");
        assert!(day("audit").is_none() && day("20241301T").is_none() && day("2024é100T").is_none());
    }
}
