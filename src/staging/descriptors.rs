//! Descriptor values by their private id.
//!
//! In: the descriptor table. Out: [`Descriptor`]s, small integers that mean one (namespace, code value) pair
//! for the length of a run. The database's descriptor ids end here (mapping.md 0.8).

use rustc_hash::FxHashMap;

use crate::edfi::contract::descriptors as c;
use crate::source::SourceError;

use super::read::Reader;

/// A descriptor value of this run, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Descriptor(u32);

impl Descriptor {
    /// No value: a null descriptor column.
    pub const NONE: Descriptor = Descriptor(u32::MAX);

    /// Whether there is a value.
    pub fn is_some(self) -> bool {
        self != Descriptor::NONE
    }
}

/// All descriptor values of a source.
#[derive(Debug, Default)]
pub struct Descriptors {
    values: Vec<(String, String)>,
    by_id: FxHashMap<i64, u32>,
    by_value: FxHashMap<(String, String), u32>,
}

impl Descriptors {
    pub(super) fn read(reader: &Reader<'_>) -> Result<Descriptors, SourceError> {
        let mut descriptors = Descriptors::default();
        reader.each(&c::TABLE, |batch, row| {
            if let Some(id) = batch.int(c::ID, row) {
                let value = descriptors.intern(batch.text(c::NAMESPACE, row), batch.text(c::CODE_VALUE, row));
                descriptors.by_id.insert(id, value.0);
            }
            Ok(())
        })?;
        Ok(descriptors)
    }

    /// The descriptor of a value, made when there is none yet.
    pub fn intern(&mut self, namespace: &str, code_value: &str) -> Descriptor {
        let key = (namespace.to_owned(), code_value.to_owned());
        if let Some(&found) = self.by_value.get(&key) {
            return Descriptor(found);
        }
        let new = self.values.len() as u32;
        self.values.push(key.clone());
        self.by_value.insert(key, new);
        Descriptor(new)
    }

    /// The value behind a private id; `Err` carries an id that the descriptor table does not have.
    pub fn by_id(&self, id: Option<i64>) -> Result<Descriptor, i64> {
        match id {
            None => Ok(Descriptor::NONE),
            Some(id) => self.by_id.get(&id).map(|&n| Descriptor(n)).ok_or(id),
        }
    }

    /// Code value, `""` for none.
    pub fn code_value(&self, descriptor: Descriptor) -> &str {
        self.values.get(descriptor.0 as usize).map_or("", |(_, code)| code)
    }

    /// Namespace, `""` for none.
    pub fn namespace(&self, descriptor: Descriptor) -> &str {
        self.values.get(descriptor.0 as usize).map_or("", |(namespace, _)| namespace)
    }

    /// What values are ordered by: code value and namespace, which no two of them share.
    #[inline]
    pub fn place(&self, descriptor: Descriptor) -> (&str, &str) {
        (self.code_value(descriptor), self.namespace(descriptor))
    }

    /// Sorts values by code value and namespace, and removes duplicates.
    pub fn sort(&self, values: &mut Vec<Descriptor>) {
        values.sort_by_key(|&d| self.place(d));
        values.dedup();
    }

    /// Number of values; every [`Descriptor`] but none is below it.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Every value of the run.
    pub fn all(&self) -> impl Iterator<Item = Descriptor> + use<> {
        (0..self.values.len() as u32).map(Descriptor)
    }

    /// Position of a descriptor, for tables by descriptor.
    pub fn index(descriptor: Descriptor) -> usize {
        descriptor.0 as usize
    }
}
