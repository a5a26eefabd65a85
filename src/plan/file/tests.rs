//! What is written is read back as it was; what was touched is found out; nothing makes reading panic.

use super::*;
use crate::clock::Instant;
use crate::identity::value::Datum;
use crate::model::{Action, Change, Hold, Problem, ProblemCode, Reason};
use crate::plan::{AccountRef, Candidate, EntryRef};
use proptest::prelude::*;
use std::path::PathBuf;

fn header() -> Header {
    let mut counts = Counts::default();
    counts.add(Situation::Changed);
    Header {
        channel: "test".into(),
        created: "2026-11-22T02:40:22Z".into(),
        config: "0011".into(),
        source: SourceHead { kind: "ldap".into(), naming_context: "dc=x".into(), entries: 3, complete: true, cause: None },
        target: TargetHead {
            connector: "scim2".into(),
            base_url: "https://x/scim".into(),
            accounts: 3,
            complete: false,
            cause: Some(CauseHead { code: "size_limit", detail: "stopped \u{1b}[2J at \"3\"".into() }),
        },
        counts,
        undo_of: None,
    }
}

fn rows() -> Vec<Row> {
    let empty = |situation, action| Row {
        situation,
        reason: None,
        user_name: Some("ann".into()),
        action,
        approved: false,
        entry: Some(EntryRef { id: "e-1".into(), dn: None }),
        account: Some(AccountRef { id: "a-1".into(), user_name: None, active: true, version: Some("W/\"1\"".into()) }),
        changes: Vec::new(),
        candidates: Vec::new(),
        problems: Vec::new(),
        hold: None,
        would_be: None,
        last_failure: None,
    };
    let change = |from, to| Change { field: "x".into(), from, to };
    vec![
        Row {
            approved: true,
            changes: vec![
                change(Datum::Unassigned, Datum::Bool(true)),
                change(Datum::Int(-7), Datum::Int(i64::MAX)),
                change(Datum::Text("\u{202e}\u{0} é 😀".into()), Datum::Many(vec!["a".into(), String::new()])),
                change(Datum::Many(Vec::new()), Datum::Text(String::new())),
            ],
            ..empty(Situation::Changed, Action::Update)
        },
        Row {
            reason: Some(Reason::SourceIncomplete),
            hold: Some(Hold { reason: "r".into(), author: "a".into(), since: Instant(1_795_315_222), until: Some(Instant(0)) }),
            would_be: Some(Situation::Blocked),
            ..empty(Situation::Held, Action::None)
        },
        Row {
            user_name: None,
            candidates: vec![Candidate { kind: "account", id: "a".into(), name: "b".into() }],
            problems: vec![Problem { field: Some("f".into()), code: ProblemCode::Unresolved, message: "m".into() }],
            last_failure: Some("409".into()),
            ..empty(Situation::Ambiguous, Action::None)
        },
    ]
}

fn written(rows: &[Row]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, &header(), || rows.iter().cloned()).unwrap();
    out
}

fn saved(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("plan.json");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    for rows in [rows(), Vec::new()] {
        let document = read(&saved(&folder, &written(&rows))).unwrap();
        assert_eq!((document.header, document.rows), (header(), rows));
    }
    // Another form of the same content is the same plan.
    let value: Value = serde_json::from_slice(&written(&rows())).unwrap();
    let pretty = serde_json::to_vec_pretty(&value).unwrap();
    assert_eq!(read(&saved(&folder, &pretty)).unwrap().rows, rows());
}

