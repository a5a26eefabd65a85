//! Whether an entry is disabled. Temporary lock-outs never are: they end by themselves.

use super::vendor::Settings;
use crate::clock::Instant;
use crate::config::StatusTest;

/// True if the entry is disabled: any one rule that says so is enough. `first` gives the first value of an attribute.
pub fn is_disabled<'v>(settings: &Settings, now: Instant, mut first: impl FnMut(&str) -> Option<&'v str>) -> bool {
    let mut said_enabled = false;
    for rule in &settings.status {
        let Some(value) = first(rule.attribute.as_str()) else { continue };
        let holds = holds(&rule.test, value, now);
        if holds != rule.enables {
            return true;
        }
        said_enabled = true;
    }
    !said_enabled && !settings.default_enabled
}

/// True if a value passes a test.
#[must_use]
pub fn holds(test: &StatusTest, value: &str, now: Instant) -> bool {
    match test {
        StatusTest::Equals(text) => value.trim().eq_ignore_ascii_case(text),
        // AD writes userAccountControl as a signed 32-bit number.
        StatusTest::Bits(mask) => value.trim().parse::<i64>().is_ok_and(|n| n.cast_unsigned() & mask == *mask),
        StatusTest::Present => !value.trim().is_empty(),
        StatusTest::Past => time(value).is_some_and(|t| t <= now),
    }
}

/// A generalized time (RFC 4517 section 3.3.13), or a Windows file time where 0 and 2^63-1 mean never.
#[must_use]
pub fn time(text: &str) -> Option<Instant> {
    let text = text.trim();
    // File times of our centuries have 18 digits; a generalized time is shorter.
    if let Ok(ticks) = text.parse::<i64>()
        && (ticks == 0 || text.len() > 16)
    {
        return (ticks != 0 && ticks != i64::MAX).then(|| Instant(ticks / 10_000_000 - 11_644_473_600));
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = |range: std::ops::Range<usize>| text.get(range).filter(|_| digits >= 10).and_then(|t| t.parse::<i64>().ok());
    let (year, month, day, hour) = (number(0..4)?, number(4..6)?, number(6..8)?, number(8..10)?);
    let minute = if digits >= 12 { number(10..12)? } else { 0 };
    let second = if digits >= 14 { number(12..14)? } else { 0 };
    let rest = text[digits..].trim_start_matches(['.', ',']).trim_start_matches(|c: char| c.is_ascii_digit());
    let offset = match rest.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), digits @ ..] if matches!(digits.len(), 2 | 4) && digits.iter().all(u8::is_ascii_digit) => {
            let two = |i: usize| digits.get(i..i + 2).map_or(0, |d| i64::from(d[0] - b'0') * 10 + i64::from(d[1] - b'0'));
            let (hours, minutes) = (two(0), two(2));
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 3600 + minutes * 60) * if *sign == b'+' { 1 } else { -1 }
        }
        _ => return None,
    };
    let date = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
    Instant::parse(&date).map(|t| Instant(t.0 - offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{StatusRule, StatusTest};
    use crate::identity::AttributeName;
    use crate::source::vendor::presets;

    #[test]
    fn any_one_rule_disables_and_lock_outs_do_not() {
        let rule = |attribute: &str, test, enables| StatusRule { attribute: AttributeName::new(attribute), test, enables };
        let bits = || vec![rule("userAccountControl", StatusTest::Bits(2), false)];
        let locked = || vec![rule("pwdAccountLockedTime", StatusTest::Equals("000001010000Z".into()), false)];
        let active = || vec![rule("active", StatusTest::Equals("yes".into()), true)];
        let expires = || vec![rule("accountExpires", StatusTest::Past, false)];
        for (rules, default_enabled, value, disabled) in [
            (bits(), true, Some("514"), true),
            (bits(), true, Some("66050"), true),
            (bits(), true, Some("512"), false),
            (bits(), true, None, false),
            (bits(), true, Some("-2147483646"), true),
            (bits(), true, Some("x"), false),
            (locked(), true, Some("000001010000Z"), true),
            (locked(), true, Some("20261122023000Z"), false),
            (active(), true, Some("YES"), false),
            (active(), true, Some("no"), true),
            (active(), true, None, false),
            (active(), false, None, true),
            (active(), false, Some("yes"), false),
            (expires(), true, Some("9223372036854775807"), false),
            (expires(), true, Some("0"), false),
            (expires(), true, Some("132223104000000000"), true),
            (expires(), true, Some("20200101000000Z"), true),
            (expires(), true, Some("20990101000000Z"), false),
        ] {
            let settings = Settings { status: rules, default_enabled, ..presets()[0].0.clone() };
            assert_eq!(is_disabled(&settings, Instant(1_795_315_222), |_| value), disabled, "{:?} {value:?}", settings.status);
        }
    }

    #[test]
    fn an_account_of_active_directory_that_has_expired_is_disabled_and_never_means_never() {
        let settings = &presets().iter().find(|p| p.0.vendor == "active-directory").unwrap().0;
        for (control, expires, disabled) in [
            ("512", Some("0"), false),
            ("512", Some("9223372036854775807"), false),
            ("512", None, false),
            ("512", Some("134397000000000000"), true),
            ("512", Some("134400000000000000"), false),
            ("514", Some("0"), true),
        ] {
            let first = |name: &str| if name == "accountExpires" { expires } else { Some(control) };
            assert_eq!(is_disabled(settings, Instant(1_795_315_222), first), disabled, "{control} {expires:?}");
        }
    }

    #[test]
    fn times_are_read_in_every_form_that_directories_write() {
        for (text, seconds) in [
            ("20261122024022Z", Some(1_795_315_222)),
            ("20261122024022.0Z", Some(1_795_315_222)),
            ("202611220240Z", Some(1_795_315_200)),
            ("20261122034022+0100", Some(1_795_315_222)),
            ("20261121231022-0330", Some(1_795_315_222)),
            ("20260101000000+009223372036854775807", None),
            ("2026", None),
            ("20261122024022", None),
            ("soon", None),
        ] {
            assert_eq!(time(text).map(|t| t.0), seconds, "{text}");
        }
    }
}
