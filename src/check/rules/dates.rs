//! Dates against each other, and against sessions.
//!
//! In: rows with two dates; sessions, classes and enrollments. Out: notices. Ends are the day after the last day.

use crate::check::facts::{Facts, FileFacts, NO_DAY, UNKNOWN};
use crate::check::findings::Findings;
use crate::check::rule::{Charge, Hook, RowTest, Rule};
use crate::check::rules::forms;
use crate::check::scan::{Layout, Row};
use crate::notice::{Authority, Code, Severity};
use crate::spec::File;

/// A row ends before it begins.
pub static DATES_REVERSED: Rule = Rule {
    code: Code {
        code: "dates-reversed",
        severity: Severity::Warning,
        authority: Authority::Policy,
        file: "",
        summary: "A row ends before it begins.",
        remedy: "Correct the dates in the ODS.",
    },
    section: "OneRoster CSV 1.1 and 1.2, begin is inclusive, end exclusive",
    why: "Readers refuse the row or never show it.",
    hook: Hook::Row(reversed),
};

/// A session begins before its parent or ends after it.
pub static SESSION_OUTSIDE_PARENT: Rule = Rule {
    code: Code {
        code: "session-outside-parent",
        severity: Severity::Warning,
        authority: Authority::Policy,
        file: "academicSessions",
        summary: "A session begins before its parent or ends after it.",
        remedy: "Correct the dates of the session or of its parent.",
    },
    section: "OneRoster CSV 1.1 and 1.2, academicSessions.csv",
    why: "Readers that go by the parent's dates cut the session off.",
    hook: Hook::Whole { files: &[File::AcademicSessions], truth: &[], run: outside_parent },
};

/// schoolYear is neither the year of the session's begin nor the year after it.
pub static SCHOOL_YEAR_UNLIKE_DATES: Rule = Rule {
    code: Code {
        code: "school-year-unlike-dates",
        severity: Severity::Warning,
        authority: Authority::Specification,
        file: "academicSessions",
        summary: "schoolYear is neither the year of the session's begin nor the year after it.",
        remedy: "Write the year in which the school year ends.",
    },
    section: "OneRoster CSV 1.1 and 1.2, academicSessions.csv: schoolYear",
    why: "Readers file the session, and its classes, under another year.",
    hook: Hook::Row(school_year),
};

/// An enrollment begins before all terms of its class or ends after them.
pub static ENROLLMENT_OUTSIDE_TERM: Rule = Rule {
    code: Code {
        code: "enrollment-outside-term",
        severity: Severity::Info,
        authority: Authority::Consumer,
        file: "enrollments",
        summary: "An enrollment begins before all terms of its class or ends after them.",
        remedy: "Correct the dates of the association or of the session.",
    },
    section: "OneRoster CSV 1.1 and 1.2, enrollments.csv",
    why: "Readers that go by the term cut the enrollment off.",
    hook: Hook::Whole {
        files: &[File::Enrollments, File::Classes, File::AcademicSessions],
        truth: &[],
        run: outside_term,
    },
};

/// Sessions are over on the as-of date, and classes meet in none that is not.
pub static CLASSES_OVER: Rule = Rule {
    code: Code {
        code: "classes-over",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "classes",
        summary: "Sessions are over on the as-of date, and classes meet in none that is not.",
        remedy: "Check the school year of the export.",
    },
    section: "Clever: classes whose terms are not current are dropped",
    why: "Readers drop the classes with their enrollments.",
    hook: Hook::Whole { files: &[File::Classes, File::AcademicSessions], truth: &[], run: over },
};

/// Sessions have not begun on the as-of date, and classes meet in none that has.
pub static CLASSES_NOT_BEGUN: Rule = Rule {
    code: Code {
        code: "classes-not-begun",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "classes",
        summary: "Sessions have not begun on the as-of date, and classes meet in none that has.",
        remedy: "Nothing before the year begins; else check the dates of the sessions.",
    },
    section: "Clever: future terms are dropped",
    why: "Readers drop the classes with their enrollments.",
    hook: Hook::Whole { files: &[File::Classes, File::AcademicSessions], truth: &[], run: not_begun },
};

