//! Section associations as integers: the rows that decide speed and memory.
//!
//! In: studentSectionAssociation and staffSectionAssociation. Out: rows of codes and packed days, decoded at
//! once from the source's batches. A key that has no code is a dangling reference, found and counted right
//! here with its cause. A student row is 12 bytes; a state has tens of millions.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::day::Day;
use crate::edfi::contract as c;
use crate::notice::Notices;
use crate::source::{Batch, Part, SourceError};

use super::descriptors::{Descriptor, Descriptors};
use super::keys::Found;
use super::order;
use super::people::People;
use super::read::{KEY_SPELLING, Reader};
use super::sections::{SectionColumns, StagedSections};
use super::spool::{FactFile, Spool, Spooling};
use super::{PERSON_MISSING, SECTION_MISSING};

/// A day in two bytes: days since 2000-01-01, with the ends of the range set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PackedDay(i16);

const NO_DAY: i16 = i16::MAX;
/// Below this a value is not a day but the number of a rare day in [`RareDays`].
const FIRST_DAY: i32 = -32_000;
const LAST_DAY: i32 = 32_700;
/// How many distinct days outside 1912-05-22..2089-07-12 fit.
const RARE: usize = 760;

/// Days that do not fit two bytes (`1900-01-01`, `9999-12-31`), by number.
#[derive(Debug, Default)]
pub(super) struct RareDays(Mutex<Vec<Day>>);

impl RareDays {
    fn pack(&self, day: Option<Day>) -> Result<PackedDay, SourceError> {
        let Some(day) = day else { return Ok(PackedDay(NO_DAY)) };
        if (FIRST_DAY..=LAST_DAY).contains(&day.number()) {
            return Ok(PackedDay(day.number() as i16));
        }
        let mut days = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = days.iter().position(|&d| d == day).unwrap_or(days.len());
        if number == RARE {
            return Err(SourceError::Capacity(format!(
                "the section associations have more than {RARE} different dates before 1912 or after 2089: mend them in the ODS"
            )));
        }
        if number == days.len() {
            days.push(day);
        }
        Ok(PackedDay((i32::from(i16::MIN) + number as i32) as i16))
    }
}

const HOMEROOM: u32 = 1 << 31;

/// A student in a section, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StudentFact {
    section: u32,
    student: u32,
    begin: PackedDay,
    end: PackedDay,
}

/// Bytes of a fact in a file.
pub(super) const FACT_BYTES: usize = 12;

impl StudentFact {
    /// The row of the section.
    pub(super) fn section(&self) -> u32 {
        self.section
    }

    pub(super) fn to_bytes(self) -> [u8; FACT_BYTES] {
        let [a, b, c, d] = self.section.to_le_bytes();
        let [e, f, g, h] = self.student.to_le_bytes();
        let ([i, j], [k, l]) = (self.begin.0.to_le_bytes(), self.end.0.to_le_bytes());
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }

    pub(super) fn from_bytes([a, b, c, d, e, f, g, h, i, j, k, l]: [u8; FACT_BYTES]) -> StudentFact {
        StudentFact {
            section: u32::from_le_bytes([a, b, c, d]),
            student: u32::from_le_bytes([e, f, g, h]),
            begin: PackedDay(i16::from_le_bytes([i, j])),
            end: PackedDay(i16::from_le_bytes([k, l])),
        }
    }
}

/// Where the facts of students are.
#[derive(Debug, Clone)]
enum Kept {
    Memory(Vec<StudentFact>),
    File(Arc<FactFile>),
}

impl Default for Kept {
    fn default() -> Kept {
        Kept::Memory(Vec::new())
    }
}

/// The facts of students of one part of their table.
pub(super) enum FactPart {
    /// As they came.
    Memory(Vec<StudentFact>),
    /// Dealt out to files.
    File(Spool),
}

impl FactPart {
    fn new(spooling: Option<&Spooling>, sections: usize) -> Result<FactPart, SourceError> {
        Ok(match spooling {
            None => FactPart::Memory(Vec::new()),
            Some(plan) => FactPart::File(Spool::new(plan, sections)?),
        })
    }

    #[inline]
    fn push(&mut self, fact: StudentFact) -> Result<(), SourceError> {
        match self {
            FactPart::Memory(rows) => {
                rows.push(fact);
                Ok(())
            }
            FactPart::File(spool) => spool.push(fact),
        }
    }
}

/// A staff member in a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffFact {
    /// Row of the section.
    pub section: u32,
    /// Row of the staff member.
    pub staff: u32,
    /// First day; data standard 4.0 may have none.
    pub begin: Option<Day>,
    /// Last day.
    pub end: Option<Day>,
    /// Classroom position.
    pub position: Descriptor,
}

