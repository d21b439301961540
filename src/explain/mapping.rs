//! What docs/mapping.md says: the page is embedded, so that the rule which `explain` quotes is the documented one.
//!
//! In: a file and a column, or a notice code. Out: the row of the page's table, or the section that tells of the code.
//! `tests/docs_mapping.rs` compares the page with the specification and the codes; nothing here repeats a rule.

use crate::spec::File;

/// The page.
const PAGE: &str = include_str!("../../docs/mapping.md");

/// Sections that decisions refer to, by their headings on the page.
pub const SECTIONS: &[&str] = &[
    YEARS,
    CHOOSING,
    TEXT,
    CROSSWALKS,
    IDENTIFIERS,
    SCOPE,
    USERS,
    ENROLLMENTS,
    ORGS,
    SESSIONS,
    COURSES,
    CLASSES,
    DEMOGRAPHICS,
    ROLES,
];
/// What counts by year and date.
pub const YEARS: &str = "Years and dates";
/// One among several.
pub const CHOOSING: &str = "Choosing one among several";
/// How text is written.
pub const TEXT: &str = "Text";
/// What a descriptor is called.
pub const CROSSWALKS: &str = "Descriptors and crosswalks";
/// Ids.
pub const IDENTIFIERS: &str = "Identifiers";
/// What narrows a run.
pub const SCOPE: &str = "Scope and closure";
/// users.csv.
pub const USERS: &str = "users.csv";
/// roles.csv.
pub const ROLES: &str = "roles.csv";
/// enrollments.csv.
pub const ENROLLMENTS: &str = "enrollments.csv";
/// orgs.csv.
pub const ORGS: &str = "orgs.csv";
/// academicSessions.csv.
pub const SESSIONS: &str = "academicSessions.csv";
/// courses.csv.
pub const COURSES: &str = "courses.csv";
/// classes.csv.
pub const CLASSES: &str = "classes.csv";
/// demographics.csv.
pub const DEMOGRAPHICS: &str = "demographics.csv";

/// What the page says of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Rule {
    /// Where the value is read.
    pub from: &'static str,
    /// What happens to it.
    pub rule: &'static str,
    /// What happens when there is none.
    pub without: &'static str,
}

/// Headings with the lines below them.
fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGE.split("\n## ")
        .flat_map(|part| part.split("\n### "))
        .map(|part| part.split_once('\n').unwrap_or((part, "")))
}

/// The section whose heading is this.
fn section(heading: &str) -> Option<&'static str> {
    sections().find(|(known, _)| *known == heading).map(|(_, text)| text)
}

/// The cells of a table's row.
fn cells(line: &'static str) -> Option<Vec<&'static str>> {
    let row = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(row.split('|').map(str::trim).collect())
}

/// What the page says of a column of a file: `the same` is what the column above it says.
pub fn rule(file: File, column: &str) -> Option<Rule> {
    let mut above = Rule { from: "", rule: "", without: "" };
    for line in section(file.csv_name())?.lines() {
        let Some(row) = cells(line).filter(|row| row.len() == 4) else { continue };
        let same = |cell: &'static str, above: &'static str| if cell == "the same" { above } else { cell };
        above = Rule {
            from: same(row[1], above.from),
            rule: same(row[2], above.rule),
            without: same(row[3], above.without),
        };
        if row[0].trim_matches('`') == column {
            return Some(above);
        }
    }
    None
}

/// What the page says of an extension column: the setting that turns it on, and what it holds.
pub fn extension(file: File, column: &str) -> Option<(&'static str, &'static str)> {
    let rows = section("Extension columns")?.lines().filter_map(cells).filter(|row| row.len() == 4);
    let mut found = rows.filter(|row| {
        let of_file = row[0] == "all" || row[0] == file.csv_name();
        let name = row[1].trim_matches('`');
        of_file && (name == column || name == "metadata.<name>" && column.starts_with("metadata."))
    });
    found.next().map(|row| (row[2].trim_matches('`'), row[3]))
}

/// The first section that tells of a notice code.
pub fn section_of_code(code: &str) -> &'static str {
    let quoted = format!("`{code}`");
    sections().find(|(_, text)| text.contains(&quoted)).map_or("", |(heading, _)| heading)
}

/// The words in backticks of a text.
pub fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A text of the page without its links.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        let Some((label, after)) = link.split_once("](") else { break };
        let Some((_, after)) = after.split_once(')') else { break };
        plain.push_str(before);
        plain.push_str(label);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Version;

    #[test]
    fn sections_that_decisions_name_are_there() {
        for heading in SECTIONS {
            assert!(section(heading).is_some_and(|text| text.len() > 100), "{heading}");
        }
        for code in crate::pipeline::codes() {
            assert_ne!(section_of_code(code.code), "", "{}", code.code);
        }
    }

    #[test]
    fn every_column_of_a_file_that_is_written_has_a_rule() {
        for version in Version::ALL {
            for spec in version.files().iter().filter(|spec| section(spec.file.csv_name()).is_some()) {
                for column in spec.columns {
                    let found = rule(spec.file, column.name);
                    let found = found.unwrap_or_else(|| panic!("{} {}", spec.file, column.name));
                    assert_ne!(found.rule, "the same");
                }
            }
        }
        assert_eq!(rule(File::Demographics, "white"), rule(File::Demographics, "asian"));
        assert!(rule(File::Users, "role").unwrap().from.contains("classifications crosswalk"));
        assert_eq!(rule(File::Users, "rolle"), None);
        assert_eq!(extension(File::Users, "metadata.edu.natural_key").unwrap().0, "natural_key");
    }

    #[test]
    fn links_are_left_out() {
        assert_eq!(plain("a [b](#c) d `e[0]`"), "a b d `e[0]`");
    }
}
