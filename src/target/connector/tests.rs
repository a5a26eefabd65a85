use super::*;
use crate::model::field::{FieldFormat, FieldKind, Wire};

fn connector(name: &str) -> Connector {
    Connector::built_in_of(name).unwrap().unwrap()
}

fn parsed(text: &str) -> Result<Connector> {
    Connector::parse("own", "own.toml", text)
}

#[test]
fn every_built_in_connector_is_complete() {
    for (name, _) in BUILT_IN {
        let connector = connector(name);
        assert!(connector.fields.iter().any(|f| f.name == "userName" && f.required), "{name}");
        assert!(connector.fields.iter().any(|f| f.name == "externalId"), "{name}");
        for field in &connector.fields {
            assert!(!field.about.is_empty(), "{name}: {} has no line for people", field.name);
            // An extension's attributes belong to the dialect of the file.
            let schema = FieldPath::parse(&field.path).unwrap().schema.unwrap_or_default();
            let own = if connector.version == Version::V1 { "urn:scim:schemas:" } else { "urn:ietf:params:scim:schemas:" };
            assert!(schema.is_empty() || schema.starts_with(own), "{name}: {schema}");
        }
        assert!(connector.can_filter("username"), "{name}");
    }
    assert!(!Connector::built_in().any(|name| name == "demo"));
}

#[test]
fn lucid_hides_the_inactive_and_lags_behind() {
    let lucid = connector("lucidchart");
    assert!(!lucid.lists_inactive && lucid.lag_seconds > 0);
    assert_eq!((lucid.update, lucid.activate, lucid.paging), (Verb::Patch, Verb::Patch, Paging::Index));
    assert_eq!(lucid.remove, [RemoveAction::Disable, RemoveAction::Delete]);
    let field = |name: &str| lucid.field(name).unwrap();
    assert!(field("userName").immutable && field("givenName").required && field("familyName").required && field("email").required);
    assert!(field("externalId").after_create && field("roles").after_create && field("roles").choices.len() == 6);
    let password = field("password");
    assert!(password.create_only && password.write_only && password.min_length == Some(8));
    assert_eq!(field("manager").kind, FieldKind::Reference);
    assert!(lucid.fields.iter().all(|f| f.name != "employeeNumber"), "Lucid has none");
}

