//! What is asked, in which order, and what is tried after which answer.

use super::{Draft, Found};

/// One thing that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ask {
    /// Which product, or a file.
    Kind,
    /// Its address, or the file.
    Place,
    /// Which column of a table holds the lasting id.
    IdColumn,
    /// Who we are there.
    BindDn,
    /// Where our password is kept.
    Password,
    /// The authority of the directory's certificate.
    Authority,
    /// Below which entry people are.
    Base,
    /// The group they are in.
    Group,
    /// Which kind of service.
    Connector,
    /// Its address.
    Service,
    /// How we log in there.
    Login,
    /// Where our token is kept.
    Token,
    /// Who we are there.
    User,
    /// Where our password is kept.
    UserPassword,
    /// Who grants tokens.
    TokenUrl,
    /// Who we are to them.
    ClientId,
    /// What a token is to be good for.
    ClientScope,
    /// Where our secret is kept.
    ClientSecret,
    /// The authority of the service's certificate.
    ServiceAuthority,
    /// The rule of a field, by its place.
    Rule(usize),
    /// What the channel is called.
    Name,
    /// Whether it is written.
    File,
}

/// What is tried after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Reaching the directory as nobody: whether it is there, and whether its certificate is trusted.
    Reach,
    /// Reaching the directory, and looking around in it.
    Source,
    /// Counting who is under the base.
    Base,
    /// Reading who is in scope.
    Scope,
    /// Reaching the service.
    Service,
}

/// Everything that is asked with these answers, in order. Some answers make others necessary.
#[must_use]
pub fn asks(draft: &Draft, found: &Found) -> Vec<Ask> {
    let mut asks = vec![Ask::Kind, Ask::Place];
    match draft.kind.as_str() {
        "csv" => asks.push(Ask::IdColumn),
        "ldif" => asks.extend([Ask::Base, Ask::Group]),
        _ => {
            if found.wants_authority[0] || draft.authority.is_some() {
                asks.push(Ask::Authority);
            }
            asks.push(Ask::BindDn);
            if !draft.bind_dn.is_empty() {
                asks.push(Ask::Password);
            }
            asks.extend([Ask::Base, Ask::Group]);
        }
    }
    asks.extend([Ask::Connector, Ask::Service, Ask::Login]);
    asks.extend_from_slice(match draft.login.as_str() {
        "none" => &[],
        "basic" => &[Ask::User, Ask::UserPassword],
        "client_credentials" => &[Ask::TokenUrl, Ask::ClientId, Ask::ClientScope, Ask::ClientSecret],
        _ => &[Ask::Token],
    });
    if found.wants_authority[1] || draft.service_authority.is_some() {
        asks.push(Ask::ServiceAuthority);
    }
    asks.extend((0..draft.rules.len()).map(Ask::Rule));
    asks.extend([Ask::Name, Ask::File]);
    asks
}

/// What is tried once this is answered.
#[must_use]
pub fn test_of(ask: Ask, draft: &Draft) -> Option<Test> {
    match ask {
        Ask::Place if draft.kind == "ldif" => Some(Test::Source),
        Ask::Place | Ask::Authority if draft.kind != "csv" => Some(Test::Reach),
        Ask::BindDn if draft.bind_dn.is_empty() => Some(Test::Source),
        Ask::Password => Some(Test::Source),
        Ask::Base => Some(Test::Base),
        // Of a table everybody is in scope.
        Ask::Group | Ask::IdColumn => Some(Test::Scope),
        Ask::Login if draft.login == "none" => Some(Test::Service),
        Ask::Token | Ask::UserPassword | Ask::ClientSecret | Ask::ServiceAuthority => Some(Test::Service),
        _ => None,
    }
}
