//! Every word that a rule knows, under one number each, with what the rules say of it: the verb it is a form of,
//! the roles it has in a sentence, and the phrases that begin with it. Built once, then only read.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::text::words::{Found, Kind, Lookup, Token};

/// Forms of a verb that a word can be; a set of bits.
pub(crate) mod form {
    /// `delete`.
    pub(crate) const BASE: u8 = 1;
    /// `deletes`.
    pub(crate) const THIRD: u8 = 2;
    /// `deleting`.
    pub(crate) const GERUND: u8 = 4;
    /// `deleted`.
    pub(crate) const PAST: u8 = 8;
}

/// Roles of a word in a sentence; a set of bits.
pub(crate) mod role {
    pub(crate) const DETERMINER: u32 = 1;
    pub(crate) const PREPOSITION: u32 = 1 << 1;
    pub(crate) const CONJUNCTION: u32 = 1 << 2;
    pub(crate) const NEGATION: u32 = 1 << 3;
    pub(crate) const MODAL: u32 = 1 << 4;
    pub(crate) const CONDITION: u32 = 1 << 5;
    pub(crate) const RELATIVE: u32 = 1 << 6;
    pub(crate) const PRONOUN: u32 = 1 << 7;
    pub(crate) const BE: u32 = 1 << 8;
    pub(crate) const ADVERB: u32 = 1 << 9;
    pub(crate) const MODIFIER: u32 = 1 << 10;
    pub(crate) const SUBJECT: u32 = 1 << 11;
    pub(crate) const FRAME: u32 = 1 << 12;
    pub(crate) const ASIDE: u32 = 1 << 13;
    pub(crate) const PLAIN: u32 = 1 << 14;
    /// A noun of the class `facts`: what a Read returns.
    pub(crate) const FACT: u32 = 1 << 15;
    /// In a name, what is named behind it is shown and not done: `preview_merge`.
    pub(crate) const REHEARSAL: u32 = 1 << 16;
    /// A verb that is the head of a name which ends in it: `snapshot_get`.
    pub(crate) const LAST: u32 = 1 << 17;
}

/// What a word, or a phrase that it begins, is to other tables; a set of bits. Most words are nothing to most tables,
/// and are passed over without a look into them.
pub(crate) mod leads {
    /// A `[[phrase]]`.
    pub(crate) const PHRASE: u8 = 1;
    /// What a `[[ground]]` says that a tool is about.
    pub(crate) const NOUN: u8 = 2;
    /// A phrase of a `[[ground]]`.
    pub(crate) const GROUND_PHRASE: u8 = 4;
}

/// The verb that a word is a form of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VerbSense {
    /// Index of the verb group.
    pub(crate) group: u16,
    /// The word number of the base form.
    pub(crate) base: u32,
    /// [`form`] bits.
    pub(crate) forms: u8,
}

/// What the rules say of one word.
#[derive(Clone, Debug, Default)]
struct Word {
    verb: Option<VerbSense>,
    /// Phrases that begin with this word.
    sequences: Vec<Sequence>,
}

/// What most questions about a word ask, in one number for each: its [`role`] bits, then its [`form`] bits as a verb,
/// then its [`leads`] bits, and whether phrases begin with it. All of them fit where the processor has them at hand.
#[derive(Clone, Copy, Debug, Default)]
struct Marks(u32);

impl Marks {
    const FORMS: u32 = 20;
    const LEADS: u32 = 24;
    const BEGINS: u32 = 1 << 31;

    const fn forms(forms: u8) -> u32 {
        (forms as u32) << Self::FORMS
    }

    const fn leads(bits: u8) -> u32 {
        (bits as u32) << Self::LEADS
    }

    const fn any(self, bits: u32) -> bool {
        self.0 & bits != 0
    }
}

/// What the lexicon notes of a word, asked of the word itself.
impl Token {
    /// Whether it has any of these [`role`]s.
    pub(crate) const fn is(self, roles: u32) -> bool {
        Marks(self.marks).any(roles)
    }

