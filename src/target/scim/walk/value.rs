//! The inner levels of an account: a value in whatever shape a service gives it.

use super::super::wanted::{Attribute, Named, place_of};
use super::{State, unusual};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt::{self, Write as _};

/// A value that a column may take, its text in the state's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The name did not come.
    Absent,
    Text(usize, usize),
    /// A number as text, and whether it is a whole zero.
    Number(usize, usize, bool),
    Bool(bool),
    /// Null, a list, an object.
    Other,
}

/// One element of a list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Element {
    Object,
    Plain(Part),
}

/// A key, as the place of the member that it names.
pub(super) struct Key<'k, N>(pub &'k [N]);

impl<'de, N: Named> DeserializeSeed<'de> for Key<'_, N> {
    type Value = Option<usize>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<N: Named> Visitor<'_> for Key<'_, N> {
    type Value = Option<usize>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    #[inline]
    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(place_of(self.0, key))
    }
}

/// Any value, as the part that it is; its text goes to the end of the buffer.
pub(super) struct Scalar<'s>(pub &'s mut String);

impl Scalar<'_> {
    pub fn number(self, n: impl fmt::Display, is_zero: bool) -> Part {
        let start = self.0.len();
        let _ = write!(self.0, "{n}");
        Part::Number(start, self.0.len(), is_zero)
    }

    pub fn text(self, text: &str) -> Part {
        let start = self.0.len();
        self.0.push_str(text);
        Part::Text(start, self.0.len())
    }

    pub fn fraction(self, n: f64) -> Part {
        match serde_json::Number::from_f64(n) {
            Some(n) => self.number(n, false),
            None => Part::Other,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Scalar<'_> {
    type Value = Part;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Part, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// The methods of a visitor for plain values, each by `$made`, a function of the visitor and the part.
macro_rules! plain {
    ($self:ident, $buffer:expr, $part:ident => $made:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a part of an account")
        }
        #[inline]
        fn visit_str<E>($self, text: &str) -> Result<Self::Value, E> {
            let $part = Scalar($buffer).text(text);
            Ok($made)
        }
        fn visit_bool<E>($self, truth: bool) -> Result<Self::Value, E> {
            let $part = Part::Bool(truth);
            Ok($made)
        }
        fn visit_u64<E>($self, n: u64) -> Result<Self::Value, E> {
            let $part = Scalar($buffer).number(n, n == 0);
            Ok($made)
        }
        fn visit_i64<E>($self, n: i64) -> Result<Self::Value, E> {
            let $part = Scalar($buffer).number(n, n == 0);
            Ok($made)
        }
        fn visit_f64<E>($self, n: f64) -> Result<Self::Value, E> {
            let $part = Scalar($buffer).fraction(n);
            Ok($made)
        }
        fn visit_unit<E>($self) -> Result<Self::Value, E> {
            let $part = Part::Other;
            Ok($made)
        }
    };
}

impl<'de> Visitor<'de> for Scalar<'_> {
    type Value = Part;
    plain!(self, self.0, part => part);
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Part, A::Error> {
        IgnoredAny.visit_seq(list).map(|_| Part::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Part, A::Error> {
        IgnoredAny.visit_map(object).map(|_| Part::Other)
    }
}

/// The sub-attributes of an object, into the state's parts.
fn subs<'de, A: MapAccess<'de>>(state: &mut State<'_>, attribute: &Attribute, mut object: A) -> Result<(), A::Error> {
    state.parts.clear();
    state.parts.resize(attribute.subs.len(), Part::Absent);
    while let Some(place) = object.next_key_seed(Key(&attribute.subs))? {
        let Some(place) = place else {
            object.next_value::<IgnoredAny>()?;
            continue;
        };
        if state.parts[place] != Part::Absent {
            return Err(unusual());
        }
        state.parts[place] = object.next_value_seed(Scalar(&mut state.text))?;
    }
    Ok(())
}

/// The value of an attribute, taken into the state.
pub(super) struct Valued<'s, 'w> {
    pub state: &'s mut State<'w>,
    pub attribute: &'w Attribute,
}

impl<'de> DeserializeSeed<'de> for Valued<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Valued<'_, '_> {
    type Value = ();
    plain!(self, &mut self.state.text, part => self.state.single(self.attribute, part));
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        subs(self.state, self.attribute, object)?;
        for used in &self.attribute.uses {
            self.state.put(used.column, self.state.parts[used.sub]);
        }
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Valued { state, attribute } = self;
        state.best.clear();
        state.best.resize(attribute.uses.len(), (0, Part::Absent));
        let mut place = 0;
        while let Some(element) = list.next_element_seed(Listed { state: &mut *state, attribute })? {
            state.element(attribute, place, element);
            place += 1;
        }
        for (number, used) in attribute.uses.iter().enumerate() {
            state.put(used.column, state.best[number].1);
        }
        Ok(())
    }
}

/// An element of the list that is an attribute's value.
struct Listed<'s, 'w> {
    state: &'s mut State<'w>,
    attribute: &'w Attribute,
}

impl<'de> DeserializeSeed<'de> for Listed<'_, '_> {
    type Value = Element;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Element, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Listed<'_, '_> {
    type Value = Element;
    plain!(self, &mut self.state.text, part => Element::Plain(part));
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Element, A::Error> {
        subs(self.state, self.attribute, object).map(|()| Element::Object)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Element, A::Error> {
        IgnoredAny.visit_seq(list).map(|_| Element::Plain(Part::Other))
    }
}