#[test]
fn workplace_puts_active_and_never_deletes() {
    for (name, version, urn) in [
        ("workplace", Version::V2, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.managerId"),
        ("workplace1", Version::V1, "urn:scim:schemas:extension:enterprise:1.0:manager.managerId"),
    ] {
        let workplace = connector(name);
        assert_eq!(workplace.version, version);
        assert_eq!((workplace.activate, workplace.put), (Verb::Put, Put::Merges), "{name}");
        assert_eq!(workplace.remove, [RemoveAction::Disable], "{name}");
        assert_eq!(workplace.content_type, "application/json");
        assert!(workplace.app_secret && workplace.lists_inactive);
        assert!(workplace.notes[0].contains("1 June 2026"), "{:?}", workplace.notes);
        let manager = workplace.field("manager").unwrap();
        assert_eq!((manager.path.as_str(), manager.kind, manager.wire), (urn, FieldKind::Reference, Wire::Number));
        assert_eq!(workplace.field("country").unwrap().format, Some(FieldFormat::Country));
        assert_eq!(workplace.field("startDate").unwrap().kind, FieldKind::Int);
        assert!(workplace.field("claimed").unwrap_err().contains("read-only"));
    }
}

#[test]
fn a_field_is_found_by_name_or_path_and_a_slip_is_told() {
    let connector = connector("scim2");
    assert_eq!(connector.field("GIVENNAME").unwrap().path, "name.givenName");
    assert_eq!(connector.field("urn:example:2.0:User:badge").unwrap().name, "urn:example:2.0:User:badge");
    assert_eq!(connector.field("givenNam").unwrap_err(), "did you mean givenName?");
    assert!(connector.field("name..x").is_err());
}

#[test]
fn what_the_service_sets_itself_cannot_be_mapped() {
    let connector = connector("scim2");
    for (name, told) in [
        ("groups", "groups is read-only at SCIM 2.0: only the service sets it; remove this rule"),
        ("GROUPS.value", "groups is read-only at SCIM 2.0: only the service sets it; remove this rule"),
        ("groups.display", "groups is set by the service: no rule can fill it"),
        ("id", "id is set by the service: no rule can fill it"),
        ("meta.version", "meta is set by the service: no rule can fill it"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:meta.version", "meta is set by the service: no rule can fill it"),
        ("active", "whether an account is active follows from the person's status, not from a rule"),
    ] {
        assert_eq!(connector.field(name).unwrap_err(), told, "{name}");
    }
}

#[test]
fn a_file_of_the_users_own_can_say_everything() {
    let own = parsed(
        r#"
title = "Own"
notes = "one line"
version = "1.1"
page_size = "none"
paging = "index"
stable_order = true
lists_inactive = false
filter = ["userName", "emails.value"]
update = "patch"
activate = "put"
put = "merges"
active_as = "text"
remove = ["delete"]
lag_seconds = 5
content_type = "application/vnd.own+json"
app_secret = true
[headers]
X-Tenant = "one"
[fields.userName]
path = "userName"
required = true
immutable = true
case_exact = false
min_length = 3
max_length = 64
[fields.kind]
path = "userType"
choices = ["a", "b"]
after_create = true
[fields.badge]
path = "urn:own:1.0:badge"
type = "integer"
wire = "text"
create_only = true
[fields.pin]
path = "urn:own:1.0:pin"
write_only = true
[fields.since]
path = "urn:own:1.0:since"
read_only = true
[fields.tags]
path = "urn:own:1.0:tags"
multi = true
"#,
    )
    .unwrap();
    assert_eq!(own.notes, ["one line"]);
    assert_eq!((own.version, own.page_size, own.paging), (Version::V1, PageSize::Unasked, Paging::Index));
    assert!(own.stable_order && !own.lists_inactive && own.app_secret);
    assert!(own.can_filter("EMAILS.value") && !own.can_filter("externalId"));
    assert_eq!((own.update, own.activate, own.put, own.active_as), (Verb::Patch, Verb::Put, Put::Merges, ActiveAs::Text));
    assert_eq!((own.remove.as_slice(), own.lag_seconds), ([RemoveAction::Delete].as_slice(), 5));
    assert_eq!(own.content_type, "application/vnd.own+json");
    assert_eq!(own.headers, [("X-Tenant".to_owned(), "one".to_owned())]);
    let field = |name: &str| own.fields.iter().find(|f| f.name == name).unwrap();
    assert_eq!((field("userName").min_length, field("userName").max_length), (Some(3), Some(64)));
    assert!(field("kind").after_create && field("badge").create_only && field("pin").write_only && field("since").read_only);
    assert_eq!(field("badge").wire, Wire::Text);
}

#[test]
fn a_short_file_gets_the_careful_defaults() {
    for (version, update, media, paging) in
        [("2.0", Verb::Patch, "application/scim+json", Paging::Auto), ("1.1", Verb::Put, "application/json", Paging::Index)]
    {
        let short = parsed(&format!("title = \"Short\"\nversion = \"{version}\"\n[fields.userName]\npath = \"userName\"\n")).unwrap();
        assert_eq!((short.update, short.activate, short.content_type.as_str(), short.paging), (update, update, media, paging));
        assert_eq!((short.page_size, short.put, short.active_as), (PageSize::Accounts(100), Put::Replaces, ActiveAs::Boolean));
        assert!(!short.stable_order && short.lists_inactive && !short.app_secret && short.headers.is_empty());
        assert_eq!(short.filter, ["userName"]);
        assert_eq!(short.remove, [RemoveAction::Disable, RemoveAction::Delete]);
    }
}

#[test]
fn a_defect_of_a_file_has_its_place_and_a_way_out() {
    let field = "[fields.userName]\npath = \"userName\"\n";
    for (text, line, told) in [
        (field.to_owned(), 0, "needs the key title"),
        (format!("title = \"x\"\nversion = \"3.0\"\n{field}"), 2, "version cannot be \"3.0\""),
        (format!("title = \"x\"\nstabel_order = true\n{field}"), 2, "did you mean stable_order?"),
        (format!("title = \"x\"\ncan_delete = true\n{field}"), 2, "there is no key can_delete"),
        (format!("title = \"x\"\npage_size = 0\n{field}"), 2, "from 1 to 100000, or \"none\""),
        (format!("title = \"x\"\npage_size = \"all\"\n{field}"), 2, "from 1 to 100000, or \"none\""),
        (format!("title = \"x\"\npage_size = 1.5\n{field}"), 2, "from 1 to 100000, or \"none\""),
        (format!("title = \"x\"\npaging = \"cursors\"\n{field}"), 2, "did you mean cursor?"),
        (format!("title = \"x\"\nremove = []\n{field}"), 1, "remove is empty"),
        (format!("title = \"x\"\nremove = [\"disable\", \"delte\"]\n{field}"), 2, "did you mean delete?"),
        (format!("title = \"x\"\nfilter = [\"a b\"]\n{field}"), 2, "not a SCIM attribute path"),
        (format!("title = \"x\"\ncontent_type = \"json\"\n{field}"), 2, "must be a media type"),
        (format!("title = \"x\"\n{field}[headers]\nAuthorization = \"Bearer x\"\n"), 5, "not for a connector to set"),
        (format!("title = \"x\"\n{field}[headers]\nx-a = \"a\\r\\nb\"\n"), 5, "visible ASCII"),
        (format!("title = \"x\"\n{field}[headers]\n\"x a\" = \"b\"\n"), 5, "not the name of a header"),
        (format!("title = \"x\"\n{field}requird = true\n"), 4, "did you mean required?"),
        (format!("title = \"x\"\n{field}type = \"number\"\n"), 4, "cannot be \"number\""),
        (format!("title = \"x\"\n{field}wire = \"text\"\n"), 4, "sent anyway"),
        (format!("title = \"x\"\n{field}min_length = 9\nmax_length = 8\n"), 4, "greater than max_length"),
        (format!("title = \"x\"\n{field}read_only = true\nrequired = true\n"), 4, "never sent"),
        (format!("title = \"x\"\n{field}[fields.name]\npath = \"username\"\n"), 4, "have the same path"),
        (format!("title = \"x\"\n{field}[fields.USERNAME]\npath = \"x\"\n"), 4, "two fields"),
        ("title = \"x\"\n".to_owned(), 1, "has no fields"),
    ] {
        let error = parsed(&text).unwrap_err();
        assert!(error.to_string().contains(told), "{text}\n{error}");
        assert!(error.position().is_some_and(|at| at.file == "own.toml" && (line == 0 || at.line == line)), "{text}\n{error}");
    }
}

#[test]
fn a_policy_that_the_connector_lacks_is_refused() {
    let mut policy = crate::config::Policy::default();
    let workplace = connector("workplace");
    assert!(workplace.check_policy(&policy).is_ok());
    policy.remove_action = RemoveAction::Delete;
    let error = workplace.check_policy(&policy).unwrap_err();
    assert_eq!(error.message(), "Workplace / Meta Work Accounts cannot delete accounts");
    assert_eq!(error.hint_text(), Some("set remove_action = \"disable\" in the policy"));
    let delete_only = parsed("title = \"x\"\nremove = \"delete\"\n[fields.userName]\npath = \"userName\"\n").unwrap();
    assert!(delete_only.check_policy(&policy).is_ok());
    policy.remove_action = RemoveAction::Disable;
    assert!(delete_only.check_policy(&policy).unwrap_err().to_string().contains("remove_action = \"delete\""));
    policy.deprovision = false;
    assert!(delete_only.check_policy(&policy).is_ok());
}

#[test]
fn the_page_for_people_has_every_key_and_an_example_that_is_read() {
    const PAGE: &str = include_str!("../../../docs/connectors.md");
    // The complaint about a key that nobody knows names those that there are.
    for text in
        ["title = \"x\"\nqqqqqqqqqqqq = 1\n[fields.a]\npath = \"a\"\n", "title = \"x\"\n[fields.a]\npath = \"a\"\nqqqqqqqqqqqq = 1\n"]
    {
        let error = parsed(text).unwrap_err();
        let keys = error.hint_text().and_then(|h| h.strip_prefix("the keys here are: ")).unwrap().to_owned();
        assert!(keys.split(", ").count() >= 15, "{keys}");
        for key in keys.split(", ").filter(|k| *k != "fields") {
            assert!(PAGE.contains(&format!("`{key}`")) || PAGE.contains(&format!("`[{key}]`")), "{key} is not in docs/connectors.md");
        }
    }
    for name in Connector::built_in() {
        assert!(PAGE.contains(&format!("| `{name}` |")), "{name}");
    }
    let example = PAGE.split("wants its booleans as text:").nth(1).and_then(|rest| rest.split("## ").next()).unwrap();
    let own = parsed(&example.replace("\n    ", "\n")).unwrap();
    assert_eq!((own.version, own.active_as, own.fields.len()), (Version::V1, ActiveAs::Text, 2));
}
