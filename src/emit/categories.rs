//! categories.csv: mapping.md section 12.

use crate::package::Table;
use crate::roster::clean::clean;
use crate::roster::gradebook::Category;
use crate::spec::FileSpec;

use super::{Cell, Emitter, NATURAL_KEY, NoRule, rows, text};

struct Row<'a> {
    category: &'a Category,
    key: String,
}

fn cell<'a>(column: &str) -> Option<Cell<Row<'a>>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.category.sourced_id.0),
        "title" => |row, out| text(out, &clean(&row.category.title)),
        // Ed-Fi has no weights.
        "weight" => |_, out| out.blank(),
        _ => return None,
    })
}

pub(super) fn table<'a>(emitter: &'a Emitter<'_>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let columns =
        emitter.columns(spec, cell)?.and(emitter.natural_key(), NATURAL_KEY, |row, out| text(out, &row.key));
    let categories = &emitter.gradebook.categories;
    Ok(rows(spec, categories.len(), columns, move |unit| Row {
        category: &categories[unit],
        key: emitter.key(|keys, key| keys.category(key, &categories[unit].title)),
    }))
}
