//! What a channel says now that it did not say before, clause by clause: for somebody who has to be told what a file that was
//! changed by hand comes to. Secrets are told by where they are kept, and a value that is never shown is not shown here either.

use super::{
    Auth, Channel, Clause, Limit, PageSize, Policy, Rate, RemoveAction, RuleConfig, SourceConfig, SourceKind, TargetConfig, WhenMissing,
};
use crate::config::secret::SecretRef;
use crate::identity::value::key_form;

/// The part of a channel that something stands in, as an operator calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Where people come from: the server, or the file.
    Server,
    /// Who of them is in scope, and what tells who is disabled.
    Location,
    /// The rules.
    Mapping,
    /// What may be done.
    Policy,
    /// The service.
    Target,
    /// The channel itself.
    Channel,
}

impl Part {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Part::Server => "server",
            Part::Location => "location",
            Part::Mapping => "mapping",
            Part::Policy => "policy",
            Part::Target => "target",
            Part::Channel => "channel",
        }
    }
}

/// One thing that a channel says otherwise by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where it stands.
    pub part: Part,
    /// What it is called. Not cleaned.
    pub name: String,
    /// What it said; empty where it was not set. Not cleaned.
    pub was: String,
    /// What it says.
    pub now: String,
}

/// Everything that `now` says otherwise than `was`. `is_masked` tells the fields whose values are never shown.
#[must_use]
pub fn differences(was: &Channel, now: &Channel, is_masked: &dyn Fn(&str) -> bool) -> Vec<Difference> {
    let mut list = List(Vec::new());
    list.source(&was.source, &now.source);
    list.rules(&was.mapping, &now.mapping, is_masked);
    list.policy(&was.policy, &now.policy);
    list.target(&was.target, &now.target);
    let seconds = |channel: &Channel| channel.refresh.map(|time| time.as_secs().to_string()).unwrap_or_default();
    list.say(Part::Channel, "refresh", seconds(was), seconds(now));
    list.say(Part::Channel, "active", was.active.to_string(), now.active.to_string());
    list.0
}

struct List(Vec<Difference>);

impl List {
    fn say(&mut self, part: Part, name: impl Into<String>, was: String, now: String) {
        if was != now {
            self.0.push(Difference { part, name: name.into(), was, now });
        }
    }

    /// What a program is told that knows a secret may be the secret: that it is another one is told without it, where nothing else
    /// of what is `shown` is another one.
    fn say_kept(&mut self, part: Part, name: &str, shown: String, was: Option<&SecretRef>, now: Option<&SecretRef>) {
        let is_told = self.0.iter().any(|d| d.part == part && d.name == name);
        if !is_told && was.map(|secret| &secret.place) != now.map(|secret| &secret.place) {
            let now = format!("{shown}, told something else");
            self.say(part, name, shown, now);
        }
    }

    fn source(&mut self, was: &SourceConfig, now: &SourceConfig) {
        let kind = |source: &SourceConfig| match &source.kind {
            SourceKind::Ldap(_) => "ldap",
            SourceKind::Ldif { .. } => "ldif",
            SourceKind::Csv(_) => "csv",
        };
        self.say(Part::Server, "type", kind(was).to_owned(), kind(now).to_owned());
        let path = |source: &SourceConfig| match &source.kind {
            SourceKind::Ldap(_) => String::new(),
            SourceKind::Ldif { path } => path.display().to_string(),
            SourceKind::Csv(csv) => csv.path.display().to_string(),
        };
        self.say(Part::Server, "path", path(was), path(now));
        let cells = |source: &SourceConfig| match &source.kind {
            SourceKind::Csv(csv) => {
                let separator = csv.separator.map(|byte| char::from(byte).to_string()).unwrap_or_default();
                (separator, csv.multi_separator.clone().unwrap_or_default())
            }
            SourceKind::Ldap(_) | SourceKind::Ldif { .. } => Default::default(),
        };
        let (before, after) = (cells(was), cells(now));
        self.say(Part::Server, "separator", before.0, after.0);
        self.say(Part::Server, "multi_separator", before.1, after.1);
        let text =
            |clause: Clause, source: &SourceConfig| if clause.applies(&source.kind) { clause.of_source(source) } else { String::new() };
        for clause in Clause::SERVER {
            self.say(Part::Server, clause.name(), text(clause, was), text(clause, now));
        }
        if let (SourceKind::Ldap(before), SourceKind::Ldap(after)) = (&was.kind, &now.kind) {
            let typed = text(Clause::Password, now);
            self.say_kept(Part::Server, &Clause::Password.name(), typed, before.password.as_ref(), after.password.as_ref());
        }
        for clause in Clause::LOCATION.into_iter().chain(Clause::SETTINGS) {
            self.say(Part::Location, clause.name(), text(clause, was), text(clause, now));
        }
    }

