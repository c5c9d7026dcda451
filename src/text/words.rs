//! Takes text apart into words that keep their place in the original: identifiers ([`identifier`]) and prose
//! ([`prose`]). Looks words up by their folded form, so that look-alike letters, full-width letters and hidden
//! characters inside a word do not hide it. Knows no grammar and no rules.

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::confusable_detection::skeleton;

use super::escape::is_hidden;

/// A word of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Byte offset of its first byte.
    pub start: u32,
    /// Byte offset after its last byte.
    pub end: u32,
    /// What the lexicon calls it; 0 for a word it does not know.
    pub word: u32,
    /// What the lexicon notes of it, at hand for every question; 0 for a word it does not know.
    pub marks: u32,
    /// Its entry, also where no rule knows it; 0 for none.
    pub entry: u32,
    /// What kind of token it is.
    pub kind: Kind,
}

/// Kinds of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word of prose or a part of an identifier.
    Word,
    /// An identifier inside prose (`snake_case`, `camelCase`, or in backticks): a mention, never a verb.
    Identifier,
    /// A number.
    Number,
    /// A full stop, question mark, exclamation mark or line end: a sentence ends.
    Stop,
    /// A comma.
    Comma,
    /// A colon, semicolon, bracket or dash: a clause ends.
    Break,
    /// A slash between words: coordination.
    Slash,
}

/// What a lexicon has of a word; nothing but zeros for one that it does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// [`Token::word`].
    pub word: u32,
    /// [`Token::marks`].
    pub marks: u32,
    /// [`Token::entry`].
    pub entry: u32,
}

impl Found {
    const fn token(self, kind: Kind, start: usize, end: usize) -> Token {
        Token {
            start: start as u32,
            end: end as u32,
            word: self.word,
            marks: self.marks,
            entry: self.entry,
            kind,
        }
    }
}

/// Looks up a folded word.
pub trait Lookup {
    /// What there is of a lower-case word.
    fn find(&self, word: &str) -> Found;
    /// Splits an undelimited lower-case word such as `createuser` at a known verb; the byte length of the first part.
    fn split_at(&self, word: &str) -> Option<usize>;
}

const LONGEST_WORD: usize = 40;

/// Words of an identifier: split at separators, case changes, `ACRONYMWord` and digits.
pub fn identifier(text: &str, lexicon: &impl Lookup, out: &mut Vec<Token>) {
    let bytes = text.as_bytes();
    let mut start = 0;
    let mut previous = Class::Other;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let class = Class::of(c);
        if class == Class::Hidden {
            continue;
        }
        let next_is_lower = chars.peek().is_some_and(|&(_, n)| Class::of(n) == Class::Lower);
        let boundary = match (previous, class) {
            (_, Class::Other)
            | (Class::Other, _)
            | (Class::Lower | Class::Digit, Class::Upper)
            | (Class::Digit, Class::Lower)
            | (Class::Lower | Class::Upper, Class::Digit) => true,
            (Class::Upper, Class::Upper) => next_is_lower && !is_plural_acronym(bytes, at),
            _ => false,
        };
        if boundary {
            push_part(text, start, at, lexicon, out);
            start = if class == Class::Other { at + c.len_utf8() } else { at };
        }
        previous = class;
    }
    push_part(text, start, text.len(), lexicon, out);
}

/// `IDs`, `URLs`: the lower-case `s` after capitals belongs to them.
fn is_plural_acronym(bytes: &[u8], at: usize) -> bool {
    bytes.get(at + 1) == Some(&b's') && !bytes.get(at + 2).is_some_and(u8::is_ascii_lowercase)
}

fn push_part(text: &str, start: usize, end: usize, lexicon: &impl Lookup, out: &mut Vec<Token>) {
    let part = &text[start..end];
    if part.is_empty() || part.chars().all(is_hidden) {
        return;
    }
    if part.bytes().all(|b| b.is_ascii_digit()) {
        out.push(Found::default().token(Kind::Number, start, end));
        return;
    }
    let mut buffer = String::new();
    let folded = fold(part, &mut buffer);
    let found = lexicon.find(folded);
    let push = |out: &mut Vec<Token>, start: usize, end: usize, found: Found| {
        out.push(found.token(Kind::Word, start, end));
    };
    if found.word == 0
        && folded.len() == part.len()
        && let Some(cut) = lexicon.split_at(folded)
    {
        push(out, start, start + cut, lexicon.find(&folded[..cut]));
        let rest = &folded[cut..];
        // `createorupdate`: the conjunction stands alone.
        let joint = ["or", "and"]
            .iter()
            .find(|j| lexicon.find(rest).word == 0 && rest.starts_with(**j));
        let after = joint.map_or(0, |j| j.len());
        if after > 0 {
            push(out, start + cut, start + cut + after, lexicon.find(&rest[..after]));
        }
        push(out, start + cut + after, end, lexicon.find(&rest[after..]));
        return;
    }
    push(out, start, end, found);
}

