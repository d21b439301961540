//! `rosterpack validate` against the corpus of `tests/packages`, and everything that is promised about it.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod catalogue;
mod corpus;
mod patch;
mod zipper;
