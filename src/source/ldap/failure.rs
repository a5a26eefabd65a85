//! What can go wrong between us and a directory, in words that name the code and what to do.

use crate::error::Error;
use crate::model::{Cause, ReadEnd};
use crate::source::guard::End;
use ldap3::{LdapError, LdapResult};

/// Why an operation did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which kind of incompleteness it means for a read.
    pub cause: Cause,
    /// What was seen.
    pub detail: String,
    /// The result code, if the server gave one (RFC 4511 appendix A).
    pub code: Option<u32>,
    /// With `noSuchObject`, the nearest entry that does exist.
    pub matched: String,
}

/// `sizeLimitExceeded`.
pub const SIZE_LIMIT: u32 = 4;
/// `referral`.
pub const REFERRAL: u32 = 10;
/// `noSuchObject`.
pub const NO_SUCH_OBJECT: u32 = 32;
/// `unavailableCriticalExtension`.
pub const UNAVAILABLE_EXTENSION: u32 = 12;
/// `invalidCredentials`.
pub const INVALID_CREDENTIALS: u32 = 49;

impl Failure {
    /// One that the server did not give a code for.
    pub fn new(cause: Cause, detail: impl Into<String>) -> Self {
        Failure { cause, detail: detail.into(), code: None, matched: String::new() }
    }

    /// What the server sent is not valid.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Failure::new(Cause::Malformed, detail)
    }

    /// A result code other than success.
    pub fn of_result(result: &LdapResult) -> Self {
        let cause = match result.rc {
            3 => Cause::TimeLimit,
            4 => Cause::SizeLimit,
            10 => Cause::Reference,
            _ => Cause::ServerRefused,
        };
        let mut detail = format!("result {} ({})", result.rc, words(result.rc));
        for text in result.refs.iter().map(String::as_str).chain([result.text.trim_end_matches('\0')]).filter(|t| !t.is_empty()) {
            detail = format!("{detail}: {}", short(text));
        }
        Failure { cause, detail, code: Some(result.rc), matched: result.matched.clone() }
    }

    /// The connection has ended.
    pub fn of_end(end: &End) -> Self {
        match end {
            End::Closed => Failure::new(Cause::ConnectionLost, "the server closed the connection"),
            End::Notice(why) => Failure::new(Cause::ConnectionLost, format!("the server took its leave: {}", short(why))),
            End::Io(why) => Failure::new(Cause::ConnectionLost, why.clone()),
            End::Refused(why) => Failure::malformed(why.clone()),
            End::Silent(time) => Failure::new(Cause::TimeLimit, format!("no answer for {} s", time.as_secs())),
        }
    }

    /// The client library gave up; `end` is how the connection ended, if it did.
    pub fn of_library(error: &LdapError, end: Option<&End>) -> Self {
        match (end, error) {
            (Some(end), _) => Failure::of_end(end),
            (None, LdapError::FilterParsing) => Failure::new(Cause::ServerRefused, "the filter cannot be sent"),
            (None, LdapError::LdapResult { result }) => Failure::of_result(result),
            (None, error) => Failure::malformed(format!("the answer could not be read: {error}")),
        }
    }

    /// As the end of a read.
    pub fn into_end(self) -> ReadEnd {
        ReadEnd::incomplete(self.cause, self.detail)
    }

    /// As an error about `what` on `host`, with what to do.
    pub fn into_error(self, host: &str, what: &str) -> Error {
        let hint = self.hint();
        let error = Error::failure(format!("{host}: {what}: {}", self.detail));
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    /// What an operator can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self.code {
            Some(1) => "Active Directory answers like this where nobody is bound; set bind_dn and password",
            Some(7) => "the server does not take a password in this way; ask its administrator which bind it allows",
            Some(8 | 13) => "the server wants an encrypted connection: write ldaps://, or set start_tls = true",
            Some(INVALID_CREDENTIALS) => "check bind_dn and where the password is kept; the account may also be locked or expired",
            Some(48 | 50) => "the account lacks the right to read this; ask for it, or set another bind_dn",
            Some(51 | 52) => "the server is busy or not available; try again later, or name another in url",
            Some(53) => "the server refuses by policy; its own log says why",
            Some(_) => return None,
            None if self.cause == Cause::Malformed => "check that the port speaks LDAP, and TLS exactly if the URL says so",
            None if self.cause == Cause::TimeLimit => "try again, or raise timeout",
            None => "check the server and the network between",
        })
    }
}

/// What a result code means (RFC 4511 appendix A.2).
pub fn words(code: u32) -> &'static str {
    match code {
        0 => "success",
        1 => "operations error",
        2 => "protocol error",
        3 => "time limit exceeded",
        4 => "size limit exceeded",
        7 => "authentication method not supported",
        8 => "stronger authentication required",
        10 => "referral",
        11 => "administrative limit exceeded",
        12 => "unavailable critical extension",
        13 => "confidentiality required",
        16 => "no such attribute",
        17 => "undefined attribute type",
        18 => "inappropriate matching",
        32 => "no such object",
        34 => "invalid DN syntax",
        48 => "inappropriate authentication",
        49 => "invalid credentials",
        50 => "insufficient access rights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwilling to perform",
        80 => "other",
        _ => "no standard code",
    }
}

/// What a server said, at a length that fits a message.
pub fn short(text: &str) -> String {
    crate::text::cut(text.trim(), 300).into_owned()
}
