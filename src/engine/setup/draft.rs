//! What was answered so far, and how an answer is taken: checked as far as that needs no server.

use super::{Ask, Found, suggest};
use crate::config::LdapUrl;
use crate::config::paths::typed_file;
use crate::config::secret::address::{hidden, secrets_in_query};
use crate::config::secret::typed;
use crate::error::{Error, Result};
use crate::identity::dn;
use crate::source::vendor;
use crate::target::Connector;
use std::path::{Path, PathBuf};

/// What was answered so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// A vendor, `auto`, `ldif` or `csv`.
    pub kind: String,
    /// The addresses of the directory, or the file.
    pub place: Vec<String>,
    /// Ask for TLS on an `ldap://` connection, also to this machine itself.
    pub start_tls: bool,
    /// Which column holds the lasting id.
    pub id_column: String,
    /// Who we are; empty for nobody.
    pub bind_dn: String,
    /// Where the password is kept: as it was typed, and as the file has it.
    pub password: (String, String),
    /// The authority of the directory's certificate.
    pub authority: Option<PathBuf>,
    /// The base.
    pub base: String,
    /// The group; empty for everybody.
    pub group: String,
    /// Only who is in the group itself, not who is in a group in it.
    pub direct: bool,
    /// The connector.
    pub connector: String,
    /// The service's address.
    pub service: String,
    /// How we log in: `token` (also where it is empty), `basic`, `client_credentials` or `none`.
    pub login: String,
    /// Where the token is kept, or the password, or the client secret: as it was typed, and as the file has it.
    pub token: (String, String),
    /// The user, or the client's id.
    pub user: String,
    /// Who grants tokens.
    pub token_url: String,
    /// What a token is to be good for; empty for what the service thinks.
    pub client_scope: String,
    /// The authority of the service's certificate.
    pub service_authority: Option<PathBuf>,
    /// The mapping.
    pub rules: Vec<RuleDraft>,
    /// Rules that were given before anything was known.
    pub given: Vec<(String, String)>,
    /// The channel.
    pub name: String,
}

/// How one can log in at a service.
pub(super) const LOGINS: [(&str, &str); 4] = [
    ("token", "a token of its own (bearer): what most services give"),
    ("basic", "a user name and a password"),
    ("client_credentials", "a token that is granted for an id and a secret (OAuth 2.0)"),
    ("none", "the service wants none"),
];

/// A rule that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleDraft {
    /// The field.
    pub field: String,
    /// What it is for.
    pub about: String,
    /// Nobody can be created without it.
    pub required: bool,
    /// The expression; empty for none.
    pub text: String,
}

impl Draft {
    /// True for a file instead of a server.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self.kind.as_str(), "ldif" | "csv")
    }

    /// The connector, if it can be used.
    ///
    /// # Errors
    /// Where there is none of that name, or its file has a defect.
    pub fn connector(&self) -> Result<Connector> {
        connector(&self.connector)
    }

    /// Fills the rules with what the samples suggest, and with what was given before.
    ///
    /// # Errors
    /// Where the connector can't be used, or has no field of a name that was given.
    pub fn suggest(&mut self, found: &Found) -> Result<()> {
        self.rules = suggest::rules(&self.connector()?, &found.samples, &found.accounts, &self.given)?;
        Ok(())
    }
}

fn connector(name: &str) -> Result<Connector> {
    if let Some(built_in) = Connector::built_in_of(name) {
        return built_in;
    }
    let path = typed_file(name);
    let is_file = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"));
    if !is_file {
        let known: Vec<&str> = Connector::built_in().collect();
        return Err(Error::usage(format!("there is no connector {name}"))
            .hint(format!("the connectors are: {}; a file of your own ends in .toml", known.join(", "))));
    }
    let text = std::fs::read_to_string(&path).map_err(|e| Error::usage(format!("cannot read the connector {}: {e}", path.display())))?;
    Connector::parse(name, &path.display().to_string(), &text)
}

