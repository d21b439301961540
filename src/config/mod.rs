//! Configuration.
pub mod plan;
