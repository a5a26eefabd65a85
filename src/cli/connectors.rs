//! `rosterm connectors`: the kinds of service that this version knows, and what each of them can do.

use super::Common;
use super::print::{self, Format};
use super::table::{paragraph, table};
use crate::config::PageSize;
use crate::error::{Result, exit};
use crate::target::Connector;
use crate::target::connector::Version;
use clap::Args;
use serde_json::{Value, json};

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(options: &Options, _common: &Common) -> Result<u8> {
    let connectors = Connector::built_in().map(super::fields::load).collect::<Result<Vec<_>>>()?;
    match options.format {
        Format::Json => {
            let all: Vec<Value> = connectors
                .iter()
                .map(|c| {
                    json!({
                        "name": c.name, "title": c.title, "fields": c.fields.len(), "required": required(c),
                        "version": version(c), "can_delete": c.can_delete(), "lists_inactive": c.lists_inactive,
                        "page_size": match c.page_size { PageSize::Accounts(n) => json!(n), PageSize::Unasked => Value::Null },
                        "filter": c.filter, "notes": c.notes,
                    })
                })
                .collect();
            print::json(&json!({"format": "rosterm-connectors/1", "connectors": all}))?;
        }
        Format::Text => print::data(|out| {
            let cells = print::width();
            let rows: Vec<Vec<String>> = connectors.iter().map(|c| vec![c.name.clone(), c.title.clone(), can(c)]).collect();
            table(out, 0, cells, &rows)?;
            for connector in connectors.iter().filter(|c| !c.notes.is_empty()) {
                writeln!(out, "\n{}", connector.title)?;
                for note in &connector.notes {
                    paragraph(out, 2, cells, note)?;
                }
            }
            writeln!(out)?;
            paragraph(
                out,
                0,
                cells,
                "In a configuration: connector = \"NAME\", or a file of your own that ends in .toml. What each has: rosterm fields --connector NAME",
            )
        })?,
    }
    Ok(exit::DONE)
}

fn required(connector: &Connector) -> Vec<&str> {
    connector.fields.iter().filter(|f| f.required).map(|f| f.name.as_str()).collect()
}

fn version(connector: &Connector) -> &'static str {
    match connector.version {
        Version::V1 => "1.1",
        Version::V2 => "2.0",
    }
}

/// What it can do, in words.
fn can(connector: &Connector) -> String {
    let mut parts = vec![format!("SCIM {}", version(connector))];
    parts.push(format!("{} fields, required: {}", connector.fields.len(), required(connector).join(", ")));
    parts.push(if connector.can_delete() { "disables and deletes" } else { "disables, never deletes" }.to_owned());
    if !connector.lists_inactive {
        parts.push("hides disabled accounts from its listing".to_owned());
    }
    if let PageSize::Accounts(n) = connector.page_size {
        parts.push(format!("{n} accounts a page"));
    }
    parts.join("; ")
}
