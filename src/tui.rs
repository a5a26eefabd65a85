//! The screens: the same engine as the commands, for somebody who looks and decides.
//!
//! ```text
//! keys, sizes, signals ─┐                                      ┌─► view ─► terminal
//!                       ├─► one channel ─► update ─► model ────┤
//! engine's news ────────┘                                      └─► effects ─► engine, clipboard, shell
//! ```
//!
//! Elm-shaped: [`update::update`] takes a message into the [`Model`] and says what is to be done outside, [`view::draw`]
//! shows the model. Whatever works in the background only sends. The loop takes everything that is ready, then draws once,
//! and only if something has changed. What must stay true: nothing polls and nothing ticks, so that a screen that nobody
//! touches costs nothing; nothing waits for a server or a disk on this thread; no frame depends on how many users there are.

pub mod action;
pub mod channels;
mod input;
pub mod keymap;
pub mod layout;
pub mod model;
pub mod msg;
pub mod overlay;
pub mod pane;
pub mod setup;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod widget;

pub use model::{Model, Setting};
pub use msg::{Effect, Msg};

use crate::engine::{Held, Live, News, Pairing};
use crate::error::{Error, Result};
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use terminal::Screen;
use tokio::runtime::Handle;

/// Where the engine tells its news.
pub type Tell = Box<dyn Fn(News) + Send + Sync>;

/// Messages that are taken in before a frame is drawn, at most: so that a flood does not keep the screen from being drawn.
const AT_ONCE: usize = 1024;

/// What the loop hears.
enum Heard {
    Msg(Box<Msg>),
    /// The engine of a channel tells something; the number of the channel's turn on the stage.
    News(u64, Box<News>),
    /// It is at work, or could not be started.
    Begun(u64, Result<Live>),
    /// The first screen has come further.
    Setup(Box<setup::Msg>),
}

/// The terminal, and everything that is heard while it is ours: taken once, whatever is shown on it in turn.
pub struct Stage {
    screen: Screen,
    sender: Sender<Heard>,
    inbox: Receiver<Heard>,
    /// How many channels have been shown: an engine that was left may still have something to tell.
    turn: u64,
}

/// How the screens of a channel were left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// For good, with this exit code.
    Ended(u8),
    /// For the list of channels.
    Channels,
}

impl Stage {
    /// Takes the terminal, and listens.
    ///
    /// # Errors
    /// Where it can't be taken.
    pub fn take(runtime: &Handle) -> Result<Self> {
        let (sender, inbox) = mpsc::channel();
        let screen = Screen::take().map_err(gone)?;
        let send = |sender: &Sender<Heard>| {
            let sender = sender.clone();
            move |msg| sender.send(Heard::Msg(Box::new(msg))).is_ok()
        };
        input::listen(send(&sender));
        input::watch_signals(runtime, send(&sender));
        Ok(Stage { screen, sender, inbox, turn: 0 })
    }