/// Words and boundaries of prose, up to `limit` bytes.
pub fn prose(text: &str, limit: usize, lexicon: &impl Lookup, out: &mut Vec<Token>) {
    let mut buffer = String::new();
    let mut at = 0;
    let bytes = text.as_bytes();
    let mut line_start = true;
    while at < bytes.len() && at < limit {
        let byte = bytes[at];
        let mark = |kind, length: usize| Found::default().token(kind, at, at + length);
        if CLASSES[usize::from(byte)] & (seen::LOWER | seen::UPPER | seen::DIGIT | seen::UNDERSCORE) != 0 {
            let word = WordShape::at(text, at);
            out.push(word.token(text, at, lexicon, &mut buffer));
            // Most words are followed by a space.
            at = word.end + usize::from(bytes.get(word.end) == Some(&b' '));
            line_start = false;
            continue;
        }
        match byte {
            b'\n' => {
                // A blank line, or a line that starts anew after a full line, ends a sentence.
                if ends_sentence(text, at) {
                    out.push(mark(Kind::Stop, 1));
                }
                at += 1;
                line_start = true;
                continue;
            }
            b' ' | b'\t' | b'\r' => at += 1,
            b'.' | b'!' | b'?' => {
                let inside = byte == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
                let shortening = byte == b'.' && is_shortening(text, at);
                if !inside && !shortening {
                    out.push(mark(Kind::Stop, 1));
                }
                at += 1;
            }
            b',' => {
                out.push(mark(Kind::Comma, 1));
                at += 1;
            }
            b'/' => {
                out.push(mark(Kind::Slash, 1));
                at += 1;
            }
            b'`' => {
                // A quoted identifier, when it closes soon and on the same line.
                let rest = &text[at + 1..floor(text, (at + 66).min(text.len()))];
                match rest.find(['`', '\n']) {
                    Some(length) if rest.as_bytes()[length] == b'`' && length > 0 => {
                        out.push(mark(Kind::Identifier, length + 2));
                        at += length + 2;
                    }
                    _ => {
                        out.push(mark(Kind::Break, 1));
                        at += 1;
                    }
                }
            }
            b'-' | b'*' | b'#' if line_start => {
                out.push(mark(Kind::Stop, 1));
                at += 1;
            }
            b'-' if bytes[..at].ends_with(b" ") && bytes[at + 1..].starts_with(b" ") => {
                // A dash as it is typed.
                out.push(mark(Kind::Break, 1));
                at += 1;
            }
            b':' | b';' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'|' | b'"' | b'<' | b'>' | b'=' => {
                out.push(mark(Kind::Break, 1));
                at += 1;
            }
            _ => {
                let word = WordShape::at(text, at);
                if word.end == at {
                    let c = text[at..].chars().next().unwrap_or(' ');
                    if matches!(c, '。' | '！' | '？') {
                        out.push(mark(Kind::Stop, c.len_utf8()));
                    } else if matches!(c, '—' | '–' | '→' | '（' | '）' | '：' | '；') {
                        out.push(mark(Kind::Break, c.len_utf8()));
                    } else if matches!(c, '，' | '、') {
                        out.push(mark(Kind::Comma, c.len_utf8()));
                    }
                    at += c.len_utf8();
                } else {
                    out.push(word.token(text, at, lexicon, &mut buffer));
                    at = word.end;
                }
            }
        }
        line_start = false;
    }
}

/// Where a word of prose ends, and what was seen on the way there: letters, digits, `_`, marks and hidden characters,
/// apostrophes and dots inside.
#[derive(Clone, Copy)]
struct WordShape {
    end: usize,
    /// [`seen`] bits.
    seen: u8,
}

/// What a word has; a set of bits.
mod seen {
    pub(super) const LOWER: u8 = 1;
    pub(super) const UPPER: u8 = 1 << 1;
    pub(super) const DIGIT: u8 = 1 << 2;
    pub(super) const UNDERSCORE: u8 = 1 << 3;
    pub(super) const DOT: u8 = 1 << 4;
    pub(super) const APOSTROPHE: u8 = 1 << 5;
    /// A character beyond ASCII.
    pub(super) const WIDE: u8 = 1 << 6;
    /// A capital right behind a small letter.
    pub(super) const INNER_CAPITAL: u8 = 1 << 7;
}

