//! `eval`: twelve rules over a million entries, and against a million accounts (figure P4).

use super::measure::{Unit, versus};
use rosterm::clock::Instant;
use rosterm::config::Config;
use rosterm::identity::population::{BatchBuilder, Draft, Population, Row, Schema};
use rosterm::identity::value::key_hash;
use rosterm::identity::{AttributeName, value::key_form};
use rosterm::mapping::table::no_files;
use rosterm::mapping::{Context, Desired, Rules, Seen, Value};
use rosterm::model::field::{Field, FieldFormat, FieldKind};
use rosterm::model::{ReadEnd, SideState};
use rosterm::plan::classify::{self, Ends, Facts, Sides, Tie, classify};
use rosterm::plan::compare::{Outcome, compare};
use std::fmt::Write as _;
use std::path::Path;

const CHANNEL: &str = r#"
[channels.x.source]
type = "ldif"
path = "x"
[channels.x.source.location]
base_dn = "dc=x"
[channels.x.target]
connector = "scim2"
base_url = "https://x"
auth = "none"
[channels.x.mapping]
"#;

/// The rules of facts/performance.md, section 1.
const RULES: [(&str, &str); 12] = [
    ("userName", "userPrincipalName | lower"),
    ("name.givenName", "givenName"),
    ("name.familyName", "sn"),
    ("displayName", "givenName ~ ' ' ~ sn"),
    ("emails[type eq \\\"work\\\"].value", "mail | default(userPrincipalName) | lower"),
    ("active", "not uac(userAccountControl, 'disabled')"),
    ("title", "title"),
    ("department", "department | default('Unassigned')"),
    ("employeeNumber", "employeeID"),
    ("phoneNumbers[type eq \\\"work\\\"].value", "telephoneNumber | default(mobile)"),
    ("nickName", "mail | default(userPrincipalName) | mail_local"),
    ("manager.displayName", "manager | cn"),
];

/// The attributes that the rules read, in the order in which the rules name them first.
mod column {
    pub const UPN: u16 = 0;
    pub const GIVEN: u16 = 1;
    pub const SN: u16 = 2;
    pub const MAIL: u16 = 3;
    pub const UAC: u16 = 4;
    pub const TITLE: u16 = 5;
    pub const DEPARTMENT: u16 = 6;
    pub const EMPLOYEE: u16 = 7;
    pub const PHONE: u16 = 8;
    pub const MOBILE: u16 = 9;
    pub const MANAGER: u16 = 10;
}

const NOW: Context = Context { now: Instant(0) };

