//! Enrollments against each other and against what they refer to.
//!
//! In: enrollments, classes and users when all are known. Out: notices.

use crate::check::rule::{Hook, RowTest, Rule};
use crate::notice::{Authority, Code, Severity};
use rayon::prelude::*;

use super::roles::have_role;
use crate::check::facts::{Facts, FileFacts, NO_DAY, UNKNOWN};
use crate::check::findings::Findings;
use crate::check::scan::{Layout, Row};
use crate::spec::{File, Version};

/// A user has the same role in the same class twice at a time.
pub static ENROLLMENT_OVERLAP: Rule = Rule {
    code: Code {
        code: "enrollment-overlap",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "enrollments",
        summary: "A user has the same role in the same class twice at a time.",
        remedy: "End the earlier association before the later begins.",
    },
    section: "Canvas, ClassLink: one current enrollment per user and class",
    why: "Readers create the membership twice, or refuse the second.",
    hook: Hook::Whole { files: &[File::Enrollments], truth: &[], run: overlap },
};

/// A user has the same role in the same class at several times, one after the other.
pub static ENROLLMENT_IN_PARTS: Rule = Rule {
    code: Code {
        code: "enrollment-in-parts",
        severity: Severity::Info,
        authority: Authority::Consumer,
        file: "enrollments",
        summary: "A user has the same role in the same class at several times, one after the other.",
        remedy: "Nothing, if the user left and came back.",
    },
    section: "Canvas: one enrollment per user and class",
    why: "Some readers keep the first or the last only.",
    hook: Hook::Whole { files: &[File::Enrollments], truth: &[], run: in_parts },
};

/// The school of an enrollment is not the school of its class.
pub static ENROLLMENT_AT_OTHER_SCHOOL: Rule = Rule {
    code: Code {
        code: "enrollment-at-other-school",
        severity: Severity::Warning,
        authority: Authority::Policy,
        file: "enrollments",
        summary: "The school of an enrollment is not the school of its class.",
        remedy: "Write the school of the class.",
    },
    section: "OneRoster CSV 1.1 and 1.2, enrollments.csv: schoolSourcedId",
    why: "Readers that filter by school lose the enrollment.",
    hook: Hook::Whole { files: &[File::Enrollments, File::Classes], truth: &[], run: other_school },
};

/// A student is in a class of a school that is not among the student's orgs.
pub static ENROLLMENT_OUTSIDE_SCHOOL: Rule = Rule {
    code: Code {
        code: "enrollment-outside-school",
        severity: Severity::Info,
        authority: Authority::Consumer,
        file: "enrollments",
        summary: "A student is in a class of a school that is not among the student's orgs.",
        remedy: "Record the attendance of that school, if the student attends it.",
    },
    section: "Clever, ClassLink: users are shared by school",
    why: "Readers that share users by school do not see the student in the class.",
    hook: Hook::Whole {
        files: &[File::Enrollments, File::Users, File::Roles],
        truth: &[File::Roles],
        run: outside_school,
    },
};

/// A class has several primary teachers at a time.
pub static SEVERAL_PRIMARY_TEACHERS: Rule = Rule {
    code: Code {
        code: "several-primary-teachers",
        severity: Severity::Warning,
        authority: Authority::Specification,
        file: "enrollments",
        summary: "A class has several primary teachers at a time.",
        remedy: "Record one teacher of record per section.",
    },
    section: "OneRoster CSV 1.1 and 1.2, enrollments.csv: primary, one teacher at a time",
    why: "Clever names the section after the primary teacher: the name changes from day to day.",
    hook: Hook::Whole { files: &[File::Enrollments], truth: &[], run: primary_teachers },
};

/// A class has teachers, but none is primary.
pub static NO_PRIMARY_TEACHER: Rule = Rule {
    code: Code {
        code: "no-primary-teacher",
        severity: Severity::Warning,
        authority: Authority::Consumer,
        file: "classes",
        summary: "A class has teachers, but none is primary.",
        remedy: "Record a teacher of record per section.",
    },
    section: "Clever names sections after the primary teacher",
    why: "Readers choose any teacher, or show the class without one.",
    hook: Hook::Whole {
        files: &[File::Enrollments, File::Classes],
        truth: &[File::Enrollments],
        run: no_primary,
    },
};

