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

use crate::engine::{Held, Live, News};
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
    /// The engine is at work, or could not be started.
    Begun(Result<Live>),
    /// The first screen has come further.
    Setup(Box<setup::Msg>),
}

/// The terminal, and everything that is heard while it is ours: taken once, whatever is shown on it in turn.
pub struct Stage {
    screen: Screen,
    sender: Sender<Heard>,
    inbox: Receiver<Heard>,
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
        Ok(Stage { screen, sender, inbox })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is the last thing that is done with it")]
fn gone(e: io::Error) -> Error {
    Error::failure(format!("the terminal cannot be used: {e}"))
}

/// Opens the screens, starts the engine behind the first frame, and gives the exit code when they are closed. `start` may
/// take its time: it runs on a thread of its own.
///
/// # Errors
/// Where the terminal can't be taken or goes away.
pub fn run(setting: Setting, runtime: &Handle, start: impl FnOnce(Tell) -> Result<Live> + Send + 'static) -> Result<u8> {
    run_on(Stage::take(runtime)?, setting, start)
}

/// The same on a terminal that is ours already.
///
/// # Errors
/// Where the terminal goes away.
pub fn run_on(stage: Stage, setting: Setting, start: impl FnOnce(Tell) -> Result<Live> + Send + 'static) -> Result<u8> {
    let Stage { mut screen, sender, inbox } = stage;
    let mut model = Model::new(setting);
    screen.draw(|frame| view::draw(&mut model, frame)).map_err(gone)?;
    let (tell, begun) = (sender.clone(), sender.clone());
    let starting = std::thread::Builder::new().name("start".to_owned()).spawn(move || {
        let live = start(Box::new(move |news| {
            // Nobody hears it if the screens were closed meanwhile.
            let _ = tell.send(Heard::Msg(Box::new(Msg::News(news))));
        }));
        let _ = begun.send(Heard::Begun(live));
    });
    starting.map_err(gone)?;
    let told = attend(&mut model, &mut screen, &sender, &inbox).map_err(gone);
    drop(screen);
    told
}

/// The loop: until something ends it, with the exit code.
fn attend(model: &mut Model, screen: &mut Screen, sender: &Sender<Heard>, inbox: &Receiver<Heard>) -> io::Result<u8> {
    let mut live: Option<Live> = None;
    while let Ok(first) = inbox.recv() {
        let mut wanted: Vec<Effect> = Vec::new();
        for heard in std::iter::once(first).chain(inbox.try_iter().take(AT_ONCE)) {
            match heard {
                Heard::Msg(msg) => wanted.extend(update::update(model, *msg)),
                Heard::Begun(Ok(begun)) => {
                    begun.look(model.spec().clone());
                    live = Some(begun);
                }
                // Whatever the first screen still waited for.
                Heard::Setup(_) => {}
                Heard::Begun(Err(error)) => wanted.extend(update::update(model, Msg::News(News::Failed(error)))),
            }
        }
        // Of several lists that were asked for in one go only the last one is wanted.
        let last_look = wanted.iter().rposition(|e| matches!(e, Effect::Look(_)));
        for (i, effect) in wanted.into_iter().enumerate() {
            match (effect, &live) {
                (Effect::End(code), _) => return Ok(code),
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
    Ok(crate::error::exit::DONE)
}

/// Lets the engine do what an operator has decided; whatever is not for the engine is left.
pub fn order(live: &Live, model: &Model, effect: Effect) {
    match effect {
        Effect::Approve(who, shown) => {
            if let Some(seen) = model.snapshot.clone() {
                live.approve(who, shown, seen);
            }
        }
        Effect::Withdraw(who) => live.withdraw(who),
        Effect::Weigh(rows) => live.weigh(rows),
        Effect::Propose(only) => live.propose(only),
        Effect::Send(number) => live.send(number),
        Effect::Resume => live.resume(),
        Effect::Pause(pause) => live.pause(pause),
        Effect::Cancel => live.cancel(),
        Effect::Hold { on, called, reason } => {
            if let Some(snapshot) = model.snapshot.clone() {
                live.hold(Held { snapshot, on, called, reason });
            }
        }
        Effect::Try(draft) => live.try_out(draft),
        Effect::Save(file, edits) => live.save(file, edits),
        Effect::Rows(run) => live.rows(run),
        Effect::Undo(run) => live.undo(run),
        Effect::Look(_) | Effect::Refresh | Effect::Copy(_) | Effect::Redraw | Effect::Suspend | Effect::Seek | Effect::End(_) => {}
    }
}
