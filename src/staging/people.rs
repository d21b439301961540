//! Students, staff members and contacts, and what hangs on them one by one.
//!
//! In: the person tables and their children. Out: [`People`], whose row number is the person's code: rows
//! stand in the order of unique ids, which is the order of users.csv. USIs end here (mapping.md 0.8).

use std::borrow::Cow;
use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::edfi::Table;
use crate::source::{Batch, SourceError};

use super::descriptors::{Descriptor, Descriptors};
use super::distinct::Distinct;
use super::order;
use super::read::Reader;
use super::text::{TextColumn, reordered};
use super::words::{Word, Words};

/// Rows of persons by USI. A server deals USIs out one after the other, so that from the lowest on they are mostly dense:
/// then a row is found by its position, at four bytes a number. Others are kept apart.
#[derive(Debug, Default)]
pub struct UsiIndex {
    /// The lowest USI, at place 0 of `dense`.
    lowest: i64,
    dense: Vec<u32>,
    sparse: FxHashMap<i64, u32>,
}

#[inline]
fn place(lowest: i64, usi: i64) -> Option<usize> {
    usi.checked_sub(lowest).and_then(|n| usize::try_from(n).ok())
}

/// No person has this USI.
const NOBODY: u32 = u32::MAX;
/// Numbers of the dense table per person: above it a hash table is smaller.
const DENSITY: usize = 4;

impl UsiIndex {
    /// An index of persons by row: for each its USI. Of a USI that stands twice the last row is meant.
    fn new(usis: impl Iterator<Item = (i64, u32)> + Clone) -> UsiIndex {
        let persons = usis.clone().count();
        let most = persons.saturating_mul(DENSITY).saturating_add(1024);
        let lowest = usis.clone().map(|(usi, _)| usi).min().unwrap_or(0);
        let place = |usi: i64| place(lowest, usi).filter(|&n| n < most);
        let length = usis.clone().filter_map(|(usi, _)| place(usi)).max().map_or(0, |n| n + 1);
        let mut index = UsiIndex { lowest, dense: vec![NOBODY; length], sparse: FxHashMap::default() };
        for (usi, row) in usis {
            match place(usi) {
                Some(n) => index.dense[n] = row,
                None => {
                    index.sparse.insert(usi, row);
                }
            }
        }
        index
    }

    /// The person with this USI.
    #[inline]
    pub(super) fn get(&self, usi: Option<i64>) -> Option<u32> {
        let usi = usi?;
        match place(self.lowest, usi).and_then(|n| self.dense.get(n)) {
            Some(&row) if row != NOBODY => Some(row),
            _ if self.sparse.is_empty() => None,
            _ => self.sparse.get(&usi).copied(),
        }
    }
}

/// Where the columns of a person table stand in a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct PersonColumns {
    pub usi: usize,
    pub unique_id: usize,
    pub first: usize,
    pub middle: usize,
    pub last: usize,
    pub preferred_first: usize,
    pub preferred_last: usize,
    pub login: Option<usize>,
}

/// Persons of one kind in output order, as columns of text as stored.
#[derive(Debug, Default)]
pub struct People {
    /// Unique id: the natural key.
    pub unique_id: TextColumn,
    /// First name.
    pub first: TextColumn,
    /// Middle name.
    pub middle: TextColumn,
    /// Last surname.
    pub last: TextColumn,
    /// Preferred first name.
    pub preferred_first: TextColumn,
    /// Preferred last surname.
    pub preferred_last: TextColumn,
    /// Log-in id.
    pub login: TextColumn,
    pub(super) index: UsiIndex,
}

impl People {
    /// Number of persons.
    pub fn len(&self) -> usize {
        self.unique_id.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.unique_id.is_empty()
    }

