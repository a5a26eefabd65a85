//! Names and words that a crowd is made of. None holds a character that JSON, a DN or an e-mail address would have to escape,
//! so that they are written as they are; a test holds that.

/// A name, and the letters of it that a user name can have.
pub(super) struct Name {
    pub name: &'static str,
    pub letters: &'static str,
}

const fn n(name: &'static str, letters: &'static str) -> Name {
    Name { name, letters }
}

pub(super) const GIVEN: [Name; 32] = [
    n("Janet", "janet"),
    n("Bob", "bob"),
    n("Alice", "alice"),
    n("Maria", "maria"),
    n("Peter", "peter"),
    n("Susan", "susan"),
    n("Ahmed", "ahmed"),
    n("Lena", "lena"),
    n("Olga", "olga"),
    n("Chen", "chen"),
    n("Yuki", "yuki"),
    n("Omar", "omar"),
    n("Ravi", "ravi"),
    n("Priya", "priya"),
    n("Kofi", "kofi"),
    n("Aoife", "aoife"),
    n("Astrid", "astrid"),
    n("Charlotte", "charlotte"),
    n("Dmitri", "dmitri"),
    n("Ewa", "ewa"),
    n("Fatima", "fatima"),
    n("Giovanni", "giovanni"),
    n("Hannah", "hannah"),
    n("Ines", "ines"),
    n("Jonathan", "jonathan"),
    n("Katarzyna", "katarzyna"),
    n("Liam", "liam"),
    n("Mohammed", "mohammed"),
    n("Nadia", "nadia"),
    n("Sebastian", "sebastian"),
    n("Tom", "tom"),
    n("Victoria", "victoria"),
];

pub(super) const FAMILY: [Name; 32] = [
    n("Smith", "smith"),
    n("Jones", "jones"),
    n("Jensen", "jensen"),
    n("Brown", "brown"),
    n("Garcia", "garcia"),
    n("Wilson", "wilson"),
    n("Taylor", "taylor"),
    n("Lee", "lee"),
    n("Clark", "clark"),
    n("Walker", "walker"),
    n("Okafor", "okafor"),
    n("van den Berg", "vandenberg"),
    n("de la Cruz", "delacruz"),
    n("O'Brien", "obrien"),
    n("Kowalski", "kowalski"),
    n("Hernandez", "hernandez"),
    n("Patel", "patel"),
    n("Kim", "kim"),
    n("Nakamura", "nakamura"),
    n("Rossi", "rossi"),
    n("Schmidt", "schmidt"),
    n("Fischer", "fischer"),
    n("Dubois", "dubois"),
    n("Petrov", "petrov"),
    n("Silva", "silva"),
    n("Andersen", "andersen"),
    n("Virtanen", "virtanen"),
    n("Cohen", "cohen"),
    n("Mbeki", "mbeki"),
    n("Thompson", "thompson"),
    n("Robinson", "robinson"),
    n("Montgomery", "montgomery"),
];

/// Names beyond ASCII, in several scripts, one of them decomposed; given and family name belong together.
pub(super) const BEYOND_ASCII: [(Name, Name); 20] = [
    (n("Zoë", "zoe"), n("Müller", "mueller")),
    (n("Renée", "renee"), n("Lévêque", "leveque")),
    (n("José", "jose"), n("Núñez", "nunez")),
    (n("Björn", "bjoern"), n("Ødegård", "odegard")),
    (n("Søren", "soren"), n("Kjær", "kjaer")),
    (n("Łukasz", "lukasz"), n("Kowalczyk-Żak", "kowalczykzak")),
    (n("Ángel", "angel"), n("Muñoz", "munoz")),
    (n("Élodie", "elodie"), n("Gärtner", "gaertner")),
    (n("Анна", "anna"), n("Иванова", "ivanova")),
    (n("Дмитрий", "dmitry"), n("Кузнецов", "kuznetsov")),
    (n("Νίκος", "nikos"), n("Παπαδόπουλος", "papadopoulos")),
    (n("小明", "xiaoming"), n("王", "wang")),
    (n("太郎", "taro"), n("山田", "yamada")),
    (n("지우", "jiwoo"), n("김", "gim")),
    (n("ליאת", "liat"), n("כהן", "kohen")),
    (n("ليلى", "layla"), n("حداد", "haddad")),
    (n("Çağla", "cagla"), n("Çelik", "celik")),
    (n("Văn", "van"), n("Nguyễn", "nguyen")),
    (n("Jose\u{301}", "jose"), n("Peña", "pena")),
    (n("Siobhán", "siobhan"), n("Ó Briain", "obriain")),
];

pub(super) const TITLES: [&str; 16] = [
    "Engineer",
    "Senior Engineer",
    "Principal Engineer",
    "Analyst",
    "Senior Analyst",
    "Manager",
    "Senior Manager",
    "Director",
    "Consultant",
    "Technician",
    "Account Executive",
    "Customer Success Manager",
    "Product Designer",
    "Payroll Specialist",
    "Recruiter",
    "Field Service Engineer",
];

pub(super) const DEPARTMENTS: [&str; 16] = [
    "Engineering",
    "Sales",
    "Marketing",
    "Finance",
    "Legal",
    "Support",
    "People",
    "Research",
    "Operations",
    "Procurement",
    "Security",
    "Facilities",
    "Logistics",
    "Field Service",
    "Customer Success",
    "Internal Audit",
];

/// A place of work: the unit in the directory, the city, the country, how telephone numbers begin.
pub(super) struct Site {
    pub unit: &'static str,
    pub city: &'static str,
    pub country: &'static str,
    pub prefix: &'static str,
}

const fn s(unit: &'static str, city: &'static str, country: &'static str, prefix: &'static str) -> Site {
    Site { unit, city, country, prefix }
}

pub(super) const SITES: [Site; 8] = [
    s("austin", "Austin", "US", "+1 512 555 "),
    s("denver", "Denver", "US", "+1 303 555 "),
    s("london", "London", "GB", "+44 20 7946 "),
    s("zurich", "Zürich", "CH", "+41 44 555 "),
    s("munich", "München", "DE", "+49 89 5550 "),
    s("krakow", "Kraków", "PL", "+48 12 555 "),
    s("tokyo", "Tokyo", "JP", "+81 3 5555 "),
    s("bengaluru", "Bengaluru", "IN", "+91 80 5555 "),
];

pub(super) const LANGUAGES: [&str; 8] = ["en", "en-GB", "de", "de-CH", "fr", "pl", "ja", "pt-BR"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_has_to_be_escaped_and_no_user_name_holds_a_digit() {
        let names = GIVEN.iter().chain(&FAMILY).chain(BEYOND_ASCII.iter().flat_map(|(given, family)| [given, family]));
        for name in names {
            assert!(name.letters.bytes().all(|b| b.is_ascii_lowercase()), "{}", name.letters);
            assert!(!name.name.contains(|c: char| c.is_control() || "\"\\,+<>;=#0123456789".contains(c)), "{}", name.name);
        }
        for word in TITLES.iter().chain(&DEPARTMENTS).chain(&LANGUAGES).chain(SITES.iter().flat_map(|s| [&s.unit, &s.city])) {
            assert!(!word.contains(|c: char| c.is_control() || "\"\\,+<>;=#".contains(c)), "{word}");
        }
    }
}
