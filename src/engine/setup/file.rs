//! The configuration file that comes of a draft, with comments that say what else there is.
//!
//! No value of a person stands in it, and no secret: what was seen of people is counted.

use super::{Draft, Found, suggest};
use crate::config::edit::quoted;
use crate::config::{LdapUrl, Policy};
use crate::text::clean;
use std::fmt::Write as _;

/// Where the comments begin, if the line is not longer.
const ASIDE: usize = 52;

/// The text of the file.
#[must_use]
pub fn text(draft: &Draft, found: &Found) -> String {
    let mut out = String::from(
        "# rosterm: who of a directory has an account at a service, and by which rules. Written by rosterm init.\n\
         # Nothing in here is secret: it says where secrets are kept. Try it with: rosterm check\n\
         format = 1\n",
    );
    source(&mut out, draft, found);
    target(&mut out, draft);
    mapping(&mut out, draft, found);
    policy(&mut out, draft);
    out
}

/// The part that says where people come from, alone: what is needed to look around there.
pub(super) fn source_alone(draft: &Draft) -> String {
    let mut out = String::new();
    source(&mut out, draft, &Found::default());
    out
}

/// The part that says where accounts are, alone.
pub(super) fn target_alone(draft: &Draft) -> String {
    let mut out = String::new();
    target(&mut out, draft);
    out
}

fn channel(draft: &Draft) -> &str {
    // A name has letters, digits, - and _; beyond ASCII it must stand in quotes.
    if draft.name.is_empty() { "channel" } else { &draft.name }
}

fn head(out: &mut String, draft: &Draft, part: &str, aside: &str) {
    let name = channel(draft);
    let name = if name.is_ascii() { name.to_owned() } else { quoted(name) };
    out.push('\n');
    line(out, &format!("[channels.{name}.{part}]"), aside);
}

/// A line, and what is said about it.
fn line(out: &mut String, text: &str, aside: &str) {
    let aside = clean(aside);
    if aside.is_empty() {
        let _ = writeln!(out, "{text}");
    } else {
        let _ = writeln!(out, "{:<ASIDE$}# {aside}", format!("{text}  "));
    }
}

fn source(out: &mut String, draft: &Draft, found: &Found) {
    head(out, draft, "source", "where people come from; it is only ever read");
    if draft.is_file() {
        line(out, &format!("type = {}", quoted(&draft.kind)), "");
        line(out, &format!("path = {}", quoted(draft.place.first().map_or("", String::as_str))), "");
        if draft.kind == "csv" {
            line(out, "# separator = \";\"", "the header tells, unless this does");
            head(out, draft, "source.settings", "");
            line(out, &format!("id_attribute = {}", quoted(&draft.id_column)), "the column that never changes for a person");
            line(out, "# status = [{ attribute = \"state\", disabled_when = { equals = \"left\" } }]", "");
            return;
        }
    } else {
        server(out, draft, found);
    }
    location(out, draft, found);
    settings(out, draft, found);
}

fn server(out: &mut String, draft: &Draft, found: &Found) {
    line(out, "type = \"ldap\"", "");
    let urls: Vec<String> = draft.place.iter().map(|u| quoted(u)).collect();
    line(out, &format!("url = [{}]", urls.join(", ")), "tried in this order");
    if draft.bind_dn.is_empty() {
        line(out, "# bind_dn = \"cn=reader,dc=example,dc=com\"", "with password = { env = \"NAME\" }");
    } else {
        line(out, &format!("bind_dn = {}", quoted(&draft.bind_dn)), "a reader is enough");
        line(out, &format!("password = {}", draft.password.1), "or { env = }, { file = }, { command = [..] }, { keyring = }");
    }
    if starts_tls(draft) {
        line(out, "start_tls = true", "TLS is asked for before anything else is said");
    }
    match &draft.authority {
        Some(path) => line(out, &format!("ca_file = {}", quoted(&path.display().to_string())), "instead of what the platform trusts"),
        None => line(out, "# ca_file = \"ca.pem\"", "for an authority of your own"),
    }
    let vendor = found.settings.as_ref().map(|s| format!("found: {}", s.vendor)).filter(|_| draft.kind == "auto");
    line(out, &format!("vendor = {}", quoted(&draft.kind)), &vendor.unwrap_or_default());
}

/// True if TLS is asked for on a plain connection: always, but on this machine itself.
fn starts_tls(draft: &Draft) -> bool {
    let parsed = draft.place.iter().filter_map(|u| LdapUrl::parse(u).ok());
    let plain: Vec<LdapUrl> = parsed.filter(|u| !u.tls).collect();
    // Either all of them or none: the key is for all.
    plain.len() == draft.place.len() && (draft.start_tls || plain.iter().any(|u| !u.is_local()))
}

