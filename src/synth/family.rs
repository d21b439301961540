//! The plan of the district family: who exists, how large, with which numbers and dates.
//!
//! In: a [`SynthPlan`]. Out: agencies and schools with sizes, sessions and ranges of person numbers. It is a
//! few hundred bytes a school and needs no chance, so that every school can then be written independently.

use super::names;
use super::{SynthError, SynthPlan};
use crate::day::Day;

/// The state education agency.
pub const STATE_AGENCY: i64 = 254_000;
/// The education service center, which owns courses but appears in no roster.
pub const SERVICE_CENTER: i64 = 254_950;
/// A university: an education organization of a kind that no roster has.
pub const UNIVERSITY: i64 = 254_700;
/// A department: likewise.
pub const DEPARTMENT: i64 = 254_710;
/// The first local education agency.
pub const FIRST_AGENCY: i64 = 255_901;
/// The first student USI.
pub const FIRST_STUDENT: i64 = 1_900_000_000;
/// The first staff USI.
pub const FIRST_STAFF: i64 = 1_800_000_000;
/// The first contact (parent) USI.
pub const FIRST_CONTACT: i64 = 1_700_000_000;
/// More students than this do not fit into the ranges of ids.
pub const MOST_STUDENTS: u64 = 20_000_000;

/// Staff members that each agency has of its own.
pub(super) const AGENCY_STAFF: u64 = 4;

/// What a school teaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Elementary,
    Middle,
    High,
}

impl Kind {
    const fn suffix(self) -> &'static str {
        match self {
            Kind::Elementary => "Elementary School",
            Kind::Middle => "Middle School",
            Kind::High => "High School",
        }
    }

    /// The descriptor value of the school category.
    pub(super) const fn category(self) -> &'static str {
        self.suffix()
    }

    /// Grades as numbers, kindergarten 0.
    pub(super) fn grades(self) -> std::ops::Range<usize> {
        match self {
            Kind::Elementary => 0..6,
            Kind::Middle => 6..9,
            Kind::High => 9..13,
        }
    }
}

/// A session that schools have.
#[derive(Debug, Clone)]
pub(super) struct Term {
    /// Session name.
    pub name: String,
    /// Descriptor value of the term.
    pub descriptor: &'static str,
    /// First day.
    pub begin: Day,
    /// Last day.
    pub end: Day,
}

/// A local education agency.
#[derive(Debug)]
pub(super) struct Agency {
    pub id: i64,
    pub name: String,
    /// Mail domain, under `example`.
    pub domain: String,
    /// Number of its first own staff member.
    pub first_staff: u64,
}

/// A school.
#[derive(Debug)]
pub(super) struct School {
    pub id: i64,
    /// Position of its agency.
    pub agency: usize,
    pub name: String,
    pub kind: Kind,
    pub students: u64,
    /// Number of its first student.
    pub first_student: u64,
    /// Number of its first staff member.
    pub first_staff: u64,
    pub terms: Vec<Term>,
}

/// Everything that is decided before the first row.
pub(super) struct Family {
    pub plan: SynthPlan,
    pub agencies: Vec<Agency>,
    pub schools: Vec<School>,
    /// Staff numbers from here on are free.
    pub next_staff: u64,
    width: usize,
}

impl Family {
    /// Lays the family out.
    pub(super) fn new(plan: &SynthPlan) -> Result<Family, SynthError> {
        if plan.students > MOST_STUDENTS {
            return Err(SynthError::TooMany { asked: plan.students, most: MOST_STUDENTS });
        }
        if !(1901..=2088).contains(&plan.school_year) {
            return Err(SynthError::SchoolYear(plan.school_year));
        }
        let count = 2 + (plan.students / 12_000) as usize;
        // Skewed, but no agency outgrows three digits of school numbers.
        let flatten = 1 + count / 40;
        let sizes = shares(plan.students, (0..count).map(|k| 1_000_000 / (k + flatten) as u64));
        let mut family = Family {
            plan: plan.clone(),
            agencies: Vec::new(),
            schools: Vec::new(),
            next_staff: 0,
            width: if plan.students <= 700_000 {
                6
            } else if plan.students <= 7_000_000 {
                7
            } else {
                8
            },
        };
        for index in 0..count {
            let name = names::district(index);
            let mut domain = String::new();
            names::push_ascii(&mut domain, &name);
            family.agencies.push(Agency {
                id: FIRST_AGENCY + index as i64,
                name,
                domain: domain + ".example",
                first_staff: index as u64 * AGENCY_STAFF,
            });
        }
        family.next_staff = count as u64 * AGENCY_STAFF;
        let mut first_student = 0;
        for (agency, size) in sizes.into_iter().enumerate() {
            family.open_schools(agency, size, &mut first_student);
        }
        Ok(family)
    }