    /// The person with this unique id, exactly as stored.
    pub fn find(&self, unique_id: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            match self.unique_id.get(middle).cmp(unique_id) {
                std::cmp::Ordering::Equal => return Some(middle as u32),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The person behind a USI, for those who show source rows; the USI itself is private to a database.
    pub fn with_usi(&self, usi: i64) -> Option<u32> {
        self.index.get(Some(usi))
    }

    /// Frees the way from USIs to persons.
    pub(super) fn forget_usis(&mut self) {
        self.index = UsiIndex::default();
    }

    pub(super) fn read(
        reader: &Reader<'_>,
        table: &'static Table,
        at: PersonColumns,
        kind: &str,
    ) -> Result<People, SourceError> {
        let mut raw = People::default();
        let mut usis: Vec<i64> = Vec::new();
        reader.each(table, |b, r| {
            let Some(usi) = b.int(at.usi, r) else { return Ok(()) };
            usis.push(usi);
            raw.unique_id.push(b.text(at.unique_id, r))?;
            raw.first.push(b.text(at.first, r))?;
            raw.middle.push(b.text(at.middle, r))?;
            raw.last.push(b.text(at.last, r))?;
            raw.preferred_first.push(b.text(at.preferred_first, r))?;
            raw.preferred_last.push(b.text(at.preferred_last, r))?;
            raw.login.push(at.login.map_or("", |column| b.text(column, r)))
        })?;
        let unique_id = |row: u32| raw.unique_id.get(row as usize);
        // Only an extract in which a unique id stands twice gets past it.
        let others = |row: u32| {
            let n = row as usize;
            (raw.last.get(n), raw.first.get(n), raw.middle.get(n), usis[n])
        };
        let mut order: Vec<(u64, u32)> =
            (0..usis.len() as u32).map(|row| (order::prefix(unique_id(row)), row)).collect();
        order::sort_by(
            &mut order,
            |&(prefix, _)| prefix,
            |&(_, x), &(_, y)| unique_id(x).cmp(unique_id(y)).then_with(|| others(x).cmp(&others(y))),
        );
        // One unique id twice is impossible in a database; in an extract the second is the same person again.
        let mut kept: Vec<u32> = Vec::with_capacity(order.len());
        let mut rows: Vec<(i64, u32)> = Vec::with_capacity(order.len());
        for (_, row) in order {
            match kept.last() {
                Some(&last) if unique_id(last) == unique_id(row) => reader.repeated(kind, unique_id(row)),
                _ => kept.push(row),
            }
            rows.push((usis[row as usize], kept.len() as u32 - 1));
        }
        drop(usis);
        raw.index = UsiIndex::new(rows.iter().copied());
        drop(rows);
        // One column at a time, so that no two whole tables are in memory at once.
        for column in [
            &mut raw.unique_id,
            &mut raw.first,
            &mut raw.middle,
            &mut raw.last,
            &mut raw.preferred_first,
            &mut raw.preferred_last,
            &mut raw.login,
        ] {
            *column = column.reordered(&kept);
        }
        Ok(raw)
    }
}

/// Texts that hang on persons: e-mail addresses, identification codes, telephones, log-ins. A text costs its bytes and
/// 12 more; where it comes from, thousands have in common, and the domain of its address too.
#[derive(Debug, Default)]
pub struct PersonTexts {
    person: Vec<u32>,
    origin: Vec<u32>,
    /// Without the domain of its origin.
    text: TextColumn,
    origins: Vec<TextOrigin>,
    domains: Words,
}

/// What a text is and who recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct TextOrigin {
    kind: Descriptor,
    organization: i64,
    suppressed: bool,
    priority: i32,
    /// What stands behind the `@`, with it; blank where it was not kept apart.
    domain: Word,
}

/// How many different domains are kept apart from their addresses: more than that is no district's.
const DOMAINS: usize = 1 << 16;

/// One text of a person.
#[derive(Debug, Clone)]
pub struct PersonText<'a> {
    /// Its type or identification system.
    pub kind: Descriptor,
    /// Organization that recorded it, 0 where the table has none.
    pub organization: i64,
    /// Whether it must not be published.
    pub suppressed: bool,
    /// Order of priority, `i32::MAX` when there is none.
    pub priority: i32,
    /// As stored.
    pub text: Cow<'a, str>,
}

/// Where a child table's columns stand in a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct PersonTextColumns {
    pub usi: usize,
    pub text: usize,
    pub kind: Option<usize>,
    pub organization: Option<usize>,
    pub suppressed: Option<usize>,
    pub priority: Option<usize>,
}

impl PersonTexts {
    /// Number of texts.
    pub fn len(&self) -> usize {
        self.person.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.person.is_empty()
    }

    /// All texts of a person.
    pub fn of(&self, person: u32) -> impl Iterator<Item = PersonText<'_>> {
        rows_of(&self.person, person, |&person| person).map(move |n| {
            let TextOrigin { kind, organization, suppressed, priority, domain } =
                self.origins[self.origin[n] as usize];
            let text = match (self.text.get(n), self.domains.get(domain)) {
                (whole, "") => Cow::Borrowed(whole),
                (local, domain) => Cow::Owned(format!("{local}{domain}")),
            };
            PersonText { kind, organization, suppressed, priority, text }
        })
    }

    pub(super) fn read(
        reader: &Reader<'_>,
        table: &'static Table,
        at: PersonTextColumns,
        people: &People,
        descriptors: &Descriptors,
    ) -> Result<PersonTexts, SourceError> {
        let mut texts = TextCollection::default();
        texts.read(reader, table, at, people, descriptors)?;
        Ok(texts.sorted())
    }
}

/// Texts of persons in the order in which tables tell them.
#[derive(Default)]
pub(super) struct TextCollection {
    texts: PersonTexts,
    origins: Distinct<TextOrigin>,
}

