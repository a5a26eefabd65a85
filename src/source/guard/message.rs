//! What a message from an LDAP server must look like before the client library may parse it (RFC 4511 sections 4 and 5.1).
//!
//! The library's parser recurses, reserves what a length claims, and panics where a part is missing. So everything that it
//! relies on is checked here first, without recursion and without allocation: definite lengths, every element filled
//! exactly by its children, bounded depth and number of elements, and the parts of results and controls in their places.

/// How deep elements may nest. A search entry needs five levels.
const MAX_DEPTH: usize = 32;

/// The library keeps some 150 bytes for each element, so a message may have one for every so many of its bytes at most.
const BYTES_AN_ELEMENT: usize = 32;

/// Elements that any message may have, however short it is.
const FREE_ELEMENTS: usize = 4096;

/// Why a message is refused, for an operator.
pub type Refusal = &'static str;

/// The operations that a server may send (the number of the APPLICATION tag).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// BindResponse.
    Bind,
    /// SearchResultEntry.
    Entry,
    /// SearchResultDone.
    Done,
    /// SearchResultReference.
    Reference,
    /// ExtendedResponse.
    Extended,
    /// IntermediateResponse.
    Intermediate,
}

/// What is known of a message that was found good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'m> {
    /// The number of the request that it answers; 0 for a notification that nobody asked for.
    pub id: u32,
    /// What it is.
    pub op: Op,
    /// The result code, if it ends an operation.
    pub code: Option<u32>,
    /// The diagnostic message, if it ends an operation.
    pub text: &'m str,
}

/// One element: its tag byte and its content, and what follows it.
type Element<'b> = (u8, &'b [u8], &'b [u8]);

/// The length of header and content of the element at the start of `bytes`; `None` where more bytes are needed to tell.
///
/// # Errors
/// For a high tag number, and for a length that is indefinite or has more than four octets.
pub fn header(bytes: &[u8]) -> Result<Option<(usize, usize)>, Refusal> {
    let (Some(tag), Some(first)) = (bytes.first(), bytes.get(1)) else {
        return Ok(None);
    };
    if tag & 0x1f == 0x1f {
        return Err("a tag number that LDAP does not have");
    }
    if *first < 0x80 {
        return Ok(Some((2, usize::from(*first))));
    }
    let octets = usize::from(first & 0x7f);
    if octets == 0 || octets > 4 {
        return Err("a length in a form that LDAP does not allow");
    }
    Ok(bytes.get(2..2 + octets).map(|b| (2 + octets, b.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)))))
}

/// The length of the message at the start of `bytes`; `None` where more bytes are needed to tell. Something else than LDAP
/// shows at its first byte, before a length is waited for.
///
/// # Errors
/// As [`header`], and for something else than a message.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, Refusal> {
    if bytes.first().is_some_and(|tag| *tag != 0x30) {
        return Err("something that is no LDAP message");
    }
    Ok(header(bytes)?.map(|(head, length)| head + length))
}

/// Splits the first element off `bytes`, which must hold it whole.
///
/// # Errors
/// Where it does not.
pub fn element(bytes: &[u8]) -> Result<Element<'_>, Refusal> {
    let (head, length) = header(bytes)?.ok_or("an element that is cut off")?;
    let end = head + length;
    match (bytes.get(head..end), bytes.get(end..)) {
        (Some(content), Some(rest)) => Ok((bytes[0], content, rest)),
        _ => Err("an element longer than its parent"),
    }
}

/// Checks one whole message.
///
/// # Errors
/// What is wrong with it. A message that passes can be parsed by the client library without harm.
pub fn check(bytes: &[u8]) -> Result<Message<'_>, Refusal> {
    well_formed(bytes)?;
    let (tag, content, rest) = element(bytes)?;
    if tag != 0x30 || !rest.is_empty() {
        return Err("something that is no LDAP message");
    }
    let (tag, number, rest) = element(content)?;
    let id = number_of(number).filter(|_| tag == 0x02 && number[0] < 0x80).ok_or("a message without a number")?;
    let (tag, body, controls) = element(rest)?;
    let op = match tag {
        0x61 => Op::Bind,
        0x64 => Op::Entry,
        0x65 => Op::Done,
        0x73 => Op::Reference,
        0x78 => Op::Extended,
        0x79 => Op::Intermediate,
        _ => return Err("an operation that a server does not send"),
    };
    let (code, text) = match op {
        Op::Bind | Op::Done | Op::Extended => result(body).map(|(code, text)| (Some(code), text))?,
        Op::Entry | Op::Reference | Op::Intermediate => (None, ""),
    };
    // Active Directory puts the name of a notice of disconnection where controls belong; such a notice is not passed on.
    if id != 0 && !controls.is_empty() {
        let (tag, list, rest) = element(controls)?;
        if tag != 0xa0 || !rest.is_empty() {
            return Err("a message with something behind its operation");
        }
        all_controls(list)?;
    }
    Ok(Message { id, op, code, text })
}

