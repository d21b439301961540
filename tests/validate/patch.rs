//! Packages with exactly one fault, written as a patch on a valid one.
//!
//! In: a `.fault` file: a title, `base NAME`, operations one a line, and behind `---` the notices that it gives. Out:
//! the package as a zip. Values may hold `\n \r \t \0 \\ \xNN`. Operations are listed in `tests/packages/README.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rosterpack::consumer::{self, Consumer};
use rosterpack::day::Day;
use rosterpack::package::read::Limits;

use crate::zipper::{Entry, Zip};

/// A parsed `.fault` file.
pub struct Fault {
    /// File name without the end; starts with the code.
    pub name: String,
    pub title: String,
    pub base: String,
    pub zip: Zip,
    /// The files before the patch.
    pub before: BTreeMap<String, Vec<u8>>,
    pub limits: Limits,
    pub as_of: Option<Day>,
    /// Consumers whose demands are judged too.
    pub consumers: Vec<&'static Consumer>,
    /// What the package is called.
    pub called: Option<String>,
    /// How large it is said to be.
    pub weighs: Option<u64>,
    /// Codes that cannot but come along.
    pub also: Vec<String>,
    /// Operations as written.
    pub operations: Vec<String>,
    /// What stands behind `---`.
    pub expected: String,
    pub path: PathBuf,
}

pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages").join(name)
}

/// The files of a valid package.
pub fn valid(name: &str) -> BTreeMap<String, Vec<u8>> {
    let items = fs::read_dir(folder("valid").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let paths = items.map(|item| item.unwrap().path());
    paths
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect()
}

/// Names of the valid packages.
pub fn valid_names() -> Vec<String> {
    let items = fs::read_dir(folder("valid")).unwrap();
    let mut names: Vec<String> = items.map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every `.fault` file, by name.
pub fn faults() -> Vec<Fault> {
    let items = fs::read_dir(folder("faults")).unwrap();
    let mut paths: Vec<PathBuf> = items.map(|item| item.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(Fault::read).collect()
}

/// `\n`, `\xff` and the like as bytes.
fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut n, mut out) = (0, Vec::new());
    while n < bytes.len() {
        if bytes[n] != b'\\' {
            out.push(bytes[n]);
            n += 1;
            continue;
        }
        n += 2;
        out.push(match bytes[n - 1] {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'0' => 0,
            b'\\' => b'\\',
            b's' => b' ',
            b'x' => {
                n += 2;
                u8::from_str_radix(&text[n - 2..n], 16).unwrap()
            }
            other => panic!("{text}: \\{}", char::from(other)),
        });
    }
    out
}

type Rows = Vec<Vec<Vec<u8>>>;

pub fn parse(bytes: &[u8]) -> Rows {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    reader.byte_records().map(|r| r.unwrap().iter().map(<[u8]>::to_vec).collect()).collect()
}

pub fn format(rows: &Rows) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        for (n, cell) in row.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            let quoted = cell.iter().any(|b| b",\"\r\n".contains(b));
            if quoted {
                out.push(b'"');
            }
            for b in cell {
                out.push(*b);
                if *b == b'"' {
                    out.push(b'"');
                }
            }
            if quoted {
                out.push(b'"');
            }
        }
        out.push(b'\n');
    }
    out
}

