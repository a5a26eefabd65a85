//! One connection: bind, and searches that say how they ended.
//!
//! One search at a time: two paged searches on one connection kill each other's cookie on some servers. Paging is done
//! here and not by the library's adapter, which panics on a control value that it does not expect and asks for the next
//! page without a limit; so is every decision about what counts as an end.

use super::entry::{Entry, reference};
use super::failure::{Failure, UNAVAILABLE_EXTENSION};
use crate::source::guard::{Watch, message};
use ldap3::asn1::StructureTag;
use ldap3::controls::RawControl;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Scope, SearchOptions, SearchStream, StdStream};
use secrecy::{ExposeSecret, SecretString};

/// The paged results control (RFC 2696).
pub const PAGED: &str = "1.2.840.113556.1.4.319";
/// Active Directory's "no references, please" (MS-ADTS section 3.1.1.3.4.1.12).
pub const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";

/// Pages in a row without an entry that are believed; Active Directory sends some where a filter is not indexed.
const EMPTY_PAGES: u32 = 10_000;

/// References in one small answer that are believed.
const MOST_REFERENCES: usize = 1000;

/// A guarded connection.
pub struct Connection {
    ldap: Ldap,
    watch: Watch,
    /// The URL that it was made to.
    pub url: String,
    /// True while a search has not been read to its end: then what comes next is not ours to interpret.
    busy: bool,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Query {
    /// Where.
    pub base: String,
    /// How deep.
    pub scope: Scope,
    /// Which entries, as the client library reads filters.
    pub filter: String,
    /// Which attributes.
    pub attributes: Vec<String>,
    /// Entries a page, if pages are asked for.
    pub page: Option<u32>,
    /// Ask Active Directory not to send references.
    pub domain_scope: bool,
    /// Only the names of the attributes, not their values.
    pub names_only: bool,
    /// How many entries are wanted at most; 0 for all. With more, the end is `sizeLimitExceeded`.
    pub most: u32,
}

impl Query {
    /// One entry by its DN.
    pub fn one(dn: &str, attributes: &[&str]) -> Self {
        Query {
            base: dn.to_owned(),
            scope: Scope::Base,
            filter: "(objectClass=*)".to_owned(),
            attributes: attributes.iter().map(|a| (*a).to_owned()).collect(),
            page: None,
            domain_scope: false,
            names_only: false,
            most: 0,
        }
    }
}

/// One thing that a search found.
pub enum Item {
    /// An entry, to be taken apart by [`Entry::of`].
    Entry(StructureTag),
    /// A part of the tree that another server holds: where.
    Reference(Vec<String>),
}

impl Connection {
    /// Starts the client library on its end of the guard's socket pair.
    pub async fn over(socket: std::os::unix::net::UnixStream, watch: Watch, url: String) -> Result<Self, Failure> {
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(socket));
        let (driver, ldap) = LdapConnAsync::with_settings(settings, "ldapi:///").await.map_err(|e| Failure::of_library(&e, watch.end()))?;
        tokio::spawn(driver.drive());
        Ok(Connection { ldap, watch, url, busy: false })
    }

    /// A simple bind.
    pub async fn bind(&mut self, dn: &str, password: &SecretString) -> Result<(), Failure> {
        let answer = self.ldap.simple_bind(dn, password.expose_secret()).await;
        match answer.map_err(|e| Failure::of_library(&e, self.watch.end()))? {
            result if result.rc == 0 => Ok(()),
            result => Err(Failure::of_result(&result)),
        }
    }

    /// True if nothing speaks against asking something more.
    pub fn is_usable(&mut self) -> bool {
        !self.busy && self.watch.end().is_none() && !self.ldap.is_closed()
    }

    /// Says that answers are under way which somebody waits for; see [`Connection::is_usable`].
    pub fn set_busy(&mut self, busy: bool) {
        self.busy = busy;
    }

    /// Changes how long a message may be.
    pub fn set_limit(&self, bytes: usize) {
        self.watch.set_limit(bytes);
    }

