//! A strict reader of Prometheus' text exposition format, version 0.0.4: whatever a scraper could stumble over is a failure.
//!
//! In: the text of a file. Out: its samples. Stricter than the format: every family is announced by HELP and TYPE, in this order,
//! stands in one piece, and is a gauge.

use std::collections::{BTreeMap, BTreeSet};

/// Name and labels, without those of the profile.
pub type Key = (String, BTreeMap<String, String>);

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Reads labels behind `{`; gives them and what stands behind `}`.
fn labels(mut rest: &str) -> (BTreeMap<String, String>, &str) {
    let mut found = BTreeMap::new();
    loop {
        let (name, behind) = rest.split_once("=\"").expect("a label has a value in quotes");
        assert!(is_name(name), "`{name}` is no name of a label");
        let mut value = String::new();
        let mut chars = behind.char_indices();
        let end = loop {
            match chars.next().expect("the quotes are closed") {
                (at, '"') => break at,
                (_, '\\') => match chars.next().expect("something is escaped").1 {
                    'n' => value.push('\n'),
                    c @ ('\\' | '"') => value.push(c),
                    c => panic!("`{c}` is not escaped"),
                },
                (_, c) => value.push(c),
            }
        };
        assert!(found.insert(name.to_owned(), value).is_none(), "{name} stands twice");
        rest = &behind[end + 1..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return (found, rest.strip_prefix('}').expect("labels end with }")),
        }
    }
}

/// Reads a file; every sample must be of this profile and tenant.
pub fn read(text: &str, profile: &str, tenant: &str) -> BTreeMap<Key, f64> {
    assert!(text.ends_with('\n') && !text.contains('\r'), "lines end with a line feed");
    let mut samples = BTreeMap::new();
    let mut families = BTreeSet::new();
    let mut helped = None;
    let mut family = None;
    for line in text.strip_suffix('\n').unwrap().split('\n') {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(is_name(name) && !help.is_empty() && !help.contains('\\'), "{line}");
            assert!(families.insert(name.to_owned()), "{name} stands in two pieces");
            helped = Some(name.to_owned());
            family = None;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!((helped.take().as_deref(), kind), (Some(name), "gauge"), "{line}");
            family = Some(name.to_owned());
        } else {
            let (name, rest) = line.split_once('{').unwrap_or_else(|| panic!("`{line}` has no labels"));
            assert_eq!(Some(name), family.as_deref(), "{line}");
            let (mut labels, rest) = labels(rest);
            assert_eq!(labels.remove("profile").as_deref(), Some(profile));
            assert_eq!(labels.remove("tenant").as_deref(), Some(tenant));
            let value = rest.strip_prefix(' ').unwrap().parse().unwrap_or_else(|_| panic!("{line}"));
            assert!(samples.insert((name.to_owned(), labels), value).is_none(), "{line} stands twice");
        }
    }
    samples
}

#[test]
fn the_reader_is_strict() {
    let good =
        "# HELP a_b What.\n# TYPE a_b gauge\na_b{profile=\"p\",tenant=\"t\",x=\"\\\"\\\\\\n,}\"} 1.5\n";
    let key = ("a_b".to_owned(), BTreeMap::from([("x".to_owned(), "\"\\\n,}".to_owned())]));
    assert_eq!(read(good, "p", "t"), BTreeMap::from([(key, 1.5)]));
    for (from, to) in [
        ("# HELP a_b What.\n", ""),
        ("# TYPE a_b gauge\n", ""),
        ("gauge", "counter"),
        ("a_b{", "a_c{"),
        ("\\n", "\\t"),
        ("\\\"", "\""),
        (" 1.5", " one"),
        ("} 1.5", "}1.5"),
        ("1.5\n", "1.5"),
        ("1.5\n", "1.5\n\n"),
        ("tenant=\"t\",", ""),
        ("x=", "tenant="),
        ("x=", "2x="),
    ] {
        let bad = good.replace(from, to);
        assert!(std::panic::catch_unwind(|| read(&bad, "p", "t")).is_err(), "{bad}");
    }
}
