//! The part of a check that is the same for every source: what a read gives, counted.

use super::Source;
use crate::error::{Error, Kind};
use crate::identity::population::{Batch, Schema};
use crate::model::step::Step;
use crate::model::{Cause, Incompleteness};
use crate::text::count;
use tokio::sync::mpsc;

/// The steps of a check in their order; after one that failed, the others are told as skipped.
pub const STEPS: [&str; 12] =
    ["prepare", "resolve", "connect", "TLS", "bind", "vendor", "base", "filter", "group", "counts", "id", "status"];

/// Tells steps, and what was not tried.
pub struct Teller<T>(pub T);

impl<T: FnMut(Step)> Teller<T> {
    /// Tells one step.
    pub fn tell(&mut self, step: Step) {
        (self.0)(step);
    }

    /// Tells a step that failed, and that those after it are not tried.
    pub fn fail(&mut self, name: &'static str, error: &Error) {
        self.tell(Step::failed(name, error));
        self.skip_after(name, &format!("{name} failed"));
    }

    /// Tells that the steps after `name` are not tried, and why.
    pub fn skip_after(&mut self, name: &str, why: &str) {
        let after = STEPS.iter().position(|s| *s == name).map_or(STEPS.len(), |i| i + 1);
        for step in &STEPS[after..] {
            self.tell(Step::skipped(step, format!("not tried: {why}")));
        }
    }
}

/// What one read gave.
#[derive(Default)]
struct Counted {
    in_scope: usize,
    disabled: usize,
    /// For each status rule, how many people have its attribute.
    shown: Vec<usize>,
}

/// Reads everyone in scope, with what status rules look at, and tells `counts`, `id` and `status`. `before` is what was counted
/// on the way here: under the base, matching the filter, in the group; `unseen` is what to do where nothing at all is seen under the
/// base. Gives true if the source can be read.
pub async fn survey<T: FnMut(Step)>(source: &mut Source, before: &[String], unseen: Option<&str>, teller: &mut Teller<T>) -> bool {
    let settings = source.facts().settings.clone();
    let schema = Schema::new(settings.status.iter().map(|r| r.attribute.clone()));
    let columns: Vec<Option<u16>> = settings.status.iter().map(|r| schema.column(r.attribute.as_str())).collect();
    let mut counted = Counted { shown: vec![0; columns.len()], ..Counted::default() };
    let (send, mut receive) = mpsc::channel::<Batch>(2);
    let take = async {
        while let Some(batch) = receive.recv().await {
            counted.in_scope += batch.len();
            for row in batch.iter() {
                counted.disabled += usize::from(row.is_off());
                for (shown, column) in counted.shown.iter_mut().zip(&columns) {
                    *shown += usize::from(column.is_some_and(|c| row.count(c) > 0));
                }
            }
        }
    };
    let (end, ()) = tokio::join!(source.read(&schema, send), take);
    let mut parts: Vec<String> = before.to_vec();
    parts.push(format!("in scope {}", count(counted.in_scope)));
    parts.push(format!("disabled {}", count(counted.disabled)));
    let told = parts.join(", ");

    let id = &settings.id_attribute;
    match end.cause() {
        Some(Incompleteness { cause: Cause::IdMissing, detail }) => {
            teller.tell(Step::good("counts", told));
            let error = Error::new(Kind::Incomplete, detail.clone());
            let hint = "an entry without a lasting id makes every read incomplete: check settings.id_attribute, whether bind_dn may read it, and filter";
            teller.fail("id", &error.hint(hint));
            return false;
        }
        Some(why) => {
            let error = Error::new(Kind::Incomplete, format!("{}: {} ({told} until then)", why.cause.words(), why.detail));
            teller.fail("counts", &error.hint(hint_for(why.cause)));
            return false;
        }
        None if counted.in_scope == 0 => {
            let hint = match unseen {
                Some(_) => {
                    "nobody is in scope, so nothing would be done: nothing at all is seen under the base; the filter is not to blame"
                        .to_owned()
                }
                None => {
                    "nobody is in scope, so nothing would be done: check filter and group_dn, and whether bind_dn may see people".to_owned()
                }
            };
            teller.tell(Step::warning("counts", told, hint));
            teller.skip_after("counts", "nobody is in scope");
            return true;
        }
        None => teller.tell(Step::good("counts", told)),
    }
    teller.tell(Step::good("id", format!("every one of {} has {id}", count(counted.in_scope))));
    teller.tell(status(&settings.status, &counted));
    true
}

fn status(rules: &[crate::config::StatusRule], counted: &Counted) -> Step {
    if rules.is_empty() {
        return Step::warning(
            "status",
            "no rule tells who is disabled: everybody counts as enabled",
            "set settings.status, as status = [{ attribute = \"employeeStatus\", disabled_when = { equals = \"left\" } }]",
        );
    }
    let shown: Vec<String> = rules.iter().zip(&counted.shown).map(|(rule, n)| format!("{} on {}", rule.attribute, count(*n))).collect();
    let told = format!("of {} people: {}", count(counted.in_scope), shown.join(", "));
    if counted.shown.iter().all(|n| *n == 0) {
        let hint = "either nobody is disabled, or bind_dn may not read it, or it is called otherwise here: look at somebody whom you know to be disabled";
        return Step::warning("status", format!("nobody shows what tells who is disabled; {told}"), hint);
    }
    Step::good("status", told)
}

fn hint_for(cause: Cause) -> &'static str {
    match cause {
        Cause::SizeLimit => "ask for a higher size limit for bind_dn (on OpenLDAP size.prtotal=unlimited), or make the scope smaller",
        Cause::TimeLimit => "ask for a higher time limit for bind_dn, an index for the filter, or make the scope smaller",
        Cause::Reference => "name the server that holds that part in url, or make base_dn leave it out",
        Cause::GroupUnread => "check that bind_dn may read the group, the groups in it and the attributes that tell membership",
        _ => "try again; if it stays so, the server's own log says more",
    }
}
