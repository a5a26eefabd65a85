use super::*;
use crate::target::Connector;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn dialect(name: &str) -> (Connector, Dialect) {
    let connector = Connector::built_in_of(name).unwrap().unwrap();
    let dialect = connector.dialect();
    (connector, dialect)
}

fn sets(fields: &[(Field, Datum)]) -> Vec<Set<'_>> {
    fields.iter().map(|(field, value)| Set { field, value: value.clone() }).collect()
}

fn fields(connector: &Connector, of: &[(&str, Option<&str>)]) -> Vec<(Field, Datum)> {
    of.iter().map(|(name, value)| (connector.field(name).unwrap(), value.map_or(Datum::Unassigned, Datum::text))).collect()
}

fn change(name: &str, of: &[(&str, Option<&str>)], active: Option<bool>, before: Option<Value>) -> Option<(Method, Value)> {
    let (connector, dialect) = dialect(name);
    let fields = fields(&connector, of);
    let before = before.map(|b| b.as_object().unwrap().clone());
    let request =
        dialect.request(&Write::Change { id: "a/1", fields: &sets(&fields), active, before: before.as_ref(), version: Some("W/\"1\"") })?;
    assert_eq!((request.path.as_str(), request.if_match.as_deref()), ("/Users/a%2F1", Some("W/\"1\"")));
    Some((request.method, serde_json::from_slice(&request.body.unwrap()).unwrap()))
}

#[test]
fn a_create_has_every_field_in_the_form_of_its_service() {
    for (name, of, wanted) in [
        (
            "lucidchart",
            &[
                ("userName", Some("ann@x")),
                ("email", Some("ann@x")),
                ("givenName", Some("Ann")),
                ("title", None),
                ("department", Some("R&D")),
            ][..],
            json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE], "userName": "ann@x",
                "emails": [{"value": "ann@x", "type": "work", "primary": true}], "name": {"givenName": "Ann"},
                ENTERPRISE: {"department": "R&D"}, "active": true}),
        ),
        (
            "workplace",
            &[("userName", Some("ann@x")), ("manager", Some("100012764418780"))][..],
            json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE], "userName": "ann@x",
                ENTERPRISE: {"manager": {"managerId": 100_012_764_418_780_u64}}, "active": true}),
        ),
        (
            "scim1",
            &[("userName", Some("ann@x")), ("department", Some("R&D"))][..],
            json!({"schemas": ["urn:scim:schemas:core:1.0", "urn:scim:schemas:extension:enterprise:1.0"], "userName": "ann@x",
                "urn:scim:schemas:extension:enterprise:1.0": {"department": "R&D"}, "active": true}),
        ),
    ] {
        let (connector, dialect) = dialect(name);
        let fields = fields(&connector, of);
        let request = dialect.request(&Write::Create { fields: &sets(&fields), active: true }).unwrap();
        assert_eq!((request.method, request.path.as_str()), (Method::Post, "/Users"));
        assert_eq!(serde_json::from_slice::<Value>(&request.body.unwrap()).unwrap(), wanted, "{name}");
    }
}

