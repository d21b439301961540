//! Vectors and properties of sourcedIds.

use super::*;

fn id(write: impl FnOnce(&NaturalKeys, &mut String)) -> (String, String) {
    let mut key = String::from("left over");
    write(&NaturalKeys::new(IdScheme::Edu, "demo_isd", 2022), &mut key);
    let id = SourcedId::of(&key).hex();
    (key, id)
}

fn enroll(keys: &NaturalKeys, key: &mut String, unique_id: &str, class: ClassKey<'_>, begin: Option<Day>) {
    let mut part = String::new();
    keys.class_part(&mut part, class);
    keys.enrollment(key, Person::Student, unique_id, &part, begin);
}

/// The vectors of mapping.md section 1 and of the edu package.
#[test]
fn edu_vectors() {
    let class = ClassKey {
        local_code: "ALG-1",
        school: 255_901_001,
        section: "25590100102Trad220ALG112011",
        session: "2021-2022 Fall Semester",
    };
    let begin = Day::from_ymd(2021, 8, 23);
    let folded = "alg-1-255901001-25590100102trad220alg112011-2021-2022 fall semester";
    let vectors = [
        (
            id(|k, s| k.org(s, 255_901_001)),
            "demo_isd-255901001".to_owned(),
            "7151f70f9c9d58885cbca516914901cd",
        ),
        (id(|k, s| k.org(s, 255_901)), "demo_isd-255901".into(), "89a0a9d15be69d602faf839343f8e75c"),
        (
            id(|k, s| k.user(s, Person::Student, "604822", Some(1))),
            "demo_isd-STU-604822".into(),
            "6114abd83a770bff43795f58aa70a8d7",
        ),
        (
            id(|k, s| k.user(s, Person::Staff, "207219", None)),
            "demo_isd-STA-207219".into(),
            "e3751735f6f8afd73c2705dca5f4638f",
        ),
        (
            id(|k, s| k.user(s, Person::Parent, "777777", None)),
            "demo_isd-PAR-777777".into(),
            "4196a167053bb929878b6994cba6d736",
        ),
        (
            id(|k, s| k.session(s, 255_901_001, "2021-2022 Fall Semester")),
            "demo_isd-255901001-2021-2022 Fall Semester".into(),
            "5b644204b0e992f37efbedef56a08607",
        ),
        (
            id(|k, s| k.school_year(s, YearOf::Lea(255_901))),
            "demo_isd-255901-2022".into(),
            "8190ba1993c6d5e1fad4abed404f5604",
        ),
        (
            id(|k, s| k.course(s, 255_901, 255_901_001, "ALG-1")),
            "demo_isd-255901-ALG-1".into(),
            "a05e1326cc7f61bfd15bb9ab9f2010ae",
        ),
        (id(|k, s| k.class(s, class)), format!("demo_isd-{folded}"), "9594151a023f0e39c0e27dc8f246d1a9"),
        (
            id(|k, s| enroll(k, s, "604822", class, begin)),
            format!("demo_isd-604822-{folded}-2021-08-23"),
            "3fa4d704f627aa4ed260d012705c5a75",
        ),
        (
            id(|k, s| enroll(k, s, "207219", class, begin)),
            format!("demo_isd-207219-{folded}-2021-08-23"),
            "8c8a31115db60cae8169041e3448a660",
        ),
    ];
    for ((key, id), wanted_key, wanted_id) in vectors {
        assert_eq!(key, wanted_key);
        assert_eq!(id, wanted_id, "{wanted_key}");
    }
}

#[test]
fn only_an_absent_staff_begin_is_a_placeholder() {
    let class = ClassKey { local_code: "É", school: 1, section: "S", session: "F" };
    let (key, _) = id(|k, s| enroll(k, s, "T1", class, None));
    assert_eq!(key, "demo_isd-T1-é-1-s-f-_dbt_utils_surrogate_key_null_");
}

