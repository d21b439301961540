//! What a setting's text may be: typed parsers for settings, shared by flags, `--set`, the environment and
//! later the profile file.
//!
//! In: the text that the user wrote. Out: a typed value, or the reason why not, as half a sentence; what is
//! accepted is said by the table in `settings.rs`. Nothing here knows which setting it parses for, nothing is
//! trimmed, defaulted or folded in silence: a tenant code with a trailing blank would hash to other ids.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::extensions::Attribute;
use super::plan::{Edition, UsernameSource};
use crate::consumer::{self, Consumer};
use crate::day::Day;
use crate::spec::{File, vocabulary};

/// A value, or why the text is none.
pub type Parsed<T> = Result<T, String>;

/// The known name nearest to what was written, when one is near enough to be meant.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if !written.contains(char::is_alphabetic) {
        // A version number that is near another one is not a misspelt one.
        return None;
    }
    let written = written.to_lowercase().replace('-', "_");
    let score = |name: &str| strsim::jaro_winkler(&written, &name.to_lowercase().replace('-', "_"));
    // Ties go to the name that comes first, so that a message never depends on anything but the input.
    let best = known.into_iter().map(|name| (score(name), name)).fold(None, |best, next| match best {
        Some((score, _)) if score >= next.0 => best,
        _ => Some(next),
    });
    best.filter(|(score, _)| *score >= 0.8).map(|(_, name)| name)
}

fn no_such<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(written, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "it is not among them".into(),
    }
}

/// One of a few words.
pub fn word<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Parsed<T> {
    words
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, value)| *value)
        .ok_or_else(|| no_such(text, words.iter().map(|(name, _)| *name)))
}

/// The packages of a run: at least one, and of no OneRoster version two, which would have one name.
pub fn editions(text: &str) -> Parsed<Vec<Edition>> {
    let mut editions: Vec<Edition> = Vec::new();
    for name in list(text)? {
        let edition = word(&name, &Edition::ALL)?;
        if editions.iter().any(|known| known.version == edition.version) {
            return Err(format!("it names OneRoster {} twice", edition.version.label()));
        }
        editions.push(edition);
    }
    match editions.is_empty() {
        true => Err("it is blank".into()),
        false => Ok(editions),
    }
}

/// `true` or `false`.
pub fn switch(text: &str) -> Parsed<bool> {
    word(text, &[("true", true), ("false", false)])
}

/// Text that is there, without control characters and without blanks at its ends.
pub fn text(text: &str) -> Parsed<String> {
    if text.trim().is_empty() {
        return Err("it is blank".into());
    }
    if text.trim() != text {
        return Err("it begins or ends with a blank, which would count".into());
    }
    if text.chars().any(char::is_control) {
        return Err("it holds a control character".into());
    }
    Ok(text.to_owned())
}

/// A tenant code: it starts every id and names the package, so it must be a possible file name.
pub fn tenant(code: &str) -> Parsed<String> {
    let code = text(code)?;
    match code.chars().find(|c| "/\\:*?\"<>|".contains(*c)) {
        Some(c) => Err(format!("it holds `{c}`, which no file name may")),
        None if code.starts_with('.') => {
            Err("it begins with a dot: the package would be a hidden file".into())
        }
        None => Ok(code),
    }
}

/// A whole number within a range.
pub fn whole<T: FromStr + PartialOrd + Display>(text: &str, range: RangeInclusive<T>) -> Parsed<T> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<T>() {
        Ok(number) if digits && range.contains(&number) => Ok(number),
        Ok(_) if digits => Err(format!("it is not between {} and {}", range.start(), range.end())),
        _ => Err("it is not a whole number".into()),
    }
}

/// How much memory a run may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryLimit {
    /// A share of what the machine or its control group has, in percent.
    Share(u8),
    /// Bytes.
    Bytes(u64),
}

impl Default for MemoryLimit {
    fn default() -> MemoryLimit {
        MemoryLimit::Share(75)
    }
}

impl MemoryLimit {
    /// The limit in bytes on a machine that has so many; `None` when it depends on a machine that does not say.
    pub fn bytes(self, machine: Option<u64>) -> Option<u64> {
        match self {
            MemoryLimit::Bytes(bytes) => Some(bytes),
            MemoryLimit::Share(percent) => {
                machine.map(|has| (u128::from(has) * u128::from(percent) / 100) as u64)
            }
        }
    }
}

