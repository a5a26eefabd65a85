//! `rosterm channels`: what the configuration holds, without asking anybody.

use super::Common;
use super::print::{self, Format};
use super::table::{paragraph, table};
use crate::config::{Channel, Config, SourceConfig, SourceKind};
use crate::error::{Result, exit};
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, Write};

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Where people come from: the servers, or the file.
pub(super) fn source_place(source: &SourceConfig) -> String {
    match &source.kind {
        SourceKind::Ldap(ldap) => ldap.urls.iter().map(|u| u.text.as_str()).collect::<Vec<_>>().join(", "),
        SourceKind::Ldif { path } => path.display().to_string(),
        SourceKind::Csv(csv) => csv.path.display().to_string(),
    }
}

/// The other channels that lead to the same service: they share links, holds and the lock.
fn sharers<'c>(config: &'c Config, channel: &Channel) -> Vec<&'c str> {
    let same = |c: &&Channel| c.name != channel.name && c.target.base_url.value == channel.target.base_url.value;
    config.channels.iter().filter(same).map(|c| c.name.as_str()).collect()
}

pub(super) fn run(options: &Options, common: &Common) -> Result<u8> {
    let config = common.configuration()?;
    if let Some(name) = common.channel.as_deref() {
        config.channel(Some(name))?;
    }
    let chosen: Vec<&Channel> = config.channels.iter().filter(|c| common.channel.as_ref().is_none_or(|n| *n == c.name)).collect();
    match options.format {
        Format::Json => print::json(&document(&config, &chosen))?,
        Format::Text => print::data(|out| text(out, &config, &chosen))?,
    }
    Ok(exit::DONE)
}

fn document(config: &Config, chosen: &[&Channel]) -> Value {
    let all: Vec<Value> = chosen
        .iter()
        .map(|c| {
            let location = &c.source.location;
            json!({
                "name": c.name, "active": c.active, "rules": c.mapping.len(),
                "source": {
                    "kind": match &c.source.kind {
                        SourceKind::Ldap(_) => "ldap",
                        SourceKind::Ldif { .. } => "ldif",
                        SourceKind::Csv(_) => "csv",
                    },
                    "place": source_place(&c.source), "base_dn": location.base_dn.value,
                    "filter": location.filter.as_ref().map(|f| &f.value), "group_dn": location.group_dn.as_ref().map(|g| &g.value),
                },
                "target": {"connector": c.target.connector.value, "base_url": c.target.base_url.value},
                "shares_with": sharers(config, c),
            })
        })
        .collect();
    json!({"format": "rosterm-channels/1", "config": config.path.display().to_string(), "channels": all})
}

fn text(out: &mut dyn Write, config: &Config, chosen: &[&Channel]) -> io::Result<()> {
    let cells = print::width();
    for (i, channel) in chosen.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        let state = if channel.active { "active" } else { "parked (active = false)" };
        let n = channel.mapping.len();
        paragraph(out, 0, cells, &format!("{}: {state}, {n} {}", channel.name, if n == 1 { "rule" } else { "rules" }))?;
        let location = &channel.source.location;
        let mut rows =
            vec![vec!["people".to_owned(), source_place(&channel.source)], vec!["base".to_owned(), location.base_dn.value.clone()]];
        if let Some(filter) = &location.filter {
            rows.push(vec!["filter".to_owned(), filter.value.clone()]);
        }
        if let Some(group) = &location.group_dn {
            rows.push(vec!["group".to_owned(), group.value.clone()]);
        }
        rows.push(vec!["accounts".to_owned(), format!("{} at {}", channel.target.connector.value, channel.target.base_url.value)]);
        let sharers = sharers(config, channel);
        if !sharers.is_empty() {
            rows.push(vec!["shares".to_owned(), format!("its service, links and holds with {}", sharers.join(", "))]);
        }
        table(out, 2, cells, &rows)?;
    }
    Ok(())
}
