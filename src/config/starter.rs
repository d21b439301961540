//! The text of a first `rosterpack.toml`: what a user said to `init`, what the ODS said, and, commented out, everything
//! that a profile can say, from the table of settings.
//!
//! In: a [`Starter`]. Out: the text, which [`super::text`] reads without a fault. It holds no password: an address with one
//! is left to the variable that it came from.

use std::fmt::Write as _;

use super::overrides::holds_password;
use super::settings::{Form, SETTINGS, Setting, Standing};
use super::values;

/// What the file is written from.
#[derive(Debug, Clone, Default)]
pub struct Starter<'a> {
    /// Tenant code.
    pub tenant: &'a str,
    /// Where the ODS is, if it is anywhere.
    pub place: Option<&'a str>,
    /// Whether a variable says so, which would win over the file and set its connection aside: the variable goes on to.
    pub place_in_variable: bool,
    /// Whether that is a database, which is reached by a connection.
    pub database: bool,
    /// The school year, or `auto`.
    pub school_year: &'a str,
    /// What is said of it: which others there are.
    pub of_years: String,
    /// The day on which packages are true, and why it is not simply today.
    pub as_of: Option<(String, String)>,
    /// Further settings that the user gave.
    pub further: Vec<(&'static Setting, String)>,
}

/// Characters in a line of comment.
const WIDTH: usize = 116;

/// The profile that the comments offer.
const PROFILE: &str = "vendor";

const HEAD: &str = "\
# Configuration of rosterpack, written by `rosterpack init` from what the ODS contains. It is yours from here on.
# `rosterpack show-config` shows what holds and where it stands, `rosterpack export --help` every setting.
# No password belongs in this file: say where it is kept (password_file, password_command).
";

/// The text of the file.
pub fn text(starter: &Starter<'_>) -> String {
    let mut file = HEAD.to_owned();
    let mut line = |text: &str| {
        file += text;
        file.push('\n');
    };
    let tenant = quoted(starter.tenant);
    line("\n[defaults]");
    line("# The tenant that is meant when no --tenant names another.");
    line(&format!("tenant = {tenant}"));
    line("# Where packages go. The folder is made when it is missing.");
    line("out = \"packages/\"");
    line(
        "# What the values of the ODS are called in OneRoster. seeds/README.md says what is still to be decided, and how.",
    );
    line("seeds = \"seeds\"");

    let (of_source, of_tenant): (Vec<_>, Vec<_>) =
        starter.further.iter().partition(|(setting, _)| starter.database && setting.section == "source");
    let further = |list: Vec<&(&'static Setting, String)>| {
        list.into_iter().map(|(setting, value)| assignment(setting, value)).collect::<Vec<_>>()
    };
    let said = |name: &str| starter.further.iter().any(|(setting, _)| setting.name == name);
    let place = match starter.place {
        // Only a variable may hold a password.
        Some(place) if starter.place_in_variable || holds_password(place) => {
            "# The address stays where it was, in the variable ROSTERPACK__SOURCE__PLACE.".to_owned()
        }
        Some(place) => format!("place = {}", quoted(place)),
        None if said("admin_connection") => "# EdFi_Admin knows where the ODS is.".to_owned(),
        None if starter.database => {
            "# The address of EdFi_Admin stays where it was, in the environment.".to_owned()
        }
        None => "# The sample that rosterpack carries: add --sample to every command.".to_owned(),
    };
    if starter.database {
        line("\n# How the ODS is reached.");
        line(&format!("[connections.{}]", key(starter.tenant)));
        line(&place);
        further(of_source).iter().for_each(|text| line(text));
        if !said("password_file") && !said("password_command") {
            line("# Without these the password comes from PGPASSWORD or ~/.pgpass.");
            line("#password_file = \"/run/secrets/ods\"");
            line("#password_command = \"pass show ods\"");
        }
        if !said("ssl_mode") && starter.place.is_some_and(|place| !place.to_lowercase().contains("ssl")) {
            line("# Over a network only this proves that it is the right server.");
            line("#ssl_mode = \"verify-full\"");
        }
    }
    line("\n# A district. Its name is the tenant code: every id starts with it, so it must never change.");
    line(&format!("[tenants.{}]", key(starter.tenant)));
    match starter.database {
        true => line(&format!("connection = {tenant}")),
        false => {
            line(&place);
        }
    }
    comment(&starter.of_years).iter().for_each(|text| line(text));
    line(&format!(
        "school_year = {}",
        written(&Form::Whole { least: 0, most: 9999, words: vec!["auto"] }, starter.school_year)
    ));
    if let Some((day, why)) = &starter.as_of {
        comment(why).iter().for_each(|text| line(text));
        line(&format!("as_of = {}", quoted(day)));
    }
    further(of_tenant).iter().for_each(|text| line(text));
    file + &offer()
}

