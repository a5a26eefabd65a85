//! A TOML table that is read key by key, remembers which keys were asked for, and complains about the rest by position.

mod place;

pub use place::Located;

use crate::error::{Error, Position, Result};
use crate::text::nearest;
use place::{Place, excerpt, is_harmless};
use std::cell::RefCell;
use std::rc::Rc;
use toml_edit::{Item as TomlItem, TableLike};

/// A parsed file.
#[derive(Debug)]
pub struct Document {
    file: Rc<str>,
    text: Rc<str>,
    parsed: toml_edit::Document<String>,
}

impl Document {
    /// Parses TOML.
    ///
    /// # Errors
    /// A usage error at the place where it stops being TOML.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let parsed = toml_edit::Document::parse(text.to_owned()).map_err(|e| {
            let span = e.span().unwrap_or(0..0);
            let mut error = Error::usage(e.message().trim().replace('\n', ", ")).at(Position::of_offset(file, text, span.start));
            if span.start < text.len() {
                error = error.excerpt(excerpt(text, span, false));
            }
            error.hint("the file must be TOML (toml.io)")
        })?;
        Ok(Document { file: file.into(), text: text.into(), parsed })
    }

    /// The top table.
    #[must_use]
    pub fn root(&self) -> Section<'_> {
        Section {
            place: Place { file: self.file.clone(), text: self.text.clone(), span: 0..0, harmless: true },
            path: String::new(),
            table: self.parsed.as_table(),
            asked: RefCell::default(),
        }
    }
}

/// One table of the file.
pub struct Section<'d> {
    place: Place,
    path: String,
    table: &'d dyn TableLike,
    asked: RefCell<Vec<&'static str>>,
}

/// One value of the file, of whatever type.
pub struct Item<'d> {
    place: Place,
    path: String,
    value: &'d TomlItem,
}

