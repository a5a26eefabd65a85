//! What is asked in words: a short name, the question, what helps to answer it, what there is to choose, what is usual.

use super::draft::{LOGINS, usual_name};
use super::{Ask, Draft, Found};
use crate::config::secret::typed::{TYPED, shown};
use crate::identity::dn::DnKey;
use crate::model::step::{Step, StepVerdict};
use crate::source::explore::People;
use crate::source::vendor;
use crate::target::Connector;
use std::path::Path;

/// A question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// What it is about, in a word or two.
    pub title: String,
    /// The question.
    pub words: String,
    /// What helps to answer it.
    pub help: String,
    /// The option of the command that answers it.
    pub flag: &'static str,
    /// What is answered by Enter alone: what was answered before, else what is usual.
    pub usual: String,
    /// What there is to choose from; something else may be typed all the same.
    pub choices: Vec<Choice>,
    /// What no answer at all means; nothing where there must be one.
    pub empty: Option<&'static str>,
    /// What is typed is to be shown only where it is a reference to a secret.
    pub is_secret: bool,
}

/// Something to choose. Neither part is cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The answer.
    pub value: String,
    /// What it means.
    pub about: String,
}

impl Choice {
    fn of(value: impl Into<String>, about: impl Into<String>) -> Self {
        Choice { value: value.into(), about: about.into() }
    }
}

/// Puts a question, with what was answered before and what was found.
#[must_use]
pub fn question(ask: Ask, draft: &Draft, found: &Found) -> Question {
    match ask {
        Ask::Kind | Ask::Place | Ask::IdColumn | Ask::BindDn | Ask::Password | Ask::Authority | Ask::Base => of_source(ask, draft, found),
        Ask::Group => group(draft, found),
        Ask::Connector | Ask::Service | Ask::ServiceAuthority => of_target(ask, draft),
        Ask::Login | Ask::Token | Ask::User | Ask::UserPassword | Ask::TokenUrl | Ask::ClientId | Ask::ClientScope | Ask::ClientSecret => {
            of_login(ask, draft)
        }
        Ask::Rule(i) => rule(i, draft),
        Ask::Name => {
            new("Name", "What is this channel called?", "A word of your own.", "--channel", or(&draft.name, &usual_name(&draft.connector)))
        }
        Ask::File => new("File", "Write it?", "It is for you alone to read (mode 0600), and holds no secret.", "--file", "yes".to_owned()),
    }
}

/// A question of its words alone.
fn new(title: &str, words: &str, help: &str, flag: &'static str, usual: String) -> Question {
    Question { title: title.to_owned(), words: words.to_owned(), help: help.to_owned(), flag, usual, ..Question::default() }
}

fn or(said: &str, usual: &str) -> String {
    if said.is_empty() { usual.to_owned() } else { said.to_owned() }
}

fn name_of(path: Option<&Path>) -> String {
    path.map(|p| p.display().to_string()).unwrap_or_default()
}

/// What is asked about the directory.
fn of_source(ask: Ask, draft: &Draft, found: &Found) -> Question {
    match ask {
        Ask::Kind => Question {
            choices: kinds(),
            ..new(
                "Directory",
                "Where do people come from?",
                "A directory server, which is only ever read, or a file. With auto the server is asked which product it is.",
                "--kind",
                or(&draft.kind, "auto"),
            )
        },
        Ask::Place if draft.is_file() => {
            new("File", "Which file?", "Its name; it is read again whenever both ends are read.", "--ldif or --csv", draft.place.join(" "))
        }
        Ask::Place => new(
            "Address",
            "What is the address of the directory?",
            "ldaps://dc1.example.com; several are tried in order. On ldap:// TLS is asked for first, but for this machine itself.",
            "--url",
            draft.place.join(" "),
        ),
        Ask::IdColumn => new(
            "Lasting id",
            "Which column never changes for a person?",
            "An employee number, for example: by it somebody is known again whatever their name becomes.",
            "--id",
            draft.id_column.clone(),
        ),
        Ask::BindDn => Question {
            empty: Some("nobody: an anonymous bind"),
            ..new(
                "Reader",
                "Who are we in the directory?",
                "The DN of an account that may read people, groups and what marks disabled accounts.",
                "--bind-dn",
                draft.bind_dn.clone(),
            )
        },
        Ask::Password => secret("Password", "Where is the password of the reader kept?", "--password", &draft.password.0),
        Ask::Authority => Question {
            empty: Some("the authorities that the platform trusts"),
            ..new(
                "Authority",
                "Which authority has signed the directory's certificate?",
                "A file with certificates (PEM).",
                "--ca-file",
                name_of(draft.authority.as_deref()),
            )
        },
        Ask::Base => Question {
            choices: found.bases.iter().map(|b| Choice::of(&b.dn, b.people.map_or_else(String::new, People::words))).collect(),
            ..new(
                "Base",
                "Below which entry are the people?",
                "Everybody below it is in scope, unless a group is named next.",
                "--base",
                or(&draft.base, found.bases.get(found.base).map_or("", |b| b.dn.as_str())),
            )
        },
        _ => Question::default(),
    }
}

/// What is asked about the service.
fn of_target(ask: Ask, draft: &Draft) -> Question {
    match ask {
        Ask::Connector => Question {
            choices: Connector::built_in().filter_map(|name| Some(Choice::of(name, Connector::built_in_of(name)?.ok()?.title))).collect(),
            ..new(
                "Service",
                "Which kind of service has the accounts?",
                "scim2 for anything that speaks SCIM 2.0; a file of your own ends in .toml (docs/connectors.md).",
                "--connector",
                or(&draft.connector, "scim2"),
            )
        },
        Ask::Service => {
            new("SCIM address", "What is the address of the service?", &service_help(draft), "--target-url", draft.service.clone())
        }
        Ask::ServiceAuthority => Question {
            empty: Some("the authorities that the platform trusts"),
            ..new(
                "Authority",
                "Which authority has signed the service's certificate?",
                "A file with certificates (PEM).",
                "--target-ca-file",
                name_of(draft.service_authority.as_deref()),
            )
        },
        _ => Question::default(),
    }
}

