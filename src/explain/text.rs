//! Explanations as text: the answer first, then what shows it.
//!
//! In: an [`Explanation`] or a [`ColumnAnswer`]. Out: plain text for a terminal or a mail, without colours. Control
//! characters of values are shown escaped, so that a name cannot write on somebody's terminal.

use std::fmt::{self, Display, Write};

use super::column::ColumnAnswer;
use super::mapping::plain;
use super::model::{Cell, Decision, Explanation, FileRows, TableRows};

/// A value on one line.
struct OneLine<'a>(&'a str);

impl Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c.is_control() {
                true => write!(f, "{}", c.escape_default())?,
                false => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

fn cells(f: &mut fmt::Formatter<'_>, row: &[Cell]) -> fmt::Result {
    let width = row.iter().map(|cell| cell.column.chars().count()).max().unwrap_or_default();
    for cell in row.iter().filter(|cell| !cell.value.is_empty()) {
        writeln!(f, "    {:width$}  {}", cell.column, OneLine(&cell.value))?;
    }
    let blank: Vec<&str> = row.iter().filter(|c| c.value.is_empty()).map(|c| c.column.as_str()).collect();
    match blank.is_empty() {
        true => Ok(()),
        false => writeln!(f, "    blank: {}", blank.join(", ")),
    }
}

fn rows(f: &mut fmt::Formatter<'_>, rows: &[Vec<Cell>]) -> fmt::Result {
    for (n, row) in rows.iter().enumerate() {
        if rows.len() > 1 {
            writeln!(f, "   row {}", n + 1)?;
        }
        cells(f, row)?;
    }
    Ok(())
}

fn table(f: &mut fmt::Formatter<'_>, table: &TableRows) -> fmt::Result {
    let shown = table.rows.len() as u64;
    let count = match (table.count, shown) {
        (1, 0) => "1 row names it".to_owned(),
        (count, 0) => format!("{count} rows name it"),
        (1, _) => "1 row".to_owned(),
        (count, shown) if shown < count => format!("{count} rows, of which {shown} are shown"),
        (count, _) => format!("{count} rows"),
    };
    writeln!(f, "  {} ({}): {count}", table.table, table.what)?;
    rows(f, &table.rows)
}

fn decision(f: &mut fmt::Formatter<'_>, number: usize, decision: &Decision) -> fmt::Result {
    writeln!(f, "  {number}. {}: {}", OneLine(&decision.about), decision.outcome.word())?;
    writeln!(f, "     {}", OneLine(&decision.why))?;
    for input in decision.inputs.iter().filter(|input| !input.value.is_empty()) {
        writeln!(f, "       {}: {}", input.name, OneLine(&input.value))?;
    }
    let code = decision.code.map_or(String::new(), |code| format!("{code}; "));
    writeln!(f, "     [{code}mapping.md, {}]", decision.section)
}

fn file(f: &mut fmt::Formatter<'_>, file: &FileRows) -> fmt::Result {
    let count = match file.rows.len() {
        1 => "1 row".to_owned(),
        count => format!("{count} rows"),
    };
    writeln!(f, "  {}: {count}", file.file)?;
    rows(f, &file.rows)
}

impl Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for sentence in &self.answer {
            writeln!(f, "{}", OneLine(sentence))?;
        }
        for reason in &self.package_refused {
            writeln!(f, "The package as a whole is refused: {}.", OneLine(reason))?;
        }
        if let Some(cause) = &self.cause {
            writeln!(f, "\nWhy: {} ({})", cause.code, OneLine(&cause.cause))?;
            writeln!(f, "  {}", cause.summary)?;
            writeln!(f, "  What to do: {}", cause.remedy)?;
            let left_out: Vec<String> =
                cause.left_out.iter().map(|(file, rows)| format!("{rows} of {file}.csv")).collect();
            if !left_out.is_empty() {
                writeln!(f, "  Left out for this cause, here and elsewhere: {}", left_out.join(", "))?;
            }
            writeln!(f, "  [mapping.md, {}]", cause.section)?;
        }
        if let Some(id) = &self.id {
            writeln!(f, "\nThe id is the MD5 of\n  {}", OneLine(&id.natural_key))?;
        }
        let run = &self.run;
        writeln!(
            f,
            "\nWhat the source says ({}, data standard {}, school year {})",
            run.source, run.data_standard, run.school_year
        )?;
        if self.source.is_empty() {
            writeln!(f, "  nothing")?;
        }
        self.source.iter().try_for_each(|found| table(f, found))?;
        writeln!(f, "\nWhat was decided, as of {}", run.as_of)?;
        if self.decisions.is_empty() {
            writeln!(f, "  nothing")?;
        }
        for (n, found) in self.decisions.iter().enumerate() {
            decision(f, n + 1, found)?;
        }
        writeln!(f, "\nWhat is in the package (tenant {}, OneRoster {})", run.tenant, self.oneroster)?;
        if self.output.is_empty() {
            writeln!(f, "  nothing")?;
        }
        self.output.iter().try_for_each(|found| file(f, found))?;
        if !self.follows.is_empty() {
            writeln!(f, "\nWhat refers to it")?;
            for follow in &self.follows {
                writeln!(f, "  {} of {} by {}", follow.rows, follow.file, follow.column)?;
            }
        }
        Ok(())
    }
}

impl Display for ColumnAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} column {} (OneRoster {})", self.file, self.column, self.oneroster)?;
        match &self.specification {
            None => writeln!(f, "\nSpecification\n  none: an extension column")?,
            Some(spec) => {
                writeln!(f, "\nSpecification\n  {}\n  {}; holds {}", spec.doc, spec.need, spec.holds)?;
                if !spec.words.is_empty() {
                    writeln!(f, "  words: {}", spec.words.join(", "))?;
                }
                spec.bound_by.iter().try_for_each(|bond| writeln!(f, "  {bond}"))?;
            }
        }
        writeln!(f, "\nMapping [mapping.md, {}]", self.section)?;
        match &self.mapping {
            None => writeln!(f, "  the file is never written: Ed-Fi has no source for it")?,
            Some(rule) => {
                for (word, text) in [("from", rule.from), ("rule", rule.rule), ("without it", rule.without)] {
                    if !text.is_empty() {
                        writeln!(f, "  {word}: {}", plain(text))?;
                    }
                }
            }
        }
        for seed in &self.seeds {
            let (from, to) = (seed.from.join(" or "), seed.to.join(", "));
            writeln!(f, "\nCrosswalk {}\n  {from} -> {to}\n  read from: {}", seed.file, seed.read_from)?;
        }
        for setting in &self.settings {
            writeln!(f, "\nSetting {} [{}]\n  {}", setting.name, setting.default, setting.doc)?;
        }
        for notice in &self.notices {
            writeln!(f, "\nNotice {} ({})\n  {}", notice.code, notice.severity.word(), notice.summary)?;
        }
        Ok(())
    }
}
