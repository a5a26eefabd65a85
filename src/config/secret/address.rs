//! What of an address may be a secret, while it is typed and where it is read: what stands before the @, and what a query says
//! under a name that secrets have.

use std::ops::Range;

/// Parts of names that secrets have in a query. `client_secret`, `access_token` and the like.
const NAMES: [&str; 7] = ["secret", "password", "passwd", "pwd", "assertion", "apikey", "signature"];

/// The parts of a typed text that may be a secret, as places in it. Of a text that need not be an address, only what follows `://`
/// is looked at. A password is known as one before its @ is typed: no port has letters.
#[must_use]
pub fn hidden(text: &str, is_address: bool) -> Vec<Range<usize>> {
    let Some(start) = text.find("://").map(|at| at + 3).or_else(|| is_address.then_some(0)) else { return Vec::new() };
    let rest = &text[start..];
    let mut found = Vec::new();
    if let Some(at) = rest.rfind('@') {
        found.push(start..start + at);
    } else {
        // Several may be named, with commas or blanks between them.
        let mut from = start;
        for piece in rest.split_inclusive([',', ' ']) {
            let own = if from == start { from } else { piece.find("://").map_or(from, |at| from + at + 3) };
            let end = from + piece.trim_end_matches([',', ' ']).len();
            if own < end && !has_port_or_none(&text[own..end]) {
                found.push(own..text.len());
                break;
            }
            from += piece.len();
        }
    }
    found.extend(secrets_in_query(text).into_iter().map(|(_, value)| value));
    found
}

/// True where nothing but a port stands behind the colon of a host.
fn has_port_or_none(address: &str) -> bool {
    let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
    let behind = match authority.strip_prefix('[') {
        Some(inside) => inside.split_once(']').map_or("", |(_, behind)| behind.trim_start_matches(':')),
        None => authority.split_once(':').map_or("", |(_, port)| port),
    };
    behind.len() <= 5 && behind.bytes().all(|b| b.is_ascii_digit())
}

/// What a query says under a name that secrets have: the name, and the place of the value.
#[must_use]
pub fn secrets_in_query(text: &str) -> Vec<(String, Range<usize>)> {
    let Some(query) = text.find('?').map(|at| at + 1) else { return Vec::new() };
    let mut found = Vec::new();
    let mut from = query;
    for part in text[query..].split_inclusive(['&', ';', '#']) {
        if let Some((name, value)) = part.trim_end_matches(['&', ';', '#']).split_once('=')
            && is_secret(name)
        {
            let begin = from + name.len() + 1;
            found.push((plain(name), begin..begin + value.len()));
        }
        from += part.len();
    }
    found
}

fn is_secret(name: &str) -> bool {
    let name: String = plain(name).chars().filter(char::is_ascii_alphanumeric).collect();
    NAMES.iter().any(|secret| name.contains(secret)) || name.ends_with("token") || matches!(&*name, "key" | "sig" | "code" | "pass")
}

/// A name in lower case, with what is percent-encoded of ASCII in plain (RFC 3986 section 2.1).
fn plain(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let code = rest.strip_prefix('%').and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok()).filter(u8::is_ascii_graphic);
        out.push(code.map_or(c, char::from).to_ascii_lowercase());
        rest = &rest[if code.is_some() { 3 } else { c.len_utf8() }..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, is_address: bool) -> String {
        let hidden = hidden(text, is_address);
        text.char_indices().map(|(i, c)| if hidden.iter().any(|r| r.contains(&i)) { '*' } else { c }).collect()
    }

    #[test]
    fn what_may_be_a_secret_is_hidden_and_nothing_else() {
        for (text, is_address, shown) in [
            ("https://user:pw@host/scim", false, "https://*******@host/scim"),
            ("https://user:p@w/x@host", true, "https://**********@host"),
            ("https://user:pw", true, "https://*******"),
            ("https://user:8p", true, "https://*******"),
            ("https://host:8443/scim/v2", true, "https://host:8443/scim/v2"),
            ("https://host:844399", true, "https://***********"),
            ("ldaps://dc1, ldaps://user:pw", true, "ldaps://dc1, ldaps://*******"),
            ("dc1:636, dc2:636", true, "dc1:636, dc2:636"),
            ("ldaps://[::1]:636", true, "ldaps://[::1]:636"),
            ("ldaps:", true, "ldaps:"),
            ("ldaps:/", true, "ldaps:/"),
            ("user:pw@host", true, "*******@host"),
            ("user:pw@host", false, "user:pw@host"),
            ("mail@host", false, "mail@host"),
            ("https://l/t?client_secret=hunter2&p=x", true, "https://l/t?client_secret=*******&p=x"),
            ("https://l/t?p=x&Client%5FSecret=é2", true, "https://l/t?p=x&Client%5FSecret=**"),
            ("https://l/t?p=x&api-key=%zz", true, "https://l/t?p=x&api-key=***"),
            ("https://l/t?token_type=x&access_token=y", true, "https://l/t?token_type=x&access_token=*"),
            ("https://l/t?tenant=keys", true, "https://l/t?tenant=keys"),
            ("https://é:ü", true, "https://***"),
            ("", true, ""),
            ("://", false, "://"),
        ] {
            assert_eq!(seen(text, is_address), shown, "{text}");
        }
    }
}
