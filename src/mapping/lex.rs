//! Words and signs of an expression, with their byte spans.
//!
//! Only what the language has is read; what people bring along from other languages (`&&`, `1.5`, `{{ }}`) is refused with
//! the way it is written here. Escapes are Jinja's without `\b`, `\f`, octal and `\x`: an unknown escape stays as it is
//! written, so a pattern reads as one expects (`'\d+\b'`).

use super::parse::CompileError;
use std::ops::Range;

/// What a piece of the source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'s> {
    Name(&'s str),
    Int(i64),
    Text(String),
    /// An operator or bracket.
    Sign(&'static str),
    End,
}

impl Token<'_> {
    /// The piece as an error names it.
    pub(super) fn told(&self) -> String {
        match self {
            Token::Name(name) => format!("`{name}`"),
            Token::Int(n) => format!("`{n}`"),
            Token::Text(_) => "a text".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".to_owned(),
        }
    }
}

/// The signs of the language, longer ones first.
const SIGNS: [&str; 17] = ["==", "!=", "<=", ">=", "<", ">", "~", "|", "(", ")", "[", "]", ",", ":", "+", "-", "*"];

/// What others write, and how it is written here.
const FOREIGN: [(&str, &str); 14] = [
    ("{{", "write the expression alone, without braces"),
    ("{%", "there are no statements; write `a if condition else b`"),
    ("&&", "write `and`"),
    ("||", "write `or`, or `coalesce(a, b)` for the first value that is there"),
    ("**", "only `+`, `-` and `*` are there for numbers"),
    ("//", "only `+`, `-` and `*` are there for numbers"),
    ("/", "only `+`, `-` and `*` are there for numbers"),
    ("%", "only `+`, `-` and `*` are there for numbers"),
    ("&", "write `~` to join texts"),
    ("!", "write `not`"),
    ("?", "write `a if condition else b`"),
    ("=", "write `==` to compare"),
    (".", "write `attr[\"name\"]` for an attribute with a dot, `~ '.' ~` to join with one"),
    ("{", "there are only texts, whole numbers, true, false and lists `[a, b]`"),
];

/// All pieces of `source`, the end included.
pub(super) fn lex(source: &str) -> Result<Vec<(Token<'_>, Range<usize>)>, CompileError> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let token = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                at = end_of(bytes, at, |b| b.is_ascii_alphanumeric() || b == b'_');
                Token::Name(&source[start..at])
            }
            b'0'..=b'9' => {
                at = end_of(bytes, at, |b| b.is_ascii_alphanumeric() || b == b'_');
                Token::Int(number(&source[start..at], start..at)?)
            }
            b'\'' | b'"' => {
                at = closing_quote(bytes, start)?;
                Token::Text(unescape(&source[start + 1..at - 1], start + 1)?)
            }
            _ => {
                let rest = &source[start..];
                let Some(sign) = known_sign(rest) else { return Err(stray(rest, start)) };
                at += sign.len();
                Token::Sign(sign)
            }
        };
        tokens.push((token, start..at));
    }
    tokens.push((Token::End, source.len()..source.len()));
    Ok(tokens)
}

fn end_of(bytes: &[u8], from: usize, inside: impl Fn(u8) -> bool) -> usize {
    bytes[from..].iter().position(|b| !inside(*b)).map_or(bytes.len(), |n| from + n)
}

fn known_sign(rest: &str) -> Option<&'static str> {
    if ["||", "**"].iter().any(|foreign| rest.starts_with(foreign)) {
        return None;
    }
    SIGNS.into_iter().find(|sign| rest.starts_with(sign))
}

fn stray(rest: &str, start: usize) -> CompileError {
    if let Some((sign, hint)) = FOREIGN.into_iter().find(|(sign, _)| rest.starts_with(sign)) {
        return CompileError::new(start..start + sign.len(), format!("`{sign}` is not a part of the language")).hint(hint);
    }
    let c = rest.chars().next().unwrap_or(' ');
    let error = CompileError::new(start..start + c.len_utf8(), format!("`{c}` is not a part of the language"));
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201C}' | '\u{201D}' => error.hint("use straight quotes"),
        c if c.is_alphabetic() => error.hint("write texts in quotes and such attribute names as attr[\"name\"]"),
        _ => error,
    }
}