    fn rules(&mut self, was: &[RuleConfig], now: &[RuleConfig], is_masked: &dyn Fn(&str) -> bool) {
        let same = |a: &RuleConfig, b: &RuleConfig| key_form(&a.field.value) == key_form(&b.field.value);
        for before in was {
            let name = &before.field.value;
            let Some(after) = now.iter().find(|rule| same(rule, before)) else {
                self.say(Part::Mapping, name, says(before), String::new());
                continue;
            };
            self.say(Part::Mapping, name, says(before), says(after));
            self.rule(before, after, is_masked);
        }
        for after in now {
            if !was.iter().any(|rule| same(rule, after)) {
                self.say(Part::Mapping, &after.field.value, String::new(), says(after));
                // What a rule says besides, where it says nothing but an expression otherwise.
                self.rule(&RuleConfig::plain(after.field.clone(), None), after, is_masked);
            }
        }
    }

    /// What a rule says otherwise besides its expression.
    fn rule(&mut self, before: &RuleConfig, after: &RuleConfig, is_masked: &dyn Fn(&str) -> bool) {
        let name = &before.field.value;
        let is_hidden = is_masked(name) || before.masked || after.masked;
        let default = |rule: &RuleConfig| match &rule.default {
            Some(_) if is_hidden => "•••".to_owned(),
            Some(text) => format!("'{text}'"),
            None => String::new(),
        };
        let is_another = is_hidden && before.default != after.default && default(before) == default(after);
        let now = if is_another { "another one, not shown".to_owned() } else { default(after) };
        self.say(Part::Mapping, format!("{name}, default"), default(before), now);
        let missing = |rule: &RuleConfig| if rule.when_missing == WhenMissing::Keep { "keep" } else { "clear" }.to_owned();
        self.say(Part::Mapping, format!("{name}, when_missing"), missing(before), missing(after));
        let may = |flag: Option<bool>| flag.map(|flag| flag.to_string()).unwrap_or_default();
        for (what, before, after) in [
            ("required", before.required, after.required),
            ("create_only", Some(before.create_only), Some(after.create_only)),
            ("masked", Some(before.masked), Some(after.masked)),
            ("case_exact", before.case_exact, after.case_exact),
        ] {
            self.say(Part::Mapping, format!("{name}, {what}"), may(before), may(after));
        }
    }

    fn policy(&mut self, was: &Policy, now: &Policy) {
        let Policy { create, update, deprovision, provision_disabled, remove_action, protect, limits, max_source_shrink } = was;
        let removal = |action: RemoveAction| if action == RemoveAction::Delete { "delete" } else { "disable" }.to_owned();
        for (name, before, after) in [
            ("create", create, &now.create),
            ("update", update, &now.update),
            ("deprovision", deprovision, &now.deprovision),
            ("provision_disabled", provision_disabled, &now.provision_disabled),
        ] {
            self.say(Part::Policy, name, before.to_string(), after.to_string());
        }
        self.say(Part::Policy, "remove_action", removal(*remove_action), removal(now.remove_action));
        self.say(Part::Policy, "protect", protect.join(", "), now.protect.join(", "));
        let limit = |limit: &Limit| limit.to_string();
        for (name, before, after) in [
            ("limits.deprovision", &limits.deprovision, &now.limits.deprovision),
            ("limits.create", &limits.create, &now.limits.create),
            ("limits.update", &limits.update, &now.limits.update),
            ("limits.clear", &limits.clear, &now.limits.clear),
            ("max_source_shrink", max_source_shrink, &now.max_source_shrink),
        ] {
            self.say(Part::Policy, name, limit(before), limit(after));
        }
    }

