//! `scim`: pages of a listing into rows (figure P10), beside serde_json skipping the same bytes and filling a struct that is
//! written for these very fields.

use super::measure::{Unit, versus};
use rosterm::model::field::Field;
use rosterm::target::Columns;
use rosterm::target::scim::accounts_of;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Runs every figure of this page.
pub fn run(size: usize) {
    let columns = columns();
    for users in [100, 1000] {
        let pages: Vec<String> = (0..size / users).map(|page| text_of_page(page * users, users, size)).collect();
        let bytes: usize = pages.iter().map(String::len).sum();
        let count = pages.len() * users;
        let name = |what: &str| format!("pages of {users} ({} B a user), {what}", bytes / count);
        let ours =
            || pages.iter().map(|page| accounts_of(page.as_bytes(), &columns).map_or(0, |(accounts, _)| accounts.len() as u64)).sum();
        let skipped = || pages.iter().map(|page| u64::from(serde_json::from_str::<IgnoredAny>(page).is_ok())).sum();
        let typed = || pages.iter().map(|page| serde_json::from_str::<Page>(page).map_or(0, |page| page.sum())).sum();
        let (read, _) = versus(&name("skipped"), Unit::PerSecond, count, ours, skipped);
        assert_eq!(read, count as u64, "every account is read");
        versus(&name("typed"), Unit::PerSecond, count, ours, typed);
    }
}

fn columns() -> Columns {
    let paths = [
        "userName".to_owned(),
        "externalId".to_owned(),
        "active".to_owned(),
        "displayName".to_owned(),
        "title".to_owned(),
        "name.givenName".to_owned(),
        "name.familyName".to_owned(),
        "emails[type eq \"work\"].value".to_owned(),
        "phoneNumbers[type eq \"work\"].value".to_owned(),
        "addresses[type eq \"work\"].locality".to_owned(),
        "preferredLanguage".to_owned(),
        format!("{ENTERPRISE}:department"),
        format!("{ENTERPRISE}:employeeNumber"),
        format!("{ENTERPRISE}:manager.value"),
    ];
    let fields: Vec<Field> = paths.iter().map(|path| Field::of_path(path)).collect();
    Columns::new(fields.iter())
}

/// What a program that knows these fields would fill: the floor.
#[derive(Deserialize)]
struct Page<'p> {
    #[serde(rename = "Resources", borrow)]
    resources: Vec<User<'p>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User<'p> {
    #[serde(borrow)]
    id: Cow<'p, str>,
    #[serde(borrow)]
    #[serde(rename = "userName")]
    login: Cow<'p, str>,
    #[serde(borrow)]
    external_id: Cow<'p, str>,
    active: bool,
    #[serde(borrow)]
    display_name: Cow<'p, str>,
    #[serde(borrow)]
    title: Cow<'p, str>,
    #[serde(borrow)]
    preferred_language: Cow<'p, str>,
    #[serde(borrow)]
    name: Name<'p>,
    #[serde(borrow)]
    emails: Vec<Several<'p>>,
    #[serde(borrow)]
    phone_numbers: Vec<Several<'p>>,
    #[serde(borrow)]
    addresses: Vec<Several<'p>>,
    #[serde(borrow, rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")]
    enterprise: Enterprise<'p>,
    #[serde(borrow)]
    meta: Meta<'p>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Name<'p> {
    #[serde(borrow)]
    given_name: Cow<'p, str>,
    #[serde(borrow)]
    family_name: Cow<'p, str>,
}

#[derive(Deserialize)]
struct Several<'p> {
    #[serde(borrow, default)]
    value: Cow<'p, str>,
    #[serde(borrow, default)]
    locality: Cow<'p, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'p, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enterprise<'p> {
    #[serde(borrow)]
    department: Cow<'p, str>,
    #[serde(borrow)]
    employee_number: Cow<'p, str>,
    #[serde(borrow)]
    manager: Manager<'p>,
}

#[derive(Deserialize)]
struct Manager<'p> {
    #[serde(borrow)]
    value: Cow<'p, str>,
}

