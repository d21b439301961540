//! `rosterpack explain`: what became of somebody or something, why, and what a column means.
//!
//! In: [`ExplainArgs`] and the process. Out: the explanation on stdout, as text or JSON. Exit code 0 when the subject was
//! found, exported or not; 2 when nothing, or several things, are called so; 3 when the source cannot be read.

use clap::Args;

use super::shaping::ShapingArgs;
use super::{ExitCode, Process, export, interrupt, source};
use crate::config::Run;
use crate::config::plan::Edition;
use crate::crosswalk::Crosswalks;
use crate::explain::{self, ColumnAnswer, ExplainError, Explanation, Kind, Question};
use crate::sourced_id::SourcedId;

/// Flags of `explain`.
#[derive(Debug, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArgs {
    /// student, staff, parent, org, course, section or session, and its key; or a sourcedId; or FILE.COLUMN
    #[arg(required = true, num_args = 1..=2, value_names = ["WHAT", "KEY"])]
    pub question: Vec<String>,
    /// Write JSON
    #[arg(long)]
    pub json: bool,

    /// The export that is explained
    #[command(flatten)]
    pub shaping: ShapingArgs,
}

const EXAMPLES: &str = "\
Reads and maps exactly as `export` does with the same flags, and writes nothing: the answer
first, then every source row, each decision with the values and dates that were compared, and
the cells of the package. It shows the values of the one person that is asked about; birth
date, sex and race only with --demographics, and codes of private identification systems
(social security numbers) never.

Keys of sections, courses and sessions may leave out what is not needed to tell rows apart:
  section  [SCHOOL/][LOCAL_COURSE_CODE/]SECTION[/SESSION]
  course   [OWNER/]CODE
  session  [SCHOOL/]NAME

Examples:
  rosterpack explain --sample student trap-withdrawn
  rosterpack explain --source extracts --tenant gbisd --school-year 2022 \\
      --as-of 2021-10-01 student 604822
  rosterpack explain --sample --parents parent trap-contact-of-two
  rosterpack explain --sample section 'TRAP-NO-OFFERING/trap-1'
  rosterpack explain --sample 56ad88fd432fa2025ff2c650a6fbedc6
  rosterpack explain users.role
  rosterpack explain --oneroster 1.2 roles.roleType";

/// What is told.
enum Told {
    Row(Box<Explanation>),
    Column(Box<ColumnAnswer>),
}

/// What is asked.
enum Asked {
    Row(Question),
    Column(String),
}

fn asked(words: &[String]) -> Result<Asked, (String, String)> {
    let kinds = || Kind::ALL.map(|(_, word, _)| word).join(", ");
    match words {
        [one] => {
            if let Some(id) = SourcedId::from_hex(one) {
                return Ok(Asked::Row(Question::Id(id)));
            }
            if let Some(kind) = Kind::from_word(one) {
                let what = format!("which {one}? Its key is missing");
                return Err((what, format!("write: explain {one} {}", kind.syntax())));
            }
            match one.contains('.') {
                true => Ok(Asked::Column(one.clone())),
                false => Err((
                    format!(
                        "`{one}` is neither a sourcedId (32 hex digits) nor FILE.COLUMN, such as users.role"
                    ),
                    format!("to ask about a row of the source, say what it is: {}, and its key", kinds()),
                )),
            }
        }
        [kind, key] => match Kind::from_word(kind) {
            Some(kind) => Ok(Asked::Row(Question::Subject { kind, key: key.clone() })),
            None => {
                Err((format!("`{kind}` is nothing that can be explained"), format!("known are {}", kinds())))
            }
        },
        _ => Err(("nothing was asked".to_owned(), format!("name one of {}, and its key", kinds()))),
    }
}

