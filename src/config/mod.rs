//! Configuration: from what the user wrote to a frozen plan.
//!
//! In: `rosterpack.toml`, environment variables, `--set NAME=VALUE` and flags. Out: a [`Run`], which holds the frozen
//! [`plan::Plan`] that every stage reads, and the places that only the command line needs. Three types, not
//! one (design.md section 5): the table of [`settings`], the [`overrides`] that the user gave, and the frozen [`run`].
//! Nothing here reads a clock, a file or the environment: `main` hands those in.

pub mod alliance;
pub mod connection;
pub mod error;
pub mod extensions;
pub mod file;
pub mod overrides;
pub mod plan;
pub mod publish;
pub mod reference;
pub mod run;
pub mod settings;
pub mod starter;
pub mod text;
pub mod values;

pub use error::ConfigError;
pub use file::ConfigFile;
pub use overrides::Overrides;
pub use run::{Choice, Origin, Run};
