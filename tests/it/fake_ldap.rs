//! A directory server that says whatever a test wants, and what both LDAP test files share: configurations and rows.

use rosterm::clock::Instant;
use rosterm::config::{Config, SourceConfig};
use rosterm::identity::AttributeName;
use rosterm::identity::population::{Batch, Population, Schema};
use rosterm::model::ReadEnd;
use rosterm::source::Source;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

/// The moment that tests take for now: 2026-11-22.
pub const NOW: Instant = Instant(1_795_315_222);

/// A source configuration. `source`, `location` and `settings` are lines of TOML.
pub fn configured(source: &str, location: &str, settings: &str) -> SourceConfig {
    let text = format!(
        "[channels.c.source]\ntype = \"ldap\"\n{source}\n[channels.c.source.location]\n{location}\n[channels.c.source.settings]\n{settings}\n\
         [channels.c.target]\nconnector = \"scim2\"\nbase_url = \"https://users.example.com\"\ntoken = {{ env = \"TOKEN\" }}\n\
         [channels.c.mapping]\nuserName = \"uid\"\n"
    );
    Config::parse(Path::new("/tmp/rosterm.toml"), &text).unwrap().channels.remove(0).source
}

/// What a read gave.
pub struct Read1 {
    pub end: ReadEnd,
    pub people: Population,
}

impl Read1 {
    pub fn names(&self) -> Vec<&str> {
        self.people.rows().map(|r| self.people.row(r).name()).collect()
    }

    /// The cause's code and the detail, or "complete".
    pub fn told(&self) -> String {
        self.end.cause().map_or_else(|| "complete".to_owned(), |why| format!("{}: {}", why.cause.code(), why.detail))
    }
}

/// Reads these columns of everyone in scope.
pub async fn read(source: &mut Source, columns: &[&str]) -> Read1 {
    let schema = Schema::new(columns.iter().map(|c| AttributeName::new(*c)));
    let (send, mut receive) = mpsc::channel::<Batch>(2);
    let mut people = Population::new(schema.clone());
    let absorb = async {
        while let Some(batch) = receive.recv().await {
            people.absorb(&batch, |_, _| ());
        }
    };
    let (end, ()) = tokio::join!(source.read(&schema, send), absorb);
    Read1 { end, people }
}

/// A request, as far as a test looks at it.
pub struct Request {
    pub id: u8,
    /// The tag of the operation: 0x60 bind, 0x63 search, 0x77 extended, 0x50 abandon.
    pub op: u8,
    pub base: String,
    pub scope: u8,
    /// Everything behind the tag.
    pub body: Vec<u8>,
}

impl Request {
    pub fn contains(&self, text: &str) -> bool {
        self.body.windows(text.len()).any(|w| w == text.as_bytes())
    }
}

/// What to do with a request.
pub enum Reply {
    Send(Vec<u8>),
    SendAndClose(Vec<u8>),
    /// Bytes and the pause after each.
    Drip(Vec<u8>, Duration),
}

/// One element.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(n) if n < 0x80 => out.push(n),
        _ => {
            out.push(0x84);
            out.extend_from_slice(&u32::try_from(content.len()).unwrap().to_be_bytes());
        }
    }
    out.extend_from_slice(content);
    out
}

pub fn message(id: u8, op: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&tlv(2, &[id]), op].concat())
}

pub fn result(id: u8, op: u8, code: u8, text: &str) -> Vec<u8> {
    message(id, &tlv(op, &[tlv(10, &[code]), tlv(4, b""), tlv(4, text.as_bytes())].concat()))
}

pub fn done(id: u8, code: u8, text: &str) -> Vec<u8> {
    result(id, 0x65, code, text)
}

/// A good end with a page's cookie.
pub fn page_done(id: u8, cookie: &[u8]) -> Vec<u8> {
    let value = tlv(0x30, &[tlv(2, &[0]), tlv(4, cookie)].concat());
    let control = tlv(0x30, &[tlv(4, b"1.2.840.113556.1.4.319"), tlv(4, &value)].concat());
    let op = tlv(0x65, &[tlv(10, &[0]), tlv(4, b""), tlv(4, b"")].concat());
    message(id, &[op, tlv(0xa0, &control)].concat())
}

