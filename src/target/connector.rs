//! A connector: the description of one kind of target, as data (`assets/connectors/*.toml`, or a file of the user's own).
//!
//! A file of the user's own can say everything that a built-in one says: docs/connectors.md has every key. What must stay
//! true: a key that is not known is an error, each error has its place, and nothing here is code for one service.

mod fields;

use super::path::Path as FieldPath;
use crate::config::reader::{Document, Section, did_you_mean};
use crate::config::{Located, PageSize, RemoveAction};
use crate::error::{Error, Result};
use crate::model::field::Field;
use crate::text::nearest;
use std::path::Path;

/// What is known about a kind of target.
#[derive(Debug, Clone)]
pub struct Connector {
    /// Its name in a configuration.
    pub name: String,
    /// Its name on a screen.
    pub title: String,
    /// What people should know before they use it, a line each.
    pub notes: Vec<String>,
    /// Which SCIM it speaks.
    pub version: Version,
    /// Accounts to ask for in a page.
    pub page_size: PageSize,
    /// How pages follow one another.
    pub paging: Paging,
    /// The listing keeps its order between requests, so that several pages may be read at once.
    pub stable_order: bool,
    /// Whether the listing shows inactive accounts.
    pub lists_inactive: bool,
    /// The attributes that accounts can be looked up by with `eq`.
    pub filter: Vec<String>,
    /// How changed fields are sent.
    pub update: Verb,
    /// How `active` is sent.
    pub activate: Verb,
    /// What a PUT does to attributes that it leaves out.
    pub put: Put,
    /// How `active` is written.
    pub active_as: ActiveAs,
    /// What can be done to an account that nobody needs any more.
    pub remove: Vec<RemoveAction>,
    /// For how long the service may not know an account that it has just created.
    pub lag_seconds: u32,
    /// The media type of what is sent.
    pub content_type: String,
    /// Sent with every request, beside our own.
    pub headers: Vec<(String, String)>,
    /// The service can ask for a proof of an app secret in every URL (Workplace).
    pub app_secret: bool,
    /// What an account has, in the order of the file.
    pub fields: Vec<Field>,
}

/// Which SCIM a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// SCIM 1.1 (simplecloud.info, 2012).
    V1,
    /// SCIM 2.0 (RFC 7643, RFC 7644).
    V2,
}

impl Version {
    /// The schema of users.
    #[must_use]
    pub fn core_schema(self) -> &'static str {
        match self {
            Version::V1 => "urn:scim:schemas:core:1.0",
            Version::V2 => "urn:ietf:params:scim:schemas:core:2.0:User",
        }
    }

    /// Where a service tells what it can.
    #[must_use]
    pub fn config_path(self) -> &'static str {
        match self {
            Version::V1 => "/ServiceProviderConfigs",
            Version::V2 => "/ServiceProviderConfig",
        }
    }

    /// Where a service tells which attributes it has.
    #[must_use]
    pub fn schemas_path(self) -> &'static str {
        match self {
            Version::V1 => "/Schemas/Users",
            Version::V2 => "/Schemas",
        }
    }

    /// The media types that we like to get, best first. What comes is read by its content, whatever it is called.
    #[must_use]
    pub fn accept(self) -> &'static str {
        match self {
            Version::V1 => "application/json",
            Version::V2 => "application/scim+json, application/json",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Version::V1 => "application/json",
            Version::V2 => "application/scim+json",
        }
    }

    /// As it is written.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Version::V1 => "1.1",
            Version::V2 => "2.0",
        }
    }
}

/// How pages follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// By the number of the first account: `startIndex` (RFC 7644 section 3.4.2.4).
    Index,
    /// By `cursor` and `nextCursor` (RFC 9865).
    Cursor,
    /// By cursor where the service announces it as its way, else by index.
    Auto,
}

/// How something is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Only what changes.
    Patch,
    /// The whole account.
    Put,
}

/// What a PUT does to attributes that it leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// They are removed (RFC 7644 section 3.5.1), or nobody knows: a PUT is made from a fresh read with everything kept.
    Replaces,
    /// They stay.
    Merges,
}

/// How `active` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActiveAs {
    /// `true`.
    Boolean,
    /// `"true"`.
    Text,
}

const BUILT_IN: [(&str, &str); 6] = [
    ("lucidchart", include_str!("../../assets/connectors/lucidchart.toml")),
    ("workplace", include_str!("../../assets/connectors/workplace.toml")),
    ("workplace1", include_str!("../../assets/connectors/workplace1.toml")),
    ("scim2", include_str!("../../assets/connectors/scim2.toml")),
    ("scim1", include_str!("../../assets/connectors/scim1.toml")),
    ("demo", include_str!("../../assets/connectors/demo.toml")),
];

