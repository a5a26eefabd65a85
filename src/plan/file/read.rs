//! Reading a saved plan, row by row.
//!
//! A plan file is what an apply will send, and anybody may have edited it: so nothing in it is taken on trust. The format
//! is exact (an unknown field is an error, because it would mean something to the version that wrote it), the id has to fit
//! the content, no row may send what its situation does not allow, and sizes are limited. What must stay true: no file makes
//! this panic or take memory without bound, and no row is believed before the id at the end was checked.

use super::{Counts, FORMAT, Fingerprint, Header, SourceHead, TargetHead};
use crate::error::{Error, Position, Result};
use crate::model::{Action, Reason, Situation};
use crate::plan::Row;
use crate::text;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The longest plan file, in bytes: two million rows are about 2 GiB.
const LONGEST_FILE: u64 = 4 << 30;
/// The longest line, in bytes. A row is a line, so no row takes more memory than a few times this.
const LONGEST_LINE: usize = 16 << 20;

/// What stands before the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The content id, checked.
    pub id: String,
    /// Everything else but the rows.
    pub header: Header,
    /// How many rows there are.
    pub rows: usize,
}

/// A whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The content id, checked.
    pub id: String,
    /// Everything but the rows.
    pub header: Header,
    /// The rows, in the order of the file.
    pub rows: Vec<Row>,
}

/// A plan file that is open. Passes over it read the same file, also if another one takes its name meanwhile.
#[derive(Debug)]
pub struct PlanFile {
    file: File,
    path: PathBuf,
}

/// Reads a whole document into memory; [`PlanFile::scan`] reads one row after another.
///
/// # Errors
/// As [`PlanFile::scan`].
pub fn read(path: &Path) -> Result<Document> {
    let mut rows = Vec::new();
    let head = PlanFile::open(path)?.scan(|row| {
        rows.push(row);
        Ok(())
    })?;
    Ok(Document { id: head.id, header: head.header, rows })
}

impl PlanFile {
    /// Opens a plain file.
    ///
    /// # Errors
    /// A usage error if there is no such file, or if it is a folder, a device or longer than 4 GiB.
    pub fn open(path: &Path) -> Result<Self> {
        let wrong = |e: io::Error| {
            Error::usage(format!("cannot read the plan {}: {e}", path.display())).hint("name a file that rosterm plan --out FILE has saved")
        };
        let meta = std::fs::metadata(path).map_err(wrong)?;
        if !meta.is_file() {
            return Err(
                Error::usage(format!("{} is not a plain file", path.display())).hint("name a file that rosterm plan --out FILE has saved")
            );
        }
        if meta.len() > LONGEST_FILE {
            return Err(Error::usage(format!("{} is longer than {} GiB, this is no plan", path.display(), LONGEST_FILE >> 30)));
        }
        Ok(PlanFile { file: File::open(path).map_err(wrong)?, path: path.to_owned() })
    }

