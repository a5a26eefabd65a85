//! The configuration file read anew while the screens are open: what it says by now is told first, clause by clause, and gone by
//! only once somebody has seen that.
//!
//! What must stay true: the whole file is parsed and compiled before anything changes, and a file that is wrong changes nothing;
//! exactly the channel that was told is gone by, or none.

use super::aside::Configured;
use super::clerk::Work;
use super::ends::compile;
use super::live::{Live, spawn};
use super::memory::Glance;
use super::news::News;
use super::query::{self, so_much};
use crate::config::differs::{Difference, Part, differences};
use crate::config::{Channel, Clause, Config};
use crate::error::{Error, Result};
use crate::identity::dn::DnKey;
use crate::mapping::Rules;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the file says by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anew {
    /// The file.
    pub file: PathBuf,
    /// The fingerprint of the channel in it.
    pub fingerprint: String,
    /// What it says otherwise; nothing where only the way changed in which it is written.
    pub differences: Vec<Difference>,
    /// Whom links and holds could mean by it: sentences, in capitals where it matters. Not cleaned.
    pub warnings: Vec<String>,
}

/// The channel of this name in a file, if both ends could be opened by it as far as nobody has to be asked for that.
///
/// # Errors
/// What is wrong with the file, with its place.
pub(super) fn read(file: &Path, name: &str, state: Option<&Path>) -> Result<(Config, Arc<Channel>, Rules)> {
    let config = Config::read(file)?;
    let channel = Arc::new(config.channel(Some(name))?.clone());
    let (_, rules) = compile(&channel)?;
    if config.state.as_deref() != state {
        return Err(Error::usage("the file names another place for the state: links, holds and runs would be others")
            .hint("nothing has changed; end rosterm and start it again to go by that place"));
    }
    Ok((config, channel, rules))
}

/// What a file says.
enum Said {
    /// The channel is the same; the others may not be.
    Same(Vec<Channel>),
    /// It is another one.
    Other(Anew),
}

/// What a file says otherwise.
fn look(file: &Path, state: Option<&Path>, configured: &Configured, glance: &Glance) -> Result<Said> {
    let was = configured.now();
    let (config, now, rules) = read(file, &was.name, state)?;
    if now.fingerprint == was.fingerprint {
        return Ok(Said::Same(config.others(&now)));
    }
    let masked: Vec<&str> = rules.rules().iter().filter(|r| r.masked).flat_map(|r| [&*r.field.name, &*r.field.path]).collect();
    let is_masked = |field: &str| masked.iter().any(|name| name.eq_ignore_ascii_case(field));
    let differences = differences(&was, &now, &is_masked);
    let bound = query::bound(&was.name, &glance()?)?;
    let warnings = bound.map(|bound| warnings(&differences, &bound)).unwrap_or_default();
    Ok(Said::Other(Anew { file: file.to_owned(), fingerprint: now.fingerprint.clone(), differences, warnings }))
}

/// What becomes of links and holds that were made for something else.
fn warnings(differences: &[Difference], bound: &query::Bound) -> Vec<String> {
    let says = |part: Part, name: &str| differences.iter().find(|d| d.part == part && d.name == name);
    let much = so_much(bound.links, bound.holds).to_uppercase();
    let (are, were) = if bound.links + bound.holds == 1 { ("IS", "WAS") } else { ("ARE", "WERE") };
    let until = "Nothing is read or sent until somebody who knows that these are the same people says so: rosterm link --migrate.";
    let mut told = Vec::new();
    // Whoever goes back to what they were made for is not warned.
    let made_for = &bound.belonging.base_url;
    if let Some(service) = says(Part::Target, "base_url").filter(|service| service.now != *made_for) {
        told.push(format!("ANOTHER SERVICE: {much} {were} MADE FOR {made_for} AND {are} NOT USED FOR {}. {until}", service.now));
    } else if says(Part::Target, "auth").is_some() {
        // Nothing tells which tenant a login leads to where all have the same address.
        told.push(format!(
            "THIS CAN BE ANOTHER TENANT: {much} {were} MADE WITH THE LOGIN BEFORE, AND {are} USED WITH THE OTHER ONE. Where all tenants have the same address, other accounts can have the same ids there: somebody else would be meant. Go by it only if it leads to the same accounts.",
        ));
    }
    let context = &bound.belonging.naming_context;
    let is_elsewhere = |base: &Difference| !context.is_empty() && !DnKey::of(&base.now).is_under(&DnKey::of(context));
    let is_server = differences.iter().any(|d| d.part == Part::Server && ["type", "path", "url"].contains(&&*d.name));
    if is_server || says(Part::Location, &Clause::Base.name()).is_some_and(is_elsewhere) {
        let of = if context.is_empty() { String::new() } else { format!(" ({context})") };
        told.push(format!(
            "THIS CAN BE ANOTHER DIRECTORY: {much} NAME PEOPLE OF THE ONE BEFORE{of}. Where another one has other people by the same ids, they would mean somebody else; where its naming context is another one, they are not used. {until}",
        ));
    }
    let id = &bound.belonging.id_attribute;
    let is_other_id = says(Part::Location, &Clause::Id.name()).is_some_and(|d| !d.now.eq_ignore_ascii_case(id));
    // Another product can know people by another id, where the configuration does not say by which.
    if is_other_id || says(Part::Server, &Clause::Vendor.name()).is_some() {
        told.push(format!("{much} GO BY {id}: where people are known by another id then, they {are} NOT USED. {until}"));
    }
    told
}

impl Live {
    /// Reads the file anew and tells what it says otherwise; nothing else changes by that, and it waits for nobody.
    pub fn reread(&self, file: PathBuf) {
        let (tell, glance) = (Arc::clone(&self.aside.tell), Arc::clone(&self.aside.glance));
        let (configured, state) = (self.aside.configured.clone(), self.state.clone());
        let works = self.works();
        spawn("file", move || match look(&file, state.as_deref(), &configured, &glance) {
            Ok(Said::Other(anew)) => tell(News::Anew(Box::new(anew))),
            Ok(Said::Same(others)) => drop(works.send(Work::Others(file, others))),
            Err(error) => tell(News::Refused(error)),
        });
    }
}
