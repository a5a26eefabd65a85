//! As much of BER as a directory needs (RFC 4511 section 5.1): reading requests, writing answers.

/// One element: its tag, its content, and what follows it.
pub type Element<'b> = (u8, &'b [u8], &'b [u8]);

/// The first element of `bytes`, if it is there whole.
pub fn element(bytes: &[u8]) -> Option<Element<'_>> {
    let (head, length) = match usize::from(*bytes.get(1)?) {
        n if n < 0x80 => (2, n),
        n => {
            let octets = n & 0x7f;
            let length = bytes.get(2..2 + octets).filter(|_| (1..=4).contains(&octets))?;
            (2 + octets, length.iter().fold(0, |n, b| n << 8 | usize::from(*b)))
        }
    };
    Some((bytes[0], bytes.get(head..head + length)?, &bytes[head + length..]))
}

/// Splits the first element off, which must have this tag.
pub fn take<'b>(bytes: &mut &'b [u8], tag: u8) -> Option<&'b [u8]> {
    let (found, content, rest) = element(bytes).filter(|e| e.0 == tag)?;
    debug_assert_eq!(found, tag);
    *bytes = rest;
    Some(content)
}

/// A number that is not negative.
pub fn number(bytes: &[u8]) -> Option<usize> {
    (1..=4).contains(&bytes.len()).then(|| bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b)))
}

/// How many octets a length takes.
pub fn length_size(length: usize) -> usize {
    match length {
        0..0x80 => 1,
        0x80..0x100 => 2,
        0x100..0x1_0000 => 3,
        _ => 5,
    }
}

/// The size of an element with a content of this length.
pub fn size(length: usize) -> usize {
    1 + length_size(length) + length
}

/// Writes a tag and a length.
pub fn head(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    let octets = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    match length_size(length) {
        1 => out.push(octets[3]),
        2 => out.extend([0x81, octets[3]]),
        3 => out.extend([0x82, octets[2], octets[3]]),
        _ => {
            out.push(0x84);
            out.extend(octets);
        }
    }
}

/// Writes an element.
pub fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    head(out, tag, content.len());
    out.extend_from_slice(content);
}

/// An element.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(size(content.len()));
    put(&mut out, tag, content);
    out
}

/// Begins an element whose length is told when it is closed; at most 65,535 bytes.
pub fn open(out: &mut Vec<u8>, tag: u8) -> usize {
    out.extend([tag, 0x82, 0, 0]);
    out.len()
}

/// Ends what was begun there.
pub fn close(out: &mut [u8], begun: usize) {
    let length = u16::try_from(out.len() - begun).unwrap_or(u16::MAX).to_be_bytes();
    out[begun - 2..begun].copy_from_slice(&length);
}

/// A filter of a request as text (RFC 4515), and the values of `id` that it asks for.
pub fn filter_text(filter: Element<'_>, id: &str, ids: &mut Vec<String>, out: &mut String) -> Option<()> {
    let (tag, mut content, _) = filter;
    out.push('(');
    match tag {
        0xa0..=0xa2 => {
            out.push(['&', '|', '!'][usize::from(tag & 3)]);
            while !content.is_empty() {
                let part = element(content)?;
                filter_text(part, id, ids, out)?;
                content = part.2;
            }
        }
        0xa3 | 0xa5 | 0xa6 | 0xa8 => {
            let (name, value) = (take(&mut content, 4)?, take(&mut content, 4)?);
            let name = std::str::from_utf8(name).ok()?;
            if name.eq_ignore_ascii_case(id) {
                ids.push(String::from_utf8_lossy(value).into_owned());
            }
            out.push_str(name);
            out.push_str(match tag {
                0xa5 => ">=",
                0xa6 => "<=",
                _ => "=",
            });
            escaped(value, out);
        }
        0xa4 => {
            out.push_str(std::str::from_utf8(take(&mut content, 4)?).ok()?);
            out.push('=');
            let mut parts = take(&mut content, 0x30)?;
            let mut open_end = true;
            while !parts.is_empty() {
                let (kind, part, rest) = element(parts)?;
                if kind != 0x80 {
                    out.push('*');
                }
                escaped(part, out);
                (open_end, parts) = (kind != 0x82, rest);
            }
            if open_end {
                out.push('*');
            }
        }
        0x87 => {
            out.push_str(std::str::from_utf8(content).ok()?);
            out.push_str("=*");
        }
        _ => return None,
    }
    out.push(')');
    Some(())
}

fn escaped(value: &[u8], out: &mut String) {
    for byte in value {
        match byte {
            b' '..=b'~' if !b"*()\\".contains(byte) => out.push(char::from(*byte)),
            _ => {
                let digit = |n: u8| char::from(b"0123456789abcdef"[usize::from(n & 15)]);
                out.extend(['\\', digit(byte >> 4), digit(*byte)]);
            }
        }
    }
}
