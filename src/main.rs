//! The rosterpack binary.
fn main() {}
