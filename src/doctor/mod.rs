//! The doctor: what stands between a configuration and a good package, found step by step before the first night.
//!
//! In: an open source (or why it did not open), crosswalks and a plan. Out: [`Check`]s, told one by one while they
//! are made; the same list is the terminal's and the JSON's. Nothing is written and nothing is judged twice: the
//! schema is resolved, the rows are staged and the roster is built by the code that an export runs. A step that
//! does not apply, or that an earlier failure makes impossible, is skipped and says so: it is never shown as ok.

mod coverage;
mod roster;
mod schema;
pub mod server;
mod space;
pub mod text;
mod years;

use serde::Serialize;

use crate::config::plan::Plan;
use crate::crosswalk::{CrosswalkError, Crosswalks, Origin};
use crate::source::Source;

pub use space::disk_space;
pub use years::Given;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Info,
    /// Not looked at, and why.
    Skipped,
    /// An export works, but something will be missing or is at risk.
    Warn,
    /// An export cannot work.
    Fail,
}

impl Outcome {
    /// How people read it.
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Info => "info",
            Outcome::Skipped => "skipped",
            Outcome::Warn => "warn",
            Outcome::Fail => "fail",
        }
    }
}

/// Whose fault a failure is: the worlds of the exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum World {
    /// A flag, a setting or a seed.
    Configuration,
    /// The source.
    Source,
    /// What is written.
    Output,
}

/// One line of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which step; a public promise.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// Of a failure: whose it is.
    pub world: Option<World>,
    /// What was found, one sentence.
    pub found: String,
    /// Item by item, when there is more than one.
    pub details: Vec<String>,
    /// What to do about it; blank when nothing is to be done.
    pub advice: String,
}

impl Check {
    /// A check without details.
    pub fn new(name: &'static str, outcome: Outcome, found: impl Into<String>) -> Check {
        Check { name, outcome, world: None, found: found.into(), details: Vec::new(), advice: String::new() }
    }

    /// A failure.
    pub fn fail(name: &'static str, world: World, found: impl Into<String>) -> Check {
        Check { world: Some(world), ..Check::new(name, Outcome::Fail, found) }
    }

    /// With what to do.
    pub fn advice(self, advice: impl Into<String>) -> Check {
        Check { advice: advice.into(), ..self }
    }

    /// With items.
    pub fn details(self, details: Vec<String>) -> Check {
        Check { details, ..self }
    }
}

/// Takes checks as they are made.
pub struct Examination<'t> {
    tell: &'t mut dyn FnMut(&Check),
    checks: Vec<Check>,
}

impl<'t> Examination<'t> {
    /// `tell` hears every check at once.
    pub fn new(tell: &'t mut dyn FnMut(&Check)) -> Examination<'t> {
        Examination { tell, checks: Vec::new() }
    }

    /// Adds a check.
    pub fn add(&mut self, check: Check) {
        (self.tell)(&check);
        self.checks.push(check);
    }

    /// Adds steps that were not looked at for one reason.
    pub fn skip(&mut self, names: &[&'static str], reason: &str) {
        for name in names {
            self.add(Check::new(name, Outcome::Skipped, reason));
        }
    }

    /// All checks in their order.
    pub fn checks(self) -> Vec<Check> {
        self.checks
    }
}

/// Steps that need a connection to a server.
pub const SERVER: &[&str] = &["tls", "login", "read-only", "server-version"];
/// Steps that need a source.
pub const CATALOG: &[&str] = &["data-standard", "tables", "columns", "permissions", "school-years"];
/// Steps that need the rows of the school year.
pub const ROWS: &[&str] = &[
    "terms",
    "calendar-events",
    "grades",
    "positions",
    "classifications",
    "sexes",
    "races",
    "subjects",
    "relations",
    "students",
    "student-grades",
    "student-emails",
    "staff-emails",
    "classes",
];

/// Checks the crosswalk seeds. Gives them back when they can be used.
pub fn seeds(loaded: Result<Crosswalks, CrosswalkError>, exam: &mut Examination<'_>) -> Option<Crosswalks> {
    let crosswalks = match loaded {
        Ok(crosswalks) => crosswalks,
        Err(error) => {
            let advice = "Mend the seed, or leave --seeds out to use the built-in crosswalks.";
            exam.add(Check::fail("seeds", World::Configuration, error.to_string()).advice(advice));
            return None;
        }
    };
    let given = crosswalks.origins.iter().filter(|(_, origin)| matches!(origin, Origin::File(_))).count();
    let found = match given {
        0 => "the built-in crosswalks".to_owned(),
        _ => format!("{given} of {} crosswalks from --seeds, the others built in", crosswalks.origins.len()),
    };
    let ignored: Vec<String> = crosswalks.ignored.iter().map(|path| path.display().to_string()).collect();
    exam.add(match ignored.is_empty() {
        true => Check::new("seeds", Outcome::Ok, found),
        false => {
            Check::new("seeds", Outcome::Warn, format!("{found}; files that look like seeds are not read"))
                .details(ignored)
                .advice("Rename them if they are meant; seeds/README.md lists the names.")
        }
    });
    Some(crosswalks)
}

/// What an examination works with.
pub struct Subject<'a> {
    /// The plan; its school year is a placeholder unless `year` names one.
    pub plan: &'a Plan,
    /// Which school year the configuration names.
    pub year: Given,
    /// Crosswalks, if they could be read.
    pub crosswalks: Option<&'a Crosswalks>,
}

/// What the rows came to: the basis of the estimate of the package's size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Users that would be exported.
    pub users: u64,
    /// Enrollments that would be exported.
    pub enrollments: u64,
}

/// Examines an open source from its catalog to the rows of the school year. Gives the size of the package, and the
/// school year that was looked at, where it came so far.
pub fn examine(
    source: &dyn Source,
    subject: &Subject<'_>,
    exam: &mut Examination<'_>,
) -> (Option<i16>, Option<Size>) {
    let Some(schema) = schema::examine(source, subject.plan, exam) else {
        exam.skip(ROWS, "the tables cannot be read");
        return (None, None);
    };
    let year = years::examine(source, schema.resolved.standard, &subject.plan.scope, subject.year, exam);
    let reason = match (year, subject.crosswalks, schema.sound) {
        (_, _, false) => "the tables cannot be read",
        (None, _, _) => "there is no school year to look at",
        (_, None, _) => "the crosswalks cannot be used",
        (Some(year), Some(crosswalks), true) => {
            let plan = Plan { school_year: year, ..subject.plan.clone() };
            let size = roster::examine(source, &schema.resolved, &plan, crosswalks, exam);
            return (Some(year), size);
        }
    };
    exam.skip(ROWS, reason);
    (year, None)
}

/// A share in words: `29 of 40 (72 %)`.
fn share(part: u64, whole: u64) -> String {
    let percent = (part * 100).checked_div(whole).unwrap_or(0);
    format!(
        "{} of {} ({percent} %)",
        crate::report::terminal::grouped(part),
        crate::report::terminal::grouped(whole)
    )
}
