//! The command line itself: help, tips, completions, the manual, closed pipes, progress.

use crate::commands::{Desk, accounts, with_service};
use rosterm::demo::service::Faults;
use std::io::Write;
use std::process::{Command, Stdio};

fn said(desk: &Desk, arguments: &[&str]) -> (i32, String, String) {
    let output = desk.run(arguments);
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// Where a program of the platform is, if it is there.
fn program(name: &str) -> Option<String> {
    ["/usr/bin", "/bin", "/usr/local/bin"].iter().map(|f| format!("{f}/{name}")).find(|p| std::path::Path::new(p).exists())
}

/// Feeds `text` to a program and gives whether it liked it, with what it said.
fn fed(program: &str, arguments: &[&str], text: &[u8]) -> (bool, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .env("MANWIDTH", "80")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn help_groups_the_commands_and_lists_the_exit_codes() {
    let desk = Desk::new();
    for arguments in [&["--help"][..], &["help"], &["-h"]] {
        let (code, out, talk) = said(&desk, arguments);
        assert_eq!((code, talk.as_str()), (0, ""));
        let headings: Vec<&str> = out.lines().filter(|l| l.ends_with(':') && !l.starts_with(' ')).collect();
        assert_eq!(headings, ["Look:", "Decide:", "Files:", "About rosterm:", "Options:", "Exit codes:"]);
        assert!(
            out.contains("\n  check        Try both ends") && out.contains("\n  7  an approval or a confirmation is needed\n"),
            "{out}"
        );
    }
    let (code, out, _) = said(&desk, &["help", "state"]);
    assert!(code == 0 && out.contains("export") && out.contains("Options of every command:"), "{out}");
}

#[test]
fn common_slips_get_a_tip() {
    let desk = Desk::new();
    for (arguments, tip) in [
        (&["plan", "foo.toml"][..], "hint: a configuration is named by an option: --config foo.toml"),
        (&["foo.toml"], "hint: a configuration is named by an option: --config foo.toml"),
        (&["plna"], "tip: some similar subcommands exist: 'explain', 'plan'"),
        (&["diff"], "hint: that is here: rosterm plan"),
        (&["verify"], "hint: that is here: rosterm check"),
        (&["plan", "--chanel", "x"], "tip: a similar argument exists: '--channel'"),
        (&["check", "--format", "jsn"], "tip: a similar value exists: 'json'"),
    ] {
        let (code, out, talk) = said(&desk, arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{talk}");
        assert!(talk.contains(tip), "{talk}");
    }
}

#[test]
fn completions_know_every_command_and_are_valid() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, talk) = said(&desk, &["completions", shell]);
        assert_eq!((code, talk.as_str()), (0, ""));
        for word in ["check", "completions", "no-progress", "export"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        let check: Option<&[&str]> = match shell {
            "bash" | "zsh" => Some(&["-n"]),
            "fish" => Some(&["--no-execute"]),
            _ => None,
        };
        if let (Some(arguments), Some(program)) = (check, program(shell)) {
            let (fine, told) = fed(&program, arguments, script.as_bytes());
            assert!(fine, "{shell}: {told}");
        }
    }
}

#[test]
fn the_manual_is_a_page_that_can_be_read_and_one_for_every_command() {
    let desk = Desk::new();
    let (code, page, talk) = said(&desk, &["man"]);
    assert_eq!((code, talk.as_str()), (0, ""));
    assert!(page.contains(".TH rosterm 1") && page.contains(".SH NAME") && page.contains("rosterm\\-check(1)"), "{page}");
    assert!(page.contains("approval or a confirmation is needed"), "{page}");
    if let Some(groff) = program("groff") {
        let (fine, told) = fed(&groff, &["-man", "-Tutf8", "-ww"], page.as_bytes());
        assert!(fine && told.contains("rosterm-check(1)"), "{told}");
        assert!(!told.contains("warning"), "{told}");
    }
    let (code, _, talk) = said(&desk, &["man", "--out", "pages"]);
    let files: Vec<String> =
        std::fs::read_dir(desk.path("pages")).unwrap().map(|f| f.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert_eq!((code, talk), (0, format!("{} pages in pages\n", files.len())));
    for name in ["rosterm.1", "rosterm-plan.1", "rosterm-state-export.1"] {
        assert!(files.contains(&name.to_owned()), "{files:?}");
    }
    assert!(std::fs::read_to_string(desk.path("pages/rosterm-state-export.1")).unwrap().contains(".TH rosterm-state-export 1"));
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        for (arguments, code) in [
            (&["functions"][..], 0),
            (&["functions", "--format", "json"], 0),
            (&["fields"], 0),
            (&["connectors"], 0),
            (&["channels"], 0),
            (&["check"], 0),
            (&["state"], 0),
            (&["state", "export"], 0),
            (&["completions", "bash"], 0),
            (&["man"], 0),
            (&["--help"], 0),
            (&["plan"], 3),
            (&["plan", "--format", "json"], 3),
        ] {
            let mut child = Command::new(env!("CARGO_BIN_EXE_rosterm"))
                .current_dir(desk.folder.path())
                .env_clear()
                .env("HOME", desk.folder.path())
                .env("TOKEN", "s3cret-token")
                .args(arguments)
                .args(["--config", "rosterm.toml", "--state", "state.db"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            drop(child.stdout.take());
            let output = child.wait_with_output().unwrap();
            let talk = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(code), "{arguments:?}: {talk}");
            assert!(!talk.contains("anic") && !talk.contains("roken pipe") && !talk.contains("cannot"), "{arguments:?}: {talk}");
        }
    });
}

#[test]
fn a_disk_that_is_full_is_a_failure() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let desk = Desk::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_rosterm")).current_dir(desk.folder.path()).arg("functions").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("rosterm: stdout cannot be written: "));
}

