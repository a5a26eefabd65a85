//! A reference to a secret as somebody types it: `env:NAME`, `file:PATH`, `command:PROGRAM ARGUMENT`, `keyring:NAME`.
//!
//! What has none of these beginnings may be the secret itself: it is refused, and quoted nowhere.

use crate::config::edit::quoted;
use crate::config::paths::typed_file;
use crate::error::{Error, Result};

/// The beginnings, for messages.
pub const TYPED: &str = "env:NAME, file:PATH, command:PROGRAM ARGUMENT or keyring:NAME";

/// The beginnings of a reference.
const BEGINNINGS: [&str; 4] = ["env:", "file:", "command:", "keyring:"];

/// Stands for the arguments of a program, which are not shown.
pub(super) const MORE: &str = " …";

/// True for what is a reference, or the beginning of one: whatever else is typed may be a secret, and is not to be shown.
#[must_use]
pub fn may_be_shown(typed: &str) -> bool {
    BEGINNINGS.iter().any(|b| typed.starts_with(b) || b.starts_with(typed))
}

/// A typed reference as it may be shown afterwards: of a program only its name, what stands behind it may be the secret.
#[must_use]
pub fn shown(typed: &str) -> String {
    let Some(("command", rest)) = typed.trim().split_once(':') else { return typed.to_owned() };
    let mut words = rest.split_whitespace();
    let program = words.next().unwrap_or_default();
    format!("command:{program}{}", if words.next().is_some() { MORE } else { "" })
}

/// A typed reference as the configuration has it: `{ env = "NAME" }`.
///
/// # Errors
/// A usage error for what is no reference; it never quotes what was typed.
pub fn reference(typed: &str) -> Result<String> {
    let typed = typed.trim();
    let (kind, rest) = typed.split_once(':').map_or(("", ""), |(kind, rest)| (kind, rest.trim()));
    let known = BEGINNINGS.iter().any(|b| b.strip_suffix(':') == Some(kind));
    if !known {
        return Err(Error::usage("a secret is not typed in here; say where it is kept")
            .hint(format!("{TYPED}, for example env:LDAP_PASSWORD; what was typed was not kept")));
    }
    if rest.is_empty() {
        return Err(Error::usage(format!("{kind}: names nothing")).hint(format!("it is one of {TYPED}")));
    }
    match kind {
        "env" => {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if !rest.chars().all(is_name) || rest.starts_with(|c: char| c.is_ascii_digit()) {
                // Not quoted: it may be the secret.
                return Err(Error::usage("behind env: stands the name of an environment variable: letters, digits and _")
                    .hint("for example env:LDAP_PASSWORD, which you set before you start rosterm"));
            }
            Ok(format!("{{ env = {} }}", quoted(rest)))
        }
        "file" => Ok(format!("{{ file = {} }}", quoted(&typed_file(rest).display().to_string()))),
        "command" if rest.ends_with(MORE.trim()) => {
            Err(Error::usage("the arguments of the program are not shown").hint("type the program with all of its arguments"))
        }
        "command" => {
            let words: Vec<String> = rest.split_whitespace().map(quoted).collect();
            Ok(format!("{{ command = [{}] }}", words.join(", ")))
        }
        _ => Ok(format!("{{ keyring = {} }}", quoted(rest))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_written_as_the_configuration_has_it() {
        for (typed, written) in [
            ("env:LDAP_PASSWORD", "{ env = \"LDAP_PASSWORD\" }"),
            ("file:/run/s", "{ file = \"/run/s\" }"),
            (" file:/run/s ", "{ file = \"/run/s\" }"),
            ("command:pass show ldap", "{ command = [\"pass\", \"show\", \"ldap\"] }"),
            ("keyring:ldap", "{ keyring = \"ldap\" }"),
        ] {
            assert_eq!(reference(typed).unwrap(), written);
        }
    }

    #[test]
    fn of_a_program_its_name_is_shown_and_that_it_is_told_something() {
        for (typed, seen) in [
            ("command:vault read hunter2", "command:vault …"),
            (" command: vault  hunter2", "command:vault …"),
            ("command:vault", "command:vault"),
            ("file:/run/a b", "file:/run/a b"),
            ("env:X", "env:X"),
            ("", ""),
        ] {
            assert_eq!(shown(typed), seen);
        }
    }

    #[test]
    fn a_secret_that_is_typed_is_refused_and_not_quoted() {
        for typed in ["hunter2", "env:", "env:hunter2!", "http://hunter2", "", "Bearer hunter2", "env:7hunter2"] {
            let error = reference(typed).unwrap_err();
            assert!(!format!("{error} {:?}", error.hint_text()).contains("hunter2"), "{typed}");
        }
        for (typed, shown) in [("", true), ("e", true), ("env:X", true), ("h", false), ("filX", false), ("env", true), ("hunter2", false)] {
            assert_eq!(may_be_shown(typed), shown, "{typed}");
        }
    }
}