/// A profile, commented out, with every setting of what is exported, how and to whom. A line without a space behind its `#`
/// is a setting and can be taken as it is.
fn offer() -> String {
    let mut text = String::new();
    let intro = "A profile is one delivery: what one vendor gets. Take the # off the next line and off the settings that are \
                 wanted; each shows its default, or an example where it has none. Then: rosterpack export --profile vendor. \
                 Parents, demographics, middle names, telephones and extension columns are off in a profile until it turns them on.";
    text.push('\n');
    for line in comment(intro) {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "#[profiles.{PROFILE}]");
    let mut section = "";
    for setting in SETTINGS.iter().filter(|setting| offered(setting)) {
        if setting.section != section {
            section = setting.section;
            let _ = writeln!(text, "\n# {section}: {}", purpose(section));
        }
        let (value, without) = match (setting.profile_default(), setting.default) {
            (Some(value), _) => (value, String::new()),
            (None, Standing::Value("")) => (setting.example, String::new()),
            (None, Standing::Value(value)) => (value, String::new()),
            (None, Standing::Computed(what)) => (setting.example, format!(" Without it: {what}.")),
            (None, Standing::Required) => (setting.example, String::new()),
        };
        for line in comment(&format!("{}{without}", setting.doc)) {
            let _ = writeln!(text, "{line}");
        }
        let _ = writeln!(text, "#{}", assignment(setting, value));
    }
    text
}

/// Whether a profile is the place to say it.
fn offered(setting: &Setting) -> bool {
    matches!(setting.section, "scope" | "mapping" | "package" | "publish")
        || matches!(setting.name, "oneroster" | "report")
}

fn purpose(section: &str) -> &'static str {
    match section {
        "run" => "which package.",
        "scope" => "what is exported; the package stays closed.",
        "mapping" => "how it is mapped.",
        "package" => "how it is written and judged.",
        "output" => "what else is written.",
        _ => "the nights: with an archive every package is guarded, kept and delivered.",
    }
}

/// `name = value`, as TOML writes it.
fn assignment(setting: &Setting, value: &str) -> String {
    format!("{} = {}", setting.name, written(&setting.form(), value))
}

