//! Two versions of one file, matched row by row while both are read.
//!
//! In: the [`Batch`]es of both sides. Out: [`FileDiff`]: exact counts by school and column, and the first samples. Rows may
//! stand in any order. A row waits for the one of the same id on the other side; since packages made alike are sorted
//! alike, few wait at any time (ADR 0036), and memory is 16 bytes for each pair that was matched. Files in which an id stands twice
//! are read again with every id kept, and the first row of an id counts.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, sync_channel};

use rayon::prelude::*;

use super::key::{Key, KeyMap, KeySet, spelt};
use super::schools::{Lists, Side};
use super::stream::{Batch, Fact, Wanted, send};
use super::{CellChange, FileDiff, Options, Sample, SchoolChange};
use crate::package::{PackageReader, ReadError};

/// Rows that may wait with a digest of every cell; those beyond wait with one digest, and when they turn out to have
/// changed, the file is read once more for their columns. Small packages must meet the limit in tests.
const DETAILED: usize = if cfg!(test) { 3 } else { 1 << 18 };

/// Which package.
const OLD: usize = 0;
const NEW: usize = 1;

/// A row whose counterpart has not come yet: 48 bytes with its key, since in packages of different orders all wait.
struct Waiting {
    digest: u64,
    stamp: u64,
    list: u32,
    number: u32,
    more: Option<Box<More>>,
}

/// What not every waiting row has.
struct More {
    text: Option<Box<str>>,
    cells: Option<Box<[u64]>>,
}

impl Waiting {
    fn new(fact: Fact, number: u64, cells: Option<Box<[u64]>>) -> Waiting {
        let Fact { text, list, digest, stamp, .. } = fact;
        let more = (text.is_some() || cells.is_some()).then(|| Box::new(More { text, cells }));
        // Row numbers only order samples.
        Waiting { digest, stamp, list, number: u32::try_from(number).unwrap_or(u32::MAX), more }
    }

    fn open(self, key: Key) -> (Fact, u64, Option<Box<[u64]>>) {
        let Waiting { digest, stamp, list, number, more } = self;
        let (text, cells) = more.map_or((None, None), |more| (more.text, more.cells));
        (Fact { key, text, list, digest, stamp }, u64::from(number), cells)
    }
}

/// The rows of one side that came and found nobody.
type Room = KeyMap<Waiting>;

/// One file being compared.
pub struct Merge<'a> {
    wanted: Wanted,
    options: &'a Options,
    lists: &'a mut Lists,
    /// By number of a side's list: the number of that list here.
    translations: [Vec<u32>; 2],
    /// The school that is asked for, if it is one.
    only: Option<u32>,
    rooms: [Room; 2],
    detailed: usize,
    numbers: [u64; 2],
    matched: Vec<Key>,
    /// Every id so far, when ids are known to stand twice.
    seen: Option<[KeySet; 2]>,
    is_doubtful: bool,
    /// Changed rows whose columns are not known yet.
    unresolved: KeySet,
    out: FileDiff,
    schools: Vec<SchoolChange>,
    columns: Vec<u64>,
    changed: Smallest,
    moved: [Smallest; 2],
    school_examples: BTreeMap<u32, Smallest>,
}

/// The first few samples by row number, whatever the order in which they were found.
#[derive(Debug, Default)]
struct Smallest {
    cap: usize,
    kept: BTreeMap<u64, (Sample, Key)>,
}

impl Smallest {
    fn new(cap: usize) -> Smallest {
        Smallest { cap, kept: BTreeMap::new() }
    }

    fn wants(&self, row: u64) -> bool {
        self.kept.len() < self.cap
            || (self.cap > 0 && self.kept.last_key_value().is_some_and(|(last, _)| row < *last))
    }

    fn add(&mut self, row: u64, key: Key, sample: impl FnOnce() -> Sample) {
        if self.wants(row) {
            self.kept.insert(row, (sample(), key));
            if self.kept.len() > self.cap {
                self.kept.pop_last();
            }
        }
    }

    fn samples(self) -> Vec<Sample> {
        self.kept.into_values().map(|(sample, _)| sample).collect()
    }
}

/// The id of a row as text.
fn id_of(fact: &Fact) -> String {
    fact.text.as_ref().map_or_else(|| spelt(fact.key), |text| text.to_string())
}

