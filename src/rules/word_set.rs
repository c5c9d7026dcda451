//! A set of word numbers that is mostly asked for what it does not have: a few bits answer most questions before the
//! set itself is looked into.

use rustc_hash::FxHashSet;

/// A set of word and phrase numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct WordSet {
    /// A bit for each hashed number.
    bits: [u64; 4],
    set: FxHashSet<u32>,
}

impl WordSet {
    const fn place(number: u32) -> (usize, u32) {
        let hash = number.wrapping_mul(0x9E37_79B1) >> 24;
        ((hash / u64::BITS) as usize, hash % u64::BITS)
    }

    /// Adds a number.
    pub(crate) fn insert(&mut self, number: u32) {
        let (word, bit) = Self::place(number);
        self.bits[word] |= 1 << bit;
        self.set.insert(number);
    }

    /// Whether a number is in the set.
    #[inline]
    pub(crate) fn contains(&self, number: u32) -> bool {
        let (word, bit) = Self::place(number);
        self.bits[word] >> bit & 1 == 1 && self.set.contains(&number)
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// The numbers, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.set.iter().copied()
    }
}

impl Extend<u32> for WordSet {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, numbers: I) {
        numbers.into_iter().for_each(|number| self.insert(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_added_and_nothing_else() {
        let mut numbers = WordSet::default();
        assert!(numbers.is_empty() && !numbers.contains(0));
        numbers.extend((0..3000).map(|n| n * 7));
        assert!((0..21_000).all(|n| numbers.contains(n) == (n % 7 == 0)));
        assert_eq!(numbers.iter().count(), 3000);
    }
}
