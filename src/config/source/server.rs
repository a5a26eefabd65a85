//! `type = "ldap"`: how a directory server is reached, and as whom.

use crate::config::reader::{Located, Section};
use crate::config::secret::address::hidden;
use crate::config::secret::{self, SecretRef};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// How to reach a directory server.
#[derive(Debug, Clone)]
pub struct LdapConfig {
    /// Tried in this order.
    pub urls: Vec<LdapUrl>,
    /// Who we are; anonymous if there is none.
    pub bind_dn: Option<String>,
    /// Our password.
    pub password: Option<SecretRef>,
    /// Ask for TLS on an `ldap://` connection before anything else is said (RFC 4511 section 4.14).
    pub start_tls: bool,
    /// The certificate authorities to trust instead of the platform's.
    pub ca_file: Option<PathBuf>,
    /// Entries a page (RFC 2696).
    pub page_size: u32,
    /// The vendor whose settings are used, or `auto`.
    pub vendor: Located<String>,
    /// Seconds without an answer after which a connection counts as lost.
    pub timeout: u64,
}

/// An LDAP URL: scheme, host and port only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdapUrl {
    /// True for `ldaps`.
    pub tls: bool,
    /// Host name, or address without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// As written.
    pub text: String,
}

impl LdapUrl {
    /// Parses `ldap://host[:port]` or `ldaps://host[:port]`; an IPv6 address stands in brackets.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or("it must begin with ldaps:// or ldap://")?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "ldaps" => true,
            "ldap" => false,
            other => return Err(format!("{other}:// is not known; it must begin with ldaps:// or ldap://")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '@', ' ']) {
            return Err("it may hold a host and a port, nothing else; base and filter stand in the location".to_owned());
        }
        let (host, port) = if let Some(inside) = rest.strip_prefix('[') {
            let (host, after) = inside.split_once(']').ok_or("the bracket of the IPv6 address is not closed")?;
            (host, after.strip_prefix(':'))
        } else {
            rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)))
        };
        if host.is_empty() {
            return Err("it has no host".to_owned());
        }
        let port = match port {
            None => {
                if tls {
                    636
                } else {
                    389
                }
            }
            Some(port) => port.parse().map_err(|_| format!("{port} is not a port"))?,
        };
        Ok(LdapUrl { tls, host: host.to_owned(), port, text: text.to_owned() })
    }

    /// Addresses as somebody types them: commas or blanks between them, `ldaps://` where nothing else is said.
    ///
    /// # Errors
    /// What is wrong with one of them; one that holds a user or a password is quoted nowhere.
    pub fn typed(typed: &str) -> Result<Vec<Self>> {
        if typed.contains('@') {
            // Not quoted: what stands before the @ is usually a password.
            return Err(Error::usage("an LDAP URL may not hold a user or a password").hint("who we are is said on its own"));
        }
        if !hidden(typed, true).is_empty() {
            return Err(Error::usage("an LDAP URL may not hold a user or a password, and its port is a number")
                .hint("for example ldaps://dc1.example.com:636; who we are is said on its own"));
        }
        let urls = typed.split([',', ' ']).filter(|u| !u.is_empty());
        let urls = urls.map(|u| if u.contains("://") { u.to_owned() } else { format!("ldaps://{u}") });
        let parse = |url: String| LdapUrl::parse(&url).map_err(|why| Error::usage(format!("the URL {url} is not usable: {why}")));
        let urls: Vec<LdapUrl> = urls.map(parse).collect::<Result<_>>()?;
        if urls.is_empty() {
            return Err(Error::usage("the directory needs an address").hint("for example ldaps://dc1.example.com"));
        }
        Ok(urls)
    }

    /// Why it does not go with how the connection is secured, and what to write instead.
    fn clash(&self, start_tls: bool, has_reader: bool) -> Option<(&'static str, &'static str)> {
        if has_reader && !start_tls && !self.tls && !self.is_local() {
            return Some(("the password would cross the network in clear text", "write ldaps://, or set start_tls = true"));
        }
        let both = start_tls && self.tls;
        both.then_some((
            "start_tls is for ldap:// URLs; an ldaps:// connection is encrypted from the start",
            "drop start_tls, or write ldap://",
        ))
    }

    /// True for this machine itself: what is sent there crosses no network.
    #[must_use]
    pub fn is_local(&self) -> bool {
        is_loopback(&self.host)
    }
}