/// Runs every figure of this page.
pub fn run(size: usize) -> Result<(), Box<dyn std::error::Error>> {
    let (config, rules) = rules()?;
    let entries = entries(rules.schema(), size);
    let accounts = accounts(&rules, &entries);
    let (entries, accounts): (Vec<Row<'_>>, Vec<Row<'_>>) =
        (entries.rows().map(|r| entries.row(r)).collect(), accounts.rows().map(|r| accounts.row(r)).collect());

    let ours = || entries.iter().map(|row| (0..12).map(|rule| seen(&rules, rule, *row)).sum::<u64>()).sum();
    let mut out = String::new();
    let floor = || entries.iter().map(|row| (0..12).map(|rule| wanted(*row, rule, &mut out)).sum::<u64>()).sum();
    let (a, b) = versus("twelve rules, one value", Unit::Nanos, size * 12, ours, floor);
    assert_eq!(a, b, "both come to the same values");

    for (rule, (field, _)) in RULES.iter().enumerate() {
        let ours = || entries.iter().map(|row| seen(&rules, rule, *row)).sum();
        let mut out = String::new();
        let floor = || entries.iter().map(|row| wanted(*row, rule, &mut out)).sum();
        versus(&format!("  value of {}", field.split(['[', '.']).next().unwrap_or(field)), Unit::Nanos, size, ours, floor);
    }

    let ours = || entries.iter().map(|row| rules.key_hash(*row, &NOW).ok().flatten().unwrap_or(0)).fold(0, u64::wrapping_add);
    let mut out = String::new();
    let floor = || {
        let mut sum = 0u64;
        for row in &entries {
            wanted(*row, 0, &mut out);
            sum = sum.wrapping_add(key_hash(&key_form(&out)));
        }
        sum
    };
    let (a, b) = versus("hash of the key", Unit::Nanos, size, ours, floor);
    assert_eq!(a, b, "both come to the same keys");

    let policy = &config.channels[0].policy;
    let complete = || SideState::Ended(ReadEnd::Complete);
    let sides = Sides { source: complete(), target: complete(), source_empty: false };
    let nobody = |_: &str| Err(String::new());
    let ours = || {
        let mut sum = 0;
        for (entry, account) in entries.iter().zip(&accounts) {
            let mut desired = classify::Desired::default();
            for rule in 0..12 {
                match compare(&rules, rule, *entry, Some(*account), &NOW, &nobody) {
                    Outcome::Same | Outcome::Left => {}
                    Outcome::Differs | Outcome::Clears => {
                        desired.changed = true;
                        sum += 1 << rule;
                    }
                    Outcome::Fixed => desired.immutable_changed = true,
                    Outcome::Problem(code) => desired.invalid = rosterm::model::ProblemCode::reason(code),
                }
            }
            let ends = Ends::Pair { tie: Tie::Link, disabled: entry.is_off(), active: !account.is_off() };
            let verdict = classify(&Facts { ends, ambiguous: None, desired, held: false, protected: false }, &sides, policy);
            sum += (verdict.situation as u64) << 40;
        }
        sum
    };
    let mut out = String::new();
    let floor = || {
        let mut sum = 0;
        for (entry, account) in entries.iter().zip(&accounts) {
            let mask = (0..12).filter(|rule| differs(*entry, *account, *rule, &mut out)).fold(0, |mask, rule| mask | 1 << rule);
            sum += mask + u64::from(mask == 0);
        }
        sum
    };
    let (a, b) = versus("twelve rules and the verdict, one user", Unit::Nanos, size, ours, floor);
    // The verdicts are numbered otherwise: only the masks are compared.
    let same = |sum: u64, in_sync: u64| (sum & ((1 << 40) - 1)) - in_sync;
    let in_sync = entries.iter().zip(&accounts).filter(|(e, a)| !(0..12).any(|rule| differs(**e, **a, rule, &mut out))).count() as u64;
    assert_eq!(same(a, 0), same(b, in_sync), "both find the same differences");
    Ok(())
}

fn rules() -> Result<(Config, Rules), Box<dyn std::error::Error>> {
    let mut text = CHANNEL.to_owned();
    for (field, value) in RULES {
        writeln!(text, "\"{field}\" = \"{value}\"")?;
    }
    let config = Config::parse(Path::new("bench.toml"), &text)?;
    let field = |name: &str| {
        let of = Field::of_path(name);
        Ok(match name.split('[').next() {
            Some("userName") => Field { required: true, case_exact: false, ..of },
            Some("emails") => Field { case_exact: false, format: Some(FieldFormat::Email), ..of },
            Some("active") => Field { kind: FieldKind::Bool, ..of },
            Some("displayName" | "title") => Field { max_length: Some(256), ..of },
            _ => of,
        })
    };
    let rules = Rules::compile(&config.channels[0].mapping, "userName", field, &no_files)?;
    Ok((config, rules))
}

/// What a value counts in the sum that both must come to.
fn seen(rules: &Rules, rule: usize, row: Row<'_>) -> u64 {
    let Some(program) = &rules.rules()[rule].program else { return 0 };
    program.view(row, &NOW, |seen| match seen {
        Ok(Seen::Value(Value::Text(text))) => text.len() as u64,
        Ok(Seen::Value(Value::Bool(truth))) => u64::from(truth),
        Ok(Seen::Built(text)) => text.len() as u64,
        Ok(Seen::Value(_)) | Err(_) => 7,
    })
}

