//! Organizations: states, districts, schools, and departments (mapping.md section 2).
//!
//! In: staged organizations and the scope of the plan. Out: [`Orgs`] in the order of orgs.csv, with parents
//! resolved. Departments are added by `roster::courses`, which knows who teaches what.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::config::plan::Scope;
use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::{SourcedId, YearOf};
use crate::staging::orgs::OrgKind;

use super::clean::{clean, same_value};
use super::context::Context;
use super::fate::Fate;
use super::filter::FILTERED;

/// An organization has no educationOrganization row, so no name.
pub static ORG_WITHOUT_NAME: Code = Code {
    code: "org-without-name",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "orgs",
    summary: "An organization has no educationOrganization row, hence no name: it is not exported, nor what hangs on it.",
    remedy: "Add the educationOrganization row, or give the organization a name.",
};
/// An organization's parent is not exported.
pub static ORG_PARENT_MISSING: Code = Code {
    code: "org-parent-missing",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "orgs",
    summary: "An organization names a parent that is not exported: its parent cell is blank.",
    remedy: "Add the parent organization with its name, or correct the reference.",
};
/// Parents of organizations form a circle.
pub static ORG_PARENT_CYCLE: Code = Code {
    code: "org-parent-cycle",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "orgs",
    summary: "LEAs are each other's parents: the parent of the lowest id in the circle is left blank.",
    remedy: "Correct parentLocalEducationAgencyId.",
};
/// An organization is outside the chosen LEAs and schools.
pub static OUT_OF_SCOPE: Code = Code {
    code: "out-of-scope",
    severity: Severity::Info,
    authority: Authority::Policy,
    file: "orgs",
    summary: "Rows belong to organizations outside the chosen LEAs and schools.",
    remedy: "Nothing, if the filter is meant.",
};
/// A filter names an organization that does not exist.
pub static FILTER_UNMATCHED: Code = Code {
    code: "filter-unmatched",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "",
    summary: "A filter names something that the source does not have.",
    remedy: "Correct the filter: what it names matches nothing.",
};
/// One id is in two organization tables.
pub static ORG_TWICE: Code = Code {
    code: "org-in-two-tables",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "orgs",
    summary: "One organization id is in two of the tables state agency, LEA and school: it is what it is higher up.",
    remedy: "Give each organization an id of its own.",
};
/// Something refers to an organization that is no LEA, school or state agency here.
pub static ORG_UNKNOWN: Code = Code {
    code: "org-unknown",
    severity: Severity::Warning,
    authority: Authority::Specification,
    file: "orgs",
    summary: "Rows refer to an organization that is neither a state agency, an LEA nor a school of the source.",
    remedy: "Extract the organization tables completely, or correct the reference.",
};

/// Type of an organization in OneRoster; the order is the order of orgs.csv.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrgType {
    /// `state`
    State,
    /// `district`
    District,
    /// `school`
    School,
    /// `department`
    Department,
}

impl OrgType {
    /// The word of the vocabulary.
    pub const fn word(self) -> &'static str {
        match self {
            OrgType::State => "state",
            OrgType::District => "district",
            OrgType::School => "school",
            OrgType::Department => "department",
        }
    }
}

/// One row of orgs.csv.
#[derive(Debug, Clone)]
pub struct Org {
    /// What it is.
    pub kind: OrgType,
    /// educationOrganizationId; a department's is its owner's.
    pub id: i64,
    /// Name as written.
    pub name: String,
    /// Name of the department as hashed; `None` for the other types.
    pub department: Option<String>,
    /// `identifier` cell.
    pub identifier: String,
    /// Row of the parent.
    pub parent: Option<u32>,
    /// Its id.
    pub sourced_id: SourcedId,
    /// Whether it is chosen by the scope itself, not only as an ancestor of something chosen: people count
    /// where they are chosen, so that a filter on a school does not drag the district's staff along.
    pub chosen: bool,
    /// Whether it is exported.
    pub fate: Fate,
}

/// Why nothing can hang on an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrgLost {
    /// It is left out.
    LeftOut(Fate),
    /// The source has no state agency, LEA or school of this id.
    Unknown,
    /// It is exported, but is no school where only a school will do.
    NotASchool,
}

impl OrgLost {
    /// The fate of what hangs on the organization of this id.
    pub(super) fn fate(self, id: i64, ctx: &mut Context<'_>) -> Fate {
        match self {
            OrgLost::LeftOut(fate) => fate,
            OrgLost::Unknown => ctx.causes.fate(&ORG_UNKNOWN, format!("org {id}")),
            OrgLost::NotASchool => ctx.causes.fate(&ORG_UNKNOWN, format!("org {id} is not a school")),
        }
    }
}

