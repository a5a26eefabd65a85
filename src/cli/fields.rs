//! `rosterm fields`: what an account at the target has, and which of it the mapping fills.

use super::print::{self, Format};
use super::table::{paragraph, table};
use super::{Common, report};
use crate::config::{Channel, Located};
use crate::error::{Error, Position, Result, exit};
use crate::mapping::Rules;
use crate::model::field::{Field, FieldFormat, FieldKind};
use crate::target::Connector;
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::Path;

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// The fields of this connector (a built-in one, or a file), whatever the configuration says
    #[arg(long, value_name = "NAME")]
    connector: Option<String>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(options: &Options, common: &Common) -> Result<u8> {
    let (connector, mapped) = if let Some(name) = &options.connector {
        (load(name)?, None)
    } else {
        let (_, channel) = common.channel()?;
        let (connector, rules) = crate::engine::compile(&channel)?;
        (connector, Some((channel, rules)))
    };
    let view = View { connector: &connector, mapped: mapped.as_ref() };
    match options.format {
        Format::Json => print::json(&view.document())?,
        Format::Text => print::data(|out| view.text(out, report::Style::of(common.color)))?,
    }
    Ok(exit::DONE)
}

/// A connector that the command line names: a file is relative to the working folder.
pub(super) fn load(name: &str) -> Result<Connector> {
    let at = Position { file: "--connector".to_owned(), line: 1, column: 1 };
    let excerpt = crate::error::Excerpt { line: name.to_owned(), start: 0, length: name.chars().count().max(1) };
    Connector::load(&Located { value: name.to_owned(), at, excerpt }, Path::new("")).map_err(|e| {
        // A command line has no lines and columns.
        if e.position().is_some_and(|p| p.file == "--connector") {
            let plain = Error::new(e.kind(), e.message());
            e.hint_text().map_or(plain.clone(), |hint| plain.hint(hint))
        } else {
            e
        }
    })
}

struct View<'a> {
    connector: &'a Connector,
    /// The channel and its rules, if it is a channel that is looked at.
    mapped: Option<&'a (Channel, Rules)>,
}

