//! The timetable of a school: which sections there are, when, where and with whom.
//!
//! In: a school. Out: classes (a section in each of its sessions), with a teacher and a room, so that nobody is in
//! two places in one period: the subjects of a grade rotate through the periods, and a teacher of a subject
//! meets one group of each grade.

use super::catalog::{self, Course, GRADES, Owner};
use super::chance::Chance;
use super::class_records::{self as record, SectionKey};
use super::family::{Family, SERVICE_CENTER, STATE_AGENCY, School, shares};
use super::rows::Rows;
use super::schools::{self, CLASS_PERIODS, school_code};
use crate::day::Day;
use std::ops::Range;

/// Students that a section is planned for.
const GROUP: u64 = 25;

/// A class: one section in each of its sessions, with the same students, teacher and room.
#[derive(Debug)]
pub(super) struct Class {
    /// Position in [`Timetable::courses`].
    pub course: usize,
    pub grade: usize,
    /// Position in [`CLASS_PERIODS`].
    pub period: usize,
    /// Number of the teacher within the school.
    pub teacher: usize,
    /// Position of the session and section identifier there.
    pub sections: Vec<(usize, String)>,
}

/// A slot of a grade: the classes of each course that one may choose.
pub(super) type Slot = Vec<Range<usize>>;

/// Everything that is taught at a school.
pub(super) struct Timetable {
    /// Courses with the ids of their owners.
    pub courses: Vec<(Course, i64)>,
    pub classes: Vec<Class>,
    /// By grade of the school, by slot.
    pub slots: Vec<Vec<Slot>>,
    /// Students by grade of the school.
    pub sizes: Vec<u64>,
    /// How many teachers it takes.
    pub teachers: usize,
}

impl Timetable {
    /// Plans the timetable of a school. Only with `named` do its sections get their identifiers, which are most of the
    /// work and not always read.
    pub(super) fn new(family: &Family, school: &School, named: bool, chance: &mut Chance) -> Timetable {
        let grades = school.kind.grades();
        let sizes = shares(
            school.students,
            grades.clone().map(|_| 80 + chance.below(40) as u64).collect::<Vec<_>>().into_iter(),
        );
        let mut table =
            Timetable { courses: Vec::new(), classes: Vec::new(), slots: Vec::new(), sizes, teachers: 0 };
        // Teachers of a slot's subject, the same for all grades; those who move with a class come first.
        let mut specialists: [Vec<usize>; 6] = Default::default();
        for (nth, grade) in grades.enumerate() {
            let size = table.sizes[nth];
            let mut slots: Vec<Slot> = Vec::new();
            let with_class = table.teachers;
            let mut used = 0;
            for (slot, choices) in catalog::slots(grade).into_iter().enumerate() {
                let mut ranges = Slot::new();
                let mut group = 0;
                let each = size.div_ceil(choices.len() as u64).div_ceil(GROUP);
                for course in choices {
                    let with = course.with_class;
                    let course = table.course(family, school, course);
                    let begin = table.classes.len();
                    for _ in 0..each {
                        let teacher = if with {
                            used = used.max(group + 1);
                            table.teachers = table.teachers.max(with_class + used);
                            with_class + group
                        } else {
                            if specialists[slot].len() == group {
                                specialists[slot].push(table.teachers);
                                table.teachers += 1;
                            }
                            specialists[slot][group]
                        };
                        table.classes.push(Class {
                            course,
                            grade,
                            period: (slot + nth) % CLASS_PERIODS.len(),
                            teacher,
                            sections: Vec::new(),
                        });
                        group += 1;
                    }
                    ranges.push(begin..table.classes.len());
                }
                for class in ranges.iter().flat_map(|range| range.clone()) {
                    table.classes[class].sections =
                        sections(school, slot, named, &table.courses, &table.classes[class]);
                }
                slots.push(ranges);
            }
            table.slots.push(slots);
        }
        table
    }

    /// The position of a course, which is added when it is new.
    fn course(&mut self, family: &Family, school: &School, mut course: Course) -> usize {
        let owner = match course.owner {
            Owner::State => STATE_AGENCY,
            Owner::ServiceCenter => SERVICE_CENTER,
            Owner::Agency => family.agency(school).id,
            Owner::School => {
                course.code = school_code(&course.code, school);
                school.id
            }
        };
        if let Some(known) = self.courses.iter().position(|(c, _)| c.code == course.code) {
            return known;
        }
        self.courses.push((course, owner));
        self.courses.len() - 1
    }

