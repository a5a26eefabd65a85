//! What is wrong with a channel as a whole, through the binary: on a world with every case, on a good one, and on broken ends.

use crate::commands::{Desk, LDIF, accounts, with_service};
use crate::support;
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world;

#[test]
fn a_world_with_every_case_is_told_by_what_many_have_in_common() {
    let plan = support::plan(150, 1);
    let made = world::make(plan);
    let runtime = support::runtime();
    let service = runtime.block_on(Service::start(made.accounts.clone(), Faults::default())).unwrap();
    let desk = Desk::new();
    desk.write("world.ldif", &rosterm::source::ldif::print(&made.records));
    desk.write("rosterm.toml", &world::config_text(plan, service.base_url(), "world.ldif"));
    let (code, out, talk) = desk.rosterm(&["doctor"]);
    let out = out.replace(service.base_url(), "URL");
    assert_eq!((code, talk.as_str()), (1, ""), "{out}");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/commands/doctor.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &out).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), out);
    let (code, json, _) = desk.rosterm(&["doctor", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, json["format"].as_str(), json["good"].as_bool()), (1, Some("rosterm-doctor/1"), Some(false)));
    assert_eq!(json["channels"][0]["read"], true);
    assert_eq!(crate::schema::violations("rosterm-doctor-1.schema.json", &json), Vec::<String>::new());
    let found = json["channels"][0]["findings"].as_array().unwrap();
    assert!(found.iter().all(|f| f["grade"] == "wrong" || f["grade"] == "notice") && found.len() > 5, "{found:?}");
}

#[test]
fn what_is_good_is_said_to_be_and_what_is_broken_is_told_with_a_way_out() {
    with_service(accounts(), &Faults::default(), |desk, service| {
        // A locked entry: else nobody shows what tells who is disabled, which is worth knowing.
        desk.write("people.ldif", &LDIF.replace("entryUUID: e-cat\n", "entryUUID: e-cat\npwdAccountLockedTime: 20261122023000Z\n"));
        let (code, out, _) = desk.rosterm(&["doctor"]);
        assert!(code == 0 && out.contains("Nothing is wrong"), "{code} {out}");
        let good = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        for (from, to, code, told) in [
            (
                "ou=people,dc=example",
                "ou=peple,dc=example",
                1,
                vec!["WRONG   source", "there is nothing at or below the base", "hint: check base_dn", "Nobody was read"],
            ),
            ("userName = \"uid | lower\"", "userName = \"uid | lowr\"", 1, vec!["WRONG   configuration", "hint: "]),
            (service.base_url(), "http://127.0.0.1:9/scim", 1, vec!["WRONG   target", "cannot be reached"]),
            (
                "email = \"mail\"",
                "email = \"mail ~ to_int(uid)\"",
                1,
                vec!["WRONG   mapping", "the rule of email fails for 3; for one ann, bob, cat"],
            ),
            ("format = 1", "format = 1\nfromat = 2", 2, vec![]),
        ] {
            assert!(good.contains(from), "{from}");
            desk.write("rosterm.toml", &good.replace(from, to));
            let (got, out, talk) = desk.rosterm(&["doctor"]);
            assert_eq!(got, code, "{from}: {out}{talk}");
            let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
            for part in told {
                let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(words.contains(&part), "{part}: {out}");
            }
        }
    });
    with_service(accounts(), &Faults { total_off_by: 3, ..Faults::default() }, |desk, _| {
        let (code, out, _) = desk.rosterm(&["doctor"]);
        assert!(code == 1 && out.contains("WRONG   accounts"), "{out}");
    });
}
