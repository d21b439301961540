//! Every fault that a strict reader of a OneRoster 1.1 bulk package would find.
//!
//! In: a package. Out: its faults, in words. The facts of OneRoster CSV 1.1 stand here once more, written from the
//! specification and not taken from `spec`, so that an error there cannot hide itself. What mapping.md adds (order
//! of lists, CRLF, no control characters) is checked too. Other zips are none of its business: no delta, no
//! gradebook, no resources.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::package_reader::{Package, Table};

/// How a column must be filled.
#[derive(Debug, Clone, Copy)]
enum Rule {
    Text,
    Blank,
    Date,
    Flag,
    Word(&'static [&'static str]),
    Words(&'static [&'static str]),
    Reference(&'static str),
    References(&'static str),
    Texts,
}
use Rule::{Blank, Date, Flag, Reference, References, Text, Texts, Word, Words};

const SESSION_TYPES: &[&str] = &["gradingPeriod", "semester", "schoolYear", "term"];
const ORG_TYPES: &[&str] = &["department", "school", "district", "local", "state", "national"];
const USER_ROLES: &[&str] =
    &["administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher"];
const ENROLLMENT_ROLES: &[&str] = &["administrator", "proctor", "student", "teacher"];
const GRADES: &[&str] = &[
    "IT", "PR", "PK", "TK", "KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12",
    "13", "PS", "UG", "Other",
];

/// Columns of a file in order: name, whether it is required, rule.
type Columns = &'static [(&'static str, bool, Rule)];

const ID: (&str, bool, Rule) = ("sourcedId", true, Text);
const STATUS: (&str, bool, Rule) = ("status", false, Blank);
const MODIFIED: (&str, bool, Rule) = ("dateLastModified", false, Blank);

/// The files of a rostering package.
const FILES: &[(&str, Columns)] = &[
    (
        "academicSessions",
        &[
            ID,
            STATUS,
            MODIFIED,
            ("title", true, Text),
            ("type", true, Word(SESSION_TYPES)),
            ("startDate", true, Date),
            ("endDate", true, Date),
            ("parentSourcedId", false, Reference("academicSessions")),
            ("schoolYear", true, Text),
        ],
    ),
    (
        "classes",
        &[
            ID,
            STATUS,
            MODIFIED,
            ("title", true, Text),
            ("grades", false, Words(GRADES)),
            ("courseSourcedId", true, Reference("courses")),
            ("classCode", false, Text),
            ("classType", true, Word(&["homeroom", "scheduled"])),
            ("location", false, Text),
            ("schoolSourcedId", true, Reference("orgs")),
            ("termSourcedIds", true, References("academicSessions")),
            ("subjects", false, Texts),
            ("subjectCodes", false, Texts),
            ("periods", false, Texts),
        ],
    ),
    (
        "courses",
        &[
            ID,
            STATUS,
            MODIFIED,
            ("schoolYearSourcedId", false, Reference("academicSessions")),
            ("title", true, Text),
            ("courseCode", false, Text),
            ("grades", false, Words(GRADES)),
            ("orgSourcedId", true, Reference("orgs")),
            ("subjects", false, Texts),
            ("subjectCodes", false, Texts),
        ],
    ),
    (
        "demographics",
        &[
            ("sourcedId", true, Reference("users")),
            STATUS,
            MODIFIED,
            ("birthDate", false, Date),
            ("sex", false, Word(&["male", "female"])),
            ("americanIndianOrAlaskaNative", false, Flag),
            ("asian", false, Flag),
            ("blackOrAfricanAmerican", false, Flag),
            ("nativeHawaiianOrOtherPacificIslander", false, Flag),
            ("white", false, Flag),
            ("demographicRaceTwoOrMoreRaces", false, Flag),
            ("hispanicOrLatinoEthnicity", false, Flag),
            ("countryOfBirthCode", false, Text),
            ("stateOfBirthAbbreviation", false, Text),
            ("cityOfBirth", false, Text),
            ("publicSchoolResidenceStatus", false, Text),
        ],
    ),
    (
        "enrollments",
        &[
            ID,
            STATUS,
            MODIFIED,
            ("classSourcedId", true, Reference("classes")),
            ("schoolSourcedId", true, Reference("orgs")),
            ("userSourcedId", true, Reference("users")),
            ("role", true, Word(ENROLLMENT_ROLES)),
            ("primary", false, Flag),
            ("beginDate", false, Date),
            ("endDate", false, Date),
        ],
    ),
    (
        "orgs",
        &[
            ID,
            STATUS,
            MODIFIED,
            ("name", true, Text),
            ("type", true, Word(ORG_TYPES)),
            ("identifier", false, Text),
            ("parentSourcedId", false, Reference("orgs")),
        ],
    ),
    (
        "users",
        &[
            ID,
            STATUS,
            MODIFIED,
            ("enabledUser", true, Flag),
            ("orgSourcedIds", true, References("orgs")),
            ("role", true, Word(USER_ROLES)),
            ("username", true, Text),
            ("userIds", false, Texts),
            ("givenName", true, Text),
            ("familyName", true, Text),
            ("middleName", false, Text),
            ("identifier", false, Text),
            ("email", false, Text),
            ("sms", false, Text),
            ("phone", false, Text),
            ("agentSourcedIds", false, References("users")),
            ("grades", false, Words(GRADES)),
            ("password", false, Text),
        ],
    ),
];

