//! Functions on moments. A moment is a text in RFC 3339, in UTC and whole seconds, so that two of them compare as texts.

use super::{Answer, Example, Function, Param, Prepared, Run, Takes, number, quoted, taken, text};
use crate::clock::Instant;
use crate::mapping::value::{Type, Value};
use jiff::Timestamp;
use jiff::civil::DateTime;
use std::borrow::Cow;

fn moment<'a>(second: i64) -> Value<'a> {
    Value::Text(Cow::Owned(Instant(second).rfc3339()))
}

/// GeneralizedTime (RFC 4517 section 3.3.13): `YYYYMMDDHH[MM[SS]][.f](Z|+hhmm)`, seconds since 1970.
fn generalized(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let field = |from: usize, to: usize| text.get(from..to)?.parse::<i8>().ok();
    if !matches!(digits, 10 | 12 | 14) {
        return None;
    }
    let year = text.get(..4)?.parse::<i16>().ok()?;
    let or_zero = |from: usize| if digits >= from + 2 { field(from, from + 2) } else { Some(0) };
    // A leap second is the second before it: the calendar here has none.
    let second = or_zero(12)?.min(59);
    let local = DateTime::new(year, field(4, 6)?, field(6, 8)?, field(8, 10)?, or_zero(10)?, second, 0).ok()?;
    let mut second = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    let mut zone = &text[digits..];
    if let Some(rest) = zone.strip_prefix(['.', ',']) {
        let fraction = rest.bytes().take_while(u8::is_ascii_digit).count();
        if fraction == 0 {
            return None;
        }
        // A fraction of the last unit that is there: of a second it is dropped, of a minute or an hour it counts.
        let unit = match digits {
            10 => 3600,
            12 => 60,
            _ => 1,
        };
        let shown = fraction.min(9);
        let value = rest[..shown].parse::<i64>().ok()?;
        second += value * unit / 10_i64.pow(u32::try_from(shown).ok()?);
        zone = &rest[fraction..];
    }
    let offset = match zone.as_bytes() {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), rest @ ..] if matches!(rest.len(), 2 | 4) && rest.iter().all(u8::is_ascii_digit) => {
            let hours = zone.get(1..3)?.parse::<i64>().ok()?;
            let minutes = zone.get(3..5).map_or(Some(0), |m| m.parse::<i64>().ok())?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 3600 + minutes * 60) * if *sign == b'-' { -1 } else { 1 }
        }
        _ => return None,
    };
    Some(second - offset)
}

/// Seconds from 1601, where Windows begins to count, to 1970.
const WINDOWS_EPOCH: i64 = 11_644_473_600;

/// A Windows file time (100 ns since 1601); 0 and the greatest number mean "never" (MS-ADTS, accountExpires).
fn windows<'a>(ticks: i64) -> Answer<'a> {
    match ticks {
        0 | i64::MAX => Ok(Value::Missing),
        n if n < 0 => Err(format!("{n} is not a Windows file time")),
        n => Timestamp::from_second(n / 10_000_000 - WINDOWS_EPOCH)
            .map(|t| moment(t.as_second()))
            .map_err(|_| format!("{n} is too far away")),
    }
}

fn formatted(time: Timestamp, format: &str) -> Result<String, String> {
    jiff::fmt::strtime::format(format, &time.to_zoned(jiff::tz::TimeZone::UTC))
        .map_err(|e| format!("the format {} fails: {e}", quoted(format)))
}

fn check_format(literals: &[Option<Value<'_>>]) -> Result<Prepared, (usize, String, Option<String>)> {
    if let Some(Some(Value::Text(format))) = literals.get(1) {
        formatted(Timestamp::UNIX_EPOCH, format).map_err(|e| (1, e, Some("for example '%Y-%m-%d' or '%d.%m.%Y %H:%M'".to_owned())))?;
    }
    Ok(Prepared::Nothing)
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "time_ldap",
        doc: "the moment that an LDAP time names",
        example: Example {
            expression: "time_ldap(whenCreated)",
            attributes: &[("whenCreated", &["20261122024022.0Z"])],
            result: "'2026-11-22T02:40:22Z'",
        },
        params: &[text("text")],
        result: Type::Text,
        run: Run::Eager(|args, _, _| {
            let time = taken(&mut args[0]);
            generalized(time.trim()).map(moment).ok_or_else(|| format!("{} is not an LDAP time", quoted(&time)))
        }),
    },
    Function {
        name: "time_win",
        doc: "the moment that a Windows file time names; missing for never",
        example: Example {
            expression: "time_win(accountExpires)",
            attributes: &[("accountExpires", &["134397888220000000"])],
            result: "'2026-11-22T02:40:22Z'",
        },
        params: &[Param::new("number", Takes::Number)],
        result: Type::Text,
        run: Run::Eager(|args, _, _| windows(number(&args[0]))),
    },
    Function {
        name: "time_format",
        doc: "a moment in another form: %Y %m %d %H %M %S as in strftime, in UTC",
        example: Example {
            expression: "time_ldap(whenCreated) | time_format('%d.%m.%Y')",
            attributes: &[("whenCreated", &["20261122024022Z"])],
            result: "'22.11.2026'",
        },
        params: &[text("moment"), text("format")],
        result: Type::Text,
        run: Run::Checked(check_format, |args, _, _| {
            let time = taken(&mut args[0]);
            let instant = Instant::parse(time.trim()).ok_or_else(|| format!("{} is not a moment", quoted(&time)))?;
            let timestamp = Timestamp::from_second(instant.0).map_err(|e| e.to_string())?;
            Ok(Value::Text(Cow::Owned(formatted(timestamp, &taken(&mut args[1]))?)))
        }),
    },
    Function {
        name: "now",
        doc: "the moment at which the run began, the same for every user",
        example: Example {
            expression: "'expired' if time_ldap(end) < now() else 'valid'",
            attributes: &[("end", &["20200101000000Z"])],
            result: "'expired'",
        },
        params: &[],
        result: Type::Text,
        run: Run::Eager(|_, _, cx| Ok(moment(cx.now.0))),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ldap_times_are_read_in_every_precision_and_zone() {
        for (text, told) in [
            ("20261122024022Z", Some("2026-11-22T02:40:22Z")),
            ("20261122024022.999Z", Some("2026-11-22T02:40:22Z")),
            ("20261122024022,5+0100", Some("2026-11-22T01:40:22Z")),
            ("202611220240Z", Some("2026-11-22T02:40:00Z")),
            ("2026112202.5Z", Some("2026-11-22T02:30:00Z")),
            ("2026112202-05", Some("2026-11-22T07:00:00Z")),
            ("20261231235960Z", Some("2026-12-31T23:59:59Z")),
            ("20261122024022", None),
            ("20261322024022Z", None),
            ("20261122024022.Z", None),
            ("2026-11-22", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(generalized(text).map(|s| Instant(s).rfc3339()).as_deref(), told, "{text}");
        }
    }

    #[test]
    fn never_is_missing_and_the_far_end_is_no_panic() {
        assert_eq!(windows(0), Ok(Value::Missing));
        assert_eq!(windows(i64::MAX), Ok(Value::Missing));
        assert!(windows(-1).is_err());
        assert!(windows(i64::MAX - 1).is_err());
        assert_eq!(windows(1), Ok(Value::Text("1601-01-01T00:00:00Z".into())));
    }
}
