//! demographics.csv: mapping.md section 8.

use crate::notice::Notices;
use crate::package::{CsvBlock, Table};
use crate::roster::clean::clean;
use crate::roster::demographics::{DemographicCells, Demographics};
use crate::roster::user_rows::UserRow;
use crate::sourced_id::{Person, SourcedId};
use crate::spec::vocabulary::{SEX_V1P1, SEX_V1P2};
use crate::spec::{FileSpec, Version};

use super::{Cell, Emitter, NATURAL_KEY, NoRule, WORD_NOT_IN_VERSION, date, flag, rows_of_users, text, word};

struct Row<'a> {
    id: SourcedId,
    orgs: &'a [u32],
    cells: DemographicCells<'a>,
    sex: Option<&'static str>,
    key: String,
    extensions: Vec<String>,
}

fn cell<'a>(column: &str) -> Option<Cell<Row<'a>>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.id.0),
        "birthDate" => |row, out| date(out, row.cells.birth_date),
        "sex" => |row, out| word(out, row.sex),
        "americanIndianOrAlaskaNative" => |row, out| flag(out, row.cells.races.map(|r| r[0])),
        "asian" => |row, out| flag(out, row.cells.races.map(|r| r[1])),
        "blackOrAfricanAmerican" => |row, out| flag(out, row.cells.races.map(|r| r[2])),
        "nativeHawaiianOrOtherPacificIslander" => |row, out| flag(out, row.cells.races.map(|r| r[3])),
        "white" => |row, out| flag(out, row.cells.races.map(|r| r[4])),
        "demographicRaceTwoOrMoreRaces" => |row, out| flag(out, row.cells.two_or_more()),
        "hispanicOrLatinoEthnicity" => |row, out| flag(out, row.cells.hispanic),
        "countryOfBirthCode" => |row, out| text(out, &clean(row.cells.country)),
        "stateOfBirthAbbreviation" => |row, out| text(out, &clean(row.cells.state)),
        "cityOfBirth" => |row, out| text(out, &clean(row.cells.city)),
        // Ed-Fi's residency status says something else.
        "publicSchoolResidenceStatus" => |_, out| out.blank(),
        _ => return None,
    })
}

fn extension_cells(row: &Row<'_>, out: &mut CsvBlock) {
    for extension in &row.extensions {
        text(out, extension);
    }
}

/// The word for the sex in the version that is written.
fn sex_word(version: Version, sex: Option<&'static str>) -> Option<&'static str> {
    let vocabulary = match version {
        Version::V1p1 => &SEX_V1P1,
        Version::V1p2 => &SEX_V1P2,
    };
    sex.and_then(|word| vocabulary.word(word))
}

pub(super) fn table<'a>(
    emitter: &'a Emitter<'_>,
    spec: &'static FileSpec,
    notices: &mut Notices,
) -> Result<Option<Table<'a>>, NoRule> {
    let Some(demographics) = &emitter.roster.demographics else { return Ok(None) };
    let columns = emitter
        .columns(spec, cell)?
        .and(emitter.natural_key(), NATURAL_KEY, |row, out| text(out, &row.key))
        .and_all(demographics.extensions.iter().map(|e| e.header.clone()), extension_cells)
        .at(|row, out| row.orgs.iter().for_each(|&org| out.belongs_to(org)));
    let users = &emitter.roster.users;
    let kept = (0u32..).zip(&users.students.fate).filter(|(_, fate)| fate.kept());
    for (student, _) in kept {
        let sex = demographics.cells(emitter.staged, &emitter.roster.orgs, student).sex;
        if let (Some(word), None) = (sex, sex_word(emitter.edition.version, sex)) {
            notices.count(&WORD_NOT_IN_VERSION, &format!("sex `{word}`"), 1);
        }
    }
    let of_students = users.exported_rows().take_while(|row| row.user.person == Person::Student);
    Ok(Some(rows_of_users(spec, users, of_students, columns, move |user| row(emitter, demographics, user))))
}

fn row<'a>(emitter: &'a Emitter<'_>, demographics: &Demographics, user_row: UserRow) -> Row<'a> {
    let (staged, orgs) = (emitter.staged, &emitter.roster.orgs);
    let (users, student) = (&emitter.roster.users, user_row.user.row);
    let cells = demographics.cells(staged, orgs, student);
    Row {
        id: users.row_id(user_row),
        orgs: users.row_orgs(user_row),
        sex: sex_word(emitter.edition.version, cells.sex),
        cells,
        key: emitter.key(|keys, key| {
            let unique_id = staged.students.unique_id.get(student as usize);
            keys.user(key, Person::Student, unique_id, users.key_school(user_row, orgs));
        }),
        extensions: demographics
            .extensions
            .iter()
            .map(|e| demographics.extension(staged, orgs, student, &e.attribute, emitter.plan.as_of))
            .collect(),
    }
}
