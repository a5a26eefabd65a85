//! Who would be in scope by other clauses: read once, compared with what was read last, and forgotten.

use super::judged::{Judged, judge};
use super::{Counts, Previewed, count};
use crate::clock::Instant;
use crate::config::{Policy, SourceConfig};
use crate::engine::picture::Picture;
use crate::engine::query::Bound;
use crate::identity::population::{Batch, Row, RowIx, Schema};
use crate::mapping::Desired as Wanted;
use crate::model::{Cause, ReadEnd, SideState, Subject};
use crate::source::{Source, attributes_to_ask};
use std::collections::HashSet;
use tokio::sync::mpsc;

/// People of each list that are told by name.
const NAMED: usize = 5_000;

/// What was read last, to be compared with.
pub(in crate::engine) struct Baseline {
    pub picture: Picture,
    /// The policy as it is configured.
    pub policy: Policy,
    /// When the source was read.
    pub read_at: Option<Instant>,
    /// When the target was read.
    pub target_read_at: Option<Instant>,
    /// What is remembered of this channel, and what it belongs to.
    pub bound: Option<Bound>,
}

/// Links and holds that were made for another directory, or by other ids: they are not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbound {
    /// So many links.
    pub links: usize,
    /// So many holds.
    pub holds: usize,
    /// What is another one, in words: what it was and what it is.
    pub differs: String,
}

/// Who would be in scope.
#[derive(Debug, Clone)]
pub struct Preview {
    /// So many.
    pub in_scope: usize,
    /// Of them, so many are disabled.
    pub disabled: usize,
    /// When they were read.
    pub at: Instant,
    /// Who enters and leaves, or why that is not known.
    pub against: Result<Against, String>,
    /// Where nobody is: what each clause comes to.
    pub counts: Option<Counts>,
    /// What is remembered and would not be used.
    pub unbound: Option<Unbound>,
    /// What another policy comes to, for those who were read last; where it is another one.
    pub judged: Option<Result<Judged, String>>,
}

/// Who enters and who leaves.
#[derive(Debug, Clone, Default)]
pub struct Against {
    /// When what they are compared with was read.
    pub read_at: Option<Instant>,
    /// So many were in scope then.
    pub before: usize,
    /// So many enter.
    pub enter: usize,
    /// So many leave.
    pub leave: usize,
    /// Of those who leave, so many have an active account.
    pub with_account: usize,
    /// So many stay and are disabled then.
    pub disable: usize,
    /// So many stay and are not disabled any more.
    pub enable: usize,
    /// The first of those who are disabled then, by name.
    pub disabling: Vec<Mover>,
    /// The first of those who are not any more, by name.
    pub enabling: Vec<Mover>,
    /// The first of those who enter, by name.
    pub entering: Vec<Mover>,
    /// The first of those who leave, by name.
    pub leaving: Vec<Mover>,
}

/// Somebody who enters or leaves. Nothing in it is cleaned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mover {
    /// The user name that the mapping gives, else the DN.
    pub called: String,
    /// The person's name, empty where none is mapped.
    pub name: String,
    /// Where the entry is, or was.
    pub dn: String,
    /// An active account belongs to them.
    pub has_account: bool,
}

/// Who was seen by now.
#[derive(Default)]
struct Seen {
    /// By the row of those who were there before.
    before: Vec<bool>,
    fresh: HashSet<Box<str>>,
    repeated: Option<String>,
    in_scope: usize,
    disabled: usize,
    /// What is known by now of those who enter, and of those whose status is another one.
    against: Against,
}

/// Reads everybody in scope of an opened source. Where nobody is, counts what each clause comes to.
pub(in crate::engine) async fn read(
    source: &mut Source,
    config: &SourceConfig,
    policy: Option<&Policy>,
    baseline: Option<Baseline>,
) -> Previewed {
    let judged = policy.map(|policy| judge(baseline.as_ref(), policy));
    let unbound = baseline.as_ref().and_then(|b| b.bound.as_ref()).and_then(|bound| unbound(bound, source));
    let picture = baseline.as_ref().map(|b| &b.picture);
    let schema = match picture {
        Some(picture) => picture.entries().schema().clone(),
        None => Schema::new(attributes_to_ask(&Schema::default(), &source.facts().settings)),
    };
    let mut seen = Seen { before: vec![false; picture.map_or(0, |p| p.entries().slots())], ..Seen::default() };
    let (send, mut receive) = mpsc::channel::<Batch>(2);
    let take = async {
        while let Some(batch) = receive.recv().await {
            for row in batch.iter() {
                seen.see(row, picture);
            }
        }
    };
    let (end, ()) = tokio::join!(source.read(&schema, send), take);
    if let ReadEnd::Incomplete(why) = end {
        return Previewed::Incomplete(format!("{}: {}", why.cause.words(), why.detail));
    }
    if let Some(id) = &seen.repeated {
        return Previewed::Incomplete(format!("{}: {id}", Cause::IdsRepeated.words()));
    }
    let at = crate::clock::now();
    let counts = if seen.in_scope == 0 { Some(count(source, config, |_| {}).await) } else { None };
    let (in_scope, disabled) = (seen.in_scope, seen.disabled);
    let same_ids = |picture: &Picture| picture.source().settings.id_attribute == source.facts().settings.id_attribute;
    let same_context = |picture: &Picture| picture.source().naming_context == source.facts().naming_context;
    let against = match baseline {
        None => Err("nothing was read before".to_owned()),
        Some(Baseline { picture, .. }) if !same_ids(&picture) => Err("what was read before goes by other ids".to_owned()),
        Some(Baseline { picture, .. }) if !same_context(&picture) && source.facts().kind == "csv" => {
            Err("links belong to the table that was read before: where there are some, rosterm link --migrate is needed once it is saved"
                .to_owned())
        }
        Some(Baseline { picture, .. }) if !same_context(&picture) => {
            Err("it lies in another naming context, which links belong to: once it is saved, rosterm link --migrate is needed".to_owned())
        }
        Some(Baseline { picture, read_at, .. }) => match picture.source_state() {
            SideState::Ended(ReadEnd::Complete) => Ok(seen.against(&picture, read_at)),
            _ => Err("the last reading of the directory was not complete".to_owned()),
        },
    };
    Previewed::Read(std::sync::Arc::new(Preview { in_scope, disabled, at, against, counts, unbound, judged }))
}