    fn target(&mut self, was: &TargetConfig, now: &TargetConfig) {
        let said = |target: &TargetConfig| {
            let TargetConfig { connector, base_url, match_field, ca_file, concurrency, timeout, .. } = target;
            let rate = match target.rate {
                Rate::Auto => "auto".to_owned(),
                Rate::PerSecond(n) => n.to_string(),
            };
            let page = match target.page_size {
                None => String::new(),
                Some(PageSize::Unasked) => "none".to_owned(),
                Some(PageSize::Accounts(n)) => n.to_string(),
            };
            [
                ("connector", connector.value.clone()),
                ("base_url", base_url.value.clone()),
                ("match", match_field.as_ref().map(|field| field.value.clone()).unwrap_or_default()),
                ("ca_file", ca_file.as_ref().map(|file| file.display().to_string()).unwrap_or_default()),
                ("concurrency", concurrency.to_string()),
                ("requests_per_second", rate),
                ("timeout", timeout.to_string()),
                ("page_size", page),
                ("app_secret", target.app_secret.as_ref().map(SecretRef::typed).unwrap_or_default()),
                ("auth", login(&target.auth)),
            ]
        };
        for ((name, before), (_, after)) in said(was).into_iter().zip(said(now)) {
            self.say(Part::Target, name, before, after);
        }
        let app = now.app_secret.as_ref();
        self.say_kept(Part::Target, "app_secret", app.map(SecretRef::typed).unwrap_or_default(), was.app_secret.as_ref(), app);
        self.say_kept(Part::Target, "auth", login(&now.auth), secret_of(&was.auth), secret_of(&now.auth));
    }
}

fn says(rule: &RuleConfig) -> String {
    rule.value.as_ref().map_or_else(|| "no expression".to_owned(), |value| value.value.clone())
}

/// Where what proves who we are is kept.
fn secret_of(auth: &Auth) -> Option<&SecretRef> {
    match auth {
        Auth::None => None,
        Auth::Bearer(secret) | Auth::Basic { password: secret, .. } => Some(secret),
        Auth::ClientCredentials(granted) => Some(&granted.client_secret),
    }
}

