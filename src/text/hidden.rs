//! Finds what is not there for the eye: invisible characters, look-alike letters, encoded blobs, padding. Says where,
//! as bytes of the text; that some of it is honest (emoji, right-to-left text, hard spaces) is known here and nowhere else.

use std::ops::Range;

use super::escape::is_hidden;
use super::words;

/// White space that pushes what follows out of sight.
const PADDING: usize = 100;
/// Line feeds that do.
const LINES: usize = 12;
/// The shortest run of base64 or hexadecimal digits that is worth a look.
const ENCODED: usize = 120;

/// Where a text holds something.
pub type Place = Range<usize>;

/// Whether JSON without blanks shows at one glance that no string in it holds anything that is looked for here. Most
/// definitions are of plain ASCII and need no closer look; `false` says nothing.
pub fn is_surely_absent(json: &str) -> bool {
    let bytes = json.as_bytes();
    // Without an early end, so that the bytes are looked at many at a time.
    let odd = |b: u8| u8::from(!(0x20..0x7f).contains(&b));
    bytes.iter().fold(0, |found, byte| found | odd(*byte)) == 0
        && !has_run(bytes, ENCODED, is_digit)
        && !may_pad(bytes)
        && !escapes_a_control(bytes)
}

/// Whether white space may push anything out of sight in printable JSON.
fn may_pad(json: &[u8]) -> bool {
    // Line feeds are two bytes each, and so long a run of spaces is rarer than what it would hide.
    const SPACES: usize = 2 * LINES;
    let space = |b: u8| matches!(b, b' ' | b'\\' | b'n' | b't' | b'r');
    let both = |(a, b): (&u8, &u8)| u8::from(*a == b' ' && *b == b' ');
    let pairs = json.iter().zip(json.get(1..).unwrap_or_default());
    // Where no two spaces stand side by side, something that is escaped stands between them.
    let side_by_side = pairs.map(both).fold(0, |found, pair| found | pair) != 0;
    (side_by_side || memchr::memchr_iter(b'\\', json).count() >= LINES) && has_run(json, SPACES, space)
}

/// Whether a string of JSON has an escaped control character that is neither a tab nor the end of a line.
fn escapes_a_control(json: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &json[at..]) {
        let escaped = json.get(at + found + 1);
        if matches!(escaped, Some(b'u' | b'b' | b'f')) {
            return true;
        }
        at = (at + found + 2).min(json.len());
    }
    false
}

const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// The first run of characters that nobody sees or that reorder what is seen.
pub fn invisible(text: &str) -> Option<Place> {
    // Without an early end, so that the bytes are looked at many at a time.
    let odd = |b: u8| u8::from(!(0x20..0x7f).contains(&b) && !matches!(b, b'\n' | b'\r' | b'\t'));
    if text.bytes().fold(0, |found, byte| found | odd(byte)) == 0 {
        return None;
    }
    let right_to_left = text.chars().any(is_right_to_left);
    let mut start = None;
    let mut previous = '\n';
    for (at, c) in text.char_indices() {
        let suspicious = if c.is_control() {
            !matches!(c, '\n' | '\r' | '\t')
        } else {
            is_hidden(c) && !is_honest(c, previous, text[at + c.len_utf8()..].chars().next(), right_to_left)
        };
        match (suspicious, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => return Some(from..at),
            _ => {}
        }
        previous = c;
    }
    start.map(|from| from..text.len())
}

/// Hidden characters that writing needs: emoji and their flags, joiners of scripts that join, marks of direction in
/// text that runs from the right, a byte order mark.
fn is_honest(c: char, previous: char, next: Option<char>, right_to_left: bool) -> bool {
    match c {
        '\u{FE0E}' | '\u{FE0F}' => !previous.is_ascii_alphabetic() && !previous.is_whitespace() && !is_hidden(previous),
        '\u{200C}' | '\u{200D}' => {
            let joins = |c: char| !c.is_ascii() && (!is_hidden(c) || matches!(c, '\u{FE0F}'));
            joins(previous) && next.is_some_and(joins)
        }
        '\u{200E}' | '\u{200F}' | '\u{61C}' => right_to_left,
        '\u{FEFF}' => previous == '\n',
        // Black flag, then the tags of a region.
        '\u{E0020}'..='\u{E007F}' => matches!(previous, '\u{1F3F4}' | '\u{E0020}'..='\u{E007E}') && next.is_some(),
        // Line separators copied from a text processor break the line, as they should.
        '\u{2028}' | '\u{2029}' => true,
        _ => false,
    }
}

const fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
}

/// The first word that has letters of another script in place of the Latin ones they look like. In an `identifier`,
/// letters of other widths count too.
pub fn look_alike(text: &str, identifier: bool) -> Option<Place> {
    if text.is_ascii() {
        return None;
    }
    let mut start = 0;
    let ends = text
        .char_indices()
        .filter(|(_, c)| !(c.is_alphanumeric() || is_hidden(*c)))
        .map(|(at, c)| (at, at + c.len_utf8()))
        .chain(std::iter::once((text.len(), text.len())));
    for (end, next) in ends {
        let word = &text[start..end];
        if !word.is_ascii() && words::imitates(word, identifier) {
            return Some(start..end);
        }
        start = next;
    }
    None
}

