//! Numbers in another order, there and back in constant time: nothing is stored, and every number comes once.

/// Scatters the bits of a number (the finalizer of SplitMix64, Steele and others 2014).
pub(super) fn scattered(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

/// A permutation of `0..len`: a Feistel network over the next even power of two, walked until it comes back into the range
/// (Black and Rogaway 2002).
#[derive(Debug, Clone, Copy)]
pub(super) struct Shuffle {
    len: u64,
    half: u32,
    keys: [u64; 4],
}

impl Shuffle {
    pub(super) fn new(len: usize, seed: u64) -> Self {
        let len = len as u64;
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        Shuffle { len, half: bits.div_ceil(2).max(1), keys: [1, 2, 3, 4].map(|i| scattered(seed.wrapping_mul(8).wrapping_add(i))) }
    }

    /// Which number stands at `place`, which is below the length.
    pub(super) fn at(&self, place: usize) -> usize {
        self.walk(place, |n| self.keys.iter().fold(n, |n, key| self.round(n, *key)))
    }

    /// Where a number stands.
    pub(super) fn place_of(&self, number: usize) -> usize {
        // Turned around, the network with its keys backwards undoes itself.
        let turn = |n: u64| n >> self.half | (n & self.mask()) << self.half;
        self.walk(number, |n| turn(self.keys.iter().rev().fold(turn(n), |n, key| self.round(n, *key))))
    }

    fn mask(&self) -> u64 {
        (1 << self.half) - 1
    }

    fn round(&self, n: u64, key: u64) -> u64 {
        let (left, right) = (n >> self.half, n & self.mask());
        right << self.half | (left ^ scattered(right ^ key) & self.mask())
    }

    fn walk(&self, from: usize, step: impl Fn(u64) -> u64) -> usize {
        let mut n = step(from as u64);
        while n >= self.len {
            n = step(n);
        }
        usize::try_from(n).expect("it is below a length that was a usize")
    }
}

const BITS_48: u64 = (1 << 48) - 1;
const FACTOR: u64 = 0x9e37_79b9_7f4b;
/// What undoes the factor: an odd number has an inverse modulo a power of two, found by Newton's steps.
const INVERSE: u64 = {
    let (mut inverse, mut step) = (FACTOR, 0);
    while step < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(FACTOR.wrapping_mul(inverse)));
        step += 1;
    }
    inverse & BITS_48
};

/// A number below 2^48 as another one that does not tell it.
pub(super) fn hidden(n: u64, key: u64) -> u64 {
    let n = (n ^ key & BITS_48).wrapping_mul(FACTOR) & BITS_48;
    let n = (n ^ n >> 24).wrapping_mul(FACTOR) & BITS_48;
    n ^ n >> 24
}

/// The number that was hidden.
pub(super) fn revealed(n: u64, key: u64) -> u64 {
    let n = (n ^ n >> 24).wrapping_mul(INVERSE) & BITS_48;
    let n = (n ^ n >> 24).wrapping_mul(INVERSE) & BITS_48;
    n ^ key & BITS_48
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_shuffle_has_everybody_once_and_knows_where(len in 1usize..3_000, seed in any::<u64>()) {
            let shuffle = Shuffle::new(len, seed);
            let mut seen = vec![false; len];
            for place in 0..len {
                let number = shuffle.at(place);
                prop_assert!(!std::mem::replace(&mut seen[number], true), "{number} comes twice");
                prop_assert_eq!(shuffle.place_of(number), place);
            }
        }

        #[test]
        fn what_was_hidden_is_revealed(n in 0u64..1 << 48, key in any::<u64>()) {
            prop_assert_eq!(revealed(hidden(n, key), key), n);
        }
    }
}
