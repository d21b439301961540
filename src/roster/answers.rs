//! Crosswalk answers by descriptor, with a count of the questions that had none.
//!
//! In: a crosswalk and the descriptor values of the run. Out: an answer per descriptor in constant time, and
//! afterwards the list of unmapped values with how often each was asked for (mapping.md 0.7).

use crate::crosswalk::{Answer, Crosswalk};
use crate::staging::descriptors::{Descriptor, Descriptors};

/// A descriptor value that the crosswalk does not know, and how many rows asked for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Unmapped {
    /// Seed file.
    pub seed: String,
    /// Code value.
    pub value: String,
    /// Rows that asked.
    pub count: u64,
}

/// What a crosswalk says of a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<T> {
    /// It is mapped.
    Mapped(T),
    /// It is known and left unmapped on purpose.
    Blank,
    /// The crosswalk does not know it.
    Unknown,
    /// There was no descriptor to ask about.
    Absent,
}

impl<T> Known<T> {
    /// The mapped value.
    pub fn mapped(self) -> Option<T> {
        match self {
            Known::Mapped(value) => Some(value),
            _ => None,
        }
    }
}

/// A crosswalk resolved for the descriptors of one run.
#[derive(Debug)]
pub struct Answers<T> {
    seed: String,
    by_descriptor: Vec<Known<T>>,
    unknown: Vec<u64>,
}

impl<T: Copy> Answers<T> {
    /// Resolves a crosswalk for all descriptors.
    pub fn new<S: PartialEq>(
        crosswalk: &Crosswalk<S>,
        descriptors: &Descriptors,
        value: impl Fn(&S) -> T,
    ) -> Answers<T> {
        let by_descriptor: Vec<Known<T>> = descriptors
            .all()
            .map(|d| match crosswalk.answer(descriptors.namespace(d), descriptors.code_value(d)) {
                Answer::Mapped(answer) => Known::Mapped(value(answer)),
                Answer::Blank => Known::Blank,
                Answer::Unknown => Known::Unknown,
            })
            .collect();
        let unknown = vec![0; by_descriptor.len()];
        Answers { seed: crosswalk.file().to_owned(), by_descriptor, unknown }
    }

    /// The answer, without counting.
    pub fn peek(&self, descriptor: Descriptor) -> Known<T> {
        match self.by_descriptor.get(Descriptors::index(descriptor)) {
            Some(known) => *known,
            None => Known::Absent,
        }
    }

    /// The answer; an unknown value is counted.
    pub fn ask(&mut self, descriptor: Descriptor) -> Known<T> {
        let known = self.peek(descriptor);
        if let (Known::Unknown, Some(count)) = (&known, self.unknown.get_mut(Descriptors::index(descriptor)))
        {
            *count += 1;
        }
        known
    }

    /// Values that were asked for and not known, sorted.
    pub fn unmapped(&self, descriptors: &Descriptors) -> Vec<Unmapped> {
        let mut list: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
        for (descriptor, &count) in descriptors.all().zip(&self.unknown) {
            if count > 0 {
                *list.entry(descriptors.code_value(descriptor)).or_default() += count;
            }
        }
        list.into_iter()
            .map(|(value, count)| Unmapped { seed: self.seed.clone(), value: value.to_owned(), count })
            .collect()
    }
}
