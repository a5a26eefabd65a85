//! Where a value stands, and how much of its line may be shown.

use crate::error::{Error, Excerpt, Position};
use std::ops::Range;
use std::rc::Rc;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands in its file.
    pub at: Position,
    /// The line that it stands on, with the value marked.
    pub excerpt: Excerpt,
}

impl<T> Located<T> {
    /// A usage error about this value, with its line and a caret.
    pub fn error(&self, message: impl Into<String>) -> Error {
        Error::usage(message).at(self.at.clone()).excerpt(self.excerpt.clone())
    }

    /// A value that stands in no file.
    #[must_use]
    pub fn nowhere(value: T) -> Self {
        let at = Position { file: String::new(), line: 1, column: 1 };
        Located { value, at, excerpt: Excerpt { line: String::new(), start: 0, length: 1 } }
    }

    /// The same place without the value that stands there: it may be a secret.
    #[must_use]
    pub fn without_value(self) -> Self {
        Located { excerpt: key_only(self.excerpt), ..self }
    }

    /// The same place with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Located<U> {
        Located { value: f(self.value), at: self.at, excerpt: self.excerpt }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Place {
    pub file: Rc<str>,
    pub text: Rc<str>,
    pub span: Range<usize>,
    /// Nothing on its line can be a secret.
    pub harmless: bool,
}

impl Place {
    pub fn locate<T>(&self, value: T) -> Located<T> {
        Located {
            value,
            at: Position::of_offset(&self.file, &self.text, self.span.start),
            excerpt: excerpt(&self.text, self.span.clone(), self.harmless),
        }
    }
}

/// The line of a span, whole where nothing on it can be a secret; else its key alone. A secret in plain text is wrong in this
/// file, but it happens, under misspelt keys and in wrong places too. A line with an inline table holds more than the value that
/// is meant, so it is never shown whole.
pub(super) fn excerpt(text: &str, span: Range<usize>, whole: bool) -> Excerpt {
    let excerpt = Excerpt::of_span(text, span);
    if whole && !excerpt.line.contains('{') {
        return excerpt;
    }
    key_only(excerpt)
}

/// A line with its value left out.
fn key_only(mut excerpt: Excerpt) -> Excerpt {
    match excerpt.line.split_once('=') {
        Some((key, _)) => excerpt.line = format!("{key}= …"),
        // The head of a table; a list in a list may hold anything.
        None if excerpt.line.trim_start().starts_with('[') && !excerpt.line.contains(['"', '\'']) => {}
        None => excerpt.line = "…".to_owned(),
    }
    excerpt.start = excerpt.start.min(excerpt.line.chars().count().saturating_sub(1));
    excerpt.length = excerpt.length.clamp(1, (excerpt.line.chars().count() - excerpt.start).max(1));
    excerpt
}

/// True where a value can't be a secret: everywhere but directly in a source or a target, and there for these keys.
pub(super) fn is_harmless(path: &str) -> bool {
    const KEYS: [&str; 13] = [
        "type",
        "path",
        "url",
        "vendor",
        "start_tls",
        "bind_dn",
        "page_size",
        "timeout",
        "connector",
        "base_url",
        "match",
        "concurrency",
        "requests_per_second",
    ];
    let mut steps = path.split('.');
    match (steps.next(), steps.nth(1), steps.next(), steps.next()) {
        // channels.NAME.source.KEY and what lies below a key there, but for the two tables that are known.
        (Some("channels"), Some("source"), Some("location" | "settings"), _) => true,
        (Some("channels"), Some("source" | "target"), Some(key), None) => KEYS.contains(&key),
        (Some("channels"), Some("source" | "target"), Some(_), Some(_)) => false,
        _ => true,
    }
}
