//! `rosterpack validate` and `diff` against the corpus of `tests/packages`, and everything that is promised about them.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod catalogue;
mod cli;
mod corpus;
mod diff;
mod exports;
mod fuzz;
mod hostile;
#[path = "../support/json_schema.rs"]
mod json_schema;
#[allow(dead_code)] // other tests use more of it
#[path = "../support/package_check.rs"]
mod package_check;
#[allow(dead_code)] // other tests use more of it
#[path = "../support/package_facts.rs"]
mod package_facts;
#[allow(dead_code)] // other tests use more of it
#[path = "../support/package_reader.rs"]
mod package_reader;
mod patch;
mod seeded;
mod zipper;
