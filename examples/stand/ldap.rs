//! The directory of a crowd over LDAP, for measuring: simple bind, root DSE, reads of one entry, paged searches with the
//! attributes that were asked for, look-ups by the lasting id. Entries are encoded as they are sent.
//!
//! Everybody may bind. A filter that asks for lasting ids is answered from these alone.

use super::ber::{close, element, filter_text, head, number, open, put, size, take, tlv};
use rosterm::demo::crowd::{ATTRIBUTES, Crowd, Told, units};
use rosterm::filter::Filter;
use rosterm::identity::dn::DnKey;
use rosterm::source::ldif::Record;
use rosterm::source::memory::Roll;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

const PAGED: &[u8] = b"1.2.840.113556.1.4.319";
/// Told only when they are asked for by name or as `+`.
const OPERATIONAL: [&str; 3] = ["entryUUID", "memberOf", "pwdAccountLockedTime"];
/// How much is encoded before it is sent.
const CHUNK: usize = 128 * 1024;

const SUCCESS: u8 = 0;
const PROTOCOL_ERROR: u8 = 2;
const SIZE_LIMIT: u8 = 4;
const NO_SUCH_OBJECT: u8 = 32;
const UNWILLING: u8 = 53;

/// Serves for ever, each connection on a thread of its own.
pub fn serve(listener: &TcpListener, crowd: Crowd) {
    let directory = Arc::new(Directory { crowd, units: units() });
    for stream in listener.incoming().flatten() {
        let directory = Arc::clone(&directory);
        std::thread::spawn(move || {
            // A client that hangs up is no failure.
            let _ = stream.set_nodelay(true);
            let _ = Conversation { directory, stream, out: Vec::with_capacity(2 * CHUNK) }.hold();
        });
    }
}

struct Directory {
    crowd: Crowd,
    units: Vec<Record>,
}

struct Conversation {
    directory: Arc<Directory>,
    stream: TcpStream,
    out: Vec<u8>,
}

/// A search as far as it is understood.
struct Search<'r> {
    id: &'r [u8],
    dn: &'r str,
    base: DnKey,
    scope: u8,
    most: usize,
    names_only: bool,
    filter: Filter,
    text: String,
    ids: Vec<String>,
    wanted: u32,
    /// Page size and where to go on.
    page: Option<(usize, usize)>,
}

