//! Whether something can be done now; if not, why: what the table of actions asks.

use crate::engine::Running;
use crate::tui::model::Model;

#[expect(clippy::unnecessary_wraps, reason = "it stands in a table with those that can say no")]
pub(super) fn always(_: &Model) -> Result<(), &'static str> {
    Ok(())
}

pub(super) fn a_snapshot(model: &Model) -> Result<(), &'static str> {
    model.snapshot.as_ref().map(|_| ()).ok_or("nothing has been read yet")
}

pub(super) fn somebody(model: &Model) -> Result<(), &'static str> {
    a_snapshot(model)?;
    model.list.subject.map(|_| ()).ok_or("nobody is in the list")
}

pub(super) fn something_set(model: &Model) -> Result<(), &'static str> {
    let spec = &model.list.spec;
    if !model.list.marks.is_empty() || model.list.marks.from.is_some() {
        return Ok(());
    }
    if spec.filter.is_open() && spec.search.is_empty() { Err("neither a search nor a filter is set") } else { Ok(()) }
}

/// Why nothing may be changed, if nothing may.
const READ_ONLY: &str = "--read-only: nothing can be sent or decided";

pub(super) fn may_decide(model: &Model) -> Result<(), &'static str> {
    if model.setting.read_only {
        return Err(READ_ONLY);
    }
    somebody(model)?;
    // Nothing is decided about somebody who is only still under the cursor because the next list is not there yet.
    if model.list.is_answered() { Ok(()) } else { Err("the list is still being made") }
}

pub(super) fn may_release(model: &Model) -> Result<(), &'static str> {
    may_decide(model)?;
    if !model.list.marks.is_empty() && model.focus == crate::tui::model::Pane::Diff {
        return Ok(());
    }
    let held = model.page.rows.iter().any(|(s, line)| Some(*s) == model.list.subject && line.as_ref().is_some_and(|l| l.held));
    if held { Ok(()) } else { Err("the user under the cursor is not held") }
}

pub(super) fn something_approved(model: &Model) -> Result<(), &'static str> {
    may_decide(model)?;
    if model.approvals.total() > 0 { Ok(()) } else { Err("nothing is approved") }
}

fn not_running(model: &Model) -> Result<(), &'static str> {
    if model.setting.read_only {
        return Err(READ_ONLY);
    }
    a_snapshot(model)?;
    if model.mapping.is_edited() {
        return Err("the mapping was changed and not saved");
    }
    by_saved_policy(model)?;
    if matches!(model.activity.running, Running::Going(_)) {
        return Err("a run is under way");
    }
    quiet(model)
}

/// Nothing is approved, linked or sent by a policy that is only tried.
fn by_saved_policy(model: &Model) -> Result<(), &'static str> {
    if model.is_policy_tried() { Err("the policy was changed and not saved") } else { Ok(()) }
}

pub(super) fn may_approve(model: &Model) -> Result<(), &'static str> {
    may_decide(model)?;
    // Taken back it can be at any time.
    if model.list.subject.is_some_and(|subject| model.approvals.has(subject)) { Ok(()) } else { by_saved_policy(model) }
}

pub(super) fn may_approve_all(model: &Model) -> Result<(), &'static str> {
    may_decide(model)?;
    by_saved_policy(model)
}

/// Nothing is prepared by verdicts that are about to be others.
fn quiet(model: &Model) -> Result<(), &'static str> {
    if model.is_reading() {
        return Err("both ends are being read; look again once that is done");
    }
    if model.snapshot.as_ref().is_some_and(|s| s.is_busy()) {
        return Err("what was read is being evaluated; look again once that is done");
    }
    Ok(())
}

pub(super) fn may_apply(model: &Model) -> Result<(), &'static str> {
    not_running(model)?;
    let links = model.snapshot.as_ref().map_or(0, |s| s.facets().for_action(crate::model::Action::Link));
    if model.approvals.total() > 0 || links > 0 || model.activity.unended().is_some() { Ok(()) } else { Err("nothing is approved") }
}