/// Section associations, sorted by (section, person, begin, end).
#[derive(Debug, Clone, Default)]
pub struct Facts {
    students: Kept,
    /// Staff members in sections.
    pub staff: Vec<StaffFact>,
    rare: Vec<Day>,
}

/// A student fact, unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudentInSection {
    /// Row of the section.
    pub section: u32,
    /// Row of the student.
    pub student: u32,
    /// First day.
    pub begin: Option<Day>,
    /// Last day.
    pub end: Option<Day>,
    /// Whether the section is the student's homeroom.
    pub homeroom: bool,
}

impl Facts {
    /// Number of student associations.
    pub fn students(&self) -> usize {
        match &self.students {
            Kept::Memory(rows) => rows.len(),
            Kept::File(file) => file.len(),
        }
    }

    /// All student associations, in order. See [`Facts::check`].
    pub fn all_students(&self) -> StudentRows<'_> {
        self.students_at(0..self.students())
    }

    /// The student associations of some rows, in order. See [`Facts::check`].
    pub fn students_at(&self, rows: Range<usize>) -> StudentRows<'_> {
        StudentRows { facts: self, rest: rows, block: Vec::new(), next: 0 }
    }

    /// Whether all student associations that were asked for could be read: of those in a file some may have been
    /// passed over. To be asked before anything is concluded from them, and before anything is published.
    ///
    /// # Errors
    /// [`SourceError::Scratch`].
    pub fn check(&self) -> Result<(), SourceError> {
        match &self.students {
            Kept::Memory(_) => Ok(()),
            Kept::File(file) => file.check(),
        }
    }

    #[inline]
    fn unpacked(&self, fact: StudentFact) -> StudentInSection {
        StudentInSection {
            section: fact.section,
            student: fact.student & !HOMEROOM,
            begin: self.day(fact.begin),
            end: self.day(fact.end),
            homeroom: fact.student & HOMEROOM != 0,
        }
    }

    /// Keeps the student associations for which `keep` says so, in order. See [`Facts::check`].
    pub fn retain_students(&mut self, mut keep: impl FnMut(StudentInSection) -> bool) {
        let mut students = std::mem::take(&mut self.students);
        match &mut students {
            Kept::Memory(rows) => rows.retain(|&fact| keep(self.unpacked(fact))),
            Kept::File(file) => {
                if let Some(kept) = file.retain(|&fact| keep(self.unpacked(fact))) {
                    *file = Arc::new(kept);
                }
            }
        }
        self.students = students;
    }

    #[inline]
    fn day(&self, packed: PackedDay) -> Option<Day> {
        match i32::from(packed.0) {
            n if n >= FIRST_DAY && packed.0 != NO_DAY => Some(Day::at(n)),
            _ if packed.0 == NO_DAY => None,
            n => self.rare.get((n - i32::from(i16::MIN)) as usize).copied(),
        }
    }

    /// Reads one part of the student associations.
    pub(super) fn read_students(
        reader: &Reader<'_>,
        part: Part,
        sections: &StagedSections,
        students: &People,
        rare: &RareDays,
        spooling: Option<&Spooling>,
    ) -> Result<FactPart, SourceError> {
        use c::student_sections as t;
        let at = SectionColumns {
            school: t::SCHOOL,
            local_code: t::LOCAL_CODE,
            session: t::SESSION,
            section: t::SECTION,
        };
        let mut rows = FactPart::new(spooling, sections.len())?;
        let mut notices = Notices::new();
        reader.each_in_section(&t::TABLE, part, sections.lookup(at), |b, r, section| {
            let Some(section) = resolve(section, b, r, at, "student", &mut notices) else {
                return Ok(());
            };
            let Some(student) = students.index.get(b.int(t::USI, r)) else {
                missing_person("student", &mut notices);
                return Ok(());
            };
            let homeroom = if b.flag(t::HOMEROOM, r) == Some(true) { HOMEROOM } else { 0 };
            rows.push(StudentFact {
                section,
                student: student | homeroom,
                begin: rare.pack(b.date(t::BEGIN, r))?,
                end: rare.pack(b.date(t::END, r))?,
            })
        })?;
        reader.merge(notices);
        Ok(rows)
    }

    /// Puts the parts of the student associations together, in output order.
    pub(super) fn join_students(parts: Vec<FactPart>, rare: &RareDays) -> Result<Facts, SourceError> {
        let rare = rare.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut facts = Facts { rare, ..Facts::default() };
        let (mut rows, mut spools) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                FactPart::Memory(part) if rows.is_empty() => rows = part,
                FactPart::Memory(part) => {
                    // The first part, usually the only one, is not copied: this is the largest thing in memory.
                    rows.reserve_exact(part.len());
                    rows.extend_from_slice(&part);
                }
                FactPart::File(spool) => spools.push(spool),
            }
        }
        facts.students = if spools.is_empty() {
            rows.shrink_to_fit();
            facts.sort(&mut rows);
            Kept::Memory(rows)
        } else {
            Kept::File(Arc::new(Spool::join(spools, |rows| facts.sort(rows))?))
        };
        Ok(facts)
    }

    /// Puts associations into output order.
    fn sort(&self, rows: &mut [StudentFact]) {
        by_sections(rows).into_par_iter().for_each(|rows| {
            let place = |f: &StudentFact| u64::from(f.section) << 32 | u64::from(f.student & !HOMEROOM);
            // Few students are in a section twice: days are unpacked for those alone.
            let span = |f: &StudentFact| (self.day(f.begin), self.day(f.end), f.student);
            order::sort_by(rows, place, |x, y| span(x).cmp(&span(y)));
        });
    }

    pub(super) fn read_staff(
        reader: &Reader<'_>,
        sections: &StagedSections,
        staff: &People,
        descriptors: &Descriptors,
    ) -> Result<Vec<StaffFact>, SourceError> {
        use c::staff_sections as t;
        let at = SectionColumns {
            school: t::SCHOOL,
            local_code: t::LOCAL_CODE,
            session: t::SESSION,
            section: t::SECTION,
        };
        let mut notices = Notices::new();
        let mut rows = Vec::new();
        reader.each_in_section(&t::TABLE, Part::WHOLE, sections.lookup(at), |b, r, section| {
            let Some(section) = resolve(section, b, r, at, "staff", &mut notices) else {
                return Ok(());
            };
            let Some(person) = staff.index.get(b.int(t::USI, r)) else {
                missing_person("staff", &mut notices);
                return Ok(());
            };
            rows.push(StaffFact {
                section,
                staff: person,
                begin: b.date(t::BEGIN, r),
                end: b.date(t::END, r),
                position: reader.descriptor(
                    descriptors,
                    b.int(t::POSITION, r),
                    "staffSectionAssociation.classroomPositionDescriptorId",
                ),
            });
            Ok(())
        })?;
        reader.merge(notices);
        rows.shrink_to_fit();
        let key = |f: &StaffFact| (f.begin, f.end, descriptors.place(f.position));
        order::sort_by(&mut rows, |f: &StaffFact| (f.section, f.staff), |x, y| key(x).cmp(&key(y)));
        Ok(rows)
    }
}

