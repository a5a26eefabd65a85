//! Functions on what directories hold: DNs, mail addresses, account flags, GUIDs.

use super::{Answer, Example, Found, Function, Param, Prepared, Run, TEXT, Takes, number, part, quoted, taken, text};
use crate::identity::dn;
use crate::mapping::value::{Type, Value};
use base64::Engine as _;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Where the first RDN of `dn` ends (at its separator or the end), and whether it is written without escapes and quotes.
fn first_rdn(dn: &str) -> (usize, bool) {
    let (mut plain, mut quoted, mut escaped) = (true, false, false);
    for (at, byte) in dn.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => (escaped, plain) = (true, false),
            b'"' => (quoted, plain) = (!quoted, false),
            b',' | b';' if !quoted => return (at, plain),
            b'+' if !quoted => plain = false,
            _ => {}
        }
    }
    (dn.len(), plain)
}

/// The value of the first RDN: the one of `attribute`, or whatever comes first. Borrowed when nothing is escaped.
fn rdn_value<'a>(name: Cow<'a, str>, attribute: Option<&str>) -> Answer<'a> {
    let (end, plain) = first_rdn(&name);
    if plain && let Some(equals) = name[..end].find('=') {
        let kind = name[..equals].trim();
        if !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
            if attribute.is_some_and(|a| !kind.eq_ignore_ascii_case(a)) {
                return Ok(Value::Missing);
            }
            let lead = name[equals + 1..end].len() - name[equals + 1..end].trim_start_matches(' ').len();
            let length = name[equals + 1..end].trim_matches(' ').len();
            let from = equals + 1 + lead;
            return Ok(Value::Text(part(name, |_| from..from + length)));
        }
    }
    let rdns = dn::parse(&name).ok_or_else(|| format!("{} is not a DN", quoted(&name)))?;
    let values = rdns.into_iter().next().unwrap_or_default();
    let value = values.into_iter().find(|ava| attribute.is_none_or(|a| ava.attribute.eq_ignore_ascii_case(a)));
    Ok(value.map_or(Value::Missing, |ava| Value::Text(Cow::Owned(ava.value))))
}

/// The common name of a DN that begins with nothing but `cn=` and a value without escapes, as nearly all do.
fn plain_cn(name: &str) -> Found<'_> {
    let end = name.bytes().position(|b| matches!(b, b',' | b';' | b'+' | b'\\' | b'"')).unwrap_or(name.len());
    let is_plain = !matches!(name.as_bytes().get(end), Some(b'+' | b'\\' | b'"'));
    match name.get(..3) {
        Some(kind) if is_plain && kind.eq_ignore_ascii_case("cn=") => Found::Text(name[3..end].trim_matches(' ')),
        _ => Found::Unknown,
    }
}

fn mail_local(mail: &str) -> &str {
    &mail[..mail.bytes().rposition(|b| b == b'@').unwrap_or(mail.len())]
}