impl TextCollection {
    pub fn push(&mut self, person: u32, text: PersonText<'_>) -> Result<(), SourceError> {
        let PersonText { kind, organization, suppressed, priority, text } = text;
        let (local, domain) = self.without_domain(&text);
        let origin = TextOrigin { kind, organization, suppressed, priority, domain };
        self.texts.person.push(person);
        self.texts.origin.push(self.origins.number(origin));
        self.texts.text.push(local)
    }

    /// A text without its domain, and that.
    fn without_domain<'t>(&mut self, text: &'t str) -> (&'t str, Word) {
        let whole = (text, Word::default());
        let Some(at) = text.bytes().rposition(|byte| byte == b'@') else { return whole };
        let (local, domain) = text.split_at(at);
        self.texts.domains.among(domain, DOMAINS).map_or(whole, |domain| (local, domain))
    }

    pub fn read(
        &mut self,
        reader: &Reader<'_>,
        table: &'static Table,
        at: PersonTextColumns,
        people: &People,
        descriptors: &Descriptors,
    ) -> Result<(), SourceError> {
        reader.each(table, |b, r| {
            let text = b.text(at.text, r);
            let Some(person) = people.index.get(b.int(at.usi, r)) else {
                reader.orphan(table, "person");
                return Ok(());
            };
            if text.trim().is_empty() {
                return Ok(());
            }
            let kind = at.kind.map_or(Descriptor::NONE, |column| {
                reader.descriptor(descriptors, b.int(column, r), table.columns[column].name)
            });
            let number = |column: Option<usize>| column.and_then(|c| b.int(c, r));
            self.push(
                person,
                PersonText {
                    kind,
                    organization: number(at.organization).unwrap_or(0),
                    suppressed: at.suppressed.and_then(|c| b.flag(c, r)) == Some(true),
                    priority: number(at.priority).and_then(|n| i32::try_from(n).ok()).unwrap_or(i32::MAX),
                    text: Cow::Borrowed(text),
                },
            )
        })
    }

    /// Puts the texts of each person together; rules choose by a total order of their own.
    pub fn sorted(self) -> PersonTexts {
        let PersonTexts { mut person, mut origin, mut text, domains, .. } = self.texts;
        let mut places: Vec<u64> =
            (0..).zip(&person).map(|(row, &person)| u64::from(person) << 32 | row).collect();
        places.sort_unstable();
        let order: Vec<u32> = places.into_iter().map(|place| place as u32).collect();
        // One column at a time, so that no two whole tables are in memory at once.
        person = reordered(&person, &order);
        origin = reordered(&origin, &order);
        text = text.reordered(&order);
        PersonTexts { person, origin, text, origins: self.origins.into_values(), domains }
    }
}

/// The rows of one person among rows that are sorted by person.
pub fn rows_of<T>(rows: &[T], person: u32, person_of: impl Fn(&T) -> u32) -> Range<usize> {
    let begin = rows.partition_point(|row| person_of(row) < person);
    let length = rows[begin..].iter().take_while(|row| person_of(row) == person).count();
    begin..begin + length
}

/// Reads rows that name a person by USI into values that start with the person's row; sorted by the caller.
pub(super) fn read_rows<T>(
    reader: &Reader<'_>,
    table: &'static Table,
    usi: usize,
    people: &People,
    mut make: impl FnMut(u32, &Batch, usize) -> Option<T>,
) -> Result<Vec<T>, SourceError> {
    let mut rows = Vec::new();
    reader.each(table, |b, r| {
        match people.index.get(b.int(usi, r)) {
            Some(person) => rows.extend(make(person, b, r)),
            None => reader.orphan(table, "person"),
        }
        Ok(())
    })?;
    // Rows of a state stand until the package is written: room that nobody needs is given back.
    rows.shrink_to_fit();
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_are_found_by_usi_wherever_it_lies() {
        let near =
            [(7, 0), (1_000_000, 1), (-3, 2), (0, 3), (i64::MAX, 4), (1027, 5), (7, 6), (5_000_000_000, 7)];
        // As a server deals them out that counts from the middle of its range.
        let high: Vec<(i64, u32)> = (0..50).map(|n| (1_900_000_000 + 3 * n, n as u32)).collect();
        for usis in [&near[..], &high] {
            let index = UsiIndex::new(usis.iter().copied());
            assert_eq!((index.dense.is_empty(), index.sparse.is_empty()), (false, usis != near));
            for (usi, row) in &usis[1..] {
                assert_eq!(index.get(Some(*usi)), Some(*row), "{usi}");
            }
            for nobody in [None, Some(1), Some(-7), Some(6), Some(i64::MIN), Some(1028), Some(705_032_704)] {
                assert_eq!(index.get(nobody), None);
            }
        }
    }
}
