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
    key: String,
    metadata: Option<[String; 6]>,
}

/// Metadata columns that the best-practices guide suggests and Ed-Fi can fill (mapping.md section 2).
const METADATA: [&str; 6] = [
    "metadata.classification",
    "metadata.address1",
    "metadata.address2",
    "metadata.city",
    "metadata.state",
    "metadata.postCode",
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

fn metadata_cells(row: &Row<'_>, out: &mut CsvBlock) {
    for cell in row.metadata.iter().flatten() {
        text(out, cell);
    }
}

pub(super) fn table<'a>(emitter: &'a Emitter<'_>, spec: &'static FileSpec) -> Result<Table<'a>, NoRule> {
    let wanted = METADATA.iter().filter(|_| emitter.plan.mapping.org_metadata);
    let columns = emitter
        .columns(spec, cell)?
        .and(emitter.natural_key(), NATURAL_KEY, |row, out| text(out, &row.key))
        .and_all(wanted.map(|header| (*header).to_owned()), metadata_cells);
    let orgs = &emitter.roster.orgs.rows;
    let kept: Vec<usize> = (0..orgs.len()).filter(|&n| orgs[n].fate.kept()).collect();
    Ok(rows(spec, kept.len(), columns, move |unit| {
        let org = &orgs[kept[unit]];
        Row {
            org,
            parent: org.parent.map(|n| orgs[n as usize].sourced_id),
            key: emitter.key(|keys, key| match &org.department {
                Some(name) => keys.department(key, org.id, name),
                None => keys.org(key, org.id),
            }),
            metadata: emitter.plan.mapping.org_metadata.then(|| metadata(emitter, org)),
        }
    }))
}

/// The physical address, else the mailing one, else the first by type.
fn metadata(emitter: &Emitter<'_>, org: &Org) -> [String; 6] {
    let mut cells: [String; 6] = Default::default();
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