    fn open_schools(&mut self, agency: usize, size: u64, first_student: &mut u64) {
        // A small agency is a charter with one high school.
        let kinds: &[(Kind, u64, u64, i64)] = if size < 150 {
            &[(Kind::High, 100, 10_000, 1)]
        } else {
            &[(Kind::Elementary, 46, 430, 401), (Kind::Middle, 22, 680, 201), (Kind::High, 32, 1_250, 1)]
        };
        let parts = shares(size, kinds.iter().map(|k| k.1));
        for ((kind, _, usual, first), part) in kinds.iter().copied().zip(parts) {
            let count = part.div_ceil(usual).max(1);
            let sizes = shares(part, (0..count).map(|nth| weight(nth, count)));
            for (nth, students) in sizes.into_iter().enumerate() {
                let number = self.schools.len();
                let id = self.agencies[agency].id * 1000 + first + nth as i64;
                // The small charter and every seventh school have quarters.
                let quarters = kinds.len() == 1 || number % 7 == 6;
                self.schools.push(School {
                    id,
                    agency,
                    name: format!("{} {}", names::place(number), kind.suffix()),
                    kind,
                    students,
                    first_student: *first_student,
                    first_staff: self.next_staff,
                    terms: terms(self.plan.school_year, agency, quarters),
                });
                *first_student += students;
                self.next_staff += 48 + students / 6;
            }
        }
    }

    /// The agency of a school.
    pub(super) fn agency(&self, school: &School) -> &Agency {
        &self.agencies[school.agency]
    }

    /// Unique id of a student: six digits, or as many as are needed; one in ten begins with a zero.
    pub(super) fn student_id(&self, number: u64) -> String {
        self.scrambled("", number, self.width)
    }

    /// Unique id of a staff member, one digit longer than a student's.
    pub(super) fn staff_id(&self, number: u64) -> String {
        self.scrambled("7", number, self.width)
    }

    /// Unique id of a contact, two digits longer than a student's.
    pub(super) fn contact_id(&self, number: u64) -> String {
        self.scrambled("9", number, self.width + 1)
    }

    /// Each seed and each kind of person begins elsewhere.
    fn scrambled(&self, prefix: &str, number: u64, width: usize) -> String {
        let kind: u64 = prefix.bytes().map(u64::from).sum();
        let begin = (self.plan.seed % 1_000_003) * 7_919 + kind * 104_729;
        scrambled(prefix, number, begin, width)
    }
}

/// A bijection on numbers of so many digits, so that unique ids follow no order of anything.
fn scrambled(prefix: &str, number: u64, begin: u64, width: usize) -> String {
    let modulus = 10u64.pow(width as u32);
    let factor = match width {
        6 => 618_033,
        7 => 6_180_339,
        8 => 61_803_399,
        _ => 618_033_989,
    };
    format!("{prefix}{:0width$}", (number % modulus * factor + begin) % modulus)
}

/// How large a school is among those of its kind in an agency. Where there are many, one in nine is several times
/// as large as the usual one and one in seven a fraction of it, as between a city and its outskirts.
fn weight(nth: u64, count: u64) -> u64 {
    let usual = 60 + (nth * 37 + 11) % 80;
    match nth {
        _ if count < 8 => usual,
        _ if nth % 9 == 3 => usual * 3,
        _ if nth % 7 == 5 => usual / 6,
        _ => usual,
    }
}

/// Divides a total by weights, without remainder.
pub(super) fn shares(total: u64, weights: impl Iterator<Item = u64> + Clone) -> Vec<u64> {
    let sum: u64 = weights.clone().sum::<u64>().max(1);
    let part = |upto: u64| (u128::from(total) * u128::from(upto) / u128::from(sum)) as u64;
    let mut upto = 0;
    weights
        .map(|weight| {
            let before = part(upto);
            upto += weight;
            part(upto) - before
        })
        .collect()
}

