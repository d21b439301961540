//! The guard over small packages: a table of nights, and properties over invented ones.

use super::*;
use std::fs;
use std::io::{Cursor, Write};
use std::path::PathBuf;

use proptest::prelude::*;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A district as rows: school of each user; user and school of each enrollment.
#[derive(Debug, Clone, Default)]
struct District {
    schools: Vec<String>,
    users: Vec<(String, String)>,
    enrollments: Vec<(String, String)>,
    sessions: Vec<String>,
}

impl District {
    /// `sizes[n]` users, each with one enrollment, at school `s{n}`; one session.
    fn of(sizes: &[usize]) -> District {
        let mut district = District { sessions: vec!["year".into()], ..District::default() };
        for (school, size) in sizes.iter().enumerate() {
            let school = format!("s{school}");
            for user in 0..*size {
                district.users.push((format!("{school}-u{user}"), school.clone()));
                district.enrollments.push((format!("{school}-e{user}"), school.clone()));
            }
            district.schools.push(school);
        }
        district
    }

    fn without_users(mut self, gone: impl Fn(&str) -> bool) -> District {
        self.users.retain(|(id, _)| !gone(id));
        self.enrollments.retain(|(id, _)| !gone(&id.replace("-e", "-u")));
        self
    }

    fn entries(&self) -> Vec<(&'static str, String)> {
        let mut orgs = "sourcedId,status,dateLastModified,name,type\r\nlea,,,L,district\r\n".to_owned();
        for school in &self.schools {
            orgs += &format!("{school},,,S,school\r\n");
        }
        let mut users = "sourcedId,orgSourcedIds,givenName\r\n".to_owned();
        for (id, school) in &self.users {
            users += &format!("{id},\"{school},lea\",x\r\n");
        }
        let mut enrollments = "sourcedId,schoolSourcedId\r\n".to_owned();
        for (id, school) in &self.enrollments {
            enrollments += &format!("{id},{school}\r\n");
        }
        let mut sessions = "sourcedId,title\r\n".to_owned();
        for id in &self.sessions {
            sessions += &format!("{id},t\r\n");
        }
        vec![
            ("orgs.csv", orgs),
            ("users.csv", users),
            ("enrollments.csv", enrollments),
            ("academicSessions.csv", sessions),
        ]
    }
}

fn zip(entries: &[(&str, String)]) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in entries {
        out.start_file(*name, SimpleFileOptions::default()).unwrap();
        out.write_all(text.as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        Desk(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, entries: &[(&str, String)]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, zip(entries)).unwrap();
        path
    }

    fn judge_with(
        &self,
        old: &District,
        new: &District,
        with: &GuardSettings,
        release: &Release,
    ) -> Judgement {
        let old = self.write("old.zip", &old.entries());
        let new = self.write("new.zip", &new.entries());
        let shape = Shape::default();
        let side = |package| Baseline { package, shape: &shape };
        judge(side(&new), Some(side(&old)), with, Day::at(0), release).unwrap()
    }

    fn judge(&self, old: &District, new: &District) -> Judgement {
        self.judge_with(old, new, &GuardSettings::default(), &Release::default())
    }
}

