//! Whatever is broken in the data, a package is sound or refused, and no association is lost in silence.
//!
//! Damage is done at random, with seeds that proptest chooses: rows are deleted, cells blanked, columns rotated
//! against their rows, so that references dangle, keys repeat and dates contradict each other.

use std::path::Path;

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;
use rosterpack::synth::{Shape, tables};

use crate::exporting::{USUAL, export, trap_district};
use crate::extract;
use crate::package_check::check;

#[derive(Debug, Clone, Copy)]
enum Damage {
    Delete,
    Blank,
    Rotate,
}

/// Damages one table; `share` of a hundred rows are hit.
fn damage(folder: &Path, shape: Shape, table: usize, what: Damage, share: u64, seed: u64) -> String {
    let defs = tables(shape);
    let def = &defs[table % defs.len()];
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |n: usize| (random.next_u64() % n.max(1) as u64) as usize;
    extract::alter(folder, def.name, |t| {
        // Ids of persons and descriptors are what everything hangs on; rotating them is the worst there is.
        let column = below(t.header.len());
        let nullable = def.columns[column].nullable;
        match what {
            Damage::Delete => t.rows.retain(|_| below(100) as u64 >= share),
            Damage::Blank if nullable || def.columns[column].pg_type.starts_with("varchar") => {
                for row in &mut t.rows {
                    if (below(100) as u64) < share {
                        row[column].clear();
                    }
                }
            }
            Damage::Blank => {}
            Damage::Rotate => {
                let mut cells: Vec<String> = t.rows.iter().map(|row| row[column].clone()).collect();
                let by = below(cells.len());
                cells.rotate_left(by);
                for (row, cell) in t.rows.iter_mut().zip(cells) {
                    row[column] = cell;
                }
            }
        }
    });
    format!("{} {what:?}", def.name)
}

fn damages() -> impl Strategy<Value = Vec<(usize, Damage, u64, u64)>> {
    let what = prop::sample::select(vec![Damage::Delete, Damage::Blank, Damage::Rotate]);
    prop::collection::vec((any::<usize>(), what, 1..60u64, any::<u64>()), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(16),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn damaged_data_gives_a_sound_package_or_none(
        shape in prop::sample::select(Shape::ALL.to_vec()),
        damages in damages(),
        include in prop::sample::select(vec!["not-ended", "current", "year"]),
    ) {
        let copy = extract::copy(trap_district(shape));
        let done: Vec<String> = damages
            .iter()
            .map(|&(table, what, share, seed)| damage(copy.path(), shape, table, what, share, seed))
            .collect();
        let settings = [
            ("demographics", "true"),
            ("include_parents", "true"),
            ("grading_periods", "true"),
            ("use_course_departments", "true"),
            ("on_id_collision", "keep-winner"),
            ("include", include),
        ];
        let exported = export(copy.path(), &[USUAL, &settings]);
        if exported.zip.is_empty() {
            prop_assert!(!exported.refused().is_empty());
        } else {
            prop_assert_eq!(check(&exported.package), Vec::<String>::new(), "{:?}", done);
        }
        prop_assert_eq!(exported.count("dangling-reference"), 0, "{:?}", done);
        let of_year = |table: &str| extract::table(copy.path(), table).find("schoolyear", "2025").len() as u64;
        let files = exported.report["packages"][0]["files"].as_array().unwrap();
        let rows = files.iter().find(|f| f["file"] == "enrollments").map_or(0, |f| f["rows"].as_u64().unwrap());
        let associations = of_year("studentsectionassociation") + of_year("staffsectionassociation");
        prop_assert_eq!(rows + exported.left_out("enrollments"), associations, "{:?}", done);
    }
}