/// `75%`, or a whole number with a unit. A number without one is refused: nobody means bytes.
pub fn memory_limit(text: &str) -> Parsed<MemoryLimit> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    if unit == "%" {
        return whole(number, 1..=100).map(MemoryLimit::Share);
    }
    let scale: u64 = match unit.to_ascii_lowercase().as_str() {
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "" => return Err("it lacks a unit: MiB, GiB, MB, GB or %".into()),
        _ => return Err("its unit is none of MiB, GiB, MB, GB and %".into()),
    };
    let number: u64 = whole(number, 1..=u64::MAX)?;
    number.checked_mul(scale).map(MemoryLimit::Bytes).ok_or_else(|| "it is more than any machine has".into())
}

/// A calendar date `YYYY-MM-DD`; `None` for `today`.
pub fn day(text: &str) -> Parsed<Option<Day>> {
    if text == "today" {
        return Ok(None);
    }
    match Day::parse(text.as_bytes()) {
        Some(day) if text.len() == 10 => Ok(Some(day)),
        _ => Err("the calendar has no such date".into()),
    }
}

/// A consumer whose profile is known.
pub fn consumer(name: &str) -> Parsed<&'static Consumer> {
    consumer::find(name).ok_or_else(|| match consumer::nearest(name) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "there is no such profile; `consumer_name` takes any text, for the log".into(),
    })
}

/// A list: one CSV record. Blank is the empty list; blanks around an item do not count.
pub fn list(text: &str) -> Parsed<Vec<String>> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    if text.contains(['\n', '\r']) {
        return Err("it holds a line break".into());
    }
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    reader.read_record(&mut record).map_err(|e| e.to_string())?;
    let mut items: Vec<String> = Vec::with_capacity(record.len());
    for item in &record {
        if item.is_empty() {
            return Err("an item of the list is blank".into());
        }
        if items.iter().any(|known| known == item) {
            return Err(format!("`{item}` stands in the list twice"));
        }
        items.push(item.to_owned());
    }
    Ok(items)
}

