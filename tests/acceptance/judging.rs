//! `--validate` and `--deny`: what refuses a package, what opens, and what nothing opens.

use std::fs;

use rosterpack::synth::{Shape, Traps};

use crate::exporting::{USUAL, binary, district, export, told, trap_district};
use crate::package_check::check;

#[test]
fn warnings_refuse_when_they_are_denied() {
    let source = trap_district(Shape::S52);
    let usual = export(source, &[USUAL]);
    assert!(!usual.zip.is_empty() && usual.count("org-without-name") > 0, "the district has warnings");
    let denied = export(source, &[USUAL, &[("deny", "warning")]]);
    assert!(denied.zip.is_empty());
    let reasons = denied.refused();
    let of_code = reasons.iter().filter(|reason| reason.starts_with("org-without-name"));
    assert_eq!(of_code.count(), 1, "one reason a code: {reasons:?}");
    assert!(reasons.iter().all(|reason| reason.contains("denied as a warning")), "{reasons:?}");
    let choices = denied.report["choices"].as_array().unwrap();
    let choice = choices.iter().find(|choice| choice["setting"] == "package.deny").unwrap();
    assert_eq!((choice["value"].as_str(), choice["origin"].as_str()), (Some("warning"), Some("flag")));
}

#[test]
fn every_rule_may_be_asked_and_changes_no_byte() {
    let source = trap_district(Shape::S52);
    let lean = export(source, &[USUAL]);
    let full = export(source, &[USUAL, &[("validate", "full")]]);
    assert!(!full.zip.is_empty(), "{:?}", full.refused());
    assert!(lean.zip == full.zip, "judging changes nothing");
}

/// A district whose own notices stay below a warning, but in which a rule of the validator finds one.
#[test]
fn what_the_validator_finds_refuses_like_what_the_export_finds() {
    let folder = district(40, Shape::S52, Traps::None);
    let settings = |more: &[(&'static str, &'static str)]| [USUAL, more].concat();
    let lean = export(folder.path(), &[&settings(&[("deny", "warning")])]);
    assert!(!lean.zip.is_empty(), "the export itself has no warning: {:?}", lean.refused());
    assert_eq!(check(&lean.package), Vec::<String>::new());
    let full = export(folder.path(), &[&settings(&[("deny", "warning"), ("validate", "full")])]);
    assert!(full.zip.is_empty(), "a class of spring has not begun in autumn");
    let reasons = full.refused();
    assert!(reasons.iter().all(|reason| reason.starts_with("the validation says ")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("classes-not-begun")), "{reasons:?}");
    let open = export(folder.path(), &[&settings(&[("deny", "none"), ("validate", "full")])]);
    assert!(open.zip == lean.zip);
}

#[test]
fn nothing_to_export_is_published_when_nothing_is_denied_and_collisions_never_are() {
    let source = district(40, Shape::S52, Traps::All);
    let colliding = export(source.path(), &[USUAL, &[("deny", "none")]]);
    assert!(colliding.zip.is_empty(), "no reader could load two rows of one id");
    assert!(colliding.refused().iter().all(|reason| reason.starts_with("id-collision")));
    let empty = &[("active_school_year", "2031")];
    assert!(export(trap_district(Shape::S52), &[USUAL, empty]).zip.is_empty());
    let opened = export(trap_district(Shape::S52), &[USUAL, empty, &[("deny", "none")]]);
    assert!(!opened.zip.is_empty(), "{:?}", opened.refused());
}

#[test]
fn a_denied_package_ends_with_code_1_and_the_old_one_stays() {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("roster.zip"), b"last night's").unwrap();
    for how in [["--deny", "warning"], ["--validate", "full"]] {
        let mut arguments = vec!["export", "--sample", "--out", "roster.zip", "--report", "report"];
        arguments.extend(how);
        if how[0] == "--validate" {
            arguments.extend(["--deny", "warning"]);
        }
        let output = binary(desk.path(), &arguments);
        let said = told(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(output.stdout.is_empty() && said.contains("the package was refused"), "{said}");
        assert_eq!(fs::read(desk.path().join("roster.zip")).unwrap(), b"last night's");
        let page = fs::read_to_string(desk.path().join("report/report.html")).unwrap();
        assert!(page.contains("The package was not published."));
    }
    assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 2, "no litter");
}