/// The value of a rule, by hand, into a buffer; false if there is none.
fn by_hand(row: Row<'_>, rule: usize, out: &mut String) -> bool {
    out.clear();
    let mut plain = |column: u16| row.first(column).map(|text| out.push_str(text)).is_some();
    match rule {
        0 => {
            let found = plain(column::UPN);
            lower(out);
            found
        }
        1 => plain(column::GIVEN),
        2 => plain(column::SN),
        3 => {
            let given = plain(column::GIVEN);
            out.push(' ');
            given && row.first(column::SN).map(|text| out.push_str(text)).is_some()
        }
        4 => {
            let found = plain(column::MAIL) || plain(column::UPN);
            lower(out);
            found
        }
        5 => {
            let flags: i64 = row.first(column::UAC).and_then(|text| text.parse().ok()).unwrap_or(0);
            out.push_str(if flags & 2 == 0 { "true" } else { "false" });
            true
        }
        6 => plain(column::TITLE),
        7 => {
            out.push_str(row.first(column::DEPARTMENT).unwrap_or("Unassigned"));
            true
        }
        8 => plain(column::EMPLOYEE),
        9 => plain(column::PHONE) || plain(column::MOBILE),
        10 => row
            .first(column::MAIL)
            .or(row.first(column::UPN))
            .map(|mail| out.push_str(&mail[..mail.find('@').unwrap_or(mail.len())]))
            .is_some(),
        _ => {
            let name = row.first(column::MANAGER).and_then(|dn| dn[..dn.find(',').unwrap_or(dn.len())].strip_prefix("CN="));
            name.map(|name| out.push_str(name)).is_some()
        }
    }
}

fn lower(text: &mut String) {
    if text.is_ascii() {
        text.make_ascii_lowercase();
    } else {
        *text = text.to_lowercase();
    }
}

fn wanted(row: Row<'_>, rule: usize, out: &mut String) -> u64 {
    match by_hand(row, rule, out) {
        false => 7,
        true if rule == 5 => u64::from(out == "true"),
        true => out.len() as u64,
    }
}

/// Whether an account differs from what a rule wants, by hand.
fn differs(entry: Row<'_>, account: Row<'_>, rule: usize, out: &mut String) -> bool {
    let found = by_hand(entry, rule, out);
    let stored = match u16::try_from(rule) {
        Ok(0) => Some(account.name()),
        Ok(column) => account.first(column),
        Err(_) => None,
    };
    match (found, stored) {
        (false, None) => false,
        (true, Some(stored)) if rule == 0 || rule == 4 => !stored.eq_ignore_ascii_case(out),
        (true, Some(stored)) => stored != out,
        _ => true,
    }
}

const GIVEN: [&str; 16] = [
    "James",
    "Mary",
    "Robert",
    "Patricia",
    "John",
    "Jennifer",
    "Michael",
    "Linda",
    "David",
    "Elizabeth",
    "Anneliese",
    "Hans-Peter",
    "Priya",
    "Yusuf",
    "Zoë",
    "François",
];
const SURNAMES: [&str; 16] = [
    "Smith",
    "Johnson",
    "Williams",
    "Brown",
    "Jones",
    "Garcia",
    "Miller",
    "Davis",
    "Rodriguez",
    "Martinez",
    "O'Brien",
    "van den Berg",
    "Papadopoulos",
    "Okonkwo",
    "Müller",
    "Straßburger",
];
const TITLES: [&str; 6] = ["Engineer", "Senior Engineer", "Sales Executive", "Director of Operations", "Vice President, Finance", "Nurse"];
const DEPARTMENTS: [&str; 5] = ["Engineering", "Human Resources", "Sales EMEA", "Research & Development", "Manufacturing – Línea 2"];

