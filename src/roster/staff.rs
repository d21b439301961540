//! Which staff members are exported, where and as what (mapping.md section 6, Staff).
//!
//! In: staged staff, assignments and school associations, and who teaches exported classes. Out: [`Staff`],
//! row for row with the staged staff. Evidence is kept per organization, in the wider shape of OneRoster 1.2;
//! the one role of 1.1 is chosen from it.

use std::collections::BTreeSet;

use crate::config::plan::{Include, Plan};
use crate::crosswalk::StaffRole;
use crate::day::Day;
use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::{Person, SourcedId};
use crate::spec::vocabulary::USER_ROLE_V1P1;
use crate::staging::{StaffAssignment, StaffSchool};

use super::answers::{Answers, Known};
use super::clean::clean;
use super::context::{Context, NotCounted};
use super::fate::Fate;
use super::filter::Filters;
use super::lists::Lists;
use super::orgs::{OUT_OF_SCOPE, OrgLost, Orgs, outside};
use super::sessions::{Sessions, Window};
use super::students::{NAME_BLANK, window_of};

/// A staff member has no role.
pub static STAFF_WITHOUT_ROLE: Code = Code {
    code: "staff-without-role",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "users",
    summary: "Staff members have no classification with a role among their counted assignments, and teach no exported class: they are not exported.",
    remedy: "Give the classification a role in xwalk_oneroster_staff_classifications.csv if they should be.",
};
/// A staff member has a role but no organization.
pub static STAFF_WITHOUT_ORG: Code = Code {
    code: "staff-without-org",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "users",
    summary: "Staff members have a role, but none of their organizations is exported: they are left out.",
    remedy: "Assign them to a school or LEA.",
};
/// An assignment is to an organization that OneRoster does not have.
pub static STAFF_ORG_SKIPPED: Code = Code {
    code: "staff-org-skipped",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "users",
    summary: "An assignment or school association of staff is to an organization that is not exported: it does not appear among their organizations.",
    remedy: "Nothing for service centers and the like; otherwise extract the organization with its name.",
};
/// The crosswalk answers with a role that the version lacks.
pub static ROLE_NOT_IN_VERSION: Code = Code {
    code: "role-not-in-version",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "users",
    summary: "The crosswalk gives, in its column oneroster_role, a role that only OneRoster 1.2 has: the classification is unmapped in packages of either version, so that both have the same people.",
    remedy: "Put a role of 1.1 into oneroster_role and the finer one into oneroster_role_v1p2.",
};

/// What shows that a staff member has a role at an organization.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// Row of the organization; `None` when it is not exported.
    pub org: Option<u32>,
    /// Role of the crosswalk's `oneroster_role`.
    pub role: &'static str,
    /// Finer role of 1.2, if the seed gives one.
    pub role_v1p2: Option<&'static str>,
    /// Classification as written; `Teacher` for those who teach without one.
    pub classification: String,
    /// First day of the assignment.
    pub begin: Option<Day>,
    /// Last day of the assignment.
    pub end: Option<Day>,
}

/// Staff members, parallel to the staged staff.
#[derive(Debug, Default)]
pub struct Staff {
    /// Ids.
    pub sourced_id: Vec<SourcedId>,
    /// Whether the staff member is exported.
    pub fate: Vec<Fate>,
    /// Rows of the organizations, in the order of orgs.csv.
    pub orgs: Lists,
    /// The role of OneRoster 1.1, `""` where nobody is exported.
    pub role: Vec<&'static str>,
    /// The classification of the same row, as written.
    pub classification: Vec<String>,
    /// Rows of the schools at which the staff member teaches exported classes.
    pub teaches: Lists,
    /// Evidence by staff member, sorted.
    pub evidence: Vec<Vec<Evidence>>,
}

impl Staff {
    /// Number of staff members, exported or not.
    pub fn len(&self) -> usize {
        self.fate.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.fate.is_empty()
    }

