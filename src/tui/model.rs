//! Everything that the screens know: what the engine told, where the cursor is, what is open.
//!
//! The cursor belongs to a user, not to a row number: rows that come and go move the list under it, never it. What a frame
//! shows is settled before it is drawn ([`super::view::settle`]), so that drawing only reads, and so that what a frame
//! evaluates can be counted: it is what is visible, never how many there are.

mod detail;
mod mapping;
mod marks;
mod source;

pub(super) use detail::{DetailAt, Sheet};
pub(super) use mapping::{Edit, Mapping, Part, Typing};
pub(super) use marks::Marks;
pub(super) use source::{Source, Typing as SourceTyping};

use super::keymap::Keymap;
use super::layout::Layout;
use super::overlay::Overlay;
use super::overlay::pick::Pick;
use super::overlay::question::Question;
use super::overlay::why::Why;
use super::pane::detail::Page as DetailPage;
use super::theme::{Glyphs, Theme};
use super::widget::field::Field;
use crate::clock::{Instant, Zone};
use crate::engine::snapshot::{Card, Line};
use crate::engine::view::SortBy;
use crate::engine::{Approvals, Caveats, Named, Owing, Proposal, Running, Snapshot, Spec, View, unended};
use crate::error::{Error, Result};
use crate::journal::run::Run;
use crate::model::Subject;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// What does not change while the screens are open.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The channel's name, for the time before anything is read (not cleaned).
    pub channel: String,
    /// Where people come from, in a word or two (not cleaned).
    pub source: String,
    /// The service, in a word or two (not cleaned).
    pub target: String,
    /// The list that is shown first.
    pub spec: Spec,
    /// What things look like.
    pub theme: Theme,
    /// Which keys do what.
    pub keymap: Keymap,
    /// What is wrong in the file with the operator's own keys (not cleaned).
    pub complaints: Vec<String>,
    /// Nothing may be sent or remembered.
    pub read_only: bool,
    /// The configuration file; none in the demo.
    pub file: Option<PathBuf>,
    /// For times of day.
    pub zone: Zone,
    /// How many channels there are to go to.
    pub channels: usize,
}

impl Setting {
    /// The same with the operator's own keys, from the text of a file that is called so.
    #[must_use]
    pub fn with_keys(mut self, file: &str, text: &str) -> Self {
        (self.keymap, self.complaints) = self.keymap.with(file, text);
        self
    }

    /// The built-in keys and the dark theme, times in UTC, and those first that need a person most.
    ///
    /// # Errors
    /// None: a test reads what is built in.
    pub fn plain(channel: &str) -> Result<Self> {
        Ok(Setting {
            channel: channel.to_owned(),
            source: "the directory".to_owned(),
            target: "the service".to_owned(),
            spec: Spec { sort: SortBy::Situation, ..Spec::default() },
            theme: Theme::named("dark", Glyphs::Lines)?,
            keymap: Keymap::built_in()?,
            complaints: Vec::new(),
            read_only: false,
            file: None,
            zone: Zone::utc(),
            channels: 1,
        })
    }
}

/// A part of the screen that keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// Where people come from.
    Source,
    /// The rules.
    Mapping,
    /// The list.
    #[default]
    Diff,
    /// One user.
    Detail,
    /// What is sent, and what was.
    Activity,
}

/// The list and where one is in it.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    /// What was asked for last.
    pub spec: Spec,
    /// What is shown: the answer, or the answer before while the new one is not there yet.
    pub view: Option<Arc<View>>,
    /// Who the cursor is on.
    pub subject: Option<Subject>,
    /// Their place.
    pub index: usize,
    /// Somebody moved the cursor.
    pub moved: bool,
    /// The first place that is visible.
    pub top: usize,
    /// What they are called (not cleaned), for when they go.
    pub called: String,
    /// Who the cursor was on before everybody got another number.
    pub sought: Option<Named>,
    /// Who is marked, whether the list shows them or not.
    pub marks: Marks,
}

impl List {
    pub fn len(&self) -> usize {
        self.view.as_ref().map_or(0, |v| v.rows.len())
    }

    /// True if the list is the answer to what was asked for.
    pub fn is_answered(&self) -> bool {
        self.view.as_ref().is_some_and(|v| v.spec == self.spec)
    }
}

/// A search that is being typed.
#[derive(Debug, Clone)]
pub(super) struct Search {
    pub field: Field,
    /// Who the cursor was on before, to go back to.
    pub before: Option<Subject>,
}