pub fn entry(id: u8, dn: &[u8], attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let attributes: Vec<u8> = attributes
        .iter()
        .flat_map(|(name, values)| {
            let values: Vec<u8> = values.iter().flat_map(|v| tlv(4, v)).collect();
            tlv(0x30, &[tlv(4, name.as_bytes()), tlv(0x31, &values)].concat())
        })
        .collect();
    message(id, &tlv(0x64, &[tlv(4, dn), tlv(0x30, &attributes)].concat()))
}

/// A person of the fake directory.
pub fn person(id: u8, uid: &str) -> Vec<u8> {
    let uuid = format!("id-{uid}");
    entry(id, format!("uid={uid},dc=x").as_bytes(), &[("uid", &[uid.as_bytes()]), ("entryUUID", &[uuid.as_bytes()])])
}

pub fn reference(id: u8, url: &str) -> Vec<u8> {
    message(id, &tlv(0x73, &tlv(4, url.as_bytes())))
}

fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (head, length) = match *bytes.get(1)? {
        n if n < 0x80 => (2, usize::from(n)),
        n => {
            let octets = usize::from(n & 0x7f);
            (2 + octets, bytes.get(2..2 + octets)?.iter().fold(0, |n, b| n << 8 | usize::from(*b)))
        }
    };
    Some((bytes[0], bytes.get(head..head + length)?, &bytes[head + length..]))
}

fn request(bytes: &[u8]) -> Option<(Request, usize)> {
    let (_, content, rest) = element(bytes)?;
    let (_, id, op) = element(content)?;
    let (tag, body, _) = element(op)?;
    let (mut base, mut scope) = (String::new(), 0);
    if tag == 0x63 {
        let (_, dn, after) = element(body)?;
        base = String::from_utf8(dn.to_vec()).ok()?;
        scope = element(after)?.1[0];
    }
    let request = Request { id: *id.last()?, op: tag, base, scope, body: op.to_vec() };
    Some((request, bytes.len() - rest.len()))
}

/// Starts a server; `answer` is asked for each request, with the number of the connection. Gives the URL.
pub fn serve(mut answer: impl FnMut(usize, &Request) -> Reply + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let _ = converse(&mut stream, number, &mut answer);
        }
    });
    url
}

fn converse(stream: &mut TcpStream, number: usize, answer: &mut impl FnMut(usize, &Request) -> Reply) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        while let Some((request, used)) = request(&buffer) {
            buffer.drain(..used);
            match answer(number, &request) {
                Reply::Send(bytes) => stream.write_all(&bytes)?,
                Reply::SendAndClose(bytes) => return stream.write_all(&bytes),
                Reply::Drip(bytes, pause) => {
                    for byte in bytes {
                        stream.write_all(&[byte])?;
                        std::thread::sleep(pause);
                    }
                }
            }
        }
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            n => buffer.extend_from_slice(&chunk[..n]),
        }
    }
}

/// A server that is well-behaved until the read: binds, has a root DSE, has every base. The read is `people`'s.
pub fn serve_read(paging: bool, mut people: impl FnMut(&Request) -> Reply + Send + 'static) -> String {
    serve(move |_, request| match (request.op, request.scope) {
        (0x60, _) => Reply::Send(result(request.id, 0x61, 0, "")),
        (0x63, 0) => Reply::Send(known(request, paging)),
        (0x63, _) => people(request),
        _ => Reply::Send(Vec::new()),
    })
}

/// The answer to a read of one entry.
pub fn known(request: &Request, paging: bool) -> Vec<u8> {
    let controls: &[&[u8]] = if paging { &[b"1.2.840.113556.1.4.319"] } else { &[] };
    let found = match request.base.as_str() {
        "" => entry(request.id, b"", &[("namingContexts", &[b"dc=x"]), ("supportedControl", controls)]),
        dn => entry(request.id, dn.as_bytes(), &[("objectClass", &[b"groupOfNames"])]),
    };
    [found, done(request.id, 0, "")].concat()
}
