//! Tests that need the inside of the module; what a user of it sees is tested in `tests/crosswalk.rs`.

use proptest::prelude::*;

use super::seed::SEEDS;
use super::*;

fn positions(rows: &str) -> Crosswalk<bool> {
    let text = format!("namespace,classroom_position,is_primary\n{rows}");
    Crosswalks::replacing(&[(seed::POSITIONS.file, text.as_bytes())]).unwrap().positions
}

fn calendar(rows: &str) -> Crosswalk<bool> {
    let text = format!("namespace,calendar_event_descriptor,is_school_day\n{rows}");
    Crosswalks::replacing(&[(seed::CALENDAR_EVENTS.file, text.as_bytes())]).unwrap().calendar_events
}

const NS: &str = "uri://ed-fi.org/ClassroomPositionDescriptor";

#[test]
fn a_namespace_narrows_and_beats_rows_without_one() {
    let walk = positions(&format!(
        ",Lead,FALSE\n{NS},lead,TRUE\nuri://x.org/ClassroomPositionDescriptor,Aux,TRUE\n"
    ));
    // Even a row that differs in case wins by its namespace.
    assert_eq!(walk.answer(NS, "Lead"), Answer::Mapped(&true));
    assert_eq!(walk.answer(" URI://ED-FI.ORG/ClassroomPositionDescriptor ", "Lead"), Answer::Mapped(&true));
    assert_eq!(walk.answer("uri://other/ClassroomPositionDescriptor", "Lead"), Answer::Mapped(&false));
    assert_eq!(walk.answer(NS, "Aux"), Answer::Unknown);
    assert_eq!(walk.answer("", "Aux"), Answer::Unknown);
}

#[test]
fn an_owner_narrows_except_in_the_calendar_seed() {
    let rows = "uri://ed-fi.org/,Holiday,FALSE\nuri://ed-fi.org/,ID,TRUE\nuri://tx.org/,holiday,TRUE\n";
    let walk = positions(rows);
    assert_eq!(walk.answer("uri://ed-fi.org/D", "ID"), Answer::Mapped(&true));
    assert_eq!(walk.answer("uri://state.gov/D", "ID"), Answer::Unknown);

    let walk = calendar(rows);
    assert_eq!(walk.answer("uri://ed-fi.org/D", "ID"), Answer::Mapped(&true));
    assert_eq!(walk.answer("uri://state.gov/D", "ID"), Answer::Mapped(&true));
    assert_eq!(walk.answer("uri://tx.org/D", "Holiday"), Answer::Mapped(&true));
    assert_eq!(walk.answer("uri://ed-fi.org/D", "HOLIDAY"), Answer::Mapped(&false));
    // Two owners disagree about a third: nothing is guessed, except where the spelling decides.
    assert_eq!(walk.answer("uri://state.gov/D", "HOLIDAY"), Answer::Unknown);
    assert_eq!(walk.answer("uri://state.gov/D", "Holiday"), Answer::Mapped(&false));
}

#[test]
fn exact_case_first_then_any_case_and_space_never() {
    let walk = positions(",Lead,TRUE\n,LEAD,FALSE\n, Aide ,FALSE\n,ÉTÉ,TRUE\n,Gone,\n");
    assert_eq!(walk.answer(NS, "Lead"), Answer::Mapped(&true));
    assert_eq!(walk.answer(NS, " LEAD"), Answer::Mapped(&false));
    assert_eq!(walk.answer(NS, "lead"), Answer::Unknown, "two rows disagree");
    assert_eq!(walk.answer(NS, "aide "), Answer::Mapped(&false));
    assert_eq!(walk.answer(NS, "été"), Answer::Mapped(&true));
    assert_eq!(walk.answer(NS, "gone"), Answer::Blank);
    assert_eq!(walk.answer(NS, ""), Answer::Unknown);
    assert_eq!(walk.answer(NS, "nobody"), Answer::Unknown);
    // Rows that differ in case and agree leave nothing open.
    let walk = positions(",Lead,TRUE\n,LEAD,1\n");
    assert_eq!(walk.answer(NS, "lead"), Answer::Mapped(&true));
}

#[test]
fn entries_keep_the_order_of_the_file_and_repeats_count_once() {
    let walk = positions(&format!("{NS},b,TRUE\n,a,\n,b,0\n,a,\n"));
    let entries: Vec<_> = walk.entries().collect();
    assert_eq!(entries, [(Some(NS), "b", Some(&true)), (None, "a", None), (None, "b", Some(&false))]);
    assert_eq!(walk.file(), "xwalk_oneroster_classroom_positions.csv");
}

#[test]
fn race_columns_and_categories_agree() {
    for (race, column) in Race::ALL.into_iter().zip(Race::COLUMNS) {
        assert_eq!(race.column(), column);
        assert_eq!(Race::of_column(column), Some(race));
    }
    assert_eq!(Race::of_column("demographicRaceTwoOrMoreRaces"), None);
}

#[test]
fn seeds_are_read_in_the_order_they_are_declared() {
    let walks = Crosswalks::embedded().unwrap();
    let names: Vec<_> = walks.origins.iter().map(|(file, _)| *file).collect();
    assert_eq!(names, SEEDS.map(|seed| seed.file));
    for (seed, (_, origin)) in SEEDS.into_iter().zip(&walks.origins) {
        assert_eq!(
            *origin,
            if seed.default.is_some() { Origin::Default } else { Origin::Off },
            "{}",
            seed.file
        );
    }
}

/// Text made of what seeds are made of, so that cases reach beyond the header.
fn seed_like() -> impl Strategy<Value = (usize, Vec<u8>)> {
    let piece = prop_oneof![
        Just(",".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\"".to_owned()),
        Just("namespace".to_owned()),
        "[ -~é]{0,6}",
        (0..SEEDS.len()).prop_map(|at| SEEDS[at].answers[0]
            .accepts
            .listed()
            .split(", ")
            .next()
            .unwrap()
            .to_owned()),
    ];
    (0..SEEDS.len(), any::<bool>(), prop::collection::vec(piece, 0..40)).prop_map(|(at, headed, pieces)| {
        let header = if headed {
            let columns: Vec<_> = SEEDS[at].answers.iter().map(|a| a.name).collect();
            format!("{},{}\n", SEEDS[at].keys[0], columns.join(","))
        } else {
            String::new()
        };
        (at, (header + &pieces.concat()).into_bytes())
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(at in 0..SEEDS.len(), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Crosswalks::replacing(&[(SEEDS[at].file, &bytes)]);
    }

    #[test]
    fn seed_like_text_is_read_or_refused_with_its_line((at, bytes) in seed_like()) {
        let lines = bytes.iter().filter(|b| matches!(b, b'\n' | b'\r')).count() + 1;
        match Crosswalks::replacing(&[(SEEDS[at].file, &bytes)]) {
            Ok(walks) => {
                // Whatever was read answers for itself.
                for (namespace, key, answer) in walks.positions.entries() {
                    let expected = answer.map_or(Answer::Blank, Answer::Mapped);
                    prop_assert_eq!(walks.positions.answer(namespace.unwrap_or_default(), key), expected);
                }
            }
            Err(error) => {
                let message = error.to_string();
                let line = message.split(", line ").nth(1).and_then(|rest| rest.split(':').next());
                let line: usize = line.and_then(|text| text.parse().ok()).unwrap_or_default();
                prop_assert!((1..=lines).contains(&line), "{}", message);
                prop_assert!(message.starts_with(SEEDS[at].file), "{}", message);
            }
        }
    }
}
