//! Roles of OneRoster 1.2: one row per user row, organization and role (mapping.md section 6).
//!
//! In: a user, and what the source evidences of that user at each organization: an assignment, a section taught,
//! an association. Out: [`Role`]s in the order of roles.csv. Nothing is multiplied out: a principal of one school
//! who teaches at another is principal there and teacher here. Who is a user at all was decided before.

use std::collections::BTreeMap;

use crate::config::plan::Plan;
use crate::day::Day;
use crate::sourced_id::Person;
use crate::spec::vocabulary::ROLE_V1P2;
use crate::staging::Staged;

use super::Roster;
use super::orgs::{OrgType, Orgs};
use super::staff::Evidence;
use super::students::attendances;
use super::user_rows::UserRow;

/// One row of roles.csv.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    /// Row of the organization.
    pub org: u32,
    /// Word of the role vocabulary.
    pub role: &'static str,
    /// Whether it is the user's primary role at the organization.
    pub primary: bool,
    /// First day.
    pub begin: Option<Day>,
    /// Last day, inclusive.
    pub end: Option<Day>,
}

/// First and last day over several spans: none where one is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    begin: Option<Day>,
    end: Option<Day>,
}

impl Span {
    const OPEN: Span = Span { begin: None, end: None };

    fn with(self, other: Span) -> Span {
        let begin = self.begin.zip(other.begin).map(|(a, b)| a.min(b));
        let end = self.end.zip(other.end).map(|(a, b)| a.max(b));
        Span { begin, end }
    }
}

type Found = BTreeMap<(u32, &'static str), Span>;

fn add(found: &mut Found, org: u32, role: &'static str, span: Span) {
    found.entry((org, role)).and_modify(|known| *known = known.with(span)).or_insert(span);
}

/// Roles of a user row, sorted by organization and role; exactly one is primary at each organization.
pub fn roles_of(plan: &Plan, staged: &Staged, roster: &Roster, user_row: UserRow) -> Vec<Role> {
    let user = user_row.user;
    let row = user.row as usize;
    let mut found = Found::new();
    match user.person {
        Person::Student => {
            for (attendance, org) in attendances(plan, staged, &roster.orgs, &roster.sessions, user.row) {
                add(&mut found, org, "student", Span { begin: attendance.entry, end: attendance.exit });
            }
        }
        Person::Parent => {
            for &org in roster.users.parents.orgs.of(row) {
                add(&mut found, org, roster.users.parents.role[row], Span::OPEN);
            }
        }
        Person::Staff => {
            let staff = &roster.users.staff;
            for evidence in &staff.evidence[row] {
                if let Some(org) = evidence.org {
                    let span = Span { begin: evidence.begin, end: evidence.end };
                    add(&mut found, org, word(&roster.orgs, org, evidence), span);
                }
            }
            for &org in staff.teaches.of(row) {
                add(&mut found, org, "teacher", Span::OPEN);
            }
            // An organization that only an association shows: the role that the person has in 1.1.
            let main = super::staff::choose_role(&staff.evidence[row], &plan.mapping.staff_role_priority);
            for &org in staff.orgs.of(row) {
                if let (Some(main), None) = (main, found.range((org, "")..(org + 1, "")).next()) {
                    add(&mut found, org, word(&roster.orgs, org, main), Span::OPEN);
                }
            }
        }
    }
    if let Some(school) = roster.users.row_school(user_row) {
        found.retain(|&(org, _), _| org == school);
    }
    let priority = &plan.mapping.staff_role_priority_v1p2;
    let rank = |role: &str| priority.iter().position(|p| p == role).unwrap_or(priority.len());
    let mut roles: Vec<Role> = found
        .into_iter()
        .map(|((org, role), span)| Role { org, role, primary: false, begin: span.begin, end: span.end })
        .collect();
    for at_org in roles.chunk_by_mut(|a, b| a.org == b.org) {
        if let Some(first) = at_org.iter_mut().min_by_key(|r| (rank(r.role), r.role)) {
            first.primary = true;
        }
    }
    roles
}

/// The word of 1.2 for evidence at an organization: the seed's finer word, else the word itself; an administrator
/// is one of the district or of the site.
fn word(orgs: &Orgs, org: u32, evidence: &Evidence) -> &'static str {
    if let Some(finer) = evidence.role_v1p2 {
        return finer;
    }
    match (ROLE_V1P2.word(evidence.role), orgs.rows[org as usize].kind) {
        (Some(word), _) => word,
        (None, OrgType::State | OrgType::District) => "districtAdministrator",
        (None, OrgType::School | OrgType::Department) => "siteAdministrator",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_span_stays_open() {
        let span = |begin, end| Span { begin: Some(Day::at(begin)), end: Some(Day::at(end)) };
        assert_eq!(span(5, 9).with(span(1, 7)), span(1, 9));
        assert_eq!(span(5, 9).with(Span::OPEN), Span::OPEN);
        let open_end = Span { begin: Some(Day::at(3)), end: None };
        assert_eq!(span(5, 9).with(open_end), open_end);
    }
}
