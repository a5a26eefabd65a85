//! Worlds on real servers: OpenLDAP on one side, on the other each of the SCIM servers of the lab.

use crate::commands::Desk;
use crate::lab::Server;
use crate::support::{NOW, check, fill, look, runtime};
use rosterm::config::Config;
use rosterm::demo::world::{self, Dialect, Inactive, Plan, World};
use rosterm::engine::{self, Picture};
use rosterm::identity::AccountId;
use rosterm::journal::{Journal, Mode};
use rosterm::model::{Cause, HoldOn, ReadEnd, SideState, Situation};
use serde_json::{Map, Value};
use std::collections::HashMap;

type Ids = HashMap<String, String>;

/// Creates an account and gives the id that the service chose.
async fn post(client: &reqwest::Client, service: &Server, account: &Map<String, Value>) -> String {
    let answer = client
        .post(format!("{}/Users", service.text("base")))
        .bearer_auth(service.text("token"))
        .header("content-type", "application/scim+json")
        .body(serde_json::to_string(account).unwrap())
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{status} {text} for {account:?}");
    let theirs: Value = serde_json::from_str(&text).unwrap();
    theirs["id"].as_str().unwrap().to_owned()
}

/// Puts the accounts of a world into the service. Gives the world with the ids that the service chose.
async fn put(mut world: World, dialect: Dialect, service: &Server) -> (World, Ids) {
    let client = reqwest::Client::new();
    let mut ids = Ids::new();
    let objects = world.accounts.iter_mut().map(|a| a.as_object_mut().unwrap());
    // Managers first: whoever names one needs the id.
    let (later, first): (Vec<_>, Vec<_>) = objects.map(|o| (dialect.manager(o).is_some(), o)).partition(|(has, _)| *has);
    for (_, account) in first.into_iter().chain(later) {
        let ours = account.remove("id").unwrap().as_str().unwrap().to_owned();
        if let Some(manager) = dialect.manager(account) {
            let named = manager.as_str().unwrap();
            *manager = Value::from(ids[named].as_str());
        }
        if let Some(Value::Array(emails)) = account.get_mut("emails") {
            // Types in capitals are refused by SCIMMY, and dropped by others.
            for email in emails {
                email["type"] = email["type"].as_str().unwrap_or("work").to_lowercase().into();
            }
        }
        ids.insert(ours, post(&client, service, account).await);
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

fn config(plan: Plan, directory: &Server, service: &Server, who: &str) -> String {
    let token = service.folder.path().join("token");
    std::fs::write(&token, service.text("token")).unwrap();
    world::config_text(plan, &service.text("base"), "DIRECTORY")
        .replace(
            "type = \"ldif\"\npath = \"DIRECTORY\"\n",
            &format!("type = \"ldap\"\nca_file = \"{}\"\n{}", directory.text("ca_file"), directory.source(&directory.text("ldaps"), who)),
        )
        .replace("auth = \"none\"", &format!("token = {{ file = \"{}\" }}", token.display()))
}

/// A connector like `scim2`, but for a service that leaves inactive accounts out of its listing.
fn hiding_connector(desk: &Desk) {
    let text = include_str!("../../assets/connectors/scim2.toml");
    let hiding = text.replace("lists_inactive = true", "lists_inactive = false");
    assert_ne!(text, hiding);
    desk.write("hiding.toml", &hiding);
}

/// What the engine sees of a world on real servers, and the world with the ids of the service.
fn look_at(plan: Plan, ldif: &str, made: World, service: &Server, desk: &Desk) -> (Picture, World, Ids, Server) {
    let directory = Server::slapd(ldif);
    let mut text = config(plan, &directory, service, "reader");
    if plan.inactive != Inactive::Listed {
        hiding_connector(desk);
        text = text.replace("connector = \"scim2\"", "connector = \"hiding.toml\"");
    }
    let file = desk.write("rosterm.toml", &text);
    let (picture, made, ids) = runtime().block_on(async {
        let (made, ids) = put(made, plan.dialect, service).await;
        let channel = Config::read(&file).unwrap().channel(None).unwrap().clone();
        let ends = engine::open(&channel, NOW).await.map_err(|e| e.to_string()).unwrap();
        assert_eq!(ends.source.facts().settings.vendor, "openldap");
        let mut journal = Journal::open(&desk.path("state.db"), Mode::Write).unwrap();
        fill(&mut journal, &made, ends.target.base_url(), &ends.source);
        (look(&channel, ends, &journal).await.unwrap(), made, ids)
    });
    (picture, made, ids, directory)
}

/// Every user of a world on OpenLDAP and this service is what the truth says.
fn assert_world(plan: Plan, profile: &str, knobs: &[(&str, &str)], least_cases: usize) {
    let made = world::make(plan);
    let ldif = rosterm::source::ldif::print(&made.records);
    let service = Server::scim_with(profile, knobs);
    let desk = Desk::new();
    let (picture, made, ids, _directory) = look_at(plan, &ldif, made, &service, &desk);
    assert!(
        picture.source_state().is_complete() && picture.target_state().is_complete(),
        "{:?} {:?}",
        picture.source_state(),
        picture.target_state()
    );
    let cases = check(&picture, &made, |id| ids.get(id).cloned().unwrap_or_else(|| id.to_owned()));
    assert!(cases.len() >= least_cases, "{} {cases:?}", cases.len());
}

fn plan_for(dialect: Dialect, seed: u64) -> Plan {
    // No service of the lab holds two user names that differ in letter case only.
    Plan { twin_accounts: false, dialect, ..Plan::of(700, seed) }
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn a_world_on_scim2_server() {
    assert_world(plan_for(Dialect::Scim2, 21), "full", &[], 42);
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn a_world_on_scim2_server_as_lucid() {
    assert_world(plan_for(Dialect::Lucid, 22), "lucid", &[], 42);
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn a_world_on_scim2_server_as_workplace() {
    // Its managers are not Workplace's: `managerId` is refused there.
    assert_world(Plan { managers: false, ..plan_for(Dialect::Workplace, 23) }, "workplace", &[], 38);
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn a_world_on_scim2_server_with_cursors() {
    assert_world(plan_for(Dialect::Scim2, 24), "cursor", &[], 42);
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn a_world_on_scimmy_that_caps_its_pages() {
    assert_world(plan_for(Dialect::Scim2, 25), "scimmy", &[("MAX_PAGE", "50")], 42);
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn a_world_on_scimmy_that_hides_inactive_accounts() {
    let plan = Plan { inactive: Inactive::ById, ..plan_for(Dialect::Scim2, 26) };
    assert_world(plan, "scimmy", &[("HIDE_INACTIVE", "1"), ("MAX_PAGE", "100")], 40);
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn a_world_on_scimmy_that_refuses_to_delete() {
    assert_world(plan_for(Dialect::Scim2, 27), "scimmy", &[("NO_DELETE", "1")], 42);
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn a_world_on_scimmy_that_never_pages_is_incomplete_and_nobody_is_created_or_linked() {
    let plan = plan_for(Dialect::Scim2, 28);
    let made = world::make(plan);
    let ldif = rosterm::source::ldif::print(&made.records);
    let service = Server::scim("scimmy5");
    let desk = Desk::new();
    let (picture, made, _, _directory) = look_at(plan, &ldif, made, &service, &desk);
    let SideState::Ended(ReadEnd::Incomplete(why)) = picture.target_state() else { panic!("{:?}", picture.target_state()) };
    assert_eq!(why.cause, Cause::NoProgress, "{why:?}");
    assert!(picture.source_state().is_complete());
    // Whoever would be new, skipped or paired by key is blocked; that is most of a world of which 20 accounts are known.
    let blocked = picture.counts().of(Situation::Blocked);
    assert!(blocked > made.truth.len() / 2, "{blocked} of {}", made.truth.len());
    assert_careful(&desk, "target", "no_progress");
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn every_user_of_a_world_on_openldap_and_scim2_server_is_what_the_truth_says() {
    let plan = Plan { twin_accounts: false, ..Plan::of(1_500, 11) };
    let made = world::make(plan);
    let ldif = rosterm::source::ldif::print(&made.records);
    let service = Server::scim("full");
    let desk = Desk::new();
    let (picture, made, ids, directory) = look_at(plan, &ldif, made, &service, &desk);
    let cases = check(&picture, &made, |id| ids.get(id).cloned().unwrap_or_else(|| id.to_owned()));
    assert!(cases.len() >= 44, "{} {cases:?}", cases.len());

    // The same through the binary, as its user would.
    let (code, out, talk) = desk.rosterm(&["plan"]);
    assert_eq!(code, 3, "{talk}");
    assert!(out.contains("complete") && out.contains("would lose access; none of that is approved."), "{out}");

    // A reader whom the directory stops after 50 entries, and a directory that runs out of time in the middle.
    desk.write("rosterm.toml", &config(plan, &directory, &service, "limited"));
    assert_careful(&desk, "source", "size_limit");
    let trap = "\ndn: cn=trap,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nobjectClass: errAuxObject\ncn: trap\nsn: trap\nuid: trap\nerrCode: 3\n";
    let slow = Server::slapd_with(&format!("{ldif}{trap}"), &["--errors"]);
    desk.write(
        "rosterm.toml",
        &config(plan, &slow, &service, "reader").replace("group_dn", "# group_dn").replace("nested_groups", "# nested_groups"),
    );
    assert_careful(&desk, "source", "time_limit");
}

/// The read of one side is incomplete with this cause: nobody is created, enabled or newly linked; nobody is removed unless
/// it is only the target that is incomplete.
fn assert_careful(desk: &Desk, side: &str, cause: &str) {
    let (code, json, talk) = desk.rosterm(&["plan", "--format", "json"]);
    assert_eq!(code, 5, "{cause} {talk}");
    let plan: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((plan[side]["complete"].as_bool(), plan[side]["cause"]["code"].as_str()), (Some(false), Some(cause)), "{}", plan[side]);
    assert!(plan["counts"]["blocked"].as_u64().unwrap() > 0);
    for row in plan["rows"].as_array().unwrap() {
        let careful = match row["action"].as_str() {
            Some("none" | "update") => true,
            Some("disable") => side == "target",
            _ => false,
        };
        assert!(careful, "{cause} {row}");
    }
    let (_, out, _) = desk.rosterm(&["plan"]);
    let words = if side == "source" { "The directory" } else { "The service" };
    assert!(out.contains(&format!("{words} was not read completely: ")), "{cause} {out}");
}