impl Connector {
    /// True if accounts can be deleted.
    #[must_use]
    pub fn can_delete(&self) -> bool {
        self.remove.contains(&RemoveAction::Delete)
    }

    /// How its services are written to.
    #[must_use]
    pub fn dialect(&self) -> super::scim::Dialect {
        let read_only = self.fields.iter().filter(|f| f.read_only).filter_map(|f| FieldPath::parse(&f.path).ok()).collect();
        super::scim::Dialect {
            version: self.version,
            update: self.update,
            activate: self.activate,
            put: self.put,
            active_as: self.active_as,
            read_only,
        }
    }

    /// The names of the connectors that are built in, but for the demo's own.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name).filter(|name| *name != "demo")
    }

    /// A connector that is built in.
    #[must_use]
    pub fn built_in_of(name: &str) -> Option<Result<Self>> {
        let (name, text) = BUILT_IN.iter().find(|(n, _)| *n == name)?;
        Some(Self::parse(name, &format!("assets/connectors/{name}.toml"), text))
    }

    /// The connector that a configuration names: a built-in one, or a file (relative to the configuration's folder).
    ///
    /// # Errors
    /// Where there is none of this name, or the file has a defect (with its place).
    pub fn load(name: &Located<String>, folder: &Path) -> Result<Self> {
        if let Some(built_in) = Self::built_in_of(&name.value) {
            return built_in;
        }
        let is_file = Path::new(&name.value).extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"));
        if !is_file {
            let known = BUILT_IN.iter().map(|(n, _)| *n);
            return Err(name
                .error(format!("there is no connector {}", name.value))
                .hint(format!("{}; a file of your own ends in .toml", did_you_mean(&name.value, known, "the connectors are: "))));
        }
        let path = folder.join(&name.value);
        let text = std::fs::read_to_string(&path).map_err(|e| name.error(format!("cannot read the connector {}: {e}", path.display())))?;
        Self::parse(&name.value, &path.display().to_string(), &text)
    }

    /// Parses a connector's file. `file` is its name in messages.
    ///
    /// # Errors
    /// A usage error with its place.
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Self> {
        let document = Document::parse(file, text)?;
        let mut root = document.root();
        let title = root.required_string("title")?.value;
        let notes = root.strings("notes")?.unwrap_or_default().into_iter().map(|n| n.value).collect();
        let version = match root.word("version", &["2.0", "1.1"])? {
            Some(second) if second.value == 1 => Version::V1,
            _ => Version::V2,
        };
        let page_size = root.any("page_size").map(|item| PageSize::read(&item)).transpose()?.unwrap_or(PageSize::Accounts(100));
        let paging = match root.word("paging", &["auto", "index", "cursor"])? {
            Some(w) if w.value == 1 => Paging::Index,
            Some(w) if w.value == 2 => Paging::Cursor,
            // SCIM 1.1 knows no cursors.
            _ if version == Version::V1 => Paging::Index,
            _ => Paging::Auto,
        };
        let flag = |found: Option<Located<bool>>, default: bool| found.map_or(default, |b| b.value);
        let verb = |found: Option<Located<usize>>, default: Verb| match found.map(|w| w.value) {
            Some(0) => Verb::Patch,
            Some(_) => Verb::Put,
            None => default,
        };
        let stable_order = flag(root.bool("stable_order")?, false);
        let lists_inactive = flag(root.bool("lists_inactive")?, true);
        let app_secret = flag(root.bool("app_secret")?, false);
        // PATCH is optional in SCIM 1.1 and rare there.
        let update = verb(root.word("update", &["patch", "put"])?, if version == Version::V1 { Verb::Put } else { Verb::Patch });
        let activate = verb(root.word("activate", &["patch", "put"])?, update);
        let put =
            root.word("put", &["replaces", "merges"])?.map_or(Put::Replaces, |w| if w.value == 1 { Put::Merges } else { Put::Replaces });
        let active_as = root
            .word("active_as", &["boolean", "text"])?
            .map_or(ActiveAs::Boolean, |w| if w.value == 1 { ActiveAs::Text } else { ActiveAs::Boolean });
        let connector = Connector {
            name: name.to_owned(),
            title,
            notes,
            version,
            page_size,
            paging,
            stable_order,
            lists_inactive,
            filter: read_filter(&mut root)?,
            update,
            activate,
            put,
            active_as,
            remove: read_remove(&mut root)?,
            lag_seconds: root.int_in("lag_seconds", 0..=3600)?.and_then(|n| u32::try_from(n.value).ok()).unwrap_or(0),
            content_type: read_content_type(&mut root)?.unwrap_or_else(|| version.media_type().to_owned()),
            headers: read_headers(&mut root)?,
            app_secret,
            fields: Vec::new(),
        };
        let fields = root.required_section("fields")?;
        root.finish()?;
        Ok(Connector { fields: fields::read(&fields)?, ..connector })
    }

    /// The field of a name (in any letter case), or one of the user's own by its full path.
    ///
    /// # Errors
    /// A hint: the nearest known name, what is wrong with the path, or that only the service sets it.
    pub fn field(&self, name: &str) -> std::result::Result<Field, String> {
        if let Some(field) = self.fields.iter().find(|f| f.name.eq_ignore_ascii_case(name) || f.path.eq_ignore_ascii_case(name)) {
            if field.read_only {
                return Err(format!("{} is read-only at {}: only the service sets it; remove this rule", field.name, self.title));
            }
            return Ok(field.clone());
        }
        fields::refuse_the_services_own(name)?;
        if name.contains(['.', ':', '[']) {
            return FieldPath::parse(name).map(|_| Field::of_path(name));
        }
        let known = || self.fields.iter().filter(|f| !f.read_only).map(|f| f.name.as_str());
        Err(nearest(name, known()).map_or_else(
            || {
                format!(
                    "{} has: {}; any other is named by its full SCIM path in quotes",
                    self.title,
                    known().collect::<Vec<_>>().join(", ")
                )
            },
            |near| format!("did you mean {near}?"),
        ))
    }

    /// True if accounts can be looked up by `attribute eq`.
    #[must_use]
    pub fn can_filter(&self, attribute: &str) -> bool {
        self.filter.iter().any(|f| f.eq_ignore_ascii_case(attribute))
    }

    /// Refuses a policy that this kind of target can't follow.
    ///
    /// # Errors
    /// A usage error.
    pub fn check_policy(&self, policy: &crate::config::Policy) -> Result<()> {
        let words = |action: RemoveAction| match action {
            RemoveAction::Disable => "disable",
            RemoveAction::Delete => "delete",
        };
        if !policy.deprovision || self.remove.contains(&policy.remove_action) {
            return Ok(());
        }
        let can = self.remove.first().map_or("disable", |a| words(*a));
        Err(Error::usage(format!("{} cannot {} accounts", self.title, words(policy.remove_action)))
            .hint(format!("set remove_action = \"{can}\" in the policy")))
    }
}

