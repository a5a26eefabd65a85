//! Lists in an order: by the first letters of what is shown, and by all of it only where these are the same.

use crate::engine::picture::Picture;
use crate::engine::view::SortBy;
use crate::identity::value::key_form;
use crate::mapping::functions::plain_letters;
use crate::model::{Action, Situation, Subject};
use rayon::prelude::*;

/// So many rows are prepared before it is asked again whether the list is still wanted.
const PART: usize = 128 * 1024;

/// The first sixteen bytes, so that they compare as the text does.
fn head(text: &str) -> u128 {
    let mut bytes = [0; 16];
    let n = text.len().min(16);
    bytes[..n].copy_from_slice(&text.as_bytes()[..n]);
    u128::from_be_bytes(bytes)
}

/// The rows in an order; nothing if `is_stale` says so meanwhile. Equal rows keep the order in which they were read.
pub(super) fn sorted(picture: &Picture, rows: &[Subject], by: SortBy, is_stale: &(dyn Fn() -> bool + Sync)) -> Option<Vec<Subject>> {
    let place = |subject: Subject| -> u8 {
        let Some(user) = picture.user_of(subject) else { return u8::MAX };
        let found = if by == SortBy::Situation {
            Situation::WORST_FIRST.iter().position(|s| *s == user.verdict.situation)
        } else {
            Action::ALL.iter().position(|a| *a == user.verdict.action)
        };
        found.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
    };
    let names = picture.name_rules();
    let text = |subject: Subject| -> String {
        let Some(user) = picture.user_of(subject) else { return String::new() };
        let shown = if by == SortBy::Name { picture.name_by(names, &user) } else { picture.user_name_of(&user).unwrap_or_default() };
        let folded = key_form(&shown);
        // As in a telephone book: Ångström stands among the As.
        plain_letters(&folded).unwrap_or_else(|| folded.into_owned())
    };
    let is_text = matches!(by, SortBy::Name | SortBy::UserName);
    if !is_text {
        // Small numbers: the place of the class, and then the order in which they were read.
        let mut keyed: Vec<(u8, Subject)> = Vec::with_capacity(rows.len());
        for part in rows.chunks(PART) {
            if is_stale() {
                return None;
            }
            keyed.par_extend(part.par_iter().map(|s| (place(*s), *s)));
        }
        keyed.par_sort_unstable();
        return Some(keyed.into_iter().map(|(_, subject)| subject).collect());
    }
    let mut keyed: Vec<(u128, Subject)> = Vec::with_capacity(rows.len());
    for part in rows.chunks(PART) {
        if is_stale() {
            return None;
        }
        // Whoever has no name comes last.
        let key = |s: &Subject| Some(head(&text(*s))).filter(|h| *h != 0).unwrap_or(u128::MAX);
        keyed.par_extend(part.par_iter().map(|s| (key(s), *s)));
    }
    if is_stale() {
        return None;
    }
    keyed.par_sort_unstable();
    for run in keyed.chunk_by_mut(|a, b| a.0 == b.0).filter(|run| run.len() > 1) {
        // A head that is not full is the whole text.
        if run[0].0.trailing_zeros() >= 8 {
            continue;
        }
        if is_stale() {
            return None;
        }
        run.sort_by_cached_key(|(_, s)| (text(*s), *s));
    }
    Some(keyed.into_iter().map(|(_, subject)| subject).collect())
}
