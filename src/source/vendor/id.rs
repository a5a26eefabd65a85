//! The lasting id: how it is written in the directory, as text, and in a filter.

/// How the lasting id is written in the directory, and so how it becomes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdForm {
    /// Text.
    Text,
    /// 16 bytes, the first three fields little-endian (AD's objectGUID).
    GuidLittleEndian,
    /// Bytes, shown as hex (eDirectory's GUID).
    Hex,
}

impl IdForm {
    /// The form of an attribute that is known by name; text otherwise.
    #[must_use]
    pub fn of_attribute(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "objectguid" => IdForm::GuidLittleEndian,
            "guid" => IdForm::Hex,
            _ => IdForm::Text,
        }
    }

    /// As in a preset.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            IdForm::Text => "text",
            IdForm::GuidLittleEndian => "guid",
            IdForm::Hex => "hex",
        }
    }

    /// The id as text; `None` where the bytes do not fit the form.
    ///
    /// ```
    /// use rosterm::source::vendor::IdForm;
    /// let bytes = [0xf4, 0x3c, 0xae, 0xd6, 0xb9, 0x9e, 0x30, 0x4c, 0xb5, 0x3c, 0xe3, 0x8b, 0x94, 0xd4, 0x48, 0x3b];
    /// assert_eq!(IdForm::GuidLittleEndian.text(&bytes).unwrap(), "d6ae3cf4-9eb9-4c30-b53c-e38b94d4483b");
    /// ```
    #[must_use]
    pub fn text(self, bytes: &[u8]) -> Option<String> {
        match self {
            IdForm::Text => std::str::from_utf8(bytes).ok().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()),
            IdForm::Hex => (!bytes.is_empty()).then(|| hex(bytes)),
            IdForm::GuidLittleEndian => {
                let b: [u8; 16] = bytes.try_into().ok()?;
                let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
                let mut out = String::with_capacity(36);
                for (place, byte) in order.into_iter().enumerate() {
                    if matches!(place, 4 | 6 | 8 | 10) {
                        out.push('-');
                    }
                    out.push(hex_digit(b[byte] >> 4));
                    out.push(hex_digit(b[byte] & 15));
                }
                Some(out)
            }
        }
    }

    /// The id as an assertion value of a filter: escaped text, or the stored bytes escaped one by one.
    #[must_use]
    pub fn assertion(self, id: &str) -> String {
        let bytes = || -> Option<Vec<u8>> {
            let digits: String = id.chars().filter(|c| *c != '-').collect();
            (0..digits.len() / 2).map(|i| u8::from_str_radix(digits.get(2 * i..2 * i + 2)?, 16).ok()).collect()
        };
        let escaped = |bytes: Vec<u8>| bytes.iter().flat_map(|b| ['\\', hex_digit(b >> 4), hex_digit(b & 15)]).collect();
        match self {
            IdForm::Text => crate::filter::escape(id),
            IdForm::Hex => bytes().map_or_else(|| crate::filter::escape(id), escaped),
            IdForm::GuidLittleEndian => match bytes() {
                Some(b) if b.len() == 16 => escaped([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].iter().map(|i| b[*i]).collect()),
                _ => crate::filter::escape(id),
            },
        }
    }
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0')
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [hex_digit(b >> 4), hex_digit(b & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_goes_back_into_a_filter_in_its_stored_order() {
        assert_eq!(
            IdForm::GuidLittleEndian.assertion("d6ae3cf4-9eb9-4c30-b53c-e38b94d4483b"),
            r"\f4\3c\ae\d6\b9\9e\30\4c\b5\3c\e3\8b\94\d4\48\3b"
        );
        assert_eq!(IdForm::Text.assertion("a*b"), r"a\2ab");
    }
}