/// Runs the verb.
pub fn run(args: &ExplainArgs, process: &mut Process<'_>) -> ExitCode {
    let asked = match asked(&args.question) {
        Ok(asked) => asked,
        Err((what, help)) => {
            process.fault(what, help);
            return ExitCode::Usage;
        }
    };
    let environment = process.environment.iter().cloned();
    let demanded = match asked {
        Asked::Row(_) => args.shaping.demanded(),
        // A column is explained without a source.
        Asked::Column(_) => Vec::new(),
    };
    let mut overrides = args.shaping.overrides(environment);
    if let Asked::Column(_) = asked {
        // Nothing is read: version and seeds alone count.
        overrides.stand_in("tenant", "column");
        overrides.stand_in("active_school_year", "2000");
    }
    let mut run = match overrides.freeze(process.today, &demanded) {
        Ok(run) => run,
        Err(faults) => {
            for fault in faults {
                process.fault(&fault, fault.help());
            }
            return ExitCode::Usage;
        }
    };
    let &[edition] = run.plan.editions.as_slice() else {
        process
            .fault("--oneroster names several versions, and one is explained at a time", "name one of them");
        return ExitCode::Usage;
    };
    let told = match &asked {
        Asked::Row(question) => row(args, &mut run, edition, question, process),
        Asked::Column(column) => self::column(&run, edition, column, process),
    };
    let told = match told {
        Ok(told) => told,
        Err(code) => return code,
    };
    let out = &mut *process.out;
    let written = match (&told, args.json) {
        (Told::Row(told), true) => told.json(out),
        (Told::Row(told), false) => write!(out, "{told}"),
        (Told::Column(told), true) => told.json(out),
        (Told::Column(told), false) => write!(out, "{told}"),
    };
    match written.and_then(|()| out.flush()) {
        Ok(()) => ExitCode::Published,
        Err(_) => {
            process
                .fault("cannot write the explanation to standard output", "check the reader of the output");
            ExitCode::Output
        }
    }
}

fn crosswalks(run: &Run, process: &mut Process<'_>) -> Result<Crosswalks, ExitCode> {
    Crosswalks::load(run.seeds.as_deref()).map_err(|e| {
        process.fault(&e, "mend the seed, or leave --seeds out to use the built-in crosswalks");
        ExitCode::Usage
    })
}

fn row(
    args: &ExplainArgs,
    run: &mut Run,
    edition: Edition,
    question: &Question,
    process: &mut Process<'_>,
) -> Result<Told, ExitCode> {
    let crosswalks = crosswalks(run, process)?;
    if let Some(threads) = run.threads {
        // Fails only when the pool is there already, which happens in tests alone: the answer is the same.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    }
    if process.signals {
        interrupt::clear_up_on_signal(Vec::new());
    }
    let opened = source::open(&args.shaping.source, run, &process.environment)
        .map_err(|e| source::tell_open(&e, process))?;
    source::settle_year(&opened, run, process)?;
    if run.as_of_is_today && export::outside_of_year(run.plan.as_of, run.plan.school_year) {
        process.note(format_args!(
            "--as-of is today, {}, which is outside of school year {}: give the day of the export that is explained",
            run.plan.as_of, run.plan.school_year
        ));
    }
    opened.warn(process);
    let progress = source::progress(args.shaping.quiet, Default::default(), process);
    let explained =
        explain::explain(opened.source(), &crosswalks, &run.plan, edition, question, progress.as_ref());
    drop(progress);
    match explained {
        Ok(told) => Ok(Told::Row(Box::new(told))),
        Err(ExplainError::Run(error)) => Err(export::tell(&error, process)),
        Err(ExplainError::Unknown(unknown)) => {
            process.fault(&unknown, &unknown.help);
            Err(ExitCode::Usage)
        }
        Err(ExplainError::Ambiguous(ambiguous)) => {
            process.fault(&ambiguous, ambiguous.help());
            Err(ExitCode::Usage)
        }
    }
}

fn column(run: &Run, edition: Edition, column: &str, process: &mut Process<'_>) -> Result<Told, ExitCode> {
    let crosswalks = crosswalks(run, process)?;
    match explain::explain_column(column, edition, &crosswalks) {
        Ok(told) => Ok(Told::Column(Box::new(told))),
        Err(error) => {
            process.fault(&error, &error.help);
            Err(ExitCode::Usage)
        }
    }
}