impl<'d> Section<'d> {
    fn item(&self, key: &str) -> Option<Item<'d>> {
        let item = self.table.get(key).filter(|i| !i.is_none())?;
        Some(self.item_at(key, item))
    }

    fn item_at(&self, key: &str, item: &'d TomlItem) -> Item<'d> {
        let key_span = self.table.key(key).and_then(toml_edit::Key::span);
        let span = item.span().filter(|_| item.is_value()).or(key_span).or(item.span()).unwrap_or_else(|| self.place.span.clone());
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Item { place: Place { span, harmless: is_harmless(&path), ..self.place.clone() }, path, value: item }
    }

    fn ask(&self, key: &'static str) -> Option<Item<'d>> {
        self.asked.borrow_mut().push(key);
        self.item(key)
    }

    /// True if the key is there; it counts as asked for only when it is read.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.item(key).is_some()
    }

    /// A text.
    pub fn string(&mut self, key: &'static str) -> Result<Option<Located<String>>> {
        self.ask(key).map(|i| i.as_string().ok_or_else(|| i.wrong("a text in quotes"))).transpose()
    }

    /// A text that must be there.
    pub fn required_string(&mut self, key: &'static str) -> Result<Located<String>> {
        self.string(key)?
            .ok_or_else(|| self.missing(key, self.error(format!("{} needs the key {key}", self.path)).hint(format!("add {key} = \"...\""))))
    }

    /// A boolean.
    pub fn bool(&mut self, key: &'static str) -> Result<Option<Located<bool>>> {
        self.ask(key).map(|i| i.value.as_bool().map(|b| i.place.locate(b)).ok_or_else(|| i.wrong("true or false"))).transpose()
    }

    /// A whole number.
    pub fn int(&mut self, key: &'static str) -> Result<Option<Located<i64>>> {
        self.ask(key).map(|i| i.value.as_integer().map(|b| i.place.locate(b)).ok_or_else(|| i.wrong("a whole number"))).transpose()
    }

    /// A whole number within `range`.
    pub fn int_in(&mut self, key: &'static str, range: std::ops::RangeInclusive<i64>) -> Result<Option<Located<i64>>> {
        let found = self.int(key)?;
        if let Some(n) = &found
            && !range.contains(&n.value)
        {
            return Err(n.error(format!("{}.{key} must be from {} to {}", self.path, range.start(), range.end())));
        }
        Ok(found)
    }

    /// A text, number or boolean, as text.
    pub fn scalar_text(&mut self, key: &'static str) -> Result<Option<Located<String>>> {
        self.ask(key)
            .map(|i| {
                let text = match i.value.as_value() {
                    Some(toml_edit::Value::String(s)) => s.value().clone(),
                    Some(toml_edit::Value::Integer(n)) => n.value().to_string(),
                    Some(toml_edit::Value::Boolean(b)) => b.value().to_string(),
                    _ => return Err(i.wrong("a text, a whole number, true or false")),
                };
                Ok(i.place.locate(text))
            })
            .transpose()
    }

    /// One of `words`; gives its place in the list.
    pub fn word(&mut self, key: &'static str, words: &[&str]) -> Result<Option<Located<usize>>> {
        let Some(found) = self.string(key)? else { return Ok(None) };
        match words.iter().position(|w| *w == found.value) {
            Some(i) => Ok(Some(found.map(|_| i))),
            None => Err(found.error(format!("{}.{key} cannot be \"{}\"", self.path, found.value)).hint(did_you_mean(
                &found.value,
                words.iter().copied(),
                "it is one of: ",
            ))),
        }
    }

    /// A text, or a list of texts.
    pub fn strings(&mut self, key: &'static str) -> Result<Option<Vec<Located<String>>>> {
        let Some(item) = self.ask(key) else { return Ok(None) };
        if let Some(one) = item.as_string() {
            return Ok(Some(vec![one]));
        }
        let wrong = || item.wrong("a text in quotes, or a list of them");
        let list = item.value.as_array().ok_or_else(wrong)?;
        list.iter()
            .map(|v| {
                let place = Place { span: v.span().unwrap_or_else(|| item.place.span.clone()), ..item.place.clone() };
                v.as_str().map(|s| place.locate(s.to_owned())).ok_or_else(wrong)
            })
            .collect::<Result<Vec<_>>>()
            .map(Some)
    }

    /// A table.
    pub fn section(&mut self, key: &'static str) -> Result<Option<Section<'d>>> {
        self.ask(key).map(|i| i.into_section("a table")).transpose()
    }

    /// A table that must be there.
    pub fn required_section(&mut self, key: &'static str) -> Result<Section<'d>> {
        self.section(key)?
            .ok_or_else(|| self.missing(key, self.error(format!("{} has no {key}", self.path)).hint(format!("add [{}.{key}]", self.path))))
    }

    /// A table, or a list of tables.
    pub fn sections(&mut self, key: &'static str) -> Result<Option<Vec<Section<'d>>>> {
        let Some(item) = self.ask(key) else { return Ok(None) };
        if let Some(tables) = item.value.as_array_of_tables() {
            return Ok(Some(
                tables
                    .iter()
                    .map(|t| Section {
                        place: Place { span: t.span().unwrap_or_else(|| item.place.span.clone()), ..item.place.clone() },
                        path: item.path.clone(),
                        table: t,
                        asked: RefCell::default(),
                    })
                    .collect(),
            ));
        }
        if let Some(list) = item.value.as_array() {
            return list
                .iter()
                .map(|v| {
                    let place = Place { span: v.span().unwrap_or_else(|| item.place.span.clone()), ..item.place.clone() };
                    let table = v.as_inline_table().ok_or_else(|| item.wrong("a table, or a list of tables"))?;
                    Ok(Section { place, path: item.path.clone(), table, asked: RefCell::default() })
                })
                .collect::<Result<Vec<_>>>()
                .map(Some);
        }
        item.into_section("a table, or a list of tables").map(|s| Some(vec![s]))
    }

    /// A value of any type.
    pub fn any(&mut self, key: &'static str) -> Option<Item<'d>> {
        self.ask(key)
    }

    /// Every key is a name of the user's own, and every value a table.
    pub fn named_sections(&self) -> Result<Vec<(Located<String>, Section<'d>)>> {
        self.entries().map(|(name, item)| Ok((name, item.into_section("a table")?))).collect()
    }

    /// Every key and value, in the order of the file.
    pub fn entries(&self) -> impl Iterator<Item = (Located<String>, Item<'d>)> + use<'_, 'd> {
        self.table.iter().map(|(key, item)| {
            let span = self.table.key(key).and_then(toml_edit::Key::span).unwrap_or_else(|| self.place.span.clone());
            let harmless = is_harmless(&format!("{}.{key}", self.path));
            (Place { span, harmless, ..self.place.clone() }.locate(key.to_owned()), self.item_at(key, item))
        })
    }

    /// Complains about the first key that nobody asked for.
    pub fn finish(&self) -> Result<()> {
        let asked = self.asked.borrow();
        match self.entries().find(|(name, _)| !asked.contains(&name.value.as_str())) {
            Some((name, _)) => Err(self.unknown(&name, &asked)),
            None => Ok(()),
        }
    }

    /// The error for a key that must be there and is not: about the key that is probably `key` misspelt, if there is one,
    /// else `otherwise`. Who wrote `urll` is not helped by "needs a url".
    #[must_use]
    pub fn missing(&self, key: &str, otherwise: Error) -> Error {
        let asked = self.asked.borrow();
        let mut others = self.entries().map(|(name, _)| name).filter(|name| !asked.contains(&name.value.as_str()));
        others.find(|name| nearest(&name.value, [key]).is_some()).map_or(otherwise, |name| self.unknown(&name, &[key]))
    }

    fn unknown(&self, name: &Located<String>, known: &[&str]) -> Error {
        let place = if self.path.is_empty() { "at the top".to_owned() } else { format!("in {}", self.path) };
        // What stands under a key that nobody knows may be anything, so also a secret.
        name.clone().without_value().error(format!("there is no key {} {place}", name.value)).hint(did_you_mean(
            &name.value,
            known.iter().copied(),
            "the keys here are: ",
        ))
    }

    /// A usage error about this table.
    pub fn error(&self, message: impl Into<String>) -> Error {
        self.place.locate(()).error(message)
    }

    /// `channels.lucid.source`, for messages.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The table written out, for a fingerprint: values only, neither comments nor layout.
    #[must_use]
    pub fn source_text(&self) -> String {
        fn write(out: &mut String, item: &TomlItem) {
            match item {
                TomlItem::Value(value) => {
                    let mut value = value.clone();
                    value.decor_mut().clear();
                    out.push_str(&value.to_string());
                }
                other => {
                    if let Some(table) = other.as_table_like() {
                        out.push('{');
                        for (key, item) in table.iter() {
                            out.push_str(key);
                            out.push('=');
                            write(out, item);
                            out.push('\n');
                        }
                        out.push('}');
                    } else {
                        out.push_str(other.to_string().trim());
                    }
                }
            }
        }
        let mut out = String::new();
        for (key, item) in self.table.iter() {
            out.push_str(key);
            out.push('=');
            write(&mut out, item);
            out.push('\n');
        }
        out
    }
}

impl<'d> Item<'d> {
    /// The text, if it is one.
    #[must_use]
    pub fn as_string(&self) -> Option<Located<String>> {
        self.value.as_str().map(|s| self.place.locate(s.to_owned()))
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        self.value.as_float().or_else(|| self.value.as_integer().and_then(|n| i32::try_from(n).ok()).map(f64::from))
    }

    /// The table, or an error that says what was wanted.
    pub fn into_section(self, wanted: &str) -> Result<Section<'d>> {
        match self.value.as_table_like() {
            Some(table) => Ok(Section { place: self.place, path: self.path, table, asked: RefCell::default() }),
            // A text in the place of a table may be a secret that belongs into it.
            None => Err(Item { place: Place { harmless: false, ..self.place }, ..self }.wrong(wanted)),
        }
    }

    /// True if it is a table.
    #[must_use]
    pub fn is_table(&self) -> bool {
        self.value.is_table_like()
    }

    /// A usage error: this is not what was wanted.
    #[must_use]
    pub fn wrong(&self, wanted: &str) -> Error {
        let kind = match self.value.type_name() {
            "string" => "a text",
            "integer" => "a whole number",
            "boolean" => "true or false",
            "array" => "a list",
            other => other,
        };
        self.place.locate(()).error(format!("{} must be {wanted}, not {kind}", self.path))
    }

    /// A usage error about this value.
    pub fn error(&self, message: impl Into<String>) -> Error {
        self.place.locate(()).error(message)
    }
}

/// "did you mean X?", or the list of what there is.
pub fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone, otherwise: &str) -> String {
    nearest(word, known.clone())
        .map_or_else(|| format!("{otherwise}{}", known.collect::<Vec<_>>().join(", ")), |near| format!("did you mean {near}?"))
}
