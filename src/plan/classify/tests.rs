use super::*;
use crate::model::{Cause, ReadEnd};

const COMPLETE: SideState = SideState::Ended(ReadEnd::Complete);

fn sides() -> Sides {
    Sides { source: COMPLETE, target: COMPLETE, source_empty: false }
}

fn broken() -> SideState {
    SideState::Ended(ReadEnd::incomplete(Cause::SizeLimit, ""))
}

fn facts(ends: Ends) -> Facts {
    Facts { ends, ambiguous: None, desired: Desired::default(), held: false, protected: false }
}

fn pair(tie: Tie, disabled: bool, active: bool) -> Facts {
    facts(Ends::Pair { tie, disabled, active })
}

fn entry(disabled: bool, lost_account: bool) -> Facts {
    facts(Ends::Entry { disabled, lost_account, hidden: Answer::Known(()) })
}

fn sought(disabled: bool, hidden: Answer<()>) -> Facts {
    facts(Ends::Entry { disabled, lost_account: false, hidden })
}

fn leaver(whereabouts: Answer<Whereabouts>, active: bool) -> Facts {
    facts(Ends::Leaver { whereabouts, active })
}

fn unlisted(disabled: bool, active: Answer<bool>) -> Facts {
    facts(Ends::Unlisted { disabled, active })
}

fn account(other_channel: bool) -> Facts {
    facts(Ends::Account { other_channel })
}

fn with(facts: Facts, change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = facts;
    change(&mut facts);
    facts
}

fn invalid(f: Facts, reason: Reason) -> Facts {
    with(f, |f| f.desired.invalid = Some(reason))
}

fn ambiguous(f: Facts, reason: Reason) -> Facts {
    with(f, |f| f.ambiguous = Some(reason))
}

fn changed(f: Facts) -> Facts {
    with(f, |f| f.desired.changed = true)
}

use Answer::{Failed, Known, Pending};
use Situation as S;
use Whereabouts::{Deleted, Disabled, OutOfScope};

