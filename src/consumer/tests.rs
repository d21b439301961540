//! Every file of `profiles/` is listed, read, and says where it has its statements from.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;

#[test]
fn every_file_is_embedded_and_can_be_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
    let names =
        std::fs::read_dir(folder).unwrap().map(|item| item.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<String> = names.filter(|name| name.ends_with(".toml")).collect();
    let listed: BTreeSet<String> = FILES.iter().map(|(id, _)| format!("{id}.toml")).collect();
    assert_eq!(there, listed);
    assert!(FILES.is_sorted());
    for (id, file) in FILES {
        text::read(id, file).unwrap_or_else(|why| panic!("{why}"));
    }
    assert_eq!(all().len(), FILES.len());
}

#[test]
fn every_statement_is_a_sentence_with_a_source() {
    for consumer in all() {
        assert!(consumer.about.ends_with('.'), "{}", consumer.id);
        for statement in &consumer.statements {
            let Statement { axis, says, source, .. } = statement;
            let at = format!("{}: {}", consumer.id, axis.word());
            assert!(says.ends_with('.') && says.len() > 8, "{at}: {says}");
            // A page or a publication, not a rumour.
            let place =
                ["https://", "http://", "OneRoster CSV 1."].iter().any(|start| source.starts_with(start));
            assert!(place || source.contains(", "), "{at}: {source}");
        }
    }
}

/// What somebody does not want is a demand, too: no file is a mere description.
#[test]
fn every_consumer_demands_something() {
    for consumer in all() {
        assert!(consumer.demands().next().is_some(), "{}", consumer.id);
    }
}

#[test]
fn what_is_wrong_is_refused() {
    let all_but = |axis: &str| {
        let axes = Axis::ALL.iter().map(|axis| axis.word()).filter(|word| *word != axis);
        format!(
            "name = \"X\"\nabout = \"X.\"\nunconfirmed = [{}]\n",
            axes.map(|a| format!("{a:?}")).collect::<Vec<_>>().join(", ")
        )
    };
    let statement = |rest: &str| {
        format!(
            "{}[[statement]]\naxis = \"mode\"\nsays = \"Bulk.\"\nsource = \"https://x.example\"\n{rest}",
            all_but("mode")
        )
    };
    let good = "read = \"2026-11-22\"\n";
    assert!(text::read("x", &statement(good)).is_ok());
    assert!(text::read("x", &statement("read = \"unconfirmed\"\n")).unwrap().statements[0].read.is_none());
    for (bad, why) in [
        (all_but("mode"), "nothing is said of `mode`"),
        (statement(""), "missing field `read`"),
        (statement("read = \"soon\"\n"), "is no day"),
        (statement(&format!("{good}sauce = \"x\"\n")), "unknown field"),
        (
            statement(&format!("{good}[[statement.demand]]\ncode = \"consumer-x\"\nlevel = \"error\"\n")),
            "no such code",
        ),
        (
            statement(&format!(
                "{good}[[statement.demand]]\ncode = \"consumer-file-delta\"\nlevel = \"bad\"\n"
            )),
            "no level",
        ),
        (
            statement(&format!(
                "{good}[[statement.demand]]\ncode = \"consumer-file-delta\"\nlevel = \"error\"\nmost = 1\n"
            )),
            "more than this code takes",
        ),
        (
            statement(&format!(
                "{good}[[statement.demand]]\ncode = \"consumer-file-missing\"\nlevel = \"error\"\nfiles = [\"user\"]\n"
            )),
            "`user` is not known",
        ),
        (format!("{}unconfirmed-too = []\n", all_but("")), "unknown field"),
        (
            format!("{}[[statement]]\naxis = \"mode\"\nsays = \"B\"\nsource = \"s\"\n{good}", all_but("")),
            "although something is said",
        ),
    ] {
        let told = text::read("x", &bad).unwrap_err();
        assert!(told.contains(why), "{told}\nand not\n{why}");
    }
}
