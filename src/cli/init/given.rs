//! What was answered by options: the answers that need no question.

use super::Options;
use crate::cli::Common;
use crate::engine::setup::{Ask, Draft};
use crate::error::{Error, Result};

/// Answers that were given as options.
pub(super) struct Given(Vec<(Ask, String)>);

impl Given {
    /// The options as answers.
    pub fn of(options: &Options, common: &Common) -> Self {
        let file = options.ldif.as_ref().map(|f| ("ldif", f)).or(options.csv.as_ref().map(|f| ("csv", f)));
        let kind = options.kind.clone().or(file.map(|(kind, _)| kind.to_owned()));
        // Whoever gives an address means a server.
        let kind = kind.or((!options.url.is_empty()).then(|| "auto".to_owned()));
        let place = file.map(|(_, f)| f.clone()).or((!options.url.is_empty()).then(|| options.url.join(" ")));
        // How we log in follows from what is given for it.
        let login = match (&options.token, &options.user, &options.token_url) {
            (Some(token), ..) => Some(if token == "none" { "none" } else { "token" }),
            (_, Some(_), _) => Some("basic"),
            (.., Some(_)) => Some("client_credentials"),
            _ => None,
        };
        let all = [
            (Ask::Kind, kind),
            (Ask::Place, place),
            (Ask::IdColumn, options.id.clone()),
            (Ask::BindDn, options.bind_dn.clone()),
            (Ask::Password, options.password.clone()),
            (Ask::Authority, options.ca_file.clone()),
            (Ask::Base, options.base.clone()),
            (Ask::Group, options.group.clone()),
            (Ask::Connector, options.connector.clone()),
            (Ask::Service, options.target_url.clone()),
            (Ask::Login, login.map(str::to_owned)),
            (Ask::Token, options.token.clone()),
            (Ask::User, options.user.clone()),
            (Ask::UserPassword, options.user_password.clone()),
            (Ask::TokenUrl, options.token_url.clone()),
            (Ask::ClientId, options.client_id.clone()),
            (Ask::ClientScope, options.client_scope.clone()),
            (Ask::ClientSecret, options.client_secret.clone()),
            (Ask::ServiceAuthority, options.target_ca_file.clone()),
            (Ask::Name, common.channel.clone()),
        ];
        Given(all.into_iter().filter_map(|(ask, text)| Some((ask, text?))).collect())
    }

    /// What was given for this.
    pub fn get(&self, ask: Ask) -> Option<&str> {
        self.0.iter().find(|(a, _)| *a == ask).map(|(_, text)| text.as_str())
    }

    /// Forgets it: it did not do.
    pub fn drop(&mut self, ask: Ask) {
        self.0.retain(|(a, _)| *a != ask);
    }

    /// True if everything was given that has to be said: then nothing is asked.
    pub fn is_enough(&self) -> bool {
        let has = |ask| self.get(ask).is_some();
        let kind = self.get(Ask::Kind).unwrap_or_default();
        let source = match kind {
            "csv" => has(Ask::IdColumn),
            "ldif" => has(Ask::Base),
            _ => has(Ask::Base) && (!has(Ask::BindDn) || has(Ask::Password)),
        };
        let login: &[Ask] = match self.get(Ask::Login) {
            Some("basic") => &[Ask::User, Ask::UserPassword],
            Some("client_credentials") => &[Ask::TokenUrl, Ask::ClientId, Ask::ClientSecret],
            _ => &[Ask::Token],
        };
        source && [Ask::Place, Ask::Connector, Ask::Service].iter().chain(login).all(|ask| has(*ask))
    }
}

/// A draft with what no question is about.
///
/// # Errors
/// Where a rule is none.
pub(super) fn draft(options: &Options) -> Result<Draft> {
    let mut given = Vec::new();
    for rule in &options.map {
        let Some((field, text)) = rule.split_once('=').filter(|(field, _)| !field.trim().is_empty()) else {
            return Err(Error::usage(format!("--map {rule} is no rule")).hint("write it as FIELD=RULE: --map email='mail | lower'"));
        };
        given.push((field.trim().to_owned(), text.trim().to_owned()));
    }
    Ok(Draft { start_tls: options.start_tls, direct: options.direct, given, ..Draft::default() })
}

/// What has to be said by somebody: it is never filled in without being seen.
pub(super) fn must_be_said(ask: Ask) -> bool {
    matches!(
        ask,
        Ask::Place
            | Ask::IdColumn
            | Ask::Password
            | Ask::Base
            | Ask::Connector
            | Ask::Service
            | Ask::Token
            | Ask::User
            | Ask::UserPassword
            | Ask::TokenUrl
            | Ask::ClientId
            | Ask::ClientSecret
    )
}
