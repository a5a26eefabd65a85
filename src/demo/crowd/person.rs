//! One person of a crowd, as the directory has them: eighteen attributes, some 350 bytes of text, made from bits.

use super::names::{BEYOND_ASCII, DEPARTMENTS, FAMILY, GIVEN, LANGUAGES, Name, SITES, Site, TITLES};
use super::order::{hidden, scattered};
use super::{BASE, Crowd, Kind, PEOPLE};
use crate::source::ldif::{Record, Value};

/// What an entry may have, in the order in which it is told: the eighteen, who locked it, and its classes.
pub const ATTRIBUTES: [&str; 20] = [
    "objectClass",
    "uid",
    "cn",
    "sn",
    "givenName",
    "displayName",
    "mail",
    "department",
    "title",
    "employeeNumber",
    "telephoneNumber",
    "mobile",
    "l",
    "c",
    "preferredLanguage",
    "manager",
    "departmentNumber",
    "entryUUID",
    "memberOf",
    "pwdAccountLockedTime",
];

/// Somebody: small, copied, and made anew whenever asked for.
#[derive(Clone, Copy)]
pub(super) struct Person<'c> {
    pub crowd: &'c Crowd,
    pub n: usize,
    pub kind: Kind,
    pub given: &'static Name,
    pub family: &'static Name,
    pub site: &'static Site,
    bits: u64,
}

/// A few of the bits, as a place in a table.
fn pick<T, const N: usize>(table: &'static [T; N], bits: u64) -> &'static T {
    &table[usize::try_from(bits % N as u64).expect("it is below the length of a table")]
}

/// A number as text, without the cost of formatting.
pub(super) fn push_number(out: &mut String, n: usize) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = n;
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).expect("it is one digit");
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    push_ascii(out, &digits[at..]);
}

/// The lowest hex digits of a number, so many as `N` says.
pub(super) fn push_hex<const N: usize>(out: &mut String, n: u64) {
    let mut digits = [0; N];
    let mut rest = n;
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[usize::try_from(rest & 15).expect("it is below 16")];
        rest >>= 4;
    }
    push_ascii(out, &digits);
}

/// Four digits of a telephone number.
fn push_four(out: &mut String, n: u64) {
    push_ascii(out, &[1000, 100, 10, 1].map(|power| b'0' + u8::try_from(n / power % 10).expect("it is one digit")));
}

fn push_ascii(out: &mut String, digits: &[u8]) {
    out.push_str(std::str::from_utf8(digits).expect("digits are ASCII"));
}

impl<'c> Person<'c> {
    pub(super) fn new(crowd: &'c Crowd, n: usize) -> Self {
        let bits = crowd.bits(n);
        let (given, family) = if bits % 100 < 12 {
            let (given, family) = pick(&BEYOND_ASCII, bits >> 8);
            (given, family)
        } else {
            (pick(&GIVEN, bits >> 8), pick(&FAMILY, bits >> 13))
        };
        Person { crowd, n, kind: crowd.kind(n), given, family, site: pick(&SITES, bits >> 18), bits }
    }

