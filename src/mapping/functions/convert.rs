//! Functions that read one form of a value and yield another: numbers, truth values, encodings, countries, locales, phones.

use super::letters::{to_lower, unaccent};
use super::{Answer, Example, Function, LIMIT, Param, Prepared, Run, TEXT, Takes, any, number, quoted, taken, text, too_long};
use crate::mapping::value::{Type, Value};
use base64::Engine as _;
use sha2::Digest as _;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

const TRUE: [&str; 6] = ["true", "yes", "on", "1", "t", "y"];
const FALSE: [&str; 6] = ["false", "no", "off", "0", "f", "n"];

fn to_bool<'a>(value: &Value<'a>) -> Answer<'a> {
    let truth = match value {
        Value::Bool(b) => Some(*b),
        Value::Int(n @ (0 | 1)) => Some(*n == 1),
        Value::Text(text) => {
            let is = |word: &&str| word.eq_ignore_ascii_case(text.trim());
            if TRUE.iter().any(&is) { Some(true) } else { FALSE.iter().any(is).then_some(false) }
        }
        _ => None,
    };
    truth.map(Value::Bool).ok_or_else(|| match value {
        Value::Text(text) => format!("{} is neither true nor false", quoted(text)),
        other => format!("{} is neither true nor false", other.kind()),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

const COUNTRIES: &str = include_str!("../../../assets/countries.tsv");

type Country = [&'static str; 5];

/// Countries by each of their codes and names in plain small letters.
static BY_NAME: LazyLock<HashMap<String, Country>> = LazyLock::new(|| {
    let mut by_name = HashMap::new();
    for line in COUNTRIES.lines().filter(|l| !l.starts_with('#')) {
        let mut columns = line.split('\t');
        let row: Country = std::array::from_fn(|_| columns.next().unwrap_or(""));
        let names = row[..4].iter().copied().chain(row[4].split('|')).chain([row[2].trim_start_matches('0')]);
        for name in names.filter(|n| !n.is_empty()) {
            by_name.insert(plain(name).into_owned(), row);
        }
    }
    by_name
});

fn plain(text: &str) -> Cow<'_, str> {
    let plain = unaccent(text).map_or(Cow::Borrowed(text), Cow::Owned);
    to_lower(&plain).map_or(plain, Cow::Owned)
}

/// The columns of the country that `text` names by a code, a number or one of its names.
fn country_of(text: &str) -> Option<Country> {
    BY_NAME.get(&*plain(text.trim())).copied()
}

const FORMS: [(&str, usize); 4] = [("alpha2", 0), ("alpha3", 1), ("number", 2), ("name", 3)];

fn country<'a>(args: &mut [Value<'a>]) -> Answer<'a> {
    let form = args.get_mut(1).map_or(Cow::Borrowed("alpha2"), taken);
    let column = FORMS.iter().find(|f| f.0 == form).map(|f| f.1).ok_or_else(|| format!("there is no country form {}", quoted(&form)))?;
    let name = taken(&mut args[0]);
    country_of(&name).map(|row| Value::Text(Cow::Borrowed(row[column]))).ok_or_else(|| format!("{} is not a country", quoted(&name)))
}

fn check_form(literals: &[Option<Value<'_>>]) -> Result<Prepared, (usize, String, Option<String>)> {
    match literals.get(1) {
        Some(Some(Value::Text(form))) if !FORMS.iter().any(|f| f.0 == form) => Err((
            1,
            format!("there is no country form {}", quoted(form)),
            Some("the forms are 'alpha2', 'alpha3', 'number' and 'name'".to_owned()),
        )),
        _ => Ok(Prepared::Nothing),
    }
}

/// A language tag as SCIM services write it: `en_GB`, `zh_Hant_TW`; what POSIX puts behind it is dropped.
fn locale(text: &str, separator: &str) -> Result<String, String> {
    let wrong = || format!("{} is not a locale", quoted(text));
    let tag = text.trim().split(['.', '@']).next().unwrap_or("");
    let mut parts = tag.split(['-', '_']);
    let letters = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic());
    let language = parts.next().filter(|p| (2..=3).contains(&p.len()) && letters(p)).ok_or_else(wrong)?;
    let mut out = language.to_ascii_lowercase();
    let (mut script, mut region) = (false, false);
    for part in parts {
        let part = match part.len() {
            4 if letters(part) && !script && !region => {
                script = true;
                part[..1].to_ascii_uppercase() + &part[1..].to_ascii_lowercase()
            }
            2 if letters(part) && !region => {
                region = true;
                part.to_ascii_uppercase()
            }
            3 if part.bytes().all(|b| b.is_ascii_digit()) && !region => {
                region = true;
                part.to_owned()
            }
            _ => return Err(wrong()),
        };
        out.push_str(separator);
        out.push_str(&part);
    }
    Ok(out)
}

