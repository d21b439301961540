//! Education organizations: states, districts and schools with their names.
//!
//! In: the organization tables. Out: [`StagedOrgs`], sorted by kind and id. Which of them are exported is
//! decided in `roster::orgs`.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::edfi::contract as c;
use crate::source::SourceError;

use super::descriptors::{Descriptor, Descriptors};
use super::read::Reader;

/// What an organization is; the order is the order of orgs.csv.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrgKind {
    /// A state education agency.
    State,
    /// A local education agency.
    District,
    /// A school.
    School,
}

/// One organization.
#[derive(Debug, Clone)]
pub struct StagedOrg {
    /// What it is: the table it stands in decides (mapping.md section 2).
    pub kind: OrgKind,
    /// educationOrganizationId.
    pub id: i64,
    /// Name as stored; `None` when the educationOrganization row is missing.
    pub name: Option<String>,
    /// School: its LEA. LEA: its state agency.
    pub parent: Option<i64>,
    /// LEA: its parent LEA.
    pub parent_district: Option<i64>,
}

/// An address of an organization.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrgAddress {
    /// Code value of the address type.
    pub kind: String,
    /// Street number and name.
    pub street: String,
    /// Apartment, room or suite.
    pub room: String,
    /// City.
    pub city: String,
    /// State abbreviation.
    pub state: String,
    /// Postal code.
    pub postal_code: String,
}

/// All organizations of a source.
#[derive(Debug, Default)]
pub struct StagedOrgs {
    /// Sorted by (kind, id).
    pub rows: Vec<StagedOrg>,
    /// (organization, identification system, code), sorted; only read when a run asks for it.
    pub codes: Vec<(i64, Descriptor, String)>,
    /// Addresses that may be published, sorted; only read when a run asks for it.
    pub addresses: BTreeMap<i64, Vec<OrgAddress>>,
    /// School categories, sorted; only read when a run asks for it.
    pub categories: BTreeMap<i64, Vec<String>>,
}

impl StagedOrgs {
    pub(super) fn read(reader: &Reader<'_>, descriptors: &Descriptors) -> Result<StagedOrgs, SourceError> {
        let mut names: FxHashMap<i64, String> = FxHashMap::default();
        reader.each(&c::education_organizations::TABLE, |batch, row| {
            if let Some(id) = batch.int(c::education_organizations::ID, row) {
                let name = batch.text(c::education_organizations::NAME, row).to_owned();
                // Two rows of one id cannot be in a database; in a broken extract the smaller name wins.
                names.entry(id).and_modify(|n| *n = name.clone().min(n.clone())).or_insert(name);
            }
            Ok(())
        })?;
        let mut rows: BTreeMap<(OrgKind, i64), StagedOrg> = BTreeMap::new();
        let mut add = |kind, id: Option<i64>, parent, parent_district| {
            if let Some(id) = id {
                let org = StagedOrg { kind, id, name: names.get(&id).cloned(), parent, parent_district };
                rows.insert((kind, id), org);
            }
        };
        use c::{local_agencies as l, schools as s, state_agencies as st};
        reader.each(&st::TABLE, |b, r| {
            add(OrgKind::State, b.int(st::ID, r), None, None);
            Ok(())
        })?;
        reader.each(&l::TABLE, |b, r| {
            add(OrgKind::District, b.int(l::ID, r), b.int(l::STATE, r), b.int(l::PARENT, r));
            Ok(())
        })?;
        reader.each(&s::TABLE, |b, r| {
            add(OrgKind::School, b.int(s::ID, r), b.int(s::DISTRICT, r), None);
            Ok(())
        })?;
        let mut orgs = StagedOrgs { rows: rows.into_values().collect(), ..StagedOrgs::default() };
        orgs.read_details(reader, descriptors)?;
        Ok(orgs)
    }

    fn read_details(&mut self, reader: &Reader<'_>, descriptors: &Descriptors) -> Result<(), SourceError> {
        use c::{organization_addresses as a, organization_codes as o, school_categories as k};
        reader.each(&o::TABLE, |b, r| {
            if let (Some(id), Ok(system)) =
                (b.int(o::ORGANIZATION, r), descriptors.by_id(b.int(o::SYSTEM, r)))
            {
                self.codes.push((id, system, b.text(o::CODE, r).to_owned()));
            }
            Ok(())
        })?;
        self.codes.sort_by(|x, y| (x.0, &x.2).cmp(&(y.0, &y.2)));
        let value = |id| descriptors.by_id(id).map_or("", |d| descriptors.code_value(d)).to_owned();
        reader.each(&a::TABLE, |b, r| {
            if let (Some(id), false) = (b.int(a::ORGANIZATION, r), b.flag(a::SUPPRESSED, r) == Some(true)) {
                self.addresses.entry(id).or_default().push(OrgAddress {
                    kind: value(b.int(a::TYPE, r)),
                    street: b.text(a::STREET, r).to_owned(),
                    room: b.text(a::ROOM, r).to_owned(),
                    city: b.text(a::CITY, r).to_owned(),
                    state: value(b.int(a::STATE, r)),
                    postal_code: b.text(a::POSTAL_CODE, r).to_owned(),
                });
            }
            Ok(())
        })?;
        self.addresses.values_mut().for_each(|list| list.sort());
        reader.each(&k::TABLE, |b, r| {
            if let Some(id) = b.int(k::SCHOOL, r) {
                self.categories.entry(id).or_default().push(value(b.int(k::CATEGORY, r)));
            }
            Ok(())
        })?;
        self.categories.values_mut().for_each(|list| list.sort());
        Ok(())
    }
}
