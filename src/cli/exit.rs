//! Exit codes: how a run ended, for cron, schedulers and scripts.
//!
//! In: nothing. Out: [`ExitCode`] and the page `docs/reference/exit-codes.md`, which a test compares with it.
//! The numbers are a public promise and never change their meaning.

use std::fmt::Write;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// The package was published, or what was asked for was done.
    Published = 0,
    /// The data breaks the rules.
    Refused = 1,
    /// Usage or configuration.
    Usage = 2,
    /// The source is unreachable or unreadable.
    Source = 3,
    /// The guard held the package.
    Held = 4,
    /// Delivery failed.
    Delivery = 5,
    /// Another run holds the lock.
    Locked = 6,
    /// The output cannot be written.
    Output = 7,
    /// A signal ended the run.
    Interrupted = 130,
}

impl ExitCode {
    /// Every code, in numeric order.
    pub const ALL: [ExitCode; 9] = [
        ExitCode::Published,
        ExitCode::Refused,
        ExitCode::Usage,
        ExitCode::Source,
        ExitCode::Held,
        ExitCode::Delivery,
        ExitCode::Locked,
        ExitCode::Output,
        ExitCode::Interrupted,
    ];

    /// The code of many runs in one: the one that weighs most (configuration, output, source, refusal, guard,
    /// delivery, lock, in this order). Nothing at all is done.
    pub fn weightiest(codes: impl IntoIterator<Item = ExitCode>) -> ExitCode {
        let order = [
            ExitCode::Interrupted,
            ExitCode::Usage,
            ExitCode::Output,
            ExitCode::Source,
            ExitCode::Refused,
            ExitCode::Held,
            ExitCode::Delivery,
            ExitCode::Locked,
            ExitCode::Published,
        ];
        let weight = |code: &ExitCode| order.iter().position(|known| known == code);
        codes.into_iter().min_by_key(weight).unwrap_or(ExitCode::Published)
    }

    /// The number that the shell sees.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Its name, what happened, and what to do.
    pub const fn meaning(self) -> (&'static str, &'static str, &'static str) {
        match self {
            ExitCode::Published => {
                ("published", "The package was written, or what was asked for was done.", "Nothing.")
            }
            ExitCode::Refused => (
                "refused",
                "The data, or a package that `validate` judged, breaks the rules: no package was written, and one that was there is untouched. Or `diff` found that two packages differ.",
                "Read the reasons on stderr or in the report, mend the data or the configuration, run again.",
            ),
            ExitCode::Usage => (
                "usage",
                "A flag, a setting or a crosswalk seed is wrong, and nothing was read; or `explain` was asked about what is not there, or what several rows are called; or `validate` cannot read a path, or `diff` a package to its end.",
                "Follow the help line on stderr.",
            ),
            ExitCode::Source => (
                "source",
                "The source cannot be reached or read, or a table or column that the run needs is missing. No package was written.",
                "Check the place, the network and the extract; running again is safe.",
            ),
            ExitCode::Held => (
                "held",
                "The guard held a package in which too much is missing that the last delivery had. Nothing was delivered.",
                "Read the reasons on stderr, look why the rows are gone; if that is right, `rosterpack release` with exactly these counts.",
            ),
            ExitCode::Delivery => (
                "delivery",
                "The package is complete but one of its targets did not get it, or a server could not be asked.",
                "Follow the help line on stderr; the package is kept: send the same bytes with `rosterpack deliver`.",
            ),
            ExitCode::Locked => (
                "locked",
                "Another run works on the same profile and tenant. stderr says which one. Nothing was read.",
                "Wait for the other run; a lock whose holder died is taken over.",
            ),
            ExitCode::Output => (
                "output",
                "The package, the report or the standard output cannot be written.",
                "Check the folder, its permissions and the free space; running again is safe.",
            ),
            ExitCode::Interrupted => (
                "interrupted",
                "Ctrl-C, SIGTERM or SIGHUP ended the run. Unfinished files were removed, queries on the server were cancelled; a package that was there is untouched.",
                "Run again.",
            ),
        }
    }

    /// The reference page, as Markdown.
    pub fn page() -> String {
        let mut page = String::from(
            "# Exit codes\n\nGenerated from `src/cli/exit.rs`; `BLESS=1 cargo test --test cli_docs` refreshes this page.\n\
             The numbers are a public promise.\n\n| code | name | what happened | what to do |\n|---|---|---|---|\n",
        );
        for code in ExitCode::ALL {
            let (name, what, remedy) = code.meaning();
            let _ = writeln!(page, "| {} | {name} | {what} | {remedy} |", code.number());
        }
        page.push_str(
            "\nSeveral tenants in one run (`export --tenant all`): the first of 2, 7, 3, 1, 4, 5, 6, 0 that one of them ended with.\n",
        );
        page.push_str(
            "\nAny other code is a defect of rosterpack (101 is a panic): please report it with what stderr says.\n",
        );
        page
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> std::process::ExitCode {
        std::process::ExitCode::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_weighs_most_is_the_code_of_many() {
        let order = [2, 7, 3, 1, 4, 5, 6, 0];
        for n in 0..order.len() {
            let codes = ExitCode::ALL.into_iter().filter(|code| order[n..].contains(&code.number()));
            assert_eq!(ExitCode::weightiest(codes).number(), order[n]);
        }
        assert_eq!(ExitCode::weightiest([]), ExitCode::Published);
    }
}
