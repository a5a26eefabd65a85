//! Text on its way into a page: cleaned of what could reorder or hide it, escaped, and kept apart from its neighbours.

use crate::text::clean;

/// `text` as it may stand between tags and in a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let text = clean(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A value from outside: escaped, and isolated, so that one written from right to left does not turn what stands around it.
pub(super) fn bdi(text: &str) -> String {
    format!("<bdi>{}</bdi>", escaped(text))
}
