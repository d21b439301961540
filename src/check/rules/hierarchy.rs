//! Parents of orgs and sessions.
//!
//! In: the rows of orgs and sessions when all are known. Out: notices.

use crate::check::facts::{Facts, FileFacts, UNKNOWN};
use crate::check::findings::Findings;
use crate::check::rule::{Hook, Rule};
use crate::notice::{Authority, Code, Severity};
use crate::spec::File;

/// Orgs are each other's parents.
pub static ORG_CYCLE: Rule = Rule {
    code: Code {
        code: "org-cycle",
        severity: Severity::Error,
        authority: Authority::Policy,
        file: "orgs",
        summary: "Orgs are each other's parents.",
        remedy: "Correct the parents in the ODS.",
    },
    section: "OneRoster CSV 1.1 and 1.2, orgs.csv: a hierarchy",
    why: "Readers that walk up never come to an end.",
    hook: Hook::Whole { files: &[File::Orgs], truth: &[], run: org_cycle },
};

/// Sessions contain each other.
pub static SESSION_CYCLE: Rule = Rule {
    code: Code {
        code: "session-cycle",
        severity: Severity::Error,
        authority: Authority::Policy,
        file: "academicSessions",
        summary: "Sessions contain each other.",
        remedy: "Correct the parents in the ODS.",
    },
    section: "OneRoster CSV 1.1 and 1.2, academicSessions.csv: a hierarchy",
    why: "Readers that walk up never come to an end.",
    hook: Hook::Whole { files: &[File::AcademicSessions], truth: &[], run: session_cycle },
};

/// An org lies below one that belongs lower: a district below a school, say.
pub static ORG_BELOW_LOWER: Rule = Rule {
    code: Code {
        code: "org-below-lower",
        severity: Severity::Info,
        authority: Authority::Specification,
        file: "orgs",
        summary: "An org lies below one that belongs lower: a district below a school, say.",
        remedy: "Correct the types or the parent.",
    },
    section: "OneRoster CSV 1.1 and 1.2, org types: national, state, local, district, school from top to bottom",
    why: "Readers show the org at the wrong place.",
    hook: Hook::Whole { files: &[File::Orgs], truth: &[], run: below_lower },
};

fn org_cycle(facts: &Facts, findings: &mut Findings<'_>) {
    cycle(facts, File::Orgs, &ORG_CYCLE, findings);
}

fn session_cycle(facts: &Facts, findings: &mut Findings<'_>) {
    cycle(facts, File::AcademicSessions, &SESSION_CYCLE, findings);
}

fn cycle(facts: &Facts, file: File, rule: &'static Rule, findings: &mut Findings<'_>) {
    let Some(facts) = facts.file(file) else { return };
    let parents = facts.rows(PARENT);
    // 0: not seen; else the walk in which it was seen first.
    let mut seen = vec![0u32; parents.len()];
    for start in 0..parents.len() {
        let (walk, mut at) = (start as u32 + 1, start as u32);
        while let Some(mark) = seen.get_mut(at as usize) {
            if *mark == walk {
                let members = members(facts, at);
                let cause = format!("a circle of {}", members.len());
                for row in members {
                    findings.raise_row(rule, (file, facts.line(row)), PARENT, &cause);
                }
                break;
            }
            if *mark != 0 {
                break;
            }
            *mark = walk;
            at = parents.get(at as usize).copied().unwrap_or(UNKNOWN);
        }
    }
}

const PARENT: &str = "parentSourcedId";

/// The rows of the circle that this one is in, in file order.
fn members(facts: &FileFacts, start: u32) -> Vec<u32> {
    let parents = facts.rows(PARENT);
    let mut found = vec![start];
    let mut at = parents.get(start as usize).copied().unwrap_or(start);
    while at != start && found.len() <= parents.len() {
        found.push(at);
        at = parents.get(at as usize).copied().unwrap_or(start);
    }
    found.sort_unstable();
    found
}

fn below_lower(facts: &Facts, findings: &mut Findings<'_>) {
    let Some(facts) = facts.file(File::Orgs) else { return };
    let ranks = ["national", "state", "local", "district", "school"];
    let rank = |row: u32| ranks.iter().position(|word| facts.is_word("type", row, &[word]));
    for (row, parent) in facts.rows(PARENT).iter().enumerate() {
        let row = row as u32;
        if *parent < UNKNOWN
            && let (Some(own), Some(above)) = (rank(row), rank(*parent))
            && above > own
        {
            let cause = format!("a {} below a {}", ranks[own], ranks[above]);
            findings.raise_row(&ORG_BELOW_LOWER, (File::Orgs, facts.line(row)), PARENT, &cause);
        }
    }
}
