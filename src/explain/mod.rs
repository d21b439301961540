//! `rosterpack explain`: what became of one person, class, course, session or organization, and why.
//!
//! In: a source, crosswalks, a plan and a [`Question`]. Out: an [`Explanation`]: the answer, every source row about the
//! subject, each decision in its order, and the cells of the package. The stages that export run unchanged over a
//! [`witness::Witness`] of the source; the decisions come from the roster's own rules, called for the subject over the
//! same staged tables. Nothing here judges a row by a rule of its own, and nothing is written.

pub mod ask;
mod classes;
mod column;
mod courses;
mod enrollments;
mod ids;
pub mod mapping;
mod model;
mod orgs;
mod output;
mod parents;
mod people;
mod sessions;
mod staff;
mod students;
mod text;
pub mod witness;
mod world;

use crate::closure;
use crate::config::extensions;
use crate::config::plan::{Edition, Plan};
use crate::crosswalk::Crosswalks;
use crate::edfi::{self, Resolved};
use crate::emit::Emitter;
use crate::notice::{Notices, Severity};
use crate::pipeline::PipelineError;
use crate::progress::Progress;
use crate::report::RunFacts;
use crate::roster::gradebook::Gradebook;
use crate::roster::{self, Roster};
use crate::source::{Source, SourceError};
use crate::sourced_id::Person;
use crate::staging::{self, Staged};

pub use ask::{Kind, Question, Subject};
pub use column::{ColumnAnswer, ColumnError, explain_column};
use ids::FoundId;
pub use ids::IdTold;
pub use model::{CauseTold, Cell, Decision, Explanation, FileRows, Follow, Input, Outcome, TableRows};
use witness::{Interest, Witness};
use world::{Before, World};

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The run itself failed.
    #[error(transparent)]
    Run(#[from] PipelineError),
    /// Nothing of the source is called so.
    #[error("{0}")]
    Unknown(ask::Unknown),
    /// Several things are called so.
    #[error("{0}")]
    Ambiguous(ask::Ambiguous),
}

impl From<SourceError> for ExplainError {
    fn from(error: SourceError) -> ExplainError {
        ExplainError::Run(error.into())
    }
}

/// Answers a question about a row of the source or an id of the package.
///
/// # Errors
/// [`ExplainError`].
pub fn explain(
    source: &dyn Source,
    crosswalks: &Crosswalks,
    plan: &Plan,
    edition: Edition,
    question: &Question,
    progress: &dyn Progress,
) -> Result<Explanation, ExplainError> {
    let wanted = staging::wanted(&plan.mapping);
    let resolved =
        edfi::resolve(source.catalog(), plan.data_standard.as_deref(), &wanted).map_err(SourceError::from)?;
    let requests: Vec<_> = resolved.tables.iter().map(|table| table.request(plan.school_year)).collect();
    source.check(&requests)?;
    let run = Run { source, resolved: &resolved, crosswalks, plan, edition, progress };
    match question {
        Question::Subject { kind, key } => {
            let subject = ask::find(source, &resolved, plan, *kind, key)?;
            run.about(&subject, None)
        }
        Question::Id(id) => match run.look_up(*id)? {
            Some(FoundId { told, subject: Some(subject) }) => run.about(&subject, Some(told)),
            Some(FoundId { told, subject: None }) => run.about(&Subject::Nothing, Some(told)),
            None => Err(ExplainError::Unknown(ask::Unknown::id(&id.hex(), plan))),
        },
    }
}

/// What all questions of a run have in common.
#[derive(Clone, Copy)]
struct Run<'a> {
    source: &'a dyn Source,
    resolved: &'a Resolved,
    crosswalks: &'a Crosswalks,
    plan: &'a Plan,
    edition: Edition,
    progress: &'a dyn Progress,
}

/// The stages of an export up to closure, as `pipeline::export` runs them.
struct Closed {
    staged: Staged,
    roster: Roster,
    gradebook: Gradebook,
    before: Before,
    notices: Notices,
}