    /// `teaching` lists (staff member, organization) of exported classes, sorted and without duplicates.
    pub(super) fn build(
        ctx: &mut Context<'_>,
        filters: &mut Filters,
        orgs: &Orgs,
        sessions: &Sessions,
        teaching: &[(u32, u32)],
    ) -> Staff {
        let staged = ctx.staged;
        let mut staff = Staff::default();
        let mut roles = Answers::new(&ctx.crosswalks.classifications, &staged.descriptors, |role| *role);
        let mut key = String::new();
        let (mut assigned, mut attached, mut taught) =
            (&staged.staff_assignments[..], &staged.staff_schools[..], teaching);
        for person in 0..staged.staff.len() as u32 {
            let unique_id = staged.staff.unique_id.get(person as usize);
            ctx.keys.user(&mut key, Person::Staff, unique_id, None);
            staff.sourced_id.push(SourcedId::of(&key));
            let assignments = take(&mut assigned, |a| a.staff == person);
            let schools = take(&mut attached, |a| a.staff == person);
            let classes = take(&mut taught, |t| t.0 == person);

            let mut places = Places::default();
            let mut evidence = Vec::new();
            let mut unmapped: BTreeSet<&str> = BTreeSet::new();
            for assignment in assignments {
                if judge_assignment(ctx.plan, orgs, sessions, assignment).is_err() {
                    continue;
                }
                let org = places.add(ctx, orgs, assignment.organization);
                match evidence_of(ctx, &mut roles, assignment, org) {
                    Some(found) => evidence.push(found),
                    None => _ = unmapped.insert(ctx.value(assignment.classification)),
                }
            }
            for school in schools.iter().filter(|s| is_of_year(s, ctx.plan.school_year)) {
                places.add(ctx, orgs, school.school);
            }
            places.rows.extend(classes.iter().map(|&(_, org)| org));
            let wanted = wanted_roles(ctx, filters, &mut evidence);
            if evidence.is_empty() && (wanted.kept() || filters.role(ctx, "teacher").kept()) {
                evidence.extend(classes.iter().map(|&(_, org)| Evidence {
                    org: Some(org),
                    role: "teacher",
                    role_v1p2: None,
                    classification: "Teacher".to_owned(),
                    begin: None,
                    end: None,
                }));
            }
            // Those who teach without a classification have a role that was not there before.
            let wanted = wanted.or(wanted_roles(ctx, filters, &mut evidence));
            evidence.sort();
            // Most have one, and a list that grew has room for four.
            evidence.shrink_to_fit();
            let chosen = choose_role(&evidence, &ctx.plan.mapping.staff_role_priority);
            let named = !clean(staged.staff.first.get(person as usize)).is_empty()
                && !clean(staged.staff.last.get(person as usize)).is_empty();
            let fate = match chosen {
                None if !wanted.kept() => wanted,
                // Whoever is a teacher by their classes alone is none without them.
                None if filters.took_classes_of(person as usize) => filters.bereft(ctx, "staff member"),
                None => without_role(ctx, &unmapped, assignments.len()),
                Some(_) if places.rows.is_empty() => places.fate(ctx),
                Some(_) if !named => ctx.causes.fate(&NAME_BLANK, "staff"),
                Some(found) if classes.is_empty() => {
                    filters.idle_staff(ctx, person as usize, found.role).unwrap_or_default()
                }
                Some(_) => Fate::KEPT,
            };
            if fate.kept() {
                ctx.check_key("staff.staffUniqueId", unique_id);
            }
            let chosen = chosen.filter(|_| fate.kept());
            staff.fate.push(fate);
            staff.role.push(chosen.map_or("", |c| c.role));
            staff.classification.push(chosen.map_or_else(String::new, |c| c.classification.clone()));
            staff.teaches.push(classes.iter().filter(|_| fate.kept()).map(|&(_, org)| org));
            staff.orgs.push(if fate.kept() { places.rows } else { BTreeSet::new() });
            staff.evidence.push(if fate.kept() { evidence } else { Vec::new() });
        }
        ctx.collect(&roles);
        staff
    }
}