/// Takes an answer. What depends on another answer than before is forgotten.
///
/// # Errors
/// What is wrong with it, and what to write instead. A secret that was typed is refused, and quoted nowhere.
pub fn answer(ask: Ask, typed: &str, draft: &mut Draft, found: &mut Found) -> Result<()> {
    let typed = typed.trim();
    let before = draft.clone();
    match ask {
        Ask::Kind | Ask::Place | Ask::Authority | Ask::BindDn | Ask::Base | Ask::Group | Ask::Connector | Ask::ServiceAuthority
            if may_hold_secret(ask, typed, draft) =>
        {
            return Err(Error::usage("an address may not hold a user or a password").hint("who we are is asked for by itself"));
        }
        Ask::Kind => draft.kind = kind(typed)?,
        Ask::Place if draft.is_file() => draft.place = vec![existing(typed)?.display().to_string()],
        Ask::Place => draft.place = LdapUrl::typed(typed)?.into_iter().map(|url| url.text).collect(),
        Ask::IdColumn if typed.is_empty() => return Err(Error::usage("name the column that never changes for a person")),
        Ask::IdColumn => typed.clone_into(&mut draft.id_column),
        Ask::BindDn => {
            if !crate::config::may_bind(typed) {
                return Err(not_a_dn(typed, "cn=reader,dc=example,dc=com"));
            }
            typed.clone_into(&mut draft.bind_dn);
        }
        Ask::Password => draft.password = reference(typed, &draft.password)?,
        Ask::Authority => draft.authority = optional_file(typed)?,
        Ask::Base if dn::parse(typed).is_none_or(|parts| parts.is_empty()) => return Err(not_a_dn(typed, "ou=people,dc=example,dc=com")),
        Ask::Base => typed.clone_into(&mut draft.base),
        Ask::Group if !typed.is_empty() && dn::parse(typed).is_none() => {
            return Err(not_a_dn(typed, "cn=cloud,ou=groups,dc=example,dc=com"));
        }
        Ask::Group => typed.clone_into(&mut draft.group),
        Ask::Connector => {
            connector(typed)?;
            draft.connector =
                if Connector::built_in_of(typed).is_some() { typed.to_owned() } else { typed_file(typed).display().to_string() };
        }
        Ask::Service => draft.service = service(typed)?,
        Ask::Login => {
            if !LOGINS.iter().any(|(login, _)| *login == typed) {
                let known = LOGINS.map(|(login, _)| login).join(", ");
                return Err(Error::usage("there is no such login").hint(format!("it is one of: {known}")));
            }
            if draft.login != typed {
                (draft.token, draft.user) = Default::default();
            }
            typed.clone_into(&mut draft.login);
        }
        Ask::Token if typed == "none" => (draft.login, draft.token) = ("none".to_owned(), Default::default()),
        Ask::Token | Ask::UserPassword | Ask::ClientSecret => draft.token = reference(typed, &draft.token)?,
        Ask::User | Ask::ClientId if typed.is_empty() => return Err(Error::usage("the service has to know who we are")),
        // RFC 7617: what stands behind the first colon would be taken for the password.
        Ask::User if typed.contains(':') => return Err(Error::usage("a user name has no colon; the password is asked for next")),
        Ask::User | Ask::ClientId => typed.clone_into(&mut draft.user),
        Ask::TokenUrl => draft.token_url = token_url(typed)?,
        Ask::ClientScope => typed.clone_into(&mut draft.client_scope),
        Ask::ServiceAuthority => draft.service_authority = optional_file(typed)?,
        Ask::Rule(i) => {
            let Some(rule) = draft.rules.get(i) else { return Ok(()) };
            if typed.is_empty() && rule.required {
                return Err(Error::usage(format!("{} is required: nobody can be created without it", rule.field))
                    .hint("name an attribute, or a text in quotes: 'Example'"));
            }
            if !typed.is_empty() {
                suggest::preview(typed, &rule.field, &draft.connector()?, &found.samples)?;
            }
            typed.clone_into(&mut draft.rules[i].text);
        }
        Ask::Name if typed.is_empty() => return Err(Error::usage("the channel needs a name")),
        Ask::Name if !typed.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') => {
            return Err(Error::usage("the name of a channel has letters, digits, - and _"));
        }
        Ask::Name => typed.clone_into(&mut draft.name),
        Ask::File => {}
    }
    forget(&before, draft, found);
    Ok(())
}

/// True where an address is asked for.
#[must_use]
pub fn is_address(ask: Ask, draft: &Draft) -> bool {
    matches!(ask, Ask::Service | Ask::TokenUrl) || (ask == Ask::Place && !draft.is_file())
}

/// True for what may hold a secret once it is refused, also where none is asked for: what stands before the @ of an address is
/// usually a password.
#[must_use]
pub fn may_hold_secret(ask: Ask, typed: &str, draft: &Draft) -> bool {
    match ask {
        Ask::Password | Ask::Token | Ask::UserPassword | Ask::ClientSecret => true,
        Ask::Kind => typed.contains('@'),
        _ if is_address(ask, draft) => typed.contains('@') || !hidden(typed, true).is_empty(),
        Ask::Rule(_) => false,
        // The name of a file may have one.
        _ => typed.split_once("://").is_some_and(|(_, rest)| rest.contains('@')),
    }
}

