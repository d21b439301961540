//! Tests of the layers: precedence, faults, and secrets that are refused or not shown.

use super::super::plan::EndDates;
use super::*;

fn today() -> Day {
    Day::from_ymd(2025, 10, 1).unwrap()
}

fn env(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(k, v)| (OsString::from(k), OsString::from(v))).collect()
}

fn minimal() -> Overrides {
    let mut overrides = Overrides::new();
    overrides.flag("tenant", Some("gbisd"));
    overrides.flag("active_school_year", Some("2022"));
    overrides
}

fn faults(overrides: Overrides) -> Vec<ConfigError> {
    overrides.freeze(today(), &["tenant", "active_school_year", "place", "out"]).unwrap_err()
}

#[test]
fn flags_win_over_set_over_sample_over_environment_over_defaults() {
    type Give = fn(&mut Overrides);
    let layers: [(Origin, Give, EndDates); 4] = [
        (
            Origin::Environment,
            |o| o.environment(env(&[("ROSTERPACK__MAPPING__END_DATES", "inclusive")])),
            EndDates::Inclusive,
        ),
        (Origin::Sample, |o| o.sample("end_dates", "exclusive"), EndDates::Exclusive),
        (Origin::Set, |o| o.set("mapping.end_dates=inclusive"), EndDates::Inclusive),
        (Origin::Flag, |o| o.flag("end_dates", Some("exclusive")), EndDates::Exclusive),
    ];
    for count in 0..=layers.len() {
        // The order in which layers are given must not matter: the strongest comes first here.
        let mut overrides = minimal();
        for (_, give, _) in layers[..count].iter().rev() {
            give(&mut overrides);
        }
        let run = overrides.freeze(today(), &[]).unwrap();
        let (origin, expected) = match layers[..count].last() {
            Some((origin, _, expected)) => (*origin, *expected),
            None => (Origin::Default, EndDates::Exclusive),
        };
        assert_eq!(run.plan.mapping.end_dates, expected);
        let choice = run.choices.iter().find(|c| c.setting == "mapping.end_dates").unwrap();
        assert_eq!(choice.origin, origin);
    }
}

#[test]
fn a_layer_replaces_lists_as_a_whole() {
    let mut overrides = minimal();
    overrides.environment(env(&[("ROSTERPACK__SCOPE__SCHOOLS", "1,2")]));
    overrides.flag("schools", Some("3"));
    assert_eq!(overrides.freeze(today(), &[]).unwrap().plan.scope.schools, [3]);
}

#[test]
fn defaults_that_are_computed() {
    let run = minimal().freeze(today(), &[]).unwrap();
    assert_eq!((run.plan.id_prefix.as_str(), run.plan.system_code.as_str()), ("gbisd", "gbisd"));
    assert_eq!((run.plan.as_of, run.as_of_is_today), (today(), true));
    let prefix = run.choices.iter().find(|c| c.setting == "mapping.id_prefix").unwrap();
    assert_eq!((prefix.value.as_str(), prefix.origin), ("gbisd", Origin::Default));

    let mut named = minimal();
    named.flag("as_of", Some("2021-10-01"));
    assert!(!named.freeze(today(), &[]).unwrap().as_of_is_today);
}

#[test]
fn every_fault_is_told_at_once_and_names_its_place() {
    let mut overrides = Overrides::new();
    overrides.environment(env(&[
        ("ROSTERPACK__RUN__TENNANT", "x"),
        ("ROSTERPACK__PACKAGE__COMPRESSION", "10"),
        ("PATH", "/bin"),
    ]));
    overrides.set("staff_role_prioritee=teacher");
    overrides.set("oops");
    overrides.flag("active_school_year", Some("21"));
    let faults: Vec<String> = faults(overrides).iter().map(|f| format!("{f} | {}", f.help())).collect();
    let expect = [
        "`ROSTERPACK__RUN__TENNANT` | did you mean `ROSTERPACK__RUN__TENANT`",
        "--set staff_role_prioritee: there is no setting `staff_role_prioritee` | did you mean `staff_role_priority`",
        "--set oops: it has no value",
        "ROSTERPACK__PACKAGE__COMPRESSION: `10` is not accepted: it is not between 1 and 9",
        "--school-year: `21` is not accepted: it is not between 1900 and 2100",
        "--tenant is missing",
        "--source is missing",
        "--out is missing",
    ];
    assert_eq!(faults.len(), expect.len(), "{faults:#?}");
    for part in expect {
        assert!(faults.iter().any(|f| f.contains(part)), "{part} in {faults:#?}");
    }
}

#[test]
fn a_setting_twice_in_a_layer_is_no_guess() {
    let mut overrides = minimal();
    overrides.set("end_dates=inclusive");
    overrides.set("mapping.end_dates=exclusive");
    assert!(matches!(faults(overrides)[0], ConfigError::Twice { name: "end_dates", .. }));
}

#[test]
fn a_password_on_the_command_line_is_refused_and_never_repeated() {
    for place in [
        "postgres://me:hunter2@localhost/ods",
        "postgres://me:hun/ter2@localhost/ods",
        "postgres://localhost/ods?user=me&PASSWORD=hunter2",
        "host=localhost user=me password=hunter2",
        "Server=localhost;Database=ods;Pwd=hunter2",
        "Server=localhost;Database=ods;Password = hunter2",
        "Server=localhost;Database=ods;PSW=hunter2",
    ] {
        for by_set in [false, true] {
            let mut overrides = minimal();
            if by_set {
                overrides.set(&format!("source.place={place}"));
            } else {
                overrides.flag("place", Some(place));
            }
            let faults = faults(overrides);
            assert!(matches!(faults[0], ConfigError::SecretInFlag { .. }), "{faults:?}");
            let told: String = faults.iter().map(|f| format!("{f} {}", f.help())).collect();
            assert!(!told.contains("hunter2") && !told.contains("hun/"), "{told}");
        }
    }
    let mut overrides = minimal();
    overrides.environment(env(&[("ROSTERPACK__SOURCE__PLACE", "postgres://me:hunter2@localhost/ods")]));
    let run = overrides.freeze(today(), &["place"]).unwrap();
    assert!(run.choices.iter().all(|c| !c.value.contains("hunter2")));
    for harmless in
        ["extracts", "postgres://me@localhost:5432/ods", "postgres:///ods?host=/run/pg", "C:\\ods@x"]
    {
        assert!(!holds_password(harmless), "{harmless}");
    }
    // A value that is refused for another reason is not repeated either.
    let mut overrides = minimal();
    overrides.environment(env(&[("ROSTERPACK__SOURCE__PLACE", "postgres://me:hunter2@localhost/ods ")]));
    assert!(!faults(overrides)[0].to_string().contains("hunter2"));
}
