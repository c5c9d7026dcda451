//! Many sets of words and phrases, asked by a word: which of them have it. Word numbers are small and dense, so a row of
//! bits is found without hashing, and a word that no set has costs one look.

use super::lexicon::FIRST_SEQUENCE;

/// Bits of a number below its kind: a word, a phrase ([`FIRST_SEQUENCE`]) or a marked word.
const KIND: u32 = FIRST_SEQUENCE.trailing_zeros();

/// Sets of word and phrase numbers, each with an index.
#[derive(Debug)]
pub(crate) struct WordSets {
    /// Numbers of 64 bits in a row.
    width: usize,
    /// Rows of a bit for each set; the first is empty.
    rows: Vec<u64>,
    /// The row of each word, of each phrase, and of each word that is marked.
    row_of: [Vec<u32>; 3],
}

impl Default for WordSets {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl WordSets {
    /// These sets, in order.
    pub(super) fn of(sets: &[Vec<u32>]) -> Self {
        let width = sets.len().div_ceil(64);
        let mut made = Self {
            width,
            rows: vec![0; width],
            row_of: Default::default(),
        };
        let mut rows = 1;
        for (index, set) in sets.iter().enumerate() {
            for number in set {
                let (kind, place) = Self::place(*number);
                let row_of = &mut made.row_of[kind];
                if row_of.len() <= place {
                    row_of.resize(place + 1, 0);
                }
                if row_of[place] == 0 {
                    row_of[place] = rows;
                    rows += 1;
                    made.rows.resize(rows as usize * width, 0);
                }
                made.rows[row_of[place] as usize * width + index / 64] |= 1 << (index % 64);
            }
        }
        made
    }

    const fn place(number: u32) -> (usize, usize) {
        let kind = match number >> KIND {
            0 => 0,
            1 => 1,
            _ => 2,
        };
        (kind, (number & (FIRST_SEQUENCE - 1)) as usize)
    }

    /// The row of a number; 0 where no set has it.
    #[inline]
    fn row_of(&self, number: u32) -> usize {
        // Nearly all are words, and those are at hand.
        if let Some(row) = self.row_of[0].get(number as usize) {
            return *row as usize;
        }
        let (kind, place) = Self::place(number);
        self.row_of[kind].get(place).map_or(0, |row| *row as usize)
    }

    /// A bit for each set that has the number, 64 of them at a time; `None` where no set has it.
    #[inline]
    pub(super) fn row(&self, number: u32) -> Option<&[u64]> {
        match self.row_of(number) {
            0 => None,
            row => self.rows.get(row * self.width..(row + 1) * self.width),
        }
    }

    /// Whether any set has the number.
    #[inline]
    pub(super) fn any_has(&self, number: u32) -> bool {
        self.row_of(number) != 0
    }

    /// Whether the set of this index has the number.
    #[inline]
    pub(crate) fn has(&self, set: usize, number: u32) -> bool {
        self.row(number).is_some_and(|row| row[set / 64] >> (set % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::book::LEAD;
    use super::*;

    #[test]
    fn each_set_has_what_was_put_into_it_and_nothing_else() {
        let number = |n: u32| [n, FIRST_SEQUENCE + n, LEAD | n][n as usize % 3];
        let sets: Vec<Vec<u32>> = (0..130)
            .map(|set| (1..400).filter(|n| n % 131 == set).map(number).collect())
            .collect();
        let made = WordSets::of(&sets);
        for n in 0..500 {
            let numbers = [n, FIRST_SEQUENCE + n, LEAD | n];
            for number in numbers {
                for (index, set) in sets.iter().enumerate() {
                    assert_eq!(made.has(index, number), set.contains(&number), "{index} {number}");
                }
                assert_eq!(made.any_has(number), sets.iter().any(|set| set.contains(&number)));
            }
        }
    }

    #[test]
    fn no_sets_have_nothing() {
        assert!(!WordSets::default().any_has(7));
        assert!(WordSets::default().row(7).is_none());
    }
}
