//! Two packages compared: which ids are gone, which are new, in every file and at every school.
//!
//! In: the package that was delivered last and the one that is to follow it, both streamed. Out: a [`Comparison`] of
//! exact numbers, with example ids where they are asked for. Memory is 32 bytes per distinct id of the largest file of
//! the older package (plus 20 per user where roles or demographics lead to schools). It judges nothing.
//!
//! What a school's rows are is read from the package itself: the columns that refer to orgs, for users of 1.2 their
//! rows in `roles.csv` as well, for demographics those of the user. An id that moves from one school to another is
//! gone from the one and new at the other, and unchanged in the file as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hasher;
use std::path::Path;

use csv::ByteRecord;
use rustc_hash::{FxBuildHasher, FxHasher};
use sha2::{Digest, Sha256};

use super::error::GuardError;
use crate::package::{PackageReader, Rows};
use crate::spec::{File, Version};

/// Numbers of distinct ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// In the older package.
    pub before: u64,
    /// In the newer package.
    pub after: u64,
    /// Only in the older one.
    pub removed: u64,
    /// Only in the newer one.
    pub added: u64,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Which file.
    pub file: File,
    /// All its ids.
    pub total: Change,
    /// Ids of both packages whose rows differ in some cell.
    pub changed_rows: u64,
    /// Per school, by the sourcedId of its org.
    pub schools: BTreeMap<String, Change>,
    /// Some ids that are gone, in the order of the older package; only where examples were asked for.
    pub examples: Vec<String>,
    /// The same per school.
    pub school_examples: BTreeMap<String, Vec<String>>,
}

/// What became of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Every file that one of the two holds, in alphabetical order.
    pub files: Vec<FileChange>,
}

/// A sourcedId in 16 bytes: what 32 hexadecimal digits say, else the beginning of a SHA-256.
type Key = [u8; 16];
type KeyMap<V> = HashMap<Key, V, FxBuildHasher>;
type Package = PackageReader<std::io::BufReader<std::fs::File>>;

fn key(id: &[u8]) -> Key {
    let mut key = [0; 16];
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        // Lower case alone, so that no two texts share a key.
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let plain = id.len() == 32
        && key.iter_mut().zip(id.chunks_exact(2)).all(|(to, pair)| match (digit(pair[0]), digit(pair[1])) {
            (Some(high), Some(low)) => {
                *to = high << 4 | low;
                true
            }
            _ => false,
        });
    if !plain {
        key.copy_from_slice(&Sha256::digest(id)[..16]);
    }
    key
}

/// Not in the newer package.
const GONE: u32 = u32::MAX;

/// An id of the older package: its schools then, its schools now, and its row's digest.
struct Entry {
    digest: u64,
    then: u32,
    now: u32,
}

/// Schools and lists of schools as numbers; list 0 is empty.
struct Schools {
    /// The orgs that are schools; `None` when no package says what its orgs are, so that each of them counts.
    known: Option<HashSet<Vec<u8>>>,
    names: Vec<String>,
    numbers: HashMap<Vec<u8>, u32>,
    lists: Vec<Vec<u32>>,
    list_numbers: HashMap<Vec<u32>, u32>,
}

impl Schools {
    fn read(packages: [&mut Package; 2]) -> Result<Schools, GuardError> {
        let mut known = None;
        for package in packages {
            let Some(mut rows) = package.rows(File::Orgs)? else { continue };
            let (id, kind) = (rows.demand("sourcedId")?, rows.demand("type")?);
            let schools: &mut HashSet<Vec<u8>> = known.get_or_insert_default();
            while let Some(row) = rows.next_row()? {
                if row.get(kind) == Some(b"school") {
                    schools.insert(row.get(id).unwrap_or_default().to_vec());
                }
            }
        }
        let lists = vec![Vec::new()];
        let list_numbers = HashMap::from([(Vec::new(), 0)]);
        Ok(Schools { known, names: Vec::new(), numbers: HashMap::new(), lists, list_numbers })
    }

    /// Adds the school with this id to a list; what is no school is passed over.
    fn add(&mut self, id: &[u8], list: &mut Vec<u32>) {
        if id.is_empty() || self.known.as_ref().is_some_and(|known| !known.contains(id)) {
            return;
        }
        let number = match self.numbers.get(id) {
            Some(number) => *number,
            None => {
                let number = self.names.len() as u32;
                self.names.push(String::from_utf8_lossy(id).into_owned());
                self.numbers.insert(id.to_vec(), number);
                number
            }
        };
        list.push(number);
    }

    /// The number of a list, whatever its order and repetitions.
    fn list(&mut self, list: &mut Vec<u32>) -> u32 {
        list.sort_unstable();
        list.dedup();
        if let Some(number) = self.list_numbers.get(list.as_slice()) {
            return *number;
        }
        let number = self.lists.len() as u32;
        self.lists.push(list.clone());
        self.list_numbers.insert(list.clone(), number);
        number
    }

    fn members(&self, list: u32) -> &[u32] {
        self.lists.get(list as usize).map(Vec::as_slice).unwrap_or_default()
    }
}