fn dn_parent(name: Cow<'_, str>) -> Answer<'_> {
    if dn::parse(&name).is_none() {
        return Err(format!("{} is not a DN", quoted(&name)));
    }
    let (end, _) = first_rdn(&name);
    if end == name.len() {
        return Ok(Value::Missing);
    }
    Ok(Value::Text(part(name, |t| t.len() - t[end + 1..].trim_start().len()..t.len())))
}

/// The bits of userAccountControl (MS-ADTS section 2.2.16), by the names of this language.
const FLAGS: [(&str, i64); 17] = [
    ("disabled", 0x2),
    ("homedir_required", 0x8),
    ("locked_out", 0x10),
    ("password_not_required", 0x20),
    ("password_cannot_change", 0x40),
    ("encrypted_text_password_allowed", 0x80),
    ("normal_account", 0x200),
    ("interdomain_trust_account", 0x800),
    ("workstation_trust_account", 0x1000),
    ("server_trust_account", 0x2000),
    ("password_never_expires", 0x1_0000),
    ("smartcard_required", 0x4_0000),
    ("trusted_for_delegation", 0x8_0000),
    ("not_delegated", 0x10_0000),
    ("use_des_key_only", 0x20_0000),
    ("dont_require_preauth", 0x40_0000),
    ("password_expired", 0x80_0000),
];

fn check_flag(literals: &[Option<Value<'_>>]) -> Result<Prepared, (usize, String, Option<String>)> {
    let Some(Some(Value::Text(flag))) = literals.get(1) else {
        return Err((
            1,
            "the flag has to be written in quotes".to_owned(),
            Some("for example uac(userAccountControl, 'disabled')".to_owned()),
        ));
    };
    if let Some((_, bits)) = FLAGS.iter().find(|(name, _)| name == flag) {
        Ok(Prepared::Bits(*bits))
    } else {
        let near = crate::text::nearest(flag, FLAGS.iter().map(|f| f.0));
        let hint = near.map_or_else(
            || format!("the flags are {}", FLAGS.iter().map(|f| f.0).collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean '{near}'?"),
        );
        Err((1, format!("there is no account flag {}", quoted(flag)), Some(hint)))
    }
}

/// A GUID's sixteen bytes in the order in which directories store them, read from hexadecimal digits or base64.
fn stored_bytes(text: &str) -> Option<[u8; 16]> {
    if text.len() == 32 {
        let mut bytes = [0; 16];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
        }
        return Some(bytes);
    }
    base64::engine::general_purpose::STANDARD.decode(text).ok()?.try_into().ok()
}

fn guid(text: &str) -> Result<String, String> {
    let text = text.trim();
    let bare = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
    let is_text_form = bare.len() == 36
        && bare.bytes().enumerate().all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() });
    if is_text_form {
        return Ok(bare.to_ascii_lowercase());
    }
    let bytes = stored_bytes(bare).ok_or_else(|| format!("{} is not a GUID", quoted(text)))?;
    // The first three groups are stored with their lowest byte first (MS-DTYP section 2.3.4.2).
    let mut out = String::with_capacity(36);
    for (i, at) in [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].into_iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        write!(out, "{:02x}", bytes[at]).map_err(|e| e.to_string())?;
    }
    Ok(out)
}

const fn row(name: &'static str, doc: &'static str, example: Example, run: super::Eager) -> Function {
    Function { name, doc, example, params: TEXT, result: Type::Text, run: Run::Eager(run) }
}

/// A function of one text that nearly always yields a part of it.
const fn cut(name: &'static str, doc: &'static str, example: Example, prepared: super::Check, run: super::Eager) -> Function {
    Function { name, doc, example, params: TEXT, result: Type::Text, run: Run::Checked(prepared, run) }
}

