//! Demographics of exported students (mapping.md section 8).
//!
//! In: staged demographic facts, exported students. Out: [`Demographics`]: the cells of one student on demand,
//! reduced over all organizations (LEA before school, first value; races are a union, mapping.md 0.10), and
//! the configured extension columns.

use crate::config::extensions::{Attribute, Extension};
use crate::crosswalk::Race;
use crate::day::Day;
use crate::staging::Staged;
use crate::staging::descriptors::Descriptor;
use crate::staging::people::rows_of;
use crate::staging::students::OrgDemographics;

use super::answers::Answers;
use super::choice::rank_of_org;
use super::clean::{clean, same_value};
use super::context::Context;

use super::orgs::Orgs;
use super::students::Students;

/// Demographic cells, and what they are made from.
#[derive(Debug)]
pub struct Demographics {
    sexes: Answers<&'static str>,
    races: Answers<Race>,
    /// Extension columns in the order of their names.
    pub extensions: Vec<Extension>,
}

/// The cells of one student.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemographicCells<'a> {
    /// Birth date.
    pub birth_date: Option<Day>,
    /// Word of the sex vocabulary of 1.2, of which 1.1 has a part.
    pub sex: Option<&'static str>,
    /// The five races; blank for all when none of the student's races maps.
    pub races: Option<[bool; 5]>,
    /// Hispanic or Latino, if anybody said so or otherwise.
    pub hispanic: Option<bool>,
    /// Country of birth as stored.
    pub country: &'a str,
    /// State of birth as stored.
    pub state: &'a str,
    /// City of birth as stored.
    pub city: &'a str,
}

impl DemographicCells<'_> {
    /// Whether the student is of more than one distinct mapped race; blank when none maps.
    pub fn two_or_more(&self) -> Option<bool> {
        self.races.map(|races| races.iter().filter(|r| **r).count() > 1)
    }
}

impl Demographics {
    pub(super) fn build(
        ctx: &mut Context<'_>,
        students: &Students,
        extensions: Vec<Extension>,
    ) -> Demographics {
        let staged = ctx.staged;
        let mut demographics = Demographics {
            sexes: Answers::new(&ctx.crosswalks.sexes, &staged.descriptors, |&word| word),
            races: Answers::new(&ctx.crosswalks.races, &staged.descriptors, |&race| race),
            extensions,
        };
        let kept = |student: u32| students.fate[student as usize].kept();
        let organizations = &staged.student_demographics.organizations;
        for (_, fact) in organizations.iter().filter(|(student, _)| kept(*student)) {
            demographics.sexes.ask(fact.sex);
        }
        for birth in staged.student_demographics.births.iter().filter(|b| kept(b.student)) {
            // The sex at birth is asked for only where no organization states one.
            let sex = birth.origin.sex;
            if sex.is_some() && !organizations.of(birth.student).any(|f| f.sex.is_some()) {
                demographics.sexes.ask(sex);
            }
        }
        for &(_, race) in staged.student_demographics.races.iter().filter(|(s, _)| kept(*s)) {
            demographics.races.ask(race);
        }
        ctx.collect(&demographics.sexes);
        ctx.collect(&demographics.races);
        demographics
    }

    /// The cells of a student.
    pub fn cells<'a>(&self, staged: &'a Staged, orgs: &Orgs, student: u32) -> DemographicCells<'a> {
        let facts = &staged.student_demographics;
        let said = said_of(staged, orgs, student);
        let birth = facts.births.of(student);
        let origin = birth.map(|b| b.origin);
        let sex = said
            .iter()
            .map(|f| f.sex)
            .find(|d| d.is_some())
            .or_else(|| origin.map(|o| o.sex))
            .and_then(|d| self.sexes.peek(d).mapped());
        let mut races = [false; 5];
        let mut hispanic_race = false;
        for &(_, race) in &facts.races[rows_of(&facts.races, student, |r| r.0)] {
            match self.races.peek(race).mapped() {
                Some(Race::HispanicOrLatino) => hispanic_race = true,
                Some(race) => races[race as usize] = true,
                None => {}
            }
        }
        let flagged = said.iter().find_map(|f| f.hispanic);
        DemographicCells {
            birth_date: birth.and_then(|b| b.date),
            sex,
            races: races.contains(&true).then_some(races),
            hispanic: if hispanic_race { Some(true) } else { flagged },
            country: origin.map_or("", |o| staged.descriptors.code_value(o.country)),
            state: origin.map_or("", |o| staged.descriptors.code_value(o.state)),
            city: origin.map_or("", |o| facts.words.cities.get(o.city)),
        }
    }

    /// The cell of an extension column.
    pub fn extension(
        &self,
        staged: &Staged,
        orgs: &Orgs,
        student: u32,
        attribute: &Attribute,
        as_of: Day,
    ) -> String {
        let facts = &staged.student_demographics;
        let value = |d: Descriptor| staged.descriptors.code_value(d);
        let origin = || facts.births.of(student).map(|birth| birth.origin);
        let flag = |yes: bool| if yes { "true" } else { "false" }.to_owned();
        let text = match attribute {
            Attribute::BirthCity => origin().map_or("", |o| facts.words.cities.get(o.city)).to_owned(),
            Attribute::BirthState => origin().map_or("", |o| value(o.state)).to_owned(),
            Attribute::BirthCountry => origin().map_or("", |o| value(o.country)).to_owned(),
            Attribute::BirthSex => origin().map_or("", |o| value(o.sex)).to_owned(),
            Attribute::GenderIdentity => said_of(staged, orgs, student)
                .iter()
                .map(|f| facts.words.genders.get(f.gender_identity))
                .find(|text| !text.is_empty())
                .unwrap_or("")
                .to_owned(),
            Attribute::LimitedEnglish => said_of(staged, orgs, student)
                .iter()
                .map(|f| f.limited_english)
                .find(|d| d.is_some())
                .map_or("", value)
                .to_owned(),
            Attribute::MiddleName => staged.students.middle.get(student as usize).to_owned(),
            Attribute::PreferredFirstName => staged.students.preferred_first.get(student as usize).to_owned(),
            Attribute::PreferredLastSurname => {
                staged.students.preferred_last.get(student as usize).to_owned()
            }
            Attribute::Characteristic(wanted) => flag(
                facts.characteristics[rows_of(&facts.characteristics, student, |c| c.0)]
                    .iter()
                    .any(|&(_, d)| same_value(value(d), wanted)),
            ),
            Attribute::Program(wanted) => {
                flag(facts.programs[rows_of(&facts.programs, student, |p| p.student)].iter().any(|p| {
                    same_value(value(p.kind), wanted)
                        && p.begin.is_none_or(|d| d <= as_of)
                        && p.end.is_none_or(|d| d >= as_of)
                }))
            }
            Attribute::Indicator(wanted) => facts.indicators
                [rows_of(&facts.indicators, student, |i| i.student)]
            .iter()
            .find(|i| same_value(facts.words.indicators.get(i.name), wanted))
            .map_or("", |i| facts.words.indicators.get(i.value))
            .to_owned(),
        };
        clean(&text).into_owned()
    }
}

/// What organizations say of a student: LEA first, then schools, then the lowest id.
fn said_of<'a>(staged: &'a Staged, orgs: &Orgs, student: u32) -> Vec<&'a OrgDemographics> {
    let mut said: Vec<&OrgDemographics> = staged.student_demographics.organizations.of(student).collect();
    said.sort_by_key(|f| rank_of_org(orgs, f.organization));
    said
}
