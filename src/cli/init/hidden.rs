//! A line typed on a terminal that may be a secret: each character is a star, and the terminal is as before whatever ends it.
//!
//! Nobody should type a secret where its place is asked for; some do, and then it must not stand on the screen, in what scrolls
//! away above it, or in a recording of the terminal.

use crate::error::{Error, Result};
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::io::{self, Read, Write};

/// The longest that is taken, in bytes: no place of a secret is longer.
const LONGEST: usize = 4096;

/// The terminal as it was, to be given back.
struct Quiet(Termios);

impl Quiet {
    /// Every key comes by itself, nothing is echoed, and ctrl-c is a key like others: it must not leave the terminal like this.
    fn take() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ISIG | LocalModes::IEXTEN);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &modes).ok()?;
        Some(Quiet(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// What a key comes to.
#[derive(Debug, PartialEq, Eq)]
enum Typed {
    /// More is typed.
    On,
    /// The line is done.
    Line,
    /// There is no more to come.
    End,
    /// Whoever typed it wants to end.
    Stop,
}

/// A line that is being typed. How many stars are seen is how many characters it has.
#[derive(Debug, Default)]
struct Line(Vec<u8>);

impl Line {
    fn stars(&self) -> usize {
        String::from_utf8_lossy(&self.0).chars().count()
    }

    fn key(&mut self, byte: u8) -> Typed {
        match byte {
            b'\n' | b'\r' => return Typed::Line,
            0x03 | 0x1c => return Typed::Stop,
            0x04 if self.0.is_empty() => return Typed::End,
            // Backspace: a whole character.
            0x08 | 0x7f => while self.0.pop().is_some_and(|b| b & 0xc0 == 0x80) {},
            // ctrl-u and ctrl-w: everything.
            0x15 | 0x17 => self.0.clear(),
            // What moves a cursor means nothing where nothing is seen.
            0..0x20 => {}
            _ if self.0.len() < LONGEST => self.0.push(byte),
            _ => {}
        }
        Typed::On
    }
}

/// What came of a line.
pub(super) enum Said {
    /// It.
    Line(String),
    /// There is no more to come.
    End,
    /// Stdin is no terminal after all: nothing was put, and nothing was read.
    NoTerminal,
}

/// Puts a prompt and reads a line without showing it.
///
/// # Errors
/// Where the terminal can't be read.
pub(super) fn read(prompt: &str) -> Result<Said> {
    // Before the prompt: whoever answers at once is not seen either.
    let Some(quiet) = Quiet::take() else { return Ok(Said::NoTerminal) };
    let mut line = Line::default();
    let mut shown = 0;
    let (mut stdin, mut out) = (io::stdin().lock(), io::stderr().lock());
    let mut byte = [0];
    let _ = write!(out, "{prompt}").and_then(|()| out.flush());
    loop {
        let n = stdin.read(&mut byte).map_err(|e| Error::failure(format!("stdin cannot be read: {e}")))?;
        let typed = if n == 0 { Typed::End } else { line.key(byte[0]) };
        let stars = line.stars();
        let more = if stars >= shown { "*".repeat(stars - shown) } else { "\u{8} \u{8}".repeat(shown - stars) };
        shown = stars;
        let _ = write!(out, "{more}").and_then(|()| out.flush());
        if typed == Typed::On {
            continue;
        }
        let _ = writeln!(out);
        drop(quiet);
        if typed == Typed::Stop {
            // As if it had not been a key here.
            let _ = kill_process(getpid(), Signal::INT);
        }
        let text = String::from_utf8_lossy(&line.0).into_owned();
        return Ok(if typed == Typed::Line { Said::Line(text) } else { Said::End });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_one_by_one_and_count_as_stars() {
        for (keys, text, stars, ended) in [
            (&b"env:X\n"[..], "env:X", 5, Typed::Line),
            (b"abc\x7f\x08d\r", "ad", 2, Typed::Line),
            ("aé\u{7f}".as_bytes(), "a", 1, Typed::On),
            ("aéü".as_bytes(), "aéü", 3, Typed::On),
            (b"\x7f\x7f", "", 0, Typed::On),
            (b"hunter2\x15env:Y\n", "env:Y", 5, Typed::Line),
            (b"\x04", "", 0, Typed::End),
            (b"a\x04\n", "a", 1, Typed::Line),
            (b"a\x1b\t\x1a\n", "a", 1, Typed::Line),
            (b"a\x03", "a", 1, Typed::Stop),
        ] {
            let mut line = Line::default();
            let last = keys.iter().map(|byte| line.key(*byte)).last();
            assert_eq!((String::from_utf8_lossy(&line.0).as_ref(), line.stars(), last), (text, stars, Some(ended)), "{keys:?}");
        }
        let mut line = Line::default();
        for _ in 0..2 * LONGEST {
            line.key(b'x');
        }
        assert_eq!(line.stars(), LONGEST);
    }
}
