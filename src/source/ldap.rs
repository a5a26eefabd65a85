//! A directory server as a source.
//!
//! Reading only: bind, search, and nothing that writes. The client library sits behind our own transport
//! (`source::guard`), and results are decoded here, because a server's bytes must not be able to stop the program. Every
//! end of a read other than the server's own "success" is told as what it was.

mod certificate;
mod check;
mod connection;
mod count;
mod dial;
mod entry;
mod explore;
mod failure;
mod group;
mod identify;
mod lookup;
mod named;
mod people;
mod ranges;
mod rows;
mod session;

pub(super) use check::check;
pub use entry::dn_of_url;
pub use explore::Explorer;
pub use rows::rows_of;

use super::scope::Members;
use super::{Facts, vendor};
use crate::clock::Instant;
use crate::config::{LdapConfig, Located, Location, SourceConfig};
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::identity::EntryId;
use crate::identity::dn::DnKey;
use crate::identity::population::{Batch, Schema};
use crate::model::{Cause, EntryEvidence, Identified, ReadEnd};
use connection::Query;
use dial::Dialer;
use failure::{Failure, NO_SUCH_OBJECT, REFERRAL, short};
use people::Wanted;
use rows::Rows;
use session::Session;
use std::time::Duration;
use tokio::sync::mpsc;

/// An open directory.
pub struct Ldap {
    facts: Facts,
    dialer: Dialer,
    session: Option<Session>,
    location: Location,
    filter: String,
    page: u32,
    members: Option<(Members, tokio::time::Instant)>,
    notes: Vec<String>,
    now: Instant,
}

/// How old the members may be that a look-up goes by: what is sent was checked at most this long before (design: section 8).
const MEMBERS_AGE: Duration = Duration::from_secs(30);

impl Ldap {
    /// Connects, binds, reads the root DSE, checks filter, base and group.
    ///
    /// # Errors
    /// Why no server could be used, each with its URL; or what is wrong with the location, at its place in the configuration.
    pub async fn open(ldap: &LdapConfig, config: &SourceConfig, now: Instant) -> Result<Self> {
        own_filter(&config.location)?;
        let dialer = Dialer::new(ldap).await?;
        let mut session = Session::open(&dialer).await?;
        let settings = vendor::settings(&ldap.vendor, &config.settings, |name, part| session.root.shows(name, part))?;
        let filter = checked_filter(config, &settings)?;
        let base = &config.location.base_dn;
        check_base(&mut session, base, &reader(ldap)).await?;
        if let Some(group) = &config.location.group_dn {
            check_group(&mut session, group, &settings).await?;
        }
        Ok(Self::over(session, dialer, ldap, config, settings, filter, now))
    }

    /// A directory whose location was found good.
    fn over(
        session: Session,
        dialer: Dialer,
        ldap: &LdapConfig,
        config: &SourceConfig,
        settings: vendor::Settings,
        filter: String,
        now: Instant,
    ) -> Self {
        let naming_context = session.root.naming_context(&config.location.base_dn.value);
        let facts = Facts { kind: "ldap", place: session.connection.url.clone(), naming_context, settings };
        Ldap {
            facts,
            dialer,
            session: Some(session),
            location: config.location.clone(),
            filter,
            page: ldap.page_size,
            members: None,
            notes: Vec::new(),
            now,
        }
    }

    /// The members of the group, for the check.
    async fn check_members(&mut self) -> std::result::Result<&Members, Failure> {
        self.read_members().await?;
        let none = || Failure::new(Cause::GroupUnread, "the location names no group");
        self.members.as_ref().map(|m| &m.0).ok_or_else(none)
    }

