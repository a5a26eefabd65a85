//! The transport under the LDAP client: our own socket on one side, the client library on the other end of a socket pair.
//!
//! The library trusts what it reads: it reserves what a length claims, recurses as deep as elements nest, queues without
//! bound, and panics on what it does not expect. So each message of the server is checked here before it is passed on: its
//! size, its shape ([`message`]), and that it answers a request that is open with an operation that fits. A refusal ends
//! the connection, and its reason can be asked for afterwards; so can any other end. Also here, because everything passes
//! here: the limit on silence, and back-pressure (no more than [`WINDOW`] bytes of entries wait to be taken).

pub mod message;

use message::{Message, Op, Refusal};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The longest message that is accepted, in bytes.
pub const MAX_MESSAGE: usize = 8 << 20;

/// The longest message while the members of a group are read: one entry, but one that may name everybody.
pub const MAX_GROUP_MESSAGE: usize = 64 << 20;

/// Bytes of entries that may wait in the client library; one message or one read of the socket may come on top.
const WINDOW: usize = 2 << 20;

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The server closed it.
    Closed,
    /// The server said that it would, and why.
    Notice(String),
    /// The network failed.
    Io(String),
    /// The server sent something that is not valid.
    Refused(String),
    /// The server owed an answer and said nothing for this long.
    Silent(Duration),
}

/// The guarded connection as seen from the client's side.
#[derive(Debug, Clone)]
pub struct Watch(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    end: OnceLock<End>,
    open: Mutex<Open>,
    /// Search messages that the client has taken from the library.
    taken: AtomicU64,
    room: Notify,
    asked: Notify,
    limit: AtomicUsize,
}

/// The requests that are open, and since when the server has been owing.
#[derive(Debug)]
struct Open {
    requests: HashMap<u32, Request>,
    last: Instant,
    /// True while the client, not the server, is what everything waits for.
    paused: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Bind,
    Search,
    Extended,
}

impl Watch {
    /// How the connection ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        self.0.end.get()
    }

    /// Says that one search message was taken from the client library.
    pub fn took_one(&self) {
        self.0.taken.fetch_add(1, Ordering::Release);
        self.0.room.notify_one();
    }

    /// Changes how long a message may be.
    pub fn set_limit(&self, bytes: usize) {
        self.0.limit.store(bytes, Ordering::Relaxed);
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts a guard on `net`. The other end of the socket pair is for the client library.
///
/// # Errors
/// Where no socket pair can be made.
pub fn start<S>(net: S, silence: Duration) -> io::Result<(StdUnixStream, Watch)>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (ours, theirs) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let app = UnixStream::from_std(ours)?;
    let shared = Arc::new(Shared {
        end: OnceLock::new(),
        open: Mutex::new(Open { requests: HashMap::new(), last: Instant::now(), paused: false }),
        taken: AtomicU64::new(0),
        room: Notify::new(),
        asked: Notify::new(),
        limit: AtomicUsize::new(MAX_MESSAGE),
    });
    tokio::spawn(pump(net, app, Arc::clone(&shared), silence));
    Ok((theirs, Watch(shared)))
}

async fn pump<S: AsyncRead + AsyncWrite + Send + Unpin>(net: S, mut app: UnixStream, shared: Arc<Shared>, silence: Duration) {
    let (mut net_read, mut net_write) = tokio::io::split(net);
    let end = {
        let (app_read, app_write) = app.split();
        tokio::select! {
            end = upwards(app_read, &mut net_write, &shared) => end,
            end = downwards(&mut net_read, app_write, &shared) => Some(end),
            end = silent(&shared, silence) => Some(end),
        }
    };
    // The reason is there before the client library can notice that the connection is gone.
    if let Some(end) = end {
        tracing::debug!(?end, "connection ended");
        let _ = shared.end.set(end);
    }
    drop(app);
    let _ = tokio::time::timeout(Duration::from_secs(1), net_write.shutdown()).await;
}

/// Passes requests on and remembers them. `None` when the client has gone.
async fn upwards(mut app: impl AsyncRead + Unpin, net: &mut (impl AsyncWrite + Unpin), shared: &Shared) -> Option<End> {
    let mut buffer = Vec::with_capacity(4096);
    loop {
        if app.read_buf(&mut buffer).await.ok()? == 0 {
            return None;
        }
        let mut done = 0;
        while let Ok(Some(length)) = message::length(&buffer[done..]) {
            let Some(request) = buffer.get(done..done + length) else { break };
            remember(request, shared);
            done += length;
        }
        if let Err(e) = async { net.write_all(&buffer[..done]).await.and(net.flush().await) }.await {
            return Some(End::Io(e.to_string()));
        }
        buffer.drain(..done);
    }
}

