//! Both ends of a channel, opened: everything that can be wrong before anybody is read is told here.

use crate::apply::Wiring;
use crate::clock::Instant;
use crate::config::{Channel, RuleConfig};
use crate::error::Result;
use crate::identity::AttributeName;
use crate::identity::population::Schema;
use crate::mapping::{Rules, table};
use crate::source::Source;
use crate::target::{Columns, Connector, Target};
use std::path::Path;
use std::sync::Arc;

/// What both ends are opened for.
#[derive(Debug, Clone)]
pub struct Errand {
    /// The channel, as it is configured now.
    pub channel: Arc<Channel>,
    /// Attributes that no rule names yet, and that are to be read all the same: a mapping that is tried out needs them.
    pub also: Vec<AttributeName>,
    /// Fields that no rule fills yet, and that are to be read of accounts all the same, for the same reason.
    pub fields: Vec<String>,
    /// When.
    pub now: Instant,
}

impl Errand {
    /// What the channel needs, and nothing else.
    #[must_use]
    pub fn of(channel: &Arc<Channel>, now: Instant) -> Self {
        Errand { channel: Arc::clone(channel), also: Vec::new(), fields: Vec::new(), now }
    }

    /// The rules and the connector; columns that are read also come first, fields that are read also last, with rules that
    /// manage nothing.
    ///
    /// # Errors
    /// As [`compile`].
    pub fn compile(&self) -> Result<(Connector, Rules)> {
        let schema = Schema::new(self.also.clone());
        let compiled = compile_over(&self.channel, schema.clone())?;
        if self.fields.is_empty() {
            return Ok(compiled);
        }
        let (connector, rules) = compiled;
        let mut channel = Channel::clone(&self.channel);
        let mut paths: Vec<String> = rules.rules().iter().map(|rule| rule.field.path.to_ascii_lowercase()).collect();
        for name in &self.fields {
            // By now the configuration may have a rule for it.
            let path = connector.field(name).map_or_else(|_| name.clone(), |field| field.path).to_ascii_lowercase();
            if !paths.contains(&path) {
                paths.push(path);
                channel.mapping.push(RuleConfig::unmanaged(name));
            }
        }
        compile_over(&channel, schema)
    }

    /// Opens both ends at once.
    ///
    /// # Errors
    /// As [`open`].
    pub async fn open(&self) -> Result<Ends> {
        opened(&self.channel, self.compile()?, self.now).await
    }
}

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

impl Ends {
    /// How the service is written to, as far as it is known by now.
    #[must_use]
    pub fn wiring(&self) -> Wiring {
        Wiring {
            base_url: self.target.base_url().to_owned(),
            dialect: (*self.target.dialect()).clone(),
            content_type: self.target.content_type(),
            has_versions: self.target.has_versions(),
        }
    }
}

/// The rules and the connector of a channel, compiled: everything that can be wrong without asking a server.
///
/// # Errors
/// A usage error with its place.
pub fn compile(channel: &Channel) -> Result<(Connector, Rules)> {
    compile_over(channel, Schema::default())
}

/// The same over the columns that were read already, for a mapping that is edited.
///
/// # Errors
/// A usage error with its place.
pub fn compile_over(channel: &Channel, schema: Schema) -> Result<(Connector, Rules)> {
    let connector = Connector::load(&channel.target.connector, &channel.target.folder)?;
    connector.check_policy(&channel.policy)?;
    let match_field = channel.target.match_field.as_ref().map_or("userName", |f| f.value.as_str());
    let files = |name: &str| text_of(&channel.target.folder, name);
    let rules = Rules::compile_over(schema, &channel.mapping, match_field, |name| connector.field(name), &files)?;
    Ok((connector, rules))
}

/// The text of a file that a rule looks values up in; its path is relative to the configuration's folder.
fn text_of(folder: &Path, name: &str) -> std::result::Result<String, String> {
    let path = folder.join(name);
    let meta = std::fs::metadata(&path).map_err(|e| e.to_string())?;
    if !meta.is_file() {
        return Err("it is not a plain file".to_owned());
    }
    if meta.len() > table::LONGEST as u64 {
        return Err(format!("it is longer than {} MiB", table::LONGEST >> 20));
    }
    std::fs::read_to_string(&path).map_err(|e| e.to_string())
}

/// Opens both ends at once.
///
/// # Errors
/// What is wrong with the configuration, the source or the target; the source is told first.
pub async fn open(channel: &Channel, now: Instant) -> Result<Ends> {
    opened(channel, compile(channel)?, now).await
}

async fn opened(channel: &Channel, (connector, rules): (Connector, Rules), now: Instant) -> Result<Ends> {
    let columns = Columns::new(rules.rules().iter().map(|r| &r.field));
    let (source, target) = tokio::join!(Source::open(&channel.source, now), Target::open(&channel.target, &connector, columns));
    Ok(Ends { source: source?, target: target?, connector, rules })
}
