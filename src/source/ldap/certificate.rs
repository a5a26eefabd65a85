//! What a server's certificate says of itself (RFC 5280 section 4.1): who it is for, who signed it, when it ends.
//!
//! Only for the eyes of an operator: whether the certificate may be trusted was decided before, by the TLS library.

use crate::clock::Instant;
use crate::source::guard::message::element;
use crate::source::status;

/// A certificate, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The common name of whom it is for.
    pub subject: String,
    /// The common name of who signed it.
    pub issuer: String,
    /// When it ends.
    pub ends: Instant,
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// commonName, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
/// organizationName, 2.5.4.10.
const ORGANIZATION: &[u8] = &[0x55, 4, 10];

/// Reads a certificate in DER; `None` where it is not one, or holds something that we do not know.
#[must_use]
pub fn read(der: &[u8]) -> Option<Certificate> {
    let (whole, _) = one(der, SEQUENCE)?;
    let (mut rest, _) = one(whole, SEQUENCE)?;
    if let Some((_, after)) = one(rest, VERSION) {
        rest = after;
    }
    let (_, rest) = one(rest, INTEGER)?;
    let (_, rest) = one(rest, SEQUENCE)?;
    let (issuer, rest) = one(rest, SEQUENCE)?;
    let (validity, rest) = one(rest, SEQUENCE)?;
    let (subject, _) = one(rest, SEQUENCE)?;
    let (_, _, end) = element(validity).ok()?;
    let (tag, end, _) = element(end).ok()?;
    Some(Certificate { subject: name(subject), issuer: name(issuer), ends: time(tag, std::str::from_utf8(end).ok()?)? })
}

fn one(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = element(bytes).ok()?;
    (tag == wanted).then_some((content, rest))
}

/// The common name, else the organization.
fn name(mut rdns: &[u8]) -> String {
    let (mut common, mut organization) = (None, None);
    while let Some((rdn, rest)) = one(rdns, SET) {
        rdns = rest;
        let Some((pair, _)) = one(rdn, SEQUENCE) else { continue };
        let Ok((_, oid, value)) = element(pair) else { continue };
        let text = element(value).ok().and_then(|(_, text, _)| std::str::from_utf8(text).ok());
        match oid {
            COMMON_NAME => common = text,
            ORGANIZATION => organization = text,
            _ => {}
        }
    }
    common.or(organization).unwrap_or("(no name)").to_owned()
}

fn time(tag: u8, text: &str) -> Option<Instant> {
    match tag {
        // Two digits of the year: 50 to 99 are of the last century (RFC 5280 section 4.1.2.5.1).
        UTC_TIME => status::time(&format!("{}{text}", if text.get(..2)? >= "50" { "19" } else { "20" })),
        GENERALIZED_TIME => status::time(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag, 0x82];
        out.extend_from_slice(&u16::try_from(content.len()).unwrap().to_be_bytes());
        out.extend_from_slice(content);
        out
    }

    fn rdn(oid: &[u8], text: &str) -> Vec<u8> {
        tlv(SET, &tlv(SEQUENCE, &[tlv(6, oid), tlv(0x0c, text.as_bytes())].concat()))
    }

    fn certificate(version: &[u8], subject: &[u8], end: &[u8]) -> Vec<u8> {
        let issuer = tlv(SEQUENCE, &[rdn(ORGANIZATION, "Example"), rdn(COMMON_NAME, "Example CA")].concat());
        let validity = tlv(SEQUENCE, &[tlv(UTC_TIME, b"200101000000Z"), end.to_vec()].concat());
        let algorithm = tlv(SEQUENCE, b"");
        let parts = [version.to_vec(), tlv(INTEGER, &[1]), algorithm, issuer, validity, tlv(SEQUENCE, subject)].concat();
        tlv(SEQUENCE, &tlv(SEQUENCE, &parts))
    }

    #[test]
    fn names_and_the_end_are_read() {
        let three = tlv(VERSION, &tlv(INTEGER, &[2]));
        for (der, subject, ends) in [
            (certificate(&three, &rdn(COMMON_NAME, "dc1.example"), &tlv(UTC_TIME, b"261122024022Z")), "dc1.example", Some(1_795_315_222)),
            (certificate(&[], &rdn(ORGANIZATION, "Org"), &tlv(GENERALIZED_TIME, b"20261122024022Z")), "Org", Some(1_795_315_222)),
            (certificate(&three, &[], &tlv(UTC_TIME, b"991231000000Z")), "(no name)", Some(946_598_400)),
            (certificate(&three, &[], &tlv(0x04, b"991231000000Z")), "", None),
        ] {
            let found = read(&der);
            assert_eq!(found.as_ref().map(|c| c.ends.0), ends);
            assert!(found.is_none_or(|c| (c.subject.as_str(), c.issuer.as_str()) == (subject, "Example CA")));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), at in 0usize..200, byte in any::<u8>()) {
            let _ = read(&bytes);
            let mut broken = certificate(&[], &rdn(COMMON_NAME, "x"), &tlv(UTC_TIME, b"261122024022Z"));
            let at = at % broken.len();
            broken[at] = byte;
            let _ = read(&broken);
        }
    }
}
