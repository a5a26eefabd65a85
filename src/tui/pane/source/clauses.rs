//! The clauses, one by one: what each says, where that comes from, and what it comes to.

use super::COUNT;
use crate::config::{Clause, LdapConfig, RemoveAction, SourceKind, StatusRule, StatusTest};
use crate::engine::location::{self, Counted, Site};
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

const IN_MEMORY: &str = "the people of the demo are in no file";
const FOLLOWS: &str = "it follows from the clauses";

impl Entry {
    fn shown(label: &'static str, value: String, elsewhere: &'static str) -> Self {
        let (count, origin) = (String::new(), String::new());
        Entry { label, value, count, role: Role::Quiet, clause: None, elsewhere, origin, is_first: true, is_total: false }
    }
}

/// Every clause in the order in which people are chosen; then what is there to be looked up, and how the directory is reached.
pub(in crate::tui) fn entries(model: &Model) -> Vec<Entry> {
    let Some(site) = &model.source.site else { return Vec::new() };
    let facts = model.snapshot.as_ref().map(|s| s.source_facts());
    let edited = edited(model, site);
    let mut entries = vec![server(model, &edited, facts)];
    if let SourceKind::Ldap(ldap) = &edited.source.kind {
        let security = Entry::shown("security", security(ldap, facts), "");
        entries.push(Entry { clause: Some(Clause::StartTls), origin: CONFIGURATION.to_owned(), ..security });
    }
    entries.extend(Clause::LOCATION.into_iter().filter_map(|clause| entry(model, clause, facts)));
    let side = model.snapshot.as_ref().map(|s| s.source());
    // What was not read to its end is at least so many.
    let in_scope = side.filter(|s| s.read_at.is_some()).map(|s| Amount { n: s.users, is_all: s.state.is_complete() });
    let (count, role) = in_scope.map_or_else(|| (String::new(), Role::Quiet), number);
    entries.push(Entry { is_total: true, count, role, ..Entry::shown("in scope", String::new(), FOLLOWS) });
    if let Some(facts) = facts {
        settings(&mut entries, model, facts, side.and_then(|s| s.disabled));
    }
    policy(&mut entries, &edited);
    if let SourceKind::Ldap(ldap) = &edited.source.kind {
        reaching(&mut entries, ldap, facts, &edited);
    }
    entries
}

const CONFIGURATION: &str = "the configuration";

