//! lineItems.csv: mapping.md section 12.

use std::borrow::Cow;

use crate::package::Table;
use crate::roster::clean::clean;
use crate::roster::gradebook::{ItemSource, LineItem, line_item_key};
use crate::spec::FileSpec;

use super::{Cell, Emitter, NATURAL_KEY, NoRule, decimal, rows, text};

struct Row<'a> {
    item: &'a LineItem,
    title: Cow<'a, str>,
    description: Cow<'a, str>,
    class: [u8; 16],
    org: u32,
    category: [u8; 16],
    session: [u8; 16],
    school: [u8; 16],
    key: String,
}

fn cell<'a>(column: &str) -> Option<Cell<Row<'a>>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.item.sourced_id.0),
        "title" => |row, out| text(out, &row.title),
        "description" => |row, out| text(out, &row.description),
        "assignDate" => |row, out| out.date(row.item.assigned),
        "dueDate" => |row, out| out.date(row.item.due),
        "classSourcedId" => |row, out| out.id(&row.class),
        "categorySourcedId" => |row, out| out.id(&row.category),
        // One column under two names.
        "gradingPeriodSourcedId" | "academicSessionSourcedId" => |row, out| out.id(&row.session),
        "resultValueMin" => |row, out| decimal(out, row.item.bounds.map(|b| b.min)),
        "resultValueMax" => |row, out| decimal(out, row.item.bounds.map(|b| b.max)),
        "schoolSourcedId" => |row, out| out.id(&row.school),
        _ => return None,
    })
}

pub(super) fn table<'a>(emitter: &'a Emitter<'_>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let columns = emitter
        .columns(spec, cell)?
        .and(emitter.natural_key(), NATURAL_KEY, |row, out| text(out, &row.key))
        .at(|row, out| out.belongs_to(row.org));
    let items = &emitter.gradebook.items;
    Ok(rows(spec, items.len(), columns, move |unit| row(emitter, &items[unit])))
}

fn row<'a>(emitter: &'a Emitter<'_>, item: &'a LineItem) -> Row<'a> {
    let (staged, roster) = (emitter.staged, emitter.roster);
    let class = item.class as usize;
    let category = &emitter.gradebook.categories[item.category as usize];
    let session = &roster.sessions.rows[item.session as usize];
    let (title, description) = match item.source {
        ItemSource::Entry(entry) => {
            let entry = &staged.gradebook.entries[entry as usize];
            (clean(&entry.title), clean(&entry.description))
        }
        ItemSource::FinalGrade { .. } => {
            (Cow::Owned(format!("{}: {}", session.title, clean(&category.title))), Cow::Borrowed(""))
        }
    };
    Row {
        item,
        title,
        description,
        class: roster.classes.sourced_id[class].0,
        org: roster.classes.org[class],
        category: category.sourced_id.0,
        session: session.sourced_id.0,
        school: emitter.org_id(roster.classes.org[class]),
        key: emitter.key(|keys, key| keys.line_item(key, line_item_key(staged, item))),
    }
}