/// Looking for somebody with a problem, some rows at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seek {
    pub forward: bool,
    /// The next place to look at.
    pub at: usize,
}

/// What is sent, and what was.
#[derive(Debug, Clone, Default)]
pub(super) struct Activity {
    pub running: Running,
    /// For whom of those that it did nothing for there is still something to approve, once both ends were read again.
    pub owing: Option<Box<Owing>>,
    /// Earlier runs, the last one first.
    pub history: Arc<Vec<Run>>,
    /// The marked one.
    pub at: usize,
    /// The first line that is visible.
    pub top: usize,
    pub page: super::pane::activity::Page,
}

impl Activity {
    /// The run that was interrupted, unless it is under way here.
    pub fn unended(&self) -> Option<&Run> {
        if matches!(self.running, Running::Going(_)) { None } else { unended(&self.history) }
    }

    /// The marked run.
    pub fn marked(&self) -> Option<&Run> {
        self.history.get(self.at)
    }
}

/// How a sentence at the bottom is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Warn,
}

/// Rows that were evaluated, while nothing has changed.
#[derive(Default)]
pub(super) struct Cache {
    generation: u64,
    lines: HashMap<Subject, Option<Rc<Line>>>,
    card: Option<(Subject, Option<Rc<Card>>)>,
    /// Lines and cards that the last frame evaluated.
    pub drawn: usize,
}

/// The most lines that are remembered: a few screens.
const REMEMBERED: usize = 512;

/// What the next frame shows.
#[derive(Default)]
pub(super) struct Page {
    pub layout: Option<Layout>,
    pub head: Vec<super::widget::page::Line>,
    pub banner: Vec<(super::theme::Role, String)>,
    pub facets: Vec<super::widget::page::Line>,
    /// Lines of the list that are visible.
    pub height: usize,
    pub rows: Vec<(Subject, Option<Rc<Line>>)>,
    pub columns: Vec<u16>,
    /// For which list and width the columns were measured.
    pub measured: Option<(Spec, u16)>,
    /// Rows came: the columns are measured once more.
    pub grew: bool,
    pub card: Option<Rc<Card>>,
    pub detail: DetailPage,
}

/// Everything that the screens know.
pub struct Model {
    pub(super) setting: Setting,
    pub(super) size: (u16, u16),
    pub(super) snapshot: Option<Arc<Snapshot>>,
    pub(super) list: List,
    pub(super) failed: Option<Error>,
    /// What is to be known of what was read last.
    pub(super) caveats: Caveats,
    /// The generation that was shown when it failed.
    pub(super) failed_at: (Option<Instant>, Option<Instant>),
    /// Another read was asked for and nothing has been heard of it yet.
    pub(super) asked: bool,
    pub(super) focus: Pane,
    pub(super) search: Option<Search>,
    pub(super) overlay: Option<Overlay>,
    /// So many searches were asked for in choices.
    pub(super) searches: u64,
    pub(super) detail: DetailAt,
    pub(super) notice: Option<(Tone, String)>,
    pub(super) seek: Option<Seek>,
    pub(super) approvals: Arc<Approvals>,
    /// What was last said to come of sending it.
    pub(super) proposal: Option<Box<Proposal>>,
    pub(super) activity: Activity,
    pub(super) mapping: Mapping,
    pub(super) source: Source,
    pub(super) cache: Cache,
    pub(super) page: Page,
    pub(super) changed: bool,
}

