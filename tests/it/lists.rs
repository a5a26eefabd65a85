//! What can be looked up without asking any end: functions, fields, connectors, channels.

use crate::commands::{Desk, accounts, with_service};
use rosterm::demo::service::Faults;
use rosterm::text::width;
use serde_json::Value;

fn said(desk: &Desk, arguments: &[&str]) -> (i32, String, String) {
    let output = desk.run(arguments);
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn json(desk: &Desk, arguments: &[&str]) -> Value {
    let (code, out, talk) = said(desk, arguments);
    assert_eq!((code, talk.as_str()), (0, ""));
    serde_json::from_str(&out).unwrap()
}

#[test]
fn every_function_is_listed_with_an_example_and_one_is_explained() {
    let desk = Desk::new();
    let (code, out, talk) = said(&desk, &["functions"]);
    assert_eq!((code, talk.as_str()), (0, ""));
    let all = json(&desk, &["functions", "--format", "json"]);
    let all = all["functions"].as_array().unwrap();
    assert_eq!(all.len(), rosterm::mapping::functions::all().count());
    for function in all {
        assert!(out.contains(&format!("  {}", function["signature"].as_str().unwrap())), "{function}");
    }
    assert!(out.starts_with("Texts\n  trim(text)  "), "{out}");
    assert_eq!(
        said(&desk, &["functions", "left"]),
        (
            0,
            "left(text, count)\n  the first characters\n\n  group    Texts\n  example  givenName | left(1)\n  where    givenName is 'Ann'\n  yields   'A'\n".into(),
            String::new()
        )
    );
    assert_eq!(json(&desk, &["functions", "left", "--format", "json"])["functions"][0]["example"]["result"], "'A'");
    assert_eq!(
        said(&desk, &["functions", "uper"]),
        (2, String::new(), "rosterm: there is no function uper\n  hint: did you mean upper?\n".into())
    );
}

#[test]
fn fields_are_listed_with_what_is_mapped_and_what_is_missing() {
    with_service(accounts(), &Faults::default(), |desk, service| {
        desk.write(
            "own.toml",
            "title = \"Our Service\"\n[fields.userName]\npath = \"userName\"\nabout = \"the login\"\nrequired = true\n\
             [fields.badge]\npath = \"urn:example:2.0:User:badge\"\nabout = \"set once\"\nrequired = true\nimmutable = true\ntype = \"integer\"\n\
             [fields.kind]\npath = \"userType\"\nabout = \"what one is\"\nchoices = [\"employee\", \"guest\"]\nmax_length = 20\n\
             [fields.mails]\npath = \"emails.value\"\nabout = \"all of them\"\nmulti = true\nformat = \"email\"\n",
        );
        let own = |rules: &str| {
            format!(
                "[channels.test.source]\ntype = \"ldif\"\npath = \"people.ldif\"\n[channels.test.source.location]\nbase_dn = \"dc=test\"\n\
                 [channels.test.target]\nconnector = \"own.toml\"\nbase_url = \"{}\"\nauth = \"none\"\n[channels.test.mapping]\n{rules}",
                service.base_url()
            )
        };
        desk.write("rosterm.toml", &own("userName = \"uid | lower\"\nkind = { default = \"guest\" }\n\"nickName\" = \"cn\"\n"));
        let told = said(desk, &["fields", "--config", "rosterm.toml"]);
        // A field that the connector does not know is named by its path in quotes.
        assert_eq!(told.0, 2, "{}", told.2);
        desk.write(
            "rosterm.toml",
            &own("userName = \"uid | lower\"\nkind = { default = \"guest\" }\n\"urn:x:User:desk\" = \"roomNumber\"\n"),
        );
        let (code, out, talk) = said(desk, &["fields", "--config", "rosterm.toml"]);
        assert_eq!(
            out,
            "Our Service (own.toml), channel test: 3 of 5 fields are mapped\n\
             Required and not mapped, so nobody can be created: badge\n\n\
             match    userName         required, text              the login\n\
             \u{20}                                                     = uid | lower\n\
             MISSING  badge            required, set once, number  set once\n\
             \u{20}                                                     urn:example:2.0:User:badge\n\
             mapped   kind             text to 20, employee|guest  what one is\n\
             \u{20}                                                     userType\n\
             \u{20}                                                     = always 'guest'\n\
             ·        mails            list of e-mail              all of them\n\
             \u{20}                                                     emails.value\n\
             mapped   urn:x:User:desk  text                        = roomNumber\n"
        );
        assert_eq!((code, talk.as_str()), (0, ""));
        let fields = json(desk, &["fields", "--config", "rosterm.toml", "--format", "json"]);
        assert_eq!((fields["format"].as_str(), &fields["required_not_mapped"]), (Some("rosterm-fields/1"), &serde_json::json!(["badge"])));
        assert_eq!((&fields["fields"][0]["match"], &fields["fields"][1]["mapped"]), (&true.into(), &false.into()));
        assert_eq!(fields["fields"][2]["choices"], serde_json::json!(["employee", "guest"]));
    });
    // Without a configuration.
    let desk = Desk::new();
    let (code, out, _) = said(&desk, &["fields", "--connector", "scim2"]);
    assert!(code == 0 && out.starts_with("SCIM 2.0 (scim2): ") && !out.contains("mapped"), "{out}");
    let (code, _, talk) = said(&desk, &["fields", "--connector", "scmi2"]);
    assert_eq!(code, 2);
    assert!(talk.starts_with("rosterm: there is no connector scmi2\n  hint: did you mean scim2?"), "{talk}");
}

#[test]
fn connectors_are_listed_with_what_they_can() {
    let desk = Desk::new();
    let all = json(&desk, &["connectors", "--format", "json"]);
    let (_, out, _) = said(&desk, &["connectors"]);
    for connector in all["connectors"].as_array().unwrap() {
        assert!(connector["required"].as_array().unwrap().contains(&"userName".into()), "{connector}");
        assert!(out.contains(connector["title"].as_str().unwrap()), "{out}");
        // What people should know before they use it is told too.
        for note in connector["notes"].as_array().unwrap() {
            let words = note.as_str().unwrap().split(' ').take(3).collect::<Vec<_>>().join(" ");
            assert!(out.contains(&words), "{words}: {out}");
        }
    }
    let names: Vec<&str> = all["connectors"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["lucidchart", "workplace", "workplace1", "scim2", "scim1"]);
    assert!(out.contains("hides disabled accounts from its") && out.contains("disables, never deletes"), "{out}");
}

#[test]
fn channels_are_listed_with_their_ends_and_who_shares_a_service() {
    let desk = Desk::new();
    let channel = |name: &str, active: &str, url: &str| {
        format!(
            "[channels.{name}]\n{active}[channels.{name}.source]\ntype = \"ldif\"\npath = \"people.ldif\"\n[channels.{name}.source.location]\n\
             base_dn = \"ou=people,dc=example,dc=test\"\nfilter = \"(objectClass=person)\"\n[channels.{name}.target]\nconnector = \"scim2\"\n\
             base_url = \"{url}\"\nauth = \"none\"\n[channels.{name}.mapping]\nuserName = \"uid\"\n"
        )
    };
    let text = channel("one", "", "https://a.example.com/scim")
        + &channel("two", "active = false\n", "https://a.example.com/scim/")
        + &channel("three", "", "https://b.example.com");
    desk.write("rosterm.toml", &text);
    assert_eq!(
        said(&desk, &["channels", "--config", "rosterm.toml"]),
        (
            0,
            "one: active, 1 rule\n  people    people.ldif\n  base      ou=people,dc=example,dc=test\n  filter    (objectClass=person)\n\
             \u{20} accounts  scim2 at https://a.example.com/scim\n  shares    its service, links and holds with two\n\
             \ntwo: parked (active = false), 1 rule\n  people    people.ldif\n  base      ou=people,dc=example,dc=test\n  filter    (objectClass=person)\n\
             \u{20} accounts  scim2 at https://a.example.com/scim\n  shares    its service, links and holds with one\n\
             \nthree: active, 1 rule\n  people    people.ldif\n  base      ou=people,dc=example,dc=test\n  filter    (objectClass=person)\n\
             \u{20} accounts  scim2 at https://b.example.com\n"
                .into(),
            String::new()
        )
    );
    let all = json(&desk, &["channels", "--config", "rosterm.toml", "--format", "json"]);
    assert_eq!((&all["channels"][1]["active"], &all["channels"][1]["shares_with"][0]), (&false.into(), &"one".into()));
    assert_eq!(
        json(&desk, &["channels", "--config", "rosterm.toml", "--channel", "three", "--format", "json"])["channels"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn lists_fit_eighty_columns() {
    let desk = Desk::new();
    for arguments in [&["functions"][..], &["fields", "--connector", "scim2"], &["connectors"]] {
        let (_, out, _) = said(&desk, arguments);
        // Only what can't be broken, such as a SCIM path, may be longer.
        let long: Vec<&str> = out.lines().filter(|l| width(l) > 80 && l.trim_start().contains(' ')).collect();
        assert!(long.is_empty(), "{long:#?}");
    }
}
