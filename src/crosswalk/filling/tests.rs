//! Filled seeds: they load, say what the shipped ones say, and keep what a person wrote.

use super::super::seed::{self, SEEDS};
use super::super::{Answer, Crosswalks};
use super::*;

fn used(values: &[(&str, u64)]) -> Vec<InUse> {
    let namespace = "uri://ed-fi.org/SomeDescriptor".to_owned();
    values
        .iter()
        .map(|&(value, rows)| InUse { namespace: namespace.clone(), value: value.into(), rows })
        .collect()
}

/// Extends a file in the way of `init --update-seeds`.
fn extended(seed: &'static Seed, text: &str, values: &[(&str, u64)]) -> Filled {
    let walks = Crosswalks::replacing(&[(seed.file, text.as_bytes())]).unwrap();
    let knows = |namespace: &str, value: &str| walks.knows(seed, namespace, value);
    extend(seed, "f.csv", text.as_bytes(), &used(values), &knows).unwrap()
}

#[test]
fn a_fresh_file_has_what_waits_then_what_is_used_then_the_rest() {
    let found = fresh(
        &seed::POSITIONS,
        &used(&[
            ("Support Teacher", 3),
            ("Co-Teacher", 2),
            ("Room, \"quiet\"", 2),
            ("teacher OF record", 9),
            (" ", 1),
            ("two\nlines", 1),
        ]),
    );
    let found = found.unwrap();
    assert_eq!(
        found.text,
        "classroom_position,is_primary,undecided,rows\n\
         Co-Teacher,,no suggestion,2\n\
         \"Room, \"\"quiet\"\"\",,no suggestion,2\n\
         teacher OF record,TRUE,,9\n\
         Support Teacher,FALSE,,3\n\
         Assistant Teacher,FALSE,,0\n\
         Substitute Teacher,FALSE,,0\n"
    );
    assert_eq!((found.values, found.answered, found.undecided.len(), found.unwritable), (4, 2, 2, 2));
}

#[test]
fn a_fresh_file_says_what_the_shipped_one_says_and_no_more() {
    let shipped = Crosswalks::embedded().unwrap();
    for seed in SEEDS {
        let found = fresh(seed, &used(&[("No such value", 1), ("Another", 7)])).unwrap();
        let walks = Crosswalks::replacing(&[(seed.file, found.text.as_bytes())]).unwrap();
        for row in super::shipped(seed).unwrap() {
            assert!(walks.knows(seed, "", &row.key), "{}", row.key);
        }
        assert!(!walks.knows(seed, "", "No such value"));
        assert_eq!(walks.subjects.is_none(), shipped.subjects.is_none(), "an optional one stays off");
        assert_eq!(walks.relations.is_none(), shipped.relations.is_none());
    }
}

#[test]
fn spellings_of_one_value_are_one_row() {
    let found = fresh(&seed::TERMS, &used(&[("J-TERM", 1), ("J-Term", 5), (" j-term ", 2)])).unwrap();
    assert!(found.text.contains("\nJ-Term,,perhaps term,8\n"), "{}", found.text);
    assert_eq!(found.undecided.len(), 1);
}

#[test]
fn an_answer_settles_it_and_a_cleared_mark_leaves_it_unmapped_on_purpose() {
    let say = |row: &str| {
        let text = format!("academic_term,type,undecided,rows\n{row}\n");
        let walks = Crosswalks::replacing(&[(seed::TERMS.file, text.as_bytes())]).unwrap();
        match walks.terms.answer("", "J-Term") {
            Answer::Mapped(word) => word.to_string(),
            Answer::Blank => "blank".into(),
            Answer::Unknown => "unknown".into(),
        }
    };
    assert_eq!(say("J-Term,,perhaps term,3"), "unknown");
    assert_eq!(say("J-Term,,?,3"), "unknown");
    assert_eq!(say("J-Term,,,3"), "blank");
    assert_eq!(say("J-Term,term,,3"), "term");
    assert_eq!(say("J-Term,term,perhaps semester,3"), "term");
    // Whoever answers in a row of its own is not contradicted by the one that waits.
    assert_eq!(say("J-Term,,perhaps term,3\nJ-Term,semester,,"), "semester");
}

#[test]
fn what_is_there_stays_and_what_is_new_stands_at_the_end() {
    let text = "\u{feff}note,IS_PRIMARY,classroom_position\r\n\r\nmine,TRUE,\"Teacher of Record\"\r\n,,\r\n kept ,,Helper";
    let found = extended(
        &seed::POSITIONS,
        text,
        &[("Teacher of Record", 4), ("HELPER", 1), ("Assistant Teacher", 2), ("Co-Teacher", 5)],
    );
    assert_eq!(
        found.text,
        "\u{feff}note,IS_PRIMARY,classroom_position,undecided\r\n\r\nmine,TRUE,\"Teacher of Record\",\r\n,,,\r\n kept ,,Helper,\r\n\
         ,FALSE,Assistant Teacher,\r\n,,Co-Teacher,no suggestion\r\n"
    );
    assert_eq!((found.answered, found.undecided.len()), (1, 1));
    let again = extended(&seed::POSITIONS, &found.text, &[("Co-Teacher", 9), ("Assistant Teacher", 9)]);
    assert_eq!((again.text, again.answered, again.undecided.len(), again.waits), (found.text, 0, 0, 1));
}

