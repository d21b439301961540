//! `--update-seeds`: what is new is added, what a person wrote stays.

use std::fs;

use crate::Desk;

/// A district as extracts, with a configuration.
fn begun() -> Desk {
    let desk = Desk::new();
    desk.works(&["synth", "--students", "80", "--seed", "9", "--out", "extracts"]);
    desk.works(&["init", "--source", "extracts", "--tenant", "north", "--quiet"]);
    desk
}

/// Calls a descriptor value something else from now on.
fn rename(desk: &Desk, from: &str, to: &str) {
    let path = desk.at("extracts/descriptor.csv");
    let text = fs::read_to_string(&path).unwrap();
    let changed = text.replace(&format!(",{from},"), &format!(",{to},"));
    assert_ne!(text, changed, "{from} is a value of the district");
    fs::write(&path, changed).unwrap();
}

#[test]
fn what_is_new_stands_at_the_end_and_nothing_else_changes() {
    let desk = begun();
    let seed = "seeds/xwalk_oneroster_academic_sessions_types.csv";
    // A person has answered in an order and a spelling of their own.
    let text = desk.text(seed).replace("Fourth Quarter,term,,", "\"Fourth Quarter\",semester,mine,");
    let (first, rest) = text.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rest.lines().collect();
    rows.reverse();
    let edited = format!("{first}\n{}\n", rows.join("\n"));
    fs::write(desk.at(seed), &edited).unwrap();
    let before = crate::contents(&desk.at("seeds"));

    let (out, err) = desk.works(&["init", "--update-seeds"]);
    assert_eq!(out, "");
    assert!(err.contains("note: nothing is new"), "{err}");
    assert_eq!(crate::contents(&desk.at("seeds")), before);

    rename(&desk, "First Quarter", "First Quartier");
    rename(&desk, "First grade", "Grade 1");
    let (out, err) = desk.works(&["init", "--update-seeds"]);
    assert_eq!(out, format!("{seed}\nseeds/xwalk_oneroster_grade_levels.csv\n"));
    assert!(err.contains("`First Quartier`") && err.contains("perhaps term (like First Quarter)"), "{err}");
    let after = desk.text(seed);
    let added = after.strip_prefix(&edited).expect("what was there is there, byte for byte");
    assert!(added.starts_with("First Quartier,,perhaps term (like First Quarter),"), "{added}");
    assert_eq!(added.lines().count(), 1);
    let (_, exported) = desk.works(&["export"]);
    assert!(exported.contains("`First Quartier`"), "{exported}");
    let (_, err) = desk.works(&["init", "--update-seeds"]);
    assert!(err.contains("note: nothing is new"), "what waits already is not new: {err}");
    assert_eq!(desk.text(seed), after);
}

#[test]
fn a_value_that_is_known_comes_with_its_answer() {
    let desk = begun();
    let seed = "seeds/xwalk_oneroster_classroom_positions.csv";
    fs::write(desk.at(seed), "classroom_position,is_primary\r\nCo-Teacher,TRUE").unwrap();

    let (out, _) = desk.works(&["init", "--update-seeds"]);
    assert_eq!(out, format!("{seed}\n"));
    assert_eq!(
        desk.text(seed),
        "classroom_position,is_primary\r\nCo-Teacher,TRUE\r\nTeacher of Record,TRUE\r\n"
    );
}

#[test]
fn seeds_of_an_edu_deployment_are_extended_where_they_are() {
    let desk = begun();
    fs::create_dir_all(desk.at("dbt/seeds")).unwrap();
    let seed = "dbt/seeds/xwalk_oneroster_grade_levels.csv";
    fs::write(desk.at(seed), "note,edfi_grade_level,oneroster_grade_level\nour own,Kindergarten,KG\n")
        .unwrap();
    rename(&desk, "First grade", "Vorschule");
    rename(&desk, "Teacher of Record", "Lehrkraft");
    let update = ["init", "--update-seeds", "--seeds", "dbt"];
    let (out, _) = desk.works(&update);
    // What the built-in crosswalks do not know gets a file of its own; the others are left to them.
    assert_eq!(out, format!("dbt/xwalk_oneroster_classroom_positions.csv\n{seed}\n"));
    let text = desk.text(seed);
    let begin = "note,edfi_grade_level,oneroster_grade_level,undecided\nour own,Kindergarten,KG,\n,Second grade,02,\n";
    assert!(text.starts_with(begin) && text.contains("\n,Vorschule,,no suggestion\n"), "{text}");
    let (out, err) = desk.works(&update);
    assert_eq!(out, "", "{err}");
    desk.works(&["doctor", "--seeds", "dbt"]);
}

#[test]
fn a_seed_that_is_not_sound_is_named_and_none_is_changed() {
    let desk = begun();
    rename(&desk, "First grade", "Grade 1");
    let seed = desk.at("seeds/xwalk_oneroster_races.csv");
    fs::write(&seed, "edfi_race_code,oneroster_race_code\nWhite,purple\n").unwrap();
    desk.fails(2, &["init", "--update-seeds"], &["xwalk_oneroster_races.csv, line 2", "purple"]);
    desk.fails(2, &["init", "--update-seeds", "--seeds", "nowhere"], &["nowhere"]);
}