    /// Whether it is a word that is no verb and gives the words around it no other sense.
    pub(crate) const fn is_idle(self) -> bool {
        const VERB: u8 = form::BASE | form::THIRD | form::GERUND | form::PAST;
        let marks = Marks(self.marks);
        matches!(self.kind, Kind::Word) && !marks.any(role::CONDITION | role::NEGATION | Marks::forms(VERB))
    }

    /// Whether it is the third person of a verb and no other form: "deletes".
    pub(crate) const fn is_third(self) -> bool {
        Marks(self.marks).any(Marks::forms(form::THIRD)) && !Marks(self.marks).any(Marks::forms(form::BASE))
    }

    /// Whether it has any of these [`leads`] bits.
    pub(crate) const fn leads(self, bits: u8) -> bool {
        Marks(self.marks).any(Marks::leads(bits))
    }
}

/// The rest of a phrase and the number under which it is known.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    /// The first of the rest, at hand: most phrases are ruled out by it.
    second: u32,
    rest: Box<[u32]>,
    pub(crate) number: u32,
}

impl Sequence {
    /// Where the phrase ends, if it stands in `tokens` from the word at `at` on.
    pub(crate) fn end(&self, tokens: &[Token], at: usize) -> Option<u32> {
        if tokens.get(at + 1)?.word != self.second {
            return None;
        }
        let rest = tokens.get(at + 1..=at + self.rest.len())?;
        let fits = rest.iter().zip(&self.rest).all(|(token, word)| token.word == *word);
        fits.then(|| rest[rest.len() - 1].end)
    }
}

/// A word of up to 16 bytes as two numbers: its first and its last bytes, which overlap where it has fewer. With its
/// length they are the whole word, so that it is found without going after a pointer.
#[derive(Clone, Copy, Debug)]
struct Short {
    first: u64,
    last: u64,
    length: u8,
}

impl Short {
    fn of(word: &str) -> Option<Self> {
        let bytes = word.as_bytes();
        let (first, last) = match bytes.len() {
            0..4 => (bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)), 0),
            4..8 => {
                let four = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
                (four(bytes.first_chunk()?), four(bytes.last_chunk()?))
            }
            8..=16 => (
                u64::from_le_bytes(*bytes.first_chunk()?),
                u64::from_le_bytes(*bytes.last_chunk()?),
            ),
            _ => return None,
        };
        Some(Self {
            first,
            last,
            length: bytes.len() as u8,
        })
    }
}

impl Short {
    /// The place in a table of `1 << bits`.
    const fn place(self, bits: u32) -> usize {
        let mixed = self.first ^ self.last.rotate_left(29) ^ (self.length as u64).rotate_left(52);
        (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - bits)) as usize
    }
}

/// The numbers of words. Short ones stand in chains behind a table that is three times as large as their number, so that
/// most chains are of one word, and one that no rule knows mostly costs one look.
#[derive(Debug)]
struct Numbers {
    /// The first word of each chain, as an index into `short` and one more; 0 for none.
    table: Vec<u16>,
    short: Vec<Link>,
    long: FxHashMap<Box<str>, u32>,
}

/// A short word, in 24 bytes.
#[derive(Clone, Copy, Debug)]
struct Link {
    first: u64,
    last: u64,
    number: u32,
    /// The next word of the chain, as in the table.
    next: u16,
    length: u8,
}

impl Numbers {
    const BITS: u32 = 16;
    /// Short words that there is room for; what is beyond is looked up whole.
    const MOST: usize = u16::MAX as usize;

    fn new() -> Self {
        Self {
            table: vec![0; 1 << Self::BITS],
            short: Vec::new(),
            long: FxHashMap::default(),
        }
    }

    fn get(&self, word: &str) -> Option<u32> {
        match Short::of(word) {
            Some(short) if self.short.len() < Self::MOST => self.in_chain(short),
            Some(short) => self.in_chain(short).or_else(|| self.long.get(word).copied()),
            None => self.long.get(word).copied(),
        }
    }

