//! Small packages compared, and random ones against a comparison that holds everything in memory.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::package::read::Limits;

/// A folder with these files.
fn package(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn try_diff(old: &[(&str, &str)], new: &[(&str, &str)], options: &Options) -> Result<Diff, DiffError> {
    let (old, new) = (package(old), package(new));
    compare_paths(old.path(), new.path(), Limits::default(), options)
}

fn diff(old: &[(&str, &str)], new: &[(&str, &str)], options: &Options) -> Diff {
    try_diff(old, new, options).unwrap()
}

fn file(diff: &Diff, file: File) -> &FileDiff {
    diff.files.iter().find(|found| found.file == file).unwrap()
}

fn ids(samples: &[Sample]) -> Vec<&str> {
    samples.iter().map(|sample| sample.id.as_str()).collect()
}

const ORGS: (&str, &str) =
    ("orgs.csv", "sourcedId,name,type\r\nlea,District,district\r\ns1,North,school\r\ns2,South,school\r\n");

#[test]
fn rows_are_found_by_id_and_columns_by_name() {
    let old = "sourcedId,dateLastModified,orgSourcedIds,email,phone\r\n\
               u1,d1,s1,a@x,1\r\nu2,d1,s1,b@x,2\r\nu3,d1,s2,c@x,3\r\nu4,d1,\"s1,s2\",d@x,4\r\n";
    let new = "sourcedId,email,orgSourcedIds,dateLastModified,sms\r\n\
               u4,d@x,\"s1,s2\",d2,4\r\nu5,e@x,s2,d2,5\r\nu2,B@x,s2,d2,2\r\nu1,\"a@x\",s1,d1,1\r\n";
    let found = diff(&[ORGS, ("users.csv", old)], &[ORGS, ("users.csv", new)], &Options::default());
    assert!(!found.equal);
    assert!(file(&found, File::Orgs).is_equal());
    let users = file(&found, File::Users);
    assert_eq!(users.ids, Change { before: 4, after: 4, removed: 1, added: 1 });
    assert_eq!((users.changed, users.restamped), (1, 1));
    assert_eq!(users.columns, [("email".to_owned(), 1), ("orgSourcedIds".to_owned(), 1)]);
    assert_eq!(
        (&users.columns_removed[..], &users.columns_added[..]),
        (&["phone".to_owned()][..], &["sms".to_owned()][..])
    );
    assert_eq!(ids(&users.removed_samples), ["u3"]);
    assert_eq!(ids(&users.added_samples), ["u5"]);
    assert_eq!(ids(&users.changed_samples), ["u2"]);
    assert_eq!(users.changed_samples[0].schools, ["s2"]);
    assert_eq!(users.changed_samples[0].cells[0].old, None, "values were not asked for");
    let school = |ids, changed| SchoolChange { ids, changed };
    assert_eq!(users.schools["s1"], school(Change { before: 3, after: 2, removed: 1, added: 0 }, 0));
    assert_eq!(users.schools["s2"], school(Change { before: 2, after: 3, removed: 1, added: 2 }, 0));
    assert!(!users.schools.contains_key("lea"), "a district is no school");
}

#[test]
fn names_and_values_are_shown_to_those_who_ask() {
    let users =
        ("users.csv", "sourcedId,givenName,familyName,orgSourcedIds\r\nu1,Ana,Diaz,s1\r\nu2,Bo,Li,s1\r\n");
    let classes = ("classes.csv", "sourcedId,title,schoolSourcedId\r\nc1,\"Algebra, I\",s1\r\n");
    let rows = |rows: &str| format!("sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\r\n{rows}");
    let (old, new) =
        (rows("e1,c1,s1,u1,student\r\ne2,c1,s1,u2,student\r\n"), rows("e1,c1,s1,u1,teacher\r\n"));
    let options = Options { names: true, values: true, ..Options::default() };
    let found = diff(
        &[ORGS, users, classes, ("enrollments.csv", &old)],
        &[ORGS, users, classes, ("enrollments.csv", &new)],
        &options,
    );
    let enrollments = file(&found, File::Enrollments);
    assert_eq!(enrollments.removed_samples[0].name.as_deref(), Some("Bo Li, Algebra, I"));
    let changed = &enrollments.changed_samples[0];
    assert_eq!(changed.name.as_deref(), Some("Ana Diaz, Algebra, I"));
    let cell = CellChange { column: "role".into(), old: Some("student".into()), new: Some("teacher".into()) };
    assert_eq!(changed.cells, [cell]);
    assert_eq!(found.school_names["s1"], "North");
    let text = show::terminal::render(&found);
    assert!(text.contains("e1 Ana Diaz, Algebra, I: role \"student\" -> \"teacher\""), "{text}");
    let quiet = diff(
        &[ORGS, users, classes, ("enrollments.csv", &old)],
        &[ORGS, users, classes, ("enrollments.csv", &new)],
        &Options::default(),
    );
    for text in
        [show::terminal::render(&quiet), show::html::render(&quiet), show::json::render(&quiet).unwrap()]
    {
        for secret in ["Ana", "Diaz", "Bo", "Algebra", "teacher", "North"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn one_school_alone_counts_who_moves_there_and_away() {
    let users = |rows: &str| format!("sourcedId,orgSourcedIds,email\r\n{rows}");
    let old = users("u1,s1,a\r\nu2,s1,b\r\nu3,s2,c\r\nu4,s2,d\r\nu5,s1,e\r\n");
    let new = users("u1,s1,x\r\nu2,s2,b\r\nu3,s1,c\r\nu4,s2,y\r\nu6,s1,f\r\n");
    let options = Options { school: Some("s1".into()), ..Options::default() };
    let found = diff(&[ORGS, ("users.csv", &old)], &[ORGS, ("users.csv", &new)], &options);
    let users = file(&found, File::Users);
    assert_eq!(users.ids, Change { before: 3, after: 3, removed: 2, added: 2 });
    assert_eq!((users.changed, &users.columns[..]), (1, &[("email".to_owned(), 1)][..]));
    assert_eq!(users.schools.len(), 1);
    assert_eq!(users.schools["s1"].ids, users.ids);
    assert_eq!(ids(&users.removed_samples), ["u2", "u5"]);
    assert_eq!(ids(&users.added_samples), ["u3", "u6"]);
    let unknown = Options { school: Some("s9".into()), ..Options::default() };
    let error = try_diff(&[ORGS], &[ORGS], &unknown).unwrap_err().to_string();
    assert!(error.contains("\"s9\""), "{error}");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let manifest = |version: &str, mode: &str| {
        format!("propertyName,value\r\noneroster.version,{version}\r\nfile.users,{mode}\r\n")
    };
    let users = ("users.csv", "sourcedId,status\r\nu1,active\r\nu1,active\r\n");
    let roles = ("roles.csv", "sourcedId,userSourcedId,orgSourcedId\r\nr1,u1,s1\r\n");
    let found = diff(
        &[("manifest.csv", &manifest("1.1", "bulk")), users],
        &[("manifest.csv", &manifest("1.2", "delta")), users, roles],
        &Options::default(),
    );
    assert_eq!(
        found.notes,
        [
            "OLD is OneRoster 1.1 and NEW 1.2: compared are the files and columns that both have",
            "users.csv in OLD: 1 row repeats a sourcedId; the first row of an id counts",
            "users.csv travels as delta in NEW: a row that is missing there is not gone at the receiver",
            "users.csv in NEW: 1 row repeats a sourcedId; the first row of an id counts",
        ]
    );
    assert_eq!(file(&found, File::Roles).only, Some(Which::New));
    assert_eq!(file(&found, File::Users).modes, [Some("bulk"), Some("delta")]);
    let names: Vec<&str> = found.manifest.iter().map(|change| change.property.as_str()).collect();
    assert_eq!(names, ["file.users", "oneroster.version"]);
    let broken = ("users.csv", "sourcedId,status\r\nu1\r\n");
    let error = try_diff(&[users], &[broken], &Options::default()).unwrap_err().to_string();
    assert!(error.ends_with("users.csv: line 2: it has 1 cells, the header 2"), "{error}");
    let error = try_diff(&[users], &[], &Options::default()).unwrap_err().to_string();
    assert!(error.ends_with("it holds no file of OneRoster"), "{error}");
}

#[test]
fn the_same_package_in_another_order_is_equal() {
    let text = "sourcedId,title\r\na,1\r\nb,\"2,\r\n\"\r\nc,3\r\nd,4\r\ne,5\r\nf,6\r\n";
    let other = "title,sourcedId\r\n6,f\r\n5,e\r\n\"4\",d\r\n3,c\r\n\"2,\r\n\",b\r\n1,a\r\n";
    let found = diff(&[("courses.csv", text)], &[("courses.csv", other)], &Options::default());
    assert!(found.equal && found.files[0].is_equal());
    assert!(show::terminal::render(&found).ends_with("\nBoth packages say the same.\n"));
}

/// A row: id, school, two cells, stamp.
type Line = (u8, u8, u8, u8, u8);
/// Rows of a package.
type Invented = Vec<Line>;
/// The first row of each id, with its number.
type Firsts = BTreeMap<u8, (usize, Line)>;

fn text(rows: &Invented) -> String {
    let mut text = "sourcedId,dateLastModified,schoolSourcedId,role,primary\r\n".to_owned();
    for (id, school, role, primary, stamp) in rows {
        // Some ids are digits that say themselves, others are not.
        let id = if id % 2 == 0 { format!("{id:032x}") } else { format!("id-{id}") };
        text += &format!("{id},{stamp},s{school},{role},{primary}\r\n");
    }
    text
}

fn invented() -> impl Strategy<Value = Invented> {
    proptest::collection::vec((0u8..20, 1u8..3, 0u8..3, 0u8..2, 0u8..2), 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// The counts are those of maps that hold everything; what waits, repeats or comes in another order changes nothing.
    #[test]
    fn counts_are_those_of_maps(old in invented(), new in invented(), cap in 0usize..4) {
        let (old_text, new_text) = (text(&old), text(&new));
        let options = Options { samples: cap, ..Options::default() };
        let found = diff(
            &[ORGS, ("enrollments.csv", &old_text)],
            &[ORGS, ("enrollments.csv", &new_text)],
            &options,
        );
        let found = file(&found, File::Enrollments);
        let firsts = |rows: &Invented| {
            let mut map = BTreeMap::new();
            let mut repeated = 0;
            for (n, row) in rows.iter().enumerate() {
                match map.entry(row.0) {
                    std::collections::btree_map::Entry::Occupied(_) => repeated += 1,
                    std::collections::btree_map::Entry::Vacant(free) => _ = free.insert((n, *row)),
                }
            }
            (map, repeated)
        };
        let ((was, old_repeats), (is, new_repeats)) = (firsts(&old), firsts(&new));
        let both: Vec<_> = was.iter().filter_map(|(id, (_, old))| Some((*old, is.get(id)?.1))).collect();
        let changed = both.iter().filter(|(a, b)| (a.1, a.2, a.3) != (b.1, b.2, b.3)).count() as u64;
        let restamped = both.iter().filter(|(a, b)| (a.1, a.2, a.3) == (b.1, b.2, b.3) && a.4 != b.4).count() as u64;
        let (before, after, kept) = (was.len() as u64, is.len() as u64, both.len() as u64);
        prop_assert_eq!(found.ids, Change { before, after, removed: before - kept, added: after - kept });
        prop_assert_eq!((found.changed, found.restamped), (changed, restamped));
        prop_assert_eq!(found.repeated, [old_repeats, new_repeats]);
        let column = |name: &str| found.columns.iter().find(|(column, _)| column == name).map_or(0, |(_, n)| *n);
        let count = |differs: fn(&Line, &Line) -> bool| both.iter().filter(|(a, b)| differs(a, b)).count() as u64;
        prop_assert_eq!(column("schoolSourcedId"), count(|a, b| a.1 != b.1));
        prop_assert_eq!(column("role"), count(|a, b| a.2 != b.2));
        prop_assert_eq!(column("primary"), count(|a, b| a.3 != b.3));
        for school in [1u8, 2] {
            let here = |rows: &Firsts| -> BTreeSet<u8> {
                rows.values().filter(|(_, row)| row.1 == school).map(|(_, row)| row.0).collect()
            };
            let (then, now) = (here(&was), here(&is));
            let expected = Change {
                before: then.len() as u64,
                after: now.len() as u64,
                removed: then.difference(&now).count() as u64,
                added: now.difference(&then).count() as u64,
            };
            let found = found.schools.get(&format!("s{school}")).copied().unwrap_or_default();
            prop_assert_eq!(found.ids, expected);
        }
        // Samples are the first in the order of their file, whatever came when.
        let name = |id: u8| if id.is_multiple_of(2) { format!("{id:032x}") } else { format!("id-{id}") };
        let mut gone: Vec<_> = was.values().filter(|(_, row)| !is.contains_key(&row.0)).collect();
        gone.sort();
        let gone: Vec<String> = gone.into_iter().take(cap).map(|(_, row)| name(row.0)).collect();
        prop_assert_eq!(ids(&found.removed_samples), gone);
        let mut other: Vec<_> = is
            .values()
            .filter(|(_, b)| was.get(&b.0).is_some_and(|(_, a)| (a.1, a.2, a.3) != (b.1, b.2, b.3)))
            .collect();
        other.sort();
        let other: Vec<String> = other.into_iter().take(cap).map(|(_, row)| name(row.0)).collect();
        prop_assert_eq!(ids(&found.changed_samples), other);
        for sample in &found.changed_samples {
            prop_assert!(!sample.cells.is_empty(), "{} has no cells", sample.id);
        }
        // The other way round everything is mirrored.
        let back = diff(
            &[ORGS, ("enrollments.csv", &new_text)],
            &[ORGS, ("enrollments.csv", &old_text)],
            &options,
        );
        let back = file(&back, File::Enrollments);
        prop_assert_eq!((back.ids.removed, back.ids.added, back.changed), (found.ids.added, found.ids.removed, found.changed));
        prop_assert_eq!(&back.columns, &found.columns);
    }
}
