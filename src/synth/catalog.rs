//! What is taught: six courses a grade, with their owners.
//!
//! In: a grade. Out: its six slots, each with one course or several to choose from. Most courses belong to the
//! agency; a few belong to the school, the state and the service center, as Ed-Fi allows.

/// Who owns a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    State,
    ServiceCenter,
    Agency,
    /// One course for each school, its code ending in the school's number.
    School,
}

/// A course.
#[derive(Debug, Clone)]
pub(super) struct Course {
    /// Code, also the local course code.
    pub code: String,
    pub title: String,
    /// Descriptor value of the academic subject.
    pub subject: &'static str,
    /// Descriptor value of the career pathway, of vocational courses.
    pub pathway: Option<&'static str>,
    pub owner: Owner,
    /// First and last grade that it is offered to.
    pub grades: (usize, usize),
    /// Whether its sections are homerooms.
    pub homeroom: bool,
    /// Whether everybody of the grade moves through it in one group, with one teacher.
    pub with_class: bool,
}

/// Grade level descriptor values, kindergarten first.
pub(super) const GRADES: [&str; 13] = [
    "Kindergarten",
    "First grade",
    "Second grade",
    "Third grade",
    "Fourth grade",
    "Fifth grade",
    "Sixth grade",
    "Seventh grade",
    "Eighth grade",
    "Ninth grade",
    "Tenth grade",
    "Eleventh grade",
    "Twelfth grade",
];

/// Code, title, subject, first grade, last grade.
type Line = (&'static str, &'static str, &'static str, usize, usize);

const ENGLISH: &str = "English Language Arts";
const MATH: &str = "Mathematics";
const SCIENCE: &str = "Life and Physical Sciences";
const SOCIAL: &str = "Social Sciences and History";
const ARTS: &str = "Fine and Performing Arts";
const LANGUAGES: &str = "Foreign Language and Literature";
const HEALTH: &str = "Physical, Health, and Safety Education";
const CAREERS: &str = "Career and Technical Education";

#[rustfmt::skip] // a table
const ELEMENTARY: [Line; 6] = [
    ("HR", "Homeroom", "Other", 0, 5), ("ELA", "Reading and Language Arts", ENGLISH, 0, 5),
    ("MATH", "Mathematics", MATH, 0, 5), ("SCI", "Science", SCIENCE, 0, 5),
    ("SS", "Social Studies", SOCIAL, 0, 5), ("PE", "Physical Education", HEALTH, 0, 5),
];

#[rustfmt::skip] // a table
const MIDDLE: [&[Line]; 6] = [
    &[("ELA", "English Language Arts", ENGLISH, 6, 8)],
    &[("MATH", "Mathematics", MATH, 6, 8)],
    &[("SCI", "Integrated Science", SCIENCE, 6, 8)],
    &[("HIST", "History & Geography", SOCIAL, 6, 8)],
    &[("PE", "Physical Education", HEALTH, 6, 8)],
    &[("MUS", "Beginning Band", ARTS, 6, 8), ("ART", "Art and Design", ARTS, 6, 8)],
];

#[rustfmt::skip] // a table
const HIGH: [[&[Line]; 5]; 4] = [
    [&[("ENG-1", "English I", ENGLISH, 9, 9)], &[("ALG-1", "Algebra I", MATH, 9, 9)],
     &[("BIO-1", "Biology", SCIENCE, 9, 9)], &[("WGEO", "World Geography", SOCIAL, 9, 9)],
     &[("PE-FND", "Foundations of Fitness", HEALTH, 9, 9)]],
    [&[("ENG-2", "English II", ENGLISH, 10, 10)], &[("GEOM", "Geometry", MATH, 10, 10)],
     &[("CHEM", "Chemistry", SCIENCE, 10, 10)], &[("WHIST", "World History", SOCIAL, 10, 10)],
     &[("SPAN-1", "Spanish I", LANGUAGES, 10, 10), ("FREN-1", "French I: Le français", LANGUAGES, 10, 10)]],
    [&[("ENG-3", "English III", ENGLISH, 11, 11)], &[("ALG-2", "Algebra II", MATH, 11, 11)],
     &[("PHYS", "Physics", SCIENCE, 11, 11)], &[("USHIST", "U.S. History", SOCIAL, 11, 11)],
     &[("SPAN-2", "Spanish II", LANGUAGES, 11, 11), ("FREN-2", "French II", LANGUAGES, 11, 11)]],
    [&[("ENG-4", "English IV", ENGLISH, 12, 12)], &[("PRECAL", "Precalculus", MATH, 12, 12)],
     &[("ENVSCI", "Environmental Systems", SCIENCE, 12, 12)], &[("GOVT", "Government", SOCIAL, 12, 12)],
     &[("SPAN-3", "Spanish III", LANGUAGES, 12, 12)]],
];

/// What every grade of a high school may choose in its last slot.
#[rustfmt::skip] // a table
const ELECTIVES: [(Line, Owner, Option<&str>); 4] = [
    (("ART-1", "Studio Art", ARTS, 9, 12), Owner::Agency, None),
    (("ROBOT", "Robotics Laboratory", CAREERS, 9, 12), Owner::School, None),
    (("S-HLTH", "State Health Education", HEALTH, 9, 12), Owner::State, None),
    (("ESC-WELD", "Welding, Regional Program", CAREERS, 9, 12), Owner::ServiceCenter,
     Some("Architecture and Construction")),
];

/// The six slots of a grade, each with the courses to choose from.
pub(super) fn slots(grade: usize) -> Vec<Vec<Course>> {
    match grade {
        0..6 => ELEMENTARY.iter().map(|line| vec![graded(*line, grade)]).collect(),
        6..9 => MIDDLE.iter().map(|lines| lines.iter().map(|line| graded(*line, grade)).collect()).collect(),
        _ => HIGH[(grade - 9) % 4]
            .iter()
            .map(|lines| lines.iter().map(|line| course(*line, Owner::Agency, None)).collect())
            .chain([ELECTIVES.iter().map(|(line, owner, path)| course(*line, *owner, *path)).collect()])
            .collect(),
    }
}

/// Every course of one owner, each once. The owner `School` gets the codes without a school's number.
pub(super) fn courses(owner: Owner) -> Vec<Course> {
    let mut all: Vec<Course> = Vec::new();
    for course in (0..GRADES.len()).flat_map(slots).flatten() {
        if course.owner == owner && !all.iter().any(|known| known.code == course.code) {
            all.push(course);
        }
    }
    all
}

fn course(line: Line, owner: Owner, pathway: Option<&'static str>) -> Course {
    let (code, title, subject, first, last) = line;
    Course {
        code: code.to_owned(),
        title: title.to_owned(),
        subject,
        pathway,
        owner,
        grades: (first, last),
        homeroom: false,
        with_class: false,
    }
}

/// A course whose code and title carry the grade.
fn graded(line: Line, grade: usize) -> Course {
    let mut course = course(line, Owner::Agency, None);
    course.grades = (grade, grade);
    course.homeroom = line.0 == "HR";
    course.with_class = grade < 6 && line.0 != "PE";
    let label = if grade == 0 { "K".to_owned() } else { format!("{grade:02}") };
    course.code = format!("{}-{label}", line.0);
    course.title = format!("{} Grade {label}", line.1);
    course
}
