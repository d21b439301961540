//! Roles of 1.2: who is what, and where.
//!
//! In: roles, users and profiles. Out: notices. 1.1 has the role on the user's row.

use crate::check::rule::{Hook, RowTest, Rule};
use crate::notice::{Authority, Code, Severity};
use rustc_hash::FxHashSet;

use crate::check::facts::{Facts, UNKNOWN};
use crate::check::findings::Findings;
use crate::check::scan::{Layout, Row};
use crate::spec::{File, Rule as Bond, Version};

/// A user has more than one primary role at an org.
pub static SEVERAL_PRIMARY_ROLES: Rule = Rule {
    code: Code {
        code: "several-primary-roles",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "roles",
        summary: "A user has more than one primary role at an org.",
        remedy: "Make one role primary, the others secondary.",
    },
    section: "OneRoster CSV 1.2, roles.csv: one primary role per organization",
    why: "Readers refuse the user or take any of them.",
    hook: Hook::Whole { files: &[File::Roles], truth: &[], run: several_primary },
};

/// A user has no role at their primary org.
pub static PRIMARY_ORG_WITHOUT_ROLE: Rule = Rule {
    code: Code {
        code: "primary-org-without-role",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "users",
        summary: "A user has no role at their primary org.",
        remedy: "Export the role at that org, or name an org where the user has one.",
    },
    section: "OneRoster CSV 1.2, users.csv: primaryOrgSourcedId",
    why: "Readers refuse the user or leave them at no school.",
    hook: Hook::Whole { files: &[File::Users, File::Roles], truth: &[File::Roles], run: without_role },
};

/// A user has no row in roles.csv.
pub static USER_WITHOUT_ROLE: Rule = Rule {
    code: Code {
        code: "user-without-role",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "users",
        summary: "A user has no row in roles.csv.",
        remedy: "Export at least one role of each user.",
    },
    section: "OneRoster CSV 1.2, users.csv depends on roles.csv",
    why: "The user belongs to no org and may do nothing.",
    hook: Hook::Whole { files: &[File::Users, File::Roles], truth: &[File::Roles], run: user_without_role },
};

/// A role names the profile of another user.
pub static PROFILE_OF_ANOTHER_USER: Rule = Rule {
    code: Code {
        code: "profile-of-another-user",
        severity: Severity::Error,
        authority: Authority::Specification,
        file: "roles",
        summary: "A role names the profile of another user.",
        remedy: "Name a profile of the same user.",
    },
    section: "OneRoster CSV 1.2, roles.csv: userProfileSourcedId",
    why: "One user signs in with the account of another.",
    hook: Hook::Row(profile),
};

fn several_primary(facts: &Facts, findings: &mut Findings<'_>) {
    let Some(roles) = facts.file(File::Roles) else { return };
    let primary = roles.word("roleType", "primary");
    let mut seen = FxHashSet::default();
    let pairs = roles.rows("userSourcedId").iter().zip(roles.rows("orgSourcedId"));
    for (row, ((user, org), kind)) in pairs.zip(roles.words("roleType")).enumerate() {
        let row = row as u32;
        let counts = Some(*kind) == primary && roles.deleted.binary_search(&row).is_err();
        if counts && *user < UNKNOWN && *org < UNKNOWN && !seen.insert((*user, *org)) {
            let at = (File::Roles, roles.line(row));
            findings.raise_row(&SEVERAL_PRIMARY_ROLES, at, "roleType", "");
        }
    }
}

fn without_role(facts: &Facts, findings: &mut Findings<'_>) {
    let (Some(users), Some(roles)) = (facts.file(File::Users), facts.file(File::Roles)) else { return };
    let pairs = roles.rows("userSourcedId").iter().copied().zip(roles.rows("orgSourcedId").iter().copied());
    let there: FxHashSet<(u32, u32)> = pairs.collect();
    for (row, org) in users.rows("primaryOrgSourcedId").iter().enumerate() {
        if *org < UNKNOWN && !there.contains(&(row as u32, *org)) {
            let at = (File::Users, users.line(row as u32));
            findings.raise_row(&PRIMARY_ORG_WITHOUT_ROLE, at, "primaryOrgSourcedId", "");
        }
    }
}

fn user_without_role(facts: &Facts, findings: &mut Findings<'_>) {
    let (Some(users), Some(roles)) = (facts.file(File::Users), facts.file(File::Roles)) else { return };
    let mut has = vec![false; users.ids.len()];
    for user in roles.rows("userSourcedId") {
        if let Some(has) = has.get_mut(*user as usize) {
            *has = true;
        }
    }
    for (row, _) in has.into_iter().enumerate().filter(|(_, has)| !has) {
        findings.raise_row(&USER_WITHOUT_ROLE, (File::Users, users.line(row as u32)), "", "");
    }
}

struct Profile(usize, usize, &'static str);

fn profile(layout: &Layout) -> Option<Box<dyn RowTest>> {
    let bound =
        |column: &&crate::spec::Column| column.rules.iter().any(|bond| matches!(bond, Bond::SameUser));
    let column = layout.spec.columns.iter().find(bound)?;
    Some(Box::new(Profile(layout.column("userSourcedId")?, layout.column(column.name)?, column.name)))
}

impl RowTest for Profile {
    fn row(&mut self, row: &Row<'_, '_>, facts: &Facts, findings: &mut Findings<'_>) {
        let (Some(user), Some(profile)) = (row.target(self.0), row.target(self.1)) else { return };
        let owner =
            facts.file(File::UserProfiles).and_then(|f| f.rows("userSourcedId").get(profile as usize));
        if owner.is_some_and(|owner| *owner < UNKNOWN && *owner != user) {
            findings.raise(&PROFILE_OF_ANOTHER_USER, row.file, self.2, row.spot, "");
        }
    }
}

/// For each user whether they have one of these roles anywhere: by their row in 1.1, by `roles.csv` in 1.2. `None`
/// when that cannot be told for all.
pub fn have_role(facts: &Facts, words: &[&str]) -> Option<Vec<bool>> {
    let users = facts.file(File::Users)?;
    let mut has = vec![false; users.ids.len()];
    match facts.version {
        Version::V1p1 => {
            for (row, has) in has.iter_mut().enumerate() {
                *has = users.is_word("role", row as u32, words);
            }
        }
        Version::V1p2 => {
            let roles = facts.file(File::Roles)?;
            for (row, user) in roles.rows("userSourcedId").iter().enumerate() {
                if roles.is_word("role", row as u32, words)
                    && let Some(has) = has.get_mut(*user as usize)
                {
                    *has = true;
                }
            }
        }
    }
    Some(has)
}