struct Reversed(usize, usize, &'static str);

fn reversed(layout: &Layout) -> Option<Box<dyn RowTest>> {
    let pairs = [("startDate", "endDate"), ("beginDate", "endDate"), ("assignDate", "dueDate")];
    let found =
        pairs.into_iter().find_map(|(begin, end)| Some((layout.column(begin)?, layout.column(end)?, end)));
    let (begin, end, name) = found?;
    Some(Box::new(Reversed(begin, end, name)))
}

impl RowTest for Reversed {
    fn row(&mut self, row: &Row<'_, '_>, _: &Facts, findings: &mut Findings<'_>) {
        let (begin, end) = (row.cell(self.0), row.cell(self.1));
        // Dates of the right form are in the order of their texts.
        if end < begin && !end.is_empty() && forms::day(begin).is_some() && forms::day(end).is_some() {
            findings.raise(&DATES_REVERSED, row.file, self.2, row.spot, "");
        }
    }
}

struct SchoolYear(usize, usize);

fn school_year(layout: &Layout) -> Option<Box<dyn RowTest>> {
    Some(Box::new(SchoolYear(layout.column("startDate")?, layout.column("schoolYear")?)))
}

impl RowTest for SchoolYear {
    fn row(&mut self, row: &Row<'_, '_>, _: &Facts, findings: &mut Findings<'_>) {
        if let (Some(day), Ok(year)) = (row.day(self.0), row.cell(self.1).parse::<i32>())
            && row.cell(self.1).len() == 4
            && !(0..=1).contains(&(year - day.ymd().0))
        {
            findings.raise(&SCHOOL_YEAR_UNLIKE_DATES, row.file, "schoolYear", row.spot, "");
        }
    }
}

/// First day and day after the last of a row, where they can be read.
fn span(facts: &FileFacts, begin: &str, end: &str, row: u32) -> (Option<i32>, Option<i32>) {
    let at = |column| facts.days(column).get(row as usize).copied().filter(|day| *day != NO_DAY);
    (at(begin), at(end))
}

fn session(facts: &FileFacts, row: u32) -> (Option<i32>, Option<i32>) {
    span(facts, "startDate", "endDate", row)
}

fn outside_parent(facts: &Facts, findings: &mut Findings<'_>) {
    let Some(facts) = facts.file(File::AcademicSessions) else { return };
    for (row, parent) in facts.rows("parentSourcedId").iter().enumerate().filter(|(_, p)| **p < UNKNOWN) {
        let ((begin, end), (first, last)) = (session(facts, row as u32), session(facts, *parent));
        let at = (File::AcademicSessions, facts.line(row as u32));
        if begin.zip(first).is_some_and(|(own, parent)| own < parent) {
            findings.raise_row(&SESSION_OUTSIDE_PARENT, at, "startDate", "");
        }
        if end.zip(last).is_some_and(|(own, parent)| own > parent) {
            findings.raise_row(&SESSION_OUTSIDE_PARENT, at, "endDate", "");
        }
    }
}

/// First day of the first term of each class, and end of the last; `None` where a term is unknown.
fn terms(facts: &Facts) -> Vec<Option<(i32, i32)>> {
    let (Some(classes), Some(sessions)) = (facts.file(File::Classes), facts.file(File::AcademicSessions))
    else {
        return Vec::new();
    };
    let whole = |class: u32| {
        let terms = classes.list("termSourcedIds", class);
        let spans = terms.iter().map(|term| session(sessions, *term)).map(|(begin, end)| begin.zip(end));
        let spans: Option<Vec<(i32, i32)>> = spans.collect();
        let spans = spans.filter(|spans| !spans.is_empty())?;
        let begin = spans.iter().map(|span| span.0).min()?;
        Some((begin, spans.iter().map(|span| span.1).max()?))
    };
    (0..classes.ids.len() as u32).map(whole).collect()
}

fn outside_term(facts: &Facts, findings: &mut Findings<'_>) {
    let Some(rows) = facts.file(File::Enrollments) else { return };
    let terms = terms(facts);
    for (row, class) in rows.rows("classSourcedId").iter().enumerate() {
        let Some((first, last)) = terms.get(*class as usize).copied().flatten() else { continue };
        let (begin, end) = span(rows, "beginDate", "endDate", row as u32);
        let at = |row: usize| (File::Enrollments, rows.line(row as u32));
        if begin.is_some_and(|begin| begin < first) {
            findings.raise_row(&ENROLLMENT_OUTSIDE_TERM, at(row), "beginDate", "");
        }
        if end.is_some_and(|end| end > last) {
            findings.raise_row(&ENROLLMENT_OUTSIDE_TERM, at(row), "endDate", "");
        }
    }
}

fn by_date(
    facts: &Facts,
    charge: impl Into<Charge>,
    out: fn((i32, i32), i32) -> bool,
    findings: &mut Findings<'_>,
) {
    let (Some(classes), Some(today)) = (facts.file(File::Classes), facts.as_of) else { return };
    let charge = charge.into();
    for (class, span) in terms(facts).into_iter().enumerate() {
        if span.is_some_and(|span| out(span, today.number())) {
            findings.raise_row(charge, (File::Classes, classes.line(class as u32)), "termSourcedIds", "");
        }
    }
}

fn over(facts: &Facts, findings: &mut Findings<'_>) {
    by_date(facts, &CLASSES_OVER, |(_, last), today| last <= today, findings);
}

fn not_begun(facts: &Facts, findings: &mut Findings<'_>) {
    by_date(facts, &CLASSES_NOT_BEGUN, |(first, _), today| first > today, findings);
}

/// The same for a consumer that leaves such classes out.
pub fn begin_later(charge: Charge, facts: &Facts, findings: &mut Findings<'_>) {
    by_date(facts, charge, |(first, _), today| first > today, findings);
}

/// The rules that need an as-of date.
pub static BY_DATE: &[&Rule] = &[&CLASSES_OVER, &CLASSES_NOT_BEGUN];