/// Student associations one after the other, from memory or block by block from a file.
pub struct StudentRows<'f> {
    facts: &'f Facts,
    rest: Range<usize>,
    block: Vec<StudentFact>,
    next: usize,
}

impl Iterator for StudentRows<'_> {
    type Item = StudentInSection;

    #[inline]
    fn next(&mut self) -> Option<StudentInSection> {
        match &self.facts.students {
            Kept::Memory(rows) => {
                let row = self.rest.next()?;
                rows.get(row).map(|&fact| self.facts.unpacked(fact))
            }
            Kept::File(file) => {
                if self.next == self.block.len() {
                    self.block.clear();
                    self.next = 0;
                    file.block(&mut self.rest, &mut self.block);
                }
                let fact = *self.block.get(self.next)?;
                self.next += 1;
                Some(self.facts.unpacked(fact))
            }
        }
    }
}

/// How many heaps rows are dealt out to at most, a power of two: few enough that the ends of all of them stay in the cache.
const HEAPS: u32 = 2048;

/// Deals rows out to heaps by ranges of sections, in place: this is the largest thing in memory, and there is no room
/// for a second one. Out: the heaps, in the order of sections.
fn by_sections(rows: &mut [StudentFact]) -> Vec<&mut [StudentFact]> {
    let last = rows.iter().map(|row| row.section).max().unwrap_or(0);
    // Sections of one heap, as a power of two: to divide by any other number would be the dearest thing here.
    let bits = u32::BITS.saturating_sub(last.leading_zeros() + HEAPS.trailing_zeros());
    let heap = |row: &StudentFact| (row.section >> bits) as usize;
    let mut ends = vec![0usize; (last >> bits) as usize + 1];
    rows.iter().for_each(|row| ends[heap(row)] += 1);
    let mut next = Vec::with_capacity(ends.len());
    let mut total = 0;
    for end in &mut ends {
        next.push(total);
        total += *end;
        *end = total;
    }
    for own in 0..ends.len() {
        while next[own] < ends[own] {
            let place = next[own];
            let to = heap(&rows[place]);
            // A row that is at home stays; another one changes places with the next of its heap that is not dealt out.
            rows.swap(place, next[to]);
            next[to] += 1;
        }
    }
    let mut heaps = Vec::with_capacity(ends.len());
    let (mut rest, mut begin) = (rows, 0);
    for end in ends {
        let (heap, others) = rest.split_at_mut(end - begin);
        heaps.push(heap);
        (rest, begin) = (others, end);
    }
    heaps
}

