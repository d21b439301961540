//! `rosterpack completions SHELL`: what a shell needs to complete verbs, flags and their words.
//!
//! In: the shell. Out: its script on stdout, generated from the declaration of the command line. Hidden from the help,
//! because whoever packages rosterpack runs it once.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, ExitCode, Process};

/// Flags of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rosterpack completions bash > /etc/bash_completion.d/rosterpack
  rosterpack completions fish > ~/.config/fish/completions/rosterpack.fish
  rosterpack completions zsh > ~/.zfunc/_rosterpack")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Runs the verb.
pub fn run(args: &CompletionsArgs, process: &mut Process<'_>) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rosterpack", &mut script);
    match process.out.write_all(&script).and_then(|()| process.out.flush()) {
        Ok(()) => ExitCode::Published,
        Err(_) => {
            process.fault("cannot write to standard output", "");
            ExitCode::Output
        }
    }
}
