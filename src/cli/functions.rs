//! `rosterm functions [NAME]`: what a mapping rule can call. The table itself is the language's own.

use super::print::{self, Format};
use super::table::{paragraph, table};
use super::{Common, report};
use crate::error::{Error, Result, exit};
use crate::mapping::Function;
use crate::mapping::functions::{self, GROUPS};
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, Write};

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// One function, with everything about it
    name: Option<String>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(options: &Options, common: &Common) -> Result<u8> {
    let one = options.name.as_deref().map(find).transpose()?;
    match (options.format, one) {
        (Format::Json, one) => {
            let wanted = |f: &&Function| one.is_none_or(|one| one.name == f.name);
            let all: Vec<Value> = GROUPS
                .into_iter()
                .flat_map(|(group, list)| list.iter().filter(wanted).map(move |f| document(group, f)).collect::<Vec<_>>())
                .collect();
            print::json(&json!({"format": "rosterm-functions/1", "functions": all}))?;
        }
        (Format::Text, Some(function)) => print::data(|out| one_text(out, function))?,
        (Format::Text, None) => print::data(|out| all_text(out, report::Style::of(common.color)))?,
    }
    Ok(exit::DONE)
}

/// The function of a name; one that is written as it is called counts too.
fn find(name: &str) -> Result<&'static Function> {
    let bare = name.split('(').next().unwrap_or(name).trim();
    functions::find(bare).or_else(|| functions::find(&bare.to_lowercase())).ok_or_else(|| {
        let error = Error::usage(format!("there is no function {name}"));
        match crate::text::nearest(bare, functions::all().map(|f| f.name)) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint("all of them: rosterm functions"),
        }
    })
}

fn group_of(function: &Function) -> &'static str {
    GROUPS.into_iter().find(|(_, list)| list.iter().any(|f| f.name == function.name)).map_or("", |(group, _)| group)
}

fn document(group: &str, function: &Function) -> Value {
    let example = &function.example;
    let attributes: serde_json::Map<String, Value> = example.attributes.iter().map(|(n, v)| ((*n).to_owned(), json!(v))).collect();
    json!({
        "name": function.name, "group": group, "signature": function.signature(), "about": function.doc,
        "example": {"expression": example.expression, "attributes": attributes, "result": example.result},
    })
}

fn all_text(out: &mut dyn Write, style: report::Style) -> io::Result<()> {
    let cells = print::width();
    for (group, list) in GROUPS {
        writeln!(out, "{}", style.bold(group))?;
        let rows: Vec<Vec<String>> = list
            .iter()
            .flat_map(|f| {
                [vec![f.signature(), f.doc.to_owned()], vec![String::new(), format!("{}  =  {}", f.example.expression, f.example.result)]]
            })
            .collect();
        table(out, 2, cells, &rows)?;
        writeln!(out)?;
    }
    paragraph(
        out,
        0,
        cells,
        "name | upper is the same as upper(name). More about one: rosterm functions NAME; the language: docs/expressions.md",
    )
}

fn one_text(out: &mut dyn Write, function: &Function) -> io::Result<()> {
    let cells = print::width();
    let example = &function.example;
    writeln!(out, "{}", function.signature())?;
    paragraph(out, 2, cells, function.doc)?;
    let mut rows = vec![vec!["group".to_owned(), group_of(function).to_owned()], vec!["example".to_owned(), example.expression.to_owned()]];
    for (name, values) in example.attributes {
        let values: Vec<String> = values.iter().map(|v| format!("'{v}'")).collect();
        rows.push(vec!["where".to_owned(), format!("{name} is {}", values.join(", "))]);
    }
    rows.push(vec!["yields".to_owned(), example.result.to_owned()]);
    writeln!(out)?;
    table(out, 2, cells, &rows)
}