    fn in_chain(&self, word: Short) -> Option<u32> {
        let mut at = self.table[word.place(Self::BITS)];
        while at > 0 {
            let link = &self.short[usize::from(at) - 1];
            if (link.first, link.last, link.length) == (word.first, word.last, word.length) {
                return Some(link.number);
            }
            at = link.next;
        }
        None
    }

    /// Adds a word that is not there yet.
    fn insert(&mut self, word: &str, number: u32) {
        match Short::of(word) {
            Some(word) if self.short.len() < Self::MOST => {
                let first = &mut self.table[word.place(Self::BITS)];
                let next = *first;
                self.short.push(Link {
                    first: word.first,
                    last: word.last,
                    number,
                    next,
                    length: word.length,
                });
                *first = self.short.len() as u16;
            }
            _ => {
                self.long.insert(word.into(), number);
            }
        }
    }
}

/// All words. Number 0 is the unknown word.
#[derive(Debug)]
pub(crate) struct Lexicon {
    numbers: Numbers,
    words: Vec<Word>,
    /// Of each word.
    marks: Vec<Marks>,
    /// The word that each phrase begins with.
    begins: Vec<u32>,
    /// Words that are only noted: numbered behind all others, once no more of those come.
    noted: u32,
    /// Verbs behind which an undelimited word is split.
    splits: FxHashSet<u32>,
}

/// Phrases are numbered from here on, words below.
pub(super) const FIRST_SEQUENCE: u32 = 1 << 24;

impl Lexicon {
    pub(crate) fn new() -> Self {
        Self {
            numbers: Numbers::new(),
            words: vec![Word::default()],
            marks: vec![Marks::default()],
            begins: Vec::new(),
            noted: 0,
            splits: FxHashSet::default(),
        }
    }

    /// The number of a word, given one if it has none.
    pub(crate) fn intern(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return number;
        }
        debug_assert_eq!(self.noted, 0, "words are noted last");
        let number = self.words.len() as u32;
        self.numbers.insert(word, number);
        self.words.push(Word::default());
        self.marks.push(Marks::default());
        number
    }

    /// The entry of a word, given one if it has none, by which no rule knows it. No word can be interned afterwards.
    pub(crate) fn note(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return number;
        }
        let number = self.words.len() as u32 + self.noted;
        self.noted += 1;
        self.numbers.insert(word, number);
        number
    }

    /// The number of a word or phrase, given one if it has none.
    pub(crate) fn intern_phrase(&mut self, text: &str) -> u32 {
        let mut parts = text.split_whitespace();
        let first = self.intern(parts.next().unwrap_or_default());
        let rest: Box<[u32]> = parts.map(|p| self.intern(p)).collect();
        if rest.is_empty() {
            return first;
        }
        let known = self.words[first as usize].sequences.iter().find(|s| s.rest == rest);
        if let Some(sequence) = known {
            return sequence.number;
        }
        let number = FIRST_SEQUENCE + self.begins.len() as u32;
        self.begins.push(first);
        let second = rest[0];
        self.marks[first as usize].0 |= Marks::BEGINS;
        self.words[first as usize]
            .sequences
            .push(Sequence { second, rest, number });
        number
    }

    /// Lets undelimited words be split behind this verb: `createuser`, but not `firecrawl`.
    pub(crate) fn splits_behind(&mut self, verb: &str) {
        let number = self.intern(verb);
        self.splits.insert(number);
    }

    /// The phrases that begin with a word.
    pub(crate) fn sequences(&self, token: Token) -> &[Sequence] {
        if Marks(token.marks).any(Marks::BEGINS) {
            &self.words[token.word as usize].sequences
        } else {
            &[]
        }
    }

    /// The verb that a word is a form of.
    pub(crate) fn verb(&self, number: u32) -> Option<VerbSense> {
        self.words[number as usize].verb
    }

    /// The verb that a word is one of these forms of, unless it is only written like one.
    pub(crate) fn verb_as(&self, token: Token, forms: u8) -> Option<VerbSense> {
        let marks = Marks(token.marks);
        if marks.any(Marks::forms(forms)) && !marks.any(role::PLAIN) {
            self.verb(token.word)
        } else {
            None
        }
    }

    /// Makes a word a form of a verb; of two verbs, it stays one of the first.
    pub(crate) fn add_sense(&mut self, number: u32, sense: VerbSense) {
        let verb = &mut self.words[number as usize].verb;
        let known = verb.get_or_insert(sense);
        if known.base == sense.base {
            known.forms |= sense.forms;
            self.marks[number as usize].0 |= Marks::forms(sense.forms);
        }
    }

    /// Gives a word a [`role`].
    pub(crate) fn add_role(&mut self, number: u32, role: u32) {
        self.marks[number as usize].0 |= role;
    }

    /// Whether a word is neither a verb nor has a role.
    pub(crate) fn is_free(&self, number: u32) -> bool {
        self.marks[number as usize].0 & ((1 << Marks::LEADS) - 1) == 0
    }

    /// Gives a [`leads`] bit to these words, and to those that these phrases begin with.
    pub(crate) fn mark(&mut self, bit: u8, numbers: impl IntoIterator<Item = u32>) {
        for number in numbers {
            let word = match number.checked_sub(FIRST_SEQUENCE) {
                Some(sequence) => self.begins[sequence as usize],
                None => number,
            };
            self.marks[word as usize].0 |= Marks::leads(bit);
        }
    }

    /// Whether a word has any of these roles.
    pub(crate) fn is(&self, number: u32, roles: u32) -> bool {
        self.marks[number as usize].any(roles)
    }

    /// The number of a word that a rule knows.
    pub(crate) fn known(&self, word: &str) -> Option<u32> {
        let number = self.numbers.get(word)?;
        ((number as usize) < self.words.len()).then_some(number)
    }
}

