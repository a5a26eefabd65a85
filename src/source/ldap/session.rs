//! A bound connection and what its server can do: the root DSE (RFC 4512 section 5.1), read anew after every reconnect.

use super::connection::{Connection, DOMAIN_SCOPE, PAGED, Query};
use super::dial::Dialer;
use super::failure::{Failure, NO_SUCH_OBJECT};
use crate::error::Result;
use crate::identity::dn::DnKey;
use std::time::Duration;

/// How long a connection that lay idle may take to show that it is alive.
const PING: Duration = Duration::from_secs(10);

/// A connection and its server.
pub struct Session {
    /// The connection.
    pub connection: Connection,
    /// What the server says of itself.
    pub root: RootDse,
}

/// What the server says of itself: attribute and value, one pair a value. Empty where we may not read it.
#[derive(Debug, Default)]
pub struct RootDse(Vec<(String, String)>);

impl RootDse {
    fn values<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r str> {
        self.0.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Whether an attribute has a value that contains `part`, which is in lower case.
    pub fn shows(&self, name: &str, part: &str) -> bool {
        self.values(name).any(|v| v.to_lowercase().contains(part))
    }

    /// Whether the server knows a control.
    pub fn has_control(&self, oid: &str) -> bool {
        self.values("supportedControl").any(|v| v == oid)
    }

    /// Whether it is a domain controller of Active Directory (MS-ADTS section 3.1.1.3.4.3.1): people have a primary group.
    pub fn is_domain_controller(&self) -> bool {
        self.values("supportedCapabilities").any(|v| v == "1.2.840.113556.1.4.800")
    }

    /// Whether it knows the rule "member, directly or through groups": Active Directory, as domain controller or AD LDS.
    pub fn knows_in_chain(&self) -> bool {
        self.is_domain_controller() || self.values("supportedCapabilities").any(|v| v == "1.2.840.113556.1.4.1851")
    }

    /// True where nothing of it can be read.
    pub fn is_hidden(&self) -> bool {
        self.0.is_empty()
    }

    fn contexts(&self) -> impl Iterator<Item = &str> {
        self.values("namingContexts").chain(self.values("defaultNamingContext")).filter(|c| !c.is_empty())
    }

    /// The naming context that `base` lies in: the longest that it is under, else `base` itself.
    pub fn naming_context(&self, base: &str) -> String {
        let key = DnKey::of(base);
        let holding = self.contexts().filter(|c| key.is_under(&DnKey::of(c)));
        holding.max_by_key(|c| DnKey::of(c).depth()).unwrap_or(base).to_owned()
    }

    /// Whether an entry may be here: it lies in one of the naming contexts, or none is known.
    pub fn may_hold(&self, dn: &DnKey) -> bool {
        self.contexts().next().is_none() || self.contexts().any(|c| dn.is_under(&DnKey::of(c)))
    }

    /// The naming contexts that lie below `base`: parts of the tree that a search of `base` is not meant to enter.
    pub fn contexts_below(&self, base: &DnKey) -> Vec<DnKey> {
        self.contexts().map(DnKey::of).filter(|c| c != base && c.is_under(base)).collect()
    }
}

impl RootDse {
    /// The naming contexts in which people may be: that of Active Directory's domain first, without what is the server's own.
    pub fn offered(&self) -> Vec<String> {
        const OWN: [&str; 9] = [
            "cn=configuration",
            "cn=schema",
            "cn=config",
            "cn=changelog",
            "cn=monitor",
            "dc=domaindnszones",
            "dc=forestdnszones",
            "o=netscaperoot",
            "cn=accesslog",
        ];
        let mut seen: Vec<DnKey> = Vec::new();
        let default = self.values("defaultNamingContext");
        default
            .chain(self.values("namingContexts"))
            .filter(|c| !c.is_empty() && !OWN.iter().any(|own| c.get(..own.len()).is_some_and(|head| head.eq_ignore_ascii_case(own))))
            .filter(|c| {
                let key = DnKey::of(c);
                let new = !seen.contains(&key);
                seen.push(key);
                new
            })
            .map(str::to_owned)
            .collect()
    }
}

impl Session {
    /// Connects, binds, reads the root DSE.
    ///
    /// # Errors
    /// Why no server could be used.
    pub async fn open(dialer: &Dialer) -> Result<Self> {
        Self::over(dialer.connect().await?).await
    }

    /// Reads the root DSE over a connection that is there.
    ///
    /// # Errors
    /// Where that fails in another way than by being hidden from us.
    pub async fn over(mut connection: Connection) -> Result<Self> {
        match root_dse(&mut connection).await {
            Ok(root) => Ok(Session { connection, root }),
            Err(failure) => Err(failure.into_error(&connection.url, "cannot read what the server says of itself")),
        }
    }

    /// True if the server still answers.
    pub async fn is_alive(&mut self) -> bool {
        if !self.connection.is_usable() {
            return false;
        }
        let ask = self.connection.all(Query::one("", &["1.1"]), |_| Ok(()));
        let answer = tokio::time::timeout(PING, ask).await;
        // A result code is an answer too.
        matches!(answer, Ok(Ok(_) | Err(Failure { code: Some(_), .. }))) && self.connection.is_usable()
    }

    /// The page size to ask for, if the server can do pages.
    pub fn page(&self, size: u32) -> Option<u32> {
        self.root.has_control(PAGED).then_some(size)
    }

    /// Whether to ask for no references.
    pub fn domain_scope(&self) -> bool {
        self.root.has_control(DOMAIN_SCOPE)
    }
}

async fn root_dse(connection: &mut Connection) -> std::result::Result<RootDse, Failure> {
    let mut root = RootDse::default();
    let read = connection.all(Query::one("", &["*", "+"]), |entry| {
        for attribute in entry.attributes() {
            let texts = attribute.values().filter_map(|v| std::str::from_utf8(v).ok());
            root.0.extend(texts.map(|v| (attribute.name.to_owned(), v.to_owned())));
        }
        Ok(())
    });
    match read.await {
        Ok(_) => Ok(root),
        // Hidden: then nothing is known, and the settings are the generic ones.
        Err(failure) if matches!(failure.code, Some(NO_SUCH_OBJECT | 50)) => Ok(RootDse::default()),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_naming_context_above_the_base_is_the_one() {
        let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        let root = RootDse(vec![
            pair("namingContexts", "DC=example,DC=test"),
            pair("namingContexts", "ou=far,dc=example,dc=test"),
            pair("namingContexts", "dc=other"),
            pair("defaultnamingcontext", "DC=example,DC=test"),
        ]);
        for (base, context) in [
            ("ou=people,dc=example,dc=test", "DC=example,DC=test"),
            ("ou=a,OU=far,dc=example,dc=test", "ou=far,dc=example,dc=test"),
            ("dc=elsewhere", "dc=elsewhere"),
            ("", ""),
        ] {
            assert_eq!(root.naming_context(base), context);
        }
        assert_eq!(root.contexts_below(&DnKey::of("dc=example,dc=test")), [DnKey::of("ou=far,dc=example,dc=test")]);
    }
}
