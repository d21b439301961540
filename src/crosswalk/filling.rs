//! Seed files filled with what a source contains: written anew, or an existing one extended.
//!
//! In: a seed's declaration, the values in use with their rows, and for an existing file its bytes. Out: the text of the
//! file, and what in it waits for an answer. Known values get the shipped answer; an unknown one gets none, and a mark in
//! the column [`UNDECIDED`] by which it stays unknown to an export until somebody answers. Opens no file.

use std::collections::BTreeMap;

use super::error::CrosswalkError;
use super::fold;
use super::seed::{ROWS, Seed, UNDECIDED};
use super::sheet::{self, Row};
use super::suggestion::suggest;

/// A descriptor value that rows of the source use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// Its namespace.
    pub namespace: String,
    /// Its code value.
    pub value: String,
    /// How many rows use it.
    pub rows: u64,
}

/// A value that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// The value.
    pub value: String,
    /// How many rows use it.
    pub rows: u64,
    /// What stands in the column [`UNDECIDED`].
    pub hint: String,
}

/// A seed file, filled.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The file.
    pub text: String,
    /// Values in use that the file knows or got.
    pub values: usize,
    /// Values that were added with the shipped answer.
    pub answered: usize,
    /// Values that were added without one, those of most rows first.
    pub undecided: Vec<Undecided>,
    /// All values in use that wait for an answer, those that already did included.
    pub waits: usize,
    /// Values in use that no line of CSV can hold: they have a line break, or are blank.
    pub unwritable: usize,
}

/// What stands in [`UNDECIDED`] where nothing is like the value.
const NO_HINT: &str = "no suggestion";

/// One value in all its spellings and namespaces.
struct Merged<'a> {
    /// The spelling of most rows.
    spelling: &'a str,
    of_spelling: u64,
    rows: u64,
    uses: Vec<&'a InUse>,
}

/// Values by what they are matched by: surrounding space and case do not count.
fn merge(used: &[InUse]) -> (BTreeMap<String, Merged<'_>>, usize) {
    let (mut merged, mut unwritable) = (BTreeMap::<String, Merged<'_>>::new(), 0);
    // In one order, whatever that of the source: of two spellings of as many rows the first stays.
    let mut used: Vec<&InUse> = used.iter().collect();
    used.sort_by(|a, b| (&a.value, &a.namespace).cmp(&(&b.value, &b.namespace)));
    for one in used {
        let spelling = one.value.trim();
        if spelling.is_empty() || spelling.contains(['\n', '\r']) {
            unwritable += 1;
            continue;
        }
        let so_far = merged.entry(fold(spelling)).or_insert(Merged {
            spelling,
            of_spelling: one.rows,
            rows: 0,
            uses: Vec::new(),
        });
        if one.rows > so_far.of_spelling {
            (so_far.spelling, so_far.of_spelling) = (spelling, one.rows);
        }
        so_far.rows += one.rows;
        so_far.uses.push(one);
    }
    (merged, unwritable)
}

/// The shipped rows of a seed.
fn shipped(seed: &'static Seed) -> Result<Vec<Row>, CrosswalkError> {
    seed.default.map_or(Ok(Vec::new()), |text| Ok(sheet::read(seed.file, text.as_bytes(), seed)?.rows))
}

/// Those that wait for an answer, in the order in which they are shown.
fn ordered(mut undecided: Vec<Undecided>) -> Vec<Undecided> {
    undecided.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.value.cmp(&b.value)));
    undecided
}

fn undecided(seed: &Seed, merged: &Merged<'_>, shipped: &[Row]) -> Undecided {
    let hint = suggest(seed, merged.spelling, shipped).unwrap_or_else(|| NO_HINT.to_owned());
    Undecided { value: merged.spelling.to_owned(), rows: merged.rows, hint }
}

/// Writes records as a seed file has them.
struct Lines {
    writer: csv::Writer<Vec<u8>>,
}