impl Conversation {
    fn hold(mut self) -> std::io::Result<()> {
        let mut buffer = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        loop {
            while let Some((_, message, rest)) = element(&buffer) {
                let (message, used) = (message.to_vec(), buffer.len() - rest.len());
                buffer.drain(..used);
                if self.answer(&message)?.is_none() {
                    return Ok(());
                }
                self.flush()?;
            }
            match self.stream.read(&mut chunk)? {
                0 => return Ok(()),
                n => buffer.extend_from_slice(&chunk[..n]),
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Nothing to go on with: the client said good-bye, or what it said is not LDAP.
    fn answer(&mut self, message: &[u8]) -> std::io::Result<Option<()>> {
        let mut rest = message;
        let Some(id) = take(&mut rest, 2) else { return Ok(None) };
        let Some((tag, body, controls)) = element(rest) else { return Ok(None) };
        match tag {
            0x60 => self.end(id, 0x61, if is_simple(body) { SUCCESS } else { PROTOCOL_ERROR }, None),
            0x63 => match search(id, body, controls).ok_or(PROTOCOL_ERROR) {
                Ok(search) => self.search(&search)?,
                Err(code) => self.end(id, 0x65, code, None),
            },
            0x77 => self.end(id, 0x78, PROTOCOL_ERROR, None),
            0x50 => {}
            0x42 => return Ok(None),
            other => self.end(id, other + 1, UNWILLING, None),
        }
        Ok(Some(()))
    }

    /// Ends an operation; `cookie` is where the next page begins.
    fn end(&mut self, id: &[u8], tag: u8, code: u8, cookie: Option<&str>) {
        let mut body = [tlv(2, id), tlv(tag, &[tlv(10, &[code]), tlv(4, b""), tlv(4, b"")].concat())].concat();
        if let Some(cookie) = cookie {
            let value = tlv(0x30, &[tlv(2, &[0]), tlv(4, cookie.as_bytes())].concat());
            put(&mut body, 0xa0, &tlv(0x30, &[tlv(4, PAGED), tlv(4, &value)].concat()));
        }
        put(&mut self.out, 0x30, &body);
    }

    fn search(&mut self, search: &Search<'_>) -> std::io::Result<()> {
        let directory = Arc::clone(&self.directory);
        let crowd = &directory.crowd;
        if search.scope == 0 && search.base == DnKey::of("") {
            let root: [(&str, &[&[u8]]); 4] = [
                ("objectClass", &[b"top", b"OpenLDAProotDSE"]),
                ("namingContexts", &[crowd.suffix().as_bytes()]),
                ("supportedControl", &[PAGED]),
                ("supportedLDAPVersion", &[b"3"]),
            ];
            put_entry(&mut self.out, search.id, "", &root);
            self.end(search.id, 0x65, SUCCESS, None);
            return Ok(());
        }
        let unit = directory.units.iter().find(|unit| DnKey::of(&unit.dn) == search.base);
        if search.scope == 0 {
            let person = || crowd.by_dn(search.dn).and_then(|n| crowd.person(n));
            let code = match unit.cloned().or_else(person) {
                Some(record) => {
                    self.put_record(search, &record);
                    SUCCESS
                }
                None => NO_SUCH_OBJECT,
            };
            self.end(search.id, 0x65, code, None);
            return Ok(());
        }
        if unit.is_none() {
            self.end(search.id, 0x65, NO_SUCH_OBJECT, None);
            return Ok(());
        }
        if !search.ids.is_empty() {
            let found: Vec<Record> = search.ids.iter().filter_map(|id| crowd.person(crowd.of_entry_id(id)?)).collect();
            for record in found.iter().filter(|record| search.takes(record)) {
                self.put_record(search, record);
            }
            self.end(search.id, 0x65, SUCCESS, search.page.map(|_| ""));
            return Ok(());
        }
        self.everybody(search, &directory)
    }

    /// The units and then the people, from where the page begins.
    fn everybody(&mut self, search: &Search<'_>, directory: &Directory) -> std::io::Result<()> {
        let (crowd, units) = (&directory.crowd, &directory.units);
        let all = units.len() + crowd.users();
        let (most, mut at) = search.page.unwrap_or((usize::MAX, 0));
        // A search for people below the people takes every one of them: nothing has to be evaluated.
        let whole = search.scope == 2 && DnKey::of(crowd.base()).is_under(&search.base);
        let plain = whole && ["(objectClass=inetOrgPerson)", "(&(objectClass=inetOrgPerson))", "(objectClass=*)"].contains(&&*search.text);
        let names: Vec<Vec<u8>> = ATTRIBUTES.iter().map(|name| tlv(4, name.as_bytes())).collect();
        let (mut scratch, mut sent) = (String::new(), 0);
        while at < all && sent < most {
            if search.most > 0 && sent == search.most {
                self.end(search.id, 0x65, SIZE_LIMIT, None);
                return Ok(());
            }
            let put = match at.checked_sub(units.len()) {
                Some(n) if plain => put_person(&mut self.out, search, &names, crowd, n, &mut scratch),
                Some(n) => crowd.person(n).filter(|r| search.takes(r)).map(|r| self.put_record(search, &r)),
                None => Some(&units[at]).filter(|r| search.takes(r)).map(|r| self.put_record(search, r)),
            };
            sent += usize::from(put.is_some());
            at += 1;
            if self.out.len() >= CHUNK {
                self.flush()?;
            }
        }
        let next = if at < all { at.to_string() } else { String::new() };
        self.end(search.id, 0x65, SUCCESS, search.page.map(|_| next.as_str()));
        Ok(())
    }

    fn put_record(&mut self, search: &Search<'_>, record: &Record) {
        let is_wanted = |name: &str| match ATTRIBUTES.iter().position(|a| *a == name) {
            Some(at) => search.wanted & 1 << at != 0,
            None => search.wanted & user_attributes() == user_attributes(),
        };
        let values: Vec<(&str, [&[u8]; 1])> =
            record.attributes.iter().filter(|(name, _)| is_wanted(name)).map(|(name, value)| (&**name, [value.bytes()])).collect();
        let values: Vec<(&str, &[&[u8]])> =
            values.iter().map(|(name, value)| (*name, if search.names_only { &[][..] } else { &value[..] })).collect();
        put_entry(&mut self.out, search.id, &record.dn, &values);
    }
}

impl Search<'_> {
    fn takes(&self, record: &Record) -> bool {
        let dn = DnKey::of(&record.dn);
        let is_in = if self.scope == 1 { dn.is_child_of(&self.base) } else { dn.is_under(&self.base) };
        is_in && self.filter.matches(record) == Some(true)
    }
}

/// Every attribute but the operational ones.
fn user_attributes() -> u32 {
    bits(|name| !OPERATIONAL.contains(&name))
}

fn bits(is_wanted: impl Fn(&str) -> bool) -> u32 {
    ATTRIBUTES.iter().enumerate().filter(|(_, name)| is_wanted(name)).fold(0, |bits, (at, _)| bits | 1 << at)
}

/// A bind by name and password, which is not looked at.
fn is_simple(mut body: &[u8]) -> bool {
    take(&mut body, 2).is_some() && take(&mut body, 4).is_some() && body.first() == Some(&0x80)
}

fn search<'r>(id: &'r [u8], mut body: &'r [u8], controls: &[u8]) -> Option<Search<'r>> {
    let dn = std::str::from_utf8(take(&mut body, 4)?).ok()?;
    let scope = number(take(&mut body, 10)?).and_then(|scope| u8::try_from(scope).ok())?;
    let _aliases = take(&mut body, 10)?;
    let most = number(take(&mut body, 2)?)?;
    let _seconds = take(&mut body, 2)?;
    let names_only = take(&mut body, 1)?.first() != Some(&0);
    let asked = element(body)?;
    let (mut text, mut ids) = (String::new(), Vec::new());
    filter_text(asked, "entryUUID", &mut ids, &mut text)?;
    let filter = Filter::parse(&text).ok()?;
    body = asked.2;
    let mut list = take(&mut body, 0x30)?;
    let mut wanted = if list.is_empty() { user_attributes() } else { 0 };
    while !list.is_empty() {
        wanted |= match std::str::from_utf8(take(&mut list, 4)?).ok()? {
            "*" => user_attributes(),
            "+" => bits(|name| OPERATIONAL.contains(&name)),
            asked => bits(|name| name.eq_ignore_ascii_case(asked)),
        };
    }
    Some(Search { id, dn, base: DnKey::of(dn), scope, most, names_only, filter, text, ids, wanted, page: page(controls) })
}

/// What the control for pages asks for: how many, and from where on.
fn page(mut controls: &[u8]) -> Option<(usize, usize)> {
    let mut list = take(&mut controls, 0xa0)?;
    while !list.is_empty() {
        let mut control = take(&mut list, 0x30)?;
        if take(&mut control, 4)? != PAGED {
            continue;
        }
        let _critical = take(&mut control, 1);
        let mut value = take(&mut control, 4)?;
        let mut value = take(&mut value, 0x30)?;
        let (size, cookie) = (number(take(&mut value, 2)?)?, take(&mut value, 4)?);
        let from = std::str::from_utf8(cookie).ok()?.parse().unwrap_or(0);
        // A size of 0 with a cookie gives the search up.
        return Some(if size == 0 && !cookie.is_empty() { (0, usize::MAX) } else { (size.max(1), from) });
    }
    None
}

fn put_entry(out: &mut Vec<u8>, id: &[u8], dn: &str, attributes: &[(&str, &[&[u8]])]) {
    let message = open(out, 0x30);
    put(out, 2, id);
    let entry = open(out, 0x64);
    put(out, 4, dn.as_bytes());
    let list = open(out, 0x30);
    for (name, values) in attributes {
        let content: usize = values.iter().map(|v| size(v.len())).sum();
        head(out, 0x30, size(name.len()) + size(content));
        put(out, 4, name.as_bytes());
        head(out, 0x31, content);
        for value in *values {
            put(out, 4, value);
        }
    }
    for begun in [list, entry, message] {
        close(out, begun);
    }
}

/// Somebody of the crowd, without making an entry of them first.
fn put_person(out: &mut Vec<u8>, search: &Search<'_>, names: &[Vec<u8>], crowd: &Crowd, n: usize, scratch: &mut String) -> Option<()> {
    if !crowd.is_entry(n) {
        return None;
    }
    let message = open(out, 0x30);
    put(out, 2, search.id);
    let entry = open(out, 0x64);
    let mut list = 0;
    crowd.tell(n, search.wanted, scratch, |what, value| match what {
        Told::Dn => {
            put(out, 4, value.as_bytes());
            list = open(out, 0x30);
        }
        Told::Attribute(at) => {
            let content = if search.names_only { 0 } else { size(value.len()) };
            head(out, 0x30, names[at].len() + size(content));
            out.extend_from_slice(&names[at]);
            head(out, 0x31, content);
            if !search.names_only {
                put(out, 4, value.as_bytes());
            }
        }
    });
    for begun in [list, entry, message] {
        close(out, begun);
    }
    Some(())
}
