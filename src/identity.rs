//! Who is who: ids, names, keys, and the compact store that holds a million users.

pub mod dn;
pub mod paged;
pub mod population;
pub mod value;

use std::fmt;

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<Box<str>>) -> Self {
                $name(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_newtype! {
    /// The lasting id of an entry in the source (entryUUID, objectGUID …) in the vendor's text form.
    EntryId
}
text_newtype! {
    /// The `id` of an account at the target: opaque, case-sensitive (RFC 7643 section 3.1).
    AccountId
}

/// An LDAP attribute name. Names compare without regard to case (RFC 4512 section 2.5); the spelling first seen is kept for display.
#[derive(Debug, Clone)]
pub struct AttributeName(Box<str>);

impl AttributeName {
    /// Takes the name as spelt.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        AttributeName(text.into())
    }

    /// The name as spelt.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if `other` names the same attribute.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl PartialEq for AttributeName {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for AttributeName {}

impl std::hash::Hash for AttributeName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl fmt::Display for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
