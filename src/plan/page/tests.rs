//! The page is well-formed whatever stands in it, needs nothing from outside, and says what it leaves out.

use super::*;
use crate::identity::value::Datum;
use crate::model::{Change, Hold, Problem, ProblemCode};
use crate::plan::file::{Counts, SourceHead, TargetHead};
use crate::plan::{AccountRef, Candidate, EntryRef};
use proptest::prelude::*;

fn header(text: &str, complete: bool, rows: &[Row]) -> Header {
    let cause = (!complete).then(|| CauseHead { code: "size_limit", detail: text.to_owned() });
    let mut counts = Counts::default();
    for row in rows {
        counts.add(row.situation);
    }
    Header {
        channel: text.to_owned(),
        created: "2026-11-22T02:40:22Z".to_owned(),
        config: String::new(),
        source: SourceHead { kind: "ldap".into(), naming_context: text.to_owned(), entries: 2, complete, cause: cause.clone() },
        target: TargetHead { connector: "scim2".into(), base_url: text.to_owned(), accounts: 1, complete, cause },
        counts,
        undo_of: None,
    }
}

fn row(text: &str, situation: Situation, action: Action) -> Row {
    let t = || text.to_owned();
    Row {
        situation,
        reason: None,
        user_name: Some(t()),
        action,
        approved: false,
        entry: Some(EntryRef { id: t(), dn: Some(t()) }),
        account: Some(AccountRef { id: t(), user_name: Some(t()), active: true, version: None }),
        changes: vec![Change { field: t(), from: Datum::Text(t()), to: Datum::Unassigned }],
        candidates: vec![Candidate { kind: "entry", id: t(), name: t() }; 8],
        problems: vec![Problem { field: None, code: ProblemCode::InvalidValue, message: t() }],
        hold: (situation == Situation::Held).then(|| Hold { reason: t(), author: t(), since: crate::clock::Instant(0), until: None }),
        would_be: Some(Situation::New),
        last_failure: Some(t()),
    }
}

fn printed(text: &str, complete: bool, rows: &[Row], listed: impl Fn(&Row) -> bool) -> String {
    let header = header(text, complete, rows);
    let (mut everybody, mut on_page) = (Tally::default(), Tally::default());
    for row in rows {
        everybody.add(row.situation, row.action);
        if listed(row) {
            on_page.add(row.situation, row.action);
        }
    }
    let chosen: Vec<Row> = rows.iter().filter(|r| listed(r)).cloned().collect();
    let source = move |wanted: Wanted| -> Box<dyn Iterator<Item = Row>> {
        Box::new(chosen.clone().into_iter().filter(move |r| wanted(r.situation, r.action)))
    };
    let page = Page { header: &header, source: text, target: text, notes: &[text.to_owned()], everybody, listed: on_page, rows: &source };
    let mut out = Vec::new();
    write(&mut out, &page).unwrap();
    String::from_utf8(out).unwrap()
}

/// The tags of a page, in order, if every one is closed in its turn.
fn tags(page: &str) -> Vec<String> {
    const VOID: [&str; 3] = ["meta", "br", "!doctype"];
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    let body = page.replace(STYLE, "");
    for part in body.split('<').skip(1) {
        let (tag, _) = part.split_once('>').expect("a tag ends");
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap().to_owned();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_ref(), Some(&name), "{tag}");
        } else if !VOID.contains(&name.as_str()) {
            open.push(name.clone());
        }
        seen.push(name);
    }
    assert!(open.is_empty(), "{open:?}");
    seen
}

