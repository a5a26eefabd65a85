//! Owns everybody: takes rows in as they are read, keeps who belongs to whom, and brings every verdict up to date.
//!
//! One change touches as few rows as it concerns: the matcher says whose pairing may have changed, those are bound anew, those
//! whose values or partner are new are evaluated, and those are classified; nobody else. A full pass does the same for
//! everybody, by the same code. What must stay true (and is held by property tests): after any order of changes every cell
//! and every count is what one full pass over the same users would give.

mod edit;
mod marks;
mod pairing;
mod pass;
mod sheet;
mod update;

use edit::Editing;
pub use edit::{Dirty, EditError};

use super::picture::cell::Bond;
use super::picture::{Evidence, Lessons, LinkBook, Picture};
use crate::clock::Instant;
use crate::identity::population::{Batch, RowIx, Schema, Seen, Upsert};
use crate::identity::value::key_hash;
use crate::identity::{AccountId, EntryId};
use crate::mapping::Rule;
use crate::matching::Matcher;
use crate::model::{AccountEvidence, Hold, HoldOn, Link, ReadEnd, SideState, Subject};
use crate::source::Facts;
use crate::target::OddItem;
use marks::Marks;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use update::Pending;

/// Everybody, and who belongs to whom. See the module's text.
pub struct Store {
    picture: Picture,
    matcher: Matcher,
    pending: Pending,
    /// The listing was read to some end before: what is there is not thrown away when it is read once more.
    listed_before: bool,
    /// Whether source and target are being read.
    reading: (bool, bool),
    /// Entries and accounts that were judged while a side was being read once more. Whoever is not among them keeps the
    /// verdict that the last complete reading gave.
    touched: (Vec<RowIx>, Vec<RowIx>),
    /// Everybody was judged while a side was being read.
    all_touched: bool,
    /// The edit of the rules that is under way.
    editing: Option<Editing>,
    /// What the accounts have of the field whose rule was edited last.
    marks: Option<Box<Marks>>,
    /// When the last reading of each ended.
    read_at: (Option<Instant>, Option<Instant>),
}

/// What taking over a batch of entries came to.
#[derive(Debug, Clone, Default)]
pub struct Absorbed {
    /// Entries that this reading had not had before.
    pub fresh: usize,
    /// Entries that came once more.
    pub again: usize,
    /// The id of the first one that came once more.
    pub first_again: Option<String>,
    /// How many are there now.
    pub users: usize,
}

impl Store {
    /// A store over a picture with nobody in it.
    #[must_use]
    pub fn new(picture: Picture) -> Self {
        Store {
            picture,
            matcher: Matcher::new(),
            pending: Pending::default(),
            listed_before: false,
            reading: (false, false),
            touched: (Vec::new(), Vec::new()),
            all_touched: false,
            editing: None,
            marks: None,
            read_at: (None, None),
        }
    }

    /// What there is to see.
    #[must_use]
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    pub(super) fn picture_mut(&mut self) -> &mut Picture {
        &mut self.picture
    }

    /// The picture, for good.
    #[must_use]
    pub fn into_picture(self) -> Picture {
        self.picture
    }

    /// What earlier runs taught about the service.
    pub fn heed(&mut self, lessons: Lessons) {
        if self.picture.known.lessons == lessons {
            return;
        }
        let before = std::mem::replace(&mut Arc::make_mut(&mut self.picture.known).lessons, lessons);
        if before.kept != self.picture.known.lessons.kept {
            self.evaluate_all();
        }
    }

    /// The remembered pairs and the holds of the service; said before anybody is read. Links of `foreign` channels name entries
    /// by ids of another kind, or of another directory: their accounts are taken, and their entries are nobody's here.
    pub fn remember(&mut self, links: &[Link], holds: Vec<(HoldOn, Hold)>, foreign: &HashSet<String>) {
        let book = LinkBook::new(links, foreign);
        debug_assert_eq!(book.len(), links.len(), "an entry and an account are in one link at most: numbers are the matcher's");
        for _ in book.numbers() {
            self.matcher.add_link(None, None);
        }
        self.picture.links = Arc::new(book);
        let _ = self.picture.hold_all(holds);
    }

