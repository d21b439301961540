//! `rosterpack.toml` as a user meets it: every example and template can be read, the schema says what the reader says,
//! precedence, origins and every message are golden texts, and no planted secret is ever shown.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "configuration/examples.rs"]
mod examples;
#[path = "support/json_schema.rs"]
mod json_schema;
#[path = "configuration/messages.rs"]
mod messages;