#[test]
fn approving_keeps_the_id_and_anything_else_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let text = String::from_utf8(written(&rows())).unwrap();
    for (from, to, told) in [
        ("\"approved\":true", "\"approved\":false", ""),
        ("\"to\":true", "\"to\":false", "was changed after it was saved"),
        ("\"e-1\"", "\"e-2\"", "was changed after it was saved"),
        ("\"channel\":\"test\"", "\"channel\":\"tess\"", "was changed after it was saved"),
        ("\"entries\":3", "\"entries\":4", "was changed after it was saved"),
        ("\"id\":\"", "\"id\":\"0", "was changed after it was saved"),
        ("\"changed\":1", "\"changed\":2", "was changed after it was saved"),
        (
            "rosterm-plan/1",
            "rosterm-plan/2",
            "1:27: this is not a plan that rosterm reads: the format is `rosterm-plan/2`, this version reads",
        ),
        ("\"channel\":", "\"chanel\":", "unknown field `chanel`"),
        ("\"last_failure\":null}", "\"last_failure\":null,\"note\":1}", "unknown field `note`"),
        (
            "\"situation\":\"held\"",
            "\"situation\":\"hold\"",
            ":7:21: this is not a plan that rosterm reads: after row 1: unknown variant `hold`",
        ),
        ("\"reason\":\"source_incomplete\"", "\"reason\":\"x\"", "there is no reason `x`"),
        ("\"to\":true", "\"to\":1.5", "invalid type: floating point `1.5`"),
        ("\"to\":true", "\"to\":{}", "invalid type: map"),
        ("\"to\":true", "\"to\":9223372036854775808", "the number is too large"),
        ("\"kind\":\"account\"", "\"kind\":\"other\"", "unknown variant `other`"),
        ("\"code\":\"size_limit\"", "\"code\":\"other\"", "there is no cause `other`"),
        ("\"new\":0,", "", "`new` is not counted"),
        ("\"new\":0,", "\"new\":0,\"new\":0,", "`new` is counted twice"),
        ("\"until\":\"1970-01-01T00:00:00Z\"", "\"until\":\"1970-01-01\"", "is not a moment"),
        ("\"channel\":\"test\",", "", "`channel` has to stand before the rows"),
        ("\"channel\":\"test\",", "\"channel\":\"test\",\"channel\":\"test\",", "duplicate field `channel`"),
        ("\n ]}", "\n ],\"config\":\"0011\"}", "the rows have to come last"),
        ("\n ]}", "\n ]} x", "trailing characters"),
        ("\n ]}", "\n ]", "the plan ends in the middle"),
        ("\"situation\":\"ambiguous\"", "\"situation\":\"held\"", "does not fit its hold"),
        ("\"action\":\"none\",\"approved\":false", "\"action\":\"none\",\"approved\":true", "approves nothing to send, which cannot be"),
        ("\"action\":\"none\",\"approved\":false", "\"action\":\"disable\",\"approved\":true", "is held and says disable, which cannot be"),
        ("\"action\":\"update\"", "\"action\":\"delete\"", "the row of ann is changed and says delete, which cannot be"),
    ] {
        assert!(text.contains(from), "{from}");
        let path = saved(&folder, text.replacen(from, to, 1).as_bytes());
        match read(&path) {
            Ok(document) => {
                assert_eq!(told, "", "{from} -> {to}");
                assert!(document.rows.iter().all(|r| !r.approved));
            }
            Err(error) => {
                let error = error.to_string();
                assert!(!told.is_empty() && error.contains(told) && error.contains("hint: "), "{from} -> {to}: {error}");
            }
        }
    }
}

#[test]
fn what_is_no_plan_is_told_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    for bytes in [&b""[..], b"{}", b"[]", b"situation,reason\r\n", b"\xff\xfe", b"null", b"{\"rows\":[]}", b"{\"format\":7}"] {
        let error = read(&saved(&folder, bytes)).unwrap_err().to_string();
        assert!(error.contains("plan.json:1:") && error.contains("hint: "), "{error}");
    }
    for path in [folder.path().to_owned(), folder.path().join("none"), "/dev/null".into()] {
        assert_eq!(read(&path).unwrap_err().kind(), crate::error::Kind::Usage);
    }
    let mut long = b"{\"format\":\"".to_vec();
    long.resize(17 << 20, b'x');
    assert!(read(&saved(&folder, &long)).unwrap_err().to_string().contains("a line is longer than 16 MiB"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_plan_never_panics_and_is_never_another_plan(cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..4usize, prop::collection::vec(any::<u8>(), 0..4)), 1..4)) {
        let good = written(&rows());
        let mut bytes = good.clone();
        for (at, gone, put) in cuts {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            let end = (at + gone).min(bytes.len());
            bytes.splice(at..end, put);
        }
        let folder = tempfile::tempdir().unwrap();
        if let Ok(mut document) = read(&saved(&folder, &bytes)) {
            // What is still believed says what it said, but for approvals.
            prop_assert_eq!(document.header, header());
            for row in &mut document.rows {
                row.approved = false;
            }
            prop_assert_eq!(document.rows, rows().into_iter().map(|r| Row { approved: false, ..r }).collect::<Vec<_>>());
        }
    }
}