/// Every constructed element is filled exactly by its children. No recursion: the ends of the open elements are kept.
fn well_formed(bytes: &[u8]) -> Result<(), Refusal> {
    let mut ends = [bytes.len(); MAX_DEPTH];
    let (mut depth, mut at, mut elements) = (0, 0, 0);
    while at < bytes.len() {
        while at == ends[depth] {
            depth -= 1; // the outermost end is not reached inside the loop
        }
        elements += 1;
        let (head, length) = header(&bytes[at..ends[depth]])?.ok_or("an element that is cut off")?;
        let end = at + head + length;
        if end > ends[depth] {
            return Err("an element longer than its parent");
        }
        if bytes[at] & 0x20 != 0 && length > 0 {
            depth += 1;
            if depth == MAX_DEPTH {
                return Err("elements nested too deep");
            }
            ends[depth] = end;
            at += head;
        } else {
            at = end;
        }
    }
    if elements > FREE_ELEMENTS.max(bytes.len() / BYTES_AN_ELEMENT) { Err("far too many elements for its length") } else { Ok(()) }
}

fn number_of(bytes: &[u8]) -> Option<u32> {
    (1..=4).contains(&bytes.len()).then(|| bytes.iter().fold(0, |n, b| n << 8 | u32::from(*b)))
}

fn text_of(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|_| "text that is not UTF-8")
}

/// LDAPResult (RFC 4511 section 4.1.9) and what bind and extended responses add to it.
fn result(body: &[u8]) -> Result<(u32, &str), Refusal> {
    const WRONG: Refusal = "a result without its parts";
    let (tag, code, rest) = element(body).map_err(|_| WRONG)?;
    let code = number_of(code).filter(|_| tag == 0x0a).ok_or(WRONG)?;
    let (tag_dn, matched, rest) = element(rest).map_err(|_| WRONG)?;
    let (tag_text, text, mut rest) = element(rest).map_err(|_| WRONG)?;
    if (tag_dn, tag_text) != (0x04, 0x04) {
        return Err(WRONG);
    }
    text_of(matched)?;
    while !rest.is_empty() {
        let (tag, mut content, after) = element(rest)?;
        match tag {
            0xa3 => {
                while !content.is_empty() {
                    let (tag, url, after) = element(content)?;
                    if tag != 0x04 {
                        return Err("a referral that is none");
                    }
                    text_of(url)?;
                    content = after;
                }
            }
            0x8a => drop(text_of(content)?),
            0x87 | 0x8b => {}
            // The library goes by the number alone.
            other if matches!(other & 0x1f, 3 | 7 | 10 | 11) => return Err("a result with a part in a wrong form"),
            _ => {}
        }
        rest = after;
    }
    Ok((code, text_of(text)?))
}

