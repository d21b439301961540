//! A table on its way into a package, and its parts.
//!
//! In: what the caller has: a file's description, extension headers, blocks, a way to format some units. Out: checked
//! tables in published order, and their parts (header, then blocks) as jobs that any thread can format.

use std::collections::BTreeSet;
use std::ops::Range;

use super::csv::{CsvBlock, CsvForm};
use super::error::PackageError;
use super::fill::Fill;
use crate::spec::{File, FileSpec, Version};

/// Units per block that callers use: about 1 MiB of enrollments.
pub const BLOCK_UNITS: usize = 8192;

/// The column that tells tenants apart in a warehouse; a package never has it.
pub(super) const TENANT_COLUMN: &str = "tenant_code";

/// Room for a row: enough for nearly every block, so that blocks are not copied while they grow. Memory that is
/// never written to costs nothing.
const ROW_BYTES: usize = 320;

/// `units` cut into blocks of [`BLOCK_UNITS`]; boundaries come from the stream alone.
pub fn blocks(units: usize) -> Vec<Range<usize>> {
    (0..units).step_by(BLOCK_UNITS).map(|start| start..units.min(start + BLOCK_UNITS)).collect()
}

/// Formats some units, in order, into a block.
pub type Format<'a> = Box<dyn Fn(Range<usize>, &mut CsvBlock) + Sync + 'a>;

/// The rows of one data file. A unit is what the caller counts in: a row, or an entity that gives some rows or none.
pub struct Table<'a> {
    /// The file and its header.
    pub spec: &'static FileSpec,
    /// Headers of extension columns (`metadata.*`), which follow the header of the specification.
    pub extensions: Vec<String>,
    /// The units of each block: adjacent ranges from 0 on. Their boundaries are part of the package's bytes.
    pub blocks: Vec<Range<usize>>,
    /// Formats the units of one block. Called on any thread and more than once, it must always give the same rows.
    pub format: Format<'a>,
    /// Whether the file is written, with its header alone, even when it has no rows.
    pub header_only: bool,
    /// Whether blank cells are counted while the package is written or measured ([`Fill`]).
    pub counted: bool,
    /// How rows are written in a package; the same as that of its manifest ([`super::Options::form`]). The tables of a
    /// warehouse have the default form.
    pub form: CsvForm,
}

impl<'a> Table<'a> {
    /// A table without extension columns, in blocks of [`BLOCK_UNITS`].
    pub fn new(
        spec: &'static FileSpec,
        units: usize,
        format: impl Fn(Range<usize>, &mut CsvBlock) + Sync + 'a,
    ) -> Table<'a> {
        let format = Box::new(format);
        Table {
            spec,
            extensions: Vec::new(),
            blocks: blocks(units),
            format,
            header_only: false,
            counted: false,
            form: CsvForm::default(),
        }
    }

    fn columns(&self) -> usize {
        self.spec.columns.len() + self.extensions.len()
    }

    /// Refuses what would give a package that is wrong or silently incomplete.
    fn check(&self) -> Result<(), PackageError> {
        let refuse = |reason: String| Err(PackageError::content(self.spec.file, reason));
        let mut end = 0;
        for block in &self.blocks {
            if block.start != end || block.end < block.start {
                return refuse(format!("block {}..{} does not follow on {end}", block.start, block.end));
            }
            end = block.end;
        }
        let mut seen = BTreeSet::new();
        for header in &self.extensions {
            if header.strip_prefix("metadata.").is_none_or(str::is_empty) {
                return refuse(format!("the extension column `{header}` does not start with `metadata.`"));
            }
            if !seen.insert(header) {
                return refuse(format!("the extension column `{header}` stands there twice"));
            }
        }
        Ok(())
    }

    /// What is counted of this table, when it is to be counted.
    pub(super) fn empty_fill(&self) -> Option<Fill> {
        let own = self.spec.columns.iter().map(|column| column.name.to_owned());
        self.counted.then(|| Fill::new(own.chain(self.extensions.iter().cloned()).collect()))
    }

    fn header(&self, tenant: Option<&str>) -> CsvBlock {
        let mut block = self.block(tenant.map(|_| TENANT_COLUMN));
        self.spec.columns.iter().for_each(|column| block.text(column.name));
        self.extensions.iter().for_each(|name| block.text(name));
        block.end_row();
        block
    }

    /// An empty block; with a last cell for rows that have one, which are those of a warehouse.
    fn block(&self, last: Option<&str>) -> CsvBlock {
        match last {
            Some(last) => CsvBlock::with_last(self.columns(), last),
            None => CsvBlock::in_form(self.columns(), self.form),
        }
    }

    fn format_block(
        &self,
        units: &Range<usize>,
        tenant: Option<&str>,
        counted: bool,
    ) -> Result<CsvBlock, PackageError> {
        let mut block = self.block(tenant);
        if counted {
            block.count_fill();
        }
        // A unit may give many rows or none; a block that is not the last is full all the same.
        let rows = if self.blocks.len() > 1 { BLOCK_UNITS } else { units.len().min(BLOCK_UNITS) };
        block.reserve(rows * ROW_BYTES);
        (self.format)(units.clone(), &mut block);
        match block.fault() {
            None => Ok(block),
            Some(fault) => {
                let reason = format!("units {} to {}: {fault}", units.start, units.end);
                Err(PackageError::content(self.spec.file, reason))
            }
        }
    }

    /// A guess of the file's size from its first block with rows, or `None` when the file is to be left out.
    pub(super) fn expected_bytes(&self) -> Result<Option<u64>, PackageError> {
        let total = self.blocks.last().map_or(0, |block| block.end) as u64;
        for units in &self.blocks {
            let block = self.format_block(units, None, false)?;
            if block.rows() > 0 {
                let bytes = block.bytes().len() as u64;
                return Ok(Some(bytes.saturating_mul(total) / units.len().max(1) as u64));
            }
        }
        Ok(self.header_only.then_some(0))
    }
}

