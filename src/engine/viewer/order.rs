//! Lists in an order: by the first letters of what is shown, and by all of it only where these are the same.

use crate::engine::picture::Picture;
use crate::engine::view::SortBy;
use crate::identity::value::key_form;
use crate::mapping::functions::plain_letters;
use crate::model::{Action, Situation, Subject};
use crate::plan::classify::Verdict;
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

/// The rows, which are in the order in which they were read, in another order; nothing if `is_stale` says so meanwhile. Equal rows
/// keep the order in which they were read.
pub(super) fn sorted(picture: &Picture, rows: Vec<Subject>, by: SortBy, is_stale: &(dyn Fn() -> bool + Sync)) -> Option<Vec<Subject>> {
    debug_assert!(rows.is_sorted(), "whoever was read before somebody has a smaller number");
    match by {
        SortBy::Arrival => Some(rows),
        SortBy::Situation => {
            by_class(picture, &rows, |verdict| Situation::WORST_FIRST.iter().position(|s| *s == verdict.situation), is_stale)
        }
        SortBy::Action => by_class(picture, &rows, |verdict| Action::ALL.iter().position(|a| *a == verdict.action), is_stale),
        SortBy::Name | SortBy::UserName => by_text(picture, &rows, by, is_stale),
    }
}

/// By a class of few: everybody goes to the end of their class, and nothing is compared.
fn by_class(
    picture: &Picture,
    rows: &[Subject],
    class: impl Fn(&Verdict) -> Option<usize> + Sync,
    is_stale: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<Subject>> {
    const CLASSES: usize = 16;
    const { assert!(Situation::WORST_FIRST.len() < CLASSES && Action::ALL.len() < CLASSES) };
    let place = |subject: &Subject| {
        let cell =
            subject.entry().map(|e| picture.people.at(e.index())).or_else(|| subject.account().map(|a| picture.others.at(a.index())));
        cell.and_then(|cell| class(&cell.verdict)).unwrap_or(CLASSES - 1)
    };
    let mut classes: [Vec<Subject>; CLASSES] = Default::default();
    for part in rows.chunks(PART) {
        if is_stale() {
            return None;
        }
        let places: Vec<usize> = part.par_iter().map(place).collect();
        for (subject, place) in part.iter().zip(places) {
            classes[place].push(*subject);
        }
    }
    Some(classes.concat())
}

fn by_text(picture: &Picture, rows: &[Subject], by: SortBy, is_stale: &(dyn Fn() -> bool + Sync)) -> Option<Vec<Subject>> {
    let names = picture.name_rules();
    let text = |subject: Subject| -> String {
        let Some(user) = picture.user_of(subject) else { return String::new() };
        let shown = if by == SortBy::Name { picture.name_by(names, &user) } else { picture.user_name_of(&user).unwrap_or_default() };
        let folded = key_form(&shown);
        // As in a telephone book: Ångström stands among the As.
        plain_letters(&folded).unwrap_or_else(|| folded.into_owned())
    };
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
