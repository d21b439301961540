//! What is decided alike for students, staff members and parents: names, e-mail address, telephone, username, user ids.
//!
//! In: an exported user. Out: decisions with all candidates. The choices are `roster::choice`'s and `roster::users`'.

use super::mapping::{CHOOSING, TEXT, USERS};
use super::model::{Decision, Outcome};
use super::world::World;
use crate::config::plan::UsernameSource;
use crate::roster::choice::{Chosen, Why};
use crate::roster::clean::{address, clean};
use crate::roster::users::{
    USER_ID_CHANGED, USER_ID_WITHHELD, USERNAME_LAST_RESORT, USERNAME_NOT_UNIQUE, USERNAME_SHARED, UserRef,
    person_word,
};
use crate::staging::people::PersonTexts;

/// The decisions on a user's cells.
pub fn decide(world: &World<'_>, user: UserRef, decisions: &mut Vec<Decision>) {
    names(world, user, decisions);
    let (texts, preferred) = world.cells.emails(user.person);
    let chosen = world.cells.email(user);
    decisions.extend(choice(world, user, "email", texts, preferred, chosen.as_ref()));
    decisions.push(username(world, user));
    user_ids(world, user, decisions);
}

/// Cells whose text is not written as it is stored.
fn names(world: &World<'_>, user: UserRef, decisions: &mut Vec<Decision>) {
    let (people, row) = (world.people(user.person), user.row as usize);
    for (cell, stored) in [
        ("identifier", people.unique_id.get(row)),
        ("givenName", people.first.get(row)),
        ("middleName", people.middle.get(row)),
        ("familyName", people.last.get(row)),
    ] {
        let written = clean(stored);
        if written != stored {
            let why = "control characters become a space, spaces at the ends go";
            decisions.push(
                Decision::new(cell, Outcome::Changed, why, TEXT)
                    .with("as stored", stored.escape_debug())
                    .with("as written", written),
            );
        }
    }
}

/// One among several e-mail addresses or telephones.
pub fn choice(
    world: &World<'_>,
    user: UserRef,
    cell: &str,
    texts: &PersonTexts,
    preferred: &str,
    chosen: Option<&Chosen>,
) -> Option<Decision> {
    let why = match chosen {
        None if texts.of(user.row).next().is_none() => return None,
        None => "blank: none may be published".to_owned(),
        Some(Chosen { value, why: Why::Preferred }) => {
            format!("{value}: it is of the preferred type, {preferred}")
        }
        Some(Chosen { value, why: Why::OtherType }) => {
            format!(
                "{value}: none of the preferred type, {preferred}, may be published; the first of another type"
            )
        }
    };
    let mut decision = Decision::new(cell, Outcome::Chosen, why, CHOOSING);
    let mut candidates: Vec<(String, String)> = texts
        .of(user.row)
        .map(|text| {
            let kind = world.value(text.kind);
            let mut value = clean(&text.text).into_owned();
            if text.suppressed {
                value.push_str(" (must not be published: removed)");
            }
            (format!("candidate of type {}", if kind.is_empty() { "none" } else { kind }), value)
        })
        .collect();
    candidates.sort();
    candidates.dedup();
    for (name, value) in candidates {
        decision = decision.with(name, value);
    }
    Some(decision)
}

fn source_word(source: UsernameSource) -> &'static str {
    match source {
        UsernameSource::Email => "email",
        UsernameSource::LoginId => "login_id",
        UsernameSource::UniqueId => "unique_id",
    }
}

/// The first source that is filled and that nobody else would have.
fn username(world: &World<'_>, user: UserRef) -> Decision {
    let candidates = world.cells.username_candidates(user);
    let place = world.roster.users.username_place(user).min(candidates.len().saturating_sub(1));
    let written = world.roster.users.username(&world.cells, user);
    let passed: Vec<&(UsernameSource, _)> =
        candidates.iter().take(place).filter(|(_, text)| !text.is_empty()).collect();
    let others = sharers(world, user, &written);
    let why = match candidates.get(place) {
        Some((source, _)) if place == 0 => format!("{written}: the first source, {}", source_word(*source)),
        Some((source, _)) => {
            let reasons: Vec<String> = candidates
                .iter()
                .take(place)
                .map(|(source, text)| match text.is_empty() {
                    true => format!("{} is blank", source_word(*source)),
                    false => format!("{} is shared with another exported user", source_word(*source)),
                })
                .collect();
            format!("{written}: {}, because {}", source_word(*source), reasons.join(" and "))
        }
        None => written.to_string(),
    };
    let mut decision = Decision::new("username", Outcome::Chosen, why, USERS);
    for (source, text) in &candidates {
        decision = decision.with(source_word(*source), text);
    }
    for (source, text) in &passed {
        for other in sharers(world, user, text) {
            decision = decision.with(format!("{} is also of", source_word(*source)), other);
        }
    }
    let last_resort = matches!(candidates.get(place), Some((UsernameSource::UniqueId, _)) if place > 0);
    if !others.is_empty() && last_resort {
        decision = decision.with("also the username of", others.join(", ")).under(&USERNAME_NOT_UNIQUE);
    } else if !passed.is_empty() {
        decision = decision.under(&USERNAME_SHARED);
    } else if last_resort {
        decision = decision.under(&USERNAME_LAST_RESORT);
    }
    decision
}

/// Other exported users who have this text among the sources of their username.
fn sharers(world: &World<'_>, user: UserRef, text: &str) -> Vec<String> {
    let wanted = address(text);
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<String> = world
        .roster
        .users
        .exported()
        .filter(|&other| other != user)
        .filter(|&other| {
            world.cells.username_candidates(other).iter().any(|(_, text)| address(text) == wanted)
        })
        .map(|other| format!("{} {}", person_word(other.person), world.unique_id(other.person, other.row)))
        .collect();
    found.truncate(5);
    found
}

/// Identification codes that are withheld or changed; their values are in the output row, or nowhere.
fn user_ids(world: &World<'_>, user: UserRef, decisions: &mut Vec<Decision>) {
    let mut told: Vec<(String, bool, bool)> = Vec::new();
    let ids = world.cells.user_ids(user, |system, withheld, changed| {
        if withheld || changed {
            told.push((system.to_owned(), withheld, changed));
        }
    });
    told.sort();
    told.dedup();
    for (system, withheld, _) in told {
        decisions.push(match withheld {
            true => Decision::new(
                "userIds",
                Outcome::LeftOut,
                format!("codes of system {system} are private and never exported"),
                TEXT,
            )
            .under(&USER_ID_WITHHELD),
            false => Decision::new(
                "userIds",
                Outcome::Changed,
                format!("a code of system {system} has one of , {{ }} : which the notation needs: a space stands there"),
                USERS,
            )
            .with("as written", ids.join(","))
            .under(&USER_ID_CHANGED),
        });
    }
}