/// The tables in published order.
pub(super) fn arrange<'t, 'a>(
    tables: &'t [Table<'a>],
    version: Version,
) -> Result<Vec<&'t Table<'a>>, PackageError> {
    for (n, table) in tables.iter().enumerate() {
        let file = table.spec.file;
        if version.file(file).is_none() {
            return Err(PackageError::content(file, format!("OneRoster {version} has no such file")));
        }
        if tables[..n].iter().any(|other| other.spec.file == file) {
            return Err(PackageError::content(file, "there are two tables for it"));
        }
        table.check()?;
    }
    let of = |file: File| tables.iter().find(|table| table.spec.file == file);
    Ok(version.files().iter().filter_map(|spec| of(spec.file)).collect())
}

/// A piece of work: the header of a table, or one of its blocks.
#[derive(Clone, Copy)]
pub(super) struct Part<'t, 'a> {
    table: &'t Table<'a>,
    block: Option<&'t Range<usize>>,
}

/// All parts of all tables in order: each table's header, then its blocks.
pub(super) fn parts<'t, 'a>(tables: &'t [&'t Table<'a>]) -> impl Iterator<Item = Part<'t, 'a>> {
    tables.iter().flat_map(|table| {
        let blocks = table.blocks.iter().map(|block| Part { table, block: Some(block) });
        std::iter::once(Part { table, block: None }).chain(blocks)
    })
}

impl<'t, 'a> Part<'t, 'a> {
    pub(super) fn table(&self) -> &'t Table<'a> {
        self.table
    }

    pub(super) fn file(&self) -> File {
        self.table.spec.file
    }

    pub(super) fn is_header(&self) -> bool {
        self.block.is_none()
    }

    /// Formats the part as the package has it, counting blank cells where the table wants it.
    pub(super) fn format(&self) -> Result<CsvBlock, PackageError> {
        match self.block {
            None => Ok(self.table.header(None)),
            Some(units) => self.table.format_block(units, None, self.table.counted),
        }
    }

    /// Formats the part as a package has it, or with a trailing column that says whose rows these are.
    pub(super) fn format_for(&self, tenant: Option<&str>) -> Result<CsvBlock, PackageError> {
        match self.block {
            None => Ok(self.table.header(tenant)),
            Some(units) => self.table.format_block(units, tenant, false),
        }
    }

    /// Data rows of this part once it is formatted: a header is none.
    pub(super) fn rows(&self, formatted: &CsvBlock) -> u64 {
        if self.is_header() { 0 } else { formatted.rows() }
    }
}