#[inline]
fn resolve(
    found: Found,
    batch: &Batch,
    row: usize,
    at: SectionColumns,
    kind: &'static str,
    notices: &mut Notices,
) -> Option<u32> {
    match found {
        Found::Exact(section) => Some(section),
        Found::Folded(section) => {
            notices.add(&KEY_SPELLING, &format!("{kind}SectionAssociation.sectionIdentifier"), "");
            Some(section)
        }
        Found::Nothing => {
            let cause = at.label(batch, row);
            notices.add(&SECTION_MISSING, &cause, "");
            notices.leave_out(&SECTION_MISSING, &cause, "enrollments", 1);
            None
        }
    }
}

fn missing_person(kind: &'static str, notices: &mut Notices) {
    let cause = format!("{kind}SectionAssociation names a person that table {kind} does not have");
    notices.add(&PERSON_MISSING, &cause, "");
    notices.leave_out(&PERSON_MISSING, &cause, "enrollments", 1);
}

/// Section associations per section, as offsets into the sorted rows.
pub fn offsets(sections: usize, codes: impl Iterator<Item = u32>) -> Vec<u64> {
    let mut counts = vec![0u64; sections + 1];
    for code in codes {
        counts[code as usize + 1] += 1;
    }
    for n in 1..counts.len() {
        counts[n] += counts[n - 1];
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_survives_packing() {
        let rare = RareDays::default();
        let days: Vec<Option<Day>> = vec![
            None,
            Day::from_ymd(1, 1, 1),
            Day::from_ymd(1900, 1, 1),
            Some(Day::at(FIRST_DAY)),
            Some(Day::at(FIRST_DAY - 1)),
            Day::from_ymd(2021, 8, 23),
            Some(Day::at(LAST_DAY)),
            Some(Day::at(LAST_DAY + 1)),
            Day::from_ymd(9999, 12, 31),
            Day::from_ymd(1900, 1, 1),
        ];
        let packed: Vec<_> = days.iter().map(|&d| rare.pack(d).unwrap()).collect();
        let facts = Facts { rare: rare.0.into_inner().unwrap(), ..Facts::default() };
        assert_eq!(facts.rare.len(), 5);
        for (day, packed) in days.into_iter().zip(packed) {
            assert_eq!(facts.day(packed), day);
        }
    }

    #[test]
    fn too_many_rare_days_are_an_error() {
        let rare = RareDays::default();
        for n in 0..RARE as i32 {
            rare.pack(Some(Day::at(100_000 + n))).unwrap();
        }
        rare.pack(Some(Day::at(100_000))).unwrap();
        assert!(rare.pack(Some(Day::at(-100_000))).is_err());
    }

    #[test]
    fn heaps_are_in_the_order_of_sections_and_lose_nobody() {
        for (sections, count) in
            [(1u32, 5u32), (3, 100), (HEAPS, 9000), (HEAPS * 5 + 7, 60_000), (u32::MAX, 3000)]
        {
            let row = |n: u32| {
                let section = n.wrapping_mul(2_654_435_761) % sections;
                StudentFact { section, student: n, begin: PackedDay(0), end: PackedDay(0) }
            };
            let mut rows: Vec<StudentFact> = (0..count).map(row).collect();
            let heaps = by_sections(&mut rows);
            assert!(heaps.len() <= HEAPS as usize + 1, "{}", heaps.len());
            let mut below = None;
            for heap in heaps.iter().filter(|heap| !heap.is_empty()) {
                let (least, most) =
                    (heap.iter().map(|row| row.section).min(), heap.iter().map(|row| row.section).max());
                assert!(below < least, "{sections}");
                below = most;
            }
            let mut students: Vec<u32> =
                heaps.iter().flat_map(|heap| heap.iter().map(|row| row.student)).collect();
            students.sort_unstable();
            assert!(students.into_iter().eq(0..count));
        }
        assert!(by_sections(&mut []).iter().all(|heap| heap.is_empty()));
    }

    #[test]
    fn a_student_association_is_twelve_bytes() {
        assert_eq!(std::mem::size_of::<StudentFact>(), 12);
    }
}
