//! A directory server that is looked around in: see [`crate::source::explore`].

use super::check::{Arrived, arrive};
use super::connection::Query;
use super::count::{Counted, count_of};
use super::dial::Dialer;
use super::entry::Entry;
use super::failure::{Failure, SIZE_LIMIT};
use super::sendable;
use super::session::Session;
use crate::clock::Instant;
use crate::config::{LdapConfig, SettingsConfig};
use crate::filter::escape;
use crate::model::step::Step;
use crate::source::explore::{CONTAINERS, Groups, MOST_GROUPS, People, SAMPLES};
use crate::source::ldif::{Record, Value};
use crate::source::survey::Teller;
use crate::source::vendor::Settings;
use std::time::Duration;

/// People who are counted at most.
const MOST: u64 = 20_000;
/// The longest that a search may take.
const LONGEST: Duration = Duration::from_secs(15);
/// A longer value helps nobody to choose.
const LONGEST_VALUE: usize = 1000;

/// An open directory.
pub struct Explorer {
    dialer: Dialer,
    session: Option<Session>,
    pub(in crate::source) settings: Settings,
    page: u32,
}

impl Explorer {
    /// Connects, binds, detects the vendor.
    pub(in crate::source) async fn open<T: FnMut(Step)>(
        ldap: &LdapConfig,
        overrides: &SettingsConfig,
        now: Instant,
        teller: &mut Teller<T>,
    ) -> Option<Self> {
        let Arrived { session, dialer, settings } = arrive(ldap, overrides, now, teller).await?;
        Some(Explorer { dialer, session: Some(session), settings, page: ldap.page_size })
    }

    /// The session, taken out while it is used: whatever is broken off leaves none behind.
    async fn session(&mut self) -> Result<Session, String> {
        if let Some(mut session) = self.session.take()
            && session.connection.is_usable()
        {
            return Ok(session);
        }
        Session::open(&self.dialer).await.map_err(|e| e.message().to_owned())
    }

    pub(in crate::source) fn contexts(&self) -> Vec<String> {
        self.session.as_ref().map(|s| s.root.offered()).unwrap_or_default()
    }

    pub(in crate::source) async fn people(&mut self, base: &str, longest: Duration) -> Result<People, String> {
        let mut session = self.session().await?;
        let filter = sendable(&self.settings.user_filter).unwrap_or_else(|| "(objectClass=person)".to_owned());
        let scope = ldap3::Scope::Subtree;
        let counted = count_of(&mut session, &Counted { base, scope, filter: &filter, page: self.page, most: MOST, longest }).await;
        self.session = Some(session);
        counted.map(|(count, whole)| People { count, whole }).map_err(|f| f.detail)
    }

    pub(in crate::source) async fn containers(&mut self, base: &str) -> Vec<String> {
        let classes = any_class(CONTAINERS.iter().copied());
        let mut found = Vec::new();
        // Who finds nothing here can type it.
        let _ = self.some(base, ldap3::Scope::OneLevel, classes, &["1.1"], MOST_GROUPS, |entry| found.push(entry.dn.to_owned())).await;
        found
    }

    pub(in crate::source) async fn groups(&mut self, base: &str, word: &str) -> Result<Groups, String> {
        let session = self.session().await?;
        let context = session.root.naming_context(base);
        self.session = Some(session);
        let settings = &self.settings;
        let classes = any_class(settings.group_class.iter().chain(&settings.dynamic_group_class).map(String::as_str));
        let named = if word.is_empty() { String::new() } else { format!("(cn=*{}*)", escape(word)) };
        let mut list = Vec::new();
        let take = |entry: Entry<'_>| {
            let about = entry.first("description").and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default();
            list.push((entry.dn.to_owned(), about.to_owned()));
        };
        let whole = self.some(&context, ldap3::Scope::Subtree, format!("(&{classes}{named})"), &["description"], MOST_GROUPS, take).await?;
        list.sort();
        Ok(Groups { list, more: !whole })
    }

    pub(in crate::source) async fn samples(&mut self, base: &str) -> Result<Vec<Record>, String> {
        let filter = sendable(&self.settings.user_filter).unwrap_or_else(|| "(objectClass=person)".to_owned());
        let mut attributes: Vec<String> = vec!["*".to_owned(), self.settings.id_attribute.to_string()];
        attributes.extend(self.settings.status.iter().map(|rule| rule.attribute.to_string()));
        let attributes: Vec<&str> = attributes.iter().map(String::as_str).collect();
        let mut people = Vec::new();
        let take = |entry: Entry<'_>| {
            let mut record = Record { dn: entry.dn.to_owned(), attributes: Vec::new() };
            for attribute in entry.attributes().filter(|a| a.is_plain()) {
                let values = attribute.values().filter(|v| v.len() <= LONGEST_VALUE).take(20);
                record.attributes.extend(values.map(|v| (attribute.name.into(), Value::of(v.to_vec()))));
            }
            people.push(record);
        };
        self.some(base, ldap3::Scope::Subtree, filter, &attributes, SAMPLES, take).await?;
        Ok(people)
    }

    /// The first entries of a search; false if there are more.
    async fn some(
        &mut self,
        base: &str,
        scope: ldap3::Scope,
        filter: String,
        attributes: &[&str],
        most: usize,
        mut take: impl FnMut(Entry<'_>),
    ) -> Result<bool, String> {
        let mut session = self.session().await?;
        let domain_scope = session.domain_scope();
        let one = Query::one(base, attributes);
        let query = Query { scope, filter, domain_scope, most: u32::try_from(most).unwrap_or(0), ..one };
        let mut seen = 0;
        let search = session.connection.all(query, |entry| {
            seen += 1;
            if seen <= most {
                take(entry);
            }
            Ok(())
        });
        let ended = tokio::time::timeout(LONGEST, search).await;
        match ended {
            Ok(Ok(_)) => {
                self.session = Some(session);
                Ok(seen <= most)
            }
            // Some stop at a limit of their own.
            Ok(Err(Failure { code: Some(SIZE_LIMIT), .. })) => {
                self.session = Some(session);
                Ok(false)
            }
            Ok(Err(failure)) => {
                self.session = Some(session);
                Err(failure.detail)
            }
            Err(_) => Err(format!("no answer within {} s", LONGEST.as_secs())),
        }
    }
}

/// A filter for entries of any of these classes.
fn any_class<'c>(classes: impl Iterator<Item = &'c str>) -> String {
    let each: Vec<String> = classes.map(|c| format!("(objectClass={})", escape(c))).collect();
    format!("(|{})", each.concat())
}