fn location(out: &mut String, draft: &Draft, found: &Found) {
    head(out, draft, "source.location", "in scope: under base_dn AND matching filter AND in group_dn");
    line(out, &format!("base_dn = {}", quoted(&draft.base)), "");
    line(out, "# scope = \"sub\"", "or \"one\": directly below the base only");
    let people = found.settings.as_ref().map_or("(objectClass=person)", |s| s.user_filter.as_str());
    line(out, &format!("# filter = {}", quoted(people)), "what counts as people unless this says otherwise");
    if draft.group.is_empty() {
        line(out, "# group_dn = \"cn=cloud,ou=groups,dc=example,dc=com\"", "");
        line(out, "# nested_groups = true", "");
    } else {
        line(out, &format!("group_dn = {}", quoted(&draft.group)), "");
        line(out, &format!("nested_groups = {}", !draft.direct), "who is in a group in it counts too, or not");
    }
}

fn settings(out: &mut String, draft: &Draft, found: &Found) {
    head(out, draft, "source.settings", "filled in from the vendor; uncomment to say otherwise");
    let Some(settings) = &found.settings else { return };
    line(out, &format!("# id_attribute = {}", quoted(settings.id_attribute.as_str())), "by it somebody is known again");
    let status: Vec<String> = settings.status.iter().map(ToString::to_string).collect();
    line(out, &clean(&format!("# status = [{}]", status.join(", "))), "what makes an account disabled");
    if let Some(attribute) = &settings.member_of_attribute {
        line(out, &format!("# member_of_attribute = {}", quoted(attribute.as_str())), "");
    }
}

fn target(out: &mut String, draft: &Draft) {
    head(out, draft, "target", "where accounts are; only what was approved is ever sent");
    line(out, &format!("connector = {}", quoted(&draft.connector)), "rosterm connectors lists them, rosterm fields what they take");
    line(out, &format!("base_url = {}", quoted(&draft.service)), "");
    let secret = &draft.token.1;
    match draft.login.as_str() {
        _ if secret.is_empty() => line(out, "auth = \"none\"", "or token = { env = \"NAME\" }"),
        "basic" => line(out, &format!("auth = {{ basic = {{ user = {}, password = {secret} }} }}", quoted(&draft.user)), ""),
        "client_credentials" => {
            let scope = if draft.client_scope.is_empty() { String::new() } else { format!(", scope = {}", quoted(&draft.client_scope)) };
            let (url, id) = (quoted(&draft.token_url), quoted(&draft.user));
            let granted = format!("token_url = {url}, client_id = {id}, client_secret = {secret}{scope}");
            line(out, &format!("auth = {{ client_credentials = {{ {granted} }} }}"), "send = \"body\" for those who know no header");
        }
        _ => line(out, &format!("token = {secret}"), "or auth = { basic = .. }, { client_credentials = .. }"),
    }
    match &draft.service_authority {
        Some(path) => line(out, &format!("ca_file = {}", quoted(&path.display().to_string())), "instead of what the platform trusts"),
        None => line(out, "# ca_file = \"ca.pem\"", "for an authority of your own"),
    }
    line(out, "# match = \"userName\"", "the field by which people and accounts are paired");
}

fn mapping(out: &mut String, draft: &Draft, found: &Found) {
    head(out, draft, "mapping", "field = \"expression\"; rosterm functions lists what expressions can do");
    let key = |name: &str| if name.chars().all(|c| c.is_ascii_alphanumeric()) { name.to_owned() } else { quoted(name) };
    let connector = draft.connector().ok();
    for rule in draft.rules.iter().filter(|r| !r.text.is_empty()) {
        let seen = connector.as_ref().and_then(|c| suggest::preview(&rule.text, &rule.field, c, &found.samples).ok());
        let seen = seen.filter(|p| p.of > 0).map(|p| format!("{} of {} who were looked at have one", p.have, p.of));
        line(out, &format!("{} = {}", key(&rule.field), quoted(&rule.text)), &seen.unwrap_or_default());
    }
    let Some(connector) = connector else { return };
    let more = suggest::more(&connector, &found.samples, &draft.rules.iter().filter(|r| !r.text.is_empty()).cloned().collect::<Vec<_>>());
    if !more.is_empty() {
        line(out, "# what else would fit:", "");
    }
    for (field, text) in more {
        line(out, &format!("# {} = {}", key(&field), quoted(&text)), "");
    }
}

