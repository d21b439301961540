//! Crosswalks.