/// True for this machine itself: what is sent there crosses no network.
pub(in crate::config) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

const NO_PASSWORD: &str = "bind_dn needs a password";
const NO_READER_HINT: &str = "add bind_dn = \"cn=reader,dc=example,dc=com\", or drop the password";

impl LdapConfig {
    /// Why its parts do not go together, and what to write instead: each may be right by itself.
    ///
    /// # Errors
    /// A usage error without a place.
    pub fn check(&self) -> Result<()> {
        let wrong = |(message, hint): (&str, &str)| Err(Error::usage(message).hint(hint));
        if let Some(why) = self.urls.iter().find_map(|url| url.clash(self.start_tls, self.bind_dn.is_some())) {
            return wrong(why);
        }
        match (&self.bind_dn, &self.password) {
            (Some(_), None) => wrong((NO_PASSWORD, "say where it is kept: password")),
            (None, Some(_)) => wrong(("there is a password but no bind_dn", NO_READER_HINT)),
            _ => Ok(()),
        }
    }

    pub(super) fn read(section: &mut Section<'_>, folder: &Path) -> Result<Self> {
        let urls = section.strings("url")?.ok_or_else(|| {
            let error = section.error(format!("{} needs a url", section.path())).hint("url = \"ldaps://directory.example.com\"");
            section.missing("url", error)
        })?;
        let start_tls = section.bool("start_tls")?;
        let (tls, has_reader) = (start_tls.as_ref().is_some_and(|s| s.value), section.has("bind_dn"));
        let urls = urls
            .into_iter()
            .map(|u| {
                if u.value.contains('@') {
                    // Not quoted: what stands before the @ is usually a password.
                    return Err(Error::usage("an LDAP URL may not hold a user or a password")
                        .at(u.at)
                        .hint("set bind_dn and password in the source"));
                }
                let url = LdapUrl::parse(&u.value).map_err(|why| u.error(format!("the URL {} is not usable: {why}", u.value)))?;
                if let Some((message, hint)) = url.clash(tls, has_reader) {
                    return Err(u.error(message).hint(hint));
                }
                Ok(url)
            })
            .collect::<Result<Vec<_>>>()?;
        if urls.is_empty() {
            return Err(section.error("the list of URLs is empty"));
        }
        let bind_dn = section.string("bind_dn")?;
        let password = section.any("password").map(|i| SecretRef::read(i, folder)).transpose()?;
        match (&bind_dn, &password) {
            (Some(dn), None) => {
                let error = dn.error(NO_PASSWORD).hint(format!("password = {}", secret::WAYS));
                return Err(section.missing("password", error));
            }
            (None, Some(_)) => {
                let error = section.error(format!("{} has a password but no bind_dn", section.path()));
                return Err(section.missing("bind_dn", error.hint(NO_READER_HINT)));
            }
            _ => {}
        }
        Ok(LdapConfig {
            urls,
            bind_dn: bind_dn.map(|d| d.value),
            password,
            start_tls: tls,
            ca_file: section.string("ca_file")?.map(|f| folder.join(f.value)),
            page_size: section.int_in("page_size", 1..=100_000)?.map_or(1000, |n| u32::try_from(n.value).unwrap_or(1000)),
            vendor: section.string("vendor")?.unwrap_or_else(|| Located::nowhere("auto".to_owned())),
            timeout: section.int_in("timeout", 1..=3600)?.map_or(60, |n| n.value.unsigned_abs()),
        })
    }
}
