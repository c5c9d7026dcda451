//! Literal texts that no honest definition has, found in one pass: a text is known by four of its bytes, and looked for
//! at every fourth byte alone, without a branch. Compares ASCII letters without regard to case; knows nothing of what a
//! text means.

use rustc_hash::FxHashMap;

use crate::error::{Error, Result};

/// Bytes by which a text is known.
const GRAM: usize = 4;
/// Bytes from one place that is looked at to the next.
const STEP: usize = 4;
/// A text of so many bytes has a gram at a place that is looked at, wherever it begins; one of less with a byte of what
/// stands on either side.
const LONG: usize = GRAM + STEP - 1;
/// The shortest text.
const SHORTEST: usize = LONG - 2;
/// Places that are looked at together.
const PLACES: usize = 32;
/// Bytes of the places that are looked at together.
const BLOCK: usize = PLACES * STEP;

/// Hashed grams, a bit for each: at most places no text has one.
#[derive(Debug)]
struct Grams([u64; Self::COUNT]);

impl Grams {
    const BITS: u32 = 16;
    const COUNT: usize = 1 << (Self::BITS - u64::BITS.trailing_zeros());

    fn add(&mut self, gram: u32) {
        let (word, bit) = Self::place(gram);
        self.0[word] |= 1 << bit;
    }

    /// 1 where the gram may be there, else 0.
    const fn may_have(&self, gram: u32) -> u32 {
        let (word, bit) = Self::place(gram);
        (self.0[word] >> bit) as u32 & 1
    }

    const fn place(gram: u32) -> (usize, u32) {
        let hash = gram.wrapping_mul(0x9E37_79B1) >> (u32::BITS - Self::BITS);
        ((hash / u64::BITS) as usize, hash % u64::BITS)
    }
}

/// Texts and what they stand for.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The longest first, each with its ground.
    texts: Vec<(Box<str>, u16)>,
    grams: Grams,
    /// By their grams: which text, and how many bytes of it stand before; -1 where the gram begins a byte before it.
    by_gram: FxHashMap<u32, Vec<(u32, i32)>>,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            texts: Vec::new(),
            grams: Grams([0; Grams::COUNT]),
            by_gram: FxHashMap::default(),
        }
    }
}

impl Texts {
    /// The texts in plain form ([`crate::text::plain`]), each with its ground.
    pub(super) fn build(mut texts: Vec<(String, u16)>) -> Result<Self> {
        texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let mut common = FxHashMap::<u32, u64>::default();
        for (text, _) in &texts {
            if text.len() < SHORTEST {
                let error = Error::new(format!("the text {text:?} of a signal is too short to be looked for"));
                return Err(error.help(format!(
                    "texts have {SHORTEST} bytes or more; for a word, use objects or phrases"
                )));
            }
            if text.starts_with(' ') {
                let error = Error::new(format!("the text {text:?} of a signal begins with a space"));
                return Err(error.help("a text begins where a word does"));
            }
            for (_, gram) in grams(text) {
                *common.entry(gram).or_default() += 1;
            }
        }
        let mut made = Self::default();
        for (text, ground) in texts {
            let index = made.texts.len() as u32;
            // Few honest texts have what few of these have, and what is of rare letters.
            let mut known: Vec<(i32, u32)> = grams(&text).collect();
            if text.len() < LONG {
                known.extend(overhanging(&text));
            } else {
                let met = |(_, gram): &(i32, u32)| {
                    let letters = gram.to_le_bytes().map(frequency);
                    common[gram] * letters.iter().product::<u64>()
                };
                let often = |at: &usize| known[*at..*at + STEP].iter().map(met).sum::<u64>();
                let from = (0..=known.len() - STEP).min_by_key(often).unwrap_or(0);
                known = known.split_off(from);
                known.truncate(STEP);
            }
            for (before, gram) in known {
                made.grams.add(gram);
                made.by_gram.entry(gram).or_default().push((index, before));
            }
            made.texts.push((text.into(), ground));
        }
        Ok(made)
    }

