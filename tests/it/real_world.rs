//! A world on real servers: OpenLDAP on one side, scim2-server on the other.

use crate::commands::Desk;
use crate::lab::Server;
use crate::support::{NOW, check, fill, look, runtime};
use rosterm::config::Config;
use rosterm::demo::world::{self, Plan, World};
use rosterm::engine;
use rosterm::identity::AccountId;
use rosterm::journal::{Journal, Mode};
use rosterm::model::HoldOn;
use std::collections::HashMap;

/// Puts the accounts of a world into the service. Gives the world with the ids that the service chose.
async fn put(mut world: World, service: &Server) -> (World, HashMap<String, String>) {
    let client = reqwest::Client::new();
    let mut ids = HashMap::new();
    for account in &mut world.accounts {
        let object = account.as_object_mut().unwrap();
        let ours = object.remove("id").unwrap().as_str().unwrap().to_owned();
        let answer = client
            .post(format!("{}/Users", service.text("base")))
            .bearer_auth(service.text("token"))
            .header("content-type", "application/scim+json")
            .body(serde_json::to_string(&object).unwrap())
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status} {text} for {object:?}");
        let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
        ids.insert(ours, theirs["id"].as_str().unwrap().to_owned());
    }
    let renamed = |id: &AccountId| AccountId::new(ids.get(id.as_str()).map_or(id.as_str(), String::as_str));
    for link in &mut world.links {
        link.account = renamed(&link.account);
    }
    for (on, _) in &mut world.holds {
        if let HoldOn::Account(id) = on {
            *id = renamed(id);
        }
    }
    (world, ids)
}

fn config(directory: &Server, service: &Server, who: &str) -> String {
    let demo = include_str!("../../assets/demo/rosterm.toml");
    let token = service.folder.path().join("token");
    std::fs::write(&token, service.text("token")).unwrap();
    demo.replace(
        "type = \"ldif\"\npath = \"DIRECTORY\"\n",
        &format!("type = \"ldap\"\nca_file = \"{}\"\n{}", directory.text("ca_file"), directory.source(&directory.text("ldaps"), who)),
    )
    .replace("BASE_URL", &service.text("base"))
    .replace("auth = \"none\"", &format!("token = {{ file = \"{}\" }}", token.display()))
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn every_user_of_a_world_on_openldap_and_scim2_server_is_what_the_truth_says() {
    let plan = Plan { twin_accounts: false, ..Plan::of(1_500, 11) };
    let made = world::make(plan);
    let ldif = rosterm::source::ldif::print(&made.records);
    let directory = Server::slapd(&ldif);
    let service = Server::scim("full");
    let desk = Desk::new();
    let file = desk.write("rosterm.toml", &config(&directory, &service, "reader"));
    runtime().block_on(async {
        let (made, ids) = put(made, &service).await;
        let channel = Config::read(&file).unwrap().channel(None).unwrap().clone();
        let ends = engine::open(&channel, NOW).await.map_err(|e| e.to_string()).unwrap();
        assert_eq!(ends.source.facts().settings.vendor, "openldap");
        let mut journal = Journal::open(&desk.path("state.db"), Mode::Write).unwrap();
        fill(&mut journal, &made, ends.target.base_url(), &ends.source);
        let picture = look(&channel, ends, &journal).await.unwrap();
        assert!(
            picture.source_state().is_complete() && picture.target_state().is_complete(),
            "{:?} {:?}",
            picture.source_state(),
            picture.target_state()
        );
        let cases = check(&picture, &made, |id| ids.get(id).cloned().unwrap_or_else(|| id.to_owned()));
        for (case, n) in &cases {
            println!("{n:>7}  {case}");
        }
        assert!(cases.len() >= 39, "{cases:?}");
    });

    // The same through the binary, as its user would.
    let (code, out, talk) = desk.rosterm(&["plan"]);
    assert_eq!(code, 3, "{talk}");
    assert!(out.contains("complete") && out.contains("would lose access; none of that is approved."), "{out}");

    // A reader whom the directory stops after 50 entries, and a directory that runs out of time in the middle.
    desk.write("rosterm.toml", &config(&directory, &service, "limited"));
    assert_careful(&desk, "size_limit");
    let trap = "\ndn: cn=trap,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nobjectClass: errAuxObject\ncn: trap\nsn: trap\nuid: trap\nerrCode: 3\n";
    let slow = Server::slapd_with(&format!("{ldif}{trap}"), &["--errors"]);
    desk.write(
        "rosterm.toml",
        &config(&slow, &service, "reader").replace("group_dn", "# group_dn").replace("nested_groups", "# nested_groups"),
    );
    assert_careful(&desk, "time_limit");
}

/// The read is incomplete with this cause: nobody is removed, created, enabled or newly linked.
fn assert_careful(desk: &Desk, cause: &str) {
    let (code, json, talk) = desk.rosterm(&["plan", "--format", "json"]);
    assert_eq!(code, 5, "{cause} {talk}");
    let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (plan["source"]["complete"].as_bool(), plan["source"]["cause"]["code"].as_str()),
        (Some(false), Some(cause)),
        "{}",
        plan["source"]
    );
    assert!(plan["counts"]["blocked"].as_u64().unwrap() > 0);
    for row in plan["rows"].as_array().unwrap() {
        assert!(matches!(row["action"].as_str(), Some("none" | "update")), "{cause} {row}");
    }
    let (_, out, _) = desk.rosterm(&["plan"]);
    assert!(out.contains("The directory was not read completely: "), "{cause} {out}");
}
