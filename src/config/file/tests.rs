//! Tests of the configuration file: layers, references, includes; nothing is opened.

use std::collections::BTreeMap;

use super::*;

fn load(text: &str) -> Result<ConfigFile, Vec<ConfigError>> {
    ConfigFile::load(Path::new("rosterpack.toml"), &|_| Ok(text.to_owned()))
}

fn named(name: &str) -> Option<(String, String)> {
    Some((name.to_owned(), "--x".to_owned()))
}

fn values(file: &ConfigFile, asked: &Asked) -> BTreeMap<&'static str, (String, String)> {
    let entries = file.settings(asked).unwrap().entries;
    entries.into_iter().map(|entry| (entry.setting.name, (entry.value, entry.at))).collect()
}

const LAYERS: &str = "\
[defaults]
compression = 1
system_name = \"defaults\"
class_title = \"{code}\"
connection = \"a\"
[connections.a]
place = \"a\"
connect_attempts = 2
[connections.b]
place = \"b\"
lock_timeout = 5
[tenants.north]
connection = \"b\"
compression = 2
system_name = \"tenant\"
[tenants.south]
tenant = \"SOUTH\"
[profiles.base]
compression = 3
schools = [1, 2]
[profiles.vendor]
inherits = \"base\"
compression = 4
tenant = \"north\"
";

#[test]
fn profiles_win_over_tenants_over_connections_over_defaults() {
    let file = load(LAYERS).unwrap();
    let value = |asked: &Asked, name: &str| values(&file, asked).get(name).map(|(value, _)| value.clone());
    let nothing = Asked::default();
    assert_eq!(value(&nothing, "compression").as_deref(), Some("1"));
    assert_eq!(value(&nothing, "place").as_deref(), Some("a"));
    assert_eq!(value(&nothing, "tenant"), None);
    let north = Asked { tenant: named("north"), ..Asked::default() };
    assert_eq!(value(&north, "compression").as_deref(), Some("2"));
    assert_eq!(value(&north, "tenant").as_deref(), Some("north"));
    assert_eq!(value(&north, "place").as_deref(), Some("b"));
    assert_eq!(value(&north, "connect_attempts"), None, "of the connection that is not used");
    let vendor = Asked { profile: named("vendor"), ..Asked::default() };
    assert_eq!(values(&file, &vendor)["compression"], ("4".into(), "rosterpack.toml:23".into()));
    assert_eq!(values(&file, &vendor)["schools"], ("1,2".into(), "rosterpack.toml:20".into()));
    assert_eq!(value(&vendor, "system_name").as_deref(), Some("tenant"), "the profile names the tenant");
    let south = Asked { profile: named("vendor"), tenant: named("south"), ..Asked::default() };
    assert_eq!(value(&south, "tenant").as_deref(), Some("SOUTH"), "a flag wins, and a table knows its code");
    assert_eq!(value(&south, "place").as_deref(), Some("a"));
    let base = Asked { profile: named("base"), ..Asked::default() };
    assert_eq!(value(&base, "compression").as_deref(), Some("3"));
    assert_eq!(value(&base, "class_title").as_deref(), Some("{code}"));
    // A connection that is asked for by name wins over all of them; a place leaves them all aside.
    let other = Asked { connection: named("a"), ..vendor.clone() };
    assert_eq!(value(&other, "place").as_deref(), Some("a"));
    assert_eq!(value(&other, "lock_timeout"), None);
    let elsewhere = Asked { place: true, ..vendor };
    assert_eq!((value(&elsewhere, "place"), value(&elsewhere, "lock_timeout")), (None, None));
}

#[test]
fn a_tenant_with_a_place_of_its_own_uses_no_connection() {
    let file = load(
        "[defaults]\nconnection = \"a\"\n[connections.a]\nplace = \"a\"\npassword_file = \"x\"\n\
         [tenants.t]\nplace = \"t\"\npassword_file = \"y\"\n",
    )
    .unwrap();
    let found = values(&file, &Asked { tenant: named("t"), ..Asked::default() });
    assert_eq!((found["place"].0.as_str(), found["password_file"].0.as_str()), ("t", "y"));
}

#[test]
fn without_tenants_any_code_will_do() {
    let file = load("[defaults]\ntenant = \"north\"\n").unwrap();
    let asked = Asked { tenant: named("elsewhere"), ..Asked::default() };
    assert!(file.settings(&asked).is_ok());
    assert!(load(LAYERS).unwrap().settings(&asked).is_err());
}

