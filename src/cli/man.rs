//! `rosterpack man --out DIR`: the manual pages, one for rosterpack and one for each verb.
//!
//! In: a folder. Out: `rosterpack.1`, `rosterpack-export.1` and so on, generated from the declaration of the command line; their
//! paths on stdout. Hidden from the help, because whoever packages rosterpack runs it once. Pages of verbs that are gone are
//! left where they are.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use super::{Cli, ExitCode, Process};

/// Flags of `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  rosterpack man --out ~/.cargo/share/man/man1")]
pub struct ManArgs {
    /// Folder for the pages; made when it is missing
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Runs the verb.
pub fn run(args: &ManArgs, process: &mut Process<'_>) -> ExitCode {
    let told = pages().and_then(|pages| write(&args.out, &pages));
    let paths = match told {
        Ok(paths) => paths,
        Err(error) => {
            process.fault(
                format_args!("cannot write the pages to {}: {error}", args.out.display()),
                "check the folder and its permissions, or name another one",
            );
            return ExitCode::Output;
        }
    };
    let mut lines = paths.iter().map(|path| writeln!(process.out, "{}", path.display()));
    match lines.all(|line| line.is_ok()) && process.out.flush().is_ok() {
        true => ExitCode::Published,
        false => {
            process.fault("cannot write the paths to standard output", "the pages are complete");
            ExitCode::Output
        }
    }
}

/// Every page by its file name.
///
/// # Errors
/// None: pages are made in memory.
fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let verbs = root.get_subcommands().filter(|verb| !verb.is_hide_set());
    std::iter::once(&root).chain(verbs).map(page).collect()
}

fn page(command: &Command) -> io::Result<(String, Vec<u8>)> {
    let examples = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string);
    let title = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    // What follows the help is laid out in lines, which a page would run together: it gets a section of its own below.
    let man = Man::new(command.clone().after_help("").after_long_help("")).manual("rosterpack");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut text)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(examples) = examples {
        writeln!(text, ".SH NOTES\n.nf")?;
        for line in examples.lines() {
            writeln!(text, "{}", as_it_stands(line))?;
        }
        writeln!(text, ".fi")?;
    }
    if !command.has_subcommands() {
        writeln!(text, ".SH \"SEE ALSO\"\n.BR rosterpack (1)")?;
    }
    Ok((format!("{title}.1"), text))
}

/// A line in which nothing is an instruction of the formatter.
fn as_it_stands(line: &str) -> String {
    let escaped = line.replace('\\', "\\e").replace('-', "\\-");
    match escaped.starts_with(['.', '\'']) {
        true => format!("\\&{escaped}"),
        false => escaped,
    }
}

fn write(folder: &Path, pages: &[(String, Vec<u8>)]) -> io::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)?;
    let write = |(name, text): &(String, Vec<u8>)| {
        let path = folder.join(name);
        std::fs::write(&path, text).map(|()| path)
    };
    pages.iter().map(write).collect()
}