fn every_kind(text: &str) -> Vec<Row> {
    Situation::ALL.into_iter().flat_map(|s| Action::ALL.into_iter().map(move |a| (s, a))).map(|(s, a)| row(text, s, a)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_becomes_a_tag_or_leaves_its_place(text in prop_oneof![
        Just("<script>alert(1)</script>".to_owned()), Just("\"><img src=x onerror=y>".to_owned()), Just("</bdi></td></table>--><!--".to_owned()),
        Just("</style><b>".to_owned()), Just("&lt;b&gt; & '".to_owned()), Just("a\u{202e}b\u{0}\u{1b}[2Jc".to_owned()), ".{0,20}"]) {
        let page = printed(&text, false, &every_kind(&text), |_| true);
        let plain = printed("x", false, &every_kind("x"), |_| true);
        prop_assert_eq!(tags(&page), tags(&plain), "the same tags, whatever the values are");
        let steers = page.contains(['\u{202e}', '\u{0}', '\u{1b}']);
        prop_assert!(!steers);
    }
}

#[test]
fn the_page_needs_nothing_from_outside_and_its_policy_fits_its_style() {
    let page = printed("x", true, &every_kind("x"), |_| true);
    let tags = tags(&page);
    for outside in ["script", "link", "img", "iframe", "object", "form", "a", "svg", "base"] {
        assert!(!tags.contains(&outside.to_owned()), "{outside}");
    }
    assert!(!page.contains("url(") && !page.contains("@import") && !page.contains("style=\"") && !page.contains("http://"));
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style.as_bytes()));
    assert!(page.contains(&format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")));
}

#[test]
fn every_user_is_in_exactly_one_part_and_losses_come_first() {
    for situation in Situation::ALL {
        for action in Action::ALL {
            let parts: Vec<usize> = (0..PARTS.len()).filter(|i| (PARTS[*i].wanted)(situation, action)).collect();
            assert_eq!(parts.len(), 1, "{situation:?} {action:?}: {parts:?}");
            assert_eq!(is_loss(action), parts[0] == 0);
        }
    }
    let page = printed("x", true, &every_kind("x"), |_| true);
    let places: Vec<usize> = PARTS.iter().map(|p| page.find(&format!("<h2>{} (", p.title)).expect(p.title)).collect();
    assert!(places.is_sorted());
}

#[test]
fn an_incomplete_read_is_told_in_words_before_anything_else() {
    let page = printed("said <so>", false, &[row("x", Situation::Blocked, Action::None)], |_| true);
    let warning = page.find("Warning: the directory was not read completely: the directory stopped at its size limit.").unwrap();
    assert!(warning < page.find("<table").unwrap());
    assert!(page.contains("Warning: the service was not read completely") && page.contains("NOT COMPLETELY"));
    assert!(page.contains("nobody is removed or created") && !page.contains("can still be approved"));
    assert!(!printed("x", true, &[], |_| true).contains("Warning"));
}

#[test]
fn what_is_left_out_is_counted() {
    let rows =
        [row("a", Situation::Changed, Action::Update), row("b", Situation::InSync, Action::None), row("c", Situation::New, Action::Create)];
    let worth = |r: &Row| r.action != Action::None;
    assert!(printed("x", true, &rows, worth).contains("Not listed: 1 person for whom there is nothing to do"));
    let only = printed("x", true, &rows, |r| r.situation == Situation::Changed);
    assert!(only.contains("Not listed: 1 person in other situations") && only.contains("Would lose access: nobody"));
    assert!(printed("x", true, &rows, |_| true).contains("Everybody is listed"));
}

#[test]
fn a_long_part_is_folded_in_groups_but_never_those_who_lose_access() {
    let many = |situation, action| (0..=GROUP * 2).map(|i| row(&format!("u{i}"), situation, action)).collect::<Vec<_>>();
    let page = printed("x", true, &many(Situation::New, Action::Create), |_| true);
    assert_eq!((page.matches("<details>").count(), page.matches("<details open>").count()), (3, 0));
    assert!(page.contains("<summary>1,001 to 1,001: <bdi>u1000</bdi> … <bdi>u1000</bdi></summary>"));
    let page = printed("x", true, &many(Situation::Leaving, Action::Disable), |_| true);
    assert_eq!((page.matches("<details>").count(), page.matches("<details open>").count()), (0, 3));
}