#[test]
fn a_file_that_lacks_nothing_is_left_alone() {
    let text = "classroom_position,is_primary\nTeacher of Record,yes";
    assert_eq!(extended(&seed::POSITIONS, text, &[("teacher of record", 1)]).text, text);
    // What has an answer to give needs no further column.
    let found = extended(&seed::POSITIONS, text, &[("Support Teacher", 1)]);
    assert_eq!(found.text, format!("{text}\nSupport Teacher,FALSE\n"));
}

#[test]
fn rows_of_another_namespace_or_in_dispute_do_not_count() {
    let text = "namespace,academic_term,type\nuri://other/TermDescriptor,J-Term,term\n";
    let found = extended(&seed::TERMS, text, &[("J-Term", 2)]);
    assert_eq!(
        found.text,
        "namespace,academic_term,type,undecided\nuri://other/TermDescriptor,J-Term,term,\n,J-Term,,perhaps term\n"
    );
    let text = "academic_term,type\nJ-TERM,term\nj-term,semester\n";
    assert_eq!(extended(&seed::TERMS, text, &[("J-Term", 2)]).undecided.len(), 1);
    assert_eq!(extended(&seed::TERMS, text, &[("j-term", 2)]).undecided.len(), 0);
}

#[test]
fn a_seed_that_cannot_be_read_is_refused() {
    let told = extend(&seed::TERMS, "f.csv", b"academic_term\nx\n", &used(&[]), &|_, _| false).unwrap_err();
    assert!(matches!(told, CrosswalkError::MissingColumn { .. }), "{told}");
    assert!(extend(&seed::TERMS, "f.csv", b"\xff", &used(&[]), &|_, _| false).is_err());
}

proptest::proptest! {
    /// Whatever a person wrote, as long as it can be read: its rows stay, each value ends known or waiting, and the second
    /// time nothing is new.
    #[test]
    fn an_extended_file_keeps_every_row_and_lacks_nothing(
        header in 0usize..4,
        rows in proptest::collection::vec((0usize..9, "[A-C ]{0,2}", 0usize..4), 0..6),
        values in proptest::collection::vec(("[A-Ca-c,\"é ]{1,3}", 0u64..5), 0..5),
        end in 0usize..3,
    ) {
        let end = ["\n", "\r\n", "\n\n"][end];
        let header = ["academic_term,type", "type,note,academic_term", "academic_term,type,undecided", "\u{feff}ACADEMIC_TERM,Type,rows,namespace"][header];
        let keys = ["A", "\"B, b\"", "\"C\"\"c\"", "a", "Fall Semester", "", "  ", "é", "\"A\""];
        let names: Vec<&str> = header.trim_start_matches('\u{feff}').split(',').collect();
        let mut text = header.to_owned();
        for (key, note, answer) in &rows {
            let answer = ["term", "semester", "", ""][*answer];
            let cells = names.iter().map(|name| match name.to_lowercase().as_str() {
                "academic_term" => keys[*key],
                "type" => answer,
                "namespace" => "",
                _ => note.as_str(),
            });
            text += end;
            text += &cells.collect::<Vec<_>>().join(",");
        }
        let seed = &seed::TERMS;
        let values: Vec<(&str, u64)> = values.iter().map(|(value, rows)| (value.as_str(), *rows)).collect();
        let Ok(before) = Crosswalks::replacing(&[(seed.file, text.as_bytes())]) else { return Ok(()) };
        let found = extended(seed, &text, &values);
        let after = Crosswalks::replacing(&[(seed.file, found.text.as_bytes())]).unwrap();
        let old: Vec<_> = before.terms.entries().collect();
        proptest::prop_assert_eq!(&after.terms.entries().take(old.len()).collect::<Vec<_>>(), &old);
        let read = sheet::read("f.csv", found.text.as_bytes(), seed).unwrap().rows;
        let namespace = "uri://ed-fi.org/SomeDescriptor";
        for (value, _) in values.iter().filter(|(value, _)| !value.trim().is_empty()) {
            let waits = read.iter().any(|row| row.undecided && fold(&row.key) == fold(value));
            proptest::prop_assert!(after.knows(seed, namespace, value) || waits, "{:?} in {:?}", value, found.text);
        }
        let again = extended(seed, &found.text, &values);
        proptest::prop_assert_eq!(&again.text, &found.text);
        proptest::prop_assert_eq!((again.answered, again.undecided.len()), (0, 0));
    }
}