    pub(super) fn title(&self) -> Option<&'static str> {
        (self.bits >> 24 & 15 != 0).then(|| *pick(&TITLES, self.bits >> 28))
    }

    pub(super) fn department(&self) -> Option<&'static str> {
        (self.bits >> 32 & 31 != 0).then(|| *pick(&DEPARTMENTS, self.bits >> 37))
    }

    pub(super) fn language(&self) -> &'static str {
        LANGUAGES[usize::try_from(self.bits >> 41 & 7).expect("it is below 8")]
    }

    /// Which fields differ in the service: one bit or two of the lowest six; never none.
    pub(super) fn drift(&self) -> u8 {
        let first = 1 << ((self.bits >> 44 & 7) % 6);
        let second = if self.bits >> 47 & 1 == 1 { 1 << ((self.bits >> 48 & 7) % 6) } else { 0 };
        first | second
    }

    pub(super) fn push_display_name(&self, out: &mut String) {
        out.push_str(self.given.name);
        out.push(' ');
        out.push_str(self.family.name);
    }

    /// The common name: told apart by the number, so that it can be the RDN.
    pub(super) fn push_cn(&self, out: &mut String) {
        self.push_display_name(out);
        out.push(' ');
        push_number(out, self.n);
    }

    /// The user name. Twins have one.
    pub(super) fn push_uid(&self, out: &mut String) {
        let owner = match self.kind {
            Kind::Twin => Person::new(self.crowd, self.crowd.twin_of(self.n)),
            _ => *self,
        };
        if owner.kind == Kind::Robot {
            out.push_str("svc-");
        }
        out.push_str(&owner.given.letters[..1]);
        out.push_str(owner.family.letters);
        push_number(out, owner.n);
    }

    pub(super) fn push_mail(&self, out: &mut String) {
        out.push_str(self.given.letters);
        out.push('.');
        out.push_str(self.family.letters);
        push_number(out, self.n);
        out.push_str("@example.com");
    }

    pub(super) fn push_dn(&self, out: &mut String) {
        out.push_str("cn=");
        self.push_cn(out);
        out.push_str(",ou=");
        out.push_str(self.site.unit);
        out.push(',');
        out.push_str(PEOPLE);
    }

    /// The lasting id: a UUID whose last part hides the number.
    pub(super) fn push_id(&self, out: &mut String) {
        let more = scattered(self.bits);
        push_hex::<8>(out, more >> 32);
        out.push('-');
        push_hex::<4>(out, more >> 16);
        out.push_str("-4");
        push_hex::<3>(out, more);
        out.push('-');
        push_hex::<1>(out, 8 | self.bits >> 50 & 3);
        push_hex::<3>(out, self.bits >> 52);
        out.push('-');
        push_hex::<12>(out, hidden(self.n as u64, self.crowd.entry_key()));
    }

    pub(super) fn push_phone(&self, out: &mut String) {
        out.push_str(self.site.prefix);
        push_four(out, self.bits >> 20);
    }

    pub(super) fn push_mobile(&self, out: &mut String) {
        out.push_str("+49 170 555 ");
        push_four(out, self.bits >> 30);
    }

    pub(super) fn push_cost_center(&self, out: &mut String) {
        push_four(out, self.bits >> 37 & 0xfff);
    }

    /// Whoever the person reports to, if the directory has them.
    pub(super) fn manager(&self) -> Option<Person<'c>> {
        let manager = (self.n >= 12).then(|| Person::new(self.crowd, self.n / 12))?;
        manager.kind.has_entry().then_some(manager)
    }

    fn group(&self) -> &'static str {
        self.department().unwrap_or("Everybody")
    }

    /// Adds the value of an attribute; false where there is none. `at` is its place in [`ATTRIBUTES`].
    fn push(&self, at: usize, out: &mut String) -> bool {
        match at {
            0 => out.push_str("inetOrgPerson"),
            1 => self.push_uid(out),
            2 => self.push_cn(out),
            3 => out.push_str(self.family.name),
            4 => out.push_str(self.given.name),
            5 => self.push_display_name(out),
            6 if self.kind != Kind::NoMail => self.push_mail(out),
            7 => return self.department().is_some_and(|department| push(out, department)),
            8 => return self.title().is_some_and(|title| push(out, title)),
            9 if self.kind == Kind::Broken => out.push_str("n/a"),
            9 => push_number(out, 100_000 + self.n),
            10 => self.push_phone(out),
            11 => self.push_mobile(out),
            12 => out.push_str(self.site.city),
            13 => out.push_str(self.site.country),
            14 => out.push_str(self.language()),
            15 => return self.manager().map(|m| m.push_dn(out)).is_some(),
            16 => self.push_cost_center(out),
            17 => self.push_id(out),
            18 => {
                out.push_str("cn=");
                out.push_str(self.group());
                out.push_str(",ou=groups,");
                out.push_str(BASE);
            }
            19 if self.kind.is_disabled() => out.push_str("000001010000Z"),
            _ => return false,
        }
        true
    }

    /// Tells the attributes whose bits are set in `wanted`, by their places in [`ATTRIBUTES`].
    pub(super) fn tell(&self, wanted: u32, scratch: &mut String, told: &mut impl FnMut(usize, &str)) {
        for at in (0..ATTRIBUTES.len()).filter(|at| wanted & 1 << at != 0) {
            scratch.clear();
            if self.push(at, scratch) {
                told(at, scratch);
            }
        }
    }

    pub(super) fn record(&self) -> Record {
        let (mut dn, mut scratch) = (String::with_capacity(80), String::with_capacity(80));
        self.push_dn(&mut dn);
        let mut attributes = Vec::with_capacity(ATTRIBUTES.len());
        self.tell(u32::MAX, &mut scratch, &mut |at, value| attributes.push((ATTRIBUTES[at].into(), Value::Text(value.into()))));
        Record { dn, attributes }
    }

    /// The text that something is written as.
    pub(super) fn text(&self, push: impl Fn(&Self, &mut String)) -> String {
        let mut out = String::new();
        push(self, &mut out);
        out
    }
}

fn push(out: &mut String, text: &str) -> bool {
    out.push_str(text);
    true
}