/// What is in effect with the edits, each as far as it can be.
fn edited(model: &Model, site: &Site) -> Site {
    let each = model.source.edits.iter();
    each.fold(site.clone(), |site, (clause, text)| location::with_edit(&site, *clause, text).unwrap_or(site))
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
    let mut origin = CONFIGURATION.to_owned();
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

/// Where the directory or the file is. What was read tells which of several addresses it is.
fn server(model: &Model, site: &Site, facts: Option<&Facts>) -> Entry {
    match &site.source.kind {
        SourceKind::Ldap(_) if model.source.edits.contains_key(&Clause::Url) => {
            Entry { clause: Some(Clause::Url), ..Entry::shown("server", Clause::Url.text(site), "") }
        }
        SourceKind::Ldap(_) => {
            let origin = CONFIGURATION.to_owned();
            Entry { clause: Some(Clause::Url), origin, ..Entry::shown("server", place(site, facts), "") }
        }
        _ if model.setting.file.is_none() => Entry::shown("server", place(site, facts), IN_MEMORY),
        _ => {
            let is_edited = model.source.edits.contains_key(&Clause::Path);
            let value = if is_edited { Clause::Path.text(site) } else { place(site, facts) };
            Entry { clause: Some(Clause::Path), origin: CONFIGURATION.to_owned(), ..Entry::shown("file", value, "") }
        }
    }
}

fn place(site: &Site, facts: Option<&Facts>) -> String {
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
fn settings(entries: &mut Vec<Entry>, model: &Model, facts: &Facts, disabled: Option<usize>) {
    let shown = facts.settings.shown();
    for (label, clause, is_first) in [
        ("disabled", Clause::Status, true),
        ("else", Clause::DefaultStatus, true),
        ("id", Clause::Id, true),
        ("look up", Clause::LookUp, false),
        ("members", Clause::Members, false),
        ("back link", Clause::MemberOf, false),
        ("groups", Clause::Groups, false),
        ("people", Clause::People, false),
        ("changed", Clause::Time, false),
    ] {
        let Some((_, value, origin)) = shown.iter().find(|(key, ..)| *key == clause.key()) else { continue };
        let mut entry = Entry { clause: Some(clause), origin: origin.to_string(), is_first, ..Entry::shown(label, value.clone(), "") };
        if clause == Clause::Status {
            let words: Vec<String> = facts.settings.status.iter().map(status).collect();
            entry.value = if words.is_empty() { "nothing tells who is".to_owned() } else { words.join(", or ") };
            entry.count = disabled.map(|n| format!("{:>COUNT$}", count(n))).unwrap_or_default();
            entry.role = Role::Strong;
        }
        if let Some(text) = model.source.edits.get(&clause).filter(|text| !text.is_empty()) {
            entry.value.clone_from(text);
        }
        entries.push(entry);
    }
}

/// What becomes of people, by the policy; how much of it may be done in one run comes last.
fn policy(entries: &mut Vec<Entry>, site: &Site) {
    let of = |label: &'static str, clause: Clause, value: String| Entry {
        clause: Some(clause),
        origin: "the policy".to_owned(),
        ..Entry::shown(label, value, "")
    };
    let accounts = if site.policy.provision_disabled {
        "who is disabled gets an inactive one (provision_disabled)"
    } else {
        "who is disabled gets none (provision_disabled = false)"
    };
    let leavers = match site.policy.remove_action {
        RemoveAction::Disable => "their accounts are disabled (remove_action)",
        RemoveAction::Delete => "their accounts are DELETED (remove_action)",
    };
    let at = entries.iter().position(|e| e.label == "id").unwrap_or(entries.len());
    let both = [of("accounts", Clause::ProvisionDisabled, accounts.to_owned()), of("who left", Clause::Removal, leavers.to_owned())];
    entries.splice(at..at, both);
    let policy = &site.policy;
    for (label, clause, is_on, on, off) in [
        ("creating", Clause::Create, policy.create, "accounts are created (create)", "no account is EVER CREATED (create = false)"),
        (
            "changing",
            Clause::Update,
            policy.update,
            "they are changed and enabled (update)",
            "none is EVER CHANGED OR ENABLED (update = false)",
        ),
        (
            "removing",
            Clause::Deprovision,
            policy.deprovision,
            "they are disabled or deleted (deprovision)",
            "none is EVER DISABLED OR DELETED (deprovision = false)",
        ),
    ] {
        entries.push(Entry { is_first: false, ..of(label, clause, if is_on { on } else { off }.to_owned()) });
    }
    let protected = match Clause::Protect.text(site) {
        none if none.is_empty() => "(nobody: any account may be touched)".to_owned(),
        names => names,
    };
    entries.push(Entry { is_first: false, ..of("protected", Clause::Protect, protected) });
    for (label, clause, what) in [
        ("removals", Clause::Removals, "may be disabled or deleted in a run"),
        ("creates", Clause::Creates, "may be created in a run"),
        ("updates", Clause::Updates, "may be changed in a run"),
        ("clears", Clause::Clears, "may lose a value of a field in a run"),
        ("shrink", Clause::Shrink, "fewer people may be there than before"),
    ] {
        let value = match clause.text(site) {
            none if none == "none" => format!("no limit: any number {what}"),
            limit => format!("{limit} {what}"),
        };
        entries.push(Entry { is_first: false, ..of(label, clause, value) });
    }
}

/// How the directory is reached, beyond its address.
fn reaching(entries: &mut Vec<Entry>, ldap: &LdapConfig, facts: Option<&Facts>, site: &Site) {
    for (label, clause, unset) in [
        ("reader", Clause::BindDn, "(nobody: an anonymous bind)"),
        ("password", Clause::Password, "(none)"),
        ("authority", Clause::Authority, "(those that the platform trusts)"),
        ("page size", Clause::PageSize, ""),
        ("timeout", Clause::Timeout, ""),
        ("product", Clause::Vendor, ""),
    ] {
        let value = match (clause, facts) {
            (Clause::Timeout, _) => format!("{} s without an answer", ldap.timeout),
            (Clause::Vendor, Some(facts)) if ldap.vendor.value == "auto" => format!("auto: {}", facts.settings.vendor),
            _ => Some(clause.text(site)).filter(|text| !text.is_empty()).unwrap_or_else(|| unset.to_owned()),
        };
        let origin = CONFIGURATION.to_owned();
        entries.push(Entry { clause: Some(clause), origin, is_first: false, ..Entry::shown(label, value, "") });
    }
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