impl Lookup for Lexicon {
    fn find(&self, word: &str) -> Found {
        let entry = self.numbers.get(word).unwrap_or(0);
        match self.marks.get(entry as usize) {
            Some(marks) => Found {
                word: entry,
                marks: marks.0,
                entry,
            },
            // Only noted.
            None => Found {
                entry,
                ..Found::default()
            },
        }
    }

    fn split_at(&self, word: &str) -> Option<usize> {
        const SHORTEST_REST: usize = 4;
        if !word.is_ascii() || !(7..=24).contains(&word.len()) {
            return None;
        }
        (3..=word.len() - SHORTEST_REST).rev().find(|&cut| {
            let splits = self.known(&word[..cut]).is_some_and(|verb| self.splits.contains(&verb));
            let rest = &word[cut..];
            let known = |rest: &str| self.known(rest).is_some();
            let joined = || ["or", "and"].iter().any(|j| rest.strip_prefix(j).is_some_and(known));
            splits && (known(rest) || joined())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_however_alike_they_begin_and_end() {
        let mut words: Vec<String> = (0..40).map(|length| "a".repeat(length)).collect();
        words.extend(
            [
                "b",
                "ab",
                "ba",
                "abab",
                "baba",
                "aaaabaaaa",
                "aaaaabaaaa",
                "aaaaaaaabaaaaaaa",
                "é",
                "éa",
            ]
            .map(str::to_owned),
        );
        let mut lexicon = Lexicon::new();
        let numbers: Vec<u32> = words.iter().map(|word| lexicon.intern(word)).collect();
        for (word, number) in words.iter().zip(&numbers) {
            assert_eq!(lexicon.known(word), Some(*number), "{word}");
            assert_eq!(numbers.iter().filter(|other| *other == number).count(), 1, "{word}");
        }
        assert_eq!(lexicon.known("aaaaaaaabaaaaaab"), None);
        assert_eq!(lexicon.known("\0"), None, "no word is another one that is cut short");
    }
}