    /// The same with the mouse.
    ///
    /// # Errors
    /// Where the terminal goes away.
    pub fn with_mouse(mut self) -> Result<Self> {
        self.screen.take_mouse().map_err(gone)?;
        Ok(self)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is the last thing that is done with it")]
fn gone(e: io::Error) -> Error {
    Error::failure(format!("the terminal cannot be used: {e}"))
}

/// Opens the screens, starts the engine behind the first frame, and tells how they were left. `start` may take its time: it
/// runs on a thread of its own.
///
/// # Errors
/// Where the terminal goes away.
pub fn run(stage: &mut Stage, setting: Setting, start: impl FnOnce(Tell) -> Result<Live> + Send + 'static) -> Result<Left> {
    let mut model = Model::new(setting);
    stage.screen.draw(|frame| view::draw(&mut model, frame)).map_err(gone)?;
    stage.turn += 1;
    let (turn, tell, begun) = (stage.turn, stage.sender.clone(), stage.sender.clone());
    let starting = std::thread::Builder::new().name("start".to_owned()).spawn(move || {
        let live = start(Box::new(move |news| {
            // Nobody hears it if the screens were closed meanwhile.
            let _ = tell.send(Heard::News(turn, Box::new(news)));
        }));
        let _ = begun.send(Heard::Begun(turn, live));
    });
    starting.map_err(gone)?;
    attend(&mut model, stage).map_err(gone)
}

/// The loop: until something ends it.
fn attend(model: &mut Model, stage: &mut Stage) -> io::Result<Left> {
    let Stage { screen, sender, inbox, turn } = stage;
    let turn = *turn;
    let mut live: Option<Live> = None;
    while let Ok(first) = inbox.recv() {
        let mut wanted: Vec<Effect> = Vec::new();
        for heard in std::iter::once(first).chain(inbox.try_iter().take(AT_ONCE)) {
            match heard {
                Heard::Msg(msg) => wanted.extend(update::update(model, *msg)),
                Heard::News(of, news) if of == turn => wanted.extend(update::update(model, Msg::News(*news))),
                Heard::Begun(of, Ok(begun)) if of == turn => {
                    begun.look(model.spec().clone());
                    live = Some(begun);
                }
                Heard::Begun(of, Err(error)) if of == turn => wanted.extend(update::update(model, Msg::News(News::Failed(error)))),
                // Of a channel, or of a first screen, that was left.
                Heard::News(..) | Heard::Begun(..) | Heard::Setup(_) => {}
            }
        }
        // Of several lists that were asked for in one go only the last one is wanted.
        let last_look = wanted.iter().rposition(|e| matches!(e, Effect::Look(_)));
        for (i, effect) in wanted.into_iter().enumerate() {
            match (effect, &live) {
                (Effect::End(code), _) => return Ok(Left::Ended(code)),
                (Effect::Channels, _) => return Ok(Left::Channels),
                (Effect::Look(spec), Some(live)) if Some(i) == last_look => live.look(spec),
                (Effect::Refresh, Some(live)) => live.refresh(),
                (Effect::Look(_), _) => {}
                (Effect::Refresh, None) => {
                    let error = Error::failure("the engine was not started").hint("end rosterm, and start it again");
                    update::update(model, Msg::News(News::Failed(error)));
                }
                (Effect::Copy(text), _) => screen.copy(&text)?,
                (Effect::Redraw, _) => screen.retake()?,
                (Effect::Suspend, _) => screen.suspend()?,
                (Effect::Seek, _) => drop(sender.send(Heard::Msg(Box::new(Msg::Seek)))),
                (effect, Some(live)) => order(live, model, effect),
                // What needs an engine is not offered before there is one.
                (_, None) => {}
            }
        }
        if model.take_changed() {
            screen.draw(|frame| view::draw(model, frame))?;
        }
    }
    Ok(Left::Ended(crate::error::exit::DONE))
}

/// Lets the engine do what an operator has decided; whatever is not for the engine is left.
pub fn order(live: &Live, model: &Model, effect: Effect) {
    match effect {
        Effect::Approve(who, seen) => live.approve(who, seen),
        Effect::Withdraw(who, seen) => live.withdraw(who, seen),
        Effect::Weigh(who) => live.weigh(who),
        Effect::Propose(only) => live.propose(only),
        Effect::Send(number) => live.send(number),
        Effect::Lift(number, lifted) => live.lift(number, lifted),
        Effect::Rehearse(number) => live.rehearse(number),
        Effect::Resume => live.resume(),
        Effect::Pause(pause) => live.pause(pause),
        Effect::Cancel => live.cancel(),
        Effect::Hold { on, called, reason, seen } => live.hold(Held { snapshot: seen.0, on, called, reason }),
        Effect::Why(subject) => {
            if let Some(snapshot) = model.snapshot.clone() {
                live.why(snapshot, subject);
            }
        }
        Effect::Past(subject) => {
            if let Some(snapshot) = model.snapshot.clone() {
                live.past(&snapshot, subject);
            }
        }
        Effect::Choices { subject, typed, number } => {
            if let Some(snapshot) = model.snapshot.clone() {
                live.choices(snapshot, subject, typed, number);
            }
        }
        Effect::Pair { entry, account, linked, seen } => live.pair(Pairing { snapshot: seen.0, entry, account, linked }),
        Effect::Try(draft) => live.try_out(draft),
        Effect::Cover => {
            if let Some(snapshot) = model.snapshot.clone() {
                live.cover(snapshot);
            }
        }
        Effect::Compare => {
            if let (Some(before), Some(after)) = (model.mapping.configured.clone(), model.snapshot.clone()) {
                live.compare(before, after);
            }
        }
        Effect::ReadAlso(names) => live.read_also(names),
        Effect::ReadFields(names) => live.read_fields(names),
        Effect::Save(file, edits) => live.save(file, edits),
        Effect::Unsave(what) => live.unsave(what),
        Effect::Count(number, edits) => live.count(number, edits),
        Effect::Preview(number, edits) => live.preview(number, edits),
        Effect::TryPolicy(edits) => live.try_policy(edits),
        Effect::StopLooking => live.stop_looking(),
        Effect::Relocate(file, edits) => live.relocate(file, edits),
        Effect::Reread(file) => live.reread(file),
        Effect::Reload(file, fingerprint) => live.reload(file, fingerprint),
        Effect::Rows(run) => live.rows(run),
        Effect::Undo(run) => live.undo(run),
        Effect::Look(_)
        | Effect::Refresh
        | Effect::Copy(_)
        | Effect::Redraw
        | Effect::Suspend
        | Effect::Seek
        | Effect::End(_)
        | Effect::Channels => {}
    }
}
