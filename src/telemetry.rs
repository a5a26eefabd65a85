//! The log: to a file, never to the terminal that the screens own, and never with a secret in it.

use crate::error::{Error, Result};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock};

static SECRETS: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Makes `secret` unprintable in the log and on stderr from now on.
pub fn redact(secret: &str) {
    let mut known = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    if secret.len() >= 3 && !known.iter().any(|s| s == secret) {
        known.push(secret.to_owned());
        // The longest first: a secret that contains another must not be cut open.
        known.sort_by_key(|s| std::cmp::Reverse(s.len()));
    }
}

/// `text` with every known secret replaced by `***`.
#[must_use]
pub fn redacted(text: &str) -> String {
    let known = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    known
        .iter()
        .fold(text.to_owned(), |text, secret| if text.contains(secret.as_str()) { text.replace(secret.as_str(), "***") } else { text })
}

struct Redacting<W>(W);

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(redacted(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Starts logging to `path` (appended, readable by its owner only). `verbose` 0 logs what matters, 1 each request, 2 everything of ours.
///
/// # Errors
/// Where the file can't be opened.
pub fn log_to(path: &Path, verbose: u8) -> Result<()> {
    use tracing_subscriber::layer::SubscriberExt;
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options
        .open(path)
        .map_err(|e| Error::usage(format!("cannot open the log {}: {e}", path.display())).hint("name another file with --log"))?;
    let level = match verbose {
        0 => tracing::Level::INFO,
        1 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Mutex::new(Redacting(file)));
    // Only our own lines: a library's debug output may quote what it sends.
    let ours = tracing_subscriber::filter::Targets::new().with_target("rosterm", level);
    let subscriber = tracing_subscriber::registry().with(tracing_subscriber::Layer::with_filter(layer, ours));
    tracing::subscriber::set_global_default(subscriber).map_err(|e| Error::failure(format!("cannot start the log: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_secret_never_reaches_the_writer() {
        redact("hunter2");
        redact("hunter2-and-more");
        let mut out = Vec::new();
        Redacting(&mut out).write_all(b"bind with hunter2-and-more, then hunter2\n").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "bind with ***, then ***\n");
    }
}