impl View<'_> {
    fn rule(&self, field: &Field) -> Option<&crate::mapping::Rule> {
        self.mapped?.1.rules().iter().find(|r| r.field.path.eq_ignore_ascii_case(&field.path))
    }

    /// The expression of a rule as the configuration has it, or its default.
    fn expression(&self, field: &Field) -> Option<String> {
        let (channel, rules) = self.mapped?;
        let at = rules.rules().iter().position(|r| r.field.path.eq_ignore_ascii_case(&field.path))?;
        // Rules stand in the order of the file.
        let config = channel.mapping.get(at)?;
        config.value.as_ref().map(|v| v.value.clone()).or_else(|| config.default.as_ref().map(|d| format!("always '{d}'")))
    }

    fn is_match_field(&self, field: &Field) -> bool {
        self.mapped.is_some_and(|(_, rules)| rules.rules()[rules.match_rule()].field.path.eq_ignore_ascii_case(&field.path))
    }

    /// The connector's fields, then those that the mapping names by their full path.
    fn fields(&self) -> Vec<&Field> {
        let own = |field: &&Field| !self.connector.fields.iter().any(|f| f.path.eq_ignore_ascii_case(&field.path));
        let by_path = self.mapped.into_iter().flat_map(|(_, rules)| rules.rules().iter().map(|r| &r.field)).filter(own);
        self.connector.fields.iter().chain(by_path).collect()
    }

    /// Required fields that no rule fills: no account can be created without them.
    fn missing(&self) -> Vec<&str> {
        if self.mapped.is_none() {
            return Vec::new();
        }
        self.connector.fields.iter().filter(|f| f.required && self.rule(f).is_none()).map(|f| f.name.as_str()).collect()
    }

    fn document(&self) -> Value {
        let fields: Vec<Value> = self
            .fields()
            .into_iter()
            .map(|f| {
                let mut row = json!({
                    "name": f.name, "path": f.path, "about": f.about, "type": kind(f.kind), "several": f.multi,
                    "required": self.rule(f).map_or(f.required, |r| r.required), "immutable": f.immutable, "case_exact": f.case_exact,
                    "format": f.format.map(format_word), "choices": f.choices, "max_length": f.max_length,
                });
                if self.mapped.is_some() {
                    row["mapped"] = self.rule(f).is_some().into();
                    row["rule"] = self.expression(f).into();
                    row["match"] = self.is_match_field(f).into();
                }
                row
            })
            .collect();
        json!({
            "format": "rosterm-fields/1", "connector": self.connector.name, "title": self.connector.title,
            "channel": self.mapped.map(|(channel, _)| &channel.name), "required_not_mapped": self.missing(), "fields": fields,
        })
    }

    fn text(&self, out: &mut dyn Write, style: report::Style) -> io::Result<()> {
        let cells = print::width();
        let fields = self.fields();
        let missing = self.missing();
        let title = format!("{} ({})", self.connector.title, self.connector.name);
        match self.mapped {
            Some((channel, rules)) => paragraph(
                out,
                0,
                cells,
                &format!("{title}, channel {}: {} of {} fields are mapped", channel.name, rules.rules().len(), fields.len()),
            )?,
            None => paragraph(out, 0, cells, &format!("{title}: {} fields", fields.len()))?,
        }
        if !missing.is_empty() {
            let sentence = format!("Required and not mapped, so nobody can be created: {}", missing.join(", "));
            writeln!(out, "{}", style.warn(&crate::text::clean(&sentence)))?;
        }
        writeln!(out)?;
        let mut rows = Vec::new();
        for field in fields {
            let mut about = Vec::new();
            if !field.about.is_empty() {
                about.push(field.about.clone());
            }
            if field.path != field.name {
                about.push(field.path.clone());
            }
            if let Some(expression) = self.expression(field) {
                about.push(format!("= {expression}"));
            }
            let mut firsts = vec![field.name.clone(), takes(field, self.rule(field).map_or(field.required, |r| r.required))];
            if self.mapped.is_some() {
                let state = match (self.rule(field), field.required) {
                    (Some(_), _) if self.is_match_field(field) => "match",
                    (Some(_), _) => "mapped",
                    (None, true) => "MISSING",
                    (None, false) => "·",
                };
                firsts.insert(0, state.to_owned());
            }
            let blank = vec![String::new(); firsts.len()];
            for (i, line) in about.into_iter().enumerate() {
                rows.push(if i == 0 { &firsts } else { &blank }.iter().cloned().chain([line]).collect());
            }
        }
        table(out, 0, cells, &rows)
    }
}

fn kind(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "text",
        FieldKind::Bool => "boolean",
        FieldKind::Int => "integer",
        FieldKind::Reference => "reference",
    }
}

fn format_word(format: FieldFormat) -> &'static str {
    match format {
        FieldFormat::Email => "email",
        FieldFormat::Url => "url",
        FieldFormat::Country => "country",
    }
}

/// What a field takes, in a few words: `required email`, `texts`, `once; text <= 60`.
fn takes(field: &Field, required: bool) -> String {
    let mut words = Vec::new();
    if required {
        words.push("required".to_owned());
    }
    if field.immutable {
        words.push("set once".to_owned());
    }
    let mut what = match (field.format, field.kind) {
        (Some(FieldFormat::Email), _) => "e-mail",
        (Some(FieldFormat::Url), _) => "URL",
        (Some(FieldFormat::Country), _) => "country",
        (None, FieldKind::Text) => "text",
        (None, FieldKind::Bool) => "true/false",
        (None, FieldKind::Int) => "number",
        (None, FieldKind::Reference) => "person",
    }
    .to_owned();
    if field.multi {
        what = format!("list of {what}");
    }
    if let Some(max) = field.max_length {
        what = format!("{what} to {max}");
    }
    words.push(what);
    if !field.choices.is_empty() {
        words.push(field.choices.join("|"));
    }
    words.join(", ")
}