#[test]
fn values_are_read_as_flags_write_them() {
    let file = load(
        "[profiles.p]\nschool_year = 2025\nas_of = 2024-10-01\noneroster = [1.1, 1.2]\ndemographics = true\n\
         exclude_exit_types = [\"a, b\", 'say \"x\"']\ntenant = 255901\ndata_standard = 5.2\n\
         demographic_extensions = { gender_identity = \"g\", birth_city = \"b\" }\n",
    )
    .unwrap();
    let found = values(&file, &Asked { profile: named("p"), ..Asked::default() });
    for (name, value) in [
        ("active_school_year", "2025"),
        ("as_of", "2024-10-01"),
        ("oneroster", "1.1,1.2"),
        ("demographics", "true"),
        ("exclude_exit_types", "\"a, b\",\"say \"\"x\"\"\""),
        ("tenant", "255901"),
        ("data_standard", "5.2"),
        ("demographic_extensions", "gender_identity=g,birth_city=b"),
    ] {
        assert_eq!(found[name].0, value);
    }
    let items = super::super::values::list(&found["exclude_exit_types"].0).unwrap();
    assert_eq!(items, ["a, b", "say \"x\""]);
}

#[test]
fn paths_lead_from_the_folder_of_their_file() {
    let open = |path: &Path| match path.to_str() {
        Some("etc/rosterpack.toml") => {
            Ok("include = \"sub/more.toml\"\n[defaults]\nout = \"out/\"\n".to_owned())
        }
        Some("etc/sub/more.toml") => Ok("[connections.a]\nplace = \"extracts\"\nssl_key = \"/k\"\n\
             [connections.b]\nplace = \"postgres://h/d\"\n[connections.c]\nplace = \"synth:students=1\"\n"
            .to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let file = ConfigFile::load(Path::new("etc/rosterpack.toml"), &open).unwrap();
    let place = |name| values(&file, &Asked { connection: named(name), ..Asked::default() });
    assert_eq!(place("a")["out"].0, "etc/out/");
    assert_eq!(place("a")["place"], ("etc/sub/extracts".into(), "etc/sub/more.toml:2".into()));
    assert_eq!(place("a")["ssl_key"].0, "/k");
    assert_eq!(place("b")["place"].0, "postgres://h/d");
    assert_eq!(place("c")["place"].0, "synth:students=1");
}

#[test]
fn a_file_that_two_others_include_counts_once() {
    let open = |path: &Path| match path.to_str() {
        Some("top.toml") => Ok("include = [\"a.toml\", \"./b.toml\"]".to_owned()),
        Some("shared.toml") => Ok("[profiles.x]\n".to_owned()),
        _ => Ok("include = \"shared.toml\"".to_owned()),
    };
    let file = ConfigFile::load(Path::new("top.toml"), &open).unwrap();
    assert_eq!(file.names(Kind::Profile), ["x"]);
}

proptest::proptest! {
    /// Whatever bytes a file holds: it is read or refused, and nothing panics.
    #[test]
    fn any_text_is_read_or_refused(text in "(\\[(defaults|profiles\\.a|tenants)\\]|[a-z_]+ = |[\\[\\]{}\",.=\n0-9a-z]){0,40}") {
        let _ = load(&text);
    }
}

#[test]
fn a_consumer_stands_above_tenants_and_below_profiles() {
    let file = load(
        "[defaults]\nclass_title = \"{code}\"\nquotes = \"needed\"\nconsumer = \"lab-aids\"\n\
         [tenants.north]\nquotes = \"needed\"\nconsumer = \"renaissance\"\n\
         [profiles.base]\nconsumer = \"hmh\"\n\
         [profiles.vendor]\ninherits = \"base\"\nposition_title = \"title\"\n",
    )
    .unwrap();
    let value = |asked: &Asked, name: &str| values(&file, asked).get(name).cloned();
    let of = |consumer: &str, value: &str| Some((value.to_owned(), format!("consumer {consumer}")));
    let nobody = Asked::default();
    assert_eq!(value(&nobody, "package_name"), of("lab-aids", "OneRosterv1p1BaseCSV.zip"));
    let vendor = Asked { profile: named("vendor"), tenant: named("north"), ..Asked::default() };
    assert_eq!(value(&vendor, "quotes"), of("hmh", "all"), "over tenants and defaults");
    assert_eq!(value(&vendor, "position_title").unwrap(), ("title".into(), "rosterpack.toml:12".into()));
    assert_eq!(value(&vendor, "class_title").unwrap().1, "rosterpack.toml:2", "what it does not speak of");
    assert_eq!(value(&vendor, "package_name"), None, "of the consumer that is not meant");
    let north = Asked { tenant: named("north"), ..Asked::default() };
    assert_eq!(value(&north, "header_only_files").unwrap().1, "consumer renaissance");
    // Whoever says it otherwise than in the file means another one; its settings stand at the same place.
    let other = Asked { consumer: Some("st-math".into()), ..vendor };
    assert_eq!(value(&other, "package_name"), of("st-math", "OneRoster.zip"));
    assert_eq!(value(&other, "quotes").unwrap().1, "rosterpack.toml:6");
    // One that is not known is told by whoever parses the value.
    let wrong = load("[defaults]\nconsumer = \"stmath\"\n").unwrap_err();
    assert!(wrong[0].to_string().contains("did you mean `st-math`"), "{}", wrong[0]);
}