/// A civil date that exists; the plan's range of years makes sure of it.
pub(super) fn date(year: i16, month: u32, day: u32) -> Day {
    Day::from_ymd(i32::from(year), month, day).unwrap_or(Day::LAST)
}

/// 0 for Monday, 6 for Sunday.
pub(super) fn weekday(day: Day) -> i32 {
    (day.number() + 5).rem_euclid(7)
}

fn on_or_after(day: Day, wanted: i32) -> Day {
    Day::at(day.number() + (wanted - weekday(day)).rem_euclid(7))
}

/// Sessions of a school; agencies begin on different days of the same week.
pub(super) fn terms(year: i16, agency: usize, quarters: bool) -> Vec<Term> {
    let fall = Day::at(on_or_after(date(year - 1, 8, 12), 0).number() + (agency % 3) as i32);
    let winter = on_or_after(date(year - 1, 12, 14), 4);
    let spring = on_or_after(date(year, 1, 4), 1);
    let summer = on_or_after(date(year, 5, 23), 3);
    let label = format!("{}-{year}", year - 1);
    let term = |descriptor: &'static str, begin, end| Term {
        name: format!("{label} {descriptor}"),
        descriptor,
        begin,
        end,
    };
    if quarters {
        let autumn = on_or_after(date(year - 1, 10, 8), 4);
        let march = on_or_after(date(year, 3, 8), 4);
        vec![
            term("First Quarter", fall, autumn),
            term("Second Quarter", Day::at(autumn.number() + 3), winter),
            term("Third Quarter", spring, march),
            term("Fourth Quarter", Day::at(march.number() + 10), summer),
        ]
    } else {
        vec![term("Fall Semester", fall, winter), term("Spring Semester", spring, summer)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_lose_nobody() {
        for total in [0, 1, 7, 300, 1_000_003] {
            for parts in 1..40u64 {
                assert_eq!(shares(total, (0..parts).map(|k| 60 + k)).iter().sum::<u64>(), total);
            }
        }
    }

    #[test]
    fn scrambled_ids_are_distinct_and_of_one_length() {
        let ids: std::collections::BTreeSet<_> =
            (0..1_000_000).map(|n| scrambled("", n, 48_271, 6)).collect();
        assert_eq!(ids.len(), 1_000_000);
        assert!(ids.iter().all(|id| id.len() == 6));
    }

    #[test]
    fn school_numbers_stay_apart_up_to_the_most_students() {
        for students in [0, 1, 300, 20_000, 1_000_000, MOST_STUDENTS] {
            let family = Family::new(&SynthPlan { students, ..SynthPlan::default() }).unwrap();
            let ids: std::collections::BTreeSet<_> = family.schools.iter().map(|s| s.id).collect();
            assert_eq!(ids.len(), family.schools.len());
            assert_eq!(family.schools.iter().map(|s| s.students).sum::<u64>(), students);
            assert!(ids.iter().all(|id| *id < i64::from(i32::MAX)));
            assert!(family.next_staff < 10u64.pow(family.width as u32));
        }
    }

    #[test]
    fn there_are_large_and_small_schools() {
        let family = Family::new(&SynthPlan { students: 1_000_000, ..SynthPlan::default() }).unwrap();
        let of = |kind: Kind| {
            let mut sizes: Vec<u64> =
                family.schools.iter().filter(|s| s.kind == kind).map(|s| s.students).collect();
            sizes.sort_unstable();
            (sizes[0], sizes[sizes.len() / 2], sizes[sizes.len() - 1])
        };
        for kind in [Kind::Elementary, Kind::Middle, Kind::High] {
            let (smallest, middle, largest) = of(kind);
            assert!(smallest * 4 < middle && middle * 2 < largest, "{kind:?}: {smallest} {middle} {largest}");
        }
    }

    #[test]
    fn terms_are_in_order_and_on_school_days() {
        for year in 1990..2080 {
            for quarters in [false, true] {
                let terms = terms(year, 1, quarters);
                assert!(terms.iter().all(|t| t.begin < t.end && weekday(t.begin) < 5 && weekday(t.end) < 5));
                assert!(terms.windows(2).all(|pair| pair[0].end < pair[1].begin));
            }
        }
    }
}
