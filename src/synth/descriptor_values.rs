//! Default code values of the descriptor types that a roster touches.
//!
//! In: nothing. Out: [`VALUES`] for every data standard, [`RACES_OLD`] and [`RACES`] for the type that changed
//! between 5.0 and 5.1. Types that no roster reads have only the values that the generator uses.

/// Default values by type, in no order that means anything.
#[rustfmt::skip] // several values a line, as prose
pub(super) const VALUES: &[(&str, &[&str])] = &[
    ("AcademicSubject", &[
        "Career and Technical Education", "Composite", "Critical Reading", "Cross Subject", "English",
        "English Language Arts", "Fine and Performing Arts", "Foreign Language and Literature", "Mathematics",
        "Life and Physical Sciences", "Military Science", "Other", "Physical, Health, and Safety Education",
        "Reading", "Religious Education and Theology", "Social Sciences and History", "Social Studies", "Science",
        "Writing",
    ]),
    ("AddressType", &[
        "Billing", "Doubled - up (i.e., living with another family)", "Father Address", "Guardian Address", "Home",
        "Hotels/Motels", "Mailing", "Mother Address", "Other", "Physical",
        "Shelter, Transitional housing, Awaiting Foster", "Shipping", "Temporary", "Unsheltered", "Work",
    ]),
    ("CalendarEvent", &[
        "Emergency day", "Holiday", "Instructional day", "Make-up day", "Other", "Strike",
        "Student late arrival/early dismissal", "Teacher only day", "Weather day", "Non-instructional day",
    ]),
    ("CalendarType", &[
        "IEP", "Student Specific", "Grade Level", "School", "Staff",
    ]),
    ("CareerPathway", &[
        "Agriculture, Food and Natural Resources", "Architecture and Construction",
        "Arts, A/V Technology and Communications", "Business, Management and Administration",
        "Education and Training", "Finance", "Government and Public Administration", "Health Science",
        "Hospitality and Tourism", "Human Services", "Information Technology",
        "Law, Public Safety, Corrections and Security", "Manufacturing", "Marketing, Sales and Service", "Other",
        "Science, Technology, Engineering and Mathematics", "Transportation, Distribution and Logistics",
    ]),
    ("ClassroomPosition", &[
        "Assistant Teacher", "Substitute Teacher", "Support Teacher", "Teacher of Record",
    ]),
    ("CourseIdentificationSystem", &["LEA course code", "State course code"]),
    ("EducationOrganizationCategory", &[
        "Education Organization Network", "Education Service Center", "Local Education Agency", "Other", "School",
        "State Education Agency", "Post Secondary Institution", "Organization Department",
    ]),
    ("EducationOrganizationIdentificationSystem", &[
        "ACT", "DUNS", "Federal", "IPEDS", "LEA", "NCES", "Other", "Other Federal", "School", "SEA", "USDE - OPE",
    ]),
    ("ElectronicMailType", &[
        "Home/Personal", "Organization", "Other", "Work",
    ]),
    ("EmploymentStatus", &["Probationary", "Tenured or permanent"]),
    ("ExitWithdrawType", &[
        "Expelled", "Graduated", "Incarcerated", "Completed", "Died or is permanently incapacitated", "Dropout",
        "End of school year", "Enrolled in a high school diploma program", "Invalid enrollment",
        "Involuntarily Removed", "No show", "Other", "Reached maximum age", "Transferred", "Withdrawn",
    ]),
    ("GradeLevel", &[
        "Infant/toddler", "Preschool", "Prekindergarten", "Transitional Kindergarten", "Kindergarten", "First grade",
        "Second grade", "Third grade", "Fourth grade", "Fifth grade", "Sixth grade", "Seventh grade", "Eighth grade",
        "Ninth grade", "Tenth grade", "Eleventh grade", "Twelfth grade", "Grade 13", "Postsecondary", "Ungraded",
        "Other", "Out of School", "Adult Education", "Early Education", "No grade level", "Preschool/Prekindergarten",
    ]),
    ("GradebookEntryType", &[
        "Activity", "Assignment", "Classroom Assessment", "Homework", "Lesson", "Oral Presentation", "Quiz",
        "Unit Test",
    ]),
    ("GradingPeriod", &[
        "First Semester", "Second Semester", "Summer Semester", "First Summer Session", "Second Summer Session",
        "Third Summer Session", "First Trimester", "Second Trimester", "Third Trimester", "First Nine Weeks",
        "Second Nine Weeks", "Third Nine Weeks", "Fourth Nine Weeks", "First Six Weeks", "Second Six Weeks",
        "Third Six Weeks", "Fourth Six Weeks", "Fifth Six Weeks", "Sixth Six Weeks", "End of Year",
    ]),
    ("InstitutionTelephoneNumberType", &["Fax", "Main"]),
    ("LimitedEnglishProficiency", &[
        "Limited", "Limited Monitored 1", "Limited Monitored 2", "NotLimited",
    ]),
    ("LocalEducationAgencyCategory", &["Charter", "Regular public school district"]),
    ("OperationalStatus", &["Active", "Closed"]),
    ("ProgramAssignment", &[
        "Bilingual/English as a Second Language", "Other", "Regular Education", "Special Education",
        "Title I-Academic", "Title I-Non-Academic",
    ]),
    ("ProgramType", &[
        "Adult/Continuing Education", "Alternative Education", "Athletics", "Bilingual", "Bilingual Summer",
        "Career and Technical Education", "Cocurricular Programs", "College Preparatory", "Community Service Program",
        "Community/Junior College Education Program", "Compensatory Services for Disadvantaged Students",
        "Counseling Services", "District-Funded GED", "Early Head Start", "Early Intervention Services Part C",
        "English as a Second Language (ESL)", "Even Start", "Expelled Education", "Extended Day/Child Care Services",
        "Fee For Service", "Foreign Exchange", "Gifted and Talented", "Head Start", "Health Services Program",
        "High School Equivalency Program (HSEP)", "Home Visiting", "Homeless", "IDEA", "Immigrant Education",
        "Independent Study", "Indian Education", "International Baccalaureate", "Kindergarten - Extended Day",
        "Kindergarten - Full Day", "Kindergarten - Half Day", "Library/Media Services Program",
        "Magnet/Special Program Emphasis", "Migrant Education", "Neglected and Delinquent Program",
        "Optional Flexible School Day Program (OFSDP)", "Other", "Prekindergarten - Extended Day",
        "Prekindergarten - Full Day", "Prekindergarten - Half Day", "Preschool Special Education", "Public Preschool",
        "Regular Education", "Remedial Education", "Section 504 Placement", "Service Learning", "Special Education",
        "Student Retention/Dropout Prevention", "Student School Food Service", "Substance Abuse Education/Prevention",
        "Support", "Teacher Professional Development/Mentoring", "Technical Preparatory", "Title I Part A",
        "Title I Part D Subpart 1", "Title I Part D Subpart 2", "Vocational Education",
    ]),
    ("Relation", &[
        "Aunt", "Brother", "BrotherInLaw", "CourtAppointedGuardian", "Cousin", "Daughter", "DaughterInLaw",
        "Employer", "Father", "Father, step", "FatherInLaw", "FathersCivilPartner", "FathersSignificantOther",
        "Fiance", "Fiancee", "Foster parent", "Friend", "Godparent", "Grandfather", "Grandmother", "Grandparent",
        "Great aunt", "Great Grandparent", "Great uncle", "Husband", "Mother", "Mother, step", "MotherInLaw",
        "MothersCivilPartner", "MothersSignificantOther", "Neighbor", "Nephew", "Niece", "Other", "Parent",
        "Parent, step", "Relative", "Sibling", "SignificantOther", "Sister", "SisterInLaw", "Son", "SonInLaw",
        "Spouse", "Uncle", "Unknown", "Ward", "Wife", "Emergency", "Guardian",
    ]),
    ("SchoolCategory", &[
        "Infant/toddler School", "Preschool/early childhood", "Primary School", "Elementary School", "Middle School",
        "Junior High School", "Intermediate School", "High School", "Secondary School", "Other Secondary",
        "Joint Secondary and Postsecondary School", "Other Combination", "Adult School", "All Levels", "Ungraded",
        "Elementary/Secondary School",
    ]),
    ("SchoolType", &["Alternative", "Regular"]),
    ("Sex", &[
        "Female", "Male", "Non-binary", "Not Selected",
    ]),
    ("StaffClassification", &[
        "Pre-Kindergarten Teacher", "Kindergarten Teacher", "Elementary Teacher", "Secondary Teacher",
        "Ungraded Teacher", "Paraprofessional/Instructional Aide", "Elementary School Counselor",
        "Secondary School Counselor", "School Counselor", "Librarian/Media Specialist", "Library/Media Support Staff",
        "LEA Administrator", "LEA Administrative Support Staff", "School Administrator",
        "School Administrative Support Staff", "School Psychologist",
        "Student Support Services Staff (w/o Psychology)", "All Other Support Staff",
        "Instr Coordinator and Supervisor to the Staff", "Missing", "Assistant Principal", "Assistant Superintendent",
        "Counselor", "Instructional Aide", "Instructional Coordinator", "LEA Specialist", "LEA System Administrator",
        "Operational Support", "Other", "Principal", "School Leader", "School Specialist", "State Administrator",
        "Substitute Teacher", "Superintendent", "Support Services Staff", "Teacher",
    ]),
    ("StaffIdentificationSystem", &[
        "Canadian SIN", "District", "Drivers License", "Federal", "Health Record", "Medicaid", "Other",
        "Other Federal", "PIN", "Professional Certificate", "School", "Selective Service", "SSN", "State", "US Visa",
    ]),
    ("StateAbbreviation", &[
        "AA", "AE", "AK", "AL", "AP", "AR", "AS", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "FM", "GA", "GU", "HI",
        "IA", "ID", "IL", "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MH", "MI", "MN", "MO", "MP", "MS", "MT", "NC",
        "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA", "PR", "PW", "RI", "SC", "SD", "TN", "TX",
        "UT", "VA", "VI", "VT", "WA", "WI", "WV", "WY",
    ]),
    ("StudentCharacteristic", &[
        "Asylee", "Displaced Homemaker", "Foster Care", "Homeless", "Immigrant", "Parent in Military", "Pregnant",
        "Refugee", "Runaway", "Single Parent", "Unaccompanied Youth", "Other", "Displaced", "Economic Disadvantaged",
    ]),
    ("StudentIdentificationSystem", &[
        "Canadian SIN", "District", "Family", "Federal", "National Migrant", "Other", "School", "SSN", "State",
        "State Migrant", "Student Number", "Local",
    ]),
    ("SubmissionStatus", &[
        "Exempt", "Graded", "Not Submitted", "Returned", "Submitted",
    ]),
    ("TelephoneNumberType", &[
        "Emergency 1", "Emergency 2", "Fax", "Home", "Mobile", "Other", "Unlisted", "Work",
    ]),
    ("Term", &[
        "Semester", "Fall Semester", "Spring Semester", "Summer Semester", "Quarter", "First Quarter",
        "Second Quarter", "Third Quarter", "Fourth Quarter", "Trimester", "First Trimester", "Second Trimester",
        "Third Trimester", "MiniTerm", "Year Round", "Other",
    ]),
    ("Country", &[
        "AU", "BR", "CA", "CN", "CO", "CU", "DE", "DO", "ET", "FR", "GB", "GT", "HN", "HT", "IN", "IQ", "JP", "KR",
        "MM", "MX", "NG", "PH", "PK", "PL", "SO", "SV", "SY", "UA", "US", "VE", "VN",
    ]),
];

/// What a grade is of.
pub(super) const GRADE_TYPES: &[&str] = &[
    "Class Rank",
    "Conduct",
    "Exam",
    "Final",
    "Grading Period",
    "Mid-Term Grade",
    "Progress Report",
    "Semester",
];

/// Races before data standard 5.1.
pub(super) const RACES_OLD: &[&str] = &[
    "American Indian - Alaska Native",
    "Asian",
    "Black - African American",
    "Choose Not to Respond",
    "Native Hawaiian - Pacific Islander",
    "Other",
    "White",
];

/// Races from data standard 5.1.
pub(super) const RACES: &[&str] = &[
    "American Indian or Alaska Native",
    "Asian",
    "Black or African American",
    "Choose Not to Respond",
    "Native Hawaiian or Pacific Islander",
    "Other",
    "White",
    "Hispanic or Latino",
    "Middle Eastern or North African",
];