pub(super) fn may_pair(model: &Model) -> Result<(), &'static str> {
    if model.setting.read_only {
        return Err(READ_ONLY);
    }
    somebody(model)?;
    if model.mapping.is_edited() {
        return Err("the mapping was changed: who belongs to whom is decided by the one that is saved");
    }
    by_saved_policy(model)?;
    if matches!(model.activity.running, Running::Going(_)) {
        return Err("a run is under way");
    }
    quiet(model)?;
    may_decide(model)
}

pub(super) fn may_apply_one(model: &Model) -> Result<(), &'static str> {
    not_running(model)?;
    may_decide(model)?;
    let is_approved = model.list.subject.is_some_and(|s| model.approvals.has(s));
    if is_approved { Ok(()) } else { Err("the user under the cursor is not approved") }
}

pub(super) fn running(model: &Model) -> Result<(), &'static str> {
    if matches!(model.activity.running, Running::Going(_)) { Ok(()) } else { Err("nothing is being sent") }
}

pub(super) fn something_failed(model: &Model) -> Result<(), &'static str> {
    if model.setting.read_only {
        return Err(READ_ONLY);
    }
    by_saved_policy(model)?;
    match &model.activity.running {
        Running::Ended(ended) if ended.again.who.is_empty() => Err("the last run did everything that was approved"),
        Running::Ended(ended) if ended.undo_of.is_some() => Err("the last run took another one back: take that one back once more"),
        Running::Ended(_) if model.is_reading() => Err("both ends are being read again"),
        Running::Ended(_) if model.activity.owing.as_ref().is_some_and(|owing| owing.open == 0) => {
            Err("there is nothing left to approve of what the last run did not do")
        }
        Running::Ended(_) => Ok(()),
        Running::Going(_) => Err("the run is still under way"),
        Running::None => Err("nothing was sent yet"),
    }
}

pub(super) fn a_run(model: &Model) -> Result<(), &'static str> {
    if model.activity.history.is_empty() { Err("there are no earlier runs") } else { Ok(()) }
}

pub(super) fn a_rule_edited(model: &Model) -> Result<(), &'static str> {
    // Where every edit was taken back by hand, there can be rules that wait to be written all the same.
    let is_edited = !model.mapping.edits.is_empty() || !model.mapping.saving.is_empty();
    if is_edited { Ok(()) } else { Err("every rule is as in the configuration") }
}

pub(super) fn a_field_left(model: &Model) -> Result<(), &'static str> {
    a_snapshot(model)?;
    if model.unmapped().is_empty() { Err("every field of the service has a rule") } else { Ok(()) }
}

/// The marked rule; it need not be in effect.
fn marked(model: &Model) -> Result<&str, &'static str> {
    a_snapshot(model)?;
    model.marked_rule().ok_or("no rule is marked")
}

pub(super) fn may_change(model: &Model) -> Result<(), &'static str> {
    let is_removed = model.kept_rule(marked(model)?).is_none();
    if is_removed { Err("the rule is taken away") } else { Ok(()) }
}

pub(super) fn may_default(model: &Model) -> Result<(), &'static str> {
    may_change(model)?;
    if model.marked_rule().is_some_and(|field| model.is_masked(field)) {
        Err("its values are never shown: edit the configuration file")
    } else {
        Ok(())
    }
}

pub(super) fn may_remove(model: &Model) -> Result<(), &'static str> {
    let field = marked(model)?;
    // What is in no file yet, or is taken away already, is taken back.
    if model.configured_rule(field).is_none() || model.kept_rule(field).is_none() {
        return Ok(());
    }
    let Some((place, rule)) = model.rule_in_effect(field) else { return Err("both ends are being read by the mapping as it is now") };
    if model.snapshot.as_ref().is_some_and(|s| s.picture().rules().match_rule() == place) {
        return Err("it is the match rule: by it people and accounts are matched");
    }
    if rule.required { Err("the field is required: no account can be without it") } else { Ok(()) }
}