    /// Begins a search.
    pub async fn search(&mut self, query: Query) -> Result<Search<'_>, Failure> {
        self.busy = true;
        tracing::debug!(target: "rosterm", base = %query.base, scope = ?query.scope, filter = %crate::text::cut(&query.filter, 400), page = query.page, "LDAP search");
        let mut search = Search { connection: self, query, stream: None, cookie: Vec::new(), seen: 0, seen_before: 0, empty: 0 };
        search.next_page().await?;
        Ok(search)
    }

    /// The same connection for a question beside others.
    pub fn beside(&self) -> Self {
        Connection { ldap: self.ldap.clone(), watch: self.watch.clone(), url: self.url.clone(), busy: false }
    }

    /// A search whose result is small: `each` takes every entry. Gives the references.
    pub async fn all(&mut self, query: Query, mut each: impl FnMut(Entry<'_>) -> Result<(), Failure>) -> Result<Vec<String>, Failure> {
        let mut left = if query.scope == Scope::Base { 1 } else { u64::MAX };
        let mut search = self.search(query).await?;
        let mut references = Vec::new();
        while let Some(item) = search.next().await? {
            match item {
                Item::Entry(tag) => {
                    left = left.checked_sub(1).ok_or_else(|| Failure::malformed("several entries where there can be one"))?;
                    each(Entry::of(&tag).map_err(Failure::malformed)?)?;
                }
                Item::Reference(urls) if references.len() < MOST_REFERENCES => references.extend(urls),
                Item::Reference(_) => return Err(Failure::malformed(format!("more than {MOST_REFERENCES} references"))),
            }
        }
        Ok(references)
    }
}

/// A search under way.
pub struct Search<'c> {
    connection: &'c mut Connection,
    query: Query,
    stream: Option<SearchStream<'static, String, Vec<String>>>,
    cookie: Vec<u8>,
    seen: u64,
    seen_before: u64,
    empty: u32,
}

impl Search<'_> {
    /// The next thing found; `None` only after the server said that this was all.
    ///
    /// # Errors
    /// Any other end: a result code, a lost connection, something that is not valid.
    pub async fn next(&mut self) -> Result<Option<Item>, Failure> {
        loop {
            let Some(stream) = &mut self.stream else { return Ok(None) };
            let item = stream.next().await.map_err(|e| Failure::of_library(&e, self.connection.watch.end()))?;
            let Some(item) = item else {
                let result = stream.finish().await;
                self.stream = None;
                match self.after_page(&result) {
                    Ok(true) => self.next_page().await?,
                    Ok(false) => {
                        self.connection.busy = false;
                        return Ok(None);
                    }
                    Err(failure) => {
                        // The operation is over, whatever its result; the connection is as good as before.
                        self.connection.busy = failure.code.is_none();
                        return Err(failure);
                    }
                }
                continue;
            };
            self.connection.watch.took_one();
            if item.is_intermediate() {
                continue;
            }
            self.seen += 1;
            if item.is_ref() {
                return Ok(Some(Item::Reference(reference(&item.0).map_err(Failure::malformed)?)));
            }
            return Ok(Some(Item::Entry(item.0)));
        }
    }

    /// How many entries and references have been seen.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Tells the server that nobody wants the rest. The connection is not used again.
    pub async fn abandon(mut self) {
        if let Some(stream) = &mut self.stream {
            let id = stream.ldap_handle().last_id();
            let _ = self.connection.ldap.abandon(id).await;
        }
    }

    async fn next_page(&mut self) -> Result<(), Failure> {
        let mut controls = Vec::new();
        if let Some(size) = self.query.page {
            controls.push(RawControl { ctype: PAGED.to_owned(), crit: false, val: Some(page_value(size, &self.cookie)) });
        }
        if self.query.domain_scope {
            controls.push(RawControl { ctype: DOMAIN_SCOPE.to_owned(), crit: false, val: None });
        }
        let ldap = &mut self.connection.ldap;
        ldap.with_search_options(
            SearchOptions::new().typesonly(self.query.names_only).sizelimit(i32::try_from(self.query.most).unwrap_or(0)),
        );
        if !controls.is_empty() {
            ldap.with_controls(controls);
        }
        let query = &self.query;
        let started = ldap.streaming_search(&query.base, query.scope, &query.filter, query.attributes.clone()).await;
        self.stream = Some(started.map_err(|e| Failure::of_library(&e, self.connection.watch.end()))?);
        Ok(())
    }

    /// Whether another page is to be asked for.
    fn after_page(&mut self, result: &ldap3::LdapResult) -> Result<bool, Failure> {
        if result.rc == UNAVAILABLE_EXTENSION && self.query.page.is_some() && self.seen == 0 {
            self.query.page = None;
            return Ok(true);
        }
        if result.rc != 0 {
            return Err(Failure::of_result(result));
        }
        // A server that ignores the control has sent everything at once.
        let Some(control) = result.ctrls.iter().find(|c| c.1.ctype == PAGED && self.query.page.is_some()) else { return Ok(false) };
        let value = control.1.val.as_deref().unwrap_or_default();
        self.cookie = cookie(value).ok_or_else(|| Failure::malformed("a page without a valid cookie"))?.to_vec();
        self.empty = if self.seen == self.seen_before { self.empty + 1 } else { 0 };
        self.seen_before = self.seen;
        if self.empty > EMPTY_PAGES {
            return Err(Failure::malformed(format!("{EMPTY_PAGES} pages in a row without an entry")));
        }
        Ok(!self.cookie.is_empty())
    }
}