/// What is asked about how we log in at the service.
fn of_login(ask: Ask, draft: &Draft) -> Question {
    match ask {
        Ask::Login => Question {
            choices: LOGINS.into_iter().map(|(login, about)| Choice::of(login, about)).collect(),
            ..new(
                "Login",
                "How do we log in at the service?",
                "Its page on provisioning says what it wants.",
                "--token, --user or --token-url",
                or(&draft.login, "token"),
            )
        },
        Ask::Token => secret("Token", "Where is the token for the service kept?", "--token", &draft.token.0),
        Ask::User => new("User", "Who are we at the service?", "The user name that its administrator gave.", "--user", draft.user.clone()),
        Ask::UserPassword => secret("Password", "Where is the password of that user kept?", "--user-password", &draft.token.0),
        Ask::TokenUrl => new(
            "Token URL",
            "Where are tokens granted?",
            "The token endpoint: https://login.example.com/oauth2/token.",
            "--token-url",
            draft.token_url.clone(),
        ),
        Ask::ClientId => new("Client id", "Who are we there?", "The id of the API client.", "--client-id", draft.user.clone()),
        Ask::ClientScope => Question {
            empty: Some("what the service thinks"),
            ..new(
                "Scope",
                "What is a token to be good for?",
                "Some services want it said: scim, for example.",
                "--client-scope",
                draft.client_scope.clone(),
            )
        },
        Ask::ClientSecret => secret("Client secret", "Where is the secret of the client kept?", "--client-secret", &draft.token.0),
        _ => Question::default(),
    }
}

fn secret(title: &str, words: &str, flag: &'static str, before: &str) -> Question {
    Question {
        title: title.to_owned(),
        words: words.to_owned(),
        help: format!("Not the secret itself, but where it is: {TYPED}. A variable is set before rosterm starts."),
        flag,
        usual: shown(before),
        is_secret: true,
        ..Question::default()
    }
}

fn group(draft: &Draft, found: &Found) -> Question {
    let more = if found.groups.more { " There are more than these: type a part of a name to look for it." } else { "" };
    let mut list: Vec<Choice> = found.groups.list.iter().map(|(dn, about)| Choice::of(dn, about)).collect();
    // Those nearest to the people are the likeliest.
    let base = DnKey::of(&draft.base);
    list.sort_by_key(|c| std::cmp::Reverse(DnKey::of(&c.value).is_under(&base)));
    Question {
        title: "Group".to_owned(),
        words: format!("Only the members of a group?{more}"),
        help: "Who is in a group that is in it counts too.".to_owned(),
        flag: "--group",
        usual: draft.group.clone(),
        choices: list,
        empty: Some("everybody under the base"),
        is_secret: false,
    }
}

fn service_help(draft: &Draft) -> String {
    let notes = draft.connector().map(|c| c.notes).unwrap_or_default();
    let about = notes.into_iter().find(|note| note.contains("https://"));
    about.unwrap_or_else(|| "Everything before /Users: https://app.example.com/scim/v2".to_owned())
}

fn rule(i: usize, draft: &Draft) -> Question {
    let Some(rule) = draft.rules.get(i) else { return Question::default() };
    let is_match = rule.field == "userName";
    Question {
        title: rule.field.clone(),
        words: format!("What is the {} of somebody?", rule.field),
        help: format!(
            "{}{} An attribute, an expression (docs/expressions.md), or a text in quotes.",
            rule.about,
            if is_match { "; people and accounts are paired by it." } else { "." }
        ),
        flag: "--map",
        usual: rule.text.clone(),
        choices: Vec::new(),
        empty: (!rule.required).then_some("it is left alone"),
        is_secret: false,
    }
}

fn kinds() -> Vec<Choice> {
    let mut kinds = vec![Choice::of("auto", "a directory server; it tells which product it is")];
    let servers = vendor::presets().iter().map(|(settings, _)| settings);
    kinds.extend(servers.map(|s| Choice::of(&s.vendor, format!("lasting id {}", s.id_attribute))));
    kinds.push(Choice::of("ldif", "a file of entries (RFC 2849)"));
    kinds.push(Choice::of("csv", "a table with a header (RFC 4180)"));
    kinds
}

/// What a step of a test is worth telling to somebody who sets up: what failed or is odd always, what is good where it says
/// something new. Not cleaned.
#[must_use]
pub fn worth_telling(step: &Step) -> Option<String> {
    let short = |text: &str| text.split("; ").next().unwrap_or_default().to_owned();
    match (step.verdict, step.name) {
        (StepVerdict::Failed | StepVerdict::Warning, _) => {
            let hint = step.hint.as_ref().map(|h| format!(". Hint: {h}")).unwrap_or_default();
            Some(format!("{}: {}{hint}", step.name, step.detail))
        }
        (StepVerdict::Skipped, _)
        | (_, "prepare" | "resolve" | "connect" | "login" | "schema" | "discovery" | "filter" | "id" | "status") => None,
        (StepVerdict::Good, "TLS" | "vendor") => Some(format!("{}: {}", step.name, short(&step.detail))),
        (StepVerdict::Good, name) => Some(format!("{name}: {}", step.detail)),
    }
}
