//! The one clock. Nothing else reads the time: pure code gets an instant as a parameter, so that tests can fix it.

/// A moment in UTC, in whole seconds since 1970, as stored and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i64);

impl Instant {
    /// RFC 3339 in UTC: `2026-11-22T02:40:22Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_second(self.0).map_or_else(|_| format!("@{}", self.0), |t| t.to_string())
    }

    /// The moment that an RFC 3339 text or a plain date (`2027-01-31`: the start of that day, UTC) names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        full.parse::<jiff::Timestamp>().ok().map(|t| Instant(t.as_second()))
    }
}

/// When a file was written last, as its file system has it. Two are only ever compared.
pub type Written = std::time::SystemTime;

/// Where the clock on the operator's wall stands.
#[derive(Debug, Clone)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// The platform's (`TZ`, else `/etc/localtime`); UTC where it names none.
    #[must_use]
    pub fn here() -> Self {
        Zone(jiff::tz::TimeZone::system())
    }

    /// UTC.
    #[must_use]
    pub fn utc() -> Self {
        Zone(jiff::tz::TimeZone::UTC)
    }

    /// What the clock on the wall shows at a moment: `02:40`.
    #[must_use]
    pub fn time_of_day(&self, moment: Instant) -> String {
        jiff::Timestamp::from_second(moment.0)
            .map_or_else(|_| "--:--:--".to_owned(), |t| t.to_zoned(self.0.clone()).strftime("%H:%M:%S").to_string())
    }
}

impl serde::Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl<'de> serde::Deserialize<'de> for Instant {
    /// Only the form that [`Instant::rfc3339`] writes: a document's id is a hash over its text.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Instant::parse(&text)
            .filter(|t| t.rfc3339() == text)
            .ok_or_else(|| serde::de::Error::custom(format_args!("`{text}` is not a moment such as 2026-11-22T02:40:22Z")))
    }
}

/// The current time. The only caller of the system clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
pub fn now() -> Instant {
    Instant(jiff::Timestamp::now().as_second())
}

/// The current time in milliseconds since 1970, for what is measured and noted.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
pub fn now_in_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_print_and_parse_as_rfc_3339() {
        assert_eq!(Instant(1_795_315_222).rfc3339(), "2026-11-22T02:40:22Z");
        assert_eq!(Instant::parse("2026-11-22T02:40:22Z"), Some(Instant(1_795_315_222)));
        assert_eq!(Instant::parse("2026-11-22"), Some(Instant(1_795_305_600)));
        assert_eq!(Instant::parse("soon"), None);
    }

    #[test]
    fn the_time_of_day_is_that_of_the_zone() {
        assert_eq!(Zone::utc().time_of_day(Instant(1_795_315_222)), "02:40:22");
        assert_eq!(Zone::utc().time_of_day(Instant(i64::MAX)), "--:--:--");
    }
}