/// The value of the control in a response: SEQUENCE { size INTEGER, cookie OCTET STRING }.
fn cookie(value: &[u8]) -> Option<&[u8]> {
    let (0x30, content, []) = message::element(value).ok()? else { return None };
    let (0x02, _, rest) = message::element(content).ok()? else { return None };
    let (0x04, cookie, []) = message::element(rest).ok()? else { return None };
    Some(cookie)
}

/// The value of the control in a request.
fn page_value(size: u32, cookie: &[u8]) -> Vec<u8> {
    // X.690 section 8.3.2: the fewest octets, and a leading zero where the number would read as negative.
    let octets = size.to_be_bytes();
    let zeros = octets.iter().take_while(|b| **b == 0).count().min(3);
    let octets = &octets[zeros..];
    let sign = usize::from(octets[0] >= 0x80);
    let mut content = vec![0x02];
    push_length(&mut content, octets.len() + sign);
    content.resize(content.len() + sign, 0);
    content.extend_from_slice(octets);
    content.push(0x04);
    push_length(&mut content, cookie.len());
    content.extend_from_slice(cookie);
    let mut value = vec![0x30];
    push_length(&mut value, content.len());
    value.extend_from_slice(&content);
    value
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            out.push(0x84);
            out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn page_sizes_are_written_as_ber_wants_them() {
        for (size, bytes) in [
            (1, vec![0x30, 5, 2, 1, 1, 4, 0]),
            (127, vec![0x30, 5, 2, 1, 127, 4, 0]),
            (200, vec![0x30, 6, 2, 2, 0, 200, 4, 0]),
            (1000, vec![0x30, 6, 2, 2, 3, 232, 4, 0]),
            (100_000, vec![0x30, 7, 2, 3, 1, 0x86, 0xa0, 4, 0]),
        ] {
            assert_eq!(page_value(size, &[]), bytes, "{size}");
        }
    }

    proptest! {
        #[test]
        fn a_cookie_comes_back_as_it_was_sent(size in 1u32..100_000, sent in prop::collection::vec(any::<u8>(), 0..300)) {
            let value = page_value(size, &sent);
            prop_assert_eq!(cookie(&value), Some(sent.as_slice()));
        }

        #[test]
        fn no_cookie_panics(value in prop::collection::vec(any::<u8>(), 0..30)) {
            let _ = cookie(&value);
        }
    }
}
