//! What a package must satisfy for a consumer.
//!
//! In: nothing; `text` fills them from files. Out: [`Demand`]s as plain data over files, columns and words of the
//! specification. How each is checked is said in `check`, by the code that it is told under.

use crate::notice::Severity;
use crate::spec::{File, Version};

/// One thing that a package must satisfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// How much it counts when a package does not.
    pub level: Severity,
    /// What it is.
    pub what: What,
}

/// A column of a file: one of the specification, or `metadata.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnName {
    /// The file.
    pub file: File,
    /// The header.
    pub column: String,
}

impl std::fmt::Display for ColumnName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.file, self.column)
    }
}

/// How the lines of a file end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// Carriage return and line feed, as RFC 4180 has it.
    CrLf,
    /// Line feed alone.
    Lf,
}

/// What can be demanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The package is of one of these versions.
    Version(Vec<Version>),
    /// These files are in the package.
    FilesThere(Vec<File>),
    /// No other files than these are in the package.
    FilesTaken(Vec<File>),
    /// These files have a row.
    FilesFilled(Vec<File>),
    /// Every file travels as bulk.
    Bulk,
    /// The zip has this name.
    PackageName {
        /// The name.
        name: String,
        /// Whether upper and lower case are the same.
        any_case: bool,
    },
    /// The zip has at most so many bytes.
    PackageSize(u64),
    /// The file has at least one of these columns; they are of one file.
    ColumnThere(Vec<ColumnName>),
    /// The cells of these columns are filled, on the rows of users with one of these roles, or on all when there is none.
    Filled {
        /// The columns.
        columns: Vec<ColumnName>,
        /// Roles of OneRoster 1.1; the columns are then those of users.
        roles: Vec<String>,
    },
    /// No two rows share a value of these columns; blank ones and letter case do not count.
    Unique(Vec<ColumnName>),
    /// No cell that holds one value is longer, in characters.
    Longest(u64),
    /// The ids of rows are made of letters, digits and these characters, and no longer than this.
    IdForm {
        /// What is allowed besides letters and digits.
        marks: String,
        /// The longest, in characters.
        most: u64,
    },
    /// Filled cells of these columns hold nothing but these words.
    Words {
        /// The columns.
        columns: Vec<ColumnName>,
        /// The words.
        words: Vec<String>,
        /// Whether upper and lower case are the same.
        any_case: bool,
    },
    /// Cells of these columns, which are lists, hold one item.
    Single(Vec<ColumnName>),
    /// A class has at most so many students.
    ClassSize(u64),
    /// A teacher has at most so many classes.
    ClassesOfTeacher(u64),
    /// Lines end so.
    LineEnd(LineEnd),
    /// Filled cells stand in quotes.
    Quoted,
    /// The terms of classes have begun.
    Begun,
}

impl What {
    /// The code of the notice that tells that it is not satisfied.
    pub const fn code(&self) -> &'static str {
        match self {
            What::Version(_) => "consumer-version",
            What::FilesThere(_) => "consumer-file-missing",
            What::FilesTaken(_) => "consumer-file-unwanted",
            What::FilesFilled(_) => "consumer-file-without-rows",
            What::Bulk => "consumer-file-delta",
            What::PackageName { .. } => "consumer-package-name",
            What::PackageSize(_) => "consumer-package-size",
            What::ColumnThere(_) => "consumer-column-missing",
            What::Filled { .. } => "consumer-cell-blank",
            What::Unique(_) => "consumer-value-shared",
            What::Longest(_) => "consumer-text-too-long",
            What::IdForm { .. } => "consumer-id-form",
            What::Words { .. } => "consumer-word-not-taken",
            What::Single(_) => "consumer-several-in-cell",
            What::ClassSize(_) => "consumer-class-too-large",
            What::ClassesOfTeacher(_) => "consumer-teacher-overloaded",
            What::LineEnd(_) => "consumer-line-end",
            What::Quoted => "consumer-cell-unquoted",
            What::Begun => "consumer-class-not-begun",
        }
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        fn list<T: std::fmt::Display>(items: &[T]) -> String {
            items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        match self {
            What::Version(versions) => write!(f, "OneRoster {}", list(versions)),
            What::FilesThere(files) => write!(f, "in the package: {}", list(files)),
            What::FilesTaken(files) => write!(f, "nothing in the package but {}", list(files)),
            What::FilesFilled(files) => write!(f, "rows in {}", list(files)),
            What::Bulk => f.write_str("every file as bulk"),
            What::PackageName { name, any_case: false } => write!(f, "the zip is called {name}"),
            What::PackageName { name, any_case: true } => write!(f, "the zip is called {name}, in any case"),
            What::PackageSize(bytes) => write!(f, "the zip has at most {bytes} bytes"),
            What::ColumnThere(columns) => write!(f, "a column {}", list(columns).replace(", ", " or ")),
            What::Filled { columns, roles } if roles.is_empty() => write!(f, "filled: {}", list(columns)),
            What::Filled { columns, roles } => write!(f, "filled for {}: {}", list(roles), list(columns)),
            What::Unique(columns) => write!(f, "unique: {}", list(columns)),
            What::Longest(most) => write!(f, "at most {most} characters in a cell"),
            What::IdForm { marks, most } => {
                write!(f, "ids of at most {most} letters, digits and {marks}")
            }
            What::Words { columns, words, .. } => write!(f, "{}: one of {}", list(columns), list(words)),
            What::Single(columns) => write!(f, "one item in a cell: {}", list(columns)),
            What::ClassSize(most) => write!(f, "at most {most} students in a class"),
            What::ClassesOfTeacher(most) => write!(f, "at most {most} classes of a teacher"),
            What::LineEnd(LineEnd::CrLf) => f.write_str("lines end with CRLF"),
            What::LineEnd(LineEnd::Lf) => f.write_str("lines end with LF"),
            What::Quoted => f.write_str("every filled cell in quotes"),
            What::Begun => f.write_str("classes whose terms have begun"),
        }
    }
}
