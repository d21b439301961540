//! The manifest of a package.
//!
//! In: the version, the files that the package holds, who sends it. Out: `manifest.csv` as bytes: every row of the
//! version in published order, from [`MANIFEST`]. It decides nothing: which files are there is a fact by then.

use std::collections::BTreeSet;

use super::Options;
use super::csv::CsvBlock;
use crate::spec::{File, MANIFEST, Mode};

/// The manifest of a bulk package that holds these files. The two rows about the sender are optional in the standard
/// and left out when blank.
pub(super) fn manifest(options: &Options, present: &BTreeSet<File>) -> CsvBlock {
    let mut block = CsvBlock::in_form(MANIFEST.header.len(), options.form);
    let mut row = |property: &str, value: &str| {
        block.text(property);
        block.text(value);
        block.end_row();
    };
    row(MANIFEST.header[0], MANIFEST.header[1]);
    row(MANIFEST.manifest_version, MANIFEST.manifest_version_value);
    row(MANIFEST.oneroster_version, options.version.label());
    for spec in options.version.files() {
        let mode = if present.contains(&spec.file) { Mode::Bulk } else { Mode::Absent };
        row(&MANIFEST.file_property(spec.file), mode.word());
    }
    for (property, value) in
        [(MANIFEST.system_name, &options.system_name), (MANIFEST.system_code, &options.system_code)]
    {
        if !value.is_empty() {
            row(property, value);
        }
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Version;

    #[test]
    fn every_row_of_the_version_stands_in_published_order() {
        for version in Version::ALL {
            let options = Options { system_code: "demo, isd".into(), ..Options::new(version) };
            let present = BTreeSet::from([File::Orgs, File::Users]);
            let block = manifest(&options, &present);
            assert_eq!(block.fault(), None);
            let mut reader = csv::Reader::from_reader(block.bytes());
            assert_eq!(reader.headers().unwrap(), &MANIFEST.header[..]);
            let rows: Vec<(String, String)> = reader.deserialize().collect::<Result<_, _>>().unwrap();
            let names: Vec<&String> = rows.iter().map(|(name, _)| name).collect();
            let published = MANIFEST.properties(version);
            assert_eq!(names, published.iter().map(|(name, _)| name).collect::<Vec<_>>());
            for (name, value) in &rows {
                let expected = match MANIFEST.property_file(name) {
                    Some(file) if present.contains(&file) => "bulk",
                    Some(_) => "absent",
                    None if name == "manifest.version" => "1.0",
                    None if name == "oneroster.version" => version.label(),
                    None if name == "source.systemName" => "rosterpack",
                    None => "demo, isd",
                };
                assert_eq!(value, expected, "{name}");
            }
        }
    }

    #[test]
    fn a_blank_sender_is_left_out() {
        let options = Options { system_name: String::new(), ..Options::new(Version::V1p1) };
        let block = manifest(&options, &BTreeSet::new());
        assert_eq!(block.rows(), 1 + 2 + 13);
        assert!(!String::from_utf8_lossy(block.bytes()).contains("source."));
    }
}