/// The first long run of base64 or hexadecimal digits.
pub fn encoded(text: &str) -> Option<Place> {
    if text.len() < ENCODED {
        return None;
    }
    let bytes = text.as_bytes();
    if !has_run(bytes, ENCODED, is_digit) {
        return None;
    }
    let mut start = 0;
    for at in 0..=bytes.len() {
        if bytes.get(at).is_some_and(|b| is_digit(*b)) {
            continue;
        }
        let run = &bytes[start..at];
        if run.len() >= ENCODED {
            let has = |test: fn(&u8) -> bool| run.iter().filter(|b| test(b)).count() > run.len() / 20;
            // Digits among letters: a path or a list without spaces has few.
            let mixed = has(u8::is_ascii_digit)
                && (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
                    || run.iter().all(u8::is_ascii_hexdigit));
            if mixed {
                return Some(start..at);
            }
        }
        start = at + 1;
    }
    None
}

/// The first stretch of white space that hides what follows it.
pub fn padding(text: &str) -> Option<Place> {
    // A space of Unicode has a byte that no ASCII text has.
    let is_space = |b: u8| b.is_ascii_whitespace() || b == 0x0b || b >= 0x80;
    let many_lines = || memchr::memchr_iter(b'\n', text.as_bytes()).count() >= LINES;
    if !has_run(text.as_bytes(), PADDING, is_space) && (text.len() < LINES || !many_lines()) {
        return None;
    }
    let mut start = None;
    let (mut spaces, mut lines) = (0, 0);
    for (at, c) in text.char_indices() {
        if c.is_whitespace() || c == '\u{2800}' {
            start = start.or(Some(at));
            spaces += 1;
            lines += usize::from(c == '\n');
            continue;
        }
        if let Some(from) = start.filter(|_| spaces >= PADDING || lines >= LINES) {
            return Some(from..at);
        }
        (start, spaces, lines) = (None, 0, 0);
    }
    None
}

/// Whether `length` bytes in a row may be of a kind: every such run covers one of the bytes that stand `length` apart,
/// so only those are looked at, and what is around the ones that fit.
fn has_run(bytes: &[u8], length: usize, fits: impl Fn(u8) -> bool) -> bool {
    let mut at = length.saturating_sub(1);
    while let Some(&byte) = bytes.get(at) {
        if fits(byte) {
            let before = bytes[..at].iter().rev().take_while(|b| fits(**b)).take(length).count();
            let behind = bytes[at..].iter().take_while(|b| fits(**b)).take(length).count();
            if before + behind >= length {
                return true;
            }
        }
        at += length;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_text_hides_nothing() {
        for text in [
            "Delete a note — naïve, 10 µm, Δt",
            "👩‍💻 ships ✅️ and ❤️",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}!",
            "می‌خواهم \u{200f}متن",
            "\u{feff}Text",
            "Удаляет запись MCP",
            "日本語の説明",
            "a\n    b\n\n\n    c",
            "https://example.com/a/very/long/path/that/goes/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and",
        ] {
            assert_eq!(invisible(text), None, "{text:?}");
            assert_eq!(look_alike(text, false), None, "{text:?}");
            assert_eq!(encoded(text), None, "{text:?}");
            assert_eq!(padding(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_looked_for_is_seen_at_a_glance() {
        let json = |text: &str| serde_json::json!({"description": text}).to_string();
        for text in [
            "Delete a note.\n\tThen \"more\" of C:\\users",
            "a\n    b\n\n\n    c",
            "(a+b)/c = d",
        ] {
            assert!(is_surely_absent(&json(text)), "{text:?}");
        }
        let (blob, far) = ("aGVsbG8gd29ybGQ0".repeat(8), " ".repeat(120));
        let lines = format!("Adds.{}Then", "\n".repeat(12));
        let texts = [
            "ab\u{200b}c",
            "x\u{1b}[2J",
            "a\u{8}",
            "a\u{c}",
            "a\u{b}b",
            "a\u{7f}",
            "a dеlete b",
            &blob,
            &lines,
        ];
        for text in texts.into_iter().chain([&*format!("Adds.{far}Then")]) {
            assert!(!is_surely_absent(&json(text)), "{text:?}");
            let found = [invisible(text), look_alike(text, true), encoded(text), padding(text)];
            assert!(found.iter().any(Option::is_some), "{text:?}");
        }
    }

    #[test]
    fn a_run_is_found_wherever_it_begins() {
        for before in 0..25 {
            for (run, is_one) in [(9, false), (10, true), (11, true), (30, true)] {
                let text = format!("{}{}b", "b".repeat(before), "a".repeat(run));
                assert_eq!(
                    has_run(text.as_bytes(), 10, |b| b == b'a'),
                    is_one,
                    "{run} behind {before}"
                );
            }
        }
        assert!(!has_run(b"", 10, |_| true));
    }

    #[test]
    fn what_is_hidden_is_found_where_it_is() {
        assert_eq!(invisible("ab\u{200b}\u{200b}c"), Some(2..8));
        assert_eq!(invisible("ab\u{202e}"), Some(2..5));
        assert_eq!(invisible("a\u{e0041}\u{e0042}"), Some(1..9));
        assert_eq!(invisible("x\u{1b}[2J"), Some(1..2));
        assert_eq!(look_alike("a dеlete b", false), Some(2..9), "Cyrillic e");
        assert_eq!(look_alike("ｄelete_x", true), Some(0..8), "full width");
        assert_eq!(look_alike("ｄelete_x", false), None);
        let blob = "aGVsbG8gd29ybGQ0".repeat(8);
        assert_eq!(encoded(&format!("x {blob}")), Some(2..2 + blob.len()));
        let far = format!("Adds.{}Then", " ".repeat(120));
        assert_eq!(padding(&far), Some(5..125));
        assert_eq!(padding(&format!("Adds.{}", " ".repeat(120))), None, "nothing follows");
    }
}
