//! `rosterm init`: the first configuration, by questions on lines of text or by options alone.
//!
//! What must stay true: nothing is written before both ends have answered, never over a file that is there, and no secret
//! is taken, only where one is kept. Questions are talk and go to stderr; what came of it is data.

mod dialogue;
mod given;
mod hidden;

use super::progress::{Doing, Watch};
use super::{Common, print, report};
use crate::clock::Instant;
use crate::config::create::{self, Standing};
use crate::config::{Config, paths};
use crate::engine::setup::{self, Numbers};
use crate::error::{Error, Kind, Result, exit};
use crate::model::Situation;
use crate::text::{clean, count};
use clap::Args;
use dialogue::Dialogue;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Default, Args)]
pub(super) struct Options {
    /// Where it is written (default: where rosterm looks for it)
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    file: Option<PathBuf>,
    /// The product: auto, openldap, active-directory …; or ldif, csv
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// The directory, ldaps://host; several are tried in order
    #[arg(long, value_name = "URL", value_delimiter = ',', conflicts_with_all = ["ldif", "csv"])]
    url: Vec<String>,
    /// Ask for TLS on ldap:// to this machine too; to others it always is
    #[arg(long)]
    start_tls: bool,
    /// A file of entries instead of a directory
    #[arg(long, value_name = "FILE", conflicts_with = "csv")]
    ldif: Option<String>,
    /// A table instead of a directory
    #[arg(long, value_name = "FILE")]
    csv: Option<String>,
    /// The column of the table that never changes for a person
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Who reads the directory; without it nobody, an anonymous bind
    #[arg(long, value_name = "DN")]
    bind_dn: Option<String>,
    /// Where the reader's password is kept: env:NAME, file:PATH, command:PROGRAM, keyring:NAME
    #[arg(long, value_name = "PLACE")]
    password: Option<String>,
    /// The authority of the directory's certificate
    #[arg(long, value_name = "FILE")]
    ca_file: Option<String>,
    /// Below which entry people are
    #[arg(long, value_name = "DN")]
    base: Option<String>,
    /// The group they are in; without it everybody below the base
    #[arg(long, value_name = "DN")]
    group: Option<String>,
    /// Only members of the group itself, not of groups in it
    #[arg(long)]
    direct: bool,
    /// The kind of service: rosterm connectors lists them
    #[arg(long, value_name = "NAME")]
    connector: Option<String>,
    /// The service's SCIM address, everything before /Users
    #[arg(long, value_name = "URL")]
    target_url: Option<String>,
    /// Where the token is kept, as for --password; or none
    #[arg(long, value_name = "PLACE", conflicts_with_all = ["user", "token_url"])]
    token: Option<String>,
    /// Who we are at the service, with --user-password instead of a token
    #[arg(long, value_name = "NAME", conflicts_with = "token_url")]
    user: Option<String>,
    /// Where that user's password is kept
    #[arg(long, value_name = "PLACE", requires = "user")]
    user_password: Option<String>,
    /// Who grants tokens for --client-id and --client-secret
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
    /// Who we are there
    #[arg(long, value_name = "ID", requires = "token_url")]
    client_id: Option<String>,
    /// Where the client's secret is kept
    #[arg(long, value_name = "PLACE", requires = "token_url")]
    client_secret: Option<String>,
    /// What the token is to be good for
    #[arg(long, value_name = "SCOPE", requires = "token_url")]
    client_scope: Option<String>,
    /// The authority of the service's certificate
    #[arg(long, value_name = "FILE")]
    target_ca_file: Option<String>,
    /// A rule, as email=mail; several options for several rules
    #[arg(long, value_name = "FIELD=RULE")]
    map: Vec<String>,
}

pub(super) async fn run(options: &Options, common: &Common, now: Instant) -> Result<u8> {
    let path = paths::config_file(options.file.as_deref().or(common.config.as_deref()))?;
    if common.read_only {
        return Err(Error::new(Kind::Refused, "--read-only: no configuration is written"));
    }
    if create::standing(&path) == Standing::Taken {
        return Err(Error::usage(format!("{} is there already and is left as it is", path.display()))
            .hint("name another file with --file FILE, or look at it with: rosterm check"));
    }
    let mut dialogue = Dialogue::new(options, common, path.clone(), now)?;
    let Some((draft, found)) = dialogue.hold().await? else {
        report::talk("Nothing was written.");
        return Ok(exit::APPROVAL);
    };
    create::write(&path, &setup::text(&draft, &found))?;
    print::data(|out| writeln!(out, "written: {}", clean(&path.display().to_string())))?;
    let config = Config::read(&path)?;
    let channel = config.channel(Some(&draft.name))?;
    let numbers = {
        let (source, target) = (channel.source.short_name(), channel.target.short_name());
        let watch = Watch::start(&source, &target, Doing::Reading, common.shows_progress());
        setup::first_numbers(channel, now, watch.progress()).await
    };
    match numbers {
        Ok(numbers) => told(&numbers)?,
        Err(error) => report::talk(&format!("The first numbers cannot be told: {}", error.message())),
    }
    let next = next(&path, options.file.is_some() || common.config.is_some());
    print::data(|out| writeln!(out, "next: {next}"))?;
    Ok(exit::DONE)
}

/// The next command, as one would type it.
fn next(path: &Path, named: bool) -> String {
    if !named {
        return "rosterm".to_owned();
    }
    let text = path.display().to_string();
    let plain = text.chars().all(|c| c.is_alphanumeric() || "/._-+@:,".contains(c));
    let text = if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) };
    format!("rosterm --config {}", clean(&text))
}

fn told(numbers: &Numbers) -> Result<()> {
    let shown = [
        Situation::New,
        Situation::Changed,
        Situation::Returning,
        Situation::Leaving,
        Situation::InSync,
        Situation::Unmatched,
        Situation::Ambiguous,
        Situation::Invalid,
        Situation::Blocked,
    ];
    let counts: Vec<String> =
        shown.into_iter().filter(|s| numbers.counts.of(*s) > 0).map(|s| format!("{} {}", count(numbers.counts.of(s)), s.words())).collect();
    print::data(|out| {
        writeln!(out, "people in scope: {}", count(numbers.people))?;
        writeln!(out, "accounts: {}", count(numbers.accounts))?;
        writeln!(out, "would be: {}", if counts.is_empty() { "nobody".to_owned() } else { counts.join(", ") })?;
        if !numbers.complete {
            writeln!(out, "not everybody was read: rosterm check says why")?;
        }
        Ok(())
    })
}