fn policy(out: &mut String, draft: &Draft) {
    let usual = Policy::default();
    head(out, draft, "policy", "the careful values; docs/policy.md says more");
    line(out, &format!("# create = {}", usual.create), "");
    line(out, &format!("# update = {}", usual.update), "");
    line(out, &format!("# deprovision = {}", usual.deprovision), "each needs an approval all the same");
    line(out, "# remove_action = \"disable\"", "");
    line(out, "# protect = [\"admin@example.com\"]", "accounts that are never touched: administrators, the token's owner");
    line(out, "# limits = { deprovision = \"20 or 5%\" }", "more than that in one run stops it before anything is sent");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, SourceKind};
    use crate::engine::setup::{Ask, RuleDraft, answer};
    use std::path::Path;

    fn draft(answers: &[(Ask, &str)]) -> Draft {
        let (mut draft, mut found) = (Draft::default(), Found::default());
        for (ask, typed) in answers {
            answer(*ask, typed, &mut draft, &mut found).unwrap();
        }
        let rule = RuleDraft { field: "userName".into(), about: String::new(), required: true, text: "uid ~ '\"'".into() };
        Draft { rules: vec![rule], ..draft }
    }

    #[test]
    fn what_is_written_is_what_was_answered() {
        let service = [
            (Ask::Base, "ou=\"a\\\\b\",dc=x"),
            (Ask::Connector, "scim2"),
            (Ask::Service, "app.example.com/scim/v2/Users/"),
            (Ask::Token, "keyring:app"),
            (Ask::Name, "größe"),
        ];
        for (place, more, told) in [
            ("dc1.example.com", &[][..], "url = [\"ldaps://dc1.example.com\"]"),
            ("ldap://dc1.example.com", &[], "start_tls = true"),
            ("ldap://127.0.0.1", &[], "# bind_dn = "),
            ("ldaps://dc1, ldaps://dc2:1636", &[(Ask::BindDn, "ann@example.com"), (Ask::Password, "env:P")], "password = { env = \"P\" }"),
        ] {
            let answers = [&[(Ask::Kind, "auto"), (Ask::Place, place)], more, &service].concat();
            let text = text(&draft(&answers), &Found::default());
            assert!(text.contains(told), "{told}: {text}");
            assert_eq!(text.contains("\nstart_tls"), place == "ldap://dc1.example.com", "{text}");
            let config = Config::parse(Path::new("rosterm.toml"), &text).map_err(|e| format!("{e}\n{text}")).unwrap();
            let channel = config.channel(Some("größe")).unwrap();
            let SourceKind::Ldap(ldap) = &channel.source.kind else { panic!("a server") };
            assert_eq!(ldap.start_tls, place == "ldap://dc1.example.com");
            assert_eq!(channel.source.location.base_dn.value, "ou=\"a\\\\b\",dc=x");
            assert_eq!(channel.target.base_url.value, "https://app.example.com/scim/v2");
            assert_eq!(channel.mapping[0].value.as_ref().unwrap().value, "uid ~ '\"'");
            crate::engine::compile(channel).unwrap();
        }
    }

    #[test]
    fn another_answer_forgets_what_rested_on_the_one_before() {
        let (mut draft, mut found) = (draft(&[(Ask::Kind, "auto"), (Ask::Place, "dc1"), (Ask::Base, "dc=x")]), Found::default());
        found.good = [true, true];
        found.accounts = vec!["ann".into()];
        answer(Ask::Base, "dc=x", &mut draft, &mut found).unwrap();
        assert!(found.good[0] && !draft.rules.is_empty());
        answer(Ask::Base, "dc=y", &mut draft, &mut found).unwrap();
        assert!(!found.good[0] && found.good[1] && draft.rules.is_empty());
        answer(Ask::Place, "dc2", &mut draft, &mut found).unwrap();
        assert_eq!(found.accounts, ["ann"]);
        answer(Ask::Token, "env:OTHER", &mut draft, &mut found).unwrap();
        assert!(!found.good[1] && found.accounts.is_empty());
        for (ask, typed) in [
            (Ask::Place, "ldap://user:hunter2@dc1"),
            (Ask::Place, "http://dc1"),
            (Ask::Token, "hunter2"),
            (Ask::Service, "https://user:hunter2@app"),
            (Ask::Service, "https://app?token=hunter2"),
            (Ask::Base, ""),
            (Ask::Kind, "opnldap"),
            (Ask::Connector, "scim3"),
        ] {
            let before = draft.clone();
            let error = answer(ask, typed, &mut draft, &mut found).unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2") && draft == before, "{typed}: {error}");
        }
    }
}
