//! Ids that two things would share: the package is refused, or the loser goes with everything that hangs on it.

use std::collections::BTreeSet;

use rosterpack::synth::traps::{home_school, section, staff, student};
use rosterpack::synth::{Shape, Traps};

use crate::exporting::{Exported, USUAL, district, export, trap_district};
use crate::extract;
use crate::package_check::check;
use crate::traps::{EVERYTHING, World, exported};

#[test]
fn ids_that_collide_refuse_the_package_or_cost_the_loser_its_enrollments() {
    for shape in [Shape::S40, Shape::S52] {
        let folder = district(40, shape, Traps::All);
        let folder = folder.path();
        // A student of either section whose ids collide, so that enrollments are at stake.
        extract::alter(folder, "studentsectionassociation", |table| {
            let [identifier, local, usi, session] =
                ["sectionidentifier", "localcoursecode", "studentusi", "sessionname"]
                    .map(|c| table.column(c).unwrap());
            let of_trap =
                |row: &&Vec<String>| row[local] == section::COURSE && row[identifier] == section::ORDINARY;
            let mut models: Vec<Vec<String>> = table.rows.iter().filter(of_trap).cloned().collect();
            models.sort_by(|a, b| a[usi].cmp(&b[usi]));
            models.dedup_by(|a, b| a[usi] == b[usi]);
            for (row, identifier_of) in models.iter().take(2).zip(section::CASE_ONLY) {
                let mut row = row.clone();
                row[identifier] = identifier_of.to_owned();
                row[session] = models.iter().map(|m| m[session].clone()).min().unwrap();
                table.rows.push(row);
            }
        });
        let refused = export(folder, &[USUAL]);
        assert!(refused.zip.is_empty());
        let reasons = refused.refused();
        assert_eq!(reasons.len(), 2, "{reasons:?}");
        for both in [&section::CASE_ONLY[..], &["trap-x-255901001", "255901001-c"]] {
            let naming = reasons.iter().filter(|reason| both.iter().all(|key| reason.contains(key)));
            assert_eq!(naming.count(), 1, "{both:?}: {reasons:?}");
        }
        let kept = export(folder, &[USUAL, &[("on_id_collision", "keep-winner")]]);
        assert_eq!(check(&kept.package), Vec::<String>::new());
        let losers = kept.count("id-collision-loser");
        assert_eq!(losers, 3, "two classes and an enrollment: {:#}", kept.report["notices"][0]);
        let classes = kept.table("classes");
        let keys = classes.all("metadata.edu.natural_key");
        assert_eq!(keys.iter().filter(|key| key.contains("-trap-case-")).count(), 1);
        // The loser's student is not in the winner's class.
        let winner =
            classes.iter().find(|r| r.get("metadata.edu.natural_key").contains("-trap-case-")).unwrap();
        assert_eq!(kept.table("enrollments").find("classSourcedId", winner.get("sourcedId")).len(), 1);
        let of_year = |table: &str| extract::table(folder, table).find("schoolyear", "2025").len() as u64;
        let associations = of_year("studentsectionassociation") + of_year("staffsectionassociation");
        assert_eq!(kept.table("enrollments").rows.len() as u64 + kept.left_out("enrollments"), associations);
    }
}

/// A student and a staff member of one unique id in one class from one day on: their enrollments have one id.
#[test]
fn a_student_and_a_teacher_of_one_unique_id_collide() {
    let copy = extract::copy(trap_district(Shape::S52));
    extract::alter(copy.path(), "staff", |t| {
        let at = t.column("staffuniqueid").unwrap();
        t.rows.iter_mut().find(|row| row[at] == staff::ONLY_TEACHING).unwrap()[at] = student::NO_RACE.into();
    });
    let refused = export(copy.path(), &[USUAL]);
    let reasons = refused.refused();
    assert!(refused.zip.is_empty() && reasons.len() == 1, "{reasons:?}");
    for text in ["enrollment", "staff trap-no-race", "student trap-no-race", section::ORDINARY] {
        assert!(reasons[0].contains(text), "{reasons:?}");
    }
    let (whole, kept) =
        (exported(Shape::S52), export(copy.path(), &[USUAL, &[("on_id_collision", "keep-winner")]]));
    assert_eq!(check(&kept.package), Vec::<String>::new());
    assert_eq!(kept.count("id-collision-loser"), 1);
    let users = kept.table("users");
    let [student, teacher] = ["student", "teacher"].map(|role| {
        let both = users.find("identifier", student::NO_RACE);
        both.iter().find(|row| row.get("role") == role).unwrap().get("sourcedId").to_owned()
    });
    let of = |user: &str| kept.table("enrollments").find("userSourcedId", user).len();
    assert_eq!((of(&teacher), of(&student)), (1, 1), "the student keeps the other class");
    let rows = |e: &Exported| e.table("enrollments").rows.len() as u64 + e.left_out("enrollments");
    assert_eq!(rows(&kept), rows(whole));
}