#[test]
fn a_patch_names_what_changes_and_sends_lists_whole() {
    let work = json!({"value": "a@x", "type": "work", "primary": true});
    let home = json!({"value": "h@x", "type": "home"});
    let operation = |op: &str, path: &str, value: Value| {
        if op == "remove" { json!({"op": op, "path": path}) } else { json!({"op": op, "path": path, "value": value}) }
    };
    for (of, active, before, wanted) in [
        (&[("title", Some("Boss"))][..], None, None, vec![operation("replace", "title", json!("Boss"))]),
        (&[("familyName", Some("Lee"))], None, None, vec![operation("replace", "name.familyName", json!("Lee"))]),
        (
            &[("familyName", Some("Lee")), ("givenName", Some("A"))],
            None,
            Some(json!({})),
            vec![operation("replace", "name", json!({"familyName": "Lee", "givenName": "A"}))],
        ),
        (&[], Some(false), None, vec![operation("replace", "active", json!(false))]),
        (
            &[("title", None)],
            Some(true),
            None,
            vec![operation("replace", "active", json!(true)), operation("remove", "title", json!(null))],
        ),
        (&[("title", None)], None, Some(json!({"userName": "x"})), vec![]),
        (
            &[("email", Some("n@x"))],
            None,
            Some(json!({"emails": [home, work]})),
            vec![operation("replace", "emails", json!([home, {"value": "n@x", "type": "work", "primary": true}]))],
        ),
        (
            &[("workPhone", None)],
            None,
            Some(json!({"phoneNumbers": [{"value": "1", "type": "work"}]})),
            vec![operation("remove", "phoneNumbers", json!(null))],
        ),
        (&[("department", Some("D"))], None, None, vec![operation("replace", &format!("{ENTERPRISE}:department"), json!("D"))]),
        (
            &[("manager", Some("m1"))],
            None,
            Some(json!({ENTERPRISE: {"department": "D"}})),
            vec![operation("replace", &format!("{ENTERPRISE}:manager"), json!({"value": "m1"}))],
        ),
        (
            &[("manager", Some("m1"))],
            None,
            Some(json!({ENTERPRISE: {"manager": {"value": "m0"}}})),
            vec![operation("replace", &format!("{ENTERPRISE}:manager.value"), json!("m1"))],
        ),
    ] {
        let (method, body) = change("scim2", of, active, before).unwrap();
        assert_eq!((method, body), (Method::Patch, json!({"schemas": [PATCH_OP], "Operations": wanted})), "{of:?}");
    }
    assert_eq!(change("scim2", &[("email", Some("n@x"))], None, None), None, "a list is not sent without its other elements");
}

#[test]
fn a_put_keeps_what_was_read_and_leaves_out_what_is_the_services_own() {
    let before = json!({"schemas": ["urn:scim:schemas:core:1.0", "urn:other"], "id": "a/1", "userName": "ann", "meta": {"version": "1"},
        "groups": [{"value": "g"}], "nickName": "Annie", "title": "Boss", "active": true, "urn:other": {"x": 1}});
    let (method, body) = change("scim1", &[("title", None), ("familyName", Some("Lee"))], Some(false), Some(before)).unwrap();
    assert_eq!(method, Method::Put);
    assert_eq!(
        body,
        json!({"schemas": ["urn:scim:schemas:core:1.0", "urn:other"], "userName": "ann", "nickName": "Annie", "active": false,
            "urn:other": {"x": 1}, "name": {"familyName": "Lee"}})
    );
    assert_eq!(change("scim1", &[("title", None)], None, None), None, "a PUT is made from what was read");
}

#[test]
fn workplace_is_told_active_alone_and_everything_else_by_patch() {
    assert_eq!(
        change("workplace", &[], Some(false), None).unwrap(),
        (Method::Put, json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "active": false}))
    );
    assert_eq!(change("workplace", &[("title", Some("T"))], None, None).unwrap().0, Method::Patch);
    let (_, dialect) = dialect("workplace");
    assert!(!dialect.is_one_request());
}

#[test]
fn a_put_that_merges_says_that_a_value_is_empty() {
    let (connector, mut dialect) = dialect("workplace");
    dialect.update = Verb::Put;
    let fields = fields(&connector, &[("title", None), ("workPhone", None)]);
    let before = json!({"userName": "ann", "title": "T", "phoneNumbers": [{"value": "1", "type": "work"}]}).as_object().unwrap().clone();
    let request =
        dialect.request(&Write::Change { id: "1", fields: &sets(&fields), active: None, before: Some(&before), version: None }).unwrap();
    let body: Value = serde_json::from_slice(&request.body.unwrap()).unwrap();
    assert_eq!(
        body,
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann", "title": "", "phoneNumbers": []})
    );
}

#[test]
fn a_patch_of_version_1_is_a_part_of_a_user() {
    let (connector, mut dialect) = dialect("scim1");
    dialect.update = Verb::Patch;
    let fields = fields(&connector, &[("title", None), ("familyName", Some("Lee"))]);
    let request =
        dialect.request(&Write::Change { id: "1", fields: &sets(&fields), active: Some(true), before: None, version: None }).unwrap();
    let body: Value = serde_json::from_slice(&request.body.unwrap()).unwrap();
    assert_eq!(
        (request.method, body),
        (
            Method::Patch,
            json!({"schemas": ["urn:scim:schemas:core:1.0"], "name": {"familyName": "Lee"}, "active": true, "meta": {"attributes": ["title"]}})
        )
    );
}
