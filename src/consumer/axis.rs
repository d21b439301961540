//! The axes on which consumers differ: what a profile of one must be able to say.
//!
//! In: nothing. Out: [`Axis`], each with its word and its question. The list is closed: a file that names another axis is
//! refused, and one that is silent about an axis as well.

/// What a statement is about.
macro_rules! axes {
    ($($name:ident $word:literal $asks:literal,)*) => {
        /// What a statement is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Axis {
            $(#[doc = $asks] $name,)*
        }

        impl Axis {
            /// Every axis.
            pub const ALL: [Axis; [$($word),*].len()] = [$(Axis::$name),*];

            /// Its word in files and outputs.
            pub const fn word(self) -> &'static str {
                match self { $(Axis::$name => $word,)* }
            }

            /// What it asks.
            pub const fn asks(self) -> &'static str {
                match self { $(Axis::$name => $asks,)* }
            }
        }
    };
}

axes! {
    Version "version" "Which versions of OneRoster are read?",
    Files "files" "Which files must be there, may lack rows, must not be there?",
    Layout "layout" "What is the zip called; or are the files loose, and where?",
    Manifest "manifest" "Is there a manifest?",
    Columns "columns" "All columns or some, in which order, and which of the sender's own?",
    Text "text" "How do lines end, what is quoted, is there a byte order mark?",
    Grades "grades" "Which grade codes, in which form, and how many in a cell?",
    SignIn "sign-in" "Where do username and e-mail address come from, and must they be unique?",
    Identifiers "identifiers" "What stands in identifier and userIds?",
    SourcedIds "sourced-ids" "Which characters and how many may an id have?",
    PersonRows "person-rows" "Is a person one row, or one for each school?",
    Roles "roles" "Which roles are taken, and what becomes of others?",
    Parents "parents" "Are parents and contacts wanted, and how many of them?",
    PrivateData "private-data" "Are demographics, telephones or birth dates wanted?",
    Content "content" "Which schools, grades, courses and classes belong in, and which do not?",
    WithoutClasses "without-classes" "What becomes of users without a class?",
    Terms "terms" "What becomes of terms that are over or have not begun?",
    SessionTypes "session-types" "Which types of session may a class be in?",
    ClassTitle "class-title" "What is a class called?",
    Thresholds "thresholds" "How much may change at once?",
    Blackout "blackout" "When is nothing taken?",
    Mode "mode" "Bulk or delta?",
}

impl Axis {
    /// The axis with this word.
    pub fn from_word(word: &str) -> Option<Axis> {
        Axis::ALL.into_iter().find(|axis| axis.word() == word)
    }
}
