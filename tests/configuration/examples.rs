//! Templates, the examples of the documentation, and the JSON schema, all against the reader and the table of settings.

use std::fs;
use std::path::{Path, PathBuf};

use rosterpack::config::ConfigFile;
use rosterpack::config::reference;
use rosterpack::config::settings::{Draft, Form, SETTINGS, Standing};
use rosterpack::config::text::Kind;
use serde_json::{Value, json};

use crate::json_schema;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry, extension));
        } else if entry.extension().is_some_and(|e| e == extension) {
            found.push(entry);
        }
    }
    found.sort();
    found
}

/// A file of one text, which includes nothing.
fn load(name: &str, text: &str) -> ConfigFile {
    ConfigFile::load(Path::new("rosterpack.toml"), &|_| Ok(text.to_owned()))
        .unwrap_or_else(|faults| panic!("{name}: {faults:#?}"))
}

/// What the schema finds wrong with a document.
fn faults(document: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(&reference::schema()).unwrap();
    let mut faults = Vec::new();
    json_schema::check(&schema, &schema, document, "$", &mut faults);
    faults
}

#[test]
fn every_template_can_be_read() {
    let templates = files(&root().join("templates"), "toml");
    assert!(!templates.is_empty());
    for path in templates {
        let text = fs::read_to_string(&path).unwrap();
        let file = load(&path.display().to_string(), &text);
        assert!(!file.names(Kind::Profile).is_empty());
        // What a comment offers can be taken out of it.
        let offered: String = text
            .lines()
            .map(|line| {
                line.strip_prefix("# ")
                    .filter(|rest| rest.contains(" = ") || rest.starts_with('['))
                    .unwrap_or(line)
            })
            .filter(|line| !line.starts_with("include") && !line.starts_with("password_command"))
            .map(|line| line.to_owned() + "\n")
            .collect();
        assert_ne!(offered, text);
        load(&path.display().to_string(), &offered);
    }
}

#[test]
fn every_example_of_the_documentation_can_be_read() {
    let mut pages = files(&root().join("docs"), "md");
    pages.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|page| root().join(page)));
    let mut examples = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for block in text.split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            // A build that cannot deliver there refuses it, and says so; `./tests/run --s3` reads it.
            if block.contains("s3://") && !cfg!(feature = "s3") {
                continue;
            }
            load(&page.display().to_string(), block);
            examples += 1;
        }
    }
    assert!(examples >= 2, "the README and the reference page have one each");
}

/// A value of a setting in the forms of JSON, which are those of TOML.
fn forms(form: &Form, text: &str) -> Value {
    match form {
        Form::Switch => json!(text == "true"),
        Form::Whole { .. } => text.parse::<i64>().map_or(json!(text), |n| json!(n)),
        Form::List => json!(text.split(',').collect::<Vec<_>>()),
        Form::Word(_) | Form::Text => json!(text),
    }
}

fn toml(value: &Value) -> String {
    // JSON of these shapes is TOML.
    serde_json::to_string(value).unwrap()
}

#[test]
fn schema_and_reader_agree_on_every_setting() {
    for setting in SETTINGS {
        // What a person's data are is said by a profile alone.
        let (key, table) = match setting.private() {
            true => ("profiles", "[profiles.p]"),
            false => ("defaults", "[defaults]"),
        };
        let document = |name: &str, value: &Value| match key {
            "profiles" => json!({ key: { "p": { name: value } } }),
            _ => json!({ key: { name: value } }),
        };
        let mut values = vec![setting.example];
        if let Standing::Value(value) = setting.default {
            values.extend(Some(value).filter(|value| !value.is_empty()));
        }
        for name in [Some(setting.name.to_owned()), setting.short_name()].into_iter().flatten() {
            for value in &values {
                let value = forms(&setting.form(), value);
                let label = format!("{name} = {value}");
                assert_eq!(faults(&document(&name, &value)), Vec::<String>::new(), "{label}");
                let connections = "[connections.north]\nplace = \"x\"\n";
                load(&label, &format!("{table}\n{name} = {}\n{connections}", toml(&value)));
            }
        }
        // What a form excludes is refused by both.
        let beyond = match setting.form() {
            Form::Switch => vec![json!("yes"), json!(1)],
            Form::Word(_) => vec![json!("nonsense"), json!(true)],
            Form::Whole { least, most, .. } => vec![json!(least - 1), json!(most + 1), json!(true)],
            Form::List | Form::Text => vec![json!(true)],
        };
        for value in beyond {
            let label = format!("{} = {value}", setting.name);
            assert_ne!(faults(&document(setting.name, &value)), Vec::<String>::new(), "{label}");
            let text = format!("{table}\n{} = {}\n", setting.name, toml(&value));
            let read = ConfigFile::load(Path::new("x.toml"), &|_| Ok(text.clone()));
            assert!(read.is_err(), "{label}");
        }
        if let Form::Whole { least, most, .. } = setting.form() {
            for bound in [least, most] {
                (setting.put)(&mut Draft::default(), &bound.to_string()).unwrap();
            }
        }
    }
}

#[test]
fn the_schema_knows_the_tables_and_no_other_keys() {
    let whole = json!({
        "include": ["a.toml"],
        "defaults": {},
        "connections": { "a": { "place": "x" } },
        "tenants": { "b": { "school_year": 2025 } },
        "profiles": { "c": { "inherits": "d", "schools": [1] } },
    });
    assert_eq!(faults(&whole), Vec::<String>::new());
    for wrong in [
        json!({ "profile": {} }),
        json!({ "defaults": { "inherits": "a" } }),
        json!({ "defaults": { "demographics": true } }),
        json!({ "tenants": { "a": { "include_parents": true } } }),
        json!({ "connections": { "a": { "demographics": true } } }),
        json!({ "profiles": { "c": { "password": "x" } } }),
    ] {
        assert_ne!(faults(&wrong), Vec::<String>::new(), "{wrong}");
    }
}
