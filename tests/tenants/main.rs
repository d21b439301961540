//! Many tenants: EdFi_Admin as the ODS API keeps it, tenants at once, shares of several machines, the templates for clusters.
//!
//! One binary, so that its tests share one private server.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/postgres.rs"]
mod cluster;
mod edfi_admin;
mod instances;
#[path = "../support/json_schema.rs"]
mod json_schema;
mod listing;
#[allow(dead_code)] // shared with the tests of the source
#[path = "../postgres/ods.rs"]
mod ods;
mod several;