#[test]
fn stable_keys_say_where_each_component_ends() {
    let keys = NaturalKeys::new(IdScheme::Stable, "demo", 2022);
    let key = |write: &dyn Fn(&mut String)| {
        let mut key = String::new();
        write(&mut key);
        key
    };
    assert_eq!(key(&|s| keys.user(s, Person::Staff, "7", Some(1))), "4:demo4:user3:STA1:7");
    assert_eq!(key(&|s| keys.session(s, 11, "Fall")), "4:demo7:session2:114:20224:Fall");
    let class = |local_code, section| ClassKey { local_code, school: 1, section, session: "F" };
    let classes = [class("a-b", "c"), class("a", "b-c"), class("A", "b-c"), class("a", "B-c")];
    let texts: std::collections::BTreeSet<_> = classes.iter().map(|&c| key(&|s| keys.class(s, c))).collect();
    assert_eq!(texts.len(), classes.len());
    let next = NaturalKeys::new(IdScheme::Stable, "demo", 2023);
    assert_ne!(key(&|s| keys.class(s, classes[0])), key(&|s| next.class(s, classes[0])));
}

#[test]
fn gradebook_keys_have_their_components() {
    let class = ClassKey { local_code: "ALG-1", school: 11, section: "S1", session: "Fall" };
    let entry = LineItemKey::Entry { namespace: "uri://x", identifier: "HW-1" };
    let grade = LineItemKey::FinalGrade { class, period: "First Six Weeks", name: "1", kind: "Final" };
    assert_eq!(id(|k, s| k.category(s, "Quiz")).0, "demo_isd-2022-Quiz");
    assert_eq!(id(|k, s| k.line_item(s, entry)).0, "demo_isd-uri://x-HW-1");
    assert_eq!(id(|k, s| k.result(s, entry, "7")).0, "demo_isd-uri://x-HW-1-7");
    let of_class = "demo_isd-alg-1-11-s1-fall";
    assert_eq!(id(|k, s| k.line_item(s, grade)).0, format!("{of_class}-First Six Weeks-1-Final"));
    assert_eq!(id(|k, s| k.result(s, grade, "7")).0, format!("{of_class}-First Six Weeks-1-Final-7"));

    let stable = NaturalKeys::new(IdScheme::Stable, "demo", 2022);
    let mut key = String::new();
    stable.category(&mut key, "Quiz");
    assert_eq!(key, "4:demo8:category4:20224:Quiz");
    stable.line_item(&mut key, entry);
    assert_eq!(key, "4:demo8:lineItem5:entry7:uri://x4:HW-1");
    stable.result(&mut key, entry, "7");
    assert_eq!(key, "4:demo6:result5:entry7:uri://x4:HW-11:7");
    stable.line_item(&mut key, grade);
    assert_eq!(key, "4:demo8:lineItem5:grade5:ALG-12:114:20222:S14:Fall15:First Six Weeks1:15:Final");
}