fn read_filter(root: &mut Section<'_>) -> Result<Vec<String>> {
    let Some(listed) = root.strings("filter")? else { return Ok(vec!["userName".to_owned()]) };
    listed
        .into_iter()
        .map(|attribute| match FieldPath::parse(&attribute.value) {
            Ok(_) => Ok(attribute.value),
            Err(why) => Err(attribute.error(why)),
        })
        .collect()
}

fn read_remove(root: &mut Section<'_>) -> Result<Vec<RemoveAction>> {
    let Some(listed) = root.strings("remove")? else { return Ok(vec![RemoveAction::Disable, RemoveAction::Delete]) };
    if listed.is_empty() {
        return Err(root.error("remove is empty").hint("it is a list of \"disable\" and \"delete\""));
    }
    listed
        .into_iter()
        .map(|word| match word.value.as_str() {
            "disable" => Ok(RemoveAction::Disable),
            "delete" => Ok(RemoveAction::Delete),
            other => Err(word.error(format!("remove cannot be \"{other}\"")).hint(did_you_mean(
                other,
                ["disable", "delete"].into_iter(),
                "it is a list of: ",
            ))),
        })
        .collect()
}

fn read_content_type(root: &mut Section<'_>) -> Result<Option<String>> {
    let Some(found) = root.string("content_type")? else { return Ok(None) };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    match found.value.split_once('/') {
        Some((kind, sub)) if !kind.is_empty() && !sub.is_empty() && kind.chars().all(plain) && sub.chars().all(plain) => {
            Ok(Some(found.value))
        }
        _ => Err(found.error("content_type must be a media type").hint("for example \"application/json\"")),
    }
}

/// Headers that are ours to set, or that would bypass how secrets are kept.
const OWN_HEADERS: [&str; 10] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "proxy-authorization",
    "user-agent",
];

fn read_headers(root: &mut Section<'_>) -> Result<Vec<(String, String)>> {
    let Some(section) = root.section("headers")? else { return Ok(Vec::new()) };
    section
        .entries()
        .map(|(name, item)| {
            let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if name.value.is_empty() || !name.value.chars().all(token) {
                return Err(name.error(format!("{} is not the name of a header", name.value)));
            }
            if OWN_HEADERS.contains(&name.value.to_ascii_lowercase().as_str()) {
                return Err(name
                    .error(format!("the header {} is not for a connector to set", name.value))
                    .hint("secrets belong into auth, the media type into content_type; the others are always sent"));
            }
            let value = item.as_string().ok_or_else(|| item.wrong("a text in quotes"))?;
            if !value.value.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
                return Err(value.error("a header takes visible ASCII characters only"));
            }
            Ok((name.value, value.value))
        })
        .collect()
}

#[cfg(test)]
mod tests;