pub(super) fn may_save(model: &Model) -> Result<(), &'static str> {
    if model.setting.read_only {
        return Err("--read-only: nothing is written");
    }
    if model.setting.file.is_none() {
        return Err("the demo has no configuration file");
    }
    if model.mapping.edits.is_empty() {
        return Err("every rule is as in the file");
    }
    // Whom it removes is counted by the policy in effect, and another one can hide them.
    if model.is_policy_tried() { Err("the policy was changed too: take it back first") } else { Ok(()) }
}

pub(super) fn may_leave(model: &Model) -> Result<(), &'static str> {
    if model.setting.channels < 2 {
        return Err("the configuration has no other channel");
    }
    if !model.mapping.edits.is_empty() || model.mapping.typing.is_some() {
        return Err("the mapping was changed and not saved");
    }
    if !model.source.edits.is_empty() {
        return Err("the source location was changed and not saved");
    }
    if matches!(model.activity.running, Running::Going(_)) { Err("a run is under way") } else { Ok(()) }
}

pub(super) fn may_reread(model: &Model) -> Result<(), &'static str> {
    if model.setting.file.is_none() {
        return Err("the demo has no configuration file");
    }
    if matches!(model.activity.running, Running::Going(_)) { Err("a run is under way") } else { Ok(()) }
}

pub(super) fn may_undo(model: &Model) -> Result<(), &'static str> {
    a_run(model)?;
    not_running(model)
}

pub(super) fn not_reading(model: &Model) -> Result<(), &'static str> {
    if model.is_reading() { Err("both ends are being read already") } else { Ok(()) }
}

pub(super) fn a_site(model: &Model) -> Result<(), &'static str> {
    model.source.site.as_ref().map(|_| ()).ok_or("the configuration is being read")
}

pub(super) fn may_count(model: &Model) -> Result<(), &'static str> {
    a_site(model)?;
    if model.source.counting.is_some() {
        return Err("it is being counted already");
    }
    if model.source.previewing.is_some() {
        return Err("the directory is being read by what was typed");
    }
    not_reading(model)
}

pub(super) fn looking(model: &Model) -> Result<(), &'static str> {
    let is_looking = model.source.counting.is_some() || model.source.previewing.is_some();
    if is_looking { Ok(()) } else { Err("nothing is being counted or looked at") }
}

pub(super) fn movers(model: &Model) -> Result<(), &'static str> {
    if model.source.edits.is_empty() {
        return Err("no clause was edited");
    }
    // Where it was forgotten what comes of it, because a rule was tried since, it is looked at once more.
    if model.source.edits.keys().all(|clause| clause.is_policy()) && (model.source.previewed.is_some() || model.source.previewing.is_some())
    {
        return Err("nobody enters or leaves by another policy");
    }
    if model.source.previewing.is_some() { Err("it is not known yet") } else { Ok(()) }
}

fn a_clause_edited(model: &Model) -> Result<(), &'static str> {
    if model.source.edits.is_empty() { Err("every clause is as in the configuration") } else { Ok(()) }
}

pub(super) fn may_take_clauses_back(model: &Model) -> Result<(), &'static str> {
    // Where every edit was taken back by hand, there can be clauses that wait to be written all the same.
    if model.source.saving.is_empty() { a_clause_edited(model) } else { Ok(()) }
}

pub(super) fn may_relocate(model: &Model) -> Result<(), &'static str> {
    if model.setting.read_only {
        return Err("--read-only: nothing is written");
    }
    if model.setting.file.is_none() {
        return Err("the demo has no configuration file");
    }
    if matches!(model.activity.running, Running::Going(_)) {
        return Err("a run is under way");
    }
    if model.mapping.is_edited() {
        let is_either = model.is_policy_tried();
        let why = if is_either {
            "the mapping was changed too: take one of the two back first"
        } else {
            "the mapping was changed too: save it, or take it back first"
        };
        return Err(why);
    }
    a_clause_edited(model)
}