/// Notes the number and kind of a request of ours.
fn remember(request: &[u8], shared: &Shared) {
    let Ok((_, content, _)) = message::element(request) else { return };
    let Ok((_, number, rest)) = message::element(content) else { return };
    let kind = match rest.first() {
        Some(0x60) => Request::Bind,
        Some(0x63) => Request::Search,
        Some(0x77) => Request::Extended,
        _ => return, // abandon and unbind have no answer
    };
    let number = number.iter().fold(0, |n, b| n << 8 | u32::from(*b));
    let mut open = shared.open();
    open.requests.insert(number, kind);
    open.last = Instant::now();
    drop(open);
    shared.asked.notify_one();
}

impl Open {
    /// Whether a good message answers an open request with what fits it; closes the request if the message ends it.
    fn accept(&mut self, message: &Message<'_>) -> Result<(), Refusal> {
        let request = self.requests.get(&message.id).ok_or("an answer that nobody asked for")?;
        let fits = match message.op {
            Op::Bind => *request == Request::Bind,
            Op::Extended => *request == Request::Extended,
            Op::Entry | Op::Done | Op::Reference | Op::Intermediate => *request == Request::Search,
        };
        if !fits {
            return Err("an answer of another kind than the question");
        }
        if message.code.is_some() {
            self.requests.remove(&message.id);
        }
        self.last = Instant::now();
        Ok(())
    }
}

/// What the start of a buffer holds: whole good messages up to `done`, `items` of them belonging to searches.
struct Checked {
    done: usize,
    items: u64,
    end: Option<End>,
}

fn check_all(buffer: &[u8], shared: &Shared) -> Checked {
    let limit = shared.limit.load(Ordering::Relaxed);
    let mut checked = Checked { done: 0, items: 0, end: None };
    let mut open = shared.open();
    let refused = |why: &str| Some(End::Refused(why.to_owned()));
    loop {
        let rest = &buffer[checked.done..];
        let length = match message::length(rest) {
            Ok(None) => break,
            Ok(Some(length)) => length,
            Err(why) => {
                checked.end = refused(why);
                break;
            }
        };
        if length > limit {
            checked.end = refused(&format!("a message of {length} bytes, and {limit} is the most that is accepted"));
            break;
        }
        let Some(bytes) = rest.get(..length) else { break };
        let answer = message::check(bytes).and_then(|message| match message.id {
            0 => Ok(message),
            _ => open.accept(&message).map(|()| message),
        });
        match answer {
            // RFC 4511 section 4.4.1: the server is about to close the connection.
            Ok(notice) if notice.id == 0 => {
                checked.end = Some(End::Notice(format!("result {}, {}", notice.code.unwrap_or_default(), notice.text)));
                break;
            }
            Ok(message) => checked.items += u64::from(message.code.is_none()),
            Err(why) => {
                checked.end = refused(why);
                break;
            }
        }
        checked.done += length;
    }
    checked
}

/// Passes on what was checked, no faster than it is taken.
async fn downwards(net: &mut (impl AsyncRead + Unpin), mut app: impl AsyncWrite + Unpin, shared: &Shared) -> End {
    let mut buffer = Vec::with_capacity(128 * 1024);
    // What was passed on and not taken yet: up to which search message, and how many bytes.
    let mut waiting: VecDeque<(u64, usize)> = VecDeque::new();
    let (mut passed, mut held) = (0u64, 0usize);
    loop {
        match net.read_buf(&mut buffer).await {
            Ok(0) => return End::Closed,
            // A peer that leaves without TLS's goodbye is a peer that leaves.
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return End::Closed,
            Err(e) => return End::Io(e.to_string()),
            Ok(_) => {}
        }
        let checked = check_all(&buffer, shared);
        if checked.done > 0 {
            loop {
                let taken = shared.taken.load(Ordering::Acquire);
                while waiting.front().is_some_and(|(last, _)| *last <= taken) {
                    held -= waiting.pop_front().map_or(0, |w| w.1);
                }
                if held <= WINDOW {
                    break;
                }
                shared.open().paused = true;
                shared.room.notified().await;
            }
            if checked.items > 0 {
                passed += checked.items;
                held += checked.done;
                waiting.push_back((passed, checked.done));
            }
            {
                let mut open = shared.open();
                if std::mem::take(&mut open.paused) {
                    open.last = Instant::now();
                }
            }
            if app.write_all(&buffer[..checked.done]).await.is_err() {
                return End::Closed;
            }
            buffer.drain(..checked.done);
        }
        if let Some(end) = checked.end {
            return end;
        }
    }
}

/// Returns when the server has owed an answer for too long. Sleeps without waking while nothing is owed.
async fn silent(shared: &Shared, silence: Duration) -> End {
    loop {
        let due = {
            let open = shared.open();
            (!open.requests.is_empty()).then(|| if open.paused { Instant::now() + silence } else { open.last + silence })
        };
        match due {
            None => shared.asked.notified().await,
            Some(due) if due <= Instant::now() => return End::Silent(silence),
            Some(due) => tokio::time::sleep_until(due).await,
        }
    }
}