#[test]
fn each_line_of_the_table_holds() {
    let careful = Policy::default();
    let deleting = Policy { remove_action: RemoveAction::Delete, ..Policy::default() };
    let disabled_too = Policy { provision_disabled: true, ..Policy::default() };
    let (c, d, p) = (&careful, &deleting, &disabled_too);
    let link = Tie::Link;
    let key = Tie::Match;
    for (line, (policy, facts, situation, reason, action)) in [
        // leaving: a linked account whose entry is not in scope any more
        (c, leaver(Known(Deleted), true), S::Leaving, Some(Reason::Deleted), Action::Disable),
        (c, leaver(Known(Disabled), true), S::Leaving, Some(Reason::Disabled), Action::Disable),
        (c, leaver(Known(OutOfScope), true), S::Leaving, Some(Reason::OutOfScope), Action::Disable),
        (d, leaver(Known(Deleted), true), S::Leaving, Some(Reason::Deleted), Action::Delete),
        (d, leaver(Known(OutOfScope), false), S::Leaving, Some(Reason::OutOfScope), Action::Delete),
        // leaving: a pair whose entry is disabled
        (c, pair(link, true, true), S::Leaving, Some(Reason::Disabled), Action::Disable),
        (c, pair(key, true, true), S::Leaving, Some(Reason::Disabled), Action::Disable),
        (d, pair(link, true, true), S::Leaving, Some(Reason::Disabled), Action::Delete),
        (d, pair(link, true, false), S::Leaving, Some(Reason::Disabled), Action::Delete),
        // a pair by key that was never linked is only ever disabled, never deleted
        (d, pair(key, true, true), S::Leaving, Some(Reason::Disabled), Action::Disable),
        (d, pair(key, true, false), S::Left, Some(Reason::Disabled), Action::Link),
        // a deprovision needs no attributes: a broken mapping never blocks it
        (c, invalid(pair(link, true, true), Reason::MappingError), S::Leaving, Some(Reason::Disabled), Action::Disable),
        (c, invalid(pair(key, true, true), Reason::MissingRequired), S::Leaving, Some(Reason::Disabled), Action::Disable),
        // provision_disabled says who is created, not who is left active
        (p, pair(link, true, true), S::Leaving, Some(Reason::Disabled), Action::Disable),
        // a hidden account that is found
        (c, unlisted(true, Known(true)), S::Leaving, Some(Reason::Disabled), Action::Disable),
        // left
        (c, leaver(Known(Deleted), false), S::Left, Some(Reason::Deleted), Action::None),
        (c, leaver(Known(OutOfScope), false), S::Left, Some(Reason::OutOfScope), Action::None),
        (c, pair(link, true, false), S::Left, Some(Reason::Disabled), Action::None),
        (c, pair(key, true, false), S::Left, Some(Reason::Disabled), Action::Link),
        (c, unlisted(true, Known(false)), S::Left, Some(Reason::Disabled), Action::None),
        // ambiguous
        (c, ambiguous(entry(false, false), Reason::DuplicateInSource), S::Ambiguous, Some(Reason::DuplicateInSource), Action::None),
        (c, ambiguous(entry(true, false), Reason::DuplicateInTarget), S::Ambiguous, Some(Reason::DuplicateInTarget), Action::None),
        (c, ambiguous(entry(false, false), Reason::LinkedElsewhere), S::Ambiguous, Some(Reason::LinkedElsewhere), Action::None),
        (
            c,
            ambiguous(changed(pair(link, false, true)), Reason::RenameCollision),
            S::Ambiguous,
            Some(Reason::RenameCollision),
            Action::None,
        ),
        (
            c,
            ambiguous(invalid(entry(false, false), Reason::MappingError), Reason::DuplicateInSource),
            S::Ambiguous,
            Some(Reason::DuplicateInSource),
            Action::None,
        ),
        // a linked pair whose entry is disabled leaves, whatever its new name collides with
        (c, ambiguous(pair(link, true, true), Reason::RenameCollision), S::Leaving, Some(Reason::Disabled), Action::Disable),
        // a match that is contested takes nothing away
        (c, ambiguous(pair(key, true, true), Reason::DuplicateInTarget), S::Ambiguous, Some(Reason::DuplicateInTarget), Action::None),
        // a link that its account contradicts is not believed at all
        (c, ambiguous(leaver(Known(Deleted), true), Reason::LinkSuspect), S::Ambiguous, Some(Reason::LinkSuspect), Action::None),
        (d, ambiguous(pair(link, true, true), Reason::LinkSuspect), S::Ambiguous, Some(Reason::LinkSuspect), Action::None),
        // invalid
        (c, invalid(entry(false, false), Reason::MappingError), S::Invalid, Some(Reason::MappingError), Action::None),
        (c, invalid(changed(pair(link, false, true)), Reason::MissingRequired), S::Invalid, Some(Reason::MissingRequired), Action::None),
        (c, invalid(pair(link, false, false), Reason::InvalidValue), S::Invalid, Some(Reason::InvalidValue), Action::None),
        (c, invalid(entry(true, false), Reason::SeveralValues), S::Invalid, Some(Reason::SeveralValues), Action::None),
        (
            c,
            with(pair(link, false, true), |f| f.desired.immutable_changed = true),
            S::Invalid,
            Some(Reason::ImmutableChanged),
            Action::None,
        ),
        (c, with(changed(pair(link, false, true)), |f| f.desired.immutable_changed = true), S::Changed, None, Action::Update),
        // returning
        (c, pair(link, false, false), S::Returning, None, Action::Enable),
        (c, changed(pair(key, false, false)), S::Returning, None, Action::Enable),
        (c, unlisted(false, Known(false)), S::Returning, None, Action::Enable),
        // changed
        (c, changed(pair(link, false, true)), S::Changed, None, Action::Update),
        (c, changed(pair(key, false, true)), S::Changed, None, Action::Update),
        (c, changed(unlisted(false, Known(true))), S::Changed, None, Action::Update),
        // in sync
        (c, pair(link, false, true), S::InSync, None, Action::None),
        (c, pair(key, false, true), S::InSync, None, Action::Link),
        // skipped
        (c, entry(true, false), S::Skipped, Some(Reason::Disabled), Action::None),
        (c, entry(true, true), S::Skipped, Some(Reason::Disabled), Action::None),
        // new
        (c, entry(false, false), S::New, Some(Reason::FirstSeen), Action::Create),
        (c, entry(false, true), S::New, Some(Reason::AccountGone), Action::Create),
        (p, entry(true, false), S::New, Some(Reason::Disabled), Action::Create),
        // unmatched
        (c, account(false), S::Unmatched, Some(Reason::NeverLinked), Action::None),
        (c, account(true), S::Unmatched, Some(Reason::OtherChannel), Action::None),
        // blocked by a look-up
        (c, leaver(Pending, true), S::Blocked, Some(Reason::LookupPending), Action::None),
        (c, leaver(Failed, true), S::Blocked, Some(Reason::LookupFailed), Action::None),
        (c, leaver(Failed, false), S::Blocked, Some(Reason::LookupFailed), Action::None),
        (c, unlisted(false, Pending), S::Blocked, Some(Reason::LookupPending), Action::None),
        (c, unlisted(true, Failed), S::Blocked, Some(Reason::LookupFailed), Action::None),
        // where inactive accounts are hidden, nobody is new before a look-up said so; nobody else waits for it
        (c, sought(false, Pending), S::Blocked, Some(Reason::LookupPending), Action::None),
        (c, sought(false, Failed), S::Blocked, Some(Reason::LookupFailed), Action::None),
        (c, sought(false, Known(())), S::New, Some(Reason::FirstSeen), Action::Create),
        (c, sought(true, Pending), S::Skipped, Some(Reason::Disabled), Action::None),
        (p, sought(true, Pending), S::Blocked, Some(Reason::LookupPending), Action::None),
        (c, invalid(sought(false, Pending), Reason::MappingError), S::Invalid, Some(Reason::MappingError), Action::None),
        (c, ambiguous(sought(false, Pending), Reason::DuplicateInSource), S::Ambiguous, Some(Reason::DuplicateInSource), Action::None),
    ]
    .into_iter()
    .enumerate()
    {
        let got = classify(&facts, &sides(), policy);
        assert_eq!((got.situation, got.reason, got.action), (situation, reason, action), "line {line}: {facts:?}");
    }
}

