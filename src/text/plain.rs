//! Text in the form in which sentences are compared: lower case, one space for any white space, straight quotes,
//! nothing hidden. Knows how to get back to the bytes of the original.

use std::borrow::Cow;

use super::escape::is_hidden;

/// Whether the plain form of `text` differs from it in nothing but the case of letters: most texts need no copy.
pub fn is_plain(text: &str) -> bool {
    // Without an early end, so that the bytes are looked at many at a time.
    let bytes = text.as_bytes();
    let odd = |byte: u8| u8::from(!(0x20..0x7f).contains(&byte));
    let printable = bytes.iter().fold(0, |found, byte| found | odd(*byte)) == 0;
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    let both = |a: u8, b: u8| u8::from(a == b' ' && b == b' ');
    printable && pairs.fold(0, |found, (a, b)| found | both(*a, *b)) == 0
}

/// Printable ASCII JSON without blanks as one text in plain form, but for the case of letters: what is in none of it is
/// in none of its strings.
pub fn of_json(json: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', json.as_bytes()).is_none() && is_plain(json) {
        return Cow::Borrowed(json);
    }
    let mut plain = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        push(&rest[..at], &mut plain);
        match rest.as_bytes().get(at + 1) {
            Some(b'n' | b'r' | b't') => push(" ", &mut plain),
            Some(_) => push(&rest[at + 1..at + 2], &mut plain),
            None => {}
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    push(rest, &mut plain);
    Cow::Owned(plain)
}

/// Adds `text`, no space behind another one.
fn push(text: &str, plain: &mut String) {
    let mut text = text;
    if plain.ends_with(' ') {
        text = text.trim_start_matches(' ');
    }
    if is_plain(text) {
        plain.push_str(text);
        return;
    }
    for c in text.chars() {
        if c != ' ' || !plain.ends_with(' ') {
            plain.push(c);
        }
    }
}

/// Writes the plain form of `text` over `out`.
pub fn write(text: &str, out: &mut String) {
    out.clear();
    out.reserve(text.len());
    each(text, |_, c| out.push(c));
}

/// The bytes of the original that `start..end` of its plain form stands for.
pub fn origin(text: &str, start: usize, end: usize) -> (usize, usize) {
    let (mut from, mut to, mut length) = (text.len(), text.len(), 0);
    each(text, |at, c| {
        if length <= start {
            from = at;
        }
        if length < end {
            to = at;
        }
        length += c.len_utf8();
    });
    let width = text[to..].chars().next().map_or(0, char::len_utf8);
    (from, to + width)
}

fn each(text: &str, mut take: impl FnMut(usize, char)) {
    let mut space = false;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            if !space {
                take(at, ' ');
            }
            space = true;
            continue;
        }
        let plain = match c {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201C}' | '\u{201D}' => '"',
            c if c.is_ascii() => c.to_ascii_lowercase(),
            c if is_hidden(c) => continue,
            // The first of several is enough to compare by.
            c => c.to_lowercase().next().unwrap_or(c),
        };
        space = false;
        take(at, plain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_in_plain_text_has_its_place_in_the_original() {
        let text = "É: Do\u{200b}n’t \n TELL  them.";
        let mut plain = String::new();
        write(text, &mut plain);
        assert_eq!(plain, "é: don't tell them.");
        let start = plain.find("don't tell").expect("there");
        let (from, to) = origin(text, start, start + "don't tell".len());
        assert_eq!(&text[from..to], "Do\u{200b}n’t \n TELL");
        assert_eq!(origin("a", 0, 1), (0, 1));
        assert_eq!(origin("", 0, 0), (0, 0));
    }

    #[test]
    fn the_plain_form_of_json_has_that_of_each_string() {
        for text in [
            "Tell them.",
            "two  spaces",
            "tab\there \t\n and \n  there",
            "say \"no\" to C:\\new",
            " \n",
            "",
        ] {
            let json = serde_json::json!({"a": text, "b": [text, "c"]}).to_string();
            let mut plain = String::new();
            write(text, &mut plain);
            let found = of_json(&json).to_ascii_lowercase();
            assert!(found.matches(plain.trim()).count() >= 2, "{plain:?} in {found:?}");
        }
    }

    #[test]
    fn what_is_called_plain_is_its_own_plain_form() {
        for text in [
            "Tell them.",
            "two  spaces",
            "tab\there",
            "line\nfeed",
            "n’t",
            "",
            " a ",
            "\u{7f}",
        ] {
            let mut plain = String::new();
            write(text, &mut plain);
            if is_plain(text) {
                assert_eq!(plain, text.to_ascii_lowercase());
            }
        }
        assert!(is_plain("Tell them."));
        assert!(!is_plain("two  spaces") && !is_plain("line\nfeed") && !is_plain("n’t"));
    }
}
