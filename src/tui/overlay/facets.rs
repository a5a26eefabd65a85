//! Everything that is counted, to choose one: by situation, action, reason, field that differs, and kind of problem.

use crate::engine::view::Filter;
use crate::model::{Action, ProblemCode, Reason, Situation};
use crate::text::count;
use crate::tui::model::Model;
use crate::tui::pane::diff::steps;
use crate::tui::widget::picker::Item;
use std::borrow::Cow;

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet {
    /// Everybody.
    All,
    /// Who needs a look or gets an action.
    Open,
    /// In a situation.
    Situation(Situation),
    /// For whom this is proposed.
    Action(Action),
    /// For this reason.
    Reason(Reason),
    /// For whom the field of this rule differs.
    Field(usize),
    /// With this kind of problem.
    Problem(ProblemCode),
}

/// The words of a kind of problem.
#[must_use]
pub fn problem_words(problem: ProblemCode) -> Cow<'static, str> {
    match problem {
        ProblemCode::Unresolved => "a reference could not be resolved".into(),
        ProblemCode::LookupFailed => "a look-up was refused or failed".into(),
        ProblemCode::PolicyOff => "the policy switched this off".into(),
        ProblemCode::Protected => "the policy protects the account".into(),
        ProblemCode::KeptByTarget => "the service keeps a value of its own".into(),
        other => other.reason().map_or_else(|| other.code().replace('_', " ").into(), |r| r.words().into()),
    }
}

impl Facet {
    /// True if the filter has chosen it.
    #[must_use]
    pub fn is_chosen(self, filter: &Filter) -> bool {
        match self {
            Facet::All => filter.is_open(),
            Facet::Open => filter.only_open,
            Facet::Situation(s) => filter.situation == Some(s),
            Facet::Action(a) => filter.action == Some(a),
            Facet::Reason(r) => filter.reason == Some(r),
            Facet::Field(f) => filter.field == Some(f),
            Facet::Problem(p) => filter.problem == Some(p),
        }
    }

    /// The filter with this chosen, or taken back where it is chosen already. Facets of several kinds go together.
    #[must_use]
    pub fn toggled(self, filter: &Filter) -> Filter {
        let on = !self.is_chosen(filter);
        let mut filter = filter.clone();
        match self {
            Facet::All => filter = Filter::default(),
            Facet::Open => filter.only_open = on,
            Facet::Situation(s) => filter.situation = on.then_some(s),
            Facet::Action(a) => filter.action = on.then_some(a),
            Facet::Reason(r) => filter.reason = on.then_some(r),
            Facet::Field(f) => filter.field = on.then_some(f),
            Facet::Problem(p) => filter.problem = on.then_some(p),
        }
        filter
    }
}

/// What the lines mean, with their counts, in their order.
pub(in crate::tui) fn facets(model: &Model) -> Vec<(Facet, Option<usize>)> {
    let Some(snapshot) = &model.snapshot else { return Vec::new() };
    let counted = snapshot.facets();
    let filter = &model.list.spec.filter;
    let mut all = vec![(Facet::All, Some(counted.all())), (Facet::Open, None)];
    all.extend(steps(counted, filter.situation).map(|s| (Facet::Situation(s), Some(counted.of(s)))));
    all.extend(Action::ALL.into_iter().map(|a| (Facet::Action(a), Some(counted.for_action(a)))));
    all.extend(Reason::ALL.iter().map(|r| (Facet::Reason(*r), Some(counted.for_reason(*r)))));
    all.extend(counted.fields.iter().enumerate().map(|(i, n)| (Facet::Field(i), Some(*n))));
    all.extend(ProblemCode::ALL.iter().map(|p| (Facet::Problem(*p), Some(counted.with_problem(*p)))));
    // What nobody has is not offered; what is chosen stays to be taken back.
    all.retain(|(facet, n)| *n != Some(0) || *facet == Facet::All || facet.is_chosen(filter));
    all
}

/// The lines.
pub(in crate::tui) fn items(model: &Model) -> Vec<Item> {
    let names: Vec<String> = model.snapshot.as_ref().map_or_else(Vec::new, |s| s.fields().map(str::to_owned).collect());
    facets(model)
        .into_iter()
        .map(|(facet, n)| {
            let (group, words): (&str, Cow<'_, str>) = match facet {
                Facet::All => ("", "everybody".into()),
                Facet::Open => ("", "only who needs a look or gets an action".into()),
                Facet::Situation(s) => ("situation", s.words().into()),
                Facet::Action(Action::None) => ("action", "nothing would be sent".into()),
                Facet::Action(a) => ("action", a.code().into()),
                Facet::Reason(r) => ("reason", r.words().into()),
                Facet::Field(f) => ("differs", names.get(f).map_or("", String::as_str).into()),
                Facet::Problem(p) => ("problem", problem_words(p)),
            };
            Item {
                group: group.to_owned(),
                words: words.into_owned(),
                aside: n.map_or_else(String::new, |n| format!("{:>9}", count(n))),
                refused: None,
                chosen: facet.is_chosen(&model.list.spec.filter),
                more: String::new(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choosing_twice_takes_back_and_everybody_takes_all_back() {
        let open = Filter::default();
        for facet in [
            Facet::Open,
            Facet::Situation(Situation::Leaving),
            Facet::Action(Action::Disable),
            Facet::Reason(Reason::Deleted),
            Facet::Field(3),
            Facet::Problem(ProblemCode::Protected),
        ] {
            let chosen = facet.toggled(&open);
            assert!(facet.is_chosen(&chosen) && !Facet::All.is_chosen(&chosen));
            assert_eq!(facet.toggled(&chosen), open);
            assert_eq!(Facet::All.toggled(&chosen), open);
            let both = Facet::Reason(Reason::Disabled).toggled(&Facet::Situation(Situation::Left).toggled(&chosen));
            assert!(both.situation == Some(Situation::Left) && both.reason == Some(Reason::Disabled));
        }
    }
}