#[test]
fn what_rests_on_an_incomplete_read_is_blocked() {
    let policy = Policy::default();
    let source = Sides { source: broken(), ..sides() };
    let target = Sides { target: broken(), ..sides() };
    let both = Sides { source: broken(), target: broken(), source_empty: false };
    let reading = Sides { source: SideState::Reading, ..sides() };
    let empty = Sides { source_empty: true, ..sides() };
    let (si, ti, se) = (Some(Reason::SourceIncomplete), Some(Reason::TargetIncomplete), Some(Reason::SourceEmpty));
    let stays = None;
    let link = Tie::Link;
    let key = Tie::Match;
    for (facts, by_source, by_target, by_both, by_empty) in [
        (leaver(Known(Deleted), true), si, stays, si, se),
        (leaver(Known(Deleted), false), si, stays, si, se),
        (leaver(Pending, true), si, Some(Reason::LookupPending), si, se),
        (pair(link, true, true), si, stays, si, se),
        (pair(key, true, true), si, ti, si, se),
        (pair(key, true, false), si, ti, si, se),
        (pair(link, false, false), si, ti, si, stays),
        (pair(key, false, true), si, ti, si, stays),
        (changed(pair(key, false, true)), si, ti, si, stays),
        (changed(pair(link, false, true)), stays, stays, stays, stays),
        (pair(link, false, true), stays, stays, stays, stays),
        (entry(false, false), si, ti, si, stays),
        (entry(false, true), si, ti, si, stays),
        (entry(true, false), stays, ti, ti, stays),
        (account(false), si, stays, si, stays),
        (ambiguous(entry(false, false), Reason::DuplicateInSource), stays, stays, stays, stays),
        (invalid(entry(false, false), Reason::MappingError), stays, stays, stays, stays),
        (unlisted(false, Known(false)), si, ti, si, stays),
        (unlisted(true, Known(true)), si, ti, si, se),
    ] {
        for (sides, wanted) in [(&source, by_source), (&target, by_target), (&both, by_both), (&reading, by_source), (&empty, by_empty)] {
            let got = classify(&facts, sides, &policy);
            match wanted {
                Some(reason) => {
                    assert_eq!((got.situation, got.reason, got.action), (S::Blocked, Some(reason), Action::None), "{facts:?} {sides:?}");
                    assert!(got.would_be.is_some());
                }
                None => assert_ne!(got.situation, S::Blocked, "{facts:?} {sides:?}"),
            }
        }
    }
}

