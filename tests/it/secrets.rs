//! Secrets in the platform's key ring, as the binary fetches them: by the platform's own program, a fake one here.

#![cfg(target_os = "linux")]

use super::commands::Desk;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("people.csv", "nr,mail\n1,ann@example.com\n");
    let config = "format = 1\n[channels.test.source]\ntype = \"csv\"\npath = \"people.csv\"\n[channels.test.source.settings]\nid_attribute = \"nr\"\n\
        [channels.test.target]\nconnector = \"scim2\"\nbase_url = \"http://127.0.0.1:9/v2\"\ntoken = { keyring = \"cloud\" }\n\
        [channels.test.mapping]\nuserName = \"mail\"\n";
    desk.write("rosterm.toml", config);
    desk
}

/// Plans with this `secret-tool`, the only program in `PATH`.
fn plan(desk: &Desk, tool: Option<&str>) -> (i32, String) {
    if let Some(script) = tool {
        let path = desk.write("secret-tool", &format!("#!/bin/sh\necho \"$@\" >asked\n{script}\n"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_rosterm"))
        .current_dir(desk.folder.path())
        .env_clear()
        .env("HOME", desk.folder.path())
        .env("PATH", desk.folder.path())
        .args(["plan", "--config", "rosterm.toml", "--state", "state.db"])
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_token_comes_from_the_key_ring_or_it_is_told_how_to_put_it_there() {
    let desk = desk();
    let (code, told) = plan(&desk, None);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("rosterm.toml:10:9: the key ring cannot be read: secret-tool: No such file or directory"), "{told}");
    assert!(told.contains("hint: install libsecret-tools"), "{told}");

    let (code, told) = plan(&desk, Some("exit 1"));
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("the key ring gives no secret for cloud: secret-tool: exit status: 1"), "{told}");
    assert!(told.contains("secret-tool store --label=rosterm service SERVICE account ACCOUNT"), "{told}");

    let (code, told) = plan(&desk, Some("printf ''"));
    assert!(code == 2 && told.contains("the secret in key ring entry cloud is empty"), "{told}");

    // Nobody listens at the service, which is what is told once there is a token.
    let (code, told) = plan(&desk, Some("echo hunter2-token"));
    assert!(code == 1 && told.contains("127.0.0.1:9") && !told.contains("key ring") && !told.contains("hunter2"), "{told}");
    assert_eq!(std::fs::read_to_string(desk.path("asked")).unwrap(), "lookup service rosterm account cloud\n");
}
