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
    /// Where our token is kept.
    Token,
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
            asks.push(Ask::BindDn);
            if !draft.bind_dn.is_empty() {
                asks.push(Ask::Password);
            }
            if found.wants_authority[0] || draft.authority.is_some() {
                asks.push(Ask::Authority);
            }
            asks.extend([Ask::Base, Ask::Group]);
        }
    }
    asks.extend([Ask::Connector, Ask::Service, Ask::Token]);
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
        Ask::BindDn if draft.bind_dn.is_empty() => Some(Test::Source),
        Ask::Password | Ask::Authority => Some(Test::Source),
        Ask::Base => Some(Test::Base),
        // Of a table everybody is in scope.
        Ask::Group | Ask::IdColumn => Some(Test::Scope),
        Ask::Token | Ask::ServiceAuthority => Some(Test::Service),
        _ => None,
    }
}