/// A class has no teacher.
pub static CLASS_WITHOUT_TEACHER: Rule = Rule {
    code: Code {
        code: "class-without-teacher",
        severity: Severity::Info,
        authority: Authority::Consumer,
        file: "classes",
        summary: "A class has no teacher.",
        remedy: "Record who teaches the section.",
    },
    section: "ClassLink, HMH",
    why: "Readers hide the class or refuse it.",
    hook: Hook::Whole {
        files: &[File::Classes, File::Enrollments],
        truth: &[File::Enrollments],
        run: without_teacher,
    },
};

/// A class has no students.
pub static CLASS_WITHOUT_STUDENTS: Rule = Rule {
    code: Code {
        code: "class-without-students",
        severity: Severity::Info,
        authority: Authority::Consumer,
        file: "classes",
        summary: "A class has no students.",
        remedy: "Nothing, if it is meant to be empty.",
    },
    section: "ClassLink, HMH",
    why: "Readers show an empty class.",
    hook: Hook::Whole {
        files: &[File::Classes, File::Enrollments],
        truth: &[File::Enrollments],
        run: without_students,
    },
};

/// A student or teacher is in no class.
pub static USER_WITHOUT_ENROLLMENT: Rule = Rule {
    code: Code {
        code: "user-without-enrollment",
        severity: Severity::Info,
        authority: Authority::Consumer,
        file: "users",
        summary: "A student or teacher is in no class.",
        remedy: "Nothing, if they are; else look for the section associations.",
    },
    section: "ClassLink, HMH",
    why: "The account is created and sees nothing.",
    hook: Hook::Whole {
        files: &[File::Users, File::Enrollments, File::Roles],
        truth: &[File::Enrollments, File::Roles],
        run: without_enrollment,
    },
};

/// A user teaches a class although no role says that they are a teacher, or learns in one without being a student.
pub static USER_ROLE_UNLIKE_ENROLLMENT: Rule = Rule {
    code: Code {
        code: "user-role-unlike-enrollment",
        severity: Severity::Info,
        authority: Authority::Policy,
        file: "enrollments",
        summary: "A user teaches a class although no role says that they are a teacher, or learns in one without being a student.",
        remedy: "Check the classification of the person.",
    },
    section: "OneRoster CSV 1.1 and 1.2, users.csv and roles.csv; official packages hold such rows",
    why: "Readers that go by the user's role show them the wrong side of the class.",
    hook: Hook::Whole {
        files: &[File::Enrollments, File::Users, File::Roles],
        truth: &[File::Roles],
        run: unlike_role,
    },
};

/// An enrollment is primary, but not that of a teacher.
pub static PRIMARY_OF_NO_TEACHER: Rule = Rule {
    code: Code {
        code: "primary-of-no-teacher",
        severity: Severity::Warning,
        authority: Authority::Specification,
        file: "enrollments",
        summary: "An enrollment is primary, but not that of a teacher.",
        remedy: "Write false or nothing for everybody but the teacher who leads the class.",
    },
    section: "OneRoster CSV 1.1 and 1.2, enrollments.csv: primary is for teachers",
    why: "Readers that look for the primary row take a student for the teacher.",
    hook: Hook::Row(primary_of_other),
};

struct PrimaryOfOther {
    role: usize,
    primary: usize,
}

fn primary_of_other(layout: &Layout) -> Option<Box<dyn RowTest>> {
    (layout.file() == File::Enrollments).then_some(())?;
    Some(Box::new(PrimaryOfOther { role: layout.column("role")?, primary: layout.column("primary")? }))
}

impl RowTest for PrimaryOfOther {
    fn row(&mut self, row: &Row<'_, '_>, _: &Facts, findings: &mut Findings<'_>) {
        let others = ["student", "administrator", "proctor"];
        if row.cell(self.primary) == "true" && others.contains(&row.cell(self.role)) {
            findings.raise(&PRIMARY_OF_NO_TEACHER, row.file, "primary", row.spot, "");
        }
    }
}

/// Enrollment rows that count: of known class and user, and not to be deleted.
fn counted(rows: &FileFacts) -> Vec<u32> {
    let (classes, users) = (rows.rows("classSourcedId"), rows.rows("userSourcedId"));
    let known = |row: &u32| {
        let at = *row as usize;
        let known = |column: &[u32]| column.get(at).is_some_and(|target| *target < UNKNOWN);
        known(classes) && known(users) && rows.deleted.binary_search(row).is_err()
    };
    (0..rows.ids.len() as u32).filter(known).collect()
}

fn cell<T: Copy>(column: &[T], row: u32, blank: T) -> T {
    column.get(row as usize).copied().unwrap_or(blank)
}