/// How the rows of a file lead to schools.
enum Way {
    /// A column holds one org, or several.
    Columns(Vec<usize>),
    /// The row has the id of a user.
    User,
}

impl Way {
    fn of(file: File, rows: &Rows<'_>) -> Way {
        if file == File::Demographics {
            return Way::User;
        }
        let leads_to_orgs = |name: &str| match file {
            File::Orgs => name == "sourcedId",
            _ => Version::ALL.into_iter().any(|version| {
                let column = version.file(file).and_then(|spec| spec.column(name));
                column.and_then(|column| column.target()) == Some(File::Orgs)
            }),
        };
        let header = rows.header().iter().enumerate();
        Way::Columns(header.filter(|(_, name)| leads_to_orgs(name)).map(|(at, _)| at).collect())
    }
}

/// One side of the comparison: what users have to do with schools there.
#[derive(Default)]
struct Side {
    /// Orgs of users by their roles (1.2).
    roles: KeyMap<u32>,
    /// All orgs of users, kept for demographics.
    users: KeyMap<u32>,
    keep_users: bool,
}

impl Side {
    /// Reads what roles say about users, where there are roles.
    fn read(package: &mut Package, schools: &mut Schools) -> Result<Side, GuardError> {
        let mut side = Side { keep_users: package.files().contains(&File::Demographics), ..Side::default() };
        let Some(mut rows) = package.rows(File::Roles)? else { return Ok(side) };
        let (user, org) = (rows.demand("userSourcedId")?, rows.demand("orgSourcedId")?);
        let mut list = Vec::new();
        while let Some(row) = rows.next_row()? {
            let known = side.roles.entry(key(row.get(user).unwrap_or_default())).or_default();
            list.clear();
            list.extend_from_slice(schools.members(*known));
            schools.add(row.get(org).unwrap_or_default(), &mut list);
            *known = schools.list(&mut list);
        }
        Ok(side)
    }

    /// The schools of a row.
    fn schools(&mut self, file: File, way: &Way, key: &Key, row: &ByteRecord, schools: &mut Schools) -> u32 {
        let columns = match way {
            Way::User => return self.users.get(key).copied().unwrap_or_default(),
            Way::Columns(columns) => columns,
        };
        let by_role = if file == File::Users { self.roles.get(key).copied() } else { None };
        let mut list = by_role.map(|list| schools.members(list).to_vec()).unwrap_or_default();
        for cell in columns.iter().filter_map(|at| row.get(*at)) {
            cell.split(|byte| *byte == b',').for_each(|id| schools.add(id, &mut list));
        }
        let list = schools.list(&mut list);
        if file == File::Users && self.keep_users {
            self.users.insert(*key, list);
        }
        list
    }
}

/// A number that differs when a cell differs, but for accidents; the same in every run.
fn digest(row: &ByteRecord) -> u64 {
    let mut hasher = FxHasher::default();
    for cell in row {
        hasher.write(cell);
        hasher.write_usize(cell.len());
    }
    hasher.finish()
}

/// Files in the order in which they are read: demographics need users.
fn order(file: &File) -> (bool, File) {
    (*file == File::Demographics, *file)
}

/// Compares two packages, with up to `examples` ids that are gone per file and school. Files that are not `wanted`
/// may be passed over.
///
/// # Errors
/// [`GuardError`] when one of them cannot be read, or is no bulk package.
pub(super) fn compare(
    older: &Path,
    newer: &Path,
    wanted: Option<&BTreeSet<File>>,
    examples: usize,
) -> Result<Comparison, GuardError> {
    let mut packages = [open_bulk(older)?, open_bulk(newer)?];
    let mut files: Vec<File> = packages.iter().flat_map(|p| p.files().iter().copied()).collect();
    files.sort_by_key(order);
    files.dedup();
    if let Some(wanted) = wanted {
        let users = wanted.contains(&File::Demographics);
        files.retain(|file| wanted.contains(file) || (users && *file == File::Users));
    }
    let [old, new] = &mut packages;
    let mut schools = Schools::read([old, new])?;
    let mut sides = [Side::read(old, &mut schools)?, Side::read(new, &mut schools)?];
    let mut comparison = Comparison::default();
    for file in files {
        let mut entries = KeyMap::default();
        if let Some(mut rows) = old.rows(file)? {
            each(file, &mut rows, &mut sides[0], &mut schools, |key, list, row, _| {
                entries.entry(key).or_insert(Entry { digest: digest(row), then: list, now: GONE });
            })?;
        }
        let mut change = FileChange {
            file,
            total: Change { before: entries.len() as u64, ..Change::default() },
            changed_rows: 0,
            schools: BTreeMap::new(),
            examples: Vec::new(),
            school_examples: BTreeMap::new(),
        };
        // By number of the school; names come last.
        let mut by_school: Vec<Change> = Vec::new();
        let mut added: HashSet<Key, FxBuildHasher> = HashSet::default();
        if let Some(mut rows) = new.rows(file)? {
            each(file, &mut rows, &mut sides[1], &mut schools, |key, list, row, schools| {
                match entries.get_mut(&key) {
                    Some(entry) if entry.now == GONE => {
                        entry.now = list;
                        change.changed_rows += u64::from(entry.digest != digest(row));
                    }
                    Some(_) => {}
                    None if added.insert(key) => {
                        schools.members(list).iter().for_each(|s| count(&mut by_school, *s).added += 1);
                    }
                    None => {}
                }
            })?;
        }
        for entry in entries.values() {
            let then = schools.members(entry.then);
            then.iter().for_each(|school| count(&mut by_school, *school).before += 1);
            if entry.now == GONE {
                change.total.removed += 1;
            }
            if entry.now != entry.then {
                let now = if entry.now == GONE { &[] } else { schools.members(entry.now) };
                let lost = then.iter().filter(|school| !now.contains(school));
                lost.for_each(|school| count(&mut by_school, *school).removed += 1);
                let won = now.iter().filter(|school| !then.contains(school));
                won.for_each(|school| count(&mut by_school, *school).added += 1);
            }
        }
        change.total.added = added.len() as u64;
        change.total.after = change.total.before - change.total.removed + change.total.added;
        for (school, numbers) in by_school.iter_mut().enumerate() {
            numbers.after = numbers.before - numbers.removed + numbers.added;
            if numbers.before + numbers.after > 0 {
                change.schools.insert(schools.names[school].clone(), *numbers);
            }
        }
        if examples > 0 && by_school.iter().any(|s| s.removed > 0) | (change.total.removed > 0) {
            collect_examples(old, &mut change, &entries, &schools, examples)?;
        }
        comparison.files.push(change);
    }
    comparison.files.sort_by_key(|change| change.file);
    comparison.files.retain(|change| wanted.is_none_or(|wanted| wanted.contains(&change.file)));
    Ok(comparison)
}

