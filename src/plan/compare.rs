//! One rule for one user: what the account should have against what it has, as a word.
//!
//! Twelve rules and a million users are compared whenever both sides have been read, after every edit of a rule and for
//! every user who changed. So nothing is allocated for the usual cases: the value is borrowed from the entry or lies in a
//! buffer that is used again, and it is compared where the account's text lies. What must stay true: the word is the one
//! that `Rules::desired`, [`diff::check`] and [`diff::same`] come to, which make the rows that people see.

use super::diff;
use crate::config::WhenMissing;
use crate::identity::population::Row;
use crate::identity::value::{Datum, key_form_hash, key_hash, trimmed, truth};
use crate::mapping::{Attributes, Context, EvalError, Rule, Rules, Seen, Value};
use crate::model::ProblemCode;
use crate::model::field::FieldKind;

/// What comparing one field came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Whatever the account has stays: the rule is for creates only, or keeps it.
    Left,
    /// The account has what it should have.
    Same,
    /// It has something else, or there is no account yet.
    Differs,
    /// It has a value, and should have none.
    Clears,
    /// It differs, and can't be changed after the create.
    Fixed,
    /// The rule gives no value that could be sent.
    Problem(ProblemCode),
}

/// Compares what rule number `index` wants for `entry` with what `account` has in column `index` (the name, for `userName`).
/// `resolve` finds the account id of the person that a reference names; an error says why there is none.
pub fn compare<'a>(
    rules: &'a Rules,
    index: usize,
    entry: Row<'a>,
    account: Option<Row<'a>>,
    cx: &'a Context,
    resolve: &impl Fn(&str) -> Result<String, String>,
) -> Outcome {
    let rule = &rules.rules()[index];
    if account.is_some() && rule.create_only {
        return Outcome::Left;
    }
    // The other problems of a key are problems of the value too.
    if index == rules.match_rule() && rules.has_several_keys(entry) {
        return Outcome::Problem(ProblemCode::SeveralValues);
    }
    let is_name = rules.user_name() == Some(index);
    let stored = account.map(|row| Stored { row, column: u16::try_from(index).ok(), is_name });
    let turn = Turn { rule, account: stored, resolve };
    match &rule.program {
        None => turn.missing(),
        Some(program) => program.view(entry, cx, |seen| match seen {
            Ok(Seen::Value(value)) => turn.value(value),
            Ok(Seen::Built(text)) => turn.text(text),
            Err(_) => Outcome::Problem(ProblemCode::MappingError),
        }),
    }
}

/// Whether an account that has what `old` wants differs from what `new` wants, by the entry alone: nothing where that takes a
/// look at the account. Both are for the same field and differ in nothing but the expression.
///
/// Most users have what they should have. For them an edited rule has to be held against the one before it, and the account,
/// which lies elsewhere in memory, need not be asked. `text` is room for a value.
pub fn differs_from_before<'a>(old: &'a Rule, new: &'a Rule, entry: Row<'a>, cx: &'a Context, text: &mut String) -> Option<bool> {
    let (Some(before), Some(now)) = (&old.program, &new.program) else { return None };
    let wants = |seen: Result<Seen<'_, '_>, EvalError>, then: &mut dyn FnMut(Option<&str>) -> Option<bool>| match seen {
        Ok(Seen::Value(Value::Text(text))) => then(Some(trimmed(&text)).filter(|text| !text.is_empty())),
        Ok(Seen::Built(text)) => then(Some(trimmed(text)).filter(|text| !text.is_empty())),
        Ok(Seen::Value(Value::Missing)) => then(None),
        _ => None,
    };
    text.clear();
    let had = before.view(entry, cx, |seen| {
        wants(seen, &mut |value| {
            text.push_str(value.unwrap_or_default());
            Some(value.is_some())
        })
    })?;
    let had = had.then_some(text.as_str());
    now.view(entry, cx, |seen| {
        wants(seen, &mut |value| match (had, value) {
            _ if had == value => Some(false).filter(|_| value.is_some() || new.when_missing == WhenMissing::Clear),
            // A value for a field of another kind, or one that breaks the field's rule, is told by who looks at everything.
            (Some(had), Some(value)) if new.field.kind == FieldKind::Text && diff::fits(&new.field, value) => {
                let differs = !diff::alike(value, had, new.folds());
                Some(differs).filter(|differs| !differs || !new.field.immutable)
            }
            _ => None,
        })
    })
}

/// What tells a text from others: those that are alike for a field have the same one. 0 for none.
pub type Mark = u32;

/// True if a mark can tell what a rule differs in: one text a user, which may be changed at any time.
#[must_use]
pub fn can_be_marked(rules: &Rules, index: usize) -> bool {
    let rule = &rules.rules()[index];
    let is_name = index == rules.match_rule() || rules.user_name() == Some(index);
    rule.field.kind == FieldKind::Text && !rule.field.multi && !rule.field.immutable && !rule.create_only && !is_name
}

