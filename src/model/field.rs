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

/// How a value travels, where a service wants it otherwise than its type says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wire {
    /// As the field's type says: text as a JSON string, booleans and whole numbers as such.
    #[default]
    AsTyped,
    /// As a JSON number, although it is compared as text (Workplace's `managerId`).
    Number,
    /// As a JSON string, although it is a boolean or a whole number.
    Text,
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
    /// Only the service sets it: no rule may fill it.
    pub read_only: bool,
    /// Sent with a create, never afterwards.
    pub create_only: bool,
    /// The service never shows it (a password): it can't be compared, and is masked.
    pub write_only: bool,
    /// May not stick on the create itself and is sent once more afterwards (Lucid's `externalId`).
    pub after_create: bool,
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
    /// The shortest text, in characters.
    pub min_length: Option<usize>,
    /// The longest text, in characters.
    pub max_length: Option<usize>,
    /// How it travels.
    pub wire: Wire,
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
            read_only: false,
            create_only: false,
            write_only: false,
            after_create: false,
            case_exact: true,
            multi: false,
            kind: FieldKind::Text,
            format: None,
            choices: Vec::new(),
            min_length: None,
            max_length: None,
            wire: Wire::AsTyped,
        }
    }
}