    /// What is known about it.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// See [`super::Source::notes`].
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Reads every entry in scope.
    pub async fn read(&mut self, schema: &Schema, batches: mpsc::Sender<Batch>) -> ReadEnd {
        self.notes.clear();
        if let Err(error) = self.connect().await {
            return ReadEnd::incomplete(Cause::ConnectionLost, error.message());
        }
        if let Err(failure) = self.read_members().await {
            return failure.into_end();
        }
        let Some(mut session) = self.session.take() else { return lost() };
        let (end, seen) = people::read(&mut session, &self.wanted(), schema, &batches).await;
        self.session = Some(session);
        if let Some((members, _)) = self.members.as_ref().filter(|_| end == ReadEnd::Complete) {
            self.notes = members.notes(&DnKey::of(&self.location.base_dn.value), self.location.scope, seen);
        }
        // People may have been renamed between the two reads: a look-up must not judge them by members read before.
        self.members = None;
        end
    }

    /// Looks entries up by id, wherever they are now.
    pub async fn find(&mut self, ids: &[EntryId]) -> Vec<(EntryId, EntryEvidence)> {
        self.find_in(ids, None).await.0
    }

    /// The same, with the values of those that are found.
    pub async fn reread(&mut self, schema: &Schema, ids: &[EntryId]) -> (Vec<(EntryId, EntryEvidence)>, Batch) {
        self.find_in(ids, Some(schema)).await
    }

    async fn find_in(&mut self, ids: &[EntryId], schema: Option<&Schema>) -> (Vec<(EntryId, EntryEvidence)>, Batch) {
        let mut answers = Vec::with_capacity(ids.len());
        let none = Schema::default();
        let settings = self.facts.settings.clone();
        let mut rows = Rows::new(&settings, None, self.now, schema.unwrap_or(&none));
        for batch in ids.chunks(lookup::BATCH) {
            // Whether an idle connection is still alive is asked once; after that its failures are answers.
            let usable = !answers.is_empty() && self.session.as_mut().is_some_and(|s| s.connection.is_usable());
            let ready = if usable { Ok(()) } else { self.connect().await.map_err(|e| e.message().to_owned()) };
            let found = match ready {
                Ok(()) => self.find_batch(batch, schema.is_some().then_some(&mut rows)).await,
                Err(cause) => Err(cause),
            };
            match found {
                Ok(found) => answers.extend(found),
                Err(cause) => answers.extend(batch.iter().map(|id| (id.clone(), EntryEvidence::Unknown { cause: cause.clone() }))),
            }
        }
        (answers, rows.builder.seal())
    }

    /// The lasting ids of entries by DN.
    pub async fn identify(&mut self, dns: &[String]) -> Vec<(String, Identified)> {
        let cause = match self.connect().await {
            Ok(()) => "the connection was lost".to_owned(),
            Err(error) => error.message().to_owned(),
        };
        let Some(mut session) = self.session.take() else {
            return dns.iter().map(|dn| (dn.clone(), Identified::Unknown { cause: cause.clone() })).collect();
        };
        let answers = identify::identify(&mut session, &self.facts.settings, dns).await;
        self.session = Some(session);
        answers
    }

    /// See [`super::Source::named`].
    pub async fn named(&mut self, name: &str) -> std::result::Result<Vec<(EntryId, String)>, String> {
        self.connect().await.map_err(|e| e.message().to_owned())?;
        let look_in = self.facts.settings.lookup_base.as_ref().unwrap_or(&self.facts.naming_context).clone();
        let mut session = self.session.take().ok_or("the connection was lost")?;
        let found = named::named(&mut session, &self.facts.settings, &look_in, name).await;
        self.session = Some(session);
        found.map_err(|f| f.detail)
    }

