//! Pairs of a verb and what it acts on: which of them fits what was read. Asked of every verb of every definition, so
//! all pairs are tried at once, a bit for each.

use super::book::{Object, RuleId};
use super::word_sets::WordSets;
use crate::effect::Effect;

/// A pair, as what it says.
#[derive(Debug)]
pub(crate) struct PairRule {
    pub(crate) id: RuleId,
    pub(crate) effect: Effect,
    /// As what the description does first, it takes back a harsher verb of the name.
    takes_back: bool,
}

/// All pairs, in the order of the files: of several that fit, the first counts.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    rules: Vec<PairRule>,
    /// The verbs of each, by their base forms.
    verbs: WordSets,
    objects: WordSets,
    /// Objects whose presence keeps it from applying.
    unless: WordSets,
    /// Those that need no object, a bit for each.
    any: Vec<u64>,
    /// Those that hold for names alone, a bit for each.
    name_only: Vec<u64>,
}

impl Pairs {
    /// The first pair that fits a verb (by its base form) with any of these objects, and the object that made it fit.
    pub(crate) fn fitting(&self, verb: u32, objects: &[Object], in_name: bool) -> Option<(&PairRule, Option<Object>)> {
        for (at, of_verb) in self.verbs.row(verb)?.iter().enumerate() {
            if *of_verb == 0 {
                continue;
            }
            let mut fit = self.any[at];
            let mut excepted = if in_name { 0 } else { self.name_only[at] };
            for object in objects {
                fit |= self.objects.row(object.number).map_or(0, |row| row[at]);
                excepted |= self.unless.row(object.number).map_or(0, |row| row[at]);
            }
            let found = of_verb & fit & !excepted;
            if found != 0 {
                let index = at * 64 + found.trailing_zeros() as usize;
                let object = objects.iter().find(|object| self.objects.has(index, object.number));
                return Some((&self.rules[index], object.copied()));
            }
        }
        None
    }

    /// Whether a rule, as what the description does first, takes back a harsher verb of the name.
    pub(crate) fn takes_back(&self, rule: RuleId) -> bool {
        self.rules.iter().any(|pair| pair.takes_back && pair.id == rule)
    }
}

/// A pair as it is added.
pub(super) struct NewPair {
    pub(super) id: RuleId,
    pub(super) effect: Effect,
    pub(super) verbs: Vec<u32>,
    pub(super) objects: Vec<u32>,
    pub(super) unless: Vec<u32>,
    /// Whether it needs no object.
    pub(super) any: bool,
    pub(super) name_only: bool,
    pub(super) takes_back: bool,
}

/// Pairs in the making.
#[derive(Default)]
pub(super) struct Making {
    rules: Vec<PairRule>,
    verbs: Vec<Vec<u32>>,
    objects: Vec<Vec<u32>>,
    unless: Vec<Vec<u32>>,
    any: Vec<bool>,
    name_only: Vec<bool>,
}

impl Making {
    pub(super) fn add(&mut self, pair: NewPair) {
        self.rules.push(PairRule {
            id: pair.id,
            effect: pair.effect,
            takes_back: pair.takes_back,
        });
        self.verbs.push(pair.verbs);
        self.objects.push(pair.objects);
        self.unless.push(pair.unless);
        self.any.push(pair.any);
        self.name_only.push(pair.name_only);
    }

    pub(super) fn build(self) -> Pairs {
        Pairs {
            verbs: WordSets::of(&self.verbs),
            objects: WordSets::of(&self.objects),
            unless: WordSets::of(&self.unless),
            any: bits(&self.any),
            name_only: bits(&self.name_only),
            rules: self.rules,
        }
    }
}

/// A bit for each, 64 of them at a time.
fn bits(flags: &[bool]) -> Vec<u64> {
    let word = |flags: &[bool]| flags.iter().rev().fold(0, |word, flag| word << 1 | u64::from(*flag));
    flags.chunks(64).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(count: u32) -> Pairs {
        let mut making = Making::default();
        for n in 0..count {
            making.add(NewPair {
                id: RuleId(n as u16),
                effect: Effect::Look,
                verbs: vec![1],
                objects: vec![100 + n],
                unless: vec![500],
                any: n == 90,
                name_only: n == 80,
                takes_back: n == 3,
            });
        }
        making.build()
    }

    fn fitting(verb: u32, objects: &[u32], in_name: bool) -> Option<(u16, Option<u32>)> {
        let pairs = pairs(140);
        let objects: Vec<Object> = objects.iter().map(|n| Object::elsewhere(*n)).collect();
        let (pair, object) = pairs.fitting(verb, &objects, in_name)?;
        Some((pair.id.0, object.map(|o| o.number)))
    }

    #[test]
    fn the_first_pair_that_fits_counts() {
        let found = |n: u32| Some((n as u16 - 100, Some(n)));
        assert_eq!(fitting(1, &[170, 230, 103], true), found(103));
        assert_eq!(fitting(1, &[180], true), found(180));
        assert_eq!(fitting(1, &[230], true), Some((90, None)), "needs none");
        assert_eq!(fitting(1, &[180, 181], false), found(181), "holds for names alone");
        assert_eq!(fitting(1, &[103, 500], true), None, "excepted");
        assert_eq!(fitting(2, &[103], true), None, "another verb");
        assert!(pairs(140).takes_back(RuleId(3)) && !pairs(140).takes_back(RuleId(4)));
        assert!(pairs(0).fitting(1, &[], true).is_none());
    }
}
