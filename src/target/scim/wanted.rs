//! What is wanted of a resource, as a tree by the names that its JSON uses: what [`super::walk`] follows.

use super::super::path::Path;

/// A name of the tree, and what lies below it.
pub(super) trait Named {
    /// As paths spell it; services may use any letter case.
    fn name(&self) -> &str;
}

/// The place of the member that a key names, in any letter case.
pub(super) fn place_of<N: Named>(members: &[N], key: &str) -> Option<usize> {
    members.iter().position(|m| m.name().len() == key.len() && m.name().eq_ignore_ascii_case(key))
}

/// The members of a resource that are wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub members: Vec<Member>,
    /// How many attributes and extensions there are, below all members.
    pub slots: usize,
    /// A value of the first column is not kept where the second one has it too.
    pub once: Vec<(u16, u16)>,
}

/// A member of a resource, or of an extension.
#[derive(Debug, Clone)]
pub(super) struct Member {
    name: Box<str>,
    /// Its number among all of the tree.
    pub slot: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Attribute(Attribute),
    /// The attributes of an extension, under its URN.
    Extension(Vec<Member>),
}

/// An attribute, and for what it is read.
#[derive(Debug, Clone, Default)]
pub(super) struct Attribute {
    pub role: Option<Role>,
    pub uses: Vec<Use>,
    /// The sub-attributes that are looked at.
    pub subs: Vec<Sub>,
}

/// What an attribute is to every account, mapped or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Id,
    Name,
    Active,
}

/// A column that an attribute fills.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub column: u16,
    /// The sub-attribute with the value.
    pub sub: usize,
    /// That is `value`, which services also leave out: `[x]` for `[{"value": x}]`.
    pub is_value: bool,
    /// Which element it is, where one is chosen.
    pub which: Option<Which>,
}

/// How one element of several is chosen: by a sub-attribute's text, else the primary one, else the first.
#[derive(Debug, Clone)]
pub(super) struct Which {
    pub sub: usize,
    pub text: Box<str>,
    pub primary: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Sub(Box<str>);

impl Named for Member {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for Sub {
    fn name(&self) -> &str {
        &self.0
    }
}

impl Wanted {
    /// The tree for these paths, path number `i` filling column `i`. Nothing where two of them spell one name in different
    /// letter cases: then it depends on each which of a resource's spellings is the exact one.
    pub fn of(paths: &[Path]) -> Option<Self> {
        let mut wanted = Wanted { members: Vec::new(), slots: 0, once: Vec::new() };
        for (name, role) in [("id", Role::Id), ("userName", Role::Name), ("active", Role::Active)] {
            wanted.attribute(None, name)?.role = Some(role);
        }
        for (column, path) in (0u16..).zip(paths) {
            let attribute = wanted.attribute(path.schema.as_deref(), &path.attribute)?;
            let sub = path.sub.as_deref().unwrap_or("value");
            let is_value = sub.eq_ignore_ascii_case("value");
            let sub = attribute.sub(sub)?;
            let which = match &path.which {
                None => None,
                Some((name, text)) => {
                    Some(Which { sub: attribute.sub(name)?, text: text.as_str().into(), primary: attribute.sub("primary")? })
                }
            };
            attribute.uses.push(Use { column, sub, is_value, which });
        }
        Some(wanted)
    }

    fn attribute(&mut self, schema: Option<&str>, name: &str) -> Option<&mut Attribute> {
        let Wanted { members, slots, .. } = self;
        let members = match schema {
            None => members,
            Some(urn) => match &mut member(members, urn, slots, || Kind::Extension(Vec::new()))?.kind {
                Kind::Extension(members) => members,
                Kind::Attribute(_) => return None,
            },
        };
        match &mut member(members, name, slots, || Kind::Attribute(Attribute::default()))?.kind {
            Kind::Attribute(attribute) => Some(attribute),
            Kind::Extension(_) => None,
        }
    }
}

/// The member of this name, a new one if there is none; nothing if there is one in another letter case.
fn member<'m>(members: &'m mut Vec<Member>, name: &str, slots: &mut usize, new: impl Fn() -> Kind) -> Option<&'m mut Member> {
    let place = place_of(members, name).unwrap_or_else(|| {
        members.push(Member { name: name.into(), slot: *slots, kind: new() });
        *slots += 1;
        members.len() - 1
    });
    Some(&mut members[place]).filter(|member| &*member.name == name)
}

impl Attribute {
    fn sub(&mut self, name: &str) -> Option<usize> {
        let place = place_of(&self.subs, name).unwrap_or_else(|| {
            self.subs.push(Sub(name.into()));
            self.subs.len() - 1
        });
        Some(place).filter(|place| &*self.subs[*place].0 == name)
    }
}