/// What each byte of a word is; 0 for one that may end it.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' => seen::LOWER,
            b'A'..=b'Z' => seen::UPPER,
            b'0'..=b'9' => seen::DIGIT,
            b'_' => seen::UNDERSCORE,
            0x80.. => seen::WIDE,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

impl WordShape {
    fn at(text: &str, start: usize) -> Self {
        let bytes = text.as_bytes();
        let (mut end, mut all, mut previous) = (start, 0, 0);
        while let Some(&byte) = bytes.get(end) {
            let class = CLASSES[usize::from(byte)];
            if class == seen::LOWER {
                // Most of most words.
                let run = bytes[end..].iter();
                end += run
                    .take_while(|byte| CLASSES[usize::from(**byte)] == seen::LOWER)
                    .count();
                previous = class;
            } else if class == 0 {
                let joins = end > start && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
                previous = match byte {
                    b'.' if joins => seen::DOT,
                    b'\'' if joins => seen::APOSTROPHE,
                    _ => break,
                };
                end += 1;
            } else if class == seen::WIDE {
                let c = text[end..].chars().next().unwrap_or(' ');
                let quote = c == '’' && text[end + c.len_utf8()..].starts_with(|n: char| n.is_alphanumeric());
                if !(quote || c.is_alphanumeric() || is_hidden(c) || is_mark(c)) {
                    break;
                }
                previous = class;
                end += c.len_utf8();
            } else {
                if previous == seen::LOWER && class == seen::UPPER {
                    all |= seen::INNER_CAPITAL;
                }
                previous = class;
                end += 1;
            }
            all |= previous;
        }
        Self { end, seen: all }
    }

    const fn has(self, bits: u8) -> bool {
        self.seen & bits != 0
    }

    /// The word that starts here as a token.
    fn token(self, text: &str, start: usize, lexicon: &impl Lookup, buffer: &mut String) -> Token {
        let (kind, found) = self.read(&text[start..self.end], lexicon, buffer);
        found.token(kind, start, self.end)
    }

    /// What kind of token the word is, and what the lexicon has of it.
    fn read(self, word: &str, lexicon: &impl Lookup, buffer: &mut String) -> (Kind, Found) {
        if self.has(seen::UNDERSCORE) {
            return (Kind::Identifier, Found::default());
        }
        if !self.has(!(seen::DIGIT | seen::DOT)) {
            return (Kind::Number, Found::default());
        }
        let found = if self.has(seen::UPPER | seen::WIDE) || word.len() > LONGEST_WORD {
            lexicon.find(fold(word, buffer))
        } else {
            lexicon.find(word)
        };
        // "JavaScript", "PostgreSQL": a name that the rules know is a word, another is an identifier.
        if self.has(seen::INNER_CAPITAL) && found.word == 0 {
            return (Kind::Identifier, Found::default());
        }
        (Kind::Word, found)
    }
}

const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

fn ends_sentence(text: &str, at: usize) -> bool {
    let rest = text[at + 1..].trim_start_matches([' ', '\t', '\r']);
    match rest.bytes().next() {
        None | Some(b'\n' | b'-' | b'*' | b'#' | b'`') => true,
        Some(byte) => byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte >= 0x80,
    }
}