/// Organizations in output order.
#[derive(Debug, Default)]
pub struct Orgs {
    /// Sorted by (type, id, department); rows that are not exported included.
    pub rows: Vec<Org>,
    by_id: FxHashMap<i64, u32>,
    /// For schools and LEAs: the id that takes the place of lea_id in keys.
    lea_of: FxHashMap<i64, i64>,
}

impl Orgs {
    /// The state, district or school with this id.
    pub fn find(&self, id: i64) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    /// The state, district or school with this id, if it is exported.
    pub fn exported(&self, id: i64) -> Option<u32> {
        self.find(id).filter(|&n| self.rows[n as usize].fate.kept())
    }

    /// The school with this id, if it is exported.
    pub fn exported_school(&self, id: i64) -> Option<u32> {
        self.exported(id).filter(|&n| self.rows[n as usize].kind == OrgType::School)
    }

    /// The LEA of a school, or the school itself where it stands in for one (mapping.md section 2).
    pub fn lea_of(&self, school: i64) -> i64 {
        self.lea_of.get(&school).copied().unwrap_or(school)
    }

    /// Whose school year it is that an LEA, or the school that stands in for one, has.
    pub fn year_of(&self, lea: i64) -> YearOf {
        match self.find(lea).map(|n| self.rows[n as usize].kind) {
            Some(OrgType::School) => YearOf::School(lea),
            _ => YearOf::Lea(lea),
        }
    }

    /// The row of an organization on which something hangs, or why nothing can.
    pub fn look_up(&self, id: i64) -> Result<u32, OrgLost> {
        match self.find(id) {
            Some(n) if self.rows[n as usize].fate.kept() => Ok(n),
            Some(n) => Err(OrgLost::LeftOut(self.rows[n as usize].fate)),
            None => Err(OrgLost::Unknown),
        }
    }

    /// Like [`Orgs::look_up`], for rows that must hang on a school.
    pub fn look_up_school(&self, id: i64) -> Result<u32, OrgLost> {
        let row = self.look_up(id)?;
        match self.rows[row as usize].kind {
            OrgType::School => Ok(row),
            _ => Err(OrgLost::NotASchool),
        }
    }

    /// The fate of rows that hang on this organization, and its row.
    pub fn reference(&self, id: i64, ctx: &mut Context<'_>) -> Result<u32, Fate> {
        self.look_up(id).map_err(|lost| lost.fate(id, ctx))
    }

    /// Like [`Orgs::reference`], for rows that must hang on a school.
    pub fn school(&self, id: i64, ctx: &mut Context<'_>) -> Result<u32, Fate> {
        self.look_up_school(id).map_err(|lost| lost.fate(id, ctx))
    }

    pub(super) fn build(ctx: &mut Context<'_>) -> Orgs {
        let staged = ctx.staged;
        let mut orgs = Orgs::default();
        let mut key = String::new();
        for org in &staged.orgs.rows {
            let name = org.name.as_deref().map(clean).unwrap_or_default();
            ctx.keys.org(&mut key, org.id);
            let fate = if name.is_empty() {
                ctx.causes.fate(&ORG_WITHOUT_NAME, format!("org {} is not exported", org.id))
            } else {
                Fate::KEPT
            };
            // An id that is both an LEA and a school stays what it is higher up, in the order of the file.
            if orgs.by_id.contains_key(&org.id) {
                ctx.notices.add(&ORG_TWICE, &format!("org {}", org.id), "");
                continue;
            }
            orgs.by_id.insert(org.id, orgs.rows.len() as u32);
            orgs.rows.push(Org {
                kind: match org.kind {
                    OrgKind::State => OrgType::State,
                    OrgKind::District => OrgType::District,
                    OrgKind::School => OrgType::School,
                },
                id: org.id,
                name: name.into_owned(),
                department: None,
                identifier: identifier(ctx, org.id).into_owned(),
                parent: None,
                sourced_id: SourcedId::of(&key),
                chosen: true,
                fate,
            });
        }
        for org in &staged.orgs.rows {
            if org.kind == OrgKind::School
                && let Some(lea) = org.parent.filter(|&lea| orgs.is_kept_district(lea))
            {
                orgs.lea_of.insert(org.id, lea);
            }
        }
        orgs.resolve_parents(ctx);
        orgs.apply_scope(ctx);
        orgs.apply_state_agency(ctx);
        orgs.blank_lost_parents(ctx);
        orgs
    }

    fn is_kept_district(&self, id: i64) -> bool {
        self.find(id).is_some_and(|n| {
            let org = &self.rows[n as usize];
            org.kind == OrgType::District && org.fate.kept()
        })
    }

