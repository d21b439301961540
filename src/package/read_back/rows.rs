//! Rows of a package, read strictly and judged cell by cell.
//!
//! In: the text of whole rows, and what the file's columns demand. Out: how many rows, the ids that they define, the
//! references that could not be judged yet, or the first fault. It reads what this program writes: UTF-8, RFC 4180, the line
//! ends of the package's form; anything else is a fault, even where another reader would be lenient.

use crate::spec::{Column, File, FileSpec, Kind, Need};

use super::super::csv::CsvForm;
use super::ids::{Defined, Ids, parse};

/// What a column demands of its cells.
struct Demand<'d> {
    name: &'static str,
    required: bool,
    blank: bool,
    own_id: bool,
    target: Option<File>,
    list: bool,
    /// The ids of the target, when it has been read.
    there: Option<&'d Ids>,
}

/// Judges rows of one file; shared by all threads.
pub(super) struct Judge<'d> {
    columns: Vec<Demand<'d>>,
    extensions: usize,
    keep_ids: bool,
    line_end: &'static [u8],
}

/// What the rows of a block came to.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Rows.
    pub(super) rows: u64,
    /// Ids that they define, if somebody may refer to them.
    pub(super) ids: Vec<u128>,
    /// Column, target and id of references into files not read yet, without immediate repetitions.
    pub(super) referred: Vec<(&'static str, File, u128)>,
}

/// What is wrong with a row. It holds no cell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RowFault {
    row: Option<u64>,
    what: String,
}

impl RowFault {
    /// A fault of a whole block.
    pub(super) fn whole(what: impl Into<String>) -> RowFault {
        RowFault { row: None, what: what.into() }
    }

    /// The fault in words; so many rows stand before the block.
    pub(super) fn told(&self, before: u64) -> String {
        match self.row {
            Some(row) => format!("row {}: {}", before + row, self.what),
            None => format!("after row {before}: {}", self.what),
        }
    }
}

/// Cells of a header line.
pub(super) fn cells_of(header: &[u8]) -> usize {
    header.iter().filter(|byte| **byte == b',').count() + 1
}

impl<'d> Judge<'d> {
    /// Judges rows of this file, with so many extension columns. With `defined`, references are looked up in the
    /// files that have been read, and kept for later when they lead into others.
    pub(super) fn new(
        spec: &'static FileSpec,
        extensions: usize,
        defined: Option<&'d Defined>,
        keep_ids: bool,
        form: CsvForm,
    ) -> Judge<'d> {
        let demand = |column: &'static Column| {
            let target = column.target().filter(|_| defined.is_some());
            Demand {
                name: column.name,
                required: column.need == Need::Required,
                blank: column.need == Need::Delta,
                own_id: matches!(column.kind, Kind::Id),
                target,
                list: column.is_list(),
                there: target.and_then(|file| defined.and_then(|defined| defined.of(file))),
            }
        };
        Judge {
            columns: spec.columns.iter().map(demand).collect(),
            extensions,
            keep_ids,
            line_end: form.line_end(),
        }
    }

    /// Judges whole rows.
    ///
    /// # Errors
    /// The first fault.
    pub(super) fn block(&self, text: &[u8]) -> Result<Judged, RowFault> {
        if std::str::from_utf8(text).is_err() {
            return Err(RowFault::whole("it is not UTF-8"));
        }
        let mut judged = Judged::default();
        // The cell of the row before, by column: classes and schools stand in runs.
        let mut last: Vec<&[u8]> = vec![b""; self.columns.len()];
        let mut rest = text;
        while !rest.is_empty() {
            judged.rows += 1;
            let row = judged.rows;
            let fault = |what: String| RowFault { row: Some(row), what };
            let width = self.columns.len() + self.extensions;
            for place in 0..width {
                let Some((cell, ends)) = next_cell(&mut rest, self.line_end) else {
                    return Err(fault("it is not RFC 4180".to_owned()));
                };
                if ends != (place + 1 == width) {
                    return Err(fault(format!("it does not have {width} cells")));
                }
                let Some((column, before)) = self.columns.get(place).zip(last.get_mut(place)) else {
                    continue;
                };
                if cell.is_empty() {
                    if column.required {
                        return Err(fault(format!("{} is blank", column.name)));
                    }
                    continue;
                }
                if column.blank {
                    return Err(fault(format!("{} is filled in a bulk file", column.name)));
                }
                if cell == *before {
                    if column.own_id {
                        return Err(fault(format!("{} stands there twice", column.name)));
                    }
                    continue;
                }
                *before = cell;
                if column.own_id {
                    let Some(id) = parse(cell) else {
                        return Err(fault(format!("{} is no id", column.name)));
                    };
                    if self.keep_ids {
                        judged.ids.push(id);
                    }
                }
                if let Some(target) = column.target {
                    column.refer(target, cell, &mut judged).map_err(fault)?;
                }
            }
        }
        Ok(judged)
    }
}

