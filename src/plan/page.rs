//! The plan as one web page, for somebody who decides and does not run commands: to be read, sent on and printed.
//!
//! The page needs nothing but itself: no script, no picture, no font, and a content security policy that allows its own style
//! sheet by its hash and nothing else. Every value is cleaned and escaped, masked values stay masked. Those who would lose
//! access come first and are never folded away. Rows stream; a long part is cut into foldable groups, because a browser lays
//! out what is open only. What must stay true: the page says what it leaves out.

mod html;
mod part;
mod row;

use super::Row;
use super::file::{CauseHead, Header};
use crate::model::{Action, Cause, Situation};
use crate::text::count;
use base64::Engine as _;
use html::{bdi, escaped};
use part::{ORDER, PARTS, Part, is_loss, meaning};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// How many rows a foldable group has, and how many a part may have that is open from the start.
const GROUP: usize = 500;

/// How many users are in each situation with each action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally([[usize; Action::ALL.len()]; Situation::ALL.len()]);

/// Which rows are meant.
pub type Wanted = fn(Situation, Action) -> bool;

impl Tally {
    /// One more.
    pub fn add(&mut self, situation: Situation, action: Action) {
        self.0[situation as usize][action as usize] += 1;
    }

    /// How many of these.
    #[must_use]
    pub fn of(&self, situation: Situation, action: Action) -> usize {
        self.0[situation as usize][action as usize]
    }

    /// How many are wanted.
    #[must_use]
    pub fn wanted(&self, wanted: Wanted) -> usize {
        let each = Situation::ALL.into_iter().flat_map(|s| Action::ALL.into_iter().map(move |a| (s, a)));
        each.filter(|(s, a)| wanted(*s, *a)).map(|(s, a)| self.of(s, a)).sum()
    }
}

/// What the page is about.
pub struct Page<'a> {
    /// The head of the document.
    pub header: &'a Header,
    /// Where the people are, for people.
    pub source: &'a str,
    /// Where the accounts are, for people.
    pub target: &'a str,
    /// What there is to know of the plan as a whole, a sentence each.
    pub notes: &'a [String],
    /// Everybody.
    pub everybody: Tally,
    /// Those whose rows are on the page.
    pub listed: Tally,
    /// The rows that are wanted, in order.
    pub rows: &'a dyn Fn(Wanted) -> Box<dyn Iterator<Item = Row> + 'a>,
}

const STYLE: &str = include_str!("../../assets/page.css");

/// Writes the page.
///
/// # Errors
/// Where `out` can't be written to.
pub fn write(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    head(out, page)?;
    for (i, part) in PARTS.iter().enumerate() {
        let n = page.listed.wanted(part.wanted);
        if n > 0 {
            write_part(out, page, part, n)?;
        } else if i == 0 && page.everybody.wanted(part.wanted) == 0 {
            writeln!(out, "<section><h2>{}: nobody</h2></section>", part.title)?;
        }
    }
    foot(out, page)
}

fn head(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    let header = page.header;
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let title = format!("Plan for {}, {}", header.channel, moment(&header.created));
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
        escaped(&title)
    )?;
    writeln!(
        out,
        "<h1>What would change: {}</h1>\n<p>Made on {}. This is a plan: <strong>nothing has been sent</strong>.</p>",
        bdi(&header.channel),
        escaped(&moment(&header.created))
    )?;
    for (side, complete, cause) in [
        ("directory", header.source.complete, header.source.cause.as_ref()),
        ("service", header.target.complete, header.target.cause.as_ref()),
    ] {
        if !complete {
            banner(out, side, cause, super::consequence(header.source.complete))?;
        }
    }
    if header.source.complete && header.source.entries == 0 {
        writeln!(
            out,
            "<p class=\"alarm\"><strong>Warning: nobody is in scope.</strong> Nobody is removed because of that. \
             Base, filter and group of the source location have to be checked.</p>"
        )?;
    }
    for note in page.notes {
        writeln!(out, "<p>Note: {}</p>", bdi(note))?;
    }
    writeln!(out, "<p class=\"sum\">{}</p>", sentence(page))?;
    writeln!(
        out,
        "<table class=\"ends\"><caption>What was compared</caption><thead><tr><th scope=\"col\">Side</th><th scope=\"col\">Where</th>\
         <th scope=\"col\" class=\"n\">Users</th><th scope=\"col\">Read</th></tr></thead><tbody>"
    )?;
    let complete = |yes: bool| if yes { "completely" } else { "<strong>NOT COMPLETELY</strong>" };
    for (side, place, detail, n, end) in [
        ("Directory", page.source, &header.source.naming_context, header.source.entries, header.source.complete),
        ("Service", page.target, &header.target.base_url, header.target.accounts, header.target.complete),
    ] {
        writeln!(
            out,
            "<tr><th scope=\"row\">{side}</th><td>{}<br><small>{}</small></td><td class=\"n\">{}</td><td>{}</td></tr>",
            bdi(place),
            bdi(detail),
            count(n),
            complete(end)
        )?;
    }
    writeln!(out, "</tbody></table>")?;
    situations(out, page)
}