    async fn find_batch(
        &mut self,
        ids: &[EntryId],
        rows: Option<&mut Rows<'_>>,
    ) -> std::result::Result<Vec<(EntryId, EntryEvidence)>, String> {
        if self.members.as_ref().is_none_or(|(_, read)| read.elapsed() > MEMBERS_AGE) {
            self.read_members().await.map_err(|f| f.detail)?;
        }
        let look_in = self.facts.settings.lookup_base.as_ref().unwrap_or(&self.facts.naming_context).clone();
        let mut session = self.session.take().ok_or("the connection was lost")?;
        let found = lookup::find(&mut session, &self.wanted(), &look_in, ids, rows).await;
        self.session = Some(session);
        found.map_err(|f| f.detail)
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            base: &self.location.base_dn.value,
            scope: self.location.scope,
            filter: &self.filter,
            settings: &self.facts.settings,
            members: self.members.as_ref().map(|m| &m.0),
            page: self.page,
            now: self.now,
        }
    }

    /// Makes sure of a connection that answers.
    async fn connect(&mut self) -> Result<()> {
        // The session is taken out while it is asked: if this is cancelled, it is gone, and with it what it was owed.
        if let Some(mut session) = self.session.take()
            && session.is_alive().await
        {
            self.session = Some(session);
            return Ok(());
        }
        let session = Session::open(&self.dialer).await?;
        self.facts.place.clone_from(&session.connection.url);
        self.session = Some(session);
        Ok(())
    }

    async fn read_members(&mut self) -> std::result::Result<(), Failure> {
        let Some(group) = &self.location.group_dn else { return Ok(()) };
        self.members = None;
        let mut session = self.session.take().ok_or_else(|| Failure::new(Cause::ConnectionLost, "the connection was lost"))?;
        let group_context = session.root.naming_context(&group.value);
        let asked = group::Asked {
            group: &group.value,
            group_context: &group_context,
            nested: self.location.nested_groups,
            settings: &self.facts.settings,
            context: &self.facts.naming_context,
            page: self.page,
        };
        let members = group::members(&mut session, &asked).await;
        self.session = Some(session);
        self.members = Some((members?, tokio::time::Instant::now()));
        Ok(())
    }
}

fn lost() -> ReadEnd {
    ReadEnd::incomplete(Cause::ConnectionLost, "the connection was lost")
}

/// The filter that is sent: that of the location, else that for people.
fn checked_filter(config: &SourceConfig, settings: &vendor::Settings) -> Result<String> {
    match own_filter(&config.location)? {
        Some(filter) => Ok(filter),
        None => sendable(&settings.user_filter)
            .ok_or_else(|| Error::usage(format!("the filter for people is not valid: {}", settings.user_filter))),
    }
}

/// The filter of the location as it is sent.
fn own_filter(location: &Location) -> Result<Option<String>> {
    let Some(filter) = &location.filter else { return Ok(None) };
    Filter::parse(&filter.value).map_err(|e| e.into_error(&filter.value).at(filter.at.clone()))?;
    sendable(&filter.value).map(Some).ok_or_else(|| {
        filter.error("the filter is valid, but cannot be sent as it is written").hint("write it without blanks between its parts")
    })
}

/// A filter in a spelling that the client library reads: as written if it does (a value of bytes must stay as it was
/// escaped), else in parentheses, else as we print it.
fn sendable(filter: &str) -> Option<String> {
    let written = filter.trim().to_owned();
    let wrapped = format!("({written})");
    let printed = Filter::parse(filter).ok()?.to_string();
    [written, wrapped, printed].into_iter().find(|f| f.starts_with('(') && ldap3::parse_filter(f).is_ok())
}

/// Who reads, in words.
fn reader(ldap: &LdapConfig) -> String {
    ldap.bind_dn.as_ref().map_or_else(|| "the reader (nobody: there is no bind_dn)".to_owned(), |dn| format!("the reader (bind_dn {dn})"))
}

