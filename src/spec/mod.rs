//! OneRoster: versions and data files. A stub until the specification is merged.

/// A version of the CSV binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// OneRoster 1.1.
    V1p1,
    /// OneRoster 1.2.1.
    V1p2,
}

impl Version {
    /// Every version.
    pub const ALL: [Version; 2] = [Version::V1p1, Version::V1p2];

    /// How users call it: `1.1`.
    pub const fn label(self) -> &'static str {
        match self {
            Version::V1p1 => "1.1",
            Version::V1p2 => "1.2",
        }
    }
}

/// A data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// academicSessions.csv
    AcademicSessions,
    /// classes.csv
    Classes,
    /// courses.csv
    Courses,
    /// demographics.csv
    Demographics,
    /// enrollments.csv
    Enrollments,
    /// orgs.csv
    Orgs,
    /// users.csv
    Users,
}

impl File {
    /// Every data file, in the order of the manifest.
    pub const ALL: [File; 7] = [
        File::AcademicSessions,
        File::Classes,
        File::Courses,
        File::Demographics,
        File::Enrollments,
        File::Orgs,
        File::Users,
    ];

    /// Name without `.csv`.
    pub fn name(self) -> &'static str {
        match self {
            File::AcademicSessions => "academicSessions",
            File::Classes => "classes",
            File::Courses => "courses",
            File::Demographics => "demographics",
            File::Enrollments => "enrollments",
            File::Orgs => "orgs",
            File::Users => "users",
        }
    }

    /// The file of a name without `.csv`.
    pub fn from_name(name: &str) -> Option<File> {
        File::ALL.iter().copied().find(|file| file.name() == name)
    }
}
