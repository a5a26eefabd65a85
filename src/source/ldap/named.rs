//! Whom people call by a name: for somebody who is asked about and was not read.

use super::connection::Query;
use super::failure::Failure;
use super::session::Session;
use crate::filter::escape;
use crate::identity::EntryId;
use crate::source::vendor::Settings;
use crate::source::{NAMED_BY, NAMED_MOST};

/// The people below `look_in` who have this name, with their DNs.
///
/// # Errors
/// Where the search ended in another way than with success; also where more have the name than are worth to be listed.
pub async fn named(session: &mut Session, settings: &Settings, look_in: &str, name: &str) -> Result<Vec<(EntryId, String)>, Failure> {
    let value = escape(name);
    let any = NAMED_BY.iter().map(|attribute| format!("({attribute}={value})")).collect::<Vec<_>>().concat();
    let query = Query {
        base: look_in.to_owned(),
        scope: ldap3::Scope::Subtree,
        filter: format!("(&{}(|{any}))", settings.user_filter),
        attributes: vec![settings.id_attribute.as_str().to_owned()],
        page: None,
        domain_scope: session.domain_scope(),
        names_only: false,
        most: NAMED_MOST,
    };
    let mut found = Vec::new();
    session
        .connection
        .all(query, |entry| {
            let id = entry.first(settings.id_attribute.as_str()).and_then(|bytes| settings.id_form.text(bytes));
            found.extend(id.map(|id| (EntryId::new(id), entry.dn.to_owned())));
            Ok(())
        })
        .await?;
    Ok(found)
}
