//! What a crosswalk answers where the answer is more than a word or a flag.

/// A racial or ethnic category that demographics.csv has a column for (OneRoster CSV 1.1, demographics.csv).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Race {
    /// `americanIndianOrAlaskaNative`
    AmericanIndianOrAlaskaNative,
    /// `asian`
    Asian,
    /// `blackOrAfricanAmerican`
    BlackOrAfricanAmerican,
    /// `nativeHawaiianOrOtherPacificIslander`
    NativeHawaiianOrOtherPacificIslander,
    /// `white`
    White,
    /// `hispanicOrLatinoEthnicity`: a race of Ed-Fi from data standard 5.1 on, an ethnicity beside the races in
    /// OneRoster.
    HispanicOrLatino,
}

impl Race {
    /// All categories in the order of the columns.
    pub const ALL: [Self; 6] = [
        Self::AmericanIndianOrAlaskaNative,
        Self::Asian,
        Self::BlackOrAfricanAmerican,
        Self::NativeHawaiianOrOtherPacificIslander,
        Self::White,
        Self::HispanicOrLatino,
    ];

    /// Columns of [`Race::ALL`]: the answers that the race crosswalk accepts.
    pub const COLUMNS: [&'static str; 6] = [
        "americanIndianOrAlaskaNative",
        "asian",
        "blackOrAfricanAmerican",
        "nativeHawaiianOrOtherPacificIslander",
        "white",
        "hispanicOrLatinoEthnicity",
    ];

    /// The column of demographics.csv.
    pub fn column(self) -> &'static str {
        Self::COLUMNS[self as usize]
    }

    /// The category of a column of demographics.csv.
    pub fn of_column(column: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|race| race.column() == column)
    }
}

/// The roles of a staff classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffRole {
    /// `oneroster_role`, a word of 1.1 or 1.2. It alone decides who is exported (mapping.md 6).
    pub role: &'static str,
    /// `oneroster_role_v1p2`, a finer word of 1.2 if the seed gives one.
    pub role_v1p2: Option<&'static str>,
}

/// The subject of an academic subject descriptor; title and code always come together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// For `subjects`, an SCED title in the USA.
    pub title: String,
    /// For `subjectCodes`, an SCED code in the USA.
    pub code: String,
}
