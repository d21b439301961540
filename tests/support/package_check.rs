//! Every fault that a strict reader of a OneRoster 1.1 or 1.2 bulk package would find.
//!
//! In: a package, whose manifest says of which version it is. Out: its faults, in words. No code and no fact is shared
//! with the writer (`package_facts.rs`). What mapping.md adds (order of lists and roles, CRLF, no control characters)
//! is checked too. Other zips are none of its business: no delta, no gradebook, no resources.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::package_facts::Rule::{Blank, Date, Flag, Reference, References, Text, Texts, Word, Words};
use crate::package_facts::{Columns, Facts, Rule, facts};
use crate::package_reader::{Package, Table};

/// Every fault of a package, in words.
pub fn check(package: &Package) -> Vec<String> {
    let mut faults = Vec::new();
    let manifest = package.bytes("manifest").and_then(|bytes| Table::parse(bytes).ok()).unwrap_or_default();
    let named = manifest.find("propertyName", "oneroster.version");
    let facts = facts(named.first().map_or("", |row| row.get("value")));
    check_entries(package, &facts, &mut faults);
    let mut tables: BTreeMap<&str, Table> = BTreeMap::new();
    for &(name, _) in &facts.files {
        let Some(bytes) = package.bytes(name) else { continue };
        check_bytes(name, bytes, &mut faults);
        match Table::parse(bytes) {
            Ok(table) => {
                let columns = facts.columns(name, &table.header).unwrap_or_default();
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
    for &(name, _) in &facts.files {
        let Some(table) = tables.get(name) else { continue };
        let columns = facts.columns(name, &table.header).unwrap_or_default();
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
    let roles = roles(&tables);
    Relations { tables: &tables, ids: &ids, roles: &roles, faults: &mut faults }.check();
    faults
}

/// The roles of every user: the one of 1.1, or those of roles.csv.
fn roles(tables: &BTreeMap<&str, Table>) -> HashMap<String, BTreeSet<String>> {
    let mut roles: HashMap<String, BTreeSet<String>> = HashMap::new();
    for (file, user) in [("users", "sourcedId"), ("roles", "userSourcedId")] {
        let Some(table) = tables.get(file) else { continue };
        for row in &table.rows {
            let role = table.cell(row, "role");
            if !role.is_empty() {
                roles.entry(table.cell(row, user).to_owned()).or_default().insert(role.to_owned());
            }
        }
    }
    roles
}

/// Names of entries, and the manifest that must agree with them.
fn check_entries(package: &Package, facts: &Facts, faults: &mut Vec<String>) {
    let names: BTreeSet<&str> = package.entries.iter().map(|(name, _)| name.as_str()).collect();
    if names.len() != package.entries.len() {
        faults.push("two entries have one name".into());
    }
    for name in &names {
        let known = *name == "manifest.csv"
            || name.strip_suffix(".csv").is_some_and(|n| facts.files.iter().any(|(file, _)| *file == n));
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
    let mut expected =
        vec![("manifest.version".to_owned(), "1.0"), ("oneroster.version".to_owned(), facts.version)];
    for name in facts.manifest {
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
    roles: &'a HashMap<String, BTreeSet<String>>,
    faults: &'a mut Vec<String>,
}

impl Relations<'_, '_> {
    /// A cell of the row that an id refers to.
    fn of(&self, file: &str, id: &str, column: &str) -> &str {
        let row = self.ids.get(file).and_then(|ids| ids.get(id));
        row.map_or("", |&n| self.tables[file].cell(&self.tables[file].rows[n], column))
    }

    fn is_student(&self, user: &str) -> bool {
        self.roles.get(user).is_some_and(|roles| roles.contains("student"))
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
        for (file, begin, end) in [
            ("academicSessions", "startDate", "endDate"),
            ("enrollments", "beginDate", "endDate"),
            ("roles", "beginDate", "endDate"),
        ] {
            self.each(file, |all, t, row| {
                let (begin, end) = (t.cell(row, begin), t.cell(row, end));
                let ok = begin.is_empty() || end.is_empty() || begin <= end;
                all.fault(ok, || format!("{file}: from {begin} to {end}"));
            });
        }
        self.check_lists();
        self.check_users();
        self.check_roles();
        self.check_enrollments();
        self.each("demographics", |all, t, row| {
            let student = all.is_student(t.cell(row, "sourcedId"));
            all.fault(student, || "demographics of somebody who is no student".into());
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
                let items = if t.column(column).is_some() { &items[..] } else { &[] };
                let sorted =
                    items.get(primary..).unwrap_or_default().is_sorted_by_key(|id| all.position(target, id));
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
                all.fault(all.is_student(id) || all.is_student(agent), || {
                    format!("users {id}: neither it nor its agent {agent} is a student")
                });
            }
            let email = t.cell(row, "email");
            all.fault(email == email.to_lowercase(), || format!("users {id}: e-mail {email}"));
            all.fault(t.cell(row, "password").is_empty(), || format!("users {id}: a password"));
        });
    }

    /// 1.2: every user has roles, one of them primary at each org, none twice, in the order of users, orgs and words;
    /// the user's primary org is one of those orgs.
    fn check_roles(&mut self) {
        let (Some(users), Some(roles)) = (self.tables.get("users"), self.tables.get("roles")) else {
            let there = self.tables.get("users").is_some_and(|users| users.column("role").is_none());
            return self.fault(!there, || "roles: users without roles.csv".into());
        };
        let mut primaries: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut places: Vec<(usize, usize, &str)> = Vec::new();
        for row in &roles.rows {
            let [user, org, role] = ["userSourcedId", "orgSourcedId", "role"].map(|c| roles.cell(row, c));
            *primaries.entry((user, org)).or_default() +=
                usize::from(roles.cell(row, "roleType") == "primary");
            places.push((self.position("users", user), self.position("orgs", org), role));
        }
        for ((user, org), count) in &primaries {
            self.fault(*count == 1, || format!("roles: {count} primary roles of user {user} at org {org}"));
        }
        self.fault(places.is_sorted(), || "roles: not in the order of users, orgs and roles".into());
        places.sort_unstable();
        let twice = places.windows(2).any(|pair| pair[0] == pair[1]);
        self.fault(!twice, || "roles: the same role of a user at an org twice".into());
        for row in &users.rows {
            let [id, org] = ["sourcedId", "primaryOrgSourcedId"].map(|c| users.cell(row, c));
            self.fault(self.roles.contains_key(id), || format!("roles: none for user {id}"));
            let there = primaries.contains_key(&(id, org));
            self.fault(there, || format!("users {id}: no role at its primary org {org}"));
        }
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
            let user = all.is_student(t.cell(row, "userSourcedId"));
            all.fault(student == user, || {
                format!("enrollments {id}: a student as the other kind, or the reverse")
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
