//! Makes a stranger's text safe in Markdown (GitHub's flavour): it stays text, whatever it contains. No links, no
//! images, no HTML, no mentions, no issue references, no table cells of its own.

use std::fmt::Write as _;

use crate::text::escape;

/// The text as prose on one line, for a paragraph or a table cell.
pub fn prose(text: &str) -> String {
    let text = escape::one_line(text);
    let mut safe = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            // GitHub finds mentions, issues, addresses and emoji in the rendered text; an empty comment parts the word.
            '@' | '#' => {
                let _ = write!(safe, "{c}<!-- -->");
            }
            ':' if chars.peek().is_some_and(|next| !next.is_whitespace()) => safe.push_str(":<!-- -->"),
            '.' if ends_with_www(&safe) => safe.push_str("<!-- -->."),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                safe.push('\\');
                safe.push(c);
            }
            // Lists, headings and rules begin a line; the text is one line.
            '-' | '+' | '=' if safe.is_empty() => {
                safe.push('\\');
                safe.push(c);
            }
            '.' | ')' if !safe.is_empty() && safe.chars().all(|c| c.is_ascii_digit()) => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe
}

/// Whether an address without a scheme may begin here.
fn ends_with_www(text: &str) -> bool {
    text.as_bytes()
        .last_chunk::<3>()
        .is_some_and(|last| last.eq_ignore_ascii_case(b"www"))
}

/// The text as code on one line, also inside a table cell.
pub fn code(text: &str) -> String {
    let text = escape::one_line(text).replace('|', "\\|");
    if text.is_empty() {
        return "` `".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The length of the longest run of backticks: a fence around the text must be longer.
pub fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_stays_text() {
        assert_eq!(
            prose("a | <img src=x> [b](https://c.d)"),
            "a \\| &lt;img src=x&gt; \\[b\\](https:<!-- -->//c.d)"
        );
        assert_eq!(prose("@team see #12"), "@<!-- -->team see #<!-- -->12");
        assert_eq!(prose("www.evil.example"), "www<!-- -->.evil.example");
        assert_eq!(prose("1. first\n# head"), "1\\. first\\\\n#<!-- --> head");
    }

    #[test]
    fn code_cannot_be_closed_from_inside() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a|b"), "`a\\|b`");
    }
}
