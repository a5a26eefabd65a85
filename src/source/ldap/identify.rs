//! The lasting ids of entries that are known by DN only: managers that lie outside of the scope.

use super::connection::{Connection, Query};
use super::failure::{Failure, NO_SUCH_OBJECT};
use super::session::Session;
use crate::identity::EntryId;
use crate::identity::dn::{self, DnKey};
use crate::model::{Cause, Identified};
use crate::source::vendor::Settings;
use tokio::task::JoinSet;

/// How many DNs are asked for in one go.
pub const MOST: usize = 2000;

/// How many questions are under way at once: enough to hide the distance to the server, too few to trouble it.
const AT_ONCE: usize = 8;

/// One answer for each DN, in their order.
pub async fn identify(session: &mut Session, settings: &Settings, dns: &[String]) -> Vec<(String, Identified)> {
    let mut answers: Vec<Identified> = dns.iter().map(|_| unknown("it was not asked for")).collect();
    let mut waiting = dns.iter().enumerate();
    let mut running = JoinSet::new();
    // Should this be cancelled, answers to questions that nobody waits for are under way: then the connection is not used again.
    session.connection.set_busy(true);
    loop {
        while running.len() < AT_ONCE
            && let Some((i, dn)) = waiting.next()
        {
            if i >= MOST {
                answers[i] = unknown(&format!("more than {MOST} were asked for at once"));
            } else if let Some(why) = unaskable(session, dn) {
                answers[i] = unknown(why);
            } else {
                let (connection, settings) = (session.connection.beside(), settings.clone());
                let dn = dn.clone();
                running.spawn(async move { (i, one(connection, &dn, &settings).await) });
            }
        }
        match running.join_next().await {
            Some(Ok((i, answer))) => answers[i] = answer,
            Some(Err(_)) => {}
            None => break,
        }
    }
    session.connection.set_busy(false);
    dns.iter().cloned().zip(answers).collect()
}

fn unknown(cause: &str) -> Identified {
    Identified::Unknown { cause: cause.to_owned() }
}

/// "No such object" means something only about a DN, and only from a server that holds that part of the tree.
fn unaskable(session: &Session, dn: &str) -> Option<&'static str> {
    if dn::parse(dn).is_none_or(|rdns| rdns.is_empty()) {
        return Some("it is not a distinguished name");
    }
    (!session.root.may_hold(&DnKey::of(dn))).then_some("it lies in none of the server's naming contexts")
}

async fn one(mut connection: Connection, dn: &str, settings: &Settings) -> Identified {
    let mut found = None;
    let read = connection.all(Query::one(dn, &[settings.id_attribute.as_str()]), |entry| {
        found = Some(entry.first(settings.id_attribute.as_str()).and_then(|bytes| settings.id_form.text(bytes)));
        Ok(())
    });
    match (read.await, found) {
        (Ok(_), Some(Some(id))) => Identified::Entry(EntryId::new(id)),
        (Ok(_), Some(None)) => unknown(&format!("it has no {} that can be read", settings.id_attribute)),
        (Ok(references), None) => {
            let elsewhere = |url: &String| unknown(&format!("it is on another server: {url}"));
            references.first().map_or_else(|| unknown("it cannot be read"), elsewhere)
        }
        (Err(failure), _) if failure.code == Some(NO_SUCH_OBJECT) => Identified::NotFound,
        (Err(Failure { cause: Cause::Reference, detail, .. }), _) => unknown(&format!("it is on another server: {detail}")),
        (Err(failure), _) => unknown(&failure.detail),
    }
}
