//! A growing list whose copy is nearly free: what a snapshot is made of.
//!
//! Items lie in leaves of `LEAF`, leaves in nodes of 64. A copy shares all of them; a change copies one leaf and one
//! node if somebody else still holds them, and nothing otherwise. So a snapshot of a million users costs the clone of a few
//! dozen counters, a change after it a few kilobytes, and whoever reads needs no lock. What must stay true: every leaf but
//! the last is full, and the rest of the last one holds default values.

use std::sync::Arc;

const NODE: usize = 64;

type Leaf<T> = Arc<[T]>;

/// A list of `T` with cheap copies. See the module's text. With its two counters a leaf had better be a power of two of bytes:
/// allocators round up.
#[derive(Debug)]
pub struct Paged<T, const LEAF: usize = 256> {
    top: Arc<Vec<Arc<Vec<Leaf<T>>>>>,
    len: usize,
}

impl<T, const LEAF: usize> Clone for Paged<T, LEAF> {
    fn clone(&self) -> Self {
        Paged { top: Arc::clone(&self.top), len: self.len }
    }
}

impl<T, const LEAF: usize> Default for Paged<T, LEAF> {
    fn default() -> Self {
        Paged { top: Arc::new(Vec::new()), len: 0 }
    }
}

impl<T, const LEAF: usize> Paged<T, LEAF> {
    /// How many items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The item at `index`.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        if index >= self.len {
            return None;
        }
        Some(&self.top[index / (LEAF * NODE)][index / LEAF % NODE][index % LEAF])
    }

    /// The leaves, each with the numbers of its items: two lists that share a leaf have the same items in it.
    pub fn leaves(&self) -> impl Iterator<Item = (&Arc<[T]>, std::ops::Range<usize>)> {
        let leaves = self.top.iter().flat_map(|node| node.iter());
        leaves.enumerate().map(|(i, leaf)| (leaf, i * LEAF..self.len.min((i + 1) * LEAF)))
    }

    /// Every item, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.top.iter().flat_map(|node| node.iter()).flat_map(|leaf| leaf.iter()).take(self.len)
    }
}

impl<T: Copy + Default, const LEAF: usize> Paged<T, LEAF> {
    /// The item at `index`, the default one behind the end.
    #[must_use]
    #[inline]
    pub fn at(&self, index: usize) -> T {
        self.get(index).copied().unwrap_or_default()
    }
}

impl<T: Clone + Default, const LEAF: usize> Paged<T, LEAF> {
    /// A list of so many default items.
    #[must_use]
    pub fn of(len: usize) -> Self {
        let mut list = Paged::default();
        list.grow(len);
        list
    }

    /// The item at `index`, to be changed.
    #[inline]
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        if index >= self.len {
            return None;
        }
        let node = Arc::make_mut(&mut Arc::make_mut(&mut self.top)[index / (LEAF * NODE)]);
        Some(&mut Arc::make_mut(&mut node[index / LEAF % NODE])[index % LEAF])
    }

    /// Puts an item at `index`; the list grows if it is shorter.
    pub fn set(&mut self, index: usize, item: T) {
        self.grow(index + 1);
        if let Some(place) = self.get_mut(index) {
            *place = item;
        }
    }

    /// Adds an item.
    pub fn push(&mut self, item: T) {
        self.set(self.len, item);
    }

    /// Makes it at least so long.
    pub fn grow(&mut self, len: usize) {
        let mut room = self.top.last().map_or(0, |last| ((self.top.len() - 1) * NODE + last.len()) * LEAF);
        while room < len {
            room += LEAF;
            let top = Arc::make_mut(&mut self.top);
            match top.last_mut() {
                Some(node) if node.len() < NODE => Arc::make_mut(node).push(vec![T::default(); LEAF].into()),
                _ => top.push(Arc::new(vec![vec![T::default(); LEAF].into()])),
            }
        }
        self.len = self.len.max(len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_list_and_a_copy_does_not_change(steps in prop::collection::vec((any::<bool>(), 0usize..2000, any::<u32>()), 1..200)) {
            let (mut ours, mut plain) = (Paged::<u32>::default(), Vec::new());
            let mut copies = Vec::new();
            for (copies_now, index, item) in steps {
                if copies_now {
                    copies.push((ours.clone(), plain.clone()));
                }
                if plain.len() <= index {
                    plain.resize(index + 1, 0);
                }
                plain[index] = item;
                ours.set(index, item);
                prop_assert_eq!(ours.len(), plain.len());
                prop_assert_eq!(ours.get(plain.len()), None);
            }
            copies.push((ours, plain));
            for (ours, plain) in copies {
                prop_assert_eq!(ours.iter().copied().collect::<Vec<_>>(), plain.clone());
                prop_assert!((0..plain.len()).all(|i| ours.at(i) == plain[i]));
            }
        }
    }

    #[test]
    fn it_grows_over_many_nodes() {
        let mut list: Paged<usize> = Paged::default();
        let n = 256 * NODE * 2 + 3;
        for i in 0..n {
            list.push(i);
        }
        assert!(list.iter().copied().eq(0..n));
    }
}
