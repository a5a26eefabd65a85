//! The house keeps its walls: who may import whom, where each outside crate lives, where the clock is read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, lowest first. A room may use those below it; rooms on one line do not use each other.
const LAYERS: [&[&str]; 11] = [
    &["text", "clock", "error", "telemetry", "identity"],
    &["model"],
    &["config"],
    &["filter", "tls"],
    &["source", "target", "mapping", "matching", "journal"],
    &["plan"],
    &["explain"],
    &["apply", "demo"],
    &["engine"],
    &["cli", "tui"],
    &["main"],
];

/// The one home of each outside crate, as the beginning of a path below `src`.
const HOMES: [(&str, &[&str]); 15] = [
    ("csv", &["source/csv"]),
    ("futures_util", &["demo/service", "target/scim", "apply"]),
    ("ldap3", &["source/ldap", "source/guard"]),
    ("ratatui", &["tui"]),
    ("reqwest", &["target/http"]),
    ("rusqlite", &["journal/sqlite"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli/shell"]),
    ("clap_mangen", &["cli/shell"]),
    ("rustix", &["lib", "config/paths", "cli/init/hidden", "cli/print", "cli/progress", "tui/terminal", "tui/input"]),
    ("axum", &["demo/service"]),
    ("toml_edit", &["config"]),
    ("rustls", &["tls", "target/http", "source/guard", "source/ldap"]),
    ("icu_casemap", &["identity/value", "mapping"]),
    ("fastrand", &["demo"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source file below `src`, with its tests left out.
fn code() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let is_test = |name: &str| name.ends_with("tests.rs") || name.contains("/tests/") || name.ends_with("oracle.rs");
    files
        .into_iter()
        .map(|path| (path.strip_prefix(&root).unwrap().display().to_string(), fs::read_to_string(&path).unwrap()))
        .filter(|(name, _)| !is_test(name))
        .map(|(name, text)| {
            let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
            let code = text[..end].lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            (name, code)
        })
        .collect()
}

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

#[test]
fn rooms_use_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (file, text) in code() {
        let room = file.split(['/', '.']).next().unwrap().to_owned();
        if room == "lib" {
            continue;
        }
        let Some(own) = layer(&room) else { panic!("{file}: the room {room} has no place in the layers") };
        for (at, _) in text.match_indices("crate::") {
            let used: String = text[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let Some(theirs) = layer(&used) else { continue };
            let same_floor = theirs == own && own != 0 && used != room;
            if theirs > own || same_floor {
                wrong.push(format!("{file} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_outside_crate_has_one_home() {
    let mut wrong = Vec::new();
    for (file, text) in code() {
        for (name, homes) in HOMES {
            let used = text.contains(&format!("use {name}::"))
                || text.contains(&format!(" {name}::"))
                || text.contains(&format!("({name}::"))
                || text.contains(&format!("<{name}::"));
            if used && !homes.iter().any(|h| file.starts_with(h)) {
                wrong.push(format!("{file} uses {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn clock_environment_and_output_are_used_at_home_only() {
    let mut wrong = Vec::new();
    for (file, text) in code() {
        for (word, home) in [
            ("SystemTime", "clock"),
            ("Timestamp::now", "clock"),
            ("env::var", "config/paths"),
            ("println!", "cli"),
            ("eprintln!", "cli"),
            ("todo!", "-"),
            ("unimplemented!", "-"),
            (".unwrap()", "-"),
        ] {
            if text.contains(word) && !file.starts_with(home) {
                wrong.push(format!("{file} has {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
