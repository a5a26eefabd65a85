//! Errors as an operator needs them: what kind, what failed and where, and what to do about it.
//!
//! One type for the whole crate: a [`Kind`] (from which the exit code follows, in one place), a message that names the
//! user, field, file and line it is about, an optional excerpt with a caret, and a hint in the imperative.
//! Messages are lower-case fragments; causes are chained with `: `. Nothing in here may hold a secret.

use std::fmt;

/// What sort of failure this is. The exit code of a command follows from it (design: section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The command line or the configuration is wrong; nothing was contacted or changed. Exit code 2.
    Usage,
    /// A server could not be reached, refused us, or answered with something unusable. Exit code 1.
    Failure,
    /// A guard refused to go on. Exit code 4.
    Refused,
    /// A read ended before it was complete. Exit code 5.
    Incomplete,
    /// Somebody has to approve it first. Exit code 7.
    Approval,
}

impl Kind {
    /// The exit code for a command that ends with this kind of error.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failure => exit::FAILURE,
            Kind::Usage => exit::USAGE,
            Kind::Refused => exit::REFUSED,
            Kind::Incomplete => exit::INCOMPLETE,
            Kind::Approval => exit::APPROVAL,
        }
    }
}

/// The documented exit codes. Where several hold, [`exit::worst`] picks the one that is told.
pub mod exit {
    /// Done, nothing left to do.
    pub const DONE: u8 = 0;
    /// A failure.
    pub const FAILURE: u8 = 1;
    /// Wrong usage or configuration.
    pub const USAGE: u8 = 2;
    /// Changes are pending.
    pub const PENDING: u8 = 3;
    /// Refused by a guard.
    pub const REFUSED: u8 = 4;
    /// A read was incomplete.
    pub const INCOMPLETE: u8 = 5;
    /// Applied, but some rows failed or were stale.
    pub const PARTLY: u8 = 6;
    /// An approval is needed.
    pub const APPROVAL: u8 = 7;

    /// Of two codes that both hold, the one to report: the first of 2, 1, 5, 4, 6, 7, 3, 0.
    #[must_use]
    pub fn worst(a: u8, b: u8) -> u8 {
        const ORDER: [u8; 8] = [USAGE, FAILURE, INCOMPLETE, REFUSED, PARTLY, APPROVAL, PENDING, DONE];
        let rank = |code| ORDER.iter().position(|c| *c == code).unwrap_or(0);
        if rank(a) <= rank(b) { a } else { b }
    }
}

/// A place in a text file. Lines and columns count from 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The file's name as the operator gave it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The position of byte `offset` in `text` (an offset past the end is the end).
    #[must_use]
    pub fn of_offset(file: &str, text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Position { file: file.to_owned(), line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One line of a text with the part that is wrong: shown with a caret under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line as it stands.
    pub line: String,
    /// First marked character, from 0.
    pub start: usize,
    /// How many characters are marked, at least 1.
    pub length: usize,
}

impl Excerpt {
    /// The line of `text` that holds byte `span.start`, marked up to `span.end` or the end of that line.
    #[must_use]
    pub fn of_span(text: &str, span: std::ops::Range<usize>) -> Self {
        let at = Position::of_offset("", text, span.start);
        let line = text.lines().nth(at.line - 1).unwrap_or("").to_owned();
        let left = line.chars().count().saturating_sub(at.column - 1);
        let marked = text.get(span).map_or(1, |s| s.chars().count());
        Excerpt { line, start: at.column - 1, length: marked.clamp(1, left.max(1)) }
    }
}

/// An error with everything an operator needs to act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    message: String,
    at: Option<Box<Position>>,
    excerpt: Option<Box<Excerpt>>,
    hint: Option<String>,
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind`; `message` says what failed, on which user, field, host or file.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), at: None, excerpt: None, hint: None }
    }

    /// Wrong usage or configuration.
    pub fn usage(message: impl Into<String>) -> Self {
        Error::new(Kind::Usage, message)
    }

    /// Something outside failed.
    pub fn failure(message: impl Into<String>) -> Self {
        Error::new(Kind::Failure, message)
    }

    /// Adds where it is.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.at = Some(Box::new(position));
        self
    }

    /// Adds the line it is about.
    #[must_use]
    pub fn excerpt(mut self, excerpt: Excerpt) -> Self {
        self.excerpt = Some(Box::new(excerpt));
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts `context: ` in front of the message.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// What sort of error this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What failed, on one line, without position, excerpt and hint.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do, if there is something.
    #[must_use]
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The line that it is about, with what is wrong in it marked.
    #[must_use]
    pub fn marked(&self) -> Option<&Excerpt> {
        self.excerpt.as_deref()
    }

    /// Where it is, if it is in a file.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        self.at.as_deref()
    }
}

impl fmt::Display for Error {
    /// `file:line:column: message`, then the excerpt with its caret, then the hint, each on lines of their own.
    /// Everything is cleaned for a terminal: messages may carry what a server or a file said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.at {
            write!(f, "{}: ", crate::text::clean(&at.to_string()))?;
        }
        write!(f, "{}", crate::text::clean(&self.message))?;
        if let Some(excerpt) = &self.excerpt {
            let line = crate::text::clean(&excerpt.line);
            let indent = crate::text::width_of_chars(&line, excerpt.start);
            write!(f, "\n    {line}\n    {}{}", " ".repeat(indent), "^".repeat(excerpt.length))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {}", crate::text::clean(hint))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// The message of an error and of all its causes, joined with `: `, repetitions left out.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let words = next.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_that_is_told_follows_the_documented_order() {
        for (a, b, told) in [(0, 3, 3), (3, 5, 5), (5, 1, 1), (1, 2, 2), (4, 5, 5), (6, 4, 4), (7, 6, 6), (7, 3, 7)] {
            assert_eq!(exit::worst(a, b), told);
            assert_eq!(exit::worst(b, a), told);
        }
    }

    #[test]
    fn an_excerpt_marks_the_span_under_its_line() {
        let text = "one\ntwo = wrong\n";
        let error = Error::usage("no such word")
            .at(Position::of_offset("a.toml", text, 10))
            .excerpt(Excerpt::of_span(text, 10..15))
            .hint("write another");
        assert_eq!(error.to_string(), "a.toml:2:7: no such word\n    two = wrong\n          ^^^^^\n  hint: write another");
    }
}
