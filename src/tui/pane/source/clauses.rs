//! The clauses, one by one: what each says, where that comes from, and what it comes to.

use super::COUNT;
use crate::config::{Clause, LdapConfig, SourceKind, StatusRule, StatusTest};
use crate::engine::location::{Counted, Site};
use crate::source::{Amount, Facts};
use crate::text::count;
use crate::tui::model::Model;
use crate::tui::theme::Role;

/// A clause, or a part of where people come from. Nothing in it is cleaned.
pub(in crate::tui) struct Entry {
    pub label: &'static str,
    pub value: String,
    /// What it comes to, right-aligned; empty where nothing is counted.
    pub count: String,
    pub role: Role,
    /// What is edited here.
    pub clause: Option<Clause>,
    /// Why it is not edited here.
    pub elsewhere: &'static str,
    /// Where what it says comes from.
    pub origin: String,
    /// It decides who is in scope, or what becomes of them: the others are there to be looked up.
    pub is_first: bool,
    /// What the clauses come to together.
    pub is_total: bool,
}

const SERVER: &str = "where the directory is stands in the configuration file";
const ID: &str = "links belong to it: change it in the configuration file, then rosterm link --migrate";
const SETTINGS: &str = "it is set in the configuration file: source.settings";
const POLICY: &str = "it is set in the configuration file: policy";
const FOLLOWS: &str = "it follows from the clauses";

impl Entry {
    fn shown(label: &'static str, value: String, elsewhere: &'static str) -> Self {
        let (count, origin) = (String::new(), String::new());
        Entry { label, value, count, role: Role::Quiet, clause: None, elsewhere, origin, is_first: true, is_total: false }
    }
}

/// Every clause in the order in which people are chosen; then what is there to be looked up.
pub(in crate::tui) fn entries(model: &Model) -> Vec<Entry> {
    let Some(site) = &model.source.site else { return Vec::new() };
    let facts = model.snapshot.as_ref().map(|s| s.source_facts());
    let mut entries = vec![Entry::shown("server", server(site, facts), SERVER)];
    if let SourceKind::Ldap(ldap) = &site.source.kind {
        entries.push(Entry::shown("security", security(ldap, facts), SERVER));
    }
    entries.extend(Clause::LOCATION.into_iter().filter_map(|clause| entry(model, clause, facts)));
    let side = model.snapshot.as_ref().map(|s| s.source());
    // What was not read to its end is at least so many.
    let in_scope = side.filter(|s| s.read_at.is_some()).map(|s| Amount { n: s.users, is_all: s.state.is_complete() });
    let (count, role) = in_scope.map_or_else(|| (String::new(), Role::Quiet), number);
    entries.push(Entry { is_total: true, count, role, ..Entry::shown("in scope", String::new(), FOLLOWS) });
    if let Some(facts) = facts {
        settings(&mut entries, model, site, facts, side.and_then(|s| s.disabled));
    }
    entries
}

fn entry(model: &Model, clause: Clause, facts: Option<&Facts>) -> Option<Entry> {
    let (label, counted) = match clause {
        Clause::Base => ("base", &model.source.counts.base),
        Clause::Scope => ("scope", &None),
        Clause::Filter => ("filter", &model.source.counts.filter),
        Clause::Group => ("group", &model.source.counts.group),
        _ => ("nested", &None),
    };
    let text = model.source.text(clause)?;
    let mut origin = "the configuration".to_owned();
    let value = match (clause, text.as_str()) {
        (Clause::Scope, "one") => "one: directly below the base".to_owned(),
        (Clause::Scope, _) => "sub: the base and everything below it".to_owned(),
        (Clause::Nested, "true") => "true: who is in a group in it is in it".to_owned(),
        (Clause::Nested, _) => "false: direct members only".to_owned(),
        (Clause::Filter, "") => {
            origin = "nothing is set: this is how the product tells people".to_owned();
            match facts.map(|facts| facts.settings.user_filter.as_str()) {
                None => "(people)".to_owned(),
                Some("(&)") => "(none: everybody)".to_owned(),
                Some(filter) => filter.to_owned(),
            }
        }
        (Clause::Group, "") => "(none: everybody who matches)".to_owned(),
        _ => text,
    };
    let (count, role) = amount(counted.as_ref());
    Some(Entry { count, role, clause: Some(clause), origin, ..Entry::shown(label, value, "") })
}

/// What was counted, in its column.
fn amount(counted: Option<&Counted>) -> (String, Role) {
    match counted.map(|c| &c.amount) {
        None => (String::new(), Role::Quiet),
        Some(Ok(amount)) => number(*amount),
        Some(Err(_)) => (format!("{:>COUNT$}", "?"), Role::Warn),
    }
}

fn number(amount: Amount) -> (String, Role) {
    let more = if amount.is_all { "" } else { "+" };
    let role = if amount.n == 0 { Role::Bad } else { Role::Strong };
    (format!("{:>COUNT$}", format!("{}{more}", count(amount.n))), role)
}