/// How we prove who we are, without what would prove it.
fn login(auth: &Auth) -> String {
    match auth {
        Auth::None => "none".to_owned(),
        Auth::Bearer(token) => format!("a token, {}", token.typed()),
        Auth::Basic { user, password } => format!("user {user}, password {}", password.typed()),
        Auth::ClientCredentials(granted) => {
            let scope = granted.scope.as_ref().map(|scope| format!(", scope {scope}")).unwrap_or_default();
            let sent = if granted.in_body { ", sent in the body" } else { "" };
            let (id, secret, at) = (&granted.client_id, granted.client_secret.typed(), &granted.token_url.value);
            format!("client {id}, secret {secret}, a token from {at}{scope}{sent}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::path::Path;

    const TEXT: &str = "[channels.a]\nrefresh = 300\n[channels.a.source]\ntype = \"ldap\"\nurl = \"ldaps://dc1\"\nbind_dn = \"cn=r\"\npassword = { command = [\"vault\", \"read\", \"geheim\"] }\n[channels.a.source.location]\nbase_dn = \"ou=p,dc=x\"\n[channels.a.target]\nconnector = \"scim2\"\nbase_url = \"https://x\"\ntoken = { env = \"T\" }\n[channels.a.mapping]\nuserName = \"uid\"\ntitle = { value = \"title\", default = \"boss\", masked = true }\nlocale = \"l\"\n[channels.a.policy]\nprotect = [\"root\"]\n";

    fn told(change: &[(&str, &str)]) -> Vec<String> {
        let read = |text: &str| Config::parse(Path::new("rosterm.toml"), text).unwrap().channels.remove(0);
        let mut text = TEXT.to_owned();
        for (from, to) in change {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        let said = |d: Difference| format!("{} · {}: {} → {}", d.part.word(), d.name, d.was, d.now);
        differences(&read(TEXT), &read(&text), &|_| false).into_iter().map(said).collect()
    }

    #[test]
    fn each_clause_that_says_something_else_is_told_by_its_name() {
        type Case<'c> = (&'c [(&'c str, &'c str)], &'c [&'c str]);
        let table: &[Case<'_>] = &[
            (&[], &[]),
            (&[("refresh = 300\n", "# no more\n")], &["channel · refresh: 300 → "]),
            (&[("ldaps://dc1", "ldaps://dc2")], &["server · url: ldaps://dc1 → ldaps://dc2"]),
            (&[("\"geheim\"", "\"anders\"")], &["server · password: command:vault … → command:vault …, told something else"]),
            (&[("ou=p,", "ou=q,")], &["location · base_dn: ou=p,dc=x → ou=q,dc=x"]),
            (
                &[("[channels.a.target]", "[channels.a.source.settings]\nid_attribute = \"cn\"\n[channels.a.target]")],
                &["location · id_attribute:  → cn"],
            ),
            (
                &[("userName = \"uid\"", "username = \"mail\""), ("locale = \"l\"", "active = \"true\"")],
                &["mapping · userName: uid → mail", "mapping · locale: l → ", "mapping · active:  → true"],
            ),
            (&[("\"boss\"", "\"chief\"")], &["mapping · title, default: ••• → another one, not shown"]),
            (&[("protect = [\"root\"]", "create = false")], &["policy · create: true → false", "policy · protect: root → "]),
            (&[("https://x", "https://y")], &["target · base_url: https://x → https://y"]),
            (
                &[("token = { env = \"T\" }", "token = { command = [\"vault\", \"read\", \"geheim2\"] }")],
                &["target · auth: a token, env:T → a token, command:vault …"],
            ),
            (
                &[(
                    "locale = \"l\"",
                    "locale = \"l\"\nnickName = { value = \"n\", default = \"x\", when_missing = \"keep\", create_only = true, required = true, case_exact = true }",
                )],
                &[
                    "mapping · nickName:  → n",
                    "mapping · nickName, default:  → 'x'",
                    "mapping · nickName, when_missing: clear → keep",
                    "mapping · nickName, required:  → true",
                    "mapping · nickName, create_only: false → true",
                    "mapping · nickName, case_exact:  → true",
                ],
            ),
            (
                &[("locale = \"l\"", "locale = \"l\"\nnickName = { value = \"n\", default = \"x\", masked = true }")],
                &["mapping · nickName:  → n", "mapping · nickName, default:  → •••", "mapping · nickName, masked: false → true"],
            ),
            (
                &[("token = { env = \"T\" }", "auth = { basic = { user = \"u\", password = { env = \"P\" } } }")],
                &["target · auth: a token, env:T → user u, password env:P"],
            ),
        ];
        for (change, expected) in table {
            assert_eq!(told(change), *expected, "{change:?}");
        }
    }

    #[test]
    fn another_secret_of_the_service_is_told_without_what_its_program_is_told() {
        let vault = |what: &str| format!("{{ command = [\"vault\", \"read\", \"{what}\"] }}");
        let basic = |secret: &str| format!("auth = {{ basic = {{ user = \"u\", password = {secret} }} }}");
        let granted = |secret: &str| {
            format!("auth = {{ client_credentials = {{ token_url = \"https://t\", client_id = \"c\", client_secret = {secret} }} }}")
        };
        for (before, after, expected) in [
            (
                format!("token = {}", vault("geheim")),
                format!("token = {}", vault("anders")),
                "auth: a token, command:vault … → a token, command:vault …, told something else",
            ),
            (
                basic(&vault("geheim")),
                basic(&vault("anders")),
                "auth: user u, password command:vault … → user u, password command:vault …, told something else",
            ),
            (
                granted(&vault("geheim")),
                granted(&vault("anders")),
                "auth: client c, secret command:vault …, a token from https://t → client c, secret command:vault …, a token from https://t, told something else",
            ),
            (
                format!("token = {{ env = \"T\" }}\napp_secret = {}", vault("geheim")),
                format!("token = {{ env = \"T\" }}\napp_secret = {}", vault("anders")),
                "app_secret: command:vault … → command:vault …, told something else",
            ),
        ] {
            let with = |target: &str| {
                let text = TEXT.replace("token = { env = \"T\" }", target);
                Config::parse(Path::new("rosterm.toml"), &text).unwrap().channels.remove(0)
            };
            let told: Vec<String> = differences(&with(&before), &with(&after), &|_| false)
                .into_iter()
                .map(|d| format!("{}: {} → {}", d.name, d.was, d.now))
                .collect();
            assert_eq!(told, [expected]);
        }
    }
}
