//! Keys as hashes: what pairing a million entries needs of the match rule, without a text for each.
//!
//! The meaning is [`Rules::key`]'s and [`Rules::form`]'s, which also make the texts and messages that are shown.

use super::super::{Attributes, Context, Seen, Value};
use super::Rules;
use crate::identity::value::{exact_form, key_form, key_form_hash, key_hash, trimmed};
use crate::model::ProblemCode;
use crate::model::field::FieldKind;
use std::borrow::Cow;

impl Rules {
    /// The hash of [`Rules::key`], by `key_hash`. A key in ASCII is not allocated.
    ///
    /// # Errors
    /// The code of the problem that keeps the entry from having one.
    pub fn key_hash<'a>(&'a self, entry: impl Attributes<'a>, cx: &'a Context) -> Result<Option<u64>, ProblemCode> {
        let rule = &self.list[self.match_rule];
        let Some(program) = &rule.program else { return Ok(None) };
        if self.has_several_keys(entry) {
            return Err(ProblemCode::SeveralValues);
        }
        let is_text = matches!(rule.field.kind, FieldKind::Text | FieldKind::Reference);
        let known = program.view(entry, cx, |seen| match seen {
            Err(_) => Some(Err(ProblemCode::MappingError)),
            Ok(Seen::Value(Value::Text(Cow::Borrowed(text)))) => Some(Ok(self.form_hash(text))),
            Ok(Seen::Value(Value::Text(Cow::Owned(ref text)))) if is_text && !text.trim().is_empty() => Some(Ok(self.form_hash(text))),
            Ok(Seen::Built(text)) if is_text && !trimmed(text).is_empty() => Some(Ok(self.form_hash(text))),
            Ok(Seen::Value(Value::Missing)) if rule.default.is_none() => Some(Ok(None)),
            _ => None,
        });
        // A default, a list, a number: what is rare is told the long way.
        known.unwrap_or_else(|| self.key(entry, cx).map(|key| key.map(|k| key_hash(&k))).map_err(|p| p.code))
    }

    /// The hash of [`Rules::form`], by `key_hash`.
    #[must_use]
    pub fn form_hash(&self, text: &str) -> Option<u64> {
        let rule = &self.list[self.match_rule];
        if !rule.folds() {
            return Some(exact_form(text)).filter(|form| !form.is_empty()).map(|form| key_hash(&form));
        }
        key_form_hash(text)
    }

    /// True if an attribute of which the match rule may read the first value has several different ones.
    #[must_use]
    pub fn has_several_keys<'a>(&'a self, entry: impl Attributes<'a>) -> bool {
        let Some(program) = &self.list[self.match_rule].program else { return false };
        program.firsts().iter().any(|slot| {
            entry.count(*slot) > 1 && {
                let mut forms = entry.all(*slot).map(key_form).filter(|form| !form.is_empty());
                forms.next().is_some_and(|first| forms.any(|other| other != first))
            }
        })
    }
}