fn count(by_school: &mut Vec<Change>, school: u32) -> &mut Change {
    let at = school as usize;
    if by_school.len() <= at {
        by_school.resize(at + 1, Change::default());
    }
    &mut by_school[at]
}

/// Calls for every row: its key, the list of its schools, the row.
fn each(
    file: File,
    rows: &mut Rows<'_>,
    side: &mut Side,
    schools: &mut Schools,
    mut told: impl FnMut(Key, u32, &ByteRecord, &Schools),
) -> Result<(), GuardError> {
    let id = rows.demand("sourcedId")?;
    let way = Way::of(file, rows);
    while let Some(row) = rows.next_row()? {
        let key = key(row.get(id).unwrap_or_default());
        let list = side.schools(file, &way, &key, row, schools);
        told(key, list, row, schools);
    }
    Ok(())
}

/// Reads the older file once more for ids that are gone: keys alone do not say how an id is spelt.
fn collect_examples(
    old: &mut Package,
    change: &mut FileChange,
    entries: &KeyMap<Entry>,
    schools: &Schools,
    cap: usize,
) -> Result<(), GuardError> {
    let Some(mut rows) = old.rows(change.file)? else { return Ok(()) };
    let id = rows.demand("sourcedId")?;
    while let Some(row) = rows.next_row()? {
        let id = row.get(id).unwrap_or_default();
        let Some(entry) = entries.get(&key(id)) else { continue };
        if entry.now == entry.then {
            continue;
        }
        let text = || String::from_utf8_lossy(id).into_owned();
        if entry.now == GONE && change.examples.len() < cap {
            change.examples.push(text());
        }
        let now = if entry.now == GONE { &[] } else { schools.members(entry.now) };
        for school in schools.members(entry.then).iter().filter(|school| !now.contains(school)) {
            let name = schools.names[*school as usize].clone();
            let kept = change.school_examples.entry(name).or_default();
            if kept.len() < cap {
                kept.push(text());
            }
        }
    }
    Ok(())
}

/// Opens a package whose files are the whole truth: in a delta, a missing row means nothing.
fn open_bulk(path: &Path) -> Result<Package, GuardError> {
    let mut package = PackageReader::open(path)?;
    let manifest = package.manifest()?.unwrap_or_default();
    for file in package.files() {
        if manifest.get(&format!("file.{file}")).is_some_and(|mode| mode == "delta") {
            return Err(GuardError::Delta { path: path.to_owned(), file: *file });
        }
    }
    Ok(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_never_share_a_key() {
        let hex = "00112233445566778899aabbccddeeff";
        assert_eq!(key(hex.as_bytes()).as_slice(), hex::decode(hex).unwrap());
        let others =
            [hex.to_uppercase(), format!("{hex}0"), hex[1..].to_owned(), "staff-1".into(), String::new()];
        let mut keys: HashSet<Key> = others.iter().map(|id| key(id.as_bytes())).collect();
        keys.insert(key(hex.as_bytes()));
        assert_eq!(keys.len(), others.len() + 1);
    }

    #[test]
    fn a_digest_sees_where_cells_end() {
        let row = |cells: &[&str]| digest(&ByteRecord::from(cells.to_vec()));
        assert_eq!(row(&["a", "b"]), row(&["a", "b"]));
        assert_ne!(row(&["ab", ""]), row(&["a", "b"]));
        assert_ne!(row(&["a", "b"]), row(&["b", "a"]));
    }
}
