//! OneRoster.
