//! Makes a stranger's text safe on a terminal and in logs: what would move the cursor, hide or reorder
//! characters is shown as an escape instead. Escaping for HTML and Markdown stands with those formats.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Characters that never show themselves and can hide or reorder what does: format characters, bidirectional
/// controls (UAX #9), zero-width characters, variation selectors and tag characters.
pub const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The text on one line, with control and hidden characters as `\n`, `\u{202e}` and the like.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c.is_control() || is_hidden(c)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if c.is_control() || is_hidden(c) => {
                // Writing to a string cannot fail.
                let _ = write!(safe, "\\u{{{:x}}}", c as u32);
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Like [`one_line`], but line feeds stay.
pub fn lines(text: &str) -> String {
    text.lines().map(one_line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_or_hides_is_shown() {
        assert_eq!(
            one_line("a\u{1b}[2Jb\u{202e}c\u{e0041}\n"),
            "a\\u{1b}[2Jb\\u{202e}c\\u{e0041}\\n"
        );
        assert_eq!(one_line("naïve 名前"), "naïve 名前");
        assert_eq!(lines("a\nb\tc"), "a\nb\\tc");
    }
}
