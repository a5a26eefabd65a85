//! Attributes that Active Directory gives in parts (MS-ADTS section 3.1.1.3.1.3.3): one entry, read to the end of each.
//!
//! A part of an attribute must never pass for the whole: what is not in it would be taken away from an account. So an entry
//! with a part is left out of the read, and read here by itself afterwards.

use super::connection::Query;
use super::entry::Entry;
use super::failure::Failure;
use super::session::Session;

/// The most values of one entry.
const MOST_VALUES: usize = 1_000_000;

/// An entry with all its values.
#[derive(Debug, Default)]
pub struct Whole {
    /// The DN, as the server spells it.
    pub dn: String,
    /// Name and values; plain attributes only.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Whole {
    /// The first value of an attribute.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        let (_, values) = self.attributes.iter().find(|(n, values)| n.eq_ignore_ascii_case(name) && !values.is_empty())?;
        values.first().map(Vec::as_slice)
    }

    /// Takes one answer; gives the attributes that go on, each with the index to go on from. `known` are those that this was
    /// an answer about, with the index that they were asked from.
    fn take(&mut self, entry: Entry<'_>, known: &[(String, u64)]) -> Result<Vec<(String, u64)>, Failure> {
        let mut more = Vec::new();
        // The rest of a list that is asked for and does not come is not the list's end.
        if let Some((name, _)) =
            known.iter().find(|(name, _)| !entry.attributes().any(|a| a.is_plain() && a.name.eq_ignore_ascii_case(name)))
        {
            return Err(Failure::malformed(format!("the server gave no answer to the rest of {name}")));
        }
        for attribute in entry.attributes().filter(|a| a.is_plain()) {
            let asked_from = known.iter().find(|(name, _)| attribute.name.eq_ignore_ascii_case(name)).map(|k| k.1);
            let last = attribute.range_end().map_err(Failure::malformed)?;
            match (asked_from, last) {
                // Only what was asked for: another attribute was complete before.
                (None, _) if !known.is_empty() => continue,
                (from, Some(last)) => {
                    let next = last.checked_add(1).filter(|next| *next > from.unwrap_or(0) && more.len() < known.len().max(64));
                    let next = next.ok_or_else(|| Failure::malformed("a range of values that does not go on"))?;
                    more.push((attribute.name.to_owned(), next));
                }
                (_, None) => {}
            }
            let values = attribute.values().map(<[u8]>::to_vec);
            match self.attributes.iter_mut().find(|(name, _)| attribute.name.eq_ignore_ascii_case(name)) {
                Some((_, all)) => all.extend(values),
                None => self.attributes.push((attribute.name.to_owned(), values.collect())),
            }
        }
        if self.attributes.iter().map(|a| a.1.len()).sum::<usize>() > MOST_VALUES {
            return Err(Failure::malformed(format!("more than {MOST_VALUES} values")));
        }
        Ok(more)
    }
}

/// Reads one entry with these attributes, each to its end.
///
/// # Errors
/// Where the entry is gone, a range does not go on, or the read ends in any other way than with success.
pub async fn whole(session: &mut Session, dn: &str, attributes: &[String]) -> Result<Whole, Failure> {
    let mut whole = Whole { dn: dn.to_owned(), attributes: Vec::new() };
    let mut known: Vec<(String, u64)> = Vec::new();
    let mut ask: Vec<String> = attributes.to_vec();
    loop {
        let names: Vec<&str> = ask.iter().map(String::as_str).collect();
        let mut more = None;
        let read = session.connection.all(Query::one(dn, &names), |entry| {
            more = Some(whole.take(entry, &known)?);
            Ok(())
        });
        read.await?;
        known = more.ok_or_else(|| Failure::malformed("the entry cannot be read by itself"))?;
        if known.is_empty() {
            return Ok(whole);
        }
        ask = known.iter().map(|(name, next)| format!("{name};range={next}-*")).collect();
    }
}
