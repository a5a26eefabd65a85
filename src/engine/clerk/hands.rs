//! What the clerk does about one user: links by hand, and parts.

use super::Clerk;
use crate::clock;
use crate::config::paths;
use crate::engine::approvals::{Named, Who};
use crate::engine::approver::Ask;
use crate::engine::desk::Desk as _;
use crate::engine::ends::{Ends, Errand};
use crate::engine::news::News;
use crate::engine::picture::Picture;
use crate::engine::query::belonging_in;
use crate::engine::seat::Pairing;
use crate::engine::snapshot::Snapshot;
use crate::error::{Error, Kind, Result};
use crate::journal::Belonging;
use crate::model::{Link, LinkOrigin};
use std::future::Future;
use std::sync::Arc;

impl<O, F> Clerk<O>
where
    O: Fn(Errand) -> F,
    F: Future<Output = Result<Ends>>,
{
    /// What a link or a hold belongs to that is set on whoever is shown in this picture. Refused where the channel has other ends by
    /// now: their ids may be those of others there, and what is in force there would be replaced.
    pub(super) async fn belongs_here(&self, shown: &Picture) -> Result<Belonging> {
        let belonging = belonging_in(shown);
        // What was read before the channel became another one is all there is, until the first reading by it.
        let is_of_before = !self.is_there && shown.fingerprint() != self.seat.channel.fingerprint;
        if is_of_before || self.desk.look(|store| belonging_in(store.picture())).await.as_ref() != Some(&belonging) {
            let message = "what is shown was not read from where the configuration leads by now: no hold and no link is changed by it";
            return Err(Error::new(Kind::Refused, message).hint("wait until both ends were read, then look again"));
        }
        Ok(belonging)
    }

    /// Links two by hand, or parts them: first in the journal, then in the store. Nobody's approval outlives it.
    pub(super) async fn pair(&mut self, pairing: Pairing) -> Result<()> {
        if !self.seat.may_write {
            return Err(Error::new(Kind::Refused, "--read-only: nobody is linked or unlinked"));
        }
        let Pairing { snapshot, entry, account, linked } = pairing;
        let (picture, now, author) = (snapshot.picture(), clock::now(), paths::operator());
        let belonging = self.belongs_here(picture).await?;
        let service = belonging.base_url.clone();
        let row = picture.accounts().by_id(account.as_str());
        let channel = self.seat.channel.name.clone();
        let link = Link {
            entry: entry.clone(),
            account: account.clone(),
            channel: channel.clone(),
            origin: LinkOrigin::ByHand,
            since: now,
            remembered: row.map(|row| picture.to_remember(row)).unwrap_or_default(),
            last_active: row.is_none_or(|row| !picture.accounts().is_off(row)),
        };
        let mut journal = self.seat.memory.write()?;
        let mut write = || -> Result<()> {
            if linked {
                journal.set_belonging(&channel, &belonging)?;
                return journal.link_by_hand(&service, &link, &author);
            }
            if journal.unlink_by_hand(&service, &entry, &account, &author, now)? {
                return Ok(());
            }
            Err(Error::new(Kind::Refused, "the two are not linked any more: somebody was faster").hint("read again"))
        };
        let written = write();
        self.seat.memory.give_back(journal);
        written?;
        let told = if linked {
            format!("linked: {} and account {}; nothing was sent", named(&snapshot, &link), account)
        } else {
            format!("not linked any more: {} and account {}; nothing was sent", named(&snapshot, &link), account)
        };
        (self.tell)(News::Told(told));
        // Before anything else is known of them; whatever else does not fit any more is dropped with the next snapshot.
        let person = Named { entry: Some(entry.clone()), account: None };
        let other = Named { entry: None, account: Some(account.clone()) };
        let _ = self.approver.send(Ask::Withdraw(Who::Named(Arc::new(vec![person, other])), None));
        self.desk.with(move |store| if linked { store.link(&link) } else { store.unlink(&link.entry) }).await;
        Ok(())
    }
}

/// What the person of a link is called.
fn named(snapshot: &Snapshot, link: &Link) -> String {
    let picture = snapshot.picture();
    match picture.entries().by_id(link.entry.as_str()) {
        Some(row) => picture.entries().row(row).name().to_owned(),
        None => format!("the person {}", link.entry),
    }
}
