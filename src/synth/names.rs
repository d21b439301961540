//! Invented people and places: names, and addresses made from them.
//!
//! In: chances. Out: names with the accents, apostrophes, hyphens and particles that real districts have, and
//! e-mail addresses under the reserved domain `example`. No list is taken from anybody's register.

use super::chance::Chance;

const GIRLS: &[&str] = &[
    "Amara",
    "Ana",
    "Aisha",
    "Beatriz",
    "Camila",
    "Chloé",
    "Destiny",
    "Dolores",
    "Elena",
    "Fatima",
    "Grace",
    "Hannah",
    "Inés",
    "Isabella",
    "Jasmine",
    "Josefina",
    "Keisha",
    "Lan",
    "Leticia",
    "Lucía",
    "Mariana",
    "Mary-Kate",
    "Mei",
    "Naomi",
    "Noor",
    "Olivia",
    "Priya",
    "Renée",
    "Rosa",
    "Ruth",
    "Sofía",
    "Talia",
    "Thuy",
    "Valentina",
    "Wanda",
    "Ximena",
    "Yara",
    "Zoë",
];
const BOYS: &[&str] = &[
    "Aaron", "Ahmed", "André", "Arjun", "Bảo", "Caleb", "Darnell", "Diego", "Eli", "Emeka", "Felix",
    "Gabriel", "Hiro", "Iker", "Isaac", "Jamal", "Jean-Luc", "Jesús", "José", "Kwame", "Liam", "Luis",
    "Mateo", "Minh", "Noah", "Omar", "Oskar", "Pablo", "Quentin", "Rafael", "Samuel", "Søren", "Tomás",
    "Tyrell", "Uriel", "Víctor", "Wyatt", "Yusuf",
];
const LAST: &[&str] = &[
    "Abernathy",
    "Adeyemi",
    "Álvarez",
    "Baker",
    "Begay",
    "Bjørnstad",
    "Brandt",
    "Castillo",
    "Chen",
    "Cruz-Ortega",
    "D'Angelo",
    "de la Cruz",
    "Delgado",
    "Dubois",
    "Eastwood",
    "Escobedo",
    "Fitzgerald",
    "Flores",
    "Freeman",
    "Fuentes",
    "García",
    "Goldberg",
    "Greene",
    "Gutiérrez",
    "Haddad",
    "Hernández",
    "Hoàng",
    "Holloway",
    "Ibarra",
    "Ito",
    "Jackson",
    "Jiménez",
    "Kaczmarek",
    "Khan",
    "Kim",
    "King",
    "Kowalczyk",
    "Lee",
    "Lindqvist",
    "López",
    "MacDonald",
    "Martínez",
    "Mbeki",
    "Mendoza",
    "Mitchell",
    "Müller",
    "Muñoz",
    "Nakamura",
    "Nguyễn",
    "Novák",
    "O'Brien",
    "O'Neill",
    "Okafor",
    "Olson",
    "Ortiz",
    "Park",
    "Patel",
    "Peña",
    "Pérez",
    "Quintero",
    "Ramírez",
    "Reyes",
    "Rivera",
    "Robinson",
    "Ruiz",
    "Salazar",
    "Sánchez",
    "Sandoval",
    "Schmidt",
    "Serrano-Lee",
    "Singh",
    "Smith",
    "Solís",
    "St. James",
    "Taylor",
    "Thompson",
    "Torres",
    "Tran",
    "Tsosie",
    "Umana",
    "van der Berg",
    "Vega",
    "Villarreal",
    "Walker",
    "Washington",
    "Whitehorse",
    "Williams",
    "Wójcik",
    "Xiong",
    "Yamada",
    "Young",
    "Zamora",
    "Zimmerman",
];
const PLACES: &[&str] = &[
    "Cedar Creek",
    "Live Oak",
    "Pecan Grove",
    "Rio Vista",
    "Stone Bridge",
    "Willow Bend",
    "Eagle Pass",
    "Mesquite",
    "Sandy Point",
    "Juniper Hills",
    "Blue Heron",
    "Fox Hollow",
    "Mission Trail",
    "Prairie View",
    "Red Bluff",
    "Silver Lake",
    "Sunrise",
    "Twin Rivers",
    "Walnut Springs",
    "Agave Ridge",
    "Lost Pines",
    "Comal",
    "Bluebonnet",
    "Harvest Moon",
    "Marigold",
    "Old Mill",
    "Cottonwood",
    "Settlers",
    "Lantern Hill",
    "Meadowlark",
];
const DISTRICTS: &[&str] = &[
    "Brazos River",
    "Palo Duro",
    "Caprock",
    "Guadalupe Valley",
    "Pine Island",
    "Medina",
    "Trinity Fork",
    "Sabine",
    "High Plains",
    "Coastal Bend",
    "Llano",
    "Frio Canyon",
    "Pedernales",
    "Concho",
    "Big Thicket",
    "Neches",
];

/// A person's names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    /// First name.
    pub first: &'static str,
    /// Last name.
    pub last: &'static str,
    /// Whether the first name is from the girls' list.
    pub female: bool,
}

/// A new person.
pub(super) fn person(chance: &mut Chance) -> Person {
    let female = chance.permille(510);
    Person { first: first(chance, female), last: last(chance), female }
}

/// A first name.
pub(super) fn first(chance: &mut Chance, female: bool) -> &'static str {
    chance.pick(if female { GIRLS } else { BOYS })
}

/// A last name.
pub(super) fn last(chance: &mut Chance) -> &'static str {
    chance.pick(LAST)
}

/// The name of the school with this number, without its kind.
pub(super) fn place(number: usize) -> String {
    numbered(PLACES, number)
}

/// The name of the district with this number, without `ISD`.
pub(super) fn district(number: usize) -> String {
    numbered(DISTRICTS, number)
}

fn numbered(names: &[&str], number: usize) -> String {
    let name = names[number % names.len()];
    match number / names.len() {
        0 => name.to_owned(),
        again => format!("{name} {}", again + 1),
    }
}

/// The local part of an address: letters of the name without accents, and something that makes it unique.
pub(super) fn mailbox(out: &mut String, first: &str, last: &str, unique: &str) {
    out.clear();
    push_ascii(out, first);
    out.push('.');
    push_ascii(out, last);
    out.push_str(unique);
}

/// Appends the letters and digits of a name, in ASCII and lower case.
pub(super) fn push_ascii(out: &mut String, name: &str) {
    for letter in name.chars().flat_map(char::to_lowercase) {
        let plain = match letter {
            'a'..='z' | '0'..='9' => letter,
            'á' | 'à' | 'â' | 'ả' => 'a',
            'é' | 'è' | 'ë' | 'ễ' => 'e',
            'í' | 'ï' => 'i',
            'ó' | 'ö' | 'ø' => 'o',
            'ú' | 'ü' => 'u',
            'ñ' => 'n',
            _ => continue,
        };
        out.push(plain);
    }
}
