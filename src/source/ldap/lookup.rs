//! Single look-ups: where is the entry with this id now, is it disabled, which clauses of the location does it meet.
//!
//! "Not found" takes somebody's access away, so it is only said after a search that ended with success, entered no
//! reference, and whose entries could all be told apart.

use super::connection::Query;
use super::failure::Failure;
use super::people::{Wanted, is_inside};
use super::rows::{Rows, UID};
use super::session::Session;
use crate::identity::EntryId;
use crate::identity::dn::DnKey;
use crate::identity::population::Schema;
use crate::model::{EntryEvidence, Verdicts};
use crate::source::scope::{Members, in_base};
use crate::source::{attributes_to_ask, status};
use std::collections::{HashMap, HashSet};

/// How many ids one filter asks for.
pub const BATCH: usize = 100;

struct Found {
    dn: String,
    disabled: bool,
    uid: Option<String>,
}

/// The answers for at most [`BATCH`] ids, in their order. With `rows` those that are found come as rows too; one that has an
/// attribute in parts does not.
///
/// # Errors
/// Where anything ended in another way than with success: then nothing is known about any of them.
pub async fn find(
    session: &mut Session,
    wanted: &Wanted<'_>,
    look_in: &str,
    ids: &[EntryId],
    mut rows: Option<&mut Rows<'_>>,
) -> Result<Vec<(EntryId, EntryEvidence)>, Failure> {
    let settings = wanted.settings;
    let any = ids
        .iter()
        .map(|id| format!("({}={})", settings.id_attribute, settings.id_form.assertion(id.as_str())))
        .collect::<Vec<_>>()
        .concat();
    let asked: HashSet<String> = ids.iter().map(|id| folded(id.as_str())).collect();
    let query = |filter: String, attributes: Vec<String>, session: &Session| Query {
        base: look_in.to_owned(),
        scope: ldap3::Scope::Subtree,
        filter,
        attributes,
        page: None,
        domain_scope: session.domain_scope(),
        names_only: false,
        most: 0,
    };
    // What a status rule and the id need, and the columns of rows.
    let columns = rows.as_ref().map_or_else(Schema::default, |rows| rows.schema().clone());
    let mut attributes: Vec<String> = attributes_to_ask(&columns, settings).iter().map(|a| a.as_str().to_owned()).collect();
    if wanted.members.is_some_and(Members::by_uid) {
        attributes.push(UID.to_owned());
    }
    let mut found: HashMap<String, Found> = HashMap::new();
    let mut strange = None;
    let everywhere = query(format!("(|{any})"), attributes, session);
    let references = session
        .connection
        .all(everywhere, |entry| {
            let id = entry.first(settings.id_attribute.as_str()).and_then(|bytes| settings.id_form.text(bytes)).map(|id| folded(&id));
            match id.filter(|id| asked.contains(id)) {
                Some(id) => {
                    if let Some(rows) = rows.as_deref_mut() {
                        rows.take(entry);
                    }
                    let first = |name: &str| entry.first(name).and_then(|bytes| std::str::from_utf8(bytes).ok());
                    let disabled = status::is_disabled(settings, wanted.now, first);
                    if found.insert(id, Found { dn: entry.dn.to_owned(), disabled, uid: first(UID).map(str::to_owned) }).is_some() {
                        strange = Some(format!("two entries have the id of {}", entry.dn));
                    }
                }
                None => strange = Some(format!("{} came back without an id that was asked for", entry.dn)),
            }
            Ok(())
        })
        .await?;
    if let Some(strange) = strange {
        return Err(Failure::malformed(strange));
    }
    let mut matching: HashSet<String> = HashSet::new();
    if !found.is_empty() {
        let both = query(format!("(&(|{any}){})", wanted.filter), vec![settings.id_attribute.as_str().to_owned()], session);
        session
            .connection
            .all(both, |entry| {
                let id = entry.first(settings.id_attribute.as_str()).and_then(|bytes| settings.id_form.text(bytes));
                matching.extend(id.map(|id| folded(&id)));
                Ok(())
            })
            .await?;
    }
    let base = DnKey::of(wanted.base);
    let below = DnKey::of(look_in);
    let elsewhere = session.root.contexts_below(&below);
    let reference = references.iter().find(|url| is_inside(url, &below, &elsewhere));
    let answer = |id: &EntryId| match found.get(&folded(id.as_str())) {
        Some(entry) => {
            let key = DnKey::of(&entry.dn);
            let verdicts = Verdicts {
                base: Some(in_base(&key, &base, wanted.scope)),
                filter: Some(matching.contains(&folded(id.as_str()))),
                group: wanted.members.map(|members| members.contains(&key, || entry.uid.as_deref())),
            };
            EntryEvidence::Found { dn: entry.dn.clone(), disabled: entry.disabled, verdicts }
        }
        None => match reference {
            Some(url) => EntryEvidence::Unknown { cause: format!("a part of {look_in} is on another server: {url}") },
            None => EntryEvidence::NotFound { base: look_in.to_owned() },
        },
    };
    Ok(ids.iter().map(|id| (id.clone(), answer(id))).collect())
}

/// Servers compare ids without regard to case, so the one that comes back may be spelt in another way.
fn folded(id: &str) -> String {
    id.to_ascii_lowercase()
}