impl Lines {
    fn new(line_end: &str) -> Lines {
        let terminator = if line_end == "\r\n" { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        // The rows of an existing file may be shorter than its header asks for; they are refused when it is read.
        let writer = csv::WriterBuilder::new().flexible(true).terminator(terminator).from_writer(Vec::new());
        Lines { writer }
    }

    fn add<T: AsRef<[u8]>>(&mut self, cells: impl IntoIterator<Item = T>) {
        // Writing to memory does not fail.
        let _ = self.writer.write_record(cells);
    }

    fn text(self) -> String {
        String::from_utf8(self.writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

/// A new seed file: first what waits for an answer, then what is in use and known, then what is known and not in use, so
/// that a value which comes into use later is as known as it is to the shipped file.
///
/// # Errors
/// None as long as the shipped seeds are sound, which a test sees to.
pub fn fresh(seed: &'static Seed, used: &[InUse]) -> Result<Filled, CrosswalkError> {
    let shipped = shipped(seed)?;
    let (mut merged, unwritable) = merge(used);
    let values = merged.len();
    let (mut known, mut idle) = (Vec::new(), Vec::new());
    for row in &shipped {
        match merged.remove(&fold(&row.key)) {
            Some(found) => known.push((found.spelling, found.rows, row)),
            None => idle.push((row.key.as_str(), 0, row)),
        }
    }
    let answered = known.len();
    let waiting = ordered(merged.values().map(|found| undecided(seed, found, &shipped)).collect());
    let mut lines = Lines::new("\n");
    let key = seed.keys.first().copied().unwrap_or_default();
    let names = seed.answers.iter().map(|column| column.name);
    lines.add(std::iter::once(key).chain(names).chain([UNDECIDED, ROWS]));
    let blank = vec![String::new(); seed.answers.len()];
    let mut add = |value: &str, answers: &[String], hint: &str, rows: u64| {
        let rows = rows.to_string();
        let answers = answers.iter().map(String::as_str);
        lines.add(std::iter::once(value).chain(answers).chain([hint, rows.as_str()]));
    };
    for one in &waiting {
        add(&one.value, &blank, &one.hint, one.rows);
    }
    for (value, rows, row) in known.into_iter().chain(idle) {
        add(value, &row.answers, "", rows);
    }
    let waits = waiting.len();
    Ok(Filled { text: lines.text(), values, answered, undecided: waiting, waits, unwritable })
}

/// An existing seed file with the values that it lacks at its end; all else stays as it is, byte for byte, but that every
/// row gets a cell more where the column [`UNDECIDED`] is missing and needed. `knows` says of a namespace and a value
/// whether the file answers it already.
///
/// # Errors
/// The file is no sound seed.
pub fn extend(
    seed: &'static Seed,
    file: &str,
    bytes: &[u8],
    used: &[InUse],
    knows: &dyn Fn(&str, &str) -> bool,
) -> Result<Filled, CrosswalkError> {
    let present = sheet::read(file, bytes, seed)?.rows;
    let shipped = shipped(seed)?;
    let (merged, unwritable) = merge(used);
    let values = merged.len();
    let waits = |folded: &str| present.iter().any(|row| row.undecided && fold(&row.key) == folded);
    let unknown = |found: &Merged<'_>| found.uses.iter().any(|one| !knows(&one.namespace, &one.value));
    let (old, mut lacking): (Vec<_>, BTreeMap<String, Merged<'_>>) = {
        let unknown = merged.into_iter().filter(|(_, found)| unknown(found));
        let (old, new): (Vec<_>, Vec<_>) = unknown.partition(|(folded, _)| waits(folded));
        (old, new.into_iter().collect())
    };
    // In the order of the shipped file, in which grades follow each other.
    let mut answered = Vec::new();
    for row in &shipped {
        answered.extend(lacking.remove(&fold(&row.key)).map(|found| (found.spelling, found.rows, row)));
    }
    let waiting: Vec<Undecided> = lacking.values().map(|found| undecided(seed, found, &shipped)).collect();
    let waiting = ordered(waiting);
    let text = String::from_utf8_lossy(bytes).into_owned();
    let waits = old.len() + waiting.len();
    let mut filled = Filled { text, values, answered: answered.len(), undecided: waiting, waits, unwritable };
    if filled.answered == 0 && filled.undecided.is_empty() {
        return Ok(filled);
    }
    if !filled.undecided.is_empty() && sheet::header(file, &filled.text, seed)?.undecided.is_none() {
        filled.text = with_column(&filled.text, UNDECIDED);
    }
    let header = sheet::header(file, &filled.text, seed)?;
    let line_end = if filled.text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines = Lines::new(line_end);
    let blank = vec![String::new(); seed.answers.len()];
    let mut add = |value: &str, answers: &[String], hint: &str, rows: u64| {
        let mut cells = vec![String::new(); header.width];
        let mut put = |at: Option<usize>, text: &str| {
            if let Some(cell) = at.and_then(|at| cells.get_mut(at)) {
                text.clone_into(cell);
            }
        };
        put(Some(header.key), value);
        put(header.undecided, hint);
        put(header.rows, &rows.to_string());
        for (&at, answer) in header.answers.iter().zip(answers) {
            put(at, answer);
        }
        lines.add(&cells);
    };
    for (value, rows, row) in answered {
        add(value, &row.answers, "", rows);
    }
    for one in &filled.undecided {
        add(&one.value, &blank, &one.hint, one.rows);
    }
    if !filled.text.ends_with(['\n', '\r']) {
        filled.text.push_str(line_end);
    }
    filled.text += &lines.text();
    Ok(filled)
}

/// The text with a column more at the end of its header. Rows get a blank cell where they are shorter.
fn with_column(text: &str, name: &str) -> String {
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(body.as_bytes());
    let mut record = csv::StringRecord::new();
    let (mut out, mut copied, mut width) = (mark.to_owned(), 0, None);
    while let Ok(true) = reader.read_record(&mut record) {
        let blank = record.iter().all(|cell| cell.trim().is_empty());
        let cell = match width {
            // Whatever stands above the header is passed over when the file is read.
            None if blank => continue,
            None => name,
            Some(width) if record.len() > width => continue,
            Some(_) => "",
        };
        width = width.or(Some(record.len()));
        let end = usize::try_from(reader.position().byte()).unwrap_or(body.len()).min(body.len());
        let content = body.get(copied..end).unwrap_or_default();
        let kept = content.trim_end_matches(['\n', '\r']);
        out += kept;
        out.push(',');
        out += cell;
        out += content.get(kept.len()..).unwrap_or_default();
        copied = end;
    }
    out += body.get(copied..).unwrap_or_default();
    out
}

#[cfg(test)]
mod tests;
