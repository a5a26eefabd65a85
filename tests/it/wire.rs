//! What `plan --wire` shows is what arrives.

use crate::apply_faults::with_people;
use rosterm::demo::service::{Hook, Writing};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

#[test]
fn what_is_shown_beforehand_is_what_arrives() {
    let arrived: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let noted = Arc::clone(&arrived);
    let hook = move |method: &str, path: &str, body: &Value| {
        noted.lock().unwrap().insert(format!("{method} {} {body}", path.trim_start_matches("/scim/v2")));
    };
    let writing = Writing { hook: Some(Hook(Arc::new(hook))), versions: true, ..Writing::default() };
    with_people(6, 3, writing, "", |desk, service| {
        let (code, out, talk) = desk.rosterm(&["plan", "--wire", "--format", "json"]);
        assert_eq!(code, 3, "{talk}");
        assert!(!out.contains("s3cret-token") && out.contains("(hidden)"), "{out}");
        let mut shown = BTreeSet::new();
        let mut reads = 0;
        for line in out.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            for request in row["requests"].as_array().unwrap() {
                let url = request["url"].as_str().unwrap().trim_start_matches(service.base_url());
                match request["method"].as_str().unwrap() {
                    "GET" => reads += 1,
                    method => {
                        shown.insert(format!("{method} {url} {}", request["body"]));
                    }
                }
            }
        }
        assert_eq!((shown.len(), reads), (6, 0), "an announced ETag spares the look before: {out}");
        assert_eq!(desk.rosterm(&["apply", "--yes"]).0, 0);
        assert_eq!(shown, *arrived.lock().unwrap());
        // Somebody by name, as text, whatever there is to do.
        let (_, out, _) = desk.rosterm(&["plan", "--user", "p1", "--wire"]);
        assert_eq!(out, "");
        assert_eq!(desk.rosterm(&["plan", "--wire", "--format", "csv"]).0, 2);
    });
}
