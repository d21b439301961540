//! What people and orgs share although they should not, and what students should have.
//!
//! In: rows of users and orgs, one after the other. Out: notices with ids; the shared value is never shown.

use crate::check::rule::{Hook, RowTest, Rule};
use crate::notice::{Authority, Code, Severity};
use rustc_hash::FxHashSet;

use super::roles::have_role;
use crate::check::facts::{Facts, key};
use crate::check::findings::Findings;
use crate::check::scan::{Layout, Row};
use crate::spec::File;

/// Users share a username; letter case does not count.
pub static USERNAME_NOT_UNIQUE: Rule = Rule {
    code: Code {
        code: "username-not-unique",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "users",
        summary: "Users share a username; letter case does not count.",
        remedy: "Record an address or log-in of their own for each.",
    },
    section: "Schoology, Apple, ClassLink: username is what people sign in with",
    why: "One of them signs in as the other, or neither can.",
    hook: Hook::Row(username),
};

/// Users share an e-mail address.
pub static EMAIL_SHARED: Rule = Rule {
    code: Code {
        code: "email-shared",
        severity: Severity::Info,
        authority: Authority::Consumer,
        file: "users",
        summary: "Users share an e-mail address.",
        remedy: "Record an address of their own for each, or none.",
    },
    section: "Schoology, Apple School Manager: unique addresses",
    why: "Readers that match by address merge the users.",
    hook: Hook::Row(email),
};

/// Rows share an identifier.
pub static IDENTIFIER_SHARED: Rule = Rule {
    code: Code {
        code: "identifier-shared",
        severity: Severity::Info,
        authority: Authority::Consumer,
        file: "",
        summary: "Rows share an identifier.",
        remedy: "Check the numbers in the ODS.",
    },
    section: "Benchmark: unique identifiers",
    why: "Readers that match by identifier merge the rows.",
    hook: Hook::Row(identifier),
};

/// A student has no grade level.
pub static STUDENT_WITHOUT_GRADE: Rule = Rule {
    code: Code {
        code: "student-without-grade",
        severity: Severity::Info,
        authority: Authority::Consumer,
        file: "users",
        summary: "A student has no grade level.",
        remedy: "Record the grade level of the enrollment in the ODS.",
    },
    section: "ST Math, Benchmark: grade is compulsory",
    why: "Readers that need a grade pass the student over.",
    hook: Hook::Whole { files: &[File::Users, File::Roles], truth: &[File::Roles], run: no_grade },
};

/// A user is among their own agents.
pub static AGENT_OF_SELF: Rule = Rule {
    code: Code {
        code: "agent-of-self",
        severity: Severity::Warning,
        authority: Authority::Policy,
        file: "users",
        summary: "A user is among their own agents.",
        remedy: "Correct the contact in the ODS.",
    },
    section: "OneRoster CSV 1.1 and 1.2, users.csv: agentSourcedIds are other users",
    why: "A child appears as its own parent.",
    hook: Hook::Row(own_agent),
};

/// Values that were seen in a column.
struct Shared {
    rule: &'static Rule,
    column: usize,
    name: &'static str,
    seen: FxHashSet<u128>,
}

fn shared(
    layout: &Layout,
    files: &[File],
    name: &'static str,
    rule: &'static Rule,
) -> Option<Box<dyn RowTest>> {
    let column = layout.column(name).filter(|_| files.contains(&layout.file()))?;
    Some(Box::new(Shared { rule, column, name, seen: FxHashSet::default() }))
}

fn username(layout: &Layout) -> Option<Box<dyn RowTest>> {
    shared(layout, &[File::Users], "username", &USERNAME_NOT_UNIQUE)
}

fn email(layout: &Layout) -> Option<Box<dyn RowTest>> {
    shared(layout, &[File::Users], "email", &EMAIL_SHARED)
}

fn identifier(layout: &Layout) -> Option<Box<dyn RowTest>> {
    shared(layout, &[File::Users, File::Orgs], "identifier", &IDENTIFIER_SHARED)
}

impl RowTest for Shared {
    fn row(&mut self, row: &Row<'_, '_>, _: &Facts, findings: &mut Findings<'_>) {
        let cell = row.cell(self.column);
        if cell.is_empty() {
            return;
        }
        let upper = cell.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii());
        let seen = if upper { key(&cell.to_lowercase()) } else { key(cell) };
        if !self.seen.insert(seen) {
            findings.raise(self.rule, row.file, self.name, row.spot, "");
        }
    }
}

fn no_grade(facts: &Facts, findings: &mut Findings<'_>) {
    let Some(users) = facts.file(File::Users) else { return };
    let Some(students) = have_role(facts, &["student"]) else { return };
    for (row, grade) in users.texts("grades").iter().enumerate() {
        if *grade == 0 && students.get(row).copied().unwrap_or_default() {
            findings.raise_row(&STUDENT_WITHOUT_GRADE, (File::Users, users.line(row as u32)), "grades", "");
        }
    }
}

struct OwnAgent(usize);

fn own_agent(layout: &Layout) -> Option<Box<dyn RowTest>> {
    Some(Box::new(OwnAgent(layout.column("agentSourcedIds")?)))
}

impl RowTest for OwnAgent {
    fn row(&mut self, row: &Row<'_, '_>, _: &Facts, findings: &mut Findings<'_>) {
        let agents = row.cell(self.0);
        let id = row.spot.id;
        if !agents.is_empty()
            && !id.is_empty()
            && agents.split(',').any(|agent| agent.trim_matches(' ') == id)
        {
            findings.raise(&AGENT_OF_SELF, row.file, "agentSourcedIds", row.spot, "");
        }
    }
}
