//! How full the columns of a file are, counted while its rows are formatted.
//!
//! In: from [`super::CsvBlock`], which cells of a row are blank and to which groups (schools, as numbers that the emitter
//! gives) the row belongs. Out: [`Fill`]: rows and blank cells of every column, of the file and of each group. It costs a few
//! instructions a blank cell and nothing a filled one; its memory grows with groups times columns, never with rows, and
//! nothing is counted unless a table asks for it.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

/// Rows, and how many of them have a blank cell in each column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows.
    pub rows: u64,
    /// Blank cells by place of the column.
    pub blanks: Vec<u64>,
}

impl Counts {
    fn new(columns: usize) -> Counts {
        Counts { rows: 0, blanks: vec![0; columns] }
    }

    fn add_row(&mut self, blanks: &[u32]) {
        self.rows += 1;
        for column in blanks {
            if let Some(count) = self.blanks.get_mut(*column as usize) {
                *count += 1;
            }
        }
    }

    fn add(&mut self, other: &Counts) {
        self.rows += other.rows;
        self.blanks.resize(self.blanks.len().max(other.blanks.len()), 0);
        self.blanks.iter_mut().zip(&other.blanks).for_each(|(mine, more)| *mine += more);
    }
}

/// How full a file is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fill {
    /// Headers of all columns, those of extensions last.
    pub columns: Vec<String>,
    /// The whole file.
    pub total: Counts,
    /// By group. A row of several groups counts in each of them, a row of none in none.
    pub groups: BTreeMap<u32, Counts>,
}

impl Fill {
    /// A file without rows.
    pub(super) fn new(columns: Vec<String>) -> Fill {
        let total = Counts::new(columns.len());
        Fill { columns, total, groups: BTreeMap::new() }
    }

    /// Adds the rows of a block.
    pub(super) fn add(&mut self, block: &BlockFill) {
        self.total.add(&block.total);
        for (group, counts) in &block.groups {
            self.groups.entry(*group).or_default().add(counts);
        }
    }
}

/// The same for one block, while it is formatted.
#[derive(Debug)]
pub(super) struct BlockFill {
    columns: usize,
    total: Counts,
    groups: FxHashMap<u32, Counts>,
    /// Blank cells of the row that is being written.
    blanks: Vec<u32>,
    /// Its groups.
    of: Vec<u32>,
}

impl BlockFill {
    pub(super) fn new(columns: usize) -> BlockFill {
        BlockFill {
            columns,
            total: Counts::new(columns),
            groups: FxHashMap::default(),
            blanks: Vec::with_capacity(columns),
            of: Vec::new(),
        }
    }

    /// The cell at this place of the row is blank.
    pub(super) fn blank(&mut self, column: usize) {
        self.blanks.push(column as u32);
    }

    /// The row belongs to this group.
    pub(super) fn belongs_to(&mut self, group: u32) {
        if !self.of.contains(&group) {
            self.of.push(group);
        }
    }

    pub(super) fn end_row(&mut self) {
        self.total.add_row(&self.blanks);
        for group in self.of.drain(..) {
            self.groups.entry(group).or_insert_with(|| Counts::new(self.columns)).add_row(&self.blanks);
        }
        self.blanks.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::CsvBlock;
    use super::*;

    #[test]
    fn blank_cells_are_counted_for_the_file_and_for_every_group_of_a_row() {
        let mut fill = Fill::new(["a", "b", "c"].map(str::to_owned).to_vec());
        for block in 0..2u32 {
            let mut rows = CsvBlock::new(3);
            rows.count_fill();
            for row in 0..3u32 {
                rows.text(if row == 0 { "" } else { "x" });
                rows.blank();
                rows.list(["x"].into_iter().filter(|_| block == 1));
                // The same school twice is one school.
                (0..=row).chain([0]).for_each(|group| rows.belongs_to(group));
                rows.end_row();
            }
            fill.add(rows.fill().unwrap());
        }
        assert_eq!(fill.total, Counts { rows: 6, blanks: vec![2, 6, 3] });
        assert_eq!(fill.groups[&0], fill.total);
        assert_eq!(fill.groups[&1], Counts { rows: 4, blanks: vec![0, 4, 2] });
        assert_eq!(fill.groups[&2], Counts { rows: 2, blanks: vec![0, 2, 1] });
    }

    #[test]
    fn every_way_to_leave_a_cell_blank_is_seen_and_nothing_else() {
        let mut rows = CsvBlock::new(8);
        rows.count_fill();
        rows.text("");
        rows.known("");
        rows.blank();
        rows.ids([].into_iter());
        rows.list([].into_iter());
        rows.id(&[0; 16]);
        rows.number(0);
        rows.flag(false);
        rows.end_row();
        assert_eq!(rows.fill().unwrap().total.blanks, [1, 1, 1, 1, 1, 0, 0, 0]);
        let mut silent = CsvBlock::new(1);
        silent.blank();
        silent.belongs_to(1);
        silent.end_row();
        assert!(silent.fill().is_none(), "nothing is counted unless it is asked for");
    }
}
