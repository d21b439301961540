//! Trap staff members.

use super::super::class_records::{self as class, SectionKey};
use super::super::family::{FIRST_STAFF, date};
use super::super::person_records::{self as people, Email, Name};
use super::super::rows::Rows;
use super::super::schema::Shape;
use super::{FIRST, Ground, section, staff};
use crate::day::Day;

/// Writes the staff.
pub(super) fn write(ground: &Ground<'_>, rows: &mut Rows<'_>) {
    let home = ground.home.id;
    let [(fall, term), _] = ground.ordinary();
    let hired = date(ground.year - 3, 8, 1);
    let teach = |rows: &mut Rows<'_>, key: SectionKey<'_>, usi: i64, begin: Option<Day>| {
        class::teach(rows, key, usi, "Teacher of Record", begin, Some(term.end));
    };
    for (nth, unique) in staff::ALL.into_iter().enumerate() {
        let usi = FIRST_STAFF + FIRST + nth as i64;
        plant(home, usi, unique, rows);
        let assign =
            |rows: &mut Rows<'_>, org, post, end| people::assignment(rows, org, usi, post, hired, end);
        match unique {
            staff::SUPERINTENDENT => assign(rows, ground.agency, "Superintendent", None),
            staff::ENDED => assign(rows, home, "Teacher", Some(Day::at(term.begin.number() - 50))),
            staff::UNMAPPED => assign(rows, home, "Other", None),
            staff::UNASSIGNED | staff::ONLY_TEACHING => {}
            staff::TWO_CLASSIFICATIONS => {
                assign(rows, home, "Teacher", None);
                assign(rows, home, "Principal", None);
            }
            _ => assign(rows, home, "Teacher", None),
        }
        if !matches!(unique, staff::SUPERINTENDENT | staff::ONLY_TEACHING) {
            people::staff_school(rows, home, usi, None);
        }
        match unique {
            staff::ONLY_TEACHING => teach(rows, fall, usi, Some(term.begin)),
            staff::TWICE => {
                let key = SectionKey { section: section::COMMA_PERIOD, ..fall };
                teach(rows, key, usi, Some(term.begin));
                if rows.shape() >= Shape::S50 {
                    teach(rows, key, usi, Some(Day::at(term.begin.number() + 7)));
                }
            }
            staff::FIRST_PRIMARY | staff::SECOND_PRIMARY => {
                let late = 28 * i32::from(unique == staff::SECOND_PRIMARY);
                let key = SectionKey { section: section::TWO_PRIMARIES, ..fall };
                teach(rows, key, usi, Some(Day::at(term.begin.number() + late)));
            }
            staff::UNDATED => {
                let begin = (rows.shape() >= Shape::S50).then_some(term.begin);
                let key =
                    SectionKey { local: section::LOOKALIKES[0].0, section: section::LOOKALIKES[0].1, ..fall };
                class::teach(rows, key, usi, "Support Teacher", begin, None);
            }
            _ => {}
        }
    }
}

/// The person, with the address and the log-in name that the trap leaves.
fn plant(org: i64, usi: i64, unique: &str, rows: &mut Rows<'_>) {
    let login = (unique != staff::NO_LOGIN).then_some(unique);
    people::staff(rows, usi, unique, Name { first: "Trap", last: "Teacher", ..Name::default() }, login);
    let own = format!("{unique}@staff.example");
    let address = match unique {
        staff::LOGIN_ONLY | staff::NO_LOGIN => return,
        staff::SHARED_EMAIL => "Trap.Shared@Mail.Example",
        _ => &own,
    };
    people::staff_emails(rows, org, usi, &[Email { address, kind: "Work", suppressed: None }]);
}