/// From when to when a row counts; open ends reach to the ends of time.
fn span(rows: &FileFacts, row: u32) -> (i32, i32) {
    let end = cell(rows.days("endDate"), row, NO_DAY);
    (cell(rows.days("beginDate"), row, NO_DAY), if end == NO_DAY { i32::MAX } else { end })
}

/// Calls back for each two rows of the same class, user and role that follow each other in time; the second row is given,
/// and whether they overlap.
fn repeated(facts: &Facts, mut found: impl FnMut(&FileFacts, u32, bool)) {
    let Some(rows) = facts.file(File::Enrollments) else { return };
    let (classes, users) = (rows.rows("classSourcedId"), rows.rows("userSourcedId"));
    let roles = rows.words("role");
    let key = |row: u32| (cell(classes, row, 0), cell(users, row, 0), cell(roles, row, 0));
    let mut order = counted(rows);
    order.par_sort_unstable_by_key(|row| (key(*row), span(rows, *row).0, *row));
    let mut latest = (None, i32::MIN);
    let mut hits = Vec::new();
    for row in order {
        let (begin, end) = span(rows, row);
        if latest.0 == Some(key(row)) {
            hits.push((row, begin < latest.1));
            latest.1 = latest.1.max(end);
        } else {
            latest = (Some(key(row)), end);
        }
    }
    hits.sort_unstable();
    for (row, overlaps) in hits {
        found(rows, row, overlaps);
    }
}

fn overlap(facts: &Facts, findings: &mut Findings<'_>) {
    repeated(facts, |rows, row, overlaps| {
        if overlaps {
            findings.raise_row(&ENROLLMENT_OVERLAP, (File::Enrollments, rows.line(row)), "", "");
        }
    });
}

fn in_parts(facts: &Facts, findings: &mut Findings<'_>) {
    repeated(facts, |rows, row, overlaps| {
        if !overlaps {
            findings.raise_row(&ENROLLMENT_IN_PARTS, (File::Enrollments, rows.line(row)), "", "");
        }
    });
}

fn other_school(facts: &Facts, findings: &mut Findings<'_>) {
    let (Some(rows), Some(classes)) = (facts.file(File::Enrollments), facts.file(File::Classes)) else {
        return;
    };
    let pairs = rows.rows("classSourcedId").iter().zip(rows.rows("schoolSourcedId"));
    for (row, (class, school)) in pairs.enumerate() {
        let held = cell(classes.rows("schoolSourcedId"), *class, UNKNOWN);
        if held < UNKNOWN && *school < UNKNOWN && held != *school {
            let at = (File::Enrollments, rows.line(row as u32));
            findings.raise_row(&ENROLLMENT_AT_OTHER_SCHOOL, at, "schoolSourcedId", "");
        }
    }
}

fn outside_school(facts: &Facts, findings: &mut Findings<'_>) {
    let (Some(rows), Some(users)) = (facts.file(File::Enrollments), facts.file(File::Users)) else { return };
    let student = rows.word("role", "student");
    let mut there = rustc_hash::FxHashSet::default();
    match facts.version {
        Version::V1p1 => {
            for user in 0..users.ids.len() as u32 {
                there.extend(users.list("orgSourcedIds", user).iter().map(|org| (user, *org)));
            }
        }
        Version::V1p2 => {
            let Some(roles) = facts.file(File::Roles) else { return };
            let pairs = roles.rows("userSourcedId").iter().zip(roles.rows("orgSourcedId"));
            there.extend(pairs.map(|(user, org)| (*user, *org)));
        }
    }
    let (persons, schools) = (rows.rows("userSourcedId"), rows.rows("schoolSourcedId"));
    for row in counted(rows) {
        let (user, school) = (cell(persons, row, UNKNOWN), cell(schools, row, UNKNOWN));
        let is_student = student.is_some() && rows.words("role").get(row as usize).copied() == student;
        if is_student && school < UNKNOWN && !there.contains(&(user, school)) {
            let at = (File::Enrollments, rows.line(row));
            findings.raise_row(&ENROLLMENT_OUTSIDE_SCHOOL, at, "schoolSourcedId", "");
        }
    }
}

/// Teachers' rows that are primary, by class and begin.
fn primary(rows: &FileFacts) -> Vec<u32> {
    let is = |row: &u32| rows.is_word("role", *row, &["teacher"]) && rows.is_word("primary", *row, &["true"]);
    let mut found: Vec<u32> = counted(rows).into_iter().filter(is).collect();
    found.sort_unstable_by_key(|row| (cell(rows.rows("classSourcedId"), *row, 0), span(rows, *row).0, *row));
    found
}

