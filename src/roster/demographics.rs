//! Demographics of exported students (mapping.md section 8).
//!
//! In: staged demographic facts, exported students. Out: [`Demographics`]: the cells of one student on demand,
//! reduced over all organizations (LEA before school, first value; races are a union, mapping.md 0.10), and
//! the configured extension columns.

use std::ops::Range;

use crate::config::extensions::{Attribute, Extension};
use crate::crosswalk::Race;
use crate::day::Day;
use crate::staging::Staged;
use crate::staging::descriptors::Descriptor;
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

/// The rows of one student in a list sorted by student.
fn of<T>(list: &[T], student: u32, student_of: impl Fn(&T) -> u32) -> Range<usize> {
    let begin = list.partition_point(|item| student_of(item) < student);
    let length = list[begin..].iter().take_while(|item| student_of(item) == student).count();
    begin..begin + length
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
        for fact in organizations.iter().filter(|f| kept(f.student)) {
            demographics.sexes.ask(fact.sex);
        }
        for birth in staged.student_demographics.births.iter().filter(|b| kept(b.student)) {
            // The sex at birth is asked for only where no organization states one.
            let said = &organizations[of(organizations, birth.student, |f| f.student)];
            if birth.sex.is_some() && !said.iter().any(|f| f.sex.is_some()) {
                demographics.sexes.ask(birth.sex);
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
        let birth = facts.births[of(&facts.births, student, |b| b.student)].first();
        let sex = said
            .iter()
            .map(|f| f.sex)
            .find(|d| d.is_some())
            .or_else(|| birth.map(|b| b.sex))
            .and_then(|d| self.sexes.peek(d).mapped());
        let mut races = [false; 5];
        let mut hispanic_race = false;
        for &(_, race) in &facts.races[of(&facts.races, student, |r| r.0)] {
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
            country: birth.map_or("", |b| staged.descriptors.code_value(b.country)),
            state: birth.map_or("", |b| staged.descriptors.code_value(b.state)),
            city: birth.map_or("", |b| facts.words.cities.get(b.city)),
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
        let birth = || facts.births[of(&facts.births, student, |b| b.student)].first();
        let flag = |yes: bool| if yes { "true" } else { "false" }.to_owned();
        let text = match attribute {
            Attribute::BirthCity => birth().map_or("", |b| facts.words.cities.get(b.city)).to_owned(),
            Attribute::BirthState => birth().map_or("", |b| value(b.state)).to_owned(),
            Attribute::BirthCountry => birth().map_or("", |b| value(b.country)).to_owned(),
            Attribute::BirthSex => birth().map_or("", |b| value(b.sex)).to_owned(),
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
                facts.characteristics[of(&facts.characteristics, student, |c| c.0)]
                    .iter()
                    .any(|&(_, d)| same_value(value(d), wanted)),
            ),
            Attribute::Program(wanted) => {
                flag(facts.programs[of(&facts.programs, student, |p| p.student)].iter().any(|p| {
                    same_value(value(p.kind), wanted)
                        && p.begin.is_none_or(|d| d <= as_of)
                        && p.end.is_none_or(|d| d >= as_of)
                }))
            }
            Attribute::Indicator(wanted) => facts.indicators[of(&facts.indicators, student, |i| i.student)]
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
    let all = &staged.student_demographics.organizations;
    let mut said: Vec<&OrgDemographics> = all[of(all, student, |f| f.student)].iter().collect();
    said.sort_by_key(|f| rank_of_org(orgs, f.organization));
    said
}
