//! Text on its way to a human: cleaned of what could fool a terminal, measured in cells, and words compared for "did you mean".
//!
//! Values from outside (names, DNs, server messages) stay byte-exact where they are stored, because they are compared;
//! they are cleaned here, at the door to a screen, a log or an error.

use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// True for characters that move the cursor, start an escape sequence, or reorder or hide text.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// `value` with every control, bidi and invisible character shown as a visible stand-in (`\u{FFFD}`; a line break or tab as a blank).
///
/// ```
/// assert_eq!(rosterm::text::clean("a\x1b[31mb\nc\u{202e}d"), "a\u{fffd}[31mb c\u{fffd}d");
/// ```
#[must_use]
pub fn clean(value: &str) -> Cow<'_, str> {
    // The common case is clean ASCII; look before copying.
    if !value.contains(is_unsafe) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(
        value
            .chars()
            .map(|c| match c {
                '\n' | '\r' | '\t' => ' ',
                c if is_unsafe(c) => '\u{FFFD}',
                c => c,
            })
            .collect(),
    )
}

/// How many terminal cells `value` takes.
#[must_use]
pub fn width(value: &str) -> usize {
    value.width()
}

/// How many cells the first `count` characters of `value` take.
#[must_use]
pub fn width_of_chars(value: &str, count: usize) -> usize {
    value.chars().take(count).map(|c| c.width().unwrap_or(0)).sum()
}

/// `value` cut to at most `cells` terminal cells, with `…` where something was cut off.
#[must_use]
pub fn cut(value: &str, cells: usize) -> Cow<'_, str> {
    if value.len() <= cells || width(value) <= cells {
        return Cow::Borrowed(value);
    }
    let mut out = String::new();
    let mut used = 0;
    for c in value.chars() {
        let w = c.width().unwrap_or(0);
        if used + w + 1 > cells {
            break;
        }
        used += w;
        out.push(c);
    }
    out.push('…');
    Cow::Owned(out)
}

/// `value` cut and padded with blanks to exactly `cells` cells.
#[must_use]
pub fn pad(value: &str, cells: usize) -> String {
    let mut out = cut(value, cells).into_owned();
    let missing = cells.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// The known word nearest to `word`, if one is near enough to be a slip of the finger.
///
/// ```
/// assert_eq!(rosterm::text::nearest("bsae_dn", ["base_dn", "scope"]), Some("base_dn"));
/// assert_eq!(rosterm::text::nearest("zzz", ["base_dn", "scope"]), None);
/// ```
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase();
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&folded, &k.to_lowercase()), k))
        .filter(|(distance, k)| *distance <= 1 + k.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}

/// A number with thousands separated: `12,345`.
///
/// ```
/// assert_eq!(rosterm::text::count(1_234_567), "1,234,567");
/// ```
#[must_use]
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// JSON in which what [`clean`] hides is written as an escape: the values are the same. Line ends outside of strings stay
/// (inside there are none).
#[must_use]
pub fn harmless_json(json: &str) -> Cow<'_, str> {
    use std::fmt::Write as _;
    let hides = |c| c != '\n' && is_unsafe(c);
    if !json.contains(hides) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if hides(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// How many of what: `1 link`, `412 links`.
///
/// ```
/// assert_eq!((rosterm::text::counted(1, "link").as_str(), rosterm::text::counted(1200, "hold").as_str()), ("1 link", "1,200 holds"));
/// ```
#[must_use]
pub fn counted(n: usize, what: &str) -> String {
    format!("{} {what}{}", count(n), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_are_cut_by_cells_not_by_characters() {
        assert_eq!(cut("小明王", 5), "小明…");
        assert_eq!(pad("小", 4), "小  ");
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn escapes_in_json_keep_the_value_and_hide_nothing_else() {
        let value = serde_json::json!({"a": "x\u{1b}[2J\u{202e}y\u{e0041}", "b": ["ü", "\n"]});
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let text = harmless_json(&pretty);
        assert!(text.contains("x\\u001b[2J\\u202ey\\udb40\\udc41") && text.contains("ü"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
