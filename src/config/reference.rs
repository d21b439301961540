//! The reference of the configuration, generated from the table of settings: a page for people, a JSON schema for editors.
//!
//! In: nothing. Out: `docs/reference/configuration.md` and `docs/reference/rosterpack.schema.json`, as text; tests compare
//! the files with it.

use serde_json::{Map, Value, json};

use super::settings::{Form, SETTINGS, Setting, Standing};
use super::text::{INCLUDE, INHERITS, Kind};

/// What the page says before its tables.
const OPENING: &str = "\
# Configuration

Generated from the table of settings in `src/config/settings/table.rs`; `BLESS=1 cargo test --test cli_docs` refreshes this page.

Flags win over `--set NAME=VALUE`, that over the environment, that over the file `rosterpack.toml`, that over the defaults.
The environment variable of a setting is `ROSTERPACK__SECTION__NAME` in capitals, such as `ROSTERPACK__MAPPING__END_DATES`.
An unknown name is an error. `rosterpack show-config` shows every value and where it stands.

## rosterpack.toml

`--config FILE` names the file; without it the variable `ROSTERPACK_CONFIG` does, else it is `rosterpack.toml` in the working
folder, if that is there (`--sample` reads none unless a flag says so). Every setting below can stand in it, under its name or that
of its flag (`school_year`), in one of these tables:

| table | what it is | how it is chosen |
|---|---|---|
| `[defaults]` | what holds for every run | always |
| `[connections.NAME]` | how an ODS is reached: settings of section `source` only | `connection = \"NAME\"` in one of the other tables |
| `[tenants.NAME]` | a district; NAME is its tenant code unless it says `tenant = \"CODE\"` | `--tenant NAME`, or `tenant = \"NAME\"` in a profile or the defaults |
| `[profiles.NAME]` | a delivery: what a vendor gets | `--profile NAME` |

Where several tables speak of one setting, the profile wins over the tenant, that over the defaults. A connection stands right below
the table that names it; when a place is named more strongly (`--source`), all of the connection is left aside, its password too. Once the file
names tenants, every tenant must be one of them: a misspelt one would give every row a new id.

What decides which data of a person leave the building (`include_parents`, `middle_names`, `phones`, `demographics`, `demographic_extensions`,
`natural_key`, `position_title`, `allowed_id_systems`) is said by a profile, a flag, `--set` or a variable, never by the defaults or a tenant. In a run with a profile or for a `consumer`
all of them are off unless one of these turns them on; else their defaults below hold.

`consumer = \"NAME\"` takes over the settings that follow from what is known of a [consumer](profiles.md). They win over tenants and defaults, and profiles win over
them; none of them concerns what of a student or parent leaves the building.

`inherits = \"NAME\"` in a profile takes over what another profile says, its own settings winning. `include = \"FILE\"`, or a list of
files, at the very top takes over the tables of other files. No table may stand in two files, but for `[defaults]`, whose settings must then differ.
Relative paths lead from the folder of the file that they stand in.

Lists are written as arrays (`schools = [255901001, 255901107]`), `demographic_extensions` also as a table; in flags and variables lists are
comma-separated, and an item that holds a comma stands in double quotes.

The file holds no password: a `place` with one, or a key such as `password`, is refused. `password_file` and `password_command` say where it
is kept. `rosterpack.schema.json` beside this page tells editors what the file may hold.

```toml
[defaults]
school_year = 2025
out = \"packages/\"

[connections.north]
place = \"postgres://rosterpack_reader@ods.example.org/EdFi_Ods_North\"
ssl_mode = \"verify-full\"
password_file = \"/run/secrets/ods\"

[tenants.north]
connection = \"north\"
student_email_type = \"Organization\"

[profiles.small]
oneroster = \"1.1\"
schools = [255901001, 255901107]

[profiles.with-parents]
inherits = \"small\"
include_parents = true
```
";

