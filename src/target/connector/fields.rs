//! `[fields.NAME]` of a connector: what an account has, and which values the service takes.

use super::super::path::Path as FieldPath;
use crate::config::Located;
use crate::config::reader::Section;
use crate::error::Result;
use crate::model::field::{Field, FieldFormat, FieldKind, Wire};

/// Every field of the table, in its order.
pub(super) fn read(table: &Section<'_>) -> Result<Vec<Field>> {
    let mut fields: Vec<Field> = Vec::new();
    for (name, mut section) in table.named_sections()? {
        let field = field(&name.value, &mut section)?;
        if let Some(other) = fields.iter().find(|f| f.path.eq_ignore_ascii_case(&field.path)) {
            return Err(name.error(format!("{} and {} have the same path", name.value, other.name)));
        }
        if fields.iter().any(|f| f.name.eq_ignore_ascii_case(&field.name)) {
            return Err(name
                .error(format!("there are two fields {}", name.value))
                .hint("letter case does not count in the names of fields"));
        }
        fields.push(field);
    }
    Ok(fields)
}

fn field(name: &str, section: &mut Section<'_>) -> Result<Field> {
    let path = section.required_string("path")?;
    FieldPath::parse(&path.value).map_err(|why| path.error(why))?;
    let flag = |found: Option<Located<bool>>| found.is_some_and(|b| b.value);
    let length = |found: Option<Located<i64>>| found.and_then(|n| usize::try_from(n.value).ok());
    let kind = match section.word("type", &["text", "boolean", "integer", "reference"])?.map_or(0, |w| w.value) {
        1 => FieldKind::Bool,
        2 => FieldKind::Int,
        3 => FieldKind::Reference,
        _ => FieldKind::Text,
    };
    let read_only = section.bool("read_only")?;
    let wire = section.word("wire", &["number", "text"])?;
    let shortest = section.int_in("min_length", 1..=1_000_000)?;
    let longest = section.int_in("max_length", 1..=1_000_000)?;
    if let (Some(shortest), Some(longest)) = (&shortest, &longest)
        && shortest.value > longest.value
    {
        return Err(shortest.error(format!("min_length is greater than max_length, which is {}", longest.value)));
    }
    if let Some(wire) = &wire {
        let fits = if wire.value == 0 {
            matches!(kind, FieldKind::Text | FieldKind::Reference)
        } else {
            matches!(kind, FieldKind::Bool | FieldKind::Int)
        };
        if !fits {
            return Err(wire.error("this is how the type is sent anyway").hint("remove wire"));
        }
    }
    let field = Field {
        name: name.to_owned(),
        path: path.value,
        about: section.string("about")?.map(|s| s.value).unwrap_or_default(),
        required: flag(section.bool("required")?),
        immutable: flag(section.bool("immutable")?),
        read_only: read_only.as_ref().is_some_and(|b| b.value),
        create_only: flag(section.bool("create_only")?),
        write_only: flag(section.bool("write_only")?),
        after_create: flag(section.bool("after_create")?),
        case_exact: section.bool("case_exact")?.is_none_or(|b| b.value),
        multi: flag(section.bool("multi")?),
        kind,
        format: section.word("format", &["email", "url", "country"])?.map(|w| match w.value {
            0 => FieldFormat::Email,
            1 => FieldFormat::Url,
            _ => FieldFormat::Country,
        }),
        choices: section.strings("choices")?.unwrap_or_default().into_iter().map(|s| s.value).collect(),
        min_length: length(shortest),
        max_length: length(longest),
        wire: match wire.map(|w| w.value) {
            None => Wire::AsTyped,
            Some(0) => Wire::Number,
            Some(_) => Wire::Text,
        },
    };
    section.finish()?;
    if let Some(read_only) =
        read_only.filter(|_| field.read_only && (field.required || field.create_only || field.write_only || field.after_create))
    {
        return Err(read_only
            .error("a field that only the service sets is never sent")
            .hint("remove read_only, or the key that says how it is sent"));
    }
    Ok(field)
}

/// Paths that no rule may fill, whatever the connector lists (RFC 7643 section 3.1 and 4.1.2).
///
/// # Errors
/// A hint: why not.
pub(super) fn refuse_the_services_own(path: &str) -> std::result::Result<(), String> {
    let lower = path.to_ascii_lowercase();
    // In front of a core attribute the core schema says nothing new.
    let core =
        lower.strip_prefix("urn:ietf:params:scim:schemas:core:2.0:user:").or_else(|| lower.strip_prefix("urn:scim:schemas:core:1.0:"));
    let attribute = core.unwrap_or(&lower).split(['.', '[']).next().unwrap_or_default();
    match attribute {
        "active" => Err("whether an account is active follows from the person's status, not from a rule".to_owned()),
        "id" | "meta" | "schemas" | "groups" => Err(format!("{attribute} is set by the service: no rule can fill it")),
        _ => Ok(()),
    }
}
