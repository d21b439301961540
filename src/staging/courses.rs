//! Courses and their offerings.
//!
//! In: course, courseAcademicSubject, offered grade levels, courseOffering. Out: [`StagedCourses`], sorted.
//! Which course a class belongs to, and what becomes a row of courses.csv, is decided in `roster::courses`.

use crate::edfi::Table;
use crate::edfi::contract as c;
use crate::source::SourceError;

use super::descriptors::{Descriptor, Descriptors};
use super::keys::{Found, KeyIndex, hash_key};
use super::read::Reader;
use super::time::StagedTime;

/// A course.
#[derive(Debug, Clone)]
pub struct StagedCourse {
    /// Organization that owns it.
    pub owner: i64,
    /// courseCode as stored: part of ids.
    pub code: String,
    /// courseTitle.
    pub title: String,
    /// Career pathway.
    pub pathway: Descriptor,
    /// timeRequiredForCompletion, in days.
    pub duration: Option<i64>,
    /// Academic subjects, sorted by code value.
    pub subjects: Vec<Descriptor>,
    /// Offered grade levels, sorted by code value.
    pub grades: Vec<Descriptor>,
}

/// An offering of a course in a session of a school.
#[derive(Debug, Clone)]
pub struct StagedOffering {
    /// schoolId.
    pub school: i64,
    /// localCourseCode as stored.
    pub local_code: String,
    /// sessionName as stored.
    pub session_name: String,
    /// The session, if there is one of that name.
    pub session: Option<u32>,
    /// The course by row, or owner and code of one that does not exist.
    pub course: Result<u32, (i64, String)>,
    /// localCourseTitle.
    pub title: String,
}

/// All courses, and the offerings of the year.
#[derive(Debug, Default)]
pub struct StagedCourses {
    /// Sorted by (owner, code).
    pub courses: Vec<StagedCourse>,
    /// Sorted by (school, session name, local course code).
    pub offerings: Vec<StagedOffering>,
    course_index: KeyIndex,
    offering_index: KeyIndex,
}

impl StagedCourses {
    pub(super) fn read(
        reader: &Reader<'_>,
        descriptors: &Descriptors,
        time: &StagedTime,
    ) -> Result<StagedCourses, SourceError> {
        let mut staged = StagedCourses::default();
        use c::courses as t;
        reader.each(&t::TABLE, |b, r| {
            if let Some(owner) = b.int(t::OWNER, r) {
                staged.courses.push(StagedCourse {
                    owner,
                    code: b.text(t::CODE, r).to_owned(),
                    title: b.text(t::TITLE, r).to_owned(),
                    pathway: reader.descriptor(
                        descriptors,
                        b.int(t::PATHWAY, r),
                        "course.careerPathwayDescriptorId",
                    ),
                    duration: b.int(t::DURATION, r),
                    subjects: Vec::new(),
                    grades: Vec::new(),
                });
            }
            Ok(())
        })?;
        staged.courses.sort_by(|x, y| (x.owner, &x.code, &x.title).cmp(&(y.owner, &y.code, &y.title)));
        let rows = std::mem::take(&mut staged.courses);
        for course in rows {
            let same = |n: u32| {
                let there: &StagedCourse = &staged.courses[n as usize];
                there.owner == course.owner && there.code == course.code
            };
            let row = staged.courses.len() as u32;
            match staged.course_index.insert(hash_key(course.owner, &[&course.code]), row, same) {
                None => staged.courses.push(course),
                Some(_) => reader.repeated("course", &format!("{} {}", course.owner, course.code)),
            }
        }
        staged.read_details(reader, descriptors)?;
        staged.read_offerings(reader, time)?;
        Ok(staged)
    }

    /// A course by owner and code.
    pub fn course(&self, owner: i64, code: &str) -> Found {
        self.course_index.find(
            owner,
            &[code],
            |n| self.courses[n as usize].owner == owner && self.courses[n as usize].code == code,
            |n| (self.courses[n as usize].owner, vec![self.courses[n as usize].code.as_str()]),
        )
    }

