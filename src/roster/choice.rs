//! Choosing one among several: e-mail addresses, telephones, log-in ids (mapping.md section 6).
//!
//! In: what the ODS has of a person. Out: the chosen text, and why. Every choice has a total order whose last
//! key is the text itself, so that row order never shows.

use std::borrow::Cow;

use crate::staging::descriptors::Descriptors;
use crate::staging::people::PersonText;

use super::clean::{address, clean, cleaned, same_value};
use super::orgs::{OrgType, Orgs};

/// Why a candidate was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is of the preferred type.
    Preferred,
    /// Nothing of the preferred type may be published: the first of another type.
    OtherType,
}

/// A chosen text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The text as written.
    pub value: String,
    /// Why this one.
    pub why: Why,
}

fn best<'a>(
    candidates: impl Iterator<Item = PersonText<'a>>,
    preferred: &str,
    descriptors: &Descriptors,
    written: impl Fn(&str) -> String,
) -> Option<Chosen> {
    candidates
        .filter(|c| !c.suppressed)
        .map(|c| {
            let kind = descriptors.code_value(c.kind);
            (!same_value(kind, preferred), kind, c.priority, written(&c.text))
        })
        .filter(|(_, _, _, value)| !value.is_empty())
        .min()
        .map(|(other, _, _, value)| Chosen {
            value,
            why: if other { Why::OtherType } else { Why::Preferred },
        })
}

/// The e-mail address of a person: what must not be published is removed first; then the preferred type, then
/// the type's name, then the address.
pub fn choose_email<'a>(
    candidates: impl Iterator<Item = PersonText<'a>>,
    preferred: &str,
    descriptors: &Descriptors,
) -> Option<Chosen> {
    best(candidates, preferred, descriptors, address)
}

/// The telephone of a person, by the same rule; a recorded order of priority breaks ties within a type.
pub fn choose_telephone<'a>(
    candidates: impl Iterator<Item = PersonText<'a>>,
    preferred: &str,
    descriptors: &Descriptors,
) -> Option<Chosen> {
    best(candidates, preferred, descriptors, |text| clean(text).into_owned())
}

/// Rank of an organization that says something of a student: LEA before school before others, then the lowest
/// id (mapping.md 0.10).
pub fn rank_of_org(orgs: &Orgs, id: i64) -> (u8, i64) {
    let kind = orgs.find(id).map(|n| orgs.rows[n as usize].kind);
    let rank = match kind {
        Some(OrgType::District) => 0,
        Some(OrgType::School) => 1,
        _ => 2,
    };
    (rank, id)
}

/// The log-in id of a student: that of the LEA, else of a school.
pub fn choose_login<'a>(candidates: impl Iterator<Item = PersonText<'a>>, orgs: &Orgs) -> Cow<'a, str> {
    candidates
        .map(|c| (rank_of_org(orgs, c.organization), cleaned(c.text)))
        .filter(|(_, text)| !text.is_empty())
        .min()
        .map(|(_, text)| text)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staging::descriptors::Descriptor;

    fn text(kind: Descriptor, suppressed: bool, text: &str) -> PersonText<'_> {
        PersonText { kind, organization: 0, suppressed, priority: i32::MAX, text: text.into() }
    }

    #[test]
    fn suppressed_addresses_are_removed_before_choosing() {
        let mut d = Descriptors::default();
        let home = d.intern("uri://ed-fi.org/ElectronicMailTypeDescriptor", "Home/Personal");
        let work = d.intern("uri://ed-fi.org/ElectronicMailTypeDescriptor", "Work");
        let other = d.intern("uri://ed-fi.org/ElectronicMailTypeDescriptor", "Other");
        let choose = |list: &[PersonText<'static>]| choose_email(list.iter().cloned(), "home/personal", &d);
        let chosen =
            choose(&[text(work, false, "w@x"), text(home, false, "B@x"), text(home, false, "a@X")]).unwrap();
        assert_eq!((chosen.value.as_str(), chosen.why), ("a@x", Why::Preferred));
        let chosen =
            choose(&[text(work, false, "w@x"), text(home, true, "a@x"), text(other, false, "o@x")]).unwrap();
        assert_eq!((chosen.value.as_str(), chosen.why), ("o@x", Why::OtherType));
        assert_eq!(choose(&[text(home, true, "a@x"), text(home, false, "  ")]), None);
    }
}
