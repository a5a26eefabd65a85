//! A page's text walked once, straight into rows: no tree of JSON values, and nothing allocated for an account.
//!
//! It takes the pages that nearly every service sends and refuses every other one: a name twice in an object, in one
//! spelling or in two, an item without id, a list that is none, JSON that is none. Those are read as values by
//! [`super::page`], which is slow, knows what each oddity means, and says what is wrong. What must stay true: a page that
//! is taken here gives what it would give there; a property test holds both equal. What lies in attributes that nobody
//! asked for is skipped without being looked at.

#[macro_use]
mod value;

use super::wanted::{Attribute, Kind, Member, Role, Use, Wanted};
use crate::identity::population::{BatchBuilder, Draft};
use crate::identity::value::{trimmed, truth};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;
use value::{Element, Key, Part, Scalar, Valued};

/// The members of a page around its accounts, as they came.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// `totalResults`.
    pub total: Option<Value>,
    /// `nextCursor`.
    pub next: Option<Value>,
}

/// Walks a page; its accounts go into `rows`. Nothing where it is not a plain one: `rows` may hold some of it then.
pub(super) fn walk(body: &[u8], wanted: &Wanted, rows: &mut BatchBuilder) -> Option<Frame> {
    // Checked once for the whole: the parser then need not check each text.
    let text = std::str::from_utf8(body).ok()?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let mut state = State::new(wanted);
    let frame = Page { state: &mut state, rows }.deserialize(&mut parser).ok()?;
    parser.end().ok()?;
    Some(frame)
}

/// What is kept of the account that is being walked; used again for the next.
struct State<'w> {
    wanted: &'w Wanted,
    text: String,
    values: Vec<(u16, usize, usize)>,
    /// The sub-attributes of the element that is being walked.
    parts: Vec<Part>,
    /// For each use of the attribute: how good the best element so far is, and its value.
    best: Vec<(u8, Part)>,
    /// For each slot, the account that had it last.
    seen: Vec<usize>,
    account: usize,
    id: Part,
    name: Part,
    is_off: bool,
}

impl<'w> State<'w> {
    fn new(wanted: &'w Wanted) -> Self {
        State {
            wanted,
            text: String::new(),
            values: Vec::new(),
            parts: Vec::new(),
            best: Vec::new(),
            seen: vec![0; wanted.slots],
            account: 0,
            id: Part::Absent,
            name: Part::Absent,
            is_off: false,
        }
    }

    fn begin(&mut self) {
        self.text.clear();
        self.values.clear();
        self.account += 1;
        (self.id, self.name, self.is_off) = (Part::Absent, Part::Absent, false);
    }

    /// Moves the account into a row; false if it has no id.
    fn finish(&self, draft: &mut Draft) -> bool {
        let id = match self.id {
            Part::Text(start, end) | Part::Number(start, end, _) if end > start => &self.text[start..end],
            _ => return false,
        };
        let name = match self.name {
            Part::Text(start, end) if !trimmed(&self.text[start..end]).is_empty() => &self.text[start..end],
            _ => "",
        };
        draft.begin(id, name);
        draft.set_off(self.is_off);
        for (column, start, end) in &self.values {
            draft.push(*column, &self.text[*start..*end]);
        }
        for (column, other) in &self.wanted.once {
            draft.remove_repeated(*column, *other);
        }
        true
    }

    /// Takes a value for a column, if it is one.
    fn put(&mut self, column: u16, part: Part) {
        match part {
            Part::Text(start, end) if trimmed(&self.text[start..end]).is_empty() => {}
            Part::Text(start, end) | Part::Number(start, end, _) => self.values.push((column, start, end)),
            Part::Bool(truth) => {
                let start = self.text.len();
                self.text.push_str(if truth { "true" } else { "false" });
                self.values.push((column, start, self.text.len()));
            }
            Part::Absent | Part::Other => {}
        }
    }

    fn is_first_of(&mut self, slot: usize) -> bool {
        std::mem::replace(&mut self.seen[slot], self.account) != self.account
    }

    /// An attribute with one plain value.
    fn single(&mut self, attribute: &Attribute, part: Part) {
        match (attribute.role, part) {
            (Some(Role::Id), part) => self.id = part,
            (Some(Role::Name), part) => self.name = part,
            (Some(Role::Active), Part::Bool(active)) => self.is_off = !active,
            (Some(Role::Active), Part::Text(start, end)) => self.is_off = truth(&self.text[start..end]) == Some(false),
            (Some(Role::Active), Part::Number(_, _, is_zero)) => self.is_off = is_zero,
            _ => {}
        }
        for column in attribute.uses.iter().filter(|u| u.is_value) {
            self.put(column.column, part);
        }
    }

    /// An element of an attribute with several. Its sub-attributes are in `parts`, if it is an object.
    fn element(&mut self, attribute: &Attribute, place: usize, element: Element) {
        for (number, used) in attribute.uses.iter().enumerate() {
            let value = match element {
                Element::Object => self.parts[used.sub],
                Element::Plain(part) if used.is_value => part,
                Element::Plain(_) => Part::Absent,
            };
            if used.which.is_none() {
                self.put(used.column, value);
                continue;
            }
            let rank = self.rank(used, place, element);
            if rank > self.best[number].0 {
                self.best[number] = (rank, value);
            }
        }
    }

