//! Values in their comparison form, and typed values on their way out.
//!
//! The key form decides who is paired with whom: trimmed, NFC, simple case folding (Unicode `C`+`S`). Over-folding would
//! update the wrong person, under-folding only yields a refused create; so compatibility forms are *not* folded.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// The comparison form of a key: trimmed, NFC, simple case folding.
///
/// ```
/// use rosterm::identity::value::key_form;
/// assert_eq!(key_form(" BJensen "), "bjensen");
/// assert_eq!(key_form("Ångström"), key_form("A\u{30a}NGSTRO\u{308}M"));
/// assert_ne!(key_form("straße"), key_form("strasse")); // full folding would say the same: two different people
/// ```
#[must_use]
pub fn key_form(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.is_ascii() {
        if trimmed.bytes().any(|b| b.is_ascii_uppercase()) {
            return Cow::Owned(trimmed.to_ascii_lowercase());
        }
        return Cow::Borrowed(trimmed);
    }
    let mapper = icu_casemap::CaseMapper::new();
    let nfc = icu_normalizer::ComposingNormalizerBorrowed::new_nfc();
    let folded: String = nfc.normalize(trimmed).chars().map(|c| mapper.simple_fold(c)).collect();
    // Folding can leave a sequence that composes again (U+0345 for one).
    match nfc.normalize(&folded) {
        Cow::Borrowed(_) => Cow::Owned(folded),
        Cow::Owned(text) => Cow::Owned(text),
    }
}

/// The form that compares user names of a service that tells letter case apart: trimmed, NFC.
#[must_use]
pub fn exact_form(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.is_ascii() { Cow::Borrowed(trimmed) } else { icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(trimmed) }
}

/// The 64-bit hash of a key, the same in every run (so that order never depends on it by chance).
#[must_use]
pub fn key_hash(key: &str) -> u64 {
    hash_of(key.as_bytes())
}

fn hash_of(key: &[u8]) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = foldhash::fast::FixedState::with_seed(0x0072_6f73_7465_726d).build_hasher();
    hasher.write(key);
    hasher.finish()
}

/// `key_hash(&key_form(text))`; nothing where the form is empty. A key of usual length is folded without allocating.
#[must_use]
pub fn key_form_hash(text: &str) -> Option<u64> {
    let trimmed = trimmed(text);
    if trimmed.is_empty() {
        return None;
    }
    let mut folded = [0; 64];
    match folded.get_mut(..trimmed.len()) {
        Some(folded) if trimmed.is_ascii() => {
            folded.copy_from_slice(trimmed.as_bytes());
            folded.make_ascii_lowercase();
            Some(hash_of(folded))
        }
        _ => Some(key_form(trimmed)).filter(|form| !form.is_empty()).map(|form| key_hash(&form)),
    }
}

/// True if two texts have the same key form: most are told apart, or found equal, without building it.
#[must_use]
pub fn is_same_key(a: &str, b: &str) -> bool {
    let (a, b) = (trimmed(a), trimmed(b));
    a == b || if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { key_form(a) == key_form(b) }
}

/// `text.trim()`, told at a glance for a text with something to see at both ends.
#[inline]
#[must_use]
pub fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, ..] if !first.is_ascii_graphic() => text.trim(),
        [.., last] if last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// The boolean that a text stands for.
#[must_use]
pub fn truth(text: &str) -> Option<bool> {
    let text = trimmed(text);
    let is = |words: [&str; 3]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(["true", "1", "yes"]) { Some(true) } else { is(["false", "0", "no"]).then_some(false) }
}

/// A value as it is compared, shown and sent: its JSON type is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Datum {
    /// Unassigned: absent, null, `""` and `[]` are one state (RFC 7643 section 2.5).
    #[default]
    Unassigned,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text, not empty.
    Text(String),
    /// Several values of a multi-valued field, not empty.
    Many(Vec<String>),
}

impl Datum {
    /// Text, or unassigned if there is none but blanks.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() { Datum::Unassigned } else { Datum::Text(text.to_owned()) }
    }

    /// True for the unassigned value.
    #[must_use]
    pub fn is_unassigned(&self) -> bool {
        matches!(self, Datum::Unassigned)
    }

    /// The value as plain text, unassigned as nothing, several joined by `, `.
    #[must_use]
    pub fn plain(&self) -> Cow<'_, str> {
        match self {
            Datum::Unassigned => Cow::Borrowed(""),
            Datum::Bool(b) => Cow::Borrowed(if *b { "true" } else { "false" }),
            Datum::Int(n) => Cow::Owned(n.to_string()),
            Datum::Text(text) => Cow::Borrowed(text),
            Datum::Many(values) => Cow::Owned(values.join(", ")),
        }
    }
}

impl Serialize for Datum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Datum::Unassigned => serializer.serialize_none(),
            Datum::Bool(b) => serializer.serialize_bool(*b),
            Datum::Int(n) => serializer.serialize_i64(*n),
            Datum::Text(text) => serializer.serialize_str(text),
            Datum::Many(values) => values.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Datum {
    /// What [`Datum`] writes, and nothing else: no fractions, no objects, no lists of lists.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Datum;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("null, true or false, a whole number, a text, or a list of texts")
            }
            fn visit_unit<E>(self) -> Result<Datum, E> {
                Ok(Datum::Unassigned)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Datum, E> {
                Ok(Datum::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Datum, E> {
                Ok(Datum::Int(value))
            }
            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Datum, E> {
                i64::try_from(value).map(Datum::Int).map_err(|_| E::custom("the number is too large"))
            }
            fn visit_str<E>(self, value: &str) -> Result<Datum, E> {
                Ok(Datum::Text(value.to_owned()))
            }
            fn visit_string<E>(self, value: String) -> Result<Datum, E> {
                Ok(Datum::Text(value))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Datum, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(Datum::Many(values))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_fold_case_and_composition_and_nothing_more() {
        for (a, b, same) in [
            ("bjensen", "BJENSEN", true),
            ("  x ", "x", true),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ", true),
            ("e\u{301}ve", "ÉVE", true),
            ("ﬁ", "fi", false),
            ("①", "1", false),
            ("K", "k", true),
        ] {
            assert_eq!(key_form(a) == key_form(b), same, "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn the_short_ways_say_what_the_key_form_says(a in odd_text(), b in odd_text(), copy in any::<bool>()) {
            let b = if copy { a.to_uppercase() } else { b };
            prop_assert_eq!(trimmed(&a), a.trim());
            prop_assert_eq!(key_form_hash(&a), Some(key_form(&a)).filter(|f| !f.is_empty()).map(|f| key_hash(&f)));
            prop_assert_eq!(is_same_key(&a, &b), key_form(&a) == key_form(&b));
        }
    }

    fn odd_text() -> impl Strategy<Value = String> {
        prop_oneof!["[ a-cA-C@.]{0,6}", "[ \u{a0}aAéÉe\u{301}\u{212a}kKſsß\u{345}]{0,5}", "[a-zA-Z ]{60,70}", "\\PC{0,4}"]
    }

    #[test]
    fn the_key_form_of_a_key_form_is_itself() {
        for text in ["Ångström", "ᾳ\u{345}", "İstanbul", "a\u{345}\u{301}", "ǅ"] {
            let once = key_form(text).into_owned();
            assert_eq!(key_form(&once), once, "{text}");
        }
    }
}