fn server(site: &Site, facts: Option<&Facts>) -> String {
    let product = |facts: &Facts| if facts.kind == "csv" { String::new() } else { format!(" · {}", facts.settings.vendor) };
    let kind = |kind: &str| if kind == "memory" { String::new() } else { format!(" · {kind}") };
    if let Some(facts) = facts {
        return format!("{}{}{}", facts.place, product(facts), kind(facts.kind));
    }
    match &site.source.kind {
        SourceKind::Ldap(ldap) => ldap.urls.iter().map(|u| u.text.as_str()).collect::<Vec<_>>().join(", "),
        SourceKind::Ldif { path } => path.display().to_string(),
        SourceKind::Csv(csv) => csv.path.display().to_string(),
    }
}

/// How the connection is secured, and who we are there.
fn security(ldap: &LdapConfig, facts: Option<&Facts>) -> String {
    let used = facts.and_then(|f| ldap.urls.iter().find(|u| u.text == f.place)).or_else(|| ldap.urls.first());
    let tls = match (used.is_some_and(|u| u.tls), ldap.start_tls) {
        (true, _) => "TLS",
        (false, true) => "StartTLS",
        (false, false) => "NOT ENCRYPTED",
    };
    let who = ldap.bind_dn.as_ref().map_or_else(|| "anonymous".to_owned(), |dn| format!("as {dn}"));
    let password = ldap.password.as_ref().map(|p| format!(" · password from {}", p.place_words())).unwrap_or_default();
    let authority = ldap.ca_file.as_ref().map(|f| format!(" · trusts {}", f.display())).unwrap_or_default();
    format!("{tls} · {who}{password}{authority}")
}

/// What the product, or the configuration in its place, says about people and groups.
fn settings(entries: &mut Vec<Entry>, model: &Model, site: &Site, facts: &Facts, disabled: Option<usize>) {
    let shown = facts.settings.shown();
    let of = |key: &str| shown.iter().find(|(k, ..)| *k == key).map(|(_, value, origin)| (value.clone(), origin.to_string()));
    let mut add = |label: &'static str, key: &str, elsewhere: &'static str, is_first: bool| {
        let Some((value, origin)) = of(key) else { return };
        entries.push(Entry { origin, is_first, ..Entry::shown(label, value, elsewhere) });
    };
    add("disabled", "status", SETTINGS, true);
    add("else", "default_status", SETTINGS, true);
    add("id", "id_attribute", ID, true);
    add("look up", "lookup_base", SETTINGS, false);
    add("members", "member_attribute", SETTINGS, false);
    add("back link", "member_of_attribute", SETTINGS, false);
    add("groups", "group_class", SETTINGS, false);
    add("people", "user_class", SETTINGS, false);
    add("changed", "time_attribute", SETTINGS, false);
    let rules = &facts.settings.status;
    if let Some(entry) = entries.iter_mut().find(|e| e.label == "disabled") {
        let words: Vec<String> = rules.iter().map(status).collect();
        entry.value = if words.is_empty() { "nothing tells who is".to_owned() } else { words.join(", or ") };
        entry.count = disabled.map(|n| format!("{:>COUNT$}", count(n))).unwrap_or_default();
        entry.role = Role::Strong;
    }
    let word = if site.provision_disabled {
        "who is disabled gets an inactive one (provision_disabled)"
    } else {
        "who is disabled gets none (provision_disabled = false)"
    };
    for (label, clause) in [
        ("disabled", Clause::Status),
        ("else", Clause::DefaultStatus),
        ("members", Clause::Members),
        ("back link", Clause::MemberOf),
        ("people", Clause::People),
    ] {
        let edited = model.source.edits.get(&clause).filter(|text| !text.is_empty());
        if let Some(entry) = entries.iter_mut().find(|e| e.label == label) {
            entry.clause = Some(clause);
            entry.value = edited.cloned().unwrap_or_else(|| std::mem::take(&mut entry.value));
        }
    }
    let at = entries.iter().position(|e| e.label == "id").unwrap_or(entries.len());
    entries.insert(at, Entry { origin: "the policy".to_owned(), ..Entry::shown("accounts", word.to_owned(), POLICY) });
}

/// What tells that somebody is disabled, as one says it.
fn status(rule: &StatusRule) -> String {
    let (name, not) = (&rule.attribute, if rule.enables { "not " } else { "" });
    match &rule.test {
        StatusTest::Equals(text) => format!("{name} is {not}{text}"),
        StatusTest::Bits(mask) if mask.is_power_of_two() => format!("{name} {not}bit {mask}"),
        StatusTest::Bits(mask) => format!("{name} {not}bits {mask}"),
        StatusTest::Present => format!("{name} is {not}there"),
        StatusTest::Past => format!("{name} is {not}past"),
    }
}