    /// How well an element fits a use that chooses one; 0 for not at all.
    fn rank(&self, used: &Use, place: usize, element: Element) -> u8 {
        let first = u8::from(place == 0);
        let (Some(which), Element::Object) = (&used.which, element) else { return first };
        match (self.parts[which.sub], self.parts[which.primary]) {
            (Part::Text(start, end), _) if self.text[start..end].eq_ignore_ascii_case(&which.text) => 3,
            (_, Part::Bool(true)) => 2,
            _ => first,
        }
    }
}

fn unusual<E: Error>() -> E {
    E::custom("not a plain page")
}

/// The levels that have to be an object or a list: whatever else comes is not for us.
macro_rules! level {
    ($level:ident, $value:ty, $deserialize:ident, $expected:literal, |$self:ident, $access:ident: $kind:ident| $visit:ident $body:block) => {
        impl<'de> DeserializeSeed<'de> for $level<'_, '_> {
            type Value = $value;
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<$value, D::Error> {
                deserializer.$deserialize(self)
            }
        }

        impl<'de> Visitor<'de> for $level<'_, '_> {
            type Value = $value;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($expected)
            }
            fn $visit<A: $kind<'de>>($self, mut $access: A) -> Result<$value, A::Error> $body
        }
    };
}

/// A whole page.
struct Page<'s, 'w> {
    state: &'s mut State<'w>,
    rows: &'s mut BatchBuilder,
}

level!(Page, Frame, deserialize_map, "a page", |self, page: MapAccess| visit_map {
    let mut frame = Frame::default();
    let mut has_list = false;
    while let Some(name) = page.next_key_seed(FrameKey)? {
        let member = match name {
            FrameName::Resources if !has_list => {
                has_list = true;
                page.next_value_seed(Accounts { state: &mut *self.state, rows: &mut *self.rows })?;
                continue;
            }
            FrameName::Total if frame.total.is_none() => &mut frame.total,
            FrameName::Next if frame.next.is_none() => &mut frame.next,
            FrameName::Other => {
                page.next_value::<IgnoredAny>()?;
                continue;
            }
            _ => return Err(unusual()),
        };
        *member = Some(page.next_value()?);
    }
    if has_list { Ok(frame) } else { Err(unusual()) }
});

/// The list of accounts.
struct Accounts<'s, 'w> {
    state: &'s mut State<'w>,
    rows: &'s mut BatchBuilder,
}

level!(Accounts, (), deserialize_seq, "a list of accounts", |self, list: SeqAccess| visit_seq {
    let mut draft = Draft::default();
    loop {
        self.state.begin();
        if list.next_element_seed(Account(&mut *self.state))?.is_none() {
            return Ok(());
        }
        if !self.state.finish(&mut draft) {
            return Err(unusual());
        }
        self.rows.push(&mut draft);
    }
});

/// One account.
struct Account<'s, 'w>(&'s mut State<'w>);

level!(Account, (), deserialize_map, "an account", |self, account: MapAccess| visit_map {
    let wanted = self.0.wanted;
    members(self.0, &wanted.members, &mut account)
});

/// The attributes of an extension; one that is no object has none.
struct Extension<'s, 'w> {
    state: &'s mut State<'w>,
    members: &'w [Member],
}

impl<'de> DeserializeSeed<'de> for Extension<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Extension<'_, '_> {
    type Value = ();
    plain!(self, &mut self.state.text, _part => ());
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        IgnoredAny.visit_seq(list).map(drop)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        members(self.state, self.members, &mut object)
    }
}

/// Takes the members of an object that are wanted. No name may come twice.
fn members<'de, 'w, A: MapAccess<'de>>(state: &mut State<'w>, members: &'w [Member], object: &mut A) -> Result<(), A::Error> {
    while let Some(place) = object.next_key_seed(Key(members))? {
        let Some(member) = place.map(|place| &members[place]) else {
            object.next_value::<IgnoredAny>()?;
            continue;
        };
        if !state.is_first_of(member.slot) {
            return Err(unusual());
        }
        match &member.kind {
            Kind::Attribute(attribute) => object.next_value_seed(Valued { state: &mut *state, attribute })?,
            Kind::Extension(members) => object.next_value_seed(Extension { state: &mut *state, members })?,
        }
    }
    Ok(())
}

/// The names of a page that count.
#[derive(Clone, Copy)]
enum FrameName {
    Resources,
    Total,
    Next,
    Other,
}

struct FrameKey;

impl<'de> DeserializeSeed<'de> for FrameKey {
    type Value = FrameName;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<FrameName, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FrameKey {
    type Value = FrameName;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_str<E>(self, key: &str) -> Result<FrameName, E> {
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        Ok(match () {
            () if is("Resources") => FrameName::Resources,
            () if is("totalResults") => FrameName::Total,
            () if is("nextCursor") => FrameName::Next,
            () => FrameName::Other,
        })
    }
}

#[cfg(test)]
mod tests;
