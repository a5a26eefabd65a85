//! What comes in from outside of the program: keys, pastes, sizes, signals. Threads and tasks that sleep until there is
//! something, and only send.

use super::layout::fits;
use super::msg::Msg;
use ratatui::crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind, read};
use ratatui::crossterm::terminal::size;
use rustix::process::Signal;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};

/// The exit code of a program that a signal ended, as shells count.
const SIGNALLED: u8 = 128;

/// Reads the terminal on a thread of its own until it goes away.
pub(super) fn listen(send: impl Fn(Msg) -> bool + Send + 'static) {
    let spawned = std::thread::Builder::new().name("input".to_owned()).spawn(move || {
        loop {
            let heard = read();
            if heard.as_ref().is_ok_and(is_blind) {
                continue;
            }
            let msg = match heard {
                Ok(Event::Key(key)) if matches!(key.kind, KeyEventKind::Press | KeyEventKind::Repeat) => Msg::Key(key),
                Ok(Event::Mouse(event)) if is_meant(event.kind) => Msg::Mouse(event),
                Ok(Event::Paste(text)) => Msg::Paste(text),
                Ok(Event::Resize(width, height)) => Msg::Resize(width, height),
                Ok(_) => continue,
                Err(_) => Msg::End(crate::error::exit::FAILURE),
            };
            let ends = matches!(msg, Msg::End(_));
            if !send(msg) || ends {
                return;
            }
        }
    });
    debug_assert!(spawned.is_ok());
}

/// True for what somebody does who cannot see what it would be done to, as the terminal is too small to show anything. They can still
/// end, and give the terminal to the shell.
fn is_blind(event: &Event) -> bool {
    let is_done = match event {
        Event::Key(key) => !(key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c' | 'l' | 'z'))),
        Event::Paste(_) | Event::Mouse(_) => true,
        _ => false,
    };
    is_done && size().is_ok_and(|(width, height)| !fits(width, height))
}

/// True for what the mouse does on purpose: moving it is nothing to wake up for.
fn is_meant(kind: MouseEventKind) -> bool {
    matches!(kind, MouseEventKind::Down(MouseButton::Left) | MouseEventKind::ScrollDown | MouseEventKind::ScrollUp)
}

/// Tells of the signals that end us, and of the one that says that we go on.
pub(super) fn watch_signals(runtime: &Handle, send: impl Fn(Msg) -> bool + Clone + Send + 'static) {
    let code = |s: Signal| SIGNALLED.saturating_add(u8::try_from(s.as_raw()).unwrap_or(0));
    let kinds = [Signal::TERM, Signal::HUP, Signal::INT, Signal::CONT];
    for kind in kinds {
        let send = send.clone();
        runtime.spawn(async move {
            let Ok(mut stream) = signal(SignalKind::from_raw(kind.as_raw())) else { return };
            while stream.recv().await.is_some() {
                let msg = if kind == Signal::CONT { Msg::Resumed } else { Msg::End(code(kind)) };
                if !send(msg) {
                    return;
                }
            }
        });
    }
}