impl Demand<'_> {
    fn refer(&self, target: File, cell: &[u8], judged: &mut Judged) -> Result<(), String> {
        for item in cell.split(|byte| self.list && *byte == b',') {
            let Some(id) = parse(item) else { return Err(format!("{} is no id", self.name)) };
            match self.there {
                Some(ids) if ids.contains(&id) => {}
                Some(_) => {
                    return Err(format!(
                        "{} refers to a row that {} does not have",
                        self.name,
                        target.csv_name()
                    ));
                }
                None => judged.referred.push((self.name, target, id)),
            }
        }
        Ok(())
    }
}

/// Takes the next cell, without its quotes (doubled ones inside stay), and whether the row ends behind it.
#[inline]
fn next_cell<'t>(rest: &mut &'t [u8], line_end: &[u8]) -> Option<(&'t [u8], bool)> {
    let text = *rest;
    let (cell, behind) = match text.first()? {
        b'"' => {
            let mut at = 1;
            loop {
                let quote = at + memchr::memchr(b'"', &text[at..])?;
                if text.get(quote + 1) != Some(&b'"') {
                    break (&text[1..quote], &text[quote + 1..]);
                }
                at = quote + 2;
            }
        }
        _ => {
            let end = text.iter().position(|byte| matches!(byte, b',' | b'\r' | b'\n' | b'"'))?;
            text.split_at(end)
        }
    };
    if let [b',', behind @ ..] = behind {
        *rest = behind;
        return Some((cell, false));
    }
    *rest = behind.strip_prefix(line_end)?;
    Some((cell, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Version;

    fn judge(text: &str) -> Result<Judged, String> {
        let spec = Version::V1p1.file(File::Orgs).unwrap();
        let defined = Defined::default();
        Judge::new(spec, 0, Some(&defined), true, CsvForm::default())
            .block(text.as_bytes())
            .map_err(|fault| fault.told(10))
    }

    const ID: &str = "00000000000000000000000000000001";
    const OTHER: &str = "0000000000000000000000000000000f";

    #[test]
    fn rows_are_counted_and_ids_kept() {
        let text = format!("{ID},,,\"a \"\"b\"\", c\",school,,{ID}\r\n{OTHER},,,x,school,,{ID}\r\n");
        let judged = judge(&text).unwrap();
        assert_eq!((judged.rows, judged.ids.len(), judged.referred.len()), (2, 2, 1));
    }

    #[test]
    fn every_departure_is_a_fault_with_its_row() {
        let good = format!("{ID},,,x,school,,\r\n{OTHER},,,x,school,,\r\n");
        for (bad, told) in [
            (format!("{ID},,,x,school,\r\n"), "it does not have 7 cells"),
            (format!("{ID},,,x,school,,,\r\n"), "it does not have 7 cells"),
            (format!("{ID},,,x,school,,\n"), "it is not RFC 4180"),
            (format!("{ID},,,x,school,,\r"), "it is not RFC 4180"),
            (format!("{ID},,,x\"y,school,,\r\n"), "it is not RFC 4180"),
            (format!("{ID},,,\"x\"y,school,,\r\n"), "it is not RFC 4180"),
            (format!("{ID},,,\"x,school,,\r\n"), "it is not RFC 4180"),
            (format!("{ID},,,x,school,,"), "it is not RFC 4180"),
            (",,,x,school,,\r\n".to_owned(), "sourcedId is blank"),
            (format!("{ID},active,,x,school,,\r\n"), "status is filled"),
            (format!("{ID},,,,school,,\r\n"), "name is blank"),
            (format!("{OTHER},,,x,school,,\r\n"), "sourcedId stands there twice"),
            ("1,,,x,school,,\r\n".to_owned(), "sourcedId is no id"),
            (format!("{ID},,,x,school,,nowhere\r\n"), "parentSourcedId is no id"),
        ] {
            let fault = judge(&format!("{good}{bad}")).unwrap_err();
            assert!(fault.starts_with("row 13: ") && fault.contains(told), "{bad:?}: {fault}");
        }
        let spec = Version::V1p1.file(File::Orgs).unwrap();
        let fault = Judge::new(spec, 0, None, false, CsvForm::default()).block(b"\xff\r\n").unwrap_err();
        assert_eq!(fault, RowFault::whole("it is not UTF-8"));
    }
}
