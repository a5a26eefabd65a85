//! The source location as it is edited: what was typed but is in no file, and what would come of it.

use crate::config::Clause;
use crate::config::secret::SecretRef;
use crate::engine::location::{Counts, Edits, Judged, Preview, Previewed, Site, Wrong};
use crate::tui::pane::source::Page;
use crate::tui::widget::field::{Field, typed_address, typed_secret};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A clause that is being typed.
#[derive(Debug, Clone)]
pub(in crate::tui) struct Typing {
    pub clause: Clause,
    pub field: Field,
    /// What stood there at first.
    pub before: String,
    /// What is wrong with it, as of the last Enter.
    pub wrong: Option<Wrong>,
}

impl Typing {
    /// What of it may be seen: what is no reference to a secret may be the secret, and what stands before the @ of an address.
    pub fn shown(&self) -> Field {
        match self.clause {
            Clause::Password => typed_secret(&self.field),
            clause if Clause::SERVER.contains(&clause) => typed_address(&self.field, clause == Clause::Url),
            _ => self.field.clone(),
        }
    }
}

/// Where people come from, and where one is in it.
#[derive(Debug, Clone, Default)]
pub(in crate::tui) struct Source {
    /// As it is in effect.
    pub site: Option<Arc<Site>>,
    /// The marked line.
    pub at: usize,
    /// Its label, once somebody has marked one.
    pub marked: Option<&'static str>,
    pub top: usize,
    /// What clauses say that are not as in the configuration.
    pub edits: BTreeMap<Clause, String>,
    /// What is being written into the file: what each clause said there, and what it is to say.
    pub saving: BTreeMap<Clause, (String, String)>,
    /// Those of them that everybody is judged by meanwhile.
    pub tried: Edits,
    pub typing: Option<Typing>,
    /// The last number that was given to a count or a preview.
    pub numbered: u64,
    /// The count that is under way.
    pub counting: Option<u64>,
    pub counts: Counts,
    /// Why it can't be counted.
    pub uncounted: Option<String>,
    /// The preview that is under way.
    pub previewing: Option<u64>,
    /// What would come of the edits.
    pub previewed: Option<Previewed>,
    /// Saving is asked about as soon as that is known.
    pub is_saving: bool,
    pub page: Page,
}

impl Source {
    /// What a clause says, edits included.
    pub fn text(&self, clause: Clause) -> Option<String> {
        let site = self.site.as_ref().filter(|s| clause.applies(&s.source.kind))?;
        Some(self.edits.get(&clause).cloned().unwrap_or_else(|| clause.text(site)))
    }

    /// The same as it may be seen: what a program is told that knows a secret may be the secret.
    pub fn shown(&self, clause: Clause) -> Option<String> {
        let text = self.text(clause)?;
        if clause != Clause::Password || text.is_empty() {
            return Some(text);
        }
        Some(SecretRef::of_typed(&text).map_or(text, |reference| reference.typed()))
    }

    /// Every clause that is not as in the configuration.
    pub fn edits(&self) -> Edits {
        self.edits.iter().map(|(clause, text)| (*clause, text.clone())).collect()
    }

    /// What was to be written is in the file: what was edited since then is an edit of what is there now. The site is
    /// that of the file already.
    pub fn saved(&mut self) {
        let Some(site) = &self.site else { return };
        for (clause, (was, now)) in std::mem::take(&mut self.saving) {
            match self.edits.get(&clause) {
                Some(text) if *text == now => drop(self.edits.remove(&clause)),
                Some(_) => {}
                // Somebody took it back by hand meanwhile.
                None => drop(self.edits.insert(clause, was)),
            }
        }
        self.edits.retain(|clause, text| clause.applies(&site.source.kind) && clause.text(site) != *text);
    }

    /// True if a line of the policy is not as in the configuration.
    pub fn is_policy_edited(&self) -> bool {
        self.edits.keys().any(|clause| clause.is_policy())
    }

    /// What would come of the edits, if that is known.
    pub fn preview(&self) -> Option<&Arc<Preview>> {
        if let Some(Previewed::Read(preview)) = &self.previewed { Some(preview) } else { None }
    }

    /// What another policy would come to, if that was looked at.
    pub fn judged(&self) -> Option<Result<&Judged, &str>> {
        let judged = match self.previewed.as_ref()? {
            Previewed::Read(preview) => preview.judged.as_ref()?,
            Previewed::Judged(judged) => judged,
            Previewed::Incomplete(_) | Previewed::Failed(_) => return None,
        };
        Some(judged.as_ref().map_err(String::as_str))
    }

    /// True if it is known what would come of every edit, or that it can't be known.
    pub fn is_known(&self) -> bool {
        matches!(self.previewed, Some(Previewed::Read(_) | Previewed::Judged(_)))
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }

    /// Forgets what was counted and looked at: it was by other clauses.
    pub fn forget(&mut self) {
        (self.counts, self.uncounted, self.counting) = (Counts::default(), None, None);
        self.unlook();
    }

    /// Forgets what was looked at, and whatever is on its way.
    pub fn unlook(&mut self) {
        (self.previewed, self.previewing, self.is_saving) = (None, None, false);
    }
}