/// What rests on an answer that is another one now is asked anew.
fn forget(before: &Draft, draft: &mut Draft, found: &mut Found) {
    let source =
        |d: &Draft| (d.kind.clone(), d.place.clone(), d.id_column.clone(), d.bind_dn.clone(), d.password.clone(), d.authority.clone());
    if source(before) != source(draft) {
        let (accounts, good, wants) = (std::mem::take(&mut found.accounts), found.good[1], found.wants_authority);
        *found = Found { accounts, good: [false, good], wants_authority: wants, ..Found::default() };
    }
    if before.base != draft.base || before.group != draft.group {
        found.good[0] = false;
    }
    let target = |d: &Draft| {
        let login = (d.login.clone(), d.token.clone(), d.user.clone(), d.token_url.clone(), d.client_scope.clone());
        (d.connector.clone(), d.service.clone(), login, d.service_authority.clone())
    };
    if target(before) != target(draft) {
        found.good[1] = false;
        found.accounts.clear();
    }
    if !found.good[0] || !found.good[1] {
        draft.rules.clear();
    }
    if before.connector != draft.connector && draft.name == usual_name(&before.connector) {
        draft.name.clear();
    }
}

/// What a channel is called after its connector.
pub(super) fn usual_name(connector: &str) -> String {
    let stem = Path::new(connector).file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    stem.chars().map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect()
}

fn kind(typed: &str) -> Result<String> {
    let known = || vendor::presets().iter().map(|(s, _)| s.vendor.as_str()).chain(["auto", "ldif", "csv"]);
    known().find(|k| k.eq_ignore_ascii_case(typed)).map(str::to_owned).ok_or_else(|| {
        let near = crate::text::nearest(typed, known()).map(|n| format!("did you mean {n}? ")).unwrap_or_default();
        Error::usage(format!("there is no kind {typed}")).hint(format!("{near}It is one of: {}", known().collect::<Vec<_>>().join(", ")))
    })
}

fn existing(typed: &str) -> Result<PathBuf> {
    if typed.is_empty() {
        return Err(Error::usage("name the file"));
    }
    let path = typed_file(typed);
    match std::fs::metadata(&path) {
        Ok(meta) if meta.is_file() => Ok(path),
        Ok(_) => Err(Error::usage(format!("{} is not a plain file", path.display()))),
        Err(e) => Err(Error::usage(format!("cannot read {}: {e}", path.display()))),
    }
}

fn optional_file(typed: &str) -> Result<Option<PathBuf>> {
    if typed.is_empty() { Ok(None) } else { existing(typed).map(Some) }
}

fn reference(typed: &str, before: &(String, String)) -> Result<(String, String)> {
    // What was answered before is offered without what a program is told, and taken as it was.
    if !before.0.is_empty() && typed == typed::shown(&before.0) {
        return Ok(before.clone());
    }
    Ok((typed.to_owned(), typed::reference(typed)?))
}

fn service(typed: &str) -> Result<String> {
    if typed.contains('@') || !hidden(typed, true).is_empty() {
        return Err(Error::usage("the address may not hold a user or a password").hint("where the token is kept is asked next"));
    }
    let with_scheme = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    let base = with_scheme.trim_end_matches('/').trim_end_matches("/Users");
    if typed.is_empty() || base.contains(['?', '#', ' ']) || !(base.starts_with("https://") || base.starts_with("http://")) {
        return Err(
            Error::usage("the service needs an address: everything before /Users").hint("for example https://app.example.com/scim/v2")
        );
    }
    Ok(base.to_owned())
}

/// Where tokens are granted.
fn token_url(typed: &str) -> Result<String> {
    if let Some((name, _)) = secrets_in_query(typed).into_iter().next() {
        // Its name alone is quoted.
        return Err(Error::usage(format!("the query of the token URL may not hold a secret, and {name} is one"))
            .hint("leave it out: where the client's secret is kept is asked for next; some endpoints want it in the body (send = \"body\" in the file)"));
    }
    if typed.contains(['@', '#']) || !hidden(typed, true).is_empty() {
        // Not quoted: what stands before the @ is usually a password.
        return Err(Error::usage("the token URL may not hold a user, a password or a fragment").hint("id and secret are asked for next"));
    }
    let url = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    if typed.is_empty() || url.contains(' ') || !(url.starts_with("https://") || url.starts_with("http://")) {
        return Err(Error::usage("the token URL must begin with https://").hint("copy it from the service's page on API clients"));
    }
    Ok(url)
}

fn not_a_dn(typed: &str, like: &str) -> Error {
    Error::usage(format!("\"{typed}\" is not a distinguished name")).hint(format!("write it as {like}"))
}