/// Variables of the environment that are no setting: their names, and what they are for.
const VARIABLES: &[(&str, &str)] = &[
    ("ROSTERPACK_CONFIG", "The configuration file, where `--config` names none."),
    (
        "ROSTERPACK_LOG_FORMAT",
        "`text` or `json`: how standard error is written, where `--log-format` does not say. It is no setting, because faults of \
         the configuration are told in it too.",
    ),
    (
        "PGPASSWORD",
        "Password of a database, where the place, `password_file` and `password_command` name none; else the file that `PGPASSFILE` \
         names, or `~/.pgpass`.",
    ),
    (
        "ROSTERPACK_ENCRYPTION_KEY",
        "Key of encrypted connection strings in EdFi_Admin, where `encryption_key_file` and `encryption_key_command` name none.",
    ),
    (
        "ROSTERPACK_SFTP_PASSWORD",
        "Password of an SFTP login, where `sftp_password_file` and `sftp_password_command` name none.",
    ),
    (
        "ROSTERPACK_SFTP_PASSPHRASE",
        "Passphrase of its key, where `passphrase_file` and `passphrase_command` name none.",
    ),
    (
        "ROSTERPACK_S3_SECRET_KEY",
        "Secret key of `s3_access_key`, where `s3_secret_key_file` and `s3_secret_key_command` name none.",
    ),
    (
        "AWS_ACCESS_KEY_ID",
        "With `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`: credentials of s3:// targets without `s3_access_key`; else \
         `AWS_WEB_IDENTITY_TOKEN_FILE` with `AWS_ROLE_ARN`, `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `..._FULL_URI`, else the role of \
         the machine. `AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL` stand for the settings that they \
         are named in. `~/.aws` is not read.",
    ),
    ("HTTPS_PROXY", "Proxy to the servers of s3:// targets; `NO_PROXY` names those that are asked directly."),
    ("SSH_AUTH_SOCK", "The agent whose keys are tried when `ssh_agent` is on."),
    ("SSL_CERT_FILE", "Certificates of authorities instead of those of the system, for TLS to servers."),
    ("SLURM_ARRAY_TASK_ID", "With the other variables of a job array: the share of `--shard slurm`."),
    ("JOB_COMPLETION_INDEX", "The share of `--shard kubernetes/N`."),
    (
        "CONNECTION_CONFIG",
        "With `TENANTS_CONNECTION_CONFIG`, `ODS_INSTANCES` and `ODS_CONNECTION_STRING_ENCRYPTION_KEY`: the variables of the \
         Alliance's OneRoster service, as they are, for tenants whose place nothing else names.",
    ),
];

/// The reference page of all settings, as Markdown.
pub fn page() -> String {
    let mut page = OPENING.to_owned();
    page += "\n## Other variables\n\nThese variables of the environment are no settings. `ROSTERPACK_OUTCOME` and others are set for \
             hooks (`on_success` below), not read.\n\n| variable | what it is for |\n|---|---|\n";
    for (name, doc) in VARIABLES {
        page += &format!("| `{name}` | {doc} |\n");
    }
    let mut section = "";
    for setting in SETTINGS {
        if setting.section != section {
            section = setting.section;
            page += &format!(
                "\n## {section}\n\n| name | flag | accepts | default | what it does |\n|---|---|---|---|---|\n"
            );
        }
        let flag = setting.flag.map(|flag| format!("`{flag}`")).unwrap_or_default();
        let default = match setting.default {
            Standing::Value("") => "blank".into(),
            Standing::Value(value) => format!("`{value}`"),
            Standing::Computed(what) => what.into(),
            Standing::Required => "required".to_owned(),
        };
        let (accepts, doc) = (setting.accepts.replace('<', "&lt;"), setting.doc.replace('<', "&lt;"));
        page += &format!("| `{}` | {flag} | {accepts} | {default} | {doc} |\n", setting.name);
    }
    page
}

/// The JSON schema of `rosterpack.toml`, for editors that complete and check TOML by one.
pub fn schema() -> String {
    let settings = |kind: Kind| {
        let mut properties = Map::new();
        for setting in SETTINGS.iter().filter(|s| kind.takes(s)) {
            for name in [Some(setting.name.to_owned()), setting.short_name()].into_iter().flatten() {
                properties.insert(name, property(setting));
            }
        }
        if kind == Kind::Profile {
            let inherits = json!({ "description": "The profile that this one builds on.", "type": "string" });
            properties.insert(INHERITS.to_owned(), inherits);
        }
        json!({ "type": "object", "additionalProperties": false, "properties": properties })
    };
    let mut properties = Map::new();
    properties.insert(
        INCLUDE.to_owned(),
        json!({
            "description": "Files whose tables are taken over; paths lead from the folder of this file.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
        }),
    );
    for kind in Kind::ALL {
        let shape = match kind {
            Kind::Defaults => settings(kind),
            _ => json!({ "type": "object", "additionalProperties": settings(kind), "properties": {} }),
        };
        properties.insert(kind.word().to_owned(), shape);
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rosterpack.toml",
        "description": "Configuration of rosterpack. Generated from src/config/settings/table.rs.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    serde_json::to_string_pretty(&schema).map(|text| text + "\n").unwrap_or_default()
}

/// What an editor is told of a setting.
fn property(setting: &Setting) -> Value {
    let shape = match setting.form() {
        Form::Switch => json!({ "type": "boolean" }),
        Form::Word(words) => json!({ "type": "string", "enum": words }),
        Form::Whole { least, most, words } if words.is_empty() => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Form::Whole { least, most, words } => json!({
            "anyOf": [{ "type": "integer", "minimum": least, "maximum": most }, { "type": "string", "enum": words }],
        }),
        Form::List => json!({
            "anyOf": [
                { "type": "array", "items": { "type": ["string", "integer", "number"] } },
                { "type": "string" },
                { "type": "object", "additionalProperties": { "type": "string" }, "properties": {} },
            ],
        }),
        Form::Text => json!({ "type": ["string", "integer", "number"] }),
    };
    let mut property = Map::new();
    property.insert("description".into(), format!("{} Accepted is {}.", setting.doc, setting.accepts).into());
    if let Standing::Value(value) = setting.default
        && !value.is_empty()
    {
        property.insert("default".into(), value.into());
    }
    property.extend(shape.as_object().cloned().unwrap_or_default());
    Value::Object(property)
}