    /// Every text in `plain`, in order, none inside of another and the longest where several begin: where it stands,
    /// and its ground.
    pub(crate) fn find(&self, plain: &str, mut take: impl FnMut(usize, usize, u16)) {
        let mut found = Vec::new();
        self.each(plain, |start, text| {
            found.push((start, text));
            true
        });
        // The longer of two texts is the earlier in the list.
        found.sort_unstable();
        let mut from = 0;
        for (start, index) in found {
            let (text, ground) = &self.texts[index as usize];
            if start >= from {
                from = start + text.len();
                take(start, from, *ground);
            }
        }
    }

    /// Whether any text stands in `plain`.
    pub(crate) fn any_in(&self, plain: &str) -> bool {
        let mut any = false;
        self.each(plain, |_, _| {
            any = true;
            false
        });
        any
    }

    /// Every text in `plain`: where it begins, and which it is; until `take` has enough.
    fn each(&self, plain: &str, mut take: impl FnMut(usize, u32) -> bool) {
        let mut rest = plain.as_bytes();
        let mut begin = 0;
        while !rest.is_empty() {
            let mut seen = if let Some(block) = rest.first_chunk() {
                self.places(block)
            } else {
                let mut block = [0; BLOCK + GRAM];
                block[..rest.len()].copy_from_slice(rest);
                self.places(&block)
            };
            while seen != 0 {
                let at = begin + seen.trailing_zeros() as usize * STEP;
                seen &= seen - 1;
                if !self.texts_at(plain, at, &mut take) {
                    return;
                }
            }
            begin += BLOCK;
            rest = rest.get(BLOCK..).unwrap_or_default();
        }
    }

    /// At which places of a block a text may have its gram, a bit for each.
    fn places(&self, block: &[u8; BLOCK + GRAM]) -> u32 {
        // Without a branch: where words begin and end no processor guesses.
        (0..PLACES).fold(0, |seen, place| {
            let at = place * STEP;
            let gram = gram([block[at], block[at + 1], block[at + 2], block[at + 3]]);
            seen | self.grams.may_have(gram) << place
        })
    }

    /// Hands out the texts whose gram stands at a place; whether to go on.
    #[inline(never)]
    fn texts_at(&self, plain: &str, at: usize, take: &mut impl FnMut(usize, u32) -> bool) -> bool {
        let bytes = plain.as_bytes();
        let here = bytes.get(at..).unwrap_or_default();
        let here = here.first_chunk().copied().unwrap_or_else(|| {
            let mut short = [0; GRAM];
            short[..here.len()].copy_from_slice(here);
            short
        });
        let known = self.by_gram.get(&gram(here));
        known.into_iter().flatten().all(|&(index, before)| {
            let text = &self.texts[index as usize].0;
            let start = at.checked_add_signed(-before as isize);
            let stands = start.filter(|start| {
                let there = bytes.get(*start..start + text.len());
                there.is_some_and(|there| there.eq_ignore_ascii_case(text.as_bytes()))
                    && is_edge(plain, *start)
                    && is_edge(plain, start + text.len())
            });
            stands.is_none_or(|start| take(start, index))
        })
    }
}

/// Every gram of a text, and how many bytes of it stand before.
fn grams(text: &str) -> impl Iterator<Item = (i32, u32)> {
    let windows = text.as_bytes().windows(GRAM);
    let grams = windows
        .filter_map(|bytes| bytes.first_chunk())
        .map(|bytes| gram(*bytes));
    (0..).zip(grams)
}