    /// True if this store is one for these ends and links: then it can be read into once more, and everybody keeps their number.
    #[must_use]
    pub fn fits(&self, base_url: &str, facts: &Facts, schema: &Schema, links: &[Link]) -> bool {
        let (picture, ours) = (&self.picture, self.picture.source());
        picture.base_url() == base_url
            && ours.naming_context == facts.naming_context
            && ours.settings.id_attribute == facts.settings.id_attribute
            && picture.entries.schema() == schema
            && picture.links.len() == links.len()
            && links.iter().all(|link| picture.links.has(link))
    }

    /// Both ends are about to be read once more, at another moment: what depends on it is evaluated anew.
    pub fn read_again(&mut self, holds: Vec<(HoldOn, Hold)>, now: Instant) {
        self.hold(holds);
        let asks_the_time = |rule: &Rule| rule.program.as_ref().is_some_and(|p| p.source().contains("now"));
        let is_asked = self.picture.rules.rules().iter().any(asks_the_time);
        self.picture.context.now = now;
        if is_asked {
            self.evaluate_all();
        }
        // What was looked up for one reading says nothing about the next one; it is asked again.
        let known = Arc::make_mut(&mut self.picture.known);
        (known.entries, known.accounts, known.named, known.claims) = <(_, _, _, _)>::default();
    }

    /// These holds are in force from now on, and no others.
    pub fn hold(&mut self, holds: Vec<(HoldOn, Hold)>) {
        let (entries, accounts) = self.picture.hold_all(holds);
        self.judge_held(&entries, &accounts);
    }

    /// Whoever is held now and was not, or the other way round.
    fn judge_held(&mut self, entries: &[EntryId], accounts: &[AccountId]) {
        let Picture { entries: people, accounts: others, links, .. } = &self.picture;
        for id in entries {
            self.pending.evaluate.extend(people.by_id(id.as_str()));
            let leaver = links.by_entry(id.as_str()).and_then(|link| others.by_id(links.account(link)));
            self.pending.accounts.extend(leaver);
        }
        for id in accounts {
            self.pending.accounts.extend(others.by_id(id.as_str()));
            let unlisted = links.by_account(id.as_str()).and_then(|link| people.by_id(links.entry(link)));
            self.pending.evaluate.extend(unlisted);
        }
        self.update();
    }

    /// Whether source and target are being read.
    #[must_use]
    pub fn is_reading(&self) -> (bool, bool) {
        self.reading
    }

    /// When the last readings of source and target ended.
    #[must_use]
    pub fn read_at(&self) -> (Option<Instant>, Option<Instant>) {
        self.read_at
    }

    /// A reading of the source begins.
    pub fn begin_source(&mut self) {
        self.reading.0 = true;
        self.picture.sides.source = SideState::Reading;
        // What lies ready for a rule that is typed may be other values soon, and takes the room that a reading needs.
        self.marks = None;
        self.picture.entries.begin_reading();
    }

    /// A reading of the target begins, also where a listing is read once more.
    pub fn begin_target(&mut self) {
        self.reading.1 = true;
        self.picture.sides.target = SideState::Reading;
        self.picture.accounts.begin_reading();
        if !self.listed_before {
            // What a first reading sent before it began again does not count.
            self.remove_unseen_accounts();
            self.update();
        }
    }

    /// Takes over entries.
    pub fn absorb_entries(&mut self, batch: &Batch) -> Absorbed {
        let mut absorbed = Absorbed::default();
        let mut told = Vec::with_capacity(batch.len());
        let entries = &mut self.picture.entries;
        let mut first_again = None;
        entries.absorb(batch, |upsert, seen| {
            match seen {
                Seen::First => absorbed.fresh += 1,
                Seen::Again => {
                    absorbed.again += 1;
                    first_again.get_or_insert(upsert.row());
                }
            }
            told.push(upsert);
        });
        absorbed.first_again = first_again.map(|row| entries.row(row).id().to_owned());
        absorbed.users = entries.len();
        for upsert in told {
            self.take_entry(upsert);
        }
        self.update();
        absorbed
    }

    fn take_entry(&mut self, upsert: Upsert) {
        let row = upsert.row();
        if matches!(upsert, Upsert::Same(_)) {
            return;
        }
        let entry = self.picture.entries.row(row);
        if matches!(upsert, Upsert::Inserted(_))
            && let Some(link) = self.picture.links.by_entry(entry.id())
        {
            self.matcher.set_link_entry(link, row);
        }
        let (key, external) = self.keys_of_entry(row);
        self.matcher.set_entry(row, key, external);
        self.picture.note_reference(row);
        self.pending.evaluate.push(row);
    }