impl Run<'_> {
    fn close(
        &self,
        source: &dyn Source,
        keep: impl FnOnce(&Staged) -> Before,
    ) -> Result<Closed, ExplainError> {
        let extensions =
            extensions::parse(&self.plan.mapping.demographic_extensions).map_err(PipelineError::from)?;
        self.progress.stage("reading");
        let (mut staged, notices) =
            staging::stage(source, self.resolved, self.plan.school_year, None, self.progress)?;
        let before = keep(&staged);
        self.progress.stage("mapping");
        let facts = std::mem::take(&mut staged.facts);
        let (mut roster, mut notices) =
            roster::build(self.plan, &staged, facts, self.crosswalks, extensions, notices);
        self.progress.stage("checking");
        closure::close(self.plan, &staged, &mut roster, &mut notices);
        let (gradebook, own) =
            Gradebook::build(self.plan, self.edition.version, &staged, &roster, self.crosswalks);
        notices.merge(own);
        closure::close_gradebook(self.plan, &staged, &roster, &gradebook, &mut notices);
        Ok(Closed { staged, roster, gradebook, before, notices })
    }

    /// What an id of the package stands for, whether its row is exported or left out.
    fn look_up(&self, id: crate::sourced_id::SourcedId) -> Result<Option<FoundId>, ExplainError> {
        // Associations that are left out have ids too: all are kept for this one look.
        let closed = self.close(self.source, |staged| Before::all(&staged.facts))?;
        Ok(ids::find(&World::new(self, &closed), id))
    }

    fn about(&self, subject: &Subject, id: Option<IdTold>) -> Result<Explanation, ExplainError> {
        let interest = self.interest(subject)?;
        let witness = Witness::new(self.source, self.resolved, self.plan.school_year, interest);
        let mut closed = self.close(&witness, |staged| Before::of(staged, subject))?;
        let mut notices = std::mem::take(&mut closed.notices);
        let Closed { staged, roster, gradebook, .. } = &closed;
        let mut world = World::new(self, &closed);
        if let Subject::Person { .. } = subject {
            world.delivered = witness.associations();
        }

        let emitter = Emitter::new(self.plan, self.edition, staged, roster, gradebook);
        let tables = emitter.tables(&mut notices).map_err(PipelineError::from)?;
        let mut own = world.own_ids(subject);
        own.extend(id.iter().filter(|_| *subject == Subject::Nothing).filter_map(IdTold::own));
        let (output, follows) = output::collect(&tables, &own).map_err(PipelineError::from)?;

        let mut answer = match subject {
            Subject::Person { person: Person::Student, unique_id } => students::explain(&world, unique_id),
            Subject::Person { person: Person::Staff, unique_id } => staff::explain(&world, unique_id),
            Subject::Person { person: Person::Parent, unique_id } => parents::explain(&world, unique_id),
            Subject::Org { id } => orgs::explain(&world, *id),
            Subject::Department { owner, name } => orgs::explain_department(&world, *owner, name),
            Subject::Year { lea } => sessions::explain_year(&world, *lea),
            Subject::Session { school, name, year } => sessions::explain(&world, *school, name, *year),
            Subject::GradingPeriod { school, period, name } => {
                sessions::explain_grading_period(&world, *school, period, name)
            }
            Subject::Course { owner, code } => courses::explain(&world, *owner, code),
            Subject::Section { key, year } => classes::explain(&world, key, *year),
            Subject::Nothing => model::Answer::default(),
        };
        if let Some(cause) = &mut answer.cause {
            cause.left_out = notices
                .iter()
                .find(|(code, text, _)| code.code == cause.code && *text == cause.cause)
                .map(|(_, _, tally)| tally.left_out.iter().map(|(f, n)| ((*f).to_owned(), *n)).collect())
                .unwrap_or_default();
        }
        let exported = output.iter().any(|file| !file.rows.is_empty());
        let refused = notices
            .iter()
            .filter(|(code, _, _)| code.severity == Severity::Error)
            .map(|(code, cause, _)| format!("{}: {cause}", code.code))
            .collect();
        let source = witness.tables(staged, &self.plan.mapping);
        let facts = RunFacts::new(self.plan, &self.source.catalog().place, staged.standard, staged.rows);
        Ok(Explanation::new(
            subject,
            id,
            self.edition.version,
            facts,
            exported,
            answer,
            refused,
            source,
            output,
            follows,
        ))
    }

    fn interest(&self, subject: &Subject) -> Result<Interest, ExplainError> {
        Ok(match subject {
            Subject::Person { person, unique_id } => {
                Interest::person(self.source, self.resolved, *person, unique_id)?
            }
            Subject::Org { id } => Interest::Org(*id),
            Subject::Department { owner, .. } => Interest::Org(*owner),
            Subject::Year { lea } => Interest::Org(*lea),
            Subject::Session { school, name, year } => {
                Interest::Session { school: *school, name: name.clone(), year: *year }
            }
            Subject::GradingPeriod { school, name, .. } => {
                Interest::GradingPeriod { school: *school, name: name.clone() }
            }
            Subject::Course { owner, code } => Interest::Course { owner: *owner, code: code.clone() },
            Subject::Section { key, year } => Interest::Section { key: key.clone(), year: *year },
            Subject::Nothing => Interest::Nothing,
        })
    }
}
