//! What the benches share: whole exports in processes of their own, floors, and the parts that are measured alone.
//!
//! Each bench uses some of it. Figures are for people, on a quiet machine; nothing is asserted. Processor time and
//! memory are read from `/proc`, so only Linux shows them.
#![allow(dead_code)] // each bench uses its own part

#[path = "../../tests/support/postgres.rs"]
pub mod cluster;
pub mod decoder;
pub mod deflate;
pub mod process;
pub mod server;
pub mod whole;

/// What a bench ends with.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The value in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// `10k`, `1m` or a plain number.
pub fn number(text: &str) -> Option<u64> {
    let (digits, factor) = match text.to_ascii_lowercase() {
        text if text.ends_with('k') => (text.trim_end_matches('k').to_owned(), 1_000),
        text if text.ends_with('m') => (text.trim_end_matches('m').to_owned(), 1_000_000),
        text => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
