//! A check of a channel: the configuration, then both ends at once, each step told in the order in which an operator reads.
//!
//! Nothing is changed anywhere. Both ends are tried at the same time, because either may take its time to fail; the source's
//! steps are told as they are done, the target's wait until the source has ended, so that the two never mix.

use super::ends::compile;
use crate::clock::Instant;
use crate::config::Channel;
use crate::error::{Error, Result};
use crate::journal::{Belonging, Journal};
use crate::mapping::Rules;
use crate::model::step::{Step, StepVerdict};
use crate::source::Source;
use crate::target::{Columns, Connector, Target};
use serde::Serialize;
use std::cell::RefCell;

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The file, the connector, the mapping.
    Configuration,
    /// The directory.
    Source,
    /// The service.
    Target,
    /// Links and holds.
    State,
}

impl Side {
    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Side::Configuration => "configuration",
            Side::Source => "source",
            Side::Target => "target",
            Side::State => "state",
        }
    }
}

/// Of two verdicts the one that matters more: failed, then warning.
#[must_use]
pub fn worse(a: StepVerdict, b: StepVerdict) -> StepVerdict {
    let rank = |v| match v {
        StepVerdict::Failed => 3,
        StepVerdict::Warning => 2,
        StepVerdict::Good => 1,
        StepVerdict::Skipped => 0,
    };
    if rank(b) > rank(a) { b } else { a }
}

/// A channel whose connector and mapping are good.
pub struct Prepared {
    /// The connector.
    pub connector: Connector,
    /// The rules.
    pub rules: Rules,
}

/// What of both ends could be opened.
pub struct Opened {
    /// The source, if it can be read.
    pub source: Option<Source>,
    /// The target, if it can be read.
    pub target: Option<Target>,
}

/// Checks what needs no server: connector, policy, mapping.
///
/// # Errors
/// What is wrong with the configuration, with its place.
pub fn configuration(channel: &Channel, mut tell: impl FnMut(Step)) -> Result<Prepared> {
    let (connector, rules) = compile(channel)?;
    tell(Step::good("connector", format!("{} ({}), {} fields", connector.title, connector.name, connector.fields.len())));
    let names: Vec<&str> = rules.rules().iter().map(|r| r.field.name.as_str()).collect();
    tell(Step::good("mapping", format!("{} of them mapped: {}", names.len(), names.join(", "))));
    tell(Step::good("match rule", format!("people and accounts are paired by {}", names[rules.match_rule()])));
    let missing: Vec<&str> = connector
        .fields
        .iter()
        .filter(|f| f.required && !rules.rules().iter().any(|r| r.field.path.eq_ignore_ascii_case(&f.path)))
        .map(|f| f.name.as_str())
        .collect();
    if !missing.is_empty() {
        tell(Step::warning(
            "required",
            format!("required by {} and not mapped: {}", connector.title, missing.join(", ")),
            "add a rule for each, or nobody can be created; rosterm fields shows what they take",
        ));
    }
    Ok(Prepared { connector, rules })
}

/// Checks both ends at once, and tells the source's steps first.
pub async fn ends(channel: &Channel, prepared: &Prepared, now: Instant, tell: impl FnMut(Side, Step)) -> Opened {
    let order = RefCell::new(InOrder { tell, source_ended: false, waiting: Vec::new() });
    let columns = Columns::new(prepared.rules.rules().iter().map(|r| &r.field));
    let source = async {
        let source = Source::check(&channel.source, now, |step| order.borrow_mut().source(step)).await;
        order.borrow_mut().source_has_ended();
        source
    };
    let target = Target::check(&channel.target, &prepared.connector, columns, |step| order.borrow_mut().target(step));
    let (source, target) = tokio::join!(source, target);
    Opened { source, target }
}

struct InOrder<F> {
    tell: F,
    source_ended: bool,
    waiting: Vec<Step>,
}

impl<F: FnMut(Side, Step)> InOrder<F> {
    fn source(&mut self, step: Step) {
        (self.tell)(Side::Source, step);
    }

    fn target(&mut self, step: Step) {
        if self.source_ended { (self.tell)(Side::Target, step) } else { self.waiting.push(step) }
    }

    fn source_has_ended(&mut self) {
        self.source_ended = true;
        for step in std::mem::take(&mut self.waiting) {
            (self.tell)(Side::Target, step);
        }
    }
}

/// Checks what is remembered: that it can be read, and that it was made for these ends.
#[must_use]
pub fn state(channel: &Channel, opened: &Opened, journal: &Result<Journal>, now: Instant) -> Step {
    let look = |journal: &Journal| -> Result<Step> {
        let base_url = opened.target.as_ref().map_or(channel.target.base_url.value.as_str(), Target::base_url);
        let before = journal.belonging(&channel.name)?;
        let remembered_at = before.as_ref().map_or(base_url, |b| b.base_url.as_str());
        let (links, holds) = (journal.links(remembered_at)?.len(), journal.holds(remembered_at, now)?.len());
        if links == 0 && holds == 0 {
            return Ok(Step::good("remembered", "no links and no holds yet"));
        }
        let counts = format!("{} and {}", crate::text::counted(links, "link"), crate::text::counted(holds, "hold"));
        if let (Some(before), Some(source)) = (&before, &opened.source) {
            let facts = source.facts();
            let now = Belonging {
                base_url: base_url.to_owned(),
                naming_context: facts.naming_context.clone(),
                id_attribute: facts.settings.id_attribute.to_string(),
            };
            if *before != now {
                let made_for = format!("{} by {} at {}", before.naming_context, before.id_attribute, before.base_url);
                return Err(Error::usage(format!("{counts}, made for other ends: {made_for}"))
                    .hint("if these are the same people and accounts, say so with: rosterm link --migrate"));
            }
        }
        Ok(Step::good("remembered", counts))
    };
    match journal.as_ref().map_err(Clone::clone).and_then(look) {
        Ok(step) => step,
        Err(error) => Step::failed("remembered", &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_steps_wait_for_the_source() {
        let mut told = Vec::new();
        let mut order = InOrder { tell: |side: Side, step: Step| told.push((side, step.name)), source_ended: false, waiting: Vec::new() };
        order.target(Step::good("service", ""));
        order.source(Step::good("resolve", ""));
        order.target(Step::good("login", ""));
        order.source(Step::good("bind", ""));
        order.source_has_ended();
        order.target(Step::good("page", ""));
        let names: Vec<_> = told.iter().map(|(_, name)| *name).collect();
        assert_eq!(names, ["resolve", "bind", "service", "login", "page"]);
        assert_eq!((told[1].0, told[2].0), (Side::Source, Side::Target));
    }

    #[test]
    fn what_failed_outweighs_everything() {
        use StepVerdict::{Failed, Good, Skipped, Warning};
        for (a, b, told) in [(Good, Skipped, Good), (Warning, Good, Warning), (Warning, Failed, Failed), (Skipped, Failed, Failed)] {
            assert_eq!((worse(a, b), worse(b, a)), (told, told));
        }
    }
}