/// Takes out the roles that are not wanted; the fate of whoever had no other.
fn wanted_roles(ctx: &mut Context<'_>, filters: &mut Filters, evidence: &mut Vec<Evidence>) -> Fate {
    let mut fate = Fate::KEPT;
    evidence.retain(|found| {
        let of_role = filters.role(ctx, found.role);
        fate = fate.or(of_role);
        of_role.kept()
    });
    fate
}

/// Why an assignment does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAssigned {
    /// Its dates say so on the as-of date.
    ByDate(NotCounted),
    /// It has no day in common with the school year (`include = "year"`).
    OtherYear(Window),
}

/// Whether an assignment counts: by its dates, and under `include = "year"` only if it overlaps the school year,
/// since assignments carry no year of their own (mapping.md 0.11).
pub fn judge_assignment(
    plan: &Plan,
    orgs: &Orgs,
    sessions: &Sessions,
    assignment: &StaffAssignment,
) -> Result<(), NotAssigned> {
    if plan.mapping.include != Include::Year {
        let counted =
            super::context::counts(plan.mapping.include, plan.as_of, assignment.begin, assignment.end);
        return counted.map_err(NotAssigned::ByDate);
    }
    let window = window_of(plan, orgs, sessions, assignment.organization);
    match window.overlaps(assignment.begin, assignment.end) {
        true => Ok(()),
        false => Err(NotAssigned::OtherYear(window)),
    }
}

/// Whether a school association of staff is of the school year; one without a year always is.
pub fn is_of_year(association: &StaffSchool, school_year: i16) -> bool {
    association.year.is_none_or(|year| year == school_year)
}

/// Takes the leading items that belong to a person from a slice sorted by person.
fn take<'a, T>(rest: &mut &'a [T], belongs: impl Fn(&T) -> bool) -> &'a [T] {
    let (mine, others) = rest.split_at(rest.iter().take_while(|item| belongs(item)).count());
    *rest = others;
    mine
}

/// Organizations of one staff member.
#[derive(Default)]
struct Places {
    rows: BTreeSet<u32>,
    out_of_scope: bool,
    lost: Fate,
}

impl Places {
    fn add(&mut self, ctx: &mut Context<'_>, orgs: &Orgs, id: i64) -> Option<u32> {
        match place_of(orgs, id) {
            Ok(row) => {
                self.rows.insert(row);
                return Some(row);
            }
            Err(NoPlace::NotChosen) => self.out_of_scope = true,
            Err(NoPlace::Lost(lost)) => {
                let fate = lost.fate(id, ctx);
                match ctx.causes.of(fate) {
                    Some((code, _)) if code.code == OUT_OF_SCOPE.code => self.out_of_scope = true,
                    _ => ctx.notices.add(&STAFF_ORG_SKIPPED, &format!("org {id}"), ""),
                }
                self.lost = self.lost.or(fate);
            }
        }
        None
    }

    fn fate(&self, ctx: &mut Context<'_>) -> Fate {
        if self.out_of_scope {
            return ctx.causes.fate(&OUT_OF_SCOPE, outside(&ctx.plan.scope));
        }
        self.lost.or(ctx.causes.fate(&STAFF_WITHOUT_ORG, "no exported organization"))
    }
}

/// Why a staff member does not count at an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlace {
    /// It is exported only as an ancestor of what the filters choose.
    NotChosen,
    /// It is not exported.
    Lost(OrgLost),
}

/// The row of an organization at which a staff member counts.
pub fn place_of(orgs: &Orgs, id: i64) -> Result<u32, NoPlace> {
    match orgs.look_up(id) {
        Ok(row) if orgs.rows[row as usize].chosen => Ok(row),
        Ok(_) => Err(NoPlace::NotChosen),
        Err(lost) => Err(NoPlace::Lost(lost)),
    }
}

