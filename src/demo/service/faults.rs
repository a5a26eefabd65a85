//! What a service can be told to do otherwise than it should.

use super::{Envelope, Writing};

/// What the service does otherwise than it should.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub struct Faults {
    /// Every request must carry this bearer token.
    pub token: Option<String>,
    /// At most so many accounts a page.
    pub page_cap: Option<usize>,
    /// `totalResults` says so much more than there is (or less).
    pub total_off_by: isize,
    /// Requests for a page from this account on are answered with an error of this status.
    pub fail_from: Option<(usize, u16)>,
    /// The connection is cut in the answer to requests for a page from this account on.
    pub cut_from: Option<usize>,
    /// Past the end, the first page comes again.
    pub repeat_past_end: bool,
    /// Past the end, 400 comes.
    pub refuse_past_end: bool,
    /// `startIndex` is ignored: the first page comes for ever.
    pub ignore_start: bool,
    /// The listing moves between pages: each page begins one account early, for the first `n` pages.
    pub shift: Option<usize>,
    /// Every answer is this text instead.
    pub answer: Option<(u16, &'static str, &'static str)>,
    /// Every answer is a redirect to this place.
    pub redirect: Option<&'static str>,
    /// Looking up a single account fails with this status.
    pub lookup_status: Option<u16>,
    /// The listing tells no `totalResults`.
    pub no_total: bool,
    /// `totalResults` is one less from the second page on.
    pub total_shrinks: bool,
    /// The listing leaves the account with this id out; looked up singly, it is there.
    pub unlisted: Option<&'static str>,
    /// Requests with a `count` above this get 400.
    pub refuse_count_above: Option<usize>,
    /// Requests with any `count` get 500.
    pub refuse_any_count: bool,
    /// SCIM 1.1 instead of 2.0.
    pub version_1: bool,
    /// Inactive accounts are left out of the listing.
    pub hides_inactive: Option<Hiding>,
    /// Pages by cursor.
    pub cursors: Option<Cursors>,
    /// How filters are treated.
    pub filtering: Filtering,
    /// Answers are packed, if the client can unpack them.
    pub gzip: bool,
    /// The listing shows the accounts with these ids without their ids; looked up, they have them.
    pub without_id: &'static [&'static str],
    /// The listing shows these accounts without their ids and their names.
    pub nameless: &'static [&'static str],
    /// `Resources`, `totalResults` and `nextCursor` come in lower case.
    pub lower_case: bool,
    /// The media type of every answer.
    pub content_type: Option<&'static str>,
    /// What errors look like.
    pub envelope: Envelope,
    /// Some requests are turned away for a while.
    pub throttle: Option<Throttle>,
    /// Every URL must carry a proof of this app secret, not older than five minutes.
    pub app_secret: Option<String>,
    /// Requests without `User-Agent` get 400.
    pub user_agent: bool,
    /// Tokens are granted to this client, and only these are good.
    pub clients: Option<Clients>,
    /// It tells nothing about itself.
    pub silent: bool,
    /// Each page takes so many milliseconds, and a little more for the earlier ones.
    pub delay: u64,
    /// What it does otherwise when it is written to.
    pub writing: Box<Writing>,
}

/// What a service shows of the accounts that its listing hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hiding {
    /// By their ids.
    pub shown_by_id: bool,
    /// By a filter.
    pub shown_by_filter: bool,
}

/// Pages by cursor (RFC 9865).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursors {
    /// There are no pages by index, and cursors are announced as the default.
    pub only: bool,
    /// So many cursors expire before they are used, once.
    pub expire: usize,
    /// The cursor of the second page leads back to it.
    pub loops: bool,
    /// An empty page comes in the middle.
    pub empty_page: bool,
}

/// How filters are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filtering {
    /// `userName`, `externalId` and `emails.value` by `eq`; letter case does not matter for names.
    #[default]
    Good,
    /// The same, but letter case matters for names.
    CaseExact,
    /// Everybody comes.
    Ignored,
    /// 400.
    Refused,
    /// Nobody comes.
    Blind,
}

/// Requests that are turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// So many of the requests, from the beginning.
    pub requests: usize,
    /// With this status.
    pub status: u16,
    /// And this header, if any: its name and its value.
    pub header: Option<(&'static str, &'static str)>,
}

/// A client that tokens are granted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clients {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// `expires_in`.
    pub seconds: Option<u64>,
    /// Id and secret must come in the body.
    pub in_body: bool,
    /// A token is good for so many requests, whatever was said.
    pub good_for: Option<usize>,
}