    fn keys_of_entry(&self, row: RowIx) -> (Option<u64>, Option<u64>) {
        let Picture { rules, entries, context, .. } = &self.picture;
        let entry = entries.row(row);
        let key = rules.key_hash(entry, context).ok().flatten();
        let external = (rules.external_id().is_some() && self.picture.external_of(entry)).then(|| key_hash(entry.id()));
        (key, external)
    }

    /// Takes over accounts of the listing; gives how many are there now.
    pub fn absorb_accounts(&mut self, batch: &Batch) -> usize {
        let mut told = Vec::with_capacity(batch.len());
        self.picture.accounts.absorb(batch, |upsert, _| told.push(upsert));
        for upsert in told {
            self.take_account(upsert);
        }
        self.update();
        self.picture.accounts.len()
    }

    fn take_account(&mut self, upsert: Upsert) {
        let row = upsert.row();
        if matches!(upsert, Upsert::Same(_)) {
            return;
        }
        let account = self.picture.accounts.row(row);
        if matches!(upsert, Upsert::Inserted(_))
            && let Some(link) = self.picture.links.by_account(account.id())
        {
            self.matcher.set_link_account(link, row);
        }
        let key = self.picture.match_text(account).and_then(|text| self.picture.rules.form_hash(text));
        let sends_ids = self.picture.rules.external_id().is_some();
        let external = account.first(self.picture.about.columns.external_id).filter(|x| sends_ids && !x.is_empty()).map(key_hash);
        self.matcher.set_account(row, key, external);
        self.pending.accounts.push(row);
    }

    fn remove_unseen_accounts(&mut self) {
        let mut gone = Vec::new();
        self.picture.accounts.end_reading(|row| gone.push(row));
        for row in gone {
            self.matcher.remove_account(row);
        }
    }

    /// The reading of the source has ended. Only a complete one proves who is not there.
    pub fn end_source(&mut self, end: ReadEnd, at: Instant) {
        (self.reading.0, self.read_at.0) = (false, Some(at));
        if end == ReadEnd::Complete {
            let mut gone = Vec::new();
            self.picture.entries.end_reading(|row| gone.push(row));
            for row in gone {
                self.matcher.remove_entry(row);
            }
        }
        self.set_source(SideState::Ended(end));
    }

    /// How far the source can be believed.
    pub fn set_source(&mut self, state: SideState) {
        let empty = state.is_complete() && self.picture.entries.is_empty();
        let Picture { sides, ended, .. } = &mut self.picture;
        let same = ended.0.is_complete() == state.is_complete() && sides.source_empty == empty;
        ended.0 = state.clone();
        (sides.source, sides.source_empty) = (state, empty);
        self.settle(same);
    }

    /// The reading of the target has ended.
    pub fn end_target(&mut self, end: ReadEnd, at: Instant) {
        (self.reading.1, self.read_at.1) = (false, Some(at));
        if end == ReadEnd::Complete {
            self.remove_unseen_accounts();
        }
        self.listed_before = true;
        let same = self.picture.ended.1.is_complete() == (end == ReadEnd::Complete);
        self.picture.ended.1 = SideState::Ended(end);
        self.picture.sides.target = self.picture.ended.1.clone();
        self.settle(same);
    }

    /// Everybody's verdict rests on how far the sides can be believed.
    fn settle(&mut self, same: bool) {
        let same = same && !self.all_touched;
        if same {
            // Whoever this reading touched was judged by a side that was being read.
            self.pending.evaluate.extend(self.touched.0.iter().filter(|row| self.picture.entries.has(**row)));
            self.pending.accounts.extend(&self.touched.1);
        } else {
            // Whose account a match gives is believed only after complete readings.
            let Picture { entries, .. } = &self.picture;
            self.pending.evaluate.extend(self.picture.naming().filter(|row| entries.has(*row)));
        }
        self.update();
        if !same {
            self.classify_all();
        }
        if self.reading == (false, false) {
            self.touched = (Vec::new(), Vec::new());
            self.all_touched = false;
        }
    }

    /// Those of whom this listing shows a name, and not which account it is. Gives how many of them could be anybody's.
    pub fn set_odd(&mut self, items: &[OddItem]) -> usize {
        let were = self.picture.odd.count;
        self.picture.odd = Arc::default();
        let anybodys = items.iter().filter(|item| !self.picture.add_odd(item)).count();
        if were > 0 || !items.is_empty() {
            self.evaluate_all();
        }
        anybodys
    }

