//! What is typed as a search: words that must be somewhere, and terms like `situation:leaving`, `title:chief` or `-action:none`
//! that narrow it down.
//!
//! A term's name is one of a few, or a field of the mapping, or an attribute that was read. What has another name in front of its
//! colon is a word like any other: nobody has to quote a URN. A term whose value nobody could have finds nobody, and is said.

use super::search::Words;
use crate::engine::picture::Picture;
use crate::engine::picture::cell::{field_bit, problem_bit};
use crate::identity::population::{Population, RowIx};
use crate::identity::value::key_form;
use crate::mapping::functions::plain_letters as plain;
use crate::model::{Action, ProblemCode, Reason, Situation, Subject};

/// A search, taken apart.
pub(super) struct Terms {
    /// What has to be somewhere.
    pub words: Words,
    tests: Vec<Test>,
    /// What nobody could have: why.
    pub wrong: Option<String>,
}

/// One term.
struct Test {
    /// It must not be so.
    not: bool,
    what: What,
}

enum What {
    Situation(Vec<Situation>),
    Action(Vec<Action>),
    Reason(Vec<Reason>),
    Problem(u16),
    Differs(u64),
    Value(Value),
}

/// A text in some columns of either side, or in what they are named by.
#[derive(Default)]
struct Value {
    text: String,
    ours: Vec<u16>,
    theirs: Vec<u16>,
    names: bool,
    dns: bool,
    ids: bool,
}

impl Terms {
    /// Takes a text apart, for what was read.
    pub fn of(text: &str, picture: &Picture) -> Self {
        let (mut words, mut tests, mut wrong) = (String::new(), Vec::new(), None);
        for token in tokens(text) {
            let (not, plain) = token.strip_prefix('-').map_or((false, token.as_str()), |rest| (true, rest));
            let what = plain.split_once(':').and_then(|(name, value)| what(&name.to_lowercase(), value, picture));
            match what {
                Some(Ok(Some(what))) => tests.push(Test { not, what }),
                // Its value is still being typed.
                Some(Ok(None)) => {}
                Some(Err(why)) => wrong = Some(why),
                None => words.extend([" ", token.as_str()]),
            }
        }
        Terms { words: Words::of(&words), tests, wrong }
    }

    /// True if nobody is asked anything.
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty() && self.wrong.is_none()
    }

    /// True if all terms are so of somebody.
    pub fn fit(&self, picture: &Picture, subject: Subject) -> bool {
        self.wrong.is_none() && self.tests.iter().all(|test| test.what.is_so(picture, subject) != test.not)
    }
}

/// The parts between blanks; in quotes a blank is a part of it.
fn tokens(text: &str) -> Vec<String> {
    let (mut tokens, mut token, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => tokens.extend(Some(std::mem::take(&mut token)).filter(|t| !t.is_empty())),
            c => token.push(c),
        }
    }
    tokens.extend(Some(token).filter(|t| !t.is_empty()));
    tokens
}

