//! One person: names in several scripts, and the account that the demo's mapping wants for them.

use super::{BASE, text};
use crate::source::ldif::Record;
use fastrand::Rng;

const GIVEN: [&str; 32] = [
    "Janet",
    "Bob",
    "Alice",
    "Maria",
    "Peter",
    "Susan",
    "Ahmed",
    "Lena",
    "Olga",
    "Chen",
    "Yuki",
    "Omar",
    "Zoë",
    "Renée",
    "José",
    "Björn",
    "Søren",
    "Łukasz",
    "Ángel",
    "Élodie",
    "Анна",
    "Νίκος",
    "小明",
    "太郎",
    "ליאת",
    "ليلى",
    "Ravi",
    "Priya",
    "Kofi",
    "Aoife",
    "Astrid",
    "Jose\u{301}",
];
const FAMILY: [&str; 32] = [
    "Smith",
    "Jones",
    "Jensen",
    "Brown",
    "Garcia",
    "Wilson",
    "Taylor",
    "Lee",
    "Clark",
    "Walker",
    "Müller",
    "Núñez",
    "Škoda",
    "Ødegård",
    "D’Angelo",
    "O'Brien",
    "Kowalczyk-Żak",
    "Gärtner",
    "Çelik",
    "Nguyễn",
    "Иванова",
    "Παπαδόπουλος",
    "王",
    "山田",
    "כהן",
    "حداد",
    "Okafor",
    "van den Berg",
    "de la Cruz",
    "Schmidt, Jr.",
    "Lévêque",
    "Ştefănescu",
];
const TITLES: [&str; 8] =
    ["Engineer", "Senior Engineer", "Analyst", "Manager", "Director", "Consultant", "Technician", "Account Executive"];
const DEPARTMENTS: [&str; 8] = ["Engineering", "Sales", "Marketing", "Finance", "Legal", "Support", "People", "R&D"];

/// A person as the directory has them.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub id: String,
    pub uid: String,
    pub second_uid: Option<String>,
    pub given: &'static str,
    pub family: &'static str,
    pub mail: String,
    pub title: Option<String>,
    pub department: Option<&'static str>,
    pub number: String,
    pub disabled: bool,
    pub external: bool,
    /// The DN of somebody.
    pub manager: Option<String>,
    /// Below the suffix.
    pub unit: &'static str,
    dn_number: usize,
}

impl Person {
    pub(super) fn make(rng: &mut Rng, n: usize) -> Self {
        let (given, family) = (GIVEN[rng.usize(..GIVEN.len())], FAMILY[rng.usize(..FAMILY.len())]);
        let bits: u128 = rng.u128(..);
        let hex = format!("{bits:032x}");
        let ascii = |name: &str| name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
        let initial: String = ascii(given).chars().take(1).collect();
        let uid = format!("{initial}{}{n}", ascii(family));
        Person {
            id: format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]),
            mail: format!("{uid}@example.com"),
            uid,
            second_uid: None,
            given,
            family,
            title: (rng.u8(..) > 20).then(|| TITLES[rng.usize(..TITLES.len())].to_owned()),
            department: (rng.u8(..) > 20).then(|| DEPARTMENTS[rng.usize(..DEPARTMENTS.len())]),
            number: format!("{}", 10_000 + n),
            disabled: false,
            external: false,
            manager: None,
            unit: if rng.bool() { "ou=staff,ou=people" } else { "ou=people" },
            dn_number: n,
        }
    }

    pub(super) fn dn(&self) -> String {
        // The RDN is not the user name: people are renamed, and two may share one.
        let escaped = self.family.replace(',', "\\,");
        format!("cn={escaped} {},{},{BASE}", self.dn_number, self.unit)
    }

    pub(super) fn record(&self) -> Record {
        let mut attributes = vec![
            text("objectClass", "inetOrgPerson"),
            text("cn", &format!("{} {}", self.family, self.dn_number)),
            text("uid", &self.uid),
            text("givenName", self.given),
            text("sn", self.family),
            text("employeeNumber", &self.number),
            text("employeeType", if self.external { "external" } else { "staff" }),
            text("entryUUID", &self.id),
        ];
        attributes.extend(self.second_uid.iter().map(|uid| text("uid", uid)));
        attributes.extend((!self.mail.is_empty()).then(|| text("mail", &self.mail)));
        attributes.extend(self.manager.iter().map(|dn| text("manager", dn)));
        attributes.extend(self.title.iter().map(|t| text("title", t)));
        attributes.extend(self.department.iter().map(|d| text("departmentNumber", d)));
        attributes.extend(self.disabled.then(|| text("pwdAccountLockedTime", "000001010000Z")));
        // slapadd keeps values of one attribute only if they stand together.
        attributes.sort_by(|a, b| a.0.cmp(&b.0));
        Record { dn: self.dn(), attributes }
    }
}
