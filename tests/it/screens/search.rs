//! Terms in the search: who is found is exactly who it is so of, and what nobody could have is said.

use super::desk::Desk;
use super::setting;
use rosterm::engine::snapshot::Line;
use rosterm::model::{Action, Reason, Situation};

/// Who is listed for a search, as the lines that are shown of them.
fn found(desk: &mut Desk, search: &str) -> Vec<Line> {
    desk.press("esc /");
    desk.type_in(search);
    desk.press("enter");
    desk.frame(120, 40);
    assert_eq!(desk.model.spec().search, search);
    let rows = desk.model.shown().to_vec();
    rows.iter().map(|s| desk.snapshot.line(*s).unwrap()).collect()
}

#[test]
fn terms_find_exactly_those_of_whom_they_are_so() {
    let mut desk = Desk::small(setting());
    desk.press("x");
    let everybody = found(&mut desk, "situation:");
    let facets = desk.snapshot.facets().clone();
    assert_eq!(everybody.len(), facets.all());
    let titled = desk.snapshot.fields().position(|f| f == "title").unwrap();
    let picture = desk.snapshot.picture().clone();
    let because = |reason: Reason, but: Option<Action>| {
        let verdicts = desk.model.shown().iter().map(|s| picture.user_of(*s).unwrap().verdict);
        verdicts.filter(|v| v.reason == Some(reason) && Some(v.action) != but).count()
    };
    let (disabled, not_sent) = (because(Reason::Disabled, None), because(Reason::Disabled, Some(Action::Disable)));
    let count = |what: &dyn Fn(&Line) -> bool| everybody.iter().filter(|l| what(l)).count();
    let title = |l: &Line| l.what.contains("title: ");
    let leaving = |l: &Line| l.situation == Situation::Leaving;
    for (search, expected) in [
        ("situation:leaving", count(&leaving)),
        ("-situation:leaving", count(&|l| !leaving(l))),
        ("situation:in-sync,new", count(&|l| matches!(l.situation, Situation::InSync | Situation::New))),
        ("ACTION:Disable", count(&|l| l.action == Action::Disable)),
        ("reason:disabled", disabled),
        ("situation:leaving reason:disabled", count(&|l| leaving(l) && l.what.starts_with("is disabled in the directory"))),
        ("differs:title", facets.fields[titled]),
        ("reason:disabled -action:disable", not_sent),
    ] {
        assert_eq!(found(&mut desk, search).len(), expected, "{search}");
        assert!(expected > 0, "{search} finds nobody: it says nothing");
    }
    assert!(found(&mut desk, "differs:title situation:changed").iter().all(title));
    // A value on either side, in quotes with its blank, and by letters that are on every keyboard.
    let bosses = found(&mut desk, "title:chief");
    assert!(!bosses.is_empty() && bosses.iter().any(|l| l.what.contains("Chief of Something")));
    assert_eq!(found(&mut desk, "title:\"chief of some\"").len(), bosses.len());
    let one = everybody.iter().find(|l| l.situation == Situation::InSync).unwrap().user_name.clone();
    assert!(found(&mut desk, &format!("userName:{one}")).iter().any(|l| l.user_name == one));
    assert!(found(&mut desk, &format!("uid:{one}")).iter().any(|l| l.user_name == one));
    assert!(!found(&mut desk, "dn:ou=people").is_empty());
    // With words, too; and what only looks like a term is a word.
    let by_word = found(&mut desk, &format!("{one} situation:in"));
    assert!(by_word.iter().any(|l| l.user_name == one) && by_word.iter().all(|l| l.situation == Situation::InSync));
    assert!(found(&mut desk, "nosuch:thing").is_empty());
    assert!(desk.frame(120, 40).contains("Nobody here"), "{}", desk.frame(120, 40));
}

#[test]
fn what_nobody_could_have_is_said_and_finds_nobody() {
    let mut desk = Desk::small(setting());
    for (search, told) in [
        ("situation:gone", "there is no situation gone: new, changed"),
        ("-action:destroy", "there is no action destroy: create, update"),
        ("differs:shoe", "no rule fills a field shoe"),
    ] {
        assert!(found(&mut desk, search).is_empty(), "{search}");
        let frame = desk.frame(120, 40);
        assert!(frame.contains(told), "{told}: {frame}");
    }
}