/// What the manifest lists, in published order.
const MANIFEST: [&str; 13] = [
    "academicSessions",
    "categories",
    "classes",
    "classResources",
    "courses",
    "courseResources",
    "demographics",
    "enrollments",
    "lineItems",
    "orgs",
    "resources",
    "results",
    "users",
];

/// Every fault of a package, in words.
pub fn check(package: &Package) -> Vec<String> {
    let mut faults = Vec::new();
    check_entries(package, &mut faults);
    let mut tables: BTreeMap<&str, Table> = BTreeMap::new();
    for &(name, columns) in FILES {
        let Some(bytes) = package.bytes(name) else { continue };
        check_bytes(name, bytes, &mut faults);
        match Table::parse(bytes) {
            Ok(table) => {
                check_header(name, columns, &table, &mut faults);
                tables.insert(name, table);
            }
            Err(e) => faults.push(format!("{name}: {e}")),
        }
    }
    let ids: HashMap<&str, HashMap<&str, usize>> = tables
        .iter()
        .map(|(name, table)| {
            (*name, table.rows.iter().enumerate().map(|(n, r)| (table.cell(r, "sourcedId"), n)).collect())
        })
        .collect();
    for &(name, columns) in FILES {
        let Some(table) = tables.get(name) else { continue };
        check_ids(name, table, &mut faults);
        for row in &table.rows {
            // The header was checked: where it is wrong, that has been told.
            for (&(column, required, rule), cell) in columns.iter().zip(row) {
                let mut found = Vec::new();
                check_cell(cell, required, rule, &ids, &mut found);
                let id = table.cell(row, "sourcedId");
                faults.extend(found.into_iter().map(|f| format!("{name} {id}: {column} `{cell}`: {f}")));
            }
        }
    }
    Relations { tables: &tables, ids: &ids, faults: &mut faults }.check();
    faults
}

/// Names of entries, and the manifest that must agree with them.
fn check_entries(package: &Package, faults: &mut Vec<String>) {
    let names: BTreeSet<&str> = package.entries.iter().map(|(name, _)| name.as_str()).collect();
    if names.len() != package.entries.len() {
        faults.push("two entries have one name".into());
    }
    for name in &names {
        let known = *name == "manifest.csv"
            || name.strip_suffix(".csv").is_some_and(|n| FILES.iter().any(|(file, _)| *file == n));
        if !known {
            faults.push(format!("unknown entry {name}"));
        }
    }
    let Some(bytes) = package.bytes("manifest") else {
        faults.push("no manifest.csv".into());
        return;
    };
    check_bytes("manifest", bytes, faults);
    let manifest = match Table::parse(bytes) {
        Ok(table) => table,
        Err(e) => return faults.push(format!("manifest: {e}")),
    };
    if manifest.header != ["propertyName", "value"] {
        faults.push(format!("manifest: header {:?}", manifest.header));
    }
    let mut expected = vec![("manifest.version".to_owned(), "1.0"), ("oneroster.version".to_owned(), "1.1")];
    for name in MANIFEST {
        let there = names.contains(format!("{name}.csv").as_str());
        expected.push((format!("file.{name}"), if there { "bulk" } else { "absent" }));
    }
    let written: Vec<(String, &str)> = manifest
        .rows
        .iter()
        .map(|row| (manifest.cell(row, "propertyName").to_owned(), manifest.cell(row, "value")))
        .collect();
    if written.get(..expected.len()) != Some(&expected[..]) {
        faults.push(format!("manifest: {written:?} instead of {expected:?}"));
    }
    for (name, value) in written.iter().skip(expected.len()) {
        if !matches!(name.as_str(), "source.systemName" | "source.systemCode") || value.is_empty() {
            faults.push(format!("manifest: {name} = `{value}`"));
        }
    }
}

