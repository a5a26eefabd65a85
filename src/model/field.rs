//! A field of an account, as a connector describes it and a mapping fills it.

/// What kind of value a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldKind {
    /// Text.
    #[default]
    Text,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// The account id of another user (a manager).
    Reference,
}

/// What form a text must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldFormat {
    /// An e-mail address.
    Email,
    /// An absolute URL.
    Url,
    /// Two letters (ISO 3166-1).
    Country,
}

/// A field of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own in the connector's file")]
pub struct Field {
    /// The name that a mapping uses.
    pub name: String,
    /// The SCIM path.
    pub path: String,
    /// One line for people.
    pub about: String,
    /// A create without it is refused.
    pub required: bool,
    /// It can't be changed after the create.
    pub immutable: bool,
    /// Letter case makes a difference.
    pub case_exact: bool,
    /// It holds several values, compared as a set.
    pub multi: bool,
    /// What it takes.
    pub kind: FieldKind,
    /// The form of a text.
    pub format: Option<FieldFormat>,
    /// The values that are allowed; empty for any.
    pub choices: Vec<String>,
    /// The longest text, in characters.
    pub max_length: Option<usize>,
}

impl Field {
    /// A plain text field that a mapping names by its full path.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        Field {
            name: path.to_owned(),
            path: path.to_owned(),
            about: String::new(),
            required: false,
            immutable: false,
            case_exact: true,
            multi: false,
            kind: FieldKind::Text,
            format: None,
            choices: Vec::new(),
            max_length: None,
        }
    }
}