fn mix(n: usize) -> usize {
    let mut z = (n as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((z ^ (z >> 31)) >> 1).unwrap_or(0)
}

/// A name, one in eight of them beyond ASCII.
fn name(n: usize) -> (&'static str, &'static str) {
    let h = mix(n ^ 0x7777);
    (GIVEN[h % 16], SURNAMES[(h >> 8) % 16])
}

/// People as a directory has them: a third of the user names with a capital, one in fifty without mail.
fn entries(schema: &Schema, size: usize) -> Population {
    let mut population = Population::new(schema.clone());
    let mut builder = BatchBuilder::new(schema);
    let (mut draft, mut text) = (Draft::default(), String::new());
    for n in 0..size {
        let h = mix(n);
        let (given, surname) = name(n);
        let mut put = |draft: &mut Draft, column: u16, told: std::fmt::Arguments<'_>| {
            text.clear();
            if text.write_fmt(told).is_ok() {
                draft.push(column, &text);
            }
        };
        draft.begin(&format!("{h:016x}{n:016x}"), &format!("CN={given} {surname} {n},OU=Berlin,OU=Users,DC=corp,DC=example,DC=com"));
        draft.set_off(h.is_multiple_of(50));
        let capital = if h.is_multiple_of(3) { "U" } else { "u" };
        put(&mut draft, column::UPN, format_args!("{capital}ser.name{n}@corp.example.com"));
        put(&mut draft, column::GIVEN, format_args!("{given}"));
        put(&mut draft, column::SN, format_args!("{surname}"));
        if h % 50 != 7 {
            put(&mut draft, column::MAIL, format_args!("{capital}ser.name{n}@Example.com"));
        }
        put(&mut draft, column::UAC, format_args!("{}", if h.is_multiple_of(50) { 514 } else { 512 }));
        put(&mut draft, column::TITLE, format_args!("{}", TITLES[(h >> 10) % 6]));
        if h % 33 != 5 {
            put(&mut draft, column::DEPARTMENT, format_args!("{}", DEPARTMENTS[(h >> 20) % 5]));
        }
        put(&mut draft, column::EMPLOYEE, format_args!("{}", n + 10_000_000));
        if h % 4 != 1 {
            put(&mut draft, column::PHONE, format_args!("+49 30 {:08}", (h >> 30) % 100_000_000));
        }
        if h % 5 == 1 {
            put(&mut draft, column::MOBILE, format_args!("+49 170 {:07}", (h >> 33) % 10_000_000));
        }
        let (boss, of) = (n / 8, name(n / 8));
        put(&mut draft, column::MANAGER, format_args!("CN={} {} {boss},OU=Berlin,OU=Users,DC=corp,DC=example,DC=com", of.0, of.1));
        builder.push(&mut draft);
        if builder.text_len() > 256 * 1024 || n + 1 == size {
            population.absorb(&builder.seal(), |_, _| ());
        }
    }
    population
}

/// The accounts that they have: what the rules want, and one in twenty with an old title.
fn accounts(rules: &Rules, entries: &Population) -> Population {
    let schema = Schema::new(RULES.iter().map(|(field, _)| AttributeName::new(*field)));
    let mut population = Population::new(schema.clone());
    let (mut builder, mut draft) = (BatchBuilder::new(&schema), Draft::default());
    for row in entries.rows() {
        let entry = entries.row(row);
        let wanted = |rule: usize| match rules.desired(rule, entry, &NOW) {
            Desired::Value(value) => value.plain().into_owned(),
            _ => String::new(),
        };
        draft.begin(entry.id(), &wanted(0));
        draft.set_off(entry.is_off());
        for (column, rule) in (0u16..).zip(0..12) {
            let value = if rule == 6 && row.index().is_multiple_of(20) { "Trainee".to_owned() } else { wanted(rule) };
            if !value.is_empty() {
                draft.push(column, &value);
            }
        }
        builder.push(&mut draft);
        if builder.text_len() > 256 * 1024 || row.index() + 1 == entries.len() {
            population.absorb(&builder.seal(), |_, _| ());
        }
    }
    population
}
