//! Literal texts that no honest definition has, found in one pass: a text can only begin where a word does, so most
//! bytes cost one look at a table. Compares ASCII letters without regard to case; knows nothing of what a text means.

use rustc_hash::FxHashMap;

use crate::error::{Error, Result};

/// Bytes by which texts are told apart before they are compared.
const KEY: usize = 4;
/// Bits of a table that says which keys there are.
const BITS: u32 = 12;

/// Hashed keys, a bit for each: most places are no start of any text.
#[derive(Clone, Debug)]
struct Keys([u64; 1 << (BITS - 6)]);

impl Keys {
    const NONE: Self = Self([0; 1 << (BITS - 6)]);

    fn add(&mut self, key: u32) {
        let bit = hash(key);
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    const fn may_have(&self, key: u32) -> bool {
        let bit = hash(key);
        self.0[bit / 64] >> (bit % 64) & 1 == 1
    }
}

/// A byte of a word.
const WORD: u8 = 1;
/// A byte that a text begins with, in either case.
const BEGINS: u8 = 2;

/// Texts and what they stand for.
#[derive(Debug)]
pub(crate) struct Texts {
    /// Of the first bytes.
    first: Keys,
    /// Of the bytes behind them, among texts that are long enough: "the " begins many a place, "the user" few.
    second: Keys,
    /// Of the first bytes of the texts that are not.
    short: Keys,
    /// What each byte is; a set of [`WORD`] and [`BEGINS`].
    classes: [u8; 256],
    /// By their first bytes, the longest first.
    by_key: FxHashMap<u32, Vec<(Box<str>, u16)>>,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            first: Keys::NONE,
            second: Keys::NONE,
            short: Keys::NONE,
            classes: std::array::from_fn(|byte| if is_word_byte(byte as u8) { WORD } else { 0 }),
            by_key: FxHashMap::default(),
        }
    }
}

impl Texts {
    /// The texts in plain form ([`crate::text::plain`]), each with its ground.
    pub(super) fn build(texts: Vec<(String, u16)>) -> Result<Self> {
        let mut texts = texts;
        texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let mut made = Self::default();
        for (text, ground) in texts {
            let Some(first) = text.as_bytes().first_chunk() else {
                let error = Error::new(format!("the text {text:?} of a signal is too short to be looked for"));
                return Err(error.help(format!(
                    "texts have {KEY} bytes or more; for a word, use objects or phrases"
                )));
            };
            if text.starts_with(' ') {
                let error = Error::new(format!("the text {text:?} of a signal begins with a space"));
                return Err(error.help("a text begins where a word does"));
            }
            let key = key(*first);
            made.first.add(key);
            match second(text.as_bytes()) {
                Some(second) => made.second.add(second),
                None => made.short.add(key),
            }
            for byte in [first[0].to_ascii_lowercase(), first[0].to_ascii_uppercase()] {
                made.classes[usize::from(byte)] |= BEGINS;
            }
            made.by_key.entry(key).or_default().push((text.into(), ground));
        }
        Ok(made)
    }

    /// Every text in `plain`, in order, none inside of another: where it stands, and its ground.
    pub(crate) fn find(&self, plain: &str, mut take: impl FnMut(usize, usize, u16)) {
        // Texts do not overlap: none begins before this byte.
        let (mut from, mut before) = (0, 0);
        for (number, chunk) in plain.as_bytes().chunks(u64::BITS as usize).enumerate() {
            // Where texts may begin, a bit for each byte, without a branch: words end where no processor guesses it.
            let mut begins = 0_u64;
            for (bit, byte) in chunk.iter().enumerate() {
                let class = self.classes[usize::from(*byte)];
                // BEGINS, moved to where WORD is; none begins inside of a word.
                begins |= u64::from(class >> 1 & !(class & before) & WORD) << bit;
                before = class;
            }
            while begins != 0 {
                let at = number * u64::BITS as usize + begins.trailing_zeros() as usize;
                begins &= begins - 1;
                if at >= from
                    && let Some((end, ground)) = self.text_at(plain, at)
                {
                    take(at, end, ground);
                    from = end;
                }
            }
        }
    }

    /// Whether any text stands in `plain`.
    pub(crate) fn any_in(&self, plain: &str) -> bool {
        let mut any = false;
        self.find(plain, |_, _, _| any = true);
        any
    }

    /// The longest text that begins at a byte and ends where a word does.
    #[inline]
    fn text_at(&self, plain: &str, at: usize) -> Option<(usize, u16)> {
        let rest = &plain.as_bytes()[at..];
        let key = key(*rest.first_chunk()?);
        let goes_on = || second(rest).is_some_and(|second| self.second.may_have(second));
        if self.first.may_have(key) && (goes_on() || self.short.may_have(key)) {
            self.text_of(plain, at, key)
        } else {
            None
        }
    }

    #[inline(never)]
    fn text_of(&self, plain: &str, at: usize, key: u32) -> Option<(usize, u16)> {
        let rest = &plain.as_bytes()[at..];
        let same = |text: &str| {
            rest.get(..text.len())
                .is_some_and(|b| b.eq_ignore_ascii_case(text.as_bytes()))
        };
        let found = self.by_key.get(&key)?.iter();
        found
            .filter(|(text, _)| same(text))
            .map(|(text, ground)| (at + text.len(), *ground))
            .find(|(end, _)| is_edge(plain, at) && is_edge(plain, *end))
    }
}

/// The first bytes, letters in lower case; other bytes may fall together, for they are compared later.
const fn key(first: [u8; KEY]) -> u32 {
    u32::from_le_bytes(first) | 0x2020_2020
}

/// The key of the bytes behind the first.
fn second(text: &[u8]) -> Option<u32> {
    text[KEY.min(text.len())..].first_chunk().map(|bytes| key(*bytes))
}

const fn hash(key: u32) -> usize {
    (key.wrapping_mul(0x9E37_79B1) >> (32 - BITS)) as usize
}

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether no word goes on across a place.
fn is_edge(text: &str, at: usize) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.is_char_boundary(at) && !(is_word(text[..at].chars().next_back()) && is_word(text[at..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[&str], plain: &str) -> Vec<String> {
        let numbered = texts.iter().map(|text| (*text).to_owned()).zip(0..).collect();
        let mut found = Vec::new();
        let texts = Texts::build(numbered).expect("texts");
        texts.find(plain, |start, end, ground| {
            found.push(format!("{ground}:{}", &plain[start..end]));
        });
        found
    }

    #[test]
    fn texts_are_found_where_words_begin_and_end() {
        let texts = ["tell nobody", "tell", "<system>", "secretly"];
        assert_eq!(found(&texts, "Tell Nobody, tell"), ["0:Tell Nobody", "1:tell"]);
        assert_eq!(
            found(&texts, "tell nobodys"),
            ["1:tell"],
            "the shorter where the longer is none"
        );
        assert_eq!(found(&texts, "a<SYSTEM>b"), ["2:<SYSTEM>"]);
        assert!(found(&texts, "retell me; tells; étell tellé untell_").is_empty());
        assert_eq!(found(&texts, "é secretly"), ["3:secretly"]);
        assert!(found(&texts, "tel").is_empty());
    }

    #[test]
    fn a_text_that_cannot_be_found_is_refused() {
        for text in ["abc", " abcd"] {
            let error = Texts::build(vec![(text.to_owned(), 0)]).expect_err("refused");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}
