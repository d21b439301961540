//! Ids that two different objects would share (mapping.md section 1).
//!
//! In: classes and academic sessions with their ids. Out: an error that refuses the package, or, on request, losers with a fate of
//! their own. Courses of one LEA are merged by `roster::courses`; enrollments are settled by `closure`, which
//! has them all.

use crate::config::plan::OnIdCollision;
use crate::notice::{Authority, Code, Severity};
use crate::sourced_id::SourcedId;

use super::classes::Classes;
use super::context::Context;
use super::fate::Fate;
use super::sessions::{Session, Sessions};

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
/// Finds academic sessions that share an id, before classes hang on them.
pub fn settle_session_ids(ctx: &mut Context<'_>, sessions: &mut Sessions) {
    let label = |row: &Session| format!("{} {}", row.school.unwrap_or(row.lea), row.title);
    for group in groups(sessions.rows.iter().map(|row| (row.sourced_id, row.fate))) {
        for &loser in &group[1..] {
            let (winner, row) = (&sessions.rows[group[0] as usize], &sessions.rows[loser as usize]);
            let cause =
                format!("academic session {}: {} and {}", row.sourced_id.hex(), label(winner), label(row));
            if let Some(fate) = collide(ctx, &cause) {
                sessions.rows[loser as usize].fate = fate;
            }
        }
    }
}

/// Finds classes that share an id. Done before anything hangs on them, because a loser's enrollments go with it
/// and are never attached to the winner.
pub fn settle_class_ids(ctx: &mut Context<'_>, classes: &mut Classes) {
    let staged = ctx.staged;
    for group in groups(classes.sourced_id.iter().copied().zip(classes.fate.iter().copied())) {
        let winner = staged.sections.label(group[0] as usize);
        for &loser in &group[1..] {
            let cause = format!(
                "class {}: section {winner} and section {}",
                classes.sourced_id[loser as usize].hex(),
                staged.sections.label(loser as usize)
            );
            if let Some(fate) = collide(ctx, &cause) {
                classes.fate[loser as usize] = fate;
            }
        }
    }
}

/// Rows that are kept and share an id, in row order; groups in the order of their first row.
fn groups(rows: impl Iterator<Item = (SourcedId, Fate)>) -> Vec<Vec<u32>> {
    let mut ids: Vec<(SourcedId, u32)> =
        (0u32..).zip(rows).filter(|(_, (_, fate))| fate.kept()).map(|(row, (id, _))| (id, row)).collect();
    ids.sort_unstable();
    let mut groups: Vec<Vec<u32>> = ids
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|group| group.len() > 1)
        .map(|group| group.iter().map(|&(_, row)| row).collect())
        .collect();
    groups.sort_unstable();
    groups
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