/// Why a classification gives no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRole {
    /// The crosswalk does not map it.
    Unmapped,
    /// OneRoster 1.1 lacks the role.
    NotInVersion(&'static str),
}

/// The role that the crosswalk's answer gives; who is exported is decided by the roles of 1.1 in both versions.
pub fn role_of(answer: Known<StaffRole>) -> Result<StaffRole, NoRole> {
    let Known::Mapped(role) = answer else { return Err(NoRole::Unmapped) };
    match USER_ROLE_V1P1.word(role.role) {
        Some(_) => Ok(role),
        None => Err(NoRole::NotInVersion(role.role)),
    }
}

fn evidence_of(
    ctx: &mut Context<'_>,
    roles: &mut Answers<StaffRole>,
    assignment: &StaffAssignment,
    org: Option<u32>,
) -> Option<Evidence> {
    let role = match role_of(roles.ask(assignment.classification)) {
        Ok(role) => role,
        Err(NoRole::Unmapped) => return None,
        Err(NoRole::NotInVersion(role)) => {
            let cause = format!("{} -> {role}", ctx.value(assignment.classification));
            ctx.notices.add(&ROLE_NOT_IN_VERSION, &cause, "");
            return None;
        }
    };
    Some(Evidence {
        org,
        role: role.role,
        role_v1p2: role.role_v1p2,
        classification: clean(ctx.value(assignment.classification)).into_owned(),
        begin: assignment.begin,
        end: assignment.end,
    })
}

/// The one role of 1.1: by priority, then by the role's name, then by the evidence's own order.
pub fn choose_role<'e>(evidence: &'e [Evidence], priority: &[String]) -> Option<&'e Evidence> {
    let rank = |role: &str| priority.iter().position(|p| p == role).unwrap_or(priority.len());
    evidence.iter().min_by_key(|e| (rank(e.role), e.role, e.org.is_none(), &e.classification, *e))
}

fn without_role(ctx: &mut Context<'_>, unmapped: &BTreeSet<&str>, assignments: usize) -> Fate {
    let cause = match unmapped.first() {
        Some(first) => format!("classification `{first}` has no role"),
        None if assignments > 0 => format!("all assignments ended before {}", ctx.plan.as_of),
        None => "no assignment".to_owned(),
    };
    ctx.causes.fate(&STAFF_WITHOUT_ROLE, cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(role: &'static str, classification: &str, org: Option<u32>) -> Evidence {
        let classification = classification.to_owned();
        Evidence { org, role, role_v1p2: None, classification, begin: None, end: None }
    }

    #[test]
    fn one_role_by_priority_and_its_own_classification() {
        let priority: Vec<String> =
            ["administrator", "teacher", "aide", "proctor"].iter().map(|s| (*s).to_owned()).collect();
        let list = [
            evidence("aide", "Paraprofessional", Some(1)),
            evidence("teacher", "Teacher", Some(2)),
            evidence("administrator", "Principal", None),
            evidence("administrator", "School Leader", Some(3)),
        ];
        // An administrator at an exported school before one at none, whatever the names.
        assert_eq!(choose_role(&list, &priority).unwrap().classification, "School Leader");
        assert_eq!(choose_role(&list[..2], &priority).unwrap().role, "teacher");
        assert_eq!(choose_role(&[], &priority), None);
        // Unlisted roles come last, by name.
        let list = [
            evidence("relative", "X", Some(1)),
            evidence("guardian", "Y", Some(1)),
            evidence("proctor", "Z", Some(1)),
        ];
        assert_eq!(choose_role(&list, &priority).unwrap().role, "proctor");
        assert_eq!(choose_role(&list[..2], &priority).unwrap().role, "guardian");
    }
}
