//! `[channels.NAME.target]`: where accounts are, and how to speak to the service.

use super::reader::{Located, Section};
use super::secret::SecretRef;
use crate::error::Result;
use std::path::{Path, PathBuf};

/// A target.
#[derive(Debug, Clone)]
pub struct TargetConfig {
    /// The connector: a built-in name, or a file of the user's own.
    pub connector: Located<String>,
    /// The folder that a connector file is relative to.
    pub folder: PathBuf,
    /// The SCIM base URL, without a slash at its end.
    pub base_url: Located<String>,
    /// How we prove who we are.
    pub auth: Auth,
    /// The field of the match rule.
    pub match_field: Option<Located<String>>,
    /// The certificate authorities to trust instead of the platform's.
    pub ca_file: Option<PathBuf>,
    /// Requests in flight at most.
    pub concurrency: usize,
    /// How fast.
    pub rate: Rate,
    /// Seconds for one request.
    pub timeout: u64,
    /// Accounts a page, instead of the connector's.
    pub page_size: Option<u32>,
}

/// How we prove who we are.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer` (RFC 6750).
    Bearer(SecretRef),
    /// `Authorization: Basic` (RFC 7617).
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: SecretRef,
    },
}

/// How fast requests may leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// As the service bears it.
    Auto,
    /// At most so many a second.
    PerSecond(f64),
}

impl TargetConfig {
    pub(super) fn read(section: &mut Section<'_>, folder: &Path) -> Result<Self> {
        let connector = section.required_string("connector")?;
        let base_url = section.required_string("base_url")?;
        let lower = base_url.value.to_ascii_lowercase();
        if !(lower.starts_with("https://") || lower.starts_with("http://")) {
            return Err(base_url.error("the base URL must begin with https://").hint("copy it from the service's provisioning page"));
        }
        if base_url.value.contains(['?', '#']) {
            return Err(base_url.error("the base URL may not have a query or a fragment"));
        }
        if base_url.value.contains('@') {
            // The line is not quoted: what stands before the @ is usually a password.
            return Err(crate::error::Error::usage("the base URL may not hold a user or a password")
                .at(base_url.at)
                .hint("set token or auth in the target"));
        }
        let base_url = base_url.map(|u| normal_url(&u));
        let token = section.any("token").map(|i| SecretRef::read(i, folder)).transpose()?;
        let auth = section.any("auth");
        let auth = match (token, auth) {
            (Some(_), Some(auth)) => {
                return Err(auth
                    .error("token and auth say the same thing twice")
                    .hint("token = {..} is short for auth = { bearer = {..} }"));
            }
            (Some(token), None) => Auth::Bearer(token),
            (None, Some(auth)) => Auth::read(auth, folder)?,
            (None, None) => {
                return Err(section
                    .error(format!("{} does not say how to prove who we are", section.path()))
                    .hint("add token = { env = \"NAME\" }, or auth = \"none\" for a service that asks for nothing"));
            }
        };
        let host = base_url.value.split("://").nth(1).unwrap_or("").split('/').next().unwrap_or("");
        let host = if host.starts_with('[') { host.split(']').next().unwrap_or("") } else { host.split(':').next().unwrap_or("") };
        if base_url.value.starts_with("http://") && !matches!(auth, Auth::None) && !super::source::is_loopback(host) {
            return Err(base_url.error("the token would cross the network in clear text").hint("write https://"));
        }
        let rate = match section.any("requests_per_second") {
            None => Rate::Auto,
            Some(item) => item.as_rate()?,
        };
        let target = TargetConfig {
            connector,
            folder: folder.to_owned(),
            base_url,
            auth,
            match_field: section.string("match")?,
            ca_file: section.string("ca_file")?.map(|f| folder.join(f.value)),
            concurrency: section.int_in("concurrency", 1..=256)?.map_or(8, |n| usize::try_from(n.value).unwrap_or(8)),
            rate,
            timeout: section.int_in("timeout", 1..=3600)?.map_or(60, |n| n.value.unsigned_abs()),
            page_size: section.int_in("page_size", 1..=100_000)?.and_then(|n| u32::try_from(n.value).ok()),
        };
        section.finish()?;
        Ok(target)
    }
}

/// One spelling of a service's address, because links and holds belong to it: scheme and host in lower case, no default
/// port, no slash at the end.
fn normal_url(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let scheme = scheme.to_ascii_lowercase();
    let (host, path) = rest.find('/').map_or((rest, ""), |i| rest.split_at(i));
    let host = host.to_ascii_lowercase();
    let default = if scheme == "https" { ":443" } else { ":80" };
    format!("{scheme}://{}{path}", host.strip_suffix(default).unwrap_or(&host))
}

impl Auth {
    fn read(item: super::reader::Item<'_>, folder: &Path) -> Result<Self> {
        if let Some(word) = item.as_string() {
            if word.value == "none" {
                return Ok(Auth::None);
            }
            // The value is not quoted: it may be the token itself.
            return Err(item
                .error("auth must be \"none\" or a table")
                .hint(format!("auth = {{ bearer = ... }} where ... is one of {}", super::secret::WAYS)));
        }
        let mut table = item.into_section("\"none\" or a table")?;
        let bearer = table.any("bearer").map(|i| SecretRef::read(i, folder)).transpose()?;
        let basic = table.section("basic")?;
        table.finish()?;
        match (bearer, basic) {
            (Some(token), None) => Ok(Auth::Bearer(token)),
            (None, Some(mut basic)) => {
                let user = basic.required_string("user")?.value;
                let password =
                    basic.any("password").ok_or_else(|| basic.error("basic needs a password")).and_then(|i| SecretRef::read(i, folder))?;
                basic.finish()?;
                Ok(Auth::Basic { user, password })
            }
            _ => Err(table.error("auth is exactly one of bearer and basic")),
        }
    }
}

impl super::reader::Item<'_> {
    fn as_rate(&self) -> Result<Rate> {
        if let Some(word) = self.as_string() {
            if word.value == "auto" {
                return Ok(Rate::Auto);
            }
            return Err(self.wrong("\"auto\" or a number above 0"));
        }
        match self.as_number() {
            Some(n) if (0.01..=100_000.0).contains(&n) => Ok(Rate::PerSecond(n)),
            Some(_) => Err(self.error("requests_per_second must be from 0.01 to 100000")),
            None => Err(self.wrong("\"auto\" or a number above 0")),
        }
    }
}