/// Enrollments of different classes whose keys are the same text, because one unique id continues another.
#[test]
fn enrollments_that_look_alike_once_joined_collide() {
    let copy = extract::copy(trap_district(Shape::S52));
    let source = copy.path();
    let (short, long) = ("q", "q-trap");
    extract::alter(source, "student", |t| {
        let at = t.column("studentuniqueid").unwrap();
        for (old, new) in [(student::NO_EMAIL, short), (student::NO_RACE, long)] {
            t.rows.iter_mut().find(|row| row[at] == old).unwrap()[at] = new.into();
        }
    });
    // The ordinary class of TRAP-101 once more, as local course code 101: `q-trap` + `101` is `q` + `trap-101`.
    let term = World::new(Shape::S52).first_term();
    for table in ["courseoffering", "section"] {
        extract::alter(source, table, |t| {
            let [local, session] = ["localcoursecode", "sessionname"].map(|c| t.column(c).unwrap());
            let identifier = t.column("sectionidentifier");
            let school = t.column("schoolid").unwrap();
            let of = |row: &&Vec<String>| {
                row[local] == section::COURSE
                    && row[session] == term
                    && row[school] == home_school().to_string()
                    && identifier.is_none_or(|at| row[at] == section::ORDINARY)
            };
            let mut row = t.rows.iter().find(of).unwrap().clone();
            row[local] = "101".into();
            t.rows.push(row);
        });
    }
    let person = extract::table(source, "student").one("studentuniqueid", long).get("studentusi").to_owned();
    extract::alter(source, "studentsectionassociation", |t| {
        let [usi, local, session] =
            ["studentusi", "localcoursecode", "sessionname"].map(|c| t.column(c).unwrap());
        let row = t.rows.iter_mut().find(|row| row[usi] == person && row[session] == term).unwrap();
        row[local] = "101".into();
    });
    let refused = export(source, &[USUAL]);
    let reasons = refused.refused();
    assert!(refused.zip.is_empty() && reasons.len() == 1, "{reasons:?}");
    assert!(
        reasons[0].contains("student q in section") && reasons[0].contains("student q-trap in section"),
        "{reasons:?}"
    );
    let kept = export(source, &[USUAL, &[("on_id_collision", "keep-winner")]]);
    assert_eq!(check(&kept.package), Vec::<String>::new());
    assert_eq!(kept.count("id-collision-loser"), 1);
}

/// Under scheme `stable` nothing collides, not even the traps that are made for it, and every row has another id.
#[test]
fn scheme_stable_tells_everything_apart() {
    for shape in [Shape::S40, Shape::S61] {
        let folder = district(40, shape, Traps::All);
        let stable = export(folder.path(), &[USUAL, EVERYTHING, &[("id_scheme", "stable")]]);
        assert_eq!(stable.refused(), Vec::<&str>::new());
        assert_eq!(check(&stable.package), Vec::<String>::new());
        assert_eq!(stable.count("id-collision") + stable.count("id-collision-loser"), 0);
        let edu = export(folder.path(), &[USUAL, EVERYTHING, &[("on_id_collision", "keep-winner")]]);
        assert_eq!(
            stable.table("classes").rows.len(),
            edu.table("classes").rows.len() + 2,
            "no class is lost"
        );
        let of_year =
            extract::table(folder.path(), "studentsectionassociation").find("schoolyear", "2025").len()
                + extract::table(folder.path(), "staffsectionassociation").find("schoolyear", "2025").len();
        assert_eq!(
            stable.table("enrollments").rows.len() as u64 + stable.left_out("enrollments"),
            of_year as u64
        );
        for file in ["orgs", "academicSessions", "courses", "classes", "users", "enrollments"] {
            let ids = |e: &Exported| -> BTreeSet<String> {
                e.table(file).all("sourcedId").into_iter().map(str::to_owned).collect()
            };
            assert!(ids(&stable).is_disjoint(&ids(&edu)), "{file}");
        }
    }
}