    /// Accounts that a look-up found although the listing does not show them: from here on they are as good as listed.
    pub fn add_found(&mut self, found: &Batch) {
        self.absorb_accounts(found);
    }

    /// Takes answers in.
    pub(super) fn learn(&mut self, answers: Vec<Evidence>) {
        if answers.is_empty() {
            return;
        }
        for evidence in answers {
            self.learn_one(evidence);
        }
        self.update();
    }

    /// Takes an answer in, and notes whom it concerns.
    fn learn_one(&mut self, evidence: Evidence) {
        if let Evidence::Reference(dn, who) = evidence {
            self.picture.learn_reference(&dn, who);
            let naming = self.picture.naming_dn(&dn).iter().filter(|row| self.picture.entries.has(**row));
            self.pending.evaluate.extend(naming);
            return;
        }
        let Picture { entries, accounts, links, known, about, .. } = &mut self.picture;
        let known = Arc::make_mut(known);
        match evidence {
            Evidence::Entry(id, evidence) => {
                let leaver = links.by_entry(id.as_str()).and_then(|link| accounts.by_id(links.account(link)));
                self.pending.accounts.extend(leaver);
                known.entries.insert(id, evidence);
            }
            Evidence::Account(id, mut evidence) => {
                if let Some(link) = links.by_account(id.as_str()) {
                    self.pending.evaluate.extend(entries.by_id(links.entry(link)));
                    // Some services deny what they hide: the account was inactive when it was last seen.
                    let hidden = about.hides_inactive && !links.last_active(link);
                    match &evidence {
                        AccountEvidence::NotFound if hidden => evidence = AccountEvidence::Found { active: false },
                        AccountEvidence::NotFound => self.matcher.set_account_gone(link),
                        // What was said before is not believed where nothing is said now.
                        AccountEvidence::Found { .. } | AccountEvidence::Unknown { .. } => self.matcher.forget_gone(link),
                    }
                }
                known.accounts.insert(id, evidence);
            }
            Evidence::Named(entry, sought, evidence) => {
                self.pending.evaluate.push(entry);
                known.named.insert(entry, (sought, evidence));
            }
            Evidence::Claimed(id, channel) => {
                let leaver = links.by_entry(id.as_str()).and_then(|link| accounts.by_id(links.account(link)));
                self.pending.accounts.extend(leaver);
                known.claims.insert(id, channel);
            }
            Evidence::Reference(..) => {}
        }
    }

    /// Finds out whom references name; gives the DNs to be looked up. Whoever has references is evaluated anew.
    pub fn find_references(&mut self) -> Vec<String> {
        let outside = self.picture.find_references();
        if self.picture.has_references() {
            self.evaluate_all();
        }
        outside
    }

    /// Everything that is told once for all: who is contested with whom, whose address somebody new has.
    pub fn conclude(&mut self) {
        self.picture.note_mails();
        let Picture { people, others, .. } = &self.picture;
        let ambiguous: Vec<RowIx> =
            (0u32..).zip(people.iter()).filter(|(_, cell)| cell.bond == Bond::Ambiguous).map(|(row, _)| RowIx(row)).collect();
        let contests = self.matcher.contests(&ambiguous);
        let mut candidates = HashMap::new();
        for entry in ambiguous {
            candidates.insert(Subject::of_entry(entry), self.matcher.candidates(&contests, entry));
        }
        for row in (0u32..).zip(others.iter()).filter(|(_, cell)| cell.is_own_row()).map(|(row, _)| RowIx(row)) {
            let claimants = self.matcher.claimants(&contests, row);
            if !claimants.is_empty() {
                candidates.insert(Subject::of_account(row), (claimants, Vec::new()));
            }
        }
        self.picture.candidates = Arc::new(candidates);
    }

    /// The subject of an entry or account id, if it has a row.
    #[must_use]
    pub fn subject_by_id(&self, id: &str) -> Option<Subject> {
        let entry = self.picture.entries.by_id(id).map(Subject::of_entry);
        entry.or_else(|| self.picture.accounts.by_id(id).map(Subject::of_account)).filter(|s| self.picture.user_of(*s).is_some())
    }
}

#[cfg(test)]
mod tests;