fn number(digits: &str, span: Range<usize>) -> Result<i64, CompileError> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CompileError::new(span, format!("`{digits}` is neither a number nor a name"))
            .hint(format!("write '{digits}' for a text, attr[\"{digits}\"] for an attribute")));
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return Err(CompileError::new(span, "a number does not begin with 0").hint(format!("write '{digits}' for a text that keeps it")));
    }
    digits.parse().map_err(|_| CompileError::new(span, "the number is too large").hint("numbers reach to 9223372036854775807"))
}

/// The place behind the quote that closes the text opened at `start`.
fn closing_quote(bytes: &[u8], start: usize) -> Result<usize, CompileError> {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            None => {
                let error = CompileError::new(start..bytes.len(), "the text is not closed");
                return Err(error.hint(format!("end it with {}", char::from(bytes[start]))));
            }
            Some(b'\\') => at += 2,
            Some(b) if *b == bytes[start] => return Ok(at + 1),
            Some(_) => at += 1,
        }
    }
}

fn unescape(text: &str, offset: usize) -> Result<String, CompileError> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = text[at..].find('\\') {
        let slash = at + found;
        out.push_str(&text[at..slash]);
        let Some(next) = text[slash + 1..].chars().next() else {
            at = slash;
            break;
        };
        at = slash + 1 + next.len_utf8();
        match next {
            '"' | '\'' | '\\' | '/' => out.push(next),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let (c, used) = unicode(&text[at..]).ok_or_else(|| {
                    CompileError::new(offset + slash..offset + at, "`\\u` wants four hexadecimal digits of a character")
                        .hint("for example \\u00e9; write \\\\u for a backslash and a u")
                })?;
                out.push(c);
                at += used;
            }
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out.push_str(&text[at..]);
    Ok(out)
}

/// The character that four hexadecimal digits (or two such units, as JSON writes it) name, and the bytes used.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |from: usize| {
        let digits = text.get(from..from + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let first = unit(0)?;
    if let Some(c) = char::from_u32(u32::from(first)) {
        return Some((c, 4));
    }
    let second = (text.get(4..6)? == "\\u").then(|| unit(6))??;
    char::decode_utf16([first, second]).next()?.ok().map(|c| (c, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_unescaped_as_jinja_does_and_patterns_stay_patterns() {
        for (source, text) in [
            (r"'it\'s'", "it's"),
            (r#""a\"b""#, "a\"b"),
            (r"'a\nb\tc\\d'", "a\nb\tc\\d"),
            (r"'\u00e9\ud83d\ude00'", "é😀"),
            (r"'^\d+\b\1\x41$'", r"^\d+\b\1\x41$"),
            ("'é'", "é"),
        ] {
            assert_eq!(lex(source).unwrap()[0].0, Token::Text(text.to_owned()), "{source}");
        }
    }

    #[test]
    fn foreign_signs_are_refused_with_the_way_it_is_written_here() {
        for (source, message, hint) in [
            ("a && b", "`&&` is not a part of the language", "write `and`"),
            ("a || b", "`||` is not a part of the language", "write `or`, or `coalesce(a, b)` for the first value that is there"),
            ("a = b", "`=` is not a part of the language", "write `==` to compare"),
            ("007", "a number does not begin with 0", "write '007' for a text that keeps it"),
            ("'open", "the text is not closed", "end it with '"),
            ("‘x’", "`‘` is not a part of the language", "use straight quotes"),
            (r"'\ud83d'", "`\\u` wants four hexadecimal digits of a character", "for example \\u00e9; write \\\\u for a backslash and a u"),
        ] {
            let error = lex(source).unwrap_err();
            assert_eq!((error.message.as_str(), error.hint.as_deref()), (message, Some(hint)), "{source}");
        }
    }
}