/// A phone number in E.164: `+`, country code, number, 15 digits at most. Extensions are cut off.
///
/// Not a numbering plan: a national number loses one leading 0 (the trunk prefix; Italy's is a part of the number and stays).
fn phone(text: &str, code: Option<&str>) -> Result<String, String> {
    let wrong = |why: &str| format!("{} is not a phone number: {why}", quoted(text));
    let lower = text.trim().to_lowercase();
    let number = ["ext", "x", "#", ";"].into_iter().filter_map(|mark| lower.find(mark)).min().map_or(&*lower, |at| &lower[..at]);
    let number = number.strip_prefix("tel:").unwrap_or(number).trim();
    if let Some(c) = number
        .chars()
        .find(|c| !(c.is_ascii_digit() || c.is_whitespace() || matches!(c, '+' | '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}')))
    {
        return Err(wrong(&format!("it contains '{c}'")));
    }
    let international = number.starts_with('+') || number.starts_with("(+") || number.starts_with("00");
    // "+44 (0)20": the trunk prefix is only dialled inside the country.
    let number = if international { number.replace("(0)", "") } else { number.to_owned() };
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let full = if international {
        digits.strip_prefix("00").unwrap_or(&digits).to_owned()
    } else {
        let code = code.ok_or_else(|| wrong("it has no country code (give a default: phone(x, '49'))"))?;
        let code = code.trim().trim_start_matches('+').trim_start_matches("00");
        if code.is_empty() || code.len() > 3 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("{} is not a country code", quoted(code)));
        }
        match code {
            "39" => format!("39{digits}"),
            // North America has no trunk 0 but a 1 that is also its code.
            "1" => format!("1{}", digits.strip_prefix('1').filter(|d| d.len() == 10).unwrap_or(&digits)),
            code => format!("{code}{}", digits.strip_prefix('0').unwrap_or(&digits)),
        }
    };
    if number.matches('+').count() > 1 || full.starts_with('0') {
        return Err(wrong("its country code cannot be read"));
    }
    match full.len() {
        0..=6 => Err(wrong("it is too short")),
        7..=15 => Ok(format!("+{full}")),
        _ => Err(wrong("it has more than 15 digits")),
    }
}

