//! One account of a crowd, as the service shows it: some 1.35 KB of JSON, written as text. Nothing in it has to be escaped.

use super::Kind;
use super::person::{Person, push_number};

/// What differs where somebody drifted: a bit for each of the fields that do.
#[derive(Clone, Copy)]
struct Drift(u8);

impl Drift {
    fn or<'t>(self, field: u8, old: &'static str, value: &'t str) -> &'t str {
        if self.0 & 1 << field != 0 { old } else { value }
    }
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Adds the account to `out`.
pub(super) fn write(person: &Person<'_>, out: &mut String) {
    let drift = Drift(if person.kind == Kind::Drifted { person.drift() } else { 0 });
    let site = person.site;
    let id = |out: &mut String| person.crowd.push_account_id(person.n, out);
    out.push_str("{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\",\"");
    out.push_str(ENTERPRISE);
    out.push_str("\"],\"id\":\"");
    id(out);
    out.push_str("\",\"externalId\":\"");
    person.push_id(out);
    out.push_str("\",\"userName\":\"");
    person.push_uid(out);
    out.push_str("\",\"name\":{\"formatted\":\"");
    person.push_display_name(out);
    pair(out, "\",\"familyName\":\"", drift.or(0, "Formerly", person.family.name));
    pair(out, "\",\"givenName\":\"", person.given.name);
    out.push_str("\"},\"displayName\":\"");
    person.push_display_name(out);
    pair(out, "\",\"nickName\":\"", person.given.name);
    out.push_str("\",\"profileUrl\":\"https://cloud.example.net/people/");
    id(out);
    if let Some(title) = person.title() {
        pair(out, "\",\"title\":\"", drift.or(1, "Trainee", title));
    } else if drift.0 & 2 != 0 {
        out.push_str("\",\"title\":\"Trainee");
    }
    pair(out, "\",\"userType\":\"Employee\",\"preferredLanguage\":\"", drift.or(2, "eo", person.language()));
    out.push_str("\",\"locale\":\"en-US\",\"timezone\":\"Etc/UTC\",\"active\":");
    out.push_str(if person.kind.is_active() { "true" } else { "false" });
    out.push_str(",\"emails\":[{\"value\":\"");
    person.push_mail(out);
    out.push_str("\",\"type\":\"work\",\"primary\":true},{\"value\":\"home");
    push_number(out, person.n);
    out.push_str("@example.net\",\"type\":\"home\"}],\"phoneNumbers\":[{\"value\":\"");
    if drift.0 & 8 == 0 {
        person.push_phone(out);
    } else {
        out.push_str("+1 000 0000");
    }
    out.push_str("\",\"type\":\"work\"},{\"value\":\"");
    person.push_mobile(out);
    out.push_str("\",\"type\":\"mobile\"}],\"addresses\":[{\"type\":\"work\",\"streetAddress\":\"");
    push_number(out, person.n % 200 + 1);
    pair(out, " Station Road\",\"locality\":\"", drift.or(4, "Elsewhere", site.city));
    pair(out, "\",\"country\":\"", site.country);
    out.push_str("\",\"primary\":true}],\"");
    out.push_str(ENTERPRISE);
    out.push_str("\":{\"employeeNumber\":\"E");
    push_number(out, 100_000 + person.n);
    out.push_str("\",\"costCenter\":\"CC-");
    person.push_cost_center(out);
    out.push_str("\",\"organization\":\"Example\",\"department\":\"");
    out.push_str(drift.or(5, "Archive", person.department().unwrap_or("Unassigned")));
    if let Some(manager) = person.manager() {
        out.push_str("\",\"manager\":{");
        if manager.kind.has_account() {
            out.push_str("\"value\":\"");
            person.crowd.push_account_id(manager.n, out);
            out.push_str("\",\"$ref\":\"../Users/");
            person.crowd.push_account_id(manager.n, out);
            out.push_str("\",");
        }
        out.push_str("\"displayName\":\"");
        manager.push_cn(out);
        out.push_str("\"}");
    } else {
        out.push('"');
    }
    out.push_str("},\"meta\":{\"resourceType\":\"User\",\"created\":\"2024-03-01T08:00:00Z\",\"lastModified\":\"2026-10-01T12:30:00Z\",\"version\":\"W/\\\"");
    push_number(out, person.n % 97 + 1);
    out.push_str("\\\"\",\"location\":\"https://cloud.example.net/scim/v2/Users/");
    id(out);
    out.push_str("\"}}");
}

/// The end of the value before, the name of the next, and its value.
fn pair(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str(value);
}
