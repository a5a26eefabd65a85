//! How many entries a part of the location comes to: with names only, and not for ever.

use super::connection::{Item, Query};
use super::failure::Failure;
use super::session::Session;
use super::{Ldap, Location};
use crate::source::{Amount, Part};
use std::time::Duration;

/// How many entries are counted at most, and for how long.
const MOST: u64 = 1_000_000;
const LONGEST: Duration = Duration::from_secs(60);

impl Ldap {
    /// See [`crate::source::Source::count`].
    pub async fn count(&mut self, part: Part) -> Result<Amount, String> {
        self.connect().await.map_err(|e| e.message().to_owned())?;
        let filter = match part {
            Part::Base => "(objectClass=*)",
            Part::Filter => self.filter.as_str(),
            Part::Group => {
                self.read_members().await.map_err(|f| f.detail)?;
                let members = self.members.as_ref().map(|(m, _)| m.len());
                return Ok(Amount { n: members.unwrap_or(0), is_all: true });
            }
        };
        let Some(mut session) = self.session.take() else { return Err("the connection was lost".to_owned()) };
        let counted = count_of(&mut session, &Counted::of(&self.location, filter, self.page)).await;
        // One that was broken off is not used again.
        self.session = session.connection.is_usable().then_some(session);
        let (n, is_all) = counted.map_err(|f| f.detail)?;
        Ok(Amount { n: usize::try_from(n).unwrap_or(usize::MAX), is_all })
    }
}

/// What is counted, and how far.
pub(super) struct Counted<'a> {
    pub base: &'a str,
    pub scope: ldap3::Scope,
    pub filter: &'a str,
    pub page: u32,
    /// So many entries are enough.
    pub most: u64,
    /// So much time is enough.
    pub longest: Duration,
}

impl<'a> Counted<'a> {
    /// What a filter finds below the base of a location.
    pub(super) fn of(location: &'a Location, filter: &'a str, page: u32) -> Self {
        Counted { base: &location.base_dn.value, scope: location.scope.into(), filter, page, most: MOST, longest: LONGEST }
    }
}

/// How many entries there are; false if there are more.
pub(super) async fn count_of(session: &mut Session, counted: &Counted<'_>) -> Result<(u64, bool), Failure> {
    let query = Query {
        base: counted.base.to_owned(),
        scope: counted.scope,
        filter: counted.filter.to_owned(),
        attributes: vec!["1.1".to_owned()],
        page: session.page(counted.page),
        domain_scope: session.domain_scope(),
        names_only: false,
        most: 0,
    };
    let end = tokio::time::Instant::now() + counted.longest;
    let mut search = session.connection.search(query).await?;
    let mut entries = 0;
    loop {
        match tokio::time::timeout_at(end, search.next()).await {
            Ok(Ok(None)) => return Ok((entries, true)),
            Ok(Ok(Some(Item::Entry(_)))) => entries += 1,
            Ok(Ok(Some(Item::Reference(_)))) => {}
            Ok(Err(failure)) => return if entries > 0 && failure.code.is_some() { Ok((entries, false)) } else { Err(failure) },
            Err(_) => {
                search.abandon().await;
                return Ok((entries, false));
            }
        }
        if entries >= counted.most {
            search.abandon().await;
            return Ok((entries, false));
        }
    }
}