fn reasons(judgement: &Judgement) -> Vec<String> {
    match &judgement.verdict {
        Verdict::Hold(reasons) => reasons.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// What is held, as `file@school rule`.
fn held(judgement: &Judgement) -> Vec<String> {
    let Verdict::Hold(reasons) = &judgement.verdict else { return Vec::new() };
    let place = |r: &Reason| r.expectation().split('=').next().unwrap_or_default().to_owned();
    reasons.iter().map(|r| format!("{} {}", place(r), r.rule.name())).collect()
}

#[test]
fn a_table_of_nights() {
    let desk = Desk::new();
    let before = District::of(&[100, 200, 20, 5]);
    let without = |gone: fn(&str) -> bool| before.clone().without_users(gone);
    let first = |id: &str, school: &str, below: usize| {
        id.strip_prefix(school)
            .and_then(|id| id.strip_prefix("-u"))
            .is_some_and(|n| n.parse::<usize>().unwrap() < below)
    };
    let mut renamed = before.clone();
    for (id, _) in &mut renamed.users {
        id.push('x');
    }
    let mut moved = before.clone();
    moved
        .users
        .iter_mut()
        .filter(|(id, _)| first(id, "s0", 15))
        .for_each(|(_, school)| *school = "s1".into());
    let mut new_session = before.clone();
    new_session.sessions = vec!["next".into()];
    let mut no_sessions = before.clone();
    no_sessions.sessions.clear();
    let nights: Vec<(&str, District, &[&str])> = vec![
        ("nothing happened", before.clone(), &[]),
        ("one more", District::of(&[101, 200, 20, 5]), &[]),
        ("a few left", District::of(&[91, 195, 18, 5]), &[]),
        (
            "ten of a small school, which is its half",
            without(|id| id.starts_with("s2-u1")).clone(),
            &["enrollments@s2 removed", "users@s2 removed"],
        ),
        (
            "eleven of a large school, which is little",
            without(|id| id.starts_with("s1-u19") || id == "s1-u0"),
            &[],
        ),
        (
            "a school without people",
            without(|id| id.starts_with("s3")),
            &["enrollments@s3 gone", "users@s3 gone"],
        ),
        (
            "most users are others",
            renamed,
            &["users changed", "users@s0 changed", "users@s1 changed", "users@s2 changed"],
        ),
        ("fifteen moved to another school", moved, &["users@s0 removed"]),
        ("the only session was replaced", new_session, &["academicSessions changed"]),
        ("a file is empty", no_sessions, &["academicSessions gone"]),
    ];
    for (night, after, expected) in nights {
        let mut expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        if night.starts_with("ten of") {
            // s2-u1 and s2-u10 to s2-u19 are eleven.
            assert_eq!(after.users.len(), 325 - 11);
        }
        let mut found = held(&desk.judge(&before, &after));
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{night}");
    }
}

#[test]
fn a_reason_says_how_many_of_how_many_and_which() {
    let desk = Desk::new();
    let before = District::of(&[100, 100]);
    let judgement = desk.judge(&before, &before.clone().without_users(|id| id.starts_with("s1-u1")));
    let told = reasons(&judgement);
    assert_eq!(
        told[1],
        "users at school s1: 11 of 100 ids are gone (11.0%); more than 10 and more than 10% hold; for example s1-u1, \
         s1-u10, s1-u11, s1-u12, s1-u13, s1-u14, s1-u15, s1-u16, s1-u17, s1-u18 and 1 more"
    );
    let numbers = judgement.comparison.unwrap();
    let users = numbers.files.iter().find(|f| f.file == File::Users).unwrap();
    assert_eq!(users.total, Change { before: 200, after: 189, removed: 11, added: 0 });
    assert_eq!(users.schools["s0"], Change { before: 100, after: 100, removed: 0, added: 0 });
    assert!(!users.schools.contains_key("lea"), "a district is no school");
}

#[test]
fn a_file_that_is_missing_is_gone_and_one_that_is_new_is_not() {
    let desk = Desk::new();
    let before = District::of(&[3]);
    let mut entries = before.entries();
    entries.retain(|(name, _)| *name != "users.csv");
    let (old, new) = (desk.write("old.zip", &before.entries()), desk.write("new.zip", &entries));
    let shape = Shape::default();
    let side = |package| Baseline { package, shape: &shape };
    let run = |new, old| {
        judge(side(new), Some(side(old)), &GuardSettings::default(), Day::at(0), &Release::default())
    };
    assert_eq!(held(&run(&new, &old).unwrap()), ["users gone", "users@s0 gone"]);
    assert_eq!(run(&old, &new).unwrap().verdict, Verdict::Pass);
}

#[test]
fn changed_rows_are_counted_and_hold_nothing() {
    let desk = Desk::new();
    let before = District::of(&[50]);
    let mut entries = before.entries();
    entries[1].1 = entries[1].1.replace(",x\r\n", ",y\r\n");
    let (old, new) = (desk.write("old.zip", &before.entries()), desk.write("new.zip", &entries));
    let compared = compare(&old, &new).unwrap();
    let users = compared.files.iter().find(|f| f.file == File::Users).unwrap();
    assert_eq!((users.changed_rows, users.total.removed), (50, 0));
    assert!(weigh(&compared, &GuardSettings::default()).is_empty());
}

#[test]
fn roles_lead_users_of_version_1_2_to_their_schools_and_users_their_demographics() {
    let desk = Desk::new();
    let package = |name: &str, users: usize| {
        let mut roles = "sourcedId,userSourcedId,orgSourcedId\r\n".to_owned();
        let mut rows = "sourcedId,primaryOrgSourcedId\r\n".to_owned();
        let mut demographics = "sourcedId,sex\r\n".to_owned();
        for n in 0..users {
            roles += &format!("r{n},u{n},s0\r\nt{n},u{n},s1\r\n");
            rows += &format!("u{n},s0\r\n");
            demographics += &format!("u{n},\r\n");
        }
        let orgs = "sourcedId,type\r\ns0,school\r\ns1,school\r\n".to_owned();
        desk.write(
            name,
            &[
                ("demographics.csv", demographics),
                ("orgs.csv", orgs),
                ("roles.csv", roles),
                ("users.csv", rows),
            ],
        )
    };
    let compared = compare(&package("old.zip", 40), &package("new.zip", 20)).unwrap();
    for change in compared.files.iter().filter(|c| c.file != File::Orgs) {
        for school in ["s0", "s1"] {
            let expected = Change { before: 40, after: 20, removed: 20, added: 0 };
            assert_eq!(change.schools[school], expected, "{} {school}", change.file);
        }
    }
}

#[test]
fn the_first_run_has_no_baseline_and_a_changed_shape_resets_it() {
    let desk = Desk::new();
    let (old, new) = (District::of(&[50]), District::of(&[1]));
    let (old, new) = (desk.write("old.zip", &old.entries()), desk.write("new.zip", &new.entries()));
    let shape = |scheme: &str| Shape(BTreeMap::from([("id_scheme".to_owned(), scheme.to_owned())]));
    let (edu, stable) = (shape("edu"), shape("stable"));
    let newer = Baseline { package: &new, shape: &stable };
    let run = |last, settings: &GuardSettings| {
        judge(newer, last, settings, Day::at(5), &Release::default()).unwrap()
    };
    let settings = GuardSettings::default();
    assert_eq!(run(None, &settings).verdict, Verdict::NoBaseline);
    let last = Some(Baseline { package: &old, shape: &edu });
    assert_eq!(run(last, &settings).verdict, Verdict::Reset(vec!["id_scheme was edu, is stable".into()]));
    // A blackout counts all the same.
    let days = Blackout { from: Day::at(5), to: Day::at(5), reason: "rollover".into() };
    let dark = GuardSettings { blackouts: vec![days], ..settings };
    for last in [None, last] {
        assert_eq!(
            reasons(&run(last, &dark)),
            ["nothing is delivered from 2000-01-06 to 2000-01-06: rollover"]
        );
    }
    let lifted = Release { blackout: true, ..Release::default() };
    assert_eq!(judge(newer, None, &dark, Day::at(5), &lifted).unwrap().verdict, Verdict::NoBaseline);
    assert_eq!(
        judge(newer, None, &dark, Day::at(6), &Release::default()).unwrap().verdict,
        Verdict::NoBaseline
    );
}

#[test]
fn additions_only_holds_a_single_row() {
    let desk = Desk::new();
    let before = District::of(&[50]);
    let settings = GuardSettings { additions_only: true, ..GuardSettings::default() };
    let after = before.clone().without_users(|id| id == "s0-u7");
    let judgement = desk.judge_with(&before, &after, &settings, &Release::default());
    assert_eq!(held(&judgement).len(), 4);
    assert!(reasons(&judgement)[0].contains("only additions are allowed; for example s0-e7"));
    let more = desk.judge_with(&before, &District::of(&[60]), &settings, &Release::default());
    assert_eq!(more.verdict, Verdict::Pass);
}

#[test]
fn limits_of_a_file_replace_those_of_all() {
    let desk = Desk::new();
    let before = District::of(&[100]);
    let after = before.clone().without_users(|id| id.ends_with('1') || id.ends_with('2'));
    let lax = Limits { removed_percent: 20, ..Limits::default() };
    let mut settings = GuardSettings::default();
    settings.files.insert(File::Users, lax);
    let judgement = desk.judge_with(&before, &after, &settings, &Release::default());
    assert_eq!(held(&judgement), ["enrollments removed", "enrollments@s0 removed"]);
}

#[test]
fn a_release_is_a_ceiling() {
    let desk = Desk::new();
    let before = District::of(&[100, 100]);
    let drop = |below: usize| {
        before
            .clone()
            .without_users(|id| id.strip_prefix("s1-u").is_some_and(|n| n.parse::<usize>().unwrap() < below))
    };
    let settings = GuardSettings::default();
    let ceiling = |n| Release {
        removed: BTreeMap::from([((File::Users, None), n), ((File::Enrollments, Some("s1".into())), n)]),
        blackout: false,
    };
    let judgement = desk.judge_with(&before, &drop(15), &settings, &ceiling(15));
    assert_eq!(judgement.verdict, Verdict::Pass);
    assert_eq!(judgement.released.len(), 2, "what was released is told");
    // It got worse.
    let judgement = desk.judge_with(&before, &drop(16), &settings, &ceiling(15));
    assert_eq!(held(&judgement), ["enrollments@s1 removed", "users@s1 removed"]);
    assert!(reasons(&judgement)[0].contains("; the release allows 15; "), "{:?}", reasons(&judgement));
    // The ceiling of one school says nothing about the file or another school.
    let narrow =
        Release { removed: BTreeMap::from([((File::Users, Some("s0".into())), 99)]), blackout: false };
    assert_eq!(held(&desk.judge_with(&before, &drop(15), &settings, &narrow)).len(), 2);
}

#[test]
fn a_delta_and_a_damaged_package_are_not_judged() {
    let desk = Desk::new();
    let before = desk.write("old.zip", &District::of(&[5]).entries());
    let mut entries = District::of(&[5]).entries();
    entries.push(("manifest.csv", "propertyName,value\r\nfile.users,delta\r\n".into()));
    let delta = desk.write("new.zip", &entries);
    assert!(compare(&before, &delta).unwrap_err().to_string().contains("users.csv is a delta"));
    let bytes = fs::read(&before).unwrap();
    fs::write(&delta, &bytes[..bytes.len() / 2]).unwrap();
    assert!(compare(&before, &delta).is_err());
    assert!(compare(&delta, &before).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever else happens: more than ten rows and more than a tenth of a school's users never pass.
    #[test]
    fn no_school_loses_more_than_ten_and_a_tenth(
        sizes in prop::collection::vec(0usize..60, 1..5),
        gone in prop::collection::vec(any::<bool>(), 300),
        few in 0usize..30,
        more in 0usize..20,
    ) {
        let desk = Desk::new();
        let before = District::of(&sizes);
        let mut after = before.clone();
        let mut at = 0;
        let mut lost: BTreeMap<String, usize> = BTreeMap::new();
        after.users.retain(|(_, school)| {
            at += 1;
            // Half of the time hardly anybody leaves, so that both sides of the limit are met.
            let leaves = gone[at] && (few > 15 || at % 7 == 0);
            *lost.entry(school.clone()).or_default() += usize::from(leaves);
            !leaves
        });
        for n in 0..more {
            after.users.push((format!("new{n}"), "s0".into()));
        }
        let judgement = desk.judge(&before, &after);
        let compared = judgement.comparison.clone().unwrap();
        let users = compared.files.iter().find(|f| f.file == File::Users).unwrap();
        let mut must_hold = false;
        for (n, size) in sizes.iter().enumerate() {
            let school = format!("s{n}");
            let removed = lost.get(&school).copied().unwrap_or_default();
            if let Some(numbers) = users.schools.get(&school) {
                prop_assert_eq!((numbers.before, numbers.removed), (*size as u64, removed as u64));
            }
            must_hold |= removed > 10 && removed * 10 > *size;
            must_hold |= *size > 0 && removed == *size && (n > 0 || more == 0);
        }
        let total: usize = lost.values().sum();
        must_hold |= total > 10 && total * 10 > sizes.iter().sum::<usize>();
        must_hold |= total * 100 > sizes.iter().sum::<usize>() * 75;
        let is_held = matches!(judgement.verdict, Verdict::Hold(_));
        // At a school, most ids replaced is a drop of more than ten rows and a tenth as well.
        prop_assert_eq!(is_held, must_hold);
    }

    /// Comparing is exact for any two sets of ids of any spelling.
    #[test]
    fn counts_are_those_of_sets(
        old in prop::collection::btree_set("[0-9a-fA-F]{32}|[a-z]{1,3}", 0..40),
        new in prop::collection::btree_set("[0-9a-fA-F]{32}|[a-z]{1,3}", 0..40),
    ) {
        let desk = Desk::new();
        let package = |name: &str, ids: &BTreeSet<String>| {
            let rows: String = ids.iter().map(|id| format!("{id},t\r\n")).collect();
            desk.write(name, &[("courses.csv", format!("sourcedId,title\r\n{rows}"))])
        };
        let compared = compare(&package("old.zip", &old), &package("new.zip", &new)).unwrap();
        let expected = Change {
            before: old.len() as u64,
            after: new.len() as u64,
            removed: old.difference(&new).count() as u64,
            added: new.difference(&old).count() as u64,
        };
        prop_assert_eq!(compared.files[0].total, expected);
    }
}