/// Controls (RFC 4511 section 4.1.11).
fn all_controls(mut list: &[u8]) -> Result<(), Refusal> {
    const WRONG: Refusal = "a control without its parts";
    while !list.is_empty() {
        let (tag, control, after) = element(list)?;
        let (name_tag, name, mut rest) = element(control).map_err(|_| WRONG)?;
        if (tag, name_tag) != (0x30, 0x04) {
            return Err(WRONG);
        }
        text_of(name)?;
        if rest.first() == Some(&0x01) {
            let (_, criticality, after) = element(rest)?;
            if criticality.is_empty() {
                return Err(WRONG);
            }
            rest = after;
        }
        if !rest.is_empty() {
            let (tag, _, after) = element(rest)?;
            if tag != 0x04 || !after.is_empty() {
                return Err(WRONG);
            }
        }
        list = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes from hex with blanks.
    fn hex(text: &str) -> Vec<u8> {
        let digits: String = text.split_whitespace().collect();
        (0..digits.len() / 2).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap()).collect()
    }

    fn nested(levels: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for _ in 0..levels {
            let length = u8::try_from(out.len()).unwrap();
            out.splice(0..0, [0x30, length]);
        }
        out
    }

    #[test]
    fn messages_are_refused_for_what_is_wrong_with_them() {
        for (bytes, told) in [
            ("30 0c 020101 61 07 0a0100 0400 0400", Ok((1, Op::Bind, Some(0)))),
            ("30 0c 020102 65 07 0a0104 0400 0400", Ok((2, Op::Done, Some(4)))),
            ("30 0b 020101 64 06 0402 41 42 3000", Ok((1, Op::Entry, None))),
            ("30 0d 020101 64 06 0402 41 42 3000 a0 00", Ok((1, Op::Entry, None))),
            ("30 10 020101 65 07 0a0100 0400 0400 a0 02 3000", Err("a control without its parts")),
            ("30 14 020101 65 07 0a0100 0400 0400 a0 06 3004 0402 312e", Ok((1, Op::Done, Some(0)))),
            ("30 16 020101 65 07 0a0100 0400 0400 a0 08 3006 0402 312e 0100", Err("a control without its parts")),
            ("30 14 020101 65 07 0a0100 0400 0400 a0 06 3004 0402 ffff", Err("text that is not UTF-8")),
            ("30 0a 020101 64 07 0401 41 3000", Err("an element longer than its parent")),
            ("30 05 020101 64 7f", Err("an element longer than its parent")),
            ("30 04 020101 64", Err("an element that is cut off")),
            ("30 80 020101 0000", Err("a length in a form that LDAP does not allow")),
            ("3f 03 020101", Err("a tag number that LDAP does not have")),
            ("30 03 020101", Err("an element that is cut off")),
            ("30 00", Err("an element that is cut off")),
            ("30 0c 0201ff 61 07 0a0100 0400 0400", Err("a message without a number")),
            ("30 0b 0200 61 07 0a0100 0400 0400", Err("a message without a number")),
            ("30 0c 020101 60 07 0a0100 0400 0400", Err("an operation that a server does not send")),
            ("30 0c 020101 41 07 0a0100 0400 0400", Err("an operation that a server does not send")),
            ("30 08 020101 65 03 0a0100", Err("a result without its parts")),
            ("30 0c 020101 65 07 020100 0400 0400", Err("a result without its parts")),
            ("30 0d 020101 65 08 0a0100 0401ff 0400", Err("text that is not UTF-8")),
            ("30 10 020101 65 0b 0a0100 0400 0400 a302 0200", Err("a referral that is none")),
            ("30 0e 020101 65 09 0a0100 0400 0400 8300", Err("a result with a part in a wrong form")),
            ("30 0e 020101 65 09 0a0100 0400 0400 0101", Err("an element longer than its parent")),
            ("30 0d 020101 65 07 0a0100 0400 0400 05", Err("an element that is cut off")),
            ("30 0e 020101 65 07 0a0100 0400 0400 8a00", Err("a message with something behind its operation")),
            ("31 0c 020101 61 07 0a0100 0400 0400", Err("something that is no LDAP message")),
        ] {
            let bytes = hex(bytes);
            assert_eq!(check(&bytes).map(|m| (m.id, m.op, m.code)), told, "{bytes:02x?}");
        }
        assert_eq!(check(&nested(MAX_DEPTH + 1)), Err("elements nested too deep"));
        let many = [vec![0x30, 0x83, 0, 0x40, 0], vec![0; 0x4000]].concat();
        assert_eq!(check(&many), Err("far too many elements for its length"));
    }

    /// What the library does with a message that passed, as far as its parser is public.
    fn parses(bytes: &[u8]) -> bool {
        matches!(ldap3::asn1::parse_tag(bytes), Ok((rest, _)) if rest.is_empty())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn no_bytes_panic_and_what_passes_is_parsed(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if check(&bytes).is_ok() {
                prop_assert!(parses(&bytes));
            }
        }

        #[test]
        fn one_changed_byte_is_refused_or_harmless(at in 0usize..60, byte in any::<u8>()) {
            let mut bytes = hex("30 3a 020101 65 16 0a0100 0403 613d62 0402 6f6b a308 0406 6c6461703a2f \
                a0 1d 301b 0416 312e322e3834302e3131333535362e312e342e333139 0401 00");
            prop_assert!(check(&bytes).is_ok());
            if let Some(b) = bytes.get_mut(at) {
                *b = byte;
            }
            if check(&bytes).is_ok() {
                prop_assert!(parses(&bytes));
            }
        }
    }
}
