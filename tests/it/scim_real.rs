//! Real SCIM servers of the lab: whole listings, look-ups and checks against code that is not ours.

use crate::lab::Server;
use crate::support::runtime;
use crate::target_desk::{channel, columns, take};
use rosterm::identity::AccountId;
use rosterm::model::step::{Step, StepVerdict};
use rosterm::model::{AccountEvidence, Cause};
use rosterm::target::{Connector, Sought, Target};
use serde_json::{Value, json};

const COUNT: usize = 300;

/// Puts 300 people into a service, every tenth of them inactive. Gives their ids.
async fn fill(server: &Server) -> Vec<String> {
    let client = reqwest::Client::new();
    let mut ids = Vec::new();
    for i in 1..=COUNT {
        let person = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
            "userName": format!("user{i}@example.com"), "externalId": format!("x{i}"), "active": i % 10 != 0,
            "name": {"givenName": format!("Given{i}"), "familyName": "Family"}, "displayName": format!("Given{i} Family"),
            "emails": [{"value": format!("user{i}@example.com"), "type": "work", "primary": true}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D"},
        });
        let answer = client
            .post(format!("{}/Users", server.text("base")))
            .bearer_auth(server.text("token"))
            .header("content-type", "application/scim+json")
            .body(person.to_string())
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        let made: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    ids
}

struct Case {
    profile: &'static str,
    knobs: &'static [(&'static str, &'static str)],
    connector: &'static str,
    cause: Option<Cause>,
    kept: usize,
    /// What `userName eq` in another letter case finds.
    in_capitals: bool,
    verdicts: [StepVerdict; 6],
}

async fn look(case: &Case) {
    let Case { profile, connector, .. } = case;
    let server = Server::scim_with(profile, case.knobs);
    let ids = fill(&server).await;
    let token = server.folder.path().join("token");
    std::fs::write(&token, server.text("token")).unwrap();
    let lines = format!("connector = \"{connector}\"\ntoken = {{ file = \"{}\" }}", token.display());
    let channel = channel(&server.text("base"), &lines).unwrap();
    let connector = Connector::built_in_of(connector).unwrap().unwrap();
    let mut steps: Vec<Step> = Vec::new();
    let target = Target::check(&channel.target, &connector, columns(&connector), |step| steps.push(step)).await;
    let verdicts: Vec<StepVerdict> = steps.iter().map(|s| s.verdict).collect();
    assert_eq!(verdicts, case.verdicts, "{profile}: {steps:#?}");
    let mut target = target.unwrap();

    let taken = take(&mut target).await;
    assert_eq!((taken.cause(), taken.accounts.len()), (case.cause, case.kept), "{profile}: {:?}", taken.end);
    let odd = taken.accounts.rows().filter(|r| taken.accounts.row(*r).is_off()).count();
    let hidden = case.knobs.iter().any(|(knob, _)| *knob == "HIDE_INACTIVE");
    if case.cause.is_none() {
        assert_eq!(odd, if hidden { 0 } else { COUNT / 10 }, "{profile}");
    }

    let gone = AccountId::new("00000000-0000-0000-0000-000000000000");
    let wanted: Vec<AccountId> = [&ids[0], &ids[9]].into_iter().map(|id| AccountId::new(id.as_str())).chain([gone]).collect();
    let (answers, found) = target.find(&wanted, |_| ()).await;
    let evidence: Vec<AccountEvidence> = answers.into_iter().map(|(_, e)| e).collect();
    let found_or_not = [AccountEvidence::Found { active: true }, AccountEvidence::Found { active: false }, AccountEvidence::NotFound];
    assert_eq!((evidence.as_slice(), found.len()), (&found_or_not[..], 2), "{profile}");

    let named = |name: &str, external: Option<&str>| Sought {
        user_name: Some(name.into()),
        external_id: external.map(str::to_owned),
        matched: None,
    };
    let sought = [named("user1@example.com", None), named("nobody@example.com", Some("x2")), named("nobody@example.com", Some("y"))];
    let (answers, found) = target.find_named(&sought, |_| ()).await;
    let wanted = [AccountEvidence::Found { active: true }, AccountEvidence::Found { active: true }, AccountEvidence::NotFound];
    assert_eq!((answers.as_slice(), found.len()), (&wanted[..], 2), "{profile}");
    let (answers, _) = target.find_named(&[named("USER1@EXAMPLE.COM", None)], |_| ()).await;
    assert_eq!(matches!(answers[0], AccountEvidence::Found { .. }), case.in_capitals, "{profile}: {answers:?}");
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn scim2_server_is_read_whole_as_lucid_as_workplace_and_by_cursor() {
    use StepVerdict::{Good, Warning};
    let plain =
        |profile, connector, verdicts| Case { profile, knobs: &[], connector, cause: None, kept: COUNT, in_capitals: true, verdicts };
    runtime().block_on(async {
        look(&plain("full", "scim2", [Good; 6])).await;
        look(&plain("lucid", "lucidchart", [Good; 6])).await;
        look(&plain("workplace", "workplace", [Good, Good, Good, Warning, Good, Good])).await;
        look(&plain("cursor", "scim2", [Good; 6])).await;
    });
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn scimmy_is_read_whole_and_shows_no_more_than_it_does() {
    let verdicts = [StepVerdict::Good; 6];
    runtime().block_on(async {
        let knobs = &[("MAX_PAGE", "50"), ("HIDE_INACTIVE", "1"), ("NO_DELETE", "1")];
        let hiding = Case { profile: "scimmy", knobs, connector: "scim2", cause: None, kept: COUNT / 10 * 9, in_capitals: false, verdicts };
        look(&hiding).await;
        let endless = Case { profile: "scimmy5", knobs: &[], cause: Some(Cause::NoProgress), kept: 20, ..hiding };
        look(&endless).await;
    });
}