impl Fault {
    fn read(path: PathBuf) -> Fault {
        let text = fs::read_to_string(&path).unwrap();
        let (head, expected) = text.split_once("---\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let title = lines.next().unwrap().to_owned();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut fault = Fault {
            name,
            title,
            base: String::new(),
            zip: Zip::default(),
            before: BTreeMap::new(),
            limits: Limits::default(),
            as_of: None,
            consumers: Vec::new(),
            called: None,
            weighs: None,
            also: Vec::new(),
            operations: Vec::new(),
            expected: expected.to_owned(),
            path,
        };
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            fault.operations.push(line.to_owned());
            fault.apply(line);
        }
        fault
    }

    /// The rule that it is an example of.
    pub fn code(&self) -> &str {
        self.name.split('.').next().unwrap()
    }

    fn entry(&mut self, name: &str) -> &mut Entry {
        let found = self.zip.entries.iter_mut().find(|entry| entry.name == name.as_bytes());
        found.unwrap_or_else(|| panic!("no entry {name}"))
    }

    fn rows(&mut self, file: &str, change: impl FnOnce(&mut Rows)) {
        let entry = self.entry(file);
        let mut rows = parse(&entry.bytes);
        change(&mut rows);
        entry.bytes = format(&rows);
    }

    fn apply(&mut self, line: &str) {
        let (left, right) = match line.split_once(" = ") {
            Some((left, right)) => (left, unescape(right)),
            None => (line.strip_suffix(" =").unwrap_or(line), Vec::new()),
        };
        // What is looked for in a text may hold blanks.
        let most = if left.starts_with("text ") { 3 } else { usize::MAX };
        let words: Vec<&str> = left.splitn(most, ' ').collect();
        match words[..] {
            ["base", name] => {
                self.base = name.to_owned();
                self.before = valid(name);
                self.zip = Zip::of(&self.before);
            }
            ["also", code] => self.also.push(code.to_owned()),
            ["consumer", id] => self.consumers.push(consumer::find(id).expect(id)),
            ["called", name] => self.called = Some(name.to_owned()),
            ["weighs", bytes] => self.weighs = Some(bytes.parse().unwrap()),
            ["many", count, file] => {
                let line = String::from_utf8(right).unwrap();
                let entry = self.entry(file);
                for n in 0..count.parse().unwrap() {
                    let n: u32 = n;
                    entry.bytes.extend(line.replace('#', &n.to_string()).bytes());
                    entry.bytes.push(b'\n');
                }
            }
            ["crlf", file] => {
                let entry = self.entry(file);
                let text = String::from_utf8(entry.bytes.clone()).unwrap();
                entry.bytes = text.replace('\n', "\r\n").into_bytes();
            }
            ["as-of", day] => self.as_of = Day::parse(day.as_bytes()),
            ["set", file, key, column] => self.rows(file, |rows| {
                let at = rows[0].iter().position(|name| name == column.as_bytes()).expect(column);
                let row = rows.iter_mut().skip(1).find(|row| row[0] == key.as_bytes()).expect(key);
                row[at] = right;
            }),
            ["drop", file, key] => self.rows(file, |rows| {
                let before = rows.len();
                rows.retain(|row| row[0] != key.as_bytes());
                assert!(rows.len() < before, "{file} has no {key}");
            }),
            ["repeat", file, key] => self.rows(file, |rows| {
                let row = rows.iter().find(|row| row[0] == key.as_bytes()).expect(key).clone();
                rows.push(row);
            }),
            ["add", file] => {
                let entry = self.entry(file);
                entry.bytes.extend(right);
                entry.bytes.push(b'\n');
            }
            ["drop-column", file, column] => self.rows(file, |rows| {
                let at = rows[0].iter().position(|name| name == column.as_bytes()).expect(column);
                rows.iter_mut().for_each(|row| drop(row.remove(at)));
            }),
            ["move-column", file, column, to] => self.rows(file, |rows| {
                let at = rows[0].iter().position(|name| name == column.as_bytes()).expect(column);
                for row in rows {
                    let cell = row.remove(at);
                    row.insert(to.parse().unwrap(), cell);
                }
            }),
            ["insert-column", file, at, name] => self.rows(file, |rows| {
                for (n, row) in rows.iter_mut().enumerate() {
                    let cell = if n == 0 { name.as_bytes().to_vec() } else { right.clone() };
                    row.insert(at.parse().unwrap(), cell);
                }
            }),
            ["head", file, column] => self.rows(file, |rows| {
                let at = rows[0].iter().position(|name| name == column.as_bytes()).expect(column);
                rows[0][at] = right;
            }),
            ["text", file, from] => {
                let from = unescape(from);
                let entry = self.entry(file);
                let at = entry.bytes.windows(from.len()).position(|w| w == from).expect("no such text");
                entry.bytes.splice(at..at + from.len(), right);
            }
            ["file", file] => {
                let found = self.zip.entries.iter_mut().find(|entry| entry.name == file.as_bytes());
                match found {
                    Some(entry) => entry.bytes = right,
                    None => self.zip.entries.push(Entry::new(file.as_bytes(), right)),
                }
            }
            ["remove", file] => self.zip.entries.retain(|entry| entry.name != file.as_bytes()),
            ["name", file] => self.entry(file).name = right,
            ["fill", file, bytes] => {
                let bytes: usize = bytes.parse().unwrap();
                let line = right;
                let entry = self.entry(file);
                while entry.bytes.len() < bytes {
                    entry.bytes.extend(&line);
                    entry.bytes.push(b'\n');
                }
                entry.deflate = true;
            }
            ["fill-row", file, bytes] => {
                let bytes: usize = bytes.parse().unwrap();
                let entry = self.entry(file);
                entry.bytes.resize(bytes, b'x');
            }
            ["zip", "encrypted", file] => self.entry(file).flags |= 1,
            ["zip", "method", file] => self.entry(file).method = Some(12),
            ["zip", "link", file] => self.entry(file).link = true,
            ["zip", "twice", file] => {
                let entry = self.entry(file).clone();
                self.zip.entries.push(entry);
            }
            ["zip", "damaged", file] => self.entry(file).crc_xor = 1,
            ["zip", "size", file, size] => self.entry(file).size = Some(size.parse().unwrap()),
            ["zip", "local", file] => self.entry(file).local_name = Some(right),
            ["zip", "cut", bytes] => self.zip.cut = bytes.parse().unwrap(),
            ["limit", "entries", n] => self.limits.entries = n.parse().unwrap(),
            ["limit", "size", n] => self.limits.size = n.parse().unwrap(),
            ["limit", "ratio", n] => self.limits.ratio = n.parse().unwrap(),
            _ => panic!("{}: `{line}` is no operation", self.path.display()),
        }
    }

    /// The files that the patch touches, as they are afterwards.
    pub fn after(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = self.zip.entries.iter();
        entries.map(|e| (String::from_utf8_lossy(&e.name).into_owned(), e.bytes.clone())).collect()
    }
}