/// A service that takes connections and never answers.
fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/scim", listener.local_addr().unwrap());
    (listener, url)
}

#[test]
fn progress_is_one_line_on_a_terminal_that_leaves_nothing_behind() {
    with_service(accounts(), &Faults::default(), |desk, service| {
        let (_listener, url) = silent();
        let config = std::fs::read_to_string(desk.path("rosterm.toml")).unwrap();
        desk.write(
            "rosterm.toml",
            &config.replace(service.base_url(), &url).replace("[channels.test.mapping]", "timeout = 2\n[channels.test.mapping]"),
        );
        // Not a terminal: nothing is drawn.
        let (code, out, talk) = desk.rosterm(&["plan"]);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(talk.starts_with("rosterm: ") && !talk.contains("opening"), "{talk}");
        let Some(script) = program("script") else { return };
        for (option, drawn) in [("", true), ("--no-progress", false)] {
            let line = format!("{} plan --config rosterm.toml --state state.db {option} >out.txt", env!("CARGO_BIN_EXE_rosterm"));
            let output = Command::new(&script)
                .current_dir(desk.folder.path())
                .env("TERM", "xterm")
                .env("TOKEN", "s3cret-token")
                .env("SHELL", "/bin/sh")
                .args(["-q", "-e", "-c", &line, "/dev/null"])
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let seen = String::from_utf8(output.stdout).unwrap();
            let host = url.trim_start_matches("http://").trim_end_matches("/scim");
            assert_eq!(seen.contains(&format!("\r\u{1b}[2Kopening people.ldif and {host}")), drawn, "{seen:?}");
            let left = seen.rsplit("\u{1b}[2K").next().unwrap();
            assert!(left.starts_with("rosterm: "), "the line is gone before anything is said: {seen:?}");
            assert_eq!(std::fs::read_to_string(desk.path("out.txt")).unwrap(), "", "nothing of it is data");
        }
    });
}
