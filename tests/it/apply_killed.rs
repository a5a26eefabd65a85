//! A run that is killed, again and again: at the end the service's own log says that each thing was done once.
//!
//! The program that is killed is another process than the service. Kills land anywhere: while both ends are opened, while the
//! run is frozen, while requests are on their way, and while an interrupted run is looked into. Each start waits until nothing
//! can be under way any more that an earlier one has sent (`timeout`, a second here).

use crate::apply_faults::{account, by_user, people};
use crate::commands::{Desk, with_service};
use rosterm::demo::service::{Faults, Writing};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROWS: usize = 10_000;
const ACCOUNTS: usize = 4_000;
const KILLS: u64 = 300;
/// People who are disabled in the directory: their accounts are to go.
const LEAVERS: [usize; 6] = [3, 77, 500, 1_200, 2_500, 3_999];

fn configuration(base_url: &str) -> String {
    format!(
        "format = 1\n[channels.test.source]\ntype = \"ldif\"\npath = \"people.ldif\"\n\
         [channels.test.source.location]\nbase_dn = \"ou=people,dc=example,dc=test\"\n\
         [channels.test.source.settings]\nid_attribute = \"entryUUID\"\nstatus = [{{ attribute = \"pwdAccountLockedTime\", disabled_when = {{ equals = \"000001010000Z\" }} }}]\n\
         [channels.test.target]\nconnector = \"scim2\"\nbase_url = \"{base_url}\"\ntoken = {{ env = \"TOKEN\" }}\ntimeout = 1\nconcurrency = 8\n\
         [channels.test.mapping]\nuserName = \"uid | lower\"\nfamilyName = \"sn\"\ntitle = \"title\"\nemail = \"mail\"\n\
         [channels.test.policy]\nlimits = {{ deprovision = \"none\", clear = \"none\" }}\n"
    )
}

fn start(desk: &Desk) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_rosterm"))
        .current_dir(desk.folder.path())
        .env_clear()
        .env("HOME", desk.folder.path())
        .env("USER", "op")
        .env("TOKEN", "s3cret-token")
        .args(["apply", "plan.json", "--config", "rosterm.toml", "--state", "state.db"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "six minutes: tests/run runs it"]
fn nothing_is_lost_done_twice_or_unknown_after_three_hundred_kills() {
    let faults = Faults { writing: Box::new(Writing { delay: 40, ..Writing::default() }), ..Faults::default() };
    with_service((0..ACCOUNTS).map(account).collect(), &faults, |desk, service| {
        desk.write("people.ldif", &people(ROWS, &LEAVERS));
        desk.write("rosterm.toml", &configuration(service.base_url()));
        assert_eq!(desk.rosterm(&["plan", "--out", "plan.json"]).0, 3);
        let names: Vec<String> = LEAVERS.iter().flat_map(|n| ["--user".to_owned(), format!("p{n}")]).collect();
        let words: Vec<&str> = ["approve", "plan.json"].into_iter().chain(names.iter().map(String::as_str)).collect();
        assert_eq!(desk.rosterm(&words).0, 0);
        let mut random = 0x9E37_79B9_7F4A_7C15_u64;
        let (mut kills, mut early) = (0, 0);
        while kills < KILLS {
            let mut child = start(desk);
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let until = Instant::now() + Duration::from_millis(random % 1_700);
            while Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
                if child.try_wait().unwrap().is_some() {
                    early += 1;
                    break;
                }
            }
            assert_eq!(early, 0, "it was done after {kills} kills");
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
        }
        let left = ROWS - service.effects().len();
        let (code, out, talk) = desk.rosterm(&["apply", "plan.json", "--format", "json"]);
        assert_eq!(code, 0, "{out}{talk}");
        println!("{kills} kills, {left} of {ROWS} rows were left after them");
        assert!(left > 0 && left < ROWS * 9 / 10, "the kills did not land in the middle: {left} rows were left");
        // Nothing twice, nothing lost: one effect for each row.
        let effects = by_user(&service.effects());
        assert_eq!(effects.values().filter(|n| **n != 1).count(), 0, "{:?}", effects.iter().find(|(_, n)| **n != 1));
        assert_eq!(effects.len(), ROWS);
        let inactive: Vec<String> = service
            .users()
            .iter()
            .filter(|u| u["active"] == false)
            .map(|u| u["userName"].as_str().unwrap().trim_start_matches('p').to_owned())
            .collect();
        assert_eq!(inactive, LEAVERS.map(|n| n.to_string()));
        // Nothing unknown: every row's fate is in the journal, and a plan has nothing left to do.
        let (_, out, _) = desk.rosterm(&["history", "--format", "json"]);
        let runs: serde_json::Value = serde_json::from_str(&out).unwrap();
        let done: u64 = runs.as_array().unwrap().iter().map(|r| r["rows"]["done"].as_u64().unwrap_or(0)).sum();
        assert_eq!(done, ROWS as u64, "{out}");
        assert_eq!(desk.rosterm(&["owed"]).0, 0);
        let (code, out, talk) = desk.rosterm(&["plan"]);
        assert_eq!(code, 0, "{out}{talk}");
    });
}
