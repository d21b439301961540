//! The data files by name, and the shape of a file's description.
//!
//! In: nothing. Out: [`File`], the one list of file names that headers, manifests and zip entries are derived from,
//! and [`FileSpec`]. The columns stand in the modules of their group or version.

use super::{Column, Personal};

/// Which of the three services a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// People, organizations, courses and who is in which class. Every certified system has it.
    Rostering,
    /// Learning resources attached to classes, courses and users.
    Resources,
    /// Line items, results and score scales.
    Gradebook,
}

impl Group {
    /// The group in lower case.
    pub const fn label(self) -> &'static str {
        match self {
            Group::Rostering => "rostering",
            Group::Resources => "resources",
            Group::Gradebook => "gradebook",
        }
    }
}

/// One data file of one version.
#[derive(Debug, Clone, Copy)]
pub struct FileSpec {
    /// Which file.
    pub file: File,
    /// The service it belongs to.
    pub group: Group,
    /// Its header, in the published order. Extension columns (`metadata.*`) may only follow.
    pub columns: &'static [Column],
    /// What a row is, one sentence.
    pub doc: &'static str,
}

impl FileSpec {
    /// The column with this header.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// What a column of this header tells of a person. One that the specification does not know may tell anything
    /// where a row is a person: `metadata.*` of users and demographics.
    pub fn personal(&self, header: &str) -> Option<Personal> {
        match self.column(header) {
            Some(column) => column.personal,
            None => matches!(self.file, File::Users | File::Demographics).then_some(Personal::Extension),
        }
    }

    /// The columns that refer to rows of a file, this one or another, with that file.
    pub fn references(&self) -> impl Iterator<Item = (&'static Column, File)> + use<> {
        self.columns.iter().filter_map(|column| column.target().map(|file| (column, file)))
    }
}

/// Declares every data file once: its Rust name and its name in the standard.
macro_rules! files {
    ($($variant:ident = $name:literal,)*) => {
        /// A data file of any version, in alphabetical order. The manifest is not a data file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum File {
            $(#[doc = concat!("`", $name, ".csv`.")] $variant,)*
        }

        impl File {
            /// Every data file.
            pub const ALL: [File; [$($name),*].len()] = [$(File::$variant),*];

            /// The name without `.csv`, as the manifest writes it behind `file.`.
            pub const fn name(self) -> &'static str {
                match self { $(File::$variant => $name,)* }
            }

            /// The name of the zip entry.
            pub const fn csv_name(self) -> &'static str {
                match self { $(File::$variant => concat!($name, ".csv"),)* }
            }
        }
    };
}

files! {
    AcademicSessions = "academicSessions",
    Categories = "categories",
    Classes = "classes",
    ClassResources = "classResources",
    Courses = "courses",
    CourseResources = "courseResources",
    Demographics = "demographics",
    Enrollments = "enrollments",
    LineItemLearningObjectiveIds = "lineItemLearningObjectiveIds",
    LineItems = "lineItems",
    LineItemScoreScales = "lineItemScoreScales",
    Orgs = "orgs",
    Resources = "resources",
    ResultLearningObjectiveIds = "resultLearningObjectiveIds",
    Results = "results",
    ResultScoreScales = "resultScoreScales",
    Roles = "roles",
    ScoreScales = "scoreScales",
    UserProfiles = "userProfiles",
    UserResources = "userResources",
    Users = "users",
}

impl File {
    /// The file with this name, without `.csv`; case matters, as it does in the standard.
    pub fn from_name(name: &str) -> Option<File> {
        File::ALL.into_iter().find(|file| file.name() == name)
    }

    /// The file of the zip entry with this name; case matters.
    pub fn from_csv_name(name: &str) -> Option<File> {
        name.strip_suffix(".csv").and_then(File::from_name)
    }
}

impl std::fmt::Display for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