/// Every one of `all` whose name begins with one of the parts of `value` between commas; nothing while nothing is typed.
fn named<T: Copy>(kind: &str, value: &str, all: &[T], names: impl Fn(T) -> [&'static str; 2]) -> Result<Option<Vec<T>>, String> {
    let like = |text: &str| text.to_lowercase().replace(['_', '-'], " ");
    let mut found = Vec::new();
    for part in value.split(',').map(like).filter(|p| !p.trim().is_empty()) {
        let before = found.len();
        found.extend(all.iter().copied().filter(|one| names(*one).iter().any(|name| like(name).starts_with(&part))));
        if found.len() == before {
            let known: Vec<&str> = all.iter().map(|one| names(*one)[0]).collect();
            return Err(format!("there is no {kind} {part}: {}", known.join(", ")));
        }
    }
    Ok(Some(found).filter(|f| !f.is_empty()))
}

/// What a term asks; nothing if that is not the name of one.
fn what(name: &str, value: &str, picture: &Picture) -> Option<Result<Option<What>, String>> {
    let told = match name {
        "situation" => named(name, value, &Situation::ALL, |s| [s.code(), s.words()]).map(|l| l.map(What::Situation)),
        "action" => named(name, value, &Action::ALL, |a| [a.code(), a.code()]).map(|l| l.map(What::Action)),
        "reason" => named(name, value, Reason::ALL, |r| [r.code(), r.words()]).map(|l| l.map(What::Reason)),
        "problem" => named(name, value, ProblemCode::ALL, |p| [p.code(), p.code()])
            .map(|l| l.map(|l| What::Problem(l.into_iter().fold(0, |bits, p| bits | problem_bit(p))))),
        "differs" => differs(value, picture),
        _ => return Value::of(name, value, picture).map(|v| Ok(Some(What::Value(v)).filter(|_| !value.trim().is_empty()))),
    };
    Some(told)
}

fn differs(value: &str, picture: &Picture) -> Result<Option<What>, String> {
    let value = value.to_lowercase();
    if value.is_empty() {
        return Ok(None);
    }
    let rules = picture.rules().rules().iter().enumerate();
    let bits = rules.filter(|(_, r)| r.field.name.to_lowercase().starts_with(&value)).fold(0, |bits, (i, _)| bits | field_bit(i));
    if bits == 0 { Err(format!("no rule fills a field {value}")) } else { Ok(Some(What::Differs(bits))) }
}

impl Value {
    fn of(name: &str, value: &str, picture: &Picture) -> Option<Self> {
        let folded = key_form(value).into_owned();
        let mut of = Value { text: folded, ..Value::default() };
        match name {
            "dn" => return Some(Value { dns: true, ..of }),
            "id" => return Some(Value { ids: true, ..of }),
            _ => {}
        }
        let rules = picture.rules().rules();
        let secret = |column: &u16| rules.iter().any(|r| r.masked && r.program.iter().any(|p| p.attributes().contains(column)));
        let mut is_one = false;
        for (index, rule) in (0u16..).zip(rules) {
            if rule.field.name.to_lowercase() != name && rule.field.path.to_lowercase() != name {
                continue;
            }
            is_one = true;
            if rule.masked {
                continue;
            }
            of.theirs.push(index);
            of.names |= usize::from(index) == picture.rules().match_rule() && picture.shows_names();
            of.ours.extend(rule.program.iter().flat_map(|p| p.attributes().iter().copied()));
        }
        let column = picture.entries().schema().column(name);
        of.ours.extend(column);
        of.ours.retain(|c| !secret(c));
        (is_one || column.is_some()).then_some(of)
    }

    fn is_in(&self, value: &str) -> bool {
        let folded = key_form(value);
        // Whoever has no such keyboard finds them too.
        folded.contains(&self.text) || plain(&folded).is_some_and(|plain| plain.contains(&self.text))
    }

    fn is_of(&self, people: &Population, row: Option<RowIx>, columns: &[u16], named: bool) -> bool {
        let Some(row) = row.map(|row| people.row(row)) else { return false };
        columns.iter().any(|column| row.all(*column).any(|value| self.is_in(value)))
            || (named && self.is_in(row.name()))
            || (self.ids && self.is_in(row.id()))
    }
}

impl What {
    fn is_so(&self, picture: &Picture, subject: Subject) -> bool {
        let (cell, mask) = match (subject.entry(), subject.account()) {
            (Some(row), _) => (picture.people.at(row.index()), picture.masks.at(row.index())),
            (None, Some(row)) => (picture.others.at(row.index()), 0),
            (None, None) => return false,
        };
        let verdict = &cell.verdict;
        match self {
            What::Situation(of) => of.contains(&verdict.situation),
            What::Action(of) => of.contains(&verdict.action),
            What::Reason(of) => verdict.reason.is_some_and(|reason| of.contains(&reason)),
            What::Problem(bits) => cell.problems & bits != 0,
            What::Differs(bits) => cell.account().is_some() && mask & bits != 0,
            What::Value(value) => {
                let account = if subject.entry().is_some() { cell.account() } else { subject.account() };
                value.is_of(picture.entries(), subject.entry(), &value.ours, value.dns)
                    || value.is_of(picture.accounts(), account, &value.theirs, value.names)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_part_and_quotes_hold_together() {
        assert_eq!(tokens(r#"  kim title:"vice president" -a  ""#), ["kim", "title:vice president", "-a"]);
        assert!(tokens(" \t\" ").iter().all(|t| t.trim().is_empty()));
    }

    #[test]
    fn names_are_found_by_how_they_begin_and_what_is_none_is_said() {
        let of = |value| named("situation", value, &Situation::ALL, |s| [s.code(), s.words()]);
        assert_eq!(of("leav"), Ok(Some(vec![Situation::Leaving])));
        assert_eq!(of("in-sync,NEW"), Ok(Some(vec![Situation::InSync, Situation::New])));
        assert_eq!(of("in sy"), Ok(Some(vec![Situation::InSync])));
        assert_eq!(of(""), Ok(None));
        assert!(of("gone").is_err_and(|why| why.starts_with("there is no situation gone: ")));
    }
}