/// The vectors of the Ed-Fi Alliance service 1.0.2, confirmed against its own views.
#[test]
fn edfi_oneroster_vectors() {
    let ds5 = NaturalKeys::new(IdScheme::EdfiOneroster, "not used", 2025);
    let ds4 = ds5.clone().with_staff_begin_outside_key(true);
    let class = ClassKey { local_code: "Alg1", school: 101, section: "S1", session: "Fall" };
    let begin = Day::from_ymd(2024, 8, 20);
    let enroll = |keys: &NaturalKeys, s: &mut String, person, unique_id| {
        let mut part = String::new();
        keys.class_part(&mut part, class);
        keys.enrollment(s, person, unique_id, &part, begin);
    };
    type Write<'a> = Box<dyn Fn(&mut String) + 'a>;
    let vectors: [(Write<'_>, &str, &str); 16] = [
        (Box::new(|s| ds5.school_year(s, YearOf::Lea(100))), "100-2025", "0828eb1a6daa19f534e1d9a2f6780871"),
        (Box::new(|s| ds5.school_year(s, YearOf::School(101))), "-2025", "814e2c12f3ba55ef333c02da474e86b4"),
        (Box::new(|s| ds5.session(s, 101, "Fall")), "101-2025-Fall", "bbcc6fb30e741d34a87ac4cbb9c512ea"),
        (Box::new(|s| ds5.course(s, 7, 100, "ALG1")), "100-ALG1", "337077bb4f8daf7e857a5c71186d929a"),
        (Box::new(|s| ds5.class(s, class)), "alg1-101-2025-s1-fall", "2d742ffda5eb9be65da8c40e129c4486"),
        (
            Box::new(|s| enroll(&ds5, s, Person::Staff, "T1")),
            "t1-alg1-101-2025-s1-fall-2024-08-20",
            "ec5be6b9b4bedc39599e4ef1c6da0cc4",
        ),
        (
            Box::new(|s| enroll(&ds4, s, Person::Staff, "T1")),
            "t1-alg1-101-2025-s1-fall",
            "e1daac13546a9ff469fa47c886c4507a",
        ),
        (
            Box::new(|s| enroll(&ds5, s, Person::Student, "1001")),
            "1001-alg1-101-2025-s1-fall-2024-08-20",
            "808b67af241b9d7766e42a3c356e3dd4",
        ),
        (
            Box::new(|s| enroll(&ds4, s, Person::Student, "1001")),
            "1001-alg1-101-2025-s1-fall-2024-08-20",
            "808b67af241b9d7766e42a3c356e3dd4",
        ),
        (
            Box::new(|s| ds5.user(s, Person::Student, "1001", Some(101))),
            "STU-1001-101",
            "01e39746257d2648507cb3c475b318b5",
        ),
        (
            Box::new(|s| ds5.user(s, Person::Student, "1004", None)),
            "STU-1004",
            "04f9a2b49a27a81c987337e39227b370",
        ),
        (
            Box::new(|s| ds5.user(s, Person::Staff, "T1", Some(101))),
            "STA-T1-101",
            "4d076d8a0ff12a272ebaedd8644ebb3b",
        ),
        (
            Box::new(|s| ds5.user(s, Person::Parent, "P1", Some(102))),
            "PAR-P1-102",
            "9dcfd7d526242676c42a5d0cee2a006c",
        ),
        (Box::new(|s| ds5.org(s, 1)), "1", "c4ca4238a0b923820dcc509a6f75849b"),
        // No vector of the service: what has a blank or nothing where a component should be.
        (
            Box::new(|s| ds5.class(s, ClassKey { local_code: "", ..class })),
            "-101-2025-s1-fall",
            "358383cb74530dd548db20288fe1974d",
        ),
        (
            Box::new(|s| ds5.role(s, Person::Staff, "T1", Some(101), 101, "teacher")),
            "STA-T1-101-101-teacher",
            "82125039a149a1fa00fc3c279af6fc4c",
        ),
    ];
    for (write, text, wanted) in vectors {
        let mut key = String::from("left over");
        write(&mut key);
        assert_eq!(key, text);
        assert_eq!(SourcedId::of(&key).hex(), wanted, "{text}");
    }
}

/// Everything that has an id, with its Ed-Fi key.
#[derive(Debug, Clone, PartialEq)]
enum Object {
    Org(i64),
    Department(i64, String),
    User(Person, String),
    Role(Person, String, i64, String),
    Session(i64, String),
    SchoolYear(i64),
    GradingPeriod(i64, String, String),
    Course(i64, i64, String),
    Class(String, i64, String, String),
    Enrollment(Person, String, (String, i64, String, String), Option<i32>),
}

impl Object {
    fn key(&self, keys: &NaturalKeys) -> String {
        let mut key = String::new();
        let s = &mut key;
        match self {
            Object::Org(id) => keys.org(s, *id),
            Object::Department(id, name) => keys.department(s, *id, name),
            Object::User(person, id) => keys.user(s, *person, id, Some(5)),
            Object::Role(person, id, org, role) => keys.role(s, *person, id, Some(5), *org, role),
            Object::Session(school, name) => keys.session(s, *school, name),
            Object::SchoolYear(lea) => keys.school_year(s, YearOf::Lea(*lea)),
            Object::GradingPeriod(school, period, name) => keys.grading_period(s, *school, period, name),
            Object::Course(lea, owner, code) => keys.course(s, *lea, *owner, code),
            Object::Class(local_code, school, section, session) => {
                keys.class(s, ClassKey { local_code, school: *school, section, session });
            }
            Object::Enrollment(person, id, (local_code, school, section, session), begin) => {
                let mut part = String::new();
                keys.class_part(&mut part, ClassKey { local_code, school: *school, section, session });
                keys.enrollment(s, *person, id, &part, begin.map(Day::at));
            }
        }
        key
    }

    /// Whether the Ed-Fi key has a school year.
    fn of_a_year(&self) -> bool {
        matches!(
            self,
            Object::Session(..)
                | Object::SchoolYear(_)
                | Object::GradingPeriod(..)
                | Object::Class(..)
                | Object::Enrollment(..)
        )
    }
}

/// Objects whose components look alike: digits, hyphens, colons, and each other's lengths.
fn object() -> impl proptest::strategy::Strategy<Value = Object> {
    use proptest::prelude::*;
    let text = || prop_oneof!["[a1:-]{0,4}", ".{0,3}"];
    let number = || prop_oneof![-2i64..30, any::<i64>()];
    let person = || prop_oneof![Just(Person::Student), Just(Person::Staff), Just(Person::Parent)];
    prop_oneof![
        number().prop_map(Object::Org),
        (number(), text()).prop_map(|(a, b)| Object::Department(a, b)),
        (person(), text()).prop_map(|(a, b)| Object::User(a, b)),
        (person(), text(), number(), text()).prop_map(|(a, b, c, d)| Object::Role(a, b, c, d)),
        (number(), text()).prop_map(|(a, b)| Object::Session(a, b)),
        number().prop_map(Object::SchoolYear),
        (number(), text(), text()).prop_map(|(a, b, c)| Object::GradingPeriod(a, b, c)),
        (number(), number(), text()).prop_map(|(a, b, c)| Object::Course(a, b, c)),
        (text(), number(), text(), text()).prop_map(|(a, b, c, d)| Object::Class(a, b, c, d)),
        (person(), text(), (text(), number(), text(), text()), proptest::option::of(0i32..40))
            .prop_map(|(a, b, c, d)| Object::Enrollment(a, b, c, d)),
    ]
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(300))]

    /// Different objects, of one kind or of two, never have one key; nor does one object in two tenants.
    #[test]
    fn stable_is_injective(objects in proptest::collection::vec(object(), 2..9)) {
        let keys = NaturalKeys::new(IdScheme::Stable, "t", 2022);
        let other = NaturalKeys::new(IdScheme::Stable, "t2", 2022);
        for (n, a) in objects.iter().enumerate() {
            for b in &objects[n..] {
                proptest::prop_assert_eq!(a.key(&keys) == b.key(&keys), a == b, "{:?} {:?}", a, b);
                proptest::prop_assert_ne!(a.key(&keys), b.key(&other));
            }
        }
    }

    /// What is of a year never has the key of anything of another year; what is not keeps its key.
    #[test]
    fn stable_tells_years_apart(a in object(), b in object(), years in (1900i16..2090, 1900i16..2090)) {
        proptest::prop_assume!(years.0 != years.1);
        let keys = [years.0, years.1].map(|year| NaturalKeys::new(IdScheme::Stable, "t", year));
        if a.of_a_year() {
            proptest::prop_assert_ne!(a.key(&keys[0]), a.key(&keys[1]));
            proptest::prop_assert_ne!(a.key(&keys[0]), b.key(&keys[1]));
        } else {
            proptest::prop_assert_eq!(a.key(&keys[0]), a.key(&keys[1]));
        }
    }
}