#[derive(Deserialize)]
struct Meta<'p> {
    #[serde(borrow)]
    version: Cow<'p, str>,
}

impl Page<'_> {
    /// Something of every field, so that none is left out.
    fn sum(&self) -> u64 {
        let several = |list: &[Several<'_>]| list.iter().map(|s| s.value.len() + s.locality.len() + s.kind.len()).sum::<usize>();
        let of = |u: &User<'_>| {
            let plain = [&u.id, &u.login, &u.external_id, &u.display_name, &u.title, &u.preferred_language, &u.meta.version];
            let below = [&u.name.given_name, &u.name.family_name, &u.enterprise.department, &u.enterprise.employee_number];
            let lists = several(&u.emails) + several(&u.phone_numbers) + several(&u.addresses);
            plain.iter().chain(&below).map(|t| t.len()).sum::<usize>() + lists + u.enterprise.manager.value.len() + usize::from(u.active)
        };
        self.resources.iter().map(|u| of(u) as u64).sum()
    }
}

/// A page as a service writes it, about 1.35 KB a user.
fn text_of_page(first: usize, users: usize, total: usize) -> String {
    let users: Vec<String> = (first..first + users).map(user).collect();
    format!(
        "{{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":{total},\"startIndex\":{},\"itemsPerPage\":{},\"Resources\":[{}]}}",
        first + 1,
        users.len(),
        users.join(",")
    )
}

fn user(n: usize) -> String {
    let (given, family) = (["Anna", "Zoë", "Robert", "Mei-Ling"][n % 4], ["Miller", "Straßburger", "Okonkwo"][n % 3]);
    format!(
        "{{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\",\"{ENTERPRISE}\"],\"id\":\"{n:08x}-0a1b-4c2d-8e3f-{n:012x}\",\
        \"externalId\":\"{n:032x}\",\"meta\":{{\"resourceType\":\"User\",\"created\":\"2024-03-01T08:00:00Z\",\"lastModified\":\"2026-10-30T17:21:09Z\",\
        \"location\":\"https://api.example.com/scim/v2/Users/{n:08x}-0a1b-4c2d-8e3f-{n:012x}\",\"version\":\"W/\\\"{n}\\\"\"}},\
        \"userName\":\"user.name{n}@example.com\",\"name\":{{\"formatted\":\"{given} {family}\",\"familyName\":\"{family}\",\"givenName\":\"{given}\"}},\
        \"displayName\":\"{given} {family}\",\"title\":\"Senior Engineer\",\"preferredLanguage\":\"de-DE\",\"locale\":\"de-DE\",\"timezone\":\"Europe/Berlin\",\
        \"active\":{},\"emails\":[{{\"value\":\"user.name{n}@example.com\",\"type\":\"work\",\"primary\":true}},{{\"value\":\"{n}@home.example\",\"type\":\"home\"}}],\
        \"phoneNumbers\":[{{\"value\":\"+49 30 {n:08}\",\"type\":\"work\"}},{{\"value\":\"+49 170 {n:07}\",\"type\":\"mobile\"}}],\
        \"addresses\":[{{\"type\":\"work\",\"streetAddress\":\"Hauptstraße {n}\",\"locality\":\"Berlin\",\"postalCode\":\"10115\",\"country\":\"DE\"}}],\
        \"groups\":[{{\"value\":\"{n:08x}\",\"display\":\"All employees\",\"type\":\"direct\"}}],\"roles\":[],\"entitlements\":[],\
        \"{ENTERPRISE}\":{{\"employeeNumber\":\"{n:08}\",\"costCenter\":\"4711\",\"organization\":\"Example\",\"division\":\"Products\",\
        \"department\":\"Research & Development\",\"manager\":{{\"value\":\"{:08x}-0a1b-4c2d-8e3f-000000000000\",\"displayName\":\"Boss {n}\"}}}}}}",
        !n.is_multiple_of(50),
        n / 8
    )
}