/// UTF-8 without BOM, CRLF after every record, no other control character, quotes only where needed.
fn check_bytes(name: &str, bytes: &[u8], faults: &mut Vec<String>) {
    let Ok(text) = std::str::from_utf8(bytes) else { return faults.push(format!("{name}: not UTF-8")) };
    if text.starts_with('\u{feff}') {
        faults.push(format!("{name}: begins with a BOM"));
    }
    if !text.ends_with("\r\n") {
        faults.push(format!("{name}: does not end with CRLF"));
    }
    if let Some(line) = text.split("\r\n").find(|line| line.chars().any(char::is_control)) {
        faults.push(format!("{name}: control character in {line:?}"));
    }
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(Vec::new());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    for record in reader.byte_records().flatten() {
        writer.write_byte_record(&record).unwrap();
    }
    if writer.into_inner().unwrap() != bytes {
        faults
            .push(format!("{name}: not the plain form of its own cells (quotes, line ends or blank lines)"));
    }
}

fn check_header(name: &str, columns: Columns, table: &Table, faults: &mut Vec<String>) {
    let expected: Vec<&str> = columns.iter().map(|(column, _, _)| *column).collect();
    if table.header.len() < expected.len() || table.header[..expected.len()] != expected[..] {
        return faults.push(format!("{name}: header {:?}", table.header));
    }
    let more = &table.header[expected.len()..];
    let distinct: BTreeSet<&String> = more.iter().collect();
    if distinct.len() != more.len() || more.iter().any(|h| !h.starts_with("metadata.")) {
        faults.push(format!("{name}: extension columns {more:?}"));
    }
}

