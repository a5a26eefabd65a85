//! The terminal while it is ours: raw, on its other screen, and given back as it was, whatever ends us.
//!
//! A frame goes out in one write between the marks of a synchronized update, so that no terminal shows half of one. What
//! must stay true: whoever leaves, by the front door, a panic or a signal, leaves a terminal that can be typed on.

use crate::telemetry::redacted;
use crate::text::clean;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::style::{Print, ResetColor};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use ratatui::crossterm::{execute, queue};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};
use rustix::process::{Signal, kill_current_process_group};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is written before it goes out.
const BUFFER: usize = 64 * 1024;

/// True while the terminal is ours.
static OURS: AtomicBool = AtomicBool::new(false);

/// True if clicks and the wheel are ours too while the terminal is.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Clicks and wheel, with places beyond column 223 (xterm's 1000 and 1006). `EnableMouseCapture` would ask for every movement
/// too, and wake us for each.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// The end of a process that panicked.
const PANICKED: i32 = 101;

/// Collects what is written, and lets a flush through only where one is meant.
struct Outlet {
    file: File,
    bytes: Vec<u8>,
    /// A frame is being written: it goes out as a whole.
    holding: Rc<Cell<bool>>,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.holding.get() {
            return Ok(());
        }
        let told = self.file.write_all(&self.bytes);
        self.bytes.clear();
        told
    }
}

/// The terminal.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Outlet>>,
    holding: Rc<Cell<bool>>,
}

impl Screen {
    /// Takes the terminal: stdout must be one.
    ///
    /// # Errors
    /// Where it can't be taken.
    pub fn take() -> io::Result<Self> {
        restore_on_panic();
        let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let holding = Rc::new(Cell::new(false));
        let outlet = Outlet { file, bytes: Vec::with_capacity(BUFFER), holding: Rc::clone(&holding) };
        enter()?;
        let terminal = Terminal::new(CrosstermBackend::new(outlet))?;
        Ok(Screen { terminal, holding })
    }

    /// Takes the mouse too: clicks and the wheel are told from here on, and the terminal selects text only with Shift or the like.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn take_mouse(&mut self) -> io::Result<()> {
        MOUSE.store(true, Ordering::SeqCst);
        execute!(io::stdout(), Print(MOUSE_ON))
    }

    /// Draws a frame, in one piece.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.holding.set(true);
        let drawn = queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)
            .and_then(|()| self.terminal.draw(paint).map(|_| ()))
            .and_then(|()| queue!(self.terminal.backend_mut(), EndSynchronizedUpdate));
        self.holding.set(false);
        drawn.and_then(|()| Write::flush(self.terminal.backend_mut()))
    }

    /// Forgets what is on the terminal: the next frame draws everything.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn forget(&mut self) -> io::Result<()> {
        // `Terminal::clear` would ask the terminal where its cursor is, and wait for an answer that the input thread takes.
        let (width, height) = size()?;
        self.terminal.resize(Rect::new(0, 0, width, height))
    }

    /// Takes the terminal again after something else had it.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn retake(&mut self) -> io::Result<()> {
        // Its mode may be another one than we left it in.
        disable_raw_mode()?;
        enter()?;
        self.forget()
    }

    /// Gives the terminal back and stops the process, as Ctrl-Z does elsewhere, until the shell wakes it.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // The whole group, so that whatever started us stops too. It arrives before this returns: the signal goes to the
        // main thread, which is this one.
        kill_current_process_group(Signal::TSTP)?;
        self.retake()
    }

    /// Puts a text on the clipboard of whoever sits at the terminal, by OSC 52 (xterm's control sequences).
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        let out = self.terminal.backend_mut();
        write!(out, "\x1b]52;c;{encoded}\x07")?;
        Write::flush(out)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter() -> io::Result<()> {
    OURS.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    let mouse = if MOUSE.load(Ordering::SeqCst) { MOUSE_ON } else { "" };
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Print(mouse), Hide)
}

/// Gives the terminal back as it was; does nothing if it is not ours.
fn give_back() {
    if OURS.swap(false, Ordering::SeqCst) {
        // Whatever of it works: there is nobody left to tell.
        let mouse = if MOUSE.load(Ordering::SeqCst) { MOUSE_OFF } else { "" };
        let _ = execute!(io::stdout(), EndSynchronizedUpdate, ResetColor, Print(mouse), DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// From here on a panic in any thread gives the terminal back, says what happened and ends the process: a screen whose
/// engine is gone would stand still for ever.
fn restore_on_panic() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !OURS.load(Ordering::SeqCst) {
                return before(info);
            }
            give_back();
            let payload = info.payload();
            let words = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            let what = words.unwrap_or("a panic without words");
            let place = info.location().map(|l| format!(" at {}:{}", l.file(), l.line())).unwrap_or_default();
            let text = redacted(&format!("rosterm: a fault of the program ended it{place}: {what}"));
            let _ =
                writeln!(io::stderr(), "{}\n  hint: whatever was sent is written down, and the next run finishes what was left; start it again, with --log FILE if it happens again", clean(&text));
            std::process::exit(PANICKED);
        }));
    });
}