/// The grams of a text with any byte before or behind it.
fn overhanging(text: &str) -> impl Iterator<Item = (i32, u32)> {
    let bytes = text.as_bytes();
    let (first, last) = ([bytes[0], bytes[1], bytes[2]], &bytes[bytes.len() - 3..]);
    let last = [last[0], last[1], last[2]];
    let behind = (bytes.len() - 3) as i32;
    (0..=u8::MAX).filter(|byte| byte | 0x20 == *byte).flat_map(move |byte| {
        [
            (-1, gram([byte, first[0], first[1], first[2]])),
            (behind, gram([last[0], last[1], last[2], byte])),
        ]
    })
}

/// Bytes as a number, letters in lower case; other bytes may fall together, for they are compared later.
const fn gram(bytes: [u8; GRAM]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

/// How often a byte of a gram is met in a thousand bytes of English, about.
const fn frequency(byte: u8) -> u64 {
    match byte {
        b' ' => 180,
        b'e' => 105,
        b't' => 75,
        b'a' | b'o' | b'i' | b'n' => 63,
        b's' | b'r' => 54,
        b'h' | b'd' | b'l' | b'c' => 35,
        b'u' | b'm' | b'p' => 22,
        b'f' | b'g' | b'y' | b'w' | b'b' => 15,
        b'v' | b'k' => 8,
        _ => 3,
    }
}

/// Whether no word goes on across a place.
fn is_edge(text: &str, at: usize) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.is_char_boundary(at) && !(is_word(text[..at].chars().next_back()) && is_word(text[at..].chars().next()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXTS: [&str; 6] = ["tell nobody", "tell no", "<system>", "secretly", "aaaaa", "<!-- "];

    fn found(plain: &str) -> Vec<String> {
        let numbered = TEXTS.iter().map(|text| (*text).to_owned()).zip(0..).collect();
        let mut found = Vec::new();
        let texts = Texts::build(numbered).expect("texts");
        texts.find(plain, |start, end, ground| {
            found.push(format!("{ground}:{}", &plain[start..end]));
        });
        assert_eq!(texts.any_in(plain), !found.is_empty());
        found
    }

    /// The same, one byte after the other.
    fn found_slowly(plain: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < plain.len() {
            let stands = |(_, text): &(usize, &str)| {
                let end = at + text.len();
                let there = plain.as_bytes().get(at..end);
                there.is_some_and(|there| there.eq_ignore_ascii_case(text.as_bytes()))
                    && is_edge(plain, at)
                    && is_edge(plain, end)
            };
            let texts = TEXTS.into_iter().enumerate().filter(stands);
            match texts.max_by_key(|(_, text)| text.len()) {
                Some((ground, text)) => {
                    found.push(format!("{ground}:{}", &plain[at..at + text.len()]));
                    at += text.len();
                }
                None => at += 1,
            }
        }
        found
    }

    #[test]
    fn texts_are_found_where_words_begin_and_end() {
        assert_eq!(found("Tell Nobody, tell no"), ["0:Tell Nobody", "1:tell no"]);
        assert_eq!(
            found("tell no tells"),
            ["1:tell no"],
            "the shorter where the longer is none"
        );
        assert_eq!(found("a<SYSTEM>b"), ["2:<SYSTEM>"]);
        assert!(found("retell no; tell nos; étell no tell noé untell_no").is_empty());
        assert_eq!(found("é secretly"), ["3:secretly"]);
        assert!(found("tel").is_empty());
    }

    #[test]
    fn a_text_that_cannot_be_found_is_refused() {
        for text in ["abcd", " abcde"] {
            let error = Texts::build(vec![(text.to_owned(), 0)]).expect_err("refused");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_overlooked(
            pieces in proptest::collection::vec(
                prop_oneof![
                    proptest::sample::select(TEXTS.to_vec()).prop_map(str::to_owned),
                    proptest::sample::select(TEXTS.to_vec()).prop_map(str::to_uppercase),
                    "[a-e <é.]{0,9}",
                    "[a-z ]{60,70}",
                ],
                0..6,
            ),
        ) {
            let plain = pieces.concat();
            prop_assert_eq!(found(&plain), found_slowly(&plain));
        }
    }
}