/// A value in the form in which a file writes it best.
fn written(form: &Form, value: &str) -> String {
    let number = |text: &str| text.len() < 18 && text.parse::<i64>().is_ok_and(|n| n.to_string() == text);
    match form {
        Form::Switch if matches!(value, "true" | "false") => value.to_owned(),
        Form::Whole { .. } if number(value) => value.to_owned(),
        Form::List => {
            let items = values::list(value).unwrap_or_default();
            let items = items.iter().map(|item| if number(item) { item.clone() } else { quoted(item) });
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        _ => quoted(value),
    }
}

/// A text as a basic string of TOML: JSON's strings are such, but that TOML also wants DEL escaped.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

/// A name as a key.
fn key(name: &str) -> String {
    let bare =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if bare { name.to_owned() } else { quoted(name) }
}

/// Lines of comment.
fn comment(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("# {word}")),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::ConfigFile;
    use super::super::file::Asked;
    use super::super::settings;
    use super::super::text::Kind;
    use super::*;

    fn starter(place: &str, database: bool) -> Starter<'_> {
        Starter {
            tenant: "north",
            place: Some(place),
            database,
            school_year: "2025",
            of_years: "The ODS has sections of 2025.".into(),
            ..Starter::default()
        }
    }

    fn settings_of(text: &str) -> Vec<(String, String)> {
        let file = ConfigFile::load(Path::new("rosterpack.toml"), &|_| Ok(text.to_owned())).unwrap();
        let entries = file.settings(&Asked::default()).unwrap().entries;
        entries.into_iter().map(|entry| (entry.setting.name.to_owned(), entry.value)).collect()
    }

    #[test]
    fn what_is_written_is_what_a_run_gets() {
        let further = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| (settings::find(name).unwrap(), (*value).to_owned()))
                .collect::<Vec<_>>()
        };
        let given = further(&[
            ("ssl_mode", "require"),
            ("password_command", "pass \"x\" \\ y"),
            ("connections", "4"),
        ]);
        for (place, database, tenant) in [
            ("postgres://reader@db/ods", true, "north"),
            ("Host=db;Database=ods", true, "Isd #7 'quoted'"),
            ("/srv/ex\"tracts \\ ü", false, "nörd"),
        ] {
            let starter = Starter {
                tenant,
                as_of: Some(("2024-08-19".into(), "Because.".into())),
                further: given.clone(),
                ..starter(place, database)
            };
            let found = settings_of(&text(&starter));
            for (name, value) in [
                ("place", place),
                ("tenant", tenant),
                ("active_school_year", "2025"),
                ("as_of", "2024-08-19"),
                ("ssl_mode", "require"),
                ("password_command", "pass \"x\" \\ y"),
                ("connections", "4"),
                ("seeds", "seeds"),
                ("out", "packages/"),
            ] {
                assert!(found.contains(&(name.to_owned(), value.to_owned())), "{name}: {found:#?}");
            }
        }
    }

    #[test]
    fn a_password_is_never_written() {
        for place in
            ["postgres://me:hunter2@db/ods", "host=db user=me password=hunter2", "Server=db;Pwd=hunter2"]
        {
            let text = text(&starter(place, true));
            assert!(!text.contains("hunter2") && text.contains("ROSTERPACK__SOURCE__PLACE"), "{text}");
            assert!(settings_of(&text).iter().all(|(name, _)| name != "place"));
        }
    }

    #[test]
    fn an_ods_that_ed_fi_admin_knows_has_no_place() {
        let admin = settings::find("admin_connection").unwrap();
        let address = "postgres://reader@admin/EdFi_Admin".to_owned();
        let of_flags = Starter { place: None, further: vec![(admin, address.clone())], ..starter("", true) };
        let found = settings_of(&text(&of_flags));
        assert!(found.contains(&("admin_connection".into(), address)), "{found:?}");
        let of_environment = text(&Starter { place: None, ..starter("", true) });
        assert!(of_environment.contains("stays where it was, in the environment"), "{of_environment}");
        assert!(settings_of(&of_environment).iter().all(|(name, _)| name != "place"));
    }

    #[test]
    fn everything_that_is_offered_can_be_taken() {
        let whole = text(&starter("postgres://reader@db/ods", true));
        for line in whole.lines() {
            assert!(line.chars().count() <= 200 && line.trim_end() == line, "{line}");
        }
        let take = |line: &str| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
            _ => line.to_owned(),
        };
        // A place for the password can be named in one way only by a sensible person; both are accepted.
        let taken: String = whole.lines().map(|line| take(line) + "\n").collect();
        let file = ConfigFile::load(Path::new("rosterpack.toml"), &|_| Ok(taken.clone()))
            .unwrap_or_else(|faults| panic!("{faults:#?}"));
        assert_eq!(file.names(Kind::Profile), [PROFILE]);
        let asked = Asked { profile: Some((PROFILE.into(), "--profile".into())), ..Asked::default() };
        let got = file.settings(&asked).unwrap().entries;
        for setting in SETTINGS.iter().filter(|setting| offered(setting)) {
            assert!(got.iter().any(|entry| entry.setting == setting), "{}", setting.name);
        }
        assert!(SETTINGS.iter().filter(|setting| setting.private()).all(offered));
    }
}