/// What is remembered and does not belong to an opened source.
fn unbound(bound: &Bound, source: &Source) -> Option<Unbound> {
    let facts = source.facts();
    let differs: Vec<String> = [
        ("naming context", bound.belonging.naming_context.as_str(), facts.naming_context.as_str()),
        ("lasting id", bound.belonging.id_attribute.as_str(), facts.settings.id_attribute.as_str()),
    ]
    .into_iter()
    .filter(|(_, was, is)| was != is)
    // Of a table it is the file.
    .map(|(what, was, is)| match (was.strip_prefix("csv:"), is.strip_prefix("csv:")) {
        (Some(was), Some(is)) => format!("the table was {was} and is {is} then"),
        _ => format!("the {what} was {was} and is {is} then"),
    })
    .collect();
    (!differs.is_empty()).then(|| Unbound { links: bound.links, holds: bound.holds, differs: differs.join(", ") })
}

impl Seen {
    fn see(&mut self, row: Row<'_>, picture: Option<&Picture>) {
        let known = picture.and_then(|p| p.entries().by_id(row.id()));
        let again = match known {
            Some(known) => std::mem::replace(&mut self.before[known.index()], true),
            None => !self.fresh.insert(row.id().into()),
        };
        if again {
            self.repeated.get_or_insert_with(|| row.id().to_owned());
            return;
        }
        self.in_scope += 1;
        self.disabled += usize::from(row.is_off());
        let Some(picture) = picture else { return };
        let against = &mut self.against;
        let (n, list) = match known.map(|known| (picture.entries().is_off(known), row.is_off())) {
            None => (&mut against.enter, &mut against.entering),
            Some((false, true)) => (&mut against.disable, &mut against.disabling),
            Some((true, false)) => (&mut against.enable, &mut against.enabling),
            Some(_) => return,
        };
        *n += 1;
        if list.len() < NAMED {
            let has_account = known.is_some_and(|known| picture.has_active_account(known));
            list.push(Mover { has_account, ..mover(row, picture) });
        }
    }

    fn against(self, picture: &Picture, read_at: Option<Instant>) -> Against {
        let entries = picture.entries();
        let gone = |row: &RowIx| !self.before[row.index()];
        let mut against = Against { read_at, before: entries.len(), ..self.against };
        for row in entries.rows().filter(gone) {
            against.leave += 1;
            let has_account = picture.has_active_account(row);
            against.with_account += usize::from(has_account);
            if against.leaving.len() < NAMED {
                against.leaving.push(Mover { has_account, ..mover(entries.row(row), picture) });
            }
        }
        // Those first who have something to lose.
        for list in [&mut against.leaving, &mut against.disabling, &mut against.enabling, &mut against.entering] {
            list.sort_unstable_by(|a, b| b.has_account.cmp(&a.has_account).then_with(|| a.cmp(b)));
        }
        against
    }
}

/// What somebody is called, by the rules in effect.
fn mover(row: Row<'_>, picture: &Picture) -> Mover {
    let rules = picture.rules();
    let value = |at: usize| match rules.desired(at, row, picture.context()) {
        Wanted::Value(datum) => Some(datum.plain().into_owned()).filter(|text| !text.is_empty()),
        _ => None,
    };
    let is_shown = |at: &usize| !rules.rules()[*at].masked;
    let called = rules.user_name().filter(is_shown).and_then(value).unwrap_or_else(|| row.name().to_owned());
    let [display, formatted, given, family] = picture.name_rules().map(|at| at.and_then(value));
    let parts = || [given, family].into_iter().flatten().collect::<Vec<_>>().join(" ");
    Mover { called, name: display.or(formatted).unwrap_or_else(parts), dn: row.name().to_owned(), has_account: false }
}

impl Picture {
    /// True if an active account belongs to the person of this row.
    fn has_active_account(&self, entry: RowIx) -> bool {
        let account = self.user_of(Subject::of_entry(entry)).and_then(|user| user.account);
        account.is_some_and(|account| !self.accounts().is_off(account))
    }
}