/// A list of education organization ids, in ascending order.
pub fn ids(text: &str) -> Parsed<Vec<i64>> {
    let mut ids = list(text)?
        .iter()
        .map(|item| whole(item, 1..=i64::MAX).map_err(|why| format!("`{item}`: {why}")))
        .collect::<Parsed<Vec<i64>>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// A list of OneRoster data files by name, with or without `.csv`, in the order of the specification.
pub fn files(text: &str) -> Parsed<Vec<File>> {
    let wanted = list(text)?
        .iter()
        .map(|item| {
            let name = item.strip_suffix(".csv").unwrap_or(item);
            File::from_name(name).ok_or_else(|| no_such(name, File::ALL.iter().map(|f| f.name())))
        })
        .collect::<Parsed<Vec<File>>>()?;
    Ok(File::ALL.iter().copied().filter(|file| wanted.contains(file)).collect())
}

/// A list of words that are taken from `known`.
pub fn words(text: &str, known: &[&'static str]) -> Parsed<Vec<String>> {
    let list = list(text)?;
    match list.iter().find(|item| !known.contains(&item.as_str())) {
        Some(item) => Err(no_such(item, known.iter().copied())),
        None => Ok(list),
    }
}

/// A list of words that are taken from `known`, followed by the known ones that it leaves out.
pub fn priority(text: &str, known: &[&'static str]) -> Parsed<Vec<String>> {
    let mut order = words(text, known)?;
    for name in known {
        if !order.iter().any(|item| item == name) {
            order.push((*name).to_owned());
        }
    }
    Ok(order)
}

/// A list of username sources.
pub fn usernames(text: &str) -> Parsed<Vec<UsernameSource>> {
    let words = [
        ("email", UsernameSource::Email),
        ("login_id", UsernameSource::LoginId),
        ("unique_id", UsernameSource::UniqueId),
    ];
    let sources = list(text)?.iter().map(|item| word(item, &words)).collect::<Parsed<Vec<_>>>()?;
    if sources.is_empty() { Err("it is blank".into()) } else { Ok(sources) }
}

/// A pattern with placeholders `{name}`, at least one of them, so that two titles can differ.
pub fn pattern(pattern: &str, known: &[&'static str]) -> Parsed<String> {
    text(pattern)?;
    let mut found = 0;
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        let behind = &rest[at + 1..];
        let name = match (rest.as_bytes()[at], behind.find(['{', '}'])) {
            (b'{', Some(end)) if behind.as_bytes()[end] == b'}' => &behind[..end],
            _ => return Err("a brace has no partner".into()),
        };
        if !known.contains(&name) {
            return Err(match nearest(name, known.iter().copied()) {
                Some(near) => format!("it has no placeholder `{{{name}}}`; did you mean `{{{near}}}`?"),
                None => format!("it has no placeholder `{{{name}}}`"),
            });
        }
        found += 1;
        rest = &behind[name.len() + 1..];
    }
    if found == 0 {
        return Err("it has no placeholder: every title would be the same".into());
    }
    Ok(pattern.to_owned())
}

/// A list of `code=text`: grade codes, and what is written in their place.
pub fn grade_codes(text: &str) -> Parsed<BTreeMap<String, String>> {
    let mut codes = BTreeMap::new();
    for item in list(text)? {
        let Some((code, written)) = item.split_once('=') else {
            return Err(format!("`{item}` is not `code=text`"));
        };
        if !vocabulary::GRADES.words.contains(&code) {
            return Err(format!("`{code}`: {}", no_such(code, vocabulary::GRADES.words.iter().copied())));
        }
        if self::text(written).is_err() || written.contains(',') {
            return Err(format!("`{item}`: what is written is blank, padded or holds a comma"));
        }
        if codes.insert(code.to_owned(), written.to_owned()).is_some() {
            return Err(format!("`{code}` stands in the list twice"));
        }
    }
    Ok(codes)
}

/// The name of an extension column behind `metadata.`; blank is none.
pub fn column_name(name: &str) -> Parsed<Option<String>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    match name {
        "" => Ok(None),
        name if name.starts_with("metadata.") => Err("leave out `metadata.`, it is added".into()),
        name if name.starts_with("edu.") => Err("metadata.edu is for the columns of the edu package".into()),
        name if name.chars().all(plain) => Ok(Some(name.to_owned())),
        _ => Err("it is no column name".into()),
    }
}

/// The name of a zip, perhaps with placeholders.
pub fn package_name(name: &str) -> Parsed<String> {
    let known = ["tenant", "year", "version"];
    let mut bare = name.to_owned();
    for placeholder in known {
        bare = bare.replace(&format!("{{{placeholder}}}"), "x");
    }
    if bare.contains(['{', '}']) {
        // Says which placeholder is wrong.
        pattern(name, &known)?;
        return Err("a brace has no partner".into());
    }
    tenant(&bare)?;
    match name.strip_suffix(".zip") {
        Some(stem) if !stem.is_empty() => Ok(name.to_owned()),
        _ => Err("it does not end with .zip".into()),
    }
}

/// A list of `attribute=name`: attributes of students and the `metadata.<name>` columns that carry them.
pub fn extensions(text: &str) -> Parsed<BTreeMap<String, String>> {
    let mut extensions = BTreeMap::new();
    for item in list(text)? {
        // The last `=`, because a code value may hold one and a column name may not.
        let Some((attribute, name)) = item.rsplit_once('=') else {
            return Err(format!("`{item}` is not `attribute=name`"));
        };
        if Attribute::parse(attribute).is_err() {
            let near = nearest(attribute, super::extensions::plain_names())
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            return Err(format!("there is no attribute `{attribute}`{near}"));
        }
        if name.starts_with("metadata.") {
            return Err(format!("`{name}`: leave out `metadata.`, it is added"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(plain) {
            return Err(format!("`{name}` is no column name: letters, digits, `_`, `-` and `.` are"));
        }
        if extensions.values().any(|known| known == name) {
            return Err(format!("two attributes would fill the column `{name}`"));
        }
        if extensions.insert(attribute.to_owned(), name.to_owned()).is_some() {
            return Err(format!("`{attribute}` stands in the list twice"));
        }
    }
    Ok(extensions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_csv_records() {
        assert_eq!(
            list(r#"No show, Invalid enrollment,"a, b""#).unwrap(),
            ["No show", "Invalid enrollment", "a, b"]
        );
        assert_eq!(list("  ").unwrap(), Vec::<String>::new());
        assert!(list("a,,b").is_err());
        assert!(list("a,b,a").is_err());
        assert!(list("a\nb").is_err());
    }

    #[test]
    fn ids_are_positive_sorted_and_bounded() {
        assert_eq!(ids("30, 10,20").unwrap(), [10, 20, 30]);
        for bad in ["0", "-1", "+5", "1e3", "ten", "99999999999999999999"] {
            assert!(ids(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_know_their_placeholders() {
        let known = &["title", "section"];
        assert_eq!(pattern("{title} - {section}", known).unwrap(), "{title} - {section}");
        assert!(pattern("{titel}", known).unwrap_err().contains("did you mean `{title}`"));
        for bad in ["{title", "title}", "{}", "{{title}}", "no placeholder", "", " {title}", "{title}\u{7}"] {
            assert!(pattern(bad, known).is_err(), "{bad}");
        }
    }

    #[test]
    fn priorities_are_completed() {
        let known = &["administrator", "teacher", "aide"];
        assert_eq!(priority("aide", known).unwrap(), ["aide", "administrator", "teacher"]);
        assert!(priority("teachers", known).unwrap_err().contains("`teacher`"));
        assert!(priority("aide,aide", known).is_err());
    }

    #[test]
    fn tenant_codes_can_name_a_file_and_mean_what_they_say() {
        assert_eq!(tenant("demo_isd").unwrap(), "demo_isd");
        assert_eq!(tenant("Schüler 1").unwrap(), "Schüler 1");
        for bad in ["", " ", "a/b", "..", ".hidden", "isd ", "a\tb", "a:b"] {
            assert!(tenant(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn extensions_are_a_closed_list() {
        let found = extensions("gender_identity=gender,characteristic:Military=Connected=military").unwrap();
        assert_eq!(found["characteristic:Military=Connected"], "military");
        for bad in [
            "gender_identity",
            "ssn=x",
            "characteristic:=x",
            "gender_identity=metadata.x",
            "gender_identity=x,birth_city=x",
            "gender_identity=a b",
            "gender_identity=",
        ] {
            assert!(extensions(bad).is_err(), "{bad}");
        }
        assert!(extensions("gender_identiti=x").unwrap_err().contains("did you mean `gender_identity`"));
    }

    #[test]
    fn packages_have_names_that_can_be_files() {
        for good in ["OneRoster.zip", "{tenant}-{year}-{version}.zip", "x.{version}.zip"] {
            assert_eq!(package_name(good).unwrap(), good);
        }
        for bad in [
            "",
            ".zip",
            "OneRoster",
            "a/b.zip",
            "{tenant}.ZIP",
            "{tenat}.zip",
            "{tenant.zip",
            ".hidden.zip",
            "../x.zip",
        ] {
            assert!(package_name(bad).is_err(), "{bad}");
        }
        assert!(package_name("{tenat}.zip").unwrap_err().contains("did you mean `{tenant}`"));
    }

    #[test]
    fn grades_are_known_by_their_codes() {
        assert_eq!(grade_codes("KG=k, 01=1").unwrap()["01"], "1");
        for bad in ["1=01", "KG", "KG=", "KG=k,KG=K", "\"KG=a,b\"", "kg=K"] {
            assert!(grade_codes(bad).is_err(), "{bad}");
        }
        assert_eq!(column_name("").unwrap(), None);
        assert_eq!(column_name("positionTitle").unwrap().unwrap(), "positionTitle");
        for bad in ["metadata.x", "edu.x", "a b", "a,b"] {
            assert!(column_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn days_are_exact() {
        assert_eq!(day("today").unwrap(), None);
        assert_eq!(day("2021-10-01").unwrap(), Day::from_ymd(2021, 10, 1));
        for bad in ["2021-02-29", "2021-10-01T00:00:00", "10/01/2021", ""] {
            assert!(day(bad).is_err(), "{bad}");
        }
    }
}