    /// The key of a class in one of its sessions.
    pub(super) fn key<'a>(
        &'a self,
        school: &'a School,
        year: i16,
        class: usize,
        nth: usize,
    ) -> SectionKey<'a> {
        let class = &self.classes[class];
        let (term, section) = &class.sections[nth];
        SectionKey {
            local: &self.courses[class.course].0.code,
            school: school.id,
            year,
            session: &school.terms[*term].name,
            section,
        }
    }

    /// Writes periods, rooms, offerings and sections.
    pub(super) fn write(&self, school: &School, year: i16, chance: &mut Chance, rows: &mut Rows<'_>) {
        if !rows.wants(&["section*", "courseoffering", "classperiod", "location", "gradebookentry"]) {
            // What is written behind draws on the chances after these.
            for _ in &self.classes {
                chance.permille(40);
            }
            return;
        }
        schools::write_class_periods(rows, school.id);
        for teacher in 0..self.teachers {
            schools::write_room(rows, school.id, &room(teacher));
        }
        let mut offered = vec![false; self.courses.len() * school.terms.len()];
        for (number, class) in self.classes.iter().enumerate() {
            let room = room(class.teacher);
            let room = (!chance.permille(40)).then_some(room.as_str());
            for nth in 0..class.sections.len() {
                let key = self.key(school, year, number, nth);
                let term = class.sections[nth].0;
                let (course, owner) = &self.courses[class.course];
                if !std::mem::replace(&mut offered[class.course * school.terms.len() + term], true) {
                    let title = (class.course % 5 == 2)
                        .then(|| format!("{} ({})", course.title, school.terms[term].descriptor));
                    record::offering(rows, key, &course.code, *owner, title.as_deref());
                }
                record::section(rows, key, room);
                // Elementary schools put only the homeroom into a period.
                if course.homeroom || !course.with_class {
                    record::section_period(rows, key, CLASS_PERIODS[class.period]);
                }
                // A course of one grade says so itself.
                if course.grades.0 != course.grades.1 {
                    record::section_grade(rows, key, GRADES[class.grade]);
                }
            }
        }
        self.write_gradebook(school, year, rows);
    }

    /// Three entries for the first section of the school, the last without a due date.
    fn write_gradebook(&self, school: &School, year: i16, rows: &mut Rows<'_>) {
        let periods = schools::grading_periods(school);
        if let (Some(class), Some((_, period))) = (self.classes.first(), periods.first())
            && !class.sections.is_empty()
        {
            for nth in 0..3i32 {
                let assigned = Day::at(period.begin.number() + 7 * (nth + 1));
                record::gradebook_entry(
                    rows,
                    self.key(school, year, 0, 0),
                    &gradebook_entry(school, nth),
                    assigned,
                    (nth < 2).then_some(Day::at(assigned.number() + 2)),
                    (period.descriptor, period.sequence, &period.name),
                );
            }
        }
    }
}

/// The identifier of a gradebook entry of a school.
pub(super) fn gradebook_entry(school: &School, nth: i32) -> String {
    format!("{}-HW-{}", school.id, nth + 1)
}

/// The room of a teacher.
pub(super) fn room(teacher: usize) -> String {
    format!("{}", 101 + teacher)
}

/// Semester schools teach a course in both semesters, quarter schools in every other quarter.
fn sections(
    school: &School,
    slot: usize,
    named: bool,
    courses: &[(Course, i64)],
    class: &Class,
) -> Vec<(usize, String)> {
    let terms: &[usize] = match (school.terms.len(), slot) {
        (4, 0..3) => &[0, 2],
        (4, _) => &[1, 3],
        _ => &[0, 1],
    };
    if !named {
        return terms.iter().map(|term| (*term, String::new())).collect();
    }
    let course: String = courses[class.course].0.code.chars().filter(|c| *c != '-').collect();
    let year = school.terms.last().map_or(0, |t| t.end.ymd().0);
    terms
        .iter()
        .enumerate()
        .map(|(nth, term)| {
            // In every third school the identifier is the same in both sessions: only the whole key is unique.
            let half = if school.id % 3 == 0 { 0 } else { nth + 1 };
            (
                *term,
                format!(
                    "{}{:02}Trad{}{course}{half}{year}",
                    school.id,
                    class.period + 1,
                    room(class.teacher)
                ),
            )
        })
        .collect()
}
