//! The fields of the service that have no rule yet: which of them gets one.

use crate::model::field::{Field, FieldFormat, FieldKind};
use crate::text::clean;
use crate::tui::model::Model;
use crate::tui::widget::picker::Item;

/// The title of the box.
pub(super) fn title(model: &Model) -> String {
    let service = model.snapshot.as_ref().map_or_else(String::new, |s| clean(s.target_facts().0).into_owned());
    format!("A rule for which field of {service}?")
}

/// The lines.
pub(super) fn items(model: &Model) -> Vec<Item> {
    let item = |field: &&Field| {
        let about = if field.about.is_empty() { field.path.clone() } else { field.about.clone() };
        Item {
            group: if field.required { "required" } else { "" }.to_owned(),
            words: about,
            aside: field.name.clone(),
            refused: None,
            chosen: false,
            more: takes(field),
        }
    };
    model.unmapped().iter().map(item).collect()
}

/// What a field takes, in a sentence.
fn takes(field: &Field) -> String {
    let mut text = match (field.kind, field.format) {
        (FieldKind::Bool, _) => "true or false",
        (FieldKind::Int, _) => "a whole number",
        (FieldKind::Reference, _) => "somebody who has an account",
        (FieldKind::Text, Some(FieldFormat::Email)) => "an e-mail address",
        (FieldKind::Text, Some(FieldFormat::Url)) => "a URL",
        (FieldKind::Text, Some(FieldFormat::Country)) => "a country, two letters",
        (FieldKind::Text, None) => "a text",
    }
    .to_owned();
    if field.multi {
        text = format!("several values, each {text}");
    }
    if !field.choices.is_empty() {
        text = format!("{text}, one of: {}", field.choices.join(", "));
    }
    if field.create_only || field.write_only {
        text.push_str("; sent with a create, never afterwards");
    } else if field.immutable {
        text.push_str("; it can't be changed once it is set");
    }
    format!("takes {text} · {}", field.path)
}
