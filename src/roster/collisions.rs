//! Ids that two different objects would share (mapping.md section 1).
//!
//! In: academic sessions, classes and users with their ids. Out: an error that refuses the package, or, on request,
//! losers with a fate of their own. Courses with one id are one course (`roster::courses`); enrollments are settled
//! by `closure`, which has them all.

use crate::config::plan::OnIdCollision;
use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::SourcedId;

use super::classes::Classes;
use super::context::Context;
use super::fate::Fate;
use super::orgs::Orgs;
use super::sessions::Sessions;
use super::user_rows::UserRow;
use super::users::Users;

/// Two objects have one id.
pub static ID_COLLISION: Code = Code {
    code: "id-collision",
    severity: Severity::Error,
    authority: Authority::Specification,
    file: "",
    summary: "Two different objects have the same sourcedId under this id scheme: the package is refused.",
    remedy: "Change one of the keys in the ODS, or set on_id_collision = \"keep-winner\". Id scheme `stable` would not collide.",
};
/// The loser of an id collision was left out on request.
pub static ID_COLLISION_LOSER: Code = Code {
    code: "id-collision-loser",
    severity: Severity::Warning,
    authority: Authority::Policy,
    file: "",
    summary: "Two different objects have the same sourcedId under this id scheme: the later in row order was left out with everything that hangs on it, as on_id_collision asks.",
    remedy: "Change one of the keys in the ODS. Id scheme `stable` would not collide.",
};

/// Finds classes that share an id. Done before anything hangs on them, because a loser's enrollments go with it
/// and are never attached to the winner.
pub fn settle_class_ids(ctx: &mut Context<'_>, classes: &mut Classes) {
    let staged = ctx.staged;
    let ids: Vec<(SourcedId, u32)> = (0u32..)
        .zip(classes.sourced_id.iter().zip(&classes.fate))
        .filter(|(_, (_, fate))| fate.kept())
        .map(|(class, (id, _))| (*id, class))
        .collect();
    let label = |class: u32| format!("section {}", staged.sections.label(class as usize));
    for (loser, cause) in losers("class", ids, label) {
        if let Some(fate) = collide(ctx, &cause) {
            classes.fate[loser as usize] = fate;
        }
    }
}

/// Finds academic sessions that share an id, before classes hang on them; what hung under a loser hangs under the
/// loser's parent.
pub fn settle_session_ids(ctx: &mut Context<'_>, sessions: &mut Sessions) {
    let ids = (0u32..).zip(&sessions.rows).filter(|(_, s)| s.fate.kept()).map(|(n, s)| (s.sourced_id, n));
    let found = losers("academic session", ids.collect(), |n| sessions.rows[n as usize].label());
    for (loser, cause) in found {
        if let Some(fate) = collide(ctx, &cause) {
            let parent = sessions.rows[loser as usize].parent;
            sessions.rows[loser as usize].fate = fate;
            for session in sessions.rows.iter_mut().filter(|s| s.parent == Some(loser)) {
                session.parent = parent;
            }
        }
    }
}

/// Finds user rows that share an id, when the plan keeps the winner: the loser goes with all its rows. Otherwise
/// closure finds them and refuses. Only where a person is several users can that be: the unique id of one may end
/// as the school of another begins (`7-101`, who has no school, and `7` at school 101).
pub fn settle_user_ids(ctx: &mut Context<'_>, orgs: &Orgs, users: &mut Users) {
    let keep = ctx.plan.mapping.on_id_collision == OnIdCollision::KeepWinner;
    if !keep || !ctx.keys.scheme().user_per_school() {
        return;
    }
    let rows: Vec<UserRow> = users.exported_rows().collect();
    let ids = (0u32..).zip(&rows).map(|(n, &row)| (users.row_id(row), n)).collect();
    let found = losers("user", ids, |n| users.row_label(rows[n as usize], ctx.staged, orgs));
    for (loser, cause) in found {
        if let Some(fate) = collide(ctx, &cause) {
            users.leave_out(rows[loser as usize].user, fate);
        }
    }
}

/// All but the first of those that share an id, each with what collides. The winner is the first in row order.
pub fn losers(
    kind: &str,
    mut ids: Vec<(SourcedId, u32)>,
    label: impl Fn(u32) -> String,
) -> Vec<(u32, String)> {
    ids.sort_unstable();
    let mut losers = Vec::new();
    for group in ids.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        let winner = label(group[0].1);
        losers.extend(
            group[1..]
                .iter()
                .map(|&(id, loser)| (loser, format!("{kind} {}: {winner} and {}", id.hex(), label(loser)))),
        );
    }
    losers
}

/// Reports a collision; the loser's fate when the plan keeps the winner.
fn collide(ctx: &mut Context<'_>, cause: &str) -> Option<Fate> {
    match ctx.plan.mapping.on_id_collision {
        OnIdCollision::Refuse => {
            ctx.notices.add(&ID_COLLISION, cause, "");
            None
        }
        OnIdCollision::KeepWinner => Some(ctx.causes.fate(&ID_COLLISION_LOSER, cause)),
    }
}