fn check_ids(name: &str, table: &Table, faults: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for row in &table.rows {
        let id = table.cell(row, "sourcedId");
        if !seen.insert(id) {
            faults.push(format!("{name}: sourcedId {id} stands twice"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_/@".contains(c);
        if id.len() > 255 || !id.chars().all(allowed) {
            faults.push(format!("{name}: sourcedId {id:?} is no GUID"));
        }
    }
}

type Ids<'t> = HashMap<&'t str, HashMap<&'t str, usize>>;

fn check_cell(cell: &str, required: bool, rule: Rule, ids: &Ids<'_>, faults: &mut Vec<String>) {
    if cell.is_empty() {
        if required {
            faults.push("is blank and required".into());
        }
        return;
    }
    if cell.trim() != cell {
        faults.push("has spaces at its ends".into());
    }
    let defined = |file: &str, id: &str| ids.get(file).is_some_and(|known| known.contains_key(id));
    match rule {
        Text => {}
        Blank => faults.push("is not blank in a bulk file".into()),
        Date if is_date(cell) => {}
        Date => faults.push("is no date".into()),
        Flag if matches!(cell, "true" | "false") => {}
        Flag => faults.push("is neither true nor false".into()),
        Word(words) if words.contains(&cell) => {}
        Word(_) => faults.push("is not in the vocabulary".into()),
        Reference(file) if defined(file, cell) => {}
        Reference(file) => faults.push(format!("is not defined in {file}")),
        Words(_) | References(_) | Texts => {
            let items: Vec<&str> = cell.split(',').collect();
            let distinct: BTreeSet<&&str> = items.iter().collect();
            if distinct.len() != items.len() {
                faults.push("has an item twice".into());
            }
            for item in items {
                match rule {
                    Words(words) if !words.contains(&item) => {
                        faults.push(format!("{item} is not in the vocabulary"))
                    }
                    References(file) if !defined(file, item) => {
                        faults.push(format!("{item} is not defined in {file}"))
                    }
                    _ if item.trim() != item || item.is_empty() => faults.push(format!("item `{item}`")),
                    _ => {}
                }
            }
        }
    }
}

/// Whether the calendar has this date in the form `YYYY-MM-DD`.
pub fn is_date(text: &str) -> bool {
    let parts: Vec<Option<u32>> = text.split('-').map(|part| part.parse().ok()).collect();
    let &[Some(year), Some(month), Some(day)] = &parts[..] else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(n, b)| if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() })
        && (1..=12).contains(&month)
        && (1..=days).contains(&day)
}

/// Rules that take more than one cell.
struct Relations<'a, 't> {
    tables: &'a BTreeMap<&'t str, Table>,
    ids: &'a Ids<'a>,
    faults: &'a mut Vec<String>,
}

impl Relations<'_, '_> {
    /// A cell of the row that an id refers to.
    fn of(&self, file: &str, id: &str, column: &str) -> &str {
        let row = self.ids.get(file).and_then(|ids| ids.get(id));
        row.map_or("", |&n| self.tables[file].cell(&self.tables[file].rows[n], column))
    }

    fn position(&self, file: &str, id: &str) -> usize {
        self.ids.get(file).and_then(|ids| ids.get(id)).copied().unwrap_or(usize::MAX)
    }

    fn fault(&mut self, ok: bool, what: impl FnOnce() -> String) {
        if !ok {
            self.faults.push(what());
        }
    }

    fn each(&mut self, file: &str, rule: impl Fn(&mut Self, &Table, &[String])) {
        let Some(table) = self.tables.get(file) else { return };
        for row in &table.rows {
            rule(self, table, row);
        }
    }

    fn check(mut self) {
        self.check_trees();
        self.each("courses", |all, t, row| {
            let year = t.cell(row, "schoolYearSourcedId");
            let kind = all.of("academicSessions", year, "type").to_owned();
            all.fault(year.is_empty() || kind == "schoolYear", || {
                format!("courses: schoolYear {year} is a {kind}")
            });
        });
        for (file, column) in [("classes", "schoolSourcedId"), ("enrollments", "schoolSourcedId")] {
            self.each(file, |all, t, row| {
                let kind = all.of("orgs", t.cell(row, column), "type").to_owned();
                all.fault(kind == "school", || format!("{file}: {column} is a {kind}"));
            });
        }
        for (file, begin, end) in
            [("academicSessions", "startDate", "endDate"), ("enrollments", "beginDate", "endDate")]
        {
            self.each(file, |all, t, row| {
                let (begin, end) = (t.cell(row, begin), t.cell(row, end));
                let ok = begin.is_empty() || end.is_empty() || begin <= end;
                all.fault(ok, || format!("{file}: from {begin} to {end}"));
            });
        }
        self.check_lists();
        self.check_users();
        self.check_enrollments();
        self.each("demographics", |all, t, row| {
            let role = all.of("users", t.cell(row, "sourcedId"), "role").to_owned();
            all.fault(role == "student", || format!("demographics of a {role}"));
            let races = [
                "americanIndianOrAlaskaNative",
                "asian",
                "blackOrAfricanAmerican",
                "nativeHawaiianOrOtherPacificIslander",
                "white",
            ]
            .map(|race| t.cell(row, race));
            let several = t.cell(row, "demographicRaceTwoOrMoreRaces");
            let blank = races.iter().filter(|r| r.is_empty()).count();
            let yes = races.iter().filter(|r| **r == "true").count();
            let expected = if blank == 5 {
                ""
            } else if yes > 1 {
                "true"
            } else {
                "false"
            };
            let ok = (blank == 5 || blank == 0 && yes > 0) && several == expected;
            all.fault(ok, || format!("demographics: races {races:?}, two or more {several}"));
        });
    }

    /// Parents of orgs and sessions: no circle, no school year below anything, years of four digits.
    fn check_trees(&mut self) {
        for file in ["orgs", "academicSessions"] {
            self.each(file, |all, t, row| {
                let mut at = t.cell(row, "parentSourcedId").to_owned();
                let mut steps = 0;
                while !at.is_empty() && steps <= t.rows.len() {
                    at = all.of(file, &at, "parentSourcedId").to_owned();
                    steps += 1;
                }
                all.fault(at.is_empty(), || {
                    format!("{file}: {} is its own ancestor", t.cell(row, "sourcedId"))
                });
            });
        }
        self.each("academicSessions", |all, t, row| {
            let top = t.cell(row, "parentSourcedId").is_empty();
            let (kind, year) = (t.cell(row, "type"), t.cell(row, "schoolYear"));
            all.fault(kind != "schoolYear" || top, || "academicSessions: a schoolYear with a parent".into());
            let digits = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
            all.fault(digits, || format!("academicSessions: schoolYear {year}"));
        });
    }

    /// Texts sorted by bytes, references in the order of their file, subjects and codes parallel.
    fn check_lists(&mut self) {
        for (file, column) in [
            ("classes", "grades"),
            ("classes", "periods"),
            ("classes", "subjects"),
            ("courses", "grades"),
            ("courses", "subjects"),
            ("users", "userIds"),
            ("users", "grades"),
        ] {
            self.each(file, |all, t, row| {
                let items: Vec<&str> = t.cell(row, column).split(',').collect();
                all.fault(items.is_sorted(), || format!("{file}: {column} {items:?} is not sorted"));
            });
        }
        for (file, column, target) in [
            ("users", "orgSourcedIds", "orgs"),
            ("users", "agentSourcedIds", "users"),
            ("classes", "termSourcedIds", "academicSessions"),
        ] {
            self.each(file, |all, t, row| {
                let items: Vec<&str> = t.cell(row, column).split(',').collect();
                let primary = usize::from(column == "orgSourcedIds" && t.cell(row, "role") == "student");
                let sorted = items[primary..].is_sorted_by_key(|id| all.position(target, id));
                all.fault(sorted, || format!("{file}: {column} is not in the order of {target}"));
            });
        }
        for file in ["classes", "courses"] {
            self.each(file, |all, t, row| {
                let count = |column| t.cell(row, column).split(',').filter(|i| !i.is_empty()).count();
                let (subjects, codes) = (count("subjects"), count("subjectCodes"));
                all.fault(subjects == codes, || format!("{file}: {subjects} subjects, {codes} subjectCodes"));
            });
        }
    }

    fn check_users(&mut self) {
        self.each("users", |all, t, row| {
            let id = t.cell(row, "sourcedId");
            for item in t.cell(row, "userIds").split(',').filter(|item| !item.is_empty()) {
                let inner = item.strip_prefix('{').and_then(|i| i.strip_suffix('}')).unwrap_or("");
                let ok = !inner.contains(['{', '}'])
                    && inner.split_once(':').is_some_and(|(system, code)| {
                        !system.is_empty() && !code.is_empty() && !code.contains(':')
                    });
                all.fault(ok, || format!("users {id}: userIds item {item}"));
            }
            for agent in t.cell(row, "agentSourcedIds").split(',').filter(|a| !a.is_empty()) {
                let mutual = all.of("users", agent, "agentSourcedIds").split(',').any(|back| back == id);
                all.fault(mutual, || format!("users {id}: agent {agent} does not know of it"));
                let one = [t.cell(row, "role"), all.of("users", agent, "role")].contains(&"student");
                all.fault(one, || format!("users {id}: neither it nor its agent {agent} is a student"));
            }
            let email = t.cell(row, "email");
            all.fault(email == email.to_lowercase(), || format!("users {id}: e-mail {email}"));
            all.fault(t.cell(row, "password").is_empty(), || format!("users {id}: a password"));
        });
    }

    /// Enrollments agree with their class and user; a class has one primary teacher at a time.
    fn check_enrollments(&mut self) {
        self.each("enrollments", |all, t, row| {
            let id = t.cell(row, "sourcedId");
            let school = all.of("classes", t.cell(row, "classSourcedId"), "schoolSourcedId").to_owned();
            all.fault(school == t.cell(row, "schoolSourcedId"), || {
                format!("enrollments {id}: not the class's school")
            });
            let student = t.cell(row, "role") == "student";
            let user = all.of("users", t.cell(row, "userSourcedId"), "role").to_owned();
            all.fault(student == (user == "student"), || {
                format!("enrollments {id}: a {user} as the other kind")
            });
            all.fault(!student || t.cell(row, "primary") != "true", || {
                format!("enrollments {id}: a primary student")
            });
        });
        let Some(table) = self.tables.get("enrollments") else { return };
        let mut primaries: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for row in table.rows.iter().filter(|row| table.cell(row, "primary") == "true") {
            let dates = (table.cell(row, "beginDate"), table.cell(row, "endDate"));
            primaries.entry(table.cell(row, "classSourcedId")).or_default().push(dates);
        }
        for (class, mut dates) in primaries {
            dates.sort_unstable();
            // Ends are the first day without, so an end may equal the next begin.
            let apart = dates.windows(2).all(|pair| !pair[0].1.is_empty() && pair[0].1 <= pair[1].0);
            self.fault(apart, || format!("class {class}: several primary teachers at a time: {dates:?}"));
        }
    }
}