/// The mark of what an account has in column `index`.
#[must_use]
pub fn mark_of(account: Row<'_>, index: usize, folds: bool) -> Mark {
    let stored = Stored { row: account, column: u16::try_from(index).ok(), is_name: false };
    stored.text().map_or(0, |text| mark(text, folds))
}

#[expect(clippy::cast_possible_truncation, reason = "half of it tells enough: where marks are equal the texts are asked")]
fn mark(text: &str, folds: bool) -> Mark {
    if folds { key_form_hash(text).unwrap_or(0) as Mark } else { key_hash(trimmed(text)) as Mark }
}

/// True if what a rule wants for `entry` surely differs from what an account has whose mark is this, and there is nothing else to
/// say about it. The rule is one that [`can_be_marked`].
#[must_use]
pub fn differs_from_mark<'a>(rule: &'a Rule, entry: impl Attributes<'a>, cx: &'a Context, has: Mark) -> bool {
    let Some(program) = &rule.program else { return false };
    let differs = |text: &str| {
        let text = trimmed(text);
        !text.is_empty() && diff::fits(&rule.field, text) && mark(text, rule.folds()) != has
    };
    program.view(entry, cx, |seen| match seen {
        Ok(Seen::Value(Value::Text(text))) => differs(&text),
        Ok(Seen::Built(text)) => differs(text),
        _ => false,
    })
}

/// What an account has of one field.
#[derive(Clone, Copy)]
struct Stored<'a> {
    row: Row<'a>,
    /// Nothing for what lies beyond the columns.
    column: Option<u16>,
    is_name: bool,
}

impl<'a> Stored<'a> {
    /// The one value of a field that takes one, or the name.
    fn text(self) -> Option<&'a str> {
        let text = if self.is_name { Some(self.row.name()) } else { self.column.and_then(|column| self.row.first(column)) };
        text.map(trimmed).filter(|text| !text.is_empty())
    }

    /// The values of a field that takes several.
    fn texts(self) -> Vec<&'a str> {
        let Some(column) = self.column else { return Vec::new() };
        self.row.all(column).map(trimmed).filter(|text| !text.is_empty()).collect()
    }

    /// As the value that the rows are made of.
    fn datum(self, rule: &Rule) -> Datum {
        if self.is_name {
            return Datum::text(self.row.name());
        }
        self.column.map_or(Datum::Unassigned, |column| diff::typed(&rule.field, self.row.all(column)))
    }
}

/// One rule for one user.
struct Turn<'t, R> {
    rule: &'t Rule,
    account: Option<Stored<'t>>,
    resolve: &'t R,
}