    /// An offering by its key within the year.
    pub fn offering(&self, school: i64, local_code: &str, session_name: &str) -> Found {
        self.offering_index.find(
            school,
            &[local_code, session_name],
            |n| {
                let there = &self.offerings[n as usize];
                there.school == school && there.local_code == local_code && there.session_name == session_name
            },
            |n| {
                let there = &self.offerings[n as usize];
                (there.school, vec![there.local_code.as_str(), there.session_name.as_str()])
            },
        )
    }

    fn read_details(&mut self, reader: &Reader<'_>, descriptors: &Descriptors) -> Result<(), SourceError> {
        use c::{course_grades as g, course_subjects as s};
        let subjects = self.values(reader, descriptors, &s::TABLE, (s::OWNER, s::CODE, s::SUBJECT))?;
        let grades = self.values(reader, descriptors, &g::TABLE, (g::OWNER, g::CODE, g::GRADE))?;
        for (n, subject) in subjects {
            self.courses[n as usize].subjects.push(subject);
        }
        for (n, grade) in grades {
            self.courses[n as usize].grades.push(grade);
        }
        for course in &mut self.courses {
            descriptors.sort(&mut course.subjects);
            descriptors.sort(&mut course.grades);
        }
        Ok(())
    }

    /// Descriptor values that hang on courses: (course, value). A row without a value says nothing.
    fn values(
        &self,
        reader: &Reader<'_>,
        descriptors: &Descriptors,
        table: &'static Table,
        (owner, code, value): (usize, usize, usize),
    ) -> Result<Vec<(u32, Descriptor)>, SourceError> {
        let mut values = Vec::new();
        reader.each(table, |b, r| {
            let found = reader.descriptor(descriptors, b.int(value, r), table.columns[value].name);
            if let (Some(owner), true) = (b.int(owner, r), found.is_some()) {
                match self.course(owner, b.text(code, r)) {
                    Found::Exact(course) | Found::Folded(course) => values.push((course, found)),
                    Found::Nothing => reader.orphan(table, "course"),
                }
            }
            Ok(())
        })?;
        Ok(values)
    }

    fn read_offerings(&mut self, reader: &Reader<'_>, time: &StagedTime) -> Result<(), SourceError> {
        use c::course_offerings as o;
        let mut offerings = Vec::new();
        reader.each(&o::TABLE, |b, r| {
            if let (Some(school), Some(owner)) = (b.int(o::SCHOOL, r), b.int(o::OWNER, r)) {
                let (session_name, code) = (b.text(o::SESSION, r), b.text(o::COURSE, r));
                offerings.push(StagedOffering {
                    school,
                    local_code: b.text(o::LOCAL_CODE, r).to_owned(),
                    session_name: session_name.to_owned(),
                    session: reader.found(time.session(school, session_name), "courseOffering.sessionName"),
                    course: reader
                        .found(self.course(owner, code), "courseOffering.courseCode")
                        .ok_or_else(|| (owner, code.to_owned())),
                    title: b.text(o::TITLE, r).to_owned(),
                });
            }
            Ok(())
        })?;
        offerings.sort_by(|x: &StagedOffering, y| {
            (x.school, &x.session_name, &x.local_code, &x.course, &x.title).cmp(&(
                y.school,
                &y.session_name,
                &y.local_code,
                &y.course,
                &y.title,
            ))
        });
        offerings.dedup_by(|offering, there| {
            let same = there.school == offering.school
                && there.local_code == offering.local_code
                && there.session_name == offering.session_name;
            if same {
                let key = format!("{} {} {}", offering.school, offering.local_code, offering.session_name);
                reader.repeated("courseOffering", &key);
            }
            same
        });
        offerings.shrink_to_fit();
        self.offering_index = KeyIndex::with_capacity(offerings.len());
        for (row, offering) in (0u32..).zip(&offerings) {
            let hash = hash_key(offering.school, &[&offering.local_code, &offering.session_name]);
            self.offering_index.insert(hash, row, |_| false);
        }
        self.offerings = offerings;
        Ok(())
    }
}