pub(super) const FUNCTIONS: &[Function] = &[
    cut(
        "cn",
        "the common name that a DN begins with; missing if it begins with something else",
        Example { expression: "manager | cn", attributes: &[("manager", &["CN=Lee\\, Ann,OU=People,DC=example"])], result: "'Lee, Ann'" },
        |_| Ok(Prepared::Cut(plain_cn)),
        |args, _, _| rdn_value(taken(&mut args[0]), Some("cn")),
    ),
    row(
        "dn_rdn",
        "the value that a DN begins with",
        Example { expression: "manager | dn_rdn", attributes: &[("manager", &["uid=ann,ou=people,dc=example"])], result: "'ann'" },
        |args, _, _| rdn_value(taken(&mut args[0]), None),
    ),
    row(
        "dn_parent",
        "a DN without its first part; missing if there is nothing above it",
        Example { expression: "dn_parent(dn)", attributes: &[], result: "'ou=People,dc=example,dc=com'" },
        |args, _, _| dn_parent(taken(&mut args[0])),
    ),
    cut(
        "mail_local",
        "a mail address up to its last @; all of the text if there is none",
        Example { expression: "mail | mail_local", attributes: &[("mail", &["ann.lee@example.com"])], result: "'ann.lee'" },
        |_| Ok(Prepared::Cut(|mail| Found::Text(mail_local(mail)))),
        |args, _, _| Ok(Value::Text(part(taken(&mut args[0]), |t| 0..mail_local(t).len()))),
    ),
    row(
        "mail_domain",
        "a mail address behind its last @; missing if there is none",
        Example { expression: "mail | mail_domain", attributes: &[("mail", &["ann.lee@example.com"])], result: "'example.com'" },
        |args, _, _| {
            let mail = taken(&mut args[0]);
            let at = mail.rfind('@');
            Ok(at.map_or(Value::Missing, |at| Value::Text(part(mail, |t| at + 1..t.len()))))
        },
    ),
    Function {
        name: "uac",
        doc: "true if the account flag is set: disabled, locked_out, password_never_expires, password_expired, smartcard_required ...",
        example: Example {
            expression: "uac(userAccountControl, 'disabled')",
            attributes: &[("userAccountControl", &["514"])],
            result: "true",
        },
        params: &[Param::new("number", Takes::Number), text("flag")],
        result: Type::Bool,
        run: Run::Checked(check_flag, |args, prepared, _| {
            let bits = if let Prepared::Bits(bits) = prepared { *bits } else { 0 };
            Ok(Value::Bool(number(&args[0]) & bits != 0))
        }),
    },
    row(
        "guid",
        "a GUID as text, from 16 bytes in base64 or hexadecimal digits as stored, or from its text in any spelling",
        Example {
            expression: "guid(objectGUID)",
            attributes: &[("objectGUID", &["f43caed6b99e304cb53ce38b94d4483b"])],
            result: "'d6ae3cf4-9eb9-4c30-b53c-e38b94d4483b'",
        },
        |args, _, _| Ok(Value::Text(Cow::Owned(guid(&taken(&mut args[0]))?))),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_of_a_dn_is_read_in_every_spelling() {
        for (name, cn, rdn, parent) in [
            ("CN=Ann Lee,OU=People,DC=x", "'Ann Lee'", "'Ann Lee'", "'OU=People,DC=x'"),
            (" cn = Ann , dc=x", "'Ann'", "'Ann'", "'dc=x'"),
            (r"cn=Lee\, Ann,dc=x", "'Lee, Ann'", "'Lee, Ann'", "'dc=x'"),
            (r#"cn="Lee, Ann",dc=x"#, "'Lee, Ann'", "'Lee, Ann'", "'dc=x'"),
            ("uid=a+cn=Ann,dc=x", "'Ann'", "'a'", "'dc=x'"),
            ("uid=ann,cn=users,dc=x", "missing", "'ann'", "'cn=users,dc=x'"),
            ("cn=ann", "'ann'", "'ann'", "missing"),
        ] {
            assert_eq!(rdn_value(name.into(), Some("cn")).unwrap().shown(), cn, "{name}");
            assert_eq!(rdn_value(name.into(), None).unwrap().shown(), rdn, "{name}");
            assert_eq!(dn_parent(name.into()).unwrap().shown(), parent, "{name}");
        }
        assert_eq!(rdn_value("Ann Lee".into(), Some("cn")), Err("'Ann Lee' is not a DN".to_owned()));
        assert_eq!(dn_parent("Ann Lee".into()), Err("'Ann Lee' is not a DN".to_owned()));
    }

    #[test]
    fn a_value_cut_from_a_dn_is_borrowed() {
        assert!(matches!(rdn_value("cn=Ann,dc=x".into(), Some("cn")), Ok(Value::Text(Cow::Borrowed("Ann")))));
    }

    #[test]
    fn a_guid_is_read_in_each_of_its_forms() {
        let text = "d6ae3cf4-9eb9-4c30-b53c-e38b94d4483b";
        for form in ["{D6AE3CF4-9EB9-4C30-B53C-E38B94D4483B}", "f43caed6b99e304cb53ce38b94d4483b", "9Dyu1rmeMEy1POOLlNRIOw=="] {
            assert_eq!(guid(form).as_deref(), Ok(text), "{form}");
        }
        assert_eq!(guid("nonsense"), Err("'nonsense' is not a GUID".to_owned()));
        assert!(guid(&"é".repeat(16)).is_err());
    }
}
