//! `[channels.NAME.target]`: where accounts are, and how to speak to the service.

use super::reader::{Item, Located, Section};
use super::secret::address::secrets_in_query;
use super::secret::{SecretRef, WAYS};
use crate::error::{Error, Result};
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
    pub page_size: Option<PageSize>,
    /// The app secret whose proof every URL carries (Workplace: "require app secret proof").
    pub app_secret: Option<SecretRef>,
}

/// How many accounts a page should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageSize {
    /// So many.
    Accounts(u32),
    /// As many as the service likes: a few refuse any `count`.
    Unasked,
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
    /// A token that a token endpoint grants us, and renews (RFC 6749 section 4.4).
    ClientCredentials(ClientCredentials),
}

/// How a token is asked for.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The token endpoint.
    pub token_url: Located<String>,
    /// Who we are there.
    pub client_id: String,
    /// How we prove it.
    pub client_secret: SecretRef,
    /// What the token should be good for.
    pub scope: Option<String>,
    /// Id and secret are sent in the body instead of the header (RFC 6749 section 2.3.1 allows both, some know only one).
    pub in_body: bool,
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
    /// The service's host, for a line that has little room. Not cleaned.
    #[must_use]
    pub fn short_name(&self) -> String {
        let url = &self.base_url.value;
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest).to_owned()
    }

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
            return Err(Error::usage("the base URL may not hold a user or a password")
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
        if !matches!(auth, Auth::None) && crosses_in_clear(&base_url.value) {
            return Err(base_url.error("the token would cross the network in clear text").hint("write https://"));
        }
        let app_secret = match section.any("app_secret") {
            None => None,
            Some(item) if matches!(auth, Auth::Bearer(_) | Auth::ClientCredentials(_)) => Some(SecretRef::read(item, folder)?),
            Some(item) => {
                return Err(item.error("app_secret needs a token: its proof is made of both").hint("add token = { env = \"NAME\" }"));
            }
        };
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
            page_size: section.any("page_size").map(|item| PageSize::read(&item)).transpose()?,
            app_secret,
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

/// True for plain HTTP to another machine.
fn crosses_in_clear(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let host = rest.split('/').next().unwrap_or("");
    let host = if host.starts_with('[') { host.split(']').next().unwrap_or("") } else { host.split(':').next().unwrap_or("") };
    !super::source::is_loopback(host)
}

impl PageSize {
    /// Reads `page_size`: a number from 1 to 100000, or "none".
    ///
    /// # Errors
    /// A usage error with its place.
    pub fn read(item: &Item<'_>) -> Result<Self> {
        const WANTED: &str = "a whole number from 1 to 100000, or \"none\"";
        if item.as_string().is_some_and(|word| word.value == "none") {
            return Ok(PageSize::Unasked);
        }
        let number = item.as_number().ok_or_else(|| item.wrong(WANTED))?;
        if number.fract() != 0.0 || !(1.0..=100_000.0).contains(&number) {
            return Err(item.error(format!("page_size must be {WANTED}")));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 1 to 100000")]
        Ok(PageSize::Accounts(number as u32))
    }

    /// The number, if there is one.
    #[must_use]
    pub fn accounts(self) -> Option<u32> {
        match self {
            PageSize::Accounts(n) => Some(n),
            PageSize::Unasked => None,
        }
    }
}

impl ClientCredentials {
    fn read(mut table: Section<'_>, folder: &Path) -> Result<Self> {
        let token_url = table.required_string("token_url")?;
        // The line is not quoted: a URL may hold a user and a password.
        let wrong = |what: &str, hint: &str| Err(Error::usage(what).at(token_url.at.clone()).hint(hint));
        let lower = token_url.value.to_ascii_lowercase();
        if !(lower.starts_with("https://") || lower.starts_with("http://")) {
            return wrong("the token URL must begin with https://", "copy it from the service's page on API clients");
        }
        if token_url.value.contains(['@', '#']) {
            return wrong("the token URL may not hold a user, a password or a fragment", "id and secret stand in keys of their own");
        }
        if let Some((name, _)) = secrets_in_query(&token_url.value).into_iter().next() {
            return wrong(
                &format!("the query of the token URL may not hold a secret, and {name} is one"),
                &format!("drop it there, and say where it is kept: client_secret = {WAYS}; with send = \"body\" it is sent in the body"),
            );
        }
        if crosses_in_clear(&lower) {
            return wrong("the client secret would cross the network in clear text", "write https://");
        }
        let client_id = table.required_string("client_id")?.value;
        let client_secret = table
            .any("client_secret")
            .ok_or_else(|| table.error("client_credentials needs a client_secret"))
            .and_then(|i| SecretRef::read(i, folder))?;
        let scope = table.string("scope")?.map(|s| s.value);
        let in_body = table.word("send", &["header", "body"])?.is_some_and(|w| w.value == 1);
        table.finish()?;
        Ok(ClientCredentials { token_url, client_id, client_secret, scope, in_body })
    }
}

impl Auth {
    fn read(item: Item<'_>, folder: &Path) -> Result<Self> {
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
        let granted = table.section("client_credentials")?;
        table.finish()?;
        match (bearer, basic, granted) {
            (Some(token), None, None) => Ok(Auth::Bearer(token)),
            (None, None, Some(granted)) => ClientCredentials::read(granted, folder).map(Auth::ClientCredentials),
            (None, Some(mut basic), None) => {
                let user = basic.required_string("user")?.value;
                let password =
                    basic.any("password").ok_or_else(|| basic.error("basic needs a password")).and_then(|i| SecretRef::read(i, folder))?;
                basic.finish()?;
                Ok(Auth::Basic { user, password })
            }
            _ => Err(table.error("auth is exactly one of bearer, basic and client_credentials")),
        }
    }
}

impl Item<'_> {
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