    fn resolve_parents(&mut self, ctx: &mut Context<'_>) {
        for org in &ctx.staged.orgs.rows {
            let Some(row) = self.find(org.id) else { continue };
            // School: its LEA. LEA: its state agency when set, else its parent LEA.
            let Some(parent) = org.parent.or(org.parent_district) else { continue };
            match self.find(parent).filter(|&p| p != row) {
                Some(found) => self.rows[row as usize].parent = Some(found),
                None => {
                    let cause = format!("parent {parent}");
                    ctx.notices.add(&ORG_PARENT_MISSING, &cause, org.id.to_string());
                }
            }
        }
        // Only LEAs can form a circle. Rows are in id order, so the lowest id of a circle is met first.
        for start in 0..self.rows.len() {
            let mut at = self.rows[start].parent;
            let mut steps = 0;
            while let Some(next) = at {
                if next as usize == start {
                    ctx.notices.add(
                        &ORG_PARENT_CYCLE,
                        &format!("org {}", self.rows[start].id),
                        self.rows[start].id.to_string(),
                    );
                    self.rows[start].parent = None;
                    break;
                }
                steps += 1;
                if steps > self.rows.len() {
                    break; // a circle that does not pass through `start`
                }
                at = self.rows[next as usize].parent;
            }
        }
    }

    /// Keeps the chosen schools and LEAs and their ancestors. Both filters given: schools of the chosen LEAs.
    fn apply_scope(&mut self, ctx: &mut Context<'_>) {
        let scope = &ctx.plan.scope;
        let excluded = scope.exclude_leas.iter().chain(&scope.exclude_schools);
        for &id in scope.leas.iter().chain(&scope.schools).chain(excluded) {
            if self.find(id).is_none() {
                ctx.notices.add(&FILTER_UNMATCHED, &format!("organization {id}"), "");
            }
        }
        if !scope.chooses_organizations() {
            return;
        }
        let ancestors = |start: u32| {
            std::iter::successors(Some(start), |&n| self.rows[n as usize].parent).take(self.rows.len() + 1)
        };
        let line = |n: u32| -> Vec<i64> { ancestors(n).map(|a| self.rows[a as usize].id).collect() };
        let chosen: BTreeSet<u32> =
            (0..self.rows.len() as u32).filter(|&n| scope.chooses(&line(n))).collect();
        let kept: BTreeSet<u32> = chosen.iter().flat_map(|&n| ancestors(n)).collect();
        let fate = ctx.causes.fate(&OUT_OF_SCOPE, outside(scope));
        for (n, org) in self.rows.iter_mut().enumerate() {
            org.chosen = chosen.contains(&(n as u32));
            if !kept.contains(&(n as u32)) {
                org.fate = org.fate.or(fate);
            }
        }
    }

    /// Leaves out the state agency where it is not wanted.
    fn apply_state_agency(&mut self, ctx: &mut Context<'_>) {
        if ctx.plan.mapping.state_agency {
            return;
        }
        for org in self.rows.iter_mut().filter(|org| org.kind == OrgType::State) {
            let fate = ctx.causes.fate(&FILTERED, format!("org {} is a state agency", org.id));
            org.fate = org.fate.or(fate);
        }
    }

    fn blank_lost_parents(&mut self, ctx: &mut Context<'_>) {
        for n in 0..self.rows.len() {
            let Some(parent) = self.rows[n].parent.map(|p| p as usize) else { continue };
            if self.rows[n].fate.kept() && !self.rows[parent].fate.kept() {
                self.rows[n].parent = None;
                // A parent that is not wanted is not missed.
                if self.rows[parent].kind == OrgType::State && !ctx.plan.mapping.state_agency {
                    continue;
                }
                let cause = format!("parent {}", self.rows[parent].id);
                ctx.notices.add(&ORG_PARENT_MISSING, &cause, self.rows[n].id.to_string());
            }
        }
    }
}

/// What an organization that is not chosen is outside of.
pub(super) fn outside(scope: &Scope) -> &'static str {
    match scope.exclude_leas.is_empty() && scope.exclude_schools.is_empty() {
        true => "outside --lea and --school",
        false => "outside the chosen LEAs and schools, or among exclude_leas and exclude_schools",
    }
}

/// The `identifier` cell: a code of the configured system, else the organization id.
fn identifier<'a>(ctx: &Context<'a>, id: i64) -> Cow<'a, str> {
    let codes = &ctx.staged.orgs.codes;
    ctx.plan
        .mapping
        .org_identifier_system
        .as_deref()
        .and_then(|wanted| {
            let begin = codes.partition_point(|(org, _, _)| *org < id);
            codes[begin..]
                .iter()
                .take_while(|(org, _, _)| *org == id)
                .find(|(_, system, _)| same_value(ctx.value(*system), wanted))
                .map(|(_, _, code)| clean(code))
        })
        .filter(|code| !code.is_empty())
        .unwrap_or_else(|| Cow::Owned(id.to_string()))
}