const fn encoding(name: &'static str, doc: &'static str, example: Example, run: super::Eager) -> Function {
    Function { name, doc, example, params: TEXT, result: Type::Text, run: Run::Eager(run) }
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "to_bool",
        doc: "true for true, yes, on, 1, t, y; false for false, no, off, 0, f, n, in any letter case; else an error",
        example: Example { expression: "to_bool(nsAccountLock)", attributes: &[("nsAccountLock", &["TRUE"])], result: "true" },
        params: &[any("value")],
        result: Type::Bool,
        run: Run::Eager(|args, _, _| to_bool(&args[0])),
    },
    Function {
        name: "to_int",
        doc: "the number that a text is; else an error",
        example: Example { expression: "to_int(employeeNumber) + 1", attributes: &[("employeeNumber", &["0041"])], result: "42" },
        params: &[Param::new("value", Takes::Number)],
        result: Type::Int,
        run: Run::Eager(|args, _, _| Ok(Value::Int(number(&args[0])))),
    },
    Function {
        name: "bitand",
        doc: "the bits that two numbers have in common",
        example: Example {
            expression: "bitand(userAccountControl, 2) != 0",
            attributes: &[("userAccountControl", &["514"])],
            result: "true",
        },
        params: &[Param::new("number", Takes::Number), Param::new("bits", Takes::Number)],
        result: Type::Int,
        run: Run::Eager(|args, _, _| Ok(Value::Int(number(&args[0]) & number(&args[1])))),
    },
    Function {
        name: "country",
        doc: "a country given by code, number or English name, as 'alpha2' (so if not told), 'alpha3', 'number' or 'name'",
        example: Example { expression: "country(co)", attributes: &[("co", &["Germany"])], result: "'DE'" },
        params: &[text("text"), text("form").or_none()],
        result: Type::Text,
        run: Run::Checked(check_form, |args, _, _| country(args)),
    },
    Function {
        name: "locale",
        doc: "a locale as en_GB, from any spelling; the second argument is another separator",
        example: Example { expression: "locale(preferredLanguage)", attributes: &[("preferredLanguage", &["en-gb"])], result: "'en_GB'" },
        params: &[text("text"), text("separator").or_none()],
        result: Type::Text,
        run: Run::Eager(|args, _, _| {
            let separator = args.get_mut(1).map_or(Cow::Borrowed("_"), taken);
            Ok(Value::Text(Cow::Owned(locale(&taken(&mut args[0]), &separator)?)))
        }),
    },
    Function {
        name: "phone",
        doc: "a phone number as +498912345 (E.164), without extension; the second argument is the country code of national numbers",
        example: Example {
            expression: "phone(telephoneNumber, '49')",
            attributes: &[("telephoneNumber", &["(089) 123-45"])],
            result: "'+498912345'",
        },
        params: &[text("text"), text("code").or_none()],
        result: Type::Text,
        run: Run::Eager(|args, _, _| {
            let code = args.get_mut(1).map(taken);
            Ok(Value::Text(Cow::Owned(phone(&taken(&mut args[0]), code.as_deref())?)))
        }),
    },
    encoding(
        "base64",
        "the text's UTF-8 bytes in base64",
        Example { expression: "base64(uid)", attributes: &[("uid", &["ann"])], result: "'YW5u'" },
        |args, _, _| {
            let text = taken(&mut args[0]);
            if text.len() > LIMIT {
                return Err(too_long());
            }
            Ok(Value::Text(Cow::Owned(base64::engine::general_purpose::STANDARD.encode(&*text))))
        },
    ),
    encoding(
        "hex",
        "the text's UTF-8 bytes in hexadecimal digits",
        Example { expression: "hex(uid)", attributes: &[("uid", &["ann"])], result: "'616e6e'" },
        |args, _, _| {
            let text = taken(&mut args[0]);
            if text.len() > LIMIT { Err(too_long()) } else { Ok(Value::Text(Cow::Owned(hex(text.as_bytes())))) }
        },
    ),
    encoding(
        "sha256",
        "the SHA-256 of the text's UTF-8 bytes in hexadecimal digits: a stable pseudonym, no secret",
        Example { expression: "sha256(uid) | left(8)", attributes: &[("uid", &["abc"])], result: "'ba7816bf'" },
        |args, _, _| Ok(Value::Text(Cow::Owned(hex(&sha2::Sha256::digest(taken(&mut args[0]).as_bytes()))))),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_become_e164_or_say_why_not() {
        for (text, code, told) in [
            ("+49 89 123-45", None, Ok("+498912345")),
            ("0049 (0)89 / 12345", None, Ok("+498912345")),
            ("089.12345", Some("+49"), Ok("+498912345")),
            ("+44 (0)20 7946 0000 ext. 12", None, Ok("+442079460000")),
            ("(555) 010-0123 x99", Some("1"), Ok("+15550100123")),
            ("1-555-010-0123", Some("1"), Ok("+15550100123")),
            ("06 1234567", Some("39"), Ok("+39061234567")),
            ("tel:+1-555-010-0123;ext=9", None, Ok("+15550100123")),
            ("089 12345", None, Err("'089 12345' is not a phone number: it has no country code (give a default: phone(x, '49'))")),
            ("call me", Some("49"), Err("'call me' is not a phone number: it contains 'c'")),
            ("+49", None, Err("'+49' is not a phone number: it is too short")),
            ("+1234567890123456", None, Err("'+1234567890123456' is not a phone number: it has more than 15 digits")),
            ("089 12345", Some("x"), Err("'x' is not a country code")),
        ] {
            assert_eq!(phone(text, code), told.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn countries_are_known_by_every_code_and_name() {
        for text in ["CZ", "cze", "203", "Czechia", "czech republic"] {
            assert_eq!(country_of(text).map(|c| c[0]), Some("CZ"), "{text}");
        }
        for (text, code) in
            [("004", "AF"), ("4", "AF"), ("Türkiye", "TR"), ("turkiye", "TR"), ("USA", "US"), ("Cote d'Ivoire", "CI"), ("Österreich", "AT")]
        {
            assert_eq!(country_of(text).map(|c| c[0]), Some(code), "{text}");
        }
        assert_eq!(country_of("Atlantis"), None);
        assert_eq!(country_of(""), None);
        assert_eq!(COUNTRIES.lines().filter(|l| !l.starts_with('#')).count(), 249);
    }

    #[test]
    fn locales_are_tidied_and_nonsense_is_refused() {
        for (text, told) in [
            ("en-gb", "en_GB"),
            ("DE", "de"),
            ("zh_hant_tw", "zh_Hant_TW"),
            ("es-419", "es_419"),
            ("en_US.UTF-8", "en_US"),
            ("de_DE@euro", "de_DE"),
        ] {
            assert_eq!(locale(text, "_").as_deref(), Ok(told), "{text}");
        }
        for text in ["", "english", "e", "en-GB-GB", "en-gb-x", "日本"] {
            assert!(locale(text, "_").is_err(), "{text}");
        }
    }

    #[test]
    fn truth_is_read_in_the_usual_words() {
        for (text, truth) in [("TRUE", true), (" yes ", true), ("0", false), ("Off", false)] {
            assert_eq!(to_bool(&Value::Text(text.into())), Ok(Value::Bool(truth)), "{text}");
        }
        assert_eq!(to_bool(&Value::Text("maybe".into())), Err("'maybe' is neither true nor false".to_owned()));
        assert_eq!(to_bool(&Value::Int(2)), Err("a number is neither true nor false".to_owned()));
    }
}