#[test]
fn no_removal_no_create_no_new_link_comes_out_of_an_incomplete_read() {
    let policies = [
        Policy::default(),
        Policy { remove_action: RemoveAction::Delete, ..Policy::default() },
        Policy { provision_disabled: true, ..Policy::default() },
    ];
    let mut all = vec![account(false), account(true)];
    for a in [false, true] {
        for b in [false, true] {
            all.extend([entry(a, b), pair(Tie::Link, a, b), pair(Tie::Match, a, b), unlisted(a, Known(b))]);
        }
        for answer in [Known(Deleted), Known(Disabled), Known(OutOfScope), Pending, Failed] {
            all.push(leaver(answer, a));
        }
    }
    let variants: Vec<Facts> =
        all.iter().flat_map(|f| [*f, changed(*f), with(*f, |f| f.held = true), with(*f, |f| f.protected = true)]).collect();
    for policy in &policies {
        for facts in &variants {
            for sides in [Sides { source: broken(), ..sides() }, Sides { source: SideState::Reading, ..sides() }] {
                let got = classify(facts, &sides, policy);
                assert!(matches!(got.action, Action::Update | Action::None), "{facts:?} {got:?}");
            }
            let got = classify(facts, &Sides { target: broken(), ..sides() }, policy);
            let linked = matches!(facts.ends, Ends::Pair { tie: Tie::Link, .. } | Ends::Leaver { .. });
            assert!(matches!(got.action, Action::Update | Action::None) || (linked && got.action.is_deprovision()), "{facts:?} {got:?}");
            let got = classify(facts, &Sides { source_empty: true, ..sides() }, policy);
            assert!(!got.action.is_deprovision(), "{facts:?} {got:?}");
        }
    }
}

#[test]
fn a_held_user_says_what_it_would_be_and_gets_nothing() {
    for (f, would_be) in [
        (leaver(Known(Deleted), true), S::Leaving),
        (changed(pair(Tie::Link, false, true)), S::Changed),
        (entry(false, false), S::New),
        (account(false), S::Unmatched),
        (leaver(Pending, true), S::Blocked),
    ] {
        let got = classify(&with(f, |f| f.held = true), &sides(), &Policy::default());
        assert_eq!((got.situation, got.action, got.would_be), (S::Held, Action::None, Some(would_be)));
    }
}

#[test]
fn what_the_policy_switches_off_or_protects_keeps_its_situation() {
    let off = Policy { create: false, update: false, deprovision: false, ..Policy::default() };
    for (f, situation) in [
        (entry(false, false), S::New),
        (changed(pair(Tie::Link, false, true)), S::Changed),
        (pair(Tie::Link, false, false), S::Returning),
        (leaver(Known(Deleted), true), S::Leaving),
    ] {
        let got = classify(&f, &sides(), &off);
        assert_eq!((got.situation, got.action, got.withheld), (situation, Action::None, Some(ProblemCode::PolicyOff)));
        let got = classify(&with(f, |f| f.protected = true), &sides(), &Policy::default());
        assert_eq!((got.situation, got.action, got.withheld), (situation, Action::None, Some(ProblemCode::Protected)));
    }
    assert_eq!(classify(&pair(Tie::Match, false, true), &sides(), &off).action, Action::Link);
}
