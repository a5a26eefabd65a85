//! Both ends of a channel, opened: everything that can be wrong before anybody is read is told here.

use crate::clock::Instant;
use crate::config::Channel;
use crate::error::Result;
use crate::mapping::Rules;
use crate::source::Source;
use crate::target::{Columns, Connector, Target};

/// Both ends of a channel, opened, and its rules, compiled.
pub struct Ends {
    /// The source.
    pub source: Source,
    /// The target.
    pub target: Target,
    /// The connector.
    pub connector: Connector,
    /// The rules.
    pub rules: Rules,
}

/// The rules and the connector of a channel, compiled: everything that can be wrong without asking a server.
///
/// # Errors
/// A usage error with its place.
pub fn compile(channel: &Channel) -> Result<(Connector, Rules)> {
    let connector = Connector::load(&channel.target.connector, &channel.target.folder)?;
    connector.check_policy(&channel.policy)?;
    let match_field = channel.target.match_field.as_ref().map_or("userName", |f| f.value.as_str());
    let rules = Rules::compile(&channel.mapping, match_field, |name| connector.field(name))?;
    Ok((connector, rules))
}

/// Opens both ends at once.
///
/// # Errors
/// What is wrong with the configuration, the source or the target; the source is told first.
pub async fn open(channel: &Channel, now: Instant) -> Result<Ends> {
    let (connector, rules) = compile(channel)?;
    let columns = Columns::new(rules.rules().iter().map(|r| &r.field));
    let (source, target) = tokio::join!(Source::open(&channel.source, now), Target::open(&channel.target, &connector, columns));
    Ok(Ends { source: source?, target: target?, connector, rules })
}