fn banner(out: &mut dyn Write, side: &str, cause: Option<&CauseHead>, consequence: &str) -> io::Result<()> {
    let words = cause.map(|c| Cause::ALL.iter().find(|known| known.code() == c.code).map_or(c.code, |known| known.words()));
    let detail = cause.map(|c| crate::telemetry::redacted(&c.detail)).unwrap_or_default();
    writeln!(
        out,
        "<p class=\"alarm\" role=\"alert\"><strong>Warning: the {side} was not read completely: {}.</strong> {} \
         {consequence}</p>",
        escaped(words.unwrap_or("the cause is not known")),
        bdi(&detail)
    )
}

/// The whole plan in one sentence.
fn sentence(page: &Page<'_>) -> String {
    let all = &page.everybody;
    let losses = all.wanted(|_, a| is_loss(a));
    let mut parts = vec![format!("<strong>{} would lose access</strong>", people(losses))];
    for (wanted, what) in [
        ((|_, a| a == Action::Enable) as Wanted, "would get it back"),
        (|_, a| a == Action::Update, "would be changed"),
        (|_, a| a == Action::Create, "would be created"),
    ] {
        let n = all.wanted(wanted);
        if n > 0 {
            parts.push(format!("{} {what}", count(n)));
        }
    }
    let waiting = all.wanted(|s, a| a == Action::None && matches!(s, Situation::Ambiguous | Situation::Invalid | Situation::Blocked));
    let waiting =
        if waiting > 0 { format!(" {} must wait for somebody to decide or to mend something.", people(waiting)) } else { String::new() };
    format!("{}.{waiting}", parts.join(", "))
}

fn people(n: usize) -> String {
    match n {
        0 => "Nobody".to_owned(),
        1 => "1 person".to_owned(),
        n => format!("{} people", count(n)),
    }
}

fn situations(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    writeln!(
        out,
        "<table class=\"counts\"><caption>Who is in which situation</caption><thead><tr><th scope=\"col\">Situation</th>\
         <th scope=\"col\" class=\"n\">Users</th><th scope=\"col\">What that means</th><th scope=\"col\">What would be done</th></tr></thead><tbody>"
    )?;
    for situation in ORDER {
        let n = page.header.counts.of(situation);
        if n == 0 {
            continue;
        }
        let actions: Vec<String> = Action::ALL
            .into_iter()
            .filter(|a| *a != Action::None && page.everybody.of(situation, *a) > 0)
            .map(|a| format!("{} {}", a.code(), count(page.everybody.of(situation, a))))
            .collect();
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>",
            situation.words(),
            count(n),
            meaning(situation),
            if actions.is_empty() { "nothing".to_owned() } else { actions.join(", ") }
        )?;
    }
    writeln!(out, "</tbody></table>")
}

fn write_part(out: &mut dyn Write, page: &Page<'_>, part: &Part, n: usize) -> io::Result<()> {
    let loss = is_loss_part(part);
    writeln!(out, "<section{}><h2>{} ({})</h2>\n<p>{}</p>", if loss { " class=\"loss\"" } else { "" }, part.title, count(n), part.about)?;
    let mut rows = (page.rows)(part.wanted);
    let mut from = 1;
    loop {
        let group: Vec<Row> = rows.by_ref().take(GROUP).collect();
        let (Some(first), Some(last)) = (group.first(), group.last()) else { break };
        let open = if loss || n <= GROUP { " open" } else { "" };
        let what = if n <= GROUP {
            "Show or hide".to_owned()
        } else {
            format!("{} to {}: {} … {}", count(from), count(from + group.len() - 1), bdi(first.called()), bdi(last.called()))
        };
        writeln!(out, "<details{open}><summary>{what}</summary>\n<table class=\"rows\">")?;
        part.columns.head(out)?;
        writeln!(out, "<tbody>")?;
        for row in &group {
            part.columns.row(out, row)?;
        }
        writeln!(out, "</tbody></table></details>")?;
        from += group.len();
    }
    writeln!(out, "</section>")
}

fn is_loss_part(part: &Part) -> bool {
    std::ptr::eq(part.title, PARTS[0].title)
}

fn foot(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    let (all, listed) = (page.everybody.wanted(|_, _| true), page.listed.wanted(|_, _| true));
    let fine: Wanted = |s, a| a == Action::None && matches!(s, Situation::InSync | Situation::Left | Situation::Skipped);
    let hidden = page.everybody.wanted(fine) - page.listed.wanted(fine);
    let other = all - listed - hidden;
    writeln!(out, "<footer>")?;
    if all == listed {
        writeln!(out, "<p>Everybody is listed on this page.</p>")?;
    }
    if hidden > 0 {
        writeln!(
            out,
            "<p>Not listed: {} for whom there is nothing to do (in sync, already left, or disabled without an account). They are only counted above; \
             <code>rosterm plan --all</code> lists them.</p>",
            people(hidden)
        )?;
    }
    if other > 0 {
        writeln!(
            out,
            "<p class=\"alarm\">Not listed: {} in other situations, because only some were asked for (<code>--only</code>).</p>",
            people(other)
        )?;
    }
    writeln!(
        out,
        "<p>Values that the mapping masks are shown as <code>masked:…</code>. Parts that are folded are not printed: open what you want on paper. \
         This page is for reading; only a plan saved with <code>rosterm plan --out FILE</code> can be approved and applied.</p>\n</footer>\n</main>\n</body>\n</html>"
    )
}

/// `2026-11-22T02:40:22Z` for people.
fn moment(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} at {time} UTC"),
        _ => rfc3339.to_owned(),
    }
}

#[cfg(test)]
mod tests;