impl Model {
    /// Before anything is known. A read is under way.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        let list = List { spec: setting.spec.clone(), ..List::default() };
        let notice = setting.complaints.first().map(|first| {
            let help = setting.keymap.key(super::action::Verb::Help);
            let all = match setting.complaints.len() {
                1 => String::new(),
                n => format!("1 of {n}, {help} lists all: "),
            };
            (Tone::Warn, format!("{all}{first}"))
        });
        Model {
            setting,
            size: (80, 24),
            snapshot: None,
            list,
            failed: None,
            caveats: Caveats::default(),
            failed_at: (None, None),
            asked: true,
            focus: Pane::Diff,
            search: None,
            overlay: None,
            searches: 0,
            detail: DetailAt::default(),
            notice,
            seek: None,
            approvals: Arc::default(),
            proposal: None,
            activity: Activity::default(),
            mapping: Mapping::default(),
            source: Source::default(),
            cache: Cache::default(),
            page: Page::default(),
            changed: true,
        }
    }

    /// The list that is wanted: a view over another one is not shown.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.list.spec
    }

    /// Who the cursor is on.
    #[must_use]
    pub fn cursor(&self) -> Option<Subject> {
        self.list.subject
    }

    /// Who is listed.
    #[must_use]
    pub fn shown(&self) -> &[Subject] {
        self.list.view.as_ref().map_or(&[], |view| &view.rows)
    }

    /// The sentence at the bottom, if there is one. Not cleaned.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_ref().map(|(_, text)| text.as_str())
    }

    /// How many lines and cards the last frame evaluated.
    #[must_use]
    pub fn evaluated(&self) -> usize {
        self.cache.drawn
    }

    /// True if something has changed since this was asked last.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// What is approved.
    #[must_use]
    pub fn approvals(&self) -> &Approvals {
        &self.approvals
    }

    /// What is asked, if something is.
    #[must_use]
    pub fn question(&self) -> Option<&Question> {
        if let Some(Overlay::Question(question)) = &self.overlay { Some(question) } else { None }
    }

    /// What is explained, if something is.
    #[must_use]
    pub fn why(&self) -> Option<&Why> {
        if let Some(Overlay::Why(why)) = &self.overlay { Some(why) } else { None }
    }

    /// What is chosen from, if something is.
    #[must_use]
    pub fn pick(&self) -> Option<&Pick> {
        if let Some(Overlay::Pick(pick)) = &self.overlay { Some(pick) } else { None }
    }

    /// True if the rules in effect are, or may be, others than those of the configuration.
    #[must_use]
    pub fn is_mapping_edited(&self) -> bool {
        self.mapping.is_edited()
    }

    /// True once the engine has said what came of the last edit.
    #[must_use]
    pub fn is_mapping_tried(&self) -> bool {
        self.mapping.asked == self.mapping.answered
    }

    /// True if clauses of the source location were edited and are in no file.
    #[must_use]
    pub fn is_source_edited(&self) -> bool {
        !self.source.edits.is_empty()
    }

    /// True if the policy in effect is, or may be, another one than that of the configuration.
    #[must_use]
    pub fn is_policy_tried(&self) -> bool {
        self.source.is_policy_edited() || self.snapshot.as_ref().is_some_and(|s| s.is_by_other_policy())
    }

    /// The run that is under way, or was the last one.
    #[must_use]
    pub fn running(&self) -> &Running {
        &self.activity.running
    }

    /// True while an end is being read.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.failed.is_none() && (self.asked || self.snapshot.as_ref().is_some_and(|s| s.source().reading || s.target().reading))
    }

    pub(super) fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.notice = Some((tone, text.into()));
    }

    /// What edits go back to: the file may say something else than what was read of it.
    pub(super) fn as_configured(&self) -> &'static str {
        if self.caveats.file.is_some() { "as rosterm has read it" } else { "as in the configuration" }
    }

    /// The line of a user, evaluated at most once a generation.
    pub(super) fn line(&mut self, subject: Subject) -> Option<Rc<Line>> {
        let snapshot = self.snapshot.as_ref()?;
        if self.cache.generation != snapshot.generation() || self.cache.lines.len() >= REMEMBERED {
            self.cache.lines.clear();
        }
        if self.cache.generation != snapshot.generation() {
            self.cache.card = None;
            self.cache.generation = snapshot.generation();
        }
        if let Some(known) = self.cache.lines.get(&subject) {
            return known.clone();
        }
        self.cache.drawn += 1;
        let line = snapshot.line(subject).map(Rc::new);
        self.cache.lines.insert(subject, line.clone());
        line
    }

    /// Everything about a user, evaluated at most once a generation while it is the same user.
    pub(super) fn card(&mut self, subject: Subject) -> Option<Rc<Card>> {
        let snapshot = self.snapshot.as_ref()?;
        if self.cache.generation == snapshot.generation()
            && let Some((known, card)) = &self.cache.card
            && *known == subject
        {
            return card.clone();
        }
        self.cache.drawn += 1;
        let card = snapshot.card(subject).map(Rc::new);
        self.cache.card = Some((subject, card.clone()));
        card
    }

    /// Puts the cursor on a place of the list, and whoever is there under it.
    pub(super) fn go_to(&mut self, index: usize) {
        let Some(view) = &self.list.view else { return };
        let last = view.rows.len().saturating_sub(1);
        self.list.index = index.min(last);
        self.list.moved = true;
        self.list.sought = None;
        let before = self.list.subject;
        self.list.subject = view.rows.get(self.list.index).copied();
        if before != self.list.subject {
            self.detail.scroll = 0;
            self.detail.follow = false;
        }
    }
}