async fn check_base(session: &mut Session, base: &Located<String>, reader: &str) -> Result<()> {
    let url = session.connection.url.clone();
    let mut there = false;
    let read = session.connection.all(Query::one(&base.value, &["1.1"]), |_| {
        there = true;
        Ok(())
    });
    match read.await {
        Ok(references) => match references.first() {
            _ if there => Ok(()),
            Some(other) => Err(base.error(format!("{url}: the base {} is on another server: {}", base.value, short(other)))),
            None => Err(base
                .error(format!("{url}: the base {} cannot be read by {reader}", base.value))
                .hint("whoever runs the directory has to let the reader see it, or set another bind_dn; the filter is not to blame")),
        },
        // Directories say the same of what is hidden from whoever asks.
        Err(failure) if failure.code == Some(NO_SUCH_OBJECT) => {
            Err(missing(base, &url, "base", "base_dn", &failure, &format!(", or {reader} may not see it")))
        }
        Err(failure) if failure.code == Some(REFERRAL) => Err(base
            .error(format!("{url}: the base {} is on another server: {}", base.value, failure.detail))
            .hint("name that server in url")),
        Err(failure) => Err(failure.into_error(&url, &format!("cannot read the base {}", base.value))),
    }
}

fn missing(dn: &Located<String>, url: &str, what: &str, key: &str, failure: &Failure, or: &str) -> Error {
    let nearest = if failure.matched.is_empty() {
        format!("check {key}, and whether bind_dn may see it")
    } else {
        format!("the nearest that exists is {}; check {key}, and whether bind_dn may see it", short(&failure.matched))
    };
    dn.error(format!("{url}: the {what} {} does not exist{or}", dn.value)).hint(nearest)
}

/// A group is an entry of a group's class, or one that has members.
async fn check_group(session: &mut Session, group: &Located<String>, settings: &vendor::Settings) -> Result<()> {
    let url = session.connection.url.clone();
    let mut is_group = false;
    let mut there = false;
    let by_class = session.connection.all(Query::one(&group.value, &["objectClass"]), |entry| {
        there = true;
        is_group = entry.attributes().flat_map(entry::Attribute::values).any(|class| {
            let mut classes = settings.group_class.iter().chain(&settings.dynamic_group_class);
            // Whatever people name in their back link is a group.
            settings.by_back_links || classes.any(|g| class.eq_ignore_ascii_case(g.as_bytes()))
        });
        Ok(())
    });
    let mut read = by_class.await;
    if read.is_ok() && there && !is_group {
        let names: Vec<&str> = settings.member_attributes.iter().map(crate::identity::AttributeName::as_str).collect();
        let query = Query { names_only: true, ..Query::one(&group.value, &names) };
        read = session
            .connection
            .all(query, |entry| {
                is_group = entry.attributes().any(|a| settings.member_attributes.iter().any(|m| m.is(a.name)));
                Ok(())
            })
            .await;
    }
    match read {
        Ok(_) if is_group => Ok(()),
        Ok(_) if there => Err(group
            .error(format!("{url}: the group {} is not a group: none of its attributes names members", group.value))
            .hint("check group_dn, and settings.group_class and member_attribute")),
        Ok(_) => Err(group
            .error(format!("{url}: the group {} cannot be read", group.value))
            .hint("ask for the right to read it, or set another bind_dn")),
        Err(failure) if failure.code == Some(NO_SUCH_OBJECT) => Err(missing(group, &url, "group", "group_dn", &failure, "")),
        Err(failure) => Err(failure.into_error(&url, &format!("cannot read the group {}", group.value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_that_we_accept_is_sent_in_a_form_that_means_the_same() {
        for (written, sent) in [
            ("(objectClass=person)", "(objectClass=person)"),
            (" (a=b) ", "(a=b)"),
            ("a=b", "(a=b)"),
            ("( & (a=b) (c=d) )", "(&(a=b)(c=d))"),
            (r"(objectGUID=\f4\3c\ae)", r"(objectGUID=\f4\3c\ae)"),
            ("(memberOf:1.2.840.113556.1.4.1941:=cn=a,dc=x)", "(memberOf:1.2.840.113556.1.4.1941:=cn=a,dc=x)"),
            ("(&)", "(&)"),
            ("(!(a=*))", "(!(a=*))"),
        ] {
            assert_eq!(sendable(written).as_deref(), Some(sent));
        }
        for preset in vendor::presets() {
            assert!(sendable(&preset.0.user_filter).is_some());
        }
    }
}
