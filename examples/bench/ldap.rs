//! `ldap`: search result entries into rows without a socket (figure P11), beside a walk of the same bytes that believes
//! everything: which attributes come, in which order, and that all is text.

use super::measure::{Unit, versus};
use rosterm::clock::Instant;
use rosterm::identity::AttributeName;
use rosterm::identity::population::{BatchBuilder, Draft, Schema};
use rosterm::source::ldap::rows_of;
use rosterm::source::vendor::{Settings, presets};
use std::fmt::Write as _;

const ATTRIBUTES: [&str; 17] = [
    "objectGUID",
    "sAMAccountName",
    "userPrincipalName",
    "mail",
    "givenName",
    "sn",
    "displayName",
    "title",
    "department",
    "telephoneNumber",
    "mobile",
    "manager",
    "employeeID",
    "userAccountControl",
    "l",
    "c",
    "whenChanged",
];

/// Runs every figure of this page.
pub fn run(size: usize) -> Result<(), Box<dyn std::error::Error>> {
    let settings = presets().iter().map(|p| &p.0).find(|s| s.vendor == "active-directory").ok_or("no such preset")?;
    let schema = Schema::new(ATTRIBUTES[1..].iter().map(|name| AttributeName::new(*name)));
    // Some megabytes at a time, as a page of a read is.
    let pages: Vec<Vec<u8>> = (0..size / 1000).map(|page| (page * 1000..page * 1000 + 1000).flat_map(message).collect()).collect();
    let bytes: usize = pages.iter().map(Vec::len).sum();
    let count = pages.len() * 1000;
    let ours = || pages.iter().map(|page| rows(page, &schema, settings)).sum();
    let floor = || pages.iter().map(|page| walked(page, &schema)).sum();
    let (read, walked) = versus(&format!("entries of {} B, 17 attributes", bytes / count), Unit::PerSecond, count, ours, floor);
    assert_eq!((read, walked), (count as u64, count as u64), "every entry is read");
    Ok(())
}

fn rows(page: &[u8], schema: &Schema, settings: &Settings) -> u64 {
    rows_of(page, schema, settings, Instant(0)).map_or(0, |rows| rows.len() as u64)
}

/// The floor: the id by its place, every text where it lies.
fn walked(mut page: &[u8], schema: &Schema) -> u64 {
    let (mut rows, mut draft, mut id) = (BatchBuilder::new(schema), Draft::default(), String::new());
    while let Some((message, rest)) = element(page) {
        page = rest;
        let entry = element(message).and_then(|(_, rest)| element(rest)).map_or(&[][..], |e| e.0);
        let Some((dn, list)) = element(entry) else { continue };
        let mut list = element(list).map_or(&[][..], |e| e.0);
        let mut column = 0;
        while let Some((attribute, more)) = element(list) {
            list = more;
            let values = element(attribute).and_then(|(_, rest)| element(rest)).map_or(&[][..], |e| e.0);
            let Some((value, _)) = element(values) else { continue };
            if column == 0 {
                id.clear();
                for byte in value {
                    let _ = write!(id, "{byte:02x}");
                }
                draft.begin(&id, std::str::from_utf8(dn).unwrap_or(""));
            } else {
                draft.push(column - 1, std::str::from_utf8(value).unwrap_or(""));
            }
            column += 1;
        }
        rows.push(&mut draft);
    }
    rows.seal().len() as u64
}

/// The content of the first element, and what follows it.
fn element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, length) = match *bytes.get(1)? {
        0x82 => (4, usize::from(bytes[2]) << 8 | usize::from(bytes[3])),
        0x81 => (3, usize::from(bytes[2])),
        short => (2, usize::from(short)),
    };
    Some((&bytes[head..head + length], &bytes[head + length..]))
}

fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u16::try_from(content.len()) {
        Ok(short @ 0..=127) => out.push(short.to_be_bytes()[1]),
        Ok(short @ 128..=255) => out.extend([0x81, short.to_be_bytes()[1]]),
        other => {
            out.push(0x82);
            out.extend(other.unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    out.extend(content);
    out
}

/// One entry as Active Directory sends it.
fn message(n: usize) -> Vec<u8> {
    let (given, surname) = (["Anna", "Zoë", "Robert", "Mei-Ling"][n % 4], ["Miller", "Straßburger", "Okonkwo"][n % 3]);
    let guid: Vec<u8> = (n as u128 * 0x9E37_79B9_7F4A_7C15_F39C_0C1B).to_be_bytes().into();
    let values: [String; 16] = [
        format!("u{n:07}"),
        format!("user.name{n}@corp.example.com"),
        format!("user.name{n}@example.com"),
        given.to_owned(),
        surname.to_owned(),
        format!("{surname}, {given}"),
        "Senior Engineer".to_owned(),
        "Research & Development".to_owned(),
        format!("+49 30 {n:08}"),
        format!("+49 170 {n:07}"),
        format!("CN={given} {},OU=Berlin,OU=Users,DC=corp,DC=example,DC=com", n / 8),
        format!("{n:08}"),
        if n.is_multiple_of(50) { "514" } else { "512" }.to_owned(),
        "Berlin".to_owned(),
        "DE".to_owned(),
        "20251030172109.0Z".to_owned(),
    ];
    let mut list = Vec::new();
    for (name, value) in ATTRIBUTES.iter().zip(std::iter::once(guid).chain(values.map(String::into_bytes))) {
        let set = wrapped(0x31, &wrapped(4, &value));
        list.extend(wrapped(0x30, &[wrapped(4, name.as_bytes()), set].concat()));
    }
    let dn = format!("CN={given} {surname} {n},OU=Berlin,OU=Users,DC=corp,DC=example,DC=com");
    let entry = wrapped(0x64, &[wrapped(4, dn.as_bytes()), wrapped(0x30, &list)].concat());
    wrapped(0x30, &[wrapped(2, &[7]), entry].concat())
}
