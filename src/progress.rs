//! What a run tells of itself while it works.
//!
//! In: nothing. Out: the trait that stages call and that `report::progress` implements for terminals and logs.
//! Progress is no result: nothing of a package depends on it. A report notes from it the rows of each table and, in one field of
//! their own, how long the stages took (`report::noted`).

/// Receives what a run is doing. Every method may be called from several threads at once.
pub trait Progress: Sync {
    /// These tables, with the source's estimates of their rows, and no others will be read in the stage that begins next.
    fn expect(&self, tables: &mut dyn Iterator<Item = (&str, Option<u64>)>) {
        let _ = tables;
    }
    /// A stage begins; the one before it is over.
    fn stage(&self, name: &str);
    /// Reading of a table begins. The estimate is the source's and may be wrong.
    fn table(&self, table: &str, estimate: Option<u64>);
    /// So many more rows of a table have been read.
    fn rows(&self, table: &str, rows: u64);
    /// A table has been read to its end.
    fn done(&self, table: &str);
    /// So many data rows of a file have been written, in so many bytes before compression. Told again as it grows.
    fn written(&self, file: &str, rows: u64, bytes: u64);
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _name: &str) {}
    fn table(&self, _table: &str, _estimate: Option<u64>) {}
    fn rows(&self, _table: &str, _rows: u64) {}
    fn done(&self, _table: &str) {}
    fn written(&self, _file: &str, _rows: u64, _bytes: u64) {}
}