/// Compares a file of two packages.
///
/// # Errors
/// [`ReadError`] when one of them cannot be read to its end.
pub fn merge(
    packages: [&PackageReader; 2],
    sides: &mut [Side; 2],
    wanted: Wanted,
    lists: &mut Lists,
    options: &Options,
) -> Result<FileDiff, ReadError> {
    let file = wanted.file;
    let first = Merge::new(wanted.clone(), lists, options, false).run(packages, sides)?;
    match first {
        Some(found) => Ok(found),
        // With every id kept there is no doubt left.
        None => Ok(Merge::new(wanted, lists, options, true)
            .run(packages, sides)?
            .unwrap_or_else(|| FileDiff::new(file))),
    }
}

impl<'a> Merge<'a> {
    fn new(wanted: Wanted, lists: &'a mut Lists, options: &'a Options, careful: bool) -> Merge<'a> {
        let only = options.school.as_ref().map(|school| lists.school(school));
        let cap = options.samples;
        Merge {
            columns: vec![0; wanted.columns.len()],
            out: FileDiff::new(wanted.file),
            wanted,
            options,
            lists,
            translations: [Vec::new(), Vec::new()],
            only,
            rooms: [Room::default(), Room::default()],
            detailed: 0,
            numbers: [0; 2],
            matched: Vec::new(),
            seen: careful.then(Default::default),
            is_doubtful: false,
            unresolved: KeySet::default(),
            schools: Vec::new(),
            changed: Smallest::new(cap),
            moved: [Smallest::new(cap), Smallest::new(cap)],
            school_examples: BTreeMap::new(),
        }
    }

    /// Compares; `None` when ids stand twice and not every id was kept.
    fn run(
        mut self,
        packages: [&PackageReader; 2],
        sides: &mut [Side; 2],
    ) -> Result<Option<FileDiff>, ReadError> {
        let wanted = self.wanted.clone();
        both(packages, sides, &wanted, |from| self.read(from))?;
        if self.is_doubtful || (self.seen.is_none() && self.is_repeated()) {
            return Ok(None);
        }
        self.settle();
        let keys: Vec<Key> = {
            let mut keys: Vec<Key> = std::mem::take(&mut self.unresolved).into_iter().collect();
            keys.sort_unstable();
            keys
        };
        for part in keys.chunks(DETAILED) {
            let mut part: KeySet = part.iter().copied().collect();
            self.resolve(packages, sides, &mut part)?;
        }
        Ok(Some(self.finish()))
    }

    /// Takes the batches of both sides, from the side that is behind.
    fn read(&mut self, from: [&Receiver<Result<Batch, ReadError>>; 2]) -> Result<(), ReadError> {
        let mut open = [true; 2];
        while open != [false; 2] {
            let side = match open {
                [true, true] => usize::from(self.numbers[NEW] < self.numbers[OLD]),
                _ => usize::from(open[NEW]),
            };
            match from[side].recv() {
                Ok(batch) => self.batch(side, batch?),
                Err(_) => open[side] = false,
            }
        }
        Ok(())
    }

    fn batch(&mut self, side: usize, batch: Batch) {
        for list in &batch.lists {
            let mut numbers: Vec<u32> = list.iter().map(|school| self.lists.school(school)).collect();
            let number = self.lists.list(&mut numbers);
            self.translations[side].push(number);
        }
        let width = if self.wanted.cells { self.wanted.columns.len() } else { 0 };
        for (n, mut fact) in batch.rows.into_iter().enumerate() {
            let number = self.numbers[side];
            self.numbers[side] += 1;
            fact.list = self.translations[side].get(fact.list as usize).copied().unwrap_or_default();
            let cells = batch.cells.get(n * width..(n + 1) * width).unwrap_or_default();
            self.row(side, fact, number, cells);
        }
    }

    fn row(&mut self, side: usize, fact: Fact, number: u64, cells: &[u64]) {
        if let Some(seen) = &mut self.seen
            && !seen[side].insert(fact.key)
        {
            self.out.repeated[side] += 1;
            return;
        }
        if let Some(other) = self.rooms[1 - side].remove(&fact.key) {
            let (other, other_number, known) = other.open(fact.key);
            self.detailed -= usize::from(known.is_some());
            if self.seen.is_none() {
                self.matched.push(fact.key);
            }
            let known = known.as_deref().filter(|_| !cells.is_empty()).map(|known| (known, cells));
            match side {
                OLD => self.pair((&fact, number), (&other, other_number), known),
                _ => self.pair((&other, other_number), (&fact, number), known),
            }
            return;
        }
        let cells = (!cells.is_empty() && self.detailed < DETAILED).then(|| cells.into());
        self.detailed += usize::from(cells.is_some());
        let key = fact.key;
        if self.rooms[side].insert(key, Waiting::new(fact, number, cells)).is_some() {
            self.is_doubtful = true;
        }
    }

    /// Whether an id that was matched has come again, which no valid package has.
    fn is_repeated(&mut self) -> bool {
        self.matched.par_sort_unstable();
        let twice = self.matched.windows(2).any(|pair| pair[0] == pair[1]);
        let left = self.rooms.iter().flat_map(|room| room.keys());
        let twice = twice || left.into_iter().any(|key| self.matched.binary_search(key).is_ok());
        self.matched = Vec::new();
        twice
    }

    fn school(&mut self, school: u32) -> &mut SchoolChange {
        let at = school as usize;
        if self.schools.len() <= at {
            self.schools.resize(at + 1, SchoolChange::default());
        }
        &mut self.schools[at]
    }

    /// Whether a row with these schools is asked for.
    fn counts(&self, list: u32) -> bool {
        self.only.is_none_or(|school| self.lists.members(list).contains(&school))
    }

    fn sample(&self, fact: &Fact, list: u32, cells: Vec<CellChange>) -> Sample {
        let schools = self.lists.ids(list).iter().map(ToString::to_string).collect();
        Sample { id: id_of(fact), schools, cells, ..Sample::default() }
    }

    /// The same id on both sides.
    fn pair(
        &mut self,
        (old, old_number): (&Fact, u64),
        (new, new_number): (&Fact, u64),
        cells: Option<(&[u64], &[u64])>,
    ) {
        let differs = old.digest != new.digest;
        let then = self.lists.shared(old.list);
        for school in &*then {
            self.school(*school).ids.before += 1;
        }
        match (self.counts(old.list), self.counts(new.list)) {
            (true, true) => {
                self.out.ids.before += 1;
                self.out.ids.after += 1;
                self.out.restamped += u64::from(!differs && old.stamp != new.stamp);
                if differs {
                    self.out.changed += 1;
                    let columns = self.differing(cells);
                    if self.wanted.cells && columns.is_none() {
                        self.unresolved.insert(new.key);
                    }
                    if self.changed.wants(new_number) {
                        let sample = self.sample(new, new.list, columns.unwrap_or_default());
                        self.changed.add(new_number, new.key, || sample);
                    }
                }
            }
            // Moved away from the school that is asked for, or to it.
            (true, false) => {
                self.out.ids.before += 1;
                self.out.ids.removed += 1;
                self.keep(OLD, old, old_number);
            }
            (false, true) => {
                self.out.ids.after += 1;
                self.out.ids.added += 1;
                self.keep(NEW, new, new_number);
            }
            (false, false) => {}
        }
        if old.list == new.list {
            for school in then.iter().filter(|_| differs) {
                self.school(*school).changed += 1;
            }
            return;
        }
        let now = self.lists.shared(new.list);
        for school in &*then {
            if now.contains(school) {
                self.school(*school).changed += u64::from(differs);
            } else {
                self.school(*school).ids.removed += 1;
                self.school_example(*school, old, old_number);
            }
        }
        for school in now.iter().filter(|school| !then.contains(school)) {
            self.school(*school).ids.added += 1;
        }
    }

    fn keep(&mut self, side: usize, fact: &Fact, number: u64) {
        if self.moved[side].wants(number) {
            let sample = self.sample(fact, fact.list, Vec::new());
            self.moved[side].add(number, fact.key, || sample);
        }
    }

    fn school_example(&mut self, school: u32, fact: &Fact, number: u64) {
        let cap = self.options.school_samples;
        if cap > 0 {
            let kept = self.school_examples.entry(school).or_insert_with(|| Smallest::new(cap));
            kept.add(number, fact.key, || Sample { id: id_of(fact), ..Sample::default() });
        }
    }

    /// Counts the columns that differ and names them; `None` when the cells of one side are not known.
    fn differing(&mut self, cells: Option<(&[u64], &[u64])>) -> Option<Vec<CellChange>> {
        let (old, new) = cells?;
        let mut found = Vec::new();
        for (n, (old, new)) in old.iter().zip(new).enumerate() {
            if old != new {
                self.columns[n] += 1;
                found.push(CellChange { column: self.wanted.columns[n].clone(), ..CellChange::default() });
            }
        }
        Some(found)
    }

    /// Counts what found nobody.
    fn settle(&mut self) {
        for side in [OLD, NEW] {
            for (key, waiting) in std::mem::take(&mut self.rooms[side]) {
                let (fact, number, _) = waiting.open(key);
                if self.counts(fact.list) {
                    self.keep(side, &fact, number);
                    let ids = &mut self.out.ids;
                    let (here, fate) = match side {
                        OLD => (&mut ids.before, &mut ids.removed),
                        _ => (&mut ids.after, &mut ids.added),
                    };
                    (*here, *fate) = (*here + 1, *fate + 1);
                }
                for school in self.lists.shared(fact.list).iter() {
                    let ids = &mut self.school(*school).ids;
                    match side {
                        OLD => (ids.before, ids.removed) = (ids.before + 1, ids.removed + 1),
                        _ => ids.added += 1,
                    }
                    if side == OLD {
                        self.school_example(*school, &fact, number);
                    }
                }
            }
        }
    }

    /// Finds the columns of changed rows whose cells were not kept.
    fn resolve(
        &mut self,
        packages: [&PackageReader; 2],
        sides: &mut [Side; 2],
        keys: &mut KeySet,
    ) -> Result<(), ReadError> {
        let wanted = self.wanted.clone();
        let width = wanted.columns.len();
        let mut known: KeyMap<(usize, Box<[u64]>)> = KeyMap::default();
        both(packages, sides, &wanted, |from| {
            let mut open = [true; 2];
            let mut side = OLD;
            while open[side] {
                let batch = match from[side].recv() {
                    Ok(batch) => batch?,
                    Err(_) => {
                        open[side] = false;
                        side = if open[NEW] { NEW } else { OLD };
                        continue;
                    }
                };
                for (fact, cells) in batch.rows.iter().zip(batch.cells.chunks(width.max(1))) {
                    if side == OLD && keys.remove(&fact.key) {
                        known.insert(fact.key, (side, cells.into()));
                    } else if side == NEW
                        && let Some((_, old)) = known.remove(&fact.key)
                    {
                        let cells = self.differing(Some((&old, cells))).unwrap_or_default();
                        let kept = self.changed.kept.values_mut().find(|(_, key)| *key == fact.key);
                        if let Some((sample, _)) = kept {
                            sample.cells = cells;
                        }
                    }
                }
            }
            Ok(())
        })
    }

    fn finish(mut self) -> FileDiff {
        for numbers in &mut self.schools {
            numbers.ids.after = numbers.ids.before - numbers.ids.removed + numbers.ids.added;
        }
        let named = self.schools.iter().enumerate().filter(|(school, numbers)| {
            numbers.ids.before + numbers.ids.after > 0
                && self.only.is_none_or(|only| only as usize == *school)
        });
        let name = |school: usize| self.lists.names.get(school).map(ToString::to_string).unwrap_or_default();
        self.out.schools = named.map(|(school, numbers)| (name(school), *numbers)).collect();
        let examples = std::mem::take(&mut self.school_examples).into_iter();
        self.out.school_examples = examples
            .map(|(school, kept)| (name(school as usize), kept.samples().into_iter().map(|s| s.id).collect()))
            .collect();
        let columns = self.wanted.columns.iter().cloned().zip(self.columns);
        self.out.columns = columns.filter(|(_, count)| *count > 0).collect();
        self.out.changed_samples = self.changed.samples();
        let [removed, added] = self.moved;
        (self.out.removed_samples, self.out.added_samples) = (removed.samples(), added.samples());
        self.out
    }
}

/// Reads a file of both packages on a thread each, while somebody takes what they send.
fn both(
    packages: [&PackageReader; 2],
    sides: &mut [Side; 2],
    wanted: &Wanted,
    take: impl FnOnce([&Receiver<Result<Batch, ReadError>>; 2]) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    std::thread::scope(|scope| {
        let mut receivers = Vec::with_capacity(2);
        for (package, side) in packages.into_iter().zip(sides) {
            let (to, from) = sync_channel(2);
            let sender = std::thread::Builder::new();
            let started = sender.spawn_scoped(scope, move || send(package, wanted, side, &to));
            started.map_err(|error| ReadError {
                path: package.path().to_owned(),
                entry: Some(wanted.file.csv_name().to_owned()),
                reason: format!("the system starts no thread to read it ({error})"),
            })?;
            receivers.push(from);
        }
        match &receivers[..] {
            [old, new] => take([old, new]),
            _ => Ok(()),
        }
        // The receivers go here, so that whoever still sends learns that nobody listens.
    })
}
