//! orgs.csv: mapping.md section 2.

use crate::package::{CsvBlock, Table};
use crate::roster::clean::{clean, same_value};
use crate::roster::orgs::{Org, OrgType};
use crate::sourced_id::SourcedId;
use crate::spec::FileSpec;

use super::{Cell, Emitter, NATURAL_KEY, NoRule, reference, rows, text};

struct Row<'a> {
    org: &'a Org,
    parent: Option<SourcedId>,
    natural_key: Option<String>,
    metadata: Option<[String; 7]>,
}

/// Metadata columns that the best-practices guide suggests and Ed-Fi can fill (mapping.md section 2).
const METADATA: [&str; 7] = [
    "metadata.classification",
    "metadata.address1",
    "metadata.address2",
    "metadata.city",
    "metadata.state",
    "metadata.postCode",
    "metadata.country",
];

fn cell<'a>(column: &str) -> Option<Cell<Row<'a>>> {
    Some(match column {
        "sourcedId" => |row, out| out.id(&row.org.sourced_id.0),
        "name" => |row, out| text(out, &row.org.name),
        "type" => |row, out| out.known(row.org.kind.word()),
        "identifier" => |row, out| text(out, &row.org.identifier),
        "parentSourcedId" => |row, out| reference(out, row.parent),
        _ => return None,
    })
}

fn extension_cells(row: &Row<'_>, out: &mut CsvBlock) {
    if let Some(key) = &row.natural_key {
        out.text(key);
    }
    for cell in row.metadata.iter().flatten() {
        text(out, cell);
    }
}

pub(super) fn table<'a>(emitter: &'a Emitter<'_>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let mut cells = emitter.cells(spec, cell)?;
    cells.push(extension_cells);
    let orgs = &emitter.roster.orgs.rows;
    let kept: Vec<usize> = (0..orgs.len()).filter(|&n| orgs[n].fate.kept()).collect();
    let mut extensions = Vec::new();
    if emitter.natural_key() {
        extensions.push(NATURAL_KEY.to_owned());
    }
    if emitter.plan.mapping.org_metadata {
        extensions.extend(METADATA.map(str::to_owned));
    }
    Ok(rows(spec, kept.len(), extensions, cells, move |unit| {
        let org = &orgs[kept[unit]];
        Row {
            org,
            parent: org.parent.map(|n| orgs[n as usize].sourced_id),
            natural_key: emitter.natural_key().then(|| {
                let mut key = String::new();
                match &org.department {
                    Some(name) => emitter.keys.department(&mut key, org.id, name),
                    None => emitter.keys.org(&mut key, org.id),
                }
                key
            }),
            metadata: emitter.plan.mapping.org_metadata.then(|| metadata(emitter, org)),
        }
    }))
}

/// The physical address, else the mailing one, else the first by type.
fn metadata(emitter: &Emitter<'_>, org: &Org) -> [String; 7] {
    let mut cells: [String; 7] = Default::default();
    if org.kind == OrgType::Department {
        return cells;
    }
    let staged = &emitter.staged.orgs;
    let addresses = staged.addresses.get(&org.id).map_or(&[][..], Vec::as_slice);
    let of_kind = |kind: &str| addresses.iter().find(|a| same_value(&a.kind, kind));
    let chosen = of_kind("Physical").or_else(|| of_kind("Mailing")).or(addresses.first());
    if let Some(a) = chosen {
        for (cell, value) in
            cells[1..6].iter_mut().zip([&a.street, &a.room, &a.city, &a.state, &a.postal_code])
        {
            *cell = clean(value).into_owned();
        }
    }
    if let Some(categories) = staged.categories.get(&org.id) {
        cells[0] =
            categories.iter().map(|c| clean(c)).find(|c| !c.is_empty()).unwrap_or_default().into_owned();
    }
    cells
}