fn is_shortening(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[at.saturating_sub(3)..at];
    before.ends_with(b"e.g") || before.ends_with(b"i.e") || before.ends_with(b" vs") || before.ends_with(b"etc")
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The form under which a word is looked up: lower case, compatibility forms and look-alikes of Latin letters
/// replaced, hidden characters dropped. Borrows `word` where nothing changes.
pub fn fold<'a>(word: &'a str, buffer: &'a mut String) -> &'a str {
    if word.len() > LONGEST_WORD * 4 {
        return "";
    }
    if word.is_ascii() {
        if !word.bytes().any(|b| b.is_ascii_uppercase()) {
            return word;
        }
        buffer.clear();
        buffer.push_str(word);
        buffer.make_ascii_lowercase();
        return buffer;
    }
    buffer.clear();
    let visible = word.chars().filter(|c| !is_hidden(*c));
    for c in visible.nfkc() {
        let c = if c == '’' { '\'' } else { c };
        if c.is_ascii() {
            buffer.push(c.to_ascii_lowercase());
        } else {
            buffer.extend(c.to_lowercase());
        }
    }
    if !buffer.is_ascii() && mixes_scripts(buffer) {
        let plain: String = buffer.chars().map(latin_twin).collect();
        *buffer = plain;
    }
    buffer
}

/// Whether a word has Latin letters beside letters of Cyrillic, Greek or another script that has Latin twins.
fn mixes_scripts(word: &str) -> bool {
    let latin = word.chars().any(|c| c.is_ascii_alphabetic());
    let twin = word
        .chars()
        .any(|c| matches!(c, '\u{370}'..='\u{58F}' | '\u{13A0}'..='\u{13FF}' | '\u{A4D0}'..='\u{A4FF}'));
    latin && twin || word.chars().all(|c| !c.is_alphabetic() || latin_twin(c).is_ascii())
}

/// Whether a word that is not ASCII imitates one that is: letters of another script in place of Latin ones, and in an
/// `identifier` also letters of another width or style.
pub(super) fn imitates(word: &str, identifier: bool) -> bool {
    let mut latin = false;
    let mut twins = false;
    for c in word.chars().filter(|c| c.is_alphabetic()) {
        if c.is_ascii_alphabetic() {
            latin = true;
        } else if matches!(c, '\u{370}'..='\u{58F}' | '\u{13A0}'..='\u{13FF}' | '\u{A4D0}'..='\u{A4FF}') {
            if !latin_twin(c).is_ascii() {
                return false;
            }
            twins = true;
        } else if identifier && matches!(c, '\u{FF21}'..='\u{FF5A}' | '\u{1D400}'..='\u{1D7FF}') {
            latin = true;
            twins = true;
        }
    }
    twins && (latin || identifier)
}

/// The Latin letter that a character looks like (UTS #39), or the character itself.
fn latin_twin(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    let mut utf8 = [0; 4];
    let text: &str = c.encode_utf8(&mut utf8);
    let mut twins = skeleton(text);
    match (twins.next(), twins.next()) {
        (Some(twin), None) if twin.is_ascii_alphabetic() => twin.to_ascii_lowercase(),
        _ => c,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Digit,
    Hidden,
    Other,
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            'a'..='z' => Self::Lower,
            'A'..='Z' => Self::Upper,
            '0'..='9' => Self::Digit,
            c if c.is_ascii() => Self::Other,
            c if is_hidden(c) => Self::Hidden,
            c if c.is_uppercase() => Self::Upper,
            c if c.is_alphabetic() || is_mark(c) => Self::Lower,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known(&'static [&'static str]);

    impl Lookup for Known {
        fn find(&self, word: &str) -> Found {
            let known = self.0.iter().position(|known| *known == word);
            Found {
                word: known.map_or(0, |at| at as u32 + 1),
                ..Found::default()
            }
        }
        fn split_at(&self, word: &str) -> Option<usize> {
            self.0
                .iter()
                .find(|w| word.starts_with(**w) && self.find(&word[w.len()..]).word > 0)
                .map(|w| w.len())
        }
    }

    fn parts(text: &str) -> Vec<&str> {
        let mut tokens = Vec::new();
        identifier(text, &Known(&["run", "query"]), &mut tokens);
        tokens.iter().map(|t| &text[t.start as usize..t.end as usize]).collect()
    }

    #[test]
    fn identifiers_split_where_people_see_words() {
        assert_eq!(parts("session_clear-all"), ["session", "clear", "all"]);
        assert_eq!(parts("getHTTPResponseIDs"), ["get", "HTTP", "Response", "IDs"]);
        assert_eq!(parts("listS3Buckets2"), ["list", "S", "3", "Buckets", "2"]);
        assert_eq!(parts("runquery"), ["run", "query"]);
        assert_eq!(parts("a.b/c:d"), ["a", "b", "c", "d"]);
        assert_eq!(parts(""), Vec::<&str>::new());
    }

    #[test]
    fn look_alikes_fold_to_the_word_they_imitate() {
        let mut buffer = String::new();
        assert_eq!(fold("dеlete", &mut buffer), "delete", "Cyrillic e");
        assert_eq!(fold("ｄｅｌｅｔｅ", &mut buffer), "delete", "full width");
        assert_eq!(fold("del\u{200b}ete", &mut buffer), "delete", "zero width");
        assert_eq!(fold("Удалить", &mut buffer), "удалить", "a Russian word stays Russian");
        assert_eq!(fold("créer", &mut buffer), "créer");
    }

    #[test]
    fn prose_keeps_places_and_boundaries() {
        let text = "Lists `delete_x`, e.g. runs. Then query\nMore";
        let mut tokens = Vec::new();
        prose(text, 1000, &Known(&["query"]), &mut tokens);
        let kinds: Vec<_> = tokens
            .iter()
            .map(|t| (t.kind, &text[t.start as usize..t.end as usize]))
            .collect();
        assert!(kinds.contains(&(Kind::Identifier, "`delete_x`")));
        assert_eq!(kinds.iter().filter(|(k, _)| *k == Kind::Stop).count(), 2, "{kinds:?}");
        assert!(tokens.iter().any(|t| t.word == 1));
    }
}