fn primary_teachers(facts: &Facts, findings: &mut Findings<'_>) {
    let Some(rows) = facts.file(File::Enrollments) else { return };
    let (classes, users) = (rows.rows("classSourcedId"), rows.rows("userSourcedId"));
    let mut latest: Option<(u32, u32, i32)> = None;
    let mut hits = Vec::new();
    for row in primary(rows) {
        let (class, user) = (cell(classes, row, 0), cell(users, row, 0));
        let (begin, end) = span(rows, row);
        latest = match latest {
            Some((same, before, last)) if same == class => {
                if begin < last && before != user {
                    hits.push(row);
                }
                if end > last { Some((class, user, end)) } else { Some((class, before, last)) }
            }
            _ => Some((class, user, end)),
        };
    }
    hits.sort_unstable();
    for row in hits {
        let at = (File::Enrollments, rows.line(row));
        findings.raise_row(&SEVERAL_PRIMARY_TEACHERS, at, "primary", "");
    }
}

/// For each class whether an enrollment of it passes the test.
fn classes_with(facts: &Facts, test: impl Fn(&FileFacts, u32) -> bool) -> Vec<bool> {
    let (Some(rows), Some(classes)) = (facts.file(File::Enrollments), facts.file(File::Classes)) else {
        return Vec::new();
    };
    let mut has = vec![false; classes.ids.len()];
    for (row, class) in rows.rows("classSourcedId").iter().enumerate() {
        if let Some(has) = has.get_mut(*class as usize) {
            *has = *has || test(rows, row as u32);
        }
    }
    has
}

fn raise_classes(
    facts: &Facts,
    rule: &'static Rule,
    findings: &mut Findings<'_>,
    wrong: impl Fn(usize) -> bool,
) {
    let Some(classes) = facts.file(File::Classes) else { return };
    for class in (0..classes.ids.len()).filter(|class| wrong(*class)) {
        findings.raise_row(rule, (File::Classes, classes.line(class as u32)), "", "");
    }
}

fn without_teacher(facts: &Facts, findings: &mut Findings<'_>) {
    let has = classes_with(facts, |rows, row| rows.is_word("role", row, &["teacher"]));
    raise_classes(facts, &CLASS_WITHOUT_TEACHER, findings, |class| !has[class]);
}

fn without_students(facts: &Facts, findings: &mut Findings<'_>) {
    let has = classes_with(facts, |rows, row| rows.is_word("role", row, &["student"]));
    raise_classes(facts, &CLASS_WITHOUT_STUDENTS, findings, |class| !has[class]);
}

fn no_primary(facts: &Facts, findings: &mut Findings<'_>) {
    let teacher = |rows: &FileFacts, row| rows.is_word("role", row, &["teacher"]);
    let some = classes_with(facts, teacher);
    let main = classes_with(facts, |rows, row| teacher(rows, row) && rows.is_word("primary", row, &["true"]));
    raise_classes(facts, &NO_PRIMARY_TEACHER, findings, |class| some[class] && !main[class]);
}

fn without_enrollment(facts: &Facts, findings: &mut Findings<'_>) {
    let (Some(rows), Some(users)) = (facts.file(File::Enrollments), facts.file(File::Users)) else { return };
    let Some(mut alone) = have_role(facts, &["student", "teacher"]) else { return };
    for user in rows.rows("userSourcedId") {
        if let Some(alone) = alone.get_mut(*user as usize) {
            *alone = false;
        }
    }
    for (row, _) in alone.into_iter().enumerate().filter(|(_, alone)| *alone) {
        findings.raise_row(&USER_WITHOUT_ENROLLMENT, (File::Users, users.line(row as u32)), "", "");
    }
}

fn unlike_role(facts: &Facts, findings: &mut Findings<'_>) {
    let Some(rows) = facts.file(File::Enrollments) else { return };
    for word in ["student", "teacher"] {
        let Some(has) = have_role(facts, &[word]) else { return };
        for row in counted(rows) {
            let user = cell(rows.rows("userSourcedId"), row, UNKNOWN);
            if rows.is_word("role", row, &[word]) && !has.get(user as usize).copied().unwrap_or(true) {
                let cause = format!("{word} of the class, not in the user's roles");
                let at = (File::Enrollments, rows.line(row));
                findings.raise_row(&USER_ROLE_UNLIKE_ENROLLMENT, at, "role", &cause);
            }
        }
    }
}