    /// The open file, for a lock.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Reads the document from its beginning and gives one row after another. What `visit` was given may only be used once
    /// this has ended well: the id is checked at the end.
    ///
    /// # Errors
    /// A usage error with line and column for what is not a plan, or with what to do for one that was changed by hand; the
    /// error of `visit`.
    pub fn scan(&mut self, mut visit: impl FnMut(Row) -> Result<()>) -> Result<Head> {
        let unreadable = |e: io::Error| Error::failure(format!("the plan {} cannot be read: {e}", self.path.display()));
        self.file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let mut stopped = None;
        let mut rows = 0;
        let lines = Lines { inner: (&self.file).take(LONGEST_FILE), line: 0 };
        let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 * 1024, lines));
        let root = Root {
            rows: &mut rows,
            visit: &mut |row| {
                visit(row).map_err(|error| {
                    let told = error.message().to_owned();
                    stopped = Some(error);
                    told
                })
            },
        };
        let read = root.deserialize(&mut json).and_then(|read| json.end().map(|()| read));
        drop(json);
        if let Some(error) = stopped {
            return Err(error);
        }
        let (id, computed, header) = read.map_err(|e| self.told(&e, rows))?;
        if id != computed {
            return Err(Error::usage(format!(
                "{} was changed after it was saved: its content is {computed}, its id says {}",
                self.path.display(),
                text::cut(&id, 40)
            ))
            .hint("only rosterm approve, unapprove and act change a plan; save a new one with rosterm plan --out FILE"));
        }
        Ok(Head { id, header, rows })
    }

    fn told(&self, error: &serde_json::Error, rows: usize) -> Error {
        let name = self.path.display().to_string();
        if error.is_io() {
            return Error::failure(format!("the plan {name} cannot be read: {error}"));
        }
        // What serde_json says ends with the place, which we tell in front; and it may quote the file at any length.
        let said = error.to_string();
        let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(what, _)| what);
        let said = text::cut(said, 300);
        let (line, column) = (error.line(), error.column());
        let place = if rows > 0 { format!("after row {}: ", text::count(rows)) } else { String::new() };
        let (what, hint) = if error.is_eof() {
            (
                format!("the plan ends in the middle: {place}{said}"),
                "it was not saved to its end, or was cut off; save a new one with rosterm plan --out FILE",
            )
        } else {
            (
                format!("this is not a plan that rosterm reads: {place}{said}"),
                "a plan is saved with rosterm plan --out FILE, and changed with rosterm approve only",
            )
        };
        let column = self.characters(line, column).unwrap_or(column).max(1);
        Error::usage(what).at(Position { file: name, line: line.max(1), column }).hint(hint)
    }

    /// The column in characters of byte `column` in a line (both from 1), if the line can still be read.
    fn characters(&self, line: usize, column: usize) -> Option<usize> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0)).ok()?;
        let mut reader = BufReader::new(Lines { inner: file, line: 0 });
        let mut bytes = Vec::new();
        for _ in 0..line {
            bytes.clear();
            reader.read_until(b'\n', &mut bytes).ok()?;
        }
        let before = bytes.get(..column.saturating_sub(1).min(bytes.len()))?;
        Some(String::from_utf8_lossy(before).chars().count() + 1)
    }
}

/// Refuses lines that are too long to be held in memory.
struct Lines<R> {
    inner: R,
    line: usize,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        let bytes = &buffer[..n];
        self.line = memchr::memrchr(b'\n', bytes).map_or(self.line + n, |at| n - at - 1);
        if self.line > LONGEST_LINE {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("a line is longer than {} MiB; a plan has one row a line", LONGEST_LINE >> 20),
            ));
        }
        Ok(n)
    }
}

struct Root<'v> {
    rows: &'v mut usize,
    visit: &'v mut dyn FnMut(Row) -> std::result::Result<(), String>,
}

/// The id that stands there, the one that the content has, the head.
type Found = (String, String, Header);

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = Found;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Found, D::Error> {
        deserializer.deserialize_map(self)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Format,
    Id,
    Channel,
    Created,
    Config,
    Source,
    Target,
    Counts,
    UndoOf,
    Rows,
}

#[derive(Default)]
struct Parts {
    format: Option<String>,
    id: Option<String>,
    channel: Option<String>,
    created: Option<String>,
    config: Option<String>,
    source: Option<SourceHead>,
    target: Option<TargetHead>,
    counts: Option<Counts>,
    undo_of: Option<i64>,
}

impl Parts {
    /// The head, once everything of it was read.
    fn head(&mut self) -> std::result::Result<(String, Header), &'static str> {
        self.format.take().ok_or("format")?;
        let id = self.id.take().ok_or("id")?;
        Ok((
            id,
            Header {
                channel: self.channel.take().ok_or("channel")?,
                created: self.created.take().ok_or("created")?,
                config: self.config.take().ok_or("config")?,
                source: self.source.take().ok_or("source")?,
                target: self.target.take().ok_or("target")?,
                counts: self.counts.take().ok_or("counts")?,
                undo_of: self.undo_of.take(),
            },
        ))
    }
}

fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    slot: &mut Option<T>,
    name: &'static str,
    map: &mut A,
) -> std::result::Result<(), A::Error> {
    if slot.is_some() {
        return Err(A::Error::duplicate_field(name));
    }
    *slot = Some(map.next_value()?);
    Ok(())
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a document of the format {FORMAT}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Found, A::Error> {
        let mut parts = Parts::default();
        let Root { rows, visit } = self;
        let mut found = None;
        while let Some(key) = map.next_key::<Key>()? {
            if found.is_some() {
                return Err(A::Error::custom("the rows have to come last: another program has rewritten the document"));
            }
            match key {
                Key::Format => {
                    once(&mut parts.format, "format", &mut map)?;
                    let format = parts.format.as_deref().unwrap_or_default();
                    if format != FORMAT {
                        return Err(A::Error::custom(format_args!("the format is `{format}`, this version reads `{FORMAT}`")));
                    }
                }
                Key::Id => once(&mut parts.id, "id", &mut map)?,
                Key::Channel => once(&mut parts.channel, "channel", &mut map)?,
                Key::Created => once(&mut parts.created, "created", &mut map)?,
                Key::Config => once(&mut parts.config, "config", &mut map)?,
                Key::Source => once(&mut parts.source, "source", &mut map)?,
                Key::Target => once(&mut parts.target, "target", &mut map)?,
                Key::Counts => once(&mut parts.counts, "counts", &mut map)?,
                Key::UndoOf => once(&mut parts.undo_of, "undo_of", &mut map)?,
                Key::Rows => {
                    let (id, header) = parts.head().map_err(|name| {
                        A::Error::custom(format_args!("`{name}` has to stand before the rows: another program has rewritten the document"))
                    })?;
                    let mut fingerprint = Fingerprint::new(&header);
                    let is_undo = header.undo_of.is_some();
                    map.next_value_seed(Rows { seen: &mut *rows, visit: &mut *visit, fingerprint: &mut fingerprint, is_undo })?;
                    found = Some((id, fingerprint.id(), header));
                }
            }
        }
        found.ok_or_else(|| A::Error::missing_field("rows"))
    }
}

struct Rows<'v> {
    seen: &'v mut usize,
    visit: &'v mut dyn FnMut(Row) -> std::result::Result<(), String>,
    fingerprint: &'v mut Fingerprint,
    /// The plan takes a run back: its rows go the other way.
    is_undo: bool,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<(), A::Error> {
        while let Some(mut row) = list.next_element::<Row>()? {
            sound(&row, self.is_undo).map_err(A::Error::custom)?;
            self.fingerprint.row(&mut row);
            *self.seen += 1;
            (self.visit)(row).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// Whether a row may send what it says: no document of ours breaks this, and one that does is not believed whatever its id.
fn sound(row: &Row, is_undo: bool) -> std::result::Result<(), String> {
    let allowed = match row.action {
        Action::None => !row.approved,
        // Nothing is created or deleted to take something back, and whoever is meant has an account.
        _ if is_undo => row.account.is_some() && matches!(row.action, Action::Update | Action::Enable | Action::Disable),
        Action::Create => row.situation == Situation::New && row.entry.is_some() && row.account.is_none(),
        Action::Update => row.situation == Situation::Changed && row.account.is_some(),
        Action::Enable => row.situation == Situation::Returning && row.account.is_some(),
        Action::Disable | Action::Delete => {
            let by_hand = row.situation == Situation::Unmatched && row.reason == Some(Reason::NeverLinked);
            (row.situation == Situation::Leaving || by_hand) && row.account.is_some()
        }
        Action::Link => matches!(row.situation, Situation::InSync | Situation::Left) && row.entry.is_some() && row.account.is_some(),
    };
    if !allowed {
        let what = if row.action == Action::None { "approves nothing to send".to_owned() } else { format!("says {}", row.action.code()) };
        return Err(format!("the row of {} is {} and {what}, which cannot be", row.called(), row.situation.words()));
    }
    if row.entry.is_none() && row.account.is_none() {
        return Err(format!("the row of {} has neither an entry nor an account", row.called()));
    }
    if (row.situation == Situation::Held) != row.hold.is_some() {
        return Err(format!("the row of {} is {}, which does not fit its hold", row.called(), row.situation.words()));
    }
    Ok(())
}