impl<R: Fn(&str) -> Result<String, String>> Turn<'_, R> {
    #[inline]
    fn value(&self, value: Value<'_>) -> Outcome {
        match value {
            Value::Text(text) => self.text(&text),
            Value::Missing => self.missing(),
            Value::Keep => self.kept(),
            Value::Clear => self.cleared(),
            Value::Bool(truth) if self.rule.field.kind == FieldKind::Bool => self.flag(truth),
            Value::Int(n) if self.rule.field.kind == FieldKind::Int => self.number(n),
            Value::Bool(truth) => self.text(word(truth)),
            Value::Int(n) => self.text(&n.to_string()),
            Value::List(list) => {
                let texts: Vec<&str> = list.iter().map(|text| trimmed(text)).filter(|text| !text.is_empty()).collect();
                match (self.rule.field.multi, texts.as_slice()) {
                    (_, []) => self.missing(),
                    (true, texts) => self.several(texts),
                    (false, [only]) => self.text(only),
                    // One of them would have to be chosen.
                    (false, _) => Outcome::Problem(ProblemCode::InvalidValue),
                }
            }
        }
    }

    /// A text that the expression gave, in the type that the field takes.
    #[inline]
    fn text(&self, text: &str) -> Outcome {
        let text = trimmed(text);
        if text.is_empty() {
            return self.missing();
        }
        if self.rule.field.multi {
            return self.several(&[text]);
        }
        let invalid = Outcome::Problem(ProblemCode::InvalidValue);
        match self.rule.field.kind {
            FieldKind::Text | FieldKind::Reference => self.settled(text),
            FieldKind::Bool => truth(text).map_or(invalid, |truth| self.flag(truth)),
            FieldKind::Int => text.parse().map_or(invalid, |n| self.number(n)),
        }
    }

    /// The expression gave nothing.
    fn missing(&self) -> Outcome {
        match (&self.rule.default, self.rule.when_missing) {
            (Some(Datum::Unassigned), _) | (None, WhenMissing::Clear) => self.cleared(),
            (Some(Datum::Text(text)), _) => self.settled(text),
            (Some(Datum::Bool(truth)), _) => self.flag(*truth),
            (Some(Datum::Int(n)), _) => self.number(*n),
            (Some(several @ Datum::Many(_)), _) => self.datum(several.clone()),
            (None, WhenMissing::Keep) => self.kept(),
        }
    }

    fn kept(&self) -> Outcome {
        // Nothing is there yet to be kept.
        if self.account.is_none() && self.rule.required { Outcome::Problem(ProblemCode::MissingRequired) } else { Outcome::Left }
    }

    fn cleared(&self) -> Outcome {
        if self.rule.required {
            return Outcome::Problem(ProblemCode::MissingRequired);
        }
        let has_one = self.account.is_some_and(|stored| {
            if self.rule.field.multi && !stored.is_name { !stored.texts().is_empty() } else { stored.text().is_some() }
        });
        match (has_one, self.rule.field.immutable) {
            (false, _) => Outcome::Same,
            (true, true) => Outcome::Fixed,
            (true, false) => Outcome::Clears,
        }
    }

    /// A text that is what the field wants, but for the person whom it may name.
    #[inline]
    fn settled(&self, text: &str) -> Outcome {
        if self.rule.field.kind == FieldKind::Reference {
            return match (self.resolve)(text) {
                Ok(id) => self.plain(&id),
                Err(_) => Outcome::Problem(ProblemCode::Unresolved),
            };
        }
        self.plain(text)
    }

    #[inline]
    fn plain(&self, text: &str) -> Outcome {
        if !diff::fits(&self.rule.field, text) {
            return Outcome::Problem(ProblemCode::InvalidValue);
        }
        self.told(|from| diff::alike(text, from, self.folds()))
    }

    fn flag(&self, wanted: bool) -> Outcome {
        if self.rule.field.multi {
            return self.datum(Datum::Bool(wanted));
        }
        let is_name = self.account.is_some_and(|stored| stored.is_name);
        self.told(|from| match truth(from) {
            Some(truth) if !is_name => truth == wanted,
            _ => diff::alike(word(wanted), from, self.folds()),
        })
    }

    fn number(&self, wanted: i64) -> Outcome {
        if self.rule.field.multi {
            return self.datum(Datum::Int(wanted));
        }
        let is_name = self.account.is_some_and(|stored| stored.is_name);
        self.told(|from| match from.parse::<i64>() {
            Ok(n) if !is_name => n == wanted,
            _ => diff::alike(&wanted.to_string(), from, self.folds()),
        })
    }

    /// Several values: a set.
    fn several(&self, texts: &[&str]) -> Outcome {
        // Beyond this a comparison of each with each costs more than sorting them.
        const MANY: usize = 16;
        let is_plain = self.rule.field.kind != FieldKind::Reference && texts.len() <= MANY;
        let stored: Vec<&str> = match self.account {
            Some(stored) if stored.is_name || !is_plain => return self.datum(many(texts)),
            Some(stored) => stored.texts(),
            None if !is_plain => return self.datum(many(texts)),
            None => Vec::new(),
        };
        if stored.len() > MANY {
            return self.datum(many(texts));
        }
        if !texts.iter().all(|text| diff::fits(&self.rule.field, text)) {
            return Outcome::Problem(ProblemCode::InvalidValue);
        }
        let has = |all: &[&str], one: &str| all.iter().any(|other| diff::alike(one, other, self.folds()));
        let same = texts.iter().all(|text| has(&stored, text)) && stored.iter().all(|text| has(texts, text));
        if same { Outcome::Same } else { self.differs() }
    }

    /// Any value, the long way: as the rows are made.
    fn datum(&self, wanted: Datum) -> Outcome {
        let field = &self.rule.field;
        let wanted = if field.kind == FieldKind::Reference {
            match (self.resolve)(&wanted.plain()) {
                Ok(id) => Datum::Text(id),
                Err(_) => return Outcome::Problem(ProblemCode::Unresolved),
            }
        } else {
            wanted
        };
        if diff::check(field, &wanted).is_err() {
            return Outcome::Problem(ProblemCode::InvalidValue);
        }
        let from = self.account.map_or(Datum::Unassigned, |stored| stored.datum(self.rule));
        if diff::same(field, self.rule.case_exact, &from, &wanted) { Outcome::Same } else { self.differs() }
    }

    /// Whether the account's one value is as it should be, by `same`.
    #[inline]
    fn told(&self, same: impl FnOnce(&str) -> bool) -> Outcome {
        let from = self.account.and_then(Stored::text);
        if from.is_some_and(same) { Outcome::Same } else { self.differs() }
    }

    fn differs(&self) -> Outcome {
        if self.account.is_some() && self.rule.field.immutable { Outcome::Fixed } else { Outcome::Differs }
    }

    fn folds(&self) -> bool {
        self.rule.folds()
    }
}

fn word(truth: bool) -> &'static str {
    if truth { "true" } else { "false" }
}

fn many(texts: &[&str]) -> Datum {
    Datum::Many(texts.iter().map(|text| (*text).to_owned()).collect())
}

#[cfg(test)]
mod tests;
